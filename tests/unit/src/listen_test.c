/* Tests of the daemon's sockets: all or none, each with what its process needs, and a sentence that
 * helps where one cannot be had. */
#include "src/parent/listen.h"

#include "lib/wire.h"
#include "src/base/msg.h"
#include "tests/unit/run.h"
#include "tests/unit/src/netns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

enum { NOBODY = 65534, BUFFER = 8 * 1024 * 1024, ESP = 50 };

static const struct listen_wish wish = {.ike_port = 500, .nat_port = 4500};
static struct listen l;
static char error[300];

static void set_up(void)
{
	netns_enter();
	error[0] = '\0';
}

static void is_open(const struct listen_wish *w)
{
	ck_assert_msg(listen_open(&l, w, error, sizeof error), "%s", error);
}

/* Refused, for a reason with this in it; nothing stays open. */
static void is_refused(const struct listen_wish *w, const char *what, const char *remedy)
{
	int before = dup(0), after;

	close(before);
	ck_assert(!listen_open(&l, w, error, sizeof error));
	ck_assert_uint_eq(l.count, 0);
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
	ck_assert_msg(strstr(error, what) != NULL, "'%s' is not in: %s", what, error);
	ck_assert_msg(strstr(error, remedy) != NULL, "'%s' is not in: %s", remedy, error);
}

static int socket_of(uint8_t kind, uint8_t family)
{
	for (size_t i = 0; i < l.count; i++)
		if (l.socket[i].kind == kind && l.socket[i].family == family)
			return l.socket[i].fd;
	return -1;
}

static void send_to_4500(uint8_t family, const uint8_t *bytes, size_t len)
{
	struct sockaddr_in four = {.sin_family = AF_INET,
	                           .sin_port = htons(4500),
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
	                           .sin6_port = htons(4500),
	                           .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct sockaddr *to =
		family == 6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(sendto(fd, bytes, len, 0, to, family == 6 ? sizeof six : sizeof four),
	                 (ssize_t)len);
	close(fd);
}

/* From which of the two sockets a datagram can be read. */
static uint8_t arrives_at(uint8_t family, const uint8_t *bytes, size_t len)
{
	uint8_t in[64], found = 0;

	send_to_4500(family, bytes, len);
	if (recv(socket_of(MSG_SOCKET_IKE4500, family), in, sizeof in, MSG_DONTWAIT) ==
	    (ssize_t)len)
		found = MSG_SOCKET_IKE4500;
	if (recv(socket_of(MSG_SOCKET_ESP4500, family), in, sizeof in, MSG_DONTWAIT) ==
	    (ssize_t)len)
		found = (uint8_t)(found ? 99 : MSG_SOCKET_ESP4500);
	return found;
}

START_TEST(port_4500_is_divided_by_the_marker)
{
	static const uint8_t ike[] = {0, 0, 0, 0, 1, 2, 3, 4}, esp[] = {0, 0, 1, 0, 1, 2, 3, 4},
			     keepalive[] = {0xff};

	is_open(&wish);
	for (int i = 0; i < 40; i++) {
		uint8_t family = i % 2 ? 6 : 4;

		ck_assert_uint_eq(arrives_at(family, ike, sizeof ike), MSG_SOCKET_IKE4500);
		ck_assert_uint_eq(arrives_at(family, esp, sizeof esp), MSG_SOCKET_ESP4500);
		ck_assert_uint_eq(arrives_at(family, keepalive, sizeof keepalive),
		                  MSG_SOCKET_ESP4500);
		ck_assert_uint_eq(arrives_at(family, ike, 3), MSG_SOCKET_ESP4500);
		ck_assert_uint_eq(arrives_at(family, ike, 4), MSG_SOCKET_IKE4500);
	}
	listen_close(&l);
}
END_TEST

/* The worker that finds a datagram in its socket for ESP; -1: none, or several do. */
static int worker_of(uint8_t family)
{
	uint8_t in[64];
	int found = -1;

	for (size_t i = 0; i < l.count; i++) {
		if (l.socket[i].kind != MSG_SOCKET_ESP4500 || l.socket[i].family != family ||
		    recv(l.socket[i].fd, in, sizeof in, MSG_DONTWAIT) < 0)
			continue;
		if (found >= 0)
			return -1;
		found = l.socket[i].worker;
	}
	return found;
}

/* What comes in one SA keeps its order: one worker has it all. And a raw packet comes once. */
START_TEST(workers_divide_the_sas)
{
	struct listen_wish with = wish;
	unsigned of[3] = {0}, raw = 0;
	uint8_t esp[64] = {0};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_RAW, ESP);

	with.workers = 3;
	is_open(&with);
	ck_assert_uint_eq(l.count, 2 * (2 + 3 * 3));
	for (uint32_t i = 0; i < 300; i++) {
		uint8_t family = i % 2 ? 6 : 4;
		int worker;

		ls_put32(esp, 0x10000u + i / 2 * 7919u);
		ls_put32(esp + 4, i);
		send_to_4500(family, esp, sizeof esp);
		worker = worker_of(family);
		ck_assert_int_ge(worker, 0);
		of[worker]++;
		ls_put32(esp + 4, i * 1000);
		send_to_4500(family, esp, sizeof esp);
		ck_assert_int_eq(worker_of(family), worker);
		memset(esp, 0, 4);
		ck_assert_uint_eq(arrives_at(family, esp, sizeof esp), MSG_SOCKET_IKE4500);
	}
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_gt(of[i], 60);
	ck_assert_int_eq(sendto(fd, esp, sizeof esp, 0, (struct sockaddr *)&to, sizeof to),
	                 sizeof esp);
	for (size_t i = 0; i < l.count; i++)
		if (l.socket[i].kind == MSG_SOCKET_ESP_RAW &&
		    recv(l.socket[i].fd, esp, sizeof esp, MSG_DONTWAIT) >= 0) {
			ck_assert_uint_eq(l.socket[i].worker, 0);
			raw++;
		}
	ck_assert_uint_eq(raw, 1);
	close(fd);
	listen_close(&l);
}
END_TEST

/* Another program's socket on this port. */
static int stranger(uint8_t family, uint16_t port, bool shares)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0), on = 1;

	if (family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (shares)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	ck_assert_int_eq(family == 6 ? bind(fd, (struct sockaddr *)&six, sizeof six)
	                             : bind(fd, (struct sockaddr *)&four, sizeof four),
	                 0);
	return fd;
}

/* Whichever it is, and also if it would share: it would take a part of the datagrams. */
START_TEST(a_port_in_use_is_named)
{
	static const uint16_t ports[] = {500, 4500};
	char what[64];

	for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2))
		for (size_t i = 0; i < 2; i++)
			for (unsigned shares = 0; shares < 2; shares++) {
				int fd = stranger(family, ports[i], shares);

				snprintf(what, sizeof what,
				         "UDP port %u for IPv%u: Address already in use", ports[i],
				         family);
				is_refused(&wish, what, "another IKE daemon");
				ck_assert_ptr_nonnull(strstr(error, "'ss -ulpn'"));
				close(fd);
				is_open(&wish);
				listen_close(&l);
			}
}
END_TEST

START_TEST(two_daemons_do_not_share)
{
	struct listen first;
	struct listen_wish other = wish;

	is_open(&wish);
	first = l;
	is_refused(&wish, "UDP port 500 for IPv4", "stop that one");
	other.ike_port = 501;
	is_refused(&other, "UDP port 4500 for IPv4", "stop that one");
	listen_close(&first);
	ck_assert_uint_eq(first.count, 0);
	is_open(&wish);
	listen_close(&l);
}
END_TEST

START_TEST(an_address_that_is_not_ours_is_named)
{
	struct listen_wish other = wish;

	other.local4 = addr_of("192.0.2.1");
	is_refused(&other, "UDP port 500 for IPv4", "see 'local' in the config");
	other.local4.family = 0;
	other.local6 = addr_of("2001:db8::1");
	is_refused(&other, "UDP port 500 for IPv6", "see 'local' in the config");
}
END_TEST

START_TEST(without_rights_it_says_what_to_do)
{
	ck_assert_int_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
	is_refused(&wish, "UDP port 500 for IPv4", "run l2tpsecd as root");
	/* Ports that anybody may have: then the raw socket is what is missing. */
	is_refused(&(struct listen_wish){.ike_port = 5000, .nat_port = 5001},
	           "the raw socket for ESP (IP protocol 50) for IPv4", "run l2tpsecd as root");
}
END_TEST

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* Five a family; each tells where a datagram came to, lets the path cut what is too long, and
 * holds a burst. */
START_TEST(each_socket_has_what_it_needs)
{
	static const uint8_t kinds[] = {MSG_SOCKET_IKE500, MSG_SOCKET_IKE4500, MSG_SOCKET_ESP4500,
	                                MSG_SOCKET_ESP_RAW, MSG_SOCKET_AH_RAW};

	is_open(&wish);
	ck_assert_uint_eq(l.count, 10);
	for (size_t i = 0; i < l.count; i++) {
		const struct listen_socket *s = &l.socket[i];

		ck_assert_uint_eq(s->kind, kinds[i % 5]);
		ck_assert_uint_eq(s->family, i < 5 ? 4 : 6);
		ck_assert_uint_eq(s->port, i % 5 >= 3 ? 0 : i % 5 == 0 ? 500 : 4500);
		ck_assert_int_eq(option(s->fd, SOL_SOCKET, SO_DOMAIN),
		                 s->family == 6 ? AF_INET6 : AF_INET);
		ck_assert_int_eq(option(s->fd, SOL_SOCKET, SO_PROTOCOL), i % 5 == 3 ? ESP
		                                                         : i % 5 == 4
		                                                                 ? IPPROTO_AH
		                                                                 : IPPROTO_UDP);
		ck_assert_int_ge(option(s->fd, SOL_SOCKET, SO_RCVBUF), BUFFER);
		ck_assert_int_ge(option(s->fd, SOL_SOCKET, SO_SNDBUF), BUFFER);
		ck_assert_int_eq(fcntl(s->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		ck_assert_int_eq(fcntl(s->fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
		if (s->family == 6) {
			ck_assert_int_eq(option(s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
			ck_assert_int_eq(option(s->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER),
			                 IPV6_PMTUDISC_DONT);
		} else {
			ck_assert_int_eq(option(s->fd, IPPROTO_IP, IP_PKTINFO), 1);
			ck_assert_int_eq(option(s->fd, IPPROTO_IP, IP_MTU_DISCOVER),
			                 IP_PMTUDISC_OMIT);
		}
	}
	listen_close(&l);
	ck_assert_uint_eq(l.count, 0);
}
END_TEST

START_TEST(addresses_of_the_config_are_bound)
{
	struct listen_wish other = wish;

	other.local4 = addr_of("127.0.0.2");
	other.local6 = addr_of("::1");
	is_open(&other);
	for (size_t i = 0; i < l.count; i++) {
		struct sockaddr_in6 at;
		struct sockaddr_in four;
		socklen_t len = sizeof at;

		ck_assert_int_eq(getsockname(l.socket[i].fd, (struct sockaddr *)&at, &len), 0);
		memcpy(&four, &at, sizeof four);
		if (l.socket[i].family == 6)
			ck_assert_mem_eq(&at.sin6_addr, &in6addr_loopback, 16);
		else
			ck_assert_uint_eq(ntohl(four.sin_addr.s_addr), 0x7f000002);
	}
	/* On its other addresses the host is free. */
	close(stranger(4, 501, false));
	listen_close(&l);
}
END_TEST

/* IP protocol 50 comes to the raw socket of its family. */
START_TEST(esp_without_udp_arrives)
{
	struct sockaddr_in four = {.sin_family = AF_INET,
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int out4 = socket(AF_INET, SOCK_RAW, ESP), out6 = socket(AF_INET6, SOCK_RAW, ESP);
	uint8_t in[64];

	is_open(&wish);
	ck_assert_int_eq(sendto(out4, "four....", 8, 0, (struct sockaddr *)&four, sizeof four), 8);
	ck_assert_int_eq(sendto(out6, "six.....", 8, 0, (struct sockaddr *)&six, sizeof six), 8);
	ck_assert_int_eq(recv(socket_of(MSG_SOCKET_ESP_RAW, 4), in, sizeof in, 0), 28);
	ck_assert_mem_eq(in + 20, "four....", 8);
	ck_assert_int_eq(recv(socket_of(MSG_SOCKET_ESP_RAW, 6), in, sizeof in, 0), 8);
	ck_assert_mem_eq(in, "six.....", 8);
	close(out4);
	close(out6);
	listen_close(&l);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("listen");

	if (!netns_can("listen"))
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, each_socket_has_what_it_needs);
	tcase_add_test(tc, addresses_of_the_config_are_bound);
	tcase_add_test(tc, port_4500_is_divided_by_the_marker);
	tcase_add_test(tc, esp_without_udp_arrives);
	tcase_add_test(tc, workers_divide_the_sas);
	tcase_add_test(tc, a_port_in_use_is_named);
	tcase_add_test(tc, two_daemons_do_not_share);
	tcase_add_test(tc, an_address_that_is_not_ours_is_named);
	tcase_add_test(tc, without_rights_it_says_what_to_do);
	return run_cases("listen", tc);
}
