/* Tests of two links that talk: they come up with each kind of authentication, through loss, and
 * fail with the right reason. */
#include "tests/unit/ppp/ppp_pair.h"
#include "tests/unit/run.h"

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

/* Frames of IPV6CP from the caller are lost. */
static bool no_ipv6cp(unsigned from, uint8_t *frame, size_t *len)
{
	static const uint8_t ipv6cp[] = {0x80, 0x57};

	return from != 0 || !memmem(frame, *len < 4 ? *len : 4, ipv6cp, sizeof ipv6cp);
}

/* One side gives a protocol up for the peer's silence, the other may have it open: it comes back.
 */
START_TEST(a_protocol_that_was_given_up_is_tried_again)
{
	begin();
	filter = no_ipv6cp;
	go(LS_S(50));
	ck_assert(is_up[0] && is_up[1] && seen[1].ipv4 && !seen[1].ipv6);
	filter = NULL;
	run(LS_S(100));
	expect_up();
	end();
}
END_TEST

START_TEST(a_wrong_password_is_said_at_both_ends)
{
	static const uint8_t accept[] = {PPP_AUTH_CHAP_MD5, PPP_AUTH_MSCHAPV2};
	const char *text;

	for (unsigned i = 0; i < 2; i++) {
		begin();
		config[0].accept = accept[i];
		password[0] = "other";
		go(LS_S(60));
		ck_assert(is_down[0] && is_down[1] && !is_up[0] && !is_up[1]);
		ck_assert_int_eq(cause[0], CAUSE_PPP_WRONG_PASSWORD);
		ck_assert_int_eq(cause[1], CAUSE_PPP_WRONG_PASSWORD);
		ck_assert_int_eq(ppp_why(ends[0], &text), CAUSE_PPP_WRONG_PASSWORD);
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
