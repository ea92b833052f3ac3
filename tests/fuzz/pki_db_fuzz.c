/* Fuzzes the database of l2tpsecctl pki, as it is and with the right last line: what is taken comes
 * back the same, and has names that are safe as files'. */
#include "src/pki/pki.h"

#include "lib/crypto.h"
#include "lib/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 20000, END_MAX = 128 };

static void take(struct ls_bytes text)
{
	struct pki_error e = {""};
	struct pki_db db, again;
	size_t len;
	char *out;

	if (!pki_db_parse(&db, text, "issued", &e)) {
		if (e.text[0] == '\0' || db.rows)
			abort();
		return;
	}
	out = pki_db_text(&db, &len);
	if (!out || !pki_db_parse(&again, LS_BYTES(out, len), "issued", &e) ||
	    again.count != db.count || again.crl != db.crl)
		abort();
	for (size_t i = 0; i < db.count; i++)
		if (db.rows[i].name[0] == '.' || strchr(db.rows[i].name, '/') ||
		    pki_name_kind(db.rows[i].name) == PKI_NAME_NONE ||
		    memcmp(&db.rows[i], &again.rows[i], sizeof db.rows[i]) != 0)
			abort();
	pki_db_free(&db);
	pki_db_free(&again);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	static char text[INPUT_MAX + END_MAX];
	uint8_t sum[CRYPTO_HASH_MAX];
	struct ls_bytes all = LS_BYTES(text, size);
	size_t at = size, rows = 0;

	if (!ready)
		ready = secret_init() && crypto_init();
	if (!ready || size > INPUT_MAX)
		return 0;
	take(LS_BYTES(data, size));
	memcpy(text, data, size);
	for (size_t i = 0; i + 5 < size; i++)
		rows += memcmp(text + i, "\ncert ", 6) == 0;
	crypto_digest(CRYPTO_SHA256, &all, 1, sum);
	at += (size_t)snprintf(text + at, END_MAX, "end %zu ", rows);
	for (unsigned i = 0; i < 32; i++)
		at += (size_t)snprintf(text + at, 3, "%02X", sum[i]);
	text[at++] = '\n';
	take(LS_BYTES(text, at));
	return 0;
}
