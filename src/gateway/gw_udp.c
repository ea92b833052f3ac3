/* The system calls behind gw_udp.h: recvmmsg with UDP_GRO, sendmmsg with UDP_SEGMENT, and their
 * plain fallbacks. */
#include "src/gateway/gw_udp.h"

#include "esp/esp.h"
#include "src/base/datagram.h"
#include "src/base/icmp.h"
#include "lib/ip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
	SEND_BATCH = 32,
	FRAGMENT_UNIT = 8,
	FRAGMENT_LEAST = 64,
	FRAGMENT_MORE = 0x2000,
};

static bool option_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/*
 * PROBE: DF, and an error where the packet is larger than the own link. OMIT: no DF, and pieces
 * there. Neither makes anything of what ICMP says, but both have it put into the queue of errors.
 * Over IPv6 only this host can make pieces, and only of the size that the kernel has heard of
 * (DONT): there is no other way to have it make any.
 */
static bool df_set(const struct gw_udp *udp, bool df)
{
	return udp->family == 4 ? option_set(udp->fd, IPPROTO_IP, IP_MTU_DISCOVER,
	                                     df ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT)
	                        : option_set(udp->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
	                                     df ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT);
}

/* How a socket is while nothing else is being sent: nobody fragments IPv6 on the way. */
static bool df_usual(const struct gw_udp *udp)
{
	return udp->family == 6;
}

static bool df_is_ours(const struct gw_udp *udp)
{
	return udp->ah && udp->family == 4;
}

/* Whether a run needs the socket otherwise than it usually is. The IPv4 header of an AH packet is
 * ours, DF and all. */
static bool df_other(const struct gw_run *run)
{
	return run->df != df_usual(run->udp) && !df_is_ours(run->udp);
}

static uint8_t kind_of(uint8_t family, bool raw, bool ah)
{
	return (uint8_t)((family == 6 ? GW_UDP_KINDS / 2 : 0) + (ah ? 2 : raw));
}

bool gw_udp_open(struct gw_udp *udp, int fd, uint8_t family, bool raw)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return false;
	if (!datagram_local_ask(fd, family) || !datagram_class_ask(fd, family))
		return false;
	*udp = (struct gw_udp){
		.fd = fd, .family = family, .raw = raw, .kind = kind_of(family, raw, false)};
	if (!df_set(udp, df_usual(udp)))
		return false;
	if (raw)
		return true;
	udp->gso = udp->has_gso = option_set(fd, SOL_UDP, UDP_SEGMENT, 0);
	udp->gro = udp->has_gro = option_set(fd, SOL_UDP, UDP_GRO, 1);
	return true;
}

void gw_udp_offload(struct gw_udp *udp, bool gso, bool gro)
{
	udp->gso = udp->has_gso && gso;
	/* What the kernel has joined already comes joined once more, and is lost. */
	if (udp->has_gro && udp->gro != gro && option_set(udp->fd, SOL_UDP, UDP_GRO, gro))
		udp->gro = gro;
}

bool gw_udp_open_ah(struct gw_udp *udp, int fd, uint8_t family)
{
	if (!gw_udp_open(udp, fd, family, true))
		return false;
	udp->ah = true;
	udp->kind = kind_of(family, true, true);
	return family == 6 || option_set(fd, IPPROTO_IP, IP_HDRINCL, 1);
}

void gw_udp_close(struct gw_udp *udp)
{
	if (udp->fd >= 0)
		close(udp->fd);
	udp->fd = -1;
}

bool gw_rx_init(struct gw_rx *rx)
{
	_Static_assert((size_t)GW_RX_MESSAGES * GW_RX_SIZE >= (size_t)GW_RX_TRAINS * GW_RX_TRAIN,
	               "one buffer for both ways to divide it");
	rx->buffer = malloc((size_t)GW_RX_MESSAGES * GW_RX_SIZE);
	rx->trains = false;
	rx->used = GW_RX_MESSAGES;
	return rx->buffer != NULL;
}

void gw_rx_free(struct gw_rx *rx)
{
	free(rx->buffer);
	rx->buffer = NULL;
}

/* Only what the last call used needs to be made ready again, or all when the division changes. */
static void rx_prepare(struct gw_rx *rx, bool trains, size_t before)
{
	size_t size = trains ? GW_RX_TRAIN : GW_RX_SIZE;

	if (rx->trains != trains || rx->before != before)
		rx->used = trains ? GW_RX_TRAINS : GW_RX_MESSAGES;
	rx->trains = trains;
	rx->before = before;
	for (unsigned i = 0; i < rx->used; i++) {
		rx->part[i] = (struct iovec){rx->buffer + i * size + before, size - before};
		rx->message[i].msg_hdr = (struct msghdr){
			.msg_name = &rx->from[i],
			.msg_namelen = sizeof rx->from[i],
			.msg_iov = &rx->part[i],
			.msg_iovlen = 1,
			.msg_control = rx->control[i],
			.msg_controllen = GW_CONTROL_SIZE,
		};
	}
}

static void control_read(struct gw_received *in, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		int segment;

		if (datagram_local_read(c, 0, &in->local) || datagram_class_read(c, &in->class) ||
		    c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&segment, CMSG_DATA(c), sizeof segment);
		if (segment > 0)
			in->segment = (uint32_t)segment;
	}
}

/* A raw IPv4 socket gives the IP header too. */
static bool header_strip(struct gw_received *in)
{
	size_t size = in->len >= IP4_SIZE ? (size_t)(in->bytes[0] & 15) * 4 : 0;

	if (size < IP4_SIZE || size > in->len)
		return false;
	in->bytes += size;
	in->len -= (uint32_t)size;
	in->segment = in->len;
	return true;
}

/* What a raw IPv6 socket has taken off; there is room before the bytes. */
static void header_rebuild(struct gw_received *in)
{
	in->bytes -= IP6_SIZE;
	esp_outer_rebuild(in->bytes, &in->remote, &in->local, IPPROTO_AH, in->len);
	in->len += IP6_SIZE;
	in->segment = in->len;
}

/* Whether it may go on; a raw packet gets the form that esp_open() wants. */
static bool received_shape(const struct gw_udp *udp, struct gw_received *r)
{
	if (r->len == 0)
		return false;
	if (!udp->raw)
		return true;
	r->remote.port = 0;
	r->ah = udp->ah;
	if (udp->ah && udp->family == 6)
		header_rebuild(r);
	return udp->ah || udp->family == 6 || header_strip(r);
}

unsigned gw_udp_receive(const struct gw_udp *udp, struct gw_rx *rx,
                        struct gw_received in[GW_RX_MESSAGES], struct ls_counters *counters)
{
	unsigned n = 0;
	int got;

	rx_prepare(rx, udp->gro, udp->ah && udp->family == 6 ? IP6_SIZE : 0);
	got = recvmmsg(udp->fd, rx->message, gw_rx_most(udp), MSG_DONTWAIT, NULL);
	rx->used = got > 0 ? (unsigned)got : 0;
	for (int i = 0; i < got; i++) {
		struct gw_received *r = &in[n];

		if (rx->message[i].msg_hdr.msg_flags & MSG_TRUNC) {
			ls_count(counters, CAUSE_GW_TRUNCATED);
			continue;
		}
		*r = (struct gw_received){.bytes = rx->part[i].iov_base,
		                          .len = rx->message[i].msg_len,
		                          .segment = rx->message[i].msg_len};
		control_read(r, &rx->message[i].msg_hdr);
		r->remote = datagram_name_read((const struct sockaddr *)&rx->from[i]);
		n += received_shape(udp, r);
	}
	return n;
}

/* A message to send, with room for what it points to. */
struct outgoing {
	struct iovec part;
	struct sockaddr_in6 to;
	_Alignas(16) uint8_t control[GW_CONTROL_SIZE];
};

static void outgoing_make(struct outgoing *o, struct msghdr *m, const struct gw_run *run,
                          const uint8_t *bytes, size_t len, uint16_t segment)
{
	o->part = (struct iovec){(void *)(uintptr_t)bytes, len};
	*m = (struct msghdr){.msg_name = &o->to,
	                     .msg_iov = &o->part,
	                     .msg_iovlen = 1,
	                     .msg_control = o->control};
	struct ls_addr to = run->remote;
	/* A raw IPv6 socket takes the port for the protocol's number. */
	if (run->udp->raw)
		to.port = 0;
	m->msg_namelen = datagram_name_make(&to, &o->to);
	datagram_local_add(m, &run->local);
	if (run->class != 0)
		datagram_class_add(m, run->udp->family, run->class);
	if (segment < len)
		memcpy(datagram_control_add(m, SOL_UDP, UDP_SEGMENT, sizeof segment), &segment,
		       sizeof segment);
}

/* One by one: the path is smaller than the segments, so the kernel will not take the run as a whole
 * but may fragment. */
static void run_send_singly(struct gw_runs *runs, const struct gw_run *run,
                            struct ls_counters *counters)
{
	if (df_other(run))
		df_set(run->udp, run->df);
	for (uint32_t at = 0; at < run->len; at += run->segment) {
		uint32_t len = run->len - at < run->segment ? run->len - at : run->segment;
		struct outgoing o;
		struct msghdr m;

		outgoing_make(&o, &m, run, run->bytes + at, len, (uint16_t)len);
		if (icmp_send(run->udp->fd, &m))
			continue;
		runs->refused += errno == EMSGSIZE && run->df;
		ls_count(counters, errno == EMSGSIZE ? CAUSE_GW_TOO_BIG : CAUSE_GW_SOCKET_ERROR);
	}
	if (df_other(run))
		df_set(run->udp, df_usual(run->udp));
}

/* n bytes of an AH packet's payload, from `at` on. */
static bool fragment_send(const struct gw_run *run, size_t at, size_t n)
{
	uint8_t head[IP4_SIZE];
	bool more = IP4_SIZE + at + n < run->len;
	struct iovec parts[2] = {
		{head, sizeof head},
		{(void *)(uintptr_t)(run->bytes + IP4_SIZE + at), n},
	};
	struct outgoing o;
	struct msghdr m;

	outgoing_make(&o, &m, run, run->bytes, run->len, run->segment);
	memcpy(head, run->bytes, sizeof head);
	ls_put16(head + IP4_LEN, (uint16_t)(sizeof head + n));
	ls_put16(head + IP4_FRAGMENT, (uint16_t)(at / FRAGMENT_UNIT | (more ? FRAGMENT_MORE : 0u)));
	m.msg_iov = parts;
	m.msg_iovlen = 2;
	return sendmsg(run->udp->fd, &m, MSG_DONTWAIT) >= 0;
}

/*
 * The kernel fragments no packet whose IPv4 header is ours: an AH packet that is larger than the
 * link goes in pieces of half its size, or half of that, until the link takes them. AH does not
 * cover what that changes (RFC 4302 3.3.4). Only an MTU below what IPv6 inside needs leads here.
 */
static bool fragments_send(const struct gw_run *run)
{
	size_t len = run->len - (size_t)IP4_SIZE, size = len, at = 0;

	while (at < len) {
		size_t n = len - at < size ? len - at : size;

		if (fragment_send(run, at, n)) {
			at += n;
			continue;
		}
		if (errno != EMSGSIZE || size < FRAGMENT_LEAST)
			return false;
		size = (size / 2 + FRAGMENT_UNIT - 1) / FRAGMENT_UNIT * FRAGMENT_UNIT;
	}
	return true;
}

/* What becomes of a run that sendmmsg refused with `error`; false when it must wait. */
static bool run_refused(struct gw_runs *runs, const struct gw_run *run, int error,
                        struct ls_counters *counters)
{
	if (error == EAGAIN || error == EWOULDBLOCK)
		return false;
	if (error == EMSGSIZE && !run->df && df_is_ours(run->udp) && fragments_send(run))
		return true;
	if (run->packets > 1 && (error == EMSGSIZE || error == EINVAL || error == EIO)) {
		run_send_singly(runs, run, counters);
		return true;
	}
	runs->refused += error == EMSGSIZE && run->df;
	if (error == ENOBUFS || error == ENOMEM)
		counters->by_cause[CAUSE_GW_SOCKET_FULL] += run->packets;
	else
		counters->by_cause[error == EMSGSIZE ? CAUSE_GW_TOO_BIG : CAUSE_GW_SOCKET_ERROR] +=
			run->packets;
	return true;
}

/* Runs from the first one on that go by the same socket in the same way, in one call. */
static int batch_send(const struct gw_runs *runs)
{
	const struct gw_run *first = &runs->run[runs->sent];
	bool other = df_other(first);
	struct mmsghdr m[SEND_BATCH];
	struct outgoing o[SEND_BATCH];
	unsigned n = 0;
	int done, e;

	for (const struct gw_run *r = first; r < runs->run + runs->n && n < SEND_BATCH &&
	                                     r->udp == first->udp && r->df == first->df;
	     r++, n++)
		outgoing_make(&o[n], &m[n].msg_hdr, r, r->bytes, r->len, r->segment);
	if (other)
		df_set(first->udp, first->df);
	done = sendmmsg(first->udp->fd, m, n, MSG_DONTWAIT);
	e = errno;
	if (other)
		df_set(first->udp, df_usual(first->udp));
	errno = e;
	return done;
}

bool gw_runs_send(struct gw_runs *runs, struct ls_counters *counters, const struct gw_udp **full)
{
	unsigned tries = 0;

	while (runs->sent < runs->n) {
		const struct gw_run *first = &runs->run[runs->sent];
		int done = batch_send(runs);

		if (done > 0) {
			runs->sent += (unsigned)done;
			tries = 0;
			continue;
		}
		if (++tries < ICMP_TRIES && icmp_is_error(errno))
			continue;
		if (!run_refused(runs, first, errno, counters)) {
			*full = first->udp;
			return false;
		}
		runs->sent++;
		tries = 0;
	}
	runs->n = 0;
	runs->sent = 0;
	return true;
}
