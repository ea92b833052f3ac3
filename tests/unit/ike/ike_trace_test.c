/* Messages in words: a whole set-up and its end as RFC 7296 writes them, and bytes that are none.
 */
#include "ike/ike_trace.h"
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

#include <stdio.h>

enum { WORDS_MAX = 32768 };

/* What each side was shown: a line a message, its details behind it. */
static char words[2][WORDS_MAX];

static void shown(struct pair_side *s, const struct ike_request *r)
{
	char *to = words[s - s->pair->side];
	size_t n = strlen(to);

	snprintf(to + n, WORDS_MAX - n, "%s %u.%u %s%.*s [%.*s]\n", r->trace.sent ? "->" : "<-",
	         r->trace.exchange, r->trace.id, r->trace.response ? "response " : "",
	         (int)r->trace.text.len, (const char *)r->trace.text.p, (int)r->trace.details.len,
	         (const char *)r->trace.details.p);
}

static struct pair *watched(void)
{
	struct pair *p = pair_new();

	for (unsigned i = 0; i < 2; i++) {
		words[i][0] = '\0';
		p->side[i].traced = shown;
		ike_trace(p->side[i].ike, true);
	}
	return p;
}

static void has(unsigned side, const char *text)
{
	ck_assert_msg(strstr(words[side], text) != NULL, "'%s' is not in:\n%s", text, words[side]);
}

static unsigned count(unsigned side, const char *text)
{
	unsigned n = 0;

	for (const char *at = words[side]; (at = strstr(at, text)); at += strlen(text))
		n++;
	return n;
}

START_TEST(a_setup_and_its_end)
{
	struct pair *p = watched();

	pair_up(p);
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	pair_pass(p, LS_S(2));
	has(0, "-> 34.0 HDR, SAi1, KEi, Ni, N(");
	has(0, "<- 34.0 response HDR, SAr1, KEr, Nr, N(");
	has(0, "-> 35.1 HDR, SK {IDi, ");
	has(0, "AUTH, ");
	has(0, "<- 35.1 response HDR, SK {IDr, AUTH, ");
	has(0, "SAr2, TSi, TSr");
	has(0, "-> 37.2 HDR, SK {D} [D: IKE]");
	has(0, "<- 37.2 response HDR, SK {}");
	/* What one sends is what the other gets, word by word. */
	for (char *line = words[0]; *line; line = strchr(line, '\n') + 1) {
		char other[WORDS_MAX];

		snprintf(other, sizeof other, "%s%.*s", line[0] == '-' ? "<-" : "->",
		         (int)(strchr(line, '\n') - line - 2), line + 2);
		has(1, other);
	}
	has(0, "IDi: a.example; ");
	has(0, "IDr: b.example; AUTH: method 2 (preshared key), ");
	has(0, "SAr1: AES-256-GCM");
	has(0, "KEi: X25519, 32 bytes");
	has(0, "port 1701");
	pair_free(p);
}
END_TEST

START_TEST(nobody_looks_on)
{
	struct pair *p = watched();

	for (unsigned i = 0; i < 2; i++)
		ike_trace(p->side[i].ike, false);
	pair_up(p);
	ck_assert_str_eq(words[0], "");
	ck_assert_str_eq(words[1], "");
	pair_free(p);
}
END_TEST

static bool lost(struct pair *p, struct pair_message *m, void *context)
{
	unsigned *left = context;

	(void)p;
	if (m->side == 1 && *left > 0) {
		--*left;
		return false;
	}
	return true;
}

/* The answers are lost: the request and the answer go again, and that is said. */
START_TEST(what_goes_again)
{
	struct pair *p = watched();
	unsigned left = 1;

	p->filter = lost;
	p->context = &left;
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(20));
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	has(0, "-> 34.0 the same again []");
	ck_assert_uint_eq(count(0, "the same again"), 1);
	has(1, "-> 34.0 response the same again []");
	left = 1;
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	pair_pass(p, LS_S(20));
	has(0, "-> 37.2 the same again []");
	has(1, "-> 37.2 response the same again []");
	pair_free(p);
}
END_TEST

START_TEST(refusals_are_shown)
{
	struct pair *p = watched();

	p->side[1].psk = "another key";
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(5));
	has(0, "<- 35.1 response HDR, SK {N(AUTHENTICATION_FAILED)} [N: AUTHENTICATION_FAILED]");
	pair_free(p);
}
END_TEST

/* Whatever comes: cut where it stops making sense, within the room. */
START_TEST(bytes_that_are_no_message)
{
	static const uint8_t chain[] = {41, 0, 0, 8,  0,  0, 0, 14, 200, 0, 0,
	                                8,  0, 0, 64, 10, 0, 0, 0,  5,   7};
	struct ike_header h = {.exchange = IKE_X_INFO};
	char text[IKE_TRACE_TEXT_MAX], details[IKE_TRACE_DETAILS_MAX];
	struct ls_random_seeded seeded;
	struct ls_random random = ike_source(&seeded);
	uint8_t bytes[4096];

	ike_trace_text(&h, IKE_P_NOTIFY, LS_BYTES(chain, sizeof chain), true, text, details);
	ck_assert_str_eq(
		text,
		"HDR, SK {N(NO_PROPOSAL_CHOSEN), N(ESP_TFC_PADDING_NOT_SUPPORTED), payload 200}");
	ck_assert_str_eq(
		details,
		"N: NO_PROPOSAL_CHOSEN; N: ESP_TFC_PADDING_NOT_SUPPORTED; payload 200: 1 byte");
	for (size_t len = 0; len < sizeof chain; len++) {
		ike_trace_text(&h, IKE_P_NOTIFY, LS_BYTES(chain, len), false, text, details);
		ck_assert_msg(strstr(text, ", ...") != NULL, "%zu bytes: %s", len, text);
	}
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = ls_random_below(&random, sizeof bytes);

		ls_random_fill(&random, bytes, len);
		for (size_t at = 2; at + 1 < len; at += 4 + ls_random_below(&random, 40)) {
			bytes[at] = 0;
			bytes[at + 1] %= 48;
		}
		ike_trace_text(&h, (uint8_t)(33 + i % 21), LS_BYTES(bytes, len), i & 1, text,
		               details);
		ck_assert_uint_lt(strlen(text), IKE_TRACE_TEXT_MAX);
		ck_assert_uint_lt(strlen(details), IKE_TRACE_DETAILS_MAX);
	}
}
END_TEST

IKE_MAIN("ike trace", a_setup_and_its_end, nobody_looks_on, what_goes_again, refusals_are_shown,
         bytes_that_are_no_message)
