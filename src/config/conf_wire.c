/* Settings on their way between processes: the keys of the tables in order, each by its kind. */
#include "src/config/conf_table.h"

#include <string.h>

static void put_addr(struct wr *w, const struct ls_addr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->ip, ls_addr_size(a));
}

static void put_text(struct wr *w, const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len == size)
		w->bad = true;
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, text, len);
}

static void put_entry(struct wr *w, const struct conf_key *k, const char *at, uint32_t i)
{
	const struct ls_prefix *prefix = (const struct ls_prefix *)(const void *)at + i;

	if (k->kind == CONF_TEXTS) {
		put_text(w, at + i * (k->size / k->max), k->size / k->max);
	} else if (k->kind == CONF_PREFIXES) {
		put_addr(w, &prefix->addr);
		wr_u8(w, prefix->bits);
	} else {
		put_addr(w, (const struct ls_addr *)(const void *)at + i);
	}
}

static uint32_t most_entries(const struct conf_key *k)
{
	return k->kind == CONF_ADDRS ? (uint32_t)(k->size / sizeof(struct ls_addr)) : k->max;
}

static void put(struct wr *w, const struct conf_key *k, const void *of)
{
	const char *at = (const char *)of + k->at, *count_at = (const char *)of + k->count_at;
	uint32_t n;

	switch (k->kind) {
	case CONF_TEXT:
		put_text(w, at, k->size);
		return;
	case CONF_U32:
		wr_u32(w, *(const uint32_t *)(const void *)at);
		return;
	case CONF_BOOL:
		wr_u8(w, *(const bool *)(const void *)at);
		return;
	case CONF_CHOICE:
		n = *(const unsigned *)(const void *)at;
		if (!conf_word(k, n))
			w->bad = true;
		wr_u8(w, (uint8_t)n);
		return;
	case CONF_ADDR:
		put_addr(w, (const void *)at);
		return;
	case CONF_RANGE:
		put_addr(w, (const void *)at);
		put_addr(w, (const void *)count_at);
		return;
	case CONF_TEXTS:
	case CONF_PREFIXES:
	case CONF_ADDRS:
		n = *(const uint32_t *)(const void *)count_at;
		if (n > most_entries(k)) {
			w->bad = true;
			return;
		}
		wr_u16(w, (uint16_t)n);
		for (uint32_t i = 0; i < n; i++)
			put_entry(w, k, at, i);
		return;
	}
}

static struct ls_addr get_addr(struct rd *r)
{
	struct ls_addr a = {.family = rd_u8(r)};

	if (a.family != 0 && a.family != 4 && a.family != 6)
		r->bad = true;
	rd_copy(r, a.ip, ls_addr_size(&a));
	return a;
}

static void get_text(struct rd *r, char *text, size_t size)
{
	size_t len = rd_u16(r);

	memset(text, 0, size);
	if (len >= size) {
		r->bad = true;
		return;
	}
	rd_copy(r, text, len);
	if (strnlen(text, size) != len)
		r->bad = true;
}

static void get_entry(struct rd *r, const struct conf_key *k, char *at, uint32_t i)
{
	struct ls_prefix *prefix = (struct ls_prefix *)(void *)at + i;

	if (k->kind == CONF_TEXTS) {
		get_text(r, at + i * (k->size / k->max), k->size / k->max);
	} else if (k->kind == CONF_PREFIXES) {
		prefix->addr = get_addr(r);
		prefix->bits = rd_u8(r);
		if (prefix->bits > ls_addr_size(&prefix->addr) * 8)
			r->bad = true;
	} else {
		((struct ls_addr *)(void *)at)[i] = get_addr(r);
	}
}

static void get(struct rd *r, const struct conf_key *k, void *of)
{
	char *at = conf_field(k, of);
	uint32_t n, byte;

	switch (k->kind) {
	case CONF_TEXT:
		get_text(r, at, k->size);
		return;
	case CONF_U32:
		*(uint32_t *)(void *)at = rd_u32(r);
		return;
	case CONF_BOOL:
		byte = rd_u8(r);
		if (byte > 1)
			r->bad = true;
		else
			*(bool *)(void *)at = byte;
		return;
	case CONF_CHOICE:
		byte = rd_u8(r);
		if (!conf_word(k, byte))
			r->bad = true;
		else
			*(unsigned *)(void *)at = byte;
		return;
	case CONF_ADDR:
		*(struct ls_addr *)(void *)at = get_addr(r);
		return;
	case CONF_RANGE:
		*(struct ls_addr *)(void *)at = get_addr(r);
		*(struct ls_addr *)conf_count(k, of) = get_addr(r);
		return;
	case CONF_TEXTS:
	case CONF_PREFIXES:
	case CONF_ADDRS:
		n = rd_u16(r);
		if (n > most_entries(k)) {
			r->bad = true;
			return;
		}
		for (uint32_t i = 0; i < n; i++)
			get_entry(r, k, at, i);
		*(uint32_t *)conf_count(k, of) = n;
		return;
	}
}

bool conf_gateway_encode(struct wr *w, const struct conf_gateway *g)
{
	for (size_t i = 0; i < conf_gateway_key_count; i++)
		put(w, &conf_gateway_keys[i], g);
	return wr_ok(w);
}

bool conf_gateway_decode(const void *bytes, size_t len, struct conf_gateway *g)
{
	struct rd r = rd_make(bytes, len);

	memset(g, 0, sizeof *g);
	for (size_t i = 0; i < conf_gateway_key_count; i++)
		get(&r, &conf_gateway_keys[i], g);
	return rd_end(&r);
}

bool conf_tunnel_encode(struct wr *w, const struct conf_tunnel *t)
{
	for (size_t i = 0; i < conf_tunnel_key_count; i++)
		put(w, &conf_tunnel_keys[i], t);
	return wr_ok(w);
}

bool conf_tunnel_decode(const void *bytes, size_t len, struct conf_tunnel *t)
{
	struct rd r = rd_make(bytes, len);

	memset(t, 0, sizeof *t);
	for (size_t i = 0; i < conf_tunnel_key_count; i++)
		get(&r, &conf_tunnel_keys[i], t);
	return rd_end(&r);
}
