/* Test helper: the admin socket of a parent that is alone, and those who ask at it. */
#ifndef TESTS_UNIT_SRC_ASK_H
#define TESTS_UNIT_SRC_ASK_H

#include "src/parent/control_client.h"
#include "tests/unit/src/parent_alone.h"

#include <errno.h>
#include <sys/un.h>

static char ask_path[80];

static inline void ask_begin(const char *tunnels)
{
	char error[200];

	alone_begin(tunnels);
	log_open(false, LOG_LEVEL_ERROR);
	snprintf(ask_path, sizeof ask_path, "%s/control", alone_dir);
	ck_assert_msg(control_open(p, ask_path, error, sizeof error), "%s", error);
}

static inline void ask_end(void)
{
	control_close(p);
	unlink(ask_path);
	alone_end();
}

/* Serves the loop for what there is to do now. */
static inline void ask_serve(void)
{
	for (unsigned i = 0; i < 50; i++)
		event_base_loop(p->base, EVLOOP_NONBLOCK);
}

static inline int ask_connect(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", ask_path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/* A connection on which this was asked; it is served so far. */
static inline int ask_request(const struct control_request *r)
{
	uint8_t bytes[CONTROL_REQUEST_MAX];
	int fd = ask_connect();
	size_t len = control_request_encode(r, bytes);

	ck_assert_int_eq(send(fd, bytes, len, 0), (ssize_t)len);
	ask_serve();
	return fd;
}

static inline int ask(unsigned command, unsigned flags, const char *tunnel)
{
	struct control_request r = {.command = (uint8_t)command, .flags = (uint8_t)flags};

	snprintf(r.tunnel, sizeof r.tunnel, "%s", tunnel);
	return ask_request(&r);
}

static inline int ask_redirect(const char *tunnel, const char *gateway)
{
	struct control_request r = {.command = CONTROL_REDIRECT};

	snprintf(r.tunnel, sizeof r.tunnel, "%s", tunnel);
	snprintf(r.gateway, sizeof r.gateway, "%s", gateway);
	return ask_request(&r);
}

/* The next answer, or NULL when there is none yet. The caller's. */
static inline json_t *ask_answer(int fd)
{
	static char text[CONTROL_ANSWER_MAX + 1];
	ssize_t n;

	ask_serve();
	n = recv(fd, text, sizeof text, MSG_DONTWAIT);
	return n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
}

static inline const char *ask_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* The next answer is of this type. */
static inline json_t *ask_gives(int fd, const char *type)
{
	json_t *o = ask_answer(fd);

	ck_assert_msg(o != NULL, "no answer where '%s' was to come", type);
	ck_assert_str_eq(ask_text(o, "type"), type);
	return o;
}

static inline void ask_gives_nothing(int fd)
{
	uint8_t byte;

	ask_serve();
	ck_assert_int_lt(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
	ck_assert_int_eq(errno, EAGAIN);
}

/* The answers are at their end, with this status and these words; the connection too. */
static inline void ask_is_over(int fd, int status, const char *words)
{
	json_t *o = ask_gives(fd, "end");
	uint8_t byte;

	ck_assert_int_eq(json_integer_value(json_object_get(o, "exit")), status);
	ck_assert_msg(strstr(ask_text(o, "message"), words) != NULL, "'%s' is not in: %s", words,
	              ask_text(o, "message"));
	json_decref(o);
	ask_serve();
	ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
	close(fd);
}

#endif
