/* Lanes (threads of the packet path) and the thread that changes what they use: it does so only
 * while none of them is in a batch. */
#ifndef SRC_GATEWAY_GW_GATE_H
#define SRC_GATEWAY_GW_GATE_H

#include "src/gateway/gw_worker.h"

#include <pthread.h>
#include <stdbool.h>

struct gw_gate_of {
	pthread_mutex_t in; /* its lane is in a batch, or the main thread keeps it out */
} __attribute__((aligned(64)));

struct gw_gate {
	unsigned lanes; /* 0: there is no other thread, and nothing to be done */
	bool wanted;    /* the main thread waits: who is out stays out */
	unsigned depth; /* the main thread's */
	pthread_mutex_t turnstile;
	struct gw_gate_of of[GW_LANES_MAX];
};

/* From here on there are lanes; the main thread may have closed the gate before. Zero-initialised
 * it is a gate without any. */
void gw_gate_begin(struct gw_gate *g, unsigned lanes);
/* A lane begins a batch, and ends it. */
void gw_gate_enter(struct gw_gate *g, unsigned lane);
void gw_gate_leave(struct gw_gate *g, unsigned lane);
/* The lane should leave soon: somebody waits. */
bool gw_gate_wanted(const struct gw_gate *g);
/* The main thread: from here on no lane is in a batch; until the same number of gw_gate_open(). */
void gw_gate_close(struct gw_gate *g);
void gw_gate_open(struct gw_gate *g);
/* Whether the main thread may change things now. */
bool gw_gate_closed(const struct gw_gate *g);

#endif
