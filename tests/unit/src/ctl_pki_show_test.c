/* Tests of what l2tpsecctl pki says: states, what to write at the gateway, and objects. */
#include "src/ctl/ctl_pki.h"
#include "tests/unit/src/output.h"
#include "tests/unit/src/pki_place.h"

static struct pki_ca ca;
static struct ctl_options plain, json = {.json = true};
static int64_t now_s;

static void set_up(void)
{
	struct pki_row *row;
	size_t count;

	place_make();
	place_ca();
	GOOD(place_issue("hq.example"));
	GOOD(place_issue("old.example"));
	place_open(&ca);
	GOOD(pki_renew(&ca, &(struct pki_issue_ask){.name = "hq.example", .days = PKI_GATEWAY_DAYS},
	               NOW + DAY, &row, &error));
	GOOD(pki_revoke(&ca, "old.example", "superseded", NOW, &count, &error));
	now_s = NOW;
}

static void take_down(void)
{
	pki_ca_close(&ca);
	place_clean();
}

static void table(const void *o)
{
	ctl_pki_table(o, &ca, now_s);
}

static void issued(const void *o)
{
	ctl_pki_issued(o, &ca, pki_db_current(&ca.db, "hq.example"), now_s);
}

static void made(const void *o)
{
	ctl_pki_made(o, &ca, now_s);
}

static void listed(const void *o)
{
	ctl_pki_listed(o, &ca, 1, now_s);
}

static void details(const void *o)
{
	struct x509_st *c;

	if (!pki_cert_read(&ca.dir, "hq.example-2.crt", &c, &error))
		return;
	ctl_pki_details(o, c, "hq.example-2.crt", &ca, pki_db_current(&ca.db, "hq.example"), now_s);
	ctl_pki_details(o, c, "a/file", NULL, NULL, now_s);
	cert_free(c);
}

/* A file that was lost. */
static void details_of_none(const void *o)
{
	ctl_pki_details(o, NULL, "hq.example-2.crt", &ca, pki_db_current(&ca.db, "hq.example"),
	                now_s);
}

/* The line with both texts. */
static void has_line(const char *a, const char *b)
{
	for (char *at = output, *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		if (strstr(at, a) && strstr(at, b)) {
			*end = '\n';
			return;
		}
		*end = '\n';
	}
	ck_abort_msg("no line with '%s' and '%s' in: %s", a, b, output);
}

START_TEST(the_table_has_states)
{
	output_call(table, &plain);
	has_line("CA    O=Bank, CN=Bank CA, until 2037-01-12", "");
	has_line("/ca.crl, 1 revoked", "due 2027-02-14");
	has_line("hq.example    1", "valid, renewed");
	has_line("hq.example    2", "2029-01-15  valid");
	has_line("old.example   1", "revoked 2027-01-15, superseded");
	now_s = NOW + (PKI_GATEWAY_DAYS - 1) * DAY;
	output_call(table, &plain);
	has_line("hq.example    2", "expires soon");
	has_line("list", "it is old, sign it anew");
	now_s = NOW + (PKI_GATEWAY_DAYS + 1) * DAY;
	output_call(table, &plain);
	has_line("hq.example    2", "expired");
	now_s = NOW + PKI_CA_DAYS * DAY;
	output_call(table, &plain);
	has_line("CA ", "it has ended, make another one");
}
END_TEST

START_TEST(a_list_that_lacks_some_is_told)
{
	ca.db.rows[0].revoked_s = NOW;
	strcpy(ca.db.rows[0].reason, "superseded");
	output_call(table, &plain);
	has_line("list", "it lacks some, sign it anew by 'l2tpsecctl pki crl'");
	unlink(place_file(PKI_CA_CRL));
	output_call(table, &plain);
	has_line("list", "No such file");
}
END_TEST

START_TEST(what_to_write_is_said)
{
	char line[512];

	output_call(issued, &plain);
	snprintf(line, sizeof line, "\tcertificate = \"%s/hq.example-2.crt\";", place);
	has_line(line, "");
	snprintf(line, sizeof line, "\tprivate-key = \"%s/hq.example-1.key\";", place);
	has_line(line, "");
	has_line("\tidentity = \"hq.example\";", "");
	has_line("\tauth = \"certificate\";", "");
	has_line("hq.example-1.key, as before", "");
	has_line("Copy hq.example-2.crt, hq.example-1.key, ca.crt and ca.crl", "");
	unlink(place_file("hq.example-1.key"));
	output_call(issued, &plain);
	has_line("Copy hq.example-2.crt, ca.crt and ca.crl", "");
	output_call(made, &plain);
	has_line("The CA \"O=Bank, CN=Bank CA\"", "2037-01-12");
	output_call(listed, &plain);
	has_line("1 certificate revoked. ", "has 1,");
}
END_TEST

START_TEST(details_are_of_the_file_and_of_the_database)
{
	output_call(details, &plain);
	has_line("subject     CN=hq.example", "");
	has_line("state       valid, the current one", "");
	has_line("a/file", "");
	output_call(details_of_none, &plain);
	has_line("state       valid, the current one", "");
}
END_TEST

static const struct {
	void (*run)(const void *);
	unsigned objects;
	const char *type;
} objects[] = {
	{table, 4, "ca"},  {issued, 1, "certificate"},  {made, 1, "ca"},
	{listed, 1, "ca"}, {details, 2, "certificate"}, {details_of_none, 1, "certificate"},
};

START_TEST(programs_get_an_object_a_line)
{
	unsigned n = 0;
	char *at = output, *end;

	output_call(objects[_i].run, &json);
	for (; (end = strchr(at, '\n')); at = end + 1, n++) {
		json_t *o;

		*end = '\0';
		o = json_loads(at, 0, NULL);
		ck_assert_msg(o != NULL, "%s", at);
		if (n == 0)
			ck_assert_str_eq(json_string_value(json_object_get(o, "type")),
			                 objects[_i].type);
		ck_assert_ptr_nonnull(json_object_get(o, "serial"));
		ck_assert(json_is_integer(json_object_get(o, "days_left")));
		json_decref(o);
	}
	ck_assert_uint_eq(n, objects[_i].objects);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_pki_show");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, the_table_has_states);
	tcase_add_test(tc, a_list_that_lacks_some_is_told);
	tcase_add_test(tc, what_to_write_is_said);
	tcase_add_test(tc, details_are_of_the_file_and_of_the_database);
	tcase_add_loop_test(tc, programs_get_an_object_a_line, 0,
	                    sizeof objects / sizeof objects[0]);
	return run_cases("ctl_pki_show", tc);
}
