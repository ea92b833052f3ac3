/* The frame of every child process: channels to the parent and to its peers, the loop, the sandbox,
 * reports. */
#include "src/base/proc.h"

#include "lib/crypto.h"
#include "lib/secret.h"
#include "src/base/log.h"
#include "src/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HANDLERS_MAX = 64, FLUSH_MS = 200, PRIORITIES = 2 };
/* Happenings told in a second, of the causes and tunnels that share a bucket. */
enum { EVENT_BUCKETS = 256, EVENTS_A_SECOND = 50 };

struct proc {
	struct proc_role role;
	void *owner;
	struct event_base *base;
	struct ipc *parent;
	struct ipc *peer[PROC_CHANNELS]; /* by role_index; the parent's place stays empty */
	struct ipc_handler handler[HANDLERS_MAX];
	size_t handlers;
	struct {
		ls_time until;
		unsigned told;
	} events[EVENT_BUCKETS];
	int status;
};

static unsigned role_index(enum msg_role role)
{
	return role == MSG_ROLE_KEYS      ? 1
	       : role == MSG_ROLE_IKE     ? 2
	       : role == MSG_ROLE_GATEWAY ? 3
	                                  : 0;
}

static struct ipc *channel(const struct proc *p, enum msg_role role)
{
	return role == MSG_ROLE_PARENT ? p->parent : p->peer[role_index(role)];
}

static void enter(const struct proc *p)
{
	if (p->role.enter)
		p->role.enter(p->owner);
}

static void leave(const struct proc *p)
{
	if (p->role.leave)
		p->role.leave(p->owner);
}

/* The handlers are called with the proc in between, so that its own messages are handled here. */
static void to_role(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct proc *p = owner;

	enter(p);
	for (size_t i = 0; i < p->role.handler_count; i++)
		if (p->role.handlers[i].type == m->type) {
			p->role.handlers[i].handle(p->owner, from, m, fd);
			break;
		}
	leave(p);
}

static void lose(struct proc *p, enum msg_role role)
{
	struct ipc **at = &p->peer[role_index(role)];

	if (!*at)
		return;
	ipc_free(*at);
	*at = NULL;
	enter(p);
	if (p->role.peer_lost)
		p->role.peer_lost(p->owner, role);
	leave(p);
}

static void channel_ended(void *owner, struct ipc *ipc, enum ipc_end why, const char *detail)
{
	struct proc *p = owner;

	if (ipc == p->parent) {
		/* Nothing may outlive the parent. */
		p->status = EXIT_FAILURE;
		event_base_loopbreak(p->base);
		return;
	}
	if (why != IPC_END_CLOSED)
		proc_tell(p, 0, CAUSE_PROC_UNTRUSTED, NULL,
		          "%s does not speak with %s any more: %s", msg_role_name(p->role.role),
		          msg_role_name(ipc_peer(ipc)),
		          why == IPC_END_OVERFLOW ? "it does not read" : detail);
	lose(p, ipc_peer(ipc));
}

static const struct ipc_calls *calls_of(struct proc *p, struct ipc_calls *calls)
{
	*calls = (struct ipc_calls){
		.handlers = p->handler, .handler_count = p->handlers, .ended = channel_ended};
	return calls;
}

static void on_peer_channel(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct proc *p = owner;
	enum msg_role role = (enum msg_role)m->peer_channel.role;
	struct ipc_calls calls;

	(void)from;
	if (role_index(role) == 0 || role == p->role.role)
		return;
	lose(p, role);
	p->peer[role_index(role)] =
		ipc_new(p->base, *fd, p->role.role, role, calls_of(p, &calls), p);
	*fd = -1;
	enter(p);
	if (p->peer[role_index(role)] && p->role.peer_there)
		p->role.peer_there(p->owner, role);
	leave(p);
}

static void on_peer_lost(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)from;
	(void)fd;
	lose(owner, (enum msg_role)m->peer_lost.role);
}

static bool handlers_fill(struct proc *p)
{
	if (p->role.handler_count + 2 > HANDLERS_MAX)
		return false;
	for (size_t i = 0; i < p->role.handler_count; i++)
		p->handler[p->handlers++] = (struct ipc_handler){p->role.handlers[i].type, to_role};
	p->handler[p->handlers++] = (struct ipc_handler){MSG_TYPE_PEER_CHANNEL, on_peer_channel};
	p->handler[p->handlers++] = (struct ipc_handler){MSG_TYPE_PEER_LOST, on_peer_lost};
	return true;
}

/* The terminal's and the service manager's signals reach the whole group: ending is the parent's
 * decision. */
static void signals_ignore(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

/* What libraries read from files at their first use must be read while there are files. */
static bool prewarm(void)
{
	tzset();
	return secret_init() && crypto_init();
}

/* The loop reads the parent's channel before any other: what the parent has sent is known before a
 * peer that knows it too speaks. */
static struct event_base *loop_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (!config)
		return NULL;
	/* No precise timers: they cost a system call each time the loop waits, and no deadline of
	 * ours is finer than the coarse clock. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (base && event_base_priority_init(base, PRIORITIES) < 0) {
		event_base_free(base);
		base = NULL;
	}
	return base;
}

struct proc *proc_new(const struct proc_role *role, void *owner)
{
	struct proc *p = calloc(1, sizeof *p);
	struct ipc_calls calls;

	if (!p)
		return NULL;
	signals_ignore();
	p->role = *role;
	p->owner = owner;
	fcntl(PROC_CHANNEL_FD, F_SETFD, FD_CLOEXEC);
	p->base = loop_new();
	if (p->base && handlers_fill(p))
		p->parent = ipc_new(p->base, PROC_CHANNEL_FD, role->role, MSG_ROLE_PARENT,
		                    calls_of(p, &calls), p);
	if (!p->parent || !prewarm()) {
		log_line(LOG_LEVEL_ERROR, "%s: cannot start: %s", msg_role_name(role->role),
		         p->parent ? "the crypto libraries refuse" : "no memory");
		proc_free(p);
		return NULL;
	}
	ipc_set_priority(p->parent, 0);
	return p;
}

struct event_base *proc_base(struct proc *p)
{
	return p->base;
}

bool proc_sandbox(struct proc *p)
{
	struct msg_ready ready = {.role = (uint8_t)p->role.role};
	const char *dir = getenv("L2TPSECD_EMPTY_DIR");
	const char *why = "no empty root directory was named";
	struct sandbox_user user = sandbox_user_of(p->role.role);

	sandbox_limits();
	if (geteuid() == 0 && !user.named)
		proc_tell(p, 0, CAUSE_PROC_USER, NULL, "%s runs as number %u", user.name,
		          (unsigned)user.uid);
	if (!dir || !sandbox_enter(p->role.role, dir, &why)) {
		log_line(LOG_LEVEL_ERROR, "%s: sandbox: %s: %s", msg_role_name(p->role.role), why,
		         strerror(errno));
		return false;
	}
	return proc_send_ready(p, MSG_ROLE_PARENT, &ready);
}

int proc_loop(struct proc *p)
{
	event_base_dispatch(p->base);
	return p->status;
}

void proc_stop(struct proc *p)
{
	struct msg_bye bye = {.role = (uint8_t)p->role.role};

	proc_send_bye(p, MSG_ROLE_PARENT, &bye);
	for (unsigned i = 0; i < PROC_CHANNELS; i++)
		if (p->peer[i])
			ipc_flush(p->peer[i], FLUSH_MS);
	ipc_flush(p->parent, FLUSH_MS);
	event_base_loopbreak(p->base);
}

void proc_free(struct proc *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < PROC_CHANNELS; i++)
		ipc_free(p->peer[i]);
	ipc_free(p->parent);
	if (p->base)
		event_base_free(p->base);
	free(p);
}

bool proc_has(const struct proc *p, enum msg_role to)
{
	return channel(p, to) != NULL;
}

/* Some happen as fast as a peer can send. They are counted where they happen; told of all, the
 * parent would fall behind until its channel breaks, and its history would hold nothing else. */
static bool event_is_one_too_many(struct proc *p, const struct ls_event *event)
{
	unsigned bucket = ((unsigned)event->cause * 31u + event->tunnel) % EVENT_BUCKETS;
	ls_time now = clock_now();

	if (now >= p->events[bucket].until) {
		p->events[bucket].until = ls_time_add(now, LS_S(1));
		p->events[bucket].told = 0;
	}
	return ++p->events[bucket].told > EVENTS_A_SECOND;
}

void proc_event(struct proc *p, const struct ls_event *event)
{
	struct msg_event m = {.role = (uint8_t)p->role.role, .event = *event};

	if (event_is_one_too_many(p, event))
		return;
	if (!proc_send_event(p, MSG_ROLE_PARENT, &m))
		log_event(event, NULL, clock_now());
}

void proc_tell(struct proc *p, uint32_t tunnel, enum ls_cause cause, const struct ls_addr *peer,
               const char *format, ...)
{
	struct ls_event e = {.cause = cause, .tunnel = tunnel};
	va_list args;

	if (peer)
		e.peer = *peer;
	va_start(args, format);
	vsnprintf(e.text, sizeof e.text, format, args);
	va_end(args);
	proc_event(p, &e);
}

#define MSG(number, NAME, name, from, to, fields)                                             \
	bool proc_send_##name(struct proc *p, enum msg_role role, const struct msg_##name *m) \
	{                                                                                     \
		return ipc_send_##name(channel(p, role), m, -1);                              \
	}
#include "src/base/msg.def"
#undef MSG
