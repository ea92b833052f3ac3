/* A control protocol's packets and timer: what they mean to the automaton, and what it then does
 * (RFC 1661 4.3, 4.4, 4.6, 5). */
#include "ppp/ppp_engine.h"

#include <stdio.h>
#include <string.h>

enum { CUT_MAX = 256 };

static bool timer_runs(enum cp_state state)
{
	return state >= CP_CLOSING && state <= CP_ACK_SENT;
}

bool ppp_cp_busy(const struct cp *cp)
{
	return timer_runs(cp->state);
}

/* -- actions -- */

static ls_time restart(const struct ppp *p, const struct cp *cp)
{
	ls_time wait = LS_MS(p->config.restart_ms ? p->config.restart_ms : 1000);

	for (unsigned i = 1; i < cp->sent && wait < RESTART_MOST; i++)
		wait *= 2;
	return wait < RESTART_MOST ? wait : RESTART_MOST;
}

static void counter_set(struct cp *cp, unsigned tries)
{
	cp->counter = tries;
	cp->sent = 0;
}

static void counter_use(struct ppp *p, struct cp *cp, ls_time now)
{
	cp->counter -= cp->counter > 0;
	cp->sent++;
	cp->at = now + restart(p, cp);
}

/* The same number for the same request said again, a new one after an answer (5.1). */
static void request_send(struct ppp *p, struct cp *cp, ls_time now)
{
	struct wr w = wr_make(cp->request, sizeof cp->request);

	cp->kind->options_write(p, &w);
	cp->request_len = (uint8_t)w.len;
	if (!cp->waiting)
		cp->id = ++cp->serial;
	cp->waiting = true;
	counter_use(p, cp, now);
	ppp_send(p, cp->kind->protocol, CODE_REQUEST, cp->id, cp->request, w.len);
}

static void code_reject(struct ppp *p, struct cp *cp, const struct cp_packet *k)
{
	size_t len = k->len < CUT_MAX ? k->len : CUT_MAX;

	if (len > p->link.peer_mru - (size_t)HEAD)
		len = p->link.peer_mru - (size_t)HEAD;
	ppp_send(p, cp->kind->protocol, CODE_CODE_REJECT, ++cp->serial, k->whole, len);
}

static const char *goodbye(const struct ppp *p, const struct cp *cp)
{
	return cp->kind->goodbye ? cp->kind->goodbye(p) : NULL;
}

static void goodbye_send(struct ppp *p, struct cp *cp)
{
	const char *text = goodbye(p, cp);

	ppp_send(p, cp->kind->protocol, CODE_TERM_REQUEST, ++cp->serial, text,
	         text ? strlen(text) : 0);
}

const char *ppp_cp_said(const struct cp *cp, char *out, size_t cap)
{
	snprintf(out, cap, "%s%s", cp->said[0] ? "the peer says: " : "", cp->said);
	return out;
}

static void cause_note(struct cp *cp, enum cp_event event)
{
	if (event == CP_UP || event == CP_OPEN) {
		cp->cause = CAUSE_NONE;
		cp->said[0] = '\0';
		return;
	}
	if (event == CP_RTR)
		cp->cause = CAUSE_PEER_ASKED;
	else if (event == CP_RXJ_SEVERE)
		cp->cause = CAUSE_PPP_NO_AGREEMENT;
	else if (event == CP_TO_LAST && cp->state >= CP_REQ_SENT && cp->cause == CAUSE_NONE)
		cp->cause = CAUSE_PEER_SILENT;
}

static void packets_send(struct ppp *p, struct cp *cp, unsigned actions, const struct cp_packet *k,
                         ls_time now)
{
	uint16_t protocol = cp->kind->protocol;

	if (actions & CP_SCR)
		request_send(p, cp, now);
	if (actions & CP_SCA) {
		cp->naks = 0;
		ppp_send(p, protocol, CODE_ACK, k->id, k->whole + HEAD, k->len - HEAD);
	}
	if (actions & CP_SCN)
		ppp_send(p, protocol, k->answer_code, k->id, k->answer.p, k->answer.len);
	if (actions & CP_STR) {
		counter_use(p, cp, now);
		goodbye_send(p, cp);
	}
	if (actions & CP_STA)
		ppp_send(p, protocol, CODE_TERM_ACK, k->id, NULL, 0);
	if (actions & CP_SCJ)
		code_reject(p, cp, k);
	if (actions & CP_SER)
		cp->kind->echo(p, k);
}

/* The layers above and below may call back: tlu and tlf come last, when this protocol is done. */
void ppp_cp_event(struct ppp *p, struct cp *cp, enum cp_event event, const struct cp_packet *k,
                  ls_time now)
{
	static const struct cp_packet none;
	struct cp_step step = ppp_automaton_step(cp->state, event);
	unsigned actions = step.actions;

	if (step.next < 0) {
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
		return;
	}
	cause_note(cp, event);
	if (cp->state < CP_REQ_SENT)
		cp->naks = cp->refusals = 0;
	if (cp->state == CP_STOPPED || cp->state == CP_STARTING || cp->state == CP_CLOSED)
		cp->waiting = false;
	if (!timer_runs((enum cp_state)step.next) && cp->state != (enum cp_state)step.next)
		cp->at = LS_NEVER;
	cp->state = (enum cp_state)step.next;
	if (actions & CP_TLD)
		cp->kind->down(p, now);
	if (actions & CP_IRC)
		counter_set(cp, actions & CP_STR ? TERMINATE_TRIES : CONFIGURE_TRIES);
	if (actions & CP_ZRC) {
		counter_set(cp, 0);
		cp->at = now + restart(p, cp);
	}
	packets_send(p, cp, actions, k ? k : &none, now);
	if (actions & CP_TLU) {
		cp->cause = CAUSE_NONE;
		cp->naks = cp->refusals = cp->again = 0;
		cp->kind->opened(p, now);
	}
	if (actions & CP_TLF)
		cp->kind->ended(p, cp->cause, now);
}

void ppp_cp_tick(struct ppp *p, struct cp *cp, ls_time now)
{
	if (cp->at > now)
		return;
	if (timer_runs(cp->state)) {
		ppp_cp_event(p, cp, cp->counter > 0 ? CP_TO_MORE : CP_TO_LAST, NULL, now);
	} else if (cp->state == CP_STOPPED) {
		/* It was given up, and this is another try (4.3, Open). */
		ppp_cp_event(p, cp, CP_DOWN, NULL, now);
		ppp_cp_event(p, cp, CP_UP, NULL, now);
	}
}

/* -- packets -- */

/* The next option; false at the end of the list, and with a bad reader when it is malformed. */
static bool option_next(struct rd *list, const uint8_t **whole, uint8_t *type, struct rd *value)
{
	uint8_t len;

	if (rd_left(list) == 0)
		return false;
	*whole = list->p + list->pos;
	*type = rd_u8(list);
	len = rd_u8(list);
	*value = rd_sub(list, len >= 2 ? len - 2u : SIZE_MAX / 2);
	return rd_ok(list);
}

/* Judges all options of a request; gives the code of the answer, with its options in w, or 0 when
 * the list is malformed. A peer that will not take our hints is told to leave the option out
 * (Max-Failure, 4.6); one that says the same request again, with the same number, has not heard
 * them. */
static unsigned judge(struct ppp *p, struct cp *cp, uint8_t id, struct rd list, struct wr *w)
{
	bool heard = cp->naks == 0 || id != cp->nak_id;
	uint8_t nak[MESSAGE_MAX / 2], reject[MESSAGE_MAX / 2], type;
	struct wr n = wr_make(nak, sizeof nak), r = wr_make(reject, sizeof reject);
	const uint8_t *whole;
	struct rd value;

	if (rd_left(&list) > MESSAGE_MAX / 2)
		return 0;
	cp->kind->request_begin(p);
	while (option_next(&list, &whole, &type, &value)) {
		size_t before = n.len, len = value.len + 2;
		unsigned code = cp->kind->option_judge(p, type, &value, &n);

		if (code == CODE_ACK && !rd_end(&value))
			code = CODE_REJECT;
		if (code == CODE_REJECT || (code == CODE_NAK && heard && cp->naks >= NAKS_MAX)) {
			wr_bytes(&r, whole, len);
			n.len = before;
		}
	}
	if (!rd_ok(&list) || !wr_ok(&n) || !wr_ok(&r))
		return 0;
	if (r.len == 0 && n.len > 0 && heard) {
		cp->naks++;
		cp->nak_id = id;
	}
	wr_bytes(w, r.len > 0 ? reject : nak, r.len > 0 ? r.len : n.len);
	return r.len > 0 ? CODE_REJECT : n.len > 0 ? CODE_NAK : CODE_ACK;
}

static void hear_request(struct ppp *p, struct cp *cp, struct cp_packet *k, ls_time now)
{
	uint8_t options[MESSAGE_MAX / 2];
	struct wr w = wr_make(options, sizeof options);
	bool deaf = cp->state == CP_CLOSED || cp->state == CP_CLOSING || cp->state == CP_STOPPING;

	k->answer_code = deaf ? CODE_REJECT : (uint8_t)judge(p, cp, k->id, k->body, &w);
	k->answer = LS_BYTES(options, w.len);
	if (k->answer_code == 0)
		ppp_count(p, CAUSE_PPP_FRAME);
	else if (cp->kind->request_hopeless(p))
		ppp_fail(p, CAUSE_PPP_LOOP, "", now);
	else
		ppp_cp_event(p, cp, k->answer_code == CODE_ACK ? CP_RCR_GOOD : CP_RCR_BAD, k, now);
	if (cp->state == CP_CLOSED && goodbye(p, cp))
		goodbye_send(p, cp);
}

/* What an answer says about options must be about the last request (5.2 to 5.4): all of them in an
 * Ack, some of them in a Reject, in the same order and unchanged; a Nak has other values. */
static bool answers_request(const struct cp *cp, uint8_t code, struct rd list)
{
	struct rd ours = rd_make(cp->request, cp->request_len), value, our_value;
	const uint8_t *whole, *our;
	uint8_t type, our_type;

	if (code == CODE_ACK)
		return rd_left(&list) == cp->request_len &&
		       memcmp(list.p + list.pos, cp->request, cp->request_len) == 0;
	if (rd_left(&list) == 0)
		return false;
	while (option_next(&list, &whole, &type, &value)) {
		bool found = code == CODE_NAK;

		while (!found && option_next(&ours, &our, &our_type, &our_value))
			found = our_value.len == value.len &&
			        memcmp(our, whole, value.len + 2) == 0;
		if (!found)
			return false;
	}
	return rd_ok(&list);
}

static void options_refused(struct ppp *p, struct cp *cp, struct rd list, bool nak)
{
	const uint8_t *whole;
	struct rd value;
	uint8_t type;

	while (option_next(&list, &whole, &type, &value))
		cp->kind->option_refused(p, type, &value, nak);
}

static void hear_answer(struct ppp *p, struct cp *cp, const struct cp_packet *k, ls_time now)
{
	bool talking = cp->state >= CP_REQ_SENT;

	if (talking &&
	    (!cp->waiting || k->id != cp->id || !answers_request(cp, k->code, k->body))) {
		ppp_count(p, CAUSE_PPP_UNEXPECTED);
		return;
	}
	if (talking)
		cp->waiting = false;
	if (talking && k->code != CODE_ACK) {
		options_refused(p, cp, k->body, k->code == CODE_NAK);
		if (++cp->refusals > REFUSALS_MAX) {
			cp->cause = CAUSE_PPP_NO_AGREEMENT;
			ppp_cp_event(p, cp, CP_CLOSE, NULL, now);
			return;
		}
	}
	ppp_cp_event(p, cp, k->code == CODE_ACK ? CP_RCA : CP_RCN, k, now);
}

/* Codes 1 to 7 are what every control protocol needs. */
static void hear_code_reject(struct ppp *p, struct cp *cp, struct rd body, ls_time now)
{
	uint8_t code = rd_u8(&body);

	if (!rd_ok(&body)) {
		ppp_count(p, CAUSE_PPP_FRAME);
		return;
	}
	if (code == CODE_ECHO_REQUEST) {
		p->config.echo_interval_s = UINT32_MAX;
		p->echo_at = LS_NEVER;
	}
	ppp_cp_event(p, cp, code <= CODE_CODE_REJECT ? CP_RXJ_SEVERE : CP_RXJ_MINOR, NULL, now);
}

void ppp_cp_input(struct ppp *p, struct cp *cp, struct cp_packet *k, ls_time now)
{
	struct rd said;
	switch (cp->state < CP_CLOSED ? 0 : k->code) {
	case CODE_REQUEST:
		hear_request(p, cp, k, now);
		break;
	case CODE_ACK:
	case CODE_NAK:
	case CODE_REJECT:
		hear_answer(p, cp, k, now);
		break;
	case CODE_TERM_REQUEST:
		said = k->body;
		rd_printable(&said, cp->said, sizeof cp->said);
		ppp_cp_event(p, cp, CP_RTR, k, now);
		break;
	case CODE_TERM_ACK:
		ppp_cp_event(p, cp, CP_RTA, k, now);
		break;
	case CODE_CODE_REJECT:
		hear_code_reject(p, cp, k->body, now);
		break;
	default:
		ppp_cp_event(p, cp, CP_RUC, k, now);
	}
}
