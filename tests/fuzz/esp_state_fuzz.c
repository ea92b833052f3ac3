/* Fuzzes saved state: it is loaded whole or not at all, and what was loaded saves and loads again.
 */
#include "esp/esp_sad.h"
#include "lib/crypto.h"
#include "lib/snap.h"

#include <stdlib.h>
#include <string.h>

enum { STATE_ROOM = 1 << 20 };

static void load(struct esp_sad *sad, const uint8_t *state, size_t len)
{
	static uint8_t again[STATE_ROOM];
	enum ls_cause cause = esp_load(sad, state, len, LS_S(100));
	struct esp_sa *sa = esp_sa_next(sad, NULL);
	struct wr w = wr_make(again, sizeof(again));

	if (cause != CAUSE_NONE) {
		if (sa)
			abort();
		return;
	}
	if (!esp_save(sad, &w, 0, LS_S(100)) || w.len != esp_save_size(sad))
		abort();
	while ((sa = esp_sa_next(sad, NULL)))
		esp_sa_end(sad, sa);
	if (esp_load(sad, again, w.len, LS_S(100)) != CAUSE_NONE)
		abort();
	while ((sa = esp_sa_next(sad, NULL)))
		esp_sa_end(sad, sa);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ls_random_seeded seed;
	struct ls_random random;
	struct esp_sad *sad;
	uint8_t *framed;
	struct wr w;

	if (size > 8192 || !crypto_init())
		return 0;
	random = ls_random_from_seed(&seed, 1);
	sad = esp_sad_new(8, &random);
	framed = malloc(size + SNAP_HEADER_SIZE);
	if (!sad || !framed)
		abort();
	/* The input is the body; the frame is made right, so that the fuzzer need not guess it. */
	w = wr_make(framed, size + SNAP_HEADER_SIZE);
	snap_begin(&w, SNAP_ESP, 3);
	wr_bytes(&w, data, size);
	snap_end(&w, 0);
	load(sad, framed, w.len);
	load(sad, data, size);
	free(framed);
	esp_sad_free(sad);
	return 0;
}
