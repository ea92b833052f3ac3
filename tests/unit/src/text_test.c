/* Control characters in texts. */
#include "src/base/text.h"

#include "tests/unit/run.h"

#include <stdio.h>

static const char *clean(const char *text, bool utf8)
{
	static char copy[64];

	snprintf(copy, sizeof copy, "%s", text);
	return text_printable(copy, utf8);
}

START_TEST(what_steers_a_terminal_goes)
{
	ck_assert_str_eq(clean("", true), "");
	ck_assert_str_eq(clean("plain ~text", true), "plain ~text");
	ck_assert_str_eq(clean("a\x1b[2Jb\tc\nd\x7f", true), "a?[2Jb?c?d?");
	/* U+009B, the eight-bit CSI. */
	ck_assert_str_eq(clean("a\xc2\x9b"
	                       "2J",
	                       true),
	                 "a??2J");
	ck_assert_str_eq(clean("a\xc2\x80\xc2\x9f", true), "a????");
}
END_TEST

START_TEST(what_does_not_stays)
{
	/* U+00A0, U+00E9, U+20AC. */
	ck_assert_str_eq(clean("\xc2\xa0 \xc3\xa9 \xe2\x82\xac", true),
	                 "\xc2\xa0 \xc3\xa9 \xe2\x82\xac");
}
END_TEST

START_TEST(bytes_that_are_no_utf8)
{
	ck_assert_str_eq(clean("a\xe9\xc2\xa0z", false), "a???z");
	ck_assert_str_eq(clean("a\xff\x1bz", false), "a??z");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, what_steers_a_terminal_goes);
	tcase_add_test(tc, what_does_not_stays);
	tcase_add_test(tc, bytes_that_are_no_utf8);
	return run_cases("text", tc);
}
