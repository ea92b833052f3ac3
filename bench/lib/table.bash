# The lines of a measurement as a table of medians; sourced by bench/versus and bench/run.sh.

# medians FILE: one JSON object a peer, each number the median over its rounds, fastest first
medians()
{
	jq -s -c '
		def median: map(select(. != null)) | sort | if length == 0 then null
			elif length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 * 100 | round / 100 end;
		def of(f): map(f) | median;
		group_by(.peer) | map({peer: .[0].peer, rounds: (map(select(.error == null)) | length), failed: (map(select(.error != null)) | length)}
			+ (map(select(.error == null)) | if length == 0 then {} else {
				up_ms: of(.up_ms), path_mtu: of(.path_mtu), tcp1_mbit: of(.tcp1_mbit), tcp1_rev_mbit: of(.tcp1_rev_mbit), tcp4_mbit: of(.tcp4_mbit),
				cpu_s_per_gb: of(.cpu_s_per_gb), gw_cpu_s_per_gb: of(.gw_cpu_s_per_gb), udp64_pps: of(.udp64_pps), udp1200_pps: of(.udp1200_pps),
				ping_us: [of(.ping_us[0]), of(.ping_us[1])], ping_loaded_us: [of(.ping_loaded_us[0]), of(.ping_loaded_us[1])],
				rss_mb: of(.rss_mb)} end))
		| sort_by(-(.tcp1_mbit // 0)) | .[]' "$1"
}

# table FILE
table()
{
	medians "$1" | jq -r -s '
		def kilo: . / 100 | round / 10;
		["peer", "1 flow", "back", "4 flows", "CPU s/GB", "gateways", "64 B", "1200 B", "ping", "p99", "loaded", "p99", "MTU", "up ms", "RSS"],
		["", "Mbit/s", "Mbit/s", "Mbit/s", "machine", "CPU s/GB", "kpps", "kpps", "us", "us", "us", "us", "", "", "MB"],
		(.[] | if .rounds == 0 then [.peer, "did not come up"] else
			[.peer + (if .failed > 0 then " (\(.failed) failed)" else "" end), (.tcp1_mbit | round), (.tcp1_rev_mbit | round), (.tcp4_mbit | round),
			 .cpu_s_per_gb, .gw_cpu_s_per_gb, (.udp64_pps | kilo), (.udp1200_pps | kilo)]
			+ (.ping_us + .ping_loaded_us | map(round)) + [.path_mtu, (.up_ms | round), .rss_mb] end)
		| map(tostring) | @tsv' | column -t -s $'\t'
}
