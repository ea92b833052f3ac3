/* Tests of the backend of libsodium: its two AEADs, and nothing else. */
#include "tests/unit/esp/esp_backend.h"
#include "tests/unit/run.h"

#include <sodium/crypto_aead_aes256gcm.h>

/* Of backend_suites. */
static bool has(int suite)
{
	enum algo_id id = backend_suites[suite].encr;

	return id == ALGO_CHACHA20POLY1305 ||
	       (id == ALGO_AES256_GCM && crypto_aead_aes256gcm_is_available());
}

START_TEST(packets_are_sealed_as_lib_does)
{
	if (has(_i >> 1))
		backend_seals(&esp_crypto_sodium, _i >> 1, _i & 1);
}
END_TEST

START_TEST(packets_open_and_forgeries_do_not)
{
	if (has(_i >> 1))
		backend_opens(&esp_crypto_sodium, _i >> 1, _i & 1);
}
END_TEST

START_TEST(all_else_is_refused)
{
	void *engine = esp_crypto_sodium.engine_new();
	static struct backend_packet b;
	void *keys;

	backend_packet(&b, _i, false, 10);
	keys = esp_crypto_sodium.keys_new(engine, &b.suite, b.key, true);
	ck_assert((keys != NULL) == has(_i));
	esp_crypto_sodium.keys_free(engine, keys);
	esp_crypto_sodium.engine_free(engine);
	ck_assert_str_eq(esp_crypto_sodium.name, "libsodium");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, packets_are_sealed_as_lib_does, 0, BACKEND_SUITES * 2);
	tcase_add_loop_test(tc, packets_open_and_forgeries_do_not, 0, BACKEND_SUITES * 2);
	tcase_add_loop_test(tc, all_else_is_refused, 0, BACKEND_SUITES);
	return run_cases("esp_crypto_sodium", tc);
}
