/* OpenSSL's cipher contexts with a key worked in. */
#include "esp/esp_evp.h"

#include <openssl/evp.h>

static bool sizes_set(EVP_CIPHER_CTX *ctx, struct esp_evp_sizes s)
{
	if (s.nonce_bytes == 0)
		return true;
	return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)s.nonce_bytes, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)s.icv_bytes, NULL) == 1;
}

EVP_CIPHER_CTX *esp_evp_new(const char *cipher, const uint8_t *key, bool seal,
                            struct esp_evp_sizes sizes)
{
	EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, cipher, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!fetched || !ctx || EVP_CipherInit_ex2(ctx, fetched, NULL, NULL, seal, NULL) != 1 ||
	    !sizes_set(ctx, sizes) || EVP_CipherInit_ex2(ctx, NULL, key, NULL, seal, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(fetched);
	return ctx;
}
