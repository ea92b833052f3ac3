/* Exchanges: their queue, the window of one, retransmission, and the stored response (RFC
 * 7296 2.1-2.4). */
#include "ike/ike_sa.h"

#include "ike/ike_deal.h"
#include "ike/ike_trace.h"

#include <stdlib.h>
#include <string.h>

enum { IP4_UDP = 28, IP6_UDP = 48, FRAGMENT_MIN = 128, SMALL_AFTER_TRIES = 2, JITTER_PART = 10 };

struct ike_task *ike_task_new(struct ike_sa *sa, const struct ike_task_ops *ops)
{
	struct ike_task *t = calloc(1, sizeof *t);

	if (!t) {
		ike_count(sa->ike, CAUSE_NO_MEMORY);
		return NULL;
	}
	t->ops = ops;
	t->sa = sa;
	t->resend_at = t->question_until = t->grace_until = LS_NEVER;
	return t;
}

static void task_free(struct ike_task *t)
{
	ike_packets_free(&t->packets);
	ike_deal_free(t->deal);
	ike_bytes_free(&t->plain);
	ike_bytes_free(&t->cookie);
	ike_bytes_free(&t->auth);
	ike_bytes_free(&t->auth_plain);
	free(t->in_bytes);
	free(t);
}

/* Its functions may still be running: it is freed when the public call returns. */
static void bury(struct ike_task *t)
{
	if (t->over)
		return;
	t->over = true;
	t->next = t->sa->ike->buried;
	t->sa->ike->buried = t;
	t->asking = IKE_Q_NONE;
	t->outstanding = false;
}

void ike_task_drop(struct ike_task *t)
{
	bury(t);
}

void ike_tasks_unbury(struct ike *ike)
{
	while (ike->buried) {
		struct ike_task *t = ike->buried;

		ike->buried = t->next;
		task_free(t);
	}
}

static void task_fail(struct ike_task *t, enum ls_cause cause)
{
	if (t->ops->failed)
		t->ops->failed(t, cause);
	bury(t);
}

void ike_tasks_free(struct ike_sa *sa, enum ls_cause cause)
{
	struct ike_task *active = sa->active, *serving = sa->serving;

	sa->active = sa->serving = NULL;
	if (active)
		task_fail(active, cause);
	if (serving)
		task_fail(serving, cause);
	while (sa->queue) {
		struct ike_task *t = sa->queue;

		sa->queue = t->next;
		task_fail(t, cause);
	}
}

static void tasks_next(struct ike_sa *sa)
{
	struct ike_task *t = sa->queue;

	if (sa->active || !t || sa->state == IKE_S_DEAD)
		return;
	sa->queue = t->next;
	t->next = NULL;
	sa->active = t;
	t->ops->begin(t);
}

void ike_task_queue(struct ike_task *t)
{
	struct ike_task **at = &t->sa->queue;

	while (*at)
		at = &(*at)->next;
	*at = t;
	tasks_next(t->sa);
}

void ike_task_queue_once(struct ike_sa *sa, const struct ike_task_ops *ops)
{
	struct ike_task *t = sa->queue;

	while (t && t->ops != ops)
		t = t->next;
	if (t)
		return;
	t = ike_task_new(sa, ops);
	if (t)
		ike_task_queue(t);
}

struct ike_build ike_task_build(struct ike_task *t)
{
	return ike_build_make(t->sa->ike->plain, sizeof t->sa->ike->plain);
}

struct ike_header ike_sa_header(const struct ike_sa *sa, uint8_t exchange, bool response,
                                uint32_t id)
{
	return (struct ike_header){
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.major = 2,
		.exchange = exchange,
		.flags = (uint8_t)((sa->initiator ? IKE_FLAG_INITIATOR : 0) |
	                           (response ? IKE_FLAG_RESPONSE : 0)),
		.id = id,
	};
}

/* The largest datagram without IP, UDP and marker that fits the fragment size; 0: do not cut. */
static size_t fragment_room(const struct ike_sa *sa)
{
	size_t around = sa->remote.family == 6 ? IP6_UDP : IP4_UDP;

	if (!sa->fragmentation)
		return 0;
	if (sa->local.port == IKE_PORT_NAT)
		around += IKE_MARKER_SIZE;
	return sa->fragment_size > around + FRAGMENT_MIN ? sa->fragment_size - around
	                                                 : FRAGMENT_MIN;
}

bool ike_sa_seal(struct ike_sa *sa, const struct ike_header *h, struct ike_build *b,
                 struct ike_packets *packets)
{
	struct ike_sealer s = {.keys = &sa->keys,
	                       .of_initiator = sa->initiator,
	                       .iv_counter = &sa->iv_counter,
	                       .random = &sa->ike->random};

	ike_build_end(b);
	if (!wr_ok(&b->w))
		return false;
	return ike_seal(&s, h, b->first, LS_BYTES(b->w.p, b->w.len), fragment_room(sa), packets);
}

void ike_sa_send_packets(struct ike_sa *sa, const struct ike_packets *packets)
{
	struct rd r = rd_make(packets->bytes, packets->len);
	struct ls_bytes one;

	while (ike_packets_next(&r, &one))
		ike_queue_send(sa->ike, &sa->local, &sa->remote, one, sa->tunnel);
	sa->keepalive_at = ls_time_add(sa->ike->now, LS_S(IKE_KEEPALIVE_S));
}

void ike_sa_send_response(struct ike_sa *sa)
{
	struct rd r = rd_make(sa->response.bytes, sa->response.len);
	struct ls_bytes one;

	if (!sa->mobike || sa->asked_remote.family == 0) {
		ike_sa_send_packets(sa, &sa->response);
		return;
	}
	while (ike_packets_next(&r, &one))
		ike_queue_send(sa->ike, &sa->asked_local, &sa->asked_remote, one, sa->tunnel);
}

static unsigned tries_most(const struct ike_task *t)
{
	const struct ike_peer_entry *p = t->sa->peer;
	unsigned tries = p ? p->config.retry_count : IKE_DEFAULT_TRIES, addresses = 0, later = 0;

	if (t->ops == &ike_ops_close && tries > IKE_CLOSE_TRIES)
		return IKE_CLOSE_TRIES;
	if (t->ops != &ike_ops_init || !p)
		return tries;
	addresses = later = t->sa->redirect.to.type != IKE_GATEWAY_NONE;
	for (unsigned i = 0; i < IKE_PEER_ADDRESSES_MAX; i++) {
		bool there = p->config.remote[i].family != 0;

		addresses += there;
		later += there && i > t->sa->address_index;
	}
	if (later > 0 && t->sa->hint != LS_UNREACH_NONE && tries > IKE_HINT_TRIES)
		return IKE_HINT_TRIES;
	return addresses > 1 && tries > IKE_TRIES_PER_ADDRESS ? IKE_TRIES_PER_ADDRESS : tries;
}

static void resend_schedule(struct ike_task *t)
{
	const struct ike_peer_entry *p = t->sa->peer;
	ls_time delay = LS_MS(p ? p->config.retry_first_ms : IKE_DEFAULT_RETRY_MS);

	for (unsigned i = 1; i < t->tries && delay < LS_S(IKE_RETRY_MOST_S); i++)
		delay *= 2;
	if (delay > LS_S(IKE_RETRY_MOST_S))
		delay = LS_S(IKE_RETRY_MOST_S);
	delay += ls_random_below(&t->sa->ike->random, (uint32_t)(delay / JITTER_PART));
	t->resend_at = ls_time_add(t->sa->ike->now, delay);
}

static void task_sent(struct ike_task *t)
{
	t->outstanding = true;
	t->tries = 1;
	resend_schedule(t);
	ike_sa_send_packets(t->sa, &t->packets);
}

void ike_task_send_raw(struct ike_task *t, struct ls_bytes message)
{
	if (t->over)
		return;
	ike_packets_free(&t->packets);
	t->id = t->sa->send_id;
	t->exchange = t->ops->exchange;
	if (!ike_packets_add(&t->packets, message.p, message.len)) {
		ike_sa_end(t->sa, CAUSE_NO_MEMORY, "");
		return;
	}
	ike_trace_open(t->sa->ike, t->sa->tunnel, &t->sa->local, &t->sa->remote, message, true);
	task_sent(t);
}

void ike_task_send(struct ike_task *t, struct ike_build *b)
{
	struct ike_sa *sa = t->sa;
	struct ike_header h = ike_sa_header(sa, t->ops->exchange, false, sa->send_id);

	if (t->over)
		return;
	/* The last id is never used, so that there is no next one. */
	if (sa->send_id == UINT32_MAX) {
		ike_sa_end(sa, CAUSE_IKE_MESSAGE_IDS, "");
		return;
	}
	t->id = sa->send_id;
	t->exchange = t->ops->exchange;
	ike_packets_free(&t->packets);
	if (!ike_sa_seal(sa, &h, b, &t->packets)) {
		ike_sa_end(sa, CAUSE_INTERNAL, "a request could not be built");
		return;
	}
	ike_trace_sealed(sa, &h, b->first, LS_BYTES(b->w.p, b->w.len), true);
	t->plain_first = b->first;
	if (sa->fragmentation && sa->fragment_size > IKE_SMALL_FRAGMENT)
		ike_bytes_set(&t->plain, b->w.p, b->w.len);
	task_sent(t);
}

/* Nobody answers large messages: perhaps smaller ones get through (RFC 7383 2.5.2). */
static void cut_smaller(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_header h = ike_sa_header(sa, t->exchange, false, t->id);
	struct ike_packets smaller;
	struct ike_build b = {.w = {.p = (uint8_t *)(uintptr_t)t->plain.p,
	                            .cap = t->plain.len,
	                            .len = t->plain.len},
	                      .first = t->plain_first,
	                      .begun = SIZE_MAX,
	                      .last = SIZE_MAX};
	uint16_t size = sa->fragment_size;

	if (t->tries != SMALL_AFTER_TRIES + 1 || !t->plain.p || size <= IKE_SMALL_FRAGMENT)
		return;
	sa->fragment_size = IKE_SMALL_FRAGMENT;
	if (!ike_sa_seal(sa, &h, &b, &smaller) || smaller.count <= t->packets.count) {
		ike_packets_free(&smaller);
		sa->fragment_size = size;
		return;
	}
	ike_packets_free(&t->packets);
	t->packets = smaller;
}

void ike_task_answered(struct ike_task *t)
{
	t->outstanding = false;
	t->resend_at = LS_NEVER;
	t->sa->send_id++;
}

void ike_task_done(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;

	if (sa->active == t)
		sa->active = NULL;
	bury(t);
	tasks_next(sa);
}

void ike_task_respond(struct ike_task *t, struct ike_build *b)
{
	struct ike_sa *sa = t->sa;
	struct ike_header h = ike_sa_header(sa, t->ops->exchange, true, t->id);
	struct ike_packets packets;

	if (t->over)
		return;
	if (!ike_sa_seal(sa, &h, b, &packets)) {
		ike_sa_end(sa, CAUSE_INTERNAL, "a response could not be built");
		return;
	}
	ike_trace_sealed(sa, &h, b->first, LS_BYTES(b->w.p, b->w.len), true);
	ike_packets_free(&sa->response);
	sa->response = packets;
	memcpy(sa->request_hash, sa->serving_hash, sizeof sa->request_hash);
	sa->recv_id++;
	sa->serving = NULL;
	ike_sa_send_response(sa);
	bury(t);
	if (sa->recv_id == 0)
		ike_sa_end(sa, CAUSE_IKE_MESSAGE_IDS, "");
}

void ike_task_respond_notify(struct ike_task *t, uint16_t type, struct ls_bytes data)
{
	struct ike_build b = ike_task_build(t);

	ike_build_notify(&b, IKE_PROTO_NONE, type, LS_BYTES(NULL, 0), data);
	ike_task_respond(t, &b);
}

void ike_task_detach(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;

	if (t->ops->failed)
		t->ops->failed(t, sa->why);
	t->asking = IKE_Q_NONE;
	t->question_until = LS_NEVER;
	if (t->outstanding) {
		t->ops = &ike_ops_resume;
		return;
	}
	if (sa->active == t)
		sa->active = NULL;
	bury(t);
}

/* The peer has not answered any of the tries. */
static void gave_up(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	char text[LS_EVENT_TEXT_MAX];

	if (t->ops == &ike_ops_init) {
		ike_init_unanswered(t);
		return;
	}
	ike_hint_text(sa,
	              sa->state == IKE_S_AUTH ? "it answered IKE_SA_INIT, but not IKE_AUTH: is UDP "
	                                        "4500 open, are fragments dropped?"
	                                      : "",
	              text, sizeof text);
	if (sa->state == IKE_S_DELETING || sa->state == IKE_S_REKEYED)
		ike_sa_end(sa, sa->why, "");
	else
		ike_sa_end(sa, sa->state == IKE_S_AUTH ? CAUSE_IKE_NO_ANSWER : CAUSE_PEER_SILENT,
		           text);
}

void ike_task_tick(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	ls_time now = sa->ike->now;

	if (t->asking != IKE_Q_NONE && now >= t->question_until) {
		ike_sa_end_telling(sa, CAUSE_IKE_SILENT_INSIDE,
		                   t->asking == IKE_Q_SPI || t->asking == IKE_Q_INSTALL
		                           ? "the packet path"
		                   : t->asking == IKE_Q_GATEWAY ? "the resolver of names"
		                                                : "the keeper of the keys",
		                   0);
		return;
	}
	if (!t->outstanding)
		return;
	if (now >= t->grace_until) {
		gave_up(t);
		return;
	}
	if (now < t->resend_at)
		return;
	if (t->tries >= tries_most(t)) {
		gave_up(t);
		return;
	}
	t->tries++;
	cut_smaller(t);
	ike_count(sa->ike, CAUSE_IKE_RETRANSMIT);
	resend_schedule(t);
	ike_trace_again(sa, t->exchange, false, t->id);
	ike_sa_send_packets(sa, &t->packets);
}

ls_time ike_task_due(const struct ike_task *t)
{
	if (!t)
		return LS_NEVER;
	return ls_time_min(ls_time_min(t->resend_at, t->question_until),
	                   t->outstanding ? t->grace_until : LS_NEVER);
}
