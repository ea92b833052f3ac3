/* Tests of the admin socket: who may ask, how many, and what happens to those who do not keep to
 * it. */
#include "tests/unit/src/ask.h"

#include <grp.h>
#include <sys/wait.h>

enum { NOBODY = 65534 };

static void set_up(void)
{
	ask_begin("{ name = \"hq\"; " ALONE_WAITS " }");
}

/* A process of this user and these groups asks; what it gets is read here. */
static int ask_as(uid_t uid, gid_t gid, gid_t also, unsigned command)
{
	int pair[2], status, fd = -1;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
	struct iovec part = {&status, sizeof status};
	struct msghdr h = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = sizeof control};
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		struct control_request r = {.command = (uint8_t)command};
		struct sockaddr_un at = {.sun_family = AF_UNIX};
		uint8_t bytes[CONTROL_REQUEST_MAX];
		size_t len = control_request_encode(&r, bytes);

		snprintf(at.sun_path, sizeof at.sun_path, "%s", ask_path);
		fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		if (setgroups(1, &also) < 0 || setresgid(gid, gid, gid) < 0 ||
		    setresuid(uid, uid, uid) < 0 ||
		    connect(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
		    send(fd, bytes, len, 0) < 0)
			_exit(1);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
		_exit(sendmsg(pair[1], &h, 0) < 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_gt(recvmsg(pair[0], &h, 0), 0);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof fd);
	close(pair[0]);
	close(pair[1]);
	return fd;
}

static const unsigned all[] = {
	CONTROL_STATUS,   CONTROL_UP,     CONTROL_DOWN,         CONTROL_WHY,    CONTROL_RELOAD,
	CONTROL_COUNTERS, CONTROL_EVENTS, CONTROL_VERSION_SHOW, CONTROL_CONFIG, CONTROL_KEYS};

START_TEST(strangers_get_a_sentence_and_are_told_of)
{
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		ask_is_over(ask_as(NOBODY, NOBODY, NOBODY, all[i]), 2, "only root may do this");
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		alone_is_told_nothing(alone_roles[i]);
	ck_assert_uint_eq(p->counters.by_cause[CAUSE_CONTROL_REFUSED], sizeof all / sizeof all[0]);
	ck_assert_ptr_nonnull(
		strstr(alone_event(CAUSE_CONTROL_REFUSED)->text, "user number 65534"));
}
END_TEST

/* They look, and that is all. */
START_TEST(members_of_the_group_may_look)
{
	const struct group *g = getgrnam("daemon");

	ck_assert_ptr_nonnull(g);
	snprintf(p->conf.gateway.control_group, sizeof p->conf.gateway.control_group, "daemon");
	control_group_find(p);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		int fd = ask_as(NOBODY, g->gr_gid, NOBODY, all[i]);
		json_t *o = NULL;
		bool refused = false;

		ask_serve();
		while ((o = ask_answer(fd))) {
			refused |= strstr(ask_text(o, "message"), "only root") != NULL;
			json_decref(o);
		}
		ck_assert_int_eq(refused, !control_command_reads(all[i]));
		close(fd);
	}
	ask_is_over(ask_as(NOBODY, NOBODY, NOBODY, CONTROL_STATUS), 2, "only root may do this");
	/* Its group beside others counts as well. */
	ask_is_over(ask_as(NOBODY, NOBODY, g->gr_gid, CONTROL_RELOAD), 2, "only root may do this");
	int fd = ask_as(NOBODY, NOBODY, g->gr_gid, CONTROL_VERSION_SHOW);
	json_decref(ask_gives(fd, "version"));
	ask_is_over(fd, 0, "");
}
END_TEST

/* A group that is not there, or no longer named, has no members: not those of group 0 either. */
START_TEST(without_a_group_nobody_may_look)
{
	static const char *const names[] = {"", "no-such-group-here"};

	for (unsigned i = 0; i < 2; i++) {
		snprintf(p->conf.gateway.control_group, sizeof p->conf.gateway.control_group, "%s",
		         names[i]);
		control_group_find(p);
		ask_is_over(ask_as(NOBODY, 0, 0, CONTROL_STATUS), 2, "only root may do this");
	}
}
END_TEST

/* Whoever asks on and on does not push all else out of the history; all are counted. */
START_TEST(a_flood_of_strangers_is_not_all_told)
{
	uint64_t before = p->history.count, told;
	ls_time began = clock_now();

	for (unsigned i = 0; i < 50; i++)
		ask_is_over(ask_as(NOBODY, NOBODY, NOBODY, CONTROL_KEYS), 2, "only root");
	ck_assert_uint_eq(p->counters.by_cause[CAUSE_CONTROL_REFUSED], 50);
	told = p->history.count - before;
	ck_assert_uint_ge(told, 20);
	ck_assert_uint_le(told, 20 * (uint64_t)((clock_now() - began) / LS_S(1) + 2));
}
END_TEST

START_TEST(another_version_is_told_what_to_do)
{
	int fd = ask_connect();
	uint8_t bytes[4] = {CONTROL_VERSION + 1, CONTROL_STATUS, 0, 0};

	send(fd, bytes, sizeof bytes, 0);
	ask_is_over(fd, 2, "restart the daemon");
}
END_TEST

START_TEST(nonsense_is_refused)
{
	static const uint8_t unknown[5] = {CONTROL_VERSION, 99, 0, 0, 0},
			     longer[7] = {CONTROL_VERSION, CONTROL_STATUS, 0, 0, 0, 1, 2},
			     shorter[4] = {CONTROL_VERSION, CONTROL_STATUS, 0, 0};
	int fd;

	fd = ask_connect();
	send(fd, unknown, sizeof unknown, 0);
	ask_is_over(fd, 2, "malformed");
	fd = ask_connect();
	send(fd, longer, sizeof longer, 0);
	ask_is_over(fd, 2, "malformed");
	fd = ask_connect();
	send(fd, shorter, sizeof shorter, 0);
	ask_is_over(fd, 2, "malformed");
	/* Gone before it has asked, and before it is answered. */
	close(ask_connect());
	close(ask(CONTROL_STATUS, 0, ""));
	ask_serve();
	ck_assert_uint_eq(p->control->count, 0);
}
END_TEST

/* One request a connection: the second ends it. */
START_TEST(a_second_request_ends_the_connection)
{
	int fd = ask(CONTROL_EVENTS, CONTROL_FLAG_FOLLOW, "");
	uint8_t byte;

	ask_gives_nothing(fd);
	ck_assert_uint_eq(p->control->count, 1);
	send(fd, "again", 5, 0);
	ask_serve();
	ck_assert_uint_eq(p->control->count, 0);
	ck_assert_int_le(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
	close(fd);
}
END_TEST

/* Nobody can keep root out, nor one user all others. */
START_TEST(connections_are_bounded)
{
	int of_nobody[CONTROL_USER_MAX + 4], of_root[CONTROL_CLIENTS_MAX + 4];

	snprintf(p->conf.gateway.control_group, sizeof p->conf.gateway.control_group, "daemon");
	control_group_find(p);
	for (unsigned i = 0; i < CONTROL_USER_MAX + 4; i++) {
		/* They ask for what is not answered soon, so that they stay. */
		of_nobody[i] = ask_as(NOBODY, getgrnam("daemon")->gr_gid, NOBODY, CONTROL_STATUS);
		ask_serve();
		ck_assert_uint_eq(p->control->count,
		                  i < CONTROL_USER_MAX ? i + 1 : CONTROL_USER_MAX);
	}
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX + 4; i++) {
		of_root[i] = ask_connect();
		ask_serve();
	}
	ck_assert_uint_eq(p->control->count, CONTROL_CLIENTS_MAX);
	for (unsigned i = 0; i < CONTROL_USER_MAX + 4; i++)
		close(of_nobody[i]);
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX + 4; i++)
		close(of_root[i]);
	ask_serve();
	ck_assert_uint_eq(p->control->count, 0);
	close(ask(CONTROL_VERSION_SHOW, 0, ""));
}
END_TEST

/* One that follows but does not read is let go; the daemon's memory is not its buffer. */
START_TEST(one_that_does_not_read_is_let_go)
{
	struct ls_event e = {.cause = CAUSE_PEER_SILENT};
	int fd = ask(CONTROL_EVENTS, CONTROL_FLAG_FOLLOW, "");
	unsigned n = 0;
	size_t most = 0;
	json_t *o;

	memset(e.text, 'x', sizeof e.text - 1);
	log_open(false, LOG_LEVEL_ERROR);
	while (p->control->clients && !p->control->clients->ending && n < 100000) {
		parent_event(p, MSG_ROLE_IKE, &e);
		n++;
		if (p->control->clients->queued_bytes > most)
			most = p->control->clients->queued_bytes;
	}
	ck_assert(p->control->clients->ending);
	ck_assert_uint_le(most, CONTROL_QUEUE_MAX_BYTES);
	/* What was queued is sent, then it is closed. */
	for (unsigned i = 0; (o = ask_answer(fd)); i++)
		json_decref(o);
	ask_serve();
	ck_assert_uint_eq(p->control->count, 0);
	close(fd);
}
END_TEST

START_TEST(the_socket_is_for_all_to_ask_at)
{
	struct stat s;
	char error[200] = "";
	struct parent other = {.base = p->base};

	ck_assert_int_eq(stat(ask_path, &s), 0);
	ck_assert(S_ISSOCK(s.st_mode));
	ck_assert_uint_eq(s.st_mode & 0777, 0666);
	/* A place that is taken. */
	ck_assert(!control_open(&other, ask_path, error, sizeof error));
	ck_assert_ptr_nonnull(strstr(error, ask_path));
	control_close(&other);
	ck_assert_ptr_null(other.control);
	control_close(&other);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("control_server");

	if (!netns_can("control_server"))
		return EXIT_SUCCESS;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, ask_end);
	tcase_add_test(tc, the_socket_is_for_all_to_ask_at);
	tcase_add_test(tc, strangers_get_a_sentence_and_are_told_of);
	tcase_add_test(tc, members_of_the_group_may_look);
	tcase_add_test(tc, without_a_group_nobody_may_look);
	tcase_add_test(tc, a_flood_of_strangers_is_not_all_told);
	tcase_add_test(tc, another_version_is_told_what_to_do);
	tcase_add_test(tc, nonsense_is_refused);
	tcase_add_test(tc, a_second_request_ends_the_connection);
	tcase_add_test(tc, connections_are_bounded);
	tcase_add_test(tc, one_that_does_not_read_is_let_go);
	return run_cases("control_server", tc);
}
