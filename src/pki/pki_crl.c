/* The list of revoked certificates (RFC 5280 5): signed, and looked at. */
#include "src/pki/pki.h"

#include "lib/cert.h"
#include "src/config/config.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

static bool revoked_put(X509_CRL *crl, const struct pki_row *r)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)r->revoked_s);
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	BIGNUM *n = NULL;
	ASN1_INTEGER *serial = NULL;
	int why = pki_reason_number(r->reason);
	bool ok = entry && when && reason && BN_hex2bn(&n, r->serial) > 0 &&
	          (serial = BN_to_ASN1_INTEGER(n, NULL)) &&
	          X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
	          X509_REVOKED_set_revocationDate(entry, when) == 1;

	/* "unspecified" is said by leaving it out (RFC 5280 5.3.1). */
	if (ok && why > 0)
		ok = ASN1_ENUMERATED_set(reason, why) == 1 &&
		     X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1;
	ok = ok && X509_CRL_add0_revoked(crl, entry) == 1;
	if (!ok)
		X509_REVOKED_free(entry);
	ASN1_ENUMERATED_free(reason);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	BN_free(n);
	return ok;
}

static bool number_put(X509_CRL *crl, uint64_t number)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool ok = n && ASN1_INTEGER_set_uint64(n, number) == 1 &&
	          X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0) == 1;

	ASN1_INTEGER_free(n);
	return ok;
}

static bool authority_put(X509_CRL *crl, X509 *ca)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx(&ctx, ca, NULL, NULL, crl, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	ok = e && X509_CRL_add_ext(crl, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

static bool fill(X509_CRL *crl, const struct pki_db *db, X509 *ca, EVP_PKEY *ca_key, int64_t now_s,
                 unsigned days)
{
	/* Of a gateway whose clock is behind it is to be good, too. */
	ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(now_s - PKI_EARLIER_S));
	ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)(now_s + (int64_t)days * PKI_DAY_S));
	bool ok = from && next && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	          X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) == 1 &&
	          X509_CRL_set1_lastUpdate(crl, from) == 1 &&
	          X509_CRL_set1_nextUpdate(crl, next) == 1 && authority_put(crl, ca) &&
	          number_put(crl, db->crl);

	for (size_t i = 0; ok && i < db->count; i++)
		ok = !db->rows[i].revoked_s || revoked_put(crl, &db->rows[i]);
	ASN1_TIME_free(from);
	ASN1_TIME_free(next);
	return ok && X509_CRL_sort(crl) == 1 &&
	       X509_CRL_sign(crl, ca_key, pki_key_hash(ca_key)) > 0 &&
	       X509_CRL_verify(crl, ca_key) == 1;
}

bool pki_crl_write(const struct pki_dir *d, const struct pki_db *db, struct x509_st *ca,
                   struct evp_pkey_st *ca_key, int64_t now_s, unsigned days, struct pki_error *e)
{
	X509_CRL *crl = X509_CRL_new();
	BIO *text = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	bool ok = crl && text && fill(crl, db, ca, ca_key, now_s, days) &&
	          PEM_write_bio_X509_CRL(text, crl) == 1;
	long len = ok ? BIO_get_mem_data(text, &bytes) : 0;

	ERR_clear_error();
	ok = len > 0 ? pki_dir_replace(d, PKI_CA_CRL, 0644, LS_BYTES(bytes, (size_t)len), e)
	             : pki_fail(e, "OpenSSL cannot make the list %s/" PKI_CA_CRL, d->path);
	BIO_free(text);
	X509_CRL_free(crl);
	return ok;
}

bool pki_crl_info(const struct pki_dir *d, int64_t *next_s, size_t *count, struct pki_error *e)
{
	struct ls_bytes text;
	X509_CRL *crl;
	BIO *in;

	if (!pki_dir_read(d, PKI_CA_CRL, false, &text, e))
		return false;
	in = BIO_new_mem_buf(text.p, (int)text.len);
	crl = in ? PEM_read_bio_X509_CRL(in, NULL, NULL, NULL) : NULL;
	if (crl) {
		int n = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));

		*next_s = cert_time(X509_CRL_get0_nextUpdate(crl));
		*count = n > 0 ? (size_t)n : 0;
	}
	BIO_free(in);
	conf_read_free(&text);
	ERR_clear_error();
	if (!crl)
		return pki_fail(e,
		                "%s/" PKI_CA_CRL " cannot be read: sign it anew by 'l2tpsecctl pki "
		                "crl'",
		                d->path);
	X509_CRL_free(crl);
	return true;
}
