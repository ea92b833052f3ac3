/* The SK and SKF payloads: messages protected and opened (RFC 7296 3.14, RFC 5282, RFC 7383). */
#ifndef IKE_SK_H
#define IKE_SK_H

#include "ike/ike_keys.h"
#include "ike/ike_message.h"

enum { IKE_FRAGMENTS_MAX = 64, IKE_PLAIN_MAX = 65000 };

/* Datagrams of one message, as they are sent (without non-ESP marker), in one piece: each is a
 * length (4 bytes) and its bytes. */
struct ike_packets {
	uint8_t *bytes; /* malloc'ed */
	size_t len;
	unsigned count;
};
void ike_packets_free(struct ike_packets *p);
bool ike_packets_add(struct ike_packets *p, const void *bytes, size_t len);
/* The next datagram of a reader over the packets. */
bool ike_packets_next(struct rd *r, struct ls_bytes *out);

/* What sealing needs beside the keys. */
struct ike_sealer {
	const struct ike_keys *keys;
	bool of_initiator;              /* whose direction: SK_ei/SK_ai or SK_er/SK_ar */
	uint64_t *iv_counter;           /* AEAD: never the same twice under a key */
	const struct ls_random *random; /* CBC */
};

/*
 * Makes the datagrams of a message whose inner payload chain begins with type `first`.
 * fragment_max: the largest datagram before it is cut into fragments (RFC 7383); 0: never cut.
 * false: too large, or no memory (packets is then empty).
 */
bool ike_seal(const struct ike_sealer *s, const struct ike_header *h, uint8_t first,
              struct ls_bytes plain, size_t fragment_max, struct ike_packets *packets);

/* A received protected datagram, opened. */
struct ike_opened {
	uint8_t first; /* type of the first inner payload; of an SKF other than the first: 0 */
	uint16_t number, total; /* fragment, 0 for an SK */
	struct ls_bytes plain;  /* inside scratch */
};
/*
 * Opens it into scratch (at least len bytes). CAUSE_NONE, MALFORMED (no SK or SKF in front),
 * IKE_BAD_ICV. Nothing of the message may be believed before this gave CAUSE_NONE.
 */
enum ls_cause ike_open(const struct ike_keys *keys, bool from_initiator, const struct ike_header *h,
                       struct ls_bytes datagram, uint8_t *scratch, struct ike_opened *out);

#endif
