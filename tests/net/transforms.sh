#!/bin/sh
# Two gateways agree on transforms that only a config line brings: traffic passes, the status names them and the library, and those for old
# peers are warned about.
set -u
. "$(dirname "$0")/topology.sh"

warned() { grep -q "'esp.proposals' of the tunnel 'hq' names '$1', which is for old peers only" "$dir/a.log"; }
shown() { in_a "$ctl" --run-dir "$dir/run-a" status hq | tee "$dir/status" | grep -qE "ESP out .* $1( .*)? by (ipsec-mb|openssl|libsodium)"; }
marked() { grep -q 'ESP out .*LEGACY' "$dir/status"; }
unmarked() { ! marked && ! grep -q 'for old peers only' "$dir/a.log"; }

agreed() # PROPOSAL SHOWN [OLD...]
{
	name=$1 shown=$2
	shift 2
	topo_up 4 0 1500
	conf_a always "esp: { proposals = [ \"$name\" ]; };"
	conf_b "esp: { proposals = [ \"$name\" ]; };"
	start_b
	start_a
	say "$name: comes up" wait_for 10 dialling_up
	say "$name: ping" wait_for 10 in_la ping -q -c 1 -s 1000 -W 1 10.72.0.2
	say "$name: TCP" both_ways 10.72.0.2 2000000
	say "$name: the status says so" shown "$shown"
	if [ $# = 0 ]; then
		say "$name: no warning" unmarked
	else
		say "$name: it is marked as legacy" marked
	fi
	for old; do say "$name: warned about $old" warned "$old"; done
	stop_both
	topo_down
}

agreed aes256-ccm8 aes256-ccm8
agreed aes256gcm16-x25519 aes256-gcm
agreed chacha20poly1305-iiv-esn chacha20poly1305-iiv
agreed aes128-gcm-iiv-noesn aes128-gcm-iiv
agreed aes192-gmac aes192-gmac
agreed camellia256-sha512 "camellia256 sha512"
agreed aes128-ctr-aesxcbc "aes128-ctr aesxcbc"
agreed null-aescmac "null aescmac"
agreed des-md5 "des md5" des md5
[ $failed = 0 ]
