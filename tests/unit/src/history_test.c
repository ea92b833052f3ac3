/* Tests of the ring of what happened lately. */
#include "src/parent/history.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct history h;

static void add(uint32_t tunnel, unsigned number)
{
	struct ls_event e = {.cause = CAUSE_ADMIN, .tunnel = tunnel};

	snprintf(e.text, sizeof e.text, "%u", number);
	history_add(&h, &e, 1, "name", LS_S(number));
}

START_TEST(empty_gives_nothing)
{
	uint64_t at = 0;

	memset(&h, 0, sizeof h);
	ck_assert_ptr_null(history_next(&h, 0, &at));
	ck_assert_ptr_null(history_next(&h, 5, &at));
}
END_TEST

START_TEST(the_newest_stay)
{
	const struct history_entry *e;
	uint64_t at = 0;
	unsigned n = 0;
	char text[16];

	memset(&h, 0, sizeof h);
	for (unsigned i = 0; i < HISTORY_MAX + 10; i++)
		add(1, i);
	while ((e = history_next(&h, 0, &at))) {
		snprintf(text, sizeof text, "%u", n + 10);
		ck_assert_str_eq(e->event.text, text);
		n++;
	}
	ck_assert_uint_eq(n, HISTORY_MAX);
}
END_TEST

START_TEST(a_tunnel_sees_its_own_last_ones)
{
	const struct history_entry *e;
	uint64_t at = 0;
	unsigned n = 0;

	memset(&h, 0, sizeof h);
	for (unsigned i = 0; i < 300; i++)
		add(i % 2, i);
	while ((e = history_next(&h, 1, &at))) {
		ck_assert_uint_eq(e->event.tunnel, 1);
		ck_assert_str_eq(e->tunnel, "name");
		if (n == 0)
			ck_assert_str_eq(e->event.text, "173");
		n++;
	}
	ck_assert_uint_eq(n, HISTORY_OF_TUNNEL_MAX);
	at = 0;
	ck_assert_ptr_null(history_next(&h, 7, &at));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("src/history");
	TCase *t = tcase_create("history");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, empty_gives_nothing);
	tcase_add_test(t, the_newest_stay);
	tcase_add_test(t, a_tunnel_sees_its_own_last_ones);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
