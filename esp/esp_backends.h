/* Which crypto backend runs which algorithm: the first of the candidates that has it and whose
 * self-test gave the known answer. */
#ifndef ESP_ESP_BACKENDS_H
#define ESP_ESP_BACKENDS_H

#include "esp/esp_crypto.h"

enum { ESP_BACKENDS_MAX = 3, ESP_ALGO_IDS = 256 };

struct esp_backend {
	const struct esp_crypto_ops *ops;
	void *engine;
};

/* Bit i stands for backend i. */
struct esp_backends {
	struct esp_backend backend[ESP_BACKENDS_MAX]; /* the best first */
	unsigned count;
	bool tested[ESP_ALGO_IDS];   /* by algo id, as soon as somebody asks */
	uint8_t right[ESP_ALGO_IDS]; /* these gave the known answer, */
	uint8_t wrong[ESP_ALGO_IDS]; /* these did not */
};

/* Starts those candidates that this host can run, n <= ESP_BACKENDS_MAX of them. false, with
 * nothing held, when there is none. */
bool esp_backends_start(struct esp_backends *b, const struct esp_crypto_ops *const *candidates,
                        size_t n);
/* All that this build has. */
bool esp_backends_start_all(struct esp_backends *b);
void esp_backends_end(struct esp_backends *b);
/* Tests a row with each backend if that has not been done yet. Costs up to a millisecond then. */
void esp_backends_test(struct esp_backends *b, const struct algo *row);
/* The one for these algorithms together, which are tested first; NULL when none has both. */
const struct esp_backend *esp_backends_for(struct esp_backends *b, const struct esp_suite *suite);

#endif
