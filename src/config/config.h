/* The configuration: what every process knows of it, how it is read, and how it travels between
 * processes. */
#ifndef SRC_CONFIG_CONFIG_H
#define SRC_CONFIG_CONFIG_H

#include "lib/addr.h"
#include "lib/bytes.h"
#include "lib/cert.h"
#include "lib/secret.h"
#include "lib/wire.h"

#include "ike/ike.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	CONF_NAME_MAX = 16, /* a tunnel's name is its interface's */
	CONF_WORD_MAX = 16,
	CONF_TEXT_MAX = 128,
	CONF_PATH_MAX = 256,
	CONF_PEERS_MAX = 8,
	CONF_ROUTES_MAX = 64,
	CONF_PROPOSALS_MAX = 8,
	CONF_DNS_MAX = 2,
	CONF_PKI_MAX = 8, /* files of CAs, files of CRLs */
	CONF_PKI_FILE_MAX = 16 * 1024 * 1024,
	CONF_AUTHS_MAX = 2,
	CONF_PPKS_MAX = 8,
	CONF_TUNNELS_MAX = 4096,
	CONF_KEYS_MAX = 64, /* rows of one table of keys */
	CONF_ERRORS_MAX = 20,
	CONF_ERROR_MAX = 300,
};

enum { CONF_DSCP_COPY = 64, CONF_TFC_MAX = 65535 };
/* Words of the kind CHOICE, in the order of their rows in conf.def. */
enum conf_ipsec { CONF_IPSEC_ESP, CONF_IPSEC_AH };
enum conf_df { CONF_DF_CLEAR, CONF_DF_SET, CONF_DF_COPY };
/* The words of 'offload', a bit each. */
enum {
	CONF_OFFLOAD_TUN_TSO = 1, /* TCP that is not cut yet comes out of the TUN device, */
	CONF_OFFLOAD_TUN_USO = 2, /* UDP too */
	CONF_OFFLOAD_JOIN = 4,    /* packets of a flow go joined into it */
	CONF_OFFLOAD_UDP_GSO = 8, /* UDP_SEGMENT */
	CONF_OFFLOAD_UDP_GRO = 16,
	CONF_OFFLOAD_ALL = 31,
	CONF_OFFLOADS_MAX = 5,
};

enum conf_ecn { CONF_ECN_AUTO, CONF_ECN_COPY, CONF_ECN_OFF };
enum conf_start { CONF_START_WAIT, CONF_START_ON_DEMAND, CONF_START_ALWAYS };

/* General settings. */
struct conf_gateway {
	char identity[CONF_TEXT_MAX];      /* our IKE identity, unless a tunnel has its own */
	char host_name[CONF_TEXT_MAX];     /* in L2TP and as CHAP's name; default: the host's */
	char secrets[CONF_PATH_MAX];       /* the secrets file */
	char control_group[CONF_TEXT_MAX]; /* whose members may look */
	char certificate[CONF_PATH_MAX], private_key[CONF_PATH_MAX]; /* "": none */
	char cas[CONF_PKI_MAX][CONF_PATH_MAX], crls[CONF_PKI_MAX][CONF_PATH_MAX];
	uint32_t ca_count, crl_count;
	bool crl_required;
	bool crash_detection;
	char redirect_when_full[CONF_TEXT_MAX]; /* "": none */
	struct ls_addr local4, local6;          /* addresses to listen on; family 0: all */
	uint32_t max_ike_sas, max_half_open;
	uint32_t workers;
	char offload[CONF_OFFLOADS_MAX][CONF_WORD_MAX];
	uint32_t offload_count;           /* conf_offload() */
	uint32_t key_line[CONF_KEYS_MAX]; /* by row of the table; 0: default */
};

struct conf_ike {
	char proposals[CONF_PROPOSALS_MAX][CONF_TEXT_MAX];
	uint32_t proposal_count; /* 0: built-in */
	uint32_t life_s, auth_life_s, dpd_s, retry_ms, retries, fragment_bytes;
	char rsa_padding[CONF_WORD_MAX]; /* conf_padding_parse */
};

struct conf_esp {
	char proposals[CONF_PROPOSALS_MAX][CONF_TEXT_MAX];
	uint32_t proposal_count;
	uint32_t life_s, life_mib, life_packets, window_packets;
	bool force_udp;
	uint32_t tfc, dummy_ms; /* 0: not; tfc CONF_TFC_MAX: as much as the path takes */
};

struct conf_ah {
	char proposals[CONF_PROPOSALS_MAX][CONF_TEXT_MAX];
	uint32_t proposal_count;
};

struct conf_l2tp {
	bool hide_avps, sequencing;
	uint32_t hello_s;
};

struct conf_ppp {
	uint32_t mru, echo_s;
	bool compress_header, ipv4, ipv6, want_dns;
	struct ls_addr local4, remote4; /* LNS: ours, and the caller's if it is fixed */
	struct ls_addr dns[CONF_DNS_MAX];
	uint32_t dns_count;
	struct ls_addr pool_first, pool_last; /* LNS: family 0: none */
};

/* A tunnel to one peer. */
struct conf_tunnel {
	char name[CONF_NAME_MAX];
	char peers[CONF_PEERS_MAX][CONF_TEXT_MAX]; /* addresses or names, tried in turn */
	uint32_t peer_count;                       /* 0: anyone whose identity fits may call */
	enum conf_start start;
	struct ls_addr local;              /* our address towards it; family 0: as routed */
	char identity[CONF_TEXT_MAX];      /* "": the gateway's */
	char peer_identity[CONF_TEXT_MAX]; /* "": any that has the key */
	char auth[CONF_WORD_MAX];          /* conf_auth_parse */
	char peer_auth[CONF_AUTHS_MAX][CONF_WORD_MAX];
	uint32_t peer_auth_count; /* 0: as auth */
	char ppks[CONF_PPKS_MAX][CONF_TEXT_MAX];
	uint32_t ppk_count; /* 0: none */
	bool ppk_required;
	char user[CONF_TEXT_MAX]; /* dialling: our PPP name; waiting: the only one that may call,
	                             "": any */
	struct ls_prefix routes[CONF_ROUTES_MAX];
	uint32_t route_count;
	uint32_t metric, mtu, idle_s; /* 0: none, computed, never */
	bool source_check;            /* takes effect with routes */
	bool mobike;                  /* takes effect with ESP */
	bool follow_redirects;
	bool mtu_probe; /* without mtu */
	enum conf_df df;
	char dscp[CONF_TEXT_MAX];
	enum conf_ecn ecn;
	enum conf_ipsec ipsec;
	struct conf_ike ike;
	struct conf_esp esp; /* lives, window: of AH too */
	struct conf_ah ah;
	struct conf_l2tp l2tp;
	struct conf_ppp ppp;
	uint32_t line; /* where it begins in the file */
	uint32_t key_line[CONF_KEYS_MAX];
};

struct conf {
	char path[CONF_PATH_MAX];
	struct conf_gateway gateway;
	struct conf_tunnel *tunnels;
	size_t tunnel_count;
};

/* What is wrong, a line each: "file:line: sentence". */
struct conf_errors {
	size_t count;
	char line[CONF_ERRORS_MAX][CONF_ERROR_MAX];
};

void conf_error(struct conf_errors *e, const char *path, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

struct ike_proposal;
/* A proposal for ALGO_FOR_IKE ("aes256-gcm-prf-sha384-x25519", with PRF and KE), ALGO_FOR_ESP
 * ("aes256-sha256-noesn") or ALGO_FOR_AH ("sha384-ecp256"). false: error (cap bytes) says why. */
bool conf_proposal_parse(const char *text, unsigned use, struct ike_proposal *out, char *error,
                         size_t cap);
/* A tunnel's proposals for one of the three, and their key; borrowed. */
struct conf_proposals {
	const char *key;
	const char (*text)[CONF_TEXT_MAX];
	uint32_t count;
};
struct conf_proposals conf_proposals_of(const struct conf_tunnel *t, unsigned use);

/* Reads and checks a file. false: errors says why, conf holds nothing. */
bool conf_load(const char *path, struct conf *conf, struct conf_errors *errors);
void conf_free(struct conf *conf);
/* "wait", "on-demand", "always" */
const char *conf_start_name(enum conf_start start);
/* Says of each algorithm that is named in a proposal and is for old peers only that it is:
 * "file:line: sentence". */
void conf_legacy(const struct conf *conf, void (*say)(void *context, const char *line),
                 void *context);
/* The crypto libraries of this host and of how many algorithms for ESP each is the one that is
 * used, as text. false when one gives a wrong answer in its self-test, or none has an algorithm. */
bool conf_libraries(char *text, size_t cap);
/* Each effective value with where it came from, in order of the tables. */
void conf_effective(const struct conf *conf,
                    void (*say)(void *context, const char *key, const char *value,
                                const char *origin),
                    void *context);

/* The value of a 'dscp' key: a class's name (RFC 2474, 2597, 3246), 0 to 63, or "copy", which gives
 * CONF_DSCP_COPY; false: neither. */
bool conf_dscp_parse(const char *text, uint8_t *dscp);

/* A word of 'offload': its bit, 0 for "none"; false: no such word. */
bool conf_offload_parse(const char *word, unsigned *bit);
/* The word of a bit. */
const char *conf_offload_name(unsigned bit);
/* What may be used of what the kernel has: CONF_OFFLOAD_*. */
unsigned conf_offload(const struct conf_gateway *g);

/* -- files (conf_read.c) -- */

/* Reads a regular file of at most max bytes from where fd stands to its end into guarded memory,
 * because it may hold a key. secret_init() comes before. false: *why says why (static), and there
 * is nothing to free. */
bool conf_read(int fd, size_t max, struct ls_bytes *out, const char **why);
/* Wipes and frees. */
void conf_read_free(struct ls_bytes *b);

/* -- certificates and keys (conf_pki.c) -- */

/* "psk" or "certificate"; false with another word. */
bool conf_auth_parse(const char *text, enum ike_auth_method *method);
/* "pss" or "pkcs1"; false with another word. */
bool conf_padding_parse(const char *text, bool *pkcs1);
/* How the tunnel's peer may prove itself: a set (IKE_AUTH_SET). */
unsigned conf_peer_auth(const struct conf_tunnel *t);
/* Whether either side proves itself by a preshared key. */
bool conf_uses_psk(const struct conf_tunnel *t);

struct conf_secrets;
/* What is known of our own certificate. */
struct conf_pki {
	bool there;
	struct cert_info info;
	uint8_t key_id[SIGN_KEY_ID_SIZE];
};
/* Opens a file of certificates or CRLs, refusing one that others than its owner may write or that
 * is another user's. Gives the descriptor, or -1 with error. */
int conf_pki_open(const char *path, char *error, size_t cap);
/* That the files of certificates (and of CRLs) can be read, and that our certificate has our
 * identities. false: errors says why not. */
bool conf_pki_check(const struct conf *conf, bool crls, struct conf_pki *out,
                    struct conf_errors *errors);
/* That the private key can be read, and is our certificate's. */
bool conf_pki_key_check(const struct conf *conf, const struct conf_pki *pki,
                        const struct conf_secrets *secrets, struct conf_errors *errors);

/* What travels in GATEWAY_SET and TUNNEL_SET: all but lines. Decoding is strict. */
bool conf_gateway_encode(struct wr *w, const struct conf_gateway *g);
bool conf_gateway_decode(const void *bytes, size_t len, struct conf_gateway *g);
bool conf_tunnel_encode(struct wr *w, const struct conf_tunnel *t);
bool conf_tunnel_decode(const void *bytes, size_t len, struct conf_tunnel *t);

/* -- the secrets file -- */

struct conf_secret_psk {
	char local[CONF_TEXT_MAX], remote[CONF_TEXT_MAX]; /* identities as text; "": any */
	struct secret secret;
};

/* A post-quantum preshared key (RFC 8784). */
struct conf_secret_ppk {
	char id[CONF_TEXT_MAX];
	struct secret secret;
};

struct conf_secret_user {
	char name[CONF_TEXT_MAX];
	struct secret password;
	struct ls_addr address; /* what this user gets; family 0: as the tunnel says */
};

struct conf_secret_l2tp {
	char tunnel[CONF_NAME_MAX]; /* "": any */
	struct secret secret;
};

struct conf_secret_key {
	char file[CONF_PATH_MAX]; /* the path of a private key's file, or its end */
	struct secret passphrase;
};

struct conf_secrets {
	struct conf_secret_psk *psks;
	size_t psk_count;
	struct conf_secret_ppk *ppks;
	size_t ppk_count;
	struct conf_secret_user *users;
	size_t user_count;
	struct conf_secret_l2tp *l2tps;
	size_t l2tp_count;
	struct conf_secret_key *keys;
	size_t key_count;
};

/* The PPK of that name; NULL: there is none. */
const struct secret *conf_secrets_ppk(const struct conf_secrets *s, const char *id, size_t len);
/* Opens a secrets file or a private key (`what` it is: for the error), refusing a file that others
 * than its owner may read or that is another user's. Gives the descriptor, or -1 with error. */
int conf_secrets_open(const char *what, const char *path, char *error, size_t cap);
/* The passphrase of the private key in that file; empty: none. */
struct ls_bytes conf_secrets_passphrase(const struct conf_secrets *s, const char *path);
/* Reads an open file, which stays open; path is for messages only. false: *s holds nothing. */
bool conf_secrets_read(int fd, const char *path, struct conf_secrets *s,
                       struct conf_errors *errors);
void conf_secrets_free(struct conf_secrets *s);
/* That the file can be opened and read, and that each tunnel finds a key and a password in it. */
bool conf_secrets_check(const struct conf *conf, struct conf_errors *errors);

#endif
