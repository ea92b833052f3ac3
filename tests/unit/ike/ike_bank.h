/* Two engines that prove themselves by certificates of one CA, checked as the daemon does. */
#ifndef TESTS_UNIT_IKE_IKE_BANK_H
#define TESTS_UNIT_IKE_IKE_BANK_H

#include "lib/trust.h"
#include "src/ike/ike_pki.h"
#include "tests/unit/ike/ike_pair.h"
#include "tests/unit/pki.h"

/* A side's certificate and CAs. */
struct shown {
	struct pki own;
	struct iked_pki pki;
	struct cert_info info;
	char text[TRUST_TEXT_MAX];
	unsigned made, checked;
	bool spoil; /* signs badly */
	unsigned certs_seen;
	uint8_t method_seen;
};

struct bank {
	struct pki ca;
	struct shown shown[2];
	struct pair *p;
};

static inline void cert_auth(struct pair_side *s, const struct ike_request *r)
{
	struct shown *w = s->cert_context;
	struct ls_bytes octets[] = {r->auth.message, r->auth.nonce, r->auth.id_mac};
	uint8_t auth[SIGN_AUTH_MAX];
	struct ike_answer a = {.cause = CAUSE_IKE_NO_PRIVATE_KEY};

	if (r->auth.op == IKE_AUTH_CHECK) {
		w->checked++;
		w->certs_seen = r->auth.cert_count;
		w->method_seen = r->auth.wire_method;
		a = iked_pki_check(&w->pki, &r->auth, PKI_NOW, &w->info, w->text);
	} else {
		w->made++;
		a.bytes = LS_BYTES(auth, sign_make(w->own.key, r->auth.scheme, octets, 3, auth));
		a.ok = a.bytes.len > 0;
		if (w->spoil)
			auth[a.bytes.len - 1] ^= 1;
	}
	ike_answer(s->ike, r->id, &a, s->pair->now);
}

/* Certificates for a.example and b.example, of one CA, with keys of these kinds; NULL: PSK. */
static inline struct bank *bank_new(const char *kind_a, const char *kind_b)
{
	struct bank *b = calloc(1, sizeof *b);
	const char *kind[2] = {kind_a, kind_b}, *why;

	b->p = pair_new_at("192.0.2.1", "198.51.100.2", NULL);
	b->ca = pki_ca("CN=Bank CA", NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct pair_side *s = &b->p->side[i];
		struct shown *w = &b->shown[i];
		struct ike_peer c = pair_peer(b->p, i);

		ck_assert(iked_pki_begin(&w->pki, false));
		ck_assert_uint_eq(trust_ca_add(w->pki.trust, pki_cert_pem(&b->ca), &why), 1);
		if (kind[i]) {
			w->own = pki_make(
				&(struct pki_ask){.key = kind[i],
			                          .issuer = &b->ca,
			                          .subject = i ? "CN=b" : "CN=a",
			                          .san = i ? "DNS:b.example" : "DNS:a.example"});
			w->pki.cert[0] = cert_read(pki_der(&w->own));
			w->pki.certs = 1;
		}
		s->cert_auth = cert_auth;
		s->cert_context = w;
		c.auth = kind[i] ? IKE_AUTH_CERT : IKE_AUTH_PSK;
		c.peer_auth = IKE_AUTH_SET(kind[1 - i] ? IKE_AUTH_CERT : IKE_AUTH_PSK);
		pair_set(b->p, i, &c);
		ck_assert(iked_pki_show(&w->pki, s->ike));
	}
	return b;
}

static inline void bank_free(struct bank *b)
{
	pair_free(b->p);
	for (unsigned i = 0; i < 2; i++) {
		iked_pki_free(&b->shown[i].pki);
		if (b->shown[i].own.cert)
			pki_free(&b->shown[i].own);
	}
	pki_free(&b->ca);
	free(b);
}

static inline void dial(struct bank *b)
{
	ike_start(b->p->side[0].ike, 1, b->p->now);
	pair_run(b->p);
}

static inline bool is_up(struct bank *b, unsigned side)
{
	for (unsigned i = 0; i < b->p->side[side].notes; i++)
		if (b->p->side[side].note[i].kind == IKE_REQ_UP)
			return true;
	return false;
}

static inline const struct pair_note *refusal(struct bank *b, unsigned side, enum ls_cause cause)
{
	for (unsigned i = 0; i < b->p->side[side].notes; i++)
		if (b->p->side[side].note[i].cause == cause)
			return &b->p->side[side].note[i];
	ck_abort_msg("side %u says nothing of %s", side, ls_cause_info(cause)->name);
	return NULL;
}

#endif
