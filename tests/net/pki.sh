#!/bin/sh
# A CA of l2tpsecctl pki's: openssl takes what it issues, two daemons come up with the lines that it prints, renewed and revoked.
set -u
. "$(dirname "$0")/topology.sh"
ca=$dir/pki
pki() { "$ctl" pki "$@" --dir "$ca"; }
fails() { ! "$@"; }
# fails_with SENTENCE COMMAND...: with status 1, and the sentence on stderr
fails_with()
{
	sentence=$1
	shift
	"$@" > "$dir/said" 2> "$dir/errors"
	[ $? = 1 ] && grep -F "$sentence" "$dir/errors" || { cat "$dir/said" "$dir/errors"; return 1; }
}
verify() { openssl verify -x509_strict -crl_check -CAfile "$ca/ca.crt" -CRLfile "$ca/ca.crl" "$ca/$1"; } # FILE
mode() { [ "$(stat -c %a "$ca/$1")" = "$2" ]; } # FILE MODE
all_modes() { mode . 700 && mode ca.key 600 && mode issued 600 && mode hq.example-1.key 600 && mode branch.example-1.key 600 && mode ca.crt 644; }
same_file() { [ "$(sha256sum < "$1")" = "$2" ]; } # FILE SUM
text_of() { openssl x509 -in "$ca/$1" -noout -text | grep -F "$2"; } # FILE TEXT
state_of() { [ "$(pki show --json | jq -r "select(.name == \"$1\" and .number == $2) | .state")" = "$3" ]; } # NAME NUMBER STATE

# -- the CA --
umask 0
say "no CA there: said, and what to do" fails_with "make a CA by 'l2tpsecctl pki ca'" pki show
say "a CA" pki ca --name "O=Bank, CN=Bank CA"
say "issued: the head office" pki issue hq.example --san 203.0.113.2
cp "$dir/out" "$dir/lines-hq"
say "issued: the branch" pki issue branch.example
cp "$dir/out" "$dir/lines-branch"
umask 022
say "keys are for root alone, whatever the umask" all_modes
say "openssl takes the head office's" verify hq.example-1.crt
say "openssl takes the branch's" verify branch.example-1.crt
say "openssl sees both names" text_of hq.example-1.crt "DNS:hq.example, IP Address:203.0.113.2"
say "openssl sees what it is for" text_of hq.example-1.crt "TLS Web Server Authentication, TLS Web Client Authentication, ipsec Internet Key Exchange"
sum=$(sha256sum < "$ca/ca.key")
say "a second CA in its place is refused" fails_with "nothing of it is overwritten" pki ca
say "its key is what it was" same_file "$ca/ca.key" "$sum"
say "a name is issued once" fails_with "'l2tpsecctl pki renew hq.example'" pki issue hq.example

# -- a disk that is full --
mkdir "$dir/small"
trap 'umount "$dir/small" 2> /dev/null; cleanup' EXIT
mount -t tmpfs -o size=64k none "$dir/small"
pki_small() { "$ctl" pki "$@" --dir "$dir/small/ca"; }
pki_small ca > /dev/null && pki_small issue a.example > /dev/null
dd if=/dev/zero of="$dir/small/fill" bs=4k 2> /dev/null
say "a full disk: nothing is issued" fails_with "make room on the disk" pki_small issue b.example
say "a full disk: nothing is revoked" fails_with "make room on the disk" pki_small revoke a.example
rm "$dir/small/fill"
small_is_whole() { pki_small show && [ "$(pki_small show --json | jq -r 'select(.type == "certificate") | .name + " " + .state')" = "a.example valid" ]; }
say "with room again: all is as before" small_is_whole
say "with room again: issued" pki_small issue b.example
umount "$dir/small"
trap cleanup EXIT

# -- two gateways, with the lines that issue printed --
lines() { sed -n 's/^	//p' "$dir/lines-$1" | grep -v '^auth' | tr '\n' ' '; } # WHO
auth() { sed -n 's/^	\(auth.*\)/\1/p' "$dir/lines-$1"; }
configure()
{
	conf_a on-demand "peer-identity = \"hq.example\"; $(auth branch)"
	conf_b "$(auth hq)"
	sed -i "s|gateway: {[^}]*|gateway: { secrets = \"$dir/secrets\"; $(lines branch)|" "$dir/a.conf"
	sed -i "s|gateway: {[^}]*|gateway: { secrets = \"$dir/secrets\"; $(lines hq)|" "$dir/b.conf"
	sed -i '/psks/d' "$dir/secrets"
}
reload_both() { ctl_b reload && ctl_a reload; }
again() { ctl_a down hq > /dev/null 2>&1; wait_for 5 down_b; ctl_a up hq; }
serial_seen() # FILE: the head office has seen the certificate in it
{
	wanted=$(openssl x509 -in "$ca/$1" -noout -serial | sed 's/serial=//')
	ctl_b --json status branch > "$dir/seen"
	grep -F "\"serial\":\"$wanted\"" "$dir/seen"
}
topo_up 4 0 1500
configure
start_b
start_a
say "both start with these lines" wait_for 10 ready
say "the line comes up" again
say "packets flow" ping_once
say "it is that certificate" serial_seen branch.example-1.crt

# -- renewed --
sum=$(sha256sum < "$ca/branch.example-1.crt")
say "renewed" pki renew branch.example
cp "$dir/out" "$dir/lines-branch"
say "the old one is what it was" same_file "$ca/branch.example-1.crt" "$sum"
say "openssl takes the new one" verify branch.example-2.crt
configure
say "renewed: reload" reload_both
say "renewed: the line comes up" again
say "renewed: it is that certificate" serial_seen branch.example-2.crt

# -- revoked --
say "revoked" pki revoke branch.example --reason keyCompromise
say "show says so of the first" state_of branch.example 1 revoked
say "show says so of the second" state_of branch.example 2 revoked
say "show says nothing else of the head office" state_of hq.example 1 valid
say "openssl refuses it" fails verify branch.example-2.crt
say "openssl takes the head office's still" verify hq.example-1.crt
say "its list is there: reload" reload_both
say "revoked: the line does not come up" fails again
ctl_b --json events > "$dir/events"
say "revoked: the head office says so" grep '"name":"IKE_CERT_REVOKED".*"sentence":"a certificate of the peer was revoked"' "$dir/events"
ctl_b --json events | jq -r 'select(.name == "IKE_CERT_REVOKED") | "# there: " + .sentence + ": " + .text' | tail -n 1
say "its key is not used again" fails_with "give it a new one by --new-key" pki renew branch.example
say "a new key" pki renew branch.example --new-key
cp "$dir/out" "$dir/lines-branch"
configure
say "a new key: reload" reload_both
say "a new key: the line comes up" again
say "a new key: packets flow" ping_once
say "both end in good order" stop_both
exit $failed
