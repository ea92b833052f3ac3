/* The admin socket: connections, rights, queues; what is asked is carried out in control_command.c.
 */
#include "src/parent/control_server.h"

#include "src/parent/control_client.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	BACKLOG = 16,
	REQUEST_MS = 5000,
	GROUPS_MAX = 1024, /* whoever is in more is in none of them */
	SENTENCE_MAX = 512,
	REFUSALS_A_SECOND = 20
};

static void client_free(struct control_client *c)
{
	struct control_item *i;

	for (struct control_client **at = &c->control->clients; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			c->control->count--;
			break;
		}
	while ((i = c->first)) {
		c->first = i->next;
		free(i);
	}
	if (c->read)
		event_free(c->read);
	if (c->write)
		event_free(c->write);
	if (c->timer)
		event_free(c->timer);
	json_decref(c->tunnels);
	close(c->fd);
	control_trace_update(c->control);
	free(c);
}

/* -- sending: everything goes through the queue, so that a client is only ever freed from the loop
 * -- */

static void writable(evutil_socket_t fd, short what, void *arg)
{
	struct control_client *c = arg;
	struct control_item *i;

	(void)what;
	while ((i = c->first)) {
		if (send(fd, i->text, i->len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			if (errno != EAGAIN && errno != EINTR)
				client_free(c);
			return;
		}
		c->first = i->next;
		if (!c->first)
			c->last = &c->first;
		c->queued_bytes -= i->len;
		free(i);
	}
	event_del(c->write);
	if (c->ending)
		client_free(c);
}

static void queue_text(struct control_client *c, const char *text)
{
	size_t len = strlen(text);
	struct control_item *i;

	if (c->queued_bytes + len > CONTROL_QUEUE_MAX_BYTES || len > CONTROL_ANSWER_MAX) {
		/* It does not read, or this is no answer of ours: what is queued is sent, then it
		 * is closed. */
		c->ending = true;
		return;
	}
	i = malloc(sizeof *i + len);
	if (!i)
		return;
	i->next = NULL;
	i->len = len;
	memcpy(i->text, text, len);
	*c->last = i;
	c->last = &i->next;
	c->queued_bytes += len;
	event_add(c->write, NULL);
}

void control_say(struct control_client *c, json_t *object)
{
	char *text =
		object && !c->ending ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(object);
	if (text)
		queue_text(c, text);
	free(text);
}

void control_end(struct control_client *c, int status, const char *format, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	control_say(c, json_pack("{s:s, s:i, s:s}", "type", "end", "exit", status, "message",
	                         control_json_printable(text)));
	c->ending = true;
	c->id = 0;
	event_add(c->write, NULL);
}

void control_timer(struct control_client *c, ls_time wait)
{
	ls_time now = clock_now();

	clock_timer_set(c->timer, ls_time_add(now, wait), now);
}

/* -- rights -- */

void control_group_find(struct parent *p)
{
	const char *name = p->conf.gateway.control_group;
	const struct group *g = name[0] ? getgrnam(name) : NULL;

	if (!p->control)
		return;
	p->control->has_group = g != NULL;
	p->control->group = g ? g->gr_gid : 0;
}

/* Whether the process at the other end had the group when it connected; no look-up, which might
 * wait for a server of names. */
static bool in_group(const struct control_client *c)
{
	gid_t groups[GROUPS_MAX], wanted = c->control->group;
	socklen_t size = sizeof groups;

	if (!c->control->has_group)
		return false;
	if (c->gid == wanted)
		return true;
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof groups[0]; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

/* Whoever asks on and on must not push all else out of the history. */
static bool refusal_is_one_too_many(struct control *k)
{
	return ls_second_add(&k->refusals, 1, clock_now()) > REFUSALS_A_SECOND;
}

static bool allowed(struct control_client *c)
{
	struct parent *p = c->control->parent;

	if (c->uid == 0 || c->uid == geteuid())
		return true;
	if (control_command_reads(c->request.command) && in_group(c))
		return true;
	if (refusal_is_one_too_many(c->control)) {
		ls_count(&p->counters, CAUSE_CONTROL_REFUSED);
		return false;
	}
	parent_tell(p, 0, CAUSE_CONTROL_REFUSED, NULL, "user number %u asked for '%s'",
	            (unsigned)c->uid, control_command_name(c->request.command));
	return false;
}

/* -- receiving -- */

static void request_take(struct control_client *c, const uint8_t *bytes, size_t len)
{
	uint8_t version = 0;

	c->asked = true;
	control_timer(c, LS_NEVER);
	if (!control_request_decode(bytes, len, &c->request, &version)) {
		if (version != CONTROL_VERSION)
			control_end(c, 2,
			            "l2tpsecctl and the running l2tpsecd are of different versions "
			            "(%u and %u): restart the daemon",
			            version, CONTROL_VERSION);
		else
			control_end(c, 2, "the request is malformed");
		return;
	}
	if (!allowed(c)) {
		control_end(c, 2, "only root may do this (members of the control group may look)");
		return;
	}
	c->admitted = true;
	control_command(c);
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct control_client *c = arg;
	uint8_t bytes[CONTROL_REQUEST_MAX + 1];
	ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->asked) {
		client_free(c);
		return;
	}
	request_take(c, bytes, (size_t)n);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct control_client *c = arg;

	(void)fd;
	(void)what;
	if (!c->asked)
		client_free(c);
	else if (!c->ending)
		control_command_timeout(c);
}

static bool room_for(const struct control *k, uid_t uid)
{
	unsigned same = 0, others = 0;

	for (const struct control_client *c = k->clients; c; c = c->next) {
		same += c->uid == uid;
		others += c->uid != 0;
	}
	return k->count < CONTROL_CLIENTS_MAX &&
	       (uid == 0 || (same < CONTROL_USER_MAX && others < CONTROL_OTHERS_MAX));
}

static void client_new(struct control *k, int fd)
{
	struct control_client *c = calloc(1, sizeof *c);
	struct ucred who;
	socklen_t len = sizeof who;

	if (!c || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 ||
	    !room_for(k, who.uid)) {
		free(c);
		close(fd);
		return;
	}
	c->control = k;
	c->fd = fd;
	c->uid = who.uid;
	c->gid = who.gid;
	c->pid = who.pid;
	c->last = &c->first;
	c->next = k->clients;
	k->clients = c;
	k->count++;
	c->read = event_new(k->parent->base, fd, EV_READ | EV_PERSIST, readable, c);
	c->write = event_new(k->parent->base, fd, EV_WRITE | EV_PERSIST, writable, c);
	c->timer = evtimer_new(k->parent->base, timer_fired, c);
	if (!c->read || !c->write || !c->timer || event_add(c->read, NULL) < 0) {
		client_free(c);
		return;
	}
	control_timer(c, LS_MS(REQUEST_MS));
}

static void acceptable(evutil_socket_t fd, short what, void *arg)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (client >= 0)
		client_new(arg, client);
}

/* -- open and close -- */

bool control_open(struct parent *p, const char *path, char *error, size_t cap)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct control *k = calloc(1, sizeof *k);

	if (!k) {
		snprintf(error, cap, "no memory");
		return false;
	}
	p->control = k;
	k->parent = p;
	control_group_find(p);
	snprintf(k->path, sizeof k->path, "%s", path);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	k->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Anyone may connect: who may ask for what is decided by who it is, with a sentence. */
	if (k->fd < 0 || bind(k->fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    chmod(path, 0666) < 0 || listen(k->fd, BACKLOG) < 0) {
		snprintf(error, cap, "cannot open the control socket %s: %s", path,
		         strerror(errno));
		return false;
	}
	k->accept = event_new(p->base, k->fd, EV_READ | EV_PERSIST, acceptable, k);
	if (!k->accept || event_add(k->accept, NULL) < 0) {
		snprintf(error, cap, "no memory");
		return false;
	}
	return true;
}

void control_close(struct parent *p)
{
	struct control *k = p->control;

	if (!k)
		return;
	while (k->clients)
		client_free(k->clients);
	if (k->accept)
		event_free(k->accept);
	if (k->fd >= 0)
		close(k->fd);
	free(k);
	p->control = NULL;
}
