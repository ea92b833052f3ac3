#!/bin/sh
# MOBIKE: the branch's address changes under traffic, and the SAs at both ends stay what they are; where they cannot, it dials anew.
set -u
. "$(dirname "$0")/topology.sh"

event_a() { ctl_a events > "$dir/events" && cat "$dir/events" && grep -q "$1" "$dir/events"; }
event_b() { ctl_b events > "$dir/events" && cat "$dir/events" && grep -q "$1" "$dir/events"; }
seen_at_b() { ctl_b --json status branch | grep -q "\"remote\":\"\[\{0,1\}$1[]:]"; }
# Of the IKE SA and of ESP, as the two ends know them.
all_spis()
{
	ctl_a --json status hq | grep -o '"spi[a-z_]*":"[0-9a-f]*"'
	ctl_b --json status branch | grep -o '"spi[a-z_]*":"[0-9a-f]*"'
}
same() { now=$(all_spis); echo "$now"; [ "$(echo "$before" | grep -c .)" -ge 6 ] && [ "$now" = "$before" ]; }
others() { now=$(spis); [ -n "$now" ] && [ "$now" != "$before_a" ]; }
mobike_is() { ctl_a status hq > "$dir/status" && grep MOBIKE "$dir/status" && grep -q "MOBIKE *$1" "$dir/status"; }
comes_up() # NAME
{
	start_b
	start_a
	say "$1: comes up" wait_for 10 ping_once
	wait_for 5 up_b
	before=$(all_spis)
	before_a=$(spis)
}
address() # OLD NEW GATEWAY PREFIX-LENGTH
{
	ip -n $A -batch - <<-END
		addr del $1/$4 dev out
		addr add $2/$4 dev out
		route replace default via $3
	END
}
copy_begins()
{
	head -c 60000000 /dev/urandom > "$dir/sent"
	: > "$dir/listening"
	ip netns exec $LB timeout 40 python3 -c '
import socket, sys
s = socket.create_server(("", 7777))
print("ready", flush=True)
c = s.accept()[0]
with open(sys.argv[1], "wb") as f:
    while part := c.recv(65536):
        f.write(part)
' "$dir/came" > "$dir/listening" &
	listener=$!
	wait_for 5 grep -q ready "$dir/listening"
	ip netns exec $LA timeout 40 python3 -c '
import socket, sys, time
c = socket.create_connection(("10.72.0.2", 7777))
data = open(sys.argv[1], "rb").read()
for i in range(0, len(data), 500000):
    c.sendall(data[i:i + 500000])
    time.sleep(0.03)
' "$dir/sent" &
	sender=$!
	wait_for 5 test -s "$dir/came"
}
copy_ends() { wait $sender && wait $listener && cmp "$dir/sent" "$dir/came"; }
copy_runs() { kill -0 $sender 2> /dev/null; }

keeps() # FAMILY UDP OLD NEW THIRD GATEWAY PREFIX-LENGTH
{
	name="IPv$1$([ "$2" = true ] && echo ', ESP in UDP')"
	topo_up "$1" 0 1500
	conf_a always "esp: { force-udp = $2; };"
	conf_b "esp: { force-udp = $2; };"
	comes_up "$name"
	say "$name: status says that it can move" mobike_is yes
	copy_begins
	address "$3" "$4" "$6" "$7"
	say "$name: packets flow" wait_for 5 ping_once
	say "$name: the branch tells of it" wait_for 5 event_a "$3 before, $4 now"
	say "$name: the head office follows" wait_for 5 seen_at_b "$4"
	say "$name: and tells of it" event_b "MOBIKE_PEER\|has moved its tunnel"
	say "$name: the copy still runs" copy_runs
	address "$4" "$5" "$6" "$7"
	say "$name: it moves again" wait_for 5 seen_at_b "$5"
	say "$name: pings" in_la ping -c 5 -i 0.1 -W 1 10.72.0.2
	say "$name: pings back" in_lb ping -c 5 -i 0.1 -W 1 10.71.0.2
	say "$name: the copy is whole" copy_ends
	say "$name: all SAs are the same" same
}
keeps 4 false 198.51.100.2 198.51.100.7 198.51.100.8 198.51.100.1 24
stop_both
topo_down
keeps 6 false 2001:db8:a::2 2001:db8:a::7 2001:db8:a::8 2001:db8:a::1 64
stop_both
topo_down
keeps 4 true 198.51.100.2 198.51.100.7 198.51.100.8 198.51.100.1 24

# -- from there to a place behind a NAT --
in_net nft add table inet late
in_net nft "add chain inet late post { type nat hook postrouting priority 100; }"
in_net nft add rule inet late post oifname nb masquerade
address 198.51.100.8 198.51.100.9 198.51.100.1 24
say "behind a NAT: the head office follows" wait_for 5 seen_at_b 203.0.113.1
say "behind a NAT: pings" in_la ping -c 5 -i 0.1 -W 1 10.72.0.2
say "behind a NAT: pings back" in_lb ping -c 5 -i 0.1 -W 1 10.71.0.2
say "behind a NAT: all SAs are the same" same
stop_both
topo_down

# -- without: it dials anew --
anew() # NAME
{
	address 198.51.100.2 198.51.100.7 198.51.100.1 24
	say "$1: it dials anew" wait_for 8 others
	say "$1: packets flow" wait_for 8 ping_once
}
topo_up 4 0 1500
conf_a always "mobike = false;"
conf_b
comes_up "mobike = false"
say "mobike = false: status says that it cannot move" mobike_is no
anew "mobike = false"
stop_both
topo_down

topo_up 4 0 1500
conf_a always
conf_b
comes_up "ESP without UDP, behind a NAT"
in_net nft add table inet late
in_net nft "add chain inet late post { type nat hook postrouting priority 100; }"
in_net nft add rule inet late post oifname nb masquerade
anew "ESP without UDP, behind a NAT"
say "ESP without UDP, behind a NAT: told" event_a "cannot move\|UNACCEPTABLE_ADDRESSES"
say "ESP without UDP, behind a NAT: the head office knows it" wait_for 5 seen_at_b 203.0.113.1
[ $failed = 0 ]
