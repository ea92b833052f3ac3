/* Requests to the owner, and the reliable delivery of control messages (RFC 2661 5.8, appendix A).
 */
#include "l2tp/l2tp_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct l2tp_request *l2tp_request_add(struct l2tp *l2tp, enum l2tp_request_kind kind,
                                      uint32_t tunnel, uint32_t chain)
{
	struct queued *q = l2tp->requests < REQUESTS_MAX ? calloc(1, sizeof *q) : NULL;

	if (!q) {
		ls_count(&l2tp->counters, CAUSE_NO_MEMORY);
		return NULL;
	}
	q->r.kind = kind;
	q->r.tunnel = tunnel;
	q->r.chain = chain;
	*l2tp->last = q;
	l2tp->last = &q->next;
	l2tp->requests++;
	return &q->r;
}

bool l2tp_next(struct l2tp *l2tp, struct l2tp_request *request)
{
	struct queued *q = l2tp->first;

	free(l2tp->handed);
	l2tp->handed = NULL;
	if (!q)
		return false;
	l2tp->first = q->next;
	if (!l2tp->first)
		l2tp->last = &l2tp->first;
	l2tp->requests--;
	*request = q->r;
	l2tp->handed = q->bytes;
	free(q);
	return true;
}

void l2tp_tell(struct l2tp *l2tp, const struct conn *c, enum ls_cause cause, const char *text)
{
	struct l2tp_request *r = l2tp_request_add(l2tp, L2TP_REQ_EVENT, c->tunnel, c->chain);

	ls_count(&l2tp->counters, cause);
	if (!r)
		return;
	r->event.cause = cause;
	r->event.tunnel = c->tunnel;
	snprintf(r->event.text, sizeof r->event.text, "%s", text);
}

void l2tp_step(struct l2tp *l2tp, const struct conn *c, const char *text)
{
	struct l2tp_request *r = l2tp_request_add(l2tp, L2TP_REQ_PROGRESS, c->tunnel, c->chain);

	if (r)
		snprintf(r->event.text, sizeof r->event.text, "%s", text);
}

/* A copy goes to the owner: the message itself stays until it is acknowledged. */
static void bytes_out(struct l2tp *l2tp, const struct conn *c, const uint8_t *bytes, size_t len)
{
	struct l2tp_request *r = l2tp_request_add(l2tp, L2TP_REQ_SEND, c->tunnel, c->chain);
	struct queued *q = (struct queued *)(void *)r;

	_Static_assert(offsetof(struct queued, r) == 0, "the request comes first");
	if (!r)
		return;
	q->bytes = malloc(len);
	if (!q->bytes) {
		q->r.kind = L2TP_REQ_PROGRESS;
		return;
	}
	memcpy(q->bytes, bytes, len);
	r->connection = c->id;
	r->bytes = LS_BYTES(q->bytes, len);
}

static void message_out(struct l2tp *l2tp, struct conn *c, struct message *m)
{
	l2tp_message_stamp(m->bytes, m->len, c->peer_id, m->session, m->ns, c->nr);
	c->ack_due = false;
	bytes_out(l2tp, c, m->bytes, m->len);
}

void l2tp_conn_ack(struct l2tp *l2tp, struct conn *c)
{
	uint8_t zlb[L2TP_HEADER_SIZE];

	l2tp_message_stamp(zlb, sizeof zlb, c->peer_id, 0, c->ns_sent, c->nr);
	c->ack_due = false;
	bytes_out(l2tp, c, zlb, sizeof zlb);
}

static ls_time retry_after(struct l2tp *l2tp, const struct conn *c)
{
	const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);
	ls_time wait = LS_MS(p && p->config.retry_first_ms ? p->config.retry_first_ms : 1000);

	if (c->probing)
		return PROBE_EVERY;
	for (unsigned i = 0; i < c->tries && wait < RETRY_MOST; i++)
		wait *= 2;
	return wait < RETRY_MOST ? wait : RETRY_MOST;
}

/* Lets go what the peer's window and the congestion window allow (5.8). */
static void window_use(struct l2tp *l2tp, struct conn *c, ls_time now)
{
	unsigned room = c->cwnd < c->window ? c->cwnd : c->window, under_way = 0;

	for (struct message *m = c->queue; m && under_way < room; m = m->next, under_way++) {
		if ((int16_t)(uint16_t)(m->ns - c->ns_sent) < 0)
			continue;
		message_out(l2tp, c, m);
		c->ns_sent = (uint16_t)(m->ns + 1);
		if (c->retry_at == LS_NEVER)
			c->retry_at = now + retry_after(l2tp, c);
	}
}

static void message_queue(struct l2tp *l2tp, struct conn *c, uint16_t peer_session,
                          const struct wr *w, ls_time now)
{
	struct message *m = wr_ok(w) && c->queued < QUEUE_MAX ? malloc(sizeof *m + w->len) : NULL;

	if (!m) {
		ls_count(&l2tp->counters, CAUSE_NO_MEMORY);
		return;
	}
	m->next = NULL;
	m->session = peer_session;
	m->ns = c->ns_next++;
	m->len = w->len;
	memcpy(m->bytes, w->p, w->len);
	*c->queue_end = m;
	c->queue_end = &m->next;
	c->queued++;
	window_use(l2tp, c, now);
}

void l2tp_conn_send(struct l2tp *l2tp, struct conn *c, uint16_t peer_session, const struct wr *w,
                    ls_time now)
{
	const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);
	uint8_t bytes[L2TP_MESSAGE_MAX], vector[L2TP_VECTOR_SIZE];
	struct wr veiled = wr_make(bytes, sizeof bytes);

	if (!p || !p->config.hide_avps || p->secret.len == 0 || !wr_ok(w)) {
		message_queue(l2tp, c, peer_session, w, now);
		return;
	}
	ls_random_fill(&l2tp->random, vector, sizeof vector);
	l2tp_message_hide(&veiled, LS_BYTES(w->p, w->len), LS_BYTES(p->secret.bytes, p->secret.len),
	                  LS_BYTES(vector, sizeof vector));
	message_queue(l2tp, c, peer_session, &veiled, now);
}

void l2tp_conn_acked(struct l2tp *l2tp, struct conn *c, uint16_t nr, ls_time now)
{
	bool any = false;

	while (c->queue && (int16_t)(uint16_t)(nr - c->queue->ns) > 0 &&
	       (int16_t)(uint16_t)(c->ns_sent - c->queue->ns) > 0) {
		struct message *m = c->queue;

		c->queue = m->next;
		if (!c->queue)
			c->queue_end = &c->queue;
		c->queued--;
		free(m);
		any = true;
		/* Slow start, then one more for each full window (appendix A). */
		if (c->cwnd < c->ssthresh || ++c->acked >= c->cwnd) {
			c->cwnd += c->cwnd < c->window;
			c->acked = 0;
		}
	}
	if (!any)
		return;
	c->tries = 0;
	c->probing = false;
	c->retry_at = LS_NEVER;
	if (c->queue && c->queue->ns != c->ns_sent)
		c->retry_at = now + retry_after(l2tp, c);
	window_use(l2tp, c, now);
}

void l2tp_conn_resend(struct l2tp *l2tp, struct conn *c, ls_time now)
{
	c->tries++;
	c->ssthresh = c->cwnd > 2 ? c->cwnd / 2 : 1;
	c->cwnd = 1;
	c->acked = 0;
	if (c->queue)
		message_out(l2tp, c, c->queue);
	c->retry_at = now + retry_after(l2tp, c);
}

void l2tp_conn_queue_free(struct conn *c)
{
	while (c->queue) {
		struct message *m = c->queue;

		c->queue = m->next;
		free(m);
	}
	c->queue_end = &c->queue;
	c->queued = 0;
	c->retry_at = LS_NEVER;
}
