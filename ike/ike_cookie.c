/* Cookies against floods of half-open SAs (RFC 7296 2.6): a proof that the sender gets what is sent
 * to its address. */
#include "ike/ike_cookie.h"

#include "lib/crypto.h"

#include <string.h>

void ike_cookie_free(struct ike_cookie *c)
{
	secret_free(&c->now);
	secret_free(&c->before);
}

static void compute(const struct secret *secret, uint8_t version, struct ls_bytes ni,
                    const struct ls_addr *remote, uint64_t spi_i, uint8_t out[IKE_COOKIE_SIZE])
{
	uint8_t spi[8], digest[CRYPTO_HASH_MAX];
	struct ls_bytes parts[] = {ni, LS_BYTES(remote->ip, ls_addr_size(remote)),
	                           LS_BYTES(spi, sizeof spi), LS_BYTES(secret->bytes, secret->len)};

	ls_put64(spi, spi_i);
	crypto_digest(CRYPTO_SHA256, parts, 4, digest);
	out[0] = version;
	memcpy(out + 1, digest, IKE_COOKIE_SIZE - 1);
}

bool ike_cookie_make(struct ike_cookie *c, const struct ls_random *random, ls_time now,
                     struct ls_bytes ni, const struct ls_addr *remote, uint64_t spi_i,
                     uint8_t out[IKE_COOKIE_SIZE])
{
	if (!c->now.bytes || now - c->since >= LS_S(IKE_COOKIE_ROTATE_S)) {
		struct secret fresh;

		if (!secret_new(&fresh, IKE_COOKIE_SECRET_SIZE))
			return false;
		ls_random_fill(random, fresh.bytes, fresh.len);
		secret_free(&c->before);
		c->before = c->now;
		c->now = fresh;
		c->version++;
		c->since = now;
	}
	compute(&c->now, c->version, ni, remote, spi_i, out);
	return true;
}

bool ike_cookie_check(const struct ike_cookie *c, struct ls_bytes cookie, struct ls_bytes ni,
                      const struct ls_addr *remote, uint64_t spi_i)
{
	const struct secret *secret;
	uint8_t right[IKE_COOKIE_SIZE];

	if (cookie.len != IKE_COOKIE_SIZE)
		return false;
	secret = cookie.p[0] == c->version                  ? &c->now
	         : (uint8_t)(cookie.p[0] + 1) == c->version ? &c->before
	                                                    : NULL;
	if (!secret || !secret->bytes)
		return false;
	compute(secret, cookie.p[0], ni, remote, spi_i, right);
	return crypto_equal(right, cookie.p, sizeof right);
}
