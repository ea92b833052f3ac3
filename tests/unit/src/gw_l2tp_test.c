/* Tests of L2TP in the gateway: a session for each call, and what its end means for the line. */
#include "tests/unit/src/gw_alone.h"

START_TEST(a_call_becomes_a_session)
{
	struct gw_tunnel *t;
	struct gw_session *s;

	alone_begin();
	t = alone_line_up();
	s = t->current;
	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_eq(t->sessions, s);
	ck_assert_ptr_null(s->next);
	/* Both sides mean the same one, by the number that is each side's own. */
	ck_assert_uint_eq(s->flow.data.peer_session, far.data.session);
	ck_assert_uint_eq(s->flow.data.session, far.data.peer_session);
	ck_assert(s->flow.data.lac && !far.data.lac);
	ck_assert_ptr_eq(gw_session_flow(gw, s->flow.data.session), &s->flow);
	ck_assert_ptr_null(gw_session_flow(gw, (uint16_t)(s->flow.data.session + 1)));
	ck_assert_ptr_eq(s->chain, t->chains);
	ck_assert_uint_eq(t->chains->sessions, 1);
	ck_assert_ptr_eq(s->flow.path, &t->chains->path);
	ck_assert_uint_eq(s->flow.header_len, 6);
	ck_assert_str_eq(far.host, "us.example");
	alone_end();
}
END_TEST

/* In good order: the dialling side calls again later. */
START_TEST(the_peer_hangs_up)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_line_up();
	l2tp_hang_up(far.l2tp, far.data.session, CAUSE_ADMIN, clock_now());
	alone_exchange();
	ck_assert_ptr_null(t->sessions);
	ck_assert_ptr_null(t->current);
	ck_assert_ptr_null(t->device.session);
	ck_assert_int_eq(t->line.state, GW_LINE_BACKOFF);
	ck_assert(alone_told(alone_parent, MSG_TYPE_IFACE_DOWN, &m));
	alone_end();
}
END_TEST

START_TEST(we_hang_up)
{
	struct gw_tunnel *t;
	uint16_t session;

	alone_begin();
	t = alone_line_up();
	session = t->current->flow.data.session;
	gw_session_hang_up(gw, session, CAUSE_IDLE);
	gw_session_end(t->current);
	alone_exchange();
	ck_assert(far.down && far.by_us);
	ck_assert_ptr_null(gw_session_flow(gw, session));
	ck_assert_uint_eq(t->chains ? t->chains->sessions : 0, 0);
	/* What L2TP says of a session that we ended ourselves is no news for the line. */
	ck_assert_int_eq(t->line.state, GW_LINE_UP);
	alone_end();
}
END_TEST

/* Why PPP failed is not lost when the peer's CDN is faster. */
START_TEST(a_wrong_password_is_why)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_tunnel(1, CONF_START_ALWAYS);
	far_configure(true);
	far.ppp_config.require = PPP_AUTH_MSCHAPV2;
	far.ppp_config.accept = 0;
	far.password = "another one";
	alone_chain(1, ALONE_CHAIN, true);
	alone_exchange();
	ck_assert(!far.up);
	ck_assert_ptr_null(t->sessions);
	ck_assert_int_ne(t->line.state, GW_LINE_UP);
	ck_assert_int_ne(t->line.cause, CAUSE_NONE);
	ck_assert_int_ne(t->line.cause, CAUSE_PEER_ASKED);
	ck_assert(!alone_told(alone_parent, MSG_TYPE_IFACE_UP, &m));
	alone_end();
}
END_TEST

/* Hidden AVPs and the tunnel's authentication: one of the two has another secret. */
START_TEST(another_tunnel_secret_comes_to_nothing)
{
	struct l2tp_peer peer = {
		.tunnel = 1, .host_name = "far.example", .secret = "one", .secret_len = 3};
	struct gw_tunnel *t;

	alone_begin();
	t = alone_tunnel(1, CONF_START_ALWAYS);
	far_configure(true);
	ck_assert_int_eq(l2tp_peer_set(far.l2tp, &peer), CAUSE_NONE);
	gw_l2tp_configure(t, LS_BYTES("two", 3));
	alone_chain(1, ALONE_CHAIN, true);
	alone_exchange();
	ck_assert_ptr_null(t->sessions);
	ck_assert_ptr_null(far.ppp);
	ck_assert_int_ne(t->line.cause, CAUSE_NONE);
	/* With the same one it comes up. */
	gw_l2tp_configure(t, LS_BYTES("one", 3));
	gw_tunnel_step(t, GW_EV_ADMIN_DOWN, CAUSE_ADMIN, NULL);
	alone_exchange();
	gw_tunnel_step(t, GW_EV_ADMIN_UP, CAUSE_NONE, NULL);
	/* ike says that the chain stands. */
	gw_tunnel_step(t, GW_EV_CHAIN_UP, CAUSE_NONE, NULL);
	alone_exchange();
	ck_assert_ptr_nonnull(t->sessions);
	alone_end();
}
END_TEST

/* What a link counted is not lost with it. */
START_TEST(counters_outlive_their_link)
{
	struct gw_tunnel *t;
	uint64_t total = 0;
	uint8_t frame[] = {0xff, 0x03, 0xc0, 0x21, 1, 7, 0, 200};

	alone_begin();
	t = alone_line_up();
	gw_ppp_input(gw, &t->current->flow, frame, sizeof frame);
	for (size_t i = 0; i < LS_CAUSE_LIMIT; i++)
		total += ppp_counters(t->current->ppp)->by_cause[i];
	ck_assert_uint_gt(total, 0);
	gw_session_end(t->current);
	for (size_t i = 0; i < LS_CAUSE_LIMIT; i++)
		total -= gw->ppp_past.by_cause[i];
	ck_assert_uint_eq(total, 0);
	alone_end();
}
END_TEST

/* Without an SA to send on nothing goes, and that is counted. */
START_TEST(without_a_chain_messages_are_counted)
{
	struct gw_tunnel *t;
	uint64_t before;

	alone_begin();
	t = alone_line_up();
	before = gw->counters.by_cause[CAUSE_GW_NO_SA];
	t->chains->path.out = NULL;
	l2tp_hang_up(gw->l2tp, t->current->flow.data.session, CAUSE_IDLE, clock_now());
	gw_pump(gw);
	ck_assert_uint_gt(gw->counters.by_cause[CAUSE_GW_NO_SA], before);
	alone_end();
}
END_TEST

/* Steps for people, on the way up. */
START_TEST(steps_are_told)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_tunnel(1, CONF_START_ALWAYS);
	far_configure(true);
	alone_chain(1, ALONE_CHAIN, true);
	alone_exchange();
	ck_assert_ptr_nonnull(t->sessions);
	ck_assert(alone_told(alone_parent, MSG_TYPE_PROGRESS, &m));
	ck_assert_uint_eq(m.progress.tunnel, 1);
	ck_assert_str_ne(m.progress.text, "");
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_l2tp");

	if (!alone_reserve())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_call_becomes_a_session);
	tcase_add_test(tc, the_peer_hangs_up);
	tcase_add_test(tc, we_hang_up);
	tcase_add_test(tc, a_wrong_password_is_why);
	tcase_add_test(tc, another_tunnel_secret_comes_to_nothing);
	tcase_add_test(tc, counters_outlive_their_link);
	tcase_add_test(tc, without_a_chain_messages_are_counted);
	tcase_add_test(tc, steps_are_told);
	return run_cases("gw_l2tp", tc);
}
