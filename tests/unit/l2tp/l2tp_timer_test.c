/* Tests that the deadline is always that of a plain walk over all connections, whatever happens to
 * them, and that a tick leaves nothing behind whose time has come. */
#include "l2tp/l2tp_engine.h"
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

enum { CHAINS = 40, STEPS = 20000 };

/* What each connection waits for, worked out here once more. */
static ls_time walk(struct l2tp *l2tp)
{
	ls_time first = l2tp->calls_at;

	for (const struct conn *c = l2tp->conns; c; c = c->next) {
		const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);
		uint32_t hello = p && p->config.hello_interval_s ? p->config.hello_interval_s : 60;

		first = ls_time_min(first, c->limit_at);
		if (c->state == CONN_DEAD)
			continue;
		first = ls_time_min(first, ls_time_min(c->retry_at, c->gone_at));
		if (c->state == CONN_UP && !c->queue && c->gone_at == LS_NEVER)
			first = ls_time_min(first, c->heard + LS_S(hello));
	}
	return first;
}

/* Each connection has one place, no later one above an earlier one; nothing else is in it. */
static void check_heap(const struct l2tp *l2tp)
{
	uint32_t n = 0;

	for (const struct conn *c = l2tp->conns; c; c = c->next, n++) {
		ck_assert_uint_ge(c->timer, 1);
		ck_assert_uint_le(c->timer, l2tp->timed);
		ck_assert_ptr_eq(l2tp->timers[c->timer], c);
		if (c->timer > 1)
			ck_assert_int_le(l2tp->timers[c->timer / 2]->due_at, c->due_at);
	}
	ck_assert_uint_eq(n, l2tp->timed);
}

static void check(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(l2tp_deadline(p->side[i].l2tp), walk(p->side[i].l2tp));
}

/* A session of the side, by chance; 0: it has none. */
static uint16_t any_session(struct pair *p, struct l2tp *l2tp)
{
	struct l2tp_session_view view;
	size_t at = l2tp->session_count ? ls_random_below(&p->weather, l2tp->session_count) : 0;

	return l2tp_session_view(l2tp, at, &view) ? view.session : 0;
}

static void something(struct pair *p)
{
	unsigned side = ls_random_below(&p->weather, 2);
	struct l2tp *l2tp = p->side[side].l2tp;
	uint32_t chain = 1 + ls_random_below(&p->weather, CHAINS);
	struct l2tp_peer peer = pair_peer(side ? "head" : "branch", "");

	switch (ls_random_below(&p->weather, 40)) {
	case 0:
	case 1:
	case 2:
		(void)l2tp_call(l2tp, PAIR_TUNNEL, chain, p->now);
		break;
	case 3:
		l2tp_hang_up(l2tp, any_session(p, l2tp), CAUSE_ADMIN, p->now);
		break;
	case 4:
		l2tp_chain_gone(l2tp, chain, 10000, CAUSE_SHUTDOWN, p->now);
		break;
	case 5:
		l2tp_chain_moved(l2tp, chain, chain % CHAINS + 1, p->now);
		break;
	case 6:
		peer.hello_interval_s = 5 + ls_random_below(&p->weather, 50);
		ck_assert_int_eq(l2tp_peer_set(l2tp, &peer), CAUSE_NONE);
		break;
	case 7:
		if (ls_random_below(&p->weather, 50) == 0)
			l2tp_close(l2tp, PAIR_TUNNEL, CAUSE_ADMIN, p->now);
		break;
	case 8:
	case 9:
		l2tp_heard(l2tp, any_session(p, l2tp), p->now);
		break;
	default:
		break;
	}
}

/* The next arrival, or a moment later whatever is due. */
static void go_on(struct pair *p)
{
	struct pair_packet *k = pair_first(p);

	p->now +=
		LS_MS(ls_random_below(&p->weather, ls_random_below(&p->weather, 100) ? 20 : 20000));
	if (k && k->at <= p->now) {
		k->at = LS_NEVER;
		l2tp_input(p->side[k->to].l2tp, PAIR_TUNNEL, k->chain, k->bytes, k->len, p->now);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		struct l2tp *l2tp = p->side[i].l2tp;
		unsigned ticks = 0;

		/* A message is sent again once more before its connection is given up. */
		for (; ticks < 3 && (ticks == 0 || walk(l2tp) <= p->now); ticks++)
			l2tp_tick(l2tp, p->now);
		ck_assert_int_gt(walk(l2tp), p->now);
	}
}

START_TEST(the_deadline_is_that_of_a_plain_walk)
{
	struct pair *p = pair_new(700 + (uint64_t)_i, "", "");
	unsigned most = 0;

	p->loss_percent = 20;
	p->shuffle_percent = 20;
	for (unsigned step = 0; step < STEPS; step++) {
		something(p);
		check(p);
		go_on(p);
		check(p);
		pair_pump(p, 0);
		pair_pump(p, 1);
		if (step % 100 == 0) {
			check_heap(p->side[0].l2tp);
			check_heap(p->side[1].l2tp);
		}
		most = p->side[0].l2tp->conn_count > most ? p->side[0].l2tp->conn_count : most;
	}
	/* It was about many, of which some came up and some went. */
	ck_assert_uint_ge(most, 10);
	ck_assert_uint_ge(p->side[0].up, 20);
	ck_assert_uint_ge(p->side[0].down, 20);
	for (unsigned i = 0; i < 2; i++)
		l2tp_close(p->side[i].l2tp, PAIR_TUNNEL, CAUSE_ADMIN, p->now);
	pair_run(p, LS_S(100));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(l2tp_deadline(p->side[i].l2tp), LS_NEVER);
		ck_assert_uint_eq(p->side[i].l2tp->timed, 0);
	}
	pair_free(p);
}
END_TEST

/* Out of the engine's hands: what is put in by chance comes out in order. */
START_TEST(the_earliest_comes_first)
{
	enum { N = 3000 };
	struct pair *p = pair_new(1, "", "");
	struct l2tp *l2tp = p->side[0].l2tp;
	ls_time before = 0;
	unsigned out = 0, stopped = 0;
	struct conn *c;

	for (unsigned i = 0; i < N; i++) {
		c = l2tp_conn_new(l2tp, PAIR_TUNNEL, i, true, 0);
		ck_assert_ptr_nonnull(c);
		c->limit_at = ls_random_below(&p->weather, 1000);
		l2tp_timer_set(l2tp, c);
	}
	/* Some get another time, some none. */
	for (c = l2tp->conns; c; c = c->next) {
		if (ls_random_below(&p->weather, 3) == 0) {
			c->limit_at = ls_random_below(&p->weather, 1000);
			l2tp_timer_set(l2tp, c);
		}
		if (ls_random_below(&p->weather, 5) == 0) {
			l2tp_timer_stop(l2tp, c);
			l2tp_timer_stop(l2tp, c);
			stopped++;
		}
	}
	ck_assert_ptr_null(l2tp_timer_next(l2tp, -1));
	while ((c = l2tp_timer_next(l2tp, 1000))) {
		ck_assert_int_ge(c->limit_at, before);
		before = c->limit_at;
		ck_assert_uint_eq(c->timer, 0);
		out++;
	}
	ck_assert_uint_eq(out + stopped, N);
	ck_assert_int_eq(l2tp_deadline(l2tp), LS_NEVER);
	pair_free(p);
}
END_TEST

/* HELLO is for a connection that stands and in which nothing waits. */
START_TEST(hello_is_for_silence)
{
	struct pair *p = pair_new(2, "", "");
	struct l2tp *l2tp = p->side[0].l2tp;
	struct l2tp_peer peer = pair_peer("branch", "");

	ck_assert_int_eq(l2tp_call(l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	ck_assert_int_eq(l2tp_hello_at(l2tp, l2tp->conns), LS_NEVER);
	ck_assert_int_eq(l2tp_deadline(l2tp), p->now + LS_S(1)); /* the SCCRQ again */
	pair_run(p, LS_S(1));
	ck_assert_int_eq(l2tp_hello_at(l2tp, l2tp->conns), l2tp->conns->heard + LS_S(60));
	peer.hello_interval_s = 5;
	ck_assert_int_eq(l2tp_peer_set(l2tp, &peer), CAUSE_NONE);
	ck_assert_int_eq(l2tp_hello_at(l2tp, l2tp->conns), l2tp->conns->heard + LS_S(5));
	l2tp_heard(l2tp, p->side[0].data.session, p->now);
	ck_assert_int_eq(l2tp_hello_at(l2tp, l2tp->conns), p->now + LS_S(5));
	l2tp_tick(l2tp, p->now + LS_S(5));
	ck_assert_ptr_nonnull(l2tp->conns->queue);
	ck_assert_int_eq(l2tp_hello_at(l2tp, l2tp->conns), LS_NEVER);
	pair_free(p);
}
END_TEST

/* What was loaded is due like what came up here: a HELLO, or at once what was under way. */
START_TEST(loaded_connections_are_due)
{
	for (unsigned waiting = 0; waiting < 2; waiting++) {
		struct pair *p = pair_new(3, "", "");
		const struct l2tp_limits limits = {0};
		static uint8_t state[4096];
		struct wr w = wr_make(state, sizeof state);
		struct l2tp *l2tp = l2tp_new(&limits, &p->side[0].random);

		pair_up(p);
		if (waiting)
			l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now);
		ck_assert(l2tp_save(p->side[0].l2tp, &w, p->now));
		ck_assert_int_eq(l2tp_load(l2tp, state, w.len, p->now), CAUSE_NONE);
		l2tp_tick(l2tp, p->now + LS_S(waiting ? 0 : 30)); /* the bound on calls passes */
		ck_assert_int_eq(l2tp_deadline(l2tp), walk(l2tp));
		if (!waiting)
			ck_assert_int_eq(l2tp_deadline(l2tp), p->now + LS_S(60));
		l2tp_free(l2tp);
		pair_free(p);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_timer");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, the_deadline_is_that_of_a_plain_walk, 0, 5);
	tcase_add_test(tc, the_earliest_comes_first);
	tcase_add_test(tc, hello_is_for_silence);
	tcase_add_test(tc, loaded_connections_are_due);
	return run_cases("l2tp_timer", tc);
}
