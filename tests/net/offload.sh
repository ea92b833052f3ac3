#!/bin/sh
# The same packets through every combination of offloads: what arrives is what was sent, byte by byte. And real TCP both ways.
# COMBOS="0 31": only these combinations, a bit for each offload.
set -u
. "$(dirname "$0")/topology.sh"

tool=$net_root/tests/net/offload.py
all="tun-tso tun-uso join udp-gso udp-gro"

# settings WORD...: both gateways get the offloads
settings()
{
	[ $# -gt 0 ] || set -- none
	words=$(printf '"%s", ' "$@")
	for g in a b; do
		sed "s/gateway: {/& offload = [ ${words%, } ];/" "$dir/$g.plain" > "$dir/$g.conf"
	done
	ctl_a reload && ctl_b reload
}
# in_use WORD...: the status names these, and no others
in_use() { ctl_a --json status hq | jq -r 'select(.type == "tunnel") | .offloads | join(" ")' | tee "$dir/in-use"; grep -qx -- "$*" "$dir/in-use"; }
taken() { settings "$@" && in_use "$@"; }
mtu() { ctl_a --json status hq | jq -r 'select(.type == "tunnel") | .mtu'; }
compare() { python3 "$tool" $LA $A hq $GB branch $LB "$(process_of a gateway)" "$(mtu)" "$@"; }
writes() { in_b cat /sys/class/net/branch/statistics/rx_packets; }
reads() { in_a cat /sys/class/net/hq/statistics/tx_packets; }

# all_arrives WORD...: and what is joined, is only with that offload. How much of it is, is a matter of who runs when: what comes one by one
# is joined with nothing.
all_arrives()
{
	before_w=$(writes) before_r=$(reads)
	compare lan device > "$dir/compared"
	status=$?
	cat "$dir/compared"
	n=$(sed -n 's/^\([0-9]*\) packets arrived.*/\1/p' "$dir/compared")
	w=$(($(writes) - before_w)) r=$(($(reads) - before_r))
	echo "of ${n:-0} packets, $r reads and $w writes"
	case " $* " in
	*" join "*) [ $w -lt "$n" ] ;;
	*) [ $w -ge "$n" ] ;;
	esac || status=1
	case " $* " in
	*" tun-tso "* | *" tun-uso "*) [ $r -lt "$n" ] ;;
	*) [ $r -ge "$n" ] ;;
	esac || status=1
	return $status
}

# The kernel of gw-b cuts what it was given joined, and nobody joins on the way to what compares.
quiet_links()
{
	in_b ethtool -K lan tx off sg off tso off gso off gro off > /dev/null
	in_lb ethtool -K eth0 gro off > /dev/null
	in_a ethtool -K lan gro off > /dev/null
	# lan-b has no such address: its kernel answers nothing.
	in_lb sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
	lan_b=$(in_lb cat /sys/class/net/eth0/address)
	ip -n $GB neigh add 10.72.0.77 lladdr "$lan_b" dev lan nud permanent
	ip -n $GB neigh add fd72::77 lladdr "$lan_b" dev lan nud permanent
}

topo_up 4 0 1500
quiet_links
conf_a always "esp: { force-udp = true; };"
conf_b
cp "$dir/a.conf" "$dir/a.plain"
cp "$dir/b.conf" "$dir/b.plain"
start_b
start_a
say "the tunnel comes up" wait_for 10 dialling_up
wait_for 5 log_has b LINE_UP
say "all that the kernel has is in use" in_use $all
before=$(spis)

for n in ${COMBOS:-$(seq 0 31)}; do
	set --
	i=0
	for word in $all; do
		[ $((n >> i & 1)) = 0 ] || set -- "$@" $word
		i=$((i + 1))
	done
	name=${*:-none}
	say "$name: in use after a reload" taken "$@"
	say "$name: every packet arrives as it was sent" all_arrives "$@"
	case $# in
	0 | 1 | 4 | 5)
		say "$name: TCP over IPv4" both_ways 10.72.0.2 2000000
		say "$name: TCP over IPv6" both_ways fd72::2 2000000
		;;
	esac
done
say "no SA was made anew for it" same_spis

[ $failed = 0 ]
