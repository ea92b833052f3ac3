/* Keys in the form that ipsec-mb's jobs want. */
#ifndef ESP_ESP_MB_KEYS_H
#define ESP_ESP_MB_KEYS_H

#include "esp/esp_crypto.h"
#include "lib/secret.h"

#include <intel-ipsec-mb.h>

enum {
	MB_STATE_MAX = 64,
	MB_ROUND_KEYS_MAX = 16 * 15,
	MB_MAC_KEYS = 16 * 11,
	MB_DES_WORDS = IMB_DES_KEY_SCHED_SIZE / 8,
};

/* Key material of a job that ciphers and, but for CCM, hashes apart. */
struct mb_chain {
	union {
		struct {
			uint8_t encrypt[MB_ROUND_KEYS_MAX] __attribute__((aligned(16)));
			uint8_t decrypt[MB_ROUND_KEYS_MAX] __attribute__((aligned(16)));
		} aes;
		struct {
			uint64_t round[3][MB_DES_WORDS];
			const void *schedule[3]; /* of round: three DES keys in turn */
		} des;
	};
	union {
		struct {
			uint8_t inner[MB_STATE_MAX] __attribute__((aligned(16)));
			uint8_t outer[MB_STATE_MAX] __attribute__((aligned(16)));
		} hmac;
		struct {
			uint8_t round[MB_MAC_KEYS] __attribute__((aligned(16)));
			uint8_t second[16] __attribute__((aligned(16)));
			uint8_t third[16] __attribute__((aligned(16)));
		} mac; /* AES-XCBC, AES-CMAC */
	};
};

/* What jobs of an SA are called, and their keys. */
struct mb_keys {
	enum algo_mode mode;
	IMB_CIPHER_MODE cipher;
	IMB_HASH_ALG hash;
	const void *encrypt, *decrypt; /* inside material */
	uint64_t key_bytes;
	uint8_t iv_bytes;       /* as a job wants it */
	uint8_t nonce_bytes;    /* of an AEAD */
	aes_gcm_enc_dec_t gcm;  /* of this key length and direction */
	struct secret material; /* struct gcm_key_data, struct mb_chain or the bare ChaCha20 key */
};

/* The same as keys_new of struct esp_crypto_ops. */
struct mb_keys *mb_keys_new(IMB_MGR *mgr, const struct esp_suite *suite, struct ls_bytes keymat,
                            bool seal);
void mb_keys_free(struct mb_keys *k);

static inline const struct gcm_key_data *mb_gcm(const struct mb_keys *k)
{
	return (const struct gcm_key_data *)(const void *)k->material.bytes;
}

static inline const struct mb_chain *mb_chain(const struct mb_keys *k)
{
	return (const struct mb_chain *)(const void *)k->material.bytes;
}

#endif
