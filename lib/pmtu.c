/* The states of RFC 8899 5.2, and the search between two bounds. */
#include "lib/pmtu.h"

/* The largest size that may be asked for and is no larger than this. */
static uint32_t aligned(const struct ls_pmtu *p, uint32_t size)
{
	uint32_t ceiling = p->limits.ceiling, step = p->limits.step, steps;

	if (size >= ceiling)
		return ceiling;
	steps = (ceiling - size + step - 1) / step;
	return ceiling > steps * step ? ceiling - steps * step : size;
}

static void ask(struct ls_pmtu *p, enum ls_pmtu_state state, uint32_t size, ls_time now)
{
	p->state = state;
	p->probe = size;
	p->tries = 0;
	p->at = now;
}

static void complete(struct ls_pmtu *p, ls_time now)
{
	p->state = LS_PMTU_COMPLETE;
	p->probe = 0;
	p->hint = 0;
	p->at = now + LS_S(LS_PMTU_CONFIRM_S);
}

/* A size between what is carried and what is not: the one that was hinted at, the next larger one
 * to disprove the hint, all there is if nothing is known, else the middle. */
static void search_next(struct ls_pmtu *p, ls_time now)
{
	uint32_t step = p->limits.step, hint = p->hint, next;

	if (p->high <= p->size + step) {
		complete(p, now);
		return;
	}
	p->hint = 0;
	next = aligned(p, p->size + (p->high - p->size) / 2);
	if (p->high > p->limits.ceiling)
		next = p->limits.ceiling;
	if (hint >= p->size + step && hint < p->high) {
		next = aligned(p, hint);
		p->hint = hint;
	} else if (hint >= p->size) {
		next = p->size + step;
	}
	if (next <= p->size)
		next = p->size + step;
	ask(p, LS_PMTU_SEARCH, next, now);
}

static void size_set(struct ls_pmtu *p, uint32_t size)
{
	p->size = size;
	p->measured = true;
	p->hinted = p->hint != 0 && size == aligned(p, p->hint);
}

void ls_pmtu_start(struct ls_pmtu *p, const struct ls_pmtu_limits *limits, ls_time now)
{
	*p = (struct ls_pmtu){.limits = *limits,
	                      .size = limits->ceiling,
	                      .high = limits->ceiling + limits->step,
	                      .raise_at = now + LS_S(LS_PMTU_RAISE_S)};
	ask(p, LS_PMTU_CONFIRM, p->size, now);
}

void ls_pmtu_limit(struct ls_pmtu *p, const struct ls_pmtu_limits *limits, ls_time now)
{
	uint32_t before = p->size;

	if (p->state == LS_PMTU_OFF) {
		ls_pmtu_start(p, limits, now);
		return;
	}
	if (limits->floor == p->limits.floor && limits->base == p->limits.base &&
	    limits->ceiling == p->limits.ceiling && limits->step == p->limits.step)
		return;
	p->size = before == p->limits.ceiling ? limits->ceiling : before;
	p->limits = *limits;
	p->size = aligned(p, p->size);
	p->measured &= p->size <= before;
	p->high = limits->ceiling + limits->step;
	p->hint = 0;
	ask(p, LS_PMTU_CONFIRM, p->size, now);
}

void ls_pmtu_raise(struct ls_pmtu *p, ls_time now)
{
	if (p->state == LS_PMTU_OFF)
		return;
	p->raise_at = now + LS_S(LS_PMTU_RAISE_S);
	p->high = p->limits.ceiling + p->limits.step;
	/* What is under way leads to a search by itself. */
	if (p->state == LS_PMTU_COMPLETE || p->state == LS_PMTU_ERROR)
		ask(p, LS_PMTU_CONFIRM, p->size, now);
	else if (p->state == LS_PMTU_SEARCH)
		search_next(p, now);
}

/* The next smaller size that may be carried, below one that was not answered. */
static uint32_t next_lower(const struct ls_pmtu *p, uint32_t below)
{
	const uint32_t wish[] = {p->hint, p->limits.base, p->limits.floor};

	for (unsigned i = 0; i < sizeof wish / sizeof wish[0]; i++) {
		uint32_t size = wish[i] ? aligned(p, wish[i]) : 0;

		if (size > 0 && size < below)
			return size;
	}
	return 0;
}

/* A peer that never answers may not be able to; or the line came up while much was lost, and then
 * ten minutes with a wrong size would be long. */
static ls_time next_rest(const struct ls_pmtu *p)
{
	ls_time rest = p->rest * 2;

	if (p->answered || rest < LS_S(LS_PMTU_AGAIN_S))
		return LS_S(LS_PMTU_AGAIN_S);
	return rest < LS_S(LS_PMTU_RAISE_S) ? rest : LS_S(LS_PMTU_RAISE_S);
}

/* A peer that answers nothing says nothing of the path: nothing changes. */
static void lower_next(struct ls_pmtu *p, uint32_t lost, ls_time now)
{
	uint32_t next = next_lower(p, lost);

	p->lost = lost;
	if (next > 0) {
		ask(p, LS_PMTU_LOWER, next, now);
		return;
	}
	p->state = LS_PMTU_ERROR;
	p->probe = 0;
	p->hint = 0;
	p->rest = next_rest(p);
	p->at = now + p->rest;
}

static void fall(struct ls_pmtu *p, uint32_t to, ls_time now)
{
	p->high = p->lost;
	p->raise_at = now + LS_S(LS_PMTU_RAISE_S);
	size_set(p, to);
	search_next(p, now);
}

static void lost(struct ls_pmtu *p, ls_time now)
{
	switch (p->state) {
	case LS_PMTU_CONFIRM:
	case LS_PMTU_LOWER:
		lower_next(p, p->probe, now);
		break;
	case LS_PMTU_RECHECK:
		fall(p, p->lower, now);
		break;
	case LS_PMTU_SEARCH:
		p->high = p->probe;
		search_next(p, now);
		break;
	default:
		break;
	}
}

static unsigned tries_most(const struct ls_pmtu *p)
{
	return p->state == LS_PMTU_RECHECK ? LS_PMTU_VERIFY : LS_PMTU_PROBES;
}

static ls_time patience(const struct ls_pmtu *p)
{
	ls_time wait = p->rtt * 2;

	if (wait < LS_MS(LS_PMTU_PROBE_MS))
		return LS_MS(LS_PMTU_PROBE_MS);
	return wait < LS_MS(LS_PMTU_PROBE_MOST_MS) ? wait : LS_MS(LS_PMTU_PROBE_MOST_MS);
}

/* Whether the time has come to ask again, with nothing under way. */
static void rest_ends(struct ls_pmtu *p, bool used, ls_time now)
{
	if (p->state != LS_PMTU_ERROR && p->raise_at <= now && p->size < p->limits.ceiling)
		ls_pmtu_raise(p, now);
	else if (used || p->state == LS_PMTU_ERROR)
		ask(p, LS_PMTU_CONFIRM, p->size, now);
	else
		p->at = now + LS_S(LS_PMTU_CONFIRM_S);
}

uint32_t ls_pmtu_tick(struct ls_pmtu *p, bool used, ls_time now)
{
	if (p->state == LS_PMTU_OFF || p->at > now)
		return 0;
	if (p->probe == 0)
		rest_ends(p, used, now);
	else if (p->tries >= tries_most(p))
		lost(p, now);
	if (p->probe == 0 || p->at > now)
		return 0;
	p->tries++;
	p->sent_at = now;
	p->at = now + patience(p);
	return p->probe;
}

ls_time ls_pmtu_deadline(const struct ls_pmtu *p)
{
	return p->state == LS_PMTU_OFF ? LS_NEVER : p->at;
}

/* The size in use is carried: on with what was known of larger ones. */
static void confirmed(struct ls_pmtu *p, ls_time now)
{
	if (p->hint <= p->size)
		p->hint = 0;
	p->measured = true;
	search_next(p, now);
}

void ls_pmtu_answered(struct ls_pmtu *p, uint32_t size, ls_time now)
{
	p->answered = true;
	if (p->state == LS_PMTU_OFF || p->probe == 0 || size != p->probe)
		return;
	if (p->tries == 1)
		p->rtt = now - p->sent_at;
	switch (p->state) {
	case LS_PMTU_CONFIRM:
	case LS_PMTU_RECHECK:
		confirmed(p, now);
		break;
	case LS_PMTU_LOWER:
		/* Of a size that was never carried, or that ICMP speaks of, silence is enough. */
		p->lower = size;
		if (p->lost != p->size || !p->measured || (p->hint && size == aligned(p, p->hint)))
			fall(p, size, now);
		else
			ask(p, LS_PMTU_RECHECK, p->size, now);
		break;
	case LS_PMTU_SEARCH:
		size_set(p, size);
		search_next(p, now);
		break;
	default:
		break;
	}
}

void ls_pmtu_refused(struct ls_pmtu *p, uint32_t size, ls_time now)
{
	if (p->probe == 0 || size != p->probe)
		return;
	p->tries = tries_most(p);
	p->at = now;
}

bool ls_pmtu_hint(struct ls_pmtu *p, uint32_t mtu, ls_time now)
{
	if (p->state == LS_PMTU_OFF || p->state == LS_PMTU_ERROR || now < p->hint_at ||
	    (mtu != 0 && mtu < p->limits.base))
		return false;
	if (p->state == LS_PMTU_SEARCH && aligned(p, mtu) > p->size && mtu < p->probe) {
		p->hint = mtu;
		p->hint_at = now + LS_MS(LS_PMTU_PROBE_MS);
		search_next(p, now);
		return true;
	}
	/* What a search has found was answered a moment ago. */
	if (mtu >= p->size || p->state == LS_PMTU_SEARCH)
		return false;
	if (p->state == LS_PMTU_COMPLETE)
		ask(p, LS_PMTU_CONFIRM, p->size, now);
	p->hint = mtu;
	p->hint_at = now + LS_MS(LS_PMTU_PROBE_MS);
	return true;
}
