/* Tests of the configuration: values, mistakes with their lines, transport, secrets. */
#include "src/config/conf_table.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];
static struct conf conf;
static struct conf_errors errors;

static void file_write(const char *text, mode_t mode)
{
	FILE *f;

	snprintf(path, sizeof path, "/tmp/conf_test.XXXXXX");
	f = fdopen(mkstemp(path), "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fchmod(fileno(f), mode);
	fclose(f);
}

static bool load(const char *text)
{
	bool ok;

	memset(&errors, 0, sizeof errors);
	file_write(text, 0644);
	ok = conf_load(path, &conf, &errors);
	unlink(path);
	return ok;
}

static const char good[] =
	"gateway: { identity = \"reno.example\"; control-group = \"adm\"; };\n"
	"tunnels: (\n"
	"  { name = \"hq\"; peer = [ \"hq.example\", \"192.0.2.1\" ]; start = \"on-demand\"; user "
	"= \"reno@bank\";\n"
	"    routes = [ \"10.1.0.0/16\", \"fd00:1::/48\" ]; idle-timeout = 300;\n"
	"    ike: { lifetime = 7200; proposals = [ \"aes256-gcm-prf-sha384-x25519\" ]; };\n"
	"    ppp: { ipv6 = false; }; },\n"
	"  { name = \"in\"; start = \"wait\"; ppp: { local = \"10.9.0.1\"; pool = "
	"\"10.9.0.2-10.9.0.9\"; dns = [ \"10.1.0.53\" ]; }; }\n"
	");\n";

START_TEST(values_are_read_and_the_rest_is_default)
{
	const struct conf_tunnel *t;

	ck_assert_msg(load(good), "%s", errors.line[0]);
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

static void refused(const char *text, unsigned line, const char *part)
{
	char begin[96];

	ck_assert_msg(!load(text), "taken: %s", text);
	snprintf(begin, sizeof begin, "%s:%u: ", path, line);
	ck_assert_msg(strncmp(errors.line[0], begin, strlen(begin)) == 0, "%s", errors.line[0]);
	ck_assert_msg(strstr(errors.line[0], part) != NULL, "%s", errors.line[0]);
}

#define GATEWAY_LINE "gateway: { identity = \"a\"; };\n"

START_TEST(mistakes_are_named_with_their_line)
{
	refused("gateway: {\n  identiy = \"x\"; };", 2, "did you mean 'identity'");
	refused(GATEWAY_LINE "tunnels: ( {\n name = \"a\";\n strat = \"wait\"; } );", 4,
	        "did you mean 'start'");
	refused(GATEWAY_LINE "tunnels: ( {\n name = \"a\";\n ike: { lifetme = 100; }; } );", 4,
	        "did you mean 'ike.lifetime'");
	refused("gatway: {};", 1, "unknown key 'gatway'");
	refused("gateway: { identity = 5; };", 1, "text in double quotes");
	refused("gateway: { max-ike-sas = 0; };", 1, "must be a number from 1");
	refused("gateway: {\n identity = \"x\"\n oops", 3, "syntax error");
	refused(GATEWAY_LINE "tunnels: ( { name = \"a\"; start = \"never\"; } );", 2, "on-demand");
	refused(GATEWAY_LINE "tunnels: ( { name = \"a\"; routes = [ \"10.1.2.3/16\" ]; } );", 2,
	        "network");
	refused(GATEWAY_LINE "tunnels: ( { name = \"interface-name-too-long\"; } );", 2,
	        "longer than 15");
	refused(GATEWAY_LINE
	        "tunnels: ( { name = \"a\"; ppp: { pool = \"10.0.0.9-10.0.0.1\"; }; } );",
	        2, "range");
}
END_TEST

START_TEST(contradictions_are_named)
{
	refused(GATEWAY_LINE "tunnels: (\n{ name = \"a\"; start = \"always\"; user = \"u\"; } );",
	        3, "needs a 'peer'");
	refused(GATEWAY_LINE "tunnels: (\n{ name = \"a\"; start = \"always\"; peer = \"h\"; } );",
	        3, "needs a 'user'");
	refused("tunnels: (\n{ name = \"a\"; start = \"always\"; peer = \"h\"; user = \"u\"; } );",
	        2, "no 'identity'");
	refused(GATEWAY_LINE "tunnels: (\n{ name = \"a\"; } );", 3, "needs 'ppp.local'");
	refused(GATEWAY_LINE "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; }; },\n{ "
	                     "name = \"a\"; ppp: { local = \"10.9.0.1\"; }; } );",
	        3, "twice");
	refused(GATEWAY_LINE "tunnels: (\n{ name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                     "ike: { proposals = [ \"aes265-gcm-x25519\" ]; }; } );",
	        4, "'ike.proposals' of the tunnel 'a': 'aes265-gcm-x25519'");
	refused(GATEWAY_LINE "tunnels: (\n{ name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                     "esp: { proposals = [ \"aes256-gcm\", \"aes256\" ]; }; } );",
	        4, "'esp.proposals' of the tunnel 'a': 'aes256': names no integrity");
	refused(GATEWAY_LINE "tunnels: ( { name = \"a/b\"; ppp: { local = \"10.9.0.1\"; }; } );", 2,
	        "letters, digits");
}
END_TEST

/* What a start or a reload would trip over later, in another process, is refused before. */
START_TEST(proposals_and_identities_are_checked)
{
	refused(GATEWAY_LINE "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                     "ike: {\n proposals = [ \"aes256-gcm-x25591\" ]; }; } );",
	        4, "x25591");
	refused(GATEWAY_LINE "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
	                     "esp: { proposals = [ \"aes256-gcm\", \"aes256\" ]; }; } );",
	        3, "no integrity algorithm");
	refused(GATEWAY_LINE "tunnels: ( { name = \"a\"; ppp: { local = \"10.9.0.1\"; };\n"
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

START_TEST(settings_travel_whole_and_nothing_else)
{
	static uint8_t bytes[16384], again[16384];
	static struct conf_tunnel t;
	struct conf_gateway g;
	struct wr w = wr_make(bytes, sizeof bytes), v = wr_make(again, sizeof again);

	ck_assert(load(good));
	ck_assert(conf_tunnel_encode(&w, &conf.tunnels[0]));
	ck_assert(conf_tunnel_decode(bytes, w.len, &t));
	ck_assert_str_eq(t.peers[0], "hq.example");
	ck_assert_uint_eq(t.ike.proposal_count, 1);
	ck_assert(conf_tunnel_encode(&v, &t));
	ck_assert_uint_eq(v.len, w.len);
	ck_assert_mem_eq(bytes, again, w.len);
	for (size_t cut = 0; cut < w.len; cut++)
		ck_assert(!conf_tunnel_decode(bytes, cut, &t));
	ck_assert(!conf_tunnel_decode(bytes, w.len + 1, &t));
	w = wr_make(bytes, sizeof bytes);
	ck_assert(conf_gateway_encode(&w, &conf.gateway));
	ck_assert(conf_gateway_decode(bytes, w.len, &g));
	ck_assert_str_eq(g.control_group, "adm");
	conf_free(&conf);
}
END_TEST

START_TEST(the_largest_tunnel_fits_its_message)
{
	static uint8_t bytes[16384];
	static struct conf_tunnel t;
	struct wr w = wr_make(bytes, sizeof bytes);

	memset(t.name, 'n', sizeof t.name - 1);
	for (unsigned i = 0; i < CONF_PEERS_MAX; i++)
		memset(t.peers[i], 'p', CONF_TEXT_MAX - 1);
	t.peer_count = CONF_PEERS_MAX;
	for (unsigned i = 0; i < CONF_ROUTES_MAX; i++)
		t.routes[i] = (struct ls_prefix){.addr = {.family = 6}, .bits = 128};
	t.route_count = CONF_ROUTES_MAX;
	for (unsigned i = 0; i < CONF_PROPOSALS_MAX; i++) {
		memset(t.ike.proposals[i], 'i', CONF_TEXT_MAX - 1);
		memset(t.esp.proposals[i], 'e', CONF_TEXT_MAX - 1);
	}
	t.ike.proposal_count = t.esp.proposal_count = CONF_PROPOSALS_MAX;
	memset(t.identity, 'x', sizeof t.identity - 1);
	memset(t.peer_identity, 'x', sizeof t.peer_identity - 1);
	memset(t.user, 'x', sizeof t.user - 1);
	ck_assert(conf_tunnel_encode(&w, &t));
}
END_TEST

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
	ck_assert(load(good));
	said = from_file = 0;
	conf_effective(&conf, say, NULL);
	ck_assert_uint_eq(said, conf_gateway_key_count + 2 * conf_tunnel_key_count);
	ck_assert_uint_eq(from_file, 2 + 9 + 5);
	conf_free(&conf);
}
END_TEST

static bool secrets_read(const char *text, struct conf_secrets *s)
{
	FILE *f;
	bool ok;

	memset(&errors, 0, sizeof errors);
	file_write(text, 0600);
	f = fopen(path, "r");
	ok = conf_secrets_read(f, path, s, &errors);
	fclose(f);
	unlink(path);
	return ok;
}

START_TEST(secrets_are_read)
{
	struct conf_secrets s;

	ck_assert_msg(
		secrets_read(
			"psks: ( { remote = \"hq.example\"; secret = \"abc\"; } );\n"
			"users: ( { name = \"u\"; password = \"pw\"; address = \"10.9.0.7\"; } );\n"
			"l2tp: ( { secret = \"t\"; } );",
			&s),
		"%s", errors.line[0]);
	ck_assert_uint_eq(s.psk_count, 1);
	ck_assert(secret_equal(&s.psks[0].secret, "abc", 3));
	ck_assert(secret_equal(&s.users[0].password, "pw", 2));
	ck_assert_uint_eq(s.users[0].address.family, 4);
	ck_assert_uint_eq(s.l2tp_count, 1);
	conf_secrets_free(&s);
	ck_assert(!secrets_read("users: ( { name = \"u\"; } );", &s));
	ck_assert_ptr_nonnull(strstr(errors.line[0], ":1: 'password' is missing"));
	ck_assert(!secrets_read("keys: ();", &s));
	ck_assert(!secrets_read("psks: ( 5 );", &s));
}
END_TEST

START_TEST(a_secrets_file_that_others_may_read_is_refused)
{
	char error[300];
	int fd;

	file_write("", 0640);
	ck_assert_int_eq(conf_secrets_open(path, error, sizeof error), -1);
	ck_assert_ptr_nonnull(strstr(error, "chmod 600"));
	chmod(path, 0600);
	fd = conf_secrets_open(path, error, sizeof error);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
	ck_assert_int_eq(conf_secrets_open(path, error, sizeof error), -1);
}
END_TEST

START_TEST(relative_secrets_lie_beside_the_configuration)
{
	char expected[CONF_PATH_MAX];

	ck_assert(load("gateway: { identity = \"a\"; secrets = \"keys/here\"; };\n"));
	snprintf(expected, sizeof expected, "%.*s/keys/here", (int)(strrchr(path, '/') - path),
	         path);
	ck_assert_str_eq(conf.gateway.secrets, expected);
	conf_free(&conf);
	ck_assert(load("gateway: { identity = \"a\"; secrets = \"/keys/here\"; };\n"));
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
	ck_assert(!load(text));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "too long"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("src/conf");
	TCase *t = tcase_create("conf");
	SRunner *r;
	int failed;

	if (!secret_init())
		return 1;
	r = srunner_create(s);
	tcase_add_test(t, values_are_read_and_the_rest_is_default);
	tcase_add_test(t, mistakes_are_named_with_their_line);
	tcase_add_test(t, contradictions_are_named);
	tcase_add_test(t, proposals_and_identities_are_checked);
	tcase_add_test(t, a_missing_file_is_named);
	tcase_add_test(t, settings_travel_whole_and_nothing_else);
	tcase_add_test(t, the_largest_tunnel_fits_its_message);
	tcase_add_test(t, effective_values_say_where_they_come_from);
	tcase_add_test(t, secrets_are_read);
	tcase_add_test(t, a_secrets_file_that_others_may_read_is_refused);
	tcase_add_test(t, relative_secrets_lie_beside_the_configuration);
	tcase_add_test(t, secrets_too_deep_are_refused);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
