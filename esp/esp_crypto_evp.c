/* Crypto of ESP by OpenSSL's EVP: runs everywhere, one packet at a time. */
#include "esp/esp_crypto.h"
#include "lib/wire.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

struct evp_keys {
	enum esp_transform transform;
	bool seal;
	EVP_CIPHER_CTX *cipher; /* NULL with ESP_NULL_HMAC */
	EVP_MAC_CTX *mac;       /* NULL with an AEAD */
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

static void keys_free(void *engine, void *keys)
{
	struct evp_keys *k = keys;

	(void)engine;
	if (!k)
		return;
	EVP_CIPHER_CTX_free(k->cipher);
	EVP_MAC_CTX_free(k->mac);
	free(k);
}

static EVP_CIPHER_CTX *cipher_new(const struct algo *encr, const uint8_t *key, bool seal)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, encr->evp, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!cipher || !ctx || EVP_CipherInit_ex2(ctx, cipher, key, NULL, seal, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(cipher);
	return ctx;
}

static EVP_MAC_CTX *mac_new(const struct algo *integ, const uint8_t *key)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	char digest[16];
	OSSL_PARAM params[2] = {OSSL_PARAM_END, OSSL_PARAM_END};

	/* The name must be there before: its length is taken here. */
	snprintf(digest, sizeof digest, "%s", integ->evp);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
	if (ctx && EVP_MAC_init(ctx, key, integ->key_bytes, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MAC_free(hmac);
	return ctx;
}

static void *keys_new(void *engine, const struct esp_suite *suite, struct ls_bytes keymat,
                      bool seal)
{
	struct evp_keys *k = calloc(1, sizeof(*k));
	bool ok = k != NULL;

	if (!ok)
		return NULL;
	k->transform = suite->transform;
	k->seal = seal;
	if (suite->transform != ESP_NULL_HMAC) {
		k->cipher = cipher_new(suite->encr, keymat.p, seal);
		ok = k->cipher != NULL;
	}
	if (ok && suite->integ) {
		k->mac = mac_new(suite->integ,
		                 keymat.p + suite->encr->key_bytes + suite->encr->salt_bytes);
		ok = k->mac != NULL;
	}
	if (ok)
		return k;
	keys_free(engine, k);
	return NULL;
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
	if (EVP_CipherUpdate(k->cipher, NULL, &done, c->aad, c->aad_bytes) != 1 ||
	    EVP_CipherUpdate(k->cipher, text, &done, text, len) != 1 ||
	    EVP_CipherFinal_ex(k->cipher, rest, &done) != 1)
		return false;
	return !k->seal ||
	       EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_GET_TAG, c->icv_bytes, icv) == 1;
}

/* CBC over the text; its IV stands before it in the packet. */
static bool cbc(const struct evp_keys *k, struct esp_crypt *c)
{
	uint8_t *text = c->pkt + c->text_at, iv[ESP_NONCE_MAX];
	int len = (int)(c->len - c->text_at), done = 0;

	if (!k->cipher)
		return true;
	memcpy(iv, text - sizeof(iv), sizeof(iv));
	return EVP_CipherInit_ex2(k->cipher, NULL, NULL, iv, k->seal, NULL) == 1 &&
	       EVP_CipherUpdate(k->cipher, text, &done, text, len) == 1;
}

static bool mac(const struct evp_keys *k, const struct esp_crypt *c, uint8_t out[EVP_MAX_MD_SIZE])
{
	uint8_t high[4];
	size_t len = 0;

	ls_put32(high, c->sequence_high);
	return EVP_MAC_init(k->mac, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(k->mac, c->pkt, c->len) == 1 &&
	       (!c->esn || EVP_MAC_update(k->mac, high, sizeof(high)) == 1) &&
	       EVP_MAC_final(k->mac, out, &len, EVP_MAX_MD_SIZE) == 1;
}

static void seal(void *engine, struct esp_crypt *c)
{
	const struct evp_keys *k = c->keys;
	uint8_t made[EVP_MAX_MD_SIZE];

	(void)engine;
	if (!k->mac) {
		c->ok = aead(k, c);
		return;
	}
	c->ok = cbc(k, c) && mac(k, c, made);
	if (c->ok)
		memcpy(c->pkt + c->len, made, c->icv_bytes);
}

static void open_one(void *engine, struct esp_crypt *c)
{
	const struct evp_keys *k = c->keys;
	uint8_t made[EVP_MAX_MD_SIZE];

	(void)engine;
	if (!k->mac)
		c->ok = aead(k, c);
	else
		c->ok = mac(k, c, made) && esp_icv_equal(made, c->pkt + c->len, c->icv_bytes) &&
		        cbc(k, c);
}

static void finish(void *engine)
{
	(void)engine;
}

const struct esp_crypto_ops esp_crypto_evp = {
	.name = "openssl",
	.engine_new = engine_new,
	.engine_free = engine_free,
	.keys_new = keys_new,
	.keys_free = keys_free,
	.seal = seal,
	.open = open_one,
	.finish = finish,
};
