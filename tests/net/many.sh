#!/bin/sh
# Two hundred branches into one head office: all come up, none is hurt by what happens to another, all come back after a restart.
set -u
. "$(dirname "$0")/topology.sh"

daemons=20 each=10 all=200
pids=''

finish()
{
	# shellcheck disable=SC2086
	[ -z "$pids" ] || { kill $pids 2> /dev/null; wait $pids 2> /dev/null; }
	for i in $(seq 1 $daemons); do
		ip netns del "$P-m$i" 2> /dev/null
	done
	cleanup
}
trap finish EXIT

ups() { ctl_b --json status | grep -c '"state":"up"'; }
all_up() { n=$(ups); echo "$n up"; [ "$n" -ge "${1:-$all}" ]; }
lines() { [ "$(ctl_b status | grep -c '^t[0-9]* .* up ')" = $all ]; }
# Each tunnel with its L2TP session and the keys' names: a line each, but for those of one tunnel.
sessions_but() { ctl_b --json status -a | grep -v "\"name\":\"$1\"" | sed 's/.*"name":"\(t[0-9]*\)".*/\1 &/' | grep -o '^t[0-9]*\|"session":[0-9]*\|"spi":"[0-9a-f]*"'; }
undisturbed() { sessions_but "$1" > "$dir/sessions"; cmp "$dir/sessions" "$dir/sessions-before"; }
state_is() { ctl_b --json status "$1" | grep -q "\"state\":\"$2\""; }

# Through the tunnel's own interface to the branch's address in it; forty at a time.
ping_each()
{
	: > "$dir/lost"
	for first in $(seq 1 40 $all); do
		batch=
		for i in $(seq "$first" $((first + 39))); do
			{ in_b ping -q -c 1 -W 3 -I "t$i" "10.9.1.$i" > /dev/null || echo "t$i" >> "$dir/lost"; } &
			batch="$batch $!"
		done
		# shellcheck disable=SC2086
		wait $batch
	done
	cat "$dir/lost"
	[ ! -s "$dir/lost" ]
}

memory() # KIB-MOST: of each process of the head office
{
	status=0
	for p in $(cat "$dir/run-b/l2tpsecd.pid") $(pgrep -P "$(cat "$dir/run-b/l2tpsecd.pid")"); do
		kib=$(awk '/^VmRSS:/ {print $2}' "/proc/$p/status")
		printf '        %6d KiB  %s\n' "$kib" "$(tr '\0' ' ' < "/proc/$p/cmdline" | cut -c1-60)"
		[ "$kib" -le "$1" ] || status=1
	done
	return $status
}

conf_many() # MTU OF t7: the head office
{
	echo "gateway: { identity = \"hq.example\"; secrets = \"$dir/secrets\"; };"
	echo "tunnels: ("
	for i in $(seq 1 $all); do
		[ "$i" = 7 ] && mtu="mtu = $1;" || mtu=
		echo "  { name = \"t$i\"; start = \"wait\"; peer-identity = \"b$i.example\"; user = \"branch\"; $mtu"
		echo "    ppp: { local = \"10.9.2.$i\"; remote = \"10.9.1.$i\"; }; }$([ "$i" = $all ] || echo ,)"
	done
	echo ");"
}

branch() # NUMBER: a daemon with ten tunnels and an address of its own
{
	n=$P-m$1
	ip netns add "$n"
	ip -n "$n" link set lo up
	link "$n" out $NET "m$1" 1500
	ip -n "$n" addr add "198.18.$1.2/24" dev out
	ip -n $NET addr add "198.18.$1.1/24" dev "m$1"
	ip -n "$n" route add default via "198.18.$1.1"
	{
		echo "gateway: { identity = \"none.example\"; secrets = \"$dir/secrets\"; };"
		echo "tunnels: ("
		for k in $(seq 1 $each); do
			i=$((($1 - 1) * each + k))
			echo "  { name = \"hq$i\"; identity = \"b$i.example\"; peer = \"203.0.113.2\"; start = \"always\"; user = \"branch\";"
			echo "    ike: { dpd = 4; retry-first = 250; retries = 5; }; }$([ "$k" = $each ] || echo ,)"
		done
		echo ");"
	} > "$dir/m$1.conf"
	: > "$dir/m$1.log"
	ip netns exec "$n" "$daemon" -F -f "$dir/m$1.conf" --run-dir "$dir/run-m$1" > "$dir/m$1.log" 2>&1 < /dev/null &
	pids="$pids $!"
}

logs() { echo "        -- log of the head office"; tail -15 "$dir/b.log"; echo "        -- log of a branch"; tail -15 "$dir/m1.log"; }

topo_up 4 0 1500
secrets
conf_many 0 > "$dir/b.conf"
start_b
say "a head office with $all tunnels starts" wait_for 20 log_has b DAEMON_READY
started=$(date +%s)
for i in $(seq 1 $daemons); do
	branch "$i"
done
say "$all branches come up" wait_for 90 all_up
echo "        after $(($(date +%s) - started)) s"
say "status shows a line for each" lines
say "a packet crosses each and comes back" ping_each
say "memory: none of the head office's processes has more than 64 MiB" memory 65536
cat "$dir/out"

sessions_but t7 > "$dir/sessions-before"
say "there are sessions to compare" test "$(grep -c spi "$dir/sessions-before")" -ge $((2 * (all - 1)))
conf_many 1300 > "$dir/b.conf"
say "one tunnel changes: reload" ctl_b reload
say "one tunnel changes: the others are as they were" undisturbed t7
say "one tunnel is taken down" ctl_b down t7
say "one tunnel is taken down: it is" state_is t7 held
say "one tunnel is taken down: the others are as they were" undisturbed t7
say "one tunnel is allowed again" ctl_b up --no-wait t7
say "one tunnel is allowed again: its branch comes back" wait_for 60 state_is t7 up

sessions_but t1 > "$dir/sessions-before"
conf_many 1300 | sed '/"t1";/,/};/d' > "$dir/b.conf"
say "one tunnel is removed: reload" ctl_b reload
say "one tunnel is removed: the others are as they were" undisturbed t1
conf_many 1300 > "$dir/b.conf"
say "one tunnel is added: reload" ctl_b reload

# The head office dies without a word.
children=$(pgrep -P $pid_b)
# shellcheck disable=SC2086
kill -9 $pid_b $children
wait $pid_b 2> /dev/null
for c in $children; do
	until ended "$c"; do sleep 0.05; done
done
# From now on all branches have one address, that of a NAT.
in_net nft add table ip nat
in_net nft 'add chain ip nat post { type nat hook postrouting priority 100; }'
in_net nft add rule ip nat post oifname nb masquerade
mappings_forget
start_b
started=$(date +%s)
say "the head office starts anew" wait_for 20 log_has b DAEMON_READY
say "the head office starts anew: all $all come back, from behind one NAT" wait_for 90 all_up
echo "        after $(($(date +%s) - started)) s"
say "the head office starts anew: a packet crosses each" ping_each
one_address() { [ "$(ctl_b --json status | grep -c '"peer_address":"203.0.113.1:')" = $all ]; }
say "the head office starts anew: all have the address of the NAT" one_address
[ $failed = 0 ]
