#!/bin/bash
# bench/ratios.sh RESULTS: how this gateway's medians stand to those of the bound and of OpenVPN, where both were measured.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=bench/lib/table.bash
. "$here/lib/table.bash"
medians "$1" | jq -r -s '
	def over(a; b): if (b // 0) > 0 then a / b * 100 | round / 100 | tostring else "-" end;
	[.[] | select(.rounds > 0)] as $all
	| [["", "1 flow", "back", "4 flows", "CPU s/GB", "64 B", "1200 B", "ping", "loaded"]]
	+ [("limit", "openvpn") as $other | $all[] | select(.peer == $other) as $o
	   | $all[] | select(.peer | startswith("l2tpsec"))
	   | [.peer + " / " + $other, over(.tcp1_mbit; $o.tcp1_mbit), over(.tcp1_rev_mbit; $o.tcp1_rev_mbit), over(.tcp4_mbit; $o.tcp4_mbit),
	      over(.cpu_s_per_gb; $o.cpu_s_per_gb), over(.udp64_pps; $o.udp64_pps), over(.udp1200_pps; $o.udp1200_pps),
	      over(.ping_us[0]; $o.ping_us[0]), over(.ping_loaded_us[0]; $o.ping_loaded_us[0])]]
	| if length > 1 then .[] | @tsv else empty end' | column -t -s $'\t'
