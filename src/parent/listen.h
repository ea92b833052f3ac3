/* The daemon's sockets towards the peers: UDP 500 and 4500, raw ESP and AH, for IPv4 and IPv6. */
#ifndef SRC_PARENT_LISTEN_H
#define SRC_PARENT_LISTEN_H

#include "lib/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LISTEN_WORKERS_MAX = 16, LISTEN_MAX = 2 * (2 + 3 * LISTEN_WORKERS_MAX) };

struct listen_socket {
	int fd;
	uint8_t kind; /* enum msg_socket_kind */
	uint8_t family;
	uint16_t port;
	uint8_t worker; /* of the gateway, whose it is */
};

struct listen {
	struct listen_socket socket[LISTEN_MAX];
	size_t count;
};

struct listen_wish {
	struct ls_addr local4, local6; /* addresses to bind to; family 0: all */
	uint16_t ike_port, nat_port;   /* 500 and 4500; raw ones have none */
	unsigned workers; /* of the gateway, 0 for 1: each has sockets of its own for ESP and AH */
};

/* Opens all; a host without IPv6 does without it. false: none is open, and error says which one
 * failed, why, and what to do. */
bool listen_open(struct listen *l, const struct listen_wish *wish, char *error, size_t cap);
void listen_close(struct listen *l);

#endif
