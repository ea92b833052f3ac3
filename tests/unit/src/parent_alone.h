/* Test helper: a parent in a network namespace of its own, without processes: the test is at the
 * other ends of its channels. */
#ifndef TESTS_UNIT_SRC_PARENT_ALONE_H
#define TESTS_UNIT_SRC_PARENT_ALONE_H

#include "src/parent/control_server.h"
#include "src/parent/parent.h"
#include "tests/unit/run.h"
#include "tests/unit/src/netns.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* What each tunnel that waits for a caller has to say. */
#define ALONE_WAITS "start = \"wait\"; ppp: { local = \"10.9.0.1\"; remote = \"10.9.0.2\"; };"

static struct parent *p;
/* Its directory, and in it the configuration and the secrets. */
static char alone_dir[64], alone_config[80], alone_secrets[80];
static int alone_far[PARENT_CHILDREN];
static const enum msg_role alone_roles[PARENT_CHILDREN] = {MSG_ROLE_KEYS, MSG_ROLE_IKE,
                                                           MSG_ROLE_GATEWAY};

static inline void alone_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

/* Writes the configuration: these lines of `gateway`, and tunnels. */
static inline void alone_configure(const char *gateway, const char *tunnels)
{
	char text[8192];

	snprintf(text, sizeof text,
	         "gateway: { identity = \"us.example\"; secrets = \"%s\"; %s };\ntunnels: "
	         "(\n%s\n);\n",
	         alone_secrets, gateway, tunnels);
	alone_file(alone_config, text, 0644);
}

/* The directory and what is in it. */
static inline void alone_files(const char *tunnels)
{
	snprintf(alone_dir, sizeof alone_dir, "/tmp/parent_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(alone_dir));
	ck_assert_int_eq(chmod(alone_dir, 0755), 0);
	snprintf(alone_config, sizeof alone_config, "%s/conf", alone_dir);
	snprintf(alone_secrets, sizeof alone_secrets, "%s/secrets", alone_dir);
	alone_file(alone_secrets,
	           "psks: ( { secret = \"long and random\"; } );\n"
	           "users: ( { name = \"us\"; password = \"another one\"; } );\n",
	           0600);
	alone_configure("", tunnels);
}

static inline void alone_files_remove(void)
{
	unlink(alone_config);
	unlink(alone_secrets);
	ck_assert_msg(rmdir(alone_dir) == 0, "something is left in %s", alone_dir);
}

static inline void alone_ended(void *owner, struct ipc *ipc, enum ipc_end end, const char *detail)
{
	struct child *c = parent_child(owner, ipc_peer(ipc));

	(void)end;
	(void)detail;
	ipc_free(ipc);
	c->ipc = NULL;
}

/* A parent with its configuration read, and nothing more. */
static inline void alone_make(const char *tunnels)
{
	struct conf_errors errors = {0};

	alone_files(tunnels);
	netns_enter();
	p = calloc(1, sizeof *p);
	ck_assert_ptr_nonnull(p);
	p->options.config = alone_config;
	p->waiter_fd = -1;
	child_log_init(&p->child_log);
	p->base = event_base_new();
	p->netlink = netlink_open();
	ck_assert(p->base && p->netlink);
	ck_assert_msg(conf_load(alone_config, &p->conf, &errors), "%s", errors.line[0]);
	ck_assert(parent_gateway_encode(p));
}

static inline void alone_tunnels_make(void)
{
	char error[PARENT_ERROR_MAX];

	for (size_t i = 0; i < p->conf.tunnel_count; i++)
		ck_assert_msg(parent_tunnel_new(p, &p->conf.tunnels[i], error, sizeof error), "%s",
		              error);
}

/* And one that serves: its tunnels made, its processes ready. */
static inline void alone_begin(const char *tunnels)
{
	static const struct ipc_calls calls = {.ended = alone_ended};
	int pair[2];

	alone_make(tunnels);
	p->ready = true;
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		ck_assert(ipc_pair(pair));
		p->child[i].role = alone_roles[i];
		p->child[i].ready = true;
		p->child[i].ipc =
			ipc_new(p->base, pair[0], MSG_ROLE_PARENT, alone_roles[i], &calls, p);
		ck_assert_ptr_nonnull(p->child[i].ipc);
		alone_far[i] = pair[1];
	}
	alone_tunnels_make();
}

static inline void alone_end(void)
{
	while (p->tunnels)
		parent_tunnel_free(p, p->tunnels);
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		ipc_free(p->child[i].ipc);
		if (alone_far[i] > 0)
			close(alone_far[i]);
	}
	parent_pki_free(p);
	netlink_close(p->netlink);
	conf_free(&p->conf);
	free(p->gateway_encoded);
	event_base_free(p->base);
	free(p);
	alone_files_remove();
}

static inline int alone_far_of(enum msg_role role)
{
	return alone_far[role == MSG_ROLE_KEYS ? 0 : role == MSG_ROLE_IKE ? 1 : 2];
}

/* The next message to that process; false: there is none. *fd: what came along, or -1. */
static inline bool alone_told(enum msg_role role, struct msg *m, int *fd)
{
	static uint8_t bytes[MSG_SIZE_MAX];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof *fd)];
	struct iovec part = {bytes, sizeof bytes};
	struct msghdr h = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = sizeof control};
	ssize_t n = recvmsg(alone_far_of(role), &h, MSG_DONTWAIT);

	*fd = -1;
	if (n <= 0)
		return false;
	if (CMSG_FIRSTHDR(&h))
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof *fd);
	ck_assert(msg_decode(bytes, (size_t)n, m));
	return true;
}

/* The next message to it is of this type. */
static inline void alone_is_told(enum msg_role role, enum msg_type type, struct msg *m)
{
	int fd;

	ck_assert_msg(alone_told(role, m, &fd), "%s is told nothing", msg_role_name(role));
	ck_assert_msg(m->type == type, "%s is told %s", msg_role_name(role),
	              msg_info(m->type)->name);
	if (fd >= 0)
		close(fd);
}

static inline void alone_is_told_nothing(enum msg_role role)
{
	struct msg m;
	int fd;

	ck_assert_msg(!alone_told(role, &m, &fd), "%s is told %s", msg_role_name(role),
	              msg_info(m.type)->name);
}

/* The newest event with this cause; NULL if there is none. */
static inline const struct ls_event *alone_event(enum ls_cause cause)
{
	const struct history_entry *e;
	const struct ls_event *found = NULL;
	uint64_t at = 0;

	while ((e = history_next(&p->history, 0, &at)))
		if (e->event.cause == cause)
			found = &e->event;
	return found;
}

#endif
