/* Traffic flow confidentiality (RFC 4303 2.6, 2.7): what payloads are padded to, and dummies when
 * nothing else is sent. */
#include "src/gateway/gw.h"

#include "lib/ip.h"

/* The largest payload that an administrator's MTU lets us send. */
static size_t mtu_room(const struct gw_tunnel *t)
{
	const struct gw_flow_session *f = &t->current->flow;
	size_t prefix = f->prefix_len[0] > f->prefix_len[1] ? f->prefix_len[0] : f->prefix_len[1];

	return t->conf.mtu + prefix + f->header_len + UDP_SIZE;
}

/* What is known to go through the path in one piece. Before it is measured, or the parent has
 * looked at the link: what IKE, too, takes for safe, or nothing would come through at all. */
static uint32_t path_of(const struct gw_tunnel *t)
{
	uint32_t safe = t->conf.ike.fragment_bytes;

	if (t->pmtu.in_force > 0 && t->pmtu.engine.measured)
		return t->pmtu.in_force;
	if (t->link_mtu == 0 || (gw_pmtu_wanted(t) && safe < t->link_mtu))
		return safe;
	return t->link_mtu;
}

static size_t room_of(const struct gw_tunnel *t, const struct esp_sa_view *v)
{
	size_t room = esp_packet_room(v->encr, v->integ, v->remote.family, v->udp, path_of(t));

	if (t->conf.mtu > 0 && t->current && mtu_room(t) < room)
		room = mtu_room(t);
	return room < GW_PLAIN_MAX ? room : GW_PLAIN_MAX;
}

void gw_tfc_pad(const struct gw_tunnel *t, struct esp_sa *out)
{
	struct esp_sa_view v;
	size_t room = 0;

	esp_sa_view(out, &v);
	if (t->conf.esp.tfc > 0 && v.protocol == ESP_PROTOCOL_ESP)
		room = room_of(t, &v);
	esp_sa_pad(out, (uint16_t)(t->conf.esp.tfc < room ? t->conf.esp.tfc : room));
}

/* Dummies look like the packets that went last; before there were any, they have any size. */
static size_t dummy_size(const struct gw_tunnel *t, const struct esp_sa_view *v)
{
	const struct gw_flow_session *f = &t->current->flow;
	struct ls_random *random = &t->gw->random;
	size_t room = room_of(t, v), size;
	uint32_t known = f->out_packets < GW_SIZES ? (uint32_t)f->out_packets : GW_SIZES;

	size = known ? f->sizes[ls_random_below(random, known)]
	             : 1 + ls_random_below(random, (uint32_t)room + 1);
	return size < room ? size : room;
}

/* Sends one if it is time; gives when it will be. */
static ls_time dummy_step(struct gw_tunnel *t, ls_time now)
{
	const struct gw_path *path = t->current ? t->current->flow.path : NULL;
	ls_time every = LS_MS(t->conf.esp.dummy_ms), last;
	struct esp_sa_view v;

	if (!path || !path->out)
		return now + every;
	esp_sa_view(path->out, &v);
	last = v.last_used > t->dummy_at ? v.last_used : t->dummy_at;
	if (v.protocol != ESP_PROTOCOL_ESP || last + every > now)
		return v.protocol != ESP_PROTOCOL_ESP ? now + every : last + every;
	t->dummy_at = now;
	gw_worker_dummy(&t->gw->worker, path, dummy_size(t, &v),
	                gw_mark_outer(&t->current->flow.mark, 0),
	                path->socket->family == 6 || t->current->flow.mark.df == GW_DF_SET, now);
	return now + every;
}

static bool wants_dummies(const struct gw_tunnel *t)
{
	return t->conf.esp.dummy_ms > 0 && t->line.state == GW_LINE_UP;
}

static void dummy_fired(evutil_socket_t fd, short what, void *arg)
{
	struct gw_tunnel *t = arg;
	ls_time now = clock_now();

	(void)fd;
	(void)what;
	gw_gate_close(&t->gw->gate);
	if (wants_dummies(t)) {
		clock_timer_set(t->dummy_timer, dummy_step(t, now), now);
		gw_pump(t->gw);
	}
	gw_gate_open(&t->gw->gate);
}

void gw_tfc_line(struct gw_tunnel *t)
{
	ls_time now = clock_now();

	if (!wants_dummies(t) || (t->dummy_timer && evtimer_pending(t->dummy_timer, NULL)))
		return;
	if (!t->dummy_timer)
		t->dummy_timer = evtimer_new(t->gw->base, dummy_fired, t);
	if (!t->dummy_timer)
		return;
	t->dummy_at = now;
	clock_timer_set(t->dummy_timer, now + LS_MS(t->conf.esp.dummy_ms), now);
}

void gw_tfc_path(struct gw_tunnel *t)
{
	for (struct gw_chain *c = t->chains; c; c = c->next)
		for (unsigned i = 0; i < c->pairs; i++)
			if (c->pair[i].out)
				gw_tfc_pad(t, c->pair[i].out);
}

void gw_tfc_changed(struct gw_tunnel *t)
{
	gw_tfc_path(t);
	if (t->dummy_timer)
		event_del(t->dummy_timer);
	gw_tfc_line(t);
}
