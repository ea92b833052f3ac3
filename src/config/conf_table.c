/* The tables of keys, and single values from and to text. */
#include "src/config/conf_table.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ROW(type, path, kind, field, count, min, max, fallback, sentence, ...) \
	{path,                                                                 \
	 CONF_##kind,                                                          \
	 offsetof(struct type, field),                                         \
	 sizeof(((struct type *)0)->field),                                    \
	 offsetof(struct type, count),                                         \
	 min,                                                                  \
	 max,                                                                  \
	 fallback,                                                             \
	 sentence,                                                             \
	 {__VA_ARGS__}},

const struct conf_key conf_gateway_keys[] = {
#define GATEWAY(...) ROW(conf_gateway, __VA_ARGS__)
#include "src/config/conf.def"
#undef GATEWAY
};
const size_t conf_gateway_key_count = sizeof conf_gateway_keys / sizeof conf_gateway_keys[0];

const struct conf_key conf_tunnel_keys[] = {
#define TUNNEL(...) ROW(conf_tunnel, __VA_ARGS__)
#include "src/config/conf.def"
#undef TUNNEL
};
const size_t conf_tunnel_key_count = sizeof conf_tunnel_keys / sizeof conf_tunnel_keys[0];

_Static_assert(sizeof conf_gateway_keys / sizeof conf_gateway_keys[0] <= CONF_KEYS_MAX,
               "too many keys");
_Static_assert(sizeof conf_tunnel_keys / sizeof conf_tunnel_keys[0] <= CONF_KEYS_MAX,
               "too many keys");

/* A choice is read and written as a number of this size. */
_Static_assert(sizeof(enum conf_start) == sizeof(unsigned) &&
                       sizeof(enum conf_ecn) == sizeof(unsigned) &&
                       sizeof(enum conf_df) == sizeof(unsigned) &&
                       sizeof(enum conf_ipsec) == sizeof(unsigned),
               "enums are as large as unsigned");

const char *conf_word(const struct conf_key *k, unsigned value)
{
	return value < CONF_WORDS_MAX ? k->word[value] : NULL;
}

const char *conf_start_name(enum conf_start start)
{
	const char *word = NULL;

	for (size_t i = 0; i < conf_tunnel_key_count && !word; i++)
		if (strcmp(conf_tunnel_keys[i].path, "start") == 0)
			word = conf_word(&conf_tunnel_keys[i], start);
	return word ? word : "?";
}

bool conf_is_list(const struct conf_key *k)
{
	return k->kind == CONF_TEXTS || k->kind == CONF_PREFIXES || k->kind == CONF_ADDRS;
}

static bool refuse(char *error, size_t cap, const char *what)
{
	snprintf(error, cap, "%s", what);
	return false;
}

static bool set_text(char *to, size_t size, const char *text, char *error, size_t cap)
{
	if (strlen(text) >= size) {
		snprintf(error, cap, "is longer than %zu characters", size - 1);
		return false;
	}
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return refuse(error, cap, "has characters that cannot be printed");
	memset(to, 0, size);
	memcpy(to, text, strlen(text) + 1);
	return true;
}

static bool set_number(const struct conf_key *k, uint32_t *to, const char *text, char *error,
                       size_t cap)
{
	unsigned long long v;
	char *end;

	if (k->word[0] && strcmp(text, k->word[0]) == 0) {
		*to = k->max;
		return true;
	}
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || v < k->min ||
	    v > k->max) {
		snprintf(error, cap, "must be a number from %u to %u%s%s%s", k->min, k->max,
		         k->word[0] ? " or \"" : "", k->word[0] ? k->word[0] : "",
		         k->word[0] ? "\"" : "");
		return false;
	}
	*to = (uint32_t)v;
	return true;
}

static bool set_bool(bool *to, const char *text, char *error, size_t cap)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return refuse(error, cap, "must be true or false");
	*to = text[0] == 't';
	return true;
}

/* family: 4 or 6 only, 0 any. */
static bool set_addr(uint32_t family, struct ls_addr *to, const char *text, char *error, size_t cap)
{
	struct ls_addr a = {.family = 0};

	if (text[0] != '\0' && (!ls_addr_parse(text, &a) || (family != 0 && a.family != family)))
		return refuse(error, cap,
		              family == 4   ? "must be an IPv4 address"
		              : family == 6 ? "must be an IPv6 address"
		                            : "must be an IP address");
	*to = a;
	return true;
}

static bool set_choice(const struct conf_key *k, unsigned *to, const char *text, char *error,
                       size_t cap)
{
	size_t n;

	for (unsigned i = 0; k->word[i]; i++)
		if (strcmp(text, k->word[i]) == 0) {
			*to = i;
			return true;
		}
	n = (size_t)snprintf(error, cap, "must be ");
	for (unsigned i = 0; k->word[i] && n < cap; i++)
		n += (size_t)snprintf(error + n, cap - n, "%s\"%s\"",
		                      i == 0           ? ""
		                      : k->word[i + 1] ? ", "
		                                       : " or ",
		                      k->word[i]);
	return false;
}

static bool set_prefix(struct ls_prefix *to, const char *text, char *error, size_t cap)
{
	if (!ls_prefix_parse(text, to))
		return refuse(error, cap,
		              "must be a network such as \"10.1.0.0/16\", with no bits set behind "
		              "its length");
	return true;
}

static bool set_range(struct ls_addr *first, struct ls_addr *last, const char *text, char *error,
                      size_t cap)
{
	static const char right[] =
		"must be a range of IPv4 addresses such as \"10.9.0.2-10.9.0.9\"";
	char copy[LS_ADDR_TEXT_MAX * 2], *dash;
	struct ls_addr from, to;

	if (text[0] == '\0') {
		*first = *last = (struct ls_addr){.family = 0};
		return true;
	}
	snprintf(copy, sizeof copy, "%s", text);
	dash = strchr(copy, '-');
	if (!dash)
		return refuse(error, cap, right);
	*dash = '\0';
	if (!ls_addr_parse(copy, &from) || !ls_addr_parse(dash + 1, &to) || from.family != 4 ||
	    to.family != 4 || ls_addr_v4_value(&from) > ls_addr_v4_value(&to))
		return refuse(error, cap, right);
	*first = from;
	*last = to;
	return true;
}

static bool set_entry(const struct conf_key *k, void *of, const char *text, char *error, size_t cap)
{
	uint32_t *count = conf_count(k, of);
	uint32_t most =
		k->kind == CONF_ADDRS ? (uint32_t)(k->size / sizeof(struct ls_addr)) : k->max;
	char *at = conf_field(k, of);
	bool ok;

	if (text[0] == '\0')
		return refuse(error, cap, "has an empty entry");
	if (*count >= most) {
		snprintf(error, cap, "has more than %u entries", most);
		return false;
	}
	if (k->kind == CONF_TEXTS)
		ok = set_text(at + *count * (k->size / k->max), k->size / k->max, text, error, cap);
	else if (k->kind == CONF_PREFIXES)
		ok = set_prefix((struct ls_prefix *)(void *)at + *count, text, error, cap);
	else
		ok = set_addr(k->min, (struct ls_addr *)(void *)at + *count, text, error, cap);
	*count += ok;
	return ok;
}

bool conf_set(const struct conf_key *k, void *of, const char *text, char *error, size_t cap)
{
	switch (k->kind) {
	case CONF_TEXT:
		if (k->min > 0 && text[0] == '\0')
			return refuse(error, cap, "must not be empty");
		return set_text(conf_field(k, of), k->size, text, error, cap);
	case CONF_U32:
		return set_number(k, conf_field(k, of), text, error, cap);
	case CONF_BOOL:
		return set_bool(conf_field(k, of), text, error, cap);
	case CONF_ADDR:
		return set_addr(k->min, conf_field(k, of), text, error, cap);
	case CONF_CHOICE:
		return set_choice(k, conf_field(k, of), text, error, cap);
	case CONF_RANGE:
		return set_range(conf_field(k, of), conf_count(k, of), text, error, cap);
	case CONF_TEXTS:
	case CONF_PREFIXES:
	case CONF_ADDRS:
		return set_entry(k, of, text, error, cap);
	}
	return false;
}

static const char *get_addr(const struct ls_addr *a, char *out, size_t cap)
{
	char text[LS_ADDR_TEXT_MAX];

	snprintf(out, cap, "%s", a->family ? ls_addr_text(a, text) : "");
	return out;
}

const char *conf_get(const struct conf_key *k, const void *of, uint32_t i, char *out, size_t cap)
{
	const char *at = (const char *)of + k->at, *word;
	char text[LS_ADDR_TEXT_MAX], second[LS_ADDR_TEXT_MAX];
	const struct ls_addr *first = (const void *)at,
			     *last = (const void *)((const char *)of + k->count_at);
	uint32_t n;

	switch (k->kind) {
	case CONF_TEXT:
		snprintf(out, cap, "%s", at);
		break;
	case CONF_U32:
		n = *(const uint32_t *)(const void *)at;
		if (k->word[0] && n == k->max)
			snprintf(out, cap, "%s", k->word[0]);
		else
			snprintf(out, cap, "%u", n);
		break;
	case CONF_BOOL:
		snprintf(out, cap, "%s", *(const bool *)(const void *)at ? "true" : "false");
		break;
	case CONF_ADDR:
		return get_addr(first, out, cap);
	case CONF_CHOICE:
		word = conf_word(k, *(const unsigned *)(const void *)at);
		snprintf(out, cap, "%s", word ? word : "?");
		break;
	case CONF_TEXTS:
		snprintf(out, cap, "%s", at + i * (k->size / k->max));
		break;
	case CONF_PREFIXES:
		snprintf(out, cap, "%s",
		         ls_prefix_text((const struct ls_prefix *)(const void *)at + i, text));
		break;
	case CONF_ADDRS:
		return get_addr(first + i, out, cap);
	case CONF_RANGE:
		out[0] = '\0';
		if (first->family)
			snprintf(out, cap, "%s-%s", ls_addr_text(first, text),
			         ls_addr_text(last, second));
		break;
	}
	return out;
}

void conf_defaults(const struct conf_key *keys, size_t n, void *of)
{
	char error[CONF_ERROR_MAX];

	for (size_t i = 0; i < n; i++)
		if (!conf_is_list(&keys[i]) &&
		    !(keys[i].kind == CONF_TEXT && keys[i].fallback[0] == '\0'))
			conf_set(&keys[i], of, keys[i].fallback, error, sizeof error);
}
