/* Tunnels as the parent has them: their number, settings and device. */
#include "src/parent/parent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENCODED_MAX = 16384 };

struct tunnel *parent_tunnel(struct parent *p, uint32_t id)
{
	for (struct tunnel *t = p->tunnels; t; t = t->next)
		if (t->id == id)
			return t;
	return NULL;
}

struct tunnel *parent_tunnel_by_name(struct parent *p, const char *name)
{
	for (struct tunnel *t = p->tunnels; t; t = t->next)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

const char *parent_tunnel_name(struct parent *p, uint32_t id)
{
	const struct tunnel *t = id ? parent_tunnel(p, id) : NULL;

	return t ? t->name : "";
}

static bool encode(struct tunnel *t, const struct conf_tunnel *conf)
{
	uint8_t *bytes = malloc(ENCODED_MAX), *fitting;
	struct wr w;

	if (!bytes)
		return false;
	w = wr_make(bytes, ENCODED_MAX);
	if (!conf_tunnel_encode(&w, conf)) {
		free(bytes);
		return false;
	}
	free(t->encoded);
	fitting = realloc(bytes, w.len);
	if (fitting)
		bytes = fitting;
	t->encoded = bytes;
	t->encoded_len = w.len;
	return true;
}

struct tunnel *parent_tunnel_new(struct parent *p, const struct conf_tunnel *conf, char *error,
                                 size_t cap)
{
	struct tunnel *t = calloc(1, sizeof *t), **last = &p->tunnels;

	snprintf(error, cap, "tunnel %s: no memory, or its settings are too long", conf->name);
	if (!t)
		return NULL;
	t->tun.fd = -1;
	t->conf = *conf;
	t->line = (struct line){.state = MSG_LINE_DOWN, .since = clock_now(), .retry_at = LS_NEVER};
	snprintf(t->name, sizeof t->name, "%s", conf->name);
	t->id = ++p->last_tunnel;
	if (!encode(t, conf) || !tun_open(&t->tun, t->name, parent_workers(p), error, cap) ||
	    !parent_iface_prepare(p, t, error, cap)) {
		parent_tunnel_free(p, t);
		return NULL;
	}
	tun_offload(&t->tun, conf_offload(&p->conf.gateway));
	while (*last)
		last = &(*last)->next;
	*last = t;
	return t;
}

bool parent_tunnel_change(struct parent *p, struct tunnel *t, const struct conf_tunnel *conf)
{
	struct conf_tunnel old = t->conf;

	if (!encode(t, conf))
		return false;
	t->conf = *conf;
	parent_iface_routes_changed(p, t, &old);
	return true;
}

void parent_tunnel_free(struct parent *p, struct tunnel *t)
{
	for (struct tunnel **at = &p->tunnels; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	if (t->tun.fd >= 0)
		parent_iface_clear(p, t);
	tun_close(&t->tun);
	free(t->encoded);
	free(t);
}
