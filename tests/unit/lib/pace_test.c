/* Paces and seconds, at their borders. */
#include "lib/pace.h"

#include "tests/unit/run.h"

static const struct ls_pace pace = {.each = LS_S(3), .burst = 4};

START_TEST(a_burst_and_then_the_pace)
{
	ls_time until = 0, now = LS_S(100);

	for (unsigned i = 0; i < 4; i++) {
		ck_assert(!ls_pace_full(&pace, until, now));
		until = ls_pace_add(&pace, until, now);
	}
	ck_assert(ls_pace_full(&pace, until, now));
	ck_assert(ls_pace_full(&pace, until, now + LS_S(3) - 1));
	ck_assert(!ls_pace_full(&pace, until, now + LS_S(3)));
	until = ls_pace_add(&pace, until, now + LS_S(3));
	ck_assert(ls_pace_full(&pace, until, now + LS_S(3)));
}
END_TEST

START_TEST(a_rest_is_worth_one_burst_and_no_more)
{
	ls_time until = 0, now = LS_S(1000000);

	for (unsigned i = 0; !ls_pace_full(&pace, until, now); i++) {
		ck_assert_uint_lt(i, 4);
		until = ls_pace_add(&pace, until, now);
	}
	ck_assert_int_eq(until, now + 4 * LS_S(3));
}
END_TEST

START_TEST(one_at_a_time)
{
	const struct ls_pace single = {.each = LS_MS(200), .burst = 1};
	ls_time until = ls_pace_add(&single, 0, LS_S(1));

	ck_assert(ls_pace_full(&single, until, LS_S(1) + LS_MS(200) - 1));
	ck_assert(!ls_pace_full(&single, until, LS_S(1) + LS_MS(200)));
}
END_TEST

START_TEST(a_second_begins_with_its_first)
{
	struct ls_second s = {0};

	ck_assert_uint_eq(ls_second_add(&s, 1, LS_S(5)), 1);
	ck_assert_uint_eq(ls_second_add(&s, 3, LS_S(6) - 1), 4);
	ck_assert_uint_eq(ls_second_add(&s, 2, LS_S(6)), 2);
	ck_assert_uint_eq(ls_second_add(&s, 0, LS_S(6)), 2);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pace");

	tcase_add_test(tc, a_burst_and_then_the_pace);
	tcase_add_test(tc, a_rest_is_worth_one_burst_and_no_more);
	tcase_add_test(tc, one_at_a_time);
	tcase_add_test(tc, a_second_begins_with_its_first);
	return run_cases("pace", tc);
}
