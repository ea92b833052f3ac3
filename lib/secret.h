/* Keys and passwords in libsodium-guarded memory, wiped when given back. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A secret: never copied into ordinary memory but into the crypto context that uses it. Small
 * secrets share locked, guarded slabs (a page fence each would cost 16 KiB a key); zero-initialise
 * an empty one.
 */
struct secret {
	uint8_t *bytes;           /* NULL when empty */
	size_t len;               /* bytes, at most SECRET_MAX */
	struct secret_slab *slab; /* where it lies */
};

enum { SECRET_MAX = 1024 };

/* Must run once before any other call here; false when libsodium cannot start. */
bool secret_init(void);
/* Room for len bytes, zeroed. false when len is 0, above SECRET_MAX, or no memory is left (*s is
 * then empty). */
bool secret_new(struct secret *s, size_t len);
bool secret_from(struct secret *s, const void *bytes, size_t len);
/* Wipes and gives back; *s is empty afterwards. Harmless on an empty one. */
void secret_free(struct secret *s);
/* Constant time for equal lengths; lengths are not secret. */
bool secret_equal(const struct secret *a, const void *bytes, size_t len);
/* Wipes ordinary memory that had to hold something secret for a moment. */
void secret_wipe(void *bytes, size_t len);

#endif
