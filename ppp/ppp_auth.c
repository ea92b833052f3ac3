/* The arithmetic of passwords: CHAP-MD5 (RFC 1994 4.1) and MS-CHAPv2 (RFC 2759 8). */
#include "lib/crypto.h"
#include "lib/secret.h"
#include "ppp/ppp.h"

#include <string.h>

enum { PASSWORD_MAX = 256, HASH_SIZE = 16, SHA1_SIZE = 20, CHALLENGE_SIZE = 8 };

void ppp_chap_md5(uint8_t id, struct ls_bytes password, struct ls_bytes challenge,
                  uint8_t response[16])
{
	struct ls_bytes parts[] = {LS_BYTES(&id, 1), password, challenge};
	uint8_t digest[CRYPTO_HASH_MAX];

	crypto_digest(CRYPTO_MD5, parts, 3, digest);
	memcpy(response, digest, 16);
}

/* One UTF-8 sequence; gives its length, 0 when it is none (RFC 3629 3). */
static size_t utf8_next(const uint8_t *p, size_t len, uint32_t *code)
{
	size_t n = p[0] < 0x80       ? 1
	           : p[0] >> 5 == 6  ? 2
	           : p[0] >> 4 == 14 ? 3
	           : p[0] >> 3 == 30 ? 4
	                             : 0;
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};

	if (n == 0 || n > len)
		return 0;
	*code = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	return *code >= least[n] && *code <= 0x10ffff && (*code & 0xfffff800) != 0xd800 ? n : 0;
}

static void put16_le(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

/* The password as UTF-16LE; 0 when it is no UTF-8, empty or too long. */
static size_t to_unicode(struct ls_bytes text, uint8_t out[2 * PASSWORD_MAX])
{
	size_t n = 0;

	for (size_t at = 0; at < text.len;) {
		uint32_t code;
		size_t used = utf8_next(text.p + at, text.len - at, &code);

		if (used == 0 || n + 4 > 2 * PASSWORD_MAX)
			return 0;
		at += used;
		if (code >= 0x10000) {
			put16_le(out + n, 0xd800 + ((code - 0x10000) >> 10));
			n += 2;
			code = 0xdc00 + ((code - 0x10000) & 0x3ff);
		}
		put16_le(out + n, code);
		n += 2;
	}
	return n;
}

/* ChallengeHash (8.2). */
static void challenge_hash(const uint8_t peer[16], const uint8_t ours[16], const char *user,
                           uint8_t out[CHALLENGE_SIZE])
{
	const char *name = strrchr(user, '\\');
	uint8_t digest[CRYPTO_HASH_MAX];

	name = name ? name + 1 : user;
	struct ls_bytes parts[] = {LS_BYTES(peer, 16), LS_BYTES(ours, 16),
	                           LS_BYTES(name, strlen(name))};
	crypto_digest(CRYPTO_SHA1, parts, 3, digest);
	memcpy(out, digest, CHALLENGE_SIZE);
}

/* GenerateAuthenticatorResponse (8.7), binary. */
static void authenticator_response(const uint8_t hash[HASH_SIZE], const uint8_t nt[24],
                                   const uint8_t challenge[CHALLENGE_SIZE], uint8_t out[SHA1_SIZE])
{
	static const char magic1[] = "Magic server to client signing constant";
	static const char magic2[] = "Pad to make it do more than one iteration";
	uint8_t hash_hash[CRYPTO_HASH_MAX], digest[CRYPTO_HASH_MAX];
	struct ls_bytes first[] = {LS_BYTES(hash, HASH_SIZE)};

	crypto_digest(CRYPTO_MD4, first, 1, hash_hash);
	struct ls_bytes second[] = {LS_BYTES(hash_hash, HASH_SIZE), LS_BYTES(nt, 24),
	                            LS_BYTES(magic1, sizeof magic1 - 1)};
	crypto_digest(CRYPTO_SHA1, second, 3, digest);
	struct ls_bytes third[] = {LS_BYTES(digest, SHA1_SIZE), LS_BYTES(challenge, CHALLENGE_SIZE),
	                           LS_BYTES(magic2, sizeof magic2 - 1)};
	crypto_digest(CRYPTO_SHA1, third, 3, hash_hash);
	memcpy(out, hash_hash, SHA1_SIZE);
	secret_wipe(hash_hash, sizeof hash_hash);
	secret_wipe(digest, sizeof digest);
}

bool ppp_mschapv2(struct ls_bytes password, const char *user,
                  const uint8_t authenticator_challenge[16], const uint8_t peer_challenge[16],
                  uint8_t nt_response[24], uint8_t authenticator[20])
{
	uint8_t unicode[2 * PASSWORD_MAX], hash[CRYPTO_HASH_MAX] = {0}, keys[21] = {0},
					   challenge[CHALLENGE_SIZE];
	size_t n = to_unicode(password, unicode);
	struct ls_bytes part = LS_BYTES(unicode, n);

	if (n == 0)
		return false;
	crypto_digest(CRYPTO_MD4, &part, 1, hash);
	memcpy(keys, hash, HASH_SIZE);
	challenge_hash(peer_challenge, authenticator_challenge, user, challenge);
	for (unsigned i = 0; i < 3; i++)
		crypto_des_block(keys + (size_t)7 * i, challenge, nt_response + (size_t)8 * i);
	authenticator_response(hash, nt_response, challenge, authenticator);
	secret_wipe(unicode, sizeof unicode);
	secret_wipe(hash, sizeof hash);
	secret_wipe(keys, sizeof keys);
	return true;
}
