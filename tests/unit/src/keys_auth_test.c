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
	tcase_add_test(t, chap_md5_is_made_and_checked);
	tcase_add_test(t, mschapv2_is_made);
	tcase_add_test(t, mschapv2_is_checked);
	tcase_add_test(t, unknown_methods_are_refused);
	return run_cases("src/keys_auth", t);
}
