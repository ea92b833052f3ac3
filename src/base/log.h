/* The log: one line a happening, with a stable id, a subject and a reason; repeats are counted and
 * summed up. */
#ifndef SRC_BASE_LOG_H
#define SRC_BASE_LOG_H

#include "lib/event.h"
#include "lib/time.h"

#include <stdbool.h>

enum { LOG_WINDOW_S = 10, LOG_BURST = 2, LOG_SLOTS = 512, LOG_LINE_MAX = 1024 };

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Where lines go: syslog (facility daemon), or stderr. Under a service manager that reads stderr
 * into its journal (JOURNAL_STREAM is set) each line begins with its syslog priority. Lines above
 * `most` are left out.
 */
void log_open(bool to_syslog, enum log_level most);
/*
 * "<level> L2S-<number> <name> tunnel=<name> peer=<address>: <sentence>: <details>" for causes that
 * are louder than LS_SEV_COUNT. Of a cause and tunnel the first LOG_BURST in LOG_WINDOW_S are
 * written, the others counted and told at the window's end. tunnel: NULL or "" if none. Unprintable
 * bytes of details are shown as '?'.
 */
void log_event(const struct ls_event *event, const char *tunnel, ls_time now);
/* Writes the counts of windows that have ended; call every few seconds, and with LS_NEVER at the
 * end. */
void log_tick(ls_time now);
/* A line without an id, for what happens before there is a tunnel or a cause: start, options,
 * config. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text of an event as it is logged, without level; gives out. */
const char *log_event_text(const struct ls_event *event, const char *tunnel, char *out, size_t cap);

#endif
