#!/bin/bash
# bench/plot.sh RESULTS SVG: throughput and CPU of each peer, medians, as bars.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=bench/lib/table.bash
. "$here/lib/table.bash"
data=$(mktemp /tmp/versus-plot.XXXXXX)
trap 'rm -f "$data"' EXIT
medians "$1" | jq -r 'select(.rounds > 0) | [.peer, .tcp1_mbit / 1000, .tcp4_mbit / 1000, .cpu_s_per_gb] | @tsv' >"$data"
[ -s "$data" ] || { echo "plot.sh: $1 has no figures" >&2; exit 1; }
gnuplot <<END
set datafile separator "\t"
stats "$data" using (\$2 > \$3 ? \$2 : \$3) nooutput
most = STATS_max
stats "$data" using 4 nooutput
set terminal svg size 1000,760 font "sans-serif,12" background rgb "white"
set output "$2"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.85 border -1
set boxwidth 0.9
set xtics rotate by -30
set grid ytics
set multiplot layout 2,1
set title "TCP, LAN to LAN through the gateways, Gbit/s (median)"
set key top right
set yrange [0:most * 1.12]
plot "$data" using 2:xtic(1) title "one flow" linecolor rgb "#2b6cb0", "" using 3 title "four flows" linecolor rgb "#90cdf4", \
	"" using (\$0-0.16):2:(sprintf("%.1f", \$2)) with labels offset 0,0.7 notitle, \
	"" using (\$0+0.16):3:(sprintf("%.1f", \$3)) with labels offset 0,0.7 notitle
set title "CPU seconds of the whole machine a GB, one flow (median)"
set yrange [0:STATS_max * 1.12]
plot "$data" using 4:xtic(1) notitle linecolor rgb "#c05621", "" using 0:4:(sprintf("%.1f", \$4)) with labels offset 0,0.7 notitle
END
