/* Tests of the folder with Wireshark's tables: what stands in it, for whom, and what is not done.
 */
#include "src/ctl/ctl_tables.h"
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[32], dir[48];
static struct ctl_tables t;

static void set_up(void)
{
	snprintf(top, sizeof top, "/tmp/ctl_tables.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(dir, sizeof dir, "%s/x.keys", top);
}

static void tear_down(void)
{
	ctl_tables_remove(&t);
	rmdir(top);
}

static const char *content(const char *file)
{
	static char text[256];
	char path[96];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	f = fopen(path, "r");
	if (!f)
		return "(none)";
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static unsigned mode(const char *file)
{
	char path[96];
	struct stat s;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	ck_assert_int_eq(stat(path, &s), 0);
	return s.st_mode & 07777;
}

START_TEST(lines_go_to_the_table_of_their_kind)
{
	ck_assert(ctl_tables_make(&t, dir));
	ck_assert_str_eq(content("preferences"), "esp.enable_encryption_decode: TRUE\n");
	ck_assert(ctl_tables_add(&t, "esp", "\"IPv4\",1"));
	ck_assert(ctl_tables_add(&t, "ike", "0001,2"));
	ck_assert(ctl_tables_add(&t, "esp", "\"IPv4\""));
	ck_assert_str_eq(content("esp_sa"), "\"IPv4\",1\n\"IPv4\"\n");
	ck_assert_str_eq(content("ikev2_decryption_table"), "0001,2\n");
	ck_assert_uint_eq(mode(""), 0700);
	ck_assert_uint_eq(mode("esp_sa"), 0600);
	ck_assert_uint_eq(mode("ikev2_decryption_table"), 0600);
	ck_assert_uint_eq(t.count, 3);
}
END_TEST

START_TEST(a_line_stands_there_once)
{
	ck_assert(ctl_tables_make(&t, dir));
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(ctl_tables_add(&t, "esp", "a"));
		ck_assert(ctl_tables_add(&t, "ike", "a"));
		ck_assert(ctl_tables_add(&t, "esp", "b"));
	}
	ck_assert_str_eq(content("esp_sa"), "a\nb\n");
	ck_assert_str_eq(content("ikev2_decryption_table"), "a\n");
	ck_assert_uint_eq(t.count, 3);
}
END_TEST

START_TEST(a_folder_that_is_there_is_left_alone)
{
	char wanted[96];

	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert(!ctl_tables_make(&t, dir));
	snprintf(wanted, sizeof wanted, "%s: File exists", dir);
	ck_assert_str_eq(t.error, wanted);
	ck_assert_str_eq(content("preferences"), "(none)");
}
END_TEST

START_TEST(what_cannot_be_written_is_said)
{
	char path[96];

	ck_assert(ctl_tables_make(&t, dir));
	snprintf(path, sizeof path, "%s/esp_sa", dir);
	ck_assert_int_eq(symlink("/dev/full", path), 0);
	ck_assert(!ctl_tables_add(&t, "esp", "a"));
	ck_assert_ptr_nonnull(strstr(t.error, "/esp_sa: "));
	ck_assert(!ctl_tables_add(&t, "ah", "a"));
	ck_assert_ptr_nonnull(strstr(t.error, "/ah: Invalid argument"));
}
END_TEST

START_TEST(what_is_removed_leaves_nothing)
{
	ck_assert(ctl_tables_make(&t, dir));
	ck_assert(ctl_tables_add(&t, "esp", "a"));
	ck_assert(ctl_tables_add(&t, "ike", "a"));
	ctl_tables_remove(&t);
	ck_assert_int_eq(access(dir, F_OK), -1);
}
END_TEST

START_TEST(a_path_that_is_too_long)
{
	static char path[CTL_TABLES_PATH_MAX + 1];

	memset(path, 'x', sizeof path - 1);
	ck_assert(!ctl_tables_make(&t, path));
	ck_assert_ptr_nonnull(strstr(t.error, "File name too long"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ctl_tables");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, lines_go_to_the_table_of_their_kind);
	tcase_add_test(tc, a_line_stands_there_once);
	tcase_add_test(tc, a_folder_that_is_there_is_left_alone);
	tcase_add_test(tc, what_cannot_be_written_is_said);
	tcase_add_test(tc, what_is_removed_leaves_nothing);
	tcase_add_test(tc, a_path_that_is_too_long);
	return run_cases("ctl_tables", tc);
}
