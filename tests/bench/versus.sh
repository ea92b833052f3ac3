#!/bin/sh
# bench/versus: each form of this gateway comes up in it and carries traffic, a short round has all its figures, a peer that fails hurts
# no other, and nothing stays behind. How fast it is, is not asked here.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
L2TPSECD=${L2TPSECD:-$root/${B:-build}/l2tpsecd}
export L2TPSECD
[ -x "$L2TPSECD" ] || { echo "$0: there is no $L2TPSECD (build it first)"; exit 2; }
if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ]; then
	echo "skip - bench/versus: needs root and /dev/net/tun"
	exit 0
fi
for c in iperf3 jq tracepath; do
	command -v $c >/dev/null || { echo "not ok - bench/versus: there is no $c"; exit 1; }
done
dir=$(mktemp -d /tmp/l2tpsec-bench.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
failed=0
versus=$root/bench/versus
lab=${LAB:-$root/../shared/lab}

# say WHAT COMMAND...
say()
{
	what=$1
	shift
	if "$@" >"$dir/out" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/    /' "$dir/out" | tail -n 20
		failed=1
	fi
}

comes_up() { "$versus" --try "l2tpsec:$1"; }
for cipher in gcm cbc chacha; do
	for encap in udp raw; do
		say "comes up and carries TCP: CIPHER=$cipher ENCAP=$encap" comes_up "CIPHER=$cipher,ENCAP=$encap"
	done
done
# What goes over the wire: nothing but IP protocol 50 here, nothing but UDP there (protocol numbers of a capture between the gateways).
on_the_wire() # ENCAP PROTOCOL
{
	"$versus" --shell "l2tpsec:ENCAP=$1" <<-'END' | grep '^seen ' | sort | uniq -c >"$dir/seen"
		ip netns exec $B timeout 1.5 tcpdump -n -v -i out -c 20 ip >"$DIR/seen" 2>/dev/null &
		sleep 0.5
		ip netns exec $LA ping -n -q -c 20 -i 0.01 10.72.0.2 >/dev/null
		wait
		sed -n 's/.*proto \([A-Z]*\) .*/seen \1/p' "$DIR/seen"
	END
	cat "$dir/seen"
	[ "$(sed 's/^ *[0-9]* //' "$dir/seen")" = "seen $2" ]
}
if command -v tcpdump >/dev/null; then
	say "ENCAP=udp is UDP on the wire" on_the_wire udp UDP
	say "ENCAP=raw is IP protocol 50 on the wire" on_the_wire raw ESP
fi
refuses() { ! comes_up "$1"; }
say "an unknown cipher is refused" refuses CIPHER=rot13

# One round of what is there, of one that cannot come up, and of one that says why it cannot.
cat >"$dir/broken" <<-'END'
	up() { echo "this one is broken"; return 1; }
END
cat >"$dir/absent" <<-'END'
	missing() { echo "no such VPN on this machine"; }
END
one_round() { PINGS=40 "$versus" -r 2 -t 1 -j "$dir/results.json" plain l2tpsec "$dir/broken" "$dir/absent" >"$dir/table" 2>"$dir/lines"; }
say "two rounds beside a peer that fails and one that is absent" one_round
# figures PEER: every figure of every round is there and can be true
figures()
{
	jq -s -e --arg peer "$1" '
		def positive: type == "number" and . > 0;
		def pair: type == "array" and length == 2 and (.[0] | positive) and .[1] >= .[0];
		map(select(.peer == $peer)) | (map(.round) == [1, 2]) and all(
			(.tcp1_mbit | positive) and (.tcp1_rev_mbit | positive) and (.tcp4_mbit | positive) and (.cpu_s_per_gb | positive)
			and (.gw_cpu_s_per_gb | type == "number") and (.udp64_pps | positive) and (.udp1200_pps | positive)
			and (.ping_us | pair) and (.ping_loaded_us | pair) and .path_mtu >= 1280 and .path_mtu <= 1500
			and (.up_ms | positive) and (.rss_mb | type == "number"))' "$dir/results.json"
}
say "plain: every figure" figures plain
say "l2tpsec: every figure" figures l2tpsec
own_figures() { jq -s -e 'map(select(.peer == "l2tpsec")) | all(.gw_cpu_s_per_gb > 0 and .rss_mb > 0 and .path_mtu < 1500)' "$dir/results.json"; }
say "l2tpsec: CPU and memory of the gateways, and the tunnel's MTU" own_figures
broken_named()
{
	jq -s -e 'map(select(.peer == "broken")) | length == 1 and (.[0].error | contains("this one is broken"))' "$dir/results.json" &&
		grep -q '^broken .*did not come up' "$dir/table"
}
say "the peer that fails is named with its words and not tried again" broken_named
absent_named() { grep -q 'LEFT OUT: absent: no such VPN' "$dir/lines" && grep -q '^left out: absent' "$dir/table" && ! grep -q '"absent"' "$dir/results.json"; }
say "the absent one is left out, and that is said" absent_named
only_failures() { ! "$versus" -r 1 -t 1 "$dir/broken"; }
say "it fails where nothing could be measured" only_failures
drawn() { "$root/bench/plot.sh" "$dir/results.json" "$dir/plot.svg" && grep -q '<svg' "$dir/plot.svg" && grep -q l2tpsec "$dir/plot.svg"; }
if command -v gnuplot >/dev/null; then
	say "the plot" drawn
else
	echo "skip - the plot: there is no gnuplot"
fi

# What is killed cleans up too.
measuring() { for p in $(ip netns pids "vs$pid-la" 2>/dev/null); do grep -q iperf3 "/proc/$p/comm" && return 0; done; return 1; }
gone() { ! ip netns list | grep -q "^vs$pid-" && [ -z "$(find /tmp -maxdepth 1 -name "versus-vs$pid.*")" ] && ! kill -0 "$pid"; }
within() # TENTHS COMMAND
{
	i=0
	until $2 2>/dev/null; do
		[ $i -lt "$1" ] || return 1
		sleep 0.1
		i=$((i + 1))
	done
}
interrupted()
{
	PINGS=1 "$versus" -r 1 -t 60 l2tpsec >/dev/null 2>&1 &
	pid=$!
	within 300 measuring
	kill "$pid"
	within 200 gone || { ip netns list; ls -d /tmp/versus-*; return 1; }
}
say "killed in the middle, it leaves nothing behind" interrupted

# The peer files keep the contract that lets another script run them.
contract()
{
	bash -uc 'P=x A=x-a B=x-b LA=x-la LB=x-lb OUT_A=1 OUT_B=2 NET_A=3 NET_B=4 DIR=/nonexistent
		down() { :; }
		packages() { :; }
		. "$1" && declare -F up down packages >/dev/null && packages >/dev/null' - "$1"
}
for f in "$root"/bench/peers/*; do
	say "contract of peers/${f##*/}" contract "$f"
done
other_script() { VERSUS_PREFIX=vo$$ "$lab/versus/versus" -r 1 -t 1 -j "$dir/other.json" "$root/bench/peers/l2tpsec" && jq -e '.tcp1_mbit > 0 and .udp64_pps > 0' "$dir/other.json"; }
if [ -x "$lab/versus/versus" ]; then
	say "the other script runs peers/l2tpsec" other_script
else
	echo "skip - the other script runs peers/l2tpsec: there is no $lab/versus/versus (LAB names another place)"
fi
exit $failed
