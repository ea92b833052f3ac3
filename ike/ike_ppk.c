/* Post-quantum preshared keys in IKE (RFC 8784): who names which, and whether one goes into the
 * keys of a new IKE SA. */
#include "ike/ike_ppk.h"

#include "ike/ike_names.h"

#include <string.h>

enum { ID_TEXT_MAX = 100 };

enum ike_ppk_action ike_ppk_action(bool use_ppk, bool no_ppk_auth, bool configured, bool required)
{
	if (!use_ppk)
		return configured && required ? IKE_PPK_ABORT : IKE_PPK_STANDARD;
	if (configured)
		return IKE_PPK_USE;
	return no_ppk_auth && !required ? IKE_PPK_STANDARD : IKE_PPK_ABORT;
}

static bool any_has_one(const struct ike *ike)
{
	for (const struct ike_peer_entry *e = ike->peers; e; e = e->next)
		if (e->config.ppk_count > 0)
			return true;
	return false;
}

static bool is_of(const struct ike_peer *p, const struct ike_ppk_id *id)
{
	for (unsigned i = 0; i < p->ppk_count; i++)
		if (id->len > 0 && p->ppk[i].len == id->len &&
		    memcmp(p->ppk[i].data, id->data, id->len) == 0)
			return true;
	return false;
}

static void add_name(struct ike_text *out, const struct ike_ppk_id *id)
{
	char text[ID_TEXT_MAX];

	ike_text_add(out, "'");
	ike_text_add(out, ike_ppk_id_text(id, text, sizeof text));
	ike_text_add(out, "'");
}

/* -- IKE_SA_INIT -- */

void ike_ppk_call(struct ike_sa *sa)
{
	const struct ike_peer *p = &sa->peer->config;

	if (p->ppk_count > 0)
		sa->ppk.id = p->ppk[0];
}

void ike_ppk_init_write(const struct ike_sa *sa, struct ike_build *b)
{
	if (sa->initiator ? sa->ppk.id.len > 0 : sa->ppk.spoken)
		ike_build_flag(b, IKE_N_USE_PPK);
}

void ike_ppk_init_heard(struct ike_sa *sa, const struct ike_payloads *in)
{
	sa->ppk.spoken = ike_notify_find(in, IKE_N_USE_PPK) && any_has_one(sa->ike);
}

enum ls_cause ike_ppk_init_answered(struct ike_sa *sa, const struct ike_payloads *in)
{
	sa->ppk.spoken = sa->ppk.id.len > 0 && ike_notify_find(in, IKE_N_USE_PPK);
	sa->ppk.why = sa->ppk.spoken ? CAUSE_NONE : CAUSE_IKE_PPK_UNSPOKEN;
	return !sa->ppk.spoken && sa->peer->config.ppk_required ? CAUSE_IKE_PPK_UNSPOKEN
	                                                        : CAUSE_NONE;
}

/* -- IKE_AUTH -- */

bool ike_ppk_take(struct ike_sa *sa, const struct ike_answer *a)
{
	secret_free(&sa->ppk.other);
	if (!a->ok || !secret_from(&sa->ppk.other, a->bytes.p, a->bytes.len))
		return false;
	sa->ppk.used = ike_keys_swap(&sa->keys, &sa->ppk.other);
	return sa->ppk.used;
}

void ike_ppk_request_write(const struct ike_task *t, struct ike_build *b)
{
	const struct ike_ppk_id *id = &t->sa->ppk.id;
	uint8_t body[1 + IKE_PPK_ID_MAX];
	struct wr w = wr_make(body, sizeof body);

	if (!t->sa->ppk.used)
		return;
	wr_u8(&w, IKE_PPK_ID_FIXED);
	wr_bytes(&w, id->data, id->len);
	ike_build_notify(b, IKE_PROTO_NONE, IKE_N_PPK_IDENTITY, LS_BYTES(NULL, 0),
	                 LS_BYTES(body, w.len));
	if (t->auth_plain.p)
		ike_build_notify(b, IKE_PROTO_NONE, IKE_N_NO_PPK_AUTH, LS_BYTES(NULL, 0),
		                 t->auth_plain);
}

enum ls_cause ike_ppk_response(struct ike_task *t, char *text, size_t cap)
{
	struct ike_text out = ike_text_make(text, cap);
	struct ike_sa *sa = t->sa;

	if (!sa->ppk.used || ike_notify_find(&t->in, IKE_N_PPK_IDENTITY))
		return CAUSE_NONE;
	ike_text_add(&out, "we named ");
	add_name(&out, &sa->ppk.id);
	if (!t->auth_plain.p || sa->peer->config.ppk_required ||
	    !ike_keys_swap(&sa->keys, &sa->ppk.other))
		return CAUSE_IKE_PPK_NOT_TAKEN;
	sa->ppk.used = false;
	sa->ppk.why = CAUSE_IKE_PPK_NOT_TAKEN;
	return CAUSE_NONE;
}

/* Which PPK the peer names, into sa->ppk.id; len 0 where it is one that none of ours can be. */
static bool identity_read(struct ike_sa *sa, const struct ike_payloads *in, uint8_t *type)
{
	const struct ike_notify *n = ike_notify_find(in, IKE_N_PPK_IDENTITY);
	struct rd r = rd_make(n ? n->data.p : NULL, n ? n->data.len : 0);
	size_t len;

	sa->ppk.id.len = 0;
	*type = rd_u8(&r);
	if (!rd_ok(&r))
		return false;
	len = rd_left(&r);
	if (*type == IKE_PPK_ID_FIXED && len <= IKE_PPK_ID_MAX) {
		sa->ppk.id.len = (uint8_t)len;
		rd_copy(&r, sa->ppk.id.data, len);
	}
	return true;
}

/* It names none that may be used with it: on without a PPK, by the value that was made so, or not
 * at all. */
static enum ike_ppk_action go_on_without(struct ike_task *t, enum ls_cause cause)
{
	const struct ike_notify *plain = ike_notify_find(&t->in, IKE_N_NO_PPK_AUTH);
	enum ike_ppk_action action =
		ike_ppk_action(true, plain != NULL, false, t->sa->peer->config.ppk_required);

	t->sa->ppk.why = cause;
	if (action == IKE_PPK_STANDARD)
		t->in.auth = plain->data;
	return action;
}

enum ike_ppk_action ike_ppk_request(struct ike_task *t, enum ls_cause *cause, char *text,
                                    size_t cap)
{
	struct ike_sa *sa = t->sa;
	const struct ike_peer *p = &sa->peer->config;
	struct ike_text out = ike_text_make(text, cap);
	uint8_t type;

	if (!sa->ppk.spoken) {
		*cause = sa->ppk.why = CAUSE_IKE_PPK_UNSPOKEN;
		return ike_ppk_action(false, false, p->ppk_count > 0, p->ppk_required);
	}
	if (!identity_read(sa, &t->in, &type)) {
		*cause = CAUSE_IKE_PPK_NO_IDENTITY;
		return IKE_PPK_ABORT;
	}
	if (is_of(p, &sa->ppk.id))
		return IKE_PPK_USE;
	if (sa->ppk.id.len > 0) {
		ike_text_add(&out, "it names ");
		add_name(&out, &sa->ppk.id);
	} else {
		ike_text_add(&out, "it names one of type ");
		ike_text_number(&out, type);
	}
	*cause = CAUSE_IKE_PPK_UNKNOWN;
	return go_on_without(t, *cause);
}

enum ike_ppk_action ike_ppk_request_without(struct ike_task *t, enum ls_cause *cause, char *text,
                                            size_t cap)
{
	struct ike_text out = ike_text_make(text, cap);

	add_name(&out, &t->sa->ppk.id);
	*cause = CAUSE_IKE_PPK_NO_SECRET;
	return go_on_without(t, *cause);
}

void ike_ppk_answer_write(const struct ike_sa *sa, struct ike_build *b)
{
	if (sa->ppk.used)
		ike_build_flag(b, IKE_N_PPK_IDENTITY);
}

/* -- afterwards -- */

bool ike_ppk_fits(const struct ike_sa *sa)
{
	const struct ike_peer *p = &sa->peer->config;

	if (!sa->ppk.used)
		return !p->ppk_required;
	return sa->ppk.id.len == 0 || is_of(p, &sa->ppk.id);
}

void ike_ppk_audit(const struct ike_sa *sa)
{
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	if (sa->peer->config.ppk_count == 0 || sa->ppk.used)
		return;
	ike_text_add(&out, ls_cause_info(sa->ppk.why)->sentence);
	if (sa->ppk.id.len > 0) {
		ike_text_add(&out, ": ");
		add_name(&out, &sa->ppk.id);
	}
	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_PPK_UNUSED, text);
}

const char *ike_ppk_doubt(const struct ike_sa *sa, const char *before, char *text, size_t cap)
{
	struct ike_text out = ike_text_make(text, cap);

	ike_text_add(&out, before ? before : "");
	if (!sa->ppk.used)
		return text;
	ike_text_add(&out, before && before[0] ? "; it was made with the PPK "
	                                       : "it was made with the PPK ");
	add_name(&out, &sa->ppk.id);
	ike_text_add(&out, ", which may be another one there");
	return text;
}

void ike_ppk_inherit(struct ike_sa *sa, const struct ike_sa *old)
{
	sa->ppk.used = old->ppk.used;
	sa->ppk.id = old->ppk.id;
	sa->ppk.why = old->ppk.why;
}
