/* What lies behind the gateways: marked packets into their TUN devices, and the account of what
 * comes out. */
#include "tests/sim/sim.h"
#include "tests/sim/wrap.h"

#include "lib/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	VNET = 10,
	IP4 = 20,
	IP6 = 40,
	UDP = 8,
	MARK = 16,
	NUMBER = 4,
	PAYLOAD_MAX = 1200,
	PACKET_MAX = VNET + IP6 + UDP + MARK + NUMBER + PAYLOAD_MAX,
	FIRST_ROOM = 4096,
};

/* A packet as it was sent, and how often it arrived. */
struct sent {
	ls_time at;
	uint64_t hash;
	uint16_t len;
	uint8_t from, tunnel, count;
};

struct host_tunnel host_tunnel[SIM_GATEWAYS][SIM_TUNNELS_MAX];
static struct sent *sent;
static uint32_t sent_count, sent_room;
static uint8_t mark[MARK];
static uint32_t last_ifindex;

/* NULL and GMAC authenticate and cipher nothing. */
static bool esp_hides(void)
{
	const char *p = daemon_wish.esp_proposal;

	return !p || (strncmp(p, "null", 4) != 0 && !strstr(p, "gmac"));
}

void host_begin(void)
{
	memset(host_tunnel, 0, sizeof host_tunnel);
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		for (unsigned t = 0; t < SIM_TUNNELS_MAX; t++)
			host_tunnel[g][t].fd = -1;
	sent_count = 0;
	last_ifindex = 1;
	for (unsigned i = 0; i < MARK; i += 8)
		ls_put64(mark + i, dice());
	if (esp_hides())
		invariants_secret("a payload", mark, sizeof mark);
}

static void device_close(struct host_tunnel *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

void host_end(void)
{
	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		for (unsigned t = 0; t < SIM_TUNNELS_MAX; t++)
			device_close(&host_tunnel[g][t]);
	free(sent);
	sent = NULL;
	sent_count = sent_room = 0;
}

/* Devices are named tunN. */
bool __wrap_tun_open(struct tun *t, const char *ifname, unsigned queues, char *error, size_t cap)
{
	unsigned tunnel = (unsigned)(ifname[strlen(ifname) - 1] - '0');
	struct host_tunnel *h;
	int pair[2];

	(void)queues;
	(void)error;
	(void)cap;
	if (tunnel >= SIM_TUNNELS_MAX ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	h = &host_tunnel[sim_current->gateway][tunnel];
	device_close(h);
	h->fd = pair[1];
	h->up = false;
	memset(t, 0, sizeof *t);
	snprintf(t->ifname, sizeof t->ifname, "%s", ifname);
	t->fd = pair[0];
	t->queues = 1;
	t->ifindex = ++last_ifindex;
	t->offloads = CONF_OFFLOAD_TUN_TSO | CONF_OFFLOAD_TUN_USO | CONF_OFFLOAD_JOIN;
	return true;
}

static uint64_t hash_of(const uint8_t *bytes, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 0x100000001b3u;
	return h;
}

static void sum_set(uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < IP4; i += 2)
		sum += ls_get16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ls_put16(ip + 10, (uint16_t)~sum);
}

/* IP and UDP headers, between hosts that are in the tunnel's routes; gives their size. */
static size_t headers(uint8_t *ip, unsigned version, unsigned from, unsigned tunnel, size_t payload)
{
	size_t front = version == 4 ? IP4 : IP6;

	memset(ip, 0, front + UDP);
	if (version == 4) {
		ip[0] = 0x45;
		ls_put16(ip + 2, (uint16_t)(IP4 + UDP + payload));
		ip[8] = 64;
		ip[9] = IPPROTO_UDP;
		ls_put32(ip + 12, (from == 0 ? 0x0a470002 : 0x0a480002) | tunnel << 8);
		ls_put32(ip + 16, (from == 0 ? 0x0a480002 : 0x0a470002) | tunnel << 8);
		sum_set(ip);
	} else {
		ip[0] = 0x60;
		ls_put16(ip + 4, (uint16_t)(UDP + payload));
		ip[6] = IPPROTO_UDP;
		ip[7] = 64;
		ip[8] = ip[24] = 0xfd;
		ip[9] = from == 0 ? 0x71 : 0x72;
		ip[25] = from == 0 ? 0x72 : 0x71;
		ip[15] = ip[31] = (uint8_t)tunnel;
		ip[23] = ip[39] = 2;
	}
	ls_put16(ip + front, 7000);
	ls_put16(ip + front + 2, 7000);
	ls_put16(ip + front + 4, (uint16_t)(UDP + payload));
	return front + UDP;
}

void host_send(unsigned gateway, unsigned tunnel)
{
	struct host_tunnel *h = &host_tunnel[gateway][tunnel];
	unsigned version = dice_below(4) == 0 ? 6 : 4;
	size_t fill = dice_below(PAYLOAD_MAX + 1), at = VNET;
	uint8_t packet[PACKET_MAX] = {0};

	if (h->fd < 0)
		return;
	if (sent_count == sent_room) {
		sent_room = sent_room ? sent_room * 2 : FIRST_ROOM;
		sent = realloc(sent, sent_room * sizeof *sent);
		if (!sent)
			abort();
	}
	at += headers(packet + at, version, gateway, tunnel, MARK + NUMBER + fill);
	memcpy(packet + at, mark, MARK);
	ls_put32(packet + at + MARK, sent_count);
	memset(packet + at + MARK + NUMBER, (int)(sent_count & 0xff), fill);
	at += MARK + NUMBER + fill;
	if (send(h->fd, packet, at, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
	sent[sent_count++] = (struct sent){.at = world_now,
	                                   .hash = hash_of(packet + VNET, at - VNET),
	                                   .len = (uint16_t)(at - VNET),
	                                   .from = (uint8_t)gateway,
	                                   .tunnel = (uint8_t)tunnel};
	h->sent++;
}

static void arrived(unsigned gateway, unsigned tunnel, uint8_t *packet, size_t len)
{
	size_t front = (len > 0 && packet[0] >> 4 == 6 ? IP6 : IP4) + UDP;
	uint32_t number;
	struct sent *s;

	if (sim_break == BREAK_CORRUPT)
		packet[len - 1] ^= 1;
	number = len >= front + MARK + NUMBER ? ls_get32(packet + front + MARK) : UINT32_MAX;
	if (number >= sent_count || memcmp(packet + front, mark, MARK) != 0) {
		fail("gateway %u delivers %zu bytes that nobody sent", gateway, len);
		return;
	}
	s = &sent[number];
	if (s->len != len || s->hash != hash_of(packet, len))
		fail("gateway %u delivers packet %u changed", gateway, number);
	else if (s->from == gateway || s->tunnel != tunnel)
		fail("gateway %u delivers packet %u out of tunnel %u, but it went into %u of %u",
		     gateway, number, tunnel, s->tunnel, s->from);
	else if (++s->count > 1)
		fail("gateway %u delivers packet %u twice", gateway, number);
	trace("%u gets packet %u", gateway, number);
	host_tunnel[gateway][tunnel].received++;
}

bool host_receive(void)
{
	static uint8_t buffer[VNET + SIM_PACKET_MAX];
	bool any = false;

	for (unsigned g = 0; g < SIM_GATEWAYS; g++)
		for (unsigned t = 0; t < SIM_TUNNELS_MAX; t++) {
			ssize_t n;

			if (host_tunnel[g][t].fd < 0)
				continue;
			n = recv(host_tunnel[g][t].fd, buffer, sizeof buffer, MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN))
				device_close(&host_tunnel[g][t]);
			if (n <= VNET)
				continue;
			any = true;
			arrived(g, t, buffer + VNET, (size_t)n - VNET);
		}
	return any;
}

unsigned host_lost(unsigned gateway, unsigned tunnel, ls_time from, ls_time to)
{
	unsigned n = 0;

	for (uint32_t i = sent_count; i > 0 && sent[i - 1].at >= from; i--)
		if (sent[i - 1].at < to && sent[i - 1].from == gateway &&
		    sent[i - 1].tunnel == tunnel && sent[i - 1].count == 0)
			n++;
	return n;
}

unsigned host_sent(unsigned gateway, unsigned tunnel, ls_time from, ls_time to)
{
	unsigned n = 0;

	for (uint32_t i = sent_count; i > 0 && sent[i - 1].at >= from; i--)
		if (sent[i - 1].at < to && sent[i - 1].from == gateway &&
		    sent[i - 1].tunnel == tunnel)
			n++;
	return n;
}
