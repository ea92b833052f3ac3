/* Private keys: made, written and read. */
#include "src/pki/pki.h"

#include "lib/sign.h"
#include "src/config/config.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

enum { RSA_BITS = 3072, SCRYPT_N = 1 << 14, SCRYPT_R = 8, SCRYPT_P = 1 };

static const struct {
	const char *type, *algorithm, *curve;
} types[] = {
	{"p256", "EC", "P-256"},      {"p384", "EC", "P-384"},  {"p521", "EC", "P-521"},
	{"ed25519", "ED25519", NULL}, {"ed448", "ED448", NULL}, {"rsa", "RSA", NULL},
};

struct evp_pkey_st *pki_key_make(const char *type, struct pki_error *e)
{
	EVP_PKEY *key = NULL;

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (strcmp(types[i].type, type) != 0)
			continue;
		key = types[i].curve ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", types[i].curve)
		      : strcmp(type, "rsa") == 0
		              ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS)
		              : EVP_PKEY_Q_keygen(NULL, NULL, types[i].algorithm);
		ERR_clear_error();
		if (!key)
			pki_fail(e, "OpenSSL cannot make a key of the type %s", type);
		return key;
	}
	pki_fail(e,
	         "there is no type of key '%.40s': take p256, p384, p521, ed25519, ed448 or rsa "
	         "(3072 bits)",
	         type);
	return NULL;
}

const struct evp_md_st *pki_key_hash(const struct evp_pkey_st *key)
{
	switch (sign_key_kind(key)) {
	case SIGN_KEY_ED25519:
	case SIGN_KEY_ED448:
		return NULL;
	case SIGN_KEY_P384:
		return EVP_sha384();
	case SIGN_KEY_P521:
		return EVP_sha512();
	default:
		return EVP_sha256();
	}
}

/* PKCS #8, its passphrase through scrypt. */
static bool encrypted(BIO *out, EVP_PKEY *key, struct ls_bytes passphrase)
{
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
	X509_ALGOR *how = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, SCRYPT_N,
	                                        SCRYPT_R, SCRYPT_P);
	X509_SIG *cipher = plain && how ? PKCS8_set0_pbe((const char *)passphrase.p,
	                                                 (int)passphrase.len, plain, how)
	                                : NULL;
	bool ok = cipher && PEM_write_bio_PKCS8(out, cipher) == 1;

	/* It belongs to cipher, if there is one. */
	if (!cipher)
		X509_ALGOR_free(how);
	X509_SIG_free(cipher);
	PKCS8_PRIV_KEY_INFO_free(plain);
	return ok;
}

bool pki_key_write(const struct pki_dir *d, const char *file, struct evp_pkey_st *key,
                   struct ls_bytes passphrase, struct pki_error *e)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	long len = 0;
	bool ok = text && (passphrase.len > 0 ? encrypted(text, key, passphrase)
	                                      : PEM_write_bio_PrivateKey(text, key, NULL, NULL, 0,
	                                                                 NULL, NULL) == 1);

	if (ok)
		len = BIO_get_mem_data(text, &bytes);
	ERR_clear_error();
	if (!ok || len <= 0)
		ok = pki_fail(e, "OpenSSL cannot write the key %s/%s", d->path, file);
	else
		ok = pki_dir_create(d, file, 0600, LS_BYTES(bytes, (size_t)len), e);
	/* Its bytes are wiped by this. */
	BIO_free(text);
	return ok;
}

bool pki_key_read(const struct pki_dir *d, const char *file, struct ls_bytes passphrase,
                  struct evp_pkey_st **out, struct pki_error *e)
{
	struct ls_bytes text;
	const char *why;

	if (!pki_dir_read(d, file, true, &text, e))
		return false;
	*out = sign_key_read(text, passphrase, &why);
	conf_read_free(&text);
	return *out || pki_fail(e, "the private key %s/%s %s%s", d->path, file, why,
	                        strstr(why, "passphrase") ? ": name the file of its passphrase by "
	                                                    "--passphrase-file"
	                                                  : "");
}
