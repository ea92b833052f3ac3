#!/bin/sh
# Every example is accepted by l2tpsecd --check: those of l2tpsecd.conf(5) and those in examples/; and a spoilt one is refused.
# shellcheck disable=SC1091,SC2154
set -u
. "$(dirname "$0")/lib.sh"
page=man/l2tpsecd.conf.5

# place CONFIG SECRETS: the config with this secrets file
place()
{
	if grep -q '^[^#]*secrets *=' "$1"; then
		sed "s|secrets *= *\"[^\"]*\"|secrets = \"$2\"|" "$1"
	else
		sed "s|gateway: *{|& secrets = \"$2\";|" "$1"
	fi
}
check() { "$build/l2tpsecd" --check -f "$1"; }
refused() { ! check "$1" && check "$1" 2>&1 | grep -q "$2"; }

# What an example has of a CA is of one that is made here.
pki() { "$build/l2tpsecctl" pki "$@" --dir "$dir/pki"; }
pki ca >"$dir/made" && pki issue reno.bank.example >>"$dir/made" || { echo "not ok - l2tpsecctl pki makes a CA"; exit 1; }

count=0
names=$(sed -n 's/^\.\\" begin \(.*\)\.conf$/\1/p' "$page")
for name in $names; do
	count=$((count + 1))
	page_part "$page" "$name.conf" >"$dir/plain"
	page_part "$page" "$name.secrets" >"$dir/$name.secrets"
	chmod 600 "$dir/$name.secrets"
	place "$dir/plain" "$dir/$name.secrets" | sed "s|/etc/l2tpsec/pki|$dir/pki|" >"$dir/$name.conf"
	say "l2tpsecd.conf(5): the example $name" check "$dir/$name.conf"
done
say "l2tpsecd.conf(5) has three examples or more" [ $count -ge 3 ]
sed 's/peer-identity/peer-identty/' "$dir/branch.conf" >"$dir/spoilt.conf"
say "a spoilt example is refused, with line and the nearest key" refused "$dir/spoilt.conf" ":6: .*did you mean 'peer-identity'"

# Users and keys for an example without a secrets file beside it: those it names.
secrets_for()
{
	echo 'psks: ( { secret = "a key for the test" } );'
	echo 'users: ('
	sed -n 's/^[^#]*user *= *"\([^"]*\)".*/\1/p' "$1" | sort -u | sed 's/.*/{ name = "&"; password = "a word" }/; $!s/$/,/'
	echo ');'
}
count=0
for example in examples/*.conf; do
	[ -f "$example" ] || continue
	name=${example##*/}
	case $name in
	*secrets*) continue ;;
	esac
	count=$((count + 1))
	# its own secrets file if there is one, by the name it gives or beside it
	own=examples/$(sed -n 's/^[^#]*secrets *= *"\([^"]*\)".*/\1/p' "$example" | sed 's|.*/||')
	[ -f "$own" ] || own=examples/${name%.conf}.secrets
	if [ -f "$own" ]; then
		cp "$own" "$dir/own.secrets"
	else
		secrets_for "$example" >"$dir/own.secrets"
	fi
	chmod 600 "$dir/own.secrets"
	place "$example" "$dir/own.secrets" >"$dir/$name"
	say "$example" check "$dir/$name"
done
[ $count -gt 0 ] || echo "skip - examples/: there are none"
[ "$failed" = 0 ]
