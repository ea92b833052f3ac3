/* Tests of lifetimes: soft before hard, jitter, deadlines, the shorter of two. */
#include "lib/life.h"

#include "lib/secret.h"
#include "tests/unit/run.h"

START_TEST(soft_comes_first_and_jitters)
{
	struct ls_random_seeded s;
	struct ls_random r = ls_random_from_seed(&s, 3);
	struct life_limits hard = {.seconds = 1000, .bytes = 100000, .packets = 5000};
	uint64_t low = UINT64_MAX, high = 0;

	for (unsigned i = 0; i < 300; i++) {
		struct life l;

		life_start(&l, &hard, i & 1, &r, LS_S(5));
		ck_assert_uint_ge(l.soft.seconds, i & 1 ? 650 : 700);
		ck_assert_uint_le(l.soft.seconds, i & 1 ? 750 : 800);
		ck_assert_uint_eq(l.soft.bytes, l.soft.seconds * 100);
		ck_assert_uint_eq(l.soft.packets, l.soft.seconds * 5);
		if (l.soft.seconds < low)
			low = l.soft.seconds;
		if (l.soft.seconds > high)
			high = l.soft.seconds;
	}
	ck_assert_uint_gt(high - low, 50);
}
END_TEST

START_TEST(states)
{
	struct life l = {.hard = {100, 1000, 10}, .soft = {80, 800, 8}, .born = LS_S(50)};

	ck_assert_int_eq(life_state(&l, LS_S(50)), LIFE_FRESH);
	ck_assert_int_eq(life_state(&l, LS_S(130) - 1), LIFE_FRESH);
	ck_assert_int_eq(life_state(&l, LS_S(130)), LIFE_SOFT);
	ck_assert_int_eq(life_state(&l, LS_S(150)), LIFE_HARD);
	ck_assert_int_eq(life_state(&l, LS_S(10)), LIFE_FRESH);
	life_count(&l, 7, 799);
	ck_assert_int_eq(life_state(&l, LS_S(50)), LIFE_FRESH);
	life_count(&l, 1, 0);
	ck_assert_int_eq(life_state(&l, LS_S(50)), LIFE_SOFT);
	life_count(&l, 0, 201);
	ck_assert_int_eq(life_state(&l, LS_S(50)), LIFE_HARD);
	l = (struct life){.born = 0};
	life_count(&l, UINT64_MAX, UINT64_MAX);
	ck_assert_int_eq(life_state(&l, LS_NEVER), LIFE_FRESH);
}
END_TEST

START_TEST(deadlines)
{
	struct life l = {.hard = {.seconds = 100}, .soft = {.seconds = 80}, .born = LS_S(50)};

	ck_assert_int_eq(life_deadline(&l, LS_S(50)), LS_S(130));
	ck_assert_int_eq(life_deadline(&l, LS_S(130)), LS_S(150));
	ck_assert_int_eq(life_deadline(&l, LS_S(150)), LS_NEVER);
	l.soft.seconds = 0;
	ck_assert_int_eq(life_deadline(&l, LS_S(50)), LS_S(150));
	l.hard.seconds = l.soft.seconds = 0;
	ck_assert_int_eq(life_deadline(&l, LS_S(50)), LS_NEVER);
	l.hard.seconds = l.soft.seconds = UINT64_MAX;
	ck_assert_int_eq(life_deadline(&l, LS_S(50)), LS_NEVER);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!secret_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, soft_comes_first_and_jitters);
	tcase_add_test(tc, states);
	tcase_add_test(tc, deadlines);
	return run_cases("life", tc);
}
