/* Tests of the gateway's tunnels: their devices, the packets that wait for them, and what their
 * lines do. */
#include "tests/unit/src/gw_alone.h"

#include "lib/ip.h"

static int host;

/* A device for the tunnel: a socket pair, whose other end is the host's. */
static void device(struct gw_tunnel *t)
{
	struct msg_tun m = {.tunnel = t->id, .ifname = "hq", .ifindex = 7};
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	host = alone_moved(pair[1]);
	gw_tunnel_device(t, pair[0], &m);
}

/* An IPv4 packet to this address, with its virtio header. */
static size_t packet(uint8_t *bytes, uint32_t to, size_t len)
{
	memset(bytes, 0, GW_VNET_SIZE + len);
	bytes[GW_VNET_SIZE] = 0x45;
	ls_put16(bytes + GW_VNET_SIZE + IP4_LEN, (uint16_t)len);
	bytes[GW_VNET_SIZE + IP4_PROTOCOL] = 47;
	ls_put32(bytes + GW_VNET_SIZE + 16, to);
	return GW_VNET_SIZE + len;
}

static void goes_out(uint32_t to, size_t len)
{
	uint8_t bytes[8192];
	size_t n = packet(bytes, to, len);

	ck_assert_int_eq(write(host, bytes, n), (ssize_t)n);
	event_base_loop(gw->base, EVLOOP_NONBLOCK);
}

static void wants(const char *word)
{
	snprintf(gw->conf.offload[0], sizeof gw->conf.offload[0], "%s", word);
	gw->conf.offload_count = 1;
	gw_offload(gw);
}

/* What is joined into a device is what its kernel knows and the configuration lets. */
START_TEST(offloads_of_a_device)
{
	static const struct {
		uint8_t has, join;
	} rows[] = {{0, 0},
	            {CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_JOIN, GW_JOIN_TCP},
	            {CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_TUN_USO | CONF_OFFLOAD_JOIN,
	             GW_JOIN_TCP | GW_JOIN_UDP}};
	struct gw_tunnel *t;

	alone_begin();
	t = gw_tunnel_make(gw, 1);
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct msg_tun m = {.tunnel = 1, .ifname = "hq", .offloads = rows[i].has};
		int pair[2];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
		gw_tunnel_device(t, pair[0], &m);
		close(pair[1]);
		ck_assert_uint_eq(t->device.join, rows[i].join);
		wants("none");
		ck_assert_uint_eq(t->device.join, 0);
		wants("tun-tso");
		ck_assert_uint_eq(t->device.join, 0);
		wants("join");
		ck_assert_uint_eq(t->device.join, rows[i].join);
	}
	gw->conf.offload_count = 0;
	gw_tunnel_remove(t, CAUSE_CONFIG_CHANGED);
	alone_end();
}
END_TEST

START_TEST(tunnels_are_found_by_number)
{
	struct gw_tunnel *a, *b;

	alone_begin();
	a = gw_tunnel_make(gw, 5);
	/* In the same row of the table. */
	b = gw_tunnel_make(gw, 5 + GW_BUCKETS);
	ck_assert(a && b && a != b);
	ck_assert_ptr_eq(gw_tunnel_make(gw, 5), a);
	ck_assert_ptr_eq(gw_tunnel_find(gw, 5), a);
	ck_assert_ptr_eq(gw_tunnel_find(gw, 5 + GW_BUCKETS), b);
	ck_assert_ptr_null(gw_tunnel_find(gw, 5 + 2 * GW_BUCKETS));
	gw_tunnel_remove(a, CAUSE_CONFIG_CHANGED);
	ck_assert_ptr_null(gw_tunnel_find(gw, 5));
	ck_assert_ptr_eq(gw_tunnel_find(gw, 5 + GW_BUCKETS), b);
	ck_assert_ptr_eq(gw->tunnels, b);
	ck_assert_ptr_null(b->next);
	alone_end();
}
END_TEST

/* What a host says by itself on any interface is no reason to call; anything else is one. */
START_TEST(a_packet_calls_the_line_up)
{
	struct gw_tunnel *t;
	struct msg m;
	uint8_t six[GW_VNET_SIZE + IP6_SIZE] = {0};

	alone_begin();
	t = alone_tunnel(1, CONF_START_ON_DEMAND);
	device(t);
	ck_assert(!alone_told(alone_ike, MSG_TYPE_IKE_START, &m));
	goes_out(0xe0000005, 60);
	goes_out(0xffffffff, 60);
	six[GW_VNET_SIZE] = 0x60;
	six[GW_VNET_SIZE + 24] = 0xff;
	gw_tunnel_wait(gw, t, six, sizeof six);
	six[GW_VNET_SIZE + 24] = 0x20;
	six[GW_VNET_SIZE + 8] = 0xfe;
	six[GW_VNET_SIZE + 9] = 0x80;
	gw_tunnel_wait(gw, t, six, sizeof six);
	ck_assert(!alone_told(alone_ike, MSG_TYPE_IKE_START, &m));
	ck_assert_uint_eq(t->waiting.packets, 0);
	goes_out(0x0a010001, 60);
	ck_assert(alone_told(alone_ike, MSG_TYPE_IKE_START, &m));
	ck_assert_uint_eq(m.ike_start.tunnel, 1);
	ck_assert_uint_eq(t->waiting.packets, 1);
	/* One call, however many packets. */
	goes_out(0x0a010001, 60);
	ck_assert(!alone_told(alone_ike, MSG_TYPE_IKE_START, &m));
	ck_assert_uint_eq(t->waiting.packets, 2);
	close(host);
	alone_end();
}
END_TEST

/* By number and by bytes; the rest is counted. */
START_TEST(packets_that_wait_are_bounded)
{
	struct gw_tunnel *t;

	alone_begin();
	t = alone_tunnel(1, CONF_START_ON_DEMAND);
	device(t);
	for (unsigned i = 0; i < GW_WAITING_PACKETS + 5; i++)
		goes_out(0x0a010001, 60);
	ck_assert_uint_eq(t->waiting.packets, GW_WAITING_PACKETS);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_QUEUE_FULL], 5);
	/* The line comes to nothing: they are dropped, and counted as what they were. */
	gw_tunnel_step(t, GW_EV_CHAIN_DOWN, CAUSE_PEER_SILENT, "nobody");
	ck_assert_uint_eq(t->waiting.packets, 0);
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_GW_NO_LINE], GW_WAITING_PACKETS);
	gw_tunnel_step(t, GW_EV_ADMIN_UP, CAUSE_NONE, NULL);
	for (unsigned i = 0; i < 10; i++)
		goes_out(0x0a010001, 8000);
	ck_assert_uint_eq(t->waiting.packets, GW_WAITING_BYTES / 8000);
	ck_assert_uint_le(t->waiting.bytes, GW_WAITING_BYTES);
	close(host);
	alone_end();
}
END_TEST

/* Into the tunnel and out of it: both waited for the interface. */
START_TEST(what_waited_goes_when_the_line_is_up)
{
	struct msg_iface_done done = {.tunnel = 1, .ok = true, .mtu = 1380};
	struct msg m;
	struct gw_tunnel *t;
	uint8_t bytes[200], early[100], got[200];
	size_t len;

	alone_begin();
	t = alone_dialled(&m);
	device(t);
	for (unsigned i = 0; i < 3; i++)
		goes_out(0x0a010001, 60);
	len = packet(bytes, 0x0a020001, 80) - GW_VNET_SIZE;
	memcpy(early, bytes + GW_VNET_SIZE, len);
	gw_tunnel_early(gw, t, early, len);
	ck_assert_uint_eq(t->waiting.packets, 3);
	ck_assert_uint_eq(t->early.packets, 1);
	alone_exchange();
	ck_assert_uint_eq(far.packets, 0);
	gw_tunnel_iface_done(t, &done);
	alone_exchange();
	ck_assert_uint_eq(far.packets, 3);
	ck_assert_int_eq(recv(host, got, sizeof got, MSG_DONTWAIT), (ssize_t)(GW_VNET_SIZE + len));
	ck_assert_mem_eq(got + GW_VNET_SIZE, early, len);
	ck_assert_uint_eq(t->waiting.packets + t->early.packets, 0);
	/* From now on without waiting. */
	goes_out(0x0a010001, 60);
	alone_exchange();
	ck_assert_uint_eq(far.packets, 4);
	ck_assert_uint_eq(t->device.mtu, 1380);
	close(host);
	alone_end();
}
END_TEST

/* Each change of the line, with what people are told. */
START_TEST(states_are_reported)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_line_up();
	ck_assert_uint_eq(gw_tunnel_state(t), MSG_LINE_UP);
	do
		ck_assert(alone_told(alone_parent, MSG_TYPE_LINE_STATE, &m));
	while (m.line_state.state != MSG_LINE_UP);
	ck_assert_uint_eq(m.line_state.tunnel, 1);
	ck_assert_uint_eq(m.line_state.cause, CAUSE_NONE);
	gw_tunnel_step(t, GW_EV_SESSION_LOST, CAUSE_PEER_SILENT, "4 echoes");
	ck_assert(alone_told(alone_parent, MSG_TYPE_LINE_STATE, &m));
	ck_assert_uint_eq(m.line_state.state, MSG_LINE_CONNECTING);
	ck_assert_uint_eq(m.line_state.cause, CAUSE_PEER_SILENT);
	ck_assert_str_eq(m.line_state.text, "4 echoes");
	gw_tunnel_step(t, GW_EV_ADMIN_DOWN, CAUSE_ADMIN, NULL);
	ck_assert(alone_told(alone_parent, MSG_TYPE_LINE_STATE, &m));
	ck_assert_uint_eq(m.line_state.state, MSG_LINE_HELD);
	ck_assert(alone_told(alone_ike, MSG_TYPE_IKE_STOP, &m));
	ck_assert_uint_eq(m.ike_stop.cause, CAUSE_ADMIN);
	alone_end();
}
END_TEST

/* A line may do without IPv4 and get it later: both are told, once. */
START_TEST(what_a_line_lacks_is_told_and_its_end)
{
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_line_up();
	for (unsigned twice = 0; twice < 2; twice++)
		gw_tunnel_lack(t, CAUSE_PPP_NO_IPV4, "the pool is empty");
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_PPP_NO_IPV4], 1);
	do
		ck_assert(alone_told(alone_parent, MSG_TYPE_LINE_STATE, &m));
	while (m.line_state.cause != CAUSE_PPP_NO_IPV4);
	ck_assert_str_eq(m.line_state.text, "the pool is empty");
	for (unsigned twice = 0; twice < 2; twice++)
		gw_tunnel_lack(t, CAUSE_NONE, "");
	ck_assert_uint_eq(gw->counters.by_cause[CAUSE_PPP_IPV4_LATE], 1);
	ck_assert(alone_told(alone_parent, MSG_TYPE_LINE_STATE, &m));
	ck_assert_uint_eq(m.line_state.state, MSG_LINE_UP);
	ck_assert_uint_eq(m.line_state.cause, CAUSE_NONE);
	alone_end();
}
END_TEST

START_TEST(an_interface_that_cannot_be_set)
{
	struct msg_iface_done done = {.tunnel = 1, .ok = false, .error = "no such address"};
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_dialled(&m);
	gw_tunnel_iface_done(t, &done);
	ck_assert_int_eq(t->line.state, GW_LINE_BACKOFF);
	ck_assert_int_eq(t->line.cause, CAUSE_GW_INTERFACE);
	ck_assert_str_eq(t->text, "no such address");
	ck_assert_ptr_null(t->device.session);
	do
		ck_assert(alone_told(alone_parent, MSG_TYPE_LINE_STATE, &m));
	while (m.line_state.state != MSG_LINE_DOWN);
	ck_assert_uint_gt(m.line_state.retry_in_ms, 0);
	alone_end();
}
END_TEST

/* While a socket is full no device is read. */
START_TEST(devices_pause)
{
	struct gw_tunnel *t;

	alone_begin();
	t = alone_tunnel(1, CONF_START_ON_DEMAND);
	device(t);
	gw_tunnels_pause(gw, true);
	goes_out(0x0a010001, 60);
	ck_assert_uint_eq(t->waiting.packets, 0);
	gw_tunnels_pause(gw, true);
	gw_tunnels_pause(gw, false);
	event_base_loop(gw->base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(t->waiting.packets, 1);
	/* A new one, while it is full. */
	close(host);
	gw->worker.stalled = true;
	device(t);
	goes_out(0x0a010001, 60);
	ck_assert_uint_eq(t->waiting.packets, 1);
	gw->worker.stalled = false;
	gw_tunnels_pause(gw, false);
	event_base_loop(gw->base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(t->waiting.packets, 2);
	close(host);
	alone_end();
}
END_TEST

/* Its device is closed, its SAs are ended, and all who have to do with it are told. */
START_TEST(a_tunnel_that_is_removed)
{
	struct gw_tunnel *t;
	struct msg m;
	uint8_t byte;

	alone_begin();
	t = alone_line_up();
	device(t);
	gw_tunnel_remove(t, CAUSE_CONFIG_CHANGED);
	alone_exchange();
	ck_assert(alone_told(alone_ike, MSG_TYPE_IKE_STOP, &m));
	ck_assert_uint_eq(m.ike_stop.cause, CAUSE_CONFIG_CHANGED);
	ck_assert(alone_told(alone_parent, MSG_TYPE_IFACE_DOWN, &m));
	ck_assert_int_eq(recv(host, &byte, 1, MSG_DONTWAIT), 0);
	ck_assert_ptr_null(gw->tunnels);
	/* The peer heard of it. */
	ck_assert(far.down && far.by_us);
	close(host);
	alone_end();
}
END_TEST

START_TEST(settings_are_taken_over)
{
	struct conf_tunnel conf;
	struct gw_tunnel *t;
	struct msg m;

	alone_begin();
	t = alone_tunnel(1, CONF_START_WAIT);
	ck_assert(alone_told(alone_keys, MSG_TYPE_L2TP_SECRET_ASK, &m));
	ck_assert_uint_eq(m.l2tp_secret_ask.tunnel, 1);
	ck_assert_int_eq(t->line.start, GW_START_WAIT);
	conf = t->conf;
	conf.start = CONF_START_ON_DEMAND;
	conf.idle_s = 77;
	gw_tunnel_configure(t, &conf);
	ck_assert_int_eq(t->line.start, GW_START_DEMAND);
	ck_assert(t->line.idle_after == LS_S(77));
	ck_assert(alone_told(alone_keys, MSG_TYPE_L2TP_SECRET_ASK, &m));
	alone_end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("gw_tunnel");

	if (!alone_reserve())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, tunnels_are_found_by_number);
	tcase_add_test(tc, offloads_of_a_device);
	tcase_add_test(tc, a_packet_calls_the_line_up);
	tcase_add_test(tc, packets_that_wait_are_bounded);
	tcase_add_test(tc, what_waited_goes_when_the_line_is_up);
	tcase_add_test(tc, states_are_reported);
	tcase_add_test(tc, what_a_line_lacks_is_told_and_its_end);
	tcase_add_test(tc, an_interface_that_cannot_be_set);
	tcase_add_test(tc, devices_pause);
	tcase_add_test(tc, a_tunnel_that_is_removed);
	tcase_add_test(tc, settings_are_taken_over);
	return run_cases("gw_tunnel", tc);
}
