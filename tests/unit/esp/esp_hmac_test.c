/* Tests of HMAC for packets: the vectors of RFC 2202 and RFC 4231, and any way to cut the bytes. */
#include "esp/esp_hmac.h"
#include "tests/unit/hex.h"
#include "tests/unit/run.h"

static void mac(const struct esp_hmac *hmac, struct ls_bytes a, struct ls_bytes b,
                uint8_t out[ESP_HMAC_MAX])
{
	const struct ls_bytes parts[] = {a, b};

	esp_hmac(hmac, parts, 2, out);
}

static const struct {
	enum algo_id id;
	size_t size;
	const char *of_hi_there, *of_what_do_ya_want;
} rows[] = {
	{ALGO_SHA1, 20, "b617318655057264e28bc0b6fb378c8ef146be00",
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	{ALGO_SHA256, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{ALGO_SHA384, 48,
         "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
         "faea9ea9076ede7f4af152e8b2fa9cb6",
         "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
         "8e2240ca5e69e2c78b3239ecfab21649"},
	{ALGO_SHA512, 64,
         "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
         "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Test cases 1 and 2, whose keys are shorter than those of the rows. */
START_TEST(vectors_of_the_rfcs)
{
	static const char what[] = "what do ya want for nothing?";
	struct algo row = *algo_get(rows[_i].id);
	struct esp_hmac hmac;
	uint8_t key[20], out[ESP_HMAC_MAX];

	memset(key, 0x0b, sizeof key);
	row.key_bytes = sizeof key;
	ck_assert(esp_hmac_init(&hmac, &row, key));
	mac(&hmac, LS_BYTES("Hi There", 8), LS_BYTES("", 0), out);
	ck_assert_hex_eq(out, rows[_i].size, rows[_i].of_hi_there);
	row.key_bytes = 4;
	ck_assert(esp_hmac_init(&hmac, &row, (const uint8_t *)"Jefe"));
	/* Cut anywhere, and again and again with the same key. */
	for (size_t cut = 0; cut < sizeof what; cut++) {
		mac(&hmac, LS_BYTES(what, cut), LS_BYTES(what + cut, sizeof what - 1 - cut), out);
		ck_assert_hex_eq(out, rows[_i].size, rows[_i].of_what_do_ya_want);
	}
}
END_TEST

/* Over the block of the hash and back, against nothing but itself in two halves. */
START_TEST(packets_of_all_sizes)
{
	static uint8_t bytes[1600], key[64];
	struct esp_hmac hmac;
	uint8_t whole[ESP_HMAC_MAX], halves[ESP_HMAC_MAX], before[ESP_HMAC_MAX] = {0};

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 3);
	ck_assert(esp_hmac_init(&hmac, algo_get(rows[_i].id), key));
	for (size_t len = 0; len <= sizeof bytes; len += len < 300 ? 1 : 53) {
		mac(&hmac, LS_BYTES(bytes, len), LS_BYTES("", 0), whole);
		mac(&hmac, LS_BYTES(bytes, len / 2), LS_BYTES(bytes + len / 2, len - len / 2),
		    halves);
		ck_assert_mem_eq(whole, halves, rows[_i].size);
		ck_assert_mem_ne(whole, before, rows[_i].size);
		memcpy(before, whole, rows[_i].size);
	}
}
END_TEST

/* A key as long as the block is used as it is; a longer one would have to be hashed first, and no
 * row has one. */
START_TEST(what_is_no_hmac_is_refused)
{
	static const uint8_t key[200];
	struct esp_hmac hmac;

	for (unsigned i = 0; i < ROWS; i++) {
		struct algo row = *algo_get(rows[i].id);

		row.key_bytes = rows[i].size > 32 ? 128 : 64;
		ck_assert(esp_hmac_init(&hmac, &row, key));
		row.key_bytes++;
		ck_assert(!esp_hmac_init(&hmac, &row, key));
		ck_assert_ptr_null(hmac.digest);
	}
	ck_assert(!esp_hmac_init(&hmac, algo_get(ALGO_PRF_SHA256), key));
	ck_assert(!esp_hmac_init(&hmac, algo_get(ALGO_AES128), key));
	ck_assert_ptr_null(hmac.digest);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("esp_hmac");

	tcase_add_loop_test(tc, vectors_of_the_rfcs, 0, ROWS);
	tcase_add_loop_test(tc, packets_of_all_sizes, 0, ROWS);
	tcase_add_test(tc, what_is_no_hmac_is_refused);
	return run_cases("esp_hmac", tc);
}
