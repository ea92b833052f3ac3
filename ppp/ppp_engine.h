/* Inside of the PPP engine: one link, its control protocols, and what its files share. */
#ifndef PPP_ENGINE_H
#define PPP_ENGINE_H

#include "ppp/ppp.h"

enum {
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
	CODE_DISCARD
};
enum {
	CONFIGURE_TRIES = 10,
	TERMINATE_TRIES = 2,
	NAKS_MAX = 5,
	AUTH_TRIES = 6,
	MESSAGE_MAX = 512,
	REQUESTS_MAX = 64,
	HEAD = 4,
	MRU_DEFAULT = 1500,
	MRU_LEAST = 128
};
#define RESTART_MOST LS_S(3)
#define NCP_AGAIN LS_S(30)

enum cp_state { CP_CLOSED, CP_REQ_SENT, CP_ACK_RCVD, CP_ACK_SENT, CP_OPEN, CP_CLOSING };

struct ppp;

/* One control protocol (RFC 1661 4). What differs between them is in the table of functions. */
struct cp_kind {
	uint16_t protocol;
	void (*options_write)(struct ppp *p, struct wr *w);
	/* One option that the peer asks for: CODE_ACK, CODE_NAK (the value we want is in nak) or
	 * CODE_REJECT. */
	unsigned (*option_judge)(struct ppp *p, uint8_t type, struct rd *value, struct wr *nak);
	/* One option of ours that was refused. nak: with the peer's value. */
	void (*option_refused)(struct ppp *p, uint8_t type, struct rd *value, bool nak);
	void (*opened)(struct ppp *p, ls_time now);
	void (*ended)(struct ppp *p, enum ls_cause cause, ls_time now);
};
struct cp {
	const struct cp_kind *kind;
	enum cp_state state;
	uint8_t id; /* of our last request */
	unsigned tries, naks;
	ls_time at;
};

struct queued {
	struct ppp_request r;
	uint8_t bytes[MESSAGE_MAX];
	struct queued *next;
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
	uint64_t next_id, auth_id, address_id; /* questions under way; 0 = none */
	/* LCP */
	uint32_t magic, peer_magic;
	bool ask_mru, ask_magic, ask_compress;
	uint8_t we_require, we_prove; /* enum ppp_auth: towards us, of us */
	/* authentication */
	bool peer_proven, we_are_proven;
	uint8_t challenge[16], chap_id;
	unsigned chap_tries;
	ls_time chap_at;
	uint8_t proof[20]; /* what the peer's Success must say (MS-CHAPv2) */
	bool proof_due;
	uint8_t made[64], made_len; /* our response, to be said again */
	struct ppp_auth_request asked;
	/* network */
	bool ask_address, ask_dns[2], address_tried;
	uint8_t local_id[8];
	ls_time limit_at;  /* until when the link must be up */
	ls_time report_at; /* until when the other network protocol is waited for */
	bool reported;
	/* echo */
	ls_time heard, echo_at;
	unsigned echoes;
	uint8_t echo_id;
	struct ls_counters counters;
};

/* ppp.c */
struct ppp_request *ppp_request_add(struct ppp *p, enum ppp_request_kind kind);
/* A packet of a control protocol: code, id and body. */
void ppp_send(struct ppp *p, uint16_t protocol, uint8_t code, uint8_t id, const void *body,
              size_t len);
/* Ends the link: Terminate-Request, then DOWN. */
void ppp_fail(struct ppp *p, enum ls_cause cause, const char *why, ls_time now);
void ppp_authenticated(struct ppp *p, ls_time now);
/* A network protocol is open; the other one is waited for a little, so that the interface is set up
 * once. */
void ppp_report_up(struct ppp *p, ls_time now);

/* ppp_cp.c */
void ppp_cp_open(struct ppp *p, struct cp *cp, ls_time now);
void ppp_cp_close(struct ppp *p, struct cp *cp, ls_time now);
void ppp_cp_input(struct ppp *p, struct cp *cp, uint8_t code, uint8_t id, struct rd body,
                  ls_time now);
void ppp_cp_tick(struct ppp *p, struct cp *cp, ls_time now);

/* ppp_lcp.c, ppp_ncp.c, ppp_chap.c */
extern const struct cp_kind ppp_lcp_kind, ppp_ipcp_kind, ppp_ipv6cp_kind;
void ppp_chap_start(struct ppp *p, ls_time now);
void ppp_chap_input(struct ppp *p, uint8_t code, uint8_t id, struct rd body, ls_time now);
void ppp_chap_tick(struct ppp *p, ls_time now);
void ppp_chap_made(struct ppp *p, const struct ppp_answer *a, ls_time now);
void ppp_chap_checked(struct ppp *p, const struct ppp_answer *a, ls_time now);

#endif
