/* Setting up: IKE_SA_INIT and IKE_AUTH between two engines, with all that may be agreed on or go wrong. */
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

int main(void)
{
	Suite *s = suite_create("ike setup");
	TCase *t = tcase_create("setup");
	SRunner *r;
	int failed;

	tcase_add_test(t, plain);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
