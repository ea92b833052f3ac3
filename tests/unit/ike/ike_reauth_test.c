/* Repeated authentication: told by who is called, given in time by who calls, with the old SA there
 * until the new one has taken over (RFC 4478). */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

static struct pair *up_for(uint32_t auth_life_s)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, 1);

	c.auth_life_s = auth_life_s;
	pair_set(p, 1, &c);
	pair_up(p);
	return p;
}

static unsigned downs(const struct pair_side *s, enum ls_cause cause)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->notes; i++)
		n += s->note[i].kind == IKE_REQ_DOWN && s->note[i].cause == cause;
	return n;
}

/* As if it did not know what AUTH_LIFETIME is. */
static void deaf(struct pair *p)
{
	forge_sa(p, 0)->reauth.at = LS_NEVER;
}

/* One IKE SA and one pair at each side, again and again; what runs on a chain moves to the next. */
START_TEST(made_before_the_break)
{
	struct pair *p = up_for(60);
	uint32_t chain = pair_last(&p->side[0], IKE_REQ_UP)->chain;

	for (unsigned i = 1; i <= 10; i++) {
		const struct pair_note *up;

		pair_pass(p, LS_S(50));
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), i);
		pair_pass(p, LS_S(8));
		ck_assert_uint_eq(pair_established(&p->side[0]), 1);
		ck_assert_uint_eq(pair_established(&p->side[1]), 1);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_check_sending(p);
		for (unsigned side = 0; side < 2; side++) {
			up = pair_last(&p->side[side], IKE_REQ_UP);
			ck_assert(up->continued && up->initiator == (side == 0));
		}
		up = pair_last(&p->side[0], IKE_REQ_UP);
		ck_assert_uint_eq(up->old_chain, chain);
		chain = up->chain;
		ck_assert_uint_eq(downs(&p->side[0], CAUSE_IKE_AUTH_RENEWED), i);
		/* From the last UP on. */
		pair_pass(p, forge_sa(p, 0)->established - p->now);
	}
	ck_assert_uint_eq(downs(&p->side[1], CAUSE_IKE_AUTH_EXPIRED), 0);
	pair_free(p);
}
END_TEST

/* Without a new proof it ends when the time is over, and not before; a rekey is no proof. */
START_TEST(ended_where_no_proof_comes)
{
	for (unsigned rekeys = 0; rekeys < 2; rekeys++) {
		struct pair *p = pair_new();
		struct ike_peer c = pair_peer(p, 1), a = pair_peer(p, 0);

		c.auth_life_s = 300;
		a.ike_life_s = rekeys ? 100 : 1000;
		pair_set(p, 1, &c);
		pair_set(p, 0, &a);
		pair_up(p);
		deaf(p);
		pair_pass(p, LS_S(299));
		ck_assert_uint_eq(pair_established(&p->side[1]), 1);
		ck_assert(!rekeys || pair_counted(&p->side[0], CAUSE_IKE_REKEYED) > 0);
		pair_pass(p, LS_S(2));
		ck_assert_uint_eq(downs(&p->side[1], CAUSE_IKE_AUTH_EXPIRED), 1);
		ck_assert_uint_eq(downs(&p->side[0], CAUSE_PEER_ASKED), 1);
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
		pair_free(p);
	}
}
END_TEST

/* And who knows it proves itself anew although its IKE SA was rekeyed meanwhile. */
START_TEST(after_a_rekey_too)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, 1), a = pair_peer(p, 0);

	c.auth_life_s = 300;
	a.ike_life_s = 100;
	pair_set(p, 1, &c);
	pair_set(p, 0, &a);
	pair_up(p);
	pair_pass(p, LS_S(310));
	ck_assert_uint_ge(pair_counted(&p->side[0], CAUSE_IKE_REKEYED), 2);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
	ck_assert_uint_eq(downs(&p->side[1], CAUSE_IKE_AUTH_EXPIRED), 0);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

static void say(struct pair *p, unsigned side, struct ls_bytes life)
{
	struct ike_build b = forge_build();

	ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_AUTH_LIFETIME, LS_BYTES(NULL, 0), life);
	forge_request(p, side, IKE_X_INFO, forge_sa(p, 1 - side)->recv_id, &b);
	pair_run(p);
}

/* In an INFORMATIONAL at any time; 0 is at once, but never in a loop. Not from who has called, and
 * not of another size. */
START_TEST(said_later)
{
	static const uint8_t zero[5];
	struct pair *p = up_for(0);

	pair_pass(p, LS_S(20));
	ck_assert_int_eq(forge_sa(p, 0)->reauth.at, LS_NEVER);
	say(p, 1, LS_BYTES(zero, 3));
	say(p, 1, LS_BYTES(zero, 5));
	ck_assert_int_eq(forge_sa(p, 0)->reauth.at, LS_NEVER);
	say(p, 1, LS_BYTES(zero, 4));
	pair_pass(p, LS_S(3));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	say(p, 1, LS_BYTES(zero, 4));
	pair_pass(p, LS_S(1));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
	pair_pass(p, LS_S(6));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 3);
	say(p, 0, LS_BYTES(zero, 4));
	ck_assert_int_eq(forge_sa(p, 1)->reauth.at, LS_NEVER);
	pair_free(p);
}
END_TEST

static bool lose_calls(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	(void)context;
	return m->bytes[18] != IKE_X_INIT;
}

/* Calls that get no answer: there is time for another try; and the line goes on meanwhile. */
START_TEST(tried_again)
{
	struct pair *p = up_for(300);

	p->filter = lose_calls;
	pair_pass(p, LS_S(290));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	p->filter = NULL;
	pair_pass(p, LS_S(40));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
	pair_free(p);
}
END_TEST

/* Both ends of time are kept in a snapshot. */
START_TEST(kept_in_a_snapshot)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = up_for(60);
		struct ike_peer c = pair_peer(p, side);
		uint8_t state[65536];
		struct wr w = wr_make(state, sizeof state);

		c.auth_life_s = side ? 60 : 0;
		if (side)
			deaf(p);
		ck_assert(ike_save(p->side[side].ike, &w, p->now));
		ike_free(p->side[side].ike);
		p->side[side].ike = ike_new(NULL, &p->side[side].random);
		pair_set(p, side, &c);
		ck_assert_int_eq(ike_load(p->side[side].ike, state, w.len, p->now), CAUSE_NONE);
		pair_pass(p, LS_S(62));
		if (side)
			ck_assert_uint_eq(downs(&p->side[1], CAUSE_IKE_AUTH_EXPIRED), 1);
		else
			ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
		pair_free(p);
	}
}
END_TEST

IKE_MAIN("ike reauth", made_before_the_break, ended_where_no_proof_comes, after_a_rekey_too,
         said_later, tried_again, kept_in_a_snapshot)
