/* The sockets of the ike process: batches in, one datagram at a time out, always from the address
 * that the peer knows. */
#include "src/base/datagram.h"
#include "src/ike/iked.h"

#include "lib/wire.h"

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

static struct ls_addr local_read(struct msghdr *m, const struct iked_socket *s)
{
	struct ls_addr local = {.family = 0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		datagram_local_read(c, s->port, &local);
	return local;
}

static void received(struct iked_socket *s, struct msghdr *m, const struct sockaddr_in6 *from,
                     const uint8_t *bytes, size_t len)
{
	struct ike_datagram in = {
		.local = local_read(m, s),
		.remote = datagram_name_read((const struct sockaddr *)from),
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

/* Of a packet of ESP that was too big the gateway sent; what IKE sends may be fragmented. */
static void too_big(struct iked_socket *s, const struct icmp_error *e)
{
	struct msg_too_big m = {.remote = e->remote, .mtu = e->mtu};
	struct rd r = rd_make(e->quoted, e->quoted_len);

	m.spi = rd_u32(&r);
	if (s->port != IKED_PORT && rd_ok(&r) && m.spi != 0)
		IKED_SEND(s->iked, GATEWAY, too_big, &m);
}

/* Nothing came, so it is an error that makes the socket readable. */
static void errors_read(struct iked_socket *s)
{
	struct iked *d = s->iked;
	struct icmp_error error[ICMP_READ_MOST];
	unsigned n = icmp_read(&s->icmp, &d->icmp, error, &d->counters, clock_now());

	for (unsigned i = 0; i < n; i++)
		if (error[i].too_big)
			too_big(s, &error[i]);
		else
			ike_unreachable(d->ike, &error[i].remote, &error[i].by, error[i].kind,
			                clock_now());
	if (s->icmp.flooded)
		proc_tell(d->proc, 0, CAUSE_ICMP_FLOOD, NULL, "on UDP port %u", s->port);
	s->icmp.flooded = false;
	iked_pump(d);
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
		if (n <= 0 && round == 0)
			errors_read(s);
		if (n < IKED_RX_MESSAGES)
			return;
	}
}

bool iked_socket_add(struct iked *d, int fd, uint8_t family, uint16_t port)
{
	struct iked_socket *s = d->sockets < IKED_SOCKETS_MAX ? &d->socket[d->sockets] : NULL;

	if (!s || evutil_make_socket_nonblocking(fd) < 0)
		return false;
	if (!datagram_local_ask(fd, family) ||
	    !datagram_class_set(fd, family, DATAGRAM_CLASS_CONTROL))
		return false;
	*s = (struct iked_socket){.fd = fd, .family = family, .port = port, .iked = d};
	s->read = event_new(d->base, fd, EV_READ | EV_PERSIST, readable, s);
	if (!s->read || event_add(s->read, NULL) < 0)
		return false;
	icmp_open(&s->icmp, d->base, fd, family);
	s->icmp.sizes = true;
	d->sockets++;
	return true;
}

void iked_sockets_free(struct iked *d)
{
	for (unsigned i = 0; i < d->sockets; i++) {
		event_free(d->socket[i].read);
		icmp_close(&d->socket[i].icmp);
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

void iked_send(struct iked *d, const struct ike_request *r)
{
	const struct iked_socket *s = socket_for(d, r->remote.family, r->local.port);
	struct iovec part = {(void *)(uintptr_t)r->bytes.p, r->bytes.len};
	struct sockaddr_in6 to;
	struct control control;
	struct msghdr m = {
		.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};

	if (!s) {
		ls_count(&d->counters, CAUSE_IKE_SEND_FAILED);
		return;
	}
	m.msg_namelen = datagram_name_make(&r->remote, &to);
	datagram_local_add(&m, &r->local);
	if (!icmp_send(s->fd, &m))
		ls_count(&d->counters, errno == ENETUNREACH || errno == EHOSTUNREACH
		                               ? CAUSE_IKE_NO_SOURCE
		                               : CAUSE_IKE_SEND_FAILED);
}
