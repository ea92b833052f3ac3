/* Tests of one link against a peer made by hand: what is acknowledged, hinted at and rejected,
 * loops, echoes, and CHAP's traps. */
#include "ppp/ppp_engine.h"
#include "tests/unit/ppp/ppp_pair.h"
#include "tests/unit/run.h"

enum { FRAMES_MAX = 64 };

static struct {
	uint8_t bytes[MESSAGE_MAX]; /* from the code on */
	size_t len;
	uint16_t protocol;
} said[FRAMES_MAX];
static unsigned frames;
static struct ppp_request question;
static enum ls_cause why;

/* Takes what the link says and asks. */
static void listen(void)
{
	struct ppp_request r;

	frames = 0;
	while (ppp_next(ends[0], &r)) {
		if (r.kind == PPP_REQ_SEND) {
			ck_assert_uint_lt(frames, FRAMES_MAX);
			said[frames].len = r.bytes.len - 4;
			said[frames].protocol = ls_get16(r.bytes.p + 2);
			memcpy(said[frames++].bytes, r.bytes.p + 4, r.bytes.len - 4);
		} else if (r.id != 0) {
			question = r;
		} else if (r.kind == PPP_REQ_UP) {
			is_up[0] = true;
			seen[0] = r.link;
		} else if (r.kind == PPP_REQ_DOWN) {
			is_down[0] = true;
			why = r.cause;
		}
	}
}

static void say(uint16_t protocol, uint8_t code, uint8_t id, const void *body, size_t len)
{
	uint8_t frame[PPP_FRAME_MAX];
	struct wr w = wr_make(frame, sizeof frame);

	wr_u16(&w, 0xff03);
	wr_u16(&w, protocol);
	wr_u8(&w, code);
	wr_u8(&w, id);
	wr_u16(&w, (uint16_t)(HEAD + len));
	wr_bytes(&w, body, len);
	ck_assert(wr_ok(&w));
	ppp_input(ends[0], frame, w.len, now);
	listen();
}

#define SAY(protocol, code, id, text) say(protocol, code, id, text, sizeof(text) - 1)

/* The last frame that was said is this one. */
static void heard(uint16_t protocol, uint8_t code, const void *body, size_t len)
{
	ck_assert_uint_gt(frames, 0);
	ck_assert_uint_eq(said[frames - 1].protocol, protocol);
	ck_assert_uint_eq(said[frames - 1].bytes[0], code);
	ck_assert_uint_eq(said[frames - 1].len, HEAD + len);
	ck_assert_mem_eq(said[frames - 1].bytes + HEAD, body, len);
}

#define HEARD(protocol, code, text) heard(protocol, code, text, sizeof(text) - 1)

static void agree_to(uint16_t protocol)
{
	for (unsigned i = frames; i-- > 0;)
		if (said[i].protocol == protocol && said[i].bytes[0] == CODE_REQUEST) {
			say(protocol, CODE_ACK, said[i].bytes[1], said[i].bytes + HEAD,
			    said[i].len - HEAD);
			return;
		}
	ck_abort_msg("it asked for nothing");
}

/* A caller by default; the peer is the test. */
static void start(void)
{
	begin();
	config[0].ipv6 = false;
	config[0].want_dns = false;
	config[0].compress_header = false;
}

static void dial(void)
{
	ends[0] = ppp_new(&config[0], &source[0], now);
	ends[1] = NULL;
	listen();
}

static void open_lcp(const char *options, size_t len)
{
	agree_to(PROTO_LCP);
	say(PROTO_LCP, CODE_REQUEST, 1, options, len);
}

static void open_plain(void)
{
	start();
	dial();
	open_lcp("", 0);
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
}

static void open_ipcp(void)
{
	SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\12\11\0\1");
	HEARD(PROTO_IPCP, CODE_ACK, "\3\6\12\11\0\1");
}

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
			now = ppp_deadline(ends[0]);
			ppp_tick(ends[0], now);
			listen();
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
	/* Too short for a magic number; replies and discards are for nobody. */
	SAY(PROTO_LCP, CODE_ECHO_REQUEST, 9, "\1\2");
	ck_assert_uint_eq(frames, 0);
	SAY(PROTO_LCP, CODE_ECHO_REPLY, 9, "\1\2\3\4");
	SAY(PROTO_LCP, CODE_DISCARD, 9, "\1\2\3\4");
	SAY(PROTO_LCP, CODE_IDENTIFICATION, 9, "\1\2\3\4MSRASV5.20");
	SAY(PROTO_LCP, CODE_TIME_REMAINING, 9, "\1\2\3\4\0\0\0\1");
	ck_assert_uint_eq(frames, 0);
	/* Our own, come back: not answered, and no sign of life. */
	open_ipcp();
	SAY(PROTO_IPCP, CODE_NAK, 1, "\3\6\12\11\0\2");
	agree_to(PROTO_IPCP);
	ck_assert(is_up[0]);
	for (unsigned i = 0; i < 100 && !is_down[0]; i++) {
		now = ppp_deadline(ends[0]);
		ppp_tick(ends[0], now);
		listen();
		if (frames == 1 && said[0].bytes[0] == CODE_ECHO_REQUEST)
			say(PROTO_LCP, CODE_ECHO_REQUEST, said[0].bytes[1], said[0].bytes + HEAD,
			    4);
	}
	ck_assert(is_down[0]);
	ck_assert_int_eq(why, CAUSE_PPP_LOOP);
	end();
}
END_TEST

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
	now = ppp_deadline(ends[0]);
	for (unsigned i = 0; i < 9 && !is_down[0]; i++) {
		ppp_tick(ends[0], now = ppp_deadline(ends[0]));
		listen();
	}
	ck_assert_int_eq(why, CAUSE_PPP_NO_PROTOCOL);
	end();
	/* LCP itself. */
	open_plain();
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\300\41\1\1\0\4");
	ck_assert_uint_eq(said[0].bytes[0], CODE_TERM_REQUEST);
	SAY(PROTO_LCP, CODE_TERM_ACK, said[0].bytes[1], "");
	ck_assert(is_down[0]);
	ck_assert_int_eq(why, CAUSE_PPP_NO_AGREEMENT);
	end();
	/* CHAP, while it is needed. */
	start();
	dial();
	open_lcp("\3\5\302\43\5", 5);
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\302\43\1\1\0\4");
	SAY(PROTO_LCP, CODE_TERM_ACK, said[0].bytes[1], "");
	ck_assert_int_eq(why, CAUSE_PPP_NO_AUTH);
	end();
	/* Something that we never say, or a cut one. */
	open_plain();
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\200\375");
	SAY(PROTO_LCP, CODE_PROTOCOL_REJECT, 1, "\200");
	SAY(PROTO_LCP, CODE_CODE_REJECT, 1, "");
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	/* Echoes: there are none from then on. */
	SAY(PROTO_LCP, CODE_CODE_REJECT, 1, "\11\1\0\10\0\0\0\0");
	open_ipcp();
	SAY(PROTO_IPCP, CODE_NAK, 1, "\3\6\12\11\0\2");
	agree_to(PROTO_IPCP);
	ck_assert(is_up[0]);
	ck_assert_int_eq(ppp_deadline(ends[0]), LS_NEVER);
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
	HEARD(PROTO_LCP, CODE_TERM_REQUEST, "");
	SAY(PROTO_LCP, CODE_TERM_ACK, said[0].bytes[1], "");
	ck_assert_int_eq(why, CAUSE_PPP_NO_AUTH);
	end();
}
END_TEST

START_TEST(a_caller_without_an_address)
{
	open_plain();
	open_ipcp();
	/* The peer has none to give. */
	SAY(PROTO_IPCP, CODE_REJECT, 1, "\3\6\0\0\0\0");
	agree_to(PROTO_IPCP);
	ck_assert(!is_up[0]);
	for (unsigned i = 0; i < 9 && !is_down[0]; i++) {
		ppp_tick(ends[0], now = ppp_deadline(ends[0]));
		listen();
	}
	ck_assert(is_down[0] && !is_up[0]);
	ck_assert_int_eq(why, CAUSE_PPP_NO_PROTOCOL);
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
	say(PROTO_IPCP, CODE_NAK, 1, "\3\6\12\11\0\2", 6);
	agree_to(PROTO_IPCP);
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

static void expect_end(enum ls_cause cause_wanted)
{
	for (unsigned i = 0; i < 9 && !is_down[0]; i++) {
		ppp_tick(ends[0], now = ppp_deadline(ends[0]));
		listen();
	}
	ck_assert(is_down[0]);
	ck_assert_int_eq(why, cause_wanted);
	ck_assert_int_eq(ends[0]->phase, PHASE_DEAD);
	end();
}

/* The owner has no address left: with nothing else to carry the link ends, with IPv6 it goes on. */
START_TEST(no_address_for_the_caller)
{
	for (unsigned six = 0; six < 2; six++) {
		struct ppp_answer none = {.ok = false, .cause = CAUSE_GW_NO_ADDRESS};

		start();
		config[0].caller = false;
		config[0].ipv6 = six;
		config[0].local4 = ls_addr_v4(0x0a090001, 0);
		dial();
		open_lcp("", 0);
		ck_assert_int_eq(question.kind, PPP_REQ_ADDRESS);
		/* Until then network protocols wait. */
		SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\0\0\0\0");
		SAY(0x80fd, 1, 1, "");
		ck_assert_uint_eq(frames, 0);
		ppp_answer(ends[0], question.id, &none, now);
		memset(&question, 0, sizeof question);
		listen();
		if (six) {
			SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\0\0\0\0");
			ck_assert_uint_eq(said[0].bytes[0], CODE_PROTOCOL_REJECT);
			end();
		} else {
			expect_end(CAUSE_GW_NO_ADDRESS);
		}
	}
}
END_TEST

START_TEST(name_servers_of_the_user)
{
	struct ppp_answer a = {.ok = true, .address = ls_addr_v4(0x0a090007, 0)};

	a.dns[0] = ls_addr_v4(0x0a090036, 0);
	start();
	config[0].caller = false;
	config[0].local4 = ls_addr_v4(0x0a090001, 0);
	dial();
	open_lcp("", 0);
	ppp_answer(ends[0], question.id, &a, now);
	memset(&question, 0, sizeof question);
	SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\0\0\0\0\201\6\0\0\0\0");
	HEARD(PROTO_IPCP, CODE_NAK, "\3\6\12\11\0\7\201\6\12\11\0\66");
	end();
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

START_TEST(keys_cannot_answer)
{
	struct ppp_answer no = {.ok = false, .cause = CAUSE_PPP_UNKNOWN_USER};

	start();
	dial();
	open_lcp("\3\5\302\43\5", 5);
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	ppp_answer(ends[0], question.id + 1, &no, now); /* of nobody's question */
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
	ppp_answer(ends[0], question.id, &no, now);
	memset(&question, 0, sizeof question);
	expect_end(CAUSE_PPP_UNKNOWN_USER);
}
END_TEST

/* -- CHAP -- */

static void answer_question(uint8_t fill)
{
	struct ppp_answer a = {.ok = true, .value_len = 44};

	ck_assert_int_eq(question.kind, PPP_REQ_AUTH_MAKE);
	memset(a.value, fill, sizeof a.value);
	ppp_answer(ends[0], question.id, &a, now);
	memset(&question, 0, sizeof question);
	listen();
}

START_TEST(a_challenge_said_again)
{
	uint8_t first[MESSAGE_MAX];
	size_t len;

	start();
	dial();
	open_lcp("\3\5\302\43\201", 5);
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	/* While keys thinks, and after: one question, one response. */
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	ck_assert_uint_eq(frames, 0);
	uint64_t asked = question.id;
	/* Nor does another one ask keys again before it has answered. */
	SAY(PROTO_CHAP, 1, 4, "\20ABcdefghijklmnophq");
	ck_assert_uint_eq(question.id, asked);
	answer_question(7);
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(said[0].bytes[1], 5);
	memcpy(first, said[0].bytes, len = said[0].len);
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	ck_assert_uint_eq(question.id, 0);
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(said[0].len, len);
	ck_assert_mem_eq(said[0].bytes, first, len);
	/* Another one gets another, with a peer challenge of its own. */
	SAY(PROTO_CHAP, 1, 6, "\20abcdefghijklmnophq");
	answer_question(7);
	ck_assert_mem_ne(said[0].bytes + HEAD + 1, first + HEAD + 1, 16);
	/* The proof: capitals or small, but right. */
	SAY(PROTO_CHAP, 3, 6, "S=0707070707070707070707070707070707070707 M=x");
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	end();
}
END_TEST

START_TEST(success_must_be_proven)
{
	static const char *const bad[] = {"",
	                                  "S=",
	                                  "S=070707",
	                                  "M=x S=07",
	                                  "S=0707070707070707070707070707070707070708",
	                                  "S=070707070707070707070707070707070707070g"};

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		start();
		dial();
		open_lcp("\3\5\302\43\201", 5);
		/* Before any challenge, and before our response, it is no answer to anything. */
		SAY(PROTO_CHAP, 3, 0, "S=0000000000000000000000000000000000000000");
		SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
		SAY(PROTO_CHAP, 3, 5, "S=0000000000000000000000000000000000000000");
		ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
		answer_question(7);
		say(PROTO_CHAP, 3, 5, bad[i], strlen(bad[i]));
		HEARD(PROTO_LCP, CODE_TERM_REQUEST, "");
		SAY(PROTO_LCP, CODE_TERM_ACK, said[0].bytes[1], "");
		ck_assert_int_eq(why, CAUSE_PPP_NOT_PROVEN);
		end();
	}
}
END_TEST

START_TEST(our_own_challenge_is_not_answered)
{
	uint8_t mirror[64];
	size_t len;

	start();
	config[0].require = PPP_AUTH_MSCHAPV2;
	dial();
	open_lcp("\3\5\302\43\201", 5);
	ck_assert_uint_eq(frames, 2);
	ck_assert_uint_eq(said[1].protocol, PROTO_CHAP);
	memcpy(mirror, said[1].bytes + HEAD, len = said[1].len - HEAD);
	ck_assert(ppp_challenged_with(ends[0], mirror + 1, 16));
	ck_assert(!ppp_challenged_with(ends[0], mirror + 1, 15));
	say(PROTO_CHAP, 1, said[1].bytes[1], mirror, len);
	ck_assert_uint_eq(question.id, 0);
	/* Another one is; the two directions keep apart. */
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	answer_question(7);
	say(PROTO_CHAP, 2, 1, "\61", 1);
	ck_assert_uint_eq(question.id, 0);
	uint8_t response[50 + 2] = "\61";
	response[50] = 'h';
	response[51] = 'q';
	say(PROTO_CHAP, 2, 1, response, sizeof response);
	ck_assert_int_eq(question.kind, PPP_REQ_AUTH_CHECK);
	ck_assert_str_eq(question.auth.user, "hq");
	SAY(PROTO_CHAP, 3, 5, "S=0707070707070707070707070707070707070707 M=x");
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
	struct ppp_answer yes = {.ok = true, .value = {0xab}, .value_len = 20};
	ppp_answer(ends[0], question.id, &yes, now);
	listen();
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	/* Capitals (RFC 2759 5). */
	ck_assert_mem_eq(said[0].bytes + HEAD, "S=AB00", 6);
	/* The response said again gets the same verdict. */
	say(PROTO_CHAP, 2, 1, response, sizeof response);
	ck_assert_mem_eq(said[0].bytes + HEAD, "S=AB00", 6);
	memset(&question, 0, sizeof question);
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp link");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, lcp_options);
	tcase_add_test(tc, an_mru_of_ours);
	tcase_add_test(tc, a_mirror_is_a_loop);
	tcase_add_test(tc, the_same_magic_number_once_is_no_loop);
	tcase_add_test(tc, echoes);
	tcase_add_test(tc, protocols_that_we_do_not_speak);
	tcase_add_test(tc, a_reject_fits_the_peers_mru);
	tcase_add_test(tc, what_the_peer_rejects_ends);
	tcase_add_test(tc, a_peer_that_proves_itself_in_no_way);
	tcase_add_test(tc, a_caller_without_an_address);
	tcase_add_test(tc, open_and_gone_is_not_up);
	tcase_add_test(tc, no_address_for_the_caller);
	tcase_add_test(tc, name_servers_of_the_user);
	tcase_add_test(tc, nothing_to_carry);
	tcase_add_test(tc, keys_cannot_answer);
	tcase_add_test(tc, a_challenge_said_again);
	tcase_add_test(tc, success_must_be_proven);
	tcase_add_test(tc, our_own_challenge_is_not_answered);
	return run_cases("ppp link", tc);
}
