/* Tests of proposals as people write them: what is meant, what is filled in, and what is refused
 * with a sentence. */
#include "src/config/config.h"

#include "ike/ike.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ike_proposal p;
static char error[1200];

static bool has(enum algo_id id)
{
	for (uint8_t i = 0; i < p.count; i++)
		if (p.algo[i] == id)
			return true;
	return false;
}

START_TEST(names_are_found)
{
	ck_assert(conf_proposal_parse("aes256-gcm-prf-sha384-x25519", ALGO_FOR_IKE, &p, error,
	                              sizeof error));
	ck_assert_uint_eq(p.count, 3);
	ck_assert(has(ALGO_AES256_GCM) && has(ALGO_PRF_SHA384) && has(ALGO_X25519));
	ck_assert(conf_proposal_parse("aes256-aes128-sha256-modp2048-ecp256", ALGO_FOR_IKE, &p,
	                              error, sizeof error));
	ck_assert_uint_eq(p.count, 6);
	ck_assert(has(ALGO_AES256) && has(ALGO_AES128) && has(ALGO_SHA256) && has(ALGO_PRF_SHA256));
	ck_assert(has(ALGO_MODP2048) && has(ALGO_ECP256));
}
END_TEST

START_TEST(what_is_left_out_is_filled_in)
{
	ck_assert(conf_proposal_parse("aes128-gcm-ecp256", ALGO_FOR_IKE, &p, error, sizeof error));
	ck_assert(has(ALGO_PRF_SHA256) && has(ALGO_PRF_SHA384));
	ck_assert(
		conf_proposal_parse("aes128-sha1-modp2048", ALGO_FOR_IKE, &p, error, sizeof error));
	ck_assert(has(ALGO_PRF_SHA1) && !has(ALGO_PRF_SHA256));
}
END_TEST

START_TEST(child_proposals_need_no_group)
{
	ck_assert(conf_proposal_parse("chacha20poly1305", ALGO_FOR_ESP, &p, error, sizeof error));
	ck_assert(p.esn && p.no_esn);
	ck_assert(
		conf_proposal_parse("aes256-sha256-x25519", ALGO_FOR_ESP, &p, error, sizeof error));
	ck_assert_uint_eq(p.count, 3);
}
END_TEST

START_TEST(sequence_numbers_can_be_chosen)
{
	ck_assert(conf_proposal_parse("aes256-gcm-noesn", ALGO_FOR_ESP, &p, error, sizeof error));
	ck_assert(!p.esn && p.no_esn && p.count == 1);
	ck_assert(conf_proposal_parse("aes256-esn-sha256", ALGO_FOR_ESP, &p, error, sizeof error));
	ck_assert(p.esn && !p.no_esn && p.count == 2);
	ck_assert(
		conf_proposal_parse("aes256-gcm-esn-noesn", ALGO_FOR_ESP, &p, error, sizeof error));
	ck_assert(p.esn && p.no_esn);
	ck_assert(!conf_proposal_parse("noesn", ALGO_FOR_ESP, &p, error, sizeof error));
	ck_assert(!conf_proposal_parse("aes256-gcm-esnx", ALGO_FOR_ESP, &p, error, sizeof error));
	ck_assert(!conf_proposal_parse("aes256-gcm-x25519-esn", ALGO_FOR_IKE, &p, error,
	                               sizeof error));
}
END_TEST

START_TEST(nonsense_is_refused_with_a_sentence)
{
	static const char *const bad[] = {"",
	                                  "aes256",
	                                  "sha256-modp2048",
	                                  "aes256-gcm",
	                                  "aes256-gcm-sha256-x25519",
	                                  "aes256-gcm-aes128-sha256-x25519",
	                                  "aes257-gcm-x25519",
	                                  "aes256-gcm--x25519",
	                                  "aes256-gcm-x25519x",
	                                  "null-sha256-x25519",
	                                  "aes256-gcm-x25519-noesn",
	                                  "aes256-gcmx25519"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		error[0] = '\0';
		ck_assert_msg(!conf_proposal_parse(bad[i], ALGO_FOR_IKE, &p, error, sizeof error),
		              "%s", bad[i]);
		ck_assert_uint_gt(strlen(error), 10);
	}
	ck_assert(!conf_proposal_parse("aes256-sha256-prf-sha256", ALGO_FOR_ESP, &p, error,
	                               sizeof error));
}
END_TEST

START_TEST(proposals_for_ah)
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
		{"aes256gmac-aes192gmac",
	         {ALGO_AUTH_AES256_GMAC, ALGO_AUTH_AES192_GMAC},
	         2,
	         true,
	         true},
		{"aes128-gmac-aesxcbc-esn-noesn",
	         {ALGO_AUTH_AES128_GMAC, ALGO_AESXCBC},
	         2,
	         true,
	         true},
		{"sha256-sha256-x25519-sha256", {ALGO_SHA256, ALGO_X25519}, 2, true, true},
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_msg(
			conf_proposal_parse(good[i].text, ALGO_FOR_AH, &p, error, sizeof error),
			"%s: %s", good[i].text, error);
		ck_assert_uint_eq(p.count, good[i].count);
		ck_assert_mem_eq(p.algo, good[i].algo, p.count * sizeof p.algo[0]);
		ck_assert(p.esn == good[i].esn && p.no_esn == good[i].no_esn);
	}
}
END_TEST

/* As many as there is room for, and one more; a name that is there twice counts once. */
START_TEST(too_many_algorithms)
{
	size_t count, len;
	const struct algo *rows = algo_all(&count);
	char text[IKE_TRANSFORMS_MAX * 80];
	unsigned n = 1;

	len = (size_t)snprintf(text, sizeof text, "sha256-sha256");

	for (size_t i = 0; i < count && n <= IKE_TRANSFORMS_MAX; i++) {
		const struct algo *a = &rows[i];

		if (a->kind == ALGO_KIND_PRF || a->aead || a->id == ALGO_SHA256 ||
		    (a->kind != ALGO_KIND_KE && !(a->serves & ALGO_FOR_ESP)))
			continue;
		len += (size_t)snprintf(text + len, sizeof text - len, "-%s-%s", a->name, a->name);
		n++;
		ck_assert(conf_proposal_parse(text, ALGO_FOR_ESP, &p, error, sizeof error) ==
		          (n <= IKE_TRANSFORMS_MAX));
		ck_assert_uint_eq(p.count, n <= IKE_TRANSFORMS_MAX ? n : IKE_TRANSFORMS_MAX);
	}
	ck_assert_uint_eq(n, IKE_TRANSFORMS_MAX + 1);
	ck_assert_ptr_nonnull(strstr(error, "too many"));
}
END_TEST

/* Every row that serves one of the three can be named, by the name of the table and as strongSwan
 * writes it. */
START_TEST(each_transform_has_a_name)
{
	static const struct {
		unsigned use;
		const char *encr, *integ, *ke;
	} with[] = {{ALGO_FOR_ESP, "aes256", "sha256", ""},
	            {ALGO_FOR_AH, "", "", ""},
	            {ALGO_FOR_IKE, "aes256", "sha256", "-x25519"}};
	const unsigned use = with[_i].use;
	size_t count;
	const struct algo *rows = algo_all(&count);
	char text[80], bare[40];

	for (size_t i = 0; i < count; i++) {
		const struct algo *a = &rows[i];
		size_t n = 0;

		if ((a->kind != ALGO_KIND_ENCR && a->kind != ALGO_KIND_INTEG) || !(a->serves & use))
			continue;
		for (const char *c = a->name; *c; c++)
			if (*c != '-')
				bare[n++] = *c;
		bare[n] = '\0';
		for (unsigned way = 0; way < 2; way++) {
			const char *other = a->aead                      ? ""
			                    : a->kind == ALGO_KIND_INTEG ? with[_i].encr
			                                                 : with[_i].integ;

			snprintf(text, sizeof text, "%s%s%s%s", way ? bare : a->name,
			         other[0] ? "-" : "", other, with[_i].ke);
			ck_assert_msg(conf_proposal_parse(text, use, &p, error, sizeof error),
			              "%s: %s", text, error);
			ck_assert_msg(has(a->id), "%s", text);
		}
	}
}
END_TEST

START_TEST(names_of_strongswan)
{
	ck_assert(conf_proposal_parse("aes192gcm16-aes128ccm12", ALGO_FOR_ESP, &p, error,
	                              sizeof error));
	ck_assert(has(ALGO_AES192_GCM) && has(ALGO_AES128_CCM12) && p.count == 2);
	ck_assert(conf_proposal_parse("aes256gcm16-prfsha384-x25519", ALGO_FOR_IKE, &p, error,
	                              sizeof error));
	ck_assert(has(ALGO_AES256_GCM) && has(ALGO_PRF_SHA384));
	ck_assert(conf_proposal_parse("aes128-gmac", ALGO_FOR_ESP, &p, error, sizeof error));
	ck_assert(has(ALGO_AES128_GMAC) && !has(ALGO_AUTH_AES128_GMAC));
}
END_TEST

START_TEST(the_nearest_name_is_told)
{
	static const struct {
		const char *text, *said;
		unsigned use;
	} wrong[] = {
		{"aes265-gcm-x25519", "did you mean 'aes256-gcm'?", ALGO_FOR_ESP},
		{"camelia256-sha256", "did you mean 'camellia256'?", ALGO_FOR_ESP},
		{"aes256-sha265", "did you mean 'sha256'?", ALGO_FOR_ESP},
		{"aes128-ccm9", "'ccm9': begins with no algorithm", ALGO_FOR_ESP},
		{"chacha20-poly1305", "did you mean 'chacha20poly1305'?", ALGO_FOR_ESP},
		{"aes256-gcm-x25591", "did you mean 'x25519'?", ALGO_FOR_IKE},
		{"blowfish-sha1", "begins with no algorithm that fits here", ALGO_FOR_ESP},
		{"aes256-ctr-sha256-x25519", "names 'aes256-ctr', which is not for IKE",
	         ALGO_FOR_IKE},
		{"null-sha256-x25519", "names 'null', which is not for IKE", ALGO_FOR_IKE},
		{"aes128-aesxcbc-x25519", "names 'aesxcbc', which is not for IKE", ALGO_FOR_IKE},
		{"aes128-ctr", "names no integrity algorithm", ALGO_FOR_ESP},
		{"sha265", "did you mean 'sha256'?", ALGO_FOR_AH},
		{"aes265-gmac", "did you mean 'aes256-gmac'?", ALGO_FOR_AH},
		{"sha256-x25591", "did you mean 'x25519'?", ALGO_FOR_AH},
		{"aes256-sha256", "names 'aes256', which is not for AH", ALGO_FOR_AH},
		{"aes256gcm16", "names 'aes256-gcm', which is not for AH", ALGO_FOR_AH},
		{"null-sha256", "names 'null', which is not for AH", ALGO_FOR_AH},
		{"sha256-prf-sha256", "'prf-sha256': begins with no", ALGO_FOR_AH},
		{"sha2566", "did you mean 'sha256'?", ALGO_FOR_AH},
		{"-sha256", "begins with no", ALGO_FOR_AH},
		{"", "names no integrity algorithm", ALGO_FOR_AH},
		{"x25519", "names no integrity algorithm", ALGO_FOR_AH},
		{"esn", "names no integrity algorithm", ALGO_FOR_AH},
		{"aes128-gmac-sha256", "names an integrity algorithm beside", ALGO_FOR_ESP},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		ck_assert(
			!conf_proposal_parse(wrong[i].text, wrong[i].use, &p, error, sizeof error));
		ck_assert_msg(strstr(error, wrong[i].said) != NULL, "%s: %s", wrong[i].text, error);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_proposal");

	tcase_add_test(tc, names_are_found);
	tcase_add_test(tc, what_is_left_out_is_filled_in);
	tcase_add_test(tc, child_proposals_need_no_group);
	tcase_add_test(tc, sequence_numbers_can_be_chosen);
	tcase_add_test(tc, nonsense_is_refused_with_a_sentence);
	tcase_add_test(tc, proposals_for_ah);
	tcase_add_test(tc, too_many_algorithms);
	tcase_add_loop_test(tc, each_transform_has_a_name, 0, 3);
	tcase_add_test(tc, names_of_strongswan);
	tcase_add_test(tc, the_nearest_name_is_told);
	return run_cases("conf_proposal", tc);
}
