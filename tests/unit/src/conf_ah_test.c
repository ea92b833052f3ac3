/* What protects a tunnel, and proposals for AH. */
#include "ike/ike.h"
#include "src/config/config.h"
#include "tests/unit/run.h"

#include <string.h>

START_TEST(words_for_ipsec)
{
	bool ah;

	ck_assert(conf_ipsec_parse("esp", &ah) && !ah);
	ck_assert(conf_ipsec_parse("ah", &ah) && ah);
	ck_assert(!conf_ipsec_parse("", &ah));
	ck_assert(!conf_ipsec_parse("AH", &ah));
	ck_assert(!conf_ipsec_parse("ah+esp", &ah));
}
END_TEST

START_TEST(proposals)
{
	static const struct {
		const char *text;
		uint16_t algo[4];
		uint8_t count;
		bool esn, no_esn;
	} good[] = {
		{"sha256", {ALGO_SHA256}, 1, true, true},
		{"sha384-sha256", {ALGO_SHA384, ALGO_SHA256}, 2, true, true},
		{"sha256-x25519-ecp256", {ALGO_SHA256, ALGO_X25519, ALGO_ECP256}, 3, true, true},
		{"sha1-noesn", {ALGO_SHA1}, 1, false, true},
		{"esn-aescmac", {ALGO_AESCMAC}, 1, true, false},
		{"aes256-gmac", {ALGO_AUTH_AES256_GMAC}, 1, true, true},
		{"aes128-gmac-aesxcbc-esn-noesn",
	         {ALGO_AUTH_AES128_GMAC, ALGO_AESXCBC},
	         2,
	         true,
	         true},
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct ike_proposal p;
		char error[200];

		ck_assert_msg(conf_ah_parse(good[i].text, &p, error, sizeof error), "%s: %s",
		              good[i].text, error);
		ck_assert_uint_eq(p.count, good[i].count);
		ck_assert_mem_eq(p.algo, good[i].algo, p.count * sizeof p.algo[0]);
		ck_assert(p.esn == good[i].esn && p.no_esn == good[i].no_esn);
	}
}
END_TEST

START_TEST(mistakes)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{"", "no integrity"},
		{"x25519", "no integrity"},
		{"esn", "no integrity"},
		{"aes256-sha256", "begins with no algorithm"},
		{"aes256-gcm", "begins with no algorithm"},
		{"null-sha256", "begins with no algorithm"},
		{"sha256-prf-sha256", "'prf-sha256': begins"},
		{"sha25", "begins with no algorithm"},
		{"sha2566", "begins with no algorithm"},
		{"-sha256", "begins with no algorithm"},
		{"sha256-sha256-sha256-sha256-sha256-sha256-sha256-sha256-sha256-sha256-sha256-"
	         "sha256-sha256-sha256-sha256-sha256-sha256-sha256-sha256-sha256-sha256-sha256-"
	         "sha256-sha256-sha256",
	         "too many"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct ike_proposal p;
		char error[400];

		ck_assert_msg(!conf_ah_parse(bad[i].text, &p, error, sizeof error), "%s",
		              bad[i].text);
		ck_assert_msg(strstr(error, bad[i].part) != NULL, "%s: %s", bad[i].text, error);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_ah");

	tcase_add_test(tc, words_for_ipsec);
	tcase_add_test(tc, proposals);
	tcase_add_test(tc, mistakes);
	return run_cases("conf_ah", tc);
}
