/* CHAP in both directions (RFC 1994, RFC 2759): challenges, responses, and the verdicts that come
 * from elsewhere. */
#include "lib/secret.h"
#include "ppp/ppp_engine.h"

#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

enum { CHAP_CHALLENGE = 1, CHAP_RESPONSE, CHAP_SUCCESS, CHAP_FAILURE };
enum { V2_NT_SIZE = 24, PROOF_SIZE = 20 };
#define AGAIN LS_S(3)

static void challenge_send(struct ppp *p, ls_time now)
{
	uint8_t body[MESSAGE_MAX];
	struct wr w = wr_make(body, MESSAGE_MAX - 2 * HEAD);

	wr_u8(&w, sizeof p->challenge);
	wr_bytes(&w, p->challenge, sizeof p->challenge);
	wr_bytes(&w, p->config.name, strlen(p->config.name));
	p->chap_tries++;
	p->chap_at = now + AGAIN;
	ppp_send(p, PROTO_CHAP, CHAP_CHALLENGE, p->chap_id, body, w.len);
}

void ppp_chap_start(struct ppp *p, ls_time now)
{
	p->chap_at = LS_NEVER;
	p->response_len = 0;
	p->proof_due = false;
	memset(&p->asked, 0, sizeof p->asked);
	if (p->peer_proven && p->we_are_proven) {
		ppp_authenticated(p, now);
		return;
	}
	if (p->peer_proven)
		return;
	ls_random_fill(&p->random, p->challenge, sizeof p->challenge);
	p->chap_id++;
	p->chap_tries = 0;
	challenge_send(p, now);
}

void ppp_chap_tick(struct ppp *p, ls_time now)
{
	if (p->chap_at > now)
		return;
	if (p->chap_tries >= AUTH_TRIES)
		ppp_fail(p, CAUSE_PEER_SILENT, "no answer to our challenge", now);
	else
		challenge_send(p, now);
}

static uint64_t ask(struct ppp *p, enum ppp_request_kind kind, const struct ppp_auth_request *about)
{
	struct ppp_request *r = ppp_request_add(p, kind);

	if (!r)
		return 0;
	r->id = ++p->next_id;
	r->auth = *about;
	return r->id;
}

/* -- we prove ourselves -- */

static void response_send(struct ppp *p)
{
	uint8_t body[MESSAGE_MAX];
	struct wr w = wr_make(body, MESSAGE_MAX - 2 * HEAD);

	wr_u8(&w, p->response_len);
	wr_bytes(&w, p->response, p->response_len);
	wr_bytes(&w, p->config.name, strlen(p->config.name));
	ppp_send(p, PROTO_CHAP, CHAP_RESPONSE, p->asked.id, body, w.len);
}

bool ppp_challenged_with(const struct ppp *p, const uint8_t *challenge, size_t size)
{
	return p->we_require && size == sizeof p->challenge &&
	       memcmp(challenge, p->challenge, size) == 0;
}

/* The peer's challenge: keys makes the response, for only it has the password. A challenge said
 * again gets the same response, for with MS-CHAPv2 the peer's proof belongs to one. */
static void hear_challenge(struct ppp *p, uint8_t id, struct rd body)
{
	uint8_t size = rd_u8(&body);
	const uint8_t *challenge = rd_bytes(&body, size);
	struct ppp_auth_request *a = &p->asked;

	if (!p->we_prove || size == 0 || size > sizeof a->challenge || !challenge ||
	    (p->we_prove == PPP_AUTH_MSCHAPV2 && size != 16) ||
	    ppp_challenged_with(p, challenge, size)) {
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
		return;
	}
	if (a->method == p->we_prove && id == a->id && size == a->challenge_len &&
	    memcmp(challenge, a->challenge, size) == 0) {
		if (p->response_len > 0)
			response_send(p);
		if (p->response_len > 0 || p->make_id != 0)
			return;
	}
	/* One question at a time: the peer says it again, but what piles up before keys stays. */
	if (p->make_id != 0) {
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
		return;
	}
	memset(a, 0, sizeof *a);
	p->response_len = 0;
	a->method = (enum ppp_auth)p->we_prove;
	a->id = id;
	a->challenge_len = size;
	memcpy(a->challenge, challenge, size);
	snprintf(a->user, sizeof a->user, "%s", p->config.name);
	if (p->we_prove == PPP_AUTH_MSCHAPV2)
		ls_random_fill(&p->random, a->peer_challenge, sizeof a->peer_challenge);
	p->make_id = ask(p, PPP_REQ_AUTH_MAKE, a);
}

void ppp_chap_made(struct ppp *p, const struct ppp_answer *a, ls_time now)
{
	struct wr w = wr_make(p->response, sizeof p->response);
	bool v2 = p->we_prove == PPP_AUTH_MSCHAPV2;

	if (!a->ok || a->value_len < (v2 ? V2_NT_SIZE + PROOF_SIZE : MD5_SIZE)) {
		ppp_fail(p, a->cause != CAUSE_NONE ? a->cause : CAUSE_PPP_UNKNOWN_USER,
		         p->config.name, now);
		return;
	}
	if (v2) {
		wr_bytes(&w, p->asked.peer_challenge, 16);
		wr_zero(&w, 8);
		memcpy(p->proof, a->value + V2_NT_SIZE, PROOF_SIZE);
		p->proof_due = true;
	}
	wr_bytes(&w, a->value, v2 ? V2_NT_SIZE : MD5_SIZE);
	if (v2)
		wr_u8(&w, 0);
	p->response_len = (uint8_t)w.len;
	response_send(p);
}

/* -- the peer proves itself -- */

static void name_read(char *out, size_t cap, struct rd *r)
{
	size_t n = rd_left(r) < cap - 1 ? rd_left(r) : cap - 1;

	rd_copy(r, out, n);
	out[n] = '\0';
}

static void hear_response(struct ppp *p, uint8_t id, struct rd body, ls_time now)
{
	uint8_t size = rd_u8(&body);
	bool v2 = p->we_require == PPP_AUTH_MSCHAPV2;
	struct ppp_auth_request *a = &p->theirs;

	if (!p->we_require || id != p->chap_id || p->check_id != 0 ||
	    size != (v2 ? V2_SIZE : MD5_SIZE) || rd_left(&body) < size) {
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
		return;
	}
	if (p->peer_proven) {
		ppp_send(p, PROTO_CHAP, CHAP_SUCCESS, id, p->success, p->success_len);
		return;
	}
	memset(a, 0, sizeof *a);
	a->method = (enum ppp_auth)p->we_require;
	a->id = id;
	a->challenge_len = sizeof p->challenge;
	memcpy(a->challenge, p->challenge, sizeof p->challenge);
	a->response_len = size;
	rd_copy(&body, a->response, size);
	if (v2)
		memcpy(a->peer_challenge, a->response, 16);
	name_read(a->user, sizeof a->user, &body);
	p->chap_at = LS_NEVER;
	if (p->config.expected[0] && strcmp(p->config.expected, a->user) != 0) {
		struct ppp_answer no = {.ok = false, .cause = CAUSE_PPP_WRONG_USER};

		ppp_chap_checked(p, &no, now);
		return;
	}
	p->check_id = ask(p, PPP_REQ_AUTH_CHECK, a);
}

static void success_make(struct ppp *p, const struct ppp_answer *a)
{
	char text[2 * PROOF_SIZE + 16] = "S=";

	p->success_len = 0;
	if (p->we_require != PPP_AUTH_MSCHAPV2)
		return;
	for (size_t i = 0; i < PROOF_SIZE; i++)
		snprintf(text + 2 + 2 * i, 3, "%02X", a->value[i]);
	memcpy(text + 2 + 2 * PROOF_SIZE, " M=ok", 6);
	p->success_len = (uint8_t)strlen(text);
	memcpy(p->success, text, p->success_len);
}

void ppp_chap_checked(struct ppp *p, const struct ppp_answer *a, ls_time now)
{
	static const char refused[] = "E=691 R=0 V=3 M=no";

	if (!a->ok) {
		ppp_send(p, PROTO_CHAP, CHAP_FAILURE, p->theirs.id, refused, sizeof refused - 1);
		ppp_fail(p, a->cause != CAUSE_NONE ? a->cause : CAUSE_PPP_WRONG_PASSWORD,
		         p->theirs.user, now);
		return;
	}
	success_make(p, a);
	ppp_send(p, PROTO_CHAP, CHAP_SUCCESS, p->theirs.id, p->success, p->success_len);
	p->peer_proven = true;
	snprintf(p->link.user, sizeof p->link.user, "%s", p->theirs.user);
	if (p->we_are_proven)
		ppp_authenticated(p, now);
}

/* -- the peer's verdict -- */

static unsigned hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)c - 'a' + 10 : 16;
}

/* With MS-CHAPv2 the other side proves that it knows the password too. */
static bool proof_right(const struct ppp *p, struct rd *body)
{
	uint8_t seen[PROOF_SIZE] = {0};

	if (!p->proof_due)
		return p->we_prove != PPP_AUTH_MSCHAPV2;
	if (rd_u16(body) != ('S' << 8 | '='))
		return false;
	for (unsigned i = 0; i < 2 * PROOF_SIZE; i++) {
		unsigned digit = hex_digit(rd_u8(body));

		if (digit > 15)
			return false;
		seen[i / 2] = (uint8_t)((unsigned)seen[i / 2] << 4 | digit);
	}
	return sodium_memcmp(seen, p->proof, PROOF_SIZE) == 0;
}

static void hear_verdict(struct ppp *p, uint8_t code, uint8_t id, struct rd body, ls_time now)
{
	if (!p->we_prove || p->we_are_proven || id != p->asked.id || p->response_len == 0) {
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
		return;
	}
	if (code == CHAP_FAILURE) {
		ppp_fail(p, CAUSE_PPP_WRONG_PASSWORD, p->config.name, now);
		return;
	}
	if (!proof_right(p, &body)) {
		ppp_fail(p, CAUSE_PPP_NOT_PROVEN, "", now);
		return;
	}
	p->we_are_proven = true;
	p->proof_due = false;
	if (p->peer_proven)
		ppp_authenticated(p, now);
}

void ppp_chap_input(struct ppp *p, uint8_t code, uint8_t id, struct rd body, ls_time now)
{
	switch (code) {
	case CHAP_CHALLENGE:
		hear_challenge(p, id, body);
		break;
	case CHAP_RESPONSE:
		hear_response(p, id, body, now);
		break;
	case CHAP_SUCCESS:
	case CHAP_FAILURE:
		hear_verdict(p, code, id, body, now);
		break;
	default:
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
	}
}
