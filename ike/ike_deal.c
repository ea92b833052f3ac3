/* What is being negotiated for one CHILD SA, within IKE_AUTH or in an exchange of its own. */
#include "ike/ike_deal.h"

#include "ike/ike_names.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 200 };

struct ike_deal *ike_deal_new(bool initiator, bool in_auth)
{
	struct ike_deal *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->initiator = initiator;
	d->in_auth = in_auth;
	return d;
}

void ike_deal_free(struct ike_deal *d)
{
	if (!d)
		return;
	crypto_ke_free(d->ke);
	secret_free(&d->shared);
	ike_bytes_free(&d->nonce_local);
	ike_bytes_free(&d->nonce_remote);
	ike_bytes_free(&d->other_low);
	free(d);
}

void ike_deal_drop(struct ike_task *t)
{
	struct ike_deal *d = t->deal;

	if (!d || d->spi_in == 0)
		return;
	/* While the SAD is being asked nobody knows whether it has the pair: removing one that it
	 * has not is harmless. */
	if (d->installed || t->asking == IKE_Q_INSTALL)
		ike_ask_pair(t->sa, IKE_REQ_REMOVE, d->chain, d->spi_in, d->spi_out,
		             CAUSE_IKE_CHILD_FAILED);
	else
		ike_ask_pair(t->sa, IKE_REQ_RELEASE, 0, d->spi_in, 0, CAUSE_NONE);
	d->spi_in = 0;
}

static enum ike_ke_rule rule_of(const struct ike_deal *d)
{
	return d->in_auth ? IKE_KE_IGNORED : IKE_KE_PFS;
}

/* Whether two proposals say the same when no group is named. */
static bool same_but_groups(const struct ike_proposal *a, const struct ike_proposal *b)
{
	if (a->esn != b->esn || a->no_esn != b->no_esn)
		return false;
	for (unsigned i = 0; i < a->count; i++)
		if (algo_get(a->algo[i])->kind != ALGO_KIND_KE &&
		    !ike_proposals_have(b, 1, (enum algo_id)a->algo[i]))
			return false;
	for (unsigned i = 0; i < b->count; i++)
		if (algo_get(b->algo[i])->kind != ALGO_KIND_KE &&
		    !ike_proposals_have(a, 1, (enum algo_id)b->algo[i]))
			return false;
	return true;
}

/* Our proposals for this offer. In IKE_AUTH no group is named, so that twins with and without
 * groups are one. */
static unsigned proposals(const struct ike_peer *p, const struct ike_deal *d,
                          struct ike_proposal out[IKE_PROPOSALS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->child_count; i++) {
		bool again = false;

		out[n] = p->child[i];
		for (unsigned k = 0; d->in_auth && k < i; k++)
			again |= same_but_groups(&p->child[k], &p->child[i]);
		n += !again;
	}
	return n;
}

static bool offer_key_exchange(struct ike_task *t, struct ike_build *b,
                               const struct ike_proposal *p, unsigned n)
{
	struct ike_deal *d = t->deal;
	uint8_t nonce[IKE_NONCE_SIZE];
	enum algo_id group =
		d->group_named != ALGO_NONE ? d->group_named : ike_proposals_first_ke(p, n);

	ls_random_fill(&t->sa->ike->random, nonce, sizeof nonce);
	if (!ike_bytes_set(&d->nonce_local, nonce, sizeof nonce))
		return false;
	ike_build_bytes(b, IKE_P_NONCE, d->nonce_local);
	if (group == ALGO_NONE)
		return true;
	crypto_ke_free(d->ke);
	d->ke = crypto_ke_new(group, &t->sa->ike->random);
	if (!d->ke)
		return false;
	ike_build_ke(b, algo_get(group)->ikev2, crypto_ke_public(d->ke));
	return true;
}

bool ike_deal_offer(struct ike_task *t, struct ike_build *b)
{
	struct ike_sa *sa = t->sa;
	struct ike_deal *d = t->deal;
	struct ike_child *old = d->old_spi_in ? ike_child_in(sa, d->old_spi_in) : NULL;
	struct ike_proposal p[IKE_PROPOSALS_MAX];
	unsigned n = proposals(&sa->peer->config, d, p);
	bool tunnel_mode = sa->peer->config.tunnel_mode;

	ike_build_begin(b, IKE_P_SA);
	ike_proposals_write(&b->w, p, n, ike_sa_child_protocol(sa), d->spi_in, 4, rule_of(d));
	if (!d->in_auth && !offer_key_exchange(t, b, p, n))
		return false;
	d->ts_local = old ? old->ts_local : ike_ts_ours(&sa->local, tunnel_mode);
	d->ts_remote = old ? old->ts_remote : ike_ts_ours(&sa->remote, tunnel_mode);
	if (!tunnel_mode) {
		/* What is on the wire may have changed since: the peer substitutes anyway. */
		d->ts_local.net.addr = ls_addr_with_port(sa->local, 0);
		d->ts_remote.net.addr = ls_addr_with_port(sa->remote, 0);
	}
	ike_build_begin(b, IKE_P_TSI);
	ike_ts_write(&b->w, &d->ts_local);
	ike_build_begin(b, IKE_P_TSR);
	ike_ts_write(&b->w, &d->ts_remote);
	ike_build_end(b);
	d->transport = !tunnel_mode;
	if (d->transport)
		ike_build_flag(b, IKE_N_USE_TRANSPORT_MODE);
	return true;
}

/* How our side's (or the peer's) selectors are to be read. */
static struct ike_ts_rule ts_rule(const struct ike_sa *sa, bool ours)
{
	return (struct ike_ts_rule){
		.tunnel_mode = sa->peer->config.tunnel_mode,
		.substitute = ours ? sa->nat.local : sa->nat.remote,
		.must_be_1701 = ours,
		.address = ours ? sa->local : sa->remote,
	};
}

static void no_child_proposal_text(const struct ike_sa *sa, struct ls_bytes offered, char *text,
                                   size_t cap)
{
	char peers[TEXT_MAX / 2], ours[TEXT_MAX / 2];
	struct ike_text t = ike_text_make(text, cap);

	ike_offers_text(offered, ike_sa_child_protocol(sa), peers, sizeof peers);
	ike_proposals_text(sa->peer->config.child, sa->peer->config.child_count, ours, sizeof ours);
	ike_text_add(&t, "the peer offered ");
	ike_text_add(&t, peers);
	ike_text_add(&t, "; we accept ");
	ike_text_add(&t, ours);
}

static enum ls_cause choose_selectors(struct ike_task *t, char *text, size_t cap)
{
	struct ike_sa *sa = t->sa;
	struct ike_deal *d = t->deal;
	struct ike_ts_rule local = ts_rule(sa, true), remote = ts_rule(sa, false);
	struct ike_text out = ike_text_make(text, cap);
	char asked[TEXT_MAX / 2];
	enum ls_cause cause = ike_ts_narrow(t->in.tsr, &local, &d->ts_local);

	if (cause == CAUSE_NONE)
		cause = ike_ts_narrow(t->in.tsi, &remote, &d->ts_remote);
	if (cause != CAUSE_IKE_TS_UNACCEPTABLE)
		return cause;
	ike_text_add(&out, "the peer asked for ");
	ike_ts_text(t->in.tsi, asked, sizeof asked);
	ike_text_add(&out, asked);
	ike_text_add(&out, " to ");
	ike_ts_text(t->in.tsr, asked, sizeof asked);
	ike_text_add(&out, asked);
	return cause;
}

/* The peer's key exchange value and nonce, and ours. */
static enum ls_cause choose_key_exchange(struct ike_task *t, uint16_t *notify, uint16_t *group)
{
	struct ike_deal *d = t->deal;
	const struct algo *ke = algo_get(d->choice.ke);
	uint8_t nonce[IKE_NONCE_SIZE];

	ls_random_fill(&t->sa->ike->random, nonce, sizeof nonce);
	if (!ike_bytes_set(&d->nonce_remote, t->in.nonce.p, t->in.nonce.len) ||
	    !ike_bytes_set(&d->nonce_local, nonce, sizeof nonce))
		return CAUSE_NO_MEMORY;
	if (!ke)
		return CAUSE_NONE;
	if (!t->in.ke.p || t->in.ke_group != ke->ikev2) {
		*notify = IKE_N_INVALID_KE_PAYLOAD;
		*group = ke->ikev2;
		return CAUSE_IKE_NO_GROUP;
	}
	d->ke = crypto_ke_new(ke->id, &t->sa->ike->random);
	if (!d->ke)
		return CAUSE_NO_MEMORY;
	*notify = IKE_N_INVALID_SYNTAX;
	return crypto_ke_shared(d->ke, t->in.ke, &d->shared) ? CAUSE_NONE
	                                                     : CAUSE_IKE_BAD_KEY_EXCHANGE;
}

enum ls_cause ike_deal_choose(struct ike_task *t, uint16_t *notify, uint16_t *group, char *text,
                              size_t cap)
{
	struct ike_sa *sa = t->sa;
	struct ike_deal *d = t->deal;
	const struct ike_peer *p = &sa->peer->config;
	const struct algo *sent =
		t->in.ke.p ? algo_by_ikev2(ALGO_KIND_KE, t->in.ke_group, 0) : NULL;
	bool wants_transport = ike_notify_find(&t->in, IKE_N_USE_TRANSPORT_MODE) != NULL;
	enum ls_cause cause;

	text[0] = '\0';
	*notify = IKE_N_INVALID_SYNTAX;
	if (!t->in.sa.p || !t->in.tsi.p || !t->in.tsr.p || (!d->in_auth && !t->in.nonce.p))
		return CAUSE_IKE_SYNTAX;
	if (ike_sa_ah_hindered(sa, text, cap)) {
		*notify = IKE_N_NO_PROPOSAL_CHOSEN;
		return CAUSE_AH_NAT;
	}
	cause = ike_proposal_choose(t->in.sa, ike_sa_child_protocol(sa), p->child, p->child_count,
	                            rule_of(d), sent ? sent->id : ALGO_NONE, &d->choice);
	if (cause == CAUSE_IKE_NO_CHILD_PROPOSAL) {
		*notify = IKE_N_NO_PROPOSAL_CHOSEN;
		no_child_proposal_text(sa, t->in.sa, text, cap);
	}
	if (cause != CAUSE_NONE)
		return cause;
	if (d->choice.spi_size != 4 || d->choice.spi == 0)
		return CAUSE_IKE_SYNTAX;
	d->spi_out = (uint32_t)d->choice.spi;
	d->no_tfc = ike_notify_find(&t->in, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED) != NULL;
	*notify = IKE_N_NO_PROPOSAL_CHOSEN;
	if (!p->tunnel_mode && !wants_transport)
		return CAUSE_IKE_NO_TRANSPORT;
	d->transport = !p->tunnel_mode;
	cause = choose_selectors(t, text, cap);
	if (cause != CAUSE_NONE) {
		*notify = cause == CAUSE_IKE_TS_UNACCEPTABLE ? IKE_N_TS_UNACCEPTABLE
		                                             : IKE_N_INVALID_SYNTAX;
		return cause;
	}
	return d->in_auth ? CAUSE_NONE : choose_key_exchange(t, notify, group);
}

void ike_deal_answer(struct ike_task *t, struct ike_build *b)
{
	struct ike_deal *d = t->deal;

	ike_build_begin(b, IKE_P_SA);
	ike_choice_write(&b->w, &d->choice, ike_sa_child_protocol(t->sa), d->spi_in, 4);
	if (!d->in_auth)
		ike_build_bytes(b, IKE_P_NONCE, d->nonce_local);
	if (d->ke)
		ike_build_ke(b, algo_get(d->choice.ke)->ikev2, crypto_ke_public(d->ke));
	ike_build_begin(b, IKE_P_TSI);
	ike_ts_write(&b->w, &d->ts_remote);
	ike_build_begin(b, IKE_P_TSR);
	ike_ts_write(&b->w, &d->ts_local);
	ike_build_end(b);
	if (d->transport)
		ike_build_flag(b, IKE_N_USE_TRANSPORT_MODE);
}

/* What came back for one side must lie within what was offered, after the substitution for a NAT.
 */
static enum ls_cause accept_side(const struct ike_sa *sa, bool ours, struct ls_bytes body,
                                 struct ike_ts *ts)
{
	struct ike_ts_rule rule = ts_rule(sa, ours);
	struct ike_ts got;
	enum ls_cause cause;

	/* The peer may have substituted the address that it sees for ours, or ours for it. */
	rule.substitute = sa->nat.local || sa->nat.remote || sa->forced_udp;
	rule.must_be_1701 = false;
	cause = ike_ts_narrow(body, &rule, &got);
	if (cause != CAUSE_NONE)
		return cause;
	if (!ike_ts_within(&got, ts))
		return CAUSE_IKE_TS_UNACCEPTABLE;
	*ts = got;
	return CAUSE_NONE;
}

static enum ls_cause accept_key_exchange(struct ike_task *t)
{
	struct ike_deal *d = t->deal;
	const struct algo *ke = algo_get(d->choice.ke);

	if (!t->in.nonce.p)
		return CAUSE_IKE_SYNTAX;
	if (!ike_bytes_set(&d->nonce_remote, t->in.nonce.p, t->in.nonce.len))
		return CAUSE_NO_MEMORY;
	if (!ke)
		return CAUSE_NONE;
	if (!d->ke || !t->in.ke.p || t->in.ke_group != ke->ikev2 ||
	    crypto_ke_group(d->ke) != ke->id)
		return CAUSE_IKE_BAD_CHOICE;
	return crypto_ke_shared(d->ke, t->in.ke, &d->shared) ? CAUSE_NONE
	                                                     : CAUSE_IKE_BAD_KEY_EXCHANGE;
}

enum ls_cause ike_deal_accept(struct ike_task *t, char *text, size_t cap)
{
	struct ike_sa *sa = t->sa;
	struct ike_deal *d = t->deal;
	struct ike_proposal p[IKE_PROPOSALS_MAX];
	unsigned n = proposals(&sa->peer->config, d, p);
	enum ls_cause cause;

	text[0] = '\0';
	if (!t->in.sa.p || !t->in.tsi.p || !t->in.tsr.p)
		return CAUSE_IKE_SYNTAX;
	cause = ike_choice_read(t->in.sa, ike_sa_child_protocol(sa), p, n, rule_of(d), &d->choice);
	if (cause != CAUSE_NONE) {
		ike_offers_text(t->in.sa, ike_sa_child_protocol(sa), text, cap);
		return cause;
	}
	if (d->choice.spi_size != 4 || d->choice.spi == 0)
		return CAUSE_IKE_SYNTAX;
	d->spi_out = (uint32_t)d->choice.spi;
	d->no_tfc = ike_notify_find(&t->in, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED) != NULL;
	/* Transport asked and tunnel answered is not what our policy wants (1.3.1). */
	if (d->transport != (ike_notify_find(&t->in, IKE_N_USE_TRANSPORT_MODE) != NULL))
		return CAUSE_IKE_NO_TRANSPORT;
	cause = accept_side(sa, true, t->in.tsi, &d->ts_local);
	if (cause == CAUSE_NONE)
		cause = accept_side(sa, false, t->in.tsr, &d->ts_remote);
	if (cause != CAUSE_NONE)
		return cause;
	return d->in_auth ? CAUSE_NONE : accept_key_exchange(t);
}

bool ike_deal_keys(const struct ike_task *t, uint8_t in[IKE_KEYMAT_MAX],
                   uint8_t out[IKE_KEYMAT_MAX], size_t *len)
{
	const struct ike_sa *sa = t->sa;
	const struct ike_deal *d = t->deal;
	struct ls_bytes ni = d->in_auth     ? ike_nonce_i(sa)
	                     : d->initiator ? d->nonce_local
	                                    : d->nonce_remote;
	struct ls_bytes nr = d->in_auth     ? ike_nonce_r(sa)
	                     : d->initiator ? d->nonce_remote
	                                    : d->nonce_local;

	return ike_keys_child(&sa->keys, &d->choice, &d->shared, ni, nr, d->initiator ? out : in,
	                      d->initiator ? in : out, len);
}

struct ike_child *ike_deal_child(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_deal *d = t->deal;
	struct ike_child *old = d->old_spi_in ? ike_child_in(sa, d->old_spi_in) : NULL;
	struct ike_child *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	*c = (struct ike_child){
		.chain = d->chain,
		.spi_in = d->spi_in,
		.spi_out = d->spi_out,
		.encr = d->choice.encr,
		.integ = d->choice.integ,
		.esn = d->choice.esn,
		.tunnel_mode = !d->transport,
		.initiator = d->initiator,
		.announced = old ? old->announced : d->announced,
		.sending = d->old_spi_in == 0,
		.rekey_at = LS_NEVER,
		.expired_at = LS_NEVER,
		.ts_local = d->ts_local,
		.ts_remote = d->ts_remote,
	};
	ike_child_add(sa, c);
	d->spi_in = 0;
	d->announced = false;
	sa->give_up = sa->state == IKE_S_ESTABLISHED ? LS_NEVER : sa->give_up;
	return c;
}

enum ls_cause ike_child_error(uint16_t notify)
{
	static const struct {
		uint16_t notify;
		enum ls_cause cause;
	} rows[] = {
		{IKE_N_NO_PROPOSAL_CHOSEN, CAUSE_IKE_NO_CHILD_PROPOSAL},
		{IKE_N_TS_UNACCEPTABLE, CAUSE_IKE_TS_UNACCEPTABLE},
		{IKE_N_SINGLE_PAIR_REQUIRED, CAUSE_IKE_TS_UNACCEPTABLE},
		{IKE_N_NO_ADDITIONAL_SAS, CAUSE_IKE_NO_ADDITIONAL_SAS},
		{IKE_N_TEMPORARY_FAILURE, CAUSE_IKE_TEMPORARY_FAILURE},
		{IKE_N_CHILD_SA_NOT_FOUND, CAUSE_IKE_CHILD_NOT_FOUND},
		{IKE_N_AUTHENTICATION_FAILED, CAUSE_IKE_AUTH_REFUSED},
		{IKE_N_INVALID_KE_PAYLOAD, CAUSE_IKE_NO_GROUP},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].notify == notify)
			return rows[i].cause;
	return CAUSE_IKE_PEER_ERROR;
}

bool ike_nonce_below(struct ls_bytes a, struct ls_bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.p, b.p, n);

	return order != 0 ? order < 0 : a.len < b.len;
}

struct ls_bytes ike_nonce_lower(struct ls_bytes a, struct ls_bytes b)
{
	return ike_nonce_below(b, a) ? b : a;
}
