#!/bin/sh
# ICMP as a hint: a peer that is away is noticed long before its time, with who said so; a dialling goes on, sooner to the next address; and
# forged messages cost a healthy line nothing.
set -u
. "$(dirname "$0")/topology.sh"

# DPD stays at its 30 s, and packets without an answer are a reason to ask after 10 s only. Four tries of a probe take 3 s.
short="ike: { retry-first = 200; retries = 4; };"
event_a() { ctl_a events > "$dir/events" && cat "$dir/events" && grep -q "$1" "$dir/events"; }
says_a() { ctl_a why hq > "$dir/why" && cat "$dir/why" && grep -q "$1" "$dir/why"; }
traffic() { in_la ping -q -i 0.2 -W 1 10.72.0.2 > /dev/null 2>&1 & }
not_more() { now=$(counter "$1" "$2"); echo "$2 at $1: $now"; [ "$now" -le "$3" ]; } # GATEWAY NAME NUMBER
reject() # TYPE
{
	in_net nft -f - <<-END2
		table inet cut { chain forward { type filter hook forward priority -10; $1; }; }
	END2
}
unreject() { in_net nft delete table inet cut; }

comes_up() # NAME
{
	start_b
	start_a
	say "$1: comes up" wait_for 10 ping_once
	traffic
	pinger=$!
}
stops() { kill $pinger 2> /dev/null; wait $pinger 2> /dev/null; stop_both; }

# noticed NAME WORDS: 2 s of silence and 3 s of a probe, where it would be 10 and 3 without a hint
noticed()
{
	say "$1: told in the branch" wait_for 6 event_a "$2"
	say "$1: the loss is noticed" wait_for 9 log_has a "LINE_DOWN.*$2\|PEER_SILENT.*$2\|does not answer any more.*$2"
	say "$1: why says who said so" wait_for 5 says_a "$2"
	say "$1: counted" at_least a ICMP_ERROR 1
	say "$1: counted as a reason to ask" at_least a IKE_UNREACHABLE 1
}

for family in 4 6; do
	for nat in 0 1; do
		[ "$family$nat" != 61 ] || continue
		topo_up $family $nat 1500
		conf_a always "$short"
		conf_b "$short"
		router=203.0.113.1
		[ $family = 4 ] || router=2001:db8:a::1
		name="IPv$family$([ $nat = 0 ] || echo ', behind a NAT')"

		comes_up "$name, the head office's daemon is gone"
		kill_all $pid_b
		pid_b=''
		noticed "$name, the head office's daemon is gone" "unreachable, said by $peer_b"
		start_b
		say "$name, the head office's daemon is gone: it heals by itself" wait_for 20 ping_once
		stops

		if [ $family = 4 ]; then
			comes_up "$name, the way is gone"
			reject "reject with icmp host-unreachable"
			noticed "$name, the way is gone" "host unreachable, said by"
			unreject
			say "$name, the way is gone: it heals by itself" wait_for 20 ping_once
			stops
		fi
		topo_down
	done
done

# -- dialling --
topo_up 4 0 1500
conf_a always
conf_b
start_b
reject "ip daddr 203.0.113.2 reject with icmp host-unreachable"
start_a
say "dialling: the router's word is told" wait_for 10 event_a "host unreachable, said by 198.51.100.1"
say "dialling: and does not end it" sh -c "! grep -q LINE_DOWN '$dir/a.log'"
sleep 3
unreject
say "dialling: the next try comes through" wait_for 20 ping_once
stop_both

peer_b='203.0.113.66", "203.0.113.2'
conf_a always
reject "ip daddr 203.0.113.66 reject with icmp host-unreachable"
start_b
start_a
# Two tries, 1.5 s; it would be four and 7.5 s.
say "dialling: the second address is tried soon" wait_for 5 up_a
say "dialling: because of what the router said of the first" event_a "host unreachable, said by 198.51.100.1"
unreject
stop_both
peer_b=203.0.113.2

# -- forged, from the middle of the network, by the thousand --
conf_a always "$short"
conf_b "$short"
start_b
start_a
say "a flood of forged ICMP: the line is up" wait_for 10 ping_once
before=$(spis)
in_net nft -f - <<-'END2'
	table inet seen { counter ike { }; chain forward { type filter hook forward priority -20; udp dport 500 counter name ike; }; }
END2
ike_seen() { in_net nft -j list counter inet seen ike | jq '.nftables[] | select(.counter) | .counter.packets'; }
for i in 1 2 3 4 5; do
	in_net python3 "$net_root/tests/net/icmp.py" 203.0.113.2 198.51.100.2 4000
	in_net python3 "$net_root/tests/net/icmp.py" 198.51.100.2 203.0.113.2 4000
done &
flooder=$!
say "a flood of forged ICMP: no ping is lost" sh -c "$(command -v ip) netns exec $LA ping -c 100 -i 0.1 -W 1 10.72.0.2 | tee '$dir/pings' | grep -q ' 0% packet loss' || { cat '$dir/pings'; false; }"
wait $flooder
say "a flood of forged ICMP: the SAs are the same" same_spis
few_probes() { n=$(ike_seen); echo "$n IKE messages"; [ "$n" -le 12 ]; }
say "a flood of forged ICMP: few probes" few_probes
say "a flood of forged ICMP: heard" at_least a ICMP_ERROR 100
say "a flood of forged ICMP: not heard for long" not_more a ICMP_ERROR 5000
say "a flood of forged ICMP: told" at_least a ICMP_FLOOD 1
say "a flood of forged ICMP: no line went down" not_more a LINE_DOWN 0
say "a flood of forged ICMP: the log is short" log_bounded a 40
stop_both
[ $failed = 0 ]
