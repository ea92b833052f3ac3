/* Tests of what contradicts itself in the configuration, of values out of bounds, and of whether
 * the secrets file has what the tunnels need. */
#include "src/config/config.h"
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64], secrets_path[64];
static struct conf conf;
static struct conf_errors errors;

static void file_write(char *name, const char *text, mode_t mode)
{
	FILE *f;

	snprintf(name, sizeof path, "/tmp/conf_check_test.XXXXXX");
	f = fdopen(mkstemp(name), "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fchmod(fileno(f), mode);
	fclose(f);
}

static bool load(const char *text)
{
	bool ok;

	memset(&errors, 0, sizeof errors);
	file_write(path, text, 0644);
	ok = conf_load(path, &conf, &errors);
	unlink(path);
	return ok;
}

static void refused(const char *text, const char *sentence)
{
	ck_assert_msg(!load(text), "taken: %s", text);
	ck_assert_msg(strstr(errors.line[0], sentence) != NULL, "%s: %s", text, errors.line[0]);
	ck_assert_ptr_null(conf.tunnels);
}

#define TUNNEL(keys, ppp)                   \
	"gateway: { identity = \"a\"; };\n" \
	"tunnels: ( { name = \"t\"; ppp: { local = \"10.9.0.1\"; " ppp " }; " keys " } );\n"

START_TEST(contradictions)
{
	refused(TUNNEL("idle-timeout = 60;", ""), "which only start = \"on-demand\" can have");
	refused(TUNNEL("mtu = 500;", ""), "mtu");
	refused(TUNNEL("", "ipv4 = false; ipv6 = false;"), "carries nothing");
	refused(TUNNEL("", "remote = \"10.9.0.2\"; pool = \"10.9.0.3-10.9.0.4\";"),
	        "give one of them");
}
END_TEST

START_TEST(values_out_of_bounds)
{
	refused(TUNNEL("metric = 99999999999L;", ""), "metric");
	refused(TUNNEL("start = [ \"wait\" ];", ""), "'start' takes one value");
	refused(TUNNEL("local = \"here\";", ""), "must be an");
	refused(TUNNEL("routes = [ \"\" ];", ""), "empty");
	refused(TUNNEL("identity = \"a\\x01b\";", ""), "cannot be printed");
	refused(TUNNEL("", "dns = [ \"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\" ];"), "entries");
	refused(TUNNEL("", "pool = \"10.0.0.1\";"), "range");
	refused(TUNNEL("", "ipv6 = \"perhaps\";"), "ipv6");
}
END_TEST

/* libconfig takes 4294967297 for 1. */
START_TEST(numbers_that_would_wrap_round)
{
	static const char sentence[] = ":2: a number is larger than 2147483647";

	refused(TUNNEL("metric = 4294967297;", ""), sentence);
	refused(TUNNEL("metric = 2147483648;", ""), sentence);
	refused(TUNNEL("metric = 99999999999999999999;", ""), sentence);
	refused(TUNNEL("metric = 0x100000001;", ""), sentence);
	/* Not in texts and comments. */
	ck_assert_msg(load("# 4294967297\n// 4294967297\n/* 4294967297 \n * 4294967297 */\n"
	                   "gateway: { identity = \"4294967297\\\" 4294967297\"; };"),
	              "%s", errors.line[0]);
	ck_assert_str_eq(conf.gateway.identity, "4294967297\" 4294967297");
	conf_free(&conf);
	ck_assert(!load("# 1\n// 2\n/* 3\n 4 */\ngateway: { identity = \"5\\n\"; };\nx = "
	                "4294967297;\n"));
	ck_assert_ptr_nonnull(strstr(errors.line[0], ":6: "));
}
END_TEST

START_TEST(shapes)
{
	static const struct {
		const char *text, *sentence;
	} bad[] = {
		{"gateway = \"x\";", "'gateway' must be a group"},
		{"tunnels = { name = \"a\"; };", "'tunnels' must be a list"},
		{"tunnels = ( 1 );", "an entry of 'tunnels' must be a group"},
		{"gateway: { zzzzzzzzzz = 1; };", "unknown key 'zzzzzzzzzz' in gateway"},
	};

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(!load(bad[i].text), "taken: %s", bad[i].text);
		ck_assert_msg(strstr(errors.line[0], bad[i].sentence) != NULL, "%s",
		              errors.line[0]);
	}
}
END_TEST

START_TEST(the_list_of_mistakes_has_an_end)
{
	char text[8192] = "gateway: {\n";

	for (unsigned i = 0; i < 100; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof text - n, "  wrong%u = 1;\n%s", i, i == 99 ? "};" : "");
	}
	ck_assert(!load(text));
	ck_assert_uint_eq(errors.count, CONF_ERRORS_MAX);
}
END_TEST

/* -- the secrets that the tunnels need -- */

static bool check(const char *secrets, mode_t mode)
{
	char text[1024];
	bool ok;

	file_write(secrets_path, secrets, mode);
	snprintf(text, sizeof text,
	         "gateway: { identity = \"a\"; secrets = \"%s\"; };\n"
	         "tunnels: ( { name = \"hq\"; peer = \"h\"; start = \"always\"; user = \"reno\"; } "
	         ");\n",
	         secrets_path);
	ck_assert_msg(load(text), "%s", errors.line[0]);
	ok = conf_secrets_check(&conf, &errors);
	conf_free(&conf);
	unlink(secrets_path);
	ck_assert(ok == (errors.count == 0));
	return ok;
}

START_TEST(secrets_that_are_needed)
{
	static const char psk[] = "psks: ( { secret = \"k\"; } );\n";
	char both[200];

	snprintf(both, sizeof both, "%susers: ( { name = \"reno\"; password = \"p\"; } );\n", psk);
	ck_assert(check(both, 0600));
	ck_assert(!check(psk, 0600));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "reno"));
	ck_assert(!check("users: ( { name = \"reno\"; password = \"p\"; } );\n", 0600));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "no preshared key"));
	ck_assert(!check(both, 0644));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "chmod"));
	ck_assert(!check("psks: (", 0600));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "syntax error"));
}
END_TEST

START_TEST(secrets_out_of_bounds)
{
	static const struct {
		const char *text, *sentence;
	} bad[] = {
		{"psks = \"x\";", "must be a list"},
		{"psks: ( { secret = \"\"; } );", "must have 1 to"},
		{"users: ( { name = \"u\"; password = \"p\"; address = \"::1\"; } );",
	         "must be an IPv4 address"},
		{"users: ( { name = \"u\"; password = \"p\"; adress = \"10.0.0.1\"; } );",
	         "adress"},
		{"l2tp: ( { tunnel = \"a-name-that-is-too-long\"; secret = \"s\"; } );",
	         "must have 1 to"},
	};

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(!check(bad[i].text, 0600), "taken: %s", bad[i].text);
		ck_assert_msg(strstr(errors.line[0], bad[i].sentence) != NULL, "%s",
		              errors.line[0]);
	}
}
END_TEST

START_TEST(a_secrets_file_must_be_a_file_of_ours)
{
	char error[300];

	ck_assert_int_eq(conf_secrets_open("/dev/null", error, sizeof error), -1);
	ck_assert_ptr_nonnull(strstr(error, "no regular file"));
	if (geteuid() != 0)
		return;
	file_write(secrets_path, "", 0600);
	ck_assert_int_eq(chown(secrets_path, 12345, 0), 0);
	ck_assert_int_eq(conf_secrets_open(secrets_path, error, sizeof error), -1);
	ck_assert_ptr_nonnull(strstr(error, "12345"));
	unlink(secrets_path);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_check");

	if (!secret_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, contradictions);
	tcase_add_test(tc, values_out_of_bounds);
	tcase_add_test(tc, numbers_that_would_wrap_round);
	tcase_add_test(tc, shapes);
	tcase_add_test(tc, the_list_of_mistakes_has_an_end);
	tcase_add_test(tc, secrets_that_are_needed);
	tcase_add_test(tc, secrets_out_of_bounds);
	tcase_add_test(tc, a_secrets_file_must_be_a_file_of_ours);
	return run_cases("conf_check", tc);
}
