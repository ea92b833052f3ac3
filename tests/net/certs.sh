#!/bin/sh
# IKE SAs authenticated by certificates, between two daemons: every kind of key, PSK at one side, a chain over a path of 1280 bytes,
# and each refusal, with its cause at the end that refuses and what the other end can know of it.
set -u
. "$(dirname "$0")/topology.sh"
pki=$dir/pki
mkdir "$pki"

# -- a CA of openssl's --
new_key() # KIND FILE
{
	case $1 in
	rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$2" ;;
	rsa1024) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$2" ;;
	P-*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" -out "$2" ;;
	*) openssl genpkey -algorithm "$1" -out "$2" ;;
	esac 2>/dev/null
	chmod 600 "$2"
}

# ca NAME [ISSUER]: a CA of its own, or below another one
ca()
{
	new_key P-256 "$pki/$1.key"
	printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n' > "$pki/ext"
	openssl req -new -key "$pki/$1.key" -subj "/O=Bank/CN=$1" -out "$pki/req" 2>/dev/null
	if [ $# = 1 ]; then
		openssl x509 -req -in "$pki/req" -signkey "$pki/$1.key" -days 3650 -extfile "$pki/ext" -out "$pki/$1.crt" 2>/dev/null
	else
		openssl x509 -req -in "$pki/req" -CA "$pki/$2.crt" -CAkey "$pki/$2.key" -days 3650 -extfile "$pki/ext" -out "$pki/$1.crt" 2>/dev/null
	fi
}

# issue WHO KIND CA [EXTENSIONS] [MORE OPTIONS]: pki/WHO.crt and .key for WHO.example, signed by that CA
issue()
{
	new_key "$2" "$pki/$1.key"
	certify "$1" "$3" "${4:-}" "${5:--days 365}"
}
certify() # WHO CA [EXTENSIONS] [OPTIONS]: for the key that there is
{
	printf '%b\n' "subjectAltName=DNS:$1.example\n${3:-}" > "$pki/ext"
	openssl req -new -key "$pki/$1.key" -subj "/O=Bank/CN=$1" -out "$pki/req" 2>/dev/null
	# shellcheck disable=SC2086
	openssl x509 -req -in "$pki/req" -CA "$pki/$2.crt" -CAkey "$pki/$2.key" ${4:--days 365} -extfile "$pki/ext" -out "$pki/$1.crt" 2>/dev/null
}
# crl CA [WHO]: an empty CRL, or one with WHO's certificate, good for a day
crl()
{
	: > "$pki/index"
	[ -z "${2:-}" ] || printf 'R\t401231235959Z\t250101000000Z\t%s\tunknown\t/CN=%s\n' \
		"$(openssl x509 -in "$pki/$2.crt" -noout -serial | cut -d= -f2)" "$2" > "$pki/index"
	printf '[ca]\ndefault_ca=x\n[x]\ndatabase=%s\ndefault_md=sha256\n' "$pki/index" > "$pki/ca.conf"
	openssl ca -config "$pki/ca.conf" -gencrl -cert "$pki/$1.crt" -keyfile "$pki/$1.key" "-${crl_life:-crldays}" "${crl_days:-1}" -out "$pki/$1.crl" 2>/dev/null
}

# conf WHO MORE-OF-GATEWAY: certificates in the gateway's group
with_pki() { echo "certificate = \"$pki/$1.crt\"; private-key = \"$pki/$1.key\"; ca = \"$pki/root.crt\"; ${2:-}"; }
both_conf() # MORE-OF-TUNNEL-A MORE-OF-TUNNEL-B [MORE-OF-GATEWAY-A] [MORE-OF-GATEWAY-B]
{
	conf_a on-demand "peer-identity = \"hq.example\"; $1"
	conf_b "$2"
	sed -i "s|^gateway: {|& $(with_pki branch "${3:-}")|" "$dir/a.conf"
	sed -i "s|^gateway: {|& $(with_pki hq "${4:-}")|" "$dir/b.conf"
}
certs='auth = "certificate";'
good() { issue branch P-256 root && issue hq P-256 root && crl root; }
reload_both() { ctl_b reload > "$dir/reload-b" 2>&1 && ctl_a reload > "$dir/reload-a" 2>&1; }
again() { ctl_a down hq > /dev/null 2>&1; wait_for 5 down_b; ctl_a up hq > "$dir/up" 2>&1; }
why_has() { ctl_a why hq > "$dir/why" 2>&1; grep -q "$1" "$dir/why"; }
b_says() { ctl_b --json events > "$dir/events" && grep -q "\"name\":\"$1\"" "$dir/events"; }
a_says() { ctl_a --json events > "$dir/events" && grep -q "\"name\":\"$1\"" "$dir/events"; }
stays_up() { ctl_b reload > "$dir/reload-b" 2>&1 && ! wait_for 1 down_b && ping_once; }
ended_at_b() { ctl_b --json events | jq -es "map(select(.name == \"LINE_DOWN\" or .name == \"$1\")) | .[-2:]" | tee "$dir/events" | grep -q "\"$1\""; }
show() { sed -n 's/^/# here: /; 1p' "$dir/why"; }
status_has() { ctl_a --json status hq | grep -q "$1"; }

# refused_by_b WHAT CAUSE: b refuses with that cause, and a is told so and no more
refused_by_b()
{
	say "$1: the line does not come up" fails again
	say "$1: $2 where it is refused" wait_for 3 b_says "$2"
	ctl_b --json events | jq -r "select(.name == \"$2\") | \"# there: \" + .sentence + \": \" + .text" | tail -n 1
	say "$1: the other end knows that it was refused" why_has "refused our proof of identity"
	show
}
# refused_by_a WHAT CAUSE SENTENCE
refused_by_a()
{
	say "$1: the line does not come up" fails again
	say "$1: why says so" why_has "$2"
	show
}
fails() { ! "$@"; }

topo_up 4 0 "${OUTSIDE_MTU:-1500}"
ca root
good
both_conf "$certs" "$certs"
start_b
start_a
say "both start" wait_for 10 ready

say "P-256: the line comes up" again
say "P-256: packets flow" ping_once
say "status has the peer's certificate" status_has '"peer_certificate":{"subject":"O=Bank, CN=hq","issuer":"O=Bank, CN=root"'
say "status has the method" status_has '"peer_auth":"ECDSA with SHA-256"'
for kind in P-384 P-521 ED25519 ED448 rsa; do
	issue branch $kind root
	issue hq $kind root
	say "$kind: new certificates, by reload" reload_both
	say "$kind: the line comes up" again
	say "$kind: packets flow" ping_once
	ctl_a --json status hq | grep -o '"peer_auth":"[^"]*"' | sed 's/^/# /'
done
both_conf "$certs ike: { rsa-padding = \"pkcs1\" };" "$certs"
say "RSA, PKCS#1: reload" reload_both
say "RSA, PKCS#1: the line comes up" again
b_method() { ctl_b --json status branch | grep -q "\"peer_auth\":\"$1\""; }
say "RSA, PKCS#1: that is what the other end saw" b_method "RSA with SHA-256"

good
both_conf 'auth = "certificate"; peer-auth = "psk";' 'auth = "psk"; peer-auth = [ "psk", "certificate" ];'
say "a certificate here, a key there: reload" reload_both
say "a certificate here, a key there: the line comes up" again
say "a certificate here, a key there: status" status_has '"auth":"ECDSA with SHA-256","peer_auth":"preshared key"'
both_conf 'auth = "psk"; peer-auth = "certificate";' 'auth = "certificate"; peer-auth = "psk";'
reload_both
say "a key here, a certificate there: the line comes up" again

# A chain of three RSA certificates is larger than the path.
ca upper root
ca lower upper
issue branch rsa lower
issue hq rsa lower
cat "$pki/lower.crt" "$pki/upper.crt" | tee -a "$pki/branch.crt" >> "$pki/hq.crt"
both_conf "$certs" "$certs"
for dev in na nb; do in_net ip link set $dev mtu 1280; done
in_a ip link set out mtu 1280
in_b ip link set out mtu 1280
say "a chain of three over 1280 bytes: reload" reload_both
say "a chain of three over 1280 bytes: the line comes up" again
say "a chain of three over 1280 bytes: packets flow" ping_once

# Encrypted keys; the DN as identity.
good
openssl pkey -in "$pki/branch.key" -aes256 -passout pass:sesame -out "$pki/locked" 2>/dev/null && mv "$pki/locked" "$pki/branch.key"
chmod 600 "$pki/branch.key"
both_conf "$certs identity = \"O=Bank, CN=branch\";" "$certs"
sed -i 's/peer-identity = "branch.example"/peer-identity = "O=Bank, CN=branch"/' "$dir/b.conf"
say "a locked key without its passphrase is refused" fails "$daemon" --check -f "$dir/a.conf"
echo 'keys: ( { file = "branch.key"; passphrase = "sesame" } );' >> "$dir/secrets"
say "a locked key with its passphrase is taken" "$daemon" --check -f "$dir/a.conf"
reload_both
say "a locked key, and the DN as identity: the line comes up" again

# -- refusals --
good
both_conf "$certs" "$certs"
reload_both
certify branch root "" "-not_before 20200101000000Z -not_after 20210101000000Z" || certify branch root "" "-days -1"
ctl_a reload > /dev/null 2>&1
refused_by_b "expired" IKE_CERT_EXPIRED
say "expired: we are warned ourselves" a_says CERT_EXPIRES

good
ca stranger
certify branch stranger
reload_both
refused_by_b "of a CA that is not trusted there" IKE_CERT_UNKNOWN_CA

good
certify branch root "extendedKeyUsage=emailProtection"
reload_both
refused_by_b "for mail" IKE_CERT_USAGE

good
both_conf "$certs" "$certs" "" "crl = \"$pki/root.crl\";"
reload_both
say "not revoked: the line comes up" again
say "not revoked: a reload leaves it up" stays_up
crl root branch
ctl_b reload > "$dir/reload-b" 2>&1
say "revoked: the reload ends the line that is up" wait_for 5 down_b
say "revoked: and says why" ended_at_b IKE_CERT_REVOKED
refused_by_b "revoked" IKE_CERT_REVOKED
crl root
reload_both
say "no longer revoked: the line comes up" again
both_conf "$certs" "$certs" "" "crl-required = true;"
reload_both
refused_by_b "no CRL where one is required" IKE_CERT_NO_CRL
crl_life=crlsec crl_days=1 crl root
sleep 2
both_conf "$certs" "$certs" "" "crl = \"$pki/root.crl\"; crl-required = true;"
reload_both
refused_by_b "an old CRL where one is required" IKE_CERT_CRL_OLD

both_conf "$certs" 'auth = "psk";'
reload_both
refused_by_b "a certificate where a key is wanted" IKE_METHOD_REFUSED

both_conf "$certs" "$certs"
issue hq P-256 stranger
reload_both
refused_by_a "the head office's is of another CA" "leads to no CA that is trusted here"
say "the head office's is of another CA: why says of which" why_has "O=Bank, CN=hq, issued by O=Bank, CN=stranger"

# A wrong key and a wrong name are seen before they do harm.
good
reload_both
new_key P-256 "$pki/branch.key"
say "a key of another certificate is seen by --check" fails "$daemon" --check -f "$dir/a.conf"
ctl_a reload > /dev/null 2>&1
say "a key of another certificate is told at reload" wait_for 3 a_says PKI_REFUSED
good
sed -i 's/identity = "branch.example"; secrets/identity = "other.example"; secrets/' "$dir/a.conf"
refuses_name() { ! ctl_a reload > "$dir/reload-a" 2>&1 && grep -q "the identity 'other.example' of the tunnel 'hq' is not in our certificate, which has: O=Bank, CN=branch; branch.example" "$dir/reload-a"; }
say "an identity that is not in our certificate is refused at reload" refuses_name
say "and the line still comes up" again
chmod 644 "$pki/branch.key"
say "a key that others may read is refused" fails "$daemon" --check -f "$dir/b.conf" -f "$dir/a.conf"
say "both end in good order" stop_both
exit $failed
