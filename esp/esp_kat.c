/* The self-test of a crypto backend, with known answers. */
#include "esp/esp_kat.h"

#include "lib/wire.h"

#include <string.h>

enum {
	TEXT = 32,
	HEADER = 8,
	IV_MAX = 16,
	PACKET = HEADER + IV_MAX + TEXT + ESP_ICV_MAX,
	COPIES = 17, /* one more than the lanes of the widest multi-buffer code */
	KEYMAT = 128,
};

#define SPI 0x01020304
#define SEQUENCE 0x0000000100000007ull

static const struct {
	enum algo_id id;
	const char *text, *icv;
} known[] = {
#define KAT(name, text, icv) {ALGO_##name, text, icv},
#include "esp/esp_kat.def"
#undef KAT
};

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static uint8_t *put_hex(uint8_t *at, const char *text)
{
	for (; text[0]; text += 2)
		*at++ = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
	return at;
}

static bool find(enum algo_id id, const char **text, const char **icv)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (known[i].id != id)
			continue;
		*text = known[i].text;
		*icv = known[i].icv;
		return true;
	}
	return false;
}

/* SPI, number, IV c0 c1 c2 ..., then the text 03 08 0d ... */
static void plain_put(uint8_t *pkt, size_t iv_bytes)
{
	ls_put32(pkt, SPI);
	ls_put32(pkt + 4, (uint32_t)SEQUENCE);
	for (size_t i = 0; i < iv_bytes; i++)
		pkt[HEADER + i] = (uint8_t)(0xc0 + i);
	for (unsigned i = 0; i < TEXT; i++)
		pkt[HEADER + iv_bytes + i] = (uint8_t)(i * 5 + 3);
}

struct trial {
	const struct esp_crypto_ops *ops;
	void *engine;
	struct esp_suite suite;
	const uint8_t *keymat;
	uint8_t want[PACKET]; /* the sealed packet */
	size_t text_at, icv_at, icv_bytes;
};

static struct esp_crypt crypt_of(const struct trial *t, const void *keys, uint8_t *pkt)
{
	const struct algo *e = t->suite.encr;
	struct esp_crypt c = {.keys = keys,
	                      .pkt = pkt,
	                      .len = (uint32_t)t->icv_at,
	                      .text_at = (uint32_t)t->text_at,
	                      .sequence_high = (uint32_t)(SEQUENCE >> 32),
	                      .icv_bytes = (uint8_t)t->icv_bytes,
	                      .aad_bytes = ESP_AAD_MAX,
	                      .esn = true};

	ls_put32(c.aad, SPI);
	ls_put64(c.aad + 4, SEQUENCE);
	if (e->salt_bytes) {
		ls_put32(c.nonce + ESP_NONCE_MAX - 4, 1);
		memcpy(c.nonce, t->keymat + e->key_bytes, e->salt_bytes);
		ls_put64(c.nonce + e->salt_bytes, SEQUENCE);
		if (e->iv_bytes)
			memcpy(c.nonce + e->salt_bytes, pkt + HEADER, e->iv_bytes);
	}
	return c;
}

static bool seals(const struct trial *t, const void *keys)
{
	uint8_t pkt[COPIES][PACKET];
	struct esp_crypt c[COPIES];
	bool right = true;

	for (unsigned i = 0; i < COPIES; i++) {
		plain_put(pkt[i], t->suite.encr->iv_bytes);
		c[i] = crypt_of(t, keys, pkt[i]);
		t->ops->seal(t->engine, &c[i]);
	}
	t->ops->finish(t->engine);
	for (unsigned i = 0; i < COPIES; i++)
		right &= c[i].ok && esp_icv_equal(pkt[i], t->want, t->icv_at + t->icv_bytes);
	return right;
}

/* The second of the copies is forged. */
static bool opens(const struct trial *t, const void *keys)
{
	uint8_t pkt[COPIES][PACKET], plain[PACKET];
	struct esp_crypt c[COPIES];
	bool right = true;

	plain_put(plain, t->suite.encr->iv_bytes);
	for (unsigned i = 0; i < COPIES; i++) {
		memcpy(pkt[i], t->want, sizeof pkt[i]);
		pkt[i][t->icv_at + t->icv_bytes - 1] ^= i == 1;
		c[i] = crypt_of(t, keys, pkt[i]);
		t->ops->open(t->engine, &c[i]);
	}
	t->ops->finish(t->engine);
	for (unsigned i = 0; i < COPIES; i++)
		right &= i == 1 ? !c[i].ok : c[i].ok && esp_icv_equal(pkt[i], plain, t->icv_at);
	return right;
}

static enum esp_kat_result try_way(const struct trial *t, bool seal)
{
	size_t len = (size_t)t->suite.encr->key_bytes + t->suite.encr->salt_bytes +
	             (t->suite.integ ? t->suite.integ->key_bytes : 0);
	void *keys = t->ops->keys_new(t->engine, &t->suite, LS_BYTES(t->keymat, len), seal);
	bool right;

	if (!keys)
		return ESP_KAT_LACKS;
	right = seal ? seals(t, keys) : opens(t, keys);
	t->ops->keys_free(t->engine, keys);
	return right ? ESP_KAT_RIGHT : ESP_KAT_WRONG;
}

enum esp_kat_result esp_kat(const struct esp_crypto_ops *ops, void *engine, const struct algo *row)
{
	struct trial t = {.ops = ops, .engine = engine};
	uint8_t keymat[KEYMAT];
	const char *text, *icv;
	enum esp_kat_result result;

	if (!find(row->id, &text, &icv))
		return ESP_KAT_LACKS;
	for (unsigned i = 0; i < KEYMAT; i++)
		keymat[i] = (uint8_t)(i * 7 + 1);
	t.keymat = keymat;
	t.suite.encr = row->kind == ALGO_KIND_ENCR ? row : algo_get(ALGO_NULL);
	if (!t.suite.encr->aead)
		t.suite.integ = row->kind == ALGO_KIND_INTEG ? row : algo_get(ALGO_SHA256);
	plain_put(t.want, t.suite.encr->iv_bytes);
	t.text_at = (size_t)HEADER + t.suite.encr->iv_bytes;
	t.icv_at = (size_t)(put_hex(t.want + t.text_at, text) - t.want);
	t.icv_bytes = (size_t)(put_hex(t.want + t.icv_at, icv) - t.want) - t.icv_at;
	result = try_way(&t, true);
	return result == ESP_KAT_RIGHT ? try_way(&t, false) : result;
}
