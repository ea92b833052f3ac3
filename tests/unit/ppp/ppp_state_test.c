/* Tests saved state: an open link goes on after a restart, and what does not fit is refused. */
#include "ppp/ppp_engine.h"
#include "tests/unit/ppp/ppp_pair.h"
#include "tests/unit/run.h"

static uint8_t state[4096];

static size_t save(unsigned i)
{
	struct wr w = wr_make(state, sizeof state);

	ck_assert(ppp_save(ends[i], &w, now));
	return w.len;
}

static void restart(unsigned i)
{
	size_t len = save(i);

	ppp_free(ends[i]);
	ends[i] = ppp_load(&config[i], &source[i], state, len, now);
	ck_assert(ends[i] != NULL);
}

static void up(void)
{
	begin();
	go(LS_S(20));
	expect_up();
}

START_TEST(an_open_link_goes_on)
{
	for (unsigned lent = 0; lent < 2; lent++) {
		begin();
		if (lent)
			config[1].remote4.family = 0;
		go(LS_S(20));
		ck_assert(is_up[0] && is_up[1]);
		restart(0);
		restart(1);
		for (unsigned i = 0; i < 2; i++) {
			ck_assert_int_eq(ends[i]->phase, PHASE_NETWORK);
			ck_assert_mem_eq(ppp_link(ends[i]), &seen[i], sizeof seen[i]);
			is_up[i] = false;
		}
		/* Echoes are answered for an hour, and nobody has to agree on anything again. */
		run(now + LS_S(3600));
		ck_assert(!is_up[0] && !is_up[1] && !is_down[0] && !is_down[1]);
		end();
	}
}
END_TEST

START_TEST(the_others_silence_is_still_noticed)
{
	up();
	now += LS_S(25);
	restart(0);
	/* 25 of the 30 s are over. */
	ck_assert_int_le(ppp_deadline(ends[0]), now + LS_S(5));
	loss_percent = 100;
	run(now + LS_S(60));
	ck_assert(is_down[0]);
	ck_assert_int_eq(cause[0], CAUSE_PEER_SILENT);
	end();
}
END_TEST

START_TEST(closing_ends_both)
{
	up();
	restart(0);
	restart(1);
	ppp_close(ends[0], CAUSE_ADMIN, now);
	run(now + LS_S(10));
	ck_assert(is_down[0] && is_down[1]);
	ck_assert_int_eq(cause[0], CAUSE_ADMIN);
	ck_assert_int_eq(cause[1], CAUSE_PEER_ASKED);
	end();
}
END_TEST

/* One end forgets everything and calls anew: the other one renegotiates, proof included. */
START_TEST(renegotiation_brings_it_up_again)
{
	for (unsigned fresh = 0; fresh < 2; fresh++) {
		up();
		restart(!fresh);
		ppp_free(ends[fresh]);
		is_up[0] = is_up[1] = false;
		ends[fresh] = ppp_new(&config[fresh], &source[fresh], now);
		run(now + LS_S(20));
		expect_up();
		ck_assert_str_eq(seen[1].user, "reno");
		end();
	}
}
END_TEST

START_TEST(what_was_under_way_begins_anew)
{
	static const uint8_t request[] = {0xff, 3, 0x80, 0x57, 1, 99, 0, 14, 1,
	                                  10,   1, 2,    3,    4, 5,  6, 7,  8};

	up();
	/* IPv6 is renegotiated just then. */
	ppp_input(ends[0], request, sizeof request, now);
	ck_assert(!ppp_link(ends[0])->ipv6);
	restart(0);
	is_up[0] = false;
	run(now + LS_S(20));
	ck_assert(is_up[0] && seen[0].ipv6 && ppp_link(ends[0])->ipv4);
	end();
}
END_TEST

START_TEST(only_an_open_link_is_saved)
{
	struct wr w = wr_make(state, sizeof state);

	begin();
	ends[0] = ppp_new(&config[0], &source[0], now);
	ends[1] = NULL;
	ck_assert(!ppp_save(ends[0], &w, now));
	ck_assert_uint_eq(w.len, 0);
	end();
	up();
	w = wr_make(state, 40);
	ck_assert(!ppp_save(ends[0], &w, now));
	ppp_close(ends[0], CAUSE_ADMIN, now);
	ck_assert(!ppp_save(ends[0], &w, now));
	end();
}
END_TEST

START_TEST(another_config_refuses_it)
{
	struct ppp_config other;
	size_t len;

	up();
	len = save(1);
	other = config[1];
	other.require = PPP_AUTH_CHAP_MD5; /* it was proven by the other one */
	ck_assert(!ppp_load(&other, &source[1], state, len, now));
	other = config[1];
	snprintf(other.expected, sizeof other.expected, "somebody");
	ck_assert(!ppp_load(&other, &source[1], state, len, now));
	other = config[1];
	other.ipv4 = false;
	ck_assert(!ppp_load(&other, &source[1], state, len, now));
	other = config[1];
	other.require = 0;
	ck_assert(!ppp_load(&other, &source[1], state, len, now));
	len = save(0);
	other = config[0];
	other.accept = PPP_AUTH_CHAP_MD5;
	ck_assert(!ppp_load(&other, &source[0], state, len, now));
	end();
}
END_TEST

/* What a damaged state brought up: it may be odd, but it talks, saves and ends. */
static void exercise(unsigned i, size_t len)
{
	static const uint8_t echo[] = {0xff, 3, 0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4};
	static const uint8_t request[] = {0xff, 3, 0xc0, 0x21, 1, 1, 0, 4};
	struct ppp *p = ppp_load(&config[i], &source[i], state, len, now);
	struct ppp_request r;
	ls_time at = now;
	bool ended = false;

	if (!p)
		return;
	ck_assert(p->phase == PHASE_NETWORK && (p->link.ipv4 || p->link.ipv6));
	if (config[i].require)
		ck_assert_uint_ne(p->we_require, 0);
	ppp_input(p, echo, sizeof echo, at);
	ppp_input(p, request, sizeof request, at);
	ppp_close(p, CAUSE_ADMIN, at);
	for (unsigned n = 0; n < 50 && !ended; n++) {
		while (ppp_next(p, &r))
			ended = ended || r.kind == PPP_REQ_DOWN;
		at = ls_time_min(ppp_deadline(p), at + LS_S(10));
		ppp_tick(p, at);
	}
	ck_assert(ended);
	ppp_free(p);
}

START_TEST(damaged_state_is_refused_or_harmless)
{
	for (unsigned i = 0; i < 2; i++) {
		size_t len;

		up();
		len = save(i);
		for (size_t cut = 0; cut < len; cut++)
			ck_assert(!ppp_load(&config[i], &source[i], state, cut, now));
		state[len] = 0;
		ck_assert(!ppp_load(&config[i], &source[i], state, len + 1, now));
		for (size_t bit = 0; bit < len * 8; bit++) {
			state[bit / 8] ^= (uint8_t)(1u << bit % 8);
			exercise(i, len);
			state[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		end();
	}
}
END_TEST

START_TEST(a_clock_that_began_anew_is_no_trouble)
{
	size_t len;
	struct ppp *p;

	up();
	now += LS_S(25);
	len = save(0);
	p = ppp_load(&config[0], &source[0], state, len, LS_S(1));
	ck_assert(p != NULL);
	ppp_tick(p, ppp_deadline(p));
	ck_assert(p->phase == PHASE_NETWORK && (p->link.ipv4 || p->link.ipv6));
	ppp_free(p);
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_state");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, an_open_link_goes_on);
	tcase_add_test(tc, the_others_silence_is_still_noticed);
	tcase_add_test(tc, closing_ends_both);
	tcase_add_test(tc, renegotiation_brings_it_up_again);
	tcase_add_test(tc, what_was_under_way_begins_anew);
	tcase_add_test(tc, only_an_open_link_is_saved);
	tcase_add_test(tc, another_config_refuses_it);
	tcase_add_test(tc, damaged_state_is_refused_or_harmless);
	tcase_add_test(tc, a_clock_that_began_anew_is_no_trouble);
	return run_cases("ppp_state", tc);
}
