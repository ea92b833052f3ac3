/* Traffic selectors: narrowed for L2TP and for tunnels, compared, written, and in words. */
#include "ike/ike_ts.h"
#include "tests/unit/ike/ike_main.h"

#include <string.h>

static size_t selector(uint8_t *out, uint8_t protocol, uint16_t low, uint16_t high, uint32_t from,
                       uint32_t to)
{
	struct wr w = wr_make(out, 64);

	wr_u8(&w, 1);
	wr_zero(&w, 3);
	wr_u8(&w, 7);
	wr_u8(&w, protocol);
	wr_u16(&w, 16);
	wr_u16(&w, low);
	wr_u16(&w, high);
	wr_u32(&w, from);
	wr_u32(&w, to);
	return w.len;
}

START_TEST(selectors_for_l2tp)
{
	static const struct {
		uint8_t protocol;
		uint16_t low, high;
		uint32_t from, to;
		bool ours, nat, good;
		uint16_t port_low, port_high;
	} rows[] = {
		{17, 1701, 1701, 0xc0000201, 0xc0000201, true, false, true, 1701, 1701},
		{17, 0, 65535, 0xc0000201, 0xc0000201, true, false, true, 1701, 1701},
		{0, 0, 65535, 0xc0000201, 0xc0000201, true, false, true, 1701, 1701},
		{0, 0, 65535, 0, 0xffffffff, true, false, true, 1701, 1701},
		{17, 1702, 1702, 0xc0000201, 0xc0000201, true, false, false, 0, 0},
		{6, 1701, 1701, 0xc0000201, 0xc0000201, true, false, false, 0, 0},
		{17, 1701, 1701, 0xc0000202, 0xc0000202, true, false, false, 0, 0},
		{17, 1701, 1701, 0x0a000001, 0x0a000001, true, true, true, 1701, 1701},
		{17, 65535, 0, 0xc0000201, 0xc0000201, true, false, false, 0, 0},
		{17, 40000, 40000, 0xc0000201, 0xc0000201, false, false, true, 40000, 40000},
		{0, 0, 65535, 0xc0000201, 0xc0000201, false, false, true, 0, 65535},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ike_ts_rule rule = {.must_be_1701 = rows[i].ours,
		                           .substitute = rows[i].nat,
		                           .address = ls_addr_v4(0xc0000201, 4500)};
		uint8_t bytes[64];
		size_t len = selector(bytes, rows[i].protocol, rows[i].low, rows[i].high,
		                      rows[i].from, rows[i].to);
		struct ike_ts ts;
		enum ls_cause cause = ike_ts_narrow(LS_BYTES(bytes, len), &rule, &ts);

		ck_assert_msg((cause == CAUSE_NONE) == rows[i].good, "row %zu", i);
		if (!rows[i].good)
			continue;
		ck_assert_uint_eq(ts.protocol, 17);
		ck_assert_uint_eq(ts.port_low, rows[i].port_low);
		ck_assert_uint_eq(ts.port_high, rows[i].port_high);
		ck_assert_uint_eq(ts.net.bits, 32);
		ck_assert_uint_eq(ls_addr_v4_value(&ts.net.addr), 0xc0000201);
		for (size_t cut = 0; cut < len; cut++)
			ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, cut), &rule, &ts),
			                 CAUSE_IKE_SYNTAX);
	}
}
END_TEST

START_TEST(selectors_for_tunnels)
{
	struct ike_ts_rule rule = {.tunnel_mode = true, .address = ls_addr_v4(0xc0000201, 0)};
	uint8_t bytes[64];
	struct ike_ts ts, any = ike_ts_ours(&rule.address, true);
	size_t len = selector(bytes, 0, 0, 65535, 0x0a010000, 0x0a01ffff);
	char text[100];

	ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, len), &rule, &ts), CAUSE_NONE);
	ck_assert_uint_eq(ts.net.bits, 16);
	ck_assert(ike_ts_within(&ts, &any) && !ike_ts_within(&any, &ts));
	ike_ts_text(LS_BYTES(bytes, len), text, sizeof text);
	ck_assert_str_eq(text, "any protocol 10.1.0.0-10.1.255.255");
	len = selector(bytes, 0, 0, 65535, 0x0a010001, 0x0a01ffff);
	ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, len), &rule, &ts),
	                 CAUSE_IKE_TS_UNACCEPTABLE);
}
END_TEST

/* Ranges that are no prefix are refused in tunnel mode, those that are give it. */
START_TEST(ranges_and_prefixes)
{
	static const struct {
		uint32_t from, to;
		int bits; /* -1: none */
	} rows[] = {
		{0, UINT32_MAX, 0},           {0x0a000000, 0x0affffff, 8},
		{0x0a000001, 0x0a000001, 32}, {0x0a000000, 0x0a000001, 31},
		{0x0a000000, 0x0a000002, -1}, {0x0a000001, 0x0a000002, -1},
		{0x0affffff, 0x0a000000, -1}, {0x0a000080, 0x0a0000ff, 25},
		{0x0a000000, 0x0b000000, -1},
	};
	struct ike_ts_rule rule = {.tunnel_mode = true};
	uint8_t bytes[64];
	struct ike_ts ts;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t len = selector(bytes, 6, 0, 65535, rows[i].from, rows[i].to);
		enum ls_cause cause = ike_ts_narrow(LS_BYTES(bytes, len), &rule, &ts);

		ck_assert_msg(cause == (rows[i].bits < 0 ? CAUSE_IKE_TS_UNACCEPTABLE : CAUSE_NONE),
		              "row %zu", i);
		if (rows[i].bits < 0)
			continue;
		ck_assert_int_eq(ts.net.bits, rows[i].bits);
		ck_assert_uint_eq(ls_addr_v4_value(&ts.net.addr), rows[i].from);
		ck_assert_uint_eq(ts.protocol, 6);
	}
}
END_TEST

/* The first that fits of several; kinds that are not known are passed over (3.13.1), and behind the
 * 64th nobody looks. */
START_TEST(several)
{
	static uint8_t bytes[4096];
	struct ike_ts_rule rule = {.must_be_1701 = true, .address = ls_addr_v4(0xc0000201, 0)};

	for (unsigned before = 0; before < 70; before++) {
		struct wr w = wr_make(bytes, sizeof bytes);
		struct ike_ts ts;

		wr_u8(&w, (uint8_t)(before + 1));
		wr_zero(&w, 3);
		for (unsigned i = 0; i < before; i++) {
			if (i == 0) { /* a Fibre Channel one */
				wr_u32(&w, 0x09000008);
				wr_u32(&w, 0x12345678);
				continue;
			}
			wr_u32(&w, 0x07110010);
			wr_u32(&w, 0x0000ffff);
			wr_u32(&w, 0xc0000202 + i);
			wr_u32(&w, 0xc0000202 + i);
		}
		wr_u32(&w, 0x07110010);
		wr_u32(&w, 0x06a506a5);
		wr_u32(&w, 0xc0000201);
		wr_u32(&w, 0xc0000201);
		ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, w.len), &rule, &ts),
		                 before < IKE_TS_MAX ? CAUSE_NONE : CAUSE_IKE_TS_UNACCEPTABLE);
		/* One more or one less than there are. */
		for (int wrong = -1; wrong <= 1; wrong += 2) {
			bytes[0] = (uint8_t)((int)before + 1 + wrong);
			ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, w.len), &rule, &ts),
			                 CAUSE_IKE_SYNTAX);
		}
	}
}
END_TEST

/* Its length field must be that of its kind. */
START_TEST(selector_lengths)
{
	struct ike_ts_rule rule = {.tunnel_mode = true};
	uint8_t bytes[64];
	size_t len = selector(bytes, 0, 0, 65535, 0, UINT32_MAX);
	struct ike_ts ts;

	for (unsigned n = 0; n < 40; n++) {
		ls_put16(bytes + 6, (uint16_t)n);
		ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, len), &rule, &ts),
		                 n == 16 ? CAUSE_NONE : CAUSE_IKE_SYNTAX);
	}
	/* Four bytes say IPv6. */
	ls_put16(bytes + 6, 16);
	bytes[4] = 8;
	ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, len), &rule, &ts), CAUSE_IKE_SYNTAX);
	/* None at all. */
	memset(bytes, 0, 4);
	ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, 4), &rule, &ts), CAUSE_IKE_TS_UNACCEPTABLE);
}
END_TEST

/* What we offer reads back as what it was, for both families. */
START_TEST(offered_and_read)
{
	static const char *const addresses[] = {"192.0.2.1", "2001:db8::1"};

	for (unsigned i = 0; i < 2; i++)
		for (unsigned tunnel = 0; tunnel < 2; tunnel++) {
			struct ls_addr a;
			struct ike_ts ours, read;
			struct ike_ts_rule rule = {.tunnel_mode = tunnel};
			uint8_t bytes[64];
			struct wr w = wr_make(bytes, sizeof bytes);

			ck_assert(ls_addr_parse(addresses[i], &a));
			a.port = 4500;
			rule.address = a;
			ours = ike_ts_ours(&a, tunnel);
			ike_ts_write(&w, &ours);
			ck_assert_uint_eq(w.len, i ? 4 + 40 : 4 + 16);
			ck_assert_int_eq(ike_ts_narrow(LS_BYTES(bytes, w.len), &rule, &read),
			                 CAUSE_NONE);
			ck_assert(ls_addr_equal(&read.net.addr, &ours.net.addr));
			ck_assert_uint_eq(read.net.addr.port, 0);
			ck_assert_uint_eq(read.net.bits, tunnel ? 0 : i ? 128 : 32);
			ck_assert_uint_eq(read.protocol, tunnel ? 0 : 17);
			ck_assert(read.port_low == ours.port_low &&
			          read.port_high == ours.port_high);
			/* The other family's address is not in it. */
			rule.address = i ? ls_addr_v4(0, 0) : (struct ls_addr){.family = 6};
			if (!tunnel)
				ck_assert_int_eq(
					ike_ts_narrow(LS_BYTES(bytes, w.len), &rule, &read),
					CAUSE_IKE_TS_UNACCEPTABLE);
		}
}
END_TEST

START_TEST(within)
{
	struct ls_addr net = ls_addr_v4(0x0a010000, 0), host = ls_addr_v4(0x0a010203, 0),
		       other = ls_addr_v4(0x0a020203, 0);
	const struct ike_ts wide = {.net = {net, 16}, .port_low = 100, .port_high = 200};
	struct ike_ts a = wide;

	ck_assert(ike_ts_within(&a, &wide));
	a.net = (struct ls_prefix){host, 32};
	a.protocol = 6;
	a.port_low = a.port_high = 150;
	ck_assert(ike_ts_within(&a, &wide) && !ike_ts_within(&wide, &a));
	a.port_low = 99;
	ck_assert(!ike_ts_within(&a, &wide));
	a.port_low = 100;
	a.port_high = 200;
	ck_assert(ike_ts_within(&a, &wide));
	a.port_high = 201;
	ck_assert(!ike_ts_within(&a, &wide));
	a = wide;
	a.net.bits = 15;
	ck_assert(!ike_ts_within(&a, &wide));
	a.net = (struct ls_prefix){other, 32};
	ck_assert(!ike_ts_within(&a, &wide));
	a.net = (struct ls_prefix){{.family = 6}, 128};
	ck_assert(!ike_ts_within(&a, &wide));
	/* Of a protocol: any is more than one, another is not this one. */
	a = wide;
	a.protocol = 17;
	ck_assert(!ike_ts_within(&wide, &a));
	a.protocol = 6;
	ck_assert(ike_ts_within(&a, &wide) &&
	          !ike_ts_within(&a, &(struct ike_ts){wide.net, 17, 100, 200}));
}
END_TEST

START_TEST(words)
{
	static const struct {
		uint8_t protocol;
		uint16_t low, high;
		uint32_t from, to;
		const char *text;
	} rows[] = {
		{17, 1701, 1701, 0xc0000201, 0xc0000201, "UDP 192.0.2.1 port 1701"},
		{6, 80, 90, 0xc0000201, 0xc0000209,
	         "another protocol 192.0.2.1-192.0.2.9 port 80-90"},
		{0, 0, 65535, 0, UINT32_MAX, "any protocol 0.0.0.0-255.255.255.255"},
	};
	uint8_t bytes[64];
	char text[100];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t len = selector(bytes, rows[i].protocol, rows[i].low, rows[i].high,
		                      rows[i].from, rows[i].to);

		ike_ts_text(LS_BYTES(bytes, len), text, sizeof text);
		ck_assert_str_eq(text, rows[i].text);
		ike_ts_text(LS_BYTES(bytes, len - 1), text, sizeof text);
		ck_assert_str_eq(text, "");
	}
	ike_ts_text(LS_BYTES(NULL, 0), text, sizeof text);
	ck_assert_str_eq(text, "");
}
END_TEST

IKE_MAIN("ike ts", selectors_for_l2tp, selectors_for_tunnels, ranges_and_prefixes, several,
         selector_lengths, offered_and_read, within, words)
