/* Identities: from config text, to printable text, and whether one is the other (RFC 7296 3.5). */
#include "ike/ike_names.h"

#include <string.h>

static bool take(struct ike_identity *out, enum ike_id_type type, const void *data, size_t len)
{
	if (len == 0 || len > IKE_IDENTITY_MAX)
		return false;
	out->type = type;
	out->len = (uint16_t)len;
	memcpy(out->data, data, len);
	return true;
}

bool ike_identity_parse(const char *text, struct ike_identity *out)
{
	static const char key[] = "keyid:";
	struct ls_addr addr;

	memset(out, 0, sizeof *out);
	if (ls_addr_parse(text, &addr))
		return take(out, addr.family == 4 ? IKE_ID_IPV4 : IKE_ID_IPV6, addr.ip,
		            ls_addr_size(&addr));
	if (strncmp(text, key, sizeof key - 1) == 0)
		return take(out, IKE_ID_KEY, text + sizeof key - 1, strlen(text + sizeof key - 1));
	/* No other kind of identity has a '=' in it (a name may not, RFC 1123 2.1). */
	if (text[0] != '@' && strchr(text, '=')) {
		size_t len = cert_dn_parse(text, out->data);

		out->type = len > 0 ? IKE_ID_DN : IKE_ID_ANY;
		out->len = (uint16_t)len;
		return len > 0;
	}
	if (text[0] == '@')
		return take(out, IKE_ID_FQDN, text + 1, strlen(text + 1));
	return take(out, strchr(text, '@') ? IKE_ID_EMAIL : IKE_ID_FQDN, text, strlen(text));
}

static void escaped(struct ike_text *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char one[2] = {(char)p[i], '\0'};

		if (p[i] > 0x20 && p[i] < 0x7f && p[i] != '\\') {
			ike_text_add(t, one);
		} else {
			ike_text_add(t, "\\x");
			ike_text_hex(t, p[i], 2);
		}
	}
}

const char *ike_identity_text(const struct ike_identity *id, char *out, size_t cap)
{
	struct ike_text t = ike_text_make(out, cap);
	char dn[IKE_IDENTITY_MAX];
	bool v4 = id->type == IKE_ID_IPV4 && id->len == 4,
	     v6 = id->type == IKE_ID_IPV6 && id->len == 16;

	if (v4 || v6) {
		struct ls_addr a = ls_addr_from_bytes(v4 ? 4 : 6, id->data, 0);

		ike_text_addr(&t, &a);
		return out;
	}
	if (id->type == IKE_ID_DN && cert_dn_text(LS_BYTES(id->data, id->len), dn, sizeof dn)) {
		ike_text_add(&t, dn);
		return out;
	}
	if (id->type == IKE_ID_ANY)
		ike_text_add(&t, "anybody");
	else if (id->type == IKE_ID_KEY)
		ike_text_add(&t, "keyid:");
	else if (id->type != IKE_ID_FQDN && id->type != IKE_ID_EMAIL) {
		ike_text_add(&t, "type ");
		ike_text_number(&t, (unsigned)id->type);
		ike_text_add(&t, ":");
	}
	escaped(&t, id->data, id->len);
	return out;
}

const char *ike_ppk_id_text(const struct ike_ppk_id *id, char *out, size_t cap)
{
	struct ike_text t = ike_text_make(out, cap);

	escaped(&t, id->data, id->len);
	return out;
}

bool ike_ppk_id_parse(const char *text, struct ike_ppk_id *out)
{
	size_t len = strlen(text);

	memset(out, 0, sizeof *out);
	if (len == 0 || len > IKE_PPK_ID_MAX)
		return false;
	out->len = (uint8_t)len;
	memcpy(out->data, text, len);
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool same_letters(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool ike_identity_matches(const struct ike_identity *expected, const struct ike_identity *seen)
{
	if (expected->type == IKE_ID_ANY)
		return true;
	if (expected->type != seen->type)
		return false;
	/* "*.bank.example" stands for any name below it, but not for "bank.example" itself. */
	if (expected->type == IKE_ID_FQDN && expected->len > 2 && expected->data[0] == '*' &&
	    expected->data[1] == '.') {
		size_t tail = expected->len - 1u;

		return seen->len > tail &&
		       same_letters(expected->data + 1, seen->data + seen->len - tail, tail);
	}
	/* A DN has more than one form. */
	if (expected->type == IKE_ID_DN &&
	    cert_dn_same(LS_BYTES(expected->data, expected->len), LS_BYTES(seen->data, seen->len)))
		return true;
	if (expected->len != seen->len)
		return false;
	if (expected->type == IKE_ID_FQDN || expected->type == IKE_ID_EMAIL)
		return same_letters(expected->data, seen->data, seen->len);
	return memcmp(expected->data, seen->data, seen->len) == 0;
}
