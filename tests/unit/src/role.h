/* Test helper: a role of the daemon, started as the parent does it, with the test in the parent's
 * and the other processes' place. */
#ifndef TESTS_UNIT_SRC_ROLE_H
#define TESTS_UNIT_SRC_ROLE_H

#include "src/base/ipc.h"
#include "src/base/proc.h"
#include "src/config/conf_table.h"
#include "tests/unit/src/output.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { ROLE_WAIT_MS = 20000 };

struct role {
	pid_t pid;
	int parent;     /* our end of the parent's channel */
	char empty[40]; /* its root directory */
};

/* What it says last. BYTES point into it until the next. */
static uint8_t role_bytes[MSG_SIZE_MAX];
static struct msg role_said;

/* Starts it: the program with --role, or a function of the test's in a child, which asserts nothing
 * (Check's own descriptor is the channel there). */
static inline void role_start(struct role *r, enum msg_role role, int (*run)(void))
{
	static char program[256];
	int pair[2];

	output_program("l2tpsecd", program, sizeof program);
	snprintf(r->empty, sizeof r->empty, "/tmp/role_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(r->empty));
	chmod(r->empty, 0755);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	fflush(NULL);
	r->pid = fork();
	ck_assert_int_ge(r->pid, 0);
	if (r->pid == 0) {
		dup2(pair[1], PROC_CHANNEL_FD);
		close_range(PROC_CHANNEL_FD + 1, ~0u, 0);
		setenv("L2TPSECD_EMPTY_DIR", r->empty, 1);
		/* Looking for leaks needs /proc, which is out of reach there. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		if (run)
			_exit(run());
		execl(program, "l2tpsecd", "--role", msg_role_name(role), (char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	r->parent = pair[0];
}

/* It has ended, or must now; gives its wait status. */
static inline int role_wait(struct role *r)
{
	int status = -1;

	for (unsigned ms = 0; waitpid(r->pid, &status, WNOHANG) == 0; ms += 10) {
		ck_assert_msg(ms < ROLE_WAIT_MS, "it does not end");
		usleep(10000);
	}
	rmdir(r->empty);
	return status;
}

/* Hangs up and gives its exit status. */
static inline int role_end(struct role *r)
{
	int status;

	close(r->parent);
	status = role_wait(r);
	ck_assert_msg(WIFEXITED(status), "status %d", status);
	return WEXITSTATUS(status);
}

/* A datagram, with a descriptor beside it if fd is not negative. */
static inline void role_put(int channel, const void *bytes, size_t len, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
	struct iovec part = {(void *)(uintptr_t)bytes, len};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		m.msg_control = control;
		m.msg_controllen = sizeof control;
		*(struct cmsghdr *)(void *)control =
			(struct cmsghdr){.cmsg_level = SOL_SOCKET,
		                         .cmsg_type = SCM_RIGHTS,
		                         .cmsg_len = CMSG_LEN(sizeof fd)};
		memcpy(CMSG_DATA((struct cmsghdr *)(void *)control), &fd, sizeof fd);
	}
	ck_assert_int_eq(sendmsg(channel, &m, MSG_NOSIGNAL), (ssize_t)len);
}

/* ROLE_PUT(channel, NAME, fd, fields...): says a message of msg.def. */
#define ROLE_PUT(channel, name, fd, ...)                                \
	do {                                                            \
		static uint8_t put_bytes[MSG_SIZE_MAX];                 \
		struct wr put_w = wr_make(put_bytes, sizeof put_bytes); \
		struct msg_##name put_m = {__VA_ARGS__};                \
		ck_assert(msg_encode_##name(&put_w, &put_m));           \
		role_put(channel, put_bytes, put_w.len, fd);            \
	} while (0)

/* The next message to role_said; false when the channel has ended. */
static inline bool role_hear(int channel)
{
	struct pollfd p = {.fd = channel, .events = POLLIN};
	ssize_t n;

	ck_assert_msg(poll(&p, 1, ROLE_WAIT_MS) == 1, "it says nothing");
	n = recv(channel, role_bytes, sizeof role_bytes, 0);
	if (n <= 0)
		return false;
	ck_assert_msg(msg_decode(role_bytes, (size_t)n, &role_said), "message %u",
	              (unsigned)ls_get16(role_bytes));
	return true;
}

/* The next message of this type; events are passed over. */
static inline const struct msg *role_expect(int channel, enum msg_type type)
{
	do
		ck_assert_msg(role_hear(channel), "it hung up instead of %s", msg_info(type)->name);
	while (role_said.type == MSG_TYPE_EVENT && type != MSG_TYPE_EVENT);
	ck_assert_msg(role_said.type == type, "it said %s", msg_info(role_said.type)->name);
	return &role_said;
}

/* Another process is there: gives our end of the channel to it. */
static inline int role_join(const struct role *r, enum msg_role other)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ROLE_PUT(r->parent, peer_channel, pair[1], .role = (uint8_t)other);
	close(pair[1]);
	return pair[0];
}

/* Tells it a tunnel's settings: the defaults and what is given. */
static inline void role_tunnel(const struct role *r, uint32_t id, const struct conf_tunnel *t)
{
	uint8_t bytes[16384];
	struct wr w = wr_make(bytes, sizeof bytes);

	ck_assert(conf_tunnel_encode(&w, t));
	ROLE_PUT(r->parent, tunnel_set, -1, .tunnel = id, .conf = LS_BYTES(bytes, w.len));
}

/* Each of these must end the channel, and with it the process: gives whether it did. */
static inline bool role_gives_up(struct role *r)
{
	while (role_hear(r->parent))
		;
	return role_end(r) == EXIT_FAILURE;
}

#endif
