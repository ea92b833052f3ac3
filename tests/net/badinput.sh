#!/bin/sh
# What bad input gets at start and reload: each is refused with its reason, exit 1, and nothing half set up stays behind.
set -u
cd "$(dirname "$0")/../.." || exit 2
daemon=${L2TPSECD:-$PWD/${B:-build}/l2tpsecd}
[ -x "$daemon" ] || { echo "badinput: there is no $daemon (build it first)"; exit 2; }
[ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] || { echo "skip - all of it: it needs root and /dev/net/tun"; exit 0; }

ns=lsbad$$
dir=$(mktemp -d /tmp/l2tpsec-badinput.XXXXXX)
chmod 755 "$dir"
failed=0
running=

cleanup()
{
	[ -n "$running" ] && kill "$running" 2>/dev/null && wait "$running" 2>/dev/null
	ip netns del "$ns" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

in_ns()
{
	ip netns exec "$ns" "$@"
}

ip netns add "$ns" || exit 2
in_ns ip link set lo up

good_config()
{
	cat > "$dir/conf" <<-END
		gateway: { identity = "branch.example"; secrets = "$dir/secrets"; };
		tunnels: (
		  { name = "hq"; peer = "192.0.2.2"; start = "on-demand"; user = "branch"; routes = [ "10.1.0.0/16" ]; }
		);
	END
	cat > "$dir/secrets" <<-END
		psks: ( { secret = "a shared key" } );
		users: ( { name = "branch"; password = "pw" } );
	END
	chmod 600 "$dir/secrets"
}

fail()
{
	echo "not ok  $1: $2"
	sed 's/^/        /' "$dir/out" | head -20
	failed=$((failed + 1))
}

# Nothing of a failed start may be left: no interface but lo, no socket, no file in the run directory.
left_behind()
{
	[ "$(in_ns ip -o link | grep -vc ' lo: ')" = "${1:-0}" ] || { echo "an interface"; return; }
	[ "$(in_ns ss -Hlun '( sport = :500 )' | wc -l)" = "${held:-0}" ] || { echo "a socket on UDP 500"; return; }
	[ -z "$(ls -A "$dir/run" 2>/dev/null)" ] || { echo "files in the run directory"; return; }
}

# refused NAME TEXT COMMAND...: the daemon must not start, exit with 1, and say TEXT. $links: interfaces that were there before.
refused()
{
	name=$1 text=$2
	shift 2
	in_ns timeout 20 "$@" > "$dir/out" 2>&1 < /dev/null
	status=$?
	rest=$(left_behind "${links:-0}")
	if [ $status != 1 ]; then
		fail "$name" "exit status $status, not 1"
	elif ! grep -qF -- "$text" "$dir/out"; then
		fail "$name" "does not say: $text"
	elif [ -n "$rest" ]; then
		fail "$name" "leaves $rest behind"
	else
		echo "ok      $name"
	fi
}

start="$daemon -F -f $dir/conf --run-dir $dir/run --state-dir $dir/state"

good_config
sed -i 's/start =/strat =/' "$dir/conf"
refused "a typo in the config" "$dir/conf:3: unknown key 'strat' in a tunnel; did you mean 'start'?" $start
refused "a typo, found by --check" "$dir/conf:3: unknown key 'strat'" "$daemon" --check -f "$dir/conf"

good_config
sed -i 's/user = "branch";//' "$dir/conf"
refused "a contradiction in the config" "and so needs a 'user'" $start

good_config
sed -i 's/user = "branch";/user = "branch"; esp: { proposals = [ "aes265-gcm" ]; };/' "$dir/conf"
refused "an unknown algorithm" "$dir/conf:3: 'esp.proposals' of the tunnel 'hq': 'aes265-gcm'" $start

# A config and secrets of somebody who is not root.
mkdir "$dir/mine"
good_config
sed "s|$dir/secrets|$dir/mine/secrets|" "$dir/conf" > "$dir/mine/conf"
mv "$dir/secrets" "$dir/mine/secrets"
sed 's/start =/strat =/' "$dir/mine/conf" > "$dir/mine/wrong"
chown -R 65534:65534 "$dir/mine"
nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
tool=$dir/l2tpsecd # where everybody may run it
cp "$daemon" "$tool"
if in_ns $nobody "$tool" --check -f "$dir/mine/conf" > "$dir/out" 2>&1 && grep -q "$dir/mine/conf is good" "$dir/out"; then
	echo "ok      --check needs no root"
else
	fail "--check needs no root" "refused"
fi
refused "a typo, found by --check without root" "$dir/mine/wrong:3: unknown key 'strat'" $nobody "$tool" --check -f "$dir/mine/wrong"

rm -f "$dir/conf"
refused "a missing config" "$dir/conf: No such file or directory" $start

good_config
chmod 644 "$dir/secrets"
refused "a secrets file that others may read" "chmod 600 $dir/secrets" $start
refused "the same, found by --check" "chmod 600 $dir/secrets" "$daemon" --check -f "$dir/conf"

good_config
rm "$dir/secrets"
refused "a missing secrets file" "cannot open the secrets file $dir/secrets" $start

good_config
echo 'users: ( { name = "x" } );' > "$dir/secrets"
refused "a user without a password" "$dir/secrets:1: 'password' is missing" $start

# in_use FAMILY PORT: somebody has it
in_use()
{
	good_config
	: > "$dir/holder"
	ip netns exec "$ns" python3 -c 'import socket, sys, time
six = sys.argv[1] == "6"
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
if six:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
s.bind(("::" if six else "0.0.0.0", int(sys.argv[2])))
print("bound", flush=True)
time.sleep(60)' "$1" "$2" > "$dir/holder" &
	holder=$!
	for _ in $(seq 100); do
		grep -q bound "$dir/holder" && break
		sleep 0.05
	done
	held=0 # on UDP 500
	[ "$2" != 500 ] || held=1
	refused "UDP $2 in use for IPv$1" "cannot open UDP port $2 for IPv$1: Address already in use; another IKE daemon" $start
	kill $holder 2>/dev/null
	wait $holder 2>/dev/null
	held=0
}
in_use 4 500
in_use 4 4500
in_use 6 500
in_use 6 4500

in_ns ip tuntap add dev hq mode tun
links=1
refused "an interface of that name" "cannot make the interface hq" $start
links=0
in_ns ip link del hq

refused "no /dev/net/tun" "cannot open /dev/net/tun: No such file or directory" unshare -m sh -c "mount -t tmpfs none /dev/net && exec $start"
refused "not root" "must be started by root" setpriv --reuid 65534 --regid 65534 --clear-groups $start

# -- a daemon that runs --
# run_good: until it is ready, or ought to be. What the one before said does not count.
run_good()
{
	: > "$dir/log"
	ip netns exec "$ns" $start > "$dir/log" 2>&1 < /dev/null &
	running=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q DAEMON_READY "$dir/log" && break
		sleep 0.2
	done
}
run_good
cp "$dir/log" "$dir/out"
grep -q DAEMON_READY "$dir/log" && echo "ok      the good config starts" || fail "the good config starts" "it is not ready"

if grep -q TOKEN_SECRET "$dir/log" || [ "$(stat -c %a "$dir/state/token.secret")" != 600 ]; then
	fail "the good config starts" "it has no secret for crash detection in its state directory"
fi

in_ns timeout 20 $start > "$dir/out" 2>&1 < /dev/null
status=$?
if [ $status = 1 ] && grep -q "another l2tpsecd with process number $(cat "$dir/run/l2tpsecd.pid") runs in $dir/run" "$dir/out"; then
	echo "ok      a second daemon is refused with the first one's number"
else
	fail "a second daemon" "exit status $status"
fi

sed -i 's/routes =/rotues =/' "$dir/conf"
pid=$(cat "$dir/run/l2tpsecd.pid")
kill -HUP "$pid"
sleep 1
cp "$dir/log" "$dir/out"
if grep -q "CONFIG_REFUSED.*$dir/conf:3: unknown key 'rotues'" "$dir/log" && in_ns ip route | grep -q "10.1.0.0/16 dev hq"; then
	echo "ok      a broken config at reload: the old one goes on"
else
	fail "a broken config at reload" "not refused, or the old one is gone"
fi

kill "$pid"
wait "$running"
status=$?
running=
cp "$dir/log" "$dir/out"
rest=$(left_behind)
[ $status = 0 ] && [ -z "$rest" ] && echo "ok      it ends with 0 and leaves nothing" || fail "the end" "exit status $status, leaves ${rest:-nothing} behind"

# What it cannot keep is no reason not to run.
sed -i 's/rotues =/routes =/' "$dir/conf"
rm -r "$dir/state"
: > "$dir/state"
run_good
kill "$running"
wait "$running"
running=
cp "$dir/log" "$dir/out"
if grep -q DAEMON_READY "$dir/log" && grep -q "TOKEN_SECRET.*$dir/state" "$dir/log"; then
	echo "ok      a state directory that is none: it runs, and says what it lacks"
else
	fail "a state directory that is none" "it does not run, or does not say so"
fi

[ $failed = 0 ] || { echo "badinput: $failed failed"; exit 1; }
