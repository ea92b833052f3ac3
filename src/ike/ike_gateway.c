/* Gateways that redirects name (RFC 5685): where they are, and which ones our callers are sent to.
 */
#include "src/ike/iked.h"

#include <stdlib.h>

/* Below the engine's patience with a question. */
enum { RESOLVE_S = 10 };

/* A gateway being looked for. */
struct iked_gateway {
	struct iked *iked;
	uint32_t tunnel;
	uint64_t question;
	struct resolve resolve;
	struct iked_gateway *next;
};

static void gateway_free(struct iked_gateway *g)
{
	struct iked_gateway **at = &g->iked->gateways;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	resolve_free(&g->resolve);
	free(g);
}

void iked_gateways_free(struct iked *d)
{
	while (d->gateways)
		gateway_free(d->gateways);
}

/* From where we would reach it. */
static bool source_find(const struct iked_tunnel *t, const struct ls_addr *remote,
                        struct ls_addr *local)
{
	if (!t || !t->local_fixed)
		return resolve_source(remote, local);
	*local = t->peer.local;
	return local->family == remote->family;
}

static void answer(struct iked *d, uint32_t tunnel, uint64_t question, const struct ls_addr *at,
                   unsigned n)
{
	const struct iked_tunnel *t = iked_tunnel_find(d, tunnel);
	struct ike_answer a = {.cause = n > 0 ? CAUSE_IKE_NO_ADDRESS : CAUSE_IKE_RESOLVE};

	for (unsigned i = 0; i < n && !a.ok; i++) {
		a.remote = at[i];
		a.ok = source_find(t, &a.remote, &a.local);
	}
	ike_answer(d->ike, question, &a, clock_now());
}

static void resolved(void *ctx)
{
	struct iked_gateway *g = ctx;
	struct iked *d = g->iked;
	struct ls_addr at[RESOLVE_ADDRESSES_MAX];
	unsigned n = resolve_addresses(&g->resolve, at, RESOLVE_ADDRESSES_MAX);

	answer(d, g->tunnel, g->question, at, n);
	gateway_free(g);
	iked_pump(d);
}

void iked_ask_gateway(struct iked *d, const struct ike_request *r)
{
	char text[IKE_GATEWAY_TEXT_MAX];
	const char *names[1] = {ike_gateway_text(&r->gateway, text)};
	struct iked_gateway *g;
	struct ls_addr at;

	if (ls_addr_parse(text, &at)) {
		answer(d, r->tunnel, r->id, &at, 1);
		return;
	}
	g = calloc(1, sizeof *g);
	if (!g) {
		answer(d, r->tunnel, r->id, NULL, 0);
		return;
	}
	g->iked = d;
	g->tunnel = r->tunnel;
	g->question = r->id;
	g->next = d->gateways;
	d->gateways = g;
	resolve_init(&g->resolve, d->base, d->dns, names, 1, resolved, g);
	g->resolve.limit_s = RESOLVE_S;
	resolve_start(&g->resolve, clock_now());
}

void iked_redirect_set(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	const struct msg_redirect_set *set = &m->redirect_set;
	struct iked *d = owner;
	struct ike_gateway to = {0};

	(void)from;
	(void)fd;
	if (set->gateway[0] && !ike_gateway_parse(set->gateway, &to))
		return;
	ike_redirect_set(d->ike, set->tunnel, &to, clock_now());
	iked_pump(d);
}

void iked_redirect_when_full(struct iked *d)
{
	struct ike_gateway to = {0};

	if (d->conf.redirect_when_full[0])
		ike_gateway_parse(d->conf.redirect_when_full, &to);
	ike_redirect_when_full(d->ike, &to);
}
