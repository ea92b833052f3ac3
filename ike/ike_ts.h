/* Traffic selectors: offered, narrowed and checked, with the substitution that a NAT makes needful
 * (RFC 7296 2.9, 2.23.1, 3.13). */
#ifndef IKE_TS_H
#define IKE_TS_H

#include "ike/ike.h"

enum { IKE_L2TP_PORT = 1701, IKE_PROTOCOL_UDP = 17, IKE_TS_MAX = 64 };

/* One side of what a CHILD SA carries. */
struct ike_ts {
	struct ls_prefix net;
	uint8_t protocol; /* 0 any */
	uint16_t port_low, port_high;
};

/* What we offer for one side: UDP 1701 of the address in transport mode, everything of the family
 * in tunnel mode. */
struct ike_ts ike_ts_ours(const struct ls_addr *address, bool tunnel_mode);
/* The body of a TS payload with one selector. */
void ike_ts_write(struct wr *w, const struct ike_ts *ts);

/* How one received TS payload is to be understood. */
struct ike_ts_rule {
	bool tunnel_mode;
	bool substitute; /* this side stands behind a NAT: the addresses in the payload are those on
	                    its inside, `address` counts */
	bool must_be_1701; /* our own side of an L2TP SA: port 1701 must be within */
	struct ls_addr address;
};
/*
 * Narrows a received payload: the first selector that fits becomes *out. CAUSE_NONE,
 * IKE_TS_UNACCEPTABLE or IKE_SYNTAX.
 */
enum ls_cause ike_ts_narrow(struct ls_bytes body, const struct ike_ts_rule *rule,
                            struct ike_ts *out);
/* Whether a lies within b (what a responder answered within what was offered). */
bool ike_ts_within(const struct ike_ts *a, const struct ike_ts *b);
/* "UDP 192.0.2.1 port 1701"; for all selectors of a received body. */
void ike_ts_text(struct ls_bytes body, char *out, size_t cap);

#endif
