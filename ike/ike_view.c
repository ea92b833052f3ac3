/* What the owner may see of the engine's IKE SAs: for status and, on root's request, for Wireshark.
 */
#include "ike/ike_sa.h"

static const char *state_name(const struct ike_sa *sa)
{
	if (ike_sa_half_open(sa))
		return "half-open";
	if (sa->state == IKE_S_DELETING)
		return "deleting";
	if (sa->state == IKE_S_REKEYED || (sa->active && sa->active->ops == &ike_ops_rekey))
		return "rekeying";
	return "established";
}

static const struct ike_sa *at_index(const struct ike *ike, size_t index)
{
	const struct ike_sa *sa = ike->sas;

	while (sa && index-- > 0)
		sa = sa->next;
	return sa;
}

static ls_time after(ls_time born, uint64_t seconds)
{
	return seconds ? ls_time_add(born, LS_S((ls_time)seconds)) : LS_NEVER;
}

bool ike_sa_view(const struct ike *ike, size_t index, struct ike_sa_view *view)
{
	const struct ike_sa *sa = at_index(ike, index);
	bool stands = sa && sa->established != LS_NEVER;

	if (!sa)
		return false;
	*view = (struct ike_sa_view){
		.tunnel = sa->tunnel,
		.version = IKE_V2,
		.state = state_name(sa),
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.initiator = sa->initiator,
		.nat_local = sa->nat.local,
		.nat_remote = sa->nat.remote,
		.fragmentation = sa->fragmentation,
		.mobike = sa->mobike,
		.moving = sa->moving,
		.redirect = sa->redirect.follows,
		.redirected_from = sa->redirect.from,
		.encr = sa->choice.encr,
		.prf = sa->choice.prf,
		.integ = sa->choice.integ,
		.ke = sa->choice.ke,
		.local = sa->local,
		.remote = sa->remote,
		.peer_id = sa->peer_id,
		.auth = sa->auth,
		.peer_auth = sa->peer_auth,
		.scheme = sa->scheme,
		.peer_scheme = sa->peer_scheme,
		.peer_cert = sa->peer_cert,
		.ppk = stands && sa->ppk.used,
		.ppk_id = sa->ppk.id,
		.born = sa->born,
		.soft_at = stands ? after(sa->life.born, sa->life.soft.seconds) : LS_NEVER,
		.hard_at = stands ? after(sa->life.born, sa->life.hard.seconds) : LS_NEVER,
		.last_heard = sa->heard,
		.children = ike_children_count(sa),
	};
	return true;
}

const struct ls_counters *ike_counters(const struct ike *ike)
{
	return &ike->counters;
}

uint32_t ike_half_open(const struct ike *ike)
{
	return ike->half_open;
}

bool ike_debug_keys(const struct ike *ike, size_t index, struct ike_debug_keys *keys)
{
	const struct ike_sa *sa = at_index(ike, index);

	if (!sa)
		return false;
	*keys = (struct ike_debug_keys){
		.tunnel = sa->tunnel,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.encr = sa->keys.encr,
		.integ = sa->keys.integ,
		.sk_ei = ike_key(&sa->keys, IKE_SK_EI),
		.sk_er = ike_key(&sa->keys, IKE_SK_ER),
		.sk_ai = ike_key(&sa->keys, IKE_SK_AI),
		.sk_ar = ike_key(&sa->keys, IKE_SK_AR),
	};
	return true;
}
