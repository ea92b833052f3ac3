/* What happened lately, and how often each cause was met: for `events`, `why` and the history of a
 * tunnel. */
#ifndef SRC_PARENT_HISTORY_H
#define SRC_PARENT_HISTORY_H

#include "lib/cause.h"
#include "lib/event.h"
#include "lib/time.h"

#include <time.h>

enum { HISTORY_MAX = 1024, HISTORY_OF_TUNNEL_MAX = 64, HISTORY_NAME_MAX = 16 };

struct history_entry {
	struct ls_event event;
	uint8_t role;                  /* enum msg_role: who said so */
	char tunnel[HISTORY_NAME_MAX]; /* its name then: a tunnel may be gone by now */
	struct timespec wall;
	ls_time at;
	uint64_t number;
};

/* A ring; zero-initialise. */
struct history {
	struct history_entry entry[HISTORY_MAX];
	uint64_t count; /* ever added */
};

/* Gives the entry, valid until HISTORY_MAX more have been added. */
const struct history_entry *history_add(struct history *h, const struct ls_event *event,
                                        unsigned role, const char *tunnel, ls_time now);
/* Walks from the oldest to the newest: start with *at = 0; NULL at the end. tunnel: 0 for all, else
 * only its last HISTORY_OF_TUNNEL_MAX. */
const struct history_entry *history_next(const struct history *h, uint32_t tunnel, uint64_t *at);
/* The newest refusal, later than since, of a peer of whom it is not known which tunnel it meant
 * (its proposals or its identity fit none); NULL if there is none. */
const struct history_entry *history_stranger(const struct history *h, ls_time since);

#endif
