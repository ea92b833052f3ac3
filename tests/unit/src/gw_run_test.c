/* Tests of the grouping of outgoing packets into runs for one system call each. */
#include "src/gateway/gw_udp.h"

#include <check.h>
#include <string.h>

static uint8_t arena[200000];
static struct gw_udp udp = {.fd = -1, .family = 4, .gso = true}, plain = {.fd = -1, .family = 4};
static struct gw_runs runs;
static size_t used;
static uint8_t class;

static void add(const struct gw_udp *u, uint16_t port, size_t len)
{
	struct ls_addr local = ls_addr_v4(0x0a000001, 4500), remote = ls_addr_v4(0x0a000002, port);

	ck_assert(gw_runs_add(&runs, u, &local, &remote, class, false, arena + used, len));
	used += len;
}

static void begin(void)
{
	memset(&runs, 0, sizeof runs);
	used = 0;
	class = 0;
}

START_TEST(equal_sizes_are_one_run)
{
	begin();
	for (int i = 0; i < 40; i++)
		add(&udp, 4500, 1400);
	add(&udp, 4500, 300);
	ck_assert_uint_eq(runs.n, 1);
	ck_assert_uint_eq(runs.run[0].packets, 41);
	ck_assert_uint_eq(runs.run[0].segment, 1400);
	ck_assert_uint_eq(runs.run[0].len, 40 * 1400 + 300);
	add(&udp, 4500, 300);
	ck_assert_uint_eq(runs.n, 2);
}
END_TEST

START_TEST(a_longer_one_begins_a_run)
{
	begin();
	add(&udp, 4500, 100);
	add(&udp, 4500, 101);
	add(&udp, 4500, 101);
	ck_assert_uint_eq(runs.n, 2);
	ck_assert_uint_eq(runs.run[1].packets, 2);
}
END_TEST

START_TEST(bounds_hold)
{
	begin();
	for (int i = 0; i < 130; i++)
		add(&udp, 4500, 64);
	ck_assert_uint_eq(runs.n, 3);
	ck_assert_uint_eq(runs.run[0].packets, GW_RUN_PACKETS);
	begin();
	for (int i = 0; i < 60; i++)
		add(&udp, 4500, 1500);
	ck_assert_uint_eq(runs.n, 2);
	ck_assert_uint_le(runs.run[0].len, GW_RUN_BYTES);
	begin();
	for (int i = 0; i < GW_RUNS_MAX; i++)
		add(&plain, 4500, 64);
	struct ls_addr a = ls_addr_v4(1, 1);
	ck_assert(!gw_runs_add(&runs, &plain, &a, &a, 0, false, arena + used, 64));
}
END_TEST

START_TEST(only_the_same_place_is_grouped)
{
	begin();
	add(&udp, 4500, 100);
	add(&udp, 4501, 100);
	add(&udp, 4500, 100);
	ck_assert_uint_eq(runs.n, 3);
	begin();
	add(&udp, 4500, 100);
	used += 1; /* a hole: a packet that was not sealed */
	add(&udp, 4500, 100);
	ck_assert_uint_eq(runs.n, 2);
	begin();
	add(&plain, 4500, 100);
	add(&plain, 4500, 100);
	ck_assert_uint_eq(runs.n, 2);
}
END_TEST

/* A train has one IP header's marks. */
START_TEST(only_the_same_class_is_grouped)
{
	begin();
	add(&udp, 4500, 100);
	class = 46 << 2;
	add(&udp, 4500, 100);
	add(&udp, 4500, 100);
	class |= 3;
	add(&udp, 4500, 100);
	ck_assert_uint_eq(runs.n, 3);
	ck_assert_uint_eq(runs.run[0].class, 0);
	ck_assert_uint_eq(runs.run[1].class, 46 << 2);
	ck_assert_uint_eq(runs.run[1].packets, 2);
	ck_assert_uint_eq(runs.run[2].class, 46 << 2 | 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gw_run");
	TCase *tc = tcase_create("gw_run");

	tcase_add_test(tc, equal_sizes_are_one_run);
	tcase_add_test(tc, a_longer_one_begins_a_run);
	tcase_add_test(tc, bounds_hold);
	tcase_add_test(tc, only_the_same_place_is_grouped);
	tcase_add_test(tc, only_the_same_class_is_grouped);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
