/* Certificates in IKE: the payloads CERT and CERTREQ, the hashes of RFC 7427, and how we sign. */
#include "ike/ike_cert.h"

#include "ike/ike_names.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_FIRST = 2, HASH_LAST = 5 };

bool ike_cert_spoken_with(const struct ike_peer *p)
{
	return p->auth == IKE_AUTH_CERT || (p->peer_auth & IKE_AUTH_SET(IKE_AUTH_CERT));
}

bool ike_cert_spoken(const struct ike *ike)
{
	for (const struct ike_peer_entry *e = ike->peers; e; e = e->next)
		if (ike_cert_spoken_with(&e->config))
			return true;
	return false;
}

bool ike_cert_taken(const struct ike *ike)
{
	for (const struct ike_peer_entry *e = ike->peers; e; e = e->next)
		if (e->config.peer_auth & IKE_AUTH_SET(IKE_AUTH_CERT))
			return true;
	return false;
}

bool ike_cert_method(uint8_t method)
{
	return method == SIGN_METHOD_SIGNATURE ||
	       (method >= SIGN_METHOD_ECDSA_256 && method <= SIGN_METHOD_ECDSA_521);
}

void ike_cert_hashes_write(struct ike_build *b)
{
	uint8_t bytes[2 * (HASH_LAST - HASH_FIRST + 1)];
	struct wr w = wr_make(bytes, sizeof bytes);

	for (unsigned hash = HASH_FIRST; hash <= HASH_LAST; hash++)
		wr_u16(&w, (uint16_t)hash);
	ike_build_notify(b, IKE_PROTO_NONE, IKE_N_SIGNATURE_HASH_ALGORITHMS, LS_BYTES(NULL, 0),
	                 LS_BYTES(bytes, w.len));
}

void ike_cert_init_take(struct ike_sa *sa, const struct ike_payloads *in)
{
	const struct ike_notify *n = ike_notify_find(in, IKE_N_SIGNATURE_HASH_ALGORITHMS);
	struct rd r = rd_make(n ? n->data.p : NULL, n ? n->data.len : 0);

	sa->hashes = 0;
	sa->hashes_told = n != NULL;
	while (rd_left(&r) >= 2) {
		uint16_t hash = rd_u16(&r);

		if (hash >= HASH_FIRST && hash <= HASH_LAST)
			sa->hashes |= 1u << hash;
	}
	ike_cert_request_take(sa, in);
}

void ike_cert_request_write(const struct ike *ike, struct ike_build *b)
{
	const struct ike_credentials *c = &ike->credentials;

	if (c->trusted.len == 0)
		return;
	ike_build_begin(b, IKE_P_CERTREQ);
	wr_u8(&b->w, IKE_CERT_X509);
	wr_bytes(&b->w, c->trusted.p, c->trusted.len);
	ike_build_end(b);
}

void ike_cert_request_take(struct ike_sa *sa, const struct ike_payloads *in)
{
	struct ls_bytes above = sa->ike->credentials.above;
	struct rd r = rd_make(in->certreq.p, in->certreq.len);

	if (!in->certreq.p || in->certreq.len == 0 || above.len == 0)
		return;
	sa->other_ca = true;
	while (rd_left(&r) >= CERT_AUTHORITY_SIZE) {
		const uint8_t *asked = rd_bytes(&r, CERT_AUTHORITY_SIZE);
		struct rd ours = rd_make(above.p, above.len);

		while (rd_left(&ours) >= CERT_AUTHORITY_SIZE)
			if (memcmp(asked, rd_bytes(&ours, CERT_AUTHORITY_SIZE),
			           CERT_AUTHORITY_SIZE) == 0)
				sa->other_ca = false;
	}
}

void ike_cert_write(const struct ike_sa *sa, struct ike_build *b)
{
	const struct ike_credentials *c = &sa->ike->credentials;

	if (sa->auth != IKE_AUTH_CERT)
		return;
	for (unsigned i = 0; i < c->cert_count; i++) {
		ike_build_begin(b, IKE_P_CERT);
		wr_u8(&b->w, IKE_CERT_X509);
		wr_bytes(&b->w, c->certs[i].p, c->certs[i].len);
		ike_build_end(b);
	}
}

enum ls_cause ike_cert_choose(struct ike_sa *sa, char *text, size_t cap)
{
	const struct ike_credentials *c = &sa->ike->credentials;
	struct ike_text out = ike_text_make(text, cap);

	sa->auth = sa->peer->config.auth;
	if (sa->auth != IKE_AUTH_CERT)
		return CAUSE_NONE;
	if (c->cert_count == 0)
		return CAUSE_IKE_NO_CERTIFICATE;
	sa->scheme = sign_choose(c->key, sa->hashes, sa->peer->config.rsa_pkcs1);
	if (sa->scheme != SIGN_NONE)
		return CAUSE_NONE;
	ike_text_add(&out, "our key is ");
	ike_text_add(&out, sign_key_name(c->key));
	ike_text_add(&out, sa->hashes_told ? "; the hashes that the peer names do not go with it"
	                                   : "; the peer does not speak RFC 7427");
	return CAUSE_IKE_NO_COMMON_HASH;
}

enum ls_cause ike_cert_check(const struct ike_payloads *in, char *text, size_t cap)
{
	struct ike_text out = ike_text_make(text, cap);

	if (in->certs > CERT_CHAIN_MAX) {
		ike_text_add(&out, "it sent ");
		ike_text_number(&out, in->certs);
		ike_text_add(&out, " certificates");
		return CAUSE_IKE_CERT_CHAIN;
	}
	if (in->certs > 0)
		return CAUSE_NONE;
	if (in->cert_other == 0)
		return CAUSE_IKE_CERT_MISSING;
	ike_text_add(&out, in->cert_other == IKE_CERT_HASH_URL ||
	                                   in->cert_other == IKE_CERT_HASH_URL_BUNDLE
	                           ? "a hash and a URL (encoding "
	                           : "encoding (");
	ike_text_number(&out, in->cert_other);
	ike_text_add(&out, ")");
	return CAUSE_IKE_CERT_ENCODING;
}

void ike_cert_credentials_free(struct ike *ike)
{
	struct ike_credentials *c = &ike->credentials;

	for (unsigned i = 0; i < IKE_CERTS_MAX; i++)
		ike_bytes_free(&ike->credential_certs[i]);
	ike_bytes_free(&c->trusted);
	ike_bytes_free(&c->above);
	*c = (struct ike_credentials){.cert_count = 0};
}

bool ike_credentials_set(struct ike *ike, const struct ike_credentials *from)
{
	struct ike_credentials *c = &ike->credentials;
	bool ok = from->cert_count <= IKE_CERTS_MAX;

	ike_cert_credentials_free(ike);
	for (unsigned i = 0; ok && i < from->cert_count; i++)
		ok = ike_bytes_set(&ike->credential_certs[i], from->certs[i].p, from->certs[i].len);
	ok = ok && ike_bytes_set(&c->trusted, from->trusted.p, from->trusted.len) &&
	     ike_bytes_set(&c->above, from->above.p, from->above.len);
	if (!ok) {
		ike_cert_credentials_free(ike);
		return false;
	}
	c->certs = ike->credential_certs;
	c->cert_count = from->cert_count;
	c->key = from->key;
	memcpy(c->key_id, from->key_id, sizeof c->key_id);
	return true;
}
