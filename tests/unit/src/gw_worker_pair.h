/* Test helper: two workers with real sockets on the loopback, real ESP between them, and socket
 * pairs in place of TUN devices. */
#ifndef TESTS_UNIT_SRC_GW_WORKER_PAIR_H
#define TESTS_UNIT_SRC_GW_WORKER_PAIR_H

#include "lib/sum.h"
#include "lib/ip.h"
#include "src/gateway/gw_worker.h"

#include "lib/secret.h"
#include "lib/wire.h"
#include "tests/unit/run.h"

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
	unsigned waited, early, heard, controls, frames, actives, fulls, strays;
	uint32_t stray_spi;
	uint8_t last[BIG]; /* what came last where it was counted: packet, control or frame */
	size_t last_len;
};

static struct side side[SIDES];
static struct ls_random_seeded seed;
static struct ls_random source;

static inline struct gw_device *device_of(struct gw_tunnel *tunnel)
{
	return &((struct side *)(void *)tunnel)->device;
}

static inline void keep(struct side *s, const uint8_t *bytes, size_t len)
{
	memcpy(s->last, bytes, len);
	s->last_len = len;
}

static inline void waiting(void *owner, struct gw_tunnel *tunnel, const uint8_t *bytes, size_t len)
{
	(void)tunnel;
	keep(owner, bytes, len);
	((struct side *)owner)->waited++;
}

static inline void early(void *owner, struct gw_tunnel *tunnel, const uint8_t *packet, size_t len)
{
	(void)tunnel;
	ck_assert_uint_eq(gw_ip_len(packet, len), len);
	keep(owner, packet, len);
	((struct side *)owner)->early++;
}

static inline void heard(void *owner, struct esp_sa *sa, uint32_t spi, const struct ls_addr *local,
                         const struct ls_addr *from)
{
	struct side *s = owner;

	/* No ck_assert: it allocates, and this is counted. */
	if (spi != s->spi || esp_sa_inbound(s->sad, spi) != sa ||
	    !ls_addr_same_ip(local, &s->addr) || !ls_addr_equal(from, esp_sa_remote(sa)))
		ck_abort_msg("SPI %08x: another SA or other addresses", spi);
	s->heard++;
}

static inline void control(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len)
{
	(void)sa;
	keep(owner, bytes, len);
	((struct side *)owner)->controls++;
}

static inline struct gw_flow_session *session(void *owner, uint16_t id)
{
	struct side *s = owner;

	return id == s->session.data.session ? &s->session : NULL;
}

static inline void ppp(void *owner, struct gw_flow_session *flow, uint8_t *frame, size_t len)
{
	(void)flow;
	keep(owner, frame, len);
	((struct side *)owner)->frames++;
}

static inline void active(void *owner, struct gw_flow_session *flow)
{
	(void)flow;
	((struct side *)owner)->actives++;
}

static inline void full(void *owner, const struct gw_udp *udp)
{
	struct side *s = owner;

	if (udp != &s->udp)
		ck_abort_msg("another socket is full");
	s->fulls++;
}

static inline void stray(void *owner, uint32_t spi, const struct gw_received *in)
{
	struct side *s = owner;

	(void)in;
	s->strays++;
	s->stray_spi = spi;
}

static const struct gw_worker_calls calls = {device_of, waiting, early,  heard, control, session,
                                             NULL,      ppp,     active, full,  stray};

static inline int socket_open(uint8_t family, struct ls_addr *addr)
{
	struct sockaddr_in four = {.sin_family = AF_INET,
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t len = family == 4 ? sizeof four : sizeof at;
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0), big = 4 << 20;

	if (family == 4)
		memcpy(&at, &four, sizeof four);
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	/* The port lies at the same place in both. */
	*addr = family == 4 ? ls_addr_v4(INADDR_LOOPBACK, ntohs(at.sin6_port))
	                    : ls_addr_from_bytes(6, in6addr_loopback.s6_addr, ntohs(at.sin6_port));
	return fd;
}

static inline void side_open(struct side *s, uint8_t family)
{
	int tun[2], fd = socket_open(family, &s->addr), big = 4 << 20;

	ck_assert(gw_udp_open(&s->udp, fd, family, false));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, tun), 0);
	setsockopt(tun[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
	setsockopt(tun[1], SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
	s->device = (struct gw_device){.queue = {tun[0]},
	                               .mtu = MTU,
	                               .join = GW_JOIN_TCP | GW_JOIN_UDP,
	                               .session = &s->session};
	s->host = tun[1];
	s->sad = esp_sad_new(8, &source);
	ck_assert_ptr_nonnull(s->sad);
	s->spi = esp_spi_reserve(s->sad);
	ck_assert(gw_worker_init(&s->w, s->sad, &calls, s, &s->counters));
}

/* me's SAs towards the other. */
static inline void side_join(struct side *me, struct side *other, uint8_t in_key, uint8_t out_key)
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

/* Both sides, with sockets of this family. */
static inline void begin(uint8_t family)
{
	ck_assert(secret_init());
	source = ls_random_from_seed(&seed, 4);
	memset(side, 0, sizeof side);
	for (int i = 0; i < SIDES; i++)
		side_open(&side[i], family);
	side_join(&side[0], &side[1], 1, 2);
	side_join(&side[1], &side[0], 2, 1);
}

static inline void setup(void)
{
	begin(4);
}

static inline void teardown(void)
{
	for (int i = 0; i < SIDES; i++) {
		gw_worker_free(&side[i].w);
		esp_sad_free(side[i].sad);
		gw_udp_close(&side[i].udp);
		close(side[i].device.queue[0]);
		close(side[i].host);
	}
}

static inline size_t tcp_make(uint8_t *bytes, size_t payload, uint16_t mss)
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
	ls_sum_ip4_set(p, IP4_SIZE);
	ls_put16(t, 1000);
	ls_put16(t + 2, 80);
	t[TCP_OFFSET] = 0x50;
	t[TCP_FLAGS] = TCP_ACKED;
	for (size_t i = 0; i < payload; i++)
		t[TCP_SIZE + i] = (uint8_t)(i * 7 >> 2);
	ls_put16(t + TCP_SUM, ls_sum_fold(ls_sum_pseudo(p, 4, IP_TCP, len - IP4_SIZE)));
	return GW_VNET_SIZE + len;
}

static inline void run(void)
{
	for (int round = 0; round < 20; round++)
		for (int i = 0; i < SIDES; i++) {
			gw_worker_tun(&side[i].w, (struct gw_tunnel *)(void *)&side[i], LS_S(2));
			gw_worker_resume(&side[i].w);
			gw_worker_socket(&side[i].w, &side[i].udp, LS_S(2));
		}
}

/* The TCP payload that arrives at a host, whatever it was joined to. */
static inline size_t payload_arrived(struct side *s, uint8_t *out)
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

static inline void through(size_t payload, uint16_t mss)
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

#endif
