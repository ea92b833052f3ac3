/* The transforms that are measured, and a pair of SAs of each. */
#ifndef BENCH_SUITES_H
#define BENCH_SUITES_H

#include "esp/esp.h"

#include <stdlib.h>

static const struct {
	const char *name;
	enum algo_id encr, integ;
} suites[] = {
	{"aes256-gcm", ALGO_AES256_GCM, ALGO_NONE},
	{"aes128-gcm", ALGO_AES128_GCM, ALGO_NONE},
	{"chacha20poly1305", ALGO_CHACHA20POLY1305, ALGO_NONE},
	{"aes256-sha256", ALGO_AES256, ALGO_SHA256},
	{"aes128-sha1", ALGO_AES128, ALGO_SHA1},
	{"null-sha256", ALGO_NULL, ALGO_SHA256},
};
enum { SUITES = sizeof suites / sizeof suites[0] };

/* Two ends of one direction, in one SAD. */
static inline void suite_pair(struct esp_sad *sad, unsigned suite, struct esp_sa **in,
                              struct esp_sa **out)
{
	const struct algo *e = algo_get(suites[suite].encr), *a = algo_get(suites[suite].integ);
	uint8_t keymat[ESP_KEYMAT_MAX] = {1};
	struct esp_sa_params p = {
		.encr = suites[suite].encr,
		.integ = suites[suite].integ,
		.keymat = LS_BYTES(keymat,
	                           (size_t)e->key_bytes + e->salt_bytes + (a ? a->key_bytes : 0)),
		.esn = true,
		.direction = ESP_IN,
		.spi = esp_spi_reserve(sad),
	};

	if (esp_sa_add(sad, &p, 0, in) != CAUSE_NONE)
		abort();
	p.direction = ESP_OUT;
	if (esp_sa_add(sad, &p, 0, out) != CAUSE_NONE)
		abort();
}

#endif
