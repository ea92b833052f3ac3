/* What the fuzz targets of esp/ share: a SAD, and SAs that seal to themselves. */
#ifndef TESTS_FUZZ_ESP_OWNER_H
#define TESTS_FUZZ_ESP_OWNER_H

#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdlib.h>
#include <string.h>

/* A SAD, the same one in each run, and keys for what is added to it. */
static inline struct esp_sad *owner_sad(uint8_t *keymat, size_t len)
{
	static struct ls_random_seeded seed;
	struct ls_random random;
	struct esp_sad *sad;

	if (!crypto_init())
		abort();
	random = ls_random_from_seed(&seed, 1);
	sad = esp_sad_new(16, &random);
	if (!sad)
		abort();
	ls_random_fill(&random, keymat, len);
	return sad;
}

/* One SA in each direction, under the same SPI: what the one seals the other opens. */
static inline void owner_add(struct esp_sad *sad, struct esp_sa_params *p, struct esp_sa **in,
                             struct esp_sa **out)
{
	p->spi = esp_spi_reserve(sad);
	p->direction = ESP_IN;
	if (esp_sa_add(sad, p, 0, in) != CAUSE_NONE)
		abort();
	p->direction = ESP_OUT;
	if (esp_sa_add(sad, p, 0, out) != CAUSE_NONE)
		abort();
}

#endif
