/* Tests of the capture: what is taken of what passes the loopback of a namespace of our own, and
 * into what. */
#include "src/ctl/ctl_capture.h"
#include "tests/unit/run.h"
#include "tests/unit/src/netns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 50, WAIT_MS = 100 };

static char dir[32], file[48];
static struct ctl_capture c;

static void set_up(void)
{
	netns_enter();
	snprintf(dir, sizeof dir, "/tmp/ctl_capture.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/x.pcap", dir);
}

static void tear_down(void)
{
	ctl_capture_end(&c);
	unlink(file);
	rmdir(dir);
}

static void send_to(uint16_t port, const char *text)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(port),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to),
	                 (ssize_t)strlen(text));
	close(fd);
}

static void until_there_are(unsigned long packets)
{
	for (unsigned i = 0; i < TRIES && c.packets < packets; i++) {
		struct pollfd p = {.fd = c.fd, .events = POLLIN};

		poll(&p, 1, WAIT_MS);
		ck_assert(ctl_capture_take(&c));
	}
	ck_assert_uint_eq(c.packets, packets);
}

static bool in_file(const char *text)
{
	static char bytes[65536];
	FILE *f = fopen(file, "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	return memmem(bytes, n, text, strlen(text)) != NULL;
}

START_TEST(ike_and_ipsec_are_taken_and_nothing_else)
{
	struct stat s;

	ck_assert(ctl_capture_begin(&c, file));
	send_to(501, "somebody else's");
	send_to(500, "ike's");
	send_to(4500, "esp's");
	until_there_are(2);
	/* It can be read while it grows. */
	ck_assert(in_file("ike's") && in_file("esp's") && !in_file("somebody else's"));
	ck_assert_int_eq(stat(file, &s), 0);
	ck_assert_uint_eq(s.st_mode & 07777, 0600);
	send_to(4500, "the rest's");
	ctl_capture_end(&c);
	ck_assert_uint_eq(c.missed, 0);
	ck_assert_int_eq(c.fd, -1);
}
END_TEST

START_TEST(a_file_that_is_there_is_left_alone)
{
	FILE *f = fopen(file, "w");

	fputs("mine", f);
	fclose(f);
	ck_assert(!ctl_capture_begin(&c, file));
	ck_assert_ptr_nonnull(strstr(c.error, "x.pcap: File exists"));
	ck_assert(in_file("mine"));
}
END_TEST

START_TEST(without_rights_nothing_is_left)
{
	ck_assert_int_eq(chmod(dir, 0777), 0);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert(!ctl_capture_begin(&c, file));
	ck_assert_ptr_nonnull(strstr(c.error, "no capture: "));
	ck_assert_int_eq(access(file, F_OK), -1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_capture");

	if (!netns_can("ctl_capture"))
		return EXIT_SUCCESS;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, ike_and_ipsec_are_taken_and_nothing_else);
	tcase_add_test(tc, a_file_that_is_there_is_left_alone);
	tcase_add_test(tc, without_rights_nothing_is_left);
	return run_cases("ctl_capture", tc);
}
