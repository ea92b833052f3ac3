/* Test helper: TCP and UDP packets as a host sends them, super-packets as a TUN device gives them,
 * and what cutting and joining make of them. */
#ifndef TESTS_UNIT_SRC_GW_TUN_PACKET_H
#define TESTS_UNIT_SRC_GW_TUN_PACKET_H

#include "lib/sum.h"
#include "src/gateway/gw_tun.h"
#include "lib/ip.h"

#include "lib/random.h"
#include "lib/wire.h"
#include "tests/unit/run.h"

#include <check.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 128, BIG = 70000 };

/* A packet to be made: everything that a test may want to vary. */
struct spec {
	unsigned version;
	bool udp; /* nothing of TCP's counts then */
	size_t payload, mss;
	uint8_t flags;
	uint8_t options[40];
	size_t options_len;
	uint8_t tos;
	uint16_t id;
	uint32_t sequence, ack;
	uint16_t window, urgent;
};

static inline struct spec spec_default(unsigned version, size_t payload, size_t mss)
{
	return (struct spec){.version = version,
	                     .payload = payload,
	                     .mss = mss,
	                     .flags = TCP_ACKED,
	                     .id = 7,
	                     .sequence = 0xfffffc00,
	                     .ack = 5,
	                     .window = 512};
}

static inline size_t head_size(const struct spec *s)
{
	size_t ip = s->version == 4 ? IP4_SIZE : IP6_SIZE;

	return ip + (s->udp ? UDP_SIZE : TCP_SIZE + s->options_len);
}

static inline void transport_make(const struct spec *s, uint8_t *t)
{
	ls_put16(t, 40000);
	ls_put16(t + 2, 443);
	if (s->udp) {
		ls_put16(t + UDP_LEN, (uint16_t)(UDP_SIZE + s->payload));
		return;
	}
	ls_put32(t + TCP_SEQUENCE, s->sequence);
	ls_put32(t + TCP_ACK, s->ack);
	t[TCP_OFFSET] = (uint8_t)((TCP_SIZE + s->options_len) / 4 << 4);
	t[TCP_FLAGS] = s->flags;
	ls_put16(t + TCP_WINDOW, s->window);
	ls_put16(t + TCP_URGENT, s->urgent);
	memcpy(t + TCP_SIZE, s->options, s->options_len);
}

/* Writes IP and TCP or UDP with payload bytes drawn from the sequence number; without a checksum of
 * the transport. Gives the length. */
static inline size_t packet_make(const struct spec *s, uint8_t *p)
{
	size_t ip = s->version == 4 ? IP4_SIZE : IP6_SIZE, head = head_size(s),
	       len = head + s->payload;

	memset(p, 0, head);
	if (s->version == 4) {
		p[0] = 0x45;
		p[1] = s->tos;
		ls_put16(p + IP4_LEN, (uint16_t)len);
		ls_put16(p + IP4_ID, s->id);
		ls_put16(p + IP4_FRAGMENT, 0x4000);
		p[IP4_TTL] = 64;
		p[IP4_PROTOCOL] = s->udp ? IP_UDP : IP_TCP;
		ls_put32(p + 12, 0x0a010001);
		ls_put32(p + 16, 0x0a020001);
		ls_sum_ip4_set(p, IP4_SIZE);
	} else {
		ls_put32(p, 0x60012345u | (uint32_t)s->tos << 20);
		ls_put16(p + IP6_LEN, (uint16_t)(len - IP6_SIZE));
		p[IP6_NEXT] = s->udp ? IP_UDP : IP_TCP;
		p[7] = 64;
		memset(p + 8, 0xfd, 16);
		memset(p + 24, 0xfe, 16);
	}
	transport_make(s, p + ip);
	for (size_t i = 0; i < s->payload; i++)
		p[head + i] = (uint8_t)((s->sequence + i) * 167 >> 3);
	return len;
}

static inline uint16_t reference_sum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += (uint32_t)p[i] << (i & 1 ? 0 : 8);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* The right sum of a transport packet, pseudo header included, the slow way. */
static inline uint16_t transport_sum(const uint8_t *p, size_t len)
{
	uint8_t pseudo[40] = {0};
	size_t ip = p[0] >> 4 == 4 ? IP4_SIZE : IP6_SIZE, tcp = len - ip;
	uint32_t sum;

	if (p[0] >> 4 == 4) {
		memcpy(pseudo, p + 12, 8);
		pseudo[9] = p[IP4_PROTOCOL];
		ls_put16(pseudo + 10, (uint16_t)tcp);
		sum = reference_sum(pseudo, 12);
	} else {
		memcpy(pseudo, p + 8, 32);
		ls_put32(pseudo + 32, (uint32_t)tcp);
		pseudo[39] = p[IP6_NEXT];
		sum = reference_sum(pseudo, 40);
	}
	sum += reference_sum(p + ip, tcp);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static inline size_t sum_at(const struct spec *s)
{
	size_t ip = s->version == 4 ? IP4_SIZE : IP6_SIZE;

	return ip + (s->udp ? UDP_SUM : TCP_SUM);
}

static inline void sum_make(const struct spec *s, uint8_t *p, size_t len)
{
	ls_put16(p + sum_at(s), 0);
	uint16_t sum = (uint16_t)~transport_sum(p, len);
	ls_put16(p + sum_at(s), sum == 0 && s->udp ? 0xffff : sum);
}

/* As the kernel hands it over: virtio_net_hdr, partial checksum. */
static inline size_t super_make(const struct spec *s, uint8_t *bytes)
{
	uint8_t *p = bytes + GW_VNET_SIZE;
	size_t len = packet_make(s, p), ip = s->version == 4 ? IP4_SIZE : IP6_SIZE;
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = s->udp            ? GW_VNET_UDP_L4
	                    : s->version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4
	                                      : VIRTIO_NET_HDR_GSO_TCPV6,
		.gso_size = (uint16_t)s->mss,
		.hdr_len = (uint16_t)head_size(s),
		.csum_start = (uint16_t)ip,
		.csum_offset = (uint16_t)(sum_at(s) - ip),
	};

	if (s->payload <= s->mss) {
		h.gso_type = VIRTIO_NET_HDR_GSO_NONE;
		h.gso_size = 0;
	}
	if (!s->udp && s->flags & TCP_CWR && h.gso_type)
		h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	memcpy(bytes, &h, sizeof h);
	ls_put16(p + sum_at(s),
	         ls_sum_fold(ls_sum_pseudo(p, s->version, s->udp ? IP_UDP : IP_TCP, len - ip)));
	return GW_VNET_SIZE + len;
}

static inline uint8_t *big_room(void)
{
	uint8_t *p = malloc(ROOM + BIG);

	ck_assert_ptr_nonnull(p);
	return p;
}

/* Packets cut from a super-packet, each with room in front. */
struct pieces {
	uint8_t *packet[GW_PIECES_MAX];
	size_t len[GW_PIECES_MAX];
	unsigned n;
};

static inline void pieces_free(struct pieces *ps)
{
	for (unsigned i = 0; i < ps->n; i++)
		free(ps->packet[i] - ROOM);
}

static inline void cut_all(uint8_t *bytes, size_t len, struct pieces *ps)
{
	struct gw_cut cut;
	struct gw_piece piece;
	uint8_t slot[GW_HEADROOM + GW_HEAD_MAX];

	ps->n = 0;
	ck_assert_int_eq(gw_cut_start(&cut, bytes, len, 0xffff), CAUSE_NONE);
	while (gw_cut_next(&cut, slot, &piece)) {
		size_t total = piece.head_len + piece.payload_len;
		uint8_t *copy = malloc(ROOM + total);

		ck_assert_ptr_nonnull(copy);
		ck_assert_uint_lt(ps->n, GW_PIECES_MAX);
		memcpy(copy + ROOM, piece.head, piece.head_len);
		if (piece.payload_len)
			memcpy(copy + ROOM + piece.head_len, piece.payload, piece.payload_len);
		ps->packet[ps->n] = copy + ROOM;
		ps->len[ps->n++] = total;
	}
}

#endif
