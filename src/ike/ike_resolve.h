/* The addresses of a peer: literal ones at once, names by DNS without waiting, and our own source
 * address towards one. */
#ifndef SRC_IKE_IKE_RESOLVE_H
#define SRC_IKE_IKE_RESOLVE_H

#include "lib/addr.h"
#include "lib/time.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <stdbool.h>

enum {
	RESOLVE_NAMES_MAX = 8,
	RESOLVE_ADDRESSES_MAX = 8,
	RESOLVE_NAME_SIZE = 256,
	RESOLVE_LIMIT_S = 15
};

struct resolve;
struct resolve_ask;

/* Names of one peer, being or having been resolved. */
struct resolve_name {
	char text[RESOLVE_NAME_SIZE];
	struct ls_addr addr[RESOLVE_ADDRESSES_MAX];
	unsigned addrs;
	struct resolve_ask *ask; /* under way */
	struct resolve *owner;
};

struct resolve {
	struct evdns_base *dns;
	struct event *limit; /* DNS without any server does not answer at all */
	struct resolve_name name[RESOLVE_NAMES_MAX];
	unsigned names, waiting;
	unsigned limit_s;
	bool literal;            /* nothing to ask DNS about */
	bool starting;           /* names are being handed to DNS: answers may come at once */
	ls_time asked;           /* when DNS was asked last */
	void (*done)(void *ctx); /* all answers are in (or failed) */
	void *ctx;
};

/*
 * names: in the order of preference. done is called after each round of resolve_start (from within
 * it when the answers are at hand). base and dns may be NULL when all names are addresses.
 */
void resolve_init(struct resolve *r, struct event_base *base, struct evdns_base *dns,
                  const char *const *names, unsigned n, void (*done)(void *), void *ctx);
/* Cancels what is under way. */
void resolve_free(struct resolve *r);
/* Asks DNS (again) for all names that are not addresses; what was known stays until the answer is
 * there. */
void resolve_start(struct resolve *r, ls_time now);
/* All known addresses, by order of names; gives how many. port 0. */
unsigned resolve_addresses(const struct resolve *r, struct ls_addr *out, unsigned max);

/* Which address this host would send from to reach `remote`; false without a route. */
bool resolve_source(const struct ls_addr *remote, struct ls_addr *local);
/* Whether `remote` is reached from another address than `local` now, and from which. An IPv6 host
 * may have several; there only one that is gone counts. */
bool resolve_source_changed(const struct ls_addr *remote, const struct ls_addr *local,
                            struct ls_addr *fresh);

#endif
