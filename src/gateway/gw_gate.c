/* The gate between lanes and the main thread. */
#include "src/gateway/gw_gate.h"

static void lock_all(struct gw_gate *g)
{
	pthread_mutex_lock(&g->turnstile);
	__atomic_store_n(&g->wanted, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < g->lanes; i++)
		pthread_mutex_lock(&g->of[i].in);
}

void gw_gate_begin(struct gw_gate *g, unsigned lanes)
{
	g->lanes = lanes;
	pthread_mutex_init(&g->turnstile, NULL);
	for (unsigned i = 0; i < lanes; i++)
		pthread_mutex_init(&g->of[i].in, NULL);
	if (g->depth > 0)
		lock_all(g);
}

bool gw_gate_wanted(const struct gw_gate *g)
{
	return __atomic_load_n(&g->wanted, __ATOMIC_RELAXED);
}

void gw_gate_enter(struct gw_gate *g, unsigned lane)
{
	/* A busy lane takes its own lock again at once: without this the main thread would never
	 * get it. */
	if (gw_gate_wanted(g)) {
		pthread_mutex_lock(&g->turnstile);
		pthread_mutex_unlock(&g->turnstile);
	}
	pthread_mutex_lock(&g->of[lane].in);
}

void gw_gate_leave(struct gw_gate *g, unsigned lane)
{
	pthread_mutex_unlock(&g->of[lane].in);
}

void gw_gate_close(struct gw_gate *g)
{
	if (g->depth++ == 0 && g->lanes > 0)
		lock_all(g);
}

void gw_gate_open(struct gw_gate *g)
{
	if (--g->depth > 0 || g->lanes == 0)
		return;
	for (unsigned i = 0; i < g->lanes; i++)
		pthread_mutex_unlock(&g->of[i].in);
	__atomic_store_n(&g->wanted, false, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&g->turnstile);
}

bool gw_gate_closed(const struct gw_gate *g)
{
	return g->lanes == 0 || g->depth > 0;
}
