/* Identities of gateways, as a redirect names them (RFC 5685 9.2, 9.3). */
#ifndef IKE_GATEWAY_H
#define IKE_GATEWAY_H

#include "ike/ike.h"
#include "ike/ike_message.h"

/* false: it is a name. port 0. */
bool ike_gateway_addr(const struct ike_gateway *g, struct ls_addr *out);
/* Whether it may be the address of one host elsewhere. */
bool ike_gateway_reachable(const struct ls_addr *a);
struct ike_gateway ike_gateway_at(const struct ls_addr *a);
bool ike_gateway_same(const struct ike_gateway *a, const struct ike_gateway *b);
/* The data of a notify: a gateway that can be one, and behind it this nonce and nothing else. */
bool ike_gateway_read(struct ls_bytes data, struct ls_bytes nonce, struct ike_gateway *out);
/* The notify; nonce: at most IKE_NONCE_MAX octets, or none. */
void ike_gateway_write(struct ike_build *b, uint16_t type, const struct ike_gateway *g,
                       struct ls_bytes nonce);

#endif
