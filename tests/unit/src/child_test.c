/* Tests of other processes as the parent has them, with real ones: this program again, which does
 * as it is told by the name of its empty directory. */
#include "src/parent/child.h"

#include "src/base/clock.h"
#include "src/base/proc.h"
#include "src/base/sandbox.h"
#include "tests/unit/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { STATUS = 7, GOOD = 42 };

/* -- the child -- */

/* What it has of the parent's: an exit status that says what is wrong. */
static int look(const char *name)
{
	sigset_t set;
	unsigned settings = 0;

	if (strcmp(name, "l2tpsecd: ike") != 0)
		return 1;
	for (int fd = 0; fd < 200; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) != (fd <= PROC_CHANNEL_FD))
			return 2;
	sigprocmask(SIG_SETMASK, NULL, &set);
	for (int s = 1; s < SIGRTMIN; s++)
		if (sigismember(&set, s))
			return 3;
	if (getenv("L2TPSEC_TEST_SECRET") || getenv("LD_PRELOAD") || getenv("HOME"))
		return 4;
	if (!getenv("TZ") || strcmp(getenv("TZ"), "UTC") != 0)
		return 5;
	for (char **e = environ; *e; e++)
		settings++;
	return settings <= 8 ? GOOD : 6;
}

static bool say_ready(enum msg_role role)
{
	struct msg_ready ready = {.role = (uint8_t)role};
	uint8_t bytes[64];
	struct wr w = wr_make(bytes, sizeof bytes);

	return msg_encode_ready(&w, &ready) && send(PROC_CHANNEL_FD, bytes, w.len, 0) > 0;
}

static int speak(enum msg_role role)
{
	uint8_t bytes[1024];
	struct msg m;
	ssize_t n;

	if (!say_ready(role))
		return 1;
	do {
		n = recv(PROC_CHANNEL_FD, bytes, sizeof bytes, 0);
		if (n < 0 && errno == EAGAIN)
			usleep(1000);
	} while (n < 0 && errno == EAGAIN);
	return n > 0 && msg_decode(bytes, (size_t)n, &m) && m.type == MSG_TYPE_CONFIG_END ? GOOD
	                                                                                  : 2;
}

static int child_main(char **argv)
{
	const char *how = getenv("L2TPSECD_EMPTY_DIR");

	if (!how || strcmp(argv[1], "--role") != 0)
		return 1;
	if (strcmp(how, "/end") == 0)
		return STATUS;
	if (strcmp(how, "/forbidden") == 0)
		return SANDBOX_EXIT_STATUS;
	if (strcmp(how, "/killed") == 0)
		raise(SIGKILL);
	if (strcmp(how, "/look") == 0)
		return look(argv[0]);
	if (strcmp(how, "/speak") == 0)
		return speak(msg_role_by_name(argv[2]));
	if (strcmp(how, "/write") == 0) {
		(void)!write(STDOUT_FILENO, "to nobody\n", 10);
		(void)!write(STDERR_FILENO, "to the log\n", 11);
		return read(STDIN_FILENO, &(char){0}, 1) == 0 ? GOOD : 1;
	}
	signal(SIGTERM, SIG_IGN);
	say_ready(msg_role_by_name(argv[2]));
	for (;;)
		pause();
}

/* -- the parent -- */

static struct event_base *base;
static struct child c;
static unsigned readies, ends;

static void on_ready(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)fd;
	ck_assert_ptr_eq(owner, &c);
	ck_assert_int_eq(from, c.role);
	ck_assert_uint_eq(m->ready.role, c.role);
	readies++;
	event_base_loopbreak(base);
}

static void on_end(void *owner, struct ipc *ipc, enum ipc_end end, const char *detail)
{
	(void)detail;
	ck_assert_ptr_eq(owner, &c);
	ck_assert_ptr_eq(ipc, c.ipc);
	ck_assert_int_eq(end, IPC_END_CLOSED);
	ends++;
	event_base_loopbreak(base);
}

static const struct ipc_handler handlers[] = {{MSG_TYPE_READY, on_ready}};
static const struct ipc_calls calls = {.handlers = handlers, .handler_count = 1, .ended = on_end};

static void set_up(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	c = (struct child){.role = MSG_ROLE_IKE};
	setenv("TZ", "UTC", 1);
}

static void take_down(void)
{
	event_base_free(base);
}

static void start(const char *how, int stderr_fd)
{
	ck_assert(child_start(&c, base, how, stderr_fd, &calls, &c));
	ck_assert_int_gt(c.pid, 0);
	ck_assert_ptr_nonnull(c.ipc);
	ck_assert(!c.ready && !c.said_bye);
}

/* Waits for its end and forgets it; gives the wait status. */
static int finish(void)
{
	int status;

	ck_assert_int_eq(waitpid(c.pid, &status, 0), c.pid);
	child_ended(&c, clock_now());
	ck_assert_int_eq(c.pid, 0);
	ck_assert_ptr_null(c.ipc);
	return status;
}

static const char *text_of(int status)
{
	static char text[128];

	return child_end_text(status, text, sizeof text);
}

START_TEST(one_that_ends_is_told)
{
	start("/end", -1);
	event_base_dispatch(base);
	ck_assert_uint_eq(ends, 1);
	ck_assert_str_eq(text_of(finish()), "ended with status 7");
}
END_TEST

START_TEST(one_that_is_killed_is_told)
{
	start("/killed", -1);
	event_base_dispatch(base);
	ck_assert_uint_eq(ends, 1);
	ck_assert_str_eq(text_of(finish()), "was killed by signal 9 (Killed)");
}
END_TEST

START_TEST(one_that_does_what_it_may_not_is_told)
{
	start("/forbidden", -1);
	ck_assert_str_eq(text_of(finish()), "made a system call that it may not make");
}
END_TEST

/* It neither speaks nor ends, nor minds SIGTERM. */
START_TEST(one_that_hangs_can_be_killed)
{
	int status;

	start("/hang", -1);
	event_base_dispatch(base);
	ck_assert_uint_eq(readies, 1);
	kill(c.pid, SIGTERM);
	usleep(20000);
	ck_assert_int_eq(waitpid(c.pid, &status, WNOHANG), 0);
	child_kill(&c);
	ck_assert_str_eq(text_of(finish()), "was killed by signal 9 (Killed)");
	/* Once more, with nothing there: not to process 0, which is all of us. */
	child_kill(&c);
}
END_TEST

START_TEST(both_speak_over_the_channel)
{
	static const enum msg_role roles[] = {MSG_ROLE_KEYS, MSG_ROLE_IKE, MSG_ROLE_GATEWAY};

	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		struct msg_config_end m = {.first = true};

		c.role = roles[i];
		start("/speak", -1);
		event_base_dispatch(base);
		ck_assert_uint_eq(readies, i + 1);
		ck_assert(ipc_send_config_end(c.ipc, &m, -1));
		ck_assert_int_eq(WEXITSTATUS(finish()), GOOD);
	}
}
END_TEST

/* No descriptor, no blocked signal, no setting but those that are for it. */
START_TEST(nothing_of_ours_is_inherited)
{
	sigset_t all;
	int status;

	for (int i = 0; i < 40; i++)
		ck_assert_int_ge(dup(STDERR_FILENO), 0);
	setenv("L2TPSEC_TEST_SECRET", "hunter2", 1);
	setenv("HOME", "/root", 1);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	start("/look", -1);
	status = finish();
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == GOOD, "status %d",
	              WEXITSTATUS(status));
}
END_TEST

/* In the background: its words to us, nothing else anywhere. */
START_TEST(stderr_is_ours_to_read)
{
	char text[64] = "";
	int end[2];

	ck_assert_int_eq(pipe(end), 0);
	start("/write", end[1]);
	ck_assert_int_eq(WEXITSTATUS(finish()), GOOD);
	close(end[1]);
	ck_assert_int_eq(read(end[0], text, sizeof text - 1), 11);
	ck_assert_str_eq(text, "to the log\n");
	ck_assert_int_eq(read(end[0], text, 1), 0);
	close(end[0]);
}
END_TEST

START_TEST(without_descriptors_nothing_is_started)
{
	struct rlimit before, none;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	errno = 0;
	ck_assert(!child_start(&c, base, "/end", -1, &calls, &c));
	ck_assert_int_eq(errno, EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(c.pid, 0);
	ck_assert_ptr_null(c.ipc);
}
END_TEST

/* At once the first time, then twice as long each time, to half a minute; one that served for a
 * while has its failures forgotten. */
START_TEST(the_wait_before_the_next_start_doubles)
{
	ls_time now = LS_S(1000);
	uint32_t want = 0, wait;

	for (unsigned i = 0; i < 20; i++) {
		c.started = now;
		now += LS_S(CHILD_STEADY_S) - 1;
		wait = child_ended(&c, now);
		ck_assert_uint_eq(wait, want);
		want = want == 0 ? CHILD_AGAIN_FIRST_MS : want * 2;
		if (want > CHILD_AGAIN_MAX_MS)
			want = CHILD_AGAIN_MAX_MS;
	}
	ck_assert_uint_eq(want, CHILD_AGAIN_MAX_MS);
	c.started = now;
	ck_assert_uint_eq(child_ended(&c, now + LS_S(CHILD_STEADY_S)), 0);
	c.started = now;
	ck_assert_uint_eq(child_ended(&c, now), CHILD_AGAIN_FIRST_MS);
}
END_TEST

int main(int argc, char **argv)
{
	TCase *tc;

	if (argc == 3)
		return child_main(argv);
	tc = tcase_create("child");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, one_that_ends_is_told);
	tcase_add_test(tc, one_that_is_killed_is_told);
	tcase_add_test(tc, one_that_does_what_it_may_not_is_told);
	tcase_add_test(tc, one_that_hangs_can_be_killed);
	tcase_add_test(tc, both_speak_over_the_channel);
	tcase_add_test(tc, nothing_of_ours_is_inherited);
	tcase_add_test(tc, stderr_is_ours_to_read);
	tcase_add_test(tc, without_descriptors_nothing_is_started);
	tcase_add_test(tc, the_wait_before_the_next_start_doubles);
	return run_cases("child", tc);
}
