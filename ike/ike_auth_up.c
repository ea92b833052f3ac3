/* After IKE_AUTH: the tunnel is up, and older or simultaneous IKE SAs with the same peer are
 * settled (RFC 7296 2.4, 2.8.1). */
#include "ike/ike_auth.h"

#include "ike/ike_names.h"
#include "ike/ike_ppk.h"

#include <string.h>

void ike_auth_progress(struct ike_sa *sa)
{
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_text_add(&out, "the peer proved to be ");
	ike_text_identity(&out, &sa->peer_id);
	if (sa->peer_auth == IKE_AUTH_CERT && sa->peer_cert) {
		ike_text_add(&out, " (certificate of ");
		ike_text_add(&out, sa->peer_cert->issuer);
		ike_text_add(&out, ", ");
		ike_text_add(&out, sign_name(sa->peer_scheme));
	} else {
		ike_text_add(&out, " (preshared key");
	}
	ike_text_add(&out, sa->ppk.used ? ", with a PPK)" : ")");
	ike_queue_progress(sa->ike, sa->tunnel, text);
	ike_ppk_audit(sa);
}

bool ike_auth_same_peer(const struct ike_sa *a, const struct ike_sa *b)
{
	return a->tunnel == b->tunnel && a->peer_id.type == b->peer_id.type &&
	       a->peer_id.len == b->peer_id.len &&
	       memcmp(a->peer_id.data, b->peer_id.data, a->peer_id.len) == 0;
}

/* Both sides called at once: each SA was begun before the other stood. */
static bool simultaneous(const struct ike_sa *a, const struct ike_sa *b)
{
	return a->initiator != b->initiator && a->rekeyed_from == 0 && b->rekeyed_from == 0 &&
	       a->nonce_local.p && b->nonce_local.p && a->born <= b->established &&
	       b->born <= a->established;
}

static struct ls_bytes low_nonce(const struct ike_sa *sa)
{
	return ike_nonce_lower(sa->nonce_local, sa->nonce_remote);
}

/* A call of ours that the peer has forestalled, and that has not got as far as IKE_AUTH, is given
 * up without a word. */
static void abandon_calls(const struct ike_sa *sa)
{
	for (struct ike_sa *o = sa->ike->sas; o; o = o->next) {
		bool early =
			o->state == IKE_S_INIT || (o->state == IKE_S_AUTH && o->active &&
		                                   !o->active->outstanding && !o->active->in_bytes);

		/* The SA that a rekey is making is no call, and its task's. */
		if (o == sa || o->tunnel != sa->tunnel || !o->initiator || !early ||
		    o->rekeyed_from != 0)
			continue;
		o->attempt = false;
		ike_sa_end(o, CAUSE_IKE_DUPLICATE, "");
	}
}

static void tell_up(struct ike_sa *sa, struct ike_child *c, uint32_t old_chain, bool continued)
{
	char text[LS_EVENT_TEXT_MAX], choice[LS_EVENT_TEXT_MAX / 2];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_text_add(&out, "with ");
	ike_text_identity(&out, &sa->peer_id);
	ike_text_add(&out, ": ");
	ike_choice_text(&sa->choice, choice, sizeof choice);
	ike_text_add(&out, choice);
	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_ESTABLISHED, text);
	ike_ask_up(sa, c, old_chain, continued);
	sa->attempt = false;
}

bool ike_auth_up(struct ike_sa *sa, struct ike_child *c)
{
	struct ike *ike = sa->ike;
	uint32_t old_chain = 0, left;

	if (!sa->initiator)
		abandon_calls(sa);
	for (struct ike_sa *o = ike->sas; o; o = o->next) {
		if (o == sa || o->state != IKE_S_ESTABLISHED || !ike_auth_same_peer(o, sa) ||
		    !simultaneous(o, sa))
			continue;
		if (ike_nonce_below(low_nonce(sa), low_nonce(o))) {
			/* This one loses: its initiator deletes it, and it was never announced. */
			sa->attempt = false;
			if (sa->initiator)
				ike_sa_close(sa, CAUSE_IKE_DUPLICATE, "");
			return false;
		}
	}
	left = ike_redirect_arrived(sa);
	for (struct ike_sa *o = ike->sas; o && old_chain == 0 && left == 0; o = o->next)
		if (o != sa && o->state == IKE_S_ESTABLISHED && ike_auth_same_peer(o, sa) &&
		    !ike_redirect_leaves(o))
			old_chain = ike_sa_announced(o);
	tell_up(sa, c, left ? left : old_chain, old_chain != 0);
	return true;
}

void ike_auth_settle(struct ike_sa *sa)
{
	for (struct ike_sa *o = sa->ike->sas; o; o = o->next) {
		if (o == sa || o->state != IKE_S_ESTABLISHED || !ike_auth_same_peer(o, sa))
			continue;
		if (simultaneous(o, sa)) {
			if (o->initiator)
				ike_sa_close(o, CAUSE_IKE_DUPLICATE, "");
		} else if (sa->contact) {
			/* It knows nothing of the old one. */
			ike_sa_end(o, CAUSE_REPLACED, "the peer began anew");
		}
	}
}
