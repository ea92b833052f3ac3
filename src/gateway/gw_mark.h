/* DSCP and ECN between the inner and the outer IP header (RFC 2983, RFC 6040): the traffic class
 * byte, DSCP in its upper six bits, ECN in its lower two. And "don't fragment" (RFC 4301 8.1). */
#ifndef SRC_GATEWAY_GW_MARK_H
#define SRC_GATEWAY_GW_MARK_H

#include "lib/cause.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GW_ECN_MASK = 3, GW_ECN_NOT_ECT = 0, GW_ECN_ECT1 = 1, GW_ECN_ECT0 = 2, GW_ECN_CE = 3 };

enum gw_df { GW_DF_CLEAR, GW_DF_SET, GW_DF_COPY };

/* What the outer header of a session's data gets. */
struct gw_mark {
	uint8_t fixed;  /* the DSCP that is set, shifted to its place; 0 with copy_dscp */
	bool copy_dscp; /* the uniform model: the inner packet's DSCP shows outside */
	bool copy_ecn;  /* RFC 6040 4.1's normal mode; else compatibility mode: Not-ECT outside */
	enum gw_df df;
};

/* The inner packet's traffic class; packet: an IP header of the version, whole. */
uint8_t gw_mark_read(const uint8_t *packet, unsigned version);

static inline uint8_t gw_mark_outer(const struct gw_mark *m, uint8_t inner)
{
	unsigned dscp = m->copy_dscp ? inner & ~(unsigned)GW_ECN_MASK : m->fixed;

	return (uint8_t)(dscp | (m->copy_ecn ? inner & (unsigned)GW_ECN_MASK : 0));
}

/* Whether the outer header of that family says "don't fragment". An IPv6 packet inside always means
 * it, and an outer one cannot mean anything else. */
bool gw_mark_df(const struct gw_mark *m, const uint8_t *packet, unsigned version, uint8_t outer);

/*
 * What an outer header with this traffic class means for the inner packet (RFC 6040 4.2, figure
 * 4): its ECN field is changed where the table says so, its DSCP never. CAUSE_NONE;
 * GW_ECN_DROP: the packet must not go on. *alarm: count this cause too, or CAUSE_NONE.
 */
enum ls_cause gw_mark_arrive(uint8_t *packet, unsigned version, uint8_t outer,
                             enum ls_cause *alarm);

#endif
