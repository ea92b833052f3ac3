/* Tests of what stands between quotes in the secrets file: none of it reaches libconfig, and all of
 * it is found again. */
#include "src/config/conf_secrets_text.h"

#include "lib/secret.h"
#include "tests/unit/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct secrets_text text;

static bool read_bytes(const void *bytes, size_t len, const char **why)
{
	int fd = memfd_create("secrets", MFD_CLOEXEC);
	bool ok;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	ok = secrets_text_read(&text, fd, why);
	close(fd);
	return ok;
}

static void read_text(const char *from)
{
	const char *why = "";

	ck_assert_msg(read_bytes(from, strlen(from), &why), "%s", why);
}

static const struct {
	const char *file, *plain;
} pairs[] = {
	{"", ""},
	{"a = \"SECRET\";", "a = \"0.\";"},
	{"\"SECRET\" \"SECRET\"", "\"0.\" \"1.\""},
	{"\"SEC\\\"RET\" x", "\"0.\" x"},
	{"\"SECRET\\\\\" x", "\"0.\" x"},
	{"\"SECRET", "\"0."},
	{"\"SECRET\\", "\"0."},
	{"\"SECRET\\\"", "\"0."},
	{"\"SEC\nRET\n\" x", "\"0.\"\n\n x"},
	{"a // SECRET\nb", "a  \nb"},
	{"a # SECRET \"SECRET\nb", "a  \nb"},
	{"a /* SECRET\n \"SECRET */ b", "a  \n b"},
	{"a /* SECRET\n", "a  \n"},
	{"/*/ SECRET */b", " b"},
	{"\"/* SECRET\" b", "\"0.\" b"},
	{"# SECRET", " "},
	{"/", "/"},
	{"/ \"SECRET\"", "/ \"0.\""},
	{"@include \"SECRET\"", "?include \"0.\""},
};

START_TEST(no_secret_is_in_the_plain_text)
{
	read_text(pairs[_i].file);
	ck_assert_str_eq(text.plain, pairs[_i].plain);
	ck_assert_ptr_null(strstr(text.plain, "SECRET"));
	secrets_text_free(&text);
	ck_assert(!text.bytes && !text.plain && !text.literal);
	secrets_text_free(&text);
}
END_TEST

START_TEST(a_zero_byte_does_not_end_the_file)
{
	static const char bytes[] = "a\0b \"S\0T\" c";
	const char *why;
	char out[16];

	ck_assert(read_bytes(bytes, sizeof bytes - 1, &why));
	ck_assert_str_eq(text.plain, "a?b \"0.\" c");
	ck_assert_uint_eq(secrets_text_get(&text, "0.", out, sizeof out), SIZE_MAX);
	secrets_text_free(&text);
}
END_TEST

START_TEST(each_is_found_by_its_number)
{
	char out[64];

	read_text("\"zero\" \"\" \"t\\\"w\\x6f\" \"three\"");
	ck_assert_uint_eq(secrets_text_get(&text, "0.", out, sizeof out), 4);
	ck_assert_str_eq(out, "zero");
	ck_assert_uint_eq(secrets_text_get(&text, "1.", out, sizeof out), 0);
	ck_assert_str_eq(out, "");
	ck_assert_uint_eq(secrets_text_get(&text, "2.", out, sizeof out), 4);
	ck_assert_str_eq(out, "t\"wo");
	ck_assert_uint_eq(secrets_text_get(&text, "3.0.", out, sizeof out), 9);
	ck_assert_str_eq(out, "threezero");
	secrets_text_free(&text);
}
END_TEST

START_TEST(numbers_that_are_none_give_nothing)
{
	static const char *const bad[] = {
		"4.", "0", "0;", ".", "x", "0.4.", "99999999999999999999."};
	char out[64];

	read_text("\"zero\" \"\" \"two\" \"three\"");
	ck_assert_uint_eq(secrets_text_get(&text, bad[_i], out, sizeof out), SIZE_MAX);
	secrets_text_free(&text);
}
END_TEST

START_TEST(room_is_kept)
{
	char out[8];

	read_text("\"1234567\" \"12345678\"");
	memset(out, 'x', sizeof out);
	ck_assert_uint_eq(secrets_text_get(&text, "0.", out, sizeof out), 7);
	ck_assert_str_eq(out, "1234567");
	ck_assert_uint_eq(secrets_text_get(&text, "1.", out, sizeof out), SIZE_MAX);
	ck_assert_uint_eq(secrets_text_get(&text, "0.0.", out, sizeof out), SIZE_MAX);
	secrets_text_free(&text);
}
END_TEST

START_TEST(many_are_counted)
{
	enum { MANY = 5000 };
	static char file[MANY * 8];
	char number[16], out[16], wanted[16];
	size_t n = 0;

	for (unsigned i = 0; i < MANY; i++)
		n += (size_t)snprintf(file + n, sizeof file - n, "\"s%u\" ", i);
	read_text(file);
	ck_assert_uint_eq(text.count, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(number, sizeof number, "%u.", i);
		snprintf(wanted, sizeof wanted, "s%u", i);
		secrets_text_get(&text, number, out, sizeof out);
		ck_assert_str_eq(out, wanted);
	}
	secrets_text_free(&text);
}
END_TEST

START_TEST(reading_begins_where_the_file_stands)
{
	const char *why;
	int fd = memfd_create("secrets", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, "abcdef", 6), 6);
	lseek(fd, 4, SEEK_SET);
	ck_assert(secrets_text_read(&text, fd, &why));
	ck_assert_str_eq(text.plain, "ef");
	secrets_text_free(&text);
	ck_assert(secrets_text_read(&text, fd, &why));
	ck_assert_str_eq(text.plain, "");
	secrets_text_free(&text);
	close(fd);
}
END_TEST

START_TEST(what_cannot_be_read_is_said)
{
	const char *why = NULL;
	int fd = memfd_create("secrets", MFD_CLOEXEC), pipes[2];

	ck_assert_int_eq(ftruncate(fd, (off_t)SECRETS_FILE_MAX + 1), 0);
	ck_assert(!secrets_text_read(&text, fd, &why));
	ck_assert_str_eq(why, "is too large");
	close(fd);
	ck_assert(!secrets_text_read(&text, -1, &why));
	ck_assert_str_eq(why, "cannot be read");
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert(!secrets_text_read(&text, pipes[0], &why));
	ck_assert_str_eq(why, "cannot be read");
	close(pipes[0]);
	close(pipes[1]);
	ck_assert(!text.bytes && !text.plain);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf_secrets_text");

	if (!secret_init())
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, no_secret_is_in_the_plain_text, 0, sizeof pairs / sizeof pairs[0]);
	tcase_add_test(tc, a_zero_byte_does_not_end_the_file);
	tcase_add_test(tc, each_is_found_by_its_number);
	tcase_add_loop_test(tc, numbers_that_are_none_give_nothing, 0, 7);
	tcase_add_test(tc, room_is_kept);
	tcase_add_test(tc, many_are_counted);
	tcase_add_test(tc, reading_begins_where_the_file_stands);
	tcase_add_test(tc, what_cannot_be_read_is_said);
	return run_cases("conf_secrets_text", tc);
}
