/* A connection to the admin socket, shared between the files that serve it. */
#ifndef SRC_PARENT_CONTROL_CLIENT_H
#define SRC_PARENT_CONTROL_CLIENT_H

#include "lib/pace.h"
#include "src/base/control.h"
#include "src/parent/control_server.h"

#include <jansson.h>

struct control_item {
	struct control_item *next;
	size_t len;
	char text[];
};

struct control_client {
	struct control *control;
	int fd;
	struct event *read, *write, *timer;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	bool asked;    /* its request has come */
	bool admitted; /* it may have what it asked for */
	bool ending;   /* all has been said: closed when it is sent */
	struct control_request request;
	uint32_t tunnel;  /* the one named; 0: none */
	uint64_t id;      /* of questions to the processes; 0: none are open */
	unsigned waiting; /* set of enum msg_role that have not answered */
	unsigned missing; /* those that will not */
	json_t *tunnels;  /* STATUS: tunnel number (text) -> object being collected */
	ls_time step_at;  /* UP: when the last step was shown */
	struct control_item *first, **last;
	size_t queued_bytes;
	struct control_client *next;
};

struct control {
	struct parent *parent;
	int fd;
	char path[PARENT_PATH_MAX];
	struct event *accept;
	struct control_client *clients;
	unsigned count;
	uint64_t last_id;
	struct ls_second refusals;
	bool tracing;   /* ike was told to */
	bool has_group; /* whose members may look: its number */
	gid_t group;
};

/* Sends an object and gives it up (steals the reference). */
void control_say(struct control_client *c, json_t *object);
/* The last object; the connection closes behind it. */
void control_end(struct control_client *c, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets or stops (LS_NEVER) the client's timer, from now. */
void control_timer(struct control_client *c, ls_time wait);

/* control_command.c: carries out c->request, which the client may make. */
void control_command(struct control_client *c);
/* The client's time is up. */
void control_command_timeout(struct control_client *c);

/* Of a command for all tunnels or one: c->tunnel is the one that is named, if one is. false: there
 * is none of that name, and an end has said so. */
bool control_tunnel_choose(struct control_client *c);

/* control_trace.c: l2tpsecctl trace */
void control_trace(struct parent *p, const struct msg_trace *m);
void control_trace_command(struct control_client *c);
/* ike is told when the first begins to look on, and when the last has left; or anew. */
void control_trace_update(struct control *k);

/* control_json.c: the objects of src/base/control.h */
/* Makes text fit for a terminal and for JSON, in place; gives it back. */
char *control_json_printable(char *text);
json_t *control_json_event(const struct history_entry *e, ls_time now);
json_t *control_json_tunnel(struct parent *p, const struct tunnel *t, bool full, json_t *collected);
json_t *control_json_daemon(struct parent *p, unsigned missing);
json_t *control_json_why(struct parent *p, const struct tunnel *t);
json_t *control_json_trace(const char *tunnel, const struct msg_trace *m);
json_t *control_json_counter(unsigned role, unsigned cause, uint64_t count);
/* Adds a STATUS_ message to what is collected of its tunnel. */
void control_json_collect(json_t *tunnels, const struct msg *m);

#endif
