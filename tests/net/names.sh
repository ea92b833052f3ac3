#!/bin/sh
# A peer with a name: found by DNS, each of its addresses tried in turn, followed when it moves, and told when DNS does not help.
set -u
. "$(dirname "$0")/topology.sh"

quick="ike: { dpd = 2; retry-first = 100; retries = 4; };"
pid_dns=''
made_etc=''

finish()
{
	dns_stop
	cleanup
	rm -rf "/etc/netns/$A"
	[ -z "$made_etc" ] || rmdir /etc/netns 2> /dev/null
}
trap finish EXIT

peer_is() { ctl_a --json status hq | grep -q "\"peer_address\":\"$1"; }

dns_start()
{
	: > "$dir/dns"
	ip netns exec $NET python3 "$net_root/tests/net/dns.py" 198.51.100.1 "$dir/zone" > "$dir/dns" 2>&1 &
	pid_dns=$!
	wait_for 5 grep -q ready "$dir/dns"
}

dns_stop()
{
	[ -z "$pid_dns" ] && return
	kill $pid_dns
	wait $pid_dns 2> /dev/null
	pid_dns=''
}

zone() # ADDRESS...: those of hq.test, in this order
{
	for a in "$@"; do
		echo "hq.test $a"
	done > "$dir/zone.new"
	mv "$dir/zone.new" "$dir/zone"
}

begin() # PEERS ADDRESS...: a branch that dials PEERS, while hq.test has those addresses
{
	peers=$1
	shift
	zone "$@"
	cat > "$dir/a.conf" <<-END
		gateway: { identity = "branch.example"; secrets = "$dir/secrets"; };
		tunnels: ( { name = "hq"; peer = [ $peers ]; start = "always"; user = "branch"; routes = [ "10.72.0.0/24" ]; $quick } );
	END
	start_a
	wait_for 10 log_has a DAEMON_READY
}

end()
{
	kill $pid_a
	wait $pid_a
	pid_a=''
}

[ -d /etc/netns ] || made_etc=1
mkdir -p "/etc/netns/$A"
echo "nameserver 198.51.100.1" > "/etc/netns/$A/resolv.conf"

topo_up 4 0 1500
conf_b "$quick"
start_b
wait_for 10 log_has b DAEMON_READY
dns_start

begin '"hq.test"' 203.0.113.2
say "a name with one address: comes up" wait_for 10 ping_once

# -- it moves --
ip -n $GB addr del 203.0.113.2/24 dev out
ip -n $GB addr add 203.0.113.7/24 dev out
ip -n $GB route replace default via 203.0.113.1
zone 203.0.113.7
say "the name gets another address: noticed" wait_for 10 down_a
say "the name gets another address: packets flow again" wait_for 30 ping_once
say "the name gets another address: it is the one in use" peer_is 203.0.113.7

# -- DNS goes away while the address is known --
dns_stop
ip -n $NET link set nb down
say "the path and DNS are gone: noticed" wait_for 10 down_a
ip -n $NET link set nb up
say "the path is back without DNS: packets flow by the address that is known" wait_for 40 ping_once
dns_start
end

# -- several addresses, of which the first ones are dead --
begin '"hq.test"' 203.0.113.99 203.0.113.98 203.0.113.7
say "the third address of a name: comes up" wait_for 20 ping_once
say "the third address of a name: it is the one in use" peer_is 203.0.113.7
end
begin '"hq.test"' 2001:db8:dead::1 203.0.113.7
say "an IPv6 address without a route first: comes up" wait_for 20 ping_once
end
begin '"203.0.113.99", "nobody.test", "hq.test"' 203.0.113.7
say "a dead address and a name that does not exist first: comes up" wait_for 20 ping_once
end

# -- DNS does not help --
begin '"nobody.test"' 203.0.113.7
say "a name that does not exist: why says so" wait_for 20 why_a "could not be resolved"
say "a name that does not exist: why says which" why_a "nobody.test"
echo "nobody.test 203.0.113.7" > "$dir/zone"
say "a name that comes to exist: comes up by itself" wait_for 30 ping_once
end
dns_stop
begin '"hq.test"' 203.0.113.7
say "no DNS server: why says so" wait_for 30 why_a "could not be resolved"
say "no DNS server: and what to look at" why_a "mend .*DNS"
dns_start
say "DNS is back: comes up by itself" wait_for 60 ping_once
[ $failed = 0 ]
