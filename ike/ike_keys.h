/* Keys of an IKE SA and of its CHILD SAs (RFC 7296 2.13-2.18, RFC 5282 7.1). */
#ifndef IKE_KEYS_H
#define IKE_KEYS_H

#include "ike/ike_proposal.h"
#include "lib/crypto.h"

enum ike_key {
	IKE_SK_D,
	IKE_SK_AI,
	IKE_SK_AR,
	IKE_SK_EI,
	IKE_SK_ER,
	IKE_SK_PI,
	IKE_SK_PR,
	IKE_SK_COUNT
};

/* The seven keys in one guarded piece, in the order in which prf+ gives them. */
struct ike_keys {
	enum algo_id encr, prf, integ;
	uint16_t at[IKE_SK_COUNT], len[IKE_SK_COUNT];
	struct secret all;
};

struct ls_bytes ike_key(const struct ike_keys *k, enum ike_key which);
void ike_keys_free(struct ike_keys *k);
/* Sets sizes and offsets for what was chosen, and makes room; false without memory. */
bool ike_keys_layout(struct ike_keys *k, const struct ike_choice *choice);
/*
 * SKEYSEED = prf(Ni | Nr, g^ir) and all keys from it. rekeyed: the old SA's keys, then SKEYSEED =
 * prf_old(SK_d_old, g^ir | Ni | Nr) (2.18).
 */
bool ike_keys_derive(struct ike_keys *k, const struct ike_choice *choice,
                     const struct ike_keys *rekeyed, const struct secret *shared,
                     struct ls_bytes ni, struct ls_bytes nr, uint64_t spi_i, uint64_t spi_r);
/* SK_d, SK_pi and SK_pr change places with those in *other (one after the other, as long as they
 * are here); false: their size does not fit, nothing has changed. */
bool ike_keys_swap(struct ike_keys *k, struct secret *other);
/* prf(SK_pi or SK_pr, ID body) into out; gives its size. */
size_t ike_keys_id_mac(const struct ike_keys *k, bool of_initiator, struct ls_bytes id_body,
                       uint8_t out[CRYPTO_HASH_MAX]);
/*
 * KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr): first the SA from the exchange's initiator to its
 * responder. shared may be empty. The two halves are each *len bytes in keymat (at most
 * IKE_KEYMAT_MAX each), ours to be wiped.
 */
bool ike_keys_child(const struct ike_keys *k, const struct ike_choice *choice,
                    const struct secret *shared, struct ls_bytes ni, struct ls_bytes nr,
                    uint8_t to_responder[IKE_KEYMAT_MAX], uint8_t to_initiator[IKE_KEYMAT_MAX],
                    size_t *len);

#endif
