/* CREATE_CHILD_SA for pairs: successors and new chains by either side, and how these cross each
 * other and Deletes (RFC 7296 2.8, 2.25.1). */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

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
			old = pair_first_spi(p, side);
			chain = p->side[side].sa[0].chain;
			ike_child_expiring(p->side[side].ike, old, p->now);
			ike_child_expiring(p->side[side].ike, old, p->now);
			pair_run(p);
			pair_settled(p);
			ck_assert_uint_ne(pair_first_spi(p, side), old);
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
	old = pair_first_spi(p, 1);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
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
	pair_settled(p);
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
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	pair_settled(p);
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
		ike_child_expiring(p->side[1].ike, pair_first_spi(p, 1), p->now);
		pair_run(p);
		if (insist) {
			ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_IKE_REKEY_TRIED));
			ck_assert_uint_eq(pair_check_sas(p), 1);
			ck_assert(!p->side[0].sa[0].child.replaces);
			pair_no_down(p);
		} else {
			pair_settled(p);
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
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		ike_child_expiring(p->side[1].ike, pair_first_spi(p, 1), p->now);
		pair_cross(p);
		pair_run(p);
		pair_settled(p);
		ck_assert_uint_eq(p->side[0].sa[0].chain, chain);
		ck_assert(p->side[0].sa[0].child.replaces);
		kept[p->side[0].sa[0].child.initiator]++;
		pair_free(p);
	}
	ck_assert_uint_gt(kept[0], 0);
	ck_assert_uint_gt(kept[1], 0);
}
END_TEST

/* The same with each message lost once: retransmissions, and collisions that only one side sees. */
START_TEST(child_simultaneous_with_losses)
{
	for (unsigned side = 0; side < 2; side++)
		for (unsigned nth = 0; nth < 5; nth++)
			for (unsigned seed = 0; seed < 4; seed++) {
				struct pair_lose lose = {.side = side, .nth = nth};
				struct pair *p = pair_new();

				for (unsigned i = 0; i < 2; i++)
					p->side[i].random = ls_random_from_seed(&p->side[i].seeded,
					                                        900 + 2 * seed + i);
				pair_up(p);
				p->filter = pair_lose_nth;
				p->context = &lose;
				ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
				ike_child_expiring(p->side[1].ike, pair_first_spi(p, 1), p->now);
				pair_cross(p);
				pair_pass(p, LS_S(20));
				pair_settled(p);
				pair_free(p);
			}
}
END_TEST

/* 2.8.1's second story: only one side notices. B's request is lost, A's goes all the way; then B's
 * comes again. */
START_TEST(child_noticed_by_one)
{
	struct pair_lose lose = {.side = 1, .nth = 0};
	struct pair *p = pair_new();

	pair_up(p);
	p->filter = pair_lose_nth;
	p->context = &lose;
	ike_child_expiring(p->side[1].ike, pair_first_spi(p, 1), p->now);
	pair_run(p);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	pair_pass(p, LS_S(20));
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* 2.25.1: one rekeys a pair while the other deletes it. */
START_TEST(child_rekey_crosses_delete)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		pair_up(p);
		ike_child_expiring(p->side[side].ike, pair_first_spi(p, side), p->now);
		ike_child_expired(p->side[1 - side].ike, pair_first_spi(p, 1 - side), p->now);
		pair_cross(p);
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
		ike_child_expiring(p->side[side].ike, pair_first_spi(p, side), p->now);
		ike_child_expired(p->side[side].ike, pair_first_spi(p, side), p->now);
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

/* And no successor comes: it does not stay for ever. */
START_TEST(child_expires_and_its_rekey_fails)
{
	struct pair *p = pair_new();

	pair_up(p);
	p->filter = pair_lose_all;
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	ike_child_expired(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_pass(p, LS_S(11));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_REKEY_FAILED);
	ck_assert_uint_eq(p->side[0].sas, 0);
	pair_free(p);
}
END_TEST

/* The peer has forgotten the pair: CHILD_SA_NOT_FOUND ends the chain, the owner may dial anew. */
START_TEST(child_not_found)
{
	struct pair_lose lose = {.side = 1, .nth = 0};
	struct pair *p = pair_new();

	pair_up(p);
	p->filter = pair_lose_nth;
	p->context = &lose;
	/* B's Delete is lost, and while it waits A wants to rekey. */
	ike_child_expired(p->side[1].ike, pair_first_spi(p, 1), p->now);
	pair_run(p);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
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
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		pair_run(p);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_no_down(p);
		/* The second try, later, succeeds. */
		p->side[side].refuse_install = false;
		pair_pass(p, LS_S(60));
		pair_settled(p);
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
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].held_count, 1);
	ike_child_expired(p->side[1].ike, pair_first_spi(p, 1), p->now);
	pair_run(p);
	pair_release_held(&p->side[0]);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas, p->side[1].sas);
	pair_check_sas(p);
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

/* A rekey from A by hand: of that pair of ours, with a nonce. */
static void rekey_request(struct pair *p, uint32_t spi, uint8_t size, uint32_t id)
{
	static const uint8_t nonce[32] = {1};
	struct ike_proposal esp = pair_child_proposal(ALGO_AES256_GCM, ALGO_NONE, true);
	struct ike_build b = forge_build();
	uint8_t bytes[8] = {0};

	ls_put32(bytes, spi);
	ike_build_notify(&b, IKE_PROTO_ESP, IKE_N_REKEY_SA, LS_BYTES(bytes, size),
	                 LS_BYTES(NULL, 0));
	forge_esp(&b, &esp, 1, 0x1000 + id, IKE_KE_PFS);
	ike_build_bytes(&b, IKE_P_NONCE, LS_BYTES(nonce, sizeof nonce));
	forge_ts(&b, &p->side[0].ip, &p->side[1].ip);
	ike_build_flag(&b, IKE_N_USE_TRANSPORT_MODE);
	forge_request(p, 0, IKE_X_CHILD, id, &b);
}

/* 2.25: a pair that is not there is named in CHILD_SA_NOT_FOUND; one that has a successor already,
 * or goes, is not rekeyed now. */
START_TEST(rekey_of_what)
{
	struct pair *p = pair_new();
	struct ike_payloads in;
	struct ike_header h;
	uint32_t spi;

	pair_up(p);
	spi = pair_first_spi(p, 0);
	for (uint32_t i = 0; i < 3; i++) {
		rekey_request(p,
		              i == 0   ? spi ^ 1
		              : i == 1 ? pair_first_spi(p, 1)
		                       : spi,
		              i == 2 ? 8 : 4, 2 + i);
		forge_newest(p, &h, &in);
		ck_assert(in.notifies == 1 && !in.sa.p);
		ck_assert_uint_eq(in.notify[0].type, IKE_N_CHILD_SA_NOT_FOUND);
		ck_assert_uint_eq(in.notify[0].protocol, IKE_PROTO_ESP);
		ck_assert_uint_eq(in.notify[0].spi.len, i == 2 ? 8 : 4);
	}
	rekey_request(p, spi, 4, 5);
	forge_newest(p, &h, &in);
	ck_assert(in.sa.p && in.nonce.p);
	ck_assert_uint_eq(p->side[1].sas, 2);
	ck_assert_uint_eq(p->side[1].sa[1].chain, p->side[1].sa[0].chain);
	ck_assert(p->side[1].sa[1].child.replaces);
	rekey_request(p, spi, 4, 6);
	forge_answered(p, p->tail - 1, IKE_N_TEMPORARY_FAILURE);
	ck_assert_uint_eq(p->side[1].sas, 2);
	pair_no_down(p);
	pair_free(p);
	/* One that is being deleted. */
	p = pair_new();
	pair_up(p);
	ike_delete_child(forge_sa(p, 1), forge_sa(p, 1)->children, CAUSE_IDLE);
	rekey_request(p, pair_first_spi(p, 0), 4, 2);
	forge_answered(p, p->tail - 1, IKE_N_TEMPORARY_FAILURE);
	pair_free(p);
}
END_TEST

/* The SAD has no SPI for us, or does not take the pair: the peer hears that there are no more, and
 * nothing is kept; as initiator it is tried again later, a quick refusal sooner than another. */
START_TEST(no_spi)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();
		struct ike_child *c;

		pair_up(p);
		p->side[side].no_spi = true;
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		pair_run(p);
		c = forge_sa(p, 0)->children;
		ck_assert_ptr_nonnull(pair_event(&p->side[0], CAUSE_IKE_REKEY_TRIED));
		ck_assert(c->rekey_at >= p->now + LS_S(33) && c->rekey_at < p->now + LS_S(37));
		ck_assert_uint_eq(pair_check_sas(p), 1);
		ck_assert_uint_eq(p->side[0].reserved - p->side[0].released, 1);
		pair_no_down(p);
		p->side[side].no_spi = false;
		pair_pass(p, LS_S(40));
		pair_settled(p);
		ck_assert(p->side[0].sa[0].child.replaces);
		pair_free(p);
	}
}
END_TEST

/* TEMPORARY_FAILURE is no news, and is tried again after a few seconds (2.25). */
START_TEST(temporary)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct ike_child *c;

	pair_up(p);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_cross(p);
	pair_drop(p);
	ike_build_flag(&b, IKE_N_TEMPORARY_FAILURE);
	forge_response(p, 1, IKE_X_CHILD, 2, &b);
	c = forge_sa(p, 0)->children;
	ck_assert(c->rekey_at >= p->now + LS_S(3) && c->rekey_at < p->now + LS_S(7));
	ck_assert_ptr_null(pair_event(&p->side[0], CAUSE_IKE_REKEY_TRIED));
	ck_assert_ptr_null(forge_sa(p, 0)->active);
	pair_free(p);
}
END_TEST

/* The group that the peer names must be one that we have offered, and it may name one once. */
START_TEST(other_groups)
{
	static const struct {
		uint16_t group;
		bool taken;
	} rows[] = {{19, true}, {21, false}, {9999, false}, {0, false}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		struct ike_payloads in;
		struct ike_header h;
		uint8_t data[2];
		unsigned tail;

		pair_up(p);
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		pair_cross(p);
		pair_drop(p);
		tail = p->tail;
		ls_put16(data, rows[i].group);
		ike_build_notify(&b, 0, IKE_N_INVALID_KE_PAYLOAD, LS_BYTES(NULL, 0),
		                 LS_BYTES(data, rows[i].group ? 2 : 0));
		forge_response(p, 1, IKE_X_CHILD, 2, &b);
		ck_assert_uint_eq(p->tail - tail, rows[i].taken);
		if (rows[i].taken) {
			forge_newest(p, &h, &in);
			ck_assert(h.id == 3 && in.ke_group == 19);
			forge_response(p, 1, IKE_X_CHILD, 3, &b);
			ck_assert_uint_eq(p->tail - tail, 1);
		}
		ck_assert_ptr_nonnull(strstr(pair_event(&p->side[0], CAUSE_IKE_REKEY_TRIED)->text,
		                             "it answered INVALID_KE_PAYLOAD"));
		pair_free(p);
	}
}
END_TEST

/* A new chain that fails: whoever waits for it hears DOWN, else it is an event. */
START_TEST(chain_fails)
{
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		struct pair *p = pair_new();

		pair_up(p);
		p->side[1].refuse_install = true;
		ike_child_create(forge_sa(p, 0), attempt);
		pair_run(p);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), attempt);
		ck_assert((pair_event(&p->side[0], CAUSE_IKE_NO_ADDITIONAL_SAS) != NULL) ==
		          !attempt);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		ck_assert_uint_eq(p->side[0].reserved - p->side[0].released, 1);
		/* Ours own SAD refuses: the peer is asked to delete what it has. */
		p->side[1].refuse_install = false;
		p->side[0].refuse_install = true;
		ike_child_create(forge_sa(p, 0), attempt);
		pair_run(p);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 2 * attempt);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		pair_free(p);
	}
}
END_TEST

/* While B makes the successor that A asked for, B's owner ends that chain (there is another): the
 * answer is TEMPORARY_FAILURE, and the pair that was just installed goes again. */
START_TEST(chain_ends_while_its_successor_is_made)
{
	struct pair *p = pair_new();
	struct pair_sa old;

	pair_up(p);
	ike_child_create(forge_sa(p, 0), false);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 2);
	old = p->side[1].sa[0];
	p->side[1].hold_install = true;
	ike_child_expiring(p->side[0].ike, old.spi_out, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[1].held_count, 1);
	ck_assert(ike_child_succession(forge_sa(p, 1), ike_child_in(forge_sa(p, 1), old.spi_in)));
	ike_chain_end(p->side[1].ike, old.chain, CAUSE_IDLE, p->now);
	pair_release_held(&p->side[1]);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

/* An IKE SA that is being rekeyed, or ends, makes no pairs (2.25.2). */
START_TEST(not_now)
{
	struct pair *p = pair_new();
	struct ike_child *c;

	pair_up(p);
	ike_rekey_start(forge_sa(p, 1));
	rekey_request(p, pair_first_spi(p, 0), 4, 2);
	forge_answered(p, p->tail - 1, IKE_N_TEMPORARY_FAILURE);
	ck_assert_uint_eq(p->side[1].sas, 1);
	pair_free(p);
	p = pair_new();
	pair_up(p);
	c = forge_sa(p, 0)->children;
	forge_sa(p, 0)->peer = NULL;
	ike_child_rekey(forge_sa(p, 0), c);
	ike_child_create(forge_sa(p, 0), true);
	ck_assert_ptr_null(forge_sa(p, 0)->active);
	forge_sa(p, 0)->peer = p->side[0].ike->peers;
	c->replaced = true;
	ike_child_rekey(forge_sa(p, 0), c);
	c->replaced = false;
	c->deleting = true;
	ike_child_rekey(forge_sa(p, 0), c);
	ck_assert_ptr_null(forge_sa(p, 0)->active);
	c->deleting = false;
	ike_child_rekey(forge_sa(p, 0), c);
	ck_assert(forge_sa(p, 0)->active && forge_sa(p, 0)->active->ops == &ike_ops_child);
	ike_child_rekey(forge_sa(p, 0), c);
	ck_assert_ptr_null(forge_sa(p, 0)->queue);
	pair_run(p);
	pair_settled(p);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike child", child_by_each_side, responder_switches_when_heard, child_invalid_ke,
         child_without_group, child_simultaneous, child_simultaneous_with_losses,
         child_noticed_by_one, child_rekey_crosses_delete, child_expires_during_its_rekey,
         child_expires_and_its_rekey_fails, child_not_found, install_refused_at_rekey,
         delete_while_installing, chains_are_bounded, rekey_of_what, no_spi, temporary,
         other_groups, chain_fails, chain_ends_while_its_successor_is_made, not_now)
