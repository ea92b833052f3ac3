/* The gateway's tunnels: their devices, the packets that wait for them, and what their lines do. */
#include "src/gateway/gw.h"
#include "lib/ip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEVICE_MTU = 1280 };

struct gw_tunnel *gw_tunnel_find(struct gw_gateway *gw, uint32_t id)
{
	struct gw_tunnel *t = gw->tunnel_bucket[id % GW_BUCKETS];

	while (t && t->id != id)
		t = t->next_bucket;
	return t;
}

static void line_timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct gw_tunnel *t = arg;

	(void)fd;
	(void)what;
	gw_gate_close(&t->gw->gate);
	gw_tunnel_step(t, GW_EV_TIMER, CAUSE_NONE, NULL);
	clock_timer_set(t->line_timer, gw_line_deadline(&t->line), clock_now());
	gw_pump(t->gw);
	gw_gate_open(&t->gw->gate);
}

static void keeper_timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct gw_tunnel *t = arg;

	(void)fd;
	(void)what;
	gw_gate_close(&t->gw->gate);
	gw_keeper_ask(t);
	gw_gate_open(&t->gw->gate);
}

static void queues_none(struct gw_tunnel *t)
{
	for (unsigned i = 0; i < GW_LANES_MAX; i++)
		t->device.queue[i] = -1;
}

struct gw_tunnel *gw_tunnel_make(struct gw_gateway *gw, uint32_t id)
{
	struct gw_tunnel *t = gw_tunnel_find(gw, id);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->id = id;
	t->gw = gw;
	queues_none(t);
	t->device.mtu = DEVICE_MTU;
	t->waiting.end = &t->waiting.first;
	t->early.end = &t->early.first;
	t->line_timer = evtimer_new(gw->base, line_timer_fired, t);
	t->keeper_timer = evtimer_new(gw->base, keeper_timer_fired, t);
	if (!t->line_timer || !t->keeper_timer) {
		if (t->line_timer)
			event_free(t->line_timer);
		free(t);
		return NULL;
	}
	gw_line_init(&t->line, GW_START_WAIT, 0, clock_now());
	t->next_bucket = gw->tunnel_bucket[id % GW_BUCKETS];
	gw->tunnel_bucket[id % GW_BUCKETS] = t;
	t->next = gw->tunnels;
	gw->tunnels = t;
	return t;
}

static void queue_drop(struct gw_gateway *gw, struct gw_queue *q, enum ls_cause cause)
{
	while (q->first) {
		struct gw_waiting *w = q->first;

		q->first = w->next;
		free(w);
		if (cause != CAUSE_NONE)
			ls_count(&gw->counters, cause);
	}
	q->end = &q->first;
	q->packets = 0;
	q->bytes = 0;
}

/* A copy with room in front; vnet: the packet's virtio_net_hdr, all zero if NULL. */
static void queue_add(struct gw_gateway *gw, struct gw_queue *q, const uint8_t *vnet,
                      const uint8_t *packet, size_t len)
{
	struct gw_waiting *w;

	if (q->packets == GW_WAITING_PACKETS || q->bytes + len > GW_WAITING_BYTES) {
		ls_count(&gw->counters, CAUSE_GW_QUEUE_FULL);
		return;
	}
	w = calloc(1, sizeof *w + GW_HEADROOM + GW_VNET_SIZE + len);
	if (!w) {
		ls_count(&gw->counters, CAUSE_NO_MEMORY);
		return;
	}
	w->len = GW_VNET_SIZE + len;
	if (vnet)
		memcpy(w->bytes + GW_HEADROOM, vnet, GW_VNET_SIZE);
	memcpy(w->bytes + GW_HEADROOM + GW_VNET_SIZE, packet, len);
	*q->end = w;
	q->end = &w->next;
	q->packets++;
	q->bytes += len;
}

static void device_close(struct gw_tunnel *t)
{
	if (t->tun_event)
		event_free(t->tun_event);
	t->tun_event = NULL;
	for (unsigned i = 0; i < GW_LANES_MAX; i++) {
		if (t->device.queue[i] < 0)
			continue;
		gw_lane_queue_end(t->gw, i, t->device.queue[i]);
		close(t->device.queue[i]);
	}
	queues_none(t);
}

void gw_tunnel_remove(struct gw_tunnel *t, enum ls_cause cause)
{
	struct gw_gateway *gw = t->gw;
	struct gw_tunnel **at = &gw->tunnel_bucket[t->id % GW_BUCKETS];

	gw_tunnel_step(t, GW_EV_ADMIN_DOWN, cause, NULL);
	l2tp_peer_remove(gw->l2tp, t->id, cause, clock_now());
	gw_l2tp_pump(gw);
	while (t->sessions)
		gw_session_end(t->sessions);
	gw_chains_drop(t);
	queue_drop(gw, &t->waiting, cause);
	queue_drop(gw, &t->early, cause);
	device_close(t);
	event_free(t->line_timer);
	event_free(t->keeper_timer);
	if (t->dummy_timer)
		event_free(t->dummy_timer);
	gw_pmtu_stop(t);
	while (*at != t)
		at = &(*at)->next_bucket;
	*at = t->next_bucket;
	for (at = &gw->tunnels; *at != t;)
		at = &(*at)->next;
	*at = t->next;
	free(t);
}

struct gw_device *gw_device_of(struct gw_tunnel *tunnel)
{
	return &tunnel->device;
}

static void tun_readable(evutil_socket_t fd, short what, void *arg)
{
	struct gw_tunnel *t = arg;

	(void)fd;
	(void)what;
	gw_worker_tun(&t->gw->worker, t, clock_now());
	gw_sa_sent(t, clock_now());
	gw_pump(t->gw);
}

/* Whether TCP or UDP comes out of the device uncut the parent has set: we take both always. */
static void device_offload(struct gw_tunnel *t)
{
	unsigned on = conf_offload(&t->gw->conf) & t->offloads;

	t->device.join = 0;
	if (on & CONF_OFFLOAD_JOIN)
		t->device.join = GW_JOIN_TCP;
	if (on & CONF_OFFLOAD_JOIN && t->offloads & CONF_OFFLOAD_TUN_USO)
		t->device.join |= GW_JOIN_UDP;
}

void gw_offload(struct gw_gateway *gw)
{
	unsigned wanted = conf_offload(&gw->conf);

	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		device_offload(t);
	for (unsigned i = 0; i < gw->sockets; i++)
		gw_udp_offload(&gw->socket[i].udp, wanted & CONF_OFFLOAD_UDP_GSO,
		               wanted & CONF_OFFLOAD_UDP_GRO);
}

/* Without lanes the main thread reads it. */
static bool queue_watch(struct gw_tunnel *t, unsigned queue, int fd)
{
	if (evutil_make_socket_nonblocking(fd) < 0)
		return false;
	if (t->gw->lanes > 0)
		return gw_lane_queue(t->gw, queue, t->id, fd);
	t->tun_event = event_new(t->gw->base, fd, EV_READ | EV_PERSIST, tun_readable, t);
	t->paused = t->gw->worker.stalled;
	return t->tun_event && (t->paused || event_add(t->tun_event, NULL) == 0);
}

void gw_tunnel_device(struct gw_tunnel *t, int fd, const struct msg_tun *m)
{
	unsigned queue = m->queue < GW_LANES_MAX ? m->queue : 0;

	if (queue == 0)
		device_close(t);
	snprintf(t->ifname, sizeof t->ifname, "%s", m->ifname);
	t->ifindex = m->ifindex;
	t->device.queue[queue] = fd;
	t->offloads = m->offloads;
	device_offload(t);
	if (!queue_watch(t, queue, fd))
		proc_tell(t->gw->proc, t->id, CAUSE_GW_INTERFACE, NULL, "%s", t->ifname);
}

void gw_tunnels_pause(struct gw_gateway *gw, bool pause)
{
	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next) {
		if (!t->tun_event || t->paused == pause)
			continue;
		t->paused = pause;
		if (pause)
			event_del(t->tun_event);
		else
			event_add(t->tun_event, NULL);
	}
}

/* What a host says by itself on any interface (neighbour discovery, multicast listeners): no reason
 * to call, nor to stay up. */
static bool packet_is_chatter(const uint8_t *packet, size_t len)
{
	if (len >= IP4_SIZE && packet[0] >> 4 == 4)
		return packet[16] >= 224;
	return len >= IP6_SIZE && packet[0] >> 4 == 6 &&
	       (packet[24] == 0xff || (packet[8] == 0xfe && (packet[9] & 0xc0) == 0x80));
}

void gw_tunnel_wait(void *owner, struct gw_tunnel *t, const uint8_t *bytes, size_t len)
{
	struct gw_gateway *gw = owner;

	if (len <= GW_VNET_SIZE || packet_is_chatter(bytes + GW_VNET_SIZE, len - GW_VNET_SIZE))
		return;
	gw_tunnel_step(t, GW_EV_PACKET, CAUSE_NONE, NULL);
	if (gw_line_queues(&t->line))
		queue_add(gw, &t->waiting, bytes, bytes + GW_VNET_SIZE, len - GW_VNET_SIZE);
	else
		ls_count(&gw->counters, CAUSE_GW_NO_LINE);
}

static void queues_release(struct gw_tunnel *t)
{
	for (struct gw_waiting *w = t->waiting.first; w; w = w->next)
		gw_worker_waited(&t->gw->worker, t, w->bytes + GW_HEADROOM, w->len, clock_now());
	for (struct gw_waiting *w = t->early.first; w; w = w->next)
		if (write(t->device.queue[0], w->bytes + GW_HEADROOM, w->len) < 0)
			ls_count(&t->gw->counters, CAUSE_GW_TUN_WRITE);
	queue_drop(t->gw, &t->waiting, CAUSE_NONE);
	queue_drop(t->gw, &t->early, CAUSE_NONE);
}

void gw_tunnel_early(void *owner, struct gw_tunnel *t, const uint8_t *packet, size_t len)
{
	queue_add(owner, &t->early, NULL, packet, len);
	/* Where a lane met it, the interface may have become ready since. */
	if (t->line.state == GW_LINE_UP)
		queues_release(t);
}

bool gw_tunnel_has_chain(const struct gw_tunnel *t)
{
	for (const struct gw_chain *c = t->chains; c; c = c->next)
		if (c->up && !c->gone && c->path.out)
			return true;
	return false;
}

static void call(struct gw_tunnel *t)
{
	struct gw_chain *c = t->chains;
	enum ls_cause cause = CAUSE_GW_NO_SA;

	while (c && (!c->up || c->gone || !c->path.out))
		c = c->next;
	if (c)
		cause = l2tp_call(t->gw->l2tp, t->id, c->id, clock_now());
	if (cause != CAUSE_NONE)
		gw_tunnel_step(t, GW_EV_SESSION_LOST, cause, "the call was not begun");
}

/* The goodbye leaves before ike takes the SAs away. */
static void say_goodbye(struct gw_tunnel *t, enum ls_cause cause)
{
	while (t->sessions)
		gw_session_end(t->sessions);
	l2tp_close(t->gw->l2tp, t->id, cause, clock_now());
	gw_l2tp_pump(t->gw);
}

void gw_tunnel_elsewhere(struct gw_tunnel *t)
{
	say_goodbye(t, CAUSE_REDIRECTED);
	gw_tunnel_step(t, GW_EV_ELSEWHERE, CAUSE_REDIRECTED, "");
}

static void hang_up(struct gw_tunnel *t, enum ls_cause cause)
{
	struct msg_ike_stop m = {.tunnel = t->id, .cause = (uint16_t)cause};

	say_goodbye(t, cause);
	GW_SEND(t->gw, IKE, ike_stop, &m);
}

uint8_t gw_tunnel_state(const struct gw_tunnel *t)
{
	switch (t->line.state) {
	case GW_LINE_UP:
		return MSG_LINE_UP;
	case GW_LINE_HELD:
		return MSG_LINE_HELD;
	case GW_LINE_IDLE:
		return MSG_LINE_WAITING;
	case GW_LINE_BACKOFF:
		return MSG_LINE_DOWN;
	default:
		return MSG_LINE_CONNECTING;
	}
}

static void report(struct gw_tunnel *t)
{
	ls_time now = clock_now(), deadline = gw_line_deadline(&t->line);
	struct msg_line_state m = {
		.tunnel = t->id, .state = gw_tunnel_state(t), .cause = (uint16_t)t->line.cause};

	if (t->line.state == GW_LINE_UP)
		m.cause = (uint16_t)t->lack;
	if (t->line.state == GW_LINE_BACKOFF && deadline > now)
		m.retry_in_ms = (uint32_t)((deadline - now) / 1000);
	snprintf(m.text, sizeof m.text, "%s", t->line.state == GW_LINE_UP ? t->lack_text : t->text);
	GW_SEND(t->gw, PARENT, line_state, &m);
}

void gw_tunnel_lack(struct gw_tunnel *t, enum ls_cause cause, const char *text)
{
	enum ls_cause news = cause != CAUSE_NONE ? cause : CAUSE_PPP_IPV4_LATE;

	if (t->lack == cause && strcmp(t->lack_text, text) == 0)
		return;
	t->lack = cause;
	snprintf(t->lack_text, sizeof t->lack_text, "%s", text);
	/* No address: told when it was denied. */
	if (news != CAUSE_GW_NO_ADDRESS) {
		ls_count(&t->gw->counters, news);
		proc_tell(t->gw->proc, t->id, news, &t->peer, "%s", text);
	}
	if (t->line.state == GW_LINE_UP)
		report(t);
}

/* Only the session in use gets packets; while there is none they wait. */
static void device_session_set(struct gw_tunnel *t)
{
	struct gw_flow_session *flow = t->current ? &t->current->flow : NULL;

	if (t->line.state == GW_LINE_UP)
		t->device.session = flow;
	else if (t->line.state != GW_LINE_IFACE || t->device.session != flow)
		t->device.session = NULL;
	if (!flow || (t->line.state != GW_LINE_UP && t->line.state != GW_LINE_IFACE &&
	              t->line.state != GW_LINE_REPAIR))
		gw_pmtu_stop(t);
}

static void actions_do(struct gw_tunnel *t, unsigned actions, enum ls_cause cause)
{
	struct msg_iface_down down = {.tunnel = t->id};
	struct msg_ike_start start = {.tunnel = t->id};

	if (actions & GW_DO_REPORT)
		report(t);
	if (actions & GW_DO_IFACE_DOWN) {
		GW_SEND(t->gw, PARENT, iface_down, &down);
		t->link_mtu = 0;
	}
	if (actions & GW_DO_HANG_UP)
		hang_up(t, cause);
	if (actions & GW_DO_DROP)
		queue_drop(t->gw, &t->waiting, CAUSE_GW_NO_LINE);
	if (actions & (GW_DO_DROP | GW_DO_IFACE_DOWN))
		queue_drop(t->gw, &t->early, CAUSE_GW_NO_LINE);
	if (actions & GW_DO_DIAL)
		GW_SEND(t->gw, IKE, ike_start, &start);
	if (actions & GW_DO_CALL)
		call(t);
	if (actions & GW_DO_IFACE_UP)
		gw_ppp_iface_up(t);
	if (actions & GW_DO_RELEASE)
		queues_release(t);
}

void gw_tunnel_step(struct gw_tunnel *t, enum gw_line_event event, enum ls_cause cause,
                    const char *text)
{
	unsigned actions = gw_line_step(&t->line, event, gw_tunnel_has_chain(t), cause,
	                                &t->gw->random, clock_now());

	/* What led nowhere, as the goodbyes of a line that is down, says nothing of why it is. */
	if (text && cause != CAUSE_NONE && actions)
		snprintf(t->text, sizeof t->text, "%s", text);
	if (t->gw->ending)
		actions &= ~(unsigned)(GW_DO_DIAL | GW_DO_CALL);
	if (t->line.state == GW_LINE_UP)
		t->text[0] = '\0';
	device_session_set(t);
	if (event == GW_EV_TIMER)
		cause = t->line.cause;
	actions_do(t, actions, cause);
	gw_tfc_line(t);
	clock_timer_set(t->line_timer, gw_line_deadline(&t->line), clock_now());
}

/* The last step of coming up, for people. */
static void tell_link(struct gw_tunnel *t, uint16_t mtu)
{
	const struct ppp_link *link =
		t->current && t->current->ppp ? ppp_link(t->current->ppp) : NULL;
	struct msg_progress m = {.tunnel = t->id};
	char local[LS_ADDR_TEXT_MAX], remote[LS_ADDR_TEXT_MAX];

	if (!link)
		return;
	if (link->ipv4)
		snprintf(m.text, sizeof m.text, "PPP: %s here, %s there%s, MTU %u",
		         ls_addr_text(&link->local4, local), ls_addr_text(&link->remote4, remote),
		         link->ipv6 ? ", IPv6" : "", mtu);
	else
		snprintf(m.text, sizeof m.text, "PPP: IPv6, MTU %u", mtu);
	GW_SEND(t->gw, PARENT, progress, &m);
}

void gw_tunnel_iface_done(struct gw_tunnel *t, const struct msg_iface_done *m)
{
	bool again = t->iface_again;

	t->iface_asked = t->iface_again = false;
	if (again && t->current &&
	    (t->line.state == GW_LINE_IFACE || t->line.state == GW_LINE_UP)) {
		gw_ppp_iface_up(t);
		return;
	}
	if (m->ok && m->mtu > 0)
		t->device.mtu = m->mtu;
	if (m->ok) {
		t->link_mtu = m->link_mtu;
		tell_link(t, m->mtu);
		if (m->link_mtu > 0)
			gw_pmtu_link(t, m->link_mtu);
		gw_tfc_changed(t);
	}
	gw_tunnel_step(t, m->ok ? GW_EV_IFACE_OK : GW_EV_IFACE_BAD,
	               m->ok ? CAUSE_NONE : CAUSE_GW_INTERFACE, m->error);
}

static enum gw_line_start start_of(const struct conf_tunnel *conf)
{
	switch (conf->start) {
	case CONF_START_ALWAYS:
		return GW_START_ALWAYS;
	case CONF_START_ON_DEMAND:
		return GW_START_DEMAND;
	default:
		return GW_START_WAIT;
	}
}

void gw_tunnel_configure(struct gw_tunnel *t, const struct conf_tunnel *conf)
{
	enum gw_line_start start = start_of(conf);
	bool fresh = !t->configured;
	struct msg_l2tp_secret_ask ask = {.tunnel = t->id};

	t->conf = *conf;
	t->configured = true;
	gw_sources_make(&t->sources, conf->routes, conf->route_count);
	t->device.sources = conf->source_check && conf->route_count > 0 ? &t->sources : NULL;
	if (fresh) {
		gw_line_init(&t->line, start, LS_S(conf->idle_s), clock_now());
	} else {
		t->line.start = start;
		t->line.idle_after = LS_S(conf->idle_s);
		gw_ppp_addresses_again(t->gw);
	}
	for (struct gw_session *s = t->sessions; s; s = s->next)
		gw_session_marks(s);
	gw_tfc_changed(t);
	gw_pmtu_again(t);
	gw_l2tp_configure(t, LS_BYTES(NULL, 0));
	GW_SEND(t->gw, KEYS, l2tp_secret_ask, &ask);
	clock_timer_set(t->line_timer, gw_line_deadline(&t->line), clock_now());
}
