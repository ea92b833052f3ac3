/* Fuzzes a PPP link in some state: hostile frames, of known protocols and with right numbers if the
 * input wants it so. Nobody comes up unproven, and closing always ends it. */
#include "tests/fuzz/ppp_owner.h"

/* Records: form 1, length 1, bytes. */
static void attack(struct owner *o, struct rd *r, ls_time now)
{
	static const uint16_t protocols[] = {0xc021, 0xc223, 0x8021, 0x8057};
	uint8_t frame[4 + 256];

	while (rd_left(r) > 2 && !o->down) {
		uint8_t form = rd_u8(r);
		size_t len = rd_u8(r), head = form & 1 ? 4 : 0;

		len = len < rd_left(r) ? len : rd_left(r);
		ls_put16(frame, 0xff03);
		ls_put16(frame + 2, protocols[form >> 1 & 3]);
		rd_copy(r, frame + head, len);
		if (head && len >= 4)
			ls_put16(frame + 6, (uint16_t)len);
		/* Just as long as it says, so that a sanitizer sees a step too far. */
		uint8_t *exact = malloc(head + len ? head + len : 1);
		memcpy(exact, frame, head + len);
		ppp_input(o->ppp, exact, head + len, now);
		free(exact);
		owner_pump(o, NULL, now);
		if (form & 8)
			now += LS_MS(900);
		if (form & 16)
			now += LS_S(31);
		ppp_tick(o->ppp, now);
		owner_pump(o, NULL, now);
	}
	owner_close(o, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_make(data, size);
	unsigned form = rd_u8(&r), steps = rd_u8(&r) % 12;
	struct owner us = {.up = false}, them = {.up = false};
	ls_time now = LS_S(100);

	if (!crypto_init() || !secret_init())
		return 0;
	owner_config(&us, form);
	owner_config(&them, form ^ 1);
	us.random = ls_random_from_seed(&us.seed, 1);
	them.random = ls_random_from_seed(&them.seed, 2);
	us.ppp = ppp_new(&us.config, &us.random, now);
	them.ppp = ppp_new(&them.config, &them.random, now);
	if (!us.ppp || !them.ppp)
		abort();
	for (unsigned i = 0; i < steps; i++) {
		owner_pump(&us, &them, now);
		owner_pump(&them, &us, now);
	}
	attack(&us, &r, now);
	owner_close(&them, now);
	return 0;
}
