#!/bin/sh
# Line coverage by the unit tests (and the simulator, when it is there), a room a line, and the 15 least covered files. "make coverage"
# builds for it and runs it; it needs nothing but gcov. Usage: tests/coverage.sh [FILE]... (of these files, the lines that no test ran)
cd "$(dirname "$0")/.." || exit 1
B=${B:-build-coverage}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ $# = 0 ]; then
	find "$B" -name '*.gcda' -delete
	for test in "$B"/unit/*/*_test; do
		CK_TIMEOUT_MULTIPLIER=20 "$test" >"$work/log" 2>&1 || { echo "failed: $test"; tail -n 5 "$work/log"; }
	done
	[ ! -x tests/sim/run.sh ] || tests/sim/run.sh "$B" 20 >"$work/log" 2>&1 || tail -n 5 "$work/log"
fi

if [ $# -gt 0 ]; then
	for file; do
		gcov -t -o "$B/${file%.c}.gcda" "$file" 2>/dev/null | awk -v file="$file" '
			/:Source:/ { ours = index($0, "Source:" file) > 0 || index($0, "/" file) > 0 }
			ours && /^ *#####/ { sub(/^ *#####: */, ""); print file ":" $0 }'
	done
	exit 0
fi

# FILE LINES PERCENT; a file whose object no test linked has no counters at all
for object in $(find "$B" -name '*.gcno' | grep -E "^$B/(lib|esp|ike|l2tp|ppp|policy|src)/" | sort); do
	source=${object#"$B"/}
	source=${source%.gcno}.c
	gcov -n -o "$object" "$source" 2>/dev/null | awk -v source="$source" '
		/^File / { ours = index($0, "'\''" source "'\''") > 0 || index($0, "/" source "'\''") > 0 }
		ours && /^Lines executed:/ { split($0, part, /[:%]/); sub(/.* of /, ""); print source, $0, part[2]; exit }'
done >"$work/files"

echo "Lines that the tests run, by room:"
awk '{
	n = split($1, part, "/")
	room = part[1] == "src" && n > 2 ? part[1] "/" part[2] : part[1]
	lines[room] += $2; run[room] += $2 * $3 / 100; all += $2; ran += $2 * $3 / 100
}
END {
	for (room in lines) printf "%-12s %5.1f %% of %5d\n", room, 100 * run[room] / lines[room], lines[room] | "sort"
	close("sort")
	printf "%-12s %5.1f %% of %5d\n", "all", 100 * ran / all, all
}' "$work/files"
echo
echo "The least covered files:"
sort -k3,3n -k2,2nr "$work/files" | head -n 15 | awk '{ printf "%-36s %5.1f %% of %4d\n", $1, $3, $2 }'
