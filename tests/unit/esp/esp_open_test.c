/* Tests of sealing and opening together: every transform, size and split; forgeries, replays,
 * batches. */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

enum { COMBINATIONS = PAIR_SUITES * PAIR_BACKENDS * PAIR_BACKENDS * 2 };

static void pair_of(struct pair *p, int i)
{
	pair_make(p, i & 1, i >> 1 & 1, i >> 3, i >> 2 & 1);
}

START_TEST(what_is_sealed_opens)
{
	static const size_t sizes[] = {0,  1,  2,  3,  5,   12,   13,   14,   15,  16,
	                               17, 30, 31, 32, 33,  46,   47,   48,   63,  64,
	                               65, 66, 97, 99, 255, 1300, 1399, 1400, 1500};
	struct pair p;

	pair_of(&p, _i);
	pair_opens(&p, sizes, sizeof(sizes) / sizeof(sizes[0]), ESP_OVERHEAD_MAX);
	pair_free(&p);
}
END_TEST

/* Each bit of a packet, flipped alone: refused, and no state but counters changes, so that the true
 * packet still opens. */
START_TEST(one_flipped_bit_is_refused)
{
	struct pair p;
	uint8_t plain[40], pkt[PAIR_PACKET], bad[PAIR_PACKET];
	struct esp_sa_view before, after;
	struct esp_open_job job;
	uint32_t len;

	pair_of(&p, _i);
	pair_fill(plain, sizeof(plain));
	for (int i = 0; i < 3; i++) {
		len = pair_seal(&p, plain, sizeof(plain), pkt);
		ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	}
	len = pair_seal(&p, plain, sizeof(plain), pkt);
	esp_sa_view(p.in, &before);
	for (uint32_t bit = 0; bit < len * 8; bit++) {
		memcpy(bad, pkt, len);
		bad[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		ck_assert_uint_ne(pair_try(&p, bad, len, &job), CAUSE_NONE);
		ck_assert_ptr_null(job.payload);
	}
	esp_sa_view(p.in, &after);
	ck_assert_uint_eq(before.sequence, after.sequence);
	ck_assert_uint_eq(before.packets, after.packets);
	ck_assert_uint_eq(before.life.bytes, after.life.bytes);
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	ck_assert_mem_eq(job.payload, plain, sizeof(plain));
	pair_free(&p);
}
END_TEST

START_TEST(truncations_are_refused)
{
	struct pair p;
	uint8_t plain[40], pkt[PAIR_PACKET];
	struct esp_open_job job;
	uint32_t len;

	pair_of(&p, _i);
	pair_fill(plain, sizeof(plain));
	len = pair_seal(&p, plain, sizeof(plain), pkt);
	for (uint32_t cut = 0; cut < len; cut++) {
		/* Exactly as long as claimed, so that a sanitizer sees what is read beyond. */
		uint8_t *exact = malloc(cut ? cut : 1);

		memcpy(exact, pkt, cut);
		ck_assert_uint_ne(pair_try(&p, exact, cut, &job), CAUSE_NONE);
		free(exact);
	}
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	ck_assert_uint_gt(esp_counters(p.to)->by_cause[CAUSE_ESP_TRUNCATED], 0);
	pair_free(&p);
}
END_TEST

/* A batch with everything shuffled and everything twice delivers each packet once. */
START_TEST(shuffled_and_doubled_batches_deliver_once)
{
	enum { PACKETS = ESP_BATCH_MAX / 2 };
	struct pair p;
	static uint8_t pkt[ESP_BATCH_MAX][256];
	struct esp_seal_job seal[PACKETS];
	struct esp_open_job open[ESP_BATCH_MAX];
	uint8_t plain[100], order[ESP_BATCH_MAX];
	struct ls_random_seeded seed;
	struct ls_random random = ls_random_from_seed(&seed, (uint64_t)_i + 5);

	pair_of(&p, _i);
	pair_fill(plain, sizeof(plain));
	for (int round = 0; round < 5; round++) {
		bool seen[PACKETS] = {false};
		uint64_t first = (uint64_t)round * PACKETS + 1;

		for (unsigned i = 0; i < PACKETS; i++)
			seal[i] = (struct esp_seal_job){.sa = p.out,
			                                .part = {LS_BYTES(plain, i + 1)},
			                                .parts = 1,
			                                .next_header = 17,
			                                .dst = pkt[2 * i],
			                                .dst_room = 256};
		ck_assert_uint_eq(esp_seal(p.from, seal, PACKETS, 0), PACKETS);
		pair_shuffle(order, ESP_BATCH_MAX, &random);
		for (unsigned i = 0; i < PACKETS; i++)
			memcpy(pkt[2 * i + 1], pkt[2 * i], 256);
		for (unsigned i = 0; i < ESP_BATCH_MAX; i++)
			open[i] = (struct esp_open_job){.pkt = pkt[order[i]],
			                                .len = seal[order[i] / 2].dst_len};
		ck_assert_uint_eq(esp_open(p.to, open, ESP_BATCH_MAX, 0), PACKETS);
		for (unsigned i = 0; i < ESP_BATCH_MAX; i++) {
			if (open[i].verdict != CAUSE_NONE) {
				ck_assert_uint_eq(open[i].verdict, CAUSE_ESP_REPLAY);
				continue;
			}
			ck_assert(!seen[open[i].sequence - first]);
			seen[open[i].sequence - first] = true;
			ck_assert_uint_eq(open[i].payload_len, open[i].sequence - first + 1);
			ck_assert_mem_eq(open[i].payload, plain, open[i].payload_len);
		}
	}
	ck_assert_uint_eq(esp_counters(p.to)->by_cause[CAUSE_ESP_REPLAY], 5 * PACKETS);
	pair_free(&p);
}
END_TEST

/* SAs of all transforms mixed in one batch, on both backends. */
START_TEST(mixed_batches_work)
{
	struct ls_random_seeded seeds[2];
	struct pair p[PAIR_SUITES];
	struct esp_sad *from = pair_sad(&seeds[0], 1, _i & 1, 64),
		       *to = pair_sad(&seeds[1], 2, _i >> 1, 64);
	struct esp_seal_job seal[ESP_BATCH_MAX];
	struct esp_open_job open[ESP_BATCH_MAX];
	static uint8_t pkt[ESP_BATCH_MAX][1600], plain[1400];

	pair_fill(plain, sizeof(plain));
	for (unsigned i = 0; i < PAIR_SUITES; i++) {
		p[i].from = from;
		p[i].to = to;
		p[i].out_params = p[i].in_params =
			pair_params(&p[i], pair_suites[i].encr, pair_suites[i].integ, i & 1);
		pair_add(&p[i], 0);
	}
	for (unsigned i = 0; i < ESP_BATCH_MAX; i++)
		seal[i] = (struct esp_seal_job){.sa = p[i % PAIR_SUITES].out,
		                                .part = {LS_BYTES(plain, i * 10)},
		                                .parts = 1,
		                                .next_header = 17,
		                                .dst = pkt[i],
		                                .dst_room = sizeof(pkt[i])};
	ck_assert_uint_eq(esp_seal(from, seal, ESP_BATCH_MAX, 0), ESP_BATCH_MAX);
	pkt[7][seal[7].dst_len - 1] ^= 1;
	pkt[8][20] ^= 1;
	for (unsigned i = 0; i < ESP_BATCH_MAX; i++)
		open[i] = (struct esp_open_job){.pkt = pkt[i], .len = seal[i].dst_len};
	ck_assert_uint_eq(esp_open(to, open, ESP_BATCH_MAX, 0), ESP_BATCH_MAX - 2);
	for (unsigned i = 0; i < ESP_BATCH_MAX; i++) {
		ck_assert_uint_eq(open[i].verdict, i == 7 || i == 8 ? CAUSE_ESP_ICV : CAUSE_NONE);
		if (open[i].verdict == CAUSE_NONE)
			ck_assert_mem_eq(open[i].payload, plain, i * 10);
	}
	esp_sad_free(from);
	esp_sad_free(to);
}
END_TEST

START_TEST(dummies_are_ignored)
{
	struct pair p;
	uint8_t pkt[PAIR_PACKET], plain[50] = {0};
	struct esp_seal_job seal = {.part = {LS_BYTES(plain, sizeof(plain))},
	                            .parts = 1,
	                            .next_header = 59,
	                            .dst = pkt,
	                            .dst_room = sizeof(pkt)};
	struct esp_open_job job;

	pair_of(&p, _i);
	seal.sa = p.out;
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 1);
	ck_assert_uint_eq(pair_try(&p, pkt, seal.dst_len, &job), CAUSE_ESP_DUMMY);
	ck_assert_ptr_null(job.payload);
	ck_assert_uint_eq(esp_counters(p.to)->by_cause[CAUSE_ESP_DUMMY], 1);
	pair_free(&p);
}
END_TEST

/* Payloads that say how long they are go out with at least so many bytes, and arrive without what
 * was added (RFC 4303 2.7). */
START_TEST(payloads_are_hidden_in_padding)
{
	enum { TFC = 500 };
	static const struct {
		uint8_t next_header;
		size_t len, length_at;
		unsigned less; /* than the payload, in its length field */
		bool padded;
	} cases[] = {
		{17, 100, 4, 0, true}, {4, 100, 2, 0, true},    {41, 100, 4, 40, true},
		{17, 499, 4, 0, true}, {17, 500, 4, 0, false},  {17, 900, 4, 0, false},
		{6, 100, 2, 0, false}, {115, 100, 2, 0, false}, {50, 100, 2, 0, false},
	};
	uint8_t plain[1000], pkt[PAIR_PACKET];
	struct esp_open_job job;
	struct pair p;

	pair_open(&p, _i & 1, _i >> 1 & 1);
	p.out_params = p.in_params =
		pair_params(&p, pair_suites[_i >> 2].encr, pair_suites[_i >> 2].integ, true);
	p.out_params.tfc_bytes = TFC;
	pair_add(&p, 0);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct esp_seal_job seal = {.sa = p.out,
		                            .part = {LS_BYTES(plain, cases[i].len)},
		                            .parts = 1,
		                            .next_header = cases[i].next_header,
		                            .dst = pkt,
		                            .dst_room = sizeof(pkt)};

		pair_fill(plain, cases[i].len);
		ls_put16(plain + cases[i].length_at, (uint16_t)(cases[i].len - cases[i].less));
		ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 1);
		ck_assert((seal.dst_len >= TFC) == (cases[i].padded || cases[i].len >= TFC));
		if (cases[i].padded)
			ck_assert_uint_eq(seal.dst_len, esp_sealed_size(p.out, cases[i].len));
		ck_assert_uint_eq(pair_try(&p, pkt, seal.dst_len, &job), CAUSE_NONE);
		ck_assert_uint_eq(job.payload_len, cases[i].len);
		ck_assert_mem_eq(job.payload, plain, cases[i].len);
	}
	/* A dummy looks like the rest. */
	struct esp_seal_job dummy = {
		.sa = p.out, .next_header = 59, .dst = pkt, .dst_room = sizeof(pkt)};
	ck_assert_uint_eq(esp_seal(p.from, &dummy, 1, 0), 1);
	ck_assert_uint_eq(dummy.dst_len, esp_sealed_size(p.out, 0));
	ck_assert_uint_ge(dummy.dst_len, TFC);
	ck_assert_uint_eq(pair_try(&p, pkt, dummy.dst_len, &job), CAUSE_ESP_DUMMY);
	pair_free(&p);
}
END_TEST

/* Packets with an ICV of ours but a trailer that nobody may send. */
START_TEST(malformed_padding_is_refused)
{
	static const struct {
		const char *text;
		enum ls_cause cause;
	} cases[] = {
		{"00000000 00000000 00000000 0000 0011", CAUSE_NONE},
		{"00000000 00000000 00000000 0102 0211", CAUSE_NONE},
		{"01020304 05060708 090a0b0c 0d0e 0e11", CAUSE_NONE},
		{"01020304 05060708 090a0b0c 0d0e 0f11", CAUSE_ESP_PADDING},
		{"00000000 00000000 00000000 0102 ff11", CAUSE_ESP_PADDING},
		{"00000000 00000000 00000000 0103 0211", CAUSE_ESP_PADDING},
		{"00000000 00000000 00000000 0000 0111", CAUSE_ESP_PADDING},
	};
	struct pair p;
	struct esp_open_job job;
	uint8_t pkt[64], icv[CRYPTO_HASH_MAX];
	struct ls_bytes whole = LS_BYTES(pkt, 24);

	pair_make(&p, _i & 1, _i & 1, 9, false); /* NULL with SHA-256: the text is as we write it */
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ls_put32(pkt, p.in->spi);
		ls_put32(pkt + 4, i + 1);
		hex(cases[i].text, pkt + 8, 16);
		crypto_integ(ALGO_SHA256, LS_BYTES(p.keymat, 32), &whole, 1, icv);
		memcpy(pkt + 24, icv, 16);
		ck_assert_uint_eq(pair_try(&p, pkt, 40, &job), cases[i].cause);
	}
	pair_free(&p);
}
END_TEST

START_TEST(unknown_spis_are_counted)
{
	struct pair p;
	uint8_t pkt[PAIR_PACKET] = {0};
	struct esp_open_job job;

	pair_of(&p, _i);
	ck_assert_uint_eq(pair_try(&p, pkt, 100, &job), CAUSE_ESP_UNKNOWN_SPI);
	ck_assert_ptr_null(job.sa);
	ls_put32(pkt, p.in->spi ^ 0x40000000);
	ck_assert_uint_eq(pair_try(&p, pkt, 100, &job), CAUSE_ESP_UNKNOWN_SPI);
	ls_put32(pkt, esp_spi_reserve(p.to));
	ck_assert_uint_eq(pair_try(&p, pkt, 100, &job), CAUSE_ESP_UNKNOWN_SPI);
	ck_assert_uint_eq(esp_counters(p.to)->by_cause[CAUSE_ESP_UNKNOWN_SPI], 3);
	pair_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");
	TCase *bits = tcase_create("bits");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, what_is_sealed_opens, 0, COMBINATIONS);
	tcase_add_loop_test(bits, one_flipped_bit_is_refused, 0, COMBINATIONS);
	tcase_add_loop_test(tc, truncations_are_refused, 0, COMBINATIONS);
	tcase_add_loop_test(tc, shuffled_and_doubled_batches_deliver_once, 0, COMBINATIONS);
	tcase_add_loop_test(tc, mixed_batches_work, 0, 4);
	tcase_add_loop_test(tc, dummies_are_ignored, 0, COMBINATIONS);
	tcase_add_loop_test(tc, payloads_are_hidden_in_padding, 0, PAIR_SUITES * 4);
	tcase_add_loop_test(tc, malformed_padding_is_refused, 0, PAIR_BACKENDS);
	tcase_add_loop_test(tc, unknown_spis_are_counted, 0, COMBINATIONS);
	return run_cases_and("esp_open", tc, bits);
}
