#!/bin/sh
# A tunnel on demand: the first packet is not lost, silence ends it, the next packet brings it back, and so does the loss of either end.
set -u
. "$(dirname "$0")/topology.sh"

ups() { grep -c LINE_UP "$dir/a.log"; }
downs() { grep -c LINE_DOWN "$dir/a.log"; }
is_quiet() { [ "$(ups)" = 0 ]; }
went_down() { [ "$(downs)" -ge "$1" ]; }

topo_up 4 1 1500
conf_a on-demand "idle-timeout = 3;"
conf_b
start_b
start_a
say "both start" wait_for 10 ready
sleep 2
say "nothing dials without a packet" is_quiet
say "the first packet is not lost" in_la ping -c 1 -W 5 10.72.0.2
say "it is up" dialling_up
say "silence ends it" wait_for 12 went_down 1
say "the next packet brings it back" in_la ping -c 1 -W 5 10.72.0.2
say "TCP goes through it" both_ways 10.72.0.2 1000000

# The head office vanishes without a word and comes back.
kill_all $pid_b
start_b
wait_for 10 log_has b DAEMON_READY
say "a head office that was restarted is found again" in_la timeout 90 sh -c 'until ping -c 1 -W 1 10.72.0.2; do :; done'

# No peer at all: tries grow rarer, and nothing is remembered that should not be.
stop_both
start_a
wait_for 10 log_has a DAEMON_READY
in_la ping -c 1 -W 1 10.72.0.2 > /dev/null
sleep 1
start_b
say "a peer that comes late is found" in_la timeout 60 sh -c 'until ping -c 1 -W 1 10.72.0.2; do :; done'
[ $failed = 0 ]
