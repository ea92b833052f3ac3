/* Which source addresses a tunnel's peer may use inside it. For each packet: a few compares. */
#include "src/gateway/gw_source.h"
#include "lib/ip.h"

#include <string.h>

static void mask_make(uint8_t *mask, size_t bytes, unsigned bits)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned here = bits > i * 8 ? bits - (unsigned)i * 8 : 0;

		mask[i] = (uint8_t)(here >= 8 ? 0xff : 0xff00u >> here);
	}
}

void gw_sources_make(struct gw_sources *s, const struct ls_prefix *nets, unsigned n)
{
	s->n4 = s->n6 = 0;
	for (unsigned i = 0; i < n && i < GW_SOURCES_MAX; i++) {
		const struct ls_addr *a = &nets[i].addr;

		if (a->family == 4) {
			memcpy(&s->v4[s->n4].net, a->ip, 4);
			mask_make((uint8_t *)&s->v4[s->n4++].mask, 4, nets[i].bits);
		} else if (a->family == 6) {
			memcpy(s->v6[s->n6].net, a->ip, 16);
			mask_make((uint8_t *)s->v6[s->n6++].mask, 16, nets[i].bits);
		}
	}
}

static bool fits4(const struct gw_sources *s, const struct ls_addr *peer4, const uint8_t *from)
{
	uint32_t a;

	memcpy(&a, from, sizeof a);
	for (unsigned i = 0; i < s->n4; i++)
		if ((a & s->v4[i].mask) == s->v4[i].net)
			return true;
	return peer4->family == 4 && memcmp(peer4->ip, from, 4) == 0;
}

static bool fits6(const struct gw_sources *s, const uint8_t *from)
{
	uint64_t a[2];

	memcpy(a, from, sizeof a);
	for (unsigned i = 0; i < s->n6; i++)
		if ((a[0] & s->v6[i].mask[0]) == s->v6[i].net[0] &&
		    (a[1] & s->v6[i].mask[1]) == s->v6[i].net[1])
			return true;
	return (from[0] == 0xfe && (from[1] & 0xc0) == 0x80) || (a[0] == 0 && a[1] == 0);
}

bool gw_source_fits(const struct gw_sources *s, const struct ls_addr *peer4, const uint8_t *packet)
{
	return packet[0] >> 4 == 4 ? fits4(s, peer4, packet + IP4_FROM)
	                           : fits6(s, packet + IP6_FROM);
}
