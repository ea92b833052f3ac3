/* The names that certificates are issued for: of hosts, of people, and addresses. */
#include "src/pki/pki.h"

#include "lib/addr.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LABEL_MAX = 63, HOST_MAX = 253 };

bool pki_fail(struct pki_error *e, const char *format, ...)
{
	va_list a;

	va_start(a, format);
	vsnprintf(e->text, sizeof e->text, format, a);
	va_end(a);
	return false;
}

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Labels with dots between (RFC 1123 2.1, and '_'). One of digits at the end would be a mistyped
 * address. */
static bool is_host(const char *text)
{
	size_t len = strlen(text), label = 0;
	bool digits = true;

	if (len == 0 || len > HOST_MAX)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (text[i] == '.' || text[i] == '\0') {
			if (label == 0 || label > LABEL_MAX || text[i - 1] == '-')
				return false;
			if (text[i] == '\0')
				return !digits;
			label = 0;
			digits = true;
			continue;
		}
		if (!plain(text[i]) && text[i] != '_' && (text[i] != '-' || label == 0))
			return false;
		digits &= text[i] >= '0' && text[i] <= '9';
		label++;
	}
	return false;
}

static bool is_mail(const char *text)
{
	const char *at = strchr(text, '@');

	if (!at || at == text || at - text > LABEL_MAX + 1 || text[0] == '.' || text[0] == '-')
		return false;
	for (const char *c = text; c < at; c++)
		if (!plain(*c) && !strchr("._+-", *c))
			return false;
	return is_host(at + 1);
}

enum pki_name_kind pki_name_kind(const char *text)
{
	struct ls_addr a;

	if (ls_addr_parse(text, &a))
		return PKI_NAME_IP;
	if (strchr(text, '@'))
		return is_mail(text) ? PKI_NAME_EMAIL : PKI_NAME_NONE;
	return is_host(text) ? PKI_NAME_DNS : PKI_NAME_NONE;
}

bool pki_name_take(const char *text, char *out, size_t cap, struct pki_error *e)
{
	enum pki_name_kind kind = pki_name_kind(text);
	char address[LS_ADDR_TEXT_MAX];
	struct ls_addr a;

	if (kind == PKI_NAME_NONE)
		return pki_fail(e,
		                "'%.80s' is no name for a certificate: give the name of a host "
		                "(hq.example), an e-mail address (anna@bank.example) or an IP "
		                "address (192.0.2.1), as the gateway's 'identity' will have it",
		                text);
	if (kind == PKI_NAME_IP && ls_addr_parse(text, &a))
		text = ls_addr_text(&a, address);
	if (strlen(text) >= cap)
		return pki_fail(e,
		                "the name '%.80s' is too long, it may have %zu characters: take a "
		                "shorter one, and this one as --san",
		                text, cap - 1);
	snprintf(out, cap, "%s", text);
	for (char *c = out; kind == PKI_NAME_DNS && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return true;
}

bool pki_names_next(const char **at, char out[PKI_ALIAS_MAX])
{
	size_t n = strcspn(*at, ",");

	if (n == 0 || n >= PKI_ALIAS_MAX)
		return false;
	memcpy(out, *at, n);
	out[n] = '\0';
	*at += n + ((*at)[n] == ',');
	return true;
}

bool pki_names_add(char names[PKI_NAMES_MAX], const char *name, struct pki_error *e)
{
	const char *at = names;
	char other[PKI_ALIAS_MAX];
	size_t len = strlen(names);
	unsigned n = 0;

	for (; pki_names_next(&at, other); n++)
		if (strcasecmp(other, name) == 0)
			return true;
	if (n >= PKI_NAMES || len + 1 + strlen(name) >= PKI_NAMES_MAX)
		return pki_fail(e,
		                "there are too many names for one certificate (%d at most): leave "
		                "some --san out",
		                PKI_NAMES);
	snprintf(names + len, PKI_NAMES_MAX - len, "%s%s", len ? "," : "", name);
	return true;
}
