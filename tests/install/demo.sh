#!/bin/sh
# ./demo in namespaces of its own (processes, mounts, network), so that what it leaves behind shows, and no other demo is in the way:
# a whole run, --keep and --stop, interruptions, what an earlier one left, and what it says where something is missing.
set -u
cd "$(dirname "$0")/../.." || exit 2
if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ]; then
	echo "skip - ./demo: needs root and /dev/net/tun"
	exit 0
fi
if [ -z "${DEMO_TEST_INSIDE:-}" ]; then
	DEMO_TEST_INSIDE=1 exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc --net "$0"
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/l2tpsec-demo-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
mkdir "$dir/tmp"
TMPDIR=$dir/tmp
export TMPDIR
mount -n -t tmpfs none /run || exit 2
failed=0
state=/run/l2tpsec-demo

say() # WHAT COMMAND...
{
	what=$1
	shift
	if "$@" >"$dir/why" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		failed=$((failed + 1))
		sed 's/^/    /' "$dir/why"
		[ ! -s "$dir/out" ] || sed 's/^/    demo: /' "$dir/out"
	fi
}

# demo STATUS ARGUMENT...: its words are in $dir/out
demo()
{
	wanted=$1
	shift
	./demo "$@" >"$dir/out" 2>&1 </dev/null
	got=$?
	[ $got = "$wanted" ] || { echo "exit status $got, not $wanted"; return 1; }
}
says() # TEXT...
{
	for text; do
		grep -qF -- "$text" "$dir/out" || { echo "it does not say: $text"; return 1; }
	done
}
says_like() { grep -qE -- "$1" "$dir/out" || { echo "it says nothing like: $1"; return 1; }; }
refused() # STATUS TEXT ARGUMENT...
{
	wanted=$1 text=$2
	shift 2
	demo "$wanted" "$@" && says "$text"
}

# The command lines of all processes but this test's. Those that have ended and wait for their parent do not count.
others()
{
	for p in /proc/[0-9]*; do
		case $(sed -n 's/.*) \([^ ]\) .*/\1/p' "$p/stat" 2>/dev/null) in "" | Z) continue ;; esac
		words=$(tr '\0' ' ' <"$p/cmdline" 2>/dev/null)
		case $words in "" | *tests/install/demo.sh*) ;; *) echo "[$words]" ;; esac
	done
}

# The machine as it was: no process but ours, no interface, no namespace, no file.
nothing_left()
{
	# A command that a killed demo was just running ends by itself.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		others=$(others)
		[ -n "$others" ] || break
		sleep 0.2
	done
	[ -z "$others" ] || { echo "processes are left: $others"; return 1; }
	[ -z "$(ip netns list)" ] || { echo "namespaces are left: $(ip netns list)"; return 1; }
	[ "$(ip -o link | grep -vc ' lo: ')" = 0 ] || { echo "interfaces are left: $(ip -o link)"; return 1; }
	[ -z "$(ls -A /run)" ] || { echo "in /run is left: $(ls -A /run)"; return 1; }
	[ -z "$(ls -A "$TMPDIR")" ] || { echo "in TMPDIR is left: $(ls -A "$TMPDIR")"; return 1; }
}

# -- a whole run --
say "a whole run, without a network" demo 0
say "it copies 64 MiB and compares" says_like 'Copied 64 MiB .* in [0-9.]+ s; SHA-256 the same at both ends: [0-9a-f]{64}$'
say "it measures" says_like 'Throughput of one TCP connection, .*: [1-9][0-9]* Mbit/s'
say "only IKE and ESP crossed the Internet" says_like 'IKE on UDP 500: [1-9].*ESP in UDP 4500: [1-9].*anything else: 0\.$'
say "it shows the state of both ends" says "hq has been up for" "branch has been up for"
say "it leaves nothing behind" nothing_left

# -- left running --
# As after a reboot: numbers of processes that are others now, no namespaces.
mkdir "$state"
: >"$state/kept"
echo "1 1" | tee "$state/processes" >"$state/owner"
say "--keep, where an earlier demo left its files" demo 0 --keep
say "it says what to try" says "ip netns exec l2tpsec-branch-lan ping 10.72.0.2" "./demo --stop"
commands_work()
{
	grep -E '^  (build/l2tpsecctl .* (status|config|down hq|up hq)( |$)|ip netns exec .* rate )' "$dir/out" | sed 's/#.*//' >"$dir/commands"
	[ "$(grep -c . "$dir/commands")" = 5 ] || { echo "these commands are not the five expected:"; cat "$dir/commands"; return 1; }
	sh -ex "$dir/commands" >"$dir/said" 2>&1
	worked=$?
	cat "$dir/said"
	[ $worked = 0 ] && grep -q 'PPP: 10.9.0.2 here, 10.9.0.1 there, .*MTU 14.. ' "$dir/said"
}
say "and that works" commands_work
say "a second run is refused" refused 1 "A demo is up already"
say "a second --keep too" refused 1 "A demo is up already" --keep
still_up() { ip netns exec l2tpsec-branch-lan ping -c 1 -W 5 10.72.0.2; }
say "the first one is still up" still_up
say "--stop" refused 0 "The demo is down" --stop
say "it leaves nothing behind" nothing_left
say "--stop where none is up" refused 0 "No demo is up" --stop

# -- interrupted, and killed --
begin() # TEXT: a demo in the background that has said TEXT
{
	: >"$dir/out" # what the one before said does not count
	./demo >"$dir/out" 2>&1 </dev/null &
	running=$!
	for _ in $(seq 3000); do
		grep -q "$1" "$dir/out" && return
		sleep 0.02
	done
	echo "it never says: $1"
	return 1
}
ends_with() # STATUS
{
	wait "$running"
	got=$?
	[ $got = "$1" ] || { echo "exit status $got, not $1"; return 1; }
}
interrupted_after() # TEXT
{
	begin "$1" && kill -TERM "$running" && ends_with 130 && nothing_left
}
say "interrupted while it sets up the namespaces" interrupted_after '^ 1\.'
say "interrupted while it sends" interrupted_after '^ 4\.'
killed() { begin '^ 3\.' && kill -9 "$running" && ends_with 137 && ip netns list | grep -q l2tpsec-hq-lan; }
say "killed without a chance" killed
say "--stop cleans up after that" demo 0 --stop
say "it leaves nothing behind" nothing_left

# -- what must not pass --
# An unprotected packet on the Internet router, while the capture runs.
leaking()
{
	begin '^ 4\.' || return
	ip netns exec l2tpsec-branch ping -q -i 0.02 -c 100 203.0.113.2 >/dev/null 2>&1
	ends_with 1 && says "are neither IKE nor ESP" "ICMP echo request"
}
say "a packet in the clear is found, and the demo fails" leaking
say "it leaves nothing behind" nothing_left
say "an unknown option" refused 2 "Usage: ./demo" --kepe

no_tun() { unshare -m sh -c 'mount -n -t tmpfs none /dev/net && ./demo' >"$dir/out" 2>&1; [ $? = 1 ] && says "/dev/net/tun is missing" "modprobe tun" "mknod"; }
say "no /dev/net/tun: how to get it" no_tun
no_namespaces() { setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin ./demo >"$dir/out" 2>&1; [ $? = 1 ] && says "network namespaces cannot be made here" "privileged"; }
say "no namespaces: how to get them" no_namespaces
no_root() { setpriv --reuid 65534 --regid 65534 --clear-groups ./demo >"$dir/out" 2>&1; [ $? = 1 ] && says "must be run by root"; }
say "not root" no_root
say "it leaves nothing behind" nothing_left
[ $failed = 0 ]
