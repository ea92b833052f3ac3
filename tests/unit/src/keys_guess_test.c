/* Tests of how fast passwords can be guessed. */
#include "src/keys/keys_guess.h"

#include "lib/crypto.h"
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>

static struct keys_guess guess;

static struct keys_guess_login login(uint32_t tunnel, const char *peer, const char *user)
{
	static struct ls_addr at;

	at = (struct ls_addr){.family = 0};
	if (peer)
		ck_assert(ls_addr_parse(peer, &at));
	return (struct keys_guess_login){.tunnel = tunnel, .peer = &at, .user = user};
}

/* Tries until it is refused or `most` have failed; gives how many were looked at. */
static unsigned tries(uint32_t tunnel, const char *peer, const char *user, unsigned most,
                      ls_time now)
{
	struct keys_guess_login l = login(tunnel, peer, user);
	unsigned n = 0;

	while (n < most && keys_guess_allowed(&guess, &l, now)) {
		keys_guess_failed(&guess, &l, now);
		n++;
	}
	return n;
}

START_TEST(a_peer_is_slowed)
{
	ls_time now = LS_S(1000);
	char name[16];

	memset(&guess, 0, sizeof guess);
	ck_assert_uint_eq(tries(1, "192.0.2.1", "fred", 100, now), KEYS_GUESS_PEER_BURST);
	/* Another name does not help it; another peer and another tunnel are not concerned. */
	ck_assert_uint_eq(tries(1, "192.0.2.1", "mary", 100, now), 0);
	ck_assert_uint_eq(tries(1, "192.0.2.2", "fred", 1, now), 1);
	ck_assert_uint_eq(tries(2, "192.0.2.1", "fred", 1, now), 1);
	/* One at a time later on, and all of them after a minute. */
	ck_assert_uint_eq(tries(1, "192.0.2.1", "fred", 100, now + LS_S(KEYS_GUESS_PEER_S)), 1);
	ck_assert_uint_eq(tries(1, "192.0.2.1", "fred", 100, now + LS_S(200)),
	                  KEYS_GUESS_PEER_BURST);
	/* An hour of guessing, ten times a second and ever new names. */
	now += LS_S(1000);
	unsigned n = 0;
	for (unsigned i = 0; i < 36000; i++, now += LS_MS(100)) {
		snprintf(name, sizeof name, "user%u", i);
		n += tries(1, "192.0.2.1", name, 1, now);
	}
	ck_assert_uint_le(n, 3600 / KEYS_GUESS_PEER_S + KEYS_GUESS_PEER_BURST);
}
END_TEST

START_TEST(a_name_is_slowed_wherever_it_comes_from)
{
	char peer[64];
	unsigned n = 0;

	memset(&guess, 0, sizeof guess);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(peer, sizeof peer, "203.0.113.%u", i);
		n += tries(1, peer, "fred", 1, LS_S(5));
	}
	ck_assert_uint_eq(n, KEYS_GUESS_USER_BURST);
	/* All addresses of a network of IPv6 are one peer. */
	n = 0;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(peer, sizeof peer, "2001:db8::%x", i + 1);
		n += tries(1, peer, "mary", 1, LS_S(5));
	}
	ck_assert_uint_eq(n, KEYS_GUESS_PEER_BURST);
	ck_assert_uint_eq(tries(1, NULL, "anne", 100, LS_S(5)), KEYS_GUESS_PEER_BURST);
}
END_TEST

/* Failures that many addresses make now and then do not push out who fails all the time. */
START_TEST(a_full_table_keeps_the_worst)
{
	char peer[64], user[16];

	memset(&guess, 0, sizeof guess);
	ck_assert_uint_eq(tries(1, "192.0.2.1", "fred", 100, LS_S(5)), KEYS_GUESS_PEER_BURST);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(peer, sizeof peer, "10.%u.%u.1", i / 250, i % 250);
		snprintf(user, sizeof user, "u%u", i);
		tries(1, peer, user, 1, LS_S(5));
	}
	ck_assert_uint_eq(tries(1, "192.0.2.1", "fred", 100, LS_S(5)), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("keys_guess");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(t, a_peer_is_slowed);
	tcase_add_test(t, a_name_is_slowed_wherever_it_comes_from);
	tcase_add_test(t, a_full_table_keeps_the_worst);
	return run_cases("keys_guess", t);
}
