/* What ICMP says of the way to a peer: a hint that starts a probe, and never more than that (RFC
 * 7296 2.4: no conclusion from routing information or ICMP messages; 2.21). */
#include "ike/ike_sa.h"

#include "ike/ike_names.h"

static bool is_there(const struct ike_sa *sa, const struct ls_addr *remote)
{
	return remote->port == 0 ? ls_addr_same_ip(&sa->remote, remote)
	                         : ls_addr_equal(&sa->remote, remote);
}

/* An SA that is dialled, or stands; a caller that has not proved itself has no claim to our care.
 */
static bool takes_hints(const struct ike_sa *sa)
{
	return sa->state == IKE_S_ESTABLISHED ||
	       (sa->initiator && ike_sa_half_open(sa) && sa->rekeyed_from == 0);
}

void ike_hint_text(const struct ike_sa *sa, const char *before, char *out, size_t cap)
{
	struct ike_text text = ike_text_make(out, cap);

	ike_text_add(&text, before);
	if (sa->hint == LS_UNREACH_NONE)
		return;
	if (before[0] != '\0')
		ike_text_add(&text, "; ");
	ike_text_add(&text, ls_unreach_text(sa->hint));
	ike_text_add(&text, ", said by ");
	ike_text_addr(&text, &sa->hint_by);
}

void ike_hint_forget(struct ike_sa *sa)
{
	sa->hint = LS_UNREACH_NONE;
	sa->hint_probe_at = LS_NEVER;
}

static void tell(struct ike_sa *sa)
{
	char text[LS_EVENT_TEXT_MAX];

	if (sa->ike->now < sa->hint_quiet_until)
		return;
	sa->hint_quiet_until = ls_time_add(sa->ike->now, LS_S(IKE_HINT_QUIET_S));
	ike_hint_text(sa, "", text, sizeof text);
	ike_queue_event(sa->ike, sa->tunnel, &sa->remote, CAUSE_IKE_UNREACHABLE, text);
}

/* A healthy peer is heard before the probe is due, so that a forger who never stops costs one probe
 * in a while on an idle line and none on a busy one. */
static void hint(struct ike_sa *sa, const struct ls_addr *by, enum ls_unreach kind)
{
	if (sa->ike->now < sa->hint_next)
		return;
	sa->hint_next = ls_time_add(sa->ike->now, LS_S(IKE_HINT_EVERY_S));
	sa->hint = kind;
	sa->hint_by = ls_addr_with_port(*by, 0);
	if (sa->state == IKE_S_ESTABLISHED)
		sa->hint_probe_at = ls_time_add(sa->ike->now, LS_S(IKE_HINT_WAIT_S));
	tell(sa);
}

void ike_hint_take(struct ike *ike, const struct ls_addr *remote, const struct ls_addr *by,
                   enum ls_unreach kind)
{
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (takes_hints(sa) && is_there(sa, remote))
			hint(sa, by, kind);
}
