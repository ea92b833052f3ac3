/* Tests of the prefix of data frames: written by what the peer allows, read in each form. */
#include "ppp/ppp.h"
#include "tests/unit/run.h"

#include <string.h>

START_TEST(prefixes)
{
	static const struct {
		bool acfc, pfc;
		size_t len;
		uint8_t bytes[3];
	} rows[] = {{false, false, 4, {0xff, 3, 0}},
	            {true, false, 2, {0}},
	            {false, true, 3, {0xff, 3}},
	            {true, true, 1, {0}}};

	for (unsigned i = 0; i < 8; i++) {
		const struct ppp_link link = {.send_acfc = rows[i / 2].acfc,
		                              .send_pfc = rows[i / 2].pfc};
		unsigned version = i % 2 ? 6 : 4;
		uint8_t out[PPP_PREFIX_MAX + 1], last = version == 4 ? 0x21 : 0x57;
		size_t n, offset;
		uint16_t protocol;

		memset(out, 0xee, sizeof out);
		n = ppp_data_prefix(&link, version, out);
		ck_assert_uint_eq(n, rows[i / 2].len);
		ck_assert_mem_eq(out, rows[i / 2].bytes, n - 1);
		ck_assert_uint_eq(out[n - 1], last);
		ck_assert_uint_eq(out[n], 0xee);
		/* And each is read back. */
		ck_assert(ppp_data_parse(out, n, &protocol, &offset));
		ck_assert_uint_eq(protocol, last);
		ck_assert_uint_eq(offset, n);
	}
}
END_TEST

START_TEST(frames)
{
	static const struct {
		uint8_t len, bytes[5];
		uint16_t protocol; /* 0: refused */
		size_t offset;
	} rows[] = {
		{0, {0}, 0, 0},
		{1, {0xff}, 0xff, 1}, /* odd: a whole protocol, if an odd one */
		{1, {0x21}, 0x21, 1},
		{1, {0x00}, 0, 0},
		{2, {0xff, 0x03}, 0, 0},
		{3, {0xff, 0x03, 0xc0}, 0, 0},
		{3, {0xff, 0x03, 0x21}, 0x21, 3},
		{4, {0xff, 0x03, 0xc0, 0x21}, 0xc021, 4},
		{5, {0xff, 0x03, 0xc0, 0x21, 9}, 0xc021, 4},
		{2, {0xc2, 0x23}, 0xc223, 2},
		{3, {0xff, 0x13, 0x21}, 0xff, 1}, /* not the UI control byte */
	};

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		/* Just as long as it is, so that a sanitizer sees a step too far. */
		uint8_t *exact = malloc(rows[i].len ? rows[i].len : 1);
		uint16_t protocol = 0;
		size_t offset = 0;
		bool whole;

		memcpy(exact, rows[i].bytes, rows[i].len);
		whole = ppp_data_parse(exact, rows[i].len, &protocol, &offset);
		ck_assert_msg(whole == (rows[i].protocol != 0), "row %u", i);
		if (whole) {
			ck_assert_uint_eq(protocol, rows[i].protocol);
			ck_assert_uint_eq(offset, rows[i].offset);
		}
		free(exact);
	}
}
END_TEST

/* Every pair of first bytes: what is taken lies inside, and has an odd last byte or two bytes. */
START_TEST(every_beginning)
{
	for (unsigned first = 0; first < 0x10000; first++) {
		const uint8_t frame[] = {(uint8_t)(first >> 8), (uint8_t)first};
		uint16_t protocol;
		size_t offset;

		if (first == 0xff03) {
			ck_assert(!ppp_data_parse(frame, 2, &protocol, &offset));
			continue;
		}
		ck_assert(ppp_data_parse(frame, 2, &protocol, &offset));
		ck_assert_uint_eq(offset, frame[0] & 1 ? 1 : 2);
		ck_assert_uint_eq(protocol, frame[0] & 1 ? frame[0] : first);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_data");

	tcase_add_test(tc, prefixes);
	tcase_add_test(tc, frames);
	tcase_add_test(tc, every_beginning);
	return run_cases("ppp_data", tc);
}
