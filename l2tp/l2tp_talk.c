/* The control connection and call state machines (RFC 2661 7.2, 7.4): what is said, and what
 * follows from what is heard. */
#include "l2tp/l2tp_engine.h"

#include "lib/crypto.h"

#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

enum { VERSION_1_0 = 0x0100, FRAMING_BOTH = 3, SPEED_BPS = 1000000000 };
/* Result codes of StopCCN and CDN (4.4.2). */
enum { STOP_SHUT_DOWN = 6, STOP_ERROR = 2, STOP_NOT_AUTHORIZED = 4, CDN_ERROR = 2 };

struct draft {
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w;
};

static void draft_begin(struct draft *d, enum l2tp_type type)
{
	d->w = wr_make(d->bytes, sizeof d->bytes);
	l2tp_message_begin(&d->w, type);
}

/* CHAP's way (5.1.1): MD5 of the message type, the secret and the challenge. */
static void answer_make(enum l2tp_type type, const struct secret *secret, const uint8_t *challenge,
                        size_t len, uint8_t out[L2TP_RESPONSE_SIZE])
{
	uint8_t id = (uint8_t)type, digest[CRYPTO_HASH_MAX];
	struct ls_bytes parts[] = {LS_BYTES(&id, 1), LS_BYTES(secret->bytes, secret->len),
	                           LS_BYTES(challenge, len)};

	crypto_digest(CRYPTO_MD5, parts, 3, digest);
	memcpy(out, digest, L2TP_RESPONSE_SIZE);
}

static void ourselves(struct l2tp *l2tp, struct conn *c, const struct peer_entry *p, struct wr *w)
{
	l2tp_avp_u16(w, L2TP_AVP_VERSION, VERSION_1_0);
	l2tp_avp_u32(w, L2TP_AVP_FRAMING, FRAMING_BOTH);
	l2tp_avp_u32(w, L2TP_AVP_BEARER, 0);
	l2tp_avp_bytes(w, L2TP_AVP_HOST_NAME, p->config.host_name, strlen(p->config.host_name));
	l2tp_avp_u16(w, L2TP_AVP_CONNECTION, c->id);
	l2tp_avp_u16(w, L2TP_AVP_WINDOW, p->config.window ? p->config.window : WINDOW_DEFAULT);
	if (p->secret.len == 0)
		return;
	ls_random_fill(&l2tp->random, c->challenge, sizeof c->challenge);
	l2tp_avp_bytes(w, L2TP_AVP_CHALLENGE, c->challenge, sizeof c->challenge);
}

void l2tp_say_sccrq(struct l2tp *l2tp, struct conn *c, ls_time now)
{
	struct draft d;

	draft_begin(&d, L2TP_SCCRQ);
	ourselves(l2tp, c, l2tp_peer_find(l2tp, c->tunnel), &d.w);
	l2tp_conn_send(l2tp, c, 0, &d.w, now);
	l2tp_step(l2tp, c, "L2TP: calling");
}

void l2tp_say_icrq(struct l2tp *l2tp, struct session *s, ls_time now)
{
	struct draft d;

	draft_begin(&d, L2TP_ICRQ);
	l2tp_avp_u16(&d.w, L2TP_AVP_SESSION, s->id);
	l2tp_avp_u32(&d.w, L2TP_AVP_SERIAL, ++l2tp->serial);
	l2tp_conn_send(l2tp, s->conn, 0, &d.w, now);
	s->state = SESSION_WAIT_REPLY;
}

void l2tp_say_cdn(struct l2tp *l2tp, struct session *s, uint16_t result, ls_time now)
{
	struct draft d;

	draft_begin(&d, L2TP_CDN);
	l2tp_avp_result(&d.w, result, 0, "");
	l2tp_avp_u16(&d.w, L2TP_AVP_SESSION, s->id);
	l2tp_conn_send(l2tp, s->conn, s->peer_id, &d.w, now);
}

void l2tp_say_stop(struct l2tp *l2tp, struct conn *c, uint16_t result, ls_time now)
{
	struct draft d;

	draft_begin(&d, L2TP_STOPCCN);
	l2tp_avp_u16(&d.w, L2TP_AVP_CONNECTION, c->id);
	l2tp_avp_result(&d.w, result, 0, "");
	l2tp_conn_send(l2tp, c, 0, &d.w, now);
}

void l2tp_say_hello(struct l2tp *l2tp, struct conn *c, ls_time now)
{
	struct draft d;

	draft_begin(&d, L2TP_HELLO);
	l2tp_conn_send(l2tp, c, 0, &d.w, now);
}

static void peer_learn(struct conn *c, const struct l2tp_in *in)
{
	c->peer_id = in->assigned_connection;
	c->window = in->window ? in->window : WINDOW_UNTOLD;
	memcpy(c->peer_host, in->host_name, sizeof c->peer_host);
}

/* Whether the peer proved that it knows our secret; type: of the message that brought the proof. */
static bool proof_right(struct l2tp *l2tp, const struct conn *c, const struct l2tp_in *in,
                        enum l2tp_type type)
{
	const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);
	uint8_t want[L2TP_RESPONSE_SIZE];

	if (!p || p->secret.len == 0)
		return true;
	answer_make(type, &p->secret, c->challenge, sizeof c->challenge, want);
	return in->has_response && sodium_memcmp(want, in->response, sizeof want) == 0;
}

/* Prepares the answer to a challenge; false when there is no secret to answer with. */
static bool challenge_take(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in,
                           enum l2tp_type answer_in)
{
	const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);

	c->answer_due = in->challenge_len > 0;
	if (!c->answer_due)
		return true;
	if (!p || p->secret.len == 0)
		return false;
	answer_make(answer_in, &p->secret, in->challenge, in->challenge_len, c->answer);
	return true;
}

static void answer_add(struct conn *c, struct wr *w)
{
	if (c->answer_due)
		l2tp_avp_bytes(w, L2TP_AVP_RESPONSE, c->answer, sizeof c->answer);
	c->answer_due = false;
}

static void refuse(struct l2tp *l2tp, struct conn *c, uint16_t result, enum ls_cause cause,
                   ls_time now)
{
	l2tp_tell(l2tp, c, cause, c->peer_host);
	l2tp_conn_stop(l2tp, c, result, cause, now);
}

static void hear_sccrq(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	struct draft d;

	peer_learn(c, in);
	if (!challenge_take(l2tp, c, in, L2TP_SCCRP)) {
		refuse(l2tp, c, STOP_NOT_AUTHORIZED, CAUSE_L2TP_NO_SECRET, now);
		return;
	}
	draft_begin(&d, L2TP_SCCRP);
	ourselves(l2tp, c, l2tp_peer_find(l2tp, c->tunnel), &d.w);
	answer_add(c, &d.w);
	l2tp_conn_send(l2tp, c, 0, &d.w, now);
	c->state = CONN_WAIT_CONNECT;
}

static void connection_up(struct l2tp *l2tp, struct conn *c, ls_time now)
{
	char text[L2TP_NAME_MAX + 64];

	c->state = CONN_UP;
	c->limit_at = LS_NEVER;
	snprintf(text, sizeof text, "L2TP connection %u with %s", c->id, c->peer_host);
	l2tp_step(l2tp, c, text);
	for (struct session *s = l2tp->sessions; s; s = s->next)
		if (s->conn == c && s->state == SESSION_WAIT_CONN)
			l2tp_say_icrq(l2tp, s, now);
}

static void hear_sccrp(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	struct draft d;

	peer_learn(c, in);
	if (!proof_right(l2tp, c, in, L2TP_SCCRP)) {
		refuse(l2tp, c, STOP_NOT_AUTHORIZED, CAUSE_L2TP_AUTH, now);
		return;
	}
	if (!challenge_take(l2tp, c, in, L2TP_SCCCN)) {
		refuse(l2tp, c, STOP_NOT_AUTHORIZED, CAUSE_L2TP_NO_SECRET, now);
		return;
	}
	draft_begin(&d, L2TP_SCCCN);
	answer_add(c, &d.w);
	l2tp_conn_send(l2tp, c, 0, &d.w, now);
	connection_up(l2tp, c, now);
}

static void hear_scccn(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	if (!proof_right(l2tp, c, in, L2TP_SCCCN))
		refuse(l2tp, c, STOP_NOT_AUTHORIZED, CAUSE_L2TP_AUTH, now);
	else
		connection_up(l2tp, c, now);
}

static void session_up(struct l2tp *l2tp, struct session *s)
{
	const struct conn *c = s->conn;
	const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);
	struct l2tp_request *r = l2tp_request_add(l2tp, L2TP_REQ_SESSION_UP, c->tunnel, c->chain);

	s->state = SESSION_UP;
	if (!r)
		return;
	r->session = s->id;
	r->connection = c->id;
	r->data = (struct l2tp_data){
		.session = s->id,
		.peer_session = s->peer_id,
		.connection = c->id,
		.peer_connection = c->peer_id,
		.sequencing = p && p->config.sequencing,
		.length_bit = p && p->config.length_bit,
		.lac = s->lac,
	};
}

/* A call comes in: we are the LNS. */
static void hear_icrq(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);
	unsigned most = p && p->config.max_sessions ? p->config.max_sessions : 16;
	struct session *s = c->sessions < most ? l2tp_session_new(l2tp, c, false, now) : NULL;
	struct draft d;

	if (!s) {
		l2tp_tell(l2tp, c, CAUSE_LIMIT_REACHED, "L2TP sessions");
		draft_begin(&d, L2TP_CDN);
		l2tp_avp_result(&d.w, 4, 0, ""); /* no resources now */
		l2tp_avp_u16(&d.w, L2TP_AVP_SESSION, 0);
		l2tp_conn_send(l2tp, c, in->assigned_session, &d.w, now);
		return;
	}
	s->peer_id = in->assigned_session;
	s->state = SESSION_WAIT_CONNECT;
	draft_begin(&d, L2TP_ICRP);
	l2tp_avp_u16(&d.w, L2TP_AVP_SESSION, s->id);
	l2tp_conn_send(l2tp, c, s->peer_id, &d.w, now);
}

static void hear_icrp(struct l2tp *l2tp, struct session *s, const struct l2tp_in *in, ls_time now)
{
	struct draft d;

	s->peer_id = in->assigned_session;
	draft_begin(&d, L2TP_ICCN);
	l2tp_avp_u32(&d.w, L2TP_AVP_SPEED, SPEED_BPS);
	l2tp_avp_u32(&d.w, L2TP_AVP_FRAMING_TYPE, 1);
	l2tp_conn_send(l2tp, s->conn, s->peer_id, &d.w, now);
	session_up(l2tp, s);
}

/* Messages of a call. A CDN may name only the peer's id of a call that we never answered (6.12). */
static void hear_session(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	struct session *s = l2tp->session_by_id[in->session];

	if (!s || s->conn != c) {
		s = NULL;
		for (struct session *o = l2tp->sessions; in->type == L2TP_CDN && o; o = o->next)
			if (o->conn == c && o->peer_id != 0 && o->peer_id == in->assigned_session)
				s = o;
	}
	if (!s) {
		ls_count(&l2tp->counters, CAUSE_L2TP_UNEXPECTED);
		return;
	}
	if (in->type == L2TP_CDN)
		l2tp_session_end(l2tp, s,
		                 s->state == SESSION_UP ? CAUSE_PEER_ASKED : CAUSE_L2TP_REFUSED,
		                 true, in->text);
	else if (in->type == L2TP_ICRP && s->state == SESSION_WAIT_REPLY &&
	         in->assigned_session != 0)
		hear_icrp(l2tp, s, in, now);
	else if (in->type == L2TP_ICCN && s->state == SESSION_WAIT_CONNECT)
		session_up(l2tp, s);
	else
		ls_count(&l2tp->counters, CAUSE_L2TP_UNEXPECTED);
}

void l2tp_hear(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	if (in->mandatory_unknown && in->type != L2TP_STOPCCN && in->type != L2TP_CDN) {
		refuse(l2tp, c, STOP_ERROR, CAUSE_L2TP_MANDATORY_AVP, now);
		return;
	}
	switch (in->type) {
	case L2TP_SCCRQ:
		if (c->state == CONN_WAIT_REPLY && !c->lac && in->assigned_connection != 0)
			hear_sccrq(l2tp, c, in, now);
		return;
	case L2TP_SCCRP:
		if (c->state == CONN_WAIT_REPLY && c->lac && in->assigned_connection != 0)
			hear_sccrp(l2tp, c, in, now);
		return;
	case L2TP_SCCCN:
		if (c->state == CONN_WAIT_CONNECT)
			hear_scccn(l2tp, c, in, now);
		return;
	case L2TP_STOPCCN:
		l2tp_conn_end(l2tp, c, c->state == CONN_UP ? CAUSE_PEER_ASKED : CAUSE_L2TP_REFUSED,
		              true, in->text, now);
		return;
	case L2TP_HELLO:
		return; /* the acknowledgement is the answer */
	case L2TP_ICRQ:
		if (c->state == CONN_UP && in->assigned_session != 0)
			hear_icrq(l2tp, c, in, now);
		return;
	case L2TP_ICRP:
	case L2TP_ICCN:
	case L2TP_CDN:
		hear_session(l2tp, c, in, now);
		return;
	default:
		ls_count(&l2tp->counters, CAUSE_L2TP_UNEXPECTED);
	}
}
