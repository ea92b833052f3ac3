/* The log: stable lines to stderr, journal or syslog, with repeats counted instead of written. */
#include "src/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* A cause of a tunnel within its window. */
struct slot {
	uint16_t cause;
	uint32_t tunnel;
	char name[32];
	ls_time until;
	uint32_t seen;
	uint32_t left_out;
};

static struct {
	bool to_syslog, journal;
	enum log_level most;
	struct slot slot[LOG_SLOTS];
} state = {.most = LOG_LEVEL_INFO};

void log_open(bool to_syslog, enum log_level most)
{
	state.to_syslog = to_syslog;
	state.journal = !to_syslog && getenv("JOURNAL_STREAM") != NULL;
	state.most = most;
	if (to_syslog)
		openlog("l2tpsecd", LOG_PID, LOG_DAEMON);
}

static int priority(enum log_level level)
{
	static const int of[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

	return of[level];
}

static const char *level_name(enum log_level level)
{
	static const char *const of[] = {"error", "warn", "info", "debug"};

	return of[level];
}

static void write_line(enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX + 64];
	int n;

	if (level > state.most)
		return;
	if (state.to_syslog) {
		syslog(priority(level), "%s %s", level_name(level), text);
		return;
	}
	if (state.journal)
		n = snprintf(line, sizeof line, "<%d>%s %s\n", priority(level), level_name(level),
		             text);
	else
		n = snprintf(line, sizeof line, "%s %s\n", level_name(level), text);
	if (n >= (int)sizeof line)
		n = (int)sizeof line - 1;
	/* One write a line, so that lines of several processes do not mix. A full or closed stderr
	 * is nobody's to repair. */
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

static void make_printable(char *text)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			*c = '?';
}

const char *log_event_text(const struct ls_event *event, const char *tunnel, char *out, size_t cap)
{
	const struct ls_cause_info *info = ls_cause_info(event->cause);
	char peer[LS_ADDR_TEXT_MAX];
	bool named = tunnel && tunnel[0], known = event->peer.family != 0,
	     details = event->text[0] != '\0';

	snprintf(out, cap, "L2S-%u %s%s%s%s%s: %s%s%s", info->number, info->name,
	         named ? " tunnel=" : "", named ? tunnel : "", known ? " peer=" : "",
	         known ? ls_addr_text(&event->peer, peer) : "", info->sentence, details ? ": " : "",
	         event->text);
	make_printable(out);
	return out;
}

static enum log_level level_of(unsigned cause)
{
	switch (ls_cause_info(cause)->severity) {
	case LS_SEV_ERROR:
		return LOG_LEVEL_ERROR;
	case LS_SEV_WARN:
		return LOG_LEVEL_WARN;
	case LS_SEV_INFO:
		return LOG_LEVEL_INFO;
	case LS_SEV_COUNT:
		break;
	}
	return LOG_LEVEL_DEBUG;
}

static void sum_up(struct slot *s)
{
	char text[LOG_LINE_MAX];
	const struct ls_cause_info *info = ls_cause_info(s->cause);

	if (s->left_out > 0) {
		snprintf(text, sizeof text, "L2S-%u %s%s%s: %s: repeated %u times in %d s",
		         info->number, info->name, s->name[0] ? " tunnel=" : "", s->name,
		         info->sentence, s->left_out, LOG_WINDOW_S);
		write_line(level_of(s->cause), text);
	}
	s->until = 0;
	s->left_out = 0;
}

/* The window of this cause and tunnel: running, new, or (all slots of its row taken) the oldest
 * one's place. */
static struct slot *slot_of(unsigned cause, uint32_t tunnel, const char *name, ls_time now)
{
	enum { ROW = 8 };
	struct slot *row = &state.slot[((cause * 31u + tunnel) % (LOG_SLOTS / ROW)) * ROW],
		    *take = &row[0];

	for (int i = 0; i < ROW; i++) {
		if (row[i].until > now && row[i].cause == cause && row[i].tunnel == tunnel)
			return &row[i];
		if (row[i].until < take->until)
			take = &row[i];
	}
	for (int i = 0; i < ROW; i++)
		if (row[i].cause == cause && row[i].tunnel == tunnel)
			take = &row[i];
	sum_up(take);
	*take = (struct slot){.cause = (uint16_t)cause,
	                      .tunnel = tunnel,
	                      .until = ls_time_add(now, LS_S(LOG_WINDOW_S))};
	snprintf(take->name, sizeof take->name, "%s", name ? name : "");
	return take;
}

void log_event(const struct ls_event *event, const char *tunnel, ls_time now)
{
	enum log_level level = level_of(event->cause);
	char text[LOG_LINE_MAX];
	struct slot *s;

	if (level > state.most)
		return;
	s = slot_of(event->cause, event->tunnel, tunnel, now);
	if (++s->seen > LOG_BURST) {
		s->left_out++;
		return;
	}
	write_line(level, log_event_text(event, tunnel, text, sizeof text));
}

void log_tick(ls_time now)
{
	for (int i = 0; i < LOG_SLOTS; i++)
		if (state.slot[i].until != 0 && state.slot[i].until <= now)
			sum_up(&state.slot[i]);
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	make_printable(text);
	write_line(level, text);
}
