/* A small CA for gateways: a directory with its key, its certificate, its list of revoked
 * certificates, what it issued, and the database of that. No clock: `now_s` is seconds since 1970.
 */
#ifndef SRC_PKI_PKI_H
#define SRC_PKI_PKI_H

#include "lib/bytes.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct x509_st;
struct evp_pkey_st;
struct evp_md_st;

enum {
	PKI_ERROR_MAX = 900,
	PKI_DIR_MAX = 200,
	PKI_FILE_MAX = 96,    /* a file's name in the directory */
	PKI_NAME_MAX = 65,    /* what a certificate is issued for: it is a common name, too */
	PKI_ALIAS_MAX = 254,  /* another name in it */
	PKI_NAMES = 16,       /* names in a certificate */
	PKI_NAMES_MAX = 2048, /* these with commas between */
	PKI_SERIAL_BYTES = 16,
	PKI_SERIAL_MAX = 2 * PKI_SERIAL_BYTES + 1,
	PKI_REASON_MAX = 24,
	PKI_DAYS_MAX = 36500,
	PKI_CA_DAYS = 3650,
	PKI_GATEWAY_DAYS = 730,
	PKI_CRL_DAYS = 30,
	PKI_SOON_DAYS = 30,
	PKI_DAY_S = 86400,
	PKI_EARLIER_S =
		600, /* what is signed is good from then on: gateways' clocks need not be exact */
	PKI_PATH_MAX = PKI_DIR_MAX + PKI_FILE_MAX
};

/* What went wrong, where, and what to do: a sentence. */
struct pki_error {
	char text[PKI_ERROR_MAX];
};

/* Gives false. */
bool pki_fail(struct pki_error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether a certificate can be good for so many. */
bool pki_days_are(unsigned days, struct pki_error *e);

/* -- names (pki_name.c) -- */

enum pki_name_kind { PKI_NAME_NONE, PKI_NAME_DNS, PKI_NAME_EMAIL, PKI_NAME_IP };

/* What a text would be as an identity of IKE and as a subjectAltName. */
enum pki_name_kind pki_name_kind(const char *text);
/* The text in the one form that is compared and stored: names of hosts in lower case, addresses as
 * inet_ntop writes them. It is safe as a part of a file's name. cap: PKI_NAME_MAX or PKI_ALIAS_MAX.
 */
bool pki_name_take(const char *text, char *out, size_t cap, struct pki_error *e);
/* Adds a name to a list of them, unless it is in it. */
bool pki_names_add(char names[PKI_NAMES_MAX], const char *name, struct pki_error *e);
/* The next name of a list to out; false at its end. Begin with *at at the list. */
bool pki_names_next(const char **at, char out[PKI_ALIAS_MAX]);

/* -- the directory (pki_dir.c) -- */

struct pki_dir {
	int fd, lock;           /* -1: not open, not locked */
	char path[PKI_DIR_MAX]; /* absolute */
};

/* Makes it, mode 0700, where it is not there. */
bool pki_dir_make(const char *path, struct pki_error *e);
/* Opens one that only its owner may write; locked: waits until nobody else changes it, at most ten
 * seconds. */
bool pki_dir_open(struct pki_dir *d, const char *path, bool locked, struct pki_error *e);
void pki_dir_close(struct pki_dir *d);
bool pki_dir_has(const struct pki_dir *d, const char *file);
/* A new file, whole and on the disk or not at all; one that is there is never overwritten. */
bool pki_dir_create(const struct pki_dir *d, const char *file, unsigned mode, struct ls_bytes bytes,
                    struct pki_error *e);
/* Puts a file in the place of the one of before: after a crash either is there, and whole. */
bool pki_dir_replace(const struct pki_dir *d, const char *file, unsigned mode,
                     struct ls_bytes bytes, struct pki_error *e);
/* A file of at most 16 MiB, to be freed by conf_read_free(). private: one that nobody else may
 * read. */
bool pki_dir_read(const struct pki_dir *d, const char *file, bool private, struct ls_bytes *out,
                  struct pki_error *e);
/* What was made in vain is taken away. */
void pki_dir_remove(const struct pki_dir *d, const char *file);

/* -- the database (pki_db.c) -- */

/* A certificate that was issued: NAME-number.crt, with the key NAME-key.key. */
struct pki_row {
	char serial[PKI_SERIAL_MAX]; /* hexadecimal, upper case */
	char name[PKI_NAME_MAX];
	char names[PKI_NAMES_MAX]; /* all, the name itself first */
	char reason[PKI_REASON_MAX];
	int64_t from_s, until_s, revoked_s; /* revoked_s 0: it is not */
	unsigned number, key;
};

/* In the order of issue. */
struct pki_db {
	struct pki_row *rows;
	size_t count;
	uint64_t crl; /* number of the last CRL */
};

enum pki_state { PKI_VALID, PKI_SOON, PKI_EXPIRED, PKI_REVOKED };

/* Reads a database; its last line has its hash, so that no damage passes. false: e says which line,
 * and there is nothing to free. path is for the sentence. */
bool pki_db_parse(struct pki_db *db, struct ls_bytes text, const char *path, struct pki_error *e);
/* The text of a database, to be freed by free(); NULL without memory. */
char *pki_db_text(const struct pki_db *db, size_t *len);
void pki_db_free(struct pki_db *db);
/* false without memory. */
bool pki_db_add(struct pki_db *db, const struct pki_row *row);
/* The certificate of that name with the highest number, that of a serial; NULL. */
struct pki_row *pki_db_current(const struct pki_db *db, const char *name);
struct pki_row *pki_db_serial(const struct pki_db *db, const char *serial);
/* Whether somebody else is known to have that key of a name. */
bool pki_db_key_lost(const struct pki_db *db, const char *name, unsigned key);
enum pki_state pki_row_state(const struct pki_row *row, int64_t now_s);
const char *pki_state_name(enum pki_state state);
/* The reason as RFC 5280 5.3.1 numbers it, -1 for a word that is none of those that are taken. */
int pki_reason_number(const char *word);
/* The word in its usual spelling, whatever its case; NULL: none of those. */
const char *pki_reason_word(const char *word);
/* "unspecified, keyCompromise, ..." */
const char *pki_reasons(void);
/* The files of a row. Gives out. */
const char *pki_row_certificate(const struct pki_row *row, char out[PKI_FILE_MAX]);
const char *pki_row_key(const struct pki_row *row, char out[PKI_FILE_MAX]);

/* -- keys (pki_key.c) -- */

/* "p256", "p384", "p521", "ed25519", "ed448" or "rsa" (3072 bits); freed by sign_key_free(). */
struct evp_pkey_st *pki_key_make(const char *type, struct pki_error *e);
/* What a key of that kind signs with; NULL: it has a hash of its own. */
const struct evp_md_st *pki_key_hash(const struct evp_pkey_st *key);
/* Writes it in PEM, mode 0600, encrypted where there is a passphrase. */
bool pki_key_write(const struct pki_dir *d, const char *file, struct evp_pkey_st *key,
                   struct ls_bytes passphrase, struct pki_error *e);
bool pki_key_read(const struct pki_dir *d, const char *file, struct ls_bytes passphrase,
                  struct evp_pkey_st **out, struct pki_error *e);

/* -- certificates (pki_cert.c) -- */

/* What is to be in one. issuer NULL: a CA's own. */
struct pki_wanted {
	const char *name;  /* a DN where it has a '=', else a common name */
	const char *names; /* as in a row; unused for a CA */
	int64_t from_s, until_s;
	struct evp_pkey_st *key; /* its public half goes in */
	struct x509_st *issuer;
	struct evp_pkey_st *issuer_key;
};

/* Signed; its serial is drawn here. Freed by cert_free(). */
struct x509_st *pki_cert_make(const struct pki_wanted *w, struct pki_error *e);
void pki_cert_serial(const struct x509_st *cert, char out[PKI_SERIAL_MAX]);
bool pki_cert_write(const struct pki_dir *d, const char *file, struct x509_st *cert,
                    struct pki_error *e);
bool pki_cert_read(const struct pki_dir *d, const char *file, struct x509_st **out,
                   struct pki_error *e);

/* -- the list of revoked ones (pki_crl.c) -- */

/* Signs it from the database and writes it to ca.crl. */
bool pki_crl_write(const struct pki_dir *d, const struct pki_db *db, struct x509_st *ca,
                   struct evp_pkey_st *ca_key, int64_t now_s, unsigned days, struct pki_error *e);
/* What the list says: until when it is good, and how many it has. */
bool pki_crl_info(const struct pki_dir *d, int64_t *next_s, size_t *count, struct pki_error *e);

/* -- the CA (pki_ca.c) -- */

#define PKI_CA_KEY "ca.key"
#define PKI_CA_CERT "ca.crt"
#define PKI_CA_CRL "ca.crl"
#define PKI_DB "issued"

struct pki_ca {
	struct pki_dir dir;
	struct pki_db db;
	struct x509_st *cert;
	struct evp_pkey_st *key; /* NULL: opened to look only */
};

struct pki_ca_ask {
	const char *dir, *name, *key_type;
	struct ls_bytes passphrase; /* of the CA's key; empty: none */
	unsigned days;
};

/* A CA that has issued nothing; dir is made where it is not there. */
bool pki_ca_make(const struct pki_ca_ask *a, int64_t now_s, struct pki_error *e);
/* Opens one, with its key and locked, to issue and revoke. Closed by pki_ca_close(). */
bool pki_ca_open(struct pki_ca *ca, const char *dir, struct ls_bytes passphrase,
                 struct pki_error *e);
/* Opens one to look at it. */
bool pki_ca_look(struct pki_ca *ca, const char *dir, struct pki_error *e);
void pki_ca_close(struct pki_ca *ca);
/* Writes the database. */
bool pki_ca_save(const struct pki_ca *ca, struct pki_error *e);

/* -- issuing (pki_issue.c) -- */

struct pki_issue_ask {
	const char *name;
	const char *const *aliases; /* more names, NULL after the last; NULL: none */
	const char *key_type;       /* of a new key */
	unsigned days;
	bool new_key; /* renew: not the old one */
};

/* A key and a certificate for a name that has none; *row is in ca's database. */
bool pki_issue(struct pki_ca *ca, const struct pki_issue_ask *a, int64_t now_s,
               struct pki_row **row, struct pki_error *e);
/* Another certificate for a name that has one, with the same names. */
bool pki_renew(struct pki_ca *ca, const struct pki_issue_ask *a, int64_t now_s,
               struct pki_row **row, struct pki_error *e);

/* -- revoking (pki_revoke.c) -- */

/* All certificates of a name, or one by its serial; the list is signed anew. *count: how many were
 * not revoked before. */
bool pki_revoke(struct pki_ca *ca, const char *what, const char *reason, int64_t now_s,
                size_t *count, struct pki_error *e);
/* Signs the list anew, good for so many days. */
bool pki_crl_renew(struct pki_ca *ca, int64_t now_s, unsigned days, struct pki_error *e);

#endif
