/* What l2tpsecctl and the daemon say to each other over the admin socket. */
#ifndef SRC_BASE_CONTROL_H
#define SRC_BASE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * RUN_DIR/control is a SOCK_SEQPACKET socket. One request a connection, one datagram; then answers,
 * each a datagram with one JSON object that has a "type"; the last one has type "end". Either side
 * may close at any time: that ends the command.
 *
 * Who may: root and the daemon's own user all; members of the config's control group the commands
 * that only read (CONTROL_STATUS, WHY, COUNTERS, EVENTS, TRACE, VERSION); others get an "end" with
 * exit 2 and a sentence.
 *
 * Types and fields are those of l2tpsecctl(8), JSON: tests/docs/json.sh compares the page with what
 * is said. A key that does not apply is left out.
 */
enum {
	CONTROL_VERSION = 2,
	CONTROL_REQUEST_MAX = 512,
	CONTROL_ANSWER_MAX = 65536,
	CONTROL_TUNNEL_MAX = 64,
	CONTROL_GATEWAY_MAX = 128
};

enum control_command {
	CONTROL_STATUS = 1, /* all tunnels, or one: daemon, tunnel... */
	CONTROL_UP,       /* a tunnel: progress..., end when it is up (0) or has failed (1, with the
	                     reason) */
	CONTROL_DOWN,     /* a tunnel: end when it is down */
	CONTROL_WHY,      /* a tunnel: why */
	CONTROL_RELOAD,   /* message... */
	CONTROL_COUNTERS, /* counter... */
	CONTROL_EVENTS,   /* all or one tunnel: event...; with CONTROL_FLAG_FOLLOW on and on */
	CONTROL_VERSION_SHOW, /* version */
	CONTROL_CONFIG,       /* setting... */
	CONTROL_KEYS,         /* all or one tunnel: key...: secrets of running SAs, root only */
	CONTROL_TRACE,        /* all or one tunnel: trace..., on and on */
	CONTROL_REDIRECT,     /* callers of all or one tunnel go to `gateway`; "": not any more */
};

enum control_flag {
	CONTROL_FLAG_FULL = 1,   /* STATUS: SAs and history of all tunnels */
	CONTROL_FLAG_FOLLOW = 2, /* EVENTS: go on */
	CONTROL_FLAG_NO_WAIT = 4 /* UP, DOWN: end at once */
};

struct control_request {
	uint8_t command;
	uint8_t flags;
	char tunnel[CONTROL_TUNNEL_MAX]; /* "": all */
	char gateway[CONTROL_GATEWAY_MAX];
};

/* Gives the length, 0 when a text is not terminated. */
size_t control_request_encode(const struct control_request *r, uint8_t out[CONTROL_REQUEST_MAX]);
/* Strict: version, known command, known flags, text without NUL inside, nothing left over. *version
 * is the other side's as soon as there is one. */
bool control_request_decode(const void *bytes, size_t len, struct control_request *r,
                            uint8_t *version);
/* "status", ...; "?" for unknown ones. */
const char *control_command_name(unsigned command);
/* It changes nothing and shows no secret: members of the control group may. */
bool control_command_reads(unsigned command);

#endif
