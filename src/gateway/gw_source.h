/* Which source addresses a tunnel's peer may use inside it (BCP 38, RFC 2827): its own of the link,
 * and those of the networks that are behind it. */
#ifndef SRC_GATEWAY_GW_SOURCE_H
#define SRC_GATEWAY_GW_SOURCE_H

#include "lib/addr.h"

#include <stdbool.h>
#include <stdint.h>

enum { GW_SOURCES_MAX = 64 };

/* Networks as the packet path compares them; in network byte order. */
struct gw_sources {
	unsigned n4, n6;
	struct {
		uint32_t net, mask;
	} v4[GW_SOURCES_MAX];
	struct {
		uint64_t net[2], mask[2];
	} v6[GW_SOURCES_MAX];
};

/* n: at most GW_SOURCES_MAX networks of either family. */
void gw_sources_make(struct gw_sources *s, const struct ls_prefix *nets, unsigned n);
/*
 * Whether an IP packet (gw_ip_len) comes from one of the networks or from the peer of the link: its
 * PPP address in IPv4; in IPv6 any address of the link, on which nobody else is, and none at all
 * (duplicate address detection and multicast listeners, RFC 4862 5.4.2, RFC 3810 5.2.13).
 */
bool gw_source_fits(const struct gw_sources *s, const struct ls_addr *peer4, const uint8_t *packet);

#endif
