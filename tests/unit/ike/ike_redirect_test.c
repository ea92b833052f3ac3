/* Redirect: in IKE_SA_INIT, in IKE_AUTH and in a session; only who is called may, only who follows
 * is sent, and only a gateway that is the same peer takes its place (RFC 5685). */
#include "ike/ike_gateway.h"
#include "tests/unit/flip.h"
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

enum { A, B, C };

static struct ike_gateway gateway(const char *text)
{
	struct ike_gateway g = {0};

	ck_assert(text[0] == '\0' || ike_gateway_parse(text, &g));
	return g;
}

static const char *const where[] = {"203.0.113.3", "third.example"};

/* Where B or C sends its callers; "": nowhere. tunnel: 0, or its own one. */
static void order(struct pair *p, unsigned side, uint32_t tunnel, const char *to)
{
	struct ike_gateway g = gateway(to);

	ike_redirect_set(p->side[side].ike, tunnel, &g, p->now);
}

static void set_a(struct pair *p, bool follows)
{
	struct ike_peer c = pair_peer(p, A);

	c.follow_redirects = follows;
	pair_set(p, A, &c);
}

/* A third gateway with B's identity. */
static struct pair *three(bool follows)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, B);

	set_a(p, follows);
	pair_side_make(p, C, "203.0.113.3", NULL);
	c.tunnel = 3;
	c.local = p->side[C].ip;
	pair_set(p, C, &c);
	return p;
}

static void dial(struct pair *p)
{
	ike_start(p->side[A].ike, 1, p->now);
	pair_run(p);
}

/* A's only pair is B's or C's, the other one has none, and A has one IKE SA. */
static bool is_at(struct pair *p, unsigned side)
{
	struct pair_side *here = &p->side[side], *other = &p->side[B + C - side];
	struct pair_sa *sa = &p->side[A].sa[0];

	return p->side[A].sas == 1 && here->sas == 1 && other->sas == 0 &&
	       pair_sa_find(here, sa->spi_out) && pair_established(&p->side[A]) == 1 &&
	       pair_established(here) == 1 && pair_established(other) == 0;
}

static unsigned events(const struct pair_side *s, enum ls_cause cause)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->notes; i++)
		n += s->note[i].kind == IKE_REQ_EVENT && s->note[i].cause == cause;
	return n;
}

static bool sent_from(const struct pair *p, unsigned side, const struct ls_addr *by)
{
	struct ike_sa_view v;

	ck_assert(ike_sa_view(p->side[side].ike, 0, &v));
	return v.redirect && ls_addr_same_ip(&v.redirected_from, by) && v.redirected_from.port == 0;
}

/* Up at C, once, and both know by whom. */
static void arrived(struct pair *p)
{
	const struct pair_note *up = pair_last(&p->side[A], IKE_REQ_UP);

	ck_assert(is_at(p, C));
	ck_assert(!up->continued && ls_addr_same_ip(&up->remote, &p->side[C].ip));
	ck_assert(sent_from(p, C, &p->side[B].ip) && sent_from(p, A, &p->side[B].ip));
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECTED), 1);
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECT_FAILED), 0);
	ck_assert_ptr_nonnull(pair_event(&p->side[B], CAUSE_REDIRECT_SENT));
}

START_TEST(in_ike_sa_init)
{
	struct pair *p = three(true);

	order(p, B, 0, where[_i]);
	dial(p);
	arrived(p);
	pair_no_down(p);
	ck_assert_uint_eq(pair_count(&p->side[A], IKE_REQ_UP), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[B]), 0);
	ck_assert_ptr_nonnull(strstr(pair_event(&p->side[A], CAUSE_REDIRECTED)->text, where[_i]));
	pair_free(p);
}
END_TEST

/* By the caller's tunnel, once it has proved who it is: no CHILD SA, and the IKE SA goes. */
START_TEST(in_ike_auth)
{
	struct pair *p = three(true);

	order(p, B, 2, where[_i]);
	dial(p);
	pair_pass(p, LS_S(1));
	arrived(p);
	pair_no_down(p);
	ck_assert_uint_eq(pair_count(&p->side[B], IKE_REQ_UP), 0);
	ck_assert_ptr_nonnull(
		strstr(pair_event(&p->side[B], CAUSE_REDIRECT_SENT)->text, "IKE_AUTH"));
	ck_assert_uint_eq(p->side[A].reserved, 2);
	ck_assert_uint_eq(p->side[A].released, 1);
	pair_free(p);
}
END_TEST

/* The new IKE SA is there before the old one goes, which has time for its goodbyes, and nothing of
 * the old chain goes on. */
START_TEST(in_a_session)
{
	struct pair *p = three(true);
	const struct pair_note *down;
	uint32_t chain;

	dial(p);
	ck_assert(is_at(p, B));
	chain = pair_last(&p->side[A], IKE_REQ_UP)->chain;
	if (_i & 2) { /* after a rekey too */
		ike_rekey_start(forge_sa(p, A));
		pair_pass(p, LS_S(1));
		ck_assert(is_at(p, B));
	}
	order(p, B, _i & 4 ? 2 : 0, where[_i & 1]);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[A], IKE_REQ_UP), 2);
	ck_assert_uint_eq(pair_last(&p->side[A], IKE_REQ_UP)->old_chain, chain);
	ck_assert_uint_eq(p->side[A].sas, 2);
	pair_no_down(p);
	pair_pass(p, LS_S(3));
	arrived(p);
	down = pair_last(&p->side[A], IKE_REQ_DOWN);
	ck_assert(down->chain == chain && down->cause == CAUSE_REDIRECTED);
	ck_assert_int_eq(pair_last(&p->side[B], IKE_REQ_DOWN)->cause, CAUSE_REDIRECT_SENT);
	ck_assert_uint_eq(pair_count(&p->side[A], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

/* Said again while it is on its way, and withdrawn before it was said. */
START_TEST(ordered_again)
{
	struct pair *p = three(true);

	dial(p);
	order(p, B, 0, where[0]);
	order(p, B, 2, where[1]);
	pair_run(p);
	order(p, B, 0, where[0]);
	pair_pass(p, LS_S(3));
	arrived(p);
	pair_free(p);
	p = three(true);
	dial(p);
	ike_probe(forge_sa(p, B));
	order(p, B, 0, where[0]);
	order(p, B, 0, "");
	pair_pass(p, LS_S(1));
	ck_assert(is_at(p, B));
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECTED), 0);
	pair_free(p);
}
END_TEST

/* An answer to IKE_SA_INIT that anybody may have sent: A waits for a better one. */
static void forge_redirect(struct pair *p, const void *data, size_t len)
{
	struct ike_build b = forge_build();

	ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_REDIRECT, LS_BYTES(NULL, 0),
	                 LS_BYTES(data, len));
	forge_init(p, B, forge_sa(p, A)->spi_i, 0, &b);
}

START_TEST(unasked_or_malformed)
{
	static const struct {
		bool follows;
		int nonce_bit, nonce_less;
		uint8_t len, gateway[18];
	} cases[] = {
		{true, 0, 0, 6, {1, 4, 203, 0, 113, 3}},
		{true, 255, 0, 6, {1, 4, 203, 0, 113, 3}},
		{true, -1, 1, 6, {1, 4, 203, 0, 113, 3}},
		{true, -1, 32, 6, {1, 4, 203, 0, 113, 3}},
		{true, -1, -1, 6, {1, 4, 203, 0, 113, 3}},
		{false, -1, 0, 6, {1, 4, 203, 0, 113, 3}},
		{true, -1, 0, 6, {1, 4, 127, 0, 0, 1}},
		{true, -1, 0, 6, {1, 4, 224, 0, 0, 1}},
		{true, -1, 0, 6, {4, 4, 203, 0, 113, 3}},
		{true, -1, 0, 6, {0, 4, 203, 0, 113, 3}},
		{true, -1, 0, 6, {1, 3, 203, 0, 113, 3}},
		{true, -1, 0, 6, {2, 4, 203, 0, 113, 3}},
		{true, -1, 0, 5, {3, 3, '1', '.', '2'}},
		{true, -1, 0, 2, {3, 0}},
		{true, -1, 0, 6, {3, 4, 'a', ' ', 'b', 'c'}},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pair *p = three(cases[i].follows);
		uint8_t data[64] = {0};
		size_t len = cases[i].len;

		ike_start(p->side[A].ike, 1, p->now);
		pair_pump(&p->side[A]);
		memcpy(data, cases[i].gateway, len);
		memcpy(data + len, forge_sa(p, A)->nonce_local.p, IKE_NONCE_SIZE);
		if (cases[i].nonce_bit >= 0)
			data[len + (size_t)cases[i].nonce_bit / 8] ^=
				(uint8_t)(1 << cases[i].nonce_bit % 8);
		len += (size_t)(IKE_NONCE_SIZE - cases[i].nonce_less);
		forge_redirect(p, data, len);
		ck_assert_uint_eq(pair_counted(&p->side[A], CAUSE_REDIRECT_UNASKED), 1);
		pair_run(p);
		ck_assert_msg(is_at(p, B), "%zu", i);
		pair_no_down(p);
		ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECTED), 0);
		pair_free(p);
	}
}
END_TEST

/* Who does not follow is not sent anywhere. */
START_TEST(who_does_not_follow_stays)
{
	struct pair *p = three(false);

	order(p, B, _i ? 2 : 0, where[0]);
	dial(p);
	ck_assert(is_at(p, B));
	ck_assert_uint_eq(events(&p->side[B], CAUSE_REDIRECT_UNSUPPORTED), 0);
	order(p, B, _i ? 2 : 0, where[0]);
	pair_pass(p, LS_S(5));
	ck_assert(is_at(p, B));
	ck_assert_uint_eq(events(&p->side[B], CAUSE_REDIRECT_UNSUPPORTED), 1);
	ck_assert_uint_eq(events(&p->side[B], CAUSE_REDIRECT_SENT), 0);
	pair_free(p);
}
END_TEST

static void say(struct pair *p, unsigned side, struct ls_bytes data)
{
	struct ike_build b = forge_build();

	ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_REDIRECT, LS_BYTES(NULL, 0), data);
	forge_request(p, side, IKE_X_INFO, forge_sa(p, 1 - side)->recv_id, &b);
	pair_run(p);
}

/* In a session: from who has called, to who has not said that it follows, malformed, with a nonce,
 * or to where we are. */
START_TEST(refused_in_a_session)
{
	static const uint8_t right[] = {1, 4, 203, 0, 113, 3}, itself[] = {1, 4, 198, 51, 100, 2},
			     nonce[6 + IKE_NONCE_MIN] = {1, 4, 203, 0, 113, 3};
	static const struct {
		unsigned side;
		bool follows;
		struct ls_bytes data;
	} cases[] = {
		{A, true, {right, sizeof right}},
		{B, false, {right, sizeof right}},
		{B, true, {nonce, sizeof nonce}},
		{B, true, {right, sizeof right - 1}},
		{B, true, {right, 0}},
		{B, true, {itself, sizeof itself}},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pair *p = three(cases[i].follows);

		dial(p);
		say(p, cases[i].side, cases[i].data);
		pair_pass(p, LS_S(5));
		ck_assert(is_at(p, B));
		ck_assert_uint_eq(events(&p->side[1 - cases[i].side], CAUSE_REDIRECT_REFUSED), 1);
		pair_no_down(p);
		pair_free(p);
	}
}
END_TEST

static bool told_of(const struct pair *p, const char *text)
{
	bool told = false;

	for (unsigned i = 0; i < p->side[A].notes; i++)
		told |= p->side[A].note[i].kind == IKE_REQ_EVENT &&
		        strstr(p->side[A].note[i].text, text);
	return told;
}

/* Two that send from one to the other: five times within 300 s, then A does not say any more that
 * it follows, so that the next one has to take it. */
START_TEST(loops)
{
	struct pair *p = three(true);

	order(p, B, _i ? 2 : 0, where[0]);
	order(p, C, _i ? 3 : 0, "198.51.100.2");
	dial(p);
	pair_pass(p, LS_S(20));
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECTED), IKE_REDIRECTS_MAX);
	ck_assert(told_of(p, "one to the other"));
	ck_assert(is_at(p, B));
	pair_no_down(p);
	pair_pass(p, LS_S(IKE_REDIRECT_LOOP_S));
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECTED), IKE_REDIRECTS_MAX);
	/* Long after: as if nothing had been. */
	ike_stop(p->side[A].ike, 1, CAUSE_ADMIN, p->now);
	pair_pass(p, LS_S(1));
	order(p, C, _i ? 3 : 0, "");
	dial(p);
	pair_pass(p, LS_S(1));
	ck_assert(is_at(p, C));
	pair_free(p);
}
END_TEST

static bool c_is_silent(struct pair *p, struct pair_message *m, void *context)
{
	(void)context;
	return !ls_addr_same_ip(&m->to, &p->side[C].ip);
}

/* Nobody is there: back to the configured one, in the same attempt, and that has to take us. */
START_TEST(not_there)
{
	static const char *const nowhere[] = {"203.0.113.3", "third.example", "nowhere.example",
	                                      "203.0.113.77"};
	struct pair *p = three(true);

	p->filter = c_is_silent;
	order(p, B, _i >= 4 ? 2 : 0, nowhere[_i % 4]);
	dial(p);
	pair_pass(p, LS_S(20));
	ck_assert(is_at(p, B));
	pair_no_down(p);
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECT_FAILED), 1);
	ck_assert_ptr_nonnull(
		strstr(pair_event(&p->side[A], CAUSE_REDIRECT_FAILED)->text, nowhere[_i % 4]));
	ck_assert_uint_eq(pair_count(&p->side[A], IKE_REQ_UP), 1);
	/* Not for ever. */
	p->filter = NULL;
	ike_stop(p->side[A].ike, 1, CAUSE_ADMIN, p->now);
	pair_pass(p, LS_S(61));
	order(p, B, _i >= 4 ? 2 : 0, where[_i & 1]);
	dial(p);
	pair_pass(p, LS_S(1));
	ck_assert(is_at(p, C));
	pair_free(p);
}
END_TEST

/* In a session nothing is lost by it; when the old SA goes, the new gateway is tried once more. */
START_TEST(not_there_in_a_session)
{
	struct pair *p = three(true);

	dial(p);
	p->filter = c_is_silent;
	order(p, B, 0, where[_i & 1]);
	pair_pass(p, LS_S(60));
	ck_assert(is_at(p, B));
	pair_no_down(p);
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECT_FAILED), 1);
	if (_i & 2)
		p->filter = NULL;
	ike_stop(p->side[B].ike, 2, CAUSE_ADMIN, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[A].sas, 0);
	dial(p);
	pair_pass(p, LS_S(20));
	ck_assert(is_at(p, _i & 2 ? C : B));
	pair_free(p);
}
END_TEST

/* It is another peer, has another key, or takes none of our proposals: the old SA stands, or the
 * configured gateway is dialled, and takes us. */
static void spoil_c(struct pair *p, int how)
{
	struct ike_peer c = pair_peer(p, B);

	c.tunnel = 3;
	c.local = p->side[C].ip;
	if (how == 0)
		c.local_id = pair_id("c.example");
	else if (how == 1)
		p->side[C].psk = "quite another key for sure";
	else if (how == 2)
		c.remote_id = pair_id("x.example");
	c.child[0] = pair_child_proposal(ALGO_AES128_GCM, ALGO_NONE, false);
	c.child_count = how == 3;
	pair_set(p, C, &c);
}

START_TEST(not_the_same_peer)
{
	struct pair *p = three(true);
	struct ike_peer a = pair_peer(p, A);
	unsigned how = (unsigned)_i % 4, kind = (unsigned)_i / 4;

	if (how == 3) {
		a.follow_redirects = true;
		a.child[0] = pair_child_proposal(ALGO_AES256_GCM, ALGO_NONE, false);
		a.child_count = 1;
		pair_set(p, A, &a);
	}
	spoil_c(p, (int)how);
	if (kind == 2)
		dial(p);
	order(p, B, kind == 1 ? 2 : 0, where[0]);
	if (kind != 2)
		dial(p);
	pair_pass(p, LS_S(5));
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECTED), 1);
	ck_assert_uint_eq(events(&p->side[A], CAUSE_REDIRECT_FAILED), 1);
	if (kind != 2) {
		ck_assert_uint_eq(pair_count(&p->side[A], IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(p->side[A].sas, 0);
		dial(p);
	}
	pair_pass(p, LS_S(31));
	ck_assert(is_at(p, B));
	ck_assert_uint_eq(pair_count(&p->side[A], IKE_REQ_UP), 1);
	pair_free(p);
}
END_TEST

/* It stays where it was sent until that fails, the administrator takes it down, or the config
 * changes; INITIAL_CONTACT, repeated authentication and rekeys are with that gateway. */
START_TEST(stays_there)
{
	struct pair *p = three(true);
	struct ike_peer c = pair_peer(p, B), a = pair_peer(p, A);

	c.tunnel = 3;
	c.local = p->side[C].ip;
	c.auth_life_s = 60;
	pair_set(p, C, &c);
	order(p, B, 0, where[_i & 1]);
	dial(p);
	arrived(p);
	order(p, B, 0, "");
	pair_pass(p, LS_S(200));
	ck_assert_uint_ge(pair_count(&p->side[C], IKE_REQ_UP), 4);
	ck_assert(pair_last(&p->side[A], IKE_REQ_UP)->continued &&
	          pair_established(&p->side[B]) == 0);
	/* C begins anew, then A is told by DOWN, and dials. */
	pair_pass(p, LS_S(10));
	ike_stop(p->side[C].ike, 3, CAUSE_ADMIN, p->now);
	pair_run(p);
	dial(p);
	ck_assert(is_at(p, C));
	if (_i & 2) {
		ike_stop(p->side[A].ike, 1, CAUSE_ADMIN, p->now);
	} else {
		a.follow_redirects = true;
		a.remote[1] = ls_addr_with_port(pair_ip("192.0.2.200"), 0);
		pair_set(p, A, &a);
		ike_stop(p->side[C].ike, 3, CAUSE_ADMIN, p->now);
	}
	pair_run(p);
	dial(p);
	ck_assert(is_at(p, B));
	pair_free(p);
}
END_TEST

/* C dies without a word: it is dialled, in vain, and then the configured one. */
START_TEST(back_when_it_dies)
{
	struct pair *p = three(true);

	order(p, B, 0, where[_i]);
	dial(p);
	order(p, B, 0, "");
	ck_assert(is_at(p, C));
	p->filter = c_is_silent;
	pair_pass(p, LS_S(300));
	ck_assert_int_eq(pair_last(&p->side[A], IKE_REQ_DOWN)->cause, CAUSE_PEER_SILENT);
	dial(p);
	pair_pass(p, LS_S(20));
	ck_assert_uint_eq(pair_established(&p->side[A]), 1);
	ck_assert_uint_eq(p->side[B].sas, 1);
	pair_free(p);
}
END_TEST

/* No room at B, in all or for the tunnel: only with redirect-when-full it says where there is. */
START_TEST(full)
{
	struct pair *p = three(true);
	struct ike_limits limits = {.max_ike_sas = _i & 1 ? 1 : 10,
	                            .max_ike_sas_per_tunnel = _i & 1 ? 10 : 1};
	struct ike_gateway to = gateway(_i & 2 ? where[0] : "");

	dial(p);
	ike_limits_set(p->side[B].ike, &limits);
	ike_redirect_when_full(p->side[B].ike, &to);
	/* Another call of the same peer. */
	ike_free(p->side[A].ike);
	p->side[A].ike = ike_new(NULL, &p->side[A].random);
	set_a(p, true);
	p->side[A].sas = 0;
	dial(p);
	pair_pass(p, LS_S(1));
	ck_assert_uint_eq(p->side[A].sas, _i & 2 ? 1 : 0);
	ck_assert_uint_eq(p->side[C].sas, _i & 2 ? 1 : 0);
	ck_assert_uint_eq(events(&p->side[B], CAUSE_REDIRECT_SENT), _i & 2 ? 1 : 0);
	if (_i == 3)
		ck_assert_ptr_nonnull(
			strstr(pair_event(&p->side[B], CAUSE_REDIRECT_SENT)->text, "no room"));
	pair_free(p);
}
END_TEST

/* Each of the messages is lost once. */
START_TEST(lost)
{
	struct pair *p = three(true);
	struct pair_lose lose = {.side = (unsigned)_i & 1, .nth = (unsigned)_i / 6};
	unsigned kind = (unsigned)_i / 2 % 3;

	if (kind == 2)
		dial(p);
	p->filter = pair_lose_nth;
	p->context = &lose;
	order(p, B, kind == 1 ? 2 : 0, where[0]);
	dial(p);
	pair_pass(p, LS_S(10));
	ck_assert_uint_gt(lose.seen, 0);
	arrived(p);
	pair_free(p);
}
END_TEST

static struct flip damage;

static bool spoil(struct pair *p, struct pair_message *m, void *context)
{
	struct pair_message bad = *m;
	unsigned tail = p->tail;

	(void)context;
	if (!flip_hits(&damage, m->len))
		return true;
	bad.bytes = malloc(m->len);
	bad.len = flip_make(&damage, m->bytes, m->len, bad.bytes);
	pair_give(p, &bad);
	free(bad.bytes);
	while (p->tail != tail)
		free(p->queue[--p->tail % PAIR_QUEUE_MAX].bytes);
	return true;
}

/* Every bit turned, every message cut: what is protected is not believed, and a redirect that names
 * another gateway by it leads back. */
static void flipped(void *context)
{
	unsigned kind = *(const unsigned *)context;
	struct pair *p = three(true);

	if (kind == 2)
		dial(p);
	p->filter = spoil;
	order(p, B, kind == 1 ? 2 : 0, where[0]);
	if (kind != 2)
		dial(p);
	pair_pass(p, LS_S(3));
	if (kind == 2) {
		arrived(p);
	} else if (!is_at(p, C)) {
		/* In IKE_SA_INIT nobody vouches for the gateway, nor for anything else. */
		p->filter = NULL;
		pair_pass(p, LS_S(100));
		if (p->side[A].sas == 0)
			dial(p);
		pair_pass(p, LS_S(5));
		ck_assert(p->side[A].sas == 1 && pair_established(&p->side[A]) == 1);
	}
	pair_free(p);
}

START_TEST(flips)
{
	static const unsigned messages[] = {2, 4, 2};
	unsigned kind = (unsigned)_i;

	ck_assert_uint_eq(flip_all(&damage, messages[kind], IKE_HEADER_SIZE, flipped, &kind),
	                  messages[kind]);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("ike redirect");

	tcase_add_loop_test(t, in_ike_sa_init, 0, 2);
	tcase_add_loop_test(t, in_ike_auth, 0, 2);
	tcase_add_loop_test(t, in_a_session, 0, 8);
	tcase_add_test(t, ordered_again);
	tcase_add_test(t, unasked_or_malformed);
	tcase_add_loop_test(t, who_does_not_follow_stays, 0, 2);
	tcase_add_test(t, refused_in_a_session);
	tcase_add_loop_test(t, loops, 0, 2);
	tcase_add_loop_test(t, not_there, 0, 8);
	tcase_add_loop_test(t, not_there_in_a_session, 0, 4);
	tcase_add_loop_test(t, not_the_same_peer, 0, 12);
	tcase_add_loop_test(t, stays_there, 0, 4);
	tcase_add_loop_test(t, back_when_it_dies, 0, 2);
	tcase_add_loop_test(t, full, 0, 4);
	tcase_add_loop_test(t, lost, 0, 18);
	tcase_add_loop_test(t, flips, 0, 3);
	tcase_set_timeout(t, 600);
	return run_cases("ike redirect", t);
}
