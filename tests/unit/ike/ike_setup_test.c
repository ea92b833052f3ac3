/* Setting up: IKE_SA_INIT and IKE_AUTH between two engines, with all that may be agreed on. */
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

			c.ike[0] = pair_ike_proposal(rows[i].encr, rows[i].integ, rows[i].prf,
			                             rows[i].ke);
			c.child[0] = pair_child_proposal(rows[i].child, rows[i].child_integ, i % 2);
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

IKE_MAIN("ike setup", plain, ipv6, tunnel_mode, each_proposal, install_refused, no_spi)
