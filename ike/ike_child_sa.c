/* The CHILD SA pairs of an IKE SA: found, switched to, moved to a successor, removed. */
#include "ike/ike_sa.h"

#include <stdlib.h>

struct ike_child *ike_child_in(struct ike_sa *sa, uint32_t spi_in)
{
	struct ike_child *c = sa->children;

	while (c && c->spi_in != spi_in)
		c = c->next;
	return c;
}

struct ike_child *ike_child_out(struct ike_sa *sa, uint32_t spi_out)
{
	struct ike_child *c = sa->children;

	while (c && c->spi_out != spi_out)
		c = c->next;
	return c;
}

static struct ike_child **bucket(struct ike *ike, uint32_t spi_in)
{
	return &ike->children_by_spi[(spi_in ^ spi_in >> 16) % IKE_BUCKETS];
}

void ike_child_add(struct ike_sa *sa, struct ike_child *c)
{
	struct ike_child **end = &sa->children, **at = bucket(sa->ike, c->spi_in);

	while (*end)
		end = &(*end)->next;
	*end = c;
	c->next = NULL;
	c->sa = sa;
	c->next_spi = *at;
	*at = c;
}

void ike_child_free(struct ike_child *c)
{
	struct ike_child **at = bucket(c->sa->ike, c->spi_in);

	while (*at != c)
		at = &(*at)->next_spi;
	*at = c->next_spi;
	free(c);
}

struct ike_sa *ike_child_find(struct ike *ike, uint32_t spi_in, struct ike_child **child)
{
	struct ike_child *c = *bucket(ike, spi_in);

	while (c && (c->spi_in != spi_in || c->sa->state == IKE_S_DEAD))
		c = c->next_spi;
	*child = c;
	return c ? c->sa : NULL;
}

uint32_t ike_sa_announced(const struct ike_sa *sa)
{
	for (const struct ike_child *c = sa->children; c; c = c->next)
		if (c->announced)
			return c->chain;
	return 0;
}

unsigned ike_children_count(const struct ike_sa *sa)
{
	unsigned n = 0;

	for (const struct ike_child *c = sa->children; c; c = c->next)
		n++;
	return n;
}

void ike_child_switch(struct ike_sa *sa, struct ike_child *c)
{
	c->switch_later = false;
	if (c->sending)
		return;
	for (struct ike_child *o = sa->children; o; o = o->next)
		if (o->chain == c->chain)
			o->sending = false;
	c->sending = true;
	ike_ask_pair(sa, IKE_REQ_SWITCH, c->chain, c->spi_in, c->spi_out, CAUSE_NONE);
}

void ike_child_remove(struct ike_sa *sa, struct ike_child *c, enum ls_cause cause, const char *text)
{
	struct ike_child **at = &sa->children, *heir = NULL;
	uint32_t chain = c->chain;
	bool older = false; /* than the heir */

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	for (struct ike_child *o = sa->children; o; o = o->next)
		if (o->chain == chain && !o->deleting && (!heir || heir->replaced)) {
			older = heir != NULL;
			heir = o;
		}
	/* Its successor is gone, so that it needs one again. */
	if (heir)
		heir->replaced = false;
	/* The predecessor's end is a signal to send on the successor (2.8); that of a pair beside
	 * it, which a collision left over, is not. */
	if (heir && (c->sending || (heir->switch_later && !older)) && !heir->sending)
		ike_child_switch(sa, heir);
	ike_ask_pair(sa, IKE_REQ_REMOVE, chain, c->spi_in, c->spi_out, cause);
	if (!heir && c->announced) {
		for (struct ike_child *o = sa->children; o; o = o->next)
			if (o->chain == chain)
				o->announced = false;
		ike_queue_down(sa->ike, sa->tunnel, chain, cause, text, &sa->peer_id);
	}
	ike_child_free(c);
	if (!sa->children && sa->state == IKE_S_ESTABLISHED)
		sa->give_up = ls_time_add(sa->ike->now, LS_S(IKE_CHILDLESS_S));
}

void ike_children_move(struct ike_sa *from, struct ike_sa *to)
{
	struct ike_child **end = &to->children;

	while (*end)
		end = &(*end)->next;
	*end = from->children;
	for (struct ike_child *c = from->children; c; c = c->next)
		c->sa = to;
	from->children = NULL;
	to->give_up = to->children ? LS_NEVER : ls_time_add(to->ike->now, LS_S(IKE_CHILDLESS_S));
}

bool ike_sa_busy_with_children(const struct ike_sa *sa)
{
	const struct ike_task *t = sa->active;

	return t && (t->ops == &ike_ops_child || t->ops == &ike_ops_delete);
}
