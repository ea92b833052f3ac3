/* Tests of the gateway process, a real one in its sandbox, with the test as parent, ike and keys:
 * two of them make a line. */
#include "src/config/config.h"
#include "tests/unit/run.h"
#include "tests/unit/src/role_self.h"

#include "lib/algo.h"
#include "lib/crypto.h"
#include "ppp/ppp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, KEYMAT = 36, VNET = 10, PACKET = 100 };
enum { PARENT, IKE, KEYS, ENDS };

/* One gateway process, and what it said so far. */
struct process {
	pid_t pid;
	int end[ENDS];
	struct ls_addr addr;
	int host; /* the other end of its TUN device */
	unsigned ready, bye, ike_starts, ike_stops, iface_up, iface_down, installed, spi_answers,
		status_ends, secret_asks;
	uint32_t spi;
	uint8_t line, status_line;
	unsigned events[LS_CAUSE_LIMIT];
};

static struct process a, b;
static char empty[64];

static void set_up(void)
{
	ck_assert(secret_init() && crypto_init());
	snprintf(empty, sizeof empty, "/tmp/gw_main_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(empty));
	chmod(empty, 0755);
}

static void take_down(void)
{
	struct process *all[] = {&a, &b};

	for (unsigned i = 0; i < 2; i++) {
		if (all[i]->pid <= 0)
			continue;
		kill(all[i]->pid, SIGKILL);
		waitpid(all[i]->pid, NULL, 0);
	}
	rmdir(empty);
}

/* -- to a process -- */

static void send_bytes(int to, const uint8_t *bytes, size_t len, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;
	struct iovec part = {(void *)(uintptr_t)bytes, len};
	struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		h.msg_control = control;
		h.msg_controllen = sizeof control;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	ck_assert_int_eq(sendmsg(to, &h, MSG_NOSIGNAL), (ssize_t)len);
}

/* tell(P, PARENT, line_up, fd, .tunnel = 1) */
#define tell(process, from, name, fd, ...)                            \
	do {                                                          \
		struct msg_##name m_ = {__VA_ARGS__};                 \
		static uint8_t bytes_[MSG_SIZE_MAX];                  \
		struct wr w_ = wr_make(bytes_, sizeof bytes_);        \
                                                                      \
		ck_assert(msg_encode_##name(&w_, &m_));               \
		send_bytes((process)->end[from], bytes_, w_.len, fd); \
	} while (0)

/* -- from it -- */

static void keys_answer(struct process *g, const struct msg_ppp_auth_ask *q)
{
	uint8_t nt[24], authenticator[20], value[44];
	bool ok;

	ck_assert(ppp_mschapv2(LS_BYTES("secret", 6), q->user, q->challenge.p, q->peer_challenge.p,
	                       nt, authenticator));
	memcpy(value, nt, 24);
	memcpy(value + 24, authenticator, 20);
	ok = q->op == 0 || (q->response.len == 49 && memcmp(nt, q->response.p + 24, 24) == 0);
	tell(g, KEYS, ppp_auth_answer, -1, .id = q->id, .session = q->session, .ok = ok,
	     .cause = ok ? CAUSE_NONE : CAUSE_PPP_WRONG_PASSWORD,
	     .value = q->op == 0 ? LS_BYTES(value, 44) : LS_BYTES(authenticator, 20));
}

static void hear(struct process *g, const struct msg *m)
{
	switch (m->type) {
	case MSG_TYPE_READY:
		g->ready++;
		return;
	case MSG_TYPE_BYE:
		g->bye++;
		return;
	case MSG_TYPE_EVENT:
		g->events[m->event.event.cause]++;
		return;
	case MSG_TYPE_LINE_STATE:
		g->line = m->line_state.state;
		return;
	case MSG_TYPE_IFACE_UP:
		g->iface_up++;
		tell(g, PARENT, iface_done, -1, .tunnel = 1, .ok = true, .mtu = 1380);
		return;
	case MSG_TYPE_IFACE_DOWN:
		g->iface_down++;
		return;
	case MSG_TYPE_STATUS_LINE:
		g->status_line = m->status_line.state;
		return;
	case MSG_TYPE_STATUS_END:
		g->status_ends++;
		return;
	case MSG_TYPE_IKE_START:
		g->ike_starts++;
		return;
	case MSG_TYPE_IKE_STOP:
		g->ike_stops++;
		return;
	case MSG_TYPE_SPI_ANSWER:
		g->spi = m->spi_answer.spi;
		g->spi_answers++;
		return;
	case MSG_TYPE_SA_INSTALLED:
		ck_assert(m->sa_installed.ok);
		g->installed++;
		return;
	case MSG_TYPE_L2TP_SECRET_ASK:
		g->secret_asks++;
		tell(g, KEYS, l2tp_secret, -1, .tunnel = m->l2tp_secret_ask.tunnel);
		return;
	case MSG_TYPE_PPP_AUTH_ASK:
		keys_answer(g, &m->ppp_auth_ask);
		return;
	default:
		return;
	}
}

/* Takes what has been said; waits a little for it. */
static void listen_to(struct process *g)
{
	static uint8_t bytes[MSG_SIZE_MAX];
	struct pollfd p[ENDS];
	struct msg m;
	ssize_t n;

	for (unsigned i = 0; i < ENDS; i++)
		p[i] = (struct pollfd){.fd = g->end[i], .events = POLLIN};
	poll(p, ENDS, 5);
	for (unsigned i = 0; i < ENDS; i++)
		while (g->end[i] >= 0 &&
		       (n = recv(g->end[i], bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
			ck_assert(msg_decode(bytes, (size_t)n, &m));
			hear(g, &m);
		}
}

static ls_time deadline;

static void patience(const char *what)
{
	ck_assert_msg(clock_now() < deadline, "waited in vain for: %s", what);
	listen_to(&a);
	if (b.pid > 0)
		listen_to(&b);
}

/* Both are listened to until this holds. */
#define until(condition)                                     \
	do {                                                 \
		deadline = clock_now() + LS_MS(PATIENCE_MS); \
		while (!(condition))                         \
			patience(#condition);                \
	} while (0)

/* -- start -- */

static int peer_channel(struct process *g, enum msg_role role)
{
	int pair[2];

	ck_assert(ipc_pair(pair));
	tell(g, PARENT, peer_channel, pair[0], .role = (uint8_t)role);
	close(pair[0]);
	return pair[1];
}

static void start(struct process *g)
{
	int pair[2];

	memset(g, 0, sizeof *g);
	g->end[IKE] = g->end[KEYS] = -1;
	ck_assert(ipc_pair(pair));
	g->pid = fork();
	if (g->pid == 0) {
		int channel = fcntl(pair[1], F_DUPFD, 50);

		setenv("L2TPSECD_EMPTY_DIR", empty, 1);
		/* In its sandbox the sanitizer cannot look for leaks. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		dup2(channel, PROC_CHANNEL_FD);
		close_range(PROC_CHANNEL_FD + 1, ~0U, 0);
		execl("/proc/self/exe", "gateway", "--role", "gateway", NULL);
		_exit(99);
	}
	close(pair[1]);
	g->end[PARENT] = pair[0];
	until(g->ready == 1);
}

static void give_socket(struct process *g)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	g->addr = ls_addr_v4(INADDR_LOOPBACK, ntohs(in.sin_port));
	tell(g, PARENT, socket, fd, .kind = MSG_SOCKET_ESP4500, .family = 4, .port = g->addr.port);
	close(fd);
}

/* All that a parent gives it, with one tunnel that starts like this. */
static void configure(struct process *g, enum conf_start start_of)
{
	static struct conf_gateway gateway;
	static struct conf_tunnel tunnel;
	static uint8_t bytes[16384];
	struct wr w = wr_make(bytes, sizeof bytes);
	int tun[2];

	gateway = (struct conf_gateway){.identity = "us.example", .host_name = "us.example"};
	ck_assert(conf_gateway_encode(&w, &gateway));
	tell(g, PARENT, gateway_set, -1, .conf = LS_BYTES(bytes, w.len));
	give_socket(g);
	tunnel = (struct conf_tunnel){.name = "hq",
	                              .start = start_of,
	                              .user = "reno",
	                              .l2tp = {.hello_s = 60},
	                              .ppp = {.mru = 1500, .ipv4 = true, .echo_s = 30}};
	if (start_of == CONF_START_WAIT) {
		tunnel.ppp.local4 = ls_addr_v4(0x0a090001, 0);
		tunnel.ppp.remote4 = ls_addr_v4(0x0a090002, 0);
	}
	w = wr_make(bytes, sizeof bytes);
	ck_assert(conf_tunnel_encode(&w, &tunnel));
	tell(g, PARENT, tunnel_set, -1, .tunnel = 1, .conf = LS_BYTES(bytes, w.len));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, tun), 0);
	g->host = tun[1];
	tell(g, PARENT, tun, tun[0], .tunnel = 1, .ifname = "hq", .ifindex = 7);
	close(tun[0]);
	g->end[IKE] = peer_channel(g, MSG_ROLE_IKE);
	g->end[KEYS] = peer_channel(g, MSG_ROLE_KEYS);
	tell(g, PARENT, config_end, -1, .first = true);
}

/* -- ike, of both -- */

static void install(struct process *g, const struct process *other, const uint8_t *in,
                    const uint8_t *out)
{
	tell(g, IKE, sa_install, -1, .id = 9, .tunnel = 1, .chain = 1, .spi_in = g->spi,
	     .spi_out = other->spi, .encr = ALGO_AES256_GCM, .udp = true, .initiator = g == &a,
	     .local = g->addr, .remote = other->addr, .ts_protocol = 17, .ts_local_port_low = 1701,
	     .ts_local_port_high = 1701, .ts_remote_port_low = 1701, .ts_remote_port_high = 1701,
	     .keymat_in = LS_BYTES(in, KEYMAT), .keymat_out = LS_BYTES(out, KEYMAT));
	until(g->installed == 1);
	tell(g, IKE, ike_up, -1, .tunnel = 1, .chain = 1, .initiator = g == &a, .peer = other->addr,
	     .peer_id = {.type = 2, .len = 3, .data = "far"});
}

static void line_between_both(void)
{
	static const uint8_t one[KEYMAT] = {1, 2, 3}, two[KEYMAT] = {4, 5, 6};

	start(&a);
	start(&b);
	configure(&b, CONF_START_WAIT);
	configure(&a, CONF_START_ALWAYS);
	until(a.ike_starts == 1 && a.secret_asks > 0 && b.secret_asks > 0);
	tell(&a, IKE, spi_ask, -1, .id = 1);
	tell(&b, IKE, spi_ask, -1, .id = 1);
	until(a.spi_answers == 1 && b.spi_answers == 1);
	install(&b, &a, one, two);
	install(&a, &b, two, one);
	until(a.line == MSG_LINE_UP && b.line == MSG_LINE_UP);
}

/* Its exit status, when it has ended by itself. */
static int ends(struct process *g)
{
	int status = -1;
	pid_t got = 0;

	until((got = waitpid(g->pid, &status, WNOHANG)) != 0);
	ck_assert_int_eq(got, g->pid);
	g->pid = 0;
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool arrives(const struct process *g, const uint8_t *packet)
{
	uint8_t got[VNET + 2 * PACKET];

	return recv(g->host, got, sizeof got, MSG_DONTWAIT) == VNET + PACKET &&
	       memcmp(got + VNET, packet + VNET, PACKET) == 0;
}

START_TEST(two_of_them_make_a_line)
{
	uint8_t packet[VNET + PACKET] = {0};

	line_between_both();
	ck_assert_uint_eq(a.iface_up, 1);
	ck_assert_uint_eq(b.iface_up, 1);
	packet[VNET] = 0x45;
	packet[VNET + 3] = PACKET;
	packet[VNET + 9] = 47;
	for (unsigned i = 0; i < 100; i++) {
		struct process *from = i % 2 ? &a : &b, *to = i % 2 ? &b : &a;

		packet[VNET + PACKET - 1] = (uint8_t)i;
		ck_assert_int_eq(write(from->host, packet, sizeof packet), sizeof packet);
		until(arrives(to, packet));
	}
	tell(&a, PARENT, status_ask, -1, .id = 5);
	until(a.status_ends == 1);
	ck_assert_uint_eq(a.status_line, MSG_LINE_UP);
	tell(&a, PARENT, debug_keys_ask, -1, .id = 6);
	until(a.status_ends == 2);
	/* The end of one, in good order: the other one hears of it. */
	tell(&a, PARENT, shutdown, -1, .wait_ms = 1000);
	until(a.bye == 1);
	ck_assert_uint_eq(a.ike_stops, 1);
	ck_assert_int_eq(ends(&a), EXIT_SUCCESS);
	until(b.line != MSG_LINE_UP && b.iface_down == 1);
	tell(&b, PARENT, shutdown, -1, .wait_ms = 1000);
	ck_assert_int_eq(ends(&b), EXIT_SUCCESS);
}
END_TEST

START_TEST(it_has_given_its_rights_up)
{
	char path[64], line[256];
	unsigned seen = 0;
	FILE *f;

	start(&a);
	snprintf(path, sizeof path, "/proc/%d/status", (int)a.pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		if (strncmp(line, "Uid:", 4) == 0 && geteuid() == 0)
			seen += strtoul(line + 4, NULL, 10) != 0;
		if (strncmp(line, "CapEff:", 7) == 0)
			seen += strtoull(line + 7, NULL, 16) == 0;
		if (strncmp(line, "NoNewPrivs:", 11) == 0)
			seen += strtoul(line + 11, NULL, 10) == 1;
	}
	fclose(f);
	ck_assert_uint_eq(seen, geteuid() == 0 ? 3 : 2);
}
END_TEST

/* Nothing may outlive the parent. */
START_TEST(it_ends_with_its_parent)
{
	start(&a);
	configure(&a, CONF_START_ALWAYS);
	until(a.ike_starts == 1);
	close(a.end[PARENT]);
	a.end[PARENT] = -1;
	ck_assert_int_eq(ends(&a), EXIT_FAILURE);
}
END_TEST

/* Numbers for SAs to be: each its own, none that is reserved by the RFC. */
START_TEST(spis_are_given_out)
{
	uint32_t before = 0;

	start(&a);
	configure(&a, CONF_START_WAIT);
	for (unsigned i = 1; i <= 50; i++) {
		tell(&a, IKE, spi_ask, -1, .id = i);
		until(a.spi_answers == i);
		ck_assert_uint_gt(a.spi, 255);
		ck_assert_uint_ne(a.spi, before);
		before = a.spi;
		tell(&a, IKE, spi_release, -1, .spi = a.spi);
	}
}
END_TEST

/* It is told, and goes on. */
START_TEST(settings_that_cannot_be_read_are_told)
{
	start(&a);
	tell(&a, PARENT, gateway_set, -1, .conf = LS_BYTES("what?", 5));
	until(a.events[CAUSE_MALFORMED] == 1);
	tell(&a, PARENT, tunnel_set, -1, .tunnel = 3, .conf = LS_BYTES("what?", 5));
	until(a.events[CAUSE_MALFORMED] == 2);
	configure(&a, CONF_START_ALWAYS);
	until(a.ike_starts == 1);
}
END_TEST

START_TEST(the_administrators_word_counts)
{
	start(&a);
	configure(&a, CONF_START_ALWAYS);
	until(a.ike_starts == 1 && a.line == MSG_LINE_CONNECTING);
	tell(&a, PARENT, line_down, -1, .tunnel = 1, .cause = CAUSE_ADMIN);
	until(a.ike_stops == 1 && a.line == MSG_LINE_HELD);
	tell(&a, PARENT, line_up, -1, .tunnel = 1);
	until(a.ike_starts == 2 && a.line == MSG_LINE_CONNECTING);
	/* Of one that is not there nothing follows. */
	tell(&a, PARENT, line_up, -1, .tunnel = 99);
	tell(&a, PARENT, tunnel_remove, -1, .tunnel = 99, .cause = CAUSE_CONFIG_CHANGED);
	tell(&a, PARENT, tunnel_remove, -1, .tunnel = 1, .cause = CAUSE_CONFIG_CHANGED);
	until(recv(a.host, &(uint8_t){0}, 1, MSG_DONTWAIT) == 0);
	tell(&a, PARENT, status_ask, -1, .id = 5);
	a.status_line = 99;
	until(a.status_ends == 1);
	ck_assert_uint_eq(a.status_line, 99);
}
END_TEST

/* What was asked of them is not answered any more: it is asked again when they are back. */
START_TEST(ike_and_keys_come_back)
{
	unsigned asks;

	start(&a);
	configure(&a, CONF_START_ALWAYS);
	until(a.ike_starts == 1 && a.secret_asks > 0);
	close(a.end[IKE]);
	tell(&a, PARENT, peer_lost, -1, .role = MSG_ROLE_IKE);
	a.end[IKE] = peer_channel(&a, MSG_ROLE_IKE);
	until(a.ike_starts == 2);
	asks = a.secret_asks;
	close(a.end[KEYS]);
	a.end[KEYS] = peer_channel(&a, MSG_ROLE_KEYS);
	until(a.secret_asks > asks);
}
END_TEST

/* ike that says what it may not say is not listened to any more; the parent is told, and decides.
 */
START_TEST(who_misspeaks_is_not_trusted)
{
	static const uint8_t garbage[] = {0xff, 0xff, 1, 2, 3};

	start(&a);
	configure(&a, CONF_START_ALWAYS);
	until(a.ike_starts == 1);
	send_bytes(a.end[IKE], garbage, sizeof garbage, -1);
	until(a.events[CAUSE_PROC_UNTRUSTED] == 1);
	ck_assert_int_eq(waitpid(a.pid, NULL, WNOHANG), 0);
	/* The parent itself: then there is nothing left to be trusted. */
	send_bytes(a.end[PARENT], garbage, sizeof garbage, -1);
	ck_assert_int_eq(ends(&a), EXIT_FAILURE);
}
END_TEST

int main(int argc, char **argv)
{
	TCase *tc;

	if (role_is_wanted(argc, argv))
		return role_run(argv[2]);
	if (geteuid() != 0) {
		puts("skip - gw_main: its sandbox needs root");
		return EXIT_SUCCESS;
	}
	tc = tcase_create("gw_main");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, two_of_them_make_a_line);
	tcase_add_test(tc, it_has_given_its_rights_up);
	tcase_add_test(tc, it_ends_with_its_parent);
	tcase_add_test(tc, spis_are_given_out);
	tcase_add_test(tc, settings_that_cannot_be_read_are_told);
	tcase_add_test(tc, the_administrators_word_counts);
	tcase_add_test(tc, ike_and_keys_come_back);
	tcase_add_test(tc, who_misspeaks_is_not_trusted);
	return run_cases("gw_main", tc);
}
