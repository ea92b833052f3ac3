/* Our certificates and the CAs that we believe, as the parent hands them over, and the verdict on a
 * peer's: here, where there is no key. */
#ifndef SRC_IKE_IKE_PKI_H
#define SRC_IKE_IKE_PKI_H

#include "ike/ike.h"
#include "lib/trust.h"

/* A set of files, read. */
struct iked_pki {
	struct trust *trust; /* NULL: none */
	struct x509_st *cert[CERT_CHAIN_MAX];
	unsigned certs;
	char error[400]; /* of a file that cannot be used: the whole set is not */
};

void iked_pki_free(struct iked_pki *p);
/* An empty set. false without memory. */
bool iked_pki_begin(struct iked_pki *p, bool crl_required);
/* Reads the file at fd (which it closes); kind: enum msg_pki. What is wrong is noted in error. */
void iked_pki_file(struct iked_pki *p, unsigned kind, const char *path, int fd);
/* Tells the engine. false without memory. */
bool iked_pki_show(const struct iked_pki *p, struct ike *ike);
/*
 * Checks the certificates, the identity and the signature of a peer (request IKE_REQ_AUTH of
 * IKE_AUTH_CERT), at that time in seconds since 1970. The answer's text and certificate lie in
 * *info and text.
 */
struct ike_answer iked_pki_check(const struct iked_pki *p, const struct ike_auth_request *q,
                                 int64_t now_s, struct cert_info *info, char text[TRUST_TEXT_MAX]);

/*
 * Looks again at what the peers have proved themselves by, once CAs or CRLs are others: the SAs of
 * those that are revoked, or that no CA vouches for any more, end. What time alone has done
 * (expired, a CRL that is too old) shows when a peer has to prove itself the next time. now_s:
 * seconds since 1970.
 */
void iked_pki_look_again(const struct iked_pki *p, struct ike *ike, int64_t now_s, ls_time now);

#endif
