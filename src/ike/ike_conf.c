/* From a tunnel's configuration to what the IKE engine wants of a peer. */
#include "src/ike/iked.h"

#include <stdio.h>
#include <string.h>

enum { MIB = 1024 * 1024 };

unsigned iked_peer_names(const struct conf_tunnel *conf, const char *names[RESOLVE_NAMES_MAX])
{
	unsigned n = 0;

	_Static_assert((int)RESOLVE_NAMES_MAX >= (int)CONF_PEERS_MAX,
	               "all of a tunnel's peers can be resolved");
	for (; n < conf->peer_count; n++)
		names[n] = conf->peers[n];
	return n;
}

static bool proposals_make(const struct conf_tunnel *conf, unsigned use, struct ike_proposal *out,
                           uint8_t *count, char *error, size_t cap)
{
	struct conf_proposals list = conf_proposals_of(conf, use);

	_Static_assert((int)CONF_PROPOSALS_MAX <= (int)IKE_PROPOSALS_MAX,
	               "as many as the config allows");
	for (uint32_t i = 0; i < list.count; i++)
		if (!conf_proposal_parse(list.text[i], use, &out[i], error, cap))
			return false;
	*count = (uint8_t)list.count;
	return true;
}

static bool ppks_make(const struct conf_tunnel *conf, struct ike_peer *peer, char *error,
                      size_t cap)
{
	for (uint32_t i = 0; i < conf->ppk_count; i++)
		if (!ike_ppk_id_parse(conf->ppks[i], &peer->ppk[i])) {
			snprintf(error, cap, "'%s'", conf->ppks[i]);
			return false;
		}
	peer->ppk_count = (uint8_t)conf->ppk_count;
	peer->ppk_required = conf->ppk_required;
	return true;
}

static bool identities_make(const struct conf_gateway *gateway, const struct conf_tunnel *conf,
                            struct ike_peer *peer, char *error, size_t cap)
{
	const char *ours = conf->identity[0] ? conf->identity : gateway->identity;

	if (!ike_identity_parse(ours, &peer->local_id)) {
		snprintf(error, cap, "our identity '%s'", ours);
		return false;
	}
	peer->remote_id = (struct ike_identity){.type = IKE_ID_ANY};
	if (conf->peer_identity[0] && !ike_identity_parse(conf->peer_identity, &peer->remote_id)) {
		snprintf(error, cap, "the peer's identity '%s'", conf->peer_identity);
		return false;
	}
	return true;
}

enum ls_cause iked_peer_make(const struct conf_gateway *gateway, uint32_t tunnel,
                             const struct conf_tunnel *conf, struct ike_peer *peer, char *error,
                             size_t cap)
{
	struct ike_peer p = {
		.tunnel = tunnel,
		.version = IKE_V2,
		.peer_auth = (uint8_t)conf_peer_auth(conf),
		.local = conf->local,
		.ah = conf->ipsec == CONF_IPSEC_AH,
		.mobike = conf->mobike,
		.follow_redirects = conf->follow_redirects,
		.force_udp = conf->esp.force_udp,
		.ike_life_s = conf->ike.life_s,
		.auth_life_s = conf->ike.auth_life_s,
		.child_life =
			{
				.seconds = conf->esp.life_s,
				.bytes = (uint64_t)conf->esp.life_mib * MIB,
				.packets = conf->esp.life_packets,
			},
		.dpd_idle_s = conf->ike.dpd_s,
		.replay_window_packets = conf->esp.window_packets,
		.fragment_size = (uint16_t)conf->ike.fragment_bytes,
		.retry_first_ms = (uint16_t)conf->ike.retry_ms,
		.retry_count = (uint8_t)conf->ike.retries,
	};

	if (!conf_auth_parse(conf->auth, &p.auth) ||
	    !conf_padding_parse(conf->ike.rsa_padding, &p.rsa_pkcs1))
		return CAUSE_IKE_CONFIG_AUTH;
	if (!ppks_make(conf, &p, error, cap))
		return CAUSE_IKE_CONFIG_PPK;
	if (!identities_make(gateway, conf, &p, error, cap))
		return CAUSE_IKE_CONFIG_IDENTITY;
	if (!proposals_make(conf, ALGO_FOR_IKE, p.ike, &p.ike_count, error, cap) ||
	    !proposals_make(conf, p.ah ? ALGO_FOR_AH : ALGO_FOR_ESP, p.child, &p.child_count, error,
	                    cap))
		return CAUSE_IKE_CONFIG_PROPOSAL;
	*peer = p;
	return CAUSE_NONE;
}
