/* The values of 'dscp'. */
#include "src/config/config.h"

#include "tests/unit/run.h"

START_TEST(names_of_classes)
{
	static const struct {
		const char *text;
		uint8_t dscp;
	} good[] = {{"cs0", 0},   {"cs1", 8},   {"cs6", 48},  {"cs7", 56},
	            {"af11", 10}, {"af12", 12}, {"af13", 14}, {"af21", 18},
	            {"af31", 26}, {"af43", 38}, {"ef", 46},   {"0", 0},
	            {"7", 7},     {"63", 63},   {"09", 9},    {"copy", CONF_DSCP_COPY}};
	static const char *const bad[] = {"",   "64",   "99",    "-1",   "cs8", "cs",
	                                  "af", "af10", "af14",  "af51", "EF",  "0x10",
	                                  "4 ", "100",  "copy ", "cs66", "ef1"};
	uint8_t dscp;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_msg(conf_dscp_parse(good[i].text, &dscp), "%s", good[i].text);
		ck_assert_uint_eq(dscp, good[i].dscp);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!conf_dscp_parse(bad[i], &dscp), "%s", bad[i]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_mark");

	tcase_add_test(tc, names_of_classes);
	return run_cases("conf_mark", tc);
}
