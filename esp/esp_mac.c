/*
 * A CBC-MAC under AES-128 whose last block gets one of two keys more. OpenSSL's own CMAC allocates
 * whenever a message begins, and it has no XCBC, so this is CBC with the text thrown away.
 */
#include "esp/esp_mac.h"

#include "esp/esp_evp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum { CHUNK = 32 * ESP_MAC_BLOCK };

static const uint8_t zero[ESP_MAC_BLOCK];

static EVP_CIPHER_CTX *cbc_new(const uint8_t *key)
{
	return esp_evp_new("AES-128-CBC", key, true, (struct esp_evp_sizes){0});
}

/* One block under the key alone. */
static bool block(EVP_CIPHER_CTX *cbc, const uint8_t *in, uint8_t *out)
{
	int done = 0;

	return EVP_EncryptInit_ex2(cbc, NULL, NULL, zero, NULL) == 1 &&
	       EVP_EncryptUpdate(cbc, out, &done, in, ESP_MAC_BLOCK) == 1;
}

/* Doubling in GF(2^128) (RFC 4493 2.3). */
static void twice(const uint8_t *in, uint8_t *out)
{
	uint8_t carry = (uint8_t)(in[0] >> 7);

	for (unsigned i = 0; i < ESP_MAC_BLOCK; i++)
		out[i] = (uint8_t)(in[i] << 1 | (i + 1 < ESP_MAC_BLOCK ? in[i + 1] >> 7 : 0));
	out[ESP_MAC_BLOCK - 1] ^= (uint8_t)(0x87 & -carry);
}

/* RFC 4493 2.3. */
static bool cmac_keys(struct esp_mac *mac, const uint8_t *key)
{
	uint8_t l[ESP_MAC_BLOCK];
	bool ok;

	mac->cbc = cbc_new(key);
	ok = mac->cbc && block(mac->cbc, zero, l);
	if (ok) {
		twice(l, mac->whole);
		twice(mac->whole, mac->part);
	}
	OPENSSL_cleanse(l, sizeof l);
	return ok;
}

/* RFC 3566 4: three keys, and the first of them is the one that ciphers. */
static bool xcbc_keys(struct esp_mac *mac, const uint8_t *key)
{
	EVP_CIPHER_CTX *k = cbc_new(key);
	uint8_t seed[ESP_MAC_BLOCK], first[ESP_MAC_BLOCK];
	bool ok;

	memset(seed, 1, sizeof seed);
	ok = k && block(k, seed, first);
	memset(seed, 2, sizeof seed);
	ok = ok && block(k, seed, mac->whole);
	memset(seed, 3, sizeof seed);
	ok = ok && block(k, seed, mac->part);
	EVP_CIPHER_CTX_free(k);
	mac->cbc = ok ? cbc_new(first) : NULL;
	OPENSSL_cleanse(first, sizeof first);
	return mac->cbc != NULL;
}

bool esp_mac_init(struct esp_mac *mac, const struct algo *integ, const uint8_t *key)
{
	bool ok = false;

	memset(mac, 0, sizeof *mac);
	if (integ->kind == ALGO_KIND_INTEG && integ->mode == ALGO_MODE_CMAC)
		ok = cmac_keys(mac, key);
	else if (integ->kind == ALGO_KIND_INTEG && integ->mode == ALGO_MODE_XCBC)
		ok = xcbc_keys(mac, key);
	if (!ok)
		esp_mac_end(mac);
	return ok;
}

void esp_mac_end(struct esp_mac *mac)
{
	EVP_CIPHER_CTX_free(mac->cbc);
	OPENSSL_cleanse(mac, sizeof *mac);
}

/* The message so far: what does not fill a block yet, or fills the one that may be the last. */
struct run {
	EVP_CIPHER_CTX *cbc;
	uint8_t last[ESP_MAC_BLOCK];
	size_t held;
};

static bool run_blocks(const struct run *r, const uint8_t *bytes, size_t len)
{
	uint8_t thrown[CHUNK];
	int done = 0;

	for (size_t n; len > 0; bytes += n, len -= n) {
		n = len < CHUNK ? len : CHUNK;
		if (EVP_EncryptUpdate(r->cbc, thrown, &done, bytes, (int)n) != 1)
			return false;
	}
	return true;
}

static bool run_add(struct run *r, struct ls_bytes b)
{
	size_t n = ESP_MAC_BLOCK - r->held;

	if (b.len == 0)
		return true;
	if (b.len <= n) {
		memcpy(r->last + r->held, b.p, b.len);
		r->held += b.len;
		return true;
	}
	if (r->held > 0) {
		memcpy(r->last + r->held, b.p, n);
		b = LS_BYTES(b.p + n, b.len - n);
		if (!run_blocks(r, r->last, ESP_MAC_BLOCK))
			return false;
	}
	n = (b.len - 1) / ESP_MAC_BLOCK * ESP_MAC_BLOCK;
	r->held = b.len - n;
	memcpy(r->last, b.p + n, r->held);
	return run_blocks(r, b.p, n);
}

bool esp_mac(const struct esp_mac *mac, const struct ls_bytes *parts, size_t n,
             uint8_t out[ESP_MAC_BLOCK])
{
	struct run r = {.cbc = mac->cbc};
	const uint8_t *over = mac->whole;
	int done = 0;

	if (EVP_EncryptInit_ex2(mac->cbc, NULL, NULL, zero, NULL) != 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!run_add(&r, parts[i]))
			return false;
	if (r.held < ESP_MAC_BLOCK) {
		memset(r.last + r.held, 0, ESP_MAC_BLOCK - r.held);
		r.last[r.held] = 0x80;
		over = mac->part;
	}
	for (unsigned i = 0; i < ESP_MAC_BLOCK; i++)
		r.last[i] ^= over[i];
	return EVP_EncryptUpdate(mac->cbc, out, &done, r.last, ESP_MAC_BLOCK) == 1;
}
