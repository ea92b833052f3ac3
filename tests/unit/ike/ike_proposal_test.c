/* SA payloads: what is offered, what is chosen of it, what is taken as an answer, and in words. */
#include "ike/ike_proposal.h"
#include "tests/unit/ike/ike_main.h"

#include <string.h>

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

/* Which proposals of the owner can be negotiated at all. */
START_TEST(validity)
{
	static const struct {
		const char *what;
		enum ike_protocol protocol;
		struct ike_proposal p;
		bool good;
	} rows[] = {
		{"IKE, AEAD",
	         IKE_PROTO_IKE,
	         {.count = 3, .algo = {ALGO_AES256_GCM, ALGO_PRF_SHA384, ALGO_X25519}},
	         true},
		{"IKE, CBC",
	         IKE_PROTO_IKE,
	         {.count = 4, .algo = {ALGO_AES256, ALGO_SHA256, ALGO_PRF_SHA256, ALGO_X25519}},
	         true},
		{"nothing", IKE_PROTO_IKE, {.count = 0}, false},
		{"more than there is room for",
	         IKE_PROTO_IKE,
	         {.count = IKE_TRANSFORMS_MAX + 1, .algo = {ALGO_AES256_GCM}},
	         false},
		{"an algorithm that does not exist",
	         IKE_PROTO_IKE,
	         {.count = 4, .algo = {ALGO_AES256_GCM, ALGO_PRF_SHA384, ALGO_X25519, 9999}},
	         false},
		{"no cipher",
	         IKE_PROTO_IKE,
	         {.count = 2, .algo = {ALGO_PRF_SHA384, ALGO_X25519}},
	         false},
		{"AEAD beside CBC",
	         IKE_PROTO_IKE,
	         {.count = 5,
	          .algo = {ALGO_AES256_GCM, ALGO_AES256, ALGO_SHA256, ALGO_PRF_SHA256,
	                   ALGO_X25519}},
	         false},
		{"AEAD with INTEG",
	         IKE_PROTO_IKE,
	         {.count = 4, .algo = {ALGO_AES256_GCM, ALGO_SHA256, ALGO_PRF_SHA256, ALGO_X25519}},
	         false},
		{"CBC without INTEG",
	         IKE_PROTO_IKE,
	         {.count = 3, .algo = {ALGO_AES256, ALGO_PRF_SHA256, ALGO_X25519}},
	         false},
		{"IKE without PRF",
	         IKE_PROTO_IKE,
	         {.count = 2, .algo = {ALGO_AES256_GCM, ALGO_X25519}},
	         false},
		{"IKE without a group",
	         IKE_PROTO_IKE,
	         {.count = 2, .algo = {ALGO_AES256_GCM, ALGO_PRF_SHA256}},
	         false},
		{"IKE with NULL",
	         IKE_PROTO_IKE,
	         {.count = 4, .algo = {ALGO_NULL, ALGO_SHA256, ALGO_PRF_SHA256, ALGO_X25519}},
	         false},
		{"ESP",
	         IKE_PROTO_ESP,
	         {.count = 1, .algo = {ALGO_AES256_GCM}, .no_esn = true},
	         true},
		{"ESP, ESN alone",
	         IKE_PROTO_ESP,
	         {.count = 1, .algo = {ALGO_AES256_GCM}, .esn = true},
	         true},
		{"ESP, no kind of numbers",
	         IKE_PROTO_ESP,
	         {.count = 1, .algo = {ALGO_AES256_GCM}},
	         false},
		{"ESP with NULL",
	         IKE_PROTO_ESP,
	         {.count = 2, .algo = {ALGO_NULL, ALGO_SHA256}, .no_esn = true},
	         true},
		{"ESP with a PRF",
	         IKE_PROTO_ESP,
	         {.count = 2, .algo = {ALGO_AES256_GCM, ALGO_PRF_SHA256}, .no_esn = true},
	         false},
	};
	struct ike_proposal p[IKE_PROPOSALS_MAX];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(ike_proposal_valid(&rows[i].p, rows[i].protocol) == rows[i].good,
		              "%s", rows[i].what);
	for (unsigned n = ike_proposals_default_ike(p); n > 0; n--)
		ck_assert(ike_proposal_valid(&p[n - 1], IKE_PROTO_IKE));
	for (unsigned n = ike_proposals_default_child(p); n > 0; n--)
		ck_assert(ike_proposal_valid(&p[n - 1], IKE_PROTO_ESP));
}
END_TEST

static const struct ike_proposal gcm = {
	.count = 4, .algo = {ALGO_AES256_GCM, ALGO_AES128_GCM, ALGO_PRF_SHA256, ALGO_X25519}};

/* {1, 20, 256}, {2, 5}, {4, 31} and behind the cipher's key length another attribute. */
static size_t with_attribute(uint8_t *out, uint16_t type, uint16_t value, unsigned bytes)
{
	struct wr w = wr_make(out, 512);

	wr_zero(&w, 8);
	wr_u8(&w, 3);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)(16 + bytes));
	wr_u16(&w, 0x0100);
	wr_u16(&w, 20);
	wr_u32(&w, 0x800e0100);
	wr_u16(&w, type);
	wr_u16(&w, value);
	wr_zero(&w, bytes);
	for (unsigned i = 0; i < 2; i++) {
		wr_u8(&w, i ? 0 : 3);
		wr_u8(&w, 0);
		wr_u16(&w, 8);
		wr_u16(&w, i ? 0x0400 : 0x0200);
		wr_u16(&w, i ? 31 : 5);
	}
	wr_patch_u16(&w, 2, (uint16_t)w.len);
	wr_patch_u8(&w, 4, 1);
	wr_patch_u8(&w, 5, IKE_PROTO_IKE);
	wr_patch_u8(&w, 7, 3);
	return w.len;
}

/* 3.3.6: a transform with an attribute that is not known is not chosen, and nothing else is wrong;
 * one that is longer than its transform is. */
START_TEST(attributes)
{
	static const struct {
		uint16_t type, value;
		unsigned bytes;
		enum ls_cause cause;
	} rows[] = {{0x800e, 256, 0, CAUSE_NONE},          {0x800f, 1, 0, CAUSE_IKE_NO_PROPOSAL},
	            {0x0010, 4, 4, CAUSE_IKE_NO_PROPOSAL}, {0x0010, 0, 0, CAUSE_IKE_NO_PROPOSAL},
	            {0x0010, 5, 4, CAUSE_IKE_SYNTAX},      {0x0010, 3, 4, CAUSE_IKE_SYNTAX},
	            {0x000e, 65535, 0, CAUSE_IKE_SYNTAX}};
	uint8_t bytes[512];
	struct ike_choice c;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t len = with_attribute(bytes, rows[i].type, rows[i].value, rows[i].bytes);

		ck_assert_msg(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_IKE, &gcm, 1,
		                                  IKE_KE_NEEDED, ALGO_NONE, &c) == rows[i].cause,
		              "row %zu", i);
	}
}
END_TEST

/* Our order counts, not the peer's: proposals first, then algorithms. */
START_TEST(our_order)
{
	static const uint16_t t[][3] = {{1, 20, 128}, {1, 20, 256}, {2, 5, 0}, {4, 31, 0}};
	struct ike_proposal two[2] = {
		{.count = 3, .algo = {ALGO_CHACHA20POLY1305, ALGO_PRF_SHA256, ALGO_X25519}}, gcm};
	static const uint16_t chacha[][3] = {{1, 28, 0}, {2, 5, 0}, {4, 31, 0}};
	uint8_t bytes[1024];
	struct ike_choice c;
	size_t len = by_hand(bytes, 1, t, 4);

	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_IKE, two, 2,
	                                     IKE_KE_NEEDED, ALGO_NONE, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.encr, ALGO_AES256_GCM);
	bytes[0] = 2;
	len += by_hand(bytes + len, 1, chacha, 3);
	ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_IKE, two, 2,
	                                     IKE_KE_NEEDED, ALGO_NONE, &c),
	                 CAUSE_NONE);
	ck_assert_int_eq(c.encr, ALGO_CHACHA20POLY1305);
}
END_TEST

/* Offers and transforms without end are bounded, not believed and not written past the room. */
START_TEST(bounds)
{
	static const uint16_t good[][3] = {{1, 20, 256}, {2, 5, 0}, {4, 31, 0}};
	static uint8_t bytes[16384];
	struct ike_choice c;

	for (unsigned n = IKE_OFFERS_MAX; n <= IKE_OFFERS_MAX + 1; n++) {
		size_t len = 0;

		for (unsigned i = 0; i < n; i++)
			len += by_hand(bytes + len, 1, good, 3);
		ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_IKE, &gcm, 1,
		                                     IKE_KE_NEEDED, ALGO_NONE, &c),
		                 n == IKE_OFFERS_MAX ? CAUSE_NONE : CAUSE_IKE_SYNTAX);
	}
	/* 252 ciphers in front of what is needed: the first 160 are kept, so there is no PRF. */
	for (unsigned strange = IKE_OFFER_TRANSFORMS_MAX - 3; strange < 253; strange += 95) {
		struct wr w = wr_make(bytes, sizeof bytes);

		wr_u16(&w, 0);
		wr_u16(&w, (uint16_t)(8 + strange * 8 + 28));
		wr_u8(&w, 1);
		wr_u8(&w, IKE_PROTO_IKE);
		wr_u8(&w, 0);
		wr_u8(&w, (uint8_t)(strange + 3));
		for (unsigned i = 0; i < strange; i++) {
			wr_u32(&w, 0x03000008);
			wr_u32(&w, 0x01000000 | (1000 + i));
		}
		wr_u32(&w, 0x0300000c);
		wr_u32(&w, 0x01000014);
		wr_u32(&w, 0x800e0100);
		wr_u32(&w, 0x03000008);
		wr_u32(&w, 0x02000005);
		wr_u32(&w, 0x00000008);
		wr_u32(&w, 0x0400001f);
		ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, w.len), IKE_PROTO_IKE, &gcm, 1,
		                                     IKE_KE_NEEDED, ALGO_NONE, &c),
		                 strange + 3 <= IKE_OFFER_TRANSFORMS_MAX ? CAUSE_NONE
		                                                         : CAUSE_IKE_NO_PROPOSAL);
	}
}
END_TEST

/* ESN as both sides say it. */
START_TEST(esn)
{
	static const struct {
		bool esn, no_esn, offers_esn, offers_no, good, chosen;
	} rows[] = {
		{true, true, true, true, true, true},     {true, true, false, true, true, false},
		{true, true, true, false, true, true},    {false, true, true, true, true, false},
		{false, true, true, false, false, false}, {true, false, true, true, true, true},
		{true, false, false, true, false, false}, {true, false, false, false, false, false},
		{true, true, false, false, true, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ike_proposal p = {.count = 1,
		                         .algo = {ALGO_AES256_GCM},
		                         .esn = rows[i].esn,
		                         .no_esn = rows[i].no_esn};
		uint16_t t[3][3] = {{1, 20, 256}};
		unsigned n = 1;
		uint8_t bytes[512];
		struct ike_choice c;
		size_t len;
		enum ls_cause cause;

		if (rows[i].offers_esn)
			memcpy(t[n++], (uint16_t[]){5, 1, 0}, sizeof t[0]);
		if (rows[i].offers_no)
			memcpy(t[n++], (uint16_t[]){5, 0, 0}, sizeof t[0]);
		len = by_hand(bytes, 3, (const uint16_t(*)[3])t, n);
		cause = ike_proposal_choose(LS_BYTES(bytes, len), IKE_PROTO_ESP, &p, 1,
		                            IKE_KE_IGNORED, ALGO_NONE, &c);
		ck_assert_msg(cause == (rows[i].good ? CAUSE_NONE : CAUSE_IKE_NO_CHILD_PROPOSAL),
		              "row %zu", i);
		if (rows[i].good)
			ck_assert_msg(c.esn == rows[i].chosen, "row %zu", i);
	}
}
END_TEST

/* An answer names one of each kind, and nothing that was not offered (3.3.6). */
START_TEST(answers_refused)
{
	static const struct {
		const char *what;
		uint8_t protocol;
		unsigned n;
		uint16_t t[5][3];
		enum ls_cause cause;
	} rows[] = {
		{"right", 1, 3, {{1, 20, 256}, {2, 5, 0}, {4, 31, 0}}, CAUSE_NONE},
		{"INTEG NONE named",
	         1,
	         4,
	         {{1, 20, 256}, {2, 5, 0}, {3, 0, 0}, {4, 31, 0}},
	         CAUSE_NONE},
		{"another cipher", 1, 3, {{1, 28, 0}, {2, 5, 0}, {4, 31, 0}}, CAUSE_IKE_BAD_CHOICE},
		{"another key length",
	         1,
	         3,
	         {{1, 20, 192}, {2, 5, 0}, {4, 31, 0}},
	         CAUSE_IKE_BAD_CHOICE},
		{"another group",
	         1,
	         3,
	         {{1, 20, 256}, {2, 5, 0}, {4, 14, 0}},
	         CAUSE_IKE_BAD_CHOICE},
		{"no group", 1, 2, {{1, 20, 256}, {2, 5, 0}}, CAUSE_IKE_BAD_CHOICE},
		{"two ciphers",
	         1,
	         4,
	         {{1, 20, 256}, {1, 20, 128}, {2, 5, 0}, {4, 31, 0}},
	         CAUSE_IKE_BAD_CHOICE},
		{"for ESP", 3, 3, {{1, 20, 256}, {2, 5, 0}, {4, 31, 0}}, CAUSE_IKE_BAD_CHOICE},
		{"an additional key exchange",
	         1,
	         4,
	         {{1, 20, 256}, {2, 5, 0}, {4, 31, 0}, {6, 31, 0}},
	         CAUSE_IKE_BAD_CHOICE},
		{"nothing", 1, 0, {{0}}, CAUSE_IKE_BAD_CHOICE},
	};
	uint8_t bytes[1024];
	struct ike_choice c;
	size_t len;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		len = by_hand(bytes, rows[i].protocol, rows[i].t, rows[i].n);
		ck_assert_msg(ike_choice_read(LS_BYTES(bytes, len), IKE_PROTO_IKE, &gcm, 1,
		                              IKE_KE_NEEDED, &c) == rows[i].cause,
		              "%s", rows[i].what);
	}
	len = by_hand(bytes, 1, rows[0].t, 3);
	len += by_hand(bytes + len, 1, rows[0].t, 3);
	ck_assert_int_eq(
		ike_choice_read(LS_BYTES(bytes, len), IKE_PROTO_IKE, &gcm, 1, IKE_KE_NEEDED, &c),
		CAUSE_IKE_SYNTAX);
	len = by_hand(bytes, 1, rows[0].t, 3);
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_eq(ike_choice_read(LS_BYTES(bytes, cut), IKE_PROTO_IKE, &gcm, 1,
		                                 IKE_KE_NEEDED, &c),
		                 CAUSE_IKE_SYNTAX);
}
END_TEST

/* The SPI comes and goes in its size. */
START_TEST(spi_sizes)
{
	static const uint8_t sizes[] = {0, 4, 8};
	uint8_t bytes[512];
	struct ike_choice c;

	for (size_t i = 0; i < sizeof sizes; i++) {
		struct wr w = wr_make(bytes, sizeof bytes);

		ike_proposals_write(&w, &gcm, 1, IKE_PROTO_IKE, UINT64_C(0x1122334455667788),
		                    sizes[i], IKE_KE_NEEDED);
		ck_assert_int_eq(ike_proposal_choose(LS_BYTES(bytes, w.len), IKE_PROTO_IKE, &gcm, 1,
		                                     IKE_KE_NEEDED, ALGO_NONE, &c),
		                 CAUSE_NONE);
		ck_assert_uint_eq(c.spi_size, sizes[i]);
		ck_assert_uint_eq(c.spi, sizes[i] == 8   ? UINT64_C(0x1122334455667788)
		                         : sizes[i] == 4 ? 0x55667788
		                                         : 0);
	}
}
END_TEST

START_TEST(groups)
{
	struct ike_proposal p[2] = {{.count = 1, .algo = {ALGO_AES256_GCM}}, gcm};

	ck_assert_int_eq(ike_proposals_first_ke(p, 1), ALGO_NONE);
	ck_assert_int_eq(ike_proposals_first_ke(p, 2), ALGO_X25519);
	ck_assert(!ike_proposals_have(p, 1, ALGO_X25519) && ike_proposals_have(p, 2, ALGO_X25519));
}
END_TEST

/* What is not known is named by its numbers, what is for another protocol not at all. */
START_TEST(words)
{
	static const uint16_t strange[][3] = {{1, 999, 0},
	                                      {1, 20, 256},
	                                      {2, 5, 0},
	                                      {4, 31, 0},
	                                      {4, 35, 0}},
			      esp[][3] = {{1, 12, 128}, {3, 12, 0}, {5, 0, 0}};
	struct ike_choice c = {.encr = ALGO_AES128, .integ = ALGO_SHA256, .ke = ALGO_ECP256};
	uint8_t bytes[1024];
	char text[200];
	size_t len = by_hand(bytes, 1, strange, 5);

	len += by_hand(bytes + len, 3, esp, 3);
	ike_offers_text(LS_BYTES(bytes, len), IKE_PROTO_IKE, text, sizeof text);
	ck_assert_str_eq(text, "#1.999+AES-256-GCM/SHA-256/X25519+#4.35");
	ike_offers_text(LS_BYTES(bytes, len), IKE_PROTO_ESP, text, sizeof text);
	ck_assert_str_eq(text, "AES-128-CBC/SHA-256");
	ike_offers_text(LS_BYTES(bytes, len), IKE_PROTO_IKE, text, 8);
	ck_assert_str_eq(text, "#1.999+");
	ike_choice_text(&c, text, sizeof text);
	ck_assert_str_eq(text, "AES-128-CBC, SHA-256, ECP-256");
	ike_proposals_text((const struct ike_proposal[]){gcm, gcm}, 2, text, sizeof text);
	ck_assert_str_eq(text, "AES-256-GCM+AES-128-GCM/SHA-256/X25519, "
	                       "AES-256-GCM+AES-128-GCM/SHA-256/X25519");
}
END_TEST

IKE_MAIN("ike proposals", proposal_round_trip, proposal_rules, proposal_pfs, validity, attributes,
         our_order, bounds, esn, answers_refused, spi_sizes, groups, words)
