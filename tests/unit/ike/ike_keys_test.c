/* Key derivation against an independent calculation: HMAC straight from OpenSSL, prf+ and the order
 * of the keys written out by hand. */
#include "ike/ike_keys.h"
#include "tests/unit/ike/ike_main.h"

#include <openssl/hmac.h>
#include <string.h>

/* prf+ (RFC 7296 2.13), by the book: T1 = prf(K, S | 0x01), Tn = prf(K, Tn-1 | S | n). */
static void prf_plus(const EVP_MD *md, const uint8_t *key, size_t key_len, const uint8_t *seed,
                     size_t seed_len, uint8_t *out, size_t len)
{
	uint8_t block[EVP_MAX_MD_SIZE], in[EVP_MAX_MD_SIZE + 1024];
	unsigned block_len = 0;

	for (uint8_t n = 1; len > 0; n++) {
		size_t take;

		memcpy(in, block, block_len);
		memcpy(in + block_len, seed, seed_len);
		in[block_len + seed_len] = n;
		ck_assert_ptr_nonnull(HMAC(md, key, (int)key_len, in, block_len + seed_len + 1,
		                           block, &block_len));
		take = len < block_len ? len : block_len;
		memcpy(out, block, take);
		out += take;
		len -= take;
	}
}

struct example {
	enum algo_id encr, integ, prf;
	const EVP_MD *md;
	size_t prf_len, integ_len, encr_len;
};

static void examples(struct example out[3])
{
	out[0] = (struct example){
		ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, EVP_sha384(), 48, 0, 36};
	out[1] = (struct example){ALGO_AES128, ALGO_SHA256, ALGO_PRF_SHA256, EVP_sha256(), 32,
	                          32,          16};
	out[2] = (struct example){
		ALGO_CHACHA20POLY1305, ALGO_NONE, ALGO_PRF_SHA512, EVP_sha512(), 64, 0, 36};
}

static const uint8_t ni[32] = "initiator's nonce: 32 bytes long",
		     nr[24] = "responder's nonce: 24 by";

static void key_is(const struct ike_keys *k, enum ike_key which, const uint8_t **at, size_t len)
{
	struct ls_bytes key = ike_key(k, which);

	ck_assert_uint_eq(key.len, len);
	ck_assert_int_eq(memcmp(key.p, *at, len), 0);
	*at += len;
}

static void keys_are(const struct ike_keys *k, const struct example *e, const uint8_t *right)
{
	key_is(k, IKE_SK_D, &right, e->prf_len);
	key_is(k, IKE_SK_AI, &right, e->integ_len);
	key_is(k, IKE_SK_AR, &right, e->integ_len);
	key_is(k, IKE_SK_EI, &right, e->encr_len);
	key_is(k, IKE_SK_ER, &right, e->encr_len);
	key_is(k, IKE_SK_PI, &right, e->prf_len);
	key_is(k, IKE_SK_PR, &right, e->prf_len);
}

static size_t seed_make(uint8_t *seed, uint64_t spi_i, uint64_t spi_r)
{
	memcpy(seed, ni, sizeof ni);
	memcpy(seed + sizeof ni, nr, sizeof nr);
	ls_put64(seed + sizeof ni + sizeof nr, spi_i);
	ls_put64(seed + sizeof ni + sizeof nr + 8, spi_r);
	return sizeof ni + sizeof nr + 16;
}

START_TEST(ike_keys_and_rekey)
{
	struct example e[3];

	ck_assert(secret_init() && crypto_init());
	examples(e);
	for (unsigned i = 0; i < 3; i++) {
		struct ike_choice choice = {.encr = e[i].encr,
		                            .integ = e[i].integ,
		                            .prf = e[i].prf},
				  next = {.encr = e[(i + 1) % 3].encr,
		                          .integ = e[(i + 1) % 3].integ,
		                          .prf = e[(i + 1) % 3].prf};
		uint8_t seed[128], nonces[64], skeyseed[EVP_MAX_MD_SIZE], right[600], in[300];
		struct secret shared;
		struct ike_keys k, again;
		size_t seed_len = seed_make(seed, 0x1111, 0x2222);
		unsigned len;

		ck_assert(secret_from(&shared, "the shared secret of both", 25));
		memcpy(nonces, seed, sizeof ni + sizeof nr);
		HMAC(e[i].md, nonces, sizeof ni + sizeof nr,
		     (const uint8_t *)"the shared secret of both", 25, skeyseed, &len);
		prf_plus(e[i].md, skeyseed, len, seed, seed_len, right, sizeof right);
		ck_assert(ike_keys_derive(&k, &choice, NULL, &shared, LS_BYTES(ni, sizeof ni),
		                          LS_BYTES(nr, sizeof nr), 0x1111, 0x2222));
		keys_are(&k, &e[i], right);
		/* 2.18: the old PRF and the old SK_d make the seed, the new PRF the keys. */
		memcpy(in, "the shared secret of both", 25);
		memcpy(in + 25, nonces, sizeof ni + sizeof nr);
		HMAC(e[i].md, ike_key(&k, IKE_SK_D).p, (int)e[i].prf_len, in,
		     25 + sizeof ni + sizeof nr, skeyseed, &len);
		seed_len = seed_make(seed, 0x3333, 0x4444);
		prf_plus(e[(i + 1) % 3].md, skeyseed, len, seed, seed_len, right, sizeof right);
		ck_assert(ike_keys_derive(&again, &next, &k, &shared, LS_BYTES(ni, sizeof ni),
		                          LS_BYTES(nr, sizeof nr), 0x3333, 0x4444));
		keys_are(&again, &e[(i + 1) % 3], right);
		ike_keys_free(&k);
		ike_keys_free(&again);
		secret_free(&shared);
	}
}
END_TEST

/* KEYMAT (2.17): initiator to responder first; encryption before integrity; the new secret in front
 * of the nonces. */
START_TEST(child_keys)
{
	static const struct {
		enum algo_id encr, integ;
		size_t len;
	} rows[] = {{ALGO_AES256_GCM, ALGO_NONE, 36},
	            {ALGO_AES128, ALGO_SHA256, 48},
	            {ALGO_AES256, ALGO_SHA512, 96},
	            {ALGO_CHACHA20POLY1305, ALGO_NONE, 36}};
	struct ike_choice choice = {.encr = ALGO_AES256_GCM, .prf = ALGO_PRF_SHA384};
	struct secret shared, none = {0};
	struct ike_keys k;

	ck_assert(secret_init() && crypto_init());
	ck_assert(secret_from(&shared, "fresh", 5));
	ck_assert(ike_keys_derive(&k, &choice, NULL, &shared, LS_BYTES(ni, sizeof ni),
	                          LS_BYTES(nr, sizeof nr), 1, 2));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (unsigned pfs = 0; pfs < 2; pfs++) {
			struct ike_choice child = {.encr = rows[i].encr, .integ = rows[i].integ};
			uint8_t seed[128] = "fresh", right[2 * IKE_KEYMAT_MAX], a[IKE_KEYMAT_MAX],
				b[IKE_KEYMAT_MAX];
			size_t at = pfs ? 5 : 0, len = 0;

			memcpy(seed + at, ni, sizeof ni);
			memcpy(seed + at + sizeof ni, nr, sizeof nr);
			prf_plus(EVP_sha384(), ike_key(&k, IKE_SK_D).p, 48, seed,
			         at + sizeof ni + sizeof nr, right, 2 * rows[i].len);
			ck_assert(ike_keys_child(&k, &child, pfs ? &shared : &none,
			                         LS_BYTES(ni, sizeof ni), LS_BYTES(nr, sizeof nr),
			                         a, b, &len));
			ck_assert_uint_eq(len, rows[i].len);
			ck_assert_int_eq(memcmp(a, right, len), 0);
			ck_assert_int_eq(memcmp(b, right + len, len), 0);
		}
	ike_keys_free(&k);
	secret_free(&shared);
}
END_TEST

START_TEST(id_mac)
{
	static const uint8_t body[] = {2, 0, 0, 0, 'a'};
	struct ike_choice choice = {.encr = ALGO_AES256_GCM, .prf = ALGO_PRF_SHA256};
	uint8_t mac[CRYPTO_HASH_MAX], right[EVP_MAX_MD_SIZE];
	struct secret shared;
	struct ike_keys k;
	unsigned len;

	ck_assert(secret_init() && crypto_init());
	ck_assert(secret_from(&shared, "x", 1));
	ck_assert(ike_keys_derive(&k, &choice, NULL, &shared, LS_BYTES(ni, sizeof ni),
	                          LS_BYTES(nr, sizeof nr), 1, 2));
	for (unsigned of_initiator = 0; of_initiator < 2; of_initiator++) {
		HMAC(EVP_sha256(), ike_key(&k, of_initiator ? IKE_SK_PI : IKE_SK_PR).p, 32, body,
		     sizeof body, right, &len);
		ck_assert_uint_eq(
			ike_keys_id_mac(&k, of_initiator, LS_BYTES(body, sizeof body), mac), len);
		ck_assert_int_eq(memcmp(mac, right, len), 0);
	}
	ike_keys_free(&k);
	secret_free(&shared);
}
END_TEST

/* What has no cipher, no PRF, or CBC alone has no keys; and nothing is left where there are none.
 */
START_TEST(no_keys)
{
	static const struct ike_choice rows[] = {
		{.encr = ALGO_AES256_GCM},
		{.prf = ALGO_PRF_SHA256},
		{.encr = ALGO_AES256, .prf = ALGO_PRF_SHA256},
		{0},
	};
	struct ike_choice good = {
		.encr = ALGO_AES256, .integ = ALGO_SHA256, .prf = ALGO_PRF_SHA256};
	struct secret shared;
	struct ike_keys k;

	ck_assert(secret_init() && crypto_init());
	ck_assert(secret_from(&shared, "x", 1));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert(!ike_keys_layout(&k, &rows[i]));
		ck_assert(!ike_keys_derive(&k, &rows[i], NULL, &shared, LS_BYTES(ni, sizeof ni),
		                           LS_BYTES(nr, sizeof nr), 1, 2));
		for (unsigned which = 0; which < IKE_SK_COUNT; which++)
			ck_assert_ptr_null(ike_key(&k, (enum ike_key)which).p);
	}
	ck_assert(ike_keys_layout(&k, &good));
	ck_assert_uint_eq(k.all.len, 3 * 32 + 2 * 32 + 2 * 32);
	ck_assert_ptr_eq(ike_key(&k, IKE_SK_PR).p + 32, k.all.bytes + k.all.len);
	ike_keys_free(&k);
	ck_assert_ptr_null(ike_key(&k, IKE_SK_D).p);
	ike_keys_free(&k);
	secret_free(&shared);
}
END_TEST

/* The three that a PPK goes into (RFC 8784 3) change places, the others stay. */
START_TEST(three_keys_change_places)
{
	static const enum ike_key three[] = {IKE_SK_D, IKE_SK_PI, IKE_SK_PR};
	struct ike_choice choice = {
		.encr = ALGO_AES256, .integ = ALGO_SHA256, .prf = ALGO_PRF_SHA384};
	uint8_t before[512], given[3 * 48];
	struct secret other = {0};
	struct ike_keys k;

	ck_assert(secret_init() && crypto_init());
	ck_assert(ike_keys_layout(&k, &choice));
	for (size_t i = 0; i < k.all.len; i++)
		before[i] = k.all.bytes[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof given; i++)
		given[i] = (uint8_t)(0xff - i);
	ck_assert(!ike_keys_swap(&k, &other));
	ck_assert(secret_from(&other, given, sizeof given - 1));
	ck_assert(!ike_keys_swap(&k, &other));
	ck_assert_mem_eq(k.all.bytes, before, k.all.len);
	secret_free(&other);
	ck_assert(secret_from(&other, given, sizeof given));
	ck_assert(ike_keys_swap(&k, &other));
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(ike_key(&k, three[i]).len, 48);
		ck_assert_mem_eq(ike_key(&k, three[i]).p, given + i * 48, 48);
		ck_assert_mem_eq(other.bytes + i * 48, before + k.at[three[i]], 48);
	}
	ck_assert_mem_eq(k.all.bytes + 48, before + 48, k.all.len - 3 * 48);
	ck_assert(ike_keys_swap(&k, &other));
	ck_assert_mem_eq(k.all.bytes, before, k.all.len);
	secret_free(&other);
	ike_keys_free(&k);
}
END_TEST

IKE_MAIN("ike keys", ike_keys_and_rekey, child_keys, id_mac, no_keys, three_keys_change_places)
