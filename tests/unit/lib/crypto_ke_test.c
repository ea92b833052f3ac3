/* Tests of the key exchanges: RFC 5903, 7748, both ends agree, weak values refused. */
#include "lib/crypto.h"
#include "tests/unit/hex.h"
#include "tests/unit/run.h"

#include <stdlib.h>

static struct crypto_ke *ke_of(enum algo_id group, const char *private_hex)
{
	uint8_t raw[128];
	struct hex_random fixed = {raw, hex(private_hex, raw, sizeof(raw))};
	struct ls_random random = {hex_random_fill, &fixed};

	return crypto_ke_new(group, &random);
}

/* RFC 5903 8: the private value is reduced mod n-1 and 1 is added, so d-1 (eight zero bytes before
 * it) gives d. */
static const struct {
	enum algo_id group;
	const char *i, *gi, *r, *gr, *shared;
} ecp[] = {
	{ALGO_ECP256,
         "0000000000000000 C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1432",
         "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
         "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
         "0000000000000000 C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE52",
         "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
         "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
         "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"},
	{ALGO_ECP384,
         "0000000000000000 "
         "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655E35B538041E649EE3FAEF8967"
         "83AB193",
         "667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6DE3AC808ACB4BDB4C88732AEE"
         "95F41AA"
         "9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38EEB9FCFF3C2C947DAE69B4C634"
         "573A81C",
         "0000000000000000 "
         "41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942E0308312916B8ED2960E4BD55"
         "A7448FB",
         "E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D0D1AC43A0336DEF96FDA41D07"
         "74A3571"
         "DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FFF83FA40142209DFF5EAAD96DB"
         "9E6386C",
         "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4D603135569B9E9D09CF5D4A27"
         "0F59746"},
	{ALGO_ECP521,
         "0000000000000000 "
         "0037ADE9319A89F4DABDB3EF411AACCCA5123C61ACAB57B5393DCE47608172A095AA85A30FE1C2952C6771D93"
         "7BA9777"
         "F5957B2639BAB072462F68C27A57382D4A51",
         "0015417E84DBF28C0AD3C278713349DC7DF153C897A1891BD98BAB4357C9ECBEE1E3BF42E00B8E380AEAE57C2"
         "D107564941885942AF5A7F4"
         "601723C4195D176CED3E "
         "017CAE20B6641D2EEB695786D8C946146239D099E18E1D5A514C739D7CB4A10AD8A788015AC405D7799DC75E7"
         "B7D"
         "5B6CF2261A6A7F1507438BF01BEB6CA3926F9582",
         "0000000000000000 "
         "0145BA99A847AF43793FDD0E872E7CDFA16BE30FDC780F97BCCC3F078380201E9C677D600B343757A3BDBF2A3"
         "163E4C2"
         "F869CCA7458AA4A4EFFC311F5CB151685EB8",
         "00D0B3975AC4B799F5BEA16D5E13E9AF971D5E9B984C9F39728B5E5739735A219B97C356436ADC6E95BB0352F"
         "6BE64A6C2912D4EF2D0433C"
         "ED2B6171640012D9460F "
         "015C68226383956E3BD066E797B623C27CE0EAC2F551A10C2C724D9852077B87220B6536C5C408A1D2AEBB8E8"
         "6D6"
         "78AE49CB57091F4732296579AB44FCD17F0FC56A",
         "01144C7D79AE6956BC8EDB8E7C787C4521CB086FA64407F97894E5E6B2D79B04D1427E73CA4BAA240A347868"
         "59810C06B3C715A3A8CC3151F2BEE417996D19F3DDEA"},
};

START_TEST(rfc5903_vectors)
{
	struct crypto_ke *i = ke_of(ecp[_i].group, ecp[_i].i), *r = ke_of(ecp[_i].group, ecp[_i].r);
	struct secret si, sr;

	ck_assert(i && r);
	ck_assert_hex_eq(crypto_ke_public(i).p, crypto_ke_public(i).len, ecp[_i].gi);
	ck_assert_hex_eq(crypto_ke_public(r).p, crypto_ke_public(r).len, ecp[_i].gr);
	ck_assert(crypto_ke_shared(i, crypto_ke_public(r), &si));
	ck_assert(crypto_ke_shared(r, crypto_ke_public(i), &sr));
	ck_assert_hex_eq(si.bytes, si.len, ecp[_i].shared);
	ck_assert(secret_equal(&si, sr.bytes, sr.len));
	secret_free(&si);
	secret_free(&sr);
	crypto_ke_free(i);
	crypto_ke_free(r);
}
END_TEST

START_TEST(rfc7748_vectors)
{
	struct crypto_ke *a = ke_of(
		ALGO_X25519, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
	struct crypto_ke *s = ke_of(
		ALGO_X25519, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
	struct secret k;
	HEX(b, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
	HEX(u, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");

	ck_assert_hex_eq(crypto_ke_public(a).p, crypto_ke_public(a).len,
	                 "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	ck_assert(crypto_ke_shared(a, b, &k));
	ck_assert_hex_eq(k.bytes, k.len,
	                 "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	secret_free(&k);
	ck_assert(crypto_ke_shared(s, u, &k));
	ck_assert_hex_eq(k.bytes, k.len,
	                 "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	secret_free(&k);
	crypto_ke_free(a);
	crypto_ke_free(s);
}
END_TEST

static const enum algo_id groups[] = {ALGO_X25519,   ALGO_ECP256,   ALGO_ECP384,  ALGO_ECP521,
                                      ALGO_MODP2048, ALGO_MODP3072, ALGO_MODP4096};

START_TEST(both_ends_agree_and_repeat)
{
	struct ls_random_seeded one, two, again;
	struct ls_random r1 = ls_random_from_seed(&one, 1), r2 = ls_random_from_seed(&two, 2);
	struct ls_random r3 = ls_random_from_seed(&again, 1);
	struct crypto_ke *a = crypto_ke_new(groups[_i], &r1), *b = crypto_ke_new(groups[_i], &r2);
	struct crypto_ke *c = crypto_ke_new(groups[_i], &r3);
	const struct algo *row = algo_get(groups[_i]);
	struct secret sa, sb;

	ck_assert(a && b && c);
	ck_assert_uint_eq(crypto_ke_public(a).len, row->icv_bytes);
	ck_assert_mem_eq(crypto_ke_public(a).p, crypto_ke_public(c).p, row->icv_bytes);
	ck_assert_mem_ne(crypto_ke_public(a).p, crypto_ke_public(b).p, row->icv_bytes);
	ck_assert(crypto_ke_shared(a, crypto_ke_public(b), &sa));
	ck_assert(crypto_ke_shared(b, crypto_ke_public(a), &sb));
	ck_assert_uint_eq(sa.len, row->key_bytes);
	ck_assert(secret_equal(&sa, sb.bytes, sb.len));
	secret_free(&sa);
	secret_free(&sb);
	crypto_ke_free(a);
	crypto_ke_free(b);
	crypto_ke_free(c);
}
END_TEST

START_TEST(malformed_and_weak_values_are_refused)
{
	struct ls_random random = ls_random_system();
	struct crypto_ke *ke = crypto_ke_new(groups[_i], &random);
	struct ls_bytes own = crypto_ke_public(ke);
	uint8_t v[CRYPTO_KE_PUBLIC_MAX] = {0};
	struct secret s;

	ck_assert(!crypto_ke_shared(ke, LS_BYTES(v, own.len), &s));
	ck_assert(!crypto_ke_shared(ke, LS_BYTES(own.p, own.len - 1), &s));
	memcpy(v, own.p, own.len);
	ck_assert(!crypto_ke_shared(ke, LS_BYTES(v, own.len + 1), &s));
	ck_assert(!crypto_ke_shared(ke, LS_BYTES(v, 0), &s));
	ck_assert_ptr_null(s.bytes);
	if (algo_get(groups[_i])->icv_bytes == 2 * algo_get(groups[_i])->key_bytes) {
		v[own.len - 1] ^= 1; /* off the curve */
		ck_assert(!crypto_ke_shared(ke, LS_BYTES(v, own.len), &s));
	}
	memset(v, 0xff, sizeof(v)); /* above each prime; X25519 reduces it, which RFC 7748 wants */
	ck_assert(crypto_ke_shared(ke, LS_BYTES(v, own.len), &s) == (groups[_i] == ALGO_X25519));
	secret_free(&s);
	crypto_ke_free(ke);
}
END_TEST

START_TEST(modp_edges_are_refused)
{
	struct ls_random random = ls_random_system();
	struct crypto_ke *ke = crypto_ke_new(ALGO_MODP2048, &random);
	uint8_t v[256] = {0};
	struct secret s;
	HEX(p, "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514"
	       "A08798E3404DD"
	       "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BF"
	       "F5CB6F406B7ED"
	       "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A691"
	       "63FA8FD24CF5F"
	       "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C329"
	       "05E462E36CE3B"
	       "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D"
	       "2261898FA0510"
	       "15728E5A8AACAA68FFFFFFFFFFFFFFFF");

	v[255] = 1;
	ck_assert(!crypto_ke_shared(ke, LS_BYTES(v, 256), &s));
	memcpy(v, p.p, 256);
	ck_assert(!crypto_ke_shared(ke, LS_BYTES(v, 256), &s));
	v[255]--; /* p - 1 */
	ck_assert(!crypto_ke_shared(ke, LS_BYTES(v, 256), &s));
	v[255]--;
	ck_assert(crypto_ke_shared(ke, LS_BYTES(v, 256), &s));
	secret_free(&s);
	crypto_ke_free(ke);
}
END_TEST

START_TEST(other_ids_are_no_groups)
{
	struct ls_random random = ls_random_system();

	ck_assert_ptr_null(crypto_ke_new(ALGO_NONE, &random));
	ck_assert_ptr_null(crypto_ke_new(ALGO_SHA256, &random));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, rfc5903_vectors, 0, 3);
	tcase_add_test(tc, rfc7748_vectors);
	tcase_add_loop_test(tc, both_ends_agree_and_repeat, 0, 7);
	tcase_add_loop_test(tc, malformed_and_weak_values_are_refused, 0, 7);
	tcase_add_test(tc, modp_edges_are_refused);
	tcase_add_test(tc, other_ids_are_no_groups);
	return run_cases("crypto_ke", tc);
}
