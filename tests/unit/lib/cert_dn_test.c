/* Distinguished names: text to DER and back, and which are the same. */
#include "lib/cert.h"

#include "tests/unit/run.h"

#include <string.h>

static struct ls_bytes dn(const char *text)
{
	static uint8_t der[2][CERT_DN_MAX];
	static unsigned turn;
	uint8_t *out = der[turn++ % 2];

	return LS_BYTES(out, cert_dn_parse(text, out));
}

static const char *back(const char *text)
{
	static char out[200];

	ck_assert(cert_dn_text(dn(text), out, sizeof out));
	return out;
}

START_TEST(a_name_survives_the_way_to_der_and_back)
{
	ck_assert_str_eq(back("C=US, O=Bank, CN=reno"), "C=US, O=Bank, CN=reno");
	ck_assert_str_eq(back(" C = US,O =  Bank of Reno ,CN=reno"),
	                 "C=US, O=Bank of Reno, CN=reno");
	ck_assert_str_eq(back("O=Bank\\, Inc., CN=a\\=b"), "O=Bank\\, Inc., CN=a=b");
}
END_TEST

START_TEST(what_is_no_name_is_refused)
{
	static const char *const bad[] = {"",         "reno",   "CN=",        "CN",       "=x",
	                                  "CN=a,",    "CN=a,,", "NOSUCH=a",   "CN=a+O=b", "CN=a\\",
	                                  "C=Nevada", ",CN=a",  "CN=a, CN=\\"};
	uint8_t out[CERT_DN_MAX];
	char many[600] = "CN=a";

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(cert_dn_parse(bad[i], out) == 0, "'%s'", bad[i]);
	for (unsigned i = 0; i < 30; i++)
		strcat(many, ", OU=department");
	ck_assert_uint_eq(cert_dn_parse(many, out), 0);
}
END_TEST

START_TEST(case_and_blanks_do_not_make_another_name_but_order_does)
{
	ck_assert(cert_dn_same(dn("O=Bank, CN=reno"), dn("O=BANK, CN=Reno")));
	ck_assert(!cert_dn_same(dn("O=Bank, CN=reno"), dn("CN=reno, O=Bank")));
	ck_assert(!cert_dn_same(dn("O=Bank, CN=reno"), dn("O=Bank, CN=orlando")));
	ck_assert(!cert_dn_same(dn("O=Bank"), LS_BYTES((const uint8_t *)"\x30", 1)));
}
END_TEST

START_TEST(bytes_of_strangers_come_out_printable_or_not_at_all)
{
	uint8_t der[CERT_DN_MAX];
	size_t len = cert_dn_parse("CN=AAAA", der);
	char out[16];

	der[len - 3] = '\n';
	der[len - 2] = 0xc3;
	der[len - 1] = 0x83;
	ck_assert(cert_dn_text(LS_BYTES(der, len), out, sizeof out));
	for (const char *c = out; *c; c++)
		ck_assert(*c >= 0x20 && *c < 0x7f);
	ck_assert(!cert_dn_text(LS_BYTES(der, len - 1), out, sizeof out));
	der[len - 1] = 'x'; /* no UTF-8 */
	ck_assert(!cert_dn_text(LS_BYTES(der, len), out, sizeof out));
	ck_assert(cert_dn_text(dn("CN=a name that is long"), out, sizeof out));
	ck_assert_str_eq(out, "CN=a name th...");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("cert_dn");

	tcase_add_test(tc, a_name_survives_the_way_to_der_and_back);
	tcase_add_test(tc, what_is_no_name_is_refused);
	tcase_add_test(tc, case_and_blanks_do_not_make_another_name_but_order_does);
	tcase_add_test(tc, bytes_of_strangers_come_out_printable_or_not_at_all);
	return run_cases("cert_dn", tc);
}
