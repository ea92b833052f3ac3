/* Tests of certificates: what stands in them, and that our own judgement takes them. */
#include "tests/unit/src/pki_place.h"

#include <openssl/x509v3.h>

static struct evp_pkey_st *ca_key, *key;
static struct x509_st *ca;
static struct pki_wanted wanted;

static void set_up(void)
{
	place_make();
	ca_key = pki_key_make("p256", &error);
	key = pki_key_make("ed25519", &error);
	ca = pki_cert_make(&(struct pki_wanted){.name = "O=Bank, CN=Bank CA",
	                                        .from_s = NOW,
	                                        .until_s = NOW + 100 * DAY,
	                                        .key = ca_key},
	                   &error);
	ck_assert_ptr_nonnull(ca);
	wanted = (struct pki_wanted){.name = "hq.example",
	                             .names = "hq.example,anna@x.example,192.0.2.1,2001:db8::1",
	                             .from_s = NOW,
	                             .until_s = NOW + 10 * DAY,
	                             .key = key,
	                             .issuer = ca,
	                             .issuer_key = ca_key};
}

static void take_down(void)
{
	cert_free(ca);
	sign_key_free(ca_key);
	sign_key_free(key);
	place_clean();
}

START_TEST(a_ca_is_one)
{
	struct cert_info info;

	cert_info_get(ca, &info);
	ck_assert_str_eq(info.subject, "O=Bank, CN=Bank CA");
	ck_assert_int_eq(info.not_after, NOW + 100 * DAY);
	ck_assert(cert_is_root(ca));
	ck_assert_int_eq(X509_check_ca(ca), 1);
	ck_assert_int_eq(X509_get_pathlen(ca), 0);
	ck_assert_uint_eq(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	ck_assert_ptr_nonnull(X509_get0_subject_key_id(ca));
}
END_TEST

START_TEST(a_gateways_is_taken_by_us)
{
	struct x509_st *c = pki_cert_make(&wanted, &error), *peer;
	const uint8_t ip4[] = {192, 0, 2, 1}, ip6[] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	struct trust *t = trust_new();
	size_t ca_len, len;
	uint8_t *ca_der = cert_der(ca, &ca_len), *der = cert_der(c, &len);
	struct ls_bytes chain = LS_BYTES(der, len);
	char text[TRUST_TEXT_MAX];
	const char *why;

	ck_assert_uint_eq(trust_ca_add(t, LS_BYTES(ca_der, ca_len), &why), 1);
	ck_assert_msg(trust_check(t, &chain, 1, NOW + 1, &peer, text) == CAUSE_NONE, "%s", text);
	ck_assert(cert_has_identity(peer, 2, LS_BYTES("hq.example", 10)));
	ck_assert(cert_has_identity(peer, 3, LS_BYTES("anna@x.example", 14)));
	ck_assert(cert_has_identity(peer, 1, LS_BYTES(ip4, 4)));
	ck_assert(cert_has_identity(peer, 5, LS_BYTES(ip6, 16)));
	ck_assert(!cert_has_identity(peer, 2, LS_BYTES("x.example", 9)));
	cert_free(peer);
	ck_assert_int_eq(trust_check(t, &chain, 1, NOW + 11 * DAY, &peer, text),
	                 CAUSE_IKE_CERT_EXPIRED);
	ck_assert_int_eq(X509_check_ca(c), 0);
	ck_assert_uint_eq(X509_get_key_usage(c), KU_DIGITAL_SIGNATURE);
	ck_assert_uint_eq(X509_get_extended_key_usage(c) & (XKU_SSL_SERVER | XKU_SSL_CLIENT),
	                  XKU_SSL_SERVER | XKU_SSL_CLIENT);
	ck_assert_int_eq(
		ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(c), X509_get0_subject_key_id(ca)),
		0);
	free(ca_der);
	free(der);
	trust_free(t);
	cert_free(c);
}
END_TEST

START_TEST(serials_are_long_and_never_the_same)
{
	char a[PKI_SERIAL_MAX], b[PKI_SERIAL_MAX];
	struct x509_st *x = pki_cert_make(&wanted, &error), *y = pki_cert_make(&wanted, &error);

	pki_cert_serial(x, a);
	pki_cert_serial(y, b);
	ck_assert_uint_eq(strlen(a), 2 * PKI_SERIAL_BYTES);
	ck_assert_uint_eq(strlen(b), 2 * PKI_SERIAL_BYTES);
	ck_assert_str_ne(a, b);
	cert_free(x);
	cert_free(y);
}
END_TEST

static const char *const odd[] = {
	"=",
	"CN=",
	"O=Bank, CN",
	"XX=Bank",
	"a-common-name-of-more-than-sixty-four-characters-is-too-long-for-X520",
	"",
};

START_TEST(a_name_that_is_none_is_refused)
{
	wanted.name = odd[_i];
	ck_assert_ptr_null(pki_cert_make(&wanted, &error));
	ERROR_HAS("cannot be a certificate's name: give");
}
END_TEST

START_TEST(written_and_read)
{
	struct x509_st *back;
	struct pki_dir d;

	GOOD(pki_dir_make(place, &error));
	GOOD(pki_dir_open(&d, place, true, &error));
	GOOD(pki_cert_write(&d, "a.crt", ca, &error));
	ck_assert_uint_eq(place_mode("a.crt"), 0644);
	ck_assert(!pki_cert_write(&d, "a.crt", ca, &error));
	GOOD(pki_cert_read(&d, "a.crt", &back, &error));
	ck_assert_int_eq(X509_cmp(ca, back), 0);
	cert_free(back);
	place_write("b.crt", "no certificate");
	ck_assert(!pki_cert_read(&d, "b.crt", &back, &error));
	ERROR_HAS("/b.crt holds no certificate");
	pki_dir_close(&d);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_cert");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, a_ca_is_one);
	tcase_add_test(tc, a_gateways_is_taken_by_us);
	tcase_add_test(tc, serials_are_long_and_never_the_same);
	tcase_add_loop_test(tc, a_name_that_is_none_is_refused, 0, sizeof odd / sizeof odd[0]);
	tcase_add_test(tc, written_and_read);
	return run_cases("pki_cert", tc);
}
