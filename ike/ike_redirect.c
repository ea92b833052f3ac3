/* Redirect (RFC 5685). What a redirect changes is which gateway is called, for a while: it has to
 * prove the same identity, by the same means, as the one that was configured (3). The old IKE SA
 * stands until the new one does. */
#include "ike/ike_redirect.h"

#include "ike/ike_gateway.h"
#include "ike/ike_names.h"
#include "ike/ike_sa.h"

#include <string.h>

enum {
	GOODBYE_S = 2, /* what runs on the old SA ends in good order */
	QUIET_S = 60,  /* we were sent where nobody took us: not sent anywhere for so long */
	UNPROTECTED_MAX = 2 + IKE_GATEWAY_MAX + IKE_NONCE_MAX + 64
};

static const struct ls_bytes nothing;

static void text_gateway(struct ike_text *t, const struct ike_gateway *g)
{
	char text[IKE_GATEWAY_TEXT_MAX];

	ike_text_add(t, ike_gateway_text(g, text));
}

/* -- who calls -- */

void ike_redirect_forget(struct ike_peer_entry *peer)
{
	peer->redirect.to.type = IKE_GATEWAY_NONE;
}

enum ls_cause ike_redirect_dial(struct ike *ike, struct ike_peer_entry *peer, bool attempt)
{
	const struct ike_peer_redirect *r = &peer->redirect;

	if (r->to.type == IKE_GATEWAY_NONE)
		return ike_init_dial(ike, peer, 0, attempt);
	return ike_init_dial_to(ike, peer, &r->to, &r->from, attempt) ? CAUSE_NONE
	                                                              : CAUSE_LIMIT_REACHED;
}

enum ls_cause ike_redirect_dial_again(const struct ike_sa *sa)
{
	const struct ike_sa_redirect *r = &sa->redirect;
	struct ike_sa *next;

	if (r->to.type == IKE_GATEWAY_NONE)
		return ike_init_dial(sa->ike, sa->peer, sa->address_index, false);
	next = ike_init_dial_to(sa->ike, sa->peer, &r->to, &r->from, false);
	if (!next)
		return CAUSE_LIMIT_REACHED;
	next->redirect.settled = true;
	return CAUSE_NONE;
}

void ike_redirect_call(struct ike_sa *sa)
{
	sa->redirect.follows =
		sa->peer->config.follow_redirects && sa->ike->now >= sa->peer->redirect.quiet_until;
}

void ike_redirect_init_write(const struct ike_sa *sa, struct ike_build *b)
{
	struct ike_gateway from = ike_gateway_at(&sa->redirect.from);

	if (sa->redirect.follows)
		ike_build_flag(b, IKE_N_REDIRECT_SUPPORTED);
	if (sa->redirect.from.family != 0)
		ike_gateway_write(b, IKE_N_REDIRECTED_FROM, &from, nothing);
}

/* We do not say that we follow for so long, so that who is called has to take us. */
static void quiet(const struct ike_sa *sa, uint32_t seconds)
{
	ls_time until = ls_time_add(sa->ike->now, LS_S((ls_time)seconds));

	if (sa->peer->redirect.quiet_until < until)
		sa->peer->redirect.quiet_until = until;
}

/* So many within a while, and one more (7). */
static bool loops(struct ike_peer_redirect *r, ls_time now)
{
	ls_time oldest = r->followed[r->next];

	if (r->count == IKE_REDIRECTS_MAX && now - oldest < LS_S(IKE_REDIRECT_LOOP_S))
		return true;
	r->followed[r->next] = now;
	r->next = (r->next + 1) % IKE_REDIRECTS_MAX;
	r->count += r->count < IKE_REDIRECTS_MAX;
	return false;
}

static const char *follow_refused(struct ike_sa *sa, const struct ike_gateway *to)
{
	struct ls_addr at;

	if (ike_gateway_addr(to, &at) && ls_addr_same_ip(&at, &sa->remote))
		return "it names itself";
	if (loops(&sa->peer->redirect, sa->ike->now))
		return "5 of them within 300 s: the gateways send us from one to the other";
	if (!ike_init_dial_to(sa->ike, sa->peer, to, &sa->remote, sa->attempt))
		return "there is no room for another IKE SA";
	return NULL;
}

/* Dials it; where it does not, text says why, and the peer is not asked for more of that. */
static bool follow(struct ike_sa *sa, const struct ike_gateway *to, const char *where, char *text,
                   size_t cap)
{
	struct ike_text out = ike_text_make(text, cap);
	const char *refused = follow_refused(sa, to);

	ike_text_add(&out, "to ");
	text_gateway(&out, to);
	if (refused) {
		ike_text_add(&out, ": ");
		ike_text_add(&out, refused);
		quiet(sa, IKE_REDIRECT_LOOP_S);
		return false;
	}
	sa->attempt = false;
	ike_text_add(&out, where);
	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_REDIRECTED, text);
	return true;
}

bool ike_redirect_init(struct ike_task *t, char *text, size_t cap)
{
	const struct ike_notify *n = ike_notify_find(&t->in, IKE_N_REDIRECT);
	struct ike_sa *sa = t->sa;
	struct ike_gateway to;

	text[0] = '\0';
	if (!n)
		return false;
	/* Not an answer to what we have asked: another one is waited for (3). */
	if (!sa->redirect.follows || !ike_gateway_read(n->data, sa->nonce_local, &to)) {
		ike_count(sa->ike, CAUSE_REDIRECT_UNASKED);
		return true;
	}
	if (follow(sa, &to, ", in IKE_SA_INIT", text, cap)) {
		ike_sa_end(sa, CAUSE_REDIRECTED, "");
		text[0] = '\0';
	}
	return true;
}

bool ike_redirect_auth(struct ike_task *t)
{
	const struct ike_notify *n = ike_notify_find(&t->in, IKE_N_REDIRECT);
	struct ike_sa *sa = t->sa;
	char text[LS_EVENT_TEXT_MAX];
	struct ike_gateway to;

	if (!n)
		return false;
	if (!sa->redirect.follows || !ike_gateway_read(n->data, nothing, &to)) {
		ike_sa_close(sa, CAUSE_REDIRECT_REFUSED, "in IKE_AUTH, unasked or malformed");
	} else if (follow(sa, &to, ", in IKE_AUTH", text, sizeof text)) {
		ike_sa_close(sa, CAUSE_REDIRECTED, "");
	} else {
		/* Once more, without saying that we follow. */
		if (sa->attempt && ike_init_dial(sa->ike, sa->peer, 0, true) == CAUSE_NONE) {
			sa->attempt = false;
			ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_REDIRECT_REFUSED,
			                text);
		}
		ike_sa_close(sa, CAUSE_REDIRECT_REFUSED, text);
	}
	return true;
}

void ike_redirect_info(struct ike_sa *sa, const struct ike_payloads *in)
{
	const struct ike_notify *n = ike_notify_find(in, IKE_N_REDIRECT);
	char text[LS_EVENT_TEXT_MAX] = "unasked or malformed";
	struct ike_peer_redirect *r;
	struct ike_gateway to;

	if (!n || !sa->peer || sa->state != IKE_S_ESTABLISHED)
		return;
	r = &sa->peer->redirect;
	if (!sa->dialled || !sa->redirect.follows || !ike_gateway_read(n->data, nothing, &to)) {
		ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_REDIRECT_REFUSED, text);
		return;
	}
	/* On our way, or there already. */
	if (ike_tunnel_is_dialled(sa->ike, sa->tunnel) || sa->redirect.leave_at)
		return;
	if (!follow(sa, &to, "", text, sizeof text)) {
		ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_REDIRECT_REFUSED, text);
		return;
	}
	sa->redirect.told = true;
	r->to = to;
	r->from = ls_addr_with_port(sa->remote, 0);
}

bool ike_redirect_leaves(const struct ike_sa *sa)
{
	return sa->dialled && sa->redirect.told;
}

ls_time ike_redirect_due(const struct ike_sa *sa)
{
	return sa->redirect.leave_at ? sa->redirect.leave_at : LS_NEVER;
}

uint32_t ike_redirect_arrived(struct ike_sa *sa)
{
	const struct ike_sa_redirect *mine = &sa->redirect;
	uint32_t left = 0;

	if (!sa->initiator || mine->to.type == IKE_GATEWAY_NONE)
		return 0;
	sa->redirect.settled = true;
	sa->peer->redirect.to = mine->to;
	sa->peer->redirect.from = mine->from;
	for (struct ike_sa *o = sa->ike->sas; o; o = o->next) {
		if (o == sa || o->tunnel != sa->tunnel || o->state != IKE_S_ESTABLISHED ||
		    !ike_redirect_leaves(o))
			continue;
		o->redirect.leave_at = ls_time_add(sa->ike->now, LS_S(GOODBYE_S));
		if (left == 0)
			left = ike_sa_announced(o);
	}
	return left;
}

/* Whether the tunnel has an IKE SA that we dialled; none of them is about to go any more. */
static bool stays(const struct ike_sa *sa)
{
	bool any = false;

	for (struct ike_sa *o = sa->ike->sas; o; o = o->next) {
		if (o == sa || o->tunnel != sa->tunnel || !o->dialled ||
		    o->state != IKE_S_ESTABLISHED)
			continue;
		o->redirect.told = false;
		any = true;
	}
	return any;
}

/* It was not the gateway's to take us. */
static bool is_ours(enum ls_cause cause)
{
	return cause == CAUSE_REDIRECTED || cause == CAUSE_IKE_DUPLICATE || cause == CAUSE_ADMIN ||
	       cause == CAUSE_SHUTDOWN || cause == CAUSE_CONFIG_CHANGED ||
	       cause == CAUSE_IKE_OWN_ADDRESS;
}

void ike_redirect_failed(struct ike_sa *sa, enum ls_cause cause, const char *text)
{
	char whole[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(whole, sizeof whole);

	if (!sa->peer || !sa->initiator || sa->redirect.to.type == IKE_GATEWAY_NONE ||
	    sa->redirect.settled || is_ours(cause))
		return;
	sa->redirect.settled = true;
	quiet(sa, QUIET_S);
	/* Where the old SA stands, it is tried once more when that goes. */
	if (!stays(sa) && ike_gateway_same(&sa->peer->redirect.to, &sa->redirect.to))
		ike_redirect_forget(sa->peer);
	text_gateway(&out, &sa->redirect.to);
	ike_text_add(&out, ": ");
	ike_text_add(&out, ls_cause_info(cause)->sentence);
	if (text[0] != '\0') {
		ike_text_add(&out, ": ");
		ike_text_add(&out, text);
	}
	ike_queue_event(sa->ike, sa->tunnel, &sa->redirect.from, CAUSE_REDIRECT_FAILED, whole);
}

/* -- who is called -- */

static const struct ike_gateway *given(const struct ike_gateway *g)
{
	return g->type != IKE_GATEWAY_NONE ? g : NULL;
}

/* Where callers of that peer are sent; NULL: nowhere. */
static const struct ike_gateway *order(const struct ike_sa *sa)
{
	const struct ike_gateway *own = sa->peer ? given(&sa->peer->redirect.order) : NULL;

	return own ? own : given(&sa->ike->redirect_all);
}

bool ike_redirect_init_heard(const struct ike_payloads *in, struct ls_addr *from)
{
	const struct ike_notify *n = ike_notify_find(in, IKE_N_REDIRECTED_FROM);
	struct ike_gateway gateway;

	*from = (struct ls_addr){0};
	if (n &&
	    (!ike_gateway_read(n->data, nothing, &gateway) || !ike_gateway_addr(&gateway, from)))
		n = NULL;
	return n || ike_notify_find(in, IKE_N_REDIRECT_SUPPORTED);
}

static void tell_sent(struct ike *ike, uint32_t tunnel, const struct ls_addr *remote,
                      const struct ike_gateway *to, const char *where)
{
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_text_add(&out, "to ");
	text_gateway(&out, to);
	ike_text_add(&out, where);
	ike_queue_event(ike, tunnel, remote, CAUSE_REDIRECT_SENT, text);
}

bool ike_redirect_init_answer(struct ike *ike, const struct ike_datagram *d,
                              const struct ike_header *h, const struct ike_payloads *in)
{
	bool full = ike->sas_count >= ike->limits.max_ike_sas;
	const struct ike_gateway *to = given(&ike->redirect_all);
	uint8_t bytes[UNPROTECTED_MAX];
	struct ike_build b = ike_build_make(bytes, sizeof bytes);
	struct ls_addr from;

	if (!to && full)
		to = given(&ike->redirect_full);
	if (!to || !ike_redirect_init_heard(in, &from))
		return false;
	ike_gateway_write(&b, IKE_N_REDIRECT, to, in->nonce);
	ike_send_unprotected(ike, &d->local, &d->remote, ike_reply_header(h), &b);
	if (ike_unprotected_allowed(ike))
		tell_sent(ike, 0, &d->remote, to,
		          full ? ", in IKE_SA_INIT: there is no room here" : ", in IKE_SA_INIT");
	else
		ike_count(ike, CAUSE_REDIRECT_SENT);
	return true;
}

const struct ike_gateway *ike_redirect_auth_where(const struct ike_sa *sa, bool full)
{
	const struct ike_gateway *to = order(sa);

	if (!sa->redirect.follows)
		return NULL;
	return !to && full ? given(&sa->ike->redirect_full) : to;
}

void ike_redirect_auth_write(struct ike_task *t, struct ike_build *b)
{
	struct ike_sa *sa = t->sa;

	ike_gateway_write(b, IKE_N_REDIRECT, &t->gateway, nothing);
	tell_sent(sa->ike, sa->tunnel, &sa->remote, &t->gateway, ", in IKE_AUTH");
	sa->redirect.told = true;
}

static void begin(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_gateway *to = order(sa);
	struct ike_build b = ike_task_build(t);

	if (!to) { /* any more */
		ike_task_done(t);
		return;
	}
	/* Its answer may be lost, and it be gone before it is repeated. */
	sa->redirect.told = true;
	tell_sent(sa->ike, sa->tunnel, &sa->remote, to, "");
	ike_gateway_write(&b, IKE_N_REDIRECT, to, nothing);
	ike_task_send(t, &b);
}

static void answered(struct ike_task *t)
{
	ike_task_done(t);
}

const struct ike_task_ops ike_ops_redirect = {
	.name = "redirect",
	.exchange = IKE_X_INFO,
	.begin = begin,
	.response = answered,
};

void ike_redirect_order(struct ike_sa *sa)
{
	if (sa->state != IKE_S_ESTABLISHED || sa->dialled || !order(sa))
		return;
	if (sa->redirect.follows)
		ike_task_queue_once(sa, &ike_ops_redirect);
	else
		ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_REDIRECT_UNSUPPORTED, "");
}
