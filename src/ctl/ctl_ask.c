/* A request to the daemon, and its answers one by one. */
#include "src/ctl/ctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int say_no(char *message, size_t cap, int status, const char *text, const char *detail)
{
	snprintf(message, cap, "%s%s%s", text, detail[0] ? ": " : "", detail);
	return status;
}

static int connect_to(const char *path, char *message, size_t cap)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof at.sun_path) {
		say_no(message, cap, 0, "the socket's path is too long", path);
	} else {
		snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
			return fd;
		if (errno == ENOENT || errno == ECONNREFUSED)
			say_no(message, cap, 0,
			       "l2tpsecd does not run (start it with 'systemctl start l2tpsecd' or "
			       "'l2tpsecd')",
			       path);
		else
			say_no(message, cap, 0, path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* true: it was the last one, and *status is set. */
static bool take(const struct ctl_options *o, json_t *object,
                 void (*show)(const struct ctl_options *, json_t *), int *status, char *message,
                 size_t cap)
{
	const char *type = json_string_value(json_object_get(object, "type"));
	const json_t *exit = json_object_get(object, "exit");
	const char *text;

	if (!type || strcmp(type, "end") != 0) {
		if (show)
			show(o, object);
		return false;
	}
	if (o->json && show)
		show(o, object);
	/* Without one, nobody said that it went well. */
	*status = json_is_integer(exit) ? (int)json_integer_value(exit) : CTL_FAILED;
	ctl_printable(object);
	text = json_string_value(json_object_get(object, "message"));
	snprintf(message, cap, "%s", text ? text : "");
	return true;
}

/* Waits for an answer on fd; false: what is beside has enough. */
static bool await(struct ctl_beside *b, int fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = b->fd, .events = POLLIN}};
	bool enough = false;
	sigset_t none;

	sigemptyset(&none);
	while (!(p[0].revents & (POLLIN | POLLHUP | POLLERR))) {
		int wait = b->look(b, &enough);
		struct timespec t = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000L};

		if (enough)
			return false;
		p[0].revents = 0;
		if (ppoll(p, 2, wait < 0 ? NULL : &t, &none) < 0)
			p[0].revents = 0;
	}
	return true;
}

int ctl_ask(const struct ctl_options *o, const struct control_request *r,
            void (*show)(const struct ctl_options *, json_t *), char *message, size_t cap)
{
	static char answer[CONTROL_ANSWER_MAX + 1];
	uint8_t request[CONTROL_REQUEST_MAX];
	size_t len = control_request_encode(r, request);
	int fd = connect_to(o->socket, message, cap), status = CTL_FAILED;

	if (fd < 0)
		return CTL_FAILED;
	if (len == 0 || send(fd, request, len, MSG_NOSIGNAL) < 0) {
		close(fd);
		return say_no(message, cap, CTL_FAILED, "cannot ask the daemon", strerror(errno));
	}
	for (bool last = false; !last;) {
		ssize_t n;
		json_t *object;

		if (o->beside && !await(o->beside, fd)) {
			status = say_no(message, cap, CTL_DONE, "", "");
			break;
		}
		n = recv(fd, answer, sizeof answer - 1, 0);
		if (n <= 0) {
			status = say_no(message, cap, CTL_FAILED,
			                "the daemon ended the conversation",
			                n < 0 ? strerror(errno) : "");
			break;
		}
		object = json_loadb(answer, (size_t)n, 0, NULL);
		if (object)
			last = take(o, object, show, &status, message, cap);
		json_decref(object);
	}
	close(fd);
	return status;
}
