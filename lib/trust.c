/* Whom to believe: CAs and their CRLs, and whether a peer's chain of certificates leads to one,
 * over OpenSSL. */
#include "lib/trust.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAS_MAX = 64, CAS_OF_A_FILE = 32, LEVEL_112_BITS = 2 };

struct trust {
	X509_STORE *store;
	uint8_t authorities[CAS_MAX * CERT_AUTHORITY_SIZE];
	unsigned cas, crls;
	bool crl_required;
};

struct trust *trust_new(void)
{
	struct trust *t = calloc(1, sizeof *t);

	if (t)
		t->store = X509_STORE_new();
	if (t && !t->store) {
		free(t);
		t = NULL;
	}
	return t;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	X509_STORE_free(t->store);
	free(t);
}

static bool ca_add(struct trust *t, X509 *c)
{
	uint8_t *at = t->authorities + (size_t)t->cas * CERT_AUTHORITY_SIZE;

	if (t->cas >= CAS_MAX || !cert_authority(c, at) || X509_STORE_add_cert(t->store, c) != 1)
		return false;
	t->cas++;
	return true;
}

unsigned trust_ca_add(struct trust *t, struct ls_bytes file, const char **why)
{
	X509 *c[CAS_OF_A_FILE];
	unsigned n = cert_file_read(file, c, CAS_OF_A_FILE, why), added = 0;

	for (unsigned i = 0; i < n; i++) {
		if (X509_check_ca(c[i]) == 0)
			*why = "holds a certificate that is no CA's";
		else if (!ca_add(t, c[i]))
			*why = "holds more CAs than are taken";
		else
			added++;
		X509_free(c[i]);
	}
	ERR_clear_error();
	return added == n ? n : 0;
}

unsigned trust_crl_add(struct trust *t, struct ls_bytes file, const char **why)
{
	BIO *in = file.len > 0 && file.len <= INT32_MAX ? BIO_new_mem_buf(file.p, (int)file.len)
	                                                : NULL;
	const uint8_t *at = file.p;
	unsigned n = 0;
	X509_CRL *crl;

	*why = "holds no CRL in PEM or DER";
	ERR_clear_error();
	if (in && file.p[0] == 0x30 && (crl = d2i_X509_CRL(NULL, &at, (long)file.len))) {
		n += X509_STORE_add_crl(t->store, crl) == 1;
		X509_CRL_free(crl);
	}
	while (in && (crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL))) {
		n += X509_STORE_add_crl(t->store, crl) == 1;
		X509_CRL_free(crl);
	}
	if (n > 0 && ERR_peek_last_error() != 0 &&
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		*why = "holds a CRL that cannot be read";
		n = 0;
	}
	BIO_free(in);
	ERR_clear_error();
	t->crls += n;
	return n;
}

void trust_crl_required(struct trust *t, bool required)
{
	t->crl_required = required;
}

struct ls_bytes trust_authorities(const struct trust *t)
{
	return LS_BYTES(t->authorities, (size_t)t->cas * CERT_AUTHORITY_SIZE);
}

bool trust_issuer(const struct trust *t, const struct x509_st *cert,
                  uint8_t out[CERT_AUTHORITY_SIZE])
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(t->store);

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));

		if (ca && X509_NAME_cmp(X509_get_subject_name(ca), X509_get_issuer_name(cert)) == 0)
			return cert_authority(ca, out);
	}
	return false;
}

/* The end of the chain is trusted by the config, which no CRL can say otherwise of. */
static int judge(int ok, X509_STORE_CTX *c)
{
	int depth = X509_STORE_CTX_get_error_depth(c),
	    end = sk_X509_num(X509_STORE_CTX_get0_chain(c)) - 1;

	if (ok || depth < end || end == 0 ||
	    X509_STORE_CTX_get_error(c) != X509_V_ERR_UNABLE_TO_GET_CRL)
		return ok;
	X509_STORE_CTX_set_error(c, X509_V_OK);
	return 1;
}

/* Where CRLs are not required, one that is missing or old hinders nobody; what it revokes still
 * counts. */
static int judge_mildly(int ok, X509_STORE_CTX *c)
{
	int error = X509_STORE_CTX_get_error(c);

	if (ok || (error != X509_V_ERR_UNABLE_TO_GET_CRL && error != X509_V_ERR_CRL_HAS_EXPIRED))
		return ok;
	X509_STORE_CTX_set_error(c, X509_V_OK);
	return 1;
}

static enum ls_cause cause_of(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return CAUSE_IKE_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CAUSE_IKE_CERT_NOT_YET;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return CAUSE_IKE_CERT_UNKNOWN_CA;
	case X509_V_ERR_CERT_REVOKED:
		return CAUSE_IKE_CERT_REVOKED;
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
		return CAUSE_IKE_CERT_CRL_OLD;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
		return CAUSE_IKE_CERT_NO_CRL;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return CAUSE_IKE_CERT_WEAK;
	case X509_V_ERR_INVALID_PURPOSE:
		return CAUSE_IKE_CERT_USAGE;
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		return CAUSE_IKE_CERT_CHAIN;
	case X509_V_ERR_OUT_OF_MEM:
		return CAUSE_NO_MEMORY;
	default:
		return CAUSE_IKE_CERT_REFUSED;
	}
}

/* Which certificate it is about, and since when where that is the matter. */
static void failure_text(X509_STORE_CTX *c, int error, char text[TRUST_TEXT_MAX])
{
	X509 *at = X509_STORE_CTX_get_current_cert(c);
	struct cert_info info = {.subject = "?"};
	char date[16];

	if (at)
		cert_info_get(at, &info);
	if (error == X509_V_ERR_CERT_HAS_EXPIRED)
		snprintf(text, TRUST_TEXT_MAX, "%.140s, until %s", info.subject,
		         cert_date(info.not_after, date));
	else if (error == X509_V_ERR_CERT_NOT_YET_VALID)
		snprintf(text, TRUST_TEXT_MAX, "%.140s, from %s on", info.subject,
		         cert_date(info.not_before, date));
	else if (cause_of(error) == CAUSE_IKE_CERT_UNKNOWN_CA)
		snprintf(text, TRUST_TEXT_MAX, "%.90s, issued by %.90s", info.subject, info.issuer);
	else
		snprintf(text, TRUST_TEXT_MAX, "%.90s: %.100s", info.subject,
		         X509_verify_cert_error_string(error));
}

/* Absent, or one that fits (RFC 4945 5.1.3.12). */
static bool usage_fits(X509 *c)
{
	EXTENDED_KEY_USAGE *usages;
	bool fits = false;
	int critical;

	if (X509_get_extension_flags(c) & EXFLAG_KUSAGE &&
	    !(X509_get_key_usage(c) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		return false;
	usages = X509_get_ext_d2i(c, NID_ext_key_usage, &critical, NULL);
	if (!usages)
		return critical == -1;
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i));

		fits |= nid == NID_server_auth || nid == NID_client_auth || nid == NID_ipsec_IKE ||
		        nid == NID_anyExtendedKeyUsage;
		if (nid == NID_undef) {
			char oid[32];

			OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(usages, i), 1);
			/* iKEIntermediate, of old */
			fits |= strcmp(oid, "1.3.6.1.5.5.8.2.2") == 0;
		}
	}
	EXTENDED_KEY_USAGE_free(usages);
	return fits;
}

static enum ls_cause leaf_check(X509 *c, char text[TRUST_TEXT_MAX])
{
	EVP_PKEY *key = cert_key(c);
	struct cert_info info;

	cert_info_get(c, &info);
	snprintf(text, TRUST_TEXT_MAX, "%s", info.subject);
	if (!key || sign_key_kind(key) == SIGN_KEY_NONE)
		return CAUSE_IKE_CERT_WEAK;
	return usage_fits(c) ? CAUSE_NONE : CAUSE_IKE_CERT_USAGE;
}

/* All of them: a key of a size that costs too much to use is not used. */
static bool sizes_fit(X509 *c)
{
	EVP_PKEY *key = cert_key(c);

	return key && EVP_PKEY_get_bits(key) <= SIGN_RSA_MOST_BITS;
}

static enum ls_cause chain_check(struct trust *t, X509 *leaf, STACK_OF(X509) * others,
                                 int64_t now_s, bool crls, char text[TRUST_TEXT_MAX])
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *p;
	enum ls_cause cause = CAUSE_NO_MEMORY;
	int error;

	if (c && X509_STORE_CTX_init(c, t->store, leaf, others) == 1) {
		p = X509_STORE_CTX_get0_param(c);
		/* A CA of the config is the end of the chain, also where it has one above it. */
		X509_VERIFY_PARAM_set_flags(p,
		                            X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
		X509_VERIFY_PARAM_set_depth(p, CERT_CHAIN_MAX);
		X509_VERIFY_PARAM_set_auth_level(p, LEVEL_112_BITS);
		X509_VERIFY_PARAM_set_time(p, (time_t)now_s);
		if (crls)
			X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_CRL_CHECK |
			                                       X509_V_FLAG_CRL_CHECK_ALL |
			                                       X509_V_FLAG_EXTENDED_CRL_SUPPORT);
		X509_STORE_CTX_set_verify_cb(c, t->crl_required ? judge : judge_mildly);
		if (X509_verify_cert(c) == 1) {
			cause = CAUSE_NONE;
		} else {
			error = X509_STORE_CTX_get_error(c);
			cause = cause_of(error);
			failure_text(c, error, text);
		}
	}
	X509_STORE_CTX_free(c);
	return cause;
}

enum ls_cause trust_check(struct trust *t, const struct ls_bytes *certs, unsigned n, int64_t now_s,
                          struct x509_st **peer, char text[TRUST_TEXT_MAX])
{
	STACK_OF(X509) *others = sk_X509_new_null();
	enum ls_cause cause = n == 0 ? CAUSE_IKE_CERT_MISSING : CAUSE_NONE;
	X509 *leaf = NULL;

	text[0] = '\0';
	if (n > CERT_CHAIN_MAX) {
		snprintf(text, TRUST_TEXT_MAX, "it sent %u certificates", n);
		cause = CAUSE_IKE_CERT_CHAIN;
	}
	for (unsigned i = 0; i < n && cause == CAUSE_NONE; i++) {
		X509 *c = cert_read(certs[i]);

		if (!c) {
			cause = CAUSE_IKE_CERT_MALFORMED;
			snprintf(text, TRUST_TEXT_MAX, "number %u of %u", i + 1, n);
		} else if (!sizes_fit(c)) {
			cause = CAUSE_IKE_CERT_WEAK;
			snprintf(text, TRUST_TEXT_MAX,
			         "number %u of %u has a key that is not used here", i + 1, n);
		}
		if (i == 0)
			leaf = c;
		else if (c && (!others || sk_X509_push(others, c) <= 0)) {
			X509_free(c);
			cause = CAUSE_NO_MEMORY;
		}
	}
	/* OpenSSL looks at CRLs, which may be large, before signatures: a stranger must not make
	 * it. */
	if (cause == CAUSE_NONE)
		cause = chain_check(t, leaf, others, now_s, false, text);
	if (cause == CAUSE_NONE && (t->crls > 0 || t->crl_required))
		cause = chain_check(t, leaf, others, now_s, true, text);
	if (cause == CAUSE_NONE)
		cause = leaf_check(leaf, text);
	sk_X509_pop_free(others, X509_free);
	if (cause != CAUSE_NONE) {
		X509_free(leaf);
		leaf = NULL;
	}
	*peer = leaf;
	ERR_clear_error();
	return cause;
}
