#!/bin/sh
# Repeated authentication (RFC 4478): the head office says how long a proof holds; the branch gives another one in time, without a lost packet,
# and a branch that cannot is ended.
set -u
. "$(dirname "$0")/topology.sh"

topo_up 4 0 1500
conf_a always
conf_b "ike: { auth-lifetime = 10; };"
start_b
start_a
say "the tunnel comes up" wait_for 10 dialling_up
wait_for 5 up_b
session=$(ctl_a --json status hq | grep -o '"session":[0-9]*')
in_la ping -i 0.02 -c 450 -W 1 10.72.0.2 > "$dir/pings" &
pings=$!
say "the branch proves itself anew in time" wait_for 12 at_least a IKE_AUTH_RENEWED 1
wait $pings
grep loss "$dir/pings" | sed 's/^/        /'
say "no packet is lost meanwhile" grep -q " 0% packet loss" "$dir/pings"
same_session() { [ -n "$session" ] && [ "$(ctl_a --json status hq | grep -o '"session":[0-9]*')" = "$session" ]; }
say "the L2TP session goes on" same_session
say "the tunnel was never down" [ "$(counter a LINE_DOWN)" = 0 ]
say "nothing has run out" [ "$(counter b IKE_AUTH_EXPIRED)" = 0 ]

# What the branch says to port 500 gets lost, so that no proof comes; its ESP goes on.
in_net nft -f - <<-'END'
	table inet cut { chain forward { type filter hook forward priority -10; iifname "na" udp dport 500 drop; }; }
END
say "without a new proof the head office ends it" wait_for 15 at_least b IKE_AUTH_EXPIRED 1
expired() { ctl_b events > "$dir/events" && cat "$dir/events" && grep -q "did not prove itself anew" "$dir/events"; }
say "and says why" expired
in_net nft delete table inet cut
say "it comes up again when the way is free" wait_for 20 ping_once
[ $failed = 0 ]
