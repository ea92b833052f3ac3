/* Tests of lanes: real threads beside a gateway of this process, which hears of what is not theirs
 * to do. */
#include "tests/unit/src/gw_alone.h"

#include "lib/ip.h"

enum { LANES = 2, TRIES = 500, PROBE_BYTES = 100 };

static void begin(void)
{
	alone_begin();
	gw_gate_close(&gw->gate);
	ck_assert(gw_lanes_start(gw, LANES));
	gw_gate_open(&gw->gate);
	ck_assert_uint_eq(gw->lanes, LANES);
}

static void end(void)
{
	gw_lanes_end(gw);
	ck_assert_uint_eq(gw->lanes, 0);
	alone_end();
}

/* The lanes take their time. */
static bool told(int end, unsigned type, struct msg *m)
{
	for (unsigned i = 0; i < TRIES; i++) {
		event_base_loop(gw->base, EVLOOP_NONBLOCK);
		if (alone_told(end, type, m))
			return true;
		usleep(10000);
	}
	return false;
}

/* The host's end of a queue of the tunnel's device. */
static int queue(struct gw_tunnel *t, uint8_t number)
{
	struct msg_tun m = {.tunnel = t->id, .ifname = "hq", .ifindex = 7, .queue = number};
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	gw_gate_close(&gw->gate);
	gw_tunnel_device(t, pair[0], &m);
	gw_gate_open(&gw->gate);
	ck_assert_int_eq(t->device.queue[number], pair[0]);
	return pair[1];
}

START_TEST(a_packet_in_any_queue_calls)
{
	uint8_t bytes[GW_VNET_SIZE + PROBE_BYTES] = {0};
	struct gw_tunnel *t;
	int host[LANES];
	struct msg m;

	begin();
	gw_gate_close(&gw->gate);
	t = alone_tunnel(1, CONF_START_ON_DEMAND);
	gw_gate_open(&gw->gate);
	for (uint8_t i = 0; i < LANES; i++)
		host[i] = queue(t, i);
	bytes[GW_VNET_SIZE] = 0x45;
	ls_put16(bytes + GW_VNET_SIZE + IP4_LEN, PROBE_BYTES);
	ls_put32(bytes + GW_VNET_SIZE + IP4_TO, 0x0a480002);
	ck_assert_int_eq(write(host[_i], bytes, sizeof bytes), sizeof bytes);
	ck_assert(told(alone_ike, MSG_TYPE_IKE_START, &m));
	ck_assert_uint_eq(m.ike_start.tunnel, 1);
	/* It waits until the line is up. */
	ck_assert_uint_eq(t->waiting.packets, 1);
	ck_assert_uint_eq(t->waiting.bytes, PROBE_BYTES);
	for (unsigned i = 0; i < LANES; i++)
		close(host[i]);
	end();
}
END_TEST

/* In the second lane's socket: a packet of no SA, which ike hears of; and it is counted. */
START_TEST(strays_are_passed_on_and_counted)
{
	static struct gw_socket socket;
	struct ls_addr addr;
	struct sockaddr_in to = {.sin_family = AF_INET};
	uint8_t packet[64] = {1, 2, 3, 4};
	struct msg m;

	begin();
	ck_assert(gw_udp_open(&socket.udp, alone_udp(&addr), 4, false));
	socket.gw = gw;
	socket.lane = 1;
	gw->conf.crash_detection = true;
	gw_gate_close(&gw->gate);
	ck_assert(gw_lane_socket(gw, 1, &socket));
	ck_assert(!gw_lane_socket(gw, 1, &socket));
	ck_assert(!gw_lane_socket(gw, LANES, &socket));
	gw_gate_open(&gw->gate);
	to.sin_port = htons(addr.port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
		sendto(far.fd, packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to),
		sizeof packet);
	ck_assert(told(alone_ike, MSG_TYPE_STRAY, &m));
	ck_assert_uint_eq(m.stray.spi, 0x01020304);
	gw_gate_close(&gw->gate);
	ck_assert_uint_eq(esp_counters(gw->sad)->by_cause[CAUSE_ESP_UNKNOWN_SPI], 1);
	gw_gate_open(&gw->gate);
	end();
	gw_udp_close(&socket.udp);
}
END_TEST

/* Each has a worker of the SAD, beside the main thread's. */
START_TEST(sas_belong_to_all_lanes)
{
	begin();
	gw_gate_close(&gw->gate);
	ck_assert(!gw_lanes_start(gw, ESP_WORKERS_MAX));
	alone_tunnel(1, CONF_START_WAIT);
	ck_assert_ptr_nonnull(alone_chain(1, ALONE_CHAIN, true));
	for (unsigned i = 0; i <= LANES; i++)
		ck_assert_ptr_nonnull(esp_worker(gw->sad, i));
	ck_assert_ptr_null(esp_worker(gw->sad, LANES + 1));
	gw_gate_open(&gw->gate);
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_lane");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_packet_in_any_queue_calls, 0, LANES);
	tcase_add_test(tc, strays_are_passed_on_and_counted);
	tcase_add_test(tc, sas_belong_to_all_lanes);
	return run_cases("gw_lane", tc);
}
