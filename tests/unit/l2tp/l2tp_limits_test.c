/* Tests of limits, of peers that go, and of chains that go while something is under way. */
#include "l2tp/l2tp_wire.h"
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

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

START_TEST(the_called_side_refuses_what_is_too_much)
{
	struct pair *p = pair_new(4, "", "");

	limited(p, 1, &(struct l2tp_limits){.max_sessions = 1});
	pair_up(p);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[0].up, 1);
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_int_eq(p->side[0].down_cause, CAUSE_L2TP_REFUSED);
	ck_assert(p->side[0].down_by_peer);
	ck_assert_ptr_nonnull(strstr(p->side[0].down_text, "result 4"));
	ck_assert_uint_eq(p->side[1].down, 0);
	pair_free(p);
}
END_TEST

static uint16_t last_type, last_result;

static bool watch(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	struct l2tp_in in;

	(void)p;
	if (from == 1 && l2tp_message_read(bytes, len, LS_BYTES(NULL, 0), &in) == CAUSE_NONE &&
	    !in.zlb) {
		last_type = in.type;
		last_result = in.result;
	}
	return true;
}

/* A call in the other direction, from the office's telephone exchange: not here (7.5). */
START_TEST(outgoing_calls_are_refused)
{
	struct pair *p = pair_new(5, "", "");
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct l2tp_session_view view;

	pair_up(p);
	p->filter = watch;
	ck_assert(l2tp_session_view(p->side[1].l2tp, 0, &view));
	l2tp_message_begin(&w, L2TP_OCRQ);
	l2tp_avp_u16(&w, L2TP_AVP_SESSION, 77);
	wr_patch_u16(&w, 0, 0xc802);
	wr_patch_u16(&w, 2, (uint16_t)w.len);
	wr_patch_u16(&w, 4, view.connection);
	wr_patch_u16(&w, 8, 4); /* SCCRQ, SCCCN, ICRQ and ICCN came before */
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, bytes, w.len, p->now);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(last_type, L2TP_CDN);
	ck_assert_uint_eq(last_result, 4);
	ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
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

/* A peer without the secret is called, and calls too, with the challenge that it got: the answer
 * would be its proof. */
START_TEST(our_own_challenge_is_not_answered)
{
	struct pair *p = pair_new(8, "key", "key");
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct l2tp_in called = {0}, in;
	struct l2tp_request r;
	bool stopped = false;

	ck_assert_int_eq(l2tp_call(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	while (l2tp_next(p->side[1].l2tp, &r))
		if (r.kind == L2TP_REQ_SEND)
			ck_assert_int_eq(l2tp_message_read(r.bytes.p, r.bytes.len,
			                                   LS_BYTES(NULL, 0), &called),
			                 CAUSE_NONE);
	ck_assert_uint_eq(called.challenge_len, 16);
	l2tp_message_begin(&w, L2TP_SCCRQ);
	l2tp_avp_u16(&w, L2TP_AVP_CONNECTION, 77);
	l2tp_avp_bytes(&w, L2TP_AVP_CHALLENGE, called.challenge, called.challenge_len);
	l2tp_message_stamp(bytes, w.len, 0, 0, 0, 0);
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN + 1, bytes, w.len, p->now);
	while (l2tp_next(p->side[1].l2tp, &r)) {
		if (r.kind != L2TP_REQ_SEND)
			continue;
		ck_assert_int_eq(l2tp_message_read(r.bytes.p, r.bytes.len, LS_BYTES(NULL, 0), &in),
		                 CAUSE_NONE);
		ck_assert(!in.has_response);
		stopped |= in.type == L2TP_STOPCCN;
	}
	ck_assert(stopped);
	pair_free(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_limits");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_peer_that_is_removed);
	tcase_add_test(tc, peers_that_share_a_bucket);
	tcase_add_test(tc, no_more_than_the_limit);
	tcase_add_test(tc, the_called_side_refuses_what_is_too_much);
	tcase_add_test(tc, outgoing_calls_are_refused);
	tcase_add_test(tc, a_message_waits_for_another_chain);
	tcase_add_test(tc, one_tunnel_does_not_use_up_all);
	tcase_add_test(tc, our_own_challenge_is_not_answered);
	return run_cases("l2tp_limits", tc);
}
