/* Tests saved state: what runs goes on after a restart, and what does not fit is refused whole. */
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

static uint8_t state[65536];

/* Replaces the side's engine by a new one that loads its state. */
static void restart(struct pair *p, unsigned side)
{
	struct pair_side *s = &p->side[side];
	const struct l2tp_peer peer = pair_peer(side ? "head" : "branch", "");
	const struct l2tp_limits limits = {0};
	struct wr w = wr_make(state, sizeof state);

	ck_assert(l2tp_save(s->l2tp, &w, p->now));
	l2tp_free(s->l2tp);
	s->l2tp = l2tp_new(&limits, &s->random);
	ck_assert_int_eq(l2tp_peer_set(s->l2tp, &peer), CAUSE_NONE);
	ck_assert_int_eq(l2tp_load(s->l2tp, state, w.len, p->now), CAUSE_NONE);
}

START_TEST(test_a_session_goes_on)
{
	struct pair *p = pair_new(1, "", "");
	struct l2tp_session_view before, after;

	pair_up(p);
	ck_assert(l2tp_session_view(p->side[0].l2tp, 0, &before));
	restart(p, 0);
	restart(p, 1);
	ck_assert(l2tp_session_view(p->side[0].l2tp, 0, &after));
	ck_assert_uint_eq(before.session, after.session);
	ck_assert_uint_eq(before.peer_session, after.peer_session);
	ck_assert_uint_eq(before.connection, after.connection);
	ck_assert_uint_eq(before.chain, after.chain);
	ck_assert_int_eq(before.born, after.born);
	ck_assert_str_eq(before.peer_host_name, after.peer_host_name);
	pair_run(p, LS_S(300));
	ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[0].up, 2);
	l2tp_hang_up(p->side[0].l2tp, before.session, CAUSE_PEER_ASKED, p->now);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[1].down, 1);
	pair_free(p);
}
END_TEST

/* Into an engine that runs something already. */
START_TEST(test_what_runs_is_not_replaced)
{
	struct pair *p = pair_new(1, "", "");
	struct l2tp_session_view before, after;
	struct wr w = wr_make(state, sizeof state);

	pair_up(p);
	ck_assert(l2tp_session_view(p->side[0].l2tp, 0, &before));
	ck_assert(l2tp_save(p->side[1].l2tp, &w, p->now));
	ck_assert_int_eq(l2tp_load(p->side[0].l2tp, state, w.len, p->now), CAUSE_L2TP_BAD_STATE);
	ck_assert(l2tp_session_view(p->side[0].l2tp, 0, &after));
	ck_assert_uint_eq(before.session, after.session);
	pair_free(p);
}
END_TEST

START_TEST(test_what_was_under_way_arrives)
{
	struct pair *p = pair_new(2, "", "");

	pair_up(p);
	for (unsigned i = 0; i < 5; i++)
		l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now);
	l2tp_hang_up(p->side[0].l2tp, p->side[0].data.session, CAUSE_PEER_ASKED, p->now);
	restart(p, 0);
	pair_run(p, LS_S(60));
	/* The CDN was saved with the rest. */
	ck_assert_uint_ge(p->side[1].down, 1);
	pair_free(p);
}
END_TEST

START_TEST(test_damaged_state_is_refused_whole)
{
	struct pair *p = pair_new(3, "", "");
	const struct l2tp_limits limits = {0};
	struct l2tp_session_view view;
	struct wr w = wr_make(state, sizeof state);
	size_t len;

	pair_up(p);
	ck_assert(l2tp_save(p->side[0].l2tp, &w, p->now));
	len = w.len;
	for (size_t cut = 0; cut < len; cut++) {
		struct l2tp *l = l2tp_new(&limits, &p->side[0].random);

		ck_assert_int_ne(l2tp_load(l, state, cut, p->now), CAUSE_NONE);
		ck_assert(!l2tp_session_view(l, 0, &view));
		ck_assert_int_eq(l2tp_deadline(l), LS_NEVER);
		l2tp_free(l);
	}
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct l2tp *l = l2tp_new(&limits, &p->side[0].random);

		state[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (l2tp_load(l, state, len, p->now) != CAUSE_NONE)
			ck_assert(!l2tp_session_view(l, 0, &view));
		state[bit / 8] ^= (uint8_t)(1u << bit % 8);
		l2tp_free(l);
	}
	/* An engine that runs something keeps it. */
	ck_assert_int_ne(l2tp_load(p->side[1].l2tp, state, len, p->now), CAUSE_NONE);
	ck_assert(l2tp_session_view(p->side[1].l2tp, 0, &view));
	pair_free(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_state");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_a_session_goes_on);
	tcase_add_test(tc, test_what_runs_is_not_replaced);
	tcase_add_test(tc, test_what_was_under_way_arrives);
	tcase_add_test(tc, test_damaged_state_is_refused_whole);
	return run_cases("l2tp_state", tc);
}
