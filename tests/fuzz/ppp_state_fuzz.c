/* Fuzzes saved PPP state: it is loaded or refused, and what was loaded saves and loads again,
 * talks, and ends. */
#include "lib/snap.h"
#include "tests/fuzz/ppp_owner.h"

enum { INPUT_MAX = 4096 };

static void load(struct owner *o, const uint8_t *state, size_t len)
{
	static const uint8_t frames[3][18] = {
		{0xff, 3, 0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4},
		{0xff, 3, 0x80, 0x21, 1, 9, 0, 10, 3, 6, 10, 9, 0, 2},
		{0xff, 3, 0xc0, 0x21, 1, 1, 0, 4},
	};
	static uint8_t again[INPUT_MAX];
	struct wr w = wr_make(again, sizeof again);
	ls_time now = LS_S(100);
	struct ppp *two;

	o->ppp = ppp_load(&o->config, &o->random, state, len, now);
	if (!o->ppp)
		return;
	o->down = false;
	o->proven = true;
	if (!ppp_link(o->ppp)->ipv4 && !ppp_link(o->ppp)->ipv6)
		abort();
	if (!ppp_save(o->ppp, &w, now))
		abort();
	two = ppp_load(&o->config, &o->random, again, w.len, now);
	if (!two)
		abort();
	ppp_free(two);
	for (unsigned i = 0; i < 3; i++)
		ppp_input(o->ppp, frames[i], 4 + (size_t)frames[i][7], now);
	owner_pump(o, NULL, now);
	owner_close(o, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t framed[INPUT_MAX + SNAP_HEADER_SIZE];
	struct wr w = wr_make(framed, sizeof framed);
	struct owner o = {.up = false};

	if (size < 1 || size > INPUT_MAX || !crypto_init() || !secret_init())
		return 0;
	owner_config(&o, data[0]);
	o.random = ls_random_from_seed(&o.seed, 1);
	/* The rest is the body; the frame is made right, so that the fuzzer need not guess it. */
	snap_begin(&w, SNAP_PPP, 1);
	wr_bytes(&w, data + 1, size - 1);
	snap_end(&w, 0);
	load(&o, framed, w.len);
	load(&o, data + 1, size - 1);
	return 0;
}
