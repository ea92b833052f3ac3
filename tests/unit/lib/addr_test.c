/* Tests of addresses and prefixes: text both ways, comparison, containment. */
#include "lib/addr.h"

#include "tests/unit/run.h"

#include <string.h>

START_TEST(text_both_ways)
{
	static const struct {
		const char *in;
		uint16_t port;
		const char *out;
	} good[] = {
		{"192.0.2.1", 0, "192.0.2.1"},
		{"192.0.2.1", 4500, "192.0.2.1:4500"},
		{"255.255.255.255", 65535, "255.255.255.255:65535"},
		{"2001:DB8::1", 0, "2001:db8::1"},
		{"2001:db8::1", 500, "[2001:db8::1]:500"},
		{"::", 1, "[::]:1"},
	};
	static const char *bad[] = {"",
	                            "x",
	                            "192.0.2",
	                            "192.0.2.256",
	                            "192.0.2.1 ",
	                            "192.0.2.1:5",
	                            "2001:db8::1%eth0",
	                            "example.org",
	                            "1:2:3:4:5:6:7:8:9"};
	char text[LS_ADDR_TEXT_MAX];
	struct ls_addr a = {0};

	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert(ls_addr_parse(good[i].in, &a));
		a = ls_addr_with_port(a, good[i].port);
		ck_assert_str_eq(ls_addr_text(&a, text), good[i].out);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!ls_addr_parse(bad[i], &a), "%s", bad[i]);
	a = (struct ls_addr){0};
	ck_assert_str_eq(ls_addr_text(&a, text), "none");
	ck_assert_uint_eq(ls_addr_size(&a), 0);
}
END_TEST

START_TEST(comparison)
{
	struct ls_addr a = ls_addr_v4(0xc0000201, 4500), b = ls_addr_v4(0xc0000201, 4501), six;

	ck_assert(!ls_addr_equal(&a, &b));
	ck_assert(ls_addr_same_ip(&a, &b));
	b = ls_addr_with_port(b, 4500);
	ck_assert(ls_addr_equal(&a, &b));
	ck_assert_uint_eq(ls_addr_v4_value(&a), 0xc0000201);
	ck_assert(ls_addr_parse("c000:201::", &six));
	ck_assert(!ls_addr_same_ip(&a, &six));
	ck_assert_uint_eq(ls_addr_v4_value(&six), 0);
	ck_assert_uint_eq(ls_addr_size(&six), 16);
	b = ls_addr_from_bytes(4, (const uint8_t *)"\xc0\x00\x02\x01", 4500);
	ck_assert(ls_addr_equal(&a, &b));
}
END_TEST

START_TEST(prefixes)
{
	static const struct {
		const char *prefix, *inside, *outside;
	} rows[] = {
		{"10.1.0.0/16", "10.1.255.255", "10.2.0.0"},
		{"10.1.2.3", "10.1.2.3", "10.1.2.2"},
		{"10.1.2.128/25", "10.1.2.200", "10.1.2.127"},
		{"0.0.0.0/0", "1.2.3.4", "::1"},
		{"2001:db8:4000::/34", "2001:db8:7fff::1", "2001:db8:8000::"},
		{"::/0", "2001:db8::1", "10.0.0.1"},
	};
	static const char *bad[] = {"10.1.0.1/16", "10.1.0.0/33",    "10.1.0.0/",
	                            "10.1.0.0/x",  "10.1.0.0/-1",    "10.1.0.0/16 ",
	                            "/16",         "2001:db8::/129", "2001:db8::1/64"};
	struct ls_prefix p;
	struct ls_addr a;
	char text[LS_ADDR_TEXT_MAX];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(ls_prefix_parse(rows[i].prefix, &p), "%s", rows[i].prefix);
		ck_assert(ls_addr_parse(rows[i].inside, &a));
		ck_assert(ls_prefix_contains(&p, &a));
		ck_assert(ls_addr_parse(rows[i].outside, &a));
		ck_assert(!ls_prefix_contains(&p, &a));
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!ls_prefix_parse(bad[i], &p), "%s", bad[i]);
	ck_assert(ls_prefix_parse("10.1.0.0/16", &p));
	ck_assert_str_eq(ls_prefix_text(&p, text), "10.1.0.0/16");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, text_both_ways);
	tcase_add_test(tc, comparison);
	tcase_add_test(tc, prefixes);
	return run_cases("addr", tc);
}
