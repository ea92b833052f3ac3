/* The option negotiation automaton that all control protocols share (RFC 1661 4). */
#include "ppp/ppp_engine.h"

#include <string.h>

static ls_time restart(const struct ppp *p, const struct cp *cp)
{
	ls_time wait = LS_MS(p->config.restart_ms ? p->config.restart_ms : 1000);

	for (unsigned i = 1; i < cp->tries && wait < RESTART_MOST; i++)
		wait *= 2;
	return wait < RESTART_MOST ? wait : RESTART_MOST;
}

static void request_send(struct ppp *p, struct cp *cp, ls_time now)
{
	uint8_t body[MESSAGE_MAX];
	struct wr w = wr_make(body, sizeof body - HEAD - HEAD);

	cp->kind->options_write(p, &w);
	cp->tries++;
	cp->at = now + restart(p, cp);
	ppp_send(p, cp->kind->protocol, CODE_REQUEST, cp->id, body, w.len);
}

static void request_new(struct ppp *p, struct cp *cp, ls_time now)
{
	cp->id++;
	cp->tries = 0;
	request_send(p, cp, now);
}

void ppp_cp_open(struct ppp *p, struct cp *cp, ls_time now)
{
	cp->state = CP_REQ_SENT;
	cp->naks = 0;
	request_new(p, cp, now);
}

static void terminate_send(struct ppp *p, struct cp *cp, ls_time now)
{
	cp->tries++;
	cp->at = now + restart(p, cp);
	ppp_send(p, cp->kind->protocol, CODE_TERM_REQUEST, ++cp->id, NULL, 0);
}

void ppp_cp_close(struct ppp *p, struct cp *cp, ls_time now)
{
	if (cp->state == CP_CLOSED || cp->state == CP_CLOSING)
		return;
	cp->state = CP_CLOSING;
	cp->tries = 0;
	terminate_send(p, cp, now);
}

static void end(struct ppp *p, struct cp *cp, enum ls_cause cause, ls_time now)
{
	cp->state = CP_CLOSED;
	cp->at = LS_NEVER;
	cp->kind->ended(p, cause, now);
}

static void opened(struct ppp *p, struct cp *cp, ls_time now)
{
	cp->state = CP_OPEN;
	cp->at = LS_NEVER;
	cp->naks = 0;
	cp->kind->opened(p, now);
}

/* Judges all options of a request; gives the code of the answer, with its options in w. */
static unsigned judge(struct ppp *p, struct cp *cp, struct rd body, struct wr *w)
{
	uint8_t nak[MESSAGE_MAX], reject[MESSAGE_MAX];
	struct wr n = wr_make(nak, MESSAGE_MAX / 2), r = wr_make(reject, MESSAGE_MAX / 2);

	while (rd_left(&body) > 0) {
		const uint8_t *whole = body.p + body.pos;
		uint8_t type = rd_u8(&body), len = rd_u8(&body);
		struct rd value = rd_sub(&body, len >= 2 ? len - 2u : SIZE_MAX / 2);

		if (!rd_ok(&body))
			return 0;
		if (cp->kind->option_judge(p, type, &value, &n) == CODE_REJECT || !rd_ok(&value))
			wr_bytes(&r, whole, len);
	}
	if (!wr_ok(&n) || !wr_ok(&r))
		return 0;
	/* A peer that will not take our hints is told to leave the option out (4.6, Max-Failure).
	 */
	if (r.len > 0 || (n.len > 0 && cp->naks++ >= NAKS_MAX)) {
		wr_bytes(w, r.len > 0 ? reject : nak, r.len > 0 ? r.len : n.len);
		return CODE_REJECT;
	}
	if (n.len == 0)
		return CODE_ACK;
	wr_bytes(w, nak, n.len);
	return CODE_NAK;
}

static void hear_request(struct ppp *p, struct cp *cp, uint8_t id, struct rd body, ls_time now)
{
	uint8_t answer[MESSAGE_MAX];
	struct wr w = wr_make(answer, sizeof answer);
	const uint8_t *options = body.p + body.pos;
	size_t len = rd_left(&body);
	unsigned code;

	/* It waits for another try, and here is the peer's. */
	if (cp->state == CP_CLOSED && cp->at != LS_NEVER)
		ppp_cp_open(p, cp, now);
	if (cp->state == CP_CLOSED || cp->state == CP_CLOSING) {
		if (cp->state == CP_CLOSED)
			ppp_send(p, cp->kind->protocol, CODE_TERM_ACK, id, NULL, 0);
		return;
	}
	if (cp->state == CP_OPEN)
		request_new(p, cp, now);
	code = judge(p, cp, body, &w);
	if (code == 0) {
		ls_count(&p->counters, CAUSE_PPP_FRAME);
		return;
	}
	if (code == CODE_ACK)
		ppp_send(p, cp->kind->protocol, CODE_ACK, id, options, len);
	else
		ppp_send(p, cp->kind->protocol, (uint8_t)code, id, answer, w.len);
	if (code == CODE_ACK && cp->state == CP_ACK_RCVD)
		opened(p, cp, now);
	else if (code == CODE_ACK)
		cp->state = CP_ACK_SENT;
	else if (cp->state != CP_ACK_RCVD)
		cp->state = CP_REQ_SENT;
}

static void hear_refusal(struct ppp *p, struct cp *cp, struct rd body, bool nak, ls_time now)
{
	while (rd_left(&body) > 0) {
		uint8_t type = rd_u8(&body), len = rd_u8(&body);
		struct rd value = rd_sub(&body, len >= 2 ? len - 2u : SIZE_MAX / 2);

		if (!rd_ok(&body))
			break;
		cp->kind->option_refused(p, type, &value, nak);
	}
	if (p->phase == PHASE_ENDING || p->phase == PHASE_DEAD)
		return;
	if (cp->state == CP_ACK_RCVD || cp->state == CP_OPEN)
		cp->state = CP_REQ_SENT;
	unsigned tries = cp->tries;
	cp->id++;
	cp->tries = tries;
	request_send(p, cp, now);
}

static void hear_ack(struct ppp *p, struct cp *cp, ls_time now)
{
	if (cp->state == CP_REQ_SENT)
		cp->state = CP_ACK_RCVD;
	else if (cp->state == CP_ACK_SENT)
		opened(p, cp, now);
	else
		ls_count(&p->counters, CAUSE_PPP_UNEXPECTED);
}

void ppp_cp_input(struct ppp *p, struct cp *cp, uint8_t code, uint8_t id, struct rd body,
                  ls_time now)
{
	bool ours = id == cp->id && cp->state != CP_CLOSED && cp->state != CP_CLOSING;

	switch (code) {
	case CODE_REQUEST:
		hear_request(p, cp, id, body, now);
		return;
	case CODE_ACK:
		if (ours)
			hear_ack(p, cp, now);
		return;
	case CODE_NAK:
	case CODE_REJECT:
		if (ours && cp->state != CP_OPEN)
			hear_refusal(p, cp, body, code == CODE_NAK, now);
		return;
	case CODE_TERM_REQUEST:
		ppp_send(p, cp->kind->protocol, CODE_TERM_ACK, id, NULL, 0);
		if (cp->state != CP_CLOSED)
			end(p, cp, CAUSE_PEER_ASKED, now);
		return;
	case CODE_TERM_ACK:
		if (cp->state == CP_CLOSING)
			end(p, cp, CAUSE_NONE, now);
		return;
	case CODE_CODE_REJECT:
		return;
	default:
		ppp_send(p, cp->kind->protocol, CODE_CODE_REJECT, ++cp->id, body.p,
		         rd_left(&body) < 64 ? rd_left(&body) : 64);
	}
}

void ppp_cp_tick(struct ppp *p, struct cp *cp, ls_time now)
{
	if (cp->at > now)
		return;
	if (cp->state == CP_CLOSED) {
		ppp_cp_open(p, cp, now);
	} else if (cp->state == CP_CLOSING) {
		if (cp->tries >= TERMINATE_TRIES)
			end(p, cp, CAUSE_NONE, now);
		else
			terminate_send(p, cp, now);
	} else if (cp->tries >= CONFIGURE_TRIES) {
		end(p, cp, CAUSE_PEER_SILENT, now);
	} else {
		if (cp->state == CP_ACK_RCVD)
			cp->state = CP_REQ_SENT;
		request_send(p, cp, now);
	}
}
