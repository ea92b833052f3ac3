/* Tests of the workers of a SAD: threads that seal and open in one SA at once. Also built with
 * ThreadSanitizer. */
#include "esp/esp_sad.h"
#include "tests/unit/esp/esp_crew.h"
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

#include <string.h>

enum { LEN = 90, ROOM = 256, BATCH = 32, EACH = 768, TOTAL = CREW * EACH, COPIES = 2 };

/* Packets on their way from one SAD to the other. */
struct wire {
	uint8_t bytes[ROOM];
	uint32_t len;
	uint64_t number; /* once it was opened */
	unsigned taken, replays, old;
};

struct load {
	struct pair p;
	struct wire *wire; /* TOTAL of them, by slices of EACH while they are sealed */
	unsigned order[CREW][TOTAL * COPIES / CREW]; /* what each thread opens */
	unsigned sealed[CREW], refused[CREW];
	unsigned told[3]; /* by event */
	uint64_t limit;   /* no more numbers than this: sealing goes on until one is refused */
};

static const uint8_t plain[LEN];

static struct esp_seal_job seal_job(struct esp_sa *sa, uint8_t *dst, uint32_t room)
{
	return (struct esp_seal_job){.sa = sa,
	                             .part = {LS_BYTES(plain, LEN)},
	                             .parts = 1,
	                             .next_header = IP_UDP,
	                             .dst = dst,
	                             .dst_room = room};
}

/* Its slice, in batches of all sizes; some packets are refused at first, for want of room. */
static void seal_slice(void *arg, unsigned thread)
{
	struct load *l = arg;
	struct esp_worker *w = esp_worker(l->p.from, thread);
	struct wire *slice = l->wire + (size_t)thread * EACH;
	unsigned at = 0;

	for (unsigned round = 0; at < EACH; round++) {
		unsigned n = 1 + (round * 7 + thread) % BATCH, done;
		struct esp_seal_job job[BATCH];

		n = n < EACH - at ? n : EACH - at;
		for (unsigned i = 0; i < n; i++)
			job[i] = seal_job(l->p.out, slice[at + i].bytes,
			                  (round + i) % 11 == 3 ? 8 : ROOM);
		done = (unsigned)esp_worker_seal(w, job, n, 1);
		l->refused[thread] += n - done;
		for (unsigned i = 0; i < n; i++) {
			if (job[i].verdict != CAUSE_NONE)
				continue;
			if (job[i].dst != slice[at].bytes)
				memcpy(slice[at].bytes, job[i].dst, job[i].dst_len);
			slice[at++].len = job[i].dst_len;
		}
		l->sealed[thread] += done;
	}
}

static void open_share(void *arg, unsigned thread)
{
	struct load *l = arg;
	struct esp_worker *w = esp_worker(l->p.to, thread);

	for (unsigned at = 0; at < TOTAL * COPIES / CREW; at += BATCH) {
		uint8_t bytes[BATCH][ROOM];
		struct esp_open_job job[BATCH];

		for (unsigned i = 0; i < BATCH; i++) {
			const struct wire *of = &l->wire[l->order[thread][at + i]];

			memcpy(bytes[i], of->bytes, of->len);
			job[i] = (struct esp_open_job){
				.pkt = bytes[i],
				.len = of->len,
				.protocol = (enum esp_protocol)l->p.in->protocol};
		}
		esp_worker_open(w, job, BATCH, 1);
		for (unsigned i = 0; i < BATCH; i++) {
			struct wire *of = &l->wire[l->order[thread][at + i]];

			if (job[i].verdict == CAUSE_NONE)
				of->number = job[i].sequence;
			__atomic_fetch_add(job[i].verdict == CAUSE_NONE         ? &of->taken
			                   : job[i].verdict == CAUSE_ESP_REPLAY ? &of->replays
			                                                        : &of->old,
			                   1, __ATOMIC_RELAXED);
		}
	}
}

static void events_take(struct load *l, struct esp_sad *sad)
{
	struct esp_event e;

	while (esp_next(sad, &e))
		l->told[e.kind]++;
}

/* What the owner may do while the others are at work. */
static void look(void *arg)
{
	struct load *l = arg;
	struct esp_sa_view view;

	esp_tick(l->p.from, 1);
	events_take(l, l->p.from);
	events_take(l, l->p.to);
	esp_sa_view(l->p.out, &view);
	ck_assert_uint_le(view.packets, view.sequence);
	esp_sa_view(l->p.in, &view);
	ck_assert_uint_eq(esp_counters(l->p.to)->by_cause[CAUSE_ESP_UNKNOWN_SPI], 0);
	ck_assert_int_ge(esp_deadline(l->p.from, 1), 0);
}

static void load_make(struct load *l, int backend, const struct esp_sa_params *like)
{
	memset(l, 0, sizeof *l);
	l->wire = calloc(TOTAL, sizeof *l->wire);
	ck_assert_ptr_nonnull(l->wire);
	l->p.from = pair_sad(&l->p.seed[0], 5, backend, 8);
	l->p.to = pair_sad(&l->p.seed[1], 6, backend, 8);
	ck_assert(esp_workers(l->p.from, CREW));
	ck_assert(esp_workers(l->p.to, CREW));
	l->p.out_params = l->p.in_params = *like;
	pair_add(&l->p, 1);
}

static void load_free(struct load *l)
{
	pair_free(&l->p);
	free(l->wire);
}

/* Each packet in some copies, near its place, to any of the threads. */
static void shuffle(struct load *l, unsigned spread, uint64_t seed)
{
	static unsigned at[TOTAL * COPIES];
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, seed);

	/* Sealed in slices at once: their numbers go up side by side. */
	for (unsigned i = 0; i < TOTAL * COPIES; i++)
		at[i] = i / COPIES % CREW * EACH + i / COPIES / CREW;
	for (unsigned i = 0; i < TOTAL * COPIES; i++) {
		unsigned j = i + ls_random_below(&random, spread), was = at[i];

		j = j < TOTAL * COPIES ? j : i;
		at[i] = at[j];
		at[j] = was;
	}
	for (unsigned i = 0; i < TOTAL * COPIES; i++)
		l->order[i % CREW][i / CREW] = at[i];
}

/* Whose numbers these are: each once, none above the last; gives how many of them lie outside of
 * the window. */
static uint64_t numbers_check(const struct load *l, uint64_t base, uint64_t *taken)
{
	uint64_t last = l->p.out->sequence, bottom, outside = 0;
	uint8_t *seen = calloc(last - base + 1, 1);

	ck_assert_ptr_nonnull(seen);
	bottom = l->p.in->replay.top - base;
	bottom = bottom > l->p.in->replay.window ? bottom - l->p.in->replay.window : 0;
	*taken = 0;
	for (unsigned i = 0; i < TOTAL; i++) {
		const struct wire *of = &l->wire[i];

		ck_assert_uint_eq(of->taken + of->replays + of->old, COPIES);
		ck_assert_uint_le(of->taken, 1);
		if (!of->taken)
			continue;
		ck_assert_uint_gt(of->number, base);
		ck_assert_uint_le(of->number, last);
		ck_assert(!seen[of->number - base]);
		seen[of->number - base] = 1;
		outside += of->number - base <= bottom;
		(*taken)++;
	}
	free(seen);
	return bottom - outside;
}

static const struct {
	int backend;
	enum algo_id encr, integ;
	bool ah, esn;
} kinds[] = {
	{0, ALGO_AES256_GCM, ALGO_NONE, false, true},
	{0, ALGO_AES128, ALGO_SHA256, false, false},
	{0, ALGO_CHACHA20POLY1305, ALGO_NONE, false, true},
	{1, ALGO_AES256_GCM, ALGO_NONE, false, false},
	{1, ALGO_AES256, ALGO_SHA512, false, true},
	{1, ALGO_NULL, ALGO_AESCMAC, false, true},
	{0, ALGO_NONE, ALGO_SHA256, true, true},
	{0, ALGO_NONE, ALGO_AUTH_AES256_GMAC, true, false},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static struct esp_sa_params params_of(struct pair *p, unsigned kind, uint32_t window)
{
	struct esp_sa_params params =
		kinds[kind].ah
			? pair_ah_params(p, kinds[kind].integ, 4, kinds[kind].esn)
			: pair_params(p, kinds[kind].encr, kinds[kind].integ, kinds[kind].esn);

	params.window_packets = window;
	return params;
}

/* Four threads seal in one SA and four open in its pair, each packet twice. In a window that holds
 * all of them each is taken once; in a small one the late are too old. */
START_TEST(one_sa_serves_all)
{
	static struct load l;
	unsigned kind = (unsigned)_i % KINDS;
	bool small = (unsigned)_i >= KINDS;
	struct pair key;
	struct esp_sa_params like = params_of(&key, kind, small ? 64 : ESP_WINDOW_MAX);
	struct esp_sa_view view;
	uint64_t taken, lost, sealed = 0, refused = 0;

	load_make(&l, kinds[kind].backend, &like);
	crew_run(seal_slice, look, &l);
	for (unsigned i = 0; i < CREW; i++) {
		sealed += l.sealed[i];
		refused += l.refused[i];
	}
	ck_assert_uint_eq(sealed, TOTAL);
	ck_assert_uint_gt(refused, 0);
	esp_sa_view(l.p.out, &view);
	ck_assert_uint_eq(view.packets, TOTAL);
	ck_assert_uint_eq(view.bytes, TOTAL * (uint64_t)LEN);
	ck_assert_uint_ge(view.sequence, TOTAL);
	ck_assert_uint_le(view.sequence, TOTAL + refused);
	ck_assert_uint_eq(esp_counters(l.p.from)->by_cause[CAUSE_ESP_NO_ROOM], refused);

	shuffle(&l, small ? 40 : 4000, (uint64_t)_i);
	crew_run(open_share, look, &l);
	look(&l);
	lost = numbers_check(&l, 0, &taken);
	ck_assert(small || taken == TOTAL);
	ck_assert_uint_gt(taken, 0);
	esp_sa_view(l.p.in, &view);
	ck_assert_uint_eq(view.packets, taken);
	ck_assert_uint_eq(view.bytes, taken * LEN);
	ck_assert_uint_eq(view.lost_packets, lost);
	/* With ESN a number that is too old looks like one to come, and its ICV tells (RFC 4303
	 * App. A2.2). */
	ck_assert_uint_eq(esp_counters(l.p.to)->by_cause[CAUSE_ESP_REPLAY] +
	                          esp_counters(l.p.to)->by_cause[CAUSE_ESP_TOO_OLD] +
	                          esp_counters(l.p.to)->by_cause[CAUSE_ESP_ICV],
	                  TOTAL * COPIES - taken);
	ck_assert((small && kinds[kind].esn) || esp_counters(l.p.to)->by_cause[CAUSE_ESP_ICV] == 0);
	ck_assert_uint_eq(l.told[ESP_EVENT_FIRST_USED], 1);
	ck_assert_uint_eq(l.told[ESP_EVENT_SOFT] + l.told[ESP_EVENT_HARD], 0);
	load_free(&l);
}
END_TEST

/* Batches until the SA gives nothing more. */
static void seal_to_the_end(void *arg, unsigned thread)
{
	struct load *l = arg;
	struct wire *slice = l->wire + (size_t)thread * EACH;
	unsigned at = 0, n = BATCH;

	while (n == BATCH) {
		struct esp_seal_job job[BATCH];

		ck_assert_uint_le(at + BATCH, EACH);
		for (unsigned i = 0; i < BATCH; i++)
			job[i] = seal_job(l->p.out, slice[at + i].bytes, ROOM);
		n = (unsigned)esp_worker_seal(esp_worker(l->p.from, thread), job, BATCH, 1);
		for (unsigned i = 0; i < BATCH; i++) {
			ck_assert_uint_eq(job[i].verdict, i < n          ? CAUSE_NONE
			                                  : l->limit > 0 ? CAUSE_ESP_SEQUENCE_END
			                                                 : CAUSE_ESP_LIFE_END);
			slice[at + i].len = job[i].dst_len;
		}
		at += n;
	}
	l->sealed[thread] = at;
}

/* Nobody goes past the last number of 32 bits, and each is used. */
START_TEST(numbers_end_for_all)
{
	static struct load l;
	struct pair key;
	struct esp_sa_params like = pair_params(&key, kinds[_i].encr, kinds[_i].integ, false);
	enum { LEFT = 700 };
	uint8_t seen[LEFT + 1] = {0};
	unsigned sealed = 0;

	load_make(&l, kinds[_i].backend, &like);
	l.limit = LEFT;
	esp_sa_set_sequence(l.p.out, UINT32_MAX - LEFT);
	crew_run(seal_to_the_end, look, &l);
	look(&l);
	for (unsigned t = 0; t < CREW; t++)
		for (unsigned i = 0; i < l.sealed[t]; i++, sealed++) {
			uint32_t number = ls_get32(l.wire[t * EACH + i].bytes + 4);

			ck_assert_uint_gt(number, UINT32_MAX - LEFT);
			ck_assert(!seen[number - (UINT32_MAX - LEFT)]++);
		}
	ck_assert_uint_eq(sealed, LEFT);
	ck_assert_uint_eq(l.p.out->sequence, UINT32_MAX);
	ck_assert_uint_eq(l.told[ESP_EVENT_SOFT], 1);
	ck_assert_uint_eq(l.told[ESP_EVENT_HARD], 1);
	load_free(&l);
}
END_TEST

/* A hard limit is told once, and passed by no more than what all had in hand. */
START_TEST(lives_end_for_all)
{
	static struct load l;
	struct pair key;
	struct esp_sa_params like = pair_params(&key, ALGO_AES256_GCM, ALGO_NONE, true);
	enum { LIMIT = 600 };
	struct esp_sa_view view;

	like.hard.packets = _i == 0 ? LIMIT : 0;
	like.hard.bytes = _i == 1 ? LIMIT * LEN : 0;
	load_make(&l, 0, &like);
	crew_run(seal_to_the_end, look, &l);
	look(&l);
	esp_sa_view(l.p.out, &view);
	ck_assert_uint_ge(view.packets, LIMIT);
	ck_assert_uint_le(view.packets, LIMIT + CREW * BATCH);
	ck_assert_uint_eq(l.told[ESP_EVENT_SOFT], 1);
	ck_assert_uint_eq(l.told[ESP_EVENT_HARD], 1);
	load_free(&l);
}
END_TEST

/* A run of jobs takes its numbers at once; those of a job that is refused are left out. */
START_TEST(runs_take_their_numbers_at_once)
{
	static const struct {
		unsigned sa;
		bool room;
		uint32_t number;
	} want[] = {{0, true, 1}, {0, false, 0}, {0, true, 2}, {1, true, 1},
	            {1, true, 2}, {0, true, 4},  {0, true, 5}};
	enum { JOBS = sizeof want / sizeof want[0] };
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, 0, 8);
	struct pair key;
	struct esp_sa_params params = pair_params(&key, ALGO_AES256_GCM, ALGO_NONE, true);
	struct esp_seal_job job[JOBS];
	uint8_t dst[JOBS][ROOM];
	struct esp_sa *sa[2];

	ck_assert(esp_workers(sad, 2));
	params.direction = ESP_OUT;
	for (unsigned i = 0; i < 2; i++) {
		params.spi = 1000 + i;
		ck_assert_uint_eq(esp_sa_add(sad, &params, 1, &sa[i]), CAUSE_NONE);
	}
	for (unsigned i = 0; i < JOBS; i++)
		job[i] = seal_job(sa[want[i].sa], dst[i], want[i].room ? ROOM : 8);
	ck_assert_uint_eq(esp_worker_seal(esp_worker(sad, 1), job, JOBS, 1), JOBS - 1);
	for (unsigned i = 0; i < JOBS; i++)
		if (want[i].room)
			ck_assert_uint_eq(ls_get32(dst[i] + 4), want[i].number);
		else
			ck_assert_uint_eq(job[i].verdict, CAUSE_ESP_NO_ROOM);
	/* And no later batch comes back to what was left out. */
	ck_assert_uint_eq(esp_worker_seal(esp_worker(sad, 0), job, 1, 1), 1);
	ck_assert_uint_eq(ls_get32(dst[0] + 4), 6);
	esp_sad_free(sad);
}
END_TEST

START_TEST(workers_are_counted_while_the_sad_is_empty)
{
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, 1, 8);
	const struct esp_crypto_ops *ops = pair_backend(0);
	struct pair key;
	struct esp_sa_params params = pair_params(&key, ALGO_AES256_GCM, ALGO_NONE, true);
	struct esp_sa *sa;

	ck_assert_ptr_nonnull(esp_worker(sad, 0));
	ck_assert_ptr_null(esp_worker(sad, 1));
	ck_assert(!esp_workers(sad, 0));
	ck_assert(!esp_workers(sad, ESP_WORKERS_MAX + 1));
	ck_assert(esp_workers(sad, ESP_WORKERS_MAX));
	ck_assert_ptr_nonnull(esp_worker(sad, ESP_WORKERS_MAX - 1));
	ck_assert_ptr_null(esp_worker(sad, ESP_WORKERS_MAX));
	/* They follow when other backends are used. */
	ck_assert(esp_sad_use(sad, &ops, 1));
	for (unsigned i = 0; i < ESP_WORKERS_MAX; i++)
		ck_assert_ptr_nonnull(esp_worker(sad, i)->engine[0]);
	ck_assert(esp_workers(sad, 2));
	ck_assert_ptr_null(esp_worker(sad, 2));
	params.direction = ESP_OUT;
	params.spi = 1000;
	ck_assert_uint_eq(esp_sa_add(sad, &params, 1, &sa), CAUSE_NONE);
	ck_assert(!esp_workers(sad, 3));
	esp_sa_end(sad, sa);
	ck_assert(esp_workers(sad, 1));
	ck_assert(!esp_worker(sad, 0)->shared);
	esp_sad_free(sad);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, one_sa_serves_all, 0, 2 * KINDS);
	tcase_add_loop_test(tc, numbers_end_for_all, 0, 2);
	tcase_add_loop_test(tc, lives_end_for_all, 0, 2);
	tcase_add_test(tc, runs_take_their_numbers_at_once);
	tcase_add_test(tc, workers_are_counted_while_the_sad_is_empty);
	return run_cases("esp_worker", tc);
}
