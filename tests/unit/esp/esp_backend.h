/* Test helper: one crypto backend by itself, against the one-shot crypto of lib/, which has vectors
 * of its own. */
#ifndef TESTS_UNIT_ESP_BACKEND_H
#define TESTS_UNIT_ESP_BACKEND_H

#include "esp/esp_sad.h"
#include "lib/crypto.h"

#include <check.h>
#include <string.h>

static const struct {
	enum algo_id encr, integ;
} backend_suites[] = {
	{ALGO_AES256_GCM, ALGO_NONE}, {ALGO_AES192_GCM, ALGO_NONE},
	{ALGO_AES128_GCM, ALGO_NONE}, {ALGO_CHACHA20POLY1305, ALGO_NONE},
	{ALGO_AES128, ALGO_SHA256},   {ALGO_AES192, ALGO_SHA384},
	{ALGO_AES256, ALGO_SHA512},   {ALGO_AES128, ALGO_SHA1},
	{ALGO_NULL, ALGO_SHA256},     {ALGO_NULL, ALGO_SHA1},
};

enum {
	BACKEND_SUITES = sizeof(backend_suites) / sizeof(backend_suites[0]),
	BACKEND_PACKET = 2048,
	BACKEND_HIGH = 0x12 /* of the sequence number, with ESN */
};

/* A packet on its way, and what it should become. */
struct backend_packet {
	struct esp_suite suite;
	uint8_t keymat[ESP_KEYMAT_MAX];
	struct ls_bytes key;
	struct esp_crypt c;
	uint8_t pkt[BACKEND_PACKET], clear[BACKEND_PACKET], sealed[BACKEND_PACKET];
};

static inline void backend_icv(const struct backend_packet *b, const uint8_t *pkt, uint8_t *icv)
{
	const struct algo *e = b->suite.encr, *i = b->suite.integ;
	uint8_t high[4] = {0, 0, 0, BACKEND_HIGH};
	struct ls_bytes parts[] = {LS_BYTES(pkt, b->c.len), LS_BYTES(high, 4)};

	crypto_integ(i->id, LS_BYTES(b->keymat + e->key_bytes, i->key_bytes), parts,
	             b->c.esn ? 2 : 1, icv);
}

/* A packet with at least len bytes of text, in the clear in pkt and clear, sealed in sealed. */
static inline void backend_packet(struct backend_packet *b, int suite, bool esn, size_t len)
{
	const struct algo *e, *i;
	uint8_t icv[CRYPTO_HASH_MAX], *at = b->pkt;
	size_t align;

	memset(b, 0, sizeof *b);
	ck_assert(
		esp_suite_make(backend_suites[suite].encr, backend_suites[suite].integ, &b->suite));
	e = b->suite.encr;
	i = b->suite.integ;
	align = esp_suite_align(&b->suite);
	for (size_t k = 0; k < sizeof b->keymat; k++)
		b->keymat[k] = (uint8_t)(k * 11 + (size_t)suite);
	b->key =
		LS_BYTES(b->keymat, (size_t)e->key_bytes + e->salt_bytes + (i ? i->key_bytes : 0u));
	ls_put32(at, 0x01020304);
	ls_put32(at + 4, 0x00000a00u + (uint32_t)len);
	for (size_t k = 0; k < e->iv_bytes; k++)
		at[8 + k] = (uint8_t)(0xa0 + k);
	b->c.text_at = 8u + e->iv_bytes;
	b->c.len = b->c.text_at + (uint32_t)((len + align - 1) / align * align);
	for (size_t k = b->c.text_at; k < b->c.len; k++)
		at[k] = (uint8_t)(k * 5 + len);
	b->c.pkt = b->pkt;
	b->c.esn = esn;
	b->c.sequence_high = esn ? BACKEND_HIGH : 0;
	b->c.icv_bytes = esp_suite_icv(&b->suite);
	if (!i) {
		memcpy(b->c.nonce, b->keymat + e->key_bytes, e->salt_bytes);
		memcpy(b->c.nonce + e->salt_bytes, at + 8, 8);
		memcpy(b->c.aad, at, 4);
		b->c.aad_bytes = esn ? 12 : 8;
		if (esn)
			ls_put32(b->c.aad + 4, BACKEND_HIGH);
		memcpy(b->c.aad + (esn ? 8 : 4), at + 4, 4);
	}
	memcpy(b->clear, b->pkt, sizeof b->pkt);
	memcpy(b->sealed, b->pkt, sizeof b->pkt);
	if (e->key_bytes > 0)
		ck_assert(crypto_seal(e->id,
		                      LS_BYTES(b->keymat, (size_t)e->key_bytes + e->salt_bytes),
		                      at + 8, LS_BYTES(b->c.aad, b->c.aad_bytes),
		                      b->sealed + b->c.text_at, b->c.len - b->c.text_at, icv));
	if (i)
		backend_icv(b, b->sealed, icv);
	memcpy(b->sealed + b->c.len, icv, b->c.icv_bytes);
}

static inline void *backend_keys(const struct esp_crypto_ops *ops, void *engine,
                                 struct backend_packet *b, bool seal)
{
	void *keys = ops->keys_new(engine, &b->suite, b->key, seal);

	ck_assert_ptr_nonnull(keys);
	b->c.keys = keys;
	return keys;
}

/* What it seals is what lib/ makes of it, byte by byte, and nothing is written behind. */
static inline void backend_seals(const struct esp_crypto_ops *ops, int suite, bool esn)
{
	static struct backend_packet b;
	void *engine = ops->engine_new();

	ck_assert_ptr_nonnull(engine);
	for (size_t len = 1; len <= 1500; len += len < 70 ? 1 : 97) {
		void *keys;

		backend_packet(&b, suite, esn, len);
		keys = backend_keys(ops, engine, &b, true);
		memset(b.pkt + b.c.len, 0xee, sizeof b.pkt - b.c.len);
		ops->seal(engine, &b.c);
		ops->finish(engine);
		ck_assert(b.c.ok);
		ck_assert_mem_eq(b.pkt, b.sealed, b.c.len + b.c.icv_bytes);
		ck_assert_uint_eq(b.pkt[b.c.len + b.c.icv_bytes], 0xee);
		ops->keys_free(engine, keys);
	}
	ops->engine_free(engine);
}

static inline bool backend_try(const struct esp_crypto_ops *ops, void *engine,
                               struct backend_packet *b)
{
	b->c.ok = false;
	ops->open(engine, &b->c);
	ops->finish(engine);
	return b->c.ok;
}

/* It opens what lib/ sealed, and nothing of which one bit is another. */
static inline void backend_opens(const struct esp_crypto_ops *ops, int suite, bool esn)
{
	static struct backend_packet b;
	void *engine = ops->engine_new();
	size_t whole;
	void *keys;

	ck_assert_ptr_nonnull(engine);
	backend_packet(&b, suite, esn, 45);
	keys = backend_keys(ops, engine, &b, false);
	whole = b.c.len + b.c.icv_bytes;
	for (size_t bit = 0; bit < whole * 8; bit++) {
		memcpy(b.pkt, b.sealed, sizeof b.pkt);
		b.pkt[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* An AEAD is told of the header apart from the packet. */
		if (!b.suite.integ && bit < 16 * 8)
			continue;
		ck_assert_msg(!backend_try(ops, engine, &b), "bit %zu", bit);
	}
	for (unsigned bit = 0; !b.suite.integ && bit < (b.c.aad_bytes + 12u) * 8; bit++) {
		uint8_t *at = bit / 8 < b.c.aad_bytes ? b.c.aad + bit / 8
		                                      : b.c.nonce + bit / 8 - b.c.aad_bytes;

		memcpy(b.pkt, b.sealed, sizeof b.pkt);
		*at ^= (uint8_t)(1u << bit % 8);
		ck_assert_msg(!backend_try(ops, engine, &b), "bit %u beside the packet", bit);
		*at ^= (uint8_t)(1u << bit % 8);
	}
	if (b.suite.integ && esn) {
		memcpy(b.pkt, b.sealed, sizeof b.pkt);
		b.c.sequence_high++;
		ck_assert(!backend_try(ops, engine, &b));
		b.c.sequence_high--;
	}
	memcpy(b.pkt, b.sealed, sizeof b.pkt);
	ck_assert(backend_try(ops, engine, &b));
	ck_assert_mem_eq(b.pkt, b.clear, b.c.len);
	ops->keys_free(engine, keys);
	ops->engine_free(engine);
}

/* A whole batch of all suites at once, each with its own keys; every eighth is forged. */
static inline void backend_mixes(const struct esp_crypto_ops *ops, bool seal)
{
	static struct backend_packet b[ESP_BATCH_MAX];
	void *engine = ops->engine_new(), *keys[ESP_BATCH_MAX];

	ck_assert_ptr_nonnull(engine);
	for (unsigned i = 0; i < ESP_BATCH_MAX; i++) {
		backend_packet(&b[i], (int)(i % BACKEND_SUITES), i % 3 == 0, 1 + i * 11);
		keys[i] = backend_keys(ops, engine, &b[i], seal);
		if (!seal)
			memcpy(b[i].pkt, b[i].sealed, sizeof b[i].pkt);
		if (!seal && i % 8 == 5)
			b[i].pkt[b[i].c.len] ^= 1;
	}
	for (unsigned i = 0; i < ESP_BATCH_MAX; i++)
		(seal ? ops->seal : ops->open)(engine, &b[i].c);
	ops->finish(engine);
	for (unsigned i = 0; i < ESP_BATCH_MAX; i++) {
		bool forged = !seal && i % 8 == 5;

		ck_assert_msg(b[i].c.ok == !forged, "packet %u", i);
		if (seal)
			ck_assert_mem_eq(b[i].pkt, b[i].sealed, b[i].c.len + b[i].c.icv_bytes);
		else if (!forged)
			ck_assert_mem_eq(b[i].pkt, b[i].clear, b[i].c.len);
		ops->keys_free(engine, keys[i]);
	}
	ops->finish(engine); /* nothing is left to do */
	ops->engine_free(engine);
}

/* Keys that cannot be made are NULL, and giving back none is harmless. */
static inline void backend_refuses(const struct esp_crypto_ops *ops)
{
	static struct backend_packet b;
	void *engine = ops->engine_new();
	struct algo row;

	ck_assert_ptr_nonnull(engine);
	/* Integrity by something that is no HMAC, and with a key longer than its block. */
	backend_packet(&b, 4, false, 10);
	b.suite.integ = algo_get(ALGO_PRF_SHA256);
	ck_assert_ptr_null(ops->keys_new(engine, &b.suite, b.key, true));
	row = *algo_get(ALGO_SHA256);
	row.key_bytes = 65;
	b.suite.integ = &row;
	ck_assert_ptr_null(ops->keys_new(engine, &b.suite, b.key, false));
	/* A cipher that nobody knows. */
	for (int suite = 0; suite < 5; suite += 4) {
		backend_packet(&b, suite, false, 10);
		row = *b.suite.encr;
		row.key_bytes = 20;
		row.evp = "no-such-cipher";
		b.suite.encr = &row;
		ck_assert_ptr_null(ops->keys_new(engine, &b.suite, b.key, true));
	}
	ops->keys_free(engine, NULL);
	ops->engine_free(engine);
}

#endif
