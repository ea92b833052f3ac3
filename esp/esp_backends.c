/* Which crypto backend runs which algorithm. */
#include "esp/esp_backends.h"

#include "esp/esp_kat.h"

#include <string.h>

void esp_backends_test(struct esp_backends *b, const struct algo *row)
{
	if (b->tested[row->id])
		return;
	b->tested[row->id] = true;
	for (unsigned i = 0; i < b->count; i++) {
		enum esp_kat_result result = esp_kat(b->backend[i].ops, b->backend[i].engine, row);

		if (result == ESP_KAT_RIGHT)
			b->right[row->id] |= (uint8_t)(1u << i);
		else if (result == ESP_KAT_WRONG)
			b->wrong[row->id] |= (uint8_t)(1u << i);
	}
}

bool esp_backends_start(struct esp_backends *b, const struct esp_crypto_ops *const *candidates,
                        size_t n)
{
	memset(b, 0, sizeof *b);
	for (size_t i = 0; i < n && b->count < ESP_BACKENDS_MAX; i++) {
		void *engine = candidates[i]->engine_new();

		if (engine)
			b->backend[b->count++] =
				(struct esp_backend){.ops = candidates[i], .engine = engine};
	}
	return b->count > 0;
}

bool esp_backends_start_all(struct esp_backends *b)
{
	static const struct esp_crypto_ops *const all[] = {
#ifdef HAVE_IPSEC_MB
		&esp_crypto_mb,
#endif
		&esp_crypto_evp,
		&esp_crypto_sodium,
	};

	return esp_backends_start(b, all, sizeof all / sizeof all[0]);
}

void esp_backends_end(struct esp_backends *b)
{
	for (unsigned i = 0; i < b->count; i++)
		b->backend[i].ops->engine_free(b->backend[i].engine);
	memset(b, 0, sizeof *b);
}

const struct esp_backend *esp_backends_for(struct esp_backends *b, const struct esp_suite *suite)
{
	unsigned right;

	esp_backends_test(b, suite->encr);
	right = b->right[suite->encr->id];
	if (suite->integ) {
		esp_backends_test(b, suite->integ);
		right &= b->right[suite->integ->id];
	}
	for (unsigned i = 0; i < b->count; i++)
		if (right & 1u << i)
			return &b->backend[i];
	return NULL;
}
