/* Tests of the Internet checksum, against one that is too simple to be wrong. */
#include "tests/unit/src/gw_tun_packet.h"

START_TEST(sums_agree_with_a_slow_one)
{
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 1);
	uint8_t buffer[3000];

	ls_random_fill(&random, buffer, sizeof buffer);
	for (size_t len = 0; len < 700; len++)
		for (size_t at = 0; at < 5; at++)
			ck_assert_uint_eq(ls_sum_fold(ls_sum_bytes(buffer + at, len)) % 0xffff,
			                  reference_sum(buffer + at, len) % 0xffff);
	memset(buffer, 0xff, sizeof buffer);
	ck_assert_uint_eq(ls_sum_fold(ls_sum_bytes(buffer, sizeof buffer)), 0xffff);
}
END_TEST

/* A long packet at any offset in memory, of random length: both routines meet both. */
START_TEST(long_packets_agree_too)
{
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 3);
	uint8_t *bytes = big_room();

	ls_random_fill(&random, bytes, BIG);
	for (unsigned i = 0; i < 2000; i++) {
		size_t at = ls_random_below(&random, 67), len = ls_random_below(&random, 65536);

		ck_assert_uint_eq(ls_sum_fold(ls_sum_bytes(bytes + at, len)) % 0xffff,
		                  reference_sum(bytes + at, len) % 0xffff);
	}
	/* The greatest that there can be does not overflow. */
	memset(bytes, 0xff, BIG);
	ck_assert_uint_eq(ls_sum_fold(ls_sum_bytes(bytes, 65535)) % 0xffff, 0xff00);
	ck_assert_uint_eq(ls_sum_bytes(bytes, 0), 0);
	free(bytes);
}
END_TEST

/* Sums of stretches add up to that of the whole; one at an odd offset is turned round first. */
START_TEST(stretches_add_up)
{
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 4);
	uint8_t bytes[700];

	ls_random_fill(&random, bytes, sizeof bytes);
	for (size_t split = 0; split <= sizeof bytes; split++) {
		uint64_t second = ls_sum_bytes(bytes + split, sizeof bytes - split);

		if (split & 1)
			second = (second & 0xff) << 8 | second >> 8;
		ck_assert_uint_eq(ls_sum_fold(ls_sum_bytes(bytes, split) + second) % 0xffff,
		                  reference_sum(bytes, sizeof bytes) % 0xffff);
	}
}
END_TEST

/* RFC 1071 3: the example. */
START_TEST(the_example_of_the_rfc)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	ck_assert_uint_eq(ls_sum_fold(ls_sum_bytes(bytes, sizeof bytes)), 0xddf2);
}
END_TEST

START_TEST(folding_keeps_the_value)
{
	ck_assert_uint_eq(ls_sum_fold(0), 0);
	ck_assert_uint_eq(ls_sum_fold(0xffff), 0xffff);
	ck_assert_uint_eq(ls_sum_fold(0x10000), 1);
	ck_assert_uint_eq(ls_sum_fold(UINT64_MAX), 0xffff);
	for (uint64_t v = 1; v < UINT64_MAX / 3; v = v * 3 + 7)
		ck_assert_uint_eq(ls_sum_fold(v) % 0xffff, v % 0xffff);
}
END_TEST

/* Addresses, protocol and the length, which is of 32 bits in IPv6. */
START_TEST(pseudo_headers)
{
	uint8_t ip[IP6_SIZE], pseudo[40] = {0};
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 5);

	for (unsigned i = 0; i < 1000; i++) {
		size_t len = ls_random_below(&random, i & 1 ? 1 << 20 : 65536);
		uint8_t protocol = i & 2 ? IP_TCP : IP_UDP;

		ls_random_fill(&random, ip, sizeof ip);
		memset(pseudo, 0, sizeof pseudo);
		memcpy(pseudo, ip + 8, 32);
		ls_put32(pseudo + 32, (uint32_t)len);
		pseudo[39] = protocol;
		ck_assert_uint_eq(ls_sum_fold(ls_sum_pseudo(ip, 6, protocol, len)) % 0xffff,
		                  reference_sum(pseudo, 40) % 0xffff);
		if (len > 0xffff)
			continue;
		memset(pseudo, 0, sizeof pseudo);
		memcpy(pseudo, ip + 12, 8);
		pseudo[9] = protocol;
		ls_put16(pseudo + 10, (uint16_t)len);
		ck_assert_uint_eq(ls_sum_fold(ls_sum_pseudo(ip, 4, protocol, len)) % 0xffff,
		                  reference_sum(pseudo, 12) % 0xffff);
	}
}
END_TEST

/* A header whose checksum is known; each bit that turns is seen. */
START_TEST(ip4_headers)
{
	uint8_t ip[IP4_SIZE] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
	                        0,    0,    0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

	ls_put16(ip + IP4_SUM, 0x1234);
	ls_sum_ip4_set(ip, sizeof ip);
	ck_assert_uint_eq(ls_get16(ip + IP4_SUM), 0xb861);
	ck_assert(ls_sum_ip4_right(ip, sizeof ip));
	for (unsigned bit = 0; bit < 8 * sizeof ip; bit++) {
		ip[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(!ls_sum_ip4_right(ip, sizeof ip));
		ip[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

/* A word is changed and the checksum patched: as if it had been made anew. */
START_TEST(patches_are_as_good_as_new_sums)
{
	static const uint16_t edges[] = {0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff};
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 6);

	for (unsigned i = 0; i < 20000; i++) {
		uint8_t bytes[40];
		uint16_t before, after = i < 6 ? edges[i] : (uint16_t)ls_random_u32(&random);
		size_t at = 2 + 2 * ls_random_below(&random, 19);

		ls_random_fill(&random, bytes, sizeof bytes);
		if (i % 7 < 6)
			ls_put16(bytes + at, edges[i % 7]);
		before = ls_get16(bytes + at);
		/* The checksum is the first word. */
		ls_put16(bytes, 0);
		ls_put16(bytes, (uint16_t)~reference_sum(bytes, sizeof bytes));
		ls_put16(bytes + at, after);
		ls_sum_patch16(bytes, before, after);
		ck_assert_uint_eq(reference_sum(bytes, sizeof bytes), 0xffff);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sum");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, sums_agree_with_a_slow_one);
	tcase_add_test(tc, long_packets_agree_too);
	tcase_add_test(tc, stretches_add_up);
	tcase_add_test(tc, the_example_of_the_rfc);
	tcase_add_test(tc, folding_keeps_the_value);
	tcase_add_test(tc, pseudo_headers);
	tcase_add_test(tc, ip4_headers);
	tcase_add_test(tc, patches_are_as_good_as_new_sums);
	return run_cases("sum", tc);
}
