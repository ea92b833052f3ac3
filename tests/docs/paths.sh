#!/bin/sh
# Files, links, make targets and options that README.md and docs/*.md name exist.
# shellcheck disable=SC1091,SC2154
set -u
. "$(dirname "$0")/lib.sh"

exists() # PATH, relative to the top or to the document's directory $2
{
	# What is built is there only afterwards.
	case $1 in build/*) return 0 ;; esac
	[ -e "$1" ] || [ -e "$2/$1" ]
}
for document in README.md docs/*.md; do
	here=${document%/*}
	[ "$here" != "$document" ] || here=.
	# targets of links, without anchors and the web
	grep -oE '\]\([^)]+\)' "$document" | sed 's/^](//; s/)$//; s/#.*//' | grep -vE '^(https?:|$)' >"$dir/paths"
	# `path/with/slash`, `./command`, `make target`; absolute paths are of the installed system, and what is to come is said to be so
	# shellcheck disable=SC2016
	sed 's/`[^`]*` to come//g' "$document" | grep -oE '`[^`]+`' | tr -d '`' >"$dir/code"
	grep -oE '(^| )(\./|[a-z][a-zA-Z0-9_-]*/)[A-Za-z0-9_./*-]*' "$dir/code" | tr -d ' ' | grep -v '\*' | sed 's|^\./||; s|/$||' >>"$dir/paths"
	grep -E '^(    )?\./' "$document" | sed 's/^ *//; s/ .*//; s|^\./||' >>"$dir/paths"
	sort -u "$dir/paths" | while read -r path; do
		exists "$path" "$here" || echo "$path"
	done >"$dir/missing"
	say "$document: files it names exist" none "$dir/missing"
	sed -n 's/^make \([a-z-]*\).*/\1/p' "$dir/code" | sort -u | while read -r target; do
		grep -qE "^$target:|^[a-z -]* $target( |:)" Makefile || echo "$target"
	done >"$dir/missing"
	say "$document: make targets it names exist" none "$dir/missing"
done
say "README.md begins with the two commands" sh -c "sed -n 3p README.md | grep -q '^    ./demo ' && sed -n 4p README.md | grep -q '^    ./check '"
[ "$failed" = 0 ]
