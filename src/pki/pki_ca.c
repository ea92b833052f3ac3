/* A CA: made, opened, closed. */
#include "src/pki/pki.h"

#include "lib/cert.h"
#include "lib/crypto.h"
#include "lib/sign.h"
#include "src/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pki_days_are(unsigned days, struct pki_error *e)
{
	return (days > 0 && days <= PKI_DAYS_MAX) ||
	       pki_fail(e, "%u days cannot be: give 1 to %d (--days)", days, PKI_DAYS_MAX);
}

/* The certificate comes last, so that where it is there is a whole CA. */
static const char *const files[] = {PKI_CA_CERT, PKI_CA_KEY, PKI_DB, PKI_CA_CRL};

static bool place_is_free(const struct pki_dir *d, struct pki_error *e)
{
	if (pki_dir_has(d, PKI_CA_CERT))
		return pki_fail(e,
		                "there is a CA in %s already (%s/" PKI_CA_CERT
		                "), and nothing of it is overwritten: use it, or name another "
		                "place by --dir",
		                d->path, d->path);
	for (size_t i = 1; i < sizeof files / sizeof files[0]; i++)
		if (pki_dir_has(d, files[i]))
			return pki_fail(e,
			                "%s/%s exists, without a CA's certificate (" PKI_CA_CERT
			                "): what made it was interrupted, or that file was lost. "
			                "Bring " PKI_CA_CERT " back, or move the files of the CA "
			                "away, or name another place by --dir",
			                d->path, files[i]);
	return true;
}

bool pki_ca_save(const struct pki_ca *ca, struct pki_error *e)
{
	size_t len;
	char *text = pki_db_text(&ca->db, &len);
	bool ok =
		text ? pki_dir_replace(&ca->dir, PKI_DB, 0600, LS_BYTES(text, len), e)
		     : pki_fail(e, "there is no memory for the database %s/" PKI_DB, ca->dir.path);

	free(text);
	return ok;
}

static bool make_in(struct pki_ca *ca, const struct pki_ca_ask *a, int64_t now_s,
                    struct pki_error *e)
{
	struct pki_wanted w = {.name = a->name,
	                       .from_s = now_s - PKI_EARLIER_S,
	                       .until_s = now_s + (int64_t)a->days * PKI_DAY_S};

	ca->key = pki_key_make(a->key_type, e);
	w.key = ca->key;
	ca->cert = ca->key ? pki_cert_make(&w, e) : NULL;
	if (!ca->cert)
		return false;
	ca->db.crl = 1;
	if (pki_key_write(&ca->dir, PKI_CA_KEY, ca->key, a->passphrase, e) && pki_ca_save(ca, e) &&
	    pki_crl_write(&ca->dir, &ca->db, ca->cert, ca->key, now_s, PKI_CRL_DAYS, e) &&
	    pki_cert_write(&ca->dir, PKI_CA_CERT, ca->cert, e))
		return true;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		pki_dir_remove(&ca->dir, files[i]);
	return false;
}

bool pki_ca_make(const struct pki_ca_ask *a, int64_t now_s, struct pki_error *e)
{
	struct pki_ca ca = {.dir = {.fd = -1, .lock = -1}};
	bool ok = pki_days_are(a->days, e) && pki_dir_make(a->dir, e) &&
	          pki_dir_open(&ca.dir, a->dir, true, e) && place_is_free(&ca.dir, e) &&
	          make_in(&ca, a, now_s, e);

	pki_ca_close(&ca);
	return ok;
}

static bool db_read(struct pki_ca *ca, struct pki_error *e)
{
	char path[PKI_PATH_MAX];
	struct ls_bytes text;
	bool ok;

	if (!pki_dir_read(&ca->dir, PKI_DB, false, &text, e))
		return false;
	snprintf(path, sizeof path, "%s/" PKI_DB, ca->dir.path);
	ok = pki_db_parse(&ca->db, text, path, e);
	conf_read_free(&text);
	return ok;
}

static bool key_fits(const struct pki_ca *ca, struct pki_error *e)
{
	uint8_t a[SIGN_KEY_ID_SIZE], b[SIGN_KEY_ID_SIZE];

	return (sign_key_id(ca->key, a) && cert_key(ca->cert) &&
	        sign_key_id(cert_key(ca->cert), b) && crypto_equal(a, b, sizeof a)) ||
	       pki_fail(e,
	                "%s/" PKI_CA_KEY " is not the key of the certificate %s/" PKI_CA_CERT
	                ": bring back the two that belong together",
	                ca->dir.path, ca->dir.path);
}

static bool open_in(struct pki_ca *ca, const char *dir, bool work, struct ls_bytes passphrase,
                    struct pki_error *e)
{
	*ca = (struct pki_ca){.dir = {.fd = -1, .lock = -1}};
	/* Looked at without the lock first: where there is no CA, no lock is left. */
	if (!pki_dir_open(&ca->dir, dir, false, e))
		return false;
	if (!pki_dir_has(&ca->dir, PKI_CA_CERT))
		return pki_fail(e,
		                "there is no CA in %s (no " PKI_CA_CERT
		                "): make one by 'l2tpsecctl pki ca', or name its place by --dir",
		                ca->dir.path);
	if (work) {
		pki_dir_close(&ca->dir);
		if (!pki_dir_open(&ca->dir, dir, true, e))
			return false;
	}
	return pki_cert_read(&ca->dir, PKI_CA_CERT, &ca->cert, e) && db_read(ca, e) &&
	       (!work ||
	        (pki_key_read(&ca->dir, PKI_CA_KEY, passphrase, &ca->key, e) && key_fits(ca, e)));
}

static bool opened(struct pki_ca *ca, bool ok)
{
	if (!ok)
		pki_ca_close(ca);
	return ok;
}

bool pki_ca_open(struct pki_ca *ca, const char *dir, struct ls_bytes passphrase,
                 struct pki_error *e)
{
	return opened(ca, open_in(ca, dir, true, passphrase, e));
}

bool pki_ca_look(struct pki_ca *ca, const char *dir, struct pki_error *e)
{
	return opened(ca, open_in(ca, dir, false, LS_BYTES(NULL, 0), e));
}

void pki_ca_close(struct pki_ca *ca)
{
	sign_key_free(ca->key);
	cert_free(ca->cert);
	pki_db_free(&ca->db);
	pki_dir_close(&ca->dir);
	ca->key = NULL;
	ca->cert = NULL;
}
