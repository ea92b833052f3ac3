/* Tests of the watch over addresses and routes, with the kernel's own announcements in a namespace.
 */
#include "src/parent/netwatch.h"

#include "tests/unit/run.h"
#include "tests/unit/src/netns.h"

#include <sys/time.h>

static struct event_base *base;
static struct netlink *nl;
static struct netwatch *watch;
static unsigned calls;

static void changed(void *ctx)
{
	ck_assert_ptr_eq(ctx, &calls);
	calls++;
}

static void set_up(void)
{
	netns_enter();
	base = event_base_new();
	nl = netlink_open();
	watch = netwatch_new(base, changed, &calls);
	ck_assert(base && nl && watch);
	calls = 0;
}

static void take_down(void)
{
	netwatch_free(watch);
	netlink_close(nl);
	event_base_free(base);
}

/* Serves the loop for so long. */
static void pass(unsigned ms)
{
	struct timeval t = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_base_loopexit(base, &t);
	event_base_dispatch(base);
}

static void address(unsigned n, bool add)
{
	struct ls_addr a = ls_addr_v4(0x0a000000 + n, 0);

	ck_assert_int_eq(add ? netlink_address_add(nl, 1, &a, NULL, 32)
	                     : netlink_address_remove(nl, 1, &a, NULL, 32),
	                 0);
}

/* Each kind of change is heard, once. */
START_TEST(addresses_and_routes_are_heard)
{
	struct ls_prefix four = prefix_of("10.1.0.0/16"), six = prefix_of("fd00:1::/48");
	struct ls_addr none = {.family = 0}, six_address = addr_of("fd00::1");

	pass(2 * NETWATCH_SETTLE_MS);
	ck_assert_uint_eq(calls, 0);
	for (unsigned step = 0; step < 8; step++) {
		switch (step) {
		case 0:
			address(1, true);
			break;
		case 1:
			ck_assert_int_eq(netlink_route_set(nl, 1, &four, &none, 0), 0);
			break;
		case 2:
			ck_assert_int_eq(netlink_route_remove(nl, 1, &four, 0), 0);
			break;
		case 3:
			address(1, false);
			break;
		case 4:
			ck_assert_int_eq(netlink_address_add(nl, 1, &six_address, NULL, 128), 0);
			break;
		case 5:
			ck_assert_int_eq(netlink_route_set(nl, 1, &six, &none, 0), 0);
			break;
		case 6:
			ck_assert_int_eq(netlink_route_remove(nl, 1, &six, 0), 0);
			break;
		default:
			ck_assert_int_eq(netlink_address_remove(nl, 1, &six_address, NULL, 128), 0);
			break;
		}
		pass(2 * NETWATCH_SETTLE_MS);
		ck_assert_uint_eq(calls, step + 1);
	}
}
END_TEST

/* A routing daemon that moves hundreds of routes is one change. */
START_TEST(many_changes_at_once_are_one)
{
	for (unsigned i = 1; i <= 100; i++)
		address(i, true);
	pass(3 * NETWATCH_SETTLE_MS);
	ck_assert_uint_eq(calls, 1);
	address(1, false);
	pass(3 * NETWATCH_SETTLE_MS);
	ck_assert_uint_eq(calls, 2);
}
END_TEST

/* More than the socket holds: the kernel drops some, but not that something happened; and the next
 * change is heard too. */
START_TEST(an_overrun_is_a_change)
{
	for (unsigned i = 0; i < 4000; i++)
		address(1, i % 2 == 0);
	pass(3 * NETWATCH_SETTLE_MS);
	ck_assert_uint_ge(calls, 1);
	calls = 0;
	pass(2 * NETWATCH_SETTLE_MS);
	ck_assert_uint_eq(calls, 0);
	address(2, true);
	pass(2 * NETWATCH_SETTLE_MS);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

/* Between the change and the call. */
START_TEST(it_can_be_freed_at_any_time)
{
	address(1, true);
	event_base_loop(base, EVLOOP_ONCE);
	netwatch_free(watch);
	watch = NULL;
	pass(2 * NETWATCH_SETTLE_MS);
	ck_assert_uint_eq(calls, 0);
	netwatch_free(NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("netwatch");

	if (!netns_can("netwatch"))
		return EXIT_SUCCESS;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, addresses_and_routes_are_heard);
	tcase_add_test(tc, many_changes_at_once_are_one);
	tcase_add_test(tc, an_overrun_is_a_change);
	tcase_add_test(tc, it_can_be_freed_at_any_time);
	return run_cases("netwatch", tc);
}
