/* Test helper: counts what this program and its libraries allocate, by standing in for malloc. A
 * sanitizer has a malloc of its own: under it nothing is counted. Include it in one file. */
#ifndef TESTS_UNIT_ALLOCATIONS_H
#define TESTS_UNIT_ALLOCATIONS_H

#include "src/base/sandbox_calls.h"

#include <stdlib.h>

static unsigned long allocations;

#if SANDBOX_SANITIZED
enum { ALLOCATIONS_COUNTED = 0 };
#else
enum { ALLOCATIONS_COUNTED = 1 };

/* What glibc's malloc and its kin are made of. */
extern void *__libc_malloc(size_t size);              /* NOLINT(bugprone-reserved-identifier) */
extern void *__libc_calloc(size_t n, size_t size);    /* NOLINT(bugprone-reserved-identifier) */
extern void *__libc_realloc(void *old, size_t size);  /* NOLINT(bugprone-reserved-identifier) */
extern void *__libc_memalign(size_t to, size_t size); /* NOLINT(bugprone-reserved-identifier) */

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t to, size_t size)
{
	allocations++;
	return __libc_memalign(to, size);
}
#endif

#endif
