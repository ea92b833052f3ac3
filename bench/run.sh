#!/bin/sh
# make bench: the engines alone, then this gateway beside others, in turn. docs/PERFORMANCE.md explains what comes out.
#
#   bench/run.sh [PEER]...   as bench/versus takes them; without one, this gateway in its forms, the bound and all others
#
# ROUNDS=5 SECS=2 of each measurement; OUT=build/bench is where engines.txt, results.json, table.txt and throughput.svg go; LAB names
# the folder of limit/nulltun.c (../shared/lab).
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=build-aux/setup.sh
. build-aux/setup.sh
ROUNDS=${ROUNDS:-5} SECS=${SECS:-2} OUT=${OUT:-build/bench}
export ROUNDS SECS
if [ $# = 0 ]; then
	set -- l2tpsec l2tpsec:CIPHER=cbc l2tpsec:CIPHER=chacha l2tpsec:ENCAP=raw limit plain openvpn wireguard-go fastd tinc strongswan
fi
if [ ! -x build/l2tpsecd ] || [ ! -x build/bench/esp ]; then
	echo "bench/run.sh: build/l2tpsecd or build/bench/esp is missing: run make bench" >&2
	exit 1
fi
echo "This installs the Debian packages of the VPNs that are compared, runs each between network namespaces of its own and takes them"
echo "away again. About $((ROUNDS * $# * (SECS * 5 + 10) / 60)) minutes; the figures go to $OUT."
install_packages demo bench
mkdir -p "$OUT"

echo "-- the engines alone: a packet's cost, without any I/O"
build/bench/esp >"$OUT/engines.txt" || exit 1
cat "$OUT/engines.txt"

echo "-- $# peers, $ROUNDS rounds in turn, $SECS s each measurement"
{
	echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, Linux $(uname -r), TCP $(cat /proc/sys/net/ipv4/tcp_congestion_control)"
	echo "medians of $ROUNDS rounds in turn, $SECS s each; both gateways and both ends share these cores, so only ratios count."
	echo "load before the start: $(cut -d' ' -f1-3 /proc/loadavg) (above 0.5 something else takes part in all figures)"
	echo
} >"$OUT/table.txt"
bench/versus -j "$OUT/results.json" "$@" >>"$OUT/table.txt"
status=$?
{ echo; bench/ratios.sh "$OUT/results.json"; } >>"$OUT/table.txt"
bench/plot.sh "$OUT/results.json" "$OUT/throughput.svg" || status=1
echo
cat "$OUT/table.txt"
echo "-- in $OUT: engines.txt table.txt results.json throughput.svg"
exit $status
