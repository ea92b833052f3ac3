/* Inside of the PPP engine: one link, its control protocols, and what its files share. */
#ifndef PPP_ENGINE_H
#define PPP_ENGINE_H

#include "ppp/ppp.h"
#include "ppp/ppp_automaton.h"

enum {
	PROTO_IPV4 = 0x0021,
	PROTO_IPV6 = 0x0057,
	PROTO_IPCP = 0x8021,
	PROTO_IPV6CP = 0x8057,
	PROTO_LCP = 0xc021,
	PROTO_CHAP = 0xc223,
};
enum {
	CODE_REQUEST = 1,
	CODE_ACK,
	CODE_NAK,
	CODE_REJECT,
	CODE_TERM_REQUEST,
	CODE_TERM_ACK,
	CODE_CODE_REJECT,
	CODE_PROTOCOL_REJECT,
	CODE_ECHO_REQUEST,
	CODE_ECHO_REPLY,
	CODE_DISCARD,
	CODE_IDENTIFICATION, /* RFC 1570 */
	CODE_TIME_REMAINING
};
enum {
	CONFIGURE_TRIES = 10,
	TERMINATE_TRIES = 2,
	NAKS_MAX = 5,
	REFUSALS_MAX = 10, /* of our own requests, before we give up */
	LOOPS_MAX = 5,     /* our own magic number in requests, before it is a loop */
	REQUEST_MAX = 32,
	AUTH_TRIES = 6,
	MESSAGE_MAX = 512,
	REQUESTS_MAX = 64,
	HEAD = 4,
	MRU_DEFAULT = 1500,
	MRU_LEAST = 128,
	MAGIC_SIZE = 4,
	MD5_SIZE = 16,
	V2_SIZE = 49,
	SAID_MAX = 80,
	AGAIN_DOUBLINGS = 4
};
#define RESTART_MOST LS_S(3)
#define NCP_AGAIN LS_S(30)
#define NCP_AGAIN_MOST LS_S(300)
#define ADDRESS_AGAIN LS_S(30)
#define UP_LIMIT LS_S(60) /* a link that is not up by then never will be */

/* A packet of a control protocol. */
struct cp_packet {
	uint8_t code, id;
	const uint8_t *whole; /* with its header */
	size_t len;
	struct rd body;
	uint8_t answer_code; /* what a Configure-Request deserves: with these options */
	struct ls_bytes answer;
};

/* One control protocol (RFC 1661 4). What differs between them is in the table of functions. */
struct cp_kind {
	uint16_t protocol;
	void (*options_write)(struct ppp *p, struct wr *w);
	/* A Configure-Request begins: what an earlier one said is forgotten. */
	void (*request_begin)(struct ppp *p);
	/* One option that the peer asks for: CODE_ACK, CODE_NAK (the value we want is in nak) or
	 * CODE_REJECT. */
	unsigned (*option_judge)(struct ppp *p, uint8_t type, struct rd *value, struct wr *nak);
	/* After a request was judged: the link hears itself. */
	bool (*request_hopeless)(const struct ppp *p);
	/* One option of ours that was refused. nak: with the peer's value. */
	void (*option_refused)(struct ppp *p, uint8_t type, struct rd *value, bool nak);
	void (*echo)(struct ppp *p, const struct cp_packet *k);         /* ser */
	void (*opened)(struct ppp *p, ls_time now);                     /* tlu */
	void (*down)(struct ppp *p, ls_time now);                       /* tld */
	void (*ended)(struct ppp *p, enum ls_cause cause, ls_time now); /* tlf */
	/* What a Terminate-Request says for people to read (5.5), and whoever asks a protocol that
	 * is closed; NULL: nothing. */
	const char *(*goodbye)(const struct ppp *p);
};
struct cp {
	const struct cp_kind *kind;
	enum cp_state state;
	uint8_t serial; /* identifier of the last packet that was ours to number */
	uint8_t id;     /* of the last Configure-Request */
	bool waiting;   /* which was not answered yet */
	uint8_t request[REQUEST_MAX], request_len; /* its options */
	unsigned counter;                          /* restart counter: how often more */
	unsigned sent;                             /* since it was set */
	unsigned naks, refusals;
	uint8_t nak_id;      /* with naks: of the last request that got one */
	enum ls_cause cause; /* why it goes down */
	char said[SAID_MAX]; /* what the peer's Terminate-Request says; printable */
	unsigned again;      /* tries of a whole negotiation that came to nothing */
	ls_time at;          /* of the restart timer; in Stopped: of another try */
};

struct queued {
	struct ppp_request r;
	struct queued *next;
	uint8_t bytes[]; /* of SEND and PROBE */
};

enum phase { PHASE_LCP, PHASE_AUTH, PHASE_NETWORK, PHASE_ENDING, PHASE_DEAD };

struct ppp {
	struct ppp_config config;
	struct ls_random random;
	struct ppp_link link;
	enum phase phase;
	enum ls_cause cause; /* why it ends */
	char why[LS_EVENT_TEXT_MAX];
	struct cp lcp, ipcp, ipv6cp;
	struct queued *first, **last, *handed;
	unsigned requests;
	uint64_t next_id, make_id, check_id, address_id; /* questions under way; 0 = none */
	/* LCP */
	uint32_t magic, peer_magic;
	unsigned loops; /* requests with our own magic number */
	bool looped;    /* an echo of ours came back as the peer's */
	bool ask_mru, ask_magic, ask_compress;
	uint8_t we_require, we_prove; /* enum ppp_auth: towards us, of us */
	/* authentication */
	bool peer_proven, we_are_proven;
	uint8_t challenge[16], chap_id; /* ours */
	unsigned chap_tries;
	ls_time chap_at;
	struct ppp_auth_request theirs;          /* the peer's response to it */
	uint8_t success[64], success_len;        /* our verdict, to be said again */
	struct ppp_auth_request asked;           /* the peer's challenge */
	uint8_t response[V2_SIZE], response_len; /* ours, to be said again */
	uint8_t proof[20];                       /* what the peer's Success must say (MS-CHAPv2) */
	bool proof_due;
	/* network */
	bool ask_address, ask_dns[2];
	enum ls_cause denied; /* remote4 was asked for, and there was none */
	ls_time address_at;   /* until it is asked for again */
	char no_ipv4[LS_EVENT_TEXT_MAX];
	bool lent; /* remote4 was asked for, for this user */
	uint8_t local_id[8];
	ls_time limit_at;  /* until when the link must be up */
	ls_time report_at; /* until when the other network protocol is waited for */
	bool reported;
	/* echo */
	ls_time heard, echo_at;
	unsigned echoes;
	uint8_t echo_id;
	/* the last probe; size 0: it was answered, or there is none */
	struct {
		size_t size;
		uint32_t cookie;
		uint8_t id;
	} probe;
	struct ls_counters *counters; /* 8 KB: made when there is something to count */
};

/* ppp.c */
void ppp_count(struct ppp *p, enum ls_cause cause);
/* A link that has not begun to talk. */
struct ppp *ppp_blank(const struct ppp_config *config, const struct ls_random *random, ls_time now);
/* How long a silence is before an echo; LS_NEVER: for ever. */
ls_time ppp_echo_every(const struct ppp *p);
struct ppp_request *ppp_request_add(struct ppp *p, enum ppp_request_kind kind);
/* A packet of a control protocol that says it is `padding` bytes longer than it is; its request for
 * the caller to change, or NULL. */
struct ppp_request *ppp_packet_add(struct ppp *p, uint16_t protocol, uint8_t code, uint8_t id,
                                   const void *body, size_t len, size_t padding);
/* A packet of a control protocol: code, id and body. */
void ppp_send(struct ppp *p, uint16_t protocol, uint8_t code, uint8_t id, const void *body,
              size_t len);
/* The link is ending, and why; what was under way is given up. */
void ppp_ending(struct ppp *p, enum ls_cause cause, const char *why);
/* Ends the link: Terminate-Request, then DOWN. */
void ppp_fail(struct ppp *p, enum ls_cause cause, const char *why, ls_time now);
void ppp_authenticated(struct ppp *p, ls_time now);
/* The network protocols that may begin do. */
void ppp_network_open(struct ppp *p, ls_time now);
/* A network protocol is open; the other one is waited for a little, so that the interface is set up
 * once. */
void ppp_report_up(struct ppp *p, ls_time now);

/* ppp_cp.c */
/* k: the packet that it is about; NULL for the events that are not. */
void ppp_cp_event(struct ppp *p, struct cp *cp, enum cp_event event, const struct cp_packet *k,
                  ls_time now);
void ppp_cp_input(struct ppp *p, struct cp *cp, struct cp_packet *k, ls_time now);
void ppp_cp_tick(struct ppp *p, struct cp *cp, ls_time now);
/* Something is under way: the restart timer runs. */
bool ppp_cp_busy(const struct cp *cp);

/* "the peer says: ...", or "" when it said nothing; gives out. */
const char *ppp_cp_said(const struct cp *cp, char *out, size_t cap);

/* ppp_lcp.c, ppp_ncp.c, ppp_chap.c */
extern const struct cp_kind ppp_lcp_kind, ppp_ipcp_kind, ppp_ipv6cp_kind;
/* LNS: an address for the caller, or why there is none. */
void ppp_address_answered(struct ppp *p, const struct ppp_answer *a, ls_time now);
void ppp_address_ask(struct ppp *p);
/* Ends a link that is of no use without IPv4, when there will be none. */
void ppp_ipv4_check(struct ppp *p, ls_time now);
void ppp_chap_start(struct ppp *p, ls_time now);
void ppp_chap_input(struct ppp *p, uint8_t code, uint8_t id, struct rd body, ls_time now);
void ppp_chap_tick(struct ppp *p, ls_time now);
void ppp_chap_made(struct ppp *p, const struct ppp_answer *a, ls_time now);
void ppp_chap_checked(struct ppp *p, const struct ppp_answer *a, ls_time now);

#endif
