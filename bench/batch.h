/* A batch of packets sealed and opened, with the time and the cycles that each took. */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#include "esp/esp.h"

#include <stdlib.h>
#include <time.h>

enum { BATCH = 64, ROOM = 2048, HEADER = 16 };

/* Of sealing and of opening. */
struct sums {
	double seconds[2];
	uint64_t cycles[2];
};

static inline uint64_t cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

static inline double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A packet of `size` bytes, its header apart, in each of these SAs. */
static inline void batch(struct esp_sad *sad, struct esp_sa *const out[BATCH], size_t size,
                         struct sums *sums)
{
	static uint8_t plain[BATCH][ROOM], packets[BATCH][ROOM];
	struct esp_seal_job seal[BATCH];
	struct esp_open_job open[BATCH];
	double t[2];
	uint64_t c[2];

	for (unsigned i = 0; i < BATCH; i++)
		seal[i] =
			(struct esp_seal_job){.sa = out[i],
		                              .part = {LS_BYTES(plain[i], HEADER),
		                                       LS_BYTES(plain[i] + HEADER, size - HEADER)},
		                              .parts = 2,
		                              .next_header = 17,
		                              .dst = packets[i],
		                              .dst_room = ROOM};
	t[0] = seconds();
	c[0] = cycles();
	if (esp_seal(sad, seal, BATCH, 0) != BATCH)
		abort();
	sums->seconds[0] += seconds() - t[0];
	sums->cycles[0] += cycles() - c[0];
	for (unsigned i = 0; i < BATCH; i++)
		open[i] = (struct esp_open_job){.pkt = packets[i], .len = seal[i].dst_len};
	t[1] = seconds();
	c[1] = cycles();
	if (esp_open(sad, open, BATCH, 0) != BATCH)
		abort();
	sums->seconds[1] += seconds() - t[1];
	sums->cycles[1] += cycles() - c[1];
}

#endif
