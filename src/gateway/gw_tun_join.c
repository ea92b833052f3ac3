/* Joins consecutive TCP segments or UDP datagrams of a flow into one write to the TUN device, if
 * cutting it again gives them back bit for bit. */
#include "lib/sum.h"
#include "src/gateway/gw_tun.h"
#include "lib/ip.h"

#include "lib/wire.h"

#include <linux/virtio_net.h>
#include <string.h>

enum { JOINED_MAX = 65000 };
/* Flags with which a segment stays alone: the kernel's cutting would lose or move them. */
enum { FLAGS_ALONE = TCP_SYN | TCP_RST | TCP_URG | TCP_CWR, FLAGS_LAST = TCP_PSH | TCP_FIN };

/* A TCP segment or UDP datagram as it lies in the receive buffer. */
struct segment {
	uint8_t *packet;
	size_t len, transport, head_len, payload_len;
	uint32_t sequence, hash;
	uint16_t id;
	uint8_t version, protocol, flags;
};

void gw_join_init(struct gw_join *join, unsigned kinds, uint16_t mtu, gw_join_write *write,
                  void *ctx)
{
	join->flows = 0;
	join->kinds = kinds;
	join->mtu = mtu;
	join->write = write;
	join->ctx = ctx;
}

/* Only needs to tell flows apart most of the time: what is joined is compared byte by byte. */
static uint32_t flow_hash(const uint8_t *packet, unsigned version, const uint8_t *ports)
{
	uint32_t h = ls_get32(ports) * 0x9e3779b1u;

	if (version == 4)
		return h ^ ls_get32(packet + IP4_FROM) * 0x85ebca6bu ^
		       ls_get32(packet + IP4_FROM + 4);
	for (size_t i = IP6_FROM; i < IP6_SIZE; i += 4)
		h = (h ^ ls_get32(packet + i)) * 0x85ebca6bu;
	return h;
}

static bool tcp_read(struct segment *s)
{
	const uint8_t *t = s->packet + s->transport;

	if (s->len < s->transport + TCP_SIZE)
		return false;
	s->head_len = s->transport + (size_t)(t[TCP_OFFSET] >> 4) * 4;
	if (s->head_len < s->transport + TCP_SIZE || s->head_len > s->len)
		return false;
	s->sequence = ls_get32(t + TCP_SEQUENCE);
	s->flags = t[TCP_FLAGS];
	return true;
}

static bool udp_read(struct segment *s)
{
	s->head_len = s->transport + UDP_SIZE;
	s->sequence = 0;
	s->flags = 0;
	return s->len >= s->head_len;
}

/* Whether the packet is one whose flow we know (no IP options, no extension headers, no fragments);
 * fills in s. */
static bool segment_read(struct segment *s, uint8_t *packet, size_t len)
{
	s->packet = packet;
	s->len = len;
	s->version = packet[0] >> 4;
	s->id = 0;
	if (s->version == 4) {
		if (packet[0] != 0x45 || (ls_get16(packet + IP4_FRAGMENT) & IP4_MORE_AND_OFFSET))
			return false;
		s->transport = IP4_SIZE;
		s->id = ls_get16(packet + IP4_ID);
		s->protocol = packet[IP4_PROTOCOL];
	} else {
		s->transport = IP6_SIZE;
		s->protocol = packet[IP6_NEXT];
	}
	if (s->protocol == IP_TCP ? !tcp_read(s) : s->protocol != IP_UDP || !udp_read(s))
		return false;
	s->payload_len = len - s->head_len;
	s->hash = flow_hash(packet, s->version, packet + s->transport);
	return true;
}

/* A joined packet gets new checksums from the kernel: a wrong one must not vanish in it, nor the
 * other of the two zeros that one's complement has. */
static bool sums_right(const uint8_t *packet, size_t len, size_t transport, uint8_t protocol)
{
	const uint8_t *t = packet + transport;
	unsigned version = packet[0] >> 4;

	if (version == 4 &&
	    (ls_get16(packet + IP4_SUM) == 0xffff || !ls_sum_ip4_right(packet, IP4_SIZE)))
		return false;
	/* UDP's zero is "none" (RFC 768), so there the kernel never writes it. */
	if (protocol == IP_TCP ? ls_get16(t + TCP_SUM) == 0xffff : ls_get16(t + UDP_SUM) == 0)
		return false;
	return ls_sum_fold(ls_sum_bytes(t, len - transport) +
	                   ls_sum_pseudo(packet, version, protocol, len - transport)) == 0xffff;
}

/* But for its checksums. */
static bool segment_joinable(const struct segment *s, unsigned kinds)
{
	if (s->payload_len == 0)
		return false;
	if (s->protocol == IP_TCP)
		return (kinds & GW_JOIN_TCP) && (s->flags & TCP_ACKED) && !(s->flags & FLAGS_ALONE);
	return (kinds & GW_JOIN_UDP) &&
	       ls_get16(s->packet + s->transport + UDP_LEN) == s->len - s->transport;
}

static bool same_addresses(const uint8_t *a, const uint8_t *b, unsigned version)
{
	return version == 4 ? memcmp(a + IP4_FROM, b + IP4_FROM, 8) == 0
	                    : memcmp(a + IP6_FROM, b + IP6_FROM, 32) == 0;
}

static bool flow_is(const struct gw_flow *flow, const struct segment *s)
{
	const uint8_t *head = flow->head + GW_VNET_SIZE;

	return flow->hash == s->hash && flow->version == s->version &&
	       flow->protocol == s->protocol && same_addresses(head, s->packet, s->version) &&
	       memcmp(head + flow->transport, s->packet + s->transport, 4) == 0;
}

static bool tcp_same(const uint8_t *a, const uint8_t *b, size_t size)
{
	if (memcmp(a + TCP_ACK, b + TCP_ACK, TCP_FLAGS - TCP_ACK) != 0)
		return false;
	if ((a[TCP_FLAGS] ^ b[TCP_FLAGS]) & ~FLAGS_LAST)
		return false;
	if (memcmp(a + TCP_WINDOW, b + TCP_WINDOW, 2) != 0 ||
	    memcmp(a + TCP_URGENT, b + TCP_URGENT, 2) != 0)
		return false;
	return memcmp(a + TCP_SIZE, b + TCP_SIZE, size - TCP_SIZE) == 0;
}

/* Whether the segment continues the flow so that nothing in its headers would be lost. */
static bool flow_continues(const struct gw_flow *flow, const struct segment *s)
{
	const uint8_t *a = flow->head + GW_VNET_SIZE, *b = s->packet;
	unsigned most = s->protocol == IP_TCP ? GW_JOIN_SEGMENTS : GW_JOIN_DATAGRAMS;

	if (s->sequence != flow->next_sequence || s->head_len != flow->head_len ||
	    s->payload_len > flow->segment_len)
		return false;
	if (flow->parts > most || flow->head_len + flow->payload_len + s->payload_len > JOINED_MAX)
		return false;
	if (s->version == 4) {
		if (s->id != flow->next_id || a[IP4_TOS] != b[IP4_TOS] ||
		    memcmp(a + IP4_FRAGMENT, b + IP4_FRAGMENT, 4) != 0)
			return false;
	} else if (memcmp(a, b, IP6_LEN) != 0 || memcmp(a + IP6_NEXT, b + IP6_NEXT, 2) != 0) {
		return false;
	}
	return s->protocol == IP_UDP ||
	       tcp_same(a + flow->transport, b + s->transport, s->head_len - s->transport);
}

static void write_single(struct gw_join *join, uint8_t *packet, size_t len)
{
	uint8_t *vnet = packet - GW_VNET_SIZE;
	struct iovec part = {vnet, GW_VNET_SIZE + len};

	memset(vnet, 0, GW_VNET_SIZE);
	join->write(join->ctx, &part, 1, 1);
}

static uint8_t gso_type(const struct gw_flow *flow)
{
	if (flow->protocol == IP_UDP)
		return GW_VNET_UDP_L4;
	return flow->version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
}

static void flow_write(struct gw_join *join, struct gw_flow *flow)
{
	uint8_t *ip = flow->head + GW_VNET_SIZE, *t = ip + flow->transport;
	size_t total = flow->head_len + flow->payload_len, inner = total - flow->transport;
	size_t sum_at = flow->protocol == IP_TCP ? TCP_SUM : UDP_SUM;
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = gso_type(flow),
		.hdr_len = (uint16_t)flow->head_len,
		.gso_size = (uint16_t)flow->segment_len,
		.csum_start = (uint16_t)flow->transport,
		.csum_offset = (uint16_t)sum_at,
	};

	if (flow->parts == 2) {
		write_single(join, flow->first, flow->first_len);
		return;
	}
	memcpy(flow->head, &h, sizeof h);
	if (flow->version == 4) {
		ls_put16(ip + IP4_LEN, (uint16_t)total);
		ls_sum_ip4_set(ip, IP4_SIZE);
	} else {
		ls_put16(ip + IP6_LEN, (uint16_t)(total - IP6_SIZE));
	}
	if (flow->protocol == IP_UDP)
		ls_put16(t + UDP_LEN, (uint16_t)inner);
	/* The partial sum: the kernel or its network card adds the rest. */
	ls_put16(t + sum_at, ls_sum_fold(ls_sum_pseudo(ip, flow->version, flow->protocol, inner)));
	flow->part[0] = (struct iovec){flow->head, GW_VNET_SIZE + flow->head_len};
	join->write(join->ctx, flow->part, (int)flow->parts, flow->parts - 1);
}

static void flow_close(struct gw_join *join, struct gw_flow *flow)
{
	struct gw_flow *last = &join->flow[join->flows - 1];

	flow_write(join, flow);
	if (flow != last) {
		memcpy(flow->head, last->head, GW_VNET_SIZE + last->head_len);
		memcpy(flow->part, last->part, last->parts * sizeof last->part[0]);
		memcpy(&flow->parts, &last->parts, sizeof *last - offsetof(struct gw_flow, parts));
	}
	join->flows--;
}

static void flow_append(struct gw_flow *flow, const struct segment *s)
{
	uint8_t *t = flow->head + GW_VNET_SIZE + flow->transport;

	flow->part[flow->parts++] = (struct iovec){s->packet + s->head_len, s->payload_len};
	flow->payload_len += s->payload_len;
	flow->next_id++;
	if (flow->protocol == IP_UDP)
		return;
	flow->next_sequence += (uint32_t)s->payload_len;
	t[TCP_FLAGS] |= s->flags & FLAGS_LAST;
}

static void flow_open(struct gw_join *join, const struct segment *s)
{
	struct gw_flow *flow;

	if (join->flows == GW_JOIN_FLOWS)
		flow_close(join, &join->flow[0]);
	flow = &join->flow[join->flows++];
	flow->version = s->version;
	flow->protocol = s->protocol;
	flow->hash = s->hash;
	flow->first = s->packet;
	flow->first_len = s->len;
	flow->transport = s->transport;
	flow->head_len = s->head_len;
	flow->segment_len = s->payload_len;
	flow->payload_len = s->payload_len;
	flow->next_sequence = s->protocol == IP_TCP ? s->sequence + (uint32_t)s->payload_len : 0;
	flow->next_id = (uint16_t)(s->id + 1);
	memcpy(flow->head + GW_VNET_SIZE, s->packet, s->head_len);
	flow->part[1] = (struct iovec){s->packet + s->head_len, s->payload_len};
	flow->parts = 2;
}

static struct gw_flow *flow_find(struct gw_join *join, const struct segment *s)
{
	for (unsigned i = join->flows; i > 0; i--)
		if (flow_is(&join->flow[i - 1], s))
			return &join->flow[i - 1];
	return NULL;
}

/* What comes between the same hosts and may belong to any of their flows does not overtake them. */
static void flows_close_between(struct gw_join *join, const uint8_t *packet)
{
	unsigned version = packet[0] >> 4;

	for (unsigned i = join->flows; i > 0; i--)
		if (join->flow[i - 1].version == version &&
		    same_addresses(join->flow[i - 1].head + GW_VNET_SIZE, packet, version))
			flow_close(join, &join->flow[i - 1]);
}

/* The sums of the first are looked at when there is a second: one that stays alone needs none. */
static bool flow_takes(const struct gw_flow *flow, const struct segment *s)
{
	if (!flow_continues(flow, s))
		return false;
	if (flow->parts == 2 &&
	    !sums_right(flow->first, flow->first_len, flow->transport, flow->protocol))
		return false;
	return sums_right(s->packet, s->len, s->transport, s->protocol);
}

void gw_join_add(struct gw_join *join, uint8_t *packet, size_t len)
{
	struct segment s;

	gw_mss_clamp(packet, len, join->mtu);
	if (!join->kinds) {
		write_single(join, packet, len);
		return;
	}
	if (!segment_read(&s, packet, len)) {
		flows_close_between(join, packet);
		write_single(join, packet, len);
		return;
	}
	struct gw_flow *flow = flow_find(join, &s);
	bool joinable = segment_joinable(&s, join->kinds), last = s.flags & FLAGS_LAST;

	if (flow && joinable && flow_takes(flow, &s)) {
		flow_append(flow, &s);
		if (last || s.payload_len < flow->segment_len)
			flow_close(join, flow);
		return;
	}
	if (flow)
		flow_close(join, flow);
	if (joinable && !last)
		flow_open(join, &s);
	else
		write_single(join, packet, len);
}

void gw_join_flush(struct gw_join *join)
{
	for (unsigned i = 0; i < join->flows; i++)
		flow_write(join, &join->flow[i]);
	join->flows = 0;
}
