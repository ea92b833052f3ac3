/* What a child process gives up before it reads its first message: user, root directory,
 * capabilities, system calls. */
#ifndef SRC_BASE_SANDBOX_H
#define SRC_BASE_SANDBOX_H

#include "src/base/msg.h"

#include <sys/types.h>

/* Exit status of a process that made a system call which its role may not make. */
enum { SANDBOX_EXIT_STATUS = 31 };

/* The user and group a role runs as. */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
	bool named; /* false: the system has no such user, a fixed high number stands in */
	const char *name;
};

/* The user of a role, looked up by name; needs the files in /etc. */
struct sandbox_user sandbox_user_of(enum msg_role role);
/* Raises what must be raised as root: open files, locked memory. Harmless without rights. */
void sandbox_limits(void);
/*
 * Locks this process in: root directory to empty_dir, own user, no capabilities, no new privileges,
 * no core dumps, no ptrace, system calls by the role's list. Without root only what needs no root
 * is done (for tests). false: *why says which step failed; the process must end.
 */
bool sandbox_enter(enum msg_role role, const char *empty_dir, const char **why);

#endif
