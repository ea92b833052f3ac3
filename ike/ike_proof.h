/* The certificates that a peer has proved itself by: kept as long as the SA and its successors. */
#ifndef IKE_PROOF_H
#define IKE_PROOF_H

#include "ike/ike_sa.h"

/* Keeps copies of what is known of the peer's certificate (NULL: it has none) and of the
 * certificates that it sent. Without memory it keeps less, and the SA stands all the same. */
void ike_proof_keep(struct ike_sa *sa, const struct cert_info *info, const struct ls_bytes *certs,
                    unsigned count);
/* The successor of an IKE SA has what the old one was proved by. */
void ike_proof_inherit(struct ike_sa *sa, const struct ike_sa *old);
void ike_proof_free(struct ike_sa *sa);

#endif
