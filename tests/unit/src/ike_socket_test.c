/* Tests of the sockets of ike, on the loopback: whence and whither, the marker, and what cannot be
 * sent. */
#include "src/base/datagram.h"
#include "src/ike/iked.h"
#include "tests/unit/run.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEEN_MAX = 64, SEEN_BYTES = 64 };

static struct iked d;
static struct {
	struct ls_addr local, remote;
	size_t len;
	bool marked;
	uint8_t bytes[SEEN_BYTES];
} seen[SEEN_MAX];
static unsigned seen_count, pumped;

/* In place of the engine's and the process's. */
void ike_input(struct ike *ike, const struct ike_datagram *in, ls_time now)
{
	(void)ike;
	ck_assert(now > 0 && seen_count < SEEN_MAX);
	seen[seen_count].local = in->local;
	seen[seen_count].remote = in->remote;
	seen[seen_count].len = in->len;
	seen[seen_count].marked = in->marked;
	memcpy(seen[seen_count++].bytes, in->bytes, in->len < SEEN_BYTES ? in->len : SEEN_BYTES);
}

static struct ls_addr out_of_reach;
static enum ls_unreach out_of_reach_kind;

void ike_unreachable(struct ike *ike, const struct ls_addr *remote, const struct ls_addr *by,
                     enum ls_unreach kind, ls_time now)
{
	(void)ike;
	ck_assert(now > 0 && by->family == remote->family);
	out_of_reach = *remote;
	out_of_reach_kind = kind;
}

static struct msg_too_big too_big;

bool proc_send_too_big(struct proc *p, enum msg_role role, const struct msg_too_big *m)
{
	(void)p;
	ck_assert_int_eq(role, MSG_ROLE_GATEWAY);
	too_big = *m;
	return true;
}

void proc_tell(struct proc *p, uint32_t tunnel, enum ls_cause cause, const struct ls_addr *peer,
               const char *format, ...)
{
	(void)p;
	(void)tunnel;
	(void)peer;
	ck_abort_msg("it tells of %u: %s", cause, format);
}

void iked_pump(struct iked *iked)
{
	ck_assert_ptr_eq(iked, &d);
	pumped++;
}

static void set_up(void)
{
	memset(&d, 0, sizeof d);
	seen_count = pumped = 0;
	d.base = event_base_new();
	d.rx = malloc((size_t)IKED_RX_MESSAGES * (IKED_DATAGRAM_MAX + 1));
	ck_assert(d.base && d.rx);
}

static void take_down(void)
{
	iked_sockets_free(&d);
	ck_assert_uint_eq(d.sockets, 0);
	event_base_free(d.base);
	free(d.rx);
}

/* Bound to this address and any port, which is told. */
static int socket_open(struct ls_addr *at)
{
	struct sockaddr_in6 name;
	socklen_t len = datagram_name_make(at, &name);
	int fd = socket(name.sin6_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	if (bind(fd, (struct sockaddr *)&name, len) < 0) {
		close(fd);
		return -1;
	}
	len = sizeof name;
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	at->port = datagram_name_read((struct sockaddr *)&name).port;
	return fd;
}

static void put(int fd, const struct ls_addr *to, const void *bytes, size_t len)
{
	struct sockaddr_in6 name;
	socklen_t name_len = datagram_name_make(to, &name);

	ck_assert_int_eq(sendto(fd, bytes, len, 0, (struct sockaddr *)&name, name_len),
	                 (ssize_t)len);
}

static const char *const loopbacks[] = {"127.0.0.5", "::1"};

START_TEST(a_datagram_comes_with_both_addresses)
{
	struct ls_addr here, there;
	int ours, theirs;

	ck_assert(ls_addr_parse(loopbacks[_i], &here));
	there = here;
	if (here.family == 4)
		there.ip[3] = 6;
	ours = socket_open(&here);
	if (ours < 0) {
		puts("skip - a_datagram_comes_with_both_addresses: this host has no ::1");
		return;
	}
	theirs = socket_open(&there);
	set_up();
	ck_assert(iked_socket_add(&d, ours, here.family, IKED_PORT));
	put(theirs, &here, "hello", 5);
	event_base_loop(d.base, EVLOOP_ONCE);
	ck_assert_uint_eq(seen_count, 1);
	ck_assert_uint_eq(pumped, 1);
	ck_assert(ls_addr_same_ip(&seen[0].local, &here));
	/* The engine knows the usual ports, whatever the socket has. */
	ck_assert_uint_eq(seen[0].local.port, IKED_PORT);
	ck_assert(ls_addr_equal(&seen[0].remote, &there));
	ck_assert_uint_eq(seen[0].len, 5);
	ck_assert_mem_eq(seen[0].bytes, "hello", 5);
	ck_assert(!seen[0].marked);
	close(theirs);
	take_down();
}
END_TEST

/* Nobody listens there: the engine hears of it, and what is sent next is sent. */
START_TEST(icmp_is_handed_on)
{
	struct ls_addr here, gone;
	struct ike_request r = {.bytes = LS_BYTES("hello", 5)};
	int ours;

	ck_assert(ls_addr_parse(loopbacks[_i], &here));
	gone = here;
	ours = socket_open(&here);
	if (ours < 0) {
		puts("skip - icmp_is_handed_on: this host has no ::1");
		return;
	}
	close(socket_open(&gone));
	set_up();
	ck_assert(iked_socket_add(&d, ours, here.family, IKED_PORT));
	r.local = ls_addr_with_port(here, IKED_PORT);
	r.remote = gone;
	iked_send(&d, &r);
	r.remote = here;
	iked_send(&d, &r);
	for (unsigned i = 0; i < 3; i++)
		event_base_loop(d.base, EVLOOP_NONBLOCK);
	ck_assert(ls_addr_equal(&out_of_reach, &gone));
	ck_assert_int_eq(out_of_reach_kind, LS_UNREACH_PORT);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_ICMP_ERROR], 1);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_IKE_SEND_FAILED], 0);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_IKE_NO_SOURCE], 0);
	ck_assert_uint_eq(seen_count, 1);
	take_down();
}
END_TEST

static const struct {
	uint16_t port;
	size_t len;
	const char *bytes;
	bool marked;
} marks[] = {
	{IKED_PORT_NAT, 6, "\0\0\0\0xx", true}, {IKED_PORT_NAT, 4, "\0\0\0\0", true},
	{IKED_PORT_NAT, 3, "\0\0\0", false},    {IKED_PORT_NAT, 5, "\0\0\0\1x", false},
	{IKED_PORT_NAT, 1, "\xff", false},      {IKED_PORT_NAT, 0, "", false},
	{IKED_PORT, 6, "\0\0\0\0xx", false},
};

/* RFC 3948 2.2: only on 4500, and it is left to the engine to take it off. */
START_TEST(the_marker_counts_on_4500_alone)
{
	struct ls_addr here = ls_addr_v4(0x7f000005, 0), there = ls_addr_v4(0x7f000006, 0);
	int ours = socket_open(&here), theirs = socket_open(&there);

	set_up();
	ck_assert(iked_socket_add(&d, ours, 4, marks[_i].port));
	put(theirs, &here, marks[_i].bytes, marks[_i].len);
	event_base_loop(d.base, EVLOOP_ONCE);
	ck_assert_uint_eq(seen_count, 1);
	ck_assert_uint_eq(seen[0].len, marks[_i].len);
	ck_assert(seen[0].marked == marks[_i].marked);
	close(theirs);
	take_down();
}
END_TEST

START_TEST(many_come_in_their_order)
{
	struct ls_addr here = ls_addr_v4(0x7f000005, 0), there = ls_addr_v4(0x7f000006, 0);
	int ours = socket_open(&here), theirs = socket_open(&there);
	static uint8_t large[60000];

	set_up();
	ck_assert(iked_socket_add(&d, ours, 4, IKED_PORT));
	for (uint8_t i = 0; i < 40; i++)
		put(theirs, &here, &i, 1);
	put(theirs, &here, large, sizeof large);
	for (unsigned i = 0; i < 10 && seen_count < 41; i++)
		event_base_loop(d.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(seen_count, 41);
	/* Each is dealt with before the next. */
	ck_assert_uint_eq(pumped, 41);
	for (unsigned i = 0; i < 40; i++)
		ck_assert_uint_eq(seen[i].bytes[0], i);
	ck_assert_uint_eq(seen[40].len, sizeof large);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_TRUNCATED], 0);
	close(theirs);
	take_down();
}
END_TEST

static void send_to(const struct ls_addr *local, const struct ls_addr *remote)
{
	struct ike_request r = {
		.local = *local, .remote = *remote, .bytes = LS_BYTES("greetings", 9)};

	iked_send(&d, &r);
}

/* By the socket of the port that the engine names, from the address that it names. */
START_TEST(a_message_leaves_from_where_the_engine_says)
{
	struct ls_addr any = ls_addr_v4(0, 0), any_nat = any,
		       from = ls_addr_v4(0x7f000007, IKED_PORT), there = ls_addr_v4(0x7f000006, 0),
		       got;
	int ours = socket_open(&any), nat = socket_open(&any_nat), theirs = socket_open(&there);
	struct sockaddr_in6 name;
	socklen_t len = sizeof name;
	char bytes[32];

	set_up();
	ck_assert(iked_socket_add(&d, ours, 4, IKED_PORT));
	ck_assert(iked_socket_add(&d, nat, 4, IKED_PORT_NAT));
	send_to(&from, &there);
	ck_assert_int_eq(recvfrom(theirs, bytes, sizeof bytes, 0, (struct sockaddr *)&name, &len),
	                 9);
	ck_assert_mem_eq(bytes, "greetings", 9);
	got = datagram_name_read((struct sockaddr *)&name);
	ck_assert(ls_addr_same_ip(&got, &from));
	ck_assert_uint_eq(got.port, any.port);
	from.port = IKED_PORT_NAT;
	from.ip[3] = 8;
	send_to(&from, &there);
	ck_assert_int_eq(recvfrom(theirs, bytes, sizeof bytes, 0, (struct sockaddr *)&name, &len),
	                 9);
	got = datagram_name_read((struct sockaddr *)&name);
	ck_assert(ls_addr_same_ip(&got, &from));
	ck_assert_uint_eq(got.port, any_nat.port);
	/* Without one, the kernel chooses. */
	from = (struct ls_addr){.port = IKED_PORT};
	send_to(&from, &there);
	ck_assert_int_eq(recvfrom(theirs, bytes, sizeof bytes, 0, (struct sockaddr *)&name, &len),
	                 9);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_IKE_SEND_FAILED], 0);
	close(theirs);
	take_down();
}
END_TEST

START_TEST(what_cannot_be_sent_is_counted)
{
	struct ls_addr any = ls_addr_v4(0, 0), strange = ls_addr_v4(0xcb007109, IKED_PORT),
		       there = ls_addr_v4(0x7f000006, 9), six;
	int ours = socket_open(&any);

	set_up();
	/* No socket of that port, then none of that family, then no such address here. */
	send_to(&strange, &there);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_IKE_SEND_FAILED], 1);
	ck_assert(iked_socket_add(&d, ours, 4, IKED_PORT));
	ck_assert(ls_addr_parse("::1", &six));
	send_to(&strange, &six);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_IKE_SEND_FAILED], 2);
	send_to(&strange, &there);
	ck_assert_uint_eq(d.counters.by_cause[CAUSE_IKE_SEND_FAILED] +
	                          d.counters.by_cause[CAUSE_IKE_NO_SOURCE],
	                  3);
	take_down();
}
END_TEST

START_TEST(sockets_have_a_limit)
{
	struct ls_addr at;
	int fd, pipes[2];

	set_up();
	for (unsigned i = 0; i < IKED_SOCKETS_MAX; i++) {
		at = ls_addr_v4(0x7f000005, 0);
		ck_assert(iked_socket_add(&d, socket_open(&at), 4, IKED_PORT));
	}
	at = ls_addr_v4(0x7f000005, 0);
	fd = socket_open(&at);
	ck_assert(!iked_socket_add(&d, fd, 4, IKED_PORT));
	/* It stays the caller's. */
	ck_assert_int_eq(close(fd), 0);
	iked_sockets_free(&d);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert(!iked_socket_add(&d, pipes[0], 4, IKED_PORT));
	close(pipes[0]);
	close(pipes[1]);
	take_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike_socket");

	tcase_add_loop_test(tc, a_datagram_comes_with_both_addresses, 0, 2);
	tcase_add_loop_test(tc, icmp_is_handed_on, 0, 2);
	tcase_add_loop_test(tc, the_marker_counts_on_4500_alone, 0, sizeof marks / sizeof marks[0]);
	tcase_add_test(tc, many_come_in_their_order);
	tcase_add_test(tc, a_message_leaves_from_where_the_engine_says);
	tcase_add_test(tc, what_cannot_be_sent_is_counted);
	tcase_add_test(tc, sockets_have_a_limit);
	return run_cases("ike_socket", tc);
}
