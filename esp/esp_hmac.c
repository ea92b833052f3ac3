/*
 * OpenSSL's EVP allocates whenever a digest or a MAC begins anew (3.0), two times a packet. Its
 * plain functions do not; they stay in OpenSSL 3, but are called deprecated there.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "esp/esp_hmac.h"

#include <openssl/crypto.h>
#include <string.h>

struct esp_hmac_digest {
	enum algo_id integ;
	size_t block, size;
	void (*start)(union esp_hmac_state *s);
	void (*add)(union esp_hmac_state *s, const uint8_t *bytes, size_t len);
	void (*end)(union esp_hmac_state *s, uint8_t *out);
};

/* These functions give 1 always. */
#define DIGEST(name, NAME, field)                                                         \
	static void name##_start(union esp_hmac_state *s)                                 \
	{                                                                                 \
		(void)NAME##_Init(&s->field);                                             \
	}                                                                                 \
	static void name##_add(union esp_hmac_state *s, const uint8_t *bytes, size_t len) \
	{                                                                                 \
		(void)NAME##_Update(&s->field, bytes, len);                               \
	}                                                                                 \
	static void name##_end(union esp_hmac_state *s, uint8_t *out)                     \
	{                                                                                 \
		(void)NAME##_Final(out, &s->field);                                       \
	}

DIGEST(md5, MD5, md5)
DIGEST(sha1, SHA1, sha1)
DIGEST(sha256, SHA256, sha256)
DIGEST(sha384, SHA384, sha512)
DIGEST(sha512, SHA512, sha512)

static const struct esp_hmac_digest digests[] = {
	{ALGO_MD5, MD5_CBLOCK, MD5_DIGEST_LENGTH, md5_start, md5_add, md5_end},
	{ALGO_SHA1, SHA_CBLOCK, SHA_DIGEST_LENGTH, sha1_start, sha1_add, sha1_end},
	{ALGO_SHA256, SHA256_CBLOCK, SHA256_DIGEST_LENGTH, sha256_start, sha256_add, sha256_end},
	{ALGO_SHA384, SHA512_CBLOCK, SHA384_DIGEST_LENGTH, sha384_start, sha384_add, sha384_end},
	{ALGO_SHA512, SHA512_CBLOCK, SHA512_DIGEST_LENGTH, sha512_start, sha512_add, sha512_end},
};

static void half(const struct esp_hmac_digest *d, union esp_hmac_state *s, const uint8_t *key,
                 size_t len, uint8_t constant)
{
	uint8_t block[ESP_HMAC_BLOCK_MAX];

	memset(block, constant, d->block);
	for (size_t i = 0; i < len; i++)
		block[i] = key[i] ^ constant;
	d->start(s);
	d->add(s, block, d->block);
	OPENSSL_cleanse(block, sizeof block);
}

bool esp_hmac_init(struct esp_hmac *hmac, const struct algo *integ, const uint8_t *key)
{
	hmac->digest = NULL;
	for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++)
		if (digests[i].integ == integ->id && integ->key_bytes <= digests[i].block)
			hmac->digest = &digests[i];
	if (!hmac->digest)
		return false;
	half(hmac->digest, &hmac->inner, key, integ->key_bytes, 0x36);
	half(hmac->digest, &hmac->outer, key, integ->key_bytes, 0x5c);
	return true;
}

void esp_hmac(const struct esp_hmac *hmac, const struct ls_bytes *parts, size_t n,
              uint8_t out[ESP_HMAC_MAX])
{
	const struct esp_hmac_digest *d = hmac->digest;
	union esp_hmac_state s = hmac->inner;

	for (size_t i = 0; i < n; i++)
		d->add(&s, parts[i].p, parts[i].len);
	d->end(&s, out);
	s = hmac->outer;
	d->add(&s, out, d->size);
	d->end(&s, out);
}
