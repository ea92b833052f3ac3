/* Certificates: a CA's own, and those of gateways. */
#include "src/pki/pki.h"

#include "lib/addr.h"
#include "lib/cert.h"
#include "lib/random.h"
#include "src/config/config.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* -- names -- */

static X509_NAME *subject_of(const char *text)
{
	uint8_t der[CERT_DN_MAX];
	const uint8_t *at = der;
	size_t len = strchr(text, '=') ? cert_dn_parse(text, der) : 0;
	X509_NAME *name;

	if (len > 0)
		return d2i_X509_NAME(NULL, &at, (long)len);
	name = strchr(text, '=') ? NULL : X509_NAME_new();
	if (name && X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
	                                       (const uint8_t *)text, -1, -1, 0) != 1) {
		X509_NAME_free(name);
		name = NULL;
	}
	return name;
}

static GENERAL_NAME *general_name(const char *name)
{
	enum pki_name_kind kind = pki_name_kind(name);
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_STRING *value =
		kind == PKI_NAME_IP ? ASN1_OCTET_STRING_new() : (ASN1_STRING *)ASN1_IA5STRING_new();
	struct ls_addr a;
	bool ok = g && value;

	if (ok && kind == PKI_NAME_IP)
		ok = ls_addr_parse(name, &a) &&
		     ASN1_STRING_set(value, a.ip, (int)ls_addr_size(&a)) == 1;
	else if (ok)
		ok = ASN1_STRING_set(value, name, -1) == 1;
	if (!ok) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(g);
		return NULL;
	}
	GENERAL_NAME_set0_value(g,
	                        kind == PKI_NAME_IP      ? GEN_IPADD
	                        : kind == PKI_NAME_EMAIL ? GEN_EMAIL
	                                                 : GEN_DNS,
	                        value);
	return g;
}

static bool names_put(X509 *c, const char *names)
{
	GENERAL_NAMES *all = GENERAL_NAMES_new();
	char name[PKI_ALIAS_MAX];
	bool ok = all != NULL;

	while (ok && pki_names_next(&names, name)) {
		GENERAL_NAME *g = general_name(name);

		ok = g && sk_GENERAL_NAME_push(all, g) > 0;
		if (!ok)
			GENERAL_NAME_free(g);
	}
	ok = ok && X509_add1_ext_i2d(c, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(all);
	return ok;
}

/* -- what may be done with it -- */

static bool put(X509 *c, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(c, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

/* RFC 5280 4.2.1, 4945 5.1.3. Windows wants serverAuth of who is called and clientAuth of who
 * calls. */
static bool extend(X509 *c, const struct pki_wanted *w)
{
	if (!w->issuer)
		return put(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		       put(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		       put(c, c, NID_subject_key_identifier, "hash");
	return put(c, w->issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       put(c, w->issuer, NID_key_usage, "critical,digitalSignature") &&
	       put(c, w->issuer, NID_ext_key_usage, "serverAuth,clientAuth,ipsecIKE") &&
	       put(c, w->issuer, NID_subject_key_identifier, "hash") &&
	       put(c, w->issuer, NID_authority_key_identifier, "keyid:always") &&
	       names_put(c, w->names);
}

/* 126 random bits (RFC 5280 4.1.2.2 wants a positive number of at most 20 bytes). */
static bool serial_draw(X509 *c)
{
	struct ls_random system = ls_random_system();
	uint8_t bytes[PKI_SERIAL_BYTES];
	BIGNUM *n;
	bool ok;

	ls_random_fill(&system, bytes, sizeof bytes);
	bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40);
	n = BN_bin2bn(bytes, sizeof bytes, NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(c));
	BN_free(n);
	return ok;
}

static bool fill(X509 *c, const struct pki_wanted *w, const X509_NAME *subject)
{
	EVP_PKEY *by = w->issuer ? w->issuer_key : w->key;

	return X509_set_version(c, X509_VERSION_3) == 1 && serial_draw(c) &&
	       X509_set_subject_name(c, subject) == 1 &&
	       X509_set_issuer_name(c, w->issuer ? X509_get_subject_name(w->issuer) : subject) ==
	               1 &&
	       ASN1_TIME_set(X509_getm_notBefore(c), (time_t)w->from_s) &&
	       ASN1_TIME_set(X509_getm_notAfter(c), (time_t)w->until_s) &&
	       X509_set_pubkey(c, w->key) == 1 && extend(c, w) &&
	       X509_sign(c, by, pki_key_hash(by)) > 0 && X509_verify(c, by) == 1;
}

struct x509_st *pki_cert_make(const struct pki_wanted *w, struct pki_error *e)
{
	X509_NAME *subject = subject_of(w->name);
	X509 *c = X509_new();

	if (!subject) {
		pki_fail(e,
		         "'%.80s' cannot be a certificate's name: give a common name of at most 64 "
		         "characters, or a distinguished name such as \"O=Bank, CN=Bank CA\"",
		         w->name);
	} else if (!c || !fill(c, w, subject)) {
		pki_fail(e, "OpenSSL cannot make the certificate of '%.80s'", w->name);
	} else {
		X509_NAME_free(subject);
		ERR_clear_error();
		return c;
	}
	X509_NAME_free(subject);
	X509_free(c);
	ERR_clear_error();
	return NULL;
}

void pki_cert_serial(const struct x509_st *cert, char out[PKI_SERIAL_MAX])
{
	struct cert_info info;

	cert_info_get(cert, &info);
	snprintf(out, PKI_SERIAL_MAX, "%.*s", PKI_SERIAL_MAX - 1, info.serial);
}

bool pki_cert_write(const struct pki_dir *d, const char *file, struct x509_st *cert,
                    struct pki_error *e)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	bool ok = text && PEM_write_bio_X509(text, cert) == 1;
	long len = ok ? BIO_get_mem_data(text, &bytes) : 0;

	ERR_clear_error();
	ok = len > 0 ? pki_dir_create(d, file, 0644, LS_BYTES(bytes, (size_t)len), e)
	             : pki_fail(e, "OpenSSL cannot write the certificate %s/%s", d->path, file);
	BIO_free(text);
	return ok;
}

bool pki_cert_read(const struct pki_dir *d, const char *file, struct x509_st **out,
                   struct pki_error *e)
{
	struct x509_st *one[1];
	struct ls_bytes text;
	const char *why;
	unsigned n;

	if (!pki_dir_read(d, file, false, &text, e))
		return false;
	n = cert_file_read(text, one, 1, &why);
	conf_read_free(&text);
	if (n != 1)
		return pki_fail(e, "%s/%s %s", d->path, file, why);
	*out = one[0];
	return true;
}
