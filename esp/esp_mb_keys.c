/* Keys in the form that ipsec-mb's jobs want: round keys, hash states, subkeys. */
#include "esp/esp_crypto.h"

#ifdef HAVE_IPSEC_MB
#include "esp/esp_mb_keys.h"

#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_BLOCK_MAX = 128, DES_KEY = 8 };

_Static_assert(sizeof(struct gcm_key_data) <= SECRET_MAX, "a GCM key must fit into a secret");
_Static_assert(sizeof(struct mb_chain) <= SECRET_MAX, "CBC and HMAC keys must fit into a secret");

/* Room that the library may read by its widest instructions. */
static void *room(struct mb_keys *k, size_t len)
{
	if (!secret_new(&k->material, len) || (uintptr_t)k->material.bytes % 64 != 0)
		return NULL;
	return k->material.bytes;
}

static bool gcm_keys(IMB_MGR *mgr, struct mb_keys *k, const uint8_t *key, bool seal)
{
	struct gcm_key_data *to = room(k, sizeof *to);

	if (!to)
		return false;
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

static bool aes_keys(IMB_MGR *mgr, struct mb_keys *k, struct mb_chain *to, const uint8_t *key)
{
	k->encrypt = to->aes.encrypt;
	k->decrypt = to->aes.decrypt;
	switch (k->key_bytes) {
	case 16:
		IMB_AES_KEYEXP_128(mgr, key, to->aes.encrypt, to->aes.decrypt);
		return true;
	case 24:
		IMB_AES_KEYEXP_192(mgr, key, to->aes.encrypt, to->aes.decrypt);
		return true;
	case 32:
		IMB_AES_KEYEXP_256(mgr, key, to->aes.encrypt, to->aes.decrypt);
		return true;
	default:
		return false;
	}
}

static bool des_keys(IMB_MGR *mgr, struct mb_keys *k, struct mb_chain *to, const uint8_t *key)
{
	unsigned n = (unsigned)k->key_bytes / DES_KEY;

	for (unsigned i = 0; i < n; i++) {
		IMB_DES_KEYSCHED(mgr, to->des.round[i], key + (size_t)i * DES_KEY);
		to->des.schedule[i] = to->des.round[i];
	}
	k->cipher = n == 3 ? IMB_CIPHER_DES3 : IMB_CIPHER_DES;
	k->encrypt = n == 3 ? (const void *)to->des.schedule : to->des.round[0];
	k->decrypt = k->encrypt;
	return true;
}

/* What the cipher is called here, and its keys. */
static bool cipher_keys(IMB_MGR *mgr, struct mb_keys *k, struct mb_chain *to,
                        const struct algo *encr, const uint8_t *key)
{
	k->iv_bytes = encr->iv_bytes;
	switch (encr->mode) {
	case ALGO_MODE_NULL:
		k->cipher = IMB_CIPHER_NULL;
		return true;
	case ALGO_MODE_CTR:
		k->cipher = IMB_CIPHER_CNTR;
		k->iv_bytes = ESP_NONCE_MAX;
		break;
	case ALGO_MODE_CCM:
		k->cipher = IMB_CIPHER_CCM;
		k->hash = IMB_AUTH_AES_CCM;
		if (k->key_bytes == 24)
			return false;
		break;
	default:
		if (strncmp(encr->evp, "DES-", 4) == 0)
			return des_keys(mgr, k, to, key);
		if (strncmp(encr->evp, "AES-", 4) != 0)
			return false;
		k->cipher = IMB_CIPHER_CBC;
	}
	return aes_keys(mgr, k, to, key);
}

/* What each HMAC row is called here. */
static const struct {
	enum algo_id id;
	IMB_HASH_ALG hash;
	size_t block_bytes;
} hashes[] = {
	{ALGO_MD5, IMB_AUTH_MD5, 64},
	{ALGO_SHA1, IMB_AUTH_HMAC_SHA_1, 64},
	{ALGO_SHA256, IMB_AUTH_HMAC_SHA_256, 64},
	{ALGO_SHA384, IMB_AUTH_HMAC_SHA_384, 128},
	{ALGO_SHA512, IMB_AUTH_HMAC_SHA_512, 128},
};

static void one_block(IMB_MGR *mgr, IMB_HASH_ALG hash, const uint8_t *block, uint8_t *out)
{
	switch (hash) {
	case IMB_AUTH_MD5:
		IMB_MD5_ONE_BLOCK(mgr, block, out);
		break;
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
	one_block(mgr, k->hash, block, to->hmac.inner);
	for (size_t at = 0; at < hashes[i].block_bytes; at++)
		block[at] ^= 0x36 ^ 0x5c;
	one_block(mgr, k->hash, block, to->hmac.outer);
	sodium_memzero(block, sizeof(block));
	return true;
}

static bool hash_keys(IMB_MGR *mgr, struct mb_keys *k, struct mb_chain *to,
                      const struct algo *integ, const uint8_t *key)
{
	uint8_t unused[MB_MAC_KEYS] __attribute__((aligned(16)));

	switch (integ->mode) {
	case ALGO_MODE_HMAC:
		return hmac_keys(mgr, k, to, integ, key);
	case ALGO_MODE_XCBC:
		k->hash = IMB_AUTH_AES_XCBC;
		IMB_AES_XCBC_KEYEXP(mgr, key, to->mac.round, to->mac.second, to->mac.third);
		return true;
	case ALGO_MODE_CMAC:
		k->hash = IMB_AUTH_AES_CMAC;
		IMB_AES_KEYEXP_128(mgr, key, to->mac.round, unused);
		IMB_AES_CMAC_SUBKEY_GEN_128(mgr, to->mac.round, to->mac.second, to->mac.third);
		sodium_memzero(unused, sizeof unused);
		return true;
	default:
		return false;
	}
}

static bool chain_keys(IMB_MGR *mgr, struct mb_keys *k, const struct esp_suite *suite,
                       struct ls_bytes keymat)
{
	struct mb_chain *to = room(k, sizeof *to);

	if (!to || !cipher_keys(mgr, k, to, suite->encr, keymat.p))
		return false;
	return !suite->integ ||
	       hash_keys(mgr, k, to, suite->integ,
	                 keymat.p + suite->encr->key_bytes + suite->encr->salt_bytes);
}

struct mb_keys *mb_keys_new(IMB_MGR *mgr, const struct esp_suite *suite, struct ls_bytes keymat,
                            bool seal)
{
	struct mb_keys *k = calloc(1, sizeof(*k));
	bool ok;

	if (!k)
		return NULL;
	k->mode = suite->encr->mode;
	k->key_bytes = suite->encr->key_bytes;
	k->nonce_bytes = (uint8_t)(suite->encr->salt_bytes + 8);
	switch (k->mode) {
	case ALGO_MODE_GCM:
	case ALGO_MODE_GMAC:
		ok = gcm_keys(mgr, k, keymat.p, seal);
		break;
	case ALGO_MODE_CHACHA:
		ok = secret_from(&k->material, keymat.p, suite->encr->key_bytes);
		break;
	default:
		ok = chain_keys(mgr, k, suite, keymat);
		break;
	}
	if (ok)
		return k;
	mb_keys_free(k);
	return NULL;
}

void mb_keys_free(struct mb_keys *k)
{
	if (!k)
		return;
	secret_free(&k->material);
	free(k);
}
#endif
