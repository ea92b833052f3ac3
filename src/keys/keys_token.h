/* Tokens by which peers see that we have begun anew (RFC 6290 5.2). */
#ifndef SRC_KEYS_KEYS_TOKEN_H
#define SRC_KEYS_KEYS_TOKEN_H

#include "lib/secret.h"
#include "src/base/msg.h"

enum { KEYS_TOKEN_SIZE = 32, KEYS_TOKEN_SECRET_SIZE = 32 };

/* Zero-initialise one without a secret. */
struct keys_token {
	struct secret secret;
};

/*
 * The secret of the file at fd, open for reading and writing (it is closed); an empty file gets one
 * first. path: for messages. false: there is the one that was there before, if any, and error says
 * why.
 */
bool keys_token_read(struct keys_token *k, int fd, const char *path, char *error, size_t cap);
/* The token for one IKE SA, in our direction, of a peer at that address. false: there is no secret.
 */
bool keys_token_make(const struct keys_token *k, const struct msg_ike_token_ask *ask,
                     uint8_t out[KEYS_TOKEN_SIZE]);
void keys_token_free(struct keys_token *k);

#endif
