/* What the owner may see: states, times and keys. */
#include "tests/unit/ike/ike_forge.h"
#include "tests/unit/ike/ike_main.h"

START_TEST(views_and_keys)
{
	struct pair *p = pair_new();
	struct ike_debug_keys a, b;

	pair_up(p);
	ck_assert(ike_debug_keys(p->side[0].ike, 0, &a) && ike_debug_keys(p->side[1].ike, 0, &b));
	ck_assert_uint_eq(a.sk_ei.len, 36);
	ck_assert_uint_eq(a.sk_ai.len, 0);
	ck_assert_int_eq(memcmp(a.sk_ei.p, b.sk_ei.p, 36), 0);
	ck_assert_int_eq(memcmp(a.sk_er.p, b.sk_er.p, 36), 0);
	ck_assert(!ike_debug_keys(p->side[0].ike, 1, &a));
	pair_free(p);
}
END_TEST

static void state_is(const struct pair *p, unsigned side, size_t index, const char *state)
{
	struct ike_sa_view v;

	ck_assert(ike_sa_view(p->side[side].ike, index, &v));
	ck_assert_str_eq(v.state, state);
	ck_assert(!ike_sa_view(p->side[side].ike, index + 1, &v));
}

START_TEST(states)
{
	struct pair *p = pair_new();
	struct ike_sa_view v;

	ck_assert(!ike_sa_view(p->side[0].ike, 0, &v));
	forge_before_auth(p);
	for (unsigned i = 0; i < 2; i++) {
		state_is(p, i, 0, "half-open");
		ck_assert(ike_sa_view(p->side[i].ike, 0, &v));
		ck_assert(v.soft_at == LS_NEVER && v.hard_at == LS_NEVER && v.children == 0);
		ck_assert_uint_eq(v.tunnel, i ? 0 : 1);
	}
	ck_assert(ike_half_open(p->side[0].ike) == 0 && ike_half_open(p->side[1].ike) == 1);
	pair_pass(p, LS_S(2));
	state_is(p, 0, 0, "established");
	ck_assert_uint_eq(ike_half_open(p->side[1].ike), 0);
	p->now += LS_S(28800 - 100);
	ike_tick(p->side[0].ike, p->now);
	ck_assert(ike_sa_view(p->side[0].ike, 1, &v));
	ck_assert_str_eq(v.state, "rekeying");
	pair_cross(p);
	pair_deliver_one(p);
	/* B's old one waits for its Delete, the new one is in front of it. */
	state_is(p, 1, 1, "rekeying");
	pair_run(p);
	state_is(p, 0, 0, "established");
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	state_is(p, 0, 0, "deleting");
	pair_free(p);
}
END_TEST

START_TEST(fields)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = pair_new_nat(true, false);
		struct ike_sa_view v;
		char text[64];

		pair_up(p);
		pair_pass(p, LS_S(7));
		ck_assert(ike_sa_view(p->side[side].ike, 0, &v));
		ck_assert_uint_eq(v.tunnel, side + 1);
		ck_assert_int_eq(v.version, IKE_V2);
		ck_assert(v.initiator == (side == 0) && v.nat_local == (side == 0) &&
		          v.nat_remote == (side == 1) && v.fragmentation);
		ck_assert(v.encr == ALGO_AES256_GCM && v.prf == ALGO_PRF_SHA384 &&
		          v.integ == ALGO_NONE && v.ke == ALGO_X25519);
		ck_assert_str_eq(ike_identity_text(&v.peer_id, text, sizeof text),
		                 side ? "a.example" : "b.example");
		ck_assert_int_eq(v.born, LS_S(1000));
		ck_assert_int_eq(v.last_heard, LS_S(1000));
		ck_assert_int_eq(v.hard_at, LS_S(1000 + IKE_DEFAULT_LIFE_S));
		ck_assert(v.soft_at > v.born && v.soft_at < v.hard_at);
		ck_assert_uint_eq(v.children, 1);
		ck_assert_uint_eq(v.remote.port, side ? 14500 : 4500);
		ck_assert_uint_eq(v.spi_i, forge_sa(p, 1 - side)->spi_i);
		ck_assert_uint_eq(v.spi_r, forge_sa(p, 1 - side)->spi_r);
		pair_free(p);
	}
}
END_TEST

/* With CBC there are keys of both kinds; before there are any there are none. */
START_TEST(keys_of_cbc)
{
	struct pair *p = pair_new();
	struct ike_debug_keys k;

	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.ike_count = 1;
		c.ike[0] =
			pair_ike_proposal(ALGO_AES128, ALGO_SHA256, ALGO_PRF_SHA256, ALGO_X25519);
		pair_set(p, i, &c);
	}
	ike_start(p->side[0].ike, 1, p->now);
	ck_assert(ike_debug_keys(p->side[0].ike, 0, &k));
	ck_assert(!k.sk_ei.p && !k.sk_ar.p && k.spi_r == 0 && k.spi_i != 0);
	pair_run(p);
	ck_assert(ike_debug_keys(p->side[0].ike, 0, &k));
	ck_assert(k.encr == ALGO_AES128 && k.integ == ALGO_SHA256);
	ck_assert(k.sk_ei.len == 16 && k.sk_er.len == 16 && k.sk_ai.len == 32 && k.sk_ar.len == 32);
	ck_assert_mem_ne(k.sk_ei.p, k.sk_er.p, 16);
	ck_assert_mem_ne(k.sk_ai.p, k.sk_ar.p, 32);
	pair_free(p);
}
END_TEST

IKE_MAIN("ike view", views_and_keys, states, fields, keys_of_cbc)
