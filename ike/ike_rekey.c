/* CREATE_CHILD_SA for the IKE SA itself: a successor that inherits the children, as both sides,
 * with its collisions (RFC 7296 1.3.2, 2.8.2, 2.18, 2.25.2). */
#include "ike/ike_deal.h"

#include "ike/ike_names.h"
#include "ike/ike_ppk.h"
#include "ike/ike_proof.h"

#include <stdlib.h>
#include <string.h>

enum { AGAIN_MIN_MS = 3000, AGAIN_SPREAD_MS = 7000, FAILED_AGAIN_S = 60, SPI_SIZE = 8 };

static const struct ike_peer *peer_of(const struct ike_sa *sa)
{
	return &sa->peer->config;
}

bool ike_rekey_under_way(const struct ike_sa *sa)
{
	if (sa->active && sa->active->ops == &ike_ops_rekey)
		return true;
	for (const struct ike_task *t = sa->queue; t; t = t->next)
		if (t->ops == &ike_ops_rekey)
			return true;
	return false;
}

void ike_rekey_start(struct ike_sa *sa)
{
	struct ike_task *t;

	/* Should it come to nothing before anything was sent, then not at once again. */
	sa->rekey_at = ls_time_add(sa->ike->now, LS_S(FAILED_AGAIN_S));
	if (sa->state != IKE_S_ESTABLISHED || !sa->peer || ike_rekey_under_way(sa))
		return;
	t = ike_task_new(sa, &ike_ops_rekey);
	if (!t)
		return;
	t->deal = ike_deal_new(true, false);
	if (t->deal)
		ike_task_queue(t);
	else
		ike_task_drop(t);
}

/* A new SA with all that the old one knows of its peer. */
static struct ike_sa *successor_new(struct ike_sa *old, bool initiator, uint64_t spi_i)
{
	struct ike_sa *sa = ike_sa_new(old->ike, initiator, spi_i);

	if (!sa)
		return NULL;
	sa->dialled = old->dialled;
	sa->tunnel = old->tunnel;
	sa->peer = old->peer;
	sa->peer_id = old->peer_id;
	sa->auth = old->auth;
	sa->peer_auth = old->peer_auth;
	sa->scheme = old->scheme;
	sa->peer_scheme = old->peer_scheme;
	ike_proof_inherit(sa, old);
	ike_ppk_inherit(sa, old);
	sa->local = old->local;
	sa->remote = old->remote;
	sa->nat = old->nat;
	sa->forced_udp = old->forced_udp;
	sa->mobike = old->mobike;
	sa->asked_local = old->asked_local;
	sa->asked_remote = old->asked_remote;
	sa->fragmentation = old->fragmentation;
	sa->fragment_size = old->fragment_size;
	sa->rekeyed_from = ike_sa_spi(old);
	sa->negotiated_until = old->negotiated_until;
	ike_reauth_inherit(sa, old);
	sa->redirect = old->redirect;
	return sa;
}

/* It stands from now on: the children are its own, and what waits in the old one's queue. */
static void take_over(struct ike_sa *old, struct ike_sa *sa)
{
	struct ike_task *t = old->queue;
	char text[LS_EVENT_TEXT_MAX];

	/* The old one may have moved since this one was begun. */
	sa->local = old->local;
	sa->remote = old->remote;
	sa->nat = old->nat;
	sa->moving = old->moving;
	ike_children_move(old, sa);
	old->queue = NULL;
	while (t) {
		struct ike_task *next = t->next;

		t->next = NULL;
		t->sa = sa;
		if (t->ops == &ike_ops_rekey)
			ike_task_drop(t);
		else
			ike_task_queue(t);
		t = next;
	}
	ike_sa_enter(old, IKE_S_REKEYED, CAUSE_IKE_REKEYED);
	old->give_up = ls_time_add(old->ike->now, LS_S(IKE_REKEYED_S));
	ike_choice_text(&sa->choice, text, sizeof text);
	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_REKEYED, text);
	/* Of the peer's rekey we know that it has the new SA when it deletes the old one. */
	if (sa->initiator)
		ike_qcd_renew(sa);
}

static void rekey_failed(struct ike_task *t, enum ls_cause cause, const char *text)
{
	struct ike_sa *sa = t->sa;
	ls_time again = LS_MS(AGAIN_MIN_MS + ls_random_below(&sa->ike->random, AGAIN_SPREAD_MS));

	if (t->successor)
		ike_sa_end(t->successor, cause, "");
	t->successor = NULL;
	if (sa->twin && sa->twin->state == IKE_S_ESTABLISHED) {
		/* The peer's own rekey has succeeded: that is as good. */
		take_over(sa, sa->twin);
	} else {
		if (cause != CAUSE_IKE_TEMPORARY_FAILURE) {
			again += LS_S(FAILED_AGAIN_S);
			ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_REKEY_TRIED,
			                text);
		}
		sa->rekey_at = ls_time_add(sa->ike->now, again);
	}
	ike_task_done(t);
}

static void send_request(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_deal *d = t->deal;
	struct ike_build b = ike_task_build(t);
	enum algo_id group = d->group_named != ALGO_NONE ? d->group_named : sa->choice.ke;
	uint8_t nonce[IKE_NONCE_SIZE];

	if (!ike_proposals_have(peer_of(sa)->ike, peer_of(sa)->ike_count, group))
		group = ike_proposals_first_ke(peer_of(sa)->ike, peer_of(sa)->ike_count);
	ls_random_fill(&sa->ike->random, nonce, sizeof nonce);
	crypto_ke_free(d->ke);
	d->ke = crypto_ke_new(group, &sa->ike->random);
	if (!d->ke || !ike_bytes_set(&d->nonce_local, nonce, sizeof nonce)) {
		rekey_failed(t, CAUSE_NO_MEMORY, "");
		return;
	}
	ike_build_begin(&b, IKE_P_SA);
	ike_proposals_write(&b.w, peer_of(sa)->ike, peer_of(sa)->ike_count, IKE_PROTO_IKE,
	                    t->successor->spi_i, SPI_SIZE, IKE_KE_NEEDED);
	ike_build_bytes(&b, IKE_P_NONCE, d->nonce_local);
	ike_build_ke(&b, algo_get(group)->ikev2, crypto_ke_public(d->ke));
	ike_task_send(t, &b);
}

static void rekey_begin(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;

	if (sa->state != IKE_S_ESTABLISHED || !sa->peer) {
		ike_task_done(t);
		return;
	}
	t->successor = successor_new(sa, true, 0);
	if (t->successor)
		send_request(t);
	else
		rekey_failed(t, CAUSE_LIMIT_REACHED, "");
}

static bool other_group(struct ike_task *t, const struct ike_notify *error)
{
	struct rd r = rd_make(error->data.p, error->data.len);
	const struct algo *a = algo_by_ikev2(ALGO_KIND_KE, rd_u16(&r), 0);

	if (!rd_ok(&r) || !a || t->deal->group_named != ALGO_NONE ||
	    !ike_proposals_have(peer_of(t->sa)->ike, peer_of(t->sa)->ike_count, a->id))
		return false;
	t->deal->group_named = a->id;
	send_request(t);
	return true;
}

static enum ls_cause agree(struct ike_task *t)
{
	struct ike_sa *old = t->sa, *sa = t->successor;
	struct ike_deal *d = t->deal;
	enum ls_cause cause;

	if (!t->in.sa.p || !t->in.ke.p || !t->in.nonce.p)
		return CAUSE_IKE_SYNTAX;
	cause = ike_choice_read(t->in.sa, IKE_PROTO_IKE, peer_of(old)->ike, peer_of(old)->ike_count,
	                        IKE_KE_NEEDED, &sa->choice);
	if (cause != CAUSE_NONE)
		return cause;
	if (sa->choice.spi_size != SPI_SIZE || sa->choice.spi == 0 ||
	    sa->choice.ke != crypto_ke_group(d->ke) ||
	    t->in.ke_group != algo_get(sa->choice.ke)->ikev2)
		return CAUSE_IKE_BAD_CHOICE;
	if (!ike_bytes_set(&d->nonce_remote, t->in.nonce.p, t->in.nonce.len))
		return CAUSE_NO_MEMORY;
	if (!crypto_ke_shared(d->ke, t->in.ke, &d->shared))
		return CAUSE_IKE_BAD_KEY_EXCHANGE;
	sa->spi_r = sa->choice.spi;
	return ike_keys_derive(&sa->keys, &sa->choice, &old->keys, &d->shared, d->nonce_local,
	                       d->nonce_remote, sa->spi_i, sa->spi_r)
	               ? CAUSE_NONE
	               : CAUSE_NO_MEMORY;
}

static void rekey_response(struct ike_task *t)
{
	struct ike_sa *old = t->sa, *sa = t->successor, *twin = old->twin;
	struct ike_deal *d = t->deal;
	const struct ike_notify *error = ike_notify_error(&t->in);
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);
	enum ls_cause cause;

	if (!sa) {
		ike_sa_close(old, CAUSE_INTERNAL, "its successor has ended before it stood");
		return;
	}
	if (!t->in.sa.p && error) {
		if (error->type == IKE_N_INVALID_KE_PAYLOAD && other_group(t, error))
			return;
		ike_text_add(&out, "it answered ");
		ike_text_notify(&out, error->type);
		rekey_failed(t, ike_child_error(error->type), text);
		return;
	}
	cause = agree(t);
	if (cause != CAUSE_NONE) {
		rekey_failed(t, cause, ls_cause_info(cause)->sentence);
		return;
	}
	t->successor = NULL;
	ike_qcd_take(sa, &t->in);
	ike_sa_established(sa);
	if (twin && twin->state == IKE_S_ESTABLISHED && d->other_low.p &&
	    ike_nonce_below(ike_nonce_lower(d->nonce_local, d->nonce_remote), d->other_low)) {
		/* Ours has the lowest nonce: we delete it, the peer the old one (2.8.2). */
		take_over(old, twin);
		ike_sa_close(sa, CAUSE_IKE_DUPLICATE, "");
		ike_task_done(t);
		return;
	}
	take_over(old, sa);
	if (twin)
		twin->give_up = ls_time_add(old->ike->now, LS_S(IKE_REKEYED_S));
	ike_task_done(t);
	ike_sa_close(old, CAUSE_IKE_REKEYED, "");
}

/* -- as responder -- */

/* The peer's offer: keys and SPI for the successor, or the notify to be sent. */
static enum ls_cause choose(struct ike_task *t, struct ike_choice *choice, uint16_t *notify,
                            uint16_t *group)
{
	struct ike_sa *old = t->sa;
	struct ike_deal *d = t->deal;
	const struct algo *sent =
		t->in.ke.p ? algo_by_ikev2(ALGO_KIND_KE, t->in.ke_group, 0) : NULL;
	uint8_t nonce[IKE_NONCE_SIZE];
	enum ls_cause cause;

	*notify = IKE_N_INVALID_SYNTAX;
	if (!t->in.nonce.p || !t->in.ke.p)
		return CAUSE_IKE_SYNTAX;
	cause = ike_proposal_choose(t->in.sa, IKE_PROTO_IKE, peer_of(old)->ike,
	                            peer_of(old)->ike_count, IKE_KE_NEEDED,
	                            sent ? sent->id : ALGO_NONE, choice);
	if (cause == CAUSE_IKE_NO_PROPOSAL)
		*notify = IKE_N_NO_PROPOSAL_CHOSEN;
	if (cause != CAUSE_NONE)
		return cause;
	if (choice->spi_size != SPI_SIZE || choice->spi == 0)
		return CAUSE_IKE_SYNTAX;
	if (!sent || sent->id != choice->ke) {
		*notify = IKE_N_INVALID_KE_PAYLOAD;
		*group = algo_get(choice->ke)->ikev2;
		return CAUSE_IKE_NO_GROUP;
	}
	ls_random_fill(&old->ike->random, nonce, sizeof nonce);
	d->ke = crypto_ke_new(choice->ke, &old->ike->random);
	if (!d->ke || !ike_bytes_set(&d->nonce_local, nonce, sizeof nonce) ||
	    !ike_bytes_set(&d->nonce_remote, t->in.nonce.p, t->in.nonce.len))
		return CAUSE_NO_MEMORY;
	return crypto_ke_shared(d->ke, t->in.ke, &d->shared) ? CAUSE_NONE
	                                                     : CAUSE_IKE_BAD_KEY_EXCHANGE;
}

/* Our own rekey request is under way too: who wins shows when its answer comes. */
static bool collide(struct ike_sa *old, struct ike_sa *sa, const struct ike_deal *d)
{
	struct ike_task *own = old->active;
	struct ls_bytes low = ike_nonce_lower(d->nonce_local, d->nonce_remote);

	if (!own || own->ops != &ike_ops_rekey || !own->outstanding)
		return false;
	if (!ike_bytes_set(&own->deal->other_low, low.p, low.len))
		return false;
	old->twin = sa;
	return true;
}

static void refuse(struct ike_task *t, uint16_t notify, uint16_t group)
{
	uint8_t data[2];

	ls_put16(data, group);
	ike_task_respond_notify(t, notify,
	                        LS_BYTES(data, notify == IKE_N_INVALID_KE_PAYLOAD ? 2 : 0));
}

static void rekey_request(struct ike_task *t)
{
	struct ike_sa *old = t->sa, *sa;
	struct ike_build b;
	struct ike_choice choice;
	uint16_t notify, group = 0;
	enum ls_cause cause;

	t->deal = ike_deal_new(false, false);
	if (!t->deal || old->state != IKE_S_ESTABLISHED || !old->peer || old->twin ||
	    ike_sa_busy_with_children(old) || ike_tunnel_is_full(old->ike, old->tunnel) ||
	    !ike_sa_negotiates(old)) {
		refuse(t, IKE_N_TEMPORARY_FAILURE, 0);
		return;
	}
	cause = choose(t, &choice, &notify, &group);
	sa = cause == CAUSE_NONE ? successor_new(old, false, choice.spi) : NULL;
	if (!sa) {
		ike_count(old->ike, cause);
		refuse(t, cause == CAUSE_NONE ? IKE_N_NO_ADDITIONAL_SAS : notify, group);
		return;
	}
	sa->choice = choice;
	if (!ike_keys_derive(&sa->keys, &choice, &old->keys, &t->deal->shared,
	                     t->deal->nonce_remote, t->deal->nonce_local, sa->spi_i, sa->spi_r)) {
		ike_sa_end(sa, CAUSE_NO_MEMORY, "");
		refuse(t, IKE_N_NO_ADDITIONAL_SAS, 0);
		return;
	}
	ike_sa_established(sa);
	b = ike_task_build(t);
	ike_build_begin(&b, IKE_P_SA);
	ike_choice_write(&b.w, &choice, IKE_PROTO_IKE, sa->spi_r, SPI_SIZE);
	ike_build_bytes(&b, IKE_P_NONCE, t->deal->nonce_local);
	ike_build_ke(&b, algo_get(choice.ke)->ikev2, crypto_ke_public(t->deal->ke));
	if (collide(old, sa, t->deal)) {
		ike_task_respond(t, &b);
		return;
	}
	ike_task_respond(t, &b);
	if (old->state == IKE_S_ESTABLISHED)
		take_over(old, sa);
}

bool ike_rekey_taken_over(struct ike_sa *old)
{
	struct ike_sa *twin = old->twin;

	if (old->state == IKE_S_REKEYED)
		return true;
	if (old->state != IKE_S_ESTABLISHED || !twin || twin->state != IKE_S_ESTABLISHED)
		return false;
	take_over(old, twin);
	return true;
}

static void rekey_dropped(struct ike_task *t, enum ls_cause cause)
{
	if (t->successor)
		ike_sa_end(t->successor, cause, "");
	t->successor = NULL;
}

const struct ike_task_ops ike_ops_rekey = {
	.name = "rekey of the IKE SA",
	.exchange = IKE_X_CHILD,
	.begin = rekey_begin,
	.response = rekey_response,
	.request = rekey_request,
	.failed = rekey_dropped,
};
