/* Tests of the lists of system calls, each call in a process of its own: what a role needs passes,
 * what libraries can do without is refused, all else ends the process and is named. */
#include "src/base/sandbox_calls.h"

#include "src/base/sandbox.h"
#include "tests/unit/src/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>

enum { OK = 42 };

static const enum msg_role roles[] = {MSG_ROLE_KEYS, MSG_ROLE_IKE, MSG_ROLE_GATEWAY};

struct attempt {
	enum msg_role role;
	int (*inside)(void);
};

static void attempt(const void *argument)
{
	const struct attempt *a = argument;

	if (!sandbox_calls_limit(a->role))
		_exit(1);
	_exit(a->inside());
}

/* Runs `inside` under the role's list; gives the exit status, and what was written is in
 * output_errors. */
static int run(enum msg_role role, int (*inside)(void))
{
	struct attempt a = {role, inside};
	int status = output_run(attempt, &a);

	ck_assert_msg(WIFEXITED(status), "%s: status %d", msg_role_name(role), status);
	return WEXITSTATUS(status);
}

static void ends_well(enum msg_role role, int (*inside)(void))
{
	int status = run(role, inside);

	ck_assert_msg(status == OK, "%s: status %d: %s", msg_role_name(role), status,
	              output_errors);
	ck_assert_str_eq(output_errors, "");
}

static void is_stopped(enum msg_role role, int (*inside)(void))
{
	int status = run(role, inside);

	ck_assert_msg(status == SANDBOX_EXIT_STATUS, "%s: status %d: %s", msg_role_name(role),
	              status, output_errors);
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

/* -- the tests -- */

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
	ck_assert_int_ne(run(MSG_ROLE_GATEWAY, other_process), OK);
}
END_TEST

/* -- what all need -- */

static int loop(void)
{
	struct epoll_event e;
	struct pollfd p = {.fd = STDERR_FILENO};
	char bytes[8];

	/* The set itself was made before: no call makes one here. */
	epoll_wait(-1, &e, 1, 0);
	poll(&p, 1, 0);
	return getrandom(bytes, sizeof bytes, 0) == sizeof bytes && syscall(SYS_getpid) > 0 &&
	                       close(-1) < 0 && errno == EBADF
	               ? OK
	               : 1;
}

static int descriptors(void)
{
	struct stat s;
	char byte;

	if (fcntl(STDERR_FILENO, F_GETFL) < 0 || fstat(STDERR_FILENO, &s) < 0)
		return 1;
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return read(-1, &byte, 1) < 0 && errno == EBADF ? OK : 2;
}

static int messages(void)
{
	struct msghdr m = {.msg_iovlen = 0};

	sendmsg(-1, &m, 0);
	return recvmsg(-1, &m, 0) < 0 && errno == EBADF ? OK : 1;
}

START_TEST(the_loop_and_the_channels_work_in_every_role)
{
	ends_well(roles[_i], loop);
	ends_well(roles[_i], descriptors);
	ends_well(roles[_i], messages);
	ends_well(roles[_i], memory);
}
END_TEST

/* -- who may what -- */

static int send_batch(void)
{
	return sendmmsg(-1, NULL, 0, 0) <= 0 ? OK : 1;
}

static int receive_batch(void)
{
	return recvmmsg(-1, NULL, 0, 0, NULL) <= 0 ? OK : 1;
}

static int write_packets(void)
{
	struct iovec v = {.iov_base = NULL};

	return writev(-1, &v, 1) < 0 && errno == EBADF ? OK : 1;
}

static int ask_option(void)
{
	int value;
	socklen_t len = sizeof value;

	return getsockopt(-1, SOL_SOCKET, SO_ERROR, &value, &len) < 0 && errno == EBADF ? OK : 1;
}

static int connect_it(void)
{
	return connect(-1, NULL, 0) < 0 && errno == EBADF ? OK : 1;
}

static int bind_it(void)
{
	return bind(-1, NULL, 0) < 0 && errno == EBADF ? OK : 1;
}

static int listen_it(void)
{
	return listen(-1, 1) < 0 ? 2 : 1;
}

static int stream_socket(void)
{
	return socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) >= 0 ||
	                       errno == EAFNOSUPPORT
	               ? OK
	               : 1;
}

static int netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_DGRAM, 0) >= 0 ? 2 : 1;
}

static int packet_socket(void)
{
	return socket(AF_PACKET, SOCK_DGRAM, 0) >= 0 ? 2 : 1;
}

static int signal_others(void)
{
	return kill(1, 0) == 0 ? 2 : 1;
}

static int trace_others(void)
{
	return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static int make_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int change_user(void)
{
	return setuid(getuid());
}

static const struct {
	const char *call;
	int (*inside)(void);
	uint8_t may;
} rights[] = {
	{"sendmmsg", send_batch, MSG_ROLE_IKE | MSG_ROLE_GATEWAY},
	{"recvmmsg", receive_batch, MSG_ROLE_IKE | MSG_ROLE_GATEWAY},
	{"writev", write_packets, MSG_ROLE_GATEWAY},
	{"getsockopt", ask_option, MSG_ROLE_IKE | MSG_ROLE_GATEWAY},
	{"connect", connect_it, MSG_ROLE_IKE},
	{"bind", bind_it, MSG_ROLE_IKE},
	{"socket", udp_socket, MSG_ROLE_IKE},
	{"socket", stream_socket, MSG_ROLE_IKE},
	{"socket", netlink_socket, 0},
	{"socket", packet_socket, 0},
	{"socket", raw_socket, 0},
	{"socket", unix_socket, 0},
	{"listen", listen_it, 0},
	{"execve", program, 0},
	{"kill", signal_others, 0},
	{"ptrace", trace_others, 0},
	{"mprotect", make_executable, 0},
	{"mmap", executable, 0},
	{"setuid", change_user, 0},
	{"ioctl", typing, 0},
};

/* Who may not is stopped, and the line names the role and the call. */
START_TEST(a_call_is_a_role_s_or_ends_it)
{
	char line[128];

	for (unsigned i = 0; i < 3; i++) {
		if (rights[_i].may & roles[i]) {
			ends_well(roles[i], rights[_i].inside);
			continue;
		}
		is_stopped(roles[i], rights[_i].inside);
		snprintf(line, sizeof line,
		         "error l2tpsecd %s: made a system call that it may not make: %s (",
		         msg_role_name(roles[i]), rights[_i].call);
		ck_assert_msg(strncmp(output_errors, line, strlen(line)) == 0, "%s", output_errors);
	}
}
END_TEST

static int tried_in_vain(void)
{
	struct utsname u;
	struct sysinfo i;
	char path[64];

	return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES &&
	                       access("/etc/passwd", R_OK) < 0 && errno == EACCES &&
	                       readlink("/proc/self/exe", path, sizeof path) < 0 &&
	                       errno == EACCES && uname(&u) < 0 && errno == EACCES &&
	                       sysinfo(&i) < 0 && errno == EACCES && !getcwd(path, sizeof path) &&
	                       errno == EACCES && prctl(PR_SET_DUMPABLE, 1) < 0 && errno == EPERM
	               ? OK
	               : 1;
}

START_TEST(what_libraries_can_do_without_is_refused)
{
	ends_well(roles[_i], tried_in_vain);
}
END_TEST

int main(void)
{
	TCase *tc;

	if (SANDBOX_SANITIZED) {
		puts("skip - sandbox_calls: builds with sanitizers have no filter of system calls");
		return EXIT_SUCCESS;
	}
	/* A filter can be set without rights only by who can get none. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return EXIT_FAILURE;
	tc = tcase_create("sandbox_calls");
	tcase_add_test(tc, memory_can_be_had_but_not_run);
	tcase_add_test(tc, only_ike_opens_sockets_and_no_others_than_ip);
	tcase_add_test(tc, no_typing_into_the_terminal);
	tcase_add_test(tc, no_programs_and_no_processes);
	tcase_add_loop_test(tc, the_loop_and_the_channels_work_in_every_role, 0, 3);
	tcase_add_loop_test(tc, a_call_is_a_role_s_or_ends_it, 0, sizeof rights / sizeof rights[0]);
	tcase_add_loop_test(tc, what_libraries_can_do_without_is_refused, 0, 3);
	return run_cases("sandbox_calls", tc);
}
