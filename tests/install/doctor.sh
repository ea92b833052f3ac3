#!/bin/sh
# l2tpsecctl doctor notices what is missing, each in a network namespace or with rights where it really is missing.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=$PWD/${B:-build}
if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ]; then
	echo "skip - doctor: needs root and /dev/net/tun"
	exit 0
fi
dir=$(mktemp -d /tmp/l2tpsec-doctor.XXXXXX)
chmod 755 "$dir"
cp "$build/l2tpsecctl" "$dir/"
ns=lsd$$
pids=
cleanup()
{
	for p in $pids; do
		kill "$p" 2>/dev/null
	done
	ip netns del $ns 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
failed=0
ip netns add $ns
ip -n $ns link set lo up

# doctor [COMMAND...]: its findings, under COMMAND, into $dir/found, and its status
doctor()
{
	ip netns exec $ns "$@" "$dir/l2tpsecctl" --run-dir "$dir/run" --json doctor >"$dir/found"
	status=$?
}
# expect WHAT STATUS NAME=true|false|absent...
expect()
{
	what=$1 wrong=
	[ "$status" = "$2" ] || wrong="status $status"
	shift 2
	for finding; do
		name=${finding%=*} value=${finding#*=}
		good=$(sed -n "s/.*\"name\":\"$name\",\"good\":\([a-z]*\).*/\1/p" "$dir/found")
		[ "${good:-absent}" = "$value" ] || wrong="$wrong $name is ${good:-absent}"
	done
	if [ -z "$wrong" ]; then
		echo "ok - $what"
	else
		echo "not ok - $what:$wrong"
		failed=1
	fi
}

doctor
expect "root in a namespace: all that is needed" 0 root=true tun=true raw=true ports=true daemon=false
if ip -n $ns -o link | grep -qv ' lo:'; then
	echo "not ok - it leaves no interface"
	failed=1
else
	echo "ok - it leaves no interface"
fi
ip netns exec $ns sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
doctor
expect "no forwarding: told, and no reason to fail" 0 forwarding4=false forwarding6=false
ip netns exec $ns sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
doctor
expect "forwarding" 0 forwarding4=true forwarding6=true
doctor setpriv --bounding-set=-net_admin
expect "without CAP_NET_ADMIN" 1 tun=false raw=true
doctor setpriv --bounding-set=-net_raw
expect "without CAP_NET_RAW" 1 tun=true raw=false
doctor setpriv --reuid 64799 --regid 64799 --clear-groups
expect "not root: what it cannot know it does not say" 1 root=false tun=absent raw=absent ports=absent
ip netns exec $ns python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 4500))
print("bound", flush=True)
time.sleep(60)' >"$dir/bound" &
pids=$!
tries=0
until grep -q bound "$dir/bound"; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || break
	sleep 0.05
done
doctor
expect "another program has port 4500" 1 ports=false
kill $pids
wait $pids 2>/dev/null
pids=

echo 'gateway: { identity = "a"; secrets = "s"; };' >"$dir/d.conf"
echo 'psks: ( { secret = "for the test" } );' >"$dir/s"
chmod 600 "$dir/s"
ip netns exec $ns "$build/l2tpsecd" -F -f "$dir/d.conf" --run-dir "$dir/run" >"$dir/log" 2>&1 </dev/null &
pids=$!
tries=0
until grep -q DAEMON_READY "$dir/log"; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || { cat "$dir/log"; break; }
	sleep 0.05
done
doctor
expect "a daemon runs" 0 daemon=true ports=true
doctor setpriv --reuid 64799 --regid 64799 --clear-groups
expect "it is seen to run by those it refuses, too" 1 daemon=true
kill $pids
wait $pids
pids=
[ $failed = 0 ]
