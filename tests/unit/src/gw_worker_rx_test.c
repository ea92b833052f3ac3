/* Tests of the way from socket to TUN: what comes out of an SA goes where it belongs, or nowhere.
 */
#include "src/base/datagram.h"
#include "src/gateway/gw_source.h"
#include "tests/unit/src/gw_worker_pair.h"

#include <signal.h>

static void expect_nothing(struct side *to, enum ls_cause cause)
{
	static uint8_t bytes[BIG], got[BIG];
	size_t len = tcp_make(bytes, 500, 1000);
	uint64_t before = to->counters.by_cause[cause];

	ck_assert_int_eq(write(side[1].host, bytes, len), (ssize_t)len);
	run();
	ck_assert_uint_eq(payload_arrived(&side[0], got), 0);
	ck_assert_uint_eq(to->counters.by_cause[cause], before + 1);
}

START_TEST(what_does_not_belong_is_dropped_and_counted)
{
	side[0].session.data.session = 8;
	expect_nothing(&side[0], CAUSE_GW_NO_SESSION);
	side[0].session.data.session = 7;
	side[0].session.data.connection = 10;
	expect_nothing(&side[0], CAUSE_GW_NO_SESSION);
	side[0].session.data.connection = 9;
	side[0].session.chain = CHAIN + 1;
	expect_nothing(&side[0], CAUSE_GW_WRONG_CHAIN);
	/* What was still on its way when the session moved is its own. */
	side[0].session.chain_before = CHAIN;
	through(100, 100);
	side[0].session.chain_before = CHAIN + 2;
	expect_nothing(&side[0], CAUSE_GW_WRONG_CHAIN);
	side[0].session.chain = CHAIN;
	side[0].session.open = false;
	expect_nothing(&side[0], CAUSE_GW_NO_LINE);
	side[0].session.open = true;
	side[0].session.link.ipv4 = false;
	expect_nothing(&side[0], CAUSE_GW_INNER_PACKET);
	side[0].session.link.ipv4 = true;
	struct esp_sa *out = side[1].path.out;
	side[1].path.out = NULL;
	expect_nothing(&side[1], CAUSE_GW_NO_SA);
	side[1].path.out = out;
	through(500, 1000);
}
END_TEST

START_TEST(sources_are_checked)
{
	struct gw_sources sources;
	struct ls_prefix net;

	/* What tcp_make makes comes from 10.1.0.1. */
	ck_assert(ls_prefix_parse("10.2.0.0/16", &net));
	gw_sources_make(&sources, &net, 1);
	side[0].device.sources = &sources;
	expect_nothing(&side[0], CAUSE_GW_SOURCE);
	side[0].device.session = NULL;
	expect_nothing(&side[0], CAUSE_GW_SOURCE);
	ck_assert_uint_eq(side[0].early, 0);
	side[0].device.session = &side[0].session;
	side[0].session.link.remote4 = ls_addr_v4(0x0a010001, 0);
	through(30000, 1000);
	side[0].session.link.remote4 = ls_addr_v4(0x0a010002, 0);
	ck_assert(ls_prefix_parse("10.1.0.0/16", &net));
	gw_sources_make(&sources, &net, 1);
	through(30000, 1000);
}
END_TEST

START_TEST(packets_wait_until_the_interface_is_ready)
{
	static uint8_t bytes[BIG];
	size_t len = tcp_make(bytes, 500, 1000);

	side[0].device.session = NULL;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(write(side[1].host, bytes, len), (ssize_t)len);
	run();
	ck_assert_uint_eq(side[0].early, 2);
	ck_assert_uint_eq(side[0].last_len, len - GW_VNET_SIZE);
	ck_assert_uint_eq(side[0].session.in_packets, 0);
}
END_TEST

/* What a router marked on the way counts for those packets too (RFC 6040 4.2). */
START_TEST(packets_that_wait_have_their_marks)
{
	static uint8_t bytes[BIG];
	size_t len = tcp_make(bytes, 500, 1000);
	uint8_t *ip = bytes + GW_VNET_SIZE;

	side[0].device.session = NULL;
	side[1].session.mark.fixed = GW_ECN_CE;
	ip[IP4_TOS] = GW_ECN_ECT0;
	ls_sum_ip4_set(ip, IP4_SIZE);
	ck_assert_int_eq(write(side[1].host, bytes, len), (ssize_t)len);
	run();
	ck_assert_uint_eq(side[0].early, 1);
	ck_assert_uint_eq(side[0].last[IP4_TOS], GW_ECN_CE);
	ck_assert_uint_eq(ls_sum_fold(ls_sum_bytes(side[0].last, IP4_SIZE)), 0xffff);
	/* One that knows no marks may not go on. */
	ip[IP4_TOS] = GW_ECN_NOT_ECT;
	ls_sum_ip4_set(ip, IP4_SIZE);
	ck_assert_int_eq(write(side[1].host, bytes, len), (ssize_t)len);
	run();
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_ECN_DROP], 1);
	ck_assert_uint_eq(side[0].early, 1);
}
END_TEST

/* It came from the peer, and is no sign that a line is in use or even alive (RFC 4303 2.6). */
START_TEST(dummies_are_nothing)
{
	static uint8_t got[BIG];
	struct esp_sa_view v;

	for (size_t len = 0; len <= GW_PLAIN_MAX; len += len ? len : 1)
		gw_worker_dummy(&side[1].w, &side[1].path, len, 0, false, LS_S(2));
	gw_worker_dummy(&side[1].w, &side[1].path, GW_PLAIN_MAX + 1, 0, false, LS_S(2));
	run();
	esp_sa_view(esp_sa_inbound(side[0].sad, side[0].spi), &v);
	ck_assert_uint_eq(v.dummies, 15);
	ck_assert_uint_eq(v.packets, 15);
	ck_assert_uint_eq(esp_counters(side[0].sad)->by_cause[CAUSE_ESP_DUMMY], 15);
	esp_sa_view(side[1].path.out, &v);
	ck_assert_uint_eq(v.dummies, 15);
	ck_assert_uint_eq(payload_arrived(&side[0], got), 0);
	ck_assert_uint_eq(side[0].heard + side[0].actives + side[1].actives, 0);
	ck_assert_uint_eq(side[1].session.out_packets, 0);
	through(500, 1000);
}
END_TEST

/* With padding all packets that fit into it have one size, and come out as they went in. */
START_TEST(padded_packets)
{
	struct esp_sa_view v;

	for (int i = 0; i < SIDES; i++)
		esp_sa_pad(side[i].path.out, 1400);
	through(1, 1000);
	through(500, 1000);
	through(60000, 1000);
	esp_sa_view(side[0].path.out, &v);
	ck_assert_uint_eq(v.tfc_bytes, 1400);
	ck_assert_uint_eq(v.dummies, 0);
	/* A control message too, which may be longer than it is (a jumbo frame). */
	uint8_t bytes[8 + 12] = {0};
	esp_sa_pad(side[0].path.out, GW_PLAIN_MAX);
	ls_put16(bytes + 8, 0xc802);
	gw_udp_header(bytes, 12, &side[0].addr, &side[1].addr);
	ck_assert_int_eq(gw_worker_control(&side[0].w, &side[0].path, bytes, sizeof bytes, LS_S(2)),
	                 CAUSE_NONE);
	run();
	ck_assert_uint_eq(side[1].controls, 1);
	ck_assert_uint_eq(side[1].last_len, 12);
	ck_assert_uint_gt(side[1].w.open[0].len, GW_PLAIN_MAX);
	/* What tries a size has that size. */
	ck_assert_int_eq(gw_worker_probe(&side[0].w, &side[0].path, bytes, sizeof bytes, LS_S(2)),
	                 CAUSE_NONE);
	run();
	ck_assert_uint_eq(side[1].controls, 2);
	ck_assert_uint_lt(side[1].w.open[0].len, 100);
}
END_TEST

START_TEST(control_goes_its_own_way)
{
	uint8_t bytes[8 + 12] = {0};

	ls_put16(bytes + 8, 0xc802);
	gw_udp_header(bytes, 12, &side[0].addr, &side[1].addr);
	ck_assert_int_eq(gw_worker_control(&side[0].w, &side[0].path, bytes, sizeof bytes, LS_S(2)),
	                 CAUSE_NONE);
	/* A PPP frame that is not IP: LCP. */
	uint8_t frame[8 + 6 + 8] = {0};
	ls_put16(frame + 8, 2);
	ls_put16(frame + 10, 9);
	ls_put16(frame + 12, 7);
	ls_put32(frame + 14, 0xff03c021);
	gw_udp_header(frame, sizeof frame - 8, &side[0].addr, &side[1].addr);
	ck_assert_int_eq(gw_worker_control(&side[0].w, &side[0].path, frame, sizeof frame, LS_S(2)),
	                 CAUSE_NONE);
	run();
	ck_assert_uint_eq(side[1].controls, 1);
	ck_assert_uint_eq(side[1].frames, 1);
}
END_TEST

START_TEST(noise_on_the_socket_is_harmless)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	                         .sin_port = htons(side[0].addr.port)};
	uint8_t noise[300];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (size_t i = 0; i < 2000; i++) {
		ls_random_fill(&source, noise, sizeof noise);
		if (i % 3 == 0)
			ls_put32(noise, side[0].spi);
		sendto(fd, noise, i % sizeof noise, 0, (struct sockaddr *)&to, sizeof to);
		if (i % 50 == 0)
			run();
	}
	run();
	close(fd);
	ck_assert_uint_eq(side[0].heard, 0);
	through(3000, 1000);
}
END_TEST

/* Whose SPI nobody knows is told, with the SPI; what is too short to have one, or is only not
 * authentic, is not. */
START_TEST(strays_are_told)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	                         .sin_port = htons(side[0].addr.port)};
	uint8_t bytes[100] = {0x12, 0x34, 0x56, 0x78};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&to, sizeof to);
	run();
	ck_assert_uint_eq(side[0].strays, 1);
	ck_assert_uint_eq(side[0].stray_spi, 0x12345678);
	sendto(fd, bytes, 3, 0, (struct sockaddr *)&to, sizeof to);
	ls_put32(bytes, side[0].spi);
	sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&to, sizeof to);
	run();
	ck_assert_uint_eq(side[0].strays, 1);
	close(fd);
}
END_TEST

/* A UDP 1701 packet in side 1's SA towards side 0, as it is. */
static void send_plain(const uint8_t *udp, size_t len)
{
	ck_assert_int_eq(gw_worker_control(&side[1].w, &side[1].path, udp, len, LS_S(2)),
	                 CAUSE_NONE);
	gw_worker_socket(&side[0].w, &side[0].udp, LS_S(2));
}

/* A data message with this PPP frame, for side 0's session. */
static size_t data_make(uint8_t *udp, const uint8_t *frame, size_t len)
{
	memset(udp, 0, UDP_SIZE + 6);
	ls_put16(udp + UDP_SIZE, 2);
	ls_put16(udp + UDP_SIZE + 2, 9);
	ls_put16(udp + UDP_SIZE + 4, 7);
	memcpy(udp + UDP_SIZE + 6, frame, len);
	gw_udp_header(udp, 6 + len, &side[1].addr, &side[0].addr);
	return UDP_SIZE + 6 + len;
}

/* An IPv4 packet in a frame, with bytes behind it. */
static size_t frame_make(uint8_t *frame, uint32_t protocol, size_t packet, size_t padding)
{
	memset(frame, 0, 4 + packet + padding);
	ls_put32(frame, 0xff030000 | protocol);
	frame[4] = 0x45;
	ls_put16(frame + 4 + IP4_LEN, (uint16_t)packet);
	frame[4 + IP4_PROTOCOL] = 47;
	return 4 + packet + padding;
}

static ssize_t at_the_host(uint8_t *out, size_t room)
{
	return read(side[0].host, out, room);
}

/* RFC 1661 2: a frame may be padded; the packet is as long as it says. */
START_TEST(padding_is_taken_off)
{
	uint8_t frame[300] = {0}, udp[400], got[400];

	for (size_t padding = 0; padding < 100; padding += 33) {
		send_plain(udp, data_make(udp, frame, frame_make(frame, 0x0021, 60, padding)));
		ck_assert_int_eq(at_the_host(got, sizeof got), GW_VNET_SIZE + 60);
		ck_assert_mem_eq(got + GW_VNET_SIZE, frame + 4, 60);
	}
	ck_assert_uint_eq(side[0].session.in_packets, 4);
	ck_assert_uint_eq(side[0].session.in_bytes, 4 * 60);
}
END_TEST

START_TEST(what_is_no_packet_is_counted)
{
	uint8_t frame[300] = {0}, udp[400], got[400];
	const uint64_t *count = side[0].counters.by_cause;

	/* IPv4 in a frame of IPv6, and longer than the frame. */
	send_plain(udp, data_make(udp, frame, frame_make(frame, 0x0057, 60, 0)));
	ck_assert_uint_eq(count[CAUSE_GW_INNER_PACKET], 1);
	frame_make(frame, 0x0021, 60, 0);
	send_plain(udp, data_make(udp, frame, 4 + 59));
	ck_assert_uint_eq(count[CAUSE_GW_INNER_PACKET], 2);
	send_plain(udp, data_make(udp, frame, 4));
	ck_assert_uint_eq(count[CAUSE_GW_INNER_PACKET], 3);
	send_plain(udp, data_make(udp, frame, 0));
	ck_assert_uint_eq(count[CAUSE_GW_PPP_SHORT], 1);
	ck_assert_int_lt(at_the_host(got, sizeof got), 0);
	ck_assert_uint_eq(side[0].frames, 0);
}
END_TEST

/* What UDP says of its length, against what there is. */
START_TEST(udp_lengths_that_lie)
{
	uint8_t frame[300] = {0}, udp[400], got[400];
	size_t len = data_make(udp, frame, frame_make(frame, 0x0021, 60, 0));
	uint64_t refused = 0;

	for (unsigned says = 0; says < 2 * len; says++) {
		ls_put16(udp + UDP_LEN, (uint16_t)says);
		send_plain(udp, len);
		refused += says < UDP_SIZE || says > len;
		ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_UDP_HEADER], refused);
		ck_assert_int_eq(at_the_host(got, sizeof got) > 0, says == len);
	}
	/* No whole header: its ports cannot be what the SA is for. */
	send_plain(udp, UDP_SIZE - 1);
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_ESP_SELECTOR] +
	                          side[0].counters.by_cause[CAUSE_GW_UDP_HEADER],
	                  refused + 1);
}
END_TEST

/* An SA for UDP 1701 carries nothing else (RFC 3193 2). */
START_TEST(only_what_the_sa_is_for)
{
	uint8_t frame[300] = {0}, udp[400], sealed[600], got[400];
	size_t len = data_make(udp, frame, frame_make(frame, 0x0021, 60, 0));
	struct esp_seal_job job = {.sa = side[1].path.out,
	                           .part[0] = LS_BYTES(udp, len),
	                           .parts = 1,
	                           .next_header = 6,
	                           .dst = sealed,
	                           .dst_room = sizeof sealed};
	struct sockaddr_in6 to;
	socklen_t to_len = datagram_name_make(&side[0].addr, &to);

	ck_assert_uint_eq(esp_seal(side[1].sad, &job, 1, LS_S(2)), 1);
	ck_assert_int_eq(
		sendto(side[1].udp.fd, sealed, job.dst_len, 0, (struct sockaddr *)&to, to_len),
		job.dst_len);
	gw_worker_socket(&side[0].w, &side[0].udp, LS_S(2));
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_ESP_SELECTOR], 1);
	ls_put16(udp, 1702);
	send_plain(udp, len);
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_ESP_SELECTOR], 2);
	ls_put16(udp, 1701);
	ls_put16(udp + 2, 53);
	send_plain(udp, len);
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_ESP_SELECTOR], 3);
	ck_assert_int_lt(at_the_host(got, sizeof got), 0);
}
END_TEST

/* An SA that is for anything is all the same for L2TP only. */
START_TEST(what_is_no_udp_is_no_l2tp)
{
	uint8_t key[36] = {3}, sealed[200], packet[60] = {0};
	struct esp_sa_params p = {.direction = ESP_IN,
	                          .spi = esp_spi_reserve(side[0].sad),
	                          .mode = ESP_TRANSPORT,
	                          .encr = ALGO_AES256_GCM,
	                          .keymat = LS_BYTES(key, sizeof key),
	                          .tunnel = 1,
	                          .chain = CHAIN,
	                          .udp = true,
	                          .local = side[0].addr,
	                          .remote = side[1].addr};
	struct esp_seal_job job = {.part[0] = LS_BYTES(packet, sizeof packet),
	                           .parts = 1,
	                           .next_header = 6,
	                           .dst = sealed,
	                           .dst_room = sizeof sealed};
	struct sockaddr_in6 to;
	struct esp_sa *in;

	side[0].spi = p.spi;
	ck_assert_int_eq(esp_sa_add(side[0].sad, &p, LS_S(1), &in), CAUSE_NONE);
	p.direction = ESP_OUT;
	ck_assert_int_eq(esp_sa_add(side[1].sad, &p, LS_S(1), &job.sa), CAUSE_NONE);
	ck_assert_uint_eq(esp_seal(side[1].sad, &job, 1, LS_S(2)), 1);
	socklen_t to_len = datagram_name_make(&side[0].addr, &to);
	ck_assert_int_eq(
		sendto(side[1].udp.fd, sealed, job.dst_len, 0, (struct sockaddr *)&to, to_len),
		job.dst_len);
	gw_worker_socket(&side[0].w, &side[0].udp, LS_S(2));
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_SELECTOR], 1);
}
END_TEST

/* RFC 3948 2.3: one byte, to keep a NAT's mapping; it is nothing, wherever it stands. */
START_TEST(keepalives_are_nothing)
{
	static const uint8_t keepalive = 0xff;
	static const struct ls_counters zero;
	uint8_t frame[300] = {0}, udp[400], got[400];
	struct sockaddr_in6 to;
	socklen_t to_len = datagram_name_make(&side[0].addr, &to);

	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(
			sendto(side[1].udp.fd, &keepalive, 1, 0, (struct sockaddr *)&to, to_len),
			1);
	send_plain(udp, data_make(udp, frame, frame_make(frame, 0x0021, 60, 0)));
	run();
	ck_assert_mem_eq(&side[0].counters, &zero, sizeof zero);
	ck_assert_mem_eq(esp_counters(side[0].sad), &zero, sizeof zero);
	ck_assert_uint_eq(side[0].heard, 1);
	ck_assert_int_eq(at_the_host(got, sizeof got), GW_VNET_SIZE + 60);
}
END_TEST

/* The engines hear of a session once a second, not of each packet. */
START_TEST(a_session_is_active_once_a_second)
{
	uint8_t frame[300] = {0}, udp[400];
	size_t len = data_make(udp, frame, frame_make(frame, 0x0021, 60, 0));

	for (ls_time now = LS_S(10); now < LS_S(20); now += LS_MS(100)) {
		ck_assert_int_eq(gw_worker_control(&side[1].w, &side[1].path, udp, len, now),
		                 CAUSE_NONE);
		gw_worker_socket(&side[0].w, &side[0].udp, now);
	}
	ck_assert_uint_eq(side[0].session.in_packets, 100);
	ck_assert_uint_eq(side[0].actives, 10);
}
END_TEST

/* A device that is closed, or takes nothing. */
START_TEST(packets_that_a_device_does_not_take_are_counted)
{
	uint8_t frame[300] = {0}, udp[400];
	size_t len = data_make(udp, frame, frame_make(frame, 0x0021, 60, 0));
	int fd = side[0].device.queue[0];

	side[0].device.queue[0] = -1;
	send_plain(udp, len);
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_NO_LINE], 1);
	side[0].device.queue[0] = fd;
	signal(SIGPIPE, SIG_IGN);
	shutdown(fd, SHUT_WR);
	send_plain(udp, len);
	ck_assert_uint_eq(side[0].counters.by_cause[CAUSE_GW_TUN_WRITE], 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_worker_rx");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_does_not_belong_is_dropped_and_counted);
	tcase_add_test(tc, sources_are_checked);
	tcase_add_test(tc, packets_wait_until_the_interface_is_ready);
	tcase_add_test(tc, packets_that_wait_have_their_marks);
	tcase_add_test(tc, dummies_are_nothing);
	tcase_add_test(tc, padded_packets);
	tcase_add_test(tc, control_goes_its_own_way);
	tcase_add_test(tc, padding_is_taken_off);
	tcase_add_test(tc, what_is_no_packet_is_counted);
	tcase_add_test(tc, udp_lengths_that_lie);
	tcase_add_test(tc, only_what_the_sa_is_for);
	tcase_add_test(tc, what_is_no_udp_is_no_l2tp);
	tcase_add_test(tc, keepalives_are_nothing);
	tcase_add_test(tc, a_session_is_active_once_a_second);
	tcase_add_test(tc, packets_that_a_device_does_not_take_are_counted);
	tcase_add_test(tc, noise_on_the_socket_is_harmless);
	tcase_add_test(tc, strays_are_told);
	return run_cases("gw_worker_rx", tc);
}
