/* Integrity alone, for packets: HMAC, the AES MACs, and GMAC as AH has it. */
#include "esp/esp_integ.h"

#include "esp/esp_crypto.h"
#include "esp/esp_evp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum { GMAC_IV = 8 };

bool esp_integ_init(struct esp_integ *integ, const struct algo *algo, const uint8_t *keymat)
{
	bool ok = false;

	memset(integ, 0, sizeof *integ);
	if (algo->kind != ALGO_KIND_INTEG)
		return false;
	switch (algo->mode) {
	case ALGO_MODE_HMAC:
		ok = esp_hmac_init(&integ->hmac, algo, keymat);
		break;
	case ALGO_MODE_XCBC:
	case ALGO_MODE_CMAC:
		ok = esp_mac_init(&integ->mac, algo, keymat);
		break;
	case ALGO_MODE_GMAC:
		memcpy(integ->salt, keymat + algo->key_bytes, sizeof integ->salt);
		integ->gmac = esp_evp_new(algo->evp, keymat, true, (struct esp_evp_sizes){0});
		ok = integ->gmac != NULL;
		break;
	default:
		break;
	}
	integ->algo = algo;
	if (!ok)
		esp_integ_end(integ);
	return ok;
}

void esp_integ_end(struct esp_integ *integ)
{
	esp_mac_end(&integ->mac);
	EVP_CIPHER_CTX_free(integ->gmac);
	OPENSSL_cleanse(integ, sizeof *integ);
}

static bool gmac(const struct esp_integ *integ, const uint8_t *iv, const struct ls_bytes *parts,
                 size_t n, uint8_t *out)
{
	uint8_t nonce[sizeof integ->salt + GMAC_IV];
	int done = 0;

	memcpy(nonce, integ->salt, sizeof integ->salt);
	memcpy(nonce + sizeof integ->salt, iv, GMAC_IV);
	if (EVP_EncryptInit_ex2(integ->gmac, NULL, NULL, nonce, NULL) != 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (parts[i].len &&
		    EVP_EncryptUpdate(integ->gmac, NULL, &done, parts[i].p, (int)parts[i].len) != 1)
			return false;
	return EVP_EncryptFinal_ex(integ->gmac, out, &done) == 1 &&
	       EVP_CIPHER_CTX_ctrl(integ->gmac, EVP_CTRL_AEAD_GET_TAG, integ->algo->icv_bytes,
	                           out) == 1;
}

bool esp_integ_make(const struct esp_integ *integ, const uint8_t *iv, const struct ls_bytes *parts,
                    size_t n, uint8_t out[ESP_INTEG_OUT_MAX])
{
	switch (integ->algo->mode) {
	case ALGO_MODE_HMAC:
		esp_hmac(&integ->hmac, parts, n, out);
		return true;
	case ALGO_MODE_GMAC:
		return gmac(integ, iv, parts, n, out);
	default:
		return esp_mac(&integ->mac, parts, n, out);
	}
}

bool esp_integ_check(const struct esp_integ *integ, const uint8_t *iv, const struct ls_bytes *parts,
                     size_t n, const uint8_t *icv)
{
	uint8_t made[ESP_INTEG_OUT_MAX];

	return esp_integ_make(integ, iv, parts, n, made) &&
	       esp_icv_equal(made, icv, integ->algo->icv_bytes);
}
