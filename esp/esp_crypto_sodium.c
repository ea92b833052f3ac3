/* Crypto of ESP by libsodium: ChaCha20-Poly1305 everywhere, AES-256-GCM where the CPU has it. */
#include "esp/esp_crypto.h"
#include "lib/secret.h"

#include <sodium/crypto_aead_aes256gcm.h>
#include <sodium/crypto_aead_chacha20poly1305.h>
#include <stdlib.h>

enum { ICV = 16, CHACHA_KEY = crypto_aead_chacha20poly1305_IETF_KEYBYTES };

_Static_assert(sizeof(crypto_aead_aes256gcm_state) <= SECRET_MAX,
               "a GCM key must fit into a secret");

struct sodium_keys {
	enum algo_mode mode;
	struct secret material; /* the ChaCha20 key, or a crypto_aead_aes256gcm_state */
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
	struct sodium_keys *k = keys;

	(void)engine;
	if (!k)
		return;
	secret_free(&k->material);
	free(k);
}

static crypto_aead_aes256gcm_state *gcm_state(const struct sodium_keys *k)
{
	return (crypto_aead_aes256gcm_state *)(void *)k->material.bytes;
}

static bool make(struct sodium_keys *k, const struct algo *encr, const uint8_t *key)
{
	if (encr->mode == ALGO_MODE_CHACHA)
		return secret_from(&k->material, key, CHACHA_KEY);
	if (encr->mode != ALGO_MODE_GCM || encr->icv_bytes != ICV ||
	    encr->key_bytes != crypto_aead_aes256gcm_KEYBYTES ||
	    !crypto_aead_aes256gcm_is_available() ||
	    !secret_new(&k->material, sizeof(crypto_aead_aes256gcm_state)) ||
	    (uintptr_t)k->material.bytes % _Alignof(crypto_aead_aes256gcm_state) != 0)
		return false;
	return crypto_aead_aes256gcm_beforenm(gcm_state(k), key) == 0;
}

static void *keys_new(void *engine, const struct esp_suite *suite, struct ls_bytes keymat,
                      bool seal)
{
	struct sodium_keys *k = calloc(1, sizeof(*k));

	(void)seal;
	if (!k)
		return NULL;
	k->mode = suite->encr->mode;
	if (make(k, suite->encr, keymat.p))
		return k;
	keys_free(engine, k);
	return NULL;
}

static void seal(void *engine, struct esp_crypt *c)
{
	const struct sodium_keys *k = c->keys;
	uint8_t *text = c->pkt + c->text_at, *icv = c->pkt + c->len;
	size_t len = c->len - c->text_at;

	(void)engine;
	if (k->mode == ALGO_MODE_CHACHA)
		c->ok = crypto_aead_chacha20poly1305_ietf_encrypt_detached(
				text, icv, NULL, text, len, c->aad, c->aad_bytes, NULL, c->nonce,
				k->material.bytes) == 0;
	else
		c->ok = crypto_aead_aes256gcm_encrypt_detached_afternm(text, icv, NULL, text, len,
		                                                       c->aad, c->aad_bytes, NULL,
		                                                       c->nonce, gcm_state(k)) == 0;
}

static void open_one(void *engine, struct esp_crypt *c)
{
	const struct sodium_keys *k = c->keys;
	uint8_t *text = c->pkt + c->text_at, *icv = c->pkt + c->len;
	size_t len = c->len - c->text_at;

	(void)engine;
	if (k->mode == ALGO_MODE_CHACHA)
		c->ok = crypto_aead_chacha20poly1305_ietf_decrypt_detached(
				text, NULL, text, len, icv, c->aad, c->aad_bytes, c->nonce,
				k->material.bytes) == 0;
	else
		c->ok = crypto_aead_aes256gcm_decrypt_detached_afternm(text, NULL, text, len, icv,
		                                                       c->aad, c->aad_bytes,
		                                                       c->nonce, gcm_state(k)) == 0;
}

static void finish(void *engine)
{
	(void)engine;
}

const struct esp_crypto_ops esp_crypto_sodium = {
	.name = "libsodium",
	.keys_shared = true,
	.engine_new = engine_new,
	.engine_free = engine_free,
	.engine_kind = engine_kind,
	.keys_new = keys_new,
	.keys_free = keys_free,
	.seal = seal,
	.open = open_one,
	.finish = finish,
};
