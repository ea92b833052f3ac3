#!/bin/sh
# The pages, --help and the completion have every command and option that the programs take, and no others.
# shellcheck disable=SC1091,SC2154
set -u
. "$(dirname "$0")/lib.sh"

# options_of FILE: "--json" and "-f", as getopt_long is told of them
options_of()
{
	sed -n 's/^	{"\([a-z-]*\)", \(no\|required\)_argument,.*/--\1/p' "$1"
	sed -n 's/.*getopt_long([a-z]*, [a-z]*, "\([A-Za-z:]*\)".*/\1/p' "$1" | tr -d : | fold -w1 | sed 's/^/-/'
	sed -n 's/.*getopt_long([a-z]*, [a-z]*, "\([A-Za-z:]*\)".*/\1/p' "$1" | grep -q . || echo "no options found in $1"
}
# options_of_page PAGE: those that have an entry of their own
options_of_page()
{
	grep '^\.It Fl ' "$1" | sed 's/^\.It //; s/ Ar [A-Z]*//g; s/ , /\n/g' | sed 's/^Fl /-/'
}

# --role is how the parent starts the other processes, no option for people.
options_of src/main.c | grep -v '^--role$' | sort >"$dir/d.code"
options_of_page man/l2tpsecd.8 | sort >"$dir/d.page"
say "l2tpsecd(8): all options, and no others" same "$dir/d.code" "$dir/d.page"
options_of src/ctl/ctl_main.c | sort >"$dir/ctl.code"
# pki has options of its own, in a section of its own.
sed '/^\.Sh CERTIFICATES/,/^\.Sh EXIT/d' man/l2tpsecctl.8 >"$dir/ctl.8"
options_of_page "$dir/ctl.8" | sort >"$dir/ctl.page"
say "l2tpsecctl(8): all options, and no others" same "$dir/ctl.code" "$dir/ctl.page"
sed -n '/^\.Sh CERTIFICATES/,/^\.Sh EXIT/p' man/l2tpsecctl.8 >"$dir/pki.8"
options_of src/ctl/ctl_pki.c | sort >"$dir/pki.code"
{ options_of_page "$dir/pki.8"; printf '%s\n' --json --help -h; } | sort >"$dir/pki.page"
say "l2tpsecctl(8): all options of pki, and no others" same "$dir/pki.code" "$dir/pki.page"
"$build/l2tpsecctl" pki --help >"$dir/pki.help"
grep -oE -- '(^|[ ,])--?[A-Za-z][a-z-]*' "$dir/pki.help" | tr -d ' ,' | sort -u >"$dir/pki.options"
say "l2tpsecctl pki --help: all options, and no others" same "$dir/pki.code" "$dir/pki.options"
sed -n 's/^	{"\([a-z]*\)", run_[a-z]*, .*/\1/p' src/ctl/ctl_pki.c | sort >"$dir/actions"
say "there are actions of pki to compare" [ "$(wc -l <"$dir/actions")" = 6 ]
sed -n 's/^\.It Ic \([a-z]*\).*/\1/p' "$dir/pki.8" | sort >"$dir/actions.page"
say "l2tpsecctl(8): all actions of pki, and no others" same "$dir/actions" "$dir/actions.page"
sed -n 's/^  \([a-z]\{2,\}\) .*/\1/p' "$dir/pki.help" | sort >"$dir/actions.help"
say "l2tpsecctl pki --help: all actions, and no others" same "$dir/actions" "$dir/actions.help"

"$build/l2tpsecctl" --help >"$dir/help"
sed -n 's/^	{"\([a-z]*\)", CONTROL_[A-Z_]*, .*/\1/p' src/ctl/ctl_main.c >"$dir/commands"
sed -n 's/.*strcmp(word\[0\], "\([a-z]*\)") == 0.*/\1/p' src/ctl/ctl_main.c >>"$dir/commands"
sort -o "$dir/commands" "$dir/commands"
say "there are commands to compare" [ "$(wc -l <"$dir/commands")" -ge 11 ]
sed -n 's/^  \([a-z]\{2,\}\) .*/\1/p' "$dir/help" | sort >"$dir/commands.help"
say "l2tpsecctl --help: all commands, and no others" same "$dir/commands" "$dir/commands.help"
sed -n '/^\.Sh DESCRIPTION/,/^\.Ss Rights/s/^\.It Ic \([a-z]*\).*/\1/p' man/l2tpsecctl.8 | sort >"$dir/commands.page"
say "l2tpsecctl(8): all commands, and no others" same "$dir/commands" "$dir/commands.page"
for program in l2tpsecd:d l2tpsecctl:ctl; do
	"$build/${program%:*}" --help | grep -oE -- '(^|[ ,])--?[A-Za-z][a-z-]*' | tr -d ' ,' | sort -u >"$dir/help.options"
	sort -u "$dir/${program#*:}.code" >"$dir/code.options"
	say "${program%:*} --help: all options, and no others" same "$dir/code.options" "$dir/help.options"
done

sed -n 's/.*local commands="\(.*\)"/\1/p' src/install/l2tpsecctl.bash | tr ' ' '\n' | sort >"$dir/commands.bash"
say "completion: all commands, and no others" same "$dir/commands" "$dir/commands.bash"
sed -n 's/.*local options="\(.*\)"/\1/p' src/install/l2tpsecctl.bash | tr ' ' '\n' | sort >"$dir/options.bash"
say "completion: all options, and no others" same "$dir/ctl.code" "$dir/options.bash"

sed -n 's/.*local pki_options="\(.*\)"/\1/p' src/install/l2tpsecctl.bash | tr ' ' '\n' | sort >"$dir/pki.bash"
say "completion: all options of pki, and no others" same "$dir/pki.code" "$dir/pki.bash"
sed -n 's/.*local pki_actions="\(.*\)"/\1/p' src/install/l2tpsecctl.bash | tr ' ' '\n' | sort >"$dir/actions.bash"
say "completion: all actions of pki, and no others" same "$dir/actions" "$dir/actions.bash"

# What takes a tunnel takes one in the page and in the completion.
sed -n 's/^	{"\([a-z]*\)", CONTROL_[A-Z_]*, \(MAYBE_\)\{0,1\}TUNNEL,.*/\1/p' src/ctl/ctl_main.c | sort >"$dir/tunnel"
sed -n '/^\.Sh DESCRIPTION/,/^\.Ss Rights/s/^\.It Ic \([a-z]*\) .*TUNNEL$/\1/p' man/l2tpsecctl.8 | sort >"$dir/tunnel.page"
say "l2tpsecctl(8): which commands take a tunnel" same "$dir/tunnel" "$dir/tunnel.page"
sed -n 's/^		\([a-z |]*\))$/\1/p' src/install/l2tpsecctl.bash | tr -d ' ' | tr '|' '\n' | sort >"$dir/tunnel.bash"
say "completion: which commands take a tunnel" same "$dir/tunnel" "$dir/tunnel.bash"
[ "$failed" = 0 ]
