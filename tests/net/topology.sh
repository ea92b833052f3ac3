# Two gateways, a LAN behind each and a router between them, in network namespaces; sourced by the tests here. POSIX sh.
#
#   lan-a ---- gw-a ---- net ---- gw-b ---- lan-b
#   10.71.0.2            .1 .1             10.72.0.2       198.51.100.2 is gw-a's, 203.0.113.2 gw-b's address outside;
#   fd71::2              (NAT)              fd72::2        2001:db8:a::2 and 2001:db8:b::2 in IPv6

net_root=$(cd "$(dirname "$0")/../.." && pwd)
daemon=${L2TPSECD:-$net_root/${B:-build}/l2tpsecd}
ctl=${L2TPSECCTL:-$(dirname "$daemon")/l2tpsecctl}
[ -x "$daemon" ] || { echo "$0: there is no $daemon (build it first)"; exit 2; }
[ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] || { echo "skip - all of it: it needs root and /dev/net/tun"; exit 0; }

P=ls$$
A=$P-a NET=$P-n GB=$P-b LA=$P-la LB=$P-lb
dir=$(mktemp -d /tmp/l2tpsec-net.XXXXXX)
chmod 755 "$dir"
failed=0
pid_a='' pid_b='' pid_dump=''
stream=$net_root/tests/net/stream.py

in_a() { ip netns exec $A "$@"; }
in_b() { ip netns exec $GB "$@"; }
in_la() { ip netns exec $LA "$@"; }
in_lb() { ip netns exec $LB "$@"; }
in_net() { ip netns exec $NET "$@"; }

link() # NS DEV NS DEV MTU
{
	ip link add "$2" netns "$1" mtu "$5" type veth peer name "$4" netns "$3" mtu "$5"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# topo_up FAMILY NAT(0|1) MTU: outside
topo_up()
{
	for n in $A $NET $GB $LA $LB; do
		ip netns add $n
		ip netns exec $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1
		ip -n $n link set lo up
	done
	link $A out $NET na "$3"
	link $GB out $NET nb "$3"
	link $LA eth0 $A lan 1500
	link $LB eth0 $GB lan 1500
	for x in "$LA eth0 71 2" "$A lan 71 1" "$LB eth0 72 2" "$GB lan 72 1"; do
		set -- $x "$@"
		ip -n $1 addr add 10.$3.0.$4/24 dev $2
		ip -n $1 addr add fd$3::$4/64 dev $2 nodad
		shift 4
	done
	ip -n $LA route add default via 10.71.0.1
	ip -n $LA route add default via fd71::1
	ip -n $LB route add default via 10.72.0.1
	ip -n $LB route add default via fd72::1
	outside "$1"
	if [ "$2" = 1 ]; then
		nat=ip
		[ "$1" = 4 ] || nat=ip6
		in_net nft add table $nat nat
		in_net nft "add chain $nat nat post { type nat hook postrouting priority 100; }"
		in_net nft add rule $nat nat post oifname nb masquerade
	fi
	peer_b=203.0.113.2
	[ "$1" = 4 ] || peer_b=2001:db8:b::2
}

outside()
{
	if [ "$1" = 4 ]; then
		ip -n $A addr add 198.51.100.2/24 dev out
		ip -n $NET addr add 198.51.100.1/24 dev na
		ip -n $NET addr add 203.0.113.1/24 dev nb
		ip -n $GB addr add 203.0.113.2/24 dev out
		ip -n $A route add default via 198.51.100.1
		ip -n $GB route add default via 203.0.113.1
	else
		ip -n $A addr add 2001:db8:a::2/64 dev out nodad
		ip -n $NET addr add 2001:db8:a::1/64 dev na nodad
		ip -n $NET addr add 2001:db8:b::1/64 dev nb nodad
		ip -n $GB addr add 2001:db8:b::2/64 dev out nodad
		ip -n $A route add default via 2001:db8:a::1
		ip -n $GB route add default via 2001:db8:b::1
	fi
}

topo_down()
{
	for n in $LA $LB $A $GB $NET; do
		ip netns del $n 2>/dev/null
	done
}

# All that the NAT remembers (IPCTNL_MSG_CT_DELETE without a name), so that new packets get new mappings.
mappings_forget()
{
	in_net python3 -c 'import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.settimeout(5)
for family in socket.AF_INET, socket.AF_INET6:
    s.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, family, 0, 0))
    assert struct.unpack_from("=i", s.recv(4096), 16)[0] == 0'
}

# conf_a START [MORE]: the branch, that dials; conf_b [MORE]: the head office
conf_a()
{
	cat > "$dir/a.conf" <<-END
		gateway: { identity = "branch.example"; secrets = "$dir/secrets"; ${WORKERS:+workers = $WORKERS;} };
		tunnels: ( { name = "hq"; peer = [ "$peer_b" ]; start = "$1"; user = "branch"; routes = [ "10.72.0.0/24", "fd72::/64" ]; ${2:-} } );
	END
	secrets
}

conf_b()
{
	cat > "$dir/b.conf" <<-END
		gateway: { identity = "hq.example"; secrets = "$dir/secrets"; ${WORKERS:+workers = $WORKERS;} };
		tunnels: ( { name = "branch"; start = "wait"; peer-identity = "branch.example"; user = "branch"; routes = [ "10.71.0.0/24", "fd71::/64" ];
		  ppp: { local = "10.9.0.1"; remote = "10.9.0.2"; }; ${1:-} } );
	END
	secrets
}

secrets()
{
	cat > "$dir/secrets" <<-END
		psks: ( { secret = "a shared key of both" } );
		users: ( { name = "branch"; password = "pass word" } );
	END
	[ -z "${tunnel_secret:-}" ] || echo "l2tp: ( { secret = \"$tunnel_secret\" } );" >> "$dir/secrets"
	chmod 600 "$dir/secrets"
}

# The log is emptied first, not by the process in the background: what the one before said does not count.
start_a()
{
	: > "$dir/a.log"
	ip netns exec $A "$daemon" -F -f "$dir/a.conf" --run-dir "$dir/run-a" > "$dir/a.log" 2>&1 < /dev/null &
	pid_a=$!
}

start_b()
{
	: > "$dir/b.log"
	ip netns exec $GB "$daemon" -F -f "$dir/b.conf" --run-dir "$dir/run-b" > "$dir/b.log" 2>&1 < /dev/null &
	pid_b=$!
}

stop_both()
{
	for p in $pid_a $pid_b; do
		kill $p 2>/dev/null
	done
	for p in $pid_a $pid_b; do
		wait $p
	done
	pid_a='' pid_b=''
}

cleanup()
{
	[ -n "$pid_dump" ] && kill "$pid_dump" 2> /dev/null
	[ -n "$pid_a$pid_b" ] && stop_both 2>/dev/null
	topo_down
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# ended PID: also one that its parent, perhaps a container's first process, never asks about; with all its threads, or its sockets live on
ended()
{
	case $(sed -n 's/.*) \(.\) .*/\1/p' "/proc/$1/stat" 2> /dev/null) in "" | Z | X) ;; *) return 1 ;; esac
	set -- /proc/"$1"/task/*
	[ $# = 1 ]
}
# kill_all PID: all processes of a daemon that we started, without a word: its end would have them say goodbye, so it is the last
kill_all()
{
	kill -STOP "$1"
	children=$(pgrep -P "$1")
	# shellcheck disable=SC2086
	kill -9 $children "$1"
	wait "$1" 2> /dev/null
	for c in $children; do
		until ended "$c"; do sleep 0.02; done
	done
}

# dump_start NS DEV FILE [FILTER]: all that passes there from now on. What the capture before said does not count.
dump_start()
{
	: > "$dir/tcpdump"
	ip netns exec "$1" tcpdump --immediate-mode -U -B 32768 -s "${dump_bytes:-2048}" -n -i "$2" -w "$3" "${4:-}" > "$dir/tcpdump" 2>&1 < /dev/null &
	pid_dump=$! dump_file=$3
	wait_for 5 grep -q listening "$dir/tcpdump"
}

# dump_stop: once what has passed is written, or after 2 s where packets never end; fails where the kernel had to drop some
dump_stop()
{
	written=
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		written_before=$written
		sleep 0.2
		written=$(wc -c < "$dump_file")
		[ "$written" != "$written_before" ] || break
	done
	kill $pid_dump
	wait $pid_dump
	pid_dump=
	! grep -q '^[1-9][0-9]* packets dropped by kernel' "$dir/tcpdump"
}

# wait_for SECONDS COMMAND...
wait_for()
{
	end=$(($(date +%s) + $1))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.05
	done
}

# -- what the two say and do --
ctl_a() { in_a "$ctl" --run-dir "$dir/run-a" "$@"; }
ctl_b() { in_b "$ctl" --run-dir "$dir/run-b" "$@"; }
process_of() { pgrep -P "$(cat "$dir/run-$1/l2tpsecd.pid")" -f "^l2tpsecd: $2"; } # GATEWAY ROLE: its number
up_a() { ctl_a --json status hq | grep -q '"state":"up"'; }
down_a() { ! up_a; }
up_b() { ctl_b --json status branch | grep -q '"state":"up"'; }
down_b() { ! up_b; }
why_a() { ctl_a why hq > "$dir/why" && cat "$dir/why" && grep -q "$1" "$dir/why"; }
spis() { ctl_a --json status hq | grep -o '"spi":"[0-9a-f]*"'; }
same_spis() { [ -n "$before" ] && [ "$(spis)" = "$before" ]; }
counter() # GATEWAY NAME: how often it has met the cause, over all its processes
{
	"ctl_$1" --json counters | jq -s "[.[] | select(.type == \"counter\" and .name == \"$2\") | .count] | add // 0"
}
at_least() # GATEWAY NAME NUMBER
{
	now=$(counter "$1" "$2")
	echo "$2 at $1: $now"
	[ "$now" -ge "$3" ]
}
log_bounded() { n=$(wc -l < "$dir/$1.log"); echo "$n lines"; [ "$n" -le "$2" ]; } # GATEWAY LINES-MOST
ping_once() { in_la ping -c 1 -W 1 10.72.0.2; }
log_has() { grep -q "$2" "$dir/$1.log"; }
ready() { log_has a DAEMON_READY && log_has b DAEMON_READY; }
dialling_up() { log_has a LINE_UP; }

logs()
{
	for g in a b; do
		echo "        -- log of gateway $g"
		sed 's/^/        /' "$dir/$g.log" | tail -30
	done
}

# say NAME COMMAND...: one line a test
say()
{
	what=$1
	shift
	if "$@" > "$dir/out" 2>&1; then
		echo "ok      $what"
	else
		echo "not ok  $what"
		sed 's/^/        /' "$dir/out" | tail -10
		logs
		failed=$((failed + 1))
	fi
}

# both_ways ADDRESS BYTES: a stream from lan-a to lan-b and back, compared byte by byte
both_ways()
{
	rm -f "$dir/serve" # of the last time: what it says does not count
	ip netns exec $LB python3 "$stream" serve "$1" > "$dir/serve" 2>&1 &
	server=$!
	wait_for 5 grep -q listening "$dir/serve"
	in_la timeout 60 python3 "$stream" send "$1" "$2"
	status=$?
	kill $server 2>/dev/null
	wait $server 2>/dev/null
	return $status
}
