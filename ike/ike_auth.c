/* IKE_AUTH as initiator: proves who we are, checks who the peer is, and makes the first CHILD SA
 * (RFC 7296 1.2, 2.15, 2.21.2). */
#include "ike/ike_auth.h"

#include "ike/ike_mobike.h"
#include "ike/ike_names.h"
#include "ike/ike_ppk.h"
#include "ike/ike_proof.h"
#include "ike/ike_qcd.h"

#include <string.h>

enum { METHOD_RSA_SHA1 = 1, METHOD_SHARED_KEY = 2 };

void ike_id_write(struct wr *w, const struct ike_identity *id)
{
	wr_u8(w, (uint8_t)id->type);
	wr_zero(w, 3);
	wr_bytes(w, id->data, id->len);
}

bool ike_id_read(struct ls_bytes body, struct ike_identity *out)
{
	struct rd r = rd_make(body.p, body.len);
	uint8_t type = rd_u8(&r);
	size_t len;

	rd_skip(&r, 3);
	len = rd_left(&r);
	memset(out, 0, sizeof *out);
	if (!rd_ok(&r) || type == IKE_ID_ANY || len > sizeof out->data)
		return false;
	out->type = (enum ike_id_type)type;
	out->len = (uint16_t)len;
	rd_copy(&r, out->data, len);
	return true;
}

/* Whether an expected identity names exactly one peer. */
static bool names_one(const struct ike_identity *id)
{
	return id->type != IKE_ID_ANY && !(id->type == IKE_ID_FQDN && id->len > 2 &&
	                                   id->data[0] == '*' && id->data[1] == '.');
}

void ike_auth_id_body(const struct ike_identity *id, struct ike_id_body *out)
{
	struct wr w = wr_make(out->bytes, sizeof out->bytes);

	ike_id_write(&w, id);
	out->len = w.len;
}

bool ike_auth_write(struct ike_task *t, struct ike_build *b)
{
	ike_build_begin(b, IKE_P_AUTH);
	wr_u8(&b->w, t->sa->auth == IKE_AUTH_CERT ? sign_method(t->sa->scheme) : METHOD_SHARED_KEY);
	wr_zero(&b->w, 3);
	wr_bytes(&b->w, t->auth.p, t->auth.len);
	ike_build_end(b);
	return t->auth.p != NULL;
}

static enum ls_cause method_refused(const struct ike_sa *sa, const char *seen, char *text,
                                    size_t cap)
{
	struct ike_text out = ike_text_make(text, cap);
	unsigned taken = sa->peer->config.peer_auth;

	ike_text_add(&out, "it proves itself by ");
	ike_text_add(&out, seen);
	ike_text_add(&out, "; we take ");
	ike_text_add(&out, taken == IKE_AUTH_SET(IKE_AUTH_PSK) ? "a preshared key"
	                   : taken == IKE_AUTH_SET(IKE_AUTH_CERT)
	                           ? "a certificate"
	                           : "a preshared key or a certificate");
	return CAUSE_IKE_METHOD_REFUSED;
}

enum ls_cause ike_auth_method(struct ike_sa *sa, const struct ike_payloads *in, char *text,
                              size_t cap)
{
	bool certificate = ike_cert_method(in->auth_method);

	if (!certificate && in->auth_method != METHOD_SHARED_KEY)
		return method_refused(sa,
		                      in->auth_method == METHOD_RSA_SHA1
		                              ? "RSA with SHA-1 (method 1, not RFC 7427)"
		                              : "an unknown method",
		                      text, cap);
	sa->peer_auth = certificate ? IKE_AUTH_CERT : IKE_AUTH_PSK;
	if (!(sa->peer->config.peer_auth & IKE_AUTH_SET(sa->peer_auth)))
		return method_refused(sa, certificate ? "a certificate" : "a preshared key", text,
		                      cap);
	return certificate ? ike_cert_check(in, text, cap) : CAUSE_NONE;
}

void ike_auth_checked(struct ike_task *t, const struct ike_answer *a)
{
	t->sa->peer_scheme = a->scheme;
	ike_proof_keep(t->sa, a->cert, t->in.cert, t->in.certs);
}

/* The first IKE SA of ours with this gateway: whatever it still holds of earlier ones is dead
 * (2.4). */
static bool first_contact(const struct ike_sa *sa)
{
	for (const struct ike_sa *o = sa->ike->sas; o; o = o->next)
		if (o != sa && o->tunnel == sa->tunnel && !o->redirect.told &&
		    (o->state == IKE_S_ESTABLISHED || o->state == IKE_S_REKEYED))
			return false;
	return true;
}

static void send_request(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_peer *p = &sa->peer->config;
	struct ike_build b = ike_task_build(t);

	ike_build_begin(&b, IKE_P_IDI);
	ike_id_write(&b.w, &p->local_id);
	ike_cert_write(sa, &b);
	if (p->peer_auth & IKE_AUTH_SET(IKE_AUTH_CERT))
		ike_cert_request_write(sa->ike, &b);
	if (names_one(&p->remote_id)) {
		ike_build_begin(&b, IKE_P_IDR);
		ike_id_write(&b.w, &p->remote_id);
	}
	ike_auth_write(t, &b);
	ike_ppk_request_write(t, &b);
	ike_qcd_write(t, &b);
	ike_mobike_offer(sa, &b);
	if (first_contact(sa))
		ike_build_flag(&b, IKE_N_INITIAL_CONTACT);
	if (!ike_deal_offer(t, &b)) {
		ike_sa_end(sa, CAUSE_NO_MEMORY, "");
		return;
	}
	ike_task_send(t, &b);
}

void ike_auth_start(struct ike_sa *sa)
{
	char text[LS_EVENT_TEXT_MAX];
	enum ls_cause cause;
	struct ike_task *t;

	if (ike_sa_ah_hindered(sa, text, sizeof text)) {
		ike_sa_end(sa, CAUSE_AH_NAT, text);
		return;
	}
	cause = ike_cert_choose(sa, text, sizeof text);
	if (cause != CAUSE_NONE) {
		ike_sa_end(sa, cause, text);
		return;
	}
	t = ike_task_new(sa, &ike_ops_auth);
	if (t)
		t->deal = ike_deal_new(true, true);
	if (!t || !t->deal) {
		if (t)
			ike_task_drop(t);
		ike_sa_end(sa, CAUSE_NO_MEMORY, "");
		return;
	}
	sa->peer_id = names_one(&sa->peer->config.remote_id) ? sa->peer->config.remote_id
	                                                     : (struct ike_identity){0};
	ike_task_queue(t);
}

static void auth_begin(struct ike_task *t)
{
	ike_ask_spi(t);
}

static void auth_ask_make(struct ike_task *t)
{
	struct ike_id_body id;

	ike_auth_id_body(&t->sa->peer->config.local_id, &id);
	ike_ask_auth_make(t, LS_BYTES(id.bytes, id.len));
}

static void peer_refused(struct ike_task *t, const struct ike_notify *error)
{
	char text[LS_EVENT_TEXT_MAX], doubt[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_text_add(&out, "it answered ");
	ike_text_notify(&out, error->type);
	ike_text_add(&out, "; we are ");
	ike_text_identity(&out, &t->sa->peer->config.local_id);
	if (t->sa->auth == IKE_AUTH_CERT)
		ike_text_add(&out, t->sa->other_ca
		                           ? ", by a certificate of a CA that it does not ask for"
		                           : ", by our certificate");
	ike_ppk_doubt(t->sa, text, doubt, sizeof doubt);
	/* Without AUTH in it the answer is final for this SA (2.21.2), there is nobody to send a
	 * Delete to. */
	ike_sa_end(t->sa,
	           error->type == IKE_N_AUTHENTICATION_FAILED ? CAUSE_IKE_AUTH_REFUSED
	                                                      : ike_child_error(error->type),
	           doubt);
}

static void wrong_identity(struct ike_task *t, const struct ike_identity *seen)
{
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_text_add(&out, "it says it is ");
	ike_text_identity(&out, seen);
	ike_text_add(&out, ", we expect ");
	ike_text_identity(&out, &t->sa->peer->config.remote_id);
	ike_sa_end_telling(t->sa, CAUSE_IKE_WRONG_IDENTITY, text, IKE_N_AUTHENTICATION_FAILED);
}

static void auth_response(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *error = ike_notify_error(&t->in);
	struct ike_identity seen;
	char text[LS_EVENT_TEXT_MAX];
	enum ls_cause cause;

	if (!t->in.auth.p && error) {
		peer_refused(t, error);
		return;
	}
	if (!t->in.auth.p || !t->in.idr.p || !ike_id_read(t->in.idr, &seen)) {
		ike_sa_end_telling(sa, CAUSE_IKE_SYNTAX,
		                   "its answer to IKE_AUTH has no proof of identity",
		                   IKE_N_AUTHENTICATION_FAILED);
		return;
	}
	if (!ike_identity_matches(&sa->peer->config.remote_id, &seen)) {
		wrong_identity(t, &seen);
		return;
	}
	cause = ike_auth_method(sa, &t->in, text, sizeof text);
	if (cause == CAUSE_NONE)
		cause = ike_ppk_response(t, text, sizeof text);
	if (cause != CAUSE_NONE) {
		ike_sa_end_telling(sa, cause, text, IKE_N_AUTHENTICATION_FAILED);
		return;
	}
	sa->peer_id = seen;
	ike_ask_auth_check(t, t->in.idr);
}

/* The peer is who it should be, but the CHILD SA came to nothing: there is no use for the IKE SA.
 */
static void child_failed(struct ike_task *t, enum ls_cause cause, const char *text)
{
	char own[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(own, sizeof own);

	ike_text_add(&out, text);
	ike_sa_close(t->sa, cause, own);
}

static void authenticated(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *error = ike_notify_error(&t->in);
	char text[LS_EVENT_TEXT_MAX], offered[LS_EVENT_TEXT_MAX / 2];
	struct ike_text out = ike_text_make(text, sizeof text);
	enum ls_cause cause;

	ike_auth_progress(sa);
	ike_qcd_take(sa, &t->in);
	ike_mobike_take(sa, &t->in);
	ike_sa_established(sa);
	ike_reauth_take(sa, &t->in);
	if (ike_redirect_auth(t))
		return;
	if (error && !t->in.sa.p) {
		ike_text_add(&out, "it answered ");
		ike_text_notify(&out, error->type);
		if (error->type == IKE_N_NO_PROPOSAL_CHOSEN) {
			ike_text_add(&out, "; we offered ");
			ike_proposals_text(sa->peer->config.child, sa->peer->config.child_count,
			                   offered, sizeof offered);
			ike_text_add(&out, offered);
		}
		child_failed(t, ike_child_error(error->type), text);
		return;
	}
	cause = ike_deal_accept(t, text, sizeof text);
	if (cause != CAUSE_NONE) {
		child_failed(t, cause, text);
		return;
	}
	t->deal->chain = ++sa->ike->next_chain;
	ike_ask_install(t);
}

static void installed(struct ike_task *t, const struct ike_answer *a)
{
	struct ike_sa *sa = t->sa;
	struct ike_child *c;

	if (!a->ok) {
		t->deal->spi_in = 0; /* the owner gives it back itself */
		child_failed(t, CAUSE_IKE_NOT_INSTALLED, ls_cause_info(a->cause)->sentence);
		return;
	}
	t->deal->installed = true;
	c = ike_deal_child(t);
	if (!c) {
		child_failed(t, CAUSE_NO_MEMORY, "");
		return;
	}
	if (ike_auth_up(sa, c)) {
		ike_auth_settle(sa);
		ike_reauth_done(sa);
	}
	if (sa->state == IKE_S_ESTABLISHED)
		ike_task_done(t);
}

/* With a PPK that is not required the value without it is made first (RFC 8784 3). */
static void auth_made(struct ike_task *t, const struct ike_answer *a)
{
	struct ike_sa *sa = t->sa;
	bool plain = sa->ppk.spoken && !sa->ppk.used;

	if (!a->ok || !ike_bytes_set(plain ? &t->auth_plain : &t->auth, a->bytes.p, a->bytes.len))
		ike_sa_end(sa, a->cause != CAUSE_NONE ? a->cause : CAUSE_IKE_NO_PSK,
		           a->text ? a->text : "");
	else if (plain)
		ike_ask_ppk(t);
	else if (!ike_qcd_ask(t))
		send_request(t);
}

static void auth_answer(struct ike_task *t, const struct ike_answer *a)
{
	struct ike_sa *sa = t->sa;
	enum ike_question asked = t->asking;
	char text[LS_EVENT_TEXT_MAX];

	t->asking = IKE_Q_NONE;
	switch (asked) {
	case IKE_Q_SPI:
		t->deal->spi_in = a->spi;
		if (a->spi == 0)
			ike_sa_end(sa, CAUSE_IKE_NO_SPI, "");
		else if (sa->ppk.spoken && sa->peer->config.ppk_required)
			ike_ask_ppk(t);
		else
			auth_ask_make(t);
		break;
	case IKE_Q_AUTH_MAKE:
		auth_made(t, a);
		break;
	case IKE_Q_PPK:
		if (ike_ppk_take(sa, a))
			auth_ask_make(t);
		else
			ike_sa_end(sa, a->cause != CAUSE_NONE ? a->cause : CAUSE_INTERNAL, "");
		break;
	case IKE_Q_AUTH_CHECK:
		if (!a->ok)
			ike_sa_end_telling(
				sa, a->cause != CAUSE_NONE ? a->cause : CAUSE_IKE_AUTH_MISMATCH,
				ike_ppk_doubt(sa, a->text, text, sizeof text),
				IKE_N_AUTHENTICATION_FAILED);
		else if (!ike_ppk_fits(sa)) /* any more */
			ike_sa_end_telling(sa, CAUSE_CONFIG_CHANGED, "",
			                   IKE_N_AUTHENTICATION_FAILED);
		else {
			ike_auth_checked(t, a);
			authenticated(t);
		}
		break;
	case IKE_Q_TOKEN:
		ike_qcd_made(t, a);
		send_request(t);
		break;
	case IKE_Q_INSTALL:
		installed(t, a);
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

const struct ike_task_ops ike_ops_auth = {
	.name = "IKE_AUTH",
	.exchange = IKE_X_AUTH,
	.begin = auth_begin,
	.response = auth_response,
	.answer = auth_answer,
	.failed = auth_dropped,
};
