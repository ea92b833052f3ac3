/* Tests of AES-XCBC and AES-CMAC: their whole MACs of 16 bytes, in two parts cut anywhere. */
#include "esp/esp_mac.h"
#include "tests/unit/hex.h"
#include "tests/unit/run.h"

static const struct {
	enum algo_id id;
	const char *key, *message, *mac;
} known[] = {
	/* RFC 3566 4.6, cases 3, 4 and 6. */
	{ALGO_AESXCBC, "000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f",
         "d2a246fa349b68a79998a4394ff7a263"},
	{ALGO_AESXCBC, "000102030405060708090a0b0c0d0e0f",
         "000102030405060708090a0b0c0d0e0f10111213", "47f51b4564966215b8985c63055ed308"},
	{ALGO_AESXCBC, "000102030405060708090a0b0c0d0e0f",
         "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021",
         "becbb3bccdb518a30677d5481fb6b4d8"},
	/* RFC 4493 4, examples 1 to 4. */
	{ALGO_AESCMAC, "2b7e151628aed2a6abf7158809cf4f3c", "", "bb1d6929e95937287fa37d129b756746"},
	{ALGO_AESCMAC, "2b7e151628aed2a6abf7158809cf4f3c", "6bc1bee22e409f96e93d7e117393172a",
         "070a16b46b4d4144f79bdd9dd04a287c"},
	{ALGO_AESCMAC, "2b7e151628aed2a6abf7158809cf4f3c",
         "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
         "dfa66747de9ae63030ca32611497c827"},
	{ALGO_AESCMAC, "2b7e151628aed2a6abf7158809cf4f3c",
         "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
         "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
         "51f0bebf7e3b9d92fc49741779363cfe"},
};

enum { KNOWN = sizeof known / sizeof known[0] };

START_TEST(vectors_of_the_rfcs)
{
	uint8_t key[16], message[64], out[ESP_MAC_BLOCK];
	size_t len = hex(known[_i].message, message, sizeof message);
	struct esp_mac mac;

	hex(known[_i].key, key, sizeof key);
	ck_assert(esp_mac_init(&mac, algo_get(known[_i].id), key));
	for (size_t cut = 0; cut <= len; cut++) {
		const struct ls_bytes parts[] = {LS_BYTES(message, cut),
		                                 LS_BYTES(message + cut, len - cut)};

		ck_assert(esp_mac(&mac, parts, 2, out));
		ck_assert_hex_eq(out, sizeof out, known[_i].mac);
	}
	esp_mac_end(&mac);
	ck_assert_ptr_null(mac.cbc);
}
END_TEST

START_TEST(no_parts_are_no_bytes)
{
	uint8_t key[16], out[ESP_MAC_BLOCK];
	struct esp_mac mac;

	hex(known[3].key, key, sizeof key);
	ck_assert(esp_mac_init(&mac, algo_get(known[3].id), key));
	ck_assert(esp_mac(&mac, NULL, 0, out));
	ck_assert_hex_eq(out, sizeof out, known[3].mac);
	esp_mac_end(&mac);
}
END_TEST

START_TEST(other_rows_are_refused)
{
	static const uint8_t key[64];
	struct esp_mac mac;

	ck_assert(!esp_mac_init(&mac, algo_get(ALGO_SHA256), key));
	ck_assert(!esp_mac_init(&mac, algo_get(ALGO_AUTH_AES128_GMAC), key));
	ck_assert(!esp_mac_init(&mac, algo_get(ALGO_AES128), key));
	esp_mac_end(&mac);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, vectors_of_the_rfcs, 0, KNOWN);
	tcase_add_test(tc, no_parts_are_no_bytes);
	tcase_add_test(tc, other_rows_are_refused);
	return run_cases("esp_mac", tc);
}
