/* The network between the two gateways: sockets, a link with faults in each direction, and a NAT
 * before the first gateway. */
#include "src/base/datagram.h"
#include "tests/sim/sim.h"
#include "tests/sim/wrap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

enum { STRANGER_LATE_US = 30000000, NOISE_BYTES_MAX = 300 };
enum {
	ERRORS_MAX = 64,
	ICMP_UNREACHABLE = 3,
	ICMP6_UNREACHABLE = 1,
	ICMP_FRAGMENTATION = 4,
	ICMP6_TOO_BIG = 2,
	QUOTED = 8,
	ICMP_CODES = 16,
	ICMP6_CODES = 8
};
enum {
	SOCKETS_MAX = 32,
	MAPPINGS_MAX = 64,
	PORT_IKE = 500,
	PORT_NAT = 4500,
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	UDP_HEADER = 8
};

/* What ICMP says of a packet that was sent: nobody is there, or it was too big. */
struct sim_error {
	struct ls_addr to;
	bool too_big;
	uint32_t mtu;
	uint8_t quoted[QUOTED];
};

/* A socket of a daemon: one end of a pair. All descriptors that were passed on have its inode. */
struct sim_socket {
	ino_t inode;
	int fd; /* our end; -1: free */
	unsigned gateway;
	uint8_t kind, family;
	struct sim_error error[ERRORS_MAX];
	unsigned errors;
	bool df; /* its packets are not to be fragmented */
};

/* A packet under way, and how it is handed to the daemon's end of a socket. */
struct packet {
	struct ls_addr from, to;
	uint32_t len;
	bool raw;
	bool icmp; /* somebody says of `to` that it cannot be reached; `from` sent something there:
	            */
	bool too_big; /* or that it was too big, and what would not be; `bytes` is its beginning */
	uint32_t mtu;
	uint8_t bytes[];
};

/* One mapping of the NAT: of a port inside towards one peer's port. */
struct mapping {
	uint16_t inside, outside;
	struct ls_addr remote;
};

struct net net;
static struct sim_socket sockets[SOCKETS_MAX];
static struct mapping mappings[MAPPINGS_MAX];
static unsigned mappings_used;
static uint16_t next_port;
static uint8_t nat_host;
static ls_time last_arrival[SIM_GATEWAYS]; /* of those in order, by sender */

void net_begin(void)
{
	memset(&net, 0, sizeof net);
	for (unsigned i = 0; i < SOCKETS_MAX; i++)
		sockets[i].fd = -1;
	memset(last_arrival, 0, sizeof last_arrival);
	mappings_used = 0;
	next_port = 20000;
	nat_host = 7;
}

static void socket_close(struct sim_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void net_end(void)
{
	for (unsigned i = 0; i < SOCKETS_MAX; i++)
		socket_close(&sockets[i]);
}

static struct ls_addr address(const char *text)
{
	struct ls_addr a = {.family = 0};

	if (!ls_addr_parse(text, &a))
		abort();
	return a;
}

struct ls_addr net_address(unsigned gateway)
{
	if (net.ipv6)
		return address(gateway == 0 ? "2001:db8:a::2" : "2001:db8:b::2");
	if (gateway == 0)
		return address(net.nat ? "192.168.1.2" : "198.51.100.2");
	return address("203.0.113.2");
}

struct ls_addr net_seen(unsigned gateway)
{
	struct ls_addr a = net_address(gateway);

	if (gateway == 0 && net.nat) {
		a = address("198.51.100.0");
		a.ip[3] = nat_host;
	}
	return a;
}

void net_rebind(bool new_address)
{
	if (!net.nat)
		return;
	mappings_used = 0;
	if (new_address)
		nat_host = nat_host == 7 ? 8 : 7;
	trace("the NAT forgets its mappings%s", new_address ? " and has another address" : "");
}

/* -- the way of a packet -- */

static uint16_t nat_out(uint16_t port, const struct ls_addr *remote)
{
	struct mapping *m;

	for (unsigned i = 0; i < mappings_used; i++)
		if (mappings[i].inside == port && ls_addr_equal(&mappings[i].remote, remote))
			return mappings[i].outside;
	if (mappings_used == MAPPINGS_MAX)
		mappings_used = 0;
	m = &mappings[mappings_used++];
	*m = (struct mapping){.inside = port, .outside = next_port++, .remote = *remote};
	return m->outside;
}

static bool nat_in(struct ls_addr *to, const struct ls_addr *from)
{
	for (unsigned i = 0; i < mappings_used; i++)
		if (mappings[i].outside == to->port && ls_addr_equal(&mappings[i].remote, from)) {
			*to = ls_addr_with_port(net_address(0), mappings[i].inside);
			return true;
		}
	return false;
}

/* As the kernel divides them (src/parent/listen.c). */
static struct sim_socket *socket_for(unsigned gateway, const struct packet *p)
{
	static const uint8_t no_esp[4];
	uint8_t kind = MSG_SOCKET_ESP4500;

	if (p->raw)
		kind = MSG_SOCKET_ESP_RAW;
	else if (p->to.port == PORT_IKE)
		kind = MSG_SOCKET_IKE500;
	else if (p->to.port != PORT_NAT)
		return NULL;
	else if (p->len >= sizeof no_esp && memcmp(p->bytes, no_esp, sizeof no_esp) == 0)
		kind = MSG_SOCKET_IKE4500;
	for (unsigned i = 0; i < SOCKETS_MAX; i++)
		if (sockets[i].fd >= 0 && sockets[i].gateway == gateway &&
		    sockets[i].kind == kind && sockets[i].family == p->to.family)
			return &sockets[i];
	return NULL;
}

static void arrive(void *ctx)
{
	struct packet *p = ctx;
	unsigned gateway = SIM_GATEWAYS;
	struct sim_socket *s;
	struct ls_addr seen;

	for (unsigned g = 0; g < SIM_GATEWAYS; g++) {
		seen = net_seen(g);
		if (ls_addr_same_ip(&seen, &p->to))
			gateway = g;
	}
	if (gateway == SIM_GATEWAYS || net.cut)
		return;
	if (gateway == 0 && net.nat && (p->raw || !nat_in(&p->to, &p->from)))
		return;
	s = socket_for(gateway, p);
	if (!s)
		return;
	if (send(s->fd, p, sizeof *p + p->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		/* The last descriptor of the daemon is closed. */
		if (errno != EAGAIN)
			socket_close(s);
		return;
	}
	net.delivered++;
}

static void corrupt(struct packet *p)
{
	uint32_t flips = dice_between(1, 3);

	for (uint32_t i = 0; i < flips && p->len > 0; i++)
		p->bytes[dice_below(p->len)] ^= (uint8_t)(1u << dice_below(8));
}

/* Packets keep their order, but for those that are late or a second copy. */
static void carry(unsigned from, const struct packet *original, bool copy)
{
	const struct net_link *link = &net.link[from];
	struct packet *p;
	ls_time when;

	if (dice_permille(link->loss))
		return;
	p = malloc(sizeof *p + original->len);
	if (!p)
		abort();
	memcpy(p, original, sizeof *p + original->len);
	if (dice_permille(link->corrupt))
		corrupt(p);
	when = world_now + link->delay_us + dice_below(link->jitter_us + 1);
	if (dice_permille(link->late))
		when += dice_below(link->late_us + 1);
	else if (!copy && when < last_arrival[from])
		when = last_arrival[from];
	else if (!copy)
		last_arrival[from] = when;
	world_at(when, arrive, p, true);
}

static uint16_t port_of(const struct sim_socket *s)
{
	return s->kind == MSG_SOCKET_IKE500    ? PORT_IKE
	       : s->kind == MSG_SOCKET_ESP_RAW ? 0
	                                       : PORT_NAT;
}

static struct ls_addr stranger(void)
{
	struct ls_addr a = address(net.ipv6 ? "2001:db8:c::2" : "192.0.2.66");

	return ls_addr_with_port(a, (uint16_t)dice_between(1024, 65535));
}

/* Somebody who sees the packets, and can send what he likes: what he saw, and what he makes up. */
static void stranger_acts(const struct packet *seen)
{
	static const uint16_t ports[] = {PORT_IKE, PORT_NAT, PORT_NAT};
	struct packet *p;

	if (dice_permille(net.stranger)) {
		p = malloc(sizeof *p + seen->len);
		if (!p)
			abort();
		memcpy(p, seen, sizeof *p + seen->len);
		p->from = ls_addr_with_port(stranger(), seen->raw ? 0 : stranger().port);
		world_at(world_now + dice_below(STRANGER_LATE_US), arrive, p, true);
	}
	if (dice_permille(net.noise)) {
		uint32_t len = dice_below(NOISE_BYTES_MAX);

		p = malloc(sizeof *p + len);
		if (!p)
			abort();
		memset(p, 0, sizeof *p);
		p->from = stranger();
		p->to = ls_addr_with_port(seen->to, ports[dice_below(3)]);
		p->len = len;
		for (uint32_t i = 0; i < len; i++)
			p->bytes[i] = (uint8_t)dice();
		/* Half of it looks like the beginning of something. */
		if (dice_below(2) && seen->len < len)
			memcpy(p->bytes, seen->bytes, seen->len < 40 ? seen->len : 40);
		world_at(world_now + dice_below(STRANGER_LATE_US), arrive, p, true);
	}
}

/* Into the queue of errors of the socket that sent what it is about. */
static void icmp_arrive(void *ctx)
{
	struct packet *p = ctx;

	for (unsigned i = 0; i < SOCKETS_MAX; i++) {
		struct sim_socket *s = &sockets[i];
		struct ls_addr own;

		if (s->fd < 0 || s->family != p->from.family || port_of(s) != p->from.port)
			continue;
		own = net_address(s->gateway);
		if (!ls_addr_same_ip(&own, &p->from))
			continue;
		if (send(s->fd, p, sizeof *p + p->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN)
			socket_close(s);
		return;
	}
}

/* Forged, for the packet arrives or does not whatever it says. */
static void icmp_forge(const struct packet *seen, const struct ls_addr *local)
{
	unsigned n = dice_permille(net.icmp) ? dice_between(1, 4) : 0;

	while (n-- > 0) {
		struct packet *p = calloc(1, sizeof *p);

		if (!p)
			abort();
		p->from = *local;
		p->to = seen->to;
		p->icmp = true;
		world_at(world_now + dice_below(LS_S(1)), icmp_arrive, p, true);
	}
}

/* Somebody says of a packet that it was too big; he has seen it if it is quoted as it was. */
static void too_big_say(const struct packet *seen, const struct ls_addr *local, uint32_t mtu,
                        bool quotes, ls_time after)
{
	struct packet *p = calloc(1, sizeof *p + QUOTED);

	if (!p)
		abort();
	p->from = *local;
	p->to = seen->to;
	p->icmp = p->too_big = true;
	p->mtu = mtu;
	p->len = seen->len < QUOTED ? 0 : QUOTED;
	for (uint32_t i = 0; i < p->len; i++)
		p->bytes[i] = quotes ? seen->bytes[i] : (uint8_t)dice();
	world_at(world_now + after, icmp_arrive, p, true);
}

static void lie(const struct packet *seen, const struct ls_addr *local)
{
	static const uint32_t favourites[] = {0, 68, 576, 1200, 1280, 1300};
	uint32_t mtu = dice_below(2) ? favourites[dice_below(6)] : dice_between(68, 1500);

	if (dice_permille(net.lies))
		too_big_say(seen, local, mtu, dice_below(2), dice_below(LS_S(1)));
}

/* A router that drops what is too big for it and must not be fragmented. */
static bool path_carries(const struct sim_socket *s, const struct packet *p,
                         const struct ls_addr *local)
{
	size_t size = p->len + (s->family == 4 ? IP4_HEADER : IP6_HEADER) +
	              (p->raw ? 0 : (size_t)UDP_HEADER);

	if (net.path_mtu == 0 || size <= net.path_mtu || !s->df || sim_break == BREAK_PATH)
		return true;
	trace("too big for the path: %zu bytes", size);
	if (!net.path_silent)
		too_big_say(p, local, net.path_mtu, true, LS_MS(5));
	return false;
}

static void packet_send(struct sim_socket *s, const struct ls_addr *local,
                        const struct ls_addr *remote, const uint8_t *bytes, size_t len)
{
	struct packet *p = malloc(sizeof *p + len);
	bool raw = s->kind == MSG_SOCKET_ESP_RAW;

	if (!p)
		abort();
	memset(p, 0, sizeof *p);
	p->from = *local;
	p->to = *remote;
	p->raw = raw;
	p->len = (uint32_t)len;
	memcpy(p->bytes, bytes, len);
	trace("%u %u to %u:", s->gateway, local->port, remote->port);
	net.sent++;
	trace_bytes(bytes, len);
	invariants_wire(s->gateway, raw, local->port, remote->port, bytes, len);
	if (s->gateway == 0 && net.nat) {
		struct ls_addr seen = net_seen(0);

		p->from = ls_addr_with_port(seen, raw ? 0 : nat_out(local->port, remote));
	}
	if (!net.cut && path_carries(s, p, local)) {
		carry(s->gateway, p, false);
		if (dice_permille(net.link[s->gateway].twice))
			carry(s->gateway, p, true);
	}
	stranger_acts(p);
	icmp_forge(p, local);
	lie(p, local);
	free(p);
}

/* -- sockets of the daemons -- */

static struct sim_socket *socket_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		return NULL;
	for (unsigned i = 0; i < SOCKETS_MAX; i++)
		if (sockets[i].fd >= 0 && sockets[i].inode == st.st_ino)
			return &sockets[i];
	return NULL;
}

static struct sim_socket *socket_room(void)
{
	for (unsigned i = 0; i < SOCKETS_MAX; i++)
		if (sockets[i].fd < 0)
			return &sockets[i];
	abort();
}

static void listen_add(struct listen *l, uint8_t kind, uint8_t family, uint16_t port)
{
	struct sim_socket *s = socket_room();
	struct stat st;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
	    fstat(pair[0], &st) < 0)
		abort();
	*s = (struct sim_socket){.inode = st.st_ino,
	                         .fd = pair[1],
	                         .gateway = sim_current->gateway,
	                         .kind = kind,
	                         .family = family};
	l->socket[l->count++] =
		(struct listen_socket){.fd = pair[0], .kind = kind, .family = family, .port = port};
}

bool __wrap_listen_open(struct listen *l, const struct listen_wish *wish, char *error, size_t cap)
{
	uint8_t family = net.ipv6 ? 6 : 4;

	(void)error;
	(void)cap;
	/* What an earlier daemon had is closed. */
	for (unsigned i = 0; i < SOCKETS_MAX; i++)
		if (sockets[i].fd >= 0 && sockets[i].gateway == sim_current->gateway)
			socket_close(&sockets[i]);
	memset(l, 0, sizeof *l);
	listen_add(l, MSG_SOCKET_IKE500, family, wish->ike_port);
	listen_add(l, MSG_SOCKET_IKE4500, family, wish->nat_port);
	listen_add(l, MSG_SOCKET_ESP4500, family, wish->nat_port);
	listen_add(l, MSG_SOCKET_ESP_RAW, family, 0);
	return true;
}

bool __wrap_resolve_source(const struct ls_addr *remote, struct ls_addr *local)
{
	(void)remote;
	*local = net_address(sim_current->gateway);
	return true;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	struct sim_socket *s = socket_of(fd);
	int v = 0;

	if (!s)
		return __real_setsockopt(fd, level, name, value, len);
	memcpy(&v, value, len < sizeof v ? len : sizeof v);
	if (level == IPPROTO_IP && name == IP_MTU_DISCOVER)
		s->df = v == IP_PMTUDISC_PROBE;
	if (level == IPPROTO_IPV6 && name == IPV6_MTU_DISCOVER)
		s->df = v == IPV6_PMTUDISC_PROBE;
	return 0;
}

/* One message of the daemon's: a packet, or a train of segments; false with errno. */
static bool message_send(struct sim_socket *s, const struct msghdr *m)
{
	struct ls_addr local = ls_addr_with_port(net_address(s->gateway), port_of(s)),
		       remote = datagram_name_read(m->msg_name);
	const uint8_t *bytes = m->msg_iov[0].iov_base;
	size_t len = m->msg_iov[0].iov_len, segment = len;

	if (sim_current && sim_current->killed) {
		errno = EPIPE;
		return false;
	}
	if (dice_permille(net.full)) {
		errno = EAGAIN;
		return false;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR((struct msghdr *)(uintptr_t)m); c;
	     c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)m, c)) {
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_SEGMENT) {
			uint16_t size;

			memcpy(&size, CMSG_DATA(c), sizeof size);
			segment = size;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof info);
			local = ls_addr_from_bytes(4, (const uint8_t *)&info.ipi_spec_dst,
			                           local.port);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof info);
			local = ls_addr_from_bytes(6, info.ipi6_addr.s6_addr, local.port);
		}
	}
	struct ls_addr own = net_address(s->gateway);
	if (!ls_addr_same_ip(&local, &own)) {
		errno = EADDRNOTAVAIL;
		return false;
	}
	for (size_t at = 0; at < len; at += segment)
		packet_send(s, &local, &remote, bytes + at,
		            len - at < segment ? len - at : segment);
	return true;
}

/* A message between processes. */
static void channel_trace(const struct msghdr *m)
{
	const struct msg_info *info = m->msg_iov[0].iov_len >= MSG_HEAD_BYTES
	                                      ? msg_info(ls_get16(m->msg_iov[0].iov_base))
	                                      : NULL;

	if (info && sim_current && info->number != MSG_TYPE_EVENT)
		trace("%u %s says %s", sim_current->gateway, msg_role_name(sim_current->role),
		      info->name);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags)
{
	struct sim_socket *s;

	if (sim_current && sim_current->killed) {
		errno = EPIPE;
		return -1;
	}
	s = socket_of(fd);
	if (!s) {
		channel_trace(m);
		return __real_sendmsg(fd, m, flags);
	}
	return message_send(s, m) ? (ssize_t)m->msg_iov[0].iov_len : -1;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	struct sim_socket *s = socket_of(fd);
	unsigned done = 0;

	(void)flags;
	if (!s) {
		errno = EBADF;
		return -1;
	}
	while (done < n && message_send(s, &m[done].msg_hdr))
		done++;
	return done > 0 ? (int)done : -1;
}

/* What the kernel says of where a datagram was sent to. */
static void pktinfo_make(struct msghdr *m, const struct ls_addr *to)
{
	struct cmsghdr *c = m->msg_control;

	if (to->family == 4) {
		struct in_pktinfo info = {0};

		memcpy(&info.ipi_addr, to->ip, 4);
		*c = (struct cmsghdr){.cmsg_level = IPPROTO_IP,
		                      .cmsg_type = IP_PKTINFO,
		                      .cmsg_len = CMSG_LEN(sizeof info)};
		memcpy(CMSG_DATA(c), &info, sizeof info);
		m->msg_controllen = CMSG_SPACE(sizeof info);
	} else {
		struct in6_pktinfo info = {0};

		memcpy(&info.ipi6_addr, to->ip, 16);
		*c = (struct cmsghdr){.cmsg_level = IPPROTO_IPV6,
		                      .cmsg_type = IPV6_PKTINFO,
		                      .cmsg_len = CMSG_LEN(sizeof info)};
		memcpy(CMSG_DATA(c), &info, sizeof info);
		m->msg_controllen = CMSG_SPACE(sizeof info);
	}
}

static void error_keep(struct sim_socket *s, const struct packet *p)
{
	struct sim_error *e = &s->error[s->errors];

	if (s->errors == ERRORS_MAX)
		return;
	*e = (struct sim_error){.to = p->to, .too_big = p->too_big, .mtu = p->mtu};
	memcpy(e->quoted, p->bytes, p->len < QUOTED ? p->len : QUOTED);
	s->errors++;
}

/* What the kernel says of an ICMP message. */
static bool error_receive(struct sim_socket *s, struct mmsghdr *m)
{
	struct sock_extended_err said = {.ee_origin = SO_EE_ORIGIN_ICMP,
	                                 .ee_type = ICMP_UNREACHABLE,
	                                 .ee_code = (uint8_t)dice_below(ICMP_CODES)};
	struct cmsghdr *c = m->msg_hdr.msg_control;
	struct ls_addr by = stranger();
	const struct sim_error *e;
	struct sockaddr_in6 at;
	socklen_t len = datagram_name_make(&by, &at);

	if (s->errors == 0)
		return false;
	e = &s->error[--s->errors];
	*c = (struct cmsghdr){.cmsg_level = IPPROTO_IP,
	                      .cmsg_type = IP_RECVERR,
	                      .cmsg_len = CMSG_LEN(sizeof said + len)};
	if (s->family == 6) {
		said.ee_origin = SO_EE_ORIGIN_ICMP6;
		said.ee_type = ICMP6_UNREACHABLE;
		said.ee_code = (uint8_t)dice_below(ICMP6_CODES);
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_RECVERR;
	}
	if (e->too_big) {
		said.ee_type = s->family == 4 ? ICMP_UNREACHABLE : ICMP6_TOO_BIG;
		said.ee_code = s->family == 4 ? ICMP_FRAGMENTATION : 0;
		said.ee_info = e->mtu;
	}
	memcpy(m->msg_hdr.msg_iov[0].iov_base, e->quoted, QUOTED);
	m->msg_len = QUOTED;
	memcpy(CMSG_DATA(c), &said, sizeof said);
	memcpy(CMSG_DATA(c) + sizeof said, &at, len);
	m->msg_hdr.msg_controllen = CMSG_SPACE(sizeof said + len);
	m->msg_hdr.msg_namelen = datagram_name_make(&e->to, m->msg_hdr.msg_name);
	return true;
}

static bool message_receive(struct sim_socket *s, int fd, struct mmsghdr *m)
{
	static _Alignas(struct packet) uint8_t buffer[sizeof(struct packet) + SIM_PACKET_MAX];
	const struct packet *p = (const struct packet *)(const void *)buffer;
	uint8_t *to = m->msg_hdr.msg_iov[0].iov_base;
	size_t room = m->msg_hdr.msg_iov[0].iov_len, front = 0;
	ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

	for (; n >= (ssize_t)sizeof *p && p->icmp;
	     n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT))
		error_keep(s, p);
	if (n < (ssize_t)sizeof *p)
		return false;
	/* A raw IPv4 socket gives the header too. */
	if (s->kind == MSG_SOCKET_ESP_RAW && s->family == 4) {
		front = IP4_HEADER;
		memset(to, 0, front);
		to[0] = 0x45;
		to[9] = IPPROTO_ESP;
	}
	if (front + p->len > room)
		abort();
	memcpy(to + front, p->bytes, p->len);
	m->msg_len = (unsigned)(front + p->len);
	m->msg_hdr.msg_flags = 0;
	m->msg_hdr.msg_namelen = datagram_name_make(&p->from, m->msg_hdr.msg_name);
	pktinfo_make(&m->msg_hdr, &p->to);
	return true;
}

int __wrap_recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *wait)
{
	struct sim_socket *s = socket_of(fd);
	unsigned done = 0;

	(void)wait;
	while (s && done < n &&
	       (flags & MSG_ERRQUEUE ? error_receive(s, &m[done])
	                             : message_receive(s, fd, &m[done])))
		done++;
	if (done > 0)
		return (int)done;
	errno = EAGAIN;
	return -1;
}
