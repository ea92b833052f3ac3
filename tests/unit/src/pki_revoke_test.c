/* Tests of revoking: by name and by serial, in the database and in the list. */
#include "tests/unit/src/pki_place.h"

static struct pki_ca ca;
static size_t count;

static bool renew(bool new_key)
{
	struct pki_row *row;

	return pki_renew(
		&ca,
		&(struct pki_issue_ask){
			.name = "hq.example", .key_type = "p256", .days = 100, .new_key = new_key},
		NOW, &row, &error);
}

static void set_up(void)
{
	place_make();
	place_ca();
	GOOD(place_issue("hq.example"));
	GOOD(place_issue("branch.example"));
	place_open(&ca);
	GOOD(renew(false));
}

static void take_down(void)
{
	pki_ca_close(&ca);
	place_clean();
}

static bool revoked(const char *what, const char *reason)
{
	return pki_revoke(&ca, what, reason, NOW, &count, &error);
}

/* Also that of before, which is still good. */
START_TEST(a_name_is_all_of_its_certificates)
{
	GOOD(revoked("HQ.example", "keycompromise"));
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(place_judge("hq.example-1.crt", NOW, true), CAUSE_IKE_CERT_REVOKED);
	ck_assert_int_eq(place_judge("hq.example-2.crt", NOW, true), CAUSE_IKE_CERT_REVOKED);
	ck_assert_int_eq(place_judge("branch.example-1.crt", NOW, true), CAUSE_NONE);
	pki_ca_close(&ca);
	place_open(&ca);
	ck_assert_str_eq(ca.db.rows[0].reason, "keyCompromise");
	ck_assert_uint_eq(ca.db.crl, 2);
	ck_assert(!revoked("hq.example", "unspecified"));
	ERROR_HAS("is revoked already");
	ck_assert(!renew(false));
	ERROR_HAS("by --new-key");
	GOOD(renew(true));
	ck_assert_int_eq(place_judge("hq.example-3.crt", NOW, true), CAUSE_NONE);
}
END_TEST

START_TEST(a_serial_is_one)
{
	char colons[64] = "";

	for (unsigned i = 0; i < PKI_SERIAL_BYTES; i++)
		snprintf(colons + strlen(colons), sizeof colons - strlen(colons), "%s%.2s",
		         i ? ":" : "", ca.db.rows[0].serial + 2 * i);
	GOOD(revoked(colons, "superseded"));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(place_judge("hq.example-1.crt", NOW, true), CAUSE_IKE_CERT_REVOKED);
	ck_assert_int_eq(place_judge("hq.example-2.crt", NOW, true), CAUSE_NONE);
	/* Nobody has lost the key. */
	GOOD(renew(false));
}
END_TEST

START_TEST(a_lost_key_is_not_used_again)
{
	GOOD(revoked(ca.db.rows[0].serial, "keyCompromise"));
	ck_assert(!renew(false));
	ERROR_HAS("(keyCompromise)");
	GOOD(renew(true));
	GOOD(renew(false));
}
END_TEST

/* Whatever the reason: who was put out does not come back with the same key. */
START_TEST(a_revoked_current_one_gets_a_new_key)
{
	GOOD(revoked("hq.example", "superseded"));
	ck_assert(!renew(false));
	ERROR_HAS("was revoked (superseded)");
	GOOD(renew(true));
}
END_TEST

START_TEST(what_is_unknown_is_refused)
{
	ck_assert(!revoked("other.example", "unspecified"));
	ERROR_HAS("has issued nothing with the name or serial 'other.example'");
	ck_assert(!revoked("../x", "unspecified"));
	ERROR_HAS("has issued nothing");
	ck_assert(!revoked("", "unspecified"));
	ck_assert(!revoked("hq.example", "certificateHold"));
	ERROR_HAS("take unspecified, keyCompromise");
	ck_assert_uint_eq(ca.db.crl, 1);
}
END_TEST

START_TEST(a_full_disk_loses_nothing)
{
	ck_assert(!WHILE_FULL(10, revoked("branch.example", "superseded")));
	ERROR_HAS("cannot write");
	ERROR_HAS("The list does not have it yet");
	ck_assert_int_eq(place_judge("branch.example-1.crt", NOW, true), CAUSE_NONE);
	pki_ca_close(&ca);
	place_open(&ca);
	ck_assert_uint_eq(ca.db.count, 3);
	GOOD(revoked("branch.example", "superseded"));
	ck_assert_int_eq(place_judge("branch.example-1.crt", NOW, true), CAUSE_IKE_CERT_REVOKED);
}
END_TEST

/* The database has it, the list does not: it is not forgotten. */
START_TEST(a_list_that_cannot_be_written_is_signed_later)
{
	unlink(place_file(PKI_CA_CRL));
	ck_assert_int_eq(mkdir(place_file(PKI_CA_CRL), 0700), 0);
	ck_assert(!revoked("branch.example", "superseded"));
	ERROR_HAS("cannot replace");
	ERROR_HAS("The list does not have it yet");
	ck_assert_int_eq(rmdir(place_file(PKI_CA_CRL)), 0);
	pki_ca_close(&ca);
	place_open(&ca);
	ck_assert(!revoked("branch.example", "superseded"));
	ERROR_HAS("is revoked already: to sign the list anew, 'l2tpsecctl pki crl'");
	GOOD(pki_crl_renew(&ca, NOW, 5, &error));
	ck_assert_int_eq(place_judge("branch.example-1.crt", NOW, true), CAUSE_IKE_CERT_REVOKED);
}
END_TEST

START_TEST(a_list_is_signed_anew)
{
	int64_t next;
	size_t n;

	ck_assert_int_eq(place_judge("hq.example-1.crt", NOW + 40 * DAY, true),
	                 CAUSE_IKE_CERT_CRL_OLD);
	GOOD(pki_crl_renew(&ca, NOW + 39 * DAY, 5, &error));
	GOOD(pki_crl_info(&ca.dir, &next, &n, &error));
	ck_assert_int_eq(next, NOW + 44 * DAY);
	ck_assert_int_eq(place_judge("hq.example-1.crt", NOW + 40 * DAY, true), CAUSE_NONE);
	ck_assert_uint_eq(ca.db.crl, 2);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_revoke");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, a_name_is_all_of_its_certificates);
	tcase_add_test(tc, a_serial_is_one);
	tcase_add_test(tc, a_lost_key_is_not_used_again);
	tcase_add_test(tc, a_revoked_current_one_gets_a_new_key);
	tcase_add_test(tc, what_is_unknown_is_refused);
	tcase_add_test(tc, a_full_disk_loses_nothing);
	tcase_add_test(tc, a_list_that_cannot_be_written_is_signed_later);
	tcase_add_test(tc, a_list_is_signed_anew);
	return run_cases("pki_revoke", tc);
}
