/*
 * Keys and passwords in libsodium-guarded memory, wiped when given back.
 *
 * DOC: a slab is one sodium_malloc'ed piece (guard pages around, locked, not in core dumps) that is
 * cut into SLOTS slots of SECRET_MAX / 4 bytes; a secret takes as many neighbouring slots as it
 * needs. A slab in which all slots are free is given back, but for the last one. The list of slabs
 * is the only mutable state of lib/, guarded by a mutex, for the same reason that malloc has such
 * state.
 */
#include "lib/secret.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT = 256, SLOTS = 64 };

struct slab {
	struct slab *next;
	uint8_t *bytes;
	uint64_t used; /* a bit a slot */
};

static pthread_mutex_t slabs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slab *slabs;

bool secret_init(void)
{
	return sodium_init() >= 0;
}

static uint64_t run_of(size_t n)
{
	return n >= 64 ? UINT64_MAX : (1ull << n) - 1;
}

static struct slab *slab_new(void)
{
	struct slab *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->bytes = sodium_malloc((size_t)SLOT * SLOTS);
	if (!s->bytes) {
		free(s);
		return NULL;
	}
	s->next = slabs;
	slabs = s;
	return s;
}

/* The first of n free neighbouring slots in s, or -1. */
static int slab_fit(const struct slab *s, size_t n)
{
	for (int at = 0; at + (int)n <= SLOTS; at++)
		if (!(s->used & (run_of(n) << at)))
			return at;
	return -1;
}

bool secret_new(struct secret *out, size_t len)
{
	size_t n = (len + SLOT - 1) / SLOT;
	struct slab *s;
	int at = -1;

	*out = (struct secret){0};
	if (len == 0 || len > SECRET_MAX)
		return false;
	pthread_mutex_lock(&slabs_lock);
	for (s = slabs; s; s = s->next)
		if ((at = slab_fit(s, n)) >= 0)
			break;
	if (!s && (s = slab_new()))
		at = 0;
	if (s) {
		s->used |= run_of(n) << at;
		out->bytes = s->bytes + (size_t)at * SLOT;
		out->len = len;
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
	struct slab **link, *s;

	if (!x->bytes)
		return;
	sodium_memzero(x->bytes, n * SLOT);
	pthread_mutex_lock(&slabs_lock);
	for (link = &slabs; (s = *link); link = &s->next)
		if (x->bytes >= s->bytes && x->bytes < s->bytes + (size_t)SLOT * SLOTS)
			break;
	assert(s);
	s->used &= ~(run_of(n) << ((size_t)(x->bytes - s->bytes) / SLOT));
	if (s->used == 0 && slabs->next) {
		*link = s->next;
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
