/* Tests of the list of revoked certificates: it is what our own daemon goes by. */
#include "tests/unit/src/pki_place.h"

static void set_up(void)
{
	place_make();
	place_ca();
	GOOD(place_issue("hq.example"));
	GOOD(place_issue("branch.example"));
}

START_TEST(what_is_on_it_is_refused_and_nothing_else)
{
	struct pki_ca ca;
	int64_t next;
	size_t count;

	ck_assert_int_eq(place_judge("hq.example-1.crt", NOW + 1, true), CAUSE_NONE);
	place_open(&ca);
	ca.db.rows[0].revoked_s = NOW;
	strcpy(ca.db.rows[0].reason, "superseded");
	GOOD(pki_crl_write(&ca.dir, &ca.db, ca.cert, ca.key, NOW, 7, &error));
	GOOD(pki_crl_info(&ca.dir, &next, &count, &error));
	ck_assert_int_eq(next, NOW + 7 * DAY);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(place_judge("hq.example-1.crt", NOW + 1, true), CAUSE_IKE_CERT_REVOKED);
	ck_assert_int_eq(place_judge("branch.example-1.crt", NOW + 1, true), CAUSE_NONE);
	ck_assert_int_eq(place_judge("branch.example-1.crt", NOW + 8 * DAY, true),
	                 CAUSE_IKE_CERT_CRL_OLD);
	ck_assert_uint_eq(place_mode(PKI_CA_CRL), 0644);
	pki_ca_close(&ca);
}
END_TEST

START_TEST(a_full_disk_leaves_the_list_of_before)
{
	struct pki_ca ca;
	int64_t next;
	size_t count;

	place_open(&ca);
	ca.db.rows[0].revoked_s = NOW;
	strcpy(ca.db.rows[0].reason, "superseded");
	ck_assert(!WHILE_FULL(64, pki_crl_write(&ca.dir, &ca.db, ca.cert, ca.key, NOW, 7, &error)));
	ERROR_HAS("cannot write");
	GOOD(pki_crl_info(&ca.dir, &next, &count, &error));
	ck_assert_uint_eq(count, 0);
	pki_ca_close(&ca);
}
END_TEST

START_TEST(one_that_cannot_be_read_says_how_to_mend_it)
{
	struct pki_ca ca;
	int64_t next;
	size_t count;

	place_open(&ca);
	place_write(PKI_CA_CRL, "no list");
	ck_assert(!pki_crl_info(&ca.dir, &next, &count, &error));
	ERROR_HAS("sign it anew by 'l2tpsecctl pki crl'");
	pki_ca_close(&ca);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_crl");

	tcase_add_checked_fixture(tc, set_up, place_clean);
	tcase_add_test(tc, what_is_on_it_is_refused_and_nothing_else);
	tcase_add_test(tc, a_full_disk_leaves_the_list_of_before);
	tcase_add_test(tc, one_that_cannot_be_read_says_how_to_mend_it);
	return run_cases("pki_crl", tc);
}
