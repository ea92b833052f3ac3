/* l2tpsecctl trace: IKE messages in words, for those who look on. */
#include "src/parent/control_client.h"

static bool looks_on(const struct control_client *c)
{
	return c->admitted && !c->ending && c->request.command == CONTROL_TRACE;
}

void control_trace_update(struct control *k)
{
	const struct child *ike = parent_child(k->parent, MSG_ROLE_IKE);
	struct msg_trace_set m = {.on = false};

	for (const struct control_client *c = k->clients; c; c = c->next)
		m.on |= looks_on(c);
	if (m.on == k->tracing || !ike->ready)
		return;
	if (ipc_send_trace_set(ike->ipc, &m, -1))
		k->tracing = m.on;
}

void control_ike_ready(struct parent *p)
{
	if (!p->control)
		return;
	p->control->tracing = false;
	control_trace_update(p->control);
}

void control_trace_command(struct control_client *c)
{
	if (!control_tunnel_choose(c))
		return;
	control_trace_update(c->control);
	if (!c->control->tracing)
		control_end(c, 1, "the ike process is being restarted: try again in a moment");
}

/* Before a caller has said who it is, its messages are for all who look on. */
void control_trace(struct parent *p, const struct msg_trace *m)
{
	const struct tunnel *t = parent_tunnel(p, m->tunnel);

	for (struct control_client *c = p->control ? p->control->clients : NULL; c; c = c->next)
		if (looks_on(c) && (c->tunnel == 0 || m->tunnel == 0 || c->tunnel == m->tunnel))
			control_say(c, control_json_trace(t ? t->name : "", m));
}
