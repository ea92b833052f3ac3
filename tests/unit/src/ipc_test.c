/* Tests of channels between processes: order, descriptors, bounds, and that nothing forbidden is
 * handed on. */
#include "src/base/ipc.h"
#include "tests/unit/run.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
	struct ipc *ipc;
	unsigned progress, counters;
	uint32_t last;
	int kept_fd;
	bool ended;
	enum ipc_end why;
	bool free_in_handler;
};

static struct event_base *base;
static struct side parent, gateway;
static int pair[2];

static void on_progress(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct side *s = owner;

	ck_assert_uint_eq(from, MSG_ROLE_GATEWAY);
	ck_assert_int_eq(*fd, -1);
	if (s->progress > 0)
		ck_assert_uint_eq(m->progress.tunnel, s->last + 1);
	s->last = m->progress.tunnel;
	s->progress++;
	if (s->free_in_handler) {
		ipc_free(s->ipc);
		s->ipc = NULL;
	}
}

static void on_tun(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	struct side *s = owner;

	ck_assert_uint_eq(from, MSG_ROLE_PARENT);
	ck_assert_str_eq(m->tun.ifname, "hq");
	ck_assert_int_ge(*fd, 0);
	s->kept_fd = *fd;
	*fd = -1;
}

static void on_ended(void *owner, struct ipc *ipc, enum ipc_end why, const char *detail)
{
	struct side *s = owner;

	ck_assert_ptr_nonnull(detail);
	s->ended = true;
	s->why = why;
	ipc_free(ipc);
	s->ipc = NULL;
}

static const struct ipc_handler parent_handlers[] = {{MSG_TYPE_PROGRESS, on_progress}};
static const struct ipc_handler gateway_handlers[] = {{MSG_TYPE_TUN, on_tun}};
static const struct ipc_calls parent_calls = {parent_handlers, 1, on_ended},
			      gateway_calls = {gateway_handlers, 1, on_ended};

static void open_both(void)
{
	memset(&parent, 0, sizeof parent);
	memset(&gateway, 0, sizeof gateway);
	gateway.kept_fd = -1;
	base = event_base_new();
	ck_assert(ipc_pair(pair));
	parent.ipc =
		ipc_new(base, pair[0], MSG_ROLE_PARENT, MSG_ROLE_GATEWAY, &parent_calls, &parent);
	gateway.ipc =
		ipc_new(base, pair[1], MSG_ROLE_GATEWAY, MSG_ROLE_PARENT, &gateway_calls, &gateway);
	ck_assert(parent.ipc && gateway.ipc);
}

static void close_both(void)
{
	ipc_free(parent.ipc);
	ipc_free(gateway.ipc);
	event_base_free(base);
}

static void run(void)
{
	for (int i = 0; i < 200; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* A process that ends gets its last words out, but waits for nobody. */
START_TEST(flushing_sends_what_the_other_reads)
{
	enum { MANY = 20000 };
	size_t before;

	open_both();
	ck_assert_uint_eq(ipc_peer(gateway.ipc), MSG_ROLE_PARENT);
	ipc_flush(gateway.ipc, 1000); /* nothing to do */
	for (uint32_t i = 0; i < MANY; i++) {
		struct msg_progress m = {.tunnel = i};

		memset(m.text, 'p', sizeof m.text - 1);
		ck_assert(ipc_send_progress(gateway.ipc, &m, -1));
	}
	before = ipc_queued(gateway.ipc);
	ipc_flush(gateway.ipc, 1); /* nobody reads */
	ck_assert_uint_eq(ipc_queued(gateway.ipc), before);
	for (unsigned i = 0; ipc_queued(gateway.ipc) > 0; i++) {
		ck_assert_uint_lt(i, 10 * MANY);
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		ipc_flush(gateway.ipc, 0);
	}
	while (parent.progress < MANY && !parent.ended)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(parent.progress, MANY);
	close_both();
}
END_TEST

START_TEST(messages_arrive_in_order_also_through_the_queue)
{
	enum { MANY = 20000 };

	open_both();
	for (uint32_t i = 0; i < MANY; i++) {
		struct msg_progress m = {.tunnel = i};

		memset(m.text, 'p', sizeof m.text - 1);
		ck_assert(ipc_send_progress(gateway.ipc, &m, -1));
	}
	ck_assert_uint_gt(ipc_queued(gateway.ipc), 0);
	while (parent.progress < MANY && !parent.ended)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(parent.progress, MANY);
	ck_assert_uint_eq(ipc_queued(gateway.ipc), 0);
	close_both();
}
END_TEST

START_TEST(a_descriptor_travels_along)
{
	struct msg_tun m = {.tunnel = 1, .ifname = "hq"};
	int pipe_fd[2];
	char byte = 0;

	open_both();
	ck_assert_int_eq(pipe(pipe_fd), 0);
	ck_assert(ipc_send_tun(parent.ipc, &m, pipe_fd[1]));
	close(pipe_fd[1]);
	run();
	ck_assert_int_ge(gateway.kept_fd, 0);
	ck_assert_int_eq(fcntl(gateway.kept_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(write(gateway.kept_fd, "x", 1), 1);
	ck_assert_int_eq(read(pipe_fd[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	close(gateway.kept_fd);
	close(pipe_fd[0]);
	close_both();
}
END_TEST

START_TEST(a_descriptor_must_be_there_exactly_when_the_table_says_so)
{
	struct msg_tun tun = {.tunnel = 1, .ifname = "hq"};
	struct msg_progress progress = {.tunnel = 1};

	open_both();
	ck_assert(!ipc_send_tun(parent.ipc, &tun, -1));
	ck_assert(!ipc_send_progress(gateway.ipc, &progress, 0));
	run();
	ck_assert(!parent.ended && !gateway.ended && parent.progress == 0);
	close_both();
}
END_TEST

START_TEST(what_a_role_may_not_send_is_not_sent)
{
	struct msg_sa_switch m = {.chain = 1};

	open_both();
	ck_assert(!ipc_send_sa_switch(gateway.ipc, &m, -1));
	ck_assert(!ipc_send_sa_switch(parent.ipc, &m, -1));
	close_both();
}
END_TEST

/* Raw bytes from the gateway's side; the parent must end the channel. */
static void forged(const void *bytes, size_t len)
{
	open_both();
	ck_assert_int_eq(send(pair[1], bytes, len, 0), (ssize_t)len);
	run();
	ck_assert(parent.ended);
	ck_assert_int_eq(parent.why, IPC_END_BAD);
	ck_assert_uint_eq(parent.progress, 0);
	ck_assert_msg(gateway.ended && gateway.why == IPC_END_CLOSED,
	              "the other side sees the end");
	close_both();
}

START_TEST(bad_messages_end_the_channel)
{
	uint8_t bytes[300] = {0};
	struct msg_line_up from_parent = {.tunnel = 1};
	struct msg_progress progress = {.tunnel = 1, .text = "x"};
	struct msg_bye unexpected = {.role = MSG_ROLE_GATEWAY};
	struct wr w;

	forged("\0", 1);
	ls_put16(bytes, 999);
	forged(bytes, 2);
	w = wr_make(bytes, sizeof bytes);
	ck_assert(msg_encode_line_up(&w, &from_parent));
	forged(bytes, w.len);
	w = wr_make(bytes, sizeof bytes);
	ck_assert(msg_encode_progress(&w, &progress));
	forged(bytes, w.len - 1);
	forged(bytes, w.len + 1);
	w = wr_make(bytes, sizeof bytes);
	ck_assert(msg_encode_bye(&w, &unexpected));
	forged(bytes, w.len);
}
END_TEST

START_TEST(the_end_of_a_process_is_seen)
{
	open_both();
	ipc_free(gateway.ipc);
	gateway.ipc = NULL;
	run();
	ck_assert(parent.ended);
	ck_assert_int_eq(parent.why, IPC_END_CLOSED);
	close_both();
}
END_TEST

START_TEST(a_channel_may_be_freed_by_its_handler)
{
	struct msg_progress m = {.tunnel = 1};

	open_both();
	parent.free_in_handler = true;
	ck_assert(ipc_send_progress(gateway.ipc, &m, -1));
	ck_assert(ipc_send_progress(gateway.ipc, &m, -1));
	run();
	ck_assert_uint_eq(parent.progress, 1);
	ck_assert_ptr_null(parent.ipc);
	close_both();
}
END_TEST

START_TEST(a_process_that_does_not_read_is_given_up)
{
	struct msg_progress m = {.text = "still waiting"};
	bool ok = true;

	open_both();
	for (int i = 0; ok && i < 2 * IPC_QUEUE_MAX_MESSAGES; i++)
		ok = ipc_send_progress(gateway.ipc, &m, -1);
	ck_assert_msg(!ok, "the queue has a bound");
	close_both();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("ipc");

	tcase_add_test(t, flushing_sends_what_the_other_reads);
	tcase_add_test(t, messages_arrive_in_order_also_through_the_queue);
	tcase_add_test(t, a_descriptor_travels_along);
	tcase_add_test(t, a_descriptor_must_be_there_exactly_when_the_table_says_so);
	tcase_add_test(t, what_a_role_may_not_send_is_not_sent);
	tcase_add_test(t, bad_messages_end_the_channel);
	tcase_add_test(t, the_end_of_a_process_is_seen);
	tcase_add_test(t, a_channel_may_be_freed_by_its_handler);
	tcase_add_test(t, a_process_that_does_not_read_is_given_up);
	tcase_set_timeout(t, 60);
	return run_cases("src/ipc", t);
}
