/* CHILD SAs that are used up, or deleted, while or just after their successors are made. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

/* The successor that A asked for stands at B while A's SAD still works at it, and B's old pair is
 * used up: that is A's to delete, or A's chain would be without a pair. */
START_TEST(child_expires_after_its_rekey)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();
		struct pair_side *a = &p->side[side], *b = &p->side[1 - side];
		uint32_t old, chain;

		pair_up(p);
		old = pair_first_spi(p, 1 - side);
		chain = b->sa[0].chain;
		a->hold_install = true;
		ike_child_expiring(a->ike, pair_first_spi(p, side), p->now);
		pair_run(p);
		ck_assert_uint_eq(a->held_count, 1);
		ck_assert_uint_eq(b->sas, 2);
		ck_assert_uint_eq(b->sending[chain % PAIR_SAS_MAX], old);
		ike_child_expired(b->ike, old, p->now);
		pair_run(p);
		ck_assert_ptr_nonnull(pair_sa_find(b, old));
		/* There is nothing to lose by it. */
		ck_assert_uint_ne(b->sending[chain % PAIR_SAS_MAX], old);
		pair_release_held(a);
		pair_run(p);
		pair_settled(p);
		ck_assert(a->sa[0].child.replaces);
		pair_free(p);
	}
}
END_TEST

/* The same where both have rekeyed it, and where it was used up before: whoever wins, no chain
 * ends, and the loser sends on the winner's pair only when that has it. */
START_TEST(child_expires_after_both_rekeyed)
{
	unsigned kept[2] = {0, 0};

	for (unsigned seed = 0; seed < 64; seed++) {
		struct pair *p = pair_new();
		struct pair_side *a = &p->side[seed % 2], *b = &p->side[1 - seed % 2];
		bool before = seed & 2;
		uint32_t old, chain;

		for (unsigned i = 0; i < 2; i++)
			p->side[i].random =
				ls_random_from_seed(&p->side[i].seeded, 1300 + 2 * seed + i);
		pair_up(p);
		old = b->sa[0].spi_in;
		chain = b->sa[0].chain;
		ike_child_expiring(a->ike, a->sa[0].spi_in, p->now);
		ike_child_expiring(b->ike, old, p->now);
		pair_cross(p);
		/* Both answer, then A's SAD is slow. */
		while (a->sas < 2)
			ck_assert(pair_deliver_one(p));
		a->hold_install = true;
		if (before)
			ike_child_expired(b->ike, old, p->now);
		pair_run(p);
		ck_assert_uint_eq(a->held_count, 1);
		if (!before) {
			if (pair_sa_find(b, old))
				ck_assert_uint_eq(b->sending[chain % PAIR_SAS_MAX], old);
			ike_child_expired(b->ike, old, p->now);
		}
		pair_run(p);
		pair_no_down(p);
		pair_release_held(a);
		pair_run(p);
		pair_settled(p);
		ck_assert(a->sa[0].child.replaces);
		kept[a->sa[0].child.initiator]++;
		pair_free(p);
	}
	ck_assert_uint_gt(kept[0], 0);
	ck_assert_uint_gt(kept[1], 0);
}
END_TEST

/* A's own rekey is done while its SAD is still being asked for the pair that B's rekey wants: the
 * two are not noticed to collide, so that B's has to be refused. */
START_TEST(child_rekeyed_while_the_peers_is_made)
{
	for (unsigned seed = 0; seed < 32; seed++) {
		struct pair *p = pair_new();
		struct pair_side *a = &p->side[0];
		bool used_up = seed & 1;
		uint64_t first;

		for (unsigned i = 0; i < 2; i++)
			p->side[i].random =
				ls_random_from_seed(&p->side[i].seeded, 1700 + 2 * seed + i);
		pair_up(p);
		a->hold_install = true;
		ike_child_expiring(a->ike, a->sa[0].spi_in, p->now);
		ike_child_expiring(p->side[1].ike, pair_first_spi(p, 1), p->now);
		if (used_up)
			ike_child_expired(p->side[1].ike, pair_first_spi(p, 1), p->now);
		pair_cross(p);
		pair_run(p);
		ck_assert_uint_eq(a->held_count, 2);
		first = a->held[0];
		a->held[0] = a->held[1];
		a->held[1] = first;
		pair_release_held(a);
		pair_run(p);
		pair_settled(p);
		ck_assert(a->sa[0].child.initiator);
		pair_pass(p, LS_S(20));
		pair_settled(p);
		pair_free(p);
	}
}
END_TEST

/* The peer has no time for a rekey: a pair that is used up waits for the next try. */
START_TEST(child_expires_and_its_rekey_is_put_off)
{
	for (unsigned late = 0; late < 2; late++) {
		struct pair *p = pair_new();
		struct ike_sa *b;

		pair_up(p);
		b = forge_sa(p, 1);
		b->negotiated_until = ls_time_add(p->now, LS_S(10));
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		if (!late)
			ike_child_expired(p->side[0].ike, pair_first_spi(p, 0), p->now);
		pair_run(p);
		ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_TOO_OFTEN), 1);
		if (late)
			ike_child_expired(p->side[0].ike, pair_first_spi(p, 0), p->now);
		pair_pass(p, LS_S(1));
		pair_settled(p);
		ck_assert(p->side[0].sa[0].child.replaces);
		pair_free(p);
	}
}
END_TEST

/* What was on its way on a pair that has a successor does not lead back to it. */
START_TEST(heard_late)
{
	struct pair *p = pair_new();
	struct pair_lose lose = {.side = 0, .nth = 1};
	struct pair_side *b = &p->side[1];
	uint32_t second, chain;

	pair_up(p);
	chain = b->sa[0].chain;
	/* B has not heard the second pair, and the Delete of the first is lost. */
	p->filter = pair_lose_nth;
	p->context = &lose;
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	ck_assert_uint_eq(b->sas, 2);
	second = b->sa[1].spi_in;
	ike_child_expiring(b->ike, second, p->now);
	p->filter = NULL;
	while (b->sas < 3)
		ck_assert(pair_deliver_one(p));
	ck_assert_uint_eq(b->sending[chain % PAIR_SAS_MAX], b->sa[2].spi_in);
	ike_child_heard(b->ike, second, p->now);
	pair_cross(p);
	ck_assert_uint_eq(b->sending[chain % PAIR_SAS_MAX], b->sa[2].spi_in);
	pair_pass(p, LS_S(20));
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* A peer may delete the last pair of a chain while the successor is installed: the chain goes on on
 * that. If that cannot be installed, or its owner has ended the chain, it ends, once. */
START_TEST(delete_of_the_last_while_installing)
{
	enum { INSTALLED, REFUSED, ENDED, CLOSED, WAYS };

	for (unsigned way = 0; way < WAYS; way++) {
		struct pair *p = pair_new();
		struct pair_side *a = &p->side[0];
		struct ike_answer no = {.cause = CAUSE_LIMIT_REACHED};
		struct ike_sa *b;
		uint32_t chain;

		pair_up(p);
		b = forge_sa(p, 1);
		chain = a->sa[0].chain;
		a->hold_install = true;
		ike_child_expiring(a->ike, pair_first_spi(p, 0), p->now);
		pair_run(p);
		ck_assert_uint_eq(a->held_count, 1);
		ike_child_expire(b, b->children);
		pair_run(p);
		pair_no_down(p);
		ck_assert_ptr_null(forge_sa(p, 0)->children);
		if (way == ENDED)
			ike_chain_end(a->ike, chain, CAUSE_IDLE, p->now);
		else if (way == CLOSED)
			ike_stop(a->ike, 1, CAUSE_ADMIN, p->now);
		if (way == REFUSED) {
			pair_remove(a, a->sa[0].spi_in);
			ike_answer(a->ike, a->held[0], &no, p->now);
		} else {
			pair_release_held(a);
		}
		pair_run(p);
		if (way == INSTALLED) {
			pair_settled(p);
			ck_assert(forge_sa(p, 0)->children->announced);
			ike_chain_end(a->ike, chain, CAUSE_IDLE, p->now);
			pair_run(p);
		}
		ck_assert_uint_eq(a->sas + p->side[1].sas, 0);
		ck_assert_uint_eq(pair_count(a, IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
		pair_free(p);
	}
}
END_TEST

/* The same where our request is answered and the answer is lost: the peer has the successor and
 * deletes the old pair, and we have nothing until the answer comes again. Where the peer has
 * deleted the successor too, the chain has ended. */
START_TEST(delete_of_the_last_while_the_answer_is_lost)
{
	for (unsigned both = 0; both < 2; both++) {
		struct pair *p = pair_new();
		struct pair_side *a = &p->side[0];
		struct ike_sa *b;

		pair_up(p);
		b = forge_sa(p, 1);
		ike_child_expiring(a->ike, pair_first_spi(p, 0), p->now);
		pair_deliver_one(p); /* the request; */
		pair_cross(p);
		ck_assert_uint_eq(p->side[1].sas, 2);
		pair_drop(p); /* not the answer */
		if (both)
			ike_child_expire(b, b->children->next);
		ike_child_expire(b, b->children);
		pair_run(p);
		ck_assert_uint_eq(pair_count(a, IKE_REQ_DOWN), 0);
		ck_assert_ptr_null(forge_sa(p, 0)->children);
		pair_pass(p, LS_S(5));
		ck_assert_uint_eq(pair_count(a, IKE_REQ_DOWN), both);
		if (both) {
			ck_assert_int_eq(pair_last(a, IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
			ck_assert_uint_eq(a->sas + p->side[1].sas, 0);
			ck_assert_uint_eq(a->reserved - a->released, 1);
		} else {
			pair_settled(p);
			ck_assert(forge_sa(p, 0)->children->announced);
		}
		pair_free(p);
	}
}
END_TEST

IKE_MAIN("ike used up", child_expires_after_its_rekey, child_expires_after_both_rekeyed,
         child_rekeyed_while_the_peers_is_made, child_expires_and_its_rekey_is_put_off, heard_late,
         delete_of_the_last_while_installing, delete_of_the_last_while_the_answer_is_lost)
