/* Fuzzes an L2TP engine with a connection in some state: hostile messages in its chain, with good
 * ids and numbers. */
#include "l2tp/l2tp.h"
#include "lib/crypto.h"
#include "lib/secret.h"

#include <stdlib.h>
#include <string.h>

enum { TUNNEL = 1, CHAIN = 2, BURST_MAX = 10000 };

static struct ls_random_seeded seed[2];
static uint16_t last_connection;

static struct l2tp *engine_new(unsigned side)
{
	const struct l2tp_limits limits = {.max_connections = 8, .max_sessions = 8};
	struct l2tp_peer peer = {.tunnel = TUNNEL, .host_name = "host", .secret = "key"};
	struct ls_random random = ls_random_from_seed(&seed[side], side);
	struct l2tp *l2tp = l2tp_new(&limits, &random);

	peer.secret_len = 3;
	if (!l2tp || l2tp_peer_set(l2tp, &peer) != CAUSE_NONE)
		abort();
	return l2tp;
}

/* Gives what one has to say to the other (NULL: to nobody); false when it had nothing. */
static bool carry(struct l2tp *from, struct l2tp *to, ls_time now)
{
	struct l2tp_request r;
	unsigned n = 0;

	while (l2tp_next(from, &r)) {
		if (++n > BURST_MAX)
			abort();
		last_connection = r.connection ? r.connection : last_connection;
		if (to && r.kind == L2TP_REQ_SEND)
			l2tp_input(to, TUNNEL, CHAIN, r.bytes.p, r.bytes.len, now);
	}
	return n > 0;
}

/* Records: length 1, form 1, bytes. */
static void attack(struct l2tp *l2tp, struct rd *r, ls_time now)
{
	uint8_t message[L2TP_MESSAGE_MAX];
	uint16_t ns = 0;

	while (rd_left(r) > 2) {
		size_t len = rd_u8(r);
		uint8_t form = rd_u8(r);

		if (len > rd_left(r))
			len = rd_left(r);
		rd_copy(r, message, len);
		if ((form & 1) && len >= 12) {
			ls_put16(message, 0xc802);
			ls_put16(message + 2, (uint16_t)len);
			ls_put16(message + 4, form & 2 ? last_connection : 0);
			ls_put16(message + 8, form & 4 ? ns++ : form >> 4);
		}
		l2tp_input(l2tp, TUNNEL, CHAIN, message, len, now);
		carry(l2tp, NULL, now);
		if (form & 8)
			now += LS_MS(700);
		l2tp_tick(l2tp, now);
	}
	l2tp_tick(l2tp, now + LS_S(100));
	l2tp_tick(l2tp, now + LS_S(200));
	l2tp_tick(l2tp, now + LS_S(300));
	carry(l2tp, NULL, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_make(data, size);
	ls_time now = LS_S(100);
	unsigned steps = rd_u8(&r) % 10;
	struct l2tp *us, *them;

	if (!crypto_init() || !secret_init())
		return 0;
	us = engine_new(0);
	them = engine_new(1);
	if (l2tp_call(steps & 1 ? us : them, TUNNEL, CHAIN, now) != CAUSE_NONE)
		abort();
	for (unsigned i = 0; i < steps; i++) {
		carry(us, them, now);
		carry(them, us, now);
	}
	attack(us, &r, now);
	l2tp_free(us);
	l2tp_free(them);
	return 0;
}
