#!/bin/sh
# Each C file has a test of its own name, with cases in it: ROOM/NAME.c has tests/unit/ROOM/NAME_test.c, src/PROCESS/NAME.c tests/unit/src/NAME_test.c.
cd "$(dirname "$0")/../.." || exit 1
failed=0
for room in lib esp ike l2tp ppp src/base src/config src/parent src/keys src/ike src/gateway src/pki src/ctl; do
	files=0
	missing=
	for file in "$room"/*.c; do
		[ -f "$file" ] || continue
		files=$((files + 1))
		name=$(basename "$file" .c)
		grep -qs '^START_TEST' "tests/unit/${room%%/*}/${name}_test.c" || missing="$missing $name"
	done
	if [ $files = 0 ]; then
		echo "not ok - $room: there is no C file in it"
		failed=1
	elif [ -n "$missing" ]; then
		echo "not ok - $room: no test of their own name:$missing"
		failed=1
	else
		echo "ok - $room: each of its $files files has a test of its own name"
	fi
done
exit $failed
