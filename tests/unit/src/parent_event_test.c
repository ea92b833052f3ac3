/* Tests of what becomes the reason why a tunnel is not up, and what is only said beside it. */
#include "src/parent/control_client.h"
#include "src/parent/parent.h"

#include "tests/unit/run.h"

#include <stdlib.h>
#include <string.h>

static struct parent parent;
static struct tunnel tunnel;

static void begin(enum conf_start start)
{
	memset(&parent, 0, sizeof parent);
	memset(&tunnel, 0, sizeof tunnel);
	tunnel.id = 7;
	snprintf(tunnel.name, sizeof tunnel.name, "branch");
	tunnel.conf.start = start;
	tunnel.line.state = MSG_LINE_DOWN;
	parent.tunnels = &tunnel;
}

static void ike_says(enum ls_cause cause, const char *peer)
{
	struct ls_event e = {.cause = cause, .tunnel = tunnel.id};

	ck_assert(ls_addr_parse(peer, &e.peer));
	parent_event(&parent, MSG_ROLE_IKE, &e);
}

static void line_is(enum msg_line state, enum ls_cause cause)
{
	struct msg_line_state m = {.tunnel = tunnel.id, .state = state, .cause = cause};

	parent_line_state(&parent, &m);
}

/* What `why` says: the cause of the line, and how many callers with the last one's address. */
static void why_is(enum ls_cause cause, unsigned callers, const char *peer)
{
	json_t *o = control_json_why(&parent, &tunnel), *c;

	ck_assert_ptr_nonnull(o);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "number")),
	                 ls_cause_info(cause)->number);
	c = json_object_get(o, "callers");
	ck_assert_int_eq(json_integer_value(json_object_get(c, "count")), callers);
	if (callers > 0)
		ck_assert_str_eq(json_string_value(json_object_get(c, "peer")), peer);
	json_decref(o);
}

START_TEST(a_waiting_line_says_what_its_caller_got_wrong)
{
	begin(CONF_START_WAIT);
	why_is(CAUSE_NONE, 0, NULL);
	ike_says(CAUSE_IKE_AUTH_MISMATCH, "192.0.2.1");
	why_is(CAUSE_IKE_AUTH_MISMATCH, 1, "192.0.2.1");
	ike_says(CAUSE_IKE_CHOICE_NOT_ALLOWED, "192.0.2.2");
	why_is(CAUSE_IKE_CHOICE_NOT_ALLOWED, 2, "192.0.2.2");
	/* One that has proved itself. */
	ike_says(CAUSE_IKE_NO_CHILD_PROPOSAL, "192.0.2.3");
	why_is(CAUSE_IKE_NO_CHILD_PROPOSAL, 2, "192.0.2.2");
}
END_TEST

START_TEST(strangers_do_not_replace_a_reason)
{
	begin(CONF_START_WAIT);
	line_is(MSG_LINE_DOWN, CAUSE_PPP_WRONG_PASSWORD);
	why_is(CAUSE_PPP_WRONG_PASSWORD, 0, NULL);
	for (unsigned i = 0; i < 3; i++)
		ike_says(CAUSE_IKE_AUTH_MISMATCH, "203.0.113.66");
	why_is(CAUSE_PPP_WRONG_PASSWORD, 3, "203.0.113.66");
	/* And the other way round. */
	begin(CONF_START_WAIT);
	ike_says(CAUSE_IKE_NO_PSK, "203.0.113.66");
	line_is(MSG_LINE_DOWN, CAUSE_PPP_WRONG_PASSWORD);
	why_is(CAUSE_PPP_WRONG_PASSWORD, 1, "203.0.113.66");
}
END_TEST

/* What it failed of before it was last up is past. */
START_TEST(an_old_reason_is_replaced)
{
	begin(CONF_START_WAIT);
	line_is(MSG_LINE_DOWN, CAUSE_PPP_WRONG_PASSWORD);
	line_is(MSG_LINE_UP, CAUSE_NONE);
	ike_says(CAUSE_IKE_AUTH_MISMATCH, "192.0.2.1");
	why_is(CAUSE_PPP_WRONG_PASSWORD, 1, "192.0.2.1");
	line_is(MSG_LINE_DOWN, CAUSE_PEER_ASKED);
	ike_says(CAUSE_IKE_AUTH_MISMATCH, "192.0.2.2");
	why_is(CAUSE_IKE_AUTH_MISMATCH, 2, "192.0.2.2");
}
END_TEST

START_TEST(a_line_that_we_dial_fails_of_its_own_reasons_alone)
{
	begin(CONF_START_ON_DEMAND);
	ike_says(CAUSE_IKE_AUTH_MISMATCH, "203.0.113.66");
	why_is(CAUSE_NONE, 1, "203.0.113.66");
	line_is(MSG_LINE_WAITING, CAUSE_IKE_AUTH_REFUSED);
	ike_says(CAUSE_IKE_AUTH_MISMATCH, "203.0.113.67");
	why_is(CAUSE_IKE_AUTH_REFUSED, 2, "203.0.113.67");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("parent_event");

	tcase_add_test(t, a_waiting_line_says_what_its_caller_got_wrong);
	tcase_add_test(t, strangers_do_not_replace_a_reason);
	tcase_add_test(t, an_old_reason_is_replaced);
	tcase_add_test(t, a_line_that_we_dial_fails_of_its_own_reasons_alone);
	return run_cases("parent_event", t);
}
