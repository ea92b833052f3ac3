/* Crypto primitives for the engines, over OpenSSL and libsodium: hashes, PRFs, key exchange,
 * ciphers of IKE messages. */
#ifndef LIB_CRYPTO_H
#define LIB_CRYPTO_H

#include "lib/algo.h"
#include "lib/bytes.h"
#include "lib/random.h"
#include "lib/secret.h"

enum { CRYPTO_HASH_MAX = 64, CRYPTO_KE_PUBLIC_MAX = 1024, CRYPTO_PARTS_MAX = 8 };

enum crypto_hash {
	CRYPTO_MD4,
	CRYPTO_MD5,
	CRYPTO_SHA1,
	CRYPTO_SHA256,
	CRYPTO_SHA384,
	CRYPTO_SHA512
};

/* Loads what is needed once (also OpenSSL's legacy provider for MD4 and DES); false with nothing
 * changed when OpenSSL refuses. */
bool crypto_init(void);

/* (Not crypto_hash: libsodium has that name.) Digest of the parts in order into out (16, 16, 20,
 * 32, 48, 64 bytes). Gives its size. */
size_t crypto_digest(enum crypto_hash hash, const struct ls_bytes *parts, size_t n,
                     uint8_t out[CRYPTO_HASH_MAX]);
/* DES-ECB of one block with a 7-byte key spread to 8 (RFC 2759 8.6), for MS-CHAP only. */
void crypto_des_block(const uint8_t key[7], const uint8_t in[8], uint8_t out[8]);

/* HMAC PRF of the parts into out; prf is a PRF row. Gives the output size, 0 if prf is none (RFC
 * 7296 2.13, 4868). */
size_t crypto_prf(enum algo_id prf, struct ls_bytes key, const struct ls_bytes *parts, size_t n,
                  uint8_t out[CRYPTO_HASH_MAX]);
/* prf+ (RFC 7296 2.13): fills len bytes of out; false above 255 blocks. */
bool crypto_prf_plus(enum algo_id prf, struct ls_bytes key, const struct ls_bytes *parts, size_t n,
                     uint8_t *out, size_t len);
/* Truncated HMAC of an INTEG row (RFC 4868, 2404) into out. Gives its size (icv_bytes). */
size_t crypto_integ(enum algo_id integ, struct ls_bytes key, const struct ls_bytes *parts, size_t n,
                    uint8_t out[CRYPTO_HASH_MAX]);

/* An ephemeral key exchange (groups 14, 19, 20, 31 and those of the table). Repeatable: the private
 * value comes from random. */
struct crypto_ke;
struct crypto_ke *crypto_ke_new(enum algo_id group, const struct ls_random *random);
void crypto_ke_free(struct crypto_ke *ke);
enum algo_id crypto_ke_group(const struct crypto_ke *ke);
/* Our public value in the form of the KE payload (RFC 7296 3.4, 5903 7, 8031). Owned by ke. */
struct ls_bytes crypto_ke_public(const struct crypto_ke *ke);
/* The shared secret (new, to be freed by the caller). false for a peer value that is malformed or
 * weak (0, 1, p-1, off the curve, all-zero result). */
bool crypto_ke_shared(const struct crypto_ke *ke, struct ls_bytes peer_public,
                      struct secret *shared);

/*
 * One-shot protection of an IKE SK payload (RFC 7296 3.14, 5282). For an AEAD: key = key | salt,
 * nonce = salt | iv, aad is authenticated, text is ciphered in place, the tag goes to/comes from
 * icv. For CBC: key = cipher key and the caller does the integrity with crypto_integ(); aad and icv
 * are ignored. false: wrong sizes or, on open, a wrong tag (text is then wiped).
 */
bool crypto_seal(enum algo_id encr, struct ls_bytes key, const uint8_t *iv, struct ls_bytes aad,
                 uint8_t *text, size_t len, uint8_t *icv);
bool crypto_open(enum algo_id encr, struct ls_bytes key, const uint8_t *iv, struct ls_bytes aad,
                 uint8_t *text, size_t len, const uint8_t *icv);

/* Constant time. */
bool crypto_equal(const void *a, const void *b, size_t len);

#endif
