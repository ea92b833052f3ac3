/* Reading the configuration file: every key by its row, every mistake with its line, then what
 * contradicts itself. */
#include "esp/esp.h"
#include "ike/ike.h"
#include "lib/crypto.h"
#include "src/config/conf_table.h"

#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALUE_MAX = 300, PATH_TEXT_MAX = 96, NEAR = 3, WORD_MAX = 64 };

/* A table being read into a struct. */
struct target {
	const struct conf_key *keys;
	size_t count;
	void *of;
	uint32_t *lines;
	const char *path;
	struct conf_errors *errors;
	const char *what; /* "gateway", "tunnel 'hq'" */
};

void conf_error(struct conf_errors *e, const char *path, unsigned line, const char *format, ...)
{
	char *out = e->line[e->count < CONF_ERRORS_MAX ? e->count : CONF_ERRORS_MAX - 1];
	va_list args;
	int n;

	if (e->count >= CONF_ERRORS_MAX)
		return;
	n = line ? snprintf(out, CONF_ERROR_MAX, "%s:%u: ", path, line)
	         : snprintf(out, CONF_ERROR_MAX, "%s: ", path);
	va_start(args, format);
	if (n >= 0 && n < CONF_ERROR_MAX)
		vsnprintf(out + n, (size_t)(CONF_ERROR_MAX - n), format, args);
	va_end(args);
	e->count++;
}

/* -- names that are not known -- */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned conf_distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (unsigned j = 0; j <= lb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= lb; j++) {
			unsigned above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
			              diagonal + (tolower((unsigned char)a[i - 1]) !=
			                          tolower((unsigned char)b[j - 1])));
			diagonal = above;
		}
	}
	return row[lb];
}

static const char *nearest(const struct target *t, const char *path)
{
	const char *best = NULL;
	unsigned least = NEAR + 1;

	for (size_t i = 0; i < t->count; i++) {
		unsigned d = conf_distance(path, t->keys[i].path);

		if (d < least) {
			least = d;
			best = t->keys[i].path;
		}
	}
	return best;
}

static void unknown(const struct target *t, unsigned line, const char *path)
{
	const char *near = nearest(t, path);

	if (near)
		conf_error(t->errors, t->path, line, "unknown key '%s' in %s; did you mean '%s'?",
		           path, t->what, near);
	else
		conf_error(t->errors, t->path, line, "unknown key '%s' in %s", path, t->what);
}

/* -- values -- */

/* The text of a scalar; false for anything else. */
static bool scalar_text(const config_setting_t *s, char *out, size_t cap)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		snprintf(out, cap, "%d", config_setting_get_int(s));
		return true;
	case CONFIG_TYPE_INT64:
		snprintf(out, cap, "%lld", config_setting_get_int64(s));
		return true;
	case CONFIG_TYPE_BOOL:
		snprintf(out, cap, "%s", config_setting_get_bool(s) ? "true" : "false");
		return true;
	case CONFIG_TYPE_STRING:
		if (strlen(config_setting_get_string(s)) >= cap)
			return false;
		snprintf(out, cap, "%s", config_setting_get_string(s));
		return true;
	default:
		return false;
	}
}

static bool type_fits(const struct conf_key *k, const config_setting_t *s)
{
	int type = config_setting_type(s);

	if (k->kind == CONF_U32)
		return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64 ||
		       (type == CONFIG_TYPE_STRING && k->word[0] &&
		        strcmp(config_setting_get_string(s), k->word[0]) == 0);
	if (k->kind == CONF_BOOL)
		return type == CONFIG_TYPE_BOOL;
	return type == CONFIG_TYPE_STRING;
}

static const char *type_wanted(const struct conf_key *k)
{
	return k->kind == CONF_U32    ? "a number"
	       : k->kind == CONF_BOOL ? "true or false"
	                              : "text in double quotes";
}

static void value_set(const struct target *t, const struct conf_key *k, const config_setting_t *s)
{
	char text[VALUE_MAX], error[CONF_ERROR_MAX];
	const char *also = k->kind == CONF_U32 ? k->word[0] : NULL;
	unsigned line = config_setting_source_line(s);

	if (!type_fits(k, s) || !scalar_text(s, text, sizeof text))
		conf_error(t->errors, t->path, line, "'%s' must be %s%s%s%s", k->path,
		           type_wanted(k), also ? " or \"" : "", also ? also : "",
		           also ? "\"" : "");
	else if (!conf_set(k, t->of, text, error, sizeof error))
		conf_error(t->errors, t->path, line, "'%s' %s (it is \"%.80s\")", k->path, error,
		           text);
}

static void key_set(const struct target *t, size_t index, const config_setting_t *s)
{
	const struct conf_key *k = &t->keys[index];
	bool many = config_setting_is_list(s) || config_setting_is_array(s);

	t->lines[index] = config_setting_source_line(s);
	if (!many) {
		value_set(t, k, s);
		return;
	}
	if (!conf_is_list(k)) {
		conf_error(t->errors, t->path, config_setting_source_line(s),
		           "'%s' takes one value", k->path);
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++)
		value_set(t, k, config_setting_get_elem(s, (unsigned)i));
}

static bool is_group_name(const struct target *t, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < t->count; i++)
		if (strncmp(t->keys[i].path, name, len) == 0 && t->keys[i].path[len] == '.')
			return true;
	return false;
}

static void group_read(const struct target *t, const config_setting_t *group, const char *prefix)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		char path[PATH_TEXT_MAX];
		size_t k = 0;

		snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] ? "." : "",
		         config_setting_name(s));
		while (k < t->count && strcmp(t->keys[k].path, path) != 0)
			k++;
		if (k < t->count)
			key_set(t, k, s);
		else if (config_setting_is_group(s) && prefix[0] == '\0' && is_group_name(t, path))
			group_read(t, s, path);
		else
			unknown(t, config_setting_source_line(s), path);
	}
}

/* -- what the values mean together -- */

static bool name_is_fit(const char *name)
{
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_' && *c != '.')
			return false;
	return true;
}

unsigned conf_key_line(const struct conf_tunnel *t, const char *path)
{
	for (size_t i = 0; i < conf_tunnel_key_count; i++)
		if (strcmp(conf_tunnel_keys[i].path, path) == 0 && t->key_line[i] > 0)
			return t->key_line[i];
	return t->line;
}

static void proposals_check(const struct conf *conf, const struct conf_tunnel *t, unsigned use,
                            struct conf_errors *e)
{
	struct conf_proposals list = conf_proposals_of(t, use);
	char error[CONF_ERROR_MAX];
	struct ike_proposal p;

	for (uint32_t i = 0; i < list.count; i++)
		if (!conf_proposal_parse(list.text[i], use, &p, error, sizeof error))
			conf_error(e, conf->path, conf_key_line(t, list.key),
			           "'%s' of the tunnel '%s': %.160s", list.key, t->name, error);
}

static void identity_check(const struct conf *conf, const struct conf_tunnel *t, const char *key,
                           const char *text, struct conf_errors *e)
{
	struct ike_identity id;

	if (text[0] != '\0' && !ike_identity_parse(text, &id))
		conf_error(e, conf->path, conf_key_line(t, key),
		           "'%s' is no identity (it is \"%.80s\")", key, text);
}

static void marks_check(const struct conf *conf, const struct conf_tunnel *t, struct conf_errors *e)
{
	uint8_t dscp;

	if (!conf_dscp_parse(t->dscp, &dscp))
		conf_error(e, conf->path, conf_key_line(t, "dscp"),
		           "'dscp' of the tunnel '%s' must be a class such as \"cs0\", \"af21\" or "
		           "\"ef\", a number from 0 to 63, or \"copy\" (it is \"%.40s\")",
		           t->name, t->dscp);
}

static void ah_excludes(const struct conf *conf, const struct conf_tunnel *t, const char *key,
                        const char *why, struct conf_errors *e)
{
	conf_error(e, conf->path, conf_key_line(t, key),
	           "'%s' of the tunnel '%s' cannot be with ipsec = \"ah\": AH %s", key, t->name,
	           why);
}

static void ipsec_check(const struct conf *conf, const struct conf_tunnel *t, struct conf_errors *e)
{
	if (t->ipsec != CONF_IPSEC_AH)
		return;
	if (t->esp.force_udp)
		ah_excludes(conf, t, "esp.force-udp", "does not go in UDP", e);
	if (t->esp.tfc > 0)
		ah_excludes(conf, t, "esp.tfc", "pads nothing", e);
	if (t->esp.dummy_ms > 0)
		ah_excludes(conf, t, "esp.dummy-interval", "has no dummies", e);
}

static void ppk_check(const struct conf *conf, const struct conf_tunnel *t, struct conf_errors *e)
{
	struct ike_ppk_id id;

	_Static_assert((int)CONF_TEXT_MAX <= (int)IKE_PPK_ID_MAX &&
	                       (int)CONF_PPKS_MAX <= (int)IKE_PPKS_MAX,
	               "what the config allows, IKE takes");
	for (uint32_t i = 0; i < t->ppk_count; i++)
		if (!ike_ppk_id_parse(t->ppks[i], &id))
			conf_error(e, conf->path, conf_key_line(t, "ppk"),
			           "'ppk' of the tunnel '%s' has a name that is empty", t->name);
	if (t->ppk_required && t->ppk_count == 0)
		conf_error(e, conf->path, conf_key_line(t, "ppk-required"),
		           "the tunnel '%s' requires a PPK ('ppk-required'), but names none: set "
		           "'ppk'",
		           t->name);
}

static void tunnel_check(struct conf *conf, const struct conf_tunnel *t, struct conf_errors *e)
{
	bool dials = t->start != CONF_START_WAIT;
	const char *p = conf->path;

	if (!name_is_fit(t->name))
		conf_error(e, p, t->line,
		           "a tunnel needs a 'name' of letters, digits, '-', '_' and '.', at most "
		           "%d of them",
		           CONF_NAME_MAX - 1);
	for (const struct conf_tunnel *other = conf->tunnels; other < t; other++)
		if (strcmp(other->name, t->name) == 0)
			conf_error(e, p, t->line,
			           "the tunnel '%s' is there twice (the other one in line %u)",
			           t->name, other->line);
	if (dials && t->peer_count == 0)
		conf_error(e, p, t->line,
		           "the tunnel '%s' is to call (start = \"%s\") and so needs a 'peer'",
		           t->name, conf_start_name(t->start));
	if (dials && t->user[0] == '\0')
		conf_error(e, p, t->line,
		           "the tunnel '%s' is to call (start = \"%s\") and so needs a 'user'",
		           t->name, conf_start_name(t->start));
	if (t->identity[0] == '\0' && conf->gateway.identity[0] == '\0')
		conf_error(e, p, t->line,
		           "the tunnel '%s' has no 'identity', and 'gateway' has none either",
		           t->name);
	if (!t->ppp.ipv4 && !t->ppp.ipv6)
		conf_error(e, p, t->line,
		           "the tunnel '%s' carries nothing: both ppp.ipv4 and ppp.ipv6 are false",
		           t->name);
	if (!dials && t->ppp.ipv4 && t->ppp.local4.family == 0)
		conf_error(e, p, t->line,
		           "the tunnel '%s' waits for a caller and so needs 'ppp.local', its own "
		           "address inside",
		           t->name);
	if (t->ppp.pool_first.family && t->ppp.remote4.family)
		conf_error(e, p, t->line,
		           "the tunnel '%s' has both 'ppp.remote' and 'ppp.pool': give one of them",
		           t->name);
	if (t->idle_s > 0 && t->start != CONF_START_ON_DEMAND)
		conf_error(e, p, t->line,
		           "the tunnel '%s' has an 'idle-timeout', which only start = "
		           "\"on-demand\" can have",
		           t->name);
	proposals_check(conf, t, ALGO_FOR_IKE, e);
	proposals_check(conf, t, ALGO_FOR_ESP, e);
	proposals_check(conf, t, ALGO_FOR_AH, e);
	ipsec_check(conf, t, e);
	identity_check(conf, t, "identity", t->identity[0] ? t->identity : conf->gateway.identity,
	               e);
	identity_check(conf, t, "peer-identity", t->peer_identity, e);
	marks_check(conf, t, e);
	conf_auth_check(conf, t, e);
	ppk_check(conf, t, e);
	if (t->mtu > 0 && t->mtu < 576)
		conf_error(e, p, t->line, "the tunnel '%s' has an 'mtu' below 576", t->name);
}

/* -- the file -- */

static void gateway_read(struct conf *conf, const config_setting_t *s, struct conf_errors *e)
{
	struct target t = {conf_gateway_keys, conf_gateway_key_count,
	                   &conf->gateway,    conf->gateway.key_line,
	                   conf->path,        e,
	                   "gateway"};

	if (config_setting_is_group(s))
		group_read(&t, s, "");
	else
		conf_error(e, conf->path, config_setting_source_line(s),
		           "'gateway' must be a group: gateway: { ... };");
}

static void tunnel_read(struct conf *conf, struct conf_tunnel *tunnel, const config_setting_t *s,
                        struct conf_errors *e)
{
	struct target t = {
		conf_tunnel_keys, conf_tunnel_key_count, tunnel, tunnel->key_line, conf->path, e,
		"a tunnel"};

	tunnel->line = config_setting_source_line(s);
	conf_defaults(conf_tunnel_keys, conf_tunnel_key_count, tunnel);
	if (config_setting_is_group(s))
		group_read(&t, s, "");
	else
		conf_error(e, conf->path, tunnel->line,
		           "an entry of 'tunnels' must be a group: { name = ...; }");
}

static unsigned gateway_key_line(const struct conf_gateway *g, const char *path)
{
	unsigned line = 0;

	for (size_t i = 0; i < conf_gateway_key_count; i++)
		if (strcmp(conf_gateway_keys[i].path, path) == 0)
			line = g->key_line[i];
	return line;
}

static void redirect_check(const struct conf *conf, struct conf_errors *e)
{
	const struct conf_gateway *g = &conf->gateway;
	struct ike_gateway to;

	if (g->redirect_when_full[0] != '\0' && !ike_gateway_parse(g->redirect_when_full, &to))
		conf_error(e, conf->path, gateway_key_line(g, "redirect-when-full"),
		           "'redirect-when-full' must be an address or a name (it is \"%.80s\")",
		           g->redirect_when_full);
}

static void offload_check(const struct conf *conf, struct conf_errors *e)
{
	const struct conf_gateway *g = &conf->gateway;
	unsigned line = gateway_key_line(g, "offload"), bit;

	for (uint32_t i = 0; i < g->offload_count; i++)
		if (!conf_offload_parse(g->offload[i], &bit))
			conf_error(e, conf->path, line,
			           "'offload' knows \"tun-tso\", \"tun-uso\", \"join\", "
			           "\"udp-gso\", \"udp-gro\" and \"none\" (it is \"%s\")",
			           g->offload[i]);
		else if (bit == 0 && g->offload_count > 1)
			conf_error(e, conf->path, line, "'offload' has \"none\" beside others");
}

static void tunnels_read(struct conf *conf, const config_setting_t *s, struct conf_errors *e)
{
	int n = config_setting_length(s);

	if (!config_setting_is_list(s)) {
		conf_error(e, conf->path, config_setting_source_line(s),
		           "'tunnels' must be a list: tunnels: ( { ... }, { ... } );");
		return;
	}
	if (n > CONF_TUNNELS_MAX) {
		conf_error(e, conf->path, config_setting_source_line(s), "more than %d tunnels",
		           CONF_TUNNELS_MAX);
		return;
	}
	conf->tunnels = calloc(n > 0 ? (size_t)n : 1, sizeof *conf->tunnels);
	if (!conf->tunnels) {
		conf_error(e, conf->path, 0, "no memory");
		return;
	}
	conf->tunnel_count = (size_t)n;
	for (int i = 0; i < n; i++)
		tunnel_read(conf, &conf->tunnels[i], config_setting_get_elem(s, (unsigned)i), e);
}

static void root_read(struct conf *conf, const config_setting_t *root, struct conf_errors *e)
{
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(s);

		if (strcmp(name, "gateway") == 0)
			gateway_read(conf, s, e);
		else if (strcmp(name, "tunnels") == 0)
			tunnels_read(conf, s, e);
		else
			conf_error(e, conf->path, config_setting_source_line(s),
			           "unknown key '%s'; there are 'gateway' and 'tunnels'", name);
	}
	offload_check(conf, e);
	redirect_check(conf, e);
	for (size_t i = 0; i < conf->tunnel_count && e->count == 0; i++)
		tunnel_check(conf, &conf->tunnels[i], e);
}

static void host_name_default(struct conf_gateway *g)
{
	if (g->host_name[0] == '\0' && gethostname(g->host_name, sizeof g->host_name - 1) < 0)
		snprintf(g->host_name, sizeof g->host_name, "l2tpsec");
}

/* A relative path starts where the configuration lies, not where the daemon was
 * started. */
static void path_place(const struct conf *conf, char *path, struct conf_errors *e)
{
	char given[CONF_PATH_MAX];
	const char *slash = strrchr(conf->path, '/');
	int directory = slash ? (int)(slash - conf->path) + 1 : 0;

	if (path[0] == '/' || path[0] == '\0')
		return;
	memcpy(given, path, sizeof given);
	if (snprintf(path, CONF_PATH_MAX, "%.*s%s", directory, conf->path, given) >= CONF_PATH_MAX)
		conf_error(e, conf->path, 0, "the path of a file is too long: %s", given);
}

static void paths_place(struct conf *conf, struct conf_errors *e)
{
	struct conf_gateway *g = &conf->gateway;

	path_place(conf, g->secrets, e);
	path_place(conf, g->certificate, e);
	path_place(conf, g->private_key, e);
	for (uint32_t i = 0; i < g->ca_count; i++)
		path_place(conf, g->cas[i], e);
	for (uint32_t i = 0; i < g->crl_count; i++)
		path_place(conf, g->crls[i], e);
}

static void algorithms_check(const struct conf *conf, struct conf_errors *errors)
{
	struct ls_random random = ls_random_system();
	struct esp_sad *sad = NULL;
	uint32_t named = 0;

	/* The built-in proposals name nothing that could be missing. */
	for (size_t i = 0; i < conf->tunnel_count; i++)
		named += conf->tunnels[i].esp.proposal_count;
	if (named > 0 && crypto_init())
		sad = esp_sad_new(1, &random);
	if (sad)
		conf_algorithms_check(conf, sad, errors);
	esp_sad_free(sad);
}

bool conf_load(const char *path, struct conf *conf, struct conf_errors *errors)
{
	FILE *file = fopen(path, "re");
	config_t parsed;

	memset(conf, 0, sizeof *conf);
	snprintf(conf->path, sizeof conf->path, "%s", path);
	if (!file) {
		conf_error(errors, path, 0, "%s", strerror(errno));
		return false;
	}
	conf_defaults(conf_gateway_keys, conf_gateway_key_count, &conf->gateway);
	conf_numbers_check(file, path, errors);
	config_init(&parsed);
	if (config_read(&parsed, file))
		root_read(conf, config_root_setting(&parsed), errors);
	else
		conf_error(errors, path, (unsigned)config_error_line(&parsed), "%s",
		           config_error_text(&parsed));
	config_destroy(&parsed);
	fclose(file);
	paths_place(conf, errors);
	host_name_default(&conf->gateway);
	algorithms_check(conf, errors);
	if (errors->count > 0)
		conf_free(conf);
	return errors->count == 0;
}

void conf_free(struct conf *conf)
{
	free(conf->tunnels);
	conf->tunnels = NULL;
	conf->tunnel_count = 0;
}
