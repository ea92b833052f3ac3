/* What every child process has: its channels, its event loop, its sandbox, and a way to report. */
#ifndef SRC_BASE_PROC_H
#define SRC_BASE_PROC_H

#include "lib/cause.h"
#include "src/base/clock.h"
#include "src/base/ipc.h"

#include <event2/event.h>

enum { PROC_CHANNEL_FD = 3, PROC_CHANNELS = 4 };

struct proc;

/*
 * The order of things at a start (also of a process that was restarted): the parent sends all of
 * the configuration (GATEWAY_SET, SOCKETs, SECRETS, TUNNEL_SET and TUN of each tunnel) to all, then
 * PEER_CHANNELs, then CONFIG_END with `first`. The parent's channel is read before any other, so
 * that what a peer may speak of is known. A message of a type that the role has no handler for ends
 * the channel: each type the table lets it receive needs one.
 */

/* A role: what it is and what it does with messages. */
struct proc_role {
	enum msg_role role;
	/* For messages of all peers; who may send what is checked by the table before.
	 * PEER_CHANNEL, PEER_LOST and BYE are proc's own. */
	const struct ipc_handler *handlers;
	size_t handler_count;
	/* A channel to that process is there (again); the messages it needs first can be sent now.
	 * May be NULL. */
	void (*peer_there)(void *owner, enum msg_role peer);
	/* That process has ended: what was asked of it is not answered. It comes back with
	 * peer_there. May be NULL. */
	void (*peer_lost)(void *owner, enum msg_role peer);
	/* Around each of these calls. May be NULL. */
	void (*enter)(void *owner);
	void (*leave)(void *owner);
};

/*
 * Start of a child: ignores the signals that are the parent's business, makes the loop and the
 * channel to the parent at descriptor 3. owner is handed to handlers. NULL, with a line on stderr,
 * when that fails. The role's own set-up that needs files or providers comes between this and
 * proc_sandbox().
 */
struct proc *proc_new(const struct proc_role *role, void *owner);
struct event_base *proc_base(struct proc *p);
/* Locks the process in and tells the parent READY. false, with the reason logged, when a lock could
 * not be put on. */
bool proc_sandbox(struct proc *p);
/* Serves until proc_stop() or the end of the parent. Gives the exit status. */
int proc_loop(struct proc *p);
/* Ends the loop; `bye` is said to the parent first. */
void proc_stop(struct proc *p);
void proc_free(struct proc *p);

/* There is a channel to that process. */
bool proc_has(const struct proc *p, enum msg_role to);
/* Tells the parent what happened, for log, history and counters; to stderr while there is no
 * parent. */
void proc_event(struct proc *p, const struct ls_event *event);
/* The same from its parts. peer may be NULL. */
void proc_tell(struct proc *p, uint32_t tunnel, enum ls_cause cause, const struct ls_addr *peer,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* proc_send_NAME(): to the process with that role. false: no channel to it at the moment, or a
 * field breaks a bound. */
#define MSG(number, NAME, name, from, to, fields) \
	bool proc_send_##name(struct proc *p, enum msg_role role, const struct msg_##name *m);
#include "src/base/msg.def"
#undef MSG

/* The roles' entry points, each in its folder: run until the end, give the exit status. */
int keys_main(void);
int ike_main(void);
int gateway_main(void);

#endif
