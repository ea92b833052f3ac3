/* Tests of the secrets file: what is read of it, what is refused, and whether it has what the
 * tunnels need. */
#include "src/base/sandbox_calls.h"
#include "tests/unit/src/conf_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>

static char secrets_file[CONF_FILE_PATH];

static bool secrets_read(const char *text, struct conf_secrets *s)
{
	bool ok;
	int fd;

	memset(&errors, 0, sizeof errors);
	conf_file_write(secrets_file, text, 0600);
	fd = open(secrets_file, O_RDONLY);
	ok = conf_secrets_read(fd, secrets_file, s, &errors);
	close(fd);
	unlink(secrets_file);
	ck_assert(ok == (errors.count == 0));
	if (!ok)
		ck_assert(s->psk_count + s->user_count + s->l2tp_count == 0 && !s->psks &&
		          !s->users && !s->l2tps);
	return ok;
}

/* -- reading -- */

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
	ck_assert(!secrets_read("locks: ();", &s));
	ck_assert(!secrets_read("psks: ( 5 );", &s));
}
END_TEST

START_TEST(each_entry_is_read_as_it_is_written)
{
	static const char text[] =
		"users: ( { name = \"a\"; password = \"pa\"; }, { name = \"b\"; password = \"pb\"; "
		"address = \"10.9.0.8\"; } );\n"
		"l2tp: ( { tunnel = \"hq\"; secret = \"th\"; }, { secret = \"any\"; } );\n"
		"psks: ( { secret = \"k1\"; local = \"l\"; remote = \"r\"; }, { secret = \"k2\"; } "
		");\n";
	struct conf_secrets s;

	ck_assert_msg(secrets_read(text, &s), "%s", errors.line[0]);
	ck_assert_uint_eq(s.user_count, 2);
	ck_assert_str_eq(s.users[0].name, "a");
	ck_assert_uint_eq(s.users[0].address.family, 0);
	ck_assert_str_eq(s.users[1].name, "b");
	ck_assert(secret_equal(&s.users[1].password, "pb", 2));
	ck_assert_uint_eq(ls_addr_v4_value(&s.users[1].address), 0x0a090008);
	ck_assert_uint_eq(s.l2tp_count, 2);
	ck_assert_str_eq(s.l2tps[0].tunnel, "hq");
	ck_assert(secret_equal(&s.l2tps[0].secret, "th", 2));
	ck_assert_str_eq(s.l2tps[1].tunnel, "");
	ck_assert_uint_eq(s.psk_count, 2);
	ck_assert_str_eq(s.psks[0].local, "l");
	ck_assert_str_eq(s.psks[0].remote, "r");
	ck_assert_str_eq(s.psks[1].remote, "");
	ck_assert(secret_equal(&s.psks[1].secret, "k2", 2));
	conf_secrets_free(&s);
	ck_assert(!s.users && s.user_count == 0);
	conf_secrets_free(&s);
}
END_TEST

START_TEST(an_empty_file_has_no_secrets)
{
	struct conf_secrets s;

	ck_assert(secrets_read("", &s));
	ck_assert_uint_eq(s.psk_count + s.user_count + s.l2tp_count, 0);
	conf_secrets_free(&s);
	ck_assert(secrets_read("psks: (); users: (); l2tp: ();", &s));
	ck_assert_uint_eq(s.psk_count + s.user_count + s.l2tp_count, 0);
	conf_secrets_free(&s);
}
END_TEST

/* As libconfig has it in the other file. */
static const struct {
	const char *written, *meant;
} texts[] = {
	{"\"plain\"", "plain"},
	{"\"a\\\"b\"", "a\"b"},
	{"\"a\\\\\"", "a\\"},
	{"\"\\n\\r\\t\\f\"", "\n\r\t\f"},
	{"\"\\x41\\X7a\\xfF\"", "Az\xff"},
	{"\"\\q\\x4\\xg1\\x\"", "\\q\\x4\\xg1\\x"},
	{"\"two \" \"parts\"", "two parts"},
	{"\"three\" /* \" */ \" \" // \"\n \"parts\"", "three parts"},
	{"\"/* no comment */ # nor here // nor\"", "/* no comment */ # nor here // nor"},
	{"\"1.\"", "1."},
	{"\"0.1.2.\" \"3.\"", "0.1.2.3."},
	{"\"\xc3\xa4\x80\"", "\xc3\xa4\x80"},
	{"\"two\nlines\"", "two\nlines"},
	{"\"\" \"x\"", "x"},
};

START_TEST(texts_are_written_as_in_the_other_file)
{
	char text[200];
	struct conf_secrets s;

	snprintf(text, sizeof text, "psks: ( { secret = %s; } );", texts[_i].written);
	ck_assert_msg(secrets_read(text, &s), "%s", errors.line[0]);
	ck_assert_msg(secret_equal(&s.psks[0].secret, texts[_i].meant, strlen(texts[_i].meant)),
	              "%s: %.*s", texts[_i].written, (int)s.psks[0].secret.len,
	              s.psks[0].secret.bytes);
	conf_secrets_free(&s);
}
END_TEST

START_TEST(a_secret_has_its_longest)
{
	static char text[SECRET_MAX + 100], key[SECRET_MAX + 1];
	struct conf_secrets s;

	memset(key, 'k', SECRET_MAX - 1);
	snprintf(text, sizeof text, "psks: ( { secret = \"%s\"; } );", key);
	ck_assert_msg(secrets_read(text, &s), "%s", errors.line[0]);
	ck_assert(secret_equal(&s.psks[0].secret, key, SECRET_MAX - 1));
	conf_secrets_free(&s);
	memset(key, 'k', SECRET_MAX);
	snprintf(text, sizeof text, "psks: ( { secret = \"%s\"; } );", key);
	ck_assert(!secrets_read(text, &s));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "must have 1 to 1023"));
}
END_TEST

static const struct {
	const char *text;
	unsigned line;
	const char *part;
} broken[] = {
	{"psks: (\n{ secret = \"SESAME\" ", 2, "syntax error"},
	{"psks: (\n{ secret = \"SESAME", 2, "syntax error"},
	{"psks: (\n{ secret = \"SESAME\n", 3, "syntax error"},
	{"psks: (\n{ secret = SESAME; } );", 2, "syntax error"},
	{"psks: (\n\n{ secret = 5; } );", 3, "no text in double quotes"},
	{"psks: ( { secret = \"SESAME\"; remote = 5; } );", 1,
         "'remote' is missing, or is no text"},
	{"users: ( { name = \"u\"; password = \"SESAME\"; address = 10; } );", 1, "'address'"},
	{"psks: ( { secert = \"SESAME\";\n } );", 1, "unknown key 'secert'"},
	{"# SESAME\n/* SESAME\n*/ psks: ( { } );", 3, "'secret' is missing"},
	{"psks: ( { secret = \"a\nb\nSESAME\"; } );\n= 1;", 4, "syntax error"},
	{"users: ( { name = \"u\"; password = \"SESAME\"; },\n{ name = \"v\"; } );", 2,
         "'password' is missing"},
	{"users: ( { name = \"\"; password = \"SESAME\"; } );", 1, "'name' must have"},
	{"psks: ( { secret = \"a\"; } );\npsks: ( { secret = \"SESAME\"; } );", 2, "duplicate"},
	{"psks: { secret = \"SESAME\"; };", 1, "must be a list"},
	{"psks: [ \"SESAME\" ];", 1, "must be a list"},
	{"psks: ( \"SESAME\" );", 1, "an entry must be"},
	{"SESAME", 1, "syntax error"},
	{"@include \"/etc/passwd\"\n", 1, ""},
};

/* Each in its line, and in no sentence a secret. */
START_TEST(what_is_wrong_is_named_without_the_secret)
{
	char begin[CONF_FILE_PATH + 16];
	struct conf_secrets s;

	ck_assert_msg(!secrets_read(broken[_i].text, &s), "%s", broken[_i].text);
	snprintf(begin, sizeof begin, "%s:%u: ", secrets_file, broken[_i].line);
	ck_assert_msg(strncmp(errors.line[0], begin, strlen(begin)) == 0, "%s", errors.line[0]);
	ck_assert_msg(strstr(errors.line[0], broken[_i].part) != NULL, "%s", errors.line[0]);
	for (size_t i = 0; i < errors.count; i++)
		ck_assert_ptr_null(strstr(errors.line[i], "SESAME"));
}
END_TEST

/* -- what stays behind -- */

/* Of a secret of SECRET_BYTES its last MARK: free() writes over the first. */
enum { SECRET_BYTES = 90, MARK = 16 };

/* Looks for it without having it anywhere: each byte is held as its complement. */
static unsigned copies_in(const uint8_t *from, const uint8_t *to, const uint8_t hidden[MARK])
{
	unsigned found = 0;

	for (const uint8_t *at = from; at + MARK <= to; at++) {
		unsigned i = 0;

		while (i < MARK && (at[i] ^ hidden[i]) == UINT8_MAX)
			i++;
		found += i == MARK;
	}
	return found;
}

/* In all memory of this process that can be written. Allocates nothing: that could write over it.
 */
static unsigned copies_found(const uint8_t hidden[MARK])
{
	static char maps[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t len = 0;
	ssize_t n;
	char rights[8];
	unsigned found = 0;
	uintptr_t from, to;

	ck_assert_int_ge(fd, 0);
	while ((n = read(fd, maps + len, sizeof maps - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	maps[len] = '\0';
	for (char *line = maps, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, rights) == 3 &&
		    strncmp(rights, "rw", 2) == 0 && !strstr(line, "[v"))
			found += copies_in((const uint8_t *)from, (const uint8_t *)to, hidden);
	}
	return found;
}

static const char *const frames[][2] = {
	{"psks: ( { secret = \"", "\"; } );"},
	{"psks: ( { secret = \"", "\" "},
	{"psks: ( { secret = \"", "\"; } }"},
	{"psks: ( { secret = \"", ""},
	{"psks: ( { secret = \"x\"; } ); // ", "\n"},
	{"/* ", "*/ psks: ( { secert = \"x\"; } );"},
	{"psks: ( { remote = 5; secret = \"", "\"; } );"},
	{"ppks: ( { id = \"a\"; secret = \"", "\"; } );"},
};

/* Neither from a good file nor from one with a mistake does a secret stay in memory. */
START_TEST(no_copy_of_a_secret_stays)
{
	uint8_t hidden[SECRET_BYTES], *copy = malloc(SECRET_BYTES);
	const uint8_t *last = hidden + SECRET_BYTES - MARK;
	struct conf_secrets s;
	int fd = memfd_create("secrets", MFD_CLOEXEC);

	/* No two places in it are alike. */
	for (unsigned i = 0; i < SECRET_BYTES; i++) {
		hidden[i] = (uint8_t) ~(i % 2 ? 'A' + i / 2 % 26 : 'a' + (i * 11 + i / 26) % 26);
		copy[i] = (uint8_t)~hidden[i];
	}
	ck_assert_int_gt(write(fd, frames[_i][0], strlen(frames[_i][0])), 0);
	ck_assert_int_eq(write(fd, copy, SECRET_BYTES), SECRET_BYTES);
	ck_assert_int_ge(write(fd, frames[_i][1], strlen(frames[_i][1])), 0);
	lseek(fd, 0, SEEK_SET);
	ck_assert_uint_ge(copies_found(last), 1);
	secret_wipe(copy, SECRET_BYTES);
	ck_assert_uint_eq(copies_found(last), 0);
	memset(&errors, 0, sizeof errors);
	if (conf_secrets_read(fd, "secrets", &s, &errors))
		conf_secrets_free(&s);
	ck_assert_uint_eq(copies_found(last), 0);
	close(fd);
	free(copy);
}
END_TEST

/* -- opening -- */

START_TEST(a_secrets_file_that_others_may_read_is_refused)
{
	char error[300];
	int fd;

	conf_file_write(conf_file, "", 0640);
	ck_assert_int_eq(conf_secrets_open("secrets file", conf_file, error, sizeof error), -1);
	ck_assert_ptr_nonnull(strstr(error, "chmod 600"));
	chmod(conf_file, 0600);
	fd = conf_secrets_open("secrets file", conf_file, error, sizeof error);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(conf_file);
	ck_assert_int_eq(conf_secrets_open("secrets file", conf_file, error, sizeof error), -1);
}
END_TEST

START_TEST(a_secrets_file_must_be_a_file_of_ours)
{
	char error[300];

	ck_assert_int_eq(conf_secrets_open("secrets file", "/dev/null", error, sizeof error), -1);
	ck_assert_ptr_nonnull(strstr(error, "no regular file"));
	if (geteuid() != 0) {
		puts("skip - a_secrets_file_must_be_a_file_of_ours: needs root to give a file "
		     "away");
		return;
	}
	conf_file_write(secrets_file, "", 0600);
	ck_assert_int_eq(chown(secrets_file, 12345, 0), 0);
	ck_assert_int_eq(conf_secrets_open("secrets file", secrets_file, error, sizeof error), -1);
	ck_assert_ptr_nonnull(strstr(error, "12345"));
	unlink(secrets_file);
}
END_TEST

/* A link could name any file that root may read. */
START_TEST(a_link_to_a_secrets_file_is_refused)
{
	char link_path[CONF_FILE_PATH + 8], error[CONF_ERROR_MAX];

	conf_file_write(secrets_file, "", 0600);
	snprintf(link_path, sizeof link_path, "%s.link", secrets_file);
	ck_assert_int_eq(symlink(secrets_file, link_path), 0);
	ck_assert_int_eq(conf_secrets_open("secrets file", link_path, error, sizeof error), -1);
	ck_assert_ptr_nonnull(strstr(error, link_path));
	unlink(link_path);
	unlink(secrets_file);
}
END_TEST

/* -- what the tunnels need -- */

static const char *tunnel_more = "";

static bool check(const char *secrets, mode_t mode)
{
	char text[1024];
	bool ok;

	conf_file_write(secrets_file, secrets, mode);
	snprintf(text, sizeof text,
	         "gateway: { identity = \"a\"; secrets = \"%s\"; };\n"
	         "tunnels: ( { name = \"hq\"; peer = \"h\"; start = \"always\"; user = \"reno\"; "
	         "%s } );\n",
	         secrets_file, tunnel_more);
	ck_assert_msg(conf_file_load(text), "%s", errors.line[0]);
	ok = conf_secrets_check(&conf, &errors);
	conf_free(&conf);
	unlink(secrets_file);
	ck_assert(ok == (errors.count == 0));
	return ok;
}

START_TEST(secrets_that_are_needed)
{
	static const char psk[] = "psks: ( { secret = \"k\"; } );\n";
	char both[200];

	snprintf(both, sizeof both, "%susers: ( { name = \"reno\"; password = \"p\"; } );\n", psk);
	ck_assert(check(both, 0600));
	ck_assert(!check(psk, 0600));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "reno"));
	ck_assert(!check("users: ( { name = \"reno\"; password = \"p\"; } );\n", 0600));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "no preshared key"));
	ck_assert(!check(both, 0644));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "chmod"));
	ck_assert(!check("psks: (", 0600));
	ck_assert_ptr_nonnull(strstr(errors.line[0], "syntax error"));
}
END_TEST

START_TEST(a_ppk_that_a_tunnel_names_must_be_there)
{
	static const char rest[] = "psks: ( { secret = \"k\"; } );\n"
				   "users: ( { name = \"reno\"; password = \"p\"; } );\n";
	char text[400], sentence[200];

	tunnel_more = "ppk = [ \"one\", \"two\" ];";
	snprintf(text, sizeof text, "%sppks: ( { id = \"one\"; secret = \"x\"; } );\n", rest);
	ck_assert(!check(text, 0600));
	snprintf(sentence, sizeof sentence,
	         "the PPK 'two' of the tunnel 'hq' is not in %s ('ppks')", secrets_file);
	ck_assert_msg(strstr(errors.line[0], sentence) != NULL, "%s", errors.line[0]);
	ck_assert_uint_eq(errors.count, 1);
	ck_assert(!check(rest, 0600));
	ck_assert_uint_eq(errors.count, 2);
	snprintf(text, sizeof text,
	         "%sppks: ( { id = \"one\"; secret = \"x\"; }, { id = \"two\"; secret = \"y\"; } "
	         ");\n",
	         rest);
	ck_assert_msg(check(text, 0600), "%s", errors.line[0]);
	tunnel_more = "";
}
END_TEST

START_TEST(secrets_out_of_bounds)
{
	static const struct {
		const char *text, *sentence;
	} bad[] = {
		{"psks = \"x\";", "must be a list"},
		{"psks: ( { secret = \"\"; } );", "must have 1 to"},
		{"users: ( { name = \"u\"; password = \"p\"; address = \"::1\"; } );",
	         "must be an IPv4 address"},
		{"users: ( { name = \"u\"; password = \"p\"; adress = \"10.0.0.1\"; } );",
	         "adress"},
		{"l2tp: ( { tunnel = \"a-name-that-is-too-long\"; secret = \"s\"; } );",
	         "must have 1 to"},
		{"ppks: ( { secret = \"s\"; } );", "'id' is missing"},
		{"ppks: ( { id = \"\"; secret = \"s\"; } );", "'id' must have 1 to"},
		{"ppks: ( { id = \"a\"; } );", "'secret' is missing"},
		{"ppks: ( { id = \"a\"; secret = \"s\"; }, { id = \"a\"; secret = \"t\"; } );",
	         "the PPK 'a' is there twice"},
	};

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(!check(bad[i].text, 0600), "taken: %s", bad[i].text);
		ck_assert_msg(strstr(errors.line[0], bad[i].sentence) != NULL, "%s",
		              errors.line[0]);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_secrets");

	if (!secret_init())
		return EXIT_FAILURE;
	tcase_add_test(tc, secrets_are_read);
	tcase_add_test(tc, each_entry_is_read_as_it_is_written);
	tcase_add_test(tc, an_empty_file_has_no_secrets);
	tcase_add_loop_test(tc, texts_are_written_as_in_the_other_file, 0,
	                    sizeof texts / sizeof texts[0]);
	tcase_add_test(tc, a_secret_has_its_longest);
	tcase_add_loop_test(tc, what_is_wrong_is_named_without_the_secret, 0,
	                    sizeof broken / sizeof broken[0]);
	/* A sanitizer's own memory is too large to look through. */
	if (!SANDBOX_SANITIZED)
		tcase_add_loop_test(tc, no_copy_of_a_secret_stays, 0,
		                    sizeof frames / sizeof frames[0]);
	tcase_add_test(tc, a_secrets_file_that_others_may_read_is_refused);
	tcase_add_test(tc, a_secrets_file_must_be_a_file_of_ours);
	tcase_add_test(tc, a_link_to_a_secrets_file_is_refused);
	tcase_add_test(tc, secrets_that_are_needed);
	tcase_add_test(tc, a_ppk_that_a_tunnel_names_must_be_there);
	tcase_add_test(tc, secrets_out_of_bounds);
	return run_cases("conf_secrets", tc);
}
