#!/bin/sh
# The pages, --help and the completion have every command and option that the programs take, and no others.
# shellcheck disable=SC1091,SC2154
set -u
. "$(dirname "$0")/lib.sh"

# options_of FILE: "--json" and "-f", as getopt_long is told of them
options_of()
{
	sed -n 's/^	{"\([a-z-]*\)", \(no\|required\)_argument,.*/--\1/p' "$1"
	sed -n 's/.*getopt_long(argc, argv, "\([A-Za-z:]*\)".*/\1/p' "$1" | tr -d : | fold -w1 | sed 's/^/-/'
	sed -n 's/.*getopt_long(argc, argv, "\([A-Za-z:]*\)".*/\1/p' "$1" | grep -q . || echo "no options found in $1"
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
options_of_page man/l2tpsecctl.8 | sort >"$dir/ctl.page"
say "l2tpsecctl(8): all options, and no others" same "$dir/ctl.code" "$dir/ctl.page"

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

# What takes a tunnel takes one in the page and in the completion.
sed -n 's/^	{"\([a-z]*\)", CONTROL_[A-Z_]*, \(MAYBE_\)\{0,1\}TUNNEL,.*/\1/p' src/ctl/ctl_main.c | sort >"$dir/tunnel"
sed -n '/^\.Sh DESCRIPTION/,/^\.Ss Rights/s/^\.It Ic \([a-z]*\) .*TUNNEL$/\1/p' man/l2tpsecctl.8 | sort >"$dir/tunnel.page"
say "l2tpsecctl(8): which commands take a tunnel" same "$dir/tunnel" "$dir/tunnel.page"
sed -n 's/^		\([a-z |]*\))$/\1/p' src/install/l2tpsecctl.bash | tr -d ' ' | tr '|' '\n' | sort >"$dir/tunnel.bash"
say "completion: which commands take a tunnel" same "$dir/tunnel" "$dir/tunnel.bash"
[ "$failed" = 0 ]
