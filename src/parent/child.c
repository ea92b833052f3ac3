/* Starting the other processes: a fresh image of this program each, so that none inherits another's
 * memory. */
#include "src/parent/child.h"

#include "src/base/clock.h"
#include "src/base/proc.h"
#include "src/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the new process: only async-signal-safe calls until the exec. */
static void become(int channel, int stderr_fd, char *const argv[], char *const envp[])
{
	sigset_t none;
	int null;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (stderr_fd >= 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
		    dup2(stderr_fd, STDERR_FILENO) < 0)
			_exit(EXIT_FAILURE);
	}
	if (channel == PROC_CHANNEL_FD) {
		fcntl(channel, F_SETFD, 0);
	} else if (dup2(channel, PROC_CHANNEL_FD) < 0) {
		_exit(EXIT_FAILURE);
	}
	close_range(PROC_CHANNEL_FD + 1, ~0U, 0);
	execve("/proc/self/exe", argv, envp);
	_exit(EXIT_FAILURE);
}

/* What a child needs of our environment: little. */
static void environment(char *const envp[], char *empty_dir_setting, char **out, size_t max)
{
	static const char *const kept[] = {
		"TZ=",           "JOURNAL_STREAM=",     "ASAN_OPTIONS=",      "UBSAN_OPTIONS=",
		"LSAN_OPTIONS=", "L2TPSECD_LOG_LEVEL=", "LLVM_PROFILE_FILE=", "GCOV_PREFIX="};
	size_t n = 0;

	out[n++] = empty_dir_setting;
	for (size_t e = 0; envp[e] && n + 1 < max; e++)
		for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++)
			if (strncmp(envp[e], kept[k], strlen(kept[k])) == 0 && n + 1 < max)
				out[n++] = envp[e];
	out[n] = NULL;
}

bool child_start(struct child *c, struct event_base *base, const char *empty_dir, int stderr_fd,
                 const struct ipc_calls *calls, void *owner)
{
	enum { SETTINGS_MAX = 16 };
	char name[32], setting[512], *role = (char *)(uintptr_t)msg_role_name(c->role);
	char option[] = "--role", *argv[] = {name, option, role, NULL}, *envp[SETTINGS_MAX];
	int pair[2];
	pid_t pid;

	snprintf(name, sizeof name, "l2tpsecd: %s", role);
	snprintf(setting, sizeof setting, "L2TPSECD_EMPTY_DIR=%s", empty_dir);
	environment(environ, setting, envp, SETTINGS_MAX);
	if (!ipc_pair(pair))
		return false;
	pid = fork();
	if (pid == 0)
		become(pair[1], stderr_fd, argv, envp);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return false;
	}
	c->pid = pid;
	c->ready = false;
	c->said_bye = false;
	c->started = clock_now();
	c->ipc = ipc_new(base, pair[0], MSG_ROLE_PARENT, c->role, calls, owner);
	if (!c->ipc)
		child_kill(c);
	return c->ipc != NULL;
}

void child_kill(struct child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
}

uint32_t child_ended(struct child *c, ls_time now)
{
	uint32_t wait_ms = c->again_ms;

	ipc_free(c->ipc);
	c->ipc = NULL;
	c->pid = 0;
	c->ready = false;
	if (now - c->started >= LS_S(CHILD_STEADY_S)) {
		c->again_ms = 0;
		wait_ms = 0;
	}
	c->again_ms = c->again_ms == 0                       ? CHILD_AGAIN_FIRST_MS
	              : c->again_ms * 2 > CHILD_AGAIN_MAX_MS ? CHILD_AGAIN_MAX_MS
	                                                     : c->again_ms * 2;
	return wait_ms;
}

const char *child_end_text(int wait_status, char *out, size_t cap)
{
	if (WIFSIGNALED(wait_status))
		snprintf(out, cap, "was killed by signal %d (%s)", WTERMSIG(wait_status),
		         strsignal(WTERMSIG(wait_status)));
	else if (WEXITSTATUS(wait_status) == SANDBOX_EXIT_STATUS)
		snprintf(out, cap, "made a system call that it may not make");
	else
		snprintf(out, cap, "ended with status %d", WEXITSTATUS(wait_status));
	return out;
}
