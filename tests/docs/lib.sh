# What the tests of the documentation and of make install and dist share; sourced by them. POSIX sh.
# shellcheck shell=sh disable=SC2034
cd "$(dirname "$0")/../.." || exit 1
build=${B:-build}
dir=$(mktemp -d /tmp/l2tpsec-docs.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
failed=0

# say WHAT COMMAND...: one line a test; what the command said is shown where it fails
say()
{
	what=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/    /' "$dir/said" | head -n 40
		failed=$((failed + 1))
	fi
}

# same FILE FILE: nothing, or the differences
same() { diff -u "$1" "$2"; }
# none FILE: it is empty, or its lines
none() { [ ! -s "$1" ] || { cat "$1"; return 1; }; }

# page_part PAGE NAME: the text between '.\" begin NAME' and '.\" end', without its macros
page_part()
{
	sed -n "/^\.\\\\\" begin $2\$/,/^\.\\\\\" end/p" "$1" | grep -v '^\.' | sed 's/\\e/\\/g'
}
