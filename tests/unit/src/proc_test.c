/* Tests of the frame of every child process, in a child with the test at the other ends: start, its
 * own messages, what it tells, and how it ends. */
#include "src/base/proc.h"
#include "src/base/sandbox.h"
#include "tests/unit/src/role.h"

#include <signal.h>

static struct role r;
static struct proc *proc;

/* The role under test tells the parent of each thing that happens to it. */
static void note(const char *text, uint32_t number)
{
	proc_tell(proc, number, CAUSE_INTERNAL, NULL, "%s", text);
}

static void on_status_ask(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)from;
	(void)fd;
	if (owner != &r)
		note("another owner", 0);
	/* As many happenings as it is told to tell. */
	for (uint32_t i = 0; i < m->status_ask.tunnel; i++)
		note("again", 5);
	struct msg_status_end end = {.id = m->status_ask.id, .role = MSG_ROLE_IKE};

	proc_send_status_end(proc, MSG_ROLE_PARENT, &end);
}

static void on_shutdown(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)owner;
	(void)from;
	(void)m;
	(void)fd;
	proc_stop(proc);
}

static void on_spi_answer(void *owner, enum msg_role from, const struct msg *m, int *fd)
{
	(void)owner;
	(void)fd;
	note(from == MSG_ROLE_GATEWAY ? "spi of the gateway" : "spi of another", m->spi_answer.spi);
}

static void peer_there(void *owner, enum msg_role peer)
{
	(void)owner;
	note(proc_has(proc, peer) ? "there" : "there without a channel", peer);
}

static void peer_lost(void *owner, enum msg_role peer)
{
	(void)owner;
	note(proc_has(proc, peer) ? "lost with a channel" : "lost", peer);
}

static const struct ipc_handler handlers[] = {{MSG_TYPE_STATUS_ASK, on_status_ask},
                                              {MSG_TYPE_SHUTDOWN, on_shutdown},
                                              {MSG_TYPE_SPI_ANSWER, on_spi_answer}};

static int run(void)
{
	static const struct proc_role role = {.role = MSG_ROLE_IKE,
	                                      .handlers = handlers,
	                                      .handler_count = 3,
	                                      .peer_there = peer_there,
	                                      .peer_lost = peer_lost};
	int status = EXIT_FAILURE;

	proc = proc_new(&role, &r);
	if (proc && proc_base(proc) && proc_sandbox(proc))
		status = proc_loop(proc);
	proc_free(proc);
	return status;
}

static void set_up(void)
{
	role_start(&r, MSG_ROLE_IKE, run);
	ck_assert_uint_eq(role_expect(r.parent, MSG_TYPE_READY)->ready.role, MSG_ROLE_IKE);
}

static void is_told(const char *text, uint32_t number)
{
	role_expect(r.parent, MSG_TYPE_EVENT);
	ck_assert_uint_eq(role_said.event.role, MSG_ROLE_IKE);
	ck_assert_str_eq(role_said.event.event.text, text);
	ck_assert_uint_eq(role_said.event.event.tunnel, number);
}

START_TEST(it_ends_in_order_when_it_is_told)
{
	int status;

	set_up();
	ROLE_PUT(r.parent, shutdown, -1, .wait_ms = 1);
	ck_assert_uint_eq(role_expect(r.parent, MSG_TYPE_BYE)->bye.role, MSG_ROLE_IKE);
	status = role_wait(&r);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
	close(r.parent);
}
END_TEST

START_TEST(it_does_not_outlive_its_parent)
{
	set_up();
	ck_assert_int_eq(role_end(&r), EXIT_FAILURE);
}
END_TEST

/* They reach the whole group: ending is the parent's decision. */
START_TEST(signals_are_the_parent_s)
{
	static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2};

	set_up();
	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		ck_assert_int_eq(kill(r.pid, all[i]), 0);
	ROLE_PUT(r.parent, status_ask, -1, .id = 1);
	role_expect(r.parent, MSG_TYPE_STATUS_END);
	ck_assert_int_eq(role_end(&r), EXIT_FAILURE);
}
END_TEST

START_TEST(peers_come_and_go)
{
	int first, second;

	set_up();
	first = role_join(&r, MSG_ROLE_GATEWAY);
	is_told("there", MSG_ROLE_GATEWAY);
	ROLE_PUT(first, spi_answer, -1, .spi = 11);
	is_told("spi of the gateway", 11);
	/* A new channel takes the place of the old one. */
	second = role_join(&r, MSG_ROLE_GATEWAY);
	is_told("lost", MSG_ROLE_GATEWAY);
	is_told("there", MSG_ROLE_GATEWAY);
	ck_assert(!role_hear(first));
	close(first);
	ROLE_PUT(second, spi_answer, -1, .spi = 12);
	is_told("spi of the gateway", 12);
	ROLE_PUT(r.parent, peer_lost, -1, .role = MSG_ROLE_GATEWAY);
	is_told("lost", MSG_ROLE_GATEWAY);
	ck_assert(!role_hear(second));
	close(second);
	/* Said twice, it happened once. */
	ROLE_PUT(r.parent, peer_lost, -1, .role = MSG_ROLE_GATEWAY);
	first = role_join(&r, MSG_ROLE_KEYS);
	is_told("there", MSG_ROLE_KEYS);
	close(first);
	is_told("lost", MSG_ROLE_KEYS);
	ck_assert_int_eq(role_end(&r), EXIT_FAILURE);
}
END_TEST

/* Neither to itself nor to the parent nor to nobody. */
START_TEST(channels_to_no_peer_are_closed)
{
	static const enum msg_role none[] = {MSG_ROLE_IKE, MSG_ROLE_PARENT, 0, 16, 255};
	int channel;

	set_up();
	channel = role_join(&r, none[_i]);
	ck_assert(!role_hear(channel));
	close(channel);
	ROLE_PUT(r.parent, status_ask, -1, .id = 1);
	ck_assert(role_hear(r.parent) && role_said.type == MSG_TYPE_STATUS_END);
	ck_assert_int_eq(role_end(&r), EXIT_FAILURE);
}
END_TEST

START_TEST(a_peer_that_goes_wrong_is_named)
{
	int gateway;

	set_up();
	gateway = role_join(&r, MSG_ROLE_GATEWAY);
	is_told("there", MSG_ROLE_GATEWAY);
	role_put(gateway, "\xff\xff", 2, -1);
	role_expect(r.parent, MSG_TYPE_EVENT);
	ck_assert_uint_eq(role_said.event.event.cause, CAUSE_PROC_UNTRUSTED);
	ck_assert_ptr_nonnull(
		strstr(role_said.event.event.text, "ike does not speak with gateway any more"));
	is_told("lost", MSG_ROLE_GATEWAY);
	ck_assert(!role_hear(gateway));
	close(gateway);
	ck_assert_int_eq(role_end(&r), EXIT_FAILURE);
}
END_TEST

/* What happens as fast as a peer can send is not told as often. */
START_TEST(happenings_do_not_drown_the_parent)
{
	enum { MANY = 5000 };
	unsigned told = 0;

	set_up();
	ROLE_PUT(r.parent, status_ask, -1, .id = 1, .tunnel = MANY);
	while (role_hear(r.parent) && role_said.type == MSG_TYPE_EVENT)
		told++;
	ck_assert_uint_eq(role_said.type, MSG_TYPE_STATUS_END);
	ck_assert_uint_ge(told, 50);
	/* The run may have seen some seconds begin. */
	ck_assert_uint_le(told, MANY / 2);
	ck_assert_int_eq(role_end(&r), EXIT_FAILURE);
}
END_TEST

static int run_without_a_root(void)
{
	unsetenv("L2TPSECD_EMPTY_DIR");
	return run();
}

/* Without a user of its own it takes a number, and says so. */
START_TEST(a_user_that_is_missing_is_told)
{
	bool missing = geteuid() == 0 && !sandbox_user_of(MSG_ROLE_IKE).named, told = false;

	role_start(&r, MSG_ROLE_IKE, run);
	while (role_hear(r.parent) && role_said.type != MSG_TYPE_READY)
		told |= role_said.type == MSG_TYPE_EVENT &&
		        role_said.event.event.cause == CAUSE_PROC_USER;
	ck_assert(told == missing);
	ck_assert_uint_eq(role_said.type, MSG_TYPE_READY);
	role_end(&r);
}
END_TEST

START_TEST(without_its_sandbox_it_does_not_serve)
{
	role_start(&r, MSG_ROLE_IKE, run_without_a_root);
	while (role_hear(r.parent))
		ck_assert_uint_ne(role_said.type, MSG_TYPE_READY);
	ck_assert_int_eq(role_end(&r), EXIT_FAILURE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("proc");

	tcase_add_test(tc, it_ends_in_order_when_it_is_told);
	tcase_add_test(tc, it_does_not_outlive_its_parent);
	tcase_add_test(tc, signals_are_the_parent_s);
	tcase_add_test(tc, peers_come_and_go);
	tcase_add_loop_test(tc, channels_to_no_peer_are_closed, 0, 5);
	tcase_add_test(tc, a_peer_that_goes_wrong_is_named);
	tcase_add_test(tc, happenings_do_not_drown_the_parent);
	tcase_add_test(tc, a_user_that_is_missing_is_told);
	tcase_add_test(tc, without_its_sandbox_it_does_not_serve);
	return run_cases("proc", tc);
}
