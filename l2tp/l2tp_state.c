/* Saved state of the L2TP engine: established connections with what is under way, and their
 * sessions. */
#include "l2tp/l2tp_engine.h"

#include "lib/snap.h"

#include <stdlib.h>
#include <string.h>

enum { STATE_VERSION = 2 };

static void message_save(struct wr *w, const struct message *m)
{
	wr_u16(w, m->session);
	wr_u16(w, (uint16_t)m->len);
	wr_bytes(w, m->bytes, m->len);
}

static void session_save(struct wr *w, const struct session *s, ls_time now)
{
	wr_u16(w, s->id);
	wr_u16(w, s->peer_id);
	wr_u8(w, s->lac);
	wr_u64(w, (uint64_t)(now - s->born));
}

static void conn_save(const struct l2tp *l2tp, struct wr *w, const struct conn *c, ls_time now)
{
	unsigned sessions = 0;

	for (const struct session *s = l2tp->sessions; s; s = s->next)
		sessions += s->conn == c && s->state == SESSION_UP;
	wr_u32(w, c->tunnel);
	wr_u32(w, c->chain);
	wr_u16(w, c->id);
	wr_u16(w, c->peer_id);
	wr_u8(w, c->lac);
	wr_u16(w, (uint16_t)(c->ns_next - c->queued));
	wr_u16(w, c->nr);
	wr_u16(w, (uint16_t)c->window);
	wr_u64(w, (uint64_t)(now - c->born));
	wr_bytes(w, c->peer_host, sizeof c->peer_host);
	wr_u8(w, c->own_kind);
	wr_u16(w, (uint16_t)c->queued);
	for (const struct message *m = c->queue; m; m = m->next)
		message_save(w, m);
	wr_u16(w, (uint16_t)sessions);
	for (const struct session *s = l2tp->sessions; s; s = s->next)
		if (s->conn == c && s->state == SESSION_UP)
			session_save(w, s, now);
}

bool l2tp_save(const struct l2tp *l2tp, struct wr *out, ls_time now)
{
	size_t begin = out->len;
	uint32_t n = 0;

	for (const struct conn *c = l2tp->conns; c; c = c->next)
		n += c->state == CONN_UP;
	snap_begin(out, SNAP_L2TP, STATE_VERSION);
	wr_u32(out, n);
	for (const struct conn *c = l2tp->conns; c; c = c->next)
		if (c->state == CONN_UP)
			conn_save(l2tp, out, c, now);
	snap_end(out, begin);
	return wr_ok(out);
}

/* The moment that long ago; the clock of a new start may not reach back so far. */
static ls_time born_at(uint64_t age, ls_time now)
{
	return now >= 0 && age <= (uint64_t)now ? now - (ls_time)age : 0;
}

/* Puts back what may not have arrived; the peer knows by Ns what it has already. */
static bool messages_load(struct conn *c, struct rd *r)
{
	unsigned n = rd_u16(r);

	for (unsigned i = 0; i < n; i++) {
		uint16_t session = rd_u16(r), len = rd_u16(r);
		const uint8_t *p = rd_bytes(r, len);
		struct message *m =
			p && n <= QUEUE_MAX && len >= L2TP_HEADER_SIZE && len <= L2TP_MESSAGE_MAX
				? malloc(sizeof *m + len)
				: NULL;

		if (!m)
			return false;
		*m = (struct message){.session = session, .ns = c->ns_next++, .len = len};
		memcpy(m->bytes, p, len);
		*c->queue_end = m;
		c->queue_end = &m->next;
		c->queued++;
	}
	return rd_ok(r);
}

static bool session_load(struct l2tp *l2tp, struct conn *c, struct rd *r, ls_time now)
{
	uint16_t id = rd_u16(r), peer_id = rd_u16(r);
	uint8_t lac = rd_u8(r);
	uint64_t age = rd_u64(r);
	struct session *s;

	if (!rd_ok(r) || id == 0 || peer_id == 0 || lac > 1 || l2tp->session_by_id[id])
		return false;
	s = l2tp_session_new(l2tp, c, lac != 0, now);
	if (!s)
		return false;
	l2tp->session_by_id[s->id] = NULL;
	l2tp->session_by_id[id] = s;
	s->id = id;
	s->peer_id = peer_id;
	s->state = SESSION_UP;
	s->born = born_at(age, now);
	return true;
}

static bool conn_load(struct l2tp *l2tp, struct rd *r, ls_time now)
{
	uint32_t tunnel = rd_u32(r), chain = rd_u32(r);
	uint16_t id = rd_u16(r), peer_id = rd_u16(r);
	uint8_t lac = rd_u8(r);
	struct conn *c;

	if (!rd_ok(r) || tunnel == 0 || id == 0 || peer_id == 0 || lac > 1 || l2tp->conn_by_id[id])
		return false;
	c = l2tp_conn_new(l2tp, tunnel, chain, lac != 0, now);
	if (!c)
		return false;
	l2tp->conn_by_id[c->id] = NULL;
	l2tp->conn_by_id[id] = c;
	c->id = id;
	c->peer_id = peer_id;
	c->state = CONN_UP;
	c->limit_at = LS_NEVER;
	c->ns_next = c->ns_sent = rd_u16(r);
	c->nr = rd_u16(r);
	c->window = rd_u16(r);
	c->born = born_at(rd_u64(r), now);
	rd_copy(r, c->peer_host, sizeof c->peer_host);
	c->own_kind = rd_u8(r) != 0;
	if (c->window == 0 || c->peer_host[sizeof c->peer_host - 1] != '\0' || !messages_load(c, r))
		return false;
	for (unsigned n = rd_u16(r); n > 0; n--)
		if (!session_load(l2tp, c, r, now))
			return false;
	/* A first try at the next tick. */
	c->retry_at = c->queue ? now : LS_NEVER;
	c->ns_sent = c->queue ? (uint16_t)(c->ns_sent + 1) : c->ns_sent;
	l2tp_timer_set(l2tp, c);
	return rd_ok(r);
}

enum ls_cause l2tp_load(struct l2tp *l2tp, const void *bytes, size_t len, ls_time now)
{
	struct rd r = snap_open_body(bytes, len, SNAP_L2TP, STATE_VERSION);
	bool good = true;

	if (l2tp->conns)
		return CAUSE_L2TP_BAD_STATE; /* only an engine that runs nothing yet loads */
	for (uint32_t n = rd_u32(&r); good && n > 0; n--)
		good = conn_load(l2tp, &r, now);
	if (good && rd_end(&r))
		return CAUSE_NONE;
	l2tp_forget(l2tp);
	return CAUSE_L2TP_BAD_STATE;
}
