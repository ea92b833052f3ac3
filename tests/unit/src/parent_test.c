/* Tests of the daemon from its start to its end, in a namespace of its own: it serves, it ends in
 * good order, and where it cannot start it says why and leaves nothing. */
#include "src/base/control.h"
#include "tests/unit/src/parent_alone.h"
#include "tests/unit/src/role_self.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { PATIENCE_MS = 60000, STEP_MS = 10 };

static char run_dir[96], log_path[96];
static int manager;

static void set_up(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	alone_files("{ name = \"hq\"; " ALONE_WAITS " }");
	netns_enter();
	snprintf(run_dir, sizeof run_dir, "%s/run", alone_dir);
	snprintf(log_path, sizeof log_path, "%s/log", alone_dir);
	/* The service manager: what it hears is how far the daemon is. */
	snprintf(at.sun_path, sizeof at.sun_path, "%s/notify", alone_dir);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&at, sizeof at), 0);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
}

static void take_down(void)
{
	char path[128];

	close(manager);
	snprintf(path, sizeof path, "%s/notify", alone_dir);
	unlink(path);
	unlink(log_path);
	/* Nothing is in it. */
	ck_assert(rmdir(run_dir) == 0 || access(run_dir, F_OK) != 0);
	alone_files_remove();
}

/* Starts the daemon; its words go to the log. */
static pid_t start(const char *config, bool foreground)
{
	struct parent_options o = {.config = config,
	                           .run_dir = run_dir,
	                           .foreground = foreground,
	                           .level = LOG_LEVEL_INFO};
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);

		/* Of the test framework's. */
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		dup2(fd, STDERR_FILENO);
		log_open(false, o.level);
		_exit(parent_run(&o));
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static const char *logged(void)
{
	static char text[65536];
	int fd = open(log_path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static void hears(const char *word)
{
	struct timeval t = {.tv_sec = PATIENCE_MS / 1000};
	char text[64] = "";
	ssize_t n;

	setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	n = recv(manager, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	ck_assert_msg(strcmp(text, word) == 0, "'%s' instead of '%s': %s", text, word, logged());
}

static int status_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "status %x: %s", (unsigned)status, logged());
	return WEXITSTATUS(status);
}

/* It does not start, with status 1 and these words. */
static void does_not_start(const char *config, const char *words)
{
	ck_assert_int_eq(status_of(start(config, true)), EXIT_FAILURE);
	ck_assert_msg(strstr(logged(), words) != NULL, "'%s' is not in: %s", words, logged());
	ck_assert_uint_eq(if_nametoindex("hq"), 0);
	unlink(log_path);
}

/* The admin socket's first answer to this command, "" without one. */
static json_t *asked(unsigned command)
{
	struct control_request r = {.command = (uint8_t)command};
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	uint8_t bytes[CONTROL_REQUEST_MAX];
	static char text[CONTROL_ANSWER_MAX + 1];
	size_t len = control_request_encode(&r, bytes);
	ssize_t n;

	snprintf(at.sun_path, sizeof at.sun_path, "%s/control", run_dir);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(send(fd, bytes, len, 0), (ssize_t)len);
	n = recv(fd, text, sizeof text, 0);
	close(fd);
	return n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
}

START_TEST(it_serves_and_ends_in_good_order)
{
	pid_t pid = start(alone_config, true);
	json_t *o;

	hears("READY=1");
	ck_assert_uint_ne(if_nametoindex("hq"), 0);
	o = asked(CONTROL_STATUS);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "pid")), pid);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "missing")), 0);
	json_decref(o);
	kill(pid, _i == 0 ? SIGTERM : SIGINT);
	hears("STOPPING=1");
	ck_assert_int_eq(status_of(pid), EXIT_SUCCESS);
	ck_assert_uint_eq(if_nametoindex("hq"), 0);
	/* Once more in the same place. */
	pid = start(alone_config, true);
	hears("READY=1");
	kill(pid, SIGTERM);
	hears("STOPPING=1");
	ck_assert_int_eq(status_of(pid), EXIT_SUCCESS);
}
END_TEST

START_TEST(there_is_one_in_a_place)
{
	pid_t pid = start(alone_config, true);
	char words[128];

	hears("READY=1");
	snprintf(words, sizeof words, "another l2tpsecd with process number %d runs", (int)pid);
	ck_assert_int_eq(status_of(start(alone_config, true)), EXIT_FAILURE);
	ck_assert_ptr_nonnull(strstr(logged(), words));
	/* The first one has not noticed. */
	json_decref(asked(CONTROL_VERSION_SHOW));
	kill(pid, SIGTERM);
	ck_assert_int_eq(status_of(pid), EXIT_SUCCESS);
}
END_TEST

START_TEST(where_it_cannot_start_it_says_why)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4500)};
	char nowhere[96];
	int fd;

	snprintf(nowhere, sizeof nowhere, "%s/nowhere", alone_dir);
	does_not_start(nowhere, nowhere);
	alone_configure("", "{ name = \"hq\"; start = \"never\"; }");
	does_not_start(alone_config, "never");
	alone_configure("", "{ name = \"lo\"; " ALONE_WAITS " }");
	does_not_start(alone_config, "cannot make the interface lo");
	alone_configure("", "{ name = \"hq\"; " ALONE_WAITS " }");
	chmod(alone_secrets, 0644);
	does_not_start(alone_config, alone_secrets);
	alone_file(alone_secrets, "psks: ( { secrte = \"x\"; } );\n", 0600);
	does_not_start(alone_config, "secrte");
	alone_file(alone_secrets, "psks: ( { secret = \"long and random\"; } );\n", 0600);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	does_not_start(alone_config, "cannot open UDP port 4500 for IPv4");
	close(fd);
}
END_TEST

/* By a name from where it was called; found again at a reload, also from "/". */
START_TEST(sighup_reads_the_configuration_anew)
{
	pid_t pid;

	ck_assert_int_eq(chdir(alone_dir), 0);
	pid = start("conf", true);
	hears("READY=1");
	alone_configure("",
	                "{ name = \"hq\"; " ALONE_WAITS " }, { name = \"new\"; " ALONE_WAITS " }");
	kill(pid, SIGHUP);
	for (int ms = 0; if_nametoindex("new") == 0 && ms < PATIENCE_MS; ms += STEP_MS)
		usleep(STEP_MS * 1000);
	ck_assert_uint_ne(if_nametoindex("new"), 0);
	alone_configure("", "{ name = \"hq\"; start = \"never\"; }");
	kill(pid, SIGHUP);
	for (int ms = 0; !strstr(logged(), "CONFIG_REFUSED") && ms < PATIENCE_MS; ms += STEP_MS)
		usleep(STEP_MS * 1000);
	ck_assert_ptr_nonnull(strstr(logged(), "CONFIG_REFUSED"));
	ck_assert_uint_ne(if_nametoindex("new"), 0);
	kill(pid, SIGTERM);
	ck_assert_int_eq(status_of(pid), EXIT_SUCCESS);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

static pid_t pid_in_the_lock(void)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof path, "%s/l2tpsecd.pid", run_dir);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(read(fd, text, sizeof text - 1), 0);
	close(fd);
	return (pid_t)strtol(text, NULL, 10);
}

/* The one that was called ends when the daemon serves; that one holds no directory and no terminal.
 */
START_TEST(in_the_background_it_is_another_process)
{
	pid_t pid, daemon;
	char path[64], target[256] = "";

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = start(alone_config, false);
	ck_assert_int_eq(status_of(pid), EXIT_SUCCESS);
	hears("READY=1");
	daemon = pid_in_the_lock();
	ck_assert_int_ne(daemon, pid);
	ck_assert_int_eq(kill(daemon, 0), 0);
	ck_assert_int_eq(getsid(daemon), daemon);
	snprintf(path, sizeof path, "/proc/%d/cwd", (int)daemon);
	ck_assert_int_gt(readlink(path, target, sizeof target - 1), 0);
	ck_assert_str_eq(target, "/");
	memset(target, 0, sizeof target);
	snprintf(path, sizeof path, "/proc/%d/fd/2", (int)daemon);
	ck_assert_int_gt(readlink(path, target, sizeof target - 1), 0);
	ck_assert_str_eq(target, "/dev/null");
	kill(daemon, SIGTERM);
	hears("STOPPING=1");
	ck_assert_int_eq(status_of(daemon), EXIT_SUCCESS);
}
END_TEST

/* What went wrong there is said here, with its status. */
START_TEST(in_the_background_it_fails_in_the_foreground)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	alone_configure("", "{ name = \"lo\"; " ALONE_WAITS " }");
	ck_assert_int_eq(status_of(start(alone_config, false)), EXIT_FAILURE);
	ck_assert_ptr_nonnull(strstr(logged(), "cannot make the interface lo"));
	while (waitpid(-1, NULL, 0) > 0)
		continue;
}
END_TEST

/* No process outlives it, and its devices go. */
START_TEST(killed_it_takes_all_along)
{
	pid_t pid, child[PARENT_CHILDREN];
	char path[128];
	int status;
	json_t *o;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = start(alone_config, true);
	hears("READY=1");
	o = asked(CONTROL_STATUS);
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		child[i] = (pid_t)json_integer_value(
			json_object_get(json_array_get(json_object_get(o, "processes"), i), "pid"));
	json_decref(o);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
	ck_assert_uint_eq(if_nametoindex("hq"), 0);
	snprintf(path, sizeof path, "%s/l2tpsecd.pid", run_dir);
	unlink(path);
	snprintf(path, sizeof path, "%s/control", run_dir);
	unlink(path);
	snprintf(path, sizeof path, "%s/empty", run_dir);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

int main(int argc, char **argv)
{
	TCase *tc;

	if (role_is_wanted(argc, argv))
		return role_run(argv[2]);
	if (!netns_can("parent"))
		return EXIT_SUCCESS;
	tc = tcase_create("parent");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_loop_test(tc, it_serves_and_ends_in_good_order, 0, 2);
	tcase_add_test(tc, there_is_one_in_a_place);
	tcase_add_test(tc, where_it_cannot_start_it_says_why);
	tcase_add_test(tc, sighup_reads_the_configuration_anew);
	tcase_add_test(tc, in_the_background_it_is_another_process);
	tcase_add_test(tc, in_the_background_it_fails_in_the_foreground);
	tcase_add_test(tc, killed_it_takes_all_along);
	return run_cases("parent", tc);
}
