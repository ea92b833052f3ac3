/* Tests of hashes and the DES block, among them the MS-CHAPv2 example of RFC 2759 9.2. */
#include "lib/crypto.h"
#include "tests/unit/hex.h"
#include "tests/unit/run.h"

START_TEST(hashes_of_abc)
{
	static const struct {
		enum crypto_hash hash;
		const char *digest;
	} rows[] = {
		{CRYPTO_MD4, "a448017aaf21d8525fc10ae87aa6729d"},
		{CRYPTO_MD5, "900150983cd24fb0d6963f7d28e17f72"},
		{CRYPTO_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{CRYPTO_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{CRYPTO_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	                        "8086072ba1e7cc2358baeca134c825a7"},
		{CRYPTO_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	                        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	};
	struct ls_bytes whole = LS_BYTES("abc", 3),
			parts[3] = {LS_BYTES("a", 1), LS_BYTES("", 0), LS_BYTES("bc", 2)};
	uint8_t out[CRYPTO_HASH_MAX];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = crypto_digest(rows[i].hash, &whole, 1, out);

		ck_assert_hex_eq(out, n, rows[i].digest);
		memset(out, 0, sizeof(out));
		n = crypto_digest(rows[i].hash, parts, 3, out);
		ck_assert_hex_eq(out, n, rows[i].digest);
	}
}
END_TEST

START_TEST(rfc2759_example)
{
	struct ls_bytes parts[3];
	uint8_t challenge[CRYPTO_HASH_MAX], key[21] = {0}, response[24];
	HEX(peer, "21402324255E262A28295F2B3A337C7E");
	HEX(authenticator, "5B5D7C7D7B3F2F3E3C2C602132262628");
	HEX(password, "63006C00690065006E0074005000610073007300");

	parts[0] = peer;
	parts[1] = authenticator;
	parts[2] = LS_BYTES("User", 4);
	crypto_digest(CRYPTO_SHA1, parts, 3, challenge);
	ck_assert_hex_eq(challenge, 8u, "D02E4386BCE91226");
	parts[0] = password;
	{
		uint8_t hash[CRYPTO_HASH_MAX];
		size_t n = crypto_digest(CRYPTO_MD4, parts, 1, hash);

		ck_assert_hex_eq(hash, n, "44EBBA8D5312B8D611474411F56989AE");
		memcpy(key, hash, 16);
	}
	for (unsigned i = 0; i < 3; i++)
		crypto_des_block(key + 7 * i, challenge, response + 8 * i);
	ck_assert_hex_eq(response, sizeof(response) + 0u,
	                 "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF");
}
END_TEST

START_TEST(equal_is_equal)
{
	ck_assert(crypto_equal("abc", "abc", 3));
	ck_assert(!crypto_equal("abc", "abd", 3));
	ck_assert(crypto_equal("abc", "xyz", 0));
	ck_assert(crypto_init());
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, hashes_of_abc);
	tcase_add_test(tc, rfc2759_example);
	tcase_add_test(tc, equal_is_equal);
	return run_cases("crypto_hash", tc);
}
