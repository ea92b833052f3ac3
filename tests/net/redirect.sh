#!/bin/sh
# Redirect (RFC 5685): a branch and two head offices that are one peer to it. It is sent to the second one when it calls, by its tunnel, in a
# session under pings, and because there is no room; and it comes back where the second one does not take it.
set -u
. "$(dirname "$0")/topology.sh"

C=$P-c LC=$P-lc
in_c() { ip netns exec $C "$@"; }
ctl_c() { in_c "$ctl" --run-dir "$dir/run-c" "$@"; }
pid_c=
# The second head office, with the same network behind it, which the branch reaches through whichever it is at.
c_up() # FAMILY
{
	for n in $C $LC; do
		ip netns add $n
		ip netns exec $n sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1
		ip -n $n link set lo up
	done
	link $C out $NET nc 1500
	link $LC eth0 $C lan 1500
	ip -n $C addr add 10.72.0.1/24 dev lan
	ip -n $LC addr add 10.72.0.2/24 dev eth0
	ip -n $LC route add default via 10.72.0.1
	if [ "$1" = 4 ]; then
		ip -n $NET addr add 192.0.2.1/24 dev nc
		ip -n $C addr add 192.0.2.2/24 dev out
		ip -n $C route add default via 192.0.2.1
		peer_c=192.0.2.2
	else
		ip -n $NET addr add 2001:db8:c::1/64 dev nc nodad
		ip -n $C addr add 2001:db8:c::2/64 dev out nodad
		ip -n $C route add default via 2001:db8:c::1
		peer_c=2001:db8:c::2
	fi
}
start_c()
{
	sed "s/max-ike-sas = 1;//; s/10\.9\.0\.1/10.9.1.1/; s/10\.9\.0\.2/10.9.1.2/" "$dir/b.conf" > "$dir/c.conf"
	: > "$dir/c.log"
	ip netns exec $C "$daemon" -F -f "$dir/c.conf" --run-dir "$dir/run-c" > "$dir/c.log" 2>&1 < /dev/null &
	pid_c=$!
}
stop_c() { [ -z "$pid_c" ] || { kill $pid_c; wait $pid_c; pid_c=; }; }
all_down()
{
	stop_c 2> /dev/null
	[ -z "$pid_a$pid_b" ] || stop_both 2> /dev/null
	ip netns del $LC 2> /dev/null
	ip netns del $C 2> /dev/null
	topo_down
}
pid_dns=
finish()
{
	[ -z "$pid_dns" ] || kill $pid_dns
	all_down
	cleanup
	rm -rf "/etc/netns/$A"
	[ -z "$made_etc" ] || rmdir /etc/netns 2> /dev/null
}
made_etc=
[ -d /etc/netns ] || made_etc=yes
trap finish EXIT

up_c() { ctl_c --json status branch | grep -q '"state":"up"'; }
quiet_c() { ! ctl_c --json status branch | grep -q '"state":"established"'; }
quiet_b() { ! ctl_b --json status branch | grep -q '"state":"established"'; }
sa_of_a() { ctl_a --json status hq | jq -se "any(.[]; .type == \"tunnel\" and (.ike_sas | length == 1) and (.ike_sas[0] | $1))"; }
at() { sa_of_a ".remote | test(\"^\\\\[?$1\\\\]?:[0-9]+\$\")"; }
from() { sa_of_a ".redirected_from == \"$1\""; }
event() { "ctl_$1" events > "$dir/events" && cat "$dir/events" && grep -q "$2" "$dir/events"; } # GATEWAY WHAT
status_says() { "ctl_$1" status "$2" > "$dir/status" && cat "$dir/status" && grep -q "$3" "$dir/status"; } # GATEWAY TUNNEL WHAT
all_ready() { ready && grep -q DAEMON_READY "$dir/c.log"; }
begin() # FAMILY [MORE]: of the first one's gateway
{
	topo_up "$1" 0 1500
	c_up "$1"
	conf_a always "peer-identity = \"hq.example\";"
	conf_b
	[ -z "${2:-}" ] || sed -i "s/gateway: {/gateway: { $2/" "$dir/b.conf"
	start_b
	start_c
}

for family in 4 6; do
	begin $family
	say "IPv$family: the two head offices start" wait_for 10 status_says b branch "has been"
	wait_for 10 status_says c branch "has been"

	# -- sent away at once, in IKE_SA_INIT --
	say "IPv$family: the first one sends its callers away" ctl_b redirect $peer_c
	start_a
	say "IPv$family: packets flow" wait_for 10 ping_once
	say "IPv$family: by the second one" at $peer_c
	say "IPv$family: and the branch knows who sent it" from $peer_b
	say "IPv$family: the second one does too" status_says c branch "sent here by $peer_b"
	say "IPv$family: the first one says where callers go" status_says b branch "callers     are sent to $peer_c"
	say "IPv$family: and has told of it" event b "in IKE_SA_INIT"

	# -- and back, in a session --
	ctl_b redirect off > /dev/null
	wait_for 5 up_c
	in_la ping -i 0.02 -c 300 -W 1 10.72.0.2 > "$dir/pings" &
	pings=$!
	sleep 1
	say "IPv$family: the second one sends it back" ctl_c redirect $peer_b branch
	say "IPv$family: it goes" wait_for 5 at $peer_b
	say "IPv$family: the second one is left" wait_for 5 quiet_c
	wait $pings
	grep loss "$dir/pings" | sed 's/^/        /'
	say "IPv$family: most packets arrive meanwhile" sh -c "[ \"\$(sed -n 's/.* \\([0-9]*\\) received.*/\\1/p' '$dir/pings')\" -ge 100 ]"
	say "IPv$family: the branch tells of it" event a "sends us to another one"
	why_c() { ctl_c why branch > "$dir/why" && cat "$dir/why" && grep -q "callers *are sent to $peer_b" "$dir/why"; }
	say "IPv$family: why says at the second one where callers go" why_c

	# -- by its tunnel, once it is known who calls: in IKE_AUTH --
	ctl_c redirect off branch > /dev/null
	ctl_b redirect $peer_c branch > /dev/null
	say "IPv$family: by its tunnel, in the session" wait_for 5 at $peer_c
	ctl_a down hq > /dev/null
	ctl_a up hq > /dev/null
	say "IPv$family: by its tunnel, in IKE_AUTH" wait_for 10 at $peer_c
	say "IPv$family: which is told" event b "in IKE_AUTH"
	say "IPv$family: packets flow" wait_for 5 ping_once

	# -- the second one goes down for good, while the first one would not have us: it has to --
	stop_c
	say "IPv$family: when the second one ends the first one takes it" wait_for 40 at $peer_b
	say "IPv$family: packets flow" wait_for 10 ping_once
	say "IPv$family: the branch has told why" event a "does not take us"
	all_down
	rm -f "$dir"/*.log
done

# -- the first one ends, having sent its callers away --
begin 4
start_a
say "all three start" wait_for 10 all_ready
say "the branch is at the first one" wait_for 10 at $peer_b
in_la ping -i 0.02 -c 400 -W 1 10.72.0.2 > "$dir/pings" &
pings=$!
ctl_b redirect $peer_c > /dev/null
say "it is sent away" wait_for 5 at $peer_c
say "nobody is left" wait_for 5 quiet_b
kill $pid_b
wait $pid_b
pid_b=
wait $pings
grep loss "$dir/pings" | sed 's/^/        /'
say "packets flow, and have" sh -c "[ \"\$(sed -n 's/.* \\([0-9]*\\) received.*/\\1/p' '$dir/pings')\" -ge 100 ]"
say "by the second one" at $peer_c

# -- sent where nobody is: it stays --
start_b
wait_for 10 ready
session() { ctl_a --json status hq | grep -o '"session":[0-9]*'; }
before=$(session)
ctl_c redirect 203.0.113.99 > /dev/null
say "sent where nobody is, the branch says so" wait_for 20 at_least a REDIRECT_FAILED 1
say "and stays, with its session" [ -n "$before" -a "$(session)" = "$before" ]
say "at the second one" at $peer_c

# -- a name --
stop_c
kill $pid_a
wait $pid_a
mkdir -p "/etc/netns/$A"
echo "nameserver 198.51.100.1" > "/etc/netns/$A/resolv.conf"
echo "hq-2.test $peer_c" > "$dir/zone"
: > "$dir/dns"
ip netns exec $NET python3 "$net_root/tests/net/dns.py" 198.51.100.1 "$dir/zone" > "$dir/dns" 2>&1 &
pid_dns=$!
wait_for 5 grep -q ready "$dir/dns"
start_c
start_a
say "the branch is at the first one again" wait_for 10 at $peer_b
wait_for 10 status_says c branch "has been"
ctl_b redirect hq-2.test > /dev/null
say "sent to a name, it goes there" wait_for 10 at $peer_c
say "packets flow" wait_for 5 ping_once
ctl_b redirect off > /dev/null

# -- an order outlives ike --
ctl_c redirect $peer_b > /dev/null
kill -9 "$(process_of c ike)"
kill $pid_a
wait $pid_a
peer_b=$peer_c
first=203.0.113.2
conf_a always "peer-identity = \"hq.example\";"
wait_for 10 status_says c branch "has been"
start_a
say "an order outlives ike" wait_for 10 at $first
say "packets flow" wait_for 5 ping_once

# -- who does not follow redirects --
kill $pid_a
wait $pid_a
conf_a always "peer-identity = \"hq.example\"; follow-redirects = false;"
start_a
say "who does not follow redirects is served" wait_for 10 sa_of_a "(.redirect | not)"
say "as status says" status_says a hq "not followed"
ctl_c redirect $first > /dev/null
say "and stays" wait_for 5 event c "does not follow redirects"
say "packets flow" wait_for 5 ping_once
all_down

# -- no room: the branch loses its power and calls again, while the first one still has its IKE SA --
rm -f "$dir"/*.log
begin 4 "max-ike-sas = 1; redirect-when-full = \"192.0.2.2\";"
start_a
say "the first one takes as many as it has room for" wait_for 10 at $peer_b
wait_for 10 all_ready
kill_all $pid_a
start_a
say "and sends who comes then to the second one" wait_for 15 at $peer_c
say "which is told" event b "there is no room here"
say "packets flow" wait_for 5 ping_once
[ $failed = 0 ]
