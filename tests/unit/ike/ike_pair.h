/* Two real IKE engines, their owners' mocks (keys, SAD) and a network in the test's hand. */
#ifndef TESTS_UNIT_IKE_PAIR_H
#define TESTS_UNIT_IKE_PAIR_H

#include "ike/ike.h"
#include "lib/crypto.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { PAIR_SAS_MAX = 64, PAIR_EVENTS_MAX = 256, PAIR_QUEUE_MAX = 512, PAIR_HELD_MAX = 16 };

struct pair_sa {
	uint32_t chain, spi_in, spi_out;
	struct ike_child_sa child;
	uint8_t in[IKE_KEYMAT_MAX], out[IKE_KEYMAT_MAX];
};

struct pair_note {
	unsigned sent; /* datagrams of this side before it */
	enum ike_request_kind kind;
	uint32_t tunnel, chain, old_chain, spi_in;
	enum ls_cause cause;
	bool initiator, continued;
	struct ls_addr local, remote;
	struct ike_identity peer_id;
	char text[LS_EVENT_TEXT_MAX];
};

struct pair_message {
	uint8_t *bytes;
	size_t len;
	struct ls_addr from, to; /* as the receiver sees them */
	unsigned side;           /* that sent it */
};

struct pair;

struct pair_side {
	struct pair *pair;
	struct ike *ike;
	struct ls_random_seeded seeded;
	struct ls_random random;
	struct ls_addr ip;  /* own address, no port */
	struct ls_addr nat; /* family 0: none; else the address that others see */
	uint16_t nat_shift; /* added to the port by the NAT */
	const char *psk;
	/* answers questions about certificates and signatures; NULL: there are none */
	void (*cert_auth)(struct pair_side *s, const struct ike_request *r);
	void *cert_context;
	/* what ike_trace() gives; NULL: nobody wants it */
	void (*traced)(struct pair_side *s, const struct ike_request *r);
	const char *ppk; /* the secret of every PPK; NULL: there is none */
	unsigned ppk_asked;
	const char *token_secret; /* NULL: there is none */
	unsigned tokens_asked;
	struct pair_sa sa[PAIR_SAS_MAX];
	unsigned sas;
	uint32_t sending[PAIR_SAS_MAX]; /* spi_in of the pair by chain % max */
	uint32_t next_spi;
	unsigned reserved, released;
	struct pair_note note[PAIR_EVENTS_MAX];
	unsigned notes;
	bool refuse_install, no_spi, silent; /* silent: answers no questions */
	bool hold_install;
	uint64_t held[PAIR_HELD_MAX];
	unsigned held_count;
};

struct pair {
	struct pair_side side[3]; /* the third one is there if it has an engine; it speaks with A */
	ls_time now;
	struct pair_message queue[PAIR_QUEUE_MAX];
	unsigned head, tail;
	unsigned sent[3];
	size_t largest[3];
	/* false: the message is lost. */
	bool (*filter)(struct pair *p, struct pair_message *m, void *context);
	void *context;
	bool keep_order;
};

static inline struct ls_addr pair_ip(const char *text)
{
	struct ls_addr a;

	ck_assert(ls_addr_parse(text, &a));
	return a;
}

static inline struct ike_identity pair_id(const char *text)
{
	struct ike_identity id;

	ck_assert(ike_identity_parse(text, &id));
	return id;
}

static inline size_t pair_auth(const struct pair_side *s, const struct ike_auth_request *a,
                               uint8_t out[CRYPTO_HASH_MAX])
{
	struct ls_bytes pad = LS_BYTES("Key Pad for IKEv2", 17),
			octets[3] = {a->message, a->nonce, a->id_mac};
	uint8_t key[CRYPTO_HASH_MAX];
	size_t len = crypto_prf(a->prf, LS_BYTES(s->psk, strlen(s->psk)), &pad, 1, key);

	return crypto_prf(a->prf, LS_BYTES(key, len), octets, 3, out);
}

static inline void pair_answer_auth(struct pair_side *s, const struct ike_request *r)
{
	uint8_t right[CRYPTO_HASH_MAX];
	size_t len = s->psk ? pair_auth(s, &r->auth, right) : 0;
	struct ike_answer a = {.ok = s->psk != NULL,
	                       .cause = s->psk ? CAUSE_NONE : CAUSE_IKE_NO_PSK,
	                       .bytes = LS_BYTES(right, len)};

	if (s->psk && r->auth.op == IKE_AUTH_CHECK)
		a.ok = r->auth.auth.len == len && crypto_equal(right, r->auth.auth.p, len);
	ike_answer(s->ike, r->id, &a, s->pair->now);
}

/* As `keys` does it (RFC 8784 3). */
static inline void pair_answer_ppk(struct pair_side *s, const struct ike_request *r)
{
	const struct ls_bytes *key[] = {&r->ppk.sk_d, &r->ppk.sk_pi, &r->ppk.sk_pr};
	uint8_t out[3 * CRYPTO_HASH_MAX];
	struct ike_answer a = {.ok = s->ppk != NULL, .cause = CAUSE_IKE_PPK_NO_SECRET};

	s->ppk_asked++;
	ck_assert_uint_gt(r->ppk.id.len, 0);
	for (unsigned i = 0; s->ppk && i < 3; i++) {
		ck_assert(crypto_prf_plus(r->ppk.prf, LS_BYTES(s->ppk, strlen(s->ppk)), key[i], 1,
		                          out + a.bytes.len, key[i]->len));
		a.bytes = LS_BYTES(out, a.bytes.len + key[i]->len);
	}
	ike_answer(s->ike, r->id, &a, s->pair->now);
}

/* As `keys` does it (RFC 6290 5.2). */
static inline void pair_answer_token(struct pair_side *s, const struct ike_request *r)
{
	const struct ike_token_request *q = &r->token;
	struct ls_bytes key =
		LS_BYTES(s->token_secret, s->token_secret ? strlen(s->token_secret) : 0);
	uint8_t side = q->initiator, spis[16], out[CRYPTO_HASH_MAX];
	struct ls_bytes parts[] = {LS_BYTES(&side, 1), LS_BYTES(spis, 16),
	                           LS_BYTES(q->peer.ip, ls_addr_size(&q->peer))};
	struct ike_answer a = {.ok = s->token_secret != NULL};

	s->tokens_asked++;
	ck_assert_uint_eq(q->peer.port, 0);
	ls_put64(spis, q->spi_i);
	ls_put64(spis + 8, q->spi_r);
	a.bytes = LS_BYTES(out, crypto_prf(ALGO_PRF_SHA256, key, parts, 3, out));
	ike_answer(s->ike, r->id, &a, s->pair->now);
}

static inline void pair_install(struct pair_side *s, const struct ike_request *r)
{
	struct ike_answer a = {.ok = !s->refuse_install,
	                       .cause = s->refuse_install ? CAUSE_LIMIT_REACHED : CAUSE_NONE};
	struct pair_sa *sa;

	if (a.ok) {
		ck_assert_uint_lt(s->sas, PAIR_SAS_MAX);
		ck_assert_uint_ne(r->chain, 0);
		sa = &s->sa[s->sas++];
		*sa = (struct pair_sa){.chain = r->chain,
		                       .spi_in = r->child.spi_in,
		                       .spi_out = r->child.spi_out,
		                       .child = r->child};
		ck_assert_uint_eq(r->child.keymat_in.len, r->child.keymat_out.len);
		memcpy(sa->in, r->child.keymat_in.p, r->child.keymat_in.len);
		memcpy(sa->out, r->child.keymat_out.p, r->child.keymat_out.len);
		if (!r->child.replaces)
			s->sending[r->chain % PAIR_SAS_MAX] = r->child.spi_in;
	}
	if (s->hold_install && s->held_count < PAIR_HELD_MAX)
		s->held[s->held_count++] = r->id;
	else
		ike_answer(s->ike, r->id, &a, s->pair->now);
}

static inline void pair_release_held(struct pair_side *s)
{
	struct ike_answer a = {.ok = true};

	for (unsigned i = 0; i < s->held_count; i++)
		ike_answer(s->ike, s->held[i], &a, s->pair->now);
	s->held_count = 0;
	s->hold_install = false;
}

static inline struct pair_sa *pair_sa_find(struct pair_side *s, uint32_t spi_in)
{
	for (unsigned i = 0; i < s->sas; i++)
		if (s->sa[i].spi_in == spi_in)
			return &s->sa[i];
	return NULL;
}

static inline void pair_remove(struct pair_side *s, uint32_t spi_in)
{
	struct pair_sa *sa = pair_sa_find(s, spi_in);

	if (sa)
		*sa = s->sa[--s->sas];
}

/* Who gets what a side sends to an address. */
static inline struct pair_side *pair_receiver(struct pair *p, unsigned side,
                                              const struct ls_addr *to)
{
	struct pair_side *third = &p->side[2];

	if (third->ike && side != 2 && ls_addr_same_ip(to, &third->ip))
		return third;
	return &p->side[side == 0];
}

/* A gateway is looked for: the third one has a name. */
static inline void pair_answer_gateway(struct pair_side *s, const struct ike_request *r)
{
	const struct pair_side *third = &s->pair->side[2];
	char text[IKE_GATEWAY_TEXT_MAX];
	struct ike_answer a = {.cause = CAUSE_IKE_RESOLVE, .local = s->ip};

	ike_gateway_text(&r->gateway, text);
	if (strcmp(text, "third.example") == 0)
		a.remote = third->ip;
	a.ok = a.remote.family != 0 || ls_addr_parse(text, &a.remote);
	ike_answer(s->ike, r->id, &a, s->pair->now);
}

static inline void pair_send(struct pair_side *s, const struct ike_request *r)
{
	struct pair *p = s->pair;
	unsigned side = (unsigned)(s - p->side);
	struct pair_side *o = pair_receiver(p, side, &r->remote);
	struct pair_message *m;
	struct ls_addr from = ls_addr_with_port(r->local.family ? r->local : s->ip, r->local.port),
		       to = r->remote;

	ck_assert_uint_lt(p->tail - p->head, PAIR_QUEUE_MAX);
	ck_assert_uint_ne(r->local.port, 0);
	p->sent[side]++;
	if (r->bytes.len > p->largest[side])
		p->largest[side] = r->bytes.len;
	if (s->nat.family)
		from = ls_addr_with_port(s->nat, (uint16_t)(from.port + s->nat_shift));
	if (o->nat.family) {
		if (!ls_addr_same_ip(&to, &o->nat))
			return;
		to = ls_addr_with_port(o->ip, (uint16_t)(to.port - o->nat_shift));
	}
	if (!ls_addr_same_ip(&to, &o->ip) || (to.port != 500 && to.port != 4500))
		return;
	m = &p->queue[p->tail++ % PAIR_QUEUE_MAX];
	*m = (struct pair_message){.bytes = malloc(r->bytes.len),
	                           .len = r->bytes.len,
	                           .from = from,
	                           .to = to,
	                           .side = side};
	memcpy(m->bytes, r->bytes.p, r->bytes.len);
}

static inline void pair_note_add(struct pair_side *s, const struct ike_request *r)
{
	struct pair_note *n;

	if (s->notes == PAIR_EVENTS_MAX) {
		memmove(s->note, s->note + 1, sizeof s->note - sizeof s->note[0]);
		s->notes--;
	}
	n = &s->note[s->notes++];
	*n = (struct pair_note){.sent = s->pair->sent[s - s->pair->side],
	                        .kind = r->kind,
	                        .tunnel = r->tunnel,
	                        .chain = r->chain,
	                        .old_chain = r->old_chain,
	                        .spi_in = r->spi_in,
	                        .cause = r->kind == IKE_REQ_EVENT ? r->event.cause : r->cause,
	                        .initiator = r->initiator,
	                        .continued = r->continued,
	                        .local = r->local,
	                        .remote = r->remote,
	                        .peer_id = r->peer_id};
	memcpy(n->text, r->event.text, sizeof n->text);
}

static inline void pair_pump(struct pair_side *s)
{
	struct ike_request r;

	while (ike_next(s->ike, &r)) {
		struct ike_answer spi = {.spi = s->no_spi ? 0 : s->next_spi};

		switch (r.kind) {
		case IKE_REQ_SEND:
			pair_send(s, &r);
			break;
		case IKE_REQ_SPI:
			if (s->silent)
				break;
			s->next_spi += 0x101;
			s->reserved += spi.spi != 0;
			ike_answer(s->ike, r.id, &spi, s->pair->now);
			break;
		case IKE_REQ_AUTH:
			if (!s->silent && r.auth.method == IKE_AUTH_CERT && s->cert_auth)
				s->cert_auth(s, &r);
			else if (!s->silent)
				pair_answer_auth(s, &r);
			break;
		case IKE_REQ_PPK:
			if (!s->silent)
				pair_answer_ppk(s, &r);
			break;
		case IKE_REQ_TOKEN:
			if (!s->silent)
				pair_answer_token(s, &r);
			break;
		case IKE_REQ_GATEWAY:
			if (!s->silent)
				pair_answer_gateway(s, &r);
			break;
		case IKE_REQ_INSTALL:
			if (!s->silent)
				pair_install(s, &r);
			break;
		case IKE_REQ_SWITCH:
			ck_assert_ptr_nonnull(pair_sa_find(s, r.spi_in));
			s->sending[r.chain % PAIR_SAS_MAX] = r.spi_in;
			pair_note_add(s, &r);
			break;
		case IKE_REQ_REMOVE:
			pair_remove(s, r.spi_in);
			pair_note_add(s, &r);
			break;
		case IKE_REQ_RELEASE:
			s->released++;
			break;
		case IKE_REQ_UP:
		case IKE_REQ_DOWN:
		case IKE_REQ_MOVED:
		case IKE_REQ_EVENT:
		case IKE_REQ_PROGRESS:
			pair_note_add(s, &r);
			break;
		case IKE_REQ_TRACE:
			if (s->traced)
				s->traced(s, &r);
			break;
		}
	}
}

static inline void pair_give(struct pair *p, const struct pair_message *m)
{
	struct pair_side *to = pair_receiver(p, m->side, &m->to);
	struct ike_datagram d = {.local = m->to,
	                         .remote = m->from,
	                         .bytes = m->bytes,
	                         .len = m->len,
	                         .marked = m->to.port == 4500 && m->len >= 4};

	ike_input(to->ike, &d, p->now);
	pair_pump(to);
}

static inline bool pair_deliver_one(struct pair *p)
{
	struct pair_message m;

	for (unsigned i = 0; i < 3 && p->side[i].ike; i++)
		pair_pump(&p->side[i]);
	if (p->head == p->tail)
		return false;
	m = p->queue[p->head++ % PAIR_QUEUE_MAX];
	if (!p->filter || p->filter(p, &m, p->context))
		pair_give(p, &m);
	free(m.bytes);
	return true;
}

/* Delivers until nothing is on the way. */
static inline void pair_run(struct pair *p)
{
	for (unsigned i = 0; i < 10000; i++)
		if (!pair_deliver_one(p))
			return;
	ck_abort_msg("the engines never come to rest");
}

static inline ls_time pair_deadline(const struct pair *p)
{
	ls_time at = LS_NEVER;

	for (unsigned i = 0; i < 3 && p->side[i].ike; i++)
		at = ls_time_min(at, ike_deadline(p->side[i].ike));
	return at;
}

/* Lets time pass, with all that happens meanwhile. */
static inline void pair_pass(struct pair *p, ls_time span)
{
	ls_time end = p->now + span;

	for (unsigned i = 0; i < 100000; i++) {
		ls_time next;

		pair_run(p);
		next = pair_deadline(p);
		if (next > end) {
			p->now = end;
			return;
		}
		if (next > p->now)
			p->now = next;
		for (unsigned k = 0; k < 3 && p->side[k].ike; k++)
			ike_tick(p->side[k].ike, p->now);
		pair_run(p);
	}
	ck_abort_msg("a timer never comes to rest");
}

/* The defaults of both sides: A dials B. */
static inline struct ike_peer pair_peer(const struct pair *p, unsigned side)
{
	struct ike_peer c = {.tunnel = side + 1, .version = IKE_V2, .auth = IKE_AUTH_PSK};
	const struct pair_side *o = &p->side[1 - side];

	c.local_id = pair_id(side == 0 ? "a.example" : "b.example");
	c.remote_id = pair_id(side == 0 ? "b.example" : "a.example");
	c.local = p->side[side].ip;
	c.remote[0] = ls_addr_with_port(o->nat.family ? o->nat : o->ip, 0);
	return c;
}

static inline void pair_side_make(struct pair *p, unsigned i, const char *ip,
                                  const struct ike_limits *limits)
{
	struct pair_side *s = &p->side[i];

	s->pair = p;
	s->ip = pair_ip(ip);
	s->psk = "a rather long preshared key";
	s->random = ls_random_from_seed(&s->seeded, 77 + i);
	s->ike = ike_new(limits, &s->random);
	s->next_spi = 0xa0000001 + 0x10000000 * i;
}

static inline struct pair *pair_new_at(const char *ip_a, const char *ip_b,
                                       const struct ike_limits *limits)
{
	struct pair *p = calloc(1, sizeof *p);
	const char *ips[2] = {ip_a, ip_b};

	ck_assert(secret_init() && crypto_init());
	p->now = LS_S(1000);
	for (unsigned i = 0; i < 2; i++)
		pair_side_make(p, i, ips[i], limits);
	return p;
}

static inline void pair_set(struct pair *p, unsigned side, const struct ike_peer *c)
{
	ck_assert_int_eq(ike_peer_set(p->side[side].ike, c, p->now), CAUSE_NONE);
}

static inline struct pair *pair_new(void)
{
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", NULL);

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	return p;
}

/* One or both behind a NAT; A's shifts ports. */
static inline struct pair *pair_new_nat(bool a_nat, bool b_nat)
{
	struct pair *p = pair_new_at("10.0.0.1", "10.9.0.2", NULL);

	if (a_nat)
		p->side[0].nat = pair_ip("203.0.113.1");
	if (b_nat)
		p->side[1].nat = pair_ip("203.0.113.2");
	p->side[0].nat_shift = a_nat ? 10000 : 0;
	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	return p;
}

static inline struct ike_proposal pair_ike_proposal(enum algo_id encr, enum algo_id integ,
                                                    enum algo_id prf, enum algo_id ke)
{
	struct ike_proposal p = {.count = 3, .algo = {(uint16_t)encr, (uint16_t)prf, (uint16_t)ke}};

	if (integ != ALGO_NONE)
		p.algo[p.count++] = (uint16_t)integ;
	return p;
}

static inline struct ike_proposal pair_child_proposal(enum algo_id encr, enum algo_id integ,
                                                      bool esn)
{
	struct ike_proposal p = {.count = 1, .algo = {(uint16_t)encr}, .esn = esn, .no_esn = !esn};

	if (integ != ALGO_NONE)
		p.algo[p.count++] = (uint16_t)integ;
	return p;
}

/* Filters: the nth message of a side is lost, or all of both. */
struct pair_lose {
	unsigned side, nth, seen;
};

static inline bool pair_lose_nth(struct pair *p, struct pair_message *m, void *context)
{
	struct pair_lose *l = context;

	(void)p;
	return m->side != l->side || l->seen++ != l->nth;
}

static inline bool pair_lose_all(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	(void)m;
	(void)context;
	return false;
}

/* Takes what both engines have to say now, without delivering: so that requests cross. */
static inline void pair_cross(struct pair *p)
{
	pair_pump(&p->side[0]);
	pair_pump(&p->side[1]);
}

/* What is on the way never arrives. */
static inline void pair_drop(struct pair *p)
{
	for (; p->head != p->tail; p->head++)
		free(p->queue[p->head % PAIR_QUEUE_MAX].bytes);
}

static inline void pair_free(struct pair *p)
{
	pair_drop(p);
	for (unsigned i = 0; i < 3; i++)
		ike_free(p->side[i].ike);
	free(p);
}

static inline unsigned pair_count(const struct pair_side *s, enum ike_request_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->notes; i++)
		n += s->note[i].kind == kind;
	return n;
}

static inline const struct pair_note *pair_last(const struct pair_side *s,
                                                enum ike_request_kind kind)
{
	for (unsigned i = s->notes; i > 0; i--)
		if (s->note[i - 1].kind == kind)
			return &s->note[i - 1];
	return NULL;
}

static inline const struct pair_note *pair_event(const struct pair_side *s, enum ls_cause cause)
{
	for (unsigned i = s->notes; i > 0; i--)
		if (s->note[i - 1].kind == IKE_REQ_EVENT && s->note[i - 1].cause == cause)
			return &s->note[i - 1];
	return NULL;
}

static inline bool pair_progressed(const struct pair_side *s, const char *text)
{
	for (unsigned i = 0; i < s->notes; i++)
		if (s->note[i].kind == IKE_REQ_PROGRESS && strstr(s->note[i].text, text))
			return true;
	return false;
}

/* Both SADs hold the same pairs, mirrored, with the same keys; gives how many. */
static inline unsigned pair_check_sas(struct pair *p)
{
	struct pair_side *a = &p->side[0], *b = &p->side[1];

	ck_assert_uint_eq(a->sas, b->sas);
	for (unsigned i = 0; i < a->sas; i++) {
		struct pair_sa *x = &a->sa[i], *y = pair_sa_find(b, x->spi_out);
		size_t len = x->child.keymat_in.len;

		ck_assert_ptr_nonnull(y);
		ck_assert_uint_eq(y->spi_out, x->spi_in);
		ck_assert_int_eq(memcmp(x->in, y->out, len), 0);
		ck_assert_int_eq(memcmp(x->out, y->in, len), 0);
		ck_assert_int_ne(memcmp(x->in, x->out, len), 0);
		ck_assert_int_eq(x->child.encr, y->child.encr);
		ck_assert_int_eq(x->child.integ, y->child.integ);
		ck_assert_int_eq(x->child.esn, y->child.esn);
		ck_assert_int_eq(x->child.udp, y->child.udp);
		ck_assert_int_eq(x->child.tunnel_mode, y->child.tunnel_mode);
	}
	return a->sas;
}

/* Both send on mirrored pairs. */
static inline void pair_check_sending(struct pair *p)
{
	struct pair_side *a = &p->side[0], *b = &p->side[1];

	for (unsigned i = 0; i < a->sas; i++) {
		uint32_t out = a->sending[a->sa[i].chain % PAIR_SAS_MAX];
		struct pair_sa *x = pair_sa_find(a, out),
			       *y = x ? pair_sa_find(b, x->spi_out) : NULL;

		ck_assert_ptr_nonnull(x);
		ck_assert_ptr_nonnull(y);
		ck_assert_uint_eq(b->sending[y->chain % PAIR_SAS_MAX], y->spi_in);
	}
}

static inline void pair_up(struct pair *p)
{
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_UP), 1);
	ck_assert_uint_eq(pair_check_sas(p), 1);
}

/* A side whose path was called in doubt sends a probe with the next tick. */
static inline void pair_probe(struct pair *p, unsigned side)
{
	ike_doubt(p->side[side].ike, side + 1, p->now);
	ike_tick(p->side[side].ike, p->now);
}

static inline unsigned pair_ike_sas(const struct pair_side *s)
{
	struct ike_sa_view v;
	unsigned n = 0;

	while (ike_sa_view(s->ike, n, &v))
		n++;
	return n;
}

static inline unsigned pair_established(const struct pair_side *s)
{
	struct ike_sa_view v;
	unsigned n = 0;

	for (unsigned i = 0; ike_sa_view(s->ike, i, &v); i++)
		n += strcmp(v.state, "established") == 0;
	return n;
}

static inline uint32_t pair_first_spi(const struct pair *p, unsigned side)
{
	return p->side[side].sa[0].spi_in;
}

static inline void pair_no_down(const struct pair *p)
{
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
}

/* One pair is left in one chain, both send on it, and nobody was told that anything ended. */
static inline void pair_settled(struct pair *p)
{
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_check_sending(p);
	pair_no_down(p);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	ck_assert_uint_eq(pair_established(&p->side[1]), 1);
}

static inline uint64_t pair_counted(const struct pair_side *s, enum ls_cause cause)
{
	return ike_counters(s->ike)->by_cause[cause];
}

#endif
