/* The keys process: the secrets it holds, and who gets which answer. */
#ifndef SRC_KEYS_KEYS_H
#define SRC_KEYS_KEYS_H

#include "lib/secret.h"
#include "src/base/msg.h"
#include "src/config/config.h"

/* What the secrets file says. Zero-initialise an empty one. */
struct keys_store {
	struct conf_secrets secrets;
};

/* Reads the file at fd (which it closes); path: for messages. false: the store is as before, and
 * error says file, line and why. */
bool keys_store_read(struct keys_store *s, int fd, const char *path, char *error, size_t cap);
void keys_store_free(struct keys_store *s);
/* The preshared key of a tunnel between these identities; conf may be NULL (no tunnel is known
 * yet). NULL: there is none. */
const struct secret *keys_store_psk(const struct keys_store *s, const struct conf_tunnel *conf,
                                    const struct msg_identity *local,
                                    const struct msg_identity *remote);
/* The PPK of that name, if the tunnel may use it; conf may be NULL. NULL: there is none. */
const struct secret *keys_store_ppk(const struct keys_store *s, const struct conf_tunnel *conf,
                                    struct ls_bytes id);
/* A PPP user by name; NULL: unknown. */
const struct conf_secret_user *keys_store_user(const struct keys_store *s, const char *name);
/* The L2TP tunnel secret of a tunnel; NULL: none. */
const struct secret *keys_store_l2tp(const struct keys_store *s, const struct conf_tunnel *conf);

#endif
