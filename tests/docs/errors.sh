#!/bin/sh
# docs/ERRORS.md is what lib/cause.def says, and what the hints tell people to set exists.
# shellcheck disable=SC1091,SC2154
set -u
. "$(dirname "$0")/lib.sh"

build-aux/errors.sh >"$dir/errors"
say "docs/ERRORS.md is up to date (make docs)" same docs/ERRORS.md "$dir/errors"
say "docs/ERRORS.md has a row for each cause" [ "$(grep -c '^| [0-9]' docs/ERRORS.md)" = "$(grep -c '^CAUSE(' lib/cause.def)" ]

# tunnels.NAME.KEY and 'KEY.KEY' in sentences and hints are keys of the configuration.
sed -n 's/^\(GATEWAY\|TUNNEL\)("\([a-z0-9.-]*\)".*/\2/p' src/config/conf.def | sort -u >"$dir/keys"
{
	grep -oE 'tunnels\.NAME\.[a-z0-9.-]+' lib/cause.def src/ctl/*.c src/parent/*.c | sed 's/.*NAME\.//; s/\.$//'
	grep -oE "'(ike|esp|l2tp|ppp)\.[a-z-]+'" lib/cause.def | tr -d "'"
	grep -oE "\<(control-group|max-[a-z-]+|host-name|peer-identity|idle-timeout)\>" lib/cause.def
} | sort -u >"$dir/named"
comm -13 "$dir/keys" "$dir/named" >"$dir/unknown"
say "hints name keys" [ "$(wc -l <"$dir/named")" -ge 5 ]
say "every key that a hint names exists" none "$dir/unknown"

# 'l2tpsecctl ...' in a hint is a command.
grep -ohE "'l2tpsecctl [a-z]+" lib/cause.def src/parent/*.c src/ctl/*.c | sed "s/.* //" | sort -u | while read -r command; do
	grep -qE "^	\{\"$command\", CONTROL_|\"$command\"\) == 0" src/ctl/ctl_main.c || echo "$command"
done >"$dir/unknown"
say "every command that a hint names exists" none "$dir/unknown"

# Each is made to happen by a test, or looked for by one; but what no sound machine does.
sed -n 's/^CAUSE([0-9]*, \([A-Z0-9_]*\),.*/\1/p' lib/cause.def | grep -vx ESP_SELF_TEST | sort >"$dir/causes"
grep -rhoE '\<[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\>' tests --include=*_test.c --include=*.h --include=*.sh --include=*.py --exclude=errors.sh --exclude=cause_test.c |
	sed 's/^CAUSE_//' | sort -u >"$dir/named"
comm -23 "$dir/causes" "$dir/named" >"$dir/untested"
say "there are many causes" [ "$(wc -l <"$dir/causes")" -ge 150 ]
say "every cause is named by a test" none "$dir/untested"
[ "$failed" = 0 ]
