/* Signatures of IKE's AUTH payload (RFC 7427, 8420, 4754), over OpenSSL: which one suits a key,
 * made, and checked. */
#ifndef LIB_SIGN_H
#define LIB_SIGN_H

#include "lib/bytes.h"
#include "lib/cause.h"
#include "lib/crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

enum {
	SIGN_AUTH_MAX = 1200, /* the data of an AUTH payload; RSA of SIGN_RSA_MOST_BITS fits */
	SIGN_RSA_LEAST_BITS = 2048, /* RFC 8247 3.1.1 */
	SIGN_RSA_MOST_BITS = 8192,
	SIGN_PARTS_MAX = 4,
	SIGN_KEY_ID_SIZE = 32
};

/* Authentication methods of the AUTH payload (RFC 7296 3.8, 4754, 7427). */
enum sign_method {
	SIGN_METHOD_ECDSA_256 = 9,
	SIGN_METHOD_ECDSA_384 = 10,
	SIGN_METHOD_ECDSA_521 = 11,
	SIGN_METHOD_SIGNATURE = 14
};

/* What a key can do. */
enum sign_key {
	SIGN_KEY_NONE, /* none of ours: another curve, too few or too many bits */
	SIGN_KEY_RSA,
	SIGN_KEY_P256,
	SIGN_KEY_P384,
	SIGN_KEY_P521,
	SIGN_KEY_ED25519,
	SIGN_KEY_ED448
};

/* Sets of hashes: 1 << number in SIGNATURE_HASH_ALGORITHMS (RFC 7427 4, 8420 2). SHA-1 (1) is not
 * among them (RFC 8247 3.2). */
enum sign_hash {
	SIGN_SHA256 = 1 << 2,
	SIGN_SHA384 = 1 << 3,
	SIGN_SHA512 = 1 << 4,
	SIGN_IDENTITY = 1 << 5,
	SIGN_HASHES = SIGN_SHA256 | SIGN_SHA384 | SIGN_SHA512 | SIGN_IDENTITY
};

enum sign_scheme {
	SIGN_NONE,
	SIGN_PSS_SHA256,
	SIGN_PSS_SHA384,
	SIGN_PSS_SHA512,
	SIGN_PKCS1_SHA256,
	SIGN_PKCS1_SHA384,
	SIGN_PKCS1_SHA512,
	SIGN_ECDSA_SHA256,
	SIGN_ECDSA_SHA384,
	SIGN_ECDSA_SHA512,
	SIGN_ED25519,
	SIGN_ED448,
	/* RFC 4754, for peers without RFC 7427 */
	SIGN_OLD_P256,
	SIGN_OLD_P384,
	SIGN_OLD_P521,
	SIGN_SCHEMES
};

/*
 * The scheme to sign with for a peer that named these hashes (0: it does not speak RFC 7427);
 * pkcs1: RSA in the older padding, not PSS. SIGN_NONE: nothing suits both; method 1 (RSA with
 * SHA-1) is not built.
 */
enum sign_scheme sign_choose(enum sign_key key, unsigned hashes, bool pkcs1);
/* "RSA-PSS with SHA-256"; "?" for no scheme. */
const char *sign_name(enum sign_scheme scheme);
/* The number in the AUTH payload. */
uint8_t sign_method(enum sign_scheme scheme);
/* "RSA", "ECDSA P-256", ... */
const char *sign_key_name(enum sign_key key);

enum sign_key sign_key_kind(const struct evp_pkey_st *key);
/* The first size bytes of the hash of an encoding of len bytes that OpenSSL has made, which is
 * freed; false where it has made none (len <= 0). */
bool sign_encoding_hash(enum crypto_hash hash, unsigned char *der, int len, uint8_t *out,
                        size_t size);
/* SHA-256 of the public key's SubjectPublicKeyInfo; false when OpenSSL refuses. */
bool sign_key_id(const struct evp_pkey_st *key, uint8_t out[SIGN_KEY_ID_SIZE]);
/*
 * A private key from PEM. passphrase: empty when there is none. NULL: *why says why (static). To be
 * freed by sign_key_free(), which wipes it.
 */
struct evp_pkey_st *sign_key_read(struct ls_bytes pem, struct ls_bytes passphrase,
                                  const char **why);
void sign_key_free(struct evp_pkey_st *key);

/* The data of an AUTH payload over the parts in order, at most SIGN_PARTS_MAX. Gives its size, at
 * most SIGN_AUTH_MAX; 0 when key and scheme do not go together. */
size_t sign_make(struct evp_pkey_st *key, enum sign_scheme scheme, const struct ls_bytes *parts,
                 size_t n, uint8_t out[SIGN_AUTH_MAX]);
/*
 * Checks the data of an AUTH payload of that method. CAUSE_NONE with *used set;
 * IKE_SIGNATURE_UNKNOWN (an algorithm, hash or padding that is not accepted, or that does not fit
 * the key), IKE_SIGNATURE_WRONG.
 */
enum ls_cause sign_check(struct evp_pkey_st *key, uint8_t method, struct ls_bytes auth,
                         const struct ls_bytes *parts, size_t n, enum sign_scheme *used);

#endif
