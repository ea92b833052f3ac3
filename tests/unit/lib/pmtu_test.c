/* Tests of lib/pmtu: what is asked for and when, on paths that carry this or that. */
#include "lib/pmtu.h"
#include "lib/random.h"
#include "tests/unit/run.h"

static const struct ls_pmtu_limits limits = {
	.floor = 576, .base = 1200, .ceiling = 1500, .step = 4};
static struct ls_pmtu p;
static ls_time now;

static void begin(void)
{
	now = LS_S(100);
	ls_pmtu_start(&p, &limits, now);
}

/* The next probe, as soon as there is one; gives its size and lets the time go on to it. */
static uint32_t next_probe(bool used)
{
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t size = ls_pmtu_tick(&p, used, now);

		if (size > 0)
			return size;
		ck_assert_int_gt(ls_pmtu_deadline(&p), now);
		now = ls_pmtu_deadline(&p);
	}
	ck_abort_msg("no probe for long");
	return 0;
}

/* A path that carries so much and answers in 20 ms, until nothing is left to be found out. */
static unsigned settle(uint32_t carries)
{
	unsigned probes = 0;

	if (ls_pmtu_deadline(&p) > now)
		now = ls_pmtu_deadline(&p);
	do {
		uint32_t size = ls_pmtu_tick(&p, true, now);

		ck_assert_uint_le(size, p.limits.ceiling);
		probes += size > 0;
		ck_assert_uint_lt(probes, 100);
		if (size > 0 && size <= carries) {
			now += LS_MS(20);
			ls_pmtu_answered(&p, size, now);
		} else if (p.probe > 0) {
			now = ls_pmtu_deadline(&p);
		}
	} while (p.probe > 0);
	return probes;
}

START_TEST(off_until_it_starts)
{
	struct ls_pmtu none = {0};

	ck_assert_int_eq(ls_pmtu_deadline(&none), LS_NEVER);
	ck_assert_uint_eq(ls_pmtu_tick(&none, true, 1000), 0);
	ck_assert(!ls_pmtu_hint(&none, 1400, 1000));
	ls_pmtu_raise(&none, 1000);
	ls_pmtu_answered(&none, 1400, 1000);
	ls_pmtu_refused(&none, 1400, 1000);
	ck_assert_int_eq(none.state, LS_PMTU_OFF);
}
END_TEST

START_TEST(a_path_that_carries_all_costs_one_probe)
{
	begin();
	ck_assert_uint_eq(p.size, 1500);
	ck_assert(!p.measured);
	ck_assert_uint_eq(settle(1500), 1);
	ck_assert_uint_eq(p.size, 1500);
	ck_assert(p.measured && !p.hinted);
}
END_TEST

/* Nothing is given up before three probes of a second each. */
START_TEST(three_probes_then_the_base_then_the_middle)
{
	begin();
	ck_assert_uint_eq(ls_pmtu_tick(&p, false, now), 1500);
	ck_assert_uint_eq(ls_pmtu_tick(&p, false, now), 0);
	ck_assert_int_eq(ls_pmtu_deadline(&p), now + LS_S(1));
	now += LS_S(1);
	ck_assert_uint_eq(ls_pmtu_tick(&p, false, now), 1500);
	now += LS_S(1);
	ck_assert_uint_eq(ls_pmtu_tick(&p, false, now), 1500);
	ck_assert_uint_eq(p.size, 1500);
	now += LS_S(1);
	ck_assert_uint_eq(ls_pmtu_tick(&p, false, now), 1200);
	ck_assert_uint_eq(p.size, 1500);
	ls_pmtu_answered(&p, 1200, now + LS_MS(30));
	ck_assert_uint_eq(p.size, 1200);
	ck_assert(p.measured);
	ck_assert_uint_eq(ls_pmtu_tick(&p, false, now + LS_MS(30)), 1348);
}
END_TEST

START_TEST(a_late_answer_counts_while_its_size_is_asked_for)
{
	begin();
	ck_assert_uint_eq(next_probe(false), 1500);
	ck_assert_uint_eq(next_probe(false), 1500);
	now += LS_MS(500);
	ls_pmtu_answered(&p, 1500, now);
	ck_assert_int_eq(p.state, LS_PMTU_COMPLETE);
	/* And not after it. */
	ls_pmtu_answered(&p, 1500, now);
	ck_assert_int_eq(p.state, LS_PMTU_COMPLETE);
}
END_TEST

/* A long way: whoever answers after 1.5 s is waited for 3 s. */
START_TEST(patience_follows_the_round_trip)
{
	begin();
	ck_assert_uint_eq(ls_pmtu_tick(&p, true, now), 1500);
	ls_pmtu_answered(&p, 1500, now += LS_MS(1500));
	ck_assert_uint_eq(next_probe(true), 1500);
	ck_assert_int_eq(ls_pmtu_deadline(&p), now + LS_S(3));
	ls_pmtu_answered(&p, 1500, now += LS_S(20));
	ck_assert_uint_eq(next_probe(true), 1500);
	ck_assert_int_eq(ls_pmtu_deadline(&p), now + LS_S(5));
}
END_TEST

/* Whatever a path carries is found, to the step. */
START_TEST(every_path)
{
	for (uint32_t carries = 576; carries <= 1510; carries++) {
		uint32_t most = carries > 1500 ? 1500 : carries / 4 * 4;

		begin();
		settle(carries);
		ck_assert_uint_eq(p.size, most);
		ck_assert_int_eq(p.state, LS_PMTU_COMPLETE);
		ck_assert(p.measured);
	}
}
END_TEST

START_TEST(every_change_of_a_path)
{
	struct ls_random_seeded state;
	struct ls_random random = ls_random_from_seed(&state, 7);

	begin();
	for (unsigned i = 0; i < 2000; i++) {
		uint32_t carries = 576 + ls_random_below(&random, 1000),
			 most = carries > 1500 ? 1500 : carries / 4 * 4;
		uint32_t says = ls_random_below(&random, 2000);

		/* Whoever says whatever. */
		if (ls_random_below(&random, 2))
			ls_pmtu_hint(&p, says, now);
		settle(carries);
		if (p.size < most) {
			now += LS_S(LS_PMTU_RAISE_S);
			settle(carries);
		}
		ck_assert_uint_eq(p.size, most);
	}
}
END_TEST

START_TEST(a_black_hole_is_found_while_traffic_flows)
{
	ls_time since;

	begin();
	settle(1500);
	since = now;
	/* Without traffic nothing is asked. */
	for (unsigned i = 0; i < 50; i++) {
		now = ls_pmtu_deadline(&p);
		ck_assert_uint_eq(ls_pmtu_tick(&p, false, now), 0);
	}
	ck_assert_int_eq(now, since + LS_S(500));
	since = now;
	/* Three tries of it, one of the base, two more of it. */
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(next_probe(true), 1500);
	ck_assert_uint_eq(next_probe(true), 1200);
	ls_pmtu_answered(&p, 1200, now);
	ck_assert_uint_eq(p.size, 1500);
	ck_assert_int_eq(p.state, LS_PMTU_RECHECK);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_eq(next_probe(true), 1500);
	ck_assert_uint_ne(next_probe(true), 1500);
	ck_assert_uint_eq(p.size, 1200);
	ck_assert(!p.hinted);
	ck_assert_int_le(now - since, LS_S(16));
}
END_TEST

/* The line was cut for a few seconds: small probes and large ones are lost alike. */
START_TEST(a_cut_is_no_black_hole)
{
	begin();
	settle(1500);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(next_probe(true), 1500);
	ck_assert_uint_eq(next_probe(true), 1200);
	ls_pmtu_answered(&p, 1200, now);
	ck_assert_uint_eq(next_probe(true), 1500);
	ls_pmtu_answered(&p, 1500, now);
	ck_assert_int_eq(p.state, LS_PMTU_COMPLETE);
	ck_assert_uint_eq(p.size, 1500);
	/* And for long: nothing changes, and it is asked again. */
	settle(0);
	ck_assert_int_eq(p.state, LS_PMTU_ERROR);
	ck_assert_uint_eq(p.size, 1500);
	ck_assert_int_eq(ls_pmtu_deadline(&p), now + LS_S(LS_PMTU_AGAIN_S));
	ck_assert_uint_eq(settle(1500), 1);
	ck_assert_int_eq(p.state, LS_PMTU_COMPLETE);
}
END_TEST

START_TEST(a_peer_that_answers_no_probes)
{
	static const unsigned rest[] = {30, 60, 120, 240, 480, 600, 600};

	begin();
	for (unsigned i = 0; i < sizeof rest / sizeof rest[0]; i++) {
		settle(0);
		ck_assert_int_eq(p.state, LS_PMTU_ERROR);
		ck_assert(!p.answered && !p.measured);
		ck_assert_uint_eq(p.size, 1500);
		ck_assert_int_eq(ls_pmtu_deadline(&p), now + LS_S(rest[i]));
	}
	/* It was only much that was lost. */
	settle(1300);
	ck_assert_uint_eq(p.size, 1300);
	settle(0);
	ck_assert_int_eq(ls_pmtu_deadline(&p), now + LS_S(LS_PMTU_AGAIN_S));
}
END_TEST

START_TEST(it_grows_again_after_the_raise_timer)
{
	ls_time since;

	begin();
	settle(1300);
	ck_assert_uint_eq(p.size, 1300);
	since = now;
	while (p.size != 1500) {
		uint32_t size = next_probe(false);

		ls_pmtu_answered(&p, size, now);
	}
	ck_assert_int_ge(now - since, LS_S(LS_PMTU_RAISE_S - 60));
	ck_assert_int_le(now - since, LS_S(LS_PMTU_RAISE_S + 60));
	/* Or when the owner wants it. */
	settle(1300);
	since = now;
	ls_pmtu_raise(&p, now);
	settle(1500);
	ck_assert_uint_eq(p.size, 1500);
	ck_assert_int_eq(now - since, LS_MS(40));
}
END_TEST

/* Of a hint nothing is believed but which size to try: here it is right, and no other is tried but
 * the next one. */
START_TEST(a_right_hint_is_the_short_way)
{
	begin();
	settle(1500);
	ck_assert(ls_pmtu_hint(&p, 1402, now));
	ck_assert_uint_eq(p.size, 1500);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(next_probe(false), 1500);
	ck_assert_uint_eq(next_probe(false), 1400);
	ls_pmtu_answered(&p, 1400, now);
	ck_assert_uint_eq(p.size, 1400);
	ck_assert(p.hinted);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(next_probe(false), 1404);
	ck_assert_uint_eq(ls_pmtu_tick(&p, false, now += LS_S(1)), 0);
	ck_assert_int_eq(p.state, LS_PMTU_COMPLETE);
	/* While it searches, too. */
	begin();
	for (unsigned i = 0; i < 3; i++)
		next_probe(false);
	ck_assert_uint_eq(next_probe(false), 1200);
	ls_pmtu_answered(&p, 1200, now);
	ck_assert_uint_eq(next_probe(false), 1348);
	ck_assert(ls_pmtu_hint(&p, 1280, now));
	ck_assert_uint_eq(next_probe(false), 1280);
	ls_pmtu_answered(&p, 1280, now);
	ck_assert_uint_eq(next_probe(false), 1284);
}
END_TEST

START_TEST(a_forged_hint_costs_a_probe)
{
	static const uint32_t lies[] = {0, 1200, 1300, 1499};

	begin();
	settle(1500);
	for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		now += LS_S(1);
		ck_assert(ls_pmtu_hint(&p, lies[i], now));
		ck_assert(!ls_pmtu_hint(&p, lies[i], now));
		ck_assert_uint_eq(p.size, 1500);
		ck_assert_uint_eq(settle(1500), 1);
		ck_assert_uint_eq(p.size, 1500);
	}
	now += LS_S(1);
	/* Below the base, and what is no news. */
	ck_assert(!ls_pmtu_hint(&p, 68, now));
	ck_assert(!ls_pmtu_hint(&p, 1199, now));
	ck_assert(!ls_pmtu_hint(&p, 1500, now));
	ck_assert(!ls_pmtu_hint(&p, 9000, now));
	ck_assert_int_eq(p.state, LS_PMTU_COMPLETE);
	/* A stream of them, with a path that shrinks meanwhile to something else. */
	for (unsigned i = 0; i < 300 && p.size != 1400; i++) {
		uint32_t size;

		ls_pmtu_hint(&p, 1300, now);
		size = next_probe(false);
		if (size <= 1400)
			ls_pmtu_answered(&p, size, now);
	}
	ck_assert_uint_eq(p.size, 1400);
}
END_TEST

/* A router that names each probe's size: what it says between two steps is no news, or a probe and
 * its word would chase each other. */
START_TEST(a_hint_between_two_steps)
{
	begin();
	settle(1362);
	ck_assert_uint_eq(p.size, 1360);
	now += LS_S(LS_PMTU_RAISE_S);
	for (unsigned i = 0; i < 100 && (i < 3 || p.probe > 0); i++) {
		uint32_t size = next_probe(true);

		now += LS_MS(5);
		if (size <= 1362)
			ls_pmtu_answered(&p, size, now);
		else
			ls_pmtu_hint(&p, 1362, now);
		ck_assert_uint_lt(i, 20);
	}
	ck_assert_uint_eq(p.size, 1360);
}
END_TEST

START_TEST(what_this_host_cannot_send_is_lost_at_once)
{
	ls_time since;

	begin();
	since = now;
	ck_assert_uint_eq(next_probe(false), 1500);
	ls_pmtu_refused(&p, 1400, now);
	ls_pmtu_refused(&p, 1500, now);
	ck_assert_uint_eq(next_probe(false), 1200);
	ck_assert_int_eq(now, since);
}
END_TEST

START_TEST(other_limits)
{
	struct ls_pmtu_limits other = limits;

	begin();
	settle(1500);
	ls_pmtu_limit(&p, &other, now);
	ck_assert_int_eq(p.state, LS_PMTU_COMPLETE);
	/* The link is larger: that has to be seen. */
	other.ceiling = 1600;
	ls_pmtu_limit(&p, &other, now);
	ck_assert_uint_eq(p.size, 1600);
	ck_assert(!p.measured);
	settle(1500);
	ck_assert_uint_eq(p.size, 1500);
	/* Another cipher: other sizes. */
	other.ceiling = 1496;
	other.step = 16;
	ls_pmtu_limit(&p, &other, now);
	ck_assert_uint_eq(p.size, 1496);
	settle(1500);
	ck_assert_uint_eq(p.size, 1496);
	settle(1400);
	ck_assert_uint_eq(p.size, 1400);
	ls_pmtu_limit(&p, &limits, now);
	ck_assert_uint_eq(p.size, 1400);
	settle(1400);
	ck_assert_uint_eq(p.size, 1400);
	/* And below all that is usual. */
	other = (struct ls_pmtu_limits){.floor = 576, .base = 1200, .ceiling = 700, .step = 4};
	ls_pmtu_start(&p, &other, now);
	settle(600);
	ck_assert_uint_eq(p.size, 600);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pmtu");

	tcase_add_test(tc, off_until_it_starts);
	tcase_add_test(tc, a_path_that_carries_all_costs_one_probe);
	tcase_add_test(tc, three_probes_then_the_base_then_the_middle);
	tcase_add_test(tc, a_late_answer_counts_while_its_size_is_asked_for);
	tcase_add_test(tc, patience_follows_the_round_trip);
	tcase_add_test(tc, every_path);
	tcase_add_test(tc, every_change_of_a_path);
	tcase_add_test(tc, a_black_hole_is_found_while_traffic_flows);
	tcase_add_test(tc, a_cut_is_no_black_hole);
	tcase_add_test(tc, a_peer_that_answers_no_probes);
	tcase_add_test(tc, it_grows_again_after_the_raise_timer);
	tcase_add_test(tc, a_right_hint_is_the_short_way);
	tcase_add_test(tc, a_forged_hint_costs_a_probe);
	tcase_add_test(tc, a_hint_between_two_steps);
	tcase_add_test(tc, what_this_host_cannot_send_is_lost_at_once);
	tcase_add_test(tc, other_limits);
	return run_cases("pmtu", tc);
}
