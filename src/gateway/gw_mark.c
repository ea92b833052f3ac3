/* The ECN field of an inner packet after it crossed the tunnel, and DF before. */
#include "src/gateway/gw_mark.h"

#include "lib/wire.h"
#include "lib/sum.h"
#include "lib/ip.h"

enum { IP6_CLASS_SHIFT = 4 };

/* RFC 6040, figure 4. */
enum { DROP = 4, ALARM = 8 };
static const uint8_t arrival[4][4] = {
	/* outer:         Not-ECT         ECT(1)                  ECT(0)                  CE */
	[GW_ECN_NOT_ECT] = {GW_ECN_NOT_ECT, GW_ECN_NOT_ECT | ALARM, GW_ECN_NOT_ECT | ALARM, DROP},
	[GW_ECN_ECT1] = {GW_ECN_ECT1, GW_ECN_ECT1, GW_ECN_ECT1, GW_ECN_CE},
	[GW_ECN_ECT0] = {GW_ECN_ECT0, GW_ECN_ECT1, GW_ECN_ECT0, GW_ECN_CE},
	[GW_ECN_CE] = {GW_ECN_CE, GW_ECN_CE | ALARM, GW_ECN_CE, GW_ECN_CE},
};

uint8_t gw_mark_read(const uint8_t *packet, unsigned version)
{
	return version == 4 ? packet[IP4_TOS]
	                    : (uint8_t)(ls_get16(packet) >> IP6_CLASS_SHIFT & 0xff);
}

bool gw_mark_df(const struct gw_mark *m, const uint8_t *packet, unsigned version, uint8_t outer)
{
	if (outer == 6 || m->df == GW_DF_SET)
		return true;
	return m->df == GW_DF_COPY &&
	       (version == 6 || (ls_get16(packet + IP4_FRAGMENT) & IP4_DONT_FRAGMENT));
}

static void ecn_write(uint8_t *packet, unsigned version, unsigned ecn)
{
	uint16_t before = ls_get16(packet), after;

	if (version == 4) {
		after = (uint16_t)((before & ~(unsigned)GW_ECN_MASK) | ecn);
		ls_sum_patch16(packet + IP4_SUM, before, after);
	} else {
		after = (uint16_t)((before & ~((unsigned)GW_ECN_MASK << IP6_CLASS_SHIFT)) |
		                   ecn << IP6_CLASS_SHIFT);
	}
	ls_put16(packet, after);
}

enum ls_cause gw_mark_arrive(uint8_t *packet, unsigned version, uint8_t outer, enum ls_cause *alarm)
{
	unsigned inner = gw_mark_read(packet, version) & GW_ECN_MASK;
	unsigned row = arrival[inner][outer & GW_ECN_MASK];

	*alarm = row & ALARM ? CAUSE_GW_ECN_ODD : CAUSE_NONE;
	if (row & DROP)
		return CAUSE_GW_ECN_DROP;
	if ((row & GW_ECN_MASK) != inner)
		ecn_write(packet, version, row & GW_ECN_MASK);
	return CAUSE_NONE;
}
