/* Ephemeral key exchanges: X25519 (RFC 8031), ECP (RFC 5903), MODP (RFC 3526), with injected
 * private values. */
#include "lib/crypto_open.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <sodium/crypto_scalarmult_curve25519.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

/*
 * DOC: the private value is drawn from the injected source, so that a simulation repeats. For ECP
 * it is drawn eight bytes longer than the order and reduced to 1..n-1, which leaves no bias to
 * speak of; for MODP it is an exponent of twice the group's strength (RFC 3526 8). Groups are
 * loaded once and only read.
 */
enum ke_form { FORM_X25519, FORM_ECP, FORM_MODP };

struct ke_group {
	enum algo_id id;
	enum ke_form form;
	int curve;
	BIGNUM *(*prime)(BIGNUM *);
	unsigned exponent_bytes;
	EC_GROUP *ec;
	BIGNUM *p, *limit, *g; /* MODP: prime, p - 1, generator. ECP: limit = order - 1 */
};

static struct ke_group groups[] = {
	{.id = ALGO_X25519, .form = FORM_X25519},
	{.id = ALGO_ECP256, .form = FORM_ECP, .curve = NID_X9_62_prime256v1},
	{.id = ALGO_ECP384, .form = FORM_ECP, .curve = NID_secp384r1},
	{.id = ALGO_ECP521, .form = FORM_ECP, .curve = NID_secp521r1},
	{.id = ALGO_MODP2048,
         .form = FORM_MODP,
         .prime = BN_get_rfc3526_prime_2048,
         .exponent_bytes = 40},
	{.id = ALGO_MODP3072,
         .form = FORM_MODP,
         .prime = BN_get_rfc3526_prime_3072,
         .exponent_bytes = 53},
	{.id = ALGO_MODP4096,
         .form = FORM_MODP,
         .prime = BN_get_rfc3526_prime_4096,
         .exponent_bytes = 60},
};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]), PRIVATE_MAX = 66 + 8 };

struct crypto_ke {
	const struct ke_group *group;
	const struct algo *algo;
	struct secret private;
	uint8_t public[CRYPTO_KE_PUBLIC_MAX];
};

static bool group_load(struct ke_group *g)
{
	BN_CTX *ctx = BN_CTX_new();
	bool ok = ctx != NULL;

	if (ok && g->form == FORM_ECP) {
		g->ec = EC_GROUP_new_by_curve_name(g->curve);
		g->limit = BN_new();
		ok = g->ec && g->limit && EC_GROUP_get_order(g->ec, g->limit, ctx) &&
		     BN_sub_word(g->limit, 1);
	} else if (ok && g->form == FORM_MODP) {
		g->p = g->prime(NULL);
		g->limit = g->p ? BN_dup(g->p) : NULL;
		g->g = BN_new();
		ok = g->limit && g->g && BN_sub_word(g->limit, 1) && BN_set_word(g->g, 2);
	}
	BN_CTX_free(ctx);
	return ok;
}

bool crypto_ke_start(void)
{
	for (unsigned i = 0; i < GROUPS; i++)
		if (!group_load(&groups[i]))
			return false;
	return true;
}

static const struct ke_group *group_get(enum algo_id id)
{
	for (unsigned i = 0; i < GROUPS; i++)
		if (groups[i].id == id)
			return &groups[i];
	return NULL;
}

/* base ^ private mod p into out, as long as the prime. */
static bool modp_power(const struct ke_group *g, const struct secret *private, const BIGNUM *base,
                       uint8_t *out, size_t len)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *x = BN_bin2bn(private->bytes, (int)private->len, NULL), *y = BN_new();
	bool ok = ctx && x && y;

	if (ok) {
		BN_set_flags(x, BN_FLG_CONSTTIME);
		ok = BN_mod_exp(y, base, x, g->p, ctx) == 1 &&
		     BN_bn2binpad(y, out, (int)len) == (int)len;
	}
	BN_clear_free(x);
	BN_clear_free(y);
	BN_CTX_free(ctx);
	return ok;
}

/* private * peer (or * the base point when peer is NULL); out gets x, or x and y when both. */
static bool ecp_multiply(const struct ke_group *g, const struct secret *private,
                         const EC_POINT *peer, uint8_t *out, size_t len, bool both)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *d = BN_bin2bn(private->bytes, (int)private->len, NULL), *x = BN_new(),
	       *y = BN_new();
	EC_POINT *point = EC_POINT_new(g->ec);
	bool ok = ctx && d && x && y && point;
	size_t half = both ? len / 2 : len;

	if (ok) {
		BN_set_flags(d, BN_FLG_CONSTTIME);
		ok = peer ? EC_POINT_mul(g->ec, point, NULL, peer, d, ctx)
		          : EC_POINT_mul(g->ec, point, d, NULL, NULL, ctx);
	}
	ok = ok && !EC_POINT_is_at_infinity(g->ec, point) &&
	     EC_POINT_get_affine_coordinates(g->ec, point, x, y, ctx) == 1;
	ok = ok && BN_bn2binpad(x, out, (int)half) == (int)half;
	if (ok && both)
		ok = BN_bn2binpad(y, out + half, (int)half) == (int)half;
	EC_POINT_clear_free(point);
	BN_clear_free(d);
	BN_clear_free(x);
	BN_clear_free(y);
	BN_CTX_free(ctx);
	return ok;
}

/* 1 .. order - 1 from raw, which is eight bytes longer than the order. */
static bool ecp_private(const struct ke_group *g, const uint8_t *raw, size_t len,
                        struct secret *private)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *x = BN_bin2bn(raw, (int)len, NULL), *d = BN_new();
	bool ok = ctx && x && d;

	if (ok) {
		BN_set_flags(x, BN_FLG_CONSTTIME);
		ok = BN_mod(d, x, g->limit, ctx) == 1 && BN_add_word(d, 1) == 1;
	}
	ok = ok && BN_bn2binpad(d, private->bytes, (int)private->len) == (int)private->len;
	BN_clear_free(x);
	BN_clear_free(d);
	BN_CTX_free(ctx);
	return ok;
}

static bool private_draw(struct crypto_ke *ke, const struct ls_random *random)
{
	const struct ke_group *g = ke->group;
	uint8_t raw[PRIVATE_MAX];
	size_t len = g->form == FORM_ECP    ? ke->algo->key_bytes
	             : g->form == FORM_MODP ? g->exponent_bytes
	                                    : 32;
	bool ok;

	if (!secret_new(&ke->private, len))
		return false;
	if (g->form != FORM_ECP) {
		ls_random_fill(random, ke->private.bytes, len);
		/* An exponent with its top bit set is neither 0 nor short. */
		if (g->form == FORM_MODP)
			ke->private.bytes[0] |= 0x80;
		return true;
	}
	ls_random_fill(random, raw, len + 8);
	ok = ecp_private(g, raw, len + 8, &ke->private);
	sodium_memzero(raw, sizeof(raw));
	return ok;
}

static bool public_make(struct crypto_ke *ke)
{
	switch (ke->group->form) {
	case FORM_X25519:
		return crypto_scalarmult_curve25519_base(ke->public, ke->private.bytes) == 0;
	case FORM_ECP:
		return ecp_multiply(ke->group, &ke->private, NULL, ke->public, ke->algo->icv_bytes,
		                    true);
	case FORM_MODP:
		return modp_power(ke->group, &ke->private, ke->group->g, ke->public,
		                  ke->algo->icv_bytes);
	}
	return false;
}

struct crypto_ke *crypto_ke_new(enum algo_id group, const struct ls_random *random)
{
	const struct ke_group *g = group_get(group);
	struct crypto_ke *ke;

	if (!g || !(ke = calloc(1, sizeof(*ke))))
		return NULL;
	ke->group = g;
	ke->algo = algo_get(group);
	if (private_draw(ke, random) && public_make(ke))
		return ke;
	crypto_ke_free(ke);
	return NULL;
}

void crypto_ke_free(struct crypto_ke *ke)
{
	if (!ke)
		return;
	secret_free(&ke->private);
	free(ke);
}

enum algo_id crypto_ke_group(const struct crypto_ke *ke)
{
	return ke->group->id;
}

struct ls_bytes crypto_ke_public(const struct crypto_ke *ke)
{
	return LS_BYTES(ke->public, ke->algo->icv_bytes);
}

static bool ecp_shared(const struct crypto_ke *ke, struct ls_bytes peer, struct secret *shared)
{
	const EC_GROUP *ec = ke->group->ec;
	int half = (int)peer.len / 2;
	BIGNUM *x = BN_bin2bn(peer.p, half, NULL), *y = BN_bin2bn(peer.p + half, half, NULL);
	EC_POINT *point = EC_POINT_new(ec);
	BN_CTX *ctx = BN_CTX_new();
	/* Setting the coordinates refuses points off the curve; these curves have no small
	 * subgroups. */
	bool ok = x && y && point && ctx &&
	          EC_POINT_set_affine_coordinates(ec, point, x, y, ctx) == 1;

	ok = ok && !EC_POINT_is_at_infinity(ec, point);
	ok = ok && ecp_multiply(ke->group, &ke->private, point, shared->bytes, shared->len, false);
	BN_free(x);
	BN_free(y);
	EC_POINT_free(point);
	BN_CTX_free(ctx);
	return ok;
}

static bool modp_shared(const struct crypto_ke *ke, struct ls_bytes peer, struct secret *shared)
{
	BIGNUM *y = BN_bin2bn(peer.p, (int)peer.len, NULL);
	/* 2 .. p-2: of a safe prime only 1 and p-1 make small subgroups (RFC 6989 2.1). */
	bool ok = y && !BN_is_zero(y) && !BN_is_one(y) && BN_cmp(y, ke->group->limit) < 0;

	ok = ok && modp_power(ke->group, &ke->private, y, shared->bytes, shared->len);
	BN_free(y);
	return ok;
}

bool crypto_ke_shared(const struct crypto_ke *ke, struct ls_bytes peer_public,
                      struct secret *shared)
{
	bool ok = false;

	*shared = (struct secret){0};
	if (peer_public.len != ke->algo->icv_bytes || !secret_new(shared, ke->algo->key_bytes))
		return false;
	switch (ke->group->form) {
	case FORM_X25519:
		/* Gives an error for an all-zero result (RFC 7748 6.1). */
		ok = crypto_scalarmult_curve25519(shared->bytes, ke->private.bytes,
		                                  peer_public.p) == 0;
		break;
	case FORM_ECP:
		ok = ecp_shared(ke, peer_public, shared);
		break;
	case FORM_MODP:
		ok = modp_shared(ke, peer_public, shared);
		break;
	}
	if (!ok)
		secret_free(shared);
	return ok;
}
