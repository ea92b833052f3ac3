/* Tests of links, addresses, routes, TUN devices and sockets, in a network namespace of their own;
 * left out without root. */
#include "src/parent/listen.h"
#include "src/parent/netlink.h"
#include "src/parent/tun.h"

#include "src/base/msg.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct netlink *nl;
static struct tun tun;

static struct ls_addr addr(const char *text)
{
	struct ls_addr a;

	ck_assert(ls_addr_parse(text, &a));
	return a;
}

static struct ls_prefix prefix(const char *text)
{
	struct ls_prefix p;

	ck_assert(ls_prefix_parse(text, &p));
	return p;
}

static void set_up(void)
{
	char error[300];

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	nl = netlink_open();
	ck_assert_ptr_nonnull(nl);
	ck_assert_int_eq(netlink_link_set(nl, 1, true, 0), 0);
	ck_assert_msg(tun_open(&tun, "hq", error, sizeof error), "%s", error);
}

static void take_down(void)
{
	tun_close(&tun);
	netlink_close(nl);
}

START_TEST(links_have_an_mtu)
{
	uint32_t mtu = 0;

	ck_assert_int_eq(netlink_link_set(nl, tun.ifindex, true, 1400), 0);
	ck_assert_int_eq(netlink_link_mtu(nl, tun.ifindex, &mtu), 0);
	ck_assert_uint_eq(mtu, 1400);
	ck_assert_int_eq(netlink_link_mtu(nl, 9999, &mtu), ENODEV);
	ck_assert_str_ne(netlink_reason(nl), "");
}
END_TEST

START_TEST(addresses_come_and_go)
{
	struct ls_addr local = addr("10.9.0.2"), peer = addr("10.9.0.1"), six = addr("fe80::1234");
	uint32_t out = 0, mtu = 0;

	ck_assert_int_eq(netlink_link_set(nl, tun.ifindex, true, 1400), 0);
	ck_assert_int_eq(netlink_address_add(nl, tun.ifindex, &local, &peer, 32), 0);
	ck_assert_int_eq(netlink_address_add(nl, tun.ifindex, &local, &peer, 32), 0);
	ck_assert_int_eq(netlink_route_get(nl, &peer, &out, &mtu), 0);
	ck_assert_uint_eq(out, tun.ifindex);
	ck_assert_uint_eq(mtu, 1400);
	ck_assert_int_eq(netlink_address_add(nl, tun.ifindex, &six, NULL, 64), 0);
	ck_assert_int_eq(netlink_address_remove(nl, tun.ifindex, &six, NULL, 64), 0);
	ck_assert_int_eq(netlink_address_remove(nl, tun.ifindex, &local, &peer, 32), 0);
	ck_assert_int_eq(netlink_address_remove(nl, tun.ifindex, &local, &peer, 32), 0);
	ck_assert_int_ne(netlink_route_get(nl, &peer, &out, &mtu), 0);
}
END_TEST

START_TEST(routes_come_and_go)
{
	struct ls_prefix four = prefix("10.1.0.0/16"), six = prefix("fd00:1::/48");
	struct ls_addr in = addr("10.1.2.3"), none = {.family = 0}, in_six = addr("fd00:1::9");
	uint32_t out = 0, mtu = 0;

	ck_assert_int_ne(netlink_route_set(nl, tun.ifindex, &four, &none, 0), 0);
	ck_assert_int_eq(netlink_link_set(nl, tun.ifindex, true, 1280), 0);
	ck_assert_int_eq(netlink_route_set(nl, tun.ifindex, &four, &none, 0), 0);
	ck_assert_int_eq(netlink_route_set(nl, tun.ifindex, &four, &none, 0), 0);
	ck_assert_int_eq(netlink_route_set(nl, tun.ifindex, &six, &none, 0), 0);
	ck_assert_int_eq(netlink_route_get(nl, &in, &out, &mtu), 0);
	ck_assert_uint_eq(out, tun.ifindex);
	ck_assert_int_eq(netlink_route_get(nl, &in_six, &out, &mtu), 0);
	ck_assert_uint_eq(out, tun.ifindex);
	ck_assert_int_eq(netlink_route_remove(nl, tun.ifindex, &four, 0), 0);
	ck_assert_int_eq(netlink_route_remove(nl, tun.ifindex, &four, 0), 0);
	ck_assert_int_eq(netlink_route_get(nl, &in, &out, &mtu), ENETUNREACH);
}
END_TEST

START_TEST(a_device_name_is_taken_once)
{
	struct tun second;
	char error[300] = "";

	ck_assert(!tun_open(&second, "hq", error, sizeof error));
	ck_assert_int_eq(second.fd, -1);
	ck_assert_ptr_nonnull(strstr(error, "interface hq"));
	tun_close(&tun);
	ck_assert(tun_open(&tun, "hq", error, sizeof error));
}
END_TEST

START_TEST(a_port_is_taken_once)
{
	struct listen_wish wish = {.ike_port = 500, .nat_port = 4500};
	struct listen first, second;
	char error[300] = "";

	ck_assert_msg(listen_open(&first, &wish, error, sizeof error), "%s", error);
	ck_assert(!listen_open(&second, &wish, error, sizeof error));
	ck_assert_ptr_nonnull(strstr(error, "500"));
	ck_assert_uint_eq(second.count, 0);
	wish.ike_port = 501;
	ck_assert(!listen_open(&second, &wish, error, sizeof error));
	ck_assert_ptr_nonnull(strstr(error, "4500"));
	listen_close(&first);
}
END_TEST

static int socket_of(const struct listen *l, uint8_t kind, uint8_t family)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->socket[i].kind == kind && l->socket[i].family == family)
			return l->socket[i].fd;
	return -1;
}

/* From which of the two sockets a datagram can be read. */
static uint8_t arrives_at(const struct listen *l, uint8_t family, const uint8_t *bytes, size_t len)
{
	struct sockaddr_in four = {.sin_family = AF_INET,
	                           .sin_port = htons(4500),
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
	                           .sin6_port = htons(4500),
	                           .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	uint8_t in[64], found = 0;

	if (family == 6)
		ck_assert_int_eq(sendto(fd, bytes, len, 0, (struct sockaddr *)&six, sizeof six),
		                 (ssize_t)len);
	else
		ck_assert_int_eq(sendto(fd, bytes, len, 0, (struct sockaddr *)&four, sizeof four),
		                 (ssize_t)len);
	close(fd);
	if (recv(socket_of(l, MSG_SOCKET_IKE4500, family), in, sizeof in, MSG_DONTWAIT) ==
	    (ssize_t)len)
		found = MSG_SOCKET_IKE4500;
	if (recv(socket_of(l, MSG_SOCKET_ESP4500, family), in, sizeof in, MSG_DONTWAIT) ==
	    (ssize_t)len)
		found = (uint8_t)(found ? 99 : MSG_SOCKET_ESP4500);
	return found;
}

START_TEST(port_4500_is_divided_by_the_marker)
{
	static const uint8_t ike[] = {0, 0, 0, 0, 1, 2, 3, 4}, esp[] = {0, 0, 1, 0, 1, 2, 3, 4},
			     keepalive[] = {0xff};
	struct listen_wish wish = {.ike_port = 500, .nat_port = 4500};
	struct listen l;
	char error[300];

	ck_assert_msg(listen_open(&l, &wish, error, sizeof error), "%s", error);
	for (int i = 0; i < 40; i++) {
		uint8_t family = i % 2 ? 6 : 4;

		ck_assert_uint_eq(arrives_at(&l, family, ike, sizeof ike), MSG_SOCKET_IKE4500);
		ck_assert_uint_eq(arrives_at(&l, family, esp, sizeof esp), MSG_SOCKET_ESP4500);
		ck_assert_uint_eq(arrives_at(&l, family, keepalive, sizeof keepalive),
		                  MSG_SOCKET_ESP4500);
		ck_assert_uint_eq(arrives_at(&l, family, ike, 3), MSG_SOCKET_ESP4500);
		ck_assert_uint_eq(arrives_at(&l, family, ike, 4), MSG_SOCKET_IKE4500);
	}
	listen_close(&l);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("src/netlink");
	TCase *t = tcase_create("netlink");
	SRunner *r;
	int failed;

	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0) {
		puts("skipped: needs root and /dev/net/tun");
		return 77;
	}
	r = srunner_create(s);
	tcase_add_checked_fixture(t, set_up, take_down);
	tcase_add_test(t, links_have_an_mtu);
	tcase_add_test(t, addresses_come_and_go);
	tcase_add_test(t, routes_come_and_go);
	tcase_add_test(t, a_device_name_is_taken_once);
	tcase_add_test(t, a_port_is_taken_once);
	tcase_add_test(t, port_4500_is_divided_by_the_marker);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
