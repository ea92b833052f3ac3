/* The certificates of the two gateways: of one CA, the same in each run, with keys whose signatures
 * are the same each time (Ed25519). */
#include "tests/sim/sim.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 300, CA = 2 };

static const char *const names[] = {"a", "b", "ca"};

static EVP_PKEY *key_of(unsigned who)
{
	uint8_t raw[32];

	memset(raw, (int)(0x40 + who), sizeof raw);
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
}

static void extend(X509 *c, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (!e || X509_add_ext(c, e, -1) != 1)
		abort();
	X509_EXTENSION_free(e);
}

static void name_set(X509_NAME *n, unsigned who)
{
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const uint8_t *)names[who], -1, -1, 0);
}

static X509 *certificate(unsigned who, EVP_PKEY *key, EVP_PKEY *ca_key)
{
	X509 *c = X509_new();
	char alternatives[256] = "";

	X509_set_version(c, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c), (long)who + 1);
	name_set(X509_get_subject_name(c), who);
	name_set(X509_get_issuer_name(c), CA);
	/* The simulator's clock is not that of the certificates: good for as long as it may be. */
	ASN1_TIME_set_string_X509(X509_getm_notBefore(c), "20200101000000Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(c), "20991231235959Z");
	X509_set_pubkey(c, key);
	if (who == CA) {
		extend(c, NID_basic_constraints, "critical,CA:TRUE");
	} else {
		for (unsigned t = 0; t < SIM_TUNNELS_MAX; t++)
			snprintf(alternatives + strlen(alternatives),
			         sizeof alternatives - strlen(alternatives), "%sDNS:t%u.%s.example",
			         t ? "," : "", t, names[who]);
		extend(c, NID_subject_alt_name, alternatives);
	}
	if (X509_sign(c, ca_key, NULL) <= 0)
		abort();
	return c;
}

static FILE *file_of(const char *dir, unsigned who, const char *kind, const char *mode)
{
	char path[PATH_BYTES];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.%s", dir, names[who], kind);
	if (!mode) {
		unlink(path);
		return NULL;
	}
	f = fopen(path, mode);
	if (!f || fchmod(fileno(f), S_IRUSR | S_IWUSR) < 0)
		abort();
	return f;
}

void certs_write(const char *dir)
{
	EVP_PKEY *ca_key = key_of(CA);

	for (unsigned who = 0; who <= CA; who++) {
		EVP_PKEY *key = key_of(who);
		X509 *c = certificate(who, key, ca_key);
		FILE *f = file_of(dir, who, "crt", "w");

		PEM_write_X509(f, c);
		fclose(f);
		f = file_of(dir, who, "key", "w");
		PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
		fclose(f);
		X509_free(c);
		EVP_PKEY_free(key);
	}
	EVP_PKEY_free(ca_key);
}

void certs_remove(const char *dir)
{
	for (unsigned who = 0; who <= CA; who++) {
		file_of(dir, who, "crt", NULL);
		file_of(dir, who, "key", NULL);
	}
}
