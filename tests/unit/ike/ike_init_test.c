/* IKE_SA_INIT as initiator: whom it calls, what it takes for an answer, and what it waits for. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

/* The initiator guesses X25519; the responder has only another group. The whole offer stays, only
 * KE changes. */
START_TEST(invalid_ke_payload)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, 1);
	struct ike_sa_view v;

	c.ike[0] = pair_ike_proposal(ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, ALGO_ECP256);
	c.ike_count = 1;
	pair_set(p, 1, &c);
	pair_up(p);
	ck_assert_uint_eq(p->sent[0], 3);
	ck_assert(ike_sa_view(p->side[0].ike, 0, &v));
	ck_assert_int_eq(v.ke, ALGO_ECP256);
	pair_free(p);
}
END_TEST

/* A group that we never offered is not taken (RFC 7296 3.3.6): the attempt ends, after waiting for
 * a better answer. */
START_TEST(group_never_offered)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);
	const struct pair_note *down;

	a.ike[0] = pair_ike_proposal(ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, ALGO_X25519);
	a.ike_count = 1;
	b.ike[0] = pair_ike_proposal(ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, ALGO_MODP2048);
	b.ike_count = 1;
	pair_set(p, 0, &a);
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(10));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_NO_PROPOSAL);
	ck_assert_ptr_nonnull(strstr(down->text, "we offered AES-256-GCM/SHA-384/X25519"));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
}
END_TEST

START_TEST(no_answer)
{
	struct pair *p = pair_new();
	const struct pair_note *down;

	p->filter = pair_lose_all;
	ike_start(p->side[0].ike, 1, p->now);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(300));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_NO_ANSWER);
	ck_assert_ptr_nonnull(strstr(down->text, "198.51.100.2:500"));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(p->sent[0], 8);
	ck_assert_int_eq(ike_deadline(p->side[0].ike), LS_NEVER);
	pair_free(p);
}
END_TEST

/* The first two addresses are dead: the third is reached, and there is no DOWN on the way. */
START_TEST(addresses_in_turn)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);

	a.remote[2] = a.remote[0];
	a.remote[0] = pair_ip("203.0.113.77");
	a.remote[1] = pair_ip("203.0.113.78");
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

START_TEST(no_address)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);

	memset(a.remote, 0, sizeof a.remote);
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_ADDRESS);
	pair_free(p);
}
END_TEST

/* A has called, and B has not heard it. */
static struct ike_sa *called(struct pair *p)
{
	ike_start(p->side[0].ike, 1, p->now);
	pair_cross(p);
	pair_drop(p);
	return forge_sa(p, 0);
}

/* An unprotected refusal is not believed at once (2.21.1): for 3 s a better answer is waited for.
 * Then it is the reason. */
START_TEST(refusals_wait)
{
	static const struct {
		uint16_t notify;
		uint16_t group; /* 0: no data */
		enum ls_cause cause;
		const char *text;
	} rows[] = {
		{IKE_N_NO_PROPOSAL_CHOSEN, 0, CAUSE_IKE_NO_PROPOSAL, "we offered AES-256-GCM"},
		{IKE_N_INVALID_SYNTAX, 0, CAUSE_IKE_PEER_ERROR, "INVALID_SYNTAX"},
		{999, 0, CAUSE_IKE_PEER_ERROR, "notify 999"},
		{IKE_N_INVALID_KE_PAYLOAD, 0, CAUSE_IKE_NO_GROUP, "it wants group 0"},
		{IKE_N_INVALID_KE_PAYLOAD, 21, CAUSE_IKE_NO_GROUP, "it wants group 21"},
		{IKE_N_INVALID_KE_PAYLOAD, 31, CAUSE_IKE_NO_GROUP, "it wants group 31"},
		{IKE_N_INVALID_KE_PAYLOAD, 4711, CAUSE_IKE_NO_GROUP, "it wants group 4711"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (unsigned better = 0; better < 2; better++) {
			struct pair *p = pair_new();
			struct ike_sa *sa = called(p);
			struct ike_build b = forge_build();
			uint8_t data[2];
			const struct pair_note *down;
			ls_time until = p->now + LS_S(IKE_GRACE_S);

			ls_put16(data, rows[i].group);
			ike_build_notify(&b, 0, rows[i].notify, LS_BYTES(NULL, 0),
			                 LS_BYTES(data, rows[i].group ? 2 : 0));
			forge_init(p, 1, sa->spi_i, 0, &b);
			ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_UNPROTECTED), 1);
			pair_no_down(p);
			if (!better)
				p->filter = pair_lose_all;
			/* Another one does not put it off. */
			pair_pass(p, LS_MS(better ? 600 : 2900));
			if (better) {
				pair_settled(p);
				pair_free(p);
				continue;
			}
			forge_init(p, 1, sa->spi_i, 0, &b);
			pair_no_down(p);
			ck_assert_int_eq(sa->active->grace_until, until);
			pair_pass(p, LS_MS(200));
			down = pair_last(&p->side[0], IKE_REQ_DOWN);
			ck_assert_ptr_nonnull(down);
			ck_assert_int_eq(down->cause, rows[i].cause);
			ck_assert_msg(strstr(down->text, rows[i].text) != NULL, "%s", down->text);
			ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
			pair_free(p);
		}
}
END_TEST

/* The offer of another group stays the same but for the value, and no group is tried twice. */
START_TEST(another_group)
{
	struct pair *p = pair_new();
	struct ike_sa *sa = called(p);
	struct ike_build b = forge_build();
	struct ike_payloads in;
	struct ike_header h;
	uint8_t data[2];

	ls_put16(data, 19);
	ike_build_notify(&b, 0, IKE_N_INVALID_KE_PAYLOAD, LS_BYTES(NULL, 0), LS_BYTES(data, 2));
	forge_init(p, 1, sa->spi_i, 0, &b);
	forge_newest(p, &h, &in);
	ck_assert(h.exchange == IKE_X_INIT && h.id == 0 && h.spi_i == sa->spi_i && h.spi_r == 0);
	ck_assert_uint_eq(in.ke_group, 19);
	ck_assert_uint_eq(in.ke.len, 64);
	ck_assert_uint_eq(in.nonce.len, IKE_NONCE_SIZE);
	ck_assert_mem_eq(in.nonce.p, sa->nonce_local.p, IKE_NONCE_SIZE);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_UNPROTECTED), 0);
	/* The same once more would be a loop. */
	forge_init(p, 1, sa->spi_i, 0, &b);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_UNPROTECTED), 1);
	pair_free(p);
}
END_TEST

/* 2.6: a cookie comes back in front, with the same nonce; three times, then it is a loop. One that
 * is empty or too long is none. */
START_TEST(cookies)
{
	static const uint8_t cookie[IKE_COOKIE_MAX + 1] = {1, 2, 3};

	for (size_t len = 0; len <= sizeof cookie; len += len == 0 ? 1 : 32) {
		struct pair *p = pair_new();
		struct ike_sa *sa = called(p);
		struct ike_build b = forge_build();
		struct ike_payloads in;
		struct ike_header h;
		unsigned tail = p->tail;
		bool good = len > 0 && len <= IKE_COOKIE_MAX;

		ike_build_notify(&b, 0, IKE_N_COOKIE, LS_BYTES(NULL, 0), LS_BYTES(cookie, len));
		for (unsigned i = 0; i < 5; i++) {
			forge_init(p, 1, sa->spi_i, 0, &b);
			ck_assert_uint_eq(p->tail - tail, !good ? 0 : i < 3 ? i + 1 : 3);
		}
		if (good) {
			forge_newest(p, &h, &in);
			ck_assert(in.cookie_first && h.spi_r == 0);
			ck_assert_uint_eq(in.notify[0].data.len, len);
			ck_assert_mem_eq(in.notify[0].data.p, cookie, len);
			ck_assert_mem_eq(in.nonce.p, sa->nonce_local.p, IKE_NONCE_SIZE);
		}
		pair_drop(p);
		p->filter = pair_lose_all;
		pair_pass(p, LS_S(4));
		ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause,
		                 good ? CAUSE_IKE_COOKIE_LOOP : CAUSE_IKE_SYNTAX);
		pair_free(p);
	}
}
END_TEST

/* An answer that is right but for one thing: not taken, and the true one still is. */
enum wrong { RIGHT, NO_SA, NO_KE, NO_NONCE, NO_SPI, CHOICE, GROUP, WEAK, SYNTAX, CRITICAL, WRONGS };

static void answer(struct ike_build *b, enum wrong w)
{
	static const uint8_t nonce[32] = {1}, weak[32];
	static const uint8_t value[32] = {9};
	const struct ike_choice c = {.encr = w == CHOICE ? ALGO_AES192_GCM : ALGO_AES256_GCM,
	                             .prf = ALGO_PRF_SHA384,
	                             .ke = w == GROUP ? ALGO_ECP256 : ALGO_X25519,
	                             .number = 1};

	if (w != NO_SA) {
		ike_build_begin(b, IKE_P_SA);
		ike_choice_write(&b->w, &c, IKE_PROTO_IKE, 0, 0);
	}
	if (w != NO_KE)
		ike_build_ke(b, 31, w == WEAK ? LS_BYTES(weak, 32) : LS_BYTES(value, 32));
	if (w != NO_NONCE)
		ike_build_bytes(b, IKE_P_NONCE, LS_BYTES(nonce, w == SYNTAX ? 15 : 32));
	if (w == CRITICAL) {
		ike_build_bytes(b, 200, LS_BYTES("x", 1));
		b->w.p[b->last + 1] = 0x80;
	}
}

START_TEST(answers)
{
	static const enum ls_cause causes[WRONGS] = {[NO_SA] = CAUSE_IKE_SYNTAX,
	                                             [NO_KE] = CAUSE_IKE_SYNTAX,
	                                             [NO_NONCE] = CAUSE_IKE_SYNTAX,
	                                             [NO_SPI] = CAUSE_IKE_SYNTAX,
	                                             [CHOICE] = CAUSE_IKE_BAD_CHOICE,
	                                             [GROUP] = CAUSE_IKE_BAD_CHOICE,
	                                             [WEAK] = CAUSE_IKE_BAD_KEY_EXCHANGE,
	                                             [SYNTAX] = CAUSE_IKE_SYNTAX,
	                                             [CRITICAL] = CAUSE_IKE_CRITICAL_PAYLOAD};

	for (enum wrong w = RIGHT; w < WRONGS; w++) {
		struct pair *p = pair_new();
		struct ike_sa *sa = called(p);
		struct ike_build b = forge_build();
		uint8_t bytes[1024];
		struct wr out = wr_make(bytes, sizeof bytes);
		struct ike_header h = {.spi_i = sa->spi_i,
		                       .spi_r = w == NO_SPI ? 0 : 77,
		                       .major = 2,
		                       .exchange = IKE_X_INIT,
		                       .flags = IKE_FLAG_RESPONSE};

		answer(&b, w);
		ike_build_end(&b);
		h.next = b.first;
		h.length = (uint32_t)(IKE_HEADER_SIZE + b.w.len);
		ike_header_write(&out, &h);
		wr_bytes(&out, b.w.p, b.w.len);
		forge_bytes(p, 1, 500, LS_BYTES(bytes, out.len));
		if (w == RIGHT) {
			ck_assert(sa->state == IKE_S_AUTH && sa->spi_r == 77);
			pair_free(p);
			continue;
		}
		ck_assert_msg(sa->state == IKE_S_INIT && sa->active->error == causes[w], "%d: %d",
		              (int)w, (int)sa->active->error);
		pair_no_down(p);
		pair_pass(p, LS_S(2));
		pair_settled(p);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
		pair_free(p);
	}
}
END_TEST

/* 2.1: the answer may come from anywhere, but what follows goes where we called. */
START_TEST(ports)
{
	static const struct {
		uint16_t port, local, remote;
		bool udp;
	} rows[] = {{0, 500, 500, false}, {500, 500, 500, false}, {4500, 4500, 4500, true}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_peer a = pair_peer(p, 0);

		a.remote[0].port = rows[i].port;
		pair_set(p, 0, &a);
		ike_start(p->side[0].ike, 1, p->now);
		ck_assert_uint_eq(forge_sa(p, 0)->local.port, rows[i].local);
		ck_assert_uint_eq(forge_sa(p, 0)->remote.port, rows[i].remote);
		pair_run(p);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		ck_assert(p->side[0].sa[0].child.udp == rows[i].udp);
		pair_free(p);
	}
}
END_TEST

/* The limit of IKE SAs is reached: told as any other failure to call. */
START_TEST(no_room)
{
	struct ike_limits limits = {.max_ike_sas = 1};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
	struct ike_peer a = pair_peer(p, 0);

	pair_set(p, 0, &a);
	a.tunnel = 2;
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	ike_start(p->side[0].ike, 2, p->now);
	pair_cross(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->tunnel, 2);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_LIMIT_REACHED);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_LIMIT_REACHED), 1);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike init", invalid_ke_payload, group_never_offered, no_answer, addresses_in_turn,
         no_address, refusals_wait, another_group, cookies, answers, ports, no_room)
