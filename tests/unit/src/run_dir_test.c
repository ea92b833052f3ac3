/* Tests of the run directory: one daemon has it, nothing that others could have put there is
 * trusted, and nothing is left. */
#include "src/parent/run_dir.h"

#include "tests/unit/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static char above[64], dir[96], error[512];
static struct run_dir d;

static void set_up(void)
{
	snprintf(above, sizeof above, "/tmp/run_dir_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(above));
	snprintf(dir, sizeof dir, "%s/l2tpsec", above);
	error[0] = '\0';
}

static void take_down(void)
{
	rmdir(dir);
	unlink(dir);
	ck_assert_msg(rmdir(above) == 0, "something is left in %s", above);
}

static const char *in(const char *name)
{
	static char path[4][160];
	static unsigned which;
	char *p = path[which++ % 4];

	snprintf(p, sizeof path[0], "%s/%s", dir, name);
	return p;
}

static bool there(const char *path)
{
	struct stat s;

	return lstat(path, &s) == 0;
}

static void is_taken(void)
{
	ck_assert_msg(run_dir_take(&d, dir, error, sizeof error), "%s", error);
	ck_assert_int_ge(d.lock_fd, 0);
}

/* Refused, for a reason that has this in it, without holding anything. */
static void is_refused(const char *path, const char *why)
{
	ck_assert(!run_dir_take(&d, path, error, sizeof error));
	ck_assert_msg(strstr(error, why) != NULL, "'%s' is not in: %s", why, error);
	ck_assert_int_eq(d.lock_fd, -1);
	/* Harmless. */
	run_dir_give(&d);
}

START_TEST(it_is_made_and_taken_away)
{
	struct stat s;
	char pid[32] = "", mine[32];
	int fd;

	is_taken();
	ck_assert_int_eq(lstat(dir, &s), 0);
	ck_assert(S_ISDIR(s.st_mode) && (s.st_mode & 07777) == 0755);
	ck_assert_int_eq(lstat(in("empty"), &s), 0);
	ck_assert(S_ISDIR(s.st_mode) && (s.st_mode & 07777) == 0755);
	ck_assert_str_eq(d.empty, in("empty"));
	ck_assert_str_eq(d.socket, in("control"));
	ck_assert_int_eq(fcntl(d.lock_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	/* Instead of a longer one that stood there. */
	ck_assert_int_eq(pwrite(d.lock_fd, "99999999999999\n", 15, 0), 15);
	run_dir_write_pid(&d);
	snprintf(mine, sizeof mine, "%ld\n", (long)getpid());
	fd = open(in("l2tpsecd.pid"), O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, pid, sizeof pid - 1), (ssize_t)strlen(mine));
	ck_assert_str_eq(pid, mine);
	close(fd);
	close(open(d.socket, O_CREAT | O_WRONLY, 0600));
	run_dir_give(&d);
	ck_assert(!there(in("empty")) && !there(in("control")) && !there(in("l2tpsecd.pid")));
	ck_assert(there(dir));
}
END_TEST

START_TEST(one_daemon_has_it)
{
	struct run_dir second;
	char number[64];

	is_taken();
	run_dir_write_pid(&d);
	ck_assert(!run_dir_take(&second, dir, error, sizeof error));
	ck_assert_int_eq(second.lock_fd, -1);
	snprintf(number, sizeof number, "process number %ld ", (long)getpid());
	ck_assert_ptr_nonnull(strstr(error, number));
	ck_assert_ptr_nonnull(strstr(error, dir));
	ck_assert_ptr_nonnull(strstr(error, "--run-dir"));
	/* Nothing of the first one's went. */
	ck_assert(there(in("empty")) && there(in("l2tpsecd.pid")));
	run_dir_give(&second);
	ck_assert(there(in("l2tpsecd.pid")));
	run_dir_give(&d);
	is_taken();
	run_dir_give(&d);
}
END_TEST

/* What a daemon that was killed left behind keeps nobody out. */
START_TEST(a_dead_daemon_has_nothing)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!run_dir_take(&d, dir, error, sizeof error))
			_exit(1);
		run_dir_write_pid(&d);
		close(open(d.socket, O_CREAT | O_WRONLY, 0600));
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert(there(in("l2tpsecd.pid")) && there(in("control")));
	is_taken();
	/* Its socket is not in our socket's way. */
	ck_assert(!there(in("control")));
	run_dir_give(&d);
}
END_TEST

START_TEST(what_others_may_write_is_refused)
{
	static const mode_t modes[] = {0775, 0757, 0777, 01777};

	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		ck_assert_int_eq(mkdir(dir, 0755), 0);
		ck_assert_int_eq(chmod(dir, modes[i]), 0);
		is_refused(dir, "only its owner");
		ck_assert(!there(in("l2tpsecd.pid")));
		ck_assert_int_eq(rmdir(dir), 0);
	}
	/* The root directory of the processes likewise; the lock is given back. */
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_eq(mkdir(in("empty"), 0755), 0);
	ck_assert_int_eq(chmod(in("empty"), 0777), 0);
	is_refused(dir, in("empty"));
	ck_assert(!there(in("l2tpsecd.pid")));
	is_taken();
	run_dir_give(&d);
}
END_TEST

START_TEST(what_is_another_users_is_refused)
{
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_eq(chown(dir, NOBODY, NOBODY), 0);
	is_refused(dir, "the daemon's user");
	ck_assert_int_eq(chown(dir, 0, 0), 0);
	ck_assert_int_eq(mkdir(in("empty"), 0755), 0);
	ck_assert_int_eq(chown(in("empty"), NOBODY, NOBODY), 0);
	is_refused(dir, in("empty"));
	rmdir(in("empty"));
}
END_TEST

/* To where somebody else likes. */
START_TEST(symbolic_links_are_refused)
{
	char there_file[96], text[8] = "";
	int fd;

	ck_assert_int_eq(symlink("/tmp", dir), 0);
	is_refused(dir, "must be a directory");
	ck_assert_int_eq(unlink(dir), 0);
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_eq(symlink("/tmp", in("empty")), 0);
	is_refused(dir, in("empty"));
	unlink(in("empty"));
	/* The lock's place, where our number would be written. */
	snprintf(there_file, sizeof there_file, "%s/precious", above);
	fd = open(there_file, O_CREAT | O_RDWR, 0644);
	ck_assert_int_eq(write(fd, "words", 5), 5);
	ck_assert_int_eq(symlink(there_file, in("l2tpsecd.pid")), 0);
	is_refused(dir, strerror(ELOOP));
	ck_assert_int_eq(pread(fd, text, sizeof text - 1, 0), 5);
	ck_assert_str_eq(text, "words");
	close(fd);
	unlink(there_file);
	unlink(in("l2tpsecd.pid"));
}
END_TEST

START_TEST(what_is_no_directory_is_refused)
{
	close(open(dir, O_CREAT | O_WRONLY, 0644));
	is_refused(dir, "must be a directory");
	unlink(dir);
	is_refused("/nowhere/at/all", "cannot make the directory");
	is_refused("run/l2tpsec", "absolute path");
	is_refused("", "absolute path");
}
END_TEST

/* The admin socket's path has to fit where the kernel wants it. */
START_TEST(a_long_path_is_refused)
{
	char path[200];

	memset(path, 'x', sizeof path);
	path[0] = '/';
	path[93] = '\0';
	is_refused(path, "at most 92 bytes");
	path[93] = 'x';
	path[199] = '\0';
	is_refused(path, "at most 92 bytes");
	ck_assert(!there(path));
	/* One that is as long as may be. */
	memset(path, 'x', sizeof path);
	memcpy(path, above, strlen(above));
	path[strlen(above)] = '/';
	path[92] = '\0';
	ck_assert_msg(run_dir_take(&d, path, error, sizeof error), "%s", error);
	run_dir_give(&d);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("run_dir");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, it_is_made_and_taken_away);
	tcase_add_test(tc, one_daemon_has_it);
	tcase_add_test(tc, a_dead_daemon_has_nothing);
	tcase_add_test(tc, what_others_may_write_is_refused);
	if (geteuid() == 0)
		tcase_add_test(tc, what_is_another_users_is_refused);
	else
		puts("skip - what_is_another_users_is_refused: it needs root");
	tcase_add_test(tc, symbolic_links_are_refused);
	tcase_add_test(tc, what_is_no_directory_is_refused);
	tcase_add_test(tc, a_long_path_is_refused);
	return run_cases("run_dir", tc);
}
