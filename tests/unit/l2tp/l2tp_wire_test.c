/* Tests of control messages on the wire: written byte by byte, read within their bounds, and
 * damaged ones. */
#include "l2tp/l2tp_wire.h"
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

static const char secret[] = "open sesame";

START_TEST(test_result_codes_as_peers_send_them)
{
	const uint8_t results[][8] = {{0, 6}, {0, 6, 0, 0}, {6, 0, 0, 0}};
	const size_t len[] = {2, 4, 4};
	struct l2tp_in in;

	for (unsigned i = 0; i < 3; i++) {
		uint8_t bytes[64];
		struct wr w = wr_make(bytes, sizeof bytes);

		l2tp_message_begin(&w, L2TP_STOPCCN);
		l2tp_avp_bytes(&w, L2TP_AVP_RESULT, results[i], len[i]);
		l2tp_message_stamp(bytes, w.len, 1, 0, 0, 0);
		ck_assert_int_eq(l2tp_message_read(bytes, w.len, LS_BYTES(NULL, 0), &in),
		                 CAUSE_NONE);
		ck_assert_uint_eq(in.result, 6);
	}
}
END_TEST

static struct pair_packet kept[64];
static unsigned kept_count;

static bool keep(struct pair *p, unsigned from, const uint8_t *bytes, size_t len)
{
	struct pair_packet *k = &kept[kept_count++ % 64];

	(void)p;
	memcpy(k->bytes, bytes, len);
	k->len = len;
	k->to = !from;
	return true;
}

/* Every message of a call, with each bit turned and cut at each byte, at an engine in each state of
 * one. */
START_TEST(test_damaged_messages)
{
	struct pair *p = pair_new(1, secret, secret);

	kept_count = 0;
	p->filter = keep;
	pair_up(p);
	l2tp_hang_up(p->side[0].l2tp, p->side[0].data.session, CAUSE_PEER_ASKED, p->now);
	pair_run(p, LS_S(1));
	pair_free(p);
	ck_assert_uint_ge(kept_count, 8);
	for (unsigned m = 0; m < kept_count * 4; m++) {
		struct pair_packet k = kept[m / 4];
		unsigned turned = 0;

		p = pair_new(1, secret, secret);
		if (m % 4 >= 1)
			l2tp_call(p->side[0].l2tp, PAIR_TUNNEL, PAIR_CHAIN, p->now);
		if (m % 4 >= 2)
			pair_run(p, LS_MS(5 + 15 * (m % 4)));
		for (size_t bit = 0; bit < k.len * 8; bit++, turned++) {
			k.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			l2tp_input(p->side[k.to].l2tp, PAIR_TUNNEL, PAIR_CHAIN, k.bytes, k.len,
			           p->now);
			k.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (turned % 64 == 0)
				pair_run(p, LS_MS(1));
		}
		for (size_t len = 0; len < k.len; len++)
			l2tp_input(p->side[k.to].l2tp, PAIR_TUNNEL, PAIR_CHAIN, k.bytes, len,
			           p->now);
		pair_run(p, LS_S(200));
		pair_free(p);
	}
}
END_TEST

static const struct ls_bytes no_secret = {0};

START_TEST(a_message_byte_by_byte)
{
	static const uint8_t want[] = {
		0xc8, 0x02, 0, 59, 0x11, 0x22, 0x33, 0x44, 0,   1, 0,   2,    /* header */
		0x80, 8,    0, 0,  0,    0,    0,    4,                       /* StopCCN */
		0x80, 8,    0, 0,  0,    9,    0x12, 0x34,                    /* connection */
		0x80, 10,   0, 0,  0,    15,   1,    2,    3,   4,            /* serial */
		0,    9,    0, 0,  0,    5,    'a',  'b',  'c',               /* optional */
		0x80, 12,   0, 0,  0,    1,    0,    2,    0,   6, 'n', 'o'}; /* result */
	uint8_t bytes[L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);

	l2tp_message_begin(&w, L2TP_STOPCCN);
	l2tp_avp_u16(&w, L2TP_AVP_CONNECTION, 0x1234);
	l2tp_avp_u32(&w, L2TP_AVP_SERIAL, 0x01020304);
	l2tp_avp_optional(&w, L2TP_AVP_TIE, "abc", 3);
	l2tp_avp_result(&w, 2, 6, "no");
	l2tp_message_stamp(bytes, w.len, 0x1122, 0x3344, 1, 2);
	ck_assert(wr_ok(&w));
	ck_assert_uint_eq(w.len, sizeof want);
	ck_assert_mem_eq(bytes, want, sizeof want);
}
END_TEST

/* T, L and S must be set, the version 2, the length what is there or less (3.1). */
START_TEST(headers_that_are_refused)
{
	uint8_t bytes[16] = {0, 0, 0, 12, 0, 1, 0, 2, 0, 3, 0, 4};
	struct l2tp_in in;

	for (unsigned flags = 0; flags < 0x10000; flags++) {
		enum ls_cause want = (flags & 0xf) != 2           ? CAUSE_L2TP_DATA_VERSION
		                     : (flags & 0xc800) != 0xc800 ? CAUSE_L2TP_HEADER
		                                                  : CAUSE_NONE;

		ls_put16(bytes, (uint16_t)flags);
		ck_assert_int_eq(l2tp_message_read(bytes, 12, no_secret, &in), want);
	}
	ls_put16(bytes, 0xc802);
	ck_assert_int_eq(l2tp_message_read(bytes, 12, no_secret, &in), CAUSE_NONE);
	ck_assert(in.zlb);
	ck_assert_uint_eq(in.connection, 1);
	ck_assert_uint_eq(in.session, 2);
	ck_assert_uint_eq(in.ns, 3);
	ck_assert_uint_eq(in.nr, 4);
	for (size_t len = 0; len < 12; len++)
		ck_assert_int_eq(l2tp_message_read(bytes, len, no_secret, &in), CAUSE_L2TP_HEADER);
	/* What is behind is padding; what is not there is not. */
	ck_assert_int_eq(l2tp_message_read(bytes, 16, no_secret, &in), CAUSE_NONE);
	bytes[3] = 11;
	ck_assert_int_eq(l2tp_message_read(bytes, 12, no_secret, &in), CAUSE_L2TP_HEADER);
	bytes[3] = 13;
	ck_assert_int_eq(l2tp_message_read(bytes, 12, no_secret, &in), CAUSE_L2TP_HEADER);
	ck_assert_int_eq(l2tp_message_read(bytes, 13, no_secret, &in), CAUSE_L2TP_AVP);
}
END_TEST

/* One AVP of these bits, vendor, type and length behind the message type; gives the verdict. */
static enum ls_cause avp(uint16_t bits, uint16_t vendor, uint16_t type, const void *value,
                         size_t len, struct l2tp_in *in)
{
	static const uint8_t zero[L2TP_HIDDEN_MAX];
	uint8_t bytes[2 * L2TP_MESSAGE_MAX];
	struct wr w = wr_make(bytes, sizeof bytes);

	l2tp_message_begin(&w, L2TP_SCCRQ);
	wr_u16(&w, (uint16_t)(bits | (6 + len)));
	wr_u16(&w, vendor);
	wr_u16(&w, type);
	wr_bytes(&w, value ? value : zero, len);
	ck_assert(wr_ok(&w));
	l2tp_message_stamp(bytes, w.len, 0, 0, 0, 0);
	return l2tp_message_read(bytes, w.len, no_secret, in);
}

/* A value that is too short or too long for its type is as good as unknown (4.1). */
START_TEST(values_have_their_size)
{
	static const struct {
		uint16_t type, min, max;
	} rows[] = {{L2TP_AVP_RESULT, 2, 1017},
	            {L2TP_AVP_VERSION, 2, 2},
	            {L2TP_AVP_FRAMING, 4, 4},
	            {L2TP_AVP_TIE, 8, 8},
	            {L2TP_AVP_HOST_NAME, 1, 1017},
	            {L2TP_AVP_CONNECTION, 2, 2},
	            {L2TP_AVP_WINDOW, 2, 2},
	            {L2TP_AVP_CHALLENGE, 1, 255},
	            {L2TP_AVP_RESPONSE, 16, 16},
	            {L2TP_AVP_SESSION, 2, 2},
	            {L2TP_AVP_SERIAL, 4, 4},
	            {L2TP_AVP_RANDOM_VECTOR, 1, 1017},
	            {L2TP_AVP_SEQUENCING, 0, 0},
	            {6, 2, 2},
	            {8, 0, 1017},
	            {12, 3, 1017},
	            {16, 4, 4},
	            {17, 4, 4},
	            {18, 4, 4},
	            {L2TP_AVP_FRAMING_TYPE, 4, 4},
	            {21, 0, 1017},
	            {22, 0, 1017},
	            {23, 0, 1017},
	            {L2TP_AVP_SPEED, 4, 4},
	            {25, 4, 4},
	            {26, 0, 1017},
	            {27, 0, 1017},
	            {28, 0, 1017},
	            {29, 2, 2},
	            {30, 0, 1017},
	            {31, 0, 1017},
	            {32, 2, 2},
	            {33, 0, 1017},
	            {34, 26, 26},
	            {35, 10, 10},
	            {37, 0, 1017},
	            {38, 4, 4}};
	struct l2tp_in in;

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t len = 0; len <= 1017; len++) {
			bool fits = len >= rows[i].min && len <= rows[i].max;

			ck_assert_int_eq(avp(0x8000, 0, rows[i].type, NULL, len, &in), CAUSE_NONE);
			ck_assert_msg(in.mandatory_unknown == !fits, "type %u of %zu bytes",
			              rows[i].type, len);
			ck_assert(fits || in.unknown_type == rows[i].type);
		}
}
END_TEST

START_TEST(what_a_peer_insists_on)
{
	static const struct {
		uint16_t bits, vendor, type;
		bool refused;
	} rows[] = {
		{0x8000, 0, 40, true}, {0, 0, 40, false},     /* beyond the last */
		{0x8000, 0, 20, true}, {0, 0, 20, false},     /* a gap */
		{0x8000, 9, 7, true},  {0, 9, 7, false},      /* another vendor's */
		{0x8400, 0, 7, true},  {0x2000, 0, 7, false}, /* reserved bits */
		{0xc000, 0, 9, true},  {0x4000, 0, 9, false}, /* hidden, without a secret */
		{0x8000, 0, 7, false}, {0, 0, 7, false},      /* the host's name */
	};
	struct l2tp_in in;

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_int_eq(avp(rows[i].bits, rows[i].vendor, rows[i].type, "\1\2", 2, &in),
		                 CAUSE_NONE);
		ck_assert_msg(in.mandatory_unknown == rows[i].refused, "row %u", i);
		/* What is not understood is not used either. */
		ck_assert_uint_eq(in.host_name[0] != 0, i >= 10);
		ck_assert_uint_eq(in.assigned_connection, 0);
	}
}
END_TEST

START_TEST(avps_that_are_none)
{
	uint8_t bytes[L2TP_MESSAGE_MAX] = {0xc8, 2, 0, 28, 0, 0, 0,    0, 0, 0, 0, 0, 0x80, 8,
	                                   0,    0, 0, 0,  0, 1, 0x80, 8, 0, 0, 0, 9, 0,    5};
	struct l2tp_in in;

	ck_assert_int_eq(l2tp_message_read(bytes, 28, no_secret, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.assigned_connection, 5);
	for (unsigned len = 0; len <= 9; len++) {
		bytes[21] = (uint8_t)len;
		if (len < 6 || len == 7 || len > 8) /* of 6: two bytes are left, no AVP either */
			ck_assert_int_eq(l2tp_message_read(bytes, 28, no_secret, &in),
			                 CAUSE_L2TP_AVP);
	}
	bytes[21] = 8;
	/* The message type comes first. */
	bytes[17] = 9;
	ck_assert_int_eq(l2tp_message_read(bytes, 28, no_secret, &in), CAUSE_L2TP_AVP);
	bytes[17] = 99;
	ck_assert_int_eq(l2tp_message_read(bytes, 28, no_secret, &in), CAUSE_L2TP_AVP);
	/* One that nobody knows is an AVP like others. */
	bytes[17] = 0;
	bytes[19] = 99;
	ck_assert_int_eq(l2tp_message_read(bytes, 28, no_secret, &in), CAUSE_NONE);
	ck_assert(in.mandatory_unknown && in.unknown_type == 0 && in.type == 99);
	bytes[12] = 0;
	ck_assert_int_eq(l2tp_message_read(bytes, 28, no_secret, &in), CAUSE_NONE);
	ck_assert(!in.mandatory_unknown);
}
END_TEST

/* What people read is printable and fits. */
START_TEST(texts_are_made_harmless)
{
	char longer[300];
	struct l2tp_in in;

	memset(longer, 'h', sizeof longer);
	ck_assert_int_eq(avp(0x8000, 0, L2TP_AVP_HOST_NAME, longer, sizeof longer, &in),
	                 CAUSE_NONE);
	ck_assert_uint_eq(strlen(in.host_name), L2TP_NAME_MAX - 1);
	ck_assert_int_eq(avp(0x8000, 0, L2TP_AVP_HOST_NAME, "a\033[2Jb\n\377\0c", 10, &in),
	                 CAUSE_NONE);
	ck_assert_str_eq(in.host_name, "a?[2Jb???c");
	ck_assert_int_eq(avp(0x8000, 0, L2TP_AVP_RESULT, "\0\1\0\2go\taway", 11, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.result, 1);
	ck_assert_uint_eq(in.error, 2);
	ck_assert_str_eq(in.text, "go?away");
}
END_TEST

/* What may be hidden is, the rest stands as it was; who has the secret reads the same. */
START_TEST(a_hidden_message_reads_the_same)
{
	uint8_t bytes[L2TP_MESSAGE_MAX], veiled[L2TP_MESSAGE_MAX], vector[16] = {1, 2, 3};
	struct wr w = wr_make(bytes, sizeof bytes), v = wr_make(veiled, sizeof veiled);
	const struct ls_bytes key = LS_BYTES(secret, strlen(secret));
	struct l2tp_in clear, open, shut;

	ck_assert(crypto_init());
	l2tp_message_begin(&w, L2TP_SCCRQ);
	l2tp_avp_bytes(&w, L2TP_AVP_HOST_NAME, "branch", 6);
	l2tp_avp_u16(&w, L2TP_AVP_CONNECTION, 77);
	l2tp_avp_u16(&w, L2TP_AVP_WINDOW, 8);
	l2tp_avp_bytes(&w, L2TP_AVP_CHALLENGE, "0123456789abcdef", 16);
	l2tp_message_hide(&v, LS_BYTES(bytes, w.len), key, LS_BYTES(vector, sizeof vector));
	ck_assert(wr_ok(&v));
	/* One Random Vector, and two bytes more for each of the two. */
	ck_assert_uint_eq(v.len, w.len + 6 + 16 + 2 + 2);
	l2tp_message_stamp(bytes, w.len, 1, 2, 3, 4);
	l2tp_message_stamp(veiled, v.len, 1, 2, 3, 4);
	ck_assert_int_eq(l2tp_message_read(bytes, w.len, key, &clear), CAUSE_NONE);
	ck_assert_int_eq(l2tp_message_read(veiled, v.len, key, &open), CAUSE_NONE);
	ck_assert_mem_eq(&clear, &open, sizeof open);
	ck_assert_int_eq(l2tp_message_read(veiled, v.len, no_secret, &shut), CAUSE_NONE);
	ck_assert(shut.mandatory_unknown);
	ck_assert_uint_eq(shut.unknown_type, L2TP_AVP_CONNECTION);
	ck_assert_uint_eq(shut.window, 8);
	ck_assert_uint_eq(shut.assigned_connection + shut.challenge_len, 0);
	/* It does not fit: said, not cut. */
	v = wr_make(veiled, w.len + 20);
	l2tp_message_hide(&v, LS_BYTES(bytes, w.len), key, LS_BYTES(vector, sizeof vector));
	ck_assert(!wr_ok(&v));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_wire");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_result_codes_as_peers_send_them);
	tcase_add_test(tc, test_damaged_messages);
	tcase_add_test(tc, a_message_byte_by_byte);
	tcase_add_test(tc, headers_that_are_refused);
	tcase_add_test(tc, values_have_their_size);
	tcase_add_test(tc, what_a_peer_insists_on);
	tcase_add_test(tc, avps_that_are_none);
	tcase_add_test(tc, texts_are_made_harmless);
	tcase_add_test(tc, a_hidden_message_reads_the_same);
	return run_cases("l2tp_wire", tc);
}
