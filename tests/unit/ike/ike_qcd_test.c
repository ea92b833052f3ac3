/* Crash detection: a peer that has lost its SAs shows the token that it gave, and nobody else can
 * (RFC 6290). */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

static void set_up(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		p->side[i].token_secret = i ? "what B's host keeps" : "what A's host keeps";
		ike_qcd_set(p->side[i].ike, true);
	}
	pair_up(p);
}

static struct pair *tokens_up(void)
{
	struct pair *p = pair_new();

	set_up(p);
	return p;
}

/* All that the side's daemon had in memory is lost. */
static void restart(struct pair *p, unsigned side, bool on)
{
	struct pair_side *s = &p->side[side];
	struct ike_peer c = pair_peer(p, side);

	ike_free(s->ike);
	s->ike = ike_new(NULL, &s->random);
	s->sas = 0;
	ike_qcd_set(s->ike, on);
	pair_set(p, side, &c);
}

static bool ended_at_once(struct pair *p, unsigned side)
{
	const struct pair_note *n;

	pair_probe(p, side);
	pair_run(p);
	n = pair_last(&p->side[side], IKE_REQ_DOWN);
	return n && n->cause == CAUSE_IKE_PEER_RESTARTED && p->side[side].sas == 0 &&
	       pair_ike_sas(&p->side[side]) == 0;
}

/* Either side; its peer is not told, and can be dialled at once. */
START_TEST(a_restart_is_noticed_at_once)
{
	for (unsigned gone = 0; gone < 2; gone++) {
		struct pair *p = tokens_up();
		unsigned said;

		ck_assert_uint_eq(p->side[0].tokens_asked, 1);
		ck_assert_uint_eq(p->side[1].tokens_asked, 1);
		restart(p, gone, true);
		said = p->sent[1 - gone];
		ck_assert(ended_at_once(p, 1 - gone));
		ck_assert_uint_eq(p->sent[1 - gone], said + 1); /* the probe */
		ck_assert_uint_eq(pair_count(&p->side[1 - gone], IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(pair_counted(&p->side[1 - gone], CAUSE_IKE_TOKEN_WRONG), 0);
		ike_start(p->side[0].ike, 1, p->now);
		pair_run(p);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_free(p);
	}
}
END_TEST

/* Whoever takes no tokens, has given none, or cannot make them any more: as before, slowly. */
START_TEST(without_tokens_it_takes_its_time)
{
	enum { NOT_TAKEN, NOT_MADE, NOT_MADE_AGAIN, NO_SECRET, CASES };

	for (unsigned i = 0; i < CASES; i++) {
		struct pair *p = pair_new();
		ls_time before;

		for (unsigned side = 0; side < 2; side++)
			p->side[side].token_secret = "a secret";
		if (i == NO_SECRET)
			p->side[1].token_secret = NULL;
		ike_qcd_set(p->side[0].ike, i != NOT_TAKEN);
		ike_qcd_set(p->side[1].ike, i != NOT_MADE);
		pair_up(p);
		restart(p, 1, i != NOT_MADE_AGAIN);
		before = p->now;
		ck_assert(!ended_at_once(p, 0));
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
		pair_pass(p, LS_S(20));
		ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_SILENT);
		ck_assert_int_gt(p->now, before);
		pair_free(p);
	}
}
END_TEST

/* Another secret makes other tokens: counted, and no more than a hint. */
START_TEST(another_secret)
{
	struct pair *p = tokens_up();

	p->side[1].token_secret = "of another host";
	restart(p, 1, true);
	ck_assert(!ended_at_once(p, 0));
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_TOKEN_WRONG), 1);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	pair_free(p);
}
END_TEST

/* The message that B says after its restart, as an eavesdropper has it. */
static struct pair_message showing(struct pair *p)
{
	struct pair_message m;

	restart(p, 1, true);
	pair_probe(p, 0);
	pair_pump(&p->side[0]);
	ck_assert(pair_deliver_one(p));
	ck_assert_uint_eq(p->tail - p->head, 1);
	m = p->queue[p->head % PAIR_QUEUE_MAX];
	m.bytes = malloc(m.len);
	memcpy(m.bytes, p->queue[p->head % PAIR_QUEUE_MAX].bytes, m.len);
	pair_drop(p);
	return m;
}

/* The token is its last bytes. */
enum { TOKEN = 32 };

START_TEST(no_bit_may_differ)
{
	struct pair *p = tokens_up();
	struct pair_message m = showing(p);

	for (size_t bit = 0; bit < TOKEN * 8; bit++) {
		uint8_t *at = &m.bytes[m.len - TOKEN + bit / 8];

		*at ^= (uint8_t)(1u << bit % 8);
		pair_give(p, &m);
		*at ^= (uint8_t)(1u << bit % 8);
		/* So many a second are looked at. */
		p->now += LS_MS(150);
		ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	}
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_TOKEN_WRONG), TOKEN * 8);
	pair_give(p, &m);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	free(m.bytes);
	pair_free(p);
}
END_TEST

/* What was shown for one SA says nothing of the next one, under its SPIs neither; and again it
 * meets nobody. */
START_TEST(a_token_of_another_sa)
{
	struct pair *p = tokens_up();
	struct pair_message m = showing(p);

	pair_give(p, &m);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_give(p, &m);
	ls_put64(m.bytes, forge_sa(p, 0)->spi_i);
	ls_put64(m.bytes + 8, forge_sa(p, 0)->spi_r);
	pair_give(p, &m);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_TOKEN_WRONG), 1);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	free(m.bytes);
	pair_free(p);
}
END_TEST

static void unprotected(struct pair *p, const uint8_t *tokens[], const size_t *len, unsigned n)
{
	const struct ike_sa *sa = forge_sa(p, 0);
	uint8_t bytes[1024], payloads[900];
	struct ike_build b = ike_build_make(payloads, sizeof payloads);
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ike_header h = ike_sa_header(sa, IKE_X_INFO, true, 2);

	h.flags = IKE_FLAG_RESPONSE;
	ike_build_flag(&b, IKE_N_INVALID_IKE_SPI);
	for (unsigned i = 0; i < n; i++)
		ike_build_notify(&b, IKE_PROTO_IKE, IKE_N_QCD_TOKEN, LS_BYTES(NULL, 0),
		                 LS_BYTES(tokens[i], len[i]));
	ike_build_end(&b);
	h.next = b.first;
	h.length = (uint32_t)(IKE_HEADER_SIZE + b.w.len);
	ike_header_write(&w, &h);
	wr_bytes(&w, b.w.p, b.w.len);
	ck_assert(wr_ok(&w));
	forge_bytes(p, 1, 500, LS_BYTES(bytes, w.len));
}

/* Four are looked at, so that a maker may change its secret (4.5); the fifth is not. */
START_TEST(one_of_four)
{
	for (unsigned place = 0; place < 5; place++) {
		struct pair *p = tokens_up();
		struct pair_message m = showing(p);
		static const uint8_t wrong[TOKEN];
		const uint8_t *token[5] = {wrong, wrong, wrong, wrong, wrong};
		size_t len[5] = {TOKEN, TOKEN, TOKEN, TOKEN, TOKEN};

		token[place] = m.bytes + m.len - TOKEN;
		unprotected(p, token, len, 5);
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), place == 4);
		free(m.bytes);
		pair_free(p);
	}
}
END_TEST

/* Tokens of 16 to 128 octets are tokens (5). */
START_TEST(sizes)
{
	static const size_t tried[] = {0, 15, 16, 128, 129};

	for (unsigned i = 0; i < 5; i++) {
		struct pair *p = tokens_up();
		uint8_t bytes[200] = {7};
		const uint8_t *token = bytes;
		struct ike_build b = forge_build();

		ike_build_notify(&b, IKE_PROTO_IKE, IKE_N_QCD_TOKEN, LS_BYTES(NULL, 0),
		                 LS_BYTES(bytes, tried[i]));
		forge_request(p, 1, IKE_X_INFO, forge_sa(p, 0)->recv_id, &b);
		pair_run(p);
		unprotected(p, &token, &tried[i], 1);
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), i < 2 || i > 3);
		pair_free(p);
	}
}
END_TEST

static void no_token_in_the_answer(struct pair *p)
{
	struct ike_header h;
	struct ike_payloads in;

	forge_newest(p, &h, &in);
	ck_assert(h.next == IKE_P_NOTIFY && in.notify[0].type == IKE_N_INVALID_IKE_SPI);
	ck_assert_ptr_null(ike_notify_find(&in, IKE_N_QCD_TOKEN));
	pair_drop(p);
}

/* While the SA stands its token is not to be had: not by the other direction's flag, not by our
 * SPI beside another one, in either place (9.2). */
START_TEST(never_of_an_sa_that_stands)
{
	struct pair *p = tokens_up();
	unsigned asked = p->side[1].tokens_asked;
	struct ike_build b = forge_build();
	struct ike_header h = ike_sa_header(forge_sa(p, 0), IKE_X_INFO, false, 2), other;

	for (unsigned i = 0; i < 4; i++) {
		other = h;
		if (i == 0)
			other.flags ^= IKE_FLAG_INITIATOR;
		else if (i == 1)
			other.spi_i ^= 1;
		else if (i == 2)
			other = (struct ike_header){.spi_i = h.spi_r,
			                            .spi_r = h.spi_i,
			                            .major = 2,
			                            .exchange = IKE_X_INFO,
			                            .flags = IKE_FLAG_INITIATOR};
		else
			other = (struct ike_header){.spi_i = h.spi_r,
			                            .spi_r = h.spi_i,
			                            .major = 2,
			                            .exchange = IKE_X_INFO};
		p->now += LS_S(1);
		b = forge_build();
		forge_sealed(p, 0, &other, &b);
		no_token_in_the_answer(p);
	}
	ck_assert_uint_eq(p->side[1].tokens_asked, asked);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* An SA that came to stand while its token was being made. */
START_TEST(not_if_it_stands_meanwhile)
{
	struct pair *p = tokens_up();
	uint8_t state[65536];
	struct wr w = wr_make(state, sizeof state);
	struct ike_answer a = {.ok = true,
	                       .bytes = LS_BYTES("a token of thirty-two octets, yes", 32)};
	struct ike_request r;
	struct ike_header h;
	struct ike_payloads in;

	ck_assert(ike_save(p->side[1].ike, &w, p->now));
	restart(p, 1, true);
	p->side[1].silent = true;
	pair_probe(p, 0);
	pair_pump(&p->side[0]);
	{
		struct pair_message m = p->queue[p->head % PAIR_QUEUE_MAX];
		struct ike_datagram d = {
			.local = m.to, .remote = m.from, .bytes = m.bytes, .len = m.len};

		ike_input(p->side[1].ike, &d, p->now);
	}
	ck_assert(ike_next(p->side[1].ike, &r) && r.kind == IKE_REQ_TOKEN);
	ck_assert_int_eq(ike_load(p->side[1].ike, state, w.len, p->now), CAUSE_NONE);
	ike_answer(p->side[1].ike, r.id, &a, p->now);
	pair_pump(&p->side[1]);
	forge_newest(p, &h, &in);
	ck_assert_ptr_null(ike_notify_find(&in, IKE_N_QCD_TOKEN));
	pair_free(p);
}
END_TEST

/* The SA that succeeds another one has a token of its own, of both sides. */
START_TEST(after_a_rekey)
{
	for (unsigned i = 0; i < 4; i++) {
		struct pair *p = pair_new();
		unsigned by = i / 2, gone = i % 2;
		struct ike_peer c = pair_peer(p, by);

		c.ike_life_s = 600;
		pair_set(p, by, &c);
		set_up(p);
		pair_pass(p, LS_S(570));
		ck_assert_uint_ge(pair_counted(&p->side[by], CAUSE_IKE_REKEYED), 1);
		pair_settled(p);
		ck_assert_uint_eq(p->side[0].tokens_asked, 2);
		ck_assert_uint_eq(p->side[1].tokens_asked, 2);
		restart(p, gone, true);
		ck_assert(ended_at_once(p, 1 - gone));
		pair_free(p);
	}
}
END_TEST

/* A has had another token since then, and knows B by it. */
static void the_new_one_counts(struct pair *p, unsigned asked)
{
	ck_assert_uint_eq(p->side[1].tokens_asked, asked + 1);
	pair_settled(p);
	restart(p, 1, true);
	ck_assert(ended_at_once(p, 0));
}

/* The caller has another address: its token is made anew, and the old one would not fit. */
START_TEST(after_a_move)
{
	struct pair *p = pair_new_nat(true, false);
	unsigned asked;

	set_up(p);
	asked = p->side[1].tokens_asked;
	p->side[0].nat_shift += 5; /* another port: nothing to be told */
	pair_probe(p, 0);
	pair_run(p);
	ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_IKE_MOVED));
	ck_assert_uint_eq(p->side[1].tokens_asked, asked);
	p->side[0].nat = pair_ip("203.0.113.77");
	pair_probe(p, 0);
	pair_run(p);
	the_new_one_counts(p, asked);
	pair_free(p);
}
END_TEST

/* The same by MOBIKE, once the new address is proven. */
START_TEST(after_a_move_that_is_told)
{
	struct pair *p = pair_new();
	struct ls_addr before = p->side[0].ip;
	unsigned asked;

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.mobike = true;
		pair_set(p, i, &c);
	}
	set_up(p);
	asked = p->side[1].tokens_asked;
	p->side[0].ip = pair_ip("203.0.113.77");
	ck_assert(ike_path_moved(p->side[0].ike, 1, &before, &p->side[0].ip, CAUSE_IKE_OWN_ADDRESS,
	                         p->now));
	pair_run(p);
	the_new_one_counts(p, asked);
	pair_free(p);
}
END_TEST

/* From elsewhere the same SPIs are worth nothing (5.2). */
START_TEST(bound_to_the_address)
{
	struct pair *p = tokens_up();

	restart(p, 1, true);
	p->side[0].ip = pair_ip("192.0.2.99");
	pair_probe(p, 0);
	pair_pump(&p->side[0]);
	p->queue[p->head % PAIR_QUEUE_MAX].from = ls_addr_with_port(p->side[0].ip, 500);
	pair_run(p);
	ck_assert_uint_eq(p->side[1].tokens_asked, 2);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_TOKEN_WRONG), 1);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	pair_free(p);
}
END_TEST

/* It survives in a snapshot. */
START_TEST(kept_in_a_snapshot)
{
	struct pair *p = tokens_up();
	uint8_t state[65536];
	struct wr w = wr_make(state, sizeof state);

	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	restart(p, 0, true);
	ck_assert_int_eq(ike_load(p->side[0].ike, state, w.len, p->now), CAUSE_NONE);
	restart(p, 1, true);
	ck_assert(ended_at_once(p, 0));
	pair_free(p);
}
END_TEST

/* So many a second are answered, of all and of one address; the others' answers stay free. */
START_TEST(a_flood_is_answered_in_part)
{
	struct pair *p = tokens_up();
	unsigned before;

	restart(p, 1, true);
	before = p->sent[1];
	for (unsigned i = 0; i < 1000; i++) {
		struct ike_header h = ike_sa_header(forge_sa(p, 0), IKE_X_INFO, false, 2);
		struct ike_build b = forge_build();

		h.spi_r ^= i;
		forge_sealed(p, 0, &h, &b);
		pair_drop(p);
	}
	ck_assert_uint_eq(p->sent[1], before + IKE_TOKENS_PER_SOURCE);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_STRAY_LIMIT),
	                  1000 - IKE_TOKENS_PER_SOURCE);
	for (unsigned i = 0; i < 1000; i++) {
		struct ike_header h = ike_sa_header(forge_sa(p, 0), IKE_X_INFO, false, 2);
		struct ike_build b = forge_build();

		p->side[0].ip.ip[2] = (uint8_t)(i / 8);
		p->side[0].ip.ip[3] = (uint8_t)(i * 7);
		forge_sealed(p, 0, &h, &b);
		pair_drop(p);
	}
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_STRAY_LIMIT),
	                  2000 - IKE_TOKENS_PER_S);
	pair_free(p);
}
END_TEST

/* Tokens that anybody shows are compared so often, and no more. */
START_TEST(guessing_is_limited)
{
	struct pair *p = tokens_up();
	static const uint8_t wrong[TOKEN];
	const uint8_t *token = wrong;
	size_t len = TOKEN;

	for (unsigned i = 0; i < 100; i++)
		unprotected(p, &token, &len, 1);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_TOKEN_WRONG), IKE_TOKENS_SHOWN_PER_S);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike qcd", a_restart_is_noticed_at_once, without_tokens_it_takes_its_time, another_secret,
         no_bit_may_differ, a_token_of_another_sa, one_of_four, sizes, never_of_an_sa_that_stands,
         not_if_it_stands_meanwhile, after_a_rekey, after_a_move, after_a_move_that_is_told,
         bound_to_the_address, kept_in_a_snapshot, a_flood_is_answered_in_part, guessing_is_limited)
