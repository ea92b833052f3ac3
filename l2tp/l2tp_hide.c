/* Hidden AVPs (RFC 2661 4.3): their values, XORed with a chain of MD5 over the secret. */
#include "l2tp/l2tp_wire.h"

#include "lib/crypto.h"
#include "lib/secret.h"

#include <string.h>

enum { BLOCK = 16, ORIGINAL_LENGTH = 2 };

/* The XOR pad of one block: MD5 of the attribute type, the secret and the vector, then of the
 * secret and the block before as it went over the wire. */
static void pad_make(uint16_t type, struct ls_bytes secret, struct ls_bytes before, bool first,
                     uint8_t pad[CRYPTO_HASH_MAX])
{
	uint8_t name[2];
	struct ls_bytes parts[] = {LS_BYTES(name, 2), secret, before};

	ls_put16(name, type);
	crypto_digest(CRYPTO_MD5, first ? parts : parts + 1, first ? 3 : 2, pad);
}

static void cover(uint16_t type, struct ls_bytes secret, struct ls_bytes vector, const uint8_t *in,
                  size_t len, uint8_t *out, bool hide)
{
	uint8_t pad[CRYPTO_HASH_MAX];

	for (size_t at = 0; at < len; at += BLOCK) {
		const uint8_t *wire = hide ? out : in;

		pad_make(type, secret, at ? LS_BYTES(wire + at - BLOCK, BLOCK) : vector, at == 0,
		         pad);
		for (size_t i = at; i < len && i < at + BLOCK; i++)
			out[i] = in[i] ^ pad[i - at];
	}
	secret_wipe(pad, sizeof pad);
}

size_t l2tp_hide(uint16_t type, struct ls_bytes secret, struct ls_bytes vector,
                 struct ls_bytes value, uint8_t *out, size_t cap)
{
	uint8_t plain[L2TP_HIDDEN_MAX];
	size_t len = ORIGINAL_LENGTH + value.len;

	if (len > sizeof plain || len > cap)
		return 0;
	ls_put16(plain, (uint16_t)value.len);
	memcpy(plain + ORIGINAL_LENGTH, value.p, value.len);
	cover(type, secret, vector, plain, len, out, true);
	secret_wipe(plain, sizeof plain);
	return len;
}

bool l2tp_unhide(uint16_t type, struct ls_bytes secret, struct ls_bytes vector,
                 struct ls_bytes hidden, uint8_t out[L2TP_HIDDEN_MAX], struct ls_bytes *value)
{
	size_t original;

	if (hidden.len < ORIGINAL_LENGTH || hidden.len > L2TP_HIDDEN_MAX)
		return false;
	cover(type, secret, vector, hidden.p, hidden.len, out, false);
	original = ls_get16(out);
	if (original > hidden.len - ORIGINAL_LENGTH)
		return false;
	*value = LS_BYTES(out + ORIGINAL_LENGTH, original);
	return true;
}
