/* Rekeying of CHILD SAs and of the IKE SA, deletes, and every way in which these can cross each
 * other (RFC 7296 2.8, 2.25). */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

#include "ike/ike_sa.h"

#include <stdio.h>

static uint32_t first_spi(const struct pair *p, unsigned side)
{
	return p->side[side].sa[0].spi_in;
}

static void no_down(const struct pair *p)
{
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
}

/* One pair is left in one chain, both send on it, and nobody was told that anything ended. */
static void settled(struct pair *p)
{
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_check_sending(p);
	no_down(p);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	ck_assert_uint_eq(pair_established(&p->side[1]), 1);
}

/* Takes what both engines have to say now, without delivering: so that requests cross. */
static void cross(struct pair *p)
{
	pair_pump(&p->side[0]);
	pair_pump(&p->side[1]);
}

START_TEST(child_by_each_side)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned pfs = 0; pfs < 2; pfs++) {
			struct pair *p = pair_new();
			uint32_t old, chain;

			for (unsigned i = 0; i < 2 && !pfs; i++) {
				struct ike_peer c = pair_peer(p, i);

				c.child_count = 1;
				c.child[0] = (struct ike_proposal){
					.count = 1, .algo = {ALGO_AES256_GCM}, .no_esn = true};
				pair_set(p, i, &c);
			}
			pair_up(p);
			old = first_spi(p, side);
			chain = p->side[side].sa[0].chain;
			ike_child_expiring(p->side[side].ike, old, p->now);
			ike_child_expiring(p->side[side].ike, old, p->now);
			pair_run(p);
			settled(p);
			ck_assert_uint_ne(first_spi(p, side), old);
			ck_assert_uint_eq(p->side[side].sa[0].chain, chain);
			ck_assert(p->side[side].sa[0].child.replaces &&
			          p->side[1 - side].sa[0].child.replaces);
			ck_assert(p->side[side].sa[0].child.initiator &&
			          !p->side[1 - side].sa[0].child.initiator);
			ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
			pair_free(p);
		}
}
END_TEST

/* The responder switches when the new pair is used, not before (trap 24); then at the latest with
 * the delete. */
START_TEST(responder_switches_when_heard)
{
	struct pair *p = pair_new();
	uint32_t old, fresh;

	pair_up(p);
	old = first_spi(p, 1);
	ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
	for (unsigned i = 0; i < 2; i++)
		pair_deliver_one(p);
	/* A has its response and has switched; B has installed, and still sends on the old pair. */
	ck_assert_uint_eq(p->side[1].sas, 2);
	ck_assert_uint_eq(p->side[1].sending[p->side[1].sa[0].chain], old);
	fresh = p->side[1].sa[1].spi_in;
	ike_child_heard(p->side[1].ike, fresh, p->now);
	pair_pump(&p->side[1]);
	ck_assert_uint_eq(p->side[1].sending[p->side[1].sa[0].chain], fresh);
	pair_run(p);
	settled(p);
	pair_free(p);
}
END_TEST

/* One side insists on a new key exchange with a group that the other has only second. */
START_TEST(child_invalid_ke)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);

	a.child_count = b.child_count = 1;
	a.child[0] = (struct ike_proposal){
		.count = 3, .algo = {ALGO_AES256_GCM, ALGO_X25519, ALGO_ECP256}, .no_esn = true};
	b.child[0] = (struct ike_proposal){
		.count = 2, .algo = {ALGO_AES256_GCM, ALGO_ECP256}, .no_esn = true};
	pair_set(p, 0, &a);
	pair_set(p, 1, &b);
	pair_up(p);
	ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
	pair_run(p);
	settled(p);
	ck_assert(p->side[0].sa[0].child.replaces);
	pair_free(p);
}
END_TEST

/* The peer has no group for CHILD SAs: ours, which prefers one, goes without; one that insists does
 * not. */
START_TEST(child_without_group)
{
	for (unsigned insist = 0; insist < 2; insist++) {
		struct pair *p = pair_new();
		struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);

		b.child_count = 1;
		b.child[0] = (struct ike_proposal){
			.count = 1, .algo = {ALGO_AES256_GCM}, .no_esn = true};
		if (insist) {
			a.child_count = 1;
			a.child[0] = (struct ike_proposal){
				.count = 2, .algo = {ALGO_AES256_GCM, ALGO_X25519}, .no_esn = true};
		}
		pair_set(p, 0, &a);
		pair_set(p, 1, &b);
		pair_up(p);
		ike_child_expiring(p->side[1].ike, first_spi(p, 1), p->now);
		pair_run(p);
		if (insist) {
			ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_IKE_REKEY_TRIED));
			ck_assert_uint_eq(pair_check_sas(p), 1);
			ck_assert(!p->side[0].sa[0].child.replaces);
			no_down(p);
		} else {
			settled(p);
			ck_assert(p->side[0].sa[0].child.replaces);
		}
		pair_free(p);
	}
}
END_TEST

/* 2.8.1: both rekey the same pair at once; several nonces, so that each side loses sometimes. */
START_TEST(child_simultaneous)
{
	unsigned kept[2] = {0, 0};

	for (unsigned seed = 0; seed < 16; seed++) {
		struct pair *p = pair_new();
		uint32_t chain;

		for (unsigned i = 0; i < 2; i++)
			p->side[i].random =
				ls_random_from_seed(&p->side[i].seeded, 500 + 2 * seed + i);
		pair_up(p);
		chain = p->side[0].sa[0].chain;
		ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
		ike_child_expiring(p->side[1].ike, first_spi(p, 1), p->now);
		cross(p);
		pair_run(p);
		settled(p);
		ck_assert_uint_eq(p->side[0].sa[0].chain, chain);
		ck_assert(p->side[0].sa[0].child.replaces);
		kept[p->side[0].sa[0].child.initiator]++;
		pair_free(p);
	}
	ck_assert_uint_gt(kept[0], 0);
	ck_assert_uint_gt(kept[1], 0);
}
END_TEST

struct lose {
	unsigned side, nth, seen;
};

static bool lose_nth(struct pair *p, struct pair_message *m, void *context)
{
	struct lose *l = context;

	(void)p;
	return m->side != l->side || l->seen++ != l->nth;
}

/* The same with each message lost once: retransmissions, and collisions that only one side sees. */
START_TEST(child_simultaneous_with_losses)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned nth = 0; nth < 5; nth++)
			for (unsigned seed = 0; seed < 4; seed++) {
				struct lose lose = {.side = side, .nth = nth};
				struct pair *p = pair_new();

				for (unsigned i = 0; i < 2; i++)
					p->side[i].random = ls_random_from_seed(&p->side[i].seeded,
					                                        900 + 2 * seed + i);
				pair_up(p);
				p->filter = lose_nth;
				p->context = &lose;
				ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
				ike_child_expiring(p->side[1].ike, first_spi(p, 1), p->now);
				cross(p);
				pair_pass(p, LS_S(20));
				settled(p);
				pair_free(p);
			}
}
END_TEST

/* 2.8.1's second story: only one side notices. B's request is lost, A's goes all the way; then B's
 * comes again. */
START_TEST(child_noticed_by_one)
{
	struct lose lose = {.side = 1, .nth = 0};
	struct pair *p = pair_new();

	pair_up(p);
	p->filter = lose_nth;
	p->context = &lose;
	ike_child_expiring(p->side[1].ike, first_spi(p, 1), p->now);
	pair_run(p);
	ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
	pair_run(p);
	pair_pass(p, LS_S(20));
	settled(p);
	pair_free(p);
}
END_TEST

/* 2.25.1: one rekeys a pair while the other deletes it. */
START_TEST(child_rekey_crosses_delete)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		pair_up(p);
		ike_child_expiring(p->side[side].ike, first_spi(p, side), p->now);
		ike_child_expired(p->side[1 - side].ike, first_spi(p, 1 - side), p->now);
		cross(p);
		pair_run(p);
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(p->side[side].reserved - p->side[side].released, 1);
		pair_free(p);
	}
}
END_TEST

/* A fast line uses its pair up while the successor is being made: it waits for that. */
START_TEST(child_expires_during_its_rekey)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		pair_up(p);
		ike_child_expiring(p->side[side].ike, first_spi(p, side), p->now);
		ike_child_expired(p->side[side].ike, first_spi(p, side), p->now);
		pair_run(p);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_pass(p, LS_S(20));
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
		ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_free(p);
	}
}
END_TEST

static bool lose_all(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	(void)m;
	(void)context;
	return false;
}

/* And no successor comes: it does not stay for ever. */
START_TEST(child_expires_and_its_rekey_fails)
{
	struct pair *p = pair_new();

	pair_up(p);
	p->filter = lose_all;
	ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
	ike_child_expired(p->side[0].ike, first_spi(p, 0), p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_pass(p, LS_S(11));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_REKEY_FAILED);
	ck_assert_uint_eq(p->side[0].sas, 0);
	pair_free(p);
}
END_TEST

/* 1.4.1: both delete the same pair at once: neither names it in its answer, both forget it once. */
START_TEST(deletes_cross)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_child_expired(p->side[0].ike, first_spi(p, 0), p->now);
	ike_child_expired(p->side[1].ike, first_spi(p, 1), p->now);
	cross(p);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

/* The peer has forgotten the pair: CHILD_SA_NOT_FOUND ends the chain, the owner may dial anew. */
START_TEST(child_not_found)
{
	struct lose lose = {.side = 1, .nth = 0};
	struct pair *p = pair_new();

	pair_up(p);
	p->filter = lose_nth;
	p->context = &lose;
	/* B's Delete is lost, and while it waits A wants to rekey. */
	ike_child_expired(p->side[1].ike, first_spi(p, 1), p->now);
	pair_run(p);
	ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
	pair_run(p);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_CHILD_NOT_FOUND);
	ck_assert_uint_eq(p->side[0].sas, 0);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(5));
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	pair_free(p);
}
END_TEST

START_TEST(install_refused_at_rekey)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		pair_up(p);
		p->side[side].refuse_install = true;
		ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
		pair_run(p);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		no_down(p);
		/* The second try, later, succeeds. */
		p->side[side].refuse_install = false;
		pair_pass(p, LS_S(60));
		settled(p);
		ck_assert(p->side[0].sa[0].child.replaces);
		pair_free(p);
	}
}
END_TEST

/* The successor is being installed, slowly, while the peer deletes the old pair. */
START_TEST(delete_while_installing)
{
	struct pair *p = pair_new();

	pair_up(p);
	p->side[0].hold_install = true;
	ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].held_count, 1);
	ike_child_expired(p->side[1].ike, first_spi(p, 1), p->now);
	pair_run(p);
	pair_release_held(&p->side[0]);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas, p->side[1].sas);
	pair_check_sas(p);
	pair_free(p);
}
END_TEST

static uint64_t ike_spi(const struct pair_side *s)
{
	struct ike_sa_view v;

	for (unsigned i = 0; ike_sa_view(s->ike, i, &v); i++)
		if (strcmp(v.state, "established") == 0)
			return v.spi_i;
	return 0;
}

/* Time makes the IKE SA rekey; children go along, the roles may turn, message ids start at 0. */
START_TEST(ike_by_each_side)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();
		struct ike_peer c = pair_peer(p, side);
		uint64_t before;
		uint32_t child;

		c.ike_life_s = 600;
		pair_set(p, side, &c);
		pair_up(p);
		before = ike_spi(&p->side[0]);
		child = first_spi(p, 0);
		pair_pass(p, LS_S(600));
		settled(p);
		ck_assert_uint_ne(ike_spi(&p->side[0]), before);
		ck_assert_uint_eq(ike_spi(&p->side[0]), ike_spi(&p->side[1]));
		ck_assert_uint_eq(first_spi(p, 0), child);
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
		/* And the new one works: a child rekey from both sides. */
		ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
		pair_run(p);
		ike_child_expiring(p->side[1].ike, first_spi(p, 1), p->now);
		pair_run(p);
		settled(p);
		pair_free(p);
	}
}
END_TEST

/* Many lives one after the other. */
START_TEST(ike_again_and_again)
{
	struct pair *p = pair_new();

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.ike_life_s = 300;
		pair_set(p, i, &c);
	}
	pair_up(p);
	for (unsigned i = 0; i < 20; i++) {
		pair_pass(p, LS_S(120));
		ike_child_expiring(p->side[i % 2].ike, first_spi(p, i % 2), p->now);
		pair_pass(p, LS_S(13));
		settled(p);
	}
	pair_free(p);
}
END_TEST

static void both_rekey_ike(struct pair *p)
{
	/* Both lives are set so that the soft times are reached by one jump. */
	p->now += LS_S(1000);
	ike_tick(p->side[0].ike, p->now);
	ike_tick(p->side[1].ike, p->now);
	cross(p);
}

static struct pair *short_lived(unsigned seed)
{
	struct pair *p = pair_new();

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		p->side[i].random = ls_random_from_seed(&p->side[i].seeded, seed + i);
		c.ike_life_s = 1200;
		c.dpd_idle_s = 100000;
		pair_set(p, i, &c);
	}
	pair_up(p);
	return p;
}

/* 2.8.2: both rekey the IKE SA at once. */
START_TEST(ike_simultaneous)
{
	for (unsigned seed = 0; seed < 12; seed++) {
		struct pair *p = short_lived(4000 + 2 * seed);
		uint64_t before = ike_spi(&p->side[0]);

		both_rekey_ike(p);
		pair_pass(p, LS_S(15));
		settled(p);
		ck_assert_uint_ne(ike_spi(&p->side[0]), before);
		ck_assert_uint_eq(ike_spi(&p->side[0]), ike_spi(&p->side[1]));
		pair_pass(p, LS_S(70));
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
		ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
		pair_free(p);
	}
}
END_TEST

START_TEST(ike_simultaneous_with_losses)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned nth = 0; nth < 5; nth++)
			for (unsigned seed = 0; seed < 4; seed++) {
				struct lose lose = {.side = side, .nth = nth};
				struct pair *p = short_lived(6000 + 2 * seed);

				p->filter = lose_nth;
				p->context = &lose;
				both_rekey_ike(p);
				pair_pass(p, LS_S(100));
				settled(p);
				ck_assert_uint_eq(ike_spi(&p->side[0]), ike_spi(&p->side[1]));
				pair_free(p);
			}
}
END_TEST

/* 2.25.2: a child rekey and an IKE rekey cross: TEMPORARY_FAILURE for one or both, and all is done
 * in the end. */
START_TEST(ike_rekey_crosses_child_rekey)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();
		struct ike_peer c = pair_peer(p, side);
		uint64_t before;
		uint32_t child;

		c.ike_life_s = 1200;
		c.dpd_idle_s = 100000;
		pair_set(p, side, &c);
		pair_up(p);
		before = ike_spi(&p->side[0]);
		child = first_spi(p, 0);
		p->now += LS_S(1000);
		ike_tick(p->side[side].ike, p->now);
		ike_child_expiring(p->side[1 - side].ike, first_spi(p, 1 - side), p->now);
		cross(p);
		pair_pass(p, LS_S(60));
		settled(p);
		ck_assert_uint_ne(ike_spi(&p->side[0]), before);
		ck_assert_uint_ne(first_spi(p, 0), child);
		pair_free(p);
	}
}
END_TEST

/* One rekeys the IKE SA, the other closes it: closing wins. */
START_TEST(ike_rekey_crosses_close)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, 0);

	c.ike_life_s = 1200;
	c.dpd_idle_s = 100000;
	pair_set(p, 0, &c);
	pair_up(p);
	p->now += LS_S(1000);
	ike_tick(p->side[0].ike, p->now);
	ike_stop(p->side[1].ike, 2, CAUSE_ADMIN, p->now);
	cross(p);
	pair_pass(p, LS_S(200));
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

/* Both close at once. */
START_TEST(closes_cross)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	ike_stop(p->side[1].ike, 2, CAUSE_ADMIN, p->now);
	cross(p);
	pair_pass(p, LS_S(60));
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

START_TEST(stop_and_chain_end)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_chain_end(p->side[1].ike, p->side[1].sa[0].chain, CAUSE_IDLE, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_IDLE);
	pair_pass(p, LS_S(30));
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* The gateway was restarted: new chains for what we dial, Deletes for all. */
START_TEST(children_lost)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		pair_up(p);
		p->side[side].sas = 0;
		ike_children_lost(p->side[side].ike, p->now);
		pair_run(p);
		ck_assert_int_eq(pair_last(&p->side[side], IKE_REQ_DOWN)->cause,
		                 CAUSE_IKE_CHILDREN_LOST);
		ck_assert_uint_eq(pair_count(&p->side[1 - side], IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(pair_check_sas(p), side == 0);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), side == 0 ? 2 : 1);
		ck_assert_uint_ne(pair_last(&p->side[side], IKE_REQ_DOWN)->chain,
		                  side == 0 ? pair_last(&p->side[0], IKE_REQ_UP)->chain : 0);
		pair_free(p);
	}
}
END_TEST

START_TEST(config_changes)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);

	pair_up(p);
	a.dpd_idle_s = 77;
	pair_set(p, 0, &a);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	a.remote_id = pair_id("*.example");
	pair_set(p, 0, &a);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_CONFIG_CHANGED);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ike_peer_remove(p->side[0].ike, 1, CAUSE_CONFIG_CHANGED, p->now);
	pair_pass(p, LS_S(20));
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
}
END_TEST

/* The peer ends the pair whose successor we ask for. What is started then does not wait for that
 * successor, which nobody makes any more. */
START_TEST(start_after_a_rekey_in_vain)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_child_expiring(p->side[0].ike, p->side[0].sa[0].spi_in, p->now);
	pair_pump(&p->side[0]);
	ike_child_expired(p->side[1].ike, p->side[1].sa[0].spi_in, p->now);
	pair_pump(&p->side[1]);
	pair_deliver_one(p); /* our request, */
	pair_deliver_one(p); /* its Delete, and before its answer: */
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

START_TEST(shutdown)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_shutdown(p->side[0].ike, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	pair_free(p);
}
END_TEST

/* A peer that is who it says may not use up what is there for others: chains, */
START_TEST(chains_are_bounded)
{
	struct pair *p = pair_new();

	pair_up(p);
	for (unsigned i = 0; i < 30; i++) {
		ike_child_create(p->side[0].ike->sas, false);
		pair_run(p);
	}
	ck_assert_uint_eq(p->side[1].sas, IKE_CHILDREN_MAX);
	ck_assert_uint_eq(pair_check_sas(p), IKE_CHILDREN_MAX);
	ck_assert_uint_eq(p->side[1].reserved, IKE_CHILDREN_MAX + p->side[1].released);
	ck_assert_uint_eq(pair_established(&p->side[1]), 1);
	pair_free(p);
}
END_TEST

/* and IKE SAs. */
START_TEST(ike_sas_are_bounded)
{
	struct ike_limits limits = {.max_ike_sas_per_tunnel = 4};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);
	char name[32];

	b.remote_id = pair_id("*.example");
	pair_set(p, 1, &b);
	for (unsigned i = 0; i < 7; i++) {
		snprintf(name, sizeof name, "a%u.example", i);
		a.tunnel = 10 + i;
		a.local_id = pair_id(name);
		pair_set(p, 0, &a);
		ike_start(p->side[0].ike, a.tunnel, p->now);
		pair_run(p);
	}
	ck_assert_uint_eq(pair_established(&p->side[1]), 4);
	ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_LIMIT_REACHED));
	ck_assert_uint_eq(pair_check_sas(p), 4);
	pair_free(p);
}
END_TEST

/* The answer to a question of an SA that has ended meanwhile: the SPI is given back. */
START_TEST(spi_for_nobody)
{
	struct pair *p = pair_new();
	struct ike_request r = {0};

	pair_up(p);
	ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
	while (ike_next(p->side[0].ike, &r) && r.kind != IKE_REQ_SPI)
		;
	ck_assert_int_eq(r.kind, IKE_REQ_SPI);
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].released, 0);
	ike_answer(p->side[0].ike, r.id, &(struct ike_answer){.spi = 0x12345678}, p->now);
	while (ike_next(p->side[0].ike, &r) && r.kind != IKE_REQ_RELEASE)
		;
	ck_assert_int_eq(r.kind, IKE_REQ_RELEASE);
	ck_assert_uint_eq(r.spi_in, 0x12345678);
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
			old = first_spi(p, 0);
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
		settled(p);
		ck_assert_uint_eq(too_often(p, 1), 1);
		old = first_spi(p, 0);
		pair_pass(p, LS_S(12));
		if (ike && served % 2)
			ck_assert_uint_ne(p->side[0].ike->sas->rekeyed_from, 0);
		else
			ck_assert_uint_ne(first_spi(p, 0), old);
		ck_assert_uint_eq(too_often(p, 1), 1);
		settled(p);
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
		ike_child_expiring(p->side[0].ike, first_spi(p, 0), p->now);
		if (i % 3 == 0)
			ike_child_expiring(p->side[1].ike, first_spi(p, 1), p->now);
		pair_pass(p, LS_S(2));
	}
	settled(p);
	ck_assert_uint_eq(too_often(p, 0) + too_often(p, 1), 0);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike rekey", child_by_each_side, responder_switches_when_heard, child_invalid_ke,
         child_without_group, child_simultaneous, child_simultaneous_with_losses,
         child_noticed_by_one, child_rekey_crosses_delete, child_expires_during_its_rekey,
         child_expires_and_its_rekey_fails, deletes_cross, child_not_found,
         install_refused_at_rekey, delete_while_installing, ike_by_each_side, ike_again_and_again,
         ike_simultaneous, ike_simultaneous_with_losses, ike_rekey_crosses_child_rekey,
         ike_rekey_crosses_close, closes_cross, stop_and_chain_end, children_lost, config_changes,
         start_after_a_rekey_in_vain, shutdown, chains_are_bounded, ike_sas_are_bounded,
         spi_for_nobody, rekeys_in_a_loop_are_slowed, early_rekeys_are_served)
