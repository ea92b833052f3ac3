/* Tests of the arithmetic of passwords: the example of RFC 2759 9.2, and CHAP-MD5 against a digest
 * made elsewhere. */
#include "tests/unit/run.h"

#include "lib/crypto.h"
#include "lib/secret.h"
#include "ppp/ppp.h"

#include <string.h>

static const uint8_t authenticator[16] = {0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e,
                                          0x3c, 0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28};
static const uint8_t peer[16] = {0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a,
                                 0x28, 0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e};

static struct ls_bytes text(const char *s)
{
	return LS_BYTES(s, strlen(s));
}

START_TEST(mschapv2_as_in_the_rfc)
{
	static const uint8_t nt[24] = {0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e,
	                               0xa0, 0x8f, 0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54,
	                               0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf};
	static const uint8_t proof[20] = {0x40, 0x7a, 0x55, 0x89, 0x11, 0x5f, 0xd0,
	                                  0xd6, 0x20, 0x9f, 0x51, 0x0f, 0xe9, 0xc0,
	                                  0x45, 0x66, 0x93, 0x2c, 0xda, 0x56};
	uint8_t got_nt[24], got_proof[20];

	ck_assert(ppp_mschapv2(text("clientPass"), "User", authenticator, peer, got_nt, got_proof));
	ck_assert_mem_eq(got_nt, nt, sizeof nt);
	ck_assert_mem_eq(got_proof, proof, sizeof proof);
	/* The domain in front of the name does not count (RFC 2759 4). */
	ck_assert(ppp_mschapv2(text("clientPass"), "BANK\\User", authenticator, peer, got_nt,
	                       got_proof));
	ck_assert_mem_eq(got_nt, nt, sizeof nt);
}
END_TEST

START_TEST(passwords_that_are_no_utf8_are_refused)
{
	uint8_t nt[24], proof[20];
	static char longer[300];

	memset(longer, 'a', sizeof longer - 1);
	ck_assert(!ppp_mschapv2(text(""), "u", authenticator, peer, nt, proof));
	ck_assert(!ppp_mschapv2(text("\xff"), "u", authenticator, peer, nt, proof));
	ck_assert(!ppp_mschapv2(text("\xc0\xaf"), "u", authenticator, peer, nt, proof));
	ck_assert(!ppp_mschapv2(text("\xed\xa0\x80"), "u", authenticator, peer, nt, proof));
	ck_assert(!ppp_mschapv2(text(longer), "u", authenticator, peer, nt, proof));
	ck_assert(ppp_mschapv2(text("p\xc3\xa4ss\xf0\x9f\x94\x91"), "u", authenticator, peer, nt,
	                       proof));
}
END_TEST

START_TEST(chap_md5_is_a_digest_of_three)
{
	uint8_t whole[1 + 3 + 4] = {7, 'a', 'b', 'c', 1, 2, 3, 4}, want[CRYPTO_HASH_MAX], got[16];
	struct ls_bytes part = LS_BYTES(whole, sizeof whole);

	ck_assert_uint_eq(crypto_digest(CRYPTO_MD5, &part, 1, want), 16);
	ppp_chap_md5(7, text("abc"), LS_BYTES(whole + 4, 4), got);
	ck_assert_mem_eq(got, want, 16);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_auth");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, mschapv2_as_in_the_rfc);
	tcase_add_test(tc, passwords_that_are_no_utf8_are_refused);
	tcase_add_test(tc, chap_md5_is_a_digest_of_three);
	return run_cases("ppp_auth", tc);
}
