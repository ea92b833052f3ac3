/* Test helper: a network namespace of the test's own. */
#ifndef TESTS_UNIT_SRC_NETNS_H
#define TESTS_UNIT_SRC_NETNS_H

#include "src/parent/netlink.h"

#include <check.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* Whether this process may make one, with TUN devices in it; if not it says that `what` is left
 * out. */
static inline bool netns_can(const char *what)
{
	if (geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0)
		return true;
	printf("skip - %s: it needs root and /dev/net/tun\n", what);
	return false;
}

/* From here on this process is in one, alone but for the loopback, which is up. */
static inline void netns_enter(void)
{
	struct netlink *nl;

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	nl = netlink_open();
	ck_assert_ptr_nonnull(nl);
	ck_assert_int_eq(netlink_link_set(nl, 1, true, 0), 0);
	netlink_close(nl);
}

static inline struct ls_addr addr_of(const char *text)
{
	struct ls_addr a;

	ck_assert(ls_addr_parse(text, &a));
	return a;
}

static inline struct ls_prefix prefix_of(const char *text)
{
	struct ls_prefix p;

	ck_assert(ls_prefix_parse(text, &p));
	return p;
}

#endif
