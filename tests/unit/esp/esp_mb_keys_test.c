/* Tests of keys in ipsec-mb's form: which rows get some, how a job is called, and no byte outside
 * of secret memory. */
#include "esp/esp_crypto.h"
#include "tests/unit/run.h"

#ifdef HAVE_IPSEC_MB
#include "esp/esp_mb_keys.h"
#include "lib/crypto.h"
#include "tests/unit/hex.h"

static const uint8_t keymat[128] = {1, 2, 3};

static struct mb_keys *keys_of(IMB_MGR *mgr, enum algo_id encr, enum algo_id integ)
{
	struct esp_suite suite = {.encr = algo_get(encr), .integ = algo_get(integ)};

	return mb_keys_new(mgr, &suite, LS_BYTES(keymat, sizeof keymat), true);
}

START_TEST(jobs_are_called_so)
{
	static const struct {
		enum algo_id encr, integ;
		IMB_CIPHER_MODE cipher;
		IMB_HASH_ALG hash;
		uint8_t iv_bytes;
	} want[] = {
		{ALGO_AES128, ALGO_SHA1, IMB_CIPHER_CBC, IMB_AUTH_HMAC_SHA_1, 16},
		{ALGO_AES192, ALGO_AESXCBC, IMB_CIPHER_CBC, IMB_AUTH_AES_XCBC, 16},
		{ALGO_AES256_CTR, ALGO_AESCMAC, IMB_CIPHER_CNTR, IMB_AUTH_AES_CMAC, 16},
		{ALGO_TDES, ALGO_MD5, IMB_CIPHER_DES3, IMB_AUTH_MD5, 8},
		{ALGO_DES, ALGO_SHA512, IMB_CIPHER_DES, IMB_AUTH_HMAC_SHA_512, 8},
		{ALGO_NULL, ALGO_SHA384, IMB_CIPHER_NULL, IMB_AUTH_HMAC_SHA_384, 0},
	};
	IMB_MGR *mgr = esp_crypto_mb.engine_new();

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		struct mb_keys *k = keys_of(mgr, want[i].encr, want[i].integ);

		ck_assert_ptr_nonnull(k);
		ck_assert_uint_eq(k->cipher, want[i].cipher);
		ck_assert_uint_eq(k->hash, want[i].hash);
		ck_assert_uint_eq(k->iv_bytes, want[i].iv_bytes);
		ck_assert_uint_eq((uintptr_t)k->material.bytes % 64, 0);
		mb_keys_free(k);
	}
	esp_crypto_mb.engine_free(mgr);
}
END_TEST

START_TEST(what_it_lacks_gets_no_keys)
{
	IMB_MGR *mgr = esp_crypto_mb.engine_new();

	ck_assert_ptr_null(keys_of(mgr, ALGO_CAMELLIA128, ALGO_SHA256));
	ck_assert_ptr_null(keys_of(mgr, ALGO_AES192_CCM16, ALGO_NONE));
	ck_assert_ptr_null(keys_of(mgr, ALGO_AES128, ALGO_AUTH_AES128_GMAC));
	mb_keys_free(NULL);
	esp_crypto_mb.engine_free(mgr);
}
END_TEST

/* FIPS 197 A.1: the last round key of AES-128. */
START_TEST(aes_keys_are_expanded)
{
	IMB_MGR *mgr = esp_crypto_mb.engine_new();
	struct esp_suite suite = {.encr = algo_get(ALGO_AES128), .integ = algo_get(ALGO_SHA256)};
	uint8_t key[48] = {0};
	struct mb_keys *k;

	hex("2b7e151628aed2a6abf7158809cf4f3c", key, 16);
	k = mb_keys_new(mgr, &suite, LS_BYTES(key, sizeof key), true);
	ck_assert_ptr_nonnull(k);
	ck_assert_hex_eq((const uint8_t *)k->encrypt + 160, 16, "d014f9a8c9ee2589e13f0cc8b6630ca6");
	mb_keys_free(k);
	esp_crypto_mb.engine_free(mgr);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, jobs_are_called_so);
	tcase_add_test(tc, what_it_lacks_gets_no_keys);
	tcase_add_test(tc, aes_keys_are_expanded);
	return run_cases("esp_mb_keys", tc);
}
#else
#include <stdio.h>

int main(void)
{
	puts("skip - ipsec-mb: this build is without it");
	return EXIT_SUCCESS;
}
#endif
