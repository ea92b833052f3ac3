/* Setting up: IKE_SA_INIT and IKE_AUTH between two engines, with all that may be agreed on or go
 * wrong. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

START_TEST(plain)
{
	struct pair *p = pair_new();
	const struct pair_note *a, *b;

	pair_up(p);
	a = pair_last(&p->side[0], IKE_REQ_UP);
	b = pair_last(&p->side[1], IKE_REQ_UP);
	ck_assert(a->initiator && !b->initiator);
	ck_assert_uint_eq(a->tunnel, 1);
	ck_assert_uint_eq(b->tunnel, 2);
	ck_assert(!a->continued && !b->continued);
	ck_assert(ike_identity_matches(&(struct ike_identity){.type = IKE_ID_ANY}, &a->peer_id));
	ck_assert(pair_progressed(&p->side[0], "IKEv2: agreed on AES-256-GCM, SHA-384, X25519"));
	ck_assert(pair_progressed(&p->side[0], "proved to be b.example (preshared key)"));
	ck_assert(pair_progressed(&p->side[0], "ESP without UDP"));
	ck_assert_uint_eq(pair_established(&p->side[0]), 1);
	ck_assert_uint_eq(pair_established(&p->side[1]), 1);
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 0);
	ck_assert_uint_eq(p->sent[0], 2);
	ck_assert_uint_eq(p->sent[1], 2);
	pair_free(p);
}
END_TEST

START_TEST(transport_selectors)
{
	struct pair *p = pair_new();
	struct ike_child_sa *c;

	pair_up(p);
	c = &p->side[0].sa[0].child;
	ck_assert(!c->tunnel_mode && !c->udp && !c->replaces && c->initiator);
	ck_assert_uint_eq(c->ts_protocol, 17);
	ck_assert_uint_eq(c->ts_local_port_low, 1701);
	ck_assert_uint_eq(c->ts_local_port_high, 1701);
	ck_assert_uint_eq(c->ts_remote_port_low, 1701);
	ck_assert(ls_addr_same_ip(&c->ts_local.addr, &p->side[0].ip));
	ck_assert(ls_addr_same_ip(&c->ts_remote.addr, &p->side[1].ip));
	ck_assert_uint_eq(c->ts_local.bits, 32);
	ck_assert_uint_eq(c->life.seconds, 3600);
	ck_assert(c->esn);
	pair_free(p);
}
END_TEST

START_TEST(ipv6)
{
	struct pair *p = pair_new_at("2001:db8::1", "2001:db8::2", NULL);

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		pair_set(p, i, &c);
	}
	pair_up(p);
	ck_assert_uint_eq(p->side[1].sa[0].child.ts_remote.bits, 128);
	pair_free(p);
}
END_TEST

START_TEST(tunnel_mode)
{
	struct pair *p = pair_new();

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.tunnel_mode = true;
		pair_set(p, i, &c);
	}
	pair_up(p);
	ck_assert(p->side[0].sa[0].child.tunnel_mode);
	ck_assert_uint_eq(p->side[0].sa[0].child.ts_local.bits, 0);
	ck_assert_uint_eq(p->side[0].sa[0].child.ts_protocol, 0);
	pair_free(p);
}
END_TEST

static struct ike_proposal ike_of(enum algo_id encr, enum algo_id integ, enum algo_id prf,
                                  enum algo_id ke)
{
	struct ike_proposal p = {.count = 3, .algo = {(uint16_t)encr, (uint16_t)prf, (uint16_t)ke}};

	if (integ != ALGO_NONE)
		p.algo[p.count++] = (uint16_t)integ;
	return p;
}

static struct ike_proposal child_of(enum algo_id encr, enum algo_id integ, bool esn)
{
	struct ike_proposal p = {.count = 1, .algo = {(uint16_t)encr}, .esn = esn, .no_esn = !esn};

	if (integ != ALGO_NONE)
		p.algo[p.count++] = (uint16_t)integ;
	return p;
}

/* Every cipher, PRF and group, alone on both sides. */
START_TEST(each_proposal)
{
	static const struct {
		enum algo_id encr, integ, prf, ke, child, child_integ;
	} rows[] = {
		{ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, ALGO_X25519, ALGO_AES256_GCM,
	         ALGO_NONE},
		{ALGO_AES128_GCM, ALGO_NONE, ALGO_PRF_SHA256, ALGO_ECP256, ALGO_AES128_GCM,
	         ALGO_NONE},
		{ALGO_CHACHA20POLY1305, ALGO_NONE, ALGO_PRF_SHA512, ALGO_ECP384,
	         ALGO_CHACHA20POLY1305, ALGO_NONE},
		{ALGO_AES256, ALGO_SHA256, ALGO_PRF_SHA256, ALGO_MODP2048, ALGO_AES256,
	         ALGO_SHA256},
		{ALGO_AES128, ALGO_SHA384, ALGO_PRF_SHA384, ALGO_X25519, ALGO_AES128, ALGO_SHA384},
		{ALGO_AES256, ALGO_SHA512, ALGO_PRF_SHA512, ALGO_ECP256, ALGO_AES192, ALGO_SHA512},
		{ALGO_AES192_GCM, ALGO_NONE, ALGO_PRF_SHA256, ALGO_ECP521, ALGO_AES192_GCM,
	         ALGO_NONE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pair *p = pair_new();
		struct ike_sa_view v;

		for (unsigned k = 0; k < 2; k++) {
			struct ike_peer c = pair_peer(p, k);

			c.ike[0] = ike_of(rows[i].encr, rows[i].integ, rows[i].prf, rows[i].ke);
			c.child[0] = child_of(rows[i].child, rows[i].child_integ, i % 2);
			c.ike_count = c.child_count = 1;
			pair_set(p, k, &c);
		}
		pair_up(p);
		ck_assert(ike_sa_view(p->side[1].ike, 0, &v));
		ck_assert_int_eq(v.encr, rows[i].encr);
		ck_assert_int_eq(v.integ, rows[i].integ);
		ck_assert_int_eq(v.prf, rows[i].prf);
		ck_assert_int_eq(v.ke, rows[i].ke);
		ck_assert_int_eq(p->side[1].sa[0].child.encr, rows[i].child);
		ck_assert_int_eq(p->side[1].sa[0].child.esn, i % 2);
		pair_free(p);
	}
}
END_TEST

/* The initiator guesses X25519; the responder has only another group. The whole offer stays, only
 * KE changes. */
START_TEST(invalid_ke_payload)
{
	struct pair *p = pair_new();
	struct ike_peer c = pair_peer(p, 1);
	struct ike_sa_view v;

	c.ike[0] = ike_of(ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, ALGO_ECP256);
	c.ike_count = 1;
	pair_set(p, 1, &c);
	pair_up(p);
	ck_assert_uint_eq(p->sent[0], 3);
	ck_assert(ike_sa_view(p->side[0].ike, 0, &v));
	ck_assert_int_eq(v.ke, ALGO_ECP256);
	pair_free(p);
}
END_TEST

/* A group that we never offered is not taken (RFC 7296 3.3.6): the attempt ends, after waiting for
 * a better answer. */
START_TEST(group_never_offered)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);
	const struct pair_note *down;

	a.ike[0] = ike_of(ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, ALGO_X25519);
	a.ike_count = 1;
	b.ike[0] = ike_of(ALGO_AES256_GCM, ALGO_NONE, ALGO_PRF_SHA384, ALGO_MODP2048);
	b.ike_count = 1;
	pair_set(p, 0, &a);
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(10));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_NO_PROPOSAL);
	ck_assert_ptr_nonnull(strstr(down->text, "we offered AES-256-GCM/SHA-384/X25519"));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
}
END_TEST

START_TEST(no_common_proposal)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);
	const struct pair_note *down, *event;

	b.ike[0] = ike_of(ALGO_AES192_GCM, ALGO_NONE, ALGO_PRF_SHA512, ALGO_ECP521);
	b.ike_count = 1;
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(10));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	event = pair_event(&p->side[1], CAUSE_IKE_NO_PROPOSAL);
	ck_assert(down && event);
	ck_assert_int_eq(down->cause, CAUSE_IKE_NO_PROPOSAL);
	ck_assert_ptr_nonnull(strstr(event->text, "the peer offered AES-256-GCM"));
	ck_assert_ptr_nonnull(strstr(event->text, "we accept AES-192-GCM/SHA-512/ECP-521"));
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

START_TEST(no_common_child_proposal)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);
	const struct pair_note *down;

	b.child[0] = child_of(ALGO_AES192_GCM, ALGO_NONE, true);
	b.child_count = 1;
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_NO_CHILD_PROPOSAL);
	ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_IKE_NO_CHILD_PROPOSAL));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	/* No childless IKE SA is kept (trap 27), nor an SPI. */
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	ck_assert_uint_eq(p->side[0].reserved, p->side[0].released);
	pair_free(p);
}
END_TEST

START_TEST(wrong_psk)
{
	struct pair *p = pair_new();
	const struct pair_note *down;

	p->side[1].psk = "another key";
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_AUTH_REFUSED);
	ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_IKE_AUTH_MISMATCH));
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

START_TEST(no_psk)
{
	struct pair *p = pair_new();

	p->side[0].psk = NULL;
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_PSK);
	pair_free(p);
}
END_TEST

/* The responder shows another identity than the initiator expects. */
START_TEST(wrong_identity)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);
	const struct pair_note *down;

	a.remote_id = pair_id("*.other.example");
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_WRONG_IDENTITY);
	ck_assert_ptr_nonnull(strstr(down->text, "it says it is b.example"));
	/* The responder, which believed it was up, is told. */
	ck_assert_uint_eq(p->side[1].sas, 0);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

START_TEST(unknown_identity)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);

	b.remote_id = pair_id("somebody.else");
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_AUTH_REFUSED);
	ck_assert_ptr_nonnull(strstr(pair_event(&p->side[1], CAUSE_IKE_UNKNOWN_PEER)->text,
	                             "it says it is a.example"));
	pair_free(p);
}
END_TEST

/* Two tunnels at the responder: the identity decides, not the order. */
START_TEST(choice_of_tunnel)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);

	memset(b.remote, 0, sizeof b.remote);
	b.remote_id = pair_id("*.example");
	pair_set(p, 1, &b);
	b.tunnel = 7;
	b.remote_id = pair_id("a.example");
	pair_set(p, 1, &b);
	b.tunnel = 8;
	b.remote_id = pair_id("c.example");
	pair_set(p, 1, &b);
	pair_up(p);
	ck_assert_uint_eq(pair_last(&p->side[1], IKE_REQ_UP)->tunnel, 7);
	pair_free(p);
}
END_TEST

START_TEST(transport_against_tunnel)
{
	struct pair *p = pair_new();
	struct ike_peer b = pair_peer(p, 1);

	b.tunnel_mode = true;
	pair_set(p, 1, &b);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_TRANSPORT);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	pair_free(p);
}
END_TEST

START_TEST(install_refused)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		p->side[side].refuse_install = true;
		ike_start(p->side[0].ike, 1, p->now);
		pair_pass(p, LS_S(60));
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 0);
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
		ck_assert_uint_eq(pair_ike_sas(&p->side[0]) + pair_ike_sas(&p->side[1]), 0);
		pair_free(p);
	}
}
END_TEST

START_TEST(no_spi)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new();

		p->side[side].no_spi = true;
		ike_start(p->side[0].ike, 1, p->now);
		pair_pass(p, LS_S(60));
		ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
		pair_free(p);
	}
}
END_TEST

/* An owner that never answers a question: bounded wait, one cause. */
START_TEST(silent_inside)
{
	struct pair *p = pair_new();

	p->side[0].silent = true;
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_SILENT_INSIDE);
	ck_assert_uint_eq(pair_ike_sas(&p->side[0]), 0);
	pair_free(p);
	p = pair_new();
	p->side[1].silent = true;
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(200));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(pair_ike_sas(&p->side[1]), 0);
	pair_free(p);
}
END_TEST

static bool lose_all(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	(void)m;
	(void)context;
	return false;
}

START_TEST(no_answer)
{
	struct pair *p = pair_new();
	const struct pair_note *down;

	p->filter = lose_all;
	ike_start(p->side[0].ike, 1, p->now);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(300));
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_int_eq(down->cause, CAUSE_IKE_NO_ANSWER);
	ck_assert_ptr_nonnull(strstr(down->text, "198.51.100.2:500"));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 1);
	ck_assert_uint_eq(p->sent[0], 8);
	ck_assert_int_eq(ike_deadline(p->side[0].ike), LS_NEVER);
	pair_free(p);
}
END_TEST

/* The first two addresses are dead: the third is reached, and there is no DOWN on the way. */
START_TEST(addresses_in_turn)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);

	a.remote[2] = a.remote[0];
	a.remote[0] = pair_ip("203.0.113.77");
	a.remote[1] = pair_ip("203.0.113.78");
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	pair_pass(p, LS_S(60));
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_UP), 1);
	ck_assert_uint_eq(pair_count(&p->side[0], IKE_REQ_DOWN), 0);
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

START_TEST(no_address)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);

	memset(a.remote, 0, sizeof a.remote);
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_int_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause, CAUSE_IKE_NO_ADDRESS);
	pair_free(p);
}
END_TEST

START_TEST(bad_proposals)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0);

	a.ike_count = 1;
	a.ike[0] = ike_of(ALGO_AES256_GCM, ALGO_SHA256, ALGO_PRF_SHA384, ALGO_X25519);
	ck_assert_int_eq(ike_peer_set(p->side[0].ike, &a, p->now), CAUSE_IKE_BAD_PROPOSAL);
	a.ike[0] = ike_of(ALGO_AES256, ALGO_NONE, ALGO_PRF_SHA384, ALGO_X25519);
	ck_assert_int_eq(ike_peer_set(p->side[0].ike, &a, p->now), CAUSE_IKE_BAD_PROPOSAL);
	a.ike[0] = ike_of(ALGO_NULL, ALGO_SHA256, ALGO_PRF_SHA384, ALGO_X25519);
	ck_assert_int_eq(ike_peer_set(p->side[0].ike, &a, p->now), CAUSE_IKE_BAD_PROPOSAL);
	a.ike[0].count = 0;
	ck_assert_int_eq(ike_peer_set(p->side[0].ike, &a, p->now), CAUSE_IKE_BAD_PROPOSAL);
	pair_free(p);
}
END_TEST

/* Both call at the same time: one IKE SA is left, both ends know the same chain last. */
START_TEST(both_call_at_once)
{
	for (unsigned seed = 0; seed < 12; seed++) {
		struct pair *p = pair_new();

		for (unsigned i = 0; i < 2; i++)
			p->side[i].random =
				ls_random_from_seed(&p->side[i].seeded, 1000 + 2 * seed + i);
		ike_start(p->side[0].ike, 1, p->now);
		ike_start(p->side[1].ike, 2, p->now);
		pair_pass(p, LS_S(20));
		ck_assert_uint_eq(pair_established(&p->side[0]), 1);
		ck_assert_uint_eq(pair_established(&p->side[1]), 1);
		ck_assert_uint_eq(pair_check_sas(p), 1);
		for (unsigned i = 0; i < 2; i++) {
			ck_assert_uint_eq(pair_last(&p->side[i], IKE_REQ_UP)->chain,
			                  p->side[i].sa[0].chain);
			for (unsigned k = 0; k < p->side[i].notes; k++)
				if (p->side[i].note[k].kind == IKE_REQ_DOWN)
					ck_assert_uint_ne(p->side[i].note[k].chain,
					                  p->side[i].sa[0].chain);
		}
		pair_free(p);
	}
}
END_TEST

/* The engine of A was restarted: its INITIAL_CONTACT lets the new chain take over from the old one.
 */
START_TEST(initial_contact)
{
	struct pair *p = pair_new();
	const struct pair_note *up;
	struct ike_peer a;
	uint32_t old_chain;

	pair_up(p);
	old_chain = pair_last(&p->side[1], IKE_REQ_UP)->chain;
	ike_free(p->side[0].ike);
	p->side[0].ike = ike_new(NULL, &p->side[0].random);
	p->side[0].sas = 0;
	a = pair_peer(p, 0);
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	up = pair_last(&p->side[1], IKE_REQ_UP);
	ck_assert(up->continued);
	ck_assert_uint_eq(up->old_chain, old_chain);
	ck_assert_uint_ne(up->chain, old_chain);
	ck_assert_uint_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->chain, old_chain);
	ck_assert_int_eq(pair_last(&p->side[1], IKE_REQ_DOWN)->cause, CAUSE_REPLACED);
	/* UP comes before the DOWN of the old one, so that what ran on it can move. */
	ck_assert(up < pair_last(&p->side[1], IKE_REQ_DOWN));
	ck_assert_uint_eq(pair_check_sas(p), 1);
	pair_free(p);
}
END_TEST

/* A responder with many callers under one group identity: an INITIAL_CONTACT of one does not touch
 * another. */
START_TEST(initial_contact_of_another)
{
	struct pair *p = pair_new();
	struct ike_peer a = pair_peer(p, 0), b = pair_peer(p, 1);

	b.remote_id = pair_id("*.example");
	pair_set(p, 1, &b);
	pair_up(p);
	a.tunnel = 5;
	a.local_id = pair_id("a2.example");
	pair_set(p, 0, &a);
	ike_start(p->side[0].ike, 5, p->now);
	pair_run(p);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_UP), 2);
	ck_assert_uint_eq(pair_count(&p->side[1], IKE_REQ_DOWN), 0);
	ck_assert(!pair_last(&p->side[1], IKE_REQ_UP)->continued);
	ck_assert_uint_eq(pair_check_sas(p), 2);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike setup", plain, transport_selectors, ipv6, tunnel_mode, each_proposal,
         invalid_ke_payload, group_never_offered, no_common_proposal, no_common_child_proposal,
         wrong_psk, no_psk, wrong_identity, unknown_identity, choice_of_tunnel,
         transport_against_tunnel, install_refused, no_spi, silent_inside, no_answer,
         addresses_in_turn, no_address, bad_proposals, both_call_at_once, initial_contact,
         initial_contact_of_another)
