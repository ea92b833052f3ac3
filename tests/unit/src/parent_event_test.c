/* Tests of what becomes of happenings: history, counters, the reason why a tunnel is not up, and
 * what is only said beside it. */
#include "src/parent/control_client.h"
#include "src/parent/parent.h"

#include "tests/unit/src/parent_alone.h"

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
	struct msg_line_state m = {
		.tunnel = tunnel.id, .state = (uint8_t)state, .cause = (uint16_t)cause};

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

static struct tunnel *t;

static void set_up(void)
{
	alone_begin("{ name = \"hq\"; " ALONE_WAITS " }, { name = \"lab\"; " ALONE_WAITS " }");
	log_open(false, LOG_LEVEL_ERROR);
	t = parent_tunnel_by_name(p, "hq");
}

static unsigned entries(void)
{
	return (unsigned)p->history.count;
}

static void line(uint32_t id, uint8_t state, enum ls_cause cause, const char *text)
{
	struct msg_line_state m = {.tunnel = id, .state = state, .cause = (uint16_t)cause};

	snprintf(m.text, sizeof m.text, "%s", text);
	parent_line_state(p, &m);
}

/* Of whichever process, with the name that the tunnel has now. */
START_TEST(what_is_logged_is_history)
{
	struct ls_event e = {.cause = CAUSE_PEER_SILENT, .tunnel = 2, .text = "for 30 s"};
	const struct history_entry *h;
	uint64_t at = 0;

	set_up();
	parent_event(p, MSG_ROLE_IKE, &e);
	h = history_next(&p->history, 0, &at);
	ck_assert_ptr_nonnull(h);
	ck_assert_uint_eq(h->role, MSG_ROLE_IKE);
	ck_assert_str_eq(h->tunnel, "lab");
	ck_assert_int_eq(h->event.cause, CAUSE_PEER_SILENT);
	ck_assert_str_eq(h->event.text, "for 30 s");
	e.tunnel = 99;
	parent_event(p, MSG_ROLE_IKE, &e);
	ck_assert_str_eq(history_next(&p->history, 0, &at)->tunnel, "");
	alone_end();
}
END_TEST

/* A flood of bad packets must not push it out. */
START_TEST(what_is_only_counted_is_no_history)
{
	struct ls_event e = {.cause = CAUSE_ESP_REPLAY, .tunnel = 1};

	set_up();
	parent_event(p, MSG_ROLE_GATEWAY, &e);
	ck_assert_uint_eq(entries(), 0);
	ck_assert_int_eq(t->failure.event.cause, CAUSE_NONE);
	alone_end();
}
END_TEST

START_TEST(what_the_parent_tells_is_counted)
{
	struct ls_addr peer = addr_of("192.0.2.7");

	set_up();
	parent_tell(p, 1, CAUSE_IFACE_ROUTE, &peer, "%s: %d", "no", 5);
	parent_tell(p, 1, CAUSE_IFACE_ROUTE, NULL, "again");
	ck_assert_uint_eq(p->counters.by_cause[CAUSE_IFACE_ROUTE], 2);
	ck_assert_uint_eq(entries(), 2);
	ck_assert_str_eq(p->history.entry[0].event.text, "no: 5");
	ck_assert(ls_addr_equal(&p->history.entry[0].event.peer, &peer));
	/* Its own words are not why a tunnel is not up. */
	ck_assert_int_eq(t->failure.event.cause, CAUSE_NONE);
	alone_end();
}
END_TEST

/* A caller that is refused never gets as far as a line. */
START_TEST(a_refused_caller_is_why)
{
	struct ls_event e = {.cause = CAUSE_PPP_WRONG_USER, .tunnel = 1, .text = "alice"};

	set_up();
	parent_event(p, MSG_ROLE_GATEWAY, &e);
	ck_assert_int_eq(t->failure.event.cause, CAUSE_PPP_WRONG_USER);
	ck_assert_str_eq(t->failure.event.text, "alice");
	ck_assert_int_eq(parent_tunnel(p, 2)->failure.event.cause, CAUSE_NONE);
	/* Good news is no reason; nor is anything while the tunnel is up. */
	e.cause = CAUSE_LINE_UP;
	parent_event(p, MSG_ROLE_GATEWAY, &e);
	ck_assert_int_eq(t->failure.event.cause, CAUSE_PPP_WRONG_USER);
	line(1, MSG_LINE_UP, CAUSE_NONE, "");
	e.cause = CAUSE_PEER_SILENT;
	parent_event(p, MSG_ROLE_IKE, &e);
	ck_assert_int_eq(t->failure.event.cause, CAUSE_PPP_WRONG_USER);
	alone_end();
}
END_TEST

START_TEST(a_line_that_comes_and_goes_is_told)
{
	ls_time before;

	set_up();
	before = t->line.since;
	usleep(2000);
	line(1, MSG_LINE_UP, CAUSE_NONE, "hello");
	ck_assert_int_eq(t->line.state, MSG_LINE_UP);
	ck_assert(t->line.since > before);
	ck_assert_str_eq(alone_event(CAUSE_LINE_UP)->text, "hello");
	/* Said twice, it is still one. */
	before = t->line.since;
	line(1, MSG_LINE_UP, CAUSE_NONE, "");
	ck_assert_uint_eq(entries(), 1);
	ck_assert(t->line.since == before);
	line(1, MSG_LINE_DOWN, CAUSE_PEER_SILENT, "4 echoes");
	ck_assert_ptr_nonnull(strstr(alone_event(CAUSE_LINE_DOWN)->text, "does not answer"));
	ck_assert_ptr_nonnull(strstr(alone_event(CAUSE_LINE_DOWN)->text, ": 4 echoes"));
	ck_assert_int_eq(t->failure.event.cause, CAUSE_PEER_SILENT);
	ck_assert_str_eq(t->failure.event.text, "4 echoes");
	ck_assert_uint_eq(entries(), 2);
	/* One that is not there. */
	line(99, MSG_LINE_UP, CAUSE_NONE, "");
	ck_assert_uint_eq(entries(), 2);
	alone_end();
}
END_TEST

/* An attempt that fails is told with its cause; what is no failure is not. */
START_TEST(only_failures_are_why)
{
	set_up();
	line(1, MSG_LINE_CONNECTING, CAUSE_PEER_SILENT, "of the last time");
	ck_assert_int_eq(t->failure.event.cause, CAUSE_NONE);
	line(1, MSG_LINE_DOWN, CAUSE_PEER_SILENT, "this time");
	ck_assert_str_eq(t->failure.event.text, "this time");
	ck_assert_str_eq(alone_event(CAUSE_PEER_SILENT)->text, "this time");
	ck_assert_ptr_null(alone_event(CAUSE_LINE_DOWN));
	line(1, MSG_LINE_HELD, CAUSE_ADMIN, "");
	ck_assert_int_eq(t->failure.event.cause, CAUSE_PEER_SILENT);
	/* In good order: the end of a line is none, that of an attempt is one. */
	line(1, MSG_LINE_UP, CAUSE_NONE, "");
	line(1, MSG_LINE_DOWN, CAUSE_PEER_ASKED, "");
	ck_assert_int_eq(t->failure.event.cause, CAUSE_PEER_SILENT);
	line(1, MSG_LINE_CONNECTING, CAUSE_NONE, "");
	line(1, MSG_LINE_DOWN, CAUSE_PEER_ASKED, "");
	ck_assert_int_eq(t->failure.event.cause, CAUSE_PEER_ASKED);
	/* Up and at once anew: it was lost. */
	line(1, MSG_LINE_UP, CAUSE_NONE, "");
	line(1, MSG_LINE_CONNECTING, CAUSE_PEER_SILENT, "in between");
	ck_assert_str_eq(t->failure.event.text, "in between");
	alone_end();
}
END_TEST

START_TEST(the_next_try_is_known)
{
	struct msg_line_state m = {.tunnel = 1, .state = MSG_LINE_DOWN, .retry_in_ms = 4000};
	ls_time now = clock_now();

	set_up();
	parent_line_state(p, &m);
	ck_assert(t->line.retry_at >= now + LS_S(4) && t->line.retry_at < LS_NEVER);
	m.retry_in_ms = 0;
	parent_line_state(p, &m);
	ck_assert(t->line.retry_at == LS_NEVER);
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("parent_event");

	tcase_add_test(tc, a_waiting_line_says_what_its_caller_got_wrong);
	tcase_add_test(tc, strangers_do_not_replace_a_reason);
	tcase_add_test(tc, an_old_reason_is_replaced);
	tcase_add_test(tc, a_line_that_we_dial_fails_of_its_own_reasons_alone);
	if (netns_can("the rest of parent_event")) {
		tcase_add_test(tc, what_is_logged_is_history);
		tcase_add_test(tc, what_is_only_counted_is_no_history);
		tcase_add_test(tc, what_the_parent_tells_is_counted);
		tcase_add_test(tc, a_refused_caller_is_why);
		tcase_add_test(tc, a_line_that_comes_and_goes_is_told);
		tcase_add_test(tc, only_failures_are_why);
		tcase_add_test(tc, the_next_try_is_known);
	}
	return run_cases("parent_event", tc);
}
