/* What the proposals name and should not, or cannot, be used here. */
#include "esp/esp.h"
#include "ike/ike.h"
#include "lib/crypto.h"
#include "src/config/conf_table.h"

struct named {
	const struct conf_tunnel *tunnel;
	const char *key, *text; /* of the proposal */
	const struct algo *algo;
};

/* use: ALGO_FOR_... */
static void of_proposals(const struct conf_tunnel *t, unsigned use,
                         void (*each)(void *context, const struct named *named), void *context)
{
	struct conf_proposals list = conf_proposals_of(t, use);
	struct named named = {.tunnel = t, .key = list.key};
	char error[CONF_ERROR_MAX];
	struct ike_proposal p;

	for (uint32_t i = 0; i < list.count; i++) {
		named.text = list.text[i];
		if (!conf_proposal_parse(named.text, use, &p, error, sizeof error))
			continue;
		for (uint8_t k = 0; k < p.count; k++) {
			named.algo = algo_get(p.algo[k]);
			each(context, &named);
		}
	}
}

struct saying {
	const struct conf *conf;
	void (*say)(void *context, const char *line);
	void *context;
};

static void say_legacy(void *context, const struct named *n)
{
	const struct saying *s = context;
	char line[CONF_PATH_MAX + CONF_ERROR_MAX];

	if (n->algo->gate != ALGO_LEGACY)
		return;
	snprintf(line, sizeof line,
	         "%s:%u: '%s' of the tunnel '%s' names '%s', which is for old peers only (%u bits)",
	         s->conf->path, conf_key_line(n->tunnel, n->key), n->key, n->tunnel->name,
	         n->algo->name, n->algo->strength);
	s->say(s->context, line);
}

void conf_legacy(const struct conf *conf, void (*say)(void *context, const char *line),
                 void *context)
{
	struct saying s = {conf, say, context};

	for (size_t i = 0; i < conf->tunnel_count; i++) {
		of_proposals(&conf->tunnels[i], ALGO_FOR_IKE, say_legacy, &s);
		of_proposals(&conf->tunnels[i], ALGO_FOR_ESP, say_legacy, &s);
		of_proposals(&conf->tunnels[i], ALGO_FOR_AH, say_legacy, &s);
	}
}

struct checking {
	const struct conf *conf;
	struct conf_errors *errors;
	struct esp_sad *sad; /* whom to ask what there is */
};

static void check_one(void *context, const struct named *n)
{
	const struct checking *c = context;
	struct esp_implementation of;

	if (!esp_implementation(c->sad, n->algo->id, &of) || of.library)
		return;
	conf_error(c->errors, c->conf->path, conf_key_line(n->tunnel, n->key),
	           "'%s' of the tunnel '%s' names '%s', which %s", n->key, n->tunnel->name,
	           n->algo->name,
	           of.wrong ? "no crypto library of this host does rightly"
	                    : "no crypto library of this host has");
}

void conf_algorithms_check(const struct conf *conf, struct esp_sad *sad, struct conf_errors *errors)
{
	struct checking c = {conf, errors, sad};

	for (size_t i = 0; i < conf->tunnel_count; i++)
		of_proposals(&conf->tunnels[i], ALGO_FOR_ESP, check_one, &c);
}

enum { LIBRARIES_MAX = 4 };

struct library {
	struct esp_implementation of;
	unsigned rows;
};

/* Counts a row for its library. */
static void library_add(struct library *all, size_t *n, const struct esp_implementation *of)
{
	size_t k = 0;

	while (k < *n && all[k].of.library != of->library)
		k++;
	if (k == LIBRARIES_MAX)
		return;
	*n += k == *n;
	all[k].of = *of;
	all[k].rows++;
}

bool conf_libraries(char *text, size_t cap)
{
	struct ls_random random = ls_random_system();
	struct esp_sad *sad = crypto_init() ? esp_sad_new(1, &random) : NULL;
	struct library all[LIBRARIES_MAX] = {{.rows = 0}};
	size_t count, used = 0, n = 0;
	const struct algo *rows = algo_all(&count);
	bool good = sad != NULL;

	for (size_t i = 0; sad && i < count; i++) {
		struct esp_implementation of;

		if (!esp_implementation(sad, rows[i].id, &of))
			continue;
		good &= of.library && !of.wrong;
		if (of.library)
			library_add(all, &n, &of);
	}
	esp_sad_free(sad);
	text[0] = '\0';
	for (size_t k = 0; k < n && used < cap; k++)
		used += (size_t)snprintf(text + used, cap - used, "%s%s%s%s for %u algorithms",
		                         k ? ", " : "", all[k].of.library,
		                         all[k].of.instructions[0] ? " " : "",
		                         all[k].of.instructions, all[k].rows);
	return good;
}
