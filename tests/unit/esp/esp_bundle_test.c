/* Tests of AH around ESP: what is sealed opens, and neither of the two is taken alone (RFC
 * 4301 4.1, 5.2). */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

struct bundle {
	struct pair ah, esp;
};

static void add(struct bundle *b)
{
	b->ah.out_params = b->ah.in_params = pair_ah_params(&b->ah, ALGO_SHA256, 4, true);
	b->esp.from = b->ah.from;
	b->esp.to = b->ah.to;
	b->esp.out_params = b->esp.in_params = pair_params(&b->esp, ALGO_AES128, ALGO_SHA256, true);
	pair_add(&b->ah, 0);
	pair_add(&b->esp, 0);
	ck_assert(esp_sa_bundle(b->ah.out, b->esp.out));
	ck_assert(esp_sa_bundle(b->ah.in, b->esp.in));
}

static void make(struct bundle *b, int backends)
{
	pair_open(&b->ah, backends & 1, backends >> 1 & 1);
	add(b);
}

static enum ls_cause open_as(struct bundle *b, enum esp_protocol protocol, uint8_t *pkt,
                             uint32_t len, struct esp_open_job *job)
{
	*job = (struct esp_open_job){.pkt = pkt, .len = len, .protocol = protocol};
	esp_open(b->ah.to, job, 1, 0);
	return (enum ls_cause)job->verdict;
}

/* Nothing is sealed with that SA; gives why. */
static enum ls_cause refusal(struct bundle *b, struct esp_sa *sa)
{
	uint8_t plain[40] = {0}, pkt[PAIR_PACKET];
	struct esp_seal_job seal = {.sa = sa,
	                            .part = {LS_BYTES(plain, sizeof(plain))},
	                            .parts = 1,
	                            .next_header = 17,
	                            .dst = pkt,
	                            .dst_room = sizeof(pkt)};

	ck_assert_uint_eq(esp_seal(b->ah.from, &seal, 1, 0), 0);
	return (enum ls_cause)seal.verdict;
}

START_TEST(what_is_sealed_opens)
{
	uint8_t plain[300], pkt[PAIR_PACKET];
	struct esp_open_job job;
	struct esp_sa_view view;
	struct bundle b;

	make(&b, _i);
	for (size_t len = 0; len < sizeof(plain); len += 7) {
		uint32_t size;

		pair_fill(plain, len);
		size = pair_seal(&b.ah, plain, len, pkt);
		ck_assert_uint_eq(size, esp_sealed_size(b.ah.out, len));
		ck_assert_uint_eq(pkt[20], 50);
		ck_assert_uint_eq(open_as(&b, ESP_PROTOCOL_AH, pkt, size, &job), CAUSE_NONE);
		ck_assert_ptr_eq(job.sa, b.esp.in);
		ck_assert_uint_eq(job.next_header, 17);
		ck_assert_uint_eq(job.payload_len, len);
		ck_assert_mem_eq(job.payload, plain, len);
	}
	esp_sa_view(b.ah.in, &view);
	ck_assert(view.bundled && view.protocol == ESP_PROTOCOL_AH && view.packets == 43);
	esp_sa_view(b.esp.in, &view);
	ck_assert(view.bundled && view.packets == 43);
	pair_free(&b.ah);
}
END_TEST

/* Each bit of the whole packet that AH covers is refused by AH; what AH does not cover ESP does not
 * see. */
START_TEST(one_flipped_bit_is_refused)
{
	uint8_t plain[40], pkt[PAIR_PACKET], bent[PAIR_PACKET];
	struct esp_open_job job;
	struct bundle b;
	uint32_t size;

	make(&b, _i);
	pair_fill(plain, sizeof(plain));
	size = pair_seal(&b.ah, plain, sizeof(plain), pkt);
	for (uint32_t bit = 12 * 8; bit < size * 8; bit++) {
		memcpy(bent, pkt, size);
		bent[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		ck_assert_uint_ne(open_as(&b, ESP_PROTOCOL_AH, bent, size, &job), CAUSE_NONE);
		ck_assert_ptr_null(job.payload);
	}
	ck_assert_uint_eq(b.ah.in->life.packets, 0);
	ck_assert_uint_eq(open_as(&b, ESP_PROTOCOL_AH, pkt, size, &job), CAUSE_NONE);
	pair_free(&b.ah);
}
END_TEST

START_TEST(neither_comes_alone)
{
	uint8_t plain[40] = {0}, pkt[PAIR_PACKET];
	struct esp_seal_job seal = {.part = {LS_BYTES(plain, sizeof(plain))},
	                            .parts = 1,
	                            .next_header = 17,
	                            .dst = pkt,
	                            .dst_room = sizeof(pkt)};
	struct bundle b, other;
	struct esp_open_job job;
	struct esp_sa *lone;
	struct pair twin;
	uint32_t size;

	make(&b, 0);
	/* ESP alone, with a right ICV: cut out of the AH packet. */
	size = pair_seal(&b.ah, plain, sizeof(plain), pkt);
	ck_assert_uint_eq(open_as(&b, ESP_PROTOCOL_ESP, pkt + 48, size - 48, &job),
	                  CAUSE_ESP_BUNDLE);
	/* AH alone: by a sender that has only AH's key. */
	twin.out_params = b.ah.out_params;
	twin.out_params.chain++;
	ck_assert_uint_eq(esp_sa_add(b.ah.from, &twin.out_params, 0, &lone), CAUSE_NONE);
	esp_sa_set_sequence(lone, 10);
	seal.sa = lone;
	ck_assert_uint_eq(esp_seal(b.ah.from, &seal, 1, 0), 1);
	ck_assert_uint_eq(open_as(&b, ESP_PROTOCOL_AH, pkt, seal.dst_len, &job), CAUSE_ESP_BUNDLE);
	ck_assert_ptr_null(job.payload);
	/* The ESP of another bundle, in AH of this one. */
	other.ah.from = b.ah.from;
	other.ah.to = b.ah.to;
	add(&other);
	other.ah.out->partner = b.esp.out;
	other.esp.out->partner = NULL;
	size = pair_seal(&other.ah, plain, sizeof(plain), pkt);
	ck_assert_uint_eq(open_as(&b, ESP_PROTOCOL_AH, pkt, size, &job), CAUSE_ESP_BUNDLE);
	other.ah.out->partner = other.esp.out;
	other.esp.out->partner = other.ah.out;
	/* And nothing is sealed by half. */
	ck_assert_uint_eq(refusal(&b, b.esp.out), CAUSE_ESP_BUNDLE);
	ck_assert_uint_eq(esp_counters(b.ah.to)->by_cause[CAUSE_ESP_BUNDLE], 3);
	ck_assert_uint_eq(esp_counters(b.ah.from)->by_cause[CAUSE_ESP_BUNDLE], 1);
	pair_free(&b.ah);
}
END_TEST

/* An ESP packet that came in AH without being bundled is somebody else's. */
START_TEST(no_bundle_takes_no_bundle)
{
	uint8_t plain[40] = {0}, pkt[PAIR_PACKET];
	struct esp_open_job job;
	struct bundle b;
	uint32_t size;

	make(&b, 0);
	size = pair_seal(&b.ah, plain, sizeof(plain), pkt);
	b.ah.in->bundled = b.esp.in->bundled = false;
	ck_assert_uint_eq(open_as(&b, ESP_PROTOCOL_AH, pkt, size, &job), CAUSE_NONE);
	ck_assert_uint_eq(job.next_header, 50);
	ck_assert_ptr_eq(job.sa, b.ah.in);
	pair_free(&b.ah);
}
END_TEST

START_TEST(when_one_ends_the_other_is_of_no_use)
{
	uint8_t plain[40] = {0}, pkt[PAIR_PACKET];
	struct esp_open_job job;
	struct bundle b;
	uint32_t size;

	make(&b, 0);
	size = pair_seal(&b.ah, plain, sizeof(plain), pkt);
	esp_sa_end(b.ah.from, _i ? b.ah.out : b.esp.out);
	ck_assert_uint_eq(refusal(&b, _i ? b.esp.out : b.ah.out), CAUSE_ESP_BUNDLE);
	esp_sa_end(b.ah.to, _i ? b.ah.in : b.esp.in);
	if (_i)
		ck_assert_uint_eq(open_as(&b, ESP_PROTOCOL_ESP, pkt + 48, size - 48, &job),
		                  CAUSE_ESP_BUNDLE);
	else
		ck_assert_uint_eq(open_as(&b, ESP_PROTOCOL_AH, pkt, size, &job),
		                  CAUSE_ESP_UNKNOWN_SPI);
	ck_assert_ptr_null(job.payload);
	pair_free(&b.ah);
}
END_TEST

/* Both lives and both number spaces bound what is sealed, and none moves when the other refuses. */
START_TEST(both_numbers_bound_it)
{
	struct bundle b;

	make(&b, 0);
	esp_sa_set_sequence(_i ? b.ah.out : b.esp.out, UINT64_MAX - 1);
	ck_assert_uint_eq(refusal(&b, b.ah.out), CAUSE_ESP_SEQUENCE_END);
	ck_assert_uint_eq((_i ? b.esp.out : b.ah.out)->sequence, 0);
	pair_free(&b.ah);
}
END_TEST

START_TEST(what_does_not_fit_is_no_bundle)
{
	struct bundle b;
	struct pair ah, esp;

	make(&b, 0);
	ah.from = esp.from = b.ah.from;
	ah.to = esp.to = b.ah.to;
	ah.out_params = ah.in_params = pair_ah_params(&ah, ALGO_SHA256, 4, false);
	esp.out_params = esp.in_params = pair_params(&esp, ALGO_AES128_GCM, ALGO_NONE, false);
	pair_add(&ah, 0);
	pair_add(&esp, 0);
	ck_assert(!esp_sa_bundle(ah.out, b.esp.out) && !esp_sa_bundle(b.ah.out, esp.out));
	ck_assert(!esp_sa_bundle(esp.out, ah.out) && !esp_sa_bundle(ah.out, esp.in));
	ck_assert(esp_sa_bundle(ah.out, esp.out));
	pair_free(&b.ah);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, what_is_sealed_opens, 0, 4);
	tcase_add_loop_test(tc, one_flipped_bit_is_refused, 0, 4);
	tcase_add_test(tc, neither_comes_alone);
	tcase_add_test(tc, no_bundle_takes_no_bundle);
	tcase_add_loop_test(tc, when_one_ends_the_other_is_of_no_use, 0, 2);
	tcase_add_loop_test(tc, both_numbers_bound_it, 0, 2);
	tcase_add_test(tc, what_does_not_fit_is_no_bundle);
	return run_cases("esp_bundle", tc);
}
