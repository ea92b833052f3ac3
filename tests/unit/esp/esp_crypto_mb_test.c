/* Tests of the backend of Intel's ipsec-mb, which collects packets and works on several at once. */
#include "tests/unit/esp/esp_backend.h"
#include "tests/unit/run.h"

#ifdef HAVE_IPSEC_MB
START_TEST(packets_are_sealed_as_lib_does)
{
	backend_seals(&esp_crypto_mb, _i >> 1, _i & 1);
}
END_TEST

START_TEST(packets_open_and_forgeries_do_not)
{
	backend_opens(&esp_crypto_mb, _i >> 1, _i & 1);
}
END_TEST

START_TEST(a_mixed_batch)
{
	backend_mixes(&esp_crypto_mb, _i);
}
END_TEST

START_TEST(impossible_keys_are_refused)
{
	backend_refuses(&esp_crypto_mb);
}
END_TEST

/* What waits in the manager when a batch ends is done by finish: never a packet less. */
START_TEST(finish_completes_what_waits)
{
	static struct backend_packet b[16];
	void *engine = esp_crypto_mb.engine_new(), *keys[16];

	for (unsigned n = 1; n <= 16; n++) {
		for (unsigned i = 0; i < n; i++) {
			backend_packet(&b[i], 4 + (int)(n % 2), false, 64);
			keys[i] = backend_keys(&esp_crypto_mb, engine, &b[i], true);
			esp_crypto_mb.seal(engine, &b[i].c);
		}
		esp_crypto_mb.finish(engine);
		for (unsigned i = 0; i < n; i++) {
			ck_assert_msg(b[i].c.ok, "packet %u of %u", i, n);
			ck_assert_mem_eq(b[i].pkt, b[i].sealed, b[i].c.len + b[i].c.icv_bytes);
			esp_crypto_mb.keys_free(engine, keys[i]);
		}
	}
	esp_crypto_mb.engine_free(engine);
	ck_assert_str_eq(esp_crypto_mb.name, "ipsec-mb");
}
END_TEST

/* Engines do not know of each other: one per thread. */
START_TEST(engines_keep_apart)
{
	static struct backend_packet b[2];
	void *engine[2], *keys[2];

	for (unsigned i = 0; i < 2; i++) {
		engine[i] = esp_crypto_mb.engine_new();
		ck_assert_ptr_nonnull(engine[i]);
		backend_packet(&b[i], 4, false, 64);
		keys[i] = backend_keys(&esp_crypto_mb, engine[i], &b[i], true);
		esp_crypto_mb.seal(engine[i], &b[i].c);
	}
	esp_crypto_mb.finish(engine[1]);
	ck_assert(b[1].c.ok);
	esp_crypto_mb.keys_free(engine[1], keys[1]);
	esp_crypto_mb.engine_free(engine[1]);
	esp_crypto_mb.finish(engine[0]);
	ck_assert(b[0].c.ok);
	ck_assert_mem_eq(b[0].pkt, b[0].sealed, b[0].c.len + b[0].c.icv_bytes);
	esp_crypto_mb.keys_free(engine[0], keys[0]);
	esp_crypto_mb.engine_free(engine[0]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("esp_crypto_mb");

	if (!secret_init() || !crypto_init())
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, packets_are_sealed_as_lib_does, 0, BACKEND_SUITES * 2);
	tcase_add_loop_test(tc, packets_open_and_forgeries_do_not, 0, BACKEND_SUITES * 2);
	tcase_add_loop_test(tc, a_mixed_batch, 0, 2);
	tcase_add_test(tc, impossible_keys_are_refused);
	tcase_add_test(tc, finish_completes_what_waits);
	tcase_add_test(tc, engines_keep_apart);
	return run_cases("esp_crypto_mb", tc);
}
#else
#include <stdio.h>

int main(void)
{
	puts("skip - ipsec-mb: this build is without it");
	return EXIT_SUCCESS;
}
#endif
