/* The filter of system calls (seccomp): for each role the list of what it may call, each with its
 * reason. */
#include "src/base/sandbox_calls.h"

#include "src/base/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAMES_MAX = 512, NAME_BYTES = 28, THREAD = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND };

#define ALL (MSG_ROLE_KEYS | MSG_ROLE_IKE | MSG_ROLE_GATEWAY)

struct rule {
	int call;
	uint8_t roles;
};

static const struct rule rules[] = {
	/* The event loop. */
	{SCMP_SYS(epoll_wait), ALL},
	{SCMP_SYS(epoll_pwait), ALL},
	{SCMP_SYS(epoll_pwait2), ALL},
	{SCMP_SYS(epoll_ctl), ALL},
	{SCMP_SYS(timerfd_settime), ALL}, /* libevent, where EVENT_PRECISE_TIMER is set */
	{SCMP_SYS(poll), ALL},            /* the last messages of a process that ends */
	{SCMP_SYS(clock_gettime), ALL},   /* where the vDSO does not answer */
	{SCMP_SYS(gettimeofday), ALL},
	/* Channels, sockets and TUN devices that the parent opened. */
	{SCMP_SYS(sendmsg), ALL},
	{SCMP_SYS(recvmsg), ALL},
	{SCMP_SYS(close), ALL},
	{SCMP_SYS(fcntl), ALL}, /* non-blocking; duplicates for the queue */
	{SCMP_SYS(shutdown), ALL},
	{SCMP_SYS(read),
         ALL}, /* the secrets file (keys), TUN (gateway), the loop's wake-up (all) */
	{SCMP_SYS(write), ALL},
	{SCMP_SYS(fsync), MSG_ROLE_KEYS}, /* the secret for tokens, made there */
	{SCMP_SYS(recvmmsg), MSG_ROLE_IKE | MSG_ROLE_GATEWAY},
	{SCMP_SYS(sendmmsg), MSG_ROLE_IKE | MSG_ROLE_GATEWAY},
	{SCMP_SYS(sendto), MSG_ROLE_IKE | MSG_ROLE_GATEWAY},
	{SCMP_SYS(recvfrom), MSG_ROLE_IKE | MSG_ROLE_GATEWAY},
	{SCMP_SYS(readv), MSG_ROLE_GATEWAY},
	{SCMP_SYS(writev), MSG_ROLE_GATEWAY},
	{SCMP_SYS(getsockopt), MSG_ROLE_IKE | MSG_ROLE_GATEWAY}, /* a socket's pending error */
	{SCMP_SYS(setsockopt),
         MSG_ROLE_IKE | MSG_ROLE_GATEWAY}, /* UDP_SEGMENT, UDP_GRO, DNS sockets' options */
	{SCMP_SYS(getsockname), MSG_ROLE_IKE | MSG_ROLE_GATEWAY},
	/* DNS, and which source address the kernel would choose towards a peer (below: IP sockets
           only). */
	{SCMP_SYS(connect), MSG_ROLE_IKE},
	{SCMP_SYS(bind), MSG_ROLE_IKE},
	/* The secrets file through stdio, which asks what kind of file it is. */
	{SCMP_SYS(fstat), ALL},
	{SCMP_SYS(newfstatat), ALL},
	{SCMP_SYS(lseek), ALL},
	/* Memory: malloc, libsodium's guarded pages. Never executable: see below. */
	{SCMP_SYS(brk), ALL},
	{SCMP_SYS(munmap), ALL},
	{SCMP_SYS(mremap), ALL},
	{SCMP_SYS(madvise), ALL},
	{SCMP_SYS(mlock), ALL},
	{SCMP_SYS(munlock), ALL},
	/* Randomness. */
	{SCMP_SYS(getrandom), ALL},
	/* The workers: threads, each with a loop. */
	{SCMP_SYS(epoll_create1), MSG_ROLE_GATEWAY},
	{SCMP_SYS(eventfd2), MSG_ROLE_GATEWAY},
	{SCMP_SYS(set_robust_list), MSG_ROLE_GATEWAY},
	{SCMP_SYS(rseq), MSG_ROLE_GATEWAY},
	/* Threads' locks within libraries, and libc's own needs. */
	{SCMP_SYS(futex), ALL},
	{SCMP_SYS(sched_yield), ALL},
	{SCMP_SYS(getpid), ALL},
	{SCMP_SYS(gettid), ALL},
	{SCMP_SYS(getuid), ALL},
	{SCMP_SYS(geteuid), ALL},
	{SCMP_SYS(restart_syscall), ALL},
	{SCMP_SYS(rt_sigreturn), ALL},
	{SCMP_SYS(rt_sigprocmask), ALL},
	{SCMP_SYS(rt_sigaction), ALL},
	{SCMP_SYS(tgkill), ALL}, /* abort() on itself */
	{SCMP_SYS(exit), ALL},
	{SCMP_SYS(exit_group), ALL},
};

/* Calls that libraries try and can do without: refused, not fatal. Nothing of the file system is
 * within reach anyway. */
static const struct {
	int call;
	int error;
} refused[] = {
	{SCMP_SYS(open), EACCES},  {SCMP_SYS(openat), EACCES}, {SCMP_SYS(access), EACCES},
	{SCMP_SYS(stat), EACCES},  {SCMP_SYS(lstat), EACCES},  {SCMP_SYS(readlink), EACCES},
	{SCMP_SYS(statx), EACCES}, {SCMP_SYS(uname), EACCES},  {SCMP_SYS(sysinfo), EACCES},
	{SCMP_SYS(prctl), EPERM},  {SCMP_SYS(getcwd), EACCES}, {SCMP_SYS(prlimit64), EPERM},
};

/* Resolved before the filter is on, for the signal handler that may not call the library. */
static char names[NAMES_MAX][NAME_BYTES];
static char role_text[16];

static void names_fill(void)
{
	for (int i = 0; i < NAMES_MAX; i++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);

		snprintf(names[i], sizeof names[i], "%s", name ? name : "?");
		free(name);
	}
}

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void say_number(unsigned n)
{
	char digits[12];
	char *at = digits + sizeof digits - 1;

	*at = '\0';
	do
		*--at = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	say(at);
}

/* Only calls that are safe in a signal handler and on the list. */
static void forbidden(int signal_number, siginfo_t *info, void *context)
{
	unsigned call = (unsigned)info->si_syscall;

	(void)signal_number;
	(void)context;
	say("error l2tpsecd ");
	say(role_text);
	say(": made a system call that it may not make: ");
	say(call < NAMES_MAX ? names[call] : "?");
	say(" (");
	say_number(call);
	say(")\n");
	_exit(SANDBOX_EXIT_STATUS);
}

static bool special_rules(scmp_filter_ctx filter, enum msg_role role)
{
	int bad = 0;

	/* Memory may be mapped and protected, but never be made executable. */
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (role == MSG_ROLE_GATEWAY) {
		/* A thread, never a process. libc does without clone3, whose flags lie in memory.
		 */
		bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		                        SCMP_A0(SCMP_CMP_MASKED_EQ, THREAD, THREAD));
		bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	}
	if (role != MSG_ROLE_IKE)
		return bad == 0;
	/* DNS and route look-ups by connect(): IPv4 and IPv6 datagrams and streams, no raw, packet,
	 * netlink or local sockets. */
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
	                        SCMP_A0(SCMP_CMP_EQ, AF_INET, 0),
	                        SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
	                        SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0),
	                        SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
	                        SCMP_A0(SCMP_CMP_EQ, AF_INET, 0),
	                        SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
	                        SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0),
	                        SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	return bad == 0;
}

static bool rules_add(scmp_filter_ctx filter, enum msg_role role)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if ((rules[i].roles & role) &&
		    seccomp_rule_add(filter, SCMP_ACT_ALLOW, rules[i].call, 0) < 0)
			return false;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)refused[i].error),
		                     refused[i].call, 0) < 0)
			return false;
	return special_rules(filter, role);
}

bool sandbox_calls_limit(enum msg_role role)
{
	struct sigaction on_call = {.sa_sigaction = forbidden, .sa_flags = SA_SIGINFO};
	scmp_filter_ctx filter;
	bool ok;

	if (SANDBOX_SANITIZED)
		return true;
	names_fill();
	snprintf(role_text, sizeof role_text, "%s", msg_role_name(role));
	sigemptyset(&on_call.sa_mask);
	if (sigaction(SIGSYS, &on_call, NULL) < 0)
		return false;
	filter = seccomp_init(SCMP_ACT_TRAP);
	if (!filter)
		return false;
	/* A binary tree instead of a list: the packet path makes many calls. Older libraries do
	 * without. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	ok = rules_add(filter, role) && seccomp_load(filter) == 0;
	seccomp_release(filter);
	return ok;
}
