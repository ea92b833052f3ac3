/* Tests of proposals as people write them: what is meant, what is filled in, and what is refused
 * with a sentence. */
#include "src/config/config.h"

#include "ike/ike.h"
#include "tests/unit/run.h"

#include <check.h>
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

int main(void)
{
	TCase *tc = tcase_create("conf_proposal");

	tcase_add_test(tc, names_are_found);
	tcase_add_test(tc, what_is_left_out_is_filled_in);
	tcase_add_test(tc, child_proposals_need_no_group);
	tcase_add_test(tc, sequence_numbers_can_be_chosen);
	tcase_add_test(tc, nonsense_is_refused_with_a_sentence);
	return run_cases("conf_proposal", tc);
}
