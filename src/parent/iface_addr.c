/* Which addresses a peer may give to the two ends of a tunnel. */
#include "src/parent/iface_addr.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <string.h>

enum { NET_THIS = 0, NET_LOOPBACK = 127, NET_MULTICAST = 224, HOST_MASK = 0xffffffff };

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

static uint32_t value_of(const struct sockaddr *at)
{
	struct sockaddr_in in = {0};

	if (at && at->sa_family == AF_INET)
		memcpy(&in, at, sizeof in);
	return ntohl(in.sin_addr.s_addr);
}

enum iface_holder iface_holder_of(const struct ls_addr *a, const char *except)
{
	enum iface_holder holder = IFACE_NOBODYS;
	uint32_t v = ls_addr_v4_value(a), own, mask;
	struct ifaddrs *all;

	if (a->family != 4 || getifaddrs(&all) != 0)
		return IFACE_NOBODYS;
	for (const struct ifaddrs *i = all; i && holder != IFACE_OURS; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		    strcmp(i->ifa_name, except) == 0)
			continue;
		own = value_of(i->ifa_addr);
		mask = i->ifa_netmask ? value_of(i->ifa_netmask) : HOST_MASK;
		if (own == v)
			holder = IFACE_OURS;
		else if (mask != 0 && mask != HOST_MASK && (own & mask) == (v & mask))
			holder = IFACE_NEIGHBOURS;
	}
	freeifaddrs(all);
	return holder;
}
