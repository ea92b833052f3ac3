/* Tests of the values in force: all of them, with where they came from, and as a file would have
 * them. */
#include "src/config/conf_table.h"
#include "tests/unit/src/conf_file.h"

static unsigned said, from_file;

static void say(void *context, const char *key, const char *value, const char *origin)
{
	(void)context;
	said++;
	from_file += strcmp(origin, "default") != 0;
	if (strcmp(key, "tunnels.hq.routes") == 0)
		ck_assert_str_eq(value, "[\"10.1.0.0/16\", \"fd00:1::/48\"]");
	if (strcmp(key, "tunnels.hq.esp.lifetime") == 0)
		ck_assert_str_eq(value, "3600");
}

START_TEST(effective_values_say_where_they_come_from)
{
	ck_assert(conf_file_load(conf_file_good));
	said = from_file = 0;
	conf_effective(&conf, say, NULL);
	ck_assert_uint_eq(said, conf_gateway_key_count + 2 * conf_tunnel_key_count);
	ck_assert_uint_eq(from_file, 2 + 9 + 5);
	conf_free(&conf);
}
END_TEST

/* -- as a file -- */

struct page {
	char group[64], origin[CONF_PATH_MAX + 16];
	FILE *file;
};

/* "tunnels.hq.ike.lifetime" in a file is ike: { lifetime = ...; } in the entry of hq; one entry of
 * a group at a time is enough for libconfig when they have one begin. */
static void write_key(void *context, const char *key, const char *value, const char *origin)
{
	struct page *p = context;
	bool gateway = strncmp(key, "gateway.", 8) == 0;
	const char *rest = gateway ? key + 8 : strchr(key + 8, '.') + 1, *dot = strchr(rest, '.');
	char group[64] = "";

	(void)origin;
	if (dot)
		snprintf(group, sizeof group, "%.*s", (int)(dot - rest), rest);
	if (!gateway && strcmp(rest, "name") == 0)
		fprintf(p->file, "%s", strchr(p->origin, 't') ? "}; }, {\n" : "}; tunnels: ( {\n");
	if (!gateway && strcmp(rest, "name") == 0) {
		snprintf(p->origin, sizeof p->origin, "t");
		p->group[0] = '\0';
	}
	if (strcmp(group, p->group) != 0)
		fprintf(p->file, "%s%s: {\n", p->group[0] ? "};\n" : "", group);
	snprintf(p->group, sizeof p->group, "%s", group);
	fprintf(p->file, "%s = %s;\n", dot ? dot + 1 : rest, value);
}

/* What is shown, put into a file, is the same configuration. */
START_TEST(what_is_shown_can_be_a_file)
{
	static char text[65536];
	static uint8_t bytes[2][3][16384];
	struct page page = {.file = fmemopen(text, sizeof text, "w")};
	struct wr w;
	size_t len[2][3];

	for (unsigned round = 0; round < 2; round++) {
		ck_assert_msg(conf_file_load(round ? text : conf_file_good), "%s: %s",
		              errors.line[0], text);
		ck_assert_uint_eq(conf.tunnel_count, 2);
		for (unsigned i = 0; i < 3; i++) {
			w = wr_make(bytes[round][i], sizeof bytes[round][i]);
			ck_assert(i < 2 ? conf_tunnel_encode(&w, &conf.tunnels[i])
			                : conf_gateway_encode(&w, &conf.gateway));
			len[round][i] = w.len;
		}
		if (round == 0) {
			fprintf(page.file, "gateway: {\n");
			conf_effective(&conf, write_key, &page);
			fprintf(page.file, "}; } );\n");
			fclose(page.file);
		}
		conf_free(&conf);
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(len[0][i], len[1][i]);
		ck_assert_mem_eq(bytes[0][i], bytes[1][i], len[0][i]);
	}
}
END_TEST

static void origin_of(void *context, const char *key, const char *value, const char *origin)
{
	struct page *p = context;

	(void)value;
	if (strcmp(key, p->group) == 0)
		snprintf(p->origin, sizeof p->origin, "%s", origin);
}

START_TEST(a_value_has_its_line)
{
	static const struct {
		const char *key;
		unsigned line;
	} lines[] = {{"gateway.identity", 1},        {"gateway.secrets", 0},
	             {"tunnels.hq.peer", 3},         {"tunnels.hq.routes", 4},
	             {"tunnels.hq.ike.lifetime", 5}, {"tunnels.hq.ppp.ipv6", 6},
	             {"tunnels.in.ppp.pool", 7},     {"tunnels.in.ppp.ipv6", 0}};
	struct page p;
	char expected[CONF_PATH_MAX];

	ck_assert(conf_file_load(conf_file_good));
	for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(p.group, sizeof p.group, "%s", lines[i].key);
		snprintf(expected, sizeof expected, lines[i].line ? "%s:%u" : "default", conf.path,
		         lines[i].line);
		p.origin[0] = '\0';
		conf_effective(&conf, origin_of, &p);
		ck_assert_msg(strcmp(p.origin, expected) == 0, "%s: %s", lines[i].key, p.origin);
	}
	conf_free(&conf);
}
END_TEST

static size_t longest;

static void measure(void *context, const char *key, const char *value, const char *origin)
{
	size_t len = strlen(value);

	(void)context;
	(void)origin;
	if (strcmp(key, "tunnels.t.routes") == 0 || strstr(key, "proposals") ||
	    strcmp(key, "tunnels.t.peer") == 0)
		ck_assert_msg(value[0] == '[' && value[len - 1] == ']', "%s: %s", key, value);
	longest = len > longest ? len : longest;
}

/* The largest lists are shown to their end. */
START_TEST(nothing_is_cut)
{
	static struct conf_tunnel t = {.name = "t"};
	struct conf c = {.tunnels = &t, .tunnel_count = 1};
	struct ls_addr a;

	ck_assert(ls_addr_parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0", &a));
	for (unsigned i = 0; i < CONF_ROUTES_MAX; i++)
		t.routes[i] = (struct ls_prefix){.addr = a, .bits = 124};
	t.route_count = CONF_ROUTES_MAX;
	for (unsigned i = 0; i < CONF_PROPOSALS_MAX; i++) {
		memset(t.ike.proposals[i], 'i', CONF_TEXT_MAX - 1);
		memset(t.peers[i], 'p', CONF_TEXT_MAX - 1);
	}
	t.ike.proposal_count = t.peer_count = CONF_PROPOSALS_MAX;
	conf_effective(&c, measure, NULL);
	ck_assert_uint_eq(longest, CONF_ROUTES_MAX * (strlen("\"ffff:ffff:ffff:ffff:ffff:ffff:ffff:"
	                                                     "fff0/124\", ")));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_effective");

	tcase_add_test(tc, effective_values_say_where_they_come_from);
	tcase_add_test(tc, what_is_shown_can_be_a_file);
	tcase_add_test(tc, a_value_has_its_line);
	tcase_add_test(tc, nothing_is_cut);
	return run_cases("conf_effective", tc);
}
