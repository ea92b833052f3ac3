/* Property of joining: of streams whose packets differ in any field, what the kernel cuts out of
 * the joined packets are the same bytes, in the same order within each flow. */
#include "tests/unit/src/gw_tun_packet.h"

enum { BATCH = 48, SIZE = 300, FLOWS = 4, BATCHES = 2000, PAYLOAD = 64 };

static struct ls_random_seeded state;
static struct ls_random source;

static unsigned below(unsigned bound)
{
	return ls_random_below(&source, bound);
}

/* -- what the kernel makes of a write (inet_gso_segment, tcp_gso_segment, __udp_gso_segment) -- */

/* One's complement, the slow way. */
static void checksum_fill(uint8_t *p, size_t len, size_t ip)
{
	bool udp = p[p[0] >> 4 == 4 ? IP4_PROTOCOL : IP6_NEXT] == IP_UDP;
	uint8_t *field = p + ip + (udp ? UDP_SUM : TCP_SUM);
	uint16_t sum;

	ls_put16(field, 0);
	sum = (uint16_t)~transport_sum(p, len);
	ls_put16(field, udp && sum == 0 ? 0xffff : sum);
}

static size_t kernel_piece(const uint8_t *p, const struct virtio_net_hdr *h, size_t len, size_t at,
                           uint8_t *out)
{
	size_t ip = h->csum_start, left = len - at;
	size_t payload = left < h->gso_size ? left : h->gso_size;
	bool udp = h->gso_type == GW_VNET_UDP_L4, last = payload == left;
	size_t head = ip + (udp ? UDP_SIZE : (size_t)(p[ip + TCP_OFFSET] >> 4) * 4);

	memcpy(out, p, head);
	memcpy(out + head, p + at, payload);
	if (p[0] >> 4 == 4) {
		ls_put16(out + IP4_LEN, (uint16_t)(head + payload));
		ls_put16(out + IP4_ID,
		         (uint16_t)(ls_get16(p + IP4_ID) + (at - head) / h->gso_size));
		ls_put16(out + IP4_SUM, 0);
		ls_put16(out + IP4_SUM, (uint16_t)~reference_sum(out, ip));
	} else {
		ls_put16(out + IP6_LEN, (uint16_t)(head + payload - IP6_SIZE));
	}
	if (udp) {
		ls_put16(out + ip + UDP_LEN, (uint16_t)(UDP_SIZE + payload));
	} else {
		ls_put32(out + ip + TCP_SEQUENCE,
		         ls_get32(p + ip + TCP_SEQUENCE) + (uint32_t)(at - head));
		if (!last)
			out[ip + TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		if (at > head)
			out[ip + TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	}
	checksum_fill(out, head + payload, ip);
	return head + payload;
}

/* -- what went in, and what has come out of it -- */

static struct given {
	uint8_t room[ROOM + SIZE], before[SIZE];
	size_t len;
	bool out;
} given[BATCH];
static unsigned givens, joined[2][2]; /* packets that came joined: by version, by protocol */

/* The transport header; 0 where only the addresses tell the flow. */
static size_t ports_at(const uint8_t *p)
{
	size_t ip = p[0] >> 4 == 4 ? IP4_SIZE : IP6_SIZE;
	uint8_t protocol = p[p[0] >> 4 == 4 ? IP4_PROTOCOL : IP6_NEXT];
	bool plain = p[0] >> 4 == 6 || (p[0] == 0x45 && !(ls_get16(p + IP4_FRAGMENT) & 0x3fff));

	return plain && (protocol == IP_TCP || protocol == IP_UDP) ? ip : 0;
}

static bool may_be_one_flow(const uint8_t *a, const uint8_t *b)
{
	size_t in_a = ports_at(a), in_b = ports_at(b);

	if (a[0] >> 4 != b[0] >> 4 ||
	    memcmp(a + (a[0] >> 4 == 4 ? IP4_FROM : IP6_FROM),
	           b + (a[0] >> 4 == 4 ? IP4_FROM : IP6_FROM), a[0] >> 4 == 4 ? 8 : 32) != 0)
		return false;
	if (in_a == 0 || in_b == 0)
		return true;
	return memcmp(a + in_a, b + in_b, 4) == 0 &&
	       a[a[0] >> 4 == 4 ? IP4_PROTOCOL : IP6_NEXT] ==
	               b[a[0] >> 4 == 4 ? IP4_PROTOCOL : IP6_NEXT];
}

static void came(const uint8_t *p, size_t len)
{
	for (unsigned i = 0; i < givens; i++) {
		if (given[i].out)
			continue;
		if (given[i].len == len && memcmp(given[i].before, p, len) == 0) {
			given[i].out = true;
			return;
		}
		ck_assert_msg(!may_be_one_flow(given[i].before, p), "packet %u was overtaken", i);
	}
	ck_abort_msg("a packet came that was not sent");
}

static void written(void *ctx, const struct iovec *parts, int n, unsigned packets)
{
	static uint8_t bytes[GW_VNET_SIZE + GW_TUN_PACKET_MAX], out[SIZE];
	struct virtio_net_hdr h;
	size_t len = 0, head;
	unsigned pieces = 0;

	(void)ctx;
	for (int i = 0; i < n; i++) {
		ck_assert_uint_le(len + parts[i].iov_len, sizeof bytes);
		memcpy(bytes + len, parts[i].iov_base, parts[i].iov_len);
		len += parts[i].iov_len;
	}
	memcpy(&h, bytes, sizeof h);
	const uint8_t *p = bytes + GW_VNET_SIZE;
	len -= GW_VNET_SIZE;
	if (h.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		ck_assert_uint_eq(packets, 1);
		ck_assert_uint_eq(h.flags, 0);
		came(p, len);
		return;
	}
	/* What the kernel asks of it, or it drops the whole (virtio_net_hdr_to_skb). */
	ck_assert_uint_eq(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	ck_assert_uint_eq(gw_ip_len(p, len), len);
	head = h.hdr_len;
	ck_assert_uint_gt(len - head, h.gso_size);
	if (h.gso_type == GW_VNET_UDP_L4)
		ck_assert_uint_le(len - head, (size_t)h.gso_size * 64);
	for (size_t at = head; at < len; at += h.gso_size, pieces++)
		came(out, kernel_piece(p, &h, len, at, out));
	ck_assert_uint_eq(pieces, packets);
	joined[p[0] >> 4 == 6][h.gso_type == GW_VNET_UDP_L4] += packets;
}

/* -- changes, each of which joining may not lose -- */

static void flip(uint8_t *byte, unsigned mask)
{
	*byte ^= (uint8_t)(mask ? mask : 1u << below(8));
}

static void change_ip4(uint8_t *p, size_t *len)
{
	switch (below(9)) {
	case 0:
		flip(p + IP4_TOS, 0);
		return;
	case 1:
		ls_put16(p + IP4_ID, (uint16_t)(below(2) ? 0 : ls_get16(p + IP4_ID) + 1));
		return;
	case 2:
		flip(p + IP4_FRAGMENT, 0);
		return;
	case 3:
		flip(p + IP4_FRAGMENT + 1, 0);
		return;
	case 4:
		flip(p + IP4_TTL, 0);
		return;
	case 5:
		flip(p + IP4_FROM + below(8), 0);
		return;
	case 6: /* options */
		memmove(p + IP4_SIZE + 4, p + IP4_SIZE, *len - IP4_SIZE);
		memset(p + IP4_SIZE, 1, 4);
		p[0] = 0x46;
		*len += 4;
		ls_put16(p + IP4_LEN, (uint16_t)*len);
		return;
	case 7:
		p[IP4_PROTOCOL] = below(2) ? IP_SCTP : IP_UDP;
		return;
	default: /* an end that belongs to no datagram */
		ls_put16(p + IP4_LEN, (uint16_t)(*len -= 1));
		return;
	}
}

static void change_ip6(uint8_t *p, size_t *len)
{
	switch (below(6)) {
	case 0:
		flip(p + below(4), 0);
		p[0] = (uint8_t)(0x60 | (p[0] & 15));
		return;
	case 1:
		flip(p + IP6_HOPS, 0);
		return;
	case 2:
		flip(p + IP6_FROM + below(32), 0);
		return;
	case 3: /* an extension header: hop-by-hop, routing, fragment or destination options */
		memmove(p + IP6_SIZE + 8, p + IP6_SIZE, *len - IP6_SIZE);
		memset(p + IP6_SIZE, 0, 8);
		p[IP6_SIZE] = p[IP6_NEXT];
		p[IP6_NEXT] = (const uint8_t[]){0, 43, 44, 60}[below(4)];
		*len += 8;
		ls_put16(p + IP6_LEN, (uint16_t)(*len - IP6_SIZE));
		return;
	case 4:
		p[IP6_NEXT] = below(2) ? IP_SCTP : IP_UDP;
		return;
	default:
		*len -= 1;
		ls_put16(p + IP6_LEN, (uint16_t)(*len - IP6_SIZE));
		return;
	}
}

static void change_transport(const struct spec *s, uint8_t *t)
{
	if (s->udp)
		flip(t + below(UDP_SUM), 0);
	else if (below(3) == 0)
		flip(t + TCP_FLAGS, 0);
	else
		flip(t + below((unsigned)(TCP_SIZE + s->options_len)), 0);
}

/* A payload word that brings the checksum to zero, and then either form of it. */
static void change_to_zero(const struct spec *s, uint8_t *p, size_t len)
{
	uint8_t *word = p + head_size(s), *field = p + sum_at(s);

	if (s->payload < 2)
		return;
	ls_put16(word, 0);
	ls_put16(field, 0);
	ls_put16(word, (uint16_t)~transport_sum(p, len));
	ls_put16(field, below(2) ? 0xffff : 0);
}

/* The id that brings the header's checksum to zero, from which the stream goes on. */
static void change_ip4_sum(struct spec *s, uint8_t *p)
{
	if (below(2)) {
		flip(p + IP4_SUM + below(2), 0);
		return;
	}
	ls_put16(p + IP4_ID, 0);
	ls_put16(p + IP4_SUM, 0);
	s->id = (uint16_t)~reference_sum(p, IP4_SIZE);
	ls_put16(p + IP4_ID, s->id);
	ls_put16(p + IP4_SUM, below(2) ? 0xffff : 0);
}

/* One change, before or after the checksums are made; gives the length. */
static size_t change(struct spec *s, uint8_t *p, size_t len)
{
	size_t ip = s->version == 4 ? IP4_SIZE : IP6_SIZE;
	unsigned kind = below(6);

	if (kind == 0 && s->version == 4)
		change_ip4(p, &len);
	else if (kind == 0)
		change_ip6(p, &len);
	else if (kind == 1)
		change_transport(s, p + ip);
	if (s->version == 4 && kind == 0)
		ls_sum_ip4_set(p, (size_t)(p[0] & 15) * 4);
	if (kind <= 1 && ports_at(p) > 0 && len >= ip + TCP_SIZE && below(8) > 0)
		checksum_fill(p, len, ip);
	else if (kind == 2)
		flip(p + ip + below((unsigned)(len - ip)), 0);
	else if (kind == 3)
		change_to_zero(s, p, len);
	else if (kind == 4)
		ls_put16(p + sum_at(s), below(2) ? 0 : 0xffff);
	else if (kind == 5 && s->version == 4)
		change_ip4_sum(s, p);
	return len;
}

/* -- streams -- */

static void stream_open(struct spec *s, unsigned i)
{
	*s = spec_default(i & 1 ? 6 : 4, PAYLOAD, PAYLOAD);
	s->udp = i & 2;
	s->id = (uint16_t)ls_random_u32(&source);
	s->sequence = ls_random_u32(&source);
	s->options_len = s->udp || below(2) ? 0 : 12;
	if (s->options_len > 0) {
		memset(s->options, 1, sizeof s->options);
		ls_put16(s->options + 2, 0x080a);
	}
}

static void stream_step(struct spec *s)
{
	unsigned what = below(24);

	s->sequence += (uint32_t)s->payload;
	s->id++;
	if (s->payload < PAYLOAD)
		s->payload = PAYLOAD;
	s->flags = TCP_ACKED;
	if (what == 0)
		s->payload = below(PAYLOAD + 20);
	else if (what == 1)
		s->flags |= (uint8_t)(1u << below(8));
	else if (what == 2)
		s->ack++;
	else if (what == 3)
		s->tos ^= (uint8_t)(1u << below(8));
	else if (what == 4)
		s->window++;
	else if (what == 5)
		s->options[8]++;
	else if (what == 6)
		s->urgent ^= 1;
}

static void batch(struct gw_join *join, struct spec stream[FLOWS])
{
	unsigned n = 1 + below(BATCH), calm = below(2), current = below(FLOWS);

	givens = 0;
	for (unsigned i = 0; i < n; i++) {
		struct given *g = &given[givens++];
		uint8_t *p = g->room + ROOM;

		if (below(4) == 0)
			current = below(FLOWS);
		struct spec *s = &stream[current];
		stream_step(s);
		g->len = packet_make(s, p);
		sum_make(s, p, g->len);
		if (below(calm ? 30 : 4) == 0)
			g->len = change(s, p, g->len);
		g->out = false;
		memcpy(g->before, p, g->len);
		if (gw_ip_len(p, g->len) != g->len) {
			givens--;
			continue;
		}
		gw_join_add(join, p, g->len);
	}
	gw_join_flush(join);
	for (unsigned i = 0; i < givens; i++)
		ck_assert(given[i].out);
}

START_TEST(what_is_cut_again_is_what_came)
{
	struct gw_join *join = calloc(1, sizeof *join);
	struct spec stream[FLOWS];

	ck_assert_ptr_nonnull(join);
	source = ls_random_from_seed(&state, 1 + (uint64_t)_i);
	memset(joined, 0, sizeof joined);
	for (unsigned i = 0; i < FLOWS; i++)
		stream_open(&stream[i], i);
	/* No SYN is clamped. */
	gw_join_init(join, GW_JOIN_TCP | GW_JOIN_UDP, 0, written, NULL);
	for (unsigned i = 0; i < BATCHES; i++)
		batch(join, stream);
	/* It did join, of each kind. */
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_gt(joined[i & 1][i >> 1], BATCHES);
	free(join);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_tun_exact");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, what_is_cut_again_is_what_came, 0, 4);
	return run_cases("gw_tun_exact", tc);
}
