/* Tests of fetching ahead: a batch of many SAs with all kinds of packets in it gives what each
 * packet gives alone. */
#include "esp/esp_prefetch.h"

#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

#include <stddef.h>

enum { SAS = 50, PLAIN = 33 };

/* What a packet touches stands in as few lines as the comment of esp_prefetch.c says. */
START_TEST(hot_fields_share_lines)
{
	ck_assert_uint_eq(offsetof(struct esp_sa, partner) / ESP_LINE, 0);
	ck_assert_uint_eq(offsetof(struct esp_sa, life.bytes) % ESP_LINE, 0);
	ck_assert_uint_eq(offsetof(struct esp_sa, last_used) / ESP_LINE,
	                  offsetof(struct esp_sa, life.bytes) / ESP_LINE);
	ck_assert_uint_eq(_Alignof(struct esp_sa), ESP_LINE);
}
END_TEST

START_TEST(only_several_sas_need_it)
{
	uint8_t a[8] = {1, 2, 3, 4}, b[8] = {1, 2, 3, 5};
	struct esp_open_job jobs[3] = {{.pkt = a, .len = 8}, {.pkt = a, .len = 8}};

	ck_assert(!esp_prefetch_useful(jobs, 0));
	ck_assert(!esp_prefetch_useful(jobs, 1));
	ck_assert(!esp_prefetch_useful(jobs, 2));
	jobs[2] = (struct esp_open_job){.pkt = b, .len = 8};
	ck_assert(esp_prefetch_useful(jobs, 3));
	jobs[2].pkt = a;
	ck_assert(!esp_prefetch_useful(jobs, 3));
	/* Too short to have an SPI, or not at its place. */
	jobs[2].len = 7;
	ck_assert(esp_prefetch_useful(jobs, 3));
	jobs[2].len = 8;
	jobs[2].protocol = ESP_PROTOCOL_AH;
	ck_assert(esp_prefetch_useful(jobs, 3));
}
END_TEST

struct many {
	struct ls_random_seeded seed;
	struct esp_sad *sad;
	struct esp_sa *in[SAS], *out[SAS];
	uint8_t plain[SAS][PLAIN];
	uint8_t *pkt[SAS];
	struct esp_seal_job seal[SAS];
	struct esp_open_job open[SAS];
};

static void many_make(struct many *m, int backend)
{
	memset(m, 0, sizeof *m);
	m->sad = pair_sad(&m->seed, 7, backend, 2 * SAS);
	for (unsigned i = 0; i < SAS; i++) {
		uint8_t keymat[36] = {(uint8_t)i};
		struct esp_sa_params p = {
			.encr = ALGO_AES256_GCM,
			.integ = ALGO_NONE,
			.keymat = LS_BYTES(keymat, sizeof keymat),
			.esn = true,
			.direction = ESP_IN,
			.chain = i + 1,
			.spi = esp_spi_reserve(m->sad),
		};

		ck_assert_uint_eq(esp_sa_add(m->sad, &p, 0, &m->in[i]), CAUSE_NONE);
		p.direction = ESP_OUT;
		ck_assert_uint_eq(esp_sa_add(m->sad, &p, 0, &m->out[i]), CAUSE_NONE);
		memset(m->plain[i], (int)i, PLAIN);
	}
}

static void many_seal(struct many *m)
{
	for (unsigned i = 0; i < SAS; i++) {
		size_t room = esp_sealed_size(m->out[i], PLAIN);

		m->pkt[i] = malloc(room);
		m->seal[i] = (struct esp_seal_job){.sa = m->out[i],
		                                   .part = {LS_BYTES(m->plain[i], PLAIN)},
		                                   .parts = 1,
		                                   .next_header = 17,
		                                   .dst = m->pkt[i],
		                                   .dst_room = (uint32_t)room};
	}
	ck_assert_uint_eq(esp_seal(m->sad, m->seal, SAS, 0), SAS);
	for (unsigned i = 0; i < SAS; i++)
		m->open[i] = (struct esp_open_job){.pkt = m->pkt[i], .len = m->seal[i].dst_len};
}

static void many_free(struct many *m)
{
	for (unsigned i = 0; i < SAS; i++)
		free(m->pkt[i]);
	esp_sad_free(m->sad);
}

START_TEST(each_packet_of_a_mixed_batch_is_its_own)
{
	struct many m;

	many_make(&m, _i);
	for (unsigned round = 0; round < 3; round++) {
		many_seal(&m);
		ck_assert_uint_eq(esp_open(m.sad, m.open, SAS, 0), SAS);
		for (unsigned i = 0; i < SAS; i++) {
			ck_assert_ptr_eq(m.open[i].sa, m.in[i]);
			ck_assert_uint_eq(m.open[i].sequence, round + 1);
			ck_assert_mem_eq(m.open[i].payload, m.plain[i], PLAIN);
			free(m.pkt[i]);
			m.pkt[i] = NULL;
		}
	}
	many_free(&m);
}
END_TEST

/* Packets that are cut to nothing, of no SA, of an SA that has ended, or said to be AH stand
 * between good ones; a sanitizer sees what is read beyond their ends. */
START_TEST(what_is_no_packet_of_an_sa_hurts_no_other)
{
	struct many m;

	many_make(&m, _i);
	many_seal(&m);
	for (unsigned i = 0; i < SAS; i += 2) {
		uint32_t len = i / 2 < 9 ? i / 2 : m.open[i].len;
		uint8_t *exact = malloc(len ? len : 1);

		memcpy(exact, m.pkt[i], len);
		free(m.pkt[i]);
		m.pkt[i] = m.open[i].pkt = exact;
		m.open[i].len = len;
		if (i == 30)
			exact[1] ^= 1;
		else if (i == 32)
			m.open[i].protocol = ESP_PROTOCOL_AH;
		else if (i > 32)
			esp_sa_end(m.sad, m.in[i]);
	}
	/* 18 to 28 are whole. */
	ck_assert_uint_eq(esp_open(m.sad, m.open, SAS, 0), SAS / 2 + 6);
	for (unsigned i = 0; i < SAS; i++) {
		bool good = i % 2 == 1 || (i >= 18 && i < 30);

		ck_assert_int_eq(m.open[i].verdict == CAUSE_NONE, good);
		if (good)
			ck_assert_mem_eq(m.open[i].payload, m.plain[i], PLAIN);
	}
	ck_assert_uint_eq(m.open[30].verdict, CAUSE_ESP_UNKNOWN_SPI);
	ck_assert_uint_eq(m.open[34].verdict, CAUSE_ESP_UNKNOWN_SPI);
	many_free(&m);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, hot_fields_share_lines);
	tcase_add_test(tc, only_several_sas_need_it);
	tcase_add_loop_test(tc, each_packet_of_a_mixed_batch_is_its_own, 0, PAIR_BACKENDS);
	tcase_add_loop_test(tc, what_is_no_packet_of_an_sa_hurts_no_other, 0, PAIR_BACKENDS);
	return run_cases("esp_prefetch", tc);
}
