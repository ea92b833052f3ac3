/* Fuzzes the way in as a whole: datagrams on a socket, opened with an SA whose key the peer has, to
 * L2TP and PPP engines that stand in a session and to the TUN device. What was not sealed reaches
 * nobody, and only IP packets of an agreed version come out. */
#include "l2tp/l2tp.h"
#include "lib/ip.h"
#include "src/gateway/gw_worker.h"
#include "tests/fuzz/ppp_owner.h"

#include <arpa/inet.h>
#include <unistd.h>

enum { TUNNEL = 1, CHAIN = 2, MTU = 1400, HELD_MAX = 32, PLAIN_MAX = 600, BIG = 66000 };

static struct gw_worker worker;
static struct gw_udp ours, theirs;
static struct ls_addr our_addr, their_addr;
static int host; /* the other end of the TUN */
static struct gw_device device;
static struct ls_counters counters;

/* Of one input. */
static struct esp_sad *sad;
static struct esp_sa *out;
static uint32_t spi;
static struct l2tp *l2tp[2];
static struct owner link_us, link_them;
static struct gw_flow_session flow;
static struct l2tp_data their_data;
static unsigned sealed_good, heard_count;
static ls_time now;

/* -- what the worker calls -- */
static struct gw_device *device_of(struct gw_tunnel *tunnel)
{
	(void)tunnel;
	return &device;
}

static void waiting(void *owner, struct gw_tunnel *tunnel, const uint8_t *bytes, size_t len)
{
	(void)owner;
	(void)tunnel;
	(void)bytes;
	(void)len;
	abort(); /* nothing is read from the TUN here */
}

static void packet_check(const uint8_t *packet, size_t len)
{
	if (len == 0 || gw_ip_len(packet, len) != len ||
	    !(packet[0] >> 4 == 4 ? flow.link.ipv4 : flow.link.ipv6))
		abort();
}

static void early(void *owner, struct gw_tunnel *tunnel, const uint8_t *packet, size_t len)
{
	(void)owner;
	(void)tunnel;
	packet_check(packet, len);
}

static void heard(void *owner, struct esp_sa *sa, uint32_t number, const struct ls_addr *local,
                  const struct ls_addr *from)
{
	(void)owner;
	(void)local;
	if (number != spi || esp_sa_inbound(sad, spi) != sa || !ls_addr_equal(from, &their_addr))
		abort();
	heard_count++;
}

/* Says what an L2TP engine asks for; to: the other one, or NULL. */
static void l2tp_pump(struct l2tp *from, struct l2tp *to)
{
	struct l2tp_request r;

	while (l2tp_next(from, &r)) {
		if (to && r.kind == L2TP_REQ_SEND)
			l2tp_input(to, TUNNEL, CHAIN, r.bytes.p, r.bytes.len, now);
		if (r.kind == L2TP_REQ_SESSION_UP)
			*(from == l2tp[0] ? &flow.data : &their_data) = r.data;
	}
}

static void control(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len)
{
	(void)owner;
	l2tp_input(l2tp[0], esp_sa_tunnel(sa), esp_sa_chain(sa), bytes, len, now);
	l2tp_pump(l2tp[0], NULL);
}

static struct gw_flow_session *session(void *owner, uint16_t id)
{
	(void)owner;
	return id == flow.data.session ? &flow : NULL;
}

static void ppp(void *owner, struct gw_flow_session *s, uint8_t *frame, size_t len)
{
	(void)owner;
	(void)s;
	if (link_us.down)
		return;
	ppp_input(link_us.ppp, frame, len, now);
	owner_pump(&link_us, NULL, now);
}

static void active(void *owner, struct gw_flow_session *s)
{
	(void)owner;
	l2tp_heard(l2tp[0], s->data.session, now);
	if (!link_us.down)
		ppp_heard(link_us.ppp, now);
}

static void full(void *owner, const struct gw_udp *udp)
{
	(void)owner;
	(void)udp;
}

static void stray(void *owner, uint32_t which, const struct gw_received *what)
{
	(void)owner;
	(void)which;
	(void)what;
}

static const struct gw_worker_calls calls = {device_of, waiting, early,  heard, control, session,
                                             NULL,      ppp,     active, full,  stray};

/* -- the two ends -- */
static struct ls_addr socket_open(struct gw_udp *udp)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) != 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) != 0 || !gw_udp_open(udp, fd, 4, false))
		abort();
	return ls_addr_v4(INADDR_LOOPBACK, ntohs(in.sin_port));
}

static void setup(void)
{
	int tun[2];

	if (!crypto_init() || !secret_init() ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, tun) != 0)
		abort();
	our_addr = socket_open(&ours);
	their_addr = socket_open(&theirs);
	device = (struct gw_device){.queue = {tun[0]}, .mtu = MTU};
	host = tun[1];
	if (!gw_worker_init(&worker, NULL, &calls, NULL, &counters))
		abort();
}

static void sas_make(void)
{
	static struct ls_random_seeded seed;
	struct ls_random random = ls_random_from_seed(&seed, 1);
	static const uint8_t key[36] = {1, 2, 3};
	struct esp_sa *in;
	struct esp_sa_params p = {
		.direction = ESP_IN,
		.encr = ALGO_AES256_GCM,
		.keymat = LS_BYTES(key, sizeof key),
		.tunnel = TUNNEL,
		.chain = CHAIN,
		.udp = true,
		.local = our_addr,
		.remote = their_addr,
		.selector = {.protocol = 17,
	                     .local_port_low = 1701,
	                     .local_port_high = 1701,
	                     .remote_port_high = 65535},
	};

	worker.sad = sad = esp_sad_new(4, &random);
	worker.esp = sad ? esp_worker(sad, 0) : NULL;
	if (!sad)
		abort();
	p.spi = spi = esp_spi_reserve(sad);
	if (esp_sa_add(sad, &p, now, &in) != CAUSE_NONE)
		abort();
	p.direction = ESP_OUT;
	if (esp_sa_add(sad, &p, now, &out) != CAUSE_NONE)
		abort();
}

/* A call from them to us, and PPP in it as far as steps go. */
static void call_make(uint8_t form, unsigned steps)
{
	static struct ls_random_seeded seed[2];
	const struct l2tp_peer peer = {.tunnel = TUNNEL, .host_name = "host"};

	flow = (struct gw_flow_session){.chain = CHAIN};
	for (unsigned i = 0; i < 2; i++) {
		struct ls_random random = ls_random_from_seed(&seed[i], i);

		l2tp[i] = l2tp_new(&(struct l2tp_limits){.max_connections = 8, .max_sessions = 8},
		                   &random);
		if (!l2tp[i] || l2tp_peer_set(l2tp[i], &peer) != CAUSE_NONE)
			abort();
	}
	if (l2tp_call(l2tp[1], TUNNEL, CHAIN, now) != CAUSE_NONE)
		abort();
	for (unsigned i = 0; i < 6; i++)
		l2tp_pump(l2tp[1 - i % 2], l2tp[i % 2]);
	link_us = link_them = (struct owner){.up = false};
	owner_config(&link_us, form & ~1u);
	owner_config(&link_them, form | 1u);
	link_us.random = ls_random_from_seed(&link_us.seed, 1);
	link_them.random = ls_random_from_seed(&link_them.seed, 2);
	link_us.ppp = ppp_new(&link_us.config, &link_us.random, now);
	link_them.ppp = ppp_new(&link_them.config, &link_them.random, now);
	if (!link_us.ppp || !link_them.ppp || flow.data.session == 0)
		abort();
	for (unsigned i = 0; i < steps; i++) {
		owner_pump(&link_us, &link_them, now);
		owner_pump(&link_them, &link_us, now);
	}
	flow.link = *ppp_link(link_us.ppp);
	flow.open = link_us.up;
	device.session = form & 64 ? &flow : NULL;
	device.join = form & 128 ? GW_JOIN_TCP | GW_JOIN_UDP : 0;
}

/* -- what comes -- */
enum { RAW = 0, SEALED = 1, UDP = 2, CONTROL = 3, FRAME = 4, IP = 5, KINDS = 6 };

/* The plaintext of a record: its bytes, and as much around them as its kind says. */
static size_t plain_make(unsigned kind, const uint8_t *bytes, size_t len, uint8_t *plain,
                         uint16_t ns)
{
	uint8_t *p = plain + UDP_SIZE;
	size_t head = 0;

	if (kind == SEALED) {
		memcpy(plain, bytes, len);
		return len;
	}
	if (kind == FRAME || kind == IP)
		head = l2tp_data_header(&their_data, ns, len + (kind == IP ? 2 : 0), p);
	if (kind == IP) {
		ls_put16(p + head, len > 0 && bytes[0] >> 4 == 6 ? 0x57 : 0x21);
		head += 2;
	}
	memcpy(p + head, bytes, len);
	len += head;
	if (kind == CONTROL && len >= 12) {
		ls_put16(p, 0xc802);
		ls_put16(p + 2, (uint16_t)len);
		ls_put16(p + 4, their_data.peer_connection);
	}
	if (kind == IP && len >= head + IP4_SIZE && p[head] == 0x45)
		ls_put16(p + head + IP4_LEN, (uint16_t)(len - head));
	gw_udp_header(plain, len, &our_addr, &their_addr);
	return len + UDP_SIZE;
}

/* Records: form 1 (low bits: kind; 8 the next header is the first byte; 16 bent; 32 time passes; 64
 * it goes out with the next one; 128
 * the outer header says that the way is congested), length 1, bytes. */
static size_t record(struct rd *r, uint8_t *packet, size_t room, uint8_t *form_out)
{
	static uint8_t plain[PLAIN_MAX];
	static uint16_t ns;
	uint8_t form = rd_u8(r), next = 17;
	unsigned kind = (form & 7) % KINDS;
	size_t len = rd_u8(r);
	const uint8_t *bytes;

	*form_out = form;
	len = len < rd_left(r) ? len : rd_left(r);
	bytes = rd_bytes(r, len);
	if (!bytes || len == 0)
		return 0;
	if (form & 8 && len > 1) {
		next = *bytes++;
		len--;
	}
	if (kind == RAW) {
		memcpy(packet, bytes, len);
		if (len >= 4 && form & 16)
			ls_put32(packet, spi);
		return len;
	}
	struct esp_seal_job seal = {
		.sa = out,
		.part = {LS_BYTES(plain, plain_make(kind, bytes, len, plain, ns++))},
		.parts = 1,
		.next_header = next,
		.dst = packet,
		.dst_room = (uint32_t)room};
	if (esp_seal(sad, &seal, 1, now) != 1)
		abort();
	if (form & 16)
		packet[8 + bytes[0] % (seal.dst_len - 8)] ^= (uint8_t)(1 + bytes[0] / 2);
	else if (next != 59)
		sealed_good++;
	return seal.dst_len;
}

static void arrive(struct gw_runs *runs)
{
	static uint8_t written[BIG];
	const struct gw_udp *stuck;
	ssize_t n;

	gw_runs_send(runs, &counters, &stuck);
	gw_worker_socket(&worker, &ours, now);
	if (heard_count > sealed_good)
		abort();
	while ((n = read(host, written, sizeof written)) > 0) {
		if (n <= GW_VNET_SIZE)
			abort();
		if (!device.join)
			packet_check(written + GW_VNET_SIZE, (size_t)n - GW_VNET_SIZE);
	}
}

static void attack(struct rd *r)
{
	static uint8_t arena[HELD_MAX * 1024];
	static struct gw_runs runs;
	size_t used = 0;
	uint8_t form;

	while (rd_left(r) > 2) {
		size_t len = record(r, arena + used, sizeof arena - used, &form);

		if (len > 0)
			gw_runs_add(&runs, &theirs, &their_addr, &our_addr, form & 128 ? 3 : 0,
			            false, arena + used, len);
		used += len;
		if (form & 64 && used + 1024 <= sizeof arena)
			continue;
		arrive(&runs);
		used = 0;
		if (form & 32) {
			now += LS_MS(900);
			l2tp_tick(l2tp[0], now);
			l2tp_pump(l2tp[0], NULL);
			if (!link_us.down)
				ppp_tick(link_us.ppp, now);
			owner_pump(&link_us, NULL, now);
		}
	}
	arrive(&runs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* data: form of the link, steps that it has come, records. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_make(data, size);
	uint8_t form = rd_u8(&r), steps = rd_u8(&r) % 12;

	if (!worker.in)
		setup();
	now = LS_S(100);
	sealed_good = heard_count = 0;
	sas_make();
	call_make(form, steps);
	attack(&r);
	owner_close(&link_us, now);
	owner_close(&link_them, now);
	l2tp_free(l2tp[0]);
	l2tp_free(l2tp[1]);
	esp_sad_free(sad);
	return 0;
}
