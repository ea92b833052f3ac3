/* The one lifetime engine: seconds, kilobytes and packets of any SA, soft before hard. */
#include "lib/life.h"

enum { SOFT_PERCENT = 80, JITTER_PERCENT = 10, EARLY_PERCENT = 5 };

/* percent of value, without overflow for any value */
static uint64_t share(uint64_t value, uint64_t percent)
{
	return value / 100 * percent + value % 100 * percent / 100;
}

void life_start(struct life *l, const struct life_limits *hard, bool early,
                const struct ls_random *random, ls_time now)
{
	uint64_t percent = SOFT_PERCENT - ls_random_below(random, JITTER_PERCENT + 1);

	if (early)
		percent -= EARLY_PERCENT;
	*l = (struct life){.hard = *hard, .born = now};
	l->soft.seconds = share(hard->seconds, percent);
	l->soft.bytes = share(hard->bytes, percent);
	l->soft.packets = share(hard->packets, percent);
}

static bool reached(const struct life_limits *limit, const struct life *l, uint64_t age_s)
{
	return (limit->seconds && age_s >= limit->seconds) ||
	       (limit->bytes && l->bytes >= limit->bytes) ||
	       (limit->packets && l->packets >= limit->packets);
}

enum life_state life_state(const struct life *l, ls_time now)
{
	uint64_t age_s = now > l->born ? (uint64_t)((now - l->born) / LS_S(1)) : 0;

	if (reached(&l->hard, l, age_s))
		return LIFE_HARD;
	return reached(&l->soft, l, age_s) ? LIFE_SOFT : LIFE_FRESH;
}

static ls_time instant(const struct life *l, uint64_t seconds)
{
	if (seconds == 0 || seconds > (uint64_t)(LS_NEVER / LS_S(1)))
		return LS_NEVER;
	return ls_time_add(l->born, LS_S((ls_time)seconds));
}

ls_time life_deadline(const struct life *l, ls_time now)
{
	ls_time soft = instant(l, l->soft.seconds), hard = instant(l, l->hard.seconds);

	/* A hard limit of a second or so has no soft one before it. */
	if (soft > now && soft < hard)
		return soft;
	return hard > now ? hard : LS_NEVER;
}
