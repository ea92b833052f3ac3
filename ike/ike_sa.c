/* IKE SAs: their table, their states, their timers and their ends. */
#include "ike/ike_sa.h"

#include "ike/ike_names.h"
#include "ike/ike_proof.h"
#include "ike/ike_trace.h"

#include <stdlib.h>
#include <string.h>

void ike_bytes_free(struct ls_bytes *b)
{
	free((void *)(uintptr_t)b->p);
	*b = LS_BYTES(NULL, 0);
}

bool ike_bytes_set(struct ls_bytes *b, const void *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	ike_bytes_free(b);
	if (!copy)
		return false;
	if (len > 0)
		memcpy(copy, p, len);
	*b = LS_BYTES(copy, len);
	return true;
}

uint64_t ike_sa_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

uint64_t ike_sa_peer_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_r : sa->spi_i;
}

static struct ike_sa **bucket(struct ike *ike, uint64_t spi)
{
	return &ike->by_spi[(spi ^ spi >> 32) % IKE_BUCKETS];
}

struct ike_sa *ike_sa_by_spi(struct ike *ike, uint64_t our_spi)
{
	struct ike_sa *sa = *bucket(ike, our_spi);

	while (sa && ike_sa_spi(sa) != our_spi)
		sa = sa->next_spi;
	if (!sa || sa->state == IKE_S_DEAD)
		return NULL;
	ike->touched = true;
	return sa;
}

/* A fresh SPI that no SA of ours has. */
static uint64_t spi_make(struct ike *ike)
{
	uint64_t spi;

	do
		spi = ls_random_u64(&ike->random);
	while (spi == 0 || ike_sa_by_spi(ike, spi));
	return spi;
}

/* The SA gets its place in the table. */
static void index_add(struct ike_sa *sa)
{
	struct ike_sa **at = bucket(sa->ike, ike_sa_spi(sa));

	sa->next_spi = *at;
	*at = sa;
}

static void unindex(struct ike_sa *sa)
{
	struct ike_sa **at = bucket(sa->ike, ike_sa_spi(sa));

	while (*at && *at != sa)
		at = &(*at)->next_spi;
	if (*at)
		*at = sa->next_spi;
}

bool ike_sa_half_open(const struct ike_sa *sa)
{
	return sa->state == IKE_S_INIT || sa->state == IKE_S_AUTH;
}

bool ike_tunnel_is_full(const struct ike *ike, uint32_t tunnel)
{
	unsigned n = 0;

	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		n += sa->tunnel == tunnel && sa->state != IKE_S_DEAD && !ike_sa_half_open(sa);
	return n >= ike->limits.max_ike_sas_per_tunnel;
}

bool ike_tunnel_is_dialled(const struct ike *ike, uint32_t tunnel)
{
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->tunnel == tunnel && sa->initiator && ike_sa_half_open(sa) &&
		    sa->rekeyed_from == 0)
			return true;
	return false;
}

bool ike_sa_negotiates(struct ike_sa *sa)
{
	/* A life of 250 MB, which Windows has, is over in 200 ms at 10 Gbit/s. */
	static const struct ls_pace pace = {.each = LS_MS(1000 / IKE_NEGOTIATIONS_A_SECOND),
	                                    .burst = IKE_NEGOTIATIONS_BURST};
	ls_time now = sa->ike->now;

	if (ls_pace_full(&pace, sa->negotiated_until, now)) {
		ike_count(sa->ike, CAUSE_IKE_TOO_OFTEN);
		return false;
	}
	sa->negotiated_until = ls_pace_add(&pace, sa->negotiated_until, now);
	return true;
}

bool ike_sa_udp(const struct ike_sa *sa)
{
	return sa->nat.local || sa->nat.remote || sa->forced_udp || sa->local.port == IKE_PORT_NAT;
}

enum ike_protocol ike_sa_child_protocol(const struct ike_sa *sa)
{
	return sa->peer && sa->peer->config.ah ? IKE_PROTO_AH : IKE_PROTO_ESP;
}

bool ike_sa_ah_hindered(const struct ike_sa *sa, char *text, size_t cap)
{
	struct ike_text t = ike_text_make(text, cap);

	text[0] = '\0';
	if (ike_sa_child_protocol(sa) != IKE_PROTO_AH || (!sa->nat.local && !sa->nat.remote))
		return false;
	ike_text_add(&t, "there is a NAT before ");
	ike_text_add(&t, !sa->nat.remote ? "us" : sa->nat.local ? "both sides" : "the peer");
	return true;
}

struct ike_sa *ike_sa_new(struct ike *ike, bool initiator, uint64_t spi_i)
{
	return ike_sa_with_spis(ike, initiator, initiator ? spi_make(ike) : spi_i,
	                        initiator ? 0 : spi_make(ike));
}

struct ike_sa *ike_sa_with_spis(struct ike *ike, bool initiator, uint64_t spi_i, uint64_t spi_r)
{
	bool may = ike->sas_count < ike->limits.max_ike_sas && !ike->ending;
	struct ike_sa *sa = may ? calloc(1, sizeof *sa) : NULL;

	if (!sa) {
		ike_count(ike, CAUSE_LIMIT_REACHED);
		return NULL;
	}
	ike->touched = true;
	sa->ike = ike;
	sa->initiator = sa->dialled = initiator;
	sa->serial = ++ike->next_serial;
	sa->spi_i = spi_i;
	sa->spi_r = spi_r;
	sa->born = sa->heard = ike->now;
	sa->established = sa->give_up = sa->rekey_at = sa->keepalive_at = LS_NEVER;
	sa->hint_probe_at = LS_NEVER;
	ike_reauth_begin(sa);
	sa->fragment_size = IKE_DEFAULT_FRAGMENT;
	sa->next = ike->sas;
	ike->sas = sa;
	ike->sas_count++;
	ike->half_open += !initiator;
	index_add(sa);
	return sa;
}

void ike_sa_enter(struct ike_sa *sa, enum ike_state state, enum ls_cause why)
{
	bool counted = !sa->initiator && ike_sa_half_open(sa);

	sa->state = state;
	sa->why = why;
	if (counted && !ike_sa_half_open(sa))
		sa->ike->half_open--;
}

static void setup_free(struct ike_sa *sa)
{
	crypto_ke_free(sa->ke);
	sa->ke = NULL;
	ike_bytes_free(&sa->init_local);
	ike_bytes_free(&sa->init_remote);
	secret_free(&sa->ppk.other);
}

static void sa_free(struct ike_sa *sa)
{
	setup_free(sa);
	ike_proof_free(sa);
	ike_bytes_free(&sa->nonce_local);
	ike_bytes_free(&sa->nonce_remote);
	ike_keys_free(&sa->keys);
	ike_packets_free(&sa->response);
	ike_frag_free(&sa->frag_requests);
	ike_frag_free(&sa->frag_responses);
	while (sa->children) {
		struct ike_child *c = sa->children;

		sa->children = c->next;
		ike_child_free(c);
	}
	unindex(sa);
	free(sa);
}

void ike_reap(struct ike *ike)
{
	struct ike_sa **at = &ike->sas;

	ike_tasks_unbury(ike);
	while (*at) {
		struct ike_sa *sa = *at;

		if (sa->state != IKE_S_DEAD) {
			at = &sa->next;
			continue;
		}
		for (struct ike_sa *other = ike->sas; other; other = other->next) {
			if (other->twin == sa)
				other->twin = NULL;
			if (other->active && other->active->successor == sa)
				other->active->successor = NULL;
		}
		*at = sa->next;
		ike->sas_count--;
		sa_free(sa);
	}
}

/* Whether the tunnel is up by another SA: then the end of an attempt is no news. */
static bool tunnel_up_elsewhere(const struct ike_sa *sa)
{
	for (const struct ike_sa *o = sa->ike->sas; o; o = o->next)
		if (o != sa && o->tunnel == sa->tunnel && o->state == IKE_S_ESTABLISHED &&
		    o->children)
			return true;
	return false;
}

static void children_end(struct ike_sa *sa, enum ls_cause cause, const char *text)
{
	while (sa->children)
		ike_child_remove(sa, sa->children, cause, text);
}

static void attempts_take(struct ike_sa *sa, const struct ike_task *t)
{
	for (; t; t = t->next)
		sa->attempt |= t->attempt;
}

void ike_sa_end(struct ike_sa *sa, enum ls_cause cause, const char *text)
{
	bool counted; /* its cause was, when it began to end */

	if (sa->state == IKE_S_DEAD)
		return;
	counted = sa->state == IKE_S_DELETING || sa->state == IKE_S_REKEYED || sa->refused ||
	          sa->children;
	attempts_take(sa, sa->active);
	attempts_take(sa, sa->queue);
	ike_redirect_failed(sa, cause, text);
	ike_sa_enter(sa, IKE_S_DEAD, cause);
	ike_tasks_free(sa, cause);
	children_end(sa, cause, text);
	if (sa->attempt && !tunnel_up_elsewhere(sa))
		ike_queue_down(sa->ike, sa->tunnel, 0, cause, text, &sa->peer_id);
	else if (!counted)
		ike_count(sa->ike, cause);
	sa->attempt = false;
}

void ike_sa_forget(struct ike_sa *sa)
{
	if (sa->state == IKE_S_DEAD)
		return;
	ike_sa_enter(sa, IKE_S_DEAD, CAUSE_NONE);
	ike_tasks_free(sa, CAUSE_NONE);
}

/* A request of ours is unanswered, so that another one is outside the window (2.3). */
static bool window_full(const struct ike_sa *sa)
{
	return sa->active && sa->active->outstanding;
}

/* Whether a Delete can wait for its turn: before IKE_AUTH nothing can be said. */
static bool may_queue_delete(const struct ike_sa *sa)
{
	return sa->state == IKE_S_ESTABLISHED || sa->state == IKE_S_REKEYED ||
	       (sa->state == IKE_S_AUTH && sa->initiator && window_full(sa));
}

void ike_sa_end_telling(struct ike_sa *sa, enum ls_cause cause, const char *text, uint16_t notify)
{
	struct ike *ike = sa->ike;
	struct ike_header h = ike_sa_header(sa, IKE_X_INFO, false, sa->send_id);
	struct ike_build b = ike_build_make(ike->plain, sizeof ike->plain);
	struct ike_packets packets = {0};

	if (sa->state == IKE_S_DEAD)
		return;
	if (window_full(sa) && may_queue_delete(sa)) {
		ike_sa_close(sa, cause, text);
		return;
	}
	/* A responder says nothing before the peer has proved itself. */
	if (sa->keys.all.bytes && sa->spi_r && !window_full(sa) &&
	    (sa->initiator || !ike_sa_half_open(sa))) {
		if (notify)
			ike_build_flag(&b, notify);
		ike_build_bytes(&b, IKE_P_DELETE,
		                LS_BYTES(((const uint8_t[]){IKE_PROTO_IKE, 0, 0, 0}), 4));
		if (ike_sa_seal(sa, &h, &b, &packets)) {
			ike_trace_sealed(sa, &h, b.first, LS_BYTES(b.w.p, b.w.len), true);
			ike_sa_send_packets(sa, &packets);
		}
		ike_packets_free(&packets);
	}
	ike_sa_end(sa, cause, text);
}

void ike_sa_close(struct ike_sa *sa, enum ls_cause cause, const char *text)
{
	struct ike_task *t;

	if (sa->state == IKE_S_DEAD || sa->state == IKE_S_DELETING)
		return;
	if (!may_queue_delete(sa)) {
		ike_sa_end_telling(sa, cause, text, 0);
		return;
	}
	attempts_take(sa, sa->active);
	attempts_take(sa, sa->queue);
	ike_redirect_failed(sa, cause, text);
	ike_sa_enter(sa, IKE_S_DELETING, cause);
	if (sa->active)
		ike_task_detach(sa->active);
	t = sa->active;
	sa->active = NULL;
	ike_tasks_free(sa, cause);
	sa->active = t;
	children_end(sa, cause, text);
	if (sa->attempt && !tunnel_up_elsewhere(sa))
		ike_queue_down(sa->ike, sa->tunnel, 0, cause, text, &sa->peer_id);
	sa->attempt = false;
	sa->give_up = LS_NEVER;
	t = ike_task_new(sa, &ike_ops_close);
	if (t)
		ike_task_queue(t);
	else
		ike_sa_end(sa, cause, text);
}

void ike_sa_linger(struct ike_sa *sa, enum ls_cause cause, const char *text)
{
	attempts_take(sa, sa->active);
	attempts_take(sa, sa->queue);
	ike_sa_enter(sa, IKE_S_DELETING, cause);
	ike_tasks_free(sa, cause);
	children_end(sa, cause, text);
	if (sa->attempt && !tunnel_up_elsewhere(sa))
		ike_queue_down(sa->ike, sa->tunnel, 0, cause, text, &sa->peer_id);
	sa->attempt = false;
	sa->give_up = ls_time_add(sa->ike->now, LS_S(IKE_REFUSED_S));
}

void ike_sa_established(struct ike_sa *sa)
{
	const struct ike_peer_entry *p = sa->peer;
	struct life_limits limits = {.seconds = p ? p->config.ike_life_s : IKE_DEFAULT_LIFE_S};

	setup_free(sa);
	sa->established = sa->heard = sa->ike->now;
	sa->give_up = LS_NEVER;
	life_start(&sa->life, &limits, sa->initiator, &sa->ike->random, sa->ike->now);
	sa->keepalive_at = ls_time_add(sa->ike->now, LS_S(IKE_KEEPALIVE_S));
	ike_sa_enter(sa, IKE_S_ESTABLISHED, CAUSE_IKE_ESTABLISHED);
}

static ls_time dpd_at(const struct ike_sa *sa)
{
	uint32_t idle = sa->peer ? sa->peer->config.dpd_idle_s : IKE_DEFAULT_DPD_S;

	if (sa->state != IKE_S_ESTABLISHED || sa->active)
		return LS_NEVER;
	return sa->doubt ? sa->ike->now
	                 : ls_time_min(sa->hint_probe_at,
	                               ls_time_add(sa->heard, LS_S((ls_time)idle)));
}

static ls_time children_at(const struct ike_sa *sa)
{
	ls_time at = LS_NEVER;

	for (const struct ike_child *c = sa->children; c; c = c->next)
		at = ls_time_min(at, ls_time_min(c->rekey_at, c->expired_at));
	return sa->state == IKE_S_ESTABLISHED ? at : LS_NEVER;
}

/* Message ids never come round: an SA is rekeyed, or else closed, before either side's do (2.2). */
static const uint32_t ids_soft = UINT32_MAX - 0xffff, ids_hard = UINT32_MAX - 0xff;

static bool ids_reach(const struct ike_sa *sa, uint32_t limit)
{
	return sa->send_id >= limit || sa->recv_id >= limit;
}

/* When the IKE SA is to be rekeyed: at its soft limit, or when a try that failed is to be repeated.
 */
static ls_time rekey_due(const struct ike_sa *sa)
{
	if (sa->state != IKE_S_ESTABLISHED || ike_rekey_under_way(sa))
		return LS_NEVER;
	if (sa->rekey_at == LS_NEVER && ids_reach(sa, ids_soft))
		return sa->ike->now;
	return sa->rekey_at != LS_NEVER
	               ? sa->rekey_at
	               : ls_time_add(sa->life.born, LS_S((ls_time)sa->life.soft.seconds));
}

static ls_time keepalive_due(const struct ike_sa *sa)
{
	return sa->state == IKE_S_ESTABLISHED && sa->nat.local && sa->local.port == IKE_PORT_NAT
	               ? sa->keepalive_at
	               : LS_NEVER;
}

ls_time ike_sa_due(const struct ike_sa *sa)
{
	ls_time at = ls_time_min(ike_task_due(sa->active), ike_task_due(sa->serving));

	at = ls_time_min(at, ls_time_min(sa->give_up, dpd_at(sa)));
	at = ls_time_min(at, ls_time_min(children_at(sa), keepalive_due(sa)));
	if (sa->state != IKE_S_ESTABLISHED)
		return at;
	if (ids_reach(sa, ids_hard))
		return sa->ike->now;
	at = ls_time_min(at, ls_time_min(ike_reauth_due(sa), ike_redirect_due(sa)));
	return ls_time_min(
		at, ls_time_min(rekey_due(sa),
	                        ls_time_add(sa->life.born, LS_S((ls_time)sa->life.hard.seconds))));
}

static void gave_up(struct ike_sa *sa)
{
	if (sa->state == IKE_S_ESTABLISHED) {
		/* It has no chain whose DOWN would tell why it goes. */
		ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_CHILDLESS, "");
		ike_sa_close(sa, CAUSE_IKE_CHILDLESS, "");
	} else if (sa->state == IKE_S_REKEYED || sa->state == IKE_S_DELETING || sa->refused) {
		ike_sa_end(sa, sa->why, "");
	} else {
		ike_sa_end(sa, CAUSE_IKE_HALF_OPEN_TIMEOUT, "");
	}
}

/* Timers of an SA that stands: its life, its children's second tries, liveness, the NAT's mapping.
 */
static void tick_established(struct ike_sa *sa)
{
	ls_time now = sa->ike->now;

	if (life_state(&sa->life, now) == LIFE_HARD) {
		ike_sa_close(sa, CAUSE_IKE_REKEY_FAILED, "");
		return;
	}
	if (ids_reach(sa, ids_hard)) {
		ike_sa_close(sa, CAUSE_IKE_MESSAGE_IDS, "");
		return;
	}
	if (now >= ike_redirect_due(sa)) {
		ike_sa_close(sa, CAUSE_REDIRECTED, "");
		return;
	}
	ike_reauth_tick(sa);
	if (sa->state != IKE_S_ESTABLISHED)
		return;
	if (now >= rekey_due(sa))
		ike_rekey_start(sa);
	for (struct ike_child *c = sa->children, *next; c; c = next) {
		next = c->next;
		if (now >= c->expired_at)
			ike_child_expire(sa, c);
		else if (now >= c->rekey_at)
			ike_child_rekey(sa, c);
		if (sa->state != IKE_S_ESTABLISHED)
			return;
	}
	if (sa->state == IKE_S_ESTABLISHED && now >= dpd_at(sa))
		ike_probe(sa);
	if (now >= keepalive_due(sa)) {
		ike_queue_keepalive(sa->ike, &sa->local, &sa->remote, sa->tunnel);
		sa->keepalive_at = ls_time_add(now, LS_S(IKE_KEEPALIVE_S));
	}
}

void ike_sa_tick(struct ike_sa *sa)
{
	if (sa->state == IKE_S_DEAD)
		return;
	if (sa->ike->now >= sa->give_up) {
		gave_up(sa);
		return;
	}
	if (sa->active)
		ike_task_tick(sa->active);
	if (sa->serving && sa->state != IKE_S_DEAD)
		ike_task_tick(sa->serving);
	if (sa->state == IKE_S_ESTABLISHED)
		tick_established(sa);
}

void ike_sa_tell_moved(struct ike_sa *sa)
{
	for (const struct ike_child *c = sa->children; c; c = c->next) {
		struct ike_item *item = ike_queue(sa->ike, IKE_REQ_MOVED, 0);

		if (!item)
			continue;
		item->request.tunnel = sa->tunnel;
		item->request.chain = c->chain;
		item->request.local = sa->local;
		item->request.remote = sa->remote;
	}
}

void ike_sa_moved(struct ike_sa *sa, const struct ls_addr *remote)
{
	bool other_host;

	/* RFC 7296 2.23: only the side that is not behind a NAT follows, and only a peer that is.
	 */
	if (sa->nat.local || !sa->nat.remote || remote->family != sa->remote.family ||
	    ls_addr_equal(remote, &sa->remote))
		return;
	other_host = !ls_addr_same_ip(remote, &sa->remote);
	sa->remote = *remote;
	ike_queue_event(sa->ike, sa->tunnel, remote, CAUSE_IKE_MOVED, "");
	ike_sa_tell_moved(sa);
	/* The one that it has names its old address (RFC 6290 4.4). */
	if (other_host)
		ike_qcd_renew(sa);
}

void ike_sa_heard(struct ike_sa *sa, const struct ls_addr *local, const struct ls_addr *remote)
{
	sa->heard = sa->ike->now;
	sa->doubt = false;
	ike_hint_forget(sa);
	if (!ike_sa_half_open(sa)) {
		/* With MOBIKE the peer says when it has moved (RFC 4555 3.8). */
		if (!sa->mobike)
			ike_sa_moved(sa, remote);
		return;
	}
	sa->local = *local;
	/* A copy of the message from another address must not lead all that follows there: the one
	 * that we called stays where it is (2.1), a caller without a NAT keeps its address (2.23).
	 */
	if (!sa->initiator && (sa->nat.remote || ls_addr_same_ip(&sa->remote, remote)))
		sa->remote = *remote;
}

struct ls_bytes ike_nonce_i(const struct ike_sa *sa)
{
	return sa->initiator ? sa->nonce_local : sa->nonce_remote;
}

struct ls_bytes ike_nonce_r(const struct ike_sa *sa)
{
	return sa->initiator ? sa->nonce_remote : sa->nonce_local;
}
