/* AES-XCBC-MAC-96 (RFC 3566) and AES-CMAC-96 (RFC 4494) for packets: they differ in their keys
 * only. */
#ifndef ESP_ESP_MAC_H
#define ESP_ESP_MAC_H

#include "lib/algo.h"
#include "lib/bytes.h"

#include <openssl/types.h>

enum { ESP_MAC_BLOCK = 16 };

/* A key. Wipe it by esp_mac_end. */
struct esp_mac {
	EVP_CIPHER_CTX *cbc;          /* NULL: there is no key */
	uint8_t whole[ESP_MAC_BLOCK]; /* goes over the last block when it is full, */
	uint8_t part[ESP_MAC_BLOCK];  /* and when it had to be padded */
};

/* key: 16 bytes. false where the row is neither of the two, or without memory. */
bool esp_mac_init(struct esp_mac *mac, const struct algo *integ, const uint8_t *key);
void esp_mac_end(struct esp_mac *mac);
/* The MAC of the parts, one behind the other: 16 bytes. */
bool esp_mac(const struct esp_mac *mac, const struct ls_bytes *parts, size_t n,
             uint8_t out[ESP_MAC_BLOCK]);

#endif
