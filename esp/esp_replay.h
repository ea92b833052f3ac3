/* The replay window of one inbound SA: checked before the ICV, committed after it (RFC 4303 3.4.3,
 * 6479), by several threads at once where need be. */
#ifndef ESP_ESP_REPLAY_H
#define ESP_ESP_REPLAY_H

#include "lib/cause.h"

#include <stdbool.h>
#include <stdint.h>

enum { ESP_REPLAY_WORD = 32, ESP_WINDOW_MIN = 32 };

/*
 * A ring of words, each for 32 numbers: the low half has a bit for each, the high half says in
 * which round of the ring they were seen. A word of another round holds nothing that is still in
 * the window, so nothing has to be cleared when the window moves on.
 */
struct esp_replay {
	uint64_t top;    /* highest verified number; 0 = none yet */
	uint64_t *words; /* word = (number / 32) mod words */
	uint32_t mask;   /* number of words - 1, a power of two less one */
	uint32_t window; /* packets, counted from top down */
	uint64_t seen;   /* numbers that were committed, as the caller counts them */
};

/* window: packets, at least ESP_WINDOW_MIN. false without memory. */
bool esp_replay_make(struct esp_replay *r, uint32_t window);
void esp_replay_free(struct esp_replay *r);
/* How many words a window of that size has. */
uint32_t esp_replay_words(uint32_t window);
/*
 * The full number of a packet that carries `low` (RFC 4303 App. A2.2). With esn false it is low
 * itself. false for a number that lies before the first packet of the SA.
 */
bool esp_replay_guess(const struct esp_replay *r, bool esn, uint32_t low, uint64_t *number);
/* CAUSE_NONE, ESP_REPLAY or ESP_TOO_OLD. Changes nothing. */
enum ls_cause esp_replay_check(const struct esp_replay *r, uint64_t number);
/*
 * The same check, and if it passes the number is seen. Only for numbers whose ICV was right. With
 * `shared` other threads may do the same meanwhile: of all that commit one number, one passes. The
 * caller adds to `seen`, once for several numbers if it likes.
 */
enum ls_cause esp_replay_commit(struct esp_replay *r, uint64_t number, bool shared);
/* Numbers that left the window unseen. While other threads commit it may be a few off. */
uint64_t esp_replay_lost(const struct esp_replay *r);
/* Says how many they were until now, of a window that was put together by hand. */
void esp_replay_set_lost(struct esp_replay *r, uint64_t lost);
/* Makes `top` the highest verified number and the only one seen. */
void esp_replay_set(struct esp_replay *r, uint64_t top);

#endif
