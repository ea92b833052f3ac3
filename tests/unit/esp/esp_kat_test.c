/* Tests of the self-test: every row that serves ESP has an answer, every backend gives it, and one
 * that errs is found. */
#include "esp/esp_kat.h"

#include "lib/crypto.h"
#include "tests/unit/run.h"

#include <string.h>

static const struct esp_crypto_ops *const backends[] = {
	&esp_crypto_evp,
	&esp_crypto_sodium,
#ifdef HAVE_IPSEC_MB
	&esp_crypto_mb,
#endif
};

enum { BACKENDS = sizeof backends / sizeof backends[0] };

static bool is_camellia(const struct algo *a)
{
	return strncmp(a->name, "camellia", 8) == 0;
}

/* OpenSSL has all; ipsec-mb no Camellia and no CCM with 192 bits; libsodium two. */
static bool expected(const struct esp_crypto_ops *ops, const struct algo *a)
{
	if (!(a->serves & ALGO_FOR_ESP) ||
	    (a->kind != ALGO_KIND_ENCR && a->kind != ALGO_KIND_INTEG))
		return false;
	if (ops == &esp_crypto_evp)
		return true;
	if (ops == &esp_crypto_sodium)
		return a->mode == ALGO_MODE_CHACHA;
	return !is_camellia(a) && !(a->mode == ALGO_MODE_CCM && a->key_bytes == 24);
}

START_TEST(backends_give_the_known_answers)
{
	const struct esp_crypto_ops *ops = backends[_i];
	void *engine = ops->engine_new();
	size_t count;
	const struct algo *rows = algo_all(&count);

	if (!engine)
		return;
	for (size_t i = 0; i < count; i++) {
		enum esp_kat_result result = esp_kat(ops, engine, &rows[i]);

		/* libsodium has AES-256-GCM on some CPUs. */
		if (ops == &esp_crypto_sodium && rows[i].mode == ALGO_MODE_GCM)
			ck_assert_uint_ne(result, ESP_KAT_WRONG);
		else
			ck_assert_msg(
				result == (expected(ops, &rows[i]) ? ESP_KAT_RIGHT : ESP_KAT_LACKS),
				"%s by %s: %d", rows[i].name, ops->name, result);
	}
	ops->engine_free(engine);
}
END_TEST

/* A library that ciphers wrongly, writes a wrong ICV, takes what is forged, or does nothing. */
static enum fault { CIPHER, ICV, TAKES, IDLE, FAULTS } fault;

static void bad_seal(void *engine, struct esp_crypt *c)
{
	if (fault == IDLE)
		return;
	esp_crypto_evp.seal(engine, c);
	if (fault == CIPHER)
		c->pkt[c->text_at + 16] ^= 4;
	if (fault == ICV)
		c->pkt[c->len + c->icv_bytes - 1u] ^= 1;
}

static void bad_open(void *engine, struct esp_crypt *c)
{
	if (fault == IDLE)
		return;
	esp_crypto_evp.open(engine, c);
	c->ok |= fault == TAKES;
}

START_TEST(one_that_errs_is_found)
{
	struct esp_crypto_ops bad = esp_crypto_evp;
	size_t count;
	const struct algo *rows = algo_all(&count);

	fault = (enum fault)_i;
	bad.seal = bad_seal;
	bad.open = bad_open;
	for (size_t i = 0; i < count; i++)
		if (expected(&esp_crypto_evp, &rows[i]))
			ck_assert_uint_eq(esp_kat(&bad, bad.engine_new(), &rows[i]), ESP_KAT_WRONG);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, backends_give_the_known_answers, 0, BACKENDS);
	tcase_add_loop_test(tc, one_that_errs_is_found, 0, FAULTS);
	return run_cases("esp_kat", tc);
}
