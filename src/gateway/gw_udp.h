/* Sockets for ESP and AH: batches in and out of UDP 4500 (RFC 3948), raw IP 50 and 51, with the
 * kernel's segmentation offloads where it has them. */
#ifndef SRC_GATEWAY_GW_UDP_H
#define SRC_GATEWAY_GW_UDP_H

#include "lib/addr.h"
#include "lib/cause.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum {
	GW_RX_TRAINS = 4,    /* trains of datagrams (UDP_GRO) that a receive call takes */
	GW_RX_TRAIN = 65536, /* bytes a train may have */
	GW_RX_MESSAGES = 64, /* where each packet comes for itself: so many a call, */
	GW_RX_SIZE = 9728,   /* of so many bytes: a jumbo frame and what is around it */
	GW_RUN_PACKETS = 64, /* UDP_MAX_SEGMENTS of older kernels */
	GW_RUN_BYTES = 65000,
	GW_RUNS_MAX = 128,
	GW_CONTROL_SIZE = 128,
	GW_UDP_KINDS = 6,
};

struct gw_udp {
	int fd; /* -1 when closed */
	uint8_t family;
	bool raw;              /* IP protocol 50 or 51 instead of UDP */
	bool ah;               /* 51 */
	bool gso, gro;         /* in use */
	bool has_gso, has_gro; /* the kernel has them; never for raw sockets */
	uint8_t kind;          /* family, raw and ah as one number below GW_UDP_KINDS */
};

/* Takes over fd (it is made non-blocking and told to report destination addresses) and probes for
 * offloads. */
bool gw_udp_open(struct gw_udp *udp, int fd, uint8_t family, bool raw);
/* The same for AH, whose ICV covers the IP header: over IPv4 we write it ourselves. */
bool gw_udp_open_ah(struct gw_udp *udp, int fd, uint8_t family);
/* Uses UDP_SEGMENT and UDP_GRO or not, where the kernel has them; all are in use at first. */
void gw_udp_offload(struct gw_udp *udp, bool gso, bool gro);
void gw_udp_close(struct gw_udp *udp);

/* Room for what a receive call brings; allocated once. */
struct gw_rx {
	uint8_t *buffer;
	unsigned used; /* messages that the last call filled */
	bool trains;   /* how the buffer is divided: GW_RX_TRAINS or GW_RX_MESSAGES, */
	size_t before; /* with so many bytes free before each message */
	struct mmsghdr message[GW_RX_MESSAGES];
	struct iovec part[GW_RX_MESSAGES];
	struct sockaddr_in6 from[GW_RX_MESSAGES];
	_Alignas(16) uint8_t control[GW_RX_MESSAGES][GW_CONTROL_SIZE];
};
/* One received message: len bytes in segments of `segment` bytes each (the last may be shorter),
 * all between the same addresses. */
struct gw_received {
	uint8_t *bytes;
	uint32_t len, segment;
	struct ls_addr local, remote;
	uint8_t class; /* traffic class of the IP header: DSCP and ECN */
	bool ah;
};
/* How many messages a receive call takes from this socket at most. */
static inline unsigned gw_rx_most(const struct gw_udp *udp)
{
	return udp->gro ? GW_RX_TRAINS : GW_RX_MESSAGES;
}
bool gw_rx_init(struct gw_rx *rx);
void gw_rx_free(struct gw_rx *rx);
/*
 * Receives what is there, at most gw_rx_most, into in[]; gives how many, 0 when there is
 * nothing (or an error that concerns no packet of ours). The IPv4 header of a raw ESP packet is
 * taken off, an AH packet has its IP header always. Valid until the next call.
 */
unsigned gw_udp_receive(const struct gw_udp *udp, struct gw_rx *rx,
                        struct gw_received in[GW_RX_MESSAGES], struct ls_counters *counters);

/* Packets of one size to one place, one behind the other in memory: one system call. Only the last
 * may be shorter. */
struct gw_run {
	const struct gw_udp *udp;
	struct ls_addr local, remote;
	const uint8_t *bytes;
	uint32_t len;
	uint16_t segment, packets;
	uint8_t class; /* traffic class: DSCP and ECN */
	bool df;       /* whole or not at all */
	bool closed;   /* a shorter packet was the last */
};
struct gw_runs {
	struct gw_run run[GW_RUNS_MAX];
	unsigned n, sent;
	unsigned refused; /* packets with `df` that were larger than the own link, ever */
};
/*
 * Adds a packet whose IP header gets this traffic class, to the last run if it fits there. df:
 * don't fragment, whatever the kernel believes of the path; anybody could have told it. Without it
 * the packet may be cut on the way (IPv4), or here. false when there is no room for another run.
 */
bool gw_runs_add(struct gw_runs *runs, const struct gw_udp *udp, const struct ls_addr *local,
                 const struct ls_addr *remote, uint8_t class, bool df, const uint8_t *bytes,
                 size_t len);
/* Sends the runs in order; true when all are done (n is 0 again), false when a socket is full and
 * the rest waits: *full is that socket. */
bool gw_runs_send(struct gw_runs *runs, struct ls_counters *counters, const struct gw_udp **full);

#endif
