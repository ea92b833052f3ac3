/* The clock of the processes, and timers from an engine's next deadline. */
#include "src/base/clock.h"

#include <time.h>

ls_time clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return LS_S(t.tv_sec) + t.tv_nsec / 1000;
}

void clock_timer_set(struct event *timer, ls_time deadline, ls_time now)
{
	ls_time wait = deadline > now ? deadline - now : 0;
	struct timeval tv = {.tv_sec = wait / LS_S(1), .tv_usec = wait % LS_S(1)};

	if (deadline == LS_NEVER)
		evtimer_del(timer);
	else
		evtimer_add(timer, &tv);
}
