#!/bin/sh
# Who may ask the daemon what on its control socket: root all, members of the control group what only shows, others nothing. And garbage
# on the socket, and connections that are only held, hurt nobody.
set -u
cd "$(dirname "$0")/../.." || exit 2
daemon=${L2TPSECD:-$PWD/${B:-build}/l2tpsecd}
[ -x "$daemon" ] || { echo "control: there is no $daemon (build it first)"; exit 2; }
[ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] || { echo "skip - all of it: it needs root and /dev/net/tun"; exit 0; }

ns=lsctl$$
dir=$(mktemp -d /tmp/l2tpsec-control.XXXXXX)
chmod 755 "$dir"
ctl=$dir/l2tpsecctl # where everybody may run it
cp "$(dirname "$daemon")/l2tpsecctl" "$ctl" || exit 2
failed=0
running='' holder=''

cleanup()
{
	for p in $running $holder; do
		kill "$p" 2> /dev/null
		wait "$p" 2> /dev/null
	done
	ip netns del $ns 2> /dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

say() # NAME COMMAND...
{
	what=$1
	shift
	if "$@" > "$dir/out" 2>&1; then
		echo "ok      $what"
	else
		echo "not ok  $what"
		tail -n 10 "$dir/out" "$dir/log" | sed 's/^/        /'
		failed=$((failed + 1))
	fi
}

ip netns add $ns || exit 2
ip -n $ns link set lo up
cat > "$dir/conf" <<-END
	gateway: { identity = "branch.example"; secrets = "$dir/secrets"; control-group = "games"; };
	tunnels: ( { name = "hq"; peer = "127.0.0.9"; start = "on-demand"; user = "branch"; peer-identity = "hq.example"; } );
END
echo 'psks: ( { secret = "a very secret word" } ); users: ( { name = "branch"; password = "a pass word" } );' > "$dir/secrets"
chmod 600 "$dir/secrets"
ip netns exec $ns "$daemon" -F -f "$dir/conf" --run-dir "$dir/run" > "$dir/log" 2>&1 < /dev/null &
running=$!
for _ in $(seq 100); do
	grep -q DAEMON_READY "$dir/log" && break
	sleep 0.05
done
say "the daemon starts" grep -q DAEMON_READY "$dir/log"
[ $failed = 0 ] || exit 1
pid=$(cat "$dir/run/l2tpsecd.pid")

games=$(getent group games | cut -d: -f3)
as_root() { "$ctl" --run-dir "$dir/run" "$@"; }
as_member() { setpriv --reuid 65534 --regid "$games" --clear-groups "$ctl" --run-dir "$dir/run" "$@"; }
as_other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$ctl" --run-dir "$dir/run" "$@"; }
# Root's group is not root.
as_group_root() { setpriv --reuid 65534 --regid 0 --clear-groups "$ctl" --run-dir "$dir/run" "$@"; }

may() { "$@"; } # WHO COMMAND...: it is carried out
may_not() # WHO COMMAND...: exit 2, the sentence, and nothing else
{
	"$@" > "$dir/said" 2> "$dir/error"
	status=$?
	cat "$dir/said" "$dir/error"
	[ $status = 2 ] && [ ! -s "$dir/said" ] && grep -q "only root may do this" "$dir/error"
}
shows='status:why hq:counters:events:version'
changes='up --no-wait hq:down --no-wait hq:reload:config:keys'
each() # NAME may|may_not WHO COMMANDS
{
	old=$IFS
	IFS=:
	for words in $4; do
		IFS=' '
		# shellcheck disable=SC2086
		say "$1: $words" $2 $3 $words
		IFS=:
	done
	IFS=$old
}
each "root may" may as_root "$shows:$changes"
each "a member of the control group may" may as_member "$shows"
each "a member of the control group may not" may_not as_member "$changes"
each "others may not" may_not as_other "$shows:$changes"
each "nor may root's group" may_not as_group_root "status:keys"
say "refusals are told" grep -q "CONTROL_REFUSED.*user number 65534 asked for 'up'" "$dir/log"
refusals() { as_root --json counters | grep '"name":"CONTROL_REFUSED"' | grep '"count":17}'; } # 5 + 10 + 2
say "refusals are counted" refusals
say "that keys were shown is told" grep -q "KEYS_SHOWN.*to user number 0" "$dir/log"
no_secret() { ! grep -E 'very secret|pass word' "$dir/log" && ! as_root config | grep -E 'very secret|pass word'; }
say "no secret is in the log or in what config shows" no_secret

# The processes' own sockets cannot be reached from outside, the process number and the directory not be changed.
cannot() { ! setpriv --reuid 65534 --regid "$games" --clear-groups "$@"; }
say "others cannot put a file into the run directory" cannot touch "$dir/run/x"
say "others cannot remove the socket" cannot rm -f "$dir/run/control"
say "others cannot change the process number" cannot sh -c "echo 1 > $dir/run/l2tpsecd.pid"

# -- garbage --
cat > "$dir/garbage.py" <<'END'
import random, socket, sys
r = random.Random(7)
def ask(data, more=None):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(3)
    try:
        s.connect(sys.argv[1])
        s.send(data)
        if more is not None:
            s.send(more)
        return s.recv(65536)
    except (BrokenPipeError, ConnectionResetError):
        return b""
    finally:
        s.close()
status = bytes((2, 1, 0, 0, 0))
good = ask(status)
assert b'"type":"daemon"' in good or b'"type": "daemon"' in good, good
for version in (0, 1, 255):
    answer = ask(bytes((version, 1, 0, 0, 0)))
    assert b"different versions" in answer and b'"exit":2' in answer, answer
bad = [b"\x02", b"\x02\x01", b"\x02\x01\x00", b"\x02\x01\x00\x00", status + b"x", bytes((2, 0, 0, 0, 0)), bytes((2, 99, 0, 0, 0)),
       bytes((2, 1, 0x80, 0, 0)), bytes((2, 1, 0, 5)) + b"abc", bytes((2, 1, 0, 3)) + b"a\0b\0", bytes((2, 1, 0, 255)) + b"a" * 255 + b"\0",
       bytes((2, 12, 0, 0, 5)) + b"abc", bytes((2, 12, 0, 0, 3)) + b"a\0b", bytes((2, 12, 0, 0, 128)) + b"a" * 128, b"\x02" * 256, b"\x02" * 513,
       b"\x02" * 60000, bytes((2, 1, 0, 64)) + b"a" * 64 + b"\0"]
for data in bad:
    answer = ask(data)
    assert b"malformed" in answer and b'"exit":2' in answer, (data[:8], len(data), answer)
for _ in range(500):
    ask(r.randbytes(r.randrange(1, 300)) if r.randrange(2) else b"\x02" + r.randbytes(r.randrange(0, 80)))
for _ in range(50):
    ask(status, r.randbytes(8))
ask(b"")
END
say "garbage gets a sentence, or the connection ends" setpriv --reuid 65534 --regid "$games" --clear-groups /usr/bin/python3 "$dir/garbage.py" "$dir/run/control"
say "the same from root" /usr/bin/python3 "$dir/garbage.py" "$dir/run/control"

# -- connections that are only held, by one who may nothing --
cat > "$dir/hold.py" <<'END'
import socket, sys, time
held = []
for _ in range(200):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
        held.append(s)
    except OSError:
        s.close()
print("held", flush=True)
time.sleep(30)
END
setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 "$dir/hold.py" "$dir/run/control" > "$dir/held" &
holder=$!
for _ in $(seq 100); do
	grep -q held "$dir/held" && break
	sleep 0.05
done
say "others hold connections" grep -q held "$dir/held"
say "root is served while others hold connections" as_root status
say "and so is a member of the control group" setpriv --reuid 65533 --regid "$games" --clear-groups "$ctl" --run-dir "$dir/run" status
say "the same process serves still" kill -0 "$pid"
restarts() { as_root --json status | grep -o '"restarts":[0-9]*' | sort -u | grep -qx '"restarts":0' && ! grep -q PROC_DIED "$dir/log"; }
say "no process was lost" restarts
[ $failed = 0 ]
