/* Contexts of OpenSSL's: with FIPS 197's block, in both directions, and what there is not. */
#include "esp/esp_evp.h"

#include "tests/unit/run.h"

#include <openssl/evp.h>
#include <string.h>

static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
/* FIPS 197 C.1. */
static const uint8_t plain[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static const uint8_t sealed[16] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
                                   0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};

START_TEST(a_block_each_way_without_padding)
{
	static const uint8_t zero[16];

	for (int seal = 0; seal < 2; seal++) {
		EVP_CIPHER_CTX *ctx =
			esp_evp_new("AES-128-CBC", key, seal, (struct esp_evp_sizes){0});
		uint8_t out[32];
		int done = 0, rest = -1;

		ck_assert_ptr_nonnull(ctx);
		ck_assert_int_eq(EVP_CipherInit_ex2(ctx, NULL, NULL, zero, seal, NULL), 1);
		ck_assert_int_eq(EVP_CipherUpdate(ctx, out, &done, seal ? plain : sealed, 16), 1);
		ck_assert_int_eq(EVP_CipherFinal_ex(ctx, out + done, &rest), 1);
		ck_assert_int_eq(done + rest, 16);
		ck_assert_mem_eq(out, seal ? sealed : plain, 16);
		EVP_CIPHER_CTX_free(ctx);
	}
}
END_TEST

START_TEST(sizes_that_a_mode_wants)
{
	const struct esp_evp_sizes good = {.nonce_bytes = 11, .icv_bytes = 8};
	const struct esp_evp_sizes bad[] = {{.nonce_bytes = 20, .icv_bytes = 8},
	                                    {.nonce_bytes = 11, .icv_bytes = 7}};
	EVP_CIPHER_CTX *ctx = esp_evp_new("AES-128-CCM", key, true, good);

	ck_assert_ptr_nonnull(ctx);
	ck_assert_int_eq(EVP_CIPHER_CTX_get_iv_length(ctx), 11);
	ck_assert_int_eq(EVP_CIPHER_CTX_get_tag_length(ctx), 8);
	EVP_CIPHER_CTX_free(ctx);
	for (size_t i = 0; i < 2; i++)
		ck_assert_ptr_null(esp_evp_new("AES-128-CCM", key, true, bad[i]));
}
END_TEST

START_TEST(what_the_library_lacks)
{
	ck_assert_ptr_null(esp_evp_new("AES-127-CBC", key, true, (struct esp_evp_sizes){0}));
	ck_assert_ptr_null(esp_evp_new("", key, true, (struct esp_evp_sizes){0}));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("esp_evp");

	tcase_add_test(tc, a_block_each_way_without_padding);
	tcase_add_test(tc, sizes_that_a_mode_wants);
	tcase_add_test(tc, what_the_library_lacks);
	return run_cases("esp_evp", tc);
}
