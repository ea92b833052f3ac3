/* CREATE_CHILD_SA for CHILD SAs: new chains and successors, as both sides, with their collisions
 * (RFC 7296 1.3, 2.8, 2.25.1). */
#include "ike/ike_deal.h"

#include "ike/ike_names.h"

#include <string.h>

enum { SPI_SIZE = 4, AGAIN_MIN_MS = 3000, AGAIN_SPREAD_MS = 4000, FAILED_AGAIN_S = 30 };
/* A line whose pair is used up stands still meanwhile. */
enum { USED_UP_AGAIN_MS = 250 };

static struct ike_child *old_of(const struct ike_task *t)
{
	return t->deal->old_spi_in ? ike_child_in(t->sa, t->deal->old_spi_in) : NULL;
}

/* Whether the pair that was to be succeeded still needs a successor of ours. */
static bool old_needs(const struct ike_task *t)
{
	const struct ike_child *old = old_of(t);

	return t->deal->old_spi_in == 0 || (old && !old->replaced && !old->deleting);
}

static struct ike_task *rekey_task(const struct ike_sa *sa, uint32_t old_spi_in)
{
	struct ike_task *t = sa->active;

	if (t && t->ops == &ike_ops_child && t->deal->old_spi_in == old_spi_in)
		return t;
	for (t = sa->queue; t; t = t->next)
		if (t->ops == &ike_ops_child && t->deal->old_spi_in == old_spi_in)
			return t;
	return NULL;
}

static struct ike_task *child_task(struct ike_sa *sa, uint32_t old_spi_in, uint32_t chain)
{
	struct ike_task *t = ike_task_new(sa, &ike_ops_child);

	if (!t)
		return NULL;
	t->deal = ike_deal_new(true, false);
	if (!t->deal) {
		ike_task_drop(t);
		return NULL;
	}
	t->deal->old_spi_in = old_spi_in;
	t->deal->chain = chain;
	return t;
}

void ike_child_rekey(struct ike_sa *sa, struct ike_child *c)
{
	struct ike_task *t;

	if (sa->state != IKE_S_ESTABLISHED || !sa->peer || c->replaced || c->deleting ||
	    rekey_task(sa, c->spi_in))
		return;
	c->rekey_at = LS_NEVER;
	t = child_task(sa, c->spi_in, c->chain);
	if (t)
		ike_task_queue(t);
}

bool ike_child_succession(const struct ike_sa *sa, const struct ike_child *c)
{
	const struct ike_task *t = sa->serving;

	return rekey_task(sa, c->spi_in) ||
	       (t && t->ops == &ike_ops_child && t->deal && t->deal->old_spi_in == c->spi_in);
}

static ls_time again_soon(struct ike *ike)
{
	return ls_time_add(ike->now, LS_MS(USED_UP_AGAIN_MS +
	                                   ls_random_below(&ike->random, USED_UP_AGAIN_MS)));
}

/* Nothing can be sent on it any more: on its successor, although the peer may not have it yet. */
static void leave_used_up(struct ike_sa *sa, const struct ike_child *c)
{
	for (struct ike_child *o = c->next; o; o = o->next)
		if (o->chain == c->chain && o->switch_later && !o->replaced && !o->deleting) {
			ike_child_switch(sa, o);
			return;
		}
}

/* The peer has made its successor, and deletes it. */
static void succeeded_by_peer(struct ike_sa *sa, struct ike_child *c)
{
	c->replaced = true;
	if (c->expired_at != LS_NEVER)
		leave_used_up(sa, c);
}

void ike_child_expire(struct ike_sa *sa, struct ike_child *c)
{
	uint32_t spi_in = c->spi_in;
	bool told = c->deleting;

	ike_child_remove(sa, c, CAUSE_IKE_REKEY_FAILED, "");
	if (!told && sa->state == IKE_S_ESTABLISHED)
		ike_delete_spi(sa, spi_in);
}

/*
 * Where its successor stands already, the side that made it deletes the pair (2.8); to do that for
 * it would take its chain from a peer whose SAD is still busy with the successor.
 */
void ike_child_used_up(struct ike_sa *sa, struct ike_child *c)
{
	ls_time latest = ls_time_add(sa->ike->now, LS_S(IKE_EXPIRED_S));
	bool made = c->replaced && !c->deleting;

	if (!made && !ike_child_succession(sa, c) && c->rekey_at > latest) {
		ike_child_expire(sa, c);
		return;
	}
	c->expired_at = ls_time_min(c->expired_at, latest);
	if (c->rekey_at != LS_NEVER)
		c->rekey_at = ls_time_min(c->rekey_at, again_soon(sa->ike));
	if (made)
		leave_used_up(sa, c);
}

/* Our exchange for a CHILD SA whose outcome the peer may know before us: it has not answered, or
 * the answer was lost, or the SAD is being asked. */
static struct ike_task *pending(const struct ike_sa *sa)
{
	struct ike_task *t = sa->active;

	return t && t->ops == &ike_ops_child && (t->outstanding || t->asking == IKE_Q_INSTALL)
	               ? t
	               : NULL;
}

void ike_child_unknown_deleted(struct ike_sa *sa, uint32_t spi_out)
{
	struct ike_task *t = pending(sa);

	if (t && t->deal->gone_count < IKE_GONE_MAX)
		t->deal->gone[t->deal->gone_count++] = spi_out;
}

/* Whether the peer has deleted the pair again that we are about to have. */
static bool gone_already(const struct ike_deal *d)
{
	for (uint8_t i = 0; i < d->gone_count; i++)
		if (d->gone[i] == d->spi_out)
			return true;
	return false;
}

void ike_child_deleted(struct ike_sa *sa, struct ike_child *c, enum ls_cause cause)
{
	struct ike_task *t = pending(sa);
	bool last = true;

	for (const struct ike_child *o = sa->children; o; o = o->next)
		if (o != c && o->chain == c->chain && !o->deleting)
			last = false;
	/* The peer may have made our successor before it said so: the chain goes on on that, or
	 * ends with the exchange (2.25.1: CHILD_SA_NOT_FOUND). */
	if (last && t && t->deal->chain == c->chain) {
		t->deal->announced = c->announced;
		for (struct ike_child *o = sa->children; o; o = o->next)
			o->announced &= o->chain != c->chain;
	}
	ike_child_remove(sa, c, c->replaced ? CAUSE_IKE_CHILD_REKEYED : cause, "");
}

/* The chain had waited for this (ike_child_deleted). */
static void chain_lost(struct ike_task *t, enum ls_cause cause, const char *text)
{
	struct ike_sa *sa = t->sa;

	if (t->deal->announced)
		ike_queue_down(sa->ike, sa->tunnel, t->deal->chain, cause, text, &sa->peer_id);
	t->deal->announced = false;
}

void ike_child_forsake(struct ike_sa *sa, uint32_t chain, enum ls_cause cause)
{
	struct ike_task *t = sa->active;

	if (t && t->ops == &ike_ops_child && t->deal->chain == chain)
		chain_lost(t, cause, "");
}

void ike_child_create(struct ike_sa *sa, bool attempt)
{
	struct ike_task *t = sa->peer ? child_task(sa, 0, 0) : NULL;

	if (!t)
		return;
	t->attempt = attempt;
	ike_task_queue(t);
}

static void child_begin(struct ike_task *t)
{
	if (t->sa->state != IKE_S_ESTABLISHED || !t->sa->peer || !old_needs(t))
		ike_task_done(t);
	else
		ike_ask_spi(t);
}

static void send_request(struct ike_task *t)
{
	struct ike_build b = ike_task_build(t);
	uint8_t spi[SPI_SIZE];

	if (t->deal->old_spi_in) {
		ls_put32(spi, t->deal->old_spi_in);
		ike_build_notify(&b, (uint8_t)ike_sa_child_protocol(t->sa), IKE_N_REKEY_SA,
		                 LS_BYTES(spi, sizeof spi), LS_BYTES(NULL, 0));
	}
	if (ike_deal_offer(t, &b))
		ike_task_send(t, &b);
	else
		ike_sa_end_telling(t->sa, CAUSE_NO_MEMORY, "", 0);
}

/* No successor this time: again later, as long as the old pair lives. A new chain that an
 * ike_start() waits for ends in DOWN. */
static void child_failed(struct ike_task *t, enum ls_cause cause, const char *text)
{
	struct ike_sa *sa = t->sa;
	struct ike_child *old = old_of(t);
	struct ike *ike = sa->ike;
	ls_time again = LS_MS(AGAIN_MIN_MS + ls_random_below(&ike->random, AGAIN_SPREAD_MS));

	ike_deal_drop(t);
	chain_lost(t, cause, text);
	if (old && t->deal->collided && ike_child_in(sa, t->deal->other_spi_in)) {
		/* The peer's rekey of the same pair did not fail. */
		succeeded_by_peer(sa, old);
	} else if (old && !old->replaced && !old->deleting) {
		if (cause != CAUSE_IKE_TEMPORARY_FAILURE) {
			again += LS_S(FAILED_AGAIN_S);
			ike_queue_event(ike, sa->tunnel, &sa->remote, CAUSE_IKE_REKEY_TRIED,
			                text[0] ? text : ls_cause_info(cause)->sentence);
		}
		old->rekey_at = ls_time_add(ike->now, again);
		if (old->expired_at != LS_NEVER && cause == CAUSE_IKE_TEMPORARY_FAILURE)
			old->rekey_at = again_soon(ike);
		else if (old->expired_at != LS_NEVER)
			ike_child_expire(sa, old);
	} else if (t->deal->old_spi_in == 0) {
		if (t->attempt)
			ike_queue_down(ike, sa->tunnel, 0, cause, text, &sa->peer_id);
		else
			ike_queue_event(ike, sa->tunnel, &sa->remote, cause, text);
	}
	ike_task_done(t);
}

/* Another group for the key exchange, once, if we have offered it (1.3, 3.4). */
static bool other_group(struct ike_task *t, const struct ike_notify *error)
{
	const struct ike_peer *p = &t->sa->peer->config;
	struct rd r = rd_make(error->data.p, error->data.len);
	const struct algo *a = algo_by_ikev2(ALGO_KIND_KE, rd_u16(&r), 0);

	if (!rd_ok(&r) || !a || t->deal->group_named != ALGO_NONE ||
	    !ike_proposals_have(p->child, p->child_count, a->id))
		return false;
	t->deal->group_named = a->id;
	send_request(t);
	return true;
}

static void error_response(struct ike_task *t, const struct ike_notify *error)
{
	struct ike_sa *sa = t->sa;
	struct ike_child *old = old_of(t);
	enum ls_cause cause = ike_child_error(error->type);
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	if (error->type == IKE_N_INVALID_KE_PAYLOAD && other_group(t, error))
		return;
	/* It had deleted the pair before our request came, or was about to, and has told us
	 * meanwhile. */
	if ((cause == CAUSE_IKE_CHILD_NOT_FOUND || cause == CAUSE_IKE_TEMPORARY_FAILURE) &&
	    t->deal->old_spi_in && !old)
		cause = CAUSE_PEER_ASKED;
	ike_text_add(&out, "it answered ");
	ike_text_notify(&out, error->type);
	/* 2.25.1: it has no such pair any more. Whoever needs one makes it anew. */
	if (cause == CAUSE_IKE_CHILD_NOT_FOUND && old && !old->replaced && !old->deleting) {
		ike_deal_drop(t);
		ike_child_remove(sa, old, cause, text);
		ike_task_done(t);
		return;
	}
	child_failed(t, cause, text);
}

static void child_response(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *error = ike_notify_error(&t->in);
	char text[LS_EVENT_TEXT_MAX];
	enum ls_cause cause;

	if (!t->in.sa.p && error) {
		error_response(t, error);
		return;
	}
	cause = ike_deal_accept(t, text, sizeof text);
	if (cause == CAUSE_NONE && gone_already(t->deal)) {
		child_failed(t, CAUSE_PEER_ASKED, "");
		return;
	}
	if (cause != CAUSE_NONE) {
		/* The peer has the pair: it must go there too. */
		ike_delete_spi(sa, t->deal->spi_in);
		child_failed(t, cause, text);
		return;
	}
	if (t->deal->chain == 0)
		t->deal->chain = ++sa->ike->next_chain;
	ike_ask_install(t);
}

/* Ours and the peer's rekey of one pair: the one with the lowest of the four nonces is given up by
 * the side that made it (2.8.1). */
static bool lost_collision(const struct ike_deal *d)
{
	return d->collided &&
	       ike_nonce_below(ike_nonce_lower(d->nonce_local, d->nonce_remote), d->other_low);
}

static void succeeded(struct ike_task *t, struct ike_child *c)
{
	struct ike_sa *sa = t->sa;
	struct ike_deal *d = t->deal;
	struct ike_child *old = old_of(t),
			 *other = d->other_spi_in ? ike_child_in(sa, d->other_spi_in) : NULL;

	if (lost_collision(d)) {
		/* The peer deletes the old pair, we the one that we have made. */
		c->replaced = true;
		if (old)
			succeeded_by_peer(sa, old);
		if (!old && other)
			ike_child_switch(sa, other);
		ike_delete_child(sa, c, CAUSE_IKE_CHILD_REKEYED);
		return;
	}
	if (!old && !other && !c->announced) {
		/* Deleted while its successor was made: the chain has ended. */
		ike_delete_child(sa, c, CAUSE_PEER_ASKED);
		return;
	}
	if (old) {
		c->announced = old->announced;
		old->replaced = true;
	} else if (other) {
		c->announced = other->announced;
	}
	if (other)
		other->replaced = true;
	ike_child_switch(sa, c);
	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_CHILD_REKEYED, "");
	if (old)
		ike_delete_child(sa, old, CAUSE_IKE_CHILD_REKEYED);
}

static void installed(struct ike_task *t, const struct ike_answer *a)
{
	struct ike_sa *sa = t->sa;
	struct ike_child *c = NULL;
	uint32_t spi_in = t->deal->spi_in;

	if (a->ok) {
		t->deal->installed = true;
		if (gone_already(t->deal)) {
			child_failed(t, CAUSE_PEER_ASKED, "");
			return;
		}
		c = ike_deal_child(t);
	} else {
		t->deal->spi_in = 0;
	}
	if (!c) {
		ike_delete_spi(sa, spi_in);
		child_failed(t, a->ok ? CAUSE_NO_MEMORY : CAUSE_IKE_NOT_INSTALLED,
		             a->ok ? "" : ls_cause_info(a->cause)->sentence);
		return;
	}
	if (t->deal->old_spi_in) {
		succeeded(t, c);
	} else {
		ike_ask_up(sa, c, 0, false);
		t->attempt = sa->attempt = false;
	}
	ike_task_done(t);
}

/* -- as responder -- */

static void refuse(struct ike_task *t, uint16_t notify, uint16_t group)
{
	uint8_t data[2];

	ls_put16(data, group);
	ike_deal_drop(t);
	ike_task_respond_notify(t, notify,
	                        LS_BYTES(data, notify == IKE_N_INVALID_KE_PAYLOAD ? 2 : 0));
}

/* The pair that the peer wants to succeed; false when it was refused. */
static bool find_old(struct ike_task *t, const struct ike_notify *rekey)
{
	struct rd r = rd_make(rekey->spi.p, rekey->spi.len);
	struct ike_child *c = rekey->spi.len == SPI_SIZE ? ike_child_out(t->sa, rd_u32(&r)) : NULL;
	struct ike_build b;

	if (!c) {
		b = ike_task_build(t);
		ike_build_notify(&b, (uint8_t)ike_sa_child_protocol(t->sa),
		                 IKE_N_CHILD_SA_NOT_FOUND, rekey->spi, LS_BYTES(NULL, 0));
		ike_task_respond(t, &b);
		return false;
	}
	if (c->deleting || c->replaced) {
		refuse(t, IKE_N_TEMPORARY_FAILURE, 0);
		return false;
	}
	t->deal->old_spi_in = c->spi_in;
	t->deal->chain = c->chain;
	return true;
}

static void child_request(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *rekey = ike_notify_find(&t->in, IKE_N_REKEY_SA);
	char text[LS_EVENT_TEXT_MAX];
	uint16_t notify, group = 0;
	enum ls_cause cause;

	t->deal = ike_deal_new(false, false);
	if (!t->deal || sa->state != IKE_S_ESTABLISHED || !sa->peer ||
	    (sa->active && sa->active->ops == &ike_ops_rekey)) {
		refuse(t, IKE_N_TEMPORARY_FAILURE, 0);
		return;
	}
	if (rekey && !find_old(t, rekey))
		return;
	/* Also of successors: a peer may make them and never delete what they succeed. */
	if (ike_children_count(sa) >= IKE_CHILDREN_MAX) {
		ike_count(sa->ike, CAUSE_LIMIT_REACHED);
		refuse(t, IKE_N_NO_ADDITIONAL_SAS, 0);
		return;
	}
	if (!ike_sa_negotiates(sa)) {
		refuse(t, IKE_N_TEMPORARY_FAILURE, 0);
		return;
	}
	cause = ike_deal_choose(t, &notify, &group, text, sizeof text);
	if (cause != CAUSE_NONE) {
		if (notify != IKE_N_INVALID_KE_PAYLOAD)
			ike_queue_event(sa->ike, sa->tunnel, &sa->remote, cause, text);
		refuse(t, notify, group);
		return;
	}
	ike_ask_spi(t);
}

/* Our own rekey of the same pair is under way: what it ends with depends on the nonces of both. */
static bool collide(struct ike_task *own, const struct ike_deal *d, uint32_t new_spi_in)
{
	struct ls_bytes low = ike_nonce_lower(d->nonce_local, d->nonce_remote);

	if (!own || (!own->outstanding && !own->deal->nonce_remote.p))
		return false;
	if (!ike_bytes_set(&own->deal->other_low, low.p, low.len))
		return false;
	own->deal->collided = true;
	own->deal->other_spi_in = new_spi_in;
	return true;
}

static void respond(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_deal *d = t->deal;
	struct ike_build b = ike_task_build(t);
	struct ike_child *old = old_of(t), *c;
	uint32_t new_spi_in = d->spi_in;

	ike_deal_answer(t, &b);
	if (d->old_spi_in && (!old || old->deleting || old->replaced)) {
		/* It was deleted or, by our own exchange, succeeded while the SAD was being asked.
		 */
		b = ike_task_build(t);
		ike_build_flag(&b, IKE_N_TEMPORARY_FAILURE);
		ike_deal_drop(t);
		ike_task_respond(t, &b);
		return;
	}
	c = ike_deal_child(t);
	if (!c) {
		refuse(t, IKE_N_NO_ADDITIONAL_SAS, 0);
		return;
	}
	if (old) {
		bool collided = collide(rekey_task(sa, old->spi_in), d, new_spi_in);

		c->switch_later = true;
		old->rekey_at = LS_NEVER;
		if (!collided)
			succeeded_by_peer(sa, old);
	}
	if (old)
		ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_CHILD_REKEYED, "");
	else
		ike_ask_up(sa, c, 0, false);
	ike_task_respond(t, &b);
}

static void answer_serving(struct ike_task *t, enum ike_question asked, const struct ike_answer *a)
{
	if (asked == IKE_Q_SPI) {
		t->deal->spi_in = a->spi;
		if (a->spi == 0) {
			refuse(t, IKE_N_NO_ADDITIONAL_SAS, 0);
			return;
		}
		if (t->deal->chain == 0)
			t->deal->chain = ++t->sa->ike->next_chain;
		ike_ask_install(t);
		return;
	}
	if (!a->ok) {
		t->deal->spi_in = 0;
		refuse(t, IKE_N_NO_ADDITIONAL_SAS, 0);
		return;
	}
	t->deal->installed = true;
	respond(t);
}

static void child_answer(struct ike_task *t, const struct ike_answer *a)
{
	enum ike_question asked = t->asking;

	t->asking = IKE_Q_NONE;
	if (t->serving) {
		answer_serving(t, asked, a);
		return;
	}
	if (asked == IKE_Q_INSTALL) {
		installed(t, a);
		return;
	}
	t->deal->spi_in = a->spi;
	if (a->spi == 0) {
		child_failed(t, CAUSE_IKE_NO_SPI, "");
	} else if (!old_needs(t) || t->sa->state != IKE_S_ESTABLISHED) {
		ike_deal_drop(t);
		ike_task_done(t);
	} else {
		send_request(t);
	}
}

static void child_dropped(struct ike_task *t, enum ls_cause cause)
{
	ike_deal_drop(t);
	if (t->deal && cause != CAUSE_NONE)
		chain_lost(t, cause, "");
}

const struct ike_task_ops ike_ops_child = {
	.name = "CREATE_CHILD_SA",
	.exchange = IKE_X_CHILD,
	.begin = child_begin,
	.response = child_response,
	.request = child_request,
	.answer = child_answer,
	.failed = child_dropped,
};
