/* Tests of l2tpsecctl pki: words and options, exit statuses, and what goes where. */
#include "src/ctl/ctl_pki.h"
#include "tests/unit/src/output.h"
#include "tests/unit/src/pki_place.h"

enum { WORDS = 9 };

static char program[256];

/* Runs it with these words; a "@" is this test's directory. */
static int run(const char *const words[WORDS])
{
	const char *argv[WORDS + 4] = {output_program("l2tpsecctl", program, sizeof program)};
	unsigned n = 1;

	for (unsigned i = 0; i < WORDS && words[i]; i++)
		argv[n++] = strcmp(words[i], "@") == 0 ? place : words[i];
	return output_of(argv);
}
#define RUN(...) run((const char *const[WORDS]){__VA_ARGS__})

static const struct {
	const char *words[WORDS], *sentence;
} bad[] = {
	{{"pki"}, "usage: l2tpsecctl pki"},
	{{"pki", "isue"}, "there is no action 'isue'"},
	{{"pki", "issue"}, "whose? Name one after 'issue'"},
	{{"pki", "ca", "x"}, "too many words 'x'"},
	{{"pki", "show", "x", "y"}, "too many words 'y'"},
	{{"pki", "ca", "--wrong"}, "the option is unknown"},
	{{"pki", "ca", "--days"}, "the option is unknown, or lacks its value"},
	{{"pki", "ca", "--days", "0"}, "--days takes a number from 1 to 36500, not '0'"},
	{{"pki", "ca", "--days", "-1"}, "not '-1'"},
	{{"pki", "ca", "--days", "9 years"}, "not '9 years'"},
	{{"pki", "ca", "--days", "36501"}, "not '36501'"},
	{{"pki", "ca", "--days", "99999999999999999999"}, "--days takes"},
	{{"pki", "ca", "--san", "x"}, "pki ca: --san is not for this"},
	{{"pki", "renew", "x", "--san", "y"}, "pki renew: --san is not for this"},
	{{"pki", "show", "--days", "3"}, "pki show: --days is not for this"},
	{{"--wrong", "pki", "show"}, "the option is unknown"},
};

START_TEST(misuse_has_its_status_and_a_sentence)
{
	ck_assert_int_eq(RUN("pki", "show", "--dir", "@"), CTL_FAILED);
	ck_assert_int_eq(run(bad[_i].words), CTL_MISUSED);
	ck_assert_str_eq(output, "");
	ck_assert_msg(strstr(output_errors, bad[_i].sentence) != NULL, "%s", output_errors);
	ck_assert(access(place, F_OK) != 0);
}
END_TEST

static void says(const char *what)
{
	ck_assert_msg(strstr(output, what) != NULL, "no '%s' in: %s%s", what, output,
	              output_errors);
}

static void fails(const char *what)
{
	ck_assert_msg(strstr(output_errors, what) != NULL, "no '%s' in: %s%s", what, output,
	              output_errors);
	ck_assert_str_eq(output, "");
}

START_TEST(from_the_first_to_the_last)
{
	ck_assert_int_eq(RUN("pki", "ca", "--dir", "@", "--name", "O=Bank, CN=CA"), CTL_DONE);
	says("The CA \"O=Bank, CN=CA\" is in");
	ck_assert_int_eq(RUN("pki", "issue", "--dir", "@", "hq.example", "--san", "192.0.2.1"),
	                 CTL_DONE);
	says("\tidentity = \"hq.example\";\n\tcertificate = \"");
	says("names  hq.example,192.0.2.1");
	ck_assert_int_eq(RUN("pki", "issue", "hq.example", "--dir", "@"), CTL_FAILED);
	fails("l2tpsecctl: pki issue: 'hq.example' has a certificate already");
	ck_assert_int_eq(RUN("pki", "renew", "hq.example", "--dir", "@"), CTL_DONE);
	says("the current certificate is");
	says("hq.example-2.crt");
	says("hq.example-1.key, as before");
	ck_assert_int_eq(RUN("pki", "renew", "hq.example", "--dir", "@", "--key-type", "rsa"),
	                 CTL_FAILED);
	fails("give --new-key too");
	ck_assert_int_eq(RUN("pki", "revoke", "hq.example", "--dir", "@", "--reason", "Superseded"),
	                 CTL_DONE);
	says("2 certificates revoked. ");
	ck_assert_int_eq(RUN("pki", "crl", "--dir", "@", "--days", "5"), CTL_DONE);
	says("/ca.crl has 2,");
	ck_assert_int_eq(RUN("pki", "show", "--dir", "@"), CTL_DONE);
	says("superseded");
	ck_assert_int_eq(RUN("pki", "show", "hq.example", "--dir", "@"), CTL_DONE);
	says("ECDSA P-256");
	ck_assert_int_eq(RUN("pki", "show", place_file("ca.crt")), CTL_DONE);
	says("subject     O=Bank, CN=CA");
	ck_assert_int_eq(RUN("pki", "show", "other.example", "--dir", "@"), CTL_FAILED);
	fails("and there is no such file");
	ck_assert_int_eq(RUN("pki", "show", place_file("issued")), CTL_FAILED);
	fails("holds no certificate");
}
END_TEST

START_TEST(a_passphrase_comes_from_a_file)
{
	GOOD(pki_dir_make(place, &error));
	place_write("words", "sesame\nmore\n");
	ck_assert_int_eq(RUN("pki", "ca", "--dir", "@", "--passphrase-file", place_file("none")),
	                 CTL_FAILED);
	fails("cannot open the passphrase file");
	chmod(place_file("words"), 0644);
	ck_assert_int_eq(RUN("pki", "ca", "--dir", "@", "--passphrase-file", place_file("words")),
	                 CTL_FAILED);
	fails("chmod 600");
	chmod(place_file("words"), 0600);
	ck_assert_int_eq(RUN("pki", "ca", "--dir", "@", "--passphrase-file", place_file("words")),
	                 CTL_DONE);
	ck_assert_int_eq(RUN("pki", "issue", "x", "--dir", "@"), CTL_FAILED);
	fails("by --passphrase-file");
	place_write("words", "sesame");
	ck_assert_int_eq(
		RUN("pki", "issue", "x", "--dir", "@", "--passphrase-file", place_file("words")),
		CTL_DONE);
	place_write("words", "\n");
	ck_assert_int_eq(
		RUN("pki", "issue", "y", "--dir", "@", "--passphrase-file", place_file("words")),
		CTL_FAILED);
	fails("is empty");
}
END_TEST

START_TEST(help_is_no_mistake)
{
	ck_assert_int_eq(RUN("pki", "--help"), CTL_DONE);
	says("usage: l2tpsecctl pki ACTION");
	ck_assert_int_eq(RUN("pki", "issue", "-h"), CTL_DONE);
	says("usage: l2tpsecctl pki ACTION");
}
END_TEST

/* Its place may stand before and after. */
START_TEST(json_is_asked_for_before_or_after)
{
	ck_assert_int_eq(RUN("--json", "pki", "ca", "--dir", "@"), CTL_DONE);
	says("{\"type\":\"ca\",");
	ck_assert_int_eq(RUN("pki", "issue", "x", "--json", "--dir", "@"), CTL_DONE);
	says("{\"type\":\"certificate\",\"name\":\"x\",");
	ck_assert_int_eq(RUN("--run-dir", "pki", "--json", "pki", "show", "--dir", "@"), CTL_DONE);
	says("\"crl_number\":1");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_pki");

	tcase_add_checked_fixture(tc, place_make, place_clean);
	tcase_add_loop_test(tc, misuse_has_its_status_and_a_sentence, 0,
	                    sizeof bad / sizeof bad[0]);
	tcase_add_test(tc, from_the_first_to_the_last);
	tcase_add_test(tc, a_passphrase_comes_from_a_file);
	tcase_add_test(tc, help_is_no_mistake);
	tcase_add_test(tc, json_is_asked_for_before_or_after);
	return run_cases("ctl_pki", tc);
}
