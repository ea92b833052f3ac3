/* Tests of the one-shot ciphers: GCM's reference cases, RFC 7634 appendix B, RFC 3602 cases 1-4,
 * forgeries. */
#include "lib/crypto.h"
#include "tests/unit/hex.h"
#include "tests/unit/run.h"

static const struct {
	enum algo_id id;
	const char *key, *salt_iv, *aad, *plain, *cipher, *tag; /* salt_iv: the nonce of 12 bytes */
} aeads[] = {
	/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 1, 2, 4, 10, 13, 14,
           16 */
	{ALGO_AES128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "", "",
         "", "58e2fccefa7e3061367f1d57a4e7455a"},
	{ALGO_AES128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "",
         "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
         "ab6e47d42cec13bdf53a67b21257bddf"},
	{ALGO_AES128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
         "feedfacedeadbeeffeedfacedeadbeefabaddad2",
         "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e244"
         "9a6b525b16aedf5aa0de657ba637b39",
         "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aa"
         "c84aa051ba30b396a0aac973d58e091",
         "5bc94fbc3221a5db94fae95ae7121a47"},
	{ALGO_AES192_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c",
         "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
         "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e244"
         "9a6b525b16aedf5aa0de657ba637b39",
         "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c"
         "84a3f4718e2448b2fe324d9ccda2710",
         "2519498e80f1478f37ba55bd6d27618c"},
	{ALGO_AES256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
         "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
	{ALGO_AES256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
         "000000000000000000000000", "", "00000000000000000000000000000000",
         "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
	{ALGO_AES256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
         "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
         "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e244"
         "9a6b525b16aedf5aa0de657ba637b39",
         "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105"
         "6828838c5f61e6393ba7a0abcc9f662",
         "76fc6ece0f4e1768cddf8853bb2d551b"},
	/* RFC 7634 appendix B: an IKEv2 SK payload */
	{ALGO_CHACHA20POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
         "a0a1a2a31011121314151617",
         "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029",
         "0000000c000040010000000a00", "610394701f8d017f7c12924889",
         "6b71bfe25236efd7cdc67066906315b2"},
};

START_TEST(aead_vectors)
{
	uint8_t key[64], nonce[12], text[256], icv[16];
	size_t key_len = hex(aeads[_i].key, key, sizeof(key)),
	       len = hex(aeads[_i].plain, text, sizeof(text));
	HEX(aad, aeads[_i].aad);
	HEX(plain, aeads[_i].plain);
	struct ls_bytes keymat;

	hex(aeads[_i].salt_iv, nonce, sizeof(nonce));
	memcpy(key + key_len, nonce, 4);
	keymat = LS_BYTES(key, key_len + 4);
	ck_assert(crypto_seal(aeads[_i].id, keymat, nonce + 4, aad, text, len, icv));
	ck_assert_hex_eq(text, len, aeads[_i].cipher);
	ck_assert_hex_eq(icv, sizeof(icv) + 0u, aeads[_i].tag);
	ck_assert(crypto_open(aeads[_i].id, keymat, nonce + 4, aad, text, len, icv));
	ck_assert_mem_eq(text, plain.p, len);
	/* Each bit of the tag counts. */
	for (unsigned bit = 0; bit < 128; bit++) {
		ck_assert(crypto_seal(aeads[_i].id, keymat, nonce + 4, aad, text, len, icv));
		icv[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		ck_assert(!crypto_open(aeads[_i].id, keymat, nonce + 4, aad, text, len, icv));
		for (size_t i = 0; i < len; i++)
			ck_assert_uint_eq(text[i], 0);
		memcpy(text, plain.p, len);
	}
	ck_assert(
		!crypto_seal(aeads[_i].id, LS_BYTES(key, key_len), nonce + 4, aad, text, len, icv));
}
END_TEST

/* RFC 3602 4, cases 1 to 4 */
static const struct {
	const char *key, *iv, *plain, *cipher;
} cbcs[] = {
	{"06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41",
         "53696e676c6520626c6f636b206d7367", "e353779c1079aeb82708942dbe77181a"},
	{"c286696d887c9aa0611bbb3e2025a45a", "562e17996d093d28ddb3ba695a2e6f58",
         "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"},
	{"6c3ea0477630ce21a2ce334aa746c2cd", "c782dc4c098c66cbd9cd27d825682c81",
         "5468697320697320612034382d62797465206d657373616765202865786163746c7920332041455320626c6f6"
         "36b7329",
         "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d8"
         "3ba2684"},
	{"56e47a38c5598974bc46903dba290349", "8ce82eefbea0da3c44699ed7db51b7d9",
         "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbc"
         "ccdcecfd0d1d2d3d4d5d6d7d8d9dadb"
         "dcdddedf",
         "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e35907aa632c3ffdf868bb7b29"
         "d3d46ad83ce9f9a102ee99d49a53e87"
         "f4c3da55"},
};

START_TEST(cbc_vectors)
{
	uint8_t text[64];
	size_t len = hex(cbcs[_i].plain, text, sizeof(text));
	HEX(key, cbcs[_i].key);
	HEX(iv, cbcs[_i].iv);
	struct ls_bytes none = LS_BYTES(NULL, 0);

	ck_assert(crypto_seal(ALGO_AES128, key, iv.p, none, text, len, NULL));
	ck_assert_hex_eq(text, len, cbcs[_i].cipher);
	ck_assert(crypto_open(ALGO_AES128, key, iv.p, none, text, len, NULL));
	ck_assert_hex_eq(text, len, cbcs[_i].plain);
	ck_assert(!crypto_seal(ALGO_AES128, key, iv.p, none, text, len - 1, NULL));
	ck_assert(!crypto_seal(ALGO_AES256, key, iv.p, none, text, len, NULL));
	ck_assert(!crypto_seal(ALGO_SHA256, key, iv.p, none, text, len, NULL));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, aead_vectors, 0, sizeof(aeads) / sizeof(aeads[0]));
	tcase_add_loop_test(tc, cbc_vectors, 0, sizeof(cbcs) / sizeof(cbcs[0]));
	return run_cases("crypto_aead", tc);
}
