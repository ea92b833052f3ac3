#!/bin/bash
# The esp/ engine against the XFRM of a Linux kernel of its own (guest/README.md): ESP and AH, alone and together, transport and tunnel,
# raw and in UDP, IPv4 and IPv6, with and without ESN. The kernel's SAs are static; xfrm_ping seals echo requests and opens the replies.
# Usage: xfrm.sh [WORDS]: without them all cases. Skipped, loudly, only where no guest can start at all.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../.." && pwd)
B=${B:-$top/build}
G=$here/guest/guest
P=$B/interop/xfrm_ping
for c in linux.uml mmdebstrap ip; do
	command -v $c >/dev/null && continue
	echo "skip - XFRM interop: no $c here (apt-get install user-mode-linux mmdebstrap iproute2)"
	exit 0
done
[ "$(id -u)" = 0 ] || { echo "skip - XFRM interop: needs root for network namespaces"; exit 0; }
[ -c /dev/net/tun ] || { echo "skip - XFRM interop: no /dev/net/tun"; exit 0; }
[ -x "$P" ] || { echo "not ok - XFRM interop: there is no $P (build it first)"; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/l2t-xfrm.XXXXXX")
chmod 755 "$work"
export GUEST_STATE=$work/guests
net=l2x$$net guest=l2x$$g
failed=0
cleanup() {
	"$G" kill "$guest" >/dev/null 2>&1
	ip netns del "$net" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

in_guest() { "$G" exec -t 30 "$guest" "$@"; }
ours() { ip netns exec "$net" "$P" "$@"; }
# say WHAT COMMAND...: one line a test
say() {
	local what=$1; shift
	if "$@" >"$work/out" 2>&1; then echo "ok - $what"; else
		echo "not ok - $what"
		failed=$((failed + 1))
		tail -n 10 "$work/out" | sed 's/^/# /'
		in_guest sh -c 'cat /run/commands; ip -s xfrm state; grep -v \"[[:space:]]0$\" /proc/net/xfrm_stat; dmesg | tail -n 5' 2>&1 | sed 's/^/# guest: /'
		return 1
	fi
}
# What the kernel counted since the last call: bad ICVs, replays, packets that no policy allows.
counted() { in_guest awk '{n[$1] = $2} END {print n["XfrmInStateProtoError"], n["XfrmInStateSeqError"], n["XfrmInTmplMismatch"] + n["XfrmInNoPols"]}' /proc/net/xfrm_stat; }

sas_of_guest() { ours commands "$@" >"$work/commands" && "$G" exec -i -t 30 "$guest" sh -c 'cat >/run/commands; sh -e /run/commands' <"$work/commands"; }

# refused WORDS: a forged, a repeated and an unprotected packet each count with the kernel, and only the one good one is answered.
refused() {
	local before after
	before=$(counted)
	ours bad "$@" || return 1
	after=$(counted)
	echo "counted: $before, then $after"
	# shellcheck disable=SC2086
	set -- $before $after
	[ $(($4 - $1)) -ge 1 ] && [ $(($5 - $2)) -ge 1 ] && { [ $mode = tunnel ] || [ $(($6 - $3)) -ge 1 ]; }
}

# run MODE FAMILY WORDS...
run() {
	local mode=$1 family=$2; shift 2
	local words=("mode=$mode" "$@")
	case $family in
	4*) words+=(local=10.77.0.1 remote=10.77.0.2) ;;
	6*) words+=(local=fd77::1 remote=fd77::2) ;;
	esac
	case $mode$family in
	tunnel?4) words+=(inner-local=10.71.0.1 inner-remote=10.70.0.1) ;;
	tunnel?6) words+=(inner-local=fd71::1 inner-remote=fd70::1) ;;
	esac
	local name="IPv$family $mode ${*}"
	say "$name: the kernel takes the SAs" sas_of_guest "${words[@]}" || return
	say "$name: 60 pings" ours good "${words[@]}" || return
	say "$name: forged, repeated and bare ones are refused" refused "${words[@]}" ahead=1000
}

all() {
	local cipher numbers
	# Every transform that the kernel has, raw, IPv4, transport; then what differs by mode, family and encapsulation.
	for cipher in encr=aes256-gcm "encr=aes128 integ=sha256" "encr=aes128 integ=sha1" encr=chacha20poly1305; do
		for numbers in esn=0 esn=1; do
			# shellcheck disable=SC2086
			run transport 4 protocol=esp $cipher $numbers
			# shellcheck disable=SC2086
			run tunnel 44 protocol=esp $cipher $numbers
			# shellcheck disable=SC2086
			run transport 4 protocol=esp $cipher $numbers udp=1
			# shellcheck disable=SC2086
			run tunnel 44 protocol=esp $cipher $numbers udp=1
		done
	done
	run transport 6 protocol=esp encr=aes256-gcm esn=1
	run tunnel 66 protocol=esp encr=aes256-gcm esn=1
	run tunnel 46 protocol=esp encr=aes256-gcm esn=1
	run tunnel 64 protocol=esp encr=aes128 integ=sha256 esn=0
	run tunnel 44 protocol=esp encr=aes256-gcm esn=1 tfc=1000
	run transport 4 protocol=esp encr=null integ=sha256 esn=0
	for cipher in sha256 sha384 sha512 sha1 aesxcbc aescmac; do
		run transport 4 protocol=ah ah=$cipher esn=0
	done
	run transport 4 protocol=ah ah=sha256 esn=1
	run tunnel 44 protocol=ah ah=sha256 esn=0
	run tunnel 44 protocol=ah ah=sha256 esn=1
	for cipher in sha256 sha1; do
		run transport 6 protocol=ah ah=$cipher esn=0
		run transport 6 protocol=ah ah=$cipher esn=1
		run tunnel 66 protocol=ah ah=$cipher esn=1
	done
	run tunnel 64 protocol=ah ah=sha512 esn=1
	run tunnel 46 protocol=ah ah=sha384 esn=0
	run transport 4 protocol=ah+esp encr=aes128 integ=sha256 ah=sha256 esn=1
	run transport 6 protocol=ah+esp encr=aes256-gcm ah=sha256 esn=0
	run tunnel 44 protocol=ah+esp encr=aes256-gcm ah=sha1 esn=1
	# Across 2^32.
	local start=4294967270
	run transport 4 protocol=esp encr=aes256-gcm esn=1 seq=$start
	run transport 4 protocol=ah ah=sha256 esn=1 seq=$start
}

if ! "$G" build strongswan-l2tp >"$work/build.log" 2>&1; then
	echo "skip - XFRM interop: the guest's Debian tree could not be made: $(tail -n 1 "$work/build.log")"
	exit 0
fi
ip netns add "$net" || exit 1
ip -n "$net" link set lo up
ip netns exec "$net" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip -n "$net" tuntap add dev theirs mode tap
ip -n "$net" addr add 10.77.0.1/24 dev theirs
ip -n "$net" addr add fd77::1/64 dev theirs nodad
ip -n "$net" link set theirs up
# The role's charon gives the kernel its UDP 4500 socket, and has nothing else to do.
if ! "$G" start "$guest" --netns "$net" --tap theirs --addr 10.77.0.2/24 --gw 10.77.0.1 --role strongswan-l2tp --set SIDE=server \
	--set AUTH=ikev2-psk --set PSK=none --set PEER=10.77.0.9 >"$work/guest.log" 2>&1; then
	echo "not ok - XFRM interop: the guest starts"
	sed 's/^/# /' "$work/guest.log"
	exit 1
fi
say "the guest has its addresses" in_guest sh -c 'd=$(ip -o route show default | sed "s/.* dev \([^ ]*\).*/\1/") &&
	sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 &&
	ip -6 addr add fd77::2/64 dev $d nodad && ip addr add 10.70.0.1/32 dev lo && ip -6 addr add fd70::1/128 dev lo &&
	ip -6 route add default via fd77::1' || exit 1
if [ $# -gt 0 ]; then run "$@"; else all; fi
[ $failed = 0 ]
