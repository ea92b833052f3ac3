/* Tests of the replay window: by hand, against a plain model, and the ESN guess against RFC 4303
 * App. A2. */
#include "esp/esp_replay.h"
#include "tests/unit/esp/esp_crew.h"
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

/* One step: a number and what becomes of it. */
struct step {
	uint64_t number;
	enum ls_cause cause;
};

#define NEW CAUSE_NONE
#define TWICE CAUSE_ESP_REPLAY
#define OLD CAUSE_ESP_TOO_OLD

static void steps(struct esp_replay *r, const struct step *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(esp_replay_check(r, s[i].number), s[i].cause);
		ck_assert_uint_eq(esp_replay_commit(r, s[i].number, false), s[i].cause);
	}
}

#define STEPS(r, ...)                                     \
	do {                                              \
		const struct step s_[] = {__VA_ARGS__};   \
		steps(r, s_, sizeof(s_) / sizeof(s_[0])); \
	} while (0)

START_TEST(numbers_are_taken_once)
{
	struct esp_replay r;
	enum { W = 1024 };

	ck_assert(esp_replay_make(&r, W));
	STEPS(&r, {0, OLD}, {1, NEW}, {1, TWICE}, {9, NEW}, {8, NEW}, {7, NEW}, {7, TWICE},
	      {8, TWICE}, {0, OLD});
	STEPS(&r, {W, NEW}, {W, TWICE}, {W - 1, NEW}, {W - 1, TWICE}, {2, NEW}, {2, TWICE});
	STEPS(&r, {W + 1, NEW}, {2, TWICE}, {3, NEW}, {1, OLD}, {W + 16, NEW}, {3, OLD}, {16, OLD},
	      {17, NEW});
	STEPS(&r, {W * 4, NEW}, {W * 3, OLD}, {W * 3 + 1, NEW}, {W * 3 + 1, TWICE},
	      {W * 4 + 1, NEW}, {W * 3 + 1, OLD});
	STEPS(&r, {UINT64_MAX - 1, NEW}, {W * 4 + 1, OLD}, {UINT64_MAX - W, NEW},
	      {UINT64_MAX - W - 1, OLD});
	esp_replay_free(&r);
}
END_TEST

START_TEST(ascending_and_descending_runs)
{
	struct esp_replay r;
	enum { W = 200 };

	ck_assert(esp_replay_make(&r, W));
	for (uint64_t i = 1; i <= 3 * W; i++)
		STEPS(&r, {i, NEW}, {i, TWICE});
	esp_replay_set(&r, 0);
	STEPS(&r, {W, NEW});
	for (uint64_t i = W - 1; i > 0; i--)
		STEPS(&r, {i, NEW}, {i, TWICE});
	esp_replay_set(&r, 0);
	STEPS(&r, {W + 1, NEW});
	for (uint64_t i = W; i > 1; i--)
		STEPS(&r, {i, NEW});
	STEPS(&r, {1, OLD});
	esp_replay_free(&r);
}
END_TEST

enum { MODEL = 6000 };

/* Random walks against one byte a number. */
START_TEST(agrees_with_a_plain_model)
{
	static const uint32_t windows[] = {32, 33, 63, 64, 65, 127, 128, 200, 1000, 1024, 4096};
	static bool seen[MODEL + 1];
	struct ls_random_seeded seed;
	struct ls_random random = ls_random_from_seed(&seed, (uint64_t)_i);
	uint32_t window = windows[(unsigned)_i % (sizeof(windows) / sizeof(windows[0]))];
	struct esp_replay r;
	uint64_t top = 0, base = 0, lost = 0;

	memset(seen, 0, sizeof(seen));
	ck_assert(esp_replay_make(&r, window));
	while (top < MODEL - 600) {
		uint32_t kind = ls_random_below(&random, 10);
		uint64_t number = kind < 6 ? top + 1 + ls_random_below(&random, kind == 5 ? 300 : 3)
		                  : top == 0 ? 0
		                             : ls_random_below(&random, (uint32_t)top + 1);
		enum ls_cause want = number == 0 || number + window <= top ? OLD
		                     : seen[number]                        ? TWICE
		                                                           : NEW;

		if (kind == 9 && top > window)
			number = top - window + ls_random_below(&random, 2);
		want = number == 0 || number + window <= top ? OLD : seen[number] ? TWICE : NEW;
		ck_assert_uint_eq(esp_replay_commit(&r, number, _i & 1), want);
		if (want != NEW)
			continue;
		r.seen++;
		seen[number] = true;
		if (number > top)
			top = number;
		for (; base + window < top; lost += !seen[base])
			base++;
		ck_assert_uint_eq(esp_replay_lost(&r), lost);
	}
	ck_assert_uint_gt(lost, 0);
	esp_replay_free(&r);
}
END_TEST

enum { MANY = 40000, STRIDE = 97 };

struct many {
	struct esp_replay r;
	uint8_t taken[MANY + 1];
};

/* All numbers, each thread in an order of its own within short stretches. */
static void commit_all(void *arg, unsigned thread)
{
	struct many *m = arg;

	for (uint64_t i = 0; i < MANY; i++) {
		uint64_t stretch = i / STRIDE * STRIDE;
		uint64_t n = stretch + (i - stretch) * (3 * thread + 1) % STRIDE + 1;

		if (n <= MANY && esp_replay_commit(&m->r, n, true) == CAUSE_NONE) {
			__atomic_fetch_add(&m->taken[n], 1, __ATOMIC_RELAXED);
			__atomic_fetch_add(&m->r.seen, 1, __ATOMIC_RELAXED);
		}
	}
}

/* Threads race for the same numbers: each is taken by one at most, and who is told what was lost is
 * told the truth. */
START_TEST(threads_take_each_number_once)
{
	static const uint32_t windows[] = {32, 100, 1024, MANY};
	static struct many m;
	uint64_t lost = 0;

	memset(&m, 0, sizeof m);
	ck_assert(esp_replay_make(&m.r, windows[_i]));
	crew_run(commit_all, NULL, &m);
	ck_assert_uint_eq(m.r.top, MANY);
	for (uint64_t n = 1; n <= MANY; n++) {
		ck_assert_uint_le(m.taken[n], 1);
		lost += n + windows[_i] <= MANY && !m.taken[n];
		/* What nothing overtook far enough was taken. */
		if (n + windows[_i] > MANY)
			ck_assert_uint_eq(m.taken[n], 1);
	}
	ck_assert_uint_eq(esp_replay_lost(&m.r), lost);
	ck_assert(windows[_i] < MANY || lost == 0);
	esp_replay_free(&m.r);
}
END_TEST

/* What a word holds of an earlier round of the ring is not taken for this one, however far apart
 * they are. */
START_TEST(rounds_do_not_mix)
{
	struct esp_replay r;
	enum { W = 100, RING = 8 * 32 };

	ck_assert(esp_replay_make(&r, W));
	ck_assert_uint_eq(esp_replay_words(W), RING / 32);
	for (uint64_t n = 7; n < UINT64_MAX / 3; n = (n / RING * 3 + 8) * RING + 7)
		STEPS(&r, {n, NEW}, {n, TWICE}, {n - 1, NEW}, {n + RING, NEW}, {n, OLD},
		      {n + RING - 1, NEW}, {n + RING + 3 * RING, NEW},
		      {n + RING + 3 * RING - 1, NEW});
	esp_replay_free(&r);
}
END_TEST

/* What was lost before a window is set by hand stays told, and goes on from there. */
START_TEST(losses_go_on_after_a_set)
{
	struct esp_replay r;
	enum { W = 64 };

	ck_assert(esp_replay_make(&r, W));
	STEPS(&r, {1, NEW}, {W + 11, NEW});
	r.seen = 2;
	ck_assert_uint_eq(esp_replay_lost(&r), 10);
	esp_replay_set(&r, 5000);
	ck_assert_uint_eq(esp_replay_lost(&r), 10);
	STEPS(&r, {5000, TWICE}, {5000 - W, OLD}, {5000 - W + 1, NEW}, {5000 + W, NEW});
	r.seen += 2;
	ck_assert_uint_eq(esp_replay_lost(&r), 10 + W - 2);
	esp_replay_set_lost(&r, 3);
	ck_assert_uint_eq(esp_replay_lost(&r), 3);
	esp_replay_free(&r);
}
END_TEST

START_TEST(guesses_follow_appendix_a2)
{
	static const struct {
		uint64_t top;
		uint32_t low;
		bool ok;
		uint64_t number;
	} cases[] = {
		{0, 1, true, 1},
		{0, 0x7fffffff, true, 0x7fffffff},
		{0, 0xffffffff, false, 0},
		{0, 0xfffffc01, false, 0},
		{0, 0xfffffc00, true, 0xfffffc00},
		{5, 0xffffffff, false, 0},
		{1023, 0, true, 0},
		{1024, 0, true, 0x100000000},
		{1024, 1, true, 1},
		{0xfffffff0, 0xfffffff5, true, 0xfffffff5},
		{0xfffffff0, 0xfffffbf1, true, 0xfffffbf1},
		{0xfffffff0, 0xfffffbf0, true, 0x1fffffbf0},
		{0xffffffff, 0, true, 0x100000000},
		{0xffffffff, 3, true, 0x100000003},
		{0x100000002, 0xffffffff, true, 0xffffffff},
		{0x100000002, 5, true, 0x100000005},
		{0x100000002, 0x80000000, true, 0x180000000},
		{0x1000003fe, 0xffffffff, true, 0xffffffff},
		{0x1000003ff, 0xffffffff, true, 0x1ffffffff},
		{0x5000003ff, 0, true, 0x500000000},
		{0x500000400, 0, true, 0x600000000},
	};
	struct esp_replay r;
	uint64_t number;

	ck_assert(esp_replay_make(&r, 1024));
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.top = cases[i].top;
		ck_assert_int_eq(esp_replay_guess(&r, true, cases[i].low, &number), cases[i].ok);
		if (cases[i].ok)
			ck_assert_uint_eq(number, cases[i].number);
		ck_assert(esp_replay_guess(&r, false, cases[i].low, &number));
		ck_assert_uint_eq(number, cases[i].low);
	}
	esp_replay_free(&r);
}
END_TEST

/* Near any top, a number within the window or less than 2^31 ahead is always guessed right. */
START_TEST(guesses_find_the_true_number)
{
	static const uint64_t tops[] = {2000,        0xfffffe00,  0xffffffff,  0x100000000,
	                                0x100000100, 0x1000003ff, 0x100000400, 0x7fffffff00000000};
	struct ls_random_seeded seed;
	struct ls_random random = ls_random_from_seed(&seed, 11);
	struct esp_replay r;

	ck_assert(esp_replay_make(&r, 1024));
	for (unsigned t = 0; t < sizeof(tops) / sizeof(tops[0]); t++)
		for (unsigned i = 0; i < 2000; i++) {
			uint64_t number,
				want = i & 1 ? tops[t] - ls_random_below(&random, 1024)
			                     : tops[t] + ls_random_below(&random, 1u << 31);

			r.top = tops[t];
			ck_assert(esp_replay_guess(&r, true, (uint32_t)want, &number));
			ck_assert_uint_eq(number, want);
		}
	esp_replay_free(&r);
}
END_TEST

START_TEST(windows_have_room)
{
	for (uint32_t w = ESP_WINDOW_MIN; w <= ESP_WINDOW_MAX; w = w * 3 / 2 + 1) {
		uint32_t words = esp_replay_words(w);

		ck_assert_uint_eq(words & (words - 1), 0);
		ck_assert_uint_ge((words - 1) * ESP_REPLAY_WORD, w);
	}
	ck_assert_uint_eq(esp_replay_words(1024), 64);
}
END_TEST

/* Both ends over the wrap of 2^32, packets late and early across it. */
START_TEST(esn_wraps)
{
	struct pair p;
	uint8_t plain[30] = {0}, pkt[40][PAIR_PACKET];
	uint32_t len[40];
	struct esp_open_job job;

	pair_make(&p, _i & 1, _i >> 1 & 1, _i >> 2, true);
	esp_sa_set_sequence(p.out, 0xffffffff - 20);
	esp_sa_set_sequence(p.in, 0xffffffff - 20);
	for (unsigned i = 0; i < 40; i++)
		len[i] = pair_seal(&p, plain, sizeof(plain), pkt[i]);
	for (unsigned i = 0; i < 40; i++) {
		unsigned k = i ^ 7; /* in eights backwards, so that the wrap is crossed both ways */
		uint8_t again[PAIR_PACKET];

		memcpy(again, pkt[k], len[k]);
		ck_assert_uint_eq(pair_try(&p, pkt[k], len[k], &job), CAUSE_NONE);
		ck_assert_uint_eq(job.sequence, 0xffffffff - 20 + (uint64_t)k + 1);
		ck_assert_uint_eq(pair_try(&p, again, len[k], &job), CAUSE_ESP_REPLAY);
	}
	pair_free(&p);
}
END_TEST

START_TEST(numbers_of_32_bits_end)
{
	struct pair p;
	uint8_t plain[30] = {0}, pkt[PAIR_PACKET];
	struct esp_seal_job seal = {.part = {LS_BYTES(plain, 30)},
	                            .parts = 1,
	                            .next_header = 17,
	                            .dst = pkt,
	                            .dst_room = PAIR_PACKET};
	struct esp_open_job job;
	struct esp_event event;
	uint32_t len;

	pair_make(&p, _i & 1, _i >> 1 & 1, _i >> 2, false);
	esp_sa_set_sequence(p.out, 0xfffffffe);
	esp_sa_set_sequence(p.in, 0xfffffffe);
	len = pair_seal(&p, plain, sizeof(plain), pkt);
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	ck_assert_uint_eq(job.sequence, 0xffffffff);
	seal.sa = p.out;
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(esp_seal(p.from, &seal, 1, 0), 0);
		ck_assert_uint_eq(seal.verdict, CAUSE_ESP_SEQUENCE_END);
		ck_assert_uint_eq(seal.dst_len, 0);
	}
	ck_assert(esp_next(p.from, &event));
	ck_assert_uint_eq(event.kind, ESP_EVENT_SOFT);
	ck_assert(esp_next(p.from, &event));
	ck_assert_uint_eq(event.kind, ESP_EVENT_HARD);
	ck_assert(!esp_next(p.from, &event));
	pair_free(&p);
}
END_TEST

START_TEST(half_of_32_bits_asks_for_a_successor)
{
	struct pair p;
	uint8_t plain[30] = {0}, pkt[PAIR_PACKET];
	struct esp_event event;

	pair_make(&p, 0, 0, 0, _i == 1);
	esp_sa_set_sequence(p.out, 0x7ffffffe);
	pair_seal(&p, plain, 30, pkt);
	ck_assert(!esp_next(p.from, &event));
	pair_seal(&p, plain, 30, pkt);
	ck_assert_int_eq(esp_next(p.from, &event), _i == 0);
	if (_i == 0)
		ck_assert_uint_eq(event.kind, ESP_EVENT_SOFT);
	pair_seal(&p, plain, 30, pkt);
	ck_assert(!esp_next(p.from, &event));
	pair_free(&p);
}
END_TEST

/* A forged packet with a high number must not move the window. */
START_TEST(forgeries_do_not_move_the_window)
{
	struct pair p;
	uint8_t plain[30] = {0}, pkt[PAIR_PACKET], first[PAIR_PACKET];
	struct esp_open_job job;
	uint32_t len;

	pair_make(&p, _i & 1, _i >> 1 & 1, _i >> 2, true);
	len = pair_seal(&p, plain, 30, first);
	memcpy(pkt, first, len);
	ls_put32(pkt + 4, 0x40000000);
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_ESP_ICV);
	ck_assert_uint_eq(pair_try(&p, first, len, &job), CAUSE_NONE);
	pair_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, numbers_are_taken_once);
	tcase_add_test(tc, ascending_and_descending_runs);
	tcase_add_loop_test(tc, agrees_with_a_plain_model, 0, 22);
	tcase_add_loop_test(tc, threads_take_each_number_once, 0, 4);
	tcase_add_test(tc, rounds_do_not_mix);
	tcase_add_test(tc, losses_go_on_after_a_set);
	tcase_add_test(tc, guesses_follow_appendix_a2);
	tcase_add_test(tc, guesses_find_the_true_number);
	tcase_add_test(tc, windows_have_room);
	tcase_add_loop_test(tc, esn_wraps, 0, PAIR_SUITES * 4);
	tcase_add_loop_test(tc, numbers_of_32_bits_end, 0, PAIR_SUITES * 4);
	tcase_add_loop_test(tc, half_of_32_bits_asks_for_a_successor, 0, 2);
	tcase_add_loop_test(tc, forgeries_do_not_move_the_window, 0, PAIR_SUITES * 4);
	return run_cases("esp_replay", tc);
}
