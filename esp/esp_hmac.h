/* HMAC for packets: the key is worked in once, and a packet costs no allocation. */
#ifndef ESP_ESP_HMAC_H
#define ESP_ESP_HMAC_H

#include "lib/algo.h"
#include "lib/bytes.h"

#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ESP_HMAC_MAX = SHA512_DIGEST_LENGTH, ESP_HMAC_BLOCK_MAX = SHA512_CBLOCK };

union esp_hmac_state {
	MD5_CTX md5;
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512; /* SHA-384 too */
};

struct esp_hmac_digest;

/* A key: the hash states after its block, xored with HMAC's two constants (RFC 2104 2). Wipe it. */
struct esp_hmac {
	const struct esp_hmac_digest *digest; /* NULL: there is no key */
	union esp_hmac_state inner, outer;
};

/* key: integ->key_bytes bytes. false where integ is not HMAC with MD5, SHA-1, -256, -384 or -512.
 */
bool esp_hmac_init(struct esp_hmac *hmac, const struct algo *integ, const uint8_t *key);
/* HMAC of the parts, one behind the other; the digest's whole length. */
void esp_hmac(const struct esp_hmac *hmac, const struct ls_bytes *parts, size_t n,
              uint8_t out[ESP_HMAC_MAX]);

#endif
