/* The kernel's announcements of addresses and routes; what they say does not matter, only that they
 * came. */
#include "src/parent/netwatch.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BUFFER_BYTES = 8192, DRAIN_MAX = 256 };

struct netwatch {
	struct mnl_socket *socket;
	struct event *read, *settled;
	void (*changed)(void *ctx);
	void *ctx;
	uint8_t buffer[BUFFER_BYTES];
};

static void readable(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval settle = {.tv_usec = NETWATCH_SETTLE_MS * 1000};
	struct netwatch *w = arg;

	(void)what;
	/* An overrun (ENOBUFS) ends the loop; it was a change too. */
	for (unsigned i = 0; i < DRAIN_MAX; i++)
		if (recv(fd, w->buffer, sizeof w->buffer, MSG_DONTWAIT) < 0)
			break;
	if (!evtimer_pending(w->settled, NULL))
		evtimer_add(w->settled, &settle);
}

static void settled(evutil_socket_t fd, short what, void *arg)
{
	struct netwatch *w = arg;

	(void)fd;
	(void)what;
	w->changed(w->ctx);
}

struct netwatch *netwatch_new(struct event_base *base, void (*changed)(void *ctx), void *ctx)
{
	struct netwatch *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->changed = changed;
	w->ctx = ctx;
	w->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!w->socket || mnl_socket_bind(w->socket,
	                                  RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
	                                          RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
	                                  MNL_SOCKET_AUTOPID) < 0) {
		netwatch_free(w);
		return NULL;
	}
	w->read = event_new(base, mnl_socket_get_fd(w->socket), EV_READ | EV_PERSIST, readable, w);
	w->settled = evtimer_new(base, settled, w);
	if (!w->read || !w->settled || event_add(w->read, NULL) < 0) {
		netwatch_free(w);
		return NULL;
	}
	return w;
}

void netwatch_free(struct netwatch *w)
{
	if (!w)
		return;
	if (w->read)
		event_free(w->read);
	if (w->settled)
		event_free(w->settled);
	if (w->socket)
		mnl_socket_close(w->socket);
	free(w);
}
