/*
 * Traffic to many addresses at once, and of no SA, for bench/tunnels and bench/flood: what arrives
 * is counted where it arrives.
 *
 *   spray sink PORT                             takes UDP and TCP on PORT; prints "PACKETS BYTES"
 *                                               of UDP, and the bytes of TCP, whenever it gets
 *                                               a byte on stdin
 *   spray udp PORT SIZE SECONDS BURST KPPS      UDP to the addresses of stdin in turn, BURST
 *                                               packets each; KPPS 0: as fast as it goes
 *   spray tcp PORT FLOWS SECONDS                TCP flows, spread over the addresses of stdin
 *   spray spi PORT SIZE SECONDS KPPS            datagrams to the address of stdin that begin
 *                                               with an SPI drawn anew; PORT 0: in IP protocol 50
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 4096, FLOWS_MAX = 4096, AT_ONCE = 64, CHUNK = 65536, EVENTS = 64 };

static struct sockaddr_in to[ADDRESSES_MAX];
static unsigned addresses;
static uint8_t bytes[CHUNK];

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static void addresses_read(uint16_t port)
{
	char line[64];

	while (addresses < ADDRESSES_MAX && fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		to[addresses] =
			(struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		if (inet_pton(AF_INET, line, &to[addresses].sin_addr) == 1)
			addresses++;
	}
	if (addresses == 0) {
		fputs("spray: no address on stdin\n", stderr);
		exit(EXIT_FAILURE);
	}
}

static int socket_bound(int type, uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0), on = 1, room = 4 << 20;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0)
		fail("bind");
	return fd;
}

static void watch(int poll, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &e) < 0)
		fail("epoll_ctl");
}

static void sink_datagrams(int fd, uint64_t *packets, uint64_t *received)
{
	static uint8_t room[AT_ONCE][2048];
	static struct iovec part[AT_ONCE];
	static struct mmsghdr message[AT_ONCE];
	int n;

	for (unsigned i = 0; i < AT_ONCE; i++) {
		part[i] = (struct iovec){room[i], sizeof room[i]};
		message[i].msg_hdr = (struct msghdr){.msg_iov = &part[i], .msg_iovlen = 1};
	}
	n = recvmmsg(fd, message, AT_ONCE, 0, NULL);
	for (int i = 0; i < n; i++) {
		++*packets;
		*received += message[i].msg_len;
	}
}

static void sink(uint16_t port)
{
	int udp = socket_bound(SOCK_DGRAM, port), tcp = socket_bound(SOCK_STREAM, port);
	int poll = epoll_create1(0);
	uint64_t packets = 0, of_udp = 0, of_tcp = 0;

	if (listen(tcp, FLOWS_MAX) < 0)
		fail("listen");
	watch(poll, udp);
	watch(poll, tcp);
	watch(poll, STDIN_FILENO);
	for (;;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(poll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			ssize_t got;

			if (fd == udp) {
				sink_datagrams(udp, &packets, &of_udp);
			} else if (fd == tcp) {
				int flow = accept4(tcp, NULL, NULL, SOCK_NONBLOCK);

				if (flow >= 0)
					watch(poll, flow);
			} else if (fd == STDIN_FILENO) {
				if (read(fd, bytes, 1) <= 0)
					return;
				printf("%llu %llu %llu\n", (unsigned long long)packets,
				       (unsigned long long)of_udp, (unsigned long long)of_tcp);
				fflush(stdout);
			} else if ((got = recv(fd, bytes, CHUNK, MSG_TRUNC)) > 0) {
				of_tcp += (uint64_t)got;
			} else if (got == 0 || errno != EAGAIN) {
				close(fd);
			}
		}
	}
}

/* Each packet to the next address once BURST went to this one. */
static void send_datagrams(size_t size, double length, unsigned burst, double rate)
{
	static struct iovec part;
	static struct mmsghdr message[AT_ONCE];
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;
	double start = seconds(), now = start;
	uint64_t sent = 0;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	part = (struct iovec){bytes, size};
	for (; now - start < length; now = seconds()) {
		if (rate > 0 && (double)sent > (now - start) * rate) {
			usleep(500);
			continue;
		}
		for (unsigned i = 0; i < AT_ONCE; i++)
			message[i].msg_hdr = (struct msghdr){
				.msg_name = &to[(sent + i) / burst % addresses],
				.msg_namelen = sizeof to[0],
				.msg_iov = &part,
				.msg_iovlen = 1,
			};
		if (sendmmsg(fd, message, AT_ONCE, 0) > 0)
			sent += AT_ONCE;
	}
	printf("%llu\n", (unsigned long long)sent);
}

/* ESP packets of nobody. xorshift: their order must not be a pattern, no more. */
static void send_strangers(uint16_t port, size_t size, double length, double rate)
{
	static uint8_t packet[AT_ONCE][2048];
	static struct iovec part[AT_ONCE];
	static struct mmsghdr message[AT_ONCE];
	int fd = port ? socket(AF_INET, SOCK_DGRAM, 0) : socket(AF_INET, SOCK_RAW, IPPROTO_ESP);
	double start = seconds(), now = start;
	uint32_t x = (uint32_t)getpid() | 1;
	uint64_t sent = 0;

	if (fd < 0 || size < 8 || size > sizeof packet[0])
		fail("spi");
	for (; now - start < length; now = seconds()) {
		if (rate > 0 && (double)sent > (now - start) * rate) {
			usleep(200);
			continue;
		}
		for (unsigned i = 0; i < AT_ONCE; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			uint32_t spi = x | 0x1000;

			memcpy(packet[i], &spi, sizeof spi);
			part[i] = (struct iovec){packet[i], size};
			message[i].msg_hdr = (struct msghdr){.msg_name = &to[0],
			                                     .msg_namelen = sizeof to[0],
			                                     .msg_iov = &part[i],
			                                     .msg_iovlen = 1};
		}
		/* Refused ones (ICMP) were sent too. */
		sendmmsg(fd, message, AT_ONCE, 0);
		sent += AT_ONCE;
	}
	printf("%llu\n", (unsigned long long)sent);
}

static void send_flows(unsigned flows, double length)
{
	/* What is not sent by the end is nobody's: it would go on beside the next measurement. */
	const struct linger none = {.l_onoff = 1, .l_linger = 0};
	const int room = 256 * 1024;
	static int fd[FLOWS_MAX];
	int poll = epoll_create1(0);
	double end;

	for (unsigned i = 0; i < flows && i < FLOWS_MAX; i++) {
		struct epoll_event e = {.events = EPOLLOUT, .data.u32 = i};

		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (fd[i] < 0 ||
		    connect(fd[i], (struct sockaddr *)&to[i % addresses], sizeof to[0]) < 0)
			fail("connect");
		setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &none, sizeof none);
		setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
		fcntl(fd[i], F_SETFL, O_NONBLOCK);
		epoll_ctl(poll, EPOLL_CTL_ADD, fd[i], &e);
	}
	puts("connected");
	fflush(stdout);
	end = seconds() + length;
	while (seconds() < end) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(poll, events, EVENTS, 100);

		for (int i = 0; i < n; i++)
			if (send(fd[events[i].data.u32], bytes, CHUNK, MSG_NOSIGNAL) < 0 &&
			    errno != EAGAIN)
				fail("send");
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = {8192, 8192};

	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 3 && strcmp(argv[1], "sink") == 0) {
		sink((uint16_t)number(argv[2]));
	} else if (argc == 7 && strcmp(argv[1], "udp") == 0) {
		addresses_read((uint16_t)number(argv[2]));
		send_datagrams(number(argv[3]), strtod(argv[4], NULL), number(argv[5]),
		               strtod(argv[6], NULL) * 1e3);
	} else if (argc == 6 && strcmp(argv[1], "spi") == 0) {
		addresses_read((uint16_t)number(argv[2]));
		send_strangers((uint16_t)number(argv[2]), number(argv[3]), strtod(argv[4], NULL),
		               strtod(argv[5], NULL) * 1e3);
	} else if (argc == 5 && strcmp(argv[1], "tcp") == 0) {
		addresses_read((uint16_t)number(argv[2]));
		send_flows(number(argv[3]), strtod(argv[4], NULL));
	} else {
		fputs("spray sink PORT | udp PORT SIZE SECONDS BURST KPPS | tcp PORT FLOWS "
		      "SECONDS | spi PORT SIZE SECONDS KPPS\n",
		      stderr);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
