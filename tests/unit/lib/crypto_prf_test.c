/* Tests of HMAC as PRF and as integrity check with all vectors of RFC 4868, and of prf+. */
#include "lib/crypto.h"
#include "tests/unit/hex.h"
#include "tests/unit/run.h"

struct vector {
	enum algo_id id;
	const char *key, *data, *out;
};

/* RFC 4868 2.7.1 */
static const struct vector prf[] = {
	{ALGO_PRF_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{ALGO_PRF_SHA384, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b"
         "2fa9cb6"},
	{ALGO_PRF_SHA512, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274ea"
         "ea3f4e4be9d914eeb61f170"
         "2e696c203a126854"},
	{ALGO_PRF_SHA256, "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{ALGO_PRF_SHA384, "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecf"
         "ab21649"},
	{ALGO_PRF_SHA512, "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f"
         "8f0e6fdcaeab1a34d4a6b4b"
         "636e070a38bce737"},
	{ALGO_PRF_SHA256, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "ddddddddddd",
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{ALGO_PRF_SHA384, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "ddddddddddd",
         "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e10"
         "1a34f27"},
	{ALGO_PRF_SHA512, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "ddddddddddd",
         "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47"
         "e67c807b946a337bee89426"
         "74278859e13292fb"},
	{ALGO_PRF_SHA256, "0102030405060708090a0b0c0d0e0f10111213141516171819",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc"
         "dcdcdcdcdcd",
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	{ALGO_PRF_SHA384, "0102030405060708090a0b0c0d0e0f10111213141516171819",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc"
         "dcdcdcdcdcd",
         "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c"
         "674cffb"},
	{ALGO_PRF_SHA512, "0102030405060708090a0b0c0d0e0f10111213141516171819",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc"
         "dcdcdcdcdcd",
         "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc"
         "5788063a5f19741120c4f2d"
         "e2adebeb10a298dd"},
	{ALGO_PRF_SHA256,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20486173682"
         "04b6579204669727374",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{ALGO_PRF_SHA384,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20486173682"
         "04b6579204669727374",
         "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df16"
         "3f44952"},
	{ALGO_PRF_SHA512,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20486173682"
         "04b6579204669727374",
         "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215"
         "d6a1e5295e64f73f63f0aec"
         "8b915a985d786598"},
	{ALGO_PRF_SHA256,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a6"
         "5206b657920616e64206120"
         "6c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746"
         "f2062652068617368656420"
         "6265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
	{ALGO_PRF_SHA384,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a6"
         "5206b657920616e64206120"
         "6c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746"
         "f2062652068617368656420"
         "6265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e",
         "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110"
         "c46523e"},
	{ALGO_PRF_SHA512,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a6"
         "5206b657920616e64206120"
         "6c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746"
         "f2062652068617368656420"
         "6265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e",
         "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c"
         "3e4de15134676fb6de04460"
         "65c97440fa8c6a58"},
};

/* RFC 4868 2.7.2; the key of AUTH512-4 as its erratum has it (01 .. 40) */
static const struct vector integ[] = {
	{ALGO_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
         "4869205468657265", "198a607eb44bfbc69903a0f1cf2bbdc5"},
	{ALGO_SHA256, "4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665",
         "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "167f928588c5cc2eef8e3093caa0e87c"},
	{ALGO_SHA256, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "ddddddddddd",
         "cdcb1220d1ecccea91e53aba3092f962"},
	{ALGO_SHA256, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc"
         "dcdcdcdcdcd",
         "372efcf9b40b35c2115b1346903d2ef4"},
	{ALGO_SHA384,
         "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
         "b0b0b0b",
         "4869205468657265", "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"},
	{ALGO_SHA384,
         "4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a6566654a6566654a6566654a6566654"
         "a656665",
         "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "2c7353974f1842fd66d53c452ca42122b28c0b594cfb184d"},
	{ALGO_SHA384,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaa",
         "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "ddddddddddd",
         "809f439be00274321d4a538652164b53554a508184a0c316"},
	{ALGO_SHA384,
         "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f200a0b0c0d0e0f1011121314151"
         "6171819",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc"
         "dcdcdcdcdcd",
         "5b540085c6e6358096532b2493609ed1cb298f774f87bb5c"},
	{ALGO_SHA512,
         "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
         "b0b0b0b0b0b0b0b0b0b0b0b"
         "0b0b0b0b0b0b0b0b",
         "4869205468657265", "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"},
	{ALGO_SHA512,
         "4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a6566654a6566654a6566654a6566654"
         "a6566654a6566654a656665"
         "4a6566654a656665",
         "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "cb370917ae8a7ce28cfd1d8f4705d6141c173b2a9362c15df235dfb251b15454"},
	{ALGO_SHA512,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaa",
         "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "ddddddddddd",
         "2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8"},
	{ALGO_SHA512,
         "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728"
         "292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc"
         "dcdcdcdcdcd",
         "5e6688e5a3daec826ca32eaea224eff5e700628947470e13ad01302561bab108"},
};

START_TEST(rfc4868_prf)
{
	uint8_t out[CRYPTO_HASH_MAX];
	HEX(key, prf[_i].key);
	HEX(data, prf[_i].data);
	struct ls_bytes parts[3] = {LS_BYTES(data.p, 3), LS_BYTES(NULL, 0),
	                            LS_BYTES(data.p + 3, data.len - 3)};
	size_t n = crypto_prf(prf[_i].id, key, &data, 1, out);

	ck_assert_hex_eq(out, n, prf[_i].out);
	memset(out, 0, sizeof(out));
	n = crypto_prf(prf[_i].id, key, parts, 3, out);
	ck_assert_hex_eq(out, n, prf[_i].out);
}
END_TEST

START_TEST(rfc4868_integ)
{
	uint8_t out[CRYPTO_HASH_MAX];
	HEX(key, integ[_i].key);
	HEX(data, integ[_i].data);
	size_t n = crypto_integ(integ[_i].id, key, &data, 1, out);

	ck_assert_hex_eq(out, n, integ[_i].out);
}
END_TEST

/* RFC 2202 3, cases 1 and 2 */
START_TEST(sha1)
{
	uint8_t out[CRYPTO_HASH_MAX];
	HEX(key, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	struct ls_bytes one = LS_BYTES("Hi There", 8),
			two = LS_BYTES("what do ya want for nothing?", 28);
	size_t n = crypto_prf(ALGO_PRF_SHA1, key, &one, 1, out);

	ck_assert_hex_eq(out, n, "b617318655057264e28bc0b6fb378c8ef146be00");
	n = crypto_integ(ALGO_SHA1, key, &one, 1, out);
	ck_assert_hex_eq(out, n, "b617318655057264e28bc0b6");
	n = crypto_prf(ALGO_PRF_SHA1, LS_BYTES("Jefe", 4), &two, 1, out);
	ck_assert_hex_eq(out, n, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}
END_TEST

/* T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2), ... (RFC 7296 2.13), put together by hand. */
START_TEST(prf_plus_is_what_the_rfc_says)
{
	static const enum algo_id ids[] = {ALGO_PRF_SHA256, ALGO_PRF_SHA384, ALGO_PRF_SHA512,
	                                   ALGO_PRF_SHA1};
	enum algo_id id = ids[_i];
	size_t size = algo_get(id)->key_bytes;
	struct ls_bytes key = LS_BYTES("key", 3),
			seed[2] = {LS_BYTES("nonce", 5), LS_BYTES("spi", 3)};
	uint8_t want[4 * CRYPTO_HASH_MAX], got[4 * CRYPTO_HASH_MAX], number = 1,
								     block[CRYPTO_HASH_MAX];
	struct ls_bytes in[4] = {LS_BYTES(block, 0), seed[0], seed[1], LS_BYTES(&number, 1)};

	for (; number <= 4; number++) {
		ck_assert_uint_eq(crypto_prf(id, key, in, 4, block), size);
		in[0].len = size;
		memcpy(want + (number - 1u) * size, block, size);
	}
	for (size_t len = 0; len <= 4 * size; len += 7) {
		memset(got, 0xee, sizeof(got));
		ck_assert(crypto_prf_plus(id, key, seed, 2, got, len));
		ck_assert_mem_eq(got, want, len);
		if (len < sizeof(got))
			ck_assert_uint_eq(got[len], 0xee);
	}
}
END_TEST

START_TEST(limits_are_kept)
{
	static uint8_t out[255 * 32 + 1];
	struct ls_bytes part[CRYPTO_PARTS_MAX + 1] = {LS_BYTES("x", 1)};

	ck_assert(crypto_prf_plus(ALGO_PRF_SHA256, part[0], part, 1, out, 255 * 32));
	ck_assert(!crypto_prf_plus(ALGO_PRF_SHA256, part[0], part, 1, out, 255 * 32 + 1));
	ck_assert(!crypto_prf_plus(ALGO_PRF_SHA256, part[0], part, CRYPTO_PARTS_MAX + 1, out, 32));
	ck_assert(!crypto_prf_plus(ALGO_SHA256, part[0], part, 1, out, 32));
	ck_assert_uint_eq(crypto_prf(ALGO_SHA256, part[0], part, 1, out), 0);
	ck_assert_uint_eq(crypto_prf(ALGO_NONE, part[0], part, 1, out), 0);
	ck_assert_uint_eq(crypto_integ(ALGO_PRF_SHA256, part[0], part, 1, out), 0);
	/* An empty key is a key. */
	ck_assert_uint_eq(crypto_prf(ALGO_PRF_SHA256, LS_BYTES(NULL, 0), part, 0, out), 32);
	ck_assert_hex_eq(out, 32u,
	                 "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, rfc4868_prf, 0, sizeof(prf) / sizeof(prf[0]));
	tcase_add_loop_test(tc, rfc4868_integ, 0, sizeof(integ) / sizeof(integ[0]));
	tcase_add_test(tc, sha1);
	tcase_add_loop_test(tc, prf_plus_is_what_the_rfc_says, 0, 4);
	tcase_add_test(tc, limits_are_kept);
	return run_cases("crypto_prf", tc);
}
