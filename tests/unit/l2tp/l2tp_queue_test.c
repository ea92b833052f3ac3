/* Tests of reliable delivery: numbers, windows, repetition, acknowledgements; and of the requests
 * to the owner. */
#include "l2tp/l2tp_engine.h"
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

START_TEST(test_a_silent_peer_is_given_up)
{
	struct pair *p = pair_new(5, "", "");

	p->filter = pair_lose_all;
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

/* -- one connection, by hand -- */

enum { PEER = 9 };

static struct pair *p;
static struct l2tp *l2tp;
static struct conn *conn;
static struct l2tp_in said[QUEUE_MAX];

static void begin(const char *secret, bool hide)
{
	struct l2tp_peer peer = pair_peer("branch", secret);

	p = pair_new(1, secret, "");
	l2tp = p->side[0].l2tp;
	peer.hide_avps = hide;
	ck_assert_int_eq(l2tp_peer_set(l2tp, &peer), CAUSE_NONE);
	conn = l2tp_conn_new(l2tp, PAIR_TUNNEL, PAIR_CHAIN, true, p->now);
	ck_assert_ptr_nonnull(conn);
	conn->peer_id = PEER;
	conn->window = 4;
}

/* A message with its own mark, the assigned session. */
static void send(uint16_t mark)
{
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);

	l2tp_message_begin(&w, L2TP_ICRQ);
	l2tp_avp_u16(&w, L2TP_AVP_SESSION, mark);
	l2tp_conn_send(l2tp, conn, 5, &w, p->now);
}

/* What went out, in `said`; gives how many messages. */
static unsigned listen(const char *secret)
{
	struct l2tp_request r;
	unsigned n = 0;

	while (l2tp_next(l2tp, &r)) {
		if (r.kind != L2TP_REQ_SEND)
			continue;
		ck_assert_uint_eq(r.chain, PAIR_CHAIN);
		ck_assert_uint_eq(r.connection, conn->id);
		ck_assert_uint_lt(n, QUEUE_MAX);
		ck_assert_int_eq(l2tp_message_read(r.bytes.p, r.bytes.len,
		                                   LS_BYTES(secret, strlen(secret)), &said[n]),
		                 CAUSE_NONE);
		ck_assert_uint_eq(said[n++].connection, PEER);
	}
	return n;
}

/* Slow start up to the peer's window, and never more under way (5.8, appendix A). */
START_TEST(the_window_opens_slowly)
{
	static const unsigned under_way[] = {1, 2, 3, 4, 4, 4, 4};
	uint16_t acked = 0, seen = 0;

	begin("", false);
	for (uint16_t i = 0; i < 20; i++)
		send((uint16_t)(100 + i));
	for (unsigned i = 0; i < sizeof under_way / sizeof under_way[0]; i++) {
		unsigned n = listen("");

		for (unsigned k = 0; k < n; k++, seen++) {
			ck_assert_uint_eq(said[k].ns, seen);
			ck_assert_uint_eq(said[k].session, 5);
			ck_assert_uint_eq(said[k].assigned_session, 100 + seen);
		}
		ck_assert_uint_eq(seen - acked, under_way[i]);
		l2tp_conn_acked(l2tp, conn, ++acked, p->now);
	}
	/* All at once. */
	l2tp_conn_acked(l2tp, conn, seen, p->now);
	ck_assert_uint_eq(listen(""), 4);
	ck_assert_uint_eq(conn->queued, 20u - seen);
	pair_free(p);
}
END_TEST

/* With a window that is wide, past the threshold by one for each full window. */
START_TEST(past_the_threshold_it_grows_by_windows)
{
	begin("", false);
	conn->window = 60;
	conn->ssthresh = 2;
	for (uint16_t i = 0; i < 30; i++)
		send(i);
	l2tp_conn_acked(l2tp, conn, 1, p->now);
	ck_assert_uint_eq(conn->cwnd, 2);
	l2tp_conn_acked(l2tp, conn, 2, p->now);
	ck_assert_uint_eq(conn->cwnd, 2);
	l2tp_conn_acked(l2tp, conn, 3, p->now);
	ck_assert_uint_eq(conn->cwnd, 3);
	l2tp_conn_acked(l2tp, conn, 5, p->now);
	ck_assert_uint_eq(conn->cwnd, 3);
	l2tp_conn_acked(l2tp, conn, 6, p->now);
	ck_assert_uint_eq(conn->cwnd, 4);
	pair_free(p);
}
END_TEST

START_TEST(only_what_was_sent_is_acknowledged)
{
	begin("", false);
	conn->ns_next = conn->ns_sent = 0xfffe;
	for (uint16_t i = 0; i < 4; i++)
		send(i);
	ck_assert_uint_eq(listen(""), 1);
	/* Older, its own number, beyond what was sent, half a circle away. */
	l2tp_conn_acked(l2tp, conn, 0xfffd, p->now);
	l2tp_conn_acked(l2tp, conn, 0xfffe, p->now);
	ck_assert_uint_eq(conn->queued, 4);
	l2tp_conn_acked(l2tp, conn, 0x7ffe, p->now);
	ck_assert_uint_eq(conn->queued, 4);
	/* An acknowledgement of more than we sent is one of what we sent, no more. */
	l2tp_conn_acked(l2tp, conn, 1, p->now);
	ck_assert_uint_eq(conn->queued, 3);
	ck_assert_uint_eq(listen(""), 2);
	ck_assert_uint_eq(said[0].ns, 0xffff);
	ck_assert_uint_eq(said[1].ns, 0);
	/* Around the end of the numbers. */
	l2tp_conn_acked(l2tp, conn, 1, p->now);
	ck_assert_uint_eq(conn->queued, 1);
	pair_free(p);
}
END_TEST

/* 1, 2, 4 s and then each 8 s the first message alone, with what is expected by then. */
START_TEST(the_first_message_is_said_again)
{
	static const unsigned wait_s[] = {1, 2, 4, 8, 8, 8};

	begin("", false);
	conn->cwnd = 4;
	for (uint16_t i = 0; i < 6; i++)
		send(i);
	ck_assert_uint_eq(listen(""), 4);
	for (unsigned i = 0; i < sizeof wait_s / sizeof wait_s[0]; i++) {
		ck_assert_int_eq(conn->retry_at, p->now + LS_S(wait_s[i]));
		p->now = conn->retry_at;
		conn->nr = (uint16_t)(30 + i);
		l2tp_conn_resend(l2tp, conn, p->now);
		ck_assert_uint_eq(listen(""), 1);
		ck_assert_uint_eq(said[0].ns, 0);
		ck_assert_uint_eq(said[0].nr, 30 + i);
		ck_assert_uint_eq(conn->tries, i + 1);
		ck_assert_uint_eq(conn->cwnd, 1);
		ck_assert_uint_eq(conn->ssthresh, i == 0 ? 2 : 1);
	}
	/* An answer, and all begins anew. */
	l2tp_conn_acked(l2tp, conn, 4, p->now);
	ck_assert_uint_eq(conn->tries, 0);
	ck_assert_int_eq(conn->retry_at, p->now + LS_S(1));
	l2tp_conn_acked(l2tp, conn, 6, p->now);
	ck_assert_int_eq(conn->retry_at, LS_NEVER);
	ck_assert_ptr_null(conn->queue);
	pair_free(p);
}
END_TEST

START_TEST(a_probe_does_not_wait_longer_each_time)
{
	begin("", false);
	conn->probing = true;
	send(1);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(conn->retry_at, p->now + LS_MS(500));
		p->now = conn->retry_at;
		l2tp_conn_resend(l2tp, conn, p->now);
	}
	listen("");
	l2tp_conn_acked(l2tp, conn, 1, p->now);
	ck_assert(!conn->probing);
	pair_free(p);
}
END_TEST

START_TEST(the_queue_is_bounded)
{
	begin("", false);
	for (uint16_t i = 0; i < QUEUE_MAX + 3; i++)
		send(i);
	ck_assert_uint_eq(conn->queued, QUEUE_MAX);
	ck_assert_uint_eq(pair_count(p, 0, CAUSE_NO_MEMORY), 3);
	/* What was refused has used up no number. */
	ck_assert_uint_eq(conn->ns_next, QUEUE_MAX);
	l2tp_conn_queue_free(conn);
	ck_assert_uint_eq(conn->queued, 0);
	ck_assert_int_eq(conn->retry_at, LS_NEVER);
	pair_free(p);
}
END_TEST

/* A message that did not fit its buffer is not sent in part. */
START_TEST(a_message_that_does_not_fit_is_not_sent)
{
	uint8_t bytes[14];
	struct wr w = wr_make(bytes, sizeof bytes);

	begin("", false);
	l2tp_message_begin(&w, L2TP_HELLO);
	ck_assert(!wr_ok(&w));
	l2tp_conn_send(l2tp, conn, 0, &w, p->now);
	ck_assert_uint_eq(listen(""), 0);
	ck_assert_uint_eq(pair_count(p, 0, CAUSE_NO_MEMORY), 1);
	pair_free(p);
}
END_TEST

/* It has no number of its own, and what it acknowledges is no longer due. */
START_TEST(an_acknowledgement_alone)
{
	begin("", false);
	send(1);
	listen("");
	conn->nr = 7;
	conn->ack_due = true;
	l2tp_conn_ack(l2tp, conn);
	ck_assert_uint_eq(listen(""), 1);
	ck_assert(said[0].zlb && !conn->ack_due);
	ck_assert_uint_eq(said[0].nr, 7);
	ck_assert_uint_eq(said[0].ns, 1);
	ck_assert_uint_eq(conn->ns_next, 1);
	/* A message carries it along. */
	conn->ack_due = true;
	conn->cwnd = 2;
	send(2);
	ck_assert(!conn->ack_due);
	pair_free(p);
}
END_TEST

START_TEST(what_may_be_hidden_is)
{
	begin("key", true);
	send(77);
	ck_assert_uint_eq(listen("key"), 1);
	ck_assert_uint_eq(said[0].assigned_session, 77);
	l2tp_conn_resend(l2tp, conn, p->now);
	ck_assert_uint_eq(listen(""), 1); /* without the secret nothing is seen */
	ck_assert_uint_eq(said[0].assigned_session, 0);
	ck_assert(said[0].mandatory_unknown);
	pair_free(p);
}
END_TEST

/* -- requests -- */

START_TEST(requests_come_in_order_and_are_bounded)
{
	struct l2tp_request r;

	begin("", false);
	for (uint32_t i = 0; i < REQUESTS_MAX; i++)
		ck_assert_ptr_nonnull(l2tp_request_add(l2tp, L2TP_REQ_CLOSED, i, i + 1));
	ck_assert_ptr_null(l2tp_request_add(l2tp, L2TP_REQ_CLOSED, 1, 1));
	ck_assert_uint_eq(pair_count(p, 0, CAUSE_NO_MEMORY), 1);
	for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
		ck_assert(l2tp_next(l2tp, &r));
		ck_assert_uint_eq(r.tunnel, i);
		ck_assert_uint_eq(r.chain, i + 1);
	}
	ck_assert(!l2tp_next(l2tp, &r));
	ck_assert(!l2tp_next(l2tp, &r));
	ck_assert_ptr_nonnull(l2tp_request_add(l2tp, L2TP_REQ_CLOSED, 5, 1));
	ck_assert(l2tp_next(l2tp, &r) && r.tunnel == 5);
	pair_free(p);
}
END_TEST

START_TEST(events_and_steps_are_told)
{
	struct l2tp_request r;
	char longer[LS_EVENT_TEXT_MAX + 20];

	begin("", false);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	l2tp_tell(l2tp, conn, CAUSE_L2TP_AUTH, longer);
	l2tp_step(l2tp, conn, "a step");
	ck_assert(l2tp_next(l2tp, &r));
	ck_assert_int_eq(r.kind, L2TP_REQ_EVENT);
	ck_assert_int_eq(r.event.cause, CAUSE_L2TP_AUTH);
	ck_assert_uint_eq(r.event.tunnel, PAIR_TUNNEL);
	ck_assert_uint_eq(strlen(r.event.text), LS_EVENT_TEXT_MAX - 1);
	ck_assert_uint_eq(pair_count(p, 0, CAUSE_L2TP_AUTH), 1);
	ck_assert(l2tp_next(l2tp, &r));
	ck_assert_int_eq(r.kind, L2TP_REQ_PROGRESS);
	ck_assert_str_eq(r.event.text, "a step");
	pair_free(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_queue");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_a_silent_peer_is_given_up);
	tcase_add_test(tc, test_numbers_wrap);
	tcase_add_test(tc, the_window_opens_slowly);
	tcase_add_test(tc, past_the_threshold_it_grows_by_windows);
	tcase_add_test(tc, only_what_was_sent_is_acknowledged);
	tcase_add_test(tc, the_first_message_is_said_again);
	tcase_add_test(tc, a_probe_does_not_wait_longer_each_time);
	tcase_add_test(tc, the_queue_is_bounded);
	tcase_add_test(tc, a_message_that_does_not_fit_is_not_sent);
	tcase_add_test(tc, an_acknowledgement_alone);
	tcase_add_test(tc, what_may_be_hidden_is);
	tcase_add_test(tc, requests_come_in_order_and_are_bounded);
	tcase_add_test(tc, events_and_steps_are_told);
	return run_cases("l2tp_queue", tc);
}
