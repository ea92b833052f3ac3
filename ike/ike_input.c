/* Datagrams: to whom they belong, whether they are authentic and new, and which exchange answers
 * them (RFC 7296 2.1-2.3, 2.21, 3.1). */
#include "ike/ike_auth.h"
#include "ike/ike_trace.h"

#include <stdlib.h>
#include <string.h>

enum { DOUBT_AFTER_S = 5, PROTOCOL_OFFSET = 5 };

/* A protected message, opened and whole. */
struct whole {
	uint8_t first;
	uint8_t *bytes; /* malloc'ed */
	size_t len;
};

static bool hash_is(struct ls_bytes message, const uint8_t right[32])
{
	uint8_t hash[CRYPTO_HASH_MAX];

	crypto_digest(CRYPTO_SHA256, &message, 1, hash);
	return memcmp(hash, right, 32) == 0;
}

/* Opens a datagram; true when a whole message is there. */
static bool open_message(struct ike_sa *sa, const struct ike_header *h, struct ls_bytes message,
                         struct ike_frag *frag, struct whole *out)
{
	struct ike *ike = sa->ike;
	struct ike_opened o;
	enum ls_cause cause = ike_open(&sa->keys, !sa->initiator, h, message, ike->open, &o);

	if (cause != CAUSE_NONE) {
		ike_count(ike, cause);
		return false;
	}
	if (o.number > 0) {
		if (sa->fragmentation && ike_frag_wanted(frag, h->id, o.number, o.total))
			return ike_frag_add(frag, h->id, &o, &out->bytes, &out->len, &out->first);
		ike_count(ike, CAUSE_IKE_FRAGMENT);
		return false;
	}
	out->bytes = malloc(o.plain.len ? o.plain.len : 1);
	if (!out->bytes) {
		ike_count(ike, CAUSE_NO_MEMORY);
		return false;
	}
	memcpy(out->bytes, o.plain.p, o.plain.len);
	out->len = o.plain.len;
	out->first = o.first;
	return true;
}

/* A request that has been answered comes again: its stored answer goes again, once for all its
 * fragments (RFC 7383 2.6.1). */
static void repeat_response(struct ike_sa *sa, const struct ike_datagram *d,
                            const struct ike_header *h, struct ls_bytes message)
{
	struct ike_opened o;
	bool same = hash_is(message, sa->request_hash);

	if (!same &&
	    (ike_open(&sa->keys, !sa->initiator, h, message, sa->ike->open, &o) != CAUSE_NONE ||
	     o.number > 1)) {
		ike_count(sa->ike, CAUSE_IKE_MESSAGE_ID);
		return;
	}
	ike_count(sa->ike, CAUSE_IKE_RETRANSMITTED);
	ike_trace_again(sa, h->exchange, true, h->id);
	sa->asked_local = d->local;
	sa->asked_remote = d->remote;
	ike_sa_send_response(sa);
}

/* A rekey of the IKE SA is a CREATE_CHILD_SA whose proposals are for IKE. */
static const struct ike_task_ops *child_ops(const struct ike_payloads *in)
{
	struct rd r = rd_make(in->sa.p, in->sa.len);

	rd_skip(&r, PROTOCOL_OFFSET);
	return rd_u8(&r) == IKE_PROTO_IKE ? &ike_ops_rekey : &ike_ops_child;
}

static const struct ike_task_ops *serving_ops(const struct ike_sa *sa, uint8_t exchange,
                                              const struct ike_payloads *in)
{
	if (exchange == IKE_X_AUTH)
		return !sa->initiator && ike_sa_half_open(sa) && !sa->refused ? &ike_ops_auth_answer
		                                                              : NULL;
	if (ike_sa_half_open(sa))
		return NULL;
	return exchange == IKE_X_CHILD  ? child_ops(in)
	       : exchange == IKE_X_INFO ? &ike_ops_info
	                                : NULL;
}

/* Status notifies that mean nothing to us are ignored (3.10.1), but not lost from sight. */
static void count_unknown(struct ike *ike, const struct ike_payloads *in)
{
	for (unsigned n = ike_notifies_unknown(in); n > 0; n--)
		ike_count(ike, CAUSE_IKE_UNKNOWN_NOTIFY);
}

/* The stand-in for exchanges that only get an error. */
static const struct ike_task_ops refusal[] = {{.name = "IKE_AUTH", .exchange = IKE_X_AUTH},
                                              {.name = "CREATE_CHILD_SA", .exchange = IKE_X_CHILD},
                                              {.name = "INFORMATIONAL", .exchange = IKE_X_INFO}};

static const struct ike_task_ops *refusal_ops(uint8_t exchange)
{
	for (size_t i = 0; i < sizeof refusal / sizeof refusal[0]; i++)
		if (refusal[i].exchange == exchange)
			return &refusal[i];
	return NULL;
}

static void serve(struct ike_sa *sa, const struct ike_header *h, struct ls_bytes message,
                  const struct whole *whole)
{
	struct rd r = rd_make(whole->bytes, whole->len);
	struct ike_task *t = ike_task_new(sa, &ike_ops_info);
	const struct ike_task_ops *ops;
	uint8_t hash[CRYPTO_HASH_MAX];
	enum ls_cause cause;
	bool authenticated = !ike_sa_half_open(sa);

	if (!t) {
		free(whole->bytes);
		return;
	}
	t->serving = true;
	t->id = h->id;
	t->in_bytes = whole->bytes;
	sa->serving = t;
	crypto_digest(CRYPTO_SHA256, &message, 1, hash);
	memcpy(sa->serving_hash, hash, sizeof sa->serving_hash);
	cause = ike_payloads_read(whole->first, &r, &t->in);
	count_unknown(sa->ike, &t->in);
	ops = cause == CAUSE_NONE ? serving_ops(sa, h->exchange, &t->in) : refusal_ops(h->exchange);
	if (!ops) {
		/* Of a kind or at a time that makes no sense: nobody who means well waits for the
		 * answer. */
		ike_count(sa->ike, CAUSE_IKE_UNEXPECTED);
		sa->serving = NULL;
		ike_task_drop(t);
		return;
	}
	t->ops = ops;
	if (cause == CAUSE_NONE) {
		ops->request(t);
		return;
	}
	if (cause == CAUSE_IKE_CRITICAL_PAYLOAD) {
		ike_count(sa->ike, cause);
		ike_task_respond_notify(t, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD,
		                        LS_BYTES(&t->in.critical, 1));
		return;
	}
	/* Authentic nonsense is fatal for both sides, without a Delete (2.21.3). */
	ike_task_respond_notify(t, IKE_N_INVALID_SYNTAX, LS_BYTES(NULL, 0));
	if (authenticated)
		ike_sa_linger(sa, CAUSE_IKE_SYNTAX, "its request");
}

static void receive_request(struct ike_sa *sa, const struct ike_datagram *d,
                            const struct ike_header *h, struct ls_bytes message)
{
	struct whole whole;

	if (sa->recv_id > 0 && h->id == sa->recv_id - 1) {
		repeat_response(sa, d, h, message);
		return;
	}
	if (h->id != sa->recv_id || sa->serving) {
		ike_count(sa->ike,
		          h->id == sa->recv_id ? CAUSE_IKE_RETRANSMITTED : CAUSE_IKE_MESSAGE_ID);
		return;
	}
	if (!open_message(sa, h, message, &sa->frag_requests, &whole))
		return;
	ike_sa_heard(sa, &d->local, &d->remote);
	sa->asked_local = d->local;
	sa->asked_remote = d->remote;
	ike_trace_sealed(sa, h, whole.first, LS_BYTES(whole.bytes, whole.len), false);
	serve(sa, h, message, &whole);
}

static void receive_response(struct ike_sa *sa, const struct ike_datagram *d,
                             const struct ike_header *h, struct ls_bytes message)
{
	struct ike_task *t = sa->active;
	struct whole whole;
	struct rd r;
	enum ls_cause cause;

	if (!t || !t->outstanding || t->id != h->id || t->exchange != h->exchange) {
		ike_count(sa->ike, CAUSE_IKE_MESSAGE_ID);
		return;
	}
	if (!open_message(sa, h, message, &sa->frag_responses, &whole))
		return;
	ike_sa_heard(sa, &d->local, &d->remote);
	ike_trace_sealed(sa, h, whole.first, LS_BYTES(whole.bytes, whole.len), false);
	free(t->in_bytes);
	t->in_bytes = whole.bytes;
	ike_task_answered(t);
	r = rd_make(whole.bytes, whole.len);
	cause = ike_payloads_read(whole.first, &r, &t->in);
	count_unknown(sa->ike, &t->in);
	if (cause == CAUSE_NONE)
		t->ops->response(t);
	else
		ike_sa_end(sa, cause, "its response");
}

/*
 * The answer to our request is that there is no such SA. A peer that began anew says so, and so may
 * somebody on the path, who sees our SPIs: the tries go on a while for a true answer, but not for
 * the minutes that a silent peer gets (2.4 leaves the time to us).
 */
static void disowned(struct ike_sa *sa, const struct ike_header *h, struct ls_bytes message)
{
	struct rd r = rd_make(message.p, message.len);
	struct ike_task *t = sa->active;
	struct ike_payloads in;

	if (!(h->flags & IKE_FLAG_RESPONSE) || !t || !t->outstanding || t->id != h->id ||
	    ike_sa_half_open(sa) || t->grace_until != LS_NEVER)
		return;
	rd_skip(&r, IKE_HEADER_SIZE);
	if (ike_payloads_read(h->next, &r, &in) == CAUSE_NONE &&
	    ike_notify_find(&in, IKE_N_INVALID_IKE_SPI))
		t->grace_until = ls_time_add(sa->ike->now, LS_S(IKE_LOST_S));
}

/* Nobody vouches for it: at most a reason to see whether the peer is still there, unless it shows
 * the token that the peer itself gave us. */
static void unprotected(struct ike_sa *sa, const struct ike_header *h, struct ls_bytes message)
{
	ike_count(sa->ike, CAUSE_IKE_UNPROTECTED);
	if (ike_qcd_shown(sa, h, message)) {
		/* Silently, as there is nobody to tell (RFC 6290 3). */
		ike_sa_end(sa, CAUSE_IKE_PEER_RESTARTED, "");
		return;
	}
	disowned(sa, h, message);
	if (sa->state == IKE_S_ESTABLISHED && sa->ike->now - sa->heard >= LS_S(DOUBT_AFTER_S))
		sa->doubt = true;
}

static void receive_protected(struct ike *ike, const struct ike_datagram *d,
                              const struct ike_header *h, struct ls_bytes message)
{
	bool from_initiator = h->flags & IKE_FLAG_INITIATOR,
	     response = h->flags & IKE_FLAG_RESPONSE;
	struct ike_sa *sa = ike_sa_by_spi(ike, from_initiator ? h->spi_r : h->spi_i);

	if (!sa || sa->initiator == from_initiator ||
	    ike_sa_peer_spi(sa) != (from_initiator ? h->spi_i : h->spi_r)) {
		if (!response && h->next == IKE_P_NOTIFY && h->exchange == IKE_X_INFO &&
		    ike_stray_heard(ike, d, h, message))
			return;
		ike_count(ike, CAUSE_IKE_UNKNOWN_SPI);
		if (!response && (h->next == IKE_P_SK || h->next == IKE_P_SKF))
			ike_qcd_disown(ike, d, h);
		return;
	}
	if (!sa->keys.all.bytes || (h->next != IKE_P_SK && h->next != IKE_P_SKF))
		unprotected(sa, h, message);
	else if (response)
		receive_response(sa, d, h, message);
	else
		receive_request(sa, d, h, message);
}

static void receive_init(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                         struct ls_bytes message)
{
	bool from_initiator = h->flags & IKE_FLAG_INITIATOR;
	struct ike_sa *sa;

	if (!(h->flags & IKE_FLAG_RESPONSE)) {
		if (from_initiator && h->spi_r == 0)
			ike_init_request(ike, d, h, message);
		else
			ike_count(ike, CAUSE_IKE_UNEXPECTED);
		return;
	}
	sa = ike_sa_by_spi(ike, h->spi_i);
	if (sa && sa->initiator && !from_initiator && h->id == 0)
		ike_init_response(sa, d, message);
	else
		ike_count(ike, CAUSE_IKE_UNKNOWN_SPI);
}

void ike_receive(struct ike *ike, const struct ike_datagram *d)
{
	size_t skip = d->marked ? IKE_MARKER_SIZE : 0;
	struct ls_bytes message;
	struct ike_header h;
	struct rd r;

	if (d->len < skip + IKE_HEADER_SIZE) {
		/* A keepalive is one byte, and proves nothing (RFC 3948 2.3). */
		if (d->len != 1)
			ike_count(ike, CAUSE_TRUNCATED);
		return;
	}
	message = LS_BYTES(d->bytes + skip, d->len - skip);
	r = rd_make(message.p, message.len);
	if (!ike_header_read(&r, &h) || h.length != message.len) {
		ike_count(ike, CAUSE_MALFORMED);
		return;
	}
	if (h.major != 2) {
		ike_count(ike, CAUSE_IKE_MAJOR_VERSION);
		if (h.major > 2 && !(h.flags & IKE_FLAG_RESPONSE))
			ike_reply_unprotected(ike, d, &h, IKE_N_INVALID_MAJOR_VERSION,
			                      LS_BYTES(NULL, 0), true);
		return;
	}
	if (h.exchange == IKE_X_INIT)
		receive_init(ike, d, &h, message);
	else
		receive_protected(ike, d, &h, message);
}
