#!/bin/sh
# The pages are clean under mandoc, as they are in the tree and as they are installed.
# shellcheck disable=SC1091,SC2154
set -u
. "$(dirname "$0")/lib.sh"
command -v mandoc >/dev/null || { echo "skip - man pages: mandoc is missing (apt-get install mandoc)"; exit 0; }

lint() { mandoc -Tlint -Wwarning "$1"; }
for page in man/*; do
	say "$page" lint "$page"
	sed 's|@sysconfdir@|/etc|g; s|@sbindir@|/usr/sbin|g; s|@version@|0|g' "$page" >"$dir/${page##*/}"
	say "$page as installed" lint "$dir/${page##*/}"
	# A cross reference is to one of ours or of the system's.
	sed -n 's/^\.Xr \([^ ]*\) \([0-9]\).*/\1.\2/p' "$page" | sort -u | grep '^l2tpsec' | while read -r other; do
		[ -f "man/$other" ] || echo "$other"
	done >"$dir/missing"
	say "$page: pages it refers to exist" none "$dir/missing"
done
printf '.Dd x\n.Sh\n.Zz\n' >"$dir/bad"
say "a page with mistakes is found" sh -c "! mandoc -Tlint -Wwarning $dir/bad"
[ "$failed" = 0 ]
