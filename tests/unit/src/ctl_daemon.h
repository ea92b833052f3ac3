/* Test helper: a daemon that answers a request with what the test says. */
#ifndef TESTS_UNIT_SRC_CTL_DAEMON_H
#define TESTS_UNIT_SRC_CTL_DAEMON_H

#include "src/base/control.h"
#include "tests/unit/run.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { DAEMON_ANSWERS = 8 };

struct ctl_daemon {
	char dir[32], path[48];
	const char *answer[DAEMON_ANSWERS]; /* up to the first NULL; then it hangs up */
	size_t len[DAEMON_ANSWERS];         /* 0: a text */
	void *(*serve)(void *);             /* instead of that; given this struct */
	int fd;
	pthread_t thread;
	bool stays; /* it does not hang up: the other side does */
	bool asked; /* a request came, well-formed */
	struct control_request request;
};

static inline void *ctl_daemon_serve(void *arg)
{
	struct ctl_daemon *d = arg;
	uint8_t bytes[CONTROL_REQUEST_MAX], version;
	int fd = accept(d->fd, NULL, NULL);
	ssize_t n = fd < 0 ? -1 : recv(fd, bytes, sizeof bytes, 0);

	if (n > 0)
		d->asked = control_request_decode(bytes, (size_t)n, &d->request, &version);
	for (unsigned i = 0; n > 0 && i < DAEMON_ANSWERS && d->answer[i]; i++)
		send(fd, d->answer[i], d->len[i] ? d->len[i] : strlen(d->answer[i]), MSG_NOSIGNAL);
	if (d->stays)
		recv(fd, bytes, sizeof bytes, 0);
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* A place for its socket, without anybody there. */
static inline void ctl_daemon_place(struct ctl_daemon *d)
{
	snprintf(d->dir, sizeof d->dir, "/tmp/ctl_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(d->dir));
	snprintf(d->path, sizeof d->path, "%s/control", d->dir);
	d->fd = -1;
}

/* It serves one request, unless it has a `serve` of its own. */
static inline void ctl_daemon_start(struct ctl_daemon *d)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	ctl_daemon_place(d);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", d->path);
	d->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(d->fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(d->fd, 1), 0);
	ck_assert_int_eq(
		pthread_create(&d->thread, NULL, d->serve ? d->serve : ctl_daemon_serve, d), 0);
}

static inline void ctl_daemon_end(struct ctl_daemon *d)
{
	if (d->fd >= 0) {
		shutdown(d->fd, SHUT_RDWR);
		pthread_join(d->thread, NULL);
		close(d->fd);
	}
	unlink(d->path);
	rmdir(d->dir);
}

#endif
