#!/bin/sh
# Peers that do not fit: each end says what is wrong and which setting mends it, the calls stay rare, and a corrected setting is enough.
set -u
. "$(dirname "$0")/topology.sh"

# Each end has secrets of its own; what is wrong is handed over in the variables below.
reset()
{
	psk_a="a shared key of both" pass_a="pass word" l2tp_a="" name_a=branch.example more_a="" user_a=branch
	psk_b="a shared key of both" pass_b="pass word" l2tp_b="" name_b=hq.example more_b="" expect_b=branch.example far_b=10.9.0.1
}

secrets_of() # FILE PSK USER PASSWORD L2TP-SECRET
{
	{
		echo "psks: ( { secret = \"$2\" } );"
		echo "users: ( { name = \"$3\"; password = \"$4\" } );"
		[ -z "$5" ] || echo "l2tp: ( { secret = \"$5\" } );"
	} > "$1"
	chmod 600 "$1"
}

write_conf()
{
	cat > "$dir/a.conf" <<-END
		gateway: { identity = "$name_a"; secrets = "$dir/secrets-a"; };
		tunnels: ( { name = "hq"; peer = "$peer_b"; start = "always"; user = "$user_a"; routes = [ "10.72.0.0/24" ]; $more_a } );
	END
	cat > "$dir/b.conf" <<-END
		gateway: { identity = "$name_b"; secrets = "$dir/secrets-b"; };
		tunnels: ( { name = "branch"; start = "wait"; peer-identity = "$expect_b"; routes = [ "10.71.0.0/24" ];
		  ppp: { local = "$far_b"; remote = "10.9.0.2"; }; $more_b } );
	END
	secrets_of "$dir/secrets-a" "$psk_a" "$user_a" "$pass_a" "$l2tp_a"
	secrets_of "$dir/secrets-b" "$psk_b" branch "$pass_b" "$l2tp_b"
}

# Whether `why` of the end's tunnel gives that cause, its sentence, and a hint with the word.
why_says() # GATEWAY TUNNEL CAUSE WORD
{
	"ctl_$1" why "$2" > "$dir/why" 2>&1
	cat "$dir/why"
	sentence=$(sed -n "s/^CAUSE([0-9]*, $3, [^,]*, [0-9]*, \"\([^\"]*\)\".*/\1/p" "$net_root/lib/cause.def")
	[ -n "$sentence" ] && grep -qF "$sentence" "$dir/why" && grep -q "^  mend .*$4" "$dir/why" && grep -q " $3\b" "$dir/why"
}

# The same among the events: for a peer that cannot be told to be of a tunnel.
events_say() # GATEWAY CAUSE WORD
{
	"ctl_$1" events > "$dir/events" 2>&1
	cat "$dir/events"
	sentence=$(sed -n "s/^CAUSE([0-9]*, $2, [^,]*, [0-9]*, \"\([^\"]*\)\".*/\1/p" "$net_root/lib/cause.def")
	[ -n "$sentence" ] && grep -F "$sentence" "$dir/events" | grep -q "$3"
}

# How often the branch has begun to call, as seen outside: IKE_SA_INIT requests with new SPIs.
dials() { awk '{print $1}' "$dir/init" | sort -u | wc -l; }
few_dials() { n=$(dials); echo "$n calls"; [ "$n" -ge 2 ] && [ "$n" -le "$1" ]; }

no_route_to() { ! ip -n $A route show dev hq | grep "$1"; } # ADDRESS: by way of the tunnel

begin() # NAME
{
	case_name=$1
	write_conf
	start_b
	wait_for 10 log_has b DAEMON_READY
	start_a
	wait_for 10 log_has a DAEMON_READY
}

mend()
{
	reset
	write_conf
	ctl_b reload > /dev/null
	ctl_a reload > /dev/null
	say "$case_name: corrected, it comes up by itself" wait_for 12 up_a
	say "$case_name: corrected, packets flow" in_la ping -c 1 -W 2 10.72.0.2
	stop_both
}

topo_up 4 0 1500
reset

psk_a="another key"
in_net timeout 60 tcpdump -lni nb -x 'udp dst port 500 and dst host 203.0.113.2 and udp[26:2] = 0x2208' > "$dir/dump" 2> /dev/null &
dump=$!
begin "wrong PSK"
started=$(date +%s)
say "$case_name: the branch says so" wait_for 8 why_says a hq IKE_AUTH_REFUSED "psks"
say "$case_name: the head office says so" wait_for 8 why_says b branch IKE_AUTH_MISMATCH "psks"
say "$case_name: and how many callers there were" grep -q '^  callers   [1-9][0-9]* did not prove to be the peer, .* ago from [0-9]' "$dir/why"
while [ $(($(date +%s) - started)) -lt 20 ]; do sleep 0.2; done
kill $dump
wait $dump 2> /dev/null
grep -A2 '^[0-9]' "$dir/dump" | awk '/0x0010:/ {print $8 $9}' > "$dir/init"
# 1, 2, 4, 8 s between tries, a fifth less or more: at most six in twenty seconds.
say "$case_name: few calls in twenty seconds" few_dials 6
say "$case_name: the branch's log stays short" log_bounded a 40
say "$case_name: the head office's log stays short" log_bounded b 40
mend

pass_a="wrong word"
begin "wrong password"
say "$case_name: the branch says so" wait_for 8 why_says a hq PPP_WRONG_PASSWORD "password"
say "$case_name: the head office says so" wait_for 8 why_says b branch PPP_WRONG_PASSWORD "password"
mend

# Nobody can try passwords as fast as the line comes up; who has the right one comes in when some seconds have passed.
pass_a="wrong word"
begin "guessed passwords"
many_calls() { i=0; while [ $i -lt 8 ]; do ctl_a up hq > /dev/null 2>&1; i=$((i + 1)); done; }
many_calls
say "$case_name: the head office does not look at them any more" wait_for 8 why_says b branch PPP_TOO_MANY_FAILURES "minute"
reset
write_conf
ctl_a reload > /dev/null
say "$case_name: the right one is taken after a while" wait_for 40 up_a
stop_both

user_a=stranger
begin "unknown user"
say "$case_name: the branch says so" wait_for 8 why_says a hq PPP_WRONG_PASSWORD "password"
say "$case_name: the head office says so" wait_for 8 why_says b branch PPP_UNKNOWN_USER "secrets"
mend

more_a='ike: { proposals = [ "aes128-sha256-prf-sha256-modp2048" ]; };' more_b='ike: { proposals = [ "aes256-gcm-prf-sha384-x25519" ]; };'
begin "no common IKE proposal"
say "$case_name: the branch says so" wait_for 8 why_says a hq IKE_NO_PROPOSAL "ike.proposals"
say "$case_name: the head office says so" wait_for 8 events_say b IKE_NO_PROPOSAL "we accept.*X25519"
mend

more_a='esp: { proposals = [ "aes128-sha256" ]; };' more_b='esp: { proposals = [ "aes256-gcm" ]; };'
begin "no common ESP proposal"
say "$case_name: the branch says so" wait_for 8 why_says a hq IKE_NO_CHILD_PROPOSAL "esp.proposals"
say "$case_name: the head office says so" wait_for 8 why_says b branch IKE_NO_CHILD_PROPOSAL "esp.proposals"
mend

more_a='peer-identity = "other.example";'
begin "a head office that is not the one expected"
say "$case_name: the branch says so" wait_for 8 why_says a hq IKE_AUTH_REFUSED "identit"
say "$case_name: the head office says so" wait_for 8 events_say b IKE_UNKNOWN_PEER "asks for other.example"
mend

more_a='peer-identity = "*.other.example";'
begin "a head office outside of the expected domain"
say "$case_name: the branch says so" wait_for 8 why_says a hq IKE_WRONG_IDENTITY "peer-identity"
say "$case_name: the head office says so" wait_for 8 why_says b branch IKE_AUTH_REFUSED "identit"
mend

name_a=stranger.example
begin "a branch that nobody expects"
say "$case_name: the branch says so" wait_for 8 why_says a hq IKE_AUTH_REFUSED "identit"
say "$case_name: the head office says so" wait_for 8 events_say b IKE_UNKNOWN_PEER "it says it is stranger.example"
mend

for far_b in 10.71.0.9 10.71.0.1 198.51.100.1; do
	begin "a far end that says it is $far_b"
	say "$case_name: the branch says so" wait_for 8 why_a 'the far end has an address of .*this host'
	say "$case_name: the branch does not take it" no_route_to "$far_b"
	mend
done

l2tp_a="a tunnel secret" l2tp_b="another tunnel secret"
begin "wrong L2TP secret"
say "$case_name: the branch says so" wait_for 8 why_says a hq L2TP_AUTH "l2tp"
say "$case_name: the head office says so" wait_for 8 why_says b branch L2TP_NOT_AUTHORIZED "l2tp"
mend

l2tp_b="a tunnel secret"
begin "L2TP secret missing in the branch"
say "$case_name: the branch says so" wait_for 8 why_says a hq L2TP_NO_SECRET "l2tp"
say "$case_name: the head office says so" wait_for 8 why_says b branch L2TP_NOT_AUTHORIZED "l2tp"
mend
[ $failed = 0 ]
