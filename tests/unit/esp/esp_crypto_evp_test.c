/* Tests of the backend that runs everywhere, OpenSSL's EVP. */
#include "tests/unit/esp/esp_backend.h"
#include "tests/unit/run.h"

START_TEST(packets_are_sealed_as_lib_does)
{
	backend_seals(&esp_crypto_evp, _i >> 1, _i & 1);
}
END_TEST

START_TEST(packets_open_and_forgeries_do_not)
{
	backend_opens(&esp_crypto_evp, _i >> 1, _i & 1);
}
END_TEST

START_TEST(a_mixed_batch)
{
	backend_mixes(&esp_crypto_evp, _i);
}
END_TEST

START_TEST(impossible_keys_are_refused)
{
	backend_refuses(&esp_crypto_evp);
}
END_TEST

/* One packet at a time: it is done when the call returns. */
START_TEST(nothing_is_left_for_finish)
{
	static struct backend_packet b;
	void *engine = esp_crypto_evp.engine_new(), *keys;

	backend_packet(&b, _i, true, 100);
	keys = backend_keys(&esp_crypto_evp, engine, &b, true);
	esp_crypto_evp.seal(engine, &b.c);
	ck_assert(b.c.ok);
	ck_assert_mem_eq(b.pkt, b.sealed, b.c.len + b.c.icv_bytes);
	esp_crypto_evp.keys_free(engine, keys);
	ck_assert_str_eq(esp_crypto_evp.name, "openssl");
}
END_TEST

/* A packet that is not authentic is not deciphered where the ICV can be checked before. */
START_TEST(a_forged_text_stays_ciphered)
{
	static struct backend_packet b;
	void *engine = esp_crypto_evp.engine_new(), *keys;

	backend_packet(&b, 4, false, 100);
	keys = backend_keys(&esp_crypto_evp, engine, &b, false);
	memcpy(b.pkt, b.sealed, sizeof b.pkt);
	b.pkt[b.c.len] ^= 1;
	ck_assert(!backend_try(&esp_crypto_evp, engine, &b));
	ck_assert_mem_eq(b.pkt, b.sealed, b.c.len);
	esp_crypto_evp.keys_free(engine, keys);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("esp_crypto_evp");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, packets_are_sealed_as_lib_does, 0, BACKEND_SUITES * 2);
	tcase_add_loop_test(tc, packets_open_and_forgeries_do_not, 0, BACKEND_SUITES * 2);
	tcase_add_loop_test(tc, a_mixed_batch, 0, 2);
	tcase_add_test(tc, impossible_keys_are_refused);
	tcase_add_loop_test(tc, nothing_is_left_for_finish, 0, BACKEND_SUITES);
	tcase_add_test(tc, a_forged_text_stays_ciphered);
	return run_cases("esp_crypto_evp", tc);
}
