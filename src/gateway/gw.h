/* The gateway process: what it holds, and the functions its files share. */
#ifndef SRC_GATEWAY_GW_H
#define SRC_GATEWAY_GW_H

#include "lib/pace.h"
#include "lib/pmtu.h"
#include "lib/secret.h"
#include "src/base/icmp.h"
#include "src/base/msg.h"
#include "src/base/proc.h"
#include "src/config/config.h"
#include "src/gateway/gw_lane.h"
#include "src/gateway/gw_line.h"
#include "src/gateway/gw_source.h"
#include "src/gateway/gw_worker.h"

#include <event2/event.h>

enum {
	GW_SOCKETS_MAX = GW_UDP_KINDS * GW_LANES_MAX,
	GW_WAITING_PACKETS = 32, /* first packets of a tunnel that wait until it is up */
	GW_WAITING_BYTES = 65536,
	GW_PAIRS_MAX =
		4, /* SA pairs of a chain at a time: one in use, one that succeeds it, collisions */
	GW_BUCKETS = 1024,
	GW_SAS_MAX = 16384,
	GW_CHAIN_GRACE_MS =
		10000,            /* L2TP connections wait so long for a successor of their chain */
	GW_ADDRESS_MAX = 65536,   /* addresses of a pool that are looked at */
	GW_SESSIONS_A_TUNNEL = 8, /* of each of its connections */
	GW_CONNECTIONS_A_TUNNEL = 16,
	GW_CHAINS_A_TUNNEL = 64, /* so that its peer cannot use up the SAs of all */
	GW_CROSSING_S = 10,      /* calls of both sides that come up within this have crossed */
	GW_STRAYS_PER_S = 200,   /* packets of no SA that ike hears of */
	GW_KEEPER_RETRY_S = 5,
	GW_KEEPER_CALL_BACK_S = 60,
};

/* A pair of SAs. */
struct gw_pair {
	struct esp_sa *in, *out;
	uint32_t spi_in, spi_out;
	struct secret keys_in, keys_out; /* for the debug command that shows them to root */
};

/* A line of SA pairs; ids are ike's, with the generation of the ike process that counted them on
 * top. */
struct gw_chain {
	uint32_t id;
	struct gw_tunnel *tunnel;
	struct msg_identity peer_id; /* who proved itself; from IKE_UP on */
	struct gw_path path;
	struct gw_pair pair[GW_PAIRS_MAX]; /* oldest first */
	unsigned pairs, sending;           /* index of the pair we send on */
	bool up;                           /* IKE_UP came */
	bool gone;                         /* IKE_DOWN came */
	bool left; /* and the peer is another gateway now: nothing of it goes on elsewhere */
	bool initiator;
	unsigned sessions;                   /* that run on it */
	ls_time heard;                       /* when ike was last told */
	ls_time moved_at;                    /* when its peer was last seen elsewhere */
	ls_time doubted;                     /* when ike was last asked to probe */
	struct gw_chain *next_bucket, *next; /* of the table; of the tunnel, newest first */
};

struct gw_session {
	struct gw_flow_session flow;
	struct gw_tunnel *tunnel;
	struct gw_chain *chain;
	struct ppp *ppp;
	struct event *timer;
	struct ls_addr given;        /* LNS: the address that keys gave for this user */
	struct ls_addr leased;       /* from the pool */
	struct ppp_request question; /* asked of keys, while asking */
	bool asking, dirty;
	bool denied;             /* LNS: no address was left for it, and that was told */
	ls_time opened;          /* PPP came up, the first time */
	struct gw_session *next; /* of the tunnel */
	struct gw_gateway *gw;
};

/* What is known of the path that a tunnel's current session takes. */
struct gw_pmtu {
	struct ls_pmtu engine;
	struct event *timer;
	const struct gw_session *of; /* the session that it is about; only compared */
	struct ls_addr remote;       /* and where its packets go */
	uint32_t link;               /* what the own link there carries */
	uint32_t in_force;    /* the path MTU by which the interface's is set; 0: by the link */
	uint32_t told;        /* that people know of */
	size_t asked;         /* size of the echo that stands for engine.probe */
	uint64_t out_packets; /* the session's, when the engine was last told */
	ls_time since;        /* in_force became known */
	bool unanswered_told;
};

struct gw_waiting {
	struct gw_waiting *next;
	size_t len;
	uint8_t bytes[]; /* GW_HEADROOM, virtio_net_hdr, the packet */
};

struct gw_queue {
	struct gw_waiting *first, **end;
	unsigned packets;
	size_t bytes;
};

struct gw_tunnel {
	uint32_t id;
	struct conf_tunnel conf;
	bool configured;
	struct gw_gateway *gw;
	struct gw_device device;
	uint8_t offloads;          /* what the kernel has for it: CONF_OFFLOAD_* */
	struct gw_sources sources; /* of conf.routes */
	char ifname[16];
	uint32_t ifindex;
	struct event *tun_event, *line_timer, *keeper_timer;
	bool paused; /* its TUN is not read: a socket is full */
	struct gw_line line;
	struct gw_chain *chains;
	struct gw_session *sessions, *current;
	struct gw_queue waiting;   /* until the line is up: out of the TUN */
	struct gw_queue early;     /* and into it: the peer's line was up first */
	uint32_t link_mtu;         /* of the link to the peer, from IFACE_DONE on; 0: unknown */
	struct event *dummy_timer; /* NULL: never needed */
	ls_time dummy_at;          /* when it last looked */
	struct ls_addr peer;
	struct gw_pmtu pmtu;
	bool iface_asked;             /* IFACE_UP is on its way, and not answered; */
	bool iface_again;             /* and says what does not hold any more */
	char text[LS_EVENT_TEXT_MAX]; /* details of why it went down last */
	enum ls_cause lack;           /* what the line does without while it is up; CAUSE_NONE */
	char lack_text[LS_EVENT_TEXT_MAX];
	struct gw_tunnel *next_bucket, *next;
};

struct gw_socket {
	struct gw_udp udp;
	unsigned lane; /* that reads it, where there are lanes */
	struct event *read, *write;
	struct icmp_socket icmp;
	struct gw_gateway *gw;
};

struct gw_gateway {
	struct proc *proc;
	struct event_base *base;
	struct ls_random random;
	struct conf_gateway conf;
	struct conf_tunnel scratch; /* being decoded */
	struct esp_sad *sad;
	struct l2tp *l2tp;
	struct event *l2tp_timer, *esp_timer;
	struct gw_worker worker; /* of the main thread */
	struct gw_gate gate;
	struct gw_lane *lane[GW_LANES_MAX];
	unsigned lanes; /* 0: the main thread does it all */
	int lanes_told; /* a lane has left something */
	struct event *lanes_event;
	struct ls_counters counters;
	struct icmp_gate icmp;
	struct ls_counters ppp_past; /* of links that are gone */
	struct gw_socket socket[GW_SOCKETS_MAX];
	unsigned sockets;
	struct gw_tunnel *tunnel_bucket[GW_BUCKETS], *tunnels;
	struct gw_chain *chain_bucket[GW_BUCKETS];
	struct gw_session *session[65536];
	uint16_t dirty[65536]; /* ids of sessions whose PPP has something to ask, first in first out
	                        */
	uint16_t dirty_first;
	unsigned dirty_count;
	uint8_t hung_up[65536 / 8]; /* sessions that we ended ourselves: what L2TP says of them is
	                               no news */
	const struct esp_sa *heard_sa; /* the last one that ike was told of */
	ls_time heard_until;
	struct ls_second strays;
	uint8_t ike_generation;
	bool begun, ending, pumping;
};

/* Sends message `name` (see msg.def) to a process; a process that is not there gets what it needs
 * when it is back. */
#define GW_SEND(gw, to, name, m) proc_send_##name((gw)->proc, MSG_ROLE_##to, m)

/* gw_main.c */
/* Carries out what the engines ask for until there is nothing left, and sets the timers. Call after
 * any call into an engine. */
void gw_pump(struct gw_gateway *gw);
/* Reads a socket's queue of errors. */
void gw_socket_errors(struct gw_socket *s);

/* gw_tunnel.c: tunnels, their devices, waiting packets and lines */
struct gw_tunnel *gw_tunnel_find(struct gw_gateway *gw, uint32_t id);
struct gw_tunnel *gw_tunnel_make(struct gw_gateway *gw, uint32_t id);
void gw_tunnel_configure(struct gw_tunnel *t, const struct conf_tunnel *conf);
struct gw_device *gw_device_of(struct gw_tunnel *tunnel);
void gw_tunnel_remove(struct gw_tunnel *t, enum ls_cause cause);
void gw_tunnel_device(struct gw_tunnel *t, int fd, const struct msg_tun *m);
void gw_tunnel_wait(void *owner, struct gw_tunnel *t, const uint8_t *bytes, size_t len);
/* Steps the line and carries out the actions. text: details for people, or NULL. */
void gw_tunnel_step(struct gw_tunnel *t, enum gw_line_event event, enum ls_cause cause,
                    const char *text);
/* What the line lacks while it is up, as the PPP of its session says: told where that is new. */
void gw_tunnel_lack(struct gw_tunnel *t, enum ls_cause cause, const char *text);
void gw_tunnel_iface_done(struct gw_tunnel *t, const struct msg_iface_done *m);
/* A chain has come up with another gateway: what ran on those with the old one ends, and the line
 * is called there. */
void gw_tunnel_elsewhere(struct gw_tunnel *t);
bool gw_tunnel_has_chain(const struct gw_tunnel *t);
/* enum msg_line, for people. */
uint8_t gw_tunnel_state(const struct gw_tunnel *t);
/* Switches the offloads of all devices and sockets as configured. */
void gw_offload(struct gw_gateway *gw);
void gw_tunnels_pause(struct gw_gateway *gw, bool pause);

/* A packet that came before the interface was ready: it waits too. */
void gw_tunnel_early(void *owner, struct gw_tunnel *t, const uint8_t *packet, size_t len);

/* gw_sa.c: chains and SAs as ike asks for them */
uint32_t gw_chain_here(const struct gw_gateway *gw, uint32_t ike_chain);
/* The number that ike knows it by; 0 when it was an earlier ike's. */
uint32_t gw_chain_there(const struct gw_gateway *gw, uint32_t chain);
struct gw_chain *gw_chain_find(struct gw_gateway *gw, uint32_t chain);
void gw_chain_release(struct gw_gateway *gw, struct gw_chain *c);
void gw_chains_drop(struct gw_tunnel *t);
void gw_sa_install(struct gw_gateway *gw, const struct msg_sa_install *m);
void gw_sa_switch(struct gw_gateway *gw, const struct msg_sa_switch *m);
void gw_sa_remove(struct gw_gateway *gw, const struct msg_sa_remove *m);
void gw_sa_moved(struct gw_gateway *gw, const struct msg_sa_moved *m);
void gw_ike_up(struct gw_gateway *gw, const struct msg_ike_up *m);
void gw_ike_down(struct gw_gateway *gw, const struct msg_ike_down *m);
/* Asks ike for an IKE SA where the SAs in use are without one. */
void gw_keeper_ask(struct gw_tunnel *t);
void gw_ike_lost(struct gw_gateway *gw);
void gw_ike_back(struct gw_gateway *gw);
/* Packets of the tunnel went out: a peer that is silent meanwhile is probed. */
void gw_sa_sent(struct gw_tunnel *t, ls_time now);
/* Whether that would do something; changes nothing. */
bool gw_sa_doubts(const struct gw_tunnel *t, ls_time now);
/* Whether ike is to hear that something came in the SA; changes nothing. */
bool gw_sa_hear(struct gw_gateway *gw, const struct esp_sa *sa, ls_time now);
void gw_sa_heard(void *owner, struct esp_sa *sa, uint32_t spi, const struct ls_addr *local,
                 const struct ls_addr *from);
void gw_sa_stray(void *owner, uint32_t spi, const struct gw_received *in);
bool gw_sa_pump(struct gw_gateway *gw);

/* gw_tfc.c: traffic flow confidentiality */
/* Sets what an outbound SA of the tunnel pads payloads to, as path and configuration want. */
void gw_tfc_pad(const struct gw_tunnel *t, struct esp_sa *out);
/* The configuration or the path has changed. */
void gw_tfc_changed(struct gw_tunnel *t);
/* What is known of the path has changed. */
void gw_tfc_path(struct gw_tunnel *t);
/* The line may have come up: dummies begin. */
void gw_tfc_line(struct gw_tunnel *t);

/* gw_l2tp.c: connections and sessions */
void gw_l2tp_configure(struct gw_tunnel *t, struct ls_bytes secret);
void gw_l2tp_control(void *owner, struct esp_sa *sa, uint8_t *bytes, size_t len);
bool gw_l2tp_pump(struct gw_gateway *gw);
struct gw_flow_session *gw_session_flow(void *owner, uint16_t session);
void gw_session_active(void *owner, struct gw_flow_session *flow);
/* The same; heard: its peer was, else packets went out. */
void gw_session_stirred(struct gw_gateway *gw, struct gw_session *s, bool heard, ls_time now);
void gw_session_move(struct gw_session *s, struct gw_chain *to);
/* How its packets are marked, after the tunnel's configuration changed. */
void gw_session_marks(struct gw_session *s);
/* Forgets the session (its PPP too); the line has been told. */
void gw_session_end(struct gw_session *s);
/* Whether its PPP has come to nothing here, and why: the peer, who hears of it, may end the call or
 * the SAs before LCP is over, and PPP knows better. s may be NULL. */
bool gw_session_gave_up(const struct gw_session *s, struct ls_event *why);
/* Hangs up for a reason of ours. */
void gw_session_hang_up(struct gw_gateway *gw, uint16_t session, enum ls_cause cause);
/* Its PPP has something to ask: gw_pump will look. */
void gw_session_touch(struct gw_session *s);

/* gw_ppp.c: the link in a session */
bool gw_ppp_start(struct gw_session *s);
void gw_ppp_input(void *owner, struct gw_flow_session *flow, uint8_t *frame, size_t len);
bool gw_ppp_pump(struct gw_session *s);
void gw_ppp_auth_answer(struct gw_gateway *gw, const struct msg_ppp_auth_answer *m);
/* Questions that keys did not answer before it was restarted are asked again. */
void gw_ppp_ask_again(struct gw_gateway *gw);
void gw_ppp_iface_up(struct gw_tunnel *t);
/* An address may be free again: callers that were denied one get it. */
void gw_ppp_addresses_again(struct gw_gateway *gw);

/* gw_pmtu.c: the MTU of the path, measured */
/* The interface is set: by this link the tunnel's packets leave. Begins to measure, or goes on. */
void gw_pmtu_link(struct gw_tunnel *t, uint32_t link_mtu);
/* No session carries the tunnel's traffic. */
void gw_pmtu_stop(struct gw_tunnel *t);
/* Looks anew for what the path carries. */
void gw_pmtu_again(struct gw_tunnel *t);
/* The echo of that size was answered; or did not leave, because the own link is too small for it.
 */
void gw_pmtu_answered(struct gw_session *s, size_t size);
void gw_pmtu_refused(struct gw_session *s, size_t size);
/* The kernel says of a packet that it was too big; the same from ike's socket. */
void gw_pmtu_error(struct gw_socket *socket, const struct icmp_error *e);
void gw_pmtu_too_big(struct gw_gateway *gw, const struct msg_too_big *m);
/* Whether it is to be measured, as the configuration has it. */
bool gw_pmtu_wanted(const struct gw_tunnel *t);
/* For the status. */
enum msg_path gw_pmtu_how(const struct gw_tunnel *t);
/* What surrounds an IP packet inside ESP at most: UDP, L2TP and PPP. */
size_t gw_inner_overhead(const struct gw_session *s);

/* gw_status.c */
void gw_status_ask(struct gw_gateway *gw, const struct msg_status_ask *m);
void gw_debug_keys_ask(struct gw_gateway *gw, const struct msg_debug_keys_ask *m);

#endif
