/* Repeated authentication (RFC 4478), made before the break: another IKE SA with a CHILD SA of its
 * own comes up beside the old one, which goes when what ran on it has moved. */
#include "ike/ike_reauth.h"

#include "ike/ike_auth.h"

#include <string.h>

enum {
	LIFETIME_SIZE = 4,
	EARLY_PART = 10,    /* a tenth of the time is left for tries, */
	EARLY_LEAST_S = 3,  /* but not less, */
	EARLY_MOST_S = 300, /* nor more */
	LEAST_S = 5,        /* an IKE SA stands so long at least, whatever the peer says */
	AGAIN_S = 5,        /* between tries */
	MOVE_S = 2,         /* what is still on its way in the old SAs */
};

void ike_reauth_begin(struct ike_sa *sa)
{
	sa->reauth = (struct ike_sa_reauth){.until = LS_NEVER, .at = LS_NEVER};
}

void ike_reauth_inherit(struct ike_sa *sa, const struct ike_sa *old)
{
	sa->reauth = old->reauth;
}

void ike_reauth_write(struct ike_sa *sa, struct ike_build *b)
{
	uint32_t life = sa->peer->config.auth_life_s;
	uint8_t data[LIFETIME_SIZE];

	if (life == 0)
		return;
	sa->reauth.until = ls_time_add(sa->ike->now, LS_S((ls_time)life));
	ls_put32(data, life);
	ike_build_notify(b, IKE_PROTO_NONE, IKE_N_AUTH_LIFETIME, LS_BYTES(NULL, 0),
	                 LS_BYTES(data, sizeof data));
}

/* Early enough for some tries, and not all callers of a gateway at once. */
static ls_time early(const struct ike_sa *sa, uint32_t life)
{
	uint32_t s = life / EARLY_PART;

	if (s < EARLY_LEAST_S)
		s = EARLY_LEAST_S;
	if (s > EARLY_MOST_S)
		s = EARLY_MOST_S;
	return LS_S((ls_time)s) + ls_random_below(&sa->ike->random, s * 500000);
}

void ike_reauth_take(struct ike_sa *sa, const struct ike_payloads *in)
{
	const struct ike_notify *n = ike_notify_find(in, IKE_N_AUTH_LIFETIME);
	ls_time now = sa->ike->now, least = ls_time_add(now, LS_S(LEAST_S));
	uint32_t life;

	if (!n || n->data.len != LIFETIME_SIZE || !sa->dialled || sa->reauth.renewed)
		return;
	life = ls_get32(n->data.p);
	sa->reauth.at = ls_time_add(now, LS_S((ls_time)life)) - early(sa, life);
	if (sa->established != LS_NEVER)
		least = ls_time_add(sa->established, LS_S(LEAST_S));
	if (sa->reauth.at < least)
		sa->reauth.at = least;
}

void ike_reauth_done(struct ike_sa *sa)
{
	for (struct ike_sa *o = sa->ike->sas; o; o = o->next) {
		if (o == sa || o->state != IKE_S_ESTABLISHED || !o->dialled || !sa->dialled ||
		    !ike_auth_same_peer(o, sa) || o->reauth.at == LS_NEVER ||
		    sa->ike->now < o->reauth.at - LS_S(AGAIN_S))
			continue;
		o->reauth.renewed = true;
		o->reauth.at = ls_time_add(sa->ike->now, LS_S(MOVE_S));
	}
}

ls_time ike_reauth_due(const struct ike_sa *sa)
{
	return ls_time_min(sa->reauth.until, sa->reauth.at);
}

void ike_reauth_tick(struct ike_sa *sa)
{
	ls_time now = sa->ike->now;

	if (now >= sa->reauth.until) {
		ike_sa_close(sa, CAUSE_IKE_AUTH_EXPIRED, "");
		return;
	}
	if (now < sa->reauth.at)
		return;
	if (sa->reauth.renewed) {
		ike_sa_close(sa, CAUSE_IKE_AUTH_RENEWED, "");
		return;
	}
	sa->reauth.at = ls_time_add(now, LS_S(AGAIN_S));
	if (sa->peer && !ike_tunnel_is_dialled(sa->ike, sa->tunnel))
		ike_redirect_dial_again(sa);
}
