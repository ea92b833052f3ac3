/* Start of the crypto layer, hashes, and the DES block of MS-CHAP. */
#include "lib/crypto_open.h"

#include <openssl/provider.h>
#include <pthread.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

/*
 * DOC: OpenSSL 3 looks algorithms up by name, which costs more than a short hash. So crypto_init()
 * fetches each once; afterwards these objects are only read, from any thread. Everything here works
 * without files and sockets once crypto_init() has returned, so that a process may close its
 * sandbox then.
 */
static const struct {
	const char *name;
	size_t size;
} hashes[] = {
	[CRYPTO_MD4] = {"MD4", 16},         [CRYPTO_MD5] = {"MD5", 16},
	[CRYPTO_SHA1] = {"SHA1", 20},       [CRYPTO_SHA256] = {"SHA2-256", 32},
	[CRYPTO_SHA384] = {"SHA2-384", 48}, [CRYPTO_SHA512] = {"SHA2-512", 64},
};

enum { HASHES = sizeof(hashes) / sizeof(hashes[0]) };

static EVP_MD *mds[HASHES];
static EVP_CIPHER *des;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool started;

static bool hash_start(void)
{
	OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(NULL, "legacy");
	OSSL_PROVIDER *standard = OSSL_PROVIDER_load(NULL, "default");

	/* Both stay loaded for the life of the process. */
	if (!legacy || !standard)
		return false;
	for (unsigned i = 0; i < HASHES; i++)
		if (!(mds[i] = EVP_MD_fetch(NULL, hashes[i].name, NULL)))
			return false;
	/* Triple DES with one key thrice is DES, and needs no legacy provider. */
	des = EVP_CIPHER_fetch(NULL, "DES-EDE3-ECB", NULL);
	return des != NULL;
}

static void start(void)
{
	started = secret_init() && hash_start() && crypto_prf_start() && crypto_ke_start() &&
	          crypto_aead_start();
}

bool crypto_init(void)
{
	pthread_once(&once, start);
	return started;
}

size_t crypto_hash_size(enum crypto_hash hash)
{
	return hashes[hash].size;
}

bool crypto_hash_of(const struct algo *algo, enum crypto_hash *hash)
{
	if (!algo || (algo->kind != ALGO_KIND_PRF && algo->kind != ALGO_KIND_INTEG))
		return false;
	for (unsigned i = 0; i < HASHES; i++) {
		if (strcmp(hashes[i].name, algo->evp) != 0)
			continue;
		*hash = (enum crypto_hash)i;
		return true;
	}
	return false;
}

/* A primitive that was fetched at the start and gets valid sizes fails only without memory. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

size_t crypto_digest(enum crypto_hash hash, const struct ls_bytes *parts, size_t n,
                     uint8_t out[CRYPTO_HASH_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx != NULL);
	must(EVP_DigestInit_ex2(ctx, mds[hash], NULL));
	for (size_t i = 0; i < n; i++)
		must(EVP_DigestUpdate(ctx, parts[i].p, parts[i].len));
	must(EVP_DigestFinal_ex(ctx, out, NULL));
	EVP_MD_CTX_free(ctx);
	return hashes[hash].size;
}

void crypto_des_block(const uint8_t key[7], const uint8_t in[8], uint8_t out[8])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t spread[24];
	int len = 0;

	/* Seven bits a byte; the lowest bit is parity, which DES ignores. */
	for (unsigned i = 0; i < 8; i++) {
		unsigned high = i > 0 ? (unsigned)key[i - 1] << (8 - i) : 0;
		unsigned low = i < 7 ? (unsigned)key[i] >> i : 0;

		spread[i] = (uint8_t)((high | low) & 0xfe);
	}
	memcpy(spread + 8, spread, 8);
	memcpy(spread + 16, spread, 8);
	must(ctx != NULL);
	must(EVP_EncryptInit_ex2(ctx, des, spread, NULL, NULL));
	must(EVP_CIPHER_CTX_set_padding(ctx, 0));
	must(EVP_EncryptUpdate(ctx, out, &len, in, 8));
	EVP_CIPHER_CTX_free(ctx);
	sodium_memzero(spread, sizeof(spread));
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return len == 0 || sodium_memcmp(a, b, len) == 0;
}
