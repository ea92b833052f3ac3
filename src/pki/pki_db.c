/* The database of what a CA has issued and revoked: a text, a line a certificate. */
#include "src/pki/pki.h"

#include "lib/crypto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIRST_LINE "l2tpsec-pki 1"

enum {
	LINE_MAX_BYTES = PKI_NAMES_MAX + 512,
	SUM_BYTES = 32,
	SUM_TEXT = 2 * SUM_BYTES,
	NUMBER_MAX = 1000000
};

static const char hex_digits[] = "0123456789ABCDEF";

static void hex(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex_digits[bytes[i] >> 4];
		out[2 * i + 1] = hex_digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

static void sum_text(struct ls_bytes text, char out[SUM_TEXT + 1])
{
	uint8_t sum[CRYPTO_HASH_MAX] = {0};

	crypto_digest(CRYPTO_SHA256, &text, 1, sum);
	hex(sum, SUM_BYTES, out);
}

/* -- words -- */

/* RFC 5280 5.3.1; those about a CA, and those that may be taken back, are not for gateways. */
static const struct {
	const char *word;
	int number;
} reasons[] = {
	{"unspecified", 0}, {"keyCompromise", 1},        {"affiliationChanged", 3},
	{"superseded", 4},  {"cessationOfOperation", 5},
};

int pki_reason_number(const char *word)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (strcmp(reasons[i].word, word) == 0)
			return reasons[i].number;
	return -1;
}

const char *pki_reason_word(const char *word)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (strcasecmp(reasons[i].word, word) == 0)
			return reasons[i].word;
	return NULL;
}

const char *pki_reasons(void)
{
	return "unspecified, keyCompromise, affiliationChanged, superseded or cessationOfOperation";
}

const char *pki_state_name(enum pki_state state)
{
	static const char *const names[] = {"valid", "expires soon", "expired", "revoked"};

	return names[state];
}

enum pki_state pki_row_state(const struct pki_row *row, int64_t now_s)
{
	if (row->revoked_s)
		return PKI_REVOKED;
	if (row->until_s <= now_s)
		return PKI_EXPIRED;
	return row->until_s <= now_s + (int64_t)PKI_SOON_DAYS * PKI_DAY_S ? PKI_SOON : PKI_VALID;
}

const char *pki_row_certificate(const struct pki_row *row, char out[PKI_FILE_MAX])
{
	snprintf(out, PKI_FILE_MAX, "%s-%u.crt", row->name, row->number);
	return out;
}

const char *pki_row_key(const struct pki_row *row, char out[PKI_FILE_MAX])
{
	snprintf(out, PKI_FILE_MAX, "%s-%u.key", row->name, row->key);
	return out;
}

/* -- rows -- */

bool pki_db_add(struct pki_db *db, const struct pki_row *row)
{
	struct pki_row *rows = realloc(db->rows, (db->count + 1) * sizeof *rows);

	if (!rows)
		return false;
	db->rows = rows;
	rows[db->count++] = *row;
	return true;
}

void pki_db_free(struct pki_db *db)
{
	free(db->rows);
	*db = (struct pki_db){0};
}

struct pki_row *pki_db_current(const struct pki_db *db, const char *name)
{
	struct pki_row *found = NULL;

	for (size_t i = 0; i < db->count; i++)
		if (strcasecmp(db->rows[i].name, name) == 0 &&
		    (!found || db->rows[i].number > found->number))
			found = &db->rows[i];
	return found;
}

struct pki_row *pki_db_serial(const struct pki_db *db, const char *serial)
{
	for (size_t i = 0; i < db->count; i++)
		if (strcasecmp(db->rows[i].serial, serial) == 0)
			return &db->rows[i];
	return NULL;
}

bool pki_db_key_lost(const struct pki_db *db, const char *name, unsigned key)
{
	for (size_t i = 0; i < db->count; i++)
		if (strcasecmp(db->rows[i].name, name) == 0 && db->rows[i].key == key &&
		    strcmp(db->rows[i].reason, "keyCompromise") == 0)
			return true;
	return false;
}

/* -- to text and back -- */

char *pki_db_text(const struct pki_db *db, size_t *len)
{
	size_t cap = (db->count + 3) * LINE_MAX_BYTES, at;
	char *out = malloc(cap), sum[SUM_TEXT + 1];

	if (!out)
		return NULL;
	at = (size_t)snprintf(out, cap, FIRST_LINE "\ncrl %" PRIu64 "\n", db->crl);
	for (size_t i = 0; i < db->count; i++) {
		const struct pki_row *r = &db->rows[i];

		at += (size_t)snprintf(
			out + at, cap - at,
			"cert %s %u %u %" PRId64 " %" PRId64 " %" PRId64 " %s %s %s\n", r->serial,
			r->number, r->key, r->from_s, r->until_s, r->revoked_s,
			r->reason[0] ? r->reason : "-", r->name, r->names);
	}
	sum_text(LS_BYTES(out, at), sum);
	at += (size_t)snprintf(out + at, cap - at, "end %zu %s\n", db->count, sum);
	*len = at;
	return out;
}

/* A line being taken apart: words with one blank between. */
static const char *word_next(char **at)
{
	char *word = *at, *end = strchr(word, ' ');

	if (end)
		*end = '\0';
	*at = end ? end + 1 : word + strlen(word);
	return word;
}

static bool number_next(char **at, int64_t max, int64_t *out)
{
	const char *word = word_next(at);
	char *end;

	errno = 0;
	*out = strtoll(word, &end, 10);
	return word[0] >= '0' && word[0] <= '9' && *end == '\0' && errno == 0 && *out <= max;
}

static bool copy_next(char **at, char *out, size_t cap)
{
	const char *word = word_next(at);

	return word[0] && (size_t)snprintf(out, cap, "%s", word) < cap;
}

static bool serial_is_one(const char *serial)
{
	size_t len = strlen(serial);

	return len == (size_t)2 * PKI_SERIAL_BYTES && strspn(serial, hex_digits) == len;
}

/* The name itself, and all of them in the form that they are kept in. */
static bool names_are(const struct pki_row *r)
{
	char name[PKI_ALIAS_MAX], kept[PKI_ALIAS_MAX];
	const char *at = r->names;
	struct pki_error e;
	unsigned n = 0;

	for (; pki_names_next(&at, name); n++)
		if (!pki_name_take(name, kept, sizeof kept, &e) || strcmp(name, kept) != 0 ||
		    (n == 0 && strcmp(name, r->name) != 0))
			return false;
	return n > 0 && n <= PKI_NAMES && *at == '\0';
}

static bool row_parse(char *at, struct pki_row *r)
{
	int64_t number, key;

	memset(r, 0, sizeof *r);
	if (!copy_next(&at, r->serial, sizeof r->serial) || !serial_is_one(r->serial) ||
	    !number_next(&at, NUMBER_MAX, &number) || !number_next(&at, NUMBER_MAX, &key) ||
	    !number_next(&at, INT64_MAX, &r->from_s) || !number_next(&at, INT64_MAX, &r->until_s) ||
	    !number_next(&at, INT64_MAX, &r->revoked_s) ||
	    !copy_next(&at, r->reason, sizeof r->reason) ||
	    !copy_next(&at, r->name, sizeof r->name) || !copy_next(&at, r->names, sizeof r->names))
		return false;
	if (strcmp(r->reason, "-") == 0)
		r->reason[0] = '\0';
	else if (pki_reason_number(r->reason) < 0)
		return false;
	r->number = (unsigned)number;
	r->key = (unsigned)key;
	return number > 0 && key > 0 && key <= number && *at == '\0' && names_are(r) &&
	       (r->revoked_s != 0) == (r->reason[0] != '\0');
}

static bool row_take(struct pki_db *db, char *at)
{
	struct pki_row r;

	return row_parse(at, &r) && !pki_db_serial(db, r.serial) && pki_db_add(db, &r);
}

/* The next line without its end, of at most LINE_MAX_BYTES; false when there is none. */
static bool line_next(struct ls_bytes *text, char out[LINE_MAX_BYTES])
{
	const uint8_t *end = text->len > 0 ? memchr(text->p, '\n', text->len) : NULL;
	size_t n = end ? (size_t)(end - text->p) : 0;

	if (!end || n >= LINE_MAX_BYTES || memchr(text->p, '\0', n))
		return false;
	memcpy(out, text->p, n);
	out[n] = '\0';
	*text = LS_BYTES(text->p + n + 1, text->len - n - 1);
	return true;
}

static bool end_is(const struct pki_db *db, char *at, struct ls_bytes before)
{
	char sum[SUM_TEXT + 1];
	int64_t count;

	sum_text(before, sum);
	return number_next(&at, INT64_MAX, &count) && (size_t)count == db->count &&
	       strcmp(at, sum) == 0;
}

bool pki_db_parse(struct pki_db *db, struct ls_bytes text, const char *path, struct pki_error *e)
{
	struct ls_bytes left = text;
	char line[LINE_MAX_BYTES];
	unsigned n = 1;
	bool ok, ended = false;
	int64_t crl = 0;

	*db = (struct pki_db){0};
	ok = line_next(&left, line) && strcmp(line, FIRST_LINE) == 0;
	while (ok && !ended) {
		struct ls_bytes before = LS_BYTES(text.p, text.len - left.len);
		char *at = line;
		const char *word;

		n++;
		ok = line_next(&left, line);
		if (!ok)
			break;
		word = word_next(&at);
		if (n == 2)
			ok = strcmp(word, "crl") == 0 && number_next(&at, INT64_MAX, &crl) &&
			     *at == '\0';
		else if (strcmp(word, "cert") == 0)
			ok = row_take(db, at);
		else
			ok = ended = strcmp(word, "end") == 0 && end_is(db, at, before);
	}
	if (ok && left.len == 0) {
		db->crl = (uint64_t)crl;
		return true;
	}
	pki_db_free(db);
	return pki_fail(e,
	                "line %u of %s is damaged, or it was changed by hand: put the one of the "
	                "last backup in its place; nothing is issued or revoked until then",
	                n, path);
}
