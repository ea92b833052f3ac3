#!/bin/sh
# The thinnest line through everything: two daemons behind a NAT, the first packet brings the line up, and a stream crosses it.
set -u
. "$(dirname "$0")/topology.sh"

topo_up 4 1 1500
conf_a on-demand
conf_b
start_b
start_a
say "both start" wait_for 10 ready
say "the first packet is not lost" in_la ping -c 1 -W 5 10.72.0.2
say "TCP over IPv4 both ways" both_ways 10.72.0.2 4000000
say "TCP over IPv6 both ways" both_ways fd72::2 4000000
say "both end in good order" stop_both
[ $failed = 0 ]
