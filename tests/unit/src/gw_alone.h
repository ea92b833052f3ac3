/* Test helper: a gateway in this process, with the test as parent, ike and keys, and a peer with
 * engines of its own at the other end of a real socket with real ESP. */
#ifndef TESTS_UNIT_SRC_GW_ALONE_H
#define TESTS_UNIT_SRC_GW_ALONE_H

#include "src/gateway/gw.h"

#include "lib/crypto.h"
#include "lib/wire.h"
#include "tests/unit/run.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ALONE_KEYMAT = 36, ALONE_CHAIN = 1 };

static struct gw_gateway *gw;
/* The other ends of its channels. */
static int alone_parent, alone_ike, alone_keys;
/* What keys would have; keys that say nothing. */
static const char *alone_password;
static bool alone_keys_silent;
static struct ls_addr alone_given;
/* Called when the peer has made its link, before a frame has travelled; NULL: nothing. */
static void (*alone_linked)(void);

/* The peer. */
static struct {
	struct esp_sad *sad;
	int fd;
	struct ls_addr addr;
	uint32_t spi;
	struct l2tp *l2tp;
	struct ppp_config ppp_config;
	struct ppp *ppp;
	struct l2tp_data data;
	struct ppp_link link;
	const char *password;
	bool up, down, by_us;
	enum ls_cause cause;
	char host[L2TP_NAME_MAX];
	unsigned packets; /* data that came */
} far;

static inline struct gw_device *alone_device_of(struct gw_tunnel *t)
{
	return &t->device;
}

static inline void alone_full(void *owner, const struct gw_udp *udp)
{
	(void)owner;
	(void)udp;
}

static inline void alone_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static inline int alone_moved(int fd)
{
	int to = fcntl(fd, F_DUPFD_CLOEXEC, 20);

	close(fd);
	return to;
}

/* A message with a descriptor, as the parent sends it. */
static inline void alone_send(int to, const struct wr *w, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;
	struct iovec part = {w->p, w->len};
	struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		h.msg_control = control;
		h.msg_controllen = sizeof control;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	ck_assert_int_eq(sendmsg(to, &h, 0), (ssize_t)w->len);
}

static inline int alone_peer(enum msg_role role)
{
	struct msg_peer_channel m = {.role = (uint8_t)role};
	uint8_t bytes[64];
	struct wr w = wr_make(bytes, sizeof bytes);
	int pair[2];

	ck_assert(ipc_pair(pair) && msg_encode_peer_channel(&w, &m));
	alone_send(alone_parent, &w, pair[0]);
	close(pair[0]);
	event_base_loop(gw->base, EVLOOP_NONBLOCK);
	ck_assert(proc_has(gw->proc, role));
	return alone_moved(pair[1]);
}

static inline int alone_udp(struct ls_addr *addr)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof in;
	int fd = alone_moved(socket(AF_INET, SOCK_DGRAM, 0));

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*addr = ls_addr_v4(INADDR_LOOPBACK, ntohs(in.sin_port));
	return fd;
}

static inline void alone_begin(void)
{
	static const struct proc_role role = {.role = MSG_ROLE_GATEWAY};
	static const struct gw_worker_calls calls = {
		.device = alone_device_of,
		.waiting = gw_tunnel_wait,
		.early = gw_tunnel_early,
		.heard = gw_sa_heard,
		.stray = gw_sa_stray,
		.control = gw_l2tp_control,
		.session = gw_session_flow,
		.ppp = gw_ppp_input,
		.active = gw_session_active,
		.full = alone_full,
	};
	struct l2tp_peer peer = {.tunnel = 1, .host_name = "far.example"};
	struct ls_addr addr;
	int pair[2];

	ck_assert(secret_init() && crypto_init() && ipc_pair(pair));
	alone_parent = alone_moved(pair[0]);
	pair[1] = alone_moved(pair[1]);
	ck_assert_int_eq(dup2(pair[1], PROC_CHANNEL_FD), PROC_CHANNEL_FD);
	close(pair[1]);
	gw = calloc(1, sizeof *gw);
	ck_assert_ptr_nonnull(gw);
	gw->random = ls_random_system();
	gw->ike_generation = 1;
	gw->proc = proc_new(&role, gw);
	ck_assert_ptr_nonnull(gw->proc);
	gw->base = proc_base(gw->proc);
	gw->sad = esp_sad_new(1024, &gw->random);
	gw->l2tp = l2tp_new(&(struct l2tp_limits){0}, &gw->random);
	gw->l2tp_timer = evtimer_new(gw->base, alone_timer, NULL);
	gw->esp_timer = evtimer_new(gw->base, alone_timer, NULL);
	ck_assert(gw_worker_init(&gw->worker, gw->sad, &calls, gw, &gw->counters));
	ck_assert(gw_udp_open(&gw->socket[0].udp, alone_udp(&addr), 4, false));
	gw->sockets = 1;
	snprintf(gw->conf.host_name, sizeof gw->conf.host_name, "us.example");
	alone_ike = alone_peer(MSG_ROLE_IKE);
	alone_keys = alone_peer(MSG_ROLE_KEYS);
	alone_password = "secret";
	memset(&far, 0, sizeof far);
	far.password = "secret";
	far.fd = alone_udp(&far.addr);
	far.sad = esp_sad_new(64, &gw->random);
	far.l2tp = l2tp_new(&(struct l2tp_limits){0}, &gw->random);
	ck_assert_int_eq(l2tp_peer_set(far.l2tp, &peer), CAUSE_NONE);
}

static inline void alone_end(void)
{
	gw->ending = true;
	while (gw->tunnels)
		gw_tunnel_remove(gw->tunnels, CAUSE_SHUTDOWN);
	gw_udp_close(&gw->socket[0].udp);
	gw_worker_free(&gw->worker);
	event_free(gw->l2tp_timer);
	event_free(gw->esp_timer);
	l2tp_free(gw->l2tp);
	esp_sad_free(gw->sad);
	proc_free(gw->proc);
	free(gw);
	if (far.ppp)
		ppp_free(far.ppp);
	l2tp_free(far.l2tp);
	esp_sad_free(far.sad);
	close(far.fd);
	close(alone_parent);
	close(alone_ike);
	close(alone_keys);
}

/* The next message of this type at that end; what comes before it is passed over. */
static inline bool alone_told(int end, unsigned type, struct msg *m)
{
	static uint8_t bytes[MSG_SIZE_MAX];
	ssize_t n;

	while ((n = recv(end, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
		ck_assert(msg_decode(bytes, (size_t)n, m));
		if (m->type == type)
			return true;
	}
	return false;
}

/* A tunnel of this kind, configured and begun. */
static inline struct gw_tunnel *alone_tunnel(uint32_t id, enum conf_start start)
{
	struct conf_tunnel conf = {.name = "hq",
	                           .start = start,
	                           .user = "reno",
	                           .l2tp = {.hello_s = 60},
	                           .ppp = {.mru = 1500, .ipv4 = true, .echo_s = 30}};
	struct gw_tunnel *t = gw_tunnel_make(gw, id);

	if (start == CONF_START_WAIT) {
		conf.ppp.local4 = ls_addr_v4(0x0a090001, 0);
		conf.ppp.pool_first = ls_addr_v4(0x0a090010, 0);
		conf.ppp.pool_last = ls_addr_v4(0x0a090011, 0);
	}
	ck_assert_ptr_nonnull(t);
	gw_tunnel_configure(t, &conf);
	gw_tunnel_step(t, GW_EV_BEGIN, CAUSE_NONE, NULL);
	return t;
}

/* ike has a chain for this tunnel, with the far peer at its end. */
static inline struct gw_chain *alone_chain(uint32_t tunnel, uint32_t chain, bool install)
{
	uint8_t keymat[ALONE_KEYMAT] = {1, 2, 3};
	uint32_t spi = esp_spi_reserve(far.sad);
	struct msg_sa_install m = {.tunnel = tunnel,
	                           .chain = chain,
	                           .spi_in = esp_spi_reserve(gw->sad),
	                           .spi_out = spi,
	                           .encr = ALGO_AES256_GCM,
	                           .udp = true,
	                           .local = ls_addr_v4(INADDR_LOOPBACK, 4500),
	                           .remote = far.addr,
	                           .keymat_in = LS_BYTES(keymat, ALONE_KEYMAT),
	                           .keymat_out = LS_BYTES(keymat, ALONE_KEYMAT)};
	struct esp_sa_params in = {.direction = ESP_IN,
	                           .spi = spi,
	                           .mode = ESP_TRANSPORT,
	                           .encr = ALGO_AES256_GCM,
	                           .keymat = LS_BYTES(keymat, ALONE_KEYMAT),
	                           .tunnel = 1,
	                           .chain = chain,
	                           .udp = true,
	                           .local = far.addr,
	                           .remote = ls_addr_v4(INADDR_LOOPBACK, 4500)};
	struct msg_ike_up up = {.tunnel = tunnel,
	                        .chain = chain,
	                        .peer = far.addr,
	                        .peer_id = {.type = 2, .len = 3, .data = "far"}};
	struct esp_sa *sa;

	ck_assert_int_eq(esp_sa_add(far.sad, &in, clock_now(), &sa), CAUSE_NONE);
	gw_sa_install(gw, &m);
	if (install)
		gw_ike_up(gw, &up);
	return gw_chain_find(gw, gw_chain_here(gw, chain));
}

/* -- the far peer -- */

static inline void far_answer(const struct ppp_request *r)
{
	const struct ppp_auth_request *q = &r->auth;
	struct ls_bytes pw = LS_BYTES(far.password, strlen(far.password));
	struct ppp_answer a = {.ok = true};

	if (r->kind == PPP_REQ_ADDRESS) {
		a.address = ls_addr_v4(0x0a090007, 0);
	} else {
		ck_assert(ppp_mschapv2(pw, q->user, q->challenge, q->peer_challenge, a.value,
		                       a.value + 24));
		a.value_len = 44;
		a.ok = r->kind == PPP_REQ_AUTH_MAKE || memcmp(a.value, q->response + 24, 24) == 0;
		a.cause = a.ok ? CAUSE_NONE : CAUSE_PPP_WRONG_PASSWORD;
		if (r->kind == PPP_REQ_AUTH_CHECK)
			memmove(a.value, a.value + 24, a.value_len = 20);
	}
	ppp_answer(far.ppp, r->id, &a, clock_now());
}

static inline bool far_ppp(void)
{
	struct ppp_request r;
	bool any = false;

	while (far.ppp && ppp_next(far.ppp, &r)) {
		struct gw_session *s = gw->session[far.data.peer_session];
		uint8_t copy[PPP_FRAME_MAX];

		any = true;
		if (r.kind == PPP_REQ_SEND && s) {
			memcpy(copy, r.bytes.p, r.bytes.len);
			gw_ppp_input(gw, &s->flow, copy, r.bytes.len);
		} else if (r.kind == PPP_REQ_UP) {
			far.up = true;
			far.link = r.link;
		} else if (r.kind == PPP_REQ_DOWN) {
			far.cause = r.cause;
			l2tp_hang_up(far.l2tp, far.data.session, r.cause, clock_now());
		} else if (r.id != 0) {
			far_answer(&r);
		}
	}
	return any;
}

static inline bool far_l2tp(void)
{
	struct l2tp_request r;
	struct gw_tunnel *t = gw_tunnel_find(gw, 1);
	bool any = false;

	while (l2tp_next(far.l2tp, &r)) {
		uint8_t copy[L2TP_MESSAGE_MAX];

		any = true;
		if (r.kind == L2TP_REQ_SEND && t && t->chains) {
			memcpy(copy, r.bytes.p, r.bytes.len);
			gw_l2tp_control(gw, t->chains->pair[0].in, copy, r.bytes.len);
		} else if (r.kind == L2TP_REQ_SESSION_UP) {
			if (far.ppp)
				ppp_free(far.ppp);
			far.data = r.data;
			far.up = false;
			far.ppp_config.caller = r.data.lac;
			far.ppp = ppp_new(&far.ppp_config, &gw->random, clock_now());
			if (alone_linked)
				alone_linked();
		} else if (r.kind == L2TP_REQ_SESSION_DOWN) {
			far.down = true;
			far.by_us = r.by_peer;
		}
	}
	return any;
}

static inline bool far_receive(void)
{
	uint8_t bytes[4096];
	ssize_t n = recv(far.fd, bytes, sizeof bytes, MSG_DONTWAIT);
	struct esp_open_job job = {.pkt = bytes, .len = n > 0 ? (uint32_t)n : 0};
	struct l2tp_data_in in;
	struct l2tp_session_view v;
	uint16_t protocol;
	size_t offset;

	if (n <= 0)
		return false;
	esp_open(far.sad, &job, 1, clock_now());
	ck_assert_int_eq(job.verdict, CAUSE_NONE);
	if (l2tp_is_control(job.payload + 8, job.payload_len - 8)) {
		l2tp_input(far.l2tp, 1, ALONE_CHAIN, job.payload + 8, job.payload_len - 8,
		           clock_now());
		if (l2tp_session_view(far.l2tp, 0, &v))
			snprintf(far.host, sizeof far.host, "%s", v.peer_host_name);
		return true;
	}
	ck_assert_int_eq(l2tp_data_parse(job.payload + 8, job.payload_len - 8, &in), CAUSE_NONE);
	ck_assert(ppp_data_parse(job.payload + 8 + in.ppp_offset, in.ppp_len, &protocol, &offset));
	if (protocol == 0x0021 || protocol == 0x0057)
		far.packets++;
	else if (far.ppp)
		ppp_input(far.ppp, job.payload + 8 + in.ppp_offset, in.ppp_len, clock_now());
	return true;
}

/* keys answers one question, as it is asked. */
static inline bool keys_answer(void)
{
	struct msg m;
	struct ls_bytes pw = LS_BYTES(alone_password, strlen(alone_password));
	uint8_t nt[24], authenticator[20], value[44];

	if (alone_keys_silent || !alone_told(alone_keys, MSG_TYPE_PPP_AUTH_ASK, &m))
		return false;
	const struct msg_ppp_auth_ask *q = &m.ppp_auth_ask;
	struct msg_ppp_auth_answer a = {
		.id = q->id, .session = q->session, .ok = true, .address = alone_given};
	ck_assert_uint_eq(q->method, PPP_AUTH_MSCHAPV2);
	ck_assert(
		ppp_mschapv2(pw, q->user, q->challenge.p, q->peer_challenge.p, nt, authenticator));
	memcpy(value, nt, 24);
	memcpy(value + 24, authenticator, 20);
	a.value = LS_BYTES(value, 44);
	if (q->op == 1) {
		a.ok = q->response.len == 49 && memcmp(nt, q->response.p + 24, 24) == 0;
		a.cause = a.ok ? CAUSE_NONE : CAUSE_PPP_WRONG_PASSWORD;
		a.value = LS_BYTES(authenticator, 20);
	}
	gw_ppp_auth_answer(gw, &a);
	return true;
}

/* Everything goes back and forth until all are silent. */
static inline void alone_exchange(void)
{
	for (bool any = true; any;) {
		gw->worker.now = clock_now();
		gw_pump(gw);
		any = far_receive();
		any |= far_l2tp();
		any |= far_ppp();
		any |= keys_answer();
	}
	gw_pump(gw);
}

/* How the far peer is called, and calls. */
static inline void far_configure(bool ipv4)
{
	far.ppp_config = (struct ppp_config){.tunnel = 1,
	                                     .name = "reno",
	                                     .accept = 3,
	                                     .require = 0,
	                                     .ipv4 = ipv4,
	                                     .mru = 1450,
	                                     .local4 = ls_addr_v4(0x0a090001, 0),
	                                     .remote4 = ls_addr_v4(0x0a090002, 0)};
}

/* Tunnel 1 dials and comes up as far as the interface; the parent is asked for that. */
static inline struct gw_tunnel *alone_dialled(struct msg *iface_up)
{
	struct gw_tunnel *t = alone_tunnel(1, CONF_START_ALWAYS);

	far_configure(true);
	far.ppp_config.require = PPP_AUTH_MSCHAPV2;
	far.ppp_config.accept = 0;
	ck_assert_ptr_nonnull(alone_chain(1, ALONE_CHAIN, true));
	alone_exchange();
	ck_assert(far.up);
	ck_assert_int_eq(t->line.state, GW_LINE_IFACE);
	ck_assert(alone_told(alone_parent, MSG_TYPE_IFACE_UP, iface_up));
	return t;
}

/* And the interface is set. */
static inline struct gw_tunnel *alone_line_up(void)
{
	struct msg_iface_done done = {.tunnel = 1, .ok = true, .mtu = 1380};
	struct msg m;
	struct gw_tunnel *t = alone_dialled(&m);

	gw_tunnel_iface_done(t, &done);
	ck_assert_int_eq(t->line.state, GW_LINE_UP);
	return t;
}

/* At the start of main(): the channel has its number; libcheck must not take it for a file of its
 * own. */
static inline bool alone_reserve(void)
{
	return dup2(STDOUT_FILENO, PROC_CHANNEL_FD) >= 0;
}

#endif
