/* Whom to believe: CAs and their CRLs, and whether a peer's chain of certificates leads to one,
 * over OpenSSL. No network, no clock. */
#ifndef LIB_TRUST_H
#define LIB_TRUST_H

#include "lib/cert.h"

enum { TRUST_TEXT_MAX = 200 };

struct trust;

struct trust *trust_new(void);
void trust_free(struct trust *t);
/* The certificates of a file (see cert_file_read) become trusted. Gives how many; 0 with *why. */
unsigned trust_ca_add(struct trust *t, struct ls_bytes file, const char **why);
/* The CRLs of a file, PEM or one in DER. Gives how many; 0 with *why. */
unsigned trust_crl_add(struct trust *t, struct ls_bytes file, const char **why);
/* Without a fresh CRL of each CA of the chain a certificate is refused. */
void trust_crl_required(struct trust *t, bool required);
/* The CAs as a CERTREQ names them: CERT_AUTHORITY_SIZE bytes each. */
struct ls_bytes trust_authorities(const struct trust *t);

/* The trusted CA that issued a certificate, going by the names, as a CERTREQ names it; false: none.
 */
bool trust_issuer(const struct trust *t, const struct x509_st *cert,
                  uint8_t out[CERT_AUTHORITY_SIZE]);

/*
 * A peer's certificates: its own first, then those between it and the CA in any order; at most
 * CERT_CHAIN_MAX. It must lead to a trusted CA, each certificate valid at now_s, strong enough
 * (RSA >= 2048 bits, no SHA-1) and not revoked, the first of a use that fits (RFC 4945 5.1.3) and
 * with a key that can sign here. CAUSE_NONE, with *peer the first one, to be freed; else an
 * IKE_CERT cause with details in text.
 */
enum ls_cause trust_check(struct trust *t, const struct ls_bytes *certs, unsigned n, int64_t now_s,
                          struct x509_st **peer, char text[TRUST_TEXT_MAX]);

#endif
