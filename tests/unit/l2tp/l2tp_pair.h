/* Two real L2TP engines and a network between them in the test's hand. */
#ifndef TESTS_UNIT_L2TP_PAIR_H
#define TESTS_UNIT_L2TP_PAIR_H

#include "l2tp/l2tp.h"
#include "lib/crypto.h"
#include "lib/secret.h"

#include <check.h>
#include <string.h>

enum { PAIR_TUNNEL = 7, PAIR_CHAIN = 3, PAIR_WIRE_MAX = 4096, PAIR_TRAVEL_MS = 10 };

struct pair_packet {
	uint8_t bytes[L2TP_MESSAGE_MAX];
	size_t len;
	uint32_t chain;
	unsigned to;
	ls_time at; /* arrives; LS_NEVER: delivered or lost */
};

struct pair_side {
	struct l2tp *l2tp;
	struct ls_random_seeded seeded;
	struct ls_random random;
	unsigned up, down, closed, sent;
	struct l2tp_data data; /* of the last SESSION_UP */
	enum ls_cause down_cause, closed_cause;
	bool down_by_peer;
	char down_text[LS_EVENT_TEXT_MAX];
	uint16_t down_session;
};

struct pair {
	struct pair_side side[2]; /* 0 calls */
	struct pair_packet wire[PAIR_WIRE_MAX];
	unsigned packets; /* ever put on the wire, modulo its size the next place */
	ls_time now;
	struct ls_random_seeded weather_seed;
	struct ls_random weather;
	unsigned loss_percent, double_percent, shuffle_percent;
	/* Sees each message before it travels; false loses it. */
	bool (*filter)(struct pair *p, unsigned from, const uint8_t *bytes, size_t len);
	unsigned filtered;
};

static inline struct l2tp_peer pair_peer(const char *name, const char *secret)
{
	struct l2tp_peer peer = {.tunnel = PAIR_TUNNEL, .max_sessions = 2000};

	strcpy(peer.host_name, name);
	peer.secret_len = strlen(secret);
	memcpy(peer.secret, secret, peer.secret_len);
	return peer;
}

static inline struct pair *pair_new(uint64_t seed, const char *secret_a, const char *secret_b)
{
	static struct pair pair;
	struct pair *p = &pair;
	const struct l2tp_limits limits = {0};

	ck_assert(crypto_init() && secret_init());
	memset(p, 0, sizeof *p);
	p->now = LS_S(1000);
	p->weather = ls_random_from_seed(&p->weather_seed, seed * 3 + 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct l2tp_peer peer =
			pair_peer(i ? "head" : "branch", i ? secret_b : secret_a);

		p->side[i].random = ls_random_from_seed(&p->side[i].seeded, seed * 3 + i);
		p->side[i].l2tp = l2tp_new(&limits, &p->side[i].random);
		ck_assert(p->side[i].l2tp != NULL);
		ck_assert_int_eq(l2tp_peer_set(p->side[i].l2tp, &peer), CAUSE_NONE);
	}
	return p;
}

static inline void pair_free(struct pair *p)
{
	l2tp_free(p->side[0].l2tp);
	l2tp_free(p->side[1].l2tp);
}

static inline bool pair_chance(struct pair *p, unsigned percent)
{
	return ls_random_below(&p->weather, 100) < percent;
}

static inline void pair_put(struct pair *p, unsigned to, uint32_t chain, const uint8_t *bytes,
                            size_t len)
{
	struct pair_packet *k = &p->wire[p->packets++ % PAIR_WIRE_MAX];

	ck_assert_uint_le(len, sizeof k->bytes);
	memcpy(k->bytes, bytes, len);
	k->len = len;
	k->chain = chain;
	k->to = to;
	k->at = p->now + LS_MS(PAIR_TRAVEL_MS);
	if (pair_chance(p, p->shuffle_percent))
		k->at += LS_MS(ls_random_below(&p->weather, 300));
}

static inline void pair_send(struct pair *p, unsigned from, const struct l2tp_request *r)
{
	p->side[from].sent++;
	if (p->filter && !p->filter(p, from, r->bytes.p, r->bytes.len))
		return;
	if (pair_chance(p, p->loss_percent))
		return;
	pair_put(p, !from, r->chain, r->bytes.p, r->bytes.len);
	if (pair_chance(p, p->double_percent))
		pair_put(p, !from, r->chain, r->bytes.p, r->bytes.len);
}

static inline void pair_pump(struct pair *p, unsigned from)
{
	struct pair_side *s = &p->side[from];
	struct l2tp_request r;

	while (l2tp_next(s->l2tp, &r)) {
		ck_assert_uint_eq(r.tunnel, PAIR_TUNNEL);
		switch (r.kind) {
		case L2TP_REQ_SEND:
			pair_send(p, from, &r);
			break;
		case L2TP_REQ_SESSION_UP:
			s->up++;
			s->data = r.data;
			break;
		case L2TP_REQ_SESSION_DOWN:
			s->down++;
			s->down_cause = r.cause;
			s->down_by_peer = r.by_peer;
			s->down_session = r.session;
			memcpy(s->down_text, r.event.text, sizeof s->down_text);
			break;
		case L2TP_REQ_CLOSED:
			s->closed++;
			s->closed_cause = r.cause;
			break;
		case L2TP_REQ_EVENT:
		case L2TP_REQ_PROGRESS:
			break;
		}
	}
}

/* The packet that arrives first, or NULL. */
static inline struct pair_packet *pair_first(struct pair *p)
{
	unsigned n = p->packets < PAIR_WIRE_MAX ? p->packets : PAIR_WIRE_MAX;
	struct pair_packet *first = NULL;

	for (unsigned i = 0; i < n; i++)
		if (p->wire[i].at != LS_NEVER && (!first || p->wire[i].at < first->at))
			first = &p->wire[i];
	return first;
}

/* Lets everything happen that happens until then; the clock stands there
 * afterwards. */
static inline void pair_run(struct pair *p, ls_time duration)
{
	const ls_time end = p->now + duration;
	unsigned idle = 0;

	for (;;) {
		struct pair_packet *k;
		ls_time next, before = p->now;

		pair_pump(p, 0);
		pair_pump(p, 1);
		k = pair_first(p);
		next = ls_time_min(l2tp_deadline(p->side[0].l2tp), l2tp_deadline(p->side[1].l2tp));
		next = ls_time_min(next, k ? k->at : LS_NEVER);
		if (next > end)
			break;
		p->now = next > p->now ? next : p->now;
		/* A deadline that a tick does not move would spin the owner's loop. */
		idle = p->now == before ? idle + 1 : 0;
		ck_assert_uint_lt(idle, 20000);
		if (k && k->at <= p->now) {
			k->at = LS_NEVER;
			l2tp_input(p->side[k->to].l2tp, PAIR_TUNNEL, k->chain, k->bytes, k->len,
			           p->now);
			continue;
		}
		l2tp_tick(p->side[0].l2tp, p->now);
		l2tp_tick(p->side[1].l2tp, p->now);
	}
	p->now = end;
}

static inline void pair_up(struct pair *p)
{
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[0].up, 1);
	ck_assert_uint_eq(p->side[1].up, 1);
}

/* A filter: nothing arrives any more. */
static inline bool pair_lose_all(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	(void)from;
	(void)bytes;
	(void)len;
	p->filtered++;
	return false;
}

/* Message type of a control message as sent, 0 for a ZLB. */
static inline unsigned pair_type(const uint8_t *bytes, size_t len)
{
	return len >= 20 ? ls_get16(bytes + 18) : 0;
}

static inline uint64_t pair_count(const struct pair *p, unsigned side, enum ls_cause cause)
{
	return l2tp_counters(p->side[side].l2tp)->by_cause[cause];
}

#endif
