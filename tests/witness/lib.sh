# Captures and keys for the witnesses; sourced after tests/net/topology.sh. POSIX sh.

kit=$net_root/tests/witness/espkit.py
python=/usr/bin/python3 # Debian's, that scapy belongs to

# needs TOOL...: ends well, but says so, where one is missing
needs()
{
	for tool; do
		command -v "$tool" > /dev/null || { echo "skip - $(basename "$0" .sh): no $tool"; exit 0; }
	done
	$python -c 'import scapy.layers.ipsec, cryptography' 2> /dev/null || { echo "skip - $(basename "$0" .sh): no python3-scapy"; exit 0; }
}

# One packet must be one frame for a capture, also where many are sent at a time.
one_by_one()
{
	ip -n $A link set out gso_max_segs 1
	ip -n $GB link set out gso_max_segs 1
}

# keys_add: the keys that the head office has now, added to $dir/keys
keys_add()
{
	in_b "$ctl" --run-dir "$dir/run-b" keys | grep -E '^(esp|ike) ' >> "$dir/keys"
	sort -u -o "$dir/keys" "$dir/keys"
	chmod 600 "$dir/keys"
}

# witness PCAP ARGUMENTS...: tshark with the keys of $dir/keys
witness()
{
	pcap=$1
	shift
	while read -r kind line; do
		case $kind in
		esp) set -- "$@" -o "uat:esp_sa:$line" ;;
		ike) set -- "$@" -o "uat:ikev2_decryption_table:$line" ;;
		esac
	done < "$dir/keys"
	HOME=$dir tshark -n -r "$pcap" -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE "$@" 2> "$dir/tshark"
}
