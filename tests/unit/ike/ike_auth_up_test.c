/* A tunnel is up: what becomes of older and simultaneous IKE SAs with the same peer. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

/* Once the peer has the answer it may call: whom it calls knows by then that the chain is up. */
START_TEST(up_is_told_before_the_answer_goes)
{
	struct pair *p = pair_new();

	pair_up(p);
	ck_assert_uint_eq(p->sent[1], 2);
	ck_assert_uint_eq(pair_last(&p->side[1], IKE_REQ_UP)->sent, 1);
	pair_free(p);
}
END_TEST

/* Both call at the same time: one IKE SA is left, both ends know the same chain last. */
START_TEST(both_call_at_once)
{
	for (unsigned seed = 0; seed < 12; seed++) {
		struct pair *p = pair_new();

		for (unsigned i = 0; i < 2; i++)
			p->side[i].random =
				ls_random_from_seed(&p->side[i].seeded, 1000 + 2 * seed + i);
		ike_start(p->side[0].ike, 1, p->now);
		ike_start(p->side[1].ike, 2, p->now);
		pair_pass(p, LS_S(20));
		ck_assert_uint_eq(pair_established(&p->side[0]), 1);
		ck_assert_uint_eq(pair_established(&p->side[1]), 1);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		for (unsigned i = 0; i < 2; i++) {
			ck_assert_uint_eq(pair_last(&p->side[i], IKE_REQ_UP)->chain,
			                  p->side[i].sa[0].chain);
			for (unsigned k = 0; k < p->side[i].notes; k++)
				if (p->side[i].note[k].kind == IKE_REQ_DOWN)
					ck_assert_uint_ne(p->side[i].note[k].chain,
					                  p->side[i].sa[0].chain);
		}
		pair_free(p);
	}
}
END_TEST

/* The engine of A was restarted: its INITIAL_CONTACT lets the new chain take over from the old one.
 */
START_TEST(initial_contact)
{
	struct pair *p = pair_new();
	const struct pair_note *up;
	struct ike_peer a;
	uint32_t old_chain;

	pair_up(p);
	old_chain = pair_last(&p->side[1], IKE_REQ_UP)->chain;
	ike_free(p->side[0].ike);
	p->side[0].ike = ike_new(NULL, &p->side[0].random);
	p->side[0].sas = 0;
	a = pair_peer(p, 0);
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	up = pair_last(&p->side[1], IKE_REQ_UP);
	ck_assert(up->continued);
	ck_assert_uint_eq(up->old_chain, old_chain);
	ck_assert_uint_ne(up->chain, old_chain);
	ck_assert_uint_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->chain, old_chain);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_REPLACED);
	/* UP comes before the DOWN of the old one, so that what ran on it can move. */
	ck_assert(up < pair_last(&p->side[1], IKE_REQ_DOWN));
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* A responder with many callers under one group identity: an INITIAL_CONTACT of one does not touch
 * another. */
START_TEST(initial_contact_of_another)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);

	b.remote_id = pair_id("*.example");
	pair_set(p, 1, &b);
	pair_up(p);
	a.tunnel = 5;
	a.local_id = pair_id("a2.example");
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 5, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_UP), 2);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
	ck_assert(!pair_last(&p->side[1], IKE_REQ_UP)->continued);
	ck_assert_uint_eq(pair_check_sas(p), 2);
	pair_free(p);
}
END_TEST

/* The peer was faster: our call that nobody has answered yet is given up, and is no failure. */
START_TEST(call_forestalled)
{
	struct pair *p = pair_new();

	ike_start(p->side[0].ike, 1, p->now);
	pair_cross(p);
	pair_drop(p);
	ck_assert_int_eq(forge_sa(p, 0)->state, IKE_S_INIT);
	ike_start(p->side[1].ike, 2, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
	ck_assert(!forge_sa(p, 0)->initiator);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
	pair_no_down(p);
	ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_DUPLICATE), 1);
	pair_free(p);
}
END_TEST

/* A call to another tunnel is none of this one's business. */
START_TEST(other_calls_go_on)
{
	struct pair *p = pair_new();
	struct ike_peer other = pair_peer(p, 0);

	other.tunnel = 5;
	other.remote_id = pair_id("z.example");
	other.remote[0] = pair_ip("203.0.113.9");
	pair_set(p, 0, &other);
	ike_start(p->side[0].ike, 5, p->now);
	ike_start(p->side[1].ike, 2, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 2);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	pair_no_down(p);
	pair_free(p);
}
END_TEST

/* A second call without INITIAL_CONTACT, later: both stand, the new chain names the old one, and
 * nothing is closed. */
START_TEST(without_initial_contact)
{
	struct pair *p = pair_new();
	uint32_t old_chain;

	pair_up(p);
	old_chain = pair_last(&p->side[1], IKE_REQ_UP)->chain;
	pair_pass(p, LS_S(5));
	ck_assert_int_eq(ike_init_dial(p->side[0].ike, p->side[0].ike->peers, 0, false),
	                 CAUSE_NONE);
	pair_run(p);
	for (unsigned i = 0; i < 2; i++) {
		const struct pair_note *up = pair_last(&p->side[i], IKE_REQ_UP);

		ck_assert_uint_eq(pair_count(&p->side[i], IKE_REQ_UP), 2);
		ck_assert(up->continued && up->old_chain == old_chain && up->chain != old_chain);
	}
	pair_no_down(p);
	ck_assert_uint_eq(pair_check_sas(p), 2);
	ck_assert_uint_eq(pair_established(&p->side[0]), 2);
	pair_free(p);
}
END_TEST

/* Crossing calls of any nonces: one of the two IKE SAs is left, its initiator closed the other. */
START_TEST(loser_is_closed_by_its_initiator)
{
	unsigned left[2] = {0, 0};

	for (unsigned seed = 0; seed < 8; seed++) {
		struct pair *p = pair_new();

		for (unsigned i = 0; i < 2; i++)
			p->side[i].random =
				ls_random_from_seed(&p->side[i].seeded, 3000 + 2 * seed + i);
		ike_start(p->side[0].ike, 1, p->now);
		ike_start(p->side[1].ike, 2, p->now);
		pair_pass(p, LS_S(20));
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
		ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
		ck_assert_uint_eq(forge_sa(p, 0)->spi_i, forge_sa(p, 1)->spi_i);
		left[forge_sa(p, 0)->initiator]++;
		pair_free(p);
	}
	ck_assert(left[0] > 0 && left[1] > 0);
}
END_TEST

IKE_MAIN("ike auth up", up_is_told_before_the_answer_goes, both_call_at_once, initial_contact,
         initial_contact_of_another, call_forestalled, other_calls_go_on, without_initial_contact,
         loser_is_closed_by_its_initiator)
