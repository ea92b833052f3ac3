/* AH for the CHILD SAs: agreed on, rekeyed and kept over a restart as ESP is, and refused where
 * there is a NAT or the other side wants ESP. */
#include "tests/unit/ike/ike_main.h"
#include "tests/unit/ike/ike_pair.h"

enum { STATE_ROOM = 1 << 16 };

static struct pair *ah_pair(bool a, bool b, bool nat)
{
	struct pair *p = pair_new_at("10.0.0.1", "10.9.0.2", NULL);
	const bool ah[] = {a, b};

	if (nat)
		p->side[0].nat = pair_ip("203.0.113.1");
	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.ah = ah[i];
		pair_set(p, i, &c);
	}
	return p;
}

static void is_ah(const struct pair *p, enum algo_id integ, bool esn)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct pair_sa *sa = &p->side[i].sa[0];

		ck_assert_uint_eq(p->side[i].sas, 1);
		ck_assert_uint_eq(sa->child.encr, ALGO_NONE);
		ck_assert_uint_eq(sa->child.integ, integ);
		ck_assert(sa->child.esn == esn && !sa->child.udp && !sa->child.tunnel_mode);
		ck_assert_uint_eq(sa->child.keymat_in.len,
		                  algo_get(integ)->key_bytes + algo_get(integ)->salt_bytes);
		ck_assert_uint_eq(sa->child.ts_protocol, 17);
	}
	ck_assert_mem_eq(p->side[0].sa[0].in, p->side[1].sa[0].out,
	                 p->side[0].sa[0].child.keymat_in.len);
	ck_assert_mem_eq(p->side[0].sa[0].out, p->side[1].sa[0].in,
	                 p->side[0].sa[0].child.keymat_in.len);
}

START_TEST(agreed_and_rekeyed)
{
	struct pair *p = ah_pair(true, true, false);

	pair_up(p);
	is_ah(p, ALGO_SHA256, true);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t old = p->side[i].sa[0].spi_in;

		ike_child_expiring(p->side[i].ike, old, p->now);
		pair_run(p);
		is_ah(p, ALGO_SHA256, true);
		ck_assert_uint_ne(p->side[i].sa[0].spi_in, old);
		ck_assert(p->side[0].sa[0].child.replaces);
	}
	ike_stop(p->side[0].ike, 1, CAUSE_ADMIN, p->now);
	pair_run(p);
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	pair_free(p);
}
END_TEST

/* Each INTEG row that serves AH, with keys of its size. */
START_TEST(each_algorithm)
{
	size_t count;
	const struct algo *all = algo_all(&count);

	for (size_t k = 0; k < count; k++) {
		struct pair *p;

		if (all[k].kind != ALGO_KIND_INTEG || !(all[k].serves & ALGO_FOR_AH))
			continue;
		p = ah_pair(true, true, false);
		for (unsigned i = 0; i < 2; i++) {
			struct ike_peer c = pair_peer(p, i);

			c.ah = true;
			c.child_count = 1;
			c.child[0] = (struct ike_proposal){
				.count = 1, .algo = {(uint16_t)all[k].id}, .no_esn = true};
			pair_set(p, i, &c);
		}
		pair_up(p);
		is_ah(p, all[k].id, false);
		pair_free(p);
	}
}
END_TEST

START_TEST(a_nat_is_named)
{
	struct pair *p = ah_pair(true, true, true);
	const struct pair_note *down;

	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	down = pair_last(&p->side[0], IKE_REQ_DOWN);
	ck_assert_ptr_nonnull(down);
	ck_assert_uint_eq(down->cause, CAUSE_AH_NAT);
	ck_assert_str_eq(down->text, "there is a NAT before us");
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	pair_free(p);
}
END_TEST

/* The responder refuses by itself: a caller that does not know better. */
START_TEST(a_nat_is_named_by_the_responder)
{
	struct pair *p = ah_pair(false, true, true);

	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_AH_NAT));
	ck_assert_str_eq(pair_event(&p->side[1], CAUSE_AH_NAT)->text,
	                 "there is a NAT before the peer");
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	pair_free(p);
}
END_TEST

START_TEST(esp_and_ah_do_not_meet)
{
	for (unsigned side = 0; side < 2; side++) {
		struct pair *p = ah_pair(side == 0, side == 1, false);

		ike_start(p->side[0].ike, 1, p->now);
		pair_run(p);
		ck_assert_ptr_nonnull(pair_event(&p->side[1], CAUSE_IKE_NO_CHILD_PROPOSAL));
		ck_assert_uint_eq(pair_last(&p->side[0], IKE_REQ_DOWN)->cause,
		                  CAUSE_IKE_NO_CHILD_PROPOSAL);
		ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
		pair_free(p);
	}
}
END_TEST

/* From ESP to AH: the SAs of before are not what is wanted now. */
START_TEST(a_change_ends_what_was)
{
	struct pair *p = ah_pair(false, false, false);

	pair_up(p);
	for (unsigned i = 0; i < 2; i++) {
		struct ike_peer c = pair_peer(p, i);

		c.ah = true;
		pair_set(p, i, &c);
		pair_run(p);
	}
	ck_assert_uint_eq(p->side[0].sas + p->side[1].sas, 0);
	ike_start(p->side[0].ike, 1, p->now);
	pair_run(p);
	is_ah(p, ALGO_SHA256, true);
	pair_free(p);
}
END_TEST

START_TEST(saved_and_loaded)
{
	struct pair *p = ah_pair(true, true, false);
	struct pair_side *s = &p->side[0];
	uint8_t *state = malloc(STATE_ROOM);
	struct wr w = wr_make(state, STATE_ROOM);
	struct ike_peer c;

	pair_up(p);
	ck_assert(ike_save(s->ike, &w, p->now));
	ike_free(s->ike);
	s->ike = ike_new(NULL, &s->random);
	c = pair_peer(p, 0);
	c.ah = true;
	pair_set(p, 0, &c);
	ck_assert_uint_eq(ike_load(s->ike, state, w.len, p->now), CAUSE_NONE);
	free(state);
	ike_child_expiring(s->ike, s->sa[0].spi_in, p->now);
	pair_run(p);
	is_ah(p, ALGO_SHA256, true);
	ck_assert(s->sa[0].child.replaces);
	pair_free(p);
}
END_TEST

/* What no AH proposal may name. */
START_TEST(unfit_proposals_are_refused)
{
	static const struct ike_proposal bad[] = {
		{.count = 1, .algo = {ALGO_AES256_GCM}, .esn = true},
		{.count = 2, .algo = {ALGO_AES256, ALGO_SHA256}, .esn = true},
		{.count = 2, .algo = {ALGO_NULL, ALGO_SHA256}, .esn = true},
		{.count = 1, .algo = {ALGO_X25519}, .esn = true},
		{.count = 2, .algo = {ALGO_SHA256, ALGO_PRF_SHA256}, .esn = true},
		{.count = 1, .algo = {ALGO_SHA256}},
	};
	struct pair *p = ah_pair(true, true, false);
	struct ike_peer c = pair_peer(p, 0);

	c.ah = true;
	c.child_count = 1;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		c.child[0] = bad[i];
		ck_assert_uint_eq(ike_peer_set(p->side[0].ike, &c, p->now), CAUSE_IKE_BAD_PROPOSAL);
	}
	pair_free(p);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		agreed_and_rekeyed,     each_algorithm,
		a_nat_is_named,         a_nat_is_named_by_the_responder,
		esp_and_ah_do_not_meet, a_change_ends_what_was,
		saved_and_loaded,       unfit_proposals_are_refused,
	};

	return ike_main("ike_ah", tests, sizeof tests / sizeof tests[0]);
}
