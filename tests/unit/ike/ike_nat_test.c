/* NAT detection: the two hashes, written and compared. */
#include "ike/ike_nat.h"
#include "tests/unit/ike/ike_main.h"

#include <string.h>

static enum ls_cause parse(uint8_t first, const void *bytes, size_t len, struct ike_payloads *out)
{
	struct rd r = rd_make(bytes, len);

	return ike_payloads_read(first, &r, out);
}

/* -- NAT detection -- */

/* What A says of its own address and of B's, as B reads it. */
struct told {
	struct ls_addr here, there;
	uint8_t buffer[256];
	struct ike_payloads in; /* into buffer */
};

static void tell(struct told *t, uint64_t spi_r, bool forced)
{
	struct ls_random_seeded seeded;
	struct ls_random random = ike_source(&seeded);
	struct ike_build b = ike_build_make(t->buffer, sizeof t->buffer);

	t->here = ls_addr_v4(0x0a000001, 500);
	t->there = ls_addr_v4(0xc6336402, 500);
	ike_nat_write(&b, 7, spi_r, &t->here, &t->there, forced, &random);
	ck_assert_int_eq(parse(b.first, t->buffer, b.w.len, &t->in), CAUSE_NONE);
}

START_TEST(nat_hashes)
{
	struct ls_addr seen = ls_addr_v4(0xcb007101, 40500);
	struct told t;
	struct ike_nat_found f;

	tell(&t, 0, false);
	f = ike_nat_check(&t.in, 7, 0, &t.there, &t.here);
	ck_assert(f.spoken && !f.local && !f.remote);
	f = ike_nat_check(&t.in, 7, 0, &t.there, &seen);
	ck_assert(f.spoken && !f.local && f.remote);
	f = ike_nat_check(&t.in, 7, 0, &seen, &t.here);
	ck_assert(f.spoken && f.local && !f.remote);
	t.in.notifies = 1;
	ck_assert(!ike_nat_check(&t.in, 7, 0, &t.there, &seen).spoken);
}
END_TEST

/* Against SHA-1 done elsewhere: sha1(0000000000000007 | 0000000000000008 | 0a000001 | 01f4). */
START_TEST(known_hash)
{
	static const uint8_t right[IKE_NAT_HASH_SIZE] = {0x9a, 0x42, 0xc6, 0x8a, 0xb1, 0x2b, 0xe8,
	                                                 0xc5, 0xd2, 0x20, 0xf2, 0xe8, 0x59, 0xb3,
	                                                 0xa5, 0x19, 0xb1, 0x2e, 0x39, 0xca};
	struct told t;

	tell(&t, 8, false);
	ck_assert_uint_eq(t.in.notify[0].type, IKE_N_NAT_SOURCE);
	ck_assert_uint_eq(t.in.notify[0].data.len, IKE_NAT_HASH_SIZE);
	ck_assert_mem_eq(t.in.notify[0].data.p, right, sizeof right);
}
END_TEST

/* Other SPIs, another port: another hash, so a NAT is seen. */
START_TEST(all_of_it_counts)
{
	struct ls_addr port = ls_addr_v4(0x0a000001, 501);
	struct told t;
	struct ike_nat_found f;

	tell(&t, 8, false);
	f = ike_nat_check(&t.in, 6, 8, &t.there, &t.here);
	ck_assert(f.spoken && f.local && f.remote);
	f = ike_nat_check(&t.in, 7, 9, &t.there, &t.here);
	ck_assert(f.spoken && f.local && f.remote);
	f = ike_nat_check(&t.in, 7, 8, &t.there, &port);
	ck_assert(f.spoken && !f.local && f.remote);
}
END_TEST

/* Forced: the peer sees a NAT before us, and none before itself. */
START_TEST(forced)
{
	struct told t;
	struct ike_nat_found f;

	tell(&t, 8, true);
	f = ike_nat_check(&t.in, 7, 8, &t.there, &t.here);
	ck_assert(f.spoken && !f.local && f.remote);
}
END_TEST

/* A host with several addresses sends several source hashes (2.23): one that fits is enough. What
 * has another size is no hash. */
START_TEST(several_and_strange)
{
	struct ls_random_seeded seeded;
	struct ls_random random = ike_source(&seeded);
	struct ls_addr here = ls_addr_v4(0x0a000001, 500), there = ls_addr_v4(0xc6336402, 500);
	uint8_t buffer[512], other[IKE_NAT_HASH_SIZE + 1] = {0};
	struct ike_payloads in;
	struct ike_nat_found f;

	for (unsigned first = 0; first < 2; first++) {
		struct ike_build b = ike_build_make(buffer, sizeof buffer);

		for (unsigned i = 0; i < 2; i++)
			if (i == first)
				ike_nat_write(&b, 7, 8, &here, &there, false, &random);
			else
				ike_build_notify(&b, 0, IKE_N_NAT_SOURCE, LS_BYTES(NULL, 0),
				                 LS_BYTES(other, IKE_NAT_HASH_SIZE));
		ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
		f = ike_nat_check(&in, 7, 8, &there, &here);
		ck_assert(f.spoken && !f.local && !f.remote);
	}
	for (size_t len = 0; len <= sizeof other; len++) {
		struct ike_build b = ike_build_make(buffer, sizeof buffer);

		ike_build_notify(&b, 0, IKE_N_NAT_SOURCE, LS_BYTES(NULL, 0), LS_BYTES(other, len));
		ike_build_notify(&b, 0, IKE_N_NAT_DESTINATION, LS_BYTES(NULL, 0),
		                 LS_BYTES(other, len));
		ck_assert_int_eq(parse(b.first, buffer, b.w.len, &in), CAUSE_NONE);
		ck_assert(ike_nat_check(&in, 7, 8, &there, &here).spoken ==
		          (len == IKE_NAT_HASH_SIZE));
	}
}
END_TEST

IKE_MAIN("ike nat", nat_hashes, known_hash, all_of_it_counts, forced, several_and_strange)
