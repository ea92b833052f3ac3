/* Tests of numbers that libconfig would wrap round: found wherever a number may stand, and nowhere
 * else. */
#include "src/config/conf_table.h"
#include "tests/unit/src/conf_file.h"

#define TUNNEL(keys, ppp)                   \
	"gateway: { identity = \"a\"; };\n" \
	"tunnels: ( { name = \"t\"; ppp: { local = \"10.9.0.1\"; " ppp " }; " keys " } );\n"

/* libconfig takes 4294967297 for 1. */
START_TEST(numbers_that_would_wrap_round)
{
	static const char sentence[] = ":2: a number is larger than 2147483647";

	conf_file_refused(TUNNEL("metric = 4294967297;", ""), 0, sentence);
	conf_file_refused(TUNNEL("metric = 2147483648;", ""), 0, sentence);
	conf_file_refused(TUNNEL("metric = 99999999999999999999;", ""), 0, sentence);
	conf_file_refused(TUNNEL("metric = 0x100000001;", ""), 0, sentence);
	/* Not in texts and comments. */
	ck_assert_msg(
		conf_file_load("# 4294967297\n// 4294967297\n/* 4294967297 \n * 4294967297 */\n"
	                       "gateway: { identity = \"4294967297\\\" 4294967297\"; };"),
		"%s", errors.line[0]);
	ck_assert_str_eq(conf.gateway.identity, "4294967297\" 4294967297");
	conf_free(&conf);
	ck_assert(!conf_file_load("# 1\n// 2\n/* 3\n 4 */\ngateway: { identity = \"5\\n\"; };\nx = "
	                          "4294967297;\n"));
	ck_assert_ptr_nonnull(strstr(errors.line[0], ":6: "));
}
END_TEST

/* Gives the line of the first that is too large, 0 for none. The file is at its begin again. */
static unsigned first_line(const char *text)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	unsigned line = 0;

	memset(&errors, 0, sizeof errors);
	ck_assert_ptr_nonnull(f);
	conf_numbers_check(f, "x", &errors);
	ck_assert_int_eq(ftell(f), 0);
	fclose(f);
	if (errors.count > 0)
		ck_assert_int_eq(sscanf(errors.line[0], "x:%u: a number is larger", &line), 1);
	return line;
}

static const char *const fits[] = {
	"a = 2147483647;",
	"a = 0x7fffffff;",
	"a = 0X7FFFFFFF;",
	"a = 00000000000000000005;",
	"a = 9999999999L;",
	"a = 99999999999.5;",
	"a = 1e99;",
	"n4294967297 = 1;",
	"n-4294967297 = 1;",
	"_4294967297 = 1;",
	"a = \"4294967297\";",
	"a = \"\\\\\\\"4294967297\";",
	"a = \"4294967297",
	"/* 4294967297",
	"/* 4294967297 **/ a = 1;",
	"/* * / 4294967297 */",
	"# 4294967297",
	"// 4294967297 /*\na = 1;",
	"a = \"\\",
	"/",
	"-",
};

START_TEST(what_fits_or_is_no_number_passes)
{
	ck_assert_msg(first_line(fits[_i]) == 0, "%s: %s", fits[_i], errors.line[0]);
}
END_TEST

static const struct {
	const char *text;
	unsigned line;
} wraps[] = {
	{"a = 2147483648;", 1},
	{"a = -4294967297;", 1},
	{"a = 0x80000000;", 1},
	{"a = 18446744073709551617;", 1},
	{"a = 340282366920938463463374607431768211457;", 1},
	{"\n\na = [ 1,\n4294967297 ];", 4},
	{"a = \"x\ny\\\nz\"; b = 4294967297;", 3},
	{"/* 1\n2 * 3 **\n/ */ b = 4294967297;", 3},
	{"// 1\n# 2\nb = 4294967297;", 3},
	{"a = (4294967297);", 1},
	{"/**/4294967297", 1},
	{"/***/4294967297", 1},
	{"\"\"4294967297", 1},
};

START_TEST(what_would_wrap_is_found_in_its_line)
{
	ck_assert_msg(first_line(wraps[_i].text) == wraps[_i].line, "%s: %s", wraps[_i].text,
	              errors.count ? errors.line[0] : "taken");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_numbers");

	tcase_add_test(tc, numbers_that_would_wrap_round);
	tcase_add_loop_test(tc, what_fits_or_is_no_number_passes, 0, sizeof fits / sizeof fits[0]);
	tcase_add_loop_test(tc, what_would_wrap_is_found_in_its_line, 0,
	                    sizeof wraps / sizeof wraps[0]);
	return run_cases("conf_numbers", tc);
}
