/* Tests of ICMP errors out of a socket's queue, over the loopback: whom they concern and who says
 * so, the gate, the flood, and that no packet is lost by an error that waits. */
#include "src/base/icmp.h"

#include "lib/sum.h"
#include "lib/wire.h"
#include "src/base/datagram.h"
#include "src/gateway/gw_udp.h"
#include "tests/unit/run.h"
#include "tests/unit/src/netns.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FLOOD_MOST = 20000 };

static struct ls_counters counters;
static struct event_base *base;
static struct icmp_gate gate;
static struct icmp_socket sock;
static struct icmp_error out[ICMP_READ_MOST];

static struct ls_addr loopback(uint8_t family, uint16_t port)
{
	struct ls_addr a;

	ck_assert(ls_addr_parse(family == 4 ? "127.0.0.1" : "::1", &a));
	return ls_addr_with_port(a, port);
}

/* A socket on the loopback and its port. */
static int udp_open(uint8_t family, uint16_t *port)
{
	struct sockaddr_in6 at;
	struct ls_addr any = loopback(family, 0);
	socklen_t len = datagram_name_make(&any, &at);
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin6_port); /* at the same place in both */
	return fd;
}

/* A port where nobody listens. */
static struct ls_addr nobody(uint8_t family)
{
	uint16_t port;

	close(udp_open(family, &port));
	return loopback(family, port);
}

static bool say(int fd, const struct ls_addr *to)
{
	struct sockaddr_in6 at;
	socklen_t len = datagram_name_make(to, &at);

	return sendto(fd, "x", 1, 0, (struct sockaddr *)&at, len) == 1;
}

static int begin(uint8_t family)
{
	uint16_t port;
	int fd = udp_open(family, &port);

	memset(&gate, 0, sizeof gate);
	memset(&counters, 0, sizeof counters);
	base = event_base_new();
	ck_assert(icmp_open(&sock, base, fd, family));
	return fd;
}

static void end(int fd)
{
	icmp_close(&sock);
	event_base_free(base);
	close(fd);
}

static void port_is_closed(uint8_t family)
{
	struct ls_addr to = nobody(family), ip = loopback(family, 0);
	int fd = begin(family);

	ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(5)), 0);
	ck_assert(say(fd, &to));
	ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(5)), 1);
	ck_assert(ls_addr_equal(&out[0].remote, &to));
	ck_assert(ls_addr_equal(&out[0].by, &ip));
	ck_assert_int_eq(out[0].kind, LS_UNREACH_PORT);
	ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(5)), 0);
	ck_assert_uint_eq(counters.by_cause[CAUSE_ICMP_ERROR], 1);
	end(fd);
}

START_TEST(whom_and_who)
{
	port_is_closed(4);
	port_is_closed(6);
}
END_TEST

/* The same again within five seconds is counted, not passed on; another peer is. */
START_TEST(the_gate)
{
	struct ls_addr to = nobody(4), other = nobody(4);
	int fd = begin(4);

	while (other.port == to.port)
		other = nobody(4);
	for (unsigned i = 0; i < 5; i++) {
		/* The first call after an error fails and clears it. */
		ck_assert(say(fd, &to) || say(fd, &to));
		ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(10) + i), i == 0);
	}
	ck_assert(say(fd, &other));
	ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(10)), 1);
	ck_assert(say(fd, &to));
	ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(10) + LS_S(ICMP_AGAIN_S)),
	                  1);
	ck_assert_uint_eq(counters.by_cause[CAUSE_ICMP_ERROR], 7);
	end(fd);
}
END_TEST

/* Many peers at once: so many in a second. */
START_TEST(the_gate_in_all)
{
	unsigned passed = 0;
	int fd = begin(4);

	for (unsigned i = 0; i < 3 * ICMP_PASSED_PER_S; i++) {
		struct ls_addr to = nobody(4);

		ck_assert(say(fd, &to));
		passed += icmp_read(&sock, &gate, out, &counters, LS_S(10));
	}
	ck_assert_uint_eq(passed, ICMP_PASSED_PER_S);
	ck_assert_uint_le(counters.by_cause[CAUSE_ICMP_ERROR], 3 * ICMP_PASSED_PER_S);
	end(fd);
}
END_TEST

/* A flood makes the socket deaf for a while: no errors are read, none stand in the way of what it
 * sends; then it hears again. */
START_TEST(a_flood)
{
	struct ls_addr to = nobody(4);
	int fd = begin(4);
	uint64_t heard;

	for (unsigned i = 0; i < FLOOD_MOST && !sock.flooded; i++) {
		if (!say(fd, &to))
			ck_assert(icmp_is_error(errno));
		if (i % 8 == 7)
			icmp_read(&sock, &gate, out, &counters, LS_S(10));
	}
	ck_assert(sock.flooded && sock.deaf);
	ck_assert_uint_eq(counters.by_cause[CAUSE_ICMP_FLOOD], 1);
	heard = counters.by_cause[CAUSE_ICMP_ERROR];
	ck_assert_uint_gt(heard, ICMP_FLOOD);
	ck_assert_uint_le(heard, ICMP_FLOOD + ICMP_READ_MOST);
	say(fd, &to);
	for (unsigned i = 0; i < 100; i++) {
		ck_assert(say(fd, &to));
		ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(10)), 0);
	}
	ck_assert_uint_eq(counters.by_cause[CAUSE_ICMP_ERROR], heard);
	ck_assert(event_pending(sock.again, EV_TIMEOUT, NULL));
	event_active(sock.again, EV_TIMEOUT, 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert(!sock.deaf);
	ck_assert(say(fd, &to));
	ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(30)), 1);
	end(fd);
}
END_TEST

/* ICMP type 3 code 4 about a datagram from `from` to `to` (RFC 1191 4), with eight bytes of it. */
static void too_big_forge(uint16_t from, const struct ls_addr *to, uint16_t mtu)
{
	uint8_t m[8 + 20 + 8 + 8] = {3, 4, [8] = 0x45, [17] = 17};
	struct sockaddr_in6 at;
	struct ls_addr self = loopback(4, 0);
	socklen_t len = datagram_name_make(&self, &at);
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	ls_put16(m + 6, mtu);
	ls_put16(m + 10, sizeof m - 8);
	memcpy(m + 20, self.ip, 4);
	memcpy(m + 24, to->ip, 4);
	ls_put16(m + 28, from);
	ls_put16(m + 30, to->port);
	memcpy(m + 36, "spi!seq!", 8);
	ls_put16(m + 2, (uint16_t)~ls_sum_fold(ls_sum_bytes(m, sizeof m)));
	ck_assert_int_ge(raw, 0);
	ck_assert_int_eq(sendto(raw, m, sizeof m, 0, (struct sockaddr *)&at, len), sizeof m);
	close(raw);
}

/* Only who wants to hears of sizes, each of them, with what is quoted; and no gate shuts. */
START_TEST(what_was_too_big)
{
	struct ls_addr to = loopback(4, 9), ip = loopback(4, 0);
	struct sockaddr_in6 at;
	socklen_t len = sizeof at;
	struct gw_udp udp;
	int fd = begin(4);

	ck_assert(gw_udp_open(&udp, fd, 4, false));
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	too_big_forge(ntohs(at.sin6_port), &to, 1400);
	ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(5)), 0);
	ck_assert_uint_eq(counters.by_cause[CAUSE_ICMP_ERROR], 1);
	sock.sizes = true;
	for (unsigned i = 0; i < 3; i++) {
		too_big_forge(ntohs(at.sin6_port), &to, 1400);
		ck_assert_uint_eq(icmp_read(&sock, &gate, out, &counters, LS_S(5)), 1);
		ck_assert(out[0].too_big && ls_addr_equal(&out[0].remote, &to));
		ck_assert(ls_addr_equal(&out[0].by, &ip));
		ck_assert_uint_eq(out[0].mtu, 1400);
		ck_assert_int_eq(out[0].kind, LS_UNREACH_NONE);
		ck_assert_uint_eq(out[0].quoted_len, 8);
		ck_assert_mem_eq(out[0].quoted, "spi!seq!", 8);
	}
	end(fd);
}
END_TEST

/* This host's own word about its link is no ICMP. */
START_TEST(what_the_own_link_refuses)
{
	static uint8_t bytes[1400];
	struct ls_addr to, none = {.family = 0};
	struct gw_runs runs = {.n = 0};
	const struct gw_udp *full;
	struct netlink *nl;
	struct gw_udp udp;
	int fd;

	netns_enter();
	nl = netlink_open();
	ck_assert_int_eq(netlink_link_set(nl, 1, true, 1300), 0);
	netlink_close(nl);
	to = loopback(4, 9);
	fd = begin(4);
	sock.sizes = true;
	ck_assert(gw_udp_open(&udp, fd, 4, false));
	ck_assert(gw_runs_add(&runs, &udp, &none, &to, 0, true, bytes, sizeof bytes));
	ck_assert(gw_runs_send(&runs, &counters, &full));
	ck_assert_uint_ge(icmp_read(&sock, &gate, out, &counters, LS_S(5)), 1);
	ck_assert(out[0].too_big && ls_addr_same_ip(&out[0].remote, &to));
	ck_assert_uint_eq(out[0].mtu, 1300);
	ck_assert_uint_eq(out[0].by.family, 0);
	ck_assert_uint_eq(counters.by_cause[CAUSE_ICMP_ERROR], 0);
	end(fd);
}
END_TEST

/* What IKE does: one at a time. */
static void send_singly(int fd, const struct ls_addr *gone, const struct ls_addr *peer)
{
	struct sockaddr_in6 at;
	struct iovec part = {"0123456789abcdef", 16};
	struct msghdr m = {.msg_name = &at, .msg_iov = &part, .msg_iovlen = 1};

	m.msg_namelen = datagram_name_make(gone, &at);
	ck_assert(icmp_send(fd, &m));
	m.msg_namelen = datagram_name_make(peer, &at);
	ck_assert(icmp_send(fd, &m));
}

/* Packets to a peer that is there, sent after one to a peer that is not: the error is not theirs.
 */
START_TEST(no_packet_is_lost)
{
	uint16_t port;
	int there = udp_open(4, &port), fd = begin(4);
	struct ls_addr to = nobody(4), peer = loopback(4, port), none = {.family = 0};
	struct gw_udp udp = {.fd = fd, .family = 4};
	static uint8_t bytes[3][16];
	const struct gw_udp *full;

	for (unsigned i = 0; i < 50; i++) {
		struct gw_runs runs = {.n = 0};

		for (unsigned k = 0; k < 3; k++)
			ck_assert(gw_runs_add(&runs, &udp, &none, k == 2 ? &to : &peer, 0, false,
			                      bytes[k], sizeof bytes[k]));
		ck_assert(gw_runs_send(&runs, &counters, &full));
		if (i % 3 == 0)
			send_singly(fd, &to, &peer);
		if (i % 4 == 0)
			icmp_read(&sock, &gate, out, &counters, LS_S(i));
		for (unsigned k = 0; k < (i % 3 == 0 ? 3 : 2); k++)
			ck_assert_int_eq(recv(there, bytes[0], sizeof bytes[0], 0), 16);
		ck_assert_int_lt(recv(there, bytes[0], sizeof bytes[0], 0), 0);
	}
	ck_assert_uint_eq(counters.by_cause[CAUSE_GW_SOCKET_ERROR], 0);
	end(fd);
	close(there);
}
END_TEST

START_TEST(numbers)
{
	static const int no[] = {EAGAIN, ENOBUFS, ENOMEM, EINVAL, EBADF, EPIPE, EIO, 0};

	for (unsigned i = 0; i < sizeof no / sizeof no[0]; i++)
		ck_assert(!icmp_is_error(no[i]));
	ck_assert(icmp_is_error(ECONNREFUSED) && icmp_is_error(EHOSTUNREACH) &&
	          icmp_is_error(EMSGSIZE));
}
END_TEST

/* A socket that was never opened for it. */
START_TEST(closed)
{
	struct icmp_socket s = {.fd = -1};

	ck_assert_uint_eq(icmp_read(&s, &gate, out, &counters, LS_S(5)), 0);
	icmp_close(&s);
	icmp_close(&s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, whom_and_who);
	tcase_add_test(tc, the_gate);
	tcase_add_test(tc, the_gate_in_all);
	tcase_add_test(tc, a_flood);
	tcase_add_test(tc, no_packet_is_lost);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, closed);
	if (netns_can("what_was_too_big, what_the_own_link_refuses")) {
		tcase_add_test(tc, what_was_too_big);
		tcase_add_test(tc, what_the_own_link_refuses);
	}
	return run_cases("icmp", tc);
}
