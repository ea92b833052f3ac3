/* Files of certificates as ike gets them, what the engine is told of them, and verdicts. (How
 * chains are judged: trust_test; whole exchanges: ike_cert_test.) */
#include "src/ike/ike_pki.h"

#include "lib/crypto.h"
#include "src/base/msg.h"
#include "tests/unit/pki.h"
#include "tests/unit/run.h"

#include <sys/mman.h>
#include <unistd.h>

static void give(struct iked_pki *p, unsigned kind, struct ls_bytes bytes)
{
	int fd = memfd_create("pki", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, bytes.p, bytes.len), (ssize_t)bytes.len);
	lseek(fd, 0, SEEK_SET);
	iked_pki_file(p, kind, "/etc/pki", fd);
}

static struct pki leaf(const struct pki *ca)
{
	return pki_make(
		&(struct pki_ask){.subject = "CN=reno", .san = "DNS:reno.example", .issuer = ca});
}

START_TEST(a_set_of_files_is_taken_whole_or_not_at_all)
{
	struct pki ca = pki_ca("CN=CA", NULL), own = leaf(&ca);
	struct iked_pki p = {.trust = NULL};

	give(&p, MSG_PKI_CA, pki_cert_pem(&ca)); /* not begun: passed over */
	ck_assert(iked_pki_begin(&p, false));
	give(&p, MSG_PKI_CERTIFICATE, pki_cert_pem(&own));
	give(&p, MSG_PKI_CA, pki_cert_pem(&ca));
	give(&p, MSG_PKI_CRL, pki_crl(&ca, NULL, -1, 1));
	ck_assert_str_eq(p.error, "");
	ck_assert_uint_eq(p.certs, 1);
	ck_assert_uint_eq(trust_authorities(p.trust).len, CERT_AUTHORITY_SIZE);
	give(&p, MSG_PKI_CRL, pki_cert_pem(&own));
	ck_assert_str_eq(p.error, "/etc/pki holds no CRL in PEM or DER");
	give(&p, 9, pki_cert_pem(&own)); /* the first error is what is told */
	ck_assert_str_eq(p.error, "/etc/pki holds no CRL in PEM or DER");
	ck_assert(iked_pki_begin(&p, false));
	ck_assert_str_eq(p.error, "");
	iked_pki_free(&p);
	pki_free(&ca);
	pki_free(&own);
}
END_TEST

static struct ls_bytes octet = {(const uint8_t *)"0123456789012345", 16};

static struct ike_auth_request question(const struct pki *own, const char *id, uint8_t *auth)
{
	struct ls_bytes parts[] = {octet, octet, octet};
	struct ike_auth_request q = {.op = IKE_AUTH_CHECK,
	                             .method = IKE_AUTH_CERT,
	                             .wire_method = 14,
	                             .message = octet,
	                             .nonce = octet,
	                             .id_mac = octet,
	                             .cert_count = 1,
	                             .certs = {pki_der(own)}};

	ck_assert(ike_identity_parse(id, &q.remote_id));
	q.auth = LS_BYTES(auth, sign_make(own->key, SIGN_ECDSA_SHA256, parts, 3, auth));
	return q;
}

START_TEST(chain_identity_and_signature_all_count)
{
	struct pki ca = pki_ca("CN=CA", NULL), own = leaf(&ca), other = leaf(&ca);
	struct iked_pki p = {.trust = NULL};
	uint8_t auth[SIGN_AUTH_MAX];
	struct ike_auth_request q = question(&own, "reno.example", auth);
	char text[TRUST_TEXT_MAX];
	struct cert_info info;
	struct ike_answer a;

	a = iked_pki_check(&p, &q, PKI_NOW, &info, text);
	ck_assert(!a.ok && a.cause == CAUSE_IKE_CERT_UNKNOWN_CA);
	ck_assert_str_eq(a.text, "no CA is known here");
	ck_assert(iked_pki_begin(&p, false));
	give(&p, MSG_PKI_CA, pki_cert_pem(&ca));
	a = iked_pki_check(&p, &q, PKI_NOW, &info, text);
	ck_assert(a.ok && a.cause == CAUSE_NONE && a.scheme == SIGN_ECDSA_SHA256);
	ck_assert_str_eq(a.cert->subject, "CN=reno");
	q.certs[0] = pki_der(&other); /* good too, but of another key */
	a = iked_pki_check(&p, &q, PKI_NOW, &info, text);
	ck_assert(!a.ok && !a.cert && a.cause == CAUSE_IKE_SIGNATURE_WRONG);
	q = question(&own, "O=Bank, CN=reno", auth);
	a = iked_pki_check(&p, &q, PKI_NOW, &info, text);
	ck_assert(!a.ok && a.cause == CAUSE_IKE_CERT_IDENTITY);
	ck_assert_str_eq(a.text, "it says it is O=Bank, CN=reno, its certificate has: CN=reno; "
	                         "reno.example");
	q = question(&own, "CN=reno", auth);
	ck_assert(iked_pki_check(&p, &q, PKI_NOW, &info, text).ok);
	ck_assert(!iked_pki_check(&p, &q, PKI_NOW + 366 * PKI_DAY, &info, text).ok);
	iked_pki_free(&p);
	pki_free(&ca);
	pki_free(&own);
	pki_free(&other);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike pki");

	secret_init();
	crypto_init();
	tcase_add_test(tc, a_set_of_files_is_taken_whole_or_not_at_all);
	tcase_add_test(tc, chain_identity_and_signature_all_count);
	return run_cases("ike pki", tc);
}
