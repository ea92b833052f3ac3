#!/bin/sh
# The programs are built so that a flaw in them is hard to use: position independent, relocations read-only from the start, no executable
# stack, stack protector, checked libc functions, and places to jump to marked for processors that look at it.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${B:-build}
dir=$(mktemp -d /tmp/l2tpsec-hardening.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
failed=0

shows() # WHAT FILE WORDS
{
	if grep -qE "$3" "$dir/$2"; then
		echo "ok - $program: $1"
	else
		echo "not ok - $program: $1"
		failed=1
	fi
}

for program in l2tpsecd l2tpsecctl; do
	readelf -hW "$build/$program" >"$dir/header"
	readelf -lW "$build/$program" >"$dir/segments"
	readelf -dW "$build/$program" >"$dir/dynamic"
	nm -D "$build/$program" >"$dir/symbols"
	shows "position independent" header 'Type: +DYN'
	shows "relocations read-only" segments 'GNU_RELRO'
	shows "all bound at the start" dynamic 'BIND_NOW|FLAGS_1.* NOW'
	shows "no executable stack" segments 'GNU_STACK.* RW '
	shows "stack protector" symbols '__stack_chk_fail'
	shows "checked functions of libc" symbols '_chk@'
	case $(uname -m) in
	# The note of it is not asked for: Debian's crt1.o has none, and so no program made with it.
	x86_64)
		objdump -d --no-show-raw-insn --disassemble=main "$build/$program" >"$dir/main"
		shows "places to jump to are marked (CET)" main 'endbr64'
		;;
	esac
done
exit $failed
