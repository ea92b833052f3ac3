/* Tests of the addresses that a peer may give to the ends of a tunnel. */
#include "src/parent/iface_addr.h"

#include "tests/unit/run.h"

static const char *wrong(const char *local, const char *remote, const char *outer)
{
	struct msg_iface_up m = {.tunnel = 1};
	struct ls_addr peer = {0};

	ck_assert(ls_addr_parse(local, &m.local4) && ls_addr_parse(remote, &m.remote4));
	ck_assert(outer[0] == '\0' || ls_addr_parse(outer, &peer));
	return iface_addresses_wrong(&m, &peer);
}

START_TEST(addresses_of_hosts)
{
	static const char *const bad[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1",
	                                  "255.255.255.255"};
	struct msg_iface_up none = {.ipv6 = true};
	struct ls_addr peer = {0};

	ck_assert_ptr_null(wrong("10.0.0.2", "10.0.0.1", "192.0.2.1"));
	ck_assert_ptr_null(wrong("223.255.255.254", "1.0.0.1", ""));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_ptr_nonnull(wrong(bad[i], "10.0.0.1", ""));
		ck_assert_ptr_nonnull(wrong("10.0.0.2", bad[i], "2001:db8::1"));
	}
	ck_assert_ptr_null(iface_addresses_wrong(&none, &peer));
}
END_TEST

/* The far end's address is a route: with the outer one the tunnel would swallow itself. */
START_TEST(outer_addresses_stay_outside)
{
	ck_assert_ptr_nonnull(wrong("10.0.0.2", "192.0.2.1", "192.0.2.1"));
	ck_assert_ptr_nonnull(wrong("192.0.2.1", "10.0.0.1", "192.0.2.1"));
	ck_assert_ptr_null(wrong("10.0.0.2", "192.0.2.2", "192.0.2.1"));
}
END_TEST

/* What this machine has in any case. */
START_TEST(addresses_that_are_there)
{
	struct ls_addr own = ls_addr_v4(0x7f000001, 0), near = ls_addr_v4(0x7f000909, 0),
		       far = ls_addr_v4(0xcb007107, 0), six = {.family = 6};

	ck_assert_int_eq(iface_holder_of(&own, ""), IFACE_OURS);
	ck_assert_int_eq(iface_holder_of(&near, ""), IFACE_NEIGHBOURS);
	ck_assert_int_eq(iface_holder_of(&own, "lo"), IFACE_NOBODYS);
	ck_assert_int_eq(iface_holder_of(&far, ""), IFACE_NOBODYS);
	ck_assert_int_eq(iface_holder_of(&six, ""), IFACE_NOBODYS);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("iface_addr");

	tcase_add_test(tc, addresses_of_hosts);
	tcase_add_test(tc, outer_addresses_stay_outside);
	tcase_add_test(tc, addresses_that_are_there);
	return run_cases("iface_addr", tc);
}
