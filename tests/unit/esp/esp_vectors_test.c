/* Known packets: RFC 3602 cases 5-8, RFC 7634 appendix A, GCM against the reference values of
 * McGrew and Viega, and packets made of the vectors of CTR, Camellia, 3DES and DES. */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

/* RFC 3602 4. These have no ICV; ours is put behind, computed apart from esp/. */
static const struct {
	const char *key;
	uint32_t spi, sequence;
	const char *iv, *ciphertext, *plain;
	uint8_t next_header;
} cbc[] = {
	{"90d382b4 10eeba7a d938c46c ec1a82bf", 0x4321, 1, "e96e8c08 ab465763 fd098d45 dd3ff893",
         "f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856 a4699e52 "
         "3a55db08 0b59ec3a 8e4b7e52 775b07d1 "
         "db34ed9c 538ab50c 551b874a a269add0 47ad2d59 13ac19b7 cfbad4a6",
         "08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f 10111213 14151617 18191a1b "
         "1c1d1e1f 20212223 24252627 28292a2b "
         "2c2d2e2f 30313233 34353637",
         1},
	{"90d382b4 10eeba7a d938c46c ec1a82bf", 0x4321, 8, "69d08df7 d203329d b093fc49 24e5bd80",
         "f5199588 1ec4e0c4 488987ce 742e8109 689bb379 d2d750c0 d915dca3 46a89f75",
         "0800b5e8 a80a0500 a69c083d 0b660e00 77777777 77777777 77777777", 1},
	{"01234567 89abcdef 01234567 89abcdef", 0x8765, 2, "f4e76524 4f6407ad f13dc138 0f673f37",
         "773b5241 a4c44922 5e4f3ce5 ed611b0c 237ca96c f74a9301 3c1b0ea1 a0cf70f8 e4ecaec7 "
         "8ac53aad 7a0f022b 859243c6 47752e94 "
         "a859352b 8a4d4d2d ecd136e5 c177f132 ad3fbfb2 201ac990 4c74ee0a 109e0ca1 e4dfe9d5 "
         "a100b842 f1c22f0d",
         "45000054 09040000 4001f988 c0a87b03 c0a87bc8 08009f76 a90a0100 b49c083d 02a20400 "
         "08090a0b 0c0d0e0f 10111213 14151617 "
         "18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637",
         4},
	{"01234567 89abcdef 01234567 89abcdef", 0x8765, 5, "85d47224 b5f3dd5d 2101d4ea 8dffab22",
         "15b92683 819596a8 047232cc 00f7048f e45318e1 1f8a0f62 ede3c3fc 61203bb5 0f980a08 "
         "c9843fd3 a1b06d5c 07ff9639 b7eb7dfb "
         "3512e5de 435e7207 ed971ef3 d2726d9b 5ef6affc 6d17a0de cbb13892",
         "45000044 090c0000 4001f990 c0a87b03 c0a87bc8 0800d63c aa0a0200 c69c083d a3de0300 "
         "ffffffff ffffffff ffffffff ffffffff "
         "ffffffff ffffffff ffffffff ffffffff",
         4},
};

/* An inbound SA with this very SPI, as a saved state would bring it. */
static struct esp_sa *inbound(struct esp_sad *sad, uint32_t spi, enum algo_id encr,
                              enum algo_id integ, struct ls_bytes keymat)
{
	struct esp_sa_params p = {
		.direction = ESP_IN, .spi = spi, .encr = encr, .integ = integ, .keymat = keymat};
	struct esp_sa *sa = NULL;

	ck_assert(esp_spi_take(sad, spi));
	ck_assert_uint_eq(esp_sa_add(sad, &p, 0, &sa), CAUSE_NONE);
	return sa;
}

START_TEST(rfc3602_packets_open)
{
	static const enum algo_id integs[] = {ALGO_SHA256, ALGO_SHA1};
	enum algo_id integ = integs[_i & 1];
	int n = _i >> 2;
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, _i >> 1 & 1, 4);
	uint8_t keymat[16 + 32], pkt[256], icv[CRYPTO_HASH_MAX];
	size_t key_len = hex(cbc[n].key, keymat, 16), integ_len = algo_get(integ)->key_bytes, len;
	struct esp_open_job job = {.pkt = pkt};
	struct ls_bytes whole;

	memset(keymat + key_len, 0x77, integ_len);
	inbound(sad, cbc[n].spi, ALGO_AES128, integ, LS_BYTES(keymat, key_len + integ_len));
	ls_put32(pkt, cbc[n].spi);
	ls_put32(pkt + 4, cbc[n].sequence);
	len = 8 + hex(cbc[n].iv, pkt + 8, 16);
	len += hex(cbc[n].ciphertext, pkt + len, 128);
	whole = LS_BYTES(pkt, len);
	len += crypto_integ(integ, LS_BYTES(keymat + key_len, integ_len), &whole, 1, icv);
	memcpy(pkt + whole.len, icv, len - whole.len);
	job.len = (uint32_t)len;
	ck_assert_uint_eq(esp_open(sad, &job, 1, 0), 1);
	ck_assert_uint_eq(job.next_header, cbc[n].next_header);
	ck_assert_uint_eq(job.sequence, cbc[n].sequence);
	ck_assert_hex_eq(job.payload, job.payload_len, cbc[n].plain);
	esp_sad_free(sad);
}
END_TEST

#define CHACHA_KEYMAT \
	"80818283 84858687 88898a8b 8c8d8e8f 90919293 94959697 98999a9b 9c9d9e9f a0a1a2a3"
#define CHACHA_PLAIN                                                                        \
	"45000054 a6f20000 4001e778 c6336405 c0000205 08005b7a 3a080000 553bec10 00073627 " \
	"08090a0b 0c0d0e0f 10111213 "                                                       \
	"14151617 18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637"

/* RFC 7634 appendix A: its IV is not its sequence number, which a receiver must not mind. */
START_TEST(rfc7634_packet_opens)
{
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, _i, 4);
	struct esp_open_job job;
	HEX(keymat, CHACHA_KEYMAT);
	HEX(packet, "01020304 00000005 10111213 14151617 24039428 b97f417e 3c13753a 4f05087b "
	            "67c352e6 a7fab1b9 82d466ef 407ae5c6 "
	            "14ee8099 d52844eb 61aa95df ab4c02f7 2aa71e7c 4c4f64c9 befe2fac c638e8f3 "
	            "cbec163f ac469b50 2773f6fb 94e664da "
	            "9165b828 29f641e0 76aaa826 6b7fb0f7 b11b3699 07e1ad43");

	inbound(sad, 0x01020304, ALGO_CHACHA20POLY1305, ALGO_NONE, keymat);
	job = (struct esp_open_job){.pkt = packet_bytes, .len = (uint32_t)packet.len};
	ck_assert_uint_eq(esp_open(sad, &job, 1, 0), 1);
	ck_assert_uint_eq(job.next_header, 4);
	ck_assert_uint_eq(job.sequence, 5);
	ck_assert_hex_eq(job.payload, job.payload_len, CHACHA_PLAIN);
	esp_sad_free(sad);
}
END_TEST

/*
 * Ciphers whose published vectors are no ESP packets: with them a packet is made whose text opens
 * to what we choose. Of CTR the vector gives the key stream, of CBC its one block what the IV must
 * be. The tools of OpenSSL 3 give the same answers.
 */
static const struct {
	enum algo_id encr;
	const char *key, *iv, *plain, *cipher; /* CTR: key | nonce; CBC: no IV */
} published[] = {
	/* RFC 3686 6, test vectors 1, 2, 3, 4, 5, 7, 8 */
	{ALGO_AES128_CTR, "ae6852f8 121067cc 4bf7a576 5577f39e 00000030", "00000000 00000000",
         "53696e67 6c652062 6c6f636b 206d7367", "e4095d4f b7a7b379 2d6175a3 261311b8"},
	{ALGO_AES128_CTR, "7e240678 17fae0d7 43d6ce1f 32539163 006cb6db", "c0543b59 da48d90b",
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f",
         "5104a106 168a72d9 790d41ee 8edad388 eb2e1efc 46da57c8 fce630df 9141be28"},
	{ALGO_AES128_CTR, "7691be03 5e5020a8 ac6e6185 29f9a0dc 00e0017b", "27777f3f 4a1786f0",
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223",
         "c1cf48a8 9f2ffdd9 cf4652e9 efdb72d7 4540a42b de6d7836 d59a5cea aef31053 25b2072f"},
	{ALGO_AES192_CTR, "16af5b14 5fc9f579 c175f93e 3bfb0eed 863d06cc fdb78515 00000048",
         "36733c14 7d6d93cb", "53696e67 6c652062 6c6f636b 206d7367",
         "4b55384f e259c9c8 4e7935a0 03cbe928"},
	{ALGO_AES192_CTR, "7c5cb240 1b3dc33c 19e73408 19e0f69c 678c3db8 e6f6a91a 0096b03b",
         "020c6ead c2cb500d",
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f",
         "453243fc 609b2332 7edfaafa 7131cd9f 8490701c 5ad4a79c fc1fe0ff 42f4fb00"},
	{ALGO_AES256_CTR,
         "776beff2 851db06f 4c8a0542 c8696f6c 6a81af1e ec96b4d3 7fc1d689 e6c1c104 00000060",
         "db5672c9 7aa8f0b2", "53696e67 6c652062 6c6f636b 206d7367",
         "145ad01d bf824ec7 560863dc 71e3e0c0"},
	{ALGO_AES256_CTR,
         "f6d66d6b d52d59bb 07963658 79eff886 c66dd51a 5b6a9974 4b50590c 87a23884 00faac24",
         "c1585ef1 5a43d875",
         "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f",
         "f05e231b 3894612c 49ee000b 804eb2a9 b8306b50 8f839d6a 5530831d 9344af1c"},
	/* RFC 3713 appendix A */
	{ALGO_CAMELLIA128, "01234567 89abcdef fedcba98 76543210", "",
         "01234567 89abcdef fedcba98 76543210", "67673138 54966973 08570656 48eabe43"},
	{ALGO_CAMELLIA192, "01234567 89abcdef fedcba98 76543210 00112233 44556677", "",
         "01234567 89abcdef fedcba98 76543210", "b4993401 b3e996f8 4ee5cee7 d79b09b9"},
	{ALGO_CAMELLIA256,
         "01234567 89abcdef fedcba98 76543210 00112233 44556677 8899aabb ccddeeff", "",
         "01234567 89abcdef fedcba98 76543210", "9acc237d ff16d76c 20ef7c91 9e3a7509"},
	/* SP 800-67 revision 1, appendix B.1; J. O. Grabbe, "The DES Algorithm Illustrated" */
	{ALGO_TDES, "01234567 89abcdef 23456789 abcdef01 456789ab cdef0123", "",
         "54686520 71756663", "a826fd8c e53b855f"},
	{ALGO_TDES, "01234567 89abcdef 23456789 abcdef01 456789ab cdef0123", "",
         "6b206272 6f776e20", "cce21c81 12256fe6"},
	{ALGO_TDES, "01234567 89abcdef 23456789 abcdef01 456789ab cdef0123", "",
         "666f7820 6a756d70", "68d5c05d d9b6b900"},
	{ALGO_DES, "13345779 9bbcdff1", "", "01234567 89abcdef", "85e81354 0f0ab405"},
};

enum { PUBLISHED = sizeof published / sizeof published[0] };

START_TEST(published_vectors_open)
{
	int n = _i / PAIR_BACKENDS;
	const struct algo *a = algo_get(published[n].encr), *integ = algo_get(ALGO_SHA256);
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, _i % PAIR_BACKENDS, 4);
	uint8_t keymat[36 + 32], pkt[128], plain[64], cipher[64], want[64], icv[CRYPTO_HASH_MAX];
	size_t key_len = hex(published[n].key, keymat, sizeof keymat),
	       iv_len = hex(published[n].iv, pkt + 8, 16),
	       text_len = hex(published[n].plain, plain, sizeof plain), len;
	struct esp_sa_params params = {.direction = ESP_IN,
	                               .spi = 0x8765,
	                               .encr = a->id,
	                               .integ = integ->id,
	                               .keymat = LS_BYTES(keymat, key_len + integ->key_bytes)};
	struct esp_open_job job = {.pkt = pkt};
	struct esp_sa *sa = NULL;
	struct ls_bytes whole;
	enum ls_cause cause;

	ck_assert_uint_eq(key_len, (size_t)a->key_bytes + a->salt_bytes);
	ck_assert_uint_eq(hex(published[n].cipher, cipher, sizeof cipher), text_len);
	if (text_len < 2)
		ck_abort_msg("no room for a trailer");
	memset(keymat + key_len, 0x77, integ->key_bytes);
	for (size_t i = 0; i < text_len; i++)
		want[i] = (uint8_t)(i * 3 + 1);
	want[text_len - 2] = 0;
	want[text_len - 1] = IP_TCP;
	for (size_t i = 0; i < text_len; i++)
		if (iv_len > 0)
			cipher[i] ^= plain[i] ^ want[i];
		else
			pkt[8 + i] = plain[i] ^ want[i];
	ls_put32(pkt, params.spi);
	ls_put32(pkt + 4, 1);
	len = 8 + (size_t)a->iv_bytes;
	memcpy(pkt + len, cipher, text_len);
	len += text_len;
	whole = LS_BYTES(pkt, len);
	crypto_integ(integ->id, LS_BYTES(keymat + key_len, integ->key_bytes), &whole, 1, icv);
	memcpy(pkt + len, icv, integ->icv_bytes);
	job.len = (uint32_t)(len + integ->icv_bytes);
	ck_assert(esp_spi_take(sad, params.spi));
	cause = esp_sa_add(sad, &params, 0, &sa);
	/* ipsec-mb has no Camellia. */
	ck_assert(cause == CAUSE_NONE ||
	          (cause == CAUSE_ESP_LACKING && strncmp(a->name, "camellia", 8) == 0));
	if (sa) {
		ck_assert_uint_eq(esp_open(sad, &job, 1, 0), 1);
		ck_assert_uint_eq(job.next_header, IP_TCP);
		ck_assert_uint_eq(job.payload_len, text_len - 2);
		ck_assert_mem_eq(job.payload, want, text_len - 2);
	}
	esp_sad_free(sad);
}
END_TEST

/*
 * What we seal, computed a second time by the one-shot AEAD of lib/, which has GCM's and RFC 7634's
 * vectors of its own: nonce = salt | 64-bit number, AAD = SPI | number, with ESN the number of 64
 * bits, high half first (RFC 4106 5).
 */
START_TEST(aeads_follow_rfc4106)
{
	static const enum algo_id ids[] = {ALGO_AES128_GCM, ALGO_AES192_GCM, ALGO_AES256_GCM,
	                                   ALGO_CHACHA20POLY1305};
	enum algo_id id = ids[_i >> 2];
	bool esn = _i >> 1 & 1;
	struct pair p;
	uint8_t plain[61], pkt[PAIR_PACKET], aad[12], want[PAIR_PACKET], icv[16];
	uint64_t sequence = esn ? 0x123456789aull : 0x3456789a;
	uint32_t len;

	pair_open(&p, _i & 1, 0);
	p.out_params = p.in_params = pair_params(&p, id, ALGO_NONE, esn);
	pair_add(&p, 0);
	esp_sa_set_sequence(p.out, sequence - 1);
	pair_fill(plain, sizeof(plain));
	len = pair_seal(&p, plain, sizeof(plain), pkt);
	ck_assert_uint_eq(len, 8 + 8 + 64 + 16);
	ck_assert_uint_eq(ls_get32(pkt), p.out->spi);
	ck_assert_uint_eq(ls_get32(pkt + 4), 0x3456789a);
	ck_assert_uint_eq(ls_get64(pkt + 8), sequence);
	ls_put32(aad, p.out->spi);
	if (esn)
		ls_put64(aad + 4, sequence);
	else
		ls_put32(aad + 4, (uint32_t)sequence);
	memcpy(want, plain, sizeof(plain));
	want[61] = 1;
	want[62] = 1;
	want[63] = 17;
	ck_assert(crypto_seal(id, p.out_params.keymat, pkt + 8, LS_BYTES(aad, esn ? 12 : 8), want,
	                      64, icv));
	ck_assert_mem_eq(pkt + 16, want, 64);
	ck_assert_mem_eq(pkt + 80, icv, 16);
	pair_free(&p);
}
END_TEST

/* The ICV of CBC and NULL covers SPI .. next header, and with ESN the high half that is not sent
 * (RFC 4303 2.8). */
START_TEST(hmacs_follow_rfc4303)
{
	int suite = 4 + (_i >> 2);
	bool esn = _i >> 1 & 1;
	struct pair p;
	uint8_t plain[50], pkt[PAIR_PACKET], high[4] = {0, 0, 0, 0x12}, icv[CRYPTO_HASH_MAX];
	const struct algo *integ = algo_get(pair_suites[suite].integ),
			  *encr = algo_get(pair_suites[suite].encr);
	struct ls_bytes parts[2];
	uint32_t len;

	pair_make(&p, _i & 1, 0, suite, esn);
	if (esn)
		esp_sa_set_sequence(p.out, 0x123456789aull);
	pair_fill(plain, sizeof(plain));
	len = pair_seal(&p, plain, sizeof(plain), pkt) - integ->icv_bytes;
	parts[0] = LS_BYTES(pkt, len);
	parts[1] = LS_BYTES(high, 4);
	crypto_integ(integ->id, LS_BYTES(p.keymat + encr->key_bytes, integ->key_bytes), parts,
	             esn ? 2 : 1, icv);
	ck_assert_mem_eq(pkt + len, icv, integ->icv_bytes);
	ck_assert_uint_eq((len - 8 - encr->iv_bytes) % encr->block_bytes, 0);
	pair_free(&p);
}
END_TEST

START_TEST(cbc_ivs_never_repeat)
{
	enum { N = 500 };
	struct pair p;
	static uint8_t iv[N][16];
	uint8_t pkt[PAIR_PACKET];

	pair_make(&p, _i, 0, 4, false);
	for (unsigned i = 0; i < N; i++) {
		pair_seal(&p, iv[0], 0, pkt);
		memcpy(iv[i], pkt + 8, 16);
		for (unsigned k = 0; k < i; k++)
			ck_assert_mem_ne(iv[i], iv[k], 16);
	}
	pair_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, rfc3602_packets_open, 0, 4 * 4);
	tcase_add_loop_test(tc, rfc7634_packet_opens, 0, PAIR_BACKENDS);
	tcase_add_loop_test(tc, published_vectors_open, 0, PUBLISHED * PAIR_BACKENDS);
	tcase_add_loop_test(tc, aeads_follow_rfc4106, 0, 16);
	tcase_add_loop_test(tc, hmacs_follow_rfc4303, 0, (PAIR_SUITES - 4) * 4);
	tcase_add_loop_test(tc, cbc_ivs_never_repeat, 0, PAIR_BACKENDS);
	return run_cases("esp_vectors", tc);
}
