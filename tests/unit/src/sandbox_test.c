/* Tests of the sandbox, each in a process of its own: rights are gone, files are out of reach. */
#include "src/base/sandbox.h"

#include "src/base/sandbox_calls.h"
#include "tests/unit/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OK = 42 };

static char empty[] = "/tmp/sandbox_test.XXXXXX";

/* Runs `inside` in the sandbox of a role; gives the wait status. */
static int run(enum msg_role role, int (*inside)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		const char *why = "";

		if (!sandbox_enter(role, empty, &why)) {
			fprintf(stderr, "sandbox: %s: %s\n", why, strerror(errno));
			_exit(1);
		}
		_exit(inside());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void ends_well(enum msg_role role, int (*inside)(void))
{
	int status = run(role, inside);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == OK, "%s: status %d",
	              msg_role_name(role), status);
}

static int nothing(void)
{
	return OK;
}

static int files(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 && open("x", O_CREAT | O_WRONLY, 0600) < 0 ? OK
	                                                                                    : 1;
}

static int rights(void)
{
	struct rlimit core;

	if (getuid() == 0 || geteuid() == 0 || setuid(0) == 0)
		return 1;
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0)
		return 2;
	return OK;
}

START_TEST(every_role_gets_in)
{
	ends_well(MSG_ROLE_KEYS, nothing);
	ends_well(MSG_ROLE_IKE, nothing);
	ends_well(MSG_ROLE_GATEWAY, nothing);
}
END_TEST

START_TEST(files_are_out_of_reach)
{
	ends_well(MSG_ROLE_KEYS, files);
	ends_well(MSG_ROLE_IKE, files);
	ends_well(MSG_ROLE_GATEWAY, files);
}
END_TEST

/* setuid and getrlimit are not on the lists: here without the filter, as the sanitizers' builds
 * are. */
START_TEST(root_is_gone)
{
	int status = run(MSG_ROLE_KEYS, rights);

	if (SANDBOX_SANITIZED)
		ck_assert_int_eq(WEXITSTATUS(status), OK);
	else
		ck_assert_int_eq(WEXITSTATUS(status), SANDBOX_EXIT_STATUS);
}
END_TEST

START_TEST(each_role_has_its_own_user)
{
	struct sandbox_user k = sandbox_user_of(MSG_ROLE_KEYS), i = sandbox_user_of(MSG_ROLE_IKE),
			    g = sandbox_user_of(MSG_ROLE_GATEWAY);

	ck_assert(k.uid != 0 && i.uid != 0 && g.uid != 0);
	ck_assert(k.uid != i.uid && i.uid != g.uid && k.uid != g.uid);
	ck_assert_str_eq(g.name, "l2tpsec-gw");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sandbox");
	int status;

	if (geteuid() != 0) {
		puts("skip - sandbox: needs root, whose rights are given up here");
		return EXIT_SUCCESS;
	}
	if (!mkdtemp(empty))
		return EXIT_FAILURE;
	chmod(empty, 0755);
	tcase_add_test(tc, every_role_gets_in);
	tcase_add_test(tc, files_are_out_of_reach);
	tcase_add_test(tc, root_is_gone);
	tcase_add_test(tc, each_role_has_its_own_user);
	status = run_cases("sandbox", tc);
	rmdir(empty);
	return status;
}
