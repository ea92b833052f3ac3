#!/bin/sh
# configure --without-ipsec-mb: it builds, nothing of the library is in it, and the packet path's tests pass on OpenSSL and libsodium.
set -u
. "$(dirname "$0")/../docs/lib.sh"
. build-aux/setup.sh
plain=build-plain

say "it builds" build $plain all --without-ipsec-mb ${CC:+CC="$CC"}
units=$(for f in tests/unit/esp/*_test.c tests/unit/src/conf_algorithms_test.c; do f=${f#tests/}; echo "$plain/${f%.c}"; done)
# shellcheck disable=SC2086
say "its tests build" make -s -j"$(nproc)" B=$plain $units
free_of_mb() { for p in l2tpsecd l2tpsecctl; do ldd "$plain/$p" | grep -i ipsec_mb && return 1; done; return 0; }
say "ipsec-mb is not linked" free_of_mb
doctor_names_openssl() { "$plain/l2tpsecctl" doctor | tee "$dir/doctor" | grep -q 'ok .*self-tests: openssl for'; }
say "doctor: the self-tests pass, by OpenSSL" doctor_names_openssl
say "doctor: ipsec-mb is not named" sh -c "! grep ipsec-mb '$dir/doctor'"
for unit in $units; do
	say "${unit#"$plain"/unit/}" tests/unit/run.sh "$unit"
done
[ $failed = 0 ]
