/* Tests of two links that talk: they come up with each kind of authentication, through loss, and
 * fail with the right reason. */
#include "tests/unit/run.h"

#include "lib/crypto.h"
#include "lib/secret.h"
#include "ppp/ppp.h"

#include <stdio.h>
#include <string.h>

static struct ls_random_seeded seeds[3];
static struct ls_random source[3];
static struct ppp *ends[2];
static struct ppp_config config[2];
static bool is_up[2], is_down[2];
static struct ppp_link seen[2];
static enum ls_cause cause[2];
static const char *password[2];
static unsigned loss_percent;
static bool no_ipv6cp; /* its frames from the caller are lost */
static ls_time now;

static void begin(void)
{
	for (unsigned i = 0; i < 3; i++)
		source[i] = ls_random_from_seed(&seeds[i], 40 + i);
	memset(config, 0, sizeof config);
	memset(is_up, 0, sizeof is_up);
	memset(is_down, 0, sizeof is_down);
	loss_percent = 0;
	no_ipv6cp = false;
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
static void answer(unsigned i, const struct ppp_request *r)
{
	struct ppp_answer a = {.ok = true};
	struct ls_bytes pw = LS_BYTES(password[i], strlen(password[i]));
	const struct ppp_auth_request *q = &r->auth;
	uint8_t nt[24], md5[16];

	if (r->kind == PPP_REQ_ADDRESS) {
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
	if (!a.ok)
		a.cause = CAUSE_PPP_WRONG_PASSWORD;
	ppp_answer(ends[i], r->id, &a, now);
}

static bool is_lost(unsigned from, struct ls_bytes frame)
{
	static const uint8_t ipv6cp[] = {0x80, 0x57};

	if (no_ipv6cp && from == 0 &&
	    memmem(frame.p, frame.len < 4 ? frame.len : 4, ipv6cp, sizeof ipv6cp))
		return true;
	return ls_random_below(&source[2], 100) < loss_percent;
}

static bool pump(unsigned i)
{
	struct ppp_request r;
	bool any = false;

	while (ends[i] && !is_down[i] && ppp_next(ends[i], &r)) {
		any = true;
		if (r.kind == PPP_REQ_SEND) {
			uint8_t copy[PPP_FRAME_MAX];

			memcpy(copy, r.bytes.p, r.bytes.len);
			if (!is_lost(i, r.bytes) && !is_down[!i])
				ppp_input(ends[!i], copy, r.bytes.len, now);
		} else if (r.kind == PPP_REQ_UP) {
			is_up[i] = true;
			seen[i] = r.link;
		} else if (r.kind == PPP_REQ_DOWN) {
			is_down[i] = true;
			cause[i] = r.cause;
		} else if (r.id != 0) {
			answer(i, &r);
		}
	}
	return any;
}

static void run(ls_time until)
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

static void go(ls_time until)
{
	for (unsigned i = 0; i < 2; i++)
		ends[i] = ppp_new(&config[i], &source[i], now);
	run(until);
}

static void end(void)
{
	ppp_free(ends[0]);
	ppp_free(ends[1]);
}

static void expect_up(void)
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

START_TEST(comes_up_with_each_method)
{
	static const uint8_t accept[] = {3, PPP_AUTH_CHAP_MD5, PPP_AUTH_MSCHAPV2};

	for (unsigned i = 0; i < sizeof accept; i++) {
		begin();
		config[0].accept = accept[i];
		go(LS_S(20));
		expect_up();
		ck_assert_str_eq(seen[1].user, "reno");
		end();
	}
}
END_TEST

START_TEST(an_address_is_asked_for)
{
	begin();
	config[1].remote4.family = 0;
	go(LS_S(20));
	ck_assert(is_up[0] && is_up[1]);
	ck_assert_uint_eq(ls_addr_v4_value(&seen[0].local4), 0x0a090007);
	end();
}
END_TEST

START_TEST(comes_up_through_loss)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		begin();
		source[2] = ls_random_from_seed(&seeds[2], seed);
		loss_percent = 20;
		go(LS_S(50));
		ck_assert_msg((is_up[0] && is_up[1]) || is_down[0] || is_down[1], "seed %lu hangs",
		              (unsigned long)seed);
		end();
	}
}
END_TEST

/* One side gives a protocol up for the peer's silence, the other may have it open: it comes back.
 */
START_TEST(a_protocol_that_was_given_up_is_tried_again)
{
	begin();
	no_ipv6cp = true;
	go(LS_S(50));
	ck_assert(is_up[0] && is_up[1] && seen[1].ipv4 && !seen[1].ipv6);
	no_ipv6cp = false;
	run(LS_S(100));
	expect_up();
	end();
}
END_TEST

START_TEST(a_wrong_password_is_said_at_both_ends)
{
	static const uint8_t accept[] = {PPP_AUTH_CHAP_MD5, PPP_AUTH_MSCHAPV2};

	for (unsigned i = 0; i < 2; i++) {
		begin();
		config[0].accept = accept[i];
		password[0] = "other";
		go(LS_S(60));
		ck_assert(is_down[0] && is_down[1] && !is_up[0] && !is_up[1]);
		ck_assert_int_eq(cause[0], CAUSE_PPP_WRONG_PASSWORD);
		ck_assert_int_eq(cause[1], CAUSE_PPP_WRONG_PASSWORD);
		end();
	}
}
END_TEST

START_TEST(the_wrong_user_is_refused)
{
	begin();
	snprintf(config[1].expected, sizeof config[1].expected, "somebody");
	go(LS_S(60));
	ck_assert(is_down[1] && !is_up[1]);
	ck_assert_int_eq(cause[1], CAUSE_PPP_WRONG_USER);
	end();
}
END_TEST

START_TEST(silence_ends_it)
{
	begin();
	go(LS_S(20));
	expect_up();
	loss_percent = 100;
	run(LS_S(300));
	ck_assert(is_down[0] && is_down[1]);
	ck_assert_int_eq(cause[0], CAUSE_PEER_SILENT);
	end();
}
END_TEST

START_TEST(closing_is_told)
{
	begin();
	go(LS_S(20));
	ppp_close(ends[0], CAUSE_ADMIN, now);
	run(now + LS_S(10));
	ck_assert(is_down[0] && is_down[1]);
	ck_assert_int_eq(cause[0], CAUSE_ADMIN);
	ck_assert_int_eq(cause[1], CAUSE_PEER_ASKED);
	end();
}
END_TEST

START_TEST(noise_is_harmless)
{
	uint8_t frame[64] = {0xff, 0x03, 0xc0, 0x21};

	begin();
	go(LS_S(20));
	for (unsigned i = 0; i < 20000; i++) {
		static const uint16_t protocols[] = {0xc021, 0x8021, 0x8057, 0xc223, 0x80fd};

		ls_random_fill(&source[2], frame + 4, sizeof frame - 4);
		frame[2] = (uint8_t)(protocols[i % 5] >> 8);
		frame[3] = (uint8_t)protocols[i % 5];
		frame[4] = (uint8_t)(i % 13);
		frame[6] = 0;
		frame[7] = (uint8_t)(i % 61);
		if (!is_down[0])
			ppp_input(ends[0], frame, 4 + i % 61, now);
		pump(0);
	}
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_pair");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, comes_up_with_each_method);
	tcase_add_test(tc, an_address_is_asked_for);
	tcase_add_test(tc, comes_up_through_loss);
	tcase_add_test(tc, a_protocol_that_was_given_up_is_tried_again);
	tcase_add_test(tc, a_wrong_password_is_said_at_both_ends);
	tcase_add_test(tc, the_wrong_user_is_refused);
	tcase_add_test(tc, silence_ends_it);
	tcase_add_test(tc, closing_is_told);
	tcase_add_test(tc, noise_is_harmless);
	return run_cases("ppp_pair", tc);
}
