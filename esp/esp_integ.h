/* Integrity alone, for packets: every INTEG row of the table, the key worked in once, no allocation
 * a packet. ESP with CBC, CTR and NULL uses it, and AH. */
#ifndef ESP_ESP_INTEG_H
#define ESP_ESP_INTEG_H

#include "esp/esp_hmac.h"
#include "esp/esp_mac.h"
#include "lib/algo.h"
#include "lib/bytes.h"

#include <openssl/types.h>

enum {
	ESP_INTEG_ICV_MAX = 32, /* most icv_bytes of an INTEG row */
	ESP_INTEG_OUT_MAX = ESP_HMAC_MAX,
};

/* A key. Not for two threads at once. */
struct esp_integ {
	const struct algo *algo; /* NULL: there is no key */
	struct esp_hmac hmac;
	struct esp_mac mac;
	EVP_CIPHER_CTX *gmac;
	uint8_t salt[4];
};

/* keymat: algo->key_bytes and, behind them, algo->salt_bytes (GMAC). false where the row is no
 * INTEG or this library lacks it; nothing is held then. */
bool esp_integ_init(struct esp_integ *integ, const struct algo *algo, const uint8_t *keymat);
/* Gives back what init took and wipes the key. Harmless on one of zeros. */
void esp_integ_end(struct esp_integ *integ);
/*
 * The ICV of the parts, one behind the other, into out: algo->icv_bytes of it count. iv:
 * algo->iv_bytes of it that no other packet under this key has (GMAC, RFC 4543 3.1: a counter will
 * do), NULL where the row has none. AH's Authentication Data are IV | ICV there (RFC 4543 4).
 */
bool esp_integ_make(const struct esp_integ *integ, const uint8_t *iv, const struct ls_bytes *parts,
                    size_t n, uint8_t out[ESP_INTEG_OUT_MAX]);
/* Whether icv, algo->icv_bytes of it, is that of the parts; constant time. */
bool esp_integ_check(const struct esp_integ *integ, const uint8_t *iv, const struct ls_bytes *parts,
                     size_t n, const uint8_t *icv);

#endif
