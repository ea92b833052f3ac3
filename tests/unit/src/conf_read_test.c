/* Whole files in guarded memory, and why some are not read. */
#include "src/config/config.h"

#include "lib/secret.h"
#include "tests/unit/run.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file_of(const char *text, size_t len)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

START_TEST(all_of_it_is_read_from_where_it_stands)
{
	int fd = file_of("abcdef", 6);
	struct ls_bytes b;
	const char *why;

	ck_assert(conf_read(fd, 6, &b, &why));
	ck_assert_uint_eq(b.len, 6);
	ck_assert_mem_eq(b.p, "abcdef", 6);
	conf_read_free(&b);
	ck_assert_ptr_null(b.p);
	lseek(fd, 4, SEEK_SET);
	ck_assert(conf_read(fd, 6, &b, &why));
	ck_assert_uint_eq(b.len, 2);
	conf_read_free(&b);
	close(fd);
}
END_TEST

START_TEST(what_is_no_such_file_is_said)
{
	int fd = file_of("abcdef", 6), pair[2];
	struct ls_bytes b;
	const char *why;

	ck_assert(!conf_read(fd, 5, &b, &why));
	ck_assert_str_eq(why, "is too large");
	lseek(fd, 6, SEEK_SET);
	ck_assert(!conf_read(fd, 6, &b, &why));
	ck_assert_str_eq(why, "is empty");
	close(fd);
	ck_assert_int_eq(pipe(pair), 0);
	ck_assert(!conf_read(pair[0], 6, &b, &why));
	ck_assert_str_eq(why, "cannot be read");
	close(pair[0]);
	close(pair[1]);
	ck_assert(!conf_read(-1, 6, &b, &why));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("conf read");

	secret_init();
	tcase_add_test(tc, all_of_it_is_read_from_where_it_stands);
	tcase_add_test(tc, what_is_no_such_file_is_said);
	return run_cases("conf read", tc);
}
