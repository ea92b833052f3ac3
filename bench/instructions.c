/* Packets sealed and opened for bench/instructions.sh, which counts the instructions of each step
 * under callgrind. */
#include "bench/batch.h"
#include "bench/suites.h"
#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <stdio.h>
#include <string.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__) || defined(__AVX__)
#define FLAGS ", other flags"
#else
#define FLAGS ", -O2"
#endif
#if defined(__x86_64__)
#define BUILT COMPILER ", x86_64" FLAGS
#else
#define BUILT COMPILER FLAGS
#endif

enum { BATCHES = 8 };

static const size_t sizes[] = {64, 1400};

static uint8_t plain[ROOM], packets[BATCHES][BATCH][ROOM];
static struct esp_seal_job seal[BATCHES][BATCH];
static struct esp_open_job open[BATCHES][BATCH];

/* Its name is callgrind's, which dumps what it has counted each time it comes here. */
__attribute__((noinline)) void instructions_mark(void);

void instructions_mark(void)
{
	__asm__ volatile("");
}

static void seal_all(struct esp_sad *sad)
{
	instructions_mark();
	for (unsigned b = 0; b < BATCHES; b++)
		if (esp_seal(sad, seal[b], BATCH, 0) != BATCH)
			abort();
	instructions_mark();
}

static void open_all(struct esp_sad *sad)
{
	instructions_mark();
	for (unsigned b = 0; b < BATCHES; b++)
		if (esp_open(sad, open[b], BATCH, 0) != BATCH)
			abort();
	instructions_mark();
}

static void prepare(struct esp_sa *out, size_t size)
{
	for (unsigned b = 0; b < BATCHES; b++)
		for (unsigned i = 0; i < BATCH; i++)
			seal[b][i] = (struct esp_seal_job){
				.sa = out,
				.part = {LS_BYTES(plain, HEADER),
			                 LS_BYTES(plain + HEADER, size - HEADER)},
				.parts = 2,
				.next_header = 17,
				.dst = packets[b][i],
				.dst_room = ROOM,
			};
}

static void run(struct esp_sad *sad, unsigned s, size_t size)
{
	struct esp_sa *in, *out;

	suite_pair(sad, s, &in, &out);
	prepare(out, size);
	printf("%s %s %zu seal %d\n", out->backend->ops->name, suites[s].name, size,
	       BATCHES * BATCH);
	seal_all(sad);
	for (unsigned b = 0; b < BATCHES; b++)
		for (unsigned i = 0; i < BATCH; i++)
			open[b][i] = (struct esp_open_job){.pkt = packets[b][i],
			                                   .len = seal[b][i].dst_len};
	printf("%s %s %zu open %d\n", out->backend->ops->name, suites[s].name, size,
	       BATCHES * BATCH);
	open_all(sad);
	esp_sa_end(sad, in);
	esp_sa_end(sad, out);
}

/* Prints a line for every second dump that callgrind makes, in order: backend, transform, bytes,
 * what was done, packets. --built: what compiled it, as far as it changes the figures. */
int main(int argc, char **argv)
{
	/* How many jobs ipsec-mb gathers depends on the CPU; its AEADs by direct calls do not. */
	static const struct {
		const struct esp_crypto_ops *ops;
		bool gcm_only;
	} rows[] = {
#ifdef HAVE_IPSEC_MB
		{&esp_crypto_mb, true},
#endif
		{&esp_crypto_evp, false},
	};
	struct ls_random random;

	if (argc > 1 && strcmp(argv[1], "--built") == 0) {
		puts(BUILT);
		return EXIT_SUCCESS;
	}
	if (!crypto_init())
		return EXIT_FAILURE;
	random = ls_random_system();
	for (unsigned r = 0; r < sizeof rows / sizeof rows[0]; r++) {
		struct esp_sad *sad = esp_sad_new(16, &random);

		if (!sad || !esp_sad_use(sad, &rows[r].ops, 1))
			return EXIT_FAILURE;
		for (unsigned s = 0; s < SUITES; s++)
			for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
				if (!rows[r].gcm_only ||
				    algo_get(suites[s].encr)->mode == ALGO_MODE_GCM)
					run(sad, s, sizes[i]);
		esp_sad_free(sad);
	}
	return EXIT_SUCCESS;
}
