/* Headers and payload chains: read, bounded, refused, and written. */
#include "ike/ike_message.h"
#include "tests/unit/ike/ike_main.h"

#include <string.h>

static enum ls_cause parse(uint8_t first, const void *bytes, size_t len, struct ike_payloads *out)
{
	struct rd r = rd_make(bytes, len);

	return ike_payloads_read(first, &r, out);
}

START_TEST(header)
{
	static const uint8_t right[IKE_HEADER_SIZE] = {1,  2,  3,  4,  5,  6,    7,  8,    9,  10,
	                                               11, 12, 13, 14, 15, 0xf0, 46, 0x2a, 37, 8,
	                                               0,  0,  1,  2,  0,  0,    1,  28};
	struct ike_header h = {.spi_i = UINT64_C(0x0102030405060708),
	                       .spi_r = UINT64_C(0x090a0b0c0d0e0ff0),
	                       .next = IKE_P_SK,
	                       .major = 2,
	                       .minor = 10,
	                       .exchange = IKE_X_INFO,
	                       .flags = IKE_FLAG_INITIATOR,
	                       .id = 258,
	                       .length = 284},
			  got;
	uint8_t bytes[IKE_HEADER_SIZE];
	struct wr w = wr_make(bytes, sizeof bytes);
	struct rd r;

	ike_header_write(&w, &h);
	ck_assert(wr_ok(&w));
	ck_assert_mem_eq(bytes, right, sizeof bytes);
	r = rd_make(bytes, sizeof bytes);
	ck_assert(ike_header_read(&r, &got) && rd_end(&r));
	ck_assert(got.spi_i == h.spi_i && got.spi_r == h.spi_r && got.next == h.next &&
	          got.major == 2 && got.minor == 10 && got.exchange == h.exchange &&
	          got.flags == h.flags && got.id == 258 && got.length == 284);
	for (size_t len = 0; len < sizeof bytes; len++) {
		r = rd_make(bytes, len);
		ck_assert(!ike_header_read(&r, &got));
	}
}
END_TEST

/* Each kind of payload: the shortest body that is taken, one byte less is not. */
START_TEST(payload_minima)
{
	static const struct {
		uint8_t type, min;
	} rows[] = {{33, 8}, {34, 5}, {35, 4}, {36, 4}, {37, 1}, {38, 1}, {39, 5}, {40, 16},
	            {41, 4}, {42, 4}, {43, 0}, {44, 4}, {45, 4}, {47, 4}, {48, 4}};
	struct ike_payloads in;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t bytes[64] = {0};

		bytes[3] = (uint8_t)(4 + rows[i].min);
		ck_assert_int_eq(parse(rows[i].type, bytes, bytes[3], &in), CAUSE_NONE);
		ck_assert_int_eq(parse(rows[i].type, bytes, bytes[3] + 1u, &in), CAUSE_IKE_SYNTAX);
		if (rows[i].min == 0)
			continue;
		bytes[3]--;
		ck_assert_int_eq(parse(rows[i].type, bytes, bytes[3], &in), CAUSE_IKE_SYNTAX);
	}
}
END_TEST

START_TEST(payload_chain)
{
	uint8_t buffer[512], nonce[32] = {7};
	struct ike_build b = ike_build_make(buffer, sizeof buffer);
	struct ike_payloads in;

	ike_build_notify(&b, 0, IKE_N_COOKIE, LS_BYTES(NULL, 0), LS_BYTES("cookie", 6));
	ike_build_bytes(&b, IKE_P_NONCE, LS_BYTES(nonce, sizeof nonce));
	ike_build_ke(&b, 31, LS_BYTES(nonce, 32));
	ike_build_notify(&b, 3, IKE_N_REKEY_SA, LS_BYTES("\1\2\3\4", 4), LS_BYTES(NULL, 0));
	ike_build_end(&b);
	ck_assert(wr_ok(&b.w));
	ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
	ck_assert(in.cookie_first);
	ck_assert_uint_eq(in.nonce.len, 32);
	ck_assert_uint_eq(in.ke_group, 31);
	ck_assert_uint_eq(in.ke.len, 32);
	ck_assert_uint_eq(in.notifies, 2);
	ck_assert_uint_eq(ike_notify_find(&in, IKE_N_REKEY_SA)->spi.len, 4);
	ck_assert_ptr_null(ike_notify_error(&in));
	for (size_t len = 0; len < b.w.len; len++)
		ck_assert_int_eq(parse(b.first, buffer, len, &in), CAUSE_IKE_SYNTAX);
}
END_TEST

/* Unknown and critical: named. Unknown and not critical: skipped. Known and critical: as usual
 * (3.2). */
START_TEST(payload_critical)
{
	uint8_t bytes[4 + 4 + 20] = {IKE_P_NONCE, 0, 0, 8};
	struct ike_payloads in;

	bytes[9] = 0x80;
	bytes[11] = 20;
	ck_assert_int_eq(parse(200, bytes, sizeof bytes, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.nonce.len, 16);
	bytes[1] = 0x80;
	ck_assert_int_eq(parse(200, bytes, sizeof bytes, &in), CAUSE_IKE_CRITICAL_PAYLOAD);
	ck_assert_uint_eq(in.critical, 200);
	/* Reserved bits mean nothing. */
	bytes[1] = 0x7f;
	ck_assert_int_eq(parse(200, bytes, sizeof bytes, &in), CAUSE_NONE);
}
END_TEST

/* Of what may come once a second one is refused, whichever it is. */
START_TEST(payload_twice)
{
	static const uint8_t types[] = {IKE_P_SA,   IKE_P_KE,    IKE_P_IDI, IKE_P_IDR,
	                                IKE_P_AUTH, IKE_P_NONCE, IKE_P_TSI, IKE_P_TSR};
	static const uint8_t body[32] = {7};
	struct ike_payloads in;

	for (size_t i = 0; i < sizeof types; i++) {
		uint8_t buffer[256];
		struct ike_build b = ike_build_make(buffer, sizeof buffer);

		ike_build_bytes(&b, types[i], LS_BYTES(body, sizeof body));
		ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
		ike_build_bytes(&b, types[i], LS_BYTES(body, sizeof body));
		ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_IKE_SYNTAX);
	}
}
END_TEST

/* More payloads and notifies than anybody needs: bounded. */
START_TEST(payload_bounds)
{
	static uint8_t buffer[4096];
	struct ike_payloads in;

	for (unsigned n = 80; n < 120; n += 10) {
		struct ike_build b = ike_build_make(buffer, sizeof buffer);

		for (unsigned i = 0; i < n; i++)
			ike_build_flag(&b, IKE_N_INITIAL_CONTACT);
		ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in),
		                 n <= IKE_PAYLOADS_MAX ? CAUSE_NONE : CAUSE_IKE_SYNTAX);
		ck_assert_uint_le(in.notifies, IKE_NOTIFIES_MAX);
	}
}
END_TEST

/* 3.9: a nonce has 16 to 256 bytes. */
START_TEST(nonce_borders)
{
	static const struct {
		size_t len;
		bool good;
	} rows[] = {{15, false}, {16, true}, {256, true}, {257, false}};
	static const uint8_t nonce[300];
	struct ike_payloads in;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t buffer[320];
		struct ike_build b = ike_build_make(buffer, sizeof buffer);

		ike_build_bytes(&b, IKE_P_NONCE, LS_BYTES(nonce, rows[i].len));
		ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in),
		                 rows[i].good ? CAUSE_NONE : CAUSE_IKE_SYNTAX);
	}
}
END_TEST

/* A payload shorter than its own header, or longer than all that is left. */
START_TEST(payload_lengths)
{
	uint8_t bytes[12] = {0};
	struct ike_payloads in;

	for (unsigned len = 0; len < 20; len++) {
		ls_put16(bytes + 2, (uint16_t)len);
		ck_assert_int_eq(parse(IKE_P_VENDOR, bytes, sizeof bytes, &in),
		                 len == sizeof bytes ? CAUSE_NONE : CAUSE_IKE_SYNTAX);
	}
	ls_put16(bytes + 2, UINT16_MAX);
	ck_assert_int_eq(parse(IKE_P_VENDOR, bytes, sizeof bytes, &in), CAUSE_IKE_SYNTAX);
	/* No payload at all, and then bytes that belong to none. */
	ck_assert_int_eq(parse(IKE_P_NONE, bytes, 0, &in), CAUSE_NONE);
	ck_assert_int_eq(parse(IKE_P_NONE, bytes, 1, &in), CAUSE_IKE_SYNTAX);
}
END_TEST

/* 3.11: SPI size times number of SPIs is what must be there, no less and no more. */
START_TEST(deletes)
{
	static const struct {
		uint8_t size;
		uint16_t count;
		bool good;
	} rows[] = {{4, 2, true},      {8, 1, true}, {0, 0, false},       {4, 1, false},
	            {4, 3, false},     {1, 8, true}, {255, 65535, false}, {0, 65535, false},
	            {128, 512, false}, {2, 4, true}};
	struct ike_payloads in;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t bytes[16] = {0, 0, 0, 16, IKE_PROTO_ESP, rows[i].size};

		ls_put16(bytes + 6, rows[i].count);
		ls_put32(bytes + 8, 0x11223344);
		ck_assert_int_eq(parse(IKE_P_DELETE, bytes, sizeof bytes, &in),
		                 rows[i].good ? CAUSE_NONE : CAUSE_IKE_SYNTAX);
		if (!rows[i].good)
			continue;
		ck_assert_uint_eq(in.deletes_count, 1);
		ck_assert_uint_eq(in.deletes[0].count, rows[i].count);
		ck_assert_uint_eq(in.deletes[0].spis.len, 8);
		ck_assert_uint_eq(ls_get32(in.deletes[0].spis.p), 0x11223344);
	}
}
END_TEST

START_TEST(deletes_are_bounded)
{
	static const uint8_t body[] = {IKE_PROTO_ESP, 4, 0, 0};
	uint8_t buffer[256];
	struct ike_build b = ike_build_make(buffer, sizeof buffer);
	struct ike_payloads in;

	for (unsigned i = 0; i < IKE_DELETES_MAX + 3; i++)
		ike_build_bytes(&b, IKE_P_DELETE, LS_BYTES(body, sizeof body));
	ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.deletes_count, IKE_DELETES_MAX);
}
END_TEST

/* Errors are below 16384, status above (3.10.1); of those some are known. */
START_TEST(notify_kinds)
{
	uint8_t buffer[256];
	struct ike_build b = ike_build_make(buffer, sizeof buffer);
	struct ike_payloads in;

	ike_build_flag(&b, IKE_N_SET_WINDOW_SIZE);
	ike_build_flag(&b, 16384);
	ike_build_flag(&b, 40000);
	ike_build_flag(&b, 16438);
	ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
	ck_assert_ptr_null(ike_notify_error(&in));
	ck_assert_uint_eq(ike_notifies_unknown(&in), 2);
	ike_build_flag(&b, 16383);
	ike_build_flag(&b, IKE_N_NO_PROPOSAL_CHOSEN);
	ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
	ck_assert_uint_eq(ike_notify_error(&in)->type, 16383);
	ck_assert_uint_eq(ike_notifies_unknown(&in), 2);
	ck_assert_ptr_eq(ike_notify_find(&in, 40000), &in.notify[2]);
	ck_assert_ptr_null(ike_notify_find(&in, 40001));
}
END_TEST

/* Only in front a cookie is one (2.6). */
START_TEST(cookie_in_front)
{
	uint8_t buffer[256], nonce[16] = {0};
	struct ike_build b = ike_build_make(buffer, sizeof buffer);
	struct ike_payloads in;

	ike_build_bytes(&b, IKE_P_NONCE, LS_BYTES(nonce, sizeof nonce));
	ike_build_notify(&b, 0, IKE_N_COOKIE, LS_BYTES(NULL, 0), LS_BYTES("cookie", 6));
	ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
	ck_assert(!in.cookie_first);
	ck_assert_uint_eq(ike_notify_find(&in, IKE_N_COOKIE)->data.len, 6);
}
END_TEST

/* The SPI of a notify lies within it. */
START_TEST(notify_spi)
{
	uint8_t bytes[16] = {0, 0, 0, 16, IKE_PROTO_ESP, 0, 0, 11, 1, 2, 3, 4, 5, 6, 7, 8};
	struct ike_payloads in;

	for (unsigned size = 0; size < 256; size++) {
		bytes[5] = (uint8_t)size;
		ck_assert_int_eq(parse(IKE_P_NOTIFY, bytes, sizeof bytes, &in),
		                 size <= 8 ? CAUSE_NONE : CAUSE_IKE_SYNTAX);
		if (size > 8)
			continue;
		ck_assert_uint_eq(in.notify[0].spi.len, size);
		ck_assert_uint_eq(in.notify[0].data.len, 8 - size);
	}
}
END_TEST

/* A payload that its length field cannot tell, and a buffer that is full, do not pass for good. */
START_TEST(build_too_much)
{
	static uint8_t buffer[70000], body[66000];
	struct ike_build b = ike_build_make(buffer, sizeof buffer);

	ike_build_bytes(&b, IKE_P_VENDOR, LS_BYTES(body, UINT16_MAX - 4));
	ck_assert(wr_ok(&b.w));
	ck_assert_uint_eq(ls_get16(buffer + 2), UINT16_MAX);
	b = ike_build_make(buffer, sizeof buffer);
	ike_build_bytes(&b, IKE_P_VENDOR, LS_BYTES(body, UINT16_MAX - 3));
	ck_assert(!wr_ok(&b.w));
	b = ike_build_make(buffer, 20);
	ike_build_bytes(&b, IKE_P_VENDOR, LS_BYTES(body, 16));
	ck_assert(wr_ok(&b.w));
	ike_build_flag(&b, IKE_N_INITIAL_CONTACT);
	ck_assert(!wr_ok(&b.w));
}
END_TEST

IKE_MAIN("ike message", header, payload_minima, payload_chain, payload_critical, payload_twice,
         payload_bounds, nonce_borders, payload_lengths, deletes, deletes_are_bounded, notify_kinds,
         cookie_in_front, notify_spi, build_too_much)
