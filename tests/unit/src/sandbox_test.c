/* Tests of the sandbox, each in a process of its own: rights are gone, files are out of reach,
 * other system calls end the process. */
#include "src/base/sandbox.h"

#include "src/base/sandbox_calls.h"
#include "tests/unit/run.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/socket.h>
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

static void is_stopped(enum msg_role role, int (*inside)(void))
{
	int status = run(role, inside);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == SANDBOX_EXIT_STATUS,
	              "%s: status %d", msg_role_name(role), status);
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

static int memory(void)
{
	char *p = malloc(1 << 20),
	     *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!p || map == MAP_FAILED || mprotect(map, 4096, PROT_NONE) < 0)
		return 1;
	memset(p, 1, 1 << 20);
	free(p);
	return OK;
}

static int executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	                       MAP_FAILED
	               ? 1
	               : 2;
}

static int udp_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 ? OK : 1;
}

static int raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, 255) >= 0 ? 2 : 1;
}

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 2 : 1;
}

/* Into the terminal of whoever started the daemon, as if typed there. */
static int typing(void)
{
	return ioctl(STDIN_FILENO, TIOCSTI, "x") == 0 ? 2 : 1;
}

static int program(void)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};

	return execv("/bin/true", argv);
}

static int other_process(void)
{
	return fork() < 0 ? 1 : 2;
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

START_TEST(memory_can_be_had_but_not_run)
{
	ends_well(MSG_ROLE_KEYS, memory);
	is_stopped(MSG_ROLE_GATEWAY, executable);
}
END_TEST

START_TEST(only_ike_opens_sockets_and_no_others_than_ip)
{
	ends_well(MSG_ROLE_IKE, udp_socket);
	is_stopped(MSG_ROLE_IKE, raw_socket);
	is_stopped(MSG_ROLE_IKE, unix_socket);
	is_stopped(MSG_ROLE_KEYS, udp_socket);
	is_stopped(MSG_ROLE_GATEWAY, udp_socket);
}
END_TEST

START_TEST(no_typing_into_the_terminal)
{
	is_stopped(MSG_ROLE_KEYS, typing);
	is_stopped(MSG_ROLE_IKE, typing);
	is_stopped(MSG_ROLE_GATEWAY, typing);
}
END_TEST

START_TEST(no_programs_and_no_processes)
{
	is_stopped(MSG_ROLE_KEYS, program);
	is_stopped(MSG_ROLE_IKE, program);
	is_stopped(MSG_ROLE_GATEWAY, program);
	ck_assert_int_ne(run(MSG_ROLE_GATEWAY, other_process), OK << 8);
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
	TCase *t = tcase_create("sandbox");
	int status;

	if (geteuid() != 0) {
		puts("skipped: needs root");
		return 77;
	}
	if (!mkdtemp(empty))
		return 1;
	chmod(empty, 0755);
	tcase_add_test(t, every_role_gets_in);
	tcase_add_test(t, files_are_out_of_reach);
	if (!SANDBOX_SANITIZED) {
		tcase_add_test(t, memory_can_be_had_but_not_run);
		tcase_add_test(t, only_ike_opens_sockets_and_no_others_than_ip);
		tcase_add_test(t, no_typing_into_the_terminal);
		tcase_add_test(t, no_programs_and_no_processes);
	}
	tcase_add_test(t, root_is_gone);
	tcase_add_test(t, each_role_has_its_own_user);
	status = run_cases("src/sandbox", t);
	rmdir(empty);
	return status;
}
