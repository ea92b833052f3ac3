/* The injected source of randomness: the system's in production, a seed's in tests and the
 * simulator. */
#include "lib/random.h"

#include <sodium.h>
#include <string.h>

void ls_random_fill(const struct ls_random *r, void *buffer, size_t len)
{
	r->fill(r->context, buffer, len);
}

uint32_t ls_random_u32(const struct ls_random *r)
{
	uint32_t v;

	r->fill(r->context, &v, sizeof(v));
	return v;
}

uint64_t ls_random_u64(const struct ls_random *r)
{
	uint64_t v;

	r->fill(r->context, &v, sizeof(v));
	return v;
}

uint32_t ls_random_below(const struct ls_random *r, uint32_t bound)
{
	uint32_t floor, v;

	if (bound < 2)
		return 0;
	/* Values below 2^32 mod bound would make the low results likelier. */
	floor = (uint32_t)(-bound) % bound;
	do
		v = ls_random_u32(r);
	while (v < floor);
	return v % bound;
}

static void fill_system(void *context, void *buffer, size_t len)
{
	(void)context;
	randombytes_buf(buffer, len);
}

static void fill_seeded(void *context, void *buffer, size_t len)
{
	struct ls_random_seeded *s = context;
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	memcpy(nonce, &s->counter, sizeof(nonce));
	s->counter++;
	crypto_stream_chacha20(buffer, len, nonce, s->key);
}

struct ls_random ls_random_system(void)
{
	return (struct ls_random){.fill = fill_system};
}

struct ls_random ls_random_from_seed(struct ls_random_seeded *state, uint64_t seed)
{
	uint8_t in[8];

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(seed >> (8 * i));
	crypto_generichash(state->key, sizeof(state->key), in, sizeof(in), NULL, 0);
	state->counter = 0;
	return (struct ls_random){.fill = fill_seeded, .context = state};
}
