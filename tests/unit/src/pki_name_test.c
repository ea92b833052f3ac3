/* Tests of names: what is taken, in which form, and what is refused. */
#include "tests/unit/src/pki_place.h"

static const struct {
	const char *text;
	enum pki_name_kind kind;
	const char *kept;
} names[] = {
	{"hq.example", PKI_NAME_DNS, "hq.example"},
	{"HQ.Bank.Example", PKI_NAME_DNS, "hq.bank.example"},
	{"hq", PKI_NAME_DNS, "hq"},
	{"hq-1_a.x", PKI_NAME_DNS, "hq-1_a.x"},
	{"1hq.2x", PKI_NAME_DNS, "1hq.2x"},
	{"anna@Bank.example", PKI_NAME_EMAIL, "anna@Bank.example"},
	{"a.b+c_d-e@x", PKI_NAME_EMAIL, "a.b+c_d-e@x"},
	{"192.0.2.1", PKI_NAME_IP, "192.0.2.1"},
	{"2001:DB8:0::1", PKI_NAME_IP, "2001:db8::1"},
};

START_TEST(a_name_is_kept_in_one_form)
{
	char out[PKI_NAME_MAX];

	ck_assert_int_eq(pki_name_kind(names[_i].text), names[_i].kind);
	GOOD(pki_name_take(names[_i].text, out, sizeof out, &error));
	ck_assert_str_eq(out, names[_i].kept);
	ck_assert_int_eq(pki_name_kind(out), names[_i].kind);
}
END_TEST

static const char *const odd[] = {
	"",
	".",
	"..",
	"../x",
	"a/b",
	"/etc/passwd",
	".hidden",
	"-rf",
	"a..b",
	"a.",
	"-a.b",
	"a-.b",
	"a b",
	"a\nb",
	"*.example",
	"a,b",
	"192.0.2",
	"192.0.2.256",
	"1",
	"@x",
	"a@",
	"a@b@c",
	"../a@b.c",
	"-a@b.c",
	"a b@c",
	"\xc3\xa4.de",
	"a\x1b[2J.de",
	"CN=hq",
	"2001:db8::1/64",
	"a%b",
	"hq.123",
	"a\"b.example",
};

START_TEST(an_odd_name_is_refused_with_a_sentence)
{
	char out[PKI_NAME_MAX];

	ck_assert_int_eq(pki_name_kind(odd[_i]), PKI_NAME_NONE);
	ck_assert(!pki_name_take(odd[_i], out, sizeof out, &error));
	ERROR_HAS("is no name for a certificate: give");
}
END_TEST

START_TEST(a_name_has_its_most)
{
	char host[PKI_ALIAS_MAX + 2] = "", out[PKI_ALIAS_MAX];

	for (unsigned i = 0; i < 4; i++)
		strcat(host, "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789.x.");
	host[PKI_NAME_MAX - 1] = '\0';
	GOOD(pki_name_take(host, out, PKI_NAME_MAX, &error));
	host[PKI_NAME_MAX - 1] = 'x';
	host[PKI_NAME_MAX] = '\0';
	ck_assert(!pki_name_take(host, out, PKI_NAME_MAX, &error));
	ERROR_HAS("too long, it may have 64 characters");
	GOOD(pki_name_take(host, out, PKI_ALIAS_MAX, &error));
}
END_TEST

START_TEST(a_list_has_each_name_once)
{
	char list[PKI_NAMES_MAX] = "", name[PKI_ALIAS_MAX];
	const char *at = list;

	GOOD(pki_names_add(list, "hq.example", &error));
	GOOD(pki_names_add(list, "192.0.2.1", &error));
	GOOD(pki_names_add(list, "HQ.example", &error));
	ck_assert_str_eq(list, "hq.example,192.0.2.1");
	ck_assert(pki_names_next(&at, name));
	ck_assert_str_eq(name, "hq.example");
	ck_assert(pki_names_next(&at, name));
	ck_assert_str_eq(name, "192.0.2.1");
	ck_assert(!pki_names_next(&at, name));
}
END_TEST

START_TEST(a_list_has_its_most)
{
	char list[PKI_NAMES_MAX] = "", name[16];

	for (unsigned i = 0; i < PKI_NAMES; i++) {
		snprintf(name, sizeof name, "h%u.example", i);
		GOOD(pki_names_add(list, name, &error));
	}
	ck_assert(!pki_names_add(list, "one-more.example", &error));
	ERROR_HAS("too many names");
	GOOD(pki_names_add(list, "h3.example", &error));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_name");

	tcase_add_loop_test(tc, a_name_is_kept_in_one_form, 0, sizeof names / sizeof names[0]);
	tcase_add_loop_test(tc, an_odd_name_is_refused_with_a_sentence, 0,
	                    sizeof odd / sizeof odd[0]);
	tcase_add_test(tc, a_name_has_its_most);
	tcase_add_test(tc, a_list_has_each_name_once);
	tcase_add_test(tc, a_list_has_its_most);
	return run_cases("pki_name", tc);
}
