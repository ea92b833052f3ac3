#!/bin/sh
# l2tpsecd.conf(5) has every key of src/config/conf.def, in its order, with its type, range and default; and no other.
# shellcheck disable=SC1091,SC2154
set -u
. "$(dirname "$0")/lib.sh"
page=man/l2tpsecd.conf.5

${CC:-cc} -std=gnu11 -D_GNU_SOURCE -I. -o "$dir/keys" tests/docs/conf_keys.c || { echo "not ok - the list of keys could not be made"; exit 1; }
"$dir/keys" >"$dir/rows"

# The keys of the page: between the heads GATEWAY and IDENTITIES.
section() # FROM TO
{
	sed -n "/^\.Sh $1\$/,/^\.Sh $2\$/p" "$page" | grep '^\.It '
}
for group in gateway tunnels; do
	sed -n "s/^$group	//p" "$dir/rows" >"$dir/$group.code"
done
section GATEWAY TUNNELS >"$dir/gateway.page"
section TUNNELS IDENTITIES >"$dir/tunnels.page"
say "there are keys to compare" [ "$(wc -l <"$dir/rows")" -gt 40 ]
for group in gateway tunnels; do
	say "all keys of $group, with type, range and default, and no others" same "$dir/$group.code" "$dir/$group.page"
done

# Each key says something: a line of text follows it.
awk '/^\.It Ic / { if (key != "") print key; key = $3; next } /^[A-Za-z]/ { key = "" } /^\.(El|Sh)/ { if (key != "") print key; key = "" }' \
	"$page" >"$dir/silent"
say "each key has a sentence" none "$dir/silent"

# The secrets file's keys: those that the reader knows.
sed -n 's/.*known\[\] = {\(.*\), NULL};/\1/p' src/config/conf_secrets.c | tr -d '", ' | tr ',' '\n' >"$dir/known"
sed -n 's/.*known\[\] = {\(.*\), NULL};/\1/p; s/.*strcmp(name, "\([a-z0-9]*\)").*/"\1"/p' src/config/conf_secrets.c | tr -d '" ' | tr ',' '\n' |
	grep . | sort -u >"$dir/known"
sed -n '/^\.Sh SECRETS FILE/,/^\.Sh RELOAD/p' "$page" | sed -n 's/^\.\(It \)\{0,1\}Ic //p' | tr -d ' :' | tr ',' '\n' | grep . | sort -u >"$dir/documented"
say "all keys of the secrets file, and no others" same "$dir/known" "$dir/documented"

# Names of algorithms: those that the config knows.
sed -n 's/^ALGO([0-9]*, [A-Z0-9_]*, "\([a-z0-9-]*\)".*/\1/p' lib/algo.def | sort -u >"$dir/algorithms"
sed -n '/^\.Sh PROPOSALS/,/^\.Sh SECRETS FILE/p' "$page" >"$dir/proposals"
while read -r name; do
	grep -qE "(^|[ ,(\"-])$name([ ,.;)\"-]|\$)" "$dir/proposals" || echo "$name is not in PROPOSALS"
done <"$dir/algorithms" >"$dir/missing"
say "all names of algorithms" none "$dir/missing"
[ "$failed" = 0 ]
