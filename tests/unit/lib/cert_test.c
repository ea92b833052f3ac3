/* Certificates: what they say, and whose they are. */
#include "lib/cert.h"

#include "lib/crypto.h"
#include "tests/unit/pki.h"
#include "tests/unit/run.h"

static struct pki reno(void)
{
	return pki_make(&(struct pki_ask){
		.subject = "C=US, O=Bank, CN=reno",
		.serial = 0x1234,
		.san = "DNS:Reno.bank.example,DNS:*.wild.example,email:reno@bank.example,"
		       "IP:192.0.2.1,IP:2001:db8::1,URI:http://reno.example/"});
}

static bool has(const struct pki *p, unsigned type, const char *text)
{
	return cert_has_identity(p->cert, type, LS_BYTES((const uint8_t *)text, strlen(text)));
}

START_TEST(its_names_are_its_identities_and_nothing_else_is)
{
	static const uint8_t v4[] = {192, 0, 2, 1}, v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	struct pki p = reno();
	uint8_t dn[CERT_DN_MAX];
	size_t len = cert_dn_parse("C=US, O=bank, CN=RENO", dn);

	ck_assert(has(&p, 2, "reno.bank.example"));
	ck_assert(has(&p, 2, "RENO.BANK.EXAMPLE"));
	ck_assert(has(&p, 3, "reno@bank.example"));
	ck_assert(cert_has_identity(p.cert, 1, LS_BYTES(v4, 4)));
	ck_assert(cert_has_identity(p.cert, 5, LS_BYTES(v6, 16)));
	ck_assert(cert_has_identity(p.cert, 9, LS_BYTES(dn, len)));
	ck_assert(!has(&p, 3, "reno.bank.example"));
	ck_assert(!has(&p, 2, "reno@bank.example"));
	ck_assert(!has(&p, 2, "orlando.bank.example"));
	ck_assert(!has(&p, 2, "reno.bank.exampl"));
	ck_assert(!has(&p, 2, "reno")); /* a common name proves nothing */
	ck_assert(!has(&p, 2, "a.wild.example"));
	ck_assert(!has(&p, 2, "*.wild.example"));
	ck_assert(!has(&p, 2, ""));
	ck_assert(!has(&p, 11, "reno.bank.example"));
	ck_assert(!cert_has_identity(p.cert, 5, LS_BYTES(v4, 4)));
	len = cert_dn_parse("O=Bank, C=US, CN=reno", dn);
	ck_assert(!cert_has_identity(p.cert, 9, LS_BYTES(dn, len)));
	pki_free(&p);
}
END_TEST

START_TEST(it_says_who_it_is_from_whom_and_until_when)
{
	struct pki p = reno();
	struct cert_info info;
	char text[CERT_TEXT_MAX], date[16];

	cert_info_get(p.cert, &info);
	ck_assert_str_eq(info.subject, "C=US, O=Bank, CN=reno");
	ck_assert_str_eq(info.issuer, "C=US, O=Bank, CN=reno");
	ck_assert_str_eq(info.serial, "1234");
	ck_assert_int_eq(info.not_after, PKI_NOW + 365 * PKI_DAY);
	ck_assert_str_eq(cert_date(info.not_after, date), "2028-01-15");
	cert_identities(p.cert, text, sizeof text);
	ck_assert_str_eq(text, "C=US, O=Bank, CN=reno; Reno.bank.example; *.wild.example; "
	                       "reno@bank.example; 192.0.2.1; 2001:db8::1");
	ck_assert(cert_is_root(p.cert));
	pki_free(&p);
}
END_TEST

START_TEST(a_name_with_a_zero_or_odd_letters_deceives_nobody)
{
	struct pki p = pki_make(&(struct pki_ask){.subject = "CN=x"});
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();
	static const char lie[] = "reno.bank.example\0.evil.example";
	char text[CERT_TEXT_MAX];

	ASN1_STRING_set(s, lie, sizeof lie - 1);
	GENERAL_NAME_set0_value(n, GEN_DNS, s);
	sk_GENERAL_NAME_push(names, n);
	X509_add1_ext_i2d(p.cert, NID_subject_alt_name, names, 0, 0);
	GENERAL_NAMES_free(names);
	ck_assert(!has(&p, 2, "reno.bank.example"));
	ck_assert(!cert_has_identity(p.cert, 2, LS_BYTES((const uint8_t *)lie, sizeof lie - 1)));
	cert_identities(p.cert, text, sizeof text);
	ck_assert_str_eq(text, "CN=x; reno.bank.example?.evil.example");
	pki_free(&p);
}
END_TEST

START_TEST(a_file_has_its_certificates_in_order)
{
	struct pki a = reno(), b = pki_ca("CN=Bank CA", NULL);
	static uint8_t file[2 * PKI_PEM_MAX];
	struct ls_bytes pem = pki_cert_pem(&a);
	struct x509_st *c[2];
	const char *why;
	size_t first = pem.len, all;

	memcpy(file, pem.p, first);
	pem = pki_cert_pem(&b);
	memcpy(file + first, pem.p, pem.len);
	all = first + pem.len;
	ck_assert_uint_eq(cert_file_read(LS_BYTES(file, all), c, 2, &why), 2);
	ck_assert_int_eq(X509_cmp(c[0], a.cert), 0);
	ck_assert_int_eq(X509_cmp(c[1], b.cert), 0);
	cert_free(c[0]);
	cert_free(c[1]);
	ck_assert_uint_eq(cert_file_read(LS_BYTES(file, all), c, 1, &why), 0);
	ck_assert_str_eq(why, "holds too many certificates");
	file[first + 100] = '!';
	ck_assert_uint_eq(cert_file_read(LS_BYTES(file, all), c, 2, &why), 0);
	ck_assert_str_eq(why, "holds a certificate that cannot be read");
	ck_assert_uint_eq(cert_file_read(pki_der(&a), c, 2, &why), 1);
	cert_free(c[0]);
	ck_assert_uint_eq(cert_file_read(LS_BYTES(NULL, 0), c, 2, &why), 0);
	pki_free(&a);
	pki_free(&b);
}
END_TEST

START_TEST(one_certificate_and_no_byte_more_is_read)
{
	struct pki p = reno();
	uint8_t more[CERT_SIZE_MAX];
	struct x509_st *c = cert_read(pki_der(&p));

	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_nonnull(cert_key(c));
	cert_free(c);
	memcpy(more, p.der, p.der_len);
	more[p.der_len] = 0;
	ck_assert_ptr_null(cert_read(LS_BYTES(more, p.der_len + 1)));
	ck_assert_ptr_null(cert_read(LS_BYTES(more, 0)));
	pki_free(&p);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("cert");

	crypto_init();
	tcase_add_test(tc, its_names_are_its_identities_and_nothing_else_is);
	tcase_add_test(tc, it_says_who_it_is_from_whom_and_until_when);
	tcase_add_test(tc, a_name_with_a_zero_or_odd_letters_deceives_nobody);
	tcase_add_test(tc, a_file_has_its_certificates_in_order);
	tcase_add_test(tc, one_certificate_and_no_byte_more_is_read);
	return run_cases("cert", tc);
}
