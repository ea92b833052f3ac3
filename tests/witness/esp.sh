#!/bin/sh
# What we send is ESP: tshark and scapy open every packet of a capture with the keys that l2tpsecctl shows, and find the traffic in it.
set -u
. "$(dirname "$0")/../net/topology.sh"
. "$(dirname "$0")/lib.sh"
needs tshark tcpdump

fields="-e esp.spi -e esp.icv_good -e udp.dstport -e l2tp.tunnel -e ppp.protocol -e icmp.type -e data.data -e tcp.port -e _ws.malformed"

sent_of() { ip netns exec "$1" "$ctl" --run-dir "$dir/$2" --json status "$3" | grep -o '"direction":"out"[^}]*' | grep -o '"packets":[0-9]*' | cut -d: -f2; }

# Every ESP packet is authentic, goes to UDP 1701 and holds L2TP; the echo requests and TCP are in them.
tshark_opens()
{
	# shellcheck disable=SC2086
	witness "$dir/esp.pcap" -Y esp -T fields -E separator='|' $fields > "$dir/esp" || return 1
	cat "$dir/tshark"
	awk -F'|' -v pattern=$pattern '
		{ all++ }
		$2 != 1 && $2 != "True" { print "the ICV is not good: " $0; bad++; next }
		$3 !~ /(^|,)1701$/ || $4 == "" || $9 != "" { print "no L2TP on UDP 1701: " $0; bad++; next }
		{ good++ }
		$6 == 8 && index($7, pattern) { echo++ }
		$8 != "" { tcp++ }
		END {
			print good + 0 " of " all + 0 " opened, " echo + 0 " echo requests, " tcp + 0 " of TCP"
			exit !(all > 0 && good == all && !bad && echo == 3 && tcp > 50)
		}' "$dir/esp"
}
scapy_opens()
{
	$python "$kit" open "$dir/esp.pcap" "$dir/keys" $text 3 > "$dir/opened"
	status=$?
	cat "$dir/opened"
	return $status
}

# The gateways have counted no more than was captured.
nothing_is_missing()
{
	captured=$(sed -n 's/.* of \([0-9]*\) packets.*/\1/p' "$dir/opened")
	echo "captured ${captured:-0}, sent $sent"
	[ "$sent" -gt 50 ] && [ "${captured:-0}" -ge "$sent" ]
}
is_udp() { in_b "$ctl" --run-dir "$dir/run-b" --json status branch | grep -q "\"udp\":$1"; }
tshark_knows() { case $1 in *chacha*) return 1 ;; *noesn*) return 0 ;; *) return 1 ;; esac; }

seen() # NAME PROPOSAL FAMILY NAT [MORE]
{
	name=$1
	topo_up "$3" "$4" 1500
	one_by_one
	conf_a always "esp: { proposals = [ \"$2\" ]; ${5:-} };"
	conf_b "esp: { proposals = [ \"$2\" ]; ${5:-} };"
	: > "$dir/keys"
	dump_start $NET nb "$dir/esp.pcap"
	start_b
	start_a
	say "$name: comes up" wait_for 10 dialling_up
	case $4${5:-} in 0) udp=false ;; *) udp=true ;; esac
	say "$name: ESP in UDP: $udp" is_udp $udp
	say "$name: ping" in_la ping -q -c 3 -i 0.05 -s 200 -p "$(printf %.32s "$pattern")" -W 2 10.72.0.2
	say "$name: TCP" both_ways 10.72.0.2 200000
	keys_add
	sent=$(($(sent_of $A run-a hq) + $(sent_of $GB run-b branch)))
	say "$name: the capture is whole" dump_stop
	say "$name: scapy opens every packet" scapy_opens
	say "$name: the counters say no more than was sent" nothing_is_missing
	if tshark_knows "$2"; then
		say "$name: tshark opens every packet" tshark_opens
	fi
	stop_both
	topo_down
}

text=seen-by-witness1 # 16 bytes: as much as ping repeats
pattern=$(printf %s $text | od -An -tx1 | tr -d ' \n')
seen "aes256-gcm in UDP behind a NAT" aes256-gcm-noesn 4 1
seen "aes256-gcm raw" aes256-gcm-noesn 4 0
seen "aes128-gcm raw, IPv6" aes128-gcm-noesn 6 0
seen "aes128-gcm in UDP" aes128-gcm-noesn 4 0 "force-udp = true;"
seen "aes256-sha256 in UDP" aes256-sha256-noesn 4 0 "force-udp = true;"
seen "aes256-sha256 raw" aes256-sha256-noesn 4 0
seen "aes128-sha1 raw" aes128-sha1-noesn 4 0
seen "aes128-sha1 in UDP behind a NAT" aes128-sha1-noesn 4 1
# Debian's tshark knows neither ChaCha20-Poly1305 in ESP nor the high half of ESN.
seen "chacha20poly1305 in UDP behind a NAT" chacha20poly1305-noesn 4 1
seen "chacha20poly1305 raw" chacha20poly1305-noesn 4 0
seen "aes256-gcm with ESN" aes256-gcm-esn 4 0
seen "aes256-sha256 with ESN" aes256-sha256-esn 4 1
seen "chacha20poly1305 with ESN" chacha20poly1305-esn 4 0
[ $failed = 0 ]
