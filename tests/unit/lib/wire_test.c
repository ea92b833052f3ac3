/* Tests of the wire reader and writer: values, bounds, latching. */
#include "lib/wire.h"

#include "tests/unit/run.h"

#include <string.h>

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

START_TEST(values_are_big_endian)
{
	struct rd r = rd_make(bytes, sizeof(bytes));

	ck_assert_uint_eq(rd_u8(&r), 1);
	ck_assert_uint_eq(rd_u16(&r), 0x0203);
	ck_assert_mem_eq(rd_bytes(&r, 3), "\4\5\6", 3);
	ck_assert_uint_eq(rd_u32(&r), 0x0708090a);
	ck_assert_uint_eq(rd_u64(&r), 0x0b0c0d0e0f101112);
	ck_assert(rd_end(&r));
	ck_assert_uint_eq(rd_left(&r), 0);
	ck_assert_uint_eq(ls_get16(bytes), 0x0102);
	ck_assert_uint_eq(ls_get32(bytes), 0x01020304);
	ck_assert_uint_eq(ls_get64(bytes), 0x0102030405060708);
}
END_TEST

/* Each read at each length: it works or latches, and touches nothing beyond (a sanitizer watches).
 */
START_TEST(short_input_latches)
{
	static const size_t need[] = {1, 2, 4, 8};

	for (unsigned kind = 0; kind < 4; kind++)
		for (size_t len = 0; len <= 9; len++) {
			uint8_t *exact = malloc(len + (len == 0));
			struct rd r = rd_make(exact, len);
			uint64_t v;

			memset(exact, 0xff, len);
			v = kind == 0   ? rd_u8(&r)
			    : kind == 1 ? rd_u16(&r)
			    : kind == 2 ? rd_u32(&r)
			                : rd_u64(&r);
			ck_assert_int_eq(rd_ok(&r), len >= need[kind]);
			if (len >= need[kind]) {
				ck_assert_uint_eq(v, need[kind] == 8
				                             ? UINT64_MAX
				                             : (1ull << (8 * need[kind])) - 1);
				ck_assert_uint_eq(rd_left(&r), len - need[kind]);
			} else {
				ck_assert_uint_eq(v, 0);
				ck_assert_uint_eq(rd_u8(&r), 0);
				ck_assert_uint_eq(rd_left(&r), 0);
				ck_assert(!rd_end(&r));
			}
			free(exact);
		}
}
END_TEST

START_TEST(stretches)
{
	struct rd r = rd_make(bytes, sizeof(bytes)), sub, none;
	uint8_t copy[8];

	ck_assert_ptr_eq(rd_bytes(&r, 3), bytes);
	ck_assert_ptr_nonnull(rd_bytes(&r, 0));
	rd_skip(&r, 1);
	sub = rd_sub(&r, 4);
	ck_assert_uint_eq(rd_u32(&sub), 0x05060708);
	ck_assert(rd_end(&sub));
	rd_copy(&r, copy, 2);
	ck_assert_uint_eq(copy[1], 10);
	sub = rd_sub(&r, 100);
	ck_assert(!rd_ok(&sub) && !rd_ok(&r));
	memset(copy, 0xee, sizeof(copy));
	rd_copy(&r, copy, 8);
	ck_assert_uint_eq(copy[0] | copy[7], 0);
	ck_assert_ptr_null(rd_bytes(&r, 0));
	none = rd_make(NULL, 0);
	ck_assert_ptr_nonnull(rd_bytes(&none, 0));
	ck_assert(rd_end(&none));
	r = rd_make(bytes, 4);
	rd_skip(&r, SIZE_MAX);
	ck_assert(!rd_ok(&r));
}
END_TEST

START_TEST(writer_writes_what_reader_reads)
{
	uint8_t buffer[64];
	struct wr w = wr_make(buffer, sizeof(buffer));
	struct rd r;
	size_t at;
	uint8_t *room;

	wr_u8(&w, 1);
	at = w.len;
	wr_u16(&w, 0);
	wr_u32(&w, 0x06070809);
	wr_u64(&w, 0x0a0b0c0d0e0f1011);
	wr_bytes(&w, "xy", 2);
	wr_zero(&w, 2);
	room = wr_room(&w, 2);
	memcpy(room, "ab", 2);
	wr_patch_u16(&w, at, 0xbeef);
	wr_patch_u8(&w, 0, 9);
	ck_assert(wr_ok(&w));
	r = rd_make(buffer, w.len);
	ck_assert_uint_eq(rd_u8(&r), 9);
	ck_assert_uint_eq(rd_u16(&r), 0xbeef);
	ck_assert_uint_eq(rd_u32(&r), 0x06070809);
	ck_assert_uint_eq(rd_u64(&r), 0x0a0b0c0d0e0f1011);
	ck_assert_mem_eq(rd_bytes(&r, 6), "xy\0\0ab", 6);
	ck_assert(rd_end(&r));
}
END_TEST

START_TEST(full_buffers_latch)
{
	for (size_t cap = 0; cap < 8; cap++) {
		uint8_t *exact = malloc(cap + (cap == 0));
		struct wr w = wr_make(exact, cap);

		wr_u64(&w, 1);
		ck_assert(!wr_ok(&w));
		ck_assert_uint_eq(w.len, 0);
		wr_u8(&w, 1);
		ck_assert_uint_eq(w.len, 0);
		ck_assert_ptr_null(wr_room(&w, 0));
		free(exact);
	}
}
END_TEST

START_TEST(patches_stay_inside)
{
	uint8_t buffer[16];
	struct wr w = wr_make(buffer, sizeof(buffer));

	wr_u32(&w, 0);
	wr_patch_u32(&w, 0, 7);
	ck_assert(wr_ok(&w));
	wr_patch_u32(&w, 1, 7);
	ck_assert(!wr_ok(&w));
	w = wr_make(buffer, sizeof(buffer));
	wr_patch_u8(&w, 0, 1);
	ck_assert(!wr_ok(&w));
}
END_TEST

START_TEST(text_for_people)
{
	const uint8_t said[] = {'a', 0, 0x1b, ' ', '~', 0x7f, 0xc3, 'z'};
	struct rd r = rd_make(said, sizeof said), none = rd_make(said, 0);
	char out[16], small[4];

	rd_printable(&r, out, sizeof out);
	ck_assert_str_eq(out, "a?? ~??z");
	ck_assert(rd_end(&r));
	r = rd_make(said, sizeof said);
	rd_printable(&r, small, sizeof small);
	ck_assert_str_eq(small, "a??");
	ck_assert_uint_eq(rd_left(&r), sizeof said - 3);
	rd_printable(&none, out, sizeof out);
	ck_assert_str_eq(out, "");
	none.bad = true;
	rd_printable(&none, out, sizeof out);
	ck_assert_str_eq(out, "");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, text_for_people);
	tcase_add_test(tc, values_are_big_endian);
	tcase_add_test(tc, short_input_latches);
	tcase_add_test(tc, stretches);
	tcase_add_test(tc, writer_writes_what_reader_reads);
	tcase_add_test(tc, full_buffers_latch);
	tcase_add_test(tc, patches_stay_inside);
	return run_cases("wire", tc);
}
