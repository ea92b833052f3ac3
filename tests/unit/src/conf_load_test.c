/* Tests of reading the configuration: values, mistakes with their lines, contradictions. */
#include "tests/unit/src/conf_file.h"
#include "tests/unit/src/conf_sample.h"

#define GATEWAY_LINE "gateway: { identity = \"a\"; };\n"
#define TUNNEL(keys, ppp)                   \
	"gateway: { identity = \"a\"; };\n" \
	"tunnels: ( { name = \"t\"; ppp: { local = \"10.9.0.1\"; " ppp " }; " keys " } );\n"

START_TEST(values_are_read_and_the_rest_is_default)
{
	const struct conf_tunnel *t;

	ck_assert_msg(conf_file_load(conf_file_good), "%s", errors.line[0]);
	ck_assert_uint_eq(conf.tunnel_count, 2);
	t = &conf.tunnels[0];
	ck_assert_str_eq(conf.gateway.identity, "reno.example");
	ck_assert_str_ne(conf.gateway.host_name, "");
	ck_assert_str_eq(conf.gateway.secrets, "/etc/l2tpsec/secrets.conf");
	ck_assert_uint_eq(t->peer_count, 2);
	ck_assert_str_eq(t->peers[1], "192.0.2.1");
	ck_assert_int_eq(t->start, CONF_START_ON_DEMAND);
	ck_assert_uint_eq(t->route_count, 2);
	ck_assert_uint_eq(t->routes[1].bits, 48);
	ck_assert_uint_eq(t->ike.life_s, 7200);
	ck_assert_uint_eq(t->esp.life_s, 3600);
	ck_assert(t->ppp.ipv4 && !t->ppp.ipv6);
	ck_assert_uint_eq(t->line, 3);
	t = &conf.tunnels[1];
	ck_assert_uint_eq(ls_addr_v4_value(&t->ppp.pool_last), 0x0a090009);
	ck_assert_uint_eq(t->ppp.dns_count, 1);
	conf_free(&conf);
}
END_TEST

START_TEST(mistakes_are_named_with_their_line)
{
	conf_file_refused("gateway: {\n  identiy = \"x\"; };", 2, "did you mean 'identity'");
	conf_file_refused(GATEWAY_LINE "tunnels: ( {\n name = \"a\";\n strat = \"wait\"; } );", 4,
	                  "did you mean 'start'");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( {\n name = \"a\";\n ike: { lifetme = 100; }; } );",
	                  4, "did you mean 'ike.lifetime'");
	conf_file_refused("gatway: {};", 1, "unknown key 'gatway'");
	conf_file_refused("gateway: { identity = 5; };", 1, "text in double quotes");
	conf_file_refused("gateway: { max-ike-sas = 0; };", 1, "must be a number from 1");
	conf_file_refused("gateway: {\n identity = \"x\"\n oops", 3, "syntax error");
	conf_file_refused(GATEWAY_LINE "tunnels: ( { name = \"a\"; start = \"never\"; } );", 2,
	                  "on-demand");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; routes = [ \"10.1.2.3/16\" ]; } );",
	                  2, "network");
	conf_file_refused(GATEWAY_LINE "tunnels: ( { name = \"interface-name-too-long\"; } );", 2,
	                  "longer than 15");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { pool = \"10.0.0.9-10.0.0.1\"; }; } );",
	                  2, "range");
}
END_TEST

START_TEST(contradictions_are_named)
{
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: (\n{ name = \"a\"; start = \"always\"; user = \"u\"; } );",
	                  3, "needs a 'peer'");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: (\n{ name = \"a\"; start = \"always\"; peer = \"h\"; } );",
	                  3, "needs a 'user'");
	conf_file_refused(
		"tunnels: (\n{ name = \"a\"; start = \"always\"; peer = \"h\"; user = \"u\"; } );",
		2, "no 'identity'");
	conf_file_refused(GATEWAY_LINE "tunnels: (\n{ name = \"a\"; } );", 3, "needs 'ppp.local'");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; }; },\n{ "
	                  "name = \"a\"; ppp: { local = \"10.9.0.1\"; }; } );",
	                  3, "twice");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: (\n{ name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "ike: { proposals = [ \"aes265-gcm-x25519\" ]; }; } );",
	                  4, "'ike.proposals' of the tunnel 'a': 'aes265-gcm-x25519'");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: (\n{ name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "esp: { proposals = [ \"aes256-gcm\", \"aes256\" ]; }; } );",
	                  4, "'esp.proposals' of the tunnel 'a': 'aes256': names no integrity");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a/b\"; ppp: { local = \"10.9.0.1\"; }; } );",
	                  2, "letters, digits");
}
END_TEST

START_TEST(where_to_redirect_is_checked)
{
	conf_file_refused("gateway: { identity = \"us\";\n redirect-when-full = \"10.1\"; };", 2,
	                  "'redirect-when-full' must be an address or a name");
	conf_file_refused("gateway: {\n\n redirect-when-full = \"a b\"; };", 3, "it is \"a b\"");
}
END_TEST

/* What a start or a reload would trip over later, in another process, is refused before. */
START_TEST(proposals_and_identities_are_checked)
{
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "ike: {\n proposals = [ \"aes256-gcm-x25591\" ]; }; } );",
	                  4, "x25591");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "esp: { proposals = [ \"aes256-gcm\", \"aes256\" ]; }; } );",
	                  3, "no integrity algorithm");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "ipsec = \"tls\"; } );",
	                  3, "must be \"esp\" or \"ah\"");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "ipsec = \"ah\"; esp: { force-udp = true; }; } );",
	                  3, "does not go in UDP");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "ipsec = \"ah\"; esp: { tfc = \"max\"; }; } );",
	                  3, "'esp.tfc' of the tunnel 'a' cannot be with ipsec = \"ah\"");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "ipsec = \"ah\"; esp: { dummy-interval = 1; }; } );",
	                  3, "has no dummies");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "esp: { tfc = \"most\"; }; } );",
	                  3, "must be a number or \"max\"");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "ah: { proposals = [ \"aes256-gcm\" ]; }; } );",
	                  3, "'aes256-gcm', which is not for AH");
	conf_file_refused(GATEWAY_LINE
	                  "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                  "peer-identity = \"keyid:\"; } );",
	                  3, "no identity");
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	memset(&errors, 0, sizeof errors);
	ck_assert(!conf_load("/nonexistent/l2tpsecd.conf", &conf, &errors));
	ck_assert_str_eq(errors.line[0], "/nonexistent/l2tpsecd.conf: No such file or directory");
}
END_TEST

START_TEST(relative_secrets_lie_beside_the_configuration)
{
	char expected[CONF_PATH_MAX];

	ck_assert(conf_file_load("gateway: { identity = \"a\"; secrets = \"keys/here\"; };\n"));
	snprintf(expected, sizeof expected, "%.*s/keys/here",
	         (int)(strrchr(conf_file, '/') - conf_file), conf_file);
	ck_assert_str_eq(conf.gateway.secrets, expected);
	conf_free(&conf);
	ck_assert(conf_file_load("gateway: { identity = \"a\"; secrets = \"/keys/here\"; };\n"));
	ck_assert_str_eq(conf.gateway.secrets, "/keys/here");
	conf_free(&conf);
}
END_TEST

START_TEST(secrets_too_deep_are_refused)
{
	char text[CONF_PATH_MAX + 64], name[CONF_PATH_MAX];

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(text, sizeof text, "gateway: { identity = \"a\"; secrets = \"%s\"; };\n", name);
	ck_assert(!conf_file_load(text));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "too long"));
}
END_TEST

START_TEST(contradictions)
{
	conf_file_refused(TUNNEL("idle-timeout = 60;", ""), 0,
	                  "which only start = \"on-demand\" can have");
	conf_file_refused(TUNNEL("mtu = 500;", ""), 0, "mtu");
	conf_file_refused(TUNNEL("", "ipv4 = false; ipv6 = false;"), 0, "carries nothing");
	conf_file_refused(TUNNEL("", "remote = \"10.9.0.2\"; pool = \"10.9.0.3-10.9.0.4\";"), 0,
	                  "give one of them");
}
END_TEST

START_TEST(shapes)
{
	static const struct {
		const char *text, *sentence;
	} bad[] = {
		{"gateway = \"x\";", "'gateway' must be a group"},
		{"tunnels = { name = \"a\"; };", "'tunnels' must be a list"},
		{"tunnels = ( 1 );", "an entry of 'tunnels' must be a group"},
		{"gateway: { zzzzzzzzzz = 1; };", "unknown key 'zzzzzzzzzz' in gateway"},
	};

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(!conf_file_load(bad[i].text), "taken: %s", bad[i].text);
		ck_assert_msg(strstr(errors.line[0], bad[i].sentence) != NULL, "%s",
		              errors.line[0]);
	}
}
END_TEST

START_TEST(the_list_of_mistakes_has_an_end)
{
	char text[8192] = "gateway: {\n";

	for (unsigned i = 0; i < 100; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof text - n, "  wrong%u = 1;\n%s", i, i == 99 ? "};" : "");
	}
	ck_assert(!conf_file_load(text));
	ck_assert_uint_eq(errors.count, CONF_ERRORS_MAX);
}
END_TEST

/* -- each key of the tables, under its name -- */

/* A configuration with these keys; what a calling tunnel needs is there if it is not among them. */
struct setting {
	const char *path, *value; /* as written, with quotes */
};

static const struct setting needed[] = {{"name", "\"t\""},          {"peer", "\"h\""},
                                        {"start", "\"on-demand\""}, {"user", "\"u\""},
                                        {"ppk", "\"p\""},           {"ppp.local", "\"10.9.0.1\""}};

static void setting_write(FILE *f, const struct setting *s)
{
	const char *dot = strchr(s->path, '.');

	if (dot)
		fprintf(f, "%.*s: { %s = %s; };\n", (int)(dot - s->path), s->path, dot + 1,
		        s->value);
	else
		fprintf(f, "%s = %s;\n", s->path, s->value);
}

static bool load_with(bool gateway, const struct setting *s)
{
	static char text[2048];
	FILE *f = fmemopen(text, sizeof text, "w");
	bool same_group = strncmp(s->path, "ppp.", 4) == 0;

	fprintf(f, "gateway: {\n");
	if (gateway)
		setting_write(f, s);
	if (!gateway || strcmp(s->path, "identity") != 0)
		fprintf(f, "identity = \"a\";\n");
	fprintf(f, "};\ntunnels: ( {\n");
	for (unsigned i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (gateway || (strcmp(s->path, needed[i].path) != 0 &&
		                !(same_group && needed[i].path[3] == '.')))
			setting_write(f, &needed[i]);
	if (!gateway)
		setting_write(f, s);
	fprintf(f, "} );\n");
	fclose(f);
	return conf_file_load(text);
}

static void key_is_read(bool gateway, const struct conf_key *k)
{
	bool bare = k->kind == CONF_U32 || k->kind == CONF_BOOL;
	char sample[CONF_SAMPLE_MAX], value[CONF_SAMPLE_MAX + 8], got[CONF_PATH_MAX];
	const char *text = conf_sample(k, 1, sample);
	struct setting s = {k->path, value};
	const void *of;

	snprintf(value, sizeof value, bare ? "%s" : "\"%s\"", text);
	ck_assert_msg(load_with(gateway, &s), "%s: %s", k->path, errors.line[0]);
	of = gateway ? (const void *)&conf.gateway : (const void *)&conf.tunnels[0];
	conf_get(k, of, 0, got, sizeof got);
	if (k->size / (conf_is_list(k) ? k->max : 1) == CONF_PATH_MAX) {
		/* A path: it lies beside the configuration. */
		ck_assert_str_eq(strrchr(got, '/') + 1, text);
	} else {
		ck_assert_str_eq(got, text);
	}
	if (conf_is_list(k))
		ck_assert_uint_eq(*(const uint32_t *)(const void *)((const char *)of + k->count_at),
		                  1);
	conf_free(&conf);
	/* A value of another type is none. */
	snprintf(value, sizeof value, bare ? "\"%s\"" : "5", text);
	ck_assert_msg(!load_with(gateway, &s), "%s", k->path);
	ck_assert_ptr_nonnull(strstr(errors.line[0], k->path));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "must be"));
}

START_TEST(each_key_of_the_gateway_is_read)
{
	key_is_read(true, &conf_gateway_keys[_i]);
}
END_TEST

START_TEST(each_key_of_a_tunnel_is_read)
{
	key_is_read(false, &conf_tunnel_keys[_i]);
}
END_TEST

START_TEST(offloads_are_checked)
{
	conf_file_refused("gateway: { identity = \"a\";\noffload = [ \"join\", \"tun-tos\" ]; };",
	                  2, "'offload' knows \"tun-tso\"");
	conf_file_refused("gateway: { identity = \"a\";\noffload = [ \"none\", \"join\" ]; };", 2,
	                  "'offload' has \"none\" beside others");
	ck_assert(conf_file_load("gateway: { identity = \"a\"; offload = [ \"none\" ]; };"));
	ck_assert_uint_eq(conf_offload(&conf.gateway), 0);
	conf_free(&conf);
}
END_TEST

START_TEST(a_key_given_twice_is_refused)
{
	conf_file_refused("gateway: { identity = \"a\";\nidentity = \"b\"; };", 2, "duplicate");
}
END_TEST

/* The names of all are what the interfaces are called. */
START_TEST(names_that_no_interface_can_have)
{
	static const char *const bad[] = {"", ".", "..", "a b", "a/b", "a:b", "\\xc3\\xa4"};
	char text[200];

	snprintf(text, sizeof text,
	         "gateway: { identity = \"a\"; };\ntunnels: ( { name = \"%s\"; ppp: { local = "
	         "\"10.9.0.1\"; }; } );\n",
	         bad[_i]);
	ck_assert(!conf_file_load(text));
}
END_TEST

START_TEST(the_list_of_tunnels_has_an_end)
{
	size_t cap = 64 + (CONF_TUNNELS_MAX + 1) * 8, n;
	char *text = malloc(cap);

	n = (size_t)snprintf(text, cap, "tunnels: (\n");
	for (unsigned i = 0; i <= CONF_TUNNELS_MAX; i++)
		n += (size_t)snprintf(text + n, cap - n, "%s{ }", i ? "," : "");
	snprintf(text + n, cap - n, ");\n");
	conf_file_refused(text, 1, "more than 4096 tunnels");
	free(text);
}
END_TEST

START_TEST(an_empty_file_is_a_gateway_without_tunnels)
{
	ck_assert_msg(conf_file_load(""), "%s", errors.line[0]);
	ck_assert_uint_eq(conf.tunnel_count, 0);
	ck_assert_str_eq(conf.gateway.secrets, "/etc/l2tpsec/secrets.conf");
	ck_assert_str_ne(conf.gateway.host_name, "");
	ck_assert_uint_eq(conf.gateway.max_ike_sas, 4096);
	conf_free(&conf);
}
END_TEST

START_TEST(a_long_error_is_cut)
{
	char name[CONF_ERROR_MAX * 2];

	memset(&errors, 0, sizeof errors);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	conf_error(&errors, "p", 7, "%s", name);
	ck_assert_uint_eq(strlen(errors.line[0]), CONF_ERROR_MAX - 1);
	conf_error(&errors, name, 7, "never seen");
	ck_assert_uint_eq(errors.count, 2);
	ck_assert_uint_eq(strlen(errors.line[1]), CONF_ERROR_MAX - 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_load");

	tcase_add_test(tc, values_are_read_and_the_rest_is_default);
	tcase_add_test(tc, mistakes_are_named_with_their_line);
	tcase_add_test(tc, contradictions_are_named);
	tcase_add_test(tc, where_to_redirect_is_checked);
	tcase_add_test(tc, proposals_and_identities_are_checked);
	tcase_add_test(tc, offloads_are_checked);
	tcase_add_test(tc, a_missing_file_is_named);
	tcase_add_test(tc, relative_secrets_lie_beside_the_configuration);
	tcase_add_test(tc, secrets_too_deep_are_refused);
	tcase_add_test(tc, contradictions);
	tcase_add_test(tc, shapes);
	tcase_add_test(tc, the_list_of_mistakes_has_an_end);
	tcase_add_loop_test(tc, each_key_of_the_gateway_is_read, 0, (int)conf_gateway_key_count);
	tcase_add_loop_test(tc, each_key_of_a_tunnel_is_read, 0, (int)conf_tunnel_key_count);
	tcase_add_test(tc, a_key_given_twice_is_refused);
	tcase_add_loop_test(tc, names_that_no_interface_can_have, 0, 7);
	tcase_add_test(tc, the_list_of_tunnels_has_an_end);
	tcase_add_test(tc, an_empty_file_is_a_gateway_without_tunnels);
	tcase_add_test(tc, a_long_error_is_cut);
	return run_cases("conf_load", tc);
}
