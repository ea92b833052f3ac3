/* When which connection has something to do: a heap, the one that is due first on top, so that many
 * connections in which nothing happens cost nothing. */
#include "l2tp/l2tp_engine.h"

enum { TOP = 1, HELLO_DEFAULT_S = 60 };

ls_time l2tp_hello_at(struct l2tp *l2tp, const struct conn *c)
{
	const struct peer_entry *p = l2tp_peer_find(l2tp, c->tunnel);
	uint32_t every =
		p && p->config.hello_interval_s ? p->config.hello_interval_s : HELLO_DEFAULT_S;

	return c->state == CONN_UP && !c->queue && c->gone_at == LS_NEVER ? c->heard + LS_S(every)
	                                                                  : LS_NEVER;
}

static ls_time due(struct l2tp *l2tp, const struct conn *c)
{
	if (c->state == CONN_DEAD)
		return c->limit_at;
	return ls_time_min(ls_time_min(c->limit_at, l2tp_hello_at(l2tp, c)),
	                   ls_time_min(c->retry_at, c->gone_at));
}

static void place(struct l2tp *l2tp, struct conn *c, uint32_t at)
{
	l2tp->timers[at] = c;
	c->timer = at;
}

/* Puts c, for which there is room at `at`, where it belongs: up, or down. */
static void sift(struct l2tp *l2tp, struct conn *c, uint32_t at)
{
	struct conn **heap = l2tp->timers;

	while (at > TOP && heap[at / 2]->due_at > c->due_at) {
		place(l2tp, heap[at / 2], at);
		at /= 2;
	}
	for (uint32_t below = at * 2; below <= l2tp->timed; below = at * 2) {
		if (below < l2tp->timed && heap[below + 1]->due_at < heap[below]->due_at)
			below++;
		if (heap[below]->due_at >= c->due_at)
			break;
		place(l2tp, heap[below], at);
		at = below;
	}
	place(l2tp, c, at);
}

void l2tp_timer_set(struct l2tp *l2tp, struct conn *c)
{
	c->due_at = due(l2tp, c);
	sift(l2tp, c, c->timer ? c->timer : ++l2tp->timed);
}

void l2tp_timer_stop(struct l2tp *l2tp, struct conn *c)
{
	uint32_t at = c->timer;
	struct conn *last;

	if (at == 0)
		return;
	last = l2tp->timers[l2tp->timed--];
	c->timer = 0;
	if (last != c)
		sift(l2tp, last, at);
}

struct conn *l2tp_timer_next(struct l2tp *l2tp, ls_time now)
{
	struct conn *c = l2tp->timed > 0 ? l2tp->timers[TOP] : NULL;

	if (!c || c->due_at > now)
		return NULL;
	l2tp_timer_stop(l2tp, c);
	return c;
}

ls_time l2tp_deadline(const struct l2tp *l2tp)
{
	return l2tp->timed > 0 ? ls_time_min(l2tp->calls_at, l2tp->timers[TOP]->due_at)
	                       : l2tp->calls_at;
}
