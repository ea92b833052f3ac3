/* The packet path of one thread: TUN to ESP and ESP to TUN in batches, with all its buffers. */
#ifndef SRC_GATEWAY_GW_WORKER_H
#define SRC_GATEWAY_GW_WORKER_H

#include "esp/esp.h"
#include "l2tp/l2tp.h"
#include "ppp/ppp.h"
#include "src/gateway/gw_mark.h"
#include "src/gateway/gw_tun.h"
#include "src/gateway/gw_udp.h"

struct gw_sources;
struct gw_tunnel;
struct gw_worker;

enum {
	GW_PLAIN_MAX = 9216 + GW_HEADROOM, /* largest inner packet, with what we put before it */
	GW_TUN_ARENA = 3 * 65536,          /* several reads of the TUN before they are sealed */
	GW_OUT_ARENA = 4 * 65536,          /* sealed packets, one behind the other */
	GW_TUN_READS = 64,   /* reads of one TUN device before others get their turn */
	GW_TUN_PIECES = 256, /* and packets made of them */
	GW_RX_ROUNDS = 4,    /* receive calls on one socket before others get their turn */
	GW_FLUSH_PIECES =
		32, /* sealed at the latest after so many, so that the caches still hold them */
	GW_L2TP_PORT = 1701,
	GW_SIZES = 16,
	GW_LANES_MAX = ESP_WORKERS_MAX - 1, /* threads of the packet path */
};

/* What data in a chain of SAs needs: the SA we send on, and the socket. */
struct gw_path {
	struct esp_sa *out;          /* NULL: there is none just now */
	const struct gw_udp *socket; /* NULL with out */
};

/* What a packet needs of its L2TP session. */
struct gw_flow_session {
	struct l2tp_data data;
	struct ppp_link link;
	const struct gw_path *path;
	uint32_t chain,
		chain_before; /* what the peer sent before it moved too comes in the latter */
	struct gw_tunnel *tunnel;
	struct gw_mark mark;
	uint32_t path_mtu;     /* the largest IP packet that arrives at the peer; 0: unknown */
	bool open;             /* PPP is up and the interface is ready: data may pass */
	uint8_t header_len;    /* of the L2TP data header */
	uint8_t prefix_len[2]; /* PPP in front of IPv4, IPv6 */
	uint8_t prefix[2][PPP_PREFIX_MAX];
	uint16_t ns;
	uint64_t in_packets, in_bytes, out_packets, out_bytes;
	uint16_t sizes[GW_SIZES]; /* payloads sent last, by number: what dummies look like */
	ls_time stirred;          /* when a lane last told that packets pass */
	ls_time heard;            /* when the engines were last told that something came */
};
/* Works out the constant parts after data or link changed. */
void gw_flow_session_prepare(struct gw_flow_session *s);

/* A tunnel's device as the packet path sees it. */
struct gw_device {
	int queue[GW_LANES_MAX]; /* -1: closed; without lanes the first is the only one */
	uint16_t mtu;
	uint8_t join;                     /* GW_JOIN_*: what may go joined into it */
	const struct gw_sources *sources; /* NULL: packets may come from anywhere */
	struct gw_flow_session
		*session; /* that carries the traffic; NULL when the line is not up */
};

/* The owner's part: what is not for the fast path. */
struct gw_worker_calls {
	struct gw_device *(*device)(struct gw_tunnel *tunnel);
	/* A read of the TUN while no session carries traffic: bytes with virtio_net_hdr. */
	void (*waiting)(void *owner, struct gw_tunnel *tunnel, const uint8_t *bytes, size_t len);
	/* An IP packet came before the tunnel's interface is ready. */
	void (*early)(void *owner, struct gw_tunnel *tunnel, const uint8_t *packet, size_t len);
	/* Something verified came in an SA; from: where it came from. Called for each, must be
	 * cheap. */
	void (*heard)(void *owner, struct esp_sa *sa, uint32_t spi, const struct ls_addr *local,
	              const struct ls_addr *from);
	/* L2TP control, from the UDP payload on. */
	void (*control)(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len);
	/* A session by our id, or NULL. */
	struct gw_flow_session *(*session)(void *owner, uint16_t session);
	/* There is no session for it, or it is not open, yet: from the UDP payload on; false: it is
	 * judged by what there is. May be NULL. */
	bool (*later)(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len, uint8_t class);
	/* A PPP frame that is not IP. */
	void (*ppp)(void *owner, struct gw_flow_session *session, uint8_t *frame, size_t len);
	/* Data of a session passed, once a batch. */
	void (*active)(void *owner, struct gw_flow_session *session);
	/* A socket is full: call gw_worker_resume when it can be written. Until then nothing is
	 * read from TUN devices. */
	void (*full)(void *owner, const struct gw_udp *udp);
	/* A packet came whose SPI nobody knows. */
	void (*stray)(void *owner, uint32_t spi, const struct gw_received *in);
};

/* Packets of one session, not counted there yet: a run of them is one addition. */
struct gw_tally {
	struct gw_flow_session *session; /* NULL: nothing */
	uint64_t packets, bytes;
};

struct gw_worker {
	struct esp_sad *sad;
	struct esp_worker *esp;
	bool shared;    /* there are others: what all write is added to as one */
	unsigned queue; /* of devices: ours, */
	unsigned lanes; /* of so many */
	const struct gw_udp *own[GW_UDP_KINDS]; /* in place of a path's socket; NULL: that one */
	const struct gw_worker_calls *calls;
	void *owner;
	struct ls_counters *counters;
	ls_time now;

	uint8_t *in; /* GW_TUN_ARENA: what was read from TUN devices */
	size_t in_used;
	uint8_t *slots; /* headers of cut packets, one slot a seal job */
	uint8_t *out;   /* GW_OUT_ARENA */
	size_t out_used;
	struct esp_seal_job seal[ESP_BATCH_MAX];
	const struct gw_udp *seal_socket[ESP_BATCH_MAX];
	uint8_t seal_class[ESP_BATCH_MAX]; /* traffic class of the outer header, */
	bool seal_df[ESP_BATCH_MAX];       /* and whether it says "don't fragment" */
	unsigned seals;
	struct gw_tally sent, received;
	struct gw_runs runs;
	bool stalled; /* runs wait for a socket */

	struct gw_rx rx;
	struct esp_open_job open[ESP_BATCH_MAX];
	const struct gw_received *open_from[ESP_BATCH_MAX];
	unsigned opens;
	struct gw_join join;
	struct gw_device *join_device;
};

bool gw_worker_init(struct gw_worker *w, struct esp_sad *sad, const struct gw_worker_calls *calls,
                    void *owner, struct ls_counters *counters);
void gw_worker_free(struct gw_worker *w);

/* The tunnel's TUN device has something: reads, seals and sends a bounded amount. */
void gw_worker_tun(struct gw_worker *w, struct gw_tunnel *tunnel, ls_time now);
/* A packet that waited (bytes with virtio_net_hdr; GW_HEADROOM bytes before it writable). Sends
 * what is gathered. */
void gw_worker_waited(struct gw_worker *w, struct gw_tunnel *tunnel, uint8_t *bytes, size_t len,
                      ls_time now);
/* The socket has something: receives, opens and writes a bounded amount. false when there was
 * nothing to receive. */
bool gw_worker_socket(struct gw_worker *w, const struct gw_udp *udp, ls_time now);
/* What was opened before and has waited, from the UDP payload on: by the calls of this worker. */
void gw_worker_again(struct gw_worker *w, struct esp_sa *sa, uint8_t *bytes, size_t len,
                     uint8_t class, ls_time now);
/* The socket that was full takes packets again. true when reading of TUN devices may go on. */
bool gw_worker_resume(struct gw_worker *w);
/* One plaintext (L2TP control or a PPP control frame with all its headers) in the SA, at once. */
enum ls_cause gw_worker_control(struct gw_worker *w, const struct gw_path *path,
                                const uint8_t *bytes, size_t len, ls_time now);

/* The same for a packet that is to arrive whole or not at all. GW_TOO_BIG when our own link is too
 * small for it. */
enum ls_cause gw_worker_probe(struct gw_worker *w, const struct gw_path *path, const uint8_t *bytes,
                              size_t len, ls_time now);
/* A dummy packet (RFC 4303 2.6) with a payload of len bytes, at most GW_PLAIN_MAX; class and
 * df: the outer header's. Without a word it is not sent where the socket is full. */
void gw_worker_dummy(struct gw_worker *w, const struct gw_path *path, size_t len, uint8_t class,
                     bool df, ls_time now);

/* Adds what was tallied to the session. */
void gw_tally_flush(const struct gw_worker *w, struct gw_tally *t, uint64_t *packets,
                    uint64_t *bytes);

/* Fills in the UDP 1701 header of 8 bytes for payload_len bytes that follow it in memory; checksum
 * over the SA's outer addresses. */
void gw_udp_header(uint8_t *header, size_t payload_len, const struct ls_addr *local,
                   const struct ls_addr *remote);

#endif
