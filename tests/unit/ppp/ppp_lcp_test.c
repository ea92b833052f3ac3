/* Tests of LCP: its options in both directions, loops, echoes. */
#include "tests/unit/ppp/ppp_peer.h"
#include "tests/unit/run.h"

START_TEST(lcp_options)
{
	start();
	dial();
	/* MRU, ACCM, magic, PFC, ACFC: all taken. */
	SAY(PROTO_LCP, CODE_REQUEST, 1, "\1\4\5\170\2\6\0\0\0\0\5\6\1\2\3\4\7\2\10\2");
	HEARD(PROTO_LCP, CODE_ACK, "\1\4\5\170\2\6\0\0\0\0\5\6\1\2\3\4\7\2\10\2");
	ck_assert_uint_eq(ppp_link(ends[0])->peer_mru, 1400);
	ck_assert(ppp_link(ends[0])->send_acfc && ppp_link(ends[0])->send_pfc);
	/* A later request counts alone. */
	SAY(PROTO_LCP, CODE_REQUEST, 2, "\5\6\1\2\3\4");
	ck_assert_uint_eq(ppp_link(ends[0])->peer_mru, 1500);
	ck_assert(!ppp_link(ends[0])->send_acfc && !ppp_link(ends[0])->send_pfc);
	/* Too small an MRU gets a hint, quality, callback and multilink a refusal. */
	SAY(PROTO_LCP, CODE_REQUEST, 3, "\1\4\0\100");
	HEARD(PROTO_LCP, CODE_NAK, "\1\4\5\334");
	SAY(PROTO_LCP, CODE_REQUEST, 4, "\4\4\300\45\15\3\6\21\4\5\334\23\3\0\1\4\5\334");
	HEARD(PROTO_LCP, CODE_REJECT, "\4\4\300\45\15\3\6\21\4\5\334\23\3\0");
	/* PAP and EAP: CHAP would do. */
	SAY(PROTO_LCP, CODE_REQUEST, 5, "\3\4\300\43");
	HEARD(PROTO_LCP, CODE_NAK, "\3\5\302\43\201");
	SAY(PROTO_LCP, CODE_REQUEST, 6, "\3\5\302\43\200");
	HEARD(PROTO_LCP, CODE_NAK, "\3\5\302\43\201");
	end();
}
END_TEST

START_TEST(an_mru_of_ours)
{
	start();
	config[0].mru = 1400;
	dial();
	ck_assert_mem_eq(said[0].bytes + HEAD, "\1\4\5\170", 4);
	/* A smaller one is fine, a larger one is not ours to give, and a rejected one is never
	 * asked for again. */
	SAY(PROTO_LCP, CODE_NAK, said[0].bytes[1], "\1\4\5\24");
	ck_assert_mem_eq(said[0].bytes + HEAD, "\1\4\5\24", 4);
	SAY(PROTO_LCP, CODE_REJECT, said[0].bytes[1], "\1\4\5\24");
	ck_assert_uint_eq(said[0].bytes[HEAD], 5);
	SAY(PROTO_LCP, CODE_NAK, said[0].bytes[1], "\5\6\1\2\3\4");
	ck_assert_uint_eq(said[0].bytes[HEAD], 5);
	end();
}
END_TEST

START_TEST(a_mirror_is_a_loop)
{
	unsigned rounds = 0;

	start();
	dial();
	while (!is_down[0] && rounds++ < 100) {
		uint8_t frame[MESSAGE_MAX] = {0xff, 3};
		unsigned n = frames;
		uint8_t copies[8][MESSAGE_MAX];
		size_t len[8];

		ck_assert_uint_le(n, 8);
		for (unsigned i = 0; i < n; i++)
			memcpy(copies[i], said[i].bytes, len[i] = said[i].len);
		if (n == 0) {
			wake();
		}
		for (unsigned i = 0; i < n; i++) {
			ls_put16(frame + 2, PROTO_LCP);
			memcpy(frame + 4, copies[i], len[i]);
			ppp_input(ends[0], frame, 4 + len[i], now);
		}
		if (n > 0)
			listen();
	}
	ck_assert(is_down[0] && !is_up[0]);
	ck_assert_int_eq(why, CAUSE_PPP_LOOP);
	end();
}
END_TEST

START_TEST(the_same_magic_number_once_is_no_loop)
{
	uint8_t option[6] = {5, 6};

	start();
	dial();
	memcpy(option, said[0].bytes + HEAD, 6);
	say(PROTO_LCP, CODE_REQUEST, 1, option, 6);
	ck_assert_uint_eq(said[0].bytes[0], CODE_NAK);
	ck_assert_uint_eq(said[0].len, HEAD + 6);
	ck_assert_mem_ne(said[0].bytes + HEAD + 2, option + 2, 4);
	/* Zero is never right. */
	SAY(PROTO_LCP, CODE_REQUEST, 2, "\5\6\0\0\0\0");
	ck_assert_uint_eq(said[0].bytes[0], CODE_NAK);
	SAY(PROTO_LCP, CODE_REQUEST, 3, "\5\6\1\2\3\4");
	HEARD(PROTO_LCP, CODE_ACK, "\5\6\1\2\3\4");
	end();
}
END_TEST

START_TEST(echoes)
{
	uint8_t ours[8];

	open_plain();
	SAY(PROTO_LCP, CODE_ECHO_REQUEST, 9, "\1\2\3\4data");
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(said[0].bytes[0], CODE_ECHO_REPLY);
	ck_assert_uint_eq(said[0].bytes[1], 9);
	ck_assert_mem_eq(said[0].bytes + HEAD + 4, "data", 4);
	memcpy(ours, said[0].bytes + HEAD, 4);
	ck_assert_mem_ne(ours, "\1\2\3\4", 4);
	SAY(PROTO_LCP, CODE_ECHO_REQUEST, 9, "\1\2\3\4");
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(said[0].len, HEAD + 4);
	/* Too short for a magic number; replies and discards are for nobody. */
	SAY(PROTO_LCP, CODE_ECHO_REQUEST, 9, "\1\2\3");
	ck_assert_uint_eq(frames, 0);
	SAY(PROTO_LCP, CODE_ECHO_REPLY, 9, "\1\2\3\4");
	SAY(PROTO_LCP, CODE_DISCARD, 9, "\1\2\3\4");
	SAY(PROTO_LCP, CODE_IDENTIFICATION, 9, "\1\2\3\4MSRASV5.20");
	SAY(PROTO_LCP, CODE_TIME_REMAINING, 9, "\1\2\3\4\0\0\0\1");
	ck_assert_uint_eq(frames, 0);
	/* Our own, come back: not answered, and no sign of life. */
	open_ipcp();
	ck_assert_uint_eq(ends[0]->ipcp.id, 1);
	give_address();
	ck_assert(is_up[0]);
	for (unsigned i = 0; i < 100 && !is_down[0]; i++) {
		wake();
		if (frames == 1 && said[0].bytes[0] == CODE_ECHO_REQUEST)
			say(PROTO_LCP, CODE_ECHO_REQUEST, said[0].bytes[1], said[0].bytes + HEAD,
			    4);
	}
	ck_assert(is_down[0]);
	ck_assert_int_eq(why, CAUSE_PPP_LOOP);
	end();
}
END_TEST

START_TEST(a_peer_that_proves_itself_in_no_way)
{
	start();
	config[0].caller = false;
	config[0].require = PPP_AUTH_MSCHAPV2;
	config[0].local4 = config[0].remote4 = ls_addr_v4(0x0a090001, 0);
	dial();
	ck_assert_mem_eq(said[0].bytes + HEAD, "\3\5\302\43\201", 5);
	SAY(PROTO_LCP, CODE_REJECT, said[0].bytes[1], "\3\5\302\43\201");
	expect_leave(CAUSE_PPP_NO_AUTH);
}
END_TEST

/* What the first request asks for, of each config. */
START_TEST(what_is_asked_for)
{
	start();
	config[0].compress_header = true;
	config[0].mru = 1400;
	config[0].require = PPP_AUTH_CHAP_MD5;
	dial();
	ck_assert_uint_eq(said[0].bytes[0], CODE_REQUEST);
	ck_assert_uint_eq(said[0].len, HEAD + 4 + 5 + 6 + 2 + 2);
	ck_assert_mem_eq(said[0].bytes + HEAD, "\1\4\5\170\3\5\302\43\5\5\6", 11);
	ck_assert_mem_eq(said[0].bytes + HEAD + 15, "\7\2\10\2", 4);
	/* Compression is taken back whole, when one of the two is refused. */
	SAY(PROTO_LCP, CODE_REJECT, said[0].bytes[1], "\10\2");
	ck_assert_uint_eq(said[0].len, HEAD + 4 + 5 + 6);
	end();
}
END_TEST

/* Options of the wrong size are none (5.1). */
START_TEST(options_of_the_wrong_size)
{
	static const char *const bad[] = {"\1\3\5",     "\1\5\5\170\0",   "\2\5\0\0\0",
	                                  "\5\5\1\2\3", "\5\7\1\2\3\4\5", "\7\3\1",
	                                  "\10\3\1"};
	static const size_t len[] = {3, 5, 5, 5, 7, 3, 3};

	start();
	dial();
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		say(PROTO_LCP, CODE_REQUEST, (uint8_t)i, bad[i], len[i]);
		ck_assert_uint_eq(frames, 1);
		ck_assert_msg(said[0].bytes[0] == CODE_REJECT || said[0].bytes[0] == CODE_NAK,
		              "option %u", i);
	}
	ck_assert_int_eq(ends[0]->lcp.state, CP_REQ_SENT);
	end();
}
END_TEST

/* The smallest MRU that can be had, and one byte less. */
START_TEST(the_least_mru)
{
	start();
	dial();
	SAY(PROTO_LCP, CODE_REQUEST, 1, "\1\4\0\177");
	HEARD(PROTO_LCP, CODE_NAK, "\1\4\5\334");
	SAY(PROTO_LCP, CODE_REQUEST, 2, "\1\4\0\200");
	HEARD(PROTO_LCP, CODE_ACK, "\1\4\0\200");
	ck_assert_uint_eq(ppp_link(ends[0])->peer_mru, 128);
	end();
}
END_TEST

/* How we prove ourselves: what the config takes, by its own name, and nothing when it takes none.
 */
START_TEST(how_we_prove_ourselves)
{
	static const struct {
		uint8_t accept;
		const char *asked;
		uint8_t code;
		const char *hint;
	} rows[] = {
		{PPP_AUTH_CHAP_MD5, "\3\5\302\43\5", CODE_ACK, NULL},
		{PPP_AUTH_CHAP_MD5, "\3\5\302\43\201", CODE_NAK, "\3\5\302\43\5"},
		{PPP_AUTH_MSCHAPV2, "\3\5\302\43\201", CODE_ACK, NULL},
		{PPP_AUTH_MSCHAPV2, "\3\5\302\43\5", CODE_NAK, "\3\5\302\43\201"},
		{3, "\3\5\302\43\5", CODE_ACK, NULL},
		{3, "\3\5\302\47\5", CODE_NAK, "\3\5\302\43\201"}, /* EAP with a byte too many */
		{0, "\3\5\302\43\5", CODE_REJECT, NULL},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start();
		config[0].accept = rows[i].accept;
		dial();
		say(PROTO_LCP, CODE_REQUEST, 1, rows[i].asked, 5);
		heard(PROTO_LCP, rows[i].code, rows[i].hint ? rows[i].hint : rows[i].asked, 5);
		end();
	}
}
END_TEST

/* How the peer proves itself: a hint is followed where the config allows it. */
START_TEST(how_the_peer_proves_itself)
{
	static const struct {
		uint8_t require;
		const char *hint;
		size_t len;
		const char *then;
	} rows[] = {
		{3, "\3\5\302\43\5", 5, "\3\5\302\43\5"}, /* the second best */
		{3, "\3\4\300\43", 4, "\3\5\302\43\5"},   /* PAP: perhaps the other one */
		{PPP_AUTH_MSCHAPV2, "\3\5\302\43\5", 5, "\3\5\302\43\201"}, /* not allowed */
		{PPP_AUTH_CHAP_MD5, "\3\5\302\43\201", 5, "\3\5\302\43\5"},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start_called();
		config[0].require = rows[i].require;
		dial();
		say(PROTO_LCP, CODE_NAK, said[0].bytes[1], rows[i].hint, rows[i].len);
		ck_assert_uint_eq(said[0].bytes[0], CODE_REQUEST);
		ck_assert_mem_eq(said[0].bytes + HEAD, rows[i].then, 5);
		end();
	}
}
END_TEST

/* It insists on a method that we do not take: that, not vague disagreement, is why. */
START_TEST(a_peer_that_insists_on_another_method)
{
	start_called();
	config[0].require = PPP_AUTH_MSCHAPV2;
	dial();
	for (unsigned i = 0; i < 20 && said[0].bytes[0] == CODE_REQUEST; i++)
		SAY(PROTO_LCP, CODE_NAK, said[0].bytes[1], "\3\4\300\43");
	expect_leave(CAUSE_PPP_NO_AUTH);
}
END_TEST

/* Without a magic number of ours nothing is a loop, and echoes carry zero (6.4). */
START_TEST(a_peer_without_magic_numbers)
{
	start();
	dial();
	say(PROTO_LCP, CODE_REJECT, said[0].bytes[1], said[0].bytes + HEAD, 6);
	ck_assert_uint_eq(said[0].len, HEAD);
	open_lcp("", 0);
	SAY(PROTO_LCP, CODE_ECHO_REQUEST, 9, "\1\2\3\4data");
	HEARD(PROTO_LCP, CODE_ECHO_REPLY, "\0\0\0\0data");
	end();
}
END_TEST

/* All of an echo comes back, as far as it fits what the asker receives. */
START_TEST(a_long_echo)
{
	uint8_t body[1600];

	open_plain();
	memset(body, 'e', sizeof body);
	say(PROTO_LCP, CODE_ECHO_REQUEST, 9, body, 1200);
	ck_assert_uint_eq(said[0].bytes[0], CODE_ECHO_REPLY);
	ck_assert_uint_eq(said[0].len, HEAD + 1200);
	ck_assert_mem_eq(said[0].bytes + HEAD + 4, body, 1196);
	say(PROTO_LCP, CODE_ECHO_REQUEST, 10, body, sizeof body);
	ck_assert_uint_eq(said[0].len, 1500);
	ck_assert_uint_eq(ls_get16(said[0].bytes + 2), 1500);
	end();
}
END_TEST

/* A probe is an echo of the size that was asked for; its answer says so, once. */
START_TEST(probes)
{
	uint8_t body[8];
	uint8_t id;

	start();
	dial();
	ck_assert(!ppp_probe(ends[0], 1400)); /* nothing is agreed on yet */
	open_lcp("", 0);
	open_ipcp();
	give_address();
	probed = 0;
	ck_assert(!ppp_probe(ends[0], PPP_PROBE_MIN - 1));
	ck_assert(!ppp_probe(ends[0], 1501)); /* more than the peer receives */
	ck_assert(ppp_probe(ends[0], 1500));
	listen();
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(said[0].bytes[0], CODE_ECHO_REQUEST);
	ck_assert_uint_eq(ls_get16(said[0].bytes + 2), 1500);
	ck_assert_uint_eq(said[0].len + probe_padding, 1500);
	ck_assert_uint_eq(said[0].len, PPP_PROBE_MIN);
	memcpy(body, said[0].bytes + HEAD, sizeof body);
	id = said[0].bytes[1];
	/* The same size again is the same question. */
	ck_assert(ppp_probe(ends[0], 1500));
	listen();
	ck_assert_uint_eq(said[0].bytes[1], id);
	ck_assert_mem_eq(said[0].bytes + HEAD, body, sizeof body);
	/* Answers to something else. */
	ls_put32(body, 0x01020304);
	say(PROTO_LCP, CODE_ECHO_REPLY, (uint8_t)(id + 1), body, sizeof body);
	say(PROTO_LCP, CODE_ECHO_REPLY, id, body, sizeof body - 1);
	body[7] ^= 1;
	say(PROTO_LCP, CODE_ECHO_REPLY, id, body, sizeof body);
	ck_assert_uint_eq(probed, 0);
	body[7] ^= 1;
	say(PROTO_LCP, CODE_ECHO_REPLY, id, body, sizeof body);
	ck_assert_uint_eq(probed, 1500);
	probed = 0;
	say(PROTO_LCP, CODE_ECHO_REPLY, id, body, sizeof body);
	ck_assert_uint_eq(probed, 0);
	/* Another size is another question, and the old one's answer nothing any more. */
	ck_assert(ppp_probe(ends[0], 1300));
	listen();
	ck_assert_uint_ne(said[0].bytes[1], id);
	memcpy(body, said[0].bytes + HEAD, sizeof body);
	id = said[0].bytes[1];
	ck_assert(ppp_probe(ends[0], 1304));
	listen();
	say(PROTO_LCP, CODE_ECHO_REPLY, id, body, sizeof body);
	ck_assert_uint_eq(probed, 0);
	end();
}
END_TEST

/* The peer begins anew: what stood on the link is down until all is agreed on again. */
START_TEST(down_and_up_again)
{
	open_plain();
	open_ipcp();
	ck_assert_uint_eq(ends[0]->ipcp.id, 1);
	give_address();
	ck_assert(is_up[0]);
	is_up[0] = false;
	SAY(PROTO_LCP, CODE_REQUEST, 2, "\3\5\302\43\5");
	ck_assert_int_eq(ends[0]->phase, PHASE_LCP);
	ck_assert(!ppp_link(ends[0])->ipv4);
	ck_assert_int_eq(ends[0]->ipcp.state, CP_STARTING);
	agree_to(PROTO_LCP);
	/* It wants proof now. */
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
	ck_assert(!is_up[0]);
	end();
}
END_TEST

/* A hint at our MRU is taken from the least that may be up to what we asked for. */
START_TEST(hints_at_our_mru)
{
	static const struct {
		const char *hint;
		bool taken;
	} rows[] = {{"\1\4\0\177", false},
	            {"\1\4\0\200", true},
	            {"\1\4\5\167", true},
	            {"\1\4\5\170", true},
	            {"\1\4\5\171", false}};

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start();
		config[0].mru = 1400;
		dial();
		say(PROTO_LCP, CODE_NAK, said[0].bytes[1], rows[i].hint, 4);
		ck_assert_uint_eq(said[0].bytes[0], CODE_REQUEST);
		if (rows[i].taken)
			ck_assert_mem_eq(said[0].bytes + HEAD, rows[i].hint, 4);
		else
			ck_assert_uint_eq(said[0].bytes[HEAD], 5);
		end();
	}
}
END_TEST

/* A peer that hints at the one and then at the other gets each. */
START_TEST(hints_at_both_methods)
{
	start_called();
	config[0].require = 3;
	dial();
	ck_assert_mem_eq(said[0].bytes + HEAD, "\3\5\302\43\201", 5);
	SAY(PROTO_LCP, CODE_NAK, said[0].bytes[1], "\3\5\302\43\5");
	ck_assert_mem_eq(said[0].bytes + HEAD, "\3\5\302\43\5", 5);
	SAY(PROTO_LCP, CODE_NAK, said[0].bytes[1], "\3\5\302\43\201");
	ck_assert_mem_eq(said[0].bytes + HEAD, "\3\5\302\43\201", 5);
	end();
}
END_TEST

/* Agreed on anew, the interface is told of both protocols at once again. */
START_TEST(both_protocols_are_waited_for_anew)
{
	start();
	config[0].ipv6 = true;
	dial();
	open_lcp("", 0);
	for (unsigned round = 0; round < 2; round++) {
		open_ipcp();
		SAY(PROTO_IPCP, round ? CODE_ACK : CODE_NAK, ends[0]->ipcp.id, "\3\6\12\11\0\2");
		if (round == 0)
			agree_to(PROTO_IPCP);
		ck_assert(!is_up[0]);
		open_ipv6cp();
		ck_assert(is_up[0]);
		is_up[0] = false;
		SAY(PROTO_LCP, CODE_REQUEST, 2, "");
		agree_to(PROTO_LCP);
	}
	/* Once more, before any of them has begun. */
	SAY(PROTO_LCP, CODE_REQUEST, 3, "\3\5\302\43\5");
	agree_to(PROTO_LCP);
	SAY(PROTO_LCP, CODE_REQUEST, 4, "");
	ck_assert_uint_eq(counted(CAUSE_PPP_UNEXPECTED), 0);
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_lcp");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, lcp_options);
	tcase_add_test(tc, an_mru_of_ours);
	tcase_add_test(tc, a_mirror_is_a_loop);
	tcase_add_test(tc, the_same_magic_number_once_is_no_loop);
	tcase_add_test(tc, echoes);
	tcase_add_test(tc, a_peer_that_proves_itself_in_no_way);
	tcase_add_test(tc, what_is_asked_for);
	tcase_add_test(tc, options_of_the_wrong_size);
	tcase_add_test(tc, the_least_mru);
	tcase_add_test(tc, how_we_prove_ourselves);
	tcase_add_test(tc, how_the_peer_proves_itself);
	tcase_add_test(tc, a_peer_that_insists_on_another_method);
	tcase_add_test(tc, a_peer_without_magic_numbers);
	tcase_add_test(tc, a_long_echo);
	tcase_add_test(tc, probes);
	tcase_add_test(tc, down_and_up_again);
	tcase_add_test(tc, hints_at_our_mru);
	tcase_add_test(tc, hints_at_both_methods);
	tcase_add_test(tc, both_protocols_are_waited_for_anew);
	return run_cases("ppp_lcp", tc);
}
