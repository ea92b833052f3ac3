/* IKE_SA_INIT as responder: stateless answers first, then a half-open SA, within bounds (RFC
 * 7296 1.2, 2.6, 2.7, RFC 8019). */
#include "ike/ike_cert.h"
#include "ike/ike_deal.h"
#include "ike/ike_ppk.h"

#include "ike/ike_names.h"
#include "ike/ike_trace.h"

#include <string.h>

enum { TEXT_MAX = 100, UNPROTECTED_MAX = 640 };

bool ike_unprotected_allowed(struct ike *ike)
{
	return ls_second_add(&ike->unprotected, 1, ike->now) <= IKE_UNPROTECTED_PER_S;
}

struct ike_header ike_reply_header(const struct ike_header *h)
{
	struct ike_header out = *h;

	out.flags = (uint8_t)(IKE_FLAG_RESPONSE |
	                      (h->flags & IKE_FLAG_INITIATOR ? 0 : IKE_FLAG_INITIATOR));
	return out;
}

void ike_send_unprotected(struct ike *ike, const struct ls_addr *local,
                          const struct ls_addr *remote, struct ike_header h, struct ike_build *b)
{
	uint8_t bytes[IKE_HEADER_SIZE + UNPROTECTED_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);

	ike_build_end(b);
	h.major = 2;
	h.minor = 0;
	h.next = b->first;
	h.length = (uint32_t)(IKE_HEADER_SIZE + b->w.len);
	ike_header_write(&w, &h);
	wr_bytes(&w, b->w.p, b->w.len);
	if (!wr_ok(&w) || !wr_ok(&b->w))
		return;
	ike_trace_open(ike, 0, local, remote, LS_BYTES(bytes, w.len), true);
	ike_queue_send(ike, local, remote, LS_BYTES(bytes, w.len), 0);
}

void ike_reply_unprotected(struct ike *ike, const struct ike_datagram *d,
                           const struct ike_header *h, uint16_t type, struct ls_bytes data,
                           bool limited)
{
	uint8_t bytes[64];
	struct ike_build b = ike_build_make(bytes, sizeof bytes);

	if (limited && !ike_unprotected_allowed(ike))
		return;
	ike_build_notify(&b, IKE_PROTO_NONE, type, LS_BYTES(NULL, 0), data);
	ike_send_unprotected(ike, &d->local, &d->remote, ike_reply_header(h), &b);
}

/* The same message again (2.1: the whole message counts, two hosts behind one NAT may choose the
 * same SPI). */
static bool repeated(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                     struct ls_bytes message)
{
	uint8_t hash[CRYPTO_HASH_MAX];
	bool hashed = false;

	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		if (sa->initiator || sa->spi_i != h->spi_i ||
		    !ls_addr_same_ip(&sa->remote, &d->remote) || sa->recv_id != 1)
			continue;
		if (!hashed)
			crypto_digest(CRYPTO_SHA256, &message, 1, hash);
		hashed = true;
		if (memcmp(hash, sa->request_hash, sizeof sa->request_hash) != 0)
			continue;
		ike_count(ike, CAUSE_IKE_RETRANSMITTED);
		if (ike_sa_half_open(sa)) {
			ike_trace_again(sa, IKE_X_INIT, true, 0);
			ike_sa_send_packets(sa, &sa->response);
		}
		return true;
	}
	return false;
}

static bool has_address(const struct ike_peer *p, const struct ls_addr *remote)
{
	for (unsigned i = 0; i < IKE_PEER_ADDRESSES_MAX; i++)
		if (p->remote[i].family != 0 && ls_addr_same_ip(&p->remote[i], remote))
			return true;
	return false;
}

/* Which peer it is shows in IKE_AUTH; until then the proposals of those with that address count,
 * else those of all. */
static const struct ike_peer *choose_candidate(struct ike *ike, const struct ls_addr *remote,
                                               const struct ike_payloads *in,
                                               struct ike_choice *choice, enum ls_cause *why)
{
	const struct algo *sent = algo_by_ikev2(ALGO_KIND_KE, in->ke_group, 0);
	const struct ike_peer *first = NULL;

	*why = CAUSE_IKE_UNKNOWN_PEER;
	for (int by_address = 1; by_address >= 0; by_address--)
		for (struct ike_peer_entry *e = ike->peers; e; e = e->next) {
			const struct ike_peer *p = &e->config;

			if (p->version != IKE_V2 || has_address(p, remote) != (by_address == 1))
				continue;
			if (!first)
				first = p;
			*why = ike_proposal_choose(in->sa, IKE_PROTO_IKE, p->ike, p->ike_count,
			                           IKE_KE_NEEDED, sent ? sent->id : ALGO_NONE,
			                           choice);
			if (*why == CAUSE_NONE || *why == CAUSE_IKE_SYNTAX)
				return p;
		}
	return first;
}

static void no_proposal(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                        const struct ike_payloads *in, const struct ike_peer *p)
{
	char text[LS_EVENT_TEXT_MAX], list[TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	ike_count(ike, CAUSE_IKE_NO_PROPOSAL);
	if (!ike_unprotected_allowed(ike))
		return;
	ike_reply_unprotected(ike, d, h, IKE_N_NO_PROPOSAL_CHOSEN, LS_BYTES(NULL, 0), false);
	ike_offers_text(in->sa, IKE_PROTO_IKE, list, sizeof list);
	ike_text_add(&out, "the peer offered ");
	ike_text_add(&out, list);
	ike_proposals_text(p->ike, p->ike_count, list, sizeof list);
	ike_text_add(&out, "; we accept ");
	ike_text_add(&out, list);
	ike_queue_event(ike, has_address(p, &d->remote) ? p->tunnel : 0, &d->remote,
	                CAUSE_IKE_NO_PROPOSAL, text);
}

/* The half-open SAs from there that brought a cookie, or of those that did not. */
static uint32_t half_open_from(const struct ike *ike, const struct ls_addr *remote, bool cookie)
{
	uint32_t n = 0;

	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		n += !sa->initiator && ike_sa_half_open(sa) && sa->cookie == cookie &&
		     ls_addr_same_ip(&sa->remote, remote);
	return n;
}

/*
 * Whether there is room for one more half-open SA from there; asks for a cookie when there are
 * many, of all or of that source. Whoever shows that it gets our answers has room of its own, so
 * that messages in its name do not lock it out. *shown: it brought its cookie.
 */
static bool admitted(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                     const struct ike_payloads *in, bool *shown)
{
	const struct ike_notify *cookie = ike_notify_find(in, IKE_N_COOKIE);
	uint32_t most = ike->limits.max_half_open_per_source;

	*shown = ike->half_open >= ike->limits.cookie_threshold ||
	         half_open_from(ike, &d->remote, false) >= most;
	if (*shown) {
		uint8_t fresh[IKE_COOKIE_SIZE];

		if (!cookie || !in->cookie_first ||
		    !ike_cookie_check(&ike->cookie, cookie->data, in->nonce, &d->remote,
		                      h->spi_i)) {
			ike_count(ike, CAUSE_IKE_COOKIE_WANTED);
			if (ike_cookie_make(&ike->cookie, &ike->random, ike->now, in->nonce,
			                    &d->remote, h->spi_i, fresh))
				ike_reply_unprotected(ike, d, h, IKE_N_COOKIE,
				                      LS_BYTES(fresh, sizeof fresh), false);
			return false;
		}
	}
	if (ike->half_open < ike->limits.max_half_open &&
	    (!*shown || half_open_from(ike, &d->remote, true) < most))
		return true;
	ike_count(ike, CAUSE_IKE_HALF_OPEN_LIMIT);
	return false;
}

static bool build_response(struct ike_sa *sa, bool fragmentation)
{
	struct ike *ike = sa->ike;
	struct ike_build b =
		ike_build_make(ike->plain + IKE_HEADER_SIZE, sizeof ike->plain - IKE_HEADER_SIZE);
	struct ike_header h = ike_sa_header(sa, IKE_X_INIT, true, 0);
	struct wr w = wr_make(ike->plain, IKE_HEADER_SIZE);

	ike_build_begin(&b, IKE_P_SA);
	ike_choice_write(&b.w, &sa->choice, IKE_PROTO_IKE, 0, 0);
	ike_build_ke(&b, algo_get(sa->choice.ke)->ikev2, crypto_ke_public(sa->ke));
	ike_build_bytes(&b, IKE_P_NONCE, sa->nonce_local);
	if (sa->nat.spoken)
		ike_nat_write(&b, sa->spi_i, sa->spi_r, &sa->local, &sa->remote, sa->forced_udp,
		              &ike->random);
	if (fragmentation)
		ike_build_flag(&b, IKE_N_FRAGMENTATION_SUPPORTED);
	if (sa->hashes_told && ike_cert_spoken(ike))
		ike_cert_hashes_write(&b);
	if (ike_cert_taken(ike))
		ike_cert_request_write(ike, &b);
	ike_ppk_init_write(sa, &b);
	ike_build_end(&b);
	if (!wr_ok(&b.w))
		return false;
	h.next = b.first;
	h.length = (uint32_t)(IKE_HEADER_SIZE + b.w.len);
	ike_header_write(&w, &h);
	return ike_bytes_set(&sa->init_local, ike->plain, h.length) &&
	       ike_packets_add(&sa->response, ike->plain, h.length);
}

static enum ls_cause make_keys(struct ike_sa *sa, const struct ike_payloads *in)
{
	struct ike *ike = sa->ike;
	struct secret shared = {0};
	uint8_t nonce[IKE_NONCE_SIZE];
	enum ls_cause cause = CAUSE_NO_MEMORY;

	ls_random_fill(&ike->random, nonce, sizeof nonce);
	sa->ke = crypto_ke_new(sa->choice.ke, &ike->random);
	if (!sa->ke)
		return CAUSE_NO_MEMORY;
	if (!crypto_ke_shared(sa->ke, in->ke, &shared))
		return CAUSE_IKE_BAD_KEY_EXCHANGE;
	if (ike_bytes_set(&sa->nonce_local, nonce, sizeof nonce) &&
	    ike_bytes_set(&sa->nonce_remote, in->nonce.p, in->nonce.len) &&
	    ike_keys_derive(&sa->keys, &sa->choice, NULL, &shared, sa->nonce_remote,
	                    sa->nonce_local, sa->spi_i, sa->spi_r))
		cause = CAUSE_NONE;
	secret_free(&shared);
	return cause;
}

static void accept(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                   const struct ike_payloads *in, struct ls_bytes message, const struct ike_peer *p,
                   const struct ike_choice *choice, bool cookie)
{
	struct ike_sa *sa = ike_sa_new(ike, false, h->spi_i);
	uint8_t hash[CRYPTO_HASH_MAX];
	enum ls_cause cause;

	if (!sa)
		return;
	sa->choice = *choice;
	sa->cookie = cookie;
	sa->local = d->local;
	sa->remote = d->remote;
	sa->fragment_size = p->fragment_size;
	sa->fragmentation = ike_notify_find(in, IKE_N_FRAGMENTATION_SUPPORTED) != NULL;
	ike_cert_init_take(sa, in);
	ike_ppk_init_heard(sa, in);
	sa->redirect.follows = ike_redirect_init_heard(in, &sa->redirect.from);
	sa->nat = ike_nat_check(in, h->spi_i, 0, &d->local, &d->remote);
	sa->forced_udp = p->force_udp && sa->nat.spoken;
	sa->recv_id = 1;
	sa->give_up = ls_time_add(ike->now, LS_S(IKE_HALF_OPEN_S));
	cause = make_keys(sa, in);
	if (cause == CAUSE_NONE && (!ike_bytes_set(&sa->init_remote, message.p, message.len) ||
	                            !build_response(sa, sa->fragmentation)))
		cause = CAUSE_NO_MEMORY;
	if (cause != CAUSE_NONE) {
		if (cause == CAUSE_IKE_BAD_KEY_EXCHANGE)
			ike_reply_unprotected(ike, d, h, IKE_N_INVALID_SYNTAX, LS_BYTES(NULL, 0),
			                      true);
		ike_sa_end(sa, cause, "");
		return;
	}
	crypto_digest(CRYPTO_SHA256, &message, 1, hash);
	memcpy(sa->request_hash, hash, sizeof sa->request_hash);
	ike_trace_open(ike, 0, &sa->local, &sa->remote, sa->init_local, true);
	ike_sa_send_packets(sa, &sa->response);
}

void ike_init_request(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                      struct ls_bytes message)
{
	struct rd r = rd_make(message.p, message.len);
	const struct ike_peer *p;
	struct ike_payloads in;
	struct ike_choice choice;
	enum ls_cause cause;
	uint8_t data[2];
	bool cookie;

	if (h->spi_i == 0 || h->id != 0 || repeated(ike, d, h, message))
		return;
	rd_skip(&r, IKE_HEADER_SIZE);
	cause = ike_payloads_read(h->next, &r, &in);
	if (cause == CAUSE_NONE && (!in.sa.p || !in.ke.p || !in.nonce.p))
		cause = CAUSE_IKE_SYNTAX;
	if (cause != CAUSE_NONE) {
		ike_count(ike, CAUSE_MALFORMED);
		if (cause == CAUSE_IKE_CRITICAL_PAYLOAD)
			ike_reply_unprotected(ike, d, h, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD,
			                      LS_BYTES(&in.critical, 1), true);
		return;
	}
	if (!ike->peers || !admitted(ike, d, h, &in, &cookie))
		return;
	ike_trace_open(ike, 0, &d->local, &d->remote, message, false);
	p = choose_candidate(ike, &d->remote, &in, &choice, &cause);
	if (!p || cause == CAUSE_IKE_SYNTAX || cause == CAUSE_IKE_UNKNOWN_PEER) {
		ike_count(ike,
		          cause == CAUSE_IKE_SYNTAX ? CAUSE_MALFORMED : CAUSE_IKE_UNKNOWN_PEER);
		return;
	}
	if (cause != CAUSE_NONE) {
		no_proposal(ike, d, h, &in, p);
		return;
	}
	if (ike_redirect_init_answer(ike, d, h, &in))
		return;
	if (algo_get(choice.ke)->ikev2 != in.ke_group) {
		ls_put16(data, algo_get(choice.ke)->ikev2);
		ike_reply_unprotected(ike, d, h, IKE_N_INVALID_KE_PAYLOAD, LS_BYTES(data, 2),
		                      false);
		return;
	}
	accept(ike, d, h, &in, message, p, &choice, cookie);
}
