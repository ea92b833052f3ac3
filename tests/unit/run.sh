#!/bin/sh
# Runs a test program made with Check and prints a line for each of its tests; a test run over many values gets one line.
# A test that cannot be made here prints "skip - WHAT: WHY" itself and ends well.
program=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
CK_VERBOSITY=verbose CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-10} "$program" >"$log" 2>&1
status=$?
# file:line:P|F|E:case:test:iteration: message
awk '
	match($0, /^[^:]+:[0-9]+:[PFE]:[^:]*:[^:]+:[0-9]+: /) {
		split($0, part, ":")
		name = part[5]
		if (!(name in runs)) order[++n] = name
		runs[name]++
		if (part[3] != "P") { bad[name]++; if (!(name in why)) why[name] = $0 }
		next
	}
	/^skip - / { print; split($0, part, /[ :]+/); skipped[part[3]]; skips++; next }
	{ other[++m] = $0 }
	END {
		for (i = 1; i <= n; i++) {
			name = order[i]
			if (name in bad) print "not ok - " name ": " bad[name] " of " runs[name] ": " why[name]
			else if (!(name in skipped)) print "ok - " name (runs[name] > 1 ? " (" runs[name] " values)" : "")
		}
		if ((n == 0 && !skips) || length(bad)) for (i = 1; i <= m; i++) print other[i]
	}' "$log"
if [ $status != 0 ] && ! grep -qE '^[^:]+:[0-9]+:[FE]:' "$log"; then
	echo "not ok - $program ended with status $status"
	tail -n 40 "$log"
fi
exit $status
