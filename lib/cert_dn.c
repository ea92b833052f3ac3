/* Distinguished names: text to DER and back, over OpenSSL. */
#include "lib/cert.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

enum { PART_MAX = 128 };

/* The next "KEY=value" of the text, without blanks around it; false at a mistake. */
static bool part_take(const char **text, char *key, char *value)
{
	const char *c = *text;
	size_t n = 0, end;

	while (*c == ' ')
		c++;
	while (*c && *c != '=' && *c != ',') {
		if (n + 1 >= PART_MAX)
			return false;
		key[n++] = *c++;
	}
	while (n > 0 && key[n - 1] == ' ')
		n--;
	key[n] = '\0';
	if (*c++ != '=' || n == 0)
		return false;
	while (*c == ' ')
		c++;
	for (n = end = 0; *c && *c != ',' && *c != '+'; c++) {
		if (*c == '\\' && c[1])
			c++;
		else if (*c == '\\')
			return false;
		if (n + 1 >= PART_MAX)
			return false;
		value[n++] = *c;
		if (*c != ' ' || c[-1] == '\\')
			end = n;
	}
	value[end] = '\0';
	if (*c == '+' || end == 0)
		return false;
	*text = *c ? c + 1 : c;
	return *c == '\0' || **text != '\0';
}

size_t cert_dn_parse(const char *text, uint8_t out[CERT_DN_MAX])
{
	X509_NAME *name = X509_NAME_new();
	char key[PART_MAX], value[PART_MAX];
	bool ok = name && *text;
	int len = 0;

	while (ok && *text)
		ok = part_take(&text, key, value) &&
		     X509_NAME_add_entry_by_txt(name, key, MBSTRING_UTF8, (const uint8_t *)value,
		                                -1, -1, 0) == 1;
	if (ok)
		len = i2d_X509_NAME(name, NULL);
	if (len > 0 && len <= CERT_DN_MAX)
		i2d_X509_NAME(name, &out);
	else
		len = 0;
	X509_NAME_free(name);
	ERR_clear_error();
	return (size_t)len;
}

static X509_NAME *name_read(struct ls_bytes der)
{
	const uint8_t *at = der.p;
	X509_NAME *name = der.len > 0 && der.len <= CERT_SIZE_MAX
	                          ? d2i_X509_NAME(NULL, &at, (long)der.len)
	                          : NULL;

	if (name && at != der.p + der.len) {
		X509_NAME_free(name);
		name = NULL;
	}
	ERR_clear_error();
	return name;
}

bool cert_dn_text(struct ls_bytes der, char *out, size_t cap)
{
	/* In the order of the certificate, which is how people write it in the config; control
	 * characters and what is not ASCII come out escaped. */
	const unsigned long how = (XN_FLAG_ONELINE | ASN1_STRFLGS_ESC_MSB) &
	                          ~(unsigned long)(XN_FLAG_SPC_EQ | ASN1_STRFLGS_ESC_QUOTE);
	X509_NAME *name = name_read(der);
	BIO *text = name ? BIO_new(BIO_s_mem()) : NULL;
	char *bytes = NULL;
	long len = -1;
	bool ok;

	if (text && X509_NAME_print_ex(text, name, 0, how) >= 0)
		len = BIO_get_mem_data(text, &bytes);
	ok = len >= 0;
	if (ok)
		snprintf(out, cap, "%.*s", (int)len, bytes ? bytes : "");
	if (ok && (size_t)len >= cap && cap > 4)
		memcpy(out + cap - 4, "...", 4);
	BIO_free(text);
	X509_NAME_free(name);
	ERR_clear_error();
	return ok;
}

bool cert_dn_same(struct ls_bytes a, struct ls_bytes b)
{
	X509_NAME *x = name_read(a), *y = name_read(b);
	bool same = x && y && X509_NAME_cmp(x, y) == 0;

	X509_NAME_free(x);
	X509_NAME_free(y);
	return same;
}
