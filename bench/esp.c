/* Measures sealing and opening: nanoseconds and cycles a packet, by transform and size. */
#include "bench/batch.h"
#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void measure(struct esp_sad *sad, unsigned suite, size_t size, unsigned rounds)
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
	struct esp_sa *in, *out, *each[BATCH];
	struct sums sums = {0}, warm = {0};
	double n = (double)rounds * BATCH;

	if (esp_sa_add(sad, &p, 0, &in) != CAUSE_NONE)
		abort();
	p.direction = ESP_OUT;
	if (esp_sa_add(sad, &p, 0, &out) != CAUSE_NONE)
		abort();
	for (unsigned i = 0; i < BATCH; i++)
		each[i] = out;
	for (unsigned i = 0; i < 1 + rounds / 10; i++)
		batch(sad, each, size, &warm);
	for (unsigned i = 0; i < rounds; i++)
		batch(sad, each, size, &sums);
	printf("%-9s %-17s %5zu  %8.0f %8.0f  %8.0f %8.0f\n", out->backend->ops->name,
	       suites[suite].name, size, sums.seconds[0] * 1e9 / n, (double)sums.cycles[0] / n,
	       sums.seconds[1] * 1e9 / n, (double)sums.cycles[1] / n);
	esp_sa_end(sad, in);
	esp_sa_end(sad, out);
}

/* bench/esp [ROUNDS]: rounds of 64 packets; few of them under callgrind. */
int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;
	struct ls_random random;
	const struct esp_crypto_ops *backends[2] = {NULL, &esp_crypto_evp};

	if (!crypto_init() || rounds == 0)
		return EXIT_FAILURE;
	random = ls_random_system();
	printf("%-9s %-17s %5s  %8s %8s  %8s %8s\n", "backend", "transform", "bytes", "seal ns",
	       "cycles", "open ns", "cycles");
	for (unsigned b = 0; b < 2; b++) {
		struct esp_sad *sad = esp_sad_new(16, &random);

		if (!sad || (backends[b] && sad->backends.backend[0].ops == backends[b])) {
			esp_sad_free(sad);
			continue;
		}
		if (backends[b] && !esp_sad_use(sad, &backends[b], 1))
			return EXIT_FAILURE;
		for (unsigned s = 0; s < sizeof(suites) / sizeof(suites[0]); s++) {
			measure(sad, s, 64, rounds);
			measure(sad, s, 1400, rounds);
		}
		esp_sad_free(sad);
	}
	return EXIT_SUCCESS;
}
