/* The IKE SA's own rekey by either side, and every way in which it can cross others (RFC
 * 7296 2.8.2, 2.18, 2.25.2). */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

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
		child = pair_first_spi(p, 0);
		pair_pass(p, LS_S(600));
		pair_settled(p);
		ck_assert_uint_ne(ike_spi(&p->side[0]), before);
		ck_assert_uint_eq(ike_spi(&p->side[0]), ike_spi(&p->side[1]));
		ck_assert_uint_eq(pair_first_spi(p, 0), child);
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
		/* And the new one works: a child rekey from both sides. */
		ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
		pair_run(p);
		ike_child_expiring(p->side[1].ike, pair_first_spi(p, 1), p->now);
		pair_run(p);
		pair_settled(p);
		pair_free(p);
	}
}
END_TEST

/* The peer calls anew while its answer to our rekey is awaited: the SA that is being made is no
 * call of ours that it has forestalled. */
START_TEST(ike_rekey_and_a_call_of_the_peer)
{
	for (unsigned end = 0; end < 2; end++) {
		struct pair *p = pair_new();
		struct pair_lose lose = {.side = 0};
		struct ike_sa *old;

		pair_up(p);
		pair_pass(p, LS_S(3)); /* they do not call at once */
		old = forge_sa(p, 0);
		p->filter = pair_lose_nth;
		p->context = &lose;
		ike_rekey_start(old);
		pair_run(p);
		ck_assert_uint_eq(lose.seen, 1);
		ck_assert_int_eq(
			ike_init_dial(p->side[1].ike, ike_peer_find(p->side[1].ike, 2), 0, false),
			CAUSE_NONE);
		ike_tick(p->side[1].ike, p->now);
		pair_run(p);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
		ck_assert(ike_rekey_under_way(old) && old->active->successor &&
		          old->active->successor->state == IKE_S_INIT);
		if (end)
			ike_sa_close(old, CAUSE_ADMIN, "");
		pair_pass(p, LS_S(5));
		ck_assert_uint_eq(pair_counted(&p->side[0], CAUSE_IKE_REKEYED), !end);
		ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
		pair_pass(p, LS_S(5));
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
		ike_child_expiring(p->side[i % 2].ike, pair_first_spi(p, i % 2), p->now);
		pair_pass(p, LS_S(13));
		pair_settled(p);
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
	pair_cross(p);
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
		pair_settled(p);
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
				struct pair_lose lose = {.side = side, .nth = nth};
				struct pair *p = short_lived(6000 + 2 * seed);

				p->filter = pair_lose_nth;
				p->context = &lose;
				both_rekey_ike(p);
				pair_pass(p, LS_S(100));
				pair_settled(p);
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
		child = pair_first_spi(p, 0);
		p->now += LS_S(1000);
		ike_tick(p->side[side].ike, p->now);
		ike_child_expiring(p->side[1 - side].ike, pair_first_spi(p, 1 - side), p->now);
		pair_cross(p);
		pair_pass(p, LS_S(60));
		pair_settled(p);
		ck_assert_uint_ne(ike_spi(&p->side[0]), before);
		ck_assert_uint_ne(pair_first_spi(p, 0), child);
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
	pair_cross(p);
	pair_pass(p, LS_S(200));
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 1);
	pair_free(p);
}
END_TEST

/* One rekey, right but for one thing; as request from A, and as answer to A's own. */
enum wrong { RIGHT, NO_KE, NO_NONCE, OTHER_CIPHER, SHORT_SPI, ZERO_SPI, OTHER_GROUP, WEAK, WRONGS };

static void message(struct ike_build *b, enum wrong w)
{
	static const uint8_t nonce[32] = {1}, weak[32];
	static const uint8_t value[64] = {9};
	struct ike_proposal p =
		pair_ike_proposal(w == OTHER_CIPHER ? ALGO_AES192_GCM : ALGO_AES256_GCM, ALGO_NONE,
	                          ALGO_PRF_SHA384, ALGO_X25519);

	ike_build_begin(b, IKE_P_SA);
	ike_proposals_write(&b->w, &p, 1, IKE_PROTO_IKE, w == ZERO_SPI ? 0 : 0x5151,
	                    w == SHORT_SPI ? 4 : 8, IKE_KE_NEEDED);
	if (w != NO_NONCE)
		ike_build_bytes(b, IKE_P_NONCE, LS_BYTES(nonce, sizeof nonce));
	if (w != NO_KE)
		ike_build_ke(b, w == OTHER_GROUP ? 19 : 31,
		             w == WEAK ? LS_BYTES(weak, 32)
		                       : LS_BYTES(value, w == OTHER_GROUP ? 64 : 32));
	ike_build_end(b);
}

START_TEST(requests)
{
	static const struct {
		uint16_t notify;
		enum ls_cause cause;
	} rows[WRONGS] = {[NO_KE] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
	                  [NO_NONCE] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
	                  [OTHER_CIPHER] = {IKE_N_NO_PROPOSAL_CHOSEN, CAUSE_IKE_NO_PROPOSAL},
	                  [SHORT_SPI] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
	                  [ZERO_SPI] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_SYNTAX},
	                  [OTHER_GROUP] = {IKE_N_INVALID_KE_PAYLOAD, CAUSE_IKE_NO_GROUP},
	                  [WEAK] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_BAD_KEY_EXCHANGE}};

	for (enum wrong w = RIGHT; w < WRONGS; w++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		struct ike_payloads in;
		struct ike_header h;

		pair_up(p);
		message(&b, w);
		forge_request(p, 0, IKE_X_CHILD, 2, &b);
		forge_newest(p, &h, &in);
		ck_assert_uint_eq(p->side[1].sas, 1);
		if (w == RIGHT) {
			struct ike_sa *sa = forge_sa(p, 1);

			ck_assert(in.sa.p && in.ke_group == 31 && in.nonce.p);
			/* The children have moved, ids begin anew, the old one waits. */
			ck_assert(sa->spi_i == 0x5151 && !sa->initiator && sa->children &&
			          sa->send_id == 0 && sa->recv_id == 0);
			ck_assert_int_eq(sa->next->state, IKE_S_REKEYED);
			ck_assert_int_eq(sa->next->give_up, p->now + LS_S(IKE_REKEYED_S));
			pair_free(p);
			continue;
		}
		ck_assert_msg(in.notifies == 1 && in.notify[0].type == rows[w].notify, "%d",
		              (int)w);
		ck_assert_msg(pair_counted(&p->side[1], rows[w].cause) == 1, "%d", (int)w);
		if (w == OTHER_GROUP)
			ck_assert_uint_eq(ls_get16(in.notify[0].data.p), 31);
		ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
		ck_assert_int_eq(forge_sa(p, 1)->state, IKE_S_ESTABLISHED);
		pair_no_down(p);
		pair_free(p);
	}
}
END_TEST

/* A has asked, and B has not heard it. Gives A's old SA. */
static struct ike_sa *asked(struct pair *p)
{
	struct ike_sa *sa;

	pair_up(p);
	sa = forge_sa(p, 0);
	ike_rekey_start(sa);
	ck_assert(ike_rekey_under_way(sa) && sa->active->successor);
	pair_cross(p);
	pair_drop(p);
	return sa;
}

START_TEST(responses)
{
	static const enum ls_cause causes[WRONGS] = {[NO_KE] = CAUSE_IKE_SYNTAX,
	                                             [NO_NONCE] = CAUSE_IKE_SYNTAX,
	                                             [OTHER_CIPHER] = CAUSE_IKE_BAD_CHOICE,
	                                             [SHORT_SPI] = CAUSE_IKE_BAD_CHOICE,
	                                             [ZERO_SPI] = CAUSE_IKE_BAD_CHOICE,
	                                             [OTHER_GROUP] = CAUSE_IKE_BAD_CHOICE,
	                                             [WEAK] = CAUSE_IKE_BAD_KEY_EXCHANGE};

	for (enum wrong w = RIGHT; w < WRONGS; w++) {
		struct pair *p = pair_new();
		struct ike_sa *sa = asked(p);
		struct ike_build b = forge_build();
		const struct pair_note *event;

		message(&b, w);
		forge_response(p, 1, IKE_X_CHILD, 2, &b);
		if (w == RIGHT) {
			ck_assert_uint_eq(forge_sa(p, 0)->spi_r, 0x5151);
			ck_assert_ptr_nonnull(forge_sa(p, 0)->children);
			ck_assert_int_eq(sa->state, IKE_S_DELETING);
			pair_free(p);
			continue;
		}
		event = pair_event(&p->side[0], CAUSE_IKE_REKEY_TRIED);
		ck_assert_ptr_nonnull(event);
		ck_assert_msg(strcmp(event->text, ls_cause_info(causes[w])->sentence) == 0, "%d",
		              (int)w);
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
		ck_assert(sa->state == IKE_S_ESTABLISHED && !sa->active && sa->children);
		ck_assert(sa->rekey_at >= p->now + LS_S(63) && sa->rekey_at < p->now + LS_S(70));
		pair_no_down(p);
		pair_free(p);
	}
}
END_TEST

/* Error notifies: a temporary one soon again and no news, others later. */
START_TEST(errors)
{
	static const struct {
		uint16_t notify;
		int from; /* seconds until the next try; -1: another group at once */
		const char *text;
	} rows[] = {{IKE_N_TEMPORARY_FAILURE, 3, NULL},
	            {IKE_N_NO_ADDITIONAL_SAS, 63, "it answered NO_ADDITIONAL_SAS"},
	            {IKE_N_NO_PROPOSAL_CHOSEN, 63, "it answered NO_PROPOSAL_CHOSEN"},
	            {IKE_N_INVALID_KE_PAYLOAD, -1, "it answered INVALID_KE_PAYLOAD"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_sa *sa = asked(p);
		struct ike_build b = forge_build();
		struct ike_payloads in;
		struct ike_header h;
		int from = rows[i].from;
		uint8_t data[2] = {0, 19};

		ike_build_notify(&b, 0, rows[i].notify, LS_BYTES(NULL, 0), LS_BYTES(data, 2));
		forge_response(p, 1, IKE_X_CHILD, 2, &b);
		if (from < 0) {
			forge_newest(p, &h, &in);
			ck_assert(h.id == 3 && in.ke_group == 19);
			ck_assert_ptr_null(pair_event(&p->side[0], CAUSE_IKE_REKEY_TRIED));
			/* Twice is not asked. */
			forge_response(p, 1, IKE_X_CHILD, 3, &b);
			from = 63;
		}
		ck_assert((pair_event(&p->side[0], CAUSE_IKE_REKEY_TRIED) != NULL) ==
		          (rows[i].text != NULL));
		if (rows[i].text)
			ck_assert_str_eq(pair_event(&p->side[0], CAUSE_IKE_REKEY_TRIED)->text,
			                 rows[i].text);
		ck_assert(!ike_rekey_under_way(sa) && sa->rekey_at >= p->now + LS_S(from) &&
		          sa->rekey_at < p->now + LS_S(from + 7));
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
		pair_free(p);
	}
}
END_TEST

/* The peer has only another group now: it names it, and the whole goes through. */
START_TEST(group_by_name)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);

	pair_up(p);
	b.ike_count = 1;
	b.ike[0] = pair_ike_proposal(ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, ALGO_ECP384);
	p->side[1].ike->peers->config.ike_count = 1;
	p->side[1].ike->peers->config.ike[0] = b.ike[0];
	ike_rekey_start(forge_sa(p, 0));
	pair_run(p);
	pair_settled(p);
	ck_assert_int_eq(forge_sa(p, 0)->choice.ke, ALGO_ECP384);
	ck_assert_uint_ne(forge_sa(p, 0)->rekeyed_from, 0);
	pair_free(p);
}
END_TEST

/* 2.25.2: not while pairs are being made or deleted by us, not on an SA that a rekey of the peer
 * has a successor for already, and not beyond what one tunnel may have. */
START_TEST(not_now)
{
	for (unsigned i = 0; i < 4; i++) {
		struct ike_limits limits = {.max_ike_sas_per_tunnel = i == 3 ? 1 : 0};
		struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
		struct ike_build b = forge_build();
		struct ike_sa *sa;

		for (unsigned k = 0; k < 2; k++) {
			struct ike_peer c = pair_peer(p, k);

			pair_set(p, k, &c);
		}
		pair_up(p);
		sa = forge_sa(p, 1);
		if (i == 0)
			ike_child_rekey(sa, sa->children);
		else if (i == 1)
			ike_delete_spi(sa, 99);
		else if (i == 2)
			sa->twin = sa;
		pair_pump(&p->side[1]);
		pair_drop(p);
		message(&b, RIGHT);
		forge_request(p, 0, IKE_X_CHILD, 2, &b);
		forge_answered(p, p->tail - 1, IKE_N_TEMPORARY_FAILURE);
		ck_assert_int_eq(sa->state, IKE_S_ESTABLISHED);
		ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
		sa->twin = NULL;
		pair_free(p);
	}
}
END_TEST

/* No room for a successor: said, and the old one goes on. */
START_TEST(no_room)
{
	struct ike_limits limits = {.max_ike_sas = 1};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
	struct ike_build b = forge_build();

	for (unsigned k = 0; k < 2; k++) {
		struct ike_peer c = pair_peer(p, k);

		pair_set(p, k, &c);
	}
	pair_up(p);
	ike_rekey_start(forge_sa(p, 0));
	pair_run(p);
	ck_assert(!forge_sa(p, 0)->active && forge_sa(p, 0)->rekey_at > p->now + LS_S(60));
	message(&b, RIGHT);
	forge_request(p, 0, IKE_X_CHILD, 2, &b);
	forge_answered(p, p->tail - 1, IKE_N_NO_ADDITIONAL_SAS);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* What waited for the old SA goes over the new one; a second rekey that waited is forgotten. */
START_TEST(queue_goes_along)
{
	struct pair *p = pair_new();
	struct ike_sa *sa;
	uint32_t old;

	pair_up(p);
	sa = forge_sa(p, 0);
	old = pair_first_spi(p, 0);
	ike_rekey_start(sa);
	ike_child_rekey(sa, sa->children);
	ck_assert(sa->queue && sa->queue->ops == &ike_ops_child);
	pair_run(p);
	pair_settled(p);
	ck_assert_uint_ne(forge_sa(p, 0)->rekeyed_from, 0);
	ck_assert_uint_ne(pair_first_spi(p, 0), old);
	/* The rekey of the pair was the first request of the new SA. */
	ck_assert_uint_ge(forge_sa(p, 0)->send_id, 2);
	pair_free(p);
}
END_TEST

/* The Delete of the old SA does not come: after a minute it goes by itself, and nobody is told. */
START_TEST(old_one_goes)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();

	pair_up(p);
	message(&b, RIGHT);
	forge_request(p, 0, IKE_X_CHILD, 2, &b);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 2);
	p->now += LS_S(IKE_REKEYED_S);
	ike_tick(p->side[1].ike, p->now);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
	ck_assert_uint_eq(p->side[1].sas, 1);
	pair_no_down(p);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike rekey", ike_by_each_side, ike_rekey_and_a_call_of_the_peer, ike_again_and_again,
         ike_simultaneous, ike_simultaneous_with_losses, ike_rekey_crosses_child_rekey,
         ike_rekey_crosses_close, requests, responses, errors, group_by_name, not_now, no_room,
         queue_goes_along, old_one_goes)
