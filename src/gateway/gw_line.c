/* The line's state machine as one table: state, event, who it concerns, what follows. */
#include "src/gateway/gw_line.h"

/* Longest stay in a state that waits for others. IKE gives up by itself; its limit here is for a
 * process that does not answer. */
#define IKE_LIMIT LS_S(180)
#define CALL_LIMIT LS_S(40)
#define IFACE_LIMIT LS_S(10)
#define REPAIR_LIMIT LS_S(20)
#define BACKOFF_FIRST LS_S(1)
#define BACKOFF_MOST LS_S(60)
/* A line that was up for so long has earned a fresh start. */
#define STEADY_AFTER LS_S(10)

/* Who a row concerns; sets. */
enum {
	WAITS = 1 << GW_START_WAIT,
	DEMAND = 1 << GW_START_DEMAND,
	ALWAYS = 1 << GW_START_ALWAYS,
	DIALS = DEMAND | ALWAYS,
	ALL = WAITS | DIALS,
};
/* And whether a chain of the tunnel stands. */
enum chain_want { ANY, WITH, WITHOUT };

#define DOWN_ACTIONS (GW_DO_IFACE_DOWN | GW_DO_HANG_UP | GW_DO_DROP)

struct row {
	enum gw_line_state state;
	enum gw_line_event event;
	unsigned who;
	enum chain_want chain;
	enum gw_line_state next;
	unsigned actions;
};

/* The first row that fits holds; an event without a row changes nothing. */
static const struct row rows[] = {
	{GW_LINE_IDLE, GW_EV_BEGIN, ALWAYS, ANY, GW_LINE_IKE, GW_DO_DIAL},
	{GW_LINE_IDLE, GW_EV_PACKET, DIALS, ANY, GW_LINE_IKE, GW_DO_DIAL},
	{GW_LINE_IDLE, GW_EV_ADMIN_UP, DIALS, ANY, GW_LINE_IKE, GW_DO_DIAL},
	{GW_LINE_IDLE, GW_EV_ADMIN_UP, WAITS, ANY, GW_LINE_IDLE, GW_DO_REPORT},
	{GW_LINE_IDLE, GW_EV_ADMIN_DOWN, ALL, ANY, GW_LINE_HELD, GW_DO_HANG_UP | GW_DO_DROP},
	{GW_LINE_IDLE, GW_EV_CHAIN_UP, DIALS, ANY, GW_LINE_CALL, GW_DO_CALL},
	{GW_LINE_IDLE, GW_EV_CHAIN_UP, WAITS, ANY, GW_LINE_CALL, 0},
	{GW_LINE_IDLE, GW_EV_ELSEWHERE, DIALS, ANY, GW_LINE_CALL, GW_DO_CALL},
	{GW_LINE_IDLE, GW_EV_PPP_UP, ALL, ANY, GW_LINE_IFACE, GW_DO_IFACE_UP},

	{GW_LINE_HELD, GW_EV_ADMIN_UP, DIALS, ANY, GW_LINE_IKE, GW_DO_DIAL},
	{GW_LINE_HELD, GW_EV_ADMIN_UP, WAITS, ANY, GW_LINE_IDLE, 0},
	{GW_LINE_HELD, GW_EV_CHAIN_UP, ALL, ANY, GW_LINE_HELD, GW_DO_HANG_UP},
	{GW_LINE_HELD, GW_EV_ELSEWHERE, ALL, ANY, GW_LINE_HELD, GW_DO_HANG_UP},
	{GW_LINE_HELD, GW_EV_PPP_UP, ALL, ANY, GW_LINE_HELD, GW_DO_HANG_UP},

	{GW_LINE_BACKOFF, GW_EV_TIMER, ALWAYS, ANY, GW_LINE_IKE, GW_DO_DIAL},
	{GW_LINE_BACKOFF, GW_EV_TIMER, DEMAND, ANY, GW_LINE_IDLE,
         0}, /* or dials at once if wanted: see step_timer */
	{GW_LINE_BACKOFF, GW_EV_ADMIN_UP, DIALS, ANY, GW_LINE_IKE, GW_DO_DIAL},
	{GW_LINE_BACKOFF, GW_EV_BEGIN, ALWAYS, ANY, GW_LINE_IKE, GW_DO_DIAL},
	{GW_LINE_BACKOFF, GW_EV_BEGIN, DEMAND, ANY, GW_LINE_IDLE, 0},
	{GW_LINE_BACKOFF, GW_EV_BEGIN, WAITS, ANY, GW_LINE_IDLE, 0},
	{GW_LINE_BACKOFF, GW_EV_ADMIN_DOWN, ALL, ANY, GW_LINE_HELD, GW_DO_HANG_UP | GW_DO_DROP},
	{GW_LINE_BACKOFF, GW_EV_CHAIN_UP, ALL, ANY, GW_LINE_CALL, GW_DO_CALL},
	{GW_LINE_BACKOFF, GW_EV_ELSEWHERE, DIALS, ANY, GW_LINE_CALL, GW_DO_CALL},
	{GW_LINE_BACKOFF, GW_EV_PPP_UP, ALL, ANY, GW_LINE_IFACE, GW_DO_IFACE_UP},

	{GW_LINE_IKE, GW_EV_ADMIN_DOWN, ALL, ANY, GW_LINE_HELD, GW_DO_HANG_UP | GW_DO_DROP},
	{GW_LINE_IKE, GW_EV_CHAIN_UP, DIALS, ANY, GW_LINE_CALL, GW_DO_CALL},
	{GW_LINE_IKE, GW_EV_ELSEWHERE, DIALS, ANY, GW_LINE_CALL, GW_DO_CALL},
	{GW_LINE_IKE, GW_EV_CHAIN_DOWN, ALL, ANY, GW_LINE_BACKOFF, GW_DO_DROP},
	{GW_LINE_IKE, GW_EV_IKE_BACK, DIALS, ANY, GW_LINE_IKE, GW_DO_DIAL},
	{GW_LINE_IKE, GW_EV_PPP_UP, ALL, ANY, GW_LINE_IFACE, GW_DO_IFACE_UP},
	{GW_LINE_IKE, GW_EV_TIMER, ALL, ANY, GW_LINE_BACKOFF, GW_DO_HANG_UP | GW_DO_DROP},

	{GW_LINE_CALL, GW_EV_ADMIN_DOWN, ALL, ANY, GW_LINE_HELD, GW_DO_HANG_UP | GW_DO_DROP},
	{GW_LINE_CALL, GW_EV_ELSEWHERE, DIALS, ANY, GW_LINE_CALL, GW_DO_CALL},
	{GW_LINE_CALL, GW_EV_CHAIN_DOWN, DIALS, WITH, GW_LINE_CALL, GW_DO_CALL},
	{GW_LINE_CALL, GW_EV_CHAIN_DOWN, DIALS, ANY, GW_LINE_BACKOFF, GW_DO_HANG_UP | GW_DO_DROP},
	{GW_LINE_CALL, GW_EV_CHAIN_DOWN, WAITS, WITH, GW_LINE_CALL, 0},
	{GW_LINE_CALL, GW_EV_CHAIN_DOWN, WAITS, ANY, GW_LINE_IDLE, GW_DO_DROP},
	{GW_LINE_CALL, GW_EV_IKE_BACK, DIALS, ANY, GW_LINE_CALL, GW_DO_DIAL},
	{GW_LINE_CALL, GW_EV_SESSION_BYE, DIALS, ANY, GW_LINE_BACKOFF, GW_DO_HANG_UP | GW_DO_DROP},
	{GW_LINE_CALL, GW_EV_SESSION_BYE, WAITS, ANY, GW_LINE_IDLE, GW_DO_DROP},
	{GW_LINE_CALL, GW_EV_SESSION_LOST, DIALS, ANY, GW_LINE_BACKOFF, GW_DO_HANG_UP | GW_DO_DROP},
	{GW_LINE_CALL, GW_EV_SESSION_LOST, WAITS, ANY, GW_LINE_IDLE, GW_DO_DROP},
	{GW_LINE_CALL, GW_EV_PPP_UP, ALL, ANY, GW_LINE_IFACE, GW_DO_IFACE_UP},
	{GW_LINE_CALL, GW_EV_TIMER, DIALS, ANY, GW_LINE_BACKOFF, GW_DO_HANG_UP | GW_DO_DROP},
	{GW_LINE_CALL, GW_EV_TIMER, WAITS, ANY, GW_LINE_IDLE, GW_DO_DROP},

	{GW_LINE_IFACE, GW_EV_ADMIN_DOWN, ALL, ANY, GW_LINE_HELD, DOWN_ACTIONS},
	{GW_LINE_IFACE, GW_EV_ELSEWHERE, DIALS, ANY, GW_LINE_CALL, GW_DO_IFACE_DOWN | GW_DO_CALL},
	{GW_LINE_IFACE, GW_EV_CHAIN_DOWN, DIALS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_IFACE, GW_EV_CHAIN_DOWN, WAITS, ANY, GW_LINE_IDLE, DOWN_ACTIONS},
	{GW_LINE_IFACE, GW_EV_IKE_BACK, DIALS, ANY, GW_LINE_IFACE, GW_DO_DIAL},
	{GW_LINE_IFACE, GW_EV_SESSION_BYE, DIALS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_IFACE, GW_EV_SESSION_LOST, DIALS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_IFACE, GW_EV_SESSION_BYE, WAITS, ANY, GW_LINE_IDLE, GW_DO_IFACE_DOWN | GW_DO_DROP},
	{GW_LINE_IFACE, GW_EV_SESSION_LOST, WAITS, ANY, GW_LINE_IDLE,
         GW_DO_IFACE_DOWN | GW_DO_DROP},
	{GW_LINE_IFACE, GW_EV_PPP_UP, ALL, ANY, GW_LINE_IFACE, GW_DO_IFACE_UP},
	{GW_LINE_IFACE, GW_EV_IFACE_OK, ALL, ANY, GW_LINE_UP, GW_DO_RELEASE},
	{GW_LINE_IFACE, GW_EV_IFACE_BAD, DIALS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_IFACE, GW_EV_IFACE_BAD, WAITS, ANY, GW_LINE_IDLE, DOWN_ACTIONS},
	{GW_LINE_IFACE, GW_EV_TIMER, DIALS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_IFACE, GW_EV_TIMER, WAITS, ANY, GW_LINE_IDLE, DOWN_ACTIONS},

	{GW_LINE_UP, GW_EV_ADMIN_DOWN, ALL, ANY, GW_LINE_HELD, DOWN_ACTIONS},
	{GW_LINE_UP, GW_EV_ELSEWHERE, DIALS, ANY, GW_LINE_CALL, GW_DO_IFACE_DOWN | GW_DO_CALL},
	{GW_LINE_UP, GW_EV_CHAIN_DOWN, DIALS, ANY, GW_LINE_REPAIR, GW_DO_DIAL},
	{GW_LINE_UP, GW_EV_CHAIN_DOWN, WAITS, ANY, GW_LINE_REPAIR, 0},
	{GW_LINE_UP, GW_EV_IKE_BACK, DIALS, ANY, GW_LINE_UP, GW_DO_DIAL},
	{GW_LINE_UP, GW_EV_SESSION_BYE, ALWAYS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_UP, GW_EV_SESSION_BYE, DEMAND, ANY, GW_LINE_IDLE, DOWN_ACTIONS},
	{GW_LINE_UP, GW_EV_SESSION_BYE, WAITS, ANY, GW_LINE_IDLE, GW_DO_IFACE_DOWN | GW_DO_DROP},
	{GW_LINE_UP, GW_EV_SESSION_LOST, DIALS, WITH, GW_LINE_CALL, GW_DO_IFACE_DOWN | GW_DO_CALL},
	{GW_LINE_UP, GW_EV_SESSION_LOST, DIALS, WITHOUT, GW_LINE_IKE,
         GW_DO_IFACE_DOWN | GW_DO_DIAL},
	{GW_LINE_UP, GW_EV_SESSION_LOST, WAITS, ANY, GW_LINE_IDLE, GW_DO_IFACE_DOWN | GW_DO_DROP},
	{GW_LINE_UP, GW_EV_PPP_UP, ALL, ANY, GW_LINE_UP, GW_DO_IFACE_UP},
	{GW_LINE_UP, GW_EV_IFACE_BAD, DIALS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_UP, GW_EV_TIMER, DEMAND, ANY, GW_LINE_IDLE,
         DOWN_ACTIONS}, /* idle: see step_timer */

	{GW_LINE_REPAIR, GW_EV_ADMIN_DOWN, ALL, ANY, GW_LINE_HELD, DOWN_ACTIONS},
	{GW_LINE_REPAIR, GW_EV_CHAIN_UP, ALL, ANY, GW_LINE_UP, GW_DO_RELEASE},
	{GW_LINE_REPAIR, GW_EV_ELSEWHERE, DIALS, ANY, GW_LINE_CALL, GW_DO_IFACE_DOWN | GW_DO_CALL},
	{GW_LINE_REPAIR, GW_EV_CHAIN_DOWN, DIALS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_REPAIR, GW_EV_IKE_BACK, DIALS, ANY, GW_LINE_REPAIR, GW_DO_DIAL},
	{GW_LINE_REPAIR, GW_EV_SESSION_BYE, DIALS, WITH, GW_LINE_CALL,
         GW_DO_IFACE_DOWN | GW_DO_CALL},
	{GW_LINE_REPAIR, GW_EV_SESSION_LOST, DIALS, WITH, GW_LINE_CALL,
         GW_DO_IFACE_DOWN | GW_DO_CALL},
	/* What was dialled may have found another chain, and that be gone too. */
	{GW_LINE_REPAIR, GW_EV_SESSION_BYE, DIALS, WITHOUT, GW_LINE_IKE,
         GW_DO_IFACE_DOWN | GW_DO_DIAL},
	{GW_LINE_REPAIR, GW_EV_SESSION_LOST, DIALS, WITHOUT, GW_LINE_IKE,
         GW_DO_IFACE_DOWN | GW_DO_DIAL},
	{GW_LINE_REPAIR, GW_EV_SESSION_BYE, WAITS, ANY, GW_LINE_IDLE,
         GW_DO_IFACE_DOWN | GW_DO_DROP},
	{GW_LINE_REPAIR, GW_EV_SESSION_LOST, WAITS, ANY, GW_LINE_IDLE,
         GW_DO_IFACE_DOWN | GW_DO_DROP},
	{GW_LINE_REPAIR, GW_EV_PPP_UP, ALL, ANY, GW_LINE_IFACE, GW_DO_IFACE_UP},
	{GW_LINE_REPAIR, GW_EV_TIMER, DIALS, ANY, GW_LINE_BACKOFF, DOWN_ACTIONS},
	{GW_LINE_REPAIR, GW_EV_TIMER, WAITS, ANY, GW_LINE_IDLE, DOWN_ACTIONS},
};

void gw_line_init(struct gw_line *line, enum gw_line_start start, ls_time idle_after, ls_time now)
{
	*line = (struct gw_line){.start = start,
	                         .idle_after = idle_after,
	                         .since = now,
	                         .last_active = now,
	                         .deadline = LS_NEVER};
}

/* 1 s, doubling to 60 s, each a fifth up or down, so that fifty branches do not come back in step.
 */
static ls_time backoff(uint32_t tries, const struct ls_random *random)
{
	ls_time delay = BACKOFF_FIRST;

	for (uint32_t i = 1; i < tries && delay < BACKOFF_MOST; i++)
		delay *= 2;
	if (delay > BACKOFF_MOST)
		delay = BACKOFF_MOST;
	return delay - delay / 5 + ls_random_below(random, (uint32_t)(delay / 5 * 2));
}

static ls_time state_limit(const struct gw_line *line, const struct ls_random *random, ls_time now)
{
	switch (line->state) {
	case GW_LINE_BACKOFF:
		return now + backoff(line->tries, random);
	case GW_LINE_IKE:
		return now + IKE_LIMIT;
	case GW_LINE_CALL:
		return now + CALL_LIMIT;
	case GW_LINE_IFACE:
		return now + IFACE_LIMIT;
	case GW_LINE_REPAIR:
		return now + REPAIR_LIMIT;
	default:
		return LS_NEVER;
	}
}

static void enter(struct gw_line *line, enum gw_line_state next, enum gw_line_event event,
                  const struct ls_random *random, ls_time now)
{
	if (line->state == GW_LINE_UP && now - line->since >= STEADY_AFTER)
		line->tries = 0;
	if (next == GW_LINE_BACKOFF && line->tries < UINT32_MAX)
		line->tries++;
	if (event == GW_EV_ADMIN_UP || event == GW_EV_ADMIN_DOWN || event == GW_EV_BEGIN ||
	    next == GW_LINE_HELD)
		line->tries = 0;
	if (next == GW_LINE_UP)
		line->last_active = now;
	line->state = next;
	line->since = now;
	line->wanted = false;
	line->deadline = state_limit(line, random, now);
}

static const struct row *row_find(const struct gw_line *line, enum gw_line_event event, bool chain)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];

		if (r->state != line->state || r->event != event || !(r->who & 1u << line->start))
			continue;
		if (r->chain == ANY || (r->chain == WITH) == chain)
			return r;
	}
	return NULL;
}

/* Events that say why something ended. */
static bool event_has_cause(enum gw_line_event event)
{
	return event == GW_EV_ELSEWHERE || event == GW_EV_CHAIN_DOWN ||
	       event == GW_EV_SESSION_BYE || event == GW_EV_SESSION_LOST ||
	       event == GW_EV_IFACE_BAD || event == GW_EV_ADMIN_DOWN;
}

unsigned gw_line_step(struct gw_line *line, enum gw_line_event event, bool chain,
                      enum ls_cause cause, const struct ls_random *random, ls_time now)
{
	if (event == GW_EV_TIMER) {
		if (gw_line_deadline(line) > now)
			return 0;
		cause = line->state == GW_LINE_UP ? CAUSE_IDLE : CAUSE_GW_LINE_SLOW;
		if (line->state == GW_LINE_BACKOFF && line->start == GW_START_DEMAND &&
		    line->wanted)
			event = GW_EV_ADMIN_UP;
	}
	if (event == GW_EV_PACKET && line->state == GW_LINE_BACKOFF)
		line->wanted = true;
	const struct row *r = row_find(line, event, chain);
	if (!r)
		return 0;
	uint32_t tries = line->tries;
	bool redial = line->state == GW_LINE_BACKOFF && event == GW_EV_ADMIN_UP && line->wanted;
	if (event_has_cause(event) || (event == GW_EV_TIMER && line->state != GW_LINE_BACKOFF))
		line->cause = cause;
	if (r->next == line->state &&
	    (r->next == GW_LINE_UP || !(r->actions & (GW_DO_CALL | GW_DO_IFACE_UP))))
		return r->actions;
	enter(line, r->next, event, random, now);
	if (redial)
		line->tries = tries;
	return r->actions | GW_DO_REPORT;
}

ls_time gw_line_deadline(const struct gw_line *line)
{
	if (line->state == GW_LINE_UP && line->start == GW_START_DEMAND && line->idle_after > 0)
		return line->last_active + line->idle_after;
	return line->deadline;
}

bool gw_line_queues(const struct gw_line *line)
{
	switch (line->state) {
	case GW_LINE_IDLE:
		return line->start == GW_START_DEMAND;
	case GW_LINE_IKE:
	case GW_LINE_CALL:
	case GW_LINE_IFACE:
	case GW_LINE_REPAIR:
		return true;
	default:
		return false;
	}
}
