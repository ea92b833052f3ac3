/* What the targets behind libconfig share: leaks of the library are not looked for. Once in a
 * program: it defines what libFuzzer and the sanitizer look for by name. */
#ifndef TESTS_FUZZ_LIBCONFIG_LEAKS_H
#define TESTS_FUZZ_LIBCONFIG_LEAKS_H

#include <stdlib.h>
#include <string.h>

/* The sanitizer's name for it. NOLINTBEGIN(bugprone-reserved-identifier) */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
/* NOLINTEND(bugprone-reserved-identifier) */
{
	return "leak:libconfig.so\n";
}

/* libconfig forgets an unfinished string after a syntax error, and looking for leaks after each of
 * them takes nearly all the time; the unit tests look for ours. */
int LLVMFuzzerInitialize(int *count, char ***arguments);

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	static char off[] = "-detect_leaks=0";
	char **more = calloc((size_t)*count + 2, sizeof *more);

	if (!more)
		abort();
	memcpy(more, *arguments, (size_t)*count * sizeof *more);
	more[(*count)++] = off;
	*arguments = more;
	return 0;
}

#endif
