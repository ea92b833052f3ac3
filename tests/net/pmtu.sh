#!/bin/sh
# The MTU of a tunnel is measured: a router's path shrinks and grows, with ICMP and in silence; TCP goes on, hosts behind are told, and what
# is fragmented outside is put together again.
set -u
. "$(dirname "$0")/topology.sh"

# path MTU: what the router forwards in both directions. Its own word about it is dropped while it is mute.
path()
{
	if [ "$family" = 4 ]; then
		in_net ip route replace 198.51.100.0/24 dev na mtu "$1"
		in_net ip route replace 203.0.113.0/24 dev nb mtu "$1"
	else
		in_net ip -6 route replace 2001:db8:a::/64 dev na proto kernel metric 256 mtu "$1"
		in_net ip -6 route replace 2001:db8:b::/64 dev nb proto kernel metric 256 mtu "$1"
	fi
}
nft_reset() { in_net nft flush ruleset; }
mute()
{
	in_net nft -f - <<-'END2'
		table inet mute { chain out { type filter hook output priority 0;
			icmp type destination-unreachable drop; icmpv6 type packet-too-big drop; }; }
	END2
}
# What is larger is lost, whether it may be fragmented or not: a middlebox, or a broken link.
hole()
{
	in_net nft -f - <<-END2
		table inet hole { chain forward { type filter hook forward priority -10; meta length > $1 drop; }; }
	END2
}

field() # GATEWAY NAME: of its tunnel's status
{
	name_of=hq
	[ "$1" = a ] || name_of=branch
	"ctl_$1" --json status $name_of | jq -r ".$2 // empty" | head -1
}
path_is() # GATEWAY MTU: to the cipher's block
{
	p=$(field "$1" path_mtu)
	echo "path_mtu at $1: $p, $(field "$1" path_known), MTU $(field "$1" mtu)"
	[ "$p" -le "$2" ] && [ "$p" -gt $(($2 - 4)) ]
}
path_is_known() { echo "$(field a path_known)"; [ "$(field a path_known)" = "$1" ]; }
both_paths() { path_is a "$1" && path_is b "$1"; }
mtu_of() { if [ "$1" = a ]; then in_a cat /sys/class/net/hq/mtu; else in_b cat /sys/class/net/branch/mtu; fi; }
inner() # OUTER: what an AES-GCM packet of that size holds (RFC 4303, RFC 2661)
{
	front=28
	[ $family = 4 ] || front=48
	[ $udp = true ] || front=$((front - 8))
	echo $((($1 - front - 32) / 4 * 4 - 2 - 8 - header - 4))
}
mtu_is() # GATEWAY OUTER
{
	header=8
	m=$(mtu_of "$1") want=$(inner "$2")
	[ "$want" -ge 1280 ] || want=1280
	echo "MTU at $1: $m, should be $want or 2 more"
	[ "$m" -ge "$want" ] && [ "$m" -le $((want + 2)) ]
}
no_line_down() { ! grep -h LINE_DOWN "$dir/a.log" "$dir/b.log"; }
told() { grep -h "$1" "$dir/a.log"; }
not_told() { ! told "$1"; }
# needed ADDRESS: a host behind is told, with the tunnel's MTU
needed()
{
	m=$(mtu_of a)
	in_la ping -c 1 -W 2 -M "do" -s 1450 "$1" > "$dir/ping" 2>&1
	in_la ip route flush cache
	cat "$dir/ping"
	grep -qiE "(frag needed.*mtu ?= ?$m|too big: mtu=$m|mtu=$m)" "$dir/ping"
}
largest_passes() { in_la ping -c 2 -i 0.2 -W 2 -M "do" -s $(($(mtu_of a) - $2)) "$1"; }

stream_begin()
{
	touch "$dir/steady"
	: > "$dir/serve"
	ip netns exec $LB python3 "$stream" serve 10.72.0.2 > "$dir/serve" 2>&1 &
	pid_serve=$!
	wait_for 5 grep -q listening "$dir/serve"
	in_la python3 "$stream" steady 10.72.0.2 "$dir/steady" > "$dir/stream" 2>&1 &
	pid_stream=$!
}
stream_ends()
{
	rm -f "$dir/steady"
	wait $pid_stream
	status=$?
	kill $pid_serve
	wait $pid_serve 2> /dev/null
	cat "$dir/stream"
	return $status
}

comes_up()
{
	start_b
	start_a
	say "$name: comes up" wait_for 20 ping_once
	say "$name: the link's MTU is measured to arrive" wait_for 20 both_paths 1500
	say "$name: and known to be measured" path_is_known measured
	say "$name: the interface has it" mtu_is a 1500
}

# Each change with a copy under way, and pings beside it: TCP that was stopped waits twice as long each time, and a path that nothing goes
# over is not asked about. Within the time of a confirmation, its tries and a search (lib/pmtu.h), with room for a busy machine.
surrounding()
{
	name="IPv$family, $([ $udp = true ] && echo UDP || echo raw)"
	topo_up $family 0 1500
	conf_a always "esp: { force-udp = $udp; };"
	conf_b "esp: { force-udp = $udp; };"
	comes_up
	stream_begin
	traffic_begin
	path 1400
	say "$name: 1400, ICMP says so" wait_for 60 both_paths 1400
	say "$name: 1400: by a hint" path_is_known hint
	say "$name: 1400: the interface follows" wait_for 5 mtu_is a 1400
	say "$name: 1400: a host behind is told, IPv4" needed 10.72.0.2
	say "$name: 1400: the largest passes" largest_passes 10.72.0.2 28
	say "$name: 1400: and of IPv6" largest_passes fd72::2 48
	say "$name: 1400: nothing was called a black hole" not_told GW_PATH_BLACK_HOLE
	mute
	path 1360
	say "$name: 1360, in silence" wait_for 90 both_paths 1360
	say "$name: 1360: a host behind is told, IPv6" needed fd72::2
	nft_reset
	say "$name: 1360: said to be a black hole" told GW_PATH_BLACK_HOLE
	hole 1300
	say "$name: 1300, all that is larger is lost" wait_for 90 both_paths 1300
	say "$name: 1300: the largest passes" in_la ping -c 2 -i 0.2 -W 2 -M "do" -s 1100 10.72.0.2
	nft_reset
	path 1500
	say "$name: the copy went on, and is whole" stream_ends
	kill $pid_traffic
	say "$name: large UDP inside" in_la ping -c 2 -i 0.2 -W 2 -s 6000 10.72.0.2
	say "$name: no line went down" no_line_down
	stop_both
	topo_down
}

# -- what is on the wire --
# seen: counts at the head office what comes in, by its DF bit (not the probes, which are larger), and fragments of both families
seen_begin()
{
	in_b nft -f - <<-'END2'
		table inet seen { counter df { }; counter may { }; counter pieces { };
			chain pre { type filter hook prerouting priority -500;
				ip frag-off & 0x3fff != 0 counter name pieces; exthdr frag exists counter name pieces;
				iifname out udp dport 4500 meta length 300-1000 ip frag-off & 0x4000 != 0 counter name df;
				iifname out udp dport 4500 meta length 300-1000 ip frag-off & 0x4000 == 0 counter name may; }; }
	END2
}
seen() { in_b nft -j list counter inet seen "$1" | jq '.nftables[] | select(.counter) | .counter.packets'; }
some_seen() { echo "$1: $(seen "$1")"; [ "$(seen "$1")" -ge "$2" ]; }
none_seen() { echo "$1: $(seen "$1")"; [ "$(seen "$1")" = 0 ]; }
seen_again() { in_b nft reset counters > /dev/null; }
ping_inside() { in_la ping -q -c 5 -i 0.05 -W 2 -M "$1" -s 500 10.72.0.2; }

# IPv6 inside needs 1280 bytes whatever the path carries, so that the packet outside goes in pieces.
pieces()
{
	name="IPv$family, $([ $udp = true ] && echo UDP || echo raw), df = $1"
	topo_up $family 0 1500
	conf_a always "df = \"$1\"; esp: { force-udp = $udp; };"
	conf_b "df = \"$1\"; esp: { force-udp = $udp; };"
	start_b
	start_a
	say "$name: comes up" wait_for 20 ping_once
	say "$name: the link's MTU is measured to arrive" wait_for 20 both_paths 1500
	seen_begin
	if [ $family$udp = 4true ]; then
		ping_inside dont > /dev/null
		case $1 in
		set) say "$name: DF outside" some_seen df 5; say "$name: always" none_seen may ;;
		*) say "$name: no DF outside" some_seen may 5; say "$name: never" none_seen df ;;
		esac
		seen_again
		ping_inside "do" > /dev/null
		case $1 in
		clear) say "$name: DF inside, none outside" none_seen df ;;
		*) say "$name: DF inside and outside" some_seen df 5; say "$name: in each" none_seen may ;;
		esac
	fi
	traffic_begin
	path 1300
	say "$name: a narrow path is noticed" wait_for 60 both_paths 1300
	kill $pid_traffic
	seen_again
	say "$name: IPv6 of 1280 bytes comes through" wait_for 10 in_la ping -c 1 -W 1 -M "do" -s 1232 fd72::2
	say "$name: and passes" in_la ping -c 5 -i 0.1 -W 2 -M "do" -s 1232 fd72::2
	say "$name: in fragments" some_seen pieces 10
	if [ $family = 4 ]; then
		scramble_begin
		say "$name: fragments out of order and twice" in_la ping -c 20 -i 0.05 -W 2 -M "do" -s 1232 fd72::2
		say "$name: by another hand" scramble_ends 20
		in_net python3 "$net_root/tests/net/fragments.py" 198.51.100.2 203.0.113.2
		say "$name: forged fragments break nothing" in_la ping -c 5 -i 0.1 -W 2 -M "do" -s 1232 fd72::2
	fi
	say "$name: no line went down" no_line_down
	stop_both
	topo_down
}
# The router drops what has to be cut, and somebody else cuts it.
scramble_begin()
{
	in_net nft -f - <<-'END2'
		table inet hole { chain forward { type filter hook forward priority -10; ip saddr 198.51.100.2 meta length > 1300 drop; }; }
	END2
	: > "$dir/scramble"
	ip netns exec $NET python3 "$net_root/tests/net/scramble.py" na 198.51.100.2 1300 > "$dir/scramble" 2>&1 &
	pid_scramble=$!
	wait_for 5 grep -q ready "$dir/scramble"
}
scramble_ends() # PACKETS
{
	kill $pid_scramble
	wait $pid_scramble
	in_net nft delete table inet hole
	cat "$dir/scramble"
	[ "$(sed -n 's/ packets//p' "$dir/scramble")" -ge "$1" ]
}
# Not by in_la: what would be ended then is a shell, and not what it runs.
traffic_begin() { ip netns exec $LA ping -q -i 0.2 10.72.0.2 > /dev/null 2>&1 & pid_traffic=$!; }

# Somebody says that the path carries next to nothing: one who knows nothing of the packets, and one who sees them.
lies()
{
	family=4 udp=true name="forged ICMP"
	topo_up 4 0 1500
	conf_a always "esp: { force-udp = true; };"
	conf_b "esp: { force-udp = true; };"
	start_b
	start_a
	say "$name: comes up" wait_for 20 ping_once
	say "$name: the link's MTU is measured to arrive" wait_for 20 both_paths 1500
	traffic_begin
	spi=$(ctl_a --json status hq | jq -r '.esp_sas[] | select(.direction == "out") | .spi' | head -1)
	for mtu in 68 576 1200 1300 0; do
		in_net python3 "$net_root/tests/net/too_big.py" 203.0.113.2 198.51.100.2 $mtu 20
		in_net python3 "$net_root/tests/net/too_big.py" 203.0.113.2 198.51.100.2 $mtu 5 "$spi"
		sleep 1.5
	done
	say "$name: the guesses are not believed" at_least a GW_PATH_HINT_BAD 20
	say "$name: those of one who sees the packets are looked at" at_least a GW_PATH_HINT 1
	sleep 8
	say "$name: the path is what it is" path_is a 1500
	say "$name: and never was another" not_told GW_PATH_
	say "$name: nothing is fragmented" in_la ping -c 2 -i 0.2 -W 2 -M "do" -s $(($(mtu_of a) - 28)) 10.72.0.2
	kill $pid_traffic
	stop_both
	topo_down
}

case ${ONLY:-all} in
all | wire)
	lies
	for family in 4 6; do
		for udp in true false; do
			pieces clear
		done
	done
	family=4 udp=true
	pieces set
	pieces copy
	;;
esac
[ "${ONLY:-all}" != wire ] || exit $failed
# Each takes two minutes: these two have all that differs. ALL=1: each with each.
family=4 udp=true
surrounding
family=6 udp=false
surrounding
if [ -n "${ALL:-}" ]; then
	family=4 udp=false
	surrounding
	family=6 udp=true
	surrounding
fi
[ $failed = 0 ]
