/* What the files of lib/crypto share: OpenSSL objects fetched once by crypto_init() and only read
 * afterwards. */
#ifndef LIB_CRYPTO_OPEN_H
#define LIB_CRYPTO_OPEN_H

#include "lib/crypto.h"

#include <openssl/evp.h>

/* The digest behind a PRF or INTEG row, by its OpenSSL name; false if there is none. */
bool crypto_hash_of(const struct algo *algo, enum crypto_hash *hash);
size_t crypto_hash_size(enum crypto_hash hash);

bool crypto_prf_start(void);
bool crypto_ke_start(void);
bool crypto_aead_start(void);

#endif
