/* The other processes of the daemon as the parent has them: started, spoken to, watched. */
#ifndef SRC_PARENT_CHILD_H
#define SRC_PARENT_CHILD_H

#include "lib/time.h"
#include "src/base/ipc.h"

#include <event2/event.h>
#include <sys/types.h>

enum {
	CHILD_STEADY_S = 10, /* one that lived so long is started again at once when it ends */
	CHILD_AGAIN_FIRST_MS = 100, /* else after this, doubling */
	CHILD_AGAIN_MAX_MS = 30000,
};

struct child {
	enum msg_role role;
	pid_t pid; /* 0: does not run */
	struct ipc *ipc;
	bool ready;
	bool said_bye;
	ls_time started;
	uint32_t again_ms; /* wait before the next start; 0: at once */
	uint32_t restarts;
	struct event *again;
};

/*
 * Starts the role: a new process of this program with a channel at descriptor 3 and nothing else of
 * ours. empty_dir: its root directory to be. stderr_fd: its stderr to be, with nothing as its stdin
 * and stdout; -1: all three as ours. false with errno set; nothing runs then. calls and owner: of
 * the channel (see ipc_new).
 */
bool child_start(struct child *c, struct event_base *base, const char *empty_dir, int stderr_fd,
                 const struct ipc_calls *calls, void *owner);
/* Ends it without asking; harmless when it does not run. It is reaped elsewhere. */
void child_kill(struct child *c);
/* It has ended: forgets pid and channel, and gives how long to wait until the next start. */
uint32_t child_ended(struct child *c, ls_time now);
/* "was killed by signal 9 (Killed)", "ended with status 31 (forbidden system call)"; gives out. */
const char *child_end_text(int wait_status, char *out, size_t cap);

#endif
