#!/bin/sh
# SAs are replaced under traffic and nothing is lost: ESP SAs by packets, by bytes and by time, IKE SAs by time, for both kinds of cipher.
set -u
. "$(dirname "$0")/topology.sh"

nothing_lost()
{
	sed -n 's/.*icmp_seq=\([0-9]*\).*/\1/p' "$dir/ping" | awk '$1 != last + 1 {print "lost: " last + 1 " to " $1 - 1} {last = $1}'
	tail -n 2 "$dir/ping"
	grep -q ' 0% packet loss' "$dir/ping"
}
only_two_sas() # what succeeded is ended, too
{
	[ "$(ctl_a --json status hq | jq -s '.[] | select(.type == "tunnel") | .esp_sas | length')" = 2 ]
}

under_traffic() # NAME LIFE PROPOSALS
{
	topo_up 4 1 1500
	conf_a always "esp: { $2; $3 };"
	conf_b "esp: { $2; $3 };"
	start_b
	start_a
	say "$1: comes up" wait_for 10 dialling_up
	in_la ping -i 0.02 -c 400 -W 3 10.72.0.2 > "$dir/ping" 2>&1 &
	pinger=$!
	say "$1: TCP both ways" both_ways 10.72.0.2 150000000
	wait $pinger
	say "$1: no ping is lost" nothing_lost
	say "$1: CHILD SAs were replaced" at_least a IKE_CHILD_REKEYED 3
	say "$1: what was on its way was opened" test "$(counter a ESP_UNKNOWN_SPI)$(counter b ESP_UNKNOWN_SPI)" = 00
	say "$1: the old ones are gone" wait_for 5 only_two_sas
	stop_both
	topo_down
}

under_traffic "by packets, AES-256-GCM" "lifetime-packets = 40000" ""
under_traffic "by bytes, AES-256-CBC" "lifetime-mib = 48" 'proposals = [ "aes256-sha256" ];'

# Lives so short that the line uses them up before a successor can be there: packets wait for it, the line stays.
topo_up 4 1 1500
conf_a always "esp: { lifetime-mib = 4; };"
conf_b "esp: { lifetime-mib = 4; };"
start_b
start_a
say "used up in no time: comes up" wait_for 10 dialling_up
say "used up in no time: TCP both ways" both_ways 10.72.0.2 60000000
say "used up in no time: CHILD SAs were replaced" at_least a IKE_CHILD_REKEYED 5
say "used up in no time: the line stayed up" test "$(counter a LINE_DOWN)$(counter b LINE_DOWN)" = 00
stop_both
topo_down

topo_up 4 1 1500
conf_a always "esp: { lifetime = 60; }; ike: { lifetime = 60; };"
conf_b "esp: { lifetime = 60; }; ike: { lifetime = 60; };"
start_b
start_a
say "by time: comes up" wait_for 10 dialling_up
in_la ping -i 0.1 -c 650 -W 3 10.72.0.2 > "$dir/ping" 2>&1
say "by time: no ping is lost" nothing_lost
say "by time: CHILD SAs were replaced" at_least a IKE_CHILD_REKEYED 1
say "by time: IKE SAs were replaced" at_least a IKE_REKEYED 1
say "by time: the old ones are gone" wait_for 5 only_two_sas
[ $failed = 0 ]
