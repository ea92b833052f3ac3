#!/bin/bash
# IKEv2-PSK interop with strongSwan, kernel ESP, xl2tpd and pppd on a Linux kernel of their own, in both directions of call.
#
#   LAN host ---- our gateway ==== TAP, guest (strongSwan, xl2tpd, pppd) ---- its LAN (a dummy interface)
#   10.2.0.2      10.2.0.1  10.77.0.1     10.77.0.2                           10.1.0.1
#
# Cases: we call, raw ESP; we call, ESP in UDP; it calls, raw ESP; it calls, ESP in UDP; each with LAN-to-LAN traffic,
# rekeying from its side without a lost ping, and hang-up. Skipped, loudly, where the guest cannot start.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../.." && pwd)
B=${B:-$top/build}
G=$here/guest/guest
work=$(mktemp -d "${TMPDIR:-/tmp}/l2t-interop.XXXXXX")
export GUEST_STATE=$work/guests
gw=l2t$$gw lan=l2t$$lan guest=l2t$$g
daemon_pid=

ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*"; }
ctl() { ip netns exec "$gw" "$B/l2tpsecctl" -s "$work/run/control" "$@"; }
wait_for() {
	local end=$((SECONDS + $1)); shift
	until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done
}
stop_daemon() {
	[ -n "$daemon_pid" ] || return 0
	kill "$daemon_pid" 2>/dev/null
	for _ in $(seq 50); do kill -0 "$daemon_pid" 2>/dev/null || break; sleep 0.1; done
	kill -9 "$daemon_pid" 2>/dev/null
	wait "$daemon_pid" 2>/dev/null
	daemon_pid=
}
cleanup() {
	stop_daemon
	"$G" stop "$guest" >/dev/null 2>&1
	ip netns del "$gw" 2>/dev/null
	ip netns del "$lan" 2>/dev/null
	if [ -n "${KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

for c in linux.uml mmdebstrap ip; do
	command -v $c >/dev/null && continue
	echo "skip - strongSwan interop: no $c here (apt-get install user-mode-linux mmdebstrap iproute2)"
	exit 0
done
[ "$(id -u)" = 0 ] || { echo "skip - strongSwan interop: needs root for network namespaces"; exit 0; }
[ -c /dev/net/tun ] || { echo "skip - strongSwan interop: no /dev/net/tun"; exit 0; }
if ! "$G" build strongswan-l2tp >"$work/build.log" 2>&1; then
	echo "skip - strongSwan interop: the guest's Debian tree could not be made: $(tail -n 1 "$work/build.log")"
	exit 0
fi

topology() {
	ip netns add "$gw" && ip netns add "$lan" || exit 1
	ip -n "$gw" link set lo up
	ip -n "$lan" link set lo up
	ip -n "$lan" link add eth0 type veth peer name lan netns "$gw"
	ip -n "$lan" addr add 10.2.0.2/24 dev eth0
	ip -n "$lan" link set eth0 up
	ip -n "$lan" route add default via 10.2.0.1
	ip -n "$gw" addr add 10.2.0.1/24 dev lan
	ip -n "$gw" link set lan up
	ip netns exec "$gw" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}

# config START ENCAPSULATION
config() {
	mkdir -p "$work/run"
	cat >"$work/l2tpsecd.conf" <<-EOT
	gateway:
	{
		identity = "10.77.0.1";
		secrets = "$work/secrets.conf";
	};
	tunnels:
	(
		{
			name = "swan";
			peer-identity = "10.77.0.2";
			start = "$1";
			$([ "$1" = wait ] || echo 'peer = "10.77.0.2";')
			$([ "$1" = wait ] && echo 'local-address = "10.9.0.1"; peer-address = "10.9.0.10";')
			encapsulation = "$2";
			user = "reno";
			routes = [ "10.1.0.0/24" ];
		}
	);
	EOT
	cat >"$work/secrets.conf" <<-EOT
	psk: ( { id = "10.77.0.2"; secret = "interop-psk"; } );
	users: ( { name = "reno"; password = "branch-password"; } );
	EOT
	chmod 600 "$work/secrets.conf"
}

# guest_start SIDE ENCAP
guest_start() {
	"$G" start "$guest" --netns "$gw" --tap outer --addr 10.77.0.2/24 --gw 10.77.0.1 --role strongswan-l2tp \
		--set SIDE="$1" --set PEER=10.77.0.1 --set AUTH=ikev2-psk --set PSK=interop-psk --set ENCAP="$2" \
		--set PPP_USER=reno --set PPP_PASSWORD=branch-password --set PPP_POOL=10.9.0.10-10.9.0.60 --set PPP_LOCAL=10.9.0.1 \
		--set ROUTES=10.2.0.0/24 --set PPP_OPTIONS='lcp-restart 1' >"$work/guest.log" 2>&1 || return 1
	ip -n "$gw" addr replace 10.77.0.1/24 dev outer
	"$G" sh "$guest" 'ip link add lan0 type dummy && ip addr add 10.1.0.1/24 dev lan0 && ip link set lan0 up' >>"$work/guest.log" 2>&1
}

lan_ping() { ip netns exec "$lan" ping -n -c 1 -W 2 10.1.0.1; }

show() {
	echo "# --- $1"
	tail -n 25 "$work/daemon.log" | sed 's/^/# ours: /'
	"$G" exec -t 5 "$guest" role logs 2>/dev/null | tail -n 25 | sed 's/^/# guest: /'
}

# one CASE WHO ENCAPSULATION
one() {
	local name=$1 who=$2 encap=$3 side start guest_encap lost
	if [ "$who" = we ]; then side=server start=on-demand; else side=client start=wait; fi
	if [ "$encap" = udp ]; then guest_encap=yes; else guest_encap=no; fi
	config "$start" "$encap"
	if ! guest_start "$side" "$guest_encap"; then
		echo "skip - $name: the guest did not start: $(tail -n 1 "$work/guest.log")"
		return
	fi
	ip netns exec "$gw" "$B/l2tpsecd" -F -f "$work/l2tpsecd.conf" --run-dir "$work/run" >"$work/daemon.log" 2>&1 &
	daemon_pid=$!
	if ! wait_for 10 ctl status; then
		not_ok "$name: our daemon answers"
		show "$name"
		return
	fi
	if [ "$who" = they ]; then
		"$G" exec -t 30 "$guest" role up >"$work/up.log" 2>&1
	fi
	# The guest's kernel knows the way to our LAN only once ppp0 is there.
	if [ "$who" = we ]; then
		lan_ping >/dev/null 2>&1
		wait_for 15 "$G" sh "$guest" 'ip route replace 10.2.0.0/24 dev ppp0'
	fi
	if wait_for 20 lan_ping; then ok "$name: LAN to LAN"; else
		not_ok "$name: LAN to LAN"
		show "$name"
		return
	fi
	"$G" exec -d "$guest" iperf3 -s -1 >/dev/null 2>&1
	sleep 0.7
	if ip netns exec "$lan" timeout 20 iperf3 -c 10.1.0.1 -t 2 -f m >"$work/iperf" 2>&1; then
		ok "$name: TCP through it, $(awk '/receiver/ {print $7, $8}' "$work/iperf")"
	else
		not_ok "$name: TCP through it: $(tail -n 1 "$work/iperf")"
	fi
	ip netns exec "$lan" ping -n -c 30 -i 0.2 -W 2 10.1.0.1 >"$work/ping" 2>&1 &
	local pinger=$!
	sleep 1
	"$G" exec -t 15 "$guest" role rekey >"$work/rekey.log" 2>&1
	sleep 1.5
	"$G" exec -t 15 "$guest" role rekey-ike >>"$work/rekey.log" 2>&1
	wait $pinger
	lost=$(sed -n 's/.* \([0-9]*\)% packet loss.*/\1/p' "$work/ping")
	if [ "$lost" = 0 ] && [ "$(grep -c 'completed successfully' "$work/rekey.log")" = 2 ]; then
		ok "$name: both SAs rekeyed by strongSwan without a lost ping"
	else
		not_ok "$name: rekeyed without a lost ping: $lost % lost, $(tr '\n' ' ' <"$work/rekey.log")"
		show "$name"
	fi
	if "$G" sh "$guest" 'grep -vE " 0$" /proc/net/xfrm_stat | grep -E "InStateProtoError|InStateSeqError|InNoStates|InPolBlock"' >"$work/xfrm" 2>/dev/null; then
		echo "# $name: the guest's kernel counted: $(tr '\n' ' ' <"$work/xfrm")"
	fi
	if [ "$who" = we ]; then ctl down swan >/dev/null 2>&1; else "$G" exec -t 15 "$guest" role down >/dev/null 2>&1; fi
	if wait_for 8 no_sas; then ok "$name: hang-up leaves no SA at strongSwan"; else
		not_ok "$name: hang-up leaves no SA at strongSwan"
		show "$name"
	fi
}
no_sas() { [ -z "$("$G" exec -t 5 "$guest" swanctl --list-sas)" ]; }

for case in "we call, raw ESP:we:raw" "we call, ESP in UDP:we:udp" "it calls, raw ESP:they:raw" "it calls, ESP in UDP:they:udp"; do
	IFS=: read -r title who encap <<<"$case"
	[ $# -gt 0 ] && [[ $title != *"$1"* ]] && continue
	topology
	one "$title" "$who" "$encap"
	stop_daemon
	"$G" stop "$guest" >/dev/null 2>&1
	ip netns del "$gw"
	ip netns del "$lan"
done
