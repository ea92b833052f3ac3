/* Messages sealed, cut, and opened; and what is not opened. */
#include "ike/ike_frag.h"
#include "tests/unit/ike/ike_main.h"

#include <stdlib.h>
#include <string.h>

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
	struct ls_random random = ike_source(&seeded);

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

struct sealed {
	struct ls_random_seeded seeded;
	struct ls_random random;
	uint64_t counter;
	struct ike_keys keys;
	struct ike_sealer sealer;
	struct ike_header header;
	struct ike_packets packets;
	struct ls_bytes one;
};

static struct sealed *sealed_new(bool aead)
{
	static const struct ike_choice choices[] = {
		{.encr = ALGO_AES128, .integ = ALGO_SHA256, .prf = ALGO_PRF_SHA256},
		{.encr = ALGO_AES256_GCM, .prf = ALGO_PRF_SHA256}};
	struct sealed *s = calloc(1, sizeof *s);

	s->random = ike_source(&s->seeded);
	ck_assert(ike_keys_layout(&s->keys, &choices[aead]));
	ls_random_fill(&s->random, s->keys.all.bytes, s->keys.all.len);
	s->sealer = (struct ike_sealer){.keys = &s->keys,
	                                .of_initiator = true,
	                                .iv_counter = &s->counter,
	                                .random = &s->random};
	s->header = (struct ike_header){.spi_i = 1, .spi_r = 2, .major = 2, .flags = 8, .id = 5};
	return s;
}

/* Seals and gives the header of the first datagram. */
static struct ike_header sealed_first(struct sealed *s, struct ls_bytes plain, size_t most)
{
	struct ike_header h;
	struct rd r, in;

	ike_packets_free(&s->packets);
	ck_assert(ike_seal(&s->sealer, &s->header, 33, plain, most, &s->packets));
	r = rd_make(s->packets.bytes, s->packets.len);
	ck_assert(ike_packets_next(&r, &s->one));
	in = rd_make(s->one.p, s->one.len);
	ck_assert(ike_header_read(&in, &h));
	return h;
}

static void sealed_free(struct sealed *s)
{
	ike_packets_free(&s->packets);
	ike_keys_free(&s->keys);
	free(s);
}

/* Every bit turned and every length: malformed or not authentic, never believed. */
START_TEST(damage)
{
	static uint8_t plain[100], scratch[512];

	for (unsigned aead = 0; aead < 2; aead++)
		for (unsigned fragment = 0; fragment < 2; fragment++) {
			struct sealed *s = sealed_new(aead);
			struct ike_header h =
				sealed_first(s, LS_BYTES(plain, sizeof plain), fragment ? 112 : 0);
			struct ike_opened o;
			uint8_t *bytes = malloc(s->one.len);

			ck_assert_int_eq(h.next, fragment ? IKE_P_SKF : IKE_P_SK);
			memcpy(bytes, s->one.p, s->one.len);
			for (size_t bit = 0; bit < s->one.len * 8; bit++) {
				struct rd r = rd_make(bytes, s->one.len);
				enum ls_cause cause;

				bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
				ike_header_read(&r, &h);
				cause = ike_open(&s->keys, true, &h, LS_BYTES(bytes, s->one.len),
				                 scratch, &o);
				ck_assert(cause == CAUSE_IKE_BAD_ICV || cause == CAUSE_MALFORMED);
				ck_assert_ptr_null(o.plain.p);
				bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			}
			h.next = fragment ? IKE_P_SKF : IKE_P_SK;
			for (size_t len = 0; len < s->one.len; len++) {
				/* As it is cut, and with a length field that says so. */
				ck_assert_int_eq(ike_open(&s->keys, true, &h, LS_BYTES(bytes, len),
				                          scratch, &o),
				                 CAUSE_MALFORMED);
				if (len < IKE_HEADER_SIZE + IKE_PAYLOAD_HEADER_SIZE)
					continue;
				ls_put16(bytes + 30, (uint16_t)(len - IKE_HEADER_SIZE));
				ck_assert_int_ne(ike_open(&s->keys, true, &h, LS_BYTES(bytes, len),
				                          scratch, &o),
				                 CAUSE_NONE);
				ls_put16(bytes + 30, (uint16_t)(s->one.len - IKE_HEADER_SIZE));
			}
			h.next = IKE_P_NOTIFY;
			ck_assert_int_eq(ike_open(&s->keys, true, &h, LS_BYTES(bytes, s->one.len),
			                          scratch, &o),
			                 CAUSE_MALFORMED);
			free(bytes);
			sealed_free(s);
		}
}
END_TEST

/* RFC 7383 2.5: a fragment has a number from 1 to the total. It is refused before the ICV is
 * looked at. */
START_TEST(fragment_numbers)
{
	static const struct {
		uint16_t number, total;
		enum ls_cause cause;
	} rows[] = {{0, 0, CAUSE_MALFORMED},   {0, 2, CAUSE_MALFORMED},
	            {3, 2, CAUSE_MALFORMED},   {1, 0, CAUSE_MALFORMED},
	            {2, 2, CAUSE_IKE_BAD_ICV}, {65535, 65535, CAUSE_IKE_BAD_ICV},
	            {1, 2, CAUSE_NONE}};
	static const uint8_t plain[100];
	struct sealed *s = sealed_new(true);
	struct ike_header h = sealed_first(s, LS_BYTES(plain, sizeof plain), 112);
	uint8_t bytes[112], scratch[112];
	struct ike_opened o;

	ck_assert_uint_eq(s->packets.count, 2);
	ck_assert_uint_le(s->one.len, sizeof bytes);
	memcpy(bytes, s->one.p, s->one.len);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ls_put16(bytes + 32, rows[i].number);
		ls_put16(bytes + 34, rows[i].total);
		ck_assert_int_eq(
			ike_open(&s->keys, true, &h, LS_BYTES(bytes, s->one.len), scratch, &o),
			rows[i].cause);
	}
	sealed_free(s);
}
END_TEST

/* The peer may pad as it likes, but not by more than there is. */
START_TEST(padding)
{
	struct sealed *s = sealed_new(true);
	uint8_t plain[8] = {0}, bytes[128], scratch[128];
	struct ike_header h = sealed_first(s, LS_BYTES(plain, sizeof plain), 0);
	struct ls_bytes key = ike_key(&s->keys, IKE_SK_EI);
	struct ike_opened o;

	for (unsigned pad = 0; pad < 256; pad++) {
		uint8_t text[9] = {1, 2, 3, 4, 5, 6, 7, 8, (uint8_t)pad};

		memcpy(bytes, s->one.p, s->one.len);
		/* header | payload header | IV 8 | text 9 | ICV 16 */
		memcpy(bytes + 40, text, sizeof text);
		ck_assert(crypto_seal(ALGO_AES256_GCM, key, bytes + 32, LS_BYTES(bytes, 32),
		                      bytes + 40, sizeof text, bytes + 49));
		ck_assert_int_eq(
			ike_open(&s->keys, true, &h, LS_BYTES(bytes, s->one.len), scratch, &o),
			pad <= 8 ? CAUSE_NONE : CAUSE_IKE_BAD_ICV);
		if (pad <= 8)
			ck_assert_uint_eq(o.plain.len, 8 - pad);
	}
	sealed_free(s);
}
END_TEST

/* AEAD: no IV twice, however many datagrams a message has; CBC: random ones. */
START_TEST(ivs)
{
	static uint8_t plain[2000];

	for (unsigned aead = 0; aead < 2; aead++) {
		struct sealed *s = sealed_new(aead);
		size_t size = aead ? 8 : 16;
		uint8_t seen[64][16];
		unsigned n = 0;

		for (unsigned i = 0; i < 2; i++) {
			struct ls_bytes one;
			struct rd r;

			sealed_first(s, LS_BYTES(plain, sizeof plain), i ? 300 : 200);
			r = rd_make(s->packets.bytes, s->packets.len);
			for (; ike_packets_next(&r, &one); n++) {
				ck_assert_uint_lt(n, 64);
				memcpy(seen[n], one.p + 36, size);
				for (unsigned k = 0; k < n; k++)
					ck_assert_mem_ne(seen[k], seen[n], size);
			}
		}
		ck_assert_uint_gt(n, 15);
		ck_assert_uint_eq(s->counter, aead ? n : 0);
		sealed_free(s);
	}
}
END_TEST

/* What cannot be sealed: too large, or in too many or too small pieces. Nothing is left of it. */
START_TEST(limits)
{
	static uint8_t plain[IKE_PLAIN_MAX + 1];

	for (unsigned aead = 0; aead < 2; aead++) {
		struct sealed *s = sealed_new(aead);
		/* header, payload header, fragment fields, IV, ICV, one block */
		size_t around = 28 + 4 + 4 + (aead ? 8 + 16 + 1 : 16 + 16 + 16),
		       step = aead ? 1 : 16;
		struct ls_bytes all = LS_BYTES(plain, sizeof plain);

		ck_assert(!ike_seal(&s->sealer, &s->header, 33, all, 0, &s->packets));
		ck_assert_ptr_null(s->packets.bytes);
		all.len--;
		sealed_first(s, all, 0);
		ck_assert_uint_eq(s->packets.count, 1);
		all.len = 2000;
		for (size_t most = 1; most < around + step; most++) {
			ike_packets_free(&s->packets);
			ck_assert(!ike_seal(&s->sealer, &s->header, 33, all, most, &s->packets));
			ck_assert_ptr_null(s->packets.bytes);
		}
		all.len = IKE_FRAGMENTS_MAX * step;
		sealed_first(s, all, around + step);
		ck_assert_uint_eq(s->packets.count, IKE_FRAGMENTS_MAX);
		ike_packets_free(&s->packets);
		all.len++;
		ck_assert(!ike_seal(&s->sealer, &s->header, 33, all, around + step, &s->packets));
		ck_assert_ptr_null(s->packets.bytes);
		sealed_free(s);
	}
}
END_TEST

/* Keys that are not laid out seal and open nothing. */
START_TEST(without_keys)
{
	struct sealed *s = sealed_new(true);
	struct ike_header h = sealed_first(s, LS_BYTES("x", 1), 0);
	struct ike_keys none = {0};
	struct ike_packets packets = {0};
	uint8_t scratch[128];
	struct ike_opened o;

	ck_assert_int_eq(ike_open(&none, true, &h, s->one, scratch, &o), CAUSE_MALFORMED);
	s->sealer.keys = &none;
	ck_assert(!ike_seal(&s->sealer, &s->header, 33, LS_BYTES("x", 1), 0, &packets));
	sealed_free(s);
}
END_TEST

START_TEST(packets)
{
	struct ike_packets p = {0};
	struct ls_bytes one;
	struct rd r;

	ck_assert(ike_packets_add(&p, "abc", 3) && ike_packets_add(&p, "", 0) &&
	          ike_packets_add(&p, "de", 2));
	ck_assert_uint_eq(p.count, 3);
	for (size_t len = 0; len <= p.len; len++) {
		unsigned n = 0;

		r = rd_make(p.bytes, len);
		while (ike_packets_next(&r, &one))
			n++;
		ck_assert_uint_eq(n, len < 7 ? 0 : len < 11 ? 1 : len < 17 ? 2 : 3);
		ck_assert(rd_end(&r) == (len == 0 || len == 7 || len == 11 || len == 17));
	}
	ike_packets_free(&p);
	ck_assert(!p.bytes && p.len == 0 && p.count == 0);
}
END_TEST

IKE_MAIN("ike sk", sealing, damage, fragment_numbers, padding, ivs, limits, without_keys, packets)
