/* Tests of the daemon's clock and of timers that follow a deadline. */
#include "src/base/clock.h"
#include "tests/unit/run.h"

#include <event2/event.h>

static unsigned fired;

static void fire(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fired++;
}

START_TEST(the_clock_goes_forward)
{
	ls_time first = clock_now(), then = first;

	ck_assert_int_gt(first, 0);
	for (unsigned i = 0; i < 1000; i++) {
		ls_time next = clock_now();

		ck_assert_int_ge(next, then);
		then = next;
	}
	ck_assert_int_lt(then - first, LS_S(60));
}
END_TEST

START_TEST(a_timer_follows_its_deadline)
{
	struct event_base *base = event_base_new();
	struct event *timer = evtimer_new(base, fire, NULL);
	ls_time now = clock_now();

	/* What is over fires at once; what has been taken back or lies ahead does not. */
	clock_timer_set(timer, now - LS_S(5), now);
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(fired, 1);
	clock_timer_set(timer, now, now);
	clock_timer_set(timer, LS_NEVER, now);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert(!evtimer_pending(timer, NULL));
	clock_timer_set(timer, now + LS_S(3600), now);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(fired, 1);
	ck_assert(evtimer_pending(timer, NULL));
	clock_timer_set(timer, now + LS_MS(1), now);
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(fired, 2);
	event_free(timer);
	event_base_free(base);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("clock");

	tcase_add_test(tc, the_clock_goes_forward);
	tcase_add_test(tc, a_timer_follows_its_deadline);
	return run_cases("clock", tc);
}
