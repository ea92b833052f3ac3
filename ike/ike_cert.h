/* Certificates in IKE: the payloads CERT and CERTREQ, the hashes of RFC 7427, and how we sign. */
#ifndef IKE_CERT_H
#define IKE_CERT_H

#include "ike/ike_sa.h"

/* Whether certificates may be used with this peer, by either side; with any; may any prove itself
 * by one. Where not, nothing of this file shows on the wire. */
bool ike_cert_spoken_with(const struct ike_peer *p);
bool ike_cert_spoken(const struct ike *ike);
bool ike_cert_taken(const struct ike *ike);
/* Whether that number in AUTH is a signature that goes with a certificate. */
bool ike_cert_method(uint8_t method);

/* SIGNATURE_HASH_ALGORITHMS (RFC 7427 4). */
void ike_cert_hashes_write(struct ike_build *b);
/* What the peer's IKE_SA_INIT says about hashes and CAs. */
void ike_cert_init_take(struct ike_sa *sa, const struct ike_payloads *in);
/* CERTREQ with the CAs that we trust (RFC 7296 3.7); nothing when there are none. */
void ike_cert_request_write(const struct ike *ike, struct ike_build *b);
/* Whether the peer's CERTREQ, if there is one, has a CA of ours. */
void ike_cert_request_take(struct ike_sa *sa, const struct ike_payloads *in);
/* Our certificates, if we prove ourselves by them. */
void ike_cert_write(const struct ike_sa *sa, struct ike_build *b);

/* How we prove ourselves to the SA's peer, into sa->auth and sa->scheme. CAUSE_NONE,
 * IKE_NO_CERTIFICATE, or IKE_NO_COMMON_HASH with text. */
enum ls_cause ike_cert_choose(struct ike_sa *sa, char *text, size_t cap);
/* Whether what the peer shows can be looked at: at least one X.509 certificate, and not too many.
 * CAUSE_NONE, or why not, with text. */
enum ls_cause ike_cert_check(const struct ike_payloads *in, char *text, size_t cap);
void ike_cert_credentials_free(struct ike *ike);

#endif
