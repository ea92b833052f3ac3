/* Files of certificates and keys that a configuration names, and who proves himself how. */
#include "tests/unit/pki.h"
#include "tests/unit/src/conf_file.h"

#include "ike/ike.h"
#include "lib/crypto.h"

#include <fcntl.h>

static char dir[64];

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *out = path[turn++ % 4];

	snprintf(out, sizeof path[0], "%s/%s", dir, name);
	return out;
}

static void put(const char *name, struct ls_bytes bytes, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, bytes.p, bytes.len), (ssize_t)bytes.len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void put_text(const char *name, const char *text)
{
	put(name, LS_BYTES((const uint8_t *)text, strlen(text)), 0600);
}

static struct pki ca, own, other;

static void set_up(void)
{
	snprintf(dir, sizeof dir, "/tmp/conf_pki.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert(secret_init() && crypto_init());
	ca = pki_ca("CN=CA", NULL);
	own = pki_make(
		&(struct pki_ask){.subject = "CN=reno", .san = "DNS:reno.example", .issuer = &ca});
	other = pki_make(&(struct pki_ask){.subject = "CN=other", .issuer = &ca});
	put("own.crt", pki_cert_pem(&own), 0644);
	put("own.key", pki_key_pem(&own, NULL), 0600);
	put("ca.crt", pki_cert_pem(&ca), 0644);
	put("ca.crl", pki_crl(&ca, NULL, -1, 1), 0644);
	put_text("secrets", "users: ( { name = \"u\"; password = \"p\"; } );\n");
	put_text("conf", "gateway: { identity = \"reno.example\"; secrets = \"secrets\";\n"
	                 "certificate = \"own.crt\"; private-key = \"own.key\";\n"
	                 "ca = \"ca.crt\"; crl = [ \"ca.crl\" ];\n"
	                 "};\n"
	                 "tunnels: ( { name = \"hq\"; peer = \"192.0.2.1\"; start = \"always\"; "
	                 "user = \"u\";\n"
	                 "auth = \"certificate\"; } );\n");
}

static void tear_down(void)
{
	static const char *const all[] = {"own.crt", "own.key", "ca.crt",
	                                  "ca.crl",  "secrets", "conf"};

	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		unlink(path_of(all[i]));
	ck_assert_int_eq(rmdir(dir), 0);
	pki_free(&ca);
	pki_free(&own);
	pki_free(&other);
}

/* Whether all is well, as `l2tpsecd --check` finds it; else the first error. */
static const char *verdict(void)
{
	static char first[CONF_ERROR_MAX];

	memset(&errors, 0, sizeof errors);
	if (conf_load(path_of("conf"), &conf, &errors)) {
		conf_secrets_check(&conf, &errors);
		conf_free(&conf);
	}
	snprintf(first, sizeof first, "%s", errors.count ? errors.line[0] : "good");
	return first;
}

static void says(const char *part)
{
	const char *v = verdict();

	ck_assert_msg(strstr(v, part) != NULL, "%s: %s", part, v);
}

START_TEST(good_files_are_good)
{
	says("good");
	put("own.key", pki_key_pem(&own, "sesame"), 0600);
	says("own.key is encrypted, and there is no passphrase for it");
	put_text("secrets", "users: ( { name = \"u\"; password = \"p\"; } );\n"
	                    "keys: ( { file = \"wn.key\"; passphrase = \"sesame\"; } );\n");
	says("own.key is encrypted");
	put_text("secrets", "users: ( { name = \"u\"; password = \"p\"; } );\n"
	                    "keys: ( { file = \"own.key\"; passphrase = \"sesame\"; } );\n");
	says("good");
}
END_TEST

START_TEST(a_file_that_cannot_be_used_is_named_with_line_and_reason)
{
	put("own.crt", LS_BYTES((const uint8_t *)"x", 1), 0644);
	says("conf:2: 'certificate': ");
	says("own.crt holds no certificate in PEM or DER");
	put("own.crt", pki_cert_pem(&own), 0666);
	says("own.crt may be written by others than its owner (mode 0666): chmod 644 ");
	put("own.crt", pki_cert_pem(&own), 0644);
	put("own.key", pki_key_pem(&own, NULL), 0640);
	says("own.key may be read or written by others than its owner (mode 0640)");
	put("own.key", pki_key_pem(&other, NULL), 0600);
	says("own.key is not the key that our certificate was issued for");
	put("own.key", pki_key_pem(&own, NULL), 0600);
	put("ca.crt", pki_cert_pem(&other), 0644);
	says("ca.crt holds a certificate that is no CA's");
	put("ca.crt", pki_cert_pem(&ca), 0644);
	put("ca.crl", pki_cert_pem(&other), 0644);
	says("conf:3: 'crl': ");
	put("ca.crl", pki_crl(&ca, NULL, -1, 1), 0644);
	unlink(path_of("ca.crt"));
	says("conf:3: 'ca': cannot open ");
	put("own.crt", pki_cert_pem(&other), 0644);
	says("conf:5: the identity 'reno.example' of the tunnel 'hq' is not in our certificate, "
	     "which has: CN=other");
}
END_TEST

#define TUNNEL \
	"tunnels: ( { name = \"hq\"; peer = \"192.0.2.1\"; start = \"always\"; user = \"u\";\n"

START_TEST(words_and_what_they_need_are_checked)
{
	conf_file_refused("gateway: { identity = \"a\"; };\n" TUNNEL "auth = \"cert\"; } );", 3,
	                  "must be \"psk\" or \"certificate\" (it is \"cert\")");
	conf_file_refused("gateway: { identity = \"a\"; };\n" TUNNEL "peer-auth = [ \"x\" ]; } );",
	                  3, "'peer-auth' of the tunnel 'hq'");
	conf_file_refused("gateway: { identity = \"a\"; };\n" TUNNEL
	                  "ike: { rsa-padding = \"oaep\"; }; } );",
	                  3, "must be \"pss\" or \"pkcs1\"");
	conf_file_refused("gateway: { identity = \"a\"; };\n" TUNNEL "auth = \"certificate\"; } );",
	                  3, "'gateway' has no 'certificate'");
	conf_file_refused("gateway: { identity = \"a\"; certificate = \"c\"; };\n" TUNNEL
	                  "auth = \"certificate\"; peer-auth = \"psk\"; } );",
	                  3, "'gateway' has no 'private-key'");
	conf_file_refused("gateway: { identity = \"a\"; };\n" TUNNEL
	                  "peer-auth = \"certificate\"; } );",
	                  3, "'gateway' has no 'ca' to believe");
	conf_file_refused(
		"gateway: { identity = \"a\"; ca = \"c\"; };\n" TUNNEL
		"peer-identity = \"*.example\"; peer-auth = [ \"psk\", \"certificate\" ]; "
		"} );",
		3, "'peer-identity' must name one peer");
}
END_TEST

START_TEST(the_peer_may_what_we_do_unless_it_is_said)
{
	struct conf_tunnel t = {.auth = "psk"};

	ck_assert_uint_eq(conf_peer_auth(&t), IKE_AUTH_SET(IKE_AUTH_PSK));
	ck_assert(conf_uses_psk(&t));
	strcpy(t.auth, "certificate");
	ck_assert_uint_eq(conf_peer_auth(&t), IKE_AUTH_SET(IKE_AUTH_CERT));
	ck_assert(!conf_uses_psk(&t));
	strcpy(t.peer_auth[0], "certificate");
	strcpy(t.peer_auth[1], "psk");
	t.peer_auth_count = 2;
	ck_assert_uint_eq(conf_peer_auth(&t),
	                  IKE_AUTH_SET(IKE_AUTH_PSK) | IKE_AUTH_SET(IKE_AUTH_CERT));
	ck_assert(conf_uses_psk(&t));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf pki");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, good_files_are_good);
	tcase_add_test(tc, a_file_that_cannot_be_used_is_named_with_line_and_reason);
	tcase_add_test(tc, words_and_what_they_need_are_checked);
	tcase_add_test(tc, the_peer_may_what_we_do_unless_it_is_said);
	return run_cases("conf pki", tc);
}
