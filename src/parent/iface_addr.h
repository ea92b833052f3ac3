/* Which addresses a peer may give to the two ends of a tunnel. */
#ifndef SRC_PARENT_IFACE_ADDR_H
#define SRC_PARENT_IFACE_ADDR_H

#include "src/base/msg.h"

/*
 * What is wrong with the IPv4 addresses that PPP agreed on (RFC 1332 3.3 lets the peer name both),
 * for the log; NULL when they may be set. outer: the outer address of this tunnel's peer or another
 * one's, which must not be led into a tunnel; family 0 = none.
 */
const char *iface_addresses_wrong(const struct msg_iface_up *m, const struct ls_addr *outer);

enum iface_holder {
	IFACE_NOBODYS,
	IFACE_OURS,       /* this host has the address */
	IFACE_NEIGHBOURS, /* it is in a network that this host is connected to */
};
/* Who has an IPv4 address, by what is set on all interfaces but one (a tunnel's own; "": none). */
enum iface_holder iface_holder_of(const struct ls_addr *a, const char *except);

#endif
