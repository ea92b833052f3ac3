/* IKE_SA_INIT as initiator: addresses in turn, cookies, other groups, and the keys of a new IKE SA
 * (RFC 7296 1.2, 2.6, 2.7). */
#include "ike/ike_cert.h"
#include "ike/ike_deal.h"
#include "ike/ike_gateway.h"
#include "ike/ike_ppk.h"

#include "ike/ike_names.h"
#include "ike/ike_trace.h"

#include <stdlib.h>
#include <string.h>

enum { COOKIES_MAX = 3, TEXT_MAX = 110 };

static const struct ike_peer *peer_of(const struct ike_sa *sa)
{
	return &sa->peer->config;
}

/* A call with all but its addresses, and its task. */
static struct ike_task *call_new(struct ike *ike, struct ike_peer_entry *peer, bool attempt)
{
	const struct ike_peer *p = &peer->config;
	struct ike_sa *sa = ike_sa_new(ike, true, 0);
	struct ike_task *t = sa ? ike_task_new(sa, &ike_ops_init) : NULL;

	if (!t) {
		if (sa)
			ike_sa_forget(sa);
		return NULL;
	}
	sa->peer = peer;
	sa->tunnel = p->tunnel;
	sa->attempt = attempt;
	sa->forced_udp = p->force_udp;
	sa->fragment_size = p->fragment_size;
	ike_ppk_call(sa);
	ike_redirect_call(sa);
	return t;
}

enum ls_cause ike_init_dial(struct ike *ike, struct ike_peer_entry *peer, unsigned address_index,
                            bool attempt)
{
	const struct ike_peer *p = &peer->config;
	struct ike_task *t;
	struct ike_sa *sa;

	while (address_index < IKE_PEER_ADDRESSES_MAX && p->remote[address_index].family == 0)
		address_index++;
	if (address_index >= IKE_PEER_ADDRESSES_MAX)
		return CAUSE_IKE_NO_ADDRESS;
	if (ike->sas_count >= ike->limits.max_ike_sas)
		return CAUSE_LIMIT_REACHED;
	t = call_new(ike, peer, attempt);
	if (!t)
		return CAUSE_NO_MEMORY;
	sa = t->sa;
	sa->address_index = (uint8_t)address_index;
	sa->remote = p->remote[address_index];
	if (sa->remote.port == 0)
		sa->remote.port = IKE_PORT;
	/* A port other than 500 is a floated one: a peer behind a NAT, called back. */
	sa->local =
		ls_addr_with_port(p->local, sa->remote.port == IKE_PORT ? IKE_PORT : IKE_PORT_NAT);
	ike_task_queue(t);
	return CAUSE_NONE;
}

struct ike_sa *ike_init_dial_to(struct ike *ike, struct ike_peer_entry *peer,
                                const struct ike_gateway *to, const struct ls_addr *from,
                                bool attempt)
{
	struct ike_task *t = call_new(ike, peer, attempt);

	if (!t)
		return NULL;
	t->sa->redirect.to = *to;
	t->sa->redirect.from = ls_addr_with_port(*from, 0);
	ike_task_queue(t);
	return t->sa;
}

/* The whole message: built in scratch behind room for the header, then kept, because AUTH signs it.
 */
static bool build_request(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_peer *p = peer_of(sa);
	struct ike_build b = ike_build_make(sa->ike->plain + IKE_HEADER_SIZE,
	                                    sizeof sa->ike->plain - IKE_HEADER_SIZE);
	struct ike_header h = ike_sa_header(sa, IKE_X_INIT, false, 0);
	struct wr w = wr_make(sa->ike->plain, IKE_HEADER_SIZE);

	if (t->cookie.p)
		ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_COOKIE, LS_BYTES(NULL, 0), t->cookie);
	ike_build_begin(&b, IKE_P_SA);
	ike_proposals_write(&b.w, p->ike, p->ike_count, IKE_PROTO_IKE, 0, 0, IKE_KE_NEEDED);
	ike_build_ke(&b, algo_get(crypto_ke_group(sa->ke))->ikev2, crypto_ke_public(sa->ke));
	ike_build_bytes(&b, IKE_P_NONCE, sa->nonce_local);
	ike_nat_write(&b, sa->spi_i, 0, &sa->local, &sa->remote, sa->forced_udp, &sa->ike->random);
	ike_build_flag(&b, IKE_N_FRAGMENTATION_SUPPORTED);
	if (ike_cert_spoken_with(p))
		ike_cert_hashes_write(&b);
	ike_ppk_init_write(sa, &b);
	ike_redirect_init_write(sa, &b);
	ike_build_end(&b);
	if (!wr_ok(&b.w))
		return false;
	h.spi_r = 0;
	h.next = b.first;
	h.length = (uint32_t)(IKE_HEADER_SIZE + b.w.len);
	ike_header_write(&w, &h);
	return ike_bytes_set(&sa->init_local, sa->ike->plain, h.length);
}

static void send_request(struct ike_task *t)
{
	if (!build_request(t)) {
		ike_sa_end(t->sa, CAUSE_NO_MEMORY, "");
		return;
	}
	ike_task_send_raw(t, t->sa->init_local);
}

static bool take_group(struct ike_task *t, enum algo_id group)
{
	struct ike_sa *sa = t->sa;

	crypto_ke_free(sa->ke);
	sa->ke = crypto_ke_new(group, &sa->ike->random);
	if (!sa->ke || t->groups_count >= sizeof t->groups / sizeof t->groups[0])
		return false;
	t->groups[t->groups_count++] = (uint16_t)group;
	return true;
}

static void init_send(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	uint8_t nonce[IKE_NONCE_SIZE];

	ls_random_fill(&sa->ike->random, nonce, sizeof nonce);
	if (!ike_bytes_set(&sa->nonce_local, nonce, sizeof nonce) ||
	    !take_group(t, ike_proposals_first_ke(peer_of(sa)->ike, peer_of(sa)->ike_count))) {
		ike_sa_end(sa, CAUSE_INTERNAL, "no key exchange could be begun");
		return;
	}
	send_request(t);
}

static void init_begin(struct ike_task *t)
{
	if (t->sa->redirect.to.type != IKE_GATEWAY_NONE)
		ike_ask_gateway(t);
	else
		init_send(t);
}

/* Where the gateway is that we were sent to. */
static void init_answer(struct ike_task *t, const struct ike_answer *a)
{
	struct ike_sa *sa = t->sa;

	t->asking = IKE_Q_NONE;
	if (!a->ok || !ike_gateway_reachable(&a->remote)) {
		t->error = a->cause != CAUSE_NONE ? a->cause : CAUSE_IKE_NO_ADDRESS;
		ike_init_unanswered(t);
		return;
	}
	sa->remote = ls_addr_with_port(a->remote, IKE_PORT);
	sa->local = ls_addr_with_port(a->local, IKE_PORT);
	init_send(t);
}

/* Nobody vouches for an unprotected refusal: a better answer is waited for a while (2.21.1). */
static void refused(struct ike_task *t, enum ls_cause cause, const char *text)
{
	struct ike_text out = ike_text_make(t->error_text, sizeof t->error_text);

	ike_count(t->sa->ike, CAUSE_IKE_UNPROTECTED);
	t->error = cause;
	ike_text_add(&out, text);
	if (t->grace_until == LS_NEVER)
		t->grace_until = ls_time_add(t->sa->ike->now, LS_S(IKE_GRACE_S));
}

static void refused_proposal(struct ike_task *t)
{
	const struct ike_peer *p = peer_of(t->sa);
	char text[LS_EVENT_TEXT_MAX], offered[TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_proposals_text(p->ike, p->ike_count, offered, sizeof offered);
	ike_text_add(&out, "we offered ");
	ike_text_add(&out, offered);
	ike_text_add(&out, "; the peer takes none of it");
	refused(t, CAUSE_IKE_NO_PROPOSAL, text);
}

/* Another group, if we have offered it and not tried it yet (1.2, 3.3.6: all else stays as it was).
 */
static void other_group(struct ike_task *t, struct ls_bytes data)
{
	const struct ike_peer *p = peer_of(t->sa);
	struct rd r = rd_make(data.p, data.len);
	const struct algo *a = algo_by_ikev2(ALGO_KIND_KE, rd_u16(&r), 0);
	bool usable = rd_ok(&r) && a && ike_proposals_have(p->ike, p->ike_count, a->id);
	char text[TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	for (unsigned i = 0; usable && i < t->groups_count; i++)
		usable = t->groups[i] != (uint16_t)a->id;
	if (usable && take_group(t, a->id)) {
		send_request(t);
		return;
	}
	ike_text_add(&out, "it wants group ");
	ike_text_number(&out, data.len == 2 ? ls_get16(data.p) : 0);
	refused(t, CAUSE_IKE_NO_GROUP, text);
}

/* True when the answer was a notify that has been dealt with. */
static bool notified(struct ike_task *t)
{
	const struct ike_notify *cookie = ike_notify_find(&t->in, IKE_N_COOKIE),
				*error = ike_notify_error(&t->in);
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	if (t->in.sa.p)
		return false;
	if (ike_redirect_init(t, text, sizeof text)) {
		if (text[0] != '\0')
			refused(t, CAUSE_REDIRECT_REFUSED, text);
		return true;
	}
	if (cookie && cookie->data.len > 0 && cookie->data.len <= IKE_COOKIE_MAX) {
		if (++t->cookies > COOKIES_MAX)
			refused(t, CAUSE_IKE_COOKIE_LOOP, "");
		else if (ike_bytes_set(&t->cookie, cookie->data.p, cookie->data.len))
			send_request(t);
		return true;
	}
	if (!error)
		return false;
	if (error->type == IKE_N_INVALID_KE_PAYLOAD) {
		other_group(t, error->data);
	} else if (error->type == IKE_N_NO_PROPOSAL_CHOSEN) {
		refused_proposal(t);
	} else {
		ike_text_notify(&out, error->type);
		refused(t, CAUSE_IKE_PEER_ERROR, text);
	}
	return true;
}

static enum ls_cause agree(struct ike_task *t, uint64_t spi_r)
{
	struct ike_sa *sa = t->sa;
	const struct ike_peer *p = peer_of(sa);
	struct secret shared = {0};
	struct ike_choice choice;
	enum ls_cause cause;

	if (!t->in.sa.p || !t->in.ke.p || !t->in.nonce.p || spi_r == 0)
		return CAUSE_IKE_SYNTAX;
	cause = ike_choice_read(t->in.sa, IKE_PROTO_IKE, p->ike, p->ike_count, IKE_KE_NEEDED,
	                        &choice);
	if (cause != CAUSE_NONE)
		return cause;
	if (choice.ke != crypto_ke_group(sa->ke) || t->in.ke_group != algo_get(choice.ke)->ikev2)
		return CAUSE_IKE_BAD_CHOICE;
	if (!crypto_ke_shared(sa->ke, t->in.ke, &shared))
		return CAUSE_IKE_BAD_KEY_EXCHANGE;
	sa->choice = choice;
	cause = CAUSE_NO_MEMORY;
	if (ike_bytes_set(&sa->nonce_remote, t->in.nonce.p, t->in.nonce.len) &&
	    ike_keys_derive(&sa->keys, &choice, NULL, &shared, sa->nonce_local, sa->nonce_remote,
	                    sa->spi_i, spi_r))
		cause = CAUSE_NONE;
	secret_free(&shared);
	return cause;
}

static void nat_progress(const struct ike_sa *sa)
{
	const char *text = sa->nat.local && sa->nat.remote
	                           ? "ESP in UDP, because NATs stand before both sides"
	                   : sa->nat.local  ? "ESP in UDP, because a NAT stands before us"
	                   : sa->nat.remote ? "ESP in UDP, because a NAT stands before the peer"
	                   : sa->forced_udp ? "ESP in UDP, because the config asks for it"
	                                    : "ESP without UDP, because there is no NAT";

	ike_queue_progress(sa->ike, sa->tunnel, text);
}

static void agreed_progress(const struct ike_sa *sa)
{
	char text[LS_EVENT_TEXT_MAX], choice[TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_choice_text(&sa->choice, choice, sizeof choice);
	ike_text_add(&out, "IKEv2: agreed on ");
	ike_text_add(&out, choice);
	ike_queue_progress(sa->ike, sa->tunnel, text);
}

void ike_init_response(struct ike_sa *sa, const struct ike_datagram *d, struct ls_bytes message)
{
	struct ike_task *t = sa->active;
	struct rd r = rd_make(message.p, message.len);
	struct ike_header h;
	enum ls_cause cause;

	if (!t || t->ops != &ike_ops_init || !t->outstanding || sa->state != IKE_S_INIT) {
		ike_count(sa->ike, CAUSE_IKE_UNEXPECTED);
		return;
	}
	ike_trace_open(sa->ike, sa->tunnel, &d->local, &d->remote, message, false);
	ike_header_read(&r, &h);
	cause = ike_payloads_read(h.next, &r, &t->in);
	if (cause == CAUSE_NONE && notified(t))
		return;
	/* Whoever takes USE_PPK out of the answer must not end the call (RFC 8784 6). */
	if (cause == CAUSE_NONE)
		cause = ike_ppk_init_answered(sa, &t->in);
	if (cause == CAUSE_NONE)
		cause = agree(t, h.spi_r);
	if (cause != CAUSE_NONE) {
		refused(t, cause, "its answer to IKE_SA_INIT");
		return;
	}
	if (!ike_bytes_set(&sa->init_remote, message.p, message.len)) {
		ike_sa_end(sa, CAUSE_NO_MEMORY, "");
		return;
	}
	sa->spi_r = h.spi_r;
	sa->local = d->local;
	sa->heard = sa->ike->now;
	ike_hint_forget(sa);
	sa->fragmentation = ike_notify_find(&t->in, IKE_N_FRAGMENTATION_SUPPORTED) != NULL;
	ike_cert_init_take(sa, &t->in);
	sa->nat = ike_nat_check(&t->in, sa->spi_i, sa->spi_r, &d->local, &d->remote);
	sa->forced_udp &= sa->nat.spoken;
	if (ike_sa_udp(sa)) {
		sa->local.port = IKE_PORT_NAT;
		/* A peer behind a NAT that is called back keeps the port it has there. */
		if (sa->remote.port == IKE_PORT)
			sa->remote.port = IKE_PORT_NAT;
	}
	agreed_progress(sa);
	nat_progress(sa);
	ike_task_answered(t);
	ike_sa_enter(sa, IKE_S_AUTH, CAUSE_NONE);
	ike_auth_start(sa);
	ike_task_done(t);
}

/* The next address of the peer; of a gateway that we were sent to the first one, unless the old SA
 * stands. */
static bool next_dial(struct ike_sa *sa, enum ls_cause cause, const char *text, bool attempt)
{
	bool sent = sa->redirect.to.type != IKE_GATEWAY_NONE;

	ike_redirect_failed(sa, cause, text);
	return (!sent || attempt) &&
	       ike_init_dial(sa->ike, sa->peer, sent ? 0 : sa->address_index + 1u, attempt) ==
	               CAUSE_NONE;
}

void ike_init_unanswered(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	bool attempt = sa->attempt;
	char silence[TEXT_MAX], text[LS_EVENT_TEXT_MAX];
	enum ls_cause cause = t->error != CAUSE_NONE ? t->error : CAUSE_IKE_NO_ANSWER;
	struct ike_text out = ike_text_make(silence, sizeof silence);

	if (t->error == CAUSE_NONE) {
		ike_text_add(&out, "nothing came back from ");
		ike_text_addr(&out, &sa->remote);
		ike_hint_text(sa, silence, text, sizeof text);
	} else {
		struct ike_text said = ike_text_make(text, sizeof text);

		ike_text_add(&said, t->error_text);
	}
	sa->attempt = false;
	if (next_dial(sa, cause, text, attempt)) {
		ike_sa_end(sa, cause, "");
		return;
	}
	sa->attempt = attempt;
	ike_sa_end(sa, cause, text);
}

const struct ike_task_ops ike_ops_init = {
	.name = "IKE_SA_INIT",
	.exchange = IKE_X_INIT,
	.begin = init_begin,
	.answer = init_answer,
};
