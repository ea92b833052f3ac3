/* The clock of the processes, and timers from an engine's next deadline. */
#ifndef SRC_BASE_CLOCK_H
#define SRC_BASE_CLOCK_H

#include "lib/time.h"

#include <event2/event.h>

/* Microseconds of the monotonic clock. */
ls_time clock_now(void);
/* Sets the timer to fire at deadline (at once when it has passed), or removes it for LS_NEVER. */
void clock_timer_set(struct event *timer, ls_time deadline, ls_time now);

#endif
