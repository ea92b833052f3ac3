/* Messages for people who look on: in the notation of RFC 7296 1.2, and what their payloads say. */
#ifndef IKE_TRACE_H
#define IKE_TRACE_H

#include "ike/ike_engine.h"

enum { IKE_TRACE_TEXT_MAX = 600, IKE_TRACE_DETAILS_MAX = 2400 };

/*
 * Puts a message into words, cut where the room ends: text "HDR, SK {IDi, AUTH, SAi2, TSi, TSr}",
 * details "IDi: a.example; AUTH: ...", a part for each payload that has something to say. `first`:
 * the type of the first payload in `plain`, which may be anything; `sealed`: they were in an SK.
 */
void ike_trace_text(const struct ike_header *h, uint8_t first, struct ls_bytes plain, bool sealed,
                    char text[IKE_TRACE_TEXT_MAX], char details[IKE_TRACE_DETAILS_MAX]);

/* All of these do nothing while nobody looks on (ike_trace()). */
/* A message that is sealed, or was opened and is authentic. */
void ike_trace_sealed(const struct ike_sa *sa, const struct ike_header *h, uint8_t first,
                      struct ls_bytes plain, bool sent);
/* A message that is not sealed, from its header on; tunnel 0: not known yet whose. */
void ike_trace_open(struct ike *ike, uint32_t tunnel, const struct ls_addr *local,
                    const struct ls_addr *remote, struct ls_bytes message, bool sent);
/* What was sent before goes again. */
void ike_trace_again(const struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id);

#endif
