/* NAT detection (RFC 7296 2.23): the two hashes, and what they say about who stands behind a NAT.
 */
#ifndef IKE_NAT_H
#define IKE_NAT_H

#include "ike/ike_message.h"
#include "lib/addr.h"
#include "lib/random.h"

enum { IKE_NAT_HASH_SIZE = 20, IKE_PORT = 500, IKE_PORT_NAT = 4500 };

/* Writes both notifies; force: a source hash that matches nothing, so that the peer encapsulates in
 * UDP. */
void ike_nat_write(struct ike_build *b, uint64_t spi_i, uint64_t spi_r, const struct ls_addr *local,
                   const struct ls_addr *remote, bool force, const struct ls_random *random);

struct ike_nat_found {
	bool spoken; /* the peer sent both kinds: it knows NAT traversal */
	bool local;  /* we are behind a NAT */
	bool remote; /* the peer is */
};
/* Compares what the peer sent with the addresses as we see them. */
struct ike_nat_found ike_nat_check(const struct ike_payloads *p, uint64_t spi_i, uint64_t spi_r,
                                   const struct ls_addr *local, const struct ls_addr *remote);

#endif
