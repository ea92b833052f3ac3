/* The ike process: what it holds, and the functions its files share. */
#ifndef SRC_IKE_IKED_H
#define SRC_IKE_IKED_H

#include "ike/ike.h"
#include "lib/secret.h"
#include "src/base/icmp.h"
#include "src/base/msg.h"
#include "src/base/proc.h"
#include "src/config/config.h"
#include "src/ike/ike_pki.h"
#include "src/ike/ike_resolve.h"

enum {
	IKED_SOCKETS_MAX = 16,
	IKED_RX_MESSAGES = 16, /* datagrams a receive call takes */
	IKED_RX_ROUNDS = 4,    /* receive calls on one socket before others get their turn */
	IKED_DATAGRAM_MAX = 65535,
	IKED_BUCKETS = 1024,
	IKED_ASKS_MAX = 4096, /* questions to other processes under way */
	IKED_RESOLVE_AGAIN_S = 300,
	IKED_RESOLVE_FRESH_S = 10,
	IKED_PORT = 500,
	IKED_PORT_NAT = 4500,
};

struct iked;

/* A peer as configured, and what resolving its names has brought. */
struct iked_tunnel {
	uint32_t id;
	struct iked *iked;
	struct conf_tunnel conf;
	struct ike_peer peer;
	bool configured;            /* the engine knows it */
	enum ls_cause config_cause; /* else: what is wrong with its settings */
	bool local_fixed;           /* the config says which address of ours to use */
	bool start_wanted;          /* the gateway asked for it, but no address is known yet */
	struct ls_addr start_peer;  /* with start_wanted: where the gateway sees the peer */
	struct resolve resolve;
	struct iked_tunnel *next_bucket, *next;
};

/* The engine knows the two sockets by their usual ports, whatever the config says. */
struct iked_socket {
	int fd;
	uint8_t family;
	uint16_t port; /* IKED_PORT or IKED_PORT_NAT */
	struct event *read;
	struct icmp_socket icmp;
	struct iked *iked;
};

enum iked_ask_kind { IKED_ASK_SPI, IKED_ASK_INSTALL, IKED_ASK_AUTH, IKED_ASK_PPK, IKED_ASK_TOKEN };

/* A question of the engine that another process has not answered yet. */
struct iked_ask {
	uint64_t id;
	enum iked_ask_kind kind;
	struct msg_ike_auth_ask
		*auth; /* AUTH: to be asked again when keys was restarted; its bytes follow it */
	/* PPK: to be asked again too; its bytes follow it, and are wiped */
	struct msg_ike_ppk_ask *ppk;
	struct msg_ike_token_ask token; /* TOKEN: likewise */
	struct iked_ask *next;
};

struct iked {
	struct proc *proc;
	struct event_base *base;
	struct evdns_base *dns;
	struct ls_random random;
	struct conf_gateway conf;
	struct ike *ike;
	struct event *timer, *resolve_timer;
	struct iked_socket socket[IKED_SOCKETS_MAX];
	unsigned sockets;
	struct icmp_gate icmp;
	struct iked_tunnel *bucket[IKED_BUCKETS], *tunnels;
	struct iked_ask *asks;
	unsigned asks_count;
	struct ls_counters counters;
	struct iked_gateway *gateways; /* being looked for */
	struct ike_request request;
	struct iked_pki pki, pki_next; /* in use; being handed over */
	uint8_t *rx;                   /* IKED_RX_MESSAGES * (IKED_DATAGRAM_MAX + 1) */
	bool pumping, gateway_lost, config_there;
	struct event *end_timer; /* while it ends; NULL: it does not */
};

/* Sends message `name` (see msg.def) to a process. */
#define IKED_SEND(d, to, name, m) proc_send_##name((d)->proc, MSG_ROLE_##to, m)

/* ike_main.c */
/* Carries out what the engine asks for until there is nothing left, and sets the timer. */
void iked_pump(struct iked *d);
/* NULL: there is none. */
struct iked_tunnel *iked_tunnel_find(struct iked *d, uint32_t id);

/* ike_socket.c */
bool iked_socket_add(struct iked *d, int fd, uint8_t family, uint16_t port);
void iked_sockets_free(struct iked *d);
void iked_send(struct iked *d, const struct ike_request *r);

/* ike_ask.c */
struct msg_identity iked_identity_out(const struct ike_identity *id);
void iked_ask_spi(struct iked *d, uint64_t id);
void iked_ask_install(struct iked *d, const struct ike_request *r);
void iked_ask_auth(struct iked *d, const struct ike_request *r);
void iked_ask_ppk(struct iked *d, const struct ike_request *r);
void iked_ask_token(struct iked *d, const struct ike_request *r);
/* The answer has come (or never will): forgets the question; false when it is not known. */
bool iked_ask_done(struct iked *d, uint64_t id, enum iked_ask_kind kind);
/* keys was restarted: asks again. */
void iked_ask_keys_again(struct iked *d);
/* The gateway was restarted: its questions are answered with "no". */
void iked_ask_gateway_lost(struct iked *d);
void iked_asks_free(struct iked *d);

/* ike_gateway.c */
/* Where the gateway is that we were sent to: at once for an address, by DNS for a name. */
void iked_ask_gateway(struct iked *d, const struct ike_request *r);
void iked_gateways_free(struct iked *d);
/* Where callers are sent: as the administrator says, and as configured. */
void iked_redirect_set(void *owner, enum msg_role from, const struct msg *m, int *fd);
void iked_redirect_when_full(struct iked *d);

/* ike_conf.c */
/* What the engine needs of a tunnel's configuration; CAUSE_NONE, or what is wrong, with details in
 * error. Addresses are left out. */
enum ls_cause iked_peer_make(const struct conf_gateway *gateway, uint32_t tunnel,
                             const struct conf_tunnel *conf, struct ike_peer *peer, char *error,
                             size_t cap);
/* The peer's addresses and names, in order; gives how many (at most RESOLVE_NAMES_MAX). They live
 * as long as conf. */
unsigned iked_peer_names(const struct conf_tunnel *conf, const char *names[RESOLVE_NAMES_MAX]);

/* ike_status.c */
void iked_status_ask(struct iked *d, const struct msg_status_ask *m);
void iked_debug_keys_ask(struct iked *d, const struct msg_debug_keys_ask *m);

#endif
