/* Fuzzes the data of AUTH payloads with signatures (RFC 7427, 4754): kind of key, method, data.
 * Nobody guesses a signature. */
#include "lib/sign.h"

#include "lib/cause.h"
#include "lib/crypto.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ls_bytes part = {(const uint8_t *)"octets", 6};
	static EVP_PKEY *key[6];
	enum sign_scheme used;
	enum ls_cause cause;

	if (!key[0]) {
		crypto_init();
		key[0] = EVP_RSA_gen(2048);
		key[1] = EVP_EC_gen("P-256");
		key[2] = EVP_EC_gen("P-384");
		key[3] = EVP_EC_gen("P-521");
		key[4] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		key[5] = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	}
	if (size < 2)
		return 0;
	cause = sign_check(key[data[0] % 6], data[1], LS_BYTES(data + 2, size - 2), &part, 1,
	                   &used);
	if (cause != CAUSE_IKE_SIGNATURE_UNKNOWN && cause != CAUSE_IKE_SIGNATURE_WRONG)
		abort();
	if (cause == CAUSE_IKE_SIGNATURE_WRONG && used == SIGN_NONE)
		abort();
	return 0;
}
