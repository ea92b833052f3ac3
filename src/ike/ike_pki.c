/* Our certificates and the CAs that we believe, as the parent hands them over, and the verdict on a
 * peer's: here, where there is no key. */
#include "src/ike/ike_pki.h"

#include "src/base/msg.h"
#include "src/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void iked_pki_free(struct iked_pki *p)
{
	trust_free(p->trust);
	for (unsigned i = 0; i < p->certs; i++)
		cert_free(p->cert[i]);
	memset(p, 0, sizeof *p);
}

bool iked_pki_begin(struct iked_pki *p, bool crl_required)
{
	iked_pki_free(p);
	p->trust = trust_new();
	if (p->trust)
		trust_crl_required(p->trust, crl_required);
	return p->trust != NULL;
}

void iked_pki_file(struct iked_pki *p, unsigned kind, const char *path, int fd)
{
	const char *why = "is of a kind that is not known";
	struct ls_bytes file = LS_BYTES(NULL, 0);
	unsigned n = 0;

	if (!p->trust) {
		close(fd);
		return;
	}
	if (conf_read(fd, CONF_PKI_FILE_MAX, &file, &why)) {
		if (kind == MSG_PKI_CERTIFICATE && p->certs == 0)
			n = p->certs = cert_file_read(file, p->cert, CERT_CHAIN_MAX, &why);
		else if (kind == MSG_PKI_CA)
			n = trust_ca_add(p->trust, file, &why);
		else if (kind == MSG_PKI_CRL)
			n = trust_crl_add(p->trust, file, &why);
		conf_read_free(&file);
	}
	close(fd);
	if (n == 0 && p->error[0] == '\0')
		snprintf(p->error, sizeof p->error, "%.300s %s", path, why);
}

/* The CAs that our chain leads to, where its end is known here. */
static size_t above_find(const struct iked_pki *p, uint8_t *out)
{
	const struct x509_st *last = p->cert[p->certs - 1];
	size_t len = 0;

	if (!cert_is_root(last)) {
		if (!trust_issuer(p->trust, last, out))
			return 0;
		len += CERT_AUTHORITY_SIZE;
	}
	for (unsigned i = 1; i < p->certs; i++)
		if (cert_authority(p->cert[i], out + len))
			len += CERT_AUTHORITY_SIZE;
	return len;
}

bool iked_pki_show(const struct iked_pki *p, struct ike *ike)
{
	uint8_t above[(CERT_CHAIN_MAX + 1) * CERT_AUTHORITY_SIZE];
	struct ls_bytes certs[CERT_CHAIN_MAX];
	struct ike_credentials c = {.certs = certs};
	bool ok = true;

	if (p->trust)
		c.trusted = trust_authorities(p->trust);
	for (unsigned i = 0; i < p->certs; i++) {
		/* A root is the peer's to know, and not sent (RFC 4945 4.3.3). */
		if (i > 0 && cert_is_root(p->cert[i]))
			continue;
		certs[c.cert_count].p = cert_der(p->cert[i], &certs[c.cert_count].len);
		ok &= certs[c.cert_count].p != NULL;
		c.cert_count++;
	}
	if (p->certs > 0) {
		c.key = sign_key_kind(cert_key(p->cert[0]));
		ok &= sign_key_id(cert_key(p->cert[0]), c.key_id);
		c.above = LS_BYTES(above, above_find(p, above));
	}
	ok = ok && ike_credentials_set(ike, &c);
	for (unsigned i = 0; i < c.cert_count; i++)
		free((void *)(uintptr_t)certs[i].p);
	return ok;
}

static enum ls_cause identity_check(const struct x509_st *cert, const struct ike_identity *id,
                                    char text[TRUST_TEXT_MAX])
{
	char name[IKE_IDENTITY_MAX], has[CERT_TEXT_MAX];

	if (cert_has_identity(cert, (unsigned)id->type, LS_BYTES(id->data, id->len)))
		return CAUSE_NONE;
	ike_identity_text(id, name, sizeof name);
	cert_identities(cert, has, sizeof has);
	snprintf(text, TRUST_TEXT_MAX, "it says it is %.60s, its certificate has: %.100s", name,
	         has[0] ? has : "none");
	return CAUSE_IKE_CERT_IDENTITY;
}

struct ike_answer iked_pki_check(const struct iked_pki *p, const struct ike_auth_request *q,
                                 int64_t now_s, struct cert_info *info, char text[TRUST_TEXT_MAX])
{
	struct ls_bytes octets[] = {q->message, q->nonce, q->id_mac};
	struct ike_answer a = {.cause = CAUSE_IKE_CERT_UNKNOWN_CA, .text = text};
	struct x509_st *peer = NULL;

	snprintf(text, TRUST_TEXT_MAX, "no CA is known here");
	if (p->trust)
		a.cause = trust_check(p->trust, q->certs, q->cert_count, now_s, &peer, text);
	if (a.cause == CAUSE_NONE)
		a.cause = identity_check(peer, &q->remote_id, text);
	if (a.cause == CAUSE_NONE) {
		cert_info_get(peer, info);
		a.cause = sign_check(cert_key(peer), q->wire_method, q->auth, octets,
		                     sizeof octets / sizeof octets[0], &a.scheme);
		snprintf(text, TRUST_TEXT_MAX, "%.150s", info->subject);
	}
	a.ok = a.cause == CAUSE_NONE;
	if (a.ok)
		a.cert = info;
	cert_free(peer);
	return a;
}

/* What somebody has decided, not what time has done. */
static bool ruled_out(enum ls_cause cause)
{
	return cause == CAUSE_IKE_CERT_REVOKED || cause == CAUSE_IKE_CERT_UNKNOWN_CA;
}

static enum ls_cause proof_check(const struct iked_pki *p, const struct ike_proof *proof,
                                 int64_t now_s, char text[TRUST_TEXT_MAX])
{
	enum ls_cause cause = CAUSE_IKE_CERT_UNKNOWN_CA;
	struct x509_st *peer = NULL;

	snprintf(text, TRUST_TEXT_MAX, "no CA is known here");
	if (p->trust)
		cause = trust_check(p->trust, proof->certs, proof->cert_count, now_s, &peer, text);
	cert_free(peer);
	return ruled_out(cause) ? cause : CAUSE_NONE;
}

void iked_pki_look_again(const struct iked_pki *p, struct ike *ike, int64_t now_s, ls_time now)
{
	char text[TRUST_TEXT_MAX];
	struct ike_proof proof;
	size_t n = 0;

	while (ike_proof(ike, n, &proof))
		n++;
	/* From the end: what is ended falls out of the list. */
	while (n-- > 0) {
		enum ls_cause cause = CAUSE_NONE;

		if (ike_proof(ike, n, &proof) && proof.cert_count > 0)
			cause = proof_check(p, &proof, now_s, text);
		if (cause != CAUSE_NONE)
			ike_distrust(ike, &proof, cause, text, now);
	}
}
