/* What no engine of ours says: messages with the keys of a side that the test has put together, and
 * bare ones. */
#ifndef TESTS_UNIT_IKE_FORGE_H
#define TESTS_UNIT_IKE_FORGE_H

#include "ike/ike_sa.h"
#include "tests/unit/ike/ike_pair.h"

/* The newest IKE SA of a side that has not ended. */
static inline struct ike_sa *forge_sa(const struct pair *p, unsigned side)
{
	struct ike_sa *sa = p->side[side].ike->sas;

	while (sa && sa->state == IKE_S_DEAD)
		sa = sa->next;
	ck_assert_ptr_nonnull(sa);
	return sa;
}

static inline struct ike_build forge_build(void)
{
	static uint8_t bytes[16384];

	return ike_build_make(bytes, sizeof bytes);
}

/* The other side gets these bytes as if they came from `side`, port to port; what it answers is
 * then in the queue. */
static inline void forge_bytes(struct pair *p, unsigned side, uint16_t port, struct ls_bytes bytes)
{
	size_t skip = port == IKE_PORT_NAT ? IKE_MARKER_SIZE : 0;
	struct pair_message m = {.len = skip + bytes.len,
	                         .from = ls_addr_with_port(p->side[side].ip, port),
	                         .to = ls_addr_with_port(p->side[1 - side].ip, port),
	                         .side = side};

	m.bytes = calloc(1, m.len + 1);
	if (bytes.len)
		memcpy(m.bytes + skip, bytes.p, bytes.len);
	pair_give(p, &m);
	free(m.bytes);
}

/* Sealed with the side's keys; NULL payloads: none. */
static inline void forge_sealed(struct pair *p, unsigned side, const struct ike_header *h,
                                struct ike_build *b)
{
	struct ike_sa *sa = forge_sa(p, side);
	struct ike_packets packets = {0};
	struct ls_bytes one;
	struct rd r;

	ck_assert(ike_sa_seal(sa, h, b, &packets));
	r = rd_make(packets.bytes, packets.len);
	while (ike_packets_next(&r, &one))
		forge_bytes(p, side, sa->local.port, one);
	ike_packets_free(&packets);
}

static inline void forge_request(struct pair *p, unsigned side, uint8_t exchange, uint32_t id,
                                 struct ike_build *b)
{
	struct ike_header h = ike_sa_header(forge_sa(p, side), exchange, false, id);

	forge_sealed(p, side, &h, b);
}

static inline void forge_response(struct pair *p, unsigned side, uint8_t exchange, uint32_t id,
                                  struct ike_build *b)
{
	struct ike_header h = ike_sa_header(forge_sa(p, side), exchange, true, id);

	forge_sealed(p, side, &h, b);
}

/* An IKE_SA_INIT message from these payloads: B's are answers, and A's with a responder's SPI. */
static inline void forge_init(struct pair *p, unsigned side, uint64_t spi_i, uint64_t spi_r,
                              struct ike_build *b)
{
	uint8_t bytes[4096];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ike_header h = {.spi_i = spi_i,
	                       .spi_r = spi_r,
	                       .next = b->first,
	                       .major = 2,
	                       .exchange = IKE_X_INIT,
	                       .flags =
	                               side == 1 || spi_r ? IKE_FLAG_RESPONSE : IKE_FLAG_INITIATOR};

	ike_build_end(b);
	h.length = (uint32_t)(IKE_HEADER_SIZE + b->w.len);
	ike_header_write(&w, &h);
	wr_bytes(&w, b->w.p, b->w.len);
	ck_assert(wr_ok(&w) && wr_ok(&b->w));
	forge_bytes(p, side, IKE_PORT, LS_BYTES(bytes, w.len));
}

/* The keys that a message under these SPIs has, as long as one of both knows them. */
static inline const struct ike_keys *forge_keys(const struct pair *p, const struct ike_header *h)
{
	for (unsigned i = 0; i < 2; i++)
		for (struct ike_sa *sa = p->side[i].ike->sas; sa; sa = sa->next)
			if (sa->spi_i == h->spi_i && sa->spi_r == h->spi_r && sa->keys.all.bytes)
				return &sa->keys;
	return NULL;
}

/* What the newest message on the way says, opened if need be. */
static inline void forge_newest(struct pair *p, struct ike_header *h, struct ike_payloads *in)
{
	static uint8_t scratch[IKE_MESSAGE_MAX];
	const struct pair_message *m;
	size_t skip;
	struct ike_opened o;
	struct rd r;

	ck_assert_uint_ne(p->head, p->tail);
	m = &p->queue[(p->tail - 1) % PAIR_QUEUE_MAX];
	skip = m->to.port == IKE_PORT_NAT ? IKE_MARKER_SIZE : 0;
	r = rd_make(m->bytes + skip, m->len - skip);
	ck_assert(ike_header_read(&r, h));
	o = (struct ike_opened){.first = h->next, .plain = LS_BYTES(r.p + r.pos, rd_left(&r))};
	if (h->next == IKE_P_SK) {
		const struct ike_keys *keys = forge_keys(p, h);

		ck_assert_ptr_nonnull(keys);
		ck_assert_int_eq(ike_open(keys, h->flags & IKE_FLAG_INITIATOR, h,
		                          LS_BYTES(m->bytes + skip, m->len - skip), scratch, &o),
		                 CAUSE_NONE);
	}
	r = rd_make(o.plain.p, o.plain.len);
	ck_assert_int_eq(ike_payloads_read(o.first, &r, in), CAUSE_NONE);
}

/* One message came since `tail`: a response whose only payload is that notify. */
static inline void forge_answered(struct pair *p, unsigned tail, uint16_t notify)
{
	struct ike_payloads in;
	struct ike_header h;

	ck_assert_uint_eq(p->tail - tail, 1);
	forge_newest(p, &h, &in);
	ck_assert(h.flags & IKE_FLAG_RESPONSE);
	ck_assert_uint_eq(in.notifies, 1);
	ck_assert_uint_eq(in.notify[0].type, notify);
	ck_assert(!in.sa.p && !in.auth.p);
}

/* Both have keys, and A's IKE_AUTH has been lost. */
static inline void forge_before_auth(struct pair *p)
{
	ike_start(p->side[0].ike, 1, p->now);
	pair_deliver_one(p);
	pair_deliver_one(p);
	pair_drop(p);
	ck_assert_int_eq(forge_sa(p, 0)->state, IKE_S_AUTH);
	ck_assert(forge_sa(p, 1)->state == IKE_S_INIT && ike_half_open(p->side[1].ike) == 1);
}

/* The identity of a side, and the proof that it is what it says. */
static inline void forge_proof(struct pair *p, unsigned side, const char *id, uint8_t method,
                               struct ike_build *b)
{
	struct ike_sa *sa = forge_sa(p, side);
	struct ike_identity who = pair_id(id);
	uint8_t body[4 + IKE_IDENTITY_MAX], mac[CRYPTO_HASH_MAX], auth[CRYPTO_HASH_MAX];
	struct wr w = wr_make(body, sizeof body);
	struct ike_auth_request a = {
		.prf = sa->keys.prf, .message = sa->init_local, .nonce = sa->nonce_remote};
	size_t len;

	ike_id_write(&w, &who);
	a.id_mac = LS_BYTES(mac, ike_keys_id_mac(&sa->keys, side == 0, LS_BYTES(body, w.len), mac));
	len = pair_auth(&p->side[side], &a, auth);
	ike_build_bytes(b, side == 0 ? IKE_P_IDI : IKE_P_IDR, LS_BYTES(body, w.len));
	ike_build_begin(b, IKE_P_AUTH);
	wr_u8(&b->w, method);
	wr_zero(&b->w, 3);
	wr_bytes(&b->w, auth, len);
	ike_build_end(b);
}

/* An offer (or with one algorithm of a kind: a choice) for ESP with that SPI. */
static inline void forge_esp(struct ike_build *b, const struct ike_proposal *p, unsigned n,
                             uint32_t spi, enum ike_ke_rule rule)
{
	ike_build_begin(b, IKE_P_SA);
	ike_proposals_write(&b->w, p, n, IKE_PROTO_ESP, spi, 4, rule);
	ike_build_end(b);
}

/* Selectors for L2TP between these addresses. */
static inline void forge_ts(struct ike_build *b, const struct ls_addr *i, const struct ls_addr *r)
{
	struct ike_ts tsi = ike_ts_ours(i, false), tsr = ike_ts_ours(r, false);

	ike_build_begin(b, IKE_P_TSI);
	ike_ts_write(&b->w, &tsi);
	ike_build_begin(b, IKE_P_TSR);
	ike_ts_write(&b->w, &tsr);
	ike_build_end(b);
}

#endif
