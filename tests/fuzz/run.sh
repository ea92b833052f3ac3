#!/bin/sh
# Every fuzz target for some seconds each, from the seeds in the tree; what a target finds is kept in build-fuzz/found/ and ends it.
# Usage: tests/fuzz/run.sh [SECONDS] [NAME]...
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build-fuzz}
seconds=${1:-10}
[ $# = 0 ] || shift
found=$B/found
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
mkdir -p "$found"

one() # NAME
{
	name=$1
	log=$B/fuzz/$name.log
	seeds=tests/fuzz/seeds/$name
	mkdir -p "$corpus/$name"
	[ -d "$seeds" ] || { echo "not ok - $name: it has no seeds in $seeds"; return; }
	if "$B/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/$name-" -print_final_stats=1 \
		"$corpus/$name" "$seeds" >"$log" 2>&1; then
		echo "ok - $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
	else
		echo "not ok - $name: repeat it with $B/fuzz/$name $(ls -t "$found/$name"-* 2>/dev/null | head -n 1)"
		tail -n 40 "$log"
	fi
}

running=0
for source in tests/fuzz/*_fuzz.c; do
	name=$(basename "$source" .c)
	if [ $# -gt 0 ]; then
		case " $* " in *" $name "*) ;; *) continue ;; esac
	fi
	one "$name" >"$corpus/$name.out" &
	running=$((running + 1))
	[ $((running % $(nproc))) != 0 ] || wait
done
wait
cat "$corpus"/*.out
! grep -q '^not ok' "$corpus"/*.out
