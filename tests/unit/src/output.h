/* Test helper: what a function or a program writes. */
#ifndef TESTS_UNIT_SRC_OUTPUT_H
#define TESTS_UNIT_SRC_OUTPUT_H

#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 16 };

static char output[OUTPUT_MAX], output_errors[OUTPUT_MAX]; /* of the last */

static inline void output_take(int fd, char *to)
{
	ssize_t n = pread(fd, to, OUTPUT_MAX - 1, 0);

	ck_assert_int_ge(n, 0);
	to[n] = '\0';
	close(fd);
}

/* Runs `run` in a child with its stdout and stderr kept; gives the wait status. */
static inline int output_run(void (*run)(const void *), const void *argument)
{
	int out = memfd_create("out", 0), err = memfd_create("err", 0), status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		run(argument);
		fflush(NULL);
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	output_take(out, output);
	output_take(err, output_errors);
	return status;
}

/* Runs `run`, which comes back, in this process: much cheaper, for many runs. */
static inline void output_call(void (*run)(const void *), const void *argument)
{
	int out = memfd_create("out", 0), err = memfd_create("err", 0);
	int own_out = dup(STDOUT_FILENO), own_err = dup(STDERR_FILENO);

	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	run(argument);
	fflush(NULL);
	dup2(own_out, STDOUT_FILENO);
	dup2(own_err, STDERR_FILENO);
	close(own_out);
	close(own_err);
	output_take(out, output);
	output_take(err, output_errors);
}

/* The path of a program of the same build; gives out. */
static inline const char *output_program(const char *name, char *out, size_t cap)
{
	char self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	/* build/unit/src/x_test */
	for (unsigned i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	ck_assert_int_lt(snprintf(out, cap, "%s/%s", self, name), (int)cap);
	ck_assert_msg(access(out, X_OK) == 0, "%s is not built", out);
	return out;
}

static inline void output_exec(const void *argument)
{
	char *const *argv = argument;

	execv(argv[0], argv);
	_exit(127);
}

/* Runs a program; gives its exit status. */
static inline int output_of(const char *const argv[])
{
	int status = output_run(output_exec, argv);

	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif
