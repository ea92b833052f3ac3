/* IKE (RFC 7296; RFC 2409 later): negotiates SAs with peers. Bytes and time in; messages, questions
 * and SAs out. No I/O. */
#ifndef IKE_IKE_H
#define IKE_IKE_H

#include "lib/addr.h"
#include "lib/algo.h"
#include "lib/bytes.h"
#include "lib/cause.h"
#include "lib/cert.h"
#include "lib/event.h"
#include "lib/life.h"
#include "lib/random.h"
#include "lib/sign.h"
#include "lib/time.h"
#include "lib/unreach.h"
#include "lib/wire.h"

/*
 * One engine holds all IKE SAs of a gateway. The owner calls ike_input/ike_tick/ike_start/..., then
 * pulls ike_next() until it gives false, carries out each request, and answers those that carry a
 * request id with ike_answer(). Nothing calls back. Bytes in a request belong to the engine and
 * last until the next call into it.
 *
 * A tunnel is one configured peer (PAD entry + what to negotiate with it), named by the owner's
 * number. A chain is a line of CHILD SA pairs that succeed each other by rekeying; the engine
 * numbers chains from 1 on, never reused in its life (nor in that of an engine that loads its
 * state).
 */
struct ike;

enum {
	IKE_PEER_ADDRESSES_MAX = 8,
	IKE_PROPOSALS_MAX = 8,
	IKE_TRANSFORMS_MAX = 24,
	IKE_IDENTITY_MAX = 256,
	IKE_MESSAGE_MAX = 65535,
	IKE_KEYMAT_MAX = 160,
	IKE_CERTS_MAX = CERT_CHAIN_MAX,
	IKE_PPK_ID_MAX = 128,
	IKE_PPKS_MAX = 8,
	IKE_TOKEN_MIN = 16, /* octets of a token (RFC 6290 5) */
	IKE_TOKEN_MAX = 128,
	IKE_GATEWAY_MAX = 255, /* octets of a gateway's identity (RFC 5685 9.2) */
	IKE_GATEWAY_TEXT_MAX = IKE_GATEWAY_MAX + 1
};

/* One vocabulary for both versions. Values are IKEv2's ID types (RFC 7296 3.5). */
enum ike_id_type {
	IKE_ID_ANY = 0,
	IKE_ID_IPV4 = 1,
	IKE_ID_FQDN = 2,
	IKE_ID_EMAIL = 3,
	IKE_ID_IPV6 = 5,
	IKE_ID_DN = 9,
	IKE_ID_KEY = 11
};

/* An identity: text for FQDN and e-mail, 4 or 16 bytes for addresses, DER for a DN. As an expected
 * identity a FQDN may start with "*.", and ANY matches all. */
struct ike_identity {
	enum ike_id_type type;
	uint16_t len;
	uint8_t data[IKE_IDENTITY_MAX];
};
/* From config text: an address, "@fqdn" or fqdn, a@b, "keyid:...", a DN such as "O=Bank, CN=reno";
 * false when it is too long, empty or no DN though it has a '='. */
bool ike_identity_parse(const char *text, struct ike_identity *out);
/* Printable, at most cap bytes with the NUL; unprintable bytes are escaped. */
const char *ike_identity_text(const struct ike_identity *id, char *out, size_t cap);
bool ike_identity_matches(const struct ike_identity *expected, const struct ike_identity *seen);

/* The identity of a gateway that a caller is sent to: an address, or a name for DNS (RFC 5685 9.2).
 */
enum ike_gateway_type {
	IKE_GATEWAY_NONE = 0,
	IKE_GATEWAY_IPV4 = 1,
	IKE_GATEWAY_IPV6 = 2,
	IKE_GATEWAY_FQDN = 3
};
struct ike_gateway {
	uint8_t type, len;
	uint8_t data[IKE_GATEWAY_MAX];
};
/* false: it is neither an address of a host nor a name. */
bool ike_gateway_parse(const char *text, struct ike_gateway *out);
const char *ike_gateway_text(const struct ike_gateway *g, char out[IKE_GATEWAY_TEXT_MAX]);

enum ike_version { IKE_V2 = 2, IKE_V1 = 1 };
enum ike_auth_method { IKE_AUTH_PSK = 1, IKE_AUTH_CERT = 2 };
/* A set of them. */
#define IKE_AUTH_SET(method) ((uint8_t)(1u << (method)))

/* Algorithms in order of preference; ids of one kind are alternatives. AEAD and non-AEAD ciphers
 * may not share a proposal. */
struct ike_proposal {
	uint16_t algo[IKE_TRANSFORMS_MAX]; /* enum algo_id: ENCR, PRF, INTEG, KE rows; a CHILD
	                                      proposal has no PRF, KE = PFS groups for rekeying */
	uint8_t count;
	bool esn;    /* CHILD: offer ESN before 32-bit numbers */
	bool no_esn; /* CHILD: 32-bit numbers allowed */
};

/* The name of a post-quantum preshared key (RFC 8784 5.1): what follows the octet of its type,
 * which is PPK_ID_FIXED. len 0: none. */
struct ike_ppk_id {
	uint8_t len;
	uint8_t data[IKE_PPK_ID_MAX];
};
/* From config text: false when it is empty or too long. */
bool ike_ppk_id_parse(const char *text, struct ike_ppk_id *out);
/* Printable, as with identities. */
const char *ike_ppk_id_text(const struct ike_ppk_id *id, char *out, size_t cap);

/* What the owner wants with one peer. Plain data, copied. */
struct ike_peer {
	uint32_t tunnel; /* not 0 */
	enum ike_version version;
	enum ike_auth_method auth; /* how we prove ourselves */
	uint8_t peer_auth;         /* how the peer may: a set (IKE_AUTH_SET); 0: as we do */
	bool rsa_pkcs1; /* an RSA key signs with the older padding (PKCS#1 v1.5), not PSS */
	struct ike_identity local_id;                  /* must be given */
	struct ike_identity remote_id;                 /* expected; ANY allowed */
	struct ls_addr remote[IKE_PEER_ADDRESSES_MAX]; /* tried in turn; family 0 entries are
	                                                  ignored; none: respond only */
	struct ls_addr local; /* our source address if fixed; family 0: the owner fills it in when
	                         it sends (see IKE_REQ_SEND) */
	struct ike_proposal ike[IKE_PROPOSALS_MAX], child[IKE_PROPOSALS_MAX];
	uint8_t ike_count, child_count; /* 0: the built-in default proposals */
	/* RFC 8784: the PPKs that may be used with this peer. We call with the first one, and take
	 * any of them from who calls us. Required: no IKE SA without one. */
	struct ike_ppk_id ppk[IKE_PPKS_MAX];
	uint8_t ppk_count;
	bool ppk_required;
	bool tunnel_mode; /* false: transport mode for L2TP, traffic selectors UDP 1701 both ends
	                     (RFC 3193) */
	bool ah;          /* AH (RFC 4302) instead of ESP: `child` names INTEG algorithms, and KE; a
	                     peer behind a NAT is refused with AH_NAT */
	bool mobike;      /* it may move to another address of the caller's (RFC 4555) */
	bool follow_redirects; /* calling: the peer may send us to another gateway (RFC 5685) */
	bool force_udp;        /* encapsulate in UDP even without a NAT (as if one were found) */
	uint32_t ike_life_s;   /* 0 = 8 h */
	/* who calls us has to prove itself anew after so long (RFC 4478); 0: never */
	uint32_t auth_life_s;
	struct life_limits child_life;  /* all 0 = 1 h and nothing else */
	uint32_t dpd_idle_s;            /* probe after so long without any sign of life; 0 = 30 */
	uint32_t replay_window_packets; /* handed through to the SA */
	uint16_t fragment_size;         /* IP packet size that IKE fragments aim at; 0 = 1280 */
	uint16_t retry_first_ms;        /* first retransmission; 0 = 500 */
	uint8_t retry_count;            /* tries before a peer counts as dead; 0 = 8 */
};

struct ike_limits {
	uint32_t max_ike_sas;   /* 0 = 4096 */
	uint32_t max_half_open; /* 0 = 512 */
	/* half-open SAs from which on cookies are asked; 0 = an eighth of the most */
	uint32_t cookie_threshold;
	uint32_t max_half_open_per_source; /* 0 = 32; as many again with a cookie */
	uint32_t max_ike_sas_per_tunnel;   /* of peers that proved themselves; 0 = 256 */
};

/* What all peers with IKE_AUTH_CERT are shown, and asked for. */
struct ike_credentials {
	const struct ls_bytes *certs;     /* ours first, then those up to the CA, in DER */
	unsigned cert_count;              /* 0: we have none; at most IKE_CERTS_MAX */
	enum sign_key key;                /* what ours was issued for, */
	uint8_t key_id[SIGN_KEY_ID_SIZE]; /* and its name for `keys` (sign_key_id) */
	/* CERT_AUTHORITY_SIZE bytes each: the CAs that we trust, for CERTREQ; and those that our
	 * chain leads to, to see whether a peer's CERTREQ has one of them (none: not known). */
	struct ls_bytes trusted, above;
};

struct ike *ike_new(const struct ike_limits *limits, const struct ls_random *random);
void ike_free(struct ike *ike);
/* Others from now on. What there is stays, also where it is more than may be: only new SAs are
 * refused. */
void ike_limits_set(struct ike *ike, const struct ike_limits *limits);
/* Replaces them; they are copied. SAs that stand stay. false without memory: there are none then.
 */
bool ike_credentials_set(struct ike *ike, const struct ike_credentials *credentials);

/*
 * Adds or replaces a peer. A replacement that changes what was negotiated (identities, proposals,
 * mode) ends its SAs with CONFIG_CHANGED; any other change leaves them alone. CAUSE_NONE or
 * IKE_BAD_PROPOSAL, IKE_MAJOR_VERSION (a version or method that is not built), LIMIT_REACHED,
 * NO_MEMORY.
 */
enum ls_cause ike_peer_set(struct ike *ike, const struct ike_peer *peer, ls_time now);
/* Forgets the peer; its SAs are deleted with a message to the peer. */
void ike_peer_remove(struct ike *ike, uint32_t tunnel, enum ls_cause cause, ls_time now);

/* Brings up IKE SA and CHILD SA for the tunnel as initiator. Harmless when it is up or coming up.
 * Ends in IKE_REQ_UP or IKE_REQ_DOWN. */
void ike_start(struct ike *ike, uint32_t tunnel, ls_time now);
/* Takes all of the tunnel's SAs down with Delete messages. */
void ike_stop(struct ike *ike, uint32_t tunnel, enum ls_cause cause, ls_time now);
/* Takes one chain down (its CHILD SAs; the IKE SA too when it was the last one). */
void ike_chain_end(struct ike *ike, uint32_t chain, enum ls_cause cause, ls_time now);
/* The owner's gateway lost all SAs (it was restarted): CHILD SAs are deleted at the peers and, for
 * tunnels that we initiate, made anew as new chains. */
void ike_children_lost(struct ike *ike, ls_time now);
/* All SAs of all peers go, with Delete messages (the daemon ends), and no new ones come. */
void ike_shutdown(struct ike *ike, ls_time now);
/* After that: whether a Delete still waits for the peer's answer to what we asked before (RFC
 * 7296 2.3). */
bool ike_farewells(const struct ike *ike);

/*
 * Quick crash detection (RFC 6290), off at first: our peers get tokens, what they send in SAs that
 * nobody knows here any more is answered with the SA's token, and an SA whose peer shows its token
 * ends at once with IKE_PEER_RESTARTED.
 */
void ike_qcd_set(struct ike *ike, bool on);

/*
 * Redirect (RFC 5685): who calls for that tunnel (0: for any, and the IKE_SA_INIT of whoever
 * calls), and who has called and stands, is sent to that gateway, if it follows redirects.
 * IKE_GATEWAY_NONE: not any more. A tunnel's own holds before that for all.
 */
void ike_redirect_set(struct ike *ike, uint32_t tunnel, const struct ike_gateway *to, ls_time now);
/* Where callers are sent for which there is no room; IKE_GATEWAY_NONE (at first): nowhere. */
void ike_redirect_when_full(struct ike *ike, const struct ike_gateway *to);

/* A datagram from UDP 500 or 4500. */
struct ike_datagram {
	struct ls_addr local, remote; /* as received: our address and port, the peer's */
	const uint8_t *bytes; /* on port 4500 with the non-ESP marker in front: set marked */
	size_t len;
	bool marked; /* it came with four zero bytes in front (and they are still there) */
};
void ike_input(struct ike *ike, const struct ike_datagram *datagram, ls_time now);
void ike_tick(struct ike *ike, ls_time now);
ls_time ike_deadline(const struct ike *ike);

/* What the packet path tells IKE. */
void ike_child_expiring(struct ike *ike, uint32_t spi_in, ls_time now); /* a soft limit: rekey */
void ike_child_expired(struct ike *ike, uint32_t spi_in,
                       ls_time now); /* a hard limit: delete, unless a successor stands or comes */
void ike_child_heard(
	struct ike *ike, uint32_t spi_in,
	ls_time now); /* verified traffic came in: a sign of life (tell at most once a second) */
void ike_child_moved(struct ike *ike, uint32_t spi_in, const struct ls_addr *remote,
                     ls_time now); /* verified traffic came from a new address */
/* This host reaches the tunnel's peer from `fresh` now, not from `local`: SAs that both sides can
 * move go on from there (MOBIKE; IKE_REQ_MOVED, and an event), others end without a word that could
 * not be sent (to be started anew). true: none was lost. */
bool ike_path_moved(struct ike *ike, uint32_t tunnel, const struct ls_addr *local,
                    const struct ls_addr *fresh, enum ls_cause cause, ls_time now);
/* The owner doubts that the peer is there (what it sends gets no answer): only a reason to probe.
 */
void ike_doubt(struct ike *ike, uint32_t tunnel, ls_time now);
/*
 * ICMP says (`by` does) that nobody can be reached at `remote`, where we have sent something; port
 * 0: whatever the port. Nobody vouches for that: an SA there whose peer stays silent is probed,
 * seldom enough that a flood costs nothing; what is being dialled goes on as it would, only sooner
 * to the peer's next address; and where it ends in silence the text says what was heard.
 */
void ike_unreachable(struct ike *ike, const struct ls_addr *remote, const struct ls_addr *by,
                     enum ls_unreach kind, ls_time now);

/*
 * The packet path got ESP or AH with an SPI that it does not know. Unless an IKE SA with a peer
 * there stands, who sent it is told (RFC 7296 1.5), so that it asks for its IKE SA. Addresses with
 * port 0: no UDP was around it. Limited in number.
 */
void ike_stray(struct ike *ike, uint32_t spi, bool ah, const struct ls_addr *local,
               const struct ls_addr *remote, ls_time now);

/* Whether messages are put into words (IKE_REQ_TRACE) from now on, all of them; off at first. Those
 * that cannot be opened are not among them. */
void ike_trace(struct ike *ike, bool on);

enum ike_request_kind {
	IKE_REQ_SEND = 1, /* a datagram */
	IKE_REQ_SPI, /* wants an inbound SPI from the SAD: answer with .spi (0: none to be had) */
	/*
	 * Wants an AUTH value made or checked: a preshared key's, and signatures of ours, by
	 * `keys`; a peer's certificates and signature by whoever holds the CAs (and no key). Answer
	 * with .ok, and .bytes when making.
	 */
	IKE_REQ_AUTH,
	/* Wants a PPK mixed into keys of a new IKE SA, by `keys`: answer with .ok, and .bytes: the
	 * three keys one after the other, each as long as before. */
	IKE_REQ_PPK,
	IKE_REQ_TOKEN, /* wants a token by which a peer sees that we have begun anew, made by
	                  `keys`:   answer with .ok and .bytes */
	/* Wants the address of the gateway that we were sent to (for a name: one that can be
	 * reached), and ours to reach it: answer with .ok, .remote and .local, or .cause. */
	IKE_REQ_GATEWAY,
	IKE_REQ_INSTALL, /* a CHILD SA pair: answer with .ok and .cause */
	IKE_REQ_SWITCH,  /* send on this pair from now on (its number in spi_in) */
	IKE_REQ_REMOVE,  /* end this pair */
	IKE_REQ_RELEASE, /* an SPI that was reserved and is not needed */
	IKE_REQ_UP,      /* a chain has come up: L2TP may start */
	/*
	 * A chain has ended, or (chain 0) an attempt that ike_start() began, once, with its cause
	 * and what is known in text. What callers get wrong before they have proved who they are is
	 * an EVENT with the same causes: strangers cannot end anything.
	 */
	IKE_REQ_DOWN,
	IKE_REQ_MOVED,    /* the peer of an IKE SA has a new address: all its chains' SAs follow */
	IKE_REQ_EVENT,    /* for log and history */
	IKE_REQ_PROGRESS, /* a step of bringing up the tunnel, for people (`l2tpsecctl up`): text */
	IKE_REQ_TRACE,    /* a message that was sent or has come, for people: see ike_trace() */
};

enum ike_auth_op { IKE_AUTH_MAKE, IKE_AUTH_CHECK };

/*
 * The parts of the signed octets with their meaning (RFC 7296 2.15): `keys` builds the octets
 * itself, so that nothing arbitrary can be signed. octets = message | nonce | id_mac;  AUTH =
 * prf(prf(PSK, "Key Pad for IKEv2"), octets), or a signature over them.
 */
struct ike_auth_request {
	enum ike_auth_op op;
	enum ike_auth_method method;
	enum algo_id prf;
	struct ike_identity local_id,
		remote_id;       /* which PSK; remote_id is what the peer said it is */
	struct ls_bytes message; /* IKE_SA_INIT message of the signing side, whole */
	struct ls_bytes nonce;   /* of the other side */
	struct ls_bytes id_mac;  /* prf(SK_p, ID body) of the signing side */
	struct ls_bytes auth;    /* IKE_AUTH_CHECK: the value received */
	/* IKE_AUTH_CERT, making: how to sign (bytes: what follows the method in AUTH), with which
	 * key */
	enum sign_scheme scheme;
	uint8_t key_id[SIGN_KEY_ID_SIZE];
	/* checking: the method's number in AUTH, and the certificates, the peer's own first. That
	 * remote_id is in it has to be checked too. */
	uint8_t wire_method;
	struct ls_bytes certs[IKE_CERTS_MAX];
	unsigned cert_count;
};

/* SK_d = prf+(PPK, SK_d'), and SK_pi and SK_pr likewise (RFC 8784 3). */
struct ike_ppk_request {
	enum algo_id prf;
	struct ike_ppk_id id; /* one of the peer's */
	struct ls_bytes sk_d, sk_pi, sk_pr;
};

/*
 * What a token (RFC 6290) is made of, so that it can be made again from a secret that outlives us,
 * for this SA and in this direction alone: the IKE SA's SPIs, which side of it we are, and where
 * the peer is (5.2).
 */
struct ike_token_request {
	uint64_t spi_i, spi_r;
	bool initiator;
	struct ls_addr peer; /* port 0 */
};

/* A CHILD SA pair to install: the fields of esp_sa_params, said without knowing esp/. */
struct ike_child_sa {
	uint32_t spi_in, spi_out;
	enum algo_id encr, integ; /* encr is ALGO_NONE with AH, and with nothing else */
	bool esn;
	bool tunnel_mode;
	bool udp;
	bool behind_nat; /* we are the side behind the NAT: the peer's address is not followed */
	bool initiator;  /* of the exchange that made this pair: rekeys first */
	bool no_tfc;     /* the peer takes no TFC padding (RFC 7296 1.3.1); never with AH */
	bool replaces;   /* successor within its chain: install for receiving now, send on it only
	                    after IKE_REQ_SWITCH or its first use */
	struct ls_addr local, remote;         /* outer; with ports 4500 or floated ones when udp */
	struct ls_prefix ts_local, ts_remote; /* narrowed selectors; with NAT the substituted
	                                         addresses (RFC 7296 2.23.1) */
	uint8_t ts_protocol;                  /* 17 for L2TP */
	uint16_t ts_local_port_low, ts_local_port_high, ts_remote_port_low, ts_remote_port_high;
	struct life_limits life;
	uint32_t replay_window_packets;
	struct ls_bytes keymat_in,
		keymat_out; /* in esp_sa_params' order; wiped by the engine after the next call */
};

/* A message in words. */
struct ike_traced {
	bool sent, response;
	uint8_t exchange; /* its type (RFC 7296 3.1) */
	uint32_t id;      /* the message's */
	struct ls_bytes
		text; /* "HDR, SK {IDi, AUTH, SAi2, TSi, TSr}", or "the same again"; no NUL */
	struct ls_bytes details; /* what the payloads say, with "; " between */
};

struct ike_request {
	enum ike_request_kind kind;
	uint64_t id;     /* of SPI, AUTH, PPK, TOKEN, GATEWAY, INSTALL: to be answered; else 0 */
	uint32_t tunnel; /* 0 when no peer is known yet */
	uint32_t chain; /* INSTALL, SWITCH, REMOVE, UP, DOWN (0: no chain came to be), MOVED (0: all
	                   chains of the tunnel) */
	uint32_t spi_in, spi_out; /* SWITCH, REMOVE, RELEASE (spi_in) */
	/* SEND: from local (family 0: any address of ours; port always set) to remote. Bytes
	 * include the non-ESP marker where it belongs. MOVED: the new addresses. UP: the peer's
	 * outer address. */
	struct ls_addr local, remote;
	struct ls_bytes bytes;
	enum ls_cause cause; /* DOWN, REMOVE */
	bool initiator;      /* UP: we initiated the IKE SA */
	bool continued; /* UP: another chain of the same tunnel and identity was replaced by this
	                   one (`old_chain`): what ran on it may move over */
	uint32_t old_chain; /* UP, not continued: this one is with another gateway (RFC 5685), and
	                       what runs on that one has to end; it goes soon. 0: there is none */
	struct ike_identity
		peer_id; /* UP, DOWN: as authenticated, or as claimed; type ANY: unknown */
	struct ike_auth_request auth;   /* AUTH */
	struct ike_ppk_request ppk;     /* PPK */
	struct ike_token_request token; /* TOKEN */
	struct ike_gateway gateway;     /* GATEWAY */
	struct ike_child_sa child;      /* INSTALL */
	struct ike_traced trace; /* TRACE, with tunnel (0: not known yet), local and remote */
	struct ls_event event;   /* EVENT; DOWN and PROGRESS use event.text too */
};

struct ike_answer {
	uint32_t spi;                 /* SPI */
	bool ok;                      /* AUTH (made, or the value is right), PPK, INSTALL */
	enum ls_cause cause;          /* why not: IKE_NO_PSK, ... */
	struct ls_bytes bytes;        /* AUTH made, PPK, TOKEN (IKE_TOKEN_MIN to IKE_TOKEN_MAX) */
	const char *text;             /* AUTH: details of the cause; NULL: none */
	struct ls_addr local, remote; /* GATEWAY: port 0; local of family 0: any */
	/* AUTH checked, IKE_AUTH_CERT */
	enum sign_scheme scheme;
	const struct cert_info *cert;
};

/* The next request; false when there is none. */
bool ike_next(struct ike *ike, struct ike_request *request);
/* Unknown or outdated ids are ignored (the SA may have ended meanwhile). */
void ike_answer(struct ike *ike, uint64_t id, const struct ike_answer *answer, ls_time now);

/* For status: one entry per IKE SA; index 0.. until false. */
struct ike_sa_view {
	uint32_t tunnel;
	enum ike_version version;
	const char *state; /* "half-open", "established", "rekeying", "deleting" */
	uint64_t spi_i, spi_r;
	bool initiator, nat_local, nat_remote, fragmentation;
	bool mobike;                    /* it can move with the caller's address, */
	bool moving;                    /* and has, but the peer has not answered from there yet */
	bool redirect;                  /* who called follows redirects */
	struct ls_addr redirected_from; /* the gateway that sent the caller here; family 0: none */
	enum algo_id encr, prf, integ, ke;
	struct ls_addr local, remote;
	struct ike_identity peer_id;
	enum ike_auth_method auth, peer_auth; /* 0: not proven yet, or not known any more */
	enum sign_scheme scheme, peer_scheme; /* of IKE_AUTH_CERT */
	const struct cert_info *peer_cert;    /* NULL: none; until the engine's next call */
	bool ppk;                             /* made with a PPK (also before a rekey), */
	struct ike_ppk_id ppk_id;             /* this one; len 0: not known any more */
	ls_time born, soft_at, hard_at, last_heard;
	uint32_t children;
};
bool ike_sa_view(const struct ike *ike, size_t index, struct ike_sa_view *view);
const struct ls_counters *ike_counters(const struct ike *ike);
/* IKE SAs that are not authenticated yet. */
uint32_t ike_half_open(const struct ike *ike);

/* What a peer has proved itself by, to be looked at again when CAs or CRLs are others now: one
 * entry per IKE SA; index 0.. until false. Into the engine, until its next call. */
struct ike_proof {
	uint64_t spi_i, spi_r;
	struct ls_bytes certs[IKE_CERTS_MAX]; /* in DER, the peer's own first */
	unsigned cert_count;                  /* 0: no certificates, or the SA ends anyway */
};
bool ike_proof(const struct ike *ike, size_t index, struct ike_proof *proof);
/* It no longer proves anything: that SA ends, with its chains, and the peer hears that it does. */
void ike_distrust(struct ike *ike, const struct ike_proof *proof, enum ls_cause cause,
                  const char *text, ls_time now);

/* Secrets of an IKE SA for Wireshark (a debug command that only root can use): SK_ei, SK_er, SK_ai,
 * SK_ar. */
struct ike_debug_keys {
	uint32_t tunnel; /* 0: not known yet */
	uint64_t spi_i, spi_r;
	enum algo_id encr, integ;
	struct ls_bytes sk_ei, sk_er, sk_ai, sk_ar; /* into the engine, until its next call */
};
bool ike_debug_keys(const struct ike *ike, size_t index, struct ike_debug_keys *keys);

/*
 * State: peers excluded, all established IKE SAs with their keys, message ids, stored responses and
 * chains. To be sealed (lib/snap.h) by the owner. ike_load goes into an engine whose peers are set;
 * SAs of unknown tunnels are left out. CAUSE_STATE_VERSION when it does not fit.
 */
bool ike_save(const struct ike *ike, struct wr *out, ls_time now);
enum ls_cause ike_load(struct ike *ike, const void *bytes, size_t len, ls_time now);

#endif
