#!/bin/bash
# IKEv2 interop (PSK and certificates) with strongSwan, kernel ESP, xl2tpd and pppd on a Linux kernel of their own (guest/README.md), in both
# directions of call. Usage: strongswan.sh [PART]... (see `parts` at the end); KEEP=1 keeps logs.
#
#   LAN host ---- our gateway ==== router ==== TAP, guest (strongSwan, xl2tpd, pppd) ---- its LAN (a dummy interface)
#   10.2.0.2      10.2.0.1         (NAT)       10.77.0.2                                  10.1.0.1, fd01::1
#   fd02::2       10.78.0.1
#
# Skipped, loudly, only where no guest can start at all.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../.." && pwd)
B=${B:-$top/build}
G=$here/guest/guest
for c in linux.uml mmdebstrap ip nft iperf3; do
	command -v $c >/dev/null && continue
	echo "skip - strongSwan interop: no $c here (apt-get install user-mode-linux mmdebstrap iproute2 nftables iperf3)"
	exit 0
done
[ "$(id -u)" = 0 ] || { echo "skip - strongSwan interop: needs root for network namespaces"; exit 0; }
[ -c /dev/net/tun ] || { echo "skip - strongSwan interop: no /dev/net/tun"; exit 0; }
[ -x "$B/l2tpsecd" ] || { echo "not ok - strongSwan interop: there is no $B/l2tpsecd (build it first)"; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/l2t-interop.XXXXXX")
chmod 755 "$work"
export GUEST_STATE=$work/guests
gw=l2t$$gw net=l2t$$net lan=l2t$$lan second=l2t$$two guest=l2t$$g
daemon_pid='' second_pid=''
failed=0
name=

ctl() { ip netns exec "$gw" "$B/l2tpsecctl" --run-dir "$work/run" "$@"; }
in_lan() { ip netns exec "$lan" "$@"; }
in_gw() { ip netns exec "$gw" "$@"; }
in_guest() { "$G" exec -t 30 "$guest" "$@"; }
role() { in_guest role "$@"; }
wait_for() {
	local end=$((SECONDS + $1)); shift
	until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done
}

ok() { echo "ok - $name: $*"; }
not_ok() {
	echo "not ok - $name: $*"
	failed=$((failed + 1))
	tail -n "${LINES_SHOWN:-30}" "$work/daemon.log" 2>/dev/null | sed 's/^/# ours: /'
	"$G" exec -t 5 "$guest" role logs 2>/dev/null | tail -n 60 | sed 's/^/# guest: /'
}
# say WHAT COMMAND...: one line a test
say() {
	local what=$1; shift
	if "$@" >"$work/out" 2>&1; then ok "$what"; else
		not_ok "$what"
		tail -n 10 "$work/out" | sed 's/^/# /'
		return 1
	fi
}

end_of() {
	[ -n "$1" ] || return 0
	kill "$1" 2>/dev/null
	for _ in $(seq 50); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
	kill -9 "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}
stop_daemon() { end_of "$daemon_pid"; daemon_pid=; }
stop_second() { end_of "$second_pid"; second_pid=; }
cleanup() {
	stop_daemon
	stop_second
	"$G" kill "$guest" >/dev/null 2>&1
	for n in $gw $net $lan $second; do ip netns del "$n" 2>/dev/null; done
	if [ -n "${KEEP:-}" ]; then echo "# kept: $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

topology() {
	local n
	for n in $gw $net $lan; do
		ip netns add "$n" || exit 1
		ip -n "$n" link set lo up
		ip netns exec "$n" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
			net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	done
	ip -n "$lan" link add eth0 type veth peer name lan netns "$gw"
	ip -n "$net" link add ours type veth peer name out netns "$gw"
	ip -n "$net" tuntap add dev theirs mode tap
	ip -n "$lan" addr add 10.2.0.2/24 dev eth0
	ip -n "$lan" addr add fd02::2/64 dev eth0 nodad
	ip -n "$gw" addr add 10.2.0.1/24 dev lan
	ip -n "$gw" addr add fd02::1/64 dev lan nodad
	ip -n "$gw" addr add 10.78.0.1/24 dev out
	ip -n "$net" addr add 10.78.0.254/24 dev ours
	ip -n "$net" addr add 10.77.0.254/24 dev theirs
	for n in "$lan eth0" "$gw lan" "$gw out" "$net ours" "$net theirs"; do
		ip -n "${n% *}" link set "${n#* }" up
	done
	ip -n "$lan" route add default via 10.2.0.1
	ip -n "$lan" route add default via fd02::1
	ip -n "$gw" route add default via 10.78.0.254
}

# nat DEV: what leaves the router by DEV is masqueraded; nat off: nothing is
nat() {
	ip netns exec "$net" nft delete table ip nat 2>/dev/null
	[ "$1" = off ] && return
	ip netns exec "$net" nft "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; };
		add rule ip nat post oifname $1 masquerade"
}

# -- the two gateways --
common=(AUTH=ikev2-psk LOCAL_ID=swan.example REMOTE_ID=ours.example PPP_POOL=10.9.0.10-10.9.0.60 PPP_LOCAL=10.9.0.1
	ROUTES=10.2.0.0/24 ROUTES6=fd02::/64 UP_SECONDS=15)

boot() {
	local sets=() s
	for s in "${common[@]}" PEER=10.78.0.1 PSK=interop-psk PPP_USER=reno PPP_PASSWORD=branch-password 'PPP_OPTIONS=lcp-restart 1'; do
		sets+=(--set "$s")
	done
	"$G" start "$guest" --netns "$net" --tap theirs --addr 10.77.0.2/24 --gw 10.77.0.254 --role strongswan-l2tp \
		"${sets[@]}" --set SIDE=server >"$work/guest.log" 2>&1 || return 1
	in_guest sh -c 'ip link add lan0 type dummy && ip addr add 10.1.0.1/24 dev lan0 && ip -6 addr add fd01::1/64 dev lan0 nodad &&
		ip link set lan0 up && sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0' >>"$work/guest.log" 2>&1
}

# theirs SIDE KEY=VALUE...: strongSwan, xl2tpd and pppd anew, without a word to us
theirs() {
	local side=$1; shift
	role restart SIDE="$side" "$@" >"$work/restart.log" 2>&1 && return 0
	not_ok "strongSwan and xl2tpd start: $(tail -n 3 "$work/restart.log" | tr '\n' ' ')"
	return 1
}

# change SIDE KEY=VALUE...: the same for what needs no new start
change() {
	local side=$1; shift
	role change SIDE="$side" "$@" >"$work/restart.log" 2>&1 && return 0
	not_ok "strongSwan takes new settings: $(tail -n 3 "$work/restart.log" | tr '\n' ' ')"
	return 1
}

# ours START TUNNEL-SETTINGS [PSK [PASSWORD]]; gateway_more: settings of the gateway's group; tunnel_secret: of L2TP, none if it is not set;
# secrets_more: another line of the secrets file
ours() {
	local who
	stop_daemon
	if [ "$1" = wait ]; then who='ppp: { local = "10.9.0.1"; remote = "10.9.0.10"; };'; else who='peer = "10.77.0.2";'; fi
	cat >"$work/l2tpsecd.conf" <<-EOT
	gateway: { identity = "ours.example"; secrets = "$work/secrets.conf"; ${gateway_more:-} };
	tunnels: ( { name = "swan"; peer-identity = "swan.example"; start = "$1"; user = "reno"; routes = [ "10.1.0.0/24", "fd01::/64" ];
		$who $2 } );
	EOT
	cat >"$work/secrets.conf" <<-EOT
	psks: ( { local = "ours.example"; remote = "swan.example"; secret = "${3:-interop-psk}"; } );
	users: ( { name = "reno"; password = "${4:-branch-password}"; } );
	EOT
	[ -z "${tunnel_secret:-}" ] || echo "l2tp: ( { tunnel = \"swan\"; secret = \"$tunnel_secret\"; } );" >>"$work/secrets.conf"
	echo "${secrets_more:-}" >>"$work/secrets.conf"
	chmod 600 "$work/secrets.conf"
	mkdir -p "$work/run"
	: >"$work/daemon.log" # what the one before said does not count
	ip netns exec "$gw" "$B/l2tpsecd" -F -f "$work/l2tpsecd.conf" --run-dir "$work/run" >"$work/daemon.log" 2>&1 </dev/null &
	daemon_pid=$!
	wait_for 10 grep -q DAEMON_READY "$work/daemon.log" || { not_ok "our daemon starts"; return 1; }
}

# second IDENTITY PEER-IDENTITY ROUTES: another l2tpsecd that waits for callers, at 10.79.0.1, with 10.1.0.1 behind it
second() {
	if ! ip netns list | grep -qw "$second"; then
		ip netns add "$second"
		ip -n "$second" link set lo up
		ip netns exec "$second" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
		ip -n "$net" link add two type veth peer name out netns "$second"
		ip -n "$net" addr add 10.79.0.254/24 dev two
		ip -n "$second" addr add 10.79.0.1/24 dev out
		ip -n "$second" addr add 10.1.0.1/32 dev lo
		ip -n "$net" link set two up
		ip -n "$second" link set out up
		ip -n "$second" route add default via 10.79.0.254
	fi
	stop_second
	cat >"$work/second.conf" <<-EOT
	gateway: { identity = "$1"; secrets = "$work/second-secrets.conf"; };
	tunnels: ( { name = "caller"; peer-identity = "$2"; start = "wait"; user = "reno"; routes = [ "$3" ];
		ppp: { local = "10.9.9.1"; remote = "10.9.9.10"; }; } );
	EOT
	cat >"$work/second-secrets.conf" <<-EOT
	psks: ( { local = "$1"; remote = "$2"; secret = "interop-psk"; } );
	users: ( { name = "reno"; password = "branch-password"; } );
	EOT
	chmod 600 "$work/second-secrets.conf"
	mkdir -p "$work/run2"
	: >"$work/second.log"
	ip netns exec "$second" "$B/l2tpsecd" -F -f "$work/second.conf" --run-dir "$work/run2" >"$work/second.log" 2>&1 </dev/null &
	second_pid=$!
	wait_for 10 grep -q DAEMON_READY "$work/second.log" || { not_ok "our second daemon starts"; return 1; }
}
second_ctl() { ip netns exec "$second" "$B/l2tpsecctl" --run-dir "$work/run2" "$@"; }
sent_to_second() { second_ctl --json status caller | grep -q "\"redirected_from\":\"$1\""; }

# -- what is looked at --
lan_ping() { in_lan ping -n -c 1 -W 2 10.1.0.1; }
we_are() { ctl --json status swan | grep -q "\"state\":\"$1\""; }
up() { wait_for 20 lan_ping; }
they_call() {
	role up >"$work/up.log" 2>&1 && return 0
	cat "$work/up.log"
	return 1
}
guest_sas() { in_guest swanctl --list-sas; }
guest_sas_show() { guest_sas | grep -q "$1"; }
guest_has_nothing() {
	[ -z "$(guest_sas)" ] && [ -z "$(in_guest ip xfrm state)" ] && ! in_guest ip link show ppp0
}
we_have_nothing() { ! ctl --json status swan | grep -qE '"(session|spi|state)":("up"|"[0-9a-f]{8,}"|[1-9])'; }
nobody_has_anything() { wait_for 12 we_have_nothing && wait_for 12 guest_has_nothing; }
tcp() {
	in_guest sh -c 'pkill -x iperf3; iperf3 -s -1 -D; sleep 0.3'
	in_lan timeout 20 iperf3 -c 10.1.0.1 -t 1 -f m "$@" >"$work/iperf" 2>&1 && grep -q receiver "$work/iperf" && return 0
	cat "$work/iperf"
	return 1
}

secret_proven() { in_guest sh -c 'grep "challenge avp found" /run/xl2tpd.log && grep "Challenge reply found" /run/xl2tpd.log'; }
# The guest's kernel counts what came with a number.
sequences_seen() { in_guest grep -E '^   [1-9][0-9]*/[0-9]+ ' /proc/net/pppol2tp; }

traffic() {
	say "LAN to LAN, IPv4" in_lan ping -n -c 3 -i 0.2 -W 2 10.1.0.1
	say "LAN to LAN, from there" in_guest ping -n -c 3 -i 0.2 -W 2 -I 10.1.0.1 10.2.0.2
	say "LAN to LAN, packets that must be cut" in_lan ping -n -c 2 -i 0.2 -W 2 -s 4000 10.1.0.1
	say "TCP, from us" tcp
	say "TCP, to us" tcp -R
}

# Both ways of answering: our own echo replies come back as well.
multicast() {
	in_gw ping -n -c 2 -W 2 -I swan 224.0.0.1 | grep -c 'from 10.9.0' && in_gw ping -n -c 2 -W 2 -I swan ff02::1 >"$work/ff02"
	[ "$(sed -n 's/.*bytes from \(fe80[^ %]*\).*/\1/p' "$work/ff02" | sort -u | wc -l)" = 2 ] && return 0
	cat "$work/ff02"
	return 1
}

# What charon's log says about CREATE_CHILD_SA: who asked for it.
asked_by_us() { in_guest grep -c 'parsed CREATE_CHILD_SA request' /run/charon.log; }
events() { ctl --json events swan | grep -c "\"name\":\"$1\""; }

# A ping every 0.1 s, while strongSwan rekeys both SAs, and then we, whose SAs of 60 s come to their end. None is lost, and the
# kernel there has no packet that fits no SA.
rekeying() {
	local train lost errors before after unopened
	unopened=$(unopened_by_guest)
	ip netns exec "$lan" ping -n -c 550 -i 0.1 -W 2 10.1.0.1 >"$work/ping" 2>&1 &
	train=$!
	sleep 1
	say "CHILD SA rekeyed by strongSwan" role rekey
	sleep 1
	say "IKE SA rekeyed by strongSwan" role rekey-ike
	sleep 1
	say "CHILD SA rekeyed by strongSwan under its new IKE SA" role rekey
	before=$(asked_by_us)
	wait $train
	after=$(asked_by_us)
	say "both SAs rekeyed by us ($((after - before)) requests of ours)" test $((after - before)) -ge 2
	say "the line stayed the same" test "$(events LINE_UP)" = 1
	lost=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$work/ping")
	say "no ping of 550 lost: $lost %" test "$lost" = 0
	errors=$(($(unopened_by_guest) - unopened))
	say "packets that the guest's kernel could not open: $errors" test $errors = 0
	say "one pair of ESP SAs is left, at both ends" wait_for 10 one_pair
}
unopened_by_guest() {
	in_guest awk '/StateProtoError|StateSeqError|NoStates|PolBlock/ {n += $2} END {print n + 0}' /proc/net/xfrm_stat
}
one_pair() {
	[ "$(in_guest ip xfrm state | grep -c '^src')" = 2 ] && [ "$(ctl --json status swan | grep -o '"direction":"in"' | wc -l)" = 1 ]
}

# refused WHAT CAUSE: `l2tpsecctl why` has this cause, its sentence and, where there is one, its hint
refused() {
	local what=$1 cause=$2
	wait_for 15 why_is "$cause"
	say "$what: why says $cause" why_is "$cause" && ctl why swan | sed -n '1s/^[^.]*\. /#   /p'
}
# The same for a caller who cannot be told to mean this tunnel.
refused_stranger() {
	local what=$1 cause=$2
	wait_for 15 stranger_is "$cause"
	say "$what: why says $cause of a caller" stranger_is "$cause" && ctl why swan | sed -n 's/^  caller  */#   /p'
}
stranger_is() { ctl --json why swan | grep -o '"stranger":.*' | grep "\"name\":\"$1\""; }
why_is() { ctl --json why swan | grep "\"name\":\"$1\""; }

# -- the parts --
we_call() {
	name="we call, raw ESP"
	ours on-demand 'esp: { proposals = [ "aes256-gcm" ]; lifetime = 60; }; ike: { lifetime = 60; };' || return
	say "comes up, at the first packet" up || return
	say "AES-GCM at both ends, in IP 50" guest_sas_show 'TRANSPORT, ESP:AES_GCM_16-256'
	say "MS-CHAPv2" in_guest grep -q 'auth chap MS-v2' /run/ppp.log
	traffic
	say "IPv6 LAN to LAN" in_lan ping -n -c 3 -i 0.2 -W 2 fd01::1
	say "multicast of both families crosses the tunnel" multicast
	rekeying
	ctl down swan >/dev/null 2>&1
	say "our hang-up leaves nothing at either end" nobody_has_anything
}

we_call_udp() {
	name="we call, ESP in UDP"
	theirs server ENCAP=yes PPP_AUTH=chap ESP_PROPOSALS=aes256-sha256 || return
	ours on-demand 'esp: { proposals = [ "aes256-sha256" ]; force-udp = true; }; l2tp: { sequencing = true; };' || return
	say "comes up" up || return
	say "AES-CBC with SHA-256 at both ends, in UDP" guest_sas_show 'TRANSPORT-in-UDP, ESP:AES_CBC-256/HMAC_SHA2_256_128'
	say "CHAP-MD5" in_guest grep -q 'auth chap MD5' /run/ppp.log
	traffic
	say "L2TP sequence numbers of ours arrive" sequences_seen
	role hang-up >/dev/null 2>&1
	say "pppd's hang-up leaves nothing at either end" nobody_has_anything
	say "the next packet calls again" up
	ctl down swan >/dev/null 2>&1
	say "our hang-up leaves nothing at either end" nobody_has_anything
}

we_call_chacha() {
	name="we call, ChaCha20-Poly1305"
	local tunnel_secret=both-know-it
	theirs server ESP_PROPOSALS=chacha20poly1305 IKE_PROPOSALS=chacha20poly1305-prfsha256-x25519 L2TP_LENGTH=no \
		L2TP_SECRET=$tunnel_secret || return
	ours on-demand 'ike: { proposals = [ "chacha20poly1305-prf-sha256-x25519" ]; }; esp: { proposals = [ "chacha20poly1305" ]; };' || return
	say "comes up" up || return
	say "ChaCha20 at both ends, x25519 for IKE" guest_sas_show 'ESP:CHACHA20_POLY1305'
	say "both proved that they know the L2TP tunnel secret" secret_proven
	traffic
}

# Linux counts a dummy as an error of the protocol in a packet that was right; the padding it leaves to UDP.
we_call_tfc() {
	local before
	name="we call, padded, with dummies"
	theirs server || return
	ours on-demand 'esp: { proposals = [ "aes256-gcm" ]; tfc = "max"; dummy-interval = 20; };' || return
	say "comes up" up || return
	say "strongSwan takes the padding" padded
	traffic
	before=$(unopened_by_guest)
	say "dummies arrive" wait_for 10 dummies_arrived $((before + 20))
	say "CHILD SA rekeyed by strongSwan" role rekey
	say "... which takes the padding" padded
	say "LAN to LAN after it" in_lan ping -n -c 3 -i 0.2 -W 2 10.1.0.1
	say "the line stayed the same" test "$(events LINE_UP)" = 1
	ctl down swan >/dev/null 2>&1
	say "our hang-up leaves nothing at either end" nobody_has_anything
}
dummies_arrived() { [ "$(unopened_by_guest)" -ge "$1" ]; }
padded() { ctl --json status swan | jq -es 'map(.esp_sas[]? | select(.direction == "out")) | length > 0 and all(.tfc_bytes > 1300 and .tfc_refused == false)'; }

we_call_nat() {
	name="we call from behind a NAT"
	nat theirs
	theirs server PEER=%any FRAGMENT_SIZE=200 || return
	ours on-demand 'ike: { fragment-size = 576; }; esp: { proposals = [ "aes256-gcm", "aes128-gcm", "chacha20poly1305", "aes256-sha256",
		"aes128-sha256", "aes256-sha384", "aes256-sha512", "aes128-sha1" ]; };' || return
	say "comes up" up || return
	say "both see the NAT, ESP in UDP" guest_sas_show 'TRANSPORT-in-UDP'
	say "IKE fragments of ours were put together" in_guest grep -q 'reassembled fragmented IKE message' /run/charon.log
	say "IKE fragments of strongSwan's were put together" in_guest grep -q 'splitting IKE message' /run/charon.log
	traffic
	say "CHILD SA rekeyed by strongSwan" role rekey
	say "LAN to LAN after it" in_lan ping -n -c 3 -i 0.2 -W 2 10.1.0.1
	ctl down swan >/dev/null 2>&1
	say "our hang-up leaves nothing at either end" nobody_has_anything
}

# -- certificates --
# pki KIND: a CA, and certificates of that kind of key for both, ours here, the guest's there
pki() {
	local dir=$work/pki who
	rm -rf "$dir" && mkdir "$dir" || return 1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/ca.key" -out "$dir/ca.crt" -days 300 -subj "/O=Bank/CN=Bank CA" \
		-addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null || return 1
	for who in ours swan; do
		case $1 in
		rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$dir/$who.key" ;;
		P-*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" -out "$dir/$who.key" ;;
		*) openssl genpkey -algorithm "$1" -out "$dir/$who.key" ;;
		esac 2>/dev/null
		chmod 600 "$dir/$who.key"
		echo "subjectAltName=DNS:$who.example" >"$dir/ext"
		openssl req -new -key "$dir/$who.key" -subj "/O=Bank/CN=$who" -out "$dir/req" 2>/dev/null
		openssl x509 -req -in "$dir/req" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -days 300 -extfile "$dir/ext" -out "$dir/$who.crt" 2>/dev/null || return 1
	done
	in_guest mkdir -p /etc/swanctl/x509 /etc/swanctl/x509ca /etc/swanctl/private
	give "$dir/swan.crt" x509/own.crt && give "$dir/ca.crt" x509ca/ca.crt && give "$dir/swan.key" private/own.key
}
give() { in_guest sh -c "echo $(base64 -w0 "$1") | base64 -d >/etc/swanctl/$2"; }
proven() { ctl --json status swan | grep -o '"auth":"[^"]*","peer_auth":"[^"]*"' | grep -F "\"auth\":\"$1\",\"peer_auth\":\"$2\""; }
both_certs='auth = "certificate";'

# certificates SIDE: of strongSwan; each row: key, its auth, ours, our settings, how we then prove ourselves, and how it does
certificates() {
	local side=$1 kind theirs_auth ours_auth settings us them last='' gateway_more
	gateway_more="certificate = \"$work/pki/ours.crt\"; private-key = \"$work/pki/ours.key\"; ca = \"$work/pki/ca.crt\";"
	while IFS='|' read -r kind theirs_auth ours_auth settings us them; do
		kind=${kind//[[:space:]]/}
		[ -n "$kind" ] || continue
		[ "$kind" = "$last" ] || pki "$kind" || { not_ok "a CA can be made"; return; }
		last=$kind
		theirs "$side" LOCAL_AUTH="$theirs_auth" REMOTE_AUTH="$ours_auth" || return
		if [ "$side" = server ]; then
			ours on-demand "$settings" || return
			say "$kind, $theirs_auth, $settings: comes up" up || continue
		else
			ours wait "$settings" || return
			say "$kind, $theirs_auth, $settings: comes up" they_call || continue
			say "LAN to LAN" up
		fi
		say "we proved ourselves by $us, it by $them" proven "$us" "$them"
	done <<-END
	rsa|rsa/pss-sha256|pubkey|$both_certs|RSA-PSS with SHA-256|RSA-PSS with SHA-256
	rsa|pubkey|pubkey|$both_certs ike: { rsa-padding = "pkcs1"; };|RSA with SHA-256|RSA with SHA-256
	rsa|psk|pubkey|$both_certs peer-auth = "psk";|RSA-PSS with SHA-256|preshared key
	P-256|pubkey|pubkey|$both_certs|ECDSA with SHA-256|ECDSA with SHA-256
	P-256|pubkey|psk|peer-auth = "certificate";|preshared key|ECDSA with SHA-256
	ED25519|pubkey|pubkey|$both_certs|Ed25519|Ed25519
	${more_kinds:-}
	END
}
we_call_certs() {
	name="we call, certificates"
	local more_kinds="P-384|pubkey|pubkey|$both_certs|ECDSA with SHA-384|ECDSA with SHA-384
	P-521|pubkey|pubkey|$both_certs|ECDSA with SHA-512|ECDSA with SHA-512
	ED448|pubkey|pubkey|$both_certs|Ed448|Ed448"
	certificates server
	local gateway_more="certificate = \"$work/pki/ours.crt\"; private-key = \"$work/pki/ours.key\"; ca = \"$work/pki/ca.crt\";"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/pki/x.key" -out "$work/pki/ca.crt" -days 30 -subj "/CN=Other CA" 2>/dev/null
	theirs server LOCAL_AUTH=pubkey REMOTE_AUTH=pubkey || return
	ours always "$both_certs"
	refused "a CA that we do not trust" IKE_CERT_UNKNOWN_CA
}
they_call_certs() {
	name="they call, certificates"
	certificates client
	theirs client LOCAL_AUTH=pubkey REMOTE_AUTH=pubkey UP_SECONDS=4 || return
	local gateway_more="certificate = \"$work/pki/ours.crt\"; private-key = \"$work/pki/ours.key\"; ca = \"$work/pki/ca.crt\";"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/pki/x.key" -out "$work/pki/ca.crt" -days 30 -subj "/CN=Other CA" 2>/dev/null
	ours wait "$both_certs"
	role up >/dev/null 2>&1
	refused "a CA that we do not trust" IKE_CERT_UNKNOWN_CA
}

# -- post-quantum preshared keys (RFC 8784) --
ppk='q8Vd0mXk2bq1TnR7yLw3Zs5uHcJ6fGaEoP4iBxNtUvM='
ppk_list="ppks: ( { id = \"branch\"; secret = \"$ppk\"; } );"
made_with() { ctl --json status swan | jq -es --arg id "$1" 'map(.ike_sas[]?) | any(.state == "established" and (.ppk_id // "") == $id and .ppk == ($id != ""))'; }
audited() { [ "$(events IKE_PPK_UNUSED)" -ge 1 ]; }
charon_uses_ppk() { in_guest grep -q "using PPK for PPK_ID 'branch'" /run/charon.log; }
ppk_in_use() {
	say "made with the PPK, we say" made_with branch
	say "... strongSwan says" charon_uses_ppk
	say "LAN to LAN" lan_ping
}
ppk_not_in_use() {
	say "made without, and we say so" made_with ''
	say "... as an event" audited
	say "LAN to LAN" up
}
ppk_rekeyed() {
	say "CHILD SA rekeyed by strongSwan" role rekey
	say "IKE SA rekeyed by strongSwan" role rekey-ike
	say "CHILD SA rekeyed by strongSwan under its new IKE SA" role rekey
	say "still made with the PPK" made_with branch
	say "LAN to LAN after it" lan_ping
	say "the line stayed the same" test "$(events LINE_UP)" = 1
}

we_call_ppk() {
	name="we call, PPK"
	local secrets_more=$ppk_list gateway_more='' must='ppk = "branch"; ppk-required = true;' may='ppk = "branch";'
	theirs server PPK_ID=branch PPK="$ppk" PPK_REQUIRED=yes || return
	ours always "$must" || return
	say "mandatory at both ends: comes up" up && ppk_in_use && ppk_rekeyed
	ours always '' || return
	refused "mandatory there, we have none" IKE_AUTH_REFUSED
	change server PPK_ID=branch PPK=another || return
	ours always "$may" || return
	refused "another PPK of that name" IKE_AUTH_REFUSED
	theirs server PPK_NAME=other PPK="$ppk" || return
	ours always "$may" || return
	say "optional, it has none of that name: comes up" up && ppk_not_in_use
	ours always "$must" || return
	refused "mandatory here, it has none of that name" IKE_AUTH_REFUSED
	theirs server || return
	ours always "$may" || return
	say "optional, it has none: comes up" up && ppk_not_in_use
	ours always "$must" || return
	refused "mandatory here, it has none" IKE_PPK_UNSPOKEN
	pki P-256 || { not_ok "a CA can be made"; return; }
	gateway_more="certificate = \"$work/pki/ours.crt\"; private-key = \"$work/pki/ours.key\"; ca = \"$work/pki/ca.crt\";"
	theirs server LOCAL_AUTH=pubkey REMOTE_AUTH=pubkey PPK_ID=branch PPK="$ppk" || return
	ours always "$both_certs $may" || return
	say "with certificates, optional: comes up" up && ppk_in_use
}

they_call_ppk() {
	name="they call, PPK"
	local gateway_more='' secrets_more="ppks: ( { id = \"head\"; secret = \"not this one\"; }, { id = \"branch\"; secret = \"$ppk\"; } );" few=UP_SECONDS=4
	local must='ppk = "branch"; ppk-required = true;' may='ppk = [ "head", "branch" ];'
	theirs client PPK_ID=branch PPK="$ppk" PPK_REQUIRED=yes || return
	ours wait "$must" || return
	say "mandatory at both ends: comes up" they_call && ppk_in_use && ppk_rekeyed
	role down >/dev/null 2>&1
	change client PPK_ID=branch PPK="$ppk" || return
	ours wait "$may" || return
	say "optional at both ends: comes up" they_call && ppk_in_use
	role down >/dev/null 2>&1
	ours wait '' || return
	say "optional there, we have none: comes up" they_call && say "made without" made_with ''
	role down >/dev/null 2>&1
	change client PPK_ID=branch PPK=another $few || return
	ours wait "$may" || return
	role up >/dev/null 2>&1
	refused "another PPK of that name" IKE_AUTH_MISMATCH
	change client PPK_ID=other PPK="$ppk" $few || return
	ours wait "$must" || return
	role up >/dev/null 2>&1
	refused "mandatory here, another name" IKE_PPK_UNKNOWN
	ours wait "$may" || return
	say "optional, another name: comes up" they_call && ppk_not_in_use
	theirs client $few || return
	ours wait "$must" || return
	role up >/dev/null 2>&1
	refused "mandatory here, it has none" IKE_PPK_UNSPOKEN
	pki P-256 || { not_ok "a CA can be made"; return; }
	gateway_more="certificate = \"$work/pki/ours.crt\"; private-key = \"$work/pki/ours.key\"; ca = \"$work/pki/ca.crt\";"
	theirs client LOCAL_AUTH=pubkey REMOTE_AUTH=pubkey PPK_ID=branch PPK="$ppk" || return
	ours wait "$both_certs $may" || return
	say "with certificates, optional: comes up" they_call && ppk_in_use
	role down >/dev/null 2>&1
	change client LOCAL_AUTH=pubkey REMOTE_AUTH=pubkey PPK_ID=other PPK="$ppk" || return
	ours wait "$both_certs $may" || return
	say "with certificates, optional, another name: comes up" they_call && ppk_not_in_use
}

we_are_refused() {
	name="we call"
	theirs server IKE_PROPOSALS=aes256-sha256-modp2048 ESP_PROPOSALS=aes256-sha256 || return
	ours always '' another-psk
	refused "another PSK" IKE_AUTH_REFUSED
	ours always '' interop-psk another-password
	refused "another PPP password" PPP_WRONG_PASSWORD
	ours always 'ike: { proposals = [ "aes256-gcm-prf-sha384-ecp384" ]; };'
	refused "no common IKE proposal" IKE_NO_PROPOSAL
	ours always 'esp: { proposals = [ "aes256-gcm" ]; };'
	refused "no common ESP proposal" IKE_NO_CHILD_PROPOSAL
	ours always 'identity = "nobody.example";' # there is no PSK for it, here
	refused "no PSK for our identity" IKE_NO_PSK
}

they_vanish() {
	name="the peer's power fails"
	theirs server || return
	ours always 'ike: { dpd = 2; retry-first = 200; retries = 4; }; l2tp: { hello = 3; };' || return
	say "comes up" up || return
	"$G" kill "$guest"
	say "noticed" wait_for 25 we_have_lost_it
	ctl why swan | sed -n '1s/^[^.]*\. /#   /p'
	boot || { not_ok "the guest starts again: $(tail -n 1 "$work/guest.log")"; return; }
	say "built anew by itself, once it is back" wait_for 100 lan_ping
}
we_have_lost_it() { ! we_are up; }

they_call_raw() {
	name="they call, raw ESP"
	theirs client || return
	ours wait 'esp: { proposals = [ "aes256-gcm" ]; };' || return
	say "comes up" they_call || return
	say "AES-GCM at both ends, in IP 50" guest_sas_show 'TRANSPORT, ESP:AES_GCM_16-256'
	say "MS-CHAPv2" in_guest grep -q 'auth chap MS-v2' /run/ppp.log
	traffic
	say "IPv6 LAN to LAN" in_lan ping -n -c 3 -i 0.2 -W 2 fd01::1
	say "multicast of both families crosses the tunnel" multicast
	role down >/dev/null 2>&1
	say "their hang-up leaves nothing at either end" nobody_has_anything
	say "they call again" they_call
	say "LAN to LAN" up
	theirs client || return
	say "they call again after a restart without a word" they_call
	say "LAN to LAN" up
	ctl down swan >/dev/null 2>&1
	say "our hang-up leaves nothing at either end" nobody_has_anything
}

they_call_udp() {
	name="they call, ESP in UDP"
	theirs client ENCAP=yes PPP_AUTH=chap ESP_PROPOSALS=aes256-sha256 || return
	ours wait 'esp: { lifetime = 60; }; ike: { lifetime = 60; }; l2tp: { sequencing = true; };' || return
	say "comes up" they_call || return
	say "AES-CBC with SHA-256 at both ends, in UDP" guest_sas_show 'TRANSPORT-in-UDP, ESP:AES_CBC-256/HMAC_SHA2_256_128'
	say "CHAP-MD5" in_guest grep -q 'auth chap MD5' /run/ppp.log
	traffic
	say "L2TP sequence numbers of ours arrive" sequences_seen
	rekeying
	role ipsec-down >/dev/null 2>&1
	say "strongSwan's goodbye alone leaves no SA" wait_for 15 we_have_nothing
}

they_call_nat() {
	name="they call from behind a NAT"
	local tunnel_secret=both-know-it
	nat ours
	theirs client L2TP_SECRET=$tunnel_secret L2TP_LENGTH=no || return
	ours wait '' || return
	say "comes up" they_call || return
	say "both see the NAT, ESP in UDP" guest_sas_show 'TRANSPORT-in-UDP'
	say "both proved that they know the L2TP tunnel secret" secret_proven
	traffic
	say "CHILD SA rekeyed by strongSwan" role rekey
	say "LAN to LAN after it" in_lan ping -n -c 3 -i 0.2 -W 2 10.1.0.1
	role down >/dev/null 2>&1
	say "their hang-up leaves nothing at either end" nobody_has_anything
}

they_are_refused() {
	name="they call"
	local call=(UP_SECONDS=4)
	theirs client PSK=another-psk "${call[@]}" || return
	ours wait ''
	role up >/dev/null 2>&1
	refused "another PSK" IKE_AUTH_MISMATCH
	change client PPP_PASSWORD=another-password "${call[@]}" || return
	role up >/dev/null 2>&1
	refused "another PPP password" PPP_WRONG_PASSWORD
	role down >/dev/null 2>&1
	change client LOCAL_ID=other.example "${call[@]}" || return
	role up >/dev/null 2>&1
	refused_stranger "another identity" IKE_UNKNOWN_PEER
	ours wait 'ike: { proposals = [ "aes256-gcm-prf-sha384-ecp384" ]; }; esp: { proposals = [ "aes256-gcm" ]; };'
	change client ESP_PROPOSALS=aes256-sha256 "${call[@]}" || return
	role up >/dev/null 2>&1
	refused "no common ESP proposal" IKE_NO_CHILD_PROPOSAL
	change client IKE_PROPOSALS=aes256-sha256-modp2048 "${call[@]}" || return
	role up >"$work/up.log" 2>&1
	say "no common IKE proposal: strongSwan hears it" grep -q NO_PROPOSAL_CHOSEN "$work/up.log"
	refused_stranger "no common IKE proposal" IKE_NO_PROPOSAL
	ours wait 'peer = "10.77.0.2"; ike: { proposals = [ "aes256-gcm-prf-sha384-ecp384" ]; };'
	role up >/dev/null 2>&1
	refused "no common IKE proposal, its address is configured" IKE_NO_PROPOSAL
}

# strongSwan follows ours: in a session, in IKE_SA_INIT, and once it is known who calls. L2TP is xl2tpd's, which knows nothing of it.
they_are_redirected() {
	name="they are redirected"
	theirs client || return
	second ours.example swan.example 10.1.0.0/24 || return
	ours wait '' || return
	say "IKE and CHILD SA come up" role ipsec-up || return
	say "strongSwan says that it follows" follows
	say "in a session: the command" ctl redirect 10.79.0.1
	say "in a session: strongSwan goes to the second gateway" wait_for 10 sent_to_second 10.78.0.1
	say "in a session: the first one is left" wait_for 10 we_have_nothing
	say "in a session: one IKE SA is left in the guest" wait_for 10 guest_is_at 10.79.0.1
	role ipsec-down >/dev/null 2>&1
	wait_for 10 guest_has_nothing
	say "in IKE_SA_INIT: comes up" role ipsec-up
	say "in IKE_SA_INIT: at the second gateway" sent_to_second 10.78.0.1
	say "in IKE_SA_INIT: told" grep -q 'REDIRECT_SENT.*in IKE_SA_INIT' "$work/daemon.log"
	role ipsec-down >/dev/null 2>&1
	wait_for 10 guest_has_nothing
	ctl redirect off >/dev/null
	ctl redirect 10.79.0.1 swan >/dev/null
	role ipsec-up >/dev/null 2>&1 # swanctl calls this a failure, while charon goes on
	say "in IKE_AUTH: at the second gateway" wait_for 10 sent_to_second 10.78.0.1
	say "in IKE_AUTH: told" grep -q 'REDIRECT_SENT.*in IKE_AUTH' "$work/daemon.log"
	role ipsec-down >/dev/null 2>&1
	stop_second
}
follows() { ctl --json status swan | grep -q '"redirect":true'; }
guest_is_at() { [ "$(guest_sas | grep -c ESTABLISHED)" = 1 ] && guest_sas_show "remote.*@ $1"; }

# And we follow strongSwan's.
we_are_redirected() {
	name="we are redirected"
	theirs server || return
	second swan.example ours.example 10.2.0.0/24 || return
	ours always '' || return
	say "comes up" up || return
	say "strongSwan's command" in_guest swanctl --redirect --ike l2tp --gateway 10.79.0.1
	say "we go to the second gateway" wait_for 10 sent_to_second 10.77.0.2
	say "LAN to LAN" up
	say "nothing is left at strongSwan" wait_for 12 guest_has_nothing
	say "we tell of it" grep -q 'REDIRECTED.*to 10.79.0.1' "$work/daemon.log"
	stop_second
}

parts="we_call we_call_udp we_call_chacha we_call_tfc we_call_nat we_call_certs we_call_ppk we_are_refused they_vanish they_call_raw they_call_udp they_call_nat they_call_certs they_call_ppk they_are_refused they_are_redirected we_are_redirected"

name="strongSwan interop"
if ! "$G" build strongswan-l2tp >"$work/build.log" 2>&1; then
	echo "skip - $name: the guest's Debian tree could not be made: $(tail -n 1 "$work/build.log")"
	exit 0
fi
topology
if ! boot; then
	not_ok "the guest starts"
	sed 's/^/# /' "$work/guest.log"
	"$G" role-log "$guest" 2>/dev/null | tail -n 20 | sed 's/^/# role: /'
	exit 1
fi
[ $# -gt 0 ] || set -- $parts
for part; do
	began=$SECONDS
	stop_daemon # before there is a NAT: a packet of ours would make a flow there that the other side's packets belong to
	nat off
	"$part"
	echo "# $part took $((SECONDS - began)) s"
done
[ $failed = 0 ]
