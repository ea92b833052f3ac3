/* Tests what goes over the wire: hidden AVPs and answers against constants of another tool, and
 * damaged messages. */
#include "l2tp/l2tp_wire.h"
#include "tests/unit/l2tp/l2tp_pair.h"
#include "tests/unit/run.h"

/* By Python's hashlib, after RFC 2661 4.3 and 5.1.1. */
static const uint8_t hidden[] = {0x70, 0x55, 0xff, 0x2a, 0xcb, 0xfc, 0xf9, 0x49, 0x99, 0x30, 0xdf,
                                 0xbf, 0x65, 0x87, 0xcb, 0xf9, 0x90, 0xb7, 0x66, 0xba, 0xd5, 0x90,
                                 0xb1, 0x90, 0x2c, 0x55, 0x56, 0x85, 0x04, 0x1e, 0x01, 0x0e, 0xae,
                                 0x10, 0x4b, 0x67, 0x5f, 0x1d, 0x70, 0x73, 0x84, 0x70, 0xb5, 0x4b};
static const uint8_t answer_sccrp[] = {0xa2, 0x8b, 0xf3, 0xd7, 0x4b, 0x7f, 0x23, 0xc9,
                                       0xdb, 0x65, 0x31, 0xad, 0x79, 0x25, 0xa8, 0x99};
static const char clear[] = "0123456789 a number longer than two blocks";
static const char secret[] = "open sesame";

static struct ls_bytes vector16(uint8_t vector[16], uint8_t first)
{
	for (unsigned i = 0; i < 16; i++)
		vector[i] = (uint8_t)(first + i);
	return LS_BYTES(vector, 16);
}

START_TEST(test_hidden_values)
{
	uint8_t vector[16], out[64], plain[L2TP_HIDDEN_MAX], bad[sizeof hidden];
	const struct ls_bytes key = LS_BYTES(secret, strlen(secret)), v = vector16(vector, 0);
	struct ls_bytes value;

	ck_assert(crypto_init());
	ck_assert_uint_eq(l2tp_hide(22, key, v, LS_BYTES(clear, strlen(clear)), out, sizeof out),
	                  sizeof hidden);
	ck_assert_mem_eq(out, hidden, sizeof hidden);
	ck_assert(l2tp_unhide(22, key, v, LS_BYTES(hidden, sizeof hidden), plain, &value));
	ck_assert_uint_eq(value.len, strlen(clear));
	ck_assert_mem_eq(value.p, clear, value.len);
	/* An original length beyond what is there. */
	memcpy(bad, hidden, sizeof bad);
	bad[1] ^= 0x01;
	ck_assert(!l2tp_unhide(22, key, v, LS_BYTES(bad, sizeof bad), plain, &value));
	bad[0] ^= 0xff;
	ck_assert(!l2tp_unhide(22, key, v, LS_BYTES(bad, sizeof bad), plain, &value));
	ck_assert(!l2tp_unhide(22, key, v, LS_BYTES(bad, 1), plain, &value));
}
END_TEST

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

START_TEST(test_data_headers)
{
	for (unsigned form = 0; form < 4; form++) {
		const struct l2tp_data d = {.peer_connection = 0x1122,
		                            .peer_session = 0x3344,
		                            .sequencing = (form & 1) != 0,
		                            .length_bit = (form & 2) != 0};
		uint8_t bytes[L2TP_DATA_HEADER_MAX + 5] = {0};
		size_t n = l2tp_data_header(&d, 0xfffe, 5, bytes);
		struct l2tp_data_in in;

		ck_assert_uint_eq(n, 6u + (form & 1 ? 4u : 0u) + (form & 2 ? 2u : 0u));
		ck_assert_int_eq(l2tp_data_parse(bytes, n + 5, &in), CAUSE_NONE);
		ck_assert_uint_eq(in.connection, 0x1122);
		ck_assert_uint_eq(in.session, 0x3344);
		ck_assert_uint_eq(in.ppp_offset, n);
		ck_assert_uint_eq(in.ppp_len, 5);
		ck_assert(in.has_ns == d.sequencing);
		ck_assert_uint_eq(in.ns, d.sequencing ? 0xfffe : 0);
		for (size_t len = 0; len < n; len++)
			ck_assert_int_ne(l2tp_data_parse(bytes, len, &in), CAUSE_NONE);
	}
}
END_TEST

START_TEST(test_data_offset)
{
	const uint8_t good[] = {0x02, 0x02, 0, 1, 0, 2, 0, 3, 9, 9, 9, 0xc0, 0x21};
	const uint8_t far_out[] = {0x02, 0x02, 0, 1, 0, 2, 0, 9, 9, 9, 9, 0xc0, 0x21};
	const uint8_t version_1[] = {0x00, 0x01, 0, 1, 0, 2, 0xc0, 0x21};
	struct l2tp_data_in in;

	ck_assert_int_eq(l2tp_data_parse(good, sizeof good, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.ppp_offset, 11);
	ck_assert_uint_eq(in.ppp_len, 2);
	ck_assert_int_eq(l2tp_data_parse(far_out, sizeof far_out, &in), CAUSE_L2TP_DATA_SHORT);
	ck_assert_int_eq(l2tp_data_parse(version_1, sizeof version_1, &in),
	                 CAUSE_L2TP_DATA_VERSION);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("l2tp_wire");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_hidden_values);
	tcase_add_test(tc, test_challenge_is_answered);
	tcase_add_test(tc, test_hidden_id_is_read);
	tcase_add_test(tc, test_unknown_avps);
	tcase_add_test(tc, test_result_codes_as_peers_send_them);
	tcase_add_test(tc, test_damaged_messages);
	tcase_add_test(tc, test_data_headers);
	tcase_add_test(tc, test_data_offset);
	return run_cases("l2tp_wire", tc);
}
