/* X.509 certificates, over OpenSSL: read, what they say, and distinguished names from and to text.
 */
#ifndef LIB_CERT_H
#define LIB_CERT_H

#include "lib/bytes.h"
#include "lib/sign.h"

struct x509_st;        /* OpenSSL's X509 */
struct asn1_string_st; /* OpenSSL's ASN1_TIME, among others */

enum {
	CERT_SIZE_MAX = 16384, /* of one, in DER */
	CERT_CHAIN_MAX = 8,    /* certificates of a chain without its trusted end */
	CERT_AUTHORITY_SIZE = 20,
	CERT_DN_MAX = 256,
	CERT_TEXT_MAX = 160,
	CERT_SERIAL_MAX = 48
};

/* For people; texts that are too long end in "...". Times in seconds since 1970. */
struct cert_info {
	char subject[CERT_TEXT_MAX], issuer[CERT_TEXT_MAX], serial[CERT_SERIAL_MAX];
	int64_t not_before, not_after;
};

/* NULL for anything but one whole certificate of at most CERT_SIZE_MAX bytes. */
struct x509_st *cert_read(struct ls_bytes der);
void cert_free(struct x509_st *cert);
/*
 * The certificates of a file, PEM (what else it holds is passed over) or one in DER, in order; at
 * most max. Gives how many; 0 with *why (static) for none, too many or a broken one.
 */
unsigned cert_file_read(struct ls_bytes file, struct x509_st **out, unsigned max, const char **why);
/* Its DER, malloc'ed, *len bytes; NULL without memory. */
uint8_t *cert_der(const struct x509_st *cert, size_t *len);
void cert_info_get(const struct x509_st *cert, struct cert_info *out);
/* Seconds since 1970; 0 for a time that is none. */
int64_t cert_time(const struct asn1_string_st *t);
/* "2027-03-01" */
const char *cert_date(int64_t time_s, char out[16]);
/* SHA-1 of the SubjectPublicKeyInfo, as a CERTREQ names a CA (RFC 7296 3.7). */
bool cert_authority(const struct x509_st *cert, uint8_t out[CERT_AUTHORITY_SIZE]);
/* Belongs to the certificate. NULL: a key that OpenSSL cannot use. */
struct evp_pkey_st *cert_key(const struct x509_st *cert);
/* Issued by itself, going by the names. */
bool cert_is_root(const struct x509_st *cert);
/*
 * Whether an identity of that type (RFC 7296 3.5: IPv4 1, FQDN 2, e-mail 3, IPv6 5, DER DN 9) is
 * one of the certificate's: its subject, or a subjectAltName, never a common name (RFC 4945 3.1).
 */
bool cert_has_identity(const struct x509_st *cert, unsigned type, struct ls_bytes id);
/* The identities that it has: "CN=reno, O=Bank; reno.bank.example; 192.0.2.1". */
void cert_identities(const struct x509_st *cert, char *out, size_t cap);

/* "CN=reno, O=Bank, C=US" to DER (at most CERT_DN_MAX bytes); a comma or plus in a value is written
 * with a backslash. Gives its size; 0 when it is no DN. The order is that of the certificate. */
size_t cert_dn_parse(const char *text, uint8_t out[CERT_DN_MAX]);
/* Printable; false for bytes that are no DN. */
bool cert_dn_text(struct ls_bytes der, char *out, size_t cap);
/* The same name, whatever the case and the kinds of its strings (as RFC 5280 7.1 compares). */
bool cert_dn_same(struct ls_bytes a, struct ls_bytes b);

#endif
