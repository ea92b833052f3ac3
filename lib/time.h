/* Time as every engine gets it: microseconds of a monotonic clock, passed in as an argument. */
#ifndef LIB_TIME_H
#define LIB_TIME_H

#include <stdint.h>

/* Microseconds since an arbitrary start; never negative, never jumps back. */
typedef int64_t ls_time;

#define LS_NEVER INT64_MAX
#define LS_US(n) ((ls_time)(n))
#define LS_MS(n) ((ls_time)(n)*1000)
#define LS_S(n) ((ls_time)(n)*1000000)

static inline ls_time ls_time_min(ls_time a, ls_time b)
{
	return a < b ? a : b;
}

/* a + b, where LS_NEVER stays LS_NEVER. */
static inline ls_time ls_time_add(ls_time a, ls_time b)
{
	return a == LS_NEVER || b == LS_NEVER || a > LS_NEVER - b ? LS_NEVER : a + b;
}

#endif
