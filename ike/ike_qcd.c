/* Quick crash detection (RFC 6290): gives peers a token for each IKE SA, shows it for SAs that are
 * no more, and ends those whose peer shows its own. */
#include "ike/ike_qcd.h"

#include "ike/ike_sa.h"

#include <string.h>

void ike_qcd_set(struct ike *ike, bool on)
{
	ike->qcd.on = on;
}

/* -- whose peer is to recognise us -- */

bool ike_qcd_ask(struct ike_task *t)
{
	t->token.len = 0;
	if (!t->sa->ike->qcd.on)
		return false;
	ike_ask_token(t);
	return true;
}

void ike_qcd_made(struct ike_task *t, const struct ike_answer *a)
{
	if (!a->ok || a->bytes.len < IKE_TOKEN_MIN || a->bytes.len > IKE_TOKEN_MAX)
		return;
	t->token.len = (uint8_t)a->bytes.len;
	memcpy(t->token.bytes, a->bytes.p, a->bytes.len);
}

static void token_write(struct ike_build *b, struct ls_bytes token)
{
	ike_build_notify(b, IKE_PROTO_IKE, IKE_N_QCD_TOKEN, LS_BYTES(NULL, 0), token);
}

void ike_qcd_write(const struct ike_task *t, struct ike_build *b)
{
	if (t->token.len > 0)
		token_write(b, LS_BYTES(t->token.bytes, t->token.len));
}

static void renew_begin(struct ike_task *t)
{
	if (t->sa->state != IKE_S_ESTABLISHED || !ike_qcd_ask(t))
		ike_task_done(t);
}

static void renew_answer(struct ike_task *t, const struct ike_answer *a)
{
	struct ike_build b = ike_task_build(t);

	t->asking = IKE_Q_NONE;
	ike_qcd_made(t, a);
	if (t->token.len == 0) {
		ike_task_done(t);
		return;
	}
	ike_qcd_write(t, &b);
	ike_task_send(t, &b);
}

static void renew_response(struct ike_task *t)
{
	ike_task_done(t);
}

const struct ike_task_ops ike_ops_qcd = {
	.name = "token",
	.exchange = IKE_X_INFO,
	.begin = renew_begin,
	.answer = renew_answer,
	.response = renew_response,
};

void ike_qcd_renew(struct ike_sa *sa)
{
	if (sa->ike->qcd.on && sa->state == IKE_S_ESTABLISHED)
		ike_task_queue_once(sa, &ike_ops_qcd);
}

/* -- who has lost its SAs -- */

static struct ls_second *group_of(struct ike_qcd_limit *limit, const struct ls_addr *remote)
{
	uint32_t sum = 0;

	_Static_assert(sizeof limit->source / sizeof limit->source[0] == IKE_TOKEN_GROUPS, "all");
	for (size_t i = 0; i < ls_addr_size(remote); i++)
		sum = sum * 31 + remote->ip[i];
	return &limit->source[sum % IKE_TOKEN_GROUPS];
}

bool ike_qcd_admits(struct ike *ike, struct ike_qcd_limit *limit, unsigned most,
                    const struct ls_addr *remote)
{
	if (ls_second_add(group_of(limit, remote), 1, ike->now) <= most &&
	    ls_second_add(&limit->all, 1, ike->now) <= IKE_TOKENS_PER_S)
		return true;
	ike_count(ike, CAUSE_IKE_STRAY_LIMIT);
	return false;
}

static struct ike_qcd_waiting *waiting_new(struct ike *ike)
{
	struct ike_qcd *q = &ike->qcd;

	_Static_assert(sizeof q->waiting / sizeof q->waiting[0] == IKE_TOKENS_WAITING, "all");
	for (unsigned i = 0; i < IKE_TOKENS_WAITING; i++)
		if (q->waiting[i].question == 0 || q->waiting[i].until <= ike->now)
			return &q->waiting[i];
	return NULL;
}

/*
 * A token must never be told while its SA stands (9.2): not to one who turns the initiator's flag
 * (which makes another token of the SPIs anyhow), nor to one who puts another SPI beside ours.
 */
static bool stands(struct ike *ike, const struct ike_header *h)
{
	return ike_sa_by_spi(ike, h->spi_i) || ike_sa_by_spi(ike, h->spi_r);
}

static void disown(struct ike *ike, const struct ls_addr *local, const struct ls_addr *remote,
                   const struct ike_header *h, struct ls_bytes token)
{
	uint8_t bytes[IKE_PAYLOADS_MAX + IKE_TOKEN_MAX];
	struct ike_build b = ike_build_make(bytes, sizeof bytes);

	ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_INVALID_IKE_SPI, LS_BYTES(NULL, 0),
	                 LS_BYTES(NULL, 0));
	if (token.len > 0)
		token_write(&b, token);
	ike_send_unprotected(ike, local, remote, ike_reply_header(h), &b);
}

void ike_qcd_disown(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h)
{
	struct ike_qcd_waiting *w = waiting_new(ike);
	struct ike_item *item;

	if (!ike_qcd_admits(ike, &ike->qcd.disowned, IKE_TOKENS_PER_SOURCE, &d->remote))
		return;
	item = ike->qcd.on && w && !stands(ike, h) ? ike_queue(ike, IKE_REQ_TOKEN, 0) : NULL;
	if (!item) {
		disown(ike, &d->local, &d->remote, h, LS_BYTES(NULL, 0));
		return;
	}
	*w = (struct ike_qcd_waiting){.question = ++ike->next_question,
	                              .until = ls_time_add(ike->now, LS_S(IKE_QUESTION_S)),
	                              .local = d->local,
	                              .remote = d->remote,
	                              .h = *h};
	item->request.id = w->question;
	item->request.token = (struct ike_token_request){
		.spi_i = h->spi_i,
		.spi_r = h->spi_r,
		.initiator = !(h->flags & IKE_FLAG_INITIATOR),
		.peer = ls_addr_with_port(d->remote, 0),
	};
}

void ike_qcd_answered(struct ike *ike, uint64_t id, const struct ike_answer *a)
{
	bool made = a->ok && a->bytes.len >= IKE_TOKEN_MIN && a->bytes.len <= IKE_TOKEN_MAX;

	for (unsigned i = 0; id != 0 && i < IKE_TOKENS_WAITING; i++) {
		struct ike_qcd_waiting *w = &ike->qcd.waiting[i];

		if (w->question != id)
			continue;
		w->question = 0;
		/* It may have come to stand meanwhile, from a snapshot. */
		made = made && !stands(ike, &w->h);
		disown(ike, &w->local, &w->remote, &w->h, made ? a->bytes : LS_BYTES(NULL, 0));
		return;
	}
}

/* -- who recognises -- */

static bool is_token(const struct ike_notify *n)
{
	return n->type == IKE_N_QCD_TOKEN && n->data.len >= IKE_TOKEN_MIN &&
	       n->data.len <= IKE_TOKEN_MAX;
}

static void hash_of(struct ls_bytes token, uint8_t hash[CRYPTO_HASH_MAX])
{
	crypto_digest(CRYPTO_SHA256, &token, 1, hash);
}

void ike_qcd_take(struct ike_sa *sa, const struct ike_payloads *in)
{
	uint8_t hash[CRYPTO_HASH_MAX];

	if (!sa->ike->qcd.on)
		return;
	for (unsigned i = 0; i < in->notifies; i++) {
		if (!is_token(&in->notify[i]))
			continue;
		hash_of(in->notify[i].data, hash);
		memcpy(sa->qcd.hash, hash, sizeof sa->qcd.hash);
		sa->qcd.known = true;
		return;
	}
}

/* Any of four has to be taken, for a maker that changes its secret (4.5). */
static bool any_fits(const struct ike_sa *sa, const struct ike_payloads *in, unsigned *seen)
{
	uint8_t hash[CRYPTO_HASH_MAX];
	bool fits = false;

	for (unsigned i = 0; i < in->notifies && *seen < IKE_TOKENS_READ; i++) {
		if (!is_token(&in->notify[i]))
			continue;
		++*seen;
		hash_of(in->notify[i].data, hash);
		fits |= crypto_equal(hash, sa->qcd.hash, sizeof sa->qcd.hash);
	}
	return fits;
}

bool ike_qcd_shown(struct ike_sa *sa, const struct ike_header *h, struct ls_bytes message)
{
	struct rd r = rd_make(message.p, message.len);
	struct ike_payloads in;
	unsigned seen = 0;
	bool fits;

	if (!sa->ike->qcd.on || !sa->qcd.known || sa->state == IKE_S_DEAD)
		return false;
	rd_skip(&r, IKE_HEADER_SIZE);
	if (ike_payloads_read(h->next, &r, &in) != CAUSE_NONE ||
	    !ike_notify_find(&in, IKE_N_QCD_TOKEN))
		return false;
	if (ls_second_add(&sa->qcd.shown, 1, sa->ike->now) > IKE_TOKENS_SHOWN_PER_S) {
		ike_count(sa->ike, CAUSE_IKE_STRAY_LIMIT);
		return false;
	}
	fits = any_fits(sa, &in, &seen);
	if (!fits)
		ike_count(sa->ike, CAUSE_IKE_TOKEN_WRONG);
	return fits;
}
