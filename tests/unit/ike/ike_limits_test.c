/* Limits of IKE SAs that change, and of how often a peer may rekey. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

#include "ike/ike_sa.h"

/* Limits that change: what is up stays and is rekeyed, the next caller is refused or let in. */
START_TEST(limits_change)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);

	b.remote_id = pair_id("*.example");
	pair_set(p, 1, &b);
	a.local_id = pair_id("a0.example");
	pair_set(p, 0, &a);
	pair_up(p);
	ike_limits_set(p->side[1].ike, &(struct ike_limits){.max_ike_sas = 1});
	a.tunnel = 10;
	a.local_id = pair_id("a1.example");
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, a.tunnel, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_established(&p->side[1]), 1);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ike_limits_set(p->side[1].ike, &(struct ike_limits){.max_ike_sas = 2});
	pair_pass(p, LS_S(20));
	ck_assert_uint_eq(pair_established(&p->side[1]), 2);
	pair_free(p);
}
END_TEST

static uint64_t too_often(const struct pair *p, unsigned side)
{
	return ike_counters(p->side[side].ike)->by_cause[CAUSE_IKE_TOO_OFTEN];
}

/* A peer that rekeys without a pause gets what a burst holds, then has to wait; its SAs stay, and
 * later it is served again. An SA that a rekey made does not begin with a burst of its own. */
START_TEST(rekeys_in_a_loop_are_slowed)
{
	for (unsigned ike = 0; ike < 2; ike++) {
		struct pair *p = pair_new();
		unsigned served = 0;
		uint32_t old;

		pair_up(p);
		for (unsigned i = 0; i < 2 * IKE_NEGOTIATIONS_BURST; i++) {
			old = pair_first_spi(p, 0);
			if (ike && i % 2)
				ike_rekey_start(p->side[0].ike->sas);
			else
				ike_child_expiring(p->side[0].ike, old, p->now);
			pair_run(p);
			if (too_often(p, 1) > 0)
				break;
			served++;
			ck_assert(i % 2 == 0 || !ike || p->side[0].ike->sas->rekeyed_from != 0);
		}
		ck_assert_uint_eq(served, IKE_NEGOTIATIONS_BURST);
		pair_settled(p);
		ck_assert_uint_eq(too_often(p, 1), 1);
		old = pair_first_spi(p, 0);
		pair_pass(p, LS_S(12));
		if (ike && served % 2)
			ck_assert_uint_ne(p->side[0].ike->sas->rekeyed_from, 0);
		else
			ck_assert_uint_ne(pair_first_spi(p, 0), old);
		ck_assert_uint_eq(too_often(p, 1), 1);
		pair_settled(p);
		pair_free(p);
	}
}
END_TEST

/* 250 MB at 1 Gbit/s: every 2 s, for an hour, and both sides at once. */
START_TEST(early_rekeys_are_served)
{
	struct pair *p = pair_new();

	pair_up(p);
	for (unsigned i = 0; i < 1800; i++) {
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		if (i % 3 == 0)
			ike_child_expiring(p->side[1].ike, pair_first_spi(p, 1), p->now);
		pair_pass(p, LS_S(2));
	}
	pair_settled(p);
	ck_assert_uint_eq(too_often(p, 0) + too_often(p, 1), 0);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike limits", limits_change, rekeys_in_a_loop_are_slowed, early_rekeys_are_served)
