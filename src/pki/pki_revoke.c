/* Certificates revoked: the database says so first, and the list is signed from it. */
#include "src/pki/pki.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Serials as people copy them: "4F:1A..." too. */
static void serial_take(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (; *text && n + 1 < cap; text++)
		if (*text != ':')
			out[n++] = *text;
	out[n] = '\0';
}

static size_t mark(struct pki_row *r, const char *reason, int64_t now_s)
{
	if (r->revoked_s)
		return 0;
	r->revoked_s = now_s;
	snprintf(r->reason, sizeof r->reason, "%s", reason);
	return 1;
}

bool pki_crl_renew(struct pki_ca *ca, int64_t now_s, unsigned days, struct pki_error *e)
{
	ca->db.crl++;
	return pki_ca_save(ca, e) &&
	       pki_crl_write(&ca->dir, &ca->db, ca->cert, ca->key, now_s, days, e);
}

bool pki_revoke(struct pki_ca *ca, const char *what, const char *reason, int64_t now_s,
                size_t *count, struct pki_error *e)
{
	char serial[PKI_SERIAL_MAX + 1], name[PKI_NAME_MAX];
	struct pki_row *one;
	bool found;

	*count = 0;
	reason = pki_reason_word(reason);
	if (!reason)
		return pki_fail(e, "this reason is not known: take %s", pki_reasons());
	serial_take(what, serial, sizeof serial);
	one = pki_db_serial(&ca->db, serial);
	found = one != NULL;
	if (one)
		*count = mark(one, reason, now_s);
	else if (pki_name_take(what, name, sizeof name, e))
		for (size_t i = 0; i < ca->db.count; i++)
			if (strcasecmp(ca->db.rows[i].name, name) == 0) {
				found = true;
				*count += mark(&ca->db.rows[i], reason, now_s);
			}
	if (!found)
		return pki_fail(e,
		                "the CA in %s has issued nothing with the name or serial '%.80s': "
		                "see 'l2tpsecctl pki show'",
		                ca->dir.path, what);
	if (*count == 0)
		return pki_fail(e,
		                "'%.80s' is revoked already: to sign the list anew, 'l2tpsecctl "
		                "pki crl'",
		                what);
	if (pki_crl_renew(ca, now_s, PKI_CRL_DAYS, e))
		return true;
	snprintf(
		e->text + strlen(e->text), sizeof e->text - strlen(e->text),
		". The list does not have it yet: when that is mended, 'l2tpsecctl pki revoke', or "
		"if that says that it is revoked already, 'l2tpsecctl pki crl'");
	return false;
}
