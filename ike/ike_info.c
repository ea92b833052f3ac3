/* INFORMATIONAL: probes, Deletes of CHILD SAs and of the IKE SA, as both sides (RFC
 * 7296 1.4, 1.4.1, 2.25). */
#include "ike/ike_sa.h"

#include "ike/ike_mobike.h"
#include "ike/ike_names.h"

#include <string.h>

enum { SPI_SIZE = 4, ANSWER_SPIS_MAX = 64 };

static void probe_begin(struct ike_task *t)
{
	struct ike_build b = ike_task_build(t);

	ike_mobike_probe(t->sa, &b);
	ike_task_send(t, &b);
}

static void probed(struct ike_task *t)
{
	ike_mobike_probed(t->sa, &t->in);
	ike_task_done(t);
}

static void answered(struct ike_task *t)
{
	ike_task_done(t);
}

void ike_probe(struct ike_sa *sa)
{
	struct ike_task *t = ike_task_new(sa, &ike_ops_info);

	sa->doubt = false;
	sa->hint_probe_at = LS_NEVER;
	if (t)
		ike_task_queue(t);
}

/* Ends the peer's pairs that it names; those of ours that go with them are named in the answer
 * (1.4.1). */
static unsigned delete_named(struct ike_sa *sa, const struct ike_delete *d, uint32_t *answer,
                             unsigned n, enum ls_cause cause)
{
	struct rd r = rd_make(d->spis.p, d->spis.len);

	for (unsigned i = 0; i < d->count && rd_left(&r) > 0; i++) {
		uint32_t spi_out = rd_u32(&r);
		struct ike_child *c = ike_child_out(sa, spi_out);

		if (!c) {
			ike_child_unknown_deleted(sa, spi_out);
			continue;
		}
		/* Our own Delete has crossed it: the peer knows already. */
		if (!c->deleting && n < ANSWER_SPIS_MAX)
			answer[n++] = c->spi_in;
		ike_child_deleted(sa, c, cause);
	}
	return n;
}

static void write_delete(const struct ike_sa *sa, struct ike_build *b, const uint32_t *spi,
                         unsigned n)
{
	ike_build_begin(b, IKE_P_DELETE);
	wr_u8(&b->w, (uint8_t)ike_sa_child_protocol(sa));
	wr_u8(&b->w, SPI_SIZE);
	wr_u16(&b->w, (uint16_t)n);
	for (unsigned i = 0; i < n; i++)
		wr_u32(&b->w, spi[i]);
	ike_build_end(b);
}

/* The peer's rekey is over: it has the new SA, and gets our token for it. */
static void successor_renew(const struct ike_sa *old)
{
	for (struct ike_sa *sa = old->ike->sas; sa; sa = sa->next)
		if (sa->rekeyed_from == ike_sa_spi(old) && !sa->initiator)
			ike_qcd_renew(sa);
}

static void info_request(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_build b = ike_task_build(t);
	uint32_t answer[ANSWER_SPIS_MAX];
	bool refused = ike_notify_find(&t->in, IKE_N_AUTHENTICATION_FAILED) != NULL, whole = false;
	enum ls_cause cause = refused                             ? CAUSE_IKE_AUTH_REFUSED
	                      : sa->redirect.told && !sa->dialled ? CAUSE_REDIRECT_SENT
	                                                          : CAUSE_PEER_ASKED;
	unsigned n = 0;

	ike_qcd_take(sa, &t->in);
	ike_reauth_take(sa, &t->in);
	for (unsigned i = 0; i < t->in.deletes_count; i++) {
		const struct ike_delete *d = &t->in.deletes[i];

		if (d->protocol == IKE_PROTO_IKE)
			whole = true;
		else if (d->protocol == ike_sa_child_protocol(sa) && d->spi_size == SPI_SIZE)
			n = delete_named(sa, d, answer, n, cause);
	}
	if (n > 0)
		write_delete(sa, &b, answer, n);
	ike_mobike_request(t, &b);
	ike_task_respond(t, &b);
	if (sa->state == IKE_S_DEAD)
		return;
	if (!whole && !refused) {
		ike_redirect_info(sa, &t->in);
		return;
	}
	if (ike_rekey_taken_over(sa)) {
		cause = CAUSE_IKE_REKEYED;
		successor_renew(sa);
	}
	ike_sa_linger(sa, sa->state == IKE_S_REKEYED ? CAUSE_IKE_REKEYED : cause, "");
}

static void delete_begin(struct ike_task *t)
{
	struct ike_build b = ike_task_build(t);

	write_delete(t->sa, &b, &t->spi, 1);
	ike_task_send(t, &b);
}

static void delete_response(struct ike_task *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_child *c = ike_child_in(sa, t->spi);

	if (c)
		ike_child_remove(sa, c, t->cause, "");
	ike_task_done(t);
}

void ike_delete_child(struct ike_sa *sa, struct ike_child *c, enum ls_cause cause)
{
	struct ike_task *t;

	if (c->deleting)
		return;
	t = ike_task_new(sa, &ike_ops_delete);
	if (!t)
		return;
	c->deleting = true;
	c->rekey_at = LS_NEVER;
	t->spi = c->spi_in;
	t->cause = cause;
	ike_task_queue(t);
}

void ike_delete_spi(struct ike_sa *sa, uint32_t spi_in)
{
	struct ike_task *t = ike_task_new(sa, &ike_ops_delete);

	if (!t)
		return;
	t->spi = spi_in;
	ike_task_queue(t);
}

static void close_begin(struct ike_task *t)
{
	static const uint8_t body[] = {IKE_PROTO_IKE, 0, 0, 0};
	struct ike_build b = ike_task_build(t);

	ike_build_bytes(&b, IKE_P_DELETE, LS_BYTES(body, sizeof body));
	ike_task_send(t, &b);
}

static void close_response(struct ike_task *t)
{
	ike_sa_end(t->sa, t->sa->why, "");
}

const struct ike_task_ops ike_ops_info = {
	.name = "INFORMATIONAL",
	.exchange = IKE_X_INFO,
	.begin = probe_begin,
	.response = probed,
	.request = info_request,
};

const struct ike_task_ops ike_ops_delete = {
	.name = "delete",
	.exchange = IKE_X_INFO,
	.begin = delete_begin,
	.response = delete_response,
};

const struct ike_task_ops ike_ops_close = {
	.name = "close",
	.exchange = IKE_X_INFO,
	.begin = close_begin,
	.response = close_response,
};

/* What is left of an exchange whose outcome no longer matters. */
const struct ike_task_ops ike_ops_resume = {
	.name = "resume",
	.response = answered,
};
