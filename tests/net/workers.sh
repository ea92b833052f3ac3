#!/bin/sh
# Gateways whose packets several threads carry: many flows of one tunnel at once while its SAs are replaced, in UDP, raw and with AH, on demand,
# after a kill, and after a reload.
# L2TPSECD=build-tsan/l2tpsecd: with ThreadSanitizer looking on.
set -u
WORKERS=3
. "$(dirname "$0")/topology.sh"

threads() { set -- /proc/"$(process_of "$1" gateway)"/task/*; echo $#; }
# ThreadSanitizer adds one.
has_threads() { case ${L2TPSECD:-} in *tsan*) set -- "$1" 2 ;; *) set -- "$1" 1 ;; esac; [ $(($(threads "$1") - $2)) = $WORKERS ]; }
# Of each thread how often it has waited for something to do.
waits() { sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' /proc/"$(process_of "$1" gateway)"/task/*/status; }
all_work() # GATEWAY: each of its workers has had something to do again and again
{
	waits "$1" | tr '\n' ' '
	[ "$(waits "$1" | awk '$1 >= 20' | wc -l)" -gt $WORKERS ]
}
# streams NUMBER ADDRESS BYTES: so many at once, there and back, compared byte by byte
streams()
{
	rm -f "$dir/serve"
	ip netns exec $LB python3 "$stream" serve "$2" > "$dir/serve" 2>&1 &
	server=$!
	wait_for 5 grep -q listening "$dir/serve"
	senders='' status=0
	for i in $(seq "$1"); do
		ip netns exec $LA timeout 100 python3 "$stream" send "$2" "$3" > "$dir/send-$i" 2>&1 &
		senders="$senders $!"
	done
	for i in $senders; do
		wait "$i" || status=1
	done
	kill $server 2> /dev/null
	wait $server 2> /dev/null
	cat "$dir"/send-*
	return $status
}
nothing_lost()
{
	tail -n 2 "$dir/ping"
	grep -q ' 0% packet loss' "$dir/ping"
}
pings() { in_la ping -q -c "$1" -i 0.02 -W 3 "$2" > "$dir/ping" 2>&1; }
counted_none() { [ "$(counter a "$1")$(counter b "$1")" = 00 ]; }
no_races() # GATEWAY...
{
	for g; do
		! grep -A 30 'WARNING: ThreadSanitizer' "$dir/$g.log" || return 1
	done
}

topo_up 4 1 1500
conf_a on-demand "esp: { lifetime-packets = 30000; replay-window = 16384; };"
conf_b "esp: { lifetime-packets = 30000; replay-window = 16384; };"
start_b
start_a
say "both start" wait_for 10 ready
say "the branch has its threads" has_threads a
say "the head office has, too" has_threads b
say "the first packet brings the line up, and is answered" in_la ping -q -c 1 -W 10 10.72.0.2
in_la ping -i 0.05 -c 100 -W 5 10.72.0.2 > "$dir/ping" 2>&1 &
pinger=$!
say "sixteen flows over IPv4" streams 16 10.72.0.2 3000000
say "sixteen flows over IPv6" streams 16 fd72::2 3000000
wait $pinger
say "no ping is lost beside them" nothing_lost
say "SAs were replaced meanwhile" at_least a IKE_CHILD_REKEYED 2
say "all threads of the branch took part" all_work a
say "all threads of the head office took part" all_work b
say "nothing failed to open" counted_none ESP_ICV
say "and none without them" eval "pings 100 10.72.0.2 && nothing_lost"

ctl_a --json status hq | jq -r 'select(.type == "tunnel") | "\(.out_packets) \(.in_packets)"' > "$dir/counts"
read -r out in < "$dir/counts"
say "the status counts what went and came" [ "$out" -gt 40000 -a "$in" -gt 40000 ]

sed -i 's/workers = 3/workers = 2/' "$dir/a.conf"
said_so() { ctl_a reload > "$dir/said" 2>&1; cat "$dir/said"; grep -q "workers counts from the next start" "$dir/said"; }
say "a reload with another number says from when on it counts" said_so
say "and it goes on" pings 5 10.72.0.2

kill -9 "$(process_of a gateway)"
say "a gateway that was killed comes back" wait_for 20 in_la ping -q -c 1 -W 1 10.72.0.2
say "with the threads that sockets were made for" has_threads a
say "flows over it" streams 4 10.72.0.2 1000000
say "both end in good order" stop_both
say "and saw no race" no_races a b
topo_down

for kind in "4 raw ESP" "6 raw ESP" "4 AH" "6 AH"; do
	family=${kind%% *} inner=${kind#* }
	topo_up "$family" 0 1500
	more=''
	[ "$inner" != AH ] || more='ipsec = "ah";'
	conf_a always "$more"
	conf_b "$more"
	start_b
	start_a
	say "$inner over IPv$family: comes up" wait_for 10 dialling_up
	say "$inner over IPv$family: no ping is lost" eval "pings 100 10.72.0.2 && nothing_lost"
	say "$inner over IPv$family: each packet came once" counted_none ESP_REPLAY
	say "$inner over IPv$family: flows" streams 8 10.72.0.2 500000
	say "$inner over IPv$family: ends in good order" stop_both
	say "$inner over IPv$family: no race" no_races a b
	topo_down
done
[ $failed = 0 ]
