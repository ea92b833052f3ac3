/*
 * The MTU of a tunnel's path: probes for lib/pmtu, and what follows from their answers.
 *
 * A probe is an LCP Echo-Request, because every PPP peer has to answer it (RFC 1661 5.8), while
 * nobody answers an ESP dummy; it goes the way of all data, so that it shows all that stands there.
 * It is as long as the largest inner packet, never longer than the MRU that the peer has announced:
 * it could drop what is longer without the path being at fault, and no packet of ours is so long
 * either.
 */
#include "src/gateway/gw.h"

#include "lib/ip.h"
#include "lib/wire.h"

#include <string.h>

/* A path narrower than this would be one for IPv4's least (RFC 791) and IPv6's (RFC 8200 5). */
enum { FLOOR4 = 576, LEAST6 = 1280, STEP_LEAST = 4, SPI_IN_AH = 4 };

static size_t room(const struct esp_sa_view *v, size_t packet)
{
	return esp_packet_room(v->encr, v->integ, v->remote.family, v->udp, packet);
}

static size_t packet(const struct esp_sa_view *v, size_t plain)
{
	return esp_packet_size(v->encr, v->integ, v->remote.family, v->udp, plain);
}

/* Sizes that packets in this SA have: padding makes them go by steps. false when nothing fits. */
static bool limits_make(const struct gw_tunnel *t, const struct gw_session *s,
                        const struct esp_sa_view *v, struct ls_pmtu_limits *out)
{
	bool v6 = v->remote.family == 6;
	size_t around = gw_inner_overhead(s), most = room(v, t->pmtu.link), step;

	if (most > around + s->flow.link.peer_mru)
		most = around + s->flow.link.peer_mru;
	if (most > (size_t)GW_PLAIN_MAX)
		most = GW_PLAIN_MAX;
	if (most < around + PPP_PROBE_MIN)
		return false;
	out->ceiling = (uint32_t)packet(v, most);
	step = packet(v, room(v, out->ceiling) + 1) - out->ceiling;
	out->step = (uint32_t)(step < STEP_LEAST ? STEP_LEAST : step);
	out->floor = v6 ? (uint32_t)LEAST6 : FLOOR4;
	out->base = v6 ? (uint32_t)LEAST6 : LS_PMTU_BASE;
	return true;
}

bool gw_pmtu_wanted(const struct gw_tunnel *t)
{
	return t->conf.mtu == 0 && t->conf.mtu_probe;
}

enum msg_path gw_pmtu_how(const struct gw_tunnel *t)
{
	const struct ls_pmtu *e = &t->pmtu.engine;

	if (t->conf.mtu > 0)
		return MSG_PATH_CONFIGURED;
	if (e->state == LS_PMTU_ERROR && !e->answered)
		return MSG_PATH_UNANSWERED;
	if (!e->measured)
		return MSG_PATH_LINK;
	return e->hinted ? MSG_PATH_HINTED : MSG_PATH_MEASURED;
}

static void tell(struct gw_tunnel *t, enum ls_cause cause)
{
	ls_count(&t->gw->counters, cause);
	proc_tell(t->gw->proc, t->id, cause, &t->pmtu.remote, "%u bytes instead of %u",
	          t->pmtu.in_force, t->pmtu.told);
	t->pmtu.told = t->pmtu.in_force;
}

static void force(struct gw_tunnel *t, uint32_t size, ls_time now)
{
	struct gw_pmtu *p = &t->pmtu;

	p->in_force = size;
	p->since = now;
	t->current->flow.path_mtu = size;
	gw_ppp_iface_up(t);
}

/* A smaller size holds at once; a larger one when the search for the largest is over, for each
 * change is one of the interface. */
static void apply(struct gw_tunnel *t, ls_time now)
{
	struct gw_pmtu *p = &t->pmtu;
	const struct ls_pmtu *e = &p->engine;

	if (e->size < p->in_force) {
		force(t, e->size, now);
		if (!e->hinted)
			tell(t, CAUSE_GW_PATH_BLACK_HOLE);
	} else if (e->size > p->in_force && e->state == LS_PMTU_COMPLETE) {
		force(t, e->size, now);
	} else if (p->since == 0 && e->measured) {
		p->since = now;
	}
	if (e->state == LS_PMTU_COMPLETE && p->told != p->in_force)
		tell(t, CAUSE_GW_PATH_MTU);
	if (gw_pmtu_how(t) != MSG_PATH_UNANSWERED || p->unanswered_told)
		return;
	p->unanswered_told = true;
	ls_count(&t->gw->counters, CAUSE_GW_PATH_UNANSWERED);
	proc_tell(t->gw->proc, t->id, CAUSE_GW_PATH_UNANSWERED, &p->remote, "%s", "");
}

static void probe_send(struct gw_tunnel *t, const struct esp_sa_view *v, uint32_t size)
{
	struct gw_session *s = t->current;

	t->pmtu.asked = room(v, size) - gw_inner_overhead(s);
	if (t->pmtu.asked > s->flow.link.peer_mru)
		t->pmtu.asked = s->flow.link.peer_mru;
	if (ppp_probe(s->ppp, t->pmtu.asked))
		gw_session_touch(s);
}

/* While there is no SA, no session or no room, nothing is known and nothing is asked. What went out
 * counts until the engine has looked at it: a step for another reason does not. */
static void step(struct gw_tunnel *t, ls_time now)
{
	struct gw_pmtu *p = &t->pmtu;
	struct gw_session *s = t->current;
	struct ls_pmtu_limits limits;
	struct esp_sa_view v;
	uint32_t size;
	bool due;

	if (!p->timer || !s || s != p->of)
		return;
	if (s->flow.path->out)
		esp_sa_view(s->flow.path->out, &v);
	if (!s->flow.path->out || !limits_make(t, s, &v, &limits)) {
		clock_timer_set(p->timer, now + LS_S(LS_PMTU_CONFIRM_S), now);
		return;
	}
	if (!ls_addr_same_ip(&p->remote, &v.remote) || p->engine.state == LS_PMTU_OFF) {
		p->remote = v.remote;
		ls_pmtu_start(&p->engine, &limits, now);
	}
	ls_pmtu_limit(&p->engine, &limits, now);
	if (p->in_force == 0)
		p->in_force = p->told = p->engine.size;
	due = ls_pmtu_deadline(&p->engine) <= now;
	while ((size = ls_pmtu_tick(&p->engine, s->flow.out_packets != p->out_packets, now)) > 0)
		probe_send(t, &v, size);
	if (due)
		p->out_packets = s->flow.out_packets;
	apply(t, now);
	gw_tfc_path(t);
	clock_timer_set(p->timer, ls_pmtu_deadline(&p->engine), now);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct gw_tunnel *t = arg;

	(void)fd;
	(void)what;
	gw_gate_close(&t->gw->gate);
	step(t, clock_now());
	gw_pump(t->gw);
	gw_gate_open(&t->gw->gate);
}

void gw_pmtu_stop(struct gw_tunnel *t)
{
	if (t->pmtu.timer)
		event_free(t->pmtu.timer);
	t->pmtu = (struct gw_pmtu){.of = NULL};
}

void gw_pmtu_link(struct gw_tunnel *t, uint32_t link_mtu)
{
	struct gw_session *s = t->current;

	if (!s)
		return;
	if (t->pmtu.of != s)
		gw_pmtu_stop(t);
	t->pmtu.of = s;
	t->pmtu.link = link_mtu;
	if (t->pmtu.in_force == 0)
		s->flow.path_mtu = link_mtu;
	if (!gw_pmtu_wanted(t))
		return;
	if (!t->pmtu.timer)
		t->pmtu.timer = evtimer_new(t->gw->base, timer_fired, t);
	step(t, clock_now());
}

void gw_pmtu_again(struct gw_tunnel *t)
{
	struct gw_session *s = t->current;

	if (!s || t->pmtu.of != s)
		return;
	if (!gw_pmtu_wanted(t))
		gw_pmtu_stop(t);
	if (t->line.state != GW_LINE_UP)
		return;
	ls_pmtu_raise(&t->pmtu.engine, clock_now());
	t->pmtu.asked = 0; /* an answer that is on its way is not one to what comes next */
	/* The interface too is to be set anew; its answer leads to the next step. */
	gw_ppp_iface_up(t);
}

void gw_pmtu_answered(struct gw_session *s, size_t size)
{
	struct gw_tunnel *t = s->tunnel;

	if (t->pmtu.of != s || size != t->pmtu.asked)
		return;
	ls_pmtu_answered(&t->pmtu.engine, t->pmtu.engine.probe, clock_now());
	step(t, clock_now());
}

void gw_pmtu_refused(struct gw_session *s, size_t size)
{
	struct gw_tunnel *t = s->tunnel;

	if (t->pmtu.of != s || size != t->pmtu.asked)
		return;
	ls_pmtu_refused(&t->pmtu.engine, t->pmtu.engine.probe, clock_now());
	step(t, clock_now());
}

/* The SPI of the packet that is quoted: ESP behind UDP or IP; AH behind IP, whose header is there
 * too where the socket is one that writes it. 0: it is cut off. */
static uint32_t quoted_spi(const struct gw_udp *udp, const struct icmp_error *e)
{
	struct rd r = rd_make(e->quoted, e->quoted_len);

	if (udp->ah && udp->family == 4)
		rd_skip(&r, e->quoted_len > 0 ? (size_t)(e->quoted[0] & 15) * 4 : 0);
	if (udp->ah)
		rd_skip(&r, SPI_IN_AH);
	uint32_t spi = rd_u32(&r);

	return rd_ok(&r) ? spi : 0;
}

static bool sends_with(const struct gw_session *s, uint32_t spi)
{
	for (unsigned i = 0; i < s->chain->pairs; i++)
		if (s->chain->pair[i].out && s->chain->pair[i].spi_out == spi)
			return true;
	return false;
}

/* own: this host's word, which is no news of any SA. */
static void hint(struct gw_gateway *gw, const struct ls_addr *remote, bool own, uint32_t spi,
                 uint32_t mtu)
{
	ls_time now = clock_now();
	bool believed = false;

	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next) {
		struct gw_session *s = t->current;

		if (!s || t->pmtu.of != s || !ls_addr_same_ip(&t->pmtu.remote, remote) ||
		    (!own && !sends_with(s, spi)) || !ls_pmtu_hint(&t->pmtu.engine, mtu, now))
			continue;
		believed = true;
		step(t, now);
	}
	ls_count(&gw->counters, believed ? CAUSE_GW_PATH_HINT : CAUSE_GW_PATH_HINT_BAD);
}

void gw_pmtu_error(struct gw_socket *socket, const struct icmp_error *e)
{
	hint(socket->gw, &e->remote, e->by.family == 0, quoted_spi(&socket->udp, e), e->mtu);
}

void gw_pmtu_too_big(struct gw_gateway *gw, const struct msg_too_big *m)
{
	hint(gw, &m->remote, false, m->spi, m->mtu);
}
