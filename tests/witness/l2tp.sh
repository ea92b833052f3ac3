#!/bin/sh
# Lets tshark read all control messages of a call between two engines: it must know each and find no fault.
cd "$(dirname "$0")/../.." || exit 1
for tool in tshark text2pcap; do
	command -v "$tool" >/dev/null || { echo "skip - l2tp witness: no $tool"; exit 0; }
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
status=0
${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -I. -o "$dir/dump" tests/witness/l2tp_dump.c l2tp/*.c lib/*.c \
	-lsodium -lcrypto || { echo "not ok - l2tp witness: the dump does not build"; exit 1; }

report() { # what, 0 if good
	if [ "$2" = 0 ]; then echo "ok - $1"; else echo "not ok - $1"; status=1; fi
}

for secret in none secret; do
	"$dir/dump" "$secret" >"$dir/text" && text2pcap -q -u 1701,1701 "$dir/text" "$dir/pcap" 2>/dev/null
	report "secret $secret: a dump was made" $?
	types=$(tshark -r "$dir/pcap" -T fields -e l2tp.avp.message_type 2>/dev/null | grep . | tr '\n' ' ')
	[ "$types" = "1 2 3 10 11 12 6 14 4 " ]
	report "secret $secret: message types $types" $?
	faults=$(tshark -r "$dir/pcap" -Y '_ws.malformed || _ws.expert' 2>/dev/null | wc -l)
	[ "$faults" = 0 ]
	report "secret $secret: $faults faults found" $?
done
exit $status
