#!/bin/sh
# make bench: the engines alone, this gateway beside others, in turn, and at scale. docs/PERFORMANCE.md explains what comes out.
#
#   bench/run.sh [PEER]...   as bench/versus takes them, and nothing at scale; without one, this gateway in its forms, the bound and
#                            all others, and all of the rest
#
# ROUNDS=5 SECS=2 of each measurement; OUT=build/bench is where engines.txt, results.json, table.txt, throughput.svg, scale.txt,
# tunnels.json, flood.json and soak.json go; LAB names the folder of limit/nulltun.c (../shared/lab). SOAK=10 minutes of the long run,
# 0: none.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=build-aux/setup.sh
. build-aux/setup.sh
ROUNDS=${ROUNDS:-5} SECS=${SECS:-2} OUT=${OUT:-build/bench} SOAK=${SOAK:-10}
export ROUNDS SECS
scale=0
if [ $# = 0 ]; then
	scale=1
	set -- l2tpsec l2tpsec:CIPHER=cbc l2tpsec:CIPHER=chacha l2tpsec:ENCAP=raw limit plain openvpn wireguard-go fastd tinc strongswan
fi
if [ ! -x build/l2tpsecd ] || [ ! -x build/bench/esp ]; then
	echo "bench/run.sh: build/l2tpsecd or build/bench/esp is missing: run make bench" >&2
	exit 1
fi
echo "This installs the Debian packages of the VPNs that are compared, runs each between network namespaces of its own and takes them"
echo "away again. About $((ROUNDS * $# * (SECS * 5 + 10) / 60 + scale * (8 + SOAK))) minutes; the figures go to $OUT."
install_packages demo bench
mkdir -p "$OUT"

echo "-- the engines alone: a packet's cost, without any I/O"
status=0
{
	build/bench/esp && echo && bench/instructions.sh || status=1
} >"$OUT/engines.txt"
cat "$OUT/engines.txt"

echo "-- $# peers, $ROUNDS rounds in turn, $SECS s each measurement"
{
	echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, Linux $(uname -r), TCP $(cat /proc/sys/net/ipv4/tcp_congestion_control)"
	echo "medians of $ROUNDS rounds in turn, $SECS s each; both gateways and both ends share these cores, so only ratios count."
	echo "load before the start: $(cut -d' ' -f1-3 /proc/loadavg) (above 0.5 something else takes part in all figures)"
	echo
} >"$OUT/table.txt"
bench/versus -j "$OUT/results.json" "$@" >>"$OUT/table.txt" || status=1
{ echo; bench/ratios.sh "$OUT/results.json"; } >>"$OUT/table.txt"
bench/plot.sh "$OUT/results.json" "$OUT/throughput.svg" || status=1
echo
cat "$OUT/table.txt"
if [ $scale = 1 ]; then
	echo "-- at scale: 100,000 SAs, 1,000 tunnels, a flood, a long run"
	{
		build/bench/sad 2>/dev/null && echo && bench/tunnels -j "$OUT/tunnels.json" && echo && bench/flood -j "$OUT/flood.json" || status=1
		[ "$SOAK" = 0 ] || { echo; bench/soak -m "$SOAK" -j "$OUT/soak.json"; } || status=1
	} >"$OUT/scale.txt"
	cat "$OUT/scale.txt"
fi
echo "-- in $OUT: $(cd "$OUT" && echo *.txt *.json *.svg)"
exit $status
