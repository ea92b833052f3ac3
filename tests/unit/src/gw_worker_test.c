/* Tests of the packet path with real sockets on the loopback, real ESP, and socket pairs in place
 * of TUN devices. */
#include "src/gateway/gw_sum.h"
#include "src/gateway/gw_tun_ip.h"
#include "src/gateway/gw_worker.h"
#include "tests/unit/allocations.h"

#include "lib/secret.h"
#include "lib/wire.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIDES = 2, CHAIN = 5, MTU = 1400, BIG = 66000 };

/* One gateway: a worker with its socket, SAs, one session, and the test's end of its TUN. */
struct side {
	struct gw_worker w;
	struct esp_sad *sad;
	struct gw_udp udp;
	struct ls_addr addr;
	struct ls_counters counters;
	struct gw_device device;
	struct gw_path path;
	struct gw_flow_session session;
	int host; /* the other end of the TUN */
	uint32_t spi;
	unsigned waited, early, heard, controls, frames;
};

static struct side side[SIDES];
static struct ls_random_seeded seed;
static struct ls_random source;

static struct gw_device *device_of(struct gw_tunnel *tunnel)
{
	return &((struct side *)(void *)tunnel)->device;
}

static void waiting(void *owner, struct gw_tunnel *tunnel, const uint8_t *bytes, size_t len)
{
	(void)tunnel;
	(void)bytes;
	(void)len;
	((struct side *)owner)->waited++;
}

static void early(void *owner, struct gw_tunnel *tunnel, const uint8_t *packet, size_t len)
{
	(void)tunnel;
	ck_assert_uint_eq(gw_ip_len(packet, len), len);
	((struct side *)owner)->early++;
}

static void heard(void *owner, struct esp_sa *sa, uint32_t spi, const struct ls_addr *local,
                  const struct ls_addr *from)
{
	struct side *s = owner;

	/* No ck_assert: it allocates, and this is counted. */
	if (spi != s->spi || esp_sa_inbound(s->sad, spi) != sa ||
	    !ls_addr_same_ip(local, &s->addr) || !ls_addr_equal(from, esp_sa_remote(sa)))
		ck_abort_msg("SPI %08x: another SA or other addresses", spi);
	s->heard++;
}

static void control(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len)
{
	(void)sa;
	(void)bytes;
	(void)len;
	((struct side *)owner)->controls++;
}

static struct gw_flow_session *session(void *owner, uint16_t id)
{
	struct side *s = owner;

	return id == s->session.data.session ? &s->session : NULL;
}

static void ppp(void *owner, struct gw_flow_session *flow, uint8_t *frame, size_t len)
{
	(void)flow;
	(void)frame;
	(void)len;
	((struct side *)owner)->frames++;
}

static void active(void *owner, struct gw_flow_session *flow)
{
	(void)owner;
	(void)flow;
}

static void full(void *owner, const struct gw_udp *udp)
{
	(void)owner;
	(void)udp;
}

static const struct gw_worker_calls calls = {device_of, waiting, early,  heard, control,
                                             session,   ppp,     active, full};

static void side_open(struct side *s)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof in;
	int tun[2], fd = socket(AF_INET, SOCK_DGRAM, 0), big = 4 << 20;

	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	s->addr = ls_addr_v4(INADDR_LOOPBACK, ntohs(in.sin_port));
	ck_assert(gw_udp_open(&s->udp, fd, 4, false));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, tun), 0);
	setsockopt(tun[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
	setsockopt(tun[1], SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
	s->device = (struct gw_device){
		.fd = tun[0], .mtu = MTU, .offload = true, .session = &s->session};
	s->host = tun[1];
	s->sad = esp_sad_new(8, &source);
	ck_assert_ptr_nonnull(s->sad);
	s->spi = esp_spi_reserve(s->sad);
	ck_assert(gw_worker_init(&s->w, s->sad, &calls, s, &s->counters));
}

/* me's SAs towards the other. */
static void side_join(struct side *me, struct side *other, uint8_t in_key, uint8_t out_key)
{
	uint8_t key[36];
	struct esp_sa_params p = {
		.direction = ESP_IN,
		.spi = me->spi,
		.mode = ESP_TRANSPORT,
		.encr = ALGO_AES256_GCM,
		.keymat = LS_BYTES(key, sizeof key),
		.tunnel = 1,
		.chain = CHAIN,
		.udp = true,
		.local = me->addr,
		.remote = other->addr,
		.selector = {.protocol = 17,
	                     .local_port_low = 1701,
	                     .local_port_high = 1701,
	                     .remote_port_low = 1701,
	                     .remote_port_high = 1701},
	};
	struct esp_sa *sa;

	memset(key, in_key, sizeof key);
	ck_assert_int_eq(esp_sa_add(me->sad, &p, LS_S(1), &sa), CAUSE_NONE);
	memset(key, out_key, sizeof key);
	p.direction = ESP_OUT;
	p.spi = other->spi;
	ck_assert_int_eq(esp_sa_add(me->sad, &p, LS_S(1), &me->path.out), CAUSE_NONE);
	me->path.socket = &me->udp;
	me->session.path = &me->path;
	me->session.chain = CHAIN;
	me->session.tunnel = (struct gw_tunnel *)(void *)me;
	me->session.open = true;
	me->session.link.ipv4 = true;
	me->session.link.ipv6 = true;
	me->session.link.peer_mru = 1500;
	me->session.data = (struct l2tp_data){
		.session = 7, .peer_session = 7, .connection = 9, .peer_connection = 9};
	gw_flow_session_prepare(&me->session);
}

static void setup(void)
{
	ck_assert(secret_init());
	source = ls_random_from_seed(&seed, 4);
	memset(side, 0, sizeof side);
	for (int i = 0; i < SIDES; i++)
		side_open(&side[i]);
	side_join(&side[0], &side[1], 1, 2);
	side_join(&side[1], &side[0], 2, 1);
}

static void teardown(void)
{
	for (int i = 0; i < SIDES; i++) {
		gw_worker_free(&side[i].w);
		esp_sad_free(side[i].sad);
		gw_udp_close(&side[i].udp);
		close(side[i].device.fd);
		close(side[i].host);
	}
}

static size_t tcp_make(uint8_t *bytes, size_t payload, uint16_t mss)
{
	uint8_t *p = bytes + GW_VNET_SIZE, *t = p + IP4_SIZE;
	size_t len = IP4_SIZE + TCP_SIZE + payload;
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = payload > mss ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_NONE,
		.gso_size = payload > mss ? mss : 0,
		.csum_start = IP4_SIZE,
		.csum_offset = TCP_SUM,
	};

	memset(p, 0, IP4_SIZE + TCP_SIZE);
	memcpy(bytes, &h, sizeof h);
	p[0] = 0x45;
	ls_put16(p + IP4_LEN, (uint16_t)len);
	p[IP4_TTL] = 64;
	p[IP4_PROTOCOL] = IP_TCP;
	ls_put32(p + 12, 0x0a010001);
	ls_put32(p + 16, 0x0a020001);
	gw_sum_ip4_set(p, IP4_SIZE);
	ls_put16(t, 1000);
	ls_put16(t + 2, 80);
	t[TCP_OFFSET] = 0x50;
	t[TCP_FLAGS] = TCP_ACKED;
	for (size_t i = 0; i < payload; i++)
		t[TCP_SIZE + i] = (uint8_t)(i * 7 >> 2);
	ls_put16(t + TCP_SUM, gw_sum_fold(gw_sum_pseudo(p, 4, IP_TCP, len - IP4_SIZE)));
	return GW_VNET_SIZE + len;
}

static void run(void)
{
	for (int round = 0; round < 20; round++)
		for (int i = 0; i < SIDES; i++) {
			gw_worker_tun(&side[i].w, (struct gw_tunnel *)(void *)&side[i], LS_S(2));
			gw_worker_resume(&side[i].w);
			gw_worker_socket(&side[i].w, &side[i].udp, LS_S(2));
		}
}

/* The TCP payload that arrives at a host, whatever it was joined to. */
static size_t payload_arrived(struct side *s, uint8_t *out)
{
	static uint8_t bytes[BIG];
	size_t total = 0;

	for (;;) {
		ssize_t n = read(s->host, bytes, sizeof bytes);

		if (n <= 0)
			return total;
		size_t head = GW_VNET_SIZE + IP4_SIZE + TCP_SIZE;
		ck_assert_int_gt(n, (ssize_t)head);
		ck_assert_uint_eq(ls_get32(bytes + GW_VNET_SIZE + IP4_SIZE + TCP_SEQUENCE), total);
		memcpy(out + total, bytes + head, (size_t)n - head);
		total += (size_t)n - head;
	}
}

static void through(size_t payload, uint16_t mss)
{
	static uint8_t bytes[BIG], got[BIG];
	size_t len = tcp_make(bytes, payload, mss);

	for (int i = 0; i < SIDES; i++) {
		ck_assert_int_eq(write(side[i].host, bytes, len), (ssize_t)len);
		run();
		ck_assert_uint_eq(payload_arrived(&side[1 - i], got), payload);
		ck_assert_mem_eq(got, bytes + GW_VNET_SIZE + IP4_SIZE + TCP_SIZE, payload);
	}
}

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

	side[0].udp.gso = side[1].device.offload = _i == 1;
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
	side[1].device.offload = false;
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

START_TEST(packets_wait_while_no_session_is_up)
{
	static uint8_t bytes[BIG];
	size_t len = tcp_make(bytes, 500, 1000);

	side[0].device.session = NULL;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(write(side[0].host, bytes, len), (ssize_t)len);
	run();
	ck_assert_uint_eq(side[0].waited, 3);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(write(side[1].host, bytes, len), (ssize_t)len);
	run();
	ck_assert_uint_eq(side[0].early, 2);
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

int main(void)
{
	Suite *suite = suite_create("gw_worker");
	TCase *tc = tcase_create("gw_worker");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, streams_pass_both_ways);
	tcase_add_loop_test(tc, packets_cost_no_allocation, 0, 2);
	tcase_add_test(tc, streams_pass_without_offloads);
	tcase_add_test(tc, header_options_of_l2tp_pass);
	tcase_add_test(tc, what_does_not_belong_is_dropped_and_counted);
	tcase_add_test(tc, packets_wait_while_no_session_is_up);
	tcase_add_test(tc, control_goes_its_own_way);
	tcase_add_test(tc, noise_on_the_socket_is_harmless);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
