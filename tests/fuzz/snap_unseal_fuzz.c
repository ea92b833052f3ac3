/* Fuzzes sealed state: nothing that was not sealed under the key comes out, and the frame inside is
 * taken only whole. */
#include "lib/crypto.h"
#include "lib/snap.h"

#include <stdlib.h>
#include <string.h>

enum { STATE_MAX = 4096, VERSION = 3 };

static struct secret key;

static void setup(void)
{
	if (!crypto_init() || !secret_init() || !secret_new(&key, SNAP_KEY_SIZE))
		abort();
	memset(key.bytes, 7, SNAP_KEY_SIZE);
}

static bool unseal(const uint8_t *sealed, size_t len, uint8_t **out)
{
	/* Each piece in room of its own size, so that a sanitizer sees a step too far. */
	uint8_t *exact = malloc(len + 1);
	bool ok;

	*out = malloc(len < SNAP_SEAL_OVERHEAD ? 1 : len - SNAP_SEAL_OVERHEAD + 1);
	if (!exact || !*out)
		abort();
	if (len > 0)
		memcpy(exact, sealed, len);
	ok = snap_unseal(&key, exact, len, *out);
	free(exact);
	return ok;
}

/* The body that comes out is what was put in. */
static void opened(const uint8_t *state, size_t len, const uint8_t *body, size_t size)
{
	struct rd r = snap_open_body(state, len, SNAP_IKE, VERSION), other;
	const uint8_t *p;

	if (len != SNAP_HEADER_SIZE + size || !rd_ok(&r) || rd_left(&r) != size)
		abort();
	p = rd_bytes(&r, size);
	if (size > 0 && (!p || memcmp(p, body, size) != 0))
		abort();
	other = snap_open_body(state, len, SNAP_ESP, VERSION);
	if (rd_ok(&other))
		abort();
	other = snap_open_body(state, len, SNAP_IKE, VERSION + 1);
	if (rd_ok(&other))
		abort();
	other = snap_open_body(state, len - 1, SNAP_IKE, VERSION);
	if (rd_ok(&other))
		abort();
}

/* Sealed by ourselves, then bent from some place on and cut. */
static void bent(struct rd r)
{
	static uint8_t state[STATE_MAX], sealed[STATE_MAX + SNAP_SEAL_OVERHEAD], nonce[24];
	struct wr w = wr_make(state, sizeof state);
	size_t bends = rd_u8(&r) & 15, at = rd_u16(&r), cut = rd_u8(&r), len;
	const uint8_t *bend = rd_bytes(&r, bends), *body;
	size_t size = rd_left(&r);
	bool changed = cut > 0;
	uint8_t *out;

	body = rd_bytes(&r, size);
	if (!bend || !body || size > STATE_MAX - SNAP_HEADER_SIZE)
		return;
	snap_begin(&w, SNAP_IKE, VERSION);
	wr_bytes(&w, body, size);
	snap_end(&w, 0);
	len = snap_seal(&key, nonce, state, w.len, sealed);
	if (len != w.len + SNAP_SEAL_OVERHEAD)
		abort();
	for (size_t i = 0; i < bends; i++) {
		sealed[(at + i) % len] ^= bend[i];
		changed |= bend[i] != 0;
	}
	len -= cut < len ? cut : len;
	if (unseal(sealed, len, &out) == changed)
		abort();
	if (!changed)
		opened(out, len - SNAP_SEAL_OVERHEAD, body, size);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* data: bit 0 of the first byte: sealed by us and bent, or as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *out;

	if (!key.bytes)
		setup();
	if (size == 0)
		return 0;
	if (data[0] & 1) {
		bent(rd_make(data + 1, size - 1));
		return 0;
	}
	if (unseal(data + 1, size - 1, &out))
		abort();
	free(out);
	return 0;
}
