/* The control connection and call state machines (RFC 2661 7.2, 7.4): what is said, and what
 * follows from what is heard. */
#include "l2tp/l2tp_engine.h"

#include "lib/crypto.h"

#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

enum { VERSION_1_0 = 0x0100, FRAMING_BOTH = 3, SPEED_BPS = 1000000000 };
/* Result codes of StopCCN and CDN (4.4.2). */
enum { RESULT_ERROR = 2, STOP_NOT_AUTHORIZED = 4, CDN_NO_RESOURCES = 4 };
/* General error codes, with result 2. */
enum { ERROR_NONE = 0, ERROR_UNKNOWN_AVP = 8 };

/* By it two of our own know each other (4.4.3). */
static const char vendor[] = "l2tpsec";

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
	l2tp_avp_optional(w, L2TP_AVP_VENDOR_NAME, vendor, sizeof vendor - 1);
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
	ls_random_fill(&l2tp->random, c->tie, sizeof c->tie);
	l2tp_avp_optional(&d.w, L2TP_AVP_TIE, c->tie, sizeof c->tie);
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
	s->born = now;
	l2tp->calls_at = ls_time_min(l2tp->calls_at, now + DIAL_LIMIT);
}

/* What a CDN or StopCCN says (4.4.2). */
struct verdict {
	uint16_t result, error;
	char text[48];
};

/* Refuses a call, also one that we gave no id: ours is then 0. */
static void cdn_send(struct l2tp *l2tp, struct conn *c, uint16_t ours, uint16_t peers,
                     const struct verdict *v, ls_time now)
{
	struct draft d;

	draft_begin(&d, L2TP_CDN);
	l2tp_avp_result(&d.w, v->result, v->error, v->text);
	l2tp_avp_u16(&d.w, L2TP_AVP_SESSION, ours);
	l2tp_conn_send(l2tp, c, peers, &d.w, now);
}

void l2tp_say_cdn(struct l2tp *l2tp, struct session *s, uint16_t result, ls_time now)
{
	const struct verdict v = {.result = result};

	cdn_send(l2tp, s->conn, s->id, s->peer_id, &v, now);
}

void l2tp_say_stop(struct l2tp *l2tp, struct conn *c, uint16_t result, ls_time now)
{
	struct verdict v = {.result = result};
	struct draft d;

	if (c->unknown) {
		v.error = ERROR_UNKNOWN_AVP;
		snprintf(v.text, sizeof v.text, "attribute %u", c->unknown_type);
	}
	draft_begin(&d, L2TP_STOPCCN);
	l2tp_avp_u16(&d.w, L2TP_AVP_CONNECTION, c->id);
	l2tp_avp_result(&d.w, v.result, v.error, v.text);
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
	c->own_kind = strcmp(in->vendor_name, vendor) == 0;
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

/* A challenge of ours on any connection, put to us by a peer that has no secret: the answer, which
 * differs only by the type of the message, would be its proof there. */
static bool challenge_is_ours(const struct l2tp *l2tp, const struct l2tp_in *in)
{
	for (const struct conn *c = l2tp->conns; c; c = c->next)
		if (in->challenge_len == sizeof c->challenge &&
		    memcmp(in->challenge, c->challenge, sizeof c->challenge) == 0)
			return true;
	return false;
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
	if (challenge_is_ours(l2tp, in)) {
		refuse(l2tp, c, STOP_NOT_AUTHORIZED, CAUSE_L2TP_AUTH, now);
		return;
	}
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
	if (challenge_is_ours(l2tp, in) || !proof_right(l2tp, c, in, L2TP_SCCRP)) {
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
		.own_kind = c->own_kind,
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
		cdn_send(l2tp, c, 0, in->assigned_session,
		         &(struct verdict){.result = CDN_NO_RESOURCES}, now);
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

/* The call that a message is about. A CDN may name only the peer's id of a call that we never
 * answered (6.12). */
static struct session *session_of(struct l2tp *l2tp, const struct conn *c, const struct l2tp_in *in)
{
	struct session *s = l2tp->session_by_id[in->session];

	if (s && s->conn == c)
		return s;
	if (in->type != L2TP_CDN || in->assigned_session == 0)
		return NULL;
	for (s = l2tp->sessions; s; s = s->next)
		if (s->conn == c && s->peer_id == in->assigned_session)
			return s;
	return NULL;
}

static void ended_text(const struct l2tp_in *in, char *text, size_t size)
{
	snprintf(text, size, "%s, result %u, error %u%s%s",
	         in->type == L2TP_CDN ? "CDN" : "StopCCN", in->result, in->error,
	         in->text[0] ? ": " : "", in->text);
}

static void hear_cdn(struct l2tp *l2tp, struct session *s, const struct l2tp_in *in)
{
	bool up = s->state == SESSION_UP;
	char text[128];

	ended_text(in, text, sizeof text);
	l2tp_session_end(l2tp, s, up ? CAUSE_PEER_ASKED : CAUSE_L2TP_REFUSED, true, text);
}

static void hear_stop(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	enum ls_cause cause = c->state == CONN_UP ? CAUSE_PEER_ASKED : CAUSE_L2TP_REFUSED;
	char text[128];

	if (cause == CAUSE_L2TP_REFUSED && in->result == STOP_NOT_AUTHORIZED)
		cause = CAUSE_L2TP_NOT_AUTHORIZED;
	ended_text(in, text, sizeof text);
	/* A caller learns it from the end of its call; the called one has none yet. */
	if (c->state == CONN_WAIT_CONNECT)
		l2tp_tell(l2tp, c, cause, text);
	l2tp_conn_end(l2tp, c, cause, true, text, now);
}

/* Messages of a call that exists. One that does not fit its state ends it (7.4). */
static void hear_session(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	struct session *s = session_of(l2tp, c, in);

	if (!s) {
		ls_count(&l2tp->counters, CAUSE_L2TP_UNEXPECTED);
		return;
	}
	if (in->type == L2TP_CDN)
		hear_cdn(l2tp, s, in);
	else if (in->type == L2TP_ICRP && s->state == SESSION_WAIT_REPLY &&
	         in->assigned_session != 0)
		hear_icrp(l2tp, s, in, now);
	else if (in->type == L2TP_ICCN && s->state == SESSION_WAIT_CONNECT)
		session_up(l2tp, s);
	else if (in->type == L2TP_ICRP || in->type == L2TP_ICCN) {
		l2tp_tell(l2tp, c, CAUSE_L2TP_UNEXPECTED, "a message of a call");
		l2tp_say_cdn(l2tp, s, RESULT_ERROR, now);
		l2tp_session_end(l2tp, s, CAUSE_L2TP_UNEXPECTED, false, "");
	}
}

/* Names the AVP that is unknown here: in a CDN for a call's message, else in a StopCCN (4.1). */
static void unknown_refuse(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	struct verdict v = {.result = RESULT_ERROR, .error = ERROR_UNKNOWN_AVP};
	struct session *s = in->session ? session_of(l2tp, c, in) : NULL;
	bool call = in->type >= L2TP_OCRQ && in->type <= L2TP_SLI;

	if (!call || c->state != CONN_UP) {
		c->unknown = true;
		c->unknown_type = in->unknown_type;
		refuse(l2tp, c, RESULT_ERROR, CAUSE_L2TP_MANDATORY_AVP, now);
		return;
	}
	snprintf(v.text, sizeof v.text, "attribute %u", in->unknown_type);
	l2tp_tell(l2tp, c, CAUSE_L2TP_MANDATORY_AVP, v.text);
	cdn_send(l2tp, c, s ? s->id : 0, s ? s->peer_id : in->assigned_session, &v, now);
	if (s)
		l2tp_session_end(l2tp, s, CAUSE_L2TP_MANDATORY_AVP, false, v.text);
}

/* What the states of a control connection expect (7.2): what has no row does not fit. */
struct conn_row {
	enum conn_state state;
	bool lac_only, lns_only;
	uint16_t type;
	void (*hear)(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now);
};

static void hear_hello(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	(void)l2tp;
	(void)c;
	(void)in;
	(void)now; /* the acknowledgement is the answer (6.5) */
}

/* Outgoing calls are not for a gateway (7.5). */
static void hear_ocrq(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	cdn_send(l2tp, c, 0, in->assigned_session, &(struct verdict){.result = CDN_NO_RESOURCES},
	         now);
}

static const struct conn_row conn_rows[] = {
	{CONN_WAIT_REPLY, false, true, L2TP_SCCRQ, hear_sccrq},
	{CONN_WAIT_REPLY, true, false, L2TP_SCCRP, hear_sccrp},
	{CONN_WAIT_CONNECT, false, true, L2TP_SCCCN, hear_scccn},
	{CONN_UP, false, false, L2TP_ICRQ, hear_icrq},
	{CONN_UP, false, false, L2TP_OCRQ, hear_ocrq},
	{CONN_UP, false, false, L2TP_ICRP, hear_session},
	{CONN_UP, false, false, L2TP_ICCN, hear_session},
	{CONN_UP, false, false, L2TP_CDN, hear_session},
	{CONN_UP, false, false, L2TP_WEN, hear_session},
	{CONN_UP, false, false, L2TP_SLI, hear_session},
	{CONN_UP, false, false, L2TP_HELLO, hear_hello},
	{CONN_WAIT_CONNECT, false, false, L2TP_HELLO, hear_hello},
};

/* Whether the message brings the ids that an answer needs. */
static bool ids_there(const struct l2tp_in *in)
{
	switch (in->type) {
	case L2TP_SCCRQ:
	case L2TP_SCCRP:
		return in->assigned_connection != 0;
	case L2TP_ICRQ:
	case L2TP_OCRQ:
		return in->assigned_session != 0;
	default:
		return true;
	}
}

void l2tp_hear(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now)
{
	if (in->type == L2TP_STOPCCN) {
		hear_stop(l2tp, c, in, now);
		return;
	}
	if (c->peer_id == 0)
		c->peer_id = in->assigned_connection; /* a refusal needs it */
	if (in->mandatory_unknown && in->type != L2TP_CDN) {
		unknown_refuse(l2tp, c, in, now);
		return;
	}
	for (size_t i = 0; i < sizeof conn_rows / sizeof conn_rows[0]; i++) {
		const struct conn_row *row = &conn_rows[i];

		if (row->state != c->state || row->type != in->type || (row->lac_only && !c->lac) ||
		    (row->lns_only && c->lac) || !ids_there(in))
			continue;
		row->hear(l2tp, c, in, now);
		return;
	}
	ls_count(&l2tp->counters, CAUSE_L2TP_UNEXPECTED);
}
