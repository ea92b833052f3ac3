/* Tests of the commands of the admin socket: what is asked of whom, and what is said as the answers
 * come. */
#include "tests/unit/src/ask.h"

static void set_up(void)
{
	ask_begin("{ name = \"hq\"; " ALONE_WAITS " }, { name = \"lab\"; " ALONE_WAITS " }");
}

static void line(uint32_t tunnel, uint8_t state, enum ls_cause cause, const char *text)
{
	struct msg_line_state m = {.tunnel = tunnel, .state = state, .cause = (uint16_t)cause};

	snprintf(m.text, sizeof m.text, "%s", text);
	parent_line_state(p, &m);
}

/* The number of the question that this process was asked. */
static uint64_t asked(enum msg_role role)
{
	struct msg m;

	alone_is_told(role, MSG_TYPE_STATUS_ASK, &m);
	return m.status_ask.id;
}

static void answers(enum msg_role role, uint64_t id)
{
	struct msg m = {.type = MSG_TYPE_STATUS_END,
	                .status_end = {.id = id, .role = (uint8_t)role}};

	control_answer(p, role, &m);
}

START_TEST(status_is_what_all_say)
{
	struct msg m = {.type = MSG_TYPE_STATUS_LINE};
	int fd = ask(CONTROL_STATUS, 0, "");
	uint64_t id = asked(MSG_ROLE_GATEWAY);
	json_t *o;

	ck_assert_uint_eq(asked(MSG_ROLE_IKE), id);
	alone_is_told_nothing(MSG_ROLE_KEYS);
	ask_gives_nothing(fd);
	m.status_line =
		(struct msg_status_line){.id = id,
	                                 .tunnel = 2,
	                                 .tries = 3,
	                                 .session = 5,
	                                 .offloads = CONF_OFFLOAD_JOIN | CONF_OFFLOAD_UDP_GSO};
	control_answer(p, MSG_ROLE_GATEWAY, &m);
	/* To another question, which nobody waits for any more. */
	m.status_line.id = id + 100;
	m.status_line.tries = 99;
	control_answer(p, MSG_ROLE_GATEWAY, &m);
	answers(MSG_ROLE_GATEWAY, id);
	ask_gives_nothing(fd);
	answers(MSG_ROLE_IKE, id);
	o = ask_gives(fd, "daemon");
	ck_assert_uint_eq(json_array_size(json_object_get(o, "processes")), 3);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "missing")), 0);
	json_decref(o);
	o = ask_gives(fd, "tunnel");
	ck_assert_str_eq(ask_text(o, "name"), "hq");
	json_decref(o);
	o = ask_gives(fd, "tunnel");
	ck_assert_str_eq(ask_text(o, "name"), "lab");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "tries")), 3);
	ck_assert_ptr_null(json_object_get(o, "history"));
	json_decref(o);
	ask_is_over(fd, 0, "");
}
END_TEST

START_TEST(status_of_one_is_all_about_it)
{
	int fd = ask(CONTROL_STATUS, 0, "lab");
	struct msg m;
	json_t *o;

	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_STATUS_ASK, &m);
	ck_assert_uint_eq(m.status_ask.tunnel, 2);
	answers(MSG_ROLE_GATEWAY, m.status_ask.id);
	answers(MSG_ROLE_IKE, asked(MSG_ROLE_IKE));
	json_decref(ask_gives(fd, "daemon"));
	o = ask_gives(fd, "tunnel");
	ck_assert_str_eq(ask_text(o, "name"), "lab");
	ck_assert_ptr_nonnull(json_object_get(o, "history"));
	json_decref(o);
	ask_is_over(fd, 0, "");
}
END_TEST

/* It dies, is not ready, or does not answer: the rest is said, and who is missing. */
START_TEST(a_process_that_does_not_answer_is_named)
{
	for (unsigned how = 0; how < 3; how++) {
		struct msg m;
		int fd;
		json_t *o;

		parent_child(p, MSG_ROLE_IKE)->ready = how != 1;
		fd = ask(CONTROL_STATUS, 0, "");
		answers(MSG_ROLE_GATEWAY, asked(MSG_ROLE_GATEWAY));
		if (how != 1)
			alone_is_told(MSG_ROLE_IKE, MSG_TYPE_STATUS_ASK, &m);
		if (how == 0)
			control_child_lost(p, MSG_ROLE_IKE);
		if (how == 2) {
			ask_gives_nothing(fd);
			usleep((CONTROL_COLLECT_MS + 200) * 1000);
		}
		o = ask_gives(fd, "daemon");
		ck_assert_str_eq(
			json_string_value(json_array_get(json_object_get(o, "missing"), 0)), "ike");
		json_decref(o);
		json_decref(ask_gives(fd, "tunnel"));
		json_decref(ask_gives(fd, "tunnel"));
		ask_is_over(fd, 1, "incomplete");
	}
}
END_TEST

START_TEST(names_that_are_none)
{
	static const unsigned commands[] = {CONTROL_UP, CONTROL_DOWN, CONTROL_WHY};

	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		ask_is_over(ask(commands[i], 0, "nowhere"), 2, "there is no tunnel 'nowhere'");
		ask_is_over(ask(commands[i], 0, ""), 2, "name a tunnel");
	}
	ask_is_over(ask(CONTROL_STATUS, 0, "nowhere"), 2, "there is no tunnel");
	ask_is_over(ask(CONTROL_EVENTS, 0, "nowhere"), 2, "there is no tunnel");
	alone_is_told_nothing(MSG_ROLE_GATEWAY);
}
END_TEST

/* Each step as it comes, then how it ended. */
START_TEST(up_shows_the_steps)
{
	struct msg m, step = {.type = MSG_TYPE_PROGRESS,
	                      .progress = {.tunnel = 1, .text = "IKE: \x1b[31m up"}};
	int fd = ask(CONTROL_UP, 0, "hq"), other = ask(CONTROL_UP, 0, "lab");
	json_t *o;

	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_LINE_UP, &m);
	ck_assert_uint_eq(m.line_up.tunnel, 1);
	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_LINE_UP, &m);
	line(1, MSG_LINE_CONNECTING, CAUSE_PEER_SILENT, "of the last time");
	ask_gives_nothing(fd);
	control_answer(p, MSG_ROLE_IKE, &step);
	o = ask_gives(fd, "progress");
	ck_assert_str_eq(ask_text(o, "tunnel"), "hq");
	/* A peer's words do not steer the terminal. */
	ck_assert_str_eq(ask_text(o, "text"), "IKE: ?[31m up");
	ck_assert(json_integer_value(json_object_get(o, "ms")) >= 0);
	json_decref(o);
	line(1, MSG_LINE_UP, CAUSE_NONE, "");
	ask_is_over(fd, 0, "hq is up");
	ask_gives_nothing(other);
	line(2, MSG_LINE_DOWN, CAUSE_PEER_SILENT, "4 tries");
	ask_is_over(other, 1, "lab did not come up: the peer does not answer any more: 4 tries; ");
	/* There already. */
	ask_is_over(ask(CONTROL_UP, 0, "hq"), 0, "hq is up");
	alone_is_told_nothing(MSG_ROLE_GATEWAY);
}
END_TEST

START_TEST(down_waits_until_it_is_down)
{
	struct msg m;
	int fd;

	line(1, MSG_LINE_UP, CAUSE_NONE, "");
	fd = ask(CONTROL_DOWN, 0, "hq");
	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_LINE_DOWN, &m);
	ck_assert_uint_eq(m.line_down.tunnel, 1);
	ck_assert_uint_eq(m.line_down.cause, CAUSE_ADMIN);
	ask_gives_nothing(fd);
	line(1, MSG_LINE_HELD, CAUSE_ADMIN, "");
	ask_is_over(fd, 0, "hq is down");
	ask_is_over(ask(CONTROL_DOWN, 0, "hq"), 0, "hq is down");
}
END_TEST

START_TEST(those_in_a_hurry_are_not_kept)
{
	ask_is_over(ask(CONTROL_UP, CONTROL_FLAG_NO_WAIT, "hq"), 0, "is being brought up");
	line(1, MSG_LINE_UP, CAUSE_NONE, "");
	ask_is_over(ask(CONTROL_DOWN, CONTROL_FLAG_NO_WAIT, "hq"), 0, "is being taken down");
}
END_TEST

START_TEST(without_a_gateway_it_says_so)
{
	struct child *c = parent_child(p, MSG_ROLE_GATEWAY);

	ipc_free(c->ipc);
	c->ipc = NULL;
	ask_is_over(ask(CONTROL_UP, 0, "hq"), 1, "is being restarted");
	ask_is_over(ask(CONTROL_DOWN, 0, "hq"), 1, "is being restarted");
}
END_TEST

START_TEST(time_runs_out)
{
	struct control_client *c;
	int fd = ask(CONTROL_UP, 0, "hq");

	c = p->control->clients;
	control_command_timeout(c);
	ask_is_over(fd, 1, "hq is not up after 60 s; it goes on trying: see 'l2tpsecctl why hq'");
	line(1, MSG_LINE_UP, CAUSE_NONE, "");
	fd = ask(CONTROL_DOWN, 0, "hq");
	control_command_timeout(p->control->clients);
	ask_is_over(fd, 1, "hq is still up after 10 s");
}
END_TEST

START_TEST(why_names_the_cause_and_what_to_do)
{
	int fd;
	json_t *o;

	line(1, MSG_LINE_DOWN, CAUSE_PEER_SILENT, "4 tries");
	fd = ask(CONTROL_WHY, 0, "hq");
	o = ask_gives(fd, "why");
	ck_assert_str_eq(ask_text(o, "tunnel"), "hq");
	ck_assert_str_eq(ask_text(o, "name"), "PEER_SILENT");
	ck_assert_str_eq(ask_text(o, "text"), "4 tries");
	ck_assert_str_ne(ask_text(o, "hint"), "");
	ck_assert_str_eq(ask_text(o, "file"), alone_config);
	json_decref(o);
	ask_is_over(fd, 0, "");
}
END_TEST

/* Its end is when keys has read the secrets, or has refused them, or says nothing. */
START_TEST(reload_waits_for_the_secrets)
{
	int fd = ask(CONTROL_RELOAD, 0, "");
	json_t *o;

	ask_gives_nothing(fd);
	control_secrets_read(p, true, "");
	ask_is_over(fd, 0, "was read anew");
	fd = ask(CONTROL_RELOAD, 0, "");
	control_secrets_read(p, false, "secrets:7: no");
	o = ask_gives(fd, "message");
	ck_assert_str_eq(ask_text(o, "text"), "secrets:7: no");
	json_decref(o);
	ask_is_over(fd, 1, "the secrets file was refused; the old secrets go on");
	fd = ask(CONTROL_RELOAD, 0, "");
	usleep((CONTROL_COLLECT_MS + 200) * 1000);
	ask_is_over(fd, 1, "the keys process has not answered");
}
END_TEST

START_TEST(reload_says_what_is_wrong)
{
	int fd;

	alone_configure("", "{ name = \"hq\"; start = \"never\"; }");
	fd = ask(CONTROL_RELOAD, 0, "");
	json_decref(ask_gives(fd, "message"));
	ask_is_over(fd, 1, "was refused; the old one goes on");
	alone_configure("", "{ name = \"hq\"; " ALONE_WAITS " }");
	chmod(alone_secrets, 0644);
	fd = ask(CONTROL_RELOAD, 0, "");
	json_decref(ask_gives(fd, "message"));
	ask_is_over(fd, 1, "in force but for what is said above");
}
END_TEST

/* Ours, and those of each process. */
START_TEST(counters_are_of_all_processes)
{
	struct msg m = {.type = MSG_TYPE_STATUS_COUNTER};
	int fd;
	json_t *o;

	parent_tell(p, 0, CAUSE_IFACE_ROUTE, NULL, "no");
	fd = ask(CONTROL_COUNTERS, 0, "");
	o = ask_gives(fd, "counter");
	ck_assert_str_eq(ask_text(o, "process"), "parent");
	ck_assert_str_eq(ask_text(o, "name"), "IFACE_ROUTE");
	json_decref(o);
	m.status_counter = (struct msg_status_counter){.id = asked(MSG_ROLE_GATEWAY),
	                                               .role = MSG_ROLE_GATEWAY,
	                                               .cause = CAUSE_ESP_REPLAY,
	                                               .count = 12};
	control_answer(p, MSG_ROLE_GATEWAY, &m);
	o = ask_gives(fd, "counter");
	ck_assert_str_eq(ask_text(o, "process"), "gateway");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "count")), 12);
	json_decref(o);
	answers(MSG_ROLE_GATEWAY, m.status_counter.id);
	answers(MSG_ROLE_KEYS, asked(MSG_ROLE_KEYS));
	ask_gives_nothing(fd);
	answers(MSG_ROLE_IKE, asked(MSG_ROLE_IKE));
	ask_is_over(fd, 0, "");
}
END_TEST

START_TEST(events_are_told_and_followed)
{
	struct ls_event hq = {.cause = CAUSE_PEER_SILENT, .tunnel = 1, .text = "hq"},
			lab = {.cause = CAUSE_PEER_SILENT, .tunnel = 2, .text = "lab"};
	int all, one;
	json_t *o;

	parent_event(p, MSG_ROLE_IKE, &hq);
	parent_event(p, MSG_ROLE_IKE, &lab);
	all = ask(CONTROL_EVENTS, 0, "");
	json_decref(ask_gives(all, "event"));
	json_decref(ask_gives(all, "event"));
	ask_is_over(all, 0, "");
	all = ask(CONTROL_EVENTS, CONTROL_FLAG_FOLLOW, "");
	one = ask(CONTROL_EVENTS, CONTROL_FLAG_FOLLOW, "lab");
	for (unsigned i = 0; i < 2; i++)
		json_decref(ask_gives(all, "event"));
	o = ask_gives(one, "event");
	ck_assert_str_eq(ask_text(o, "text"), "lab");
	json_decref(o);
	parent_event(p, MSG_ROLE_IKE, &hq);
	json_decref(ask_gives(all, "event"));
	ask_gives_nothing(one);
	parent_event(p, MSG_ROLE_IKE, &lab);
	json_decref(ask_gives(all, "event"));
	json_decref(ask_gives(one, "event"));
	close(all);
	close(one);
	ask_serve();
	ck_assert_uint_eq(p->control->count, 0);
}
END_TEST

START_TEST(version_and_settings)
{
	int fd = ask(CONTROL_VERSION_SHOW, 0, "");
	json_t *o = ask_gives(fd, "version");
	bool identity = false;

	ck_assert_int_eq(json_integer_value(json_object_get(o, "protocol")), CONTROL_VERSION);
	json_decref(o);
	ask_is_over(fd, 0, "");
	fd = ask(CONTROL_CONFIG, 0, "");
	while ((o = ask_answer(fd)) && strcmp(ask_text(o, "type"), "setting") == 0) {
		identity |= strcmp(ask_text(o, "value"), "us.example") == 0 ||
		            strcmp(ask_text(o, "value"), "\"us.example\"") == 0;
		json_decref(o);
	}
	ck_assert_str_eq(ask_text(o, "type"), "end");
	json_decref(o);
	ck_assert(identity);
	close(fd);
}
END_TEST

/* Secrets: told of, and only of those processes that have them. */
START_TEST(keys_are_shown_and_that_is_told)
{
	struct msg m, key = {.type = MSG_TYPE_DEBUG_KEYS};
	int fd = ask(CONTROL_KEYS, 0, "");
	json_t *o;

	ck_assert_ptr_nonnull(alone_event(CAUSE_KEYS_SHOWN));
	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_DEBUG_KEYS_ASK, &m);
	ck_assert_uint_eq(m.debug_keys_ask.tunnel, 0);
	key.debug_keys = (struct msg_debug_keys){
		.id = m.debug_keys_ask.id, .kind = MSG_DEBUG_ESP, .line = "\"IPv4\""};
	alone_is_told_nothing(MSG_ROLE_KEYS);
	control_answer(p, MSG_ROLE_GATEWAY, &key);
	o = ask_gives(fd, "key");
	ck_assert_str_eq(ask_text(o, "kind"), "esp");
	ck_assert_str_eq(ask_text(o, "line"), "\"IPv4\"");
	json_decref(o);
	answers(MSG_ROLE_GATEWAY, key.debug_keys.id);
	answers(MSG_ROLE_IKE, key.debug_keys.id);
	ask_is_over(fd, 0, "");
}
END_TEST

/* What parent is to tell ike, once: of one tunnel, or of all. */
static void redirect_is_told(uint32_t tunnel, const char *gateway)
{
	struct msg m;

	alone_is_told(MSG_ROLE_IKE, MSG_TYPE_REDIRECT_SET, &m);
	ck_assert_uint_eq(m.redirect_set.tunnel, tunnel);
	ck_assert_str_eq(m.redirect_set.gateway, gateway);
	alone_is_told_nothing(MSG_ROLE_IKE);
}

static const char *shown(const char *tunnel)
{
	static char text[CONF_TEXT_MAX];
	json_t *o = control_json_why(p, parent_tunnel_by_name(p, tunnel));

	snprintf(text, sizeof text, "%s", ask_text(o, "redirect"));
	json_decref(o);
	return text;
}

START_TEST(redirects_are_kept_and_told)
{
	ask_is_over(ask_redirect("", "hq-2.example"), 0, "callers are sent to hq-2.example");
	redirect_is_told(0, "hq-2.example");
	ask_is_over(ask_redirect("lab", "192.0.2.7"), 0, "callers of lab are sent to 192.0.2.7");
	redirect_is_told(2, "192.0.2.7");
	ck_assert_str_eq(shown("hq"), "hq-2.example");
	ck_assert_str_eq(shown("lab"), "192.0.2.7");
	ask_is_over(ask_redirect("nowhere", "192.0.2.7"), 2, "no tunnel 'nowhere'");
	ask_is_over(ask_redirect("", "10.1"), 2, "neither an address nor a name");
	alone_is_told_nothing(MSG_ROLE_IKE);
	ask_is_over(ask_redirect("", ""), 0, "callers are not sent elsewhere");
	redirect_is_told(0, "");
	ck_assert_str_eq(shown("hq"), "");
	ck_assert_str_eq(shown("lab"), "192.0.2.7");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("control_command");

	if (!netns_can("control_command"))
		return EXIT_SUCCESS;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, ask_end);
	tcase_add_test(tc, status_is_what_all_say);
	tcase_add_test(tc, status_of_one_is_all_about_it);
	tcase_add_test(tc, a_process_that_does_not_answer_is_named);
	tcase_add_test(tc, names_that_are_none);
	tcase_add_test(tc, up_shows_the_steps);
	tcase_add_test(tc, down_waits_until_it_is_down);
	tcase_add_test(tc, those_in_a_hurry_are_not_kept);
	tcase_add_test(tc, without_a_gateway_it_says_so);
	tcase_add_test(tc, time_runs_out);
	tcase_add_test(tc, why_names_the_cause_and_what_to_do);
	tcase_add_test(tc, reload_waits_for_the_secrets);
	tcase_add_test(tc, reload_says_what_is_wrong);
	tcase_add_test(tc, counters_are_of_all_processes);
	tcase_add_test(tc, events_are_told_and_followed);
	tcase_add_test(tc, version_and_settings);
	tcase_add_test(tc, keys_are_shown_and_that_is_told);
	tcase_add_test(tc, redirects_are_kept_and_told);
	return run_cases("control_command", tc);
}
