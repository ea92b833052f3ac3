/* Measures what a packet costs as the number of SAs grows: all packets in one SA of many, and
 * spread over all of them. */
#include "bench/batch.h"
#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdio.h>

enum { SIZE = 1400, MANY = 100000, ROUNDS = 4000 };

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

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of batches, in nanoseconds a packet: one that was interrupted does not count for more. */
static double median(double *seconds, unsigned n)
{
	qsort(seconds, n, sizeof *seconds, by_size);
	return seconds[n / 2] * 1e9 / BATCH;
}

static void draw(struct esp_sa *which[BATCH], struct esp_sa *const *from, uint32_t spread)
{
	static uint64_t random = 88172645463325252ull;

	for (unsigned i = 0; i < BATCH; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		which[i] = from[random % spread];
	}
}

/* From the SPI to the SA alone. */
static double look_up(struct esp_sad *sad, uint32_t spread, unsigned rounds, double *took)
{
	for (unsigned k = 0; k < rounds; k++) {
		struct esp_sa *which[BATCH];
		uint32_t spi[BATCH];

		draw(which, in, spread);
		for (unsigned i = 0; i < BATCH; i++)
			spi[i] = esp_sa_spi(which[i]);
		took[k] = seconds();
		for (unsigned i = 0; i < BATCH; i++)
			if (esp_sa_inbound(sad, spi[i]) != which[i])
				abort();
		took[k] = seconds() - took[k];
	}
	return median(took, rounds);
}

static size_t touch(const void *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += ESP_LINE)
		(void)*((const volatile char *)at + i);
	return (bytes + ESP_LINE - 1) / ESP_LINE;
}

/* No work at all, but each packet's lines read: its SA, keys and key schedule. No order of
 * work can be faster than memory brings these. */
static double touch_all(uint32_t spread, unsigned rounds, double *took, size_t *lines)
{
	for (unsigned k = 0; k < rounds; k++) {
		struct esp_sa *which[BATCH];

		draw(which, out, spread);
		*lines = 0;
		took[k] = seconds();
		for (unsigned i = 0; i < BATCH; i++)
			*lines += touch(which[i], ESP_LINE) + touch(&which[i]->life.bytes, 1) +
			          touch(which[i]->keys, 2 * (size_t)ESP_LINE) +
			          touch(which[i]->schedule, which[i]->schedule_bytes);
		took[k] = seconds() - took[k];
	}
	*lines /= BATCH;
	return median(took, rounds);
}

/* spread: over how many SAs. */
static void measure(struct esp_sad *sad, uint32_t count, uint32_t spread, unsigned rounds)
{
	double *took[2] = {calloc(rounds, sizeof(double)), calloc(rounds, sizeof(double))};
	double sealing, opening, finding, touching;
	size_t lines = 0;

	if (!took[0] || !took[1])
		abort();
	for (unsigned k = 0; k < rounds; k++) {
		struct sums one = {0};
		struct esp_sa *which[BATCH];

		draw(which, out, spread);
		batch(sad, which, SIZE, &one);
		took[0][k] = one.seconds[0];
		took[1][k] = one.seconds[1];
	}
	sealing = median(took[0], rounds);
	opening = median(took[1], rounds);
	finding = look_up(sad, spread, rounds, took[0]);
	touching = touch_all(spread, rounds, took[0], &lines);
	printf("%8u %8u  %8.0f %8.0f %8.1f %8.0f %8zu\n", count, spread, sealing, opening, finding,
	       touching, lines);
	free(took[0]);
	free(took[1]);
}

/* bench/sad [ROUNDS]: rounds of 64 packets of 1400 bytes; medians of them. */
int main(int argc, char **argv)
{
	static const uint32_t counts[] = {10, 100, 1000, 10000, MANY};
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : ROUNDS;
	struct ls_random random;
	struct esp_sad *sad;
	uint32_t made = 0;

	if (!crypto_init() || rounds == 0)
		return EXIT_FAILURE;
	random = ls_random_system();
	sad = esp_sad_new(2 * MANY, &random);
	if (!sad)
		return EXIT_FAILURE;
	printf("%8s %8s  %8s %8s %8s %8s %8s\n", "pairs", "in use", "seal ns", "open ns", "find ns",
	       "touch ns", "lines");
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
