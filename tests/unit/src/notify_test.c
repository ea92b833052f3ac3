/* Tests of the word to the service manager, which is a datagram socket of the test's here. */
#include "src/parent/notify.h"

#include "tests/unit/run.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[64];

/* A manager that listens at this name ('@': an abstract one), and is named to us. */
static int manager(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	size_t len = strlen(name);

	ck_assert_uint_lt(len, sizeof at.sun_path);
	memcpy(at.sun_path, name, len);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at,
	                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	                 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static const char *heard(int fd)
{
	static char text[256];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void set_up(void)
{
	snprintf(dir, sizeof dir, "/tmp/notify_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void take_down(void)
{
	rmdir(dir);
}

START_TEST(a_manager_at_a_path_hears_it)
{
	char path[108];
	int fd;

	snprintf(path, sizeof path, "%s/notify", dir);
	fd = manager(path);
	notify_service("READY=1");
	notify_service("STOPPING=1");
	ck_assert_str_eq(heard(fd), "READY=1");
	ck_assert_str_eq(heard(fd), "STOPPING=1");
	ck_assert_str_eq(heard(fd), "");
	close(fd);
	unlink(path);
}
END_TEST

/* The name has no NUL at its end: it is exactly as long as it says. */
START_TEST(a_manager_at_an_abstract_name_hears_it)
{
	char name[64];
	int fd;

	snprintf(name, sizeof name, "@l2tpsec/notify_test/%d", (int)getpid());
	fd = manager(name);
	notify_service("READY=1");
	ck_assert_str_eq(heard(fd), "READY=1");
	close(fd);
}
END_TEST

START_TEST(the_longest_path_is_taken)
{
	char path[108];
	size_t len = strlen(dir);
	int fd;

	memcpy(path, dir, len);
	path[len] = '/';
	memset(path + len + 1, 'x', sizeof path - 2 - len);
	path[sizeof path - 1] = '\0';
	fd = manager(path);
	notify_service("READY=1");
	ck_assert_str_eq(heard(fd), "READY=1");
	close(fd);
	unlink(path);
}
END_TEST

/* Started by hand, or with a name that is none: nothing happens, whatever is there. */
START_TEST(without_a_manager_nothing_is_said)
{
	static const char *const names[] = {"", "/", "@", "notify", "./notify"};
	char path[160], here[256];
	int fd, here_too;

	snprintf(path, sizeof path, "%s/notify", dir);
	fd = manager(path);
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_int_eq(chdir(dir), 0);
	unsetenv("NOTIFY_SOCKET");
	notify_service("READY=1");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		notify_service("READY=1");
	}
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	setenv("NOTIFY_SOCKET", path, 1);
	notify_service("READY=1");
	ck_assert_str_eq(heard(fd), "");
	/* No descriptor is left open. */
	here_too = dup(fd);
	ck_assert_int_eq(here_too, fd + 1);
	close(here_too);
	close(fd);
	unlink("notify");
	ck_assert_int_eq(chdir(here), 0);
}
END_TEST

/* A manager that is gone, or does not read: we go on. */
START_TEST(what_cannot_be_sent_is_not_waited_for)
{
	char path[108];
	unsigned n = 0;
	int fd;

	snprintf(path, sizeof path, "%s/notify", dir);
	fd = manager(path);
	for (unsigned i = 0; i < 5000; i++)
		notify_service("READY=1");
	while (heard(fd)[0])
		n++;
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_lt(n, 5000);
	close(fd);
	notify_service("READY=1");
	unlink(path);
	notify_service("READY=1");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("notify");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, a_manager_at_a_path_hears_it);
	tcase_add_test(tc, a_manager_at_an_abstract_name_hears_it);
	tcase_add_test(tc, the_longest_path_is_taken);
	tcase_add_test(tc, without_a_manager_nothing_is_said);
	tcase_add_test(tc, what_cannot_be_sent_is_not_waited_for);
	return run_cases("notify", tc);
}
