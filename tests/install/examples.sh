#!/bin/sh
# examples/: each is good, is refused while others may read its secrets, and starts; always-on.conf brings its line up (./demo does so with
# the other two).
set -u
# shellcheck source=tests/net/topology.sh
. "$(dirname "$0")/../net/topology.sh"
cd "$net_root" || exit 2

checked() { "$daemon" --check -f "$dir/ex/$1"; }
open_to_all()
{
	chmod 644 "$dir/ex/$1.secrets"
	"$daemon" --check -f "$dir/ex/$1.conf" 2>&1 | grep -F "chmod 600 $dir/ex/$1.secrets"
	found=$?
	chmod 600 "$dir/ex/$1.secrets"
	return $found
}
starts()
{
	: >"$dir/a.log"
	ip netns exec "$A" "$daemon" -F -f "$dir/ex/$1" --run-dir "$dir/run-a" >"$dir/a.log" 2>&1 </dev/null &
	pid_a=$!
	wait_for 10 log_has a DAEMON_READY
	started=$?
	kill "$pid_a"
	wait "$pid_a" || started=1
	pid_a=
	grep -E "^(warn|error) " "$dir/a.log" && started=1
	return $started
}

# The gateway that always-on.conf calls.
partner()
{
	cat >"$dir/b.conf" <<-END
		gateway: { identity = "203.0.113.2"; secrets = "secrets"; };
		tunnels: ( { name = "site"; start = "wait"; peer-identity = "site.example"; user = "site@partner"; routes = [ "10.71.0.0/24", "fd71::/64" ];
		  ppp: { local = "10.9.0.1"; remote = "10.9.0.2"; }; } );
	END
	cat >"$dir/secrets" <<-END
		psks: ( { secret = "CHANGE-THIS-KEY" } );
		users: ( { name = "site@partner"; password = "CHANGE-THIS-PASSWORD"; } );
		l2tp: ( { secret = "CHANGE-THIS-TUNNEL-SECRET"; } );
	END
	chmod 600 "$dir/secrets"
}
as_it_says()
{
	"$net_root/${B:-build}/l2tpsecctl" --run-dir "$dir/run-a" status partner >"$dir/status"
	cat "$dir/status"
	grep -q "203.0.113.2 at .*2001:db8:b::2.* aes256-gcm prf-sha384 ecp384" "$dir/status" && grep -q "ESP out .* aes256-gcm .* in UDP" "$dir/status" &&
		in_a ip route show 10.72.0.0/24 | grep "dev partner.*metric 500"
}

cp -r examples "$dir/ex"
chmod 644 "$dir"/ex/*.conf
chmod 600 "$dir"/ex/*.secrets
topo_up 6 0 1500
for f in examples/*.conf; do
	name=${f##*/}
	say "$name is good" checked "$name"
	say "$name is refused while others may read its secrets" open_to_all "${name%.conf}"
	say "$name starts without a warning, and ends well" starts "$name"
done
partner
cp "$dir/ex/always-on.conf" "$dir/a.conf"
cp -p "$dir/ex/always-on.secrets" "$dir"
start_b
start_a
say "always-on.conf: both start" wait_for 10 ready
say "always-on.conf: the line comes up" wait_for 20 dialling_up
say "always-on.conf: with what it says" as_it_says
say "always-on.conf: IPv4 through it" in_la ping -n -c 1 -W 5 10.72.0.2
say "always-on.conf: IPv6 through it" in_la ping -n -c 1 -W 5 fd72::2
say "always-on.conf: both end in good order" stop_both
[ "$failed" = 0 ]
