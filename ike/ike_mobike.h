/* MOBIKE (RFC 4555): an IKE SA and its CHILD SAs go on when the caller's address changes. */
#ifndef IKE_MOBIKE_H
#define IKE_MOBIKE_H

#include "ike/ike_sa.h"

/*
 * DOC: MOBIKE is for tunnel mode (1.2). L2TP has transport mode, whose selectors are the outer
 * addresses: another implementation's kernel holds them in its policies, and would drop what comes
 * from the new address. Our packet path knows an SA by its SPI alone and L2TP by its chain, so
 * between two of us transport mode may move; each says so by a notify of our own
 * (IKE_N_L2TPSEC_MOBIKE). MOBIKE_SUPPORTED is said where the RFC's rules hold: in tunnel mode, and
 * on port 4500 (3.3). Everyone else is dialled anew. AH is too: its ICV covers the addresses.
 */

enum { IKE_COOKIE2_SIZE = 16, IKE_COOKIE2_MIN = 8, IKE_COOKIE2_MAX = 64 };

/* IKE_AUTH: what we can do; and what both can, from the peer's message. */
void ike_mobike_offer(const struct ike_sa *sa, struct ike_build *b);
void ike_mobike_take(struct ike_sa *sa, const struct ike_payloads *in);

/* We called, and our address is this one now: all goes on from there, and the peer is asked to
 * follow. false: the SA cannot move. */
bool ike_mobike_leave(struct ike_sa *sa, const struct ls_addr *local);

/* A request of the peer's (INFORMATIONAL): carries out UPDATE_SA_ADDRESSES, and writes what belongs
 * in the response. */
void ike_mobike_request(struct ike_task *t, struct ike_build *b);

/* A probe of ours shows a NAT's new mapping to us (3.8). */
void ike_mobike_probe(struct ike_sa *sa, struct ike_build *b);
void ike_mobike_probed(struct ike_sa *sa, const struct ike_payloads *in);

#endif
