#!/bin/sh
# Source addresses inside the tunnel: a branch that passes itself off as another one is not heard, unless the check is off.
set -u
. "$(dirname "$0")/topology.sh"

# Packets from an address of the branch's choosing; what of them comes to the head office's LAN.
says() { # ADDRESS TO
	in_a ping -c 3 -i 0.2 -W 1 -I "$1" "$2" > "$dir/ping" 2>&1
	true
}
dropped() { counter b GW_SOURCE; }
# Replies would go elsewhere: it is listened for.
heard() # ADDRESS TO
{
	: > "$dir/listening"
	ip netns exec $LB timeout 15 tcpdump -lni any -c 1 src host "$1" > "$dir/heard" 2> "$dir/listening" &
	hearing=$!
	wait_for 5 grep -q 'listening on' "$dir/listening"
	says "$1" "$2"
	sleep 0.3
	kill $hearing 2> /dev/null
	wait $hearing 2> /dev/null
	grep "IP6\{0,1\} $1" "$dir/heard"
}
unheard() { ! heard "$1" "$2"; }
more_dropped() { now=$(dropped) && [ "$now" -ge $((before + 3)) ]; }

topo_up 4 0 1500
conf_a always
conf_b ""
start_b
start_a
say "the tunnel comes up" wait_for 10 dialling_up
wait_for 5 log_has b LINE_UP
ip -n $A addr add 10.73.0.9/32 dev lo
ip -n $A -6 addr add fd73::9/128 dev lo nodad
ip -n $A -6 addr add fd71::9/128 dev lo nodad

say "the branch's network is heard" in_la ping -c 1 -W 2 10.72.0.2
say "the branch itself is heard by its PPP address" heard 10.9.0.2 10.72.0.2
say "no packet was dropped so far" test "$(dropped)" = 0
before=$(dropped)
say "another branch's address is not heard" unheard 10.73.0.9 10.72.0.2
say "and is counted" more_dropped
before=$(dropped)
say "another branch's IPv6 address is not heard" unheard fd73::9 fd72::2
say "and is counted" more_dropped
say "its own IPv6 network is heard" heard fd71::9 fd72::2
conf_b "source-check = false;"
ctl_b reload > /dev/null
say "without the check it is heard" heard 10.73.0.9 10.72.0.2
line_stayed() { ! log_has b LINE_DOWN; }
say "the line stayed" line_stayed
[ $failed = 0 ]
