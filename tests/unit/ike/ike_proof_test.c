/* What a peer proved itself by is looked at again when CAs and CRLs change: whom they rule out is
 * out, nobody else. */
#include "ike/ike_proof.h"

#include "tests/unit/ike/ike_bank.h"
#include "tests/unit/run.h"

enum { YEARS = 20 * 365 };

static void look_again(struct bank *b, unsigned side, int64_t now_s)
{
	iked_pki_look_again(&b->shown[side].pki, b->p->side[side].ike, now_s, b->p->now);
	pair_run(b->p);
}

static void revoke(struct bank *b, unsigned side, const struct pki *whom)
{
	const char *why;

	ck_assert_uint_eq(
		trust_crl_add(b->shown[side].pki.trust, pki_crl(&b->ca, whom, -1, 30), &why), 1);
}

static void forget_cas(struct bank *b, unsigned side)
{
	trust_free(b->shown[side].pki.trust);
	b->shown[side].pki.trust = NULL;
}

static unsigned sas(struct bank *b, unsigned side)
{
	struct ike_sa_view v;
	unsigned n = 0;

	while (ike_sa_view(b->p->side[side].ike, n, &v))
		n++;
	return n;
}

static unsigned downs(struct bank *b, unsigned side, enum ls_cause cause)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->p->side[side].notes; i++)
		n += b->p->side[side].note[i].kind == IKE_REQ_DOWN &&
		     b->p->side[side].note[i].cause == cause;
	return n;
}

static void nothing_stays(struct bank *b)
{
	pair_pass(b->p, LS_S(60));
	ck_assert_uint_eq(sas(b, 0), 0);
	ck_assert_uint_eq(sas(b, 1), 0);
}

static struct bank *up(const char *kind_a, const char *kind_b)
{
	struct bank *b = bank_new(kind_a, kind_b);

	dial(b);
	ck_assert(is_up(b, 0) && is_up(b, 1));
	return b;
}

/* By the one that answered, and by the one that called. */
START_TEST(whom_a_crl_names_is_out)
{
	struct bank *b = up("P-256", "ED25519");
	unsigned here = (unsigned)_i, there = 1 - here;

	revoke(b, here, &b->shown[there].own);
	look_again(b, here, PKI_NOW);
	ck_assert_uint_eq(downs(b, here, CAUSE_IKE_CERT_REVOKED), 1);
	ck_assert_uint_eq(downs(b, there, CAUSE_PEER_ASKED), 1);
	nothing_stays(b);
	bank_free(b);
}
END_TEST

START_TEST(whom_no_ca_vouches_for_is_out)
{
	struct bank *b = up("P-256", "P-256");

	forget_cas(b, 1);
	look_again(b, 1, PKI_NOW);
	ck_assert_uint_eq(downs(b, 1, CAUSE_IKE_CERT_UNKNOWN_CA), 1);
	ck_assert_uint_eq(downs(b, 0, CAUSE_PEER_ASKED), 1);
	bank_free(b);
}
END_TEST

START_TEST(a_rekeyed_sa_is_proved_by_the_same)
{
	struct bank *b = up("P-256", "P-256");

	pair_pass(b->p, LS_S(8 * 3600));
	revoke(b, 1, &b->shown[0].own);
	look_again(b, 1, PKI_NOW);
	ck_assert_uint_eq(downs(b, 1, CAUSE_IKE_CERT_REVOKED), 1);
	bank_free(b);
}
END_TEST

/* What a rekey is making goes with what it is made for. */
START_TEST(a_rekey_under_way_ends_too)
{
	struct bank *b = up("P-256", "P-256");
	struct pair_lose lose = {.side = 1};

	b->p->filter = pair_lose_nth;
	b->p->context = &lose;
	ike_rekey_start(b->p->side[1].ike->sas);
	pair_run(b->p);
	ck_assert_uint_eq(lose.seen, 1);
	ck_assert_uint_eq(sas(b, 1), 2);
	revoke(b, 1, &b->shown[0].own);
	look_again(b, 1, PKI_NOW);
	ck_assert_uint_eq(downs(b, 1, CAUSE_IKE_CERT_REVOKED), 1);
	nothing_stays(b);
	bank_free(b);
}
END_TEST

/* Another one is revoked; time goes by; a fresh CRL is wanted and there is none. */
START_TEST(all_others_stay)
{
	struct bank *b = up("P-256", "P-256");
	struct pki other = pki_make(&(struct pki_ask){
		.key = "P-256", .issuer = &b->ca, .subject = "CN=c", .san = "DNS:c.example"});

	look_again(b, 1, PKI_NOW);
	revoke(b, 1, &other);
	look_again(b, 1, PKI_NOW);
	look_again(b, 1, PKI_NOW + (int64_t)YEARS * 86400);
	trust_crl_required(b->shown[0].pki.trust, true);
	look_again(b, 0, PKI_NOW);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(pair_count(&b->p->side[i], IKE_REQ_DOWN), 0);
		ck_assert_uint_eq(sas(b, i), 1);
	}
	pki_free(&other);
	bank_free(b);
}
END_TEST

START_TEST(who_has_a_key_needs_no_ca)
{
	struct bank *b = up(NULL, "P-256");

	forget_cas(b, 1);
	look_again(b, 1, PKI_NOW);
	ck_assert_uint_eq(pair_count(&b->p->side[1], IKE_REQ_DOWN), 0);
	forget_cas(b, 0);
	look_again(b, 0, PKI_NOW);
	ck_assert_uint_eq(downs(b, 0, CAUSE_IKE_CERT_UNKNOWN_CA), 1);
	bank_free(b);
}
END_TEST

static struct bank *watched;

/* The CRL comes when the certificate has been looked at, and the line does not stand yet. */
static void revoked_meanwhile(struct pair_side *s, const struct ike_request *r)
{
	if (r->auth.op == IKE_AUTH_MAKE) {
		revoke(watched, 1, &watched->shown[0].own);
		iked_pki_look_again(&watched->shown[1].pki, s->ike, PKI_NOW, s->pair->now);
	}
	cert_auth(s, r);
}

START_TEST(a_call_under_way_is_looked_at_too)
{
	struct bank *b = watched = bank_new("P-256", "P-256");

	b->p->side[1].cert_auth = revoked_meanwhile;
	dial(b);
	pair_pass(b->p, LS_S(1));
	ck_assert(!is_up(b, 0) && !is_up(b, 1));
	ck_assert_uint_eq(b->shown[1].checked, 1);
	bank_free(b);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ike_proof");

	tcase_add_loop_test(tc, whom_a_crl_names_is_out, 0, 2);
	tcase_add_test(tc, whom_no_ca_vouches_for_is_out);
	tcase_add_test(tc, a_rekeyed_sa_is_proved_by_the_same);
	tcase_add_test(tc, a_rekey_under_way_ends_too);
	tcase_add_test(tc, all_others_stay);
	tcase_add_test(tc, who_has_a_key_needs_no_ca);
	tcase_add_test(tc, a_call_under_way_is_looked_at_too);
	return run_cases("ike_proof", tc);
}
