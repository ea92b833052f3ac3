/* Measures what a packet costs as the number of SAs grows: all packets in one SA of many, and
 * spread over all of them. */
#include "bench/batch.h"
#include "lib/crypto.h"

#include <stdio.h>

enum { SIZE = 1400, MANY = 100000, REPEATS = 7 };

static struct esp_sa *in[MANY], *out[MANY];

static void pair_make(struct esp_sad *sad, uint32_t i)
{
	uint8_t keymat[36] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)};
	struct esp_sa_params p = {
		.encr = ALGO_AES256_GCM,
		.integ = ALGO_NONE,
		.keymat = LS_BYTES(keymat, sizeof keymat),
		.esn = true,
		.direction = ESP_IN,
		.chain = i + 1,
		.spi = esp_spi_reserve(sad),
	};

	if (esp_sa_add(sad, &p, 0, &in[i]) != CAUSE_NONE)
		abort();
	p.direction = ESP_OUT;
	if (esp_sa_add(sad, &p, 0, &out[i]) != CAUSE_NONE)
		abort();
}

/* Nanoseconds a packet, the best of some repeats; spread: over how many SAs. */
static void measure(struct esp_sad *sad, uint32_t count, uint32_t spread, unsigned rounds)
{
	double best[2] = {1e9, 1e9}, n = (double)rounds * BATCH;
	uint64_t random = 88172645463325252ull;

	for (unsigned r = 0; r < REPEATS; r++) {
		struct sums took = {0};

		for (unsigned k = 0; k < rounds; k++) {
			struct esp_sa *which[BATCH];

			for (unsigned i = 0; i < BATCH; i++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				which[i] = out[random % spread];
			}
			batch(sad, which, SIZE, &took);
		}
		for (unsigned i = 0; i < 2; i++)
			if (took.seconds[i] * 1e9 / n < best[i])
				best[i] = took.seconds[i] * 1e9 / n;
	}
	printf("%8u %8u  %8.0f %8.0f\n", count, spread, best[0], best[1]);
}

/* bench/sad [ROUNDS]: rounds of 64 packets of 1400 bytes. */
int main(int argc, char **argv)
{
	static const uint32_t counts[] = {10, 100, 1000, 10000, MANY};
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
	struct ls_random random;
	struct esp_sad *sad;
	uint32_t made = 0;

	if (!crypto_init() || rounds == 0)
		return EXIT_FAILURE;
	random = ls_random_system();
	sad = esp_sad_new(2 * MANY, &random);
	if (!sad)
		return EXIT_FAILURE;
	printf("%8s %8s  %8s %8s\n", "pairs", "in use", "seal ns", "open ns");
	for (unsigned c = 0; c < sizeof counts / sizeof counts[0]; c++) {
		double t = seconds();

		for (; made < counts[c]; made++)
			pair_make(sad, made);
		t = seconds() - t;
		measure(sad, made, 1, rounds);
		measure(sad, made, made, rounds);
		fprintf(stderr, "%u pairs made in %.1f s\n", made, t);
	}
	esp_sad_free(sad);
	return EXIT_SUCCESS;
}
