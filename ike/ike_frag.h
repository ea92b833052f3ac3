/* Reassembly of IKE fragments (RFC 7383 2.6): one message at a time, from fragments whose ICVs have
 * been verified. */
#ifndef IKE_FRAG_H
#define IKE_FRAG_H

#include "ike/ike_sk.h"

struct ike_frag {
	uint32_t id;         /* of the message in hand */
	uint16_t total, got; /* total 0: none in hand */
	uint8_t first;       /* type of the first inner payload, from fragment 1 */
	size_t len;          /* bytes kept */
	struct ls_bytes part[IKE_FRAGMENTS_MAX]; /* malloc'ed */
};

void ike_frag_free(struct ike_frag *f);
/* Whether fragment `number` of that message would be of use: checked before the costs of opening
 * it. */
bool ike_frag_wanted(const struct ike_frag *f, uint32_t id, uint16_t number, uint16_t total);
/*
 * Keeps a verified fragment. True when the message is whole: *plain is its malloc'ed inner payload
 * chain (the caller frees) and *first its first type, and nothing is kept any more.
 */
bool ike_frag_add(struct ike_frag *f, uint32_t id, const struct ike_opened *o, uint8_t **plain,
                  size_t *len, uint8_t *first);

#endif
