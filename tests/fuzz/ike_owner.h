/* A small owner for IKE engines under the fuzzer: answers every question, and keeps the datagrams
 * that are sent. */
#ifndef TESTS_FUZZ_IKE_OWNER_H
#define TESTS_FUZZ_IKE_OWNER_H

#include "ike/ike.h"
#include "lib/crypto.h"

#include <stdlib.h>
#include <string.h>

enum { OWNER_SENT_MAX = 64 };

struct owner {
	struct ike *ike;
	struct ls_random_seeded seeded;
	struct ls_random random;
	struct ls_addr ip;
	ls_time now;
	uint32_t next_spi, spi_in; /* spi_in: of the last pair installed */
	uint8_t answers;           /* bits taken one by one: 1 = a question is answered with "no" */
	struct {
		uint8_t *bytes;
		size_t len;
	} sent[OWNER_SENT_MAX];
	unsigned sent_count;
};

static inline void owner_make(struct owner *o, unsigned side)
{
	struct ike_peer c = {.tunnel = 1, .version = IKE_V2, .auth = IKE_AUTH_PSK};

	memset(o, 0, sizeof *o);
	if (!secret_init() || !crypto_init())
		abort();
	o->random = ls_random_from_seed(&o->seeded, 1 + side);
	o->ike = ike_new(NULL, &o->random);
	o->now = LS_S(1000);
	o->next_spi = 0x1000 * (side + 1);
	o->ip = ls_addr_v4(0xc0000201 + side, 0);
	ike_identity_parse(side ? "b.example" : "a.example", &c.local_id);
	ike_identity_parse(side ? "*.example" : "b.example", &c.remote_id);
	c.local = o->ip;
	c.remote[0] = ls_addr_v4(0xc0000202 - side, 0);
	c.follow_redirects = true;
	ike_ppk_id_parse("ppk", &c.ppk[0]);
	c.ppk_count = 1;
	if (!o->ike || ike_peer_set(o->ike, &c, o->now) != CAUSE_NONE)
		abort();
	ike_trace(o->ike, true);
	ike_qcd_set(o->ike, true);
}

static inline void owner_forget(struct owner *o)
{
	while (o->sent_count > 0)
		free(o->sent[--o->sent_count].bytes);
}

static inline void owner_free(struct owner *o)
{
	owner_forget(o);
	ike_free(o->ike);
}

static inline bool owner_no(struct owner *o)
{
	bool no = o->answers & 1;

	o->answers >>= 1;
	return no;
}

static inline void owner_auth(struct owner *o, const struct ike_request *r)
{
	struct ls_bytes pad = LS_BYTES("Key Pad for IKEv2", 17),
			octets[3] = {r->auth.message, r->auth.nonce, r->auth.id_mac};
	uint8_t key[CRYPTO_HASH_MAX], right[CRYPTO_HASH_MAX];
	size_t len = crypto_prf(r->auth.prf, LS_BYTES("psk", 3), &pad, 1, key);
	struct ike_answer a = {.ok = true};

	len = crypto_prf(r->auth.prf, LS_BYTES(key, len), octets, 3, right);
	a.bytes = LS_BYTES(right, len);
	if (r->auth.op == IKE_AUTH_CHECK)
		a.ok = r->auth.auth.len == len && memcmp(right, r->auth.auth.p, len) == 0;
	if (owner_no(o))
		a.ok = !a.ok;
	ike_answer(o->ike, r->id, &a, o->now);
}

static inline void owner_ppk(struct owner *o, const struct ike_request *r)
{
	const struct ls_bytes *key[3] = {&r->ppk.sk_d, &r->ppk.sk_pi, &r->ppk.sk_pr};
	uint8_t out[3 * CRYPTO_HASH_MAX];
	struct ike_answer a = {.ok = !owner_no(o), .bytes = LS_BYTES(out, 0)};

	for (unsigned i = 0; i < 3; i++) {
		if (!crypto_prf_plus(r->ppk.prf, LS_BYTES("ppk", 3), key[i], 1, out + a.bytes.len,
		                     key[i]->len))
			abort();
		a.bytes.len += key[i]->len;
	}
	ike_answer(o->ike, r->id, &a, o->now);
}

static inline void owner_pump(struct owner *o)
{
	struct ike_answer a;
	struct ike_request r;

	while (ike_next(o->ike, &r)) {
		a = (struct ike_answer){0};
		if (r.kind == IKE_REQ_SEND && o->sent_count < OWNER_SENT_MAX) {
			o->sent[o->sent_count].bytes = malloc(r.bytes.len + 1);
			memcpy(o->sent[o->sent_count].bytes, r.bytes.p, r.bytes.len);
			o->sent[o->sent_count++].len = r.bytes.len;
		} else if (r.kind == IKE_REQ_SPI) {
			a.spi = owner_no(o) ? 0 : ++o->next_spi;
			ike_answer(o->ike, r.id, &a, o->now);
		} else if (r.kind == IKE_REQ_AUTH) {
			owner_auth(o, &r);
		} else if (r.kind == IKE_REQ_PPK) {
			owner_ppk(o, &r);
		} else if (r.kind == IKE_REQ_TOKEN) {
			a.ok = !owner_no(o);
			a.bytes = LS_BYTES("a token of this fuzzed peer", 27);
			ike_answer(o->ike, r.id, &a, o->now);
		} else if (r.kind == IKE_REQ_GATEWAY) {
			a.ok = !owner_no(o);
			a.remote = ls_addr_v4(0xc0000203, 0);
			a.local = o->ip;
			ike_answer(o->ike, r.id, &a, o->now);
		} else if (r.kind == IKE_REQ_INSTALL) {
			a.ok = !owner_no(o);
			o->spi_in = r.child.spi_in;
			ike_answer(o->ike, r.id, &a, o->now);
		}
	}
}

static inline void owner_give(struct owner *o, const uint8_t *bytes, size_t len)
{
	struct ike_datagram d = {
		.local = ls_addr_with_port(o->ip, 500),
		.remote = ls_addr_v4(o->ip.ip[3] == 1 ? 0xc0000202 : 0xc0000201, 500),
		.bytes = bytes,
		.len = len};

	ike_input(o->ike, &d, o->now);
	owner_pump(o);
}

/* All that one has sent goes to the other. */
static inline void owner_carry(struct owner *from, struct owner *to)
{
	for (unsigned i = 0; i < from->sent_count; i++)
		owner_give(to, from->sent[i].bytes, from->sent[i].len);
	owner_forget(from);
}

#endif
