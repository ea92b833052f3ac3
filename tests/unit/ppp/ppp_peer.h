/* One link, and a peer made by hand. */
#ifndef TESTS_UNIT_PPP_PEER_H
#define TESTS_UNIT_PPP_PEER_H

#include "ppp/ppp_engine.h"
#include "tests/unit/ppp/ppp_pair.h"

enum { FRAMES_MAX = 64 };

static struct {
	uint8_t bytes[PPP_FRAME_MAX]; /* from the code on */
	size_t len;
	uint16_t protocol;
} said[FRAMES_MAX];
static unsigned frames;
static struct ppp_request question;
static enum ls_cause why;
static size_t probe_padding; /* of the last probe */
static size_t probed;        /* the size of the last probe that was answered */

/* Takes what the link says and asks. */
static inline void listen(void)
{
	struct ppp_request r;

	frames = 0;
	while (ppp_next(ends[0], &r)) {
		if (r.kind == PPP_REQ_SEND) {
			ck_assert_uint_lt(frames, FRAMES_MAX);
			said[frames].len = r.bytes.len - 4;
			said[frames].protocol = ls_get16(r.bytes.p + 2);
			memcpy(said[frames++].bytes, r.bytes.p + 4, r.bytes.len - 4);
		} else if (r.kind == PPP_REQ_PROBE) {
			probe_padding = r.padding;
			said[frames].len = r.bytes.len - 4;
			said[frames].protocol = ls_get16(r.bytes.p + 2);
			memcpy(said[frames++].bytes, r.bytes.p + 4, r.bytes.len - 4);
		} else if (r.kind == PPP_REQ_PROBED) {
			probed = r.size;
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

static inline void say(uint16_t protocol, uint8_t code, uint8_t id, const void *body, size_t len)
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
static inline void heard(uint16_t protocol, uint8_t code, const void *body, size_t len)
{
	ck_assert_uint_gt(frames, 0);
	ck_assert_uint_eq(said[frames - 1].protocol, protocol);
	ck_assert_uint_eq(said[frames - 1].bytes[0], code);
	ck_assert_uint_eq(said[frames - 1].len, HEAD + len);
	ck_assert_mem_eq(said[frames - 1].bytes + HEAD, body, len);
}

#define HEARD(protocol, code, text) heard(protocol, code, text, sizeof(text) - 1)

static inline void agree_to(uint16_t protocol)
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
static inline void start(void)
{
	begin();
	config[0].ipv6 = false;
	config[0].want_dns = false;
	config[0].compress_header = false;
}

static inline void dial(void)
{
	ends[0] = ppp_new(&config[0], &source[0], now);
	ends[1] = NULL;
	listen();
}

static inline void open_lcp(const char *options, size_t len)
{
	agree_to(PROTO_LCP);
	say(PROTO_LCP, CODE_REQUEST, 1, options, len);
}

static inline void open_plain(void)
{
	start();
	dial();
	open_lcp("", 0);
	ck_assert_int_eq(ends[0]->phase, PHASE_NETWORK);
}

static inline void open_ipcp(void)
{
	SAY(PROTO_IPCP, CODE_REQUEST, 1, "\3\6\12\11\0\1");
	HEARD(PROTO_IPCP, CODE_ACK, "\3\6\12\11\0\1");
}

/* The caller is given 10.9.0.2, and takes it. */
static inline void give_address(void)
{
	SAY(PROTO_IPCP, CODE_NAK, ends[0]->ipcp.id, "\3\6\12\11\0\2");
	agree_to(PROTO_IPCP);
}

static inline void open_ipv6cp(void)
{
	say(PROTO_IPV6CP, CODE_ACK, ends[0]->ipv6cp.id, ends[0]->ipv6cp.request,
	    ends[0]->ipv6cp.request_len);
	SAY(PROTO_IPV6CP, CODE_REQUEST, 1, "\1\12\1\2\3\4\5\6\7\10");
}

/* Called: the peer is the one that calls. */
static inline void start_called(void)
{
	start();
	config[0].caller = false;
	config[0].local4 = ls_addr_v4(0x0a090001, 0);
}

/* What the link has to do next, at its time. */
static inline void wake(void)
{
	now = ppp_deadline(ends[0]);
	ppp_tick(ends[0], now);
	listen();
}

/* Time passes until then; what the link says by itself is the last that it said. */
static inline void pass(ls_time until)
{
	while (ppp_deadline(ends[0]) <= until)
		wake();
	now = until;
}

static inline uint64_t counted(enum ls_cause what)
{
	return ppp_counters(ends[0])->by_cause[what];
}

static inline void expect_end(enum ls_cause cause_wanted)
{
	for (unsigned i = 0; i < 9 && !is_down[0]; i++)
		wake();
	ck_assert(is_down[0]);
	ck_assert_int_eq(why, cause_wanted);
	ck_assert_int_eq(ends[0]->phase, PHASE_DEAD);
	end();
}

/* The link takes its leave, the peer lets it go, and that was why. */
static inline void expect_leave(enum ls_cause cause_wanted)
{
	HEARD(PROTO_LCP, CODE_TERM_REQUEST, "");
	SAY(PROTO_LCP, CODE_TERM_ACK, said[frames - 1].bytes[1], "");
	ck_assert_int_eq(why, cause_wanted);
	end();
}

/* What the owner says to the last question. */
static inline void answer_with(const struct ppp_answer *a)
{
	ppp_answer(ends[0], question.id, a, now);
	memset(&question, 0, sizeof question);
	listen();
}

/* -- CHAP -- */

/* Dialled, and asked for proof by that option. */
static inline void open_to_prove(const char *option)
{
	start();
	dial();
	open_lcp(option, 5);
	ck_assert_int_eq(ends[0]->phase, PHASE_AUTH);
}

static inline void answer_question(uint8_t fill)
{
	struct ppp_answer a = {.ok = true, .value_len = 44};

	ck_assert_int_eq(question.kind, PPP_REQ_AUTH_MAKE);
	memset(a.value, fill, sizeof a.value);
	answer_with(&a);
}

#endif
