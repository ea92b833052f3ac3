/* Tests of the state machines: who is answered what, secrets and challenges, and messages that do
 * not fit. */
#include "l2tp/l2tp_wire.h"
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

/* By Python's hashlib, after RFC 2661 5.1.1. */
static const uint8_t answer_sccrp[] = {0xa2, 0x8b, 0xf3, 0xd7, 0x4b, 0x7f, 0x23, 0xc9,
                                       0xdb, 0x65, 0x31, 0xad, 0x79, 0x25, 0xa8, 0x99};
static const char secret[] = "open sesame";

static struct ls_bytes vector16(uint8_t vector[16], uint8_t first)
{
	for (unsigned i = 0; i < 16; i++)
		vector[i] = (uint8_t)(first + i);
	return LS_BYTES(vector, 16);
}

static struct ls_bytes sccrq_begin(struct wr *w, uint16_t id)
{
	l2tp_message_begin(w, L2TP_SCCRQ);
	l2tp_avp_u16(w, L2TP_AVP_VERSION, 0x0100);
	l2tp_avp_u32(w, L2TP_AVP_FRAMING, 3);
	l2tp_avp_bytes(w, L2TP_AVP_HOST_NAME, "test", 4);
	if (id)
		l2tp_avp_u16(w, L2TP_AVP_CONNECTION, id);
	return LS_BYTES(w->p, w->len);
}

/* Gives the message to side 1 and reads its first answer. */
static bool ask(struct pair *p, struct wr *w, uint16_t ns, struct l2tp_in *in)
{
	struct l2tp_request r;

	l2tp_message_stamp(w->p, w->len, 0, 0, ns, 0);
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, w->p, w->len, p->now);
	while (l2tp_next(p->side[1].l2tp, &r))
		if (r.kind == L2TP_REQ_SEND) {
			ck_assert_int_eq(
				l2tp_message_read(r.bytes.p, r.bytes.len, LS_BYTES(NULL, 0), in),
				CAUSE_NONE);
			return true;
		}
	return false;
}

START_TEST(test_challenge_is_answered)
{
	struct pair *p = pair_new(1, secret, secret);
	uint8_t bytes[L2TP_MESSAGE_MAX], challenge[16];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ls_bytes c = vector16(challenge, 0x40);
	struct l2tp_in in;

	sccrq_begin(&w, 77);
	l2tp_avp_bytes(&w, L2TP_AVP_CHALLENGE, c.p, c.len);
	ck_assert(ask(p, &w, 0, &in));
	ck_assert_uint_eq(in.type, L2TP_SCCRP);
	ck_assert(in.has_response);
	ck_assert_mem_eq(in.response, answer_sccrp, sizeof answer_sccrp);
	ck_assert_uint_eq(in.connection, 77);
	pair_free(p);
}
END_TEST

/* Both know each other, also where the name goes hidden; another vendor's is a stranger. */
START_TEST(our_own_kind_is_known)
{
	struct pair *p = pair_new(1, secret, secret);

	for (unsigned i = 0; i < 2; i++) {
		struct l2tp_peer peer = pair_peer("name", secret);

		peer.hide_avps = _i != 0;
		ck_assert_int_eq(l2tp_peer_set(p->side[i].l2tp, &peer), CAUSE_NONE);
	}
	pair_up(p);
	ck_assert(p->side[0].data.own_kind);
	ck_assert(p->side[1].data.own_kind);
	pair_free(p);
}
END_TEST

static void say(struct pair *p, struct wr *w, uint16_t connection, uint16_t session, uint16_t ns)
{
	l2tp_message_stamp(w->p, w->len, connection, session, ns, 1);
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, w->p, w->len, p->now);
}

START_TEST(another_vendor_is_not_our_kind)
{
	static const char *const names[] = {NULL, "", "l2tpse", "l2tpsecd", "L2TPSEC"};
	struct pair *p = pair_new(1, "", "");
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct l2tp_request r;
	struct l2tp_in in;
	bool up = false;

	sccrq_begin(&w, 77);
	if (names[_i])
		l2tp_avp_optional(&w, L2TP_AVP_VENDOR_NAME, names[_i], strlen(names[_i]));
	ck_assert(ask(p, &w, 0, &in));
	ck_assert_str_eq(in.vendor_name, "l2tpsec");
	uint16_t connection = in.assigned_connection;
	w = wr_make(bytes, sizeof bytes);
	l2tp_message_begin(&w, L2TP_SCCCN);
	say(p, &w, connection, 0, 1);
	w = wr_make(bytes, sizeof bytes);
	l2tp_message_begin(&w, L2TP_ICRQ);
	l2tp_avp_u16(&w, L2TP_AVP_SESSION, 5);
	l2tp_avp_u32(&w, L2TP_AVP_SERIAL, 1);
	say(p, &w, connection, 0, 2);
	in.assigned_session = 0;
	while (l2tp_next(p->side[1].l2tp, &r))
		if (r.kind == L2TP_REQ_SEND)
			l2tp_message_read(r.bytes.p, r.bytes.len, LS_BYTES(NULL, 0), &in);
	ck_assert_uint_ne(in.assigned_session, 0);
	w = wr_make(bytes, sizeof bytes);
	l2tp_message_begin(&w, L2TP_ICCN);
	l2tp_avp_u32(&w, L2TP_AVP_SPEED, 1000);
	l2tp_avp_u32(&w, L2TP_AVP_FRAMING_TYPE, 1);
	say(p, &w, connection, in.assigned_session, 3);
	while (l2tp_next(p->side[1].l2tp, &r))
		if (r.kind == L2TP_REQ_SESSION_UP) {
			up = true;
			ck_assert(!r.data.own_kind);
		}
	ck_assert(up);
	pair_free(p);
}
END_TEST

START_TEST(test_hidden_id_is_read)
{
	struct pair *p = pair_new(1, secret, secret);
	uint8_t bytes[L2TP_MESSAGE_MAX], vector[16], cover[8];
	const uint8_t id[] = {0x12, 0x34};
	struct wr w = wr_make(bytes, sizeof bytes);
	struct ls_bytes v = vector16(vector, 9);
	struct l2tp_in in;
	size_t n = l2tp_hide(L2TP_AVP_CONNECTION, LS_BYTES(secret, strlen(secret)), v,
	                     LS_BYTES(id, 2), cover, sizeof cover);

	sccrq_begin(&w, 0);
	l2tp_avp_bytes(&w, L2TP_AVP_RANDOM_VECTOR, v.p, v.len);
	wr_u16(&w, (uint16_t)(0xc000 | (6 + n)));
	wr_u16(&w, 0);
	wr_u16(&w, L2TP_AVP_CONNECTION);
	wr_bytes(&w, cover, n);
	ck_assert(ask(p, &w, 0, &in));
	ck_assert_uint_eq(in.type, L2TP_SCCRP);
	ck_assert_uint_eq(in.connection, 0x1234);
	pair_free(p);
}
END_TEST

START_TEST(test_unknown_avps)
{
	for (unsigned mandatory = 0; mandatory < 2; mandatory++) {
		struct pair *p = pair_new(1, "", "");
		uint8_t bytes[L2TP_MESSAGE_MAX];
		struct wr w = wr_make(bytes, sizeof bytes);
		struct l2tp_in in;

		sccrq_begin(&w, 77);
		wr_u16(&w, mandatory ? 0x8008 : 0x0008);
		wr_u16(&w, 0);
		wr_u16(&w, 999);
		wr_u16(&w, 0);
		ck_assert(ask(p, &w, 0, &in));
		ck_assert_uint_eq(in.type, mandatory ? L2TP_STOPCCN : L2TP_SCCRP);
		if (mandatory) {
			ck_assert_uint_eq(in.result, 2);
			ck_assert_uint_eq(in.error, 8);
			ck_assert_str_eq(in.text, "attribute 999");
		}
		pair_free(p);
	}
}
END_TEST

START_TEST(test_secret_right)
{
	struct pair *p = pair_new(3, "open sesame", "open sesame");

	pair_up(p);
	pair_free(p);
}
END_TEST

START_TEST(test_all_hidden)
{
	struct pair *p = pair_new(30, "open sesame", "open sesame");

	for (unsigned i = 0; i < 2; i++) {
		struct l2tp_peer peer = pair_peer(i ? "head" : "branch", "open sesame");

		peer.hide_avps = true;
		ck_assert_int_eq(l2tp_peer_set(p->side[i].l2tp, &peer), CAUSE_NONE);
	}
	pair_up(p);
	ck_assert_uint_eq(p->side[0].data.peer_session, p->side[1].data.session);
	l2tp_hang_up(p->side[0].l2tp, p->side[0].data.session, CAUSE_PEER_ASKED, p->now);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[1].down, 1);
	ck_assert_uint_eq(p->side[1].closed, 1);
	pair_free(p);
}
END_TEST

static void expect_refusal(const char *a, const char *b, enum ls_cause why)
{
	struct pair *p = pair_new(4, a, b);

	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(5));
	ck_assert_uint_eq(p->side[0].up + p->side[1].up, 0);
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_int_eq(p->side[0].down_cause, why);
	pair_run(p, LS_S(80));
	ck_assert_int_eq(l2tp_deadline(p->side[0].l2tp), LS_NEVER);
	ck_assert_int_eq(l2tp_deadline(p->side[1].l2tp), LS_NEVER);
	pair_free(p);
}

START_TEST(test_secret_wrong_or_missing)
{
	expect_refusal("open sesame", "close sesame", CAUSE_L2TP_AUTH);
	expect_refusal("open sesame", "", CAUSE_L2TP_NOT_AUTHORIZED);
	expect_refusal("", "open sesame", CAUSE_L2TP_NO_SECRET);
}
END_TEST

static unsigned lost_type;

static bool insist(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	uint8_t other[L2TP_MESSAGE_MAX];

	if (pair_type(bytes, len) != lost_type)
		return true;
	memcpy(other, bytes, len);
	other[18] = 0x77;
	pair_put(p, !from, PAIR_CHAIN, other, len);
	return false;
}

/* A message that nobody knows and the sender insists on ends the connection (RFC 2661 4.4.1). */
START_TEST(test_an_unknown_message_that_matters)
{
	struct pair *p = pair_new(11, "", "");

	lost_type = 10;
	p->filter = insist;
	l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now);
	pair_run(p, LS_S(2));
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert(p->side[0].down_by_peer);
	ck_assert_ptr_nonnull(strstr(p->side[0].down_text, "attribute 0"));
	ck_assert_uint_eq(p->side[1].closed, 1);
	pair_free(p);
}
END_TEST

static uint16_t last_type, last_result;

static bool watch(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	struct l2tp_in in;

	(void)p;
	if (from == 1 && l2tp_message_read(bytes, len, LS_BYTES(NULL, 0), &in) == CAUSE_NONE &&
	    !in.zlb) {
		last_type = in.type;
		last_result = in.result;
	}
	return true;
}

/* A call in the other direction, from the office's telephone exchange: not here (7.5). */
START_TEST(outgoing_calls_are_refused)
{
	struct pair *p = pair_new(5, "", "");
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct l2tp_session_view view;

	pair_up(p);
	p->filter = watch;
	ck_assert(l2tp_session_view(p->side[1].l2tp, 0, &view));
	ck_assert(l2tp_session_view_of(p->side[1].l2tp, view.session, &view));
	ck_assert(!l2tp_session_view_of(p->side[1].l2tp, (uint16_t)(view.session + 1), &view));
	l2tp_message_begin(&w, L2TP_OCRQ);
	l2tp_avp_u16(&w, L2TP_AVP_SESSION, 77);
	wr_patch_u16(&w, 0, 0xc802);
	wr_patch_u16(&w, 2, (uint16_t)w.len);
	wr_patch_u16(&w, 4, view.connection);
	wr_patch_u16(&w, 8, 4); /* SCCRQ, SCCCN, ICRQ and ICCN came before */
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, bytes, w.len, p->now);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(last_type, L2TP_CDN);
	ck_assert_uint_eq(last_result, 4);
	ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
	pair_free(p);
}
END_TEST

/* A peer without the secret is called, and calls too, with the challenge that it got: the answer
 * would be its proof. */
START_TEST(our_own_challenge_is_not_answered)
{
	struct pair *p = pair_new(8, "key", "key");
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct l2tp_in called = {0}, in;
	struct l2tp_request r;
	bool stopped = false;

	ck_assert_int_eq(l2tp_call(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	while (l2tp_next(p->side[1].l2tp, &r))
		if (r.kind == L2TP_REQ_SEND)
			ck_assert_int_eq(l2tp_message_read(r.bytes.p, r.bytes.len,
			                                   LS_BYTES(NULL, 0), &called),
			                 CAUSE_NONE);
	ck_assert_uint_eq(called.challenge_len, 16);
	l2tp_message_begin(&w, L2TP_SCCRQ);
	l2tp_avp_u16(&w, L2TP_AVP_CONNECTION, 77);
	l2tp_avp_bytes(&w, L2TP_AVP_CHALLENGE, called.challenge, called.challenge_len);
	l2tp_message_stamp(bytes, w.len, 0, 0, 0, 0);
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN + 1, bytes, w.len, p->now);
	while (l2tp_next(p->side[1].l2tp, &r)) {
		if (r.kind != L2TP_REQ_SEND)
			continue;
		ck_assert_int_eq(l2tp_message_read(r.bytes.p, r.bytes.len, LS_BYTES(NULL, 0), &in),
		                 CAUSE_NONE);
		ck_assert(!in.has_response);
		stopped |= in.type == L2TP_STOPCCN;
	}
	ck_assert(stopped);
	pair_free(p);
}
END_TEST

START_TEST(the_called_side_refuses_what_is_too_much)
{
	struct pair *p = pair_new(4, "", "");
	struct l2tp_peer peer = pair_peer("head", "");

	peer.max_sessions = 1;
	ck_assert_int_eq(l2tp_peer_set(p->side[1].l2tp, &peer), CAUSE_NONE);
	pair_up(p);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	pair_run(p, LS_S(1));
	ck_assert_uint_eq(p->side[0].up, 1);
	ck_assert_uint_eq(p->side[0].down, 1);
	ck_assert_int_eq(p->side[0].down_cause, CAUSE_L2TP_REFUSED);
	ck_assert(p->side[0].down_by_peer);
	ck_assert_ptr_nonnull(strstr(p->side[0].down_text, "result 4"));
	ck_assert_uint_eq(p->side[1].down, 0);
	pair_free(p);
}
END_TEST

/* -- messages that do not fit -- */

static uint16_t peer_ns;

/* A message of type to side 1's connection, about its session; the AVPs are in w already. */
static void give(struct pair *p, struct wr *w, uint16_t session)
{
	struct l2tp_session_view view;

	ck_assert(l2tp_session_view(p->side[1].l2tp, 0, &view));
	l2tp_message_stamp(w->p, w->len, view.connection, session, peer_ns++, 0);
	l2tp_input(p->side[1].l2tp, PAIR_TUNNEL, PAIR_CHAIN, w->p, w->len, p->now);
}

static struct wr message(uint8_t bytes[L2TP_MESSAGE_MAX], enum l2tp_type type)
{
	struct wr w = wr_make(bytes, L2TP_MESSAGE_MAX);

	l2tp_message_begin(&w, type);
	return w;
}

static struct pair *up(uint64_t seed)
{
	struct pair *p = pair_new(seed, "", "");

	pair_up(p);
	p->filter = watch;
	last_type = last_result = 0;
	peer_ns = 4; /* SCCRQ, SCCCN, ICRQ and ICCN came before */
	return p;
}

/* Each message of the wrong time or side is counted, and changes nothing (7.2). */
START_TEST(messages_out_of_place)
{
	static const enum l2tp_type types[] = {L2TP_SCCRQ, L2TP_SCCRP, L2TP_SCCCN, L2TP_OCRP,
	                                       L2TP_OCCN};

	for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct pair *p = up(20 + i);
		uint8_t bytes[L2TP_MESSAGE_MAX];
		struct wr w = message(bytes, types[i]);

		l2tp_avp_u16(&w, L2TP_AVP_CONNECTION, 99);
		l2tp_avp_u16(&w, L2TP_AVP_SESSION, 99);
		give(p, &w, 0);
		pair_run(p, LS_S(1));
		ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_UNEXPECTED), 1);
		ck_assert_uint_eq(p->side[0].down + p->side[1].down, 0);
		ck_assert_uint_eq(last_type, 0); /* but acknowledged */
		pair_free(p);
	}
}
END_TEST

/* A call's message that does not fit its state ends the call and no more (7.4). */
START_TEST(a_call_message_out_of_place_ends_the_call)
{
	static const enum l2tp_type types[] = {L2TP_ICRP, L2TP_ICCN};

	for (unsigned i = 0; i < 2; i++) {
		struct pair *p = up(30 + i);
		uint8_t bytes[L2TP_MESSAGE_MAX];
		struct wr w = message(bytes, types[i]);

		l2tp_avp_u16(&w, L2TP_AVP_SESSION, 5);
		give(p, &w, p->side[1].data.session);
		pair_run(p, LS_MS(5));
		ck_assert_uint_eq(p->side[1].down, 1);
		ck_assert_int_eq(p->side[1].down_cause, CAUSE_L2TP_UNEXPECTED);
		ck_assert(!p->side[1].down_by_peer);
		ck_assert_uint_eq(last_type, L2TP_CDN);
		ck_assert_uint_eq(last_result, 2);
		pair_free(p);
	}
}
END_TEST

/* Of a call that is none: counted. WEN and SLI are for nobody here. */
START_TEST(messages_about_calls)
{
	static const enum l2tp_type types[] = {L2TP_ICRP, L2TP_ICCN, L2TP_CDN, L2TP_WEN, L2TP_SLI};
	struct pair *p = up(40);
	uint8_t bytes[L2TP_MESSAGE_MAX];

	for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct wr w = message(bytes, types[i]);

		give(p, &w, (uint16_t)(p->side[1].data.session + 1));
		ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_UNEXPECTED), i + 1);
	}
	for (unsigned i = 3; i < sizeof types / sizeof types[0]; i++) {
		struct wr w = message(bytes, types[i]);

		give(p, &w, p->side[1].data.session);
	}
	/* An id of the peer's finds a call for a CDN only, and only its own. */
	for (unsigned i = 0; i < 3; i++) {
		struct wr w = message(bytes, types[i]);

		l2tp_avp_u16(&w, L2TP_AVP_SESSION,
		             (uint16_t)(p->side[0].data.session + (types[i] == L2TP_CDN)));
		give(p, &w, (uint16_t)(p->side[1].data.session + 1));
	}
	pair_pump(p, 1);
	ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_UNEXPECTED), 8);
	ck_assert_uint_eq(p->side[1].down, 0);
	ck_assert_uint_eq(last_type, 0);
	pair_free(p);
}
END_TEST

/* A request without the id that an answer needs is none (4.4.3, 4.4.4). */
START_TEST(an_id_must_be_there)
{
	struct pair *p = up(41);
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = message(bytes, L2TP_ICRQ);

	give(p, &w, 0);
	w = message(bytes, L2TP_OCRQ);
	l2tp_avp_u16(&w, L2TP_AVP_SESSION, 0);
	give(p, &w, 0);
	pair_pump(p, 1);
	ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_UNEXPECTED), 2);
	ck_assert_uint_eq(last_type, 0);
	pair_free(p);
}
END_TEST

/* The peer's CDN may name only its own id of a call that we never answered (6.12). */
START_TEST(a_cdn_by_the_peers_id)
{
	struct pair *p = up(42);
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = message(bytes, L2TP_ICRQ);

	l2tp_avp_u16(&w, L2TP_AVP_SESSION, 777);
	l2tp_avp_u32(&w, L2TP_AVP_SERIAL, 1);
	give(p, &w, 0);
	pair_pump(p, 1);
	ck_assert_uint_eq(last_type, L2TP_ICRP);
	w = message(bytes, L2TP_CDN);
	l2tp_avp_result(&w, 3, 0, "changed our mind");
	l2tp_avp_u16(&w, L2TP_AVP_SESSION, 777);
	give(p, &w, 0);
	pair_pump(p, 1);
	ck_assert_uint_eq(p->side[1].down, 1);
	ck_assert_uint_eq(p->side[1].down_session, 0);
	ck_assert_int_eq(p->side[1].down_cause, CAUSE_L2TP_REFUSED);
	ck_assert_str_eq(p->side[1].down_text, "CDN, result 3, error 0: changed our mind");
	pair_free(p);
}
END_TEST

/* An AVP that nobody knows in a call's message ends that call, in a CDN that names it (4.1). */
START_TEST(an_unknown_avp_ends_its_call_only)
{
	struct pair *p = up(43);
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = message(bytes, L2TP_WEN);
	struct l2tp_session_view view;

	l2tp_avp_u16(&w, 200, 1);
	give(p, &w, p->side[1].data.session);
	pair_pump(p, 1);
	ck_assert_uint_eq(last_type, L2TP_CDN);
	ck_assert_uint_eq(last_result, 2);
	ck_assert_int_eq(p->side[1].down_cause, CAUSE_L2TP_MANDATORY_AVP);
	ck_assert_str_eq(p->side[1].down_text, "attribute 200");
	ck_assert_uint_eq(p->side[1].closed, 0);
	ck_assert(!l2tp_session_view(p->side[1].l2tp, 0, &view));
	pair_free(p);
}
END_TEST

/* What the first message says of us, and the window that a peer did not name. */
START_TEST(what_an_sccrq_says)
{
	struct pair *p = pair_new(44, "key", "key");
	struct l2tp_peer peer = pair_peer("the branch", "key");
	struct l2tp_request r;
	struct l2tp_in in = {0};

	peer.window = 9;
	ck_assert_int_eq(l2tp_peer_set(p->side[0].l2tp, &peer), CAUSE_NONE);
	ck_assert_int_eq(l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now), CAUSE_NONE);
	while (l2tp_next(p->side[0].l2tp, &r))
		if (r.kind == L2TP_REQ_SEND)
			ck_assert_int_eq(
				l2tp_message_read(r.bytes.p, r.bytes.len, LS_BYTES(NULL, 0), &in),
				CAUSE_NONE);
	ck_assert_uint_eq(in.type, L2TP_SCCRQ);
	ck_assert_uint_eq(in.connection, 0);
	ck_assert_uint_ne(in.assigned_connection, 0);
	ck_assert_str_eq(in.host_name, "the branch");
	ck_assert_uint_eq(in.window, 9);
	ck_assert_uint_eq(in.challenge_len, 16);
	ck_assert(in.has_tie && !in.has_response && !in.mandatory_unknown);
	pair_free(p);
}
END_TEST

/* Whoever ends a connection that was up was asked to, whatever the result (4.4.2). */
START_TEST(the_end_of_a_connection_that_was_up)
{
	struct pair *p = up(46);
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = message(bytes, L2TP_STOPCCN);

	l2tp_avp_u16(&w, L2TP_AVP_CONNECTION, p->side[0].data.connection);
	l2tp_avp_result(&w, 4, 0, "");
	give(p, &w, 0);
	pair_pump(p, 1);
	ck_assert_int_eq(p->side[1].down_cause, CAUSE_PEER_ASKED);
	ck_assert(p->side[1].down_by_peer);
	ck_assert_str_eq(p->side[1].down_text, "StopCCN, result 4, error 0");
	pair_free(p);
}
END_TEST

/* How data looks is what the config of each side says. */
START_TEST(what_data_headers_have)
{
	for (unsigned form = 0; form < 4; form++) {
		struct pair *p = pair_new(47, "", "");
		struct l2tp_peer peer = pair_peer("branch", "");

		peer.sequencing = form & 1;
		peer.length_bit = form & 2;
		ck_assert_int_eq(l2tp_peer_set(p->side[0].l2tp, &peer), CAUSE_NONE);
		pair_up(p);
		ck_assert(p->side[0].data.sequencing == peer.sequencing);
		ck_assert(p->side[0].data.length_bit == peer.length_bit);
		ck_assert(!p->side[1].data.sequencing && !p->side[1].data.length_bit);
		pair_free(p);
	}
}
END_TEST

/* A HELLO is acknowledged, and nothing else comes of it (6.5). */
START_TEST(a_hello_is_only_acknowledged)
{
	struct pair *p = up(45);
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = message(bytes, L2TP_HELLO);
	unsigned sent = p->side[1].sent;

	give(p, &w, 0);
	pair_pump(p, 1);
	ck_assert_uint_eq(p->side[1].sent, sent + 1);
	ck_assert_uint_eq(last_type, 0);
	ck_assert_uint_eq(pair_count(p, 1, CAUSE_L2TP_UNEXPECTED), 0);
	pair_free(p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_talk");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_challenge_is_answered);
	tcase_add_loop_test(tc, our_own_kind_is_known, 0, 2);
	tcase_add_loop_test(tc, another_vendor_is_not_our_kind, 0, 5);
	tcase_add_test(tc, test_hidden_id_is_read);
	tcase_add_test(tc, test_unknown_avps);
	tcase_add_test(tc, test_secret_right);
	tcase_add_test(tc, test_all_hidden);
	tcase_add_test(tc, test_secret_wrong_or_missing);
	tcase_add_test(tc, test_an_unknown_message_that_matters);
	tcase_add_test(tc, outgoing_calls_are_refused);
	tcase_add_test(tc, our_own_challenge_is_not_answered);
	tcase_add_test(tc, the_called_side_refuses_what_is_too_much);
	tcase_add_test(tc, messages_out_of_place);
	tcase_add_test(tc, a_call_message_out_of_place_ends_the_call);
	tcase_add_test(tc, messages_about_calls);
	tcase_add_test(tc, an_id_must_be_there);
	tcase_add_test(tc, a_cdn_by_the_peers_id);
	tcase_add_test(tc, an_unknown_avp_ends_its_call_only);
	tcase_add_test(tc, what_an_sccrq_says);
	tcase_add_test(tc, a_hello_is_only_acknowledged);
	tcase_add_test(tc, the_end_of_a_connection_that_was_up);
	tcase_add_test(tc, what_data_headers_have);
	return run_cases("l2tp_talk", tc);
}
