#!/bin/sh
# A flood of one flow does not starve others: beside it a ping is answered and TCP comes through, whoever floods and in whichever direction.
set -u
. "$(dirname "$0")/topology.sh"

# flood NS ADDRESS BYTES: UDP as fast as it goes, to where nobody listens and nobody answers
flood()
{
	ip netns exec "$1" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
data = bytes(int(sys.argv[2]))
while True:
    s.send(data)' "$2" "$3" 2> /dev/null &
	flooding=$!
}
silent() { ip netns exec "$1" nft "add table ip silent; add chain ip silent in { type filter hook prerouting priority -300; }; add rule ip silent in udp dport 9 counter drop"; }
came() { ip netns exec "$1" nft -j list ruleset | jq '[.. | .counter? | objects | .packets] | add'; }
pings() { n=$(in_la ping -c 40 -i 0.05 -W 3 10.72.0.2 | tee /dev/stderr | sed -n 's/.* \([0-9]*\) received.*/\1/p') && [ "${n:-0}" -ge 20 ]; }
flows() { n=$(($(came "$1") - before)); echo "$n packets of the flood"; [ $n -ge 5000 ]; }

topo_up 4 0 1500
conf_a always "esp: { force-udp = true; };"
conf_b
start_b
start_a
say "the tunnel comes up" wait_for 10 dialling_up
wait_for 5 log_has b LINE_UP
silent $LB
silent $LA
for size in 64 1200; do
	for to in b a; do
		case $to in
		b) from=$LA at=$LB address=10.72.0.2 ;;
		a) from=$LB at=$LA address=10.71.0.2 ;;
		esac
		name="beside a flood of $size bytes towards lan-$to"
		before=$(came $at)
		flood $from $address $size
		say "$name: pings" pings
		say "$name: TCP" both_ways 10.72.0.2 100000
		say "$name: which goes on itself" wait_for 60 flows $at
		kill $flooding
		wait $flooding 2> /dev/null
	done
done
say "the line never went down" test "$(grep -c LINE_UP "$dir/a.log")" = 1
[ $failed = 0 ]
