#!/bin/sh
# ESP that scapy makes with the keys of the branch is taken by the head office and reaches the LAN behind it; what comes back is opened by scapy.
set -u
. "$(dirname "$0")/../net/topology.sh"
. "$(dirname "$0")/lib.sh"
needs tcpdump

made() # NAME PROPOSAL NAT [MORE]
{
	name=$1
	topo_up 4 "$3" 1500
	one_by_one
	conf_a always "esp: { proposals = [ \"$2\" ]; ${4:-} };"
	conf_b "esp: { proposals = [ \"$2\" ]; ${4:-} };"
	: > "$dir/keys"
	dump_start $NET nb "$dir/esp.pcap"
	start_b
	start_a
	say "$name: comes up" wait_for 10 dialling_up
	say "$name: ping" in_la ping -q -c 2 -i 0.1 -W 2 10.72.0.2
	: > "$dir/lan.err"
	ip netns exec $LB tcpdump --immediate-mode -l -n -A -i eth0 "host 10.71.0.99" > "$dir/lan" 2> "$dir/lan.err" < /dev/null &
	pid_lan=$!
	wait_for 5 grep -q listening "$dir/lan.err"
	in_a $python "$net_root/tests/witness/made.py" "$ctl" "$dir/run-a" "$dir/run-b" "$dir/lan" > "$dir/made" 2>&1
	status=$?
	sed "s/^ok /ok      $name: /; t; s/^not ok /not ok  $name: /; t; s/^/        /" "$dir/made"
	[ $status = 0 ] || failed=$((failed + 1))
	kill $pid_lan
	wait $pid_lan
	keys_add
	say "$name: the capture is whole" dump_stop
	say "$name: scapy opens what both sent" $python "$kit" open "$dir/esp.pcap" "$dir/keys" made-by-scapy 20 --gaps
	stop_both
	topo_down
}

made "aes256-gcm behind a NAT" aes256-gcm-noesn 1
made "aes256-gcm raw, ESN" aes256-gcm-esn 0
made "aes128-gcm in UDP" aes128-gcm-noesn 0 "force-udp = true;"
made "aes256-sha256 in UDP" aes256-sha256-noesn 0 "force-udp = true;"
made "aes256-sha256 raw, ESN" aes256-sha256-esn 0
made "aes128-sha1 raw" aes128-sha1-noesn 0
made "chacha20poly1305 behind a NAT, ESN" chacha20poly1305-esn 1
made "chacha20poly1305 raw" chacha20poly1305-noesn 0
[ $failed = 0 ]
