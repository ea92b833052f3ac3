/* Tests of what other processes write to stderr: line by line into the log, at the level they gave
 * it. */
#include "src/parent/child_log.h"

#include "src/base/log.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct child_log l;
static char text[8192];

/* What the log has of these bytes. */
static const char *logged(const char *bytes, size_t len)
{
	struct event_base *base = event_base_new();
	int saved = dup(STDERR_FILENO);
	FILE *file = tmpfile();
	size_t n;

	ck_assert_ptr_nonnull(file);
	dup2(fileno(file), STDERR_FILENO);
	log_open(false, LOG_LEVEL_INFO);
	ck_assert(child_log_open(&l, base));
	ck_assert_int_eq(write(l.write_fd, bytes, len), (ssize_t)len);
	event_base_loop(base, EVLOOP_ONCE);
	child_log_close(&l);
	event_base_free(base);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static const char *logged_text(const char *bytes)
{
	return logged(bytes, strlen(bytes));
}

START_TEST(levels_are_kept)
{
	ck_assert_str_eq(logged_text("warn one\n<3>error two\ndebug three\nfrom a library\n"),
	                 "warn one\nerror two\nerror from a library\n");
}
END_TEST

START_TEST(the_last_line_needs_no_end)
{
	ck_assert_str_eq(logged_text("info one\ninfo last words"), "info one\ninfo last words\n");
	ck_assert_str_eq(logged_text("\n\n"), "");
}
END_TEST

START_TEST(long_lines_and_zero_bytes_do_no_harm)
{
	static char bytes[3 * CHILD_LOG_LINE_MAX];

	memset(bytes, 'x', sizeof bytes - 1);
	bytes[100] = '\0';
	bytes[sizeof bytes - 1] = '\n';
	logged(bytes, sizeof bytes);
	ck_assert_ptr_nonnull(strstr(text, "x?x"));
	ck_assert_uint_ge(strlen(text), sizeof bytes - 1);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("child log");

	tcase_add_test(t, levels_are_kept);
	tcase_add_test(t, the_last_line_needs_no_end);
	tcase_add_test(t, long_lines_and_zero_bytes_do_no_harm);
	return run_cases("child log", t);
}
