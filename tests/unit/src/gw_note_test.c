/* Tests of the notes of a lane: they come as they were left, and what has no room is not left. */
#include "src/gateway/gw_note.h"

#include "src/gateway/gw_tun.h"
#include "tests/unit/run.h"

#include <string.h>

static struct gw_notes notes;

static void set_up(void)
{
	ck_assert(gw_notes_init(&notes));
}

static void tear_down(void)
{
	gw_notes_free(&notes);
}

START_TEST(they_come_in_order_and_whole)
{
	uint8_t bytes[300];
	const struct gw_note *n;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 100; i++) {
			memset(bytes, (int)i, sizeof bytes);
			ck_assert(gw_notes_add(&notes, &(struct gw_note){.kind = GW_NOTE_PPP,
			                                                 .session = (uint16_t)i,
			                                                 .bytes = bytes,
			                                                 .len = 3 * i}));
		}
		for (unsigned i = 0; i < 100; i++) {
			n = gw_notes_next(&notes);
			ck_assert_ptr_nonnull(n);
			ck_assert_int_eq(n->kind, GW_NOTE_PPP);
			ck_assert_uint_eq(n->session, i);
			ck_assert_uint_eq(n->len, 3 * i);
			memset(bytes, (int)i, sizeof bytes);
			ck_assert_int_eq(memcmp(n->bytes, bytes, n->len), 0);
			/* Room for what the packet path puts before it. */
			memset(n->bytes - GW_HEADROOM, 0xee, GW_HEADROOM);
		}
		ck_assert_ptr_null(gw_notes_next(&notes));
	}
}
END_TEST

START_TEST(no_more_than_there_is_room_for)
{
	static uint8_t bytes[65536];
	unsigned n = 0;

	while (gw_notes_add(&notes, &(struct gw_note){.bytes = bytes, .len = sizeof bytes}))
		n++;
	ck_assert_uint_eq(n, GW_NOTES_BYTES / sizeof bytes - 1);
	ck_assert(gw_notes_add(&notes, &(struct gw_note){.len = 0}));
	for (unsigned i = 0; i <= n; i++)
		ck_assert_ptr_nonnull(gw_notes_next(&notes));
	ck_assert_ptr_null(gw_notes_next(&notes));
	ck_assert(gw_notes_add(&notes, &(struct gw_note){.bytes = bytes, .len = sizeof bytes}));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_note");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, they_come_in_order_and_whole);
	tcase_add_test(tc, no_more_than_there_is_room_for);
	return run_cases("gw_note", tc);
}
