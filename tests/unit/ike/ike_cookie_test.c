/* Cookies: made, known again, and bound to who asked. */
#include "ike/ike_cookie.h"
#include "tests/unit/ike/ike_main.h"

#include <string.h>

/* -- cookies -- */
START_TEST(cookies)
{
	struct ls_random_seeded seeded;
	struct ls_random random = ike_source(&seeded);
	struct ike_cookie c = {0};
	struct ls_addr from = ls_addr_v4(0x08080808, 500);
	uint8_t nonce[16] = {1}, cookie[IKE_COOKIE_SIZE], fresh[IKE_COOKIE_SIZE];
	struct ls_bytes ni = LS_BYTES(nonce, sizeof nonce);
	ls_time now = LS_S(5);

	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	ck_assert(ike_cookie_make(&c, &random, now, ni, &from, 9, cookie));
	ck_assert(ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 10));
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie - 1), ni, &from, 9));
	/* The port may change behind a NAT, the address not. */
	from.port = 501;
	ck_assert(ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	from.ip[3] ^= 1;
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	from.ip[3] ^= 1;
	/* One secret later it is still good, two later not. */
	ck_assert(ike_cookie_make(&c, &random, now + LS_S(61), ni, &from, 9, fresh));
	ck_assert(memcmp(fresh, cookie, sizeof fresh) != 0);
	ck_assert(ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	ck_assert(ike_cookie_make(&c, &random, now + LS_S(122), ni, &from, 9, fresh));
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	ike_cookie_free(&c);
}
END_TEST

/* Every bit of it, every other nonce: refused; so is anything shorter or longer. */
START_TEST(others_refused)
{
	struct ls_random_seeded seeded;
	struct ls_random random = ike_source(&seeded);
	struct ike_cookie c = {0};
	struct ls_addr from = ls_addr_v4(0x08080808, 500), six = {.family = 6, .ip = {8, 8, 8, 8}};
	uint8_t nonce[16] = {1}, cookie[IKE_COOKIE_SIZE + 1];
	struct ls_bytes ni = LS_BYTES(nonce, sizeof nonce);

	ck_assert(ike_cookie_make(&c, &random, LS_S(5), ni, &from, 9, cookie));
	for (unsigned bit = 0; bit < IKE_COOKIE_SIZE * 8; bit++) {
		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, IKE_COOKIE_SIZE), ni, &from, 9));
		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len <= sizeof cookie; len++)
		ck_assert(ike_cookie_check(&c, LS_BYTES(cookie, len), ni, &from, 9) ==
		          (len == IKE_COOKIE_SIZE));
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, IKE_COOKIE_SIZE), ni, &six, 9));
	nonce[15] ^= 1;
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, IKE_COOKIE_SIZE), ni, &from, 9));
	ike_cookie_free(&c);
}
END_TEST

/* The secret's number has eight bits: the one before 0 is 255, and after 256 secrets an old cookie
 * has the right number again, but not the right secret. */
START_TEST(secrets_come_round)
{
	struct ls_random_seeded seeded;
	struct ls_random random = ike_source(&seeded);
	struct ike_cookie c = {0};
	struct ls_addr from = ls_addr_v4(0x08080808, 500);
	uint8_t nonce[16] = {1}, first[IKE_COOKIE_SIZE], before[IKE_COOKIE_SIZE],
		now[IKE_COOKIE_SIZE];
	struct ls_bytes ni = LS_BYTES(nonce, sizeof nonce);
	ls_time at = LS_S(5);

	ck_assert(ike_cookie_make(&c, &random, at, ni, &from, 9, first));
	memcpy(now, first, sizeof now);
	for (unsigned i = 0; i < 256; i++) {
		memcpy(before, now, sizeof before);
		/* At the last moment still the same, */
		ck_assert(ike_cookie_make(&c, &random, at + LS_S(IKE_COOKIE_ROTATE_S) - 1, ni,
		                          &from, 9, now));
		ck_assert_mem_eq(before, now, sizeof now);
		/* then a new one, and the one before is still good. */
		at += LS_S(IKE_COOKIE_ROTATE_S);
		ck_assert(ike_cookie_make(&c, &random, at, ni, &from, 9, now));
		ck_assert_mem_ne(before, now, sizeof now);
		ck_assert(ike_cookie_check(&c, LS_BYTES(before, sizeof before), ni, &from, 9));
		ck_assert(ike_cookie_check(&c, LS_BYTES(now, sizeof now), ni, &from, 9));
	}
	ck_assert_uint_eq(first[0], now[0]);
	ck_assert(!ike_cookie_check(&c, LS_BYTES(first, sizeof first), ni, &from, 9));
	ike_cookie_free(&c);
}
END_TEST

IKE_MAIN("ike cookies", cookies, others_refused, secrets_come_round)
