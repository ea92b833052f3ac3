/* Tests of the source of CBC IVs: repeatable by seed, never the same twice, over many refills. */
#include "esp/esp_iv.h"

#include "lib/secret.h"
#include "tests/unit/run.h"

#include <string.h>

enum { IVS = 2000 };

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

START_TEST(ivs_differ_and_repeat_by_seed)
{
	static uint8_t one[IVS][16], two[IVS][16];
	static struct esp_iv a, b;
	struct ls_random_seeded s1, s2;
	struct ls_random r1 = ls_random_from_seed(&s1, 4), r2 = ls_random_from_seed(&s2, 4);

	esp_iv_seed(&a, &r1);
	esp_iv_seed(&b, &r2);
	for (unsigned i = 0; i < IVS; i++) {
		esp_iv_next(&a, one[i], 16);
		esp_iv_next(&b, two[i], 16);
	}
	ck_assert_mem_eq(one, two, sizeof(one));
	qsort(one, IVS, 16, by_bytes);
	for (unsigned i = 1; i < IVS; i++)
		ck_assert_mem_ne(one[i - 1], one[i], 16);
}
END_TEST

START_TEST(what_was_given_is_forgotten)
{
	static struct esp_iv iv;
	struct ls_random_seeded s;
	struct ls_random r = ls_random_from_seed(&s, 4);
	uint8_t out[16];

	esp_iv_seed(&iv, &r);
	for (unsigned i = 0; i < 300; i++) {
		esp_iv_next(&iv, out, sizeof(out));
		for (unsigned at = 0; at + 16 <= ESP_IV_BUFFER; at++)
			ck_assert_mem_ne(iv.buffer + at, out, 16);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!secret_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, ivs_differ_and_repeat_by_seed);
	tcase_add_test(tc, what_was_given_is_forgotten);
	return run_cases("esp_iv", tc);
}
