/* Fuzzes joining: whatever packets come, what is written holds each of them once, bit for bit, in
 * the order of its flow. */
#include "lib/sum.h"
#include "src/gateway/gw_tun.h"
#include "lib/ip.h"

#include "lib/wire.h"

#include <stdlib.h>
#include <string.h>

enum { PACKETS_MAX = 64, WRITE_MAX = GW_VNET_SIZE + GW_TUN_PACKET_MAX };

static struct given {
	uint8_t *packet; /* as it was given, MSS clamped */
	size_t len;
	bool written;
} given[PACKETS_MAX];
static unsigned givens;

/* The protocol, where the packet is a whole TCP segment or UDP datagram with a header that makes
 * sense; else 0. */
static uint8_t transport_of(const uint8_t *p, size_t len)
{
	size_t ip = p[0] >> 4 == 4 ? IP4_SIZE : IP6_SIZE, tcp;

	if (p[0] >> 4 == 4 && (p[0] != 0x45 || (ls_get16(p + IP4_FRAGMENT) & IP4_MORE_AND_OFFSET)))
		return 0;
	if (len < ip + UDP_SIZE)
		return 0;
	if (p[p[0] >> 4 == 4 ? IP4_PROTOCOL : IP6_NEXT] == IP_UDP)
		return IP_UDP;
	if (len < ip + TCP_SIZE || p[p[0] >> 4 == 4 ? IP4_PROTOCOL : IP6_NEXT] != IP_TCP)
		return 0;
	tcp = (size_t)(p[ip + TCP_OFFSET] >> 4) * 4;
	return tcp >= TCP_SIZE && ip + tcp <= len ? IP_TCP : 0;
}

/* Of what has no ports that we read, only the addresses tell. */
static bool same_flow(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	uint8_t of_a = transport_of(a, a_len), of_b = transport_of(b, b_len);
	size_t ports = of_a && of_b ? 4 : 0;

	if (a[0] >> 4 != b[0] >> 4 || (ports && of_a != of_b))
		return false;
	return a[0] >> 4 == 4 ? memcmp(a + IP4_FROM, b + IP4_FROM, 8 + ports) == 0
	                      : memcmp(a + IP6_FROM, b + IP6_FROM, 32 + ports) == 0;
}

/* The first one like this; none of its flow from before it is still held back. */
static void expect(uint8_t *packet, size_t len)
{
	for (unsigned i = 0; i < givens; i++)
		if (!given[i].written && given[i].len == len &&
		    memcmp(given[i].packet, packet, len) == 0) {
			given[i].written = true;
			return;
		} else if (!given[i].written &&
		           same_flow(given[i].packet, given[i].len, packet, len)) {
			abort();
		}
	abort();
}

/* As the kernel would: cuts it again. */
static void take(void *ctx, const struct iovec *parts, int n, unsigned packets)
{
	static uint8_t room[GW_HEADROOM + WRITE_MAX], slot[GW_HEADROOM + GW_HEAD_MAX],
		whole[GW_TUN_PACKET_MAX];
	uint8_t *bytes = room + GW_HEADROOM - GW_VNET_SIZE;
	struct gw_piece piece;
	struct gw_cut cut;
	size_t len = 0;
	unsigned pieces = 0;

	(void)ctx;
	for (int i = 0; i < n; i++) {
		if (len + parts[i].iov_len > WRITE_MAX)
			abort();
		memcpy(bytes + len, parts[i].iov_base, parts[i].iov_len);
		len += parts[i].iov_len;
	}
	if (gw_cut_start(&cut, bytes, len, 0xffff) != CAUSE_NONE)
		abort();
	while (gw_cut_next(&cut, slot, &piece)) {
		memcpy(whole, piece.head, piece.head_len);
		if (piece.payload_len > 0)
			memcpy(whole + piece.head_len, piece.payload, piece.payload_len);
		expect(whole, (size_t)piece.head_len + piece.payload_len);
		pieces++;
	}
	if (pieces != packets)
		abort();
}

/* The fuzzer cannot guess checksums: a record may ask for right ones. */
static void sums_set(uint8_t *p, size_t len)
{
	unsigned version = p[0] >> 4;
	size_t ip = version == 4 ? IP4_SIZE : IP6_SIZE;
	uint8_t protocol = transport_of(p, len);
	size_t at = ip + (size_t)(protocol == IP_UDP ? UDP_SUM : TCP_SUM);
	uint16_t sum;

	if (version == 4 && p[0] == 0x45)
		ls_sum_ip4_set(p, IP4_SIZE);
	if (protocol == 0)
		return;
	ls_put16(p + at, 0);
	sum = (uint16_t)~ls_sum_fold(ls_sum_bytes(p + ip, len - ip) +
	                             ls_sum_pseudo(p, version, protocol, len - ip));
	ls_put16(p + at, sum == 0 && protocol == IP_UDP ? 0xffff : sum);
}

/* The lengths, number and id with which a packet of this length goes on after the one before. */
static void go_on(uint8_t *p, size_t len, size_t payload_before, uint8_t protocol)
{
	uint8_t *t = p + IP4_SIZE;

	ls_put16(p + IP4_LEN, (uint16_t)len);
	ls_put16(p + IP4_ID, (uint16_t)(ls_get16(p + IP4_ID) + 1));
	if (protocol == IP_UDP)
		ls_put16(t + UDP_LEN, (uint16_t)(len - IP4_SIZE));
	else
		ls_put32(t + TCP_SEQUENCE, ls_get32(t + TCP_SEQUENCE) + (uint32_t)payload_before);
}

/* Records: form 1, length 1, bytes. Form bit 0: right checksums; bit 1: as the packet before, with
 * the bytes as its payload and the sequence number and id that follow; bit 2: PSH turned. */
static size_t record(struct rd *r, uint8_t *out, const uint8_t *before, size_t before_len)
{
	uint8_t form = rd_u8(r), protocol = 0;
	size_t len = rd_u8(r), head = 0;
	const uint8_t *bytes;

	len = len < rd_left(r) ? len : rd_left(r);
	bytes = rd_bytes(r, len);
	if (form & 2 && before_len > 0 && before[0] == 0x45)
		protocol = transport_of(before, before_len);
	if (protocol == IP_UDP)
		head = IP4_SIZE + UDP_SIZE;
	else if (protocol == IP_TCP)
		head = IP4_SIZE + (size_t)(before[IP4_SIZE + TCP_OFFSET] >> 4) * 4;
	memcpy(out, before, head);
	if (bytes && len > 0)
		memcpy(out + head, bytes, len);
	len += head;
	if (head > 0)
		go_on(out, len, before_len - head, protocol);
	if (protocol == IP_TCP && form & 4)
		out[IP4_SIZE + TCP_FLAGS] ^= TCP_PSH;
	len = gw_ip_len(out, len);
	if (len > 0 && form & 1)
		sums_set(out, len);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packets[PACKETS_MAX][GW_HEADROOM + 1024], made[1024];
	static struct gw_join join;
	struct rd r = rd_make(data, size);
	uint8_t form = rd_u8(&r);
	uint16_t mtu = rd_u16(&r);
	size_t before = 0, len;

	gw_join_init(&join, form & (GW_JOIN_TCP | GW_JOIN_UDP), mtu, take, NULL);
	givens = 0;
	while (rd_left(&r) > 2 && givens < PACKETS_MAX) {
		uint8_t *packet = packets[givens] + GW_HEADROOM;

		len = record(&r, made, packets[givens ? givens - 1 : 0] + GW_HEADROOM, before);
		if (len == 0)
			continue;
		memcpy(packet, made, before = len);
		given[givens] = (struct given){.packet = malloc(len), .len = len};
		memcpy(given[givens].packet, packet, len);
		gw_mss_clamp(given[givens].packet, len, mtu);
		givens++;
		gw_join_add(&join, packet, len);
	}
	gw_join_flush(&join);
	for (unsigned i = 0; i < givens; i++) {
		if (!given[i].written)
			abort();
		free(given[i].packet);
	}
	return 0;
}
