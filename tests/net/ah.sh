#!/bin/sh
# A tunnel in AH: IPv4 and IPv6 outside, each kind of traffic, rekeying; ESP and AH do not meet, and a NAT is named as the reason.
set -u
. "$(dirname "$0")/topology.sh"

ah='ipsec = "ah";'

# only_ah FAMILY: what passes between the gateways is AH and IKE
only_ah()
{
	dump_start $NET nb "$dir/ah.pcap" || return 1
	in_la ping -q -c 3 -i 0.1 -W 2 10.72.0.2
	dump_stop
	protocol='ip proto 51'
	[ "$1" = 4 ] || protocol='ip6 proto 51'
	ah_seen=$(tcpdump -n -r "$dir/ah.pcap" "$protocol" 2> /dev/null | wc -l)
	others=$(tcpdump -n -r "$dir/ah.pcap" 'ip proto 50 or ip6 proto 50 or udp port 4500 or udp port 1701 or icmp' 2> /dev/null | wc -l)
	echo "AH: $ah_seen, ESP or bare: $others"
	[ "$ah_seen" -ge 6 ] && [ "$others" = 0 ]
}
nothing_is_cut()
{
	! in_net cat /proc/net/snmp | awk '/^Ip:/ && $2 ~ /^[0-9]/ && $19 > 0 {found = 1} END {exit !found}'
}
status_says_ah() { in_a "$ctl" --run-dir "$dir/run-a" --json status hq | grep -q "\"protocol\":\"ah\",.*\"integ\":\"$1\""; }
path_is_measured() { in_a "$ctl" --run-dir "$dir/run-a" --json status hq | grep -q "\"path_mtu\":$1,\"path_known\":\"measured\""; }
rekeyed() { in_a "$ctl" --run-dir "$dir/run-a" --json events hq | grep -q '"name":"IKE_CHILD_REKEYED"'; }
ah_drops()
{
	in_b "$ctl" --run-dir "$dir/run-b" --json counters | grep -oE '"(ESP_ICV|ESP_REPLAY|ESP_UNKNOWN_SPI|ESP_TOO_OLD|AH_[A-Z]*)"' | sort | uniq -c
}

surrounding() # FAMILY MTU INTEG [PROPOSALS]
{
	name="IPv$1 outside, MTU $2, $3"
	more="$ah esp: { lifetime-packets = 5000; }; ${4:+ah: { proposals = [ \"$4\" ]; \};}"
	topo_up "$1" 0 "$2"
	conf_a always "$more"
	conf_b "$more"
	start_b
	start_a
	say "$name: comes up" wait_for 10 dialling_up
	say "$name: status says AH" status_says_ah "$3"
	say "$name: nothing but AH passes" only_ah "$1"
	say "$name: the path is measured" wait_for 20 path_is_measured "$2"
	say "$name: ping IPv6" in_la ping -c 3 -i 0.2 -W 2 fd72::2
	say "$name: ping back" in_lb ping -c 3 -i 0.2 -W 2 10.71.0.2
	say "$name: large ping" in_la ping -c 2 -i 0.2 -s 4000 -W 2 10.72.0.2
	say "$name: TCP over IPv4" both_ways 10.72.0.2 4000000
	say "$name: TCP over IPv6" both_ways fd72::2 4000000
	say "$name: rekeyed meanwhile" rekeyed
	say "$name: nothing is cut outside" nothing_is_cut
	say "$name: nothing is dropped" test -z "$(ah_drops)"
	stop_both
	topo_down
}

why_is() { in_a "$ctl" --run-dir "$dir/run-a" --json why hq | grep -q "\"name\":\"$1\""; }
refused() # NAME NAT CAUSE SETTING-A SETTING-B
{
	name=$1
	topo_up 4 "$2" 1500
	conf_a always "$4"
	conf_b "$5"
	start_b
	start_a
	say "$name: why says $3" wait_for 10 why_is "$3"
	in_a "$ctl" --run-dir "$dir/run-a" why hq | sed 's/^/# /' | head -n 3
	stop_both
	topo_down
}

surrounding 4 1500 sha256
surrounding 6 1500 sha256
surrounding 4 1280 sha384 sha384-x25519
surrounding 6 1280 sha512 sha512-noesn
surrounding 4 1500 aes256-gmac aes256-gmac
surrounding 6 1500 aescmac aescmac
refused "behind a NAT" 1 AH_NAT "$ah" "$ah"
refused "the peer wants ESP" 0 IKE_NO_CHILD_PROPOSAL "$ah" ""
refused "the peer wants AH" 0 IKE_NO_CHILD_PROPOSAL "" "$ah"
[ $failed = 0 ]
