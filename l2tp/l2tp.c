/* The L2TP engine: peers, connections and sessions, what the owner asks for, and time (RFC 2661).
 */
#include "l2tp/l2tp_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEFAULT = 4096, TRIES_DEFAULT = 5 };
/* Result codes (4.4.2): general request to clear, administrative reasons. */
enum { STOP_GENERAL = 1, CDN_ADMINISTRATIVE = 3, CDN_NO_ANSWER = 10 };

struct l2tp *l2tp_new(const struct l2tp_limits *limits, const struct ls_random *random)
{
	struct l2tp *l2tp = calloc(1, sizeof *l2tp);

	if (!l2tp)
		return NULL;
	l2tp->limits = *limits;
	if (l2tp->limits.max_connections == 0)
		l2tp->limits.max_connections = MAX_DEFAULT;
	if (l2tp->limits.max_sessions == 0)
		l2tp->limits.max_sessions = MAX_DEFAULT;
	l2tp->random = *random;
	l2tp->last = &l2tp->first;
	l2tp->calls_at = LS_NEVER;
	return l2tp;
}

struct peer_entry *l2tp_peer_find(struct l2tp *l2tp, uint32_t tunnel)
{
	struct peer_entry *p = l2tp->peers[tunnel % PEERS_BUCKETS];

	while (p && p->config.tunnel != tunnel)
		p = p->next;
	return p;
}

enum ls_cause l2tp_peer_set(struct l2tp *l2tp, const struct l2tp_peer *peer)
{
	struct peer_entry *p = l2tp_peer_find(l2tp, peer->tunnel);

	if (!p) {
		p = calloc(1, sizeof *p);
		if (!p)
			return CAUSE_NO_MEMORY;
		p->next = l2tp->peers[peer->tunnel % PEERS_BUCKETS];
		l2tp->peers[peer->tunnel % PEERS_BUCKETS] = p;
	}
	p->config = *peer;
	secret_wipe(p->config.secret, sizeof p->config.secret);
	secret_free(&p->secret);
	for (struct conn *c = l2tp->conns; c; c = c->next)
		if (c->tunnel == peer->tunnel)
			l2tp_timer_set(l2tp, c); /* HELLOs may come at other times */
	if (peer->secret_len > 0 && !secret_from(&p->secret, peer->secret, peer->secret_len))
		return CAUSE_NO_MEMORY;
	return CAUSE_NONE;
}

void l2tp_peer_remove(struct l2tp *l2tp, uint32_t tunnel, enum ls_cause cause, ls_time now)
{
	struct peer_entry **at = &l2tp->peers[tunnel % PEERS_BUCKETS];

	l2tp_close(l2tp, tunnel, cause, now);
	while (*at && (*at)->config.tunnel != tunnel)
		at = &(*at)->next;
	if (!*at)
		return;
	struct peer_entry *p = *at;
	*at = p->next;
	secret_free(&p->secret);
	free(p);
}

/* An id that is not in use; the owner's tables are arrays by it. */
static uint16_t id_draw(struct l2tp *l2tp, bool session)
{
	for (unsigned i = 0; i < 65536; i++) {
		uint16_t id = (uint16_t)ls_random_u32(&l2tp->random);

		if (id != 0 &&
		    !(session ? (void *)l2tp->session_by_id[id] : (void *)l2tp->conn_by_id[id]))
			return id;
	}
	return 0;
}

struct conn *l2tp_conn_new(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain, bool lac,
                           ls_time now)
{
	uint16_t id = l2tp->conn_count < l2tp->limits.max_connections ? id_draw(l2tp, false) : 0;
	struct conn *c = id ? calloc(1, sizeof *c) : NULL;

	if (!c)
		return NULL;
	*c = (struct conn){
		.tunnel = tunnel,
		.chain = chain,
		.id = id,
		.state = CONN_WAIT_REPLY,
		.lac = lac,
		.window = WINDOW_UNTOLD,
		.cwnd = 1,
		.ssthresh = WINDOW_DEFAULT,
		.retry_at = LS_NEVER,
		.gone_at = LS_NEVER,
		.limit_at = now + DIAL_LIMIT,
		.heard = now,
		.born = now,
		.next = l2tp->conns,
	};
	c->queue_end = &c->queue;
	l2tp->conns = c;
	l2tp->conn_by_id[id] = c;
	l2tp->conn_count++;
	l2tp_timer_set(l2tp, c);
	return c;
}

static void conn_free(struct l2tp *l2tp, struct conn *c)
{
	struct conn **at = &l2tp->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	l2tp_timer_stop(l2tp, c);
	l2tp->conn_by_id[c->id] = NULL;
	l2tp->conn_count--;
	l2tp_conn_queue_free(c);
	free(c);
}

struct session *l2tp_session_new(struct l2tp *l2tp, struct conn *c, bool lac, ls_time now)
{
	uint16_t id = l2tp->session_count < l2tp->limits.max_sessions ? id_draw(l2tp, true) : 0;
	struct session *s = id ? calloc(1, sizeof *s) : NULL;

	if (!s)
		return NULL;
	*s = (struct session){.id = id, .conn = c, .lac = lac, .born = now, .next = l2tp->sessions};
	l2tp->sessions = s;
	l2tp->session_by_id[id] = s;
	l2tp->session_count++;
	c->sessions++;
	l2tp->calls_at = ls_time_min(l2tp->calls_at, now + DIAL_LIMIT);
	return s;
}

void l2tp_session_end(struct l2tp *l2tp, struct session *s, enum ls_cause cause, bool by_peer,
                      const char *text)
{
	struct l2tp_request *r =
		l2tp_request_add(l2tp, L2TP_REQ_SESSION_DOWN, s->conn->tunnel, s->conn->chain);
	struct session **at = &l2tp->sessions;

	if (r) {
		r->session = s->state == SESSION_UP ? s->id : 0;
		r->connection = s->conn->id;
		r->cause = cause;
		r->by_peer = by_peer;
		snprintf(r->event.text, sizeof r->event.text, "%s", text);
	}
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	l2tp->session_by_id[s->id] = NULL;
	l2tp->session_count--;
	s->conn->sessions--;
	free(s);
}

static void sessions_end(struct l2tp *l2tp, const struct conn *c, enum ls_cause cause, bool by_peer,
                         const char *text)
{
	for (struct session *s = l2tp->sessions, *next; s; s = next) {
		next = s->next;
		if (s->conn == c)
			l2tp_session_end(l2tp, s, cause, by_peer, text);
	}
}

static void closed(struct l2tp *l2tp, const struct conn *c, enum ls_cause cause)
{
	struct l2tp_request *r = l2tp_request_add(l2tp, L2TP_REQ_CLOSED, c->tunnel, c->chain);

	if (!r)
		return;
	r->connection = c->id;
	r->cause = cause;
}

void l2tp_conn_end(struct l2tp *l2tp, struct conn *c, enum ls_cause cause, bool by_peer,
                   const char *text, ls_time now)
{
	bool stopping = c->state == CONN_STOPPING;

	if (c->state == CONN_DEAD)
		return;
	sessions_end(l2tp, c, cause, by_peer, text);
	closed(l2tp, c, stopping ? c->gone_cause : cause);
	l2tp_conn_queue_free(c);
	/* What the peer sends again is still acknowledged for a while (5.7). */
	c->state = CONN_DEAD;
	c->limit_at = now + LINGER;
	c->gone_at = LS_NEVER;
}

void l2tp_conn_stop(struct l2tp *l2tp, struct conn *c, uint16_t result, enum ls_cause cause,
                    ls_time now)
{
	if (c->state == CONN_STOPPING || c->state == CONN_DEAD)
		return;
	sessions_end(l2tp, c, cause, false, "");
	c->gone_cause = cause;
	c->state = CONN_STOPPING;
	c->limit_at = now + LINGER;
	/* A peer that never answered has no id to tell it by. */
	if (c->peer_id == 0)
		l2tp_conn_end(l2tp, c, cause, false, "", now);
	else
		l2tp_say_stop(l2tp, c, result, now);
}

void l2tp_forget(struct l2tp *l2tp)
{
	while (l2tp->sessions) {
		struct session *s = l2tp->sessions;

		l2tp->sessions = s->next;
		l2tp->session_by_id[s->id] = NULL;
		l2tp->session_count--;
		free(s);
	}
	while (l2tp->conns)
		conn_free(l2tp, l2tp->conns);
	l2tp->calls_at = LS_NEVER;
}

void l2tp_free(struct l2tp *l2tp)
{
	struct l2tp_request r;

	if (!l2tp)
		return;
	l2tp_forget(l2tp);
	while (l2tp_next(l2tp, &r))
		;
	for (unsigned i = 0; i < PEERS_BUCKETS; i++)
		while (l2tp->peers[i]) {
			struct peer_entry *p = l2tp->peers[i];

			l2tp->peers[i] = p->next;
			secret_free(&p->secret);
			free(p);
		}
	free(l2tp);
}

static struct conn *conn_on(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain)
{
	for (struct conn *c = l2tp->conns; c; c = c->next)
		if (c->tunnel == tunnel && c->chain == chain &&
		    (c->state == CONN_UP || (c->lac && c->state == CONN_WAIT_REPLY)))
			return c;
	return NULL;
}

enum ls_cause l2tp_call(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain, ls_time now)
{
	struct conn *c = conn_on(l2tp, tunnel, chain);
	bool fresh = !c;
	struct session *s;

	if (!l2tp_peer_find(l2tp, tunnel))
		return CAUSE_L2TP_NO_PEER;
	if (fresh)
		c = l2tp_conn_new(l2tp, tunnel, chain, true, now);
	s = c ? l2tp_session_new(l2tp, c, true, now) : NULL;
	if (!s) {
		if (c && fresh)
			conn_free(l2tp, c);
		return CAUSE_LIMIT_REACHED;
	}
	if (fresh)
		l2tp_say_sccrq(l2tp, c, now);
	else if (c->state == CONN_UP)
		l2tp_say_icrq(l2tp, s, now);
	l2tp_timer_set(l2tp, c);
	return CAUSE_NONE;
}

void l2tp_hang_up(struct l2tp *l2tp, uint16_t session, enum ls_cause cause, ls_time now)
{
	struct session *s = l2tp->session_by_id[session];
	struct conn *c = s ? s->conn : NULL;

	if (!s)
		return;
	l2tp_say_cdn(l2tp, s, CDN_ADMINISTRATIVE, now);
	l2tp_session_end(l2tp, s, cause, false, "");
	if (c->sessions == 0)
		l2tp_conn_stop(l2tp, c, STOP_GENERAL, cause, now);
	l2tp_timer_set(l2tp, c);
}

void l2tp_close(struct l2tp *l2tp, uint32_t tunnel, enum ls_cause cause, ls_time now)
{
	for (struct conn *c = l2tp->conns; c; c = c->next) {
		if (c->tunnel != tunnel)
			continue;
		l2tp_conn_stop(l2tp, c, STOP_GENERAL, cause, now);
		l2tp_timer_set(l2tp, c);
	}
}

void l2tp_chain_gone(struct l2tp *l2tp, uint32_t chain, uint32_t grace_ms, enum ls_cause cause,
                     ls_time now)
{
	for (struct conn *c = l2tp->conns; c; c = c->next) {
		if (c->chain != chain || c->state == CONN_DEAD || c->gone_at != LS_NEVER)
			continue;
		c->gone_at = now + (c->state == CONN_UP ? LS_MS((ls_time)grace_ms) : 0);
		c->gone_cause = cause;
		l2tp_timer_set(l2tp, c);
	}
}

void l2tp_chain_moved(struct l2tp *l2tp, uint32_t old_chain, uint32_t new_chain, ls_time now)
{
	for (struct conn *c = l2tp->conns; c; c = c->next) {
		if (c->chain != old_chain || c->state != CONN_UP)
			continue;
		c->chain = new_chain;
		c->gone_at = LS_NEVER;
		c->probing = true;
		c->tries = 0;
		if (!c->queue)
			l2tp_say_hello(l2tp, c, now);
		c->retry_at = now + PROBE_EVERY;
		l2tp_timer_set(l2tp, c);
	}
}

/* Whether our own SCCRQ on the chain wins over the peer's (4.4.3): the lower tie breaker does, or
 * the only one. */
static bool tie_won(const struct conn *ours, const struct l2tp_in *in)
{
	return !in->has_tie || memcmp(ours->tie, in->tie, sizeof ours->tie) < 0;
}

/* Our own attempt gives way: its calls go through the connection that the peer makes. */
static void give_way(struct l2tp *l2tp, struct conn *ours, struct conn *to)
{
	for (struct session *s = l2tp->sessions; s; s = s->next) {
		if (s->conn != ours)
			continue;
		s->conn = to;
		ours->sessions--;
		to->sessions++;
	}
	conn_free(l2tp, ours);
}

/* Room for one more connection that the peer makes; the oldest that is over gives way. */
static bool tunnel_has_room(struct l2tp *l2tp, const struct l2tp_peer *peer)
{
	struct conn *oldest = NULL;
	unsigned alive = 0, dead = 0;

	/* Newer ones come first. */
	for (struct conn *c = l2tp->conns; c; c = c->next) {
		if (c->tunnel != peer->tunnel)
			continue;
		if (c->state == CONN_DEAD)
			oldest = c;
		dead += c->state == CONN_DEAD;
		alive += c->state != CONN_DEAD;
	}
	if (dead >= TUNNEL_DEAD_MAX)
		conn_free(l2tp, oldest);
	return peer->max_connections == 0 || alive < peer->max_connections;
}

static struct conn *sccrq_conn(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain,
                               const struct l2tp_in *in, ls_time now)
{
	const struct peer_entry *peer;
	struct conn *c, *ours = NULL;

	for (c = l2tp->conns; c; c = c->next) {
		if (c->chain != chain || c->state == CONN_DEAD)
			continue;
		if (!c->lac && c->peer_id == in->assigned_connection)
			return c;
		if (c->lac && c->state == CONN_WAIT_REPLY)
			ours = c;
	}
	peer = l2tp_peer_find(l2tp, tunnel);
	if (!peer || (ours && tie_won(ours, in)))
		return NULL;
	if (!tunnel_has_room(l2tp, &peer->config)) {
		ls_count(&l2tp->counters, CAUSE_LIMIT_REACHED);
		return NULL;
	}
	c = l2tp_conn_new(l2tp, tunnel, chain, false, now);
	if (c && ours)
		give_way(l2tp, ours, c);
	return c;
}

/* The connection that a message belongs to; a first SCCRQ makes one, a repeated one finds its own.
 */
static struct conn *conn_of(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain,
                            const struct l2tp_in *in, ls_time now)
{
	struct conn *c = l2tp->conn_by_id[in->connection];

	if (in->connection != 0)
		return c && c->chain == chain ? c : NULL;
	if (in->assigned_connection == 0)
		return NULL;
	if (in->type == L2TP_SCCRQ && in->ns == 0)
		return sccrq_conn(l2tp, tunnel, chain, in, now);
	/* A peer that gives up before it learned our id. */
	for (c = in->type == L2TP_STOPCCN ? l2tp->conns : NULL; c; c = c->next)
		if (c->chain == chain && c->peer_id == in->assigned_connection)
			return c;
	return NULL;
}

/* A message that its connection may take: acknowledges, and is heard when it is the next one. */
static void conn_input(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	c->heard = now;
	if (c->gone_at != LS_NEVER && c->state == CONN_UP)
		c->gone_at = LS_NEVER;
	l2tp_conn_acked(l2tp, c, in->nr, now);
	if (c->state == CONN_STOPPING && !c->queue) {
		l2tp_conn_end(l2tp, c, c->gone_cause, false, "", now);
		return;
	}
	if (in->zlb)
		return;
	if (in->ns != c->nr) {
		bool old = (int16_t)(uint16_t)(in->ns - c->nr) < 0;

		ls_count(&l2tp->counters, old ? CAUSE_L2TP_DUPLICATE : CAUSE_L2TP_OUT_OF_ORDER);
		if (old && c->peer_id != 0)
			l2tp_conn_ack(l2tp, c);
		return;
	}
	c->nr++;
	c->ack_due = true;
	if (c->state != CONN_DEAD && (c->state != CONN_STOPPING || in->type == L2TP_STOPCCN))
		l2tp_hear(l2tp, c, in, now);
	/* What was said meanwhile carried the acknowledgement along. */
	if (c->ack_due && c->peer_id != 0)
		l2tp_conn_ack(l2tp, c);
}

void l2tp_input(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain, const uint8_t *bytes,
                size_t len, ls_time now)
{
	struct l2tp_in in;
	const struct peer_entry *p = l2tp_peer_find(l2tp, tunnel);
	struct ls_bytes secret = p ? LS_BYTES(p->secret.bytes, p->secret.len) : LS_BYTES(NULL, 0);
	enum ls_cause cause = l2tp_message_read(bytes, len, secret, &in);
	struct conn *c = cause == CAUSE_NONE ? conn_of(l2tp, tunnel, chain, &in, now) : NULL;

	if (!c) {
		ls_count(&l2tp->counters, cause != CAUSE_NONE ? cause : CAUSE_L2TP_NO_CONNECTION);
		return;
	}
	conn_input(l2tp, c, &in, now);
	l2tp_timer_set(l2tp, c);
}

void l2tp_heard(struct l2tp *l2tp, uint16_t session, ls_time now)
{
	const struct session *s = l2tp->session_by_id[session];

	if (!s)
		return;
	s->conn->heard = now;
	l2tp_timer_set(l2tp, s->conn);
}

static void conn_tick(struct l2tp *l2tp, struct conn *c, ls_time now)
{
	const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);
	unsigned most = c->probing                   ? PROBE_TRIES
	                : p && p->config.retry_count ? p->config.retry_count
	                                             : TRIES_DEFAULT;

	if (c->gone_at <= now) {
		l2tp_conn_end(l2tp, c, c->gone_cause, false, "its SAs are gone", now);
	} else if (c->retry_at <= now && c->gone_at != LS_NEVER) {
		c->retry_at = c->gone_at; /* nothing can be sent just now */
	} else if (c->retry_at <= now && c->tries >= most) {
		l2tp_conn_end(l2tp, c, CAUSE_PEER_SILENT, false, "L2TP", now);
	} else if (c->retry_at <= now) {
		l2tp_conn_resend(l2tp, c, now);
	} else if (c->limit_at <= now) {
		l2tp_conn_end(l2tp, c, CAUSE_PEER_SILENT, false, "L2TP did not come up", now);
	}
	if (l2tp_hello_at(l2tp, c) <= now)
		l2tp_say_hello(l2tp, c, now);
}

/* Ends one call that nobody answered, though the connection lives; false when there is none. */
static bool call_give_up(struct l2tp *l2tp, ls_time now)
{
	ls_time first = LS_NEVER;

	for (struct session *s = l2tp->sessions; s; s = s->next) {
		struct conn *c = s->conn;

		if (s->state == SESSION_UP || s->state == SESSION_WAIT_CONN)
			continue;
		if (s->born + DIAL_LIMIT > now) {
			first = ls_time_min(first, s->born + DIAL_LIMIT);
			continue;
		}
		l2tp_say_cdn(l2tp, s, CDN_NO_ANSWER, now);
		l2tp_session_end(l2tp, s, CAUSE_PEER_SILENT, false, "no answer to the L2TP call");
		if (c->sessions == 0)
			l2tp_conn_stop(l2tp, c, STOP_GENERAL, CAUSE_PEER_SILENT, now);
		l2tp_timer_set(l2tp, c);
		return true;
	}
	l2tp->calls_at = first;
	return false;
}

void l2tp_tick(struct l2tp *l2tp, ls_time now)
{
	struct conn *c, *first = NULL, **last = &first;

	while (l2tp->calls_at <= now && call_give_up(l2tp, now))
		;
	/* Each gets one turn, also when it is due again at once. */
	while ((c = l2tp_timer_next(l2tp, now))) {
		c->due = NULL;
		*last = c;
		last = &c->due;
	}
	while ((c = first)) {
		first = c->due;
		if (c->state == CONN_DEAD) {
			conn_free(l2tp, c);
			continue;
		}
		conn_tick(l2tp, c, now);
		l2tp_timer_set(l2tp, c);
	}
}

static bool session_view(const struct session *s, struct l2tp_session_view *view)
{
	static const char *const conn_names[] = {"calling", "answering", "established", "stopping",
	                                         "closed"};
	static const char *const session_names[] = {"waiting", "calling", "answering",
	                                            "established"};

	if (!s)
		return false;
	*view = (struct l2tp_session_view){
		.tunnel = s->conn->tunnel,
		.chain = s->conn->chain,
		.connection = s->conn->id,
		.peer_connection = s->conn->peer_id,
		.session = s->id,
		.peer_session = s->peer_id,
		.connection_state = conn_names[s->conn->state],
		.session_state = session_names[s->state],
		.lac = s->lac,
		.born = s->born,
	};
	memcpy(view->peer_host_name, s->conn->peer_host, sizeof view->peer_host_name);
	return true;
}

bool l2tp_session_view(const struct l2tp *l2tp, size_t index, struct l2tp_session_view *view)
{
	const struct session *s = l2tp->sessions;

	while (s && index-- > 0)
		s = s->next;
	return session_view(s, view);
}

bool l2tp_session_view_of(const struct l2tp *l2tp, uint16_t session, struct l2tp_session_view *view)
{
	return session_view(l2tp->session_by_id[session], view);
}

const struct ls_counters *l2tp_counters(const struct l2tp *l2tp)
{
	return &l2tp->counters;
}
