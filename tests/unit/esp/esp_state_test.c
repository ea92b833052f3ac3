/* Tests of saved state: traffic goes on, no number repeats, anything bent is refused whole. */
#include "lib/snap.h"
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

enum { STATE_ROOM = 1 << 16 };

static size_t save(const struct esp_sad *sad, uint8_t *bytes, uint32_t skip, ls_time now)
{
	struct wr w = wr_make(bytes, STATE_ROOM);

	ck_assert(esp_save(sad, &w, skip, now));
	ck_assert_uint_eq(w.len, esp_save_size(sad));
	return w.len;
}

START_TEST(traffic_goes_on)
{
	struct pair p;
	struct ls_random_seeded seeds[2];
	uint8_t plain[50], pkt[8][PAIR_PACKET], *state = malloc(STATE_ROOM), again[PAIR_PACKET];
	uint32_t len[8];
	struct esp_open_job job;
	struct esp_sa_view before, after;
	bool esn = _i & 1;

	pair_make(&p, _i >> 1 & 1, _i >> 1 & 1, _i >> 2, esn);
	pair_fill(plain, sizeof(plain));
	for (unsigned i = 0; i < 8; i++)
		len[i] = pair_seal(&p, plain, sizeof(plain), pkt[i]);
	memcpy(again, pkt[5], len[5]);
	ck_assert_uint_eq(pair_try(&p, pkt[5], len[5], &job), CAUSE_NONE);
	esp_sa_view(p.in, &before);

	size_t n = save(p.to, state, 0, LS_S(10));
	struct esp_sad *to = pair_sad(&seeds[0], 7, _i & 1, 64);
	ck_assert_uint_eq(esp_load(to, state, n, LS_S(3)), CAUSE_NONE);
	esp_sad_free(p.to);
	p.to = to;
	p.in = esp_sa_inbound(to, p.in_params.spi);
	ck_assert_ptr_nonnull(p.in);
	esp_sa_view(p.in, &after);
	ck_assert_uint_eq(after.sequence, before.sequence);
	ck_assert_uint_eq(after.packets, before.packets);
	ck_assert(ls_addr_equal(&after.remote, &before.remote));
	ck_assert_uint_eq(after.tunnel, 3);

	n = save(p.from, state, 1000, LS_S(10));
	struct esp_sad *from = pair_sad(&seeds[1], 8, _i & 1, 64);
	ck_assert_uint_eq(esp_load(from, state, n, LS_S(3)), CAUSE_NONE);
	esp_sad_free(p.from);
	p.from = from;
	p.out = esp_sa_outbound(from, ESP_PROTOCOL_ESP, p.out_params.spi, 9);
	ck_assert_ptr_nonnull(p.out);

	ck_assert_uint_eq(pair_try(&p, again, len[5], &job), CAUSE_ESP_REPLAY);
	ck_assert_uint_eq(pair_try(&p, pkt[4], len[4], &job), CAUSE_NONE);
	ck_assert_mem_eq(job.payload, plain, sizeof(plain));
	len[0] = pair_seal(&p, plain, sizeof(plain), pkt[0]);
	ck_assert_uint_eq(pair_try(&p, pkt[0], len[0], &job), CAUSE_NONE);
	ck_assert_uint_eq(job.sequence, 8 + 1000 + 1);
	free(state);
	pair_free(&p);
}
END_TEST

START_TEST(numbers_skip_no_further_than_the_last)
{
	struct pair p;
	struct ls_random_seeded seed;
	uint8_t plain[10] = {0}, pkt[PAIR_PACKET], *state = malloc(STATE_ROOM);
	struct esp_seal_job seal = {
		.part = {LS_BYTES(plain, 10)}, .parts = 1, .dst = pkt, .dst_room = PAIR_PACKET};
	struct esp_sad *from;

	pair_make(&p, 1, 1, 0, _i == 1);
	esp_sa_set_sequence(p.out, _i == 1 ? UINT64_MAX - 100 : UINT32_MAX - 100);
	from = pair_sad(&seed, 8, 1, 64);
	ck_assert_uint_eq(esp_load(from, state, save(p.from, state, 5000, 0), 0), CAUSE_NONE);
	seal.sa = esp_sa_outbound(from, ESP_PROTOCOL_ESP, p.out_params.spi, 9);
	ck_assert_uint_eq(esp_seal(from, &seal, 1, 0), 0);
	ck_assert_uint_eq(seal.verdict, CAUSE_ESP_SEQUENCE_END);
	esp_sad_free(from);
	free(state);
	pair_free(&p);
}
END_TEST

START_TEST(lives_and_events_go_on)
{
	struct pair p;
	struct ls_random_seeded seed;
	uint8_t *state = malloc(STATE_ROOM);
	struct esp_sad *from;
	struct esp_event event;
	ls_time soft;

	pair_open(&p, 1, 1);
	p.in_params = p.out_params = pair_params(&p, ALGO_AES128, ALGO_SHA1, false);
	p.out_params.hard.seconds = 1000;
	pair_add(&p, LS_S(100));
	soft = esp_deadline(p.from, LS_S(100));
	if (_i)
		esp_tick(p.from, soft);
	from = pair_sad(&seed, 8, 1, 64);
	/* 900 s later on the clock of the new process */
	ck_assert_uint_eq(esp_load(from, state, save(p.from, state, 0, LS_S(200)), LS_S(1100)),
	                  CAUSE_NONE);
	if (_i) {
		ck_assert(esp_next(from, &event));
		ck_assert_uint_eq(event.kind, ESP_EVENT_SOFT);
		esp_tick(from, LS_S(1900) - 1);
	} else {
		ck_assert_int_eq(esp_deadline(from, LS_S(1100)), soft + LS_S(900));
	}
	ck_assert(!esp_next(from, &event));
	esp_tick(from, LS_S(2000));
	while (esp_next(from, &event))
		;
	ck_assert_uint_eq(event.kind, ESP_EVENT_HARD);
	esp_sad_free(from);
	free(state);
	pair_free(&p);
}
END_TEST

static void fill_pair(struct pair *p)
{
	struct esp_sa *bundled[2];

	pair_open(p, 1, 1);
	p->to = (esp_sad_free(p->to), p->from);
	for (unsigned i = 0; i < 4; i++) {
		p->in_params = p->out_params =
			pair_params(p, pair_suites[i * 3].encr, pair_suites[i * 3].integ, i & 1);
		p->in_params.window_packets = 64;
		p->in_params.udp = i & 1;
		p->out_params.tfc_refused = i & 1;
		p->out_params.tfc_bytes = i & 1 ? 0 : 500;
		p->in_params.remote.family = i & 1 ? 6 : 4;
		p->in_params.selector.local.addr = ls_addr_v4(0x0a000000, 0);
		p->in_params.selector.local.bits = 8;
		pair_add(p, 0);
	}
	/* AH around the last one, in a bundle. */
	bundled[0] = p->out;
	bundled[1] = p->in;
	p->out_params = p->in_params = pair_ah_params(p, ALGO_SHA256, 4, true);
	p->out_params.tfc_bytes = 1200;
	pair_add(p, 0);
	ck_assert(esp_sa_bundle(p->out, bundled[0]) && esp_sa_bundle(p->in, bundled[1]));
}

START_TEST(bundles_go_on)
{
	struct pair p;
	struct ls_random_seeded seed;
	uint8_t plain[40], pkt[PAIR_PACKET], *state = malloc(STATE_ROOM);
	struct esp_open_job job;
	struct esp_sad *sad;
	struct esp_sa *inner;
	uint32_t len;

	fill_pair(&p);
	inner = p.in->partner;
	len = (uint32_t)save(p.from, state, 0, 0);
	sad = pair_sad(&seed, 3, 1, 64);
	ck_assert_uint_eq(esp_load(sad, state, len, 0), CAUSE_NONE);
	pair_fill(plain, sizeof(plain));
	len = pair_seal(&p, plain, sizeof(plain), pkt);
	p.to = sad;
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	ck_assert_ptr_eq(job.sa, esp_sa_inbound(sad, inner->spi));
	ck_assert_mem_eq(job.payload, plain, sizeof(plain));
	/* Half of one is saved as that. */
	esp_sa_end(p.from, inner);
	while ((p.in = esp_sa_next(sad, NULL)))
		esp_sa_end(sad, p.in);
	len = (uint32_t)save(p.from, state, 0, 0);
	ck_assert_uint_eq(esp_load(sad, state, len, 0), CAUSE_NONE);
	len = pair_seal(&p, plain, sizeof(plain), pkt);
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_ESP_UNKNOWN_SPI);
	esp_sad_free(sad);
	esp_sad_free(p.from);
	free(state);
}
END_TEST

START_TEST(loaded_state_saves_as_the_same)
{
	struct pair p;
	struct ls_random_seeded seed;
	uint8_t *one = malloc(STATE_ROOM), *two = malloc(STATE_ROOM);
	struct esp_sad *sad = pair_sad(&seed, 3, 1, _i ? 10 : 64);
	size_t n;

	fill_pair(&p);
	n = save(p.from, one, 0, LS_S(5));
	ck_assert_uint_eq(esp_load(sad, one, n, LS_S(90)), CAUSE_NONE);
	ck_assert_uint_eq(save(sad, two, 0, LS_S(90)), n);
	ck_assert_mem_eq(one, two, n);
	/* Only an empty one may be filled. */
	ck_assert_uint_eq(esp_load(sad, one, n, 0), CAUSE_STATE_VERSION);
	esp_sad_free(sad);
	esp_sad_free(p.from);
	free(one);
	free(two);
}
END_TEST

START_TEST(bent_state_is_refused_whole)
{
	struct pair p;
	struct ls_random_seeded seed;
	uint8_t *state = malloc(STATE_ROOM);
	struct esp_sad *sad = pair_sad(&seed, 3, 1, 64);
	size_t n;
	unsigned taken = 0;

	fill_pair(&p);
	n = save(p.from, state, 0, LS_S(5));
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);

		memcpy(exact, state, cut);
		if (cut >= SNAP_HEADER_SIZE)
			ls_put32(exact + 8, (uint32_t)(cut - SNAP_HEADER_SIZE));
		ck_assert_uint_eq(esp_load(sad, exact, cut, 0), CAUSE_STATE_VERSION);
		ck_assert_ptr_null(esp_sa_next(sad, NULL));
		free(exact);
	}
	/* A flipped bit may give another valid state (a key, a counter), but never a crash or half
	 * a state. */
	for (size_t bit = 0; bit < n * 8; bit += 3) {
		struct esp_sa *sa;
		enum ls_cause cause;

		state[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		cause = esp_load(sad, state, n, LS_S(7));
		state[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		taken += cause == CAUSE_NONE;
		ck_assert(cause == CAUSE_NONE || cause == CAUSE_STATE_VERSION);
		ck_assert((cause == CAUSE_NONE) == (esp_sa_next(sad, NULL) != NULL));
		while ((sa = esp_sa_next(sad, NULL)))
			esp_sa_end(sad, sa);
	}
	ck_assert_uint_gt(taken, 0);
	ck_assert_uint_eq(esp_load(sad, state, n, 0), CAUSE_NONE);
	esp_sad_free(sad);
	esp_sad_free(p.from);
	free(state);
}
END_TEST

START_TEST(too_small_a_buffer_is_an_error)
{
	struct pair p;
	uint8_t *state = malloc(STATE_ROOM);

	fill_pair(&p);
	for (size_t room = 0; room < esp_save_size(p.from); room += 7) {
		struct wr w = wr_make(state, room);

		ck_assert(!esp_save(p.from, &w, 0, 0));
	}
	esp_sad_free(p.from);
	free(state);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, traffic_goes_on, 0, PAIR_SUITES * 4);
	tcase_add_loop_test(tc, numbers_skip_no_further_than_the_last, 0, 2);
	tcase_add_loop_test(tc, lives_and_events_go_on, 0, 2);
	tcase_add_test(tc, bundles_go_on);
	tcase_add_loop_test(tc, loaded_state_saves_as_the_same, 0, 2);
	tcase_add_test(tc, bent_state_is_refused_whole);
	tcase_add_test(tc, too_small_a_buffer_is_an_error);
	return run_cases("esp_state", tc);
}
