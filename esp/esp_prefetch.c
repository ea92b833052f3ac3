/*
 * Fetching ahead: with many SAs in use a packet's slot, SA, window and key schedule come from main
 * memory, some twenty cache lines one behind the other.
 *
 * DOC: they are asked for in steps, because each says where the next one lies: the slot SLOT jobs
 * ahead, the SA HOT jobs ahead, its keys KEYS jobs ahead. So memory works while the packets before
 * are ciphered, and no more is asked for at a time than a core can have under way. Neighbours of
 * one SA ask once.
 */
#include "esp/esp_prefetch.h"

enum { SLOT = 12, HOT = 6, KEYS = 2 };

static inline void fetch(const void *at, size_t len)
{
	for (size_t i = 0; i < len; i += ESP_LINE)
		__builtin_prefetch((const char *)at + i, 0, 3);
}

/* Who it is and whose, what it counts, and of an inbound SA the window. */
static inline void fetch_hot(const struct esp_sa *sa, bool in)
{
	__builtin_prefetch(sa, 0, 3);
	__builtin_prefetch(&sa->life.bytes, 1, 3);
	if (in)
		__builtin_prefetch(&sa->replay, 1, 3);
}

static inline void fetch_keys(const struct esp_sa *sa)
{
	fetch(sa->keys, 2 * (size_t)ESP_LINE);
	fetch(sa->schedule, sa->schedule_bytes);
}

/* The words of the first and last number of the window when `low` becomes its top. */
static inline void fetch_window(const struct esp_replay *r, uint32_t low)
{
	if (!r->words)
		return;
	__builtin_prefetch(&r->words[(low / ESP_REPLAY_WORD) & r->mask], 1, 3);
	__builtin_prefetch(&r->words[((low - r->window) / ESP_REPLAY_WORD) & r->mask], 1, 3);
}

void esp_prefetch_seal(const struct esp_seal_job *jobs, size_t n, size_t i)
{
	/* The first finds nothing fetched: as much as the others find. */
	for (size_t at = i == 0 ? 1 : i + HOT; at <= i + HOT && at < n; at++)
		if (jobs[at].sa != jobs[at - 1].sa)
			fetch_hot(jobs[at].sa, false);
	for (size_t at = i == 0 ? 1 : i + KEYS; at <= i + KEYS && at < n; at++)
		if (jobs[at].sa != jobs[at - 1].sa)
			fetch_keys(jobs[at].sa);
}

/* AH packets begin with their IP header; those of one SA follow each other anyway. */
static inline uint32_t spi_of(const struct esp_open_job *job)
{
	return job->protocol == ESP_PROTOCOL_ESP && job->len >= ESP_HEADER ? ls_get32(job->pkt) : 0;
}

bool esp_prefetch_useful(const struct esp_open_job *jobs, size_t n)
{
	uint32_t spi = n ? spi_of(&jobs[0]) : 0;

	for (size_t i = 1; i < n; i++)
		if (spi_of(&jobs[i]) != spi)
			return true;
	return false;
}

void esp_prefetch_open(const struct esp_sad *sad, const struct esp_open_job *jobs, size_t n,
                       size_t i)
{
	for (size_t at = i == 0 ? 1 : i + SLOT; at <= i + SLOT && at < n; at++)
		__builtin_prefetch(&sad->slots[spi_of(&jobs[at]) & sad->slot_mask], 0, 3);
	for (size_t at = i == 0 ? 1 : i + HOT; at <= i + HOT && at < n; at++) {
		uint32_t spi = spi_of(&jobs[at]);
		const struct esp_sa *sa = esp_sad_find(sad, spi);

		if (sa && spi != spi_of(&jobs[at - 1]))
			fetch_hot(sa, true);
	}
	for (size_t at = i == 0 ? 1 : i + KEYS; at <= i + KEYS && at < n; at++) {
		uint32_t spi = spi_of(&jobs[at]);
		const struct esp_sa *sa = esp_sad_find(sad, spi);

		if (!sa || spi == spi_of(&jobs[at - 1]))
			continue;
		fetch_keys(sa);
		fetch_window(&sa->replay, ls_get32(jobs[at].pkt + 4));
	}
}
