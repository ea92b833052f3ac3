#!/bin/sh
# Traffic flow confidentiality (RFC 4303 2.6, 2.7): from outside all ESP packets have one size, and go also when nothing is said.
set -u
. "$(dirname "$0")/topology.sh"
for tool in tcpdump tshark; do
	command -v $tool > /dev/null || { echo "skip - traffic flow confidentiality: no $tool"; exit 0; }
done

dump_bytes=128
esp='esp or ip6 proto 50'
# The sizes of the ESP packets of the capture that come from there: "NUMBER SIZE" each.
sizes_from() { tshark -r "$dir/cap" -Y "esp and $2.src == $1" -T fields -e frame.len 2> /dev/null | sort -n | uniq -c; } # ADDRESS PROTOCOL (ip, ipv6)
# one_size ADDRESS PROTOCOL LEAST: there are some, all have the same size, and it is the largest that goes through the link
one_size()
{
	sizes_from "$1" "$2" > "$dir/sizes"
	cat "$dir/sizes"
	[ "$(wc -l < "$dir/sizes")" = 1 ] && awk -v least="$3" '{ exit !($1 >= least && $2 - 14 <= 1500 && $2 - 14 > 1500 - 16) }' "$dir/sizes"
}
several_sizes()
{
	sizes_from "$1" "$2" > "$dir/sizes"
	cat "$dir/sizes"
	[ "$(wc -l < "$dir/sizes")" -gt 3 ]
}
nothing_is_cut() { ! in_net cat /proc/net/snmp | awk '/^Ip:/ && $2 ~ /^[0-9]/ && $19 > 0 {found = 1} END {exit !found}'; }
status_says() # GATEWAY TUNNEL EXPRESSION
{
	"ctl_$1" --json status "$2" | jq -c '.esp_sas[]' | tee "$dir/sas"
	jq -es "map(select(.direction == \"out\")) | any($3)" "$dir/sas"
}
dummies_come() { a=$(counter a ESP_DUMMY) b=$(counter b ESP_DUMMY); wait_for 10 at_least a ESP_DUMMY $((a + 10)) && wait_for 10 at_least b ESP_DUMMY $((b + 10)); }
no_dummies_come() # while three pings take a second
{
	a=$(counter a ESP_DUMMY) b=$(counter b ESP_DUMMY)
	in_la ping -c 3 -i 0.5 -W 2 10.72.0.2 && [ "$(counter a ESP_DUMMY) $(counter b ESP_DUMMY)" = "$a $b" ]
}

hidden='ike: { fragment-size = 1500; }; esp: { tfc = "max"; dummy-interval = 50; };'
surrounding() # FAMILY ADDRESS-OF-A
{
	ip=ip
	[ "$1" = 4 ] || ip=ipv6
	name="IPv$1"
	topo_up "$1" 0 1500
	conf_a always "$hidden"
	conf_b "$hidden"
	dump_start $NET na "$dir/cap" "$esp"
	start_b
	start_a
	say "$name: the tunnel comes up" wait_for 10 dialling_up
	say "$name: ping" in_la ping -c 3 -i 0.2 -W 2 10.72.0.2
	say "$name: a large one" in_la ping -c 2 -i 0.2 -s 4000 -W 2 10.72.0.2
	say "$name: TCP, byte by byte the same" both_ways 10.72.0.2 3000000
	say "$name: dummies come when nothing is said" dummies_come
	say "$name: the capture is whole" dump_stop
	say "$name: all ESP of the branch is of one size, the set-up too" one_size "$2" $ip 500
	say "$name: all of the head office" one_size "$peer_b" $ip 500
	say "$name: nothing is cut outside" nothing_is_cut
	say "$name: status shows padding and dummies" status_says a hq '.tfc_bytes > 1300 and .tfc_refused == false and .dummies > 10'
	conf_a always
	conf_b
	ctl_a reload > /dev/null
	ctl_b reload > /dev/null
	say "$name: without, no dummies come" no_dummies_come
	dump_start $NET na "$dir/cap" "$esp"
	say "$name: ... and ping" in_la ping -c 2 -i 0.1 -W 2 10.72.0.2
	for size in 10 500 900; do
		in_la ping -c 1 -s $size -W 2 10.72.0.2 > /dev/null
	done
	say "$name: the capture is whole" dump_stop
	say "$name: ... of all sizes" several_sizes "$2" $ip
	say "$name: status shows none" status_says a hq '.tfc_bytes == 0'
	stop_both
	topo_down
}

surrounding 4 198.51.100.2
surrounding 6 2001:db8:a::2

# Dummies are no reason to stay.
topo_up 4 0 1500
conf_a on-demand "idle-timeout = 2; ppp: { ipv6 = false; }; esp: { tfc = 600; dummy-interval = 50; };"
conf_b "esp: { dummy-interval = 50; };"
start_b
start_a
wait_for 10 ready
say "on demand: the first packet brings the line up" wait_for 10 ping_once
say "on demand: dummies go" wait_for 5 at_least b ESP_DUMMY 5
say "on demand: it goes down for all the dummies" wait_for 20 down_a
stop_both
[ $failed = 0 ]
