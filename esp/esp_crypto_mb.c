/* Crypto of ESP by Intel's ipsec-mb: GCM and GMAC by direct calls, all else as jobs over a whole
 * batch. */
#include "esp/esp_crypto.h"

#ifdef HAVE_IPSEC_MB
#include "esp/esp_mb_keys.h"
#include "lib/wire.h"

#include <string.h>

enum { HEADER = 8 };

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

static const char *engine_kind(void *engine)
{
	static const char *const names[IMB_ARCH_NUM] = {
		[IMB_ARCH_NONE] = "",     [IMB_ARCH_NOAESNI] = "without AES-NI",
		[IMB_ARCH_SSE] = "SSE",   [IMB_ARCH_AVX] = "AVX",
		[IMB_ARCH_AVX2] = "AVX2", [IMB_ARCH_AVX512] = "AVX512",
	};
	const IMB_MGR *mgr = engine;

	return mgr->used_arch < IMB_ARCH_NUM ? names[mgr->used_arch] : "";
}

static void keys_free(void *engine, void *keys)
{
	(void)engine;
	mb_keys_free(keys);
}

static void *keys_new(void *engine, const struct esp_suite *suite, struct ls_bytes keymat,
                      bool seal)
{
	return mb_keys_new(engine, suite, keymat, seal);
}

static struct ls_bytes keys_schedule(const void *keys)
{
	const struct mb_keys *k = keys;

	return LS_BYTES(k->material.bytes, k->material.len);
}

static void gcm(const struct mb_keys *k, struct esp_crypt *c, uint8_t *icv)
{
	uint8_t *text = c->pkt + c->text_at;
	struct gcm_context_data ctx;

	k->gcm(mb_gcm(k), &ctx, text, text, c->len - c->text_at, c->nonce, c->aad, c->aad_bytes,
	       icv, c->icv_bytes);
}

/* Initialising, updating twice and finalising, for a key of that many bits. */
#define GMAC(bits)                                                                             \
	do {                                                                                   \
		IMB_AES##bits##_GMAC_INIT(mgr, key, &ctx, c->nonce, k->nonce_bytes);           \
		IMB_AES##bits##_GMAC_UPDATE(mgr, key, &ctx, c->aad, c->aad_bytes);             \
		IMB_AES##bits##_GMAC_UPDATE(mgr, key, &ctx, c->pkt + HEADER, c->len - HEADER); \
		IMB_AES##bits##_GMAC_FINALIZE(mgr, key, &ctx, icv, c->icv_bytes);              \
	} while (0)

static void gmac(IMB_MGR *mgr, const struct mb_keys *k, struct esp_crypt *c, uint8_t *icv)
{
	const struct gcm_key_data *key = mb_gcm(k);
	struct gcm_context_data ctx;

	if (k->key_bytes == 16)
		GMAC(128);
	else if (k->key_bytes == 24)
		GMAC(192);
	else
		GMAC(256);
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

/* The text, ciphered in place and hashed without what stands before it. */
static IMB_JOB *aead_job(IMB_MGR *mgr, const struct mb_keys *k, struct esp_crypt *c, bool seal)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(mgr);

	job->cipher_direction = seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->key_len_in_bytes = k->key_bytes;
	job->iv = c->nonce;
	job->iv_len_in_bytes = k->nonce_bytes;
	job->src = c->pkt + c->text_at;
	job->dst = c->pkt + c->text_at;
	job->cipher_start_src_offset_in_bytes = 0;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = c->len - c->text_at;
	job->msg_len_to_hash_in_bytes = c->len - c->text_at;
	job->auth_tag_output = seal ? c->pkt + c->len : c->icv_made;
	job->auth_tag_output_len_in_bytes = c->icv_bytes;
	job->user_data = c;
	job->user_data2 = seal ? NULL : c->pkt + c->len;
	return job;
}

static void submit_chacha(IMB_MGR *mgr, const struct mb_keys *k, struct esp_crypt *c, bool seal)
{
	IMB_JOB *job = aead_job(mgr, k, c, seal);

	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->chain_order = seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->enc_keys = job->dec_keys = k->material.bytes;
	job->u.CHACHA20_POLY1305.aad = c->aad;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = c->aad_bytes;
	done(mgr, IMB_SUBMIT_JOB_NOCHECK(mgr));
}

/* CCM authenticates the plaintext. */
static void submit_ccm(IMB_MGR *mgr, const struct mb_keys *k, struct esp_crypt *c, bool seal)
{
	IMB_JOB *job = aead_job(mgr, k, c, seal);

	job->cipher_mode = k->cipher;
	job->hash_alg = k->hash;
	job->chain_order = seal ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	job->enc_keys = k->encrypt;
	job->dec_keys = k->decrypt;
	job->u.CCM.aad = c->aad;
	job->u.CCM.aad_len_in_bytes = c->aad_bytes;
	done(mgr, IMB_SUBMIT_JOB_NOCHECK(mgr));
}

static void hash_put(IMB_JOB *job, const struct mb_keys *k)
{
	const struct mb_chain *keys = mb_chain(k);

	job->hash_alg = k->hash;
	switch (k->hash) {
	case IMB_AUTH_AES_XCBC:
		job->u.XCBC._k1_expanded = (const uint32_t *)(const void *)keys->mac.round;
		job->u.XCBC._k2 = keys->mac.second;
		job->u.XCBC._k3 = keys->mac.third;
		break;
	case IMB_AUTH_AES_CMAC:
		job->u.CMAC._key_expanded = keys->mac.round;
		job->u.CMAC._skey1 = keys->mac.second;
		job->u.CMAC._skey2 = keys->mac.third;
		break;
	default:
		job->u.HMAC._hashed_auth_key_xor_ipad = keys->hmac.inner;
		job->u.HMAC._hashed_auth_key_xor_opad = keys->hmac.outer;
		break;
	}
}

static const uint8_t *iv_of(const struct mb_keys *k, const struct esp_crypt *c)
{
	switch (k->mode) {
	case ALGO_MODE_CTR:
		return c->nonce;
	case ALGO_MODE_NULL:
		return c->pkt;
	default:
		return c->pkt + c->text_at - k->iv_bytes;
	}
}

static void submit_chain(IMB_MGR *mgr, const struct mb_keys *k, struct esp_crypt *c, bool seal)
{
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
	job->cipher_mode = k->cipher;
	job->chain_order = seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->cipher_direction = seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->enc_keys = k->encrypt;
	job->dec_keys = k->decrypt;
	job->key_len_in_bytes = k->key_bytes;
	job->iv = iv_of(k, c);
	job->iv_len_in_bytes = k->iv_bytes;
	job->src = c->pkt;
	job->dst = c->pkt + c->text_at;
	job->cipher_start_src_offset_in_bytes = c->text_at;
	job->msg_len_to_cipher_in_bytes = c->len - c->text_at;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = hashed;
	hash_put(job, k);
	job->auth_tag_output = seal ? c->pkt + c->len : c->icv_made;
	job->auth_tag_output_len_in_bytes = c->icv_bytes;
	job->user_data = c;
	job->user_data2 = seal ? NULL : c->icv_seen;
	done(mgr, IMB_SUBMIT_JOB_NOCHECK(mgr));
}

static void submit(IMB_MGR *mgr, const struct mb_keys *k, struct esp_crypt *c, bool seal)
{
	switch (k->mode) {
	case ALGO_MODE_CHACHA:
		submit_chacha(mgr, k, c, seal);
		break;
	case ALGO_MODE_CCM:
		submit_ccm(mgr, k, c, seal);
		break;
	default:
		submit_chain(mgr, k, c, seal);
		break;
	}
}

static void seal(void *engine, struct esp_crypt *c)
{
	const struct mb_keys *k = c->keys;

	if (k->mode == ALGO_MODE_GCM) {
		gcm(k, c, c->pkt + c->len);
	} else if (k->mode == ALGO_MODE_GMAC) {
		gmac(engine, k, c, c->pkt + c->len);
	} else {
		submit(engine, k, c, true);
		return;
	}
	c->ok = true;
}

static void open_one(void *engine, struct esp_crypt *c)
{
	const struct mb_keys *k = c->keys;

	if (k->mode == ALGO_MODE_GCM) {
		gcm(k, c, c->icv_made);
	} else if (k->mode == ALGO_MODE_GMAC) {
		gmac(engine, k, c, c->icv_made);
	} else {
		submit(engine, k, c, false);
		return;
	}
	c->ok = esp_icv_equal(c->icv_made, c->pkt + c->len, c->icv_bytes);
}

static void finish(void *engine)
{
	IMB_JOB *job;

	while ((job = IMB_FLUSH_JOB((IMB_MGR *)engine)))
		done(engine, job);
}

const struct esp_crypto_ops esp_crypto_mb = {
	.name = "ipsec-mb",
	.keys_shared = true,
	.engine_new = engine_new,
	.engine_free = engine_free,
	.engine_kind = engine_kind,
	.keys_new = keys_new,
	.keys_free = keys_free,
	.keys_schedule = keys_schedule,
	.seal = seal,
	.open = open_one,
	.finish = finish,
};
#endif
