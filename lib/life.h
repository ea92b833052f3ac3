/* The one lifetime engine: seconds, kilobytes and packets of any SA, soft before hard. */
#ifndef LIB_LIFE_H
#define LIB_LIFE_H

#include "lib/random.h"
#include "lib/time.h"

#include <stdbool.h>

/* Hard limits; 0 = no limit of that kind. */
struct life_limits {
	uint64_t seconds;
	uint64_t bytes;
	uint64_t packets;
};

enum life_state {
	LIFE_FRESH,
	LIFE_SOFT, /* make a successor now */
	LIFE_HARD, /* use it no more */
};

/* A running life. Plain data: may be copied and written to a snapshot. */
struct life {
	struct life_limits hard;
	struct life_limits soft;
	ls_time born;
	uint64_t bytes;
	uint64_t packets;
};

/*
 * Starts a life. The soft limits are at 80 % of the hard ones, less a drawn jitter of up to 10 %,
 * so that two ends and fifty branches do not rekey at once; early (the side that should rekey
 * first, by convention the initiator) moves its soft time another 5 % forward.
 */
void life_start(struct life *l, const struct life_limits *hard, bool early,
                const struct ls_random *random, ls_time now);
static inline void life_count(struct life *l, uint64_t packets, uint64_t bytes)
{
	l->packets += packets;
	l->bytes += bytes;
}
enum life_state life_state(const struct life *l, ls_time now);
/* The next instant at which life_state() may change by time alone; LS_NEVER if none. */
ls_time life_deadline(const struct life *l, ls_time now);

#endif
