/* Fuzzes saved L2TP state: it is loaded whole or not at all, and what was loaded saves and loads
 * again. */
#include "l2tp/l2tp.h"
#include "lib/crypto.h"
#include "lib/snap.h"

#include <stdlib.h>

enum { INPUT_MAX = 65536, STATE_ROOM = 1 << 20 };

static struct ls_random_seeded seed;
static struct ls_random source;

static void drain(struct l2tp *l2tp)
{
	struct l2tp_request r;

	while (l2tp_next(l2tp, &r))
		;
}

static void load(const uint8_t *state, size_t len)
{
	static uint8_t again[STATE_ROOM];
	const struct l2tp_limits limits = {.max_connections = 64, .max_sessions = 64};
	struct l2tp *one = l2tp_new(&limits, &source), *two = l2tp_new(&limits, &source);
	struct wr w = wr_make(again, sizeof again);
	struct l2tp_session_view view;

	if (!one || !two)
		abort();
	if (l2tp_load(one, state, len, LS_S(100)) != CAUSE_NONE) {
		if (l2tp_session_view(one, 0, &view) || l2tp_deadline(one) != LS_NEVER)
			abort();
	} else if (!l2tp_save(one, &w, LS_S(100)) ||
	           l2tp_load(two, again, w.len, LS_S(100)) != CAUSE_NONE) {
		abort();
	}
	for (unsigned i = 0; i < 100; i++) {
		l2tp_tick(one, LS_S(100 + i));
		drain(one);
	}
	l2tp_free(one);
	l2tp_free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t framed[INPUT_MAX + SNAP_HEADER_SIZE];
	struct wr w = wr_make(framed, sizeof framed);

	if (size > INPUT_MAX || !crypto_init() || !secret_init())
		return 0;
	source = ls_random_from_seed(&seed, 1);
	/* The input is the body; the frame is made right, so that the fuzzer need not guess it. */
	snap_begin(&w, SNAP_L2TP, 1);
	wr_bytes(&w, data, size);
	snap_end(&w, 0);
	load(framed, w.len);
	load(data, size);
	return 0;
}
