#!/bin/sh
# A tunnel in each surrounding that it must work in: with NAT and without, IPv4 and IPv6 outside and inside, MTU 1500 and 1280.
set -u
. "$(dirname "$0")/topology.sh"

# The inner interface must not be larger than what fits through the outer path: no packet of ours is cut outside.
nothing_is_cut()
{
	! in_net cat /proc/net/snmp | awk '/^Ip:/ && $2 ~ /^[0-9]/ && $19 > 0 {found = 1} END {exit !found}'
}

surrounding() # FAMILY NAT MTU [CONFIG FOR BOTH]
{
	name="IPv$1 outside, $([ "$2" = 1 ] && echo NAT || echo no NAT), MTU $3${4:+, $4}"
	topo_up "$1" "$2" "$3"
	conf_a always "${4:-}"
	conf_b "${4:-}"
	start_b
	start_a
	say "$name: comes up" wait_for 10 dialling_up
	say "$name: ping IPv4" in_la ping -c 3 -i 0.2 -W 2 10.72.0.2
	say "$name: ping IPv6" in_la ping -c 3 -i 0.2 -W 2 fd72::2
	say "$name: ping back" in_lb ping -c 3 -i 0.2 -W 2 10.71.0.2
	say "$name: large ping" in_la ping -c 2 -i 0.2 -s 4000 -W 2 10.72.0.2
	say "$name: TCP over IPv4" both_ways 10.72.0.2 4000000
	say "$name: TCP over IPv6" both_ways fd72::2 4000000
	say "$name: nothing is cut outside" nothing_is_cut
	stop_both
	topo_down
}

surrounding 4 0 1500
surrounding 4 1 1500
surrounding 6 0 1500
surrounding 6 1 1500
surrounding 4 0 1280
surrounding 4 1 1280
surrounding 6 0 1280
surrounding 6 1 1280
surrounding 4 0 1500 "esp: { force-udp = true; };"
surrounding 4 0 1500 "esp: { proposals = [ \"aes256-sha256\" ]; };"
tunnel_secret="a tunnel secret of both"
surrounding 4 1 1500 "l2tp: { hide-avps = true; sequencing = true; };"
[ $failed = 0 ]
