/* L2TPv2 (RFC 2661): control connections and sessions as LAC and LNS, and the data header. No I/O,
 * no PPP, no ESP. */
#ifndef L2TP_L2TP_H
#define L2TP_L2TP_H

#include "lib/addr.h"
#include "lib/bytes.h"
#include "lib/cause.h"
#include "lib/event.h"
#include "lib/random.h"
#include "lib/time.h"
#include "lib/wire.h"

/*
 * One engine holds all control connections of a gateway. Each belongs to the `chain` of SAs that
 * carried its first message (RFC 3193 3.3), never to an address: input from another chain does not
 * find it. Ids that we assign are index | randomness, so look-ups are one array access. "Tunnel"
 * here is the owner's configured tunnel (a number); the L2TP tunnel is called a connection to keep
 * the two apart.
 */
struct l2tp;

enum {
	L2TP_SECRET_MAX = 128,
	L2TP_NAME_MAX = 128,
	L2TP_MESSAGE_MAX = 1024,
	L2TP_DATA_HEADER_MAX = 16
};

/* How we speak with one configured tunnel. Plain data, copied. */
struct l2tp_peer {
	uint32_t tunnel;                 /* not 0 */
	char host_name[L2TP_NAME_MAX];   /* ours, in SCCRQ and SCCRP */
	uint8_t secret[L2TP_SECRET_MAX]; /* tunnel authentication and hidden AVPs; len 0 = none.
	                                    Kept guarded by the engine: wipe your copy */
	size_t secret_len;
	bool hide_avps;            /* hide what may be hidden; needs a secret */
	bool sequencing;           /* ask for data sequence numbers */
	bool length_bit;           /* send the L field in data headers */
	uint16_t window;           /* our receive window; 0 = 16 */
	uint32_t hello_interval_s; /* silence before a HELLO; 0 = 60 */
	uint16_t retry_first_ms;   /* 0 = 1000 */
	uint8_t retry_count;       /* retransmissions before the peer counts as dead; 0 = 5 */
	uint16_t max_sessions;     /* 0 = 16 */
	uint32_t max_connections;  /* that the peer may make; 0 = as many as there may be */
};

struct l2tp_limits {
	uint32_t max_connections; /* 0 = 4096, at most 65535 */
	uint32_t max_sessions;    /* 0 = 4096, at most 65535 */
};

struct l2tp *l2tp_new(const struct l2tp_limits *limits, const struct ls_random *random);
void l2tp_free(struct l2tp *l2tp);
enum ls_cause l2tp_peer_set(struct l2tp *l2tp, const struct l2tp_peer *peer);
void l2tp_peer_remove(struct l2tp *l2tp, uint32_t tunnel, enum ls_cause cause, ls_time now);

/*
 * LAC: opens a connection (or uses the one that stands) on the chain and an incoming call in it.
 * Ends in SESSION_UP or SESSION_DOWN. CAUSE_NONE, or why nothing was begun.
 */
enum ls_cause l2tp_call(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain, ls_time now);
/* Hangs up a session (CDN), and its connection (StopCCN) when it was the last session. */
void l2tp_hang_up(struct l2tp *l2tp, uint16_t session, enum ls_cause cause, ls_time now);
/* Ends all connections of a tunnel with StopCCN; state stays for late retransmissions (RFC
 * 2661 5.7). */
void l2tp_close(struct l2tp *l2tp, uint32_t tunnel, enum ls_cause cause, ls_time now);
/* The chain is gone and nothing can be sent on it: connections on it end after grace_ms unless
 * l2tp_chain_moved comes before. */
void l2tp_chain_gone(struct l2tp *l2tp, uint32_t chain, uint32_t grace_ms, enum ls_cause cause,
                     ls_time now);
/* What ran on old_chain runs on new_chain from now on (same tunnel, same authenticated identity);
 * probes with a HELLO at once and gives up after about 2 s without an answer. */
void l2tp_chain_moved(struct l2tp *l2tp, uint32_t old_chain, uint32_t new_chain, ls_time now);

/* A control message (T bit set) that came out of the chain's SA: the payload of its UDP datagram.
 * Data messages do not come here. */
void l2tp_input(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain, const uint8_t *bytes,
                size_t len, ls_time now);
/* Verified data came in on the session's connection: counts as a sign of life (RFC 2661 6.5 wants
 * HELLO only in silence). Tell at most once a second. */
void l2tp_heard(struct l2tp *l2tp, uint16_t session, ls_time now);
/* Does what is due; a connection of which nothing is costs nothing. */
void l2tp_tick(struct l2tp *l2tp, ls_time now);
/* When l2tp_tick is needed next, LS_NEVER: for nothing. Costs no walk: ask after each batch. */
ls_time l2tp_deadline(const struct l2tp *l2tp);

enum l2tp_request_kind {
	L2TP_REQ_SEND = 1,     /* the payload of a UDP 1701 datagram for the chain's SA */
	L2TP_REQ_SESSION_UP,   /* start PPP; `data` says how data headers look */
	L2TP_REQ_SESSION_DOWN, /* a session, or the attempt at one (session 0), has ended */
	L2TP_REQ_CLOSED, /* the last session of the connection is gone and its StopCCN was answered
	                    or given up: the chain is no longer needed by it */
	L2TP_REQ_EVENT,
	L2TP_REQ_PROGRESS, /* a step for people, in event.text */
};

/* What the packet path needs of a session that is up. */
struct l2tp_data {
	uint16_t session, peer_session; /* our id (the peer sends it), the peer's */
	uint16_t connection, peer_connection;
	bool sequencing, length_bit;
	bool lac;      /* we are the caller */
	bool own_kind; /* the peer is l2tpsec too, by its Vendor Name AVP (4.4.3) */
};

struct l2tp_request {
	enum l2tp_request_kind kind;
	uint32_t tunnel, chain;
	uint16_t session; /* ours; SESSION_UP, SESSION_DOWN */
	uint16_t connection;
	struct ls_bytes bytes; /* SEND: the engine's, until its next call */
	struct l2tp_data data; /* SESSION_UP */
	enum ls_cause cause;   /* SESSION_DOWN, CLOSED */
	bool by_peer;          /* SESSION_DOWN: the peer ended it */
	struct ls_event event; /* EVENT, PROGRESS; SESSION_DOWN: text */
};
bool l2tp_next(struct l2tp *l2tp, struct l2tp_request *request);

/*
 * Data messages (RFC 2661 3.1), for the packet path; stateless but for the sequence numbers.
 * Writes the header for one PPP frame of ppp_len bytes into out (L2TP_DATA_HEADER_MAX bytes) and
 * gives its size: 6, 8 with L, 10 / 12 with Ns and Nr.
 */
size_t l2tp_data_header(const struct l2tp_data *data, uint16_t ns, size_t ppp_len, uint8_t *out);
struct l2tp_data_in {
	uint16_t connection, session; /* our ids */
	uint16_t ns;                  /* with has_ns */
	bool has_ns;
	uint32_t ppp_offset, ppp_len; /* the PPP frame inside the message */
};
/* Whether the message is a control message (T bit): hand it to l2tp_input. */
static inline bool l2tp_is_control(const uint8_t *bytes, size_t len)
{
	return len > 0 && (bytes[0] & 0x80);
}
/* CAUSE_NONE, or L2TP_DATA_SHORT, L2TP_DATA_VERSION, ... (flag bits are read only after Ver). Any
 * legal header is accepted. */
enum ls_cause l2tp_data_parse(const uint8_t *bytes, size_t len, struct l2tp_data_in *in);

/* For status: each connection and session; index 0.. until false. */
struct l2tp_session_view {
	uint32_t tunnel, chain;
	uint16_t connection, peer_connection, session, peer_session;
	const char *connection_state, *session_state;
	char peer_host_name[L2TP_NAME_MAX];
	bool lac;
	ls_time born;
};
bool l2tp_session_view(const struct l2tp *l2tp, size_t index, struct l2tp_session_view *view);
/* That of our session id; false when there is none. */
bool l2tp_session_view_of(const struct l2tp *l2tp, uint16_t session,
                          struct l2tp_session_view *view);
const struct ls_counters *l2tp_counters(const struct l2tp *l2tp);

/* State: connections and sessions that are established, with Ns/Nr. Secrets are not in it. */
bool l2tp_save(const struct l2tp *l2tp, struct wr *out, ls_time now);
enum ls_cause l2tp_load(struct l2tp *l2tp, const void *bytes, size_t len, ls_time now);

#endif
