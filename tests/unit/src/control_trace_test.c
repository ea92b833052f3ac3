/* l2tpsecctl trace: ike is told while somebody looks on, and each sees what is theirs. */
#include "tests/unit/src/ask.h"

static const char tunnels[] =
	"{ name = \"hq\"; " ALONE_WAITS " }, { name = \"lab\"; " ALONE_WAITS " }";

/* What ike was told last; -1: nothing. */
static int told(void)
{
	struct msg m;
	int fd, last = -1;

	while (alone_told(MSG_ROLE_IKE, &m, &fd))
		if (m.type == MSG_TYPE_TRACE_SET)
			last = m.trace_set.on;
	return last;
}

static void says(uint32_t tunnel, const char *text)
{
	struct msg_trace m = {.tunnel = tunnel, .sent = true, .exchange = 35, .id = 7};

	snprintf(m.text, sizeof m.text, "%s", text);
	snprintf(m.details, sizeof m.details, "IDi: a\x1b[2J; AUTH: method 2");
	control_trace(p, &m);
}

START_TEST(ike_is_told_while_somebody_looks_on)
{
	int one, two;

	ask_begin(tunnels);
	told();
	one = ask(CONTROL_TRACE, 0, "");
	ck_assert_int_eq(told(), 1);
	two = ask(CONTROL_TRACE, 0, "hq");
	ck_assert_int_eq(told(), -1);
	close(one);
	ask_serve();
	ck_assert_int_eq(told(), -1);
	/* One that was restarted begins without. */
	control_ike_ready(p);
	ck_assert_int_eq(told(), 1);
	close(two);
	ask_serve();
	ck_assert_int_eq(told(), 0);
	ask_end();
}
END_TEST

START_TEST(each_sees_its_own)
{
	int all, hq, events;
	json_t *o;

	ask_begin(tunnels);
	all = ask(CONTROL_TRACE, 0, "");
	hq = ask(CONTROL_TRACE, 0, "hq");
	events = ask(CONTROL_EVENTS, CONTROL_FLAG_FOLLOW, "");
	says(2, "HDR, SK {IDi}");
	o = ask_gives(all, "trace");
	ck_assert_str_eq(ask_text(o, "tunnel"), "lab");
	ck_assert_str_eq(ask_text(o, "exchange"), "IKE_AUTH");
	ck_assert_str_eq(ask_text(o, "text"), "HDR, SK {IDi}");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "message_id")), 7);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "details")), 2);
	/* What a peer says does not steer a terminal. */
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "details"), 0)),
	                 "IDi: a?[2J");
	json_decref(o);
	ask_gives_nothing(hq);
	says(1, "HDR, SK {}");
	json_decref(ask_gives(all, "trace"));
	json_decref(ask_gives(hq, "trace"));
	/* Nobody knows yet whose it is. */
	says(0, "HDR, SAi1, KEi, Ni");
	json_decref(ask_gives(all, "trace"));
	json_decref(ask_gives(hq, "trace"));
	ask_gives_nothing(events);
	close(all);
	close(hq);
	close(events);
	ask_serve();
	ask_end();
}
END_TEST

START_TEST(no_such_tunnel_and_no_ike)
{
	ask_begin(tunnels);
	ask_is_over(ask(CONTROL_TRACE, 0, "none"), 2, "there is no tunnel 'none'");
	parent_child(p, MSG_ROLE_IKE)->ready = false;
	ask_is_over(ask(CONTROL_TRACE, 0, ""), 1, "being restarted");
	ask_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("control_trace");

	tcase_add_test(tc, ike_is_told_while_somebody_looks_on);
	tcase_add_test(tc, each_sees_its_own);
	tcase_add_test(tc, no_such_tunnel_and_no_ike);
	return run_cases("control_trace", tc);
}
