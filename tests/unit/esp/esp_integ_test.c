/* Tests of integrity alone: every INTEG row against known answers, in parts of any size, checked.
 */
#include "esp/esp_integ.h"

#include "tests/unit/hex.h"
#include "tests/unit/run.h"

#include <string.h>

enum { LONG = 1000 };

static const struct {
	enum algo_id id;
	const char *key, *iv, *message; /* NULL: a thousand zeros */
	const char *icv;
} known[] = {
	/* RFC 2202 2 and 3, cut to 96 bits. */
	{ALGO_MD5, "0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b", NULL, "48692054 68657265",
         "9294727a 3638bb1c 13f48ef8"},
	{ALGO_SHA1, "0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b", NULL, "48692054 68657265",
         "b6173186 55057264 e28bc0b6"},
	/* RFC 4868 2.7.2, PRF cases cut: the first of each. */
	{ALGO_SHA256, "0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b",
         NULL, "48692054 68657265", "198a607e b44bfbc6 9903a0f1 cf2bbdc5"},
	{ALGO_SHA384,
         "0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b "
         "0b0b0b0b 0b0b0b0b 0b0b0b0b",
         NULL, "48692054 68657265", "b6a8d563 6f5c6a72 24f9977d cf7ee6c7 fb6d0c48 cbdee973"},
	{ALGO_SHA512,
         "0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b "
         "0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b",
         NULL, "48692054 68657265",
         "637edc6e 01dce7e6 742a9945 1aae82df 23da3e92 439e590e 43e761b3 3e910fb8"},
	/* RFC 3566 4.6. */
	{ALGO_AESXCBC, "00010203 04050607 08090a0b 0c0d0e0f", NULL, "",
         "75f0251d 528ac01c 4573dfd5"},
	{ALGO_AESXCBC, "00010203 04050607 08090a0b 0c0d0e0f", NULL, "000102",
         "5b376580 ae2f19af e7219cee"},
	{ALGO_AESXCBC, "00010203 04050607 08090a0b 0c0d0e0f", NULL,
         "00010203 04050607 08090a0b 0c0d0e0f", "d2a246fa 349b68a7 9998a439"},
	{ALGO_AESXCBC, "00010203 04050607 08090a0b 0c0d0e0f", NULL,
         "00010203 04050607 08090a0b 0c0d0e0f 10111213", "47f51b45 64966215 b8985c63"},
	{ALGO_AESXCBC, "00010203 04050607 08090a0b 0c0d0e0f", NULL,
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f",
         "f54f0ec8 d2b9f3d3 6807734b"},
	{ALGO_AESXCBC, "00010203 04050607 08090a0b 0c0d0e0f", NULL,
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 2021",
         "becbb3bc cdb518a3 0677d548"},
	{ALGO_AESXCBC, "00010203 04050607 08090a0b 0c0d0e0f", NULL, NULL,
         "f0dafee8 95db3025 3761103b"},
	/* RFC 4494 4, which are those of RFC 4493 4 cut. */
	{ALGO_AESCMAC, "2b7e1516 28aed2a6 abf71588 09cf4f3c", NULL, "",
         "bb1d6929 e9593728 7fa37d12"},
	{ALGO_AESCMAC, "2b7e1516 28aed2a6 abf71588 09cf4f3c", NULL,
         "6bc1bee2 2e409f96 e93d7e11 7393172a", "070a16b4 6b4d4144 f79bdd9d"},
	{ALGO_AESCMAC, "2b7e1516 28aed2a6 abf71588 09cf4f3c", NULL,
         "6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57 1e03ac9c 9eb76fac 45af8e51 30c81c46 "
         "a35ce411",
         "dfa66747 de9ae630 30ca3261"},
	{ALGO_AESCMAC, "2b7e1516 28aed2a6 abf71588 09cf4f3c", NULL,
         "6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57 1e03ac9c 9eb76fac 45af8e51 30c81c46 "
         "a35ce411 e5fbc119 1a0a52ef f69f2445 df4f9b17 ad2b417b e66c3710",
         "51f0bebf 7e3b9d92 fc497417"},
	/* NIST CAVP gcmEncryptExtIV128, no text and 128 bits of AAD, count 0. */
	{ALGO_AUTH_AES128_GMAC, "77be6370 8971c4e2 40d1cb79 e8d77feb e0e00f19", "fed7ba01 36a797f3",
         "7a43ec1d 9c0a5a78 a0b16533 a6213cab", "209fcc8d 3675ed93 8e9c7166 709dd946"},
	/* Computed with python-cryptography. */
	{ALGO_AUTH_AES128_GMAC, "01020304 05060708 090a0b0c 0d0e0f10 a0a1a2a3", "a4a5a6a7 a8a9aaab",
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223 "
         "24252627 28292a2b 2c2d2e2f 30313233 34353637 38393a3b 3c",
         "4542a7f1 ce9d9730 15a380fa e3c4849a"},
	{ALGO_AUTH_AES192_GMAC, "01020304 05060708 090a0b0c 0d0e0f10 11121314 15161718 a0a1a2a3",
         "a4a5a6a7 a8a9aaab",
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223 "
         "24252627 28292a2b 2c2d2e2f 30313233 34353637 38393a3b 3c",
         "dc3aad08 ff178bb3 84ea4a4f f2364528"},
	{ALGO_AUTH_AES256_GMAC,
         "01020304 05060708 090a0b0c 0d0e0f10 11121314 15161718 191a1b1c 1d1e1f20 a0a1a2a3",
         "a4a5a6a7 a8a9aaab",
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223 "
         "24252627 28292a2b 2c2d2e2f 30313233 34353637 38393a3b 3c",
         "7f970c66 657722a7 e635b761 593e05a1"},
};

enum { KNOWN = sizeof known / sizeof known[0] };

static struct ls_bytes message_of(int n, uint8_t bytes[LONG])
{
	memset(bytes, 0, LONG);
	return LS_BYTES(bytes, known[n].message ? hex(known[n].message, bytes, LONG) : LONG);
}

START_TEST(answers_are_known)
{
	const struct algo *a = algo_get(known[_i].id);
	uint8_t key[68], iv[8], message[LONG], made[ESP_INTEG_OUT_MAX];
	struct esp_integ integ;
	struct ls_bytes whole = message_of(_i, message);

	ck_assert_uint_eq(hex(known[_i].key, key, sizeof key), a->key_bytes + a->salt_bytes);
	ck_assert_uint_eq(known[_i].iv ? hex(known[_i].iv, iv, sizeof iv) : 0, a->iv_bytes);
	ck_assert(esp_integ_init(&integ, a, key));
	for (unsigned twice = 0; twice < 2; twice++) {
		ck_assert(esp_integ_make(&integ, iv, &whole, 1, made));
		ck_assert_hex_eq(made, a->icv_bytes, known[_i].icv);
	}
	esp_integ_end(&integ);
	ck_assert_ptr_null(integ.algo);
	esp_integ_end(&integ);
}
END_TEST

/* However the message is cut in three, it is the same message. */
START_TEST(parts_do_not_matter)
{
	const struct algo *a = algo_get(known[_i].id);
	uint8_t key[68], iv[8] = {0}, message[LONG], made[ESP_INTEG_OUT_MAX];
	struct esp_integ integ;
	struct ls_bytes whole = message_of(_i, message);
	size_t step = whole.len > 100 ? 37 : 1;

	hex(known[_i].key, key, sizeof key);
	if (known[_i].iv)
		hex(known[_i].iv, iv, sizeof iv);
	ck_assert(esp_integ_init(&integ, a, key));
	for (size_t i = 0; i <= whole.len; i += step)
		for (size_t k = i; k <= whole.len; k += step) {
			struct ls_bytes part[] = {LS_BYTES(message, i),
			                          LS_BYTES(message + i, k - i),
			                          LS_BYTES(message + k, whole.len - k)};

			ck_assert(esp_integ_make(&integ, iv, part, 3, made));
			ck_assert_hex_eq(made, a->icv_bytes, known[_i].icv);
		}
	esp_integ_end(&integ);
}
END_TEST

START_TEST(each_bit_counts)
{
	const struct algo *a = algo_get(known[_i].id);
	uint8_t key[68], iv[8] = {0}, message[LONG], icv[ESP_INTEG_ICV_MAX];
	struct esp_integ integ;
	struct ls_bytes whole = message_of(_i, message);

	hex(known[_i].key, key, sizeof key);
	if (known[_i].iv)
		hex(known[_i].iv, iv, sizeof iv);
	hex(known[_i].icv, icv, sizeof icv);
	ck_assert(esp_integ_init(&integ, a, key));
	ck_assert(esp_integ_check(&integ, iv, &whole, 1, icv));
	for (unsigned bit = 0; bit < a->icv_bytes * 8u; bit++) {
		icv[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!esp_integ_check(&integ, iv, &whole, 1, icv));
		icv[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned bit = 0; bit < whole.len * 8; bit++) {
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!esp_integ_check(&integ, iv, &whole, 1, icv));
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned bit = 0; bit < a->iv_bytes * 8u; bit++) {
		iv[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!esp_integ_check(&integ, iv, &whole, 1, icv));
		iv[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	esp_integ_end(&integ);
}
END_TEST

/* No row without an answer above, and none that is no INTEG. */
START_TEST(rows_are_covered)
{
	size_t count;
	const struct algo *rows = algo_all(&count);
	uint8_t key[68] = {1};
	struct esp_integ integ;

	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (unsigned k = 0; k < KNOWN; k++)
			found |= known[k].id == rows[i].id;
		ck_assert_int_eq(found, rows[i].kind == ALGO_KIND_INTEG);
		if (!found)
			ck_assert(!esp_integ_init(&integ, &rows[i], key));
		if (found)
			ck_assert_uint_le(rows[i].icv_bytes, ESP_INTEG_ICV_MAX);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, answers_are_known, 0, KNOWN);
	tcase_add_loop_test(tc, parts_do_not_matter, 0, KNOWN);
	tcase_add_loop_test(tc, each_bit_counts, 0, KNOWN);
	tcase_add_test(tc, rows_are_covered);
	return run_cases("esp_integ", tc);
}
