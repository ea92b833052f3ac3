/* IKE_AUTH as responder: which tunnel the peer belongs to, whether it is who it says, and its first
 * CHILD SA (RFC 7296 1.2, 2.21.2). */
#include "ike/ike_auth.h"

#include "ike/ike_mobike.h"
#include "ike/ike_names.h"
#include "ike/ike_ppk.h"
#include "ike/ike_qcd.h"

#include <string.h>

/* How well a configured peer fits what is claimed: 0 not at all; the address counts most, then how
 * exactly the identity is named. */
static unsigned fits(const struct ike_peer *p, const struct ike_sa *sa,
                     const struct ike_identity *idi, const struct ike_identity *idr)
{
	unsigned score = 1;

	if (p->version != IKE_V2 || !ike_identity_matches(&p->remote_id, idi) ||
	    (idr && !ike_identity_matches(&p->local_id, idr)))
		return 0;
	for (unsigned i = 0; i < IKE_PEER_ADDRESSES_MAX; i++)
		if (p->remote[i].family != 0 && ls_addr_same_ip(&p->remote[i], &sa->remote)) {
			score += 4;
			break;
		}
	if (p->remote_id.type != IKE_ID_ANY)
		score += p->remote_id.data[0] == '*' ? 1 : 2;
	return score;
}

static struct ike_peer_entry *choose_peer(struct ike_sa *sa, const struct ike_identity *idi,
                                          const struct ike_identity *idr)
{
	struct ike_peer_entry *best = NULL;
	unsigned best_score = 0;

	for (struct ike_peer_entry *e = sa->ike->peers; e; e = e->next) {
		unsigned score = fits(&e->config, sa, idi, idr);

		if (score > best_score) {
			best = e;
			best_score = score;
		}
	}
	return best;
}

/* No details for the peer (2.21.2); the SA stays a while to repeat its answer. */
static void refuse(struct ike_task *t, enum ls_cause cause, const char *text)
{
	struct ike_sa *sa = t->sa;

	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, cause, text);
	sa->refused = true;
	ike_sa_enter(sa, IKE_S_AUTH, cause);
	sa->give_up = ls_time_add(sa->ike->now, LS_S(IKE_REFUSED_S));
	ike_task_respond_notify(t, IKE_N_AUTHENTICATION_FAILED, LS_BYTES(NULL, 0));
}

static void unknown_peer(struct ike_task *t, const struct ike_identity *idi,
                         const struct ike_identity *idr)
{
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_text_add(&out, "it says it is ");
	ike_text_identity(&out, idi);
	if (idr) {
		ike_text_add(&out, " and asks for ");
		ike_text_identity(&out, idr);
	}
	refuse(t, CAUSE_IKE_UNKNOWN_PEER, text);
}

/* The peer is known: its proof is checked, with the keys that it was made with. */
static void check(struct ike_task *t, enum ike_ppk_action action, enum ls_cause cause,
                  const char *text)
{
	if (action == IKE_PPK_ABORT)
		refuse(t, cause, text);
	else if (action == IKE_PPK_USE)
		ike_ask_ppk(t);
	else
		ike_ask_auth_check(t, t->in.idi);
}

static void auth_request(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_identity idi, idr;
	bool has_idr = t->in.idr.p != NULL;
	struct ike_peer_entry *peer;
	char text[LS_EVENT_TEXT_MAX];
	enum ike_ppk_action action;
	enum ls_cause cause;

	if (!t->in.idi.p || !ike_id_read(t->in.idi, &idi) ||
	    (has_idr && !ike_id_read(t->in.idr, &idr))) {
		refuse(t, CAUSE_IKE_SYNTAX, "IKE_AUTH without an identity");
		return;
	}
	sa->peer_id = idi;
	peer = choose_peer(sa, &idi, has_idr ? &idr : NULL);
	if (!peer) {
		unknown_peer(t, &idi, has_idr ? &idr : NULL);
		return;
	}
	sa->peer = peer;
	sa->tunnel = peer->config.tunnel;
	sa->fragment_size = peer->config.fragment_size;
	if (!ike_choice_allowed(&sa->choice, IKE_PROTO_IKE, peer->config.ike,
	                        peer->config.ike_count, IKE_KE_NEEDED)) {
		refuse(t, CAUSE_IKE_CHOICE_NOT_ALLOWED, "");
		return;
	}
	if (!t->in.auth.p) {
		refuse(t, CAUSE_IKE_METHOD_REFUSED, "it wants EAP");
		return;
	}
	cause = ike_auth_method(sa, &t->in, text, sizeof text);
	if (cause == CAUSE_NONE)
		cause = ike_cert_choose(sa, text, sizeof text);
	if (cause != CAUSE_NONE) {
		refuse(t, cause, text);
		return;
	}
	ike_cert_request_take(sa, &t->in);
	sa->contact = ike_notify_find(&t->in, IKE_N_INITIAL_CONTACT) != NULL;
	action = ike_ppk_request(t, &cause, text, sizeof text);
	check(t, action, cause, text);
}

static void ask_make(struct ike_task *t)
{
	struct ike_id_body id;

	ike_auth_id_body(&t->sa->peer->config.local_id, &id);
	ike_ask_auth_make(t, LS_BYTES(id.bytes, id.len));
}

/* The CHILD SA is refused; the IKE SA is not (2.21.2), but it does not live long without one. */
static void refuse_child(struct ike_task *t, enum ls_cause cause, uint16_t notify, const char *text)
{
	ike_queue_event(t->sa->ike, t->sa->tunnel, &t->sa->remote, cause, text);
	t->child_failed = cause;
	t->child_notify = notify;
}

static void authenticated(struct ike_task *t)
{
	char text[LS_EVENT_TEXT_MAX];
	uint16_t notify, group = 0;
	enum ls_cause cause;

	ike_auth_progress(t->sa);
	ike_qcd_take(t->sa, &t->in);
	if (t->gateway.type != IKE_GATEWAY_NONE) {
		t->child_failed = CAUSE_REDIRECT_SENT;
		ask_make(t);
		return;
	}
	t->deal = ike_deal_new(false, true);
	if (!t->deal) {
		ike_sa_end(t->sa, CAUSE_NO_MEMORY, "");
		return;
	}
	cause = ike_deal_choose(t, &notify, &group, text, sizeof text);
	if (cause == CAUSE_NONE) {
		ike_ask_spi(t);
		return;
	}
	refuse_child(t, cause, notify, text);
	ask_make(t);
}

static void respond(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_build b = ike_task_build(t);
	struct ike_child *c = NULL;
	bool up;

	ike_build_begin(&b, IKE_P_IDR);
	ike_id_write(&b.w, &sa->peer->config.local_id);
	ike_cert_write(sa, &b);
	ike_auth_write(t, &b);
	ike_ppk_answer_write(sa, &b);
	ike_qcd_write(t, &b);
	ike_reauth_write(sa, &b);
	ike_mobike_offer(sa, &b);
	ike_mobike_take(sa, &t->in);
	if (t->child_failed == CAUSE_NONE) {
		ike_deal_answer(t, &b);
		c = ike_deal_child(t);
	} else if (t->gateway.type != IKE_GATEWAY_NONE) {
		ike_redirect_auth_write(t, &b);
	} else {
		ike_build_flag(&b, t->child_notify);
	}
	ike_sa_established(sa);
	if (!c)
		sa->give_up = ls_time_add(sa->ike->now, LS_S(IKE_CHILDLESS_S));
	/* Whoever calls over the chain must find that it is known to be up. */
	up = c && ike_auth_up(sa, c);
	ike_task_respond(t, &b);
	if (up && sa->state == IKE_S_ESTABLISHED)
		ike_auth_settle(sa);
}

/* All is there but our token. */
static void conclude(struct ike_task *t)
{
	if (!ike_qcd_ask(t))
		respond(t);
}

static void answer_make(struct ike_task *t, const struct ike_answer *a)
{
	struct ike_sa *sa = t->sa;

	if (!a->ok || !ike_bytes_set(&t->auth, a->bytes.p, a->bytes.len)) {
		ike_deal_drop(t);
		refuse(t, a->cause != CAUSE_NONE ? a->cause : CAUSE_IKE_NO_PSK,
		       a->text ? a->text : "");
		return;
	}
	if (t->child_failed != CAUSE_NONE) {
		conclude(t);
		return;
	}
	t->deal->chain = ++sa->ike->next_chain;
	ike_ask_install(t);
}

static void answer_ppk(struct ike_task *t, const struct ike_answer *a)
{
	char text[LS_EVENT_TEXT_MAX];
	enum ike_ppk_action action = IKE_PPK_STANDARD;
	enum ls_cause cause = CAUSE_NONE;

	if (!ike_ppk_take(t->sa, a))
		action = ike_ppk_request_without(t, &cause, text, sizeof text);
	check(t, action, cause, text);
}

static void answer_check(struct ike_task *t, const struct ike_answer *a)
{
	bool full = ike_tunnel_is_full(t->sa->ike, t->sa->tunnel);
	const struct ike_gateway *elsewhere = ike_redirect_auth_where(t->sa, full);
	char text[LS_EVENT_TEXT_MAX];

	if (!a->ok) {
		refuse(t, a->cause != CAUSE_NONE ? a->cause : CAUSE_IKE_AUTH_MISMATCH,
		       ike_ppk_doubt(t->sa, a->text, text, sizeof text));
	} else if (full && !elsewhere) {
		refuse(t, CAUSE_LIMIT_REACHED, "IKE SAs of one tunnel");
	} else if (!ike_ppk_fits(t->sa)) { /* any more */
		refuse(t, CAUSE_CONFIG_CHANGED, "");
	} else {
		if (elsewhere)
			t->gateway = *elsewhere;
		ike_auth_checked(t, a);
		authenticated(t);
	}
}

static void auth_answer(struct ike_task *t, const struct ike_answer *a)
{
	enum ike_question asked = t->asking;

	t->asking = IKE_Q_NONE;
	switch (asked) {
	case IKE_Q_AUTH_CHECK:
		answer_check(t, a);
		break;
	case IKE_Q_PPK:
		answer_ppk(t, a);
		break;
	case IKE_Q_SPI:
		t->deal->spi_in = a->spi;
		if (a->spi == 0)
			refuse_child(t, CAUSE_IKE_NO_SPI, IKE_N_NO_ADDITIONAL_SAS, "");
		ask_make(t);
		break;
	case IKE_Q_AUTH_MAKE:
		answer_make(t, a);
		break;
	case IKE_Q_INSTALL:
		if (a->ok) {
			t->deal->installed = true;
		} else {
			t->deal->spi_in = 0;
			refuse_child(t, CAUSE_IKE_NOT_INSTALLED, IKE_N_NO_ADDITIONAL_SAS,
			             ls_cause_info(a->cause)->sentence);
		}
		conclude(t);
		break;
	case IKE_Q_TOKEN:
		ike_qcd_made(t, a);
		respond(t);
		break;
	case IKE_Q_GATEWAY:
	case IKE_Q_NONE:
		break;
	}
}

static void auth_dropped(struct ike_task *t, enum ls_cause cause)
{
	(void)cause;
	ike_deal_drop(t);
}

const struct ike_task_ops ike_ops_auth_answer = {
	.name = "IKE_AUTH",
	.exchange = IKE_X_AUTH,
	.request = auth_request,
	.answer = auth_answer,
	.failed = auth_dropped,
};
