#!/bin/sh
# Post-quantum preshared keys (RFC 8784) between two daemons: used, required, missing at one end, another one, introduced by a reload,
# and with a keys process that was restarted.
set -u
. "$(dirname "$0")/topology.sh"

ppks() { echo "ppks: ( { id = \"branch\"; secret = \"${1:-a secret of 256 bits}\"; } );" >> "$dir/secrets"; }
again() { ctl_a down hq > /dev/null 2>&1; wait_for 5 down_b; ctl_a up hq > "$dir/up" 2>&1; }
b_says() { ctl_b --json events > "$dir/events" && grep -q "\"name\":\"$1\"" "$dir/events"; }
fails() { ! "$@"; }
why_is() { ctl_a --json why hq | grep -q "\"name\":\"$1\""; }
with() { for c in ctl_a\ hq ctl_b\ branch; do ${c% *} --json status "${c#* }" | grep -q '"ppk":true,"ppk_id":"branch"' || return 1; done; }
without() { for c in ctl_a\ hq ctl_b\ branch; do ${c% *} --json status "${c#* }" | grep -q '"ppk":false' || return 1; done; }
may='ppk = "branch";' must='ppk = "branch"; ppk-required = true;'

topo_up 4 0 1500
conf_a on-demand "$must"
conf_b "$must"
check_says() { ! "$daemon" --check -f "$dir/a.conf" > "$dir/check" 2>&1 && grep -q "a.conf:2: the PPK 'branch' of the tunnel 'hq' is not in $dir/secrets ('ppks')" "$dir/check"; }
say "a PPK that is not in the secrets file is a mistake" check_says
ppks
say "one that is there is none" "$daemon" --check -f "$dir/a.conf"
start_b
start_a
say "required at both ends: the first packet brings it up" wait_for 10 ping_once
say "both made it with the PPK" with
says_ppk() { ctl_a status hq | grep -q '^  PPK         branch$'; }
say "status says so to people" says_ppk

kill -9 "$(process_of a keys)" "$(process_of b keys)"
say "with new keys processes: comes up again" again
say "... with the PPK" with

conf_a on-demand
conf_b
ppks
say "not required any more: reload" ctl_b reload
say "... at both ends" ctl_a reload
say "the PPK is taken away: comes up" again
say "... without one" without
conf_b "$may"
ppks
say "introduced at one end: reload" ctl_b reload
say "introduced at one end: packets flow" ping_once
say "introduced at one end: comes up" again
say "... without one, and an event says so" b_says IKE_PPK_UNUSED
conf_a on-demand "$must"
ppks
say "required at the other: reload" ctl_a reload
say "required at the other: what was made without it ends, and comes up with it" wait_for 10 ping_once
say "... at both ends" with

conf_b
ppks
ctl_b reload > /dev/null
say "required here, none there: the line does not come up" fails again
say "... and why says it" why_is IKE_PPK_UNSPOKEN
waits() { ctl_a --json status hq | grep -q '"retry_in_s":[1-9]'; }
conf_a always "$must"
ppks
ctl_a reload > /dev/null
ctl_a up hq > /dev/null 2>&1
say "... and it waits before it tries again" wait_for 10 waits

conf_b "$may"
sed -i "s|secrets = \"$dir/secrets\"|secrets = \"$dir/secrets-b\"|" "$dir/b.conf"
ppks 'another one'
mv "$dir/secrets" "$dir/secrets-b"
secrets
ppks
ctl_b reload > /dev/null
say "another PPK of that name: the line does not come up" fails again
say "... the end that refuses names it" wait_for 3 b_says IKE_AUTH_MISMATCH
names_it() { grep -q "it was made with the PPK 'branch', which may be another one" "$dir/events"; }
say "... in words" names_it
say "... the caller hears that it is refused" why_is IKE_AUTH_REFUSED
exit $failed
