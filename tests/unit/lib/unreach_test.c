/* Tests of what ICMP messages say: types and codes of both families, and the words for them. */
#include "lib/unreach.h"

#include "tests/unit/run.h"

#include <string.h>

START_TEST(types_and_codes)
{
	static const struct {
		uint8_t family, type, code;
		enum ls_unreach kind;
	} is[] = {
		{4, 3, 0, LS_UNREACH_NET},      {4, 3, 1, LS_UNREACH_HOST},
		{4, 3, 2, LS_UNREACH_PROTOCOL}, {4, 3, 3, LS_UNREACH_PORT},
		{4, 3, 4, LS_UNREACH_NONE},     {4, 3, 13, LS_UNREACH_ADMIN},
		{4, 3, 15, LS_UNREACH_ADMIN},   {4, 3, 16, LS_UNREACH_NONE},
		{4, 3, 255, LS_UNREACH_NONE},   {4, 11, 0, LS_UNREACH_NONE},
		{4, 1, 3, LS_UNREACH_NONE},     {6, 1, 0, LS_UNREACH_NET},
		{6, 1, 1, LS_UNREACH_ADMIN},    {6, 1, 3, LS_UNREACH_HOST},
		{6, 1, 4, LS_UNREACH_PORT},     {6, 1, 6, LS_UNREACH_ADMIN},
		{6, 1, 7, LS_UNREACH_NONE},     {6, 2, 0, LS_UNREACH_NONE},
		{6, 3, 1, LS_UNREACH_NONE},     {6, 4, 1, LS_UNREACH_PROTOCOL},
		{6, 4, 0, LS_UNREACH_NONE},     {0, 3, 1, LS_UNREACH_NONE},
	};

	for (unsigned i = 0; i < sizeof is / sizeof is[0]; i++)
		ck_assert_msg(ls_unreach_read(is[i].family, is[i].type, is[i].code) == is[i].kind,
		              "family %u type %u code %u", is[i].family, is[i].type, is[i].code);
}
END_TEST

START_TEST(words)
{
	ck_assert_str_eq(ls_unreach_text(LS_UNREACH_HOST), "host unreachable");
	ck_assert_str_eq(ls_unreach_text(LS_UNREACH_PORT), "port unreachable");
	for (unsigned i = 0; i < LS_UNREACH_KINDS; i++)
		ck_assert_uint_gt(strlen(ls_unreach_text(i)), 0);
	ck_assert_str_eq(ls_unreach_text(LS_UNREACH_KINDS), ls_unreach_text(LS_UNREACH_NONE));
	ck_assert_str_eq(ls_unreach_text(UINT32_MAX), ls_unreach_text(LS_UNREACH_NONE));
}
END_TEST

START_TEST(too_big)
{
	ck_assert(ls_too_big_read(4, 3, 4) && ls_too_big_read(6, 2, 0));
	ck_assert(!ls_too_big_read(4, 3, 3) && !ls_too_big_read(4, 2, 4));
	ck_assert(!ls_too_big_read(6, 3, 4) && !ls_too_big_read(6, 1, 0));
	ck_assert(!ls_too_big_read(0, 3, 4));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, types_and_codes);
	tcase_add_test(tc, words);
	tcase_add_test(tc, too_big);
	return run_cases("unreach", tc);
}
