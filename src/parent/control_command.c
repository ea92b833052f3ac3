/* The commands of the admin socket: what is known is said at once, the rest is asked of the
 * processes and said as it comes. */
#include "ike/ike.h"
#include "src/parent/control_client.h"

#include <stdio.h>
#include <string.h>

#ifndef L2TPSEC_VERSION
#define L2TPSEC_VERSION "0.1"
#endif

static struct parent *parent_of(const struct control_client *c)
{
	return c->control->parent;
}

/* The tunnel that is named, or NULL after an end that says so. */
static struct tunnel *named_tunnel(struct control_client *c)
{
	struct tunnel *t = parent_tunnel_by_name(parent_of(c), c->request.tunnel);

	if (!t && c->request.tunnel[0])
		control_end(c, 2, "there is no tunnel '%s'", c->request.tunnel);
	else if (!t)
		control_end(c, 2, "name a tunnel");
	return t;
}

bool control_tunnel_choose(struct control_client *c)
{
	const struct tunnel *t = c->request.tunnel[0] ? named_tunnel(c) : NULL;

	if (t)
		c->tunnel = t->id;
	return t || !c->request.tunnel[0];
}

/* -- collecting from the processes -- */

static void collect_done(struct control_client *c);

/* Asks the processes of the set; the rest happens as they answer. */
static void collect(struct control_client *c, unsigned roles)
{
	struct parent *p = parent_of(c);

	c->id = ++c->control->last_id;
	c->waiting = 0;
	c->tunnels = json_object();
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		struct msg_status_ask status = {.id = c->id, .tunnel = c->tunnel};
		struct msg_debug_keys_ask keys = {.id = c->id, .tunnel = c->tunnel};
		struct child *child = &p->child[i];
		bool sent;

		if (!(child->role & roles))
			continue;
		if (c->request.command == CONTROL_KEYS)
			sent = child->ready && ipc_send_debug_keys_ask(child->ipc, &keys, -1);
		else
			sent = child->ready && ipc_send_status_ask(child->ipc, &status, -1);
		if (sent)
			c->waiting |= child->role;
		else
			c->missing |= child->role;
	}
	control_timer(c, LS_MS(CONTROL_COLLECT_MS));
	if (c->waiting == 0)
		collect_done(c);
}

static const char *missing_text(const struct control_client *c)
{
	return c->missing ? "incomplete: a process of the daemon did not answer" : "";
}

static void say_status(struct control_client *c)
{
	struct parent *p = parent_of(c);
	bool full = c->tunnel != 0 || (c->request.flags & CONTROL_FLAG_FULL);

	control_say(c, control_json_daemon(p, c->missing));
	for (const struct tunnel *t = p->tunnels; t; t = t->next) {
		char key[16];

		if (c->tunnel != 0 && t->id != c->tunnel)
			continue;
		snprintf(key, sizeof key, "%u", t->id);
		control_say(c, control_json_tunnel(p, t, full, json_object_get(c->tunnels, key)));
	}
}

static void collect_done(struct control_client *c)
{
	control_timer(c, LS_NEVER);
	if (c->request.command == CONTROL_STATUS)
		say_status(c);
	control_end(c, c->missing ? 1 : 0, "%s", missing_text(c));
}

/* One of the processes has answered its part, or never will. */
static void collected(struct control_client *c, enum msg_role role, bool lost)
{
	if (!(c->waiting & role))
		return;
	c->waiting &= ~(unsigned)role;
	if (lost)
		c->missing |= role;
	if (c->waiting == 0)
		collect_done(c);
}

static struct control_client *client_by_id(struct parent *p, uint64_t id)
{
	for (struct control_client *c = p->control ? p->control->clients : NULL; c; c = c->next)
		if (c->id != 0 && c->id == id)
			return c;
	return NULL;
}

/* The id of an answer; 0 for messages without one. */
static uint64_t answer_id(const struct msg *m)
{
	switch (m->type) {
	case MSG_TYPE_STATUS_LINE:
		return m->status_line.id;
	case MSG_TYPE_STATUS_IKE_SA:
		return m->status_ike_sa.id;
	case MSG_TYPE_STATUS_ESP_SA:
		return m->status_esp_sa.id;
	case MSG_TYPE_STATUS_COUNTER:
		return m->status_counter.id;
	case MSG_TYPE_STATUS_END:
		return m->status_end.id;
	case MSG_TYPE_DEBUG_KEYS:
		return m->debug_keys.id;
	default:
		return 0;
	}
}

static void progress(struct parent *p, const struct msg_progress *m)
{
	ls_time now = clock_now();
	char said[sizeof m->text];

	memcpy(said, m->text, sizeof said);
	control_json_printable(said);
	for (struct control_client *c = p->control ? p->control->clients : NULL; c; c = c->next) {
		if (c->request.command != CONTROL_UP || c->tunnel != m->tunnel || c->ending)
			continue;
		control_say(c, json_pack("{s:s, s:s, s:I, s:s}", "type", "progress", "tunnel",
		                         c->request.tunnel, "ms",
		                         (json_int_t)((now - c->step_at) / 1000), "text", said));
		c->step_at = now;
	}
}

void control_answer(struct parent *p, enum msg_role from, const struct msg *m)
{
	struct control_client *c;

	if (m->type == MSG_TYPE_PROGRESS) {
		progress(p, &m->progress);
		return;
	}
	if (m->type == MSG_TYPE_TRACE) {
		control_trace(p, &m->trace);
		return;
	}
	c = client_by_id(p, answer_id(m));
	if (!c)
		return;
	if (m->type == MSG_TYPE_STATUS_END)
		collected(c, from, false);
	else if (m->type == MSG_TYPE_STATUS_COUNTER && c->request.command == CONTROL_COUNTERS)
		control_say(c, control_json_counter(from, m->status_counter.cause,
		                                    m->status_counter.count));
	else if (m->type == MSG_TYPE_DEBUG_KEYS && c->request.command == CONTROL_KEYS)
		control_say(c, json_pack("{s:s, s:s, s:s}", "type", "key", "kind",
		                         m->debug_keys.kind == MSG_DEBUG_ESP ? "esp" : "ike",
		                         "line", m->debug_keys.line));
	else
		control_json_collect(c->tunnels, m);
}

void control_child_lost(struct parent *p, enum msg_role role)
{
	for (struct control_client *c = p->control ? p->control->clients : NULL; c; c = c->next)
		if (c->id != 0)
			collected(c, role, true);
}

/* -- up and down -- */

static void up(struct control_client *c)
{
	struct tunnel *t = named_tunnel(c);
	struct msg_line_up m;

	if (!t)
		return;
	c->tunnel = t->id;
	if (t->line.state == MSG_LINE_UP) {
		control_end(c, 0, "%s is up", t->name);
		return;
	}
	m.tunnel = t->id;
	c->step_at = clock_now();
	if (!ipc_send_line_up(parent_child(parent_of(c), MSG_ROLE_GATEWAY)->ipc, &m, -1))
		control_end(c, 1, "the gateway process is being restarted: try again in a moment");
	else if (c->request.flags & CONTROL_FLAG_NO_WAIT)
		control_end(c, 0, "%s is being brought up", t->name);
	else
		control_timer(c, LS_S(CONTROL_UP_S));
}

static void down(struct control_client *c)
{
	struct tunnel *t = named_tunnel(c);
	struct msg_line_down m = {.cause = CAUSE_ADMIN};

	if (!t)
		return;
	c->tunnel = t->id;
	m.tunnel = t->id;
	if (!ipc_send_line_down(parent_child(parent_of(c), MSG_ROLE_GATEWAY)->ipc, &m, -1))
		control_end(c, 1, "the gateway process is being restarted: try again in a moment");
	else if (c->request.flags & CONTROL_FLAG_NO_WAIT)
		control_end(c, 0, "%s is being taken down", t->name);
	else if (t->line.state != MSG_LINE_UP && t->line.state != MSG_LINE_CONNECTING)
		control_end(c, 0, "%s is down", t->name);
	else
		control_timer(c, LS_S(CONTROL_DOWN_S));
}

static void up_step(struct control_client *c, const struct tunnel *t,
                    const struct msg_line_state *m)
{
	const struct ls_cause_info *info = ls_cause_info(m->cause);

	if (m->state == MSG_LINE_UP && m->cause != CAUSE_NONE)
		control_end(c, 0, "%s is up, but: %s%s%s; %s", t->name, info->sentence,
		            m->text[0] ? ": " : "", m->text, info->hint);
	else if (m->state == MSG_LINE_UP)
		control_end(c, 0, "%s is up", t->name);
	else if (m->state != MSG_LINE_CONNECTING && m->cause != CAUSE_NONE)
		control_end(c, 1, "%s did not come up: %s%s%s%s%s", t->name, info->sentence,
		            m->text[0] ? ": " : "", m->text, info->hint[0] ? "; " : "", info->hint);
}

void control_line_state(struct parent *p, const struct tunnel *t, const struct msg_line_state *m)
{
	for (struct control_client *c = p->control ? p->control->clients : NULL; c; c = c->next) {
		if (c->ending || c->tunnel != t->id)
			continue;
		if (c->request.command == CONTROL_UP)
			up_step(c, t, m);
		else if (c->request.command == CONTROL_DOWN && m->state != MSG_LINE_UP &&
		         m->state != MSG_LINE_CONNECTING)
			control_end(c, 0, "%s is down", t->name);
	}
}

/* -- events -- */

static void events(struct control_client *c)
{
	const struct history_entry *e;
	ls_time now = clock_now();
	uint64_t at = 0;

	if (!control_tunnel_choose(c))
		return;
	while ((e = history_next(&parent_of(c)->history, c->tunnel, &at)))
		control_say(c, control_json_event(e, now));
	if (!(c->request.flags & CONTROL_FLAG_FOLLOW))
		control_end(c, 0, "%s", "");
}

void control_event(struct parent *p, const struct history_entry *e)
{
	ls_time now = clock_now();

	for (struct control_client *c = p->control ? p->control->clients : NULL; c; c = c->next)
		if (c->admitted && !c->ending && c->request.command == CONTROL_EVENTS &&
		    (c->tunnel == 0 || c->tunnel == e->event.tunnel))
			control_say(c, control_json_event(e, now));
}

/* -- the rest -- */

static void why(struct control_client *c)
{
	struct tunnel *t = named_tunnel(c);

	if (!t)
		return;
	control_say(c, control_json_why(parent_of(c), t));
	control_end(c, 0, "%s", "");
}

static void say_message(void *context, const char *line)
{
	control_say(context, json_pack("{s:s, s:s}", "type", "message", "text", line));
}

static void reload(struct control_client *c)
{
	switch (parent_reload(parent_of(c), say_message, c)) {
	case PARENT_RELOAD_REFUSED:
		control_end(c, 1, "the new configuration was refused; the old one goes on");
		return;
	case PARENT_RELOAD_PARTLY:
		control_end(c, 1, "the new configuration is in force but for what is said above");
		return;
	case PARENT_RELOAD_DONE:
		/* keys has not read the secrets yet: control_secrets_read(), or nobody. */
		control_timer(c, LS_MS(CONTROL_COLLECT_MS));
		return;
	}
}

void control_secrets_read(struct parent *p, bool ok, const char *error)
{
	for (struct control_client *c = p->control ? p->control->clients : NULL; c; c = c->next) {
		if (c->request.command != CONTROL_RELOAD || c->ending)
			continue;
		if (ok) {
			control_end(c, 0, "the configuration was read anew");
		} else {
			say_message(c, error);
			control_end(c, 1,
			            "the new configuration is in force, but the secrets file "
			            "was refused; the old secrets go on");
		}
	}
}

static void say_setting(void *context, const char *key, const char *value, const char *origin)
{
	control_say(context, json_pack("{s:s, s:s, s:s, s:s}", "type", "setting", "key", key,
	                               "value", value, "origin", origin));
}

static void config(struct control_client *c)
{
	conf_effective(&parent_of(c)->conf, say_setting, c);
	control_end(c, 0, "%s", "");
}

static void counters(struct control_client *c)
{
	struct parent *p = parent_of(c);

	for (unsigned i = 0; i < LS_CAUSE_LIMIT; i++)
		if (p->counters.by_cause[i] > 0)
			control_say(c, control_json_counter(MSG_ROLE_PARENT, i,
			                                    p->counters.by_cause[i]));
	collect(c, MSG_ROLE_KEYS | MSG_ROLE_IKE | MSG_ROLE_GATEWAY);
}

static void status(struct control_client *c)
{
	if (!control_tunnel_choose(c))
		return;
	collect(c, MSG_ROLE_IKE | MSG_ROLE_GATEWAY);
}

static void keys(struct control_client *c)
{
	if (!control_tunnel_choose(c))
		return;
	parent_tell(parent_of(c), c->tunnel, CAUSE_KEYS_SHOWN, NULL,
	            "to user number %u, process %ld", (unsigned)c->uid, (long)c->pid);
	collect(c, MSG_ROLE_IKE | MSG_ROLE_GATEWAY);
}

static void redirect(struct control_client *c)
{
	const char *to = c->request.gateway;
	struct parent *p = parent_of(c);
	struct ike_gateway gateway;
	struct tunnel *t = NULL;
	char *order = p->redirect;

	if (to[0] && !ike_gateway_parse(to, &gateway)) {
		control_end(c, 2, "'%s' is neither an address nor a name", to);
		return;
	}
	if (c->request.tunnel[0]) {
		t = named_tunnel(c);
		if (!t)
			return;
		order = t->redirect;
	}
	_Static_assert(sizeof p->redirect == sizeof c->request.gateway &&
	                       sizeof t->redirect == sizeof c->request.gateway,
	               "they fit");
	memcpy(order, to, sizeof c->request.gateway);
	if (!parent_redirect_send(p, t))
		control_end(c, 0, "the ike process is being restarted, and hears of it then");
	else if (to[0])
		control_end(c, 0, "callers%s%s are sent to %s: 'l2tpsecctl events' tells of each",
		            t ? " of " : "", t ? t->name : "", to);
	else
		control_end(c, 0, "callers%s%s are not sent elsewhere", t ? " of " : "",
		            t ? t->name : "");
}

void control_command(struct control_client *c)
{
	switch ((enum control_command)c->request.command) {
	case CONTROL_STATUS:
		status(c);
		return;
	case CONTROL_UP:
		up(c);
		return;
	case CONTROL_DOWN:
		down(c);
		return;
	case CONTROL_WHY:
		why(c);
		return;
	case CONTROL_RELOAD:
		reload(c);
		return;
	case CONTROL_COUNTERS:
		counters(c);
		return;
	case CONTROL_EVENTS:
		events(c);
		return;
	case CONTROL_VERSION_SHOW:
		control_say(c, json_pack("{s:s, s:s, s:i}", "type", "version", "version",
		                         L2TPSEC_VERSION, "protocol", CONTROL_VERSION));
		control_end(c, 0, "%s", "");
		return;
	case CONTROL_CONFIG:
		config(c);
		return;
	case CONTROL_KEYS:
		keys(c);
		return;
	case CONTROL_REDIRECT:
		redirect(c);
		return;
	case CONTROL_TRACE:
		control_trace_command(c);
		return;
	}
	control_end(c, 2, "the command is unknown");
}

void control_command_timeout(struct control_client *c)
{
	const struct tunnel *t = parent_tunnel(parent_of(c), c->tunnel);

	if (c->id != 0) {
		c->missing |= c->waiting;
		c->waiting = 0;
		collect_done(c);
	} else if (c->request.command == CONTROL_RELOAD) {
		control_end(c, 1,
		            "the new configuration is in force, but the keys process has not "
		            "answered: the secrets may be the old ones");
	} else if (c->request.command == CONTROL_UP) {
		control_end(c, 1,
		            "%s is not up after %d s; it goes on trying: see 'l2tpsecctl why %s'",
		            c->request.tunnel, CONTROL_UP_S, c->request.tunnel);
	} else if (c->request.command == CONTROL_DOWN) {
		control_end(c, 1, "%s is still %s after %d s", c->request.tunnel,
		            t ? msg_line_name(t->line.state) : "there", CONTROL_DOWN_S);
	}
}
