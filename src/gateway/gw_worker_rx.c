/* Socket to TUN: opens a batch in place, takes L2TP and PPP off, joins what belongs together and
 * writes it. */
#include "src/gateway/gw_source.h"
#include "lib/ip.h"
#include "src/gateway/gw_worker.h"

#include "lib/wire.h"

#include <string.h>

#define HEARD_EVERY LS_S(1)
enum { AH_SPI = 4, PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };

/*
 * The kernel reads a flow's packets back from the queue that its other direction was last written
 * to: a hash spreads the flows of one tunnel over all lanes. Written by one lane, a flow keeps its
 * order.
 */
static unsigned queue_for(const struct gw_worker *w, const struct iovec *parts)
{
	const uint8_t *packet = (const uint8_t *)parts->iov_base + GW_VNET_SIZE;

	return w->lanes > 1 ? gw_ip_hash(packet, parts->iov_len - GW_VNET_SIZE) % w->lanes
	                    : w->queue;
}

static void tun_write(void *ctx, const struct iovec *parts, int n, unsigned packets)
{
	struct gw_worker *w = ctx;

	if (writev(w->join_device->queue[queue_for(w, parts)], parts, n) < 0)
		w->counters->by_cause[CAUSE_GW_TUN_WRITE] += packets;
}

static void join_to(struct gw_worker *w, struct gw_device *d)
{
	if (w->join_device == d)
		return;
	if (w->join_device)
		gw_join_flush(&w->join);
	w->join_device = d;
	if (d)
		gw_join_init(&w->join, d->join, d->mtu, tun_write, w);
}

static void received_flush(struct gw_worker *w)
{
	struct gw_flow_session *s = w->received.session;

	if (s)
		gw_tally_flush(w, &w->received, &s->in_packets, &s->in_bytes);
}

static bool is_open(const struct gw_flow_session *s, unsigned version)
{
	return s->open && (version == 4 ? s->link.ipv4 : s->link.ipv6);
}

/* An IP packet for the tunnel's device; class: of the outer header that brought it. */
static enum ls_cause deliver_ip(struct gw_worker *w, struct gw_flow_session *s, uint8_t *packet,
                                size_t len, unsigned version, uint8_t class)
{
	struct gw_device *d = w->calls->device(s->tunnel);
	enum ls_cause alarm;
	size_t ip_len = gw_ip_len(packet, len); /* a PPP frame may be padded (RFC 1661 2) */

	if (ip_len == 0 || packet[0] >> 4 != version ||
	    !(version == 4 ? s->link.ipv4 : s->link.ipv6))
		return CAUSE_GW_INNER_PACKET;
	if (d->sources && !gw_source_fits(d->sources, &s->link.remote4, packet))
		return CAUSE_GW_SOURCE;
	if (!s->open || d->queue[w->queue] < 0)
		return CAUSE_GW_NO_LINE;
	if (class & GW_ECN_MASK) {
		enum ls_cause cause = gw_mark_arrive(packet, version, class, &alarm);

		if (alarm != CAUSE_NONE)
			ls_count(w->counters, alarm);
		if (cause != CAUSE_NONE)
			return cause;
	}
	if (!d->session) {
		w->calls->early(w->owner, s->tunnel, packet, ip_len);
		return CAUSE_NONE;
	}
	join_to(w, d);
	gw_join_add(&w->join, packet, ip_len);
	if (w->received.session != s)
		received_flush(w);
	w->received.session = s;
	w->received.packets++;
	w->received.bytes += ip_len;
	return CAUSE_NONE;
}

/* What the packet needs may be on its way to the one who makes it: then it follows there. */
static bool later(struct gw_worker *w, struct esp_sa *sa, uint8_t *bytes, size_t len, uint8_t class)
{
	return w->calls->later && w->calls->later(w->owner, sa, bytes, len, class);
}

static enum ls_cause deliver_data(struct gw_worker *w, struct esp_sa *sa, uint8_t *bytes,
                                  size_t len, uint8_t class)
{
	struct l2tp_data_in in;
	struct gw_flow_session *s;
	enum ls_cause cause = l2tp_data_parse(bytes, len, &in);
	uint16_t protocol;
	size_t offset;
	unsigned version;

	if (cause != CAUSE_NONE)
		return cause;
	s = w->calls->session(w->owner, in.session);
	if (!s || s->data.connection != in.connection)
		return later(w, sa, bytes, len, class) ? CAUSE_NONE : CAUSE_GW_NO_SESSION;
	if (s->chain != esp_sa_chain(sa) && s->chain_before != esp_sa_chain(sa))
		return CAUSE_GW_WRONG_CHAIN;
	uint8_t *frame = bytes + in.ppp_offset;
	if (!ppp_data_parse(frame, in.ppp_len, &protocol, &offset))
		return CAUSE_GW_PPP_SHORT;
	if (__atomic_load_n(&s->heard, __ATOMIC_RELAXED) + HEARD_EVERY <= w->now) {
		__atomic_store_n(&s->heard, w->now, __ATOMIC_RELAXED);
		w->calls->active(w->owner, s);
	}
	version = protocol == PPP_IPV4 ? 4 : protocol == PPP_IPV6 ? 6 : 0;
	if (version > 0 && !is_open(s, version) && later(w, sa, bytes, len, class))
		return CAUSE_NONE;
	if (version > 0)
		return deliver_ip(w, s, frame + offset, in.ppp_len - offset, version, class);
	received_flush(w); /* the session may end of it */
	w->calls->ppp(w->owner, s, frame, in.ppp_len);
	return CAUSE_NONE;
}

static enum ls_cause deliver_l2tp(struct gw_worker *w, struct esp_sa *sa, uint8_t *bytes,
                                  size_t len, uint8_t class)
{
	if (!l2tp_is_control(bytes, len))
		return deliver_data(w, sa, bytes, len, class);
	received_flush(w); /* sessions may end of it */
	w->calls->control(w->owner, sa, bytes, len);
	return CAUSE_NONE;
}

/* One packet that was verified: UDP 1701 with L2TP in it, or it goes nowhere. */
static enum ls_cause deliver(struct gw_worker *w, const struct esp_open_job *job, uint8_t class)
{
	uint8_t *udp = job->payload;
	size_t len;

	if (!esp_selector_check(job->sa, job->next_header, job->payload, job->payload_len))
		return CAUSE_ESP_SELECTOR;
	if (job->next_header != IP_UDP)
		return CAUSE_GW_SELECTOR;
	if (job->payload_len < UDP_SIZE)
		return CAUSE_GW_UDP_HEADER;
	len = ls_get16(udp + UDP_LEN);
	if (len < UDP_SIZE || len > job->payload_len)
		return CAUSE_GW_UDP_HEADER;
	return deliver_l2tp(w, job->sa, udp + UDP_SIZE, len - UDP_SIZE, class);
}

void gw_worker_again(struct gw_worker *w, struct esp_sa *sa, uint8_t *bytes, size_t len,
                     uint8_t class, ls_time now)
{
	enum ls_cause cause;

	w->now = now;
	cause = deliver_l2tp(w, sa, bytes, len, class);
	if (cause != CAUSE_NONE)
		ls_count(w->counters, cause);
	join_to(w, NULL);
	received_flush(w);
}

/* The SPI as it stands in the packet: of an AH packet behind its IP header. */
static uint32_t spi_of(const struct esp_open_job *job)
{
	struct rd r = rd_make(job->pkt, job->len);

	if (job->protocol == ESP_PROTOCOL_AH)
		rd_skip(&r, AH_SPI + (job->pkt[0] >> 4 == 4 ? (job->pkt[0] & 15u) * 4u : IP6_SIZE));
	return rd_u32(&r);
}

static void open_batch(struct gw_worker *w)
{
	if (w->opens == 0)
		return;
	esp_worker_open(w->esp, w->open, w->opens, w->now);
	for (unsigned i = 0; i < w->opens; i++) {
		const struct esp_open_job *job = &w->open[i];

		if (job->verdict == CAUSE_ESP_UNKNOWN_SPI)
			w->calls->stray(w->owner, spi_of(job), w->open_from[i]);
		if (job->verdict != CAUSE_NONE)
			continue;
		w->calls->heard(w->owner, job->sa, esp_sa_spi(job->sa), &w->open_from[i]->local,
		                &w->open_from[i]->remote);
		enum ls_cause cause = deliver(w, job, w->open_from[i]->class);

		if (cause != CAUSE_NONE)
			ls_count(w->counters, cause);
	}
	w->opens = 0;
}

static void received_add(struct gw_worker *w, const struct gw_received *in)
{
	for (uint32_t at = 0; at < in->len; at += in->segment) {
		uint32_t len = in->len - at < in->segment ? in->len - at : in->segment;

		/* NAT keepalives (RFC 3948 2.3). */
		if (len == 1)
			continue;
		if (w->opens == ESP_BATCH_MAX)
			open_batch(w);
		w->open_from[w->opens] = in;
		w->open[w->opens++] = (struct esp_open_job){.pkt = in->bytes + at,
		                                            .len = len,
		                                            .protocol = in->ah ? ESP_PROTOCOL_AH
		                                                               : ESP_PROTOCOL_ESP};
	}
}

bool gw_worker_socket(struct gw_worker *w, const struct gw_udp *udp, ls_time now)
{
	struct gw_received in[GW_RX_MESSAGES];
	bool any = false;

	w->now = now;
	for (unsigned round = 0; round < GW_RX_ROUNDS; round++) {
		unsigned n = gw_udp_receive(udp, &w->rx, in, w->counters);

		any |= n > 0;
		for (unsigned i = 0; i < n; i++)
			received_add(w, &in[i]);
		open_batch(w);
		join_to(w, NULL); /* the payloads lie in the receive buffers */
		received_flush(w);
		if (n < gw_rx_most(udp))
			break;
	}
	return any;
}
