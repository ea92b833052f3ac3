#!/bin/sh
# Who may include whom (docs/ARCHITECTURE.md), no I/O and no clock in the engines, and nothing left unfinished.
cd "$(dirname "$0")/../.." || exit 1
failed=0
say() # WHAT OFFENDERS
{
	if [ -z "$2" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "$2" | head -n 20
		failed=1
	fi
}

# Includes of our own in these folders that match none of the patterns. Own headers of the folder itself are always allowed.
includes_but() # FOLDER PATTERN
{
	grep -n '^#include "' "$1"/*.[ch] | grep -vE "#include \"($1/|$2)"
}

say "lib/ includes nothing of ours" "$(includes_but lib lib/)"
for room in esp ike l2tp ppp policy; do
	[ -d $room ] || continue
	say "$room/ includes lib/ and itself" "$(includes_but $room lib/)"
done
say "src/base includes lib/" "$(includes_but src/base lib/)"
say "src/config includes lib/ and rooms' headers" "$(includes_but src/config '(lib/|(esp/esp|ike/ike|l2tp/l2tp|ppp/ppp|policy/policy)\.h)')"
rooms='(esp/esp|ike/ike|l2tp/l2tp|ppp/ppp|policy/policy)\.h'
for process in parent keys ike gateway; do
	say "src/$process includes a room by its one header, src/base and src/config" \
		"$(includes_but src/$process "(lib/|$rooms|src/base/|src/config/config\.h)")"
done
say "src/pki includes src/config, lib/" "$(includes_but src/pki '(lib/|src/config/config\.h)')"
say "src/ctl includes src/base, src/config, src/pki by its one header, lib/" "$(includes_but src/ctl '(lib/|src/base/|src/config/config\.h|src/pki/pki\.h)')"
say "nothing of a daemon's knows of src/pki" "$(grep -n '^#include "src/pki/' -r lib esp ike l2tp ppp src --include='*.[ch]' | grep -v '^src/\(pki\|ctl\)/')"

engines=$(for r in lib esp ike l2tp ppp policy; do [ -d $r ] && echo $r; done)
say "no I/O, no clock, no event loop in the engines" "$(grep -nE '#include <(sys/socket|event2?|unistd|netinet|fcntl|sys/ioctl|time|poll|sys/epoll|sys/uio)[/.]' -r $engines --include='*.[ch]')"
say "the engines have no changeable globals" "$(grep -nE '^(static )?(unsigned|int|bool|char|size_t|uint[0-9]+_t|struct [a-z_]+ \*?)[a-z_ ]*(\[.*\])?( =.*)?;$' -r esp ike l2tp ppp --include='*.c' | grep -vE 'const|\(')"
say "only src/ and tests/ print" "$(grep -nE '\b(printf|puts|perror)\(' -r $engines --include='*.[ch]')"
say "no banned calls" "$(grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|system|popen)\(' -r $engines src --include='*.[ch]')"
say "secrets are not compared with memcmp" "$(grep -nE 'memcmp\([^)]*(icv|mac|auth|secret|key|response|password)' -r $engines src --include='*.[ch]' | grep -v sodium_memcmp)"
say "no file of ours is longer than 800 lines" "$(wc -l lib/*.[ch] esp/*.[ch] ike/*.[ch] l2tp/*.[ch] ppp/*.[ch] src/*.[ch] src/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch] | awk '$1 > 800 && $2 != "total"')"
say "nothing is left unfinished" "$(git grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -- '*.c' '*.h' '*.sh' '*.py' '*.md' 'check' 'demo' ':!tests/lint' 2>/dev/null)"
exit $failed
