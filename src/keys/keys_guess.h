/* How often logins failed lately, so that passwords cannot be guessed fast. A table of a fixed
 * size, without a clock. */
#ifndef SRC_KEYS_KEYS_GUESS_H
#define SRC_KEYS_KEYS_GUESS_H

#include "lib/addr.h"
#include "lib/time.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	KEYS_GUESS_SETS = 128,
	KEYS_GUESS_WAYS = 8,
	KEYS_GUESS_PEER_BURST = 5,  /* failures of one peer (its outer address) in a row, */
	KEYS_GUESS_PEER_S = 12,     /* then one in so many seconds */
	KEYS_GUESS_USER_BURST = 20, /* and of one user name, from wherever */
	KEYS_GUESS_USER_S = 3,
};

/* Zero-initialise. */
struct keys_guess {
	struct keys_guess_entry {
		uint64_t key;
		ls_time until; /* what its failures amount to: each adds its seconds */
	} entry[KEYS_GUESS_SETS][KEYS_GUESS_WAYS];
};

/* Who tries what. peer: family 0 when it is not known. */
struct keys_guess_login {
	uint32_t tunnel;
	const struct ls_addr *peer;
	const char *user;
};

/* Whether this login may be looked at now. */
bool keys_guess_allowed(const struct keys_guess *g, const struct keys_guess_login *l, ls_time now);
/* It failed. A table that is full forgets whose failures are the fewest. */
void keys_guess_failed(struct keys_guess *g, const struct keys_guess_login *l, ls_time now);

#endif
