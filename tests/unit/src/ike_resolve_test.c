/* Tests of the peer's addresses: literal ones keep their order and need no DNS; a source address
 * follows the route. */
#include "src/ike/ike_resolve.h"
#include "tests/unit/run.h"

#include <check.h>
#include <string.h>

static unsigned done_count;

static void done(void *ctx)
{
	(void)ctx;
	done_count++;
}

START_TEST(literals_are_known_at_once)
{
	static const char *const names[] = {"192.0.2.1", "2001:db8::1", "192.0.2.2"};
	struct ls_addr out[4];
	struct resolve r;

	done_count = 0;
	resolve_init(&r, NULL, NULL, names, 3, done, NULL);
	resolve_start(&r, LS_S(1));
	ck_assert_uint_eq(done_count, 0);
	ck_assert_uint_eq(resolve_addresses(&r, out, 4), 3);
	ck_assert_uint_eq(out[0].family, 4);
	ck_assert_uint_eq(out[1].family, 6);
	ck_assert_uint_eq(out[2].ip[3], 2);
	ck_assert_uint_eq(resolve_addresses(&r, out, 2), 2);
	resolve_free(&r);
}
END_TEST

START_TEST(too_many_names_are_cut)
{
	const char *names[RESOLVE_NAMES_MAX + 3];
	struct ls_addr out[RESOLVE_NAMES_MAX + 3];
	struct resolve r;

	for (unsigned i = 0; i < RESOLVE_NAMES_MAX + 3; i++)
		names[i] = "192.0.2.1";
	resolve_init(&r, NULL, NULL, names, RESOLVE_NAMES_MAX + 3, done, NULL);
	ck_assert_uint_eq(resolve_addresses(&r, out, RESOLVE_NAMES_MAX + 3), RESOLVE_NAMES_MAX);
	resolve_free(&r);
}
END_TEST

/* No name server at all: the name fails, the literal beside it stays, and the owner is told once.
 */
START_TEST(a_name_that_fails_leaves_the_others)
{
	static const char *const names[] = {"nobody.invalid", "192.0.2.9"};
	struct event_base *base = event_base_new();
	struct evdns_base *dns = evdns_base_new(base, 0);
	struct timeval limit = {.tv_sec = RESOLVE_LIMIT_S + 5};
	struct ls_addr out[4];
	struct resolve r;

	done_count = 0;
	resolve_init(&r, base, dns, names, 2, done, NULL);
	r.limit_s = 1;
	resolve_start(&r, LS_S(1));
	event_base_loopexit(base, &limit);
	while (done_count == 0 && event_base_loop(base, EVLOOP_ONCE) == 0 &&
	       !event_base_got_exit(base))
		;
	ck_assert_uint_eq(done_count, 1);
	ck_assert_uint_eq(resolve_addresses(&r, out, 4), 1);
	ck_assert_uint_eq(out[0].ip[3], 9);
	resolve_free(&r);
	evdns_base_free(dns, 0);
	event_base_free(base);
}
END_TEST

START_TEST(the_source_follows_the_route)
{
	struct ls_addr remote = ls_addr_v4(0x7f000001, 500), local;

	ck_assert(resolve_source(&remote, &local));
	ck_assert(ls_addr_same_ip(&local, &remote));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike_resolve");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, literals_are_known_at_once);
	tcase_add_test(tc, too_many_names_are_cut);
	tcase_add_test(tc, a_name_that_fails_leaves_the_others);
	tcase_add_test(tc, the_source_follows_the_route);
	return run_cases("ike_resolve", tc);
}
