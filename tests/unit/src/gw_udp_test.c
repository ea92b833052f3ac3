/* Tests of receiving, over the loopback: one buffer serves sockets with trains of datagrams and
 * sockets where each comes for itself, in turn. */
#include "src/gateway/gw_udp.h"

#include "src/base/datagram.h"
#include "tests/unit/src/netns.h"
#include "tests/unit/run.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>
#include <unistd.h>

enum { BIG = 4 << 20, HEAD = 4, DATAGRAM_MAX = 60000 };

struct end {
	struct gw_udp udp;
	struct ls_addr addr;
};

static struct gw_rx rx;
static struct ls_counters counters;

static void end_open(struct end *e)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), big = BIG;

	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	e->addr = ls_addr_v4(INADDR_LOOPBACK, ntohs(in.sin_port));
	ck_assert(gw_udp_open(&e->udp, fd, 4, false));
}

/* A datagram that says its number, with the number's low byte to its end. */
static void send_one(const struct end *from, const struct end *to, uint32_t number, size_t len)
{
	static uint8_t bytes[DATAGRAM_MAX];
	struct sockaddr_in6 at;
	socklen_t at_len = datagram_name_make(&to->addr, &at);

	memset(bytes, (int)(number & 0xff), len);
	memcpy(bytes, &number, HEAD);
	ck_assert_int_eq(sendto(from->udp.fd, bytes, len, 0, (struct sockaddr *)&at, at_len),
	                 (ssize_t)len);
}

/* Receives until there is nothing, and expects the numbers from `first` on, all of this length. */
static unsigned receive_all(const struct end *at, const struct end *from, uint32_t first,
                            size_t len)
{
	struct gw_received in[GW_RX_MESSAGES];
	unsigned n, datagrams = 0;

	while ((n = gw_udp_receive(&at->udp, &rx, in, &counters)) > 0) {
		ck_assert_uint_le(n, gw_rx_most(&at->udp));
		for (unsigned i = 0; i < n; i++) {
			ck_assert(ls_addr_equal(&in[i].remote, &from->addr));
			ck_assert(ls_addr_same_ip(&in[i].local, &at->addr));
			for (uint32_t o = 0; o < in[i].len; o += in[i].segment, datagrams++) {
				uint32_t number;

				ck_assert_uint_eq(in[i].segment, len);
				ck_assert_uint_le(o + in[i].segment, in[i].len);
				memcpy(&number, in[i].bytes + o, HEAD);
				ck_assert_uint_eq(number, first + datagrams);
				ck_assert_uint_eq(in[i].bytes[o + len - 1], number & 0xff);
			}
		}
	}
	return datagrams;
}

START_TEST(one_buffer_serves_both_kinds)
{
	struct end from, trains, singles;

	memset(&counters, 0, sizeof counters);
	ck_assert(gw_rx_init(&rx));
	end_open(&from);
	end_open(&trains);
	end_open(&singles);
	singles.udp.gro = false;
	for (uint32_t round = 0; round < 20; round++) {
		const struct end *to = round % 3 == 1 ? &trains : &singles;
		unsigned n = 1 + round * 7 % 150;
		size_t len = 100 + round * 400;

		for (unsigned i = 0; i < n; i++)
			send_one(&from, to, round * 1000 + i, len);
		ck_assert_uint_eq(receive_all(to, &from, round * 1000, len), n);
	}
	ck_assert_uint_eq(counters.by_cause[CAUSE_GW_TRUNCATED], 0);
	gw_rx_free(&rx);
	gw_udp_close(&from.udp);
	gw_udp_close(&trains.udp);
	gw_udp_close(&singles.udp);
}
END_TEST

/* Switched off, each datagram comes for itself; and in trains again. */
START_TEST(offloads_are_switched)
{
	struct end from, to;

	memset(&counters, 0, sizeof counters);
	ck_assert(gw_rx_init(&rx));
	end_open(&from);
	end_open(&to);
	ck_assert(from.udp.has_gso && from.udp.gso && to.udp.has_gro && to.udp.gro);
	for (unsigned round = 0; round < 4; round++) {
		bool on = round & 1;
		int is = -1;
		socklen_t len = sizeof is;

		gw_udp_offload(&to.udp, on, on);
		ck_assert(to.udp.gso == on && to.udp.gro == on);
		ck_assert_int_eq(getsockopt(to.udp.fd, IPPROTO_UDP, 104, &is, &len), 0);
		ck_assert_int_eq(is, on);
		for (unsigned i = 0; i < 100; i++)
			send_one(&from, &to, round * 1000 + i, 500);
		ck_assert_uint_eq(receive_all(&to, &from, round * 1000, 500), 100);
	}
	/* What the kernel has not is never in use. */
	to.udp.has_gso = to.udp.has_gro = false;
	gw_udp_offload(&to.udp, false, true);
	gw_udp_offload(&to.udp, true, true);
	ck_assert(!to.udp.gso);
	gw_rx_free(&rx);
	gw_udp_close(&from.udp);
	gw_udp_close(&to.udp);
}
END_TEST

START_TEST(what_is_too_long_is_counted)
{
	struct end from, to;

	memset(&counters, 0, sizeof counters);
	ck_assert(gw_rx_init(&rx));
	end_open(&from);
	end_open(&to);
	to.udp.gro = false;
	send_one(&from, &to, 1, GW_RX_SIZE);
	send_one(&from, &to, 2, GW_RX_SIZE + 1);
	ck_assert_uint_eq(receive_all(&to, &from, 1, GW_RX_SIZE), 1);
	ck_assert_uint_eq(counters.by_cause[CAUSE_GW_TRUNCATED], 1);
	send_one(&from, &to, 3, 200);
	ck_assert_uint_eq(receive_all(&to, &from, 3, 200), 1);
	gw_rx_free(&rx);
	gw_udp_close(&from.udp);
	gw_udp_close(&to.udp);
}
END_TEST

/* -- fragments, on a loopback of 1300 bytes -- */

/* One datagram of 1400 bytes to ourselves; gives how many came, whole. */
static unsigned through_1300(const char *text, bool df, unsigned *refused)
{
	static uint8_t bytes[1400];
	struct gw_received in[GW_RX_MESSAGES];
	struct ls_addr to = addr_of(text), none = {.family = 0};
	struct gw_runs runs = {.n = 0};
	const struct gw_udp *full;
	struct sockaddr_in6 at;
	socklen_t len = datagram_name_make(&to, &at);
	struct gw_udp udp;
	unsigned n;
	int fd = socket(to.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	to = datagram_name_read((struct sockaddr *)&at);
	ck_assert(gw_udp_open(&udp, fd, to.family, false));
	ck_assert(gw_runs_add(&runs, &udp, &none, &to, 0, df, bytes, sizeof bytes));
	ck_assert(gw_runs_send(&runs, &counters, &full));
	*refused = runs.refused;
	n = gw_udp_receive(&udp, &rx, in, &counters);
	ck_assert(n == 0 || in[0].len == sizeof bytes);
	gw_udp_close(&udp);
	return n;
}

START_TEST(fragments_only_if_they_are_wanted)
{
	static const char *const at[] = {"127.0.0.1", "::1"};
	struct netlink *nl;
	unsigned refused;

	netns_enter();
	nl = netlink_open();
	ck_assert_int_eq(netlink_link_set(nl, 1, true, 1300), 0);
	netlink_close(nl);
	ck_assert(gw_rx_init(&rx));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(through_1300(at[i], true, &refused), 0);
		ck_assert_uint_eq(refused, 1);
		ck_assert_uint_eq(through_1300(at[i], false, &refused), 1);
		ck_assert_uint_eq(refused, 0);
	}
	gw_rx_free(&rx);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_udp");

	tcase_add_test(tc, one_buffer_serves_both_kinds);
	tcase_add_test(tc, what_is_too_long_is_counted);
	tcase_add_test(tc, offloads_are_switched);
	if (netns_can("fragments_only_if_they_are_wanted"))
		tcase_add_test(tc, fragments_only_if_they_are_wanted);
	return run_cases("gw_udp", tc);
}
