#!/bin/sh
# Floods: IKE_SA_INIT from everywhere, junk and replays at a head office with a running tunnel, which must not feel it.
set -u
. "$(dirname "$0")/topology.sh"

flood=$net_root/tests/net/flood.py
C=$P-c
pid_c='' pid_flood=''

finish()
{
	[ -z "$pid_flood" ] || kill "$pid_flood" 2> /dev/null
	[ -z "$pid_c" ] || { kill $pid_c 2> /dev/null && wait $pid_c; }
	ip netns del $C 2> /dev/null
	cleanup
}
trap finish EXIT

rss_kib() { awk '/^VmRSS:/ {print $2}' "/proc/$(process_of b "$1")/status"; }
rss_within() # ROLE KIB-BEFORE KIB-MORE
{
	now=$(rss_kib "$1")
	echo "        $1: $2 KiB before, $now KiB now"
	[ "$now" -le $(($2 + $3)) ]
}
# IKE_SA_INIT responses with an SA in them: each is a half-open SA.
accepted() { in_net nft list chain inet watch in | sed -n 's/.*counter packets \([0-9]*\).*/\1/p'; }
few_accepted() { n=$(accepted) && echo "$n half-open SAs" && [ "$n" -ge 1 ] && [ "$n" -le "$1" ]; }
no_loss() { grep ' 0% packet loss' "$dir/ping"; }
second_up() { grep -q LINE_UP "$dir/c.log"; }
same_processes() { [ "$(process_of b ike) $(process_of b gateway)" = "$processes" ]; }

# A second branch, 192.0.2.2.
branch_c()
{
	ip netns add $C
	ip -n $C link set lo up
	link $C out $NET nc 1500
	ip -n $C addr add 192.0.2.2/24 dev out
	ip -n $NET addr add 192.0.2.1/24 dev nc
	ip -n $C route add default via 192.0.2.1
	sed 's/"branch.example"/"second.example"/; s/"10.72.0.0\/24", "fd72::\/64"/"10.72.0.0\/24"/' "$dir/a.conf" > "$dir/c.conf"
}

start_c()
{
	ip netns exec $C "$daemon" -F -f "$dir/c.conf" --run-dir "$dir/run-c" > "$dir/c.log" 2>&1 < /dev/null &
	pid_c=$!
}

topo_up 4 0 1500
conf_a always
branch_c
cat > "$dir/b.conf" <<END
gateway: { identity = "hq.example"; secrets = "$dir/secrets"; };
tunnels: (
  { name = "branch"; start = "wait"; peer-identity = "branch.example"; user = "branch"; routes = [ "10.71.0.0/24", "fd71::/64" ];
    ppp: { local = "10.9.0.1"; remote = "10.9.0.2"; }; },
  { name = "second"; start = "wait"; peer-identity = "second.example"; user = "branch"; routes = [ "10.73.0.0/24" ];
    ppp: { local = "10.9.0.1"; remote = "10.9.0.3"; }; } );
END
in_net nft -f - <<'END'
table inet watch { chain in { type filter hook prerouting priority -300; iifname "nb" udp sport 500 @th,192,8 33 counter; }; }
END
start_b
start_a
say "the tunnel comes up" wait_for 10 dialling_up
wait_for 5 up_b
processes="$(process_of b ike) $(process_of b gateway)"
ike_before=$(rss_kib ike) gw_before=$(rss_kib gateway)

in_net python3 "$flood" init 203.0.113.2 8 > "$dir/sent" &
pid_flood=$!
in_la ping -i 0.05 -c 120 -W 3 10.72.0.2 > "$dir/ping" 2>&1 &
pinging=$!
say "a flood of IKE_SA_INIT: cookies are asked for" wait_for 5 at_least b IKE_COOKIE_WANTED 1000
start_c
say "a flood of IKE_SA_INIT: a second branch comes up in it" wait_for 8 second_up
wait $pinging
say "a flood of IKE_SA_INIT: the running tunnel loses nothing" no_loss
wait $pid_flood
pid_flood=
echo "        $(cat "$dir/sent") sent"
say "a flood of IKE_SA_INIT: it was one" test "$(cat "$dir/sent")" -ge 20000
# 64 before cookies are wanted, and those who can bring one.
say "a flood of IKE_SA_INIT: half-open SAs are bounded" few_accepted 72
say "a flood of IKE_SA_INIT: ike's memory is bounded" rss_within ike "$ike_before" 8192
cat "$dir/out"
say "a flood of IKE_SA_INIT: the log stays short" log_bounded b 60

# One that can be reached at its address gets its cookie and past it, but only so far.
in_net python3 "$flood" stubborn 203.0.113.2 50 > "$dir/stubborn"
read -r cookies reached < "$dir/stubborn"
echo "        $cookies cookies brought, $reached half-open SAs got"
say "a stubborn host: it brings its cookies" test "$cookies" -ge 30
say "a stubborn host: it gets some half-open SAs and no more" test "$reached" -ge 1 -a "$reached" -le 32
say "a stubborn host: counted" at_least b IKE_HALF_OPEN_LIMIT 10

in_la ping -i 0.05 -c 60 -W 3 10.72.0.2 > "$dir/ping" 2>&1 &
pinging=$!
in_net python3 "$flood" junk 203.0.113.2 2000
wait $pinging
say "junk: the running tunnel loses nothing" no_loss
for cause in MALFORMED IKE_UNKNOWN_SPI IKE_MAJOR_VERSION ESP_UNKNOWN_SPI; do
	say "junk: counted as $cause" at_least b $cause 1000
done
say "junk: counted as TRUNCATED" at_least b TRUNCATED 100
say "junk: counted as ESP_TRUNCATED" at_least b ESP_TRUNCATED 1
say "junk: ike's memory is bounded" rss_within ike "$ike_before" 8192
cat "$dir/out"
say "junk: the gateway's memory is bounded" rss_within gateway "$gw_before" 8192
cat "$dir/out"

lines_before=$(wc -l < "$dir/b.log") gw_before=$(rss_kib gateway) strangers=$(counter b ESP_UNKNOWN_SPI)
in_la ping -i 0.05 -c 60 -W 3 10.72.0.2 > "$dir/ping" 2>&1 &
pinging=$!
in_net python3 "$flood" spi 203.0.113.2 50000
wait $pinging
say "unknown SPIs: the running tunnel loses nothing" no_loss
# Some may not fit into the sockets when the machine has other things to do.
say "unknown SPIs: counted" at_least b ESP_UNKNOWN_SPI $((strangers + 25000))
cat "$dir/out"
# What was said before may be said to have been repeated.
say "unknown SPIs: they are not logged" log_bounded b $((lines_before + 2))
say "unknown SPIs: the gateway's memory is bounded" rss_within gateway "$gw_before" 256
cat "$dir/out"

ip netns exec $NET python3 "$flood" replay 203.0.113.2 na > "$dir/again" 2> "$dir/listening" &
pid_flood=$!
wait_for 10 grep -q listening "$dir/listening"
in_la ping -i 0.05 -c 40 -W 3 10.72.0.2 > "$dir/ping" 2>&1
say "replays: the running tunnel loses nothing and hears nothing twice" no_loss
sleep 0.2
kill $pid_flood
wait $pid_flood
pid_flood=
say "replays: there were some" test "$(cat "$dir/again")" -ge 80
say "replays: counted" at_least b ESP_REPLAY "$(cat "$dir/again")"
not_twice() { ! grep DUP "$dir/ping"; }
say "replays: no packet twice" not_twice
say "after all that: the log is short" log_bounded b 80
say "after all that: the processes are the same" same_processes
[ $failed = 0 ]
