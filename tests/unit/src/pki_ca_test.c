/* Tests of a CA: made once, opened whole or not at all. */
#include "tests/unit/src/pki_place.h"

static const struct pki_ca_ask good = {.name = "Bank CA", .key_type = "p256", .days = PKI_CA_DAYS};

static bool make(struct pki_ca_ask ask)
{
	ask.dir = place;
	return pki_ca_make(&ask, NOW, &error);
}

static bool opens(void)
{
	struct pki_ca ca;
	bool ok = pki_ca_open(&ca, place, LS_BYTES(NULL, 0), &error);

	if (ok)
		pki_ca_close(&ca);
	return ok;
}

START_TEST(its_files_have_their_rights)
{
	struct stat s;

	umask(0);
	GOOD(make(good));
	ck_assert_int_eq(stat(place, &s), 0);
	ck_assert_uint_eq(s.st_mode & 07777, 0700);
	ck_assert_uint_eq(place_mode(PKI_CA_KEY), 0600);
	ck_assert_uint_eq(place_mode(PKI_DB), 0600);
	ck_assert_uint_eq(place_mode(PKI_CA_CERT), 0644);
	ck_assert_uint_eq(place_mode(PKI_CA_CRL), 0644);
	GOOD(opens());
}
END_TEST

START_TEST(it_is_not_made_twice)
{
	char key[4096];

	GOOD(make(good));
	snprintf(key, sizeof key, "%.4000s", place_text(PKI_CA_KEY));
	ck_assert(!make(good));
	ERROR_HAS("there is a CA in");
	ERROR_HAS("/ca.crt");
	ck_assert_str_eq(place_text(PKI_CA_KEY), key);
}
END_TEST

static const char *const parts[] = {PKI_CA_KEY, PKI_DB, PKI_CA_CRL};

/* A key without its certificate is not overwritten either. */
START_TEST(what_an_interruption_left_is_named)
{
	GOOD(pki_dir_make(place, &error));
	place_write(parts[_i], "left");
	ck_assert(!make(good));
	ERROR_HAS(parts[_i]);
	ERROR_HAS("was interrupted");
	ck_assert_str_eq(place_text(parts[_i]), "left");
	ck_assert(!opens());
	ERROR_HAS("there is no CA in");
}
END_TEST

START_TEST(a_full_disk_leaves_nothing)
{
	ck_assert(!WHILE_FULL(_i, make(good)));
	ERROR_HAS("cannot write");
	for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++)
		ck_assert_msg(!place_has(parts[i]), "%s", parts[i]);
	ck_assert(!place_has(PKI_CA_CERT));
	GOOD(make(good));
	GOOD(opens());
}
END_TEST

static const struct {
	struct pki_ca_ask ask;
	const char *sentence;
} bad[] = {
	{{.name = "x", .key_type = "p256", .days = 0}, "0 days cannot be: give 1 to 36500"},
	{{.name = "x", .key_type = "p256", .days = PKI_DAYS_MAX + 1}, "36501 days cannot be"},
	{{.name = "x", .key_type = "dsa", .days = 1}, "there is no type of key 'dsa'"},
	{{.name = "O=", .key_type = "p256", .days = 1}, "cannot be a certificate's name"},
};

START_TEST(bad_wishes_are_refused)
{
	ck_assert(!make(bad[_i].ask));
	ERROR_HAS(bad[_i].sentence);
	ck_assert(!place_has(PKI_CA_KEY));
}
END_TEST

START_TEST(a_passphrase_is_asked_for)
{
	struct pki_ca_ask ask = good;
	struct pki_ca ca;

	ask.passphrase = LS_BYTES("sesame", 6);
	GOOD(make(ask));
	ck_assert(!opens());
	ERROR_HAS("is encrypted, and there is no passphrase for it: name the file");
	GOOD(pki_ca_open(&ca, place, LS_BYTES("sesame", 6), &error));
	pki_ca_close(&ca);
	/* Who only looks needs none. */
	GOOD(pki_ca_look(&ca, place, &error));
	ck_assert_ptr_null(ca.key);
	pki_ca_close(&ca);
}
END_TEST

START_TEST(without_a_ca_nothing_is_left)
{
	GOOD(pki_dir_make(place, &error));
	ck_assert(!opens());
	ERROR_HAS("there is no CA in");
	ERROR_HAS("make one by 'l2tpsecctl pki ca'");
	ck_assert(!place_has("lock"));
}
END_TEST

START_TEST(another_key_is_seen)
{
	struct evp_pkey_st *key = pki_key_make("p256", &error);
	struct pki_dir d;

	GOOD(make(good));
	GOOD(pki_dir_open(&d, place, true, &error));
	pki_dir_remove(&d, PKI_CA_KEY);
	GOOD(pki_key_write(&d, PKI_CA_KEY, key, LS_BYTES(NULL, 0), &error));
	pki_dir_close(&d);
	ck_assert(!opens());
	ERROR_HAS("is not the key of the certificate");
	sign_key_free(key);
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
	GOOD(make(good));
	chmod(place_file(PKI_CA_KEY), 0640);
	ck_assert(!opens());
	ERROR_HAS("chmod 600");
}
END_TEST

START_TEST(a_damaged_database_stops_everything)
{
	GOOD(make(good));
	place_write(PKI_DB, "l2tpsec-pki 1\ncrl 1\nend 1 00\n");
	ck_assert(!opens());
	ERROR_HAS("line 3 of ");
	ERROR_HAS("/issued is damaged");
	ck_assert(!place_issue("hq.example"));
	unlink(place_file(PKI_DB));
	ck_assert(!opens());
	ERROR_HAS("/issued: No such file");
}
END_TEST

START_TEST(saved_and_read_again)
{
	struct pki_ca ca;

	GOOD(make(good));
	place_open(&ca);
	ca.db.crl = 9;
	GOOD(pki_ca_save(&ca, &error));
	pki_ca_close(&ca);
	place_open(&ca);
	ck_assert_uint_eq(ca.db.crl, 9);
	pki_ca_close(&ca);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_ca");

	tcase_add_checked_fixture(tc, place_make, place_clean);
	tcase_add_test(tc, its_files_have_their_rights);
	tcase_add_test(tc, it_is_not_made_twice);
	tcase_add_loop_test(tc, what_an_interruption_left_is_named, 0,
	                    sizeof parts / sizeof parts[0]);
	/* The key fits into 245 bytes and the database, the list does not. */
	tcase_add_loop_test(tc, a_full_disk_leaves_nothing, 10, 11);
	tcase_add_loop_test(tc, a_full_disk_leaves_nothing, 245, 246);
	tcase_add_loop_test(tc, bad_wishes_are_refused, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(tc, a_passphrase_is_asked_for);
	tcase_add_test(tc, without_a_ca_nothing_is_left);
	tcase_add_test(tc, another_key_is_seen);
	tcase_add_test(tc, a_key_that_others_may_read_is_refused);
	tcase_add_test(tc, a_damaged_database_stops_everything);
	tcase_add_test(tc, saved_and_read_again);
	return run_cases("pki_ca", tc);
}
