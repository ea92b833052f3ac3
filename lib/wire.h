/* The one bounds-checked reader and the one writer for all wire formats, big-endian. */
#ifndef LIB_WIRE_H
#define LIB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A cursor over bytes that it does not own. A read beyond the end latches `bad`: that read and all
 * later ones give 0 (or NULL) and move nothing. Check rd_ok() once at the end, before using what
 * was read.
 */
struct rd {
	const uint8_t *p;
	size_t len;
	size_t pos;
	bool bad;
};

struct rd rd_make(const void *bytes, size_t len);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
/* Pointer to the next n bytes inside the input, valid as long as the input is; NULL when too few
 * are left (n = 0 gives a non-NULL pointer). */
const uint8_t *rd_bytes(struct rd *r, size_t n);
/* Copies n bytes to dst; fills dst with zeros when too few are left. */
void rd_copy(struct rd *r, void *dst, size_t n);
/* Text for people: the rest of the input, but not more than cap - 1 bytes of it, with '?' for each
 * that is not printable ASCII, and a NUL. */
void rd_printable(struct rd *r, char *out, size_t cap);
void rd_skip(struct rd *r, size_t n);
/* A reader over the next n bytes, which are skipped in r; a bad one when too few are left. */
struct rd rd_sub(struct rd *r, size_t n);
/* Bytes not read yet; 0 when bad. */
size_t rd_left(const struct rd *r);
bool rd_ok(const struct rd *r);
/* All read and nothing went wrong. */
bool rd_end(const struct rd *r);

/* A writer into a buffer that it does not own. A write beyond the end latches `bad` and writes
 * nothing. */
struct wr {
	uint8_t *p;
	size_t cap;
	size_t len;
	bool bad;
};

struct wr wr_make(void *buffer, size_t cap);
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, const void *bytes, size_t n);
void wr_zero(struct wr *w, size_t n);
/* Reserves n bytes and gives their address, to be filled by the caller; NULL when they do not fit.
 */
uint8_t *wr_room(struct wr *w, size_t n);
/* Overwrites bytes written before, at offset pos (as w->len was then); latches bad when not all are
 * written yet. */
void wr_patch_u8(struct wr *w, size_t pos, uint8_t v);
void wr_patch_u16(struct wr *w, size_t pos, uint16_t v);
void wr_patch_u32(struct wr *w, size_t pos, uint32_t v);
bool wr_ok(const struct wr *w);

/* Single values at an address whose bounds the caller has checked (the packet path's templates). */
static inline uint16_t ls_get16(const uint8_t *p)
{
	return (uint16_t)((uint16_t)p[0] << 8 | p[1]);
}

static inline uint32_t ls_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t ls_get64(const uint8_t *p)
{
	return (uint64_t)ls_get32(p) << 32 | ls_get32(p + 4);
}

static inline void ls_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void ls_put32(uint8_t *p, uint32_t v)
{
	ls_put16(p, (uint16_t)(v >> 16));
	ls_put16(p + 2, (uint16_t)v);
}

static inline void ls_put64(uint8_t *p, uint64_t v)
{
	ls_put32(p, (uint32_t)(v >> 32));
	ls_put32(p + 4, (uint32_t)v);
}

#endif
