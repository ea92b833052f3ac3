/* What seal and open ask of a crypto backend: ipsec-mb where it is built in, OpenSSL's EVP
 * everywhere, libsodium for its two AEADs. */
#ifndef ESP_ESP_CRYPTO_H
#define ESP_ESP_CRYPTO_H

#include "lib/algo.h"
#include "lib/bytes.h"

#include <stdbool.h>

enum { ESP_ICV_MAX = 32, ESP_NONCE_MAX = 16, ESP_AAD_MAX = 12, ESP_SALT_MAX = 4 };

/* What a backend needs to know of an SA to make its keys. How it works: encr->mode. */
struct esp_suite {
	const struct algo *encr;
	const struct algo *integ; /* NULL with an AEAD */
};

/*
 * One packet on its way through a backend: pkt is SPI | sequence | IV | text, len bytes, and the
 * ICV has its room behind. Sealing ciphers the text in place and writes the ICV; opening checks the
 * ICV, which may be overwritten, and deciphers in place. The text of a packet that is not authentic
 * is spoilt. Lives until finish() has returned, because a backend may collect packets and work on
 * several at once.
 */
struct esp_crypt {
	const void *keys; /* what keys_new gave */
	uint8_t *pkt;
	uint32_t len;
	uint32_t text_at;       /* offset of the text */
	uint32_t sequence_high; /* with ESN */
	uint8_t icv_bytes;
	uint8_t aad_bytes; /* AEAD: 8, or 12 with ESN */
	bool esn;
	bool ok;                      /* sealed; or opened and authentic */
	uint8_t nonce[ESP_NONCE_MAX]; /* AEAD: salt | IV, CTR: the first counter block; set by the
	                                 caller. CBC: unused, the IV is in pkt */
	uint8_t aad[ESP_NONCE_MAX];   /* AEAD: SPI | sequence, set by the caller. With GMAC all that
	                                 stands before the ICV is authenticated: this, and pkt from
	                                 the IV on */
	uint8_t icv_seen[ESP_ICV_MAX];
	uint8_t icv_made[ESP_ICV_MAX];
};

struct esp_crypto_ops {
	const char *name;
	bool keys_shared; /* several threads may use one key at once, each with an engine of its
	                     own; else each has its own key too */
	/* NULL without memory or when this host cannot run it. */
	void *(*engine_new)(void);
	void (*engine_free)(void *engine);
	/* What people may be told of the engine: the instructions it uses, "" if there is nothing.
	 */
	const char *(*engine_kind)(void *engine);
	/* Keys for one direction of one SA; keymat is key | salt | integrity key. NULL when
	 * this backend lacks the algorithms, or without memory. */
	void *(*keys_new)(void *engine, const struct esp_suite *suite, struct ls_bytes keymat,
	                  bool seal);
	void (*keys_free)(void *engine, void *keys);
	/* Where a packet finds the key schedule, at most UINT16_MAX bytes that live as long as the
	 * keys: to be fetched ahead. NULL where the library keeps it to itself. */
	struct ls_bytes (*keys_schedule)(const void *keys);
	void (*seal)(void *engine, struct esp_crypt *c);
	void (*open)(void *engine, struct esp_crypt *c);
	/* Completes what seal() or open() began; the two are never mixed in between. */
	void (*finish)(void *engine);
};

extern const struct esp_crypto_ops esp_crypto_evp;
extern const struct esp_crypto_ops esp_crypto_sodium;
#ifdef HAVE_IPSEC_MB
extern const struct esp_crypto_ops esp_crypto_mb;
#endif

/* Constant time; len is a multiple of 4. */
static inline bool esp_icv_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint32_t difference = 0, x, y;

	for (size_t i = 0; i < len; i += 4) {
		__builtin_memcpy(&x, a + i, 4);
		__builtin_memcpy(&y, b + i, 4);
		difference |= x ^ y;
	}
	return difference == 0;
}

#endif
