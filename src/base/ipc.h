/* A channel between two processes: messages of msg.def over a SOCK_SEQPACKET pair, in an event
 * loop. */
#ifndef SRC_BASE_IPC_H
#define SRC_BASE_IPC_H

#include "src/base/msg.h"

#include <event2/event.h>

enum { IPC_QUEUE_MAX_BYTES = 16 * 1024 * 1024, IPC_QUEUE_MAX_MESSAGES = 65536 };

struct ipc;

/*
 * What to do with one type of message. m lasts until the handler returns. fd: the descriptor that
 * came along, or -1; a handler that keeps it sets *fd to -1, else it is closed.
 */
struct ipc_handler {
	enum msg_type type;
	void (*handle)(void *owner, enum msg_role from, const struct msg *m, int *fd);
};

enum ipc_end {
	IPC_END_CLOSED,   /* the other side closed it or died */
	IPC_END_BAD,      /* it sent what it may not send: it is not trusted any more */
	IPC_END_OVERFLOW, /* it does not read what we send */
};

struct ipc_calls {
	const struct ipc_handler *handlers;
	size_t handler_count;
	/* The channel has ended and carries nothing more; the owner frees it (also from within this
	 * call). detail: for the log. */
	void (*ended)(void *owner, struct ipc *ipc, enum ipc_end end, const char *detail);
};

/*
 * A channel over fd, which it owns from now on. self and peer: the roles at both ends, by which
 * each message is checked. NULL without memory (fd is closed then).
 */
struct ipc *ipc_new(struct event_base *base, int fd, enum msg_role self, enum msg_role peer,
                    const struct ipc_calls *calls, void *owner);
/* Closes the channel and wipes what was queued. Harmless with NULL. */
void ipc_free(struct ipc *ipc);
enum msg_role ipc_peer(const struct ipc *ipc);
/* Priority in a loop that has several: 0 is read first. */
void ipc_set_priority(struct ipc *ipc, int priority);
/* Messages waiting to be sent. */
size_t ipc_queued(const struct ipc *ipc);
/* Sends what is queued, waiting up to wait_ms for the other side; for the end of a process. */
void ipc_flush(struct ipc *ipc, int wait_ms);
/* A connected pair, non-blocking and close-on-exec, with large buffers; false with errno set. */
bool ipc_pair(int fd[2]);

/*
 * ipc_send_NAME(): sends or queues one. fd: a descriptor to pass along (not consumed), or -1; must
 * be given exactly for the messages that carry one. false: the message breaks a bound of the table,
 * or the channel has ended.
 */
#define MSG(number, NAME, name, from, to, fields) \
	bool ipc_send_##name(struct ipc *ipc, const struct msg_##name *m, int fd);
#include "src/base/msg.def"
#undef MSG

#endif
