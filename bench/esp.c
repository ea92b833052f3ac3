/* Measures sealing and opening: nanoseconds and cycles a packet, by transform and size. */
#include "bench/batch.h"
#include "bench/suites.h"
#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void measure(struct esp_sad *sad, unsigned suite, size_t size, unsigned rounds)
{
	struct esp_sa *in, *out, *each[BATCH];
	struct sums sums = {0}, warm = {0};
	double n = (double)rounds * BATCH;

	suite_pair(sad, suite, &in, &out);
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

/* bench/esp [ROUNDS]: rounds of 64 packets. */
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
		for (unsigned s = 0; s < SUITES; s++) {
			measure(sad, s, 64, rounds);
			measure(sad, s, 1400, rounds);
		}
		esp_sad_free(sad);
	}
	return EXIT_SUCCESS;
}
