/* ICMP errors about what a socket of ours has sent: out of the kernel's error queue, a few at a
 * time, and none at all while somebody floods us with them. */
#ifndef SRC_BASE_ICMP_H
#define SRC_BASE_ICMP_H

#include "lib/addr.h"
#include "lib/cause.h"
#include "lib/pace.h"
#include "lib/time.h"
#include "lib/unreach.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	ICMP_READ_MOST = 32, /* errors that a call takes */
	ICMP_FLOOD = 200,    /* errors on a socket in a second that are a flood; */
	ICMP_DEAF_S = 10,    /* then the socket hears of none for so long */
	ICMP_PEERS = 64,
	ICMP_AGAIN_S = 5,       /* about one peer one error in so long is passed on, */
	ICMP_PASSED_PER_S = 32, /* and so many in a second about all */
	ICMP_QUOTED = 64,       /* bytes of the packet in question, behind UDP's header */
};

/*
 * Nobody can be reached at `remote`, where this socket sent something (port 0: a raw socket); `by`
 * says so. The kernel has seen that the quoted packet is of this socket's address and port; that is
 * no proof. Or, to a socket that wants to hear of it (`sizes`), with kind LS_UNREACH_NONE: the path
 * there carries packets of `mtu` bytes at most, where 0 is no number; without `by` it is this
 * host's own word about its link.
 */
struct icmp_error {
	struct ls_addr remote, by;
	enum ls_unreach kind;
	bool too_big;
	uint32_t mtu;
	uint8_t quoted[ICMP_QUOTED]; /* with `too_big`: how the packet began; a raw IPv4 socket that
	                                writes IP headers itself has them here too */
	uint8_t quoted_len;
};

/* What was passed on of late; one a process, zero-initialised. */
struct icmp_gate {
	struct {
		struct ls_addr remote;
		ls_time until;
	} peer[ICMP_PEERS];
	struct ls_second passed, sizes;
};

struct icmp_socket {
	int fd;
	uint8_t family;
	struct event *again; /* hears again */
	struct ls_second read;
	bool deaf, flooded;
	bool sizes; /* the owner's: it wants to hear of packets that were too big */
};

/* Makes fd (which stays the caller's) hear of ICMP errors. From then on any call on it may fail
 * once for each error: see icmp_is_error. false: the kernel or memory refused; the socket works
 * without.
 */
bool icmp_open(struct icmp_socket *s, struct event_base *base, int fd, uint8_t family);
/* Before fd is closed. Harmless after a failed or without any icmp_open, when zero-initialised. */
void icmp_close(struct icmp_socket *s);
/*
 * To be called when fd is readable and nothing could be received from it: takes errors out of its
 * queue and counts each that came from the network as ICMP_ERROR. Gives how many are worth passing
 * on. An error that cannot be read as such is dropped. When the socket becomes deaf, flooded is
 * set, for the owner to tell of it once, and ICMP_FLOOD counted.
 */
unsigned icmp_read(struct icmp_socket *s, struct icmp_gate *gate,
                   struct icmp_error out[ICMP_READ_MOST], struct ls_counters *counters,
                   ls_time now);
/*
 * Whether this error number of a call that sends may be that of an ICMP error that came before, for
 * whatever peer: the packet was not sent then, and is to be sent again (ICMP_TRIES times in all).
 */
bool icmp_is_error(int error_number);
enum { ICMP_TRIES = 3 };
/* Sends one datagram without waiting, again where such an error stands in the way. false with
 * errno. */
bool icmp_send(int fd, const struct msghdr *m);

#endif
