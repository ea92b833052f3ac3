/* A channel between two processes: bounded send queue, checked receipt, descriptors, and no key
 * left behind in a buffer. */
#include "src/base/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	RECEIVE_ROUND = 64, /* messages read before others in the loop get their turn */
	DETAIL_MAX = 160,
	BUFFER_BYTES = 4 * 1024 * 1024, /* of the kernel's, if it lets us */
	FDS_MAX = 4, /* room for more than may come, so that they can be closed */
};

struct item {
	struct item *next;
	int fd;
	size_t len;
	uint8_t bytes[];
};

struct ipc {
	int fd;
	enum msg_role self, peer;
	struct ipc_calls calls;
	void *owner;
	struct event *read, *write;
	struct item *first, **last;
	size_t queued, queued_bytes;
	bool ended;
	bool *freed; /* set when it is freed within a handler */
	uint8_t in[MSG_SIZE_MAX];
	uint8_t out[MSG_SIZE_MAX];
};

static void item_free(struct item *i)
{
	if (i->fd >= 0)
		close(i->fd);
	sodium_memzero(i->bytes, i->len);
	free(i);
}

static void queue_free(struct ipc *ipc)
{
	struct item *i;

	while ((i = ipc->first)) {
		ipc->first = i->next;
		item_free(i);
	}
	ipc->last = &ipc->first;
	ipc->queued = ipc->queued_bytes = 0;
}

/* May free the channel: nothing of it is to be touched after. */
static void end(struct ipc *ipc, enum ipc_end why, const char *detail)
{
	if (ipc->ended)
		return;
	ipc->ended = true;
	event_del(ipc->read);
	event_del(ipc->write);
	queue_free(ipc);
	ipc->calls.ended(ipc->owner, ipc, why, detail);
}

static ssize_t send_one(int to, const void *bytes, size_t len, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		m.msg_control = control;
		m.msg_controllen = sizeof control;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	do
		n = sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

/* false: the channel is broken. */
static bool queue_send(struct ipc *ipc)
{
	struct item *i;

	while ((i = ipc->first)) {
		if (send_one(ipc->fd, i->bytes, i->len, i->fd) < 0)
			return errno == EAGAIN || errno == ENOBUFS;
		ipc->first = i->next;
		if (!ipc->first)
			ipc->last = &ipc->first;
		ipc->queued--;
		ipc->queued_bytes -= i->len;
		item_free(i);
	}
	event_del(ipc->write);
	return true;
}

static void writable(evutil_socket_t fd, short what, void *arg)
{
	struct ipc *ipc = arg;

	(void)fd;
	(void)what;
	if (!queue_send(ipc))
		end(ipc, IPC_END_CLOSED, strerror(errno));
}

/* Errors are not reported from within a send, whose caller may be anywhere: the next round of the
 * loop finds the channel broken. */
static bool queue_add(struct ipc *ipc, size_t len, int fd)
{
	struct item *i;

	if (ipc->queued >= IPC_QUEUE_MAX_MESSAGES ||
	    ipc->queued_bytes + len > IPC_QUEUE_MAX_BYTES) {
		shutdown(ipc->fd, SHUT_RDWR);
		return false;
	}
	i = malloc(sizeof *i + len);
	if (!i)
		return false;
	i->next = NULL;
	i->len = len;
	i->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	memcpy(i->bytes, ipc->out, len);
	if (fd >= 0 && i->fd < 0) {
		item_free(i);
		return false;
	}
	*ipc->last = i;
	ipc->last = &i->next;
	ipc->queued++;
	ipc->queued_bytes += len;
	event_add(ipc->write, NULL);
	return true;
}

static bool send_out(struct ipc *ipc, unsigned type, size_t len, int fd)
{
	const struct msg_info *info = msg_info(type);
	bool ok = true;

	if (info->fd != (fd >= 0) || !(info->from & ipc->self) || !(info->to & ipc->peer))
		ok = false;
	else if (ipc->first || send_one(ipc->fd, ipc->out, len, fd) < 0)
		ok = (ipc->first || errno == EAGAIN || errno == ENOBUFS) && queue_add(ipc, len, fd);
	sodium_memzero(ipc->out, len);
	return ok;
}

#define MSG(number, NAME, name, from, to, fields)                                    \
	bool ipc_send_##name(struct ipc *ipc, const struct msg_##name *m, int fd)    \
	{                                                                            \
		struct wr w;                                                         \
		if (!ipc || ipc->ended)                                              \
			return false;                                                \
		w = wr_make(ipc->out, sizeof ipc->out);                              \
		return msg_encode_##name(&w, m) && send_out(ipc, number, w.len, fd); \
	}
#include "src/base/msg.def"
#undef MSG

static const struct ipc_handler *handler_find(const struct ipc *ipc, enum msg_type type)
{
	for (size_t i = 0; i < ipc->calls.handler_count; i++)
		if (ipc->calls.handlers[i].type == type)
			return &ipc->calls.handlers[i];
	return NULL;
}

/* What is wrong with it, or NULL after its handler ran. *freed is set when that freed the channel.
 */
static const char *dispatch(struct ipc *ipc, size_t len, int *fd, bool *freed)
{
	const struct ipc_handler *h;
	const struct msg_info *info;
	struct msg m;
	const char *wrong = NULL;

	info = len >= MSG_HEAD_BYTES ? msg_info(ls_get16(ipc->in)) : NULL;
	if (!info)
		return "an unknown message";
	if (!(info->from & ipc->peer) || !(info->to & ipc->self))
		return "a message that it may not send here";
	if (info->fd != (*fd >= 0))
		return "a message with a descriptor too many or too few";
	if (!msg_decode(ipc->in, len, &m)) {
		wrong = "a malformed message";
	} else {
		h = handler_find(ipc, m.type);
		if (h) {
			ipc->freed = freed;
			h->handle(ipc->owner, ipc->peer, &m, fd);
			if (!*freed)
				ipc->freed = NULL;
		} else {
			wrong = "a message that nobody here expects";
		}
	}
	sodium_memzero(&m, sizeof m);
	return wrong;
}

/* Closes all descriptors that came but one. */
static int fd_take(struct msghdr *m)
{
	int got = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + CMSG_LEN(sizeof got) <= c->cmsg_len; at += sizeof got) {
			if (got >= 0)
				close(got);
			memcpy(&got, CMSG_DATA(c) + at, sizeof got);
		}
	}
	return got;
}

/* One message; false when there is nothing more to read now or the channel has ended (and may be
 * gone). */
static bool receive_one(struct ipc *ipc)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	struct iovec part = {.iov_base = ipc->in, .iov_len = sizeof ipc->in};
	struct msghdr m = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = sizeof control};
	ssize_t n = recvmsg(ipc->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	char detail[DETAIL_MAX];
	const char *wrong;
	bool freed = false;
	int fd;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		bool full = ipc->queued >= IPC_QUEUE_MAX_MESSAGES ||
		            ipc->queued_bytes + MSG_SIZE_MAX > IPC_QUEUE_MAX_BYTES;

		end(ipc, full ? IPC_END_OVERFLOW : IPC_END_CLOSED, n < 0 ? strerror(errno) : "");
		return false;
	}
	fd = fd_take(&m);
	wrong = m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? "a message that is too long"
	                                               : dispatch(ipc, (size_t)n, &fd, &freed);
	if (fd >= 0)
		close(fd);
	if (freed)
		return false;
	if (wrong) {
		const struct msg_info *info =
			n >= MSG_HEAD_BYTES ? msg_info(ls_get16(ipc->in)) : NULL;

		snprintf(detail, sizeof detail, "%s sent %s (%s, %zd bytes)",
		         msg_role_name(ipc->peer), wrong, info ? info->name : "?", n);
	}
	sodium_memzero(ipc->in, (size_t)n);
	if (wrong)
		end(ipc, IPC_END_BAD, detail);
	return !wrong && !ipc->ended;
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct ipc *ipc = arg;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < RECEIVE_ROUND; i++)
		if (!receive_one(ipc))
			return;
}

struct ipc *ipc_new(struct event_base *base, int fd, enum msg_role self, enum msg_role peer,
                    const struct ipc_calls *calls, void *owner)
{
	struct ipc *ipc = calloc(1, sizeof *ipc);

	if (!ipc) {
		close(fd);
		return NULL;
	}
	ipc->fd = fd;
	ipc->self = self;
	ipc->peer = peer;
	ipc->calls = *calls;
	ipc->owner = owner;
	ipc->last = &ipc->first;
	ipc->read = event_new(base, fd, EV_READ | EV_PERSIST, readable, ipc);
	ipc->write = event_new(base, fd, EV_WRITE | EV_PERSIST, writable, ipc);
	if (!ipc->read || !ipc->write || event_add(ipc->read, NULL) < 0) {
		ipc_free(ipc);
		return NULL;
	}
	return ipc;
}

void ipc_free(struct ipc *ipc)
{
	if (!ipc)
		return;
	if (ipc->freed)
		*ipc->freed = true;
	if (ipc->read)
		event_free(ipc->read);
	if (ipc->write)
		event_free(ipc->write);
	queue_free(ipc);
	close(ipc->fd);
	/* A message being dispatched lies in `in`: it has been used by now, and its keys must not
	 * stay. */
	sodium_memzero(ipc->in, sizeof ipc->in);
	free(ipc);
}

enum msg_role ipc_peer(const struct ipc *ipc)
{
	return ipc->peer;
}

void ipc_set_priority(struct ipc *ipc, int priority)
{
	event_del(ipc->read);
	event_priority_set(ipc->read, priority);
	event_add(ipc->read, NULL);
}

size_t ipc_queued(const struct ipc *ipc)
{
	return ipc->queued;
}

void ipc_flush(struct ipc *ipc, int wait_ms)
{
	struct pollfd p = {.fd = ipc->fd, .events = POLLOUT};

	while (!ipc->ended && ipc->first)
		if (poll(&p, 1, wait_ms) <= 0 || !queue_send(ipc))
			return;
}

bool ipc_pair(int fd[2])
{
	int size = BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		if (setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
			setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return true;
}
