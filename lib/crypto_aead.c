/* One-shot AEAD and CBC for IKE messages and sealed values (RFC 5282, 7634, 7296 3.14), by
 * OpenSSL's EVP. */
#include "lib/crypto_open.h"

#include <sodium/utils.h>
#include <string.h>

enum { CIPHERS_MAX = 64, NONCE_MAX = 16 };

static EVP_CIPHER *ciphers[CIPHERS_MAX]; /* by algo id */

bool crypto_aead_start(void)
{
	size_t count;
	const struct algo *rows = algo_all(&count);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].kind != ALGO_KIND_ENCR || !(rows[i].serves & ALGO_FOR_IKE))
			continue;
		ciphers[rows[i].id] = EVP_CIPHER_fetch(NULL, rows[i].evp, NULL);
		if (!ciphers[rows[i].id])
			return false;
	}
	return true;
}

/* The row, if key and text have the sizes that it wants. */
static const struct algo *suitable(enum algo_id encr, struct ls_bytes key, size_t len)
{
	const struct algo *a = algo_get(encr);

	if (!a || a->kind != ALGO_KIND_ENCR || !(a->serves & ALGO_FOR_IKE) ||
	    key.len != (size_t)a->key_bytes + a->salt_bytes || len > INT32_MAX)
		return NULL;
	return a->aead || len % a->block_bytes == 0 ? a : NULL;
}

static bool start(EVP_CIPHER_CTX *ctx, const struct algo *a, struct ls_bytes key, const uint8_t *iv,
                  bool seal)
{
	uint8_t nonce[NONCE_MAX + 16];
	bool ok;

	if (a->salt_bytes)
		memcpy(nonce, key.p + a->key_bytes, a->salt_bytes);
	if (a->iv_bytes)
		memcpy(nonce + a->salt_bytes, iv, a->iv_bytes);
	ok = EVP_CipherInit_ex2(ctx, ciphers[a->id], key.p, nonce, seal, NULL) == 1;
	if (ok && !a->aead)
		ok = EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
	return ok;
}

static bool run(EVP_CIPHER_CTX *ctx, const struct algo *a, struct ls_bytes aad, uint8_t *text,
                size_t len)
{
	int done = 0;

	if (a->aead && aad.len && EVP_CipherUpdate(ctx, NULL, &done, aad.p, (int)aad.len) != 1)
		return false;
	if (len && EVP_CipherUpdate(ctx, text, &done, text, (int)len) != 1)
		return false;
	return true;
}

bool crypto_seal(enum algo_id encr, struct ls_bytes key, const uint8_t *iv, struct ls_bytes aad,
                 uint8_t *text, size_t len, uint8_t *icv)
{
	const struct algo *a = suitable(encr, key, len);
	EVP_CIPHER_CTX *ctx;
	uint8_t rest[NONCE_MAX];
	int done = 0;
	bool ok;

	if (!a || !(ctx = EVP_CIPHER_CTX_new()))
		return false;
	ok = start(ctx, a, key, iv, true) && run(ctx, a, aad, text, len) &&
	     EVP_CipherFinal_ex(ctx, rest, &done) == 1;
	if (ok && a->aead)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, a->icv_bytes, icv) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

bool crypto_open(enum algo_id encr, struct ls_bytes key, const uint8_t *iv, struct ls_bytes aad,
                 uint8_t *text, size_t len, const uint8_t *icv)
{
	const struct algo *a = suitable(encr, key, len);
	EVP_CIPHER_CTX *ctx;
	uint8_t tag[CRYPTO_HASH_MAX], rest[NONCE_MAX];
	int done = 0;
	bool ok;

	if (!a || !(ctx = EVP_CIPHER_CTX_new()))
		return false;
	ok = start(ctx, a, key, iv, false);
	if (ok && a->aead) {
		memcpy(tag, icv, a->icv_bytes);
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, a->icv_bytes, tag) == 1;
	}
	ok = ok && run(ctx, a, aad, text, len) && EVP_CipherFinal_ex(ctx, rest, &done) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok && len)
		sodium_memzero(text, len);
	return ok;
}
