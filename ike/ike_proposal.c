/* SA payloads: offers written and read, one chosen, and all of it in words (RFC 7296 2.7, 3.3). */
#include "ike/ike_proposal.h"

#include "ike/ike_names.h"

#include <string.h>

enum {
	LAST = 0,
	MORE_PROPOSALS = 2,
	MORE_TRANSFORMS = 3,
	TYPE_ESN = 5,
	TYPE_KNOWN_LAST = 5,
	ATTRIBUTE_KEY_LENGTH = 0x800e,
	ATTRIBUTE_TV = 0x8000
};
enum { TRANSFORM_NONE = 0, ESN_NO = 0, ESN_YES = 1 };

struct transform {
	uint8_t type;
	uint16_t id, key_bits;
};

/* One received proposal; transforms with attributes that are not known are left out (3.3.6). */
struct offer {
	uint8_t number, protocol, spi_size;
	uint64_t spi;
	bool foreign; /* it has a transform type that is not known: not to be chosen */
	unsigned count;
	struct transform t[IKE_OFFER_TRANSFORMS_MAX];
};

static unsigned add(struct ike_proposal *p, enum algo_id id)
{
	if (p->count < IKE_TRANSFORMS_MAX)
		p->algo[p->count++] = (uint16_t)id;
	return p->count;
}

static void add_all(struct ike_proposal *p, const enum algo_id *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(p, ids[i]);
}

#define ADD_ALL(p, ...)                                 \
	add_all(p, (const enum algo_id[]){__VA_ARGS__}, \
	        sizeof((const enum algo_id[]){__VA_ARGS__}) / sizeof(enum algo_id))
#define DEFAULT_GROUPS ALGO_X25519, ALGO_ECP384, ALGO_ECP256, ALGO_MODP2048

unsigned ike_proposals_default_ike(struct ike_proposal out[IKE_PROPOSALS_MAX])
{
	memset(out, 0, 2 * sizeof out[0]);
	ADD_ALL(&out[0], ALGO_AES256_GCM, ALGO_AES128_GCM, ALGO_CHACHA20POLY1305, ALGO_PRF_SHA384,
	        ALGO_PRF_SHA256, DEFAULT_GROUPS);
	ADD_ALL(&out[1], ALGO_AES256, ALGO_AES128, ALGO_SHA384, ALGO_SHA256, ALGO_PRF_SHA384,
	        ALGO_PRF_SHA256, DEFAULT_GROUPS);
	return 2;
}

/* Rekeying with a new key exchange is preferred, but a peer that cannot is not refused: the same
 * again without groups. */
unsigned ike_proposals_default_child(struct ike_proposal out[IKE_PROPOSALS_MAX])
{
	memset(out, 0, 4 * sizeof out[0]);
	for (unsigned i = 0; i < 4; i += 2) {
		ADD_ALL(&out[i], ALGO_AES256_GCM, ALGO_AES128_GCM, ALGO_CHACHA20POLY1305);
		ADD_ALL(&out[i + 1], ALGO_AES256, ALGO_AES128, ALGO_SHA256);
	}
	for (unsigned i = 0; i < 4; i++) {
		if (i < 2)
			ADD_ALL(&out[i], DEFAULT_GROUPS);
		out[i].esn = out[i].no_esn = true;
	}
	return 4;
}

/* The same without ciphers. */
unsigned ike_proposals_default_ah(struct ike_proposal out[IKE_PROPOSALS_MAX])
{
	memset(out, 0, 2 * sizeof out[0]);
	for (unsigned i = 0; i < 2; i++) {
		ADD_ALL(&out[i], ALGO_SHA256, ALGO_SHA384, ALGO_SHA512);
		if (i == 0)
			ADD_ALL(&out[i], DEFAULT_GROUPS);
		out[i].esn = out[i].no_esn = true;
	}
	return 2;
}

static unsigned count_kind(const struct ike_proposal *p, enum algo_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->count; i++)
		n += algo_get(p->algo[i])->kind == kind;
	return n;
}

static bool serves(const struct algo *a, enum ike_protocol protocol)
{
	static const uint8_t of[] = {[IKE_PROTO_IKE] = ALGO_FOR_IKE,
	                             [IKE_PROTO_AH] = ALGO_FOR_AH,
	                             [IKE_PROTO_ESP] = ALGO_FOR_ESP};

	return (a->kind != ALGO_KIND_ENCR && a->kind != ALGO_KIND_INTEG) ||
	       a->serves & of[protocol];
}

/* Integrity, perhaps groups, and nothing else (RFC 7296 3.3.3). */
static bool valid_ah(const struct ike_proposal *p)
{
	unsigned integ = 0;

	for (unsigned i = 0; i < p->count; i++) {
		const struct algo *a = algo_get(p->algo[i]);

		if (!a || !serves(a, IKE_PROTO_AH) ||
		    (a->kind != ALGO_KIND_KE && a->kind != ALGO_KIND_INTEG))
			return false;
		integ += a->kind == ALGO_KIND_INTEG;
	}
	return integ > 0 && (p->esn || p->no_esn);
}

bool ike_proposal_valid(const struct ike_proposal *p, enum ike_protocol protocol)
{
	unsigned aead = 0, plain = 0;
	bool ike = protocol == IKE_PROTO_IKE;

	if (p->count == 0 || p->count > IKE_TRANSFORMS_MAX)
		return false;
	if (protocol == IKE_PROTO_AH)
		return valid_ah(p);
	for (unsigned i = 0; i < p->count; i++) {
		const struct algo *a = algo_get(p->algo[i]);

		if (!a || !serves(a, protocol))
			return false;
		if (a->kind == ALGO_KIND_ENCR)
			a->aead ? aead++ : plain++;
	}
	if (aead + plain == 0 || (aead && plain))
		return false;
	if ((count_kind(p, ALGO_KIND_INTEG) == 0) != (aead > 0))
		return false;
	if (!ike)
		return count_kind(p, ALGO_KIND_PRF) == 0 && (p->esn || p->no_esn);
	return count_kind(p, ALGO_KIND_PRF) > 0 && count_kind(p, ALGO_KIND_KE) > 0;
}

bool ike_proposals_have(const struct ike_proposal *p, unsigned n, enum algo_id algo)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < p[i].count; k++)
			if (p[i].algo[k] == (uint16_t)algo)
				return true;
	return false;
}

enum algo_id ike_proposals_first_ke(const struct ike_proposal *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < p[i].count; k++)
			if (algo_get(p[i].algo[k])->kind == ALGO_KIND_KE)
				return (enum algo_id)p[i].algo[k];
	return ALGO_NONE;
}

/* A transform; *last is where the "more" byte of the one before stands, SIZE_MAX for none. */
static void transform_write(struct wr *w, uint8_t type, uint16_t id, uint16_t key_bits,
                            unsigned *count)
{
	wr_u8(w, MORE_TRANSFORMS);
	wr_u8(w, 0);
	wr_u16(w, key_bits ? 12 : 8);
	wr_u8(w, type);
	wr_u8(w, 0);
	wr_u16(w, id);
	if (key_bits) {
		wr_u16(w, ATTRIBUTE_KEY_LENGTH);
		wr_u16(w, key_bits);
	}
	(*count)++;
}

static void algo_write(struct wr *w, const struct algo *a, unsigned *count)
{
	transform_write(w, (uint8_t)a->kind, a->ikev2, a->key_attribute, count);
}

/* Begins a proposal; proposal_end() patches its length, number of transforms, and the last
 * transform's mark. */
static size_t proposal_begin(struct wr *w, bool last, uint8_t number, enum ike_protocol protocol,
                             uint64_t spi, uint8_t spi_size)
{
	size_t begin = w->len;

	wr_u8(w, last ? LAST : MORE_PROPOSALS);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u8(w, number);
	wr_u8(w, (uint8_t)protocol);
	wr_u8(w, spi_size);
	wr_u8(w, 0);
	if (spi_size == 4)
		wr_u32(w, (uint32_t)spi);
	else if (spi_size == 8)
		wr_u64(w, spi);
	return begin;
}

static void proposal_end(struct wr *w, size_t begin, size_t last_transform, unsigned count)
{
	wr_patch_u8(w, last_transform, LAST);
	wr_patch_u16(w, begin + 2, (uint16_t)(w->len - begin));
	wr_patch_u8(w, begin + 7, (uint8_t)count);
}

void ike_proposals_write(struct wr *w, const struct ike_proposal *p, unsigned n,
                         enum ike_protocol protocol, uint64_t spi, uint8_t spi_size,
                         enum ike_ke_rule rule)
{
	for (unsigned i = 0; i < n; i++) {
		size_t begin = proposal_begin(w, i + 1 == n, (uint8_t)(i + 1), protocol, spi,
		                              spi_size),
		       last = w->len;
		unsigned count = 0;

		for (unsigned k = 0; k < p[i].count; k++) {
			const struct algo *a = algo_get(p[i].algo[k]);

			if (a->kind == ALGO_KIND_KE && rule == IKE_KE_IGNORED)
				continue;
			last = w->len;
			algo_write(w, a, &count);
		}
		for (int esn = 1; protocol != IKE_PROTO_IKE && esn >= 0; esn--) {
			if (!(esn ? p[i].esn : p[i].no_esn))
				continue;
			last = w->len;
			transform_write(w, TYPE_ESN, esn ? ESN_YES : ESN_NO, 0, &count);
		}
		proposal_end(w, begin, last, count);
	}
}

void ike_choice_write(struct wr *w, const struct ike_choice *c, enum ike_protocol protocol,
                      uint64_t spi, uint8_t spi_size)
{
	size_t begin = proposal_begin(w, true, c->number, protocol, spi, spi_size), last = w->len;
	const enum algo_id ids[] = {c->encr, c->prf, c->integ, c->ke};
	unsigned count = 0;

	for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		const struct algo *a = algo_get(ids[i]);

		if (!a)
			continue;
		last = w->len;
		algo_write(w, a, &count);
	}
	if (protocol != IKE_PROTO_IKE) {
		last = w->len;
		transform_write(w, TYPE_ESN, c->esn ? ESN_YES : ESN_NO, 0, &count);
	}
	proposal_end(w, begin, last, count);
}

static bool transform_read(struct rd *r, struct offer *o)
{
	struct transform t = {0};
	bool strange = false;
	uint16_t length;
	struct rd body;

	rd_skip(r, 2);
	length = rd_u16(r);
	body = rd_sub(r, length < 4 ? SIZE_MAX : (size_t)length - 4);
	t.type = rd_u8(&body);
	rd_skip(&body, 1);
	t.id = rd_u16(&body);
	while (rd_left(&body) > 0) {
		uint16_t type = rd_u16(&body), value = rd_u16(&body);

		if (type == ATTRIBUTE_KEY_LENGTH)
			t.key_bits = value;
		else {
			strange = true;
			if (!(type & ATTRIBUTE_TV))
				rd_skip(&body, value);
		}
	}
	if (!rd_ok(&body))
		return false;
	if (t.type == 0 || t.type > TYPE_KNOWN_LAST)
		o->foreign |= t.id != TRANSFORM_NONE;
	else if (!strange && o->count < IKE_OFFER_TRANSFORMS_MAX)
		o->t[o->count++] = t;
	return true;
}

static bool offer_read(struct rd *r, struct offer *o)
{
	uint16_t length;
	uint8_t transforms;
	struct rd body;

	memset(o, 0, sizeof *o);
	rd_skip(r, 2);
	length = rd_u16(r);
	body = rd_sub(r, length < 4 ? SIZE_MAX : (size_t)length - 4);
	o->number = rd_u8(&body);
	o->protocol = rd_u8(&body);
	o->spi_size = rd_u8(&body);
	transforms = rd_u8(&body);
	if (o->spi_size == 4)
		o->spi = rd_u32(&body);
	else if (o->spi_size == 8)
		o->spi = rd_u64(&body);
	else
		rd_skip(&body, o->spi_size);
	for (unsigned i = 0; i < transforms; i++)
		if (!transform_read(&body, o))
			return false;
	return rd_end(&body);
}

static bool offer_has(const struct offer *o, uint8_t type, uint16_t id, uint16_t key_bits)
{
	for (unsigned i = 0; i < o->count; i++)
		if (o->t[i].type == type && o->t[i].id == id && o->t[i].key_bits == key_bits)
			return true;
	return false;
}

static bool offer_has_type(const struct offer *o, uint8_t type)
{
	for (unsigned i = 0; i < o->count; i++)
		if (o->t[i].type == type && o->t[i].id != TRANSFORM_NONE)
			return true;
	return false;
}

static bool offer_has_algo(const struct offer *o, const struct algo *a)
{
	return offer_has(o, (uint8_t)a->kind, a->ikev2, a->key_attribute);
}

/* Our first algorithm of that kind which the offer has too. */
static enum algo_id first_common(const struct ike_proposal *p, const struct offer *o,
                                 enum algo_kind kind)
{
	for (unsigned i = 0; i < p->count; i++) {
		const struct algo *a = algo_get(p->algo[i]);

		if (a->kind == kind && offer_has_algo(o, a))
			return a->id;
	}
	return ALGO_NONE;
}

static bool choose_ke(const struct ike_proposal *p, const struct offer *o, enum ike_ke_rule rule,
                      enum algo_id sent, enum algo_id *ke)
{
	static const enum algo_id any[] = {DEFAULT_GROUPS};
	const struct algo *s = algo_get(sent);

	*ke = ALGO_NONE;
	if (rule == IKE_KE_IGNORED)
		return true;
	if (count_kind(p, ALGO_KIND_KE) > 0) {
		*ke = s && ike_proposals_have(p, 1, sent) && offer_has_algo(o, s)
		              ? sent
		              : first_common(p, o, ALGO_KIND_KE);
		return *ke != ALGO_NONE;
	}
	if (!offer_has_type(o, ALGO_KIND_KE) || offer_has(o, ALGO_KIND_KE, TRANSFORM_NONE, 0))
		return rule == IKE_KE_PFS;
	for (unsigned i = 0; rule == IKE_KE_PFS && i < sizeof any / sizeof any[0]; i++)
		if (offer_has_algo(o, algo_get(any[i])) && (*ke == ALGO_NONE || any[i] == sent))
			*ke = any[i];
	return *ke != ALGO_NONE;
}

static bool choose_esn(const struct ike_proposal *p, const struct offer *o, bool *esn)
{
	/* Old peers leave the transform out and mean 32-bit numbers. */
	bool missing = !offer_has(o, TYPE_ESN, ESN_NO, 0) && !offer_has(o, TYPE_ESN, ESN_YES, 0);

	*esn = p->esn && offer_has(o, TYPE_ESN, ESN_YES, 0);
	return *esn || (p->no_esn && (missing || offer_has(o, TYPE_ESN, ESN_NO, 0)));
}

/* Cipher and integrity. AH has no cipher. */
static bool choose_protection(const struct ike_proposal *p, const struct offer *o,
                              enum ike_protocol protocol, struct ike_choice *c)
{
	const struct algo *encr;

	if (protocol == IKE_PROTO_AH) {
		c->integ = first_common(p, o, ALGO_KIND_INTEG);
		return c->integ != ALGO_NONE && !offer_has_type(o, ALGO_KIND_ENCR);
	}
	c->encr = first_common(p, o, ALGO_KIND_ENCR);
	encr = algo_get(c->encr);
	if (!encr)
		return false;
	if (encr->aead) {
		/* INTEG NONE may be named with an AEAD (RFC 7296 2.7), a real one not. */
		if (offer_has_type(o, ALGO_KIND_INTEG) &&
		    !offer_has(o, ALGO_KIND_INTEG, TRANSFORM_NONE, 0))
			return false;
	} else {
		c->integ = first_common(p, o, ALGO_KIND_INTEG);
		if (c->integ == ALGO_NONE)
			return false;
	}
	return true;
}

static bool choose_one(const struct ike_proposal *p, const struct offer *o,
                       enum ike_protocol protocol, enum ike_ke_rule rule, enum algo_id sent,
                       struct ike_choice *c)
{
	memset(c, 0, sizeof *c);
	if (o->foreign || o->protocol != (uint8_t)protocol)
		return false;
	if (!choose_protection(p, o, protocol, c))
		return false;
	if (protocol == IKE_PROTO_IKE) {
		c->prf = first_common(p, o, ALGO_KIND_PRF);
		if (c->prf == ALGO_NONE)
			return false;
	} else if (!choose_esn(p, o, &c->esn)) {
		return false;
	}
	c->number = o->number;
	c->spi = o->spi;
	c->spi_size = o->spi_size;
	return choose_ke(p, o, rule, sent, &c->ke);
}

enum ls_cause ike_proposal_choose(struct ls_bytes sa, enum ike_protocol protocol,
                                  const struct ike_proposal *ours, unsigned n,
                                  enum ike_ke_rule rule, enum algo_id sent, struct ike_choice *out)
{
	bool found = false;
	unsigned best = 0;
	struct rd r = rd_make(sa.p, sa.len);
	struct offer o;

	for (unsigned seen = 0; rd_left(&r) > 0; seen++) {
		struct ike_choice c;

		if (!offer_read(&r, &o) || seen >= IKE_OFFERS_MAX)
			return CAUSE_IKE_SYNTAX;
		for (unsigned i = 0; i < (found ? best : n); i++)
			if (choose_one(&ours[i], &o, protocol, rule, sent, &c)) {
				*out = c;
				found = true;
				best = i;
				break;
			}
	}
	if (!rd_end(&r))
		return CAUSE_IKE_SYNTAX;
	if (found)
		return CAUSE_NONE;
	return protocol == IKE_PROTO_IKE ? CAUSE_IKE_NO_PROPOSAL : CAUSE_IKE_NO_CHILD_PROPOSAL;
}

enum ls_cause ike_choice_read(struct ls_bytes sa, enum ike_protocol protocol,
                              const struct ike_proposal *ours, unsigned n, enum ike_ke_rule rule,
                              struct ike_choice *out)
{
	struct rd r = rd_make(sa.p, sa.len);
	unsigned of_type[TYPE_KNOWN_LAST + 1] = {0};
	struct offer o;

	if (!offer_read(&r, &o) || !rd_end(&r))
		return CAUSE_IKE_SYNTAX;
	for (unsigned i = 0; i < o.count; i++)
		if (++of_type[o.t[i].type] > 1)
			return CAUSE_IKE_BAD_CHOICE;
	for (unsigned i = 0; i < n; i++)
		if (choose_one(&ours[i], &o, protocol, rule, ALGO_NONE, out) &&
		    (out->ke == ALGO_NONE || ike_proposals_have(&ours[i], 1, out->ke)))
			return CAUSE_NONE;
	return CAUSE_IKE_BAD_CHOICE;
}

bool ike_choice_allowed(const struct ike_choice *c, enum ike_protocol protocol,
                        const struct ike_proposal *ours, unsigned n, enum ike_ke_rule rule)
{
	uint8_t bytes[128];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ike_choice again;

	ike_choice_write(&w, c, protocol, 0, 0);
	return wr_ok(&w) && ike_choice_read(LS_BYTES(bytes, w.len), protocol, ours, n, rule,
	                                    &again) == CAUSE_NONE;
}

/* "A+B/C/D+E": kinds are separated by slashes, alternatives by plus signs. */
static void kinds_text(struct ike_text *t, const uint16_t *algo, unsigned n)
{
	static const enum algo_kind order[] = {ALGO_KIND_ENCR, ALGO_KIND_INTEG, ALGO_KIND_PRF,
	                                       ALGO_KIND_KE};
	bool any = false;

	for (unsigned k = 0; k < sizeof order / sizeof order[0]; k++) {
		bool first = true;

		for (unsigned i = 0; i < n; i++) {
			const struct algo *a = algo_get(algo[i]);

			if (!a || a->kind != order[k])
				continue;
			ike_text_add(t, !first ? "+" : any ? "/" : "");
			ike_text_algo(t, a->id);
			first = false;
			any = true;
		}
	}
}

void ike_proposals_text(const struct ike_proposal *p, unsigned n, char *out, size_t cap)
{
	struct ike_text t = ike_text_make(out, cap);

	for (unsigned i = 0; i < n; i++) {
		ike_text_add(&t, i ? ", " : "");
		kinds_text(&t, p[i].algo, p[i].count);
	}
}

/* Transforms that are not known are named by their numbers: people can look them up. */
static void offer_text(struct ike_text *t, const struct offer *o)
{
	static const uint8_t order[] = {ALGO_KIND_ENCR, ALGO_KIND_INTEG, ALGO_KIND_PRF,
	                                ALGO_KIND_KE};
	bool any = false;

	for (unsigned k = 0; k < sizeof order; k++) {
		bool first = true;

		for (unsigned i = 0; i < o->count; i++) {
			const struct algo *a = algo_by_ikev2((enum algo_kind)order[k], o->t[i].id,
			                                     o->t[i].key_bits);

			if (o->t[i].type != order[k] || o->t[i].id == TRANSFORM_NONE)
				continue;
			ike_text_add(t, !first ? "+" : any ? "/" : "");
			first = false;
			any = true;
			if (a) {
				ike_text_algo(t, a->id);
				continue;
			}
			ike_text_add(t, "#");
			ike_text_number(t, order[k]);
			ike_text_add(t, ".");
			ike_text_number(t, o->t[i].id);
		}
	}
}

void ike_offers_text(struct ls_bytes sa, enum ike_protocol protocol, char *out, size_t cap)
{
	struct ike_text t = ike_text_make(out, cap);
	struct rd r = rd_make(sa.p, sa.len);
	struct offer o;

	while (rd_left(&r) > 0 && offer_read(&r, &o)) {
		if (o.protocol != (uint8_t)protocol)
			continue;
		ike_text_add(&t, t.len ? ", " : "");
		offer_text(&t, &o);
	}
}

void ike_choice_text(const struct ike_choice *c, char *out, size_t cap)
{
	struct ike_text t = ike_text_make(out, cap);
	const enum algo_id ids[] = {c->encr, c->integ, c->prf, c->ke};
	bool any = false;

	for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		if (ids[i] == ALGO_NONE)
			continue;
		ike_text_add(&t, any ? ", " : "");
		ike_text_algo(&t, ids[i]);
		any = true;
	}
}
