/* The engine as its owner drives it: peers, starting and stopping, chains, the packet path's words.
 */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

START_TEST(bad_proposals)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);

	a.ike_count = 1;
	a.ike[0] = pair_ike_proposal(ALGO_AES256_GCM, ALGO_SHA256, ALGO_PRF_SHA384, ALGO_X25519);
	ck_assert_int_eq(ike_peer_set(p->side[0].ike, &a, p->now), CAUSE_IKE_BAD_PROPOSAL);
	a.ike[0] = pair_ike_proposal(ALGO_AES256, ALGO_NONE, ALGO_PRF_SHA384, ALGO_X25519);
	ck_assert_int_eq(ike_peer_set(p->side[0].ike, &a, p->now), CAUSE_IKE_BAD_PROPOSAL);
	a.ike[0] = pair_ike_proposal(ALGO_NULL, ALGO_SHA256, ALGO_PRF_SHA384, ALGO_X25519);
	ck_assert_int_eq(ike_peer_set(p->side[0].ike, &a, p->now), CAUSE_IKE_BAD_PROPOSAL);
	a.ike[0].count = 0;
	ck_assert_int_eq(ike_peer_set(p->side[0].ike, &a, p->now), CAUSE_IKE_BAD_PROPOSAL);
	pair_free(p);
}
END_TEST

/* ESP traffic is a sign of life: no probes. */
START_TEST(traffic_is_life)
{
	struct pair *p = pair_new();
	unsigned before;

	pair_up(p);
	before = p->sent[0] + p->sent[1];
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned k = 0; k < 2; k++)
			ike_child_heard(p->side[k].ike, p->side[k].sa[0].spi_in, p->now);
		pair_pass(p, LS_S(10));
	}
	ck_assert_uint_eq(p->sent[0] + p->sent[1], before);
	ike_doubt(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(1));
	ck_assert_uint_gt(p->sent[0] + p->sent[1], before);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* Without MOBIKE. */
static void path_lost_from(struct pair *p, uint32_t tunnel, const struct ls_addr *local)
{
	struct ls_addr fresh = pair_ip("203.0.113.7");

	ike_path_moved(p->side[0].ike, tunnel, local, &fresh, CAUSE_IKE_OWN_ADDRESS, p->now);
}

/* A path that is lost ends the SAs on it, and those alone, without a word. */
START_TEST(path_lost)
{
	struct pair *p = pair_new();
	unsigned sent;

	pair_up(p);
	sent = p->sent[0];
	path_lost_from(p, 1, &p->side[1].ip);
	path_lost_from(p, 2, &p->side[0].ip);
	pair_run(p);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
	path_lost_from(p, 1, &p->side[0].ip);
	pair_run(p);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	ck_assert_uint_eq(p->sent[0], sent);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_OWN_ADDRESS);
	pair_free(p);
}
END_TEST

START_TEST(stop_and_chain_end)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_chain_end(p->side[1].ike, p->side[1].sa[0].chain, CAUSE_IDLE, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_IDLE);
	pair_pass(p, LS_S(30));
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* The gateway was restarted: new chains for what we dial, Deletes for all. */
START_TEST(children_lost)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		pair_up(p);
		p->side[side].sas = 0;
		ike_children_lost(p->side[side].ike, p->now);
		pair_run(p);
		ck_assert_int_eq(pair_last(&p->side[side], IKE_REQ_DOWN)->cause,
		                 CAUSE_IKE_CHILDREN_LOST);
		ck_assert_uint_eq(pair_count(&p->side[1 - side], IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(pair_check_sas(p), side == 0);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), side == 0 ? 2 : 1);
		ck_assert_uint_ne(pair_last(&p->side[side], IKE_REQ_DOWN)->chain,
		                  side == 0 ? pair_last(&p->side[0], IKE_REQ_UP)->chain : 0);
		pair_free(p);
	}
}
END_TEST

START_TEST(config_changes)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);

	pair_up(p);
	a.dpd_idle_s = 77;
	pair_set(p, 0, &a);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	a.remote_id = pair_id("*.example");
	pair_set(p, 0, &a);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_CONFIG_CHANGED);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ike_peer_remove(p->side[0].ike, 1, CAUSE_CONFIG_CHANGED, p->now);
	pair_pass(p, LS_S(20));
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
}
END_TEST

/* The peer ends the pair whose successor we ask for, and says so before it answers: until then the
 * answer may be a successor. It is not, and what is started then does not wait for one. */
START_TEST(start_after_a_rekey_in_vain)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_child_expiring(p->side[0].ike, p->side[0].sa[0].spi_in, p->now);
	pair_pump(&p->side[0]);
	ike_child_expired(p->side[1].ike, p->side[1].sa[0].spi_in, p->now);
	pair_pump(&p->side[1]);
	pair_deliver_one(p); /* our request, */
	pair_deliver_one(p); /* its Delete, */
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	pair_deliver_one(p); /* and its answer. */
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

START_TEST(shutdown)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_shutdown(p->side[0].ike, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	pair_free(p);
}
END_TEST

/* The answer to a question of an SA that has ended meanwhile: the SPI is given back. */
START_TEST(spi_for_nobody)
{
	struct pair *p = pair_new();
	struct ike_request r = {0};

	pair_up(p);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	while (ike_next(p->side[0].ike, &r) && r.kind != IKE_REQ_SPI)
		;
	ck_assert_int_eq(r.kind, IKE_REQ_SPI);
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].released, 0);
	ike_answer(p->side[0].ike, r.id, &(struct ike_answer){.spi = 0x12345678}, p->now);
	while (ike_next(p->side[0].ike, &r) && r.kind != IKE_REQ_RELEASE)
		;
	ck_assert_int_eq(r.kind, IKE_REQ_RELEASE);
	ck_assert_uint_eq(r.spi_in, 0x12345678);
	pair_free(p);
}
END_TEST

/* What is no peer at all is refused, and leaves the one that is there alone. */
START_TEST(peers_refused)
{
	struct pair *p = pair_new();
	struct ike *ike = p->side[0].ike;
	struct ike_peer c = pair_peer(p, 0);

	c.tunnel = 0;
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_IKE_BAD_PROPOSAL);
	c = pair_peer(p, 0);
	c.local_id.type = IKE_ID_ANY;
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_IKE_BAD_PROPOSAL);
	c = pair_peer(p, 0);
	c.version = IKE_V1;
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_IKE_MAJOR_VERSION);
	c = pair_peer(p, 0);
	c.auth = (enum ike_auth_method)9;
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_IKE_MAJOR_VERSION);
	c = pair_peer(p, 0);
	c.ike_count = IKE_PROPOSALS_MAX + 1;
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_IKE_BAD_PROPOSAL);
	c = pair_peer(p, 0);
	c.child_count = 1;
	c.child[0] = (struct ike_proposal){.count = 1, .algo = {ALGO_AES256_GCM}};
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_IKE_BAD_PROPOSAL);
	ck_assert_uint_eq(ike->peers_count, 1);
	pair_up(p);
	pair_free(p);
}
END_TEST

START_TEST(peers_are_bounded)
{
	struct pair *p = pair_new();
	struct ike *ike = p->side[0].ike;
	struct ike_peer c = pair_peer(p, 0);

	for (uint32_t i = 2; i <= IKE_PEERS_MAX; i++) {
		struct ike_peer_entry *e = calloc(1, sizeof *e);

		e->config.tunnel = i;
		e->next = ike->peers;
		ike->peers = e;
		ike->peers_count++;
	}
	c.tunnel = IKE_PEERS_MAX + 1;
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_LIMIT_REACHED);
	/* One that is there may change, and one that goes makes room. */
	c.tunnel = 1;
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_NONE);
	ike_peer_remove(ike, 100, CAUSE_CONFIG_CHANGED, p->now);
	ike_peer_remove(ike, 100, CAUSE_CONFIG_CHANGED, p->now);
	ck_assert_ptr_null(ike_peer_find(ike, 100));
	c.tunnel = IKE_PEERS_MAX + 1;
	ck_assert_int_eq(ike_peer_set(ike, &c, p->now), CAUSE_NONE);
	ck_assert_uint_eq(ike->peers_count, IKE_PEERS_MAX);
	pair_free(p);
}
END_TEST

/* What is left out has its default. */
START_TEST(defaults)
{
	struct pair *p = pair_new();
	const struct ike_peer *c = &ike_peer_find(p->side[0].ike, 1)->config;
	const struct ike_limits *l = &p->side[0].ike->limits;

	ck_assert(c->ike_count == 2 && c->child_count == 4 && c->ike_life_s == 28800 &&
	          c->child_life.seconds == 3600 && c->dpd_idle_s == 30 &&
	          c->fragment_size == 1280 && c->retry_first_ms == 500 && c->retry_count == 8);
	ck_assert(l->max_ike_sas == 4096 && l->max_half_open == 512 && l->cookie_threshold == 64 &&
	          l->max_half_open_per_source == 32 && l->max_ike_sas_per_tunnel == 256);
	pair_free(p);
}
END_TEST

/* Which changes of the config end what was agreed, and which do not. */
START_TEST(what_a_change_ends)
{
	for (unsigned i = 0; i < 12; i++) {
		struct pair *p = pair_new();
		struct ike_peer c = pair_peer(p, 0);

		pair_up(p);
		switch (i) {
		case 0:
			c.fragment_size = 600;
			break;
		case 1:
			c.retry_count = 2;
			break;
		case 2:
			c.ike_life_s = 500;
			break;
		case 3:
			c.remote[1] = pair_ip("203.0.113.9");
			break;
		case 4:
			c.child_life.seconds = 99;
			break;
		case 5:
			c.ike_count = (uint8_t)ike_proposals_default_ike(c.ike);
			break;
		case 6:
			c.tunnel_mode = true;
			break;
		case 7:
			c.force_udp = true;
			break;
		case 8:
			c.local_id = pair_id("x.example");
			break;
		case 9:
			c.remote_id = pair_id("keyid:b.example");
			break;
		case 10:
			c.ike_count = 1;
			ike_proposals_default_ike(c.ike);
			break;
		default:
			c.child_count = (uint8_t)ike_proposals_default_child(c.child);
			c.child[3].esn = false;
			break;
		}
		pair_set(p, 0, &c);
		pair_run(p);
		ck_assert_msg(p->side[0].sas == (i < 6), "change %u", i);
		ck_assert_uint_eq(p->side[1].sas, i < 6);
		if (i >= 6)
			ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause,
			                 CAUSE_CONFIG_CHANGED);
		pair_free(p);
	}
}
END_TEST

/* A tunnel that is not there, or without an address: told at once. */
START_TEST(start_of_nothing)
{
	struct pair *p = pair_new();

	ike_start(p->side[0].ike, 99, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->tunnel, 99);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_ADDRESS);
	ck_assert_uint_eq(p->sent[0], 0);
	/* And all the rest of nothing does nothing. */
	ike_stop(p->side[0].ike, 99, CAUSE_ADMIN, p->now);
	ike_stop(p->side[0].ike, 0, CAUSE_ADMIN, p->now);
	ike_chain_end(p->side[0].ike, 99, CAUSE_ADMIN, p->now);
	ike_peer_remove(p->side[0].ike, 99, CAUSE_ADMIN, p->now);
	ike_child_expiring(p->side[0].ike, 99, p->now);
	ike_child_expired(p->side[0].ike, 99, p->now);
	ike_child_heard(p->side[0].ike, 99, p->now);
	ike_child_moved(p->side[0].ike, 99, &p->side[1].ip, p->now);
	ike_doubt(p->side[0].ike, 99, p->now);
	ike_answer(p->side[0].ike, 99, &(struct ike_answer){.ok = true}, p->now);
	ike_children_lost(p->side[0].ike, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].notes, 1);
	ck_assert_uint_eq(p->sent[0] + p->side[0].released, 0);
	ck_assert_int_eq(ike_deadline(p->side[0].ike), LS_NEVER);
	pair_free(p);
}
END_TEST

/* A start while a first pair is being made, up, or made anew joins what is there. */
START_TEST(start_again)
{
	struct pair *p = pair_new();

	pair_up(p);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 1);
	/* The pair is gone: a new chain over the IKE SA that stands; the second start waits for it
	 * too, and both hear that it failed by one DOWN. */
	ike_child_expired(p->side[0].ike, pair_first_spi(p, 0), p->now);
	pair_run(p);
	p->side[1].no_spi = true;
	ike_start(p->side[0].ike, 1, p->now);
	ike_start(p->side[0].ike, 1, p->now);
	ck_assert_ptr_null(forge_sa(p, 0)->queue);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 2);
	ck_assert_uint_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->chain, 0);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_ADDITIONAL_SAS);
	p->side[1].no_spi = false;
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 2);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* One of two chains ends: its pair alone goes, and the IKE SA stays. */
START_TEST(one_chain_of_two)
{
	struct pair *p = pair_new();
	uint32_t first, second;

	pair_up(p);
	first = p->side[0].sa[0].chain;
	ike_child_create(forge_sa(p, 0), false);
	pair_run(p);
	second = pair_last(&p->side[0], IKE_REQ_UP)->chain;
	ck_assert_uint_ne(first, second);
	ck_assert_uint_eq(pair_check_sas(p), 2);
	ike_chain_end(p->side[0].ike, first, CAUSE_IDLE, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	ck_assert_uint_eq(p->side[0].sa[0].chain, second);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->chain, first);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IDLE);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_PEER_ASKED);
	ck_assert_uint_eq(pair_established(&p->side[0]) + pair_established(&p->side[1]), 2);
	pair_free(p);
}
END_TEST

/* Each question is answered once; an answer with another's number changes nothing. */
START_TEST(answers)
{
	struct pair *p = pair_new();
	struct ike_answer a = {.spi = 0x777};
	struct ike_request r = {0};

	pair_up(p);
	ike_child_expiring(p->side[0].ike, pair_first_spi(p, 0), p->now);
	while (ike_next(p->side[0].ike, &r) && r.kind != IKE_REQ_SPI)
		;
	ck_assert(r.id != 0 && r.tunnel == 1);
	ike_answer(p->side[0].ike, r.id + 1, &a, p->now);
	ike_answer(p->side[0].ike, r.id ^ UINT64_C(1) << 32, &a, p->now);
	ck_assert_int_eq(forge_sa(p, 0)->active->asking, IKE_Q_SPI);
	pair_pump(&p->side[0]);
	ck_assert_uint_eq(p->side[0].released, 2);
	a.spi = 0x888;
	ike_answer(p->side[0].ike, r.id, &a, p->now);
	ike_answer(p->side[0].ike, r.id, &a, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].released, 3);
	pair_settled(p);
	ck_assert_uint_eq(pair_first_spi(p, 0), 0x888);
	pair_free(p);
}
END_TEST

/* Time does not go back, and a tick before the deadline does nothing. */
START_TEST(time_stands)
{
	struct pair *p = pair_new();
	ls_time deadline;

	pair_up(p);
	deadline = ike_deadline(p->side[0].ike);
	ck_assert(deadline > p->now && deadline != LS_NEVER);
	ike_tick(p->side[0].ike, 0);
	ck_assert_int_eq(p->side[0].ike->now, p->now);
	ike_tick(p->side[0].ike, deadline - 1);
	ck_assert_ptr_null(forge_sa(p, 0)->active);
	ck_assert_int_eq(ike_deadline(p->side[0].ike), deadline);
	pair_free(p);
	ike_free(NULL);
}
END_TEST

IKE_MAIN("ike", bad_proposals, traffic_is_life, path_lost, stop_and_chain_end, children_lost,
         config_changes, start_after_a_rekey_in_vain, shutdown, spi_for_nobody, peers_refused,
         peers_are_bounded, defaults, what_a_change_ends, start_of_nothing, start_again,
         one_chain_of_two, answers, time_stands)
