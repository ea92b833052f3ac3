/* Chains of certificates: which lead to a trusted CA, and each way in which one does not. */
#include "lib/trust.h"

#include "lib/cause.h"
#include "lib/crypto.h"
#include "tests/unit/pki.h"
#include "tests/unit/run.h"

enum { ROOM = CERT_CHAIN_MAX + 4 };

static struct trust *trusting(const struct pki *ca)
{
	struct trust *t = trust_new();
	const char *why;

	ck_assert_uint_eq(trust_ca_add(t, pki_cert_pem(ca), &why), 1);
	return t;
}

static char text[TRUST_TEXT_MAX];

static enum ls_cause check(struct trust *t, const struct pki *const *chain, unsigned n)
{
	struct ls_bytes certs[ROOM];
	struct x509_st *peer;
	enum ls_cause cause;

	for (unsigned i = 0; i < n; i++)
		certs[i] = pki_der(chain[i]);
	cause = trust_check(t, certs, n, PKI_NOW, &peer, text);
	ck_assert(!peer == (cause != CAUSE_NONE));
	cert_free(peer);
	return cause;
}

static enum ls_cause check_one(struct trust *t, const struct pki *p)
{
	return check(t, &p, 1);
}

/* The verdict on a certificate of a CA, made by that request. */
static enum ls_cause verdict(struct pki_ask ask)
{
	struct pki ca = pki_ca("CN=Bank CA", NULL), p;
	struct trust *t = trusting(&ca);
	enum ls_cause cause;

	ask.issuer = &ca;
	ask.subject = "CN=reno, O=Bank";
	p = pki_make(&ask);
	cause = check_one(t, &p);
	trust_free(t);
	pki_free(&p);
	pki_free(&ca);
	return cause;
}

START_TEST(a_certificate_of_a_trusted_ca_is_taken)
{
	static const char *const keys[] = {"rsa:2048", "P-256",   "P-384",
	                                   "P-521",    "ED25519", "ED448"};

	for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++)
		ck_assert_uint_eq(verdict((struct pki_ask){.key = keys[i]}), CAUSE_NONE);
}
END_TEST

START_TEST(each_fault_has_its_own_cause)
{
	ck_assert_uint_eq(verdict((struct pki_ask){.from_day = -400, .until_day = -1}),
	                  CAUSE_IKE_CERT_EXPIRED);
	ck_assert_str_eq(text, "CN=reno, O=Bank, until 2027-01-14");
	ck_assert_uint_eq(verdict((struct pki_ask){.from_day = 1}), CAUSE_IKE_CERT_NOT_YET);
	ck_assert_str_eq(text, "CN=reno, O=Bank, from 2027-01-16 on");
	ck_assert_uint_eq(verdict((struct pki_ask){.key = "rsa:1024"}), CAUSE_IKE_CERT_WEAK);
	ck_assert_uint_eq(verdict((struct pki_ask){.key = "P-224"}), CAUSE_IKE_CERT_WEAK);
	ck_assert_uint_eq(verdict((struct pki_ask){.hash = "SHA1"}), CAUSE_IKE_CERT_WEAK);
	ck_assert_uint_eq(verdict((struct pki_ask){.usage = "emailProtection"}),
	                  CAUSE_IKE_CERT_USAGE);
	ck_assert_uint_eq(verdict((struct pki_ask){.key_usage = "keyEncipherment"}),
	                  CAUSE_IKE_CERT_USAGE);
	ck_assert_uint_eq(verdict((struct pki_ask){.key = "public:9216"}), CAUSE_IKE_CERT_WEAK);
}
END_TEST

START_TEST(usages_that_fit_are_taken)
{
	static const char *const fits[] = {"serverAuth",          "clientAuth",
	                                   "1.3.6.1.5.5.7.3.17",  "1.3.6.1.5.5.8.2.2",
	                                   "anyExtendedKeyUsage", "emailProtection,serverAuth"};

	for (unsigned i = 0; i < sizeof fits / sizeof fits[0]; i++)
		ck_assert_msg(verdict((struct pki_ask){.usage = fits[i]}) == CAUSE_NONE, "%s",
		              fits[i]);
	ck_assert_uint_eq(verdict((struct pki_ask){.key_usage = "critical,digitalSignature"}),
	                  CAUSE_NONE);
	ck_assert_uint_eq(verdict((struct pki_ask){.key_usage = "nonRepudiation"}), CAUSE_NONE);
}
END_TEST

START_TEST(chains_of_three_lead_to_the_root_in_any_order)
{
	struct pki root = pki_ca("CN=Root", NULL), upper = pki_ca("CN=Upper", &root),
		   lower = pki_ca("CN=Lower", &upper),
		   leaf = pki_make(&(struct pki_ask){.subject = "CN=reno", .issuer = &lower}),
		   stranger = pki_ca("CN=Stranger", NULL);
	const struct pki *good[] = {&leaf, &lower, &upper}, *turned[] = {&leaf, &upper, &lower},
			 *whole[] = {&leaf, &lower, &upper, &root},
			 *more[] = {&leaf, &stranger, &lower, &upper, &lower},
			 *gap[] = {&leaf, &upper};
	struct trust *t = trusting(&root), *middle = trusting(&upper), *none = trust_new();

	ck_assert_uint_eq(check(t, good, 3), CAUSE_NONE);
	ck_assert_uint_eq(check(t, turned, 3), CAUSE_NONE);
	ck_assert_uint_eq(check(t, whole, 4), CAUSE_NONE);
	ck_assert_uint_eq(check(t, more, 5), CAUSE_NONE);
	ck_assert_uint_eq(check(t, gap, 2), CAUSE_IKE_CERT_UNKNOWN_CA);
	ck_assert_str_eq(text, "CN=reno, issued by CN=Lower");
	/* A CA below a root may be the one that is trusted. */
	ck_assert_uint_eq(check(middle, good, 2), CAUSE_NONE);
	ck_assert_uint_eq(check(none, good, 3), CAUSE_IKE_CERT_UNKNOWN_CA);
	ck_assert_uint_eq(check_one(t, &stranger), CAUSE_IKE_CERT_UNKNOWN_CA);
	trust_free(t);
	trust_free(middle);
	trust_free(none);
	pki_free(&root);
	pki_free(&upper);
	pki_free(&lower);
	pki_free(&leaf);
	pki_free(&stranger);
}
END_TEST

START_TEST(chains_that_lie_lead_nowhere)
{
	struct pki root = pki_ca("CN=Root", NULL), fake = pki_ca("CN=Root", NULL),
		   no_ca = pki_make(&(struct pki_ask){.subject = "CN=Clerk", .issuer = &root}),
		   by_clerk = pki_make(&(struct pki_ask){.subject = "CN=reno", .issuer = &no_ca}),
		   by_fake = pki_make(&(struct pki_ask){.subject = "CN=reno", .issuer = &fake}),
		   narrow = pki_make(
			   &(struct pki_ask){.subject = "CN=Narrow",
	                                     .issuer = &root,
	                                     .constraints = "critical,CA:TRUE,pathlen:0",
	                                     .names = "critical,permitted;DNS:bank.example"}),
		   outside = pki_make(&(struct pki_ask){
			   .subject = "CN=x", .san = "DNS:evil.example", .issuer = &narrow}),
		   inside = pki_make(&(struct pki_ask){
			   .subject = "CN=x", .san = "DNS:reno.bank.example", .issuer = &narrow}),
		   deep = pki_ca("CN=Deep", &narrow),
		   deeper = pki_make(&(struct pki_ask){.subject = "CN=y", .issuer = &deep});
	const struct pki *clerk[] = {&by_clerk, &no_ca}, *name[] = {&outside, &narrow},
			 *right[] = {&inside, &narrow}, *path[] = {&deeper, &deep, &narrow};
	struct trust *t = trusting(&root);

	ck_assert_uint_eq(check(t, clerk, 2), CAUSE_IKE_CERT_CHAIN);
	ck_assert_uint_eq(check_one(t, &by_fake), CAUSE_IKE_CERT_CHAIN);
	ck_assert_uint_eq(check(t, name, 2), CAUSE_IKE_CERT_REFUSED);
	ck_assert_uint_eq(check(t, right, 2), CAUSE_NONE);
	ck_assert_uint_eq(check(t, path, 3), CAUSE_IKE_CERT_CHAIN);
	trust_free(t);
	pki_free(&root);
	pki_free(&fake);
	pki_free(&no_ca);
	pki_free(&by_clerk);
	pki_free(&by_fake);
	pki_free(&narrow);
	pki_free(&outside);
	pki_free(&inside);
	pki_free(&deep);
	pki_free(&deeper);
}
END_TEST

/* Two CAs that issued each other. */
START_TEST(a_loop_comes_to_an_end)
{
	struct pki a = pki_ca("CN=A", NULL), b = pki_ca("CN=B", &a), root = pki_ca("CN=Root", NULL),
		   leaf = pki_make(&(struct pki_ask){.subject = "CN=reno", .issuer = &a}), loop = a;
	const struct pki *chain[ROOM] = {&leaf, &loop, &b};
	struct trust *t = trusting(&root);

	loop.cert = X509_dup(a.cert);
	X509_set_issuer_name(loop.cert, X509_get_subject_name(b.cert));
	X509_sign(loop.cert, b.key, EVP_sha256());
	loop.der = cert_der(loop.cert, &loop.der_len);
	ck_assert_uint_eq(check(t, chain, 3), CAUSE_IKE_CERT_UNKNOWN_CA);
	for (unsigned i = 1; i < ROOM; i++)
		chain[i] = i % 2 ? &loop : &b;
	ck_assert_uint_eq(check(t, chain, CERT_CHAIN_MAX), CAUSE_IKE_CERT_UNKNOWN_CA);
	ck_assert_uint_eq(check(t, chain, CERT_CHAIN_MAX + 1), CAUSE_IKE_CERT_CHAIN);
	ck_assert_uint_eq(check(t, chain, 0), CAUSE_IKE_CERT_MISSING);
	X509_free(loop.cert);
	free(loop.der);
	trust_free(t);
	pki_free(&a);
	pki_free(&b);
	pki_free(&root);
	pki_free(&leaf);
}
END_TEST

/* What a CRL or its lack does: where they are required, and where not. */
static enum ls_cause with_crl(bool required, bool there, bool revoked, int64_t until_day)
{
	struct pki ca = pki_ca("CN=Bank CA", NULL),
		   p = pki_make(&(struct pki_ask){.subject = "CN=reno", .issuer = &ca});
	struct trust *t = trusting(&ca);
	enum ls_cause cause;
	const char *why;

	trust_crl_required(t, required);
	if (there)
		ck_assert_uint_eq(
			trust_crl_add(t, pki_crl(&ca, revoked ? &p : NULL, -30, until_day), &why),
			1);
	cause = check_one(t, &p);
	trust_free(t);
	pki_free(&p);
	pki_free(&ca);
	return cause;
}

START_TEST(what_is_revoked_is_refused_also_by_an_old_crl)
{
	ck_assert_uint_eq(with_crl(false, true, true, 10), CAUSE_IKE_CERT_REVOKED);
	ck_assert_uint_eq(with_crl(true, true, true, 10), CAUSE_IKE_CERT_REVOKED);
	ck_assert_uint_eq(with_crl(false, true, true, -1), CAUSE_IKE_CERT_REVOKED);
	ck_assert_uint_eq(with_crl(false, true, false, -1), CAUSE_NONE);
	ck_assert_uint_eq(with_crl(false, false, false, 0), CAUSE_NONE);
	ck_assert_uint_eq(with_crl(true, true, false, 10), CAUSE_NONE);
	ck_assert_uint_eq(with_crl(true, true, false, -1), CAUSE_IKE_CERT_CRL_OLD);
	ck_assert_uint_eq(with_crl(true, false, false, 0), CAUSE_IKE_CERT_NO_CRL);
}
END_TEST

START_TEST(each_ca_of_the_chain_needs_its_crl_but_the_trusted_end_none)
{
	struct pki root = pki_ca("CN=Root", NULL), upper = pki_ca("CN=Upper", &root),
		   lower = pki_ca("CN=Lower", &upper),
		   leaf = pki_make(&(struct pki_ask){.subject = "CN=reno", .issuer = &lower});
	const struct pki *chain[] = {&leaf, &lower};
	struct trust *t = trusting(&upper);
	const char *why;

	trust_crl_required(t, true);
	ck_assert_uint_eq(trust_crl_add(t, pki_crl(&lower, NULL, -1, 1), &why), 1);
	ck_assert_uint_eq(check(t, chain, 2), CAUSE_IKE_CERT_NO_CRL);
	ck_assert_uint_eq(trust_crl_add(t, pki_crl(&upper, NULL, -1, 1), &why), 1);
	ck_assert_uint_eq(check(t, chain, 2), CAUSE_NONE);
	ck_assert_uint_eq(trust_crl_add(t, pki_crl(&upper, &lower, 0, 1), &why), 1);
	ck_assert_uint_eq(check(t, chain, 2), CAUSE_IKE_CERT_REVOKED);
	trust_free(t);
	pki_free(&root);
	pki_free(&upper);
	pki_free(&lower);
	pki_free(&leaf);
}
END_TEST

/* A block that is damaged is not passed over: what it revokes would be believed. */
START_TEST(a_damaged_crl_among_others_is_told)
{
	struct pki ca = pki_ca("CN=Bank CA", NULL);
	struct trust *t = trusting(&ca);
	struct ls_bytes crl = pki_crl(&ca, NULL, -1, 1);
	uint8_t two[8192];
	const char *why;

	ck_assert_uint_lt(2 * crl.len, sizeof two);
	memcpy(two, crl.p, crl.len);
	memcpy(two + crl.len, crl.p, crl.len);
	ck_assert_uint_eq(trust_crl_add(t, LS_BYTES(two, 2 * crl.len), &why), 2);
	two[crl.len + crl.len / 2] = '!';
	ck_assert_uint_eq(trust_crl_add(t, LS_BYTES(two, 2 * crl.len), &why), 0);
	ck_assert_str_eq(why, "holds a CRL that cannot be read");
	trust_free(t);
	pki_free(&ca);
}
END_TEST

START_TEST(bytes_that_are_no_certificate_are_refused)
{
	struct pki ca = pki_ca("CN=Bank CA", NULL),
		   p = pki_make(&(struct pki_ask){.subject = "CN=reno", .issuer = &ca});
	uint8_t huge[CERT_SIZE_MAX + 1] = {0x30, 0x82, 0x3f, 0xfd};
	struct trust *t = trusting(&ca);
	struct x509_st *peer;
	struct ls_bytes one = LS_BYTES(huge, sizeof huge);
	unsigned refused = 0;

	ck_assert_uint_eq(trust_check(t, &one, 1, PKI_NOW, &peer, text), CAUSE_IKE_CERT_MALFORMED);
	for (size_t cut = 0; cut < p.der_len; cut++) {
		one = LS_BYTES(p.der, cut);
		ck_assert_uint_eq(trust_check(t, &one, 1, PKI_NOW, &peer, text),
		                  CAUSE_IKE_CERT_MALFORMED);
	}
	one = pki_der(&p);
	for (size_t bit = 0; bit < p.der_len * 8; bit++) {
		p.der[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused += trust_check(t, &one, 1, PKI_NOW, &peer, text) != CAUSE_NONE;
		cert_free(peer);
		p.der[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_uint_eq(refused, p.der_len * 8);
	trust_free(t);
	pki_free(&p);
	pki_free(&ca);
}
END_TEST

START_TEST(files_say_what_is_wrong_with_them)
{
	struct pki ca = pki_ca("CN=Bank CA", NULL),
		   p = pki_make(&(struct pki_ask){
			   .subject = "CN=reno", .issuer = &ca, .constraints = "CA:FALSE"});
	struct trust *t = trust_new();
	uint8_t authority[CERT_AUTHORITY_SIZE];
	const char *why;

	ck_assert_uint_eq(trust_ca_add(t, LS_BYTES((const uint8_t *)"x", 1), &why), 0);
	ck_assert_str_eq(why, "holds no certificate in PEM or DER");
	ck_assert_uint_eq(trust_ca_add(t, pki_cert_pem(&p), &why), 0);
	ck_assert_str_eq(why, "holds a certificate that is no CA's");
	ck_assert_uint_eq(trust_crl_add(t, pki_cert_pem(&p), &why), 0);
	ck_assert_str_eq(why, "holds no CRL in PEM or DER");
	ck_assert_uint_eq(trust_authorities(t).len, 0);
	ck_assert_uint_eq(trust_ca_add(t, pki_der(&ca), &why), 1);
	ck_assert(cert_authority(ca.cert, authority));
	ck_assert_mem_eq(trust_authorities(t).p, authority, sizeof authority);
	trust_free(t);
	pki_free(&p);
	pki_free(&ca);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("trust");

	tcase_set_timeout(tc, 120);
	crypto_init();
	tcase_add_test(tc, a_certificate_of_a_trusted_ca_is_taken);
	tcase_add_test(tc, each_fault_has_its_own_cause);
	tcase_add_test(tc, usages_that_fit_are_taken);
	tcase_add_test(tc, chains_of_three_lead_to_the_root_in_any_order);
	tcase_add_test(tc, chains_that_lie_lead_nowhere);
	tcase_add_test(tc, a_loop_comes_to_an_end);
	tcase_add_test(tc, what_is_revoked_is_refused_also_by_an_old_crl);
	tcase_add_test(tc, each_ca_of_the_chain_needs_its_crl_but_the_trusted_end_none);
	tcase_add_test(tc, a_damaged_crl_among_others_is_told);
	tcase_add_test(tc, bytes_that_are_no_certificate_are_refused);
	tcase_add_test(tc, files_say_what_is_wrong_with_them);
	return run_cases("trust", tc);
}
