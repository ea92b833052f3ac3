/* MOBIKE (RFC 4555): the caller's new address, the return routability check of it, and a NAT's new
 * mapping. */
#include "ike/ike_mobike.h"

#include "ike/ike_names.h"
#include "ike/ike_qcd.h"
#include "lib/crypto.h"

#include <string.h>

enum { PORT_SIZE = 2 };

static bool is_wanted(const struct ike_sa *sa)
{
	return sa->peer && sa->peer->config.mobike && !sa->peer->config.ah && sa->nat.spoken;
}

static bool by_the_rfc(const struct ike_sa *sa)
{
	return sa->peer->config.tunnel_mode && sa->local.port == IKE_PORT_NAT;
}

void ike_mobike_offer(const struct ike_sa *sa, struct ike_build *b)
{
	if (!is_wanted(sa))
		return;
	ike_build_flag(b, IKE_N_L2TPSEC_MOBIKE);
	if (by_the_rfc(sa))
		ike_build_flag(b, IKE_N_MOBIKE_SUPPORTED);
}

void ike_mobike_take(struct ike_sa *sa, const struct ike_payloads *in)
{
	sa->mobike =
		is_wanted(sa) && (ike_notify_find(in, IKE_N_L2TPSEC_MOBIKE) ||
	                          (by_the_rfc(sa) && ike_notify_find(in, IKE_N_MOBIKE_SUPPORTED)));
}

/* Also the setting may have changed since. */
static bool may_move(const struct ike_sa *sa)
{
	return sa->mobike && is_wanted(sa) && sa->state != IKE_S_DEAD;
}

/* The one that has the children now: a request on the old SA is about them all the same. */
static struct ike_sa *successor_of(const struct ike_sa *sa)
{
	struct ike_sa *o = sa->ike->sas;

	while (o && (o->rekeyed_from != ike_sa_spi(sa) || o->state != IKE_S_ESTABLISHED ||
	             o->tunnel != sa->tunnel))
		o = o->next;
	return o;
}

static void tell(struct ike_sa *sa, enum ls_cause cause, const struct ls_addr *before,
                 const struct ls_addr *after)
{
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text t = ike_text_make(text, sizeof text);

	ike_text_addr(&t, before);
	ike_text_add(&t, " before, ");
	ike_text_addr(&t, after);
	ike_text_add(&t, " now");
	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, cause, text);
}

/* What waits for an answer goes on from and to the new addresses (3.5), at once. */
static void resend(struct ike_sa *sa)
{
	if (!sa->active || !sa->active->outstanding)
		return;
	sa->active->tries = 0;
	sa->active->resend_at = sa->ike->now;
}

/* -- the caller -- */

static void update_begin(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_build b = ike_task_build(t);

	t->where = sa->local;
	ike_build_flag(&b, IKE_N_UPDATE_SA_ADDRESSES);
	ike_nat_write(&b, sa->spi_i, sa->spi_r, &sa->local, &sa->remote, sa->forced_udp,
	              &sa->ike->random);
	ike_task_send(t, &b);
}

static void seen_as(struct ike_sa *sa, const struct ike_payloads *in)
{
	const struct ike_notify *n = ike_notify_find(in, IKE_N_NAT_DESTINATION);

	sa->seen = n && n->data.len == IKE_NAT_HASH_SIZE;
	if (sa->seen)
		memcpy(sa->seen_as, n->data.p, IKE_NAT_HASH_SIZE);
}

static void update_response(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_sa *next = successor_of(sa);
	const struct ike_notify *error = ike_notify_error(&t->in);
	struct ike_nat_found found =
		ike_nat_check(&t->in, sa->spi_i, sa->spi_r, &sa->local, &sa->remote);
	char text[LS_EVENT_TEXT_MAX];
	struct ike_text out = ike_text_make(text, sizeof text);

	/* We have moved again, and another request follows. */
	if (!ls_addr_equal(&t->where, &sa->local)) {
		ike_task_done(t);
		return;
	}
	if (error) {
		ike_text_add(&out, "it answered ");
		ike_text_notify(&out, error->type);
	} else if ((found.local || found.remote) && !ike_sa_udp(sa)) {
		ike_text_add(&out, "there is a NAT on the way, and ESP is not in UDP");
	}
	/* SAs without UDP are dialled anew: what they are made of would have to change on both
	 * sides between two packets. */
	if (text[0]) {
		if (next)
			ike_sa_end(next, CAUSE_MOBIKE_REFUSED, text);
		/* Without a word, so that L2TP moves over to the new SAs. */
		ike_sa_end(sa, CAUSE_MOBIKE_REFUSED, text);
		return;
	}
	sa->moving = false;
	if (found.spoken)
		sa->nat = found;
	if (found.spoken && next)
		next->nat = found;
	seen_as(sa, &t->in);
	ike_task_done(t);
}

static const struct ike_task_ops ops_update = {
	.name = "address update",
	.exchange = IKE_X_INFO,
	.begin = update_begin,
	.response = update_response,
};

bool ike_mobike_leave(struct ike_sa *sa, const struct ls_addr *local)
{
	struct ls_addr before = ls_addr_with_port(sa->local, 0),
		       after = ls_addr_with_port(*local, 0);

	if (!may_move(sa) || !sa->dialled || local->family != sa->remote.family)
		return false;
	sa->local = ls_addr_with_port(*local, sa->local.port);
	resend(sa);
	/* The peer may not know the successor yet, and asks for it where we were. */
	if (sa->state == IKE_S_REKEYED)
		ike_task_queue_once(sa, &ops_update);
	/* One that is being made, or has ended, has nothing to move. */
	if (sa->state != IKE_S_ESTABLISHED)
		return true;
	sa->moving = true;
	tell(sa, CAUSE_MOBIKE_MOVING, &before, &after);
	ike_sa_tell_moved(sa);
	ike_task_queue_once(sa, &ops_update);
	return true;
}

void ike_mobike_probe(struct ike_sa *sa, struct ike_build *b)
{
	if (may_move(sa) && sa->dialled && sa->nat.local)
		ike_nat_write(b, sa->spi_i, sa->spi_r, &sa->local, &sa->remote, sa->forced_udp,
		              &sa->ike->random);
}

void ike_mobike_probed(struct ike_sa *sa, const struct ike_payloads *in)
{
	const struct ike_notify *n = ike_notify_find(in, IKE_N_NAT_DESTINATION);

	if (!may_move(sa) || !sa->dialled || !n || n->data.len != IKE_NAT_HASH_SIZE)
		return;
	if (sa->seen && memcmp(sa->seen_as, n->data.p, IKE_NAT_HASH_SIZE) != 0)
		ike_task_queue_once(sa, &ops_update);
	seen_as(sa, in);
}

/* -- the called side -- */

static void check_begin(struct ike_task *t)
{
	struct ike_build b = ike_task_build(t);
	uint8_t cookie[IKE_COOKIE2_SIZE];

	ls_random_fill(&t->sa->ike->random, cookie, sizeof cookie);
	if (!ike_bytes_set(&t->cookie, cookie, sizeof cookie)) {
		ike_sa_end(t->sa, CAUSE_NO_MEMORY, "");
		return;
	}
	t->where = t->sa->remote;
	ike_build_notify(&b, IKE_PROTO_NONE, IKE_N_COOKIE2, LS_BYTES(NULL, 0), t->cookie);
	ike_task_send(t, &b);
}

static void check_response(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *n = ike_notify_find(&t->in, IKE_N_COOKIE2);

	if (!n || n->data.len != t->cookie.len ||
	    !crypto_equal(n->data.p, t->cookie.p, t->cookie.len)) {
		ike_sa_end_telling(sa, CAUSE_MOBIKE_COOKIE2, "", 0);
		return;
	}
	/* Sent to more than one address it says nothing (3.7); another check follows. */
	for (struct ike_sa *s = sa; s; s = successor_of(s)) {
		if (!ls_addr_equal(&t->where, &s->remote))
			continue;
		ike_sa_tell_moved(s);
		/* The token that it has names its old address (RFC 6290 4.4). */
		ike_qcd_renew(s);
	}
	ike_task_done(t);
}

static const struct ike_task_ops ops_check = {
	.name = "return routability check",
	.exchange = IKE_X_INFO,
	.begin = check_begin,
	.response = check_response,
};

/* NO_NATS_ALLOWED (4.2.6): the addresses and ports of the header, as they were sent. */
static bool nats_fit(const struct ike_sa *sa, struct ls_bytes said)
{
	size_t size = ls_addr_size(&sa->asked_remote);
	uint8_t right[2 * 16 + 2 * PORT_SIZE];
	struct wr w = wr_make(right, sizeof right);

	wr_bytes(&w, sa->asked_remote.ip, size);
	wr_bytes(&w, sa->asked_local.ip, size);
	wr_u16(&w, sa->asked_remote.port);
	wr_u16(&w, sa->asked_local.port);
	return said.len == w.len && memcmp(said.p, right, w.len) == 0;
}

static void follow(struct ike_sa *sa)
{
	struct ls_addr before = sa->remote;

	sa->local = sa->asked_local;
	if (ls_addr_equal(&sa->asked_remote, &before))
		return;
	sa->remote = sa->asked_remote;
	resend(sa);
	if (sa->state != IKE_S_ESTABLISHED)
		return;
	tell(sa, CAUSE_MOBIKE_PEER, &before, &sa->remote);
	ike_task_queue_once(sa, &ops_check);
}

/* 0, or the notify that refuses it. */
static uint16_t update(struct ike_sa *sa, const struct ike_payloads *in)
{
	const struct ike_notify *fixed = ike_notify_find(in, IKE_N_NO_NATS_ALLOWED);
	struct ike_nat_found found =
		ike_nat_check(in, sa->spi_i, sa->spi_r, &sa->asked_local, &sa->asked_remote);

	if (fixed && !nats_fit(sa, fixed->data))
		return IKE_N_UNEXPECTED_NAT_DETECTED;
	if (sa->asked_remote.family != sa->remote.family ||
	    ((found.local || found.remote) && !ike_sa_udp(sa)))
		return IKE_N_UNACCEPTABLE_ADDRESSES;
	for (struct ike_sa *s = sa, *next; s; s = next) {
		next = successor_of(s);
		s->asked_local = sa->asked_local;
		s->asked_remote = sa->asked_remote;
		if (found.spoken)
			s->nat = found;
		follow(s);
	}
	return 0;
}

void ike_mobike_request(struct ike_task *t, struct ike_build *b)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *cookie = ike_notify_find(&t->in, IKE_N_COOKIE2);
	uint16_t refused = 0;

	if (!sa->mobike)
		return;
	/* Only who has called decides on the addresses (3.5). */
	if (ike_notify_find(&t->in, IKE_N_UPDATE_SA_ADDRESSES) && !sa->dialled && may_move(sa))
		refused = update(sa, &t->in);
	if (refused) {
		char text[LS_EVENT_TEXT_MAX];
		struct ike_text out = ike_text_make(text, sizeof text);

		ike_text_add(&out, "we answered ");
		ike_text_notify(&out, refused);
		ike_queue_event(sa->ike, sa->tunnel, &sa->asked_remote, CAUSE_MOBIKE_UNACCEPTABLE,
		                text);
		ike_build_flag(b, refused);
	}
	if (ike_notify_find(&t->in, IKE_N_NAT_SOURCE) && !refused)
		ike_nat_write(b, sa->spi_i, sa->spi_r, &sa->asked_local, &sa->asked_remote,
		              sa->forced_udp, &sa->ike->random);
	if (cookie && cookie->data.len >= IKE_COOKIE2_MIN && cookie->data.len <= IKE_COOKIE2_MAX)
		ike_build_notify(b, IKE_PROTO_NONE, IKE_N_COOKIE2, LS_BYTES(NULL, 0), cookie->data);
}
