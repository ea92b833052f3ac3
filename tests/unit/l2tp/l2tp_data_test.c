/* Tests of data messages: headers that we write, and any legal one that a peer may. */
#include "l2tp/l2tp.h"
#include "tests/unit/run.h"

#include <string.h>

START_TEST(test_data_headers)
{
	for (unsigned form = 0; form < 4; form++) {
		const struct l2tp_data d = {.peer_connection = 0x1122,
		                            .peer_session = 0x3344,
		                            .sequencing = (form & 1) != 0,
		                            .length_bit = (form & 2) != 0};
		uint8_t bytes[L2TP_DATA_HEADER_MAX + 5] = {0};
		size_t n = l2tp_data_header(&d, 0xfffe, 5, bytes);
		struct l2tp_data_in in;

		ck_assert_uint_eq(n, 6u + (form & 1 ? 4u : 0u) + (form & 2 ? 2u : 0u));
		ck_assert_int_eq(l2tp_data_parse(bytes, n + 5, &in), CAUSE_NONE);
		ck_assert_uint_eq(in.connection, 0x1122);
		ck_assert_uint_eq(in.session, 0x3344);
		ck_assert_uint_eq(in.ppp_offset, n);
		ck_assert_uint_eq(in.ppp_len, 5);
		ck_assert(in.has_ns == d.sequencing);
		ck_assert_uint_eq(in.ns, d.sequencing ? 0xfffe : 0);
		for (size_t len = 0; len < n; len++)
			ck_assert_int_ne(l2tp_data_parse(bytes, len, &in), CAUSE_NONE);
	}
}
END_TEST

START_TEST(test_data_offset)
{
	const uint8_t good[] = {0x02, 0x02, 0, 1, 0, 2, 0, 3, 9, 9, 9, 0xc0, 0x21};
	const uint8_t far_out[] = {0x02, 0x02, 0, 1, 0, 2, 0, 9, 9, 9, 9, 0xc0, 0x21};
	const uint8_t version_1[] = {0x00, 0x01, 0, 1, 0, 2, 0xc0, 0x21};
	struct l2tp_data_in in;

	ck_assert_int_eq(l2tp_data_parse(good, sizeof good, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.ppp_offset, 11);
	ck_assert_uint_eq(in.ppp_len, 2);
	ck_assert_int_eq(l2tp_data_parse(far_out, sizeof far_out, &in), CAUSE_L2TP_DATA_SHORT);
	ck_assert_int_eq(l2tp_data_parse(version_1, sizeof version_1, &in),
	                 CAUSE_L2TP_DATA_VERSION);
}
END_TEST

static void parse(const uint8_t *bytes, size_t len)
{
	/* Just as long as it says, so that a sanitizer sees a step too far. */
	uint8_t *copy = malloc(len ? len : 1);
	struct l2tp_data_in in;

	memcpy(copy, bytes, len);
	if (l2tp_data_parse(copy, len, &in) == CAUSE_NONE) {
		ck_assert(!l2tp_is_control(copy, len));
		ck_assert_uint_ge(in.ppp_offset, 6);
		ck_assert_uint_le((size_t)in.ppp_offset + in.ppp_len, len);
	}
	free(copy);
}

START_TEST(every_data_header)
{
	/* L, S, O and P each with and without; the offset is two bytes of padding. */
	const unsigned form = (unsigned)_i;
	uint8_t bytes[64] = {0};
	struct wr w = wr_make(bytes, sizeof bytes);
	struct l2tp_data_in in;

	wr_u16(&w, (uint16_t)(2 | (form & 1 ? 0x4000 : 0) | (form & 2 ? 0x0800 : 0) |
	                      (form & 4 ? 0x0200 : 0) | (form & 8 ? 0x0100 : 0)));
	if (form & 1)
		wr_u16(&w, 0);
	wr_u32(&w, 0x11223344);
	if (form & 2)
		wr_u32(&w, 0x00050006);
	if (form & 4)
		wr_u32(&w, 0x00020000);
	size_t header = w.len;
	wr_bytes(&w, "\xff\x03\x00\x21payload", 11);
	if (form & 1)
		wr_patch_u16(&w, 2, (uint16_t)w.len);
	ck_assert_int_eq(l2tp_data_parse(bytes, w.len, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.ppp_offset, header);
	ck_assert_uint_eq(in.ppp_len, 11);
	ck_assert_uint_eq(in.connection, 0x1122);
	ck_assert_uint_eq(in.session, 0x3344);
	for (size_t bit = 0; bit < w.len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		parse(bytes, w.len);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < w.len; cut++) {
		parse(bytes, cut);
		if (cut < header || form & 1)
			ck_assert_int_ne(l2tp_data_parse(bytes, cut, &in), CAUSE_NONE);
	}
}
END_TEST

START_TEST(headers_byte_by_byte)
{
	static const struct {
		bool length_bit, sequencing;
		size_t len;
		uint8_t bytes[12];
	} want[] = {
		{false, false, 6, {0x00, 0x02, 0x11, 0x22, 0x33, 0x44}},
		{true, false, 8, {0x40, 0x02, 0, 8 + 5, 0x11, 0x22, 0x33, 0x44}},
		{false, true, 10, {0x08, 0x02, 0x11, 0x22, 0x33, 0x44, 0xff, 0xfe, 0, 0}},
		{true, true, 12, {0x48, 0x02, 0, 12 + 5, 0x11, 0x22, 0x33, 0x44, 0xff, 0xfe, 0, 0}},
	};

	for (unsigned i = 0; i < sizeof want / sizeof want[0]; i++) {
		const struct l2tp_data d = {.session = 1,
		                            .connection = 2,
		                            .peer_connection = 0x1122,
		                            .peer_session = 0x3344,
		                            .sequencing = want[i].sequencing,
		                            .length_bit = want[i].length_bit};
		uint8_t bytes[L2TP_DATA_HEADER_MAX];

		memset(bytes, 0xee, sizeof bytes);
		ck_assert_uint_eq(l2tp_data_header(&d, 0xfffe, 5, bytes), want[i].len);
		ck_assert_mem_eq(bytes, want[i].bytes, want[i].len);
		ck_assert_uint_eq(bytes[want[i].len], 0xee);
	}
}
END_TEST

/* What the L field says counts: less than the header is nonsense, what is behind is padding. */
START_TEST(the_length_field_bounds_the_message)
{
	uint8_t bytes[] = {0x40, 0x02, 0, 0, 0, 1, 0, 2, 0xc0, 0x21, 9, 9};
	struct l2tp_data_in in;

	for (unsigned total = 0; total <= sizeof bytes + 1; total++) {
		bytes[3] = (uint8_t)total;
		if (total < 8 || total > sizeof bytes) {
			ck_assert_int_eq(l2tp_data_parse(bytes, sizeof bytes, &in),
			                 CAUSE_L2TP_DATA_SHORT);
			continue;
		}
		ck_assert_int_eq(l2tp_data_parse(bytes, sizeof bytes, &in), CAUSE_NONE);
		ck_assert_uint_eq(in.ppp_offset, 8);
		ck_assert_uint_eq(in.ppp_len, total - 8);
	}
}
END_TEST

/* The version is looked at before any flag; a control message is none of the data (3.1). */
START_TEST(only_version_2_is_data)
{
	uint8_t bytes[] = {0, 0, 0, 1, 0, 2, 0xc0, 0x21};
	struct l2tp_data_in in;

	for (unsigned flags = 0; flags < 0x10000; flags++) {
		enum ls_cause cause;

		ls_put16(bytes, (uint16_t)flags);
		cause = l2tp_data_parse(bytes, sizeof bytes, &in);
		if ((flags & 0xf) != 2 || (flags & 0x8000))
			ck_assert_int_eq(cause, CAUSE_L2TP_DATA_VERSION);
		else if (!(flags & 0x4a00)) /* no L, S, O: the rest is read past (3.1) */
			ck_assert_int_eq(cause, CAUSE_NONE);
		else
			ck_assert_int_ne(cause, CAUSE_L2TP_DATA_VERSION);
		ck_assert_int_eq(l2tp_is_control(bytes, sizeof bytes), (flags & 0x8000) != 0);
	}
	ck_assert(!l2tp_is_control(bytes, 0));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_data");

	tcase_add_test(tc, test_data_headers);
	tcase_add_test(tc, test_data_offset);
	tcase_add_loop_test(tc, every_data_header, 0, 16);
	tcase_add_test(tc, headers_byte_by_byte);
	tcase_add_test(tc, the_length_field_bounds_the_message);
	tcase_add_test(tc, only_version_2_is_data);
	return run_cases("l2tp_data", tc);
}
