/* Tests of issuing and renewing: each name once, nothing overwritten, nothing forgotten. */
#include "tests/unit/src/pki_place.h"

enum { CREW = 6, EACH = 3 };

static struct pki_ca ca;
static struct pki_row *row;

static void set_up(void)
{
	place_make();
	place_ca();
	place_open(&ca);
}

static void take_down(void)
{
	pki_ca_close(&ca);
	place_clean();
}

static struct pki_issue_ask ask(const char *name)
{
	return (struct pki_issue_ask){.name = name, .key_type = "p256", .days = PKI_GATEWAY_DAYS};
}

static bool issue(const char *name)
{
	struct pki_issue_ask a = ask(name);

	return pki_issue(&ca, &a, NOW, &row, &error);
}

static bool renew(const char *name, bool new_key)
{
	struct pki_issue_ask a = ask(name);

	a.new_key = new_key;
	return pki_renew(&ca, &a, NOW + DAY, &row, &error);
}

static void key_id(const char *file, uint8_t id[SIGN_KEY_ID_SIZE])
{
	struct x509_st *c;

	GOOD(pki_cert_read(&ca.dir, file, &c, &error));
	ck_assert(sign_key_id(cert_key(c), id));
	cert_free(c);
}

START_TEST(key_and_certificate_go_together)
{
	const char *const more[] = {"192.0.2.1", "HQ.example", "anna@x.example", NULL};
	uint8_t a[SIGN_KEY_ID_SIZE], b[SIGN_KEY_ID_SIZE];
	struct pki_issue_ask wish = ask("HQ.example");
	struct evp_pkey_st *key;

	wish.aliases = more;
	GOOD(pki_issue(&ca, &wish, NOW, &row, &error));
	ck_assert_str_eq(row->name, "hq.example");
	ck_assert_str_eq(row->names, "hq.example,192.0.2.1,anna@x.example");
	ck_assert_int_eq(row->until_s, NOW + PKI_GATEWAY_DAYS * DAY);
	ck_assert_uint_eq(place_mode("hq.example-1.key"), 0600);
	ck_assert_uint_eq(place_mode("hq.example-1.crt"), 0644);
	ck_assert_int_eq(place_judge("hq.example-1.crt", NOW, true), CAUSE_NONE);
	GOOD(pki_key_read(&ca.dir, "hq.example-1.key", LS_BYTES(NULL, 0), &key, &error));
	key_id("hq.example-1.crt", a);
	ck_assert(sign_key_id(key, b));
	ck_assert_mem_eq(a, b, sizeof a);
	sign_key_free(key);
	pki_ca_close(&ca);
	place_open(&ca);
	ck_assert_uint_eq(ca.db.count, 1);
}
END_TEST

START_TEST(a_name_is_issued_once)
{
	GOOD(issue("hq.example"));
	ck_assert(!issue("HQ.EXAMPLE"));
	ERROR_HAS("'hq.example' has a certificate already (");
	ERROR_HAS("'l2tpsecctl pki renew hq.example'");
	ck_assert_uint_eq(ca.db.count, 1);
}
END_TEST

START_TEST(a_renewal_keeps_names_and_key)
{
	uint8_t a[SIGN_KEY_ID_SIZE], b[SIGN_KEY_ID_SIZE];
	char old[8192];

	GOOD(issue("hq.example"));
	snprintf(old, sizeof old, "%.8000s", place_text("hq.example-1.crt"));
	/* The private key is at the gateway only. */
	unlink(place_file("hq.example-1.key"));
	GOOD(renew("hq.example", false));
	ck_assert_uint_eq(row->number, 2);
	ck_assert_uint_eq(row->key, 1);
	ck_assert_str_eq(row->names, "hq.example");
	ck_assert_str_eq(place_text("hq.example-1.crt"), old);
	ck_assert(!place_has("hq.example-2.key"));
	key_id("hq.example-1.crt", a);
	key_id("hq.example-2.crt", b);
	ck_assert_mem_eq(a, b, sizeof a);
	ck_assert_int_eq(place_judge("hq.example-2.crt", NOW + 2 * DAY, true), CAUSE_NONE);
}
END_TEST

START_TEST(a_renewal_with_a_new_key_keeps_the_old_one_too)
{
	uint8_t a[SIGN_KEY_ID_SIZE], b[SIGN_KEY_ID_SIZE];
	char old[8192];

	GOOD(issue("hq.example"));
	snprintf(old, sizeof old, "%.8000s", place_text("hq.example-1.key"));
	GOOD(renew("hq.example", true));
	ck_assert_uint_eq(row->number, 2);
	ck_assert_uint_eq(row->key, 2);
	ck_assert_str_eq(place_text("hq.example-1.key"), old);
	ck_assert_uint_eq(place_mode("hq.example-2.key"), 0600);
	key_id("hq.example-1.crt", a);
	key_id("hq.example-2.crt", b);
	ck_assert_mem_ne(a, b, sizeof a);
	GOOD(renew("hq.example", false));
	ck_assert_uint_eq(row->number, 3);
	ck_assert_uint_eq(row->key, 2);
}
END_TEST

START_TEST(what_is_not_there_is_not_renewed)
{
	ck_assert(!renew("hq.example", false));
	ERROR_HAS("nothing was issued for 'hq.example'");
	GOOD(issue("hq.example"));
	unlink(place_file("hq.example-1.crt"));
	ck_assert(!renew("hq.example", false));
	ERROR_HAS("/hq.example-1.crt, which has the key to go on with, is not there");
	GOOD(issue("other.example"));
	ck_assert_int_eq(link(place_file("other.example-1.crt"), place_file("hq.example-1.crt")),
	                 0);
	ck_assert(!renew("hq.example", false));
	ERROR_HAS("is not the certificate that was issued");
	GOOD(renew("hq.example", true));
}
END_TEST

static const char *const files[] = {"hq.example-1.key", "hq.example-1.crt"};

START_TEST(a_file_of_another_is_not_overwritten)
{
	place_write(files[_i], "of another");
	ck_assert(!issue("hq.example"));
	ERROR_HAS(files[_i]);
	ERROR_HAS("Move it away");
	ck_assert_str_eq(place_text(files[_i]), "of another");
	ck_assert_uint_eq(ca.db.count, 0);
	ck_assert(!place_has(files[1 - _i]));
}
END_TEST

/* Whatever does not fit: no key, no certificate, no row, and the next try succeeds. */
START_TEST(a_full_disk_leaves_nothing)
{
	ck_assert(!WHILE_FULL(_i, issue("hq.example")));
	ERROR_HAS("cannot write");
	ck_assert(!place_has("hq.example-1.key"));
	ck_assert(!place_has("hq.example-1.crt"));
	pki_ca_close(&ca);
	place_open(&ca);
	ck_assert_uint_eq(ca.db.count, 0);
	GOOD(issue("hq.example"));
}
END_TEST

START_TEST(nothing_outlives_the_ca)
{
	struct pki_issue_ask a = ask("hq.example");
	struct cert_info info;

	a.days = PKI_DAYS_MAX;
	GOOD(pki_issue(&ca, &a, NOW, &row, &error));
	cert_info_get(ca.cert, &info);
	ck_assert_int_eq(row->until_s, info.not_after);
	a.name = "late.example";
	ck_assert(!pki_issue(&ca, &a, info.not_after, &row, &error));
	ERROR_HAS("ended on 2037-01-12");
	ERROR_HAS("make another one");
	a.name = "hq.example";
	ck_assert(!pki_renew(&ca, &a, info.not_after, &row, &error));
	ERROR_HAS("ended on");
}
END_TEST

static const struct {
	const char *name, *alias, *type;
	unsigned days;
	const char *sentence;
} bad[] = {
	{"../../etc/x", NULL, "p256", 1, "is no name for a certificate"},
	{"hq.example", "a b", "p256", 1, "'a b' is no name for a certificate"},
	{"hq.example", NULL, "p256", 0, "0 days cannot be"},
	{"hq.example", NULL, "p256", PKI_DAYS_MAX + 1, "days cannot be"},
	{"hq.example", NULL, "rot13", 1, "there is no type of key 'rot13'"},
};

START_TEST(bad_wishes_are_refused)
{
	const char *const more[] = {bad[_i].alias, NULL};
	struct pki_issue_ask a = {.name = bad[_i].name,
	                          .aliases = more,
	                          .key_type = bad[_i].type,
	                          .days = bad[_i].days};

	ck_assert(!pki_issue(&ca, &a, NOW, &row, &error));
	ERROR_HAS(bad[_i].sentence);
	ck_assert_uint_eq(ca.db.count, 0);
	ck_assert(!place_has("hq.example-1.key"));
}
END_TEST

START_TEST(many_at_once_lose_nothing)
{
	pid_t pid[CREW];
	int status;

	pki_ca_close(&ca);
	for (unsigned i = 0; i < CREW; i++) {
		pid[i] = fork();
		ck_assert_int_ge(pid[i], 0);
		for (unsigned k = 0; pid[i] == 0 && k <= EACH; k++) {
			char name[32];

			if (k == EACH)
				_exit(0);
			snprintf(name, sizeof name, "g%u-%u.example", i, k);
			if (!place_issue(name))
				_exit(1);
		}
	}
	for (unsigned i = 0; i < CREW; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	place_open(&ca);
	ck_assert_uint_eq(ca.db.count, CREW * EACH);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_issue");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, key_and_certificate_go_together);
	tcase_add_test(tc, a_name_is_issued_once);
	tcase_add_test(tc, a_renewal_keeps_names_and_key);
	tcase_add_test(tc, a_renewal_with_a_new_key_keeps_the_old_one_too);
	tcase_add_test(tc, what_is_not_there_is_not_renewed);
	tcase_add_loop_test(tc, a_file_of_another_is_not_overwritten, 0, 2);
	/* not the key; the key and the database, not the certificate */
	tcase_add_loop_test(tc, a_full_disk_leaves_nothing, 10, 11);
	tcase_add_loop_test(tc, a_full_disk_leaves_nothing, 400, 401);
	tcase_add_test(tc, nothing_outlives_the_ca);
	tcase_add_loop_test(tc, bad_wishes_are_refused, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(tc, many_at_once_lose_nothing);
	return run_cases("pki_issue", tc);
}
