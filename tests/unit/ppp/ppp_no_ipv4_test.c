/* Tests of links without IPv4: the caller hears why, IPv6 goes on alone where that is of use, and
 * IPv4 comes when there is an address. */
#include "tests/unit/ppp/ppp_pair.h"
#include "tests/unit/run.h"

static const char no_address[] = "the peer says: no address was left for the caller";
static bool stranger; /* the caller's peer knows nothing of our ways: it ends IPCP without a word */

static void begin_denied(void)
{
	begin();
	config[1].remote4.family = 0;
	deny_address = true;
	stranger = false;
}

/* Of IPCP: ff 03, the protocol, the code. */
static bool is_ipcp(const uint8_t *frame, uint8_t code)
{
	return frame[2] == 0x80 && frame[3] == 0x21 && frame[4] == code;
}

static unsigned requests;

/* Takes the reasons away, and counts the caller's requests. */
static bool be_strange(unsigned from, uint8_t *frame, size_t *len)
{
	requests += from == 0 && is_ipcp(frame, 1);
	if (from == 1 && is_ipcp(frame, 5)) {
		*len = 8;
		frame[6] = 0;
		frame[7] = 4;
	}
	return true;
}

static bool spoil(unsigned from, uint8_t *frame, size_t *len)
{
	for (size_t i = 8; from == 1 && is_ipcp(frame, 5) && i < *len; i++)
		frame[i] = (uint8_t)(i % 2 ? 0x1b : 0xff);
	return true;
}

static void expect_six_only(void)
{
	const char *why;

	for (unsigned i = 0; i < 2; i++) {
		ck_assert(is_up[i] && !is_down[i]);
		ck_assert(seen[i].ipv6 && !seen[i].ipv4);
		ck_assert(!ppp_link(ends[i])->ipv4);
	}
	ck_assert_int_eq(ppp_no_ipv4(ends[1], &why), CAUSE_GW_NO_ADDRESS);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(ppp_no_ipv4(ends[0], &why), CAUSE_PPP_NO_IPV4);
	ck_assert_str_eq(why, stranger ? "the peer ended IPCP" : no_address);
}

static void expect_both(void)
{
	for (unsigned i = 0; i < 2; i++) {
		ck_assert(is_up[i] && !is_down[i]);
		ck_assert(seen[i].ipv4 && seen[i].ipv6);
	}
	ck_assert_uint_eq(ls_addr_v4_value(&seen[0].local4), 0x0a090007);
	ck_assert_uint_eq(ls_addr_v4_value(&seen[1].remote4), 0x0a090007);
}

START_TEST(six_alone_says_why)
{
	begin_denied();
	go(LS_S(5));
	expect_six_only();
	run(LS_S(100));
	expect_six_only();
	end();
}
END_TEST

/* The LNS asks its owner at times, seldom, and at once when it is told to. */
START_TEST(an_address_later)
{
	for (unsigned told = 0; told < 2; told++) {
		const char *why;
		unsigned asked;

		begin_denied();
		go(LS_S(5));
		expect_six_only();
		ck_assert_uint_eq(address_asked, 1);
		run(LS_S(300));
		expect_six_only();
		asked = address_asked;
		ck_assert_uint_ge(asked, 5);
		ck_assert_uint_le(asked, 15);
		deny_address = false;
		if (told)
			ppp_address_again(ends[1], now);
		run(now + (told ? LS_S(5) : LS_S(40)));
		expect_both();
		ck_assert_uint_eq(address_asked, asked + 1);
		for (unsigned i = 0; i < 2; i++)
			ck_assert_int_eq(ppp_no_ipv4(ends[i], &why), CAUSE_NONE);
		/* And it stays, without more questions. */
		ppp_address_again(ends[1], now);
		run(now + LS_S(300));
		ck_assert(ppp_link(ends[0])->ipv4 && ppp_link(ends[1])->ipv4);
		ck_assert_uint_eq(address_asked, asked + 1);
		end();
	}
}
END_TEST

/* A peer of another make may wait for us: the caller asks again, with growing pauses. */
START_TEST(the_caller_asks_again)
{
	unsigned first, second;

	begin_denied();
	stranger = true;
	requests = 0;
	filter = be_strange;
	go(LS_S(100));
	expect_six_only();
	first = requests;
	ck_assert_uint_ge(first, 20);
	run(LS_S(1000));
	second = requests - first;
	ck_assert_uint_ge(second, 10);
	ck_assert_uint_le(second, 70);
	end();
}
END_TEST

/* Where only IPv4 is of use there is no line, and both sides say why. */
START_TEST(ipv4_is_needed)
{
	for (unsigned who = 1; who <= 3; who++) {
		begin_denied();
		config[0].need_ipv4 = who & 1;
		config[1].need_ipv4 = who & 2;
		go(LS_S(20));
		ck_assert(is_down[0] && is_down[1]);
		ck_assert(!is_up[0] || seen[0].ipv4);
		ck_assert_int_eq(cause[0], who & 2 ? CAUSE_PEER_ASKED : CAUSE_PPP_NO_IPV4);
		ck_assert_str_eq(end_text[0], no_address);
		ck_assert_int_eq(cause[1], who & 2 ? CAUSE_GW_NO_ADDRESS : CAUSE_PEER_ASKED);
		if (who == 1)
			ck_assert_str_eq(end_text[1],
			                 "the peer says: the peer gives no IPv4 address");
		end();
	}
}
END_TEST

START_TEST(ipv4_is_needed_and_there)
{
	begin();
	config[0].need_ipv4 = config[1].need_ipv4 = true;
	go(LS_S(20));
	expect_up();
	end();
}
END_TEST

/* Without IPv6 the link ends, and the caller hears why too. */
START_TEST(nothing_else)
{
	begin_denied();
	config[0].ipv6 = config[1].ipv6 = false;
	go(LS_S(20));
	ck_assert(is_down[0] && is_down[1]);
	ck_assert_int_eq(cause[1], CAUSE_GW_NO_ADDRESS);
	ck_assert_int_eq(cause[0], CAUSE_PEER_ASKED);
	ck_assert_str_eq(end_text[0], no_address);
	end();
}
END_TEST

/* The peer wants no IPv6: then what the owner said is why it ends. */
START_TEST(six_is_refused)
{
	begin_denied();
	config[0].ipv6 = false;
	go(LS_S(60));
	ck_assert(is_down[1]);
	ck_assert_int_eq(cause[1], CAUSE_GW_NO_ADDRESS);
	end();
}
END_TEST

/* What a peer says is not printed as it comes. */
START_TEST(rude_words)
{
	const char *why;

	begin_denied();
	filter = spoil;
	go(LS_S(5));
	ck_assert_int_eq(ppp_no_ipv4(ends[0], &why), CAUSE_PPP_NO_IPV4);
	ck_assert_ptr_nonnull(strstr(why, "????????"));
	for (const char *c = why; *c; c++)
		ck_assert(*c >= 0x20 && *c < 0x7f);
	end();
}
END_TEST

/* Saved and loaded: it asks for an address again. */
START_TEST(after_a_load)
{
	static uint8_t bytes[4096];
	struct wr w = wr_make(bytes, sizeof bytes);

	begin_denied();
	go(LS_S(5));
	expect_six_only();
	ck_assert(ppp_save(ends[1], &w, now));
	ppp_free(ends[1]);
	ends[1] = ppp_load(&config[1], &source[1], bytes, w.len, now);
	ck_assert_ptr_nonnull(ends[1]);
	deny_address = false;
	run(LS_S(60));
	expect_both();
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;

	tcase_add_test(tc, six_alone_says_why);
	tcase_add_test(tc, an_address_later);
	tcase_add_test(tc, the_caller_asks_again);
	tcase_add_test(tc, ipv4_is_needed);
	tcase_add_test(tc, ipv4_is_needed_and_there);
	tcase_add_test(tc, nothing_else);
	tcase_add_test(tc, six_is_refused);
	tcase_add_test(tc, rude_words);
	tcase_add_test(tc, after_a_load);
	return run_cases("ppp without IPv4", tc);
}
