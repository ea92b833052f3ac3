/* Tests of the table of algorithms: sizes, look-ups, order, no two rows alike. */
#include "lib/algo.h"

#include "tests/unit/run.h"

#include <string.h>

START_TEST(rows_are_found)
{
	size_t count;
	const struct algo *rows = algo_all(&count);

	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_eq(algo_get(rows[i].id), &rows[i]);
		ck_assert_ptr_eq(algo_by_name(rows[i].kind, rows[i].name), &rows[i]);
		ck_assert_ptr_eq(algo_by_ikev2(rows[i].kind, rows[i].ikev2, rows[i].key_attribute),
		                 &rows[i]);
		ck_assert_uint_gt(rows[i].id, 0);
		ck_assert_uint_lt(rows[i].id, 256);
	}
	ck_assert_ptr_null(algo_get(ALGO_NONE));
	ck_assert_ptr_null(algo_get(9999));
	ck_assert_ptr_null(algo_by_name(ALGO_KIND_PRF, "sha256"));
	ck_assert_ptr_null(algo_by_name(ALGO_KIND_ENCR, "AES256"));
	ck_assert_ptr_null(algo_by_name(ALGO_KIND_ENCR, ""));
}
END_TEST

/* RFC 7296 3.3.5: AES without a key length, or ChaCha20 with one, is not what it says. */
START_TEST(key_lengths_must_fit)
{
	ck_assert_ptr_null(algo_by_ikev2(ALGO_KIND_ENCR, 20, 0));
	ck_assert_ptr_null(algo_by_ikev2(ALGO_KIND_ENCR, 20, 512));
	ck_assert_ptr_null(algo_by_ikev2(ALGO_KIND_ENCR, 28, 256));
	ck_assert_ptr_null(algo_by_ikev2(ALGO_KIND_INTEG, 12, 256));
	ck_assert_uint_eq(algo_by_ikev2(ALGO_KIND_ENCR, 12, 192)->id, ALGO_AES192);
	ck_assert_uint_eq(algo_by_ikev2(ALGO_KIND_KE, 19, 0)->id, ALGO_ECP256);
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		enum algo_id id;
		uint16_t v2, key, salt, iv, block, icv;
	} want[] = {
		{ALGO_AES128_GCM, 20, 16, 4, 8, 4, 16},
		{ALGO_AES256_GCM, 20, 32, 4, 8, 4, 16},
		{ALGO_CHACHA20POLY1305, 28, 32, 4, 8, 4, 16},
		{ALGO_AES128, 12, 16, 0, 16, 16, 0},
		{ALGO_AES256, 12, 32, 0, 16, 16, 0},
		{ALGO_NULL, 11, 0, 0, 0, 4, 0},
		{ALGO_AES128_GCM8, 18, 16, 4, 8, 4, 8},
		{ALGO_AES192_GCM12, 19, 24, 4, 8, 4, 12},
		{ALGO_AES256_CCM8, 14, 32, 3, 8, 4, 8},
		{ALGO_AES192_CCM12, 15, 24, 3, 8, 4, 12},
		{ALGO_AES128_CCM16, 16, 16, 3, 8, 4, 16},
		{ALGO_AES128_CTR, 13, 16, 4, 8, 4, 0},
		{ALGO_AES256_GMAC, 21, 32, 4, 8, 4, 16},
		{ALGO_CAMELLIA192, 23, 24, 0, 16, 16, 0},
		{ALGO_AES256_CCM8_IIV, 29, 32, 3, 0, 4, 8},
		{ALGO_AES128_GCM_IIV, 30, 16, 4, 0, 4, 16},
		{ALGO_CHACHA20POLY1305_IIV, 31, 32, 4, 0, 4, 16},
		{ALGO_TDES, 3, 24, 0, 8, 8, 0},
		{ALGO_DES, 2, 8, 0, 8, 8, 0},
		{ALGO_MD5, 1, 16, 0, 0, 0, 12},
		{ALGO_AESXCBC, 5, 16, 0, 0, 0, 12},
		{ALGO_AESCMAC, 8, 16, 0, 0, 0, 12},
		{ALGO_AUTH_AES128_GMAC, 9, 16, 4, 8, 0, 16},
		{ALGO_AUTH_AES256_GMAC, 11, 32, 4, 8, 0, 16},
		{ALGO_SHA1, 2, 20, 0, 0, 0, 12},
		{ALGO_SHA256, 12, 32, 0, 0, 0, 16},
		{ALGO_SHA384, 13, 48, 0, 0, 0, 24},
		{ALGO_SHA512, 14, 64, 0, 0, 0, 32},
		{ALGO_PRF_SHA1, 2, 20, 0, 0, 0, 0},
		{ALGO_PRF_SHA256, 5, 32, 0, 0, 0, 0},
		{ALGO_PRF_SHA384, 6, 48, 0, 0, 0, 0},
		{ALGO_PRF_SHA512, 7, 64, 0, 0, 0, 0},
		{ALGO_X25519, 31, 32, 0, 0, 0, 32},
		{ALGO_ECP256, 19, 32, 0, 0, 0, 64},
		{ALGO_ECP384, 20, 48, 0, 0, 0, 96},
		{ALGO_ECP521, 21, 66, 0, 0, 0, 132},
		{ALGO_MODP2048, 14, 256, 0, 0, 0, 256},
	};

	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct algo *a = algo_get(want[i].id);

		ck_assert_uint_eq(a->ikev2, want[i].v2);
		ck_assert_uint_eq(a->key_bytes, want[i].key);
		ck_assert_uint_eq(a->salt_bytes, want[i].salt);
		ck_assert_uint_eq(a->iv_bytes, want[i].iv);
		ck_assert_uint_eq(a->block_bytes, want[i].block);
		ck_assert_uint_eq(a->icv_bytes, want[i].icv);
	}
}
END_TEST

START_TEST(rows_are_unlike)
{
	size_t count;
	const struct algo *rows = algo_all(&count);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++) {
			ck_assert_uint_ne(rows[i].id, rows[k].id);
			ck_assert(rows[i].kind != rows[k].kind ||
			          strcmp(rows[i].name, rows[k].name) != 0);
			ck_assert(rows[i].kind != rows[k].kind || rows[i].ikev2 != rows[k].ikev2 ||
			          rows[i].key_attribute != rows[k].key_attribute);
		}
}
END_TEST

/* RFC 8221 5, 6; RFC 8247 2. */
START_TEST(what_is_old_is_legacy)
{
	static const char *const old[] = {"3des", "des", "md5", "prf-sha1", "sha1"};
	size_t count;
	const struct algo *rows = algo_all(&count);

	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (size_t k = 0; k < sizeof old / sizeof old[0]; k++)
			found |= strcmp(rows[i].name, old[k]) == 0;
		ck_assert(found == (rows[i].gate == ALGO_LEGACY));
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, rows_are_found);
	tcase_add_test(tc, key_lengths_must_fit);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, rows_are_unlike);
	tcase_add_test(tc, what_is_old_is_legacy);
	return run_cases("algo", tc);
}
