/* Tests of a control protocol: every cell of the table of RFC 1661 4.1, with real packets where the
 * event is one, against the table as the RFC prints it; counters, numbers, answers. */
#include "tests/unit/ppp/ppp_rfc1661.h"
#include "tests/unit/run.h"

#include "lib/crypto.h"
#include "lib/secret.h"
#include "ppp/ppp_engine.h"

#include <stdio.h>
#include <string.h>

enum { TEST_PROTOCOL = 0x80ab, OPTION_GOOD = 1, OPTION_HINT = 2, BEFORE = 7, SENT = 3 };
#define NOW LS_S(50)
#define RUNNING_AT (NOW + LS_S(9))

static struct ls_random_seeded seed;
static struct ls_random source;
static struct ppp *link;
static struct cp cp;
static char done[200];
static enum ls_cause ended_cause;
static unsigned refused;

static void note(const char *what)
{
	size_t n = strlen(done);

	snprintf(done + n, sizeof done - n, "%s%s", n ? "," : "", what);
}

static void options_write(struct ppp *p, struct wr *w)
{
	(void)p;
	wr_u16(w, OPTION_GOOD << 8 | 3);
	wr_u8(w, 'x');
}

static void request_begin(struct ppp *p)
{
	(void)p;
}

static unsigned option_judge(struct ppp *p, uint8_t type, struct rd *value, struct wr *nak)
{
	(void)p;
	rd_u8(value);
	if (type == OPTION_HINT) {
		wr_u16(nak, OPTION_HINT << 8 | 3);
		wr_u8(nak, 'h');
	}
	return type == OPTION_GOOD ? CODE_ACK : type == OPTION_HINT ? CODE_NAK : CODE_REJECT;
}

static bool request_hopeless(const struct ppp *p)
{
	(void)p;
	return false;
}

static void option_refused(struct ppp *p, uint8_t type, struct rd *value, bool nak)
{
	(void)p;
	(void)value;
	(void)nak;
	refused += type;
}

static void echo(struct ppp *p, const struct cp_packet *k)
{
	(void)p;
	(void)k;
	note("ser");
}

static void opened(struct ppp *p, ls_time now)
{
	(void)p;
	(void)now;
	note("tlu");
}

static void down(struct ppp *p, ls_time now)
{
	(void)p;
	(void)now;
	note("tld");
}

static void ended(struct ppp *p, enum ls_cause cause, ls_time now)
{
	(void)p;
	(void)now;
	ended_cause = cause;
	note("tlf");
}

static const struct cp_kind kind = {
	.protocol = TEST_PROTOCOL,
	.options_write = options_write,
	.request_begin = request_begin,
	.option_judge = option_judge,
	.request_hopeless = request_hopeless,
	.option_refused = option_refused,
	.echo = echo,
	.opened = opened,
	.down = down,
	.ended = ended,
};

static void begin(void)
{
	struct ppp_config config = {.tunnel = 1, .caller = true, .ipv4 = true};
	struct ppp_request r;

	source = ls_random_from_seed(&seed, 1);
	link = ppp_new(&config, &source, NOW);
	while (ppp_next(link, &r))
		;
	memset(&cp, 0, sizeof cp);
	cp.kind = &kind;
	cp.at = LS_NEVER;
	done[0] = '\0';
	refused = 0;
}

static void end(void)
{
	ppp_free(link);
}

static uint8_t last[MESSAGE_MAX];
static size_t last_len;

/* What was sent, as actions; the last packet stays in `last`. */
static unsigned sent(void)
{
	static const char *const name[] = {"?",   "scr", "sca", "scn", "scn",
	                                   "str", "sta", "scj", "?"};
	struct ppp_request r;
	unsigned n = 0;

	while (ppp_next(link, &r)) {
		ck_assert_int_eq(r.kind, PPP_REQ_SEND);
		ck_assert_uint_ge(r.bytes.len, 8);
		ck_assert_uint_eq(ls_get32(r.bytes.p), 0xff030000u | TEST_PROTOCOL);
		ck_assert_uint_eq(ls_get16(r.bytes.p + 6), r.bytes.len - 4);
		memcpy(last, r.bytes.p + 4, last_len = r.bytes.len - 4);
		note(name[last[0] <= 7 ? last[0] : 8]);
		n++;
	}
	return n;
}

static void packet(uint8_t code, uint8_t id, const char *body, size_t len)
{
	uint8_t bytes[MESSAGE_MAX] = {code, id};
	struct cp_packet k = {.code = code, .id = id, .whole = bytes, .len = HEAD + len};

	ls_put16(bytes + 2, (uint16_t)k.len);
	memcpy(bytes + HEAD, body, len);
	k.body = rd_make(bytes + HEAD, len);
	if (code >= CODE_ECHO_REQUEST && code <= CODE_DISCARD)
		ppp_cp_event(link, &cp, CP_RXR, &k, NOW);
	else
		ppp_cp_input(link, &cp, &k, NOW);
}

/* Brings the event about as the world does. */
static void happen(enum cp_event event)
{
	static const char own[] = "\1\3x", hint[] = "\2\3y", rejected[] = "\14\1\0\4",
			  severe[] = "\1\1\0\4";

	switch (event) {
	case CP_UP:
	case CP_DOWN:
	case CP_OPEN:
	case CP_CLOSE:
		ppp_cp_event(link, &cp, event, NULL, NOW);
		break;
	case CP_TO_MORE:
	case CP_TO_LAST:
		cp.at = cp.at == LS_NEVER ? LS_NEVER : NOW;
		cp.counter = event == CP_TO_MORE ? BEFORE : 0;
		ppp_cp_tick(link, &cp, NOW);
		break;
	case CP_RCR_GOOD:
		packet(CODE_REQUEST, 77, own, 3);
		break;
	case CP_RCR_BAD:
		packet(CODE_REQUEST, 77, hint, 3);
		break;
	case CP_RCA:
		packet(CODE_ACK, cp.id, own, 3);
		break;
	case CP_RCN:
		packet(CODE_NAK, cp.id, hint, 3);
		break;
	case CP_RTR:
		packet(CODE_TERM_REQUEST, 77, "", 0);
		break;
	case CP_RTA:
		packet(CODE_TERM_ACK, 77, "", 0);
		break;
	case CP_RUC:
		packet(99, 77, "what", 4);
		break;
	case CP_RXJ_MINOR:
		packet(CODE_CODE_REJECT, 77, rejected, 4);
		break;
	case CP_RXJ_SEVERE:
		packet(CODE_CODE_REJECT, 77, severe, 4);
		break;
	default:
		packet(CODE_ECHO_REQUEST, 77, "magi", 4);
	}
}

static bool in(const char *list, const char *action)
{
	return strstr(list, action) != NULL;
}

/* What became of the restart counter, as actions. */
static void counter_note(enum cp_event event)
{
	unsigned used = in(done, "scr") || in(done, "str"), was = cp.counter + used;

	if (event == CP_TO_LAST)
		ck_assert_uint_eq(was, 0);
	else if (was == (in(done, "str") ? TERMINATE_TRIES : CONFIGURE_TRIES))
		note("irc");
	else if (was == 0)
		note("zrc");
	else
		ck_assert_uint_eq(was, BEFORE);
}

/* The same actions, in whatever order. */
static bool same_actions(const char *seen, const char *want, size_t want_len)
{
	char copy[100];

	if (strlen(seen) != want_len)
		return false;
	snprintf(copy, sizeof copy, "%.*s", (int)want_len, want);
	for (char *save = NULL, *a = strtok_r(copy, ",", &save); a; a = strtok_r(NULL, ",", &save))
		if (!in(seen, a))
			return false;
	return true;
}

static bool has_timer(enum cp_state state)
{
	return state >= CP_CLOSING && state <= CP_ACK_SENT;
}

static void cell(enum cp_state state, enum cp_event event)
{
	const char *want = rfc[event][1 + state], *slash = strchr(want, '/');
	int next = want[0] == '-' ? (int)state : slash ? slash[1] - '0' : want[0] - '0';
	const char *name = rfc[event][0];
	uint64_t odd;
	bool starts;

	begin();
	cp.state = state;
	cp.at = has_timer(state) ? RUNNING_AT : LS_NEVER;
	cp.counter = BEFORE;
	cp.sent = SENT;
	cp.serial = cp.id = 40;
	cp.waiting = true;
	memcpy(cp.request, "\1\3x", cp.request_len = 3);
	odd = ppp_counters(link)->by_cause[CAUSE_PPP_UNEXPECTED];
	happen(event);
	sent();
	starts = in(done, "scr") || in(done, "str");
	counter_note(event);
	starts = starts || in(done, "zrc");
	ck_assert_msg((int)cp.state == next, "%s in %d: %d, not %d", name, state, cp.state, next);
	/* tls has no hook, for the layer below is always there. */
	if (ppp_automaton_step(state, event).actions & CP_TLS)
		note("tls");
	ck_assert_msg(same_actions(done, want, slash ? (size_t)(slash - want) : 0),
	              "%s in %d: %s, not %s", name, state, done, want);
	/* 4.1: which states have the timer running, and what starts it anew. */
	ck_assert_msg(has_timer(cp.state) == (cp.at != LS_NEVER), "%s in %d: timer", name, state);
	if (has_timer(cp.state) && !(event == CP_TO_MORE || event == CP_TO_LAST))
		ck_assert_msg((cp.at == RUNNING_AT) == !starts, "%s in %d: timer", name, state);
	if (want[0] == '-' && event != CP_TO_MORE && event != CP_TO_LAST)
		ck_assert_uint_eq(ppp_counters(link)->by_cause[CAUSE_PPP_UNEXPECTED], odd + 1);
	end();
}

START_TEST(every_cell_of_the_table)
{
	for (int state = 0; state < CP_STATES; state++)
		cell((enum cp_state)state, (enum cp_event)_i);
}
END_TEST

/* -- counters and numbers -- */

static void start(void)
{
	begin();
	ppp_cp_event(link, &cp, CP_OPEN, NULL, NOW);
	ppp_cp_event(link, &cp, CP_UP, NULL, NOW);
	sent();
}

/* Lets the timer fire until the protocol has ended; gives how many packets that brought. */
static unsigned silence(void)
{
	unsigned n = 0;
	ls_time wait, longest = 0, now = NOW;

	done[0] = '\0';
	while (cp.at != LS_NEVER) {
		wait = cp.at - now;
		longest = wait > longest ? wait : longest;
		now = cp.at;
		ppp_cp_tick(link, &cp, now);
		n += sent();
		ck_assert_uint_lt(n, 100);
	}
	ck_assert_int_le(longest, LS_S(3));
	return n;
}

START_TEST(silence_is_asked_ten_times_and_ended_in_two)
{
	uint8_t id;

	start();
	id = last[1];
	ck_assert_uint_eq(1 + silence(), 10); /* Max-Configure */
	ck_assert_int_eq(cp.state, CP_STOPPED);
	ck_assert_int_eq(ended_cause, CAUSE_PEER_SILENT);
	ck_assert_uint_eq(last[1], id); /* the same request, the same number */
	end();
	start();
	ppp_cp_event(link, &cp, CP_CLOSE, NULL, NOW);
	sent();
	ck_assert_uint_eq(1 + silence(), 2); /* Max-Terminate */
	ck_assert_int_eq(cp.state, CP_CLOSED);
	end();
}
END_TEST

START_TEST(hints_are_given_five_times_then_it_is_a_reject)
{
	start();
	for (unsigned i = 0; i < 8; i++) {
		packet(CODE_REQUEST, (uint8_t)i, "\1\3x\2\3y", 6);
		ck_assert_uint_eq(sent(), 1);
		ck_assert_uint_eq(last[1], i);
		/* A Nak has our value, a Reject the peer's own option. */
		ck_assert_uint_eq(last[0], i < 5 ? CODE_NAK : CODE_REJECT);
		ck_assert_mem_eq(last + HEAD, i < 5 ? "\2\3h" : "\2\3y", 3);
		ck_assert_uint_eq(last_len, HEAD + 3);
	}
	/* After an agreement the count begins anew. */
	packet(CODE_REQUEST, 9, "\1\3x", 3);
	packet(CODE_REQUEST, 10, "\2\3y", 3);
	sent();
	ck_assert_uint_eq(last[0], CODE_NAK);
	end();
}
END_TEST

/* Our Nak may be lost as often as it likes: the same request, said again, has not heard it. */
START_TEST(a_request_said_again_is_no_refusal)
{
	start();
	for (unsigned i = 0; i < 8; i++) {
		packet(CODE_REQUEST, 1, "\1\3x\2\3y", 6);
		ck_assert_uint_eq(sent(), 1);
		ck_assert_uint_eq(last[0], CODE_NAK);
	}
	/* With other numbers it has, and does not care: four more. */
	for (unsigned i = 2; i < 7; i++) {
		packet(CODE_REQUEST, (uint8_t)i, "\1\3x\2\3y", 6);
		ck_assert_uint_eq(sent(), 1);
		ck_assert_uint_eq(last[0], i < 6 ? CODE_NAK : CODE_REJECT);
	}
	end();
}
END_TEST

START_TEST(unknown_options_are_rejected_before_any_hint)
{
	start();
	packet(CODE_REQUEST, 1, "\2\3y\7\2\1\3x\11\5abc", 13);
	sent();
	ck_assert_uint_eq(last[0], CODE_REJECT);
	ck_assert_uint_eq(last_len, HEAD + 7);
	ck_assert_mem_eq(last + HEAD, "\7\2\11\5abc", 7);
	/* A known option that is too long or too short is none of ours either. */
	packet(CODE_REQUEST, 2, "\1\4xx", 4);
	sent();
	ck_assert_uint_eq(last[0], CODE_REJECT);
	end();
}
END_TEST

START_TEST(malformed_requests_get_no_answer)
{
	static const struct {
		const char *body;
		size_t len;
	} bad[] = {{"\1", 1}, {"\1\0", 2}, {"\1\1", 2}, {"\1\4x", 3}, {"\1\3x\2", 4}};

	start();
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		packet(CODE_REQUEST, 1, bad[i].body, bad[i].len);
		ck_assert_uint_eq(sent(), 0);
		ck_assert_int_eq(cp.state, CP_REQ_SENT);
	}
	ck_assert_uint_eq(ppp_counters(link)->by_cause[CAUSE_PPP_FRAME], 5);
	end();
}
END_TEST

START_TEST(answers_that_are_not_about_the_last_request_do_not_count)
{
	static const struct {
		uint8_t code, id;
		const char *body;
		size_t len;
	} bad[] = {
		{CODE_ACK, 1, "\1\3x", 3},      /* wrong number */
		{CODE_ACK, 0, "\1\3y", 3},      /* other value */
		{CODE_ACK, 0, "", 0},           /* too little */
		{CODE_ACK, 0, "\1\3x\1\3x", 6}, /* too much */
		{CODE_NAK, 1, "\1\3z", 3},      {CODE_NAK, 0, "\1\4z", 3}, {CODE_NAK, 0, "", 0},
		{CODE_REJECT, 0, "\1\3y", 3}, /* what we never asked for */
		{CODE_REJECT, 0, "\2\2", 2},    {CODE_REJECT, 0, "", 0},
	};
	uint8_t id;

	start();
	id = last[1];
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		packet(bad[i].code, (uint8_t)(id + bad[i].id), bad[i].body, bad[i].len);
		ck_assert_uint_eq(sent(), 0);
		ck_assert_int_eq(cp.state, CP_REQ_SENT);
		ck_assert_uint_eq(refused, 0);
	}
	packet(CODE_ACK, id, "\1\3x", 3);
	ck_assert_int_eq(cp.state, CP_ACK_RCVD);
	/* The same Ack, doubled on its way, changes nothing: it is waited for no more. */
	packet(CODE_ACK, id, "\1\3x", 3);
	ck_assert_int_eq(cp.state, CP_ACK_RCVD);
	packet(CODE_REQUEST, 1, "\1\3x", 3);
	ck_assert_int_eq(cp.state, CP_OPENED);
	sent();
	packet(CODE_ACK, id, "\1\3x", 3);
	packet(CODE_NAK, id, "\1\3x", 3);
	ck_assert_int_eq(cp.state, CP_OPENED);
	ck_assert_uint_eq(sent(), 0);
	end();
}
END_TEST

START_TEST(refusing_for_ever_ends_it)
{
	unsigned n = 0;

	start();
	for (; cp.state >= CP_REQ_SENT && n < 100; n++)
		packet(CODE_NAK, cp.id, "\1\3z", 3);
	ck_assert_uint_eq(n, REFUSALS_MAX + 1);
	ck_assert_int_eq(cp.state, CP_CLOSING);
	sent();
	silence();
	ck_assert_int_eq(ended_cause, CAUSE_PPP_NO_AGREEMENT);
	end();
}
END_TEST

START_TEST(a_code_reject_repeats_the_packet)
{
	uint8_t id;

	start();
	id = cp.id;
	packet(99, 7, "what", 4);
	sent();
	ck_assert_uint_eq(last[0], CODE_CODE_REJECT);
	ck_assert_uint_ne(last[1], id);
	ck_assert_mem_eq(last + HEAD, "\x63\7\0\10what", 8);
	/* And takes nothing from the request under way. */
	packet(CODE_ACK, id, "\1\3x", 3);
	ck_assert_int_eq(cp.state, CP_ACK_RCVD);
	end();
}
END_TEST

START_TEST(a_new_request_has_a_new_number)
{
	uint8_t id;

	start();
	id = last[1];
	packet(CODE_NAK, id, "\1\3z", 3);
	sent();
	ck_assert_uint_ne(last[1], id);
	id = last[1];
	packet(CODE_ACK, id, "\1\3x", 3);
	cp.at = NOW;
	ppp_cp_tick(link, &cp, NOW); /* acknowledged, but no request of the peer came */
	sent();
	ck_assert_uint_eq(last[0], CODE_REQUEST);
	ck_assert_uint_ne(last[1], id);
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ppp_cp");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, every_cell_of_the_table, 0, CP_EVENTS);
	tcase_add_test(tc, silence_is_asked_ten_times_and_ended_in_two);
	tcase_add_test(tc, hints_are_given_five_times_then_it_is_a_reject);
	tcase_add_test(tc, a_request_said_again_is_no_refusal);
	tcase_add_test(tc, unknown_options_are_rejected_before_any_hint);
	tcase_add_test(tc, malformed_requests_get_no_answer);
	tcase_add_test(tc, answers_that_are_not_about_the_last_request_do_not_count);
	tcase_add_test(tc, refusing_for_ever_ends_it);
	tcase_add_test(tc, a_code_reject_repeats_the_packet);
	tcase_add_test(tc, a_new_request_has_a_new_number);
	return run_cases("ppp_cp", tc);
}
