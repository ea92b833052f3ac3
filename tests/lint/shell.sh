#!/bin/sh
# The shell scripts: shellcheck finds nothing. What topology.sh and setup.sh define is used by those who source them.
cd "$(dirname "$0")/../.." || exit 1
failed=0
for f in check demo .ci/run build-aux/*.sh tests/*.sh tests/*/*.sh bench/versus bench/tunnels bench/flood bench/soak bench/*.sh bench/lib/* bench/peers/* tests/interop/guest/guest; do
	[ -f "$f" ] || continue
	shell='sh'
	case $(head -n 1 "$f") in *bash* | *'# l2tpsec'*) shell='bash' ;; esac
	case $f in bench/lib/* | bench/peers/*) shell='bash' ;; esac
	if out=$(shellcheck -s $shell -S warning -e SC1090,SC1091,SC2034,SC2154,SC2046,SC2086,SC3013,SC3043 "$f" 2>&1); then
		echo "ok - $f"
	else
		echo "not ok - $f"
		echo "$out" | head -n 30
		failed=1
	fi
done
exit $failed
