/* State written down and read back: all SAs with keys, windows and numbers (restart, standby). */
#include "esp/esp_sad.h"
#include "lib/snap.h"

#include <stdlib.h>
#include <string.h>

/*
 * Body: slots 4 | count 4 | SAs. Times are written as ages, because the reader's clock may start
 * elsewhere. Numbers of 64 bits are big-endian like everything else; what an SA of one direction
 * does not have is not written.
 */
enum { VERSION = 3 };

enum {
	FLAG_ESN = 1,
	FLAG_UDP = 2,
	FLAG_FIXED = 4,
	FLAG_EARLY = 8,
	FLAG_ENDED = 16,
	FLAG_BUNDLED = 32,
	FLAG_NO_TFC = 64
};

static void put_addr(struct wr *w, const struct ls_addr *a)
{
	wr_u8(w, a->family);
	wr_u16(w, a->port);
	wr_bytes(w, a->ip, sizeof(a->ip));
}

static void get_addr(struct rd *r, struct ls_addr *a)
{
	uint8_t ip[16];
	uint8_t family = rd_u8(r);
	uint16_t port = rd_u16(r);

	rd_copy(r, ip, sizeof(ip));
	*a = (struct ls_addr){0};
	if (family == 4 || family == 6)
		*a = ls_addr_from_bytes(family, ip, port);
	else if (family != 0)
		r->bad = true;
}

static void put_limits(struct wr *w, const struct life_limits *l)
{
	wr_u64(w, l->seconds);
	wr_u64(w, l->bytes);
	wr_u64(w, l->packets);
}

static void get_limits(struct rd *r, struct life_limits *l)
{
	l->seconds = rd_u64(r);
	l->bytes = rd_u64(r);
	l->packets = rd_u64(r);
}

static void put_selector(struct wr *w, const struct esp_selector *s)
{
	put_addr(w, &s->local.addr);
	wr_u8(w, s->local.bits);
	put_addr(w, &s->remote.addr);
	wr_u8(w, s->remote.bits);
	wr_u16(w, s->local_port_low);
	wr_u16(w, s->local_port_high);
	wr_u16(w, s->remote_port_low);
	wr_u16(w, s->remote_port_high);
	wr_u8(w, s->protocol);
}

static void get_prefix(struct rd *r, struct ls_prefix *p)
{
	get_addr(r, &p->addr);
	p->bits = rd_u8(r);
	if (p->bits > ls_addr_size(&p->addr) * 8)
		r->bad = true;
}

static void get_selector(struct rd *r, struct esp_selector *s)
{
	get_prefix(r, &s->local);
	get_prefix(r, &s->remote);
	s->local_port_low = rd_u16(r);
	s->local_port_high = rd_u16(r);
	s->remote_port_low = rd_u16(r);
	s->remote_port_high = rd_u16(r);
	s->protocol = rd_u8(r);
}

static uint64_t age(ls_time then, ls_time now)
{
	return now > then ? (uint64_t)(now - then) : 0;
}

static uint8_t flags_of(const struct esp_sa *sa, const struct esp_sa_params *p)
{
	unsigned flags = (p->esn ? FLAG_ESN : 0u) | (p->udp ? FLAG_UDP : 0u) |
	                 (p->address_fixed ? FLAG_FIXED : 0u) | (p->early ? FLAG_EARLY : 0u) |
	                 (sa->ended ? FLAG_ENDED : 0u) | (sa->bundled ? FLAG_BUNDLED : 0u) |
	                 (p->tfc_refused ? FLAG_NO_TFC : 0u);

	return (uint8_t)flags;
}

static void put_window(struct wr *w, const struct esp_replay *r)
{
	wr_u32(w, r->window);
	wr_u64(w, r->top);
	wr_u64(w, esp_replay_lost(r));
	for (uint32_t i = 0; i <= r->mask; i++)
		wr_u64(w, r->words[i]);
}

/* The last number sent, skipped ahead, but never beyond the last there is. */
static uint64_t skipped(const struct esp_sa *sa, uint32_t skip)
{
	uint64_t last = sa->esn ? UINT64_MAX - 1 : UINT32_MAX;

	return sa->sequence > last - skip ? last : sa->sequence + skip;
}

static void put_sa(struct wr *w, const struct esp_sa *sa, uint32_t skip, ls_time now)
{
	const struct esp_sa_params *p = &sa->cold->params;

	wr_u8(w, (uint8_t)p->direction);
	wr_u8(w, (uint8_t)p->protocol);
	wr_u32(w, p->spi);
	wr_u32(w, sa->partner ? sa->partner->spi : 0);
	wr_u8(w, (uint8_t)p->mode);
	wr_u16(w, (uint16_t)p->encr);
	wr_u16(w, (uint16_t)p->integ);
	wr_u16(w, p->tfc_bytes);
	wr_u8(w, flags_of(sa, p));
	wr_u8(w, sa->told);
	wr_u8(w, sa->pending);
	wr_u16(w, (uint16_t)p->keymat.len);
	wr_bytes(w, p->keymat.p, p->keymat.len);
	wr_u32(w, p->tunnel);
	wr_u32(w, p->chain);
	put_addr(w, &p->local);
	put_addr(w, &p->remote);
	put_selector(w, &p->selector);
	put_limits(w, &sa->life.hard);
	put_limits(w, &sa->life.soft);
	wr_u64(w, age(sa->life.born, now));
	wr_u64(w, sa->life.bytes);
	wr_u64(w, sa->life.packets);
	wr_u64(w, sa->last_used ? age(sa->last_used, now) + 1 : 0);
	if (p->direction == ESP_OUT)
		wr_u64(w, skipped(sa, skip));
	else
		put_window(w, &sa->replay);
}

bool esp_save(const struct esp_sad *sad, struct wr *out, uint32_t skip, ls_time now)
{
	size_t begin = out->len, count_at;
	const struct esp_sa *sa;
	uint32_t count = 0;

	snap_begin(out, SNAP_ESP, VERSION);
	wr_u32(out, sad->slot_mask + 1);
	count_at = out->len;
	wr_u32(out, 0);
	TAILQ_FOREACH(sa, &sad->all, cold->all) {
		put_sa(out, sa, skip, now);
		count++;
	}
	if (wr_ok(out))
		wr_patch_u32(out, count_at, count);
	snap_end(out, begin);
	return wr_ok(out);
}

size_t esp_save_size(const struct esp_sad *sad)
{
	enum { ADDR = 1 + 2 + 16, LIMITS = 3 * 8 };
	enum { FIXED = 22 + 8 + 3 * ADDR + ADDR + 2 + 9 + 2 * LIMITS + 4 * 8 };
	size_t size = SNAP_HEADER_SIZE + 8;
	const struct esp_sa *sa;

	TAILQ_FOREACH(sa, &sad->all, cold->all) {
		size += FIXED + sa->cold->params.keymat.len;
		size += sa->direction == ESP_OUT ? 8
		                                 : 4 + 8 + 8 + ((size_t)sa->replay.mask + 1) * 8;
	}
	return size;
}

/* What an SA has gone through, beside its parameters. */
struct saved {
	struct esp_sa_params params;
	uint8_t flags, told, pending;
	uint32_t partner; /* SPI; 0 = none */
	struct life life;
	uint64_t last_used, sequence, top, lost;
	const uint8_t *words; /* inside the input */
};

#define AGE_MAX ((uint64_t)LS_NEVER / 4)

static bool get_life(struct rd *r, struct saved *s, ls_time now)
{
	uint64_t born;

	get_limits(r, &s->life.hard);
	get_limits(r, &s->life.soft);
	born = rd_u64(r);
	s->life.bytes = rd_u64(r);
	s->life.packets = rd_u64(r);
	s->last_used = rd_u64(r);
	if (!rd_ok(r) || born > AGE_MAX || s->last_used > AGE_MAX)
		return false;
	s->life.born = now - (ls_time)born;
	return true;
}

static bool get_numbers(struct rd *r, struct saved *s)
{
	struct esp_sa_params *p = &s->params;

	if (p->direction == ESP_OUT) {
		s->sequence = rd_u64(r);
		return rd_ok(r) && (p->esn ? s->sequence < UINT64_MAX : s->sequence <= UINT32_MAX);
	}
	p->window_packets = rd_u32(r);
	s->top = rd_u64(r);
	s->lost = rd_u64(r);
	if (!rd_ok(r) || p->window_packets < ESP_WINDOW_MIN || p->window_packets > ESP_WINDOW_MAX ||
	    s->lost > INT64_MAX)
		return false;
	if (!p->esn && s->top > UINT32_MAX)
		return false;
	s->words = rd_bytes(r, (size_t)esp_replay_words(p->window_packets) * 8);
	return s->words != NULL;
}

static bool get_sa(struct rd *r, struct saved *s, ls_time now)
{
	struct esp_sa_params *p = &s->params;
	uint8_t direction = rd_u8(r), protocol = rd_u8(r), mode;

	p->spi = rd_u32(r);
	s->partner = rd_u32(r);
	mode = rd_u8(r);
	p->encr = (enum algo_id)rd_u16(r);
	p->integ = (enum algo_id)rd_u16(r);
	p->tfc_bytes = rd_u16(r);
	s->flags = rd_u8(r);
	s->told = rd_u8(r);
	s->pending = rd_u8(r);
	p->keymat.len = rd_u16(r);
	p->keymat.p = rd_bytes(r, p->keymat.len);
	p->tunnel = rd_u32(r);
	p->chain = rd_u32(r);
	get_addr(r, &p->local);
	get_addr(r, &p->remote);
	get_selector(r, &p->selector);
	if (direction > ESP_OUT || protocol > ESP_PROTOCOL_AH || mode > ESP_TUNNEL ||
	    s->flags >= 2 * FLAG_NO_TFC ||
	    (p->tfc_bytes > 0 && (direction != ESP_OUT || s->flags & FLAG_NO_TFC)) ||
	    !get_life(r, s, now))
		return false;
	if (s->told >= ESP_TOLD(ESP_EVENT_FIRST_USED + 1) || (s->pending & ~s->told))
		return false;
	p->direction = (enum esp_direction)direction;
	p->protocol = (enum esp_protocol)protocol;
	p->mode = (enum esp_mode)mode;
	p->esn = s->flags & FLAG_ESN;
	p->udp = s->flags & FLAG_UDP;
	p->address_fixed = s->flags & FLAG_FIXED;
	p->early = s->flags & FLAG_EARLY;
	p->tfc_refused = s->flags & FLAG_NO_TFC;
	p->hard = s->life.hard;
	return get_numbers(r, s);
}

/* The partner may have come before it or is still to come, and then finds this one. */
static bool rejoin(struct esp_sad *sad, struct esp_sa *sa, uint32_t partner)
{
	enum esp_protocol other =
		sa->protocol == ESP_PROTOCOL_AH ? ESP_PROTOCOL_ESP : ESP_PROTOCOL_AH;
	struct esp_sa *with;
	bool ok;

	sa->bundled = true;
	if (partner == 0)
		return true;
	with = sa->direction == ESP_IN
	               ? esp_sad_find_as(sad, other, partner)
	               : esp_sa_outbound(sad, other, partner, sa->cold->params.chain);
	if (!with)
		return true;
	ok = with->bundled && !with->partner;
	if (ok) {
		with->partner = sa;
		sa->partner = with;
	}
	return ok;
}

static void restore(struct esp_sad *sad, struct esp_sa *sa, const struct saved *s, ls_time now)
{
	sa->life = s->life;
	sa->ended = s->flags & FLAG_ENDED;
	sa->last_used = s->last_used ? now - (ls_time)(s->last_used - 1) : 0;
	sa->sequence = s->sequence;
	if (sa->direction == ESP_IN && s->words) {
		sa->replay.top = s->top;
		for (uint32_t i = 0; i <= sa->replay.mask; i++)
			sa->replay.words[i] = ls_get64(s->words + (size_t)i * 8);
		esp_replay_set_lost(&sa->replay, s->lost);
	}
	for (unsigned kind = ESP_EVENT_SOFT; kind <= ESP_EVENT_FIRST_USED; kind++)
		if (s->pending & ESP_TOLD(kind))
			esp_sa_tell(sad, sa, (enum esp_event_kind)kind);
	sa->told = s->told;
	esp_sa_check(sad, sa, now);
}

static enum ls_cause load_sa(struct esp_sad *sad, struct rd *r, ls_time now)
{
	struct saved s = {0};
	struct esp_sa *sa;
	enum ls_cause cause;

	if (!get_sa(r, &s, now))
		return CAUSE_STATE_VERSION;
	if (s.params.direction == ESP_IN && !esp_spi_take(sad, s.params.spi))
		return CAUSE_STATE_VERSION;
	cause = esp_sa_add(sad, &s.params, now, &sa);
	if (cause == CAUSE_NONE)
		restore(sad, sa, &s, now);
	else if (s.params.direction == ESP_IN)
		esp_spi_release(sad, s.params.spi);
	if (cause == CAUSE_NONE && s.flags & FLAG_BUNDLED && !rejoin(sad, sa, s.partner))
		cause = CAUSE_STATE_VERSION;
	if (cause == CAUSE_NONE || cause == CAUSE_NO_MEMORY)
		return cause;
	return CAUSE_STATE_VERSION;
}

enum ls_cause esp_load(struct esp_sad *sad, const void *bytes, size_t len, ls_time now)
{
	struct rd r = snap_open_body(bytes, len, SNAP_ESP, VERSION);
	uint32_t slots = rd_u32(&r), count = rd_u32(&r);
	enum ls_cause cause = CAUSE_NONE;

	if (!rd_ok(&r) || sad->count != 0 || count > sad->max_sas)
		return CAUSE_STATE_VERSION;
	if (slots == 0 || slots > ESP_SAS_MAX || (slots & (slots - 1)) != 0)
		return CAUSE_STATE_VERSION;
	/* SPIs that differ in that many low bits differ in more as well, but not in fewer. */
	if (slots > sad->slot_mask + 1 && !esp_sad_slots(sad, slots))
		return CAUSE_NO_MEMORY;
	for (uint32_t i = 0; i < count && cause == CAUSE_NONE; i++)
		cause = load_sa(sad, &r, now);
	if (cause == CAUSE_NONE && !rd_end(&r))
		cause = CAUSE_STATE_VERSION;
	while (cause != CAUSE_NONE && !TAILQ_EMPTY(&sad->all))
		esp_sa_end(sad, TAILQ_FIRST(&sad->all));
	return cause;
}
