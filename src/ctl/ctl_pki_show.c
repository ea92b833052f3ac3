/* l2tpsecctl pki: its answers, for people and for programs. */
#include "src/ctl/ctl_pki.h"

#include "lib/cert.h"
#include "lib/sign.h"

#include <stdio.h>
#include <string.h>

static void json_print(json_t *o)
{
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void text_put(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static void path_put(json_t *o, const char *key, const struct pki_ca *ca, const char *file)
{
	json_object_set_new(o, key, json_sprintf("%s/%s", ca->dir.path, file));
}

static void date_put(json_t *o, const char *key, int64_t time_s)
{
	char date[16];

	text_put(o, key, cert_date(time_s, date));
}

/* The one that a name has now, which is not said of a revoked one. */
static bool is_current(const struct pki_ca *ca, const struct pki_row *row)
{
	return pki_db_current(&ca->db, row->name) == row && !row->revoked_s;
}

static json_t *row_object(const struct pki_ca *ca, const struct pki_row *row, int64_t now_s)
{
	json_t *o = json_pack("{s:s}", "type", "certificate"), *names = json_array();
	char file[PKI_FILE_MAX], name[PKI_ALIAS_MAX];
	const char *at = row->names;

	text_put(o, "name", row->name);
	json_object_set_new(o, "number", json_integer((json_int_t)row->number));
	text_put(o, "serial", row->serial);
	while (pki_names_next(&at, name))
		json_array_append_new(names, json_string(name));
	json_object_set_new(o, "names", names);
	date_put(o, "not_before", row->from_s);
	date_put(o, "not_after", row->until_s);
	json_object_set_new(o, "days_left",
	                    json_integer((json_int_t)((row->until_s - now_s) / PKI_DAY_S)));
	text_put(o, "state", pki_state_name(pki_row_state(row, now_s)));
	json_object_set_new(o, "current", json_boolean(is_current(ca, row)));
	if (row->revoked_s) {
		date_put(o, "revoked", row->revoked_s);
		text_put(o, "reason", row->reason);
	}
	path_put(o, "certificate_file", ca, pki_row_certificate(row, file));
	path_put(o, "key_file", ca, pki_row_key(row, file));
	return o;
}

/* -- the CA and its list -- */

struct list {
	int64_t next_s;
	size_t count, wanted; /* what it has, and what it should */
	struct pki_error error;
	bool there;
};

static struct list list_look(const struct pki_ca *ca)
{
	struct list l = {.there = false};

	l.there = pki_crl_info(&ca->dir, &l.next_s, &l.count, &l.error);
	for (size_t i = 0; i < ca->db.count; i++)
		l.wanted += ca->db.rows[i].revoked_s != 0;
	return l;
}

static json_t *ca_object(const struct pki_ca *ca, int64_t now_s)
{
	struct list l = list_look(ca);
	json_t *o = json_pack("{s:s}", "type", "ca");
	struct cert_info info;

	cert_info_get(ca->cert, &info);
	text_put(o, "subject", info.subject);
	text_put(o, "serial", info.serial);
	date_put(o, "not_after", info.not_after);
	json_object_set_new(o, "days_left",
	                    json_integer((json_int_t)((info.not_after - now_s) / PKI_DAY_S)));
	path_put(o, "certificate_file", ca, PKI_CA_CERT);
	path_put(o, "crl_file", ca, PKI_CA_CRL);
	json_object_set_new(o, "crl_number", json_integer((json_int_t)ca->db.crl));
	if (l.there) {
		date_put(o, "crl_next", l.next_s);
		json_object_set_new(o, "crl_revoked", json_integer((json_int_t)l.count));
	}
	return o;
}

static void ca_print(const struct pki_ca *ca, int64_t now_s)
{
	struct list l = list_look(ca);
	struct cert_info info;
	char date[16];

	cert_info_get(ca->cert, &info);
	printf("CA    %s, until %s%s\n", info.subject, cert_date(info.not_after, date),
	       info.not_after <= now_s ? ": it has ended, make another one" : "");
	if (!l.there) {
		printf("list  %s\n", l.error.text);
		return;
	}
	printf("list  %s/" PKI_CA_CRL ", %zu revoked, the next one due %s%s\n", ca->dir.path,
	       l.count, cert_date(l.next_s, date),
	       l.count != l.wanted ? ": it lacks some, sign it anew by 'l2tpsecctl pki crl'"
	       : l.next_s <= now_s ? ": it is old, sign it anew by 'l2tpsecctl pki crl'"
	                           : "");
}

void ctl_pki_made(const struct ctl_options *o, const struct pki_ca *ca, int64_t now_s)
{
	struct cert_info info;
	char date[16];

	if (o->json) {
		json_print(ca_object(ca, now_s));
		return;
	}
	cert_info_get(ca->cert, &info);
	printf("The CA \"%s\" is in %s, good until %s.\n", info.subject, ca->dir.path,
	       cert_date(info.not_after, date));
	printf("  " PKI_CA_KEY "   its key: who has it can be any gateway; it stays here, and in a "
	       "backup\n"
	       "  " PKI_CA_CERT "   its certificate, for all gateways\n"
	       "  " PKI_CA_CRL "   what it revoked, nothing yet\n"
	       "  " PKI_DB "   what it issued, for the backup too\n"
	       "Next: l2tpsecctl pki issue NAME, for each gateway.\n");
}

void ctl_pki_issued(const struct ctl_options *o, const struct pki_ca *ca, const struct pki_row *row,
                    int64_t now_s)
{
	const char *dir = ca->dir.path;
	char file[PKI_FILE_MAX], key[PKI_FILE_MAX], date[16];
	struct cert_info info;
	bool key_here;

	if (o->json) {
		json_print(row_object(ca, row, now_s));
		return;
	}
	pki_row_certificate(row, file);
	pki_row_key(row, key);
	key_here = pki_dir_has(&ca->dir, key);
	cert_info_get(ca->cert, &info);
	printf("%s: the current certificate is %s/%s, until %s%s.\n", row->name, dir, file,
	       cert_date(row->until_s, date),
	       row->until_s == info.not_after ? ", when the CA itself ends" : "");
	printf("  serial %s\n", row->serial);
	printf("  names  %s\n", row->names);
	printf("  key    %s%s\n", key,
	       row->key < row->number ? ", as before"
	                              : ", new: only this gateway may have it (mode 0600)");
	if (row->number > 1)
		printf("The certificate of before stays good until its end, or until 'l2tpsecctl "
		       "pki revoke SERIAL'.\n");
	printf("Copy %s%s%s, " PKI_CA_CERT " and " PKI_CA_CRL
	       " to the gateway. In its l2tpsecd.conf, in 'gateway' (with the paths there):\n\n",
	       file, key_here ? ", " : "", key_here ? key : "");
	printf("\tidentity = \"%s\";\n\tcertificate = \"%s/%s\";\n\tprivate-key = \"%s/%s\";\n"
	       "\tca = \"%s/" PKI_CA_CERT "\";\n\tcrl = \"%s/" PKI_CA_CRL "\";\n\n",
	       row->name, dir, file, dir, key, dir, dir);
	printf("in each tunnel that is to use it:\n\n\tauth = \"certificate\";\n\n");
	printf("and at its peers: peer-identity = \"%s\". Then 'l2tpsecctl reload'.\n", row->name);
}

void ctl_pki_listed(const struct ctl_options *o, const struct pki_ca *ca, size_t revoked,
                    int64_t now_s)
{
	struct list l = list_look(ca);
	char date[16];

	if (o->json) {
		json_print(ca_object(ca, now_s));
		return;
	}
	if (revoked > 0)
		printf("%zu certificate%s revoked. ", revoked, revoked > 1 ? "s" : "");
	printf("%s/" PKI_CA_CRL " has %zu, and is to be followed by another one until %s "
	       "('l2tpsecctl pki crl').\n"
	       "Copy it to each gateway, to the file that its 'crl' names, then 'l2tpsecctl "
	       "reload' there; lines that are up end by 'l2tpsecctl down'.\n",
	       ca->dir.path, l.count, cert_date(l.next_s, date));
}

/* -- show -- */

static void row_print(const struct pki_ca *ca, const struct pki_row *row, int64_t now_s, int width)
{
	enum pki_state state = pki_row_state(row, now_s);
	char date[16], revoked[16];

	printf("%-*s %3u  %-32s  %s  %s", width, row->name, row->number, row->serial,
	       cert_date(row->until_s, date), pki_state_name(state));
	if (state == PKI_REVOKED)
		printf(" %s, %s", cert_date(row->revoked_s, revoked), row->reason);
	else if (!is_current(ca, row))
		printf(", renewed");
	putchar('\n');
}

void ctl_pki_table(const struct ctl_options *o, const struct pki_ca *ca, int64_t now_s)
{
	int width = (int)strlen("NAME");

	if (o->json)
		json_print(ca_object(ca, now_s));
	else
		ca_print(ca, now_s);
	for (size_t i = 0; i < ca->db.count; i++)
		if ((int)strlen(ca->db.rows[i].name) > width)
			width = (int)strlen(ca->db.rows[i].name);
	if (!o->json && ca->db.count > 0)
		printf("\n%-*s  NO  %-32s  UNTIL       STATE\n", width, "NAME", "SERIAL");
	for (size_t i = 0; i < ca->db.count; i++) {
		const struct pki_row *row = &ca->db.rows[i];

		if (o->json)
			json_print(row_object(ca, row, now_s));
		else
			row_print(ca, row, now_s, width);
	}
}

static json_t *certificate_object(const struct x509_st *cert, const char *file, int64_t now_s)
{
	json_t *o = json_pack("{s:s}", "type", "certificate");
	struct cert_info info;

	cert_info_get(cert, &info);
	text_put(o, "serial", info.serial);
	date_put(o, "not_before", info.not_before);
	date_put(o, "not_after", info.not_after);
	json_object_set_new(o, "days_left",
	                    json_integer((json_int_t)((info.not_after - now_s) / PKI_DAY_S)));
	text_put(o, "certificate_file", file);
	return o;
}

static void certificate_add(json_t *o, const struct x509_st *cert)
{
	char names[CERT_TEXT_MAX];
	struct cert_info info;

	cert_info_get(cert, &info);
	cert_identities(cert, names, sizeof names);
	text_put(o, "subject", info.subject);
	text_put(o, "issuer", info.issuer);
	text_put(o, "identities", names);
	text_put(o, "key", cert_key(cert) ? sign_key_name(sign_key_kind(cert_key(cert))) : "?");
}

void ctl_pki_details(const struct ctl_options *o, const struct x509_st *cert, const char *file,
                     const struct pki_ca *ca, const struct pki_row *row, int64_t now_s)
{
	json_t *j = row ? row_object(ca, row, now_s) : certificate_object(cert, file, now_s);
	char date[16];
	struct cert_info info;

	if (cert)
		certificate_add(j, cert);
	if (o->json) {
		json_print(j);
		return;
	}
	printf("%s%s%s\n", row ? ca->dir.path : "", row ? "/" : "", file);
	if (cert) {
		cert_info_get(cert, &info);
		printf("  subject     %s\n  issuer      %s\n  serial      %s\n", info.subject,
		       info.issuer, info.serial);
		printf("  identities  %s\n", json_string_value(json_object_get(j, "identities")));
		printf("  key         %s\n", json_string_value(json_object_get(j, "key")));
		printf("  valid from  %s\n", cert_date(info.not_before, date));
		printf("  until       %s%s\n", cert_date(info.not_after, date),
		       info.not_after <= now_s ? " (it has expired)" : "");
	}
	if (row) {
		printf("  state       %s%s%s%s\n", pki_state_name(pki_row_state(row, now_s)),
		       row->revoked_s ? ": " : "", row->reason,
		       is_current(ca, row) ? ", the current one" : "");
		printf("  key file    %s\n", json_string_value(json_object_get(j, "key_file")));
	}
	json_decref(j);
}
