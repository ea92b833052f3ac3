/* Every bit of every PPP message turned, and every message cut: nothing crashes, nothing hangs, and
 * nobody comes up unproven. */
#include "tests/unit/flip.h"
#include "tests/unit/ppp/ppp_pair.h"
#include "tests/unit/run.h"

#include <limits.h>

static struct flip damage;
static bool follow; /* the real frame comes behind the damaged one */

static bool spoil(unsigned from, uint8_t *frame, size_t *len)
{
	uint8_t bad[PPP_FRAME_MAX];
	size_t bad_len;

	if (!flip_hits(&damage, *len))
		return true;
	bad_len = flip_make(&damage, frame, *len, bad);
	ppp_input(ends[!from], bad, bad_len, now);
	return follow;
}

struct story {
	uint8_t accept;
	bool wrong, naive; /* the caller's password; the head office takes any response for right */
};

static unsigned ups;

/* One call with one damage. */
static void call(void *context)
{
	const struct story *story = context;

	begin();
	config[0].accept = story->accept;
	if (story->wrong)
		password[0] = "other";
	believe_all = story->naive;
	filter = spoil;
	go(LS_S(300));
	for (unsigned i = 0; i < 2; i++)
		ck_assert_msg(is_up[i] || is_down[i], "frame %u bit %zu cut %zu: hangs", damage.nth,
		              damage.bit, damage.cut);
	ck_assert_msg(!is_up[1] || proven[1], "frame %u bit %zu cut %zu: up unproven", damage.nth,
	              damage.bit, damage.cut);
	if (is_up[1])
		ck_assert_str_eq(seen[1].user, "reno");
	/* A wrong password never comes up; and who proves nothing, with MS-CHAPv2, not either. */
	ck_assert(!story->wrong || (!is_up[0] && (story->naive || !is_up[1])));
	ups += is_up[0] && is_up[1];
	end();
}

/* Gives how many frames the call has. */
static unsigned all_damages(struct story story)
{
	ups = 0;
	return flip_all(&damage, UINT_MAX, 8, call, &story);
}

START_TEST(every_message_of_a_call)
{
	static const uint8_t accept[] = {PPP_AUTH_CHAP_MD5, PPP_AUTH_MSCHAPV2};

	follow = _i % 2;
	/* LCP, CHAP, IPCP and IPV6CP of both ends. */
	ck_assert_uint_ge(all_damages((struct story){.accept = accept[_i / 2]}), 18);
	/* Most damage is overcome. */
	ck_assert_uint_gt(ups, 1000);
}
END_TEST

START_TEST(a_wrong_password_stays_wrong)
{
	static const uint8_t accept[] = {PPP_AUTH_CHAP_MD5, PPP_AUTH_MSCHAPV2};

	ck_assert_uint_ge(all_damages((struct story){.accept = accept[_i], .wrong = true}), 8);
	ck_assert_uint_eq(ups, 0);
}
END_TEST

/* The caller does not believe a head office that has another password. */
START_TEST(an_impostor_stays_one)
{
	const struct story story = {.accept = PPP_AUTH_MSCHAPV2, .wrong = true, .naive = true};

	ck_assert_uint_ge(all_damages(story), 8);
	ck_assert_uint_eq(ups, 0);
}
END_TEST

/* -- what comes to an open link -- */

static const struct {
	const char *what;
	uint8_t len, bytes[40];
} good[] = {
	{"Echo-Request", 12, {0xff, 3, 0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4}},
	{"Echo-Reply", 12, {0xff, 3, 0xc0, 0x21, 10, 1, 0, 8, 1, 2, 3, 4}},
	{"Discard-Request", 12, {0xff, 3, 0xc0, 0x21, 11, 1, 0, 8, 1, 2, 3, 4}},
	{"Identification", 16, {0xff, 3, 0xc0, 0x21, 12, 1, 0, 12, 0, 0, 0, 0, 'a', ' ', '1', '.'}},
	{"Protocol-Reject of IPV6CP", 20, {0xff, 3, 0xc0, 0x21, 8, 1,  0, 16, 0x80, 0x57,
                                           1,    1, 0,    14,   1, 10, 0, 0,  0,    0}},
	{"Protocol-Reject of IPCP", 14, {0xff, 3, 0xc0, 0x21, 8, 1, 0, 10, 0x80, 0x21, 1, 1, 0, 4}},
	{"Protocol-Reject of LCP", 14, {0xff, 3, 0xc0, 0x21, 8, 1, 0, 10, 0xc0, 0x21, 1, 1, 0, 4}},
	{"Code-Reject", 12, {0xff, 3, 0xc0, 0x21, 7, 1, 0, 8, 12, 1, 0, 4}},
	{"Terminate-Request", 8, {0xff, 3, 0xc0, 0x21, 5, 1, 0, 4}},
	{"Terminate-Ack", 8, {0xff, 3, 0xc0, 0x21, 6, 1, 0, 4}},
	{"LCP request", 18, {0xff, 3, 0xc0, 0x21, 1, 9, 0, 14, 1, 4, 5, 0xdc, 5, 6, 9, 9, 9, 9}},
	{"IPCP request", 14, {0xff, 3, 0x80, 0x21, 1, 9, 0, 10, 3, 6, 10, 9, 0, 2}},
	{"IPCP Terminate-Request", 8, {0xff, 3, 0x80, 0x21, 5, 1, 0, 4}},
	{"IPV6CP request", 18, {0xff, 3, 0x80, 0x57, 1, 9, 0, 14, 1, 10, 1, 2, 3, 4, 5, 6, 7, 8}},
	{"CCP request", 14, {0xff, 3, 0x80, 0xfd, 1, 1, 0, 10, 18, 6, 0, 0, 0, 1}},
	{"CHAP Success", 12, {0xff, 3, 0xc2, 0x23, 3, 1, 0, 8, 'o', 'k', '!', '!'}},
	{"CHAP Challenge", 25, {0xff, 3, 0xc2, 0x23, 1, 5,  0,  21, 16, 1,  2,  3, 4,
                                5,    6, 7,    8,    9, 10, 11, 12, 13, 14, 15, 16}},
};

static void give(const uint8_t *frame, size_t len)
{
	for (unsigned to = 0; to < 2; to++) {
		begin();
		go(LS_S(20));
		expect_up();
		is_up[0] = is_up[1] = false;
		ppp_input(ends[to], frame, len, now);
		run(now + LS_S(200));
		for (unsigned i = 0; i < 2; i++) {
			const struct ppp_link *link = ppp_link(ends[i]);

			ck_assert(is_down[i] || link->ipv4 || link->ipv6);
		}
		end();
	}
}

START_TEST(every_message_to_an_open_link)
{
	uint8_t bad[sizeof good[0].bytes];

	ck_assert_uint_eq(ls_get16(good[_i].bytes + 6) + 4, good[_i].len);
	give(good[_i].bytes, good[_i].len);
	for (size_t bit = 0; bit < good[_i].len * (size_t)8; bit++) {
		memcpy(bad, good[_i].bytes, sizeof bad);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		give(bad, good[_i].len);
	}
	for (size_t cut = 0; cut < good[_i].len; cut++)
		give(good[_i].bytes, cut);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp flips");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, every_message_of_a_call, 0, 4);
	tcase_add_loop_test(tc, a_wrong_password_stays_wrong, 0, 2);
	tcase_add_test(tc, an_impostor_stays_one);
	tcase_add_loop_test(tc, every_message_to_an_open_link, 0,
	                    (int)(sizeof good / sizeof good[0]));
	return run_cases("ppp flips", tc);
}
