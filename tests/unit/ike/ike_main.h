/* The main function of an ike test: each case in its own process, nothing timed; and what tests of
 * small parts need. */
#ifndef TESTS_UNIT_IKE_MAIN_H
#define TESTS_UNIT_IKE_MAIN_H

#include "lib/crypto.h"
#include "lib/random.h"
#include "tests/unit/run.h"

/* Repeatable randomness, with the libraries under it ready. */
static inline struct ls_random ike_source(struct ls_random_seeded *seeded)
{
	ck_assert(secret_init() && crypto_init());
	return ls_random_from_seed(seeded, 3);
}

static inline int ike_main(const char *name, const TTest *const *tests, size_t n)
{
	TCase *t = tcase_create(name);

	for (size_t i = 0; i < n; i++)
		tcase_add_test(t, tests[i]);
	tcase_set_timeout(t, 600);
	return run_cases(name, t);
}

#define IKE_MAIN(name, ...)                                                   \
	int main(void)                                                        \
	{                                                                     \
		const TTest *const tests[] = {__VA_ARGS__};                   \
		return ike_main(name, tests, sizeof tests / sizeof tests[0]); \
	}

#endif
