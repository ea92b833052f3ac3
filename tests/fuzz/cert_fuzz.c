/* Fuzzes what strangers show of themselves: a CA, a CRL and certificates, each with two bytes of
 * length before it. Whatever comes of it, texts are printable and end, and what is taken has a
 * name. */
#include "lib/trust.h"

#include "lib/cause.h"
#include "lib/crypto.h"
#include "lib/secret.h"
#include "lib/wire.h"

#include <stdlib.h>
#include <string.h>

enum { NOW = 1800000000 };

static void printable(const char *text, size_t cap)
{
	size_t len = strnlen(text, cap);

	if (len == cap)
		abort();
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			abort();
}

static void alone(struct ls_bytes der, uint8_t cap)
{
	struct x509_st *c = cert_read(der);
	char names[CERT_TEXT_MAX];
	struct cert_info info;
	uint8_t authority[CERT_AUTHORITY_SIZE];

	if (!c)
		return;
	cert_info_get(c, &info);
	printable(info.subject, sizeof info.subject);
	printable(info.issuer, sizeof info.issuer);
	printable(info.serial, sizeof info.serial);
	cert_identities(c, names, cap + 1u < sizeof names ? cap + 1u : sizeof names);
	printable(names, sizeof names);
	cert_authority(c, authority);
	for (unsigned type = 0; type < 12; type++)
		cert_has_identity(c, type, LS_BYTES((const uint8_t *)"reno.example", 12));
	cert_free(c);
}

static struct ls_bytes next(struct rd *r)
{
	size_t len = rd_u16(r);
	const uint8_t *p = rd_bytes(r, len);

	return LS_BYTES(p, p ? len : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct rd r = rd_make(data, size);
	struct ls_bytes cert[CERT_CHAIN_MAX + 1], ca = next(&r), crl = next(&r);
	char text[TRUST_TEXT_MAX], dn[64];
	struct trust *t;
	struct x509_st *peer;
	const char *why;
	unsigned n = 0;

	if (!ready)
		ready = secret_init() && crypto_init();
	t = trust_new();
	if (!ready || !t)
		return 0;
	while (n < sizeof cert / sizeof cert[0] && rd_left(&r) >= 2)
		cert[n++] = next(&r);
	if (ca.p)
		trust_ca_add(t, ca, &why);
	if (crl.p)
		trust_crl_add(t, crl, &why);
	for (unsigned required = 0; required < 2; required++) {
		trust_crl_required(t, required);
		if ((trust_check(t, cert, n, NOW, &peer, text) == CAUSE_NONE) != (peer != NULL))
			abort();
		printable(text, sizeof text);
		cert_free(peer);
	}
	for (unsigned i = 0; i < n; i++) {
		alone(cert[i], size > 0 ? data[0] : 0);
		if (cert[i].p && cert_dn_text(cert[i], dn, sizeof dn))
			printable(dn, sizeof dn);
	}
	trust_free(t);
	return 0;
}
