/* Crypto of ESP by Intel's ipsec-mb: AEADs by direct calls, CBC and HMAC as jobs over a whole
 * batch. */
#include "esp/esp_crypto.h"

#ifdef HAVE_IPSEC_MB
#include "lib/secret.h"
#include "lib/wire.h"

#include <intel-ipsec-mb.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_STATE_MAX = 64, HASH_BLOCK_MAX = 128, ROUND_KEYS_MAX = 16 * 15 };

/* Key material of the CBC and NULL transforms, in the form that jobs want. */
struct mb_chain {
	uint8_t encrypt[ROUND_KEYS_MAX] __attribute__((aligned(16)));
	uint8_t decrypt[ROUND_KEYS_MAX] __attribute__((aligned(16)));
	uint8_t inner[HASH_STATE_MAX] __attribute__((aligned(16)));
	uint8_t outer[HASH_STATE_MAX] __attribute__((aligned(16)));
};

struct mb_keys {
	enum esp_transform transform;
	IMB_HASH_ALG hash;
	uint64_t key_bytes;
	aes_gcm_enc_dec_t gcm;  /* of this key length and direction */
	struct secret material; /* struct gcm_key_data, struct mb_chain or the bare ChaCha20 key */
};

_Static_assert(sizeof(struct gcm_key_data) <= SECRET_MAX, "a GCM key must fit into a secret");
_Static_assert(sizeof(struct mb_chain) <= SECRET_MAX, "CBC and HMAC keys must fit into a secret");

static void *engine_new(void)
{
	IMB_MGR *mgr = alloc_mb_mgr(0);

	if (!mgr)
		return NULL;
	init_mb_mgr_auto(mgr, NULL);
	if (imb_get_errno(mgr) == 0)
		return mgr;
	free_mb_mgr(mgr);
	return NULL;
}

static void engine_free(void *engine)
{
	free_mb_mgr(engine);
}

static void keys_free(void *engine, void *keys)
{
	struct mb_keys *k = keys;

	(void)engine;
	if (!k)
		return;
	secret_free(&k->material);
	free(k);
}

static bool gcm_keys(IMB_MGR *mgr, struct mb_keys *k, const uint8_t *key, bool seal)
{
	struct gcm_key_data *to;

	if (!secret_new(&k->material, sizeof(*to)) || (uintptr_t)k->material.bytes % 64 != 0)
		return false;
	to = (struct gcm_key_data *)(void *)k->material.bytes;
	switch (k->key_bytes) {
	case 16:
		IMB_AES128_GCM_PRE(mgr, key, to);
		k->gcm = seal ? mgr->gcm128_enc : mgr->gcm128_dec;
		return true;
	case 24:
		IMB_AES192_GCM_PRE(mgr, key, to);
		k->gcm = seal ? mgr->gcm192_enc : mgr->gcm192_dec;
		return true;
	case 32:
		IMB_AES256_GCM_PRE(mgr, key, to);
		k->gcm = seal ? mgr->gcm256_enc : mgr->gcm256_dec;
		return true;
	default:
		return false;
	}
}

/* What each INTEG row is called here. */
static const struct {
	enum algo_id id;
	IMB_HASH_ALG hash;
	size_t block_bytes;
} hashes[] = {
	{ALGO_SHA1, IMB_AUTH_HMAC_SHA_1, 64},
	{ALGO_SHA256, IMB_AUTH_HMAC_SHA_256, 64},
	{ALGO_SHA384, IMB_AUTH_HMAC_SHA_384, 128},
	{ALGO_SHA512, IMB_AUTH_HMAC_SHA_512, 128},
};

static void one_block(IMB_MGR *mgr, IMB_HASH_ALG hash, const uint8_t *block, uint8_t *out)
{
	switch (hash) {
	case IMB_AUTH_HMAC_SHA_1:
		IMB_SHA1_ONE_BLOCK(mgr, block, out);
		break;
	case IMB_AUTH_HMAC_SHA_256:
		IMB_SHA256_ONE_BLOCK(mgr, block, out);
		break;
	case IMB_AUTH_HMAC_SHA_384:
		IMB_SHA384_ONE_BLOCK(mgr, block, out);
		break;
	default:
		IMB_SHA512_ONE_BLOCK(mgr, block, out);
		break;
	}
}

/* The hash states after the key's block, xored with HMAC's two constants (RFC 2104 2). */
static bool hmac_keys(IMB_MGR *mgr, struct mb_keys *k, struct mb_chain *to,
                      const struct algo *integ, const uint8_t *key)
{
	uint8_t block[HASH_BLOCK_MAX];
	size_t i = 0;

	while (i < sizeof(hashes) / sizeof(hashes[0]) && hashes[i].id != integ->id)
		i++;
	if (i == sizeof(hashes) / sizeof(hashes[0]) || integ->key_bytes > hashes[i].block_bytes)
		return false;
	k->hash = hashes[i].hash;
	memset(block, 0x36, sizeof(block));
	for (size_t at = 0; at < integ->key_bytes; at++)
		block[at] ^= key[at];
	one_block(mgr, k->hash, block, to->inner);
	for (size_t at = 0; at < hashes[i].block_bytes; at++)
		block[at] ^= 0x36 ^ 0x5c;
	one_block(mgr, k->hash, block, to->outer);
	sodium_memzero(block, sizeof(block));
	return true;
}

static bool chain_keys(IMB_MGR *mgr, struct mb_keys *k, const struct esp_suite *suite,
                       struct ls_bytes keymat)
{
	struct mb_chain *to;

	if (!secret_new(&k->material, sizeof(*to)) || (uintptr_t)k->material.bytes % 64 != 0)
		return false;
	to = (struct mb_chain *)(void *)k->material.bytes;
	if (k->key_bytes == 16)
		IMB_AES_KEYEXP_128(mgr, keymat.p, to->encrypt, to->decrypt);
	else if (k->key_bytes == 24)
		IMB_AES_KEYEXP_192(mgr, keymat.p, to->encrypt, to->decrypt);
	else if (k->key_bytes == 32)
		IMB_AES_KEYEXP_256(mgr, keymat.p, to->encrypt, to->decrypt);
	else if (suite->transform != ESP_NULL_HMAC)
		return false;
	return hmac_keys(mgr, k, to, suite->integ,
	                 keymat.p + suite->encr->key_bytes + suite->encr->salt_bytes);
}

static void *keys_new(void *engine, const struct esp_suite *suite, struct ls_bytes keymat,
                      bool seal)
{
	struct mb_keys *k = calloc(1, sizeof(*k));
	bool ok = false;

	if (!k)
		return NULL;
	k->transform = suite->transform;
	k->key_bytes = suite->encr->key_bytes;
	switch (suite->transform) {
	case ESP_GCM:
		ok = gcm_keys(engine, k, keymat.p, seal);
		break;
	case ESP_CHACHA:
		ok = secret_from(&k->material, keymat.p, suite->encr->key_bytes);
		break;
	case ESP_CBC_HMAC:
	case ESP_NULL_HMAC:
		ok = chain_keys(engine, k, suite, keymat);
		break;
	}
	if (ok)
		return k;
	keys_free(engine, k);
	return NULL;
}

static void gcm(const struct mb_keys *k, struct esp_crypt *c, uint8_t *icv)
{
	const struct gcm_key_data *key =
		(const struct gcm_key_data *)(const void *)k->material.bytes;
	uint8_t *text = c->pkt + c->text_at;
	struct gcm_context_data ctx;

	k->gcm(key, &ctx, text, text, c->len - c->text_at, c->nonce, c->aad, c->aad_bytes, icv,
	       c->icv_bytes);
}

/* What has been completed, in whatever order the library does so. */
static void done(IMB_MGR *mgr, IMB_JOB *job)
{
	for (; job; job = IMB_GET_COMPLETED_JOB(mgr)) {
		struct esp_crypt *c = job->user_data;

		/* user_data2 is where the ICV that came in the packet was put aside; NULL when
		 * sealing. */
		c->ok = job->status == IMB_STATUS_COMPLETED &&
		        (!job->user_data2 ||
		         esp_icv_equal(c->icv_made, job->user_data2, c->icv_bytes));
	}
}

static void submit_chacha(IMB_MGR *mgr, const struct mb_keys *k, struct esp_crypt *c, bool seal)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(mgr);

	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->chain_order = seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->cipher_direction = seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->enc_keys = job->dec_keys = k->material.bytes;
	job->key_len_in_bytes = k->key_bytes;
	job->iv = c->nonce;
	job->iv_len_in_bytes = 12;
	job->src = c->pkt + c->text_at;
	job->dst = c->pkt + c->text_at;
	job->cipher_start_src_offset_in_bytes = 0;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = c->len - c->text_at;
	job->msg_len_to_hash_in_bytes = c->len - c->text_at;
	job->u.CHACHA20_POLY1305.aad = c->aad;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = c->aad_bytes;
	job->auth_tag_output = seal ? c->pkt + c->len : c->icv_made;
	job->auth_tag_output_len_in_bytes = c->icv_bytes;
	job->user_data = c;
	job->user_data2 = seal ? NULL : c->pkt + c->len;
	done(mgr, IMB_SUBMIT_JOB_NOCHECK(mgr));
}

static void submit_chain(IMB_MGR *mgr, const struct mb_keys *k, struct esp_crypt *c, bool seal)
{
	const struct mb_chain *keys = (const struct mb_chain *)(const void *)k->material.bytes;
	IMB_JOB *job = IMB_GET_NEXT_JOB(mgr);
	uint64_t hashed = c->len;

	if (!seal)
		memcpy(c->icv_seen, c->pkt + c->len, c->icv_bytes);
	if (c->esn) {
		/* The high half is hashed but not sent (RFC 4303 2.2.1); it borrows the ICV's
		 * place. */
		ls_put32(c->pkt + c->len, c->sequence_high);
		hashed += 4;
	}
	job->cipher_mode = k->transform == ESP_NULL_HMAC ? IMB_CIPHER_NULL : IMB_CIPHER_CBC;
	job->hash_alg = k->hash;
	job->chain_order = seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->cipher_direction = seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->enc_keys = keys->encrypt;
	job->dec_keys = keys->decrypt;
	job->key_len_in_bytes = k->key_bytes;
	job->iv = k->transform == ESP_NULL_HMAC ? c->pkt : c->pkt + c->text_at - 16;
	job->iv_len_in_bytes = 16;
	job->src = c->pkt;
	job->dst = c->pkt + c->text_at;
	job->cipher_start_src_offset_in_bytes = c->text_at;
	job->msg_len_to_cipher_in_bytes = c->len - c->text_at;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = hashed;
	job->u.HMAC._hashed_auth_key_xor_ipad = keys->inner;
	job->u.HMAC._hashed_auth_key_xor_opad = keys->outer;
	job->auth_tag_output = seal ? c->pkt + c->len : c->icv_made;
	job->auth_tag_output_len_in_bytes = c->icv_bytes;
	job->user_data = c;
	job->user_data2 = seal ? NULL : c->icv_seen;
	done(mgr, IMB_SUBMIT_JOB_NOCHECK(mgr));
}

static void seal(void *engine, struct esp_crypt *c)
{
	const struct mb_keys *k = c->keys;

	switch (k->transform) {
	case ESP_GCM:
		gcm(k, c, c->pkt + c->len);
		c->ok = true;
		break;
	case ESP_CHACHA:
		submit_chacha(engine, k, c, true);
		break;
	case ESP_CBC_HMAC:
	case ESP_NULL_HMAC:
		submit_chain(engine, k, c, true);
		break;
	}
}

static void open_one(void *engine, struct esp_crypt *c)
{
	const struct mb_keys *k = c->keys;

	switch (k->transform) {
	case ESP_GCM:
		gcm(k, c, c->icv_made);
		c->ok = esp_icv_equal(c->icv_made, c->pkt + c->len, c->icv_bytes);
		break;
	case ESP_CHACHA:
		submit_chacha(engine, k, c, false);
		break;
	case ESP_CBC_HMAC:
	case ESP_NULL_HMAC:
		submit_chain(engine, k, c, false);
		break;
	}
}

static void finish(void *engine)
{
	IMB_JOB *job;

	while ((job = IMB_FLUSH_JOB((IMB_MGR *)engine)))
		done(engine, job);
}

const struct esp_crypto_ops esp_crypto_mb = {
	.name = "ipsec-mb",
	.engine_new = engine_new,
	.engine_free = engine_free,
	.keys_new = keys_new,
	.keys_free = keys_free,
	.seal = seal,
	.open = open_one,
	.finish = finish,
};
#endif
