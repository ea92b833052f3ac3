/* The engine's state, written and read again: nothing is lost, nothing damaged is taken. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

#include "lib/snap.h"

/* Saves side and puts a new engine with that state in its place; the new clock has another start.
 */
static void reload(struct pair *p, unsigned side)
{
	static uint8_t bytes[1 << 16];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct pair_side *s = &p->side[side];
	struct ike_peer c = pair_peer(p, side);

	ck_assert(ike_save(s->ike, &w, p->now));
	ike_free(s->ike);
	s->random = ls_random_from_seed(&s->seeded, 99999 + side);
	s->ike = ike_new(NULL, &s->random);
	pair_set(p, side, &c);
	ck_assert_int_eq(ike_load(s->ike, bytes, w.len, p->now), CAUSE_NONE);
}

START_TEST(save_and_load)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new_nat(side == 0, false);
		struct ike_sa_view before, after;

		pair_up(p);
		pair_pass(p, LS_S(100));
		ck_assert(ike_sa_view(p->side[side].ike, 0, &before));
		reload(p, side);
		ck_assert(ike_sa_view(p->side[side].ike, 0, &after));
		ck_assert_uint_eq(before.spi_i, after.spi_i);
		ck_assert_int_eq(before.soft_at, after.soft_at);
		ck_assert_uint_eq(after.children, 1);
		ck_assert(before.nat_local == after.nat_local &&
		          before.nat_remote == after.nat_remote);
		/* All goes on: probes, both sides' rekeys, the end. */
		pair_pass(p, LS_S(100));
		for (unsigned i = 0; i < 2; i++) {
			ike_child_expiring(p->side[i].ike, p->side[i].sa[0].spi_in, p->now);
			pair_run(p);
		}
		ck_assert_uint_eq(pair_check_sas(p), 1);
		ck_assert(p->side[0].sa[0].child.replaces);
		pair_check_sending(p);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN) +
		                          pair_count(&p->side[1], IKE_REQ_DOWN),
		                  0);
		ike_stop(p->side[side].ike, side + 1, CAUSE_ADMIN, p->now);
		pair_run(p);
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
		pair_free(p);
	}
}
END_TEST

/* Saved while a request is on its way: it is repeated, its id is used up, and the next exchange
 * works. */
START_TEST(save_in_the_middle)
{
	for (unsigned delivered = 0; delivered < 3; delivered++) {
		struct pair *p = pair_new();

		pair_up(p);
		pair_probe(p, 0);
		for (unsigned i = 0; i < delivered; i++)
			pair_deliver_one(p);
		pair_pump(&p->side[0]);
		reload(p, 0);
		pair_pass(p, LS_S(3));
		ike_child_expiring(p->side[0].ike, p->side[0].sa[0].spi_in, p->now);
		pair_pass(p, LS_S(3));
		ck_assert_uint_eq(pair_check_sas(p), 1);
		ck_assert(p->side[0].sa[0].child.replaces);
		pair_free(p);
	}
}
END_TEST

/* A damaged or cut snapshot is refused whole. */
START_TEST(load_refuses)
{
	static uint8_t bytes[1 << 16];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct pair *p = pair_new();
	struct ls_random_seeded seeded;
	struct ls_random random = ls_random_from_seed(&seeded, 5);
	struct ike_peer c = pair_peer(p, 0);
	struct ike_sa_view v;

	pair_up(p);
	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	for (size_t len = 0; len < w.len; len++) {
		struct ike *e = ike_new(NULL, &random);

		ck_assert_int_eq(ike_peer_set(e, &c, p->now), CAUSE_NONE);
		ck_assert_int_eq(ike_load(e, bytes, len, p->now), CAUSE_STATE_VERSION);
		ck_assert(!ike_sa_view(e, 0, &v));
		ike_free(e);
	}
	for (size_t at = 0; at < w.len; at++) {
		struct ike *e = ike_new(NULL, &random);

		bytes[at] ^= 0xff;
		ck_assert_int_eq(ike_peer_set(e, &c, p->now), CAUSE_NONE);
		if (ike_load(e, bytes, w.len, p->now) != CAUSE_NONE)
			ck_assert(!ike_sa_view(e, 0, &v));
		ike_tick(e, p->now + LS_S(100));
		bytes[at] ^= 0xff;
		ike_free(e);
	}
	pair_free(p);
}
END_TEST

/* Its last answer is there again for a repetition, and the window stands where it stood. */
START_TEST(window_is_kept)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	uint8_t answer[256];
	size_t len;

	pair_up(p);
	forge_request(p, 0, IKE_X_INFO, 2, &b);
	len = p->queue[p->head % PAIR_QUEUE_MAX].len;
	ck_assert_uint_le(len, sizeof answer);
	memcpy(answer, p->queue[p->head % PAIR_QUEUE_MAX].bytes, len);
	reload(p, 1);
	ck_assert(forge_sa(p, 1)->recv_id == 3 && forge_sa(p, 1)->send_id == 0);
	forge_request(p, 0, IKE_X_INFO, 2, &b);
	ck_assert_uint_eq(p->queue[(p->tail - 1) % PAIR_QUEUE_MAX].len, len);
	ck_assert_mem_eq(p->queue[(p->tail - 1) % PAIR_QUEUE_MAX].bytes, answer, len);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_RETRANSMITTED), 1);
	pair_free(p);
}
END_TEST

/* A copy may be older than the last message: its AEAD counter goes on far above. */
START_TEST(no_iv_twice)
{
	struct pair *p = pair_new();
	uint64_t before;

	pair_up(p);
	before = forge_sa(p, 0)->iv_counter;
	reload(p, 0);
	ck_assert_uint_ge(forge_sa(p, 0)->iv_counter, before + (UINT64_C(1) << 40));
	pair_free(p);
}
END_TEST

/* What is half open, ending, or of a tunnel that is gone is not carried on. */
START_TEST(left_out)
{
	static uint8_t bytes[1 << 14];
	struct pair *p = pair_new();
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ls_random_seeded seeded;
	struct ls_random random = ls_random_from_seed(&seeded, 5);
	struct ike *e;
	struct ike_sa_view v;

	forge_before_auth(p);
	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	reload(p, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
	p = pair_new();
	pair_up(p);
	w = wr_make(bytes, sizeof bytes);
	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	e = ike_new(NULL, &random);
	ck_assert_int_eq(ike_load(e, bytes, w.len, p->now), CAUSE_NONE);
	ck_assert(!ike_sa_view(e, 0, &v));
	/* But its chains' numbers are not given again. */
	ck_assert_uint_eq(e->next_chain, p->side[0].ike->next_chain);
	ike_free(e);
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	reload(p, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
}
END_TEST

/* The same SA twice is refused, and what was there before stays. */
START_TEST(twice)
{
	static uint8_t bytes[1 << 14];
	struct pair *p = pair_new();
	struct wr w = wr_make(bytes, sizeof bytes);

	pair_up(p);
	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	ck_assert_int_eq(ike_load(p->side[0].ike, bytes, w.len, p->now), CAUSE_STATE_VERSION);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* No room to write: said, not cut. */
START_TEST(no_room)
{
	static uint8_t bytes[1 << 14];
	struct pair *p = pair_new();
	struct wr w = wr_make(bytes, sizeof bytes);
	size_t len;

	pair_up(p);
	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	len = w.len;
	for (size_t cap = 0; cap < len; cap += 7) {
		w = wr_make(bytes, cap);
		ck_assert(!ike_save(p->side[0].ike, &w, p->now));
	}
	pair_free(p);
}
END_TEST

/* From the end of a snapshot with one pair: the pair, the number of pairs, the length of the
 * request on its way, how many datagrams it has, and its exchange. */
enum { PAIR_SIZE = 67, COUNT_AT = PAIR_SIZE + 4 };

static enum ls_cause load_changed(struct pair *p, size_t from_end, uint8_t value)
{
	static uint8_t bytes[1 << 14];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ls_random_seeded seeded;
	struct ls_random random = ls_random_from_seed(&seeded, 5);
	struct ike *e = ike_new(NULL, &random);
	struct ike_peer c = pair_peer(p, 0);
	enum ls_cause cause;

	ck_assert_int_eq(ike_peer_set(e, &c, p->now), CAUSE_NONE);
	ck_assert(ike_save(p->side[0].ike, &w, p->now));
	bytes[w.len - from_end] = value;
	cause = ike_load(e, bytes, w.len, p->now);
	ck_assert(cause == CAUSE_NONE ? e->sas != NULL : !e->sas);
	ike_free(e);
	return cause;
}

/* A request on its way that is not whole would be forgotten, and its id used for another one. */
START_TEST(half_a_request)
{
	struct pair *p = pair_new();
	const struct ike_task *t;
	size_t len;

	pair_up(p);
	ck_assert_int_eq(load_changed(p, COUNT_AT + 9, 0), CAUSE_NONE);
	/* An exchange without a request. */
	ck_assert_int_eq(load_changed(p, COUNT_AT + 9, IKE_X_INFO), CAUSE_STATE_VERSION);
	pair_probe(p, 0);
	t = forge_sa(p, 0)->active;
	ck_assert(t && t->outstanding);
	len = COUNT_AT + t->packets.len + 9;
	ck_assert_int_eq(load_changed(p, len, IKE_X_INFO), CAUSE_NONE);
	/* A request of no exchange; and another number of datagrams than there are. */
	ck_assert_int_eq(load_changed(p, len, 0), CAUSE_STATE_VERSION);
	ck_assert_int_eq(load_changed(p, len - 4, 0), CAUSE_STATE_VERSION);
	ck_assert_int_eq(load_changed(p, len - 4, 2), CAUSE_STATE_VERSION);
	pair_free(p);
}
END_TEST

/* An SA without pairs ends by itself, as it would have. */
START_TEST(childless)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_child_expired(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	ck_assert_ptr_null(forge_sa(p, 0)->children);
	reload(p, 0);
	pair_pass(p, LS_S(IKE_CHILDLESS_S + IKE_REFUSED_S + 1));
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_established(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike state", save_and_load, save_in_the_middle, load_refuses, window_is_kept, no_iv_twice,
         left_out, twice, no_room, half_a_request, childless)
