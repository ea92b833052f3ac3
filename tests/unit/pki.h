/* A CA in the test's hand: keys and certificates of any kind, good and bad. */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include "lib/cert.h"

#include <check.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { PKI_PEM_MAX = 65536 };
static const int64_t PKI_NOW = 1800000000, PKI_DAY = 86400; /* 2027-01-15 */

struct pki {
	X509 *cert;
	EVP_PKEY *key;
	uint8_t *der;
	size_t der_len;
};

struct pki_ask {
	const char *key; /* "rsa:2048", "P-256", "ED25519", ...; "public:9216": RSA, without its
	                    private half */
	const char *subject, *san, *usage, *key_usage, *constraints, *names;
	const struct pki *issuer; /* NULL: itself */
	int64_t from_day, until_day;
	const char *hash;
	long serial;
};

static inline EVP_PKEY *pki_public(int bits)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_new();
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
	OSSL_PARAM_BLD_push_BN(b, "n", n);
	OSSL_PARAM_BLD_push_uint(b, "e", 65537);
	params = OSSL_PARAM_BLD_to_param(b);
	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_free(n);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static inline EVP_PKEY *pki_key(const char *kind)
{
	EVP_PKEY *key;

	if (strncmp(kind, "public:", 7) == 0)
		key = pki_public(atoi(kind + 7));
	else if (strncmp(kind, "rsa:", 4) == 0)
		key = EVP_RSA_gen((unsigned)atoi(kind + 4));
	else if (strncmp(kind, "ED", 2) == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	else
		key = EVP_EC_gen(kind);
	ck_assert_ptr_nonnull(key);
	return key;
}

static inline void pki_extend(X509 *c, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;

	if (!value)
		return;
	X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(X509_add_ext(c, e, -1), 1);
	X509_EXTENSION_free(e);
}

static inline const EVP_MD *pki_hash(const EVP_PKEY *key, const char *name)
{
	return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")
	               ? NULL
	               : EVP_get_digestbyname(name ? name : "SHA256");
}

static inline struct pki pki_make(const struct pki_ask *a)
{
	struct pki p = {.cert = X509_new(), .key = pki_key(a->key ? a->key : "P-256")};
	const struct pki *by = a->issuer ? a->issuer : &p;
	static long serial = 1000;
	uint8_t dn[CERT_DN_MAX];
	const uint8_t *at = dn;
	X509_NAME *name;
	size_t len = cert_dn_parse(a->subject, dn);

	name = len ? d2i_X509_NAME(NULL, &at, (long)len) : X509_NAME_new();
	X509_set_version(p.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(p.cert), a->serial ? a->serial : ++serial);
	X509_set_subject_name(p.cert, name);
	X509_set_issuer_name(p.cert, a->issuer ? X509_get_subject_name(by->cert) : name);
	X509_NAME_free(name);
	ASN1_TIME_set(X509_getm_notBefore(p.cert), (time_t)(PKI_NOW + a->from_day * PKI_DAY - 60));
	ASN1_TIME_set(X509_getm_notAfter(p.cert),
	              (time_t)(PKI_NOW + (a->until_day ? a->until_day : 365) * PKI_DAY));
	X509_set_pubkey(p.cert, p.key);
	pki_extend(p.cert, by->cert, NID_basic_constraints, a->constraints);
	pki_extend(p.cert, by->cert, NID_key_usage, a->key_usage);
	pki_extend(p.cert, by->cert, NID_ext_key_usage, a->usage);
	pki_extend(p.cert, by->cert, NID_subject_alt_name, a->san);
	pki_extend(p.cert, by->cert, NID_name_constraints, a->names);
	ck_assert_int_gt(X509_sign(p.cert, by->key, pki_hash(by->key, a->hash)), 0);
	p.der = cert_der(p.cert, &p.der_len);
	ck_assert_ptr_nonnull(p.der);
	return p;
}

static inline struct pki pki_ca(const char *subject, const struct pki *issuer)
{
	return pki_make(&(struct pki_ask){.subject = subject,
	                                  .issuer = issuer,
	                                  .constraints = "critical,CA:TRUE",
	                                  .key_usage = "keyCertSign,cRLSign"});
}

static inline void pki_free(struct pki *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	free(p->der);
	memset(p, 0, sizeof *p);
}

static inline struct ls_bytes pki_der(const struct pki *p)
{
	return LS_BYTES(p->der, p->der_len);
}

/* PEM of what `write` writes, in a buffer of the next call's. */
static inline struct ls_bytes pki_pem(BIO *b)
{
	static char text[PKI_PEM_MAX];
	int n = BIO_read(b, text, sizeof text);

	BIO_free(b);
	return LS_BYTES((const uint8_t *)text, n > 0 ? (size_t)n : 0);
}

static inline struct ls_bytes pki_cert_pem(const struct pki *p)
{
	BIO *b = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(b, p->cert);
	return pki_pem(b);
}

static inline struct ls_bytes pki_key_pem(const struct pki *p, const char *passphrase)
{
	BIO *b = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(b, p->key, passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL,
	                         (void *)(uintptr_t)passphrase);
	return pki_pem(b);
}

/* A CRL of the CA, from a day to a day, with one certificate in it, or none. */
static inline struct ls_bytes pki_crl(const struct pki *ca, const struct pki *revoked,
                                      int64_t from_day, int64_t until_day)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)(PKI_NOW + from_day * PKI_DAY - 60));
	BIO *b = BIO_new(BIO_s_mem());

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert));
	X509_CRL_set1_lastUpdate(crl, t);
	if (revoked) {
		X509_REVOKED *r = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked->cert));
		X509_REVOKED_set_revocationDate(r, t);
		X509_CRL_add0_revoked(crl, r);
	}
	ASN1_TIME_set(t, (time_t)(PKI_NOW + until_day * PKI_DAY));
	X509_CRL_set1_nextUpdate(crl, t);
	ASN1_TIME_free(t);
	ck_assert_int_gt(X509_CRL_sign(crl, ca->key, pki_hash(ca->key, NULL)), 0);
	PEM_write_bio_X509_CRL(b, crl);
	X509_CRL_free(crl);
	return pki_pem(b);
}

#endif
