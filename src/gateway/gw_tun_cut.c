/* Cuts what one read of a TUN device gives (RFC 9293 TCP or UDP super-packets, or one packet) into
 * packets for the tunnel. */
#include "lib/sum.h"
#include "src/gateway/gw_tun.h"
#include "lib/ip.h"

#include "lib/wire.h"

#include <linux/virtio_net.h>
#include <string.h>

/* The header is in host order on a TUN device (no TUNSETVNETBE). */
static struct virtio_net_hdr vnet_read(const uint8_t *bytes)
{
	struct virtio_net_hdr h;

	_Static_assert(sizeof h == GW_VNET_SIZE, "virtio_net_hdr without mergeable buffers");
	memcpy(&h, bytes, sizeof h);
	return h;
}

/* Fills in a checksum that the kernel left partial: the field holds the pseudo header's sum. */
static enum ls_cause sum_complete(uint8_t *packet, size_t len, size_t start, size_t offset)
{
	size_t ip = packet[0] >> 4 == 4 ? (size_t)(packet[0] & 15) * 4 : IP6_SIZE;

	if (start < ip || start >= len || offset + 2 > len - start)
		return CAUSE_GW_TUN_FORMAT;
	uint16_t sum = (uint16_t)~ls_sum_fold(ls_sum_bytes(packet + start, len - start));
	/* UDP's zero means "none" (RFC 768); for TCP both zeros are the same value. */
	ls_put16(packet + start + offset, sum == 0 && offset == UDP_SUM ? 0xffff : sum);
	return CAUSE_NONE;
}

/* The partial checksum, without the length: the pseudo header's sum as the kernel has it, which
 * knows the last address of a routing header (RFC 8200 8.1). */
static uint64_t pseudo_take(uint8_t *field, size_t len)
{
	uint16_t partial = ls_get16(field);

	ls_put16(field, 0);
	return (uint64_t)partial + (uint16_t)~len;
}

/* The sums over what is the same in all segments: lengths, id, sequence number, flags and checksums
 * count as zero. */
static void segments_prepare(struct gw_cut *cut)
{
	uint8_t *ip = cut->packet, *t = ip + cut->transport;
	uint64_t pseudo =
		pseudo_take(t + (cut->tcp ? TCP_SUM : UDP_SUM), cut->len - cut->transport);

	if (cut->version == 4) {
		cut->id = ls_get16(ip + IP4_ID);
		ls_put16(ip + IP4_LEN, 0);
		ls_put16(ip + IP4_ID, 0);
		ls_put16(ip + IP4_SUM, 0);
		cut->ip_sum = ls_sum_bytes(ip, cut->transport);
	}
	if (cut->tcp) {
		cut->sequence = ls_get32(t + TCP_SEQUENCE);
		cut->flags = t[TCP_FLAGS];
		ls_put32(t + TCP_SEQUENCE, 0);
		t[TCP_FLAGS] = 0;
	} else {
		ls_put16(t + UDP_LEN, 0);
	}
	cut->transport_sum = ls_sum_bytes(t, cut->head_len - cut->transport) + pseudo;
}

static enum ls_cause segments_start(struct gw_cut *cut, const struct virtio_net_hdr *h)
{
	unsigned type = h->gso_type & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;
	size_t left;

	cut->tcp = type == VIRTIO_NET_HDR_GSO_TCPV4 || type == VIRTIO_NET_HDR_GSO_TCPV6;
	if (!cut->tcp && type != GW_VNET_UDP_L4)
		return CAUSE_GW_TUN_FORMAT;
	/* A super-packet always has a partial checksum, so csum_start is where the transport header
	 * begins. */
	cut->transport = h->csum_start;
	cut->segment_len = h->gso_size;
	if (cut->version == 4 && cut->transport != (size_t)(cut->packet[0] & 15) * 4)
		return CAUSE_GW_TUN_FORMAT;
	if (cut->version == 6 && cut->transport < IP6_SIZE)
		return CAUSE_GW_TUN_FORMAT;
	if (cut->transport + (size_t)(cut->tcp ? TCP_SIZE : UDP_SIZE) > cut->len ||
	    cut->segment_len == 0)
		return CAUSE_GW_TUN_FORMAT;
	cut->head_len = cut->transport + UDP_SIZE;
	if (cut->tcp)
		cut->head_len = cut->transport +
		                (size_t)(cut->packet[cut->transport + TCP_OFFSET] >> 4) * 4;
	if (cut->head_len < cut->transport + (size_t)(cut->tcp ? TCP_SIZE : UDP_SIZE) ||
	    cut->head_len >= cut->len || cut->head_len > GW_HEAD_MAX)
		return CAUSE_GW_TUN_FORMAT;
	left = cut->len - cut->head_len;
	if ((left + cut->segment_len - 1) / cut->segment_len > GW_PIECES_MAX)
		return CAUSE_GW_TUN_FORMAT;
	cut->at = cut->head_len;
	cut->segments = true;
	segments_prepare(cut);
	return CAUSE_NONE;
}

enum ls_cause gw_cut_start(struct gw_cut *cut, uint8_t *bytes, size_t len, uint16_t mtu)
{
	memset(cut, 0, sizeof *cut);
	if (len <= GW_VNET_SIZE)
		return CAUSE_GW_TUN_FORMAT;
	struct virtio_net_hdr h = vnet_read(bytes);
	cut->packet = bytes + GW_VNET_SIZE;
	cut->len = gw_ip_len(cut->packet, len - GW_VNET_SIZE);
	if (cut->len == 0)
		return CAUSE_GW_TUN_FORMAT;
	cut->version = cut->packet[0] >> 4;
	if (h.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return segments_start(cut, &h);
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		enum ls_cause cause =
			sum_complete(cut->packet, cut->len, h.csum_start, h.csum_offset);

		if (cause != CAUSE_NONE)
			return cause;
	}
	gw_mss_clamp(cut->packet, cut->len, mtu);
	return CAUSE_NONE;
}

/* FIN and PSH belong to the last segment, CWR to the first (RFC 3168 6.1.2). */
static uint8_t segment_flags(const struct gw_cut *cut, bool last)
{
	unsigned flags = cut->flags;

	if (!last)
		flags &= ~(unsigned)(TCP_FIN | TCP_PSH);
	if (cut->at != cut->head_len)
		flags &= ~(unsigned)TCP_CWR;
	return (uint8_t)flags;
}

static void segment_ip(struct gw_cut *cut, uint8_t *ip, size_t total)
{
	if (cut->version == 6) {
		ls_put16(ip + IP6_LEN, (uint16_t)(total - IP6_SIZE));
		return;
	}
	ls_put16(ip + IP4_LEN, (uint16_t)total);
	ls_put16(ip + IP4_ID, cut->id);
	ls_put16(ip + IP4_SUM, (uint16_t)~ls_sum_fold(cut->ip_sum + total + cut->id));
	cut->id++;
}

static void segment_transport(const struct gw_cut *cut, uint8_t *t, size_t payload, bool last)
{
	size_t total = cut->head_len - cut->transport + payload;
	uint64_t sum = cut->transport_sum + total + ls_sum_bytes(cut->packet + cut->at, payload);

	if (!cut->tcp) {
		ls_put16(t + UDP_LEN, (uint16_t)total);
		uint16_t value = (uint16_t)~ls_sum_fold(sum + total);
		ls_put16(t + UDP_SUM, value == 0 ? 0xffff : value);
		return;
	}
	uint32_t sequence = cut->sequence + (uint32_t)(cut->at - cut->head_len);
	uint8_t flags = segment_flags(cut, last);

	ls_put32(t + TCP_SEQUENCE, sequence);
	t[TCP_FLAGS] = flags;
	ls_put16(t + TCP_SUM,
	         (uint16_t)~ls_sum_fold(sum + (sequence >> 16) + (sequence & 0xffff) + flags));
}

bool gw_cut_next(struct gw_cut *cut, uint8_t *slot, struct gw_piece *piece)
{
	if (cut->done)
		return false;
	piece->version = cut->version;
	if (!cut->segments) {
		cut->done = true;
		piece->head = cut->packet;
		piece->head_len = (uint32_t)cut->len;
		piece->payload = NULL;
		piece->payload_len = 0;
		return true;
	}
	size_t left = cut->len - cut->at;
	size_t payload = left < cut->segment_len ? left : cut->segment_len;

	piece->head = slot + GW_HEADROOM;
	piece->head_len = (uint32_t)cut->head_len;
	piece->payload = cut->packet + cut->at;
	piece->payload_len = (uint32_t)payload;
	memcpy(piece->head, cut->packet, cut->head_len);
	segment_ip(cut, piece->head, cut->head_len + payload);
	segment_transport(cut, piece->head + cut->transport, payload, payload == left);
	cut->at += payload;
	cut->done = payload == left;
	return true;
}
