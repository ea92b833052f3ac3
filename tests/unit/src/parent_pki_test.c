/* The parent with certificates: which files it hands to whom, what it makes of the key, and when it
 * warns. */
#include "lib/crypto.h"
#include "tests/unit/pki.h"
#include "tests/unit/src/parent_alone.h"

#include <time.h>

#define HQ "{ name = \"hq\"; " ALONE_WAITS " }"

static char path[4][128]; /* certificate, key, CA, CRL */
static struct pki ca, own;

/* PKI_NOW is not now: a certificate that ends in so many days. */
static void put(unsigned which, const char *name, struct ls_bytes bytes)
{
	char text[PKI_PEM_MAX];

	snprintf(path[which], sizeof path[which], "%s/%s", alone_dir, name);
	snprintf(text, sizeof text, "%.*s", (int)bytes.len, (const char *)bytes.p);
	alone_file(path[which], text, which == 1 ? 0600 : 0644);
}

static void own_make(int64_t days)
{
	int64_t shift = ((int64_t)time(NULL) - PKI_NOW) / PKI_DAY;

	own = pki_make(&(struct pki_ask){.subject = "CN=us",
	                                 .san = "DNS:us.example",
	                                 .issuer = &ca,
	                                 .from_day = shift - 99,
	                                 .until_day = shift + days});
	put(0, "crt", pki_cert_pem(&own));
	put(1, "key", pki_key_pem(&own, NULL));
}

static void set_up(void)
{
	char gateway[1024];

	alone_begin(HQ);
	log_open(false, LOG_LEVEL_ERROR);
	ck_assert(secret_init() && crypto_init());
	ca = pki_ca("CN=CA", NULL);
	put(2, "ca", pki_cert_pem(&ca));
	put(3, "crl", pki_crl(&ca, NULL, -1, 1));
	own_make(99);
	snprintf(gateway, sizeof gateway,
	         "certificate = \"crt\"; private-key = \"%s\"; ca = \"ca\"; crl = \"crl\";",
	         path[1]);
	alone_configure(gateway, HQ);
}

static void tear_down(void)
{
	for (unsigned i = 0; i < 4; i++)
		unlink(path[i]);
	parent_pki_free(p);
	pki_free(&own);
	pki_free(&ca);
	alone_end();
}

static void say(void *context, const char *line)
{
	snprintf(context, CONF_ERROR_MAX, "%s", line);
}

static bool told(enum ls_cause cause)
{
	return p->counters.by_cause[cause] > 0;
}

static enum parent_reload reload(char said[CONF_ERROR_MAX])
{
	said[0] = '\0';
	return parent_reload(p, say, said);
}

START_TEST(each_process_gets_the_files_that_are_its_own)
{
	static const uint8_t kinds[] = {MSG_PKI_CERTIFICATE, MSG_PKI_CA, MSG_PKI_CRL};
	static const unsigned which[] = {0, 2, 3};
	char said[CONF_ERROR_MAX];
	struct msg m;

	ck_assert_int_eq(reload(said), PARENT_RELOAD_DONE);
	alone_is_told(MSG_ROLE_IKE, MSG_TYPE_GATEWAY_SET, &m);
	for (unsigned i = 0; i < 3; i++) {
		alone_is_told(MSG_ROLE_IKE, MSG_TYPE_PKI_FILE, &m);
		ck_assert_uint_eq(m.pki_file.kind, kinds[i]);
		ck_assert_str_eq(m.pki_file.path, path[which[i]]);
	}
	alone_is_told(MSG_ROLE_IKE, MSG_TYPE_CONFIG_END, &m);
	alone_is_told(MSG_ROLE_KEYS, MSG_TYPE_GATEWAY_SET, &m);
	alone_is_told(MSG_ROLE_KEYS, MSG_TYPE_SECRETS, &m);
	alone_is_told(MSG_ROLE_KEYS, MSG_TYPE_KEY_FILE, &m);
	ck_assert_str_eq(m.key_file.path, path[1]);
	alone_is_told(MSG_ROLE_KEYS, MSG_TYPE_CONFIG_END, &m);
	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_GATEWAY_SET, &m);
	alone_is_told(MSG_ROLE_GATEWAY, MSG_TYPE_CONFIG_END, &m);
	ck_assert(!told(CAUSE_CERT_EXPIRES));
}
END_TEST

START_TEST(a_broken_certificate_is_refused_before_anything_changes)
{
	char said[CONF_ERROR_MAX];

	put(0, "crt", LS_BYTES((const uint8_t *)"broken", 6));
	ck_assert_int_eq(reload(said), PARENT_RELOAD_REFUSED);
	ck_assert_ptr_nonnull(strstr(said, "holds no certificate in PEM or DER"));
	ck_assert(told(CAUSE_PKI_REFUSED));
	for (unsigned i = 0; i < PARENT_CHILDREN; i++)
		alone_is_told_nothing(alone_roles[i]);
}
END_TEST

START_TEST(a_key_of_another_certificate_is_told)
{
	struct msg_key_file_read m = {.ok = true};
	char said[CONF_ERROR_MAX];
	uint8_t id[SIGN_KEY_ID_SIZE];

	ck_assert_int_eq(reload(said), PARENT_RELOAD_DONE);
	ck_assert(sign_key_id(own.key, id));
	m.key_id = LS_BYTES(id, sizeof id);
	parent_key_read(p, &m);
	ck_assert(!told(CAUSE_PKI_REFUSED));
	id[0] ^= 1;
	parent_key_read(p, &m);
	ck_assert(told(CAUSE_PKI_REFUSED));
}
END_TEST

START_TEST(a_certificate_that_ends_soon_is_warned_of)
{
	char said[CONF_ERROR_MAX];

	pki_free(&own);
	own_make(_i ? 20 : -1);
	ck_assert_int_eq(reload(said), PARENT_RELOAD_DONE);
	ck_assert(told(CAUSE_CERT_EXPIRES));
	ck_assert(evtimer_pending(p->certificate.timer, NULL));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("parent pki");

	if (!netns_can("parent_pki"))
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, each_process_gets_the_files_that_are_its_own);
	tcase_add_test(tc, a_broken_certificate_is_refused_before_anything_changes);
	tcase_add_test(tc, a_key_of_another_certificate_is_told);
	tcase_add_loop_test(tc, a_certificate_that_ends_soon_is_warned_of, 0, 2);
	return run_cases("parent pki", tc);
}
