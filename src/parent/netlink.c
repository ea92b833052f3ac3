/* Links, addresses and routes of the kernel, set by rtnetlink over libmnl. */
#include "src/parent/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* PROTOCOL: our mark on routes, so that people see whose they are ('ip route' shows proto 108). */
enum { BUFFER_BYTES = 32768, REASON_MAX = 200, PROTOCOL = 108 };

struct netlink {
	struct mnl_socket *socket;
	unsigned port, sequence;
	char reason[REASON_MAX];
	uint8_t buffer[BUFFER_BYTES];
};

struct netlink *netlink_open(void)
{
	struct netlink *nl = calloc(1, sizeof *nl);
	int on = 1;

	if (!nl)
		return NULL;
	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->socket || mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		netlink_close(nl);
		return NULL;
	}
	nl->port = mnl_socket_get_portid(nl->socket);
	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on, sizeof on);
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &on, sizeof on);
	return nl;
}

void netlink_close(struct netlink *nl)
{
	if (!nl)
		return;
	if (nl->socket)
		mnl_socket_close(nl->socket);
	free(nl);
}

const char *netlink_reason(const struct netlink *nl)
{
	return nl->reason;
}

static struct nlmsghdr *begin(struct netlink *nl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(nl->buffer);

	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++nl->sequence;
	return h;
}

static int look_reason(const struct nlattr *a, void *context)
{
	struct netlink *nl = context;

	if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(nl->reason, sizeof nl->reason, "%s", mnl_attr_get_str(a));
	return MNL_CB_OK;
}

/* The kernel's own words about an error, if it gave any, are better than a bare errno. */
static void reason_take(struct netlink *nl, const struct nlmsghdr *h, int error)
{
	snprintf(nl->reason, sizeof nl->reason, "%s", strerror(error));
	if (h->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(h, sizeof(struct nlmsgerr), look_reason, nl);
}

static int error_of(struct netlink *nl, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

	if (h->nlmsg_len < mnl_nlmsg_size(sizeof *e))
		return EBADMSG;
	if (e->error != 0)
		reason_take(nl, h, -e->error);
	return -e->error;
}

/* Sends and waits for the acknowledgement, or for one answer, which is given to look. */
static int talk(struct netlink *nl, struct nlmsghdr *h,
                void (*look)(const struct nlmsghdr *, void *), void *context)
{
	unsigned sequence = h->nlmsg_seq;
	bool answered = false;

	nl->reason[0] = '\0';
	if (mnl_socket_sendto(nl->socket, h, h->nlmsg_len) < 0)
		goto failed;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl->socket, nl->buffer, sizeof nl->buffer);
		int left = (int)n;

		if (n <= 0)
			goto failed;
		for (h = (struct nlmsghdr *)nl->buffer; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			if (h->nlmsg_seq != sequence)
				continue;
			if (h->nlmsg_type == NLMSG_ERROR)
				return error_of(nl, h);
			if (look && h->nlmsg_type >= NLMSG_MIN_TYPE) {
				look(h, context);
				answered = true;
			}
		}
		if (answered)
			return 0;
	}
failed:
	snprintf(nl->reason, sizeof nl->reason, "%s", strerror(errno));
	return errno ? errno : EIO;
}

static void put_ip(struct nlmsghdr *h, uint16_t type, const struct ls_addr *a)
{
	mnl_attr_put(h, type, ls_addr_size(a), a->ip);
}

static uint8_t family_of(const struct ls_addr *a)
{
	return a->family == 6 ? AF_INET6 : AF_INET;
}

/* -- links -- */

int netlink_link_set(struct netlink *nl, uint32_t ifindex, bool up, uint32_t mtu)
{
	struct nlmsghdr *h = begin(nl, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = (int)ifindex;
	m->ifi_change = IFF_UP;
	m->ifi_flags = up ? IFF_UP : 0;
	if (mtu > 0)
		mnl_attr_put_u32(h, IFLA_MTU, mtu);
	return talk(nl, h, NULL, NULL);
}

int netlink_link_no_autoaddress(struct netlink *nl, uint32_t ifindex)
{
	struct nlmsghdr *h = begin(nl, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	struct nlattr *spec, *inet6;

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = (int)ifindex;
	spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(h, AF_INET6);
	mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(h, inet6);
	mnl_attr_nest_end(h, spec);
	return talk(nl, h, NULL, NULL);
}

static int look_link_attr(const struct nlattr *a, void *context)
{
	if (mnl_attr_get_type(a) == IFLA_MTU && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		*(uint32_t *)context = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static void look_link(const struct nlmsghdr *h, void *context)
{
	if (h->nlmsg_type == RTM_NEWLINK)
		mnl_attr_parse(h, sizeof(struct ifinfomsg), look_link_attr, context);
}

int netlink_link_mtu(struct netlink *nl, uint32_t ifindex, uint32_t *mtu)
{
	struct nlmsghdr *h = begin(nl, RTM_GETLINK, 0);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = (int)ifindex;
	*mtu = 0;
	return talk(nl, h, look_link, mtu);
}

/* -- addresses -- */

static int address(struct netlink *nl, uint16_t type, uint16_t flags, uint32_t ifindex,
                   const struct ls_addr *local, const struct ls_addr *peer, uint8_t bits)
{
	struct nlmsghdr *h = begin(nl, type, (uint16_t)(NLM_F_ACK | flags));
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

	m->ifa_family = family_of(local);
	m->ifa_prefixlen = bits;
	m->ifa_index = ifindex;
	m->ifa_scope =
		local->family == 6 && local->ip[0] == 0xfe ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	/* On a point-to-point link there is nobody to find the address taken: duplicate address
	 * detection would only delay. */
	m->ifa_flags = local->family == 6 ? IFA_F_NODAD : 0;
	put_ip(h, IFA_LOCAL, local);
	put_ip(h, IFA_ADDRESS, peer && peer->family != 0 ? peer : local);
	return talk(nl, h, NULL, NULL);
}

int netlink_address_add(struct netlink *nl, uint32_t ifindex, const struct ls_addr *local,
                        const struct ls_addr *peer, uint8_t bits)
{
	int e = address(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, local, peer, bits);

	return e == EEXIST ? 0 : e;
}

int netlink_address_remove(struct netlink *nl, uint32_t ifindex, const struct ls_addr *local,
                           const struct ls_addr *peer, uint8_t bits)
{
	int e = address(nl, RTM_DELADDR, 0, ifindex, local, peer, bits);

	return e == EADDRNOTAVAIL || e == ENODEV ? 0 : e;
}

/* -- routes -- */

static struct nlmsghdr *route(struct netlink *nl, uint16_t type, uint16_t flags, uint32_t ifindex,
                              const struct ls_prefix *to, uint32_t metric)
{
	struct nlmsghdr *h = begin(nl, type, (uint16_t)(NLM_F_ACK | flags));
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

	m->rtm_family = family_of(&to->addr);
	m->rtm_dst_len = to->bits;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = PROTOCOL;
	m->rtm_scope = to->addr.family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	m->rtm_type = RTN_UNICAST;
	put_ip(h, RTA_DST, &to->addr);
	mnl_attr_put_u32(h, RTA_OIF, ifindex);
	if (metric > 0)
		mnl_attr_put_u32(h, RTA_PRIORITY, metric);
	return h;
}

int netlink_route_set(struct netlink *nl, uint32_t ifindex, const struct ls_prefix *to,
                      const struct ls_addr *source, uint32_t metric)
{
	struct nlmsghdr *h =
		route(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, ifindex, to, metric);

	if (source && source->family == to->addr.family)
		put_ip(h, RTA_PREFSRC, source);
	return talk(nl, h, NULL, NULL);
}

int netlink_route_remove(struct netlink *nl, uint32_t ifindex, const struct ls_prefix *to,
                         uint32_t metric)
{
	int e = talk(nl, route(nl, RTM_DELROUTE, 0, ifindex, to, metric), NULL, NULL);

	return e == ESRCH || e == ENODEV ? 0 : e;
}

struct way {
	uint32_t ifindex, mtu;
	bool learned; /* it expires: what a router's ICMP said, not what somebody set */
};

static int look_metric(const struct nlattr *a, void *context)
{
	struct way *way = context;

	if (mnl_attr_get_type(a) == RTAX_MTU && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		way->mtu = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int look_way_attr(const struct nlattr *a, void *context)
{
	struct way *way = context;

	if (mnl_attr_get_type(a) == RTA_OIF && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		way->ifindex = mnl_attr_get_u32(a);
	if (mnl_attr_get_type(a) == RTA_METRICS)
		mnl_attr_parse_nested(a, look_metric, way);
	if (mnl_attr_get_type(a) == RTA_CACHEINFO &&
	    mnl_attr_get_payload_len(a) >= sizeof(struct rta_cacheinfo))
		way->learned =
			((const struct rta_cacheinfo *)mnl_attr_get_payload(a))->rta_expires > 0;
	return MNL_CB_OK;
}

static void look_way(const struct nlmsghdr *h, void *context)
{
	if (h->nlmsg_type == RTM_NEWROUTE)
		mnl_attr_parse(h, sizeof(struct rtmsg), look_way_attr, context);
}

int netlink_route_get(struct netlink *nl, const struct ls_addr *to, uint32_t *ifindex,
                      uint32_t *mtu)
{
	struct nlmsghdr *h = begin(nl, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	struct way way = {0};
	int e;

	m->rtm_family = family_of(to);
	m->rtm_dst_len = (uint8_t)(ls_addr_size(to) * 8);
	put_ip(h, RTA_DST, to);
	e = talk(nl, h, look_way, &way);
	if (e)
		return e;
	if (way.ifindex == 0)
		return ENETUNREACH;
	*ifindex = way.ifindex;
	*mtu = way.mtu;
	return way.mtu == 0 || way.learned ? netlink_link_mtu(nl, way.ifindex, mtu) : 0;
}
