#!/bin/sh
# ESP of every transform that scapy and tshark have: they open what we seal, and we open what scapy makes. No daemon, no network.
set -u
. "$(dirname "$0")/../docs/lib.sh"
python=/usr/bin/python3 # Debian's, that scapy belongs to
command -v tshark >/dev/null || { echo "skip - transforms: no tshark"; exit 0; }
$python -c 'import scapy.layers.ipsec, cryptography' 2>/dev/null || { echo "skip - transforms: no python3-scapy"; exit 0; }

$python tests/witness/transforms.py "$build/witness/esp_dump" "$dir/esp.pcap" "$dir/uat" >"$dir/scapy" 2>"$dir/errors" || failed=1
sed 's/^ok /ok - /; s/^not ok /not ok - /' "$dir/scapy"
[ $failed = 0 ] || cat "$dir/errors"

set --
while read -r line; do
	set -- "$@" -o "uat:esp_sa:$line"
done <"$dir/uat"
HOME=$dir tshark -n -r "$dir/esp.pcap" -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE "$@" \
	-T fields -E separator='|' -e esp.spi -e esp.icv_good -e udp.dstport -e _ws.malformed >"$dir/esp" 2>"$dir/tshark"
# GCM's ICV is only checked where the name says its length, as ours do; a NULL one has no fields of its own.
all=$(wc -l <"$dir/uat")
good=$(grep -cE '^0x[0-9a-f]*\|(1|True)\|1701\|$' "$dir/esp")
opened() { [ "$all" -gt 50 ] && [ "$good" = "$all" ] || { grep -vE '\|(1|True)\|1701\|$' "$dir/esp"; cat "$dir/tshark"; return 1; }; }
say "tshark opens $good packets of $all pairs of algorithms" opened
[ $failed = 0 ]
