/* The engine's state as bytes: established IKE SAs with keys, message ids, stored responses and
 * chains (RFC 6311's need). */
#include "ike/ike_sa.h"

#include "lib/snap.h"

#include <stdlib.h>
#include <string.h>

enum { STATE_VERSION = 2, CHILDREN_MAX = 4096, IKE_SAS_MAX = 65536, RESPONSE_MAX = 1 << 20 };
/* A copy may be older than the last message sent: AEAD IVs go on far above it. */
#define IV_SKIP (UINT64_C(1) << 40)

static void addr_write(struct wr *w, const struct ls_addr *a)
{
	wr_u8(w, a->family);
	wr_u16(w, a->port);
	wr_bytes(w, a->ip, sizeof a->ip);
}

static struct ls_addr addr_read(struct rd *r)
{
	struct ls_addr a = {.family = rd_u8(r)};

	a.port = rd_u16(r);
	rd_copy(r, a.ip, sizeof a.ip);
	if (a.family != 0 && a.family != 4 && a.family != 6)
		r->bad = true;
	return a;
}

static void bytes_write(struct wr *w, struct ls_bytes b)
{
	wr_u32(w, (uint32_t)b.len);
	wr_bytes(w, b.p, b.len);
}

static struct ls_bytes bytes_read(struct rd *r, size_t most)
{
	uint32_t len = rd_u32(r);
	const uint8_t *p = len <= most ? rd_bytes(r, len) : NULL;

	if (!p)
		r->bad = true;
	return LS_BYTES(p, p ? len : 0);
}

static void ts_write(struct wr *w, const struct ike_ts *ts)
{
	addr_write(w, &ts->net.addr);
	wr_u8(w, ts->net.bits);
	wr_u8(w, ts->protocol);
	wr_u16(w, ts->port_low);
	wr_u16(w, ts->port_high);
}

static struct ike_ts ts_read(struct rd *r)
{
	struct ike_ts ts = {.net.addr = addr_read(r)};

	ts.net.bits = rd_u8(r);
	ts.protocol = rd_u8(r);
	ts.port_low = rd_u16(r);
	ts.port_high = rd_u16(r);
	if (ts.net.bits > ls_addr_size(&ts.net.addr) * 8)
		r->bad = true;
	return ts;
}

/* Bits of a byte, for flags in both directions. */
static uint8_t flags_pack(const bool *flags, unsigned n)
{
	uint8_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = (uint8_t)(v | (flags[i] ? 1u << i : 0));
	return v;
}

static void child_write(struct wr *w, const struct ike_child *c)
{
	const bool flags[] = {c->esn,     c->tunnel_mode, c->initiator,    c->announced,
	                      c->sending, c->replaced,    c->switch_later, c->deleting};

	wr_u32(w, c->chain);
	wr_u32(w, c->spi_in);
	wr_u32(w, c->spi_out);
	wr_u16(w, (uint16_t)c->encr);
	wr_u16(w, (uint16_t)c->integ);
	wr_u8(w, flags_pack(flags, 8));
	ts_write(w, &c->ts_local);
	ts_write(w, &c->ts_remote);
}

static bool child_read(struct rd *r, struct ike_sa *sa)
{
	struct ike_child *c = calloc(1, sizeof *c);
	uint8_t flags;

	if (!c)
		return false;
	c->chain = rd_u32(r);
	c->spi_in = rd_u32(r);
	c->spi_out = rd_u32(r);
	c->encr = (enum algo_id)rd_u16(r);
	c->integ = (enum algo_id)rd_u16(r);
	flags = rd_u8(r);
	c->esn = flags & 1;
	c->tunnel_mode = flags & 2;
	c->initiator = flags & 4;
	c->announced = flags & 8;
	c->sending = flags & 16;
	c->replaced = flags & 32;
	c->switch_later = flags & 64;
	c->deleting = flags & 128;
	c->rekey_at = c->expired_at = LS_NEVER;
	c->ts_local = ts_read(r);
	c->ts_remote = ts_read(r);
	ike_child_add(sa, c);
	return rd_ok(r) && c->chain != 0 &&
	       (algo_get(c->encr) || (c->encr == ALGO_NONE && algo_get(c->integ)));
}

/* Times are written as ages: the clock of the process that reads may have another start. */
static void age_write(struct wr *w, ls_time then, ls_time now)
{
	wr_u64(w, (uint64_t)(now > then ? now - then : 0));
}

static ls_time age_read(struct rd *r, ls_time now)
{
	uint64_t age = rd_u64(r);

	if (age > (uint64_t)INT64_MAX / 2)
		r->bad = true;
	return r->bad ? now : now - (ls_time)age;
}

/* And what is to come as what is left until then. */
static void left_write(struct wr *w, ls_time then, ls_time now)
{
	wr_u64(w, then == LS_NEVER ? UINT64_MAX : (uint64_t)(then > now ? then - now : 0));
}

static ls_time left_read(struct rd *r, ls_time now)
{
	uint64_t left = rd_u64(r);

	return left > (uint64_t)INT64_MAX / 2 ? LS_NEVER : ls_time_add(now, (ls_time)left);
}

static void choice_write(struct wr *w, const struct ike_choice *c)
{
	wr_u16(w, (uint16_t)c->encr);
	wr_u16(w, (uint16_t)c->prf);
	wr_u16(w, (uint16_t)c->integ);
	wr_u16(w, (uint16_t)c->ke);
}

static void sa_write(struct wr *w, const struct ike_sa *sa, ls_time now)
{
	const bool flags[] = {sa->initiator,  sa->dialled,    sa->nat.spoken,    sa->nat.local,
	                      sa->nat.remote, sa->forced_udp, sa->fragmentation, sa->ppk.used};
	const struct ike_task *t = sa->active && sa->active->outstanding ? sa->active : NULL;

	wr_u32(w, sa->tunnel);
	wr_u64(w, sa->spi_i);
	wr_u64(w, sa->spi_r);
	wr_u8(w, flags_pack(flags, 8));
	wr_u16(w, sa->fragment_size);
	wr_u16(w, (uint16_t)sa->peer_id.type);
	bytes_write(w, LS_BYTES(sa->peer_id.data, sa->peer_id.len));
	addr_write(w, &sa->local);
	addr_write(w, &sa->remote);
	choice_write(w, &sa->choice);
	bytes_write(w, LS_BYTES(sa->keys.all.bytes, sa->keys.all.len));
	wr_u64(w, sa->iv_counter);
	wr_u32(w, sa->send_id);
	wr_u32(w, sa->recv_id);
	wr_u32(w, sa->response.count);
	bytes_write(w, LS_BYTES(sa->response.bytes, sa->response.len));
	wr_bytes(w, sa->request_hash, sizeof sa->request_hash);
	wr_u64(w, sa->life.hard.seconds);
	wr_u64(w, sa->life.soft.seconds);
	age_write(w, sa->life.born, now);
	age_write(w, sa->heard, now);
	left_write(w, sa->reauth.until, now);
	left_write(w, sa->reauth.at, now);
	wr_u8(w, sa->reauth.renewed);
	wr_u8(w, sa->qcd.known);
	wr_bytes(w, sa->qcd.hash, sizeof sa->qcd.hash);
	/* A request that is on its way has used its id: it is repeated until it is answered. */
	wr_u8(w, t ? t->exchange : 0);
	wr_u32(w, t ? t->packets.count : 0);
	bytes_write(w, t ? LS_BYTES(t->packets.bytes, t->packets.len) : LS_BYTES(NULL, 0));
	wr_u32(w, ike_children_count(sa));
	for (const struct ike_child *c = sa->children; c; c = c->next)
		child_write(w, c);
}

static bool packets_read(struct rd *r, struct ike_packets *p)
{
	uint32_t count = rd_u32(r);
	struct ls_bytes all = bytes_read(r, RESPONSE_MAX), one;
	struct rd in = rd_make(all.p, all.len);

	while (rd_ok(r) && ike_packets_next(&in, &one))
		if (!ike_packets_add(p, one.p, one.len))
			return false;
	return rd_ok(r) && rd_end(&in) && p->count == count;
}

static bool keys_read(struct rd *r, struct ike_sa *sa)
{
	struct ls_bytes keys;

	sa->choice.encr = (enum algo_id)rd_u16(r);
	sa->choice.prf = (enum algo_id)rd_u16(r);
	sa->choice.integ = (enum algo_id)rd_u16(r);
	sa->choice.ke = (enum algo_id)rd_u16(r);
	keys = bytes_read(r, SECRET_MAX);
	if (!rd_ok(r) || !ike_keys_layout(&sa->keys, &sa->choice) || sa->keys.all.len != keys.len)
		return false;
	memcpy(sa->keys.all.bytes, keys.p, keys.len);
	return true;
}

/* The request that is on its way, if there is one. One that is not whole is refused: forgotten, its
 * id would be used for another. */
static bool orphan_read(struct rd *r, struct ike_sa *sa)
{
	uint8_t exchange = rd_u8(r);
	struct ike_task *t = ike_task_new(sa, &ike_ops_resume);
	bool whole;

	if (!t)
		return false;
	whole = packets_read(r, &t->packets) && (exchange == 0) == (t->packets.count == 0);
	if (!whole || exchange == 0) {
		ike_task_drop(t);
		return whole;
	}
	t->exchange = exchange;
	t->id = sa->send_id;
	t->outstanding = true;
	t->tries = 1;
	t->resend_at = sa->ike->now;
	sa->active = t;
	return true;
}

static bool body_read(struct rd *r, struct ike_sa *sa)
{
	struct ls_bytes id;
	uint32_t children;

	sa->fragment_size = rd_u16(r);
	sa->peer_id.type = (enum ike_id_type)rd_u16(r);
	id = bytes_read(r, IKE_IDENTITY_MAX);
	sa->peer_id.len = (uint16_t)id.len;
	if (id.len)
		memcpy(sa->peer_id.data, id.p, id.len);
	sa->local = addr_read(r);
	sa->remote = addr_read(r);
	if (!keys_read(r, sa))
		return false;
	sa->iv_counter = rd_u64(r) + IV_SKIP;
	sa->send_id = rd_u32(r);
	sa->recv_id = rd_u32(r);
	if (!packets_read(r, &sa->response))
		return false;
	rd_copy(r, sa->request_hash, sizeof sa->request_hash);
	ike_sa_established(sa);
	sa->life.hard.seconds = rd_u64(r);
	sa->life.soft.seconds = rd_u64(r);
	if (sa->life.hard.seconds > UINT32_MAX || sa->life.soft.seconds > sa->life.hard.seconds)
		return false;
	sa->life.born = age_read(r, sa->ike->now);
	sa->heard = age_read(r, sa->ike->now);
	sa->reauth.until = left_read(r, sa->ike->now);
	sa->reauth.at = left_read(r, sa->ike->now);
	sa->reauth.renewed = rd_u8(r) & 1;
	sa->qcd.known = rd_u8(r) & 1;
	rd_copy(r, sa->qcd.hash, sizeof sa->qcd.hash);
	if (!orphan_read(r, sa))
		return false;
	children = rd_u32(r);
	if (children > CHILDREN_MAX)
		return false;
	for (uint32_t i = 0; i < children; i++)
		if (!child_read(r, sa))
			return false;
	if (!sa->children)
		sa->give_up = ls_time_add(sa->ike->now, LS_S(IKE_CHILDLESS_S));
	return rd_ok(r);
}

/* The SA into the engine; one of an unknown tunnel is read, and dropped again. */
static bool sa_read(struct ike *ike, struct rd *r)
{
	uint32_t tunnel = rd_u32(r);
	uint64_t spi_i = rd_u64(r), spi_r = rd_u64(r);
	uint8_t flags = rd_u8(r);
	struct ike_sa *sa;
	bool ok;

	if (!rd_ok(r) || ike_sa_by_spi(ike, flags & 1 ? spi_i : spi_r))
		return false;
	sa = ike_sa_with_spis(ike, flags & 1, spi_i, spi_r);
	if (!sa)
		return false;
	sa->tunnel = tunnel;
	sa->peer = ike_peer_find(ike, tunnel);
	sa->dialled = flags & 2;
	sa->nat = (struct ike_nat_found){
		.spoken = flags & 4, .local = flags & 8, .remote = flags & 16};
	sa->forced_udp = flags & 32;
	sa->fragmentation = flags & 64;
	sa->ppk.used = flags & 128;
	ok = body_read(r, sa);
	if (!ok || !sa->peer)
		ike_sa_forget(sa);
	return ok;
}

bool ike_save(const struct ike *ike, struct wr *out, ls_time now)
{
	size_t begin = out->len;
	uint32_t n = 0;

	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		n += sa->state == IKE_S_ESTABLISHED;
	snap_begin(out, SNAP_IKE, STATE_VERSION);
	wr_u32(out, ike->next_chain);
	wr_u32(out, n);
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->state == IKE_S_ESTABLISHED)
			sa_write(out, sa, now);
	snap_end(out, begin);
	return wr_ok(out);
}

/* All or nothing: what was read before the bad place goes again. */
static void forget_since(struct ike *ike, uint32_t serial)
{
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->serial > serial)
			ike_sa_forget(sa);
}

/* Deletes that were waiting, or whose answer is now lost, are asked for again. */
static void deletes_again(struct ike_sa *sa)
{
	for (struct ike_child *c = sa->children, *next; c; c = next) {
		next = c->next;
		if (!c->deleting)
			continue;
		c->deleting = false;
		ike_delete_child(sa, c, CAUSE_IKE_CHILD_REKEYED);
	}
}

enum ls_cause ike_load(struct ike *ike, const void *bytes, size_t len, ls_time now)
{
	struct rd r = snap_open_body(bytes, len, SNAP_IKE, STATE_VERSION);
	uint32_t next_chain = rd_u32(&r), n = rd_u32(&r), before = ike->next_serial;
	bool ok = rd_ok(&r) && n <= IKE_SAS_MAX;

	if (now > ike->now)
		ike->now = now;
	for (uint32_t i = 0; ok && i < n; i++)
		ok = sa_read(ike, &r);
	ok = ok && rd_end(&r);
	if (!ok)
		forget_since(ike, before);
	for (struct ike_sa *sa = ike->sas; ok && sa; sa = sa->next)
		if (sa->state == IKE_S_ESTABLISHED)
			deletes_again(sa);
	if (ok && next_chain > ike->next_chain)
		ike->next_chain = next_chain;
	/* Wakes the timers of what was loaded. */
	ike->deadline = ike->now;
	ike_reap(ike);
	return ok ? CAUSE_NONE : CAUSE_STATE_VERSION;
}
