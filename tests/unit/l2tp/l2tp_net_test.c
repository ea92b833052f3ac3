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

START_TEST(test_secret_right)
{
	struct pair *p = pair_new(3, "open sesame", "open sesame");

	pair_up(p);
	pair_free(p);
}
END_TEST

START_TEST(test_all_hidden)
{
	struct pair *p = pair_new(30, "open sesame", "open sesame");

	for (unsigned i = 0; i < 2; i++) {
		struct l2tp_peer peer = pair_peer(i ? "head" : "branch", "open sesame");

		peer.hide_avps = true;
		ck_assert_int_eq(l2tp_peer_set(p->side[i].l2tp, &peer), CAUSE_NONE);
	}
	pair_up(p);
	ck_assert_uint_eq(p->side[0].data.peer_session, p->side[1].data.session);
	l2tp_hang_up(p->side[0].l2tp, p->side[0].data.session, CAUSE_PEER_ASKED, p->now);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[1].down, 1);
	ck_assert_uint_eq(p->side[1].closed, 1);
	pair_free(p);
}
END_TEST

static void expect_refusal(const char *a, const char *b)
{
	struct pair *p = pair_new(4, a, b);

	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(5));
	ck_assert_uint_eq(p->side[0].up + p->side[1].up, 0);
	ck_assert_uint_eq(p->side[0].down, 1);
	pair_run(p, LS_S(80));
	ck_assert_int_eq(l2tp_deadline(p->side[0].l2tp), LS_NEVER);
	ck_assert_int_eq(l2tp_deadline(p->side[1].l2tp), LS_NEVER);
	pair_free(p);
}

START_TEST(test_secret_wrong_or_missing)
{
	expect_refusal("open sesame", "close sesame");
	expect_refusal("open sesame", "");
	expect_refusal("", "open sesame");
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

static bool lose_all(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	(void)from;
	(void)bytes;
	(void)len;
	p->filtered++;
	return false;
}

START_TEST(test_a_silent_peer_is_given_up)
{
	struct pair *p = pair_new(5, "", "");

	p->filter = lose_all;
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(14));
	ck_assert_uint_eq(p->filtered, 4); /* at 0, 1, 3 and 7 s */
	pair_run(p, LS_S(40));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_int_eq(p->side[0].down_cause, CAUSE_PEER_SILENT);
	ck_assert(!p->side[0].down_by_peer);
	pair_free(p);
}
END_TEST

/* Loses one kind of message, for which the peer sees another that it never heard of. */
static unsigned lost_type;
static bool twist(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	uint8_t other[L2TP_MESSAGE_MAX];

	if (pair_type(bytes, len) != lost_type)
		return true;
	memcpy(other, bytes, len);
	other[12] &= 0x7f; /* not mandatory: it may be ignored (RFC 2661 4.4.1) */
	other[18] = 0x77;
	pair_put(p, !from, PAIR_CHAIN, other, len);
	return false;
}

/* The connection lives and acknowledges everything, but the call is not answered. */
START_TEST(test_a_call_without_an_answer_ends)
{
	static const unsigned types[] = {10, 11, 12}; /* ICRQ, ICRP, ICCN */

	for (unsigned i = 0; i < 3; i++) {
		struct pair *p = pair_new(8 + i, "", "");

		lost_type = types[i];
		p->filter = twist;
		l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now);
		pair_run(p, LS_S(29));
		ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
		pair_run(p, LS_S(2));
		/* Whoever waited for the message says why; both ends are rid of the call. */
		ck_assert_uint_eq(p->side[0].down, 1);
		ck_assert_uint_eq(p->side[1].down, types[i] == 10 ? 0 : 1);
		ck_assert_int_eq(p->side[types[i] == 12 ? 1 : 0].down_cause, CAUSE_PEER_SILENT);
		pair_run(p, LS_S(40));
		ck_assert_int_eq(l2tp_deadline(p->side[0].l2tp), LS_NEVER);
		ck_assert_int_eq(l2tp_deadline(p->side[1].l2tp), LS_NEVER);
		pair_free(p);
	}
}
END_TEST

static bool insist(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	uint8_t other[L2TP_MESSAGE_MAX];

	if (pair_type(bytes, len) != lost_type)
		return true;
	memcpy(other, bytes, len);
	other[18] = 0x77;
	pair_put(p, !from, PAIR_CHAIN, other, len);
	return false;
}

/* A message that nobody knows and the sender insists on ends the connection (RFC 2661 4.4.1). */
START_TEST(test_an_unknown_message_that_matters)
{
	struct pair *p = pair_new(11, "", "");

	lost_type = 10;
	p->filter = insist;
	l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now);
	pair_run(p, LS_S(2));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert(p->side[0].down_by_peer);
	ck_assert_ptr_nonnull(strstr(p->side[0].down_text, "attribute 0"));
	ck_assert_uint_eq(p->side[1].closed, 1);
	pair_free(p);
}
END_TEST

START_TEST(test_hello_keeps_it_and_finds_death)
{
	struct pair *p = pair_new(6, "", "");

	pair_up(p);
	pair_run(p, LS_S(600));
	ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
	ck_assert_uint_ge(p->side[0].sent + p->side[1].sent, 18);
	p->filter = lose_all;
	pair_run(p, LS_S(120));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_uint_eq(p->side[1].down, 1);
	ck_assert_int_eq(p->side[0].down_cause, CAUSE_PEER_SILENT);
	ck_assert_uint_eq(p->side[0].down_session, p->side[0].data.session);
	pair_free(p);
}
END_TEST

START_TEST(test_data_is_a_sign_of_life)
{
	struct pair *p = pair_new(7, "", "");
	unsigned sent;

	pair_up(p);
	sent = p->side[0].sent + p->side[1].sent;
	for (unsigned i = 0; i < 300; i++) {
		l2tp_heard(p->side[0].l2tp, p->side[0].data.session, p->now);
		l2tp_heard(p->side[1].l2tp, p->side[1].data.session, p->now);
		pair_run(p, LS_S(1));
	}
	ck_assert_uint_eq(p->side[0].sent + p->side[1].sent, sent);
	pair_free(p);
}
END_TEST

START_TEST(test_the_chain_moves)
{
	struct pair *p = pair_new(8, "", "");

	pair_up(p);
	l2tp_chain_gone(p->side[0].l2tp, PAIR_CHAIN, 10000, CAUSE_SHUTDOWN, p->now);
	l2tp_chain_gone(p->side[1].l2tp, PAIR_CHAIN, 10000, CAUSE_SHUTDOWN, p->now);
	pair_run(p, LS_S(3));
	l2tp_chain_moved(p->side[0].l2tp, PAIR_CHAIN, 9, p->now);
	pair_run(p, LS_MS(700));
	l2tp_chain_moved(p->side[1].l2tp, PAIR_CHAIN, 9, p->now);
	pair_run(p, LS_S(100));
	ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
	pair_free(p);
}
END_TEST

START_TEST(test_a_moved_chain_without_answer_ends_soon)
{
	struct pair *p = pair_new(9, "", "");

	pair_up(p);
	p->filter = lose_all;
	l2tp_chain_moved(p->side[0].l2tp, PAIR_CHAIN, 9, p->now);
	pair_run(p, LS_S(3));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert(!p->side[0].down_by_peer);
	pair_free(p);
}
END_TEST

START_TEST(test_a_chain_gone_ends_after_its_grace)
{
	struct pair *p = pair_new(10, "", "");

	pair_up(p);
	l2tp_chain_gone(p->side[0].l2tp, PAIR_CHAIN, 10000, CAUSE_SHUTDOWN, p->now);
	pair_run(p, LS_MS(9900));
	ck_assert_uint_eq(p->side[0].down, 0);
	pair_run(p, LS_MS(200));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_int_eq(p->side[0].down_cause, CAUSE_SHUTDOWN);
	pair_free(p);
}
END_TEST

START_TEST(test_another_chain_does_not_reach_it)
{
	struct pair *p = pair_new(11, "", "");
	uint8_t stop[] = {0xc8, 0x02, 0, 38, 0, 0, 0, 0, 0, 2,    0,  2, 0x80, 8, 0, 0, 0, 0, 0,
	                  4,    0x80, 8, 0,  0, 0, 9, 0, 1, 0x80, 10, 0, 0,    0, 1, 0, 6, 0, 0};

	pair_up(p);
	ls_put16(stop + 4, p->side[1].data.connection);
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, 99, stop, sizeof stop, p->now);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[1].down, 0);
	ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_NO_CONNECTION), 1);
	/* The same on its own chain ends it. */
	ls_put16(stop + 8, 4); /* after SCCRQ, SCCCN, ICRQ, ICCN */
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, stop, sizeof stop, p->now);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[1].down, 1);
	ck_assert(p->side[1].down_by_peer);
	pair_free(p);
}
END_TEST

START_TEST(test_many_calls_in_one_connection)
{
	struct pair *p = pair_new(12, "", "");
	struct l2tp_session_view view;
	size_t n = 0;

	for (unsigned i = 0; i < 40; i++)
		ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now),
		                 CAUSE_NONE);
	pair_run(p, LS_S(20));
	ck_assert_uint_eq(p->side[0].up, 40);
	ck_assert_uint_eq(p->side[1].up, 40);
	while (l2tp_session_view(p->side[1].l2tp, n, &view)) {
		ck_assert_str_eq(view.peer_host_name, "branch");
		ck_assert_uint_eq(view.connection, p->side[1].data.connection);
		n++;
	}
	ck_assert_uint_eq(n, 40);
	l2tp_close(p->side[0].l2tp, PAIR_TUNNEL, CAUSE_SHUTDOWN, p->now);
	pair_run(p, LS_S(2));
	ck_assert_uint_eq(p->side[0].down, 40);
	ck_assert_uint_eq(p->side[1].down, 40);
	ck_assert_uint_eq(p->side[0].closed, 1);
	pair_free(p);
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

START_TEST(test_numbers_wrap)
{
	struct pair *p = pair_new(14, "", "");

	pair_up(p);
	/* A chain that moves to itself sends a HELLO each time. */
	for (unsigned i = 0; i < 70000; i++) {
		l2tp_chain_moved(p->side[0].l2tp, PAIR_CHAIN, PAIR_CHAIN, p->now);
		pair_run(p, LS_MS(2 * PAIR_TRAVEL_MS + 1));
		p->packets = 0;
	}
	ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
	ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_OUT_OF_ORDER), 0);
	ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_DUPLICATE), 0);
	ck_assert_uint_ge(p->side[0].sent, 70000);
	pair_free(p);
}
END_TEST

START_TEST(test_both_call_at_once)
{
	for (unsigned seed = 0; seed < 20; seed++) {
		struct pair *p = pair_new(50 + seed, "s", "s");
		struct l2tp_session_view a, b;

		for (unsigned i = 0; i < 2; i++)
			ck_assert_int_eq(
				l2tp_call(p->side[i].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now),
				CAUSE_NONE);
		pair_run(p, LS_S(10));
		/* One connection, with a call from each side. */
		ck_assert_uint_eq(p->side[0].up, 2);
		ck_assert_uint_eq(p->side[1].up, 2);
		ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
		ck_assert(l2tp_session_view(p->side[0].l2tp, 0, &a));
		ck_assert(l2tp_session_view(p->side[0].l2tp, 1, &b));
		ck_assert_uint_eq(a.connection, b.connection);
		pair_free(p);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_net");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_a_call_comes_up_and_goes_down);
	tcase_add_test(tc, test_the_called_side_hangs_up);
	tcase_add_test(tc, test_secret_right);
	tcase_add_test(tc, test_all_hidden);
	tcase_add_test(tc, test_secret_wrong_or_missing);
	tcase_add_test(tc, test_bad_weather);
	tcase_add_test(tc, test_light_loss_always_completes);
	tcase_add_test(tc, test_a_silent_peer_is_given_up);
	tcase_add_test(tc, test_a_call_without_an_answer_ends);
	tcase_add_test(tc, test_an_unknown_message_that_matters);
	tcase_add_test(tc, test_hello_keeps_it_and_finds_death);
	tcase_add_test(tc, test_data_is_a_sign_of_life);
	tcase_add_test(tc, test_the_chain_moves);
	tcase_add_test(tc, test_a_moved_chain_without_answer_ends_soon);
	tcase_add_test(tc, test_a_chain_gone_ends_after_its_grace);
	tcase_add_test(tc, test_another_chain_does_not_reach_it);
	tcase_add_test(tc, test_many_calls_in_one_connection);
	tcase_add_test(tc, test_a_thousand_connections);
	tcase_add_test(tc, test_numbers_wrap);
	tcase_add_test(tc, test_both_call_at_once);
	return run_cases("l2tp_net", tc);
}
