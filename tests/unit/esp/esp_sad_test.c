/* Tests of the SA database: SPIs, limits, backends, events and deadlines. */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

START_TEST(spis_are_bounded_and_not_reused_soon)
{
	enum { MAX = 50, ROUNDS = 40 };
	static uint32_t all[MAX * ROUNDS];
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, 1, MAX);

	for (unsigned r = 0; r < ROUNDS; r++) {
		for (unsigned i = 0; i < MAX; i++) {
			uint32_t spi = esp_spi_reserve(sad);

			ck_assert_uint_ge(spi, 256);
			for (unsigned k = 0; k < r * MAX + i; k++)
				ck_assert_uint_ne(all[k], spi);
			all[r * MAX + i] = spi;
		}
		ck_assert_uint_eq(esp_spi_reserve(sad), 0);
		for (unsigned i = 0; i < MAX; i++) {
			esp_spi_release(sad, all[r * MAX + i]);
			esp_spi_release(sad, all[r * MAX + i]);
			esp_spi_release(sad, 0);
		}
	}
	esp_sad_free(sad);
}
END_TEST

START_TEST(the_limit_counts_both_directions)
{
	struct ls_random_seeded seed;
	struct pair p;
	struct esp_sa *sa[4];

	p.to = p.from = pair_sad(&seed, 1, _i, 3);
	p.out_params = p.in_params = pair_params(&p, ALGO_AES256_GCM, ALGO_NONE, true);
	pair_add(&p, 0);
	p.out_params.spi = 5000;
	ck_assert_uint_eq(esp_sa_add(p.to, &p.out_params, 0, &sa[0]), CAUSE_NONE);
	p.out_params.spi = 5001;
	ck_assert_uint_eq(esp_sa_add(p.to, &p.out_params, 0, &sa[1]), CAUSE_LIMIT_REACHED);
	ck_assert_uint_eq(esp_spi_reserve(p.to), 0);
	esp_sa_end(p.to, sa[0]);
	ck_assert_uint_ne(esp_spi_reserve(p.to), 0);
	/* What was only reserved can be had again all at once; SAs stay. */
	ck_assert_uint_eq(esp_spi_reserve(p.to), 0);
	esp_spis_release(p.to);
	ck_assert_ptr_nonnull(esp_sa_inbound(p.to, p.in_params.spi));
	ck_assert_uint_ne(esp_spi_reserve(p.to), 0);
	ck_assert_uint_eq(esp_spi_reserve(p.to), 0);
	esp_sad_free(p.to);
}
END_TEST

START_TEST(late_packets_of_an_ended_sa_meet_nobody)
{
	struct pair p;
	uint8_t plain[30] = {0}, pkt[PAIR_PACKET];
	struct esp_open_job job;
	uint32_t len;

	pair_make(&p, _i, _i, 0, true);
	len = pair_seal(&p, plain, 30, pkt);
	esp_sa_end(p.to, p.in);
	ck_assert_ptr_null(esp_sa_inbound(p.to, p.in_params.spi));
	esp_sa_end(p.from, p.out);
	pair_add(&p, 0);
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_ESP_UNKNOWN_SPI);
	pair_free(&p);
}
END_TEST

START_TEST(events_of_an_ended_sa_are_gone)
{
	struct pair p;
	uint8_t plain[10] = {0}, pkt[PAIR_PACKET];
	struct esp_open_job job;
	struct esp_event event;
	uint32_t len;

	pair_make(&p, _i, _i, 0, true);
	len = pair_seal(&p, plain, 10, pkt);
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	esp_sa_end(p.to, p.in);
	ck_assert(!esp_next(p.to, &event));
	pair_free(&p);
}
END_TEST

START_TEST(sizes_that_are_none)
{
	struct ls_random_seeded seed;
	struct ls_random random = ls_random_from_seed(&seed, 1);
	struct esp_sad *sad;

	ck_assert_ptr_null(esp_sad_new(0, &random));
	ck_assert_ptr_null(esp_sad_new(ESP_SAS_MAX + 1u, &random));
	sad = esp_sad_new(1, &random);
	ck_assert_ptr_nonnull(sad);
	ck_assert_uint_ne(esp_spi_reserve(sad), 0);
	ck_assert_uint_eq(esp_spi_reserve(sad), 0);
	esp_sad_free(sad);
	esp_sad_free(NULL);
}
END_TEST

/* The SPIs of a saved state are taken as they are; the ring of free slots stays whole. */
START_TEST(given_spis_are_taken)
{
	enum { MAX = 16 };
	static const uint32_t given[] = {0x12345603, 0x00000107, 0xfffffff0, 0x0000010f};
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, 1, MAX);
	bool used[MAX] = {false};

	for (uint32_t spi = 0; spi < 256; spi++)
		ck_assert(!esp_spi_take(sad, spi));
	ck_assert_uint_eq(sad->count, 0);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert(esp_spi_take(sad, given[i]));
		ck_assert(!esp_spi_take(sad, given[i]));
		ck_assert(!esp_spi_take(sad, given[i] ^ 0x00ff0000)); /* the same slot */
		used[given[i] % MAX] = true;
	}
	for (unsigned i = 4; i < MAX; i++) {
		uint32_t spi = esp_spi_reserve(sad);

		ck_assert_uint_ge(spi, 256);
		ck_assert(!used[spi % MAX]);
		used[spi % MAX] = true;
	}
	ck_assert_uint_eq(esp_spi_reserve(sad), 0);
	ck_assert(!esp_spi_take(sad, 0x777));
	/* A reserved one is no SA, and another number in its slot is nobody's. */
	ck_assert_ptr_null(esp_sa_inbound(sad, given[0]));
	esp_spi_release(sad, given[0] ^ 0x00ff0000);
	ck_assert_uint_eq(esp_spi_reserve(sad), 0);
	esp_spis_release(sad);
	ck_assert_uint_eq(sad->count, 0);
	for (unsigned i = 0; i < MAX; i++)
		ck_assert_uint_ne(esp_spi_reserve(sad), 0);
	esp_sad_free(sad);
}
END_TEST

/* An SPI that an SA has is not given back by hand. */
START_TEST(the_spi_of_an_sa_stays)
{
	struct pair p;

	pair_make(&p, 1, 1, 0, true);
	esp_spi_release(p.to, p.in->spi);
	esp_spis_release(p.to);
	ck_assert_ptr_eq(esp_sa_inbound(p.to, p.in->spi), p.in);
	pair_free(&p);
}
END_TEST

/* The backend is chosen before there is any SA; tables too. */
START_TEST(a_backend_is_for_an_empty_sad)
{
	const struct esp_crypto_ops *const ops[] = {pair_backend(0), pair_backend(1)};
	struct pair p;

	pair_make(&p, _i, _i, 0, true);
	ck_assert(!esp_sad_use(p.to, &ops[0], 1));
	ck_assert(!esp_sad_use(p.to, &ops[1], 1));
	esp_sa_end(p.to, p.in);
	ck_assert(esp_sad_use(p.to, &ops[1], 1));
	ck_assert(esp_sad_use(p.to, ops, 2));
	pair_add(&p, LS_S(1));
	pair_free(&p);
}
END_TEST

/* Each kind once an SA, in the order in which they matter, first come first told. */
START_TEST(events_come_once_and_in_order)
{
	static const enum esp_event_kind said[] = {ESP_EVENT_HARD, ESP_EVENT_SOFT,
	                                           ESP_EVENT_FIRST_USED, ESP_EVENT_SOFT};
	static const enum esp_event_kind told[] = {ESP_EVENT_FIRST_USED, ESP_EVENT_SOFT,
	                                           ESP_EVENT_HARD};
	struct pair p;
	struct esp_event event;
	struct esp_sa *first;

	pair_make(&p, 1, 1, 0, true);
	first = p.in;
	pair_add(&p, LS_S(1));
	for (unsigned i = 0; i < 4; i++) {
		esp_sa_tell(p.to, first, said[i]);
		esp_sa_tell(p.to, p.in, said[i]);
	}
	for (unsigned i = 0; i < 6; i++) {
		ck_assert(esp_next(p.to, &event));
		ck_assert_uint_eq(event.kind, told[i % 3]);
		ck_assert_uint_eq(event.spi, i < 3 ? first->spi : p.in->spi);
		ck_assert_uint_eq(event.direction, ESP_IN);
		ck_assert_uint_eq(event.tunnel, 3);
		ck_assert_uint_eq(event.chain, 9);
	}
	ck_assert(!esp_next(p.to, &event));
	esp_sa_tell(p.to, first, ESP_EVENT_SOFT);
	ck_assert(!esp_next(p.to, &event));
	pair_free(&p);
}
END_TEST

/* Many lives of different lengths: the deadline is the first of them, and all end in their turn. */
START_TEST(the_deadline_is_the_first_of_all)
{
	enum { N = 30 };
	struct pair p;
	struct esp_event event;
	unsigned ended = 0;
	ls_time now = 0, at;

	pair_open(&p, 1, 1);
	p.out_params = p.in_params = pair_params(&p, ALGO_AES256_GCM, ALGO_NONE, true);
	for (uint32_t i = 0; i < N; i++) {
		p.out_params.direction = ESP_OUT;
		p.out_params.spi = 1000 + i;
		p.out_params.hard.seconds = 100 + i * 37 % N;
		ck_assert_uint_eq(esp_sa_add(p.from, &p.out_params, 0, &p.out), CAUSE_NONE);
	}
	while ((at = esp_deadline(p.from, now)) != LS_NEVER) {
		ls_time first = LS_NEVER;

		for (struct esp_sa *sa = NULL; (sa = esp_sa_next(p.from, sa));)
			first = ls_time_min(first, sa->watch_time);
		ck_assert_int_eq(at, first);
		ck_assert_int_gt(at, now);
		esp_tick(p.from, at - 1);
		ck_assert(!esp_next(p.from, &event));
		now = at;
		esp_tick(p.from, now);
		while (esp_next(p.from, &event)) {
			if (event.kind != ESP_EVENT_HARD)
				continue;
			ck_assert_int_eq(now, LS_S(100 + (event.spi - 1000) * 37 % N));
			ended++;
		}
	}
	ck_assert_uint_eq(ended, N);
	pair_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("esp_sad");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, spis_are_bounded_and_not_reused_soon);
	tcase_add_loop_test(tc, the_limit_counts_both_directions, 0, 2);
	tcase_add_loop_test(tc, late_packets_of_an_ended_sa_meet_nobody, 0, 2);
	tcase_add_loop_test(tc, events_of_an_ended_sa_are_gone, 0, 2);
	tcase_add_test(tc, sizes_that_are_none);
	tcase_add_test(tc, given_spis_are_taken);
	tcase_add_test(tc, the_spi_of_an_sa_stays);
	tcase_add_loop_test(tc, a_backend_is_for_an_empty_sad, 0, PAIR_BACKENDS);
	tcase_add_test(tc, events_come_once_and_in_order);
	tcase_add_test(tc, the_deadline_is_the_first_of_all);
	return run_cases("esp_sad", tc);
}
