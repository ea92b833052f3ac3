/* The small parts alone: payload chains, proposals, selectors, identities, cookies, fragments, NAT
 * hashes, names. */
#include "ike/ike_cookie.h"
#include "ike/ike_frag.h"
#include "ike/ike_message.h"
#include "ike/ike_names.h"
#include "ike/ike_nat.h"
#include "ike/ike_proposal.h"
#include "ike/ike_ts.h"
#include "tests/unit/ike/ike_main.h"

#include <stdlib.h>
#include <string.h>

static struct ls_random source(struct ls_random_seeded *seeded)
{
	ck_assert(secret_init() && crypto_init());
	return ls_random_from_seed(seeded, 3);
}

/* -- payloads -- */

static enum ls_cause parse(uint8_t first, const void *bytes, size_t len, struct ike_payloads *out)
{
	struct rd r = rd_make(bytes, len);

	return ike_payloads_read(first, &r, out);
}

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

START_TEST(payload_twice)
{
	uint8_t buffer[256], nonce[32] = {7};
	struct ike_build b = ike_build_make(buffer, sizeof buffer);
	struct ike_payloads in;

	ike_build_bytes(&b, IKE_P_NONCE, LS_BYTES(nonce, sizeof nonce));
	ike_build_bytes(&b, IKE_P_NONCE, LS_BYTES(nonce, sizeof nonce));
	ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_IKE_SYNTAX);
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

/* -- proposals -- */

static size_t offer(uint8_t *out, size_t cap, const struct ike_proposal *p, unsigned n,
                    enum ike_protocol protocol, enum ike_ke_rule rule)
{
	struct wr w = wr_make(out, cap);

	ike_proposals_write(&w, p, n, protocol, 0x01020304, protocol == IKE_PROTO_ESP ? 4 : 0,
	                    rule);
	ck_assert(wr_ok(&w));
	return w.len;
}

START_TEST(proposal_round_trip)
{
	struct ike_proposal p[IKE_PROPOSALS_MAX];
	unsigned n = ike_proposals_default_ike(p);
	uint8_t bytes[1024], answer[256];
	size_t len = offer(bytes, sizeof bytes, p, n, IKE_PROTO_IKE, IKE_KE_NEEDED);
	struct wr w = wr_make(answer, sizeof answer);
	struct ike_choice c, again;
	char text[200];

	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_IKE, p, n,
	                                     IKE_KE_NEEDED, ALGO_NONE, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.encr, ALGO_AES256_GCM);
	ck_assert_int_eq(c.prf, ALGO_PRF_SHA384);
	ck_assert_int_eq(c.ke, ALGO_X25519);
	ck_assert_int_eq(c.integ, ALGO_NONE);
	ck_assert_uint_eq(c.number, 1);
	/* The group that was sent goes before others that are allowed. */
	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_IKE, p, n,
	                                     IKE_KE_NEEDED, ALGO_MODP2048, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.ke, ALGO_MODP2048);
	ike_choice_write(&w, &c, IKE_PROTO_IKE, 0, 0);
	ck_assert_int_eq(ike_choice_read(LS_BYTES(answer, w.len), IKE_PROTO_IKE, p, n,
	                                 IKE_KE_NEEDED, &again),
	                 CAUSE_NONE);
	ck_assert_int_eq(again.ke, ALGO_MODP2048);
	ck_assert(ike_choice_allowed(&c, IKE_PROTO_IKE, p, n, IKE_KE_NEEDED));
	ck_assert(!ike_choice_allowed(&c, IKE_PROTO_IKE, p + 1, 1, IKE_KE_NEEDED));
	/* A whole offer is no answer. */
	ck_assert_int_ne(
		ike_choice_read(LS_BYTES(bytes, len), IKE_PROTO_IKE, p, n, IKE_KE_NEEDED, &again),
		CAUSE_NONE);
	ike_offers_text(LS_BYTES(answer, w.len), IKE_PROTO_IKE, text, sizeof text);
	ck_assert_str_eq(text, "AES-256-GCM/SHA-384/MODP-2048");
	/* Cut between two proposals it is a shorter offer: "last" is not needed to tell (3.3.1). */
	for (size_t cut = 0; cut < len; cut++)
		if (cut != ls_get16(bytes + 2))
			ck_assert_int_ne(ike_proposal_choose(LS_BYTES(bytes, cut), IKE_PROTO_IKE, p,
			                                     n, IKE_KE_NEEDED, ALGO_NONE, &c),
			                 CAUSE_NONE);
}
END_TEST

/* A proposal by hand: transforms as {type, id, key bits}. */
static size_t by_hand(uint8_t *out, uint8_t protocol, const uint16_t (*t)[3], unsigned n)
{
	struct wr w = wr_make(out, 512);

	wr_u8(&w, 0);
	wr_u8(&w, 0);
	wr_u16(&w, 0);
	wr_u8(&w, 1);
	wr_u8(&w, protocol);
	wr_u8(&w, protocol == 3 ? 4 : 0);
	wr_u8(&w, (uint8_t)n);
	if (protocol == 3)
		wr_u32(&w, 0x11223344);
	for (unsigned i = 0; i < n; i++) {
		wr_u8(&w, i + 1 < n ? 3 : 0);
		wr_u8(&w, 0);
		wr_u16(&w, t[i][2] ? 12 : 8);
		wr_u8(&w, (uint8_t)t[i][0]);
		wr_u8(&w, 0);
		wr_u16(&w, t[i][1]);
		if (t[i][2]) {
			wr_u16(&w, 0x800e);
			wr_u16(&w, t[i][2]);
		}
	}
	wr_patch_u16(&w, 2, (uint16_t)w.len);
	return w.len;
}

START_TEST(proposal_rules)
{
	static const struct {
		const char *what;
		uint8_t protocol;
		unsigned n;
		uint16_t t[6][3];
		bool good;
	} rows[] = {
		{"plain", 1, 3, {{1, 20, 256}, {2, 6, 0}, {4, 31, 0}}, true},
		{"AEAD with INTEG NONE",
	         1,
	         4,
	         {{1, 20, 256}, {2, 6, 0}, {3, 0, 0}, {4, 31, 0}},
	         true},
		{"AEAD with a real INTEG",
	         1,
	         4,
	         {{1, 20, 256}, {2, 6, 0}, {3, 12, 0}, {4, 31, 0}},
	         false},
		{"AES without Key Length", 1, 3, {{1, 20, 0}, {2, 6, 0}, {4, 31, 0}}, false},
		{"ChaCha20 with Key Length", 1, 3, {{1, 28, 256}, {2, 6, 0}, {4, 31, 0}}, false},
		{"no PRF", 1, 2, {{1, 20, 256}, {4, 31, 0}}, false},
		{"no group", 1, 2, {{1, 20, 256}, {2, 6, 0}}, false},
		{"unknown transform type",
	         1,
	         4,
	         {{1, 20, 256}, {2, 6, 0}, {4, 31, 0}, {77, 1, 0}},
	         false},
		{"additional key exchange NONE",
	         1,
	         4,
	         {{1, 20, 256}, {2, 6, 0}, {4, 31, 0}, {6, 0, 0}},
	         true},
		{"unknown cipher beside a known",
	         1,
	         4,
	         {{1, 999, 128}, {1, 20, 128}, {2, 5, 0}, {4, 19, 0}},
	         true},
		{"CBC without INTEG", 1, 3, {{1, 12, 256}, {2, 6, 0}, {4, 31, 0}}, false},
		{"for ESP", 3, 3, {{1, 20, 256}, {5, 0, 0}, {5, 1, 0}}, true},
		{"for ESP, ESN only", 3, 2, {{1, 20, 256}, {5, 1, 0}}, true},
		{"for ESP, no word about ESN", 3, 1, {{1, 20, 256}}, true},
		{"for ESP, CBC", 3, 3, {{1, 12, 256}, {3, 12, 0}, {5, 0, 0}}, true},
		{"for AH", 2, 2, {{3, 12, 0}, {5, 0, 0}}, false},
	};
	uint8_t bytes[512];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ike_proposal p[IKE_PROPOSALS_MAX];
		bool esp = rows[i].protocol != 1;
		unsigned n = esp ? ike_proposals_default_child(p) : ike_proposals_default_ike(p);
		size_t len = by_hand(bytes, rows[i].protocol, rows[i].t, rows[i].n);
		struct ike_choice c;
		enum ls_cause cause = ike_proposal_choose(
			LS_BYTES(bytes, len), esp ? IKE_PROTO_ESP : IKE_PROTO_IKE, p, n,
			esp ? IKE_KE_IGNORED : IKE_KE_NEEDED, ALGO_NONE, &c);

		ck_assert_msg((cause == CAUSE_NONE) == rows[i].good, "%s", rows[i].what);
	}
}
END_TEST

/* Key exchange for CHILD SAs: what our proposals say about groups, and what the peer offers. */
START_TEST(proposal_pfs)
{
	static const uint16_t without[][3] = {{1, 20, 256}, {5, 0, 0}},
			      with[][3] = {{1, 20, 256}, {4, 19, 0}, {5, 0, 0}},
			      either[][3] = {{1, 20, 256}, {4, 19, 0}, {4, 0, 0}, {5, 0, 0}};
	struct ike_proposal none = {.count = 1, .algo = {ALGO_AES256_GCM}, .no_esn = true},
			    group = {.count = 2,
	                             .algo = {ALGO_AES256_GCM, ALGO_ECP256},
	                             .no_esn = true};
	uint8_t bytes[512];
	struct ike_choice c;
	size_t len = by_hand(bytes, 3, without, 2);

	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_ESP, &none, 1,
	                                     IKE_KE_PFS, ALGO_NONE, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.ke, ALGO_NONE);
	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_ESP, &group, 1,
	                                     IKE_KE_PFS, ALGO_NONE, &c),
	                 CAUSE_IKE_NO_CHILD_PROPOSAL);
	len = by_hand(bytes, 3, with, 3);
	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_ESP, &none, 1,
	                                     IKE_KE_PFS, ALGO_NONE, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.ke, ALGO_ECP256);
	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_ESP, &group, 1,
	                                     IKE_KE_PFS, ALGO_NONE, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.ke, ALGO_ECP256);
	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_ESP, &group, 1,
	                                     IKE_KE_IGNORED, ALGO_NONE, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.ke, ALGO_NONE);
	len = by_hand(bytes, 3, either, 4);
	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_ESP, &none, 1,
	                                     IKE_KE_PFS, ALGO_NONE, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.ke, ALGO_NONE);
}
END_TEST

/* -- selectors -- */

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

/* -- identities -- */

START_TEST(identities)
{
	static const struct {
		const char *expected, *seen;
		bool match;
	} rows[] = {
		{"hq.bank.example", "HQ.bank.EXAMPLE", true},
		{"*.bank.example", "hq.bank.example", true},
		{"*.bank.example", "bank.example", false},
		{"*.bank.example", "evilbank.example", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"a@b.example", "a@b.example", true},
		{"a@b.example", "@a.b.example", false},
		{"keyid:x", "keyid:X", false},
		{"@hq", "hq", true},
		{"2001:db8::1", "2001:db8:0::1", true},
	};
	struct ike_identity a, b;
	char text[64];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert(ike_identity_parse(rows[i].expected, &a) &&
		          ike_identity_parse(rows[i].seen, &b));
		ck_assert_msg(ike_identity_matches(&a, &b) == rows[i].match, "%s",
		              rows[i].expected);
	}
	ck_assert(!ike_identity_parse("", &a) && !ike_identity_parse("@", &a) &&
	          !ike_identity_parse("keyid:", &a));
	ck_assert(ike_identity_parse("keyid:a b\x01", &a));
	ck_assert_str_eq(ike_identity_text(&a, text, sizeof text), "keyid:a\\x20b\\x01");
	ck_assert(ike_identity_parse("192.0.2.1", &a));
	ck_assert_str_eq(ike_identity_text(&a, text, sizeof text), "192.0.2.1");
	ck_assert_str_eq(ike_identity_text(&a, text, 5), "192.");
}
END_TEST

/* -- cookies -- */

START_TEST(cookies)
{
	struct ls_random_seeded seeded;
	struct ls_random random = source(&seeded);
	struct ike_cookie c = {0};
	struct ls_addr from = ls_addr_v4(0x08080808, 500);
	uint8_t nonce[16] = {1}, cookie[IKE_COOKIE_SIZE], fresh[IKE_COOKIE_SIZE];
	struct ls_bytes ni = LS_BYTES(nonce, sizeof nonce);
	ls_time now = LS_S(5);

	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	ck_assert(ike_cookie_make(&c, &random, now, ni, &from, 9, cookie));
	ck_assert(ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 10));
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie - 1), ni, &from, 9));
	/* The port may change behind a NAT, the address not. */
	from.port = 501;
	ck_assert(ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	from.ip[3] ^= 1;
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	from.ip[3] ^= 1;
	/* One secret later it is still good, two later not. */
	ck_assert(ike_cookie_make(&c, &random, now + LS_S(61), ni, &from, 9, fresh));
	ck_assert(memcmp(fresh, cookie, sizeof fresh) != 0);
	ck_assert(ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	ck_assert(ike_cookie_make(&c, &random, now + LS_S(122), ni, &from, 9, fresh));
	ck_assert(!ike_cookie_check(&c, LS_BYTES(cookie, sizeof cookie), ni, &from, 9));
	ike_cookie_free(&c);
}
END_TEST

/* -- fragments -- */

static bool add(struct ike_frag *f, uint32_t id, uint16_t number, uint16_t total, const char *text,
                char *out)
{
	struct ike_opened o = {.first = number == 1 ? 33 : 0,
	                       .number = number,
	                       .total = total,
	                       .plain = LS_BYTES(text, strlen(text))};
	uint8_t *plain, first;
	size_t len;

	if (!ike_frag_add(f, id, &o, &plain, &len, &first))
		return false;
	memcpy(out, plain, len);
	out[len] = '\0';
	ck_assert_uint_eq(first, 33);
	free(plain);
	return true;
}

START_TEST(fragments)
{
	struct ike_frag f = {0};
	char out[64];

	ck_assert(!add(&f, 1, 2, 3, "b", out));
	ck_assert(!add(&f, 1, 2, 3, "x", out));
	ck_assert(!add(&f, 1, 1, 3, "a", out));
	ck_assert(!ike_frag_wanted(&f, 1, 1, 3));
	ck_assert(!ike_frag_wanted(&f, 1, 1, 2));
	ck_assert(ike_frag_wanted(&f, 1, 1, 4));
	ck_assert(add(&f, 1, 3, 3, "c", out));
	ck_assert_str_eq(out, "abc");
	/* A larger total begins anew, and so does another message. */
	ck_assert(!add(&f, 2, 1, 2, "old", out));
	ck_assert(!add(&f, 2, 1, 3, "1", out));
	ck_assert(!add(&f, 2, 2, 2, "old", out));
	ck_assert(!add(&f, 2, 2, 3, "2", out));
	ck_assert(add(&f, 2, 3, 3, "3", out));
	ck_assert_str_eq(out, "123");
	ck_assert(!add(&f, 3, 1, 2, "x", out));
	ck_assert(!add(&f, 4, 2, 2, "z", out));
	ck_assert(add(&f, 4, 1, 2, "y", out));
	ck_assert_str_eq(out, "yz");
	ck_assert(!ike_frag_wanted(&f, 5, 0, 2) && !ike_frag_wanted(&f, 5, 3, 2) &&
	          !ike_frag_wanted(&f, 5, 1, IKE_FRAGMENTS_MAX + 1));
	ike_frag_free(&f);
}
END_TEST

/* -- sealed messages -- */

START_TEST(sealing)
{
	static const struct ike_choice choices[] = {
		{.encr = ALGO_AES256_GCM, .prf = ALGO_PRF_SHA384},
		{.encr = ALGO_CHACHA20POLY1305, .prf = ALGO_PRF_SHA256},
		{.encr = ALGO_AES128, .integ = ALGO_SHA256, .prf = ALGO_PRF_SHA256},
		{.encr = ALGO_AES256, .integ = ALGO_SHA512, .prf = ALGO_PRF_SHA512},
	};
	static uint8_t plain[3000], scratch[4096];
	struct ls_random_seeded seeded;
	struct ls_random random = source(&seeded);

	ls_random_fill(&random, plain, sizeof plain);
	for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
		for (size_t len = 0; len < sizeof plain; len = len * 2 + 7) {
			uint64_t counter = 0;
			struct ike_keys keys;
			struct ike_sealer s = {.keys = &keys,
			                       .of_initiator = len & 1,
			                       .iv_counter = &counter,
			                       .random = &random};
			struct ike_header h = {.spi_i = 1,
			                       .spi_r = 2,
			                       .major = 2,
			                       .exchange = 36,
			                       .flags = len & 1 ? 8 : 0,
			                       .id = 5};
			struct ike_packets packets;
			struct ike_frag frag = {0};
			struct ls_bytes one;
			struct rd r;
			uint8_t *whole = NULL, first = 0;
			size_t whole_len = 0;

			ck_assert(ike_keys_layout(&keys, &choices[i]));
			ls_random_fill(&random, keys.all.bytes, keys.all.len);
			ck_assert(ike_seal(&s, &h, 33, LS_BYTES(plain, len), 500, &packets));
			r = rd_make(packets.bytes, packets.len);
			while (ike_packets_next(&r, &one)) {
				struct rd in = rd_make(one.p, one.len);
				struct ike_header got;
				struct ike_opened o;

				ck_assert(ike_header_read(&in, &got));
				ck_assert_uint_le(one.len, 500);
				ck_assert_uint_eq(got.length, one.len);
				ck_assert_int_eq(
					ike_open(&keys, !(len & 1), &got, one, scratch, &o),
					CAUSE_IKE_BAD_ICV);
				ck_assert_int_eq(ike_open(&keys, len & 1, &got, one, scratch, &o),
				                 CAUSE_NONE);
				if (o.number == 0) {
					ck_assert_uint_eq(o.plain.len, len);
					ck_assert_int_eq(memcmp(o.plain.p, plain, len), 0);
				} else if (ike_frag_add(&frag, 5, &o, &whole, &whole_len, &first)) {
					ck_assert_uint_eq(first, 33);
					ck_assert_uint_eq(whole_len, len);
					ck_assert_int_eq(memcmp(whole, plain, len), 0);
				}
			}
			ck_assert((packets.count > 1) == (whole != NULL));
			free(whole);
			ike_packets_free(&packets);
			ike_keys_free(&keys);
		}
}
END_TEST

/* -- NAT detection -- */

START_TEST(nat_hashes)
{
	struct ls_random_seeded seeded;
	struct ls_random random = source(&seeded);
	struct ls_addr here = ls_addr_v4(0x0a000001, 500), there = ls_addr_v4(0xc6336402, 500),
		       seen = ls_addr_v4(0xcb007101, 40500);
	uint8_t buffer[256];
	struct ike_build b = ike_build_make(buffer, sizeof buffer);
	struct ike_payloads in;
	struct ike_nat_found f;

	ike_nat_write(&b, 7, 0, &here, &there, false, &random);
	ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
	f = ike_nat_check(&in, 7, 0, &there, &here);
	ck_assert(f.spoken && !f.local && !f.remote);
	f = ike_nat_check(&in, 7, 0, &there, &seen);
	ck_assert(f.spoken && !f.local && f.remote);
	f = ike_nat_check(&in, 7, 0, &seen, &here);
	ck_assert(f.spoken && f.local && !f.remote);
	in.notifies = 1;
	ck_assert(!ike_nat_check(&in, 7, 0, &there, &seen).spoken);
}
END_TEST

START_TEST(names)
{
	char text[16];
	struct ike_text t = ike_text_make(text, sizeof text);

	ike_text_number(&t, 0);
	ike_text_add(&t, ",");
	ike_text_number(&t, UINT64_MAX);
	ck_assert_str_eq(text, "0,1844674407370");
	t = ike_text_make(text, sizeof text);
	ike_text_notify(&t, 14);
	ck_assert_str_eq(text, "NO_PROPOSAL_CHO");
	t = ike_text_make(text, sizeof text);
	ike_text_notify(&t, 9999);
	ck_assert_str_eq(text, "notify 9999");
}
END_TEST

IKE_MAIN("ike codec", payload_minima, payload_chain, payload_critical, payload_twice,
         payload_bounds, proposal_round_trip, proposal_rules, proposal_pfs, selectors_for_l2tp,
         selectors_for_tunnels, identities, cookies, fragments, sealing, nat_hashes, names)
