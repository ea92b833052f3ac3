/* Tests of which library an SA gets: the first that has both algorithms and passes its self-test.
 */
#include "tests/unit/esp/esp_pair.h"
#include "tests/unit/run.h"

static void bad_seal(void *engine, struct esp_crypt *c)
{
	esp_crypto_evp.seal(engine, c);
	c->pkt[c->len] ^= 1;
}

static void *no_engine(void)
{
	return NULL;
}

static struct esp_crypto_ops bad, absent;

static struct esp_sad *sad_of(struct ls_random_seeded *seed)
{
	const struct esp_crypto_ops *const list[] = {&absent, &bad, &esp_crypto_sodium,
	                                             &esp_crypto_evp};
	struct esp_sad *sad = pair_sad(seed, 1, 1, 4);

	bad = absent = esp_crypto_evp;
	bad.name = "bad";
	bad.seal = bad_seal;
	absent.engine_new = no_engine;
	ck_assert(esp_sad_use(sad, list, 4));
	return sad;
}

START_TEST(one_that_errs_is_passed_over)
{
	struct ls_random_seeded seed;
	struct esp_sad *sad = sad_of(&seed);
	struct esp_implementation of;

	ck_assert_uint_eq(sad->backends.count, 3);
	ck_assert(esp_implementation(sad, ALGO_CHACHA20POLY1305, &of));
	ck_assert_str_eq(of.library, "libsodium");
	ck_assert_str_eq(of.wrong, "bad");
	ck_assert(esp_implementation(sad, ALGO_AES128, &of));
	ck_assert_str_eq(of.library, "openssl");
	ck_assert_str_eq(of.wrong, "bad");
	ck_assert(!esp_implementation(sad, ALGO_AUTH_AES128_GMAC, &of));
	ck_assert(!esp_implementation(sad, ALGO_X25519, &of));
	ck_assert(!esp_implementation(sad, ALGO_NONE, &of));
	esp_sad_free(sad);
}
END_TEST

START_TEST(sas_get_the_first_that_is_right)
{
	static const struct {
		enum algo_id encr, integ;
		const char *library;
	} want[] = {
		{ALGO_CHACHA20POLY1305, ALGO_NONE, "libsodium"},
		{ALGO_CHACHA20POLY1305_IIV, ALGO_NONE, "libsodium"},
		{ALGO_AES128_GCM, ALGO_NONE, "openssl"},
		{ALGO_AES256, ALGO_SHA256, "openssl"},
	};
	struct ls_random_seeded seed;
	struct esp_sad *sad = sad_of(&seed);
	struct esp_sa_view v;
	struct pair p;

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		struct esp_sa_params params = pair_params(&p, want[i].encr, want[i].integ, true);
		struct esp_sa *sa;

		params.direction = ESP_OUT;
		params.spi = 1000;
		ck_assert_uint_eq(esp_sa_add(sad, &params, 0, &sa), CAUSE_NONE);
		esp_sa_view(sa, &v);
		ck_assert_str_eq(v.library, want[i].library);
		ck_assert_str_eq(v.instructions, "");
		esp_sa_end(sad, sa);
	}
	esp_sad_free(sad);
}
END_TEST

START_TEST(without_any_an_sa_is_refused)
{
	static const struct esp_crypto_ops *const few[] = {&esp_crypto_sodium};
	struct ls_random_seeded seed;
	struct esp_sad *sad = sad_of(&seed);
	struct pair p;
	struct esp_sa_params params = pair_params(&p, ALGO_AES256, ALGO_SHA256, true);
	const struct esp_crypto_ops *const none[] = {&absent};
	struct esp_sa *sa;

	ck_assert(esp_sad_use(sad, few, 1));
	params.direction = ESP_OUT;
	params.spi = 1000;
	ck_assert_uint_eq(esp_sa_add(sad, &params, 0, &sa), CAUSE_ESP_LACKING);
	ck_assert(!esp_sad_use(sad, none, 1));
	esp_sad_free(sad);
}
END_TEST

/* What a host uses by itself: whatever there is has passed. */
START_TEST(all_is_right_here)
{
	struct ls_random_seeded seed;
	struct ls_random random = ls_random_from_seed(&seed, 1);
	struct esp_sad *sad = esp_sad_new(4, &random);
	size_t count;
	const struct algo *rows = algo_all(&count);
	struct esp_implementation of;

	for (size_t i = 0; i < count; i++) {
		if (!esp_implementation(sad, rows[i].id, &of))
			continue;
		ck_assert_ptr_nonnull(of.library);
		ck_assert_ptr_null(of.wrong);
	}
	esp_sad_free(sad);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, one_that_errs_is_passed_over);
	tcase_add_test(tc, sas_get_the_first_that_is_right);
	tcase_add_test(tc, without_any_an_sa_is_refused);
	tcase_add_test(tc, all_is_right_here);
	return run_cases("esp_backends", tc);
}
