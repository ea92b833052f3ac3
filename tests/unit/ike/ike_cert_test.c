/* Two engines that prove themselves by certificates: every method, both kinds mixed, what is on the
 * wire, and what is refused. */
#include "ike/ike_cert.h"

#include "tests/unit/ike/ike_bank.h"
#include "tests/unit/run.h"

static void change(struct bank *b, unsigned side, void (*how)(struct ike_peer *c))
{
	struct ike_peer c = pair_peer(b->p, side);

	c.auth = b->shown[side].own.cert ? IKE_AUTH_CERT : IKE_AUTH_PSK;
	c.peer_auth = IKE_AUTH_SET(b->shown[1 - side].own.cert ? IKE_AUTH_CERT : IKE_AUTH_PSK);
	how(&c);
	pair_set(b->p, side, &c);
}

/* The responder refuses, the initiator learns that it was refused and no more. */
static const char *refused_there(struct bank *b, enum ls_cause cause)
{
	static char text[LS_EVENT_TEXT_MAX];

	dial(b);
	ck_assert(!is_up(b, 0) && !is_up(b, 1));
	refusal(b, 0, CAUSE_IKE_AUTH_REFUSED);
	memcpy(text, refusal(b, 1, cause)->text, sizeof text);
	return text;
}

START_TEST(every_kind_of_key_proves_who_we_are)
{
	static const char *const kinds[] = {"rsa:2048", "P-256",   "P-384",
	                                    "P-521",    "ED25519", "ED448"};
	static const enum sign_scheme scheme[] = {SIGN_PSS_SHA256,   SIGN_ECDSA_SHA256,
	                                          SIGN_ECDSA_SHA384, SIGN_ECDSA_SHA512,
	                                          SIGN_ED25519,      SIGN_ED448};
	struct bank *b = bank_new(kinds[_i], kinds[(_i + 1) % 6]);
	struct ike_sa_view v;

	dial(b);
	ck_assert(is_up(b, 0) && is_up(b, 1));
	ck_assert(ike_sa_view(b->p->side[1].ike, 0, &v));
	ck_assert_uint_eq(v.peer_scheme, scheme[_i]);
	ck_assert_uint_eq(v.scheme, scheme[(_i + 1) % 6]);
	ck_assert_uint_eq(v.auth, IKE_AUTH_CERT);
	ck_assert_str_eq(v.peer_cert->subject, "CN=a");
	ck_assert_uint_eq(b->shown[1].method_seen, 14);
	bank_free(b);
}
END_TEST

START_TEST(each_side_may_prove_itself_its_own_way)
{
	struct bank *b = bank_new(_i ? "P-256" : NULL, _i ? NULL : "P-256");
	struct ike_sa_view v;

	dial(b);
	ck_assert(is_up(b, 0) && is_up(b, 1));
	ck_assert(ike_sa_view(b->p->side[0].ike, 0, &v));
	ck_assert_uint_eq(v.auth, _i ? IKE_AUTH_CERT : IKE_AUTH_PSK);
	ck_assert_uint_eq(v.peer_auth, _i ? IKE_AUTH_PSK : IKE_AUTH_CERT);
	ck_assert(!v.peer_cert == (_i == 1));
	bank_free(b);
}
END_TEST

START_TEST(a_rekeyed_sa_remembers_the_certificate)
{
	struct bank *b = bank_new("P-256", "P-256");
	struct ike_sa_view v;
	uint64_t before;

	dial(b);
	ck_assert(ike_sa_view(b->p->side[0].ike, 0, &v));
	before = v.spi_i;
	pair_pass(b->p, LS_S(8 * 3600));
	ck_assert(ike_sa_view(b->p->side[0].ike, 0, &v));
	ck_assert_uint_ne(v.spi_i, before);
	ck_assert_str_eq(v.peer_cert->subject, "CN=b");
	ck_assert_uint_eq(b->shown[0].made, 1);
	bank_free(b);
}
END_TEST

static void ppk(struct ike_peer *c)
{
	ck_assert(ike_ppk_id_parse("branch-7", &c->ppk[0]));
	c->ppk_count = 1;
}

static void must_ppk(struct ike_peer *c)
{
	ppk(c);
	c->ppk_required = true;
}

static void other_ppk(struct ike_peer *c)
{
	ck_assert(ike_ppk_id_parse("branch-8", &c->ppk[0]));
	c->ppk_count = 1;
}

/* RFC 8784: an optional one costs a second signature, which counts where the name is unknown. */
START_TEST(a_ppk_goes_with_certificates)
{
	static void (*const ours[])(struct ike_peer *) = {ppk, must_ppk, ppk};
	static void (*const theirs[])(struct ike_peer *) = {ppk, must_ppk, other_ppk};
	static const unsigned made[] = {2, 1, 2};
	struct bank *b = bank_new("P-256", "ED25519");
	struct ike_sa_view v;

	for (unsigned i = 0; i < 2; i++)
		b->p->side[i].ppk = "quantum";
	change(b, 0, ours[_i]);
	change(b, 1, theirs[_i]);
	dial(b);
	ck_assert(is_up(b, 0) && is_up(b, 1));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert(ike_sa_view(b->p->side[i].ike, 0, &v));
		ck_assert(v.ppk == (_i < 2));
		ck_assert_str_eq(v.peer_cert->subject, i ? "CN=a" : "CN=b");
	}
	ck_assert_uint_eq(b->shown[0].made, made[_i]);
	ck_assert_uint_eq(b->shown[1].made, 1);
	ck_assert_uint_eq(b->shown[1].checked, 1);
	bank_free(b);
}
END_TEST

START_TEST(another_ppk_makes_the_signature_wrong)
{
	struct bank *b = bank_new("P-256", "P-256");

	for (unsigned i = 0; i < 2; i++) {
		b->p->side[i].ppk = i ? "quantum" : "another";
		change(b, i, ppk);
	}
	ck_assert_ptr_nonnull(strstr(refused_there(b, CAUSE_IKE_SIGNATURE_WRONG),
	                             "made with the PPK 'branch-7', which may be another one"));
	bank_free(b);
}
END_TEST

static void pkcs1(struct ike_peer *c)
{
	c->rsa_pkcs1 = true;
}

START_TEST(rsa_signs_with_the_older_padding_where_it_is_told_to)
{
	struct bank *b = bank_new("rsa:2048", "P-256");
	struct ike_sa_view v;

	change(b, 0, pkcs1);
	dial(b);
	ck_assert(ike_sa_view(b->p->side[1].ike, 0, &v));
	ck_assert_uint_eq(v.peer_scheme, SIGN_PKCS1_SHA256);
	bank_free(b);
}
END_TEST

/* -- what is on the wire -- */

/* Takes the notify with the hashes out of the IKE_SA_INIT of a side by giving it a number that
 * nobody knows: it is a peer without RFC 7427. */
static bool without_hashes(struct pair *p, struct pair_message *m, void *context)
{
	(void)p;
	if (m->side != *(unsigned *)context)
		return true;
	for (size_t i = 0; m->len > 40 && i + 1 < m->len; i++)
		if (m->bytes[i] == 0x40 && m->bytes[i + 1] == 0x2f)
			m->bytes[i + 1] = 0x7f;
	return true;
}

START_TEST(a_peer_without_rfc_7427_gets_the_old_methods_or_a_reason)
{
	static const char *const kinds[] = {"P-256", "P-384", "P-521", "rsa:2048", "ED25519"};
	struct bank *b = bank_new(kinds[_i], "P-256");
	unsigned side = 1;

	b->p->filter = without_hashes;
	b->p->context = &side;
	dial(b);
	if (_i < 3) {
		/* What was signed is not what was sent, so it fails there: but it came by the old
		 * method. */
		ck_assert_uint_eq(b->shown[1].method_seen, (unsigned)(9 + _i));
	} else {
		ck_assert_ptr_nonnull(strstr(refusal(b, 0, CAUSE_IKE_NO_COMMON_HASH)->text,
		                             "the peer does not speak RFC 7427"));
		ck_assert_uint_eq(b->shown[0].made, 0);
	}
	bank_free(b);
}
END_TEST

struct looked {
	bool hashes, certreq;
};

static bool look(struct pair *p, struct pair_message *m, void *context)
{
	static const uint8_t hashes[] = {0x40, 0x2f, 0, 2, 0, 3, 0, 4, 0, 5};
	struct looked *l = context;
	struct rd r = rd_make(m->bytes, m->len);
	struct ike_payloads in;
	struct ike_header h;

	(void)p;
	if (ike_header_read(&r, &h) && h.exchange == IKE_X_INIT &&
	    ike_payloads_read(h.next, &r, &in) == CAUSE_NONE) {
		l[m->side].hashes = memmem(m->bytes, m->len, hashes, sizeof hashes) != NULL;
		l[m->side].certreq = in.certreq.len == CERT_AUTHORITY_SIZE;
	}
	return true;
}

START_TEST(hashes_and_cas_are_named_where_certificates_are_used_and_nowhere_else)
{
	struct looked l[2] = {{false, false}, {false, false}};
	struct bank *b = bank_new(_i ? "P-256" : NULL, _i ? "P-256" : NULL);

	b->p->filter = look;
	b->p->context = l;
	dial(b);
	ck_assert(is_up(b, 1));
	for (unsigned side = 0; side < 2; side++)
		ck_assert(l[side].hashes == (_i == 1));
	ck_assert(l[1].certreq == (_i == 1));
	ck_assert(!l[0].certreq);
	bank_free(b);
}
END_TEST

#define WORD "a-certificate-with-more-words-in-it-than-fit-into-one-packet/"
#define WORDS WORD WORD WORD WORD WORD WORD

START_TEST(a_long_chain_goes_in_fragments_below_the_size)
{
	/* Long by its names: to make a long key takes seconds, where a processor is emulated
	 * minutes. */
	static const char names[] = "DNS:a.example,URI:https://a.example/" WORDS WORDS WORDS WORDS;
	struct bank *b = bank_new("P-256", "P-256");
	struct shown *w = &b->shown[0];
	struct pki upper = pki_ca("CN=Upper", &b->ca), lower = pki_ca("CN=Lower", &upper);
	struct pki own = pki_make(&(struct pki_ask){
		.key = "P-256", .issuer = &lower, .subject = "CN=a", .san = names});

	pki_free(&w->own);
	cert_free(w->pki.cert[0]);
	w->own = own;
	w->pki.cert[0] = cert_read(pki_der(&own));
	w->pki.cert[1] = cert_read(pki_der(&lower));
	w->pki.cert[2] = cert_read(pki_der(&upper));
	w->pki.cert[3] = cert_read(pki_der(&b->ca)); /* the root, which is not sent */
	w->pki.certs = 4;
	ck_assert(iked_pki_show(&w->pki, b->p->side[0].ike));
	dial(b);
	ck_assert(is_up(b, 0) && is_up(b, 1));
	ck_assert_uint_eq(b->shown[1].certs_seen, 3);
	ck_assert_uint_le(b->p->largest[0], 1280 - 28);
	ck_assert_uint_ge(b->p->sent[0], 3);
	pki_free(&upper);
	pki_free(&lower);
	bank_free(b);
}
END_TEST

/* -- what is refused -- */

START_TEST(a_spoilt_signature_is_refused_at_either_end)
{
	struct bank *b = bank_new("P-256", "P-256");

	b->shown[_i].spoil = true;
	dial(b);
	ck_assert(!is_up(b, 0));
	refusal(b, _i ? 0 : 1, CAUSE_IKE_SIGNATURE_WRONG);
	if (_i == 0)
		refusal(b, 0, CAUSE_IKE_AUTH_REFUSED);
	bank_free(b);
}
END_TEST

static void replace(struct bank *b, unsigned side, struct pki_ask ask)
{
	struct shown *w = &b->shown[side];

	pki_free(&w->own);
	cert_free(w->pki.cert[0]);
	ask.subject = side ? "CN=b" : "CN=a";
	w->own = pki_make(&ask);
	w->pki.cert[0] = cert_read(pki_der(&w->own));
	ck_assert(iked_pki_show(&w->pki, b->p->side[side].ike));
}

START_TEST(a_name_that_is_not_in_the_certificate_is_refused_with_both)
{
	struct bank *b = bank_new("P-256", "P-256");

	replace(b, 0, (struct pki_ask){.issuer = &b->ca, .san = "DNS:c.example"});
	ck_assert_str_eq(refused_there(b, CAUSE_IKE_CERT_IDENTITY),
	                 "it says it is a.example, its certificate has: CN=a; c.example");
	bank_free(b);
}
END_TEST

START_TEST(another_ca_is_refused_and_we_know_what_the_peer_asked_for)
{
	struct bank *b = bank_new("P-256", "P-256");
	struct pki other = pki_ca("CN=Other CA", NULL);
	const char *why;

	/* It knows its own CA, so that it sees that the peer asks for another one. */
	ck_assert_uint_eq(trust_ca_add(b->shown[0].pki.trust, pki_cert_pem(&other), &why), 1);
	replace(b, 0, (struct pki_ask){.issuer = &other, .san = "DNS:a.example"});
	ck_assert_str_eq(refused_there(b, CAUSE_IKE_CERT_UNKNOWN_CA),
	                 "CN=a, issued by CN=Other CA");
	ck_assert_ptr_nonnull(strstr(refusal(b, 0, CAUSE_IKE_AUTH_REFUSED)->text,
	                             "by a certificate of a CA that it does not ask for"));
	pki_free(&other);
	bank_free(b);
}
END_TEST

START_TEST(the_initiator_refuses_with_its_own_cause_too)
{
	struct bank *b = bank_new("P-256", "P-256");

	replace(b, 1,
	        (struct pki_ask){
			.issuer = &b->ca, .san = "DNS:b.example", .from_day = -9, .until_day = -1});
	dial(b);
	ck_assert_str_eq(refusal(b, 0, CAUSE_IKE_CERT_EXPIRED)->text, "CN=b, until 2027-01-14");
	ck_assert(!is_up(b, 0));
	bank_free(b);
}
END_TEST

static void only_psk(struct ike_peer *c)
{
	c->peer_auth = IKE_AUTH_SET(IKE_AUTH_PSK);
}

static void only_cert(struct ike_peer *c)
{
	c->peer_auth = IKE_AUTH_SET(IKE_AUTH_CERT);
}

START_TEST(a_method_that_is_not_configured_is_refused)
{
	struct bank *b = bank_new("P-256", "P-256");

	change(b, 1, only_psk);
	ck_assert_str_eq(refused_there(b, CAUSE_IKE_METHOD_REFUSED),
	                 "it proves itself by a certificate; we take a preshared key");
	ck_assert_uint_eq(b->shown[1].checked, 0);
	bank_free(b);
	b = bank_new(NULL, "P-256");
	change(b, 1, only_cert);
	ck_assert_str_eq(refused_there(b, CAUSE_IKE_METHOD_REFUSED),
	                 "it proves itself by a preshared key; we take a certificate");
	bank_free(b);
}
END_TEST

START_TEST(without_a_certificate_of_ours_nothing_is_sent)
{
	struct bank *b = bank_new("P-256", "P-256");

	b->shown[_i].pki.certs = 0;
	ck_assert(iked_pki_show(&b->shown[_i].pki, b->p->side[_i].ike));
	dial(b);
	b->shown[_i].pki.certs = 1;
	refusal(b, (unsigned)_i, CAUSE_IKE_NO_CERTIFICATE);
	ck_assert(!is_up(b, 0) && !is_up(b, 1));
	bank_free(b);
}
END_TEST

/* -- the payloads alone -- */

static enum ls_cause read_certs(const uint8_t *bytes, size_t len, struct ike_payloads *in,
                                char text[LS_EVENT_TEXT_MAX])
{
	struct rd r = rd_make(bytes, len);

	text[0] = '\0';
	ck_assert_uint_eq(ike_payloads_read(IKE_P_CERT, &r, in), CAUSE_NONE);
	return ike_cert_check(in, text, LS_EVENT_TEXT_MAX);
}

START_TEST(hash_and_url_and_too_many_certificates_are_refused)
{
	static const uint8_t url[] = {0, 0, 0, 8, 12, 'u', 'r', 'l'}, none[] = {0, 0, 0, 5, 7},
			     mixed[] = {37, 0, 0, 8, 12, 'u', 'r', 'l', 0, 0, 0, 6, 4, 'c'};
	char text[LS_EVENT_TEXT_MAX];
	struct ike_payloads in;
	uint8_t many[256];
	struct ike_build b = ike_build_make(many, sizeof many);

	ck_assert_uint_eq(read_certs(url, sizeof url, &in, text), CAUSE_IKE_CERT_ENCODING);
	ck_assert_str_eq(text, "a hash and a URL (encoding 12)");
	ck_assert_uint_eq(read_certs(none, sizeof none, &in, text), CAUSE_IKE_CERT_ENCODING);
	ck_assert_str_eq(text, "encoding (7)");
	ck_assert_uint_eq(read_certs(mixed, sizeof mixed, &in, text), CAUSE_NONE);
	ck_assert_uint_eq(in.certs, 1);
	for (unsigned i = 0; i <= CERT_CHAIN_MAX; i++)
		ike_build_bytes(&b, IKE_P_CERT, LS_BYTES((const uint8_t *)"\4x", 2));
	ck_assert_uint_eq(read_certs(many, b.w.len, &in, text), CAUSE_IKE_CERT_CHAIN);
	memset(&in, 0, sizeof in);
	ck_assert_uint_eq(ike_cert_check(&in, text, sizeof text), CAUSE_IKE_CERT_MISSING);
}
END_TEST

START_TEST(a_certreq_is_a_list_of_whole_hashes)
{
	uint8_t bytes[64] = {0, 0, 0, 5 + 40, 4};
	struct ike_payloads in;
	struct rd r = rd_make(bytes, 45);

	ck_assert_uint_eq(ike_payloads_read(IKE_P_CERTREQ, &r, &in), CAUSE_NONE);
	ck_assert_uint_eq(in.certreq.len, 40);
	bytes[3] = 5 + 39;
	r = rd_make(bytes, 44);
	ck_assert_uint_eq(ike_payloads_read(IKE_P_CERTREQ, &r, &in), CAUSE_IKE_SYNTAX);
	bytes[3] = 5;
	r = rd_make(bytes, 5);
	ck_assert_uint_eq(ike_payloads_read(IKE_P_CERTREQ, &r, &in), CAUSE_NONE);
	ck_assert(in.certreq.p && in.certreq.len == 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike cert");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, every_kind_of_key_proves_who_we_are, 0, 6);
	tcase_add_loop_test(tc, each_side_may_prove_itself_its_own_way, 0, 2);
	tcase_add_test(tc, a_rekeyed_sa_remembers_the_certificate);
	tcase_add_loop_test(tc, a_ppk_goes_with_certificates, 0, 3);
	tcase_add_test(tc, another_ppk_makes_the_signature_wrong);
	tcase_add_test(tc, rsa_signs_with_the_older_padding_where_it_is_told_to);
	tcase_add_loop_test(tc, a_peer_without_rfc_7427_gets_the_old_methods_or_a_reason, 0, 5);
	tcase_add_loop_test(
		tc, hashes_and_cas_are_named_where_certificates_are_used_and_nowhere_else, 0, 2);
	tcase_add_test(tc, a_long_chain_goes_in_fragments_below_the_size);
	tcase_add_loop_test(tc, a_spoilt_signature_is_refused_at_either_end, 0, 2);
	tcase_add_test(tc, a_name_that_is_not_in_the_certificate_is_refused_with_both);
	tcase_add_test(tc, another_ca_is_refused_and_we_know_what_the_peer_asked_for);
	tcase_add_test(tc, the_initiator_refuses_with_its_own_cause_too);
	tcase_add_test(tc, a_method_that_is_not_configured_is_refused);
	tcase_add_loop_test(tc, without_a_certificate_of_ours_nothing_is_sent, 0, 2);
	tcase_add_test(tc, hash_and_url_and_too_many_certificates_are_refused);
	tcase_add_test(tc, a_certreq_is_a_list_of_whole_hashes);
	return run_cases("ike cert", tc);
}
