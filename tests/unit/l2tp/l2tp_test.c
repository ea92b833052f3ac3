/* Tests of connections and sessions as the owner sees them: peers, limits, chains that go and move,
 * signs of life, and what ends. */
#include "l2tp/l2tp_wire.h"
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

START_TEST(test_hello_keeps_it_and_finds_death)
{
	struct pair *p = pair_new(6, "", "");

	pair_up(p);
	pair_run(p, LS_S(600));
	ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
	ck_assert_uint_ge(p->side[0].sent + p->side[1].sent, 18);
	p->filter = pair_lose_all;
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
	p->filter = pair_lose_all;
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

START_TEST(a_peer_that_is_removed)
{
	struct pair *p = pair_new(1, "key", "key");

	pair_up(p);
	l2tp_peer_remove(p->side[0].l2tp, PAIR_TUNNEL + 1, CAUSE_ADMIN, p->now); /* there is none */
	l2tp_peer_remove(p->side[0].l2tp, PAIR_TUNNEL, CAUSE_ADMIN, p->now);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now),
	                 CAUSE_L2TP_NO_PEER);
	pair_run(p, LS_S(2));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_int_eq(p->side[0].down_cause, CAUSE_ADMIN);
	ck_assert_uint_eq(p->side[1].down, 1);
	ck_assert(p->side[1].down_by_peer);
	pair_run(p, LS_S(60));
	ck_assert_int_eq(l2tp_deadline(p->side[0].l2tp), LS_NEVER);
	/* Whoever has no peer is not called either. */
	ck_assert_int_eq(l2tp_call(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(60));
	ck_assert_uint_eq(p->side[1].up, 1);
	ck_assert_uint_eq(p->side[1].down, 2);
	pair_free(p);
}
END_TEST

/* Tunnel numbers that share a bucket. */
START_TEST(peers_that_share_a_bucket)
{
	struct pair *p = pair_new(2, "", "");
	struct l2tp_peer other = pair_peer("other", "");

	for (unsigned i = 1; i <= 3; i++) {
		other.tunnel = PAIR_TUNNEL + 256 * i;
		ck_assert_int_eq(l2tp_peer_set(p->side[0].l2tp, &other), CAUSE_NONE);
	}
	l2tp_peer_remove(p->side[0].l2tp, PAIR_TUNNEL + 512, CAUSE_ADMIN, p->now);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL + 512, 9, p->now),
	                 CAUSE_L2TP_NO_PEER);
	pair_up(p);
	pair_free(p);
}
END_TEST

static void limited(struct pair *p, unsigned side, const struct l2tp_limits *limits)
{
	struct l2tp_peer peer = pair_peer(side ? "head" : "branch", "");

	l2tp_free(p->side[side].l2tp);
	p->side[side].l2tp = l2tp_new(limits, &p->side[side].random);
	ck_assert_int_eq(l2tp_peer_set(p->side[side].l2tp, &peer), CAUSE_NONE);
}

START_TEST(no_more_than_the_limit)
{
	struct pair *p = pair_new(3, "", "");

	limited(p, 0, &(struct l2tp_limits){.max_connections = 1, .max_sessions = 2});
	pair_up(p);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now),
	                 CAUSE_LIMIT_REACHED);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN + 1, p->now),
	                 CAUSE_LIMIT_REACHED);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[0].up, 2);
	/* A connection that found no room for its call is none. */
	limited(p, 0, &(struct l2tp_limits){.max_connections = 9, .max_sessions = 1});
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN + 1, p->now),
	                 CAUSE_LIMIT_REACHED);
	pair_free(p);
}
END_TEST

/* The SAs go while a message waits: it is not sent into nothing, and goes out when others are
 * there. */
START_TEST(a_message_waits_for_another_chain)
{
	struct pair *p = pair_new(6, "", "");
	unsigned sent;

	pair_up(p);
	l2tp_chain_gone(p->side[0].l2tp, PAIR_CHAIN + 7, 10000, CAUSE_PEER_SILENT, p->now);
	l2tp_chain_gone(p->side[0].l2tp, PAIR_CHAIN, 10000, CAUSE_PEER_SILENT, p->now);
	l2tp_chain_gone(p->side[1].l2tp, PAIR_CHAIN, 10000, CAUSE_PEER_SILENT, p->now);
	l2tp_chain_moved(p->side[0].l2tp, PAIR_CHAIN + 7, PAIR_CHAIN + 8, p->now);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_pump(p, 0);
	sent = p->side[0].sent;
	memset(p->wire, 0xff, sizeof p->wire); /* all is lost, as without SAs */
	for (unsigned i = 0; i < PAIR_WIRE_MAX; i++)
		p->wire[i].at = LS_NEVER;
	pair_run(p, LS_S(5));
	ck_assert_uint_eq(p->side[0].sent, sent);
	l2tp_chain_moved(p->side[0].l2tp, PAIR_CHAIN, PAIR_CHAIN + 1, p->now);
	l2tp_chain_moved(p->side[1].l2tp, PAIR_CHAIN, PAIR_CHAIN + 1, p->now);
	pair_run(p, LS_S(5));
	ck_assert_uint_eq(p->side[0].up, 2);
	ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
	pair_free(p);
}
END_TEST

/* A message of a new caller on the called side: an SCCRQ, or a StopCCN that takes it back. */
static void caller_says(struct pair *p, uint32_t tunnel, enum l2tp_type type, uint16_t id,
                        uint16_t ns)
{
	static const uint8_t result[] = {0, 1};
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);

	l2tp_message_begin(&w, type);
	l2tp_avp_u16(&w, L2TP_AVP_CONNECTION, id);
	if (type == L2TP_STOPCCN)
		l2tp_avp_bytes(&w, L2TP_AVP_RESULT, result, sizeof result);
	l2tp_message_stamp(bytes, w.len, 0, 0, ns, 0);
	l2tp_input(p->side[1].l2tp, tunnel, tunnel, bytes, w.len, p->now);
}

/* One tunnel's peer makes connections without end, and ends some: others still get theirs. */
START_TEST(one_tunnel_does_not_use_up_all)
{
	struct pair *p = pair_new(7, "", "");
	struct l2tp_peer bad = pair_peer("bad", "");
	struct l2tp_request r;
	bool answered = false;

	limited(p, 1, &(struct l2tp_limits){.max_connections = 64});
	bad.tunnel = PAIR_TUNNEL + 7;
	bad.max_connections = 16;
	ck_assert_int_eq(l2tp_peer_set(p->side[1].l2tp, &bad), CAUSE_NONE);
	for (uint16_t i = 1; i <= 300; i++) {
		caller_says(p, bad.tunnel, L2TP_SCCRQ, i, 0);
		if (i % 2)
			caller_says(p, bad.tunnel, L2TP_STOPCCN, i, 1);
		while (l2tp_next(p->side[1].l2tp, &r))
			;
	}
	ck_assert_uint_gt(l2tp_counters(p->side[1].l2tp)->by_cause[CAUSE_LIMIT_REACHED], 0);
	caller_says(p, PAIR_TUNNEL, L2TP_SCCRQ, 1, 0);
	while (l2tp_next(p->side[1].l2tp, &r))
		answered |= r.tunnel == PAIR_TUNNEL && r.kind == L2TP_REQ_SEND;
	ck_assert(answered);
	pair_free(p);
}
END_TEST

/* What is in no state to be done is refused or harmless. */
START_TEST(nothing_there)
{
	struct pair *p = pair_new(60, "", "");
	struct l2tp *l2tp = p->side[0].l2tp;
	struct l2tp_session_view view;
	struct l2tp_request r;
	const uint8_t junk[] = {0xc8, 0x02, 0, 12, 0, 7, 0, 0, 0, 0, 0, 0};

	ck_assert_int_eq(l2tp_call(l2tp, PAIR_TUNNEL + 1, PAIR_CHAIN, p->now), CAUSE_L2TP_NO_PEER);
	l2tp_hang_up(l2tp, 1, CAUSE_ADMIN, p->now);
	l2tp_close(l2tp, PAIR_TUNNEL, CAUSE_ADMIN, p->now);
	l2tp_heard(l2tp, 1, p->now);
	l2tp_chain_gone(l2tp, PAIR_CHAIN, 1, CAUSE_ADMIN, p->now);
	l2tp_chain_moved(l2tp, PAIR_CHAIN, 9, p->now);
	l2tp_tick(l2tp, p->now + LS_S(1000));
	ck_assert_int_eq(l2tp_deadline(l2tp), LS_NEVER);
	l2tp_input(l2tp, PAIR_TUNNEL, PAIR_CHAIN, junk, sizeof junk, p->now);
	ck_assert_uint_eq(pair_count(p, 0, CAUSE_L2TP_NO_CONNECTION), 1);
	l2tp_input(l2tp, PAIR_TUNNEL, PAIR_CHAIN, junk, 3, p->now);
	ck_assert_uint_eq(pair_count(p, 0, CAUSE_L2TP_HEADER), 1);
	ck_assert(!l2tp_session_view(l2tp, 0, &view));
	ck_assert(!l2tp_next(l2tp, &r));
	l2tp_free(NULL);
	pair_free(p);
}
END_TEST

/* A message comes twice, or before its time: heard once, in order (5.8). */
START_TEST(doubled_and_early_messages)
{
	struct pair *p = pair_new(61, "", "");
	uint8_t hello[] = {0xc8, 0x02, 0, 20, 0, 0, 0, 0, 0, 4, 0, 4, 0x80, 8, 0, 0, 0, 0, 0, 6};
	unsigned sent;

	pair_up(p);
	ls_put16(hello + 4, p->side[1].data.connection);
	pair_pump(p, 1);
	sent = p->side[1].sent;
	hello[9] = 5; /* 4 is expected */
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, hello, sizeof hello, p->now);
	pair_pump(p, 1);
	ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_OUT_OF_ORDER), 1);
	ck_assert_uint_eq(p->side[1].sent, sent);
	hello[9] = 4;
	for (unsigned i = 0; i < 2; i++) {
		l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, hello, sizeof hello, p->now);
		pair_pump(p, 1);
		/* Said again, because its acknowledgement may have been lost. */
		ck_assert_uint_eq(p->side[1].sent, sent + 1 + i);
		ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_DUPLICATE), i);
	}
	pair_free(p);
}
END_TEST

/* The StopCCN was lost on its way back: it is acknowledged for 31 s more, then all is forgotten
 * (5.7). */
START_TEST(an_ended_connection_lingers)
{
	struct pair *p = pair_new(62, "", "");
	uint8_t stop[] = {0xc8, 0x02, 0, 38, 0, 0, 0, 0, 0, 4,    0,  4, 0x80, 8, 0, 0, 0, 0, 0,
	                  4,    0x80, 8, 0,  0, 0, 9, 0, 1, 0x80, 10, 0, 0,    0, 1, 0, 6, 0, 0};
	unsigned sent;

	pair_up(p);
	ls_put16(stop + 4, p->side[1].data.connection);
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, stop, sizeof stop, p->now);
	pair_pump(p, 1);
	ck_assert_uint_eq(p->side[1].closed, 1);
	ck_assert_int_eq(p->side[1].closed_cause, CAUSE_PEER_ASKED);
	sent = p->side[1].sent;
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, stop, sizeof stop, p->now);
	pair_pump(p, 1);
	ck_assert_uint_eq(p->side[1].sent, sent + 1);
	l2tp_tick(p->side[1].l2tp, p->now + LS_S(31));
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, stop, sizeof stop, p->now);
	ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_NO_CONNECTION), 1);
	ck_assert_int_eq(l2tp_deadline(p->side[1].l2tp), LS_NEVER);
	pair_free(p);
}
END_TEST

/* Of a chain that is gone a connection that is not up has nothing to wait for. */
START_TEST(a_call_on_a_chain_that_goes)
{
	struct pair *p = pair_new(63, "", "");

	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	l2tp_chain_gone(p->side[0].l2tp, PAIR_CHAIN, 10000, CAUSE_SHUTDOWN, p->now);
	ck_assert_int_eq(l2tp_deadline(p->side[0].l2tp), p->now);
	l2tp_tick(p->side[0].l2tp, p->now);
	pair_pump(p, 0);
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_int_eq(p->side[0].down_cause, CAUSE_SHUTDOWN);
	ck_assert_uint_eq(p->side[0].closed, 1);
	pair_free(p);
}
END_TEST

START_TEST(what_a_session_is_shown_as)
{
	struct pair *p = pair_new(64, "", "");
	struct l2tp_session_view view;

	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	ck_assert(l2tp_session_view(p->side[0].l2tp, 0, &view));
	ck_assert_str_eq(view.connection_state, "calling");
	ck_assert_str_eq(view.session_state, "waiting");
	ck_assert(view.lac);
	ck_assert_uint_eq(view.peer_connection + view.peer_session, 0);
	pair_run(p, LS_S(1));
	ck_assert(l2tp_session_view(p->side[1].l2tp, 0, &view));
	ck_assert_str_eq(view.connection_state, "established");
	ck_assert_str_eq(view.session_state, "established");
	ck_assert(!view.lac);
	ck_assert_uint_eq(view.tunnel, PAIR_TUNNEL);
	ck_assert_uint_eq(view.chain, PAIR_CHAIN);
	ck_assert_str_eq(view.peer_host_name, "branch");
	ck_assert_uint_eq(view.session, p->side[1].data.session);
	ck_assert_uint_eq(view.peer_session, p->side[0].data.session);
	ck_assert(!l2tp_session_view(p->side[1].l2tp, 1, &view));
	pair_free(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_hello_keeps_it_and_finds_death);
	tcase_add_test(tc, test_data_is_a_sign_of_life);
	tcase_add_test(tc, test_the_chain_moves);
	tcase_add_test(tc, test_a_moved_chain_without_answer_ends_soon);
	tcase_add_test(tc, test_a_chain_gone_ends_after_its_grace);
	tcase_add_test(tc, test_another_chain_does_not_reach_it);
	tcase_add_test(tc, test_many_calls_in_one_connection);
	tcase_add_test(tc, test_both_call_at_once);
	tcase_add_test(tc, test_a_call_without_an_answer_ends);
	tcase_add_test(tc, a_peer_that_is_removed);
	tcase_add_test(tc, peers_that_share_a_bucket);
	tcase_add_test(tc, no_more_than_the_limit);
	tcase_add_test(tc, a_message_waits_for_another_chain);
	tcase_add_test(tc, one_tunnel_does_not_use_up_all);
	tcase_add_test(tc, nothing_there);
	tcase_add_test(tc, doubled_and_early_messages);
	tcase_add_test(tc, an_ended_connection_lingers);
	tcase_add_test(tc, a_call_on_a_chain_that_goes);
	tcase_add_test(tc, what_a_session_is_shown_as);
	return run_cases("l2tp", tc);
}
