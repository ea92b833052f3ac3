/* Tests of the parent with its three processes, which are real ones: their start, their end, and
 * what follows from it. */
#include "lib/algo.h"
#include "tests/unit/src/parent_alone.h"
#include "tests/unit/src/role_self.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

enum { PATIENCE_S = 60 };

static struct event *on_child, *patience;
static bool out_of_patience;

static void reap(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	parent_children_reap(arg);
}

static void waited(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	out_of_patience = true;
}

/* With this as the directory of the processes: its name is told to them. */
static void start_in(const char *empty)
{
	struct timeval t = {.tv_sec = PATIENCE_S};
	struct listen_wish wish = {.ike_port = 500, .nat_port = 4500};
	char error[PARENT_ERROR_MAX];

	log_open(false, LOG_LEVEL_ERROR);
	alone_make("{ name = \"hq\"; " ALONE_WAITS " }, { name = \"lab\"; " ALONE_WAITS " }");
	snprintf(p->run_dir.empty, sizeof p->run_dir.empty, "%s/%s", alone_dir, empty);
	ck_assert_int_eq(mkdir(p->run_dir.empty, 0755), 0);
	on_child = evsignal_new(p->base, SIGCHLD, reap, p);
	patience = evtimer_new(p->base, waited, NULL);
	p->ready_timer = evtimer_new(p->base, waited, NULL);
	ck_assert(evsignal_add(on_child, NULL) == 0 && evtimer_add(patience, &t) == 0);
	ck_assert_msg(listen_open(&p->listen, &wish, error, sizeof error), "%s", error);
	alone_tunnels_make();
	ck_assert(parent_children_start(p));
}

static void step(void)
{
	ck_assert_msg(!out_of_patience, "nothing happened for %d s", PATIENCE_S);
	event_base_loop(p->base, EVLOOP_ONCE);
}

static void become_ready(void)
{
	start_in("empty");
	while (!p->ready && !p->failed)
		step();
	ck_assert(p->ready && !p->failed);
}

static void take_down(void)
{
	p->ending = 99;
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		child_kill(&p->child[i]);
		if (p->child[i].pid > 0)
			waitpid(p->child[i].pid, NULL, 0);
		event_free(p->child[i].again);
	}
	event_free(on_child);
	event_free(patience);
	event_free(p->ready_timer);
	listen_close(&p->listen);
	rmdir(p->run_dir.empty);
	alone_end();
}

/* A line of /proc/PID/status. */
static unsigned long status_of(pid_t pid, const char *key)
{
	char path[64], line[256];
	unsigned long value = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoul(line + strlen(key), NULL,
			                strcmp(key, "CapEff:") == 0 ? 16 : 10);
	fclose(f);
	return value;
}

START_TEST(all_get_ready)
{
	become_ready();
	ck_assert_str_eq(alone_event(CAUSE_DAEMON_READY)->text, "2 tunnels");
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		const struct child *c = &p->child[i];

		ck_assert(c->pid > 0 && c->ready);
		ck_assert_int_eq(c->role, alone_roles[i]);
		/* It has given everything up. */
		ck_assert_uint_ne(status_of(c->pid, "Uid:"), 0);
		ck_assert_uint_eq(status_of(c->pid, "CapEff:"), 0);
	}
	take_down();
}
END_TEST

/* Whichever it is: the others go on, and it is back. */
START_TEST(one_that_is_killed_comes_back)
{
	struct child *c;
	pid_t before[PARENT_CHILDREN];
	char text[128];

	become_ready();
	c = &p->child[_i];
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		before[i] = p->child[i].pid;
	kill(c->pid, SIGKILL);
	while (c->restarts == 0 || !c->ready)
		step();
	snprintf(text, sizeof text, "%s was killed by signal 9 (Killed)", msg_role_name(c->role));
	ck_assert_str_eq(alone_event(CAUSE_PROC_DIED)->text, text);
	ck_assert_str_eq(alone_event(CAUSE_PROC_BACK)->text, msg_role_name(c->role));
	for (unsigned i = 0; i < PARENT_CHILDREN; i++) {
		ck_assert_int_eq(p->child[i].pid == before[i], &p->child[i] != c);
		ck_assert_int_eq(kill(p->child[i].pid, 0), 0);
	}
	ck_assert_uint_eq(c->restarts, 1);
	take_down();
}
END_TEST

/* With the gateway all lines are gone: the interface says so, and so do people's tools. */
START_TEST(lines_end_with_the_gateway)
{
	struct msg_line_state up = {.tunnel = 1, .state = MSG_LINE_UP};
	struct msg_iface_up iface = {.tunnel = 1,
	                             .local4 = ls_addr_v4(0x0a090001, 0),
	                             .remote4 = ls_addr_v4(0x0a090002, 0),
	                             .peer = ls_addr_v4(0xc0000207, 0),
	                             .encr = ALGO_AES256_GCM,
	                             .peer_mru = 1500};
	struct child *c;

	become_ready();
	/* As the gateway says it; this one knows nothing of it. */
	parent_line_state(p, &up);
	parent_iface_up(p, &iface);
	ck_assert(p->tunnels->iface.up);
	c = parent_child(p, MSG_ROLE_GATEWAY);
	kill(c->pid, SIGKILL);
	while (c->restarts == 0 || !c->ready)
		step();
	ck_assert(!p->tunnels->iface.up);
	ck_assert_uint_ne(p->tunnels->line.state, MSG_LINE_UP);
	ck_assert_int_eq(p->tunnels->failure.event.cause, CAUSE_PROC_DIED);
	ck_assert_ptr_nonnull(alone_event(CAUSE_LINE_DOWN));
	take_down();
}
END_TEST

/* Before all are ready there is nothing to go on with. */
START_TEST(one_that_ends_at_the_start_is_the_end)
{
	start_in("fails");
	while (!p->failed)
		step();
	ck_assert(!p->ready);
	ck_assert_int_eq(p->status, EXIT_FAILURE);
	take_down();
}
END_TEST

/* keys reads the secrets, and a wrong file at the start is the end; later it is told. */
START_TEST(secrets_that_are_wrong)
{
	char error[PARENT_ERROR_MAX];

	become_ready();
	alone_file(alone_secrets, "psks: ( { secrte = \"x\"; } );\n", 0600);
	ck_assert(parent_secrets_send(p, error, sizeof error));
	while (!alone_event(CAUSE_SECRETS_REFUSED))
		step();
	ck_assert_ptr_nonnull(strstr(alone_event(CAUSE_SECRETS_REFUSED)->text, "secrte"));
	ck_assert(!p->failed);
	/* A file that cannot be opened is not sent. */
	unlink(alone_secrets);
	ck_assert(!parent_secrets_send(p, error, sizeof error));
	ck_assert_ptr_nonnull(strstr(error, alone_secrets));
	ck_assert(!p->failed);
	p->ready = false;
	ck_assert(!parent_secrets_send(p, error, sizeof error));
	ck_assert(p->failed);
	take_down();
}
END_TEST

/* It says what it may not say: it is trusted no more. */
START_TEST(one_that_misspeaks_is_ended)
{
	struct child *c;

	become_ready();
	c = parent_child(p, MSG_ROLE_KEYS);
	rmdir(p->run_dir.empty);
	snprintf(p->run_dir.empty, sizeof p->run_dir.empty, "%s/misspeak", alone_dir);
	kill(c->pid, SIGKILL);
	while (!alone_event(CAUSE_PROC_UNTRUSTED) || c->restarts < 2)
		step();
	ck_assert_str_eq(alone_event(CAUSE_PROC_DIED)->text,
	                 "keys was killed by signal 9 (Killed)");
	take_down();
}
END_TEST

static _Noreturn void misspeak(void)
{
	(void)!write(PROC_CHANNEL_FD, "\xff\xff what?", 8);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	TCase *tc;
	const char *dir = getenv("L2TPSECD_EMPTY_DIR");

	if (role_is_wanted(argc, argv) && dir && strstr(dir, "/misspeak"))
		misspeak();
	if (role_is_wanted(argc, argv) && dir && strstr(dir, "/fails") &&
	    msg_role_by_name(argv[2]) == MSG_ROLE_GATEWAY)
		return EXIT_FAILURE;
	if (role_is_wanted(argc, argv))
		return role_run(argv[2]);
	if (!netns_can("parent_child"))
		return EXIT_SUCCESS;
	tc = tcase_create("parent_child");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, all_get_ready);
	tcase_add_loop_test(tc, one_that_is_killed_comes_back, 0, PARENT_CHILDREN);
	tcase_add_test(tc, lines_end_with_the_gateway);
	tcase_add_test(tc, one_that_ends_at_the_start_is_the_end);
	tcase_add_test(tc, secrets_that_are_wrong);
	tcase_add_test(tc, one_that_misspeaks_is_ended);
	return run_cases("parent_child", tc);
}
