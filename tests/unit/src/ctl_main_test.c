/* Tests of l2tpsecctl itself: words and options to requests, exit statuses, and what goes where. */
#include "src/ctl/ctl.h"
#include "tests/unit/src/ctl_daemon.h"
#include "tests/unit/src/output.h"

enum { WORDS = 5 };

static struct ctl_daemon d;
static char program[256];

/* Runs it with these words and the daemon's place. */
static int run(const char *const words[WORDS])
{
	const char *argv[WORDS + 4] = {output_program("l2tpsecctl", program, sizeof program),
	                               "--run-dir", d.dir};

	for (unsigned i = 0; i < WORDS && words[i]; i++)
		argv[3 + i] = words[i];
	return output_of(argv);
}

static const struct {
	const char *words[WORDS];
	uint8_t command, flags;
	const char *tunnel, *gateway;
} good[] = {
	{{"status"}, CONTROL_STATUS, 0, "", ""},
	{{"status", "hq"}, CONTROL_STATUS, 0, "hq", ""},
	{{"status", "-a"}, CONTROL_STATUS, CONTROL_FLAG_FULL, "", ""},
	{{"--all", "status"}, CONTROL_STATUS, CONTROL_FLAG_FULL, "", ""},
	{{"up", "hq"}, CONTROL_UP, 0, "hq", ""},
	{{"up", "--no-wait", "hq"}, CONTROL_UP, CONTROL_FLAG_NO_WAIT, "hq", ""},
	{{"down", "hq"}, CONTROL_DOWN, 0, "hq", ""},
	{{"why", "hq"}, CONTROL_WHY, 0, "hq", ""},
	{{"reload"}, CONTROL_RELOAD, 0, "", ""},
	{{"counters"}, CONTROL_COUNTERS, 0, "", ""},
	{{"events"}, CONTROL_EVENTS, 0, "", ""},
	{{"events", "-f", "hq"}, CONTROL_EVENTS, CONTROL_FLAG_FOLLOW, "hq", ""},
	{{"config"}, CONTROL_CONFIG, 0, "", ""},
	{{"keys"}, CONTROL_KEYS, 0, "", ""},
	{{"keys", "hq"}, CONTROL_KEYS, 0, "hq", ""},
	{{"version"}, CONTROL_VERSION_SHOW, 0, "", ""},
	{{"--", "why", "-f"}, CONTROL_WHY, 0, "-f", ""},
	{{"redirect", "192.0.2.7"}, CONTROL_REDIRECT, 0, "", "192.0.2.7"},
	{{"redirect", "hq.example", "a"}, CONTROL_REDIRECT, 0, "a", "hq.example"},
	{{"redirect", "off"}, CONTROL_REDIRECT, 0, "", ""},
	{{"redirect", "off", "a"}, CONTROL_REDIRECT, 0, "a", ""},
};

START_TEST(words_become_a_request)
{
	d = (struct ctl_daemon){.answer = {"{\"type\":\"end\",\"exit\":0}"}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(run(good[_i].words), CTL_DONE);
	ctl_daemon_end(&d);
	ck_assert(d.asked);
	ck_assert_uint_eq(d.request.command, good[_i].command);
	ck_assert_uint_eq(d.request.flags, good[_i].flags);
	ck_assert_str_eq(d.request.tunnel, good[_i].tunnel);
	ck_assert_str_eq(d.request.gateway, good[_i].gateway);
	ck_assert_str_eq(output, "");
	ck_assert_str_eq(output_errors, "");
}
END_TEST

static const struct {
	const char *words[WORDS], *sentence;
} bad[] = {
	{{NULL}, "usage: l2tpsecctl"},
	{{"stauts"}, "there is no command 'stauts'"},
	{{"up"}, "which tunnel? Name one after 'up'"},
	{{"reload", "hq"}, "too many words 'hq'"},
	{{"status", "hq", "x"}, "too many words 'x'"},
	{{"doctor", "hq"}, "too many words 'hq'"},
	{{"redirect"}, "where to? Name a gateway, or 'off', after 'redirect'"},
	{{"--wrong", "status"}, "the option is unknown"},
	{{"--pcap", "pki", "status"}, "--pcap goes with trace, not with 'status'"},
	{{"up", "a-name-of-more-than-sixty-three-letters-that-no-tunnel-can-ever-have-here"},
         "there is no tunnel 'a-name-of-more"},
};

/* Nobody is asked. */
START_TEST(misuse_has_its_status_and_a_sentence)
{
	ctl_daemon_place(&d);
	ck_assert_int_eq(run(bad[_i].words), CTL_MISUSED);
	ctl_daemon_end(&d);
	ck_assert_msg(strstr(output_errors, bad[_i].sentence) != NULL, "%s", output_errors);
	ck_assert_str_eq(output, "");
}
END_TEST

START_TEST(the_end_is_told_where_it_belongs)
{
	const char *words[WORDS] = {"up", "hq"}, *json[WORDS] = {"--json", "up", "hq"};

	d = (struct ctl_daemon){
		.answer = {"{\"type\":\"end\",\"exit\":0,\"message\":\"up it is\"}"}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(run(words), CTL_DONE);
	ctl_daemon_end(&d);
	ck_assert_str_eq(output, "up it is\n");
	ck_assert_str_eq(output_errors, "");
	ctl_daemon_start(&d);
	ck_assert_int_eq(run(json), CTL_DONE);
	ctl_daemon_end(&d);
	ck_assert_str_eq(output, "{\"type\":\"end\",\"exit\":0,\"message\":\"up it is\"}\n");
	d = (struct ctl_daemon){.answer = {"{\"type\":\"end\",\"exit\":1,\"message\":\"no\"}"}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(run(words), CTL_FAILED);
	ctl_daemon_end(&d);
	ck_assert_str_eq(output, "");
	ck_assert_str_eq(output_errors, "l2tpsecctl: no\n");
}
END_TEST

START_TEST(answers_are_shown_as_they_come)
{
	const char *words[WORDS] = {"version"};

	d = (struct ctl_daemon){.answer = {"{\"type\":\"version\",\"version\":\"7\"}",
	                                   "{\"type\":\"end\",\"exit\":0}"}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(run(words), CTL_DONE);
	ctl_daemon_end(&d);
	ck_assert_str_eq(output, "l2tpsecd 7\n");
}
END_TEST

/* One tunnel at length; all of them in a table. */
START_TEST(only_all_tunnels_make_a_list)
{
	const char *words[WORDS] = {"status"}, *one[WORDS] = {"status", "hq"};

	d = (struct ctl_daemon){.answer = {"{\"type\":\"tunnel\",\"name\":\"hq\",\"state\":\"up\"}",
	                                   "{\"type\":\"end\",\"exit\":0}"}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(run(words), CTL_DONE);
	ctl_daemon_end(&d);
	ck_assert_ptr_nonnull(strstr(output, "TUNNEL"));
	ctl_daemon_start(&d);
	ck_assert_int_eq(run(one), CTL_DONE);
	ctl_daemon_end(&d);
	ck_assert_ptr_nonnull(strstr(output, "hq has been up"));
}
END_TEST

START_TEST(help_and_version_need_no_daemon)
{
	const char *help[WORDS] = {"--help"}, *version[WORDS] = {"--version"};

	ctl_daemon_place(&d);
	ck_assert_int_eq(run(help), CTL_DONE);
	ck_assert_ptr_nonnull(strstr(output, "usage: l2tpsecctl"));
	ck_assert_int_eq(run(version), CTL_DONE);
	ck_assert_int_eq(strncmp(output, "l2tpsecctl ", 11), 0);
	ctl_daemon_end(&d);
	ck_assert_str_eq(output_errors, "");
}
END_TEST

START_TEST(without_a_daemon_it_fails)
{
	const char *words[WORDS] = {"status"};

	ctl_daemon_place(&d);
	ck_assert_int_eq(run(words), CTL_FAILED);
	ctl_daemon_end(&d);
	ck_assert_ptr_nonnull(strstr(output_errors, "l2tpsecd does not run"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_main");

	tcase_add_loop_test(tc, words_become_a_request, 0, sizeof good / sizeof good[0]);
	tcase_add_loop_test(tc, misuse_has_its_status_and_a_sentence, 0,
	                    sizeof bad / sizeof bad[0]);
	tcase_add_test(tc, the_end_is_told_where_it_belongs);
	tcase_add_test(tc, answers_are_shown_as_they_come);
	tcase_add_test(tc, only_all_tunnels_make_a_list);
	tcase_add_test(tc, help_and_version_need_no_daemon);
	tcase_add_test(tc, without_a_daemon_it_fails);
	return run_cases("ctl_main", tc);
}
