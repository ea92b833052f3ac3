#!/bin/sh
# l2tpsecctl trace --pcap: what tshark reads of its capture with the keys beside it, of all or of one tunnel.
set -u
. "$(dirname "$0")/topology.sh"

# tracing_begin NAME [TUNNEL]: into $dir/NAME.pcap
tracing_begin()
{
	: > "$dir/$1.said"
	ip netns exec $A "$ctl" --run-dir "$dir/run-a" trace --pcap "$dir/$1.pcap" ${2:-} > "$dir/$1.trace" 2> "$dir/$1.said" &
	tracing=$!
	wait_for 5 grep -q 'until Ctrl-C' "$dir/$1.said"
}
tracing_end() # NAME
{
	kill -INT $tracing
	wait $tracing
	status=$?
	cat "$dir/$1.said"
	return $status
}
# reads NAME FILTER FIELD: what the field is in packets that the filter takes
reads() { WIRESHARK_CONFIG_DIR="$dir/$1.pcap.keys" tshark -r "$dir/$1.pcap" -Y "$2" -T fields -e "$3" 2> "$dir/tshark" | sort -u | tee "$dir/fields"; }
shows() { reads "$1" "$2" "$3" && grep -qx -- "$4" "$dir/fields"; }
shows_none() { reads "$1" "$2" "$3" && [ ! -s "$dir/fields" ]; }
for_owner_alone() { [ "$(stat -c %a "$1")" = "$2" ]; }
refused() # WORDS COMMAND...
{
	words=$1
	shift
	"$@" > "$dir/refused" 2>&1 && return 1
	cat "$dir/refused"
	grep -q -- "$words" "$dir/refused"
}
pings() { in_la ping -c "$1" -i 0.1 -W 2 -s 321 10.72.0.2; }
gone() { ! ls "$1" "$1.keys" > /dev/null 2>&1; }

topo_up 4 1 1500
conf_a on-demand
sed -i 's/tunnels: ( /&{ name = "other"; start = "wait"; ppp: { local = "10.9.8.1"; }; }, /' "$dir/a.conf"
conf_b
start_b
start_a
say "both start" wait_for 10 ready
say "the capture begins" tracing_begin all
say "it is for its owner alone" for_owner_alone "$dir/all.pcap" 600
say "and so are the keys" for_owner_alone "$dir/all.pcap.keys" 700
say "the tunnel comes up" wait_for 10 pings 1
wait_for 5 grep -q 'esp_sa' "$dir/all.pcap.keys" 2> /dev/null
say "pings pass" pings 3
sleep 1
say "Ctrl-C ends it" tracing_end all
say "it says how to look at it" grep -q "WIRESHARK_CONFIG_DIR=$dir/all.pcap.keys wireshark $dir/all.pcap" "$dir/all.said"
say "the trace is there too" grep -q 'IKE_AUTH 1: HDR, SK {IDi' "$dir/all.trace"
say "tshark reads who we are in IKE_AUTH" shows all 'isakmp.exchangetype == 35' isakmp.id.data.fqdn branch.example
say "tshark reads the pings in L2TP in ESP" shows all 'esp && l2tp && icmp.type == 8' data.len 313
say "and their answers" shows all 'esp && l2tp && icmp.type == 0' data.len 313

say "keys of one tunnel: its own" tracing_begin hq hq
say "of one that stands already" pings 2
sleep 1
say "it ends" tracing_end hq
say "tshark reads the pings" shows hq 'esp && l2tp && icmp.type == 8' data.len 313
say "keys of another tunnel: none of this one's" tracing_begin other other
say "pings pass" pings 2
say "it ends" tracing_end other
say "tshark reads no ping" shows_none other icmp.type icmp.type
say "but sees that ESP went by" reads other esp esp.spi
say "who saw keys is in the log" wait_for 2 log_has a KEYS_SHOWN

say "a file that is there is not overwritten" refused 'File exists' ctl_a trace --pcap "$dir/all.pcap"
say "not even the keys alone" eval 'mkdir "$dir/new.pcap.keys" && refused "File exists" ctl_a trace --pcap "$dir/new.pcap" && rmdir "$dir/new.pcap.keys"'
say "and nothing is left of the try" gone "$dir/new.pcap"
say "an unknown tunnel" refused "there is no tunnel 'nobody'" ctl_a trace --pcap "$dir/new.pcap" nobody
say "and nothing is left of the try" gone "$dir/new.pcap"
say "no daemon" refused 'does not run' in_a "$ctl" --run-dir "$dir/nothing" trace --pcap "$dir/new.pcap"
say "and nothing is left of the try" gone "$dir/new.pcap"
say "another command" refused 'goes with trace' ctl_a status --pcap "$dir/new.pcap"
say "nobody but root" refused 'only root' in_a setpriv --reuid=65534 --clear-groups "$ctl" --run-dir "$dir/run-a" trace --pcap "$dir/new.pcap"

# A disk that is full: said, and the tunnel does not care.
mkdir "$dir/small"
mount -t tmpfs -o size=64k none "$dir/small"
full()
{
	ip netns exec $A timeout 30 "$ctl" --run-dir "$dir/run-a" trace --pcap "$dir/small/x.pcap" > "$dir/full.trace" 2> "$dir/full.said" &
	tracing=$!
	in_la ping -c 300 -i 0.005 -s 1200 -W 1 10.72.0.2 > "$dir/pings"
	wait $tracing
	[ $? = 1 ] && cat "$dir/full.said" && grep -q 'ended early: .*No space left' "$dir/full.said"
}
say "a full disk ends it, and says so" full
say "and no ping was lost of it" grep -q ' 0% packet loss' "$dir/pings"
umount "$dir/small"
[ $failed = 0 ]
