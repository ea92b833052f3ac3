/* The one bounds-checked reader and the one writer for all wire formats, big-endian. */
#include "lib/wire.h"

#include <string.h>

static const uint8_t nothing;

struct rd rd_make(const void *bytes, size_t len)
{
	return (struct rd){.p = bytes ? bytes : &nothing, .len = bytes ? len : 0};
}

const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	const uint8_t *at;

	if (r->bad || n > r->len - r->pos) {
		r->bad = true;
		return NULL;
	}
	at = r->p + r->pos;
	r->pos += n;
	return at;
}

uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);

	return p ? p[0] : 0;
}

uint16_t rd_u16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);

	return p ? ls_get16(p) : 0;
}

uint32_t rd_u32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);

	return p ? ls_get32(p) : 0;
}

uint64_t rd_u64(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 8);

	return p ? ls_get64(p) : 0;
}

void rd_copy(struct rd *r, void *dst, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);

	if (n == 0)
		return;
	if (p)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

void rd_printable(struct rd *r, char *out, size_t cap)
{
	size_t n = rd_left(r) < cap - 1 ? rd_left(r) : cap - 1;
	const uint8_t *p = rd_bytes(r, n);

	for (size_t i = 0; p && i < n; i++)
		out[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
	out[n] = '\0';
}

void rd_skip(struct rd *r, size_t n)
{
	(void)rd_bytes(r, n);
}

struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	struct rd sub = rd_make(p, n);

	sub.bad = p == NULL;
	return sub;
}

size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : r->len - r->pos;
}

bool rd_ok(const struct rd *r)
{
	return !r->bad;
}

bool rd_end(const struct rd *r)
{
	return !r->bad && r->pos == r->len;
}

struct wr wr_make(void *buffer, size_t cap)
{
	return (struct wr){.p = buffer, .cap = buffer ? cap : 0};
}

uint8_t *wr_room(struct wr *w, size_t n)
{
	uint8_t *at;

	if (w->bad || n > w->cap - w->len) {
		w->bad = true;
		return NULL;
	}
	at = w->p + w->len;
	w->len += n;
	return at;
}

void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_room(w, 1);

	if (p)
		*p = v;
}

void wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *p = wr_room(w, 2);

	if (p)
		ls_put16(p, v);
}

void wr_u32(struct wr *w, uint32_t v)
{
	uint8_t *p = wr_room(w, 4);

	if (p)
		ls_put32(p, v);
}

void wr_u64(struct wr *w, uint64_t v)
{
	uint8_t *p = wr_room(w, 8);

	if (p)
		ls_put64(p, v);
}

void wr_bytes(struct wr *w, const void *bytes, size_t n)
{
	uint8_t *p = wr_room(w, n);

	if (p && n)
		memcpy(p, bytes, n);
}

void wr_zero(struct wr *w, size_t n)
{
	uint8_t *p = wr_room(w, n);

	if (p && n)
		memset(p, 0, n);
}

/* The place of n bytes already written at pos, or NULL with bad latched. */
static uint8_t *written(struct wr *w, size_t pos, size_t n)
{
	if (w->bad || pos > w->len || n > w->len - pos) {
		w->bad = true;
		return NULL;
	}
	return w->p + pos;
}

void wr_patch_u8(struct wr *w, size_t pos, uint8_t v)
{
	uint8_t *p = written(w, pos, 1);

	if (p)
		*p = v;
}

void wr_patch_u16(struct wr *w, size_t pos, uint16_t v)
{
	uint8_t *p = written(w, pos, 2);

	if (p)
		ls_put16(p, v);
}

void wr_patch_u32(struct wr *w, size_t pos, uint32_t v)
{
	uint8_t *p = written(w, pos, 4);

	if (p)
		ls_put32(p, v);
}

bool wr_ok(const struct wr *w)
{
	return !w->bad;
}
