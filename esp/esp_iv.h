/* A fast source of unpredictable IVs for CBC (RFC 3602 3), seeded from the injected randomness. */
#ifndef ESP_ESP_IV_H
#define ESP_ESP_IV_H

#include "lib/random.h"

enum { ESP_IV_BUFFER = 2048 };

struct esp_iv {
	uint8_t buffer[ESP_IV_BUFFER]; /* keystream; its first 32 bytes are the key of the next one
	                                */
	uint32_t used;
};

void esp_iv_seed(struct esp_iv *iv, const struct ls_random *random);
/* len at most 255 bytes. */
void esp_iv_next(struct esp_iv *iv, uint8_t *out, uint32_t len);

#endif
