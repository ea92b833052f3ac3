/* IKE SAs with their CHILD SAs, and the exchanges (tasks) that run on them. */
#ifndef IKE_SA_H
#define IKE_SA_H

#include "ike/ike_engine.h"
#include "ike/ike_frag.h"
#include "ike/ike_nat.h"
#include "ike/ike_reauth.h"
#include "ike/ike_redirect.h"
#include "lib/life.h"
#include "lib/unreach.h"

/*
 * DOC: an IKE SA runs at most one exchange of its own (`active`: the window is 1, RFC 7296 2.3)
 * while others wait in `queue`, and answers at most one of the peer (`serving`). Both are tasks: a
 * kind of exchange is a struct ike_task_ops in a file of its own. A task asks the owner questions
 * (SPI, AUTH, INSTALL) one at a time and goes on in its `answer` function; so nothing blocks, and
 * other messages may arrive meanwhile. SAs that have ended are freed when the public call that
 * ended them returns.
 */

enum ike_state {
	IKE_S_INIT, /* IKE_SA_INIT under way (initiator), or answered (responder): half open */
	IKE_S_AUTH, /* IKE_AUTH under way: half open too */
	IKE_S_ESTABLISHED,
	IKE_S_REKEYED,  /* a successor has taken over the children; waits for its delete */
	IKE_S_DELETING, /* our Delete is under way */
	IKE_S_DEAD,     /* to be freed */
};

/* A CHILD SA pair. */
struct ike_child {
	struct ike_child *next, *next_spi;
	struct ike_sa *sa;
	uint32_t chain, spi_in, spi_out;
	enum algo_id encr, integ;
	bool esn, tunnel_mode;
	bool initiator;     /* of the exchange that made it */
	bool announced;     /* the chain's UP was told */
	bool sending;       /* the pair that its chain sends on */
	bool replaced;      /* it has a successor */
	bool deleting;      /* our Delete is queued or under way */
	bool switch_later;  /* made as responder of a rekey: send on it when it is used, or its
	                       predecessor is deleted */
	ls_time rekey_at;   /* a rekey that failed is tried again; LS_NEVER */
	ls_time expired_at; /* its life ended while its successor was being made: it goes then at
	                       the latest; LS_NEVER */
	struct ike_ts ts_local, ts_remote;
};

struct ike_task;

/* What an IKE SA has to do with post-quantum preshared keys (ike_ppk.h). */
struct ike_sa_ppk {
	bool spoken;          /* USE_PPK went both ways */
	bool used;            /* the keys of the SA have the PPK in them */
	enum ls_cause why;    /* not used though there is one: why; CAUSE_NONE */
	struct ike_ppk_id id; /* calling: the one we name; called: the one that the peer names */
	struct secret other;  /* set-up: SK_d, SK_pi and SK_pr without it */
};

struct ike_sa {
	struct ike *ike;
	struct ike_sa *next, *next_spi;
	uint32_t serial;
	enum ike_state state;
	enum ls_cause why;           /* the reason of the last change of state */
	bool initiator;              /* we are the original initiator of this SA: the I flag */
	bool dialled;                /* we called (kept over rekeys, where the roles may turn) */
	bool attempt;                /* an ike_start() waits for UP or DOWN */
	uint32_t tunnel;             /* 0 until the peer is known */
	struct ike_peer_entry *peer; /* NULL: not known yet, or removed */
	struct ike_identity peer_id;
	unsigned hashes;  /* that the peer signs and checks with (enum sign_hash); 0: RFC 7427 is
	                     unknown to it */
	bool hashes_told; /* the peer named its hashes */
	bool other_ca;    /* it asks for other CAs than ours */
	enum ike_auth_method auth, peer_auth; /* 0: not proven yet */
	enum sign_scheme scheme, peer_scheme; /* of IKE_AUTH_CERT */
	struct cert_info *peer_cert;          /* malloc'ed; NULL: none */
	struct ls_bytes peer_chain;           /* ike_proof.h; malloc'ed */
	struct ike_sa_ppk ppk;
	uint64_t spi_i, spi_r;
	struct ls_addr local, remote;
	uint8_t address_index; /* initiator: which of the peer's addresses is tried */
	struct ike_nat_found nat;
	bool forced_udp; /* encapsulate even without a NAT */
	bool mobike;     /* both can let it move (ike_mobike.h), */
	bool moving;     /* and we have moved, which the peer has not answered yet */
	/* with mobike: where the peer's last request went, and came from: its answer goes there */
	struct ls_addr asked_local, asked_remote;
	bool seen; /* the peer said how it sees us: */
	uint8_t seen_as[IKE_NAT_HASH_SIZE];
	bool fragmentation;
	uint16_t fragment_size; /* size of IP packets that messages are cut to */
	struct ike_choice choice;
	struct ike_keys keys;
	uint64_t iv_counter;
	uint32_t send_id, recv_id; /* ids of our next request and of the peer's */
	struct ike_task *active, *queue, *serving;
	struct ike_packets response; /* to the last request */
	uint8_t request_hash[32]; /* of the first datagram of the last request that was answered */
	uint8_t serving_hash[32]; /* of the one being answered */
	struct ike_frag frag_requests, frag_responses;
	/* the set-up: freed once authenticated */
	struct crypto_ke *ke;
	struct ls_bytes init_local, init_remote; /* IKE_SA_INIT messages, malloc'ed */
	/* malloc'ed; they outlive the set-up, because a simultaneous SA may come */
	struct ls_bytes nonce_local, nonce_remote;
	struct ike_sa
		*twin; /* the SA that the peer's rekey made of this one while ours is on its way */
	uint64_t rekeyed_from; /* our SPI of the SA that this one was made of */
	struct ike_child *children;
	struct life life;
	ls_time born, established, heard;
	ls_time give_up;  /* half open, REKEYED, childless: end then; LS_NEVER */
	ls_time rekey_at; /* LS_NEVER: by life */
	ls_time keepalive_at;
	/* what the peer's exchanges since then amount to (ike_sa_negotiates); kept over rekeys */
	ls_time negotiated_until;
	/* What ICMP said since the peer was last heard (ike_hint.c). */
	enum ls_unreach hint;
	struct ls_addr hint_by;
	ls_time hint_probe_at;    /* LS_NEVER */
	ls_time hint_next;        /* no hint is taken before it, */
	ls_time hint_quiet_until; /* nor told */
	ls_time stray_next;       /* "that SPI is unknown" is not heard before it */
	struct ike_sa_qcd qcd;
	struct ike_sa_reauth reauth;
	struct ike_sa_redirect redirect;
	bool doubt;   /* probe now */
	bool refused; /* authentication failed: it only repeats its answer until give_up */
	bool cookie;  /* responder: the peer brought the cookie that it was asked for */
	bool contact; /* responder: the peer said INITIAL_CONTACT */
};

enum ike_question {
	IKE_Q_NONE,
	IKE_Q_SPI,
	IKE_Q_AUTH_MAKE,
	IKE_Q_AUTH_CHECK,
	IKE_Q_PPK,
	IKE_Q_TOKEN,
	IKE_Q_GATEWAY,
	IKE_Q_INSTALL
};

struct ike_deal;

/*
 * One kind of exchange, as its initiator and as its responder. Functions that are NULL are not
 * needed. begin:    initiator: ends in ike_task_send(), sooner or later response: t->in holds the
 * verified response; ends in ike_task_done() request:  responder: t->in holds the verified request;
 * ends in ike_task_respond() answer:   of the owner to t->question failed:   the SA ends, or nobody
 * answered: gives back what the task holds
 */
struct ike_task_ops {
	const char *name;
	uint8_t exchange;
	void (*begin)(struct ike_task *t);
	void (*response)(struct ike_task *t);
	void (*request)(struct ike_task *t);
	void (*answer)(struct ike_task *t, const struct ike_answer *a);
	void (*failed)(struct ike_task *t, enum ls_cause cause);
};

struct ike_task {
	const struct ike_task_ops *ops;
	struct ike_task *next;
	struct ike_sa *sa;
	bool over;        /* it waits to be freed */
	bool serving;     /* we are the responder */
	bool outstanding; /* request sent, response not here */
	uint8_t exchange; /* of the request that was sent */
	uint32_t id;      /* message id */
	enum ike_question asking;
	uint64_t question; /* id of the request to the owner */
	ls_time question_until;
	ls_time resend_at;
	unsigned tries;
	struct ike_packets packets;
	uint8_t plain_first;   /* what was sealed, to cut it anew into smaller fragments */
	struct ls_bytes plain; /* malloc'ed */
	struct ike_payloads in;
	uint8_t *in_bytes; /* malloc'ed; what `in` points into */
	bool attempt;      /* an ike_start() waits for its outcome */
	/* ike_init.c */
	struct ls_bytes cookie; /* malloc'ed */
	uint8_t cookies, groups_count;
	uint16_t groups[8];  /* tried after INVALID_KE_PAYLOAD */
	enum ls_cause error; /* an unprotected refusal was received: what it said; CAUSE_NONE */
	ls_time grace_until; /* a better answer is waited for until then */
	char error_text[LS_EVENT_TEXT_MAX];
	/* ike_child.c, ike_auth.c, ike_rekey.c, ike_info.c */
	struct ike_deal *deal;
	struct ike_sa *successor;   /* ike_rekey.c: the SA being made */
	uint32_t spi;               /* of the child that it is about (our inbound one) */
	enum ls_cause cause;        /* why (closing) */
	enum ls_cause child_failed; /* ike_auth_answer.c: the child was refused, the IKE SA not */
	uint16_t child_notify;      /* and the notify that says so */
	struct ls_addr where;       /* ike_mobike.c: the address that it is about */
	struct ls_bytes auth;       /* malloc'ed: our AUTH value */
	struct ike_token token;     /* ike_qcd.c: ours for this SA; len 0: none */
	struct ike_gateway gateway; /* ike_redirect.c: where the peer is sent; NONE: nowhere */
	struct ls_bytes auth_plain; /* malloc'ed: without PPK, where we may go on without one */
};

/* ike_sa.c */
struct ike_sa *ike_sa_new(struct ike *ike, bool initiator, uint64_t spi_i);
/* One with both SPIs known (from a snapshot). */
struct ike_sa *ike_sa_with_spis(struct ike *ike, bool initiator, uint64_t spi_i, uint64_t spi_r);
/* Ends it without telling anybody. */
void ike_sa_forget(struct ike_sa *sa);
struct ike_sa *ike_sa_by_spi(struct ike *ike, uint64_t our_spi);
uint64_t ike_sa_spi(const struct ike_sa *sa); /* ours */
uint64_t ike_sa_peer_spi(const struct ike_sa *sa);
/* The one place where the state changes. */
void ike_sa_enter(struct ike_sa *sa, enum ike_state state, enum ls_cause why);
/*
 * Ends it without a word to the peer: tasks are given up, children removed, the chains' DOWN (or
 * the attempt's, once) told.
 */
void ike_sa_end(struct ike_sa *sa, enum ls_cause cause, const char *text);
/* Ends it at once, after sending one unacknowledged Delete (or AUTHENTICATION_FAILED) where the SA
 * has keys. While a request of ours is unanswered the Delete waits for its answer (2.3), as in
 * ike_sa_close(). */
void ike_sa_end_telling(struct ike_sa *sa, enum ls_cause cause, const char *text, uint16_t notify);
/* Ends children and chains now, and the SA when the peer has answered our Delete. */
void ike_sa_close(struct ike_sa *sa, enum ls_cause cause, const char *text);
/* The peer has ended it: children and chains go now, the SA stays a while to repeat its answer. */
void ike_sa_linger(struct ike_sa *sa, enum ls_cause cause, const char *text);
/* Established: set-up memory goes, life and timers start. */
void ike_sa_established(struct ike_sa *sa);
/* Frees the SAs that have ended. */
void ike_reap(struct ike *ike);
/* When it has something to do next. */
ls_time ike_sa_due(const struct ike_sa *sa);
void ike_sa_tick(struct ike_sa *sa);
bool ike_sa_half_open(const struct ike_sa *sa);
/* Whether the tunnel has as many authenticated IKE SAs as one may have. */
bool ike_tunnel_is_full(const struct ike *ike, uint32_t tunnel);
/* Whether a call of ours is on its way. */
bool ike_tunnel_is_dialled(const struct ike *ike, uint32_t tunnel);
/*
 * The peer asks for key exchange, keys and SAs: whether it gets them now, and it is counted then.
 * So many at once, then so many a second: whoever rekeys in a loop is told TEMPORARY_FAILURE (RFC
 * 7296 2.25).
 */
bool ike_sa_negotiates(struct ike_sa *sa);
bool ike_sa_udp(const struct ike_sa *sa);
/* Of CHILD SAs with this peer: ESP or AH. */
enum ike_protocol ike_sa_child_protocol(const struct ike_sa *sa);
/* Whether there is to be AH and there is a NAT; text says where. */
bool ike_sa_ah_hindered(const struct ike_sa *sa, char *text, size_t cap);
/* A fresh authentic message came: sign of life, and perhaps a new address. */
void ike_sa_heard(struct ike_sa *sa, const struct ls_addr *local, const struct ls_addr *remote);
void ike_sa_moved(struct ike_sa *sa, const struct ls_addr *remote);
/* The CHILD SAs follow the IKE SA's addresses. */
void ike_sa_tell_moved(struct ike_sa *sa);
struct ls_bytes ike_nonce_i(const struct ike_sa *sa);
struct ls_bytes ike_nonce_r(const struct ike_sa *sa);
void ike_bytes_free(struct ls_bytes *b);
bool ike_bytes_set(struct ls_bytes *b, const void *p, size_t len);

/* ike_hint.c: ICMP, which proves nothing */
/* See ike_unreachable(). */
void ike_hint_take(struct ike *ike, const struct ls_addr *remote, const struct ls_addr *by,
                   enum ls_unreach kind);
/* `before`, and what ICMP said since the peer was last heard: "...; host unreachable, said by
 * 203.0.113.1". */
void ike_hint_text(const struct ike_sa *sa, const char *before, char *out, size_t cap);
/* The peer was heard. */
void ike_hint_forget(struct ike_sa *sa);

/* ike_stray.c: whether it is an unprotected INVALID_SPI about a pair of ours, which proves nothing
 */
bool ike_stray_heard(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                     struct ls_bytes message);

/* ike_child_sa.c: the list of CHILD SAs */
/* At the end of the list, and into the table by SPI. */
void ike_child_add(struct ike_sa *sa, struct ike_child *c);
/* Out of the table, and freed; the list is the caller's. */
void ike_child_free(struct ike_child *c);
struct ike_child *ike_child_in(struct ike_sa *sa, uint32_t spi_in);
struct ike_child *ike_child_out(struct ike_sa *sa, uint32_t spi_out);
struct ike_sa *ike_child_find(struct ike *ike, uint32_t spi_in, struct ike_child **child);
/* Removes the pair; when it was the last of its chain and the chain was announced: DOWN. */
void ike_child_remove(struct ike_sa *sa, struct ike_child *c, enum ls_cause cause,
                      const char *text);
void ike_child_switch(struct ike_sa *sa, struct ike_child *c);
/* A chain of the SA whose UP was told; 0: none. */
uint32_t ike_sa_announced(const struct ike_sa *sa);
unsigned ike_children_count(const struct ike_sa *sa);
void ike_children_move(struct ike_sa *from, struct ike_sa *to);
/* Whether an exchange of ours about children is queued or under way (RFC 7296 2.25.2). */
bool ike_sa_busy_with_children(const struct ike_sa *sa);

/* ike_task.c */
struct ike_task *ike_task_new(struct ike_sa *sa, const struct ike_task_ops *ops);
/* Queues an exchange of ours; it begins when those before it are done. */
void ike_task_queue(struct ike_task *t);
/* Queues a new exchange of that kind, unless one waits already: it says what holds when its turn
 * comes. */
void ike_task_queue_once(struct ike_sa *sa, const struct ike_task_ops *ops);
/* Seals and sends the request that was built, and starts its retransmission. */
void ike_task_send(struct ike_task *t, struct ike_build *b);
/* The same for a message that is whole already (IKE_SA_INIT). */
void ike_task_send_raw(struct ike_task *t, struct ls_bytes message);
/* The response is here: no more retransmissions, the next message id. */
void ike_task_answered(struct ike_task *t);
/* The exchange is over: it is freed, the next one begins. */
void ike_task_done(struct ike_task *t);
/* Seals, sends and stores the response; the task is freed. */
void ike_task_respond(struct ike_task *t, struct ike_build *b);
void ike_task_respond_notify(struct ike_task *t, uint16_t type, struct ls_bytes data);
/* Frees the tasks that are over. */
void ike_tasks_unbury(struct ike *ike);
/* Forgets one that is in no list. */
void ike_task_drop(struct ike_task *t);
void ike_tasks_free(struct ike_sa *sa, enum ls_cause cause);
/* What became of the exchange no longer matters, but its message id must be used up. */
void ike_task_detach(struct ike_task *t);
void ike_task_tick(struct ike_task *t);
ls_time ike_task_due(const struct ike_task *t);
/* The builder over the engine's scratch buffer. */
struct ike_build ike_task_build(struct ike_task *t);
struct ike_header ike_sa_header(const struct ike_sa *sa, uint8_t exchange, bool response,
                                uint32_t id);
/* Datagrams of a message, sealed for this SA. */
bool ike_sa_seal(struct ike_sa *sa, const struct ike_header *h, struct ike_build *b,
                 struct ike_packets *packets);
void ike_sa_send_packets(struct ike_sa *sa, const struct ike_packets *packets);
/* The response, to where the request came from. */
void ike_sa_send_response(struct ike_sa *sa);

/* Questions to the owner (ike_ask.c). */
void ike_ask_spi(struct ike_task *t);
void ike_ask_auth_make(struct ike_task *t, struct ls_bytes id_body);
/* The AUTH of t->in. */
void ike_ask_auth_check(struct ike_task *t, struct ls_bytes peer_id_body);
/* Our token for the SA. */
void ike_ask_token(struct ike_task *t);
/* Where the gateway is that we were sent to. */
void ike_ask_gateway(struct ike_task *t);
/* The PPK sa->ppk.id into the SA's keys. */
void ike_ask_ppk(struct ike_task *t);
void ike_ask_install(struct ike_task *t);
void ike_ask_up(struct ike_sa *sa, struct ike_child *c, uint32_t old_chain, bool continued);
void ike_ask_pair(struct ike_sa *sa, enum ike_request_kind kind, uint32_t chain, uint32_t spi_in,
                  uint32_t spi_out, enum ls_cause cause);

/* The exchanges. */
extern const struct ike_task_ops ike_ops_init, ike_ops_auth, ike_ops_child, ike_ops_rekey,
	ike_ops_info, ike_ops_qcd, ike_ops_redirect, ike_ops_delete, ike_ops_close, ike_ops_resume;

/* ike_init.c */
/* Starts an SA as initiator to the next address of the peer. CAUSE_NONE, IKE_NO_ADDRESS (none is
 * left), LIMIT_REACHED or NO_MEMORY. */
enum ls_cause ike_init_dial(struct ike *ike, struct ike_peer_entry *peer, unsigned address_index,
                            bool attempt);
/* The same to a gateway that `from` (family 0: nobody) has sent us to; NULL: LIMIT_REACHED or
 * NO_MEMORY. */
struct ike_sa *ike_init_dial_to(struct ike *ike, struct ike_peer_entry *peer,
                                const struct ike_gateway *to, const struct ls_addr *from,
                                bool attempt);
/* Errors and events that anybody can provoke: so many in a second. */
bool ike_unprotected_allowed(struct ike *ike);
/* An unprotected answer with one notify; limited: so many a second. */
void ike_reply_unprotected(struct ike *ike, const struct ike_datagram *d,
                           const struct ike_header *h, uint16_t type, struct ls_bytes data,
                           bool limited);
/* An unprotected message with the payloads of b; its header's version and length are filled in. */
void ike_send_unprotected(struct ike *ike, const struct ls_addr *local,
                          const struct ls_addr *remote, struct ike_header h, struct ike_build *b);
/* The header of the unprotected answer to a message. */
struct ike_header ike_reply_header(const struct ike_header *h);
/* An unprotected IKE_SA_INIT message. */
void ike_init_request(struct ike *ike, const struct ike_datagram *d, const struct ike_header *h,
                      struct ls_bytes message);
void ike_init_response(struct ike_sa *sa, const struct ike_datagram *d, struct ls_bytes message);
/* Nobody answered, or nobody did well: the next address, or the end of the attempt. */
void ike_init_unanswered(struct ike_task *t);

/* ike_auth.c */
void ike_auth_start(struct ike_sa *sa);
void ike_id_write(struct wr *w, const struct ike_identity *id);
bool ike_id_read(struct ls_bytes body, struct ike_identity *out);

/* ike_child.c */
/* Queues the exchange that makes a successor, unless that is under way. */
void ike_child_rekey(struct ike_sa *sa, struct ike_child *c);
/* Whether a successor of the pair is being made, by either side. */
bool ike_child_succession(const struct ike_sa *sa, const struct ike_child *c);
/* Its life has ended: it waits a while for its successor, or goes. */
void ike_child_used_up(struct ike_sa *sa, struct ike_child *c);
/* The chain ends: also one that waits for an exchange of ours. */
void ike_child_forsake(struct ike_sa *sa, uint32_t chain, enum ls_cause cause);
/* The peer deletes a pair that we do not know, by its inbound SPI: perhaps one that it has made and
 * whose answer we have not seen. */
void ike_child_unknown_deleted(struct ike_sa *sa, uint32_t spi_out);
/* The peer deletes the pair. */
void ike_child_deleted(struct ike_sa *sa, struct ike_child *c, enum ls_cause cause);
/* The pair goes, and the peer is told: it came to the end of its life without a successor. */
void ike_child_expire(struct ike_sa *sa, struct ike_child *c);
/* Queues the exchange that makes a new chain; attempt: an ike_start() waits for it. */
void ike_child_create(struct ike_sa *sa, bool attempt);

/* ike_rekey.c */
void ike_rekey_start(struct ike_sa *sa);
bool ike_rekey_under_way(const struct ike_sa *sa);

/* The peer deletes this SA: true when a successor that its own rekey made has taken over. */
bool ike_rekey_taken_over(struct ike_sa *sa);

/* ike_info.c */
void ike_probe(struct ike_sa *sa);
/* Queues the Delete of a pair; the pair goes when the peer has answered. */
void ike_delete_child(struct ike_sa *sa, struct ike_child *c, enum ls_cause cause);
/* Queues the Delete of a pair that is not, or no longer, in the list. */
void ike_delete_spi(struct ike_sa *sa, uint32_t spi_in);

/* ike_input.c */
void ike_receive(struct ike *ike, const struct ike_datagram *d);

#endif
