/* The ring of what happened lately. */
#include "src/parent/history.h"

#include <stdio.h>

const struct history_entry *history_add(struct history *h, const struct ls_event *event,
                                        unsigned role, const char *tunnel, ls_time now)
{
	struct history_entry *e = &h->entry[h->count % HISTORY_MAX];

	e->event = *event;
	e->role = (uint8_t)role;
	snprintf(e->tunnel, sizeof e->tunnel, "%s", tunnel ? tunnel : "");
	clock_gettime(CLOCK_REALTIME, &e->wall);
	e->at = now;
	e->number = h->count++;
	return e;
}

static const struct history_entry *entry_at(const struct history *h, uint64_t number)
{
	return &h->entry[number % HISTORY_MAX];
}

/* Where the last HISTORY_OF_TUNNEL_MAX entries of a tunnel begin. */
static uint64_t first_of(const struct history *h, uint32_t tunnel, uint64_t oldest)
{
	uint64_t n = h->count;

	for (unsigned found = 0; n > oldest; n--)
		if (entry_at(h, n - 1)->event.tunnel == tunnel && ++found == HISTORY_OF_TUNNEL_MAX)
			return n - 1;
	return oldest;
}

const struct history_entry *history_next(const struct history *h, uint32_t tunnel, uint64_t *at)
{
	uint64_t oldest = h->count > HISTORY_MAX ? h->count - HISTORY_MAX : 0;

	if (*at == 0 && tunnel != 0)
		*at = first_of(h, tunnel, oldest);
	if (*at < oldest)
		*at = oldest;
	while (*at < h->count) {
		const struct history_entry *e = entry_at(h, (*at)++);

		if (tunnel == 0 || e->event.tunnel == tunnel)
			return e;
	}
	return NULL;
}

const struct history_entry *history_stranger(const struct history *h, ls_time since)
{
	uint64_t oldest = h->count > HISTORY_MAX ? h->count - HISTORY_MAX : 0;

	for (uint64_t n = h->count; n > oldest; n--) {
		const struct history_entry *e = entry_at(h, n - 1);

		if (e->at <= since)
			return NULL;
		if (e->event.tunnel == 0 && e->event.peer.family != 0 &&
		    ls_cause_info(e->event.cause)->severity == LS_SEV_WARN)
			return e;
	}
	return NULL;
}
