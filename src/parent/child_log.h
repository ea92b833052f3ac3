/* What the other processes write to stderr, when nobody is at the terminal to read it. */
#ifndef SRC_PARENT_CHILD_LOG_H
#define SRC_PARENT_CHILD_LOG_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

enum { CHILD_LOG_LINE_MAX = 1024 };

/* A pipe whose lines go to our log. */
struct child_log {
	int read_fd, write_fd; /* -1: not in use; the processes keep our stderr */
	struct event *readable;
	char line[CHILD_LOG_LINE_MAX];
	size_t len;
};

/* Not in use. */
void child_log_init(struct child_log *l);
/* Makes the pipe and reads it from base. false with errno set. */
bool child_log_open(struct child_log *l, struct event_base *base);
/* Logs what has come so far, complete lines and the last one too if `all`. */
void child_log_drain(struct child_log *l, bool all);
void child_log_close(struct child_log *l);

#endif
