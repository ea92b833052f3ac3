#!/bin/sh
# DSCP and ECN: what a router on the way sees of the packet inside, and what becomes of a mark that it sets (RFC 2983, RFC 6040).
set -u
. "$(dirname "$0")/topology.sh"

quiet='ppp: { ipv6 = false; };' # or the kernel sends packets of its own through the tunnel
EF=0xb8 EF_ECT0=0xba ECT0=2 NOT_ECT=0 # traffic classes for ping

# The router counts what the branch sends by its marks, lan-b what comes out of the tunnel.
counting()
{
	rules='' seen=''
	for m in "ef dscp ef" "af21 dscp af21" "cs6 dscp cs6" "cs0 dscp cs0" "ect0 ecn ect0" "notect ecn not-ect" "ce ecn ce"; do
		set -- $m
		rules="$rules
			counter of_$1 { }"
		seen="$seen
			ip $2 $3 counter name of_$1
			ip6 $2 $3 counter name of_$1"
	done
	in_net nft -f - <<-END
		table inet way {$rules
			chain marking {
				type filter hook forward priority -150;
			}
			chain seen {
				type filter hook prerouting priority -200;
				iifname != "na" return
				meta l4proto != { udp, esp } return$seen
			}
		}
	END
	in_lb nft -f - <<-END
		table inet way {$rules
			chain seen {
				type filter hook prerouting priority -200;
				ip protocol != icmp return$seen
			}
		}
	END
}
# The router marks the ESP packets that the branch sends: "ecn ect0" (as a router should) or "" (all, as a broken one does).
marking() # WHAT
{
	marking_end
	in_net nft add rule inet way marking iifname na ip protocol esp ${1:+ip $1} ip ecn set ce
	in_net nft add rule inet way marking iifname na ip6 nexthdr esp ${1:+ip6 $1} ip6 ecn set ce
}
marking_end() { in_net nft flush chain inet way marking; }

seen() { ip netns exec "$1" nft -j list counter inet way "of_$2" | jq '.nftables[] | select(.counter) | .counter.packets'; }
# pings CLASS: three, after which the counters tell of these alone
pings()
{
	in_net nft reset counters > /dev/null
	in_lb nft reset counters > /dev/null
	in_la ping -c 3 -i 0.05 -W 2 -Q "$1" 10.72.0.2
}
# shows CLASS MARK...: the router sees three packets of each mark when pings of the class are inside; "!MARK": none
shows()
{
	class=$1
	shift
	pings "$class" || return 1
	for m; do
		n=$(seen $NET "${m#!}")
		echo "$m: $n"
		case $m in
		!*) [ "$n" = 0 ] || return 1 ;;
		*) [ "$n" -ge 3 ] || return 1 ;;
		esac
	done
}
# arrives CLASS MARK: what comes out at lan-b has the mark
arrives()
{
	pings "$1" || return 1
	n=$(seen $LB "$2")
	echo "$2: $n"
	[ "$n" = 3 ]
}
# with MORE: the branch's tunnel gets these settings now
with()
{
	conf_a always "$quiet $1"
	ctl_a reload
}
lost() { ! pings "$1" && at_least b GW_ECN_DROP "$2"; }

outside_of() # FAMILY
{
	topo_up "$1" 0 1500
	counting
	conf_a always "$quiet"
	conf_b
	start_b
	start_a
	say "IPv$1: the tunnel comes up" wait_for 10 dialling_up
	wait_for 5 log_has b LINE_UP
}

outside_of 4
control_is_cs6() { n=$(seen $NET cs6) other=$(seen $NET cs0); echo "cs6 $n, cs0 $other"; [ "$n" -ge 8 ] && [ "$other" = 0 ]; }
say "IKE, L2TP and PPP go as CS6" control_is_cs6
say "as delivered, the class inside does not show" shows $EF cs0 '!ef' '!cs6'
say "... and arrives" arrives $EF ef
say "as delivered, ECN shows: the peer is one of us" shows $ECT0 ect0 '!notect'
say "... and where there is none, there is none" shows $NOT_ECT notect '!ect0'
say "dscp = \"copy\"" with 'dscp = "copy";'
say "copy: the class inside shows" shows $EF ef '!cs0'
say "copy: with ECN beside it" shows $EF_ECT0 ef ect0 '!cs0'
say "dscp = \"af21\", ecn = \"off\"" with 'dscp = "af21"; ecn = "off";'
say "af21: all has that class" shows $EF_ECT0 af21 '!ef' '!cs0'
say "off: no ECN shows" shows $EF_ECT0 notect '!ect0'
say "what is inside arrives as it was" arrives $EF_ECT0 ect0

say "back to what is delivered" with ''
marking "ecn ect0"
say "congestion on the way: the mark goes inside" arrives $ECT0 ce
say "congestion on the way: without ECN nothing is marked" arrives $NOT_ECT notect
ecn_stream() { in_la sysctl -qw net.ipv4.tcp_ecn=1 && in_lb sysctl -qw net.ipv4.tcp_ecn=1 && both_ways 10.72.0.2 2000000; }
say "congestion on the way: a stream with ECN arrives whole" ecn_stream
say "congestion on the way: nothing was dropped for it" test "$(counter b GW_ECN_DROP)" = 0
marking ""
say "a router that marks all: what has no ECN is dropped and counted" lost $NOT_ECT 3
say "a router that marks all: what has ECN is not" arrives $ECT0 ce
marking_end
bad_word() # SETTING REFUSAL
{
	conf_a always "$1"
	! "$daemon" --check -f "$dir/a.conf" > "$dir/refusal" 2>&1 && cat "$dir/refusal" && grep -q "a.conf:2: $2" "$dir/refusal"
}
bad_words()
{
	bad_word 'dscp = "gold";' "'dscp' of the tunnel 'hq' must be a class" &&
		bad_word 'ecn = "yes";' "'ecn' must be \"auto\", \"copy\" or \"off\" (it is \"yes\")"
}
say "other words are refused, with their place" bad_words
stop_both
topo_down

outside_of 6
say "IPv6: IKE, L2TP and PPP go as CS6" control_is_cs6
say "IPv6: as delivered, the class inside does not show" shows $EF_ECT0 cs0 ect0 '!ef'
say "IPv6: copy" with 'dscp = "copy";'
say "IPv6: the class inside shows" shows $EF_ECT0 ef ect0 '!cs0'
marking "ecn ect0"
say "IPv6: congestion on the way: the mark goes inside" arrives $EF_ECT0 ce
say "IPv6: ... and the class stays" arrives $EF_ECT0 ef
[ $failed = 0 ]
