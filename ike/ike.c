/*
 * The IKE engine as its owner sees it: peers, starting and stopping, bytes and time in, requests
 * out.
 *
 * DOC: an engine (struct ike, ike_engine.h) holds peers, IKE SAs and a queue of requests. A
 * datagram goes through ike_input.c to an IKE SA (ike_sa.[ch]) and there becomes a task
 * (ike_task.c) of one of the exchanges: ike_init.c and ike_init_answer.c (IKE_SA_INIT), ike_auth.c,
 * ike_auth_answer.c and ike_auth_up.c (IKE_AUTH), ike_child.c (CHILD SAs, over ike_deal.[ch]),
 * ike_rekey.c (IKE SA), ike_info.c. PPKs (RFC 8784) are ike_ppk.c's. What ICMP says goes through
 * ike_hint.c. Bytes are read and written by ike_message.[ch], ike_proposal.[ch], ike_ts.[ch];
 * protected and cut by ike_sk.[ch] and ike_frag.[ch]; keys come from ike_keys.[ch]. Ownership: the
 * engine owns everything; SAs and tasks that end are freed when the public call returns, so that no
 * function has the ground taken from under it. Threads: none; one engine belongs to one thread. RFC
 * 7296, 7383, 5282, 3193. Left out on purpose: configuration payloads (addresses come from PPP),
 * IPComp, windows above 1.
 *
 * The window (RFC 7296 2.3) is 1 in both directions. Ours: an IKE SA has one request on its way,
 * the others wait in its queue, and a peer's SET_WINDOW_SIZE changes nothing. The peer's: we send
 * no SET_WINDOW_SIZE, so it may ask one thing at a time. The request before it gets its stored
 * answer again; every other id is outside the window: dropped, not answered, counted as
 * IKE_MESSAGE_ID. The INVALID_MESSAGE_ID that may tell the peer so is optional and not sent.
 */
#include "ike/ike_cert.h"
#include "ike/ike_deal.h"
#include "ike/ike_mobike.h"
#include "ike/ike_ppk.h"

#include "ike/ike_names.h"

#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_SAS = 4096,
	DEFAULT_HALF_OPEN = 512,
	DEFAULT_COOKIES_PART = 8, /* of the most half-open ones */
	DEFAULT_PER_SOURCE = 32,
	DEFAULT_PER_TUNNEL = 256
};

void ike_count(struct ike *ike, enum ls_cause cause)
{
	ls_count(&ike->counters, cause);
}

static void enter(struct ike *ike, ls_time now)
{
	if (now > ike->now)
		ike->now = now;
}

/* Frees what has ended, and notes when there is something to do next. */
static void leave(struct ike *ike)
{
	ike_reap(ike);
	ike->deadline = LS_NEVER;
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		ike->deadline = ls_time_min(ike->deadline, ike_sa_due(sa));
}

void ike_limits_set(struct ike *ike, const struct ike_limits *limits)
{
	struct ike_limits l = limits ? *limits : (struct ike_limits){0};

	if (l.max_ike_sas == 0)
		l.max_ike_sas = DEFAULT_SAS;
	if (l.max_half_open == 0)
		l.max_half_open = DEFAULT_HALF_OPEN;
	if (l.cookie_threshold == 0)
		l.cookie_threshold =
			(l.max_half_open + DEFAULT_COOKIES_PART - 1) / DEFAULT_COOKIES_PART;
	if (l.max_half_open_per_source == 0)
		l.max_half_open_per_source = DEFAULT_PER_SOURCE;
	if (l.max_ike_sas_per_tunnel == 0)
		l.max_ike_sas_per_tunnel = DEFAULT_PER_TUNNEL;
	ike->limits = l;
}

struct ike *ike_new(const struct ike_limits *limits, const struct ls_random *random)
{
	struct ike *ike = calloc(1, sizeof *ike);

	if (!ike)
		return NULL;
	ike_limits_set(ike, limits);
	ike->random = *random;
	ike->tail = &ike->head;
	ike->deadline = LS_NEVER;
	return ike;
}

void ike_free(struct ike *ike)
{
	if (!ike)
		return;
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		sa->attempt = false;
		ike_sa_end(sa, CAUSE_SHUTDOWN, "");
	}
	ike_reap(ike);
	ike_queue_free(ike);
	ike_cert_credentials_free(ike);
	while (ike->peers) {
		struct ike_peer_entry *e = ike->peers;

		ike->peers = e->next;
		free(e);
	}
	ike_cookie_free(&ike->cookie);
	secret_wipe(ike->plain, sizeof ike->plain);
	secret_wipe(ike->open, sizeof ike->open);
	free(ike);
}

struct ike_peer_entry *ike_peer_find(struct ike *ike, uint32_t tunnel)
{
	struct ike_peer_entry *e = ike->peers;

	while (e && e->config.tunnel != tunnel)
		e = e->next;
	return e;
}

static bool proposals_valid(const struct ike_peer *p)
{
	if (p->ike_count > IKE_PROPOSALS_MAX || p->child_count > IKE_PROPOSALS_MAX)
		return false;
	for (unsigned i = 0; i < p->ike_count; i++)
		if (!ike_proposal_valid(&p->ike[i], IKE_PROTO_IKE))
			return false;
	for (unsigned i = 0; i < p->child_count; i++)
		if (!ike_proposal_valid(&p->child[i], p->ah ? IKE_PROTO_AH : IKE_PROTO_ESP))
			return false;
	return true;
}

static void defaults_fill(struct ike_peer *p)
{
	if (p->peer_auth == 0)
		p->peer_auth = IKE_AUTH_SET(p->auth);
	if (p->ike_count == 0)
		p->ike_count = (uint8_t)ike_proposals_default_ike(p->ike);
	if (p->child_count == 0)
		p->child_count = (uint8_t)(p->ah ? ike_proposals_default_ah(p->child)
		                                 : ike_proposals_default_child(p->child));
	if (p->ike_life_s == 0)
		p->ike_life_s = IKE_DEFAULT_LIFE_S;
	if (p->child_life.seconds == 0 && p->child_life.bytes == 0 && p->child_life.packets == 0)
		p->child_life.seconds = IKE_DEFAULT_CHILD_LIFE_S;
	if (p->dpd_idle_s == 0)
		p->dpd_idle_s = IKE_DEFAULT_DPD_S;
	if (p->fragment_size == 0)
		p->fragment_size = IKE_DEFAULT_FRAGMENT;
	if (p->retry_first_ms == 0)
		p->retry_first_ms = IKE_DEFAULT_RETRY_MS;
	if (p->retry_count == 0)
		p->retry_count = IKE_DEFAULT_TRIES;
}

static bool same_identity(const struct ike_identity *a, const struct ike_identity *b)
{
	return a->type == b->type && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool same_proposals(const struct ike_proposal *a, unsigned n, const struct ike_proposal *b,
                           unsigned m)
{
	if (n != m)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (a[i].count != b[i].count || a[i].esn != b[i].esn ||
		    a[i].no_esn != b[i].no_esn ||
		    memcmp(a[i].algo, b[i].algo, a[i].count * sizeof a[i].algo[0]) != 0)
			return false;
	return true;
}

static bool same_addresses(const struct ike_peer *a, const struct ike_peer *b)
{
	for (unsigned i = 0; i < IKE_PEER_ADDRESSES_MAX; i++)
		if (!ls_addr_equal(&a->remote[i], &b->remote[i]))
			return false;
	return true;
}

/* Whether SAs negotiated under the old settings would not be what the new ones ask for. */
static bool changes_agreement(const struct ike_peer *a, const struct ike_peer *b)
{
	return a->version != b->version || a->auth != b->auth || a->peer_auth != b->peer_auth ||
	       a->tunnel_mode != b->tunnel_mode || a->ah != b->ah || a->force_udp != b->force_udp ||
	       !same_identity(&a->local_id, &b->local_id) ||
	       !same_identity(&a->remote_id, &b->remote_id) ||
	       !same_proposals(a->ike, a->ike_count, b->ike, b->ike_count) ||
	       !same_proposals(a->child, a->child_count, b->child, b->child_count);
}

/* All of the tunnel's SAs, with Deletes. */
static void tunnel_close(struct ike *ike, uint32_t tunnel, enum ls_cause cause)
{
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->tunnel == tunnel && tunnel != 0)
			ike_sa_close(sa, cause, "");
}

enum ls_cause ike_peer_set(struct ike *ike, const struct ike_peer *peer, ls_time now)
{
	struct ike_peer_entry *e = ike_peer_find(ike, peer->tunnel), **at = &ike->peers;
	struct ike_peer p = *peer;

	if (p.tunnel == 0 || p.local_id.type == IKE_ID_ANY || !proposals_valid(&p))
		return CAUSE_IKE_BAD_PROPOSAL;
	if (p.ppk_count > IKE_PPKS_MAX)
		return CAUSE_LIMIT_REACHED;
	if (p.version != IKE_V2 || (p.auth != IKE_AUTH_PSK && p.auth != IKE_AUTH_CERT))
		return CAUSE_IKE_MAJOR_VERSION;
	enter(ike, now);
	defaults_fill(&p);
	if (e) {
		bool end = changes_agreement(&e->config, &p);

		if (end || !p.follow_redirects || !same_addresses(&e->config, &p))
			ike_redirect_forget(e);
		e->config = p;
		if (end)
			tunnel_close(ike, p.tunnel, CAUSE_CONFIG_CHANGED);
		for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
			if (sa->peer == e && sa->state == IKE_S_ESTABLISHED && !ike_ppk_fits(sa))
				ike_sa_close(sa, CAUSE_CONFIG_CHANGED, "");
		leave(ike);
		return CAUSE_NONE;
	}
	if (ike->peers_count >= IKE_PEERS_MAX)
		return CAUSE_LIMIT_REACHED;
	e = calloc(1, sizeof *e);
	if (!e)
		return CAUSE_NO_MEMORY;
	e->config = p;
	while (*at)
		at = &(*at)->next;
	*at = e;
	ike->peers_count++;
	return CAUSE_NONE;
}

void ike_peer_remove(struct ike *ike, uint32_t tunnel, enum ls_cause cause, ls_time now)
{
	struct ike_peer_entry **at = &ike->peers, *e;

	enter(ike, now);
	while (*at && (*at)->config.tunnel != tunnel)
		at = &(*at)->next;
	e = *at;
	if (!e)
		return;
	tunnel_close(ike, tunnel, cause);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->peer == e)
			sa->peer = NULL;
	*at = e->next;
	ike->peers_count--;
	free(e);
	leave(ike);
}

/* A first pair of a chain is being made. A successor is none: the pair that it is for may be gone.
 */
static bool makes_chain(const struct ike_task *t)
{
	return t &&
	       (t->ops == &ike_ops_auth || (t->ops == &ike_ops_child && t->deal->old_spi_in == 0));
}

/* Something of that tunnel is up or coming up: then a second start has nothing to do. */
static bool started(struct ike *ike, uint32_t tunnel, struct ike_sa **childless)
{
	*childless = NULL;
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		if (sa->tunnel != tunnel || sa->state == IKE_S_DEAD || sa->refused)
			continue;
		if (ike_sa_half_open(sa) && sa->initiator && sa->rekeyed_from == 0) {
			sa->attempt = true;
			return true;
		}
		if (sa->state != IKE_S_ESTABLISHED)
			continue;
		for (const struct ike_child *c = sa->children; c; c = c->next)
			if (!c->deleting)
				return true;
		if (makes_chain(sa->active)) {
			sa->active->attempt = true;
			return true;
		}
		*childless = sa;
	}
	return *childless != NULL;
}

void ike_start(struct ike *ike, uint32_t tunnel, ls_time now)
{
	struct ike_peer_entry *e = ike_peer_find(ike, tunnel);
	enum ls_cause cause = CAUSE_NONE;
	struct ike_sa *childless;

	enter(ike, now);
	if (!e)
		cause = CAUSE_IKE_NO_ADDRESS;
	else if (!started(ike, tunnel, &childless))
		cause = ike_redirect_dial(ike, e, true);
	else if (childless)
		ike_child_create(childless, true);
	if (cause != CAUSE_NONE)
		ike_queue_down(ike, tunnel, 0, cause, "", NULL);
	leave(ike);
}

void ike_stop(struct ike *ike, uint32_t tunnel, enum ls_cause cause, ls_time now)
{
	struct ike_peer_entry *e = ike_peer_find(ike, tunnel);

	enter(ike, now);
	if (e)
		ike_redirect_forget(e);
	tunnel_close(ike, tunnel, cause);
	leave(ike);
}

void ike_distrust(struct ike *ike, const struct ike_proof *proof, enum ls_cause cause,
                  const char *text, ls_time now)
{
	enter(ike, now);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->spi_i == proof->spi_i && sa->spi_r == proof->spi_r)
			ike_sa_close(sa, cause, text);
	leave(ike);
}

void ike_chain_end(struct ike *ike, uint32_t chain, enum ls_cause cause, ls_time now)
{
	enter(ike, now);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		bool found = false, others = false;

		for (struct ike_child *c = sa->state == IKE_S_DEAD ? NULL : sa->children; c;
		     c = c->next) {
			found |= c->chain == chain;
			others |= c->chain != chain;
		}
		if (sa->state != IKE_S_DEAD)
			ike_child_forsake(sa, chain, cause);
		if (!found)
			continue;
		if (!others) {
			ike_sa_close(sa, cause, "");
			break;
		}
		for (struct ike_child *c = sa->children, *next; c; c = next) {
			uint32_t spi_in = c->spi_in;
			bool told = c->deleting;

			next = c->next;
			if (c->chain != chain)
				continue;
			ike_child_remove(sa, c, cause, "");
			if (!told)
				ike_delete_spi(sa, spi_in);
		}
		break;
	}
	leave(ike);
}

void ike_children_lost(struct ike *ike, ls_time now)
{
	enter(ike, now);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		bool had = sa->children != NULL;

		if (sa->state != IKE_S_ESTABLISHED || !had)
			continue;
		while (sa->children) {
			uint32_t spi_in = sa->children->spi_in;
			bool told = sa->children->deleting;

			ike_child_remove(sa, sa->children, CAUSE_IKE_CHILDREN_LOST, "");
			if (!told)
				ike_delete_spi(sa, spi_in);
		}
		if (sa->dialled)
			ike_child_create(sa, false);
	}
	leave(ike);
}

void ike_shutdown(struct ike *ike, ls_time now)
{
	enter(ike, now);
	ike->ending = true;
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		sa->attempt = false;
		/* Its Delete waits for its turn already. */
		if (sa->state == IKE_S_DELETING && sa->queue)
			continue;
		ike_sa_end_telling(sa, CAUSE_SHUTDOWN, "", 0);
	}
	leave(ike);
}

bool ike_farewells(const struct ike *ike)
{
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->state == IKE_S_DELETING && sa->queue)
			return true;
	return false;
}

void ike_redirect_set(struct ike *ike, uint32_t tunnel, const struct ike_gateway *to, ls_time now)
{
	struct ike_peer_entry *e = tunnel ? ike_peer_find(ike, tunnel) : NULL;

	if (tunnel != 0 && !e)
		return;
	enter(ike, now);
	*(e ? &e->redirect.order : &ike->redirect_all) = *to;
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (to->type != IKE_GATEWAY_NONE && (tunnel == 0 || sa->tunnel == tunnel))
			ike_redirect_order(sa);
	leave(ike);
}

void ike_redirect_when_full(struct ike *ike, const struct ike_gateway *to)
{
	ike->redirect_full = *to;
}

void ike_input(struct ike *ike, const struct ike_datagram *datagram, ls_time now)
{
	enter(ike, now);
	ike->touched = false;
	ike_receive(ike, datagram);
	/* What touched no SA, such as most of a flood, costs no walk over all of them. */
	if (ike->touched)
		leave(ike);
}

void ike_tick(struct ike *ike, ls_time now)
{
	enter(ike, now);
	if (now >= ike->deadline)
		for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
			if (ike_sa_due(sa) <= now)
				ike_sa_tick(sa);
	leave(ike);
}

ls_time ike_deadline(const struct ike *ike)
{
	return ike->deadline;
}

/* Whoever asked is gone: an SPI that was reserved for it must not stay so. */
static void give_back(struct ike *ike, const struct ike_answer *answer)
{
	struct ike_item *item = answer->spi ? ike_queue(ike, IKE_REQ_RELEASE, 0) : NULL;

	if (item)
		item->request.spi_in = answer->spi;
}

void ike_answer(struct ike *ike, uint64_t id, const struct ike_answer *answer, ls_time now)
{
	bool taken = false;

	enter(ike, now);
	/* Of no SA. */
	if (id >> 32 == 0)
		ike_qcd_answered(ike, id, answer);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		struct ike_task *t = sa->active;

		if (sa->serial != id >> 32 || sa->state == IKE_S_DEAD)
			continue;
		if (!t || t->asking == IKE_Q_NONE || t->question != id)
			t = sa->serving;
		if (t && t->asking != IKE_Q_NONE && t->question == id) {
			t->question_until = LS_NEVER;
			taken = true;
			t->ops->answer(t, answer);
		}
		break;
	}
	if (!taken)
		give_back(ike, answer);
	leave(ike);
}

void ike_child_expiring(struct ike *ike, uint32_t spi_in, ls_time now)
{
	struct ike_child *c;
	struct ike_sa *sa = ike_child_find(ike, spi_in, &c);

	enter(ike, now);
	if (sa)
		ike_child_rekey(sa, c);
	leave(ike);
}

void ike_child_expired(struct ike *ike, uint32_t spi_in, ls_time now)
{
	struct ike_child *c;
	struct ike_sa *sa = ike_child_find(ike, spi_in, &c);

	enter(ike, now);
	if (sa)
		ike_child_used_up(sa, c);
	leave(ike);
}

void ike_child_heard(struct ike *ike, uint32_t spi_in, ls_time now)
{
	struct ike_child *c;
	struct ike_sa *sa = ike_child_find(ike, spi_in, &c);

	enter(ike, now);
	if (sa) {
		sa->heard = ike->now;
		sa->doubt = false;
		ike_hint_forget(sa);
		/* What comes late on a pair says nothing about the one after it. */
		if (c->switch_later && !c->replaced)
			ike_child_switch(sa, c);
	}
	/* Frequent, and it only puts timers off: the deadline may stay as it is. */
}

void ike_child_moved(struct ike *ike, uint32_t spi_in, const struct ls_addr *remote, ls_time now)
{
	struct ike_child *c;
	struct ike_sa *sa = ike_child_find(ike, spi_in, &c);

	enter(ike, now);
	if (sa)
		ike_sa_moved(sa, remote);
	leave(ike);
}

bool ike_path_moved(struct ike *ike, uint32_t tunnel, const struct ls_addr *local,
                    const struct ls_addr *fresh, enum ls_cause cause, ls_time now)
{
	bool all = true;

	enter(ike, now);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		if (sa->tunnel != tunnel || tunnel == 0 || sa->state == IKE_S_DEAD ||
		    !ls_addr_same_ip(&sa->local, local) || ike_mobike_leave(sa, fresh))
			continue;
		/* One that is about to end is no loss. */
		all &= sa->state == IKE_S_REKEYED || sa->state == IKE_S_DELETING;
		ike_sa_end(sa, cause, "");
	}
	leave(ike);
	return all;
}

void ike_doubt(struct ike *ike, uint32_t tunnel, ls_time now)
{
	enter(ike, now);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->tunnel == tunnel && sa->state == IKE_S_ESTABLISHED)
			sa->doubt = true;
	leave(ike);
}

void ike_unreachable(struct ike *ike, const struct ls_addr *remote, const struct ls_addr *by,
                     enum ls_unreach kind, ls_time now)
{
	if (kind == LS_UNREACH_NONE)
		return;
	enter(ike, now);
	ike_hint_take(ike, remote, by, kind);
	leave(ike);
}
