/* Tests of the table of causes: order, sentences, look-ups, counters. */
#include "lib/cause.h"

#include "tests/unit/run.h"

#include <ctype.h>
#include <string.h>

START_TEST(rows_are_in_order_and_whole)
{
	size_t count;
	const struct ls_cause_info *rows = ls_cause_all(&count);

	ck_assert_uint_eq(rows[0].number, CAUSE_NONE);
	ck_assert_uint_eq(rows[1].number, CAUSE_INTERNAL);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(rows[i].sentence);

		ck_assert_msg(i == 0 || rows[i].number > rows[i - 1].number, "%s", rows[i].name);
		ck_assert_uint_lt(rows[i].number, LS_CAUSE_LIMIT);
		ck_assert_msg(len > 10 && rows[i].sentence[len - 1] != '.', "%s", rows[i].name);
		ck_assert_ptr_nonnull(rows[i].hint);
		ck_assert_ptr_eq(ls_cause_info(rows[i].number), &rows[i]);
		for (const char *c = rows[i].name; *c; c++)
			ck_assert(isupper(*c) || isdigit(*c) || *c == '_');
	}
}
END_TEST

START_TEST(unknown_ones)
{
	ck_assert_uint_eq(ls_cause_info(99)->number, CAUSE_INTERNAL);
	ck_assert_uint_eq(ls_cause_info(UINT32_MAX)->number, CAUSE_INTERNAL);
}
END_TEST

START_TEST(counters)
{
	static struct ls_counters c;

	ls_count(&c, CAUSE_ESP_ICV);
	ls_count(&c, CAUSE_ESP_ICV);
	ls_count(&c, (enum ls_cause)LS_CAUSE_LIMIT);
	ck_assert_uint_eq(c.by_cause[CAUSE_ESP_ICV], 2);
	ck_assert_uint_eq(c.by_cause[0], 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, rows_are_in_order_and_whole);
	tcase_add_test(tc, unknown_ones);
	tcase_add_test(tc, counters);
	return run_cases("cause", tc);
}
