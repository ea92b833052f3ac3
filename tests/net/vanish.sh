#!/bin/sh
# Peers that vanish, restart and move: noticed in the time that the config gives, told with the right cause, rebuilt without anybody's help.
set -u
. "$(dirname "$0")/topology.sh"

quick="ike: { dpd = 2; retry-first = 200; retries = 4; }; l2tp: { hello = 4; }; ppp: { echo = 4; };"
quick_b="ike: { dpd = 2; retry-first = 200; retries = 4; }; l2tp: { hello = 4; };"

ping_back() { in_lb ping -c 1 -W 1 10.71.0.2; }
other_spis() { [ "$(spis | grep -c .)" -ge 2 ] && [ "$(spis)" != "$before" ]; }
event_a() { ctl_a events > "$dir/events" && cat "$dir/events" && grep -q "$1" "$dir/events"; }
event_b() { ctl_b events > "$dir/events" && cat "$dir/events" && grep -q "$1" "$dir/events"; }
seen_at_b() { ctl_b --json status branch | grep -q "\"remote\":\"\[\{0,1\}$1[]:]"; }
comes_up() # NAME
{
	start_b
	start_a
	say "$1: comes up" wait_for 10 ping_once
	wait_for 5 up_b
}

cut() { in_net nft -f - <<-'END'
	table inet cut { chain forward { type filter hook forward priority -10; drop; }; }
END
}
uncut() { in_net nft delete table inet cut; }

# -- the path is cut --
topo_up 4 0 1500
conf_a always "$quick"
conf_b "$quick_b"
comes_up "a cut path"
cut
# dpd + 0.2 + 0.4 + 0.8 + 1.6 s, and then one more try to reach the peer at all.
say "a cut path: the branch notices" wait_for 12 down_a
say "a cut path: the head office notices" wait_for 12 down_b
say "a cut path: the branch says that the peer is silent" wait_for 10 why_a "does not answer"
say "a cut path: the head office tells of it" event_b "LINE_DOWN\|the tunnel is down.*does not answer"
uncut
say "a cut path: it heals by itself" wait_for 20 ping_once
say "a cut path: counted in the branch" at_least a LINE_DOWN 1
say "a cut path: counted in the head office" at_least b PEER_SILENT 1

# -- a gateway starts anew without a goodbye --
wait_for 5 up_b
before=$(spis)
kill_all $pid_b
start_b
say "the head office starts anew: packets flow again" wait_for 20 ping_once
say "the head office starts anew: by new SAs" wait_for 5 other_spis
say "the head office starts anew: counted in the branch" at_least a LINE_DOWN 2

wait_for 5 up_b
kill_all $pid_a
start_a
say "the branch starts anew: packets flow again" wait_for 10 ping_once
say "the branch starts anew: the head office has dropped the old one" wait_for 5 at_least b REPLACED 1
say "the branch starts anew: packets flow back" ping_back

# -- ICMP is a hint only --
before=$(spis)
in_net python3 "$net_root/tests/net/icmp.py" 203.0.113.2 198.51.100.2 300
in_net python3 "$net_root/tests/net/icmp.py" 198.51.100.2 203.0.113.2 300
say "forged ICMP errors: packets flow" in_la ping -c 5 -i 0.1 -W 1 10.72.0.2
say "forged ICMP errors: the SAs are the same" same_spis

stop_both

# -- a restart again, with the usual patience (dpd = 30): packets that get no answer are a reason to ask, and the new head
# office says that it knows nothing of the old SAs --
conf_a always
conf_b
comes_up "usual patience"
kill_all $pid_b
begun=$(date +%s%3N)
start_b
say "usual patience: packets flow again soon after the head office has started anew" wait_for 25 ping_once
echo "        $(($(date +%s%3N) - begun)) ms after its start"
say "usual patience: by the token that the head office shows" at_least a IKE_PEER_RESTARTED 1
say "usual patience: told" event_a "by the token that it gave"
say "usual patience: nothing was waited for" [ "$(counter a PEER_SILENT)" = 0 ]
wait_for 5 up_b
kill_all $pid_a
start_a
say "usual patience: the branch starts anew" wait_for 15 ping_once
stop_both

# -- the same where the head office has no crash detection: by its silence, later --
sed -i 's/^\(\s*gateway: {\)/\1 crash-detection = false;/' "$dir/b.conf"
comes_up "no tokens"
kill_all $pid_b
begun=$(date +%s%3N)
start_b
say "no tokens: packets flow again after the head office has started anew" wait_for 30 ping_once
echo "        $(($(date +%s%3N) - begun)) ms after its start"
say "no tokens: none was shown" [ "$(counter a IKE_PEER_RESTARTED)" = 0 ]
stop_both
topo_down

# -- the branch gets another address: no need to wait for a probe, so this has the timers that everybody has --
address_changes() # FAMILY NAT OLD NEW GATEWAY PREFIX-LENGTH
{
	case_name="the branch has another IPv$1 address$([ "$2" = 0 ] || echo ' behind a NAT')"
	topo_up "$1" "$2" 1500
	conf_a always
	conf_b
	comes_up "$case_name"
	session=$(ctl_a --json status hq | grep -o '"session":[0-9]*')
	# At one go: what the host has in between is another case, below.
	ip -n $A -batch - <<-END
		addr del $3/$6 dev out
		addr add $4/$6 dev out
		route replace default via $5
	END
	say "$case_name: packets flow again" wait_for 6 ping_once
	say "$case_name: told" event_a "$3 before, $4 now"
	[ "$2" = 1 ] || say "$case_name: the head office knows it" wait_for 5 seen_at_b "$4"
	say "$case_name: packets flow back" ping_back
	same_session() { [ -n "$session" ] && [ "$(ctl_a --json status hq | grep -o '"session":[0-9]*')" = "$session" ]; }
	say "$case_name: the L2TP session goes on" same_session
	stop_both
	topo_down
}

address_changes 4 0 198.51.100.2 198.51.100.7 198.51.100.1 24
address_changes 4 1 198.51.100.2 198.51.100.7 198.51.100.1 24
address_changes 6 0 2001:db8:a::2 2001:db8:a::7 2001:db8:a::1 64
address_changes 6 1 2001:db8:a::2 2001:db8:a::7 2001:db8:a::1 64

# -- between the old address and the new one the host has only one that leads nowhere: what is dialled from there is dialled anew --
topo_up 6 0 1500
conf_a always
conf_b
comes_up "a wrong address in between"
ip -n $A addr del 2001:db8:a::2/64 dev out
say "a wrong address in between: it is dialled from there" wait_for 5 event_a "2001:db8:a::2 before, fd71::1 now"
ip -n $A addr add 2001:db8:a::7/64 dev out
ip -n $A route replace default via 2001:db8:a::1
say "a wrong address in between: packets flow again" wait_for 8 ping_once
say "a wrong address in between: told" event_a "fd71::1 before, 2001:db8:a::7 now"
stop_both
topo_down

# -- the NAT gives another port, then another address --
nat_moves() # FAMILY OTHER-ADDRESS PREFIX-LENGTH
{
	topo_up "$1" 1 1500
	conf_a always "$quick"
	conf_b "$quick_b"
	name=NAT$([ "$1" = 4 ] || echo 66)
	comes_up "$name"
	in_net nft flush chain $nat nat post
	in_net nft add rule $nat nat post oifname nb meta l4proto udp masquerade to :40000-50000
	mappings_forget
	before=$(spis)
	say "the $name has another port: packets flow" in_la ping -c 10 -i 0.1 -W 1 10.72.0.2
	say "the $name has another port: told" wait_for 5 event_b "new address"
	say "the $name has another port: packets flow back" ping_back
	say "the $name has another port: the SAs are the same" same_spis

	ip -n $NET addr add "$2/$3" dev nb
	in_net nft flush chain $nat nat post
	in_net nft add rule $nat nat post oifname nb meta l4proto udp snat to "$2"
	in_net nft add rule $nat nat post oifname nb masquerade
	mappings_forget
	say "the $name has another address: packets flow" in_la ping -c 10 -i 0.1 -W 1 10.72.0.2
	say "the $name has another address: the head office follows" wait_for 5 seen_at_b "$2"
	say "the $name has another address: packets flow back" ping_back
	say "the $name has another address: the SAs are the same" same_spis
}
nat_moves 6 2001:db8:b::9 64
stop_both
topo_down
nat_moves 4 203.0.113.9 24

# What is not authentic moves nothing: garbage in the SA's name from elsewhere.
ip -n $NET addr add 203.0.113.66/24 dev nb
in_spi=$(ctl_b --json status branch | tr '{' '\n' | sed -n 's/.*"direction":"in".*"spi":"\([0-9a-f]*\)".*/\1/p')
say "a forger: there is an SA to forge" test -n "$in_spi"
in_net python3 "$net_root/tests/net/forge.py" 203.0.113.66 203.0.113.2 "$in_spi" 200
say "a forger elsewhere is counted" at_least b ESP_ICV 200
say "a forger elsewhere moves nothing" seen_at_b 203.0.113.9
say "a forger elsewhere: packets flow back" ping_back
say "a forger elsewhere: the SAs are the same" same_spis
[ $failed = 0 ]
