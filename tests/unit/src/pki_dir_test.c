/* Tests of the CA's directory: rights, nothing overwritten, nothing half, one at a time. */
#include "tests/unit/src/pki_place.h"

static struct pki_dir d;

static void set_up(void)
{
	place_make();
	umask(0);
	GOOD(pki_dir_make(place, &error));
	GOOD(pki_dir_open(&d, place, true, &error));
}

static void take_down(void)
{
	pki_dir_close(&d);
	place_clean();
}

#define TEXT(t) LS_BYTES((t), strlen(t))

START_TEST(rights_are_what_they_should_whatever_the_umask)
{
	struct stat s;

	ck_assert_int_eq(stat(place, &s), 0);
	ck_assert_uint_eq(s.st_mode & 07777, 0700);
	GOOD(pki_dir_create(&d, "a", 0600, TEXT("one"), &error));
	umask(0777);
	GOOD(pki_dir_create(&d, "b", 0644, TEXT("two"), &error));
	ck_assert_uint_eq(place_mode("a"), 0600);
	ck_assert_uint_eq(place_mode("b"), 0644);
	ck_assert_uint_eq(place_mode("lock") & 0177, 0);
}
END_TEST

START_TEST(what_is_there_is_not_overwritten)
{
	GOOD(pki_dir_create(&d, "a", 0600, TEXT("one"), &error));
	ck_assert(!pki_dir_create(&d, "a", 0600, TEXT("two"), &error));
	ERROR_HAS("/a exists already and is not overwritten: move it away");
	ck_assert_str_eq(place_text("a"), "one");
	ck_assert(!place_has(".half"));
}
END_TEST

/* Not even what a link points to. */
START_TEST(a_link_is_not_followed)
{
	ck_assert_int_eq(symlink("elsewhere", place_file("a")), 0);
	ck_assert(!pki_dir_create(&d, "a", 0600, TEXT("one"), &error));
	ck_assert(!place_has("elsewhere"));
	ck_assert(pki_dir_has(&d, "a"));
	GOOD(pki_dir_replace(&d, "a", 0600, TEXT("one"), &error));
	ck_assert(!place_has("elsewhere"));
	ck_assert_str_eq(place_text("a"), "one");
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file_and_nothing_half)
{
	GOOD(pki_dir_create(&d, "a", 0600, TEXT("one"), &error));
	ck_assert(!WHILE_FULL(5, pki_dir_replace(&d, "a", 0600, TEXT("longer than five"), &error)));
	ERROR_HAS("cannot write");
	ck_assert_str_eq(place_text("a"), "one");
	ck_assert(!WHILE_FULL(5, pki_dir_create(&d, "b", 0600, TEXT("longer than five"), &error)));
	ck_assert(!place_has("b"));
	ck_assert(!place_has(".half"));
	GOOD(pki_dir_replace(&d, "a", 0600, TEXT("longer than five"), &error));
	ck_assert_str_eq(place_text("a"), "longer than five");
}
END_TEST

/* What a crash left half is done away with by whoever comes next. */
START_TEST(what_is_half_goes)
{
	pki_dir_close(&d);
	place_write(".half", "ha");
	GOOD(pki_dir_open(&d, place, true, &error));
	ck_assert(!place_has(".half"));
}
END_TEST

START_TEST(a_directory_that_others_may_write_is_refused)
{
	struct pki_dir other;

	chmod(place, 0770);
	ck_assert(!pki_dir_open(&other, place, false, &error));
	ERROR_HAS("chmod 700");
	ck_assert_int_eq(other.fd, -1);
	chmod(place, 0700);
	ck_assert(!pki_dir_open(&other, place_file("none"), false, &error));
	ERROR_HAS("make a CA by 'l2tpsecctl pki ca'");
	ck_assert(!pki_dir_make(place_file("none/x"), &error));
	ERROR_HAS("the one above it is not there");
}
END_TEST

START_TEST(a_private_file_that_others_may_read_is_refused)
{
	struct ls_bytes b;

	GOOD(pki_dir_create(&d, "a", 0644, TEXT("one"), &error));
	ck_assert(!pki_dir_read(&d, "a", true, &b, &error));
	ERROR_HAS("chmod 600");
	GOOD(pki_dir_read(&d, "a", false, &b, &error));
	ck_assert_uint_eq(b.len, 3);
	conf_read_free(&b);
	ck_assert(!pki_dir_read(&d, "none", false, &b, &error));
	ERROR_HAS("/none: No such file");
	pki_dir_remove(&d, "a");
	ck_assert(!pki_dir_has(&d, "a"));
}
END_TEST

/* Who comes second gets on when the first ends, and not before. */
START_TEST(one_at_a_time)
{
	struct pki_dir mine;
	int says[2], status;
	char c;
	pid_t pid;

	ck_assert_int_eq(pipe(says), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* The lock belongs to the open file: what this process has of it must go. */
		pki_dir_close(&d);
		close(says[0]);
		if (!pki_dir_open(&mine, place, true, &error) || !place_has("first-has-ended"))
			_exit(1);
		_exit(write(says[1], "x", 1) != 1);
	}
	close(says[1]);
	GOOD(pki_dir_create(&d, "first-has-ended", 0600, TEXT("x"), &error));
	pki_dir_close(&d);
	ck_assert_int_eq((int)read(says[0], &c, 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(says[0]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pki_dir");

	tcase_add_checked_fixture(tc, set_up, take_down);
	tcase_add_test(tc, rights_are_what_they_should_whatever_the_umask);
	tcase_add_test(tc, what_is_there_is_not_overwritten);
	tcase_add_test(tc, a_link_is_not_followed);
	tcase_add_test(tc, a_full_disk_leaves_the_old_file_and_nothing_half);
	tcase_add_test(tc, what_is_half_goes);
	tcase_add_test(tc, a_directory_that_others_may_write_is_refused);
	tcase_add_test(tc, a_private_file_that_others_may_read_is_refused);
	tcase_add_test(tc, one_at_a_time);
	return run_cases("pki_dir", tc);
}
