/* Tests of sealing: parts, padding, sizes, and what is refused. */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

START_TEST(room_is_checked)
{
	struct pair p;
	uint8_t plain[100] = {0}, pkt[PAIR_PACKET];
	struct esp_seal_job seal = {.part = {LS_BYTES(plain, 100)}, .parts = 1, .dst = pkt};
	struct esp_sa_view view;
	size_t size;

	pair_make(&p, _i & 1, 0, _i >> 1, true);
	size = esp_sealed_size(p.out, 100);
	memset(pkt, 0xee, sizeof(pkt));
	seal.sa = p.out;
	seal.dst_room = (uint32_t)size - 1;
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 0);
	ck_assert_uint_eq(seal.verdict, CAUSE_ESP_NO_ROOM);
	esp_sa_view(p.out, &view);
	ck_assert_uint_eq(view.sequence, 0);
	seal.dst_room = (uint32_t)size;
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 1);
	ck_assert_uint_eq(seal.dst_len, size);
	ck_assert_uint_eq(pkt[size], 0xee);
	pair_free(&p);
}
END_TEST

enum { COMBINATIONS = PAIR_SUITES * PAIR_BACKENDS * PAIR_BACKENDS * 2 };

static void pair_of(struct pair *p, int i)
{
	pair_make(p, i & 1, i >> 1 & 1, i >> 3, i >> 2 & 1);
}

START_TEST(parts_make_one_packet)
{
	struct pair p;
	uint8_t plain[300], pkt[PAIR_PACKET];

	pair_of(&p, _i);
	pair_fill(plain, sizeof(plain));
	for (size_t a = 0; a <= 20; a += 4)
		for (size_t b = 0; b <= 40; b += 13) {
			struct esp_seal_job seal = {
				.sa = p.out,
				.part = {LS_BYTES(plain, a), LS_BYTES(plain + a, b),
			                 LS_BYTES(plain + a + b, sizeof(plain) - a - b)},
				.parts = 3,
				.next_header = 115,
				.dst = pkt,
				.dst_room = sizeof(pkt)};
			struct esp_open_job open;

			ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 1);
			ck_assert_uint_eq(pair_try(&p, pkt, seal.dst_len, &open), CAUSE_NONE);
			ck_assert_uint_eq(open.next_header, 115);
			ck_assert_uint_eq(open.payload_len, sizeof(plain));
			ck_assert_mem_eq(open.payload, plain, sizeof(plain));
		}
	pair_free(&p);
}
END_TEST

/* What stands behind the text: 1, 2, 3, ..., how many, and the next header (RFC 4303 2.4). Without
 * encryption it can be read; with it the sizes say it. */
START_TEST(padding_and_trailer)
{
	struct pair p;
	uint8_t plain[100], pkt[PAIR_PACKET];
	size_t block = algo_get(pair_suites[_i].encr)->block_bytes, align = block > 4 ? block : 4;

	pair_make(&p, 1, 1, _i, true);
	pair_fill(plain, sizeof plain);
	for (size_t len = 0; len <= sizeof plain; len++) {
		uint32_t sealed = pair_seal(&p, plain, len, pkt);
		const struct esp_sa *sa = p.out;
		size_t text = sealed - 8u - sa->iv_bytes - sa->icv_bytes;
		uint8_t *pad = pkt + 8 + len;

		ck_assert_uint_eq(text % align, 0);
		ck_assert_uint_ge(text, len + 2);
		ck_assert_uint_lt(text, len + 2 + align);
		ck_assert_uint_eq(sealed, esp_sealed_size(p.out, len));
		if (p.out_params.encr != ALGO_NULL)
			continue;
		ck_assert_mem_eq(pkt + 8, plain, len);
		for (size_t i = 0; i < text - len - 2; i++)
			ck_assert_uint_eq(pad[i], i + 1);
		ck_assert_uint_eq(pkt[8 + text - 2], text - len - 2);
		ck_assert_uint_eq(pkt[8 + text - 1], 17);
	}
	pair_free(&p);
}
END_TEST

/* A refused job has used no number and written nothing, and the others of its batch go out. */
START_TEST(refusals)
{
	static uint8_t large[ESP_PLAIN_MAX + 1], pkt[6][PAIR_PACKET], huge[ESP_PLAIN_MAX + 400];
	struct pair p;
	struct esp_seal_job jobs[5];
	struct esp_sa_view view;

	pair_make(&p, _i, 0, 0, true);
	for (unsigned i = 0; i < 5; i++)
		jobs[i] = (struct esp_seal_job){.sa = p.out,
		                                .part = {LS_BYTES(large, 100)},
		                                .parts = 1,
		                                .next_header = 17,
		                                .dst = pkt[i],
		                                .dst_room = PAIR_PACKET};
	jobs[1].sa = p.in;
	jobs[2].parts = ESP_PARTS_MAX + 1;
	jobs[3].part[0].len = ESP_PLAIN_MAX + 1u;
	jobs[3].dst = huge;
	jobs[3].dst_room = sizeof huge;
	memset(pkt, 0xee, sizeof pkt);
	ck_assert_uint_eq(esp_seal(p.from, jobs, 5, LS_S(1)), 2);
	ck_assert_uint_eq(jobs[0].verdict, CAUSE_NONE);
	ck_assert_uint_eq(jobs[1].verdict, CAUSE_INTERNAL);
	ck_assert_uint_eq(jobs[2].verdict, CAUSE_INTERNAL);
	ck_assert_uint_eq(jobs[3].verdict, CAUSE_ESP_NO_ROOM);
	ck_assert_uint_eq(jobs[4].verdict, CAUSE_NONE);
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_uint_eq(jobs[i].dst_len, 0);
		ck_assert_uint_eq(jobs[i].dst[0], i == 3 ? 0 : 0xee);
	}
	ck_assert_uint_eq(ls_get32(pkt[0] + 4), 1);
	ck_assert_uint_eq(ls_get32(pkt[4] + 4), 2);
	ck_assert_uint_eq(esp_counters(p.from)->by_cause[CAUSE_INTERNAL], 2);
	ck_assert_uint_eq(esp_counters(p.from)->by_cause[CAUSE_ESP_NO_ROOM], 1);
	esp_sa_view(p.out, &view);
	ck_assert_uint_eq(view.packets, 2);
	ck_assert_uint_eq(view.bytes, 200);
	ck_assert_uint_eq(view.sequence, 2);
	/* The largest that can be is sealed. */
	jobs[3].part[0].len = ESP_PLAIN_MAX;
	ck_assert_uint_eq(esp_seal(p.from, &jobs[3], 1, LS_S(1)), 1);
	pair_free(&p);
}
END_TEST

/* No more than a batch: the rest is refused, not written over another's work. */
START_TEST(more_than_a_batch)
{
	static uint8_t pkt[ESP_BATCH_MAX + 3][200];
	struct esp_seal_job jobs[ESP_BATCH_MAX + 3];
	struct pair p;
	uint8_t plain[20] = {0};

	pair_make(&p, _i, 0, 4, false);
	for (unsigned i = 0; i < ESP_BATCH_MAX + 3; i++)
		jobs[i] = (struct esp_seal_job){.sa = p.out,
		                                .part = {LS_BYTES(plain, sizeof plain)},
		                                .parts = 1,
		                                .dst = pkt[i],
		                                .dst_room = sizeof pkt[i]};
	ck_assert_uint_eq(esp_seal(p.from, jobs, ESP_BATCH_MAX + 3, LS_S(1)), ESP_BATCH_MAX);
	for (unsigned i = 0; i < ESP_BATCH_MAX + 3; i++) {
		struct esp_open_job open;

		if (i >= ESP_BATCH_MAX) {
			ck_assert_uint_eq(jobs[i].verdict, CAUSE_INTERNAL);
			continue;
		}
		ck_assert_uint_eq(ls_get32(pkt[i] + 4), i + 1);
		ck_assert_uint_eq(pair_try(&p, pkt[i], jobs[i].dst_len, &open), CAUSE_NONE);
	}
	pair_free(&p);
}
END_TEST

/* No parts, empty parts: a packet of nothing. */
START_TEST(packets_of_nothing)
{
	struct pair p;
	uint8_t pkt[PAIR_PACKET];
	struct esp_seal_job job = {.dst = pkt, .dst_room = PAIR_PACKET, .next_header = 59};
	struct esp_open_job open;

	pair_make(&p, 1, 1, 0, true);
	job.sa = p.out;
	for (uint8_t parts = 0; parts <= ESP_PARTS_MAX; parts++) {
		job.parts = parts;
		ck_assert_uint_eq(esp_seal(p.from, &job, 1, LS_S(1)), 1);
		ck_assert_uint_eq(job.dst_len, esp_sealed_size(p.out, 0));
		ck_assert_uint_eq(pair_try(&p, pkt, job.dst_len, &open), CAUSE_ESP_DUMMY);
	}
	pair_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("esp_seal");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, room_is_checked, 0, PAIR_SUITES * 2);
	tcase_add_loop_test(tc, parts_make_one_packet, 0, COMBINATIONS);
	tcase_add_loop_test(tc, padding_and_trailer, 0, PAIR_SUITES);
	tcase_add_loop_test(tc, refusals, 0, PAIR_BACKENDS);
	tcase_add_loop_test(tc, more_than_a_batch, 0, PAIR_BACKENDS);
	tcase_add_test(tc, packets_of_nothing);
	return run_cases("esp_seal", tc);
}
