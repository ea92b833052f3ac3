/* Tests of looking at this host: what is shown agrees with what can be seen here by other means. */
#include "src/ctl/ctl_finding.h"
#include "tests/unit/src/ctl_daemon.h"
#include "tests/unit/src/output.h"

#include <grp.h>
#include <pwd.h>
#include <sys/types.h>

static struct ctl_daemon d;
static struct ctl_options o;

static void look(const void *argument)
{
	int status = ctl_doctor(&o);

	(void)argument;
	fflush(NULL);
	_exit(status);
}

/* Gives the exit status. */
static int doctor(void)
{
	int status = output_run(look, NULL);

	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void as_nobody(const void *argument)
{
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		_exit(99);
	look(argument);
}

START_TEST(each_finding_is_a_whole_object)
{
	bool failed = false;
	unsigned n = 0;
	int status;

	ctl_daemon_place(&d);
	o = (struct ctl_options){.socket = d.path, .json = true};
	status = doctor();
	ctl_daemon_end(&d);
	for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n"), n++) {
		json_t *j = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		const char *type = NULL, *name = NULL, *text = NULL, *remedy = NULL;
		int good = 0, needed = 0;

		ck_assert_msg(j != NULL, "%s", line);
		ck_assert_int_eq(json_unpack(j, "{s:s, s:s, s:b, s:b, s:s, s:s!}", "type", &type,
		                             "name", &name, "good", &good, "needed", &needed,
		                             "text", &text, "remedy", &remedy),
		                 0);
		ck_assert_str_eq(type, "finding");
		/* A remedy is for what is wrong. */
		ck_assert((remedy[0] == '\0') == good);
		failed |= needed && !good;
		if (strcmp(name, "root") == 0)
			ck_assert_int_eq(good, geteuid() == 0);
		if (strcmp(name, "daemon") == 0)
			ck_assert_int_eq(good, 0);
		if (strcmp(name, "users") == 0)
			ck_assert_int_eq(good, getpwnam("l2tpsec-keys") &&
			                               getpwnam("l2tpsec-ike") &&
			                               getpwnam("l2tpsec-gw"));
		json_decref(j);
	}
	ck_assert_uint_ge(n, CTL_FINDINGS - 3);
	ck_assert_uint_le(n, CTL_FINDINGS);
	ck_assert_int_eq(status, failed ? CTL_FAILED : CTL_DONE);
}
END_TEST

/* That it refuses to answer is an answer too. */
START_TEST(a_daemon_that_answers_is_seen)
{
	static const char *const ends[] = {"{\"type\":\"end\",\"exit\":0}",
	                                   "{\"type\":\"end\",\"exit\":2}",
	                                   "{\"type\":\"end\",\"exit\":1}"};

	d = (struct ctl_daemon){.answer = {ends[_i]}};
	ctl_daemon_start(&d);
	o = (struct ctl_options){.socket = d.path};
	doctor();
	ctl_daemon_end(&d);
	ck_assert_uint_eq(d.request.command, CONTROL_VERSION_SHOW);
	ck_assert_ptr_nonnull(strstr(output, _i < 2 ? "ok      a running l2tpsecd\n"
	                                            : "without a running l2tpsecd\n"));
}
END_TEST

START_TEST(a_lack_is_shown_with_its_remedy)
{
	ctl_daemon_place(&d);
	o = (struct ctl_options){.socket = d.path};
	doctor();
	ctl_daemon_end(&d);
	ck_assert_ptr_nonnull(strstr(output, "without a running l2tpsecd\n        systemctl start "
	                                     "l2tpsecd"));
}
END_TEST

START_TEST(without_rights_it_says_so)
{
	int status;

	if (geteuid() != 0) {
		puts("skip - without_rights_it_says_so: needs root to become nobody");
		return;
	}
	ctl_daemon_place(&d);
	o = (struct ctl_options){.socket = d.path};
	status = output_run(as_nobody, NULL);
	ctl_daemon_end(&d);
	ck_assert_int_eq(WEXITSTATUS(status), CTL_FAILED);
	ck_assert_ptr_nonnull(strstr(output, "missing the right to find out (root)\n"));
	ck_assert_ptr_null(strstr(output, "raw sockets"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_doctor");

	tcase_add_test(tc, each_finding_is_a_whole_object);
	tcase_add_loop_test(tc, a_daemon_that_answers_is_seen, 0, 3);
	tcase_add_test(tc, a_lack_is_shown_with_its_remedy);
	tcase_add_test(tc, without_rights_it_says_so);
	return run_cases("ctl_doctor", tc);
}
