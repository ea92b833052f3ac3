/* The virtual clock, the queue of what will happen, the seeded dice and the trace. */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024, HAPPENINGS_FIRST = 256 };

struct happening {
	ls_time when;
	uint64_t number;
	world_call *call;
	void *ctx;
	bool owned;
};

ls_time world_now;
static struct happening *heap;
static size_t heap_used, heap_room;
static uint64_t heap_number;
static uint64_t dice_state[4];
static uint64_t hash;
static bool loud;
static char failed[LINE_MAX_BYTES];

/* splitmix64 spreads a seed over the state of xoshiro256**. */
static uint64_t spread(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void world_begin(uint64_t seed, bool verbose)
{
	for (unsigned i = 0; i < 4; i++)
		dice_state[i] = spread(&seed);
	world_now = LS_S(1000);
	heap_used = 0;
	heap_number = 0;
	hash = 0xcbf29ce484222325u;
	loud = verbose;
	failed[0] = '\0';
}

void world_end(void)
{
	for (size_t i = 0; i < heap_used; i++)
		if (heap[i].owned)
			free(heap[i].ctx);
	free(heap);
	heap = NULL;
	heap_used = heap_room = 0;
}

static bool sooner(const struct happening *a, const struct happening *b)
{
	return a->when < b->when || (a->when == b->when && a->number < b->number);
}

static void swap(size_t a, size_t b)
{
	struct happening h = heap[a];

	heap[a] = heap[b];
	heap[b] = h;
}

void world_at(ls_time when, world_call *call, void *ctx, bool owned)
{
	size_t i = heap_used;

	if (heap_used == heap_room) {
		heap_room = heap_room ? heap_room * 2 : HAPPENINGS_FIRST;
		heap = realloc(heap, heap_room * sizeof *heap);
		if (!heap)
			abort();
	}
	heap[heap_used++] = (struct happening){when, heap_number++, call, ctx, owned};
	for (; i > 0 && sooner(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

ls_time world_next(void)
{
	return heap_used > 0 ? heap[0].when : LS_NEVER;
}

bool world_step(void)
{
	struct happening h;
	size_t i = 0;

	if (heap_used == 0 || heap[0].when > world_now)
		return false;
	h = heap[0];
	heap[0] = heap[--heap_used];
	for (;;) {
		size_t least = i;

		for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < heap_used; c++)
			if (sooner(&heap[c], &heap[least]))
				least = c;
		if (least == i)
			break;
		swap(i, least);
		i = least;
	}
	h.call(h.ctx);
	if (h.owned)
		free(h.ctx);
	return true;
}

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

uint64_t dice(void)
{
	uint64_t *s = dice_state, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint32_t dice_below(uint32_t bound)
{
	return bound > 0 ? (uint32_t)((dice() >> 32) * bound >> 32) : 0;
}

uint32_t dice_between(uint32_t low, uint32_t high)
{
	return low + dice_below(high - low + 1);
}

bool dice_permille(uint32_t permille)
{
	return permille > 0 && dice_below(1000) < permille;
}

void trace_bytes(const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 0x100000001b3u;
}

void trace(const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;
	int at = snprintf(line, sizeof line, "%11.6f ", (double)(world_now - LS_S(1000)) / 1e6);

	va_start(args, format);
	vsnprintf(line + at, sizeof line - (size_t)at, format, args);
	va_end(args);
	trace_bytes(line, strlen(line));
	if (loud)
		puts(line);
}

uint64_t trace_hash(void)
{
	return hash;
}

void fail(const char *format, ...)
{
	va_list args;
	char text[LINE_MAX_BYTES];
	int at = snprintf(text, sizeof text, "at %.3f s: ", (double)(world_now - LS_S(1000)) / 1e6);

	va_start(args, format);
	vsnprintf(text + at, sizeof text - (size_t)at, format, args);
	va_end(args);
	trace("BROKEN %s", text);
	if (failed[0] == '\0')
		memcpy(failed, text, sizeof failed);
}

const char *failure(void)
{
	return failed[0] ? failed : NULL;
}
