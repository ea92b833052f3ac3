/* Which addresses a peer may give to the two ends of a tunnel. */
#include "src/parent/iface_addr.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

enum { NET_THIS = 0, NET_LOOPBACK = 127, NET_MULTICAST = 224, BUFFER_BYTES = 32768 };

#define HOST_MASK 0xffffffffu

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

/* What is looked for, and what was found. */
struct search {
	uint32_t value;
	const char *except;
	enum iface_holder holder;
};

/* An address of an interface. */
struct own {
	uint32_t value;
	const char *label; /* the interface's name, or what people put in its place */
};

static int look_attribute(const struct nlattr *a, void *context)
{
	struct own *own = context;

	if (mnl_attr_get_type(a) == IFA_LOCAL && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		own->value = ntohl(mnl_attr_get_u32(a));
	if (mnl_attr_get_type(a) == IFA_LABEL && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		own->label = mnl_attr_get_str(a);
	return MNL_CB_OK;
}

static int look_address(const struct nlmsghdr *h, void *context)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct search *s = context;
	struct own own = {.label = ""};
	uint32_t mask;

	if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < mnl_nlmsg_size(sizeof *m))
		return MNL_CB_OK;
	mnl_attr_parse(h, sizeof *m, look_attribute, &own);
	if (own.value == 0 || (own.label[0] && strcmp(own.label, s->except) == 0))
		return MNL_CB_OK;
	mask = m->ifa_prefixlen ? HOST_MASK << (32 - m->ifa_prefixlen) : 0;
	if (own.value == s->value)
		s->holder = IFACE_OURS;
	else if (s->holder != IFACE_OURS && mask != 0 && mask != HOST_MASK &&
	         (own.value & mask) == (s->value & mask))
		s->holder = IFACE_NEIGHBOURS;
	return MNL_CB_OK;
}

/* The IPv4 addresses alone. getifaddrs() has the kernel describe each interface first, which with a
 * thousand of them takes a hundred times as long: for each tunnel that comes up. */
static void addresses_look(struct mnl_socket *socket, struct search *s)
{
	uint8_t buffer[BUFFER_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	ssize_t n;

	h->nlmsg_type = RTM_GETADDR;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = 1;
	m->ifa_family = AF_INET;
	if (mnl_socket_sendto(socket, h, h->nlmsg_len) < 0)
		return;
	do
		n = mnl_socket_recvfrom(socket, buffer, sizeof buffer);
	while (n > 0 && mnl_cb_run(buffer, (size_t)n, 1, 0, look_address, s) > MNL_CB_STOP);
}

enum iface_holder iface_holder_of(const struct ls_addr *a, const char *except)
{
	struct search s = {.except = except, .holder = IFACE_NOBODYS};
	struct mnl_socket *socket;

	if (a->family != 4 || !(socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)))
		return IFACE_NOBODYS;
	s.value = ls_addr_v4_value(a);
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) >= 0)
		addresses_look(socket, &s);
	mnl_socket_close(socket);
	return s.holder;
}
