/* What happened, from whichever process: to the log, the history, the counters and those who
 * follow. */
#include "src/parent/parent.h"

#include "src/parent/control_server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Whether ike says of a caller that it did not prove itself: anybody may be that. */
static bool is_unproven(unsigned role, enum ls_cause cause)
{
	return role == MSG_ROLE_IKE &&
	       ((cause >= CAUSE_IKE_CERT_MISSING && cause <= CAUSE_IKE_SIGNATURE_UNKNOWN) ||
	        cause == CAUSE_IKE_METHOD_REFUSED || cause == CAUSE_IKE_CERT_ENCODING ||
	        cause == CAUSE_IKE_AUTH_MISMATCH || cause == CAUSE_IKE_NO_PSK ||
	        cause == CAUSE_IKE_WRONG_IDENTITY || cause == CAUSE_IKE_CHOICE_NOT_ALLOWED);
}

/*
 * A caller that is refused never gets as far as a line: what was wrong with it is why the tunnel is
 * not up. Unless it did not prove itself: then it is counted beside the line's own reason, and is
 * the reason only of a line that waits for its peer and has none.
 */
static void refusal_note(struct parent *p, unsigned role, const struct ls_event *event)
{
	struct tunnel *t = event->tunnel ? parent_tunnel(p, event->tunnel) : NULL;
	enum ls_severity severity = ls_cause_info(event->cause)->severity;
	bool unproven = is_unproven(role, event->cause);
	ls_time now = clock_now();

	if (!t || (severity != LS_SEV_WARN && severity != LS_SEV_ERROR))
		return;
	if (unproven) {
		t->callers.refused++;
		t->callers.event = *event;
		t->callers.at = now;
	}
	if (t->line.state == MSG_LINE_UP ||
	    (unproven && (t->conf.start != CONF_START_WAIT ||
	                  (t->failure.event.cause != CAUSE_NONE && !t->failure.weak))))
		return;
	t->failure = (struct failure){.event = *event, .at = now, .weak = unproven};
}

void parent_event(struct parent *p, unsigned role, const struct ls_event *event)
{
	const char *name = parent_tunnel_name(p, event->tunnel);
	ls_time now = clock_now();

	if (role != MSG_ROLE_PARENT)
		refusal_note(p, role, event);

	log_event(event, name, now);
	/* Only what is logged is history: a flood of bad packets must not push it out. */
	if (ls_cause_info(event->cause)->severity == LS_SEV_COUNT)
		return;
	control_event(p, history_add(&p->history, event, role, name, now));
}

void parent_tell(struct parent *p, uint32_t tunnel, enum ls_cause cause, const struct ls_addr *peer,
                 const char *format, ...)
{
	struct ls_event e = {.cause = cause, .tunnel = tunnel};
	va_list args;

	if (peer)
		e.peer = *peer;
	va_start(args, format);
	vsnprintf(e.text, sizeof e.text, format, args);
	va_end(args);
	ls_count(&p->counters, cause);
	parent_event(p, MSG_ROLE_PARENT, &e);
}

/*
 * The cause that comes with a new attempt is that of the last one, and was noted then. A peer that
 * hangs up in good order ends a line well, but not an attempt of ours at one.
 */
static bool is_failure(const struct msg_line_state *m, bool was_up)
{
	if (m->cause == CAUSE_PEER_ASKED && m->state == MSG_LINE_DOWN && !was_up)
		return true;
	return m->state != MSG_LINE_UP && (m->state != MSG_LINE_CONNECTING || was_up) &&
	       m->cause != CAUSE_NONE && ls_cause_info(m->cause)->severity != LS_SEV_INFO;
}

static void failure_note(struct tunnel *t, const struct msg_line_state *m)
{
	t->failure.event =
		(struct ls_event){.cause = m->cause, .tunnel = t->id, .peer = t->iface.peer};
	snprintf(t->failure.event.text, sizeof t->failure.event.text, "%s", m->text);
	t->failure.at = clock_now();
	t->failure.weak = false;
}

static void lack_note(struct tunnel *t, const struct msg_line_state *m)
{
	struct failure *lack = &t->line.lack;
	enum ls_cause cause = m->state == MSG_LINE_UP ? (enum ls_cause)m->cause : CAUSE_NONE;

	if (lack->event.cause != cause)
		lack->at = clock_now();
	lack->event = (struct ls_event){.cause = cause, .tunnel = t->id, .peer = t->iface.peer};
	snprintf(lack->event.text, sizeof lack->event.text, "%s", m->text);
}

void parent_line_state(struct parent *p, const struct msg_line_state *m)
{
	struct tunnel *t = parent_tunnel(p, m->tunnel);
	ls_time now = clock_now();
	bool was_up;

	if (!t)
		return;
	was_up = t->line.state == MSG_LINE_UP;
	if (t->line.state != m->state)
		t->line.since = now;
	t->line.state = m->state;
	t->line.retry_at = m->retry_in_ms > 0 ? ls_time_add(now, LS_MS(m->retry_in_ms)) : LS_NEVER;
	snprintf(t->line.text, sizeof t->line.text, "%s", m->text);
	lack_note(t, m);
	if (is_failure(m, was_up))
		failure_note(t, m);
	if (m->state == MSG_LINE_UP)
		t->failure.weak = true;
	if (m->state == MSG_LINE_UP && !was_up)
		parent_tell(p, t->id, CAUSE_LINE_UP, &t->iface.peer, "%s%s%s",
		            m->cause ? ls_cause_info(m->cause)->sentence : "",
		            m->cause && m->text[0] ? ": " : "", m->text);
	if (m->state != MSG_LINE_UP && was_up)
		parent_tell(p, t->id, CAUSE_LINE_DOWN, &t->iface.peer, "%s%s%s",
		            m->cause ? ls_cause_info(m->cause)->sentence : "",
		            m->cause && m->text[0] ? ": " : "", m->text);
	else if (is_failure(m, was_up))
		parent_event(p, MSG_ROLE_GATEWAY, &t->failure.event);
	control_line_state(p, t, m);
}
