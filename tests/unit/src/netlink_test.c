/* Tests of links, addresses and routes, in a network namespace of their own; left out without root.
 */
#include "src/parent/netlink.h"

#include "src/parent/tun.h"
#include "tests/unit/run.h"
#include "tests/unit/src/netns.h"

#include <errno.h>

static struct netlink *nl;
static struct tun tun;

static void set_up(void)
{
	char error[300];

	netns_enter();
	nl = netlink_open();
	ck_assert_ptr_nonnull(nl);
	ck_assert_msg(tun_open(&tun, "hq", 1, error, sizeof error), "%s", error);
}

static void take_down(void)
{
	tun_close(&tun);
	netlink_close(nl);
}

START_TEST(links_have_an_mtu)
{
	uint32_t mtu = 0;

	ck_assert_int_eq(netlink_link_set(nl, tun.ifindex, true, 1400), 0);
	ck_assert_int_eq(netlink_link_mtu(nl, tun.ifindex, &mtu), 0);
	ck_assert_uint_eq(mtu, 1400);
	ck_assert_int_eq(netlink_link_mtu(nl, 9999, &mtu), ENODEV);
	ck_assert_str_ne(netlink_reason(nl), "");
}
END_TEST

START_TEST(addresses_come_and_go)
{
	struct ls_addr local = addr_of("10.9.0.2"), peer = addr_of("10.9.0.1"),
		       six = addr_of("fe80::1234");
	uint32_t out = 0, mtu = 0;

	ck_assert_int_eq(netlink_link_set(nl, tun.ifindex, true, 1400), 0);
	ck_assert_int_eq(netlink_address_add(nl, tun.ifindex, &local, &peer, 32), 0);
	ck_assert_int_eq(netlink_address_add(nl, tun.ifindex, &local, &peer, 32), 0);
	ck_assert_int_eq(netlink_route_get(nl, &peer, &out, &mtu), 0);
	ck_assert_uint_eq(out, tun.ifindex);
	ck_assert_uint_eq(mtu, 1400);
	ck_assert_int_eq(netlink_address_add(nl, tun.ifindex, &six, NULL, 64), 0);
	ck_assert_int_eq(netlink_address_remove(nl, tun.ifindex, &six, NULL, 64), 0);
	ck_assert_int_eq(netlink_address_remove(nl, tun.ifindex, &local, &peer, 32), 0);
	ck_assert_int_eq(netlink_address_remove(nl, tun.ifindex, &local, &peer, 32), 0);
	ck_assert_int_ne(netlink_route_get(nl, &peer, &out, &mtu), 0);
}
END_TEST

START_TEST(routes_come_and_go)
{
	struct ls_prefix four = prefix_of("10.1.0.0/16"), six = prefix_of("fd00:1::/48");
	struct ls_addr in = addr_of("10.1.2.3"), none = {.family = 0},
		       in_six = addr_of("fd00:1::9");
	uint32_t out = 0, mtu = 0;

	ck_assert_int_ne(netlink_route_set(nl, tun.ifindex, &four, &none, 0), 0);
	ck_assert_int_eq(netlink_link_set(nl, tun.ifindex, true, 1280), 0);
	ck_assert_int_eq(netlink_route_set(nl, tun.ifindex, &four, &none, 0), 0);
	ck_assert_int_eq(netlink_route_set(nl, tun.ifindex, &four, &none, 0), 0);
	ck_assert_int_eq(netlink_route_set(nl, tun.ifindex, &six, &none, 0), 0);
	ck_assert_int_eq(netlink_route_get(nl, &in, &out, &mtu), 0);
	ck_assert_uint_eq(out, tun.ifindex);
	ck_assert_int_eq(netlink_route_get(nl, &in_six, &out, &mtu), 0);
	ck_assert_uint_eq(out, tun.ifindex);
	ck_assert_int_eq(netlink_route_remove(nl, tun.ifindex, &four, 0), 0);
	ck_assert_int_eq(netlink_route_remove(nl, tun.ifindex, &four, 0), 0);
	ck_assert_int_eq(netlink_route_get(nl, &in, &out, &mtu), ENETUNREACH);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("netlink");

	if (!netns_can("netlink"))
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, links_have_an_mtu);
	tcase_add_test(tc, addresses_come_and_go);
	tcase_add_test(tc, routes_come_and_go);
	return run_cases("netlink", tc);
}
