/* Packets between a TUN device with offloads and the tunnel: cutting what one read gives, joining
 * what one write takes. No I/O. */
#ifndef SRC_GATEWAY_GW_TUN_H
#define SRC_GATEWAY_GW_TUN_H

#include "lib/bytes.h"
#include "lib/cause.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * The device runs with IFF_VNET_HDR: each packet has a virtio_net_hdr of GW_VNET_SIZE bytes in
 * front (VIRTIO 1.2, 5.1.6), which says whether its checksum is still partial and whether it is a
 * super-packet of many segments.
 */
enum {
	GW_VNET_SIZE = 10,
	GW_TUN_PACKET_MAX = 65535,
	GW_HEADROOM = 32,  /* bytes that must be writable before a packet: UDP 8, L2TP 16, PPP 4 */
	GW_HEAD_MAX = 192, /* IP and transport headers of a segment */
	GW_PIECES_MAX = 2048, /* segments that one super-packet may become: the least MSS of Linux
	                         is 48, options included */
	GW_JOIN_FLOWS = 16,   /* flows joined at a time */
	GW_JOIN_SEGMENTS = 128,
	GW_JOIN_DATAGRAMS = 64, /* UDP_MAX_SEGMENTS of older kernels */
	GW_VNET_UDP_L4 = 5,     /* VIRTIO_NET_HDR_GSO_UDP_L4 (VIRTIO 1.3), missing in headers before
	                           Linux 6.2 */
};
/* What may be joined. */
enum { GW_JOIN_TCP = 1, GW_JOIN_UDP = 2 };

/* One packet for the tunnel: the headers, GW_HEADROOM writable bytes before them, and the payload
 * where the TUN read left it. */
struct gw_piece {
	uint8_t *head;
	uint32_t head_len;
	const uint8_t *payload; /* the packet goes on here; NULL when all of it is at head */
	uint32_t payload_len;
	uint8_t version; /* 4 or 6 */
};

/* A packet being cut. */
struct gw_cut {
	uint8_t *packet;
	size_t len;
	uint8_t version;
	bool segments, tcp, done;
	size_t transport, head_len, segment_len; /* offset of the TCP or UDP header, of the payload;
	                                            payload bytes a segment */
	size_t at;                               /* offset of the next payload byte */
	uint32_t sequence;
	uint16_t id;
	uint8_t flags;
	uint64_t ip_sum, transport_sum; /* of the header fields that all segments share */
};

/*
 * Begins with what a read gave: GW_VNET_SIZE bytes of virtio_net_hdr and the packet; GW_HEADROOM -
 * GW_VNET_SIZE bytes before it must be writable. mtu: of the inner path, to which the MSS of a SYN
 * is clamped. CAUSE_NONE or GW_TUN_FORMAT.
 */
enum ls_cause gw_cut_start(struct gw_cut *cut, uint8_t *bytes, size_t len, uint16_t mtu);
/*
 * The next packet, complete with right checksums; false when there is none. A segment's headers are
 * made in `slot` (GW_HEADROOM + GW_HEAD_MAX bytes, used only when the packet is cut); a packet that
 * is not cut lies whole where it was read.
 */
bool gw_cut_next(struct gw_cut *cut, uint8_t *slot, struct gw_piece *piece);

/* Clamps the MSS option of a TCP SYN to what fits mtu, patching the checksum; other packets are
 * left alone. */
void gw_mss_clamp(uint8_t *packet, size_t len, uint16_t mtu);
/* Length of the IP packet by its own header; 0 when it is no IP packet or is longer than len. */
size_t gw_ip_len(const uint8_t *packet, size_t len);

/* The same for all packets of a flow: of addresses, and of TCP's and UDP's ports where each packet
 * has them. The packet's headers are `len` bytes of a valid IP packet. */
uint32_t gw_ip_hash(const uint8_t *packet, size_t len);

/* Where joined packets go: one write to the TUN, virtio_net_hdr included; ctx is the owner's. */
typedef void gw_join_write(void *ctx, const struct iovec *parts, int n, unsigned packets);

/* One flow's segments or datagrams in order, not written yet; they lie where they were received. */
struct gw_flow {
	uint8_t head[GW_VNET_SIZE + GW_HEAD_MAX];
	struct iovec part[GW_JOIN_SEGMENTS + 1];
	unsigned parts;
	uint8_t *first; /* the first segment as it came */
	size_t first_len;
	size_t head_len, transport, segment_len, payload_len;
	uint32_t next_sequence;
	uint16_t next_id;
	uint32_t hash;
	uint8_t version, protocol;
};

struct gw_join {
	struct gw_flow flow[GW_JOIN_FLOWS];
	unsigned flows, kinds;
	uint16_t mtu;
	gw_join_write *write;
	void *ctx;
};

/* Begins for one device; cheap enough to be called for each batch. What is held back must have been
 * written before. kinds: GW_JOIN_TCP, GW_JOIN_UDP, both or none. */
void gw_join_init(struct gw_join *join, unsigned kinds, uint16_t mtu, gw_join_write *write,
                  void *ctx);
/*
 * Takes a packet that came out of the tunnel: len bytes of a valid IP packet (gw_ip_len),
 * GW_VNET_SIZE writable bytes before it. It must stay in place until gw_join_flush. Order within a
 * flow is kept, fragments and packets with extension headers included; segments are joined only if
 * cutting gives them back bit for bit, and only with right checksums.
 */
void gw_join_add(struct gw_join *join, uint8_t *packet, size_t len);
/* Writes all that is held back. */
void gw_join_flush(struct gw_join *join);

#endif
