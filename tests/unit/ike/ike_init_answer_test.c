/* IKE_SA_INIT as responder: what costs nothing, what costs a half-open SA, and how many of these.
 */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

START_TEST(cookie)
{
	struct ike_limits limits = {.cookie_threshold = 1};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
	struct pair *other = pair_new();
	uint8_t *first;
	size_t len;

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	/* Somebody else's half-open SA makes B ask for cookies. */
	ike_start(other->side[0].ike, 1, other->now);
	pair_pump(&other->side[0]);
	first = other->queue[0].bytes;
	len = other->queue[0].len;
	ike_input(p->side[1].ike,
	          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
	                                 .remote = ls_addr_v4(0x08080808, 500),
	                                 .bytes = first,
	                                 .len = len},
	          p->now);
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 1);
	pair_up(p);
	ck_assert_uint_eq(p->sent[0], 3);
	ck_assert_uint_eq(ike_counters(p->side[1].ike)->by_cause[CAUSE_IKE_COOKIE_WANTED], 1);
	pair_free(other);
	pair_free(p);
}
END_TEST

/* A cookie and then another group: the cookie stays in the message (2.6.1). */
START_TEST(cookie_and_invalid_ke)
{
	struct ike_limits limits = {.cookie_threshold = 1};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits), *other = pair_new();
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);

	b.ike_count = 1;
	b.ike[0] = (struct ike_proposal){.count = 3,
	                                 .algo = {ALGO_AES128_GCM, ALGO_PRF_SHA256, ALGO_MODP2048}};
	pair_set(p, 0, &a);
	b.tunnel = 9;
	b.remote_id = pair_id("x.example");
	b.ike_count = 0;
	b.remote[0] = ls_addr_v4(0x08080808, 0);
	pair_set(p, 1, &b);
	b = pair_peer(p, 1);
	b.ike_count = 1;
	b.ike[0] = (struct ike_proposal){.count = 3,
	                                 .algo = {ALGO_AES128_GCM, ALGO_PRF_SHA256, ALGO_MODP2048}};
	pair_set(p, 1, &b);
	ike_start(other->side[0].ike, 1, other->now);
	pair_pump(&other->side[0]);
	ike_input(p->side[1].ike,
	          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
	                                 .remote = ls_addr_v4(0x08080808, 500),
	                                 .bytes = other->queue[0].bytes,
	                                 .len = other->queue[0].len},
	          p->now);
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 1);
	pair_up(p);
	ck_assert_uint_eq(p->sent[0], 4);
	pair_free(other);
	pair_free(p);
}
END_TEST

/* A flood from many addresses and one: bounded, cookies asked, and a real peer still gets in. */
START_TEST(flood_is_bounded)
{
	struct ike_limits limits = {
		.cookie_threshold = 20, .max_half_open = 40, .max_half_open_per_source = 5};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits), *other = pair_new();
	struct ike_request r;
	uint8_t *bytes;
	size_t len;

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	ike_start(other->side[0].ike, 1, other->now);
	pair_pump(&other->side[0]);
	bytes = other->queue[0].bytes;
	len = other->queue[0].len;
	for (unsigned i = 0; i < 300; i++) {
		struct ls_addr from =
			ls_addr_v4(i < 10 ? 0x08080808 : 0x09000000 + i, (uint16_t)(500 + i));

		ls_put64(bytes, 0x1000 + i);
		ike_input(p->side[1].ike,
		          &(struct ike_datagram){.local = ls_addr_with_port(p->side[1].ip, 500),
		                                 .remote = from,
		                                 .bytes = bytes,
		                                 .len = len},
		          p->now);
		while (ike_next(p->side[1].ike, &r))
			;
		if (i == 9)
			ck_assert_uint_eq(ike_half_open(p->side[1].ike), 5);
	}
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 20);
	pair_up(p);
	pair_pass(p, LS_S(60));
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 0);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(other);
	pair_free(p);
}
END_TEST

START_TEST(no_common_proposal)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);
	const struct pair_note *down, *event;

	b.ike[0] = pair_ike_proposal(ALGO_AES192_GCM, ALGO_NONE, ALGO_PRF_SHA512, ALGO_ECP521);
	b.ike_count = 1;
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(10));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	event = pair_event(&p->side[1], CAUSE_IKE_NO_PROPOSAL);
	ck_assert(down && event);
	ck_assert_int_eq(down->cause, CAUSE_IKE_NO_PROPOSAL);
	ck_assert_ptr_nonnull(strstr(event->text, "the peer offered AES-256-GCM"));
	ck_assert_ptr_nonnull(strstr(event->text, "we accept AES-192-GCM/SHA-512/ECP-521"));
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

/* A call, right but for one thing. */
enum wrong {
	RIGHT,
	NO_SA,
	NO_KE,
	NO_NONCE,
	OTHER_CIPHER,
	OTHER_GROUP,
	WEAK,
	SYNTAX,
	CRITICAL,
	BAD_SA,
	WRONGS
};

static void call(struct ike_build *b, enum wrong w)
{
	static const uint8_t nonce[32] = {1}, weak[32];
	static const uint8_t value[64] = {9};
	struct ike_proposal p =
		pair_ike_proposal(w == OTHER_CIPHER ? ALGO_AES192_GCM : ALGO_AES256_GCM, ALGO_NONE,
	                          ALGO_PRF_SHA384, ALGO_X25519);

	if (w == CRITICAL) {
		ike_build_bytes(b, 201, LS_BYTES("x", 1));
		b->w.p[b->last + 1] = 0x80;
	}
	if (w != NO_SA) {
		ike_build_begin(b, IKE_P_SA);
		ike_proposals_write(&b->w, &p, 1, IKE_PROTO_IKE, 0, 0, IKE_KE_NEEDED);
		if (w == BAD_SA)
			wr_u8(&b->w, 0);
	}
	if (w != NO_KE)
		ike_build_ke(b, w == OTHER_GROUP ? 19 : 31,
		             w == WEAK ? LS_BYTES(weak, 32)
		                       : LS_BYTES(value, w == OTHER_GROUP ? 64 : 32));
	if (w != NO_NONCE)
		ike_build_bytes(b, IKE_P_NONCE, LS_BYTES(nonce, w == SYNTAX ? 15 : 32));
	ike_build_end(b);
}

/* What comes back for each, what is counted, and whether anything is kept. */
START_TEST(calls)
{
	static const struct {
		uint16_t notify; /* 0: nothing comes back */
		enum ls_cause cause;
	} rows[WRONGS] = {
		[NO_SA] = {0, CAUSE_MALFORMED},
		[NO_KE] = {0, CAUSE_MALFORMED},
		[NO_NONCE] = {0, CAUSE_MALFORMED},
		[OTHER_CIPHER] = {IKE_N_NO_PROPOSAL_CHOSEN, CAUSE_IKE_NO_PROPOSAL},
		[OTHER_GROUP] = {IKE_N_INVALID_KE_PAYLOAD, CAUSE_NONE},
		[WEAK] = {IKE_N_INVALID_SYNTAX, CAUSE_IKE_BAD_KEY_EXCHANGE},
		[SYNTAX] = {0, CAUSE_MALFORMED},
		[CRITICAL] = {IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, CAUSE_MALFORMED},
		[BAD_SA] = {0, CAUSE_MALFORMED},
	};

	for (enum wrong w = RIGHT; w < WRONGS; w++) {
		struct pair *p = pair_new();
		struct ike_build b = forge_build();
		struct ike_payloads in;
		struct ike_header h;

		call(&b, w);
		forge_init(p, 0, 0x77, 0, &b);
		if (rows[w].cause != CAUSE_NONE)
			ck_assert_msg(pair_counted(&p->side[1], rows[w].cause) >= 1, "%d", (int)w);
		ck_assert_uint_eq(pair_ike_sas(&p->side[1]), w == RIGHT);
		ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
		ck_assert_msg(p->tail - p->head == (w == RIGHT || rows[w].notify), "%d", (int)w);
		if (p->tail == p->head) {
			pair_free(p);
			continue;
		}
		forge_newest(p, &h, &in);
		ck_assert(h.spi_i == 0x77 && h.id == 0 && h.exchange == IKE_X_INIT &&
		          h.flags == IKE_FLAG_RESPONSE);
		if (w == RIGHT) {
			ck_assert(h.spi_r != 0 && in.sa.p && in.ke_group == 31 &&
			          in.nonce.len == IKE_NONCE_SIZE);
			/* It did not speak of NATs or fragments, so neither do we. */
			ck_assert_uint_eq(in.notifies, 0);
		} else {
			ck_assert_uint_eq(h.spi_r, 0);
			ck_assert_uint_eq(in.notify[0].type, rows[w].notify);
		}
		if (w == OTHER_GROUP)
			ck_assert_uint_eq(ls_get16(in.notify[0].data.p), 31);
		if (w == CRITICAL)
			ck_assert(in.notify[0].data.len == 1 && in.notify[0].data.p[0] == 201);
		pair_free(p);
	}
}
END_TEST

/* 2.1: the same bytes again get the same bytes back, and no second SA; other bytes with the same
 * SPI are another caller behind the same NAT. */
START_TEST(repeated)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	struct pair_message *first, *again;

	call(&b, RIGHT);
	forge_init(p, 0, 0x77, 0, &b);
	forge_init(p, 0, 0x77, 0, &b);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 1);
	ck_assert_uint_eq(p->tail, 2);
	first = &p->queue[0];
	again = &p->queue[1];
	ck_assert_uint_eq(first->len, again->len);
	ck_assert_mem_eq(first->bytes, again->bytes, first->len);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_RETRANSMITTED), 1);
	ike_build_bytes(&b, IKE_P_VENDOR, LS_BYTES("another host", 12));
	forge_init(p, 0, 0x77, 0, &b);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 2);
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 2);
	pair_free(p);
}
END_TEST

/* The call of an SA that stands, out of the past: nothing comes of it. */
START_TEST(repeated_late)
{
	struct pair *p = pair_new();
	uint8_t call_bytes[2048];
	size_t len;
	unsigned sent;

	ike_start(p->side[0].ike, 1, p->now);
	pair_cross(p);
	len = p->queue[0].len;
	ck_assert_uint_le(len, sizeof call_bytes);
	memcpy(call_bytes, p->queue[0].bytes, len);
	pair_run(p);
	sent = p->sent[1];
	forge_bytes(p, 0, 500, LS_BYTES(call_bytes, len));
	ck_assert_uint_eq(pair_established(&p->side[1]), 1);
	/* recv_id has moved on: it is a new call for all that anybody can tell, and stays half
	 * open. */
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 1);
	ck_assert_uint_eq(p->sent[1], sent + 1);
	pair_drop(p);
	pair_pass(p, LS_S(IKE_HALF_OPEN_S + 1));
	pair_settled(p);
	pair_free(p);
}
END_TEST

/* No SPI, or a message id that IKE_SA_INIT cannot have; and a gateway without peers. */
START_TEST(nobody_answers)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();

	call(&b, RIGHT);
	forge_init(p, 0, 0, 0, &b);
	ike_peer_remove(p->side[1].ike, 2, CAUSE_CONFIG_CHANGED, p->now);
	forge_init(p, 0, 0x77, 0, &b);
	ck_assert_uint_eq(p->sent[1], 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

/* Errors that anybody can provoke: ten in a second, then silence until the next one; cookies and
 * INVALID_KE_PAYLOAD cost no more than what they answer and are not counted in. */
START_TEST(unprotected_errors_are_limited)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();

	call(&b, CRITICAL);
	for (unsigned second = 0; second < 2; second++) {
		unsigned sent = p->sent[1];

		for (unsigned i = 0; i < 30; i++)
			forge_init(p, 0, 0x100 + i, 0, &b);
		ck_assert_uint_eq(p->sent[1] - sent, IKE_UNPROTECTED_PER_S);
		p->now += LS_S(1);
	}
	b = forge_build();
	call(&b, OTHER_GROUP);
	{
		unsigned sent = p->sent[1];

		for (unsigned i = 0; i < 30; i++)
			forge_init(p, 0, 0x100 + i, 0, &b);
		ck_assert_uint_eq(p->sent[1] - sent, 30);
	}
	pair_free(p);
}
END_TEST

/* The text of a refused proposal is an event so many times a second, too. */
START_TEST(no_proposal_is_limited)
{
	struct pair *p = pair_new();
	struct ike_build b = forge_build();
	unsigned events = 0;

	call(&b, OTHER_CIPHER);
	for (unsigned i = 0; i < 30; i++)
		forge_init(p, 0, 0x100 + i, 0, &b);
	for (unsigned i = 0; i < p->side[1].notes; i++)
		events += p->side[1].note[i].cause == CAUSE_IKE_NO_PROPOSAL;
	ck_assert_uint_eq(events, IKE_UNPROTECTED_PER_S);
	ck_assert_uint_eq(p->sent[1], IKE_UNPROTECTED_PER_S);
	pair_free(p);
}
END_TEST

/* With a cookie there is room again for one source, and no more than that. */
START_TEST(room_with_a_cookie)
{
	struct ike_limits limits = {
		.max_half_open_per_source = 2, .max_half_open = 5, .cookie_threshold = 100};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
	struct ike_peer c = pair_peer(p, 1);
	struct ike_payloads in;
	struct ike_header h;

	pair_set(p, 1, &c);
	for (unsigned i = 0; i < 6; i++) {
		struct ike_build b = forge_build();
		uint8_t shown[IKE_COOKIE_SIZE];

		call(&b, RIGHT);
		forge_init(p, 0, 0x100 + i, 0, &b);
		forge_newest(p, &h, &in);
		ck_assert(h.spi_i == 0x100 + i && (h.spi_r != 0) == (i < 2));
		if (i < 2)
			continue;
		ck_assert_uint_eq(in.notify[0].type, IKE_N_COOKIE);
		ck_assert_uint_eq(in.notify[0].data.len, sizeof shown);
		memcpy(shown, in.notify[0].data.p, sizeof shown);
		b = forge_build();
		ike_build_notify(&b, 0, IKE_N_COOKIE, LS_BYTES(NULL, 0),
		                 LS_BYTES(shown, sizeof shown));
		call(&b, RIGHT);
		forge_init(p, 0, 0x100 + i, 0, &b);
		ck_assert_uint_eq(ike_half_open(p->side[1].ike), i < 4 ? i + 1 : 4);
	}
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_HALF_OPEN_LIMIT), 2);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_COOKIE_WANTED), 4);
	pair_free(p);
}
END_TEST

/* All of them together are bounded as well, cookie or not. */
START_TEST(half_open_are_bounded)
{
	struct ike_limits limits = {.max_half_open = 3, .cookie_threshold = 100};
	struct pair *p = pair_new_at("192.0.2.1", "198.51.100.2", &limits);
	struct ike_peer c = pair_peer(p, 1);
	struct ike_build b = forge_build();

	pair_set(p, 1, &c);
	call(&b, RIGHT);
	for (unsigned i = 0; i < 5; i++)
		forge_init(p, 0, 0x100 + i, 0, &b);
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 3);
	ck_assert_uint_eq(p->sent[1], 3);
	ck_assert_uint_eq(pair_counted(&p->side[1], CAUSE_IKE_HALF_OPEN_LIMIT), 2);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike init answer", cookie, cookie_and_invalid_ke, flood_is_bounded, no_common_proposal,
         calls, repeated, repeated_late, nobody_answers, unprotected_errors_are_limited,
         no_proposal_is_limited, room_with_a_cookie, half_open_are_bounded)
