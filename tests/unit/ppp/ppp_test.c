/* Tests of a link as the owner sees it: phases, frames, questions, echoes, and how it ends. */
#include "tests/unit/ppp/ppp_peer.h"
#include "tests/unit/run.h"

START_TEST(protocols_that_we_do_not_speak)
{
	/* CCP, ECP, multilink, VJ compressed (no control packet at all), bridging, IPX, PAP. */
	static const uint16_t none[] = {0x80fd, 0x8053, 0x003d, 0x002d,
	                                0x0031, 0x802b, 0xc023, 0x8057};

	open_plain();
	for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
		uint8_t want[2 + HEAD + 3] = {(uint8_t)(none[i] >> 8),
		                              (uint8_t)none[i],
		                              1,
		                              7,
		                              0,
		                              HEAD + 3,
		                              'a',
		                              'b',
		                              'c'};

		SAY(none[i], 1, 7, "abc");
		ck_assert_uint_eq(frames, 1);
		heard(PROTO_LCP, CODE_PROTOCOL_REJECT, want, sizeof want);
	}
	/* And VJ compression in IPCP, the old IP-Addresses, and name servers that we need not. */
	SAY(PROTO_IPCP, CODE_REQUEST, 1, "\2\6\0\55\17\1\1\12\0\0\0\0\0\0\0\0\3\6\12\11\0\1");
	HEARD(PROTO_IPCP, CODE_REJECT, "\2\6\0\55\17\1\1\12\0\0\0\0\0\0\0\0");
	SAY(PROTO_IPCP, CODE_REQUEST, 2, "\3\6\12\11\0\1\201\6\0\0\0\0");
	HEARD(PROTO_IPCP, CODE_REJECT, "\201\6\0\0\0\0");
	/* NCPs know no echo. */
	SAY(PROTO_IPCP, CODE_ECHO_REQUEST, 3, "\0\0\0\0");
	ck_assert_uint_eq(said[0].bytes[0], CODE_CODE_REJECT);
	end();
}
END_TEST

START_TEST(a_reject_fits_the_peers_mru)
{
	uint8_t large[600] = {0};

	start();
	dial();
	open_lcp("\1\4\0\200", 4);
	say(0x80fd, 1, 1, large, sizeof large);
	ck_assert_uint_eq(said[0].len, 128);
	say(PROTO_LCP, 99, 1, large, sizeof large);
	ck_assert_uint_le(said[0].len, 128);
	ck_assert_uint_eq(said[0].bytes[0], CODE_CODE_REJECT);
	end();
}
END_TEST

START_TEST(what_the_peer_rejects_ends)
{
	/* The only network protocol. */
	open_plain();
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\200\41\1\1\0\4");
	expect_end(CAUSE_PPP_NO_PROTOCOL);
	/* LCP itself. */
	open_plain();
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\300\41\1\1\0\4");
	ck_assert_uint_eq(said[0].bytes[0], CODE_TERM_REQUEST);
	SAY(PROTO_LCP, CODE_TERM_ACK, said[0].bytes[1], "");
	ck_assert(is_down[0]);
	ck_assert_int_eq(why, CAUSE_PPP_NO_AGREEMENT);
	end();
	/* CHAP, while it is needed. */
	open_to_prove("\3\5\302\43\5");
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\302\43\1\1\0\4");
	expect_leave(CAUSE_PPP_NO_AUTH);
	/* Another one meanwhile. */
	open_to_prove("\3\5\302\43\5");
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\200\375\1\1\0\4");
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
	end();
	/* Something that we never say, or need no more, or a cut one. */
	open_plain();
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\302\43\1\1\0\4");
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\200\375");
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\200");
	SAY(PROTO_LCP, CODE_CODE_REJECT, 1, "");
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	/* Echoes: there are none from then on. */
	SAY(PROTO_LCP, CODE_CODE_REJECT, 1, "\11\1\0\10\0\0\0\0");
	open_ipcp();
	ck_assert_uint_eq(ends[0]->ipcp.id, 1);
	give_address();
	ck_assert(is_up[0]);
	ck_assert_int_eq(ppp_deadline(ends[0]), LS_NEVER);
	end();
}
END_TEST

/* IPCP is open and IPv6 is waited for, when the peer wants IPCP anew: what is gone is not reported.
 */
START_TEST(open_and_gone_is_not_up)
{
	start();
	config[0].ipv6 = true;
	dial();
	open_lcp("", 0);
	open_ipcp();
	ck_assert_uint_eq(ends[0]->ipcp.id, 1);
	give_address();
	ck_assert(ppp_link(ends[0])->ipv4 && !is_up[0]);
	SAY(PROTO_IPCP, CODE_REQUEST, 2, "\3\6\12\11\0\1");
	ck_assert(!ppp_link(ends[0])->ipv4);
	now += LS_MS(800);
	ppp_tick(ends[0], now);
	listen();
	ck_assert(!is_up[0]);
	ppp_tick(ends[0], now += LS_MS(300));
	listen();
	agree_to(PROTO_IPCP);
	ppp_tick(ends[0], now += LS_MS(800));
	listen();
	ck_assert(is_up[0] && seen[0].ipv4);
	end();
}
END_TEST

/* The owner has no address left: with nothing else to carry the link ends, with IPv6 it goes on. */
START_TEST(no_address_for_the_caller)
{
	for (unsigned six = 0; six < 2; six++) {
		struct ppp_answer none = {.ok = false, .cause = CAUSE_GW_NO_ADDRESS};

		start_called();
		config[0].ipv6 = six;
		dial();
		open_lcp("", 0);
		ck_assert_int_eq(question.kind, PPP_REQ_ADDRESS);
		/* Until then network protocols wait. */
		SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\0\0\0\0");
		SAY(0x80fd, 1, 1, "");
		ck_assert_uint_eq(frames, 0);
		answer_with(&none);
		if (six) {
			SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\0\0\0\0");
			ck_assert_uint_eq(said[0].bytes[0], CODE_TERM_ACK);
			HEARD(PROTO_IPCP, CODE_TERM_REQUEST, "no address was left for the caller");
			end();
		} else {
			expect_end(CAUSE_GW_NO_ADDRESS);
		}
	}
}
END_TEST

START_TEST(nothing_to_carry)
{
	start();
	config[0].ipv4 = false;
	dial();
	open_lcp("", 0);
	expect_end(CAUSE_PPP_NO_PROTOCOL);
}
END_TEST

/* -- frames -- */

START_TEST(frames_that_are_none)
{
	static const struct {
		uint8_t len, bytes[16];
		enum ls_cause counted;
	} rows[] = {
		{0, {0}, CAUSE_PPP_FRAME},
		{2, {0xff, 3}, CAUSE_PPP_FRAME},
		{3, {0xff, 3, 0xc0}, CAUSE_PPP_FRAME},
		{4, {0xff, 3, 0xc0, 0x21}, CAUSE_PPP_FRAME},
		{7, {0xff, 3, 0xc0, 0x21, 9, 1, 0}, CAUSE_PPP_FRAME},
		{8, {0xff, 3, 0xc0, 0x21, 9, 1, 0, 3}, CAUSE_PPP_FRAME}, /* less than its head */
		{8, {0xff, 3, 0xc0, 0x21, 9, 1, 0, 5}, CAUSE_PPP_FRAME}, /* more than there is */
		{8, {0xff, 3, 0, 0x21, 0x45, 0, 0, 0}, CAUSE_PPP_UNEXPECTED}, /* data */
		{6, {0xff, 3, 0x57, 0x60, 0, 0}, CAUSE_PPP_UNEXPECTED},
		{4, {0x21, 0x45, 0, 0}, CAUSE_PPP_UNEXPECTED},
	};

	open_plain();
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t before = counted(rows[i].counted);

		ppp_input(ends[0], rows[i].bytes, rows[i].len, now);
		listen();
		ck_assert_uint_eq(frames, 0);
		ck_assert_msg(counted(rows[i].counted) == before + 1, "row %u", i);
	}
	end();
}
END_TEST

/* Padding behind a packet is not of it (RFC 1661 5); ff 03 may be left out of what comes in. */
START_TEST(padded_and_bare_frames)
{
	static const uint8_t padded[] = {0xff, 3, 0xc0, 0x21, 9, 7, 0, 8, 1, 2, 3, 4, 'p', 'a'};
	static const uint8_t bare[] = {0xc0, 0x21, 9, 7, 0, 8, 1, 2, 3, 4};

	open_plain();
	ppp_input(ends[0], padded, sizeof padded, now);
	listen();
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(said[0].bytes[0], CODE_ECHO_REPLY);
	ck_assert_uint_eq(said[0].len, 8);
	ppp_input(ends[0], bare, sizeof bare, now);
	listen();
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(said[0].bytes[0], CODE_ECHO_REPLY);
	end();
}
END_TEST

/* Before LCP is open nothing but LCP is heard (RFC 1661 3.4). */
START_TEST(nothing_before_lcp)
{
	start();
	dial();
	SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\12\11\0\1");
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	SAY(0x80fd, 1, 1, "");
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\200\41");
	ck_assert_uint_eq(frames, 0);
	ck_assert_int_eq(ends[0]->phase, PHASE_LCP);
	ck_assert_int_eq(ends[0]->ipcp.state, CP_STARTING);
	ck_assert_uint_eq(counted(CAUSE_PPP_UNEXPECTED), 1);
	end();
}
END_TEST

/* -- requests -- */

START_TEST(requests_come_in_order_and_are_bounded)
{
	struct ppp_request r;
	unsigned n = 0;

	start();
	dial();
	for (unsigned i = 0; i < REQUESTS_MAX; i++)
		ppp_send(ends[0], PROTO_LCP, (uint8_t)i, 1, "body", 4);
	ppp_send(ends[0], PROTO_LCP, 99, 1, NULL, 0);
	ck_assert_ptr_null(ppp_request_add(ends[0], PPP_REQ_EVENT));
	ck_assert_uint_eq(counted(CAUSE_NO_MEMORY), 2);
	while (ppp_next(ends[0], &r)) {
		ck_assert_int_eq(r.kind, PPP_REQ_SEND);
		ck_assert_uint_eq(r.bytes.len, 4 + HEAD + 4);
		ck_assert_uint_eq(ls_get32(r.bytes.p), 0xff03c021);
		ck_assert_uint_eq(r.bytes.p[4], n++);
		ck_assert_mem_eq(r.bytes.p + 5, "\1\0\10body", 7);
	}
	ck_assert_uint_eq(n, REQUESTS_MAX);
	ck_assert(!ppp_next(ends[0], &r));
	end();
}
END_TEST

/* -- time -- */

/* A link that is not up within a minute never will be, whatever it is waiting for. */
START_TEST(not_up_within_a_minute)
{
	ls_time began;

	start_called();
	dial();
	open_lcp("", 0);
	began = LS_S(1);
	ck_assert_int_eq(question.kind, PPP_REQ_ADDRESS); /* which nobody answers */
	memset(&question, 0, sizeof question);
	for (unsigned i = 0; i < 10; i++)
		SAY(PROTO_LCP, CODE_DISCARD, 1, "\1\2\3\4");
	ends[0]->echo_at = LS_NEVER;
	pass(began + LS_S(60) - 1);
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	pass(began + LS_S(60));
	expect_leave(CAUSE_PPP_NO_AGREEMENT);
}
END_TEST

static void bring_up(uint32_t echo_interval_s, uint8_t failures)
{
	start();
	config[0].echo_interval_s = echo_interval_s;
	config[0].echo_failures = failures;
	dial();
	open_lcp("", 0);
	open_ipcp();
	give_address();
	ck_assert(is_up[0]);
}

START_TEST(echoes_after_silence)
{
	ls_time heard_at;

	bring_up(10, 3);
	heard_at = now;
	pass(heard_at + LS_S(9));
	ppp_heard(ends[0], now); /* data */
	heard_at = now;
	pass(heard_at + LS_S(10) - 1);
	frames = 0;
	pass(heard_at + LS_S(10));
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(said[0].bytes[0], CODE_ECHO_REQUEST);
	ck_assert_uint_eq(said[0].len, HEAD + 4);
	/* Three of them, three seconds apart, and then three seconds more. */
	pass(heard_at + LS_S(16));
	ck_assert_uint_eq(said[0].bytes[0], CODE_ECHO_REQUEST);
	pass(heard_at + LS_S(19) - 1);
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	pass(heard_at + LS_S(19));
	HEARD(PROTO_LCP, CODE_TERM_REQUEST, "");
	expect_end(CAUSE_PEER_SILENT);
}
END_TEST

START_TEST(an_answer_is_a_sign_of_life)
{
	bring_up(10, 3);
	for (unsigned i = 0; i < 20; i++) {
		pass(now + LS_S(10));
		ck_assert_uint_eq(said[0].bytes[0], CODE_ECHO_REQUEST);
		SAY(PROTO_LCP, CODE_ECHO_REPLY, said[0].bytes[1], "\1\2\3\4");
	}
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	end();
}
END_TEST

START_TEST(no_echoes_where_none_are_wanted)
{
	bring_up(UINT32_MAX, 0);
	ck_assert_int_eq(ppp_deadline(ends[0]), LS_NEVER);
	end();
}
END_TEST

/* -- the end -- */

START_TEST(closing_in_each_phase)
{
	const char *text;

	for (unsigned phase = 0; phase < 3; phase++) {
		start();
		dial();
		if (phase == 1)
			open_lcp("\3\5\302\43\5", 5);
		if (phase == 2)
			open_lcp("", 0);
		ck_assert_int_eq(ppp_why(ends[0], &text), CAUSE_NONE);
		ppp_close(ends[0], CAUSE_ADMIN, now);
		ppp_close(ends[0], CAUSE_SHUTDOWN, now); /* the first reason counts */
		ck_assert_int_eq(ppp_why(ends[0], &text), CAUSE_ADMIN);
		listen();
		HEARD(PROTO_LCP, CODE_TERM_REQUEST, "");
		ck_assert_uint_eq(frames, 1);
		/* Nobody answers: said once more, and then it is over. */
		pass(now + LS_S(10));
		ck_assert(is_down[0]);
		ck_assert_int_eq(why, CAUSE_ADMIN);
		ck_assert_int_eq(ppp_deadline(ends[0]), LS_NEVER);
		/* A dead link says nothing any more. */
		SAY(PROTO_LCP, CODE_REQUEST, 1, "");
		ppp_tick(ends[0], now + LS_S(100));
		ppp_answer(ends[0], 1, &(struct ppp_answer){.ok = true}, now);
		listen();
		ck_assert_uint_eq(frames, 0);
		end();
	}
	ppp_free(NULL);
}
END_TEST

/* The interface is set up once for both protocols, unless one of them keeps the other waiting. */
START_TEST(one_report_for_both)
{
	start();
	config[0].ipv6 = true;
	dial();
	open_lcp("", 0);
	open_ipcp();
	give_address();
	ck_assert(!is_up[0]);
	pass(now + LS_MS(699));
	ck_assert(!is_up[0]);
	pass(now + LS_MS(1));
	ck_assert(is_up[0] && seen[0].ipv4 && !seen[0].ipv6);
	is_up[0] = false;
	open_ipv6cp();
	ck_assert(is_up[0] && seen[0].ipv4 && seen[0].ipv6);
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, protocols_that_we_do_not_speak);
	tcase_add_test(tc, a_reject_fits_the_peers_mru);
	tcase_add_test(tc, what_the_peer_rejects_ends);
	tcase_add_test(tc, open_and_gone_is_not_up);
	tcase_add_test(tc, no_address_for_the_caller);
	tcase_add_test(tc, nothing_to_carry);
	tcase_add_test(tc, frames_that_are_none);
	tcase_add_test(tc, padded_and_bare_frames);
	tcase_add_test(tc, nothing_before_lcp);
	tcase_add_test(tc, requests_come_in_order_and_are_bounded);
	tcase_add_test(tc, not_up_within_a_minute);
	tcase_add_test(tc, echoes_after_silence);
	tcase_add_test(tc, an_answer_is_a_sign_of_life);
	tcase_add_test(tc, no_echoes_where_none_are_wanted);
	tcase_add_test(tc, closing_in_each_phase);
	tcase_add_test(tc, one_report_for_both);
	return run_cases("ppp", tc);
}
