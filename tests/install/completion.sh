#!/bin/sh
# The completion for bash, sourced and called as bash does it, with a running daemon that is asked for the names of its tunnels.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=$PWD/${B:-build}
if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ]; then
	echo "skip - completion: needs root and /dev/net/tun"
	exit 0
fi
dir=$(mktemp -d /tmp/l2tpsec-completion.XXXXXX)
chmod 755 "$dir"
ns=lsc$$
daemon=
cleanup()
{
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	[ -z "$daemon" ] || wait "$daemon"
	ip netns del $ns 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
failed=0

ip netns add $ns
ip -n $ns link set lo up
cat >"$dir/d.conf" <<-END
	gateway: { identity = "a.example"; secrets = "secrets.conf"; };
	tunnels: ( { name = "hq"; start = "wait"; ppp: { local = "10.9.9.1"; }; }, { name = "hamburg"; start = "wait"; ppp: { local = "10.9.9.1"; }; },
	           { name = "reno"; start = "wait"; ppp: { local = "10.9.9.1"; }; } );
END
echo 'psks: ( { secret = "for the test" } );' >"$dir/secrets.conf"
chmod 600 "$dir/secrets.conf"
ip netns exec $ns "$build/l2tpsecd" -F -f "$dir/d.conf" --run-dir "$dir/run" >"$dir/log" 2>&1 </dev/null &
daemon=$!
tries=0
until grep -q DAEMON_READY "$dir/log"; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || { echo "not ok - the daemon starts"; cat "$dir/log"; exit 1; }
	sleep 0.05
done

# offers WORD...: what bash would offer after these words; the last one is the one that is begun
offers()
{
	# shellcheck disable=SC2016
	PATH=$build:$PATH bash --norc -c '
		. src/install/l2tpsecctl.bash
		complete -p l2tpsecctl | grep -q _l2tpsecctl || exit 1
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_l2tpsecctl
		[ ${#COMPREPLY[@]} = 0 ] || printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' bash "$@" 2>&1
}
# expect WHAT OFFERED WORD...
expect()
{
	what=$1 wanted=$2
	shift 2
	got=$(offers "$@")
	if [ "${got% }" = "$wanted" ]; then
		echo "ok - $what"
	else
		echo "not ok - $what: '${got% }', not '$wanted'"
		failed=1
	fi
}
r="--run-dir $dir/run"
expect "commands that begin so" "config counters" l2tpsecctl co
expect "all commands" "config counters doctor down events keys pki redirect reload status trace up version why" l2tpsecctl ""
expect "options" "--json" l2tpsecctl --j
# shellcheck disable=SC2086
{
	expect "tunnels of the running daemon" "hamburg hq reno" l2tpsecctl $r up ""
	expect "tunnels that begin so" "hamburg hq" l2tpsecctl $r why h
	expect "a tunnel after an option" "reno" l2tpsecctl --json $r status r
	expect "no second tunnel" "" l2tpsecctl $r status hq ""
	expect "no tunnel where none is taken" "" l2tpsecctl $r reload ""
	expect "options after a command" "--no-wait" l2tpsecctl $r up hq --n
}
"$build/l2tpsecctl" pki ca --dir "$dir/pki" >/dev/null
for name in hq.example hamburg.example; do
	"$build/l2tpsecctl" pki issue "$name" --dir "$dir/pki" >/dev/null
done
expect "actions of pki" "ca crl issue renew revoke show" l2tpsecctl pki ""
expect "options of pki" "--san" l2tpsecctl pki issue x --sa
expect "types of keys" "ed25519 ed448" l2tpsecctl pki ca --key-type ed
expect "names that have certificates" "hamburg.example hq.example" l2tpsecctl --json pki --dir "$dir/pki" renew h
expect "no name where a new one is wanted" "" l2tpsecctl pki issue --dir "$dir/pki" ""
expect "nothing, and no noise, without a CA" "" l2tpsecctl pki show --dir "$dir/none" ""
expect "directories for --run-dir" "$dir/run" l2tpsecctl --run-dir "$dir/r"
expect "nothing, and no noise, without a daemon" "" l2tpsecctl --run-dir /nonexistent up ""
[ $failed = 0 ]
