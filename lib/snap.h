/* Engine state as bytes: versioned, sealed, and refused whole when anything in it does not fit. */
#ifndef LIB_SNAP_H
#define LIB_SNAP_H

#include "lib/secret.h"
#include "lib/wire.h"

enum snap_room { SNAP_ESP = 1, SNAP_IKE = 2, SNAP_L2TP = 3, SNAP_PPP = 4 };

enum { SNAP_KEY_SIZE = 32, SNAP_SEAL_OVERHEAD = 24 + 16, SNAP_HEADER_SIZE = 12 };

/*
 * Layout: "L2SS" | room 1 | version 1 | reserved 2 | body length 4 | body. The engine writes its
 * own body with lib/wire.h between snap_begin and snap_end (which patches the length).
 */
void snap_begin(struct wr *w, enum snap_room room, uint8_t version);
void snap_end(struct wr *w, size_t begin); /* begin: w->len before snap_begin */
/* A reader over the body; bad unless room and version fit and the length is right. */
struct rd snap_open_body(const void *bytes, size_t len, enum snap_room room, uint8_t version);

/*
 * Seals (XChaCha20-Poly1305) len bytes into out, which has room for len + SNAP_SEAL_OVERHEAD; nonce
 * 24 random bytes by the caller's source. Gives the sealed length.
 */
size_t snap_seal(const struct secret *key, const uint8_t nonce[24], const void *in, size_t len,
                 uint8_t *out);
/* Opens a sealed piece into out (len - SNAP_SEAL_OVERHEAD bytes); false, and out wiped, when it was
 * not sealed under key. */
bool snap_unseal(const struct secret *key, const uint8_t *sealed, size_t len, uint8_t *out);

#endif
