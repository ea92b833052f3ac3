#!/bin/sh
# What a daemon in the background writes to syslog: a socket of the test's own in the place of /dev/log, in a mount namespace of its own.
set -u
[ -n "${SYSLOG_NS:-}" ] || [ "$(id -u)" != 0 ] || SYSLOG_NS=1 exec unshare -m "$0"
. "$(dirname "$0")/topology.sh"

# /dev with what the daemon needs, and a log of ours.
mkdir "$dir/dev"
mount -t tmpfs -o mode=755 dev "$dir/dev" || { echo "skip - all of it: no mounts here"; exit 0; }
mkdir "$dir/dev/net"
for n in null zero full random urandom net/tun; do
	cp -a /dev/$n "$dir/dev/$n"
done
mount --move "$dir/dev" /dev

listen()
{
	rm -f /dev/log "$dir/listening"
	python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/dev/log")
os.chmod("/dev/log", 0o666)
print("listening", flush=True)
while True:
    data = s.recv(65536)
    with open(sys.argv[1], "ab") as f:
        f.write(data.rstrip(b"\0") + b"\n<end>\n")' "$dir/syslog" > "$dir/listening" &
	listener=$!
	wait_for 5 grep -q listening "$dir/listening"
}

start() # GATEWAY: comes back when it is ready, or has failed
{
	ns=$A
	[ "$1" = a ] || ns=$GB
	ip netns exec $ns "$daemon" -f "$dir/$1.conf" --run-dir "$dir/run-$1" > "$dir/$1.log" 2>&1 < /dev/null
}
pid_of() { cat "$dir/run-$1/l2tpsecd.pid"; }
# line GATEWAY PRIORITY TEXT: a whole message of that daemon; the priority is that of facility daemon (3 * 8) and 3 error, 4 warning, 6 info.
# RFC 3164: <PRI>TIMESTAMP TAG, as syslog(3) writes it to a local socket.
line()
{
	grep -E "^<$2>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} l2tpsecd\[$(pid_of "$1")\]: $3\$" "$dir/syslog" || { cat "$dir/syslog"; false; }
}
stop() # GATEWAY
{
	p=$(pid_of "$1")
	kill "$p"
	wait_for 10 ended "$p"
}
cleanup_syslog()
{
	for g in a b; do
		[ ! -f "$dir/run-$g/l2tpsecd.pid" ] || stop $g
	done
	kill $listener 2> /dev/null
	cleanup
}
trap cleanup_syslog EXIT

topo_up 4 0 1500
conf_a always
conf_b
listen
say "the head office starts in the background" start b
# The branch has another key.
sed -i 's/a shared key of both/a key of nobody/' "$dir/secrets"
say "the branch starts in the background" start a
say "its caller hears that it is ready" grep -q "DAEMON_READY: the daemon is ready: 1 tunnel" "$dir/a.log"
say "the start: message id and reason" wait_for 5 line a 30 'info L2S-654 DAEMON_READY: the daemon is ready: 1 tunnel'
say "a warning of the branch: message id, tunnel, reason" wait_for 15 line a 28 \
	'warn L2S-206 IKE_AUTH_REFUSED tunnel=hq: the peer refused our proof of identity: it answered AUTHENTICATION_FAILED; we are branch\.example'
say "a warning of the head office: message id, peer, reason" wait_for 10 line b 28 \
	"warn L2S-207 IKE_AUTH_MISMATCH tunnel=branch peer=198\.51\.100\.2:500: the peer's proof of identity was not made with our preshared key"
sed -i 's/a key of nobody/a shared key of both/' "$dir/secrets"
say "the key is put right" ctl_a reload
say "the tunnel comes up" ctl_a up hq
say "an information: message id, tunnel, peer, reason" wait_for 10 line a 30 'info L2S-658 LINE_UP tunnel=hq peer=203\.0\.113\.2:500: the tunnel is up'
say "each message is one line" sh -c "[ \"\$(grep -c '^<end>\$' '$dir/syslog')\" = \"\$(grep -c '^<[0-9]*>' '$dir/syslog')\" ] &&
	[ \"\$(wc -l < '$dir/syslog')\" = \"\$((2 * \$(grep -c '^<end>\$' '$dir/syslog')))\" ]"
say "no message holds a secret" sh -c "! grep -q 'a shared key\|pass word\|a key of' '$dir/syslog'"

# -- syslog itself is restarted --
kill $listener
wait $listener 2> /dev/null
rm -f /dev/log
say "without syslog: the tunnel goes on" wait_for 5 ping_once
say "without syslog: the daemon does what it is told" ctl_a down hq
listen
say "syslog is back: the tunnel comes up" ctl_a up hq
ups() { n=$(grep -c "l2tpsecd\[$(pid_of a)\]: info L2S-658 LINE_UP" "$dir/syslog"); echo "$n"; [ "$n" = 2 ]; }
say "syslog is back: that is logged" wait_for 5 ups
p=$(pid_of a)
stop a
say "the end is logged" grep -q "l2tpsecd\[$p\]: info L2S-659 LINE_DOWN tunnel=hq .*the daemon is ending" "$dir/syslog"
[ $failed = 0 ]
