#!/bin/sh
# l2tpsecctl against two running daemons: each command in words and as JSON, and its exit status.
set -u
. "$(dirname "$0")/topology.sh"

ctl_a() { in_a timeout 20 "$ctl" --run-dir "$dir/run-a" "$@"; }
ctl_b() { in_b timeout 20 "$ctl" --run-dir "$dir/run-b" "$@"; }
exits() # STATUS COMMAND...
{
	want=$1
	shift
	"$@"
	got=$?
	[ $got = "$want" ] || { echo "exit status $got, not $want"; return 1; }
}
has() # TEXT COMMAND...: the words are in what it says
{
	text=$1
	shift
	"$@" > "$dir/said" 2>&1
	cat "$dir/said"
	grep -qE -- "$text" "$dir/said"
}
# Every line is an object, the last one the end, and the jq expression is true for one of them.
json() # EXPRESSION COMMAND...
{
	expression=$1
	shift
	"$@" > "$dir/said" 2>&1
	cat "$dir/said"
	jq -es "(all(.[]; type == \"object\" and has(\"type\"))) and .[-1].type == \"end\" and any(.[]; $expression)" "$dir/said"
}

topo_up 4 1 1500
conf_a on-demand "ppp: { want-dns = true; };"
conf_b
sed -i 's/remote = "10.9.0.2";/& dns = [ "10.72.0.53", "10.72.0.54" ];/' "$dir/b.conf"
start_b
start_a
say "both start" wait_for 10 ready
say "status: a line a tunnel" has '^hq +down +.*203.0.113.2' ctl_a status
say "why: nothing has failed" has 'it has not failed since the daemon started' ctl_a why hq
ctl_a up hq > "$dir/up" 2>&1
for step in 'IKEv2: agreed on AES-256-GCM, SHA-384, X25519' 'ESP in UDP, because a NAT stands before us' 'the peer proved to be hq.example \(preshared key\)' \
	'L2TP connection [0-9]+' 'PPP: 10.9.0.2 here, 10.9.0.1 there, IPv6, MTU 14[0-9]+' '^hq is up'; do
	say "up shows: $step" grep -E "$step" "$dir/up"
done
say "up again is no failure" exits 0 ctl_a up hq
in_la ping -c 2 -i 0.2 -W 2 10.72.0.2 > /dev/null
say "status hq: who, where, how" has 'ESP out +[0-9a-f]{8} aes256-gcm ESN in UDP' ctl_a status hq
say "status hq: the name servers that the head office named" has 'DNS there +10.72.0.53, 10.72.0.54' ctl_a status hq
say "status branch, at the other end" has 'the peer called, user branch' ctl_b status branch
say "status --json" json '.type == "tunnel" and .name == "hq" and .state == "up" and .out_packets >= 2 and (.esp_sas | length) == 2 and .local4 == "10.9.0.2"' \
	ctl_a --json status hq
say "counters --json" json '.type == "counter" and .name == "IKE_ESTABLISHED" and .count == 1' ctl_a --json counters
say "counters" has "1 +ike +L2S-200 +an IKE SA was established" ctl_a counters
say "events" has 'L2S-658 hq .*the tunnel is up' ctl_a events
say "events --json" json '.type == "event" and .number == 658 and .tunnel == "hq"' ctl_a --json events
say "config: values and where they come from" has "tunnels.hq.start = \"on-demand\";  # $dir/a.conf:2" ctl_a config
say "config: defaults" has 'tunnels.hq.esp.replay-window = 1024;  # default' ctl_a config
say "version" has 'l2tpsecd? ?0' ctl_a version
say "doctor" has '^ok +a running l2tpsecd' ctl_a doctor
say "reload" exits 0 ctl_a reload

in_a timeout 20 "$ctl" --run-dir "$dir/run-a" events -f > "$dir/follow" 2>&1 &
follower=$!
sleep 0.3
say "down" exits 0 ctl_a down hq
say "down: it stays down" has '^hq +held' ctl_a status
say "events -f follows" wait_for 3 grep -q 'the tunnel is down: the administrator asked for it' "$dir/follow"
kill $follower 2> /dev/null
wait $follower 2> /dev/null
held_back() { ! in_la ping -c 1 -W 1 10.72.0.2; }
say "down: a packet does not bring it up" held_back
say "why: the administrator did it, and what brings it back" has "administrator took it down: 'l2tpsecctl up hq'" ctl_a why hq
in_a timeout 20 "$ctl" --run-dir "$dir/run-a" trace -v hq > "$dir/trace" 2>&1 &
follower=$!
sleep 0.3
say "up after down" exits 0 ctl_a up hq
for line in ' hq 203.0.113.2:500 IKE_SA_INIT 0: HDR, SAi1, KEi, Ni, .* -->$' ' hq 203.0.113.2:500 IKE_SA_INIT 0: <-- HDR, SAr1, KEr, Nr,' \
	' hq 203.0.113.2:4500 IKE_AUTH 1: HDR, SK \{IDi, .*AUTH, .*SAi2, TSi, TSr.*\} -->$' '^ +IDi: branch.example$' '^ +SAr1: AES-256-GCM/SHA-384/X25519' \
	' IKE_AUTH 1: <-- HDR, SK \{IDr, AUTH, .*\}$'; do
	say "trace shows: $line" wait_for 3 grep -E "$line" "$dir/trace"
done
kill $follower 2> /dev/null
wait $follower 2> /dev/null
say "packets flow again" in_la ping -c 1 -W 2 10.72.0.2

# ike hears of "down" and of "up" at once, and so says that the old SAs are gone when the new attempt runs.
at_once()
{
	ike=$(ctl_a --json status | jq -s '.[0].processes[] | select(.role == "ike") | .pid')
	kill -STOP "$ike"
	ctl_a down hq
	ctl_a up hq &
	asking=$!
	sleep 0.3
	kill -CONT "$ike"
	wait $asking
}
say "up right behind down" at_once
say "and packets flow" in_la ping -c 1 -W 2 10.72.0.2
# The same with an attempt that has not come up yet.
at_once_connecting()
{
	ctl_a down hq
	kill -STOP "$ike"
	ctl_a --no-wait up hq
	at_once
}
say "up right behind down of an attempt" at_once_connecting
say "and packets flow" in_la ping -c 1 -W 2 10.72.0.2

say "an unknown tunnel: its name is said" has "there is no tunnel 'nobody'" ctl_a status nobody
say "an unknown tunnel: exit 2" exits 2 ctl_a status nobody
say "an unknown command: exit 2" exits 2 ctl_a frobnicate
say "a missing tunnel: exit 2" exits 2 ctl_a up
say "no daemon: exit 1" exits 1 in_a "$ctl" --run-dir "$dir/nothing" status
say "no daemon: where it was looked for" has "$dir/nothing/control" in_a "$ctl" --run-dir "$dir/nothing" status
[ $failed = 0 ]
