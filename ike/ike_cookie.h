/* Cookies against floods of half-open SAs (RFC 7296 2.6): a proof that the sender gets what is sent
 * to its address. */
#ifndef IKE_COOKIE_H
#define IKE_COOKIE_H

#include "ike/ike_message.h"
#include "lib/addr.h"
#include "lib/random.h"
#include "lib/secret.h"
#include "lib/time.h"

enum { IKE_COOKIE_SIZE = 1 + 32, IKE_COOKIE_SECRET_SIZE = 32, IKE_COOKIE_ROTATE_S = 60 };

/* The current secret and the one before it, which is still good. */
struct ike_cookie {
	struct secret now, before;
	uint8_t version;
	ls_time since;
};

void ike_cookie_free(struct ike_cookie *c);
/* version | hash(Ni | IPi | SPIi | secret); makes a new secret when the current one is old. false
 * without memory. */
bool ike_cookie_make(struct ike_cookie *c, const struct ls_random *random, ls_time now,
                     struct ls_bytes ni, const struct ls_addr *remote, uint64_t spi_i,
                     uint8_t out[IKE_COOKIE_SIZE]);
bool ike_cookie_check(const struct ike_cookie *c, struct ls_bytes cookie, struct ls_bytes ni,
                      const struct ls_addr *remote, uint64_t spi_i);

#endif
