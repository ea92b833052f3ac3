#!/bin/sh
# Packets for all on the line: multicast as OSPF and RIP send it, and broadcast, cross the tunnel either way in IPv4 and IPv6.
set -u
. "$(dirname "$0")/topology.sh"

tool=$net_root/tests/net/multicast.py
OSPF=89 UDP=17

# crosses FROM(a|b) GROUP PROTOCOL BYTES SOURCE: heard at the other end, whole, once, from that address
crosses()
{
	case $1 in
	a) says=$A from=hq hears=$GB at=branch ;;
	b) says=$GB from=branch hears=$A at=hq ;;
	esac
	: > "$dir/heard"
	ip netns exec "$hears" python3 "$tool" hear "$at" "$2" "$3" > "$dir/heard" 2>&1 &
	hearing=$!
	wait_for 5 grep -q listening "$dir/heard" && ip netns exec "$says" python3 "$tool" say "$from" "$2" "$3" "$4"
	wait_for 3 grep -q "^$5 $4 whole" "$dir/heard"
	found=$?
	kill "$hearing"
	wait "$hearing" 2> /dev/null
	cat "$dir/heard"
	[ $found = 0 ] && [ "$(grep -c "^$5 " "$dir/heard")" = 1 ]
}

link_local() { ip -n "$1" -6 addr show dev "$2" scope link | sed -n 's/.*inet6 \(fe80[0-9a-f:]*\).*/\1/p'; }
# A ping to all nodes is answered by the peer, not only by ourselves.
all_nodes() { ip netns exec "$1" ping -6 -c 3 -i 0.3 -W 2 "ff02::1%$2" | tee "$dir/ping" | grep -q "from $3%" || { cat "$dir/ping"; return 1; }; }

topo_up 4 1 1500
conf_a always
conf_b ""
start_b
start_a
say "the tunnel comes up" wait_for 10 dialling_up
wait_for 5 log_has b LINE_UP
a6=$(link_local $A hq) b6=$(link_local $GB branch)
say "both ends have an IPv6 address of the link" test -n "$a6" -a -n "$b6"

say "OSPF's hello crosses" crosses a 224.0.0.5 $OSPF 44 10.9.0.2
say "OSPF's hello crosses back" crosses b 224.0.0.5 $OSPF 44 10.9.0.1
say "OSPFv3's hello crosses" crosses a ff02::5 $OSPF 36 "$a6"
say "OSPFv3's hello crosses back" crosses b ff02::5 $OSPF 36 "$b6"
say "a large multicast packet crosses" crosses a 224.0.0.5 $OSPF 1200 10.9.0.2
say "a multicast packet larger than the link crosses in pieces" crosses b 224.0.0.6 $OSPF 3000 10.9.0.1
say "multicast of global scope crosses" crosses a 239.1.2.3 $UDP 100 10.9.0.2
say "broadcast crosses" crosses a 255.255.255.255 $UDP 200 10.9.0.2
say "broadcast crosses back" crosses b 255.255.255.255 $UDP 200 10.9.0.1
say "all nodes: the head office answers" all_nodes $A hq "$b6"
say "all nodes: the branch answers" all_nodes $GB branch "$a6"
[ $failed = 0 ]
