/* The daemon's sockets towards the peers; UDP 4500 is shared by IKE and ESP without a process in
 * between. */
#include "src/parent/listen.h"

#include "src/base/datagram.h"
#include "src/base/msg.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 8 * 1024 * 1024, INDEX_IKE = 0, INDEX_ESP = 1 };

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/*
 * Which of the sockets on UDP 4500 a datagram is for (RFC 3948 2.2): four zero bytes in front are
 * IKE's, all else is ESP's, also the one-byte keepalive (2.3). Of several for ESP the SPI says
 * which: what comes in one SA keeps its order. The kernel runs it on the UDP payload; a load beyond
 * its end ends the program with 0, so the length is looked at first.
 */
static bool by_marker(int fd, unsigned workers)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 4, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, 0),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, INDEX_ESP),
		BPF_STMT(BPF_RET | BPF_A, 0),
		BPF_STMT(BPF_RET | BPF_K, INDEX_ESP),
		BPF_STMT(BPF_RET | BPF_K, INDEX_IKE),
	};
	const struct sock_fprog program = {.len = sizeof code / sizeof code[0],
	                                   .filter = (struct sock_filter *)(uintptr_t)code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0;
}

/* Each raw socket would get a copy of every packet: only the first worker's hears. */
static bool deaf(int fd)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	const struct sock_fprog program = {.len = 1, .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

static bool option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static void buffers_set(int fd)
{
	if (!option(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES))
		option(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	if (!option(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES))
		option(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

/* Where each datagram came to; and that IKE may be fragmented, by this host if need be, whatever
 * anybody says of the path by ICMP; but an IPv6 socket that hears of it at all has to believe it.
 * The gateway sets its own sockets otherwise (gw_udp). */
static bool options_set(int fd, uint8_t family, uint8_t kind)
{
	bool ok;

	if (family == 6)
		ok = option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
		     option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	else
		ok = option(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
		     option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	/* Older kernels give single datagrams instead: slower, not wrong. */
	if (kind == MSG_SOCKET_ESP4500 && !option(fd, IPPROTO_UDP, UDP_GRO, 1))
		errno = 0;
	return ok;
}

static bool bind_to(int fd, uint8_t family, const struct ls_addr *local, uint16_t port)
{
	struct ls_addr at = {.family = family};
	struct sockaddr_in6 name;
	socklen_t len;

	if (local->family == family)
		at = *local;
	at.port = port;
	len = datagram_name_make(&at, &name);
	return bind(fd, (struct sockaddr *)&name, len) == 0;
}

static const char *remedy_for(int error_number)
{
	switch (error_number) {
	case EADDRINUSE:
		return "; another IKE daemon (strongSwan, libreswan, racoon?) has it: stop that "
		       "one ('ss -ulpn' names it)";
	case EADDRNOTAVAIL:
		return "; this host has no such address: see 'local' in the config";
	case EACCES:
	case EPERM:
		return "; run l2tpsecd as root";
	default:
		return "";
	}
}

static bool refuse(struct listen *l, int error_number, uint8_t family, const char *what,
                   char *error, size_t cap)
{
	snprintf(error, cap, "cannot open %s for IPv%u: %s%s", what, family, strerror(error_number),
	         remedy_for(error_number));
	listen_close(l);
	return false;
}

static bool is_raw(uint8_t kind)
{
	return kind == MSG_SOCKET_ESP_RAW || kind == MSG_SOCKET_AH_RAW;
}

static int make(uint8_t family, uint8_t kind, const struct ls_addr *local, uint16_t port)
{
	bool raw = is_raw(kind);
	int domain = family == 6 ? AF_INET6 : AF_INET;
	int fd = socket(domain, (raw ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK,
	                !raw                        ? IPPROTO_UDP
	                : kind == MSG_SOCKET_AH_RAW ? IPPROTO_AH
	                                            : IPPROTO_ESP);
	bool shared = kind == MSG_SOCKET_IKE4500 || kind == MSG_SOCKET_ESP4500;
	int e;

	if (fd < 0)
		return -1;
	buffers_set(fd);
	if ((family == 6 && !raw && !option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
	    !options_set(fd, family, kind) ||
	    (shared && !option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) ||
	    !bind_to(fd, family, local, raw ? 0 : port)) {
		e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

/* Another process of this user that shares ports too would take a part of the datagrams: it must be
 * the first here. */
static bool port_is_free(uint8_t family, const struct ls_addr *local, uint16_t port)
{
	int fd = make(family, MSG_SOCKET_IKE500, local, port);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool add(struct listen *l, uint8_t kind, uint8_t family, const struct ls_addr *local,
                uint16_t port, unsigned worker)
{
	int fd = l->count < LISTEN_MAX ? make(family, kind, local, port) : -1;

	if (fd < 0)
		return false;
	l->socket[l->count++] = (struct listen_socket){.fd = fd,
	                                               .kind = kind,
	                                               .family = family,
	                                               .port = is_raw(kind) ? 0 : port,
	                                               .worker = (uint8_t)worker};
	return worker == 0 || !is_raw(kind) || deaf(fd);
}

/* In a group the order of binding counts: IKE is the first, then the workers' for ESP. */
static bool add_each(struct listen *l, uint8_t kind, uint8_t family, const struct ls_addr *local,
                     uint16_t port, unsigned workers)
{
	for (unsigned i = 0; i < workers; i++)
		if (!add(l, kind, family, local, port, i))
			return false;
	return true;
}

static bool family_open(struct listen *l, uint8_t family, const struct ls_addr *local,
                        const struct listen_wish *wish, char *error, size_t cap)
{
	unsigned workers = wish->workers > 1 ? wish->workers : 1;
	char what[64];

	snprintf(what, sizeof what, "UDP port %u", wish->ike_port);
	if (!add(l, MSG_SOCKET_IKE500, family, local, wish->ike_port, 0))
		return refuse(l, errno, family, what, error, cap);
	snprintf(what, sizeof what, "UDP port %u", wish->nat_port);
	if (!port_is_free(family, local, wish->nat_port) ||
	    !add(l, MSG_SOCKET_IKE4500, family, local, wish->nat_port, 0) ||
	    !add_each(l, MSG_SOCKET_ESP4500, family, local, wish->nat_port, workers))
		return refuse(l, errno, family, what, error, cap);
	if (!by_marker(l->socket[l->count - 1].fd, workers))
		return refuse(l, errno, family, "the division of UDP port 4500 between IKE and ESP",
		              error, cap);
	if (!add_each(l, MSG_SOCKET_ESP_RAW, family, local, 0, workers))
		return refuse(l, errno, family, "the raw socket for ESP (IP protocol 50)", error,
		              cap);
	if (!add_each(l, MSG_SOCKET_AH_RAW, family, local, 0, workers))
		return refuse(l, errno, family, "the raw socket for AH (IP protocol 51)", error,
		              cap);
	return true;
}

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	bool there = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0;

	if (fd >= 0)
		close(fd);
	return there;
}

bool listen_open(struct listen *l, const struct listen_wish *wish, char *error, size_t cap)
{
	memset(l, 0, sizeof *l);
	if (!family_open(l, 4, &wish->local4, wish, error, cap))
		return false;
	return !has_ipv6() || family_open(l, 6, &wish->local6, wish, error, cap);
}

void listen_close(struct listen *l)
{
	for (size_t i = 0; i < l->count; i++)
		close(l->socket[i].fd);
	l->count = 0;
}
