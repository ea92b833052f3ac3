/* Tests of what is said of algorithms that are for old peers only, and of those that no library
 * here has. */
#include "esp/esp_sad.h"
#include "lib/crypto.h"
#include "src/config/conf_table.h"
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>

static struct conf conf;
static struct conf_tunnel tunnels[2];
static char said[8][CONF_PATH_MAX + CONF_ERROR_MAX];
static unsigned says;

static void say(void *context, const char *line)
{
	(void)context;
	ck_assert_uint_lt(says, 8);
	snprintf(said[says++], sizeof said[0], "%s", line);
}

static void setup(void)
{
	says = 0;
	memset(tunnels, 0, sizeof tunnels);
	conf = (struct conf){.path = "/c", .tunnels = tunnels, .tunnel_count = 2};
	strcpy(tunnels[0].name, "old");
	tunnels[0].line = 12;
	strcpy(tunnels[1].name, "new");
	tunnels[1].line = 34;
}

static void esp(struct conf_tunnel *t, const char *proposal)
{
	strcpy(t->esp.proposals[t->esp.proposal_count++], proposal);
}

START_TEST(the_old_is_named)
{
	setup();
	esp(&tunnels[0], "aes256-gcm");
	esp(&tunnels[0], "3des-md5");
	strcpy(tunnels[0].ike.proposals[0], "3des-sha256-modp2048");
	tunnels[0].ike.proposal_count = 1;
	esp(&tunnels[1], "aes256-sha256");
	strcpy(tunnels[1].ah.proposals[0], "sha256-md5");
	tunnels[1].ah.proposal_count = 1;
	conf_legacy(&conf, say, NULL);
	ck_assert_uint_eq(says, 4);
	ck_assert_str_eq(said[0],
	                 "/c:12: 'ike.proposals' of the tunnel 'old' names '3des', which is "
	                 "for old peers only (112 bits)");
	ck_assert_ptr_nonnull(strstr(said[1], "'esp.proposals' of the tunnel 'old' names '3des'"));
	ck_assert_ptr_nonnull(strstr(said[2], "names 'md5'"));
	ck_assert_ptr_nonnull(strstr(said[3], "'ah.proposals' of the tunnel 'new' names 'md5'"));
}
END_TEST

/* libsodium alone: it has one cipher, and it has that. */
START_TEST(what_is_lacking_is_named)
{
	static const struct esp_crypto_ops *const few[] = {&esp_crypto_sodium};
	struct ls_random random = ls_random_system();
	struct esp_sad *sad = esp_sad_new(1, &random);
	struct conf_errors errors = {0};

	setup();
	esp(&tunnels[0], "chacha20poly1305");
	conf_algorithms_check(&conf, sad, &errors);
	ck_assert_uint_eq(errors.count, 0);
	esp(&tunnels[1], "aes256-sha256-x25519");
	conf_algorithms_check(&conf, sad, &errors);
	ck_assert_uint_eq(errors.count, 0);
	ck_assert(esp_sad_use(sad, few, 1));
	conf_algorithms_check(&conf, sad, &errors);
	ck_assert_uint_eq(errors.count, 2);
	ck_assert_str_eq(errors.line[0],
	                 "/c:34: 'esp.proposals' of the tunnel 'new' names 'aes256', "
	                 "which no crypto library of this host has");
	ck_assert_ptr_nonnull(strstr(errors.line[1], "names 'sha256'"));
	esp_sad_free(sad);
}
END_TEST

static void bad_seal(void *engine, struct esp_crypt *c)
{
	esp_crypto_evp.seal(engine, c);
	c->pkt[c->len] ^= 1;
}

START_TEST(what_errs_is_named)
{
	struct esp_crypto_ops bad = esp_crypto_evp;
	const struct esp_crypto_ops *const list[] = {&bad};
	struct ls_random random = ls_random_system();
	struct esp_sad *sad = esp_sad_new(1, &random);
	struct conf_errors errors = {0};

	bad.seal = bad_seal;
	setup();
	esp(&tunnels[0], "aes256-gcm");
	ck_assert(esp_sad_use(sad, list, 1));
	conf_algorithms_check(&conf, sad, &errors);
	ck_assert_uint_eq(errors.count, 1);
	ck_assert_ptr_nonnull(
		strstr(errors.line[0], "which no crypto library of this host does rightly"));
	esp_sad_free(sad);
}
END_TEST

START_TEST(libraries_are_named)
{
	char text[200], cut[20];

	ck_assert(conf_libraries(text, sizeof text));
	ck_assert_ptr_nonnull(strstr(text, "openssl for "));
	ck_assert(conf_libraries(cut, sizeof cut));
	ck_assert_uint_eq(strlen(cut), sizeof cut - 1);
	ck_assert_int_eq(strncmp(cut, text, sizeof cut - 1), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	if (!crypto_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, the_old_is_named);
	tcase_add_test(tc, what_is_lacking_is_named);
	tcase_add_test(tc, what_errs_is_named);
	tcase_add_test(tc, libraries_are_named);
	return run_cases("conf_algorithms", tc);
}
