/* The arithmetic of the keys process: AUTH values and answers to challenges, from a secret that
 * stays here. */
#ifndef SRC_KEYS_KEYS_AUTH_H
#define SRC_KEYS_KEYS_AUTH_H

#include "lib/bytes.h"
#include "lib/crypto.h"
#include "src/base/msg.h"

/* AUTH of a preshared key (RFC 7296 2.15): prf(prf(PSK, "Key Pad for IKEv2"), message | nonce |
 * id_mac). Gives its size; 0 when prf is none. */
size_t keys_auth_ike(enum algo_id prf, struct ls_bytes psk, const struct msg_ike_auth_ask *ask,
                     uint8_t out[CRYPTO_HASH_MAX]);

/* SK_d, SK_pi and SK_pr of the question through prf+(PPK, ...) (RFC 8784 3), one after the other.
 * Gives their size; 0 when one is not as long as a key of that prf. */
size_t keys_auth_ppk(struct ls_bytes ppk, const struct msg_ike_ppk_ask *ask,
                     uint8_t out[3 * CRYPTO_HASH_MAX]);

/*
 * Makes the response to a challenge, or checks one. value: as in struct ppp_answer (CHAP-MD5 16
 * bytes; MS-CHAPv2 made 24 + 20, checked 20); *len 0 when there is none. Gives CAUSE_NONE,
 * PPP_WRONG_PASSWORD, or MALFORMED for sizes that do not fit.
 */
enum ls_cause keys_auth_ppp(const struct msg_ppp_auth_ask *ask, struct ls_bytes password,
                            uint8_t value[64], size_t *len);

#endif
