/* Tests of SAs and their database: parameters, SPIs, lives, events, views, sizes, selectors. */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

START_TEST(bad_parameters_are_refused)
{
	struct pair p;
	struct esp_sa *sa = NULL;
	struct esp_sa_params good, bad;

	pair_make(&p, _i, _i, 0, true);
	good = p.in_params;
	good.spi = esp_spi_reserve(p.to);
	bad = good;
	bad.spi = p.in->spi;
	ck_assert_uint_eq(esp_sa_add(p.to, &bad, 0, &sa), CAUSE_ESP_SPI_TAKEN);
	bad.spi = good.spi ^ 0x80000000;
	ck_assert_uint_eq(esp_sa_add(p.to, &bad, 0, &sa), CAUSE_ESP_SPI_TAKEN);
	bad.spi = 0;
	ck_assert_uint_eq(esp_sa_add(p.to, &bad, 0, &sa), CAUSE_ESP_SPI_TAKEN);
	ck_assert_uint_eq(esp_sa_add(p.from, &p.out_params, 0, &sa), CAUSE_ESP_SPI_TAKEN);
	for (size_t len = 0; len < 80; len++) {
		bad = good;
		bad.keymat.len = len;
		if (len != 36)
			ck_assert_uint_eq(esp_sa_add(p.to, &bad, 0, &sa), CAUSE_ESP_BAD_KEY);
	}
	bad = good;
	bad.window_packets = ESP_WINDOW_MAX + 1;
	ck_assert_uint_eq(esp_sa_add(p.to, &bad, 0, &sa), CAUSE_ESP_BAD_WINDOW);
	ck_assert_ptr_null(sa);
	ck_assert_uint_eq(esp_sa_add(p.to, &good, 0, &sa), CAUSE_NONE);
	pair_free(&p);
}
END_TEST

START_TEST(only_fitting_algorithms_go_together)
{
	size_t count;
	const struct algo *rows = algo_all(&count);
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, _i, 4);
	uint8_t keymat[ESP_KEYMAT_MAX] = {0};

	for (unsigned e = 0; e < 256; e++)
		for (size_t i = 0; i <= count; i++) {
			const struct algo *encr = algo_get(e), *integ = i < count ? &rows[i] : NULL;
			bool fits = encr && encr->kind == ALGO_KIND_ENCR &&
			            (integ ? integ->kind == ALGO_KIND_INTEG && !encr->aead &&
			                             integ->serves & ALGO_FOR_ESP
			                   : encr->aead);
			bool there = fits && pair_has(_i, (enum algo_id)e);
			enum ls_cause wanted = !fits    ? CAUSE_ESP_NO_ALGORITHM
			                       : !there ? CAUSE_ESP_LACKING
			                                : CAUSE_NONE;
			struct esp_sa_params p = {.direction = ESP_OUT,
			                          .spi = 1000,
			                          .encr = (enum algo_id)e,
			                          .integ = integ ? integ->id : ALGO_NONE};
			struct esp_sa *sa;

			p.keymat = LS_BYTES(keymat, fits ? pair_keymat_size(p.encr, p.integ) : 36);
			ck_assert_uint_eq(esp_sa_add(sad, &p, 0, &sa), wanted);
			if (there)
				esp_sa_end(sad, sa);
		}
	esp_sad_free(sad);
}
END_TEST

START_TEST(sas_are_found)
{
	struct pair p;
	struct esp_sa *sa, *second = NULL;
	struct ls_addr a = ls_addr_v4(0x0a000001, 4500), b = ls_addr_v4(0x0a000002, 1024);
	struct esp_sa_view view;
	unsigned n = 0;

	pair_make(&p, _i, _i, 0, true);
	ck_assert_ptr_eq(esp_sa_inbound(p.to, p.in->spi), p.in);
	ck_assert_ptr_null(esp_sa_inbound(p.to, 0));
	ck_assert_ptr_eq(esp_sa_outbound(p.from, ESP_PROTOCOL_ESP, p.out->spi, 9), p.out);
	ck_assert_ptr_null(esp_sa_outbound(p.from, ESP_PROTOCOL_ESP, p.out->spi, 8));
	p.out_params.chain = 8;
	ck_assert_uint_eq(esp_sa_add(p.from, &p.out_params, 0, &second), CAUSE_NONE);
	ck_assert_ptr_eq(esp_sa_outbound(p.from, ESP_PROTOCOL_ESP, p.out->spi, 8), second);
	for (sa = NULL; (sa = esp_sa_next(p.from, sa));)
		n++;
	ck_assert_uint_eq(n, 2);
	esp_sa_move(second, &a, &b);
	ck_assert(ls_addr_equal(esp_sa_remote(second), &b) &&
	          ls_addr_equal(esp_sa_local(second), &a));
	ck_assert_uint_eq(esp_sa_chain(second), 8);
	ck_assert_uint_eq(esp_sa_tunnel(second), 3);
	ck_assert(esp_sa_udp(second));
	ck_assert_mem_eq(esp_sa_keymat(second).p, p.keymat, 36);
	esp_sa_view(second, &view);
	ck_assert_uint_eq(view.direction, ESP_OUT);
	ck_assert_uint_eq(view.encr, ALGO_AES256_GCM);
	ck_assert(ls_addr_equal(&view.remote, &b));
	pair_free(&p);
}
END_TEST

static void expect(struct esp_sad *sad, enum esp_event_kind kind, enum esp_direction direction,
                   uint32_t spi)
{
	struct esp_event event;

	ck_assert(esp_next(sad, &event));
	ck_assert_uint_eq(event.kind, kind);
	ck_assert_uint_eq(event.direction, direction);
	ck_assert_uint_eq(event.spi, spi);
	ck_assert_uint_eq(event.tunnel, 3);
	ck_assert_uint_eq(event.chain, 9);
}

static void expect_nothing(struct esp_sad *sad)
{
	struct esp_event event;

	ck_assert(!esp_next(sad, &event));
}

START_TEST(packets_and_bytes_end_a_life)
{
	struct pair p;
	uint8_t plain[100] = {0}, pkt[PAIR_PACKET];
	struct esp_seal_job seal = {.part = {LS_BYTES(plain, 100)},
	                            .parts = 1,
	                            .next_header = 17,
	                            .dst = pkt,
	                            .dst_room = PAIR_PACKET};
	struct life_limits hard = {.packets = _i >> 1 ? 100 : 0, .bytes = _i >> 1 ? 0 : 10000};
	bool soft = false, ended = false;
	struct esp_event event;
	unsigned sent = 0, opened = 0;

	pair_open(&p, _i & 1, _i & 1);
	p.in_params = p.out_params = pair_params(&p, ALGO_AES128_GCM, ALGO_NONE, true);
	p.in_params.hard = p.out_params.hard = hard;
	pair_add(&p, 0);
	seal.sa = p.out;
	for (unsigned i = 0; i < 120; i++) {
		struct esp_open_job job;

		if (esp_seal(p.from, &seal, 1, 0) == 0) {
			ck_assert_uint_eq(seal.verdict, CAUSE_ESP_LIFE_END);
			continue;
		}
		sent++;
		opened += pair_try(&p, pkt, seal.dst_len, &job) == CAUSE_NONE;
		while (esp_next(p.from, &event)) {
			ck_assert(event.kind == ESP_EVENT_SOFT ? !soft : soft && !ended);
			ck_assert(event.kind != ESP_EVENT_SOFT || (sent >= 65 && sent <= 80));
			ck_assert(event.kind != ESP_EVENT_HARD || sent == 100);
			soft |= event.kind == ESP_EVENT_SOFT;
			ended |= event.kind == ESP_EVENT_HARD;
		}
	}
	ck_assert(soft && ended);
	ck_assert_uint_eq(sent, 100);
	ck_assert_uint_eq(opened, 100);
	ck_assert_uint_eq(esp_counters(p.from)->by_cause[CAUSE_ESP_LIFE_END], 20);
	expect(p.to, ESP_EVENT_FIRST_USED, ESP_IN, p.in->spi);
	expect(p.to, ESP_EVENT_SOFT, ESP_IN, p.in->spi);
	expect(p.to, ESP_EVENT_HARD, ESP_IN, p.in->spi);
	expect_nothing(p.to);
	pair_free(&p);
}
END_TEST

START_TEST(an_ended_inbound_sa_refuses)
{
	struct pair p;
	uint8_t plain[100] = {0}, pkt[PAIR_PACKET];
	struct esp_open_job job;
	uint32_t len;

	pair_open(&p, _i, _i);
	p.in_params = p.out_params = pair_params(&p, ALGO_AES128, ALGO_SHA256, false);
	p.in_params.hard.packets = 2;
	pair_add(&p, 0);
	for (int i = 0; i < 4; i++) {
		len = pair_seal(&p, plain, 100, pkt);
		ck_assert_uint_eq(pair_try(&p, pkt, len, &job),
		                  i < 2 ? CAUSE_NONE : CAUSE_ESP_LIFE_END);
	}
	pair_free(&p);
}
END_TEST

/* Limits so small that their soft part rounds to none. */
START_TEST(tiny_lives_end)
{
	struct pair p;
	uint8_t plain[100] = {0}, pkt[PAIR_PACKET];
	struct esp_seal_job seal = {
		.part = {LS_BYTES(plain, 100)}, .parts = 1, .dst = pkt, .dst_room = PAIR_PACKET};

	pair_open(&p, 1, 1);
	p.in_params = p.out_params = pair_params(&p, ALGO_AES128_GCM, ALGO_NONE, true);
	p.out_params.hard.packets = _i == 0;
	p.out_params.hard.bytes = _i == 1;
	p.out_params.hard.seconds = _i == 2;
	pair_add(&p, 0);
	seal.sa = p.out;
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 1);
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, LS_S(1)), 0);
	ck_assert_uint_eq(seal.verdict, CAUSE_ESP_LIFE_END);
	expect(p.from, ESP_EVENT_SOFT, ESP_OUT, p.out->spi);
	expect(p.from, ESP_EVENT_HARD, ESP_OUT, p.out->spi);
	expect_nothing(p.from);
	pair_free(&p);
}
END_TEST

START_TEST(time_ends_a_life)
{
	struct pair p;
	uint8_t plain[10] = {0}, pkt[PAIR_PACKET];
	struct esp_seal_job seal = {.part = {LS_BYTES(plain, 10)},
	                            .parts = 1,
	                            .next_header = 17,
	                            .dst = pkt,
	                            .dst_room = PAIR_PACKET};
	ls_time now = LS_S(50), soft;

	pair_open(&p, _i, _i);
	p.in_params = p.out_params = pair_params(&p, ALGO_AES128_GCM, ALGO_NONE, true);
	p.out_params.hard.seconds = 3600;
	ck_assert_int_eq(esp_deadline(p.from, now), LS_NEVER);
	pair_add(&p, now);
	soft = esp_deadline(p.from, now);
	ck_assert_int_ge(soft, now + LS_S(3600 * 65 / 100));
	ck_assert_int_le(soft, now + LS_S(3600 * 80 / 100));
	esp_tick(p.from, soft - 1);
	expect_nothing(p.from);
	esp_tick(p.from, soft);
	expect(p.from, ESP_EVENT_SOFT, ESP_OUT, p.out->spi);
	expect_nothing(p.from);
	ck_assert_int_eq(esp_deadline(p.from, soft), now + LS_S(3600));
	seal.sa = p.out;
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, now + LS_S(3600) - 1), 1);
	ck_assert_uint_eq(esp_seal(p.from, &seal, 1, now + LS_S(3600)), 0);
	ck_assert_uint_eq(seal.verdict, CAUSE_ESP_LIFE_END);
	expect(p.from, ESP_EVENT_HARD, ESP_OUT, p.out->spi);
	esp_tick(p.from, now + LS_S(3600));
	expect_nothing(p.from);
	ck_assert_int_eq(esp_deadline(p.from, now + LS_S(3601)), LS_NEVER);
	ck_assert_int_eq(esp_deadline(p.to, now), LS_NEVER);
	pair_free(&p);
}
END_TEST

/* A replaced SA opens what is on its way, asks for no successor, and ends by itself. */
START_TEST(a_retired_sa_ends_soon)
{
	struct pair p;
	struct esp_open_job job;
	struct esp_event e;
	uint8_t plain[100], first[PAIR_PACKET], second[PAIR_PACKET];
	uint32_t first_len, second_len;

	pair_make(&p, _i, _i, 0, true);
	pair_fill(plain, sizeof plain);
	first_len = pair_seal(&p, plain, sizeof plain, first);
	second_len = pair_seal(&p, plain, sizeof plain, second);
	ck_assert(esp_sa_retire(p.to, p.in, 2, LS_S(1)));
	ck_assert_uint_eq(pair_try(&p, first, first_len, &job), CAUSE_NONE);
	ck_assert(esp_next(p.to, &e) && e.kind == ESP_EVENT_FIRST_USED);
	ck_assert(esp_deadline(p.to, LS_S(1)) <= LS_S(3));
	esp_tick(p.to, LS_MS(2900));
	ck_assert(!esp_next(p.to, &e));
	esp_tick(p.to, LS_S(3));
	ck_assert(esp_next(p.to, &e) && e.kind == ESP_EVENT_HARD && e.spi == p.in->spi);
	ck_assert(!esp_next(p.to, &e));
	ck_assert_uint_eq(pair_try(&p, second, second_len, &job), CAUSE_ESP_LIFE_END);
	ck_assert_msg(!esp_sa_retire(p.to, p.in, 2, LS_S(4)), "it has ended");
	pair_free(&p);
}
END_TEST

START_TEST(lost_packets_are_counted)
{
	struct pair p;
	uint8_t plain[10] = {0}, pkt[PAIR_PACKET];
	struct esp_open_job job;
	struct esp_sa_view view;
	uint32_t len;

	pair_open(&p, _i, _i);
	p.in_params = p.out_params = pair_params(&p, ALGO_AES128_GCM, ALGO_NONE, true);
	p.in_params.window_packets = 64;
	pair_add(&p, 0);
	for (unsigned i = 1; i <= 200; i++) {
		len = pair_seal(&p, plain, 10, pkt);
		if (i % 10 != 0)
			ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	}
	esp_sa_view(p.in, &view);
	ck_assert_uint_eq(view.sequence, 199);
	ck_assert_uint_eq(view.packets, 180);
	ck_assert_uint_eq(view.bytes, 1800);
	ck_assert_uint_eq(view.lost_packets, 13);
	ck_assert_int_eq(view.last_used, LS_S(1));
	pair_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, bad_parameters_are_refused, 0, 2);
	tcase_add_loop_test(tc, only_fitting_algorithms_go_together, 0, 2);
	tcase_add_loop_test(tc, sas_are_found, 0, 2);
	tcase_add_loop_test(tc, packets_and_bytes_end_a_life, 0, 4);
	tcase_add_loop_test(tc, an_ended_inbound_sa_refuses, 0, 2);
	tcase_add_loop_test(tc, tiny_lives_end, 0, 3);
	tcase_add_loop_test(tc, time_ends_a_life, 0, 2);
	tcase_add_loop_test(tc, a_retired_sa_ends_soon, 0, PAIR_BACKENDS);
	tcase_add_loop_test(tc, lost_packets_are_counted, 0, 2);
	return run_cases("esp_sa", tc);
}
