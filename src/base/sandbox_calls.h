/* The lists of system calls that each role may make. */
#ifndef SRC_BASE_SANDBOX_CALLS_H
#define SRC_BASE_SANDBOX_CALLS_H

#include "src/base/msg.h"

/* Builds with sanitizers make calls of their own: for them the filter and the ban on ptrace are
 * left out. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

/* Puts the role's filter on this process, for good. A call that is not on the list ends the process
 * with SANDBOX_EXIT_STATUS and a line on stderr. */
bool sandbox_calls_limit(enum msg_role role);

#endif
