/* Tests of asking the daemon: the request that goes out, each answer that is shown, and how it
 * ends. */
#include "src/ctl/ctl.h"
#include "tests/unit/src/ctl_daemon.h"

static struct ctl_daemon d;
static struct ctl_options o;
static char message[128];
static unsigned shown;
static char types[128];

static void show(const struct ctl_options *options, json_t *object)
{
	const char *type = json_string_value(json_object_get(object, "type"));

	ck_assert_ptr_eq(options, &o);
	shown++;
	snprintf(types + strlen(types), sizeof types - strlen(types), "%s ", type ? type : "?");
}

static int ask(void)
{
	struct control_request r = {.command = CONTROL_UP, .flags = CONTROL_FLAG_NO_WAIT};
	int status;

	snprintf(r.tunnel, sizeof r.tunnel, "hq");
	o.socket = d.path;
	shown = 0;
	types[0] = '\0';
	snprintf(message, sizeof message, "?");
	status = ctl_ask(&o, &r, show, message, sizeof message);
	ctl_daemon_end(&d);
	return status;
}

START_TEST(the_request_arrives_and_the_answers_are_shown)
{
	d = (struct ctl_daemon){
		.answer = {"{\"type\":\"progress\",\"ms\":1}", "{\"type\":\"progress\"}",
	                   "{\"type\":\"end\",\"exit\":0,\"message\":\"hq is up\"}"}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(ask(), CTL_DONE);
	ck_assert(d.asked);
	ck_assert_uint_eq(d.request.command, CONTROL_UP);
	ck_assert_uint_eq(d.request.flags, CONTROL_FLAG_NO_WAIT);
	ck_assert_str_eq(d.request.tunnel, "hq");
	ck_assert_str_eq(types, "progress progress ");
	ck_assert_str_eq(message, "hq is up");
}
END_TEST

/* Programs see the end too. */
START_TEST(with_json_the_end_is_shown)
{
	d = (struct ctl_daemon){.answer = {"{\"type\":\"end\",\"exit\":1,\"message\":\"no\"}"}};
	ctl_daemon_start(&d);
	o.json = true;
	ck_assert_int_eq(ask(), CTL_FAILED);
	ck_assert_str_eq(types, "end ");
	ck_assert_str_eq(message, "no");
}
END_TEST

static const struct {
	const char *end;
	int status;
	const char *message;
} ends[] = {
	{"{\"type\":\"end\",\"exit\":0}", CTL_DONE, ""},
	{"{\"type\":\"end\",\"exit\":2,\"message\":\"only root\"}", CTL_MISUSED, "only root"},
	{"{\"type\":\"end\"}", CTL_FAILED, ""},
	{"{\"type\":\"end\",\"exit\":\"0\"}", CTL_FAILED, ""},
	{"{\"type\":\"end\",\"exit\":0,\"message\":5}", CTL_DONE, ""},
	{"{\"type\":\"end\",\"exit\":1,\"message\":\"a\\u001b[2Jb\\u009b1m\"}", CTL_FAILED,
         "a?[2Jb??1m"},
};

START_TEST(how_it_ended)
{
	d = (struct ctl_daemon){.answer = {ends[_i].end}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(ask(), ends[_i].status);
	ck_assert_str_eq(message, ends[_i].message);
	ck_assert_uint_eq(shown, 0);
}
END_TEST

START_TEST(a_long_message_is_cut)
{
	static char text[400];

	memset(text, 'x', 300);
	memcpy(text, "{\"type\":\"end\",\"exit\":1,\"message\":\"", 34);
	memcpy(text + 300, "\"}", 3);
	d = (struct ctl_daemon){.answer = {text}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(ask(), CTL_FAILED);
	ck_assert_uint_eq(strlen(message), sizeof message - 1);
}
END_TEST

START_TEST(what_is_no_object_is_passed_over)
{
	static const char end[] = "{\"type\":\"end\",\"exit\":0}";

	d = (struct ctl_daemon){
		.answer = {"{", "null", "\0\0", "{\"type\":\"a\"} x", "{\"type\":5}", end},
		.len = {0, 0, 2}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(ask(), CTL_DONE);
	ck_assert_str_eq(types, "? ");
}
END_TEST

START_TEST(the_largest_answer_is_read_whole)
{
	static char text[CONTROL_ANSWER_MAX];

	memset(text, ' ', sizeof text);
	memcpy(text, "{\"type\":\"event\"", 15);
	text[sizeof text - 1] = '}';
	d = (struct ctl_daemon){.answer = {text, "{\"type\":\"end\",\"exit\":0}"},
	                        .len = {sizeof text}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(ask(), CTL_DONE);
	ck_assert_str_eq(types, "event ");
}
END_TEST

START_TEST(a_daemon_that_hangs_up_is_a_failure)
{
	d = (struct ctl_daemon){.answer = {"{\"type\":\"progress\"}"}};
	ctl_daemon_start(&d);
	ck_assert_int_eq(ask(), CTL_FAILED);
	ck_assert_str_eq(types, "progress ");
	ck_assert_ptr_nonnull(strstr(message, "the daemon ended the conversation"));
}
END_TEST

static unsigned looked;

static int look(struct ctl_beside *b, bool *enough)
{
	ck_assert_ptr_eq(b->owner, &d);
	*enough = strcmp(types, "trace trace ") == 0 && ++looked > 3;
	return 10;
}

/* What is beside is looked after while nothing comes, and ends it when it has enough. */
START_TEST(beside_an_answer_that_does_not_come)
{
	struct ctl_beside b = {.owner = &d, .fd = -1, .look = look};

	d = (struct ctl_daemon){.answer = {"{\"type\":\"trace\"}", "{\"type\":\"trace\"}"},
	                        .stays = true};
	ctl_daemon_start(&d);
	o.beside = &b;
	looked = 0;
	ck_assert_int_eq(ask(), CTL_DONE);
	ck_assert_uint_eq(looked, 4);
	ck_assert_str_eq(types, "trace trace ");
	ck_assert_str_eq(message, "");
}
END_TEST

START_TEST(nobody_there_is_said)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd;

	ctl_daemon_place(&d);
	ck_assert_int_eq(ask(), CTL_FAILED);
	ck_assert_ptr_nonnull(strstr(message, "l2tpsecd does not run"));
	/* A socket that a daemon left behind. */
	ctl_daemon_place(&d);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", d.path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	ck_assert_int_eq(ask(), CTL_FAILED);
	ck_assert_ptr_nonnull(strstr(message, "l2tpsecd does not run"));
}
END_TEST

START_TEST(a_path_that_no_socket_can_have)
{
	static char path[200];
	struct control_request r = {.command = CONTROL_STATUS};

	memset(path, 'x', sizeof path - 1);
	o.socket = path;
	ck_assert_int_eq(ctl_ask(&o, &r, show, message, sizeof message), CTL_FAILED);
	ck_assert_ptr_nonnull(strstr(message, "path is too long"));
	o.socket = "/dev/null/control";
	ck_assert_int_eq(ctl_ask(&o, &r, show, message, sizeof message), CTL_FAILED);
	ck_assert_ptr_nonnull(strstr(message, "/dev/null/control: Not a directory"));
}
END_TEST

/* A tunnel's name that does not end is no request. */
START_TEST(what_cannot_be_asked_is_not_sent)
{
	struct control_request r = {.command = CONTROL_UP};

	memset(r.tunnel, 'x', sizeof r.tunnel);
	d = (struct ctl_daemon){.answer = {NULL}};
	ctl_daemon_start(&d);
	o.socket = d.path;
	ck_assert_int_eq(ctl_ask(&o, &r, show, message, sizeof message), CTL_FAILED);
	ctl_daemon_end(&d);
	ck_assert(!d.asked);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_ask");

	tcase_add_test(tc, the_request_arrives_and_the_answers_are_shown);
	tcase_add_test(tc, with_json_the_end_is_shown);
	tcase_add_loop_test(tc, how_it_ended, 0, sizeof ends / sizeof ends[0]);
	tcase_add_test(tc, a_long_message_is_cut);
	tcase_add_test(tc, what_is_no_object_is_passed_over);
	tcase_add_test(tc, the_largest_answer_is_read_whole);
	tcase_add_test(tc, a_daemon_that_hangs_up_is_a_failure);
	tcase_add_test(tc, beside_an_answer_that_does_not_come);
	tcase_add_test(tc, nobody_there_is_said);
	tcase_add_test(tc, a_path_that_no_socket_can_have);
	tcase_add_test(tc, what_cannot_be_asked_is_not_sent);
	return run_cases("ctl_ask", tc);
}
