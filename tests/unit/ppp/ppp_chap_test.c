/* Tests of CHAP in both directions: challenges, responses, verdicts, and its traps. */
#include "tests/unit/ppp/ppp_peer.h"
#include "tests/unit/run.h"

START_TEST(keys_cannot_answer)
{
	struct ppp_answer no = {.ok = false, .cause = CAUSE_NO_MEMORY};

	open_to_prove("\3\5\302\43\5");
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	ppp_answer(ends[0], question.id + 1, &no, now); /* of nobody's question */
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
	answer_with(&no);
	expect_end(CAUSE_NO_MEMORY);
}
END_TEST

START_TEST(a_challenge_said_again)
{
	uint8_t first[MESSAGE_MAX];
	size_t len;

	open_to_prove("\3\5\302\43\201");
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	/* While keys thinks, and after: one question, one response. */
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	ck_assert_uint_eq(frames, 0);
	ck_assert_uint_eq(counted(CAUSE_PPP_UNEXPECTED), 0);
	uint64_t asked = question.id;
	/* Nor does another one ask keys again before it has answered. */
	SAY(PROTO_CHAP, 1, 4, "\20ABcdefghijklmnophq");
	ck_assert_uint_eq(question.id, asked);
	ck_assert_uint_eq(counted(CAUSE_PPP_UNEXPECTED), 1);
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
		open_to_prove("\3\5\302\43\201");
		/* Before any challenge, and before our response, it is no answer to anything. */
		SAY(PROTO_CHAP, 3, 0, "S=0000000000000000000000000000000000000000");
		SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
		SAY(PROTO_CHAP, 3, 5, "S=0000000000000000000000000000000000000000");
		ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
		answer_question(7);
		say(PROTO_CHAP, 3, 5, bad[i], strlen(bad[i]));
		expect_leave(CAUSE_PPP_NOT_PROVEN);
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

static void open_chap(uint8_t require)
{
	start_called();
	config[0].remote4 = ls_addr_v4(0x0a090002, 0);
	config[0].require = require;
	snprintf(config[0].name, sizeof config[0].name, "hq");
	dial();
	open_lcp("", 0);
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
	memset(&question, 0, sizeof question);
}

static void verdict(bool ok, enum ls_cause reason)
{
	const struct ppp_answer a = {.ok = ok, .cause = reason, .value = {0xab}, .value_len = 20};

	ck_assert_int_eq(question.kind, PPP_REQ_AUTH_CHECK);
	answer_with(&a);
}

START_TEST(a_challenge_of_ours)
{
	uint8_t first[16];

	open_chap(PPP_AUTH_CHAP_MD5);
	ck_assert_uint_eq(said[frames - 1].protocol, PROTO_CHAP);
	ck_assert_uint_eq(said[frames - 1].bytes[0], 1);
	ck_assert_uint_eq(said[frames - 1].len, HEAD + 1 + 16 + 2);
	ck_assert_uint_eq(said[frames - 1].bytes[HEAD], 16);
	ck_assert_mem_eq(said[frames - 1].bytes + HEAD + 17, "hq", 2);
	memcpy(first, said[frames - 1].bytes + HEAD + 1, 16);
	/* Each three seconds the same one, six times in all; then it is given up. */
	for (unsigned i = 1; i < AUTH_TRIES; i++) {
		ck_assert_int_eq(ppp_deadline(ends[0]), now + LS_S(3));
		pass(now + LS_S(3));
		ck_assert_uint_eq(frames, 1);
		ck_assert_mem_eq(said[0].bytes + HEAD + 1, first, 16);
	}
	pass(now + LS_S(3));
	expect_leave(CAUSE_PEER_SILENT);
}
END_TEST

START_TEST(a_response_is_checked_by_keys)
{
	open_chap(PPP_AUTH_CHAP_MD5);
	/* Another number, size or end than it must have: none. */
	SAY(PROTO_CHAP, 2, 9, "\20abcdefghijklmnopreno");
	SAY(PROTO_CHAP, 2, 1, "\17abcdefghijklmnoreno");
	SAY(PROTO_CHAP, 2, 1, "\61abcdefghijklmnopreno");
	SAY(PROTO_CHAP, 2, 1, "\20abcdefgh");
	SAY(PROTO_CHAP, 2, 1, "");
	ck_assert_uint_eq(question.id, 0);
	ck_assert_uint_eq(counted(CAUSE_PPP_UNEXPECTED), 5);
	SAY(PROTO_CHAP, 2, 1, "\20abcdefghijklmnopreno");
	ck_assert_int_eq(question.kind, PPP_REQ_AUTH_CHECK);
	ck_assert_int_eq(question.auth.method, PPP_AUTH_CHAP_MD5);
	ck_assert_uint_eq(question.auth.id, 1);
	ck_assert_str_eq(question.auth.user, "reno");
	ck_assert_uint_eq(question.auth.response_len, 16);
	ck_assert_mem_eq(question.auth.response, "abcdefghijklmnop", 16);
	ck_assert(ppp_challenged_with(ends[0], question.auth.challenge, 16));
	/* While keys thinks nothing is said again, and no second question asked. */
	ck_assert_int_gt(ppp_deadline(ends[0]), now + LS_S(20));
	SAY(PROTO_CHAP, 2, 1, "\20ABCDefghijklmnopreno");
	ck_assert_uint_eq(counted(CAUSE_PPP_UNEXPECTED), 6);
	verdict(true, CAUSE_NONE);
	ck_assert_uint_eq(said[0].protocol, PROTO_CHAP);
	ck_assert_mem_eq(said[0].bytes, "\3\1\0\4", 4);
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	ck_assert_str_eq(ppp_link(ends[0])->user, "reno");
	end();
}
END_TEST

START_TEST(a_wrong_response)
{
	open_chap(PPP_AUTH_CHAP_MD5);
	SAY(PROTO_CHAP, 2, 1, "\20abcdefghijklmnopreno");
	verdict(false, CAUSE_NONE);
	ck_assert_uint_eq(said[0].protocol, PROTO_CHAP);
	ck_assert_uint_eq(said[0].bytes[0], 4);
	ck_assert_mem_eq(said[0].bytes + HEAD, "E=691 R=0", 9);
	expect_leave(CAUSE_PPP_WRONG_PASSWORD);
}
END_TEST

/* Another user than the tunnel's is refused without asking keys. */
START_TEST(only_the_expected_user)
{
	start_called();
	config[0].require = PPP_AUTH_CHAP_MD5;
	snprintf(config[0].expected, sizeof config[0].expected, "reno");
	dial();
	open_lcp("", 0);
	memset(&question, 0, sizeof question);
	SAY(PROTO_CHAP, 2, 1, "\20abcdefghijklmnopren");
	ck_assert_uint_eq(question.id, 0);
	ck_assert_uint_eq(said[0].bytes[0], 4);
	expect_leave(CAUSE_PPP_WRONG_USER);
}
END_TEST

/* A name longer than there is room for is cut, not written beyond. */
START_TEST(a_long_name_is_cut)
{
	uint8_t body[17 + 200];

	open_chap(PPP_AUTH_CHAP_MD5);
	memset(body, 'n', sizeof body);
	body[0] = 16;
	say(PROTO_CHAP, 2, 1, body, sizeof body);
	ck_assert_uint_eq(strlen(question.auth.user), PPP_NAME_MAX - 1);
	end();
}
END_TEST

/* CHAP-MD5 of our own: the challenge's number counts, and Success needs no proof. */
START_TEST(we_answer_chap_md5)
{
	struct ppp_answer a = {.ok = true, .value_len = 16};

	open_to_prove("\3\5\302\43\5");
	SAY(PROTO_CHAP, 1, 5, "\4abcdhq");
	ck_assert_int_eq(question.kind, PPP_REQ_AUTH_MAKE);
	ck_assert_int_eq(question.auth.method, PPP_AUTH_CHAP_MD5);
	ck_assert_uint_eq(question.auth.id, 5);
	ck_assert_str_eq(question.auth.user, "reno");
	ck_assert_uint_eq(question.auth.challenge_len, 4);
	ck_assert_mem_eq(question.auth.challenge, "abcd", 4);
	memset(a.value, 'r', 16);
	ppp_answer(ends[0], question.id, &a, now);
	listen();
	HEARD(PROTO_CHAP, 2, "\20rrrrrrrrrrrrrrrrreno");
	ck_assert_uint_eq(said[0].bytes[1], 5);
	SAY(PROTO_CHAP, 3, 4, "");
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
	SAY(PROTO_CHAP, 3, 5, "welcome");
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	memset(&question, 0, sizeof question);
	end();
}
END_TEST

START_TEST(challenges_that_are_none)
{
	uint8_t longer[1 + 65] = {65};

	open_to_prove("\3\5\302\43\201");
	memset(&question, 0, sizeof question);
	SAY(PROTO_CHAP, 1, 5, "");
	SAY(PROTO_CHAP, 1, 5, "\0hq");
	SAY(PROTO_CHAP, 1, 5, "\20abc");
	SAY(PROTO_CHAP, 1, 5, "\10abcdefghhq"); /* MS-CHAPv2: 16 bytes (RFC 2759 3) */
	say(PROTO_CHAP, 1, 5, longer, sizeof longer);
	SAY(PROTO_CHAP, 9, 5, "\20abcdefghijklmnop"); /* a code that CHAP has not */
	ck_assert_uint_eq(question.id, 0);
	ck_assert_uint_eq(counted(CAUSE_PPP_UNEXPECTED), 6);
	end();
	/* Where nobody has to prove anything, nobody is asked. */
	open_plain();
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	SAY(PROTO_CHAP, 2, 0, "\20abcdefghijklmnophq");
	SAY(PROTO_CHAP, 3, 0, "");
	SAY(PROTO_CHAP, 4, 0, "");
	ck_assert_uint_eq(question.id, 0);
	ck_assert_uint_eq(counted(CAUSE_PPP_UNEXPECTED), 4);
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
	end();
}
END_TEST

/* The peer says that our password is wrong. */
START_TEST(a_failure_is_believed)
{
	open_to_prove("\3\5\302\43\201");
	SAY(PROTO_CHAP, 4, 0, "E=691"); /* before any response: of nothing */
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
	SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
	answer_question(7);
	SAY(PROTO_CHAP, 4, 5, "E=691 R=0 V=3 M=no");
	expect_leave(CAUSE_PPP_WRONG_PASSWORD);
}
END_TEST

/* Keys gives less than a response: that is no answer. */
START_TEST(too_short_an_answer_of_keys)
{
	const char *text;

	for (uint8_t len = 42; len <= 44; len++) {
		struct ppp_answer a = {.ok = true, .value_len = len};

		open_to_prove("\3\5\302\43\201");
		SAY(PROTO_CHAP, 1, 5, "\20abcdefghijklmnophq");
		answer_with(&a);
		ck_assert_uint_eq(said[0].protocol, len < 44 ? PROTO_LCP : PROTO_CHAP);
		ck_assert_int_eq(ppp_why(ends[0], &text),
		                 len < 44 ? CAUSE_PPP_UNKNOWN_USER : CAUSE_NONE);
		end();
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_chap");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, keys_cannot_answer);
	tcase_add_test(tc, a_challenge_said_again);
	tcase_add_test(tc, success_must_be_proven);
	tcase_add_test(tc, our_own_challenge_is_not_answered);
	tcase_add_test(tc, a_challenge_of_ours);
	tcase_add_test(tc, a_response_is_checked_by_keys);
	tcase_add_test(tc, a_wrong_response);
	tcase_add_test(tc, only_the_expected_user);
	tcase_add_test(tc, a_long_name_is_cut);
	tcase_add_test(tc, we_answer_chap_md5);
	tcase_add_test(tc, challenges_that_are_none);
	tcase_add_test(tc, a_failure_is_believed);
	tcase_add_test(tc, too_short_an_answer_of_keys);
	return run_cases("ppp_chap", tc);
}
