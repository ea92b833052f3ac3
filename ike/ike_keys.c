/* Keys of an IKE SA and of its CHILD SAs (RFC 7296 2.13-2.18, RFC 5282 7.1). */
#include "ike/ike_keys.h"

#include <string.h>

/* RFC 7296 2.14: a PRF that takes any key gets the nonces whole; XCBC and CMAC get 8 bytes of each.
 */
enum { PRF_FIXED_NONCE = 8, PRF_FIXED_KEY = 16 };

struct ls_bytes ike_key(const struct ike_keys *k, enum ike_key which)
{
	if (!k->all.bytes)
		return LS_BYTES(NULL, 0);
	return LS_BYTES(k->all.bytes + k->at[which], k->len[which]);
}

void ike_keys_free(struct ike_keys *k)
{
	secret_free(&k->all);
	memset(k, 0, sizeof *k);
}

bool ike_keys_layout(struct ike_keys *k, const struct ike_choice *choice)
{
	const struct algo *encr = algo_get(choice->encr), *prf = algo_get(choice->prf),
			  *integ = algo_get(choice->integ);
	uint16_t total = 0;

	memset(k, 0, sizeof *k);
	if (!encr || !prf || (!encr->aead && !integ))
		return false;
	k->encr = choice->encr;
	k->prf = choice->prf;
	k->integ = choice->integ;
	k->len[IKE_SK_D] = k->len[IKE_SK_PI] = k->len[IKE_SK_PR] = prf->key_bytes;
	k->len[IKE_SK_AI] = k->len[IKE_SK_AR] = encr->aead ? 0 : integ->key_bytes;
	k->len[IKE_SK_EI] = k->len[IKE_SK_ER] = (uint16_t)(encr->key_bytes + encr->salt_bytes);
	for (unsigned i = 0; i < IKE_SK_COUNT; i++) {
		k->at[i] = total;
		total = (uint16_t)(total + k->len[i]);
	}
	return secret_new(&k->all, total);
}

static size_t skeyseed(const struct ike_choice *choice, const struct ike_keys *rekeyed,
                       const struct secret *shared, struct ls_bytes ni, struct ls_bytes nr,
                       uint8_t out[CRYPTO_HASH_MAX])
{
	struct ls_bytes secret = LS_BYTES(shared->bytes, shared->len);
	uint8_t key[2 * IKE_NONCE_MAX];
	size_t ni_len = ni.len, nr_len = nr.len;

	if (rekeyed)
		return crypto_prf(rekeyed->prf, ike_key(rekeyed, IKE_SK_D),
		                  (struct ls_bytes[]){secret, ni, nr}, 3, out);
	if (algo_get(choice->prf)->key_bytes <= PRF_FIXED_KEY && algo_get(choice->prf)->ikev2 != 1)
		ni_len = nr_len = PRF_FIXED_NONCE;
	memcpy(key, ni.p, ni_len);
	memcpy(key + ni_len, nr.p, nr_len);
	return crypto_prf(choice->prf, LS_BYTES(key, ni_len + nr_len), &secret, 1, out);
}

bool ike_keys_derive(struct ike_keys *k, const struct ike_choice *choice,
                     const struct ike_keys *rekeyed, const struct secret *shared,
                     struct ls_bytes ni, struct ls_bytes nr, uint64_t spi_i, uint64_t spi_r)
{
	uint8_t seed[CRYPTO_HASH_MAX], spis[16];
	size_t len;
	bool ok;

	if (!ike_keys_layout(k, choice))
		return false;
	ls_put64(spis, spi_i);
	ls_put64(spis + 8, spi_r);
	len = skeyseed(choice, rekeyed, shared, ni, nr, seed);
	ok = len > 0 && crypto_prf_plus(choice->prf, LS_BYTES(seed, len),
	                                (struct ls_bytes[]){ni, nr, LS_BYTES(spis, sizeof spis)}, 3,
	                                k->all.bytes, k->all.len);
	secret_wipe(seed, sizeof seed);
	if (!ok)
		ike_keys_free(k);
	return ok;
}

bool ike_keys_swap(struct ike_keys *k, struct secret *other)
{
	static const enum ike_key keys[] = {IKE_SK_D, IKE_SK_PI, IKE_SK_PR};
	size_t at = 0;

	if (!k->all.bytes ||
	    other->len != (size_t)k->len[IKE_SK_D] + k->len[IKE_SK_PI] + k->len[IKE_SK_PR])
		return false;
	for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		uint8_t *ours = k->all.bytes + k->at[keys[i]];

		for (unsigned n = 0; n < k->len[keys[i]]; n++, at++) {
			uint8_t one = ours[n];

			ours[n] = other->bytes[at];
			other->bytes[at] = one;
		}
	}
	return true;
}

size_t ike_keys_id_mac(const struct ike_keys *k, bool of_initiator, struct ls_bytes id_body,
                       uint8_t out[CRYPTO_HASH_MAX])
{
	return crypto_prf(k->prf, ike_key(k, of_initiator ? IKE_SK_PI : IKE_SK_PR), &id_body, 1,
	                  out);
}

bool ike_keys_child(const struct ike_keys *k, const struct ike_choice *choice,
                    const struct secret *shared, struct ls_bytes ni, struct ls_bytes nr,
                    uint8_t to_responder[IKE_KEYMAT_MAX], uint8_t to_initiator[IKE_KEYMAT_MAX],
                    size_t *len)
{
	const struct algo *encr = algo_get(choice->encr), *integ = algo_get(choice->integ);
	size_t one =
		(encr ? (size_t)encr->key_bytes + encr->salt_bytes : 0) +
		(integ && !(encr && encr->aead) ? (size_t)integ->key_bytes + integ->salt_bytes : 0);
	struct ls_bytes parts[3] = {LS_BYTES(shared->bytes, shared->len), ni, nr};
	unsigned from = shared->len ? 0 : 1;
	uint8_t both[2 * IKE_KEYMAT_MAX];
	bool ok = one <= IKE_KEYMAT_MAX && crypto_prf_plus(k->prf, ike_key(k, IKE_SK_D),
	                                                   parts + from, 3 - from, both, 2 * one);

	if (ok) {
		memcpy(to_responder, both, one);
		memcpy(to_initiator, both + one, one);
		*len = one;
	}
	secret_wipe(both, sizeof both);
	return ok;
}
