/* Properties of every transform that the table allows, on every pair of backends. */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

enum { SUITES_MAX = 256, PLAIN = 2000, BATCH = 64, ROOM = PLAIN + 512, VARIANTS = 8 };

static struct {
	enum algo_id encr, integ;
} suites[SUITES_MAX];
static int suite_count;

static void suites_add(const struct algo *encr, const struct algo *integ)
{
	if (suite_count == SUITES_MAX)
		abort();
	suites[suite_count].encr = encr->id;
	suites[suite_count++].integ = integ ? integ->id : ALGO_NONE;
}

/* Each row that serves ESP, ciphers that do not authenticate with each that does. */
static void suites_make(void)
{
	size_t count;
	const struct algo *rows = algo_all(&count);

	for (size_t e = 0; e < count; e++) {
		if (rows[e].kind != ALGO_KIND_ENCR || !(rows[e].serves & ALGO_FOR_ESP))
			continue;
		if (rows[e].aead)
			suites_add(&rows[e], NULL);
		for (size_t i = 0; i < count && !rows[e].aead; i++)
			if (rows[i].kind == ALGO_KIND_INTEG && rows[i].serves & ALGO_FOR_ESP)
				suites_add(&rows[e], &rows[i]);
	}
}

/* An index: suite, backends, ESN. */
static int suite_of(int i)
{
	return i >> 3;
}

/* false when one of the backends lacks it. */
static bool make(struct pair *p, int i)
{
	int suite = suite_of(i), from = i >> 2 & 1, to = i >> 1 & 1;

	if (!pair_has(from, suites[suite].encr) || !pair_has(to, suites[suite].encr))
		return false;
	pair_open(p, from, to);
	p->out_params = p->in_params =
		pair_params(p, suites[suite].encr, suites[suite].integ, i & 1);
	pair_add(p, LS_S(1));
	/* The upper half of the numbers must be seen to count. */
	if (i & 1) {
		esp_sa_set_sequence(p->out, 0x700000000ull);
		esp_sa_set_sequence(p->in, 0x700000000ull);
	}
	return true;
}

/* In three parts, as the packet path has it. */
static uint32_t seal(struct pair *p, struct esp_sa *sa, struct esp_sad *sad, const uint8_t *plain,
                     size_t len, uint8_t *dst)
{
	struct esp_seal_job job = {
		.sa = sa,
		.part = {LS_BYTES(plain, len / 3), LS_BYTES(plain + len / 3, len / 4),
	                 LS_BYTES(plain + len / 3 + len / 4, len - len / 3 - len / 4)},
		.parts = 3,
		.next_header = 17,
		.dst = dst,
		.dst_room = ROOM};

	(void)p;
	ck_assert_uint_eq(esp_seal(sad, &job, 1, LS_S(1)), 1);
	ck_assert_uint_eq(job.dst_len, esp_sealed_size(sa, len));
	return job.dst_len;
}

/* What UDP's length field says must be true, or it is taken for TFC padding. */
static void fill(uint8_t *plain, size_t len)
{
	pair_fill(plain, len);
	if (len >= 8)
		ls_put16(plain + 4, (uint16_t)len);
}

static void seal_and_open(int at)
{
	static uint8_t plain[PLAIN], pkt[ROOM];
	struct ls_random_seeded seed;
	struct ls_random random = ls_random_from_seed(&seed, (uint64_t)at);
	struct esp_open_job job;
	struct pair p;

	if (!make(&p, at))
		return;
	for (size_t len = 0; len <= PLAIN; len += len < 150 ? 1 : 1 + ls_random_u32(&random) % 60) {
		uint32_t sealed;

		fill(plain, len);
		sealed = seal(&p, p.out, p.from, plain, len, pkt);
		ck_assert_uint_eq(pair_try(&p, pkt, sealed, &job), CAUSE_NONE);
		ck_assert_uint_eq(job.payload_len, len);
		ck_assert(memcmp(job.payload, plain, len) == 0);
		ck_assert_uint_eq(job.next_header, 17);
	}
	pair_free(&p);
}

static void turn_each_bit(int at)
{
	uint8_t plain[21], pkt[ROOM], copy[ROOM];
	struct esp_open_job job;
	struct pair p;
	uint32_t len;

	if (!make(&p, at))
		return;
	fill(plain, sizeof plain);
	len = seal(&p, p.out, p.from, plain, sizeof plain, pkt);
	for (uint32_t bit = 0; bit < len * 8; bit++) {
		memcpy(copy, pkt, len);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_uint_ne(pair_try(&p, copy, len, &job), CAUSE_NONE);
	}
	for (uint32_t cut = 1; cut < len; cut++) {
		memcpy(copy, pkt, len);
		ck_assert_uint_ne(pair_try(&p, copy, len - cut, &job), CAUSE_NONE);
	}
	ck_assert_uint_eq(pair_try(&p, pkt, len, &job), CAUSE_NONE);
	pair_free(&p);
}

/* Packets in any order, each twice, in batches that hold both copies: each is delivered once. */
static void permute(int at)
{
	static uint8_t plain[PLAIN], pkt[2 * BATCH][ROOM];
	struct ls_random_seeded seed;
	struct ls_random random = ls_random_from_seed(&seed, (uint64_t)at);
	unsigned seen[BATCH] = {0};
	uint8_t order[2 * BATCH];
	struct esp_open_job jobs[2 * BATCH];
	struct pair p;

	if (!make(&p, at))
		return;
	for (unsigned i = 0; i < BATCH; i++) {
		size_t len = 9 + ls_random_u32(&random) % 600;

		fill(plain, len);
		plain[8] = (uint8_t)i;
		jobs[i].len = seal(&p, p.out, p.from, plain, len, pkt[i]);
		memcpy(pkt[BATCH + i], pkt[i], jobs[i].len);
		jobs[BATCH + i].len = jobs[i].len;
	}
	pair_shuffle(order, 2 * BATCH, &random);
	{
		uint32_t len[2 * BATCH];

		for (unsigned i = 0; i < 2 * BATCH; i++)
			len[i] = jobs[i].len;
		for (unsigned i = 0; i < 2 * BATCH; i++)
			jobs[i] = (struct esp_open_job){.pkt = pkt[order[i]], .len = len[order[i]]};
	}
	ck_assert_uint_eq(esp_open(p.to, jobs, 2 * BATCH, LS_S(1)), BATCH);
	for (unsigned i = 0; i < 2 * BATCH; i++)
		if (jobs[i].verdict == CAUSE_NONE)
			seen[jobs[i].payload[8]]++;
		else
			ck_assert_uint_eq(jobs[i].verdict, CAUSE_ESP_REPLAY);
	for (unsigned i = 0; i < BATCH; i++)
		ck_assert_uint_eq(seen[i], 1);
	pair_free(&p);
}

/* The same SA on two backends, IVs of the same seed: the same bytes. */
static void compare_backends(int at)
{
	static uint8_t plain[PLAIN], pkt[2][ROOM];
	struct esp_sad *sad[2];
	struct esp_sa *sa[2];
	struct ls_random_seeded seed[2];
	struct esp_sa_params params;
	struct pair p;

	if (!pair_has(0, suites[at].encr))
		return;
	params = pair_params(&p, suites[at].encr, suites[at].integ, true);
	params.direction = ESP_OUT;
	params.spi = 0x12345678;
	for (int i = 0; i < 2; i++) {
		sad[i] = pair_sad(&seed[i], 7, i, 4);
		ck_assert_uint_eq(esp_sa_add(sad[i], &params, LS_S(1), &sa[i]), CAUSE_NONE);
		ck_assert_ptr_eq(sa[i]->backend->ops, pair_backend(i));
	}
	for (size_t len = 0; len <= PLAIN; len += len < 100 ? 1 : 97) {
		uint32_t size = 0;

		fill(plain, len);
		for (int i = 0; i < 2; i++)
			size = seal(&p, sa[i], sad[i], plain, len, pkt[i]);
		ck_assert(memcmp(pkt[0], pkt[1], size) == 0);
	}
	esp_sad_free(sad[0]);
	esp_sad_free(sad[1]);
}

/* Keying material one byte too short or too long. */
static void refuse_keys(int at)
{
	struct ls_random_seeded seed;
	struct esp_sad *sad = pair_sad(&seed, 1, 1, 4);
	struct pair p;
	struct esp_sa_params params = pair_params(&p, suites[at].encr, suites[at].integ, false);
	struct esp_sa *sa;

	params.direction = ESP_OUT;
	params.spi = 1000;
	params.keymat.len++;
	ck_assert_uint_eq(esp_sa_add(sad, &params, 0, &sa), CAUSE_ESP_BAD_KEY);
	params.keymat.len -= 2;
	ck_assert_uint_eq(esp_sa_add(sad, &params, 0, &sa), CAUSE_ESP_BAD_KEY);
	esp_sad_free(sad);
}

/* A process each, so few of them: looking for leaks at the end of one takes its time. */

START_TEST(what_is_sealed_opens)
{
	for (int at = _i * VARIANTS; at < (_i + 1) * VARIANTS; at++)
		seal_and_open(at);
}
END_TEST

START_TEST(each_bit_counts)
{
	for (int at = _i * VARIANTS; at < (_i + 1) * VARIANTS; at++)
		turn_each_bit(at);
}
END_TEST

START_TEST(a_permutation_is_delivered_once)
{
	for (int at = _i * VARIANTS; at < (_i + 1) * VARIANTS; at++)
		permute(at);
}
END_TEST

START_TEST(backends_agree)
{
	for (int at = 0; at < suite_count; at++)
		compare_backends(at);
}
END_TEST

START_TEST(keys_of_another_length_are_refused)
{
	for (int at = 0; at < suite_count; at++)
		refuse_keys(at);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");
	TCase *bits = tcase_create("bits");

	if (!crypto_init())
		return EXIT_FAILURE;
	suites_make();
	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, what_is_sealed_opens, 0, suite_count);
	tcase_add_loop_test(bits, each_bit_counts, 0, suite_count);
	tcase_add_loop_test(tc, a_permutation_is_delivered_once, 0, suite_count);
	tcase_add_test(tc, backends_agree);
	tcase_add_test(tc, keys_of_another_length_are_refused);
	return run_cases_and("esp_transforms", tc, bits);
}
