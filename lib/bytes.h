/* A stretch of bytes that somebody else owns, as an argument. */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct ls_bytes {
	const uint8_t *p;
	size_t len; /* bytes */
};

#define LS_BYTES(ptr, n) ((struct ls_bytes){(const uint8_t *)(ptr), (n)})

#endif
