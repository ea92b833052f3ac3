/* Inside the IKE engine: its own state, peers, and the queue of what it asks of its owner. */
#ifndef IKE_ENGINE_H
#define IKE_ENGINE_H

#include "ike/ike.h"
#include "ike/ike_cookie.h"
#include "ike/ike_qcd.h"
#include "ike/ike_redirect.h"
#include "ike/ike_sk.h"
#include "ike/ike_ts.h"
#include "lib/pace.h"

enum {
	IKE_BUCKETS = 4096,
	IKE_PEERS_MAX = 4096,
	IKE_QUEUE_MAX = 65536, /* beyond it datagrams and events are dropped, never answers that
	                          somebody waits for */
	IKE_UNPROTECTED_PER_S = 10, /* unprotected error notifies sent in a second */
	IKE_TOKENS_PER_S = 100,     /* answers to what belongs to no IKE SA, in all, */
	IKE_TOKENS_PER_SOURCE = 4,  /* and to one of so many groups of addresses; */
	IKE_STRAYS_PER_SOURCE = 2,  /* and to what belongs to no CHILD SA */
	IKE_TOKEN_GROUPS = 64,
	IKE_TOKENS_SHOWN_PER_S = 10, /* tokens compared in a second, of an SA */
	IKE_TOKENS_WAITING = 32,
	IKE_STRAY_EVERY_S = 2, /* the peer says that an SA is unknown: not heard for so long */
	IKE_QUESTION_S = 15,   /* longest wait for an answer of the owner */
	IKE_HALF_OPEN_S = 30,  /* a responder's SA must be authenticated by then */
	IKE_CHILDREN_MAX = 16, /* a peer may not use up the SAs that are there for all */
	IKE_NEGOTIATIONS_A_SECOND = 5, /* CREATE_CHILD_SA of the peer, in an IKE SA, */
	IKE_NEGOTIATIONS_BURST = 50,   /* and so many at once */
	IKE_CHILDLESS_S = 30,          /* an IKE SA may be without CHILD SA for so long */
	IKE_EXPIRED_S = 10, /* a pair at the end of its life waits for its successor for so long */
	IKE_REKEYED_S = 60, /* an IKE SA whose successor stands waits for its delete for so long */
	IKE_DEFAULT_LIFE_S = 8 * 3600,
	IKE_DEFAULT_CHILD_LIFE_S = 3600,
	IKE_DEFAULT_DPD_S = 30,
	IKE_DEFAULT_FRAGMENT = 1280,
	IKE_SMALL_FRAGMENT = 576,
	IKE_DEFAULT_RETRY_MS = 500,
	IKE_RETRY_MOST_S = 30,
	IKE_DEFAULT_TRIES = 8,
	IKE_TRIES_PER_ADDRESS = 4, /* when there are several to be tried */
	IKE_KEEPALIVE_S = 20,
	IKE_MARKER_SIZE = 4,
	IKE_REFUSED_S = 10, /* a refused SA repeats its answer for so long */
	IKE_GRACE_S =
		3, /* a better answer than an unprotected refusal is waited for so long (2.21.1) */
	IKE_LOST_S =
		5, /* a peer that says it does not know the SA is asked again for so long (2.4) */
	IKE_CLOSE_TRIES = 4,
	IKE_HINT_WAIT_S = 2,   /* ICMP says that the peer cannot be reached: silent for so long,
	                          it is probed */
	IKE_HINT_EVERY_S = 5,  /* and what ICMP says after that is not heard for so long */
	IKE_HINT_QUIET_S = 60, /* nor told for so long */
	IKE_HINT_TRIES = 2,    /* of an address that ICMP says cannot be reached, where there is
	                          another one */
};

struct ike_sa;
struct ike_task;
struct ike_child;

struct ike_peer_entry {
	struct ike_peer config; /* defaults filled in */
	struct ike_peer_entry *next;
	struct ike_peer_redirect redirect;
};

/* A request to the owner, with the bytes that it points to. */
struct ike_item {
	struct ike_item *next;
	struct ike_request request;
	uint8_t *bytes;
	size_t cap, len;
};

struct ike {
	struct ike_limits limits;
	struct ls_random random;
	ls_time now;                  /* of the call that runs */
	ls_time deadline;             /* no SA has anything to do before it */
	struct ike_peer_entry *peers; /* in the order in which they were set */
	unsigned peers_count;
	struct ike_credentials credentials; /* its bytes are malloc'ed */
	struct ls_bytes credential_certs[IKE_CERTS_MAX];
	struct ike_sa *sas, *by_spi[IKE_BUCKETS];
	struct ike_child *children_by_spi[IKE_BUCKETS]; /* by the inbound SPI */
	bool ending;                                    /* ike_shutdown() was called */
	bool tracing;                                   /* ike_trace() */
	bool touched; /* an SA was found, made or ended by the call that runs */
	uint32_t sas_count, half_open;
	uint32_t next_serial, next_chain, next_question;
	struct ike_item *head, **tail, *current;
	unsigned queued;
	struct ike_task *buried;
	struct ls_counters counters;
	struct ike_cookie cookie;
	struct ls_second unprotected;
	struct ike_qcd qcd;
	struct ike_gateway redirect_all, redirect_full; /* NONE: there is no such order */
	uint8_t plain[IKE_MESSAGE_MAX + 1];             /* inner payloads being written */
	uint8_t open[IKE_MESSAGE_MAX + 1];              /* inner payloads being read */
};

/* ike_queue.c */
/* A new request at the end of the queue, zeroed, with room for bytes; NULL (counted) when memory is
 * out or the queue is full. */
struct ike_item *ike_queue(struct ike *ike, enum ike_request_kind kind, size_t bytes);
/* Copies bytes into the item's room and gives the copy. */
struct ls_bytes ike_item_copy(struct ike_item *item, struct ls_bytes bytes);
void ike_queue_free(struct ike *ike);
/* A datagram; the non-ESP marker is put in front when local's port is 4500. */
void ike_queue_send(struct ike *ike, const struct ls_addr *local, const struct ls_addr *remote,
                    struct ls_bytes bytes, uint32_t tunnel);
/* One byte 0xff (RFC 3948 2.3). */
void ike_queue_keepalive(struct ike *ike, const struct ls_addr *local, const struct ls_addr *remote,
                         uint32_t tunnel);
void ike_queue_event(struct ike *ike, uint32_t tunnel, const struct ls_addr *remote,
                     enum ls_cause cause, const char *text);
void ike_queue_progress(struct ike *ike, uint32_t tunnel, const char *text);
/* DOWN of a chain, or (0) of an attempt. */
void ike_queue_down(struct ike *ike, uint32_t tunnel, uint32_t chain, enum ls_cause cause,
                    const char *text, const struct ike_identity *peer_id);

/* ike.c */
struct ike_peer_entry *ike_peer_find(struct ike *ike, uint32_t tunnel);
void ike_count(struct ike *ike, enum ls_cause cause);

#endif
