/* Crypto of ESP by OpenSSL: runs everywhere, one packet at a time. */
#include "esp/esp_crypto.h"
#include "esp/esp_evp.h"
#include "esp/esp_integ.h"
#include "lib/wire.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 8, DES_KEY = 8 };

struct evp_keys {
	enum algo_mode mode;
	bool seal;
	uint8_t iv_bytes;
	EVP_CIPHER_CTX *cipher; /* NULL with NULL */
	struct esp_integ integ; /* no key with an AEAD */
};

static void *engine_new(void)
{
	static char engine; /* there is nothing to keep */

	return &engine;
}

static void engine_free(void *engine)
{
	(void)engine;
}

static const char *engine_kind(void *engine)
{
	(void)engine;
	return "";
}

static void keys_free(void *engine, void *keys)
{
	struct evp_keys *k = keys;

	(void)engine;
	if (!k)
		return;
	EVP_CIPHER_CTX_free(k->cipher);
	esp_integ_end(&k->integ);
	OPENSSL_cleanse(k, sizeof *k);
	free(k);
}

static EVP_CIPHER_CTX *cipher_new(const struct algo *encr, const uint8_t *key, bool seal)
{
	struct esp_evp_sizes sizes = {0};
	uint8_t thrice[3 * DES_KEY];
	EVP_CIPHER_CTX *ctx;

	if (encr->mode == ALGO_MODE_CCM)
		sizes = (struct esp_evp_sizes){.nonce_bytes = encr->salt_bytes + 8u,
		                               .icv_bytes = encr->icv_bytes};
	/* Triple DES with one key thrice is DES, and needs no legacy provider. */
	if (encr->key_bytes == DES_KEY) {
		for (unsigned i = 0; i < 3; i++)
			memcpy(thrice + (size_t)i * DES_KEY, key, DES_KEY);
		key = thrice;
	}
	ctx = esp_evp_new(encr->evp, key, seal, sizes);
	OPENSSL_cleanse(thrice, sizeof thrice);
	return ctx;
}

static void *keys_new(void *engine, const struct esp_suite *suite, struct ls_bytes keymat,
                      bool seal)
{
	struct evp_keys *k = calloc(1, sizeof(*k));
	bool ok = k != NULL;

	if (!ok)
		return NULL;
	k->mode = suite->encr->mode;
	k->iv_bytes = suite->encr->iv_bytes;
	k->seal = seal;
	if (k->mode != ALGO_MODE_NULL) {
		k->cipher = cipher_new(suite->encr, keymat.p, seal);
		ok = k->cipher != NULL;
	}
	if (ok && suite->integ)
		ok = esp_integ_init(&k->integ, suite->integ,
		                    keymat.p + suite->encr->key_bytes + suite->encr->salt_bytes);
	if (ok)
		return k;
	keys_free(engine, k);
	return NULL;
}

/* What is authenticated and not ciphered. CCM wants the length of the text first. */
static bool aad_add(const struct evp_keys *k, const struct esp_crypt *c, int text_len)
{
	int done = 0;

	if (k->mode == ALGO_MODE_CCM &&
	    EVP_CipherUpdate(k->cipher, NULL, &done, NULL, text_len) != 1)
		return false;
	if (EVP_CipherUpdate(k->cipher, NULL, &done, c->aad, c->aad_bytes) != 1)
		return false;
	return k->mode != ALGO_MODE_GMAC ||
	       EVP_CipherUpdate(k->cipher, NULL, &done, c->pkt + HEADER, (int)c->len - HEADER) == 1;
}

static bool aead(const struct evp_keys *k, struct esp_crypt *c)
{
	uint8_t *text = c->pkt + c->text_at, *icv = c->pkt + c->len, rest[ESP_NONCE_MAX];
	int len = (int)(c->len - c->text_at), done = 0;

	if (EVP_CipherInit_ex2(k->cipher, NULL, NULL, c->nonce, k->seal, NULL) != 1)
		return false;
	if (!k->seal &&
	    EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_SET_TAG, c->icv_bytes, icv) != 1)
		return false;
	if (!aad_add(k, c, len))
		return false;
	if (k->mode != ALGO_MODE_GMAC && EVP_CipherUpdate(k->cipher, text, &done, text, len) != 1)
		return false;
	if (EVP_CipherFinal_ex(k->cipher, rest, &done) != 1)
		return false;
	return !k->seal ||
	       EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_GET_TAG, c->icv_bytes, icv) == 1;
}

/* CBC, whose IV stands before the text in the packet, or CTR over the text. */
static bool cipher(const struct evp_keys *k, struct esp_crypt *c)
{
	uint8_t *text = c->pkt + c->text_at, iv[ESP_NONCE_MAX];
	int len = (int)(c->len - c->text_at), done = 0;

	if (!k->cipher)
		return true;
	if (k->mode == ALGO_MODE_CTR)
		memcpy(iv, c->nonce, sizeof(iv));
	else
		memcpy(iv, text - k->iv_bytes, k->iv_bytes);
	return EVP_CipherInit_ex2(k->cipher, NULL, NULL, iv, k->seal, NULL) == 1 &&
	       EVP_CipherUpdate(k->cipher, text, &done, text, len) == 1;
}

/* What the ICV covers: with ESN the upper half of the sequence number counts too (RFC 4303 2.8). */
static size_t covered(const struct esp_crypt *c, uint8_t high[4], struct ls_bytes parts[2])
{
	ls_put32(high, c->sequence_high);
	parts[0] = LS_BYTES(c->pkt, c->len);
	parts[1] = LS_BYTES(high, 4);
	return c->esn ? 2 : 1;
}

static void seal(void *engine, struct esp_crypt *c)
{
	const struct evp_keys *k = c->keys;
	uint8_t made[ESP_INTEG_OUT_MAX], high[4];
	struct ls_bytes parts[2];

	(void)engine;
	if (!k->integ.algo) {
		c->ok = aead(k, c);
		return;
	}
	c->ok = cipher(k, c) &&
	        esp_integ_make(&k->integ, NULL, parts, covered(c, high, parts), made);
	if (c->ok)
		memcpy(c->pkt + c->len, made, c->icv_bytes);
}

static void open_one(void *engine, struct esp_crypt *c)
{
	const struct evp_keys *k = c->keys;
	struct ls_bytes parts[2];
	uint8_t high[4];

	(void)engine;
	if (!k->integ.algo) {
		c->ok = aead(k, c);
		return;
	}
	c->ok = esp_integ_check(&k->integ, NULL, parts, covered(c, high, parts), c->pkt + c->len) &&
	        cipher(k, c);
}

static void finish(void *engine)
{
	(void)engine;
}

const struct esp_crypto_ops esp_crypto_evp = {
	.name = "openssl",
	.engine_new = engine_new,
	.engine_free = engine_free,
	.engine_kind = engine_kind,
	.keys_new = keys_new,
	.keys_free = keys_free,
	.seal = seal,
	.open = open_one,
	.finish = finish,
};
