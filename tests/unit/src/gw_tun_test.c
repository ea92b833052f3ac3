/* Tests of cutting and joining: what was cut and joined again is the same stream, and nothing that
 * differs is joined. */
#include "src/gateway/gw_sum.h"
#include "src/gateway/gw_tun.h"
#include "src/gateway/gw_tun_ip.h"

#include "lib/random.h"
#include "lib/wire.h"

#include <check.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 128, BIG = 70000 };

/* A packet to be made: everything that a test may want to vary. */
struct spec {
	unsigned version;
	size_t payload, mss;
	uint8_t flags;
	uint8_t options[40];
	size_t options_len;
	uint8_t tos;
	uint16_t id;
	uint32_t sequence, ack;
	uint16_t window, urgent;
};

static struct spec spec_default(unsigned version, size_t payload, size_t mss)
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

/* Writes IP and TCP with payload bytes drawn from the sequence number; without checksums. Gives the
 * length. */
static size_t packet_make(const struct spec *s, uint8_t *p)
{
	size_t ip = s->version == 4 ? IP4_SIZE : IP6_SIZE, head = ip + TCP_SIZE + s->options_len,
	       len = head + s->payload;
	uint8_t *t = p + ip;

	memset(p, 0, head);
	if (s->version == 4) {
		p[0] = 0x45;
		p[1] = s->tos;
		ls_put16(p + IP4_LEN, (uint16_t)len);
		ls_put16(p + IP4_ID, s->id);
		ls_put16(p + IP4_FRAGMENT, 0x4000);
		p[IP4_TTL] = 64;
		p[IP4_PROTOCOL] = IP_TCP;
		ls_put32(p + 12, 0x0a010001);
		ls_put32(p + 16, 0x0a020001);
		gw_sum_ip4_set(p, IP4_SIZE);
	} else {
		ls_put32(p, 0x60012345u | (uint32_t)s->tos << 20);
		ls_put16(p + IP6_LEN, (uint16_t)(len - IP6_SIZE));
		p[IP6_NEXT] = IP_TCP;
		p[7] = 64;
		memset(p + 8, 0xfd, 16);
		memset(p + 24, 0xfe, 16);
	}
	ls_put16(t, 40000);
	ls_put16(t + 2, 443);
	ls_put32(t + TCP_SEQUENCE, s->sequence);
	ls_put32(t + TCP_ACK, s->ack);
	t[TCP_OFFSET] = (uint8_t)((TCP_SIZE + s->options_len) / 4 << 4);
	t[TCP_FLAGS] = s->flags;
	ls_put16(t + TCP_WINDOW, s->window);
	ls_put16(t + TCP_URGENT, s->urgent);
	memcpy(t + TCP_SIZE, s->options, s->options_len);
	for (size_t i = 0; i < s->payload; i++)
		p[head + i] = (uint8_t)((s->sequence + i) * 167 >> 3);
	return len;
}

static uint16_t reference_sum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += (uint32_t)p[i] << (i & 1 ? 0 : 8);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* The right sum of a transport packet, pseudo header included, the slow way. */
static uint16_t transport_sum(const uint8_t *p, size_t len)
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

/* As the kernel hands it over: virtio_net_hdr, partial checksum. */
static size_t super_make(const struct spec *s, uint8_t *bytes)
{
	uint8_t *p = bytes + GW_VNET_SIZE;
	size_t len = packet_make(s, p), ip = s->version == 4 ? IP4_SIZE : IP6_SIZE;
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = s->version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6,
		.gso_size = (uint16_t)s->mss,
		.hdr_len = (uint16_t)(ip + TCP_SIZE + s->options_len),
		.csum_start = (uint16_t)ip,
		.csum_offset = TCP_SUM,
	};

	if (s->payload <= s->mss) {
		h.gso_type = VIRTIO_NET_HDR_GSO_NONE;
		h.gso_size = 0;
	}
	if (s->flags & TCP_CWR && h.gso_type)
		h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	memcpy(bytes, &h, sizeof h);
	ls_put16(p + ip + TCP_SUM, gw_sum_fold(gw_sum_pseudo(p, s->version, IP_TCP, len - ip)));
	return GW_VNET_SIZE + len;
}

/* What joining wrote. */
struct written {
	uint8_t bytes[4 * BIG];
	size_t at[512], len[512];
	unsigned packets[512], n;
	size_t used;
};

static void written_add(void *ctx, const struct iovec *parts, int n, unsigned packets)
{
	struct written *w = ctx;

	ck_assert_uint_lt(w->n, 512);
	w->at[w->n] = w->used;
	for (int i = 0; i < n; i++) {
		ck_assert_uint_le(w->used + parts[i].iov_len, sizeof w->bytes);
		memcpy(w->bytes + w->used, parts[i].iov_base, parts[i].iov_len);
		w->used += parts[i].iov_len;
	}
	w->len[w->n] = w->used - w->at[w->n];
	w->packets[w->n++] = packets;
}

static uint8_t *big_room(void)
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

static void pieces_free(struct pieces *ps)
{
	for (unsigned i = 0; i < ps->n; i++)
		free(ps->packet[i] - ROOM);
}

static void cut_all(uint8_t *bytes, size_t len, struct pieces *ps)
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
		memcpy(copy + ROOM, piece.head, piece.head_len);
		if (piece.payload_len)
			memcpy(copy + ROOM + piece.head_len, piece.payload, piece.payload_len);
		ps->packet[ps->n] = copy + ROOM;
		ps->len[ps->n++] = total;
	}
}

/* Each piece is the packet that a sender with that MSS would have made itself. */
static void check_pieces(const struct spec *s, const struct pieces *ps)
{
	size_t ip = s->version == 4 ? IP4_SIZE : IP6_SIZE, done = 0;
	uint8_t want[BIG];

	for (unsigned i = 0; i < ps->n; i++) {
		struct spec one = *s;

		one.payload = s->payload - done < s->mss ? s->payload - done : s->mss;
		one.sequence = s->sequence + (uint32_t)done;
		one.id = (uint16_t)(s->id + i);
		if (done + one.payload < s->payload)
			one.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		if (done > 0)
			one.flags &= (uint8_t)~TCP_CWR;
		size_t len = packet_make(&one, want);
		ck_assert_uint_eq(len, ps->len[i]);
		ck_assert_uint_eq(transport_sum(ps->packet[i], len), 0xffff);
		if (s->version == 4)
			ck_assert_uint_eq(reference_sum(ps->packet[i], IP4_SIZE), 0xffff);
		memcpy(want + ip + TCP_SUM, ps->packet[i] + ip + TCP_SUM, 2);
		ck_assert_mem_eq(want, ps->packet[i], len);
		done += one.payload;
	}
	ck_assert_uint_eq(done, s->payload);
}

static void round_trip(const struct spec *s, bool expect_join)
{
	uint8_t *bytes = big_room(), *again = big_room();
	struct written *w = calloc(1, sizeof *w);
	struct gw_join join;
	struct pieces ps, back;
	size_t len = super_make(s, bytes + ROOM);

	cut_all(bytes + ROOM, len, &ps);
	check_pieces(s, &ps);
	ck_assert_uint_eq(ps.n, s->payload <= s->mss ? 1 : (s->payload + s->mss - 1) / s->mss);
	gw_join_init(&join, true, 0xffff, written_add, w);
	for (unsigned i = 0; i < ps.n; i++) {
		memcpy(again, ps.packet[i], 0);
		gw_join_add(&join, ps.packet[i], ps.len[i]);
	}
	gw_join_flush(&join);
	unsigned total = 0, seen = 0;
	for (unsigned i = 0; i < w->n; i++)
		total += w->packets[i];
	ck_assert_uint_eq(total, ps.n);
	if (expect_join && ps.n > 1)
		ck_assert_uint_lt(w->n, ps.n);
	/* Whatever was joined is cut into the same packets again. */
	for (unsigned i = 0; i < w->n; i++) {
		memcpy(again + ROOM, w->bytes + w->at[i], w->len[i]);
		cut_all(again + ROOM, w->len[i], &back);
		for (unsigned k = 0; k < back.n; k++, seen++) {
			ck_assert_uint_eq(back.len[k], ps.len[seen]);
			ck_assert_mem_eq(back.packet[k], ps.packet[seen], back.len[k]);
		}
		pieces_free(&back);
	}
	ck_assert_uint_eq(seen, ps.n);
	pieces_free(&ps);
	free(w);
	free(bytes);
	free(again);
}

START_TEST(sums_agree_with_a_slow_one)
{
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 1);
	uint8_t buffer[3000];

	ls_random_fill(&random, buffer, sizeof buffer);
	for (size_t len = 0; len < 700; len++)
		for (size_t at = 0; at < 5; at++)
			ck_assert_uint_eq(gw_sum_fold(gw_sum_bytes(buffer + at, len)) % 0xffff,
			                  reference_sum(buffer + at, len) % 0xffff);
	memset(buffer, 0xff, sizeof buffer);
	ck_assert_uint_eq(gw_sum_fold(gw_sum_bytes(buffer, sizeof buffer)), 0xffff);
}
END_TEST

START_TEST(streams_come_back)
{
	static const size_t payloads[] = {1, 2, 99, 100, 101, 1350, 1351, 2700, 2701, 20001, 63999};
	static const size_t sizes[] = {536, 1000, 1001, 1350, 1448};

	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
			for (unsigned version = 4; version <= 6; version += 2) {
				struct spec s = spec_default(version, payloads[i], sizes[k]);

				round_trip(&s, true);
				s.flags |= TCP_PSH;
				round_trip(&s, payloads[i] > 2 * sizes[k]);
			}
}
END_TEST

START_TEST(flags_and_options_survive)
{
	static const uint8_t flags[] = {TCP_FIN, TCP_FIN | TCP_PSH,           TCP_ECE,
	                                TCP_CWR, TCP_CWR | TCP_ECE | TCP_PSH, TCP_URG};
	static const uint8_t timestamps[12] = {1, 1, 8, 10, 0, 0, 1, 2, 3, 4, 5, 6};
	static const uint8_t sack[20] = {1, 1, 5, 18, 9, 9, 9, 9, 8, 8,
	                                 8, 8, 7, 7,  7, 7, 6, 6, 6, 6};

	for (unsigned version = 4; version <= 6; version += 2)
		for (size_t i = 0; i < sizeof flags; i++) {
			struct spec s = spec_default(version, 9999, 1400);

			s.flags |= flags[i];
			s.urgent = flags[i] & TCP_URG ? 3 : 0;
			round_trip(&s, !(flags[i] & TCP_URG));
			memcpy(s.options, timestamps, s.options_len = sizeof timestamps);
			round_trip(&s, !(flags[i] & TCP_URG));
			memcpy(s.options, sack, s.options_len = sizeof sack);
			s.tos = 3;
			round_trip(&s, !(flags[i] & TCP_URG));
		}
}
END_TEST

/* Two segments in a row, the second changed at one place: 1 write if they were joined, else 2. */
static unsigned writes_of_two(unsigned version, void (*change)(uint8_t *packet, size_t ip),
                              bool sums)
{
	struct written *w = calloc(1, sizeof *w);
	struct gw_join join;
	uint8_t a[2000], b[2000];
	struct spec s = spec_default(version, 500, 500);
	size_t ip = version == 4 ? IP4_SIZE : IP6_SIZE, len = packet_make(&s, a + ROOM);
	unsigned n;

	s.sequence += 500;
	s.id++;
	packet_make(&s, b + ROOM);
	if (change)
		change(b + ROOM, ip);
	for (int i = 0; i < 2; i++) {
		uint8_t *p = (i == 0 ? a : b) + ROOM;

		if (!sums && i == 1)
			break;
		ls_put16(p + ip + TCP_SUM, 0);
		if (version == 4)
			gw_sum_ip4_set(p, IP4_SIZE);
		ls_put16(p + ip + TCP_SUM, (uint16_t)~transport_sum(p, len));
	}
	gw_join_init(&join, true, 0xffff, written_add, w);
	gw_join_add(&join, a + ROOM, len);
	gw_join_add(&join, b + ROOM, len);
	gw_join_flush(&join);
	n = w->n;
	if (n == 2)
		ck_assert_mem_eq(w->bytes + w->at[1] + GW_VNET_SIZE, b + ROOM, len);
	free(w);
	return n;
}

static void change_tos(uint8_t *p, size_t ip)
{
	p[1] ^= ip == IP4_SIZE ? 1 : 0x10;
}
static void change_ttl(uint8_t *p, size_t ip)
{
	p[ip == IP4_SIZE ? IP4_TTL : 7]--;
}
static void change_flow(uint8_t *p, size_t ip)
{
	p[ip == IP4_SIZE ? IP4_ID + 1 : 3] ^= 1;
}
static void change_df(uint8_t *p, size_t ip)
{
	p[ip == IP4_SIZE ? IP4_FRAGMENT : 2] ^= 0x40;
}
static void change_from(uint8_t *p, size_t ip)
{
	p[ip == IP4_SIZE ? 15 : 20] ^= 1;
}
static void change_port(uint8_t *p, size_t ip)
{
	p[ip + 1] ^= 1;
}
static void change_sequence(uint8_t *p, size_t ip)
{
	p[ip + 7] ^= 1;
}
static void change_ack(uint8_t *p, size_t ip)
{
	p[ip + 11] ^= 1;
}
static void change_reserved(uint8_t *p, size_t ip)
{
	p[ip + TCP_OFFSET] ^= 1;
}
static void change_window(uint8_t *p, size_t ip)
{
	p[ip + TCP_WINDOW] ^= 1;
}
static void change_urgent(uint8_t *p, size_t ip)
{
	p[ip + TCP_URGENT] ^= 1;
}
static void change_ece(uint8_t *p, size_t ip)
{
	p[ip + TCP_FLAGS] ^= TCP_ECE;
}
static void change_cwr(uint8_t *p, size_t ip)
{
	p[ip + TCP_FLAGS] ^= TCP_CWR;
}
static void change_rst(uint8_t *p, size_t ip)
{
	p[ip + TCP_FLAGS] ^= TCP_RST;
}

START_TEST(what_differs_is_not_joined)
{
	static void (*const changes[])(uint8_t *, size_t) = {
		change_tos,    change_ttl,      change_flow, change_df,       change_from,
		change_port,   change_sequence, change_ack,  change_reserved, change_window,
		change_urgent, change_ece,      change_cwr,  change_rst};

	for (unsigned version = 4; version <= 6; version += 2) {
		ck_assert_uint_eq(writes_of_two(version, NULL, true), 1);
		ck_assert_uint_eq(writes_of_two(version, NULL, false), 2);
		for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
			ck_assert_uint_eq(writes_of_two(version, changes[i], true), 2);
	}
}
END_TEST

START_TEST(flows_mix)
{
	enum { FLOWS = GW_JOIN_FLOWS + 4, EACH = 5 };
	struct written *w = calloc(1, sizeof *w);
	struct gw_join join;
	uint8_t *room = calloc(FLOWS * EACH, 1000);
	size_t bytes = 0;

	gw_join_init(&join, true, 0xffff, written_add, w);
	for (unsigned k = 0; k < EACH; k++)
		for (unsigned f = 0; f < FLOWS; f++) {
			struct spec s = spec_default(4, 300, 300);
			uint8_t *p = room + (k * FLOWS + f) * 1000 + ROOM;

			s.sequence += 300 * k;
			s.id = (uint16_t)(s.id + k);
			size_t len = packet_make(&s, p);
			ls_put16(p + IP4_SIZE, (uint16_t)(1000 + f));
			ls_put16(p + IP4_SIZE + TCP_SUM, 0);
			ls_put16(p + IP4_SIZE + TCP_SUM, (uint16_t)~transport_sum(p, len));
			gw_join_add(&join, p, len);
		}
	gw_join_flush(&join);
	/* Per flow all bytes came, in order. */
	for (unsigned f = 0; f < FLOWS; f++) {
		uint32_t next = spec_default(4, 0, 0).sequence;

		for (unsigned i = 0; i < w->n; i++) {
			const uint8_t *p = w->bytes + w->at[i] + GW_VNET_SIZE;

			if (ls_get16(p + IP4_SIZE) != 1000 + f)
				continue;
			ck_assert_uint_eq(ls_get32(p + IP4_SIZE + TCP_SEQUENCE), next);
			next += (uint32_t)(w->len[i] - GW_VNET_SIZE - IP4_SIZE - TCP_SIZE);
		}
		bytes += next - spec_default(4, 0, 0).sequence;
	}
	ck_assert_uint_eq(bytes, FLOWS * EACH * 300);
	free(room);
	free(w);
}
END_TEST

START_TEST(single_packets_get_their_sum)
{
	uint8_t bytes[GW_HEADROOM + 2000];
	struct gw_cut cut;
	struct gw_piece piece;

	for (unsigned version = 4; version <= 6; version += 2)
		for (size_t payload = 0; payload < 40; payload++) {
			struct spec s = spec_default(version, payload, 1400);
			size_t len = super_make(&s, bytes + GW_HEADROOM);

			ck_assert_int_eq(gw_cut_start(&cut, bytes + GW_HEADROOM, len, 1400),
			                 CAUSE_NONE);
			ck_assert(gw_cut_next(&cut, NULL, &piece));
			ck_assert_uint_eq(piece.head_len, len - GW_VNET_SIZE);
			ck_assert_uint_eq(transport_sum(piece.head, piece.head_len), 0xffff);
			ck_assert(!gw_cut_next(&cut, NULL, &piece));
		}
}
END_TEST

START_TEST(mss_is_clamped)
{
	static const uint8_t even[8] = {2, 4, 0x05, 0xb4, 1, 1, 1, 1},
			     odd[8] = {1, 2, 4, 0x05, 0xb4, 1, 1, 0};
	uint8_t p[200];

	for (unsigned version = 4; version <= 6; version += 2)
		for (int i = 0; i < 2; i++) {
			struct spec s = spec_default(version, 0, 0);
			size_t ip = version == 4 ? IP4_SIZE : IP6_SIZE,
			       at = ip + TCP_SIZE + 2 + (size_t)i;

			s.flags = TCP_SYN;
			memcpy(s.options, i ? odd : even, s.options_len = 8);
			size_t len = packet_make(&s, p);
			ls_put16(p + ip + TCP_SUM, (uint16_t)~transport_sum(p, len));
			gw_mss_clamp(p, len, 1500);
			ck_assert_uint_eq(ls_get16(p + at), version == 4 ? 1460 : 1440);
			gw_mss_clamp(p, len, 1400);
			ck_assert_uint_eq(ls_get16(p + at), 1400 - ip - TCP_SIZE);
			ck_assert_uint_eq(transport_sum(p, len), 0xffff);
			gw_mss_clamp(p, len, 1450);
			ck_assert_uint_eq(ls_get16(p + at), 1400 - ip - TCP_SIZE);
		}
}
END_TEST

START_TEST(nonsense_is_refused)
{
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 2);
	struct spec s = spec_default(4, 3000, 1000);
	uint8_t good[GW_HEADROOM + 4000], bad[GW_HEADROOM + 4000], slot[GW_HEADROOM + GW_HEAD_MAX];
	size_t len = super_make(&s, good);

	for (unsigned i = 0; i < 20000; i++) {
		struct gw_cut cut;
		struct gw_piece piece;
		uint32_t at = ls_random_below(&random, 60),
			 cut_to = ls_random_below(&random, (uint32_t)len + 1);

		memcpy(bad, good, len);
		bad[at] = (uint8_t)ls_random_u32(&random);
		unsigned n = 0;
		if (gw_cut_start(&cut, bad, i & 1 ? len : cut_to, 1400) == CAUSE_NONE)
			while (gw_cut_next(&cut, slot, &piece))
				n++;
		ck_assert_uint_le(n, GW_PIECES_MAX);
	}
}
END_TEST

/* A partial checksum lies in the transport header; whoever says else would have us write into the
 * addresses. */
START_TEST(a_checksum_outside_the_transport_is_refused)
{
	for (unsigned version = 4; version <= 6; version += 2) {
		static uint8_t room[ROOM + BIG];
		struct spec s = spec_default(version, 50, 1000);
		size_t ip = version == 4 ? IP4_SIZE : IP6_SIZE;

		for (size_t start = 0; start < 200; start++) {
			uint8_t *bytes = room + ROOM;
			size_t len = super_make(&s, bytes);
			struct virtio_net_hdr h;
			struct gw_cut cut;

			memcpy(&h, bytes, sizeof h);
			h.csum_start = (uint16_t)start;
			h.csum_offset = 0;
			memcpy(bytes, &h, sizeof h);
			ck_assert_int_eq(gw_cut_start(&cut, bytes, len, 1400) == CAUSE_NONE,
			                 start >= ip && start + 2 <= len - GW_VNET_SIZE);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_tun");
	TCase *tc = tcase_create("gw_tun");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_checksum_outside_the_transport_is_refused);
	tcase_add_test(tc, sums_agree_with_a_slow_one);
	tcase_add_test(tc, streams_come_back);
	tcase_add_test(tc, flags_and_options_survive);
	tcase_add_test(tc, what_differs_is_not_joined);
	tcase_add_test(tc, flows_mix);
	tcase_add_test(tc, single_packets_get_their_sum);
	tcase_add_test(tc, mss_is_clamped);
	tcase_add_test(tc, nonsense_is_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
