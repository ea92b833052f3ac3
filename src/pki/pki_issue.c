/* Certificates of gateways: issued, and renewed. */
#include "src/pki/pki.h"

#include "lib/cert.h"
#include "lib/sign.h"

#include <stdio.h>
#include <string.h>

static bool may_issue(const struct pki_ca *ca, const struct pki_issue_ask *a, int64_t now_s,
                      struct pki_error *e)
{
	struct cert_info info;
	char date[16];

	if (!pki_days_are(a->days, e))
		return false;
	cert_info_get(ca->cert, &info);
	return info.not_after > now_s ||
	       pki_fail(e,
	                "the CA of %s ended on %s, nobody takes what it issues now: make another "
	                "one by 'l2tpsecctl pki ca --dir', give its " PKI_CA_CERT
	                " to all gateways, and issue their certificates anew",
	                ca->dir.path, cert_date(info.not_after, date));
}

/* Makes the certificate of a row that has its names and numbers, by a key, and writes it down: the
 * database first, because what was signed and is not in it could not be revoked. */
static bool certify(struct pki_ca *ca, struct pki_row *r, struct evp_pkey_st *key, unsigned days,
                    int64_t now_s, struct pki_row **row, struct pki_error *e)
{
	struct cert_info info;
	struct pki_wanted w = {.name = r->name,
	                       .names = r->names,
	                       .from_s = now_s - PKI_EARLIER_S,
	                       .until_s = now_s + (int64_t)days * PKI_DAY_S,
	                       .key = key,
	                       .issuer = ca->cert,
	                       .issuer_key = ca->key};
	char file[PKI_FILE_MAX];
	struct x509_st *c;
	bool ok;

	cert_info_get(ca->cert, &info);
	if (w.until_s > info.not_after)
		w.until_s = info.not_after;
	if (w.from_s < info.not_before)
		w.from_s = info.not_before;
	c = pki_cert_make(&w, e);
	if (!c)
		return false;
	r->from_s = w.from_s;
	r->until_s = w.until_s;
	pki_cert_serial(c, r->serial);
	ok = pki_db_add(&ca->db, r) || pki_fail(e, "there is no memory for the database");
	if (ok && !pki_ca_save(ca, e)) {
		ca->db.count--;
		ok = false;
	}
	if (ok && !pki_cert_write(&ca->dir, pki_row_certificate(r, file), c, e)) {
		struct pki_error second;

		/* Nobody has it. Where the disk does not take this either, the next renewal
		 * counts on. */
		ca->db.count--;
		pki_ca_save(ca, &second);
		ok = false;
	}
	cert_free(c);
	if (ok)
		*row = &ca->db.rows[ca->db.count - 1];
	return ok;
}

/* What another run left, or somebody put there. */
static bool place_is_free(const struct pki_ca *ca, const char *file, struct pki_error *e)
{
	return !pki_dir_has(&ca->dir, file) ||
	       pki_fail(e,
	                "%s/%s exists, and is not in the database: it was left by an interrupted "
	                "command, or comes from elsewhere. Move it away and try again",
	                ca->dir.path, file);
}

/* With a key of its own, which goes again if nothing comes of it. */
static bool certify_new(struct pki_ca *ca, struct pki_row *r, const struct pki_issue_ask *a,
                        int64_t now_s, struct pki_row **row, struct pki_error *e)
{
	char key_file[PKI_FILE_MAX], cert_file[PKI_FILE_MAX];
	size_t before = ca->db.count;
	struct evp_pkey_st *key;
	bool ok;

	pki_row_key(r, key_file);
	if (!place_is_free(ca, key_file, e) ||
	    !place_is_free(ca, pki_row_certificate(r, cert_file), e))
		return false;
	key = pki_key_make(a->key_type, e);
	ok = key && pki_key_write(&ca->dir, key_file, key, LS_BYTES(NULL, 0), e);
	if (ok && !certify(ca, r, key, a->days, now_s, row, e)) {
		ok = false;
		if (ca->db.count == before)
			pki_dir_remove(&ca->dir, key_file);
	}
	sign_key_free(key);
	return ok;
}

bool pki_issue(struct pki_ca *ca, const struct pki_issue_ask *a, int64_t now_s,
               struct pki_row **row, struct pki_error *e)
{
	struct pki_row r = {.number = 1, .key = 1};
	const struct pki_row *there;
	char alias[PKI_ALIAS_MAX], file[PKI_FILE_MAX];

	if (!may_issue(ca, a, now_s, e) || !pki_name_take(a->name, r.name, sizeof r.name, e) ||
	    !pki_names_add(r.names, r.name, e))
		return false;
	for (const char *const *more = a->aliases; more && *more; more++)
		if (!pki_name_take(*more, alias, sizeof alias, e) ||
		    !pki_names_add(r.names, alias, e))
			return false;
	there = pki_db_current(&ca->db, r.name);
	if (there)
		return pki_fail(e,
		                "'%s' has a certificate already (%s/%s): 'l2tpsecctl pki renew %s' "
		                "makes another one for it",
		                r.name, ca->dir.path, pki_row_certificate(there, file), r.name);
	return certify_new(ca, &r, a, now_s, row, e);
}

/* The public key of its certificate: the private one may be at the gateway only. */
static bool certify_again(struct pki_ca *ca, const struct pki_row *old, struct pki_row *r,
                          const struct pki_issue_ask *a, int64_t now_s, struct pki_row **row,
                          struct pki_error *e)
{
	char file[PKI_FILE_MAX], serial[PKI_SERIAL_MAX];
	struct x509_st *c;
	bool ok;

	if (!place_is_free(ca, pki_row_certificate(r, file), e))
		return false;
	pki_row_certificate(old, file);
	if (!pki_dir_has(&ca->dir, file))
		return pki_fail(e,
		                "%s/%s, which has the key to go on with, is not there: bring it "
		                "back, or give the gateway a new key by --new-key",
		                ca->dir.path, file);
	if (!pki_cert_read(&ca->dir, file, &c, e))
		return false;
	pki_cert_serial(c, serial);
	if (strcmp(serial, old->serial) != 0)
		ok = pki_fail(
			e,
			"%s/%s is not the certificate that was issued (its serial is %s, not "
			"%s): bring that one back, or give the gateway a new key by --new-key",
			ca->dir.path, file, serial, old->serial);
	else if (!cert_key(c))
		ok = pki_fail(e, "%s/%s has a key that cannot be used", ca->dir.path, file);
	else
		ok = certify(ca, r, cert_key(c), a->days, now_s, row, e);
	cert_free(c);
	return ok;
}

bool pki_renew(struct pki_ca *ca, const struct pki_issue_ask *a, int64_t now_s,
               struct pki_row **row, struct pki_error *e)
{
	char name[PKI_NAME_MAX];
	struct pki_row old, r;
	const struct pki_row *there;

	if (!may_issue(ca, a, now_s, e) || !pki_name_take(a->name, name, sizeof name, e))
		return false;
	there = pki_db_current(&ca->db, name);
	if (!there)
		return pki_fail(e,
		                "nothing was issued for '%s' by the CA in %s: see 'l2tpsecctl pki "
		                "show', or begin by 'l2tpsecctl pki issue %s'",
		                name, ca->dir.path, name);
	r = old = *there;
	if ((old.revoked_s || pki_db_key_lost(&ca->db, name, old.key)) && !a->new_key)
		return pki_fail(e,
		                "a certificate of '%s' with this key was revoked (%s), and "
		                "somebody else may have the key: give it a new one by --new-key",
		                name, old.revoked_s ? old.reason : "keyCompromise");
	r.number++;
	r.revoked_s = 0;
	r.reason[0] = '\0';
	if (!a->new_key)
		return certify_again(ca, &old, &r, a, now_s, row, e);
	/* Key and certificate have the same number then. */
	r.key = r.number;
	return certify_new(ca, &r, a, now_s, row, e);
}
