/* What the fuzz targets of ppp/ share: a link of either kind, and an owner that answers it. */
#ifndef TESTS_FUZZ_PPP_OWNER_H
#define TESTS_FUZZ_PPP_OWNER_H

#include "lib/crypto.h"
#include "lib/secret.h"
#include "ppp/ppp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OWNER_BURST_MAX = 200 };

struct owner {
	struct ppp *ppp;
	struct ppp_config config;
	struct ls_random_seeded seed;
	struct ls_random random;
	bool up, down;
	bool proven; /* the peer has proven itself to our keys */
};

/* form: bit 0 caller, 1 MS-CHAPv2 only, 2 IPv6, 3 address from the owner, 4 both prove themselves,
 * 5 an MRU of our own. */
static inline void owner_config(struct owner *o, unsigned form)
{
	bool caller = form & 1;
	uint8_t methods = form & 2 ? PPP_AUTH_MSCHAPV2 : PPP_AUTH_MSCHAPV2 | PPP_AUTH_CHAP_MD5;

	o->config = (struct ppp_config){.tunnel = 1,
	                                .caller = caller,
	                                .name = "name",
	                                .ipv4 = true,
	                                .ipv6 = (form & 4) != 0,
	                                .want_dns = true,
	                                .compress_header = true,
	                                .mru = form & 32 ? 1400 : 0};
	o->config.require = !caller || form & 16 ? methods : 0;
	o->config.accept = caller || form & 16 ? methods : 0;
	if (caller)
		return;
	o->config.local4 = ls_addr_v4(0x0a090001, 0);
	if (!(form & 8))
		o->config.remote4 = ls_addr_v4(0x0a090002, 0);
	o->config.dns4[0] = ls_addr_v4(0x0a090035, 0);
}

/* What keys would answer: it knows "name" and "secret". */
static inline void owner_answer(struct owner *o, const struct ppp_request *r, ls_time now)
{
	const struct ppp_auth_request *q = &r->auth;
	struct ls_bytes password = LS_BYTES("secret", 6);
	struct ppp_answer a = {.ok = true};
	uint8_t made[24];

	if (r->kind == PPP_REQ_ADDRESS) {
		a.address = ls_addr_v4(0x0a090007, 0);
	} else if (q->method == PPP_AUTH_CHAP_MD5) {
		ppp_chap_md5(q->id, password, LS_BYTES(q->challenge, q->challenge_len), a.value);
		a.value_len = 16;
		a.ok = r->kind == PPP_REQ_AUTH_MAKE || memcmp(a.value, q->response, 16) == 0;
	} else {
		if (!ppp_mschapv2(password, q->user, q->challenge, q->peer_challenge, made,
		                  a.value + 24))
			abort();
		memcpy(a.value, made, 24);
		a.value_len = 44;
		a.ok = r->kind == PPP_REQ_AUTH_MAKE || memcmp(made, q->response + 24, 24) == 0;
		if (r->kind == PPP_REQ_AUTH_CHECK)
			memmove(a.value, a.value + 24, a.value_len = 20);
	}
	if (r->kind == PPP_REQ_AUTH_CHECK) {
		a.ok = a.ok && strcmp(q->user, "name") == 0;
		o->proven = o->proven || a.ok;
	}
	ppp_answer(o->ppp, r->id, &a, now);
}

/* Takes what the link has to say to the other end (NULL: to nobody); nobody comes up unproven. */
static inline void owner_pump(struct owner *o, struct owner *to, ls_time now)
{
	struct ppp_request r;
	unsigned n = 0;

	while (!o->down && ppp_next(o->ppp, &r)) {
		if (++n > OWNER_BURST_MAX)
			abort();
		if (r.kind == PPP_REQ_SEND) {
			if (r.bytes.len < 8 || (size_t)ls_get16(r.bytes.p + 6) + 4 != r.bytes.len)
				abort();
			if (to && !to->down)
				ppp_input(to->ppp, r.bytes.p, r.bytes.len, now);
		} else if (r.kind == PPP_REQ_UP) {
			if ((o->config.require && !o->proven) || !(r.link.ipv4 || r.link.ipv6))
				abort();
			if (r.link.peer_mru < 128)
				abort();
			o->up = true;
		} else if (r.kind == PPP_REQ_DOWN) {
			o->down = true;
		} else if (r.id != 0) {
			owner_answer(o, &r, now);
		}
	}
}

/* Whatever it has been through, closing it ends it within a minute. */
static inline void owner_close(struct owner *o, ls_time now)
{
	ppp_close(o->ppp, CAUSE_ADMIN, now);
	owner_pump(o, NULL, now);
	for (unsigned i = 0; i < 20 && !o->down; i++) {
		now = ppp_deadline(o->ppp);
		ppp_tick(o->ppp, now);
		owner_pump(o, NULL, now);
	}
	if (!o->down || ppp_deadline(o->ppp) != LS_NEVER)
		abort();
	ppp_free(o->ppp);
}

#endif
