/* Encoders, decoders and the table of the messages between the processes, made from msg.def. */
#include "src/base/msg.h"

#include <string.h>
#include <strings.h>

enum { ADDR_BYTES_MAX = 1 + 2 + 16, LIMITS_BYTES = 24 };

/* -- the kinds of fields -- */

static void put_U8(struct wr *w, uint8_t v)
{
	wr_u8(w, v);
}

static void put_U16(struct wr *w, uint16_t v)
{
	wr_u16(w, v);
}

static void put_U32(struct wr *w, uint32_t v)
{
	wr_u32(w, v);
}

static void put_U64(struct wr *w, uint64_t v)
{
	wr_u64(w, v);
}

static void put_BOOL(struct wr *w, bool v)
{
	wr_u8(w, v ? 1 : 0);
}

static void put_ADDR(struct wr *w, struct ls_addr a)
{
	if (a.family != 0 && a.family != 4 && a.family != 6)
		w->bad = true;
	wr_u8(w, a.family);
	wr_u16(w, a.port);
	wr_bytes(w, a.ip, ls_addr_size(&a));
}

static void put_PREFIX(struct wr *w, struct ls_prefix p)
{
	if (p.bits > ls_addr_size(&p.addr) * 8)
		w->bad = true;
	put_ADDR(w, p.addr);
	wr_u8(w, p.bits);
}

static void put_text(struct wr *w, const char *text, size_t cap)
{
	size_t len = strnlen(text, cap);

	if (len == cap)
		w->bad = true;
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, text, len);
}

static void put_bytes(struct wr *w, const struct ls_bytes *b, size_t max)
{
	if (b->len > max)
		w->bad = true;
	wr_u32(w, (uint32_t)b->len);
	if (b->len > 0)
		wr_bytes(w, b->p, b->len);
}

static void put_identity(struct wr *w, const struct msg_identity *id)
{
	if (id->len > MSG_IDENTITY_MAX) {
		w->bad = true;
		return;
	}
	wr_u8(w, id->type);
	wr_u16(w, id->len);
	wr_bytes(w, id->data, id->len);
}

static void put_limits(struct wr *w, const struct life_limits *l)
{
	wr_u64(w, l->seconds);
	wr_u64(w, l->bytes);
	wr_u64(w, l->packets);
}

static void put_event(struct wr *w, const struct ls_event *e)
{
	wr_u16(w, (uint16_t)e->cause);
	wr_u32(w, e->tunnel);
	put_ADDR(w, e->peer);
	put_text(w, e->text, sizeof e->text);
}

static uint8_t get_U8(struct rd *r)
{
	return rd_u8(r);
}

static uint16_t get_U16(struct rd *r)
{
	return rd_u16(r);
}

static uint32_t get_U32(struct rd *r)
{
	return rd_u32(r);
}

static uint64_t get_U64(struct rd *r)
{
	return rd_u64(r);
}

static bool get_BOOL(struct rd *r)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		r->bad = true;
	return v == 1;
}

static struct ls_addr get_ADDR(struct rd *r)
{
	struct ls_addr a = {.family = rd_u8(r)};

	a.port = rd_u16(r);
	if (a.family != 0 && a.family != 4 && a.family != 6)
		r->bad = true;
	rd_copy(r, a.ip, ls_addr_size(&a));
	return a;
}

static struct ls_prefix get_PREFIX(struct rd *r)
{
	struct ls_prefix p = {.addr = get_ADDR(r)};

	p.bits = rd_u8(r);
	if (p.bits > ls_addr_size(&p.addr) * 8)
		r->bad = true;
	return p;
}

static void get_text(struct rd *r, char *text, size_t cap)
{
	size_t len = rd_u16(r);

	memset(text, 0, cap);
	if (len >= cap) {
		r->bad = true;
		return;
	}
	rd_copy(r, text, len);
	if (strnlen(text, cap) != len)
		r->bad = true;
}

static struct ls_bytes get_bytes(struct rd *r, size_t max)
{
	size_t len = rd_u32(r);

	if (len > max)
		r->bad = true;
	return LS_BYTES(rd_bytes(r, len), len);
}

static void get_identity(struct rd *r, struct msg_identity *id)
{
	memset(id, 0, sizeof *id);
	id->type = rd_u8(r);
	id->len = rd_u16(r);
	if (id->len > MSG_IDENTITY_MAX) {
		r->bad = true;
		return;
	}
	rd_copy(r, id->data, id->len);
}

static struct life_limits get_limits(struct rd *r)
{
	struct life_limits l = {.seconds = rd_u64(r)};

	l.bytes = rd_u64(r);
	l.packets = rd_u64(r);
	return l;
}

static void get_event(struct rd *r, struct ls_event *e)
{
	e->cause = rd_u16(r);
	e->tunnel = rd_u32(r);
	e->peer = get_ADDR(r);
	get_text(r, e->text, sizeof e->text);
}

/* -- encoders -- */

#define F(kind, n) put_##kind(w, m->n);
#define F_TEXT(n, cap) put_text(w, m->n, cap);
#define F_BYTES(n, max) put_bytes(w, &m->n, max);
#define F_IDENTITY(n) put_identity(w, &m->n);
#define F_LIMITS(n) put_limits(w, &m->n);
#define F_EVENT(n) put_event(w, &m->n);
#define MSG(number, NAME, name, from, to, fields)                        \
	bool msg_encode_##name(struct wr *w, const struct msg_##name *m) \
	{                                                                \
		wr_u16(w, number);                                       \
		fields return wr_ok(w);                                  \
	}
#include "src/base/msg.def"
#undef MSG
#undef F
#undef F_TEXT
#undef F_BYTES
#undef F_IDENTITY
#undef F_LIMITS
#undef F_EVENT

/* -- decoders -- */

#define F(kind, n) m->n = get_##kind(r);
#define F_TEXT(n, cap) get_text(r, m->n, cap);
#define F_BYTES(n, max) m->n = get_bytes(r, max);
#define F_IDENTITY(n) get_identity(r, &m->n);
#define F_LIMITS(n) m->n = get_limits(r);
#define F_EVENT(n) get_event(r, &m->n);
#define MSG(number, NAME, name, from, to, fields)                     \
	static void decode_##name(struct rd *r, struct msg_##name *m) \
	{                                                             \
		fields                                                \
	}
#include "src/base/msg.def"
#undef MSG
#undef F
#undef F_TEXT
#undef F_BYTES
#undef F_IDENTITY
#undef F_LIMITS
#undef F_EVENT

bool msg_decode(const void *bytes, size_t len, struct msg *m)
{
	struct rd r = rd_make(bytes, len);
	unsigned type = rd_u16(&r);

	if (!rd_ok(&r))
		return false;
	switch (type) {
#define MSG(number, NAME, name, from, to, fields) \
	case number:                              \
		m->type = MSG_TYPE_##NAME;        \
		decode_##name(&r, &m->name);      \
		break;
#include "src/base/msg.def"
#undef MSG
	default:
		return false;
	}
	return rd_end(&r);
}

/* -- the table -- */

#define P MSG_ROLE_PARENT
#define K MSG_ROLE_KEYS
#define I MSG_ROLE_IKE
#define G MSG_ROLE_GATEWAY
#define MSG_B_U8 1
#define MSG_B_U16 2
#define MSG_B_U32 4
#define MSG_B_U64 8
#define MSG_B_TIME 8
#define MSG_B_BOOL 1
#define MSG_B_ADDR ADDR_BYTES_MAX
#define MSG_B_PREFIX (ADDR_BYTES_MAX + 1)
#define F(kind, n) +MSG_B_##kind
#define F_TEXT(n, cap) +2 + (cap)-1
#define F_BYTES(n, max) +4 + (max)
#define F_IDENTITY(n) +3 + MSG_IDENTITY_MAX
#define F_LIMITS(n) +LIMITS_BYTES
#define F_EVENT(n) +2 + 4 + ADDR_BYTES_MAX + 2 + LS_EVENT_TEXT_MAX - 1
#define HAS_FD(number)                                                       \
	((number) == MSG_TYPE_PEER_CHANNEL || (number) == MSG_TYPE_SOCKET || \
	 (number) == MSG_TYPE_TUN || (number) == MSG_TYPE_SECRETS ||         \
	 (number) == MSG_TYPE_PKI_FILE || (number) == MSG_TYPE_KEY_FILE ||   \
	 (number) == MSG_TYPE_TOKEN_SECRET)
static const struct msg_info table[] = {
#define MSG(number, NAME, name, from, to, fields) \
	{number, #NAME, from, to, HAS_FD(number), MSG_HEAD_BYTES fields},
#include "src/base/msg.def"
#undef MSG
};
#define MSG(number, NAME, name, from, to, fields) \
	_Static_assert(MSG_HEAD_BYTES fields <= MSG_SIZE_MAX, #NAME " is too big");
#include "src/base/msg.def"
#undef MSG
#undef F
#undef F_TEXT
#undef F_BYTES
#undef F_IDENTITY
#undef F_LIMITS
#undef F_EVENT
#undef P
#undef K
#undef I
#undef G

const struct msg_info *msg_all(size_t *count)
{
	*count = sizeof table / sizeof table[0];
	return table;
}

const struct msg_info *msg_info(unsigned type)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].number == type)
			return &table[i];
	return NULL;
}

static const struct {
	enum msg_role role;
	const char *name;
} roles[] = {
	{MSG_ROLE_PARENT, "parent"},
	{MSG_ROLE_KEYS, "keys"},
	{MSG_ROLE_IKE, "ike"},
	{MSG_ROLE_GATEWAY, "gateway"},
};

const char *msg_role_name(unsigned role)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (roles[i].role == role)
			return roles[i].name;
	return "?";
}

enum msg_role msg_role_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (strcmp(roles[i].name, name) == 0)
			return roles[i].role;
	return 0;
}

const char *msg_path_name(unsigned path)
{
	static const char *const names[] = {[MSG_PATH_LINK] = "link",
	                                    [MSG_PATH_CONFIGURED] = "configured",
	                                    [MSG_PATH_MEASURED] = "measured",
	                                    [MSG_PATH_HINTED] = "hint",
	                                    [MSG_PATH_UNANSWERED] = "unanswered"};

	return names[path < sizeof names / sizeof names[0] ? path : MSG_PATH_LINK];
}

const char *msg_line_name(unsigned line)
{
	static const char *const names[] = {"down", "held", "waiting", "connecting", "up"};

	return line < sizeof names / sizeof names[0] ? names[line] : "?";
}
