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
static char error[200];

static bool has(enum algo_id id)
{
	for (uint8_t i = 0; i < p.count; i++)
		if (p.algo[i] == id)
			return true;
	return false;
}

START_TEST(names_are_found)
{
	ck_assert(conf_proposal_parse("aes256-gcm-prf-sha384-x25519", false, &p, error,
	                              sizeof error));
	ck_assert_uint_eq(p.count, 3);
	ck_assert(has(ALGO_AES256_GCM) && has(ALGO_PRF_SHA384) && has(ALGO_X25519));
	ck_assert(conf_proposal_parse("aes256-aes128-sha256-modp2048-ecp256", false, &p, error,
	                              sizeof error));
	ck_assert_uint_eq(p.count, 6);
	ck_assert(has(ALGO_AES256) && has(ALGO_AES128) && has(ALGO_SHA256) && has(ALGO_PRF_SHA256));
	ck_assert(has(ALGO_MODP2048) && has(ALGO_ECP256));
}
END_TEST

START_TEST(what_is_left_out_is_filled_in)
{
	ck_assert(conf_proposal_parse("aes128-gcm-ecp256", false, &p, error, sizeof error));
	ck_assert(has(ALGO_PRF_SHA256) && has(ALGO_PRF_SHA384));
	ck_assert(conf_proposal_parse("aes128-sha1-modp2048", false, &p, error, sizeof error));
	ck_assert(has(ALGO_PRF_SHA1) && !has(ALGO_PRF_SHA256));
}
END_TEST

START_TEST(child_proposals_need_no_group)
{
	ck_assert(conf_proposal_parse("chacha20poly1305", true, &p, error, sizeof error));
	ck_assert(p.esn && p.no_esn);
	ck_assert(conf_proposal_parse("aes256-sha256-x25519", true, &p, error, sizeof error));
	ck_assert_uint_eq(p.count, 3);
}
END_TEST

START_TEST(sequence_numbers_can_be_chosen)
{
	ck_assert(conf_proposal_parse("aes256-gcm-noesn", true, &p, error, sizeof error));
	ck_assert(!p.esn && p.no_esn && p.count == 1);
	ck_assert(conf_proposal_parse("aes256-esn-sha256", true, &p, error, sizeof error));
	ck_assert(p.esn && !p.no_esn && p.count == 2);
	ck_assert(conf_proposal_parse("aes256-gcm-esn-noesn", true, &p, error, sizeof error));
	ck_assert(p.esn && p.no_esn);
	ck_assert(!conf_proposal_parse("noesn", true, &p, error, sizeof error));
	ck_assert(!conf_proposal_parse("aes256-gcm-esnx", true, &p, error, sizeof error));
	ck_assert(!conf_proposal_parse("aes256-gcm-x25519-esn", false, &p, error, sizeof error));
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
		ck_assert_msg(!conf_proposal_parse(bad[i], false, &p, error, sizeof error), "%s",
		              bad[i]);
		ck_assert_uint_gt(strlen(error), 10);
	}
	ck_assert(!conf_proposal_parse("aes256-sha256-prf-sha256", true, &p, error, sizeof error));
}
END_TEST

/* Every row that serves ESP can be named, by the name of the table and as strongSwan writes it. */
START_TEST(each_transform_has_a_name)
{
	size_t count;
	const struct algo *rows = algo_all(&count);
	char text[80], bare[40];

	for (size_t i = 0; i < count; i++) {
		const struct algo *a = &rows[i];
		size_t n = 0;

		if ((a->kind != ALGO_KIND_ENCR && a->kind != ALGO_KIND_INTEG) ||
		    !(a->serves & ALGO_FOR_ESP))
			continue;
		for (const char *c = a->name; *c; c++)
			if (*c != '-')
				bare[n++] = *c;
		bare[n] = '\0';
		for (unsigned way = 0; way < 2; way++) {
			snprintf(text, sizeof text, "%s%s%s", way ? bare : a->name,
			         a->aead ? "" : "-",
			         a->aead                      ? ""
			         : a->kind == ALGO_KIND_INTEG ? "aes256"
			                                      : "sha256");
			ck_assert_msg(conf_proposal_parse(text, true, &p, error, sizeof error),
			              "%s: %s", text, error);
			ck_assert_msg(has(a->id), "%s", text);
		}
	}
	ck_assert(conf_proposal_parse("aes192gcm16-aes128ccm12", true, &p, error, sizeof error));
	ck_assert(has(ALGO_AES192_GCM) && has(ALGO_AES128_CCM12) && p.count == 2);
	ck_assert(conf_proposal_parse("aes256gcm16-prfsha384-x25519", false, &p, error,
	                              sizeof error));
	ck_assert(has(ALGO_AES256_GCM) && has(ALGO_PRF_SHA384));
	ck_assert(conf_proposal_parse("aes128-gmac", true, &p, error, sizeof error));
	ck_assert(has(ALGO_AES128_GMAC) && !has(ALGO_AUTH_AES128_GMAC));
}
END_TEST

START_TEST(the_nearest_name_is_told)
{
	static const struct {
		const char *text, *said;
		bool child;
	} wrong[] = {
		{"aes265-gcm-x25519", "did you mean 'aes256-gcm'?", true},
		{"camelia256-sha256", "did you mean 'camellia256'?", true},
		{"aes256-sha265", "did you mean 'sha256'?", true},
		{"aes128-ccm9", "'ccm9': begins with no algorithm", true},
		{"chacha20-poly1305", "did you mean 'chacha20poly1305'?", true},
		{"aes256-gcm-x25591", "did you mean 'x25519'?", false},
		{"blowfish-sha1", "begins with no algorithm that fits here", true},
		{"aes256-ctr-sha256-x25519", "names 'aes256-ctr', which is not for IKE", false},
		{"null-sha256-x25519", "names 'null', which is not for IKE", false},
		{"aes128-aesxcbc-x25519", "names 'aesxcbc', which is not for IKE", false},
		{"aes128-ctr", "names no integrity algorithm", true},
		{"aes128-gmac-sha256", "names an integrity algorithm beside", true},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		ck_assert(!conf_proposal_parse(wrong[i].text, wrong[i].child, &p, error,
		                               sizeof error));
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
	tcase_add_test(tc, each_transform_has_a_name);
	tcase_add_test(tc, the_nearest_name_is_told);
	return run_cases("conf_proposal", tc);
}
