/* Measures what a packet costs as the number of SAs grows: all packets in one SA of many, and
 * spread over all of them. */
#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 64, ROOM = 2048, SIZE = 1400, MANY = 100000, REPEATS = 7 };

static uint8_t plain[SIZE], packets[BATCH][ROOM];
static struct esp_sa *in[MANY], *out[MANY];

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

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

/* One batch, its packets in these SAs; adds the time that sealing and opening took. */
static void batch(struct esp_sad *sad, const uint32_t which[BATCH], double took[2])
{
	struct esp_seal_job seal[BATCH];
	struct esp_open_job open[BATCH];
	double t[3];

	for (unsigned i = 0; i < BATCH; i++)
		seal[i] = (struct esp_seal_job){.sa = out[which[i]],
		                                .part = {LS_BYTES(plain, SIZE)},
		                                .parts = 1,
		                                .next_header = 17,
		                                .dst = packets[i],
		                                .dst_room = ROOM};
	t[0] = seconds();
	if (esp_seal(sad, seal, BATCH, 0) != BATCH)
		abort();
	t[1] = seconds();
	for (unsigned i = 0; i < BATCH; i++)
		open[i] = (struct esp_open_job){.pkt = packets[i], .len = seal[i].dst_len};
	t[1] -= t[0];
	t[0] = seconds();
	if (esp_open(sad, open, BATCH, 0) != BATCH)
		abort();
	t[2] = seconds() - t[0];
	took[0] += t[1];
	took[1] += t[2];
}

/* Nanoseconds a packet, the best of some repeats; spread: over how many SAs. */
static void measure(struct esp_sad *sad, uint32_t count, uint32_t spread, unsigned rounds)
{
	double best[2] = {1e9, 1e9}, n = (double)rounds * BATCH;
	uint64_t random = 88172645463325252ull;

	for (unsigned r = 0; r < REPEATS; r++) {
		double took[2] = {0, 0};

		for (unsigned k = 0; k < rounds; k++) {
			uint32_t which[BATCH];

			for (unsigned i = 0; i < BATCH; i++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				which[i] = (uint32_t)(random % spread);
			}
			batch(sad, which, took);
		}
		for (unsigned i = 0; i < 2; i++)
			if (took[i] * 1e9 / n < best[i])
				best[i] = took[i] * 1e9 / n;
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
