/* The injected source of randomness: the system's in production, a seed's in tests and the
 * simulator. */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct ls_random {
	void (*fill)(void *context, void *buffer, size_t len);
	void *context;
};

/* State of a repeatable source (ChaCha20 keystream over the seed). Not for production. */
struct ls_random_seeded {
	uint8_t key[32];
	uint64_t counter;
};

void ls_random_fill(const struct ls_random *r, void *buffer, size_t len);
uint32_t ls_random_u32(const struct ls_random *r);
uint64_t ls_random_u64(const struct ls_random *r);
/* Uniform in [0, bound); bound 0 gives 0. */
uint32_t ls_random_below(const struct ls_random *r, uint32_t bound);
/* The system's source (libsodium's randombytes). */
struct ls_random ls_random_system(void);
/* A repeatable source over *state, which must outlive it; different seeds give independent streams.
 */
struct ls_random ls_random_from_seed(struct ls_random_seeded *state, uint64_t seed);

#endif
