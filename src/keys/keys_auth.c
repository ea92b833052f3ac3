/* The arithmetic of the keys process: AUTH values of IKE and answers to challenges of PPP. */
#include "src/keys/keys_auth.h"

#include "ppp/ppp.h"

#include <string.h>

enum {
	OP_MAKE = 0,
	MD5_BYTES = 16,
	MS_CHALLENGE_BYTES = 16,
	MS_RESPONSE_BYTES = 49,
	MS_RESPONSE_NT_AT = 24, /* after the peer's challenge and 8 zero bytes (RFC 2759 4) */
	NT_BYTES = 24,
	MS_AUTHENTICATOR_BYTES = 20,
};

size_t keys_auth_ike(enum algo_id prf, struct ls_bytes psk, const struct msg_ike_auth_ask *ask,
                     uint8_t out[CRYPTO_HASH_MAX])
{
	static const char pad[] = "Key Pad for IKEv2";
	struct ls_bytes text = LS_BYTES(pad, sizeof pad - 1);
	struct ls_bytes octets[] = {ask->message, ask->nonce, ask->id_mac};
	uint8_t key[CRYPTO_HASH_MAX];
	size_t len = crypto_prf(prf, psk, &text, 1, key);

	if (len > 0)
		len = crypto_prf(prf, LS_BYTES(key, len), octets, sizeof octets / sizeof octets[0],
		                 out);
	secret_wipe(key, sizeof key);
	return len;
}

size_t keys_auth_ppk(struct ls_bytes ppk, const struct msg_ike_ppk_ask *ask,
                     uint8_t out[3 * CRYPTO_HASH_MAX])
{
	const struct ls_bytes key[] = {ask->sk_d, ask->sk_pi, ask->sk_pr};
	enum algo_id prf = (enum algo_id)ask->prf;
	const struct algo *a = algo_get(prf);
	size_t len = 0;

	if (!a || a->kind != ALGO_KIND_PRF)
		return 0;
	for (unsigned i = 0; i < sizeof key / sizeof key[0]; i++) {
		if (key[i].len != a->key_bytes ||
		    !crypto_prf_plus(prf, ppk, &key[i], 1, out + len, key[i].len))
			return 0;
		len += key[i].len;
	}
	return len;
}

static enum ls_cause md5(const struct msg_ppp_auth_ask *ask, struct ls_bytes password,
                         uint8_t value[64], size_t *len)
{
	uint8_t response[MD5_BYTES];
	bool same;

	ppp_chap_md5(ask->chap_id, password, ask->challenge, response);
	if (ask->op == OP_MAKE) {
		memcpy(value, response, sizeof response);
		*len = sizeof response;
		return CAUSE_NONE;
	}
	same = ask->response.len == sizeof response &&
	       crypto_equal(response, ask->response.p, sizeof response);
	secret_wipe(response, sizeof response);
	return same ? CAUSE_NONE : CAUSE_PPP_WRONG_PASSWORD;
}

static enum ls_cause mschapv2(const struct msg_ppp_auth_ask *ask, struct ls_bytes password,
                              uint8_t value[64], size_t *len)
{
	bool make = ask->op == OP_MAKE;
	uint8_t nt[NT_BYTES], authenticator[MS_AUTHENTICATOR_BYTES];
	const uint8_t *peer_challenge = make ? ask->peer_challenge.p : ask->response.p;

	if (ask->challenge.len != MS_CHALLENGE_BYTES ||
	    (make ? ask->peer_challenge.len != MS_CHALLENGE_BYTES
	          : ask->response.len != MS_RESPONSE_BYTES))
		return CAUSE_MALFORMED;
	if (!ppp_mschapv2(password, ask->user, ask->challenge.p, peer_challenge, nt, authenticator))
		return CAUSE_PPP_WRONG_PASSWORD;
	if (!make && !crypto_equal(nt, ask->response.p + MS_RESPONSE_NT_AT, sizeof nt))
		return CAUSE_PPP_WRONG_PASSWORD;
	if (make) {
		memcpy(value, nt, sizeof nt);
		*len = sizeof nt;
	}
	memcpy(value + *len, authenticator, sizeof authenticator);
	*len += sizeof authenticator;
	return CAUSE_NONE;
}

enum ls_cause keys_auth_ppp(const struct msg_ppp_auth_ask *ask, struct ls_bytes password,
                            uint8_t value[64], size_t *len)
{
	*len = 0;
	switch ((enum ppp_auth)ask->method) {
	case PPP_AUTH_CHAP_MD5:
		return md5(ask, password, value, len);
	case PPP_AUTH_MSCHAPV2:
		return mschapv2(ask, password, value, len);
	case PPP_AUTH_NONE:
		break;
	}
	return CAUSE_MALFORMED;
}
