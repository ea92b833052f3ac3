/* What the other processes write to stderr, when nobody is at the terminal to read it: line by line
 * into our log. */
#include "src/parent/child_log.h"

#include "src/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void child_log_init(struct child_log *l)
{
	*l = (struct child_log){.read_fd = -1, .write_fd = -1};
}

/* The level a line of ours begins with is taken off; a line of a library has none. */
static void line_say(const char *line)
{
	static const struct {
		const char *word;
		enum log_level level;
	} words[] = {
		{"error ", LOG_LEVEL_ERROR},
		{"warn ", LOG_LEVEL_WARN},
		{"info ", LOG_LEVEL_INFO},
		{"debug ", LOG_LEVEL_DEBUG},
	};

	if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>')
		line += 3;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strncmp(line, words[i].word, strlen(words[i].word)) == 0) {
			log_line(words[i].level, "%s", line + strlen(words[i].word));
			return;
		}
	if (line[0] != '\0')
		log_line(LOG_LEVEL_ERROR, "%s", line);
}

static void lines_say(struct child_log *l, bool all)
{
	char *begin = l->line, *end;

	l->line[l->len] = '\0';
	while ((end = strchr(begin, '\n'))) {
		*end = '\0';
		line_say(begin);
		begin = end + 1;
	}
	if (all || (begin == l->line && l->len == sizeof l->line - 1)) {
		line_say(begin);
		begin = l->line + l->len;
	}
	l->len -= (size_t)(begin - l->line);
	memmove(l->line, begin, l->len);
}

void child_log_drain(struct child_log *l, bool all)
{
	ssize_t n;

	if (l->read_fd < 0)
		return;
	while ((n = read(l->read_fd, l->line + l->len, sizeof l->line - 1 - l->len)) > 0) {
		/* A NUL would hide the rest of what came. */
		for (ssize_t i = 0; i < n; i++)
			if (l->line[l->len + (size_t)i] == '\0')
				l->line[l->len + (size_t)i] = '?';
		l->len += (size_t)n;
		lines_say(l, false);
	}
	if (all)
		lines_say(l, true);
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	child_log_drain(arg, false);
}

bool child_log_open(struct child_log *l, struct event_base *base)
{
	int pair[2];

	child_log_init(l);
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	l->read_fd = pair[0];
	l->write_fd = pair[1];
	l->readable = event_new(base, l->read_fd, EV_READ | EV_PERSIST, readable, l);
	if (l->readable && event_add(l->readable, NULL) == 0)
		return true;
	child_log_close(l);
	errno = ENOMEM;
	return false;
}

void child_log_close(struct child_log *l)
{
	child_log_drain(l, true);
	if (l->readable)
		event_free(l->readable);
	if (l->read_fd >= 0)
		close(l->read_fd);
	if (l->write_fd >= 0)
		close(l->write_fd);
	child_log_init(l);
}
