/* The kernel's error queue (IP_RECVERR, ip(7)) behind icmp.h. */
#include "src/base/icmp.h"

#include "src/base/clock.h"
#include "src/base/datagram.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { CONTROL_SIZE = 256 };

bool icmp_is_error(int error_number)
{
	switch (error_number) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENONET:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case EPROTO:
	case EACCES:
	case EMSGSIZE:
		return true;
	default:
		return false;
	}
}

bool icmp_send(int fd, const struct msghdr *m)
{
	for (unsigned tries = 1; sendmsg(fd, m, MSG_DONTWAIT) < 0; tries++)
		if (tries == ICMP_TRIES || !icmp_is_error(errno))
			return false;
	return true;
}

static bool hear(const struct icmp_socket *s, int on)
{
	return s->family == 4 ? setsockopt(s->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0
	                      : setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on) == 0;
}

static void hear_again(evutil_socket_t fd, short what, void *arg)
{
	struct icmp_socket *s = arg;

	(void)fd;
	(void)what;
	s->deaf = false;
	s->read.n = 0;
	hear(s, 1);
}

bool icmp_open(struct icmp_socket *s, struct event_base *base, int fd, uint8_t family)
{
	*s = (struct icmp_socket){.fd = fd, .family = family};
	s->again = evtimer_new(base, hear_again, s);
	return s->again && hear(s, 1);
}

void icmp_close(struct icmp_socket *s)
{
	if (s->again)
		event_free(s->again);
	s->again = NULL;
}

/* The kernel throws away what is in the queue. */
static void go_deaf(struct icmp_socket *s, struct ls_counters *counters, ls_time now)
{
	ls_count(counters, CAUSE_ICMP_FLOOD);
	hear(s, 0);
	s->deaf = s->flooded = true;
	clock_timer_set(s->again, now + LS_S(ICMP_DEAF_S), now);
}

/* One that is this host's own: a packet is larger than its link. */
static bool local_read(const struct sock_extended_err *said, struct icmp_error *e)
{
	e->too_big = said->ee_errno == EMSGSIZE;
	e->mtu = said->ee_info;
	return e->too_big;
}

/* What the kernel says beside the address: who told it, and what. */
static bool error_read(struct msghdr *m, uint8_t family, struct icmp_error *e)
{
	struct sock_extended_err said;
	struct sockaddr_in6 by = {.sin6_family = AF_UNSPEC};
	int level = family == 4 ? IPPROTO_IP : IPPROTO_IPV6,
	    type = family == 4 ? IP_RECVERR : IPV6_RECVERR,
	    origin = family == 4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
	size_t by_len = family == 4 ? sizeof(struct sockaddr_in) : sizeof by;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != level || c->cmsg_type != type ||
		    c->cmsg_len < CMSG_LEN(sizeof said + by_len))
			continue;
		memcpy(&said, CMSG_DATA(c), sizeof said);
		memcpy(&by, CMSG_DATA(c) + sizeof said, by_len);
		if (said.ee_origin == SO_EE_ORIGIN_LOCAL)
			return local_read(&said, e);
		if (said.ee_origin != origin)
			return false;
		e->kind = ls_unreach_read(family, said.ee_type, said.ee_code);
		e->too_big = ls_too_big_read(family, said.ee_type, said.ee_code);
		e->mtu = e->too_big ? said.ee_info : 0;
		e->by = ls_addr_with_port(datagram_name_read((struct sockaddr *)&by), 0);
		return (e->kind != LS_UNREACH_NONE || e->too_big) && e->remote.family == family;
	}
	return false;
}

static unsigned slot_of(const struct ls_addr *a)
{
	unsigned hash = a->port;

	for (unsigned i = 0; i < sizeof a->ip; i++)
		hash = hash * 31 + a->ip[i];
	return hash % ICMP_PEERS;
}

static bool gate_passes(struct icmp_gate *gate, const struct ls_addr *remote, ls_time now)
{
	unsigned slot = slot_of(remote);

	if (gate->peer[slot].until > now && ls_addr_equal(&gate->peer[slot].remote, remote))
		return false;
	if (ls_second_add(&gate->passed, 1, now) > ICMP_PASSED_PER_S)
		return false;
	gate->peer[slot].remote = *remote;
	gate->peer[slot].until = now + LS_S(ICMP_AGAIN_S);
	return true;
}

/* Whether an error is worth passing on. Of sizes the owner has to see each: the first may be
 * forged, and only it knows by the quotation. */
static bool error_passes(const struct icmp_socket *s, struct icmp_gate *gate,
                         const struct icmp_error *e, ls_time now)
{
	if (e->too_big)
		return s->sizes && ls_second_add(&gate->sizes, 1, now) <= ICMP_PASSED_PER_S;
	return gate_passes(gate, &e->remote, now);
}

unsigned icmp_read(struct icmp_socket *s, struct icmp_gate *gate,
                   struct icmp_error out[ICMP_READ_MOST], struct ls_counters *counters, ls_time now)
{
	struct mmsghdr m[ICMP_READ_MOST];
	struct sockaddr_in6 to[ICMP_READ_MOST];
	_Alignas(16) uint8_t control[ICMP_READ_MOST][CONTROL_SIZE];
	uint8_t quoted[ICMP_READ_MOST][ICMP_QUOTED] = {{0}};
	struct iovec part[ICMP_READ_MOST];
	unsigned n = 0;
	int got;

	if (!s->again || s->deaf)
		return 0;
	memset(to, 0, sizeof to);
	for (unsigned i = 0; i < ICMP_READ_MOST; i++) {
		part[i] = (struct iovec){quoted[i], ICMP_QUOTED};
		m[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &to[i],
		                                    .msg_namelen = sizeof to[i],
		                                    .msg_iov = &part[i],
		                                    .msg_iovlen = 1,
		                                    .msg_control = control[i],
		                                    .msg_controllen = CONTROL_SIZE}};
	}
	got = recvmmsg(s->fd, m, ICMP_READ_MOST, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		struct icmp_error *e = &out[n];
		bool good;

		*e = (struct icmp_error){.remote = datagram_name_read((struct sockaddr *)&to[i])};
		e->quoted_len = (uint8_t)(m[i].msg_len < ICMP_QUOTED ? m[i].msg_len : ICMP_QUOTED);
		memcpy(e->quoted, quoted[i], e->quoted_len);
		good = error_read(&m[i].msg_hdr, s->family, e);
		if (!good || e->by.family != 0)
			ls_count(counters, CAUSE_ICMP_ERROR);
		n += good && error_passes(s, gate, e, now);
	}
	if (got > 0 && ls_second_add(&s->read, (unsigned)got, now) > ICMP_FLOOD)
		go_deaf(s, counters, now);
	return n;
}
