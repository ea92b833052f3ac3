/* Tests of the line's state machine: each way up and down, and that nothing dials in a storm. */
#include "src/gateway/gw_line.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdlib.h>

static struct ls_random_seeded seed;
static struct ls_random source;
static struct gw_line line;
static ls_time now;

static void begin(enum gw_line_start start)
{
	source = ls_random_from_seed(&seed, 3);
	now = LS_S(100);
	gw_line_init(&line, start, LS_S(30), now);
}

static unsigned step(enum gw_line_event event, bool chain)
{
	return gw_line_step(&line, event, chain, CAUSE_PEER_SILENT, &source, now) &
	       ~(unsigned)GW_DO_REPORT;
}

static void come_up(void)
{
	ck_assert_uint_eq(step(GW_EV_CHAIN_UP, true), gw_line_dials(&line) ? GW_DO_CALL : 0);
	ck_assert_int_eq(line.state, GW_LINE_CALL);
	ck_assert_uint_eq(step(GW_EV_PPP_UP, true), GW_DO_IFACE_UP);
	ck_assert_uint_eq(step(GW_EV_IFACE_OK, true), GW_DO_RELEASE);
	ck_assert_int_eq(line.state, GW_LINE_UP);
}

static unsigned wait_out(bool chain)
{
	ck_assert(gw_line_deadline(&line) != LS_NEVER);
	now = gw_line_deadline(&line) - 1;
	ck_assert_uint_eq(step(GW_EV_TIMER, chain), 0);
	now++;
	return step(GW_EV_TIMER, chain);
}

START_TEST(always_dials_and_dials_again)
{
	begin(GW_START_ALWAYS);
	ck_assert_uint_eq(step(GW_EV_BEGIN, false), GW_DO_DIAL);
	come_up();
	now += LS_S(60);
	ck_assert(gw_line_deadline(&line) == LS_NEVER);
	ck_assert_uint_eq(step(GW_EV_SESSION_BYE, true),
	                  GW_DO_IFACE_DOWN | GW_DO_HANG_UP | GW_DO_DROP);
	ck_assert_int_eq(line.cause, CAUSE_PEER_SILENT);
	ck_assert_uint_eq(wait_out(false), GW_DO_DIAL);
	come_up();
}
END_TEST

START_TEST(back_off_doubles_to_a_minute)
{
	ls_time total = 0;

	begin(GW_START_ALWAYS);
	step(GW_EV_BEGIN, false);
	for (unsigned i = 0; i < 20; i++) {
		ls_time want = i < 6 ? LS_S(1) << i : LS_S(60), wait;

		ck_assert_uint_eq(step(GW_EV_CHAIN_DOWN, false), GW_DO_DROP);
		wait = gw_line_deadline(&line) - now;
		ck_assert(wait >= want * 8 / 10 && wait <= want * 12 / 10);
		total += wait;
		ck_assert_uint_eq(wait_out(false), GW_DO_DIAL);
	}
	ck_assert(total > LS_S(600));
	come_up();
	now += LS_S(11);
	step(GW_EV_SESSION_BYE, true);
	ck_assert(gw_line_deadline(&line) - now < LS_S(2));
}
END_TEST

START_TEST(a_reload_is_a_reason_to_try_again)
{
	begin(GW_START_ALWAYS);
	step(GW_EV_BEGIN, false);
	for (unsigned i = 0; i < 8; i++) {
		step(GW_EV_CHAIN_DOWN, false);
		if (i < 7)
			wait_out(false);
	}
	ck_assert_int_eq(line.state, GW_LINE_BACKOFF);
	ck_assert_uint_eq(step(GW_EV_BEGIN, false), GW_DO_DIAL);
	ck_assert_uint_eq(step(GW_EV_BEGIN, false), 0);
	step(GW_EV_CHAIN_DOWN, false);
	ck_assert(gw_line_deadline(&line) - now < LS_S(2));

	begin(GW_START_DEMAND);
	step(GW_EV_PACKET, false);
	step(GW_EV_CHAIN_DOWN, false);
	ck_assert_uint_eq(step(GW_EV_BEGIN, false), 0);
	ck_assert_int_eq(line.state, GW_LINE_IDLE);
	ck_assert_uint_eq(step(GW_EV_PACKET, false), GW_DO_DIAL);
}
END_TEST

START_TEST(a_short_life_does_not_forget_the_failures)
{
	begin(GW_START_ALWAYS);
	step(GW_EV_BEGIN, false);
	for (unsigned i = 0; i < 5; i++) {
		step(GW_EV_CHAIN_DOWN, false);
		wait_out(false);
	}
	come_up();
	now += LS_S(1);
	step(GW_EV_SESSION_BYE, true);
	ck_assert(gw_line_deadline(&line) - now > LS_S(20));
}
END_TEST

START_TEST(demand_waits_for_a_packet_and_goes_when_idle)
{
	begin(GW_START_DEMAND);
	ck_assert_uint_eq(step(GW_EV_BEGIN, false), 0);
	ck_assert(gw_line_queues(&line));
	ck_assert_uint_eq(step(GW_EV_PACKET, false), GW_DO_DIAL);
	ck_assert_uint_eq(step(GW_EV_PACKET, false), 0);
	come_up();
	now += LS_S(20);
	gw_line_active(&line, now);
	ck_assert(gw_line_deadline(&line) == now + LS_S(30));
	ck_assert_uint_eq(wait_out(true), GW_DO_IFACE_DOWN | GW_DO_HANG_UP | GW_DO_DROP);
	ck_assert_int_eq(line.state, GW_LINE_IDLE);
	ck_assert_int_eq(line.cause, CAUSE_IDLE);
	ck_assert_uint_eq(step(GW_EV_PACKET, false), GW_DO_DIAL);
}
END_TEST

START_TEST(demand_does_not_storm)
{
	begin(GW_START_DEMAND);
	step(GW_EV_PACKET, false);
	step(GW_EV_CHAIN_DOWN, false);
	ck_assert_int_eq(line.state, GW_LINE_BACKOFF);
	ck_assert(!gw_line_queues(&line));
	ck_assert_uint_eq(wait_out(false), 0);
	ck_assert_int_eq(line.state, GW_LINE_IDLE);
	ck_assert_uint_eq(step(GW_EV_PACKET, false), GW_DO_DIAL);
	step(GW_EV_CHAIN_DOWN, false);
	ck_assert_uint_eq(step(GW_EV_PACKET, false), 0);
	ck_assert_uint_eq(wait_out(false), GW_DO_DIAL);
	step(GW_EV_CHAIN_DOWN, false);
	ck_assert_uint_eq(line.tries, 3);
}
END_TEST

/* What takes too long has a reason of its own, not the one before it. */
START_TEST(a_call_that_comes_to_nothing_ends)
{
	begin(GW_START_DEMAND);
	step(GW_EV_BEGIN, false);
	ck_assert_uint_eq(step(GW_EV_PACKET, false), GW_DO_DIAL);
	wait_out(false);
	ck_assert_int_eq(line.state, GW_LINE_BACKOFF);
	ck_assert_int_eq(line.cause, CAUSE_GW_LINE_SLOW);
}
END_TEST

START_TEST(waiting_side_never_dials)
{
	begin(GW_START_WAIT);
	for (unsigned e = 0; e < GW_LINE_EVENTS; e++)
		for (int chain = 0; chain < 2; chain++)
			ck_assert(!(step(e, chain) & (GW_DO_DIAL | GW_DO_CALL)));
	begin(GW_START_WAIT);
	come_up();
	ck_assert_uint_eq(step(GW_EV_SESSION_LOST, true), GW_DO_IFACE_DOWN | GW_DO_DROP);
	come_up();
}
END_TEST

START_TEST(a_lost_chain_is_repaired_under_the_session)
{
	begin(GW_START_DEMAND);
	step(GW_EV_PACKET, false);
	come_up();
	ck_assert_uint_eq(step(GW_EV_CHAIN_DOWN, false), GW_DO_DIAL);
	ck_assert_int_eq(line.state, GW_LINE_REPAIR);
	ck_assert(gw_line_queues(&line));
	ck_assert_uint_eq(step(GW_EV_CHAIN_UP, true), GW_DO_RELEASE);
	ck_assert_int_eq(line.state, GW_LINE_UP);
	/* The peer's gateway forgot the session: call again at once on the chain that stands. */
	ck_assert_uint_eq(step(GW_EV_SESSION_LOST, true), GW_DO_IFACE_DOWN | GW_DO_CALL);
	step(GW_EV_PPP_UP, true);
	step(GW_EV_IFACE_OK, true);
	ck_assert_uint_eq(step(GW_EV_SESSION_LOST, false), GW_DO_IFACE_DOWN | GW_DO_DIAL);
}
END_TEST

/* Where another chain stands, ike has nothing to start and would never answer. */
START_TEST(a_session_lost_in_repair_is_called_again_on_a_chain_that_stands)
{
	static const enum gw_line_event events[] = {GW_EV_SESSION_LOST, GW_EV_SESSION_BYE};

	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
		begin(GW_START_ALWAYS);
		step(GW_EV_BEGIN, false);
		come_up();
		step(GW_EV_CHAIN_DOWN, true);
		ck_assert_int_eq(line.state, GW_LINE_REPAIR);
		ck_assert_uint_eq(step(events[i], true), GW_DO_IFACE_DOWN | GW_DO_CALL);
		ck_assert_int_eq(line.state, GW_LINE_CALL);
		/* It stood when ike was asked, and has gone meanwhile. */
		begin(GW_START_ALWAYS);
		step(GW_EV_BEGIN, false);
		come_up();
		step(GW_EV_CHAIN_DOWN, true);
		ck_assert_uint_eq(step(events[i], false), GW_DO_IFACE_DOWN | GW_DO_DIAL);
		ck_assert_int_eq(line.state, GW_LINE_IKE);
	}
}
END_TEST

START_TEST(ike_back_makes_new_keepers)
{
	begin(GW_START_ALWAYS);
	step(GW_EV_BEGIN, false);
	ck_assert_uint_eq(step(GW_EV_IKE_BACK, false), GW_DO_DIAL);
	come_up();
	ck_assert_uint_eq(step(GW_EV_IKE_BACK, true), GW_DO_DIAL);
	ck_assert_int_eq(line.state, GW_LINE_UP);
}
END_TEST

START_TEST(held_stays_down)
{
	begin(GW_START_ALWAYS);
	step(GW_EV_BEGIN, false);
	come_up();
	step(GW_EV_ADMIN_DOWN, true);
	ck_assert_int_eq(line.state, GW_LINE_HELD);
	ck_assert_uint_eq(step(GW_EV_PACKET, false), 0);
	ck_assert_uint_eq(step(GW_EV_CHAIN_UP, true), GW_DO_HANG_UP);
	ck_assert(gw_line_deadline(&line) == LS_NEVER);
	ck_assert_uint_eq(step(GW_EV_ADMIN_UP, false), GW_DO_DIAL);
}
END_TEST

/* From every state that waits for others, time alone leads on. */
START_TEST(no_state_is_a_trap)
{
	static const enum gw_line_state waiting[] = {GW_LINE_BACKOFF, GW_LINE_IKE, GW_LINE_CALL,
	                                             GW_LINE_IFACE, GW_LINE_REPAIR};

	for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++) {
		begin(GW_START_ALWAYS);
		step(GW_EV_BEGIN, false);
		if (waiting[i] == GW_LINE_BACKOFF)
			step(GW_EV_CHAIN_DOWN, false);
		else if (waiting[i] != GW_LINE_IKE)
			step(GW_EV_CHAIN_UP, true);
		if (waiting[i] == GW_LINE_IFACE || waiting[i] == GW_LINE_REPAIR)
			step(GW_EV_PPP_UP, true);
		if (waiting[i] == GW_LINE_REPAIR) {
			step(GW_EV_IFACE_OK, true);
			step(GW_EV_CHAIN_DOWN, false);
		}
		ck_assert_int_eq(line.state, waiting[i]);
		wait_out(false);
		ck_assert_int_ne(line.state, waiting[i]);
	}
}
END_TEST

/* The chain is with another gateway now: whatever the line was at, it is called anew there. */
START_TEST(elsewhere)
{
	static const enum gw_line_event on[] = {GW_EV_BEGIN, GW_EV_CHAIN_UP, GW_EV_PPP_UP,
	                                        GW_EV_IFACE_OK, GW_EV_CHAIN_DOWN};

	for (unsigned far = 0; far <= 5; far++) {
		begin(GW_START_ALWAYS);
		for (unsigned i = 0; i < far; i++)
			step(on[i], i > 0 && i < 4);
		line.cause = CAUSE_NONE;
		ck_assert_uint_eq(step(GW_EV_ELSEWHERE, true),
		                  far < 3 ? GW_DO_CALL : GW_DO_IFACE_DOWN | GW_DO_CALL);
		ck_assert_int_eq(line.state, GW_LINE_CALL);
		ck_assert_int_eq(line.cause, CAUSE_PEER_SILENT);
		begin(GW_START_WAIT);
		ck_assert_uint_eq(step(GW_EV_ELSEWHERE, true), 0);
	}
	begin(GW_START_ALWAYS);
	step(GW_EV_ADMIN_DOWN, false);
	ck_assert_uint_eq(step(GW_EV_ELSEWHERE, true), GW_DO_HANG_UP);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_line");

	tcase_add_test(tc, always_dials_and_dials_again);
	tcase_add_test(tc, back_off_doubles_to_a_minute);
	tcase_add_test(tc, a_reload_is_a_reason_to_try_again);
	tcase_add_test(tc, a_short_life_does_not_forget_the_failures);
	tcase_add_test(tc, demand_waits_for_a_packet_and_goes_when_idle);
	tcase_add_test(tc, demand_does_not_storm);
	tcase_add_test(tc, a_call_that_comes_to_nothing_ends);
	tcase_add_test(tc, waiting_side_never_dials);
	tcase_add_test(tc, a_lost_chain_is_repaired_under_the_session);
	tcase_add_test(tc, a_session_lost_in_repair_is_called_again_on_a_chain_that_stands);
	tcase_add_test(tc, ike_back_makes_new_keepers);
	tcase_add_test(tc, held_stays_down);
	tcase_add_test(tc, elsewhere);
	tcase_add_test(tc, no_state_is_a_trap);
	return run_cases("gw_line", tc);
}
