/* Tests of the way from TUN to socket (and on to the other side's TUN). */
#include "tests/unit/src/gw_worker_pair.h"

#include "src/parent/netlink.h"
#include "tests/unit/allocations.h"

#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

START_TEST(streams_pass_both_ways)
{
	static const size_t sizes[] = {1, 100, 1359, 1360, 1361, 20000, 64000};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		through(sizes[i], MTU - 40);
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_TUN_FORMAT], 0);
	ck_assert_uint_gt(side[0].heard, 0);
}
END_TEST

/* From one TUN device to the other, offloads or none: nothing is allocated on the way. */
START_TEST(packets_cost_no_allocation)
{
	static uint8_t bytes[BIG], got[BIG];
	size_t len = tcp_make(bytes, 64000, MTU - 40);
	unsigned long before;

	side[0].udp.gso = _i == 1;
	side[1].device.join = _i == 1 ? GW_JOIN_TCP | GW_JOIN_UDP : 0;
	through(64000, MTU - 40);
	before = allocations;
	for (unsigned round = 0; round < 20; round++) {
		if (write(side[0].host, bytes, len) != (ssize_t)len)
			break;
		run();
		while (read(side[1].host, got, sizeof got) > 0)
			continue;
	}
	ck_assert_uint_eq(allocations, before);
	ck_assert_uint_gt(side[1].session.in_packets, 20 * 64000 / MTU);
}
END_TEST

START_TEST(streams_pass_without_offloads)
{
	side[0].udp.gso = false;
	side[1].device.join = 0;
	through(30000, 1000);
}
END_TEST

START_TEST(header_options_of_l2tp_pass)
{
	for (int i = 0; i < SIDES; i++) {
		side[i].session.data.sequencing = true;
		side[i].session.data.length_bit = true;
		side[i].session.link.send_acfc = true;
		side[i].session.link.send_pfc = true;
		gw_flow_session_prepare(&side[i].session);
	}
	through(20000, 1300);
}
END_TEST

START_TEST(what_waited_is_sent_when_the_line_is_up)
{
	static uint8_t room[GW_HEADROOM + BIG], got[BIG];
	uint8_t *bytes = room + GW_HEADROOM;
	size_t len = tcp_make(bytes, 500, 1000);

	side[0].device.session = NULL;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(write(side[0].host, bytes, len), (ssize_t)len);
	run();
	ck_assert_uint_eq(side[0].waited, 3);
	ck_assert_uint_eq(side[0].last_len, len);
	ck_assert_mem_eq(side[0].last, bytes, len);
	/* Too early: it is lost, and that is counted. */
	gw_worker_waited(&side[0].w, (struct gw_tunnel *)(void *)&side[0], bytes, len, LS_S(2));
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_SOCKET_FULL], 1);
	side[0].device.session = &side[0].session;
	gw_worker_waited(&side[0].w, (struct gw_tunnel *)(void *)&side[0], bytes, len, LS_S(2));
	run();
	ck_assert_uint_eq(payload_arrived(&side[1], got), 500);
}
END_TEST

/* What one sealed datagram holds: the UDP 1701 packet. */
static size_t plain_of(struct side *to, uint8_t *out, size_t room)
{
	struct esp_open_job job = {.pkt = out};
	ssize_t n = recv(to->udp.fd, out, room, MSG_DONTWAIT);

	if (n <= 0)
		return 0;
	job.len = (uint32_t)n;
	esp_open(to->sad, &job, 1, LS_S(2));
	ck_assert_int_eq(job.verdict, CAUSE_NONE);
	ck_assert_uint_eq(job.next_header, IP_UDP);
	memmove(out, job.payload, job.payload_len);
	return job.payload_len;
}

static uint16_t slow_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += (uint32_t)p[i] << (i & 1 ? 0 : 8);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static bool udp_sum_right(const struct side *from, const struct side *to, const uint8_t *udp,
                          size_t len)
{
	size_t size = ls_addr_size(&from->addr);
	uint16_t sum = slow_sum(IP_UDP, from->addr.ip, size);

	sum = slow_sum(sum, to->addr.ip, size);
	return slow_sum((uint32_t)sum + (uint32_t)len, udp, len) == 0xffff;
}

/* RFC 8200 8.1 wants a UDP checksum over IPv6, of whatever lengths header and payload are; over
 * IPv4 data has none. One segment whole, and pieces of a super-packet. */
START_TEST(data_has_a_udp_checksum_over_ipv6_alone)
{
	static uint8_t bytes[BIG], udp[BIG];

	for (unsigned family = 4; family <= 6; family += 2)
		for (unsigned compressed = 0; compressed < 2; compressed++) {
			unsigned n = 0;
			size_t len;

			teardown();
			begin((uint8_t)family);
			/* Not to one train of datagrams: they are looked at one by one. */
			side[0].udp.gso = false;
			side[0].session.link.send_acfc = side[0].session.link.send_pfc = compressed;
			gw_flow_session_prepare(&side[0].session);
			for (size_t payload = 1; payload < 1200; payload += 61) {
				size_t total = tcp_make(bytes, payload * 3, (uint16_t)payload);

				ck_assert_int_eq(write(side[0].host, bytes, total), (ssize_t)total);
				gw_worker_tun(&side[0].w, (struct gw_tunnel *)(void *)&side[0],
				              LS_S(2));
				for (; (len = plain_of(&side[1], udp, sizeof udp)); n++) {
					ck_assert_uint_eq(ls_get16(udp), GW_L2TP_PORT);
					ck_assert_uint_eq(ls_get16(udp + 2), GW_L2TP_PORT);
					ck_assert_uint_eq(ls_get16(udp + UDP_LEN), len);
					if (family == 4)
						ck_assert_uint_eq(ls_get16(udp + UDP_SUM), 0);
					else
						ck_assert(udp_sum_right(&side[0], &side[1], udp,
						                        len));
				}
			}
			ck_assert_uint_eq(n, 3 * 20);
		}
}
END_TEST

/* Control has a checksum on both (RFC 2661 8.1). */
START_TEST(control_has_a_udp_checksum)
{
	uint8_t bytes[8 + 300];

	for (unsigned family = 4; family <= 6; family += 2) {
		teardown();
		begin((uint8_t)family);
		for (size_t len = 0; len <= 300; len++) {
			ls_random_fill(&source, bytes, sizeof bytes);
			gw_udp_header(bytes, len, &side[0].addr, &side[1].addr);
			ck_assert_uint_eq(ls_get16(bytes + UDP_LEN), 8 + len);
			ck_assert_uint_ne(ls_get16(bytes + UDP_SUM), 0);
			ck_assert(udp_sum_right(&side[0], &side[1], bytes, 8 + len));
		}
	}
}
END_TEST

START_TEST(what_cannot_be_sent_is_counted_or_told)
{
	static uint8_t bytes[BIG];
	struct gw_path nowhere = {.out = NULL};
	struct gw_worker *w = &side[0].w;
	size_t len = tcp_make(bytes, GW_PLAIN_MAX, GW_PLAIN_MAX);

	ck_assert_int_eq(write(side[0].host, bytes, len), (ssize_t)len);
	run();
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_TOO_BIG], 1);
	ck_assert_int_eq(write(side[0].host, bytes, 5), 5);
	run();
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_TUN_FORMAT], 1);
	ck_assert_uint_eq(side[1].heard, 0);
	ck_assert_int_eq(gw_worker_control(w, &nowhere, bytes, 100, LS_S(2)), CAUSE_GW_NO_SA);
	ck_assert_int_eq(gw_worker_control(w, &side[0].path, bytes, GW_PLAIN_MAX + 1, LS_S(2)),
	                 CAUSE_GW_TOO_BIG);
	ck_assert_int_eq(gw_worker_control(w, &side[0].path, bytes, GW_PLAIN_MAX, LS_S(2)),
	                 CAUSE_NONE);
}
END_TEST

/* One device does not keep the others waiting, however much it has. */
START_TEST(a_turn_is_bounded)
{
	static uint8_t bytes[BIG];
	size_t len = tcp_make(bytes, 100, 1000);
	unsigned left = 0;

	for (unsigned i = 0; i < GW_TUN_READS + 10; i++)
		ck_assert_int_eq(write(side[0].host, bytes, len), (ssize_t)len);
	gw_worker_tun(&side[0].w, (struct gw_tunnel *)(void *)&side[0], LS_S(2));
	ck_assert_uint_eq(side[0].session.out_packets, GW_TUN_READS);
	ck_assert_uint_eq(side[0].session.out_bytes, GW_TUN_READS * (len - GW_VNET_SIZE));
	ck_assert_uint_eq(side[0].actives, 1);
	while (read(side[0].device.queue[0], bytes, sizeof bytes) > 0)
		left++;
	ck_assert_uint_eq(left, 10);
	/* By packets too: each of these becomes 60. */
	len = tcp_make(bytes, 60 * 1000, 1000);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(write(side[0].host, bytes, len), (ssize_t)len);
	side[0].session.out_packets = 0;
	gw_worker_tun(&side[0].w, (struct gw_tunnel *)(void *)&side[0], LS_S(2));
	ck_assert_uint_eq(side[0].session.out_packets, 5 * 60);
}
END_TEST

enum { ETHERNET = 14, ARP_SIZE = 28, ARP_REPLY = 2 };

/* A namespace whose way out is an Ethernet where nobody says who has the peer's address: what is
 * sent waits for that, and the socket has room for two or three packets. */
static int narrow_way(struct side *s)
{
	struct ls_addr here = ls_addr_v4(0xc6336401, 0), there = ls_addr_v4(0xc6336402, 4500);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc6336401)};
	struct ifreq r = {.ifr_name = "narrow", .ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd, small = 1, tap;
	struct netlink *nl;

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	nl = netlink_open();
	tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	ck_assert(nl && tap >= 0 && ioctl(tap, TUNSETIFF, &r) == 0);
	ck_assert_int_eq(netlink_link_set(nl, if_nametoindex("narrow"), true, 1500), 0);
	ck_assert_int_eq(netlink_address_add(nl, if_nametoindex("narrow"), &here, NULL, 24), 0);
	netlink_close(nl);
	gw_udp_close(&s->udp);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	ck_assert(gw_udp_open(&s->udp, fd, 4, false));
	s->udp.gso = false;
	esp_sa_move(s->path.out, &here, &there);
	return tap;
}

/* RFC 826: the question, answered. */
static void answer(int tap, uint8_t *frame)
{
	uint8_t *arp = frame + ETHERNET, asked[4];
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};

	memcpy(asked, arp + 24, 4);
	memcpy(frame, arp + 8, 6);
	memcpy(frame + 6, mac, 6);
	ls_put16(arp + 6, ARP_REPLY);
	memcpy(arp + 18, arp + 8, 10);
	memcpy(arp + 8, mac, 6);
	memcpy(arp + 14, asked, 4);
	ck_assert_int_eq(write(tap, frame, ETHERNET + ARP_SIZE), ETHERNET + ARP_SIZE);
}

/* Answers, and empties the way: how many datagrams with ESP of ours came. */
static unsigned came_through(int tap, uint32_t spi)
{
	static uint8_t bytes[BIG];
	unsigned n = 0;
	ssize_t len;

	while ((len = read(tap, bytes, sizeof bytes)) > 0) {
		if (ls_get16(bytes + 12) == 0x0806)
			answer(tap, bytes);
		n += len > ETHERNET + IP4_SIZE + UDP_SIZE + 4 && ls_get16(bytes + 12) == 0x0800 &&
		     bytes[ETHERNET + IP4_PROTOCOL] == IP_UDP &&
		     ls_get32(bytes + ETHERNET + IP4_SIZE + UDP_SIZE) == spi;
	}
	return n;
}

/* The device is not read any more, and what was read is sent when there is room: nothing is lost.
 */
START_TEST(a_full_socket_stops_the_device)
{
	enum { PACKETS = 400 };
	static uint8_t bytes[BIG];
	size_t len = tcp_make(bytes, 1200, 1300);
	struct gw_worker *w = &side[0].w;
	struct gw_tunnel *t = (struct gw_tunnel *)(void *)&side[0];
	unsigned came = 0, resumed = 0;
	int tap = narrow_way(&side[0]);

	for (unsigned i = 0; i < PACKETS; i++)
		ck_assert_int_eq(write(side[0].host, bytes, len), (ssize_t)len);
	for (unsigned i = 0; i < PACKETS && !w->stalled; i++)
		gw_worker_tun(w, t, LS_S(2));
	ck_assert(w->stalled);
	ck_assert_uint_eq(side[0].fulls, 1);
	ck_assert_uint_lt(side[0].session.out_packets, PACKETS);
	/* While it is full nothing is read. */
	uint64_t before = side[0].session.out_packets;
	gw_worker_tun(w, t, LS_S(2));
	ck_assert_uint_eq(side[0].session.out_packets, before);
	ck_assert(!gw_worker_resume(w));
	ck_assert_uint_eq(side[0].fulls, 2);
	for (unsigned i = 0; i < 1000 && came < PACKETS; i++) {
		came += came_through(tap, side[1].spi);
		if (gw_worker_resume(w)) {
			resumed++;
			gw_worker_tun(w, t, LS_S(2));
		}
	}
	ck_assert_uint_eq(came, PACKETS);
	ck_assert_uint_gt(resumed, 0);
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_SOCKET_FULL], 0);
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_SOCKET_ERROR], 0);
	close(tap);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_worker_tx");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, streams_pass_both_ways);
	tcase_add_test(tc, streams_pass_without_offloads);
	tcase_add_test(tc, header_options_of_l2tp_pass);
	tcase_add_test(tc, what_waited_is_sent_when_the_line_is_up);
	tcase_add_test(tc, data_has_a_udp_checksum_over_ipv6_alone);
	tcase_add_test(tc, control_has_a_udp_checksum);
	tcase_add_test(tc, what_cannot_be_sent_is_counted_or_told);
	tcase_add_test(tc, a_turn_is_bounded);
	if (geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0)
		tcase_add_test(tc, a_full_socket_stops_the_device);
	else
		puts("skip - a_full_socket_stops_the_device: needs root and /dev/net/tun");
	tcase_add_loop_test(tc, packets_cost_no_allocation, 0, 2);
	return run_cases("gw_worker_tx", tc);
}
