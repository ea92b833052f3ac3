/* How often something may happen, in a few bytes and without a timer: at a pace with bursts, or so
 * many times a second. */
#ifndef LIB_PACE_H
#define LIB_PACE_H

#include "lib/time.h"

#include <stdbool.h>

/*
 * A pace: each event takes `each`, and `burst` of them may come at once after a rest. All that is
 * kept is the instant `until` at which what happened so far is paid off; 0: nothing happened yet.
 */
struct ls_pace {
	ls_time each;
	unsigned burst; /* not 0 */
};
/* Whether one more would be too many now. */
static inline bool ls_pace_full(const struct ls_pace *p, ls_time until, ls_time now)
{
	return until > ls_time_add(now, p->each * (p->burst - 1));
}
/* It happened: the instant from now on. */
static inline ls_time ls_pace_add(const struct ls_pace *p, ls_time until, ls_time now)
{
	return ls_time_add(until < now ? now : until, p->each);
}

/* Events in the second that began with the first of them. Zero-initialise. */
struct ls_second {
	ls_time since;
	unsigned n;
};
/* Adds some and gives how many there are in this second. */
static inline unsigned ls_second_add(struct ls_second *s, unsigned more, ls_time now)
{
	if (now - s->since >= LS_S(1))
		*s = (struct ls_second){.since = now};
	s->n += more;
	return s->n;
}

#endif
