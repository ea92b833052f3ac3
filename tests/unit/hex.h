/* Test helper: bytes written as hex text, blanks ignored. */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include "lib/bytes.h"
#include "lib/random.h"

#include <check.h>
#include <string.h>

static inline int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

/* Gives the number of bytes written to out. */
static inline size_t hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		ck_assert(hex_digit(text[0]) >= 0 && hex_digit(text[1]) >= 0);
		ck_assert_uint_lt(n, cap);
		out[n++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text++;
	}
	return n;
}

#define HEX(name, text)              \
	uint8_t name##_bytes[1024];  \
	const struct ls_bytes name = \
		LS_BYTES(name##_bytes, hex(text, name##_bytes, sizeof(name##_bytes)))

#define ck_assert_hex_eq(got, len, text)                            \
	do {                                                        \
		uint8_t want_[2048];                                \
		size_t want_len_ = hex(text, want_, sizeof(want_)); \
		ck_assert_uint_eq(len, want_len_);                  \
		ck_assert_mem_eq(got, want_, want_len_);            \
	} while (0)

/* A source of "randomness" that gives the bytes at *context, for vectors with fixed private values.
 */
struct hex_random {
	const uint8_t *p;
	size_t left;
};

static inline void hex_random_fill(void *context, void *buffer, size_t len)
{
	struct hex_random *r = context;

	ck_assert_uint_ge(r->left, len);
	memcpy(buffer, r->p, len);
	r->p += len;
	r->left -= len;
}

#endif
