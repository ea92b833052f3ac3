/* PPP (RFC 1661 and friends): LCP, CHAP-MD5, MS-CHAPv2, IPCP, IPV6CP over any byte carrier. No I/O,
 * no passwords: it asks. */
#ifndef PPP_PPP_H
#define PPP_PPP_H

#include "lib/addr.h"
#include "lib/bytes.h"
#include "lib/cause.h"
#include "lib/event.h"
#include "lib/random.h"
#include "lib/time.h"
#include "lib/wire.h"

/* One link. Frames are PPP frames as L2TP carries them: no flags, no FCS, no stuffing; with or
 * without ff 03 (RFC 2661 3.1). */
struct ppp;

enum { PPP_NAME_MAX = 128, PPP_FRAME_MAX = 9220, PPP_PREFIX_MAX = 4 };

enum ppp_auth {
	PPP_AUTH_NONE = 0,
	PPP_AUTH_CHAP_MD5 = 1,
	PPP_AUTH_MSCHAPV2 = 2
}; /* bits of a set */

/* Plain data, copied. */
struct ppp_config {
	uint32_t tunnel;
	bool caller; /* LAC side: authenticates itself with `name`, takes addresses; else LNS side
	              */
	char name[PPP_NAME_MAX];     /* caller: user name; LNS: the name in our challenge */
	char expected[PPP_NAME_MAX]; /* LNS: the only user name that may call here; "" = any that
	                                `keys` accepts */
	uint8_t require; /* set of methods that the peer must use towards us, 0 = none (LNS: usually
	                    MSCHAPV2 | CHAP_MD5; best first is ours) */
	uint8_t accept;  /* set of methods that we agree to prove ourselves by */
	uint16_t mru;    /* what we can receive; 0 = 1500 */
	bool compress_header;           /* ask for ACFC and PFC (between our own gateways) */
	struct ls_addr local4, remote4; /* family 0: take what the peer says / not ours to give */
	struct ls_addr dns4[2];         /* LNS: to hand out; family 0 = none */
	bool want_dns;                  /* caller: ask for DNS servers */
	bool ipv4,
		ipv6; /* which network protocols to bring up; IPV6CP failing never ends the link */
	bool need_ipv4; /* nor does IPCP, while IPv6 is there, unless this is set: then the link is
	                   up only with IPv4 */
	uint8_t interface_id[8];  /* IPV6CP; all zero: drawn */
	uint32_t echo_interval_s; /* silence before an LCP echo; 0 = 30; UINT32_MAX = never */
	uint8_t echo_failures;    /* unanswered echoes before the link counts as dead; 0 = 4 */
	uint16_t restart_ms;      /* restart timer; 0 = 1000, doubling to 3000 (RFC 1661 4.6) */
};

struct ppp *ppp_new(const struct ppp_config *config, const struct ls_random *random,
                    ls_time now); /* starts LCP at once */
void ppp_free(struct ppp *ppp);
/* Terminate-Request, then PPP_REQ_DOWN when it is answered or given up. */
void ppp_close(struct ppp *ppp, enum ls_cause cause, ls_time now);
/* Why the link is ending or has ended; CAUSE_NONE while it is not. *text: details for people, the
 * engine's. A carrier that goes before PPP_REQ_DOWN came asks for it. */
enum ls_cause ppp_why(const struct ppp *ppp, const char **text);
/*
 * Why a link that is up has no IPv4, although that is wanted: PPP_NO_IPV4, or what the answer to
 * PPP_REQ_ADDRESS said. CAUSE_NONE when it has, and while IPCP may still succeed. *text: details
 * for people, until the next call. Both sides try again: the LNS asks for an address at times, the
 * caller asks the peer, with longer and longer pauses.
 */
enum ls_cause ppp_no_ipv4(struct ppp *ppp, const char **text);
/*
 * Sends an LCP Echo-Request (RFC 1661 5.8) that is `size` bytes long, from its code on: as long as
 * an IP packet of that size, behind a frame's longest header. Its answer shows that such a packet
 * arrives, and comes back as long if the peer is one that returns all of the data. The same size
 * again is the same question; another one takes its place. That no answer comes says nothing about
 * the peer. false when the link is not open, or the size below PPP_PROBE_MIN or beyond what the
 * peer receives.
 */
bool ppp_probe(struct ppp *ppp, size_t size);
enum { PPP_PROBE_MIN = 12 };
/* LNS: an address may be free again. A link that was denied one asks at once. */
void ppp_address_again(struct ppp *ppp, ls_time now);
/* A frame of any protocol but 0x0021 and 0x0057 data, which the packet path takes out
 * (ppp_data_parse); a data frame here is counted as unexpected. */
void ppp_input(struct ppp *ppp, const uint8_t *frame, size_t len, ls_time now);
/* Data came in: a sign of life. Tell at most once a second. */
void ppp_heard(struct ppp *ppp, ls_time now);
void ppp_tick(struct ppp *ppp, ls_time now);
ls_time ppp_deadline(const struct ppp *ppp);

enum ppp_request_kind {
	PPP_REQ_SEND = 1,   /* a frame (with ff 03 and the protocol in front) */
	PPP_REQ_AUTH_MAKE,  /* wants our response computed: answer with .ok and .value */
	PPP_REQ_AUTH_CHECK, /* wants a response checked: answer with .ok, and for MS-CHAPv2 .value =
	                       the 20-byte authenticator response */
	PPP_REQ_ADDRESS, /* LNS without remote4: wants an address for the authenticated user: answer
	                    with .address (family 0: none), .dns */
	PPP_REQ_UP, /* a network protocol is open: see `link` (sent again when another one opens) */
	PPP_REQ_DOWN, /* the link has ended; free it */
	PPP_REQ_EVENT,
	PPP_REQ_PROBE,  /* a frame as with SEND, and behind it `padding` bytes of any kind: a probe
	                   of  `size` bytes, which nothing may cut on the way */
	PPP_REQ_PROBED, /* the peer answers a probe of `size` bytes */
};

struct ppp_auth_request {
	enum ppp_auth method;
	uint8_t id;              /* CHAP identifier */
	char user[PPP_NAME_MAX]; /* whose password */
	uint8_t challenge[64];   /* authenticator's challenge */
	uint8_t challenge_len;
	uint8_t response[49]; /* CHECK: CHAP-MD5 16 bytes, MS-CHAPv2 49 bytes (RFC 2759 4) */
	uint8_t response_len;
	uint8_t peer_challenge[16]; /* MAKE MS-CHAPv2: drawn by us */
};

/* What is agreed so far; what the packet path and the interface need. */
struct ppp_link {
	bool ipv4, ipv6; /* open */
	struct ls_addr local4, remote4, dns4[2];
	uint8_t local_id[8], remote_id[8]; /* IPv6 interface identifiers */
	uint16_t peer_mru;                 /* most that we may send */
	bool send_acfc, send_pfc;          /* what we may leave out when sending */
	char user[PPP_NAME_MAX];           /* LNS: the authenticated caller */
};

struct ppp_request {
	enum ppp_request_kind kind;
	uint64_t id;           /* of AUTH_MAKE, AUTH_CHECK, ADDRESS: to be answered; else 0 */
	struct ls_bytes bytes; /* SEND, PROBE: the engine's, until its next call */
	size_t padding;        /* PROBE; else 0 */
	size_t size;           /* PROBE, PROBED */
	struct ppp_auth_request auth;
	struct ppp_link link;  /* UP; ADDRESS: user */
	enum ls_cause cause;   /* DOWN */
	struct ls_event event; /* EVENT; DOWN: text */
};

struct ppp_answer {
	bool ok;
	enum ls_cause cause; /* why not: PPP_UNKNOWN_USER, PPP_WRONG_PASSWORD, ... */
	uint8_t value[64];   /* MAKE: CHAP-MD5 16, MS-CHAPv2 24 bytes of NT-Response followed by the
	                        20-byte authenticator response to expect; CHECK MS-CHAPv2: 20 */
	uint8_t value_len;
	struct ls_addr address, dns[2]; /* ADDRESS */
};
bool ppp_next(struct ppp *ppp, struct ppp_request *request);
void ppp_answer(struct ppp *ppp, uint64_t id, const struct ppp_answer *answer, ls_time now);
/*
 * Whether this link challenges its peer with these bytes. Such a challenge, sent back to us on this
 * link or another one to have us answer it, is not to be answered (RFC 1994 7).
 */
bool ppp_challenged_with(const struct ppp *ppp, const uint8_t *challenge, size_t size);
const struct ppp_link *ppp_link(const struct ppp *ppp);
/* Valid until the link is freed or counts something. */
const struct ls_counters *ppp_counters(const struct ppp *ppp);

/*
 * The arithmetic of passwords (RFC 1994 4.1, RFC 2759 8), for the process that has them. password:
 * UTF-8.
 */
void ppp_chap_md5(uint8_t id, struct ls_bytes password, struct ls_bytes challenge,
                  uint8_t response[16]);
/* NT-Response, and the authenticator response (20 bytes, binary) that proves the other side knows
 * the password too. false when the password is no UTF-8 or too long. */
bool ppp_mschapv2(struct ls_bytes password, const char *user,
                  const uint8_t authenticator_challenge[16], const uint8_t peer_challenge[16],
                  uint8_t nt_response[24], uint8_t authenticator_response[20]);

/* Data frames, for the packet path. Prefix for an IPv4 (version 4) or IPv6 packet into out; gives
 * 1, 2, 3 or 4 bytes by what the peer allows. */
size_t ppp_data_prefix(const struct ppp_link *link, unsigned ip_version,
                       uint8_t out[PPP_PREFIX_MAX]);
/* The protocol of a frame and where its payload starts, with or without ff 03 and PFC (RFC
 * 1661 6.5, 6.6); false when it is cut short. */
bool ppp_data_parse(const uint8_t *frame, size_t len, uint16_t *protocol, size_t *offset);

/* State of an open link. */
bool ppp_save(const struct ppp *ppp, struct wr *out, ls_time now);
/* A link from saved state, already up; NULL when it does not fit. */
struct ppp *ppp_load(const struct ppp_config *config, const struct ls_random *random,
                     const void *bytes, size_t len, ls_time now);

#endif
