#!/bin/sh
# The head office has no address left for a caller: the line is up with IPv6 alone and both ends say what it lacks and why; the address comes
# when another caller leaves, or when the pool is widened. Where only IPv4 is of use the line does not come up.
set -u
. "$(dirname "$0")/topology.sh"

branch() # NAME MORE
{
	echo "{ name = \"$1\"; identity = \"$1.example\"; peer = \"$peer_b\"; start = \"on-demand\"; user = \"$1\"; ${2:-} }"
}
office() # NAME NUMBER
{
	echo "{ name = \"$1\"; start = \"wait\"; peer-identity = \"$1.example\"; user = \"$1\";"
	echo "  ppp: { local = \"10.9.1.$2\"; pool = \"$pool\"; }; }"
}
conf_office() # POOL
{
	pool=$1
	cat > "$dir/b.conf" <<-END
		gateway: { identity = "hq.example"; secrets = "$dir/secrets"; };
		tunnels: ( $(office one 1), $(office two 2) );
	END
}
conf_branch() # MORE: of the second tunnel
{
	cat > "$dir/a.conf" <<-END
		gateway: { identity = "branch.example"; secrets = "$dir/secrets"; };
		tunnels: ( $(branch one), $(branch two "${1:-}") );
	END
}
field() { "ctl_$1" --json status "$2" | jq -r "select(.type == \"tunnel\") | .$3"; } # GATEWAY TUNNEL NAME
is() { v=$(field "$1" "$2" "$3"); echo "$v"; [ "$v" = "$4" ]; }                    # GATEWAY TUNNEL NAME VALUE
says() { "ctl_$1" why "$2" > "$dir/said" && cat "$dir/said" && grep -q "$3" "$dir/said"; } # GATEWAY TUNNEL WORDS
status_says() { "ctl_$1" status "$2" > "$dir/said" && cat "$dir/said" && grep -q "$3" "$dir/said"; }
list_says() { "ctl_$1" status > "$dir/said" && cat "$dir/said" && grep -q "$2" "$dir/said"; } # GATEWAY WORDS
mend_says() { cat "$dir/said"; grep -q "mend .*$1" "$dir/said"; }
event() { "ctl_$1" events > "$dir/events" && cat "$dir/events" && grep -q "$2" "$dir/events"; } # GATEWAY WORDS
up_says() { ctl_a up "$1" > "$dir/said" 2>&1; cat "$dir/said"; grep -q "$2" "$dir/said"; } # TUNNEL WORDS
# The tunnel's other end, by its link-local address.
six() { in_a ping -6 -c 1 -W 2 "$(in_b ip -6 -o addr show dev two scope link | sed -n 's/.*inet6 \([^ /]*\).*/\1/p')%two"; }

topo_up 4 0 1500
cat > "$dir/secrets" <<-END
	psks: ( { secret = "a shared key of both" } );
	users: ( { name = "one"; password = "pw 1" }, { name = "two"; password = "pw 2" } );
END
chmod 600 "$dir/secrets"
conf_branch
conf_office 10.9.0.10-10.9.0.10
start_b
start_a
say "both start" wait_for 10 ready
say "the first caller comes up" ctl_a up one
say "it has the only address" is a one local4 10.9.0.10
say "the second caller comes up, and hears what it lacks" up_says two "two is up, but: the peer gives no IPv4 address: the peer says: no address was left for the caller; widen 'ppp.pool' at the peer"
say "it is up" is a two state up
say "without IPv4" is a two local4 null
say "IPv6 packets flow in it" six
say "the branch's status says what it lacks" status_says a two "lacks  *IPv4: the peer gives no IPv4 address: the peer says: no address was left for the caller"
say "in JSON too" is a two lack.name PPP_NO_IPV4
say "the branch's why says it" says a two "two has been up.*It does without IPv4 for .*the peer gives no IPv4 address"
say "and what to do" mend_says ppp.pool
say "the head office's status says it" status_says b two "lacks  *IPv4: no address was left for the caller: user two"
say "the head office's why says it" says b two "It does without IPv4 for .*no address was left for the caller"
say "and what to do" mend_says ppp.pool
say "the head office's list says it" list_says b "^two .* up .*no IPv4"
say "told in the branch" event a "the peer gives no IPv4 address"
say "told in the head office" event b "no address was left for the caller"
say "counted in the branch" at_least a PPP_NO_IPV4 1
say "counted in the head office" at_least b GW_NO_ADDRESS 1
say "the first caller is not hurt" in_b ping -c 1 -W 2 -I one 10.9.0.10

before=$(field a two session)
ctl_a down one > /dev/null
say "the first caller goes: the second has its address soon" wait_for 10 is a two local4 10.9.0.10
say "in the same session" is a two session "$before"
say "IPv4 packets flow in it" wait_for 5 in_b ping -c 1 -W 2 -I two 10.9.0.10
say "and IPv6 packets still do" six
say "the branch lacks nothing" is a two lack null
say "the head office lacks nothing" is b two lack null
say "told in the branch" event a "without IPv4 has it now"
say "told in the head office" event b "without IPv4 has it now"

say "now the first caller gets none" up_says one "one is up, but: the peer gives no IPv4 address"
conf_office 10.9.0.10-10.9.0.11
say "the pool is widened" ctl_b reload
say "the first caller has the new address soon" wait_for 10 is a one local4 10.9.0.11
say "IPv4 packets flow in it" wait_for 5 in_b ping -c 1 -W 2 -I one 10.9.0.11
stop_both

conf_office 10.9.0.10-10.9.0.10
conf_branch 'routes = [ "10.72.0.0/24" ];'
start_b
start_a
say "with routes of IPv4 alone: both start" wait_for 10 ready
say "with routes of IPv4 alone: the first caller comes up" ctl_a up one
say "with routes of IPv4 alone: the second does not, and hears why" up_says two "two did not come up: the peer gives no IPv4 address: the peer says: no address was left for the caller"
say "with routes of IPv4 alone: it is not called up" is a two local4 null
say "with routes of IPv4 alone: why says it" says a two "no address was left for the caller"
say "with routes of IPv4 alone: the head office knows too" wait_for 5 event b "the peer says: the peer gives no IPv4 address\|no address was left"
ctl_a down one > /dev/null
say "with routes of IPv4 alone: the first caller goes, the second comes up" ctl_a up two
say "with routes of IPv4 alone: IPv4 packets flow in it" wait_for 5 in_b ping -c 1 -W 2 -I two 10.9.0.10
[ $failed = 0 ]
