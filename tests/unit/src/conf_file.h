/* Test helper: a configuration from a text, by way of a file. */
#ifndef TESTS_UNIT_SRC_CONF_FILE_H
#define TESTS_UNIT_SRC_CONF_FILE_H

#include "src/config/config.h"
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONF_FILE_PATH = 64 };

static struct conf conf;
static struct conf_errors errors;
static char conf_file[CONF_FILE_PATH]; /* of the last load; gone again */

static inline void conf_file_write(char path[CONF_FILE_PATH], const char *text, mode_t mode)
{
	FILE *f;

	snprintf(path, CONF_FILE_PATH, "/tmp/conf_test.XXXXXX");
	f = fdopen(mkstemp(path), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fchmod(fileno(f), mode), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static inline bool conf_file_load(const char *text)
{
	bool ok;

	memset(&errors, 0, sizeof errors);
	conf_file_write(conf_file, text, 0644);
	ok = conf_load(conf_file, &conf, &errors);
	unlink(conf_file);
	ck_assert(ok == (errors.count == 0));
	if (!ok)
		ck_assert(!conf.tunnels && conf.tunnel_count == 0);
	return ok;
}

/* The first error is of this line (0: of any) and has this part. */
static inline void conf_file_refused(const char *text, unsigned line, const char *part)
{
	char begin[CONF_FILE_PATH + 16];

	ck_assert_msg(!conf_file_load(text), "taken: %s", text);
	snprintf(begin, sizeof begin, line ? "%s:%u: " : "%s:", conf_file, line);
	ck_assert_msg(strncmp(errors.line[0], begin, strlen(begin)) == 0, "%s: %s", text,
	              errors.line[0]);
	ck_assert_msg(strstr(errors.line[0], part) != NULL, "%s: %s", text, errors.line[0]);
}

/* Two tunnels, as people write them. */
static const char conf_file_good[] __attribute__((unused)) =
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

#endif
