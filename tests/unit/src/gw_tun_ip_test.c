/* Tests of what both directions need of an inner packet: its length, and the MSS clamp. */
#include "tests/unit/src/gw_tun_packet.h"

/* By its own header, whatever follows it; never more than there is. */
START_TEST(a_packet_is_as_long_as_it_says)
{
	uint8_t p[200];

	for (unsigned version = 4; version <= 6; version += 2) {
		struct spec s = spec_default(version, 30, 1000);
		size_t len = packet_make(&s, p);

		for (size_t there = 0; there <= sizeof p; there++)
			ck_assert_uint_eq(gw_ip_len(p, there), there >= len ? len : 0);
	}
}
END_TEST

START_TEST(what_is_no_ip_packet_has_no_length)
{
	uint8_t p[200];
	struct spec s = spec_default(4, 30, 1000);
	size_t len = packet_make(&s, p);

	for (unsigned first = 0; first < 256; first++) {
		p[0] = (uint8_t)first;
		/* A header shorter than 20 or longer than the packet is none. */
		if (first >> 4 == 4)
			ck_assert_uint_eq(gw_ip_len(p, sizeof p),
			                  (first & 15) >= 5 && (first & 15) * 4 <= len ? len : 0);
		else if (first >> 4 != 6)
			ck_assert_uint_eq(gw_ip_len(p, sizeof p), 0);
	}
	p[0] = 0x45;
	ls_put16(p + IP4_LEN, IP4_SIZE - 1);
	ck_assert_uint_eq(gw_ip_len(p, sizeof p), 0);
	ls_put16(p + IP4_LEN, IP4_SIZE);
	ck_assert_uint_eq(gw_ip_len(p, sizeof p), IP4_SIZE);
	ls_put16(p + IP4_LEN, 0xffff);
	ck_assert_uint_eq(gw_ip_len(p, sizeof p), 0);
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

/* A SYN or not, a fragment or not, with these options: whether it was left alone. */
static bool is_left_alone(unsigned version, uint8_t flags, bool fragment, const uint8_t *options,
                          size_t options_len, uint16_t mtu)
{
	struct spec s = spec_default(version, 0, 0);
	uint8_t p[200], before[200];

	s.flags = flags;
	memcpy(s.options, options, s.options_len = options_len);
	size_t len = packet_make(&s, p);
	if (fragment && version == 4)
		p[IP4_FRAGMENT + 1] = 1;
	else if (fragment)
		p[IP6_NEXT] = 44;
	memcpy(before, p, len);
	gw_mss_clamp(p, len, mtu);
	return memcmp(p, before, len) == 0;
}

START_TEST(other_packets_are_left_alone)
{
	static const uint8_t mss[4] = {2, 4, 0x05, 0xb4}, none[4] = {1, 1, 1, 1},
			     ended[8] = {0, 0, 0, 0, 2, 4, 0x05, 0xb4},
			     no_size[8] = {3, 0, 2, 4, 0x05, 0xb4, 1, 1},
			     too_long[8] = {3, 9, 2, 4, 0x05, 0xb4, 1, 1},
			     other_size[4] = {2, 3, 0x05, 1},
			     behind[8] = {3, 3, 7, 1, 2, 4, 0x05, 0xb4};

	for (unsigned version = 4; version <= 6; version += 2) {
		ck_assert(!is_left_alone(version, TCP_SYN, false, mss, 4, 1300));
		ck_assert(!is_left_alone(version, TCP_SYN | TCP_ACKED, false, mss, 4, 1300));
		ck_assert(!is_left_alone(version, TCP_SYN, false, behind, 8, 1300));
		ck_assert(is_left_alone(version, TCP_ACKED, false, mss, 4, 1300));
		ck_assert(is_left_alone(version, TCP_SYN, true, mss, 4, 1300));
		ck_assert(is_left_alone(version, TCP_SYN, false, none, 4, 1300));
		/* What follows the end of the options, or a damaged one, is none. */
		ck_assert(is_left_alone(version, TCP_SYN, false, ended, 8, 1300));
		ck_assert(is_left_alone(version, TCP_SYN, false, no_size, 8, 1300));
		ck_assert(is_left_alone(version, TCP_SYN, false, too_long, 8, 1300));
		ck_assert(is_left_alone(version, TCP_SYN, false, other_size, 4, 1300));
		/* No room for a segment at all. */
		ck_assert(
			is_left_alone(version, TCP_SYN, false, mss, 4,
		                      (uint16_t)((version == 4 ? IP4_SIZE : IP6_SIZE) + TCP_SIZE)));
	}
}
END_TEST

/* Whatever the options hold: nothing beyond the packet is read or written (for the sanitizers), and
 * the sum stays as right as it was. */
START_TEST(options_of_any_kind_are_survived)
{
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 5);

	for (unsigned i = 0; i < 20000; i++) {
		struct spec s = spec_default(i & 1 ? 6 : 4, 0, 0);
		size_t ip = i & 1 ? IP6_SIZE : IP4_SIZE;
		uint8_t p[200], *exact;

		s.flags = TCP_SYN;
		s.options_len = ls_random_below(&random, 11) * 4;
		for (size_t k = 0; k < s.options_len; k++)
			s.options[k] = (uint8_t)ls_random_below(&random, 6);
		size_t len = packet_make(&s, p);
		ls_put16(p + ip + TCP_SUM, (uint16_t)~transport_sum(p, len));
		exact = malloc(len);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, p, len);
		gw_mss_clamp(exact, len, 600);
		ck_assert_uint_eq(transport_sum(exact, len), 0xffff);
		free(exact);
	}
}
END_TEST

/* One for a flow, whatever its packets carry; and flows are spread, though only a port differs. */
START_TEST(a_flow_has_one_hash)
{
	uint8_t p[1200];

	for (unsigned version = 4; version <= 6; version += 2) {
		unsigned in[4] = {0};

		for (uint16_t port = 1; port <= 400; port++) {
			uint32_t hash = 0;

			for (size_t size = 0; size <= 1000; size += 500) {
				struct spec s = spec_default(version, size, 1000);
				size_t len, at;

				s.sequence = port * 77u + (uint32_t)size;
				len = packet_make(&s, p);
				at = version == 4 ? (size_t)IP4_SIZE : IP6_SIZE;
				ls_put16(p + at, port);
				if (size == 0)
					hash = gw_ip_hash(p, len);
				ck_assert_uint_eq(gw_ip_hash(p, len), hash);
				/* The headers alone, too. */
				ck_assert_uint_eq(gw_ip_hash(p, at + TCP_SIZE), hash);
			}
			in[hash % 4]++;
		}
		for (unsigned i = 0; i < 4; i++)
			ck_assert_uint_gt(in[i], 50);
	}
}
END_TEST

/* Pieces of one datagram stay together: only the first has ports. */
START_TEST(fragments_have_one_hash)
{
	uint8_t p[200];
	struct spec s = spec_default(4, 30, 1000);
	size_t len = packet_make(&s, p);
	uint32_t hash;

	ls_put16(p + IP4_FRAGMENT, 0x2000);
	hash = gw_ip_hash(p, len);
	ls_put16(p + IP4_FRAGMENT, 0x2010);
	memset(p + IP4_SIZE, 0xab, 8);
	ck_assert_uint_eq(gw_ip_hash(p, len), hash);
	ls_put16(p + IP4_FRAGMENT, 0x0020);
	ck_assert_uint_eq(gw_ip_hash(p, len), hash);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_tun_ip");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_packet_is_as_long_as_it_says);
	tcase_add_test(tc, what_is_no_ip_packet_has_no_length);
	tcase_add_test(tc, a_flow_has_one_hash);
	tcase_add_test(tc, fragments_have_one_hash);
	tcase_add_test(tc, mss_is_clamped);
	tcase_add_test(tc, other_packets_are_left_alone);
	tcase_add_test(tc, options_of_any_kind_are_survived);
	return run_cases("gw_tun_ip", tc);
}
