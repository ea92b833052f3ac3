/* The parent's dealings with the other processes: their start, what they need to know, their
 * messages, their end. */
#include "src/parent/parent.h"

#include "src/parent/control_server.h"
#include "src/parent/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const enum msg_role roles[PARENT_CHILDREN] = {MSG_ROLE_KEYS, MSG_ROLE_IKE, MSG_ROLE_GATEWAY};

struct child *parent_child(struct parent *p, enum msg_role role)
{
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		if (p->child[i].role == role)
			return &p->child[i];
	return NULL;
}

/* -- what they say -- */

static void ready_check(struct parent *p)
{
	struct ls_event e = {.cause = CAUSE_DAEMON_READY};
	bool background = p->waiter_fd >= 0;
	unsigned tunnels = 0;

	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		if (!p->child[i].ready)
			return;
	if (p->ready || !p->secrets_told)
		return;
	p->ready = true;
	for (const struct tunnel *t = p->tunnels; t; t = t->next)
		tunnels++;
	evtimer_del(p->ready_timer);
	snprintf(e.text, sizeof e.text, "%u tunnel%s", tunnels, tunnels == 1 ? "" : "s");
	parent_event(p, MSG_ROLE_PARENT, &e);
	parent_waiter_release(p, EXIT_SUCCESS);
	/* The first went to whoever called, this one goes to syslog. */
	if (background)
		log_event(&e, "", clock_now());
	notify_service("READY=1");
}

static void on_ready(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct parent *p = owner;
	struct child *c = parent_child(p, from);

	(void)m;
	(void)fd;
	c->ready = true;
	if (p->ready)
		parent_tell(p, 0, CAUSE_PROC_BACK, NULL, "%s", msg_role_name(from));
	if (from == MSG_ROLE_IKE)
		control_ike_ready(p);
	ready_check(p);
}

static void on_bye(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct parent *p = owner;

	(void)m;
	(void)fd;
	parent_child(p, from)->said_bye = true;
	if (p->ending)
		parent_shutdown_step(p);
}

static void on_secrets_read(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct parent *p = owner;

	(void)from;
	(void)fd;
	p->secrets_told = true;
	control_secrets_read(p, m->secrets_read.ok, m->secrets_read.error);
	if (m->secrets_read.ok) {
		ready_check(p);
		return;
	}
	if (!p->ready) {
		parent_fail(p, m->secrets_read.error);
		return;
	}
	parent_tell(p, 0, CAUSE_SECRETS_REFUSED, NULL, "%s", m->secrets_read.error);
}

static void on_key_file_read(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)from;
	(void)fd;
	parent_key_read(owner, &m->key_file_read);
}

static void on_event(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)fd;
	parent_event(owner, from, &m->event.event);
}

static void on_line_state(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)from;
	(void)fd;
	parent_line_state(owner, &m->line_state);
}

static void on_iface_up(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)from;
	(void)fd;
	parent_iface_up(owner, &m->iface_up);
}

static void on_iface_down(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct tunnel *t = parent_tunnel(owner, m->iface_down.tunnel);

	(void)from;
	(void)fd;
	if (t)
		parent_iface_down(owner, t);
}

static void on_answer(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)fd;
	control_answer(owner, from, m);
}

static const struct ipc_handler handlers[] = {
	{MSG_TYPE_READY, on_ready},
	{MSG_TYPE_BYE, on_bye},
	{MSG_TYPE_SECRETS_READ, on_secrets_read},
	{MSG_TYPE_KEY_FILE_READ, on_key_file_read},
	{MSG_TYPE_EVENT, on_event},
	{MSG_TYPE_PROGRESS, on_answer},
	{MSG_TYPE_TRACE, on_answer},
	{MSG_TYPE_LINE_STATE, on_line_state},
	{MSG_TYPE_IFACE_UP, on_iface_up},
	{MSG_TYPE_IFACE_DOWN, on_iface_down},
	{MSG_TYPE_STATUS_IKE_SA, on_answer},
	{MSG_TYPE_STATUS_ESP_SA, on_answer},
	{MSG_TYPE_STATUS_LINE, on_answer},
	{MSG_TYPE_STATUS_COUNTER, on_answer},
	{MSG_TYPE_STATUS_END, on_answer},
	{MSG_TYPE_DEBUG_KEYS, on_answer},
};

/* -- what they are told -- */

static void conf_send(struct parent *p, struct child *c)
{
	struct msg_gateway_set m = {.conf = LS_BYTES(p->gateway_encoded, p->gateway_encoded_len)};

	ipc_send_gateway_set(c->ipc, &m, -1);
}

static bool redirect_send(struct child *c, uint32_t tunnel, const char *gateway)
{
	struct msg_redirect_set m = {.tunnel = tunnel};

	snprintf(m.gateway, sizeof m.gateway, "%s", gateway);
	return ipc_send_redirect_set(c->ipc, &m, -1);
}

bool parent_redirect_send(struct parent *p, const struct tunnel *t)
{
	return redirect_send(parent_child(p, MSG_ROLE_IKE), t ? t->id : 0,
	                     t ? t->redirect : p->redirect);
}

static void tunnel_send(struct child *c, const struct tunnel *t)
{
	struct msg_tunnel_set set = {.tunnel = t->id, .conf = LS_BYTES(t->encoded, t->encoded_len)};

	ipc_send_tunnel_set(c->ipc, &set, -1);
	if (c->role == MSG_ROLE_IKE && t->redirect[0])
		redirect_send(c, t->id, t->redirect);
}

static void tun_send(struct child *c, const struct tunnel *t)
{
	struct msg_tun tun = {
		.tunnel = t->id, .ifindex = t->tun.ifindex, .offloads = (uint8_t)t->tun.offloads};

	snprintf(tun.ifname, sizeof tun.ifname, "%s", t->tun.ifname);
	for (unsigned i = 0; i < t->tun.queues; i++) {
		tun.queue = (uint8_t)i;
		ipc_send_tun(c->ipc, &tun, tun_queue(&t->tun, i));
	}
}

void parent_tunnel_send_all(struct parent *p, struct tunnel *t, bool is_new)
{
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		tunnel_send(&p->child[i], t);
		if (is_new && p->child[i].role == MSG_ROLE_GATEWAY)
			tun_send(&p->child[i], t);
	}
}

static bool socket_is_for(const struct listen_socket *s, enum msg_role role)
{
	bool ike = s->kind == MSG_SOCKET_IKE500 || s->kind == MSG_SOCKET_IKE4500;

	return role == (ike ? MSG_ROLE_IKE : MSG_ROLE_GATEWAY);
}

static void sockets_send(struct parent *p, struct child *c)
{
	for (size_t i = 0; i < p->listen.count; i++) {
		const struct listen_socket *s = &p->listen.socket[i];
		struct msg_socket m = {
			.kind = s->kind, .family = s->family, .port = s->port, .worker = s->worker};

		if (socket_is_for(s, c->role))
			ipc_send_socket(c->ipc, &m, s->fd);
	}
}

bool parent_secrets_send(struct parent *p, char *error, size_t cap)
{
	struct msg_secrets m = {.path = ""};
	int fd;

	snprintf(m.path, sizeof m.path, "%s", p->conf.gateway.secrets);
	fd = conf_secrets_open("secrets file", p->conf.gateway.secrets, error, cap);
	if (fd < 0) {
		if (!p->ready)
			parent_fail(p, error);
		else
			parent_tell(p, 0, CAUSE_SECRETS_REFUSED, NULL, "%s", error);
		return false;
	}
	ipc_send_secrets(parent_child(p, MSG_ROLE_KEYS)->ipc, &m, fd);
	close(fd);
	return true;
}

static void config_send(struct parent *p, struct child *c)
{
	char error[PARENT_ERROR_MAX];

	conf_send(p, c);
	sockets_send(p, c);
	if (c->role == MSG_ROLE_KEYS) {
		parent_secrets_send(p, error, sizeof error);
		parent_token_send(p);
	}
	parent_pki_send(p, c);
	if (c->role == MSG_ROLE_IKE && p->redirect[0])
		redirect_send(c, 0, p->redirect);
	for (struct tunnel *t = p->tunnels; t; t = t->next) {
		tunnel_send(c, t);
		if (c->role == MSG_ROLE_GATEWAY)
			tun_send(c, t);
	}
}

static void channel_make(struct child *a, struct child *b)
{
	struct msg_peer_channel to_a = {.role = (uint8_t)b->role},
				to_b = {.role = (uint8_t)a->role};
	int pair[2];

	if (!a->ipc || !b->ipc || !ipc_pair(pair))
		return;
	ipc_send_peer_channel(a->ipc, &to_a, pair[0]);
	ipc_send_peer_channel(b->ipc, &to_b, pair[1]);
	close(pair[0]);
	close(pair[1]);
}

/* -- start and end -- */

static void ipc_ended(void *owner, struct ipc *ipc, enum ipc_end why, const char *detail)
{
	struct parent *p = owner;
	struct child *c = parent_child(p, ipc_peer(ipc));

	if (why == IPC_END_BAD)
		parent_tell(p, 0, CAUSE_PROC_UNTRUSTED, NULL, "%s", detail);
	else if (why == IPC_END_OVERFLOW)
		parent_tell(p, 0, CAUSE_PROC_UNTRUSTED, NULL, "%s does not read its messages",
		            msg_role_name(c->role));
	/* Whatever it was, it cannot be spoken with any more; the rest happens when it is reaped.
	 */
	ipc_free(c->ipc);
	c->ipc = NULL;
	child_kill(c);
}

static bool start_one(struct parent *p, struct child *c)
{
	static const struct ipc_calls calls = {.handlers = handlers,
	                                       .handler_count =
	                                               sizeof handlers / sizeof handlers[0],
	                                       .ended = ipc_ended};

	return child_start(c, p->base, p->run_dir.empty, p->child_log.write_fd, &calls, p);
}

static void again(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;
	struct msg_config_end first = {.first = true};

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		struct child *c = &p->child[i];

		if (c->pid != 0 || evtimer_pending(c->again, NULL) || p->ending)
			continue;
		if (!start_one(p, c)) {
			parent_tell(p, 0, CAUSE_PROC_DIED, NULL, "%s cannot be started: %s",
			            msg_role_name(c->role), strerror(errno));
			continue;
		}
		c->restarts++;
		config_send(p, c);
		for (unsigned other = 0; other < PARENT_CHILDREN; other++)
			if (other != i)
				channel_make(c, &p->child[other]);
		ipc_send_config_end(c->ipc, &first, -1);
	}
}

bool parent_children_start(struct parent *p)
{
	struct msg_config_end first = {.first = true};

	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		p->child[i].role = roles[i];
		p->child[i].again = evtimer_new(p->base, again, p);
		if (!p->child[i].again || !start_one(p, &p->child[i])) {
			log_line(LOG_LEVEL_ERROR, "cannot start the process %s: %s",
			         msg_role_name(roles[i]), strerror(errno));
			return false;
		}
	}
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		config_send(p, &p->child[i]);
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		for (unsigned other = i + 1; other < PARENT_CHILDREN; other++)
			channel_make(&p->child[i], &p->child[other]);
	PARENT_SEND_ALL(p, config_end, &first);
	return true;
}

/* The gateway is gone and with it all lines: what was set on the interfaces does not hold any more.
 */
static void lines_lost(struct parent *p)
{
	for (struct tunnel *t = p->tunnels; t; t = t->next) {
		struct msg_line_state m = {
			.tunnel = t->id, .state = MSG_LINE_DOWN, .cause = CAUSE_PROC_DIED};

		if (t->iface.up)
			parent_iface_down(p, t);
		if (t->line.state == MSG_LINE_UP || t->line.state == MSG_LINE_CONNECTING)
			parent_line_state(p, &m);
	}
}

static void ended(struct parent *p, struct child *c, int wait_status)
{
	struct msg_peer_lost lost = {.role = (uint8_t)c->role};
	char text[128];
	uint32_t wait_ms;

	child_end_text(wait_status, text, sizeof text);
	wait_ms = child_ended(c, clock_now());
	if (p->ending) {
		parent_shutdown_step(p);
		return;
	}
	if (!p->ready) {
		snprintf(text + strlen(text), sizeof text - strlen(text), ": see the lines above");
		log_line(LOG_LEVEL_ERROR, "the process %s %s", msg_role_name(c->role), text);
		parent_fail(p, NULL);
		return;
	}
	parent_tell(p, 0, CAUSE_PROC_DIED, NULL, "%s %s", msg_role_name(c->role), text);
	PARENT_SEND_ALL(p, peer_lost, &lost);
	control_child_lost(p, c->role);
	if (c->role == MSG_ROLE_GATEWAY)
		lines_lost(p);
	clock_timer_set(c->again, clock_now() + LS_MS(wait_ms), clock_now());
}

void parent_children_reap(struct parent *p)
{
	/* Its last words before its end. */
	child_log_drain(&p->child_log, false);
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		int status;

		if (p->child[i].pid > 0 &&
		    waitpid(p->child[i].pid, &status, WNOHANG) == p->child[i].pid)
			ended(p, &p->child[i], status);
	}
}
