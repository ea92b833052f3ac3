/* Tests of the way from a tunnel's settings to what the engine wants of a peer. */
#include "src/config/conf_table.h"
#include "src/ike/iked.h"
#include "tests/unit/run.h"

#include <string.h>

static struct conf_gateway gateway;
static struct conf_tunnel conf;
static struct ike_peer peer;
static char error[200];

static void set_up(void)
{
	memset(&gateway, 0, sizeof gateway);
	memset(&conf, 0, sizeof conf);
	conf_defaults(conf_tunnel_keys, conf_tunnel_key_count, &conf);
	snprintf(gateway.identity, sizeof gateway.identity, "reno.example");
}

static enum ls_cause make(void)
{
	memset(&peer, 0xa5, sizeof peer);
	error[0] = '\0';
	return iked_peer_make(&gateway, 7, &conf, &peer, error, sizeof error);
}

START_TEST(each_setting_arrives)
{
	set_up();
	conf.ike.life_s = 7200;
	conf.ike.dpd_s = 11;
	conf.ike.retry_ms = 60000;
	conf.ike.retries = 30;
	conf.ike.fragment_bytes = 65535;
	conf.esp.life_s = 1800;
	conf.esp.life_mib = 4294967295u;
	conf.esp.life_packets = 99;
	conf.esp.window_packets = 65536;
	conf.esp.force_udp = true;
	snprintf(conf.ppks[0], sizeof conf.ppks[0], "one");
	memset(conf.ppks[1], 'x', sizeof conf.ppks[1] - 1);
	conf.ppk_count = 2;
	conf.ppk_required = true;
	ck_assert(ls_addr_parse("192.0.2.9", &conf.local));
	ck_assert_uint_eq(make(), CAUSE_NONE);
	ck_assert_uint_eq(peer.tunnel, 7);
	ck_assert_int_eq(peer.version, IKE_V2);
	ck_assert_int_eq(peer.auth, IKE_AUTH_PSK);
	ck_assert_uint_eq(peer.ike_life_s, 7200);
	ck_assert_uint_eq(peer.dpd_idle_s, 11);
	ck_assert_uint_eq(peer.retry_first_ms, 60000);
	ck_assert_uint_eq(peer.retry_count, 30);
	ck_assert_uint_eq(peer.fragment_size, 65535);
	ck_assert_uint_eq(peer.child_life.seconds, 1800);
	ck_assert(peer.child_life.bytes == 4294967295ull * 1024 * 1024);
	ck_assert_uint_eq(peer.child_life.packets, 99);
	ck_assert_uint_eq(peer.replay_window_packets, 65536);
	ck_assert(peer.force_udp && peer.follow_redirects);
	conf.follow_redirects = false;
	ck_assert_uint_eq(make(), CAUSE_NONE);
	ck_assert(!peer.follow_redirects);
	ck_assert(peer.ppk_required && peer.ppk_count == 2);
	ck_assert_uint_eq(peer.ppk[0].len, 3);
	ck_assert_mem_eq(peer.ppk[0].data, "one", 3);
	ck_assert_uint_eq(peer.ppk[1].len, CONF_TEXT_MAX - 1);
	ck_assert(ls_addr_equal(&peer.local, &conf.local));
	ck_assert_uint_eq(peer.remote[0].family, 0);
}
END_TEST

START_TEST(defaults_make_a_peer)
{
	set_up();
	ck_assert_uint_eq(make(), CAUSE_NONE);
	ck_assert_uint_eq(peer.ike_count, 0);
	ck_assert_uint_eq(peer.child_count, 0);
	ck_assert_int_eq(peer.remote_id.type, IKE_ID_ANY);
	ck_assert_uint_eq(peer.child_life.bytes, 0);
	ck_assert(!peer.force_udp);
	ck_assert(!peer.ppk_required && peer.ppk_count == 0);
}
END_TEST

START_TEST(the_tunnel_s_identity_goes_before_the_gateway_s)
{
	struct ike_identity expected;

	set_up();
	ck_assert(ike_identity_parse("reno.example", &expected));
	ck_assert_uint_eq(make(), CAUSE_NONE);
	ck_assert_mem_eq(&peer.local_id, &expected, sizeof expected);
	snprintf(conf.identity, sizeof conf.identity, "me@example");
	snprintf(conf.peer_identity, sizeof conf.peer_identity, "*.example");
	ck_assert_uint_eq(make(), CAUSE_NONE);
	ck_assert(ike_identity_parse("me@example", &expected));
	ck_assert_mem_eq(&peer.local_id, &expected, sizeof expected);
	ck_assert(ike_identity_parse("*.example", &expected));
	ck_assert_mem_eq(&peer.remote_id, &expected, sizeof expected);
}
END_TEST

START_TEST(identities_that_are_none_are_refused)
{
	struct ike_peer before;

	set_up();
	gateway.identity[0] = '\0';
	memset(&before, 0xa5, sizeof before);
	ck_assert_uint_eq(make(), CAUSE_IKE_CONFIG_IDENTITY);
	ck_assert_ptr_nonnull(strstr(error, "our identity"));
	/* A peer that was made before stays as it was. */
	ck_assert_mem_eq(&peer, &before, sizeof peer);
	set_up();
	snprintf(conf.peer_identity, sizeof conf.peer_identity, "keyid:");
	ck_assert_uint_eq(make(), CAUSE_IKE_CONFIG_IDENTITY);
	ck_assert_ptr_nonnull(strstr(error, "the peer's identity 'keyid:'"));
}
END_TEST

START_TEST(proofs_that_are_none_are_refused)
{
	set_up();
	snprintf(conf.auth, sizeof conf.auth, "hearsay");
	ck_assert_uint_eq(make(), CAUSE_IKE_CONFIG_AUTH);
	set_up();
	snprintf(conf.ike.rsa_padding, sizeof conf.ike.rsa_padding, "none");
	ck_assert_uint_eq(make(), CAUSE_IKE_CONFIG_AUTH);
}
END_TEST

START_TEST(a_ppk_without_a_name_is_refused)
{
	set_up();
	conf.ppk_count = 1;
	ck_assert_uint_eq(make(), CAUSE_IKE_CONFIG_PPK);
}
END_TEST

START_TEST(proposals_are_kept_in_their_order)
{
	struct ike_proposal first, second;
	char why[100];

	set_up();
	snprintf(conf.ike.proposals[0], CONF_TEXT_MAX, "aes256-gcm-prf-sha384-x25519");
	snprintf(conf.ike.proposals[1], CONF_TEXT_MAX, "aes128-gcm-prf-sha256-ecp256");
	conf.ike.proposal_count = 2;
	snprintf(conf.esp.proposals[0], CONF_TEXT_MAX, "aes256-sha256");
	conf.esp.proposal_count = 1;
	ck_assert_uint_eq(make(), CAUSE_NONE);
	ck_assert_uint_eq(peer.ike_count, 2);
	ck_assert_uint_eq(peer.child_count, 1);
	memset(&first, 0, sizeof first);
	memset(&second, 0, sizeof second);
	ck_assert(
		conf_proposal_parse(conf.ike.proposals[0], ALGO_FOR_IKE, &first, why, sizeof why));
	ck_assert(
		conf_proposal_parse(conf.ike.proposals[1], ALGO_FOR_IKE, &second, why, sizeof why));
	ck_assert_mem_eq(&peer.ike[0], &first, sizeof first);
	ck_assert_mem_eq(&peer.ike[1], &second, sizeof second);
	ck_assert(conf_proposal_parse("aes256-sha256", ALGO_FOR_ESP, &first, why, sizeof why));
	ck_assert_mem_eq(&peer.child[0], &first, sizeof first);
}
END_TEST

START_TEST(proposals_that_are_none_are_refused)
{
	set_up();
	snprintf(conf.ike.proposals[0], CONF_TEXT_MAX, "aes256-gcm");
	conf.ike.proposal_count = 1;
	ck_assert_uint_eq(make(), CAUSE_IKE_CONFIG_PROPOSAL);
	ck_assert_str_ne(error, "");
	set_up();
	snprintf(conf.esp.proposals[0], CONF_TEXT_MAX, "rot13");
	conf.esp.proposal_count = 1;
	ck_assert_uint_eq(make(), CAUSE_IKE_CONFIG_PROPOSAL);
	ck_assert_ptr_nonnull(strstr(error, "rot13"));
}
END_TEST

START_TEST(names_are_in_their_order)
{
	const char *names[RESOLVE_NAMES_MAX];

	set_up();
	ck_assert_uint_eq(iked_peer_names(&conf, names), 0);
	for (unsigned i = 0; i < CONF_PEERS_MAX; i++)
		snprintf(conf.peers[i], sizeof conf.peers[i], "p%u.example", i);
	conf.peer_count = CONF_PEERS_MAX;
	ck_assert_uint_eq(iked_peer_names(&conf, names), CONF_PEERS_MAX);
	for (unsigned i = 0; i < CONF_PEERS_MAX; i++)
		ck_assert_ptr_eq(names[i], conf.peers[i]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike_conf");

	tcase_add_test(tc, each_setting_arrives);
	tcase_add_test(tc, defaults_make_a_peer);
	tcase_add_test(tc, the_tunnel_s_identity_goes_before_the_gateway_s);
	tcase_add_test(tc, identities_that_are_none_are_refused);
	tcase_add_test(tc, proofs_that_are_none_are_refused);
	tcase_add_test(tc, a_ppk_without_a_name_is_refused);
	tcase_add_test(tc, proposals_are_kept_in_their_order);
	tcase_add_test(tc, proposals_that_are_none_are_refused);
	tcase_add_test(tc, names_are_in_their_order);
	return run_cases("ike_conf", tc);
}
