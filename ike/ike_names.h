/* Names for people: algorithms, notifies, identities, and text put together without stdio. */
#ifndef IKE_NAMES_H
#define IKE_NAMES_H

#include "ike/ike.h"
#include "ike/ike_message.h"

/* Text being put together in a buffer; always NUL-terminated, cut at its end. */
struct ike_text {
	char *p;
	size_t cap, len;
};
struct ike_text ike_text_make(char *out, size_t cap);
void ike_text_add(struct ike_text *t, const char *text);
void ike_text_number(struct ike_text *t, uint64_t n);
void ike_text_hex(struct ike_text *t, uint64_t n, unsigned digits);
void ike_text_addr(struct ike_text *t, const struct ls_addr *a);
void ike_text_identity(struct ike_text *t, const struct ike_identity *id);
/* "AES-256-GCM" for aes256-gcm. */
void ike_text_algo(struct ike_text *t, enum algo_id id);
/* "NO_PROPOSAL_CHOSEN", or "notify 1234". */
void ike_text_notify(struct ike_text *t, uint16_t type);

#endif
