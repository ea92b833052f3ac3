#!/bin/bash
# bench/instructions.sh: instructions of our own code that a packet costs, and how they stand to bench/figures/instructions.
#
#   bench/instructions.sh           measures and compares; fails where one grew by more than 3 %
#   bench/instructions.sh --write   measures and makes the results the new figures (commit them with the change that they are of)
#
# callgrind counts what build/bench/instructions does. What the crypto libraries and libc do differs with the CPU and is left out of
# the comparison; our own code's path is the same everywhere. The compiler changes it: with another one nothing is compared.
set -u
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
B=${B:-build} most=3 figures=${FIGURES:-bench/figures/instructions}
program=$B/bench/instructions
[ -x "$program" ] || { echo "$0: there is no $program: make bench-engines" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "skip - instructions a packet: there is no valgrind"; exit 0; }
dir=$(mktemp -d /tmp/l2tpsec-instructions.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# What made the program: compiler and flags, as it says itself.
built=$("$program" --built)

# A dump before each mark: what is between two of them is the one with the even number.
valgrind --tool=callgrind --callgrind-out-file="$dir/dump" --dump-before=instructions_mark "$program" >"$dir/steps" 2>"$dir/said" ||
	{ tail -n 5 "$dir/said"; echo "not ok - instructions a packet: it did not run under callgrind"; exit 1; }

# Of a dump: instructions of the program itself, and of all. A line behind calls= is what the callee did, which has lines of its own.
counted()
{
	awk -v own="${program##*/}" '
		/^ob=/ {id = $0; sub(/^ob=/, "", id); sub(/ .*/, "", id)
			if ($0 ~ / /) {name = $0; sub(/.*\//, "", name); ours[id] = name == own}
			here = ours[id]; next}
		/^cob=\([0-9]+\) / {id = $1; sub(/^cob=/, "", id); name = $0; sub(/.*\//, "", name); ours[id] = name == own; next}
		/^calls=/ {callee = 1; next}
		/^[0-9+*-]/ {if (!callee) {all += $2; if (here) mine += $2}; callee = 0}
		END {print mine + 0, all + 0}' "$1"
}
step=0
while read -r backend transform bytes does packets; do
	step=$((step + 1))
	read -r mine all < <(counted "$dir/dump.$((step * 2))")
	awk -v b="$backend" -v t="$transform" -v s="$bytes" -v d="$does" -v n="$packets" -v m="$mine" -v a="$all" \
		'BEGIN {printf "%-9s %-17s %5d %-5s %7.1f %8.1f\n", b, t, s, d, m / n, a / n}'
done <"$dir/steps" >"$dir/now"
[ "$step" -gt 0 ] && ! grep -q ' 0\.0 ' "$dir/now" || { cat "$dir/now"; echo "not ok - instructions a packet: nothing was counted"; exit 1; }

if [ "${1:-}" = --write ]; then
	{
		echo "# Instructions of our own code a packet, by bench/instructions.sh --write. Built by:"
		echo "# $built"
		cut -c1-47 "$dir/now"
	} >"$figures"
	cat "$figures"
	exit
fi
printf '%-9s %-17s %5s %-5s %7s %8s\n' backend transform bytes does own "with libraries, on this CPU"
cat "$dir/now"
if [ "$(sed -n '2s/^# //p' "$figures")" != "$built" ]; then
	echo "skip - instructions a packet: the figures are of another compiler ($(sed -n '2s/^# //p' "$figures")), this is $built"
	exit 0
fi
# Lines of the same four names; what has no figure yet, or is gone, is named too.
awk -v most=$most '
	/^#/ {next}
	{key = $1 " " $2 " " $3 " " $4}
	FNR == NR {was[key] = $5; next}
	{seen[key] = 1}
	!(key in was) {printf "not ok - %s: there is no figure for it\n", key; bad = 1; next}
	{change = ($5 / was[key] - 1) * 100}
	change > most {printf "not ok - %s: %s instructions, %+.1f %% over %s\n", key, $5, change, was[key]; bad = 1}
	change < -most {printf "        %s: %s instructions, %+.1f %%: bench/instructions.sh --write keeps that\n", key, $5, change}
	END {for (key in was) if (!(key in seen)) {printf "skip - %s: not built in here\n", key}
		exit bad}' "$figures" "$dir/now" || exit 1
echo "ok - instructions a packet: none grew by more than $most %"
