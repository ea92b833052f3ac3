/* The parent process: what it holds, and the functions its files share. */
#ifndef SRC_PARENT_PARENT_H
#define SRC_PARENT_PARENT_H

#include "lib/cause.h"
#include "src/base/clock.h"
#include "src/base/log.h"
#include "src/config/config.h"
#include "src/parent/child.h"
#include "src/parent/child_log.h"
#include "src/parent/history.h"
#include "src/parent/listen.h"
#include "src/parent/netlink.h"
#include "src/parent/netwatch.h"
#include "src/parent/run_dir.h"
#include "src/parent/tun.h"

enum {
	PARENT_CHILDREN = 3,
	PARENT_PATH_MAX = 256,
	PARENT_ERROR_MAX = 512,
	PARENT_TOKEN_PATH_MAX = 240,
	PARENT_SHUTDOWN_STEP_MS = 1200, /* the gateway first, then ike; both together below 3 s */
	PARENT_READY_S = 30,
	PARENT_NAME_MAX = 16,
};

/* How the daemon was called. */
struct parent_options {
	const char *config;
	const char *run_dir;
	const char *state_dir; /* what outlives the daemon */
	bool foreground;
	enum log_level level;
};

/* What a tunnel's line last failed of. */
struct failure {
	struct ls_event event; /* cause CAUSE_NONE: it never failed */
	ls_time at;
	bool weak; /* a caller's that did not prove itself, or older than the line was last up */
};

/* Callers that did not prove that they are the tunnel's peer: it, set up wrongly, or strangers. */
struct callers {
	uint64_t refused; /* since the daemon started */
	struct ls_event event;
	ls_time at; /* of the last one */
};

/* What the gateway said of the line. */
struct line {
	uint8_t state; /* enum msg_line */
	ls_time since;
	ls_time retry_at; /* LS_NEVER: no try is planned */
	char text[LS_EVENT_TEXT_MAX];
	struct failure lack; /* UP: what it does without */
};

/* What is set on the tunnel's interface. */
struct iface {
	bool up;                                /* between IFACE_UP and IFACE_DOWN */
	struct ls_addr local4, remote4, local6; /* addresses on it */
	bool routes;                            /* the configured routes lead into it */
	struct ls_addr dns[2];                  /* what the peer named */
	struct ls_addr peer;                    /* outer address that the routes must not catch */
};

struct tunnel {
	uint32_t id;
	char name[PARENT_NAME_MAX];
	struct conf_tunnel conf;
	uint8_t *encoded; /* conf as it was sent, for the comparison at a reload */
	size_t encoded_len;
	struct tun tun;
	struct iface iface;
	struct line line;
	struct failure failure;
	struct callers callers;
	char redirect[CONF_TEXT_MAX]; /* where its callers are sent; "": nowhere */
	bool kept;                    /* while a new configuration is compared */
	struct tunnel *next;
};

/* Our own certificate. */
struct certificate {
	struct conf_pki pki;
	struct event *timer; /* looks at its end once a day */
};

struct control;

struct parent {
	struct parent_options options;
	char config_path[CONF_PATH_MAX]; /* absolute */
	struct run_dir run_dir;
	int waiter_fd; /* the process that was called waits at its other end until we are ready; -1:
	                  none */
	struct event_base *base;
	struct event *on_term, *on_int, *on_hup, *on_child, *log_timer, *end_timer, *ready_timer;
	struct conf conf;
	struct certificate certificate;
	unsigned workers; /* those that the daemon was started with; 0: not known yet */
	uint8_t *gateway_encoded;
	size_t gateway_encoded_len;
	struct netlink *netlink;
	struct netwatch *netwatch;
	uint32_t net_changes;
	struct listen listen;
	struct tunnel *tunnels;
	char redirect[CONF_TEXT_MAX]; /* where all callers are sent; "": nowhere */
	uint32_t last_tunnel;         /* ids are never used again */
	struct child child[PARENT_CHILDREN];
	struct child_log child_log; /* in the background: what they write to stderr */
	struct history history;
	struct ls_counters counters;
	struct control *control;
	ls_time started;
	bool failed;       /* parent_fail was called */
	bool ready;        /* all processes served once */
	bool secrets_told; /* keys has answered about the secrets file */
	unsigned ending;   /* 0: not; else the step */
	int status;
};

/* parent.c: start and end */
/* Runs the daemon until its end; gives the exit status. */
int parent_run(const struct parent_options *options);
/* Ends at once with a status, for what cannot be mended. */
void parent_fail(struct parent *p, const char *why);

/* How many workers the gateway has: sockets and queues are made for them once. */
unsigned parent_workers(struct parent *p);
/* The general settings into gateway_encoded. */
bool parent_gateway_encode(struct parent *p);
/* A process has said goodbye or ended: the next step of the shutdown. */
void parent_shutdown_step(struct parent *p);
/* Lets the process that was called end with this status. */
void parent_waiter_release(struct parent *p, int status);

/* parent_event.c: what happened */
/* Log, history, counters, followers. role: who says so. */
void parent_event(struct parent *p, unsigned role, const struct ls_event *event);
void parent_tell(struct parent *p, uint32_t tunnel, enum ls_cause cause, const struct ls_addr *peer,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
void parent_line_state(struct parent *p, const struct msg_line_state *m);

/* parent_child.c: the other processes */
struct child *parent_child(struct parent *p, enum msg_role role);
bool parent_children_start(struct parent *p);
void parent_children_reap(struct parent *p);
/* A tunnel's settings; to the gateway with its device when it is new. */
void parent_tunnel_send_all(struct parent *p, struct tunnel *t, bool is_new);
/* Opens the secrets file and hands it to keys, which answers whether it took it. false: it cannot
 * be opened; error (cap bytes) says why. */
bool parent_secrets_send(struct parent *p, char *error, size_t cap);
/* Where callers of a tunnel (NULL: all) are sent, as its or the parent's `redirect` says; false:
 * ike cannot be told now, and is when it is back. */
bool parent_redirect_send(struct parent *p, const struct tunnel *t);
/* Sends to each process that runs. */
#define PARENT_SEND_ALL(p, name, m)                                                    \
	do {                                                                           \
		for (unsigned child_at_ = 0; child_at_ < PARENT_CHILDREN; child_at_++) \
			ipc_send_##name((p)->child[child_at_].ipc, (m), -1);           \
	} while (0)

/* parent_pki.c: certificates and keys */
/* Reads what the config names, and takes it when nothing is wrong. false: errors says what is. */
bool parent_pki_check(struct parent *p, const struct conf *conf, struct conf_errors *errors);
/* The files to ike, or the private key's to keys. */
void parent_pki_send(struct parent *p, struct child *c);

/* parent_token.c */
/* The file of the secret for tokens, into path; it and its directory are made if they are missing.
 * -1: error says why. */
int parent_token_open(const char *dir, char path[PARENT_TOKEN_PATH_MAX], char *error, size_t cap);
/* Hands it to keys, where crash detection is on. */
void parent_token_send(struct parent *p);
/* Whether keys has the key of our certificate. */
void parent_key_read(struct parent *p, const struct msg_key_file_read *m);
/* Warns when our certificate ends soon, now and each day from now on. */
void parent_pki_watch(struct parent *p);
void parent_pki_free(struct parent *p);

/* parent_tunnel.c: tunnels and their devices */
struct tunnel *parent_tunnel(struct parent *p, uint32_t id);
struct tunnel *parent_tunnel_by_name(struct parent *p, const char *name);
/* "" for an unknown one. */
const char *parent_tunnel_name(struct parent *p, uint32_t id);
/* Makes a tunnel with its device up; NULL with error told. Takes nothing of conf but copies. */
struct tunnel *parent_tunnel_new(struct parent *p, const struct conf_tunnel *conf, char *error,
                                 size_t cap);
/* New settings for a tunnel that stays. */
bool parent_tunnel_change(struct parent *p, struct tunnel *t, const struct conf_tunnel *conf);
void parent_tunnel_free(struct parent *p, struct tunnel *t);

/* parent_iface.c: addresses, MTU and routes */
/* The device is new: link up, and routes for a tunnel that packets call up. false: error is told.
 */
bool parent_iface_prepare(struct parent *p, struct tunnel *t, char *error, size_t cap);
void parent_iface_up(struct parent *p, const struct msg_iface_up *m);
void parent_iface_down(struct parent *p, struct tunnel *t);
/* Takes away all that was set, also the routes that stay while the line is down. */
void parent_iface_clear(struct parent *p, struct tunnel *t);
void parent_iface_routes_changed(struct parent *p, struct tunnel *t, const struct conf_tunnel *old);

/* parent_reload.c */
/* Reads configuration and secrets anew; each line of what is wrong is given to say. */
enum parent_reload {
	PARENT_RELOAD_REFUSED, /* nothing changed */
	PARENT_RELOAD_PARTLY,  /* the secrets cannot be read, or a tunnel could not be set up */
	PARENT_RELOAD_DONE,    /* but for the secrets, of which keys will tell */
};
enum parent_reload parent_reload(struct parent *p, void (*say)(void *context, const char *line),
                                 void *context);

#endif
