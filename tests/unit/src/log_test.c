/* Tests of the log: the stable form of a line, and repeats that are counted instead of written. */
#include "src/base/log.h"
#include "tests/unit/run.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char written[65536];
static int saved, file;

static void capture(void)
{
	char name[] = "/tmp/log_test.XXXXXX";

	unsetenv("JOURNAL_STREAM");
	log_open(false, LOG_LEVEL_INFO);
	file = mkstemp(name);
	ck_assert_int_ge(file, 0);
	unlink(name);
	saved = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
}

static void captured(void)
{
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(file, written, sizeof written - 1, 0);
	written[n > 0 ? n : 0] = '\0';
	close(file);
}

static unsigned lines(void)
{
	unsigned n = 0;

	for (const char *c = written; *c; c++)
		n += *c == '\n';
	return n;
}

static struct ls_event event(unsigned cause, uint32_t tunnel, const char *text)
{
	struct ls_event e = {
		.cause = cause, .tunnel = tunnel, .peer = ls_addr_v4(0xc0000201, 4500)};

	snprintf(e.text, sizeof e.text, "%s", text);
	return e;
}

START_TEST(a_line_has_id_subject_and_reason)
{
	struct ls_event e = event(CAUSE_PEER_SILENT, 1, "no answer to 8 tries");

	capture();
	log_event(&e, "hq", LS_S(1));
	captured();
	ck_assert_str_eq(written, "warn L2S-10 PEER_SILENT tunnel=hq peer=192.0.2.1:4500: the peer "
	                          "does not answer any more: no answer to 8 tries\n");
}
END_TEST

START_TEST(what_a_peer_says_cannot_break_the_line)
{
	struct ls_event e = event(CAUSE_PEER_ASKED, 2, "a\nerror forged\x1b[2J");

	capture();
	log_event(&e, "hq", LS_S(100));
	captured();
	ck_assert_uint_eq(lines(), 1);
	ck_assert_ptr_null(strchr(written, '\x1b'));
}
END_TEST

START_TEST(repeats_are_counted)
{
	struct ls_event e = event(CAUSE_PEER_SILENT, 3, "x"),
			other = event(CAUSE_PEER_SILENT, 4, "y");

	capture();
	for (int i = 0; i < 1000; i++)
		log_event(&e, "three", LS_S(200));
	log_event(&other, "four", LS_S(200));
	log_tick(LS_S(200 + LOG_WINDOW_S + 1));
	captured();
	ck_assert_uint_eq(lines(), LOG_BURST + 1 + 1);
	ck_assert_ptr_nonnull(strstr(
		written, "tunnel=three: the peer does not answer any more: repeated 998 times"));
	ck_assert_ptr_nonnull(strstr(written, "tunnel=four"));
}
END_TEST

START_TEST(what_is_only_counted_is_not_logged)
{
	struct ls_event e = event(CAUSE_MALFORMED, 5, "");

	capture();
	log_event(&e, "hq", LS_S(300));
	captured();
	ck_assert_str_eq(written, "");
}
END_TEST

START_TEST(under_the_journal_lines_carry_their_priority)
{
	struct ls_event e = event(CAUSE_INTERNAL, 6, "");

	capture();
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_open(false, LOG_LEVEL_INFO);
	log_event(&e, NULL, LS_S(400));
	captured();
	ck_assert_int_eq(strncmp(written, "<3>error L2S-1 INTERNAL peer=", 29), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("log");

	tcase_add_test(t, a_line_has_id_subject_and_reason);
	tcase_add_test(t, what_a_peer_says_cannot_break_the_line);
	tcase_add_test(t, repeats_are_counted);
	tcase_add_test(t, what_is_only_counted_is_not_logged);
	tcase_add_test(t, under_the_journal_lines_carry_their_priority);
	return run_cases("src/log", t);
}
