#!/bin/sh
# kill -9 of each process of a gateway in turn, at either end: what does not need it goes on, and all is back within five seconds.
set -u
. "$(dirname "$0")/topology.sh"

is_another() # GATEWAY ROLE NUMBER: a new one serves
{
	new=$(process_of "$1" "$2") && [ -n "$new" ] && [ "$new" != "$3" ] && [ "$(grep -c "PROC_BACK.*$2" "$dir/$1.log")" -ge 1 ]
}

kills() # GATEWAY ROLE TRAFFIC(goes-on|comes-back)
{
	before=$(process_of "$1" "$2")
	kill -9 "$before"
	if [ "$3" = goes-on ]; then
		say "gateway $1, $2 killed: traffic goes on" in_la ping -c 10 -i 0.1 -W 1 10.72.0.2
	fi
	say "gateway $1, $2 killed: another one is there within 5 s" wait_for 5 is_another "$1" "$2" "$before"
	say "gateway $1, $2 killed: packets flow within 5 s" wait_for 5 ping_once
	# Repeats of one cause are summed up in the log: each kill gets a window of its own.
	sleep 11
	: > "$dir/$1.log"
}

interfaces_gone() { ! in_a ip link show hq; }
# A zombie that nobody has reaped yet has ended too.
child_gone() { case $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) in "" | Z | X) return 0 ;; esac; return 1; }

topo_up 4 0 1500
conf_a always
conf_b
start_b
start_a
say "the tunnel comes up" wait_for 10 dialling_up
for g in a b; do
	kills $g keys goes-on
	kills $g ike goes-on
	kills $g gateway comes-back
done

parent=$(cat "$dir/run-a/l2tpsecd.pid")
child=$(process_of a gateway)
kill -9 "$parent"
wait $pid_a 2>/dev/null
pid_a=
say "the parent killed: its processes end with it" wait_for 2 child_gone "$child"
say "the parent killed: its interfaces are gone" wait_for 2 interfaces_gone
start_a
say "started again, packets flow within 5 s" wait_for 5 ping_once
[ $failed = 0 ]
