#!/bin/sh
# What we send is IKEv2: tshark reads a capture of a call, of rekeys of both kinds of SA, in fragments too, and of the end, with the keys
# that l2tpsecctl shows; it must find every payload and no fault.
set -u
. "$(dirname "$0")/../net/topology.sh"
. "$(dirname "$0")/lib.sh"
needs tshark tcpdump

# rows: EXCHANGE|MESSAGE ID|FLAGS|PAYLOADS|NOTIFIES|FAULT, a line a message, in order
rows()
{
	witness "$dir/ike.pcap" -Y 'isakmp && !icmp' -T fields -E separator='|' -E aggregator=' ' -e isakmp.exchangetype -e isakmp.messageid \
		-e isakmp.flags -e isakmp.typepayload -e isakmp.notify.msgtype -e _ws.malformed -e _ws.expert.message -e isakmp.frag.number \
		> "$dir/ike"
	status=$?
	cat "$dir/tshark"
	return $status
}

count() { witness "$dir/ike.pcap" -Y "$1" | wc -l; }
# -V shows whether the ICV of each protected message fits the key.
icvs_fit()
{
	witness "$dir/ike.pcap" -Y isakmp -O isakmp > "$dir/tree" || return 1
	good=$(grep -c 'Integrity Checksum Data: .*\[correct\]' "$dir/tree")
	all=$(grep -c '^    Payload: Encrypted and Authenticated' "$dir/tree")
	open=$(grep -c 'Decrypted Data (' "$dir/tree")
	echo "$all protected, $good with the right ICV, $open decrypted"
	[ "$all" -ge 4 ] && [ "$good" = "$all" ] && [ "$open" = "$all" ]
}
no_fault()
{
	faults=$(witness "$dir/ike.pcap" -Y 'isakmp && (_ws.malformed || _ws.expert)')
	echo "$faults"
	[ -z "$faults" ]
}
# has EXCHANGE FLAGS PAYLOADS NOTIFIES: one message with all of these (flags: 08 request, 20 answer of the responder)
has()
{
	awk -F'|' -v exchange="$1" -v flags="$2" -v payloads="$3" -v notifies="$4" '
		function all(wanted, list, n, w, i) {
			n = split(wanted, w, " ")
			for (i = 1; i <= n; i++)
				if (index(" " list " ", " " w[i] " ") == 0)
					return 0
			return 1
		}
		$1 == exchange && $3 ~ ("^(0x)?(0x)?0*" flags "$") && all(payloads, $4) && all(notifies, $5) { found++ }
		END { exit !found }' "$dir/ike" && return 0
	cat "$dir/ike"
	return 1
}
in_fragments() { [ "$(count 'isakmp.frag.number >= 2')" -gt 0 ]; }
traffic() { in_la ping -q -f -c 400 -W 2 10.72.0.2; }

# Payloads: SA 33, KE 34, IDi 35, IDr 36, AUTH 39, nonce 40, notify 41, delete 42, TSi 44, TSr 45, SK 46, SKF 53.
# Notifies: INITIAL_CONTACT 16384, NAT_DETECTION 16388 and 16389, USE_TRANSPORT_MODE 16391, REKEY_SA 16393, FRAGMENTATION 16430.
read_call() # NAME
{
	say "$1: tshark reads the capture" rows
	say "$1: no fault" no_fault
	say "$1: every protected message is open and authentic" icvs_fit
	say "$1: IKE_SA_INIT request" has 34 8 "33 34 40" "16388 16389 16430"
	say "$1: IKE_SA_INIT answer" has 34 20 "33 34 40" "16388 16389 16430"
	say "$1: CREATE_CHILD_SA rekeys a CHILD SA" has 36 '(0|8|28|20)' "33 40 41 44 45" "16393 16391"
	say "$1: INFORMATIONAL with a delete" has 37 '(0|8|28|20)' "42" ""
}

long=
long=
call() # NAME NAT IKE-PROPOSAL MORE-IKE MORE-ESP
{
	name=$1
	topo_up 4 "$2" 1500
	conf_a always "ike: { proposals = [ \"$3\" ]; $4 }; esp: { $5 };"
	conf_b "ike: { proposals = [ \"$3\" ]; $4 }; esp: { $5 };"
	sed -i "s/branch\.example/${long}branch.example/; s/hq\.example/${long}hq.example/" "$dir/a.conf" "$dir/b.conf"
	: > "$dir/keys"
	dump_start $NET nb "$dir/ike.pcap" "udp port 500 or udp port 4500 or ip[6:2] & 0x1fff != 0"
	start_b
	start_a
	say "$name: comes up" wait_for 10 dialling_up
	keys_add
	say "$name: traffic that uses up the CHILD SA" traffic
	say "$name: the CHILD SA is rekeyed" wait_for 5 log_has b IKE_CHILD_REKEYED
}
hang_up()
{
	keys_add
	in_a "$ctl" --run-dir "$dir/run-a" down hq > /dev/null
	sleep 0.3
	say "$name: the capture is whole" dump_stop
	stop_both
	topo_down
}

few="lifetime-packets = 300;"

call "AES-GCM" 1 aes256-gcm-prf-sha384-x25519 "lifetime = 60;" "$few"
say "$name: the IKE SA is rekeyed" wait_for 65 log_has b "IKE_REKEYED"
hang_up
read_call "$name"
say "$name: IKE_AUTH request" has 35 8 "35 39 33 44 45" "16384 16391"
say "$name: IKE_AUTH answer" has 35 20 "36 39 33 44 45" "16391"
say "$name: CREATE_CHILD_SA rekeys the IKE SA" has 36 '(0|8|28|20)' "33 40 34" ""

call "AES-CBC with HMAC" 0 aes256-sha256-modp2048 "" "$few"
hang_up
read_call "$name"
say "$name: IKE_AUTH request" has 35 8 "35 39 33 44 45" "16384 16391"
say "$name: IKE_AUTH answer" has 35 20 "36 39 33 44 45" "16391"

call "AES-CBC with SHA-384 and ECP" 0 aes128-sha384-ecp384 "" "$few"
hang_up
read_call "$name"

# Many ESP proposals and long names make IKE_AUTH larger than one small packet.
many='proposals = [ "aes256-gcm", "aes128-gcm", "aes256-aes128-sha256", "aes256-sha384", "aes256-sha512" ];'
long=$(printf '%0110d' 0).
call "fragments" 0 aes256-gcm-prf-sha384-x25519 "fragment-size = 576;" "$many $few"
hang_up
say "$name: IKE_AUTH comes in fragments" in_fragments
read_call "$name"
say "$name: IKE_AUTH request, put together" has 35 8 "53 35 39 33 44 45" "16384 16391"
say "$name: IKE_AUTH answer" has 35 20 "36 39 33 44 45" "16391"
[ $failed = 0 ]
