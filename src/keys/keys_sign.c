/* Our private keys, and the one thing that is done with them: an AUTH value of IKE signed. */
#include "src/keys/keys_sign.h"

#include "lib/crypto.h"
#include "src/config/config.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	KEY_FILE_MAX = 64 * 1024,
	LOCKED_BYTES = 256 * 1024,
	LOCKED_LEAST = 32,
	IKE_HEADER_BYTES = 28,
	IKE_VERSION_2 = 0x20,
	IKE_SA_INIT = 34,
	NONCE_LEAST = 16,
	MAC_LEAST = 16
};

bool keys_sign_init(void)
{
	return CRYPTO_secure_malloc_initialized() ||
	       CRYPTO_secure_malloc_init(LOCKED_BYTES, LOCKED_LEAST) > 0;
}

bool keys_sign_read(struct keys_sign *k, int fd, const char *path, struct ls_bytes passphrase,
                    char *error, size_t cap)
{
	uint8_t id[SIGN_KEY_ID_SIZE];
	struct evp_pkey_st *key = NULL;
	struct ls_bytes file;
	const char *why;

	if (conf_read(fd, KEY_FILE_MAX, &file, &why)) {
		key = sign_key_read(file, passphrase, &why);
		conf_read_free(&file);
	}
	close(fd);
	if (!key || !sign_key_id(key, id)) {
		sign_key_free(key);
		snprintf(error, cap, "%s %s", path, why);
		return false;
	}
	if (k->key[0] && crypto_equal(k->id[0], id, sizeof id)) {
		sign_key_free(key);
		return true;
	}
	sign_key_free(k->key[1]);
	k->key[1] = k->key[0];
	memcpy(k->id[1], k->id[0], sizeof id);
	k->key[0] = key;
	memcpy(k->id[0], id, sizeof id);
	return true;
}

void keys_sign_free(struct keys_sign *k)
{
	sign_key_free(k->key[0]);
	sign_key_free(k->key[1]);
	memset(k, 0, sizeof *k);
}

/* A message that somebody else might take for something else must not be signed. Its first octets,
 * the SPI of the initiator, are random; a SPI that looks so is rarer than one in 2^24. */
static bool is_tls_or_der(struct ls_bytes message, size_t all)
{
	struct rd r = rd_make(message.p, message.len);
	uint8_t first = rd_u8(&r), second = rd_u8(&r);
	uint16_t length = rd_u16(&r), version = rd_u16(&r);

	if (!rd_ok(&r))
		return true;
	/* ClientHello, its length in 24 bits, client_version 3.x */
	if (first == 1 && second == 0 && version >> 8 == 3)
		return true;
	/* SEQUENCE of as many octets as follow */
	return first == 0x30 && second == 0x82 && length + 4u == all;
}

static bool is_sa_init(struct ls_bytes message)
{
	struct rd r = rd_make(message.p, message.len);
	uint8_t version, exchange;

	rd_skip(&r, 17);
	version = rd_u8(&r);
	exchange = rd_u8(&r);
	rd_skip(&r, 5);
	return rd_u32(&r) == message.len && rd_ok(&r) && version == IKE_VERSION_2 &&
	       exchange == IKE_SA_INIT;
}

enum ls_cause keys_sign_ike(const struct keys_sign *k, const struct msg_ike_auth_ask *ask,
                            uint8_t out[SIGN_AUTH_MAX], size_t *len)
{
	struct ls_bytes octets[] = {ask->message, ask->nonce, ask->id_mac};

	*len = 0;
	if (ask->key_id.len != SIGN_KEY_ID_SIZE || !is_sa_init(ask->message) ||
	    is_tls_or_der(ask->message, ask->message.len + ask->nonce.len + ask->id_mac.len) ||
	    ask->nonce.len < NONCE_LEAST || ask->id_mac.len < MAC_LEAST)
		return CAUSE_MALFORMED;
	for (unsigned i = 0; i < 2 && *len == 0; i++)
		if (k->key[i] && crypto_equal(k->id[i], ask->key_id.p, SIGN_KEY_ID_SIZE))
			*len = sign_make(k->key[i], (enum sign_scheme)ask->scheme, octets,
			                 sizeof octets / sizeof octets[0], out);
	return *len > 0 ? CAUSE_NONE : CAUSE_IKE_NO_PRIVATE_KEY;
}
