#!/bin/sh
# A changed configuration is applied to what changed; other tunnels are left alone; a broken one is refused.
set -u
. "$(dirname "$0")/topology.sh"

route_is_there() { in_a ip route show | grep -q "$1"; }
route_is_gone() { ! route_is_there "$1"; }
link_is_there() { in_a ip link show "$1"; }
link_is_gone() { ! link_is_there "$1"; }

# conf_two [ROUTE OF THE FIRST] [SECOND TUNNEL]
conf_two()
{
	cat > "$dir/a.conf" <<-END
		gateway: { identity = "branch.example"; secrets = "$dir/secrets"; };
		tunnels: ( { name = "hq"; peer = [ "$peer_b" ]; start = "always"; user = "branch"; routes = [ "10.72.0.0/24", "fd72::/64"${1:+, \"$1\"} ]; }
		  ${2:-} );
	END
}

topo_up 4 0 1500
conf_b
conf_two
secrets
start_b
start_a
say "the tunnel comes up" wait_for 10 dialling_up
before=$(spis)

say "nothing changed: reload" ctl_a reload
say "nothing changed: the SAs are the same" same_spis

conf_two 10.99.0.0/16
say "a route more: reload" ctl_a reload
say "a route more: it is there" wait_for 3 route_is_there "10.99.0.0/16 dev hq"
say "a route more: packets flow" ping_once

conf_two "" ', { name = "second"; peer = "198.51.100.1"; start = "on-demand"; user = "branch"; routes = [ "10.98.0.0/16" ]; }'
before=$(spis)
say "a tunnel more: reload" ctl_a reload
say "a tunnel more: its interface is there" wait_for 3 link_is_there second
say "a tunnel more: the old route is gone" route_is_gone "10.99.0.0/16"
say "a tunnel more: its route is there" route_is_there "10.98.0.0/16 dev second"
say "a tunnel more: packets flow in the first" ping_once

before=$(spis)
conf_two
kill -HUP "$(cat "$dir/run-a/l2tpsecd.pid")"
say "a tunnel less, by SIGHUP: its interface is gone" wait_for 3 link_is_gone second
say "a tunnel less: the SAs of the other are the same" same_spis
say "a tunnel less: packets flow in the first" ping_once

sed -i 's/routes =/rutes =/' "$dir/a.conf"
refused() { ! ctl_a reload; }
say "a broken config is refused" refused
says_where() { ctl_a reload 2>&1 | grep -q "$dir/a.conf:2: unknown key 'rutes'"; }
say "a broken config: file, line and key are named" says_where
say "a broken config: the SAs are the same" same_spis
say "a broken config: packets flow" ping_once

conf_two
sed -i 's/pass word/other word/' "$dir/secrets"
echo 'nonsense' >> "$dir/secrets"
say "broken secrets: reload fails" refused
says_where() { ctl_a reload 2>&1 | grep -q "^$dir/secrets:[34]: "; }
say "broken secrets: file and line are named" says_where
say "broken secrets: they are refused" wait_for 3 log_has a "SECRETS_REFUSED.*$dir/secrets:[34]: "
say "broken secrets: packets flow" ping_once
chmod 644 "$dir/secrets"
says_mode() { ctl_a reload 2>&1 | grep -q "chmod 600 $dir/secrets"; }
say "secrets that others may read: reload fails" refused
say "secrets that others may read: the remedy is named" says_mode
secrets
say "good secrets again: reload" ctl_a reload

sed -i 's/identity = "branch.example";/identity = "other.example"; local = "198.51.100.2"; max-half-open = 100;/' "$dir/a.conf"
says_start() { ctl_a reload 2>&1 | grep -q 'gateway.local .*next start'; }
say "what counts from the next start on is told" says_start
ctl_a down hq > /dev/null
refused_identity() { ! ctl_a up hq; }
say "another identity of the gateway: tunnels without one of their own take it" refused_identity
say "another identity of the gateway: the peer names it" wait_for 5 log_has b "other.example"
[ $failed = 0 ]
