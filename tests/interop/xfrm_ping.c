/*
 * Pings a Linux kernel through its XFRM by the esp/ engine: echo requests sealed here, replies
 * opened here. No daemon takes part.
 *
 *   xfrm_ping commands WORD...    the peer's side, as a shell script (ipsec_setup.h has the words)
 *   xfrm_ping good WORD...        60 pings of many sizes, sealed as batches: all must be answered
 *   xfrm_ping bad WORD...         forged, repeated, dummy and unprotected ones: none may be
 * answered
 */
#include "tests/interop/ipsec_setup.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PINGS = 60,
	PACKET = 2048,
	ICMP_HEADER = 8,
	PORT = 4500,
	IDENTITY = 0x4c32,
	WAIT_MS = 3000,
	SILENCE_MS = 400
};

static struct setup s;
static int out_fd, in_fd;
static uint8_t plain[PINGS][PACKET], sealed[PINGS][PACKET];
static size_t plain_len[PINGS];

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static socklen_t sockaddr_of(const struct ls_addr *a, uint16_t port, struct sockaddr_in6 *to)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};

	memset(to, 0, sizeof(*to));
	if (a->family == 4) {
		memcpy(&v4.sin_addr, a->ip, 4);
		memcpy(to, &v4, sizeof(v4));
		return sizeof(v4);
	}
	to->sin6_family = AF_INET6;
	to->sin6_port = htons(port);
	memcpy(&to->sin6_addr, a->ip, 16);
	return sizeof(*to);
}

static void sockets_open(void)
{
	int family = s.local.family == 4 ? AF_INET : AF_INET6, one = 1;
	struct sockaddr_in6 here;
	socklen_t len = sockaddr_of(&s.local, s.udp ? PORT : 0, &here);

	if (s.udp)
		in_fd = socket(family, SOCK_DGRAM, 0);
	else
		in_fd = socket(family, SOCK_RAW, s.ah ? IP_AH : IP_ESP);
	if (in_fd < 0 || bind(in_fd, (struct sockaddr *)&here, len) < 0)
		die("socket");
	out_fd = in_fd;
	/* AH over IPv4 brings its header along: what the ICV covers must leave as it is. */
	if (s.ah && family == AF_INET &&
	    setsockopt(out_fd, IPPROTO_IP, IP_HDRINCL, &one, sizeof(one)) < 0)
		die("IP_HDRINCL");
}

static uint16_t sum(uint32_t start, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		start += (uint32_t)bytes[i] << (i & 1 ? 0 : 8);
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return (uint16_t)~start;
}

static size_t echo_make(uint8_t *icmp, const struct ls_addr *from, const struct ls_addr *to,
                        unsigned number, size_t data)
{
	uint8_t pseudo[40] = {0};
	uint32_t start = 0;

	memset(icmp, 0, ICMP_HEADER);
	icmp[0] = from->family == 4 ? 8 : 128;
	ls_put16(icmp + 4, IDENTITY);
	ls_put16(icmp + 6, (uint16_t)number);
	for (size_t i = 0; i < data; i++)
		icmp[ICMP_HEADER + i] = (uint8_t)(i * 3 + number);
	if (from->family == 6) {
		memcpy(pseudo, from->ip, 16);
		memcpy(pseudo + 16, to->ip, 16);
		ls_put32(pseudo + 32, (uint32_t)(ICMP_HEADER + data));
		pseudo[39] = 58;
		start = (uint16_t)~sum(0, pseudo, sizeof(pseudo));
	}
	ls_put16(icmp + 2, sum(start, icmp, ICMP_HEADER + data));
	return ICMP_HEADER + data;
}

/* What goes into the SA. */
static size_t ping_make(uint8_t *to, unsigned number, size_t data)
{
	const struct ls_addr *a = &s.inner_local, *b = &s.inner_remote;
	struct esp_outer o = esp_outer_plain(a->family);
	size_t head;

	if (!s.tunnel)
		return echo_make(to, &s.local, &s.remote, number, data);
	head = esp_outer_make(to, a, b, (uint16_t)number);
	data = echo_make(to + head, a, b, number, data);
	esp_outer_finish(to, &o, head + data, a->family == 4 ? 1 : 58);
	return head + data;
}

static uint8_t next_header(void)
{
	if (s.tunnel)
		return s.inner_local.family == 4 ? IP_IN_IP : IP6_IN_IP;
	return s.local.family == 4 ? 1 : 58;
}

static struct esp_seal_job job_make(unsigned i)
{
	return (struct esp_seal_job){
		.sa = s.out,
		.part = {LS_BYTES(plain[i], 4), LS_BYTES(plain[i] + 4, plain_len[i] - 4)},
		.parts = 2,
		.next_header = next_header(),
		.dst = sealed[i],
		.dst_room = PACKET};
}

static void packet_send(const uint8_t *pkt, size_t len)
{
	struct sockaddr_in6 to;
	socklen_t size = sockaddr_of(&s.remote, s.udp ? PORT : 0, &to);

	/* Over IPv6 the kernel makes the header that was sealed once more. */
	if (s.ah && s.remote.family == 6) {
		pkt += IP6_SIZE;
		len -= IP6_SIZE;
	}
	if (sendto(out_fd, pkt, len, 0, (struct sockaddr *)&to, size) < 0)
		die("sendto");
}

/* One packet that came, as esp_open wants it. */
static uint32_t packet_receive(uint8_t room[IP6_SIZE + PACKET], uint8_t **pkt, int wait_ms)
{
	struct pollfd p = {.fd = in_fd, .events = POLLIN};
	uint8_t *at = room + IP6_SIZE;
	ssize_t n;

	*pkt = at;
	if (poll(&p, 1, wait_ms) <= 0)
		return 0;
	n = recv(in_fd, at, PACKET, 0);
	if (n <= 0)
		die("recv");
	if (s.ah && s.local.family == 6) {
		*pkt = room;
		esp_outer_rebuild(room, &s.remote, &s.local, IP_AH, (size_t)n);
		return (uint32_t)n + IP6_SIZE;
	}
	if (!s.ah && !s.udp && s.local.family == 4) {
		*pkt = at + (at[0] & 15) * 4;
		return (uint32_t)n - (at[0] & 15u) * 4;
	}
	return (uint32_t)n;
}

/* The number of the request that this answers; -1 if it is no answer, or not the right one. */
static int answer_to(const struct esp_open_job *job)
{
	const uint8_t *icmp = job->payload, *asked;
	bool v6 = (s.tunnel ? s.inner_local : s.local).family == 6;
	size_t len = job->payload_len, head = 0;
	unsigned number;

	if (job->next_header != next_header() || job->sa != s.esp_in ||
	    !esp_selector_check(job->sa, job->next_header, job->payload, len))
		return -1;
	if (s.tunnel)
		head = esp_outer_size(s.inner_local.family);
	if (len < head + ICMP_HEADER)
		return -1;
	icmp += head;
	len -= head;
	number = ls_get16(icmp + 6);
	if (icmp[0] != (v6 ? 129 : 0) || number >= PINGS || ls_get16(icmp + 4) != IDENTITY)
		return -1;
	asked = plain[number] + head;
	return len == plain_len[number] - head && memcmp(icmp + ICMP_HEADER, asked + ICMP_HEADER,
	                                                 len - ICMP_HEADER) == 0
	               ? (int)number
	               : -1;
}

/* Opens what comes, in batches as it happens to come, until `wanted` answers or silence. */
static unsigned answers(unsigned wanted, int wait_ms)
{
	static uint8_t room[ESP_BATCH_MAX][IP6_SIZE + PACKET];
	struct esp_open_job job[ESP_BATCH_MAX];
	bool seen[PINGS] = {false};
	unsigned answered = 0;

	while (answered < wanted) {
		unsigned n = 0;

		for (int wait = wait_ms; n < ESP_BATCH_MAX; wait = 0) {
			job[n] = (struct esp_open_job){.protocol = s.ah ? ESP_PROTOCOL_AH
			                                                : ESP_PROTOCOL_ESP};
			job[n].len = packet_receive(room[n], &job[n].pkt, wait);
			if (job[n].len == 0)
				break;
			n++;
		}
		if (n == 0)
			break;
		esp_open(s.sad, job, n, LS_S(2));
		for (unsigned i = 0; i < n; i++) {
			int number = job[i].verdict == CAUSE_NONE ? answer_to(&job[i]) : -1;

			if (number < 0)
				printf("not an answer: %s, next header %u, %u bytes\n",
				       ls_cause_info(job[i].verdict)->sentence, job[i].next_header,
				       job[i].payload_len);
			else if (!seen[number])
				answered++;
			if (number >= 0)
				seen[number] = true;
		}
	}
	return answered;
}

static int good(void)
{
	struct esp_seal_job job[PINGS];
	unsigned n;

	for (unsigned i = 0; i < PINGS; i++) {
		plain_len[i] = ping_make(plain[i], i, i < 40 ? i : 20 * i);
		job[i] = job_make(i);
	}
	if (esp_seal(s.sad, job, PINGS, LS_S(1)) != PINGS)
		return 1;
	for (unsigned i = 0; i < PINGS; i++)
		packet_send(sealed[i], job[i].dst_len);
	n = answers(PINGS, WAIT_MS);
	printf("%u of %d pings answered\n", n, PINGS);
	return n == PINGS ? 0 : 1;
}

/* A ping that needs no SA. */
static void unprotected_send(void)
{
	struct sockaddr_in6 to;
	socklen_t size = sockaddr_of(&s.remote, 0, &to);
	int family = s.local.family == 4 ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_RAW, family == AF_INET ? 1 : 58);

	if (fd < 0 || sendto(fd, plain[0], plain_len[0], 0, (struct sockaddr *)&to, size) < 0)
		die("unprotected");
	close(fd);
}

static int bad(void)
{
	struct esp_seal_job job;
	unsigned n;

	plain_len[0] = ping_make(plain[0], 0, 64);
	job = job_make(0);
	if (esp_seal(s.sad, &job, 1, LS_S(1)) != 1)
		return 1;
	/* The last byte of the payload or the ICV; then the packet itself, twice. */
	sealed[0][job.dst_len - 1] ^= 1;
	packet_send(sealed[0], job.dst_len);
	sealed[0][job.dst_len - 1] ^= 1;
	packet_send(sealed[0], job.dst_len);
	packet_send(sealed[0], job.dst_len);
	if (s.esp) {
		job.next_header = IP_NONE;
		if (esp_seal(s.sad, &job, 1, LS_S(1)) != 1)
			return 1;
		packet_send(sealed[0], job.dst_len);
	}
	if (!s.tunnel)
		unprotected_send();
	n = answers(2, SILENCE_MS);
	printf("%u of 1 answered\n", n);
	return n == 1 ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	setup_make(&s, argc - 2, argv + 2);
	if (strcmp(argv[1], "commands") == 0) {
		setup_kernel(&s);
		return 0;
	}
	sockets_open();
	return strcmp(argv[1], "good") == 0 ? good() : bad();
}
