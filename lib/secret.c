/*
 * Keys and passwords in libsodium-guarded memory, wiped when given back.
 *
 * DOC: a slab is one sodium_malloc'ed piece (guard pages around, locked, not in core dumps) that is
 * cut into SLOTS slots of SECRET_MAX / 4 bytes; a secret takes as many neighbouring slots as it
 * needs. Slabs with a free slot stand in a list of their own, so that a gateway with 100,000 SAs
 * does not look through those that are full. A slab in which all slots are free is given back, but
 * for the last one. The lists are the only mutable state of lib/, guarded by a mutex, for the same
 * reason that malloc has such state.
 */
#include "lib/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { SLOT = 256, SLOTS = 64 };

struct secret_slab {
	LIST_ENTRY(secret_slab) link;
	uint8_t *bytes;
	uint64_t used; /* a bit a slot */
};
LIST_HEAD(slab_list, secret_slab);

static pthread_mutex_t slabs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slab_list roomy = LIST_HEAD_INITIALIZER(roomy), full = LIST_HEAD_INITIALIZER(full);

bool secret_init(void)
{
	return sodium_init() >= 0;
}

static uint64_t run_of(size_t n)
{
	return n >= 64 ? UINT64_MAX : (1ull << n) - 1;
}

static struct secret_slab *slab_new(void)
{
	struct secret_slab *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->bytes = sodium_malloc((size_t)SLOT * SLOTS);
	if (!s->bytes) {
		free(s);
		return NULL;
	}
	LIST_INSERT_HEAD(&roomy, s, link);
	return s;
}

/* The first of n free neighbouring slots in s, or -1. */
static int slab_fit(const struct secret_slab *s, size_t n)
{
	for (int at = 0; at + (int)n <= SLOTS; at++)
		if (!(s->used & (run_of(n) << at)))
			return at;
	return -1;
}

bool secret_new(struct secret *out, size_t len)
{
	size_t n = (len + SLOT - 1) / SLOT;
	struct secret_slab *s;
	int at = -1;

	*out = (struct secret){0};
	if (len == 0 || len > SECRET_MAX)
		return false;
	pthread_mutex_lock(&slabs_lock);
	LIST_FOREACH(s, &roomy, link)
		if ((at = slab_fit(s, n)) >= 0)
			break;
	if (!s && (s = slab_new()))
		at = 0;
	if (s) {
		s->used |= run_of(n) << at;
		if (s->used == UINT64_MAX) {
			LIST_REMOVE(s, link);
			LIST_INSERT_HEAD(&full, s, link);
		}
		*out = (struct secret){s->bytes + (size_t)at * SLOT, len, s};
	}
	pthread_mutex_unlock(&slabs_lock);
	if (out->bytes)
		memset(out->bytes, 0, len);
	return out->bytes != NULL;
}

bool secret_from(struct secret *s, const void *bytes, size_t len)
{
	if (!secret_new(s, len))
		return false;
	memcpy(s->bytes, bytes, len);
	return true;
}

void secret_free(struct secret *x)
{
	size_t n = (x->len + SLOT - 1) / SLOT;
	struct secret_slab *s = x->slab;

	if (!x->bytes)
		return;
	sodium_memzero(x->bytes, n * SLOT);
	pthread_mutex_lock(&slabs_lock);
	LIST_REMOVE(s, link);
	LIST_INSERT_HEAD(&roomy, s, link);
	s->used &= ~(run_of(n) << ((size_t)(x->bytes - s->bytes) / SLOT));
	if (s->used == 0 && (LIST_NEXT(s, link) || !LIST_EMPTY(&full))) {
		LIST_REMOVE(s, link);
		sodium_free(s->bytes);
		free(s);
	}
	pthread_mutex_unlock(&slabs_lock);
	*x = (struct secret){0};
}

bool secret_equal(const struct secret *a, const void *bytes, size_t len)
{
	return a->len == len && (len == 0 || sodium_memcmp(a->bytes, bytes, len) == 0);
}

void secret_wipe(void *bytes, size_t len)
{
	if (len)
		sodium_memzero(bytes, len);
}
