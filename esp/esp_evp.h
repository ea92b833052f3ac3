/* OpenSSL's cipher contexts with a key worked in. */
#ifndef ESP_ESP_EVP_H
#define ESP_ESP_EVP_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a mode must know before its key; all 0: nothing (CCM: RFC 4309 4). */
struct esp_evp_sizes {
	size_t nonce_bytes, icv_bytes;
};

/* A context for one direction, without padding. cipher: OpenSSL's fetch name; key: as long as that
 * wants. NULL where this library lacks it, or without memory; else the caller's to free. */
EVP_CIPHER_CTX *esp_evp_new(const char *cipher, const uint8_t *key, bool seal,
                            struct esp_evp_sizes sizes);

#endif
