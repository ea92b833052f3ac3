/* The file of the secret for tokens: made with narrow rights, and only a file like that is handed
 * on. */
#include "src/parent/parent.h"
#include "tests/unit/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/parent_token.XXXXXX", state[64], path[PARENT_TOKEN_PATH_MAX], error[512];

static int open_it(void)
{
	return parent_token_open(state, path, error, sizeof error);
}

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(state, sizeof state, "%s/state", dir);
}

static void tear_down(void)
{
	unlink(path);
	rmdir(path);
	rmdir(state);
	ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(made_where_nothing_is)
{
	struct stat s;
	int fd;

	umask(0);
	set_up();
	fd = open_it();
	ck_assert_int_ge(fd, 0);
	ck_assert(stat(state, &s) == 0 && (s.st_mode & 07777) == 0700);
	ck_assert(stat(path, &s) == 0 && (s.st_mode & 07777) == 0600 && s.st_size == 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
	/* Again: what is in it stays. */
	fd = open_it();
	ck_assert(fd >= 0 && fstat(fd, &s) == 0 && s.st_size == 1);
	close(fd);
	tear_down();
}
END_TEST

static void refused(const char *why)
{
	ck_assert_int_eq(open_it(), -1);
	ck_assert_ptr_nonnull(strstr(error, why));
}

START_TEST(only_a_file_that_is_ours_alone)
{
	set_up();
	close(open_it());
	ck_assert_int_eq(chmod(path, 0640), 0);
	refused("only its owner");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	refused("cannot open");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	refused("cannot open");
	snprintf(state, sizeof state, "%s/none/state", dir);
	refused("cannot make the directory");
	snprintf(state, sizeof state, "state");
	refused("absolute");
	snprintf(state, sizeof state, "%s/state", dir);
	snprintf(path, sizeof path, "%s/token.secret", state);
	tear_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("token");

	tcase_add_test(tc, made_where_nothing_is);
	tcase_add_test(tc, only_a_file_that_is_ours_alone);
	return run_cases("parent_token", tc);
}
