/* The simulator: two whole daemons, each with its four processes, in one process and in virtual
 * time. What its files share. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "lib/addr.h"
#include "lib/time.h"
#include "src/base/msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * DOC: The daemon's own code runs here unchanged: parent, keys, ike and gateway, with their message
 * channels, their config files and their wiring. The linker puts our functions in place of what
 * lies below them (wrap.options): the clock, the event loop, processes, sockets, TUN devices and
 * rtnetlink. Each process has a thread of its own for its start and its end, but only one of all
 * threads ever runs; callbacks of the event loops are called from the simulator's own loop, one at
 * a time, in an order that the seed draws.
 */

enum { SIM_GATEWAYS = 2, SIM_TUNNELS_MAX = 3, SIM_PACKET_MAX = 65536 };

/* -- world.c: the virtual clock, what will happen when, the seeded dice, the trace -- */

extern ls_time world_now;
void world_begin(uint64_t seed, bool verbose);
/* Frees what has not happened. */
void world_end(void);
typedef void world_call(void *ctx);
/* Calls at that time, in the order of time, then of asking. owned: ctx is freed after it. */
void world_at(ls_time when, world_call *call, void *ctx, bool owned);
ls_time world_next(void);
/* Calls what is due; false when nothing was. */
bool world_step(void);
uint64_t dice(void);
/* Uniform in [0, bound); 0 gives 0. */
uint32_t dice_below(uint32_t bound);
/* Uniform in [low, high]. */
uint32_t dice_between(uint32_t low, uint32_t high);
/* True in so many of a thousand cases. */
bool dice_permille(uint32_t permille);
/* A line of the trace: into its hash, and to stdout when the run is verbose. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
void trace_bytes(const void *bytes, size_t len);
uint64_t trace_hash(void);
/* An invariant is broken: the first sentence of a run is kept. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *failure(void);

/* -- process.c: processes as threads of which one runs at a time -- */

struct sim_base;
struct sim_process {
	unsigned gateway;
	enum msg_role role;
	int pid, channel_fd, wait_status;
	struct sim_process *parent;
	int (*run)(struct sim_process *p);
	struct sim_base *base;
	ls_time start_at, busy_until, wake_at; /* wake_at: it sleeps */
	bool started, done, killed, reaped;
	struct sim_thread *thread;
	struct sim_process *next;
};
/* Whose code runs now; NULL: the simulator's own. */
extern struct sim_process *sim_current;
extern struct sim_process *processes;
struct sim_process *process_new(unsigned gateway, enum msg_role role, struct sim_process *parent,
                                int channel_fd, int (*run)(struct sim_process *p));
/* kill -9: what it does from now on has no effect; its memory and descriptors are given back. */
void process_kill(struct sim_process *p);
/* A signal that its loop waits for. */
void process_signal(struct sim_process *p, int number);
/* The running one of that role; NULL: none. */
struct sim_process *process_find(unsigned gateway, enum msg_role role);
/* Lets the process's thread run until it waits again. */
void process_resume(struct sim_process *p);
/* From within the process's own thread: lets the simulator go on. */
void process_wait(struct sim_process *p);
/* Forgets those that have ended and are reaped. */
void processes_sweep(void);

/* -- loop.c: the event loops, and the simulator's own -- */

/* Runs the world until that time. */
void loop_run(ls_time until);
void loop_signal(struct sim_base *base, int number);
bool loop_broken(const struct sim_base *base);
/* Event structures that nobody has freed. */
unsigned loop_events(void);

/* -- net.c: sockets, links, a NAT -- */

struct net_link {
	uint32_t loss, twice, corrupt, late; /* permille of the packets */
	uint32_t delay_us, jitter_us;        /* least delay, and what is drawn on top */
	uint32_t late_us;                    /* most that a late one is held back */
};
struct net {
	struct net_link link[SIM_GATEWAYS]; /* from that gateway */
	bool nat, ipv6;                     /* gateway 0 is behind a NAT */
	bool cut;
	uint32_t full;     /* permille of sends that find the socket full */
	uint32_t stranger; /* permille of packets that a stranger sends again later, as his own */
	uint32_t noise;    /* permille of packets after which he sends bytes without sense */
	uint32_t icmp;     /* permille of packets that ICMP says were not delivered */
	uint32_t path_mtu; /* what a router on the way carries whole; 0: all */
	bool path_silent;  /* and it says nothing of what it drops */
	uint32_t lies;     /* permille of packets of which somebody says that they were too big */
	uint64_t sent, delivered;
};
extern struct net net;
void net_begin(void);
void net_end(void);
/* What that host has as its address, and how the other one sees it. */
struct ls_addr net_address(unsigned gateway);
struct ls_addr net_seen(unsigned gateway);
/* The NAT forgets its mappings, and may get another address. */
void net_rebind(bool new_address);

/* -- host.c: what lies behind the gateways: packets into the TUN devices and out of them -- */

struct host_tunnel {
	int fd; /* the world's end of the TUN device; -1: there is none */
	bool up;
	ls_time up_since;
	unsigned downs; /* how often it was up and then no more */
	uint64_t sent, received;
	ls_time last_received; /* of a packet sent after calm */
};
extern struct host_tunnel host_tunnel[SIM_GATEWAYS][SIM_TUNNELS_MAX];
void host_begin(void);
void host_end(void);
/* Sends one marked packet from behind that gateway into that tunnel. */
void host_send(unsigned gateway, unsigned tunnel);
/* Takes what came out of the TUN devices; false when there was nothing. */
bool host_receive(void);
/* Packets sent from there between these times that were not delivered. */
unsigned host_lost(unsigned gateway, unsigned tunnel, ls_time from, ls_time to);
/* And those that were sent. */
unsigned host_sent(unsigned gateway, unsigned tunnel, ls_time from, ls_time to);

/* -- daemon.c: a gateway's daemon: its files, its start and end -- */

struct daemon_wish {
	unsigned tunnels;
	bool both_dial, on_demand, force_udp, sequencing, hide_avps, no_mobike;
	enum { SIM_PPK_NONE, SIM_PPK_OPTIONAL, SIM_PPK_REQUIRED } ppk[SIM_GATEWAYS];
	bool no_tokens[SIM_GATEWAYS]; /* it has no crash detection */
	bool cert[SIM_GATEWAYS]; /* it proves itself by a certificate, not by the preshared key */
	uint32_t auth_life_s, ike_life_s, esp_life_s, esp_life_packets, window_packets;
	uint32_t dpd_s, retries, hello_s, echo_s;
	uint32_t tfc, dummy_ms;
	const char *esp_proposal, *ike_proposal;
	const char *df; /* NULL: the default */
};
extern struct daemon_wish daemon_wish;
/* certs.c: certificate, key and CA for both gateways in dir. */
void certs_write(const char *dir);
void certs_remove(const char *dir);

bool daemon_files(const char *dir);
void daemon_files_remove(const char *dir);
void daemon_start(unsigned gateway);
/* A daemon that ends is started again by its service manager, after this. */
void daemon_keep(bool again, ls_time after);
void daemon_ended(unsigned gateway, int status);
/* Its callers are sent there (RFC 5685); "": not any more. */
void daemon_redirect(unsigned gateway, const char *to);
/* Asks all three processes for their status; the counts are there soon after. */
void daemon_count_ask(unsigned gateway);
struct daemon_counts {
	unsigned ike_sas, esp_sas, lines, answers;
	unsigned with_ppk, without_ppk; /* established IKE SAs */
	unsigned queued;                /* packets that wait for the longest line */
	unsigned path_least, path_most; /* what the lines say of their paths */
};
extern struct daemon_counts daemon_counts[SIM_GATEWAYS];

/* -- invariants.c -- */

enum sim_break {
	BREAK_NOTHING,
	BREAK_REPLAY,    /* the receiver's window accepts everything */
	BREAK_SEQUENCE,  /* the sender uses a number twice */
	BREAK_PLAINTEXT, /* an inner packet leaves as it is */
	BREAK_STRANGER,  /* what is neither IKE nor ESP leaves */
	BREAK_CORRUPT,   /* a delivered packet is changed */
	BREAK_MEMORY,    /* SAs are never ended */
	BREAK_CALM,      /* the network stays cut */
	BREAK_PATH,      /* the path carries more than is said of it */
	BREAK_PPK,       /* one side has no PPK, though both should */
	BREAK_TIME,      /* the real clock has a part in the virtual one */
};
extern enum sim_break sim_break;
void invariants_begin(void);
void invariants_end(void);
/* Bytes that must never be seen on the wire. */
void invariants_secret(const char *what, const void *bytes, size_t len);
/* A gateway sends this. raw: as IP protocol 50, else UDP between these ports. */
void invariants_wire(unsigned gateway, bool raw, uint16_t from, uint16_t to, const uint8_t *bytes,
                     size_t len);
void invariants_counts(unsigned gateway, const struct daemon_counts *c, bool calm);
/* After quiet time: what the path carries is known, and no line went down. */
void invariants_path(unsigned gateway, const struct daemon_counts *c);

/* -- scenario.c -- */

struct scenario {
	const char *name, *what;
	void (*climate)(void); /* draws from the dice */
};
const struct scenario *scenario_find(const char *name);
const struct scenario *scenario_at(size_t index); /* NULL behind the last */
/* One run of a world; false: failure() says why. */
bool scenario_run(const struct scenario *s, uint64_t seed, bool verbose);
/* After a run: virtual seconds from calm until all was up. */
double scenario_recovery_s(void);

#endif
