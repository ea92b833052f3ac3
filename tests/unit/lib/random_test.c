/* Tests of the injected randomness: seeds repeat and differ, bounds are kept. */
#include "lib/random.h"

#include "lib/secret.h"
#include "tests/unit/run.h"

#include <string.h>

START_TEST(seeds_repeat)
{
	struct ls_random_seeded a, b, c;
	struct ls_random one = ls_random_from_seed(&a, 7), two = ls_random_from_seed(&b, 7),
			 other = ls_random_from_seed(&c, 8);
	uint8_t x[100], y[100], z[100];

	for (size_t len = 1; len <= sizeof(x); len += 9) {
		ls_random_fill(&one, x, len);
		ls_random_fill(&two, y, len);
		ls_random_fill(&other, z, len);
		ck_assert_mem_eq(x, y, len);
		if (len > 8)
			ck_assert_mem_ne(x, z, len);
	}
	ck_assert_uint_eq(ls_random_u64(&one), ls_random_u64(&two));
	ck_assert_uint_eq(ls_random_u32(&one), ls_random_u32(&two));
}
END_TEST

START_TEST(bounds_are_kept_and_filled)
{
	static const uint32_t bounds[] = {2, 3, 10, 1000, 0x80000001u, UINT32_MAX};
	struct ls_random_seeded s;
	struct ls_random r = ls_random_from_seed(&s, 1);
	bool seen[10] = {false};

	ck_assert_uint_eq(ls_random_below(&r, 0), 0);
	ck_assert_uint_eq(ls_random_below(&r, 1), 0);
	for (unsigned b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++)
		for (unsigned i = 0; i < 500; i++)
			ck_assert_uint_lt(ls_random_below(&r, bounds[b]), bounds[b]);
	for (unsigned i = 0; i < 500; i++)
		seen[ls_random_below(&r, 10)] = true;
	for (unsigned i = 0; i < 10; i++)
		ck_assert(seen[i]);
}
END_TEST

START_TEST(the_system_differs_each_time)
{
	struct ls_random r = ls_random_system();
	uint8_t a[32], b[32];

	ls_random_fill(&r, a, sizeof(a));
	ls_random_fill(&r, b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!secret_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, seeds_repeat);
	tcase_add_test(tc, bounds_are_kept_and_filled);
	tcase_add_test(tc, the_system_differs_each_time);
	return run_cases("random", tc);
}
