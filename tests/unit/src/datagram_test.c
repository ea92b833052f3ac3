/* Tests of the names and control messages of datagrams: there and back, against what <netdb.h>
 * makes of them, and on real sockets of the loopback. */
#include "src/base/datagram.h"

#include "tests/unit/run.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PORT = 4500, CONTROL_SIZE = 128, BYTES = 7 };

struct control {
	_Alignas(16) uint8_t bytes[CONTROL_SIZE];
};

static struct ls_addr address(const char *text, uint16_t port)
{
	struct ls_addr a;

	ck_assert(ls_addr_parse(text, &a));
	return ls_addr_with_port(a, port);
}

static const char *const texts[] = {"192.0.2.1", "255.255.255.255", "0.0.0.0", "2001:db8::1",
                                    "::",        "fe80::1:2:3:4"};

START_TEST(a_name_is_what_the_library_reads)
{
	struct ls_addr a = address(texts[_i], PORT);
	struct sockaddr_in6 name;
	char host[LS_ADDR_TEXT_MAX], port[8];
	socklen_t len;

	memset(&name, 0xff, sizeof name);
	len = datagram_name_make(&a, &name);
	ck_assert_uint_eq(len, a.family == 4 ? sizeof(struct sockaddr_in) : sizeof name);
	ck_assert_int_eq(getnameinfo((struct sockaddr *)&name, len, host, sizeof host, port,
	                             sizeof port, NI_NUMERICHOST | NI_NUMERICSERV),
	                 0);
	ck_assert_str_eq(host, texts[_i]);
	ck_assert_str_eq(port, "4500");
	struct ls_addr back = datagram_name_read((struct sockaddr *)&name);
	ck_assert(ls_addr_equal(&back, &a));
	ck_assert_mem_eq(&back, &a, sizeof a);
}
END_TEST

/* A link-local name must not carry another one's flow or scope. */
START_TEST(no_bytes_of_before_stay_in_a_name)
{
	struct ls_addr a = address("fe80::1", PORT);
	struct sockaddr_in6 name;

	memset(&name, 0xff, sizeof name);
	datagram_name_make(&a, &name);
	ck_assert_uint_eq(name.sin6_scope_id, 0);
	ck_assert_uint_eq(name.sin6_flowinfo, 0);
}
END_TEST

START_TEST(no_address_is_any_of_ipv6)
{
	struct ls_addr none = {.family = 0};
	struct sockaddr_in6 name;

	ck_assert_uint_eq(datagram_name_make(&none, &name), sizeof name);
	ck_assert_int_eq(name.sin6_family, AF_INET6);
	ck_assert(IN6_IS_ADDR_UNSPECIFIED(&name.sin6_addr));
}
END_TEST

START_TEST(a_name_of_another_family_is_none)
{
	static const sa_family_t others[] = {AF_UNSPEC, AF_UNIX, AF_PACKET, AF_NETLINK};
	struct sockaddr_in6 name = {.sin6_port = htons(PORT)};

	name.sin6_family = others[_i];
	ck_assert_uint_eq(datagram_name_read((struct sockaddr *)&name).family, 0);
}
END_TEST

/* A name of IPv4 ends before the size of one of IPv6: under ASan, reading on is found. */
START_TEST(a_short_name_is_not_read_beyond_its_end)
{
	struct sockaddr_in *in = malloc(sizeof *in);
	struct ls_addr a;

	*in = (struct sockaddr_in){.sin_family = AF_INET,
	                           .sin_port = htons(PORT),
	                           .sin_addr.s_addr = htonl(0xc0000201)};
	a = datagram_name_read((struct sockaddr *)in);
	ck_assert_uint_eq(ls_addr_v4_value(&a), 0xc0000201);
	ck_assert_uint_eq(a.port, PORT);
	free(in);
}
END_TEST

/* -- control messages -- */

START_TEST(control_messages_stand_one_behind_the_other)
{
	struct control control;
	struct msghdr m = {.msg_control = control.bytes};
	struct ls_addr local = address("192.0.2.9", PORT);
	struct in_pktinfo info;
	struct cmsghdr *c;
	uint16_t segment = 1400, got;

	memset(&control, 0xff, sizeof control);
	datagram_local_add(&m, &local);
	memcpy(datagram_control_add(&m, IPPROTO_UDP, UDP_SEGMENT, sizeof segment), &segment,
	       sizeof segment);
	ck_assert_uint_eq(m.msg_controllen, CMSG_SPACE(sizeof info) + CMSG_SPACE(sizeof segment));
	c = CMSG_FIRSTHDR(&m);
	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(c->cmsg_level, IPPROTO_IP);
	ck_assert_int_eq(c->cmsg_type, IP_PKTINFO);
	ck_assert_uint_eq(c->cmsg_len, CMSG_LEN(sizeof info));
	memcpy(&info, CMSG_DATA(c), sizeof info);
	/* The interface is the kernel's to choose. */
	ck_assert_int_eq(info.ipi_ifindex, 0);
	ck_assert_uint_eq(ntohl(info.ipi_spec_dst.s_addr), 0xc0000209);
	c = CMSG_NXTHDR(&m, c);
	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(c->cmsg_level, IPPROTO_UDP);
	memcpy(&got, CMSG_DATA(c), sizeof got);
	ck_assert_uint_eq(got, segment);
	ck_assert_ptr_null(CMSG_NXTHDR(&m, c));
}
END_TEST

START_TEST(without_our_address_nothing_is_added)
{
	struct control control;
	struct msghdr m = {.msg_control = control.bytes};
	struct ls_addr none = {.family = 0};

	datagram_local_add(&m, &none);
	ck_assert_uint_eq(m.msg_controllen, 0);
}
END_TEST

START_TEST(other_control_messages_say_no_address)
{
	static const int others[][2] = {{IPPROTO_IP, IP_TTL},
	                                {IPPROTO_IPV6, IPV6_HOPLIMIT},
	                                {IPPROTO_UDP, UDP_GRO},
	                                {IPPROTO_IPV6, IP_PKTINFO},
	                                {IPPROTO_IP, IPV6_PKTINFO}};
	struct control control = {{0}};
	struct msghdr m = {.msg_control = control.bytes};
	struct ls_addr local = address("192.0.2.9", 1), was = local;

	memset(datagram_control_add(&m, others[_i][0], others[_i][1], 32), 1, 32);
	ck_assert(!datagram_local_read(CMSG_FIRSTHDR(&m), PORT, &local));
	ck_assert_mem_eq(&local, &was, sizeof was);
}
END_TEST

/* -- on real sockets -- */

/* Bound to any address; gives the port. */
static int socket_open(uint8_t family, uint16_t *port)
{
	struct ls_addr any = {.family = family};
	struct sockaddr_in6 name;
	socklen_t len = datagram_name_make(&any, &name);
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, len), 0);
	len = sizeof name;
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	*port = datagram_name_read((struct sockaddr *)&name).port;
	return fd;
}

static bool there_is(const struct ls_addr *a)
{
	struct sockaddr_in6 name;
	socklen_t len = datagram_name_make(a, &name);
	int fd = socket(name.sin6_family, SOCK_DGRAM, 0);
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&name, len) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* The datagram leaves from the address that it is told to, which the receiver sees, and the
 * receiver sees the address that it was sent to: both are not the ones that the kernel would
 * choose. */
static void send_and_receive(const struct ls_addr *local, const struct ls_addr *remote)
{
	struct control control;
	struct sockaddr_in6 name;
	uint8_t bytes[BYTES] = {1, 2, 3};
	struct iovec part = {bytes, sizeof bytes};
	struct msghdr out = {.msg_name = &name,
	                     .msg_iov = &part,
	                     .msg_iovlen = 1,
	                     .msg_control = control.bytes},
		      in = out;
	uint16_t from_port, to_port;
	int from = socket_open(local->family, &from_port),
	    to = socket_open(remote->family, &to_port);
	struct ls_addr there = ls_addr_with_port(*remote, to_port),
		       here = ls_addr_with_port(*local, from_port), got = {.family = 0};

	ck_assert(datagram_local_ask(to, remote->family));
	out.msg_namelen = datagram_name_make(&there, &name);
	datagram_local_add(&out, local);
	ck_assert_int_eq(sendmsg(from, &out, 0), BYTES);
	in.msg_namelen = sizeof name;
	in.msg_controllen = CONTROL_SIZE;
	ck_assert_int_eq(recvmsg(to, &in, 0), BYTES);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&in); c; c = CMSG_NXTHDR(&in, c))
		datagram_local_read(c, PORT, &got);
	ck_assert(ls_addr_same_ip(&got, remote));
	ck_assert_uint_eq(got.port, PORT);
	got = datagram_name_read((struct sockaddr *)&name);
	ck_assert(ls_addr_equal(&got, &here));
	close(from);
	close(to);
}

START_TEST(ipv4_addresses_arrive)
{
	struct ls_addr local = address("127.0.0.2", 0), remote = address("127.0.0.3", 0);

	send_and_receive(&local, &remote);
}
END_TEST

START_TEST(ipv6_addresses_arrive)
{
	struct ls_addr loopback = address("::1", 0);

	if (!there_is(&loopback)) {
		puts("skip - ipv6_addresses_arrive: this host has no ::1");
		return;
	}
	send_and_receive(&loopback, &loopback);
}
END_TEST

/* What is sent with a traffic class arrives with it, and what follows without one has none. */
static void class_crosses(const struct ls_addr *loopback)
{
	static const uint8_t classes[] = {46 << 2, 3, 48 << 2 | 1, 0};
	struct control control;
	struct sockaddr_in6 name;
	uint8_t byte = 0;
	struct iovec part = {&byte, 1};
	uint16_t from_port, to_port;
	int from = socket_open(loopback->family, &from_port),
	    to = socket_open(loopback->family, &to_port);
	struct ls_addr there = ls_addr_with_port(*loopback, to_port);

	ck_assert(datagram_class_ask(to, loopback->family));
	for (size_t i = 0; i < sizeof classes; i++) {
		struct msghdr m = {.msg_name = &name,
		                   .msg_iov = &part,
		                   .msg_iovlen = 1,
		                   .msg_control = control.bytes};
		uint8_t got = 0xff;

		m.msg_namelen = datagram_name_make(&there, &name);
		if (classes[i] != 0)
			datagram_class_add(&m, loopback->family, classes[i]);
		ck_assert_int_eq(sendmsg(from, &m, 0), 1);
		m.msg_controllen = CONTROL_SIZE;
		ck_assert_int_eq(recvmsg(to, &m, 0), 1);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
			datagram_class_read(c, &got);
		ck_assert_uint_eq(got, classes[i]);
	}
	/* What the socket is set to holds for all that say nothing. */
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
	uint8_t got = 0xff;

	ck_assert(datagram_class_set(from, loopback->family, 48 << 2));
	ck_assert_int_eq(sendto(from, &byte, 1, 0, (struct sockaddr *)&name,
	                        datagram_name_make(&there, &name)),
	                 1);
	m.msg_controllen = CONTROL_SIZE;
	ck_assert_int_eq(recvmsg(to, &m, 0), 1);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		datagram_class_read(c, &got);
	ck_assert_uint_eq(got, 48 << 2);
	close(from);
	close(to);
}

START_TEST(traffic_classes_arrive)
{
	struct ls_addr v4 = address("127.0.0.1", 0), v6 = address("::1", 0);

	class_crosses(&v4);
	if (there_is(&v6))
		class_crosses(&v6);
	else
		puts("skip - traffic_classes_arrive: this host has no ::1");
}
END_TEST

START_TEST(what_is_no_socket_cannot_be_asked)
{
	int pipe_of[2];

	ck_assert_int_eq(pipe(pipe_of), 0);
	ck_assert(!datagram_local_ask(pipe_of[0], 4));
	ck_assert(!datagram_local_ask(pipe_of[0], 6));
	ck_assert(!datagram_class_ask(pipe_of[0], 4));
	ck_assert(!datagram_class_set(pipe_of[0], 6, 0));
	close(pipe_of[0]);
	close(pipe_of[1]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("datagram");

	tcase_add_loop_test(tc, a_name_is_what_the_library_reads, 0, 6);
	tcase_add_test(tc, no_bytes_of_before_stay_in_a_name);
	tcase_add_test(tc, no_address_is_any_of_ipv6);
	tcase_add_loop_test(tc, a_name_of_another_family_is_none, 0, 4);
	tcase_add_test(tc, a_short_name_is_not_read_beyond_its_end);
	tcase_add_test(tc, control_messages_stand_one_behind_the_other);
	tcase_add_test(tc, without_our_address_nothing_is_added);
	tcase_add_loop_test(tc, other_control_messages_say_no_address, 0, 5);
	tcase_add_test(tc, ipv4_addresses_arrive);
	tcase_add_test(tc, ipv6_addresses_arrive);
	tcase_add_test(tc, traffic_classes_arrive);
	tcase_add_test(tc, what_is_no_socket_cannot_be_asked);
	return run_cases("datagram", tc);
}
