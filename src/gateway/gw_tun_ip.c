/* What both directions need of an inner IP packet: its length, and the MSS clamp. */
#include "lib/ip.h"

#include "lib/sum.h"
#include "src/gateway/gw_tun.h"

#include "lib/wire.h"

size_t gw_ip_len(const uint8_t *packet, size_t len)
{
	size_t total;

	if (len >= IP4_SIZE && packet[0] >> 4 == 4) {
		size_t header = (size_t)(packet[0] & 15) * 4;

		total = ls_get16(packet + IP4_LEN);
		return header >= IP4_SIZE && total >= header && total <= len ? total : 0;
	}
	if (len < IP6_SIZE || packet[0] >> 4 != 6)
		return 0;
	total = IP6_SIZE + (size_t)ls_get16(packet + IP6_LEN);
	return total <= len ? total : 0;
}

/* The TCP header of an unfragmented packet; 0 when there is none. Extension headers are not
 * followed: a SYN hardly has any. */
static size_t tcp_offset(const uint8_t *packet, size_t len)
{
	size_t at;

	if (packet[0] >> 4 == 4) {
		if (packet[IP4_PROTOCOL] != IP_TCP ||
		    (ls_get16(packet + IP4_FRAGMENT) & IP4_MORE_AND_OFFSET))
			return 0;
		at = (size_t)(packet[0] & 15) * 4;
	} else {
		if (packet[IP6_NEXT] != IP_TCP)
			return 0;
		at = IP6_SIZE;
	}
	return at + TCP_SIZE <= len ? at : 0;
}

void gw_mss_clamp(uint8_t *packet, size_t len, uint16_t mtu)
{
	size_t at = tcp_offset(packet, len);

	if (at == 0 || !(packet[at + TCP_FLAGS] & TCP_SYN))
		return;
	size_t fixed = (packet[0] >> 4 == 4 ? IP4_SIZE : IP6_SIZE) + TCP_SIZE;
	size_t end = at + (size_t)(packet[at + TCP_OFFSET] >> 4) * 4;
	if (mtu <= fixed || end > len)
		return;
	uint16_t most = (uint16_t)(mtu - fixed);
	for (size_t i = at + TCP_SIZE; i + 1 < end;) {
		uint8_t kind = packet[i], size = packet[i + 1];

		if (kind == TCP_OPTION_END)
			return;
		if (kind == TCP_OPTION_NOP) {
			i++;
			continue;
		}
		if (size < 2 || i + size > end)
			return;
		if (kind != TCP_OPTION_MSS || size != 4) {
			i += size;
			continue;
		}
		uint16_t mss = ls_get16(packet + i + 2);
		if (mss <= most)
			return;
		/* At an odd place (after one NOP) the word straddles two summed words, which swaps
		 * its bytes. */
		ls_put16(packet + i + 2, most);
		if (i & 1)
			ls_sum_patch16(packet + at + TCP_SUM, (uint16_t)(mss << 8 | mss >> 8),
			               (uint16_t)(most << 8 | most >> 8));
		else
			ls_sum_patch16(packet + at + TCP_SUM, mss, most);
		return;
	}
}

/* FNV-1a, which spreads even where only a port differs. */
static uint32_t hash_add(uint32_t hash, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

uint32_t gw_ip_hash(const uint8_t *packet, size_t len)
{
	bool v4 = packet[0] >> 4 == 4;
	size_t at = v4 ? (size_t)(packet[0] & 15) * 4 : IP6_SIZE;
	uint8_t protocol = packet[v4 ? IP4_PROTOCOL : IP6_NEXT];
	uint32_t hash = hash_add(2166136261u, packet + (v4 ? IP4_FROM : IP6_FROM), v4 ? 8 : 32);

	/* Of a fragmented datagram only the first piece has ports. */
	if (v4 && ls_get16(packet + IP4_FRAGMENT) & IP4_MORE_AND_OFFSET)
		return hash;
	if ((protocol == IP_TCP || protocol == IP_UDP) && at + 4 <= len)
		hash = hash_add(hash, packet + at, 4);
	return hash ^ hash >> 16;
}
