/* Tests of AH: layout and ICV, which bits count, forgeries, replays, batches, ESN, ends of lives.
 */
#include "esp/esp_outer.h"
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

enum { COMBINATIONS = PAIR_INTEGS * 2 * 2 };

static uint8_t family_of(int i)
{
	return i >> 1 & 1 ? 6 : 4;
}

static void ah_make(struct pair *p, enum algo_id integ, uint8_t family, bool esn)
{
	pair_open(p, 0, 1);
	p->out_params = p->in_params = pair_ah_params(p, integ, family, esn);
	pair_add(p, LS_S(1));
}

static void ah_of(struct pair *p, int i)
{
	ah_make(p, pair_integs[i >> 2], family_of(i), i & 1);
}

START_TEST(what_is_sealed_opens)
{
	static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 63, 64, 65, 255, 1300, 1500};
	struct pair p;

	ah_of(&p, _i);
	pair_opens(&p, sizes, sizeof(sizes) / sizeof(sizes[0]), AH_OVERHEAD_MAX);
	pair_free(&p);
}
END_TEST

/* The ICV computed a second time, and each field of a packet that we send (RFC 4302 2, 3.3.3). */
START_TEST(packets_follow_rfc4302)
{
	static const unsigned ah_bytes[][2] = {{28, 32}, {36, 40}, {44, 48}, {24, 24}, {24, 24},
	                                       {24, 24}, {36, 40}, {36, 40}, {24, 24}};
	enum algo_id integ = pair_integs[_i >> 2];
	const struct algo *row = algo_get(integ);
	uint8_t family = family_of(_i), plain[50], pkt[PAIR_PACKET], icv[CRYPTO_HASH_MAX],
		made[CRYPTO_HASH_MAX], high[4] = {0, 0, 0, 0x12};
	unsigned size = ah_bytes[_i >> 2][family == 6], at = family == 4 ? 20 : 40;
	bool esn = _i & 1;
	struct esp_integ key;
	struct ls_bytes parts[] = {LS_BYTES(pkt, at + size + sizeof(plain)),
	                           LS_BYTES(high, esn ? 4 : 0)};
	struct pair p;

	ah_of(&p, _i);
	ck_assert_uint_eq(esp_ah_size(integ, family), size);
	esp_sa_set_sequence(p.out, esn ? 0x1234567899ull : 0x34567899);
	pair_fill(plain, sizeof(plain));
	ck_assert_uint_eq(pair_seal(&p, plain, sizeof(plain), pkt), parts[0].len);
	if (family == 4) {
		/* The identification that we chose stands in the packet: no kernel may choose. */
		ck_assert_uint_eq(ls_get32(pkt), 0x45000000 + 20 + size + sizeof(plain));
		ck_assert_hex_eq(pkt + 4, 6, "789a 4000 4033");
		ck_assert_hex_eq(pkt + 12, 8, "c0000201 c6336401");
	} else {
		ck_assert_uint_eq(ls_get16(pkt + 4), size + sizeof(plain));
		ck_assert_uint_eq(pkt[6], 51);
	}
	ck_assert_uint_eq(pkt[at], 17);
	ck_assert_uint_eq(pkt[at + 1], size / 4 - 2);
	ck_assert_uint_eq(ls_get16(pkt + at + 2), 0);
	ck_assert_uint_eq(ls_get32(pkt + at + 4), p.out->spi);
	ck_assert_uint_eq(ls_get32(pkt + at + 8), 0x3456789a);
	ck_assert_mem_eq(pkt + at + size, plain, sizeof(plain));
	if (row->iv_bytes)
		ck_assert_uint_eq(ls_get64(pkt + at + 12), p.out->sequence);
	memcpy(icv, pkt + at + 12 + row->iv_bytes, row->icv_bytes);
	memset(pkt + at + 12, 0, row->iv_bytes + row->icv_bytes);
	if (family == 4) {
		ls_put16(pkt + 6, 0);
		pkt[8] = 0;
		ls_put16(pkt + 10, 0);
	} else {
		pkt[7] = 0;
	}
	ls_put64(made, p.out->sequence);
	ck_assert(esp_integ_init(&key, row, p.keymat));
	ck_assert(esp_integ_check(&key, made, parts, 2, icv));
	esp_integ_end(&key);
	/* The HMACs a third time, by what esp/ shares nothing with. */
	if (row->serves & ALGO_FOR_IKE) {
		crypto_integ(integ, p.out_params.keymat, parts, 2, made);
		ck_assert_mem_eq(made, icv, row->icv_bytes);
	}
	pair_free(&p);
}
END_TEST

/* Headers with what may change on the way and what may not. */
static const struct {
	const char *headers;
	/* The same length: each 1 bit may change on the way. A mutable IPv4 option is zeroed with
	 * its type. */
	const char *changes;
} outers[] = {
	{"45b80000 43210000 ff330000 c0000201 c6336401",
         "00ff0000 0000c000 ff00ffff 00000000 00000000"},
	{"48b80000 43210000 ff330000 c0000201 c6336401 94040000 0707040a 0b0c0d01",
         "00ff0000 0000c000 ff00ffff 00000000 00000000 00000000 ff00ffff ffffff00"},
	{"60000000 00001140 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 "
         "00000002",
         "0fffffff 000000ff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
         "00000000"},
	{"60000000 00000040 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 "
         "00000002 "
         "3c002502 abcd0100 11001e04 11223344",
         "0fffffff 000000ff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
         "00000000 "
         "00000000 ffff0000 00000000 00000000"},
};

enum { OUTERS = sizeof(outers) / sizeof(outers[0]) };

static uint32_t seal_behind(struct pair *p, const char *headers, const uint8_t *plain, size_t len,
                            uint8_t *pkt)
{
	HEX(outer, headers);
	struct esp_seal_job job = {.sa = p->out,
	                           .part = {LS_BYTES(plain, len)},
	                           .parts = 1,
	                           .next_header = 17,
	                           .outer = outer,
	                           .dst = pkt,
	                           .dst_room = PAIR_PACKET};

	ck_assert_uint_eq(esp_seal(p->from, &job, 1, LS_S(1)), 1);
	ck_assert_uint_eq(job.dst_len,
	                  esp_sealed_size(p->out, len) + outer.len - esp_outer_size(pkt[0] >> 4));
	return job.dst_len;
}

/* Each bit of a packet, turned alone: one that routers may change is accepted, any other refused.
 */
START_TEST(one_flipped_bit_is_refused_where_it_counts)
{
	uint8_t plain[40], pkt[PAIR_PACKET], bent[PAIR_PACKET], may[128] = {0};
	size_t headers = hex(outers[_i].changes, may, sizeof(may));
	struct esp_open_job job;
	struct pair p;
	uint32_t len;
	unsigned accepted = 0;

	ah_make(&p, ALGO_SHA256, _i < 2 ? 4 : 6, false);
	pair_fill(plain, sizeof(plain));
	len = seal_behind(&p, outers[_i].headers, plain, sizeof(plain), pkt);
	for (uint32_t bit = 0; bit < len * 8; bit++) {
		bool counts = bit >= headers * 8 || !(may[bit / 8] >> bit % 8 & 1);

		esp_sa_set_sequence(p.in, 0);
		memcpy(bent, pkt, len);
		bent[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		ck_assert_msg((pair_try(&p, bent, len, &job) == CAUSE_NONE) == !counts,
		              "bit %u: cause %u", bit, job.verdict);
		ck_assert((job.payload != NULL) == !counts);
		accepted += !counts;
	}
	ck_assert_uint_gt(accepted, 20);
	esp_sa_set_sequence(p.in, 0);
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

	ah_of(&p, _i);
	pair_fill(plain, sizeof(plain));
	len = pair_seal(&p, plain, sizeof(plain), pkt);
	for (uint32_t cut = 0; cut < len; cut++)
		for (int honest = 0; honest < 2; honest++) {
			uint8_t *exact = malloc(cut ? cut : 1);

			memcpy(exact, pkt, cut);
			/* A length field that fits lets it come further. */
			if (honest && family_of(_i) == 4 && cut >= 20)
				ls_put16(exact + 2, (uint16_t)cut);
			else if (honest && cut >= 40)
				ls_put16(exact + 4, (uint16_t)(cut - 40));
			ck_assert_uint_ne(pair_try(&p, exact, cut, &job), CAUSE_NONE);
			free(exact);
		}
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	ck_assert_uint_gt(esp_counters(p.to)->by_cause[CAUSE_ESP_TRUNCATED], 0);
	ck_assert_uint_gt(esp_counters(p.to)->by_cause[CAUSE_AH_OUTER], 0);
	pair_free(&p);
}
END_TEST

/* More padding than the alignment wants is forbidden, with a right ICV too (3.3.3.2.1). */
START_TEST(needless_padding_is_refused)
{
	struct pair p;
	uint8_t pkt[PAIR_PACKET], plain[4] = {0};
	struct esp_open_job job;
	uint32_t len;

	ah_make(&p, ALGO_SHA1, 4, false);
	len = pair_seal(&p, plain, sizeof(plain), pkt);
	pkt[21]++;
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_ESP_TRUNCATED);
	pair_free(&p);
}
END_TEST

/* A batch with everything shuffled and everything twice delivers each packet once, whatever the
 * protocols in it. */
START_TEST(shuffled_and_doubled_batches_deliver_once)
{
	enum { KINDS = 4, PACKETS = ESP_BATCH_MAX / 2 };
	struct ls_random_seeded seeds[3];
	struct ls_random random = ls_random_from_seed(&seeds[2], (uint64_t)_i + 5);
	struct esp_sad *from = pair_sad(&seeds[0], 1, _i & 1, 64),
		       *to = pair_sad(&seeds[1], 2, _i >> 1 & 1, 64);
	struct pair p[KINDS + 1];
	static uint8_t pkt[ESP_BATCH_MAX][512];
	struct esp_seal_job seal[PACKETS];
	struct esp_open_job open[ESP_BATCH_MAX];
	uint8_t plain[PACKETS], order[ESP_BATCH_MAX];
	bool seen[PACKETS] = {false};

	/* AH, ESP, both as a bundle, AH over IPv6; the last pair is the bundle's inside. */
	for (unsigned k = 0; k <= KINDS; k++) {
		bool esp = k == 1 || k == KINDS;

		p[k].from = from;
		p[k].to = to;
		p[k].out_params = p[k].in_params =
			esp ? pair_params(&p[k], ALGO_AES128_GCM, ALGO_NONE, true)
			    : pair_ah_params(&p[k], ALGO_SHA256, k == 3 ? 6 : 4, k == 2);
		pair_add(&p[k], 0);
	}
	ck_assert(esp_sa_bundle(p[2].out, p[KINDS].out) && esp_sa_bundle(p[2].in, p[KINDS].in));
	for (unsigned i = 0; i < PACKETS; i++) {
		plain[i] = (uint8_t)i;
		seal[i] = (struct esp_seal_job){.sa = p[i % KINDS].out,
		                                .part = {LS_BYTES(&plain[i], 1)},
		                                .parts = 1,
		                                .next_header = 6,
		                                .dst = pkt[2 * i],
		                                .dst_room = sizeof(pkt[0])};
	}
	ck_assert_uint_eq(esp_seal(from, seal, PACKETS, 0), PACKETS);
	pair_shuffle(order, ESP_BATCH_MAX, &random);
	for (unsigned i = 0; i < PACKETS; i++)
		memcpy(pkt[2 * i + 1], pkt[2 * i], sizeof(pkt[0]));
	for (unsigned i = 0; i < ESP_BATCH_MAX; i++)
		open[i] = (struct esp_open_job){
			.pkt = pkt[order[i]],
			.len = seal[order[i] / 2].dst_len,
			.protocol = order[i] / 2 % KINDS == 1 ? ESP_PROTOCOL_ESP : ESP_PROTOCOL_AH};
	ck_assert_uint_eq(esp_open(to, open, ESP_BATCH_MAX, 0), PACKETS);
	for (unsigned i = 0; i < ESP_BATCH_MAX; i++) {
		if (open[i].verdict != CAUSE_NONE) {
			ck_assert_uint_eq(open[i].verdict, CAUSE_ESP_REPLAY);
			continue;
		}
		ck_assert_uint_eq(open[i].payload_len, 1);
		ck_assert_uint_eq(open[i].payload[0], order[i] / 2);
		ck_assert_uint_eq(open[i].next_header, 6);
		ck_assert(!seen[open[i].payload[0]]);
		seen[open[i].payload[0]] = true;
	}
	esp_sad_free(from);
	esp_sad_free(to);
}
END_TEST

/* Inbound SAs are found by SPI and protocol. */
START_TEST(the_other_protocol_finds_nothing)
{
	struct pair ah, esp;
	uint8_t pkt[PAIR_PACKET], plain[8] = {0};
	struct esp_open_job job;
	uint32_t len;

	ah_make(&ah, ALGO_SHA256, 4, false);
	len = pair_seal(&ah, plain, sizeof(plain), pkt);
	job = (struct esp_open_job){.pkt = pkt + 24, .len = len - 24};
	ck_assert_uint_eq(esp_open(ah.to, &job, 1, 0), 0);
	ck_assert_uint_eq(job.verdict, CAUSE_ESP_UNKNOWN_SPI);
	pair_make(&esp, 0, 0, 0, false);
	ls_put32(pkt + 24, esp.in->spi);
	job = (struct esp_open_job){.pkt = pkt, .len = len, .protocol = ESP_PROTOCOL_AH};
	ck_assert_uint_eq(esp_open(esp.to, &job, 1, 0), 0);
	ck_assert_uint_eq(job.verdict, CAUSE_ESP_UNKNOWN_SPI);
	ck_assert_ptr_null(job.sa);
	/* The peer may have chosen one number for both. */
	ah.in_params.direction = ESP_OUT;
	ah.in_params.spi = esp.out->spi;
	ck_assert_uint_eq(esp_sa_add(esp.from, &ah.in_params, 0, &ah.in), CAUSE_NONE);
	ck_assert_ptr_eq(esp_sa_outbound(esp.from, ESP_PROTOCOL_AH, ah.in_params.spi, 9), ah.in);
	ck_assert_ptr_eq(esp_sa_outbound(esp.from, ESP_PROTOCOL_ESP, ah.in_params.spi, 9), esp.out);
	ck_assert_uint_eq(esp_sa_add(esp.from, &ah.in_params, 0, &ah.in), CAUSE_ESP_SPI_TAKEN);
	pair_free(&ah);
	pair_free(&esp);
}
END_TEST

START_TEST(numbers_go_on_across_2_32)
{
	struct pair p;
	uint8_t plain[20] = {0}, pkt[6][PAIR_PACKET];
	struct esp_open_job job;
	uint32_t len = 0;
	bool esn = _i;

	ah_make(&p, ALGO_SHA256, 4, esn);
	esp_sa_set_sequence(p.out, 0xfffffffd);
	esp_sa_set_sequence(p.in, 0xfffffffd);
	for (unsigned i = 0; i < (esn ? 6u : 2u); i++)
		len = pair_seal(&p, plain, sizeof(plain), pkt[i]);
	if (!esn) {
		struct esp_seal_job more = {.sa = p.out, .dst = pkt[2], .dst_room = PAIR_PACKET};

		ck_assert_uint_eq(esp_seal(p.from, &more, 1, 0), 0);
		ck_assert_uint_eq(more.verdict, CAUSE_ESP_SEQUENCE_END);
	} else {
		/* One of the old number space that comes late. */
		ck_assert_uint_eq(pair_try(&p, pkt[5], len, &job), CAUSE_NONE);
		ck_assert_uint_eq(job.sequence, 0x100000003ull);
		/* Never 0 in the identification, which a raw socket would replace. */
		ck_assert_uint_eq(ls_get16(pkt[2] + 4), 1);
	}
	for (unsigned i = 0; i < (esn ? 5u : 2u); i++) {
		ck_assert_uint_eq(pair_try(&p, pkt[i], len, &job), CAUSE_NONE);
		ck_assert_uint_eq(job.sequence, 0xfffffffeull + i);
	}
	ck_assert_uint_eq(pair_try(&p, pkt[1], len, &job), CAUSE_ESP_REPLAY);
	pair_free(&p);
}
END_TEST

/* Not even where several packets of a batch could still have had the last one. */
START_TEST(numbers_end_within_a_batch)
{
	struct pair p;
	uint8_t plain[20] = {0}, pkt[4][PAIR_PACKET];
	struct esp_seal_job jobs[4];

	ah_make(&p, ALGO_SHA256, 4, false);
	esp_sa_set_sequence(p.out, 0xfffffffd);
	for (unsigned i = 0; i < 4; i++)
		jobs[i] = (struct esp_seal_job){.sa = p.out,
		                                .part = {LS_BYTES(plain, sizeof(plain))},
		                                .parts = 1,
		                                .next_header = 17,
		                                .dst = pkt[i],
		                                .dst_room = PAIR_PACKET};
	ck_assert_uint_eq(esp_seal(p.from, jobs, 4, 0), 2);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(jobs[i].verdict, i < 2 ? CAUSE_NONE : CAUSE_ESP_SEQUENCE_END);
	ck_assert_uint_eq(ls_get32(pkt[1] + 28), 0xffffffff);
	pair_free(&p);
}
END_TEST

START_TEST(lives_end)
{
	struct pair p;
	uint8_t plain[20] = {0}, pkt[PAIR_PACKET];
	struct esp_seal_job seal = {.part = {LS_BYTES(plain, 20)},
	                            .parts = 1,
	                            .next_header = 17,
	                            .dst = pkt,
	                            .dst_room = sizeof(pkt)};
	struct esp_event event;
	unsigned hard = 0, soft = 0;

	pair_open(&p, 0, 0);
	p.out_params = p.in_params = pair_ah_params(&p, ALGO_SHA256, 4, false);
	p.out_params.hard.packets = 10;
	pair_add(&p, 0);
	seal.sa = p.out;
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 1);
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 0);
	ck_assert_uint_eq(seal.verdict, CAUSE_ESP_LIFE_END);
	while (esp_next(p.from, &event)) {
		ck_assert_uint_eq(event.protocol, ESP_PROTOCOL_AH);
		soft += event.kind == ESP_EVENT_SOFT;
		hard += event.kind == ESP_EVENT_HARD;
	}
	ck_assert(soft == 1 && hard == 1);
	pair_free(&p);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct pair p;
	uint8_t pkt[PAIR_PACKET], plain[1500] = {0}, odd[21] = {0x45};
	struct esp_seal_job seal = {.part = {LS_BYTES(plain, 40)},
	                            .parts = 1,
	                            .next_header = 17,
	                            .dst = pkt,
	                            .dst_room = 20 + 28 + 39};
	struct esp_sa_params params;
	struct esp_sa *sa;

	ah_make(&p, ALGO_SHA256, 4, false);
	seal.sa = p.out;
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 0);
	ck_assert_uint_eq(seal.verdict, CAUSE_ESP_NO_ROOM);
	seal.dst_room++;
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 1);
	seal.outer = LS_BYTES(odd, sizeof(odd));
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 0);
	ck_assert_uint_eq(seal.verdict, CAUSE_AH_OUTER);
	params = p.out_params;
	params.chain++;
	params.encr = ALGO_AES128;
	ck_assert_uint_eq(esp_sa_add(p.from, &params, 0, &sa), CAUSE_ESP_NO_ALGORITHM);
	params.encr = ALGO_NONE;
	params.udp = true;
	ck_assert_uint_eq(esp_sa_add(p.from, &params, 0, &sa), CAUSE_AH_NAT);
	params.udp = false;
	params.integ = ALGO_NONE;
	ck_assert_uint_eq(esp_sa_add(p.from, &params, 0, &sa), CAUSE_ESP_NO_ALGORITHM);
	params.integ = ALGO_SHA256;
	params.keymat.len--;
	ck_assert_uint_eq(esp_sa_add(p.from, &params, 0, &sa), CAUSE_ESP_BAD_KEY);
	pair_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, what_is_sealed_opens, 0, COMBINATIONS);
	tcase_add_loop_test(tc, packets_follow_rfc4302, 0, COMBINATIONS);
	tcase_add_loop_test(tc, one_flipped_bit_is_refused_where_it_counts, 0, OUTERS);
	tcase_add_loop_test(tc, truncations_are_refused, 0, COMBINATIONS);
	tcase_add_test(tc, needless_padding_is_refused);
	tcase_add_loop_test(tc, shuffled_and_doubled_batches_deliver_once, 0, 4);
	tcase_add_test(tc, the_other_protocol_finds_nothing);
	tcase_add_loop_test(tc, numbers_go_on_across_2_32, 0, 2);
	tcase_add_test(tc, numbers_end_within_a_batch);
	tcase_add_test(tc, lives_end);
	tcase_add_test(tc, what_cannot_be_is_refused);
	return run_cases("esp_ah", tc);
}
