/* Tests of PPP in the gateway: its questions to keys, its addresses, and what it asks of the
 * parent. */
#include "tests/unit/src/gw_alone.h"

/* A tunnel that the far peer calls. */
static struct gw_tunnel *called(void)
{
	struct gw_tunnel *t = alone_tunnel(1, CONF_START_WAIT);

	far_configure(true);
	far.ppp_config.local4 = far.ppp_config.remote4 = (struct ls_addr){.family = 0};
	ck_assert_ptr_nonnull(alone_chain(1, ALONE_CHAIN, true));
	return t;
}

static void far_calls(void)
{
	ck_assert_int_eq(l2tp_call(far.l2tp, 1, ALONE_CHAIN, clock_now()), CAUSE_NONE);
	alone_exchange();
}

START_TEST(the_parent_is_asked_for_what_was_agreed)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_dialled(&m);
	ck_assert_uint_eq(m.iface_up.tunnel, 1);
	ck_assert_uint_eq(ls_addr_v4_value(&m.iface_up.local4), 0x0a090002);
	ck_assert_uint_eq(ls_addr_v4_value(&m.iface_up.remote4), 0x0a090001);
	ck_assert(!m.iface_up.ipv6);
	ck_assert(ls_addr_equal(&m.iface_up.peer, &far.addr));
	ck_assert(m.iface_up.udp);
	ck_assert_uint_eq(m.iface_up.encr, ALGO_AES256_GCM);
	ck_assert_uint_eq(m.iface_up.integ, 0);
	ck_assert_uint_eq(m.iface_up.inner_overhead, 8 + 6 + PPP_PREFIX_MAX);
	ck_assert_uint_eq(m.iface_up.peer_mru, 1450);
	/* No packet passes before it is done. */
	ck_assert_ptr_null(t->device.session);
	ck_assert(t->current->flow.open);
	alone_end();
}
END_TEST

/* We prove ourselves by what keys makes of the password, never having it. */
START_TEST(keys_are_asked_for_our_proof)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	alone_keys_silent = true;
	t = alone_tunnel(1, CONF_START_ALWAYS);
	far_configure(true);
	far.ppp_config.require = PPP_AUTH_MSCHAPV2;
	far.ppp_config.accept = 0;
	alone_chain(1, ALONE_CHAIN, true);
	alone_exchange();
	ck_assert(alone_told(alone_keys, MSG_TYPE_PPP_AUTH_ASK, &m));
	ck_assert_uint_eq(m.ppp_auth_ask.tunnel, 1);
	ck_assert_uint_eq(m.ppp_auth_ask.op, 0);
	ck_assert_str_eq(m.ppp_auth_ask.user, "reno");
	ck_assert_uint_eq(m.ppp_auth_ask.challenge.len, 16);
	ck_assert_uint_eq(m.ppp_auth_ask.session, t->sessions->flow.data.session);
	ck_assert(t->sessions->asking);
	/* Answers to other questions are none. */
	struct msg_ppp_auth_answer a = {.id = m.ppp_auth_ask.id + 1,
	                                .session = m.ppp_auth_ask.session,
	                                .ok = false,
	                                .cause = CAUSE_PPP_UNKNOWN_USER};
	gw_ppp_auth_answer(gw, &a);
	ck_assert(t->sessions->asking);
	a.id--;
	a.session++;
	gw_ppp_auth_answer(gw, &a);
	ck_assert(t->sessions->asking);
	/* keys was restarted: it is asked again, for the same. */
	uint64_t id = m.ppp_auth_ask.id;
	gw_ppp_ask_again(gw);
	ck_assert(alone_told(alone_keys, MSG_TYPE_PPP_AUTH_ASK, &m));
	ck_assert_uint_eq(m.ppp_auth_ask.id, id);
	gw_ppp_ask_again(gw);
	alone_keys_silent = false;
	alone_exchange();
	ck_assert(far.up);
	ck_assert(!t->sessions->asking);
	gw_ppp_ask_again(gw);
	ck_assert(!alone_told(alone_keys, MSG_TYPE_PPP_AUTH_ASK, &m));
	alone_end();
}
END_TEST

/* Who is called checks the caller, with keys' help, and gives it an address out of the pool. */
START_TEST(a_caller_gets_an_address)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = called();
	far_calls();
	ck_assert(far.up);
	ck_assert(!t->current->flow.data.lac);
	ck_assert_str_eq(t->current->flow.link.user, "reno");
	ck_assert_uint_eq(ls_addr_v4_value(&far.link.local4), 0x0a090010);
	ck_assert_uint_eq(ls_addr_v4_value(&far.link.remote4), 0x0a090001);
	ck_assert(alone_told(alone_parent, MSG_TYPE_IFACE_UP, &m));
	ck_assert_uint_eq(ls_addr_v4_value(&m.iface_up.remote4), 0x0a090010);
	alone_end();
}
END_TEST

/* What keys has for this user comes first. */
START_TEST(a_user_has_an_address_of_its_own)
{
	alone_begin();
	alone_given = ls_addr_v4(0x0a0900fe, 0);
	called();
	far_calls();
	ck_assert(far.up);
	ck_assert_uint_eq(ls_addr_v4_value(&far.link.local4), 0x0a0900fe);
	alone_end();
}
END_TEST

/* Each session its own; none left, no link. */
START_TEST(the_pool_is_used_up)
{
	struct gw_tunnel *t;
	struct gw_session other = {.leased = ls_addr_v4(0x0a090010, 0)};
	const struct gw_session *s;

	alone_begin();
	t = called();
	/* Somebody has the first one. */
	other.next = t->sessions;
	t->sessions = &other;
	far_calls();
	ck_assert(far.up);
	ck_assert_uint_eq(ls_addr_v4_value(&far.link.local4), 0x0a090011);
	s = t->current;
	ck_assert_ptr_ne(s, &other);
	for (struct gw_session **at = &t->sessions; *at; at = &(*at)->next)
		if (*at == &other) {
			*at = other.next;
			break;
		}
	alone_end();
}
END_TEST

START_TEST(without_an_address_there_is_no_link)
{
	struct gw_tunnel *t;

	alone_begin();
	t = called();
	t->conf.ppp.pool_first.family = 0;
	far_calls();
	ck_assert(!far.up);
	ck_assert_ptr_null(t->current);
	alone_end();
}
END_TEST

/* Why is not lost when the caller hears it, and its Delete of the SAs is faster than the end of
 * LCP. */
START_TEST(why_ppp_gave_up_is_told_when_ike_is_faster)
{
	struct msg_ike_down m = {.tunnel = 1, .chain = ALONE_CHAIN, .cause = CAUSE_PEER_ASKED};
	struct gw_tunnel *t;

	alone_begin();
	t = called();
	far_calls();
	ck_assert(far.up);
	ppp_close(t->current->ppp, CAUSE_GW_NO_ADDRESS, clock_now());
	gw_ike_down(gw, &m);
	ck_assert_int_eq(t->line.cause, CAUSE_GW_NO_ADDRESS);
	alone_end();
}
END_TEST

START_TEST(a_caller_with_a_wrong_password_is_refused)
{
	struct gw_tunnel *t;

	alone_begin();
	t = called();
	far.password = "another one";
	far_calls();
	ck_assert(!far.up);
	ck_assert_ptr_null(t->sessions);
	ck_assert_int_eq(t->line.state, GW_LINE_IDLE);
	ck_assert_int_eq(t->line.cause, CAUSE_PPP_WRONG_PASSWORD);
	alone_end();
}
END_TEST

/* A caller that is not the one that this tunnel is for. */
START_TEST(another_user_is_refused)
{
	struct gw_tunnel *t;

	alone_begin();
	t = called();
	snprintf(far.ppp_config.name, sizeof far.ppp_config.name, "somebody");
	far_calls();
	ck_assert(!far.up);
	ck_assert_ptr_null(t->sessions);
	alone_end();
}
END_TEST

static struct gw_session other_link;

static void is_ours_too(void)
{
	other_link.ppp = far.ppp;
}

/* The peer challenges us with what a link of ours challenges its peer with: with the same user in
 * both directions it would need no password for that one (RFC 1994 7). */
START_TEST(our_own_challenge_is_not_answered)
{
	struct gw_tunnel *t, *other;
	struct msg m;

	alone_begin();
	alone_linked = is_ours_too;
	other = gw_tunnel_make(gw, 2);
	other->sessions = &other_link;
	t = alone_tunnel(1, CONF_START_ALWAYS);
	far_configure(true);
	far.ppp_config.require = PPP_AUTH_MSCHAPV2;
	far.ppp_config.accept = 0;
	alone_chain(1, ALONE_CHAIN, true);
	alone_exchange();
	ck_assert_ptr_nonnull(other_link.ppp);
	ck_assert(!far.up);
	ck_assert(!alone_told(alone_keys, MSG_TYPE_PPP_AUTH_ASK, &m));
	ck_assert_ptr_null(t->current);
	ck_assert_int_eq(t->line.state, GW_LINE_BACKOFF);
	other->sessions = NULL;
	alone_end();
}
END_TEST

/* The newest one carries the traffic; the older one ends. */
START_TEST(a_second_call_replaces_the_first)
{
	struct gw_tunnel *t;
	uint16_t first;

	alone_begin();
	t = called();
	far_calls();
	first = t->current->flow.data.session;
	far.down = false;
	far_calls();
	ck_assert(far.up);
	ck_assert_uint_ne(t->current->flow.data.session, first);
	ck_assert_ptr_null(gw_session_flow(gw, first));
	ck_assert(far.down);
	ck_assert_ptr_null(t->current->next);
	alone_end();
}
END_TEST

START_TEST(a_link_that_ends_takes_the_line_down)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_line_up();
	ppp_close(far.ppp, CAUSE_ADMIN, clock_now());
	alone_exchange();
	ck_assert_ptr_null(t->current);
	ck_assert_ptr_null(t->sessions);
	ck_assert_int_eq(t->line.state, GW_LINE_BACKOFF);
	ck_assert(alone_told(alone_parent, MSG_TYPE_IFACE_DOWN, &m));
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_ppp");

	if (!alone_reserve())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_parent_is_asked_for_what_was_agreed);
	tcase_add_test(tc, keys_are_asked_for_our_proof);
	tcase_add_test(tc, a_caller_gets_an_address);
	tcase_add_test(tc, a_user_has_an_address_of_its_own);
	tcase_add_test(tc, the_pool_is_used_up);
	tcase_add_test(tc, without_an_address_there_is_no_link);
	tcase_add_test(tc, why_ppp_gave_up_is_told_when_ike_is_faster);
	tcase_add_test(tc, a_caller_with_a_wrong_password_is_refused);
	tcase_add_test(tc, another_user_is_refused);
	tcase_add_test(tc, our_own_challenge_is_not_answered);
	tcase_add_test(tc, a_second_call_replaces_the_first);
	tcase_add_test(tc, a_link_that_ends_takes_the_line_down);
	return run_cases("gw_ppp", tc);
}
