#!/bin/sh
# As a service: the unit's limits leave the daemon all it needs, systemd is told when it is ready, reload answers; and without a service
# manager it goes to the background as a daemon should. In a network namespace of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=$PWD
build=$here/${B:-build}
unit=$here/src/install/l2tpsecd.service
if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ]; then
	echo "skip - the service: needs root and /dev/net/tun"
	exit 0
fi
dir=$(mktemp -d /tmp/l2tpsec-service.XXXXXX)
chmod 755 "$dir"
ns=lsi$$
pids=
cleanup()
{
	for p in $pids; do
		kill "$p" 2>/dev/null
	done
	[ ! -f "$dir/run/l2tpsecd.pid" ] || kill "$(cat "$dir/run/l2tpsecd.pid")" 2>/dev/null
	ip netns del $ns 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
failed=0
say() # WHAT COMMAND...
{
	what=$1
	shift
	if "$@" >"$dir/said" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/    /' "$dir/said" | head -n 30
		[ ! -f "$dir/log" ] || tail -n 10 "$dir/log" | sed 's/^/    log: /'
		failed=$((failed + 1))
	fi
}
# wait_for SECONDS COMMAND...
wait_for()
{
	end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.05
	done
}
none() { [ ! -s "$1" ] || { cat "$1"; return 1; }; }
in_ns() { ip netns exec $ns "$@"; }
setting() { sed -n "s/^$1=//p" "$unit"; }

ip netns add $ns
ip -n $ns link set lo up
mkdir "$dir/etc"
cat >"$dir/etc/d.conf" <<-END
	gateway: { identity = "a.example"; secrets = "secrets.conf"; local = "127.0.0.1"; local6 = "::1"; };
	tunnels: ( { name = "lsi0"; start = "wait"; ppp: { local = "10.9.9.1"; }; },
	           { name = "lsi1"; start = "on-demand"; peer = "127.0.0.9"; user = "u"; routes = [ "10.99.0.0/24" ]; } );
END
echo 'psks: ( { secret = "for the test" } ); users: ( { name = "u"; password = "p" } );' >"$dir/etc/secrets.conf"
chmod 600 "$dir/etc/secrets.conf"
cp "$dir/etc/d.conf" "$dir/good.conf"

# -- with the rights that the unit leaves --
cat >"$dir/manager.py" <<'END'
# A service manager's socket: writes what it is told.
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + sys.argv[1][1:] if sys.argv[1][0] == "@" else sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
END
# capabilities as setpriv wants them: net_admin,net_raw,...
capabilities=$(setting CapabilityBoundingSet | tr '[:upper:]' '[:lower:]' | sed 's/cap_/+/g; s/ /,/g')
start_limited() # CAPABILITIES
{
	ip netns exec $ns env NOTIFY_SOCKET="$dir/notify" setpriv --bounding-set="-all,$1" --no-new-privs "$build/l2tpsecd" -F -f "$dir/etc/d.conf" \
		--run-dir "$dir/run" --state-dir "$dir/state" >"$dir/log" 2>&1 </dev/null &
	daemon=$!
	pids="$pids $daemon"
}
ready() { grep -q '^READY=1$' "$dir/notified"; }
python3 "$dir/manager.py" "$dir/notify" >"$dir/notified" &
pids="$pids $!"
wait_for 5 grep -q listening "$dir/notified"
start_limited "$capabilities"
say "it is ready with the capabilities of the unit, and systemd is told so" wait_for 15 ready
for p in $(cat "/proc/$daemon/task/$daemon/children"); do
	sed -n "s/^\(Cap[A-Z][a-z]*\|NoNewPrivs\|Seccomp\):/$(tr '\0' ' ' <"/proc/$p/cmdline"): \1/p" "/proc/$p/status"
done >"$dir/rights"
say "three processes were looked at" [ "$(grep -c CapEff "$dir/rights")" = 3 ]
grep -E 'Cap[A-Z]' "$dir/rights" | grep -v '0000000000000000$' >"$dir/beyond"
say "they have no capabilities and cannot get any" none "$dir/beyond"
grep -E 'NoNewPrivs|Seccomp' "$dir/rights" | grep -vE 'NoNewPrivs	1$|Seccomp	2$' >"$dir/beyond"
say "no new privileges, and a filter of system calls" none "$dir/beyond"
reload=$(setting ExecReload | sed "s|@sbindir@|$build|; s|l2tpsecctl|l2tpsecctl --run-dir $dir/run|")
# shellcheck disable=SC2086
say "ExecReload succeeds" in_ns $reload
echo 'oops = ' >>"$dir/etc/d.conf"
say "ExecReload of a broken configuration fails" sh -c "! ip netns exec $ns $reload"
cp "$dir/good.conf" "$dir/etc/d.conf"
say "and the daemon goes on" in_ns "$build/l2tpsecctl" --run-dir "$dir/run" status
in_ns ss -Hulpn >"$dir/sockets"
say "it listens only on the addresses that it was told to" sh -c \
	"grep -q '127.0.0.1:4500' '$dir/sockets' && grep -q '\[::1\]:500' '$dir/sockets' && ! grep -qE '(0\.0\.0\.0|\*|\[::\]):(500|4500) ' '$dir/sockets'"
kill "$daemon"
wait "$daemon"
status=$?
say "SIGTERM ends it with status 0" [ $status = 0 ]
say "systemd was told that it ends" grep -q '^STOPPING=1$' "$dir/notified"
# The test would notice a right that is missing.
rm -f "$dir/notified.old"
start_limited "$(echo "$capabilities" | sed 's/,+sys_chroot//')"
wait "$daemon"
status=$?
say "without CAP_SYS_CHROOT it does not start, and says why" sh -c "[ $status = 1 ] && grep -q 'empty root directory' '$dir/log'"

# -- with the system calls, socket families, devices and files that the unit leaves --
if command -v strace >/dev/null && command -v systemd-analyze >/dev/null; then
	ip netns exec $ns strace -f -qq -o "$dir/trace" "$build/l2tpsecd" -F -f "$dir/etc/d.conf" --run-dir "$dir/run" --state-dir "$dir/state" >"$dir/log" 2>&1 </dev/null &
	pids="$pids $!"
	tracer=$!
	wait_for 30 grep -q DAEMON_READY "$dir/log"
	in_ns "$build/l2tpsecctl" --run-dir "$dir/run" reload >/dev/null
	in_ns ping -c 1 -W 1 10.99.0.1 >/dev/null
	in_ns "$build/l2tpsecctl" --run-dir "$dir/run" down lsi1 >/dev/null
	kill "$(cat "$dir/run/l2tpsecd.pid")"
	wait "$tracer"
	say "the daemon worked while it was watched" grep -q DAEMON_READY "$dir/log"
	calls_of() # GROUP: its calls, also those of groups within it
	{
		systemd-analyze syscall-filter "$1" 2>/dev/null | sed 's/#.*//' | awk 'NR > 1 { print $1 }' | while read -r call; do
			case $call in
			@*) calls_of "$call" ;;
			?*) echo "$call" ;;
			esac
		done
	}
	for word in $(setting SystemCallFilter); do
		case $word in
		@*) calls_of "$word" ;;
		*) echo "$word" ;;
		esac
	done | sort -u >"$dir/allowed"
	sed -n 's/^[0-9]*  *\([a-z0-9_]*\)(.*/\1/p' "$dir/trace" | sort -u >"$dir/made"
	comm -13 "$dir/allowed" "$dir/made" >"$dir/beyond"
	say "SystemCallFilter has all calls that it makes ($(wc -l <"$dir/made"))" none "$dir/beyond"
	say "and not simply all there are" sh -c "grep -q chroot '$dir/made' && ! grep -qE '^(mount|ptrace|init_module)$' '$dir/allowed'"
	sed -n 's/.* socket(AF_\([A-Z0-9]*\),.*/AF_\1/p; s/.* socketpair(AF_\([A-Z0-9]*\),.*/AF_\1/p' "$dir/trace" | sort -u >"$dir/made"
	setting RestrictAddressFamilies | tr ' ' '\n' | sort -u >"$dir/allowed"
	comm -13 "$dir/allowed" "$dir/made" >"$dir/beyond"
	say "RestrictAddressFamilies has all that it uses" none "$dir/beyond"
	sed -n 's/.*openat([A-Z_]*, "\(\/dev\/[^"]*\)".*= [0-9].*/\1/p' "$dir/trace" | sort -u |
		grep -vE '^/dev/(null|zero|full|random|urandom|tty)$' >"$dir/made"
	setting DeviceAllow | sed 's/ .*//' | sort -u >"$dir/allowed"
	say "DeviceAllow has all that it opens" diff "$dir/allowed" "$dir/made"
	grep -E 'openat\(.*(O_CREAT|O_WRONLY|O_RDWR)|mkdir(at)?\(|unlink(at)?\(|rmdir\(|rename' "$dir/trace" | grep -v ' = -1 ' |
		sed -n 's/[^"]*"\([^"]*\)".*/\1/p' | grep -vE "^(/dev/|$dir/run|$dir/state)" | sort -u >"$dir/beyond"
	say "which gives it a state directory that is its own" [ "$(setting StateDirectory):$(setting StateDirectoryMode)" = l2tpsec:0700 ]
	say "ProtectSystem=strict leaves it all that it writes" none "$dir/beyond"
	grep -E 'PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC' "$dir/trace" >"$dir/beyond"
	say "MemoryDenyWriteExecute does not hurt it" none "$dir/beyond"
else
	echo "skip - what the unit forbids: needs strace and systemd-analyze (apt-get install strace systemd)"
fi

# -- in the background --
cd "$dir/etc" || exit 1
in_ns "$build/l2tpsecd" -f d.conf --run-dir "$dir/run" --state-dir "$dir/state" >"$dir/log" 2>&1
status=$?
say "in the background: the caller gets status 0 once it is ready" sh -c "[ $status = 0 ] && grep -q DAEMON_READY '$dir/log'"
parent=$(cat "$dir/run/l2tpsecd.pid")
all="$parent $(cat "/proc/$parent/task/$parent/children")"
say "all four processes run" [ "$(echo "$all" | wc -w)" = 4 ]
for p in $all; do
	for fd in 0 1 2; do
		readlink "/proc/$p/fd/$fd"
	done
done | grep -vE '^(/dev/null|pipe:.*)$' >"$dir/kept"
say "no process keeps the caller's terminal or files" none "$dir/kept"
say "it has its own session and no directory" sh -c "[ \$(ps -o sid= -p $parent) = $parent ] && [ \$(readlink /proc/$parent/cwd) = / ]"
say "a reload finds configuration and secrets that were named without a slash" in_ns "$build/l2tpsecctl" --run-dir "$dir/run" reload
in_ns "$build/l2tpsecd" -f d.conf --run-dir "$dir/run" --state-dir "$dir/state" >"$dir/second" 2>&1
status=$?
say "a second one is refused" sh -c "[ $status = 1 ] && grep -q 'another l2tpsecd with process number $parent' '$dir/second'"
back() { in_ns "$build/l2tpsecctl" --json --run-dir "$dir/run" status | grep -q '"role":"ike","pid":[1-9][0-9]*,"ready":true,"restarts":1'; }
kill -9 "$(pgrep -P "$parent" -f 'role ike')"
say "a process that dies comes back there too" wait_for 15 back
kill "$parent"
gone() { case $(sed -n 's/.*) \(.\) .*/\1/p' "/proc/$parent/stat" 2>/dev/null) in "" | Z | X) ;; *) return 1 ;; esac; }
say "it ends" wait_for 10 gone
say "and leaves nothing in its directory" sh -c "[ -z \"\$(ls -A '$dir/run')\" ]"
say "but the secret of its tokens, in the other one" sh -c "[ \"\$(stat -c %a:%s '$dir/state/token.secret')\" = 600:32 ]"
say "nor an interface" sh -c "! ip -n $ns link show lsi0"
# A pipe ends although the daemon goes on: timeout would tell.
in_ns timeout 20 sh -c "'$build/l2tpsecd' -f d.conf --run-dir '$dir/run' 2>&1 | cat" >"$dir/log"
status=$?
say "a pipe from its start ends" [ $status = 0 ]
parent=$(cat "$dir/run/l2tpsecd.pid")
kill "$parent"
wait_for 10 gone
echo 'oops' >>d.conf
in_ns "$build/l2tpsecd" -f d.conf --run-dir "$dir/run" --state-dir "$dir/state" >"$dir/log" 2>&1
status=$?
say "a wrong configuration: status 1 and the line, in the background too" sh -c "[ $status = 1 ] && grep -q 'd.conf:[45]: ' '$dir/log'"
[ $failed = 0 ]
