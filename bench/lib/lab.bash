# The four namespaces of a measurement and what runs in them; sourced by bench/versus.
#
#   lan-a ---- gw-a ==== gw-b ---- lan-b        gw-a and gw-b see each other in 198.51.100.0/24
#   10.71.0.2                      10.72.0.2

P=vs$$
A=$P-a B=$P-b LA=$P-la LB=$P-lb
OUT_A=198.51.100.1 OUT_B=198.51.100.2 NET_A=10.71.0.0/24 NET_B=10.72.0.0/24
far=10.72.0.2
export P A B LA LB OUT_A OUT_B NET_A NET_B

in_a() { ip netns exec "$A" "$@"; }
in_b() { ip netns exec "$B" "$@"; }
in_la() { ip netns exec "$LA" "$@"; }
lan_ping() { in_la ping -n -q -c 1 -W 1 "$far"; }

# start NAMESPACE COMMAND...: something that runs until lab_down; its words are in $DIR/log.NAMESPACE
start()
{
	local ns=$1
	shift
	ip netns exec "$ns" setsid "$@" >>"$DIR/log.$ns" 2>&1 </dev/null &
}

# wait_for SECONDS COMMAND...
wait_for()
{
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.05
	done
}

lab_dir()
{
	DIR=$(mktemp -d "/tmp/versus-$P.XXXXXX") || exit
	export DIR
	chmod 755 "$DIR"
	: >"$DIR/error"
}

wire() # NAMESPACE DEVICE NAMESPACE DEVICE
{
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

lab_up()
{
	local n
	for n in $LA $A $B $LB; do
		ip netns add "$n" || { echo "no network namespaces here" >"$DIR/error"; return 1; }
		ip -n "$n" link set lo up
		ip netns exec "$n" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
	done
	wire "$LA" eth0 "$A" lan
	wire "$A" out "$B" out
	wire "$B" lan "$LB" eth0
	for n in "$LA eth0 10.71.0.2" "$A lan 10.71.0.1" "$A out $OUT_A" "$B out $OUT_B" "$B lan 10.72.0.1" "$LB eth0 $far"; do
		# shellcheck disable=SC2086
		set -- $n
		ip -n "$1" addr add "$3/24" dev "$2"
	done
	ip -n "$LA" route add default via 10.71.0.1
	ip -n "$LB" route add default via 10.72.0.1
}

# All that runs in the namespaces was started by this script: nothing else can get into them.
lab_pids()
{
	local n
	for n in $A $B $LA $LB; do ip netns pids "$n" 2>/dev/null; done
}
lab_stop() # SIGNAL
{
	local p
	for p in $(lab_pids); do kill "-$1" "$p" 2>/dev/null; done
}
lab_empty() { [ -z "$(lab_pids)" ]; }

lab_down()
{
	local n
	[ -n "${DIR:-}" ] || return 0
	down >/dev/null 2>&1
	lab_stop TERM
	wait_for 3 lab_empty || lab_stop KILL
	for n in $LA $A $B $LB; do ip netns del "$n" 2>/dev/null; done
	if [ -n "${KEEP:-}" ]; then
		echo "versus: kept $DIR" >&2
	else
		rm -rf "$DIR"
	fi
	DIR=
}
