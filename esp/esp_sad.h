/* The inside of the SA database: what the files of esp/ share and nobody else sees. */
#ifndef ESP_ESP_SAD_H
#define ESP_ESP_SAD_H

#include "esp/esp.h"
#include "esp/esp_backends.h"
#include "esp/esp_integ.h"
#include "esp/esp_replay.h"
#include "esp/esp_shared.h"
#include "esp/esp_worker.h"
#include "lib/secret.h"

#include <pthread.h>
#include <string.h>
#include <sys/queue.h>

enum {
	ESP_HEADER = 8,       /* SPI, sequence */
	ESP_TRAILER = 2,      /* pad length, next header */
	ESP_SPI_LOWEST = 256, /* RFC 4303 2.1: 1-255 are reserved */
	ESP_SAS_MAX = 1 << 20,
	ESP_PLAIN_MAX = 65535,
	ESP_OUT_BUCKETS_MIN = 16,
	ESP_LINE = 64, /* bytes of a cache line */
};

/* What the owner has been told, and what waits to be told (bits by esp_event_kind). */
#define ESP_TOLD(kind) ((uint8_t)(1u << (kind)))

/* What people and the control plane ask for; not touched by packets. */
struct esp_sa_cold {
	struct esp_sa_params params; /* keymat points into keymat below */
	struct secret keymat;
	uint64_t dummies;
	TAILQ_ENTRY(esp_sa) all;
	TAILQ_ENTRY(esp_sa) pending;
	LIST_ENTRY(esp_sa) bucket; /* outbound: by (spi, chain) */
};

/* What each packet touches comes first. */
struct esp_sa {
	uint32_t spi;
	uint8_t direction;
	uint8_t protocol;
	uint8_t iv_bytes;
	uint8_t salt_bytes;
	uint8_t icv_bytes;
	uint8_t align; /* text is a multiple of this */
	bool esn;
	bool ended;   /* hard limit reached: refuses packets */
	bool bundled; /* of no use without its partner */
	uint8_t backend_index;
	uint16_t tfc_bytes;
	uint8_t told;
	uint8_t pending;
	uint8_t salt[ESP_SALT_MAX];
	uint16_t schedule_bytes;
	const struct esp_backend *backend; /* ESP */
	void *keys;                        /* ESP: the backend's */
	const uint8_t *schedule;           /* in keys, or NULL: what is fetched ahead of a packet */
	union {
		void **keys_each; /* ESP: by worker, where they cannot share one; else NULL */
		struct esp_integ *integ; /* AH: one a worker */
	};
	struct esp_sa *partner; /* the other one of its bundle */
	/* Of the life's end only bytes and packets are of each packet: they begin a cache line. */
	struct esp_sa_cold *cold;
	struct life life;
	uint64_t sequence; /* ESP_OUT: last sent */
	/* As soon as one of these is reached, the life must be looked at. */
	uint64_t watch_sequence, watch_packets, watch_bytes;
	ls_time watch_time;
	ls_time last_used;
	struct esp_replay replay; /* ESP_IN */
} __attribute__((aligned(ESP_LINE)));

/* An inbound SPI: spi 0 = free, sa NULL = reserved. */
struct esp_slot {
	uint32_t spi;
	struct esp_sa *sa;
};

TAILQ_HEAD(esp_sa_list, esp_sa);
LIST_HEAD(esp_sa_bucket, esp_sa);

struct esp_sad {
	struct ls_random random;
	uint32_t max_sas;
	uint32_t count; /* SAs and reserved SPIs */
	struct esp_slot *slots;
	uint32_t slot_mask;
	uint32_t *free_slots; /* a ring of the free slots: the one free for longest is taken next */
	uint32_t free_first, free_count;
	struct esp_sa_bucket *buckets;
	uint32_t bucket_mask;
	struct esp_sa_list all, pending;
	ls_time deadline;       /* no life changes by time before this */
	struct ls_counters sum; /* what esp_counters gives */
	struct esp_backends backends;
	bool shared; /* there are several workers: */
	/* then what is told of an SA, its watches and the list of those to be told are changed
	 * under this lock. */
	pthread_mutex_t lock;
	unsigned workers;
	struct esp_worker *worker[ESP_WORKERS_MAX];
};

/* A door for tests: use these backends alone; only while the SAD is empty. false if this host or
 * build cannot. */
bool esp_sad_use(struct esp_sad *sad, const struct esp_crypto_ops *const *candidates, size_t n);
/* Makes the tables for that many slots (a power of two), all free; only while the SAD is empty. */
bool esp_sad_slots(struct esp_sad *sad, uint32_t slots);
struct esp_sa_bucket *esp_sad_bucket(const struct esp_sad *sad, uint32_t spi, uint32_t chain);
/* Takes exactly this SPI (of a saved state); false if its slot is not free. */
bool esp_spi_take(struct esp_sad *sad, uint32_t spi);
/* Gives the slot of an SPI of ours back. */
void esp_spi_drop(struct esp_sad *sad, uint32_t spi);
/* Queues an event, once an SA and kind. */
void esp_sa_tell(struct esp_sad *sad, struct esp_sa *sa, enum esp_event_kind kind);
/* The same for who has the lock. */
void esp_sa_tell_locked(struct esp_sad *sad, struct esp_sa *sa, enum esp_event_kind kind);
static inline void esp_sad_lock(struct esp_sad *sad)
{
	if (sad->shared)
		pthread_mutex_lock(&sad->lock);
}
static inline void esp_sad_unlock(struct esp_sad *sad)
{
	if (sad->shared)
		pthread_mutex_unlock(&sad->lock);
}
/* Looks at the life: tells of soft and hard ends and sets the next watch. */
void esp_sa_check(struct esp_sad *sad, struct esp_sa *sa, ls_time now);
/* The same for who has the lock. */
void esp_sa_check_locked(struct esp_sad *sad, struct esp_sa *sa, ls_time now);
/* Counts what the worker has gathered of an SA in its life. */
void esp_tally_end(struct esp_worker *w, ls_time now);
/* The keys of this worker in that SA. */
static inline const void *esp_sa_keys(const struct esp_sa *sa, const struct esp_worker *w)
{
	return sa->keys_each ? sa->keys_each[w->index] : sa->keys;
}
/* The wire sizes of a pair of algorithms; false if they do not go together. */
bool esp_suite_make(enum algo_id encr, enum algo_id integ, struct esp_suite *suite);
/* The same of AH: its suite is NULL encryption with integ. */
bool esp_suite_ah(enum algo_id encr, enum algo_id integ, struct esp_suite *suite);
uint8_t esp_suite_align(const struct esp_suite *suite);
uint8_t esp_suite_icv(const struct esp_suite *suite);

static inline struct esp_sa *esp_sad_find(const struct esp_sad *sad, uint32_t spi)
{
	const struct esp_slot *slot = &sad->slots[spi & sad->slot_mask];

	return slot->spi == spi ? slot->sa : NULL;
}

/* An inbound SA is found by SPI and protocol (RFC 4301 4.1). Both protocols draw their SPIs from
 * one space here, so that a look-up stays one access. */
static inline struct esp_sa *esp_sad_find_as(const struct esp_sad *sad, enum esp_protocol protocol,
                                             uint32_t spi)
{
	struct esp_sa *sa = esp_sad_find(sad, spi);

	return sa && sa->protocol == protocol ? sa : NULL;
}

/* What the packet of that number needs besides its text: the nonce, whose IV is in the packet or is
 * the number itself (RFC 8750), and what is authenticated apart. */
static inline void esp_sa_nonce(const struct esp_sa *sa, struct esp_crypt *c, uint64_t sequence)
{
	/* CTR's first block (RFC 3686 4); the AEADs' nonces end before. */
	ls_put32(c->nonce + ESP_NONCE_MAX - 4, 1);
	memcpy(c->nonce, sa->salt, sizeof(sa->salt));
	if (sa->iv_bytes)
		memcpy(c->nonce + sa->salt_bytes, c->pkt + ESP_HEADER, 8);
	else
		ls_put64(c->nonce + sa->salt_bytes, sequence);
	memcpy(c->aad, c->pkt, ESP_HEADER);
	c->aad_bytes = ESP_HEADER;
	if (sa->esn) {
		/* High half first (RFC 4106 5). */
		ls_put64(c->aad + 4, sequence);
		c->aad_bytes = ESP_AAD_MAX;
	}
}

/* A packet of that SA, with so many bytes of plaintext, is counted; beside other workers with the
 * run that it is in. */
static inline void esp_tally(struct esp_worker *w, struct esp_sa *sa, uint64_t bytes, ls_time now)
{
	if (!w->shared) {
		life_count(&sa->life, 1, bytes);
		sa->last_used = now;
		return;
	}
	if (w->tally.sa != sa) {
		esp_tally_end(w, now);
		w->tally.sa = sa;
	}
	w->tally.packets++;
	w->tally.bytes += bytes;
}

/* After a packet was counted or before one is used: looks at the life where it must. */
static inline void esp_sa_watch(struct esp_worker *w, struct esp_sa *sa, ls_time now)
{
	if (ESP_READ(sa->life.packets) >= ESP_READ(sa->watch_packets) ||
	    ESP_READ(sa->life.bytes) >= ESP_READ(sa->watch_bytes) ||
	    ESP_READ(sa->sequence) >= ESP_READ(sa->watch_sequence) ||
	    now >= ESP_READ(sa->watch_time))
		esp_sa_check(w->sad, sa, now);
}

#endif
