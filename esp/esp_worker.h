/* What one thread needs for itself to seal and open: engines, scratch, and what it has counted
 * since it last told the SA. */
#ifndef ESP_ESP_WORKER_H
#define ESP_ESP_WORKER_H

#include "esp/esp.h"
#include "esp/esp_backends.h"
#include "esp/esp_iv.h"
#include "esp/esp_outer.h"

/* Packets of one SA, not counted in its life yet: a run of them is one addition there. */
struct esp_tally {
	struct esp_sa *sa; /* NULL: nothing */
	uint64_t packets, bytes;
};

/* Numbers of one SA that are this worker's, next..end - 1. */
struct esp_block {
	const struct esp_sa *sa;
	uint64_t next, end;
};

struct esp_worker {
	struct esp_sad *sad;
	unsigned index;
	bool shared; /* there are others */
	struct esp_tally tally;
	struct esp_block block;
	void *engine[ESP_BACKENDS_MAX]; /* by index of the SAD's backends */
	struct ls_counters counters;
	struct esp_iv iv;
	struct esp_crypt work[ESP_BATCH_MAX];
	struct esp_outer outer[ESP_BATCH_MAX]; /* of the AH packets that are being sealed, */
	uint64_t number[ESP_BATCH_MAX];        /* and their numbers */
} __attribute__((aligned(64)));

/* Takes an engine of each of the SAD's backends: the first worker theirs, others one of their own.
 * false without memory. */
bool esp_worker_enter(struct esp_worker *w);
/* Gives them back. */
void esp_worker_leave(struct esp_worker *w);
/* Ends all workers but the first n. */
void esp_workers_end(struct esp_sad *sad, unsigned n);

/* Completes what the backends began. */
static inline void esp_worker_finish(const struct esp_worker *w, const struct esp_backends *b)
{
	for (unsigned i = 0; i < b->count; i++)
		b->backend[i].ops->finish(w->engine[i]);
}

#endif
