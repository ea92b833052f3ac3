/* Tests that no packet costs an allocation, of ours or of a crypto library, with any transform. */
#include "tests/unit/allocations.h"
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

enum { BATCH = 16, ROUNDS = 50, SIZE = 1400, STRANGERS = 2000000 };

static uint8_t plain[SIZE], sealed[BATCH][PAIR_PACKET];

/* A batch goes from one side to the other; gives how many packets arrived. */
static unsigned batch_pass(struct pair *p)
{
	struct esp_seal_job seal[BATCH];
	struct esp_open_job open[BATCH];
	unsigned arrived = 0;

	for (unsigned i = 0; i < BATCH; i++)
		seal[i] = (struct esp_seal_job){.sa = p->out,
		                                .part = {LS_BYTES(plain, SIZE - i)},
		                                .parts = 1,
		                                .next_header = 17,
		                                .dst = sealed[i],
		                                .dst_room = PAIR_PACKET};
	esp_seal(p->from, seal, BATCH, LS_S(1));
	for (unsigned i = 0; i < BATCH; i++)
		open[i] = (struct esp_open_job){.pkt = sealed[i],
		                                .len = seal[i].dst_len,
		                                .protocol = esp_sa_protocol(p->out)};
	sealed[0][seal[0].dst_len - 1] ^= 1; /* one that is forged */
	esp_open(p->to, open, BATCH, LS_S(1));
	for (unsigned i = 0; i < BATCH; i++)
		arrived += open[i].verdict == CAUSE_NONE;
	return arrived;
}

static void pass(struct pair *p)
{
	unsigned arrived = 0;
	unsigned long before;

	ck_assert_uint_eq(batch_pass(p), BATCH - 1);
	before = allocations;
	for (unsigned round = 0; round < ROUNDS; round++)
		arrived += batch_pass(p);
	ck_assert_uint_eq(allocations, before);
	ck_assert_uint_eq(arrived, ROUNDS * (BATCH - 1));
}

START_TEST(packets_cost_no_allocation)
{
	struct pair p;

	pair_make(&p, _i & 1, _i & 1, _i >> 1, true);
	pass(&p);
	pair_free(&p);
}
END_TEST

/* Two million packets with SPIs of nobody, beside an SA that works: nothing is kept of them but a
 * count. */
START_TEST(strangers_leave_nothing)
{
	struct pair p;
	uint8_t pkt[BATCH][64] = {{0}};
	struct esp_open_job open[BATCH];
	unsigned long before;
	uint32_t x = 1, sent = 0, arrived = 0;
	size_t opened = 0;

	pair_make(&p, _i, _i, 0, true);
	batch_pass(&p);
	before = allocations;
	for (; sent < STRANGERS; sent += BATCH) {
		for (unsigned i = 0; i < BATCH; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			ls_put32(pkt[i], x == p.in_params.spi ? 1 : x);
			open[i] = (struct esp_open_job){.pkt = pkt[i], .len = sizeof pkt[i]};
		}
		opened += esp_open(p.to, open, BATCH, LS_S(1));
		if (sent % (1000 * BATCH) == 0)
			arrived += batch_pass(&p);
	}
	ck_assert_uint_eq(allocations, before);
	ck_assert_uint_eq(opened, 0);
	ck_assert_uint_eq(esp_counters(p.to)->by_cause[CAUSE_ESP_UNKNOWN_SPI], sent);
	ck_assert_uint_eq(arrived, STRANGERS / (1000 * BATCH) * (BATCH - 1));
	pair_free(&p);
}
END_TEST

/* Alone, and around ESP. */
START_TEST(ah_costs_no_allocation)
{
	struct pair p, inner;

	pair_open(&p, 0, 0);
	p.out_params = p.in_params = pair_ah_params(&p, pair_integs[_i >> 1], 4, true);
	pair_add(&p, 0);
	if (_i & 1) {
		inner = p;
		inner.out_params = inner.in_params =
			pair_params(&inner, ALGO_AES128, ALGO_SHA256, true);
		pair_add(&inner, 0);
		ck_assert(esp_sa_bundle(p.out, inner.out) && esp_sa_bundle(p.in, inner.in));
	}
	pass(&p);
	pair_free(&p);
}
END_TEST

START_TEST(allocations_are_seen)
{
	unsigned long before = allocations;
	struct pair p;

	pair_make(&p, _i, _i, 0, true);
	pair_free(&p);
	ck_assert(!ALLOCATIONS_COUNTED || allocations > before + 4);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, packets_cost_no_allocation, 0, PAIR_SUITES * PAIR_BACKENDS);
	tcase_add_loop_test(tc, strangers_leave_nothing, 0, PAIR_BACKENDS);
	tcase_add_loop_test(tc, ah_costs_no_allocation, 0, PAIR_INTEGS * 2);
	tcase_add_loop_test(tc, allocations_are_seen, 0, PAIR_BACKENDS);
	return run_cases("esp_alloc", tc);
}
