# What is measured through a VPN that is up; sourced by bench/versus after lab.bash.
# shellcheck disable=SC2154

# Hundredths of a second in which the machine did something for somebody (proc(5), /proc/stat: no idle, no I/O wait).
machine_busy() { awk '$1 == "cpu" {print $2 + $3 + $4 + $7 + $8; exit}' /proc/stat; }
gateway_pids() { ip netns pids "$A"; ip netns pids "$B"; }
# The same of the gateways' processes; what the kernel does for them in softirq is not in it.
gateways_busy()
{
	local p
	for p in $(gateway_pids); do cat "/proc/$p/stat" 2>/dev/null; done | awk '{sub(/.*\) /, ""); sum += $12 + $13} END {print sum + 0}'
}
gateways_rss_kb()
{
	local p
	for p in $(gateway_pids); do cat "/proc/$p/status" 2>/dev/null; done | awk '$1 == "VmRSS:" {sum += $2} END {print sum + 0}'
}

server_start()
{
	start "$LB" iperf3 -s
	wait_for 3 server_listens
}
server_listens() { ip netns exec "$LB" ss -Hltn 'sport = 5201' | grep -q .; }
iperf() { in_la timeout $((SECS + 15)) iperf3 -c "$far" -t "$SECS" -J "$@" 2>/dev/null; }

# tcp [IPERF3-OPTION]...: "MBIT CPU-SECONDS-A-GB OF-THE-GATEWAYS", of what arrived; "0 0 0" when nothing did
tcp()
{
	local machine gateways said
	machine=$(machine_busy) gateways=$(gateways_busy)
	said=$(iperf "$@")
	machine=$(($(machine_busy) - machine)) gateways=$(($(gateways_busy) - gateways))
	jq -r --argjson m $machine --argjson g $gateways '
		def round_to(n): . * n | round / n;
		.end.sum_received as $s | (($s.bytes // 0) / 1e9) as $gb
		| if $gb > 0 then [($s.bits_per_second / 1e6 | round_to(10)), ($m / 100 / $gb | round_to(100)), ($g / 100 / $gb | round_to(100))]
		else [0, 0, 0] end | map(tostring) | join(" ")' <<<"$said" 2>/dev/null || echo "0 0 0"
}

# udp SIZE: packets a second that arrived, sent as fast as iperf3 can
udp()
{
	iperf -u -b 0 -l "$1" | jq -r '.end | (.sum_received // .sum) | (.packets // 0) as $n
		| if ($n > 0 and .seconds > 0) then ($n - (.lost_packets // 0)) / .seconds | round else 0 end' 2>/dev/null || echo 0
}

# "P50 P99" of the round trip in microseconds; "0 0" when nothing came back
round_trip()
{
	in_la ping -n -i 0.005 -c "$PINGS" -W 1 "$far" 2>/dev/null | sed -n 's/.* time=\([0-9.]*\) ms$/\1/p' | sort -n |
		awk '{us[NR] = $1 * 1000}
		     function at(share) {i = int(NR * share + 0.999999); return us[i < 1 ? 1 : i]}
		     END {if (NR) printf "%d %d\n", at(0.5), at(0.99); else print "0 0"}'
}

path_mtu() { in_la tracepath -n -m 4 "$far" 2>/dev/null | sed -n 's/.*pmtu \([0-9]*\).*/\1/p' | tail -n 1; }

# measure NAME ROUND UP-MS: prints one line of JSON
measure()
{
	local mtu one rev four small large rss idle loaded load
	server_start
	mtu=$(path_mtu)
	idle=$(round_trip)
	one=$(tcp)
	rev=$(tcp -R)
	four=$(tcp -P 4)
	small=$(udp 64)
	large=$(udp 1200)
	rss=$(gateways_rss_kb)
	in_la iperf3 -c "$far" -t $((PINGS / 200 + 2)) >/dev/null 2>&1 &
	load=$!
	sleep 0.5
	loaded=$(round_trip)
	wait $load
	# shellcheck disable=SC2086
	jq -nc --arg peer "$1" --argjson round "$2" --argjson up_ms "$3" --argjson mtu "${mtu:-0}" --argjson rss "$rss" --argjson small "${small:-0}" \
		--argjson large "${large:-0}" '[$ARGS.positional[] | tonumber] as $n
		| {$peer, $round, $up_ms, path_mtu: $mtu, tcp1_mbit: $n[0], tcp1_rev_mbit: $n[3], tcp4_mbit: $n[6], cpu_s_per_gb: $n[1],
		   gw_cpu_s_per_gb: $n[2], udp64_pps: $small, udp1200_pps: $large, ping_us: $n[9:11], ping_loaded_us: $n[11:13], rss_mb: ($rss / 1024 | floor)}' \
		--args $one $rev $four $idle $loaded
}
