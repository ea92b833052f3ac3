/* Tests of joining: what was cut and joined again is the same stream, and nothing that differs is
 * joined. */
#include "tests/unit/src/gw_tun_packet.h"

enum { BOTH = GW_JOIN_TCP | GW_JOIN_UDP };

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

static void round_trip(const struct spec *s, bool expect_join)
{
	uint8_t *bytes = big_room(), *again = big_room();
	struct written *w = calloc(1, sizeof *w);
	struct gw_join join;
	struct pieces ps, back;
	size_t len = super_make(s, bytes + ROOM);

	cut_all(bytes + ROOM, len, &ps);
	gw_join_init(&join, BOTH, 0xffff, written_add, w);
	for (unsigned i = 0; i < ps.n; i++)
		gw_join_add(&join, ps.packet[i], ps.len[i]);
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

START_TEST(datagrams_come_back)
{
	static const size_t payloads[] = {1, 2, 3, 99, 100, 2700, 2701, 20001, 63999};
	static const size_t sizes[] = {1, 2, 64, 1000, 1001, 1400};

	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
			for (unsigned version = 4; version <= 6; version += 2) {
				struct spec s = spec_default(version, payloads[i], sizes[k]);

				s.udp = true;
				if (payloads[i] / sizes[k] <= 128)
					round_trip(&s, true);
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
			ls_sum_ip4_set(p, IP4_SIZE);
		ls_put16(p + ip + TCP_SUM, (uint16_t)~transport_sum(p, len));
	}
	gw_join_init(&join, BOTH, 0xffff, written_add, w);
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

	gw_join_init(&join, BOTH, 0xffff, written_add, w);
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

/* n segments of this size in a row, as they come out of the tunnel; what became of them is in w. */
static void join_all(struct written *w, struct spec s, unsigned n, unsigned kinds)
{
	struct gw_join join;
	size_t stride = ROOM + 100 + s.payload;
	uint8_t *room = calloc(n, stride);

	ck_assert_ptr_nonnull(room);
	memset(w, 0, sizeof *w);
	gw_join_init(&join, kinds, 0xffff, written_add, w);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *p = room + i * stride + ROOM;
		size_t len = packet_make(&s, p);

		sum_make(&s, p, len);
		gw_join_add(&join, p, len);
		s.sequence += (uint32_t)s.payload;
		s.id++;
	}
	gw_join_flush(&join);
	gw_join_flush(&join);
	free(room);
}

static void join_segments(struct written *w, unsigned version, unsigned n, size_t size,
                          unsigned kinds)
{
	join_all(w, spec_default(version, size, size), n, kinds);
}

/* What the kernel is told of a joined packet (VIRTIO 1.2, 5.1.6.2). */
START_TEST(the_kernel_is_told_how_to_cut)
{
	enum { SEGMENTS = 7, SIZE = 500 };
	struct written *w = calloc(1, sizeof *w);

	for (unsigned version = 4; version <= 6; version += 2) {
		size_t ip = version == 4 ? IP4_SIZE : IP6_SIZE,
		       total = ip + TCP_SIZE + SEGMENTS * SIZE;
		const uint8_t *p = w->bytes + GW_VNET_SIZE;
		uint8_t partial[40 + TCP_SIZE + SEGMENTS * SIZE];
		struct virtio_net_hdr h;

		join_segments(w, version, SEGMENTS, SIZE, BOTH);
		ck_assert_uint_eq(w->n, 1);
		ck_assert_uint_eq(w->packets[0], SEGMENTS);
		ck_assert_uint_eq(w->len[0], GW_VNET_SIZE + total);
		memcpy(&h, w->bytes, sizeof h);
		ck_assert_uint_eq(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		ck_assert_uint_eq(h.gso_type, version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4
		                                           : VIRTIO_NET_HDR_GSO_TCPV6);
		ck_assert_uint_eq(h.hdr_len, ip + TCP_SIZE);
		ck_assert_uint_eq(h.gso_size, SIZE);
		ck_assert_uint_eq(h.csum_start, ip);
		ck_assert_uint_eq(h.csum_offset, TCP_SUM);
		ck_assert_uint_eq(gw_ip_len(p, total), total);
		if (version == 4)
			ck_assert_uint_eq(reference_sum(p, IP4_SIZE), 0xffff);
		/* The kernel sums from csum_start on, and puts the complement in the field. */
		memcpy(partial, p, total);
		ls_put16(partial + ip + TCP_SUM, (uint16_t)~reference_sum(p + ip, total - ip));
		ck_assert_uint_eq(transport_sum(partial, total), 0xffff);
	}
	free(w);
}
END_TEST

START_TEST(the_kernel_is_told_how_to_cut_datagrams)
{
	enum { SIZE = 50 };
	struct written *w = calloc(1, sizeof *w);

	for (unsigned version = 4; version <= 6; version += 2) {
		struct spec s = spec_default(version, SIZE, SIZE);
		size_t ip = version == 4 ? IP4_SIZE : IP6_SIZE, payload = 64 * SIZE;
		const uint8_t *p = w->bytes + GW_VNET_SIZE;
		struct virtio_net_hdr h;

		s.udp = true;
		join_all(w, s, 65, BOTH);
		/* No kernel takes more than 64 in one. */
		ck_assert_uint_eq(w->n, 2);
		ck_assert_uint_eq(w->packets[0], 64);
		memcpy(&h, w->bytes, sizeof h);
		ck_assert_uint_eq(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		ck_assert_uint_eq(h.gso_type, GW_VNET_UDP_L4);
		ck_assert_uint_eq(h.hdr_len, ip + UDP_SIZE);
		ck_assert_uint_eq(h.gso_size, SIZE);
		ck_assert_uint_eq(h.csum_start, ip);
		ck_assert_uint_eq(h.csum_offset, UDP_SUM);
		ck_assert_uint_eq(ls_get16(p + ip + UDP_LEN), UDP_SIZE + payload);
		ck_assert_uint_eq(
			ls_get16(p + ip + UDP_SUM),
			ls_sum_fold(ls_sum_pseudo(p, version, IP_UDP, UDP_SIZE + payload)));
	}
	free(w);
}
END_TEST

/* Each kind of packet is joined where that is wanted, and the other is not touched by it. */
START_TEST(a_kind_is_joined_where_it_may_be)
{
	struct written *w = calloc(1, sizeof *w);

	for (unsigned kinds = 0; kinds <= BOTH; kinds++)
		for (unsigned udp = 0; udp < 2; udp++) {
			struct spec s = spec_default(4, 100, 100);

			s.udp = udp;
			join_all(w, s, 3, kinds);
			ck_assert_uint_eq(w->n, kinds & (udp ? GW_JOIN_UDP : GW_JOIN_TCP) ? 1 : 3);
		}
	free(w);
}
END_TEST

/* Without a checksum there is none that the kernel could make again. */
START_TEST(datagrams_without_a_sum_stay_alone)
{
	struct written *w = calloc(1, sizeof *w);
	uint8_t room[3][ROOM + 100];
	struct spec s = spec_default(4, 40, 40);
	struct gw_join join;

	s.udp = true;
	gw_join_init(&join, BOTH, 0xffff, written_add, w);
	for (unsigned i = 0; i < 3; i++, s.id++)
		gw_join_add(&join, room[i] + ROOM, packet_make(&s, room[i] + ROOM));
	gw_join_flush(&join);
	ck_assert_uint_eq(w->n, 3);
	free(w);
}
END_TEST

/* What only its addresses say of which flow it is does not overtake what waits. */
START_TEST(fragments_keep_their_place)
{
	for (unsigned other = 0; other < 2; other++) {
		struct written *w = calloc(1, sizeof *w);
		uint8_t room[3][ROOM + 200];
		struct spec s = spec_default(4, 100, 100);
		struct gw_join join;

		gw_join_init(&join, BOTH, 0xffff, written_add, w);
		for (unsigned i = 0; i < 3; i++) {
			uint8_t *p = room[i] + ROOM;
			size_t len = packet_make(&s, p);

			sum_make(&s, p, len);
			if (i == 2) {
				ls_put16(p + IP4_FRAGMENT, 0x2000);
				p[IP4_FROM] ^= (uint8_t)other;
			}
			gw_join_add(&join, p, len);
			s.sequence += 100;
			s.id++;
		}
		ck_assert_uint_eq(w->n, other ? 1 : 2);
		gw_join_flush(&join);
		ck_assert_uint_eq(w->n, 2);
		ck_assert_uint_eq(w->packets[!other], 1);
		free(w);
	}
}
END_TEST

/* By number of segments and by bytes. */
START_TEST(a_joined_packet_has_bounds)
{
	struct written *w = calloc(1, sizeof *w);

	join_segments(w, 4, GW_JOIN_SEGMENTS, 100, BOTH);
	ck_assert_uint_eq(w->n, 1);
	join_segments(w, 4, GW_JOIN_SEGMENTS + 1, 100, BOTH);
	ck_assert_uint_eq(w->n, 2);
	ck_assert_uint_eq(w->packets[0], GW_JOIN_SEGMENTS);
	ck_assert_uint_eq(w->packets[1], 1);
	join_segments(w, 6, 60, 1400, BOTH);
	ck_assert_uint_eq(w->n, 2);
	ck_assert_uint_le(w->len[0], GW_VNET_SIZE + GW_TUN_PACKET_MAX);
	ck_assert_uint_ge(w->len[0], 63000);
	ck_assert_uint_eq(w->packets[0] + w->packets[1], 60);
	free(w);
}
END_TEST

/* A device without offloads takes packets one by one, with nothing left to do. */
START_TEST(without_offloads_nothing_is_joined)
{
	static const uint8_t nothing[GW_VNET_SIZE];
	struct written *w = calloc(1, sizeof *w);

	join_segments(w, 4, 20, 700, 0);
	ck_assert_uint_eq(w->n, 20);
	for (unsigned i = 0; i < w->n; i++) {
		ck_assert_mem_eq(w->bytes + w->at[i], nothing, GW_VNET_SIZE);
		ck_assert_uint_eq(
			transport_sum(w->bytes + w->at[i] + GW_VNET_SIZE, w->len[i] - GW_VNET_SIZE),
			0xffff);
	}
	free(w);
}
END_TEST

/* What is no TCP of the plain kind goes at once, bit for bit; the flow that waits is not touched.
 */
START_TEST(other_packets_pass_as_they_are)
{
	struct written *w = calloc(1, sizeof *w);

	for (unsigned kind = 0; kind < 4; kind++) {
		struct spec s = spec_default(4, 300, 300);
		uint8_t room[ROOM + 400], before[400], *p = room + ROOM;
		size_t len = packet_make(&s, p);
		struct gw_join join;

		memset(w, 0, sizeof *w);
		if (kind == 0)
			p[IP4_PROTOCOL] = IP_UDP;
		else if (kind == 1)
			p[IP4_FRAGMENT] = 0x20;
		else if (kind == 2)
			p[0] = 0x46;
		else
			p[IP4_SIZE + TCP_OFFSET] = 0x40;
		memcpy(before, p, len);
		gw_join_init(&join, BOTH, 1400, written_add, w);
		gw_join_add(&join, p, len);
		ck_assert_uint_eq(w->n, 1);
		ck_assert_mem_eq(w->bytes + GW_VNET_SIZE, before, len);
		gw_join_flush(&join);
		ck_assert_uint_eq(w->n, 1);
	}
	free(w);
}
END_TEST

START_TEST(a_syn_out_of_the_tunnel_is_clamped)
{
	static const uint8_t option[4] = {2, 4, 0x05, 0xb4};
	struct written *w = calloc(1, sizeof *w);
	struct spec s = spec_default(4, 0, 0);
	uint8_t room[ROOM + 100], *p = room + ROOM;
	struct gw_join join;

	s.flags = TCP_SYN;
	memcpy(s.options, option, s.options_len = sizeof option);
	size_t len = packet_make(&s, p);
	ls_put16(p + IP4_SIZE + TCP_SUM, (uint16_t)~transport_sum(p, len));
	gw_join_init(&join, BOTH, 1380, written_add, w);
	gw_join_add(&join, p, len);
	ck_assert_uint_eq(w->n, 1);
	ck_assert_uint_eq(ls_get16(w->bytes + GW_VNET_SIZE + IP4_SIZE + TCP_SIZE + 2), 1340);
	ck_assert_uint_eq(transport_sum(w->bytes + GW_VNET_SIZE, len), 0xffff);
	free(w);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_tun_join");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, streams_come_back);
	tcase_add_test(tc, datagrams_come_back);
	tcase_add_test(tc, the_kernel_is_told_how_to_cut_datagrams);
	tcase_add_test(tc, a_kind_is_joined_where_it_may_be);
	tcase_add_test(tc, datagrams_without_a_sum_stay_alone);
	tcase_add_test(tc, fragments_keep_their_place);
	tcase_add_test(tc, flags_and_options_survive);
	tcase_add_test(tc, what_differs_is_not_joined);
	tcase_add_test(tc, flows_mix);
	tcase_add_test(tc, the_kernel_is_told_how_to_cut);
	tcase_add_test(tc, a_joined_packet_has_bounds);
	tcase_add_test(tc, without_offloads_nothing_is_joined);
	tcase_add_test(tc, other_packets_pass_as_they_are);
	tcase_add_test(tc, a_syn_out_of_the_tunnel_is_clamped);
	return run_cases("gw_tun_join", tc);
}
