/* Tests of cutting: each piece is the packet that a sender would have made itself, and what a
 * device cannot mean is refused. */
#include "tests/unit/src/gw_tun_packet.h"

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
		ck_assert(!s->udp || ls_get16(ps->packet[i] + ip + UDP_SUM) != 0);
		memcpy(want + sum_at(s), ps->packet[i] + sum_at(s), 2);
		ck_assert_mem_eq(want, ps->packet[i], len);
		done += one.payload;
	}
	ck_assert_uint_eq(done, s->payload);
}

static void is_cut_well(const struct spec *s)
{
	uint8_t *bytes = big_room();
	struct pieces ps;

	cut_all(bytes + ROOM, super_make(s, bytes + ROOM), &ps);
	check_pieces(s, &ps);
	ck_assert_uint_eq(ps.n, s->payload <= s->mss ? 1 : (s->payload + s->mss - 1) / s->mss);
	pieces_free(&ps);
	free(bytes);
}

/* Sequence numbers come round in each of these, and the IP identification in some. */
START_TEST(streams_are_cut_at_the_mss)
{
	static const size_t payloads[] = {1, 99, 100, 101, 1350, 1351, 2700, 2701, 20001, 63999};
	static const size_t sizes[] = {536, 1000, 1001, 1350, 1448};

	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
			for (unsigned version = 4; version <= 6; version += 2) {
				struct spec s = spec_default(version, payloads[i], sizes[k]);

				s.id = 0xfffe;
				is_cut_well(&s);
			}
}
END_TEST

/* FIN and PSH to the last, CWR to the first, all others and the options to each. */
START_TEST(flags_go_where_they_belong)
{
	static const uint8_t timestamps[12] = {1, 1, 8, 10, 0, 0, 1, 2, 3, 4, 5, 6};

	for (unsigned version = 4; version <= 6; version += 2)
		for (unsigned flags = 0; flags < 256; flags++) {
			struct spec s = spec_default(version, 5000, 1400);

			if (flags & TCP_SYN)
				continue;
			s.flags = (uint8_t)flags;
			is_cut_well(&s);
			memcpy(s.options, timestamps, s.options_len = sizeof timestamps);
			is_cut_well(&s);
		}
}
END_TEST

/* What a super-packet's header says, changed at will; the verdict. */
static enum ls_cause start_with(const struct spec *s, struct virtio_net_hdr *change, size_t shorter)
{
	uint8_t *bytes = big_room();
	struct virtio_net_hdr h;
	struct gw_cut cut;
	enum ls_cause cause;
	size_t len = super_make(s, bytes + ROOM);

	memcpy(&h, bytes + ROOM, sizeof h);
	if (change->gso_type != 0xff)
		h.gso_type = change->gso_type;
	if (change->gso_size != 0xffff)
		h.gso_size = change->gso_size;
	if (change->csum_start != 0xffff)
		h.csum_start = change->csum_start;
	memcpy(bytes + ROOM, &h, sizeof h);
	cause = gw_cut_start(&cut, bytes + ROOM, len - shorter, 1400);
	free(bytes);
	return cause;
}

START_TEST(what_cannot_be_a_super_packet_is_refused)
{
	const struct virtio_net_hdr as_it_is = {
		.gso_type = 0xff, .gso_size = 0xffff, .csum_start = 0xffff};

	for (unsigned version = 4; version <= 6; version += 2) {
		struct spec s = spec_default(version, GW_PIECES_MAX * 30, 30);
		uint16_t ip = version == 4 ? IP4_SIZE : IP6_SIZE;
		struct virtio_net_hdr h = as_it_is;

		/* As many pieces as may be, and one more. */
		ck_assert_int_eq(start_with(&s, &h, 0), CAUSE_NONE);
		s.payload++;
		ck_assert_int_eq(start_with(&s, &h, 0), CAUSE_GW_TUN_FORMAT);
		s = spec_default(version, 3000, 1000);
		ck_assert_int_eq(start_with(&s, &h, 0), CAUSE_NONE);
		/* Less than its IP header says. */
		ck_assert_int_eq(start_with(&s, &h, 1), CAUSE_GW_TUN_FORMAT);
		h.gso_size = 0;
		ck_assert_int_eq(start_with(&s, &h, 0), CAUSE_GW_TUN_FORMAT);
		h = as_it_is;
		for (unsigned type = 1; type < 128; type++) {
			h.gso_type = (uint8_t)type;
			ck_assert_int_eq(start_with(&s, &h, 0),
			                 type == VIRTIO_NET_HDR_GSO_TCPV4 ||
			                                 type == VIRTIO_NET_HDR_GSO_TCPV6 ||
			                                 type == GW_VNET_UDP_L4
			                         ? CAUSE_NONE
			                         : CAUSE_GW_TUN_FORMAT);
		}
		h = as_it_is;
		h.csum_start = (uint16_t)(ip - 1);
		ck_assert_int_eq(start_with(&s, &h, 0), CAUSE_GW_TUN_FORMAT);
		h.csum_start = 3000;
		ck_assert_int_eq(start_with(&s, &h, 0), CAUSE_GW_TUN_FORMAT);
		h.csum_start = 0xfffe;
		ck_assert_int_eq(start_with(&s, &h, 0), CAUSE_GW_TUN_FORMAT);
	}
}
END_TEST

START_TEST(nothing_behind_the_virtio_header_is_no_packet)
{
	uint8_t bytes[GW_HEADROOM + GW_VNET_SIZE + 60] = {0};
	struct gw_cut cut;

	for (size_t len = 0; len <= GW_VNET_SIZE; len++)
		ck_assert_int_eq(gw_cut_start(&cut, bytes + GW_HEADROOM, len, 1400),
		                 CAUSE_GW_TUN_FORMAT);
	/* Neither IPv4 nor IPv6. */
	for (unsigned version = 0; version < 16; version++) {
		bytes[GW_HEADROOM + GW_VNET_SIZE] = (uint8_t)(version << 4 | 5);
		bytes[GW_HEADROOM + GW_VNET_SIZE + 3] = 60;
		ck_assert_int_eq(
			gw_cut_start(&cut, bytes + GW_HEADROOM, sizeof bytes - GW_HEADROOM, 1400),
			version == 4 || version == 6 ? CAUSE_NONE : CAUSE_GW_TUN_FORMAT);
		bytes[GW_HEADROOM + GW_VNET_SIZE + 3] = 60;
	}
}
END_TEST

/* UDP with UDP_SEGMENT: each piece a datagram with its own length, checksum and IPv4 id. */
START_TEST(udp_super_packets_become_datagrams)
{
	static const size_t payloads[] = {2, 3, 9, 1000, 1001, 2500, 2501, 60000, 65000};
	static const size_t sizes[] = {1, 2, 8, 999, 1000, 1400, 1472};

	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
			for (unsigned version = 4; version <= 6; version += 2) {
				struct spec s = spec_default(version, payloads[i], sizes[k]);

				if (payloads[i] / sizes[k] > 128)
					continue;
				s.udp = true;
				s.id = 0xffff;
				is_cut_well(&s);
			}
}
END_TEST

/* TCP with so small an MSS as the kernel takes from a peer at most. */
START_TEST(small_segments_are_no_reason_to_drop)
{
	struct spec s = spec_default(4, 65535 - IP4_SIZE - TCP_SIZE, 36);

	is_cut_well(&s);
}
END_TEST

/* The checksum counts where the packet goes in the end; who made it knows, we do not look. */
START_TEST(a_routing_header_is_in_the_partial_sum)
{
	enum { ROUTING = 24, PAYLOAD = 2500 };
	uint8_t *bytes = big_room(), *p = bytes + ROOM + GW_VNET_SIZE, last[16];
	struct spec s = spec_default(6, PAYLOAD, 1000);
	size_t len = super_make(&s, bytes + ROOM);
	struct virtio_net_hdr h;
	struct pieces ps;
	uint64_t sum;

	memset(last, 0x77, sizeof last);
	memmove(p + IP6_SIZE + ROUTING, p + IP6_SIZE, len - GW_VNET_SIZE - IP6_SIZE);
	memset(p + IP6_SIZE, 0, ROUTING);
	p[IP6_NEXT] = 43;
	p[IP6_SIZE] = IP_TCP;
	p[IP6_SIZE + 1] = 2;
	p[IP6_SIZE + 2] = 2;
	p[IP6_SIZE + 3] = 1;
	memcpy(p + IP6_SIZE + 8, last, sizeof last);
	ls_put16(p + IP6_LEN, (uint16_t)(ls_get16(p + IP6_LEN) + ROUTING));
	/* The pseudo header's sum, with the last address in place of the next. */
	sum = ls_sum_bytes(p + IP6_FROM, 16) + ls_sum_bytes(last, 16) + IP_TCP;
	ls_put16(p + IP6_SIZE + ROUTING + TCP_SUM, ls_sum_fold(sum + TCP_SIZE + PAYLOAD));
	memcpy(&h, bytes + ROOM, sizeof h);
	h.csum_start += ROUTING;
	h.hdr_len += ROUTING;
	memcpy(bytes + ROOM, &h, sizeof h);
	cut_all(bytes + ROOM, len + ROUTING, &ps);
	ck_assert_uint_eq(ps.n, 3);
	for (unsigned i = 0; i < ps.n; i++) {
		size_t tcp = ps.len[i] - IP6_SIZE - ROUTING;

		ck_assert_uint_eq(gw_ip_len(ps.packet[i], ps.len[i]), ps.len[i]);
		ck_assert_uint_eq(ls_sum_fold(sum + tcp +
		                              ls_sum_bytes(ps.packet[i] + IP6_SIZE + ROUTING, tcp)),
		                  0xffff);
	}
	pieces_free(&ps);
	free(bytes);
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
	TCase *tc = tcase_create("gw_tun_cut");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, streams_are_cut_at_the_mss);
	tcase_add_test(tc, flags_go_where_they_belong);
	tcase_add_test(tc, udp_super_packets_become_datagrams);
	tcase_add_test(tc, small_segments_are_no_reason_to_drop);
	tcase_add_test(tc, a_routing_header_is_in_the_partial_sum);
	tcase_add_test(tc, single_packets_get_their_sum);
	tcase_add_test(tc, what_cannot_be_a_super_packet_is_refused);
	tcase_add_test(tc, nothing_behind_the_virtio_header_is_no_packet);
	tcase_add_test(tc, nonsense_is_refused);
	tcase_add_test(tc, a_checksum_outside_the_transport_is_refused);
	return run_cases("gw_tun_cut", tc);
}
