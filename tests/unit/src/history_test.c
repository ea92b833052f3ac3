/* Tests of the ring of what happened lately. */
#include "src/parent/history.h"
#include "tests/unit/run.h"

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

static void add_peer(enum ls_cause cause, uint32_t tunnel, ls_time at)
{
	struct ls_event e = {.cause = cause, .tunnel = tunnel, .peer = ls_addr_v4(0x0a000001, 500)};

	history_add(&h, &e, 1, "", at);
}

START_TEST(the_newest_stranger_is_found)
{
	memset(&h, 0, sizeof h);
	ck_assert_ptr_null(history_stranger(&h, 0));
	add_peer(CAUSE_IKE_NO_PROPOSAL, 0, LS_S(1));
	add_peer(CAUSE_IKE_UNKNOWN_PEER, 0, LS_S(2));
	add_peer(CAUSE_IKE_AUTH_MISMATCH, 3, LS_S(3));
	add_peer(CAUSE_IKE_ESTABLISHED, 0, LS_S(4));
	add(0, 5);
	ck_assert_ptr_nonnull(history_stranger(&h, 0));
	ck_assert_uint_eq(history_stranger(&h, 0)->event.cause, CAUSE_IKE_UNKNOWN_PEER);
	ck_assert_uint_eq(history_stranger(&h, LS_S(1))->event.cause, CAUSE_IKE_UNKNOWN_PEER);
	ck_assert_ptr_null(history_stranger(&h, LS_S(2)));
	for (unsigned i = 0; i < HISTORY_MAX; i++)
		add(1, i + 6);
	ck_assert_ptr_null(history_stranger(&h, 0));
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
	TCase *t = tcase_create("history");

	tcase_add_test(t, empty_gives_nothing);
	tcase_add_test(t, the_newest_stay);
	tcase_add_test(t, the_newest_stranger_is_found);
	tcase_add_test(t, a_tunnel_sees_its_own_last_ones);
	return run_cases("src/history", t);
}
