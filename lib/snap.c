/* Engine state as bytes: versioned, sealed, and refused whole when anything in it does not fit. */
#include "lib/snap.h"

#include <sodium.h>
#include <string.h>

static const uint8_t magic[4] = {'L', '2', 'S', 'S'};

void snap_begin(struct wr *w, enum snap_room room, uint8_t version)
{
	wr_bytes(w, magic, sizeof(magic));
	wr_u8(w, (uint8_t)room);
	wr_u8(w, version);
	wr_u16(w, 0);
	wr_u32(w, 0);
}

void snap_end(struct wr *w, size_t begin)
{
	if (wr_ok(w))
		wr_patch_u32(w, begin + 8, (uint32_t)(w->len - begin - SNAP_HEADER_SIZE));
}

struct rd snap_open_body(const void *bytes, size_t len, enum snap_room room, uint8_t version)
{
	struct rd r = rd_make(bytes, len);
	uint8_t seen[4];
	bool fits;

	rd_copy(&r, seen, sizeof(seen));
	fits = memcmp(seen, magic, sizeof(magic)) == 0;
	fits &= rd_u8(&r) == (uint8_t)room;
	fits &= rd_u8(&r) == version;
	rd_skip(&r, 2);
	fits &= rd_u32(&r) == rd_left(&r);
	if (!fits)
		r.bad = true;
	return r;
}

size_t snap_seal(const struct secret *key, const uint8_t nonce[24], const void *in, size_t len,
                 uint8_t *out)
{
	unsigned long long sealed = 0;

	memcpy(out, nonce, 24);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + 24, &sealed, in, len, NULL, 0, NULL, nonce,
	                                           key->bytes);
	return 24 + (size_t)sealed;
}

bool snap_unseal(const struct secret *key, const uint8_t *sealed, size_t len, uint8_t *out)
{
	if (len < SNAP_SEAL_OVERHEAD || key->len != SNAP_KEY_SIZE)
		return false;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + 24, len - 24, NULL,
	                                               0, sealed, key->bytes) == 0)
		return true;
	secret_wipe(out, len - SNAP_SEAL_OVERHEAD);
	return false;
}
