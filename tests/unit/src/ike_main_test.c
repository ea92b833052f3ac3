/* Tests of the ike process as it runs, with the test in the place of the parent, the gateway, keys
 * and the peer. */
#include "ike/ike.h"
#include "src/base/datagram.h"
#include "tests/unit/src/role.h"

static struct role ike;
static int gateway;
static struct ls_addr at; /* its socket for 4500 */

enum { HEADER = 28, MARKER = 4 };

static int udp_open(struct ls_addr *a)
{
	struct sockaddr_in6 name;
	socklen_t len = datagram_name_make(a, &name);
	int fd = socket(name.sin6_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	if (bind(fd, (struct sockaddr *)&name, len) < 0) {
		close(fd);
		return -1;
	}
	len = sizeof name;
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	*a = datagram_name_read((struct sockaddr *)&name);
	return fd;
}

static void socket_give(uint8_t kind, struct ls_addr *a)
{
	int fd = udp_open(a);

	ROLE_PUT(ike.parent, socket, fd, .kind = kind, .family = 4);
	close(fd);
}

static void gateway_send(const char *identity)
{
	static uint8_t bytes[8192];
	struct conf_gateway g = {.identity = ""};
	struct wr w = wr_make(bytes, sizeof bytes);

	conf_defaults(conf_gateway_keys, conf_gateway_key_count, &g);
	snprintf(g.identity, sizeof g.identity, "%s", identity);
	ck_assert(conf_gateway_encode(&w, &g));
	ROLE_PUT(ike.parent, gateway_set, -1, .conf = LS_BYTES(bytes, w.len));
}

static void tunnel_send(uint32_t id, const char *peer)
{
	static struct conf_tunnel t;

	memset(&t, 0, sizeof t);
	conf_defaults(conf_tunnel_keys, conf_tunnel_key_count, &t);
	snprintf(t.name, sizeof t.name, "hq");
	snprintf(t.user, sizeof t.user, "u");
	t.start = CONF_START_ON_DEMAND;
	if (peer)
		snprintf(t.peers[t.peer_count++], CONF_TEXT_MAX, "%s", peer);
	role_tunnel(&ike, id, &t);
}

/* Ready, with sockets, a tunnel and a gateway. */
static void set_up(const char *peer)
{
	struct ls_addr plain = ls_addr_v4(0x7f00004d, 0);

	at = plain;
	role_start(&ike, MSG_ROLE_IKE, NULL);
	ck_assert_uint_eq(role_expect(ike.parent, MSG_TYPE_READY)->ready.role, MSG_ROLE_IKE);
	gateway_send("reno.example");
	socket_give(MSG_SOCKET_IKE500, &plain);
	socket_give(MSG_SOCKET_IKE4500, &at);
	tunnel_send(7, peer);
	gateway = role_join(&ike, MSG_ROLE_GATEWAY);
	ROLE_PUT(ike.parent, config_end, -1, .first = true);
}

static void shut_down(void)
{
	int status;

	ROLE_PUT(ike.parent, shutdown, -1, .wait_ms = 1000);
	while (role_hear(ike.parent) && role_said.type != MSG_TYPE_BYE)
		;
	ck_assert_uint_eq(role_said.type, MSG_TYPE_BYE);
	status = role_wait(&ike);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS, "status %d",
	              status);
	close(ike.parent);
	close(gateway);
}

START_TEST(it_starts_and_ends)
{
	set_up("192.0.2.1");
	shut_down();
}
END_TEST

START_TEST(it_does_not_outlive_the_parent)
{
	set_up("192.0.2.1");
	ck_assert_int_eq(role_end(&ike), EXIT_FAILURE);
	close(gateway);
}
END_TEST

/* RFC 7296 3.1: what goes to port 500 of the peer is an IKE_SA_INIT request, once the gateway gave
 * a SPI for its ESP SA. */
START_TEST(a_start_is_a_request_to_the_peer)
{
	struct ls_addr peer = ls_addr_v4(0x7f00004e, 500);
	uint8_t bytes[2000];
	struct pollfd p;
	ssize_t n;
	int fd = udp_open(&peer);

	if (fd < 0) {
		puts("skip - a_start_is_a_request_to_the_peer: needs port 500 (root)");
		return;
	}
	set_up("127.0.0.78");
	ROLE_PUT(gateway, ike_start, -1, .tunnel = 7);
	p = (struct pollfd){.fd = fd, .events = POLLIN};
	for (bool there = false; !there;) {
		struct pollfd both[2] = {p, {.fd = gateway, .events = POLLIN}};

		ck_assert_int_gt(poll(both, 2, ROLE_WAIT_MS), 0);
		there = both[0].revents;
		if (both[1].revents) {
			uint64_t id = role_expect(gateway, MSG_TYPE_SPI_ASK)->spi_ask.id;

			ROLE_PUT(gateway, spi_answer, -1, .id = id, .spi = 0xc0ffee);
		}
	}
	n = recv(fd, bytes, sizeof bytes, 0);
	ck_assert_int_gt(n, HEADER);
	ck_assert_uint_ne(ls_get64(bytes), 0);
	ck_assert_uint_eq(ls_get64(bytes + 8), 0);
	ck_assert_uint_eq(bytes[17], 0x20);
	ck_assert_uint_eq(bytes[18], 34);
	ck_assert_uint_eq(bytes[19], 0x08);
	ck_assert_uint_eq(ls_get32(bytes + 24), (uint32_t)n);
	/* Stopped, it is down. */
	ROLE_PUT(gateway, ike_stop, -1, .tunnel = 7, .cause = CAUSE_CONFIG_CHANGED);
	while (role_hear(gateway) && role_said.type != MSG_TYPE_IKE_DOWN)
		;
	ck_assert_uint_eq(role_said.ike_down.tunnel, 7);
	close(fd);
	shut_down();
}
END_TEST

static void is_down(uint32_t tunnel, enum ls_cause cause)
{
	const struct msg *m = role_expect(gateway, MSG_TYPE_IKE_DOWN);

	ck_assert_uint_eq(m->ike_down.tunnel, tunnel);
	ck_assert_msg(m->ike_down.cause == cause, "%s", ls_cause_info(m->ike_down.cause)->name);
}

START_TEST(what_cannot_be_dialled_is_down_at_once)
{
	set_up(NULL);
	ROLE_PUT(gateway, ike_start, -1, .tunnel = 7);
	is_down(7, CAUSE_IKE_RESOLVE);
	ROLE_PUT(gateway, ike_start, -1, .tunnel = 8);
	is_down(8, CAUSE_IKE_RESOLVE);
	ROLE_PUT(ike.parent, tunnel_remove, -1, .tunnel = 7);
	ROLE_PUT(ike.parent, status_ask, -1, .id = 1);
	role_expect(ike.parent, MSG_TYPE_STATUS_END);
	ROLE_PUT(gateway, ike_start, -1, .tunnel = 7);
	is_down(7, CAUSE_IKE_RESOLVE);
	shut_down();
}
END_TEST

/* A tunnel whose settings are wrong says so when it is to start. */
START_TEST(wrong_settings_are_the_reason)
{
	set_up("192.0.2.1");
	gateway_send("keyid:");
	role_expect(ike.parent, MSG_TYPE_EVENT);
	while (role_said.event.event.cause != CAUSE_IKE_CONFIG_IDENTITY)
		role_expect(ike.parent, MSG_TYPE_EVENT);
	ck_assert_uint_eq(role_said.event.event.tunnel, 7);
	ROLE_PUT(gateway, ike_start, -1, .tunnel = 7);
	is_down(7, CAUSE_IKE_CONFIG_IDENTITY);
	ROLE_PUT(ike.parent, tunnel_set, -1, .tunnel = 9, .conf = LS_BYTES("nonsense", 8));
	do
		role_expect(ike.parent, MSG_TYPE_EVENT);
	while (role_said.event.event.cause != CAUSE_MALFORMED);
	ck_assert_uint_eq(role_said.event.event.tunnel, 9);
	shut_down();
}
END_TEST

/* Garbage from the network is counted, no more. */
START_TEST(garbage_is_counted)
{
	struct ls_addr from = ls_addr_v4(0x7f00004f, 0);
	uint8_t bytes[200] = {0};
	struct sockaddr_in6 name;
	uint64_t count = 0;
	int fd = udp_open(&from);

	set_up("192.0.2.1");
	for (size_t len = 0; len < sizeof bytes; len++) {
		socklen_t name_len = datagram_name_make(&at, &name);

		memset(bytes + MARKER, (int)len, sizeof bytes - MARKER);
		ck_assert_int_eq(sendto(fd, bytes, len, 0, (struct sockaddr *)&name, name_len),
		                 (ssize_t)len);
	}
	for (unsigned i = 0; i < 200 && count == 0; i++) {
		ROLE_PUT(ike.parent, status_ask, -1, .id = i);
		while (role_hear(ike.parent) && role_said.type != MSG_TYPE_STATUS_END)
			if (role_said.type == MSG_TYPE_STATUS_COUNTER)
				count += role_said.status_counter.count;
		usleep(10000);
	}
	ck_assert_uint_gt(count, 0);
	close(fd);
	shut_down();
}
END_TEST

static void say_unknown(void)
{
	role_put(ike.parent, "\xff\xff", 2, -1);
}

static void say_what_keys_hears(void)
{
	ROLE_PUT(ike.parent, secrets, STDIN_FILENO, .path = "x");
}

static void say_what_the_gateway_says(void)
{
	ROLE_PUT(ike.parent, ike_start, -1, .tunnel = 7);
}

static void say_socket_without_one(void)
{
	ROLE_PUT(ike.parent, socket, -1, .kind = MSG_SOCKET_IKE500, .family = 4);
}

static void say_cut(void)
{
	uint8_t bytes[64];
	struct msg_status_ask m = {.id = 1};
	struct wr w = wr_make(bytes, sizeof bytes);

	ck_assert(msg_encode_status_ask(&w, &m));
	role_put(ike.parent, bytes, w.len - 1, -1);
}

static void (*const wrong[])(void) = {say_unknown, say_what_keys_hears, say_what_the_gateway_says,
                                      say_socket_without_one, say_cut};

START_TEST(what_a_parent_does_not_say_ends_it)
{
	set_up("192.0.2.1");
	wrong[_i]();
	ck_assert(role_gives_up(&ike));
	close(gateway);
}
END_TEST

START_TEST(a_gateway_that_goes_wrong_can_come_back)
{
	set_up(NULL);
	ROLE_PUT(gateway, l2tp_secret_ask, -1, .tunnel = 7);
	ck_assert(!role_hear(gateway));
	close(gateway);
	gateway = role_join(&ike, MSG_ROLE_GATEWAY);
	ROLE_PUT(gateway, ike_start, -1, .tunnel = 7);
	is_down(7, CAUSE_IKE_RESOLVE);
	shut_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike_main");

	tcase_add_test(tc, it_starts_and_ends);
	tcase_add_test(tc, it_does_not_outlive_the_parent);
	tcase_add_test(tc, a_start_is_a_request_to_the_peer);
	tcase_add_test(tc, what_cannot_be_dialled_is_down_at_once);
	tcase_add_test(tc, wrong_settings_are_the_reason);
	tcase_add_test(tc, garbage_is_counted);
	tcase_add_loop_test(tc, what_a_parent_does_not_say_ends_it, 0,
	                    sizeof wrong / sizeof wrong[0]);
	tcase_add_test(tc, a_gateway_that_goes_wrong_can_come_back);
	return run_cases("ike_main", tc);
}
