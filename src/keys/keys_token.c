/* Tokens of crash detection, made of a secret of this host's own that a file keeps: not of a
 * preshared key, which peers know too, and which whoever asks for tokens could then guess at home.
 */
#include "src/keys/keys_token.h"

#include "lib/crypto.h"
#include "lib/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_new(int fd, uint8_t bytes[KEYS_TOKEN_SECRET_SIZE])
{
	struct ls_random random = ls_random_system();

	ls_random_fill(&random, bytes, KEYS_TOKEN_SECRET_SIZE);
	/* What is not on the disk yet could be zeros there after the host has crashed. */
	return write(fd, bytes, KEYS_TOKEN_SECRET_SIZE) == KEYS_TOKEN_SECRET_SIZE && fsync(fd) == 0;
}

static bool all_zero(const uint8_t bytes[KEYS_TOKEN_SECRET_SIZE])
{
	static const uint8_t zero[KEYS_TOKEN_SECRET_SIZE];

	return crypto_equal(bytes, zero, sizeof zero);
}

bool keys_token_read(struct keys_token *k, int fd, const char *path, char *error, size_t cap)
{
	uint8_t bytes[KEYS_TOKEN_SECRET_SIZE + 1];
	ssize_t n = read(fd, bytes, sizeof bytes);
	struct secret secret = {0};
	bool ok = false;

	error[0] = '\0';
	if (n < 0 || (n == 0 && !write_new(fd, bytes)))
		snprintf(error, cap, "%.150s: %s", path, strerror(errno));
	else if ((n != 0 && n != KEYS_TOKEN_SECRET_SIZE) || all_zero(bytes))
		snprintf(error, cap,
		         "%.150s has no secret in it; a new one is made if it is removed", path);
	else
		ok = secret_from(&secret, bytes, KEYS_TOKEN_SECRET_SIZE);
	close(fd);
	secret_wipe(bytes, sizeof bytes);
	if (ok) {
		secret_free(&k->secret);
		k->secret = secret;
	}
	return ok;
}

bool keys_token_make(const struct keys_token *k, const struct msg_ike_token_ask *ask,
                     uint8_t out[KEYS_TOKEN_SIZE])
{
	static const char label[] = "l2tpsec token of an IKE SA";
	uint8_t spis[16], side = ask->initiator, family = ask->peer.family;
	const struct ls_bytes parts[] = {LS_BYTES(label, sizeof label), LS_BYTES(&side, 1),
	                                 LS_BYTES(spis, sizeof spis), LS_BYTES(&family, 1),
	                                 LS_BYTES(ask->peer.ip, ls_addr_size(&ask->peer))};
	uint8_t value[CRYPTO_HASH_MAX];
	size_t len = 0;

	ls_put64(spis, ask->spi_i);
	ls_put64(spis + 8, ask->spi_r);
	if (k->secret.len > 0)
		len = crypto_prf(ALGO_PRF_SHA256, LS_BYTES(k->secret.bytes, k->secret.len), parts,
		                 sizeof parts / sizeof parts[0], value);
	if (len == KEYS_TOKEN_SIZE)
		memcpy(out, value, KEYS_TOKEN_SIZE);
	secret_wipe(value, sizeof value);
	return len == KEYS_TOKEN_SIZE;
}

void keys_token_free(struct keys_token *k)
{
	secret_free(&k->secret);
}
