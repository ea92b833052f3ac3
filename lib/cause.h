/* The one table of typed causes: every drop, refusal, timeout and end carries one of them. */
#ifndef LIB_CAUSE_H
#define LIB_CAUSE_H

#include <stddef.h>
#include <stdint.h>

/* How loud a cause is: COUNT is only counted, the others are logged (first of a kind, then
 * rate-limited). */
enum ls_severity { LS_SEV_COUNT, LS_SEV_INFO, LS_SEV_WARN, LS_SEV_ERROR };

/*
 * Names are CAUSE_<NAME>; the values are the stable numbers of lib/cause.def, which also go over
 * IPC and into logs as message ids (L2S-<number>).
 */
enum ls_cause {
#define CAUSE(number, name, severity, windows, sentence, hint) CAUSE_##name = number,
#include "lib/cause.def"
#undef CAUSE
};

/* One past the largest number: the size of an array of counters indexed by cause. */
#define LS_CAUSE_LIMIT 1000

struct ls_cause_info {
	uint16_t number;
	const char *name; /* as in CAUSE_<NAME>, such as "ESP_REPLAY"; JSON and counters show it in
	                     lower case */
	enum ls_severity severity;
	uint16_t windows;     /* the error number that Windows shows for it, 0 if none */
	const char *sentence; /* what happened, for people, without a full stop */
	const char *hint;     /* what to do; "" if nothing */
};

/* The row of a cause; never NULL: an unknown number gives the row of CAUSE_INTERNAL. */
const struct ls_cause_info *ls_cause_info(unsigned cause);
/* All rows in order of number, *count of them. */
const struct ls_cause_info *ls_cause_all(size_t *count);

/* Counters by cause; zero-initialise. One thread counts, others may read (LS_COUNTED). */
struct ls_counters {
	uint64_t by_cause[LS_CAUSE_LIMIT];
};

/* What another thread may be counting just now. */
#define LS_COUNTED(counters, cause) __atomic_load_n(&(counters)->by_cause[cause], __ATOMIC_RELAXED)

static inline void ls_count(struct ls_counters *c, enum ls_cause cause)
{
	uint64_t *at = &c->by_cause[(unsigned)cause < LS_CAUSE_LIMIT ? (unsigned)cause : 0];

	__atomic_store_n(at, __atomic_load_n(at, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

#endif
