/* Tests of guarded secrets: sizes, copies, many at once, wiping. */
#include "lib/secret.h"

#include "tests/unit/run.h"

#include <string.h>

START_TEST(sizes)
{
	struct secret s;

	ck_assert(!secret_new(&s, 0));
	ck_assert(!secret_new(&s, SECRET_MAX + 1));
	ck_assert_ptr_null(s.bytes);
	for (size_t len = 1; len <= SECRET_MAX; len += 31) {
		ck_assert(secret_new(&s, len));
		ck_assert_uint_eq(s.len, len);
		for (size_t i = 0; i < len; i++)
			ck_assert_uint_eq(s.bytes[i], 0);
		memset(s.bytes, 0xff, len);
		secret_free(&s);
		ck_assert_ptr_null(s.bytes);
		ck_assert_uint_eq(s.len, 0);
	}
	secret_free(&s);
}
END_TEST

START_TEST(copies_and_comparison)
{
	struct secret a, b, empty = {0};

	ck_assert(secret_from(&a, "geheim", 6));
	ck_assert(secret_from(&b, a.bytes, a.len));
	ck_assert(secret_equal(&b, "geheim", 6));
	ck_assert(!secret_equal(&b, "geheiM", 6));
	ck_assert(!secret_equal(&b, "geheim", 5));
	b.bytes[0] = 'x';
	ck_assert(secret_equal(&a, "geheim", 6));
	secret_free(&b);
	ck_assert(secret_equal(&empty, "", 0));
	ck_assert(!secret_from(&b, "", 0));
	ck_assert_ptr_null(b.bytes);
	secret_free(&a);
}
END_TEST

/* Several slabs full, freed in another order; no two may overlap. */
START_TEST(many_do_not_overlap)
{
	enum { N = 400 };
	static struct secret s[N];

	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < N; i++) {
			size_t len = 1 + i * 37 % SECRET_MAX;

			ck_assert(secret_new(&s[i], len));
			memset(s[i].bytes, (int)(i & 0xff), len);
		}
		for (unsigned i = 0; i < N; i++)
			for (size_t k = 0; k < s[i].len; k++)
				ck_assert(s[i].bytes[k] == (i & 0xff));
		for (unsigned i = 0; i < N; i++)
			secret_free(&s[(i * 7) % N]);
		for (unsigned i = 0; i < N; i++)
			secret_free(&s[i]);
	}
}
END_TEST

START_TEST(wiping)
{
	uint8_t b[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	secret_wipe(b, 0);
	ck_assert_uint_eq(b[0], 1);
	secret_wipe(b, 7);
	ck_assert_uint_eq(b[0] | b[6], 0);
	ck_assert_uint_eq(b[7], 8);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!secret_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, copies_and_comparison);
	tcase_add_test(tc, many_do_not_overlap);
	tcase_add_test(tc, wiping);
	return run_cases("secret", tc);
}
