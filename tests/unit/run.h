/* Test helper: the end of every main(). */
#ifndef TESTS_UNIT_RUN_H
#define TESTS_UNIT_RUN_H

#include <check.h>
#include <stdlib.h>

/* bits: NULL, or those that turn every bit of something; CK_EXCLUDE_TAGS=bits leaves them out where
 * a processor is emulated, for none does that differently. */
static inline int run_cases_and(const char *name, TCase *tc, TCase *bits)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tc);
	if (bits) {
		tcase_set_tags(bits, "bits");
		tcase_set_timeout(bits, 600);
		suite_add_tcase(suite, bits);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int run_cases(const char *name, TCase *tc)
{
	return run_cases_and(name, tc, NULL);
}

#endif
