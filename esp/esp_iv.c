/* A fast source of unpredictable IVs for CBC (RFC 3602 3), seeded from the injected randomness. */
#include "esp/esp_iv.h"

#include <sodium/crypto_stream_chacha20.h>
#include <sodium/utils.h>
#include <string.h>

enum { KEY = crypto_stream_chacha20_KEYBYTES };

void esp_iv_seed(struct esp_iv *iv, const struct ls_random *random)
{
	ls_random_fill(random, iv->buffer, KEY);
	iv->used = ESP_IV_BUFFER;
}

/* Each buffer is made under a key of its own that is overwritten at once, so what was given out
 * cannot be found again. */
static void refill(struct esp_iv *iv)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
	uint8_t key[KEY];

	memcpy(key, iv->buffer, KEY);
	crypto_stream_chacha20(iv->buffer, ESP_IV_BUFFER, nonce, key);
	sodium_memzero(key, sizeof(key));
	iv->used = KEY;
}

void esp_iv_next(struct esp_iv *iv, uint8_t *out, uint32_t len)
{
	if (iv->used + len > ESP_IV_BUFFER)
		refill(iv);
	memcpy(out, iv->buffer + iv->used, len);
	memset(iv->buffer + iv->used, 0, len);
	iv->used += len;
}
