/* What the packets further down in a batch will touch is fetched while others are ciphered. */
#ifndef ESP_ESP_PREFETCH_H
#define ESP_ESP_PREFETCH_H

#include "esp/esp_sad.h"

/* Whether a batch is of several SAs. With one there is nothing to fetch. */
bool esp_prefetch_useful(const struct esp_open_job *jobs, size_t n);
/*
 * Call before job i of n is worked on, for each i in turn. Changes nothing but what the caches
 * hold, and costs a few instructions where the neighbours in the batch belong to one SA.
 */
void esp_prefetch_seal(const struct esp_seal_job *jobs, size_t n, size_t i);
/* The jobs may hold anything: packets that are too short, or of no SA. */
void esp_prefetch_open(const struct esp_sad *sad, const struct esp_open_job *jobs, size_t n,
                       size_t i);

#endif
