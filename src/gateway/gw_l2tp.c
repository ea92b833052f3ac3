/* L2TP in the gateway: carries out what the engine asks for and keeps a session for each call. */
#include "src/gateway/gw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UDP_HEADER = 8 };
#define DEFAULT_HELLO_S 60

void gw_l2tp_configure(struct gw_tunnel *t, struct ls_bytes secret)
{
	struct l2tp_peer peer = {
		.tunnel = t->id,
		.hide_avps = secret.len > 0 && t->conf.l2tp.hide_avps,
		.sequencing = t->conf.l2tp.sequencing,
		.hello_interval_s = t->conf.l2tp.hello_s,
		.max_sessions = GW_SESSIONS_A_TUNNEL,
		.max_connections = GW_CONNECTIONS_A_TUNNEL,
	};
	enum ls_cause cause;

	snprintf(peer.host_name, sizeof peer.host_name, "%s", t->gw->conf.host_name);
	if (secret.len > 0 && secret.len <= sizeof peer.secret) {
		memcpy(peer.secret, secret.p, secret.len);
		peer.secret_len = secret.len;
	}
	cause = l2tp_peer_set(t->gw->l2tp, &peer);
	secret_wipe(&peer, sizeof peer);
	if (cause != CAUSE_NONE)
		proc_tell(t->gw->proc, t->id, cause, NULL, "L2TP was not configured");
}

void gw_l2tp_control(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len)
{
	struct gw_gateway *gw = owner;

	l2tp_input(gw->l2tp, esp_sa_tunnel(sa), esp_sa_chain(sa), bytes, len, gw->worker.now);
	/* At once: the first PPP frame of a new session may be the next packet of this batch. */
	gw_l2tp_pump(gw);
}

struct gw_flow_session *gw_session_flow(void *owner, uint16_t session)
{
	struct gw_gateway *gw = owner;

	return gw->session[session] ? &gw->session[session]->flow : NULL;
}

/* The flow is the session's first member. */
static struct gw_session *session_of(struct gw_flow_session *flow)
{
	_Static_assert(offsetof(struct gw_session, flow) == 0, "the flow comes first");
	return (struct gw_session *)(void *)flow;
}

void gw_session_active(void *owner, struct gw_flow_session *flow)
{
	struct gw_gateway *gw = owner;

	gw_session_stirred(gw, session_of(flow), flow->heard == gw->worker.now, gw->worker.now);
}

void gw_session_stirred(struct gw_gateway *gw, struct gw_session *s, bool heard, ls_time now)
{
	if (heard) {
		l2tp_heard(gw->l2tp, s->flow.data.session, now);
		ppp_heard(s->ppp, now);
	}
	if (s == s->tunnel->current)
		gw_line_active(&s->tunnel->line, now);
}

void gw_session_move(struct gw_session *s, struct gw_chain *to)
{
	if (s->chain)
		s->chain->sessions--;
	s->chain = to;
	to->sessions++;
	s->flow.chain_before = s->flow.chain;
	s->flow.chain = to->id;
	s->flow.path = &to->path;
}

void gw_session_hang_up(struct gw_gateway *gw, uint16_t session, enum ls_cause cause)
{
	gw->hung_up[session / 8] |= (uint8_t)(1u << session % 8);
	l2tp_hang_up(gw->l2tp, session, cause, clock_now());
}

static bool hung_up(struct gw_gateway *gw, uint16_t session)
{
	bool was = gw->hung_up[session / 8] >> session % 8 & 1;

	gw->hung_up[session / 8] &= (uint8_t) ~(1u << session % 8);
	return was && session != 0;
}

static struct gw_mark mark_of(const struct conf_tunnel *conf, bool own_kind)
{
	uint8_t dscp = 0;

	/* The parent has checked it. */
	conf_dscp_parse(conf->dscp, &dscp);
	return (struct gw_mark){
		.fixed = (uint8_t)(dscp == CONF_DSCP_COPY ? 0 : dscp << 2),
		.copy_dscp = dscp == CONF_DSCP_COPY,
		.copy_ecn = conf->ecn == CONF_ECN_COPY || (conf->ecn == CONF_ECN_AUTO && own_kind),
		.df = conf->df == CONF_DF_SET    ? GW_DF_SET
	              : conf->df == CONF_DF_COPY ? GW_DF_COPY
	                                         : GW_DF_CLEAR,
	};
}

void gw_session_marks(struct gw_session *s)
{
	s->flow.mark = mark_of(&s->tunnel->conf, s->flow.data.own_kind);
}

static struct gw_session *session_make(struct gw_gateway *gw, const struct l2tp_request *r)
{
	struct gw_tunnel *t = gw_tunnel_find(gw, r->tunnel);
	struct gw_chain *c = gw_chain_find(gw, r->chain);
	struct gw_session *s =
		t && c && !gw->session[r->data.session] ? calloc(1, sizeof *s) : NULL;

	if (!s)
		return NULL;
	s->gw = gw;
	s->tunnel = t;
	s->flow.tunnel = t;
	s->flow.data = r->data;
	gw_flow_session_prepare(&s->flow);
	gw_session_marks(s);
	gw_session_move(s, c);
	s->next = t->sessions;
	t->sessions = s;
	gw->session[r->data.session] = s;
	hung_up(gw, r->data.session);
	return s;
}

static void session_unlink(struct gw_session *s)
{
	struct gw_tunnel *t = s->tunnel;
	struct gw_session **at = &t->sessions;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	if (t->current == s)
		t->current = NULL;
	if (t->device.session == &s->flow)
		t->device.session = NULL;
	if (t->pmtu.of == s)
		gw_pmtu_stop(t);
	s->gw->session[s->flow.data.session] = NULL;
}

static void counters_keep(struct gw_gateway *gw, const struct ppp *ppp)
{
	const struct ls_counters *past = ppp_counters(ppp);

	for (size_t i = 0; i < LS_CAUSE_LIMIT; i++)
		gw->ppp_past.by_cause[i] += past->by_cause[i];
}

void gw_session_end(struct gw_session *s)
{
	struct gw_gateway *gw = s->gw;
	struct gw_chain *c = s->chain;

	session_unlink(s);
	if (s->ppp) {
		counters_keep(gw, s->ppp);
		ppp_free(s->ppp);
	}
	if (s->timer)
		event_free(s->timer);
	c->sessions--;
	gw_chain_release(gw, c);
	if (s->leased.family != 0)
		gw_ppp_addresses_again(gw);
	free(s);
}

void gw_session_touch(struct gw_session *s)
{
	struct gw_gateway *gw = s->gw;

	if (s->dirty)
		return;
	s->dirty = true;
	gw->dirty[(uint16_t)(gw->dirty_first + gw->dirty_count++)] = s->flow.data.session;
}

static void session_up(struct gw_gateway *gw, const struct l2tp_request *r)
{
	struct gw_session *s = session_make(gw, r);

	if (s && gw_ppp_start(s))
		return;
	if (s)
		gw_session_end(s);
	gw_session_hang_up(gw, r->data.session, CAUSE_NO_MEMORY);
}

bool gw_session_gave_up(const struct gw_session *s, struct ls_event *why)
{
	const char *text;
	enum ls_cause cause = s && s->ppp ? ppp_why(s->ppp, &text) : CAUSE_NONE;

	if (cause == CAUSE_NONE || cause == CAUSE_PEER_ASKED)
		return false;
	why->cause = cause;
	snprintf(why->text, sizeof why->text, "%s", text);
	return true;
}

static void session_down(struct gw_gateway *gw, const struct l2tp_request *r)
{
	struct gw_tunnel *t = gw_tunnel_find(gw, r->tunnel);
	struct gw_session *s = r->session ? gw->session[r->session] : NULL;
	enum gw_line_event event = r->by_peer ? GW_EV_SESSION_BYE : GW_EV_SESSION_LOST;
	bool matters, ours = hung_up(gw, r->session);
	struct ls_event why = {.cause = r->cause};

	if (!t)
		return;
	snprintf(why.text, sizeof why.text, "%s", r->event.text);
	if (r->by_peer && gw_session_gave_up(s, &why))
		event = GW_EV_SESSION_LOST;
	/* What is not the session in use matters only while one is wanted. */
	matters = s ? s == t->current || !t->current : !t->current;
	if (s)
		gw_session_end(s);
	if (matters && !ours && !(t->sessions && !t->current))
		gw_tunnel_step(t, event, why.cause, why.text);
}

static void message_send(struct gw_gateway *gw, const struct l2tp_request *r)
{
	struct gw_chain *c = gw_chain_find(gw, r->chain);
	uint8_t packet[UDP_HEADER + L2TP_MESSAGE_MAX];
	enum ls_cause cause = CAUSE_GW_NO_SA;

	if (c && c->path.out && r->bytes.len <= L2TP_MESSAGE_MAX) {
		memcpy(packet + UDP_HEADER, r->bytes.p, r->bytes.len);
		gw_udp_header(packet, r->bytes.len, esp_sa_local(c->path.out),
		              esp_sa_remote(c->path.out));
		cause = gw_worker_control(&gw->worker, &c->path, packet, UDP_HEADER + r->bytes.len,
		                          clock_now());
	}
	if (cause != CAUSE_NONE)
		ls_count(&gw->counters, cause);
}

static void progress(struct gw_gateway *gw, const struct l2tp_request *r)
{
	struct msg_progress m = {.tunnel = r->tunnel};

	snprintf(m.text, sizeof m.text, "%s", r->event.text);
	GW_SEND(gw, PARENT, progress, &m);
}

bool gw_l2tp_pump(struct gw_gateway *gw)
{
	struct l2tp_request r;
	bool any = false;

	while (l2tp_next(gw->l2tp, &r)) {
		any = true;
		switch (r.kind) {
		case L2TP_REQ_SEND:
			message_send(gw, &r);
			break;
		case L2TP_REQ_SESSION_UP:
			session_up(gw, &r);
			break;
		case L2TP_REQ_SESSION_DOWN:
			session_down(gw, &r);
			break;
		case L2TP_REQ_CLOSED:
			break; /* the dialling side has asked ike to end its SAs, and the other
			          learns it from ike */
		case L2TP_REQ_EVENT:
			proc_tell(gw->proc, r.event.tunnel, r.event.cause, &r.event.peer, "%s",
			          r.event.text);
			break;
		case L2TP_REQ_PROGRESS:
			progress(gw, &r);
			break;
		}
	}
	return any;
}
