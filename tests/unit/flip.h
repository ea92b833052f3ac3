/* Test helper: an exchange run again and again, each time with one bit of one of its messages
 * turned, or with one of them cut. */
#ifndef TESTS_UNIT_FLIP_H
#define TESTS_UNIT_FLIP_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Which damage to which message. */
struct flip {
	unsigned nth;    /* the message, from 0 on */
	size_t bit, cut; /* bit SIZE_MAX: it is cut to this many bytes instead */
	unsigned seen;
	bool done; /* there was such a message */
	bool last; /* but no bit or byte of that number is left in it */
};

/* A message of len bytes goes by: whether it is the one to be damaged. */
static inline bool flip_hits(struct flip *f, size_t len)
{
	if (f->seen++ != f->nth)
		return false;
	f->done = true;
	f->last = f->bit != SIZE_MAX ? f->bit >= len * 8 : f->cut >= len;
	return !f->last;
}

/* The damaged message into bad (len bytes); gives its length. */
static inline size_t flip_make(const struct flip *f, const uint8_t *bytes, size_t len, uint8_t *bad)
{
	memcpy(bad, bytes, len);
	if (f->bit == SIZE_MAX)
		return f->cut;
	bad[f->bit / 8] ^= (uint8_t)(1u << f->bit % 8);
	return len;
}

/* Runs the exchange with each bit of one message turned, or cut at each byte; gives how many bits
 * or bytes it has. */
static inline size_t flip_each(struct flip *f, unsigned nth, bool turn, void (*run)(void *context),
                               void *context)
{
	for (size_t at = 0;; at++) {
		*f = (struct flip){.nth = nth, .bit = turn ? at : SIZE_MAX, .cut = at};
		run(context);
		if (!f->done || f->last)
			return at;
	}
}

/* Does so with each message, at most with the first `most`, each of which has at least `least`
 * bytes; gives how many there were. */
static inline unsigned flip_all(struct flip *f, unsigned most, size_t least,
                                void (*run)(void *context), void *context)
{
	for (unsigned nth = 0; nth < most; nth++) {
		size_t bits = flip_each(f, nth, true, run, context);

		if (!f->done)
			return nth;
		ck_assert_uint_ge(bits, least * 8);
		ck_assert_uint_eq(flip_each(f, nth, false, run, context) * 8, bits);
	}
	return most;
}

#endif
