/* The sockets of the ike process: batches in, one datagram at a time out, always from the address
 * that the peer knows. */
#include "src/ike/iked.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL_SIZE = 128, MARKER = 4 };

static const uint8_t no_esp[MARKER]; /* RFC 3948 2.2 */

struct control {
	_Alignas(16) uint8_t bytes[CONTROL_SIZE];
};

static struct ls_addr remote_read(const struct sockaddr_in6 *from)
{
	struct sockaddr_in in;
	uint8_t ip[4];

	if (from->sin6_family == AF_INET6)
		return ls_addr_from_bytes(6, from->sin6_addr.s6_addr, ntohs(from->sin6_port));
	memcpy(&in, from, sizeof in);
	memcpy(ip, &in.sin_addr, sizeof ip);
	return ls_addr_from_bytes(4, ip, ntohs(in.sin_port));
}

static struct ls_addr local_read(struct msghdr *m, const struct iked_socket *s)
{
	struct ls_addr local = {.family = 0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			uint8_t ip[4];

			memcpy(&info, CMSG_DATA(c), sizeof info);
			memcpy(ip, &info.ipi_addr, sizeof ip);
			local = ls_addr_from_bytes(4, ip, s->port);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof info);
			local = ls_addr_from_bytes(6, info.ipi6_addr.s6_addr, s->port);
		}
	}
	return local;
}

static void received(struct iked_socket *s, struct msghdr *m, const struct sockaddr_in6 *from,
                     const uint8_t *bytes, size_t len)
{
	struct ike_datagram in = {
		.local = local_read(m, s),
		.remote = remote_read(from),
		.bytes = bytes,
		.len = len,
		.marked =
			s->port != IKED_PORT && len >= MARKER && memcmp(bytes, no_esp, MARKER) == 0,
	};

	if ((m->msg_flags & MSG_TRUNC) || in.local.family == 0)
		ls_count(&s->iked->counters, CAUSE_TRUNCATED);
	else
		ike_input(s->iked->ike, &in, clock_now());
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct iked_socket *s = arg;
	struct iked *d = s->iked;
	struct mmsghdr m[IKED_RX_MESSAGES];
	struct iovec part[IKED_RX_MESSAGES];
	struct sockaddr_in6 from[IKED_RX_MESSAGES];
	struct control control[IKED_RX_MESSAGES];

	(void)what;
	for (unsigned round = 0; round < IKED_RX_ROUNDS; round++) {
		for (unsigned i = 0; i < IKED_RX_MESSAGES; i++) {
			part[i] = (struct iovec){d->rx + (size_t)i * (IKED_DATAGRAM_MAX + 1),
			                         IKED_DATAGRAM_MAX};
			m[i].msg_hdr = (struct msghdr){
				.msg_name = &from[i],
				.msg_namelen = sizeof from[i],
				.msg_iov = &part[i],
				.msg_iovlen = 1,
				.msg_control = control[i].bytes,
				.msg_controllen = CONTROL_SIZE,
			};
		}
		int n = recvmmsg(fd, m, IKED_RX_MESSAGES, MSG_DONTWAIT, NULL);

		for (int i = 0; i < n; i++) {
			received(s, &m[i].msg_hdr, &from[i], part[i].iov_base, m[i].msg_len);
			iked_pump(d);
		}
		if (n < IKED_RX_MESSAGES)
			return;
	}
}

bool iked_socket_add(struct iked *d, int fd, uint8_t family, uint16_t port)
{
	struct iked_socket *s = d->sockets < IKED_SOCKETS_MAX ? &d->socket[d->sockets] : NULL;
	int one = 1;

	if (!s || evutil_make_socket_nonblocking(fd) < 0)
		return false;
	if (family == 4 ? setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) < 0
	                : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one) < 0)
		return false;
	*s = (struct iked_socket){.fd = fd, .family = family, .port = port, .iked = d};
	s->read = event_new(d->base, fd, EV_READ | EV_PERSIST, readable, s);
	if (!s->read || event_add(s->read, NULL) < 0)
		return false;
	d->sockets++;
	return true;
}

void iked_sockets_free(struct iked *d)
{
	for (unsigned i = 0; i < d->sockets; i++) {
		event_free(d->socket[i].read);
		close(d->socket[i].fd);
	}
	d->sockets = 0;
}

static const struct iked_socket *socket_for(const struct iked *d, uint8_t family, uint16_t port)
{
	for (unsigned i = 0; i < d->sockets; i++)
		if (d->socket[i].family == family && d->socket[i].port == port)
			return &d->socket[i];
	return NULL;
}

static socklen_t to_make(const struct ls_addr *addr, struct sockaddr_in6 *out)
{
	memset(out, 0, sizeof *out);
	if (addr->family == 4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addr->port)};

		memcpy(&in.sin_addr, addr->ip, 4);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	}
	out->sin6_family = AF_INET6;
	out->sin6_port = htons(addr->port);
	memcpy(&out->sin6_addr, addr->ip, 16);
	return sizeof *out;
}

static void from_make(struct msghdr *m, struct control *control, const struct ls_addr *local)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)control->bytes;

	if (local->family == 0)
		return;
	memset(control, 0, sizeof *control);
	m->msg_control = control->bytes;
	if (local->family == 4) {
		struct in_pktinfo info = {0};

		memcpy(&info.ipi_spec_dst, local->ip, 4);
		*c = (struct cmsghdr){.cmsg_level = IPPROTO_IP,
		                      .cmsg_type = IP_PKTINFO,
		                      .cmsg_len = CMSG_LEN(sizeof info)};
		memcpy(CMSG_DATA(c), &info, sizeof info);
		m->msg_controllen = CMSG_SPACE(sizeof info);
	} else {
		struct in6_pktinfo info = {0};

		memcpy(&info.ipi6_addr, local->ip, 16);
		*c = (struct cmsghdr){.cmsg_level = IPPROTO_IPV6,
		                      .cmsg_type = IPV6_PKTINFO,
		                      .cmsg_len = CMSG_LEN(sizeof info)};
		memcpy(CMSG_DATA(c), &info, sizeof info);
		m->msg_controllen = CMSG_SPACE(sizeof info);
	}
}

void iked_send(struct iked *d, const struct ike_request *r)
{
	const struct iked_socket *s = socket_for(d, r->remote.family, r->local.port);
	struct iovec part = {(void *)(uintptr_t)r->bytes.p, r->bytes.len};
	struct sockaddr_in6 to;
	struct control control;
	struct msghdr m = {.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1};

	if (!s) {
		ls_count(&d->counters, CAUSE_IKE_SEND_FAILED);
		return;
	}
	m.msg_namelen = to_make(&r->remote, &to);
	from_make(&m, &control, &r->local);
	if (sendmsg(s->fd, &m, MSG_DONTWAIT) < 0)
		ls_count(&d->counters, errno == ENETUNREACH || errno == EHOSTUNREACH
		                               ? CAUSE_IKE_NO_SOURCE
		                               : CAUSE_IKE_SEND_FAILED);
}
