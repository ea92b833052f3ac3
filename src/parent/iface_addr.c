/* Which addresses a peer may give to the two ends of a tunnel. */
#include "src/parent/iface_addr.h"

enum { NET_THIS = 0, NET_LOOPBACK = 127, NET_MULTICAST = 224 };

/* RFC 6890 2.2.2: this network, loopback, multicast and reserved ones are no host's. */
static bool is_hosts(const struct ls_addr *a)
{
	return a->family != 4 ||
	       (a->ip[0] != NET_THIS && a->ip[0] != NET_LOOPBACK && a->ip[0] < NET_MULTICAST);
}

const char *iface_addresses_wrong(const struct msg_iface_up *m, const struct ls_addr *outer)
{
	if (!is_hosts(&m->local4) || !is_hosts(&m->remote4))
		return "no address that a host can have";
	if (outer->family == 4 &&
	    (ls_addr_same_ip(&m->local4, outer) || ls_addr_same_ip(&m->remote4, outer)))
		return "the outer address of a peer, which is not to be led into the tunnel";
	return NULL;
}
