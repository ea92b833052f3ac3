/* Tests of the arithmetic of the keys process: AUTH of IKE, CHAP-MD5, MS-CHAPv2 by the vectors of
 * RFC 2759. */
#include "src/keys/keys_auth.h"

#include "ppp/ppp.h"
#include "tests/unit/hex.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define TEXT(t) LS_BYTES(t, sizeof(t) - 1)

static uint8_t value[64];
static size_t len;

static struct msg_ike_auth_ask ike_ask(void)
{
	static uint8_t message[64], nonce[32], mac[32];
	struct msg_ike_auth_ask ask = {.id = 1};

	for (unsigned i = 0; i < sizeof message; i++)
		message[i] = (uint8_t)i;
	memset(nonce, 'N', sizeof nonce);
	memset(mac, 'M', sizeof mac);
	ask.message = LS_BYTES(message, sizeof message);
	ask.nonce = LS_BYTES(nonce, sizeof nonce);
	ask.id_mac = LS_BYTES(mac, sizeof mac);
	return ask;
}

START_TEST(auth_of_a_preshared_key)
{
	struct msg_ike_auth_ask ask = ike_ask();

	len = keys_auth_ike(ALGO_PRF_SHA256, TEXT("correct horse"), &ask, value);
	ck_assert_hex_eq(value, len,
	                 "56ecde2a299d7184439a610c633e77c7b96eb0a904beb387db175ccf020245b5");
	len = keys_auth_ike(ALGO_PRF_SHA384, TEXT("correct horse"), &ask, value);
	ck_assert_hex_eq(value, len,
	                 "bd40e2e089f32a69835628f56cee0e39153597c0125d3565de5b1b94960e76bd9e7b3bd26"
	                 "d11c2b8bd2bbad46d4f296e");
	ck_assert_uint_eq(keys_auth_ike(ALGO_AES256_GCM, TEXT("x"), &ask, value), 0);
}
END_TEST

/* Made by another program (Python's hmac); prf+ of one block is prf(PPK, SK' | 1). */
START_TEST(a_ppk_goes_into_three_keys)
{
	static const char ppk[] =
		"a PPK of more than the 64 bytes that are a block of SHA-256, so it is "
		"hashed";
	uint8_t d[48], pi[48], pr[48], out[3 * CRYPTO_HASH_MAX];
	struct msg_ike_ppk_ask ask = {.prf = ALGO_PRF_SHA256};

	memset(d, 0x11, sizeof d);
	memset(pi, 0x22, sizeof pi);
	memset(pr, 0x33, sizeof pr);
	ask.sk_d = LS_BYTES(d, 32);
	ask.sk_pi = LS_BYTES(pi, 32);
	ask.sk_pr = LS_BYTES(pr, 32);
	ck_assert_uint_eq(keys_auth_ppk(TEXT(ppk), &ask, out), 96);
	ck_assert_hex_eq(out, 96,
	                 "c67cc7c022a18363d0cee7719538afc145587c77a2f55968ee14befb9ed87e2d"
	                 "2be9d90a138231603cd2230d6742297fe4235a13a9edd6e18a8f6ed018d19cca"
	                 "5026aeb8bcd2863fc74d42810bae6ddbf7547614a44ac0d97406542748d846bc");
	ask.prf = ALGO_PRF_SHA384;
	/* A key that is none of that prf: nothing arbitrary is taken. */
	ck_assert_uint_eq(keys_auth_ppk(TEXT(ppk), &ask, out), 0);
	ask.sk_d.len = ask.sk_pi.len = ask.sk_pr.len = 48;
	ck_assert_uint_eq(keys_auth_ppk(TEXT(ppk), &ask, out), 144);
	ck_assert_hex_eq(out, 48,
	                 "3535084582603965a6a699e5b8d884b2aef4060e82e32cf2c752650f5ad56decdd0f5a7a5"
	                 "a95c110bc30fd9904436be1");
	ask.sk_pr.len = 47;
	ck_assert_uint_eq(keys_auth_ppk(TEXT(ppk), &ask, out), 0);
	ask.sk_pr.len = 48;
	ask.prf = ALGO_AES256_GCM;
	ck_assert_uint_eq(keys_auth_ppk(TEXT(ppk), &ask, out), 0);
	ask.prf = 65535;
	ck_assert_uint_eq(keys_auth_ppk(TEXT(ppk), &ask, out), 0);
}
END_TEST

static struct msg_ppp_auth_ask ppp_ask(uint8_t method, uint8_t op)
{
	struct msg_ppp_auth_ask ask = {.method = method, .op = op, .chap_id = 7};

	snprintf(ask.user, sizeof ask.user, "User");
	return ask;
}

START_TEST(chap_md5_is_made_and_checked)
{
	struct msg_ppp_auth_ask ask = ppp_ask(PPP_AUTH_CHAP_MD5, 0);
	HEX(challenge, "000102030405060708090a0b0c0d0e0f");
	HEX(response, "821643665b430359e52ac524d29c8f95");

	ask.challenge = challenge;
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("secret"), value, &len), CAUSE_NONE);
	ck_assert_hex_eq(value, len, "821643665b430359e52ac524d29c8f95");
	ask.op = 1;
	ask.response = response;
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("secret"), value, &len), CAUSE_NONE);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("Secret"), value, &len),
	                 CAUSE_PPP_WRONG_PASSWORD);
	ask.response.len--;
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("secret"), value, &len),
	                 CAUSE_PPP_WRONG_PASSWORD);
}
END_TEST

/* RFC 2759 9.2 */
#define CHALLENGE "5b5d7c7d7b3f2f3e3c2c602132262628"
#define PEER_CHALLENGE "21402324255e262a28295f2b3a337c7e"
#define NT "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"
#define AUTHENTICATOR "407a5589115fd0d6209f510fe9c04566932cda56"

START_TEST(mschapv2_is_made)
{
	struct msg_ppp_auth_ask ask = ppp_ask(PPP_AUTH_MSCHAPV2, 0);
	HEX(challenge, CHALLENGE);
	HEX(peer, PEER_CHALLENGE);

	ask.challenge = challenge;
	ask.peer_challenge = peer;
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("clientPass"), value, &len), CAUSE_NONE);
	ck_assert_hex_eq(value, len, NT AUTHENTICATOR);
	ask.challenge.len = 15;
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("clientPass"), value, &len), CAUSE_MALFORMED);
}
END_TEST

START_TEST(mschapv2_is_checked)
{
	struct msg_ppp_auth_ask ask = ppp_ask(PPP_AUTH_MSCHAPV2, 1);
	HEX(challenge, CHALLENGE);
	HEX(response, PEER_CHALLENGE "0000000000000000" NT "00");

	ask.challenge = challenge;
	ask.response = response;
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("clientPass"), value, &len), CAUSE_NONE);
	ck_assert_hex_eq(value, len, AUTHENTICATOR);
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("clientpass"), value, &len),
	                 CAUSE_PPP_WRONG_PASSWORD);
	ck_assert_uint_eq(len, 0);
	ask.response.len = 48;
	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("clientPass"), value, &len), CAUSE_MALFORMED);
}
END_TEST

START_TEST(unknown_methods_are_refused)
{
	struct msg_ppp_auth_ask ask = ppp_ask(9, 0);

	ck_assert_int_eq(keys_auth_ppp(&ask, TEXT("x"), value, &len), CAUSE_MALFORMED);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("keys_auth");

	if (!secret_init() || !crypto_init())
		return 1;
	tcase_add_test(t, auth_of_a_preshared_key);
	tcase_add_test(t, a_ppk_goes_into_three_keys);
	tcase_add_test(t, chap_md5_is_made_and_checked);
	tcase_add_test(t, mschapv2_is_made);
	tcase_add_test(t, mschapv2_is_checked);
	tcase_add_test(t, unknown_methods_are_refused);
	return run_cases("src/keys_auth", t);
}
