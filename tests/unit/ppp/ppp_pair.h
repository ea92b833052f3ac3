/* Two real links and a network between them in the test's hand. */
#ifndef TESTS_UNIT_PPP_PAIR_H
#define TESTS_UNIT_PPP_PAIR_H

#include "lib/crypto.h"
#include "lib/secret.h"
#include "ppp/ppp.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct ls_random_seeded seeds[3];
static struct ls_random source[3];
static struct ppp *ends[2];
static struct ppp_config config[2];
static bool is_up[2], is_down[2];
static struct ppp_link seen[2];
static enum ls_cause cause[2];
static char end_text[2][LS_EVENT_TEXT_MAX]; /* of why it ended */
static const char *password[2];
static unsigned loss_percent;
static bool proven[2]; /* the other one has proven itself to this one's keys */
static bool deny_address;
static unsigned address_asked;
static bool believe_all; /* keys that take every response for right, knowing no password */
static ls_time now;
/* Sees each frame before it travels; false loses it. */
static bool (*filter)(unsigned from, uint8_t *frame, size_t *len);

static inline void begin(void)
{
	for (unsigned i = 0; i < 3; i++)
		source[i] = ls_random_from_seed(&seeds[i], 40 + i);
	memset(config, 0, sizeof config);
	memset(is_up, 0, sizeof is_up);
	memset(is_down, 0, sizeof is_down);
	loss_percent = 0;
	filter = NULL;
	memset(proven, 0, sizeof proven);
	believe_all = deny_address = false;
	address_asked = 0;
	now = LS_S(1);
	password[0] = password[1] = "secret";
	config[0] = (struct ppp_config){.tunnel = 1,
	                                .caller = true,
	                                .name = "reno",
	                                .accept = 3,
	                                .ipv4 = true,
	                                .ipv6 = true,
	                                .want_dns = true,
	                                .compress_header = true};
	config[1] = (struct ppp_config){.tunnel = 1,
	                                .name = "hq",
	                                .require = 3,
	                                .ipv4 = true,
	                                .ipv6 = true,
	                                .compress_header = true};
	config[1].local4 = ls_addr_v4(0x0a090001, 0);
	config[1].remote4 = ls_addr_v4(0x0a090002, 0);
	config[1].dns4[0] = ls_addr_v4(0x0a090035, 0);
}

/* What the keys process would answer. */
static inline void answer(unsigned i, const struct ppp_request *r)
{
	struct ppp_answer a = {.ok = true};
	struct ls_bytes pw = LS_BYTES(password[i], strlen(password[i]));
	const struct ppp_auth_request *q = &r->auth;
	uint8_t nt[24], md5[16];

	if (r->kind == PPP_REQ_ADDRESS) {
		address_asked++;
		if (deny_address)
			a = (struct ppp_answer){.ok = false, .cause = CAUSE_GW_NO_ADDRESS};
		else
			a.address = ls_addr_v4(0x0a090007, 0);
	} else if (q->method == PPP_AUTH_CHAP_MD5) {
		ppp_chap_md5(q->id, pw, LS_BYTES(q->challenge, q->challenge_len), md5);
		memcpy(a.value, md5, a.value_len = 16);
		a.ok = r->kind == PPP_REQ_AUTH_MAKE || memcmp(md5, q->response, 16) == 0;
	} else {
		ck_assert(ppp_mschapv2(pw, q->user, q->challenge, q->peer_challenge, nt,
		                       a.value + 24));
		memcpy(a.value, nt, 24);
		a.value_len = 44;
		a.ok = r->kind == PPP_REQ_AUTH_MAKE || memcmp(nt, q->response + 24, 24) == 0;
		if (r->kind == PPP_REQ_AUTH_CHECK)
			memmove(a.value, a.value + 24, a.value_len = 20);
	}
	if (r->kind == PPP_REQ_AUTH_CHECK && strcmp(q->user, config[0].name) != 0)
		a.ok = false; /* nobody else is known */
	if (r->kind == PPP_REQ_AUTH_CHECK && believe_all)
		a.ok = true;
	proven[i] = proven[i] || (r->kind == PPP_REQ_AUTH_CHECK && a.ok);
	if (!a.ok && r->kind != PPP_REQ_ADDRESS)
		a.cause = CAUSE_PPP_WRONG_PASSWORD;
	ppp_answer(ends[i], r->id, &a, now);
}

static inline bool pump(unsigned i)
{
	struct ppp_request r;
	bool any = false;

	while (ends[i] && !is_down[i] && ppp_next(ends[i], &r)) {
		any = true;
		if (r.kind == PPP_REQ_SEND) {
			uint8_t copy[PPP_FRAME_MAX];

			size_t len = r.bytes.len;

			memcpy(copy, r.bytes.p, len);
			if (filter && !filter(i, copy, &len))
				continue;
			if (ls_random_below(&source[2], 100) >= loss_percent && !is_down[!i])
				ppp_input(ends[!i], copy, len, now);
		} else if (r.kind == PPP_REQ_UP) {
			is_up[i] = true;
			seen[i] = r.link;
		} else if (r.kind == PPP_REQ_DOWN) {
			is_down[i] = true;
			cause[i] = r.cause;
			memcpy(end_text[i], r.event.text, sizeof end_text[i]);
		} else if (r.id != 0) {
			answer(i, &r);
		}
	}
	return any;
}

static inline void run(ls_time until)
{
	for (;;) {
		for (bool any = true; any;) {
			any = pump(0);
			any = pump(1) || any;
		}
		ls_time next = ls_time_min(ppp_deadline(ends[0]), ppp_deadline(ends[1]));

		if (next > until || (is_down[0] && is_down[1]))
			return;
		now = next > now ? next : now;
		ppp_tick(ends[0], now);
		ppp_tick(ends[1], now);
	}
}

static inline void go(ls_time until)
{
	for (unsigned i = 0; i < 2; i++)
		ends[i] = ppp_new(&config[i], &source[i], now);
	run(until);
}

static inline void end(void)
{
	ppp_free(ends[0]);
	ppp_free(ends[1]);
}

static inline void expect_up(void)
{
	for (unsigned i = 0; i < 2; i++) {
		ck_assert(is_up[i] && !is_down[i]);
		ck_assert(seen[i].ipv4 && seen[i].ipv6);
		ck_assert(seen[i].send_acfc && seen[i].send_pfc);
	}
	ck_assert(ls_addr_same_ip(&seen[0].local4, &config[1].remote4));
	ck_assert(ls_addr_same_ip(&seen[0].remote4, &config[1].local4));
	ck_assert(ls_addr_same_ip(&seen[1].remote4, &config[1].remote4));
	ck_assert(ls_addr_same_ip(&seen[0].dns4[0], &config[1].dns4[0]));
	ck_assert_mem_eq(seen[0].local_id, seen[1].remote_id, 8);
	ck_assert_mem_eq(seen[1].local_id, seen[0].remote_id, 8);
}

#endif
