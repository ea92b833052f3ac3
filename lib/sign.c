/* Signatures of IKE's AUTH payload (RFC 7427, 8420, 4754), over OpenSSL: which one suits a key,
 * made, and checked. */
#include "lib/sign.h"

#include "lib/crypto.h"
#include "lib/wire.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { PSS = 1, PKCS1, ECDSA, PURE, OLD };

/* AlgorithmIdentifiers as RFC 7427 A and RFC 8420 A write them. */
#define RSA_ALGORITHM(n) "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" n "\x05\x00"
#define ECDSA_ALGORITHM(n) "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03" n
#define HASH_ALGORITHM(n) "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02" n "\x05\x00"
#define PSS_ALGORITHM(n, salt)                                                                  \
	"\x30\x46\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x39"                          \
	"\xa0\x0f" HASH_ALGORITHM(n) "\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" \
				     "\x08" HASH_ALGORITHM(n) "\xa2\x03\x02\x01" salt           \
							      "\xa3\x03\x02\x01\x01"
#define BLOB(b) b, sizeof(b) - 1

static const struct row {
	const char *name;
	const char *blob; /* what stands before the signature; NULL: nothing (RFC 4754) */
	size_t blob_len;
	uint8_t method, kind;
	uint8_t hash; /* of enum sign_hash */
	enum sign_key key;
	uint16_t field_bytes; /* RFC 4754: size of r and of s */
} rows[SIGN_SCHEMES] = {
	[SIGN_PSS_SHA256] = {"RSA-PSS with SHA-256", BLOB(PSS_ALGORITHM("\x01", "\x20")), 14, PSS,
                             SIGN_SHA256, SIGN_KEY_RSA, 0},
	[SIGN_PSS_SHA384] = {"RSA-PSS with SHA-384", BLOB(PSS_ALGORITHM("\x02", "\x30")), 14, PSS,
                             SIGN_SHA384, SIGN_KEY_RSA, 0},
	[SIGN_PSS_SHA512] = {"RSA-PSS with SHA-512", BLOB(PSS_ALGORITHM("\x03", "\x40")), 14, PSS,
                             SIGN_SHA512, SIGN_KEY_RSA, 0},
	[SIGN_PKCS1_SHA256] = {"RSA with SHA-256", BLOB(RSA_ALGORITHM("\x0b")), 14, PKCS1,
                               SIGN_SHA256, SIGN_KEY_RSA, 0},
	[SIGN_PKCS1_SHA384] = {"RSA with SHA-384", BLOB(RSA_ALGORITHM("\x0c")), 14, PKCS1,
                               SIGN_SHA384, SIGN_KEY_RSA, 0},
	[SIGN_PKCS1_SHA512] = {"RSA with SHA-512", BLOB(RSA_ALGORITHM("\x0d")), 14, PKCS1,
                               SIGN_SHA512, SIGN_KEY_RSA, 0},
	[SIGN_ECDSA_SHA256] = {"ECDSA with SHA-256", BLOB(ECDSA_ALGORITHM("\x02")), 14, ECDSA,
                               SIGN_SHA256, SIGN_KEY_P256, 0},
	[SIGN_ECDSA_SHA384] = {"ECDSA with SHA-384", BLOB(ECDSA_ALGORITHM("\x03")), 14, ECDSA,
                               SIGN_SHA384, SIGN_KEY_P384, 0},
	[SIGN_ECDSA_SHA512] = {"ECDSA with SHA-512", BLOB(ECDSA_ALGORITHM("\x04")), 14, ECDSA,
                               SIGN_SHA512, SIGN_KEY_P521, 0},
	[SIGN_ED25519] = {"Ed25519", BLOB("\x30\x05\x06\x03\x2b\x65\x70"), 14, PURE, SIGN_IDENTITY,
                          SIGN_KEY_ED25519, 0},
	[SIGN_ED448] = {"Ed448", BLOB("\x30\x05\x06\x03\x2b\x65\x71"), 14, PURE, SIGN_IDENTITY,
                        SIGN_KEY_ED448, 0},
	[SIGN_OLD_P256] = {"ECDSA-256 (RFC 4754)", NULL, 0, 9, OLD, SIGN_SHA256, SIGN_KEY_P256, 32},
	[SIGN_OLD_P384] = {"ECDSA-384 (RFC 4754)", NULL, 0, 10, OLD, SIGN_SHA384, SIGN_KEY_P384,
                           48},
	[SIGN_OLD_P521] = {"ECDSA-521 (RFC 4754)", NULL, 0, 11, OLD, SIGN_SHA512, SIGN_KEY_P521,
                           66},
};

static const struct row *row_of(enum sign_scheme scheme)
{
	return scheme > SIGN_NONE && scheme < SIGN_SCHEMES ? &rows[scheme] : NULL;
}

const char *sign_name(enum sign_scheme scheme)
{
	const struct row *r = row_of(scheme);

	return r ? r->name : "?";
}

uint8_t sign_method(enum sign_scheme scheme)
{
	const struct row *r = row_of(scheme);

	return r ? r->method : 0;
}

const char *sign_key_name(enum sign_key key)
{
	static const char *const names[] = {"?",           "RSA",     "ECDSA P-256", "ECDSA P-384",
	                                    "ECDSA P-521", "Ed25519", "Ed448"};

	return (unsigned)key < sizeof names / sizeof names[0] ? names[key] : "?";
}

static bool is_ec(enum sign_key key)
{
	return key == SIGN_KEY_P256 || key == SIGN_KEY_P384 || key == SIGN_KEY_P521;
}

/* RFC 7427 leaves the hash to the signer, whatever the curve; RFC 4754 does not. */
static bool row_fits(const struct row *r, enum sign_key key)
{
	return r->key == key || (r->kind == ECDSA && is_ec(key));
}

enum sign_scheme sign_choose(enum sign_key key, unsigned hashes, bool pkcs1)
{
	enum sign_scheme other = SIGN_NONE;

	if (key == SIGN_KEY_NONE)
		return SIGN_NONE;
	for (unsigned s = 1; s < SIGN_SCHEMES; s++) {
		const struct row *r = &rows[s];

		if (hashes == 0 ? r->kind != OLD : (r->kind == OLD || !(r->hash & hashes)))
			continue;
		if (!row_fits(r, key) || r->kind == (pkcs1 ? PSS : PKCS1))
			continue;
		/* The hash as strong as the curve first. */
		if (r->key == key)
			return (enum sign_scheme)s;
		if (other == SIGN_NONE)
			other = (enum sign_scheme)s;
	}
	return other;
}

/* -- keys -- */

static enum sign_key curve_of(const EVP_PKEY *key)
{
	static const struct {
		const char *name;
		enum sign_key key;
	} curves[] = {{"prime256v1", SIGN_KEY_P256},
	              {"secp384r1", SIGN_KEY_P384},
	              {"secp521r1", SIGN_KEY_P521}};
	char name[32];
	size_t len;

	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name,
	                                   &len) != 1)
		return SIGN_KEY_NONE;
	for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
		if (strcmp(name, curves[i].name) == 0)
			return curves[i].key;
	return SIGN_KEY_NONE;
}

enum sign_key sign_key_kind(const struct evp_pkey_st *key)
{
	int bits = EVP_PKEY_get_bits(key);

	/* An RSA key that is marked for PSS alone (RFC 4055) is left out: its own rules would have
	 * to be met. */
	if (EVP_PKEY_is_a(key, "RSA"))
		return bits >= SIGN_RSA_LEAST_BITS && bits <= SIGN_RSA_MOST_BITS ? SIGN_KEY_RSA
		                                                                 : SIGN_KEY_NONE;
	if (EVP_PKEY_is_a(key, "EC"))
		return curve_of(key);
	if (EVP_PKEY_is_a(key, "ED25519"))
		return SIGN_KEY_ED25519;
	return EVP_PKEY_is_a(key, "ED448") ? SIGN_KEY_ED448 : SIGN_KEY_NONE;
}

bool sign_encoding_hash(enum crypto_hash hash, unsigned char *der, int len, uint8_t *out,
                        size_t size)
{
	struct ls_bytes all = LS_BYTES(der, len > 0 ? (size_t)len : 0);
	uint8_t whole[CRYPTO_HASH_MAX];

	if (len > 0) {
		crypto_digest(hash, &all, 1, whole);
		memcpy(out, whole, size);
	}
	OPENSSL_free(der);
	return len > 0;
}

bool sign_key_id(const struct evp_pkey_st *key, uint8_t out[SIGN_KEY_ID_SIZE])
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	ERR_clear_error();
	return sign_encoding_hash(CRYPTO_SHA256, der, len, out, SIGN_KEY_ID_SIZE);
}

struct asked {
	struct ls_bytes passphrase;
	bool asked;
};

static int passphrase_give(char *buffer, int size, int writing, void *context)
{
	struct asked *a = context;

	(void)writing;
	a->asked = true;
	if (a->passphrase.len == 0 || a->passphrase.len > (size_t)size)
		return -1;
	memcpy(buffer, a->passphrase.p, a->passphrase.len);
	return (int)a->passphrase.len;
}

struct evp_pkey_st *sign_key_read(struct ls_bytes pem, struct ls_bytes passphrase, const char **why)
{
	struct asked asked = {.passphrase = passphrase};
	BIO *in = pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.len) : NULL;
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, passphrase_give, &asked) : NULL;

	BIO_free(in);
	ERR_clear_error();
	*why = "is no private key in PEM";
	if (!key && asked.asked)
		*why = passphrase.len > 0 ? "does not open with its passphrase"
		                          : "is encrypted, and there is no passphrase for it";
	if (key && sign_key_kind(key) == SIGN_KEY_NONE) {
		*why = "is of a kind that is not used: it must be RSA of 2048 to 8192 bits, ECDSA "
		       "P-256, P-384 or P-521, Ed25519 or Ed448";
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

void sign_key_free(struct evp_pkey_st *key)
{
	EVP_PKEY_free(key);
}

/* -- signatures -- */

static const EVP_MD *hash_of(const struct row *r)
{
	switch (r->hash) {
	case SIGN_SHA256:
		return EVP_sha256();
	case SIGN_SHA384:
		return EVP_sha384();
	case SIGN_SHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

/* One piece, because Ed25519 and Ed448 take nothing else. */
static uint8_t *join(const struct ls_bytes *parts, size_t n, size_t *len)
{
	uint8_t *all;
	struct wr w;

	*len = 0;
	for (size_t i = 0; i < n; i++)
		*len += parts[i].len;
	all = n <= SIGN_PARTS_MAX ? malloc(*len ? *len : 1) : NULL;
	if (!all)
		return NULL;
	w = wr_make(all, *len);
	for (size_t i = 0; i < n; i++)
		wr_bytes(&w, parts[i].p, parts[i].len);
	return all;
}

static bool padding_set(EVP_PKEY_CTX *how, const struct row *r)
{
	if (r->kind == PKCS1)
		return EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PADDING) > 0;
	if (r->kind != PSS)
		return true;
	/* The salt is as long as the hash (RFC 7427 A.4.3, RFC 8247 3.2). */
	return EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/* RFC 4754 has r and s side by side, OpenSSL a SEQUENCE. */
static size_t plain_from_der(const struct row *r, const uint8_t *der, size_t len, uint8_t *out)
{
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool ok = s && BN_bn2binpad(ECDSA_SIG_get0_r(s), out, r->field_bytes) >= 0 &&
	          BN_bn2binpad(ECDSA_SIG_get0_s(s), out + r->field_bytes, r->field_bytes) >= 0;

	ECDSA_SIG_free(s);
	return ok ? 2u * r->field_bytes : 0;
}

static size_t der_from_plain(const struct row *r, struct ls_bytes plain, uint8_t *out, size_t cap)
{
	struct rd in = rd_make(plain.p, plain.len);
	const uint8_t *r_bytes = rd_bytes(&in, r->field_bytes),
		      *s_bytes = rd_bytes(&in, r->field_bytes);
	ECDSA_SIG *s = rd_end(&in) ? ECDSA_SIG_new() : NULL;
	BIGNUM *a = s ? BN_bin2bn(r_bytes, r->field_bytes, NULL) : NULL,
	       *b = s ? BN_bin2bn(s_bytes, r->field_bytes, NULL) : NULL;
	int len = 0;

	if (!s || !a || !b || ECDSA_SIG_set0(s, a, b) != 1) {
		BN_free(a);
		BN_free(b);
	} else {
		len = i2d_ECDSA_SIG(s, NULL);
		if (len > 0 && (size_t)len <= cap)
			len = i2d_ECDSA_SIG(s, &out);
		else
			len = 0;
	}
	ECDSA_SIG_free(s);
	return len > 0 ? (size_t)len : 0;
}

static size_t sign_bytes(EVP_PKEY *key, const struct row *r, const uint8_t *data, size_t data_len,
                         uint8_t *out, size_t cap)
{
	EVP_MD_CTX *how = EVP_MD_CTX_new();
	EVP_PKEY_CTX *inner = NULL;
	size_t len = cap;
	bool ok = how && EVP_DigestSignInit(how, &inner, hash_of(r), NULL, key) == 1 &&
	          padding_set(inner, r) && EVP_DigestSign(how, out, &len, data, data_len) == 1;

	EVP_MD_CTX_free(how);
	ERR_clear_error();
	return ok ? len : 0;
}

static bool check_bytes(EVP_PKEY *key, const struct row *r, struct ls_bytes signature,
                        const uint8_t *data, size_t data_len)
{
	EVP_MD_CTX *how = EVP_MD_CTX_new();
	EVP_PKEY_CTX *inner = NULL;
	bool ok = how && EVP_DigestVerifyInit(how, &inner, hash_of(r), NULL, key) == 1 &&
	          padding_set(inner, r) &&
	          EVP_DigestVerify(how, signature.p, signature.len, data, data_len) == 1;

	EVP_MD_CTX_free(how);
	ERR_clear_error();
	return ok;
}

size_t sign_make(struct evp_pkey_st *key, enum sign_scheme scheme, const struct ls_bytes *parts,
                 size_t n, uint8_t out[SIGN_AUTH_MAX])
{
	const struct row *r = row_of(scheme);
	struct wr w = wr_make(out, SIGN_AUTH_MAX);
	uint8_t *data = NULL, signature[SIGN_RSA_MOST_BITS / 8], plain[2 * 66];
	size_t data_len, len = 0;

	if (!r || !row_fits(r, sign_key_kind(key)))
		return 0;
	data = join(parts, n, &data_len);
	if (data)
		len = sign_bytes(key, r, data, data_len, signature, sizeof signature);
	free(data);
	if (len > 0 && r->kind == OLD) {
		len = plain_from_der(r, signature, len, plain);
		wr_bytes(&w, plain, len);
	} else if (len > 0) {
		wr_u8(&w, (uint8_t)r->blob_len);
		wr_bytes(&w, r->blob, r->blob_len);
		wr_bytes(&w, signature, len);
	}
	return len > 0 && wr_ok(&w) ? w.len : 0;
}

/* Hashes, RSA with PKCS#1 padding and ECDSA have no parameters: none at all, or NULL. */
static bool is_plain(const X509_ALGOR *a)
{
	int type;

	X509_ALGOR_get0(NULL, &type, NULL, a);
	return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
}

/* The hash that an AlgorithmIdentifier names; 0 for one that is not accepted. */
static unsigned hash_named(const X509_ALGOR *a)
{
	const ASN1_OBJECT *name;

	if (!a || !is_plain(a))
		return 0; /* the default is SHA-1 */
	X509_ALGOR_get0(&name, NULL, NULL, a);
	switch (OBJ_obj2nid(name)) {
	case NID_sha256:
		return SIGN_SHA256;
	case NID_sha384:
		return SIGN_SHA384;
	case NID_sha512:
		return SIGN_SHA512;
	default:
		return 0;
	}
}

/* PSS says hash, mask and salt in its parameters: one hash for both, a salt as long as it, and
 * nothing left to the defaults, which are SHA-1's (RFC 8247 3.2). */
static enum sign_scheme pss_scheme(const X509_ALGOR *a)
{
	RSA_PSS_PARAMS *p = a->parameter ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS),
	                                                             a->parameter)
	                                 : NULL;
	enum sign_scheme found = SIGN_NONE;
	const ASN1_OBJECT *mask = NULL;
	X509_ALGOR *mask_hash = NULL;
	int type = V_ASN1_UNDEF;
	const void *value = NULL;

	if (p && p->maskGenAlgorithm) {
		X509_ALGOR_get0(&mask, &type, &value, p->maskGenAlgorithm);
		if (OBJ_obj2nid(mask) == NID_mgf1 && type == V_ASN1_SEQUENCE)
			mask_hash = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR),
			                                      p->maskGenAlgorithm->parameter);
	}
	if (p && mask_hash && p->saltLength &&
	    (!p->trailerField || ASN1_INTEGER_get(p->trailerField) == 1))
		for (unsigned s = SIGN_PSS_SHA256; s <= SIGN_PSS_SHA512; s++)
			if (hash_named(p->hashAlgorithm) == rows[s].hash &&
			    hash_named(mask_hash) == rows[s].hash &&
			    ASN1_INTEGER_get(p->saltLength) == EVP_MD_get_size(hash_of(&rows[s])))
				found = (enum sign_scheme)s;
	X509_ALGOR_free(mask_hash);
	RSA_PSS_PARAMS_free(p);
	return found;
}

/* Other encodings than ours may mean the same: OpenSSL reads them. */
static enum sign_scheme scheme_named(struct ls_bytes blob)
{
	static const struct {
		int nid;
		enum sign_scheme scheme;
	} plain[] = {
		{NID_sha256WithRSAEncryption, SIGN_PKCS1_SHA256},
		{NID_sha384WithRSAEncryption, SIGN_PKCS1_SHA384},
		{NID_sha512WithRSAEncryption, SIGN_PKCS1_SHA512},
		{NID_ecdsa_with_SHA256, SIGN_ECDSA_SHA256},
		{NID_ecdsa_with_SHA384, SIGN_ECDSA_SHA384},
		{NID_ecdsa_with_SHA512, SIGN_ECDSA_SHA512},
		{NID_ED25519, SIGN_ED25519},
		{NID_ED448, SIGN_ED448},
	};
	const uint8_t *at = blob.p;
	X509_ALGOR *a = d2i_X509_ALGOR(NULL, &at, (long)blob.len);
	enum sign_scheme found = SIGN_NONE;
	const ASN1_OBJECT *name;
	int nid;

	if (a && at == blob.p + blob.len) {
		X509_ALGOR_get0(&name, NULL, NULL, a);
		nid = OBJ_obj2nid(name);
		if (nid == NID_rsassaPss)
			found = pss_scheme(a);
		for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
			if (plain[i].nid == nid && is_plain(a))
				found = plain[i].scheme;
	}
	X509_ALGOR_free(a);
	ERR_clear_error();
	return found;
}

/* Which scheme it is, and the signature as OpenSSL wants it. */
static enum sign_scheme auth_read(uint8_t method, struct ls_bytes auth, uint8_t *der, size_t cap,
                                  struct ls_bytes *signature)
{
	struct rd r = rd_make(auth.p, auth.len);
	enum sign_scheme scheme = SIGN_NONE;
	struct ls_bytes blob;

	if (method == SIGN_METHOD_SIGNATURE) {
		blob.len = rd_u8(&r);
		blob.p = rd_bytes(&r, blob.len);
		signature->len = rd_left(&r);
		signature->p = rd_bytes(&r, signature->len);
		return rd_ok(&r) && blob.len > 0 ? scheme_named(blob) : SIGN_NONE;
	}
	for (unsigned s = SIGN_OLD_P256; s <= SIGN_OLD_P521; s++)
		if (rows[s].method == method)
			scheme = (enum sign_scheme)s;
	if (scheme != SIGN_NONE) {
		signature->p = der;
		signature->len = der_from_plain(&rows[scheme], auth, der, cap);
	}
	return scheme;
}

enum ls_cause sign_check(struct evp_pkey_st *key, uint8_t method, struct ls_bytes auth,
                         const struct ls_bytes *parts, size_t n, enum sign_scheme *used)
{
	uint8_t der[160], *data;
	struct ls_bytes signature = LS_BYTES(NULL, 0);
	enum sign_scheme scheme = auth_read(method, auth, der, sizeof der, &signature);
	size_t len;
	bool ok;

	*used = scheme;
	if (scheme == SIGN_NONE || !row_fits(&rows[scheme], sign_key_kind(key)))
		return CAUSE_IKE_SIGNATURE_UNKNOWN;
	data = join(parts, n, &len);
	if (!data)
		return CAUSE_NO_MEMORY;
	ok = signature.len > 0 && check_bytes(key, &rows[scheme], signature, data, len);
	free(data);
	return ok ? CAUSE_NONE : CAUSE_IKE_SIGNATURE_WRONG;
}
