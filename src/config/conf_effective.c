/* The values in force, each with the line it came from, or that it is the default. */
#include "src/config/conf_table.h"

#include <string.h>

enum { VALUE_MAX = 4096, KEY_MAX = 128, ORIGIN_MAX = CONF_PATH_MAX + 16 };

static void quoted(const struct conf_key *k, const char *text, char *out, size_t cap, size_t *n)
{
	bool bare = k->kind == CONF_BOOL ||
	            (k->kind == CONF_U32 && !(k->word[0] && strcmp(text, k->word[0]) == 0));
	int written = snprintf(out + *n, cap - *n, bare ? "%s" : "\"%s\"", text);

	if (written > 0)
		*n += (size_t)written < cap - *n ? (size_t)written : cap - *n - 1;
}

static void value_text(const struct conf_key *k, const void *of, char *out, size_t cap)
{
	char text[CONF_PATH_MAX];
	uint32_t count = conf_is_list(k)
	                         ? *(const uint32_t *)(const void *)((const char *)of + k->count_at)
	                         : 1;
	size_t n = 0;

	out[0] = '\0';
	if (!conf_is_list(k)) {
		quoted(k, conf_get(k, of, 0, text, sizeof text), out, cap, &n);
		return;
	}
	n = (size_t)snprintf(out, cap, "[");
	for (uint32_t i = 0; i < count && n + 4 < cap; i++) {
		if (i > 0)
			n += (size_t)snprintf(out + n, cap - n, ", ");
		quoted(k, conf_get(k, of, i, text, sizeof text), out, cap, &n);
	}
	if (n + 1 < cap)
		snprintf(out + n, cap - n, "]");
}

static void table_say(const struct conf *conf, const char *prefix, const struct conf_key *keys,
                      size_t count, const void *of, const uint32_t *lines,
                      void (*say)(void *, const char *, const char *, const char *), void *context)
{
	char key[KEY_MAX], value[VALUE_MAX], origin[ORIGIN_MAX];

	for (size_t i = 0; i < count; i++) {
		snprintf(key, sizeof key, "%s.%s", prefix, keys[i].path);
		value_text(&keys[i], of, value, sizeof value);
		if (lines[i])
			snprintf(origin, sizeof origin, "%s:%u", conf->path, lines[i]);
		else
			snprintf(origin, sizeof origin, "default");
		say(context, key, value, origin);
	}
}

void conf_effective(const struct conf *conf,
                    void (*say)(void *context, const char *key, const char *value,
                                const char *origin),
                    void *context)
{
	char prefix[KEY_MAX];

	table_say(conf, "gateway", conf_gateway_keys, conf_gateway_key_count, &conf->gateway,
	          conf->gateway.key_line, say, context);
	for (size_t i = 0; i < conf->tunnel_count; i++) {
		snprintf(prefix, sizeof prefix, "tunnels.%s", conf->tunnels[i].name);
		table_say(conf, prefix, conf_tunnel_keys, conf_tunnel_key_count, &conf->tunnels[i],
		          conf->tunnels[i].key_line, say, context);
	}
}
