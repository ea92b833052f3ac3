/* Our private keys, and the one thing that is done with them: an AUTH value of IKE signed. */
#ifndef SRC_KEYS_KEYS_SIGN_H
#define SRC_KEYS_KEYS_SIGN_H

#include "lib/sign.h"
#include "src/base/msg.h"

/* The key of the certificate in use, and the one before it, for what was begun before a reload.
 * Zero-initialise. */
struct keys_sign {
	struct evp_pkey_st *key[2];
	uint8_t id[2][SIGN_KEY_ID_SIZE];
};

/* OpenSSL's private keys lie in locked memory from now on. Before the sandbox. */
bool keys_sign_init(void);
/* Reads the file at fd (which it closes); path: for messages. false: the keys are as before, and
 * error says file and why. */
bool keys_sign_read(struct keys_sign *k, int fd, const char *path, struct ls_bytes passphrase,
                    char *error, size_t cap);
void keys_sign_free(struct keys_sign *k);
/*
 * Signs message | nonce | id_mac of the question (RFC 7296 2.15), where the message is an
 * IKE_SA_INIT and the sizes of the others fit: nothing else. CAUSE_NONE with *len bytes in out, or
 * IKE_NO_PRIVATE_KEY, or MALFORMED.
 */
enum ls_cause keys_sign_ike(const struct keys_sign *k, const struct msg_ike_auth_ask *ask,
                            uint8_t out[SIGN_AUTH_MAX], size_t *len);

#endif
