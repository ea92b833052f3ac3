/* HMAC as pseudo-random function, as prf+ and as truncated integrity check (RFC 2104, 4868,
 * 7296 2.13). */
#include "lib/crypto_open.h"

#include <openssl/core_names.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

/* Contexts with the digest set, copied for each use: setting a digest by name is the dear part. */
static EVP_MAC_CTX *templates[CRYPTO_SHA512 + 1];

bool crypto_prf_start(void)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	size_t count;
	const struct algo *rows = algo_all(&count);
	bool ok = hmac != NULL;

	for (size_t i = 0; ok && i < count; i++) {
		char name[16];
		OSSL_PARAM params[2] = {OSSL_PARAM_END, OSSL_PARAM_END};
		enum crypto_hash hash;

		if (!crypto_hash_of(&rows[i], &hash) || templates[hash])
			continue;
		/* The name must be there before: its length is taken here. */
		snprintf(name, sizeof name, "%s", rows[i].evp);
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
		templates[hash] = EVP_MAC_CTX_new(hmac);
		ok = templates[hash] && EVP_MAC_CTX_set_params(templates[hash], params) == 1;
	}
	EVP_MAC_free(hmac);
	return ok;
}

static void must(int ok)
{
	if (ok != 1)
		abort();
}

static size_t hmac(enum crypto_hash hash, struct ls_bytes key, const struct ls_bytes *parts,
                   size_t n, uint8_t *out)
{
	static const uint8_t nothing;
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(templates[hash]);
	size_t len = 0;

	must(ctx != NULL);
	must(EVP_MAC_init(ctx, key.len ? key.p : &nothing, key.len, NULL));
	for (size_t i = 0; i < n; i++)
		if (parts[i].len)
			must(EVP_MAC_update(ctx, parts[i].p, parts[i].len));
	must(EVP_MAC_final(ctx, out, &len, CRYPTO_HASH_MAX));
	EVP_MAC_CTX_free(ctx);
	return len;
}

size_t crypto_prf(enum algo_id prf, struct ls_bytes key, const struct ls_bytes *parts, size_t n,
                  uint8_t out[CRYPTO_HASH_MAX])
{
	const struct algo *a = algo_get(prf);
	enum crypto_hash hash;

	if (!crypto_hash_of(a, &hash) || a->kind != ALGO_KIND_PRF)
		return 0;
	return hmac(hash, key, parts, n, out);
}

size_t crypto_integ(enum algo_id integ, struct ls_bytes key, const struct ls_bytes *parts, size_t n,
                    uint8_t out[CRYPTO_HASH_MAX])
{
	const struct algo *a = algo_get(integ);
	enum crypto_hash hash;
	size_t full;

	if (!crypto_hash_of(a, &hash) || a->kind != ALGO_KIND_INTEG)
		return 0;
	full = hmac(hash, key, parts, n, out);
	sodium_memzero(out + a->icv_bytes, full - a->icv_bytes);
	return a->icv_bytes;
}

bool crypto_prf_plus(enum algo_id prf, struct ls_bytes key, const struct ls_bytes *parts, size_t n,
                     uint8_t *out, size_t len)
{
	const struct algo *a = algo_get(prf);
	struct ls_bytes in[CRYPTO_PARTS_MAX + 2];
	uint8_t block[CRYPTO_HASH_MAX], number = 0;
	enum crypto_hash hash;
	size_t size;

	if (!crypto_hash_of(a, &hash) || a->kind != ALGO_KIND_PRF || n > CRYPTO_PARTS_MAX)
		return false;
	size = crypto_hash_size(hash);
	if (len > 255 * size)
		return false;
	in[0] = LS_BYTES(block, 0);
	if (n)
		memcpy(&in[1], parts, n * sizeof(*parts));
	in[n + 1] = LS_BYTES(&number, 1);
	for (size_t at = 0, take; at < len; at += take) {
		take = len - at < size ? len - at : size;
		number++;
		hmac(hash, key, in, n + 2, block);
		in[0].len = size;
		memcpy(out + at, block, take);
	}
	sodium_memzero(block, sizeof(block));
	return true;
}
