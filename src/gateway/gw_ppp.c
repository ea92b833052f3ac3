/* PPP in the gateway: a link in each L2TP session, its questions to keys, its addresses, and the
 * way to the interface. */
#include "src/gateway/gw.h"

#include "lib/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UDP_HEADER = 8, FRONT = UDP_HEADER + L2TP_DATA_HEADER_MAX };

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct gw_session *s = arg;
	struct gw_gateway *gw = s->gw;

	(void)fd;
	(void)what;
	gw_gate_close(&gw->gate);
	ppp_tick(s->ppp, clock_now());
	gw_session_touch(s);
	gw_pump(gw);
	gw_gate_open(&gw->gate);
}

/* All that is to go through the tunnel is IPv4. */
static bool only_ipv4(const struct conf_tunnel *conf)
{
	for (uint32_t i = 0; i < conf->route_count; i++)
		if (conf->routes[i].addr.family != 4)
			return false;
	return conf->route_count > 0;
}

static struct ppp_config config_make(const struct gw_session *s)
{
	const struct conf_tunnel *conf = &s->tunnel->conf;
	struct ppp_config c = {
		.tunnel = s->tunnel->id,
		.caller = s->flow.data.lac,
		.mru = (uint16_t)conf->ppp.mru,
		.compress_header = conf->ppp.compress_header,
		.ipv4 = conf->ppp.ipv4,
		.ipv6 = conf->ppp.ipv6,
		.need_ipv4 = only_ipv4(conf),
		.echo_interval_s = conf->ppp.echo_s,
	};

	if (c.caller) {
		snprintf(c.name, sizeof c.name, "%s", conf->user);
		c.accept = PPP_AUTH_CHAP_MD5 | PPP_AUTH_MSCHAPV2;
		c.want_dns = conf->ppp.want_dns;
	} else {
		snprintf(c.name, sizeof c.name, "%s", s->gw->conf.host_name);
		snprintf(c.expected, sizeof c.expected, "%s", conf->user);
		c.require = PPP_AUTH_CHAP_MD5 | PPP_AUTH_MSCHAPV2;
		c.local4 = conf->ppp.local4;
		c.remote4 = conf->ppp.remote4;
		memcpy(c.dns4, conf->ppp.dns, sizeof c.dns4);
	}
	return c;
}

bool gw_ppp_start(struct gw_session *s)
{
	struct ppp_config c = config_make(s);

	s->ppp = ppp_new(&c, &s->gw->random, clock_now());
	s->timer = evtimer_new(s->gw->base, timer_fired, s);
	gw_session_touch(s);
	return s->ppp && s->timer;
}

void gw_ppp_input(void *owner, struct gw_flow_session *flow, uint8_t *frame, size_t len)
{
	struct gw_gateway *gw = owner;
	struct gw_session *s = (struct gw_session *)(void *)flow;

	ppp_input(s->ppp, frame, len, gw->worker.now);
	gw_session_touch(s);
}

size_t gw_inner_overhead(const struct gw_session *s)
{
	return (size_t)UDP_HEADER + s->flow.header_len + PPP_PREFIX_MAX;
}

static void frame_send(struct gw_session *s, const struct ppp_request *r)
{
	uint8_t packet[FRONT + PPP_FRAME_MAX], header[L2TP_DATA_HEADER_MAX];
	const struct gw_path *path = s->flow.path;
	enum ls_cause cause = CAUSE_GW_NO_SA;
	size_t len = r->bytes.len + r->padding, size;

	if (path->out && len <= PPP_FRAME_MAX) {
		size = l2tp_data_header(&s->flow.data, s->flow.ns++, len, header);
		memcpy(packet + UDP_HEADER, header, size);
		memcpy(packet + UDP_HEADER + size, r->bytes.p, r->bytes.len);
		memset(packet + UDP_HEADER + size + r->bytes.len, 0, r->padding);
		gw_udp_header(packet, size + len, esp_sa_local(path->out),
		              esp_sa_remote(path->out));
		cause = (r->kind == PPP_REQ_PROBE ? gw_worker_probe : gw_worker_control)(
			&s->gw->worker, path, packet, UDP_HEADER + size + len, clock_now());
	}
	if (r->kind == PPP_REQ_PROBE && cause == CAUSE_GW_TOO_BIG)
		gw_pmtu_refused(s, r->size);
	else if (cause != CAUSE_NONE)
		ls_count(&s->gw->counters, cause);
}

/* The question's number for keys: the session on top of the engine's own, so that the answer finds
 * its way back. */
static void auth_ask(struct gw_session *s, const struct ppp_request *r)
{
	struct msg_ppp_auth_ask m = {
		.id = r->id,
		.session = s->flow.data.session,
		.tunnel = s->tunnel->id,
		.op = r->kind == PPP_REQ_AUTH_CHECK,
		.method = (uint8_t)r->auth.method,
		.chap_id = r->auth.id,
		.challenge = LS_BYTES(r->auth.challenge, r->auth.challenge_len),
		.response = LS_BYTES(r->auth.response, r->auth.response_len),
		.peer_challenge = LS_BYTES(r->auth.peer_challenge, sizeof r->auth.peer_challenge),
		.peer = s->tunnel->peer,
	};

	if (s->flow.path->out)
		m.peer = *esp_sa_remote(s->flow.path->out);

	snprintf(m.user, sizeof m.user, "%s", r->auth.user);
	s->question = *r;
	s->asking = true;
	GW_SEND(s->gw, KEYS, ppp_auth_ask, &m);
}

/* A challenge of ours on any link, put to us by a peer that wants to use the answer there: with the
 * same user in both directions it would need no password. */
static bool reflected(const struct gw_gateway *gw, const struct ppp_request *r)
{
	for (const struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		for (const struct gw_session *s = t->sessions; s; s = s->next)
			if (s->ppp &&
			    ppp_challenged_with(s->ppp, r->auth.challenge, r->auth.challenge_len))
				return true;
	return false;
}

static void auth_make(struct gw_session *s, const struct ppp_request *r)
{
	struct ppp_answer no = {.ok = false, .cause = CAUSE_PPP_NOT_PROVEN};

	if (reflected(s->gw, r))
		ppp_answer(s->ppp, r->id, &no, clock_now());
	else
		auth_ask(s, r);
}

void gw_ppp_ask_again(struct gw_gateway *gw)
{
	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		for (struct gw_session *s = t->sessions; s; s = s->next)
			if (s->asking)
				auth_ask(s, &s->question);
}

void gw_ppp_auth_answer(struct gw_gateway *gw, const struct msg_ppp_auth_answer *m)
{
	struct gw_session *s = gw->session[m->session];
	struct ppp_answer a = {.ok = m->ok, .cause = (enum ls_cause)m->cause};

	if (!s || !s->asking || s->question.id != m->id || m->value.len > sizeof a.value)
		return;
	s->asking = false;
	s->given = m->address;
	memcpy(a.value, m->value.p, m->value.len);
	a.value_len = (uint8_t)m->value.len;
	ppp_answer(s->ppp, m->id, &a, clock_now());
	secret_wipe(&a, sizeof a);
	gw_session_touch(s);
	gw_pump(gw);
}

static bool address_taken(const struct gw_gateway *gw, const struct ls_addr *a)
{
	for (const struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		for (const struct gw_session *s = t->sessions; s; s = s->next)
			if (ls_addr_same_ip(&s->leased, a))
				return true;
	return false;
}

static struct ls_addr pool_take(const struct gw_session *s)
{
	const struct conf_tunnel *conf = &s->tunnel->conf;
	uint32_t first = ls_addr_v4_value(&conf->ppp.pool_first),
		 last = ls_addr_v4_value(&conf->ppp.pool_last);

	for (uint32_t i = 0; first != 0 && first + i <= last && i < GW_ADDRESS_MAX; i++) {
		struct ls_addr a = ls_addr_v4(first + i, 0);

		if (!address_taken(s->gw, &a))
			return a;
	}
	return (struct ls_addr){.family = 0};
}

/* Once, and at once: a caller that has no use for IPv6 alone is gone before the line is up. Where
 * the link ends for it, that is told. */
static void denial_tell(struct gw_session *s)
{
	const struct conf_tunnel *conf = &s->tunnel->conf;

	if (s->denied || !conf->ppp.ipv6 || only_ipv4(conf))
		return;
	s->denied = true;
	ls_count(&s->gw->counters, CAUSE_GW_NO_ADDRESS);
	proc_tell(s->gw->proc, s->tunnel->id, CAUSE_GW_NO_ADDRESS, &s->tunnel->peer, "user %s",
	          ppp_link(s->ppp)->user);
}

/* What keys has for this user comes first, then the tunnel's pool. */
static void address_answer(struct gw_session *s, uint64_t id)
{
	struct ppp_answer a = {.ok = true};

	if (s->given.family == 4)
		s->leased = s->given;
	else if (s->leased.family == 0)
		s->leased = pool_take(s);
	a.address = s->leased;
	if (a.address.family == 0) {
		a.ok = false;
		a.cause = CAUSE_GW_NO_ADDRESS;
		denial_tell(s);
	}
	memcpy(a.dns, s->tunnel->conf.ppp.dns, sizeof a.dns);
	ppp_answer(s->ppp, id, &a, clock_now());
}

void gw_ppp_addresses_again(struct gw_gateway *gw)
{
	for (struct gw_tunnel *t = gw->tunnels; t; t = t->next)
		for (struct gw_session *s = t->sessions; s; s = s->next)
			if (s->ppp) {
				ppp_address_again(s->ppp, clock_now());
				clock_timer_set(s->timer, ppp_deadline(s->ppp), clock_now());
			}
}

/* The same number on both sides: the caller's id of the session, then the callee's. */
static uint32_t call_rank(const struct l2tp_data *d)
{
	uint32_t caller = d->lac ? d->session : d->peer_session,
		 callee = d->lac ? d->peer_session : d->session;

	return caller << 16 | callee;
}

/*
 * Both sides have called at the same time. Each sees the two sessions come up in an order of its
 * own, so "the newest stays" would end both: here the rank decides.
 */
static bool loses_crossing(const struct gw_session *s)
{
	for (const struct gw_session *o = s->tunnel->sessions; o; o = o->next)
		if (o != s && o->flow.open && o->flow.data.lac != s->flow.data.lac &&
		    clock_now() - o->opened < LS_S(GW_CROSSING_S) &&
		    call_rank(&o->flow.data) > call_rank(&s->flow.data))
			return true;
	return false;
}

/* A line that is up without IPv4 says so, until it has it. */
static void lack_note(struct gw_session *s)
{
	const char *text;
	enum ls_cause cause = ppp_no_ipv4(s->ppp, &text);
	char user[LS_EVENT_TEXT_MAX];

	if (cause == CAUSE_GW_NO_ADDRESS && s->flow.link.user[0]) {
		snprintf(user, sizeof user, "user %s", s->flow.link.user);
		text = user;
	}
	gw_tunnel_lack(s->tunnel, cause, text);
}

/* The newest session whose PPP came up carries the tunnel's traffic; older ones end. */
static void link_up(struct gw_session *s, const struct ppp_link *link)
{
	struct gw_tunnel *t = s->tunnel;

	if (!s->flow.open && loses_crossing(s)) {
		gw_session_hang_up(s->gw, s->flow.data.session, CAUSE_REPLACED);
		return;
	}
	if (!s->flow.open)
		s->opened = clock_now();
	s->flow.link = *link;
	s->flow.open = true;
	gw_flow_session_prepare(&s->flow);
	t->current = s;
	if (t->device.session && t->device.session != &s->flow)
		t->device.session = NULL;
	for (struct gw_session *o = t->sessions; o; o = o->next)
		if (o != s && o->flow.open) {
			o->flow.open = false;
			gw_session_hang_up(s->gw, o->flow.data.session, CAUSE_REPLACED);
		}
	lack_note(s);
	gw_tunnel_step(t, GW_EV_PPP_UP, CAUSE_NONE, NULL);
}

static void link_down(struct gw_session *s, const struct ppp_request *r)
{
	struct gw_tunnel *t = s->tunnel;
	bool matters = s == t->current || !t->current;
	enum gw_line_event event =
		r->cause == CAUSE_PEER_ASKED ? GW_EV_SESSION_BYE : GW_EV_SESSION_LOST;

	gw_session_hang_up(s->gw, s->flow.data.session, r->cause);
	gw_session_end(s);
	if (matters)
		gw_tunnel_step(t, event, r->cause, r->event.text);
}

void gw_ppp_iface_up(struct gw_tunnel *t)
{
	const struct gw_session *s = t->current;
	struct esp_sa_view view;
	struct msg_iface_up m = {.tunnel = t->id};

	if (!s || !s->flow.path->out)
		return;
	/* One at a time: a peer may negotiate faster than addresses can be set, and what piles up
	 * before the parent would be the end of this process. */
	t->iface_again = t->iface_asked;
	if (t->iface_asked)
		return;
	esp_sa_view(s->flow.path->out, &view);
	if (s->flow.link.ipv4) {
		m.local4 = s->flow.link.local4;
		m.remote4 = s->flow.link.remote4;
	}
	m.ipv6 = s->flow.link.ipv6;
	m.local_id = ls_get64(s->flow.link.local_id);
	m.remote_id = ls_get64(s->flow.link.remote_id);
	m.dns1 = s->flow.link.dns4[0];
	m.dns2 = s->flow.link.dns4[1];
	m.peer = view.remote;
	m.udp = view.udp;
	m.encr = (uint16_t)view.encr;
	m.integ = (uint16_t)view.integ;
	m.inner_overhead = (uint16_t)gw_inner_overhead(s);
	m.peer_mru = s->flow.link.peer_mru;
	m.path_mtu = (uint16_t)t->pmtu.in_force;
	t->iface_asked = GW_SEND(t->gw, PARENT, iface_up, &m);
}

bool gw_ppp_pump(struct gw_session *s)
{
	struct ppp_request r;
	bool any = false;

	while (ppp_next(s->ppp, &r)) {
		any = true;
		switch (r.kind) {
		case PPP_REQ_SEND:
		case PPP_REQ_PROBE:
			frame_send(s, &r);
			break;
		case PPP_REQ_PROBED:
			gw_pmtu_answered(s, r.size);
			break;
		case PPP_REQ_AUTH_MAKE:
			auth_make(s, &r);
			break;
		case PPP_REQ_AUTH_CHECK:
			auth_ask(s, &r);
			break;
		case PPP_REQ_ADDRESS:
			address_answer(s, r.id);
			break;
		case PPP_REQ_UP:
			link_up(s, &r.link);
			break;
		case PPP_REQ_DOWN:
			link_down(s, &r);
			return true;
		case PPP_REQ_EVENT:
			proc_tell(s->gw->proc, s->tunnel->id, r.event.cause, &s->tunnel->peer, "%s",
			          r.event.text);
			break;
		}
	}
	clock_timer_set(s->timer, ppp_deadline(s->ppp), clock_now());
	return any;
}
