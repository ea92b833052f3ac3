/* X.509 certificates, over OpenSSL: read, and what they say. */
#include "lib/cert.h"

#include "lib/addr.h"
#include "lib/crypto.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ID_IPV4 = 1, ID_FQDN = 2, ID_EMAIL = 3, ID_IPV6 = 5, ID_DN = 9 };

struct x509_st *cert_read(struct ls_bytes der)
{
	const uint8_t *at = der.p;
	X509 *c =
		der.len > 0 && der.len <= CERT_SIZE_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;

	if (c && at != der.p + der.len) {
		X509_free(c);
		c = NULL;
	}
	ERR_clear_error();
	return c;
}

void cert_free(struct x509_st *cert)
{
	X509_free(cert);
}

unsigned cert_file_read(struct ls_bytes file, struct x509_st **out, unsigned max, const char **why)
{
	BIO *in = file.len > 0 && file.len <= INT32_MAX ? BIO_new_mem_buf(file.p, (int)file.len)
	                                                : NULL;
	unsigned n = 0;
	X509 *c;

	*why = "holds no certificate in PEM or DER";
	if (in && file.p[0] == 0x30 && (c = cert_read(file)))
		out[n++] = c;
	while (in && n <= max && (c = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		if (n == max)
			X509_free(c);
		else
			out[n] = c;
		n++;
	}
	/* The end of the file is an error of its own kind, anything else a broken block. */
	if (n > 0 && ERR_peek_last_error() != 0 &&
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		*why = "holds a certificate that cannot be read";
		for (unsigned i = 0; i < n && i < max; i++)
			X509_free(out[i]);
		n = 0;
	}
	if (n > max) {
		*why = "holds too many certificates";
		for (unsigned i = 0; i < max; i++)
			X509_free(out[i]);
		n = 0;
	}
	BIO_free(in);
	ERR_clear_error();
	return n;
}

uint8_t *cert_der(const struct x509_st *cert, size_t *len)
{
	int n = i2d_X509(cert, NULL);
	uint8_t *out = n > 0 ? malloc((size_t)n) : NULL, *at = out;

	if (out)
		i2d_X509(cert, &at);
	*len = out ? (size_t)n : 0;
	return out;
}

int64_t cert_time(const struct asn1_string_st *t)
{
	enum { DAY_S = 86400 };
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, rest = 0;

	if (!epoch || ASN1_TIME_diff(&days, &rest, epoch, t) != 1)
		days = rest = 0;
	ASN1_TIME_free(epoch);
	return (int64_t)days * DAY_S + rest;
}

static void name_text(const X509_NAME *name, char *out, size_t cap)
{
	uint8_t *der = NULL;
	int len = i2d_X509_NAME(name, &der);

	if (len <= 0 || !cert_dn_text(LS_BYTES(der, (size_t)len), out, cap))
		snprintf(out, cap, "?");
	OPENSSL_free(der);
}

void cert_info_get(const struct x509_st *cert, struct cert_info *out)
{
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = serial ? BN_bn2hex(serial) : NULL;

	memset(out, 0, sizeof *out);
	name_text(X509_get_subject_name(cert), out->subject, sizeof out->subject);
	name_text(X509_get_issuer_name(cert), out->issuer, sizeof out->issuer);
	snprintf(out->serial, sizeof out->serial, "%s", hex ? hex : "?");
	out->not_before = cert_time(X509_get0_notBefore(cert));
	out->not_after = cert_time(X509_get0_notAfter(cert));
	OPENSSL_free(hex);
	BN_free(serial);
	ERR_clear_error();
}

const char *cert_date(int64_t time_s, char out[16])
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)time_s);
	struct tm tm;

	if (t && ASN1_TIME_to_tm(t, &tm) == 1)
		snprintf(out, 16, "%04d-%02d-%02d", (tm.tm_year + 1900) % 10000,
		         (tm.tm_mon + 1) % 100, tm.tm_mday % 100);
	else
		snprintf(out, 16, "?");
	ASN1_TIME_free(t);
	return out;
}

bool cert_authority(const struct x509_st *cert, uint8_t out[CERT_AUTHORITY_SIZE])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	return sign_encoding_hash(CRYPTO_SHA1, der, len, out, CERT_AUTHORITY_SIZE);
}

struct evp_pkey_st *cert_key(const struct x509_st *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	ERR_clear_error();
	return key;
}

bool cert_is_root(const struct x509_st *cert)
{
	return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

/* -- identities -- */

static struct ls_bytes string_bytes(const ASN1_STRING *s)
{
	return LS_BYTES(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* Case does not count (RFC 4945 3.1.2); a wildcard of a certificate is no identity. */
static bool same_name(struct ls_bytes a, struct ls_bytes b)
{
	return a.len == b.len && !memchr(a.p, '*', a.len) && !memchr(a.p, 0, a.len) &&
	       strncasecmp((const char *)a.p, (const char *)b.p, a.len) == 0;
}

static bool alternative_is(const GENERAL_NAME *name, unsigned type, struct ls_bytes id)
{
	switch (name->type) {
	case GEN_DNS:
		return type == ID_FQDN && same_name(string_bytes(name->d.dNSName), id);
	case GEN_EMAIL:
		return type == ID_EMAIL && same_name(string_bytes(name->d.rfc822Name), id);
	case GEN_IPADD: {
		struct ls_bytes ip = string_bytes(name->d.iPAddress);

		return (type == ID_IPV4 || type == ID_IPV6) &&
		       ip.len == (type == ID_IPV4 ? 4u : 16u) && ip.len == id.len &&
		       memcmp(ip.p, id.p, ip.len) == 0;
	}
	default:
		return false;
	}
}

static bool subject_is(const X509 *cert, struct ls_bytes id)
{
	uint8_t *der = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(cert), &der);
	bool same = len > 0 && cert_dn_same(LS_BYTES(der, (size_t)len), id);

	OPENSSL_free(der);
	return same;
}

bool cert_has_identity(const struct x509_st *cert, unsigned type, struct ls_bytes id)
{
	GENERAL_NAMES *names;
	bool found = false;

	if (id.len == 0)
		return false;
	if (type == ID_DN)
		return X509_NAME_entry_count(X509_get_subject_name(cert)) > 0 &&
		       subject_is(cert, id);
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names && !found && i < sk_GENERAL_NAME_num(names); i++)
		found = alternative_is(sk_GENERAL_NAME_value(names, i), type, id);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return found;
}

static void add(char *out, size_t cap, const char *text, size_t len)
{
	size_t at = strlen(out);

	if (at + 3 >= cap)
		return;
	if (at > 0) {
		memcpy(out + at, "; ", 2);
		at += 2;
	}
	for (size_t i = 0; i < len && at + 1 < cap; i++)
		out[at++] = text[i] > 0x20 && text[i] < 0x7f ? text[i] : text[i] == ' ' ? ' ' : '?';
	out[at] = '\0';
}

void cert_identities(const struct x509_st *cert, char *out, size_t cap)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char text[CERT_TEXT_MAX];

	out[0] = '\0';
	if (X509_NAME_entry_count(X509_get_subject_name(cert)) > 0) {
		name_text(X509_get_subject_name(cert), text, sizeof text);
		add(out, cap, text, strlen(text));
	}
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		struct ls_bytes b;

		if (n->type == GEN_DNS || n->type == GEN_EMAIL) {
			b = string_bytes(n->d.ia5);
			add(out, cap, (const char *)b.p, b.len);
		} else if (n->type == GEN_IPADD) {
			char address[LS_ADDR_TEXT_MAX];
			struct ls_addr a;

			b = string_bytes(n->d.iPAddress);
			if (b.len != 4 && b.len != 16)
				continue;
			a = ls_addr_from_bytes(b.len == 4 ? 4 : 6, b.p, 0);
			ls_addr_text(&a, address);
			add(out, cap, address, strlen(address));
		}
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
}
