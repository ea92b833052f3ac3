/* Inside of the L2TP engine: connections, sessions, and what its files share. */
#ifndef L2TP_ENGINE_H
#define L2TP_ENGINE_H

#include "l2tp/l2tp_wire.h"
#include "lib/secret.h"

enum {
	QUEUE_MAX = 64,      /* control messages of a connection that wait or are under way */
	REQUESTS_MAX = 8192, /* requests that the owner has not pulled yet */
	CHALLENGE_SIZE = 16,
	WINDOW_DEFAULT = 16,
	WINDOW_UNTOLD = 4, /* a peer that names none (RFC 2661 4.4.3) */
	PROBE_TRIES = 4,
	PEERS_BUCKETS = 256,
	TUNNEL_DEAD_MAX = 32, /* connections of a tunnel that are over, but still acknowledge */
};
#define RETRY_MOST LS_S(8)
#define PROBE_EVERY LS_MS(500)
/* A connection, and then a call, is up by then or never will be. */
#define DIAL_LIMIT LS_S(30)
/* State stays for retransmissions of a StopCCN (5.7). */
#define LINGER LS_S(31)

struct peer_entry {
	struct l2tp_peer config; /* its secret is in `secret` */
	struct secret secret;
	struct peer_entry *next;
};

enum conn_state { CONN_WAIT_REPLY, CONN_WAIT_CONNECT, CONN_UP, CONN_STOPPING, CONN_DEAD };
enum session_state { SESSION_WAIT_CONN, SESSION_WAIT_REPLY, SESSION_WAIT_CONNECT, SESSION_UP };

struct message {
	struct message *next;
	uint16_t session; /* the peer's */
	uint16_t ns;
	size_t len;
	uint8_t bytes[];
};

struct conn {
	uint32_t tunnel, chain;
	uint16_t id, peer_id;
	enum conn_state state;
	bool lac;
	uint16_t ns_next, ns_sent, nr;      /* to give to a message; first not sent yet; expected */
	struct message *queue, **queue_end; /* unacknowledged and waiting, in order of Ns */
	unsigned queued, window, cwnd, ssthresh, acked;
	unsigned tries;
	bool probing; /* a HELLO on a new chain: short tries */
	bool ack_due;
	ls_time retry_at, gone_at, limit_at, heard, born;
	enum ls_cause gone_cause;
	uint8_t challenge[CHALLENGE_SIZE];
	uint8_t answer[L2TP_RESPONSE_SIZE]; /* to the peer's challenge, for the next message */
	bool answer_due;
	uint8_t tie[L2TP_TIE_SIZE];
	bool unknown; /* the peer insists on an AVP: our StopCCN names it */
	uint16_t unknown_type;
	char peer_host[L2TP_NAME_MAX];
	bool own_kind; /* the peer is l2tpsec too */
	unsigned sessions;
	ls_time due_at;   /* when it has something to do */
	uint32_t timer;   /* its place in the heap of timers; 0 = none */
	struct conn *due; /* the next one of those whose time has come */
	struct conn *next;
};

struct session {
	uint16_t id, peer_id;
	struct conn *conn;
	enum session_state state;
	bool lac;
	ls_time born;
	struct session *next;
};

struct queued {
	struct l2tp_request r;
	uint8_t *bytes;
	struct queued *next;
};

struct l2tp {
	struct l2tp_limits limits;
	struct ls_random random;
	struct peer_entry *peers[PEERS_BUCKETS];
	struct conn *conns, *conn_by_id[65536];
	struct session *sessions, *session_by_id[65536];
	struct conn *timers[65536]; /* a heap by due_at, from place 1 on */
	uint32_t timed;             /* how many are in it */
	uint32_t conn_count, session_count, serial;
	ls_time calls_at; /* not before then is a call under way too old; LS_NEVER: none is */
	struct queued *first, **last;
	unsigned requests;
	uint8_t *handed; /* bytes of the request that was pulled last */
	struct ls_counters counters;
};

/* l2tp_queue.c */
struct l2tp_request *l2tp_request_add(struct l2tp *l2tp, enum l2tp_request_kind kind,
                                      uint32_t tunnel, uint32_t chain);
void l2tp_tell(struct l2tp *l2tp, const struct conn *c, enum ls_cause cause, const char *text);
void l2tp_step(struct l2tp *l2tp, const struct conn *c, const char *text);
/* Sends reliably: numbers it, and lets it go as the window allows. */
void l2tp_conn_send(struct l2tp *l2tp, struct conn *c, uint16_t peer_session, const struct wr *w,
                    ls_time now);
void l2tp_conn_acked(struct l2tp *l2tp, struct conn *c, uint16_t nr, ls_time now);
void l2tp_conn_ack(struct l2tp *l2tp, struct conn *c); /* a ZLB */
void l2tp_conn_resend(struct l2tp *l2tp, struct conn *c, ls_time now);
void l2tp_conn_queue_free(struct conn *c);

/* l2tp_timer.c */
/* When a connection in which all is silent says HELLO; LS_NEVER: not now. */
ls_time l2tp_hello_at(struct l2tp *l2tp, const struct conn *c);
/* Something about the connection has changed: works out anew when it is due. */
void l2tp_timer_set(struct l2tp *l2tp, struct conn *c);
/* Takes it out; harmless when it is not in. */
void l2tp_timer_stop(struct l2tp *l2tp, struct conn *c);
/* Takes out the connection that is due first; NULL: none is due. */
struct conn *l2tp_timer_next(struct l2tp *l2tp, ls_time now);

/* l2tp.c */
struct peer_entry *l2tp_peer_find(struct l2tp *l2tp, uint32_t tunnel);
struct conn *l2tp_conn_new(struct l2tp *l2tp, uint32_t tunnel, uint32_t chain, bool lac,
                           ls_time now);
/* Ends it at once with all its sessions; by_peer: the peer said so. */
void l2tp_conn_end(struct l2tp *l2tp, struct conn *c, enum ls_cause cause, bool by_peer,
                   const char *text, ls_time now);
/* Says StopCCN and waits for its acknowledgement; sessions are over. */
void l2tp_conn_stop(struct l2tp *l2tp, struct conn *c, uint16_t result, enum ls_cause cause,
                    ls_time now);
/* Frees all connections and sessions without a word to anybody. */
void l2tp_forget(struct l2tp *l2tp);
struct session *l2tp_session_new(struct l2tp *l2tp, struct conn *c, bool lac, ls_time now);
void l2tp_session_end(struct l2tp *l2tp, struct session *s, enum ls_cause cause, bool by_peer,
                      const char *text);

/* l2tp_talk.c: the messages of the state machines */
void l2tp_say_sccrq(struct l2tp *l2tp, struct conn *c, ls_time now);
void l2tp_say_icrq(struct l2tp *l2tp, struct session *s, ls_time now);
void l2tp_say_cdn(struct l2tp *l2tp, struct session *s, uint16_t result, ls_time now);
void l2tp_say_stop(struct l2tp *l2tp, struct conn *c, uint16_t result, ls_time now);
void l2tp_say_hello(struct l2tp *l2tp, struct conn *c, ls_time now);
void l2tp_hear(struct l2tp *l2tp, struct conn *c, const struct l2tp_in *in, ls_time now);

#endif
