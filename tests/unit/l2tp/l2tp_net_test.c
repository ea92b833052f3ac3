/* Tests connections and calls between two engines over a network that loses,
 * doubles and shuffles. */
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

START_TEST(test_a_call_comes_up_and_goes_down)
{
	struct pair *p = pair_new(1, "", "");

	pair_up(p);
	ck_assert_uint_eq(p->side[0].data.peer_session, p->side[1].data.session);
	ck_assert_uint_eq(p->side[1].data.peer_session, p->side[0].data.session);
	ck_assert_uint_eq(p->side[0].data.peer_connection, p->side[1].data.connection);
	ck_assert_uint_eq(p->side[1].data.peer_connection, p->side[0].data.connection);
	ck_assert(p->side[0].data.lac && !p->side[1].data.lac);
	l2tp_hang_up(p->side[0].l2tp, p->side[0].data.session, CAUSE_PEER_ASKED, p->now);
	pair_run(p, LS_S(2));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_uint_eq(p->side[1].down, 1);
	ck_assert(!p->side[0].down_by_peer && p->side[1].down_by_peer);
	ck_assert_uint_eq(p->side[1].down_session, p->side[1].data.session);
	ck_assert_uint_eq(p->side[0].closed, 1);
	ck_assert_uint_eq(p->side[1].closed, 1);
	/* 31 s later nothing is left to wait for. */
	pair_run(p, LS_S(40));
	ck_assert_int_eq(l2tp_deadline(p->side[0].l2tp), LS_NEVER);
	ck_assert_int_eq(l2tp_deadline(p->side[1].l2tp), LS_NEVER);
	pair_free(p);
}
END_TEST

START_TEST(test_the_called_side_hangs_up)
{
	struct pair *p = pair_new(2, "", "");

	pair_up(p);
	l2tp_hang_up(p->side[1].l2tp, p->side[1].data.session, CAUSE_PEER_ASKED, p->now);
	pair_run(p, LS_S(40));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert(p->side[0].down_by_peer);
	ck_assert_uint_eq(p->side[0].closed, 1);
	pair_free(p);
}
END_TEST

START_TEST(test_bad_weather)
{
	unsigned complete = 0;

	for (unsigned seed = 0; seed < 200; seed++) {
		struct pair *p = pair_new(100 + seed, seed % 2 ? "s" : "", seed % 2 ? "s" : "");

		p->loss_percent = 30;
		p->double_percent = 20;
		p->shuffle_percent = 30;
		ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now),
		                 CAUSE_NONE);
		pair_run(p, LS_S(60));
		/* Six losses in a row of one message or of its answers end it, which is
		 * rare. */
		if (p->side[0].up != p->side[1].up)
			ck_assert_uint_ge(p->side[0].down + p->side[1].down, 1);
		if (p->side[0].down == 0)
			ck_assert_uint_eq(p->side[0].up, 1);
		complete += p->side[0].down + p->side[1].down == 0;
		pair_free(p);
	}
	ck_assert_uint_ge(complete, 190);
}
END_TEST

START_TEST(test_light_loss_always_completes)
{
	for (unsigned seed = 0; seed < 200; seed++) {
		struct pair *p = pair_new(1000 + seed, "", "");

		p->loss_percent = 10;
		p->double_percent = 30;
		p->shuffle_percent = 50;
		ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now),
		                 CAUSE_NONE);
		pair_run(p, LS_S(25));
		ck_assert_uint_eq(p->side[0].up, 1);
		ck_assert_uint_eq(p->side[1].up, 1);
		ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
		pair_free(p);
	}
}
END_TEST

START_TEST(test_a_thousand_connections)
{
	struct pair *p = pair_new(13, "", "");

	for (uint32_t chain = 1; chain <= 1000; chain++) {
		ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, chain, p->now),
		                 CAUSE_NONE);
		pair_run(p, LS_MS(70));
	}
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[0].up, 1000);
	ck_assert_uint_eq(p->side[1].up, 1000);
	pair_free(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_net");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_a_call_comes_up_and_goes_down);
	tcase_add_test(tc, test_the_called_side_hangs_up);
	tcase_add_test(tc, test_bad_weather);
	tcase_add_test(tc, test_light_loss_always_completes);
	tcase_add_test(tc, test_a_thousand_connections);
	return run_cases("l2tp_net", tc);
}
