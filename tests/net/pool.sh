#!/bin/sh
# Addresses for callers: from a pool that several tunnels share, each once, free again when its caller is gone; none left is said at both
# ends; the address of a user comes before the pool; name servers go along.
set -u
. "$(dirname "$0")/topology.sh"

callers='one two three fixed'

branch() # NAME: a tunnel of the branch
{
	echo "{ name = \"$1\"; identity = \"$1.example\"; peer = \"$peer_b\"; start = \"on-demand\"; user = \"$1\";
	  ppp: { want-dns = true; ipv6 = false; }; }"
}
office() # NAME: a tunnel of the head office
{
	number=$((number + 1)) # an address of its own at this end, so that answers come the same way
	echo "{ name = \"$1\"; start = \"wait\"; peer-identity = \"$1.example\"; user = \"$1\";
	  ppp: { local = \"10.9.1.$number\"; ipv6 = false; pool = \"10.9.0.10-10.9.0.11\"; dns = [ \"10.72.0.53\" ]; }; }"
}
number=0
list() # COMMAND: its words for each caller, with commas between
{
	comma=
	for c in $callers; do
		printf %s "$comma "
		"$1" "$c"
		comma=,
	done
}

field() { ctl_a --json status "$1" | jq -r "select(.type == \"tunnel\") | .$2"; } # TUNNEL NAME
has_address() { a=$(field "$1" local4) && echo "$a" && [ "$a" = "$2" ]; }       # TUNNEL ADDRESS
says() { "ctl_$1" why "$2" > "$dir/why" && cat "$dir/why" && grep -q "$3" "$dir/why"; } # GATEWAY TUNNEL WORDS
one_each() { [ "$(field one local4) $(field two local4)" = "10.9.0.10 10.9.0.11" ]; }

topo_up 4 0 1500
cat > "$dir/a.conf" <<-END
	gateway: { identity = "branch.example"; secrets = "$dir/secrets"; };
	tunnels: ( $(list branch) );
END
cat > "$dir/b.conf" <<-END
	gateway: { identity = "hq.example"; secrets = "$dir/secrets"; };
	tunnels: ( $(list office) );
END
cat > "$dir/secrets" <<-END
	psks: ( { secret = "a shared key of both" } );
	users: ( { name = "one"; password = "pw 1" }, { name = "two"; password = "pw 2" }, { name = "three"; password = "pw 3" },
	  { name = "fixed"; password = "pw 4"; address = "10.9.0.77" } );
END
chmod 600 "$dir/secrets"
start_b
start_a
say "both start" wait_for 10 ready
say "the first caller comes up" ctl_a up one
say "the second caller comes up" ctl_a up two
say "each has an address of the pool" one_each
say "packets flow to the first" in_b ping -c 1 -W 2 -I one 10.9.0.10
say "packets flow to the second" in_b ping -c 1 -W 2 -I two 10.9.0.11
say "the name server goes along" sh -c "$(command -v ip) netns exec $A '$ctl' --run-dir '$dir/run-a' status one | grep -q 'DNS there *10.72.0.53'"
say "the user with an address of its own comes up" ctl_a up fixed
say "and has that" has_address fixed 10.9.0.77
ctl_a --no-wait up three > /dev/null
say "no address is left: the head office says so" wait_for 8 says b three "no address was left"
say "no address is left: the branch says so" wait_for 8 says a three "the peer ended it"
say "the others are not hurt" one_each
ctl_a down one > /dev/null
say "the first caller goes: the third comes up when it calls again" ctl_a up three
say "with the address that is free again" has_address three 10.9.0.10
say "packets flow to it" in_b ping -c 1 -W 2 -I three 10.9.0.10
[ $failed = 0 ]
