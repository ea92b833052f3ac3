/* Joins consecutive TCP segments of a flow into one write to the TUN device, if cutting it again
 * gives them back bit for bit. */
#include "lib/sum.h"
#include "src/gateway/gw_tun.h"
#include "lib/ip.h"

#include "lib/wire.h"

#include <linux/virtio_net.h>
#include <string.h>

enum { JOINED_MAX = 65000 };
/* Flags with which a segment stays alone: the kernel's cutting would lose or move them. */
enum { FLAGS_ALONE = TCP_SYN | TCP_RST | TCP_URG | TCP_CWR, FLAGS_LAST = TCP_PSH | TCP_FIN };

/* A TCP segment as it lies in the receive buffer. */
struct segment {
	uint8_t *packet;
	size_t len, transport, head_len, payload_len;
	uint32_t sequence, hash;
	uint16_t id;
	uint8_t version, flags;
};

void gw_join_init(struct gw_join *join, bool offload, uint16_t mtu, gw_join_write *write, void *ctx)
{
	join->flows = 0;
	join->offload = offload;
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

/* Whether the packet is TCP of a kind that we look at (no IP options, no fragments); fills in s. */
static bool segment_read(struct segment *s, uint8_t *packet, size_t len)
{
	s->packet = packet;
	s->len = len;
	s->version = packet[0] >> 4;
	s->id = 0;
	if (s->version == 4) {
		if (packet[0] != 0x45 || packet[IP4_PROTOCOL] != IP_TCP ||
		    (ls_get16(packet + IP4_FRAGMENT) & IP4_MORE_AND_OFFSET))
			return false;
		s->transport = IP4_SIZE;
		s->id = ls_get16(packet + IP4_ID);
	} else {
		if (packet[IP6_NEXT] != IP_TCP)
			return false;
		s->transport = IP6_SIZE;
	}
	if (len < s->transport + TCP_SIZE)
		return false;
	const uint8_t *t = packet + s->transport;
	s->head_len = s->transport + (size_t)(t[TCP_OFFSET] >> 4) * 4;
	if (s->head_len < s->transport + TCP_SIZE || s->head_len > len)
		return false;
	s->payload_len = len - s->head_len;
	s->sequence = ls_get32(t + TCP_SEQUENCE);
	s->flags = t[TCP_FLAGS];
	s->hash = flow_hash(packet, s->version, t);
	return true;
}

/* A joined packet gets new checksums from the kernel, so a wrong one must not vanish in it. */
static bool segment_sums_right(const struct segment *s)
{
	size_t tcp_len = s->len - s->transport;

	if (s->version == 4 && !ls_sum_ip4_right(s->packet, IP4_SIZE))
		return false;
	return ls_sum_fold(ls_sum_bytes(s->packet + s->transport, tcp_len) +
	                   ls_sum_pseudo(s->packet, s->version, IP_TCP, tcp_len)) == 0xffff;
}

static bool segment_joinable(const struct segment *s)
{
	return s->payload_len > 0 && (s->flags & TCP_ACKED) && !(s->flags & FLAGS_ALONE);
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
	       same_addresses(head, s->packet, s->version) &&
	       memcmp(head + flow->transport, s->packet + s->transport, 4) == 0;
}

/* Whether the segment continues the flow so that nothing in its headers would be lost. */
static bool flow_continues(const struct gw_flow *flow, const struct segment *s)
{
	const uint8_t *a = flow->head + GW_VNET_SIZE, *b = s->packet;

	if (s->sequence != flow->next_sequence || s->head_len != flow->head_len ||
	    s->payload_len > flow->segment_len)
		return false;
	if (flow->parts > GW_JOIN_SEGMENTS ||
	    flow->head_len + flow->payload_len + s->payload_len > JOINED_MAX)
		return false;
	if (s->version == 4) {
		if (s->id != flow->next_id || a[IP4_TOS] != b[IP4_TOS] ||
		    memcmp(a + IP4_FRAGMENT, b + IP4_FRAGMENT, 4) != 0)
			return false;
	} else if (memcmp(a, b, IP6_LEN) != 0 || memcmp(a + IP6_NEXT, b + IP6_NEXT, 2) != 0) {
		return false;
	}
	a += flow->transport;
	b += s->transport;
	if (memcmp(a + TCP_ACK, b + TCP_ACK, TCP_FLAGS - TCP_ACK) != 0)
		return false;
	if ((a[TCP_FLAGS] ^ b[TCP_FLAGS]) & ~FLAGS_LAST)
		return false;
	if (memcmp(a + TCP_WINDOW, b + TCP_WINDOW, 2) != 0 ||
	    memcmp(a + TCP_URGENT, b + TCP_URGENT, 2) != 0)
		return false;
	return memcmp(a + TCP_SIZE, b + TCP_SIZE, s->head_len - s->transport - TCP_SIZE) == 0;
}

static void write_single(struct gw_join *join, uint8_t *packet, size_t len)
{
	uint8_t *vnet = packet - GW_VNET_SIZE;
	struct iovec part = {vnet, GW_VNET_SIZE + len};

	memset(vnet, 0, GW_VNET_SIZE);
	join->write(join->ctx, &part, 1, 1);
}

static void flow_write(struct gw_join *join, struct gw_flow *flow)
{
	uint8_t *ip = flow->head + GW_VNET_SIZE, *t = ip + flow->transport;
	size_t total = flow->head_len + flow->payload_len;
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type =
			flow->version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6,
		.hdr_len = (uint16_t)flow->head_len,
		.gso_size = (uint16_t)flow->segment_len,
		.csum_start = (uint16_t)flow->transport,
		.csum_offset = TCP_SUM,
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
	/* The partial sum: the kernel or its network card adds the rest. */
	ls_put16(t + TCP_SUM,
	         ls_sum_fold(ls_sum_pseudo(ip, flow->version, IP_TCP, total - flow->transport)));
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
	flow->next_sequence += (uint32_t)s->payload_len;
	flow->next_id++;
	t[TCP_FLAGS] |= s->flags & FLAGS_LAST;
}

static void flow_open(struct gw_join *join, const struct segment *s)
{
	struct gw_flow *flow;

	if (join->flows == GW_JOIN_FLOWS)
		flow_close(join, &join->flow[0]);
	flow = &join->flow[join->flows++];
	flow->version = s->version;
	flow->hash = s->hash;
	flow->first = s->packet;
	flow->first_len = s->len;
	flow->transport = s->transport;
	flow->head_len = s->head_len;
	flow->segment_len = s->payload_len;
	flow->payload_len = s->payload_len;
	flow->next_sequence = s->sequence + (uint32_t)s->payload_len;
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

void gw_join_add(struct gw_join *join, uint8_t *packet, size_t len)
{
	struct segment s;

	gw_mss_clamp(packet, len, join->mtu);
	if (!join->offload || !segment_read(&s, packet, len)) {
		write_single(join, packet, len);
		return;
	}
	struct gw_flow *flow = flow_find(join, &s);
	bool joinable = segment_joinable(&s) && segment_sums_right(&s);
	bool last = s.flags & FLAGS_LAST;

	if (flow && joinable && flow_continues(flow, &s)) {
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
